//! Doing steps one by one, each through the handle of the one entry it is about.

use std::io::{Read, Seek, Write};

use windows_sys::Win32::Storage::FileSystem as fs;

use super::handle::Handle;
use super::link::forget_mount_point;
use super::open::{LOOK, Make};
use super::sys;
use super::undo::Undo;
use super::volume::Win32Volume;
use crate::entry::{Attributes, LinkText, Times};
use crate::path::EntryPath;
use crate::plan::Step;
use crate::volume::{ApplyError, Cause, VolumeError};
use crate::win32_error::Win32Error;

/// The flags that a person may set; the others belong to the file system.
const SETTABLE: Attributes = Attributes::READONLY
    .union(Attributes::HIDDEN)
    .union(Attributes::SYSTEM)
    .union(Attributes::ARCHIVE)
    .union(Attributes::NOT_CONTENT_INDEXED);

impl Win32Volume {
    pub(super) fn apply_steps(&self, steps: &[Step]) -> Result<(), ApplyError> {
        let mut undo = Vec::new();
        for (at, step) in steps.iter().enumerate() {
            let last = at + 1 == steps.len();
            if let Err(cause) = self.apply_step(step, last, &mut undo) {
                let source = Box::new(VolumeError::new(verb(step), step.at(), cause));
                return Err(ApplyError {
                    step: at,
                    undone: self.take_back(undo),
                    source,
                });
            }
        }
        self.drop_aside(&undo).map_err(|(at, cause)| ApplyError {
            step: steps.len().saturating_sub(1),
            undone: false,
            source: Box::new(VolumeError::new("clean up", &at, cause)),
        })
    }

    /// One step. With `last`, nothing needs to be kept to take it back: it is whole by itself.
    fn apply_step(&self, step: &Step, last: bool, undo: &mut Vec<Undo>) -> Result<(), Cause> {
        match step {
            Step::MakeDir { at } => {
                let handle = self.make(at, Make::Dir, LOOK)?;
                self.made(at, &handle, undo)
            }
            Step::MakeFile { at, contents } => self.make_file(at, contents, undo),
            Step::WriteFile { at, contents } => {
                let before = self.overwrite(at, contents)?;
                undo.push(Undo::Contents {
                    at: at.clone(),
                    contents: before,
                });
                Ok(())
            }
            Step::MakeLink {
                at,
                link: LinkText::Reparse(point),
                dir,
            } => {
                let handle = self.make_link(at, point, *dir)?;
                self.made(at, &handle, undo)
            }
            Step::MakeLink {
                link: LinkText::Posix(_),
                ..
            } => Err(Cause::Unsupported("POSIX symbolic links")),
            Step::SetReparse { at, data } => {
                let before = self.put_reparse(at, Some(data.as_bytes()))?;
                undo.push(Undo::Reparse {
                    at: at.clone(),
                    data: before,
                });
                Ok(())
            }
            Step::ClearReparse { at } => {
                let before = self.put_reparse(at, None)?.ok_or(Cause::NotALink)?;
                undo.push(Undo::Reparse {
                    at: at.clone(),
                    data: Some(before),
                });
                Ok(())
            }
            Step::HardLink { existing, new } => self.hard_link(existing, new, undo),
            Step::Rename { from, to, replace } => self.rename(from, to, *replace, last, undo),
            Step::Remove { at } => self.remove(at, last, undo),
            Step::SetMeta {
                at,
                times,
                attributes,
            } => self.set_meta(at, *times, *attributes, undo),
        }
    }

    pub(super) fn make(&self, at: &EntryPath, make: Make, access: u32) -> Result<Handle, Cause> {
        if at.is_root() {
            return Err(Cause::Exists);
        }
        self.make_at(at, make, access)
            .map_err(|code| self.cause(code, at))
    }

    fn made(&self, at: &EntryPath, handle: &Handle, undo: &mut Vec<Undo>) -> Result<(), Cause> {
        let id = handle.id().map_err(|code| self.cause(code, at))?;
        undo.push(Undo::Remove { at: at.clone(), id });
        Ok(())
    }

