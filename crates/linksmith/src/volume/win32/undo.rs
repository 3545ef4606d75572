//! Taking back what was done, when a later step fails.

use super::volume::Win32Volume;
use crate::entry::{Attributes, FileId, Times};
use crate::path::{EntryPath, Name};
use crate::volume::Cause;
use windows_sys::Win32::Storage::FileSystem as fs;

use super::open::LOOK;

/// How to take one step back.
#[derive(Debug)]
pub(super) enum Undo {
    /// Remove what was made, if it is still that.
    Remove { at: EntryPath, id: FileId },
    /// Put the contents back.
    Contents { at: EntryPath, contents: Vec<u8> },
    /// Put the reparse data back, or take them off where there were none.
    Reparse {
        at: EntryPath,
        data: Option<Vec<u8>>,
    },
    /// Rename back.
    Rename { from: EntryPath, to: EntryPath },
    /// Give what was set aside its name again.
    Restore { aside: EntryPath, at: EntryPath },
    /// Put times and attributes back.
    Meta {
        at: EntryPath,
        times: Times,
        attributes: Attributes,
    },
}

impl Win32Volume {
    /// Takes everything back, last first; `false` where one could not be. The others still are.
    pub(super) fn take_back(&self, undo: Vec<Undo>) -> bool {
        let results: Vec<bool> = undo
            .into_iter()
            .rev()
            .map(|step| self.take_one_back(step).is_ok())
            .collect();
        results.into_iter().all(|ok| ok)
    }

    fn take_one_back(&self, undo: Undo) -> Result<(), Cause> {
        match undo {
            Undo::Remove { at, id } => {
                let handle = self
                    .open_to_delete(&at)
                    .map_err(|code| self.cause(code, &at))?;
                let now = handle.id().map_err(|code| self.cause(code, &at))?;
                if now != id {
                    return Err(Cause::ReadBack(
                        "another entry has taken its place".to_owned(),
                    ));
                }
                handle.delete().map_err(|code| self.cause(code, &at))
            }
            Undo::Contents { at, contents } => self.overwrite(&at, &contents).map(|_| ()),
            Undo::Reparse { at, data } => self.put_reparse(&at, data.as_deref()).map(|_| ()),
            Undo::Rename { from, to } => self.move_name(&from, &to, false),
            Undo::Restore { aside, at } => self.move_name(&aside, &at, true),
            Undo::Meta {
                at,
                times,
                attributes,
            } => self
                .open_at(&at, LOOK | fs::FILE_WRITE_ATTRIBUTES)
                .and_then(|handle| handle.set_basic(times, Some(attributes)))
                .map_err(|code| self.cause(code, &at)),
        }
    }

    /// Removes what was set aside, once all steps are done.
    pub(super) fn drop_aside(&self, undo: &[Undo]) -> Result<(), (EntryPath, Cause)> {
        for step in undo {
            if let Undo::Restore { aside, .. } = step {
                self.open_to_delete(aside)
                    .and_then(|handle| handle.delete())
                    .map_err(|code| (aside.clone(), self.cause(code, aside)))?;
            }
        }
        Ok(())
    }

    /// Moves an entry out of the way within its directory, or, for a file, gives it a second name there:
    /// then what it is called now can go and still come back.
    pub(super) fn set_aside(&self, at: &EntryPath, keep_name: bool) -> Result<Undo, Cause> {
        let aside = aside_name(at)?;
        let (dir, name) = self.parent_and_name(&aside)?;
        if keep_name {
            let handle = self
                .open_at(at, LOOK | fs::FILE_WRITE_ATTRIBUTES)
                .map_err(|code| self.cause(code, at))?;
            if handle.link_into(&dir, &name).is_ok() {
                return Ok(Undo::Restore {
                    aside,
                    at: at.clone(),
                });
            }
        }
        let handle = self
            .open_to_delete(at)
            .map_err(|code| self.cause(code, at))?;
        handle
            .rename_into(&dir, &name, false)
            .map_err(|code| self.cause(code, at))?;
        Ok(Undo::Restore {
            aside,
            at: at.clone(),
        })
    }
}

/// A name beside `at` that nobody else uses.
fn aside_name(at: &EntryPath) -> Result<EntryPath, Cause> {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let next = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = format!(".linksmith-{}-{next}", std::process::id());
    let parent = at
        .parent()
        .ok_or(Cause::Unsupported("changing a volume's root"))?;
    Ok(parent.join(&Name::from_bytes(name)?))
}
