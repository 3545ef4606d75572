//! A run while it goes on: what is begun, done and taken back is appended to its file.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use super::frames::{Kind, checksum};
use super::{ENDED, io_error};
use crate::entry::FileId;
use crate::ops::Recorder;
use crate::plan::{PlannedStep, only_adds};
use crate::undo::codec::Coded;
use crate::undo::file::sync_dir;
use crate::undo::run::RunId;
use crate::undo::{Inverse, UndoError};

/// A run being recorded. Holds the file's lock until it is dropped.
#[derive(Debug)]
pub struct Recording {
    pub(super) id: RunId,
    pub(super) path: PathBuf,
    pub(super) file: File,
    /// Frames that are not in the file yet: a command of one step is measured against `ln`, and each
    /// write is a call of the system.
    pub(super) pending: Vec<u8>,
    /// Steps of the run that were done before this recording took it up again.
    pub(super) offset: usize,
    /// The folder, until the file's name in it is on the disk.
    pub(super) unsynced: Option<PathBuf>,
    /// Steps of the parts that are done.
    pub(super) parts: usize,
    /// Whether the disk has to have it before a step is done. One step alone is whole or not at all by
    /// itself: nothing would have to be taken up after a power cut.
    pub(super) durable: bool,
}

impl Recording {
    /// The number of the run.
    pub fn id(&self) -> RunId {
        self.id
    }

    /// Writes what is pending.
    pub(super) fn put(&mut self) -> Result<(), UndoError> {
        let written = self.file.write_all(&self.pending);
        self.pending.clear();
        written.map_err(|e| io_error("write", &self.path, e))
    }

    pub(super) fn frame(&mut self, kind: Kind, payload: &[u8]) {
        let frame = &mut self.pending;
        (payload.len() as u64).write(frame);
        checksum(kind, payload).write(frame);
        (kind as u8).write(frame);
        frame.extend_from_slice(payload);
    }

    pub(super) fn sync(&mut self) -> Result<(), UndoError> {
        self.put()?;
        if !self.durable {
            return Ok(());
        }
        let synced = self.file.sync_data();
        synced.map_err(|e| io_error("write", &self.path, e))?;
        match self.unsynced.take() {
            Some(dir) => sync_dir(&dir).map_err(|e| io_error("write", &dir, e)),
            None => Ok(()),
        }
    }

    pub(super) fn more(&mut self, first: usize, steps: &[PlannedStep]) -> Result<(), UndoError> {
        let mut payload = Vec::new();
        (first as u64).write(&mut payload);
        (steps.len() as u64).write(&mut payload);
        for step in steps {
            step.write(&mut payload);
        }
        self.frame(Kind::More, &payload);
        self.put()
    }

    /// Writes down the next steps of a run that comes in parts; the recorder that doing them wants.
    pub fn part(&mut self, steps: &[PlannedStep]) -> Result<Part<'_>, UndoError> {
        let first = self.parts;
        self.durable = !only_adds(steps);
        self.more(first, steps)?;
        Ok(Part {
            first,
            count: steps.len(),
            run: self,
        })
    }

    /// Ends a run that stopped between or in its parts, with `done` steps done.
    pub fn end_at(&mut self, done: usize) -> Result<(), UndoError> {
        self.more(done, &[])?;
        self.end(true)
    }

    pub(super) fn done_frame(&mut self, first: usize, ids: &[Option<FileId>]) {
        let mut payload = Vec::new();
        (first as u64).write(&mut payload);
        ids.to_vec().write(&mut payload);
        self.frame(Kind::Done, &payload);
    }
}

/// One part of a run: a plan of its own to whoever does it.
#[derive(Debug)]
pub struct Part<'r> {
    run: &'r mut Recording,
    first: usize,
    count: usize,
}

impl Recorder for Part<'_> {
    fn intend(&mut self, first: usize, inverses: &[Inverse]) -> Result<(), UndoError> {
        self.run.intend(self.first + first, inverses)
    }

    fn done(&mut self, first: usize, ids: &[Option<FileId>]) -> Result<(), UndoError> {
        self.run.done(self.first + first, ids)
    }

    fn back(&mut self, step: usize) -> Result<(), UndoError> {
        self.run.back(self.first + step)
    }

    /// The run goes on; a part that was taken back is none of it.
    fn end(&mut self, done: bool) -> Result<(), UndoError> {
        match done {
            true => self.run.parts += self.count,
            false => self.run.more(self.first, &[])?,
        }
        Ok(())
    }
}

impl Recorder for Recording {
    fn intend(&mut self, first: usize, inverses: &[Inverse]) -> Result<(), UndoError> {
        let mut payload = Vec::new();
        ((first + self.offset) as u64).write(&mut payload);
        inverses.to_vec().write(&mut payload);
        self.frame(Kind::Intend, &payload);
        self.sync()
    }

    /// Written with what comes next, and not synced: where it is lost, a look at the volume tells.
    fn done(&mut self, first: usize, ids: &[Option<FileId>]) -> Result<(), UndoError> {
        self.done_frame(first + self.offset, ids);
        Ok(())
    }

    fn back(&mut self, step: usize) -> Result<(), UndoError> {
        let mut payload = Vec::new();
        ((step + self.offset) as u64).write(&mut payload);
        self.frame(Kind::Back, &payload);
        self.sync()
    }

    /// A run taken up again that fails has only its rest taken back: it stays interrupted.
    fn end(&mut self, done: bool) -> Result<(), UndoError> {
        if done || self.offset == 0 {
            self.frame(Kind::End, &[u8::from(done)]);
            // The name must not say that it ended where the disk may yet forget it.
            self.sync()?;
            close(&self.path);
        }
        self.put()
    }
}

impl Drop for Recording {
    /// A run that stopped in the middle: what is known of it is written as far as that goes.
    fn drop(&mut self) {
        let _ = self.put();
    }
}

/// Gives the file of a run that ended the name that says so. Where it keeps its name it is only looked
/// into once more.
pub(super) fn close(path: &Path) {
    // The journal's own file, not one of the user's volumes.
    #[allow(clippy::disallowed_methods)]
    let _ = fs::rename(path, path.with_extension(ENDED));
}
