//! What is asked for: which link, where, of which kind, and what may be done to make it.

use std::ffi::OsString;
use std::fmt;

use crate::volume::{Cause, VolumeError};

/// Which kind of link is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Want {
    /// A symbolic link.
    Soft(Carrier),
    /// Another name of a file.
    Hard,
    /// A junction.
    Junction,
    /// A volume mount point.
    Mount,
}

/// What carries a Windows symbolic link, which has to be as its target is. POSIX links have no such
/// difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Carrier {
    /// As the target is, looked at from the link's own folder.
    Auto,
    /// A file.
    File,
    /// A directory.
    Dir,
}

impl fmt::Display for Want {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Soft(_) => "soft link",
            Self::Hard => "hard link",
            Self::Junction => "junction",
            Self::Mount => "volume mount point",
        })
    }
}

/// How a soft link's target is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Spelled {
    /// As it was given; a relative one starts at the link's folder.
    #[default]
    AsIs,
    /// Relative to the link's folder; the text given starts at the current directory.
    Relative,
    /// From a root; the text given starts at the current directory.
    Absolute,
}

/// A link to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Where, as text.
    pub link: OsString,
    /// To what, as text.
    pub target: OsString,
    /// Of which kind.
    pub want: Want,
    /// What to make where the volume cannot hold that kind, in this order.
    pub or: Vec<Want>,
    /// How a soft link's target is stored.
    pub spelled: Spelled,
    /// Replace a link that is there. A real file or directory never gives way.
    pub force: bool,
    /// Replace a link that is there, and keep it beside under another name.
    pub backup: bool,
    /// Take a target that is not there.
    pub dangling: bool,
    /// Make a file link to a directory, or the reverse, with a warning: `mklink` does.
    pub wrong_kind: bool,
    /// Make the folders on the way that are not there.
    pub parents: bool,
}

impl Request {
    /// A request without options.
    pub fn new(want: Want, link: impl Into<OsString>, target: impl Into<OsString>) -> Self {
        Self {
            link: link.into(),
            target: target.into(),
            want,
            or: Vec::new(),
            spelled: Spelled::default(),
            force: false,
            backup: false,
            dangling: false,
            wrong_kind: false,
            parents: false,
        }
    }

    /// The same request for the next kind, where a volume refused this one only when it was tried:
    /// a privilege that is missing, a kind that the file system does not know after all.
    pub fn fall_back(&self, refused: &VolumeError) -> Option<Self> {
        let other_kind = matches!(
            refused.cause,
            Cause::Privilege | Cause::Unsupported(_) | Cause::CrossVolume | Cause::Win32(1 | 50)
        );
        let (want, or) = self.or.split_first().filter(|_| other_kind)?;
        Some(Self {
            want: *want,
            or: or.to_vec(),
            ..self.clone()
        })
    }
}
