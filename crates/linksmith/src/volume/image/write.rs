//! Steps on an image: all of them one change, committed through the journal.

use std::sync::{Arc, MutexGuard, PoisonError};

use linksmith_ntfs::FileRef;
use linksmith_ntfs::device::Ahead;
use linksmith_ntfs::edit::{EditError, EditOptions, Editor, Found, NewTimes};
use linksmith_ntfs::journal::{CommitReport, JournalError};

use super::trail::{Start, Stop, Trail};
use super::{
    ApplyError, Cause, Edit, ImageVolume, Shared, Sources, VolumeError, Writer, Writing, cause,
};
use crate::entry::{Attributes, FileTime, LinkText, Times};
use crate::path::{EntryPath, Name};
use crate::plan::{Source, Step};
use crate::reparse::{ReparsePoint, ReparseTag};
use crate::volume::new_name::check_windows_name;

impl Writer {
    pub(super) fn lock(&self) -> MutexGuard<'_, Writing> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ImageVolume {
    pub(super) fn apply_steps(
        &self,
        steps: &[&Step],
        sources: &dyn Sources,
    ) -> Result<(), ApplyError> {
        let Some(first) = steps.first() else {
            return Ok(());
        };
        let failed = |number: usize, step: &Step, undone: bool, cause: Cause| ApplyError {
            step: number,
            undone,
            source: Box::new(VolumeError::new(step.verb(), step.at(), cause)),
        };
        let Some(writer) = &self.writer else {
            return Err(failed(0, first, true, Cause::ReadOnly));
        };
        let mut writing = writer.lock();
        let editor = self
            .editor(&mut writing)
            .map_err(|e| failed(0, first, true, cause::of_edit(e)))?;
        let mut steps_done = Steps {
            volume: self,
            sources,
            editor,
            trail: Trail::default(),
        };
        for (number, step) in steps.iter().enumerate() {
            if let Err(cause) = steps_done.run(step) {
                // What was gathered is dropped with the editor: nothing of it was written.
                writing.editor = None;
                return Err(failed(number, step, true, cause));
            }
        }
        self.commit(writer, &mut writing).map_err(|error| {
            let undone = !matches!(
                error,
                EditError::Journal(
                    JournalError::Unfinished { .. } | JournalError::Undecided { .. }
                )
            );
            failed(
                steps.len() - 1,
                steps.last().unwrap_or(first),
                undone,
                cause::of_edit(error),
            )
        })
    }

    fn editor<'w>(&self, writing: &'w mut Writing) -> Result<&'w mut Edit, EditError> {
        let now = FileTime::now().0;
        let editor = match writing.editor.take() {
            Some(editor) => editor,
            None => Editor::beside(
                Ahead::new(Arc::clone(&self.device)),
                &*self.ntfs(),
                now,
                EditOptions::default(),
            )?,
        };
        let editor = writing.editor.insert(editor);
        editor.set_now(now);
        Ok(editor)
    }

    fn commit(&self, writer: &Writer, writing: &mut Writing) -> Result<(), EditError> {
        let Some(mut editor) = writing.editor.take() else {
            return Ok(());
        };
        let committed = self.commit_and_reopen(writer, &mut editor);
        // After a failure too: the disk may be in either state then.
        self.forget();
        writing.last = Some(committed?);
        writing.editor = Some(editor);
        Ok(())
    }

    fn commit_and_reopen(
        &self,
        writer: &Writer,
        editor: &mut Edit,
    ) -> Result<CommitReport, EditError> {
        let report = editor.commit(&*writer.journal)?;
        if editor.record_count() != self.ntfs().record_count() {
            let fresh: Shared = self.ntfs().reopened()?;
            *self.ntfs.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(fresh);
        }
        Ok(report)
    }
}

/// Runs steps on an editor.
struct Steps<'e> {
    volume: &'e ImageVolume,
    sources: &'e dyn Sources,
    editor: &'e mut Edit,
    /// Where the last path led: most steps are near the one before.
    trail: Trail,
}

