//! `apply PLAN`, `apply -`.

use std::collections::HashSet;
use std::path::PathBuf;

use linksmith::volume::Drives;
use linksmith::{Cause, DriveId, EntryPath, Expect, Plan, PlannedStep, Step};

use crate::bulk;
use crate::change::ChangeArgs;
use crate::error::{CliError, Exit};
use crate::plan_file::{DriveOf, PlanFile};
use crate::session::Session;

/// Steps to a batch. Steps that are scattered over many directories write the blocks of all of them once in each batch: with
/// a quarter of this, a hundred thousand files and links wrote 1.8 times as much. Twice this was rejected: it took a quarter
/// more memory and saved an eighth of the time.
const BATCH: u32 = 65_536;

/// Do a saved plan, or steps from standard input
///
/// Before a step of a plan is done, what it expects is looked at again: which file is there, and what the
/// link says to the byte. A plan for another state or another volume is refused with exit code 8, and
/// nothing stays done of it.
///
/// With `-` steps come as JSON Lines, and are done as they come, in batches that are each a transaction on an
/// image. One object a line, "do" says what:
///
///   {"do":"mkdir","path":P}
///   {"do":"write","path":P,"text":T}        or "hex"; "replace":true writes a file that is there
///   {"do":"soft","link":P,"target":T}       "kind":"file" or "dir" where the target is not there
///   {"do":"hard","link":P,"target":P}
///   {"do":"junction","link":P,"target":T}
///   {"do":"mount","link":P,"volume":V}
///   {"do":"remove","path":P}                a link, a name of a file, an empty directory;
///                                           "last_name":true for a file's last one
///   {"do":"rename","from":P,"to":P}         "replace":true over a file or link
///   {"do":"retarget","link":P,"target":T}   "dangling":true for a target that is not there
///
/// Paths are taken as they stand: where a link is on the way the step is refused. Targets are not looked
/// at. Where a line fails it is named, those before it are done, and nothing after it is. A run is recorded
/// for `undo` as one change, however many lines it has.
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Apply {
    /// A file that `--plan` wrote, or `-`
    #[arg(value_name = "PLAN")]
    file: PathBuf,
    /// With `-`: steps that are done together
    #[arg(long, value_name = "N", default_value_t = BATCH, value_parser = clap::value_parser!(u32).range(1..))]
    batch: u32,
    /// With `-`: all lines are one change, gathered in memory
    #[arg(long)]
    one_transaction: bool,
    #[command(flatten)]
    change: ChangeArgs,
}

impl super::Command for Apply {
    const NAME: &'static str = "apply";
    const EXAMPLES: &'static str = "
  linksmith retarget --from D:\\old --to E:\\new C:\\ --plan moved.json
  linksmith apply -n moved.json                 what it would do
  linksmith apply moved.json
  generate | linksmith --drive C=disk.img apply -";

    fn run(self, session: &mut Session) -> Result<Exit, CliError> {
        if self.file.as_os_str() == "-" {
            let options = bulk::Options {
                change: &self.change,
                batch: self.batch as usize,
                whole: self.one_transaction,
            };
            return bulk::run(session, &mut std::io::stdin().lock(), options);
        }
        let shown = self.file.as_os_str().as_encoded_bytes();
        let text = std::fs::read(&self.file)
            .map_err(|e| CliError::cannot("read the plan", shown, &Cause::Io(e)))?;
        let refused = |why: &str| {
            let message = format!("'{}' is refused: {why}", self.file.display());
            CliError::new(Exit::Unsafe, message)
                .path(shown)
                .hint("`--plan FILE` with the verb itself makes a new plan.")
        };
        let file: PlanFile = serde_json::from_slice(&text).map_err(|e| refused(&e.to_string()))?;
        let mut plan = file.to_plan().map_err(|e| refused(&e))?;
        let drives = session.drives()?;
        attach(&mut plan, file.drives(), &drives).map_err(|e| refused(&e))?;
        guarded(&plan).map_err(|e| refused(&e))?;
        let steps = plan.steps.len();
        if self.change.carry_out(session, &plan)? == crate::change::Carried::Done {
            crate::change::tell_steps(session, steps as u64)?;
        }
        Ok(Exit::Done)
    }
}

/// Puts today's drives in the place of the plan's, by the volumes' serial numbers.
fn attach(plan: &mut Plan, of: &[DriveOf], drives: &Drives) -> Result<(), String> {
    let today = |id: DriveId| {
        let wanted = of.iter().find(|d| d.id == id.0);
        let wanted = wanted.ok_or_else(|| format!("drive {} is not among its drives", id.0))?;
        drive(wanted, drives).ok_or_else(|| {
            format!(
                "it is for the volume '{}' with serial number {}, which is not attached",
                wanted.root, wanted.serial
            )
        })
    };
    for planned in &mut plan.steps {
        planned.drive = today(planned.drive)?;
        if let Step::CopyFile { from, .. } = &mut planned.step {
            from.drive = from.drive.map(today).transpose()?;
        }
    }
    Ok(())
}

fn drive(wanted: &DriveOf, drives: &Drives) -> Option<DriveId> {
    drives.ids().into_iter().find(|id| {
        let serial = drives.volume(*id).map(|v| v.info().serial);
        serial.is_ok_and(|serial| format!("{serial:016X}") == wanted.serial)
    })
}

/// A step that takes something away or changes it has to say which file it expects there, unless the
/// plan itself puts it there. A plan from which that was taken out is refused.
fn guarded(plan: &Plan) -> Result<(), String> {
    let mut made: HashSet<(DriveId, EntryPath)> = HashSet::new();
    for (number, planned) in plan.steps.iter().enumerate() {
        let touches = touched(&planned.step);
        let known =
            |at: &EntryPath| made.contains(&(planned.drive, at.clone())) || expects(planned, at);
        if let Some(at) = touches.filter(|at| !known(at)) {
            let at = at.display();
            return Err(format!(
                "step {} does not say which file it expects at '{at}'",
                number + 1
            ));
        }
        if !matches!(planned.step, Step::Remove { .. }) {
            made.insert((planned.drive, planned.step.at().clone()));
        }
    }
    Ok(())
}

fn touched(step: &Step) -> Option<&EntryPath> {
    match step {
        Step::Remove { at }
        | Step::WriteFile { at, .. }
        | Step::SetReparse { at, .. }
        | Step::ClearReparse { at } => Some(at),
        Step::Rename { from, .. } => Some(from),
        _ => None,
    }
}

fn expects(planned: &PlannedStep, wanted: &EntryPath) -> bool {
    planned
        .expect
        .iter()
        .any(|expect| matches!(expect, Expect::Entry { at, .. } if at == wanted))
}
