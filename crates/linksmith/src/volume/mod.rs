//! Volumes: one trait, and the back ends that stand behind it.

mod drives;
mod error;
pub mod fold;
#[cfg(feature = "image")]
pub mod image;
mod locate;
pub mod memory;
mod new_name;
#[cfg(unix)]
pub mod posix;
pub mod preview;
mod sources;
mod sweep;
pub mod win32;

use std::cmp::Ordering;
use std::io::Read;
use std::ops::ControlFlow;

pub(crate) use drives::root_text;
pub use drives::{DriveSource, Drives, Place};
pub use error::{ApplyError, Cause, VolumeError};
pub use preview::Preview;
pub(crate) use sources::same_contents;
pub use sources::{NoSources, Sources, Take};
pub use sweep::{Found, Road, Swept, Visit, Wanted, Way};

pub use locate::LocateError;

use crate::entry::{Entry, FileId, LinkText};
use crate::foreign::Form;
use crate::path::{EntryPath, Name};
use crate::plan::Step;

/// Which of the attached drives: an index into the drive table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DriveId(pub u16);

/// What hangs on an entry beside its contents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Beside {
    /// An alternate data stream, by its name.
    Stream(String),
    /// Extended attributes, `$EA`.
    ExtendedAttributes,
}

impl std::fmt::Display for Beside {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Stream(name) => write!(f, "the stream '{name}'"),
            Self::ExtendedAttributes => f.write_str("extended attributes"),
        }
    }
}

bitflags::bitflags! {
    /// What a volume can do; found by trying or by reading the volume, never assumed from the system.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub struct Caps: u32 {
        /// Windows symbolic links can be made.
        const SYMLINK = 1;
        /// Junctions and volume mount points can be made.
        const JUNCTION = 1 << 1;
        /// A file can have several names.
        const HARD_LINK = 1 << 2;
        /// POSIX symbolic links can be made.
        const POSIX_SYMLINK = 1 << 3;
        /// Reparse data of any tag can be set and cleared.
        const REPARSE = 1 << 4;
        /// [`Volume::apply`] does all steps or none, whatever fails.
        const TRANSACTION = 1 << 5;
        /// [`Volume::names`] finds every name of a file without a walk.
        const NAMES = 1 << 6;
        /// Nothing can be changed.
        const READ_ONLY = 1 << 7;
        /// [`Step::SetMeta`] sets attribute flags.
        const ATTRIBUTES = 1 << 8;
    }
}

/// How paths on a volume are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PathStyle {
    /// `C:\a\b`, names in UTF-16.
    Windows,
    /// `/a/b`, names in bytes.
    Posix,
}

/// When two names are one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CaseRule {
    /// Names that differ only in case are one; case is kept.
    Insensitive,
    /// Names are compared unit for unit.
    Sensitive,
}

/// What a volume is; fixed while it is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VolumeInfo {
    /// `NTFS`, `ext4`, `memory`, …
    pub file_system: String,
    /// The label, where it has one.
    pub label: Option<String>,
    /// NTFS serial number (64 bits; `dir` shows the low 32), or the device number.
    pub serial: u64,
    /// What it can do.
    pub caps: Caps,
    /// How its paths are written.
    pub style: PathStyle,
    /// When two names are one.
    pub case: CaseRule,
    /// The most names a file may have.
    pub max_links: u32,
}

/// Bytes on a volume.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Space {
    /// In all.
    pub total: u64,
    /// Free.
    pub free: u64,
}

/// A volume: entries in directories, links among them.
///
/// No method follows a link, neither at a path's end nor on its way: a path that leads through a link
/// is [`Cause::ThroughLink`]. Shared by threads; every call sees a whole state.
pub trait Volume: Send + Sync {
    /// What it is and can do.
    fn info(&self) -> &VolumeInfo;

    /// The entry at a path; links themselves.
    fn entry(&self, at: &EntryPath) -> Result<Entry, VolumeError>;

    /// Every entry of a directory in the volume's own order, until `visit` breaks.
    ///
    /// Without `.` and `..`, without 8.3 names as entries of their own. A directory that carries
    /// link data is [`Cause::NotADirectory`].
    fn read_dir(
        &self,
        at: &EntryPath,
        visit: &mut dyn FnMut(Entry) -> ControlFlow<()>,
    ) -> Result<(), VolumeError>;

    /// What the link at a path says; `None` where the entry is no reparse point and no symlink.
    ///
    /// Reparse data that cannot be read as such are [`Cause::Reparse`].
    fn link_text(&self, at: &EntryPath) -> Result<Option<LinkText>, VolumeError>;

    /// Reparse data that another program keeps beside an entry, on file systems that have none of their own.
    fn kept_reparse_data(&self, at: &EntryPath) -> Result<Option<(Form, Vec<u8>)>, VolumeError> {
        let _ = at;
        Ok(None)
    }

    /// The contents of a file, from its first byte. Never of what a link leads to.
    fn read(&self, at: &EntryPath) -> Result<Box<dyn Read + '_>, VolumeError>;

    /// Does the steps in order: all of them with [`Caps::TRANSACTION`], else one by one, taking back
    /// what was done when one fails. What was made is read back before this returns.
    ///
    /// `sources` is where [`Step::CopyFile`] finds the files of other volumes.
    fn apply_with(&self, steps: &[&Step], sources: &dyn Sources) -> Result<(), ApplyError>;

