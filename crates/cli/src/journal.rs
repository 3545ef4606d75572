//! Where changes are recorded, and what is done about one that stopped in the middle.

use std::path::PathBuf;
use std::sync::Arc;

use linksmith::ops::Recorder as _;
use linksmith::undo::{DriveRecord, Journal, Recording, Run, RunId, UndoError};
use linksmith::volume::Drives;
use linksmith::{DriveId, EntryPath, FileId, Place, Plan, Volume};

use crate::change;
use crate::error::{self, CliError, Exit};
use crate::session::Session;

/// Runs that are kept; older ones are forgotten now and then.
const KEPT: usize = 200;
/// How often the old ones are looked for.
const PRUNE_EVERY: u64 = 64;

/// The folder of the journal. `None` where the environment names none.
fn folder() -> Option<PathBuf> {
    Some(crate::state::dir()?.join("journal"))
}

/// The journal; `None` where there is no place for one.
pub(crate) fn open() -> Result<Option<Journal>, CliError> {
    let journal = folder().map(Journal::open).transpose();
    journal.map_err(|e| error(&e))
}

/// As [`open`], for verbs that are about the journal.
pub(crate) fn existing() -> Result<Journal, CliError> {
    open()?.ok_or_else(|| {
        CliError::new(Exit::NotFound, "there is no journal")
            .hint("LINKSMITH_STATE names the folder it is kept in.")
    })
}

/// Writes a plan down before it is done. `None` where nothing is recorded: no place for a journal, or
/// a volume that is gone when the program ends.
pub(crate) fn begin(
    session: &mut Session,
    plan: &Plan,
    undoes: Option<(RunId, &[(usize, FileId)])>,
    journal: Option<&Journal>,
) -> Result<Option<Recording>, CliError> {
    let drives = session.drives()?;
    let records = records(&drives, plan.steps.iter().map(|s| s.drive).collect());
    let in_memory = |record: &DriveRecord| {
        drives
            .volume(record.drive)
            .is_ok_and(|v| v.info().file_system == "memory")
    };
    if records.iter().all(in_memory) {
        return Ok(None);
    }
    let Some(journal) = journal else {
        return Ok(None);
    };
    let recording = journal
        .begin(&session.command, plan, &records, undoes)
        .map_err(|e| error(&e))?;
    if recording.id().0 % PRUNE_EVERY == 0 {
        // Old runs in the way of nothing: an error here is none of the change's.
        let _ = journal.prune(KEPT);
    }
    Ok(Some(recording))
}

/// As [`begin`], for steps that come in parts, on any of these drives.
pub(crate) fn begin_in_parts(
    session: &Session,
    drives: &Drives,
    journal: Option<&Journal>,
) -> Result<Option<Recording>, CliError> {
    let Some(journal) = journal else {
        return Ok(None);
    };
    let lasting = attached(drives).into_iter();
    let lasting = lasting.filter(|(_, volume)| volume.info().file_system != "memory");
    let records = records(drives, lasting.map(|(id, _)| id).collect());
    if records.is_empty() {
        return Ok(None);
    }
    let recording = journal.begin_in_parts(&session.command, &records);
    recording.map(Some).map_err(|e| error(&e))
}

fn records(drives: &Drives, mut ids: Vec<DriveId>) -> Vec<DriveRecord> {
    ids.sort_unstable();
    ids.dedup();
    let record = |id: DriveId| {
        let volume = drives.volume(id).ok()?;
        Some(DriveRecord {
            drive: id,
            serial: volume.info().serial,
            root: drives.display(&Place {
                drive: id,
                path: EntryPath::root(),
            }),
        })
    };
    ids.into_iter().filter_map(record).collect()
}

/// The volumes there are now.
pub(crate) fn attached(drives: &Drives) -> Vec<(DriveId, Arc<dyn Volume>)> {
    let ids = drives.ids().into_iter();
    ids.filter_map(|id| Some((id, drives.volume(id).ok()?)))
        .collect()
}