    fn make_file(
        &self,
        at: &EntryPath,
        contents: &[u8],
        undo: &mut Vec<Undo>,
    ) -> Result<(), Cause> {
        let handle = self.make(at, Make::File, LOOK | fs::FILE_WRITE_DATA | fs::DELETE)?;
        if let Err(e) = handle.file().write_all(contents) {
            // The failure counts, not that of taking the rest of it away.
            let _ = handle.delete();
            return Err(self.io_cause(e, at));
        }
        self.made(at, &handle, undo)
    }

    fn io_cause(&self, error: std::io::Error, at: &EntryPath) -> Cause {
        match Win32Error::from_io(&error) {
            Some(code) => self.cause(code, at),
            None => Cause::Io(error),
        }
    }

    /// New contents in place, for all of the file's names; gives the old ones. A failure half-way puts
    /// them back.
    pub(super) fn overwrite(&self, at: &EntryPath, contents: &[u8]) -> Result<Vec<u8>, Cause> {
        let error = |code| self.cause(code, at);
        let access = LOOK | fs::FILE_READ_DATA | fs::FILE_WRITE_DATA;
        let handle = self.open_at(at, access).map_err(error)?;
        if handle.standard().map_err(error)?.directory {
            return Err(Cause::IsADirectory);
        }
        if handle.tag().map_err(error)?.is_some() {
            return Err(Cause::ThroughLink(at.clone()));
        }
        let mut before = Vec::new();
        let mut file = handle.file();
        file.read_to_end(&mut before)
            .map_err(|e| self.io_cause(e, at))?;
        if let Err(e) = replace_contents(file, contents) {
            // The failure counts; what can be put back is.
            let _ = replace_contents(file, &before);
            return Err(self.io_cause(e, at));
        }
        Ok(before)
    }

    fn hard_link(
        &self,
        existing: &EntryPath,
        new: &EntryPath,
        undo: &mut Vec<Undo>,
    ) -> Result<(), Cause> {
        let error = |code| self.cause(code, existing);
        let handle = self
            .open_at(existing, LOOK | fs::FILE_WRITE_ATTRIBUTES)
            .map_err(error)?;
        if handle.standard().map_err(error)?.directory {
            return Err(Cause::IsADirectory);
        }
        let (dir, name) = self.parent_and_name(new)?;
        handle
            .link_into(&dir, &name)
            .map_err(|code| self.cause(code, new))?;
        let id = handle.id().map_err(error)?;
        let made = self
            .open_at(new, LOOK)
            .and_then(|made| made.id())
            .map_err(|code| self.cause(code, new))?;
        if made != id {
            return Err(Cause::ReadBack(
                "the new name leads to another file".to_owned(),
            ));
        }
        undo.push(Undo::Remove {
            at: new.clone(),
            id,
        });
        Ok(())
    }

    fn rename(
        &self,
        from: &EntryPath,
        to: &EntryPath,
        replace: bool,
        last: bool,
        undo: &mut Vec<Undo>,
    ) -> Result<(), Cause> {
        if from.is_root() || to.is_root() {
            return Err(Cause::Unsupported("changing a volume's root"));
        }
        if replace {
            self.give_way(from, to, last, undo)?;
        }
        self.move_name(from, to, replace)?;
        // Before what was set aside gets its name back, this one has to leave it.
        undo.push(Undo::Rename {
            from: to.clone(),
            to: from.clone(),
        });
        Ok(())
    }

    /// Refuses to replace a real directory, and keeps what is replaced where it may have to come back.
    fn give_way(
        &self,
        from: &EntryPath,
        to: &EntryPath,
        last: bool,
        undo: &mut Vec<Undo>,
    ) -> Result<(), Cause> {
        let there = match self.open_at(to, LOOK) {
            Ok(there) => there,
            Err(Win32Error::FILE_NOT_FOUND) => return Ok(()),
            Err(code) => return Err(self.cause(code, to)),
        };
        let error = |code| self.cause(code, to);
        let moved = self
            .open_at(from, LOOK)
            .map_err(|code| self.cause(code, from))?;
        if moved.id().map_err(error)? == there.id().map_err(error)? {
            return Ok(());
        }
        let link = there
            .tag()
            .map_err(error)?
            .is_some_and(|tag| tag.is_name_surrogate());
        let directory = there.standard().map_err(error)?.directory;
        if directory && !link {
            return Err(Cause::IsADirectory);
        }
        if !last {
            undo.push(self.set_aside(to, !directory)?);
        }
        Ok(())
    }

