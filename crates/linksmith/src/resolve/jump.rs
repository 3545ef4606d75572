//! What a link says, as the place where the way goes on.

use super::{End, Part, posix_parts};
use crate::entry::LinkText;
use crate::path::{Component, EntryPath, Name, Root, Spelling, TargetPath};
use crate::reparse::{ReparsePoint, View};
use crate::volume::{DriveId, Drives, Place};

/// Where the way goes on.
pub(super) struct Jump {
    pub(super) drive: DriveId,
    pub(super) base: EntryPath,
    pub(super) parts: Vec<Part>,
}

impl Jump {
    /// Where it leads by the text alone.
    pub(super) fn place(&self) -> Place {
        let mut path = self.base.clone();
        for part in &self.parts {
            match part {
                Part::Name(name) => path.push(name),
                Part::Up => drop(path.pop()),
            }
        }
        Place {
            drive: self.drive,
            path,
        }
    }
}

/// A link read.
pub(super) struct Said {
    pub(super) target: Option<TargetPath>,
    /// The target starts at a root of the system's name space, not of the link's own volume.
    pub(super) qualified: bool,
    pub(super) to: Result<Jump, Box<End>>,
}

/// Reads the link at `at`.
pub(super) fn of(drives: &Drives, at: &Place, text: &LinkText) -> Said {
    match text {
        LinkText::Posix(text) => Said {
            target: Some(TargetPath::parse_posix(text)),
            qualified: false,
            to: posix(at, text),
        },
        LinkText::Reparse(data) => reparse(drives, at, data),
    }
}

fn reparse(drives: &Drives, at: &Place, data: &ReparsePoint) -> Said {
    let invalid = |reason: String| {
        Box::new(End::Invalid {
            at: at.clone(),
            reason,
        })
    };
    let target = match target_of(data) {
        Ok(Some(target)) => target,
        Ok(None) => {
            let (at, tag) = (at.clone(), data.tag());
            return Said::nowhere(Box::new(End::Unfollowable { at, tag }));
        }
        Err(reason) => return Said::nowhere(invalid(reason)),
    };
    let qualified = target.spelling() == Spelling::Nt;
    let to = match target.spelling() {
        Spelling::Posix => wsl(drives, at, &target),
        Spelling::Nt => absolute(drives, at, &target),
        _ => relative(drives, at, &target).map_err(|e| invalid(e.to_owned())),
    };
    Said {
        target: Some(target),
        qualified,
        to,
    }
}

impl Said {
    fn nowhere(end: Box<End>) -> Self {
        Self {
            target: None,
            qualified: false,
            to: Err(end),
        }
    }
}

/// A POSIX symlink's target: from `/` or from the link's own directory.
fn posix(at: &Place, text: &[u8]) -> Result<Jump, Box<End>> {
    let parts = posix_parts(text).map_err(|e| {
        Box::new(End::Invalid {
            at: at.clone(),
            reason: e.to_string(),
        })
    })?;
    let base = if text.starts_with(b"/") {
        EntryPath::root()
    } else {
        at.path.parent().unwrap_or_default()
    };
    Ok(Jump {
        drive: at.drive,
        base,
        parts,
    })
}

/// A WSL symlink's target. Its `/` is a distribution's root, where Windows' drives are `/mnt/c`.
fn wsl(drives: &Drives, at: &Place, target: &TargetPath) -> Result<Jump, Box<End>> {
    let text = target.as_bytes();
    if !text.starts_with(b"/") {
        return posix(at, text);
    }
    let elsewhere = || {
        Box::new(End::Unreachable {
            at: Some(at.clone()),
            root: "/".to_owned(),
        })
    };
    let (letter, rest) = match text.strip_prefix(b"/mnt/") {
        Some([letter, rest @ ..])
            if letter.is_ascii_lowercase() && matches!(rest, [] | [b'/', ..]) =>
        {
            (letter.to_ascii_uppercase(), rest)
        }
        _ => return Err(elsewhere()),
    };
    let drive = drive_of(drives, at, &Root::Drive(letter))?;
    let jump = posix(at, rest)?;
    Ok(Jump {
        drive,
        base: EntryPath::root(),
        ..jump
    })
}

/// An NT path: a junction's target or a symlink's absolute one. `..` is no place in it.
fn absolute(drives: &Drives, at: &Place, target: &TargetPath) -> Result<Jump, Box<End>> {
    let invalid = |reason: &str| {
        Box::new(End::Invalid {
            at: at.clone(),
            reason: reason.to_owned(),
        })
    };
    if matches!(
        target.root(),
        Root::Other(_) | Root::Relative | Root::Rooted
    ) {
        return Err(invalid("the substitute name is no NT path"));
    }
    let drive = drive_of(drives, at, target.root())?;
    let path = target
        .to_entry_path()
        .ok_or_else(|| invalid("a part of the substitute name is no name"))?;
    Ok(Jump {
        drive,
        base: EntryPath::root(),
        parts: path.names().map(Part::Name).collect(),
    })
}

fn drive_of(drives: &Drives, at: &Place, root: &Root) -> Result<DriveId, Box<End>> {
    drives.drive(root).map_err(|_| {
        Box::new(End::Unreachable {
            at: Some(at.clone()),
            root: crate::volume::root_text(root),
        })
    })
}

/// A relative substitute name, from the link's own directory, or with `\` from its volume's root.
///
/// The I/O manager works `..` off in the text, before anything of it is looked up.
fn relative(drives: &Drives, at: &Place, target: &TargetPath) -> Result<Jump, &'static str> {
    let mut base = match target.root() {
        Root::Relative => at.path.parent().unwrap_or_default(),
        Root::Rooted => drives
            .volume(at.drive)
            .map_or_else(|_| EntryPath::root(), |volume| volume.root_of(&at.path)),
        _ => return Err("the substitute name of a relative link is not relative"),
    };
    let mut names: Vec<Name> = Vec::new();
    for component in target.components() {
        match component {
            Component::Current => {}
            Component::Name(name) => names.push(name.clone()),
            Component::Parent if names.pop().is_some() || base.pop() => {}
            Component::Parent => return Err("'..' leads above the volume's root"),
            Component::Odd(_) => return Err("a part of the substitute name is no name"),
        }
    }
    Ok(Jump {
        drive: at.drive,
        base,
        parts: names.into_iter().map(Part::Name).collect(),
    })
}

/// The path that link data say: `None` where their tag is no file system's to follow.
fn target_of(data: &ReparsePoint) -> Result<Option<TargetPath>, String> {
    match data.view().map_err(|e| e.to_string())? {
        View::AppExec(_) | View::Other => Ok(None),
        view => Ok(view.target()),
    }
}
