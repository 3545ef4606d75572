//! Changes as plain data: printable, saved, checked again, taken back.

use std::collections::HashSet;

use crate::entry::{Attributes, Base, Entry, FileId, FileTime, LinkText, Times};
use crate::path::EntryPath;
use crate::reparse::ReparsePoint;
use crate::volume::DriveId;

/// One change of one volume. Each is whole or not at all on every volume.
///
/// No step follows a link: a path that leads through one is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Makes an empty directory.
    MakeDir {
        /// Where; must be free.
        at: EntryPath,
    },
    /// Makes an empty directory that is open to others as far as another one is. Where a volume's directories have
    /// no such mode, or get it from the one above as on NTFS, it is [`Step::MakeDir`].
    MakeDirLike {
        /// Where; must be free.
        at: EntryPath,
        /// A directory of the same volume.
        like: EntryPath,
    },
    /// Makes a file with these contents.
    MakeFile {
        /// Where; must be free.
        at: EntryPath,
        /// Its bytes.
        contents: Vec<u8>,
    },
    /// Makes a file with the contents of another, which are not in the plan: they are read piece by piece
    /// when the step is done.
    CopyFile {
        /// Where; must be free.
        at: EntryPath,
        /// Whose contents.
        from: Source,
        /// The times it gets; 0 leaves one as it becomes.
        times: Times,
        /// The settable flags it gets, as with [`Step::SetMeta`].
        attributes: Option<Attributes>,
    },
    /// Replaces the contents of a file that is there, through all of its names.
    WriteFile {
        /// Which; must be a file and no link.
        at: EntryPath,
        /// Its new bytes.
        contents: Vec<u8>,
    },
    /// Makes a link of reparse data or, on POSIX volumes, a symbolic link, and reads it back.
    MakeLink {
        /// Where; must be free.
        at: EntryPath,
        /// What it says.
        link: LinkText,
        /// Whether a directory carries it (ignored for [`LinkText::Posix`]).
        dir: bool,
    },
    /// Sets or replaces reparse data, keeping the object with its times and security.
    SetReparse {
        /// Which; must be an empty directory, a file without contents, or carry reparse data already.
        at: EntryPath,
        /// The new bytes.
        data: ReparsePoint,
    },
    /// Takes reparse data off and keeps the object.
    ClearReparse {
        /// Which; must carry reparse data.
        at: EntryPath,
    },
    /// Gives a file one more name.
    HardLink {
        /// A name it has; must be a file, link files included, never a directory.
        existing: EntryPath,
        /// The new one; must be free.
        new: EntryPath,
    },
    /// Renames or moves one name within the volume.
    Rename {
        /// The name now.
        from: EntryPath,
        /// The name then.
        to: EntryPath,
        /// Whether a file or link at `to` gives way, in one indivisible change; a real directory never does.
        replace: bool,
    },
    /// Removes one name of a file, a link, or an empty directory. Never what a link leads to.
    Remove {
        /// Which.
        at: EntryPath,
    },
    /// Sets times (those that are not 0) and, where given, attribute flags.
    SetMeta {
        /// Which; a link itself, never its target.
        at: EntryPath,
        /// The times; 0 leaves one as it is.
        times: Times,
        /// The settable flags: read-only, hidden, system, archive, not indexed.
        attributes: Option<Attributes>,
    },
}

impl Step {
    /// What the step does, as the errors of volumes say it.
    pub fn verb(&self) -> &'static str {
        match self {
            Self::MakeDir { .. } | Self::MakeDirLike { .. } => "make the directory",
            Self::MakeFile { .. } => "make the file",
            Self::CopyFile { .. } => "make the copy",
            Self::WriteFile { .. } => "write",
            Self::MakeLink { .. } => "make the link",
            Self::SetReparse { .. } => "set the reparse data of",
            Self::ClearReparse { .. } => "take the reparse data off",
            Self::HardLink { .. } => "make the hard link",
            Self::Rename { .. } => "rename to",
            Self::Remove { .. } => "remove",
            Self::SetMeta { .. } => "set the times of",
        }
    }

    /// Another drive that the step takes something from.
    pub fn source_drive(&self) -> Option<DriveId> {
        match self {
            Self::CopyFile { from, .. } => from.drive,
            _ => None,
        }
    }

    /// The entry the step is about: the new one where one is made.
    pub fn at(&self) -> &EntryPath {
        match self {
            Self::MakeDir { at }
            | Self::MakeDirLike { at, .. }
            | Self::MakeFile { at, .. }
            | Self::CopyFile { at, .. }
            | Self::WriteFile { at, .. }
            | Self::MakeLink { at, .. }
            | Self::SetReparse { at, .. }
            | Self::ClearReparse { at }
            | Self::Remove { at }
            | Self::SetMeta { at, .. } => at,
            Self::HardLink { new, .. } => new,
            Self::Rename { to, .. } => to,
        }
    }
}