impl Steps<'_> {
    fn run(&mut self, step: &Step) -> Result<(), Cause> {
        match step {
            Step::MakeDir { at } | Step::MakeDirLike { at, .. } => {
                let (parent, name) = self.free(at)?;
                self.editor
                    .create_dir(parent, &name)
                    .map_err(cause::of_edit)?;
            }
            Step::MakeFile { at, contents } => {
                let (parent, name) = self.free(at)?;
                self.editor
                    .create_file(parent, &name, contents)
                    .map_err(cause::of_edit)?;
            }
            Step::CopyFile {
                at,
                from,
                times,
                attributes,
            } => {
                self.copy_file(at, from)?;
                self.set_meta(at, times, *attributes)?;
            }
            Step::WriteFile { at, contents } => self.write_file(at, contents)?,
            Step::MakeLink { at, link, dir } => self.make_link(at, link, *dir)?,
            Step::SetReparse { at, data } => self.set_reparse(at, data)?,
            Step::ClearReparse { at } => {
                let found = self.find(at)?;
                self.editor
                    .clear_reparse(found.file)
                    .map_err(cause::of_edit)?;
            }
            Step::HardLink { existing, new } => {
                let found = self.find(existing)?;
                if found.is_directory() {
                    return Err(Cause::IsADirectory);
                }
                let (parent, name) = self.free(new)?;
                self.editor
                    .link(found.file, parent, &name)
                    .map_err(cause::of_edit)?;
            }
            Step::Rename { from, to, replace } => self.rename(from, to, *replace)?,
            Step::Remove { at } => self.remove(at)?,
            Step::SetMeta {
                at,
                times,
                attributes,
            } => self.set_meta(at, times, *attributes)?,
        }
        Ok(())
    }

    /// The directory in which a path's last name is, and that name.
    fn slot(&mut self, at: &EntryPath) -> Result<(FileRef, Name), Cause> {
        let Some(name) = at.file_name() else {
            return Err(Cause::Unsupported("a change of its root directory"));
        };
        let directory = self.above(at)?;
        check_windows_name(&name)?;
        Ok((directory, name))
    }

    fn free(&mut self, at: &EntryPath) -> Result<(FileRef, Vec<u16>), Cause> {
        if at.is_root() {
            return Err(Cause::Exists);
        }
        let (parent, name) = self.slot(at)?;
        Ok((parent, name.to_utf16()?))
    }

    /// The directory that a path's last name is looked up in.
    fn above(&mut self, at: &EntryPath) -> Result<FileRef, Cause> {
        let start = self.trail.start(at);
        let mut passed = Vec::new();
        let above = self.walk_above(at, start, &mut passed);
        self.trail.extend(at, start, &passed);
        above
    }

    fn walk_above(
        &mut self,
        at: &EntryPath,
        start: Start,
        passed: &mut Vec<Stop>,
    ) -> Result<FileRef, Cause> {
        let (mut here, end) = match start.stop {
            Some(stop) => (stop.file, stop.end),
            None => (self.editor.root().map_err(cause::of_edit)?, 0),
        };
        for (name, end) in at.names_after(end) {
            if end == at.as_bytes().len() {
                break;
            }
            let found = self.look_up(here, &name)?;
            let found = found.ok_or_else(|| Cause::PathNotFound(at.up_to(end)))?;
            if found.is_reparse_point() {
                return Err(Cause::ThroughLink(at.up_to(end)));
            }
            if !found.is_directory() {
                return Err(Cause::NotADirectory);
            }
            here = found.file;
            passed.push(Stop { end, file: here });
        }
        Ok(here)
    }

    /// What a name is in a directory. What cannot be a name here is not there either.
    fn look_up(&mut self, directory: FileRef, name: &Name) -> Result<Option<Found>, Cause> {
        match name.to_utf16() {
            Ok(units) => self
                .editor
                .lookup(directory, &units)
                .map_err(cause::of_edit),
            Err(_) => Ok(None),
        }
    }

    /// The entry at a path that is not the root.
    fn find(&mut self, at: &EntryPath) -> Result<Found, Cause> {
        let Some(name) = at.file_name() else {
            return Err(Cause::Unsupported("a change of its root directory"));
        };
        let directory = self.above(at)?;
        self.look_up(directory, &name)?.ok_or(Cause::NotFound)
    }

    fn copy_file(&mut self, at: &EntryPath, from: &Source) -> Result<(), Cause> {
        let (parent, name) = self.free(at)?;
        if from.drive.is_some() {
            let editor = &mut *self.editor;
            return self.sources.read(from, &mut |reader| {
                let made = editor.create_file_from(parent, &name, from.size, reader);
                made.map(|_| ()).map_err(cause::of_edit)
            });
        }
        let source = self.find(&from.at)?.file;
        let now = (
            self.volume.id(source),
            self.editor.size(source).map_err(cause::of_edit)?,
            self.editor.modified(source).map_err(cause::of_edit)?,
        );
        if now != (from.id, from.size, from.modified.0) {
            return Err(Cause::Changed);
        }
        let copied = self.editor.copy_file(source, from.size, parent, &name);
        match copied.map_err(cause::of_edit)? {
            Some(_) => Ok(()),
            // Compressed: only the reading side unpacks, and it has the file as it was before all this.
            None => from.read_from(self.volume, &mut |reader| {
                let made = self
                    .editor
                    .create_file_from(parent, &name, from.size, reader);
                made.map(|_| ()).map_err(cause::of_edit)
            }),
        }
    }

    fn write_file(&mut self, at: &EntryPath, contents: &[u8]) -> Result<(), Cause> {
        if at.is_root() {
            return Err(Cause::IsADirectory);
        }
        let found = self.find(at)?;
        if found.is_reparse_point() {
            return Err(Cause::ThroughLink(at.clone()));
        }
        if found.is_directory() {
            return Err(Cause::IsADirectory);
        }
        if found.attributes & Attributes::READONLY.bits() != 0 {
            return Err(Cause::Denied);
        }
        self.editor
            .write_file(found.file, contents)
            .map_err(cause::of_edit)
    }

    fn make_link(&mut self, at: &EntryPath, link: &LinkText, dir: bool) -> Result<(), Cause> {
        let LinkText::Reparse(data) = link else {
            return Err(Cause::Unsupported("POSIX symbolic links"));
        };
        check_data(data, dir)?;
        let (parent, name) = self.free(at)?;
        let made = self
            .editor
            .create_reparse_point(parent, &name, dir, data.as_bytes());
        made.map(|_| ()).map_err(cause::of_edit)
    }

    fn set_reparse(&mut self, at: &EntryPath, data: &ReparsePoint) -> Result<(), Cause> {
        let (file, is_directory) = match at.is_root() {
            true => (self.editor.root().map_err(cause::of_edit)?, true),
            false => {
                let found = self.find(at)?;
                (found.file, found.is_directory())
            }
        };
        check_data(data, is_directory)?;
        match self.editor.tag(file).map_err(cause::of_edit)? {
            // ERROR_REPARSE_TAG_MISMATCH: one kind of link does not become another in place.
            Some(old) if old != data.tag().0 => return Err(Cause::Win32(4394)),
            Some(_) => {}
            None if is_directory && !self.editor.is_empty(file).map_err(cause::of_edit)? => {
                return Err(Cause::NotEmpty);
            }
            None if is_directory => {}
            None if self.editor.size(file).map_err(cause::of_edit)? > 0 => {
                return Err(Cause::HasContents);
            }
            None => {}
        }
        self.trail.leave(file);
        self.editor
            .set_reparse(file, data.as_bytes())
            .map_err(cause::of_edit)
    }

    fn rename(&mut self, from: &EntryPath, to: &EntryPath, replace: bool) -> Result<(), Cause> {
        let moved = self.find(from)?.file;
        let (parent, name) = self.slot(from)?;
        let (new_parent, new_name) = self.slot(to)?;
        self.trail.leave(moved);
        let (name, new_name) = (name.to_utf16()?, new_name.to_utf16()?);
        let renamed = self
            .editor
            .rename(parent, &name, new_parent, &new_name, replace);
        renamed.map_err(cause::of_edit)
    }

    fn remove(&mut self, at: &EntryPath) -> Result<(), Cause> {
        if at.is_root() {
            return Err(Cause::Unsupported("removing its root directory"));
        }
        let gone = self.find(at)?.file;
        let directory = self.above(at)?;
        let name = at.file_name().ok_or(Cause::NotFound)?.to_utf16()?;
        self.trail.leave(gone);
        self.editor.remove(directory, &name).map_err(cause::of_edit)
    }

    fn set_meta(
        &mut self,
        at: &EntryPath,
        times: &Times,
        attributes: Option<Attributes>,
    ) -> Result<(), Cause> {
        let file = match at.is_root() {
            true => self.editor.root().map_err(cause::of_edit)?,
            false => self.find(at)?.file,
        };
        let given = |time: FileTime| (time.0 != 0).then_some(time.0);
        let times = NewTimes {
            created: given(times.created),
            modified: given(times.modified),
            record_modified: given(times.changed),
            accessed: given(times.accessed),
        };
        let set = self
            .editor
            .set_metadata(file, times, attributes.map(|flags| flags.bits()));
        set.map_err(cause::of_edit)
    }
}

fn check_data(data: &ReparsePoint, is_directory: bool) -> Result<(), Cause> {
    if data.tag() == ReparseTag::MOUNT_POINT && !is_directory {
        return Err(Cause::NotADirectory);
    }
    Ok(data.check_settable()?)
}
