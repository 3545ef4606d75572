//! `undo [ID]`.

use std::sync::Arc;

use linksmith::undo::{Run, RunId, RunState};
use linksmith::{DriveId, FileTime, Plan, Volume};
use serde::Serialize;

use crate::change;
use crate::error::{self, CliError, Exit};
use crate::journal;
use crate::output::json;
use crate::output::text::{Cell, Role, Table};
use crate::plan_file::words;
use crate::session::Session;

/// Take back a change: the last one, or the one with this number
///
/// Every change is in a journal with what takes it back. Where something was changed since, nothing is
/// touched. Taking back is a change like any other: undo with its number brings it about again.
#[derive(clap::Args)]
pub(crate) struct Undo {
    /// Which run [default: the last one that was done]
    #[arg(value_name = "ID", value_parser = clap::value_parser!(u64).range(1..))]
    id: Option<u64>,
    /// Show the journal
    #[arg(short, long, conflicts_with = "id")]
    list: bool,
    /// Do the rest of a run that stopped in the middle, instead of taking it back
    #[arg(long)]
    finish: bool,
    /// Print the steps and stop
    #[arg(short = 'n', long)]
    dry_run: bool,
}

impl super::Command for Undo {
    const NAME: &'static str = "undo";
    const EXAMPLES: &'static str = "
  linksmith undo
  linksmith undo --list
  linksmith undo 17
  linksmith --drive C=disk.img undo             the last change of that image";

    fn run(self, session: &mut Session) -> Result<Exit, CliError> {
        let journal = journal::existing()?;
        if self.list {
            return list(session, &journal);
        }
        let run = match self.id {
            Some(id) => journal.run(RunId(id)).map_err(|e| journal::error(&e))?,
            None => self.newest(session, &journal)?,
        };
        let drives = session.drives()?;
        let volumes = journal::attached(&drives);
        if self.finish {
            return self.finish(session, &journal, &run, &volumes);
        }
        let back = run.take_back(&volumes).map_err(|e| journal::error(&e))?;
        if !self.shown(session, &back.plan)? {
            change::take_back(session, &back, run.id)?;
            let line = format!("took back {}: {}", run.id, run.title);
            tell(session, &line, "taken-back", &run)?;
        }
        Ok(Exit::Done)
    }
}

/// Says what became of a run.
fn tell(session: &mut Session, line: &str, state: &'static str, run: &Run) -> Result<(), CliError> {
    #[derive(Serialize)]
    struct Became<'a> {
        v: u32,
        id: u64,
        state: &'static str,
        command: &'a str,
    }
    let became = Became {
        v: 1,
        id: run.id.0,
        state,
        command: &run.title,
    };
    Ok(session.console.done(line, &became)?)
}

impl Undo {
    /// With `--dry-run` prints the steps.
    fn shown(&self, session: &mut Session, plan: &Plan) -> Result<bool, CliError> {
        let drives = session.drives()?;
        for step in plan.steps.iter().filter(|_| self.dry_run) {
            session
                .console
                .line(format!("would {}", words(&drives, step)))?;
        }
        Ok(self.dry_run)
    }

    fn finish(
        &self,
        session: &mut Session,
        journal: &linksmith::undo::Journal,
        run: &Run,
        volumes: &[(DriveId, Arc<dyn Volume>)],
    ) -> Result<Exit, CliError> {
        if run.state != RunState::Interrupted {
            let message = format!("run {} did not stop in the middle", run.id);
            return Err(CliError::usage(message));
        }
        let (plan, done) = run.rest(volumes).map_err(|e| journal::error(&e))?;
        if !self.shown(session, &plan)? {
            let recording = journal.resume(run, done).map_err(|e| journal::error(&e))?;
            change::resume(session, &plan, recording)?;
            let line = format!("finished {}: {}", run.id, run.title);
            tell(session, &line, "done", run)?;
        }
        Ok(Exit::Done)
    }

    /// The newest run on the volumes at hand.
    fn newest(
        &self,
        session: &mut Session,
        journal: &linksmith::undo::Journal,
    ) -> Result<Run, CliError> {
        let drives = session.drives()?;
        let serials: Vec<u64> = journal::attached(&drives)
            .iter()
            .map(|(_, volume)| volume.info().serial)
            .collect();
        let wanted = |run: &Run| {
            let state = match self.finish {
                true => run.state == RunState::Interrupted,
                false => matches!(run.state, RunState::Done | RunState::Interrupted),
            };
            state && run.undoes.is_none() && run.drives.iter().all(|d| serials.contains(&d.serial))
        };
        let runs = journal.runs().map_err(|e| journal::error(&e))?;
        let newest = runs.into_iter().flatten().rev().find(wanted);
        let newest = newest.ok_or_else(|| {
            CliError::new(
                Exit::NotFound,
                "there is nothing to take back on these volumes",
            )
            .hint("`linksmith undo --list` shows the journal.")
        })?;
        journal.run(newest.id).map_err(|e| journal::error(&e))
    }
}

#[derive(Serialize)]
struct Line<'a> {
    v: u32,
    id: u64,
    when: String,
    state: &'static str,
    steps: usize,
    undoes: Option<u64>,
    volumes: Vec<&'a str>,
    command: &'a str,
}

fn word(state: RunState) -> (&'static str, Role) {
    match state {
        RunState::Done => ("done", Role::Good),
        RunState::TakenBack => ("taken-back", Role::Faint),
        RunState::Interrupted => ("interrupted", Role::Bad),
        RunState::UnderWay => ("under-way", Role::Doubtful),
    }
}

/// RFC 3339, in UTC.
fn when(time: FileTime) -> String {
    let (seconds, _) = time.to_unix();
    jiff::Timestamp::from_second(seconds).map_or_else(|_| String::new(), |t| t.to_string())
}

fn list(session: &mut Session, journal: &linksmith::undo::Journal) -> Result<Exit, CliError> {
    let mut exit = Exit::Done;
    let mut table = Table::default();
    for run in journal.runs().map_err(|e| journal::error(&e))? {
        let run = match run {
            Ok(run) => run,
            Err(error) => {
                exit = Exit::Partly;
                error::report(&journal::error(&error), &mut session.console);
                continue;
            }
        };
        let (state, role) = word(run.state);
        if session.console.json {
            let line = json::to_line(&Line {
                v: 1,
                id: run.id.0,
                when: when(run.started),
                state,
                steps: run.count,
                undoes: run.undoes.map(|id| id.0),
                volumes: run.drives.iter().map(|d| d.root.as_str()).collect(),
                command: &run.title,
            });
            session.console.line(line)?;
            continue;
        }
        table.row(vec![
            Cell::new(run.id.to_string()).right(),
            Cell::new(when(run.started)).role(Role::Faint),
            Cell::new(state).role(role),
            Cell::new(run.count.to_string()).right(),
            Cell::new(run.title.clone()),
        ]);
    }
    for line in table.lines(session.console.color) {
        session.console.line(line)?;
    }
    Ok(exit)
}
