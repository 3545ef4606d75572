//! What a preview holds, and how a path is looked up through it.

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::names::KnownNames;
use crate::entry::{Entry, FileId, LinkText};
use crate::path::{EntryPath, Name};
use crate::volume::{Cause, Volume, VolumeError};

/// No volume's file number has the topmost of 128 bits set: NTFS and POSIX use 64, and ReFS counts up.
pub(super) const MADE_HERE: u128 = 1 << 127;

/// Names of one directory that differ from the volume beneath, in the volume's order of names.
///
/// They are in runs of at most [`MOST_IN_RUN`], so that a name among a hundred thousand moves few others.
/// A map would need the order in its keys, and only the volume knows that.
#[derive(Clone, Default)]
pub(super) struct DirChange {
    runs: Vec<Vec<Changed>>,
}

/// A name, and what it leads to now; `None`: nothing.
type Changed = (Name, Option<FileId>);

const MOST_IN_RUN: usize = 512;

impl DirChange {
    /// The run in which a name is or would be: the last that begins with it or before it.
    fn run(&self, name: &Name, volume: &dyn Volume) -> usize {
        let begins_before = |run: &Vec<Changed>| {
            let first = run.first();
            first.is_some_and(|(first, _)| volume.compare_names(first, name).is_le())
        };
        self.runs.partition_point(begins_before).saturating_sub(1)
    }

    fn position(run: &[Changed], name: &Name, volume: &dyn Volume) -> Result<usize, usize> {
        run.binary_search_by(|(there, _)| volume.compare_names(there, name))
    }

    /// `None`: as beneath. `Some(None)`: gone.
    pub(super) fn get(&self, name: &Name, volume: &dyn Volume) -> Option<(&Name, Option<FileId>)> {
        let run = self.runs.get(self.run(name, volume))?;
        let at = Self::position(run, name, volume).ok()?;
        run.get(at).map(|(name, id)| (name, *id))
    }

    pub(super) fn set(&mut self, name: &Name, id: Option<FileId>, volume: &dyn Volume) {
        let number = self.run(name, volume);
        let changed = (name.clone(), id);
        let Some(run) = self.runs.get_mut(number) else {
            return self.runs.push(vec![changed]);
        };
        match Self::position(run, name, volume) {
            Ok(at) => run[at] = changed,
            Err(at) => run.insert(at, changed),
        }
        if run.len() > MOST_IN_RUN {
            let rest = run.split_off(MOST_IN_RUN / 2);
            self.runs.insert(number + 1, rest);
        }
    }

    fn names(&self) -> impl Iterator<Item = &Changed> {
        self.runs.iter().flatten()
    }
}

/// An object that was made, changed or moved.
#[derive(Clone)]
pub(super) struct Object {
    /// As a listing gives it, with no name.
    pub(super) entry: Entry,
    /// A path by which the volume beneath has it.
    pub(super) base: Option<EntryPath>,
    /// What it says, where that was set here.
    pub(super) link: Option<Option<LinkText>>,
    /// Its contents, where they were set here.
    pub(super) contents: Option<Contents>,
    /// Names it was given here: the directory and the name in it.
    pub(super) places: Vec<(FileId, Name)>,
}

/// What a file holds that was written here.
#[derive(Clone)]
pub(super) enum Contents {
    /// These bytes.
    Bytes(Arc<[u8]>),
    /// Those that the volume beneath has at a path.
    Beneath(EntryPath),
    /// Those of a file on another volume, which a preview does not know.
    Elsewhere,
}

/// All that differs.
#[derive(Clone, Default)]
pub(super) struct State {
    pub(super) dirs: HashMap<FileId, DirChange>,
    pub(super) objects: HashMap<FileId, Object>,
    /// Directories that were removed.
    pub(super) removed: HashSet<FileId>,
    known: Known,
    made: u128,
}

/// What was found on the way before: each of a hundred thousand steps in a deep tree would walk down
/// from the root several times, and the volume beneath once more for each name on that way.
#[derive(Default)]
struct Known {
    /// Real directories by their path. One that is removed stays here, see [`State::removed`].
    dirs: Mutex<HashMap<EntryPath, Found>>,
    /// What the volume beneath said of a few paths last: a step asks for the same ones several times.
    beneath: Mutex<HashMap<EntryPath, Entry>>,
    names: Mutex<KnownNames>,
}

