//! What a directory holds: entries, and which of them are links of what kind.

use std::fmt;

use crate::path::Name;
use crate::reparse::{ReparsePoint, ReparseTag};

/// Which file it is, whatever its names: the volume's serial number and the file's number on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId {
    /// NTFS volume serial number, or `st_dev`.
    pub volume: u64,
    /// NTFS file reference (sequence in bits 48 to 63), ReFS 128-bit id, or inode number.
    pub file: u128,
}

impl fmt::Display for FileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{:016x}", self.file)
    }
}

/// What an entry is beneath any reparse data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Base {
    /// A file.
    File,
    /// A directory.
    Dir,
    /// A symbolic link of a POSIX file system, which is neither file nor directory.
    PosixSymlink,
    /// A device, socket or pipe of a POSIX file system.
    Special,
}

/// The kinds of links.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LinkKind {
    /// One of several names of a file.
    HardLink,
    /// A Windows symbolic link; `dir` says of which of its two types.
    Symlink {
        /// Made for a directory (`mklink /D`).
        dir: bool,
    },
    /// A directory that stands for a directory on a local volume.
    Junction,
    /// A directory that stands for the root of a volume.
    VolumeMountPoint,
    /// A symbolic link of the Windows Subsystem for Linux.
    WslSymlink,
    /// A symbolic link of a POSIX file system.
    PosixSymlink,
    /// Another reparse point.
    Other(ReparseTag),
}

/// What a link says.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum LinkText {
    /// A reparse point's bytes.
    Reparse(ReparsePoint),
    /// A POSIX symbolic link's text.
    Posix(Vec<u8>),
}

/// File attribute flags (MS-FSCC 2.6); on POSIX volumes made up from what there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Attributes(pub u32);

bitflags::bitflags! {
    impl Attributes: u32 {
        /// Not to be written.
        const READONLY = 0x1;
        /// Not shown by default.
        const HIDDEN = 0x2;
        /// Part of the operating system.
        const SYSTEM = 0x4;
        /// A directory.
        const DIRECTORY = 0x10;
        /// To be archived.
        const ARCHIVE = 0x20;
        /// Nothing special.
        const NORMAL = 0x80;
        /// Has holes.
        const SPARSE_FILE = 0x200;
        /// Has reparse data.
        const REPARSE_POINT = 0x400;
        /// Compressed by NTFS.
        const COMPRESSED = 0x800;
        /// Its contents lie elsewhere.
        const OFFLINE = 0x1000;
        /// Left out by the indexer.
        const NOT_CONTENT_INDEXED = 0x2000;
        /// Encrypted by NTFS.
        const ENCRYPTED = 0x4000;
        const _ = !0;
    }
}

/// A time as Windows keeps it: 100-nanosecond steps since 1601-01-01 UTC. 0 is "not known".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct FileTime(pub u64);

impl FileTime {
    /// Steps between 1601-01-01 and 1970-01-01.
    const UNIX_EPOCH: i128 = 116_444_736_000_000_000;

    /// From a Unix time; what lies outside the range is clamped.
    pub fn from_unix(seconds: i64, nanoseconds: u32) -> Self {
        let steps = i128::from(seconds) * 10_000_000 + i128::from(nanoseconds / 100);
        Self((steps + Self::UNIX_EPOCH).clamp(0, i128::from(u64::MAX)) as u64)
    }

    /// As a Unix time: seconds, and the nanoseconds beyond them.
    pub fn to_unix(self) -> (i64, u32) {
        let steps = i128::from(self.0) - Self::UNIX_EPOCH;
        (
            steps.div_euclid(10_000_000) as i64,
            (steps.rem_euclid(10_000_000) * 100) as u32,
        )
    }

    /// This moment.
    pub fn now() -> Self {
        let since = std::time::SystemTime::now()
            .duration_since(std::time::SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        Self::from_unix(since.as_secs() as i64, since.subsec_nanos())
    }
}

/// The four times of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Times {
    /// Made.
    pub created: FileTime,
    /// Contents last written.
    pub modified: FileTime,
    /// Record last changed.
    pub changed: FileTime,
    /// Last read.
    pub accessed: FileTime,
}

/// One entry of a directory, as a listing gives it: links themselves, never what they lead to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name here; `None` for a volume's root.
    pub name: Option<Name>,
    /// Its 8.3 name, where it has one beside `name`.
    pub short_name: Option<Name>,
    /// Which file it is.
    pub id: FileId,
    /// File or directory beneath any reparse data.
    pub base: Base,
    /// The reparse tag, where it has reparse data.
    pub tag: Option<ReparseTag>,
    /// How many names the file has, 8.3 names not counted; `None` where a listing does not tell.
    pub links: Option<u32>,
    /// Bytes of contents; 0 for directories and links.
    pub size: u64,
    /// Attribute flags.
    pub attributes: Attributes,
    /// Its times.
    pub times: Times,
}

impl Entry {
    /// A directory that is no link.
    pub fn is_real_dir(&self) -> bool {
        self.base == Base::Dir && !self.is_link()
    }

    /// Whether it stands for another entry: a POSIX symlink, or a tag with the name-surrogate bit.
    pub fn is_link(&self) -> bool {
        self.base == Base::PosixSymlink || self.tag.is_some_and(ReparseTag::is_name_surrogate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_go_both_ways() {
        for unix in [(0, 0), (1_339_065_120, 123_456_700), (-1, 999_999_900)] {
            assert_eq!(FileTime::from_unix(unix.0, unix.1).to_unix(), unix);
        }
        assert_eq!(FileTime::from_unix(0, 0).0, 116_444_736_000_000_000);
        assert_eq!(FileTime::from_unix(i64::MIN, 0).0, 0);
    }
}
