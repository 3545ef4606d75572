//! Names set aside while later steps may still fail.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU32, Ordering};

use super::PosixVolume;
use super::apply::Undo;
use crate::path::{EntryPath, Name};
use crate::volume::Cause;

impl PosixVolume {
    /// Moves a name out of the way, within its directory: nowhere else is surely the same file system.
    pub(super) fn set_aside(&self, at: &EntryPath) -> Result<EntryPath, Cause> {
        self.set_aside_in(at, &at.parent().unwrap_or_default())
    }

    fn set_aside_in(&self, at: &EntryPath, dir: &EntryPath) -> Result<EntryPath, Cause> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        loop {
            let number = COUNT.fetch_add(1, Ordering::Relaxed);
            let process = rustix::process::getpid().as_raw_nonzero();
            let name = Name::from_bytes(format!(".linksmith-{process}-{number}"))?;
            let aside = dir.join(&name);
            match self.rename_to_free(at, &aside) {
                Ok(()) => return Ok(aside),
                Err(Cause::Exists) => {}
                Err(cause) => return Err(cause),
            }
        }
    }

    /// Removes a directory that is empty but for what was set aside in it; that goes one up.
    pub(super) fn remove_dir_with_asides(
        &self,
        at: &EntryPath,
        done: &mut Vec<Undo>,
    ) -> Result<(), Cause> {
        match self.remove_dir(at) {
            Err(Cause::NotEmpty) => {}
            other => return other,
        }
        let asides = asides(done);
        let mut inside = Vec::new();
        let mut others = false;
        self.list(at, &mut |entry| {
            let path = entry.name.map(|name| at.join(&name)).unwrap_or_default();
            others = !asides.contains(&path);
            inside.push(path);
            if others {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        })?;
        if others {
            return Err(Cause::NotEmpty);
        }
        for old in inside {
            let new = self.set_aside_in(&old, &at.parent().unwrap_or_default())?;
            done.push(Undo::Rename { from: new, to: old });
        }
        self.remove_dir(at)
    }

    /// All steps are done: what was only kept to be put back goes.
    pub(super) fn finish(&self, done: &[Undo]) {
        for aside in asides(done) {
            // A name left over is no failure of the steps.
            let _ = self.unlink(&aside);
        }
    }
}

/// Where everything is that was set aside: it moved with its directory where that was renamed since.
fn asides(done: &[Undo]) -> Vec<EntryPath> {
    let mut asides: Vec<EntryPath> = Vec::new();
    for undo in done {
        match undo {
            Undo::Restore { aside, .. } => asides.push(aside.clone()),
            Undo::Rename { from: new, to: old } => {
                for aside in asides.iter_mut().filter(|aside| aside.starts_with(old)) {
                    *aside = moved(aside, old, new);
                }
            }
            _ => {}
        }
    }
    asides
}

/// `path`, which is `old` or below it, as it is called once `old` is called `new`.
fn moved(path: &EntryPath, old: &EntryPath, new: &EntryPath) -> EntryPath {
    let mut moved = new.clone();
    for name in path.names().skip(old.name_bytes().count()) {
        moved.push(&name);
    }
    moved
}
