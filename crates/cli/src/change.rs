//! Changes: the options of every verb that makes one, and the way a plan goes.

use std::ffi::OsString;
use std::path::PathBuf;

use linksmith::ops::{ExecuteError, Recorder, Watched, execute};
use linksmith::undo::{Keep, Recording, RunId, TakeBack};
use linksmith::volume::Drives;
use linksmith::{DriveId, Place, Plan, PlannedStep, Step, VolumeError};
use serde::Serialize;

use crate::describe::Description;
use crate::error::{CliError, Exit};
use crate::journal;
use crate::output::Console;
use crate::output::progress::Bar;
use crate::output::text::counted;
use crate::output::{json, visible};
use crate::plan_file::{PlanFile, StepOf, words};
use crate::session::{Session, failed, located};

/// Options of every verb that changes something.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct ChangeArgs {
    /// Print the plan and stop
    #[arg(short = 'n', long)]
    pub dry_run: bool,
    /// Save the plan as JSON and stop; `linksmith apply FILE` does it later
    #[arg(long, value_name = "FILE")]
    pub plan: Option<PathBuf>,
    /// Keep nothing to take the change back with; also what is too large to be kept goes then
    #[arg(long)]
    pub no_undo: bool,
}

/// What became of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Carried {
    /// It is done.
    Done,
    /// It was printed or saved.
    Shown,
}

/// A plan that was not done.
pub(crate) enum Stopped {
    /// A volume refused a step; what was done before is taken back. Another kind of link may still do.
    Volume(Box<VolumeError>, CliError),
    /// Anything else.
    Other(CliError),
}

impl From<CliError> for Stopped {
    fn from(error: CliError) -> Self {
        Self::Other(error)
    }
}

impl From<Stopped> for CliError {
    fn from(stopped: Stopped) -> Self {
        match stopped {
            Stopped::Volume(_, error) | Stopped::Other(error) => error,
        }
    }
}

impl ChangeArgs {
    /// Says a plan's warnings, then prints it, saves it or does it, as the options want.
    pub(crate) fn carry_out(&self, session: &mut Session, plan: &Plan) -> Result<Carried, Stopped> {
        for warning in &plan.warnings {
            let console = &mut session.console;
            console
                .warn(&warning.message, warning.hint.as_deref())
                .map_err(CliError::from)?;
        }
        if let Some(file) = &self.plan {
            save(session, plan, file)?;
        }
        if self.dry_run {
            print(session, plan)?;
        }
        if self.dry_run || self.plan.is_some() {
            return Ok(Carried::Shown);
        }
        if plan.steps.is_empty() {
            return Ok(Carried::Done);
        }
        let journal = match journal::recover(session) {
            // Who keeps no journal is not stopped by one that cannot be used.
            Err(_) if self.no_undo => None,
            journal => journal?,
        };
        let recording = if self.no_undo {
            None
        } else {
            journal::begin(session, plan, None, journal.as_ref())?
        };
        // What cannot be kept for taking back is lost only where nobody wants to take it back.
        let keep = match recording {
            Some(_) => Keep::DEFAULT,
            None => Keep::DEFAULT.or_lose(),
        };
        run(session, plan, recording, keep)?;
        Ok(Carried::Done)
    }
}

/// Does a step of another tool's command, or of the prompt's own. It is recorded as any change is, but
/// nothing about that stops it: the original knows no `undo`, and what is too large to be kept goes.
pub(crate) fn as_tool(session: &mut Session, drive: DriveId, step: Step) -> Result<(), Stopped> {
    as_tool_each(session, vec![(drive, step)]).map_err(|(_, stopped)| stopped)
}

/// As [`as_tool`], several steps of one command, so that `undo` takes back all of it. Where one fails,
/// those before it stay done, as the original leaves them; its number is given with the error.
pub(crate) fn as_tool_each(
    session: &mut Session,
    steps: Vec<(DriveId, Step)>,
) -> Result<(), (usize, Stopped)> {
    let mut plan = Plan::default();
    for (drive, step) in steps {
        plan.push(drive, step, Vec::new());
    }
    let failed = |number: usize, stopped| Err((number, stopped));
    match as_tool_whole(session, &plan) {
        Err(Failed { step, stopped }) if step > 0 => {
            // All was taken back; what the original would have done is done again.
            plan.steps.truncate(step);
            match as_tool_whole(session, &plan) {
                Ok(()) => failed(step, stopped),
                Err(again) => failed(again.step, again.stopped),
            }
        }
        Err(Failed { step, stopped }) => failed(step, stopped),
        Ok(()) => Ok(()),
    }
}

