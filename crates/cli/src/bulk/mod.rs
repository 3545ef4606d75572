//! `apply -`: steps as JSON Lines on standard input, done as they come.
//!
//! A batch of lines is one plan: on an image one transaction. Before the next batch is read this one is
//! done, so a million lines need no more memory than a batch. Where a line fails, what stands before it
//! is done and what comes after it is not.

mod line;

use std::collections::{HashMap, HashSet};
use std::io::BufRead;
use std::sync::Arc;

use linksmith::ops::{ExecuteError, Progress as _, Recorder, execute};
use linksmith::undo::{Keep, Recording};
use linksmith::volume::Drives;
use linksmith::{DriveId, FileId, Place, Plan};

use crate::change::{Carried, ChangeArgs, stopped, tell_steps};
use crate::error::{CliError, Exit};
use crate::journal;
use crate::output::progress::Bar;
use crate::session::Session;

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
    plan: Plan,
    /// The line of each step.
    lines: Vec<u64>,
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
    /// Whether a place is as the volume has it.
    fn is_as_it_was(&self, place: &Place) -> bool {
        !self.moved && !self.made.contains_key(place) && !self.changed.contains(place)
    }
}

struct Bulk<'b> {
    session: &'b mut Session,
    drives: Arc<Drives>,
    options: Options<'b>,
    pending: Pending,
    recording: Option<Recording>,
    bar: Bar,
    /// Steps done.
    done: u64,
    /// The line being read, from 1.
    line: u64,
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
        false => journal::begin_in_parts(session)?,
    };
    let mut bar = Bar::new(&session.console);
    bar.begin(None);
    let mut bulk = Bulk {
        session,
        drives,
        options: Options { whole, ..options },
        pending: Pending::default(),
        recording,
        bar,
        done: 0,
        line: 0,
    };
    let result = bulk.all(input);
    // What was done is done, whatever stopped the rest.
    if let Some(recording) = &mut bulk.recording {
        let ended = recording.end(bulk.done > 0);
        let ended = ended.map_err(|e| journal::error(&e));
        return result.and_then(|exit| ended.map(|()| exit));
    }
    result
}

impl Bulk<'_> {
    fn all(&mut self, input: &mut dyn BufRead) -> Result<Exit, CliError> {
        let mut text = Vec::new();
        loop {
            text.clear();
            let mut limited = std::io::Read::take(&mut *input, LONGEST_LINE);
            if limited.read_until(b'\n', &mut text)? == 0 {
                break;
            }
            self.line += 1;
            if text.trim_ascii().is_empty() {
                continue;
            }
            if let Err(error) = self.take(&text) {
                // What stands before this line is done first.
                let line = self.line;
                self.flush()?;
                return Err(self.at_line(line, error));
            }
            let full =
                self.pending.lines.len() >= self.options.batch || self.pending.bytes >= BATCH_BYTES;
            if full && !self.options.whole {
                self.flush()?;
            }
        }
        if self.options.whole {
            return self.whole();
        }
        self.flush()?;
        tell_steps(self.session, self.done)?;
        Ok(Exit::Done)
    }

    /// All of it as one plan, shown, saved or done.
    fn whole(&mut self) -> Result<Exit, CliError> {
        let pending = std::mem::take(&mut self.pending);
        let steps = pending.plan.steps.len() as u64;
        let change = self.options.change;
        if change.carry_out(self.session, &pending.plan)? == Carried::Done {
            tell_steps(self.session, steps)?;
        }
        Ok(Exit::Done)
    }

    /// Does the batch; where a step of it fails, those before that one.
    fn flush(&mut self) -> Result<(), CliError> {
        let pending = std::mem::take(&mut self.pending);
        if pending.plan.steps.is_empty() {
            return Ok(());
        }
        if self.options.whole {
            let message = "nothing was done: all lines are one change";
            self.session.console.note(message)?;
            return Ok(());
        }
        match self.execute(&pending.plan) {
            Ok(()) => Ok(()),
            Err(error) => {
                let (ExecuteError::Step { step, .. } | ExecuteError::Unexpected { step, .. }) =
                    &error
                else {
                    return Err(stopped(self.session, &pending.plan, error).into());
                };
                let (step, line) = (
                    *step,
                    pending.lines.get(*step).copied().unwrap_or(self.line),
                );
                let shown: CliError = stopped(self.session, &pending.plan, error).into();
                let mut before = pending.plan;
                before.steps.truncate(step);
                if !before.steps.is_empty() {
                    self.execute(&before)
                        .map_err(|again| CliError::from(stopped(self.session, &before, again)))?;
                }
                Err(self.at_line(line, shown))
            }
        }
    }

    fn execute(&mut self, plan: &Plan) -> Result<(), ExecuteError> {
        let keep = match self.recording {
            Some(_) => Keep::DEFAULT,
            None => Keep::DEFAULT.or_lose(),
        };
        let mut part = match &mut self.recording {
            Some(recording) => Some(recording.part(&plan.steps)?),
            None => None,
        };
        let recorder = part.as_mut().map(|part| part as &mut dyn Recorder);
        execute(plan, &*self.drives, keep, recorder)?;
        self.done += plan.steps.len() as u64;
        self.bar.advance(plan.steps.len() as u64);
        Ok(())
    }

    fn at_line(&self, line: u64, error: CliError) -> CliError {
        let mut error = CliError {
            message: format!("line {line}: {}", error.message),
            ..error
        };
        if self.done > 0 {
            error.exit = Exit::Partly;
            let undo = match self.recording {
                Some(_) => "; `linksmith undo` takes them back",
                None => "",
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
