//! The journal folder: one file a run, frames appended as the run goes on.
//!
//! A file begins with [`MAGIC`]; each frame is its length (8 bytes), the CRC-32 of kind and payload (4),
//! its kind (1) and its payload. What is torn at the end was never acted on: the frame that says a step
//! is begun is on the disk before the step is.

mod frames;
mod recording;

use std::cell::Cell;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::UndoError;
use super::codec::Coded;
use super::file::{is_locked, lock, open_again, open_new};
use super::run::{Again, DriveRecord, Run, RunId, RunState};
use crate::entry::{FileId, FileTime};
use crate::plan::{Plan, only_adds};
use frames::{Frame, Kind, MAGIC, damaged, read_frame, read_start, take_frame};
use recording::close;
pub use recording::{Part, Recording};

/// What ends the name of a run's file while it is under way or interrupted.
const OPEN: &str = "run";
/// What ends it afterwards.
const ENDED: &str = "done";
/// A folder of runs.
#[derive(Debug, Clone)]
pub struct Journal {
    dir: PathBuf,
    /// The highest number, once it was looked for.
    latest: Cell<Option<u64>>,
}

impl Journal {
    /// The journal in a folder, which is made where it is not there.
    pub fn open(dir: impl Into<PathBuf>) -> Result<Self, UndoError> {
        let dir = dir.into();
        match fs::create_dir_all(&dir) {
            Ok(()) => Ok(Self {
                dir,
                latest: Cell::new(None),
            }),
            Err(source) => Err(io_error("open", &dir, source)),
        }
    }

    /// Writes a plan down. It is on the disk before its first step, together with how that is taken
    /// back. The title says what was asked for.
    pub fn begin(
        &self,
        title: &str,
        plan: &Plan,
        drives: &[DriveRecord],
        undoes: Option<(RunId, &[(usize, FileId)])>,
    ) -> Result<Recording, UndoError> {
        let (id, path, file) = self.new_file()?;
        lock(&file).map_err(|e| io_error("lock", &path, e))?;
        let mut recording = Recording {
            id,
            path,
            file,
            pending: MAGIC.to_vec(),
            offset: 0,
            unsynced: Some(self.dir.clone()),
            parts: 0,
            durable: plan.steps.len() > 1 && !only_adds(&plan.steps),
        };
        let mut start = Vec::new();
        FileTime::now().0.write(&mut start);
        title.to_owned().write(&mut start);
        undoes.map(|(id, _)| id.0).write(&mut start);
        let again = undoes.map_or(&[][..], |(_, again)| again);
        let again = again.iter().map(|(step, id)| (*step as u64, *id));
        again.collect::<Vec<_>>().write(&mut start);
        (plan.steps.len() as u64).write(&mut start);
        drives.to_vec().write(&mut start);
        recording.frame(Kind::Start, &start);
        let mut steps = Vec::new();
        plan.steps.write(&mut steps);
        recording.frame(Kind::Plan, &steps);
        recording.put()?;
        Ok(recording)
    }

    /// Begins a run whose steps come in parts, each done before the next is known: see
    /// [`Recording::part`]. Where it stops in the middle, what was done stays done.
    pub fn begin_in_parts(
        &self,
        title: &str,
        drives: &[DriveRecord],
    ) -> Result<Recording, UndoError> {
        let mut recording = self.begin(title, &Plan::default(), drives, None)?;
        recording.more(0, &[])?;
        Ok(recording)
    }

    fn new_file(&self) -> Result<(RunId, PathBuf, File), UndoError> {
        let latest = match self.latest.get() {
            Some(latest) => latest,
            None => self.numbers()?.last().map_or(0, |last| last.0),
        };
        let mut number = latest + 1;
        loop {
            let id = RunId(number);
            let path = self.path(id);
            match open_new(&path) {
                Ok(file) if self.path_of(id) == path => {
                    self.latest.set(Some(number));
                    return Ok((id, path, file));
                }
                // Another process took the number a moment ago, and its run may have ended already.
                Ok(_) => discard(&path),
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
                Err(e) => return Err(io_error("write", &path, e)),
            }
            number += 1;
        }
    }

