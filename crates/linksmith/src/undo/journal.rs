//! The journal folder: one file a run, frames appended as the run goes on.
//!
//! A file begins with [`MAGIC`]; each frame is its length (8 bytes), the CRC-32 of kind and payload (4),
//! its kind (1) and its payload. What is torn at the end was never acted on: the frame that says a step
//! is begun is on the disk before the step is.

use std::cell::Cell;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::codec::{Coded, Input, Malformed};
use super::file::{is_locked, lock, open_again, open_new, sync_dir};
use super::run::{Again, DriveRecord, Run, RunId, RunState};
use super::{Inverse, UndoError};
use crate::entry::{FileId, FileTime};
use crate::ops::Recorder;
use crate::plan::{Plan, PlannedStep, only_adds};
use crate::volume::DriveId;

/// What ends the name of a run's file while it is under way or interrupted.
const OPEN: &str = "run";
/// What ends it afterwards.
const ENDED: &str = "done";
/// The first bytes of a run's file; the digit is the version.
const MAGIC: &[u8; 8] = b"LSUNDO1\n";
/// Length, CRC-32 and kind.
const FRAME_HEADER: u64 = 13;

#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Kind {
    Start = 0,
    Plan = 1,
    Intend = 2,
    Done = 3,
    Back = 4,
    End = 5,
    /// More steps, and where they begin: what was after that is none of the run.
    More = 6,
}

impl Kind {
    const ALL: [Self; 7] = [
        Self::Start,
        Self::Plan,
        Self::Intend,
        Self::Done,
        Self::Back,
        Self::End,
        Self::More,
    ];
}

/// A folder of runs.
#[derive(Debug, Clone)]
pub struct Journal {
    dir: PathBuf,
    /// The highest number, once it was looked for.
    latest: Cell<Option<u64>>,
}

/// A run being recorded. Holds the file's lock until it is dropped.
#[derive(Debug)]
pub struct Recording {
    id: RunId,
    path: PathBuf,
    file: File,
    /// Frames that are not in the file yet: a command of one step is measured against `ln`, and each
    /// write is a call of the system.
    pending: Vec<u8>,
    /// Steps of the run that were done before this recording took it up again.
    offset: usize,
    /// The folder, until the file's name in it is on the disk.
    unsynced: Option<PathBuf>,
    /// Steps of the parts that are done.
    parts: usize,
    /// Whether the disk has to have it before a step is done. One step alone is whole or not at all by
    /// itself: nothing would have to be taken up after a power cut.
    durable: bool,
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

struct Frame {
    kind: Kind,
    /// Where its payload begins and it ends.
    at: u64,
    end: u64,
    /// Not read for a list of runs where it holds steps.
    payload: Vec<u8>,
}

impl Frame {
    fn decode<T>(
        &self,
        path: &Path,
        read: impl FnOnce(&mut Input<'_>) -> Result<T, Malformed>,
    ) -> Result<T, UndoError> {
        let mut input = Input::new(&self.payload);
        read(&mut input)
            .and_then(|value| input.end().map(|()| value))
            .map_err(|wrong| damaged(path, self.at + wrong.position as u64, wrong.what))
    }
}

/// The frame at `at`; `None` where it is not whole.
fn read_frame(file: &mut File, at: u64, size: u64, all: bool) -> io::Result<Option<Frame>> {
    let mut header = [0; FRAME_HEADER as usize];
    if size.saturating_sub(at) < FRAME_HEADER {
        return Ok(None);
    }
    file.seek(SeekFrom::Start(at))?;
    file.read_exact(&mut header)?;
    let mut input = Input::new(&header);
    let (Ok(length), Ok(sum), Ok(kind)) = (
        u64::read(&mut input),
        u32::read(&mut input),
        u8::read(&mut input),
    ) else {
        return Ok(None);
    };
    let start = at + FRAME_HEADER;
    let kind = Kind::ALL.into_iter().find(|k| *k as u8 == kind);
    let (Some(kind), true) = (kind, length <= size - start) else {
        return Ok(None);
    };
    let mut payload = Vec::new();
    if all || !matches!(kind, Kind::Plan | Kind::Intend | Kind::More) {
        file.take(length).read_to_end(&mut payload)?;
        if checksum(kind, &payload) != sum {
            return Ok(None);
        }
    }
    Ok(Some(Frame {
        kind,
        at: start,
        end: start + length,
        payload,
    }))
}

fn checksum(kind: Kind, payload: &[u8]) -> u32 {
    let mut sum = crc32fast::Hasher::new();
    sum.update(&[kind as u8]);
    sum.update(payload);
    sum.finalize()
}

fn read_start(id: RunId, input: &mut Input<'_>) -> Result<Run, Malformed> {
    Ok(Run {
        id,
        started: FileTime(u64::read(input)?),
        title: String::read(input)?,
        undoes: Option::<u64>::read(input)?.map(RunId),
        again: Vec::<(u64, FileId)>::read(input)?
            .into_iter()
            .map(|(step, id)| (usize::try_from(step).unwrap_or(usize::MAX), id))
            .collect(),
        in_parts: false,
        aliases: Vec::new(),
        count: usize::try_from(u64::read(input)?).unwrap_or(usize::MAX),
        drives: Vec::read(input)?,
        state: RunState::Interrupted,
        steps: Vec::new(),
        inverses: Vec::new(),
        ids: Vec::new(),
        back: None,
    })
}

/// Adds what a frame tells; the state, where it ends the run.
fn take_frame(
    run: &mut Run,
    frame: &Frame,
    path: &Path,
    all: bool,
) -> Result<Option<RunState>, UndoError> {
    let number =
        |input: &mut Input<'_>| u64::read(input).map(|n| usize::try_from(n).unwrap_or(usize::MAX));
    match frame.kind {
        Kind::Start => return Err(damaged(path, frame.at, "one start of a run")),
        Kind::Plan if all => run.steps = frame.decode(path, Vec::<PlannedStep>::read)?,
        Kind::Intend if all => {
            let (first, mut inverses) =
                frame.decode(path, |i| Ok((number(i)?, Vec::<Inverse>::read(i)?)))?;
            // A batch that was begun, found not done, and begun again by a later process.
            run.inverses.truncate(first);
            run.inverses.append(&mut inverses);
            run.back = None;
        }
        Kind::More if all => {
            let (first, mut steps) =
                frame.decode(path, |i| Ok((number(i)?, Vec::<PlannedStep>::read(i)?)))?;
            run.in_parts = true;
            run.steps.truncate(first);
            run.steps.append(&mut steps);
            run.inverses.truncate(first);
            run.ids.truncate(first);
        }
        Kind::More => run.in_parts = true,
        Kind::Plan | Kind::Intend => {}
        Kind::Done => {
            let (first, mut ids) =
                frame.decode(path, |i| Ok((number(i)?, Vec::<Option<FileId>>::read(i)?)))?;
            run.ids.truncate(first);
            run.ids.append(&mut ids);
            run.count = run.count.max(run.ids.len());
        }
        Kind::Back => {
            let step = frame.decode(path, number)?;
            run.ids.truncate(step);
            run.inverses.truncate(step.saturating_add(1));
            run.back = Some(step);
        }
        Kind::End => {
            let done = frame.decode(path, bool::read)?;
            let ended = if done {
                RunState::Done
            } else {
                RunState::TakenBack
            };
            return Ok(Some(ended));
        }
    }
    Ok(None)
}

impl Recording {
    /// The number of the run.
    pub fn id(&self) -> RunId {
        self.id
    }

