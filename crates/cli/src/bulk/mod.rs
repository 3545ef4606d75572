//! `apply -`: steps as JSON Lines on standard input, done as they come.
//!
//! A batch of lines is one plan: on an image one transaction. While it is done the lines of the next are
//! read, and no further, so a million lines need no more memory than two batches. Where a line fails, what
//! stands before it is done and what comes after it is not. A line that looks at the volume waits until all
//! before it is done.

mod doing;
mod line;

use std::collections::{HashMap, HashSet};
use std::io::BufRead;
use std::sync::Arc;

use linksmith::ops::{ExecuteError, Progress as _, Recorder as _};
use linksmith::volume::Drives;
use linksmith::{DriveId, FileId, Place};

use crate::change::{Carried, ChangeArgs, stopped, tell_steps};
use crate::error::{CliError, Exit};
use crate::journal;
use crate::output::progress::Bar;
use crate::session::Session;

use doing::{Batch, Doing, Failed};

/// Bytes of contents that a batch holds at most, however many steps it may have.
const BATCH_BYTES: usize = 16 << 20;
/// The longest line: contents are in it, as text or in hexadecimal.
const LONGEST_LINE: u64 = 256 << 20;

/// How lines become plans.
#[derive(Clone, Copy)]
pub(crate) struct Options<'o> {
    pub change: &'o ChangeArgs,
    /// Steps that are done together.
    pub batch: usize,
    /// All lines are one plan.
    pub whole: bool,
}

/// What the lines since the last batch would change, for those that have to look at something.
#[derive(Default)]
struct Pending {
    batch: Batch,
    bytes: usize,
    /// What is made, and whether it is a directory; what is changed otherwise.
    made: HashMap<Place, bool>,
    changed: HashSet<Place>,
    /// Names that go, by their files.
    gone: HashMap<FileId, u32>,
    /// A directory may have moved: no place is what it was.
    moved: bool,
}

impl Pending {
    /// Whether it is time to do it.
    fn is_full(&self, options: &Options<'_>) -> bool {
        !options.whole && (self.batch.lines.len() >= options.batch || self.bytes >= BATCH_BYTES)
    }

    /// Whether a place is as the volume has it, once all that is on its way is done.
    fn is_as_it_was(&self, place: &Place) -> bool {
        !self.moved && !self.made.contains_key(place) && !self.changed.contains(place)
    }
}

struct Bulk<'b> {
    session: &'b mut Session,
    drives: Arc<Drives>,
    options: Options<'b>,
    pending: Pending,
    doing: Doing,
    bar: Bar,
    /// Steps done.
    done: u64,
    /// The line being read, from 1.
    line: u64,
    /// A batch failed: nothing more is done.
    failed: bool,
}

/// Does the steps of every line of `input`.
pub(crate) fn run(
    session: &mut Session,
    input: &mut dyn BufRead,
    options: Options<'_>,
) -> Result<Exit, CliError> {
    let drives = session.drives()?;
    let whole = options.whole || options.change.dry_run || options.change.plan.is_some();
    let recording = match whole || options.change.no_undo {
        true => None,
        false => {
            let journal = journal::recover(session)?;
            journal::begin_in_parts(session, &drives, journal.as_ref())?
        }
    };
    let mut bar = Bar::new(&session.console);
    bar.begin(None);
    let mut bulk = Bulk {
        session,
        doing: Doing::new(Arc::clone(&drives), recording),
        drives,
        options: Options { whole, ..options },
        pending: Pending::default(),
        bar,
        done: 0,
        line: 0,
        failed: false,
    };
    let result = bulk.all(input);
    // Where the input could not be read on, a batch is still on its way. What was done is done, whatever stopped the rest.
    let result = bulk.wait().and(result);
    if let Some(mut recording) = bulk.doing.into_recording() {
        let ended = recording.end(bulk.done > 0);
        let ended = ended.map_err(|e| journal::error(&e));
        return result.and_then(|exit| ended.map(|()| exit));
    }
    result
}

