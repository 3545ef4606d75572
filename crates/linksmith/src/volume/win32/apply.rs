//! Doing steps one by one, each through the handle of the one entry it is about.

use std::io::{Read, Seek, Write};

use windows_sys::Win32::Storage::FileSystem as fs;

use super::handle::Handle;
use super::open::{LOOK, Make, new_name};
use super::sys;
use super::undo::{Undo, rebase_asides};
use super::volume::Win32Volume;
use crate::entry::{Attributes, LinkText, Times};
use crate::path::EntryPath;
use crate::plan::{Source, Step};
use crate::volume::{ApplyError, Cause, Sources, VolumeError};
use crate::win32_error::Win32Error;

/// The flags that a person may set; the others belong to the file system.
const SETTABLE: Attributes = Attributes::READONLY
    .union(Attributes::HIDDEN)
    .union(Attributes::SYSTEM)
    .union(Attributes::ARCHIVE)
    .union(Attributes::NOT_CONTENT_INDEXED);

impl Win32Volume {
    pub(super) fn apply_steps(
        &self,
        steps: &[&Step],
        sources: &dyn Sources,
    ) -> Result<(), ApplyError> {
        let mut undo = Vec::new();
        for (at, step) in steps.iter().enumerate() {
            let last = at + 1 == steps.len();
            if let Err(cause) = self.apply_step(step, last, sources, &mut undo) {
                let source = Box::new(VolumeError::new(step.verb(), step.at(), cause));
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
    fn apply_step(
        &self,
        step: &Step,
        last: bool,
        sources: &dyn Sources,
        undo: &mut Vec<Undo>,
    ) -> Result<(), Cause> {
        match step {
            Step::MakeDir { at } | Step::MakeDirLike { at, .. } => {
                let handle = self.make(at, Make::Dir, LOOK)?;
                self.made(at, &handle, undo)
            }
            Step::MakeFile { at, contents } => {
                let write = &mut |mut file: &std::fs::File| {
                    file.write_all(contents).map_err(|e| self.io_cause(e, at))
                };
                self.make_file(at, write, undo)
            }
            Step::CopyFile {
                at,
                from,
                times,
                attributes,
            } => {
                let write = &mut |file: &std::fs::File| self.copy_into(file, at, from, sources);
                self.make_file(at, write, undo)?;
                // The copy goes as a whole where this fails: what it noted for taking back suffices.
                self.set_meta(at, *times, *attributes, &mut Vec::new())
            }
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
        if let Some(name) = at.file_name() {
            new_name(&name)?;
        }
        self.make_at(at, make, access)
            .map_err(|code| match self.cause(code, at) {
                // Nothing was looked for, so it is a folder that is missing.
                Cause::NotFound => Cause::PathNotFound(at.parent().unwrap_or_default()),
                other => other,
            })
    }

    fn made(&self, at: &EntryPath, handle: &Handle, undo: &mut Vec<Undo>) -> Result<(), Cause> {
        let id = handle.id().map_err(|code| self.cause(code, at))?;
        undo.push(Undo::Remove { at: at.clone(), id });
        Ok(())
    }

    fn make_file(
        &self,
        at: &EntryPath,
        write: &mut dyn FnMut(&std::fs::File) -> Result<(), Cause>,
        undo: &mut Vec<Undo>,
    ) -> Result<(), Cause> {
        let handle = self.make(at, Make::File, LOOK | fs::FILE_WRITE_DATA | fs::DELETE)?;
        if let Err(cause) = write(handle.file()) {
            // The failure counts, not that of taking the rest of it away.
            let _ = handle.delete();
            return Err(cause);
        }
        self.made(at, &handle, undo)
    }

    fn copy_into(
        &self,
        mut file: &std::fs::File,
        at: &EntryPath,
        from: &Source,
        sources: &dyn Sources,
    ) -> Result<(), Cause> {
        let take = &mut |reader: &mut dyn Read| {
            std::io::copy(reader, &mut file).map_err(|e| self.io_cause(e, at))?;
            Ok(())
        };
        match from.drive {
            Some(_) => sources.read(from, take),
            None => from.read_from(self, take),
        }
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
        let limit = self.info.max_links;
        let id = handle.id().map_err(error)?;
        if handle.standard().map_err(error)?.links >= limit {
            drop(handle);
            return self
                .use_aside(id, new, undo)?
                .ok_or(Cause::TooManyLinks { limit });
        }
        self.link_name(&handle, new)?;
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

    pub(super) fn link_name(&self, file: &Handle, new: &EntryPath) -> Result<(), Cause> {
        let (dir, name) = self.parent_and_name(new)?;
        file.link_into(&dir, &name)
            .map_err(|code| self.cause(code, new))
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
            return Err(Cause::Unsupported("a change of its root directory"));
        }
        let moved = self
            .open_at(from, LOOK)
            .map_err(|code| self.cause(code, from))?;
        if let Some(there) = self.at_free_or_taken(to)? {
            let error = |code| self.cause(code, to);
            let same = moved.id().map_err(error)? == there.id().map_err(error)?;
            // A name that only changes its case is in nobody's way; in a case-sensitive directory the other
            // case is another entry.
            if !same || fold(from) != fold(to) {
                if !replace {
                    return Err(Cause::Exists);
                }
                if same {
                    return self.drop_name(from, to, undo);
                }
                self.give_way(there, to, last, undo)?;
            }
        }
        drop(moved);
        self.move_name(from, to, replace)?;
        rebase_asides(undo, from, to);
        // Before what was set aside gets its name back, this one has to leave it.
        undo.push(Undo::Rename {
            from: to.clone(),
            to: from.clone(),
        });
        Ok(())
    }

    fn at_free_or_taken(&self, at: &EntryPath) -> Result<Option<Handle>, Cause> {
        match self.open_at(at, LOOK) {
            Ok(there) => Ok(Some(there)),
            Err(Win32Error::FILE_NOT_FOUND | Win32Error::INVALID_NAME) => Ok(None),
            Err(code) => Err(self.cause(code, at)),
        }
    }

    /// Onto another name of the same file: that one is left.
    fn drop_name(
        &self,
        from: &EntryPath,
        to: &EntryPath,
        undo: &mut Vec<Undo>,
    ) -> Result<(), Cause> {
        self.open_to_delete(from)
            .and_then(|handle| handle.delete())
            .map_err(|code| self.cause(code, from))?;
        undo.push(Undo::Link {
            existing: to.clone(),
            new: from.clone(),
        });
        Ok(())
    }

    /// Refuses to replace a real directory, and keeps what is replaced where it may have to come back.
    fn give_way(
        &self,
        there: Handle,
        to: &EntryPath,
        last: bool,
        undo: &mut Vec<Undo>,
    ) -> Result<(), Cause> {
        let error = |code| self.cause(code, to);
        let tag = there.tag().map_err(error)?;
        let directory = there.standard().map_err(error)?.directory;
        drop(there);
        if directory && !tag.is_some_and(|tag| tag.is_name_surrogate()) {
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
            return Err(Cause::Unsupported("a change of its root directory"));
        }
        let error = |code| self.cause(code, at);
        self.lift_asides(at, undo)?;
        let handle = self.open_to_delete(at).map_err(error)?;
        if last {
            let handle = self.forget_mount_point(at, handle)?;
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

/// A path in the form in which those that are one are equal.
pub(super) fn fold(path: &EntryPath) -> String {
    path.display().to_uppercase()
}

/// Whether `path` lies below `dir`, case not counted.
fn below(path: &EntryPath, dir: &EntryPath) -> bool {
    let (path, dir) = (fold(path), fold(dir));
    path.strip_prefix(&dir)
        .is_some_and(|rest| rest.starts_with('/'))
}
