//! Why a link is not made.

use super::Want;
use crate::reparse::EncodeError;
use crate::volume::{Cause, LocateError, VolumeError};
use crate::win32_error::{ErrorClass, Win32Error};

/// A link that is not made: which, and why.
#[derive(Debug, thiserror::Error)]
#[error("cannot make the {want} '{link}': {cause}")]
pub struct CreateError {
    /// Which kind was tried.
    pub want: Want,
    /// The link, as it was given.
    pub link: String,
    /// Why not.
    #[source]
    pub cause: Box<CreateCause>,
}

/// Why a link is not made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CreateCause {
    /// There is no target in the text.
    #[error("the target is empty")]
    EmptyTarget,
    /// The link's own place cannot be reached.
    #[error(transparent)]
    Link(LocateError),
    /// The target's place cannot be reached.
    #[error("the target cannot be reached: {0}")]
    Target(LocateError),
    /// The place is taken.
    #[error("{what} with that name is there already")]
    Exists {
        /// What is there.
        what: &'static str,
        /// Whether it would give way if asked.
        replaceable: bool,
    },
    /// Nothing is where the link would lead.
    #[error("the target '{target}' is not there")]
    TargetMissing {
        /// The target, as it was given.
        target: String,
    },
    /// Whether the target is a directory cannot be seen.
    #[error("it cannot be seen whether '{target}' is a file or a directory")]
    NeedsKind {
        /// The target, as it was given.
        target: String,
    },
    /// A link for files to a directory, or the reverse.
    #[error(
        "'{target}' is a {}, and a link for {} does not lead to it",
        if *target_dir { "directory" } else { "file" },
        if *target_dir { "files" } else { "directories" }
    )]
    WrongKind {
        /// The target, as it was given.
        target: String,
        /// Whether the target is a directory.
        target_dir: bool,
    },
    /// The link would lead to itself, or over too many links.
    #[error("'{target}' leads nowhere from there: {why}")]
    Loop {
        /// The target, as it was given.
        target: String,
        /// What happens on the way.
        why: String,
    },
    /// A junction leads to directories.
    #[error("'{target}' is a file, and junctions lead to directories")]
    NotADirectory {
        /// The target, as it was given.
        target: String,
    },
    /// A directory has one name.
    #[error("'{target}' is a directory, and hard links are names of files")]
    IsADirectory {
        /// The target, as it was given.
        target: String,
    },
    /// A hard link lives on its file's volume.
    #[error("'{target}' is on another volume than '{link}'")]
    CrossVolume {
        /// The file.
        target: String,
        /// The link.
        link: String,
    },
    /// A junction leads to a volume of the same computer.
    #[error("'{target}' is on another computer, and junctions lead to local volumes only")]
    NotLocal {
        /// The target, as it was given.
        target: String,
    },
    /// The file has as many names as it may.
    #[error("the file has {limit} names already, the most that this volume allows")]
    TooManyLinks {
        /// The most.
        limit: u32,
    },
    /// The file system has no such links.
    #[error("{file_system} has no {want}s")]
    Unsupported {
        /// The file system.
        file_system: String,
        /// What it has not.
        want: Want,
    },
    /// There is no way from one to the other but from a root.
    #[error("there is no relative path from '{link}' to '{target}'")]
    NoRelative {
        /// The target.
        target: String,
        /// The link's folder.
        link: String,
    },
    /// What the link needs is a Windows path with its drive.
    #[error("'{target}' is no absolute Windows path, which this link has to hold")]
    NoWindowsPath {
        /// The target, as it was given.
        target: String,
    },
    /// What is to be mounted is no volume.
    #[error("'{target}' is no volume whose GUID is known")]
    NoVolume {
        /// The target, as it was given.
        target: String,
    },
    /// No name is free beside the link for what is set aside.
    #[error("no name is free beside it")]
    NoFreeName,
    /// The target cannot be put into a link.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// A volume failed.
    #[error("{}", .0.cause)]
    Volume(#[from] VolumeError),
}

impl CreateCause {
    /// Whether another kind of link could still be made.
    pub(super) fn is_of_the_kind(&self) -> bool {
        matches!(
            self,
            Self::Unsupported { .. }
                | Self::CrossVolume { .. }
                | Self::NotLocal { .. }
                | Self::NotADirectory { .. }
                | Self::IsADirectory { .. }
                | Self::TooManyLinks { .. }
                | Self::NoVolume { .. }
                | Self::NoWindowsPath { .. }
        )
    }