impl Bulk<'_> {
    fn all(&mut self, input: &mut dyn BufRead) -> Result<Exit, CliError> {
        self.read(input)?;
        if self.options.whole {
            return self.whole();
        }
        self.finish()?;
        tell_steps(self.session, self.done)?;
        Ok(Exit::Done)
    }

    /// Takes every line. Batches that are full are on their way after it, the rest is pending.
    fn read(&mut self, input: &mut dyn BufRead) -> Result<(), CliError> {
        let mut text = Vec::new();
        loop {
            text.clear();
            let mut limited = std::io::Read::take(&mut *input, LONGEST_LINE);
            if limited.read_until(b'\n', &mut text)? == 0 {
                return Ok(());
            }
            self.line += 1;
            if text.trim_ascii().is_empty() {
                continue;
            }
            if let Err(error) = self.take(&text) {
                return Err(self.refused(error)?);
            }
            if self.pending.is_full(&self.options) {
                self.start()?;
            }
        }
    }

    /// What is to be told of a line that cannot be taken, once what stands before it is done.
    fn refused(&mut self, error: CliError) -> Result<CliError, CliError> {
        // A line before it failed while this one waited for it.
        if self.failed {
            return Ok(error);
        }
        if self.options.whole && !self.pending.batch.lines.is_empty() {
            let message = "nothing was done: all lines are one change";
            self.session.console.note(message)?;
        } else {
            self.finish()?;
        }
        Ok(self.at_line(self.line, error))
    }

    /// All of it as one plan, shown, saved or done.
    fn whole(&mut self) -> Result<Exit, CliError> {
        let plan = std::mem::take(&mut self.pending).batch.plan;
        let steps = plan.steps.len() as u64;
        if self.options.change.carry_out(self.session, &plan)? == Carried::Done {
            tell_steps(self.session, steps)?;
        }
        Ok(Exit::Done)
    }

    /// Does what is pending and waits for it.
    fn finish(&mut self) -> Result<(), CliError> {
        self.start()?;
        self.wait()
    }

    /// Begins to do what is pending, once what stands before it is done.
    fn start(&mut self) -> Result<(), CliError> {
        self.wait()?;
        let batch = std::mem::take(&mut self.pending).batch;
        if !batch.lines.is_empty() {
            self.doing.start(batch)?;
        }
        Ok(())
    }

    /// Waits for the batch that is on its way; where a step of it failed, does those before that one.
    fn wait(&mut self) -> Result<(), CliError> {
        match self.doing.wait() {
            Ok(steps) => {
                self.advance(steps);
                Ok(())
            }
            Err(failed) => {
                self.failed = true;
                self.pending = Pending::default();
                Err(self.stopped(*failed))
            }
        }
    }

    fn advance(&mut self, steps: usize) {
        self.done += steps as u64;
        self.bar.advance(steps as u64);
    }

    fn stopped(&mut self, failed: Failed) -> CliError {
        let Failed { batch, error } = failed;
        let step = match &error {
            ExecuteError::Step { step, .. } | ExecuteError::Unexpected { step, .. } => *step,
            _ => return stopped(self.session, &batch.plan, error).into(),
        };
        let line = batch.lines.get(step).copied().unwrap_or(self.line);
        let shown = stopped(self.session, &batch.plan, error).into();
        match self.again(batch, step) {
            Ok(()) => self.at_line(line, shown),
            Err(error) => error,
        }
    }

    /// Does the steps of a batch that stand before one that failed.
    fn again(&mut self, mut batch: Batch, before: usize) -> Result<(), CliError> {
        batch.plan.steps.truncate(before);
        if batch.plan.steps.is_empty() {
            return Ok(());
        }
        self.doing.start(batch)?;
        match self.doing.wait() {
            Ok(steps) => {
                self.advance(steps);
                Ok(())
            }
            Err(failed) => {
                let Failed { batch, error } = *failed;
                Err(stopped(self.session, &batch.plan, error).into())
            }
        }
    }

    fn at_line(&self, line: u64, error: CliError) -> CliError {
        let mut error = CliError {
            message: format!("line {line}: {}", error.message),
            ..error
        };
        if self.done > 0 {
            error.exit = Exit::Partly;
            let undo = match self.doing.is_recorded() {
                true => "; `linksmith undo` takes them back",
                false => "",
            };
            error
                .hint
                .get_or_insert_with(|| format!("The lines before it are done{undo}.").into());
        }
        error
    }
}

/// The drive and path of an error's place are in it already; this is only where it is.
fn on(drive: DriveId, path: &linksmith::EntryPath) -> Place {
    Place {
        drive,
        path: path.clone(),
    }
}