/// Takes back what stopped in the middle, before anything else is changed: a crash, a power cut. What
/// is on volumes that are not attached waits until they are.
///
/// Gives the journal, which the change is then recorded in.
pub(crate) fn recover(session: &mut Session) -> Result<Option<Journal>, CliError> {
    let Some(journal) = open()? else {
        return Ok(None);
    };
    let stopped = journal.interrupted().map_err(|e| error(&e))?;
    for run in stopped {
        let drives = session.drives()?;
        let volumes = attached(&drives);
        let is_here = |record: &DriveRecord| {
            volumes
                .iter()
                .any(|(_, volume)| volume.info().serial == record.serial)
        };
        if run.drives.iter().all(is_here) {
            recover_one(session, &journal, &run, &volumes)?;
        }
    }
    Ok(Some(journal))
}

fn recover_one(
    session: &mut Session,
    journal: &Journal,
    run: &Run,
    volumes: &[(DriveId, Arc<dyn Volume>)],
) -> Result<(), CliError> {
    let (id, title) = (run.id, &run.title);
    match run.rest(volumes) {
        // Each part was a change of its own; what of the last one is done stays too.
        Ok((_, done)) if run.in_parts => {
            let recording = journal.resume(run, done);
            let ended = recording.and_then(|mut r| r.end_at(done));
            return ended.map_err(|e| error(&e));
        }
        // All was done but for the word that it is.
        Ok((rest, done)) if rest.steps.is_empty() => {
            let recording = journal.resume(run, done);
            let ended = recording.and_then(|mut r| r.end(true));
            return ended.map_err(|e| error(&e));
        }
        Ok(_) => {}
        Err(why) => return not_recovered(session, run, &why.to_string()),
    }
    let plan = match run.take_back(volumes) {
        Ok(plan) => plan,
        Err(why) => return not_recovered(session, run, &why.to_string()),
    };
    let before = std::mem::replace(&mut session.command, format!("take back run {id}"));
    let taken = change::take_back(session, &plan, id);
    session.command = before;
    match taken {
        Ok(()) => {
            let message = format!("'{title}' had stopped in the middle; it was taken back");
            Ok(session.console.warn(&message, None)?)
        }
        Err(why) => not_recovered(session, run, &why.message),
    }
}

fn not_recovered(session: &mut Session, run: &Run, why: &str) -> Result<(), CliError> {
    let message = format!(
        "'{}' had stopped in the middle and stays so: {why}",
        run.title
    );
    let hint = format!(
        "`linksmith undo {0}` or `linksmith undo --finish {0}`",
        run.id
    );
    Ok(session.console.warn(&message, Some(&hint))?)
}

/// The journal's folder or files cannot be used.
fn not_kept(op: &str, path: &std::path::Path, source: &std::io::Error) -> CliError {
    let cause = linksmith::Cause::Io(std::io::Error::new(source.kind(), source.to_string()));
    let op = format!("{op} the journal");
    CliError::cannot(&op, path.as_os_str().as_encoded_bytes(), &cause).hint(
        "LINKSMITH_STATE names another folder for the journal; `--no-undo` changes something without one.",
    )
}

/// An error of recording or taking back.
pub(crate) fn error(error: &UndoError) -> CliError {
    let exit = match error {
        UndoError::Irreversible { .. }
        | UndoError::Changed { .. }
        | UndoError::Lost { .. }
        | UndoError::UnderWay(_) => Exit::Unsafe,
        UndoError::NoRun(_) | UndoError::NoVolume { .. } => Exit::NotFound,
        UndoError::Already(_) => Exit::Exists,
        UndoError::Volume(e) => error::exit_of(&e.cause),
        UndoError::Damaged { .. } => Exit::Damaged,
        UndoError::Io { op, path, source } => return not_kept(op, path, source),
        _ => Exit::Partly,
    };
    let shown = CliError::new(exit, error.to_string());
    match error {
        UndoError::Irreversible { .. } => {
            shown.hint("`--no-undo` does it all the same; nothing brings it back then.")
        }
        UndoError::Changed { .. } => shown.hint("Put that right first; nothing was touched."),
        UndoError::NoVolume { .. } => shown.hint("Attach it with `--drive LETTER=IMAGE`."),
        UndoError::NoRun(_) => shown.hint("`linksmith undo --list` shows the runs there are."),
        _ => shown,
    }
}