/// As [`as_tool`], all steps of a plan or none.
pub(crate) fn as_tool_whole(session: &mut Session, plan: &Plan) -> Result<(), Failed> {
    if plan.steps.is_empty() {
        return Ok(());
    }
    let recording = journal::recover(session)
        .and_then(|journal| journal::begin(session, plan, None, journal.as_ref()));
    let recording = match recording {
        Ok(recording) => recording,
        Err(error) => {
            let message = format!("this is not recorded for undo: {}", error.message);
            session
                .console
                .warn(&message, None)
                .map_err(CliError::from)?;
            None
        }
    };
    run(session, plan, recording, Keep::DEFAULT.or_lose())
}

/// Which step of a plan failed, from 0, and why.
pub(crate) struct Failed {
    step: usize,
    stopped: Stopped,
}

impl From<CliError> for Failed {
    fn from(error: CliError) -> Self {
        Self {
            step: 0,
            stopped: error.into(),
        }
    }
}

impl From<Failed> for Stopped {
    fn from(failed: Failed) -> Self {
        failed.stopped
    }
}

impl From<Failed> for CliError {
    fn from(failed: Failed) -> Self {
        failed.stopped.into()
    }
}

fn run(
    session: &mut Session,
    plan: &Plan,
    recording: Option<Recording>,
    keep: Keep,
) -> Result<(), Failed> {
    let drives = session.drives()?;
    let mut recording = recording;
    let recorder = recording.as_mut().map(|r| r as &mut dyn Recorder);
    let done = if plan.steps.len() < 2 {
        execute(plan, &*drives, keep, recorder)
    } else {
        let mut bar = Bar::new(&session.console);
        let mut watched = Watched::new(recorder, &mut bar, plan.steps.len());
        execute(plan, &*drives, keep, Some(&mut watched))
    };
    done.map(|_| ()).map_err(|error| {
        let step = match &error {
            ExecuteError::Step { step, .. } | ExecuteError::Unexpected { step, .. } => *step,
            _ => 0,
        };
        let stopped = stopped(session, plan, error);
        Failed { step, stopped }
    })
}

/// Does a plan and records it as taking back the run `undoes`.
pub(crate) fn take_back(
    session: &mut Session,
    back: &TakeBack,
    undoes: RunId,
) -> Result<(), CliError> {
    let journal = journal::open()?;
    let recording = journal::begin(
        session,
        &back.plan,
        Some((undoes, &back.again)),
        journal.as_ref(),
    )?;
    // What the run left is what is taken away: where that is too large to be kept, only this taking back
    // cannot be taken back itself.
    Ok(run(
        session,
        &back.plan,
        recording,
        Keep::DEFAULT.or_lose(),
    )?)
}

/// Does the rest of a run and records it there.
pub(crate) fn resume(
    session: &mut Session,
    plan: &Plan,
    recording: Recording,
) -> Result<(), CliError> {
    Ok(run(session, plan, Some(recording), Keep::DEFAULT)?)
}

pub(crate) fn stopped(session: &mut Session, plan: &Plan, error: ExecuteError) -> Stopped {
    match error {
        ExecuteError::Step {
            step,
            undone,
            source,
        } => {
            let drive = drive_of(plan, step);
            let error = match session.drives() {
                Ok(drives) => failed(&drives, drive, &source),
                Err(error) => error,
            };
            let error = if undone {
                error
            } else {
                error.hint("What was done before it could not all be taken back; look with `linksmith list`.")
            };
            Stopped::Volume(source, error)
        }
        ExecuteError::Unexpected {
            step,
            at,
            expected,
            found,
        } => {
            let drive = drive_of(plan, step);
            let shown = match session.drives() {
                Ok(drives) => drives.display(&Place { drive, path: at }),
                Err(_) => at.display().into_owned(),
            };
            let message = format!(
                "'{}' is not as the plan expects: {expected} was expected, {found} found",
                visible(shown.as_bytes())
            );
            let error = CliError::new(Exit::Unsafe, message)
                .path(shown.as_bytes())
                .hint("Something changed meanwhile; look again and make a new plan.");
            Stopped::Other(error)
        }
        ExecuteError::NoVolume(_) => {
            Stopped::Other(CliError::new(Exit::NotFound, error.to_string()))
        }
        ExecuteError::Undo(error) => Stopped::Other(journal::error(&error)),
        other => Stopped::Other(CliError::new(Exit::Partly, other.to_string())),
    }
}

