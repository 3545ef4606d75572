//! Batches on their way to the volume: one is done on a thread of its own while the lines of the next are read.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::thread::JoinHandle;

use linksmith::Plan;
use linksmith::ops::{ExecuteError, Recorder, execute};
use linksmith::undo::{Keep, Recording};
use linksmith::volume::Drives;

/// Steps that are done together, and the line of each.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) plan: Plan,
    pub(super) lines: Vec<u64>,
}

/// A batch that was not done, and why.
pub(super) struct Failed {
    pub(super) batch: Batch,
    pub(super) error: ExecuteError,
}

/// Does one batch at a time.
pub(super) struct Doing {
    drives: Arc<Drives>,
    recording: Option<Recording>,
    /// Whether the run is recorded at all; the recording itself is away while a batch is done.
    recorded: bool,
    busy: Option<JoinHandle<Ended>>,
}

/// What the thread gives back: the steps as well, for to free them takes a while, and the thread that reads has the time.
struct Ended {
    recording: Option<Recording>,
    batch: Batch,
    done: Result<(), ExecuteError>,
}

impl Doing {
    pub(super) fn new(drives: Arc<Drives>, recording: Option<Recording>) -> Self {
        Self {
            drives,
            recorded: recording.is_some(),
            recording,
            busy: None,
        }
    }

    /// Whether the run is recorded for `undo`.
    pub(super) fn is_recorded(&self) -> bool {
        self.recorded
    }

    /// Begins a batch, where none is on its way.
    pub(super) fn start(&mut self, batch: Batch) -> std::io::Result<()> {
        debug_assert!(self.busy.is_none(), "one batch at a time");
        let (drives, recording) = (Arc::clone(&self.drives), self.recording.take());
        let thread = std::thread::Builder::new().name("batch".into());
        self.busy = Some(thread.spawn(move || run(&drives, batch, recording))?);
        Ok(())
    }

    /// Waits for the batch that is on its way, if one is. Gives how many steps it did.
    pub(super) fn wait(&mut self) -> Result<usize, Box<Failed>> {
        let Some(busy) = self.busy.take() else {
            return Ok(0);
        };
        let ended = busy.join().unwrap_or_else(|panic| resume_unwind(panic));
        self.recording = ended.recording;
        let batch = ended.batch;
        match ended.done {
            Ok(()) => Ok(batch.plan.steps.len()),
            Err(error) => Err(Box::new(Failed { batch, error })),
        }
    }

    /// The recording; nothing may be on its way any more.
    pub(super) fn into_recording(self) -> Option<Recording> {
        self.recording
    }
}

fn run(drives: &Drives, batch: Batch, mut recording: Option<Recording>) -> Ended {
    let done = execute_part(drives, &batch.plan, &mut recording);
    Ended {
        recording,
        batch,
        done,
    }
}

fn execute_part(
    drives: &Drives,
    plan: &Plan,
    recording: &mut Option<Recording>,
) -> Result<(), ExecuteError> {
    let keep = match recording {
        Some(_) => Keep::DEFAULT,
        None => Keep::DEFAULT.or_lose(),
    };
    let mut part = match recording {
        Some(recording) => Some(recording.part(&plan.steps)?),
        None => None,
    };
    let recorder = part.as_mut().map(|part| part as &mut dyn Recorder);
    execute(plan, drives, keep, recorder)?;
    Ok(())
}
