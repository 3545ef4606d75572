//! What can go wrong on a volume: what was tried, where, and why.

use std::io;

use crate::path::{EntryPath, NameError};
use crate::reparse::ReparseError;

/// A volume could not do what it was asked: what was tried, where, and why.
#[derive(Debug, thiserror::Error)]
#[error("cannot {op} '{}': {cause}", path.display())]
pub struct VolumeError {
    /// What was tried, as a verb: `read`, `make the junction`.
    pub op: &'static str,
    /// Where in the volume.
    pub path: EntryPath,
    /// Why not.
    pub cause: Cause,
}

impl VolumeError {
    /// An error of `op` on `path`.
    pub fn new(op: &'static str, path: &EntryPath, cause: Cause) -> Self {
        Self {
            op,
            path: path.clone(),
            cause,
        }
    }
}

/// Why a volume could not.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Cause {
    /// The last name of the path is not there.
    #[error("there is no such file or directory")]
    NotFound,
    /// A directory on the way is not there.
    #[error("the directory '{}' is not there", .0.display())]
    PathNotFound(EntryPath),
    /// The place is taken.
    #[error("something with that name is there already")]
    Exists,
    /// A directory was needed.
    #[error("it is not a directory")]
    NotADirectory,
    /// A file was needed.
    #[error("it is a directory")]
    IsADirectory,
    /// An empty directory was needed.
    #[error("the directory is not empty")]
    NotEmpty,
    /// A link, or an entry with reparse data, was needed.
    #[error("it is not a link")]
    NotALink,
    /// A file without contents was needed.
    #[error("the file has contents")]
    HasContents,
    /// The path leads through a link, which volumes never follow.
    #[error("the path leads through the link '{}'", .0.display())]
    ThroughLink(EntryPath),
    /// The file has as many names as it may.
    #[error("the file has {limit} names already, the most that this volume allows")]
    TooManyLinks {
        /// The most.
        limit: u32,
    },
    /// A directory cannot go below itself.
    #[error("a directory cannot be moved below itself")]
    BelowItself,
    /// The volume has no such thing.
    #[error("this volume does not support {0}")]
    Unsupported(&'static str),
    /// Two volumes where one is needed.
    #[error("the two lie on different volumes")]
    CrossVolume,
    /// Access denied.
    #[error("access is denied")]
    Denied,
    /// A privilege is missing.
    #[error("a required privilege is not held")]
    Privilege,
    /// The disk is full.
    #[error("there is not enough space on the volume")]
    NoSpace,
    /// The volume cannot be written.
    #[error("the volume is read-only")]
    ReadOnly,
    /// Another program has it open.
    #[error("it is in use by another program")]
    InUse,
    /// The file that is copied is not as it was.
    #[error("the file it is copied from was changed meanwhile")]
    Changed,
    /// Not a name this volume takes.
    #[error("the name cannot be used here: {0}")]
    Name(#[from] NameError),
    /// The reparse data are malformed.
    #[error(transparent)]
    Reparse(#[from] ReparseError),
    /// What was written reads back otherwise.
    #[error("what was written does not read back: {0}")]
    ReadBack(String),
    /// The volume's structures are wrong.
    #[error("the volume is damaged: {0}")]
    Damaged(String),
    /// There is no volume to open, or not a single one.
    #[cfg(feature = "image")]
    #[error(transparent)]
    NoVolume(#[from] crate::partition::PartitionError),
    /// The volume is sound enough to read but not safe to write.
    #[error("the volume is not safe to change: {0}")]
    Unsafe(String),
    /// A Win32 error with no name above.
    #[error("Win32 error {0}")]
    Win32(u32),
    /// The system's own error with no name above.
    #[error(transparent)]
    Io(io::Error),
}

impl Cause {
    /// The Win32 error code Windows gives in this case, where there is one.
    pub fn win32(&self) -> Option<u32> {
        Some(match self {
            Self::NotFound => 2,
            Self::PathNotFound(_) => 3,
            Self::Denied | Self::IsADirectory => 5,
            Self::CrossVolume => 17,
            Self::ReadOnly => 19,
            Self::InUse => 32,
            Self::Unsupported(_) => 50,
            Self::NoSpace => 112,
            Self::Name(_) => 123,
            Self::NotEmpty | Self::HasContents => 145,
            Self::Exists => 183,
            Self::NotADirectory => 267,
            Self::TooManyLinks { .. } => 1142,
            Self::Privilege => 1314,
            Self::Damaged(_) => 1392,
            Self::NotALink => 4390,
            Self::Reparse(_) => 4392,
            Self::Win32(code) => *code,
            #[cfg(feature = "image")]
            Self::NoVolume(_) => 1005,
            Self::ThroughLink(_)
            | Self::BelowItself
            | Self::Changed
            | Self::ReadBack(_)
            | Self::Unsafe(_)
            | Self::Io(_) => return None,
        })
    }
}

/// Steps that were not all done.
#[derive(Debug, thiserror::Error)]
#[error("{source}")]
pub struct ApplyError {
    /// Which step failed, from 0.
    pub step: usize,
    /// Whether the steps before it were taken back; `false` where taking back failed too.
    pub undone: bool,
    /// Why.
    #[source]
    pub source: Box<VolumeError>,
}