fn drive_of(plan: &Plan, step: usize) -> DriveId {
    plan.steps.get(step).map_or(DriveId(0), |s| s.drive)
}

#[derive(Serialize)]
struct Line {
    v: u32,
    #[serde(flatten)]
    step: StepOf,
}

/// The steps, a line each.
fn print(session: &mut Session, plan: &Plan) -> Result<(), CliError> {
    let drives = session.drives()?;
    for step in &plan.steps {
        print_step(&mut session.console, &drives, step)?;
    }
    if plan.steps.is_empty() {
        session.console.note("nothing to do")?;
    }
    Ok(())
}

/// A step that is not done, in words or as JSON.
pub(crate) fn print_step(
    console: &mut Console,
    drives: &Drives,
    step: &PlannedStep,
) -> Result<(), CliError> {
    let line = match console.json {
        true => json::to_line(&Line {
            v: 1,
            step: StepOf::of(step),
        }),
        false => format!("would {}", words(drives, step)),
    };
    Ok(console.line(line)?)
}

// The file lies on this machine, which is no volume's business.
#[allow(clippy::disallowed_methods)]
fn save(session: &mut Session, plan: &Plan, file: &std::path::Path) -> Result<(), CliError> {
    let drives = session.drives()?;
    let mut text = json::to_line(&PlanFile::of(plan, &drives));
    text.push('\n');
    std::fs::write(file, text).map_err(|e| {
        let shown = file.as_os_str().as_encoded_bytes();
        CliError::cannot("save the plan", shown, &linksmith::Cause::Io(e))
    })?;
    let steps = counted(plan.steps.len() as u64, "step", "steps");
    let shown = file.display();
    Ok(session.console.note(format!("{steps} saved in {shown}"))?)
}

/// Says what became of one link; as JSON it is the link as it is now.
pub(crate) fn tell_link(session: &mut Session, at: &Place, line: &str) -> Result<(), CliError> {
    if !session.console.json {
        return Ok(session.console.note(line)?);
    }
    let drives = session.drives()?;
    let now = Description::of(&drives, at).map_err(located)?;
    Ok(session.console.line(json::to_line(&now.json()))?)
}

/// Says how many steps of a plan or a run were done.
pub(crate) fn tell_steps(session: &mut Session, steps: u64) -> Result<(), CliError> {
    #[derive(serde::Serialize)]
    struct Steps {
        v: u32,
        steps: u64,
    }
    let line = format!("{} done", counted(steps, "step", "steps"));
    Ok(session.console.done(&line, &Steps { v: 1, steps })?)
}

/// The last name of a path, for `-t DIR TARGET...`.
pub(crate) fn last_name(path: &OsString, windows: bool) -> Option<OsString> {
    let bytes = path.as_encoded_bytes();
    let separates = |b: &u8| *b == b'/' || (windows && matches!(b, b'\\' | b':'));
    let end = bytes.iter().rposition(|b| !separates(b))? + 1;
    let bytes = bytes.get(..end)?;
    let start = bytes.iter().rposition(separates).map_or(0, |i| i + 1);
    let name = bytes
        .get(start..)
        .filter(|n| !matches!(*n, b"" | b"." | b".."))?;
    Some(crate::args::os_string(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_names() {
        let check = |path: &str, windows: bool, want: Option<&str>| {
            assert_eq!(
                last_name(&path.into(), windows),
                want.map(Into::into),
                "{path}"
            );
        };
        check("a/b", false, Some("b"));
        check("a/b//", false, Some("b"));
        check("a\\b", false, Some("a\\b"));
        check("C:\\a\\b\\", true, Some("b"));
        check("C:x", true, Some("x"));
        check("C:\\", true, Some("C"));
        check("/", false, None);
        check("..", false, None);
    }
}
