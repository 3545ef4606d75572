//! Trees copied with their links: what leads into the tree leads to the same place in the copy, names of
//! one file stay names of one file, and what leads out of it goes as it is asked for.
//!
//! A mirror is the same plan against a tree that is there already: what is equal is left alone, what is
//! not is made beside and takes the other's place in one change.

mod links;
mod mirror;
mod tree;

use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

use super::progress::Progress;
use super::remove::RemoveError;
use super::say::{SayError, is_within};
use crate::entry::{Entry, FileId, LinkText};
use crate::path::EntryPath;
use crate::plan::{Plan, Step};
use crate::reparse::EncodeError;
use crate::volume::{Caps, Cause, Drives, LocateError, Place, Volume, VolumeError};

/// What becomes of a link that leads out of the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Outer {
    /// It leads where it led: an absolute one says the same, a relative one says the way from its new place.
    #[default]
    Keep,
    /// It is left out.
    Crop,
    /// What it leads to is copied in its place.
    Unroll,
    /// It says where it led from a root.
    Splice,
}

/// What is made where the volume has no links of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fallback {
    /// A symbolic link.
    Soft,
    /// Another name of the file.
    Hard,
    /// A junction.
    Junction,
    /// A copy of what it leads to.
    Copy,
}

/// How a tree that is there is made like the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Mirror {
    /// Remove what the other tree does not have; links are detached.
    pub delete: bool,
    /// Tell files apart by their contents, not by size and time.
    pub contents: bool,
}

/// A copy to be made.
#[derive(Debug, Clone)]
pub struct Request {
    /// What: a file, a link, a directory with all in it.
    pub from: Place,
    /// The place of the copy itself.
    pub to: Place,
    /// Junctions and volume mount points that lead out of the tree.
    pub junctions: Outer,
    /// Symbolic links of every system that do.
    pub symlinks: Outer,
    /// Every link says what it says, wherever that leads.
    pub as_is: bool,
    /// What to make where the volume lacks a kind, in this order.
    pub or: Vec<Fallback>,
    /// `None`: the place has to be free.
    pub mirror: Option<Mirror>,
}

/// How much of what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Directories made.
    pub directories: u64,
    /// Files made or replaced.
    pub files: u64,
    /// Bytes in them.
    pub bytes: u64,
    /// Further names of files.
    pub hard_links: u64,
    /// Links made or replaced.
    pub links: u64,
    /// Of these, links with another text than before.
    pub rewritten: u64,
    /// Links left out because they lead out of the tree.
    pub cropped: u64,
    /// Links that became copies.
    pub unrolled: u64,
    /// Entries that were equal.
    pub equal: u64,
    /// Entries removed.
    pub removed: u64,
    /// Entries the other tree does not have, which stay.
    pub extra: u64,
}

/// A copy about to be made.
#[derive(Debug)]
pub struct Copying {
    /// How.
    pub plan: Plan,
    /// How much.
    pub counts: Counts,
    /// What cannot be read and is left out.
    pub failed: Vec<(Place, VolumeError)>,
}

