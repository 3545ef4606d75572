//! `import HOST_DIR DIR`, `export DIR HOST_DIR`.

use std::ffi::{OsStr, OsString};
use std::sync::Arc;

use linksmith::ops::{ExecuteError, Progress as _, Recorder, execute};
use linksmith::undo::{Keep, Part, Recording};
use linksmith::volume::{ApplyError, Drives};
use linksmith::{Caps, DriveId, EntryPath, Place, Plan, PlannedStep, Step};

use serde::Serialize;

use crate::change::print_step;
use crate::error::{self, CliError, Exit};
use crate::journal;
use crate::output::progress::Bar;
use crate::output::text::{bytes, counted};
use crate::output::{Console, visible};
use crate::session::{Session, located, located_on, not_applied};
use crate::transfer::{self, Both, Counts, Side, Watch};

/// Copy a directory of this machine onto an attached drive, with its links
///
/// Relative links keep their text, absolute ones that lead into the tree lead to the same place in the
/// copy, hard links stay one file. What leads out of the tree is kept as a link of WSL, and named.
#[derive(clap::Args)]
pub(crate) struct Import {
    /// A directory of this machine
    #[arg(value_name = "HOST_DIR")]
    from: OsString,
    /// The directory on the drive; it need not be there yet
    #[arg(value_name = "DIR")]
    to: OsString,
    #[command(flatten)]
    how: How,
}

/// The options of both.
#[derive(Clone, Copy, clap::Args)]
struct How {
    /// Print what would be made and stop
    #[arg(short = 'n', long)]
    dry_run: bool,
    /// Keep nothing to take it back with
    #[arg(long)]
    no_undo: bool,
}

impl super::Command for Import {
    const NAME: &'static str = "import";
    const EXAMPLES: &'static str = "
  linksmith --drive C=disk.img import ~/project C:\\project";

    fn run(self, session: &mut Session) -> Result<Exit, CliError> {
        let drive = attached(session)?;
        refuse_read_only(&drive, &self.to)?;
        let host = host()?;
        let recording = match self.how.is_recorded() {
            true => {
                let journal = journal::recover(session)?;
                journal::begin_in_parts(session, &drive, journal.as_ref())?
            }
            false => None,
        };
        let (from, to) = ((&host, &*self.from), (&*drive, &*self.to));
        carry(session, from, to, self.how, recording)
    }
}

/// Copy a directory of an attached drive onto this machine, with its links
///
/// Links become the links of this machine: relative ones keep their text, junctions and absolute links
/// into the tree become relative ones, hard links stay one file.
#[derive(clap::Args)]
pub(crate) struct Export {
    /// The directory on the drive
    #[arg(value_name = "DIR")]
    from: OsString,
    /// A directory of this machine; it need not be there yet
    #[arg(value_name = "HOST_DIR")]
    to: OsString,
    #[command(flatten)]
    how: How,
}

impl super::Command for Export {
    const NAME: &'static str = "export";
    const EXAMPLES: &'static str = "
  linksmith --drive C=disk.img,ro export C:\\Users\\me rescued";

    fn only_looks(&self) -> bool {
        true
    }

    fn run(self, session: &mut Session) -> Result<Exit, CliError> {
        let drive = attached(session)?;
        let host = host()?;
        let recording = match self.how.is_recorded() {
            // The drive is only read: what stopped there is not taken back now.
            true => journal::begin_in_parts(session, &host, journal::open()?.as_ref())?,
            false => None,
        };
        let (from, to) = ((&*drive, &*self.from), (&host, &*self.to));
        carry(session, from, to, self.how, recording)
    }
}

impl How {
    fn is_recorded(self) -> bool {
        !self.dry_run && !self.no_undo
    }
}

fn host() -> Result<Drives, CliError> {
    Drives::host().map_err(located)
}

fn attached(session: &mut Session) -> Result<Arc<Drives>, CliError> {
    if session.globals.drives.is_empty() {
        return Err(CliError::usage("no drive is attached to copy to or from")
            .hint("`linksmith --drive C=disk.img import HOST_DIR C:\\DIR`"));
    }
    session.drives()
}

/// Said once, and not of every entry.
fn refuse_read_only(drives: &Drives, to: &OsStr) -> Result<(), CliError> {
    let place = match drives.locate_target(to) {
        Ok(place) => place,
        Err(_) => drives.locate(to).map_err(|e| located_on(drives, to, e))?,
    };
    let volume = drives.volume(place.drive).map_err(located)?;
    if volume.caps_at(&place.path).contains(Caps::READ_ONLY) {
        let cause = linksmith::Cause::ReadOnly;
        return Err(CliError::cannot("copy to", to.as_encoded_bytes(), &cause));
    }
    Ok(())
}

