//! Interix files: how Services for Unix, and ntfs-3g after it, keep symbolic links and devices on NTFS.
//!
//! Such a file has the system attribute, and its contents begin with eight bytes that say what it stands for. To Windows
//! it is a file, and so it is to every verb that changes something: what is removed, copied or taken back are its
//! contents. Layout and bounds: ntfs-3g's `INTX_FILE`.

use std::io::Read;

use crate::entry::{Attributes, Base, Entry};
use crate::path::EntryPath;
use crate::reparse::interix_target;
use crate::volume::{Cause, Volume, VolumeError};

const MAGIC: usize = 8;
const CHARACTER_DEVICE: &[u8; MAGIC] = b"IntxCHR\0";
const BLOCK_DEVICE: &[u8; MAGIC] = b"IntxBLK\0";
/// A device's major and minor number, 64 bits each.
const DEVICE: usize = MAGIC + 16;
/// PATH_MAX units behind the magic, as ntfs-3g has it.
const LONGEST: usize = MAGIC + 2 * 4096;

/// What an Interix file stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Interix {
    /// A symbolic link with this POSIX text, as WTF-8.
    Symlink(Vec<u8>),
    /// A character device.
    CharacterDevice {
        /// The driver's number.
        major: u64,
        /// The device's number.
        minor: u64,
    },
    /// A block device.
    BlockDevice {
        /// The driver's number.
        major: u64,
        /// The device's number.
        minor: u64,
    },
}

impl Interix {
    /// What the file at a path stands for; `None` where it is an ordinary one. Only a file that can be one is read.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn of(
        volume: &dyn Volume,
        at: &EntryPath,
        entry: &Entry,
    ) -> Result<Option<Self>, VolumeError> {
        let fits = (MAGIC as u64 + 1..=LONGEST as u64).contains(&entry.size);
        let can_be = entry.base == Base::File
            && entry.tag.is_none()
            && entry.attributes.contains(Attributes::SYSTEM);
        if !can_be || !fits {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        // It may have grown since it was looked at.
        let mut reader = volume.read(at)?.take(LONGEST as u64 + 1);
        reader
            .read_to_end(&mut bytes)
            .map_err(|e| VolumeError::new("read", at, Cause::Io(e)))?;
        Ok(Self::parse(&bytes))
    }

    /// What contents say; `None` where they are none of an Interix file.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        if let Some(target) = interix_target(bytes) {
            return Some(Self::Symlink(target.as_bytes().to_vec()));
        }
        match bytes.first_chunk::<MAGIC>()? {
            CHARACTER_DEVICE => {
                let (major, minor) = device(bytes)?;
                Some(Self::CharacterDevice { major, minor })
            }
            BLOCK_DEVICE => {
                let (major, minor) = device(bytes)?;
                Some(Self::BlockDevice { major, minor })
            }
            _ => None,
        }
    }
}

fn device(bytes: &[u8]) -> Option<(u64, u64)> {
    let numbers: &[u8; DEVICE] = bytes.try_into().ok()?;
    let (_, rest) = numbers.split_first_chunk::<MAGIC>()?;
    let (major, minor) = rest.split_first_chunk::<8>()?;
    let minor = minor.first_chunk::<8>()?;
    Some((u64::from_le_bytes(*major), u64::from_le_bytes(*minor)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reparse::interix_contents;

    #[test]
    fn symlinks_say_their_text() {
        for text in ["../a/b", "/x//y/./", "f\u{fc}r/\u{1F600}"] {
            let contents = interix_contents(text.as_bytes()).unwrap();
            let said = Interix::Symlink(text.as_bytes().to_vec());
            assert_eq!(Interix::parse(&contents), Some(said));
        }
    }

    #[test]
    fn devices() {
        let device = |magic: &[u8; 8]| {
            [
                &magic[..],
                &[4, 0, 0, 0, 0, 0, 0, 0, 64, 1, 0, 0, 0, 0, 0, 0],
            ]
            .concat()
        };
        let (major, minor) = (4, 320);
        let parsed = Interix::parse(&device(CHARACTER_DEVICE));
        assert_eq!(parsed, Some(Interix::CharacterDevice { major, minor }));
        let parsed = Interix::parse(&device(BLOCK_DEVICE));
        assert_eq!(parsed, Some(Interix::BlockDevice { major, minor }));
        assert_eq!(Interix::parse(&device(BLOCK_DEVICE)[..23]), None);
        assert_eq!(Interix::parse(b"IntxFOO\0........"), None);
        assert_eq!(Interix::parse(b"Intx"), None);
    }
}