/// Paths in [`Known::beneath`].
const MOST_BENEATH: usize = 64;

/// A copy knows nothing yet.
impl Clone for Known {
    fn clone(&self) -> Self {
        Self::default()
    }
}

fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

impl State {
    /// A directory has another path now, and so has all that is in it.
    pub(super) fn forget_paths(&mut self) {
        held(&self.known.dirs).clear();
        held(&self.known.names).forget();
    }

    pub(super) fn known_names(&self) -> MutexGuard<'_, KnownNames> {
        held(&self.known.names)
    }

    /// A directory found at this path before, as it is now.
    fn known_dir(&self, at: &EntryPath) -> Option<Found> {
        let known = held(&self.known.dirs).get(at).cloned();
        let mut found = known.filter(|found| !self.removed.contains(&found.entry.id))?;
        if let Some(object) = self.objects.get(&found.entry.id) {
            found.entry = Entry {
                name: found.entry.name,
                short_name: found.entry.short_name,
                ..object.entry.clone()
            };
        }
        Some(found)
    }

    fn note_dir(&self, at: &EntryPath, found: &Found) {
        if found.entry.is_real_dir() {
            held(&self.known.dirs).insert(at.clone(), found.clone());
        }
    }

    fn beneath(&self, base: &dyn Volume, at: &EntryPath) -> Result<Entry, VolumeError> {
        if let Some(entry) = held(&self.known.beneath).get(at) {
            return Ok(entry.clone());
        }
        let entry = base.entry(at)?;
        let mut known = held(&self.known.beneath);
        if known.len() >= MOST_BENEATH {
            known.clear();
        }
        known.insert(at.clone(), entry.clone());
        Ok(entry)
    }

    pub(super) fn is_unchanged(&self) -> bool {
        self.objects.is_empty()
    }

    pub(super) fn new_id(&mut self, volume: u64) -> FileId {
        self.made += 1;
        FileId {
            volume,
            file: MADE_HERE | self.made,
        }
    }

    pub(super) fn link_of(&self, id: FileId) -> Option<&Option<LinkText>> {
        self.objects.get(&id)?.link.as_ref()
    }

    pub(super) fn contents_of(&self, id: FileId) -> Option<Contents> {
        self.objects.get(&id)?.contents.clone()
    }
}

/// What a path leads to: the entry, and where the volume beneath has it.
#[derive(Clone)]
pub(super) struct Found {
    pub(super) entry: Entry,
    pub(super) base: Option<EntryPath>,
}

/// An error of the volume beneath, told with the path that was asked for.
pub(super) fn moved(error: VolumeError, at: &EntryPath) -> VolumeError {
    VolumeError {
        path: at.clone(),
        ..error
    }
}

/// The volume beneath seen through the changes.
#[derive(Clone, Copy)]
pub(super) struct View<'v> {
    pub(super) base: &'v dyn Volume,
    pub(super) state: &'v State,
}

impl<'v> View<'v> {
    pub(super) fn new(base: &'v dyn Volume, state: &'v State) -> Self {
        Self { base, state }
    }

    fn root(&self) -> Result<Found, VolumeError> {
        let root = EntryPath::root();
        let entry = self.state.beneath(self.base, &root)?;
        let entry = match self.state.objects.get(&entry.id) {
            Some(object) => object.entry.clone(),
            None => entry,
        };
        Ok(Found {
            entry,
            base: Some(root),
        })
    }

    /// The entry at a path; errors as any volume gives them.
    pub(super) fn find(&self, at: &EntryPath, op: &'static str) -> Result<Found, VolumeError> {
        let (mut found, mut here) = self.nearest_known(at)?;
        for (name, _) in at.names_after(here.as_bytes().len()) {
            Self::enter(&found.entry, &here, at, op)?;
            let child = self.child(&found, &name).map_err(|e| moved(e, at))?;
            here.push(&name);
            found = child.ok_or_else(|| {
                let cause = if here == *at {
                    Cause::NotFound
                } else {
                    Cause::PathNotFound(here.clone())
                };
                VolumeError::new(op, at, cause)
            })?;
            self.state.note_dir(&here, &found);
        }
        Ok(found)
    }