    pub(super) fn move_name(
        &self,
        from: &EntryPath,
        to: &EntryPath,
        replace: bool,
    ) -> Result<(), Cause> {
        let error = |code| self.cause(code, from);
        let handle = self.open_to_delete(from).map_err(error)?;
        if below(to, from) && handle.standard().map_err(error)?.directory {
            return Err(Cause::BelowItself);
        }
        let (dir, name) = self.parent_and_name(to)?;
        handle
            .rename_into(&dir, &name, replace)
            .map_err(|code| self.cause(code, to))
    }

    /// `DELETE`, and the right that only the older way of deleting wants, where it is given.
    pub(super) fn open_to_delete(&self, at: &EntryPath) -> sys::Result<Handle> {
        match self.open_at(at, LOOK | fs::DELETE | fs::FILE_WRITE_ATTRIBUTES) {
            Err(Win32Error::ACCESS_DENIED) => self.open_at(at, LOOK | fs::DELETE),
            other => other,
        }
    }

    fn remove(&self, at: &EntryPath, last: bool, undo: &mut Vec<Undo>) -> Result<(), Cause> {
        if at.is_root() {
            return Err(Cause::Unsupported("changing a volume's root"));
        }
        let error = |code| self.cause(code, at);
        let handle = self.open_to_delete(at).map_err(error)?;
        if last {
            forget_mount_point(&handle);
            return handle.delete().map_err(error);
        }
        // Setting aside would take a full directory too.
        let link = handle
            .tag()
            .map_err(error)?
            .is_some_and(|tag| tag.is_name_surrogate());
        if handle.standard().map_err(error)?.directory && !link && !self.is_empty_dir(at)? {
            return Err(Cause::NotEmpty);
        }
        undo.push(self.set_aside(at, false)?);
        Ok(())
    }

    fn is_empty_dir(&self, at: &EntryPath) -> Result<bool, Cause> {
        let mut empty = true;
        self.list(at, &mut |_| {
            empty = false;
            std::ops::ControlFlow::Break(())
        })
        .map_err(|e| e.cause)?;
        Ok(empty)
    }

    fn set_meta(
        &self,
        at: &EntryPath,
        times: Times,
        attributes: Option<Attributes>,
        undo: &mut Vec<Undo>,
    ) -> Result<(), Cause> {
        let error = |code| self.cause(code, at);
        let handle = self
            .open_at(at, LOOK | fs::FILE_WRITE_ATTRIBUTES)
            .map_err(error)?;
        let before = handle.basic().map_err(error)?;
        let wanted = attributes.map(|new| {
            let all = before.attributes.difference(SETTABLE) | new.intersection(SETTABLE);
            // 0 would mean "leave them as they are".
            if all.is_empty() {
                Attributes::NORMAL
            } else {
                all
            }
        });
        handle.set_basic(times, wanted).map_err(error)?;
        undo.push(Undo::Meta {
            at: at.clone(),
            times: before.times,
            attributes: before.attributes,
        });
        Ok(())
    }
}

fn replace_contents(mut file: &std::fs::File, contents: &[u8]) -> std::io::Result<()> {
    file.set_len(contents.len() as u64)?;
    file.rewind()?;
    file.write_all(contents)
}

/// Whether `path` lies below `dir`, case not counted.
fn below(path: &EntryPath, dir: &EntryPath) -> bool {
    let fold = |p: &EntryPath| p.display().to_uppercase();
    let (path, dir) = (fold(path), fold(dir));
    path.strip_prefix(&dir)
        .is_some_and(|rest| rest.starts_with('/'))
}

fn verb(step: &Step) -> &'static str {
    match step {
        Step::MakeDir { .. } => "make the directory",
        Step::MakeFile { .. } => "make the file",
        Step::WriteFile { .. } => "write",
        Step::MakeLink { .. } => "make the link",
        Step::SetReparse { .. } => "set the reparse data of",
        Step::ClearReparse { .. } => "clear the reparse data of",
        Step::HardLink { .. } => "make the hard link",
        Step::Rename { .. } => "rename to",
        Step::Remove { .. } => "remove",
        Step::SetMeta { .. } => "set times and attributes of",
    }
}