    /// [`apply_with`](Volume::apply_with) for steps that need no other volume.
    fn apply(&self, steps: &[Step]) -> Result<(), ApplyError> {
        self.apply_with(&steps.iter().collect::<Vec<_>>(), &NoSources)
    }

    /// What stands for the owner, the rights and what hangs on an entry beside its contents (alternate
    /// streams, extended attributes): where two entries of one volume have the same bytes, all of that is
    /// the same. Empty where the volume does not tell.
    fn security(&self, at: &EntryPath) -> Result<Vec<u8>, VolumeError> {
        let _ = at;
        Ok(Vec::new())
    }

    /// What hangs on an entry beside its contents: no copy of it has that, nor is it brought back once the entry is removed.
    /// Empty where the volume does not tell.
    fn beside_contents(&self, at: &EntryPath) -> Result<Vec<Beside>, VolumeError> {
        let _ = at;
        Ok(Vec::new())
    }

    /// Bytes in all and free.
    fn space(&self) -> Result<Space, VolumeError>;

    /// What can be done in the directory at a path; differs from [`VolumeInfo::caps`] where one volume
    /// spans several file systems, as `/` does.
    fn caps_at(&self, at: &EntryPath) -> Caps {
        let _ = at;
        self.info().caps
    }

    /// The root of the file system that an entry's directory is on, where one volume spans several: what
    /// a link's `\` means there.
    fn root_of(&self, at: &EntryPath) -> EntryPath {
        let _ = at;
        EntryPath::root()
    }

    /// Bytes in all and free where a directory is; differs from [`space`](Volume::space) as
    /// [`caps_at`](Volume::caps_at) does.
    fn space_at(&self, at: &EntryPath) -> Result<Space, VolumeError> {
        let _ = at;
        self.space()
    }

    /// Every name of the file at a path, 8.3 names left out; with [`Caps::NAMES`] only.
    fn names(&self, at: &EntryPath) -> Result<Vec<EntryPath>, VolumeError> {
        Err(VolumeError::new(
            "list the names of",
            at,
            Cause::Unsupported("finding a file's other names"),
        ))
    }

    /// The first in order of the names of the file `id` that are not the one at `at`; with [`Caps::NAMES`]
    /// only. `at` has its last name as the volume has it.
    ///
    /// Only the one that is found is looked up, and those before it that are not there: a file may have a
    /// thousand.
    fn other_name(&self, at: &EntryPath, id: FileId) -> Result<Option<EntryPath>, VolumeError> {
        let mut names = self.names(at)?;
        names.sort_unstable();
        let dir = |at: &EntryPath| Some(self.entry(at).ok()?.id);
        let mut others = names
            .into_iter()
            .filter(|path| !is_same_place(path, at, dir));
        Ok(others.find(|path| leads_to(self, path, id)))
    }

    /// Everything wanted below a directory, by the volume's own fast road; `None` where it has none for
    /// this question, and the caller walks with [`read_dir`](Volume::read_dir) instead.
    ///
    /// Finds what that walk finds, links never entered, but in any order and on several threads.
    /// `Some(Err)` is for a directory that cannot be read at all; what lies below it and cannot be read
    /// is [`Swept::Failed`].
    fn sweep(
        &self,
        below: &EntryPath,
        wanted: Wanted,
        visit: &Visit<'_>,
    ) -> Option<Result<(), VolumeError>> {
        let _ = (below, wanted, visit);
        None
    }

    /// Accounts, those of administrators left out, that may put something else in the place of the
    /// entry at a path, in words; `None` where the volume does not tell.
    fn writers(&self, at: &EntryPath) -> Result<Option<Vec<String>>, VolumeError> {
        let _ = at;
        Ok(None)
    }

    /// The order of two names in a directory of this volume; `Equal` where they are one.
    fn compare_names(&self, a: &Name, b: &Name) -> Ordering {
        match self.info().case {
            CaseRule::Sensitive => a.as_bytes().cmp(b.as_bytes()),
            CaseRule::Insensitive => fold::compare(a, b),
        }
    }
}

/// Whether the file `id` is found at a path.
pub(crate) fn leads_to<V: Volume + ?Sized>(volume: &V, at: &EntryPath, id: FileId) -> bool {
    volume.entry(at).is_ok_and(|found| found.id == id)
}

/// Whether two paths whose last names are as the volume has them are one; their directories may be spelled
/// otherwise.
pub(crate) fn is_same_place(
    a: &EntryPath,
    b: &EntryPath,
    dir: impl Fn(&EntryPath) -> Option<FileId>,
) -> bool {
    if a == b || a.file_name() != b.file_name() {
        return a == b;
    }
    let above = |path: &EntryPath| path.parent().and_then(|path| dir(&path));
    above(a).is_some_and(|id| above(b) == Some(id))
}

/// A directory's entries at once; for directories known to be small.
pub fn list(volume: &dyn Volume, at: &EntryPath) -> Result<Vec<Entry>, VolumeError> {
    let mut entries = Vec::new();
    volume.read_dir(at, &mut |entry| {
        entries.push(entry);
        ControlFlow::Continue(())
    })?;
    Ok(entries)
}