fn carry(
    session: &mut Session,
    (from, from_text): (&Drives, &OsStr),
    (to, to_text): (&Drives, &OsStr),
    how: How,
    recording: Option<Recording>,
) -> Result<Exit, CliError> {
    let source = from
        .locate_target(from_text)
        .map_err(|e| located_on(from, from_text, e))?;
    let target = match to.locate_target(to_text) {
        Ok(place) => place,
        Err(_) => to.locate(to_text).map_err(|e| located_on(to, to_text, e))?,
    };
    let volume = from.volume(source.drive).map_err(located)?;
    let entry = volume.entry(&source.path);
    if !entry.is_ok_and(|e| e.is_real_dir()) {
        let cause = linksmith::Cause::NotADirectory;
        return Err(CliError::cannot(
            "copy",
            from_text.as_encoded_bytes(),
            &cause,
        ));
    }
    let mut bar = Bar::new(&session.console);
    bar.begin(None);
    // What would fail is seen on a preview.
    let preview = how.dry_run.then(|| to.preview());
    let to = preview.as_ref().unwrap_or(to);
    let mut told = Told {
        volumes: Both { from, to },
        console: &mut session.console,
        bar,
        dry_run: how.dry_run,
        recording,
        recorded: 0,
        errors: 0,
    };
    let from = Side {
        drives: from,
        root: source,
    };
    let to = Side {
        drives: to,
        root: target,
    };
    let counts = transfer::run(&from, &to, &mut told);
    let errors = told.errors;
    if let Some(mut recording) = told.recording {
        // What was done is done, whatever stopped the rest.
        let ended = recording.end(told.recorded > 0);
        ended.map_err(|e| journal::error(&e))?;
    }
    let counts = counts?;
    if !how.dry_run {
        report(session, counts)?;
    }
    Ok(if errors > 0 { Exit::Partly } else { Exit::Done })
}

fn report(session: &mut Session, counts: Counts) -> Result<(), CliError> {
    let Counts {
        directories,
        files,
        links,
    } = counts;
    let line = format!(
        "copied {}, {}, {}",
        counted(files, "file", "files"),
        counted(directories, "directory", "directories"),
        counted(links, "link", "links")
    );
    Ok(session.console.done(
        &line,
        &Done {
            v: 1,
            files,
            directories,
            links,
        },
    )?)
}

#[derive(Serialize)]
struct Done {
    v: u32,
    files: u64,
    directories: u64,
    links: u64,
}

struct Told<'a> {
    volumes: Both<'a>,
    console: &'a mut Console,
    bar: Bar,
    /// Steps are printed; they are done on previews.
    dry_run: bool,
    recording: Option<Recording>,
    /// Steps that were done and can be taken back.
    recorded: usize,
    errors: usize,
}

impl Told<'_> {
    fn show(&mut self, drive: DriveId, step: &Step) -> Result<(), CliError> {
        if let (Step::CopyFile { at, from, .. }, false) = (step, self.console.json) {
            let place = |drive, path: &EntryPath| Place {
                drive,
                path: path.clone(),
            };
            let from_drive = Both::source(from.drive.unwrap_or(drive));
            let copied = self.volumes.from.display(&place(from_drive, &from.at));
            let to = self.volumes.to.display(&place(drive, at));
            let line = format!("would copy {copied} to {to} ({})", bytes(from.size));
            return Ok(self.console.line(visible(line.as_bytes()).as_bytes())?);
        }
        let step = PlannedStep {
            drive,
            step: step.clone(),
            expect: Vec::new(),
        };
        print_step(self.console, self.volumes.to, &step)
    }

    /// Directories get their times last, and those are not taken back: nothing of that is recorded.
    fn part(&mut self, plan: &Plan) -> Result<Option<Part<'_>>, ExecuteError> {
        let times = |planned: &PlannedStep| matches!(planned.step, Step::SetMeta { .. });
        if plan.steps.iter().all(times) {
            return Ok(None);
        }
        let part = self.recording.as_mut().map(|r| r.part(&plan.steps));
        Ok(part.transpose()?)
    }

    fn execute(&mut self, plan: &Plan) -> Result<(), ExecuteError> {
        let (from, to) = (self.volumes.from, self.volumes.to);
        let mut part = self.part(plan)?;
        let recorder = part.as_mut().map(|part| part as &mut dyn Recorder);
        execute(plan, &Both { from, to }, Keep::DEFAULT.or_lose(), recorder)?;
        if part.is_some() {
            self.recorded += plan.steps.len();
        }
        Ok(())
    }
}

impl Watch for Told<'_> {
    fn steps(&mut self, drive: DriveId, steps: &[Step]) -> Result<(), CliError> {
        let mut plan = Plan::default();
        for step in steps {
            plan.push(drive, step.clone(), Vec::new());
        }
        let mut done = self.execute(&plan);
        if let Err(ExecuteError::Undo(error)) = &done {
            // Said once; the tree goes over all the same.
            if self.recording.take().is_some() {
                self.warn(format!("the rest is not recorded for undo: {error}"))?;
                done = self.execute(&plan);
            }
        }
        done.map_err(|error| match error {
            ExecuteError::Step {
                step,
                undone,
                source,
            } => {
                let error = ApplyError {
                    step,
                    undone,
                    source,
                };
                not_applied(self.volumes.to, drive, &error)
            }
            other => CliError::new(Exit::Partly, other.to_string()),
        })?;
        if self.dry_run {
            return steps.iter().try_for_each(|step| self.show(drive, step));
        }
        self.bar.advance(steps.len() as u64);
        Ok(())
    }

    fn warn(&mut self, message: String) -> Result<(), CliError> {
        Ok(self.console.warn(&message, None)?)
    }

    fn error(&mut self, error: CliError) {
        self.errors += 1;
        error::report(&error, self.console);
    }
}