    /// Writes what is pending.
    fn put(&mut self) -> Result<(), UndoError> {
        let written = self.file.write_all(&self.pending);
        self.pending.clear();
        written.map_err(|e| io_error("write", &self.path, e))
    }

    fn frame(&mut self, kind: Kind, payload: &[u8]) {
        let frame = &mut self.pending;
        (payload.len() as u64).write(frame);
        checksum(kind, payload).write(frame);
        (kind as u8).write(frame);
        frame.extend_from_slice(payload);
    }

    fn sync(&mut self) -> Result<(), UndoError> {
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

    fn more(&mut self, first: usize, steps: &[PlannedStep]) -> Result<(), UndoError> {
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

    fn done_frame(&mut self, first: usize, ids: &[Option<FileId>]) {
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

impl Coded for DriveRecord {
    fn write(&self, out: &mut Vec<u8>) {
        self.drive.0.write(out);
        self.serial.write(out);
        self.root.write(out);
    }
    fn read(input: &mut Input<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            drive: DriveId(u16::read(input)?),
            serial: u64::read(input)?,
            root: String::read(input)?,
        })
    }
}

/// Removes a run's file that nothing was written into.
fn discard(path: &Path) {
    // The journal's own file, not one of the user's volumes.
    #[allow(clippy::disallowed_methods)]
    let _ = fs::remove_file(path);
}

/// Gives the file of a run that ended the name that says so. Where it keeps its name it is only looked
/// into once more.
fn close(path: &Path) {
    // The journal's own file, not one of the user's volumes.
    #[allow(clippy::disallowed_methods)]
    let _ = fs::rename(path, path.with_extension(ENDED));
}

fn io_error(op: &'static str, path: &Path, source: io::Error) -> UndoError {
    UndoError::Io {
        op,
        path: path.to_owned(),
        source,
    }
}

fn damaged(path: &Path, position: u64, expected: &str) -> UndoError {
    UndoError::Damaged {
        path: path.to_owned(),
        position,
        expected: expected.to_owned(),
    }
}