/// A file whose contents a step takes over, and how it was when the plan was made: another state of it
/// is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// On which drive of the plan; `None` is the step's own, as the steps before it left that.
    pub drive: Option<DriveId>,
    /// Where on it.
    pub at: EntryPath,
    /// Which file.
    pub id: FileId,
    /// Its bytes.
    pub size: u64,
    /// When they were last written.
    pub modified: FileTime,
}

impl Source {
    /// The file at `at` as it is now.
    pub fn of(drive: Option<DriveId>, at: EntryPath, entry: &Entry) -> Self {
        Self {
            drive,
            at,
            id: entry.id,
            size: entry.size,
            modified: entry.times.modified,
        }
    }

    /// Whether an entry is this very file in this state.
    pub fn is(&self, entry: &Entry) -> bool {
        entry.base == Base::File
            && !entry.is_link()
            && (entry.id, entry.size, entry.times.modified) == (self.id, self.size, self.modified)
    }
}

/// What a plan found when it was made, and finds again before it is applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expect {
    /// Nothing is there.
    Absent(EntryPath),
    /// This very entry is there; where `link` is given it says just this.
    Entry {
        /// Where.
        at: EntryPath,
        /// Which file.
        id: FileId,
        /// What the link says, byte for byte.
        link: Option<LinkText>,
    },
    /// These two files hold the same bytes.
    SameContents {
        /// One.
        at: EntryPath,
        /// The other.
        other: EntryPath,
    },
}

/// A step, the volume it is for, and what it builds on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedStep {
    /// On which drive.
    pub drive: DriveId,
    /// What is to be done.
    pub step: Step,
    /// What has to hold just before.
    pub expect: Vec<Expect>,
}

/// Something a person should know before or after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// What is unusual, in words.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// Steps in their order, and what to say about them. Making a plan changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// The steps.
    pub steps: Vec<PlannedStep>,
    /// What to say.
    pub warnings: Vec<Warning>,
}

impl Plan {
    /// Adds a step.
    pub fn push(&mut self, drive: DriveId, step: Step, expect: Vec<Expect>) {
        self.steps.push(PlannedStep {
            drive,
            step,
            expect,
        });
    }

    /// Goes on with another plan, worked out for the state after this one.
    pub fn append(&mut self, next: Self) {
        self.steps.extend(next.steps);
        self.warnings.extend(next.warnings);
    }

    /// Adds a warning.
    pub fn warn(&mut self, message: impl Into<String>, hint: Option<String>) {
        self.warnings.push(Warning {
            message: message.into(),
            hint,
        });
    }
}

/// Whether steps make things and change nothing that was there: what they leave is taken away again, and
/// nothing is lost where that is not known any more.
pub fn only_adds(batch: &[PlannedStep]) -> bool {
    let sets = |planned: &PlannedStep| matches!(planned.step, Step::SetMeta { .. });
    let sets = batch.iter().any(sets);
    let mut made = HashSet::new();
    batch.iter().all(|planned| match &planned.step {
        Step::MakeDir { at }
        | Step::MakeDirLike { at, .. }
        | Step::MakeFile { at, .. }
        | Step::CopyFile { at, .. }
        | Step::MakeLink { at, .. } => {
            if sets {
                made.insert(at);
            }
            true
        }
        Step::HardLink { .. } => true,
        Step::SetMeta { at, .. } => made.contains(at),
        _ => false,
    })
}
