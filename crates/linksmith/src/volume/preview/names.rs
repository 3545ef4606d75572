//! Where the things of a preview are: every name of a file, and the paths of what was moved.

use std::collections::{BTreeSet, HashMap};

use super::state::{DirChange, Object, View, moved};
use crate::entry::FileId;
use crate::path::{EntryPath, Name};
use crate::volume::{VolumeError, is_same_place};

/// Names that are kept of a file: as many from either end of their order, so that whoever removes them from one end comes to
/// the other last. All names of each file were kept before, and a hundred files of a thousand names were too many.
const OF_FILE: usize = 16;
/// Names that are kept of all files together.
const MOST_PATHS: usize = 1 << 17;

/// Names of files of which one was to go. Each of a thousand removals of one file's names asks which other name there is, and
/// the volume beneath would look for all of them each time.
#[derive(Default)]
pub(super) struct KnownNames {
    files: HashMap<FileId, Known>,
    paths: usize,
}

/// Names of one file. Some may be gone since.
#[derive(Default)]
struct Known {
    paths: BTreeSet<EntryPath>,
    /// Whether there may be others.
    more: bool,
}

impl KnownNames {
    /// Keeps names of a file, of all that it has.
    fn keep(&mut self, id: FileId, mut all: Vec<EntryPath>) {
        let more = all.len() > OF_FILE;
        if more {
            all.drain(OF_FILE / 2..all.len() - OF_FILE / 2);
        }
        if self.paths + all.len() > MOST_PATHS {
            self.forget();
        }
        self.paths += all.len();
        let paths = all.into_iter().collect();
        self.files.insert(id, Known { paths, more });
    }

    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    fn forget_file(&mut self, id: FileId) {
        if let Some(known) = self.files.remove(&id) {
            self.paths = self.paths.saturating_sub(known.paths.len());
        }
    }

    /// The known names of a file from the first on.
    fn of(&self, id: FileId) -> impl Iterator<Item = &EntryPath> {
        self.files
            .get(&id)
            .into_iter()
            .flat_map(|known| &known.paths)
    }

    fn are_all(&self, id: FileId) -> bool {
        self.files.get(&id).is_some_and(|known| !known.more)
    }

    fn remove(&mut self, id: FileId, gone: &[EntryPath]) {
        if let Some(known) = self.files.get_mut(&id) {
            let removed = gone.iter().filter(|path| known.paths.remove(*path));
            self.paths = self.paths.saturating_sub(removed.count());
        }
    }

    /// A file has one more name; where it is not known, the others are found anew.
    fn add(&mut self, id: FileId, path: Option<EntryPath>) {
        let Some(known) = self.files.get_mut(&id) else {
            return;
        };
        match path {
            Some(_) if known.paths.len() >= OF_FILE => known.more = true,
            Some(path) => self.paths += usize::from(known.paths.insert(path)),
            None => self.forget_file(id),
        }
    }
}

