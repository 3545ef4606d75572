//! A volume as it would be after some steps, without doing them.
//!
//! Two things need to know a state that is not there yet: the inverse of a step in the middle of a
//! transaction (what was there *just before* it), and the question what a delete or a move would break.
//! Rules that guess the answer from paths were rejected: chains, hard links and replaced names make them
//! wrong in corners. A preview is asked with the same `resolve` and `scan` as any volume instead.
//!
//! Only what differs is held: names by the directory they are in, objects by their file id. The rest is
//! read from the volume beneath, which must not change meanwhile.

mod edit;
mod names;
mod state;

use std::io::{Cursor, Read};
use std::ops::ControlFlow;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use super::{ApplyError, Beside, Caps, Cause, Sources, Space, Volume, VolumeError, VolumeInfo};
use crate::entry::{Entry, FileId, LinkText};
use crate::path::EntryPath;
use crate::plan::Step;
use edit::Edit;
use state::{Contents, State, View};

/// A volume beneath, and changes that only this value knows of.
pub struct Preview {
    base: Arc<dyn Volume>,
    state: RwLock<State>,
}

impl Preview {
    /// The volume as it is.
    pub fn new(base: Arc<dyn Volume>) -> Self {
        Self {
            base,
            state: RwLock::new(State::default()),
        }
    }

    /// Whether an object was made in the preview: its id is then no id of the volume beneath.
    pub const fn is_made_here(id: FileId) -> bool {
        id.file & state::MADE_HERE != 0
    }

    fn read_state(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// A path that leads to an object of the preview now; `None` where none does, or where it was not
    /// touched here.
    pub fn path_of(&self, id: FileId) -> Result<Option<EntryPath>, VolumeError> {
        let state = self.read_state();
        View::new(&*self.base, &state).path_of(id)
    }

    /// Where the volume beneath has the object at `at`; `None` for one that was made here.
    pub fn beneath(&self, at: &EntryPath) -> Result<Option<EntryPath>, VolumeError> {
        let state = self.read_state();
        Ok(View::new(&*self.base, &state).find(at, "read")?.base)
    }
}

impl Volume for Preview {
    fn info(&self) -> &VolumeInfo {
        self.base.info()
    }

    fn entry(&self, at: &EntryPath) -> Result<Entry, VolumeError> {
        let state = self.read_state();
        if state.is_unchanged() {
            return self.base.entry(at);
        }
        Ok(View::new(&*self.base, &state).find(at, "read")?.entry)
    }

    fn read_dir(
        &self,
        at: &EntryPath,
        visit: &mut dyn FnMut(Entry) -> ControlFlow<()>,
    ) -> Result<(), VolumeError> {
        let state = self.read_state();
        View::new(&*self.base, &state).read_dir(at, visit)
    }

    fn link_text(&self, at: &EntryPath) -> Result<Option<LinkText>, VolumeError> {
        let state = self.read_state();
        let found = View::new(&*self.base, &state).find(at, "read the link")?;
        if let Some(text) = state.link_of(found.entry.id) {
            return Ok(text.clone());
        }
        match found.base {
            Some(base) => self.base.link_text(&base).map_err(|e| state::moved(e, at)),
            None => Ok(None),
        }
    }

    fn read(&self, at: &EntryPath) -> Result<Box<dyn Read + '_>, VolumeError> {
        let state = self.read_state();
        let found = View::new(&*self.base, &state).find(at, "read")?;
        if found.entry.is_link() {
            return Err(VolumeError::new("read", at, Cause::ThroughLink(at.clone())));
        }
        let beneath = match state.contents_of(found.entry.id) {
            Some(Contents::Bytes(bytes)) => return Ok(Box::new(Cursor::new(bytes))),
            Some(Contents::Elsewhere) => {
                let cause = Cause::Unsupported("reading a copy before it is made");
                return Err(VolumeError::new("read", at, cause));
            }
            Some(Contents::Beneath(base)) => Some(base),
            None => found.base,
        };
        match beneath {
            Some(base) => self.base.read(&base).map_err(|e| state::moved(e, at)),
            None => Err(VolumeError::new("read", at, Cause::IsADirectory)),
        }
    }

    fn apply_with(&self, steps: &[&Step], _: &dyn Sources) -> Result<(), ApplyError> {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        // A single step looks before it changes anything, so only several need a copy to go back to.
        let before = (steps.len() > 1).then(|| state.clone());
        for (number, step) in steps.iter().enumerate() {
            if let Err(error) = Edit::new(&*self.base, &mut state).step(step) {
                if let Some(before) = before {
                    *state = before;
                }
                return Err(ApplyError {
                    step: number,
                    undone: true,
                    source: Box::new(error),
                });
            }
        }
        Ok(())
    }

    fn beside_contents(&self, at: &EntryPath) -> Result<Vec<Beside>, VolumeError> {
        let state = self.read_state();
        match View::new(&*self.base, &state).find(at, "look at")?.base {
            Some(base) => {
                let beside = self.base.beside_contents(&base);
                beside.map_err(|e| state::moved(e, at))
            }
            None => Ok(Vec::new()),
        }
    }

    fn space(&self) -> Result<Space, VolumeError> {
        self.base.space()
    }

    fn caps_at(&self, at: &EntryPath) -> Caps {
        self.base.caps_at(at)
    }

    fn root_of(&self, at: &EntryPath) -> EntryPath {
        self.base.root_of(at)
    }

    fn space_at(&self, at: &EntryPath) -> Result<Space, VolumeError> {
        self.base.space_at(at)
    }

    fn names(&self, at: &EntryPath) -> Result<Vec<EntryPath>, VolumeError> {
        let state = self.read_state();
        View::new(&*self.base, &state).names(at)
    }

    fn other_name(&self, at: &EntryPath, id: FileId) -> Result<Option<EntryPath>, VolumeError> {
        let state = self.read_state();
        View::new(&*self.base, &state).other_name(at, id)
    }

    fn compare_names(&self, a: &crate::path::Name, b: &crate::path::Name) -> std::cmp::Ordering {
        self.base.compare_names(a, b)
    }
}