/// Why nothing is copied.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CopyError {
    /// A drive is not there.
    #[error(transparent)]
    Locate(#[from] LocateError),
    /// A volume failed, or lacks what is needed.
    #[error("{source}")]
    Volume {
        /// On which drive.
        drive: crate::volume::DriveId,
        /// Why.
        source: Box<VolumeError>,
    },
    /// The one tree lies in the other.
    #[error("a tree cannot be copied into itself, nor onto one that holds it")]
    IntoItself,
    /// A directory stands where a file or link is to be.
    #[error("a directory is where a file or link is to be")]
    DirectoryInTheWay {
        /// Where.
        at: Place,
    },
    /// The volume has no such links.
    #[error("the volume has no {what}")]
    Unsupported {
        /// What would need one.
        at: Place,
        /// Of which kind.
        what: &'static str,
    },
    /// A link cannot be made to say its new target.
    #[error("{source}")]
    Say {
        /// Which.
        at: Place,
        /// Why not.
        source: SayError,
    },
    /// What is removed for a mirror cannot be.
    #[error(transparent)]
    Remove(#[from] RemoveError),
    /// The observer gave up.
    #[error("cancelled")]
    Cancelled,
}

impl From<EncodeError> for SayFailure {
    fn from(error: EncodeError) -> Self {
        Self(error.into())
    }
}

/// Between the ways in which a text cannot be made and the place that belongs to it.
pub(super) struct SayFailure(SayError);

impl From<SayError> for SayFailure {
    fn from(error: SayError) -> Self {
        Self(error)
    }
}

/// Plans a copy or a mirror. Nothing is changed.
///
/// The whole plan is in memory, some hundred bytes an entry; contents are not.
///
/// # Errors
/// See [`CopyError`]. Entries that cannot be read are in [`Copying::failed`].
pub fn plan(
    drives: &Drives,
    request: &Request,
    progress: &mut dyn Progress,
) -> Result<Copying, CopyError> {
    let target = drives.volume(request.to.drive)?;
    let source = drives.volume(request.from.drive)?;
    let at_source = |e| failed(request.from.drive, e);
    let top = source.entry(&request.from.path).map_err(at_source)?;
    check(request, &*source, &*target, &top)?;
    let there = target.entry(&request.to.path).ok();
    let parent = request.to.path.parent().unwrap_or_default();
    let mut copier = Copier {
        drives,
        request,
        caps: target.caps_at(&parent),
        target,
        plan: Plan::default(),
        counts: Counts::default(),
        failed: Vec::new(),
        made: HashMap::new(),
        claimed: HashMap::new(),
        late_dirs: Vec::new(),
        late_links: Vec::new(),
        dirty: HashSet::new(),
    };
    copier.all(top, there, progress)?;
    copier.check_space(&parent)?;
    super::left_behind::warn(drives, &mut copier.plan);
    Ok(Copying {
        plan: copier.plan,
        counts: copier.counts,
        failed: copier.failed,
    })
}

fn check(
    request: &Request,
    source: &dyn Volume,
    target: &dyn Volume,
    top: &Entry,
) -> Result<(), CopyError> {
    let (from, to) = (&request.from, &request.to);
    let one_volume = from.drive == to.drive;
    let into = one_volume && top.is_real_dir() && is_within(source, &to.path, &from.path);
    let onto = one_volume && is_within(source, &from.path, &to.path);
    if into || onto && request.mirror.is_some() {
        return Err(CopyError::IntoItself);
    }
    let fail = |cause| {
        Err(failed(
            to.drive,
            VolumeError::new("copy to", &to.path, cause),
        ))
    };
    if target.info().caps.contains(Caps::READ_ONLY) {
        return fail(Cause::ReadOnly);
    }
    if request.mirror.is_none() && target.entry(&to.path).is_ok() {
        return fail(Cause::Exists);
    }
    Ok(())
}

fn failed(drive: crate::volume::DriveId, source: VolumeError) -> CopyError {
    CopyError::Volume {
        drive,
        source: Box::new(source),
    }
}

/// An entry of the source and the place of its copy.
struct Task {
    from: Place,
    entry: Entry,
    to: EntryPath,
    /// What a mirror finds there.
    there: Option<Entry>,
    /// The trees it is copied as a part of, the innermost first.
    chain: Rc<Chain>,
}

/// A tree under copy: the one asked for, or one that a link was unrolled to.
struct Chain {
    from: Place,
    to: Place,
    up: Option<Rc<Chain>>,
}

/// Where the copy of a file with several names is.
struct Made {
    at: EntryPath,
    /// Which file it is, where a mirror found it there.
    id: Option<FileId>,
    /// How many names it has by now.
    names: u32,
    /// What it says, where it is a link.
    link: Option<LinkText>,
}

struct Copier<'c> {
    drives: &'c Drives,
    request: &'c Request,
    target: Arc<dyn Volume>,
    caps: Caps,
    plan: Plan,
    counts: Counts,
    failed: Vec<(Place, VolumeError)>,
    /// By files of the source.
    made: HashMap<FileId, Made>,
    /// Files that a mirror found and keeps, and the file of the source that each is the copy of.
    claimed: HashMap<FileId, FileId>,
    /// Directories, whose times are set when all in them is done: from, to, what was there.
    late_dirs: Vec<(Entry, EntryPath, Option<Entry>)>,
    /// Names in the place of links, made when their files are there.
    late_links: Vec<(EntryPath, EntryPath)>,
    /// Directories in which something changes.
    dirty: HashSet<EntryPath>,
}

impl Copier<'_> {
    fn push(&mut self, step: Step, expect: Vec<crate::plan::Expect>) {
        if !matches!(step, Step::SetMeta { .. }) {
            self.dirty.extend(step.at().parent());
        }
        self.plan.push(self.request.to.drive, step, expect);
    }

    fn place(&self, path: &EntryPath) -> Place {
        Place {
            drive: self.request.to.drive,
            path: path.clone(),
        }
    }

    /// An error of the volume that is copied to.
    fn failed_there(&self, source: VolumeError) -> CopyError {
        failed(self.request.to.drive, source)
    }

    fn check_space(&self, parent: &EntryPath) -> Result<(), CopyError> {
        match self.target.space_at(parent) {
            Ok(space) if space.free < self.counts.bytes => {
                let error = VolumeError::new("copy to", &self.request.to.path, Cause::NoSpace);
                Err(self.failed_there(error))
            }
            _ => Ok(()),
        }
    }
}