    /// The file of a run that has not ended.
    fn path(&self, id: RunId) -> PathBuf {
        self.dir.join(format!("{:08}.{OPEN}", id.0))
    }

    /// The file of a run, ended or not.
    fn path_of(&self, id: RunId) -> PathBuf {
        let ended = self.path(id).with_extension(ENDED);
        match ended.symlink_metadata() {
            Ok(_) => ended,
            Err(_) => self.path(id),
        }
    }

    /// The runs there are, the oldest first.
    fn numbers(&self) -> Result<Vec<RunId>, UndoError> {
        let mut numbers: Vec<RunId> = self.named()?.into_iter().map(|(id, _)| id).collect();
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// The runs in any order, and whether their names leave open that they ended.
    fn named(&self) -> Result<Vec<(RunId, bool)>, UndoError> {
        let failed = |e| io_error("list", &self.dir, e);
        let mut numbers = Vec::new();
        for file in fs::read_dir(&self.dir).map_err(failed)? {
            let name = file.map_err(failed)?.file_name();
            let Some((number, extension)) = name.to_str().and_then(|n| n.split_once('.')) else {
                continue;
            };
            if extension == OPEN || extension == ENDED {
                let number = number.parse().ok().map(RunId);
                numbers.extend(number.map(|number| (number, extension == OPEN)));
            }
        }
        Ok(numbers)
    }

    /// Every run, the oldest first, without its steps. A file that cannot be read is an item too.
    pub fn runs(&self) -> Result<Vec<Result<Run, UndoError>>, UndoError> {
        let mut runs = Vec::new();
        for id in self.numbers()? {
            runs.push(self.load(id, false));
        }
        mark_undone(&mut runs);
        Ok(runs)
    }

    /// One run with its steps.
    pub fn run(&self, id: RunId) -> Result<Run, UndoError> {
        let mut run = self.load(id, true)?;
        for other in self.runs()?.into_iter().flatten() {
            if other.id == id {
                run.state = other.state;
            }
            if other.id > id {
                let pairs = other.again.iter();
                let pairs =
                    pairs.map(|(step, old)| (*old, other.ids.get(*step).copied().flatten()));
                // A damaged journal may say otherwise, and ids are followed forwards only.
                let earlier = other.undoes.filter(|undone| *undone < other.id);
                run.aliases.extend(earlier.map(|removed_by| Again {
                    removed_by,
                    made_by: other.id,
                    ids: pairs.collect(),
                }));
            }
        }
        Ok(run)
    }

    /// The newest run that can be taken back and takes back no other itself.
    pub fn last(&self) -> Result<Option<Run>, UndoError> {
        let newest = self
            .runs()?
            .into_iter()
            .flatten()
            .rev()
            .find(|run| run.undoes.is_none() && run.state == RunState::Done);
        newest.map(|run| self.run(run.id)).transpose()
    }

    /// Runs that stopped in the middle, the newest first: later ones build on earlier ones.
    pub fn interrupted(&self) -> Result<Vec<Run>, UndoError> {
        // Asked before every change: the names alone tell which runs ended, and the next number.
        let all = self.named()?;
        self.latest
            .set(Some(all.iter().map(|(id, _)| id.0).max().unwrap_or(0)));
        let mut open: Vec<RunId> = all
            .into_iter()
            .filter_map(|(id, open)| open.then_some(id))
            .collect();
        open.sort_unstable_by(|a, b| b.cmp(a));
        let mut stopped = Vec::new();
        for run in open.into_iter().filter_map(|id| self.load(id, false).ok()) {
            let run = match run.state {
                // Another run may have taken it back since, which only all of them together tell.
                RunState::Interrupted => self.run(run.id)?,
                _ => run,
            };
            match run.state {
                RunState::Interrupted => stopped.push(run),
                RunState::Done | RunState::TakenBack => close(&self.path(run.id)),
                RunState::UnderWay => {}
            }
        }
        Ok(stopped)
    }

    /// Takes an interrupted run up again to do the rest of it. `done` steps of it are done.
    pub fn resume(&self, run: &Run, done: usize) -> Result<Recording, UndoError> {
        let path = self.path(run.id);
        let (kept, _) = self.frames(run.id, false)?;
        let mut file = open_again(&path).map_err(|e| io_error("open", &path, e))?;
        lock(&file).map_err(|_| UndoError::UnderWay(run.id))?;
        let failed = |e| io_error("write", &path, e);
        // What was torn at the end goes, else it would hide what follows.
        file.set_len(kept).map_err(failed)?;
        file.seek(SeekFrom::End(0)).map_err(failed)?;
        let mut recording = Recording {
            id: run.id,
            path,
            file,
            pending: Vec::new(),
            offset: done,
            unsynced: None,
            parts: 0,
            durable: true,
        };
        let unknown = done.saturating_sub(run.ids.len());
        if unknown > 0 {
            let ids: Vec<Option<FileId>> = vec![None; unknown];
            recording.done_frame(run.ids.len(), &ids);
        }
        Ok(recording)
    }

    /// Forgets the oldest runs that ended, all but `newest`.
    pub fn prune(&self, newest: usize) -> Result<usize, UndoError> {
        let runs = self.runs()?;
        let ended: Vec<RunId> = runs
            .into_iter()
            .flatten()
            .filter(|run| matches!(run.state, RunState::Done | RunState::TakenBack))
            .map(|run| run.id)
            .collect();
        let old = ended.len().saturating_sub(newest);
        for id in ended.iter().take(old) {
            let path = self.path_of(*id);
            // The journal's own file, not one of the user's volumes.
            #[allow(clippy::disallowed_methods)]
            fs::remove_file(&path).map_err(|e| io_error("remove", &path, e))?;
        }
        Ok(old)
    }

    /// Frames that are whole, and where the last of them ends. Without `all` only what tells the
    /// state is read.
    fn frames(&self, id: RunId, all: bool) -> Result<(u64, Vec<Frame>), UndoError> {
        let path = self.path_of(id);
        let mut file = File::open(&path).map_err(|e| match e.kind() {
            io::ErrorKind::NotFound => UndoError::NoRun(id),
            _ => io_error("open", &path, e),
        })?;
        let failed = |e| io_error("read", &path, e);
        let size = file.seek(SeekFrom::End(0)).map_err(failed)?;
        file.seek(SeekFrom::Start(0)).map_err(failed)?;
        let mut magic = [0; MAGIC.len()];
        if file.read_exact(&mut magic).is_err() || magic != *MAGIC {
            return Err(damaged(&path, 0, "'LSUNDO1'"));
        }
        let mut at = MAGIC.len() as u64;
        let mut frames = Vec::new();
        while let Some(frame) = read_frame(&mut file, at, size, all).map_err(failed)? {
            at = frame.end;
            frames.push(frame);
        }
        Ok((at, frames))
    }

    fn load(&self, id: RunId, all: bool) -> Result<Run, UndoError> {
        let path = self.path_of(id);
        let (_, frames) = self.frames(id, all)?;
        let mut frames = frames.into_iter();
        let start = frames
            .next()
            .filter(|frame| frame.kind == Kind::Start)
            .ok_or_else(|| damaged(&path, MAGIC.len() as u64, "the start of a run"))?;
        let mut run = start.decode(&path, |input| read_start(id, input))?;
        let mut state = RunState::Interrupted;
        for frame in frames {
            if let Some(ended) = take_frame(&mut run, &frame, &path, all)? {
                state = ended;
            }
        }
        run.state = match state {
            RunState::Interrupted if is_locked(&path) => RunState::UnderWay,
            other => other,
        };
        Ok(run)
    }
}

/// A run is taken back when a run that undoes it is done and not taken back itself. Those come later.
fn mark_undone(runs: &mut [Result<Run, UndoError>]) {
    let mut undone = std::collections::HashSet::new();
    for run in runs.iter_mut().rev().flatten() {
        if undone.contains(&run.id) {
            run.state = RunState::TakenBack;
        } else if run.state == RunState::Done {
            undone.extend(run.undoes);
        }
    }
}

/// Removes a run's file that nothing was written into.
fn discard(path: &Path) {
    // The journal's own file, not one of the user's volumes.
    #[allow(clippy::disallowed_methods)]
    let _ = fs::remove_file(path);
}

fn io_error(op: &'static str, path: &Path, source: io::Error) -> UndoError {
    UndoError::Io {
        op,
        path: path.to_owned(),
        source,
    }
}
