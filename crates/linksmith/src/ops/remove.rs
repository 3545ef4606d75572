//! Removing links, and trees with links in them. Nothing is ever followed.

use std::ffi::OsStr;
use std::ops::ControlFlow;
use std::sync::Arc;

use super::progress::Progress;
use crate::entry::{Base, Entry};
use crate::path::EntryPath;
use crate::plan::{Expect, Plan, Step};
use crate::volume::{DriveId, Drives, LocateError, Volume, VolumeError};
use crate::win32_error::{ErrorClass, Win32Error};

/// Why nothing is removed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RemoveError {
    /// The path leads to no place.
    #[error("cannot remove '{path}': {source}")]
    Locate {
        /// The path, as it was given.
        path: String,
        /// Why not.
        source: LocateError,
    },
    /// A volume failed.
    #[error(transparent)]
    Volume(#[from] VolumeError),
    /// It is no link but a directory.
    #[error("cannot remove '{path}': it is a directory, not a link")]
    RealDirectory {
        /// The path, as it was given.
        path: String,
    },
    /// The file would be lost.
    #[error("cannot remove '{path}': it is the file's last name")]
    LastName {
        /// The path, as it was given.
        path: String,
    },
    /// A volume keeps its root.
    #[error("cannot remove '{path}': it is the root of a volume")]
    Root {
        /// The path, as it was given.
        path: String,
    },
    /// Another volume is mounted in the tree, without a link that says so.
    #[error("cannot remove '{}': another volume is mounted there", at.display())]
    OtherVolume {
        /// Where.
        at: EntryPath,
    },
    /// The observer gave up.
    #[error("cancelled")]
    Cancelled,
}

impl RemoveError {
    /// Whether it was refused to keep data safe, and not because something failed.
    pub fn is_refusal(&self) -> bool {
        matches!(
            self,
            Self::RealDirectory { .. }
                | Self::LastName { .. }
                | Self::Root { .. }
                | Self::OtherVolume { .. }
        )
    }

    /// The Win32 error code Windows gives in this case, where there is one.
    pub fn win32(&self) -> Option<u32> {
        match self {
            Self::Locate { source, .. } => source.win32(),
            Self::Volume(e) => e.cause.win32(),
            _ => None,
        }
    }

    /// What sort of failure it is.
    pub fn class(&self) -> ErrorClass {
        self.win32()
            .map_or(ErrorClass::Other, |code| Win32Error(code).class())
    }

    /// The next step for a person, where there is one.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::RealDirectory { .. } => {
                "`remove -r` removes a tree and detaches the links in it."
            }
            Self::LastName { .. } => "`--last-name` removes it, and the file with it.",
            Self::OtherVolume { .. } => "Unmount it first.",
            _ => return Win32Error(self.win32()?).hint().map(str::to_owned),
        };
        Some(hint.to_owned())
    }
}

/// Plans the removal of one link: the link itself, or one of several names of a file.
///
/// `last_name`: also the last name of a file, which is gone then.
///
/// # Errors
/// A real directory, the last name of a file, a volume's root are refused.
pub fn plan(drives: &Drives, path: &OsStr, last_name: bool) -> Result<Plan, RemoveError> {
    let (drive, at, volume) = find(drives, path)?;
    let entry = volume.entry(&at)?;
    let path = path.to_string_lossy().into_owned();
    if !entry.is_link() {
        if entry.base == Base::Dir {
            return Err(RemoveError::RealDirectory { path });
        }
        if !last_name && names_left(&*volume, &at, &entry)? == 0 {
            return Err(RemoveError::LastName { path });
        }
    }
    let mut plan = Plan::default();
    remove(&mut plan, &*volume, drive, at, &entry);
    Ok(plan)
}

/// Plans the removal of a directory with all that is in it. Each link in it is detached, and what it
/// leads to is not looked at; a link at `path` itself is just detached.
///
/// The whole plan is in memory, some hundred bytes an entry.
///
/// # Errors
/// The root of a volume, and a tree in which another volume is mounted, are refused.
pub fn plan_tree(
    drives: &Drives,
    path: &OsStr,
    progress: &mut dyn Progress,
) -> Result<Plan, RemoveError> {
    let (drive, at, volume) = find(drives, path)?;
    let top = volume.entry(&at)?;
    let mut plan = Plan::default();
    progress.begin(None);
    tree(&mut plan, &*volume, (drive, at), top, progress)?;
    Ok(plan)
}

/// Adds the removal of an entry, and of all that is in it where it is a directory.
///
/// # Errors
/// As [`plan_tree`].
pub(super) fn tree(
    plan: &mut Plan,
    volume: &dyn Volume,
    (drive, at): (DriveId, EntryPath),
    top: Entry,
    progress: &mut dyn Progress,
) -> Result<(), RemoveError> {
    let home = top.id.volume;
    // Each directory is met twice: to list it, and when all below it is gone. A stack of our own,
    // because trees are deeper than ours may get.
    let mut stack = vec![Visit::Enter(at, top)];
    while let Some(visit) = stack.pop() {
        match visit {
            Visit::Enter(at, entry) if entry.is_real_dir() => {
                if entry.id.volume != home {
                    return Err(RemoveError::OtherVolume { at });
                }
                let children = children(volume, &at)?;
                stack.push(Visit::Leave(at, entry));
                stack.extend(children);
            }
            Visit::Enter(at, entry) | Visit::Leave(at, entry) => {
                remove(plan, volume, drive, at, &entry);
                progress.advance(1);
                if progress.is_cancelled() {
                    return Err(RemoveError::Cancelled);
                }
            }
        }
    }
    Ok(())
}

enum Visit {
    Enter(EntryPath, Entry),
    Leave(EntryPath, Entry),
}

/// The entries of a directory, the first on top of the stack they are for.
fn children(volume: &dyn Volume, at: &EntryPath) -> Result<Vec<Visit>, VolumeError> {
    let mut list = Vec::new();
    volume.read_dir(at, &mut |entry| {
        if let Some(name) = &entry.name {
            list.push(Visit::Enter(at.join(name), entry));
        }
        ControlFlow::Continue(())
    })?;
    list.reverse();
    Ok(list)
}

fn find(
    drives: &Drives,
    path: &OsStr,
) -> Result<(DriveId, EntryPath, Arc<dyn Volume>), RemoveError> {
    let locate = |source| RemoveError::Locate {
        path: path.to_string_lossy().into_owned(),
        source,
    };
    let place = drives.locate(path).map_err(locate)?;
    let volume = drives.volume(place.drive).map_err(locate)?;
    if place.path.is_root() {
        let path = path.to_string_lossy().into_owned();
        return Err(RemoveError::Root { path });
    }
    Ok((place.drive, place.path, volume))
}

/// How many names a file has beside this one.
fn names_left(volume: &dyn Volume, at: &EntryPath, entry: &Entry) -> Result<u32, VolumeError> {
    let links = match entry.links {
        Some(links) => links,
        None => u32::try_from(volume.names(at)?.len()).unwrap_or(u32::MAX),
    };
    Ok(links.saturating_sub(1))
}

fn remove(plan: &mut Plan, volume: &dyn Volume, drive: DriveId, at: EntryPath, entry: &Entry) {
    // Data that cannot be read make no difference to taking the link away; the id is expected then.
    let link = if entry.is_link() {
        volume.link_text(&at).ok().flatten()
    } else {
        None
    };
    let expect = Expect::Entry {
        at: at.clone(),
        id: entry.id,
        link,
    };
    plan.push(drive, Step::Remove { at }, vec![expect]);
}
