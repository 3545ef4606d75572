//! Taking back what was done, when a later step fails.

use super::volume::Win32Volume;
use crate::entry::{Attributes, FileId, Times};
use crate::path::{EntryPath, Name};
use crate::volume::Cause;
use crate::win32_error::Win32Error;
use windows_sys::Win32::Storage::FileSystem as fs;

use super::apply::fold;
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
    Restore {
        aside: EntryPath,
        at: EntryPath,
        id: FileId,
    },
    /// Give a file a name back that another of its names took the place of.
    Link { existing: EntryPath, new: EntryPath },
    /// Put times and attributes back.
    Meta {
        at: EntryPath,
        times: Times,
        attributes: Attributes,
    },
}

impl Win32Volume {
    /// Takes everything back, last first; `false` where one could not be. The others still are.
    pub(super) fn take_back(&self, mut undo: Vec<Undo>) -> bool {
        let mut whole = true;
        while let Some(step) = undo.pop() {
            let moved = match &step {
                Undo::Rename { from, to } => Some((from.clone(), to.clone())),
                _ => None,
            };
            whole &= self.take_one_back(step).is_ok();
            if let Some((from, to)) = moved {
                rebase_asides(&mut undo, &from, &to);
            }
        }
        whole
    }

    /// Moves what was set aside in a directory up beside it, so that the directory can go.
    pub(super) fn lift_asides(&self, dir: &EntryPath, undo: &mut [Undo]) -> Result<(), Cause> {
        for step in undo {
            let Undo::Restore { aside, .. } = step else {
                continue;
            };
            let inside = aside
                .parent()
                .is_some_and(|parent| fold(&parent) == fold(dir));
            if let Some((up, name)) = dir.parent().zip(aside.file_name()).filter(|_| inside) {
                let up = up.join(&name);
                self.move_name(aside, &up, false)?;
                *aside = up;
            }
        }
        Ok(())
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
            Undo::Restore { aside, at, .. } => self.move_name(&aside, &at, true),
            Undo::Link { existing, new } => {
                let file = self
                    .open_at(&existing, LOOK | fs::FILE_WRITE_ATTRIBUTES)
                    .map_err(|code| self.cause(code, &existing))?;
                self.link_name(&file, &new)
            }
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

    /// A name of a file with as many names as it may have: one that was removed, and is only kept aside
    /// to come back, does not count.
    pub(super) fn use_aside(
        &self,
        file: FileId,
        new: &EntryPath,
        undo: &mut Vec<Undo>,
    ) -> Result<Option<()>, Cause> {
        let asides: Vec<EntryPath> = undo
            .iter()
            .filter_map(|step| match step {
                Undo::Restore { aside, id, .. } if *id == file => Some(aside.clone()),
                _ => None,
            })
            .collect();
        for aside in asides {
            // One that was used before is no longer there.
            if self.open_at(&aside, LOOK).is_ok() {
                self.move_name(&aside, new, false)?;
                undo.push(Undo::Rename {
                    from: new.clone(),
                    to: aside,
                });
                return Ok(Some(()));
            }
        }
        Ok(None)
    }

    /// Removes what was set aside, once all steps are done.
    pub(super) fn drop_aside(&self, undo: &[Undo]) -> Result<(), (EntryPath, Cause)> {
        for step in undo {
            let Undo::Restore { aside, .. } = step else {
                continue;
            };
            match self
                .open_to_delete(aside)
                .and_then(|handle| handle.delete())
            {
                Ok(()) | Err(Win32Error::FILE_NOT_FOUND) => {}
                Err(code) => return Err((aside.clone(), self.cause(code, aside))),
            }
        }
        Ok(())
    }

    /// Moves an entry out of the way within its directory, or, for a file, gives it a second name there:
    /// then what it is called now can go and still come back.
    pub(super) fn set_aside(&self, at: &EntryPath, keep_name: bool) -> Result<Undo, Cause> {
        let error = |code| self.cause(code, at);
        let aside = aside_name(at)?;
        let (dir, name) = self.parent_and_name(&aside)?;
        let handle = self.open_to_delete(at).map_err(error)?;
        let id = handle.id().map_err(error)?;
        let linked = keep_name && handle.link_into(&dir, &name).is_ok();
        if !linked {
            handle.rename_into(&dir, &name, false).map_err(error)?;
        }
        let at = at.clone();
        Ok(Undo::Restore { aside, at, id })
    }
}

/// What was set aside below `from` lies below `to` now.
pub(super) fn rebase_asides(undo: &mut [Undo], from: &EntryPath, to: &EntryPath) {
    let depth = from.names().count();
    for step in undo {
        if let Undo::Restore { aside, .. } = step {
            let names: Vec<Name> = aside.names().collect();
            let above = names
                .get(..depth)
                .map(|names| fold(&EntryPath::from_names(names)));
            if above == Some(fold(from)) {
                let moved: Vec<Name> = to.names().chain(names.into_iter().skip(depth)).collect();
                *aside = EntryPath::from_names(&moved);
            }
        }
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
        .ok_or(Cause::Unsupported("a change of its root directory"))?;
    Ok(parent.join(&Name::from_bytes(name)?))
}