    /// The Win32 error code Windows gives in this case, where there is one.
    pub fn win32(&self) -> Option<u32> {
        Some(match self {
            Self::EmptyTarget | Self::NoVolume { .. } => 87,
            Self::TargetMissing { .. } => 2,
            Self::IsADirectory { .. } => 5,
            Self::CrossVolume { .. } => 17,
            Self::Unsupported { .. } => 50,
            Self::NoRelative { .. } | Self::NoWindowsPath { .. } => 161,
            Self::Exists { .. } => 183,
            Self::NotADirectory { .. } | Self::WrongKind { .. } => 267,
            Self::TooManyLinks { .. } => 1142,
            Self::Loop { .. } => 1921,
            Self::Encode(EncodeError::TooLong { .. }) => 206,
            Self::Encode(_) => 123,
            Self::Link(e) | Self::Target(e) => return e.win32(),
            Self::Volume(e) => return e.cause.win32(),
            Self::NotLocal { .. } | Self::NeedsKind { .. } | Self::NoFreeName => return None,
        })
    }

    /// What sort of failure it is.
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::EmptyTarget
            | Self::NeedsKind { .. }
            | Self::WrongKind { .. }
            | Self::Encode(EncodeError::Empty | EncodeError::Nul) => ErrorClass::Invalid,
            Self::TargetMissing { .. } | Self::Loop { .. } => ErrorClass::NotFound,
            Self::Exists { .. } => ErrorClass::Exists,
            Self::Volume(VolumeError {
                cause: Cause::ReadOnly,
                ..
            }) => ErrorClass::Unsupported,
            Self::Link(_) | Self::Target(_) | Self::Volume(_) => self
                .win32()
                .map_or(ErrorClass::Other, |code| Win32Error(code).class()),
            _ => ErrorClass::Unsupported,
        }
    }

    /// The next step for a person who wants such a link, where there is one.
    pub fn hint(&self, want: Want) -> Option<String> {
        let hint = match self {
            Self::Exists {
                replaceable: true, ..
            } => "`--force` replaces it, `--backup` keeps it beside.",
            Self::Exists { .. } => "Only links are replaced; move it away or choose another name.",
            Self::TargetMissing { .. } => match want {
                Want::Soft(_) => {
                    "A relative target starts at the link's folder; `--dangling` makes the link all the same, with `--kind file` or `--kind dir`."
                }
                Want::Hard => {
                    "A relative target starts at the current directory; a hard link needs a file that is there."
                }
                Want::Junction | Want::Mount => {
                    "A relative target starts at the current directory; `--dangling` makes the link all the same."
                }
            },
            Self::NeedsKind { .. } => "Say `--kind file` or `--kind dir`.",
            Self::WrongKind {
                target_dir: true, ..
            } => "`--kind dir` makes a link that leads there.",
            Self::WrongKind { .. } => "`--kind file` makes a link that leads there.",
            Self::NotADirectory { .. } => "Make a soft link or a hard link.",
            Self::IsADirectory { .. } => "Make a junction or a soft link, or give `--or junction`.",
            Self::CrossVolume { .. } => "Make a soft link, or give `--or soft`.",
            Self::NotLocal { .. } => {
                "Make a soft link, which may lead to the network: `--or soft`."
            }
            Self::TooManyLinks { .. } => "Copy the file and link the copy from here on.",
            Self::Unsupported {
                want: Want::Soft(_),
                ..
            } => "`linksmith doctor PATH` shows what this volume can do.",
            Self::Unsupported { .. } => "Make a soft link, or give `--or soft`.",
            Self::NoRelative { .. } => "`--absolute` stores the whole path.",
            Self::NoWindowsPath { .. } => "Give the path with its drive, as Windows will see it.",
            Self::NoVolume { .. } => {
                r"Give it as `\\?\Volume{GUID}\`, or attach the drive with `,guid=GUID`."
            }
            Self::Link(_) | Self::Target(_) | Self::Volume(_) => {
                return Win32Error(self.win32()?).hint().map(str::to_owned);
            }
            _ => return None,
        };
        Some(hint.to_owned())
    }
}
