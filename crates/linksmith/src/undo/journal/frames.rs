//! The frames of a run's file: what they are, how they are read, and what they tell of the run.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use crate::entry::{FileId, FileTime};
use crate::plan::PlannedStep;
use crate::undo::codec::{Coded, Input, Malformed};
use crate::undo::run::{DriveRecord, Run, RunId, RunState};
use crate::undo::{Inverse, UndoError};
use crate::volume::DriveId;

/// The first bytes of a run's file; the digit is the version.
pub(super) const MAGIC: &[u8; 8] = b"LSUNDO1\n";
/// Length, CRC-32 and kind.
pub(super) const FRAME_HEADER: u64 = 13;

#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Kind {
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

/// A frame of a run's file.
pub(super) struct Frame {
    pub(super) kind: Kind,
    /// Where its payload begins and it ends.
    at: u64,
    pub(super) end: u64,
    /// Not read for a list of runs where it holds steps.
    payload: Vec<u8>,
}

impl Frame {
    pub(super) fn decode<T>(
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
pub(super) fn read_frame(
    file: &mut File,
    at: u64,
    size: u64,
    all: bool,
) -> io::Result<Option<Frame>> {
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

pub(super) fn checksum(kind: Kind, payload: &[u8]) -> u32 {
    let mut sum = crc32fast::Hasher::new();
    sum.update(&[kind as u8]);
    sum.update(payload);
    sum.finalize()
}

pub(super) fn read_start(id: RunId, input: &mut Input<'_>) -> Result<Run, Malformed> {
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
pub(super) fn take_frame(
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

pub(super) fn damaged(path: &Path, position: u64, expected: &str) -> UndoError {
    UndoError::Damaged {
        path: path.to_owned(),
        position,
        expected: expected.to_owned(),
    }
}
