//! Doing steps one by one, and taking back what was done when one fails.

use std::fs::File;
use std::io::{self, Seek};

use rustix::fs::AtFlags;

use super::{PosixVolume, cause, raw, steps};
use crate::entry::{FileId, LinkText, Times};
use crate::path::EntryPath;
use crate::plan::Step;
use crate::reparse::ReparsePoint;
use crate::volume::{ApplyError, Cause, Sources, VolumeError};

/// How a step is taken back, or, once all are done, finished.
#[derive(Debug)]
pub(super) enum Undo {
    /// Removes a name that was made, if it is still that file.
    Unlink(EntryPath, FileId),
    /// Removes a directory that was made; where something came into it meanwhile, this fails.
    RemoveDir(EntryPath),
    /// Makes a directory again that was removed.
    MakeDir(EntryPath, steps::DirMeta),
    /// Renames back.
    Rename { from: EntryPath, to: EntryPath },
    /// Puts a name back from where it was set aside; at the end what was set aside is removed.
    Restore { aside: EntryPath, at: EntryPath },
    /// Writes old contents back.
    Contents(EntryPath, File),
    /// Puts reparse data back, or takes them off again.
    Reparse(EntryPath, Option<ReparsePoint>),
    /// Sets old times back.
    Times(EntryPath, Times),
    /// Gives a file a name back that another of its names took the place of.
    Link { existing: EntryPath, new: EntryPath },
}

impl PosixVolume {
    pub(super) fn apply_steps(
        &self,
        steps: &[&Step],
        sources: &dyn Sources,
    ) -> Result<(), ApplyError> {
        let mut done = Vec::new();
        let mut settled = 0;
        for (number, step) in steps.iter().enumerate() {
            if !makes_reparse(step) {
                self.settle(steps.get(settled..number).unwrap_or_default());
                settled = number;
            }
            // Nothing comes after the last step that could fail, so it need not be taken back.
            let last = number + 1 == steps.len();
            if let Err(cause) = self.step(step, last, sources, &mut done) {
                self.settle(steps.get(settled..=number).unwrap_or_default());
                let undone = self.take_back(done);
                return Err(ApplyError {
                    step: number,
                    undone,
                    source: Box::new(VolumeError::new(step.verb(), step.at(), cause)),
                });
            }
        }
        self.finish(&done);
        self.settle(steps.get(settled..).unwrap_or_default());
        Ok(())
    }

    /// Last first; goes on where one fails, and says whether none did.
    fn take_back(&self, done: Vec<Undo>) -> bool {
        let mut whole = true;
        for undo in done.into_iter().rev() {
            whole &= self.take_one_back(undo).is_ok();
        }
        whole
    }

    fn take_one_back(&self, undo: Undo) -> Result<(), Cause> {
        match undo {
            Undo::Unlink(at, id) => {
                if self.look(&at)?.id != id {
                    return Err(Cause::Exists);
                }
                self.unlink(&at)
            }
            Undo::RemoveDir(at) => self.remove_dir(&at),
            Undo::MakeDir(at, meta) => self.make_dir_again(&at, &meta),
            Undo::Rename { from, to }
            | Undo::Restore {
                aside: from,
                at: to,
            } => self.rename_to_free(&from, &to),
            Undo::Contents(at, old) => self.write_back(&at, old),
            Undo::Reparse(at, old) => self.put_reparse_back(&at, old.as_ref()),
            Undo::Times(at, times) => self.set_times(&at, &times),
            Undo::Link { existing, new } => self.link_name(&existing, &new),
        }
    }

    /// Lets the kernel know anew what became reparse points: who looks next sees them as what they are.
    fn settle(&self, steps: &[&Step]) {
        let made = steps.iter().filter(|step| makes_reparse(step));
        for at in made.map(|step| step.at()) {
            if let (Ok(dir), Some(name)) = (self.open_parent(at), at.file_name()) {
                raw::settle(&dir, &name);
            }
        }
    }

    pub(super) fn unlink(&self, at: &EntryPath) -> Result<(), Cause> {
        let name = super::last_name(at)?;
        let dir = self.open_parent(at)?;
        rustix::fs::unlinkat(&dir, name.as_bytes(), AtFlags::empty()).map_err(cause::of)
    }

    fn write_back(&self, at: &EntryPath, mut old: File) -> Result<(), Cause> {
        let mut file = self.open_to_write(at)?;
        old.rewind().map_err(Cause::Io)?;
        let len = io::copy(&mut old, &mut file).map_err(Cause::Io)?;
        file.set_len(len).map_err(Cause::Io)
    }
}

fn makes_reparse(step: &Step) -> bool {
    let is_link = matches!(
        step,
        Step::MakeLink {
            link: LinkText::Reparse(_),
            ..
        }
    );
    is_link || matches!(step, Step::SetReparse { .. } | Step::ClearReparse { .. })
}