    /// The directory nearest to `at`, above it, that was found before; the root, where none was.
    fn nearest_known(&self, at: &EntryPath) -> Result<(Found, EntryPath), VolumeError> {
        let mut above = at.parent();
        while let Some(dir) = above.filter(|dir| !dir.is_root()) {
            if let Some(found) = self.state.known_dir(&dir) {
                return Ok((found, dir));
            }
            above = dir.parent();
        }
        Ok((self.root()?, EntryPath::root()))
    }

    /// Whether the way goes on through `entry`.
    fn enter(
        entry: &Entry,
        here: &EntryPath,
        at: &EntryPath,
        op: &'static str,
    ) -> Result<(), VolumeError> {
        if entry.is_real_dir() {
            return Ok(());
        }
        let cause = if entry.is_link() {
            Cause::ThroughLink(here.clone())
        } else {
            Cause::NotADirectory
        };
        Err(VolumeError::new(op, at, cause))
    }

    /// What `name` is in a directory.
    pub(super) fn child(&self, dir: &Found, name: &Name) -> Result<Option<Found>, VolumeError> {
        let change = self.state.dirs.get(&dir.entry.id);
        let changed = |name: &Name| change.and_then(|c| c.get(name, self.base));
        if let Some((name, id)) = changed(name) {
            return Ok(id.and_then(|id| self.object(id, name)));
        }
        let Some(base) = &dir.base else {
            return Ok(None);
        };
        let base = base.join(name);
        let entry = match self.state.beneath(self.base, &base) {
            Ok(entry) => entry,
            Err(e) => match e.cause {
                Cause::NotFound | Cause::PathNotFound(_) => return Ok(None),
                // A link whose data were taken off here is a directory now, an empty one.
                Cause::ThroughLink(_) | Cause::NotADirectory => return Ok(None),
                _ => return Err(e),
            },
        };
        // Found by its 8.3 name: the entry may be gone or replaced under its long one.
        if let Some(long) = entry.name.as_ref().filter(|long| *long != name) {
            if let Some((name, id)) = changed(long) {
                return Ok(id.and_then(|id| self.object(id, name)));
            }
        }
        Ok(Some(self.current(entry, base)))
    }

    /// An entry of the volume beneath as it is now.
    fn current(&self, entry: Entry, base: EntryPath) -> Found {
        match self.state.objects.get(&entry.id) {
            Some(object) => Found {
                entry: Entry {
                    name: entry.name,
                    short_name: entry.short_name,
                    ..object.entry.clone()
                },
                base: Some(base),
            },
            None => Found {
                entry,
                base: Some(base),
            },
        }
    }

    fn object(&self, id: FileId, name: &Name) -> Option<Found> {
        let object = self.state.objects.get(&id)?;
        Some(Found {
            entry: Entry {
                name: Some(name.clone()),
                ..object.entry.clone()
            },
            base: object.base.clone(),
        })
    }

    pub(super) fn read_dir(
        &self,
        at: &EntryPath,
        visit: &mut dyn FnMut(Entry) -> ControlFlow<()>,
    ) -> Result<(), VolumeError> {
        let dir = self.find(at, "list")?;
        if !dir.entry.is_real_dir() {
            return Err(VolumeError::new("list", at, Cause::NotADirectory));
        }
        let change = self.state.dirs.get(&dir.entry.id);
        let mut stopped = false;
        // A link whose data were taken off here is a directory now, an empty one.
        let is_dir = |base: &&EntryPath| self.base.entry(base).is_ok_and(|e| e.is_real_dir());
        if let Some(base) = dir.base.as_ref().filter(is_dir) {
            self.base
                .read_dir(base, &mut |entry| {
                    let name = entry.name.clone();
                    let hidden = name
                        .as_ref()
                        .is_some_and(|n| change.is_some_and(|c| c.get(n, self.base).is_some()));
                    if hidden {
                        return ControlFlow::Continue(());
                    }
                    let flow = visit(self.current(entry, EntryPath::root()).entry);
                    stopped = flow.is_break();
                    flow
                })
                .map_err(|e| moved(e, at))?;
        }
        for (name, id) in change.into_iter().flat_map(DirChange::names) {
            let found = id.and_then(|id| self.object(id, name));
            if let Some(found) = found.filter(|_| !stopped) {
                stopped = visit(found.entry).is_break();
            }
        }
        Ok(())
    }
}