impl View<'_> {
    /// Every name of a file: those beneath that still lead to it, and those it was given here.
    pub(super) fn names(&self, at: &EntryPath) -> Result<Vec<EntryPath>, VolumeError> {
        let found = self.find(at, "list the names of")?;
        let id = found.entry.id;
        let mut paths = Vec::new();
        if let Some(base) = &found.base {
            let names = self.base.names(base);
            paths = self.unchanged(names.map_err(|e| moved(e, at))?)?;
        }
        let object = self.state.objects.get(&id);
        for (dir, name) in object.into_iter().flat_map(|object| &object.places) {
            if self.is_still(*dir, name, id) {
                paths.extend(self.dir_path(*dir)?.map(|dir| dir.join(name)));
            }
        }
        paths.sort_unstable();
        paths.dedup();
        Ok(paths)
    }

    /// Of names that a file has beneath those of which nothing is known here, where they are now. None is
    /// looked up: a name leads elsewhere only if that was done here.
    fn unchanged(&self, names: Vec<EntryPath>) -> Result<Vec<EntryPath>, VolumeError> {
        let mut dirs: HashMap<EntryPath, (Option<&DirChange>, Option<EntryPath>)> = HashMap::new();
        let mut paths = Vec::with_capacity(names.len());
        for path in names {
            let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
                paths.push(path);
                continue;
            };
            if !dirs.contains_key(&parent) {
                let id = self.base.entry(&parent)?.id;
                let now = self.placed_or(id, &parent)?;
                dirs.insert(parent.clone(), (self.state.dirs.get(&id), now));
            }
            let Some((change, Some(now))) = dirs.get(&parent) else {
                continue;
            };
            if change.is_none_or(|change| change.get(&name, self.base).is_none()) {
                paths.push(now.join(&name));
            }
        }
        Ok(paths)
    }

    /// Whether a name that was given here leads to the file still, spelled as it was given.
    fn is_still(&self, dir: FileId, name: &Name, id: FileId) -> bool {
        let change = self.state.dirs.get(&dir);
        change.and_then(|change| change.get(name, self.base)) == Some((name, Some(id)))
    }

    /// See [`Volume::other_name`](crate::volume::Volume::other_name). What is passed over is gone from the
    /// names that are known, so that no name is looked up twice.
    pub(super) fn other_name(
        &self,
        at: &EntryPath,
        id: FileId,
    ) -> Result<Option<EntryPath>, VolumeError> {
        let mut known = self.state.known_names();
        let other = self.known_other(&mut known, at, id);
        if other.is_some() || known.are_all(id) {
            return Ok(other);
        }
        known.forget_file(id);
        known.keep(id, self.names(at)?);
        Ok(self.known_other(&mut known, at, id))
    }

    /// Another of the names that are known of a file.
    fn known_other(&self, known: &mut KnownNames, at: &EntryPath, id: FileId) -> Option<EntryPath> {
        let mut gone = Vec::new();
        let mut other = None;
        for path in known.of(id) {
            if !self.is_name_of(path, id) {
                gone.push(path.clone());
            } else if !is_same_place(path, at, |dir| Some(self.find(dir, "read").ok()?.entry.id)) {
                other = Some(path.clone());
                break;
            }
        }
        known.remove(id, &gone);
        other
    }

    /// A file was given a name in a directory.
    pub(super) fn note_name(&self, id: FileId, dir: FileId, name: &Name) {
        let mut known = self.state.known_names();
        if known.files.contains_key(&id) {
            let path = self.dir_path(dir).ok().flatten();
            known.add(id, path.map(|dir| dir.join(name)));
        }
    }

    /// Whether a path leads to a file, and not by an older spelling of its name.
    fn is_name_of(&self, path: &EntryPath, id: FileId) -> bool {
        let found = self.find(path, "read");
        found.is_ok_and(|f| f.entry.id == id && f.entry.name == path.file_name())
    }

    /// A path by which a touched object is found.
    pub(super) fn path_of(&self, id: FileId) -> Result<Option<EntryPath>, VolumeError> {
        let Some(object) = self.state.objects.get(&id) else {
            return Ok(None);
        };
        let mut paths = Vec::new();
        for (dir, name) in object.places.iter().rev() {
            paths.extend(self.dir_path(*dir)?.map(|dir| dir.join(name)));
        }
        if let Some(base) = &object.base {
            paths.extend(self.now(base)?);
        }
        let leads = |path: &EntryPath| self.find(path, "read").is_ok_and(|f| f.entry.id == id);
        Ok(paths.into_iter().find(leads))
    }

    /// Where a path of the volume beneath is now, its directories' moves followed.
    fn now(&self, base: &EntryPath) -> Result<Option<EntryPath>, VolumeError> {
        let (Some(parent), Some(name)) = (base.parent(), base.file_name()) else {
            return Ok(Some(EntryPath::root()));
        };
        let id = self.base.entry(&parent)?.id;
        Ok(self.placed_or(id, &parent)?.map(|dir| dir.join(&name)))
    }

    fn placed_or(&self, dir: FileId, base: &EntryPath) -> Result<Option<EntryPath>, VolumeError> {
        match self.state.objects.get(&dir).map(|o| o.places.as_slice()) {
            Some([.., (parent, name)]) => {
                Ok(self.dir_path(*parent)?.map(|parent| parent.join(name)))
            }
            _ => self.now(base),
        }
    }

    /// Where a directory that was touched here is now.
    fn dir_path(&self, dir: FileId) -> Result<Option<EntryPath>, VolumeError> {
        match self.state.objects.get(&dir) {
            Some(Object { places, base, .. }) => match (places.last(), base) {
                (Some((parent, name)), _) => {
                    Ok(self.dir_path(*parent)?.map(|parent| parent.join(name)))
                }
                (None, Some(base)) => self.now(base),
                (None, None) => Ok(None),
            },
            None => Ok(None),
        }
    }
}
