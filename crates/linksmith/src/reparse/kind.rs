//! What an entry is, in the ten words of listings.

use std::fmt;

use super::ReparseTag;
use crate::entry::{Base, Entry, LinkKind, LinkText};

/// What an entry is, as listings and machine output say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A file with one name.
    File,
    /// A directory.
    Dir,
    /// A file with more than one name.
    Hard,
    /// A symbolic link, of Windows or of POSIX.
    Symlink,
    /// A junction.
    Junction,
    /// A volume mount point.
    Mount,
    /// A symbolic link of WSL.
    Wsl,
    /// An app execution alias.
    AppExec,
    /// A cloud file.
    Cloud,
    /// Another reparse point, or a device.
    Other,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 10] = [
        Self::File,
        Self::Dir,
        Self::Hard,
        Self::Symlink,
        Self::Junction,
        Self::Mount,
        Self::Wsl,
        Self::AppExec,
        Self::Cloud,
        Self::Other,
    ];

    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Dir => "dir",
            Self::Hard => "hard",
            Self::Symlink => "symlink",
            Self::Junction => "junction",
            Self::Mount => "mount",
            Self::Wsl => "wsl",
            Self::AppExec => "app-exec",
            Self::Cloud => "cloud",
            Self::Other => "other",
        }
    }

    /// The kind that a word stands for.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// What an entry is. `text` tells junctions from volume mount points: without it, or where it is
    /// malformed, every mount point is a junction.
    pub fn of(entry: &Entry, text: Option<&LinkText>) -> Self {
        match (entry.tag, entry.base) {
            (Some(tag), _) => Self::of_tag(tag, text),
            (None, Base::PosixSymlink) => Self::Symlink,
            (None, Base::Special) => Self::Other,
            (None, Base::Dir) => Self::Dir,
            (None, Base::File) if entry.links.is_some_and(|n| n > 1) => Self::Hard,
            (None, Base::File) => Self::File,
        }
    }

    /// What says `text`, whoever takes it for a link.
    pub fn of_text(text: &LinkText) -> Self {
        match text {
            LinkText::Posix(_) => Self::Symlink,
            LinkText::Reparse(point) => Self::of_tag(point.tag(), Some(text)),
        }
    }

    fn of_tag(tag: ReparseTag, text: Option<&LinkText>) -> Self {
        match tag {
            ReparseTag::SYMLINK => Self::Symlink,
            ReparseTag::MOUNT_POINT if is_volume(text) => Self::Mount,
            ReparseTag::MOUNT_POINT => Self::Junction,
            ReparseTag::LX_SYMLINK => Self::Wsl,
            ReparseTag::APP_EXEC_LINK => Self::AppExec,
            tag if tag.is_cloud() => Self::Cloud,
            _ => Self::Other,
        }
    }
}

fn is_volume(text: Option<&LinkText>) -> bool {
    match text {
        Some(LinkText::Reparse(point)) => point.view().is_ok_and(|v| v.is_volume_mount_point()),
        _ => false,
    }
}

impl LinkKind {
    /// Which kind of link an entry is; `None` for what is none. A file with one name is none.
    pub fn of(entry: &Entry, text: Option<&LinkText>) -> Option<Self> {
        match (entry.tag, entry.base) {
            (Some(tag), base) => Some(Self::of_tag(tag, base == Base::Dir, text)),
            (None, Base::PosixSymlink) => Some(Self::PosixSymlink),
            (None, Base::File) if entry.links.is_some_and(|n| n > 1) => Some(Self::HardLink),
            (None, _) => None,
        }
    }

    /// Which kind of link says `text`, where a directory carries it or does not.
    pub fn of_text(text: &LinkText, dir: bool) -> Self {
        match text {
            LinkText::Posix(_) => Self::PosixSymlink,
            LinkText::Reparse(data) => Self::of_tag(data.tag(), dir, Some(text)),
        }
    }

    fn of_tag(tag: ReparseTag, dir: bool, text: Option<&LinkText>) -> Self {
        match tag {
            ReparseTag::SYMLINK => Self::Symlink { dir },
            ReparseTag::MOUNT_POINT if is_volume(text) => Self::VolumeMountPoint,
            ReparseTag::MOUNT_POINT => Self::Junction,
            ReparseTag::LX_SYMLINK => Self::WslSymlink,
            tag => Self::Other(tag),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}
