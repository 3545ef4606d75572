//! One run of a plan as the journal has it: how far it came, and the plan that takes it back.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use super::effect::mismatch;
use super::{Inverse, Keep, UndoError, inverse};
use crate::entry::{FileId, FileTime};
use crate::path::EntryPath;
use crate::plan::{Expect, Plan, PlannedStep, Step};
use crate::volume::{DriveId, Preview, Volume};

/// The number of a run in its journal, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId(pub u64);

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A drive of a run. Letters come and go: the serial number says which volume it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DriveRecord {
    /// Its number in the run's steps.
    pub drive: DriveId,
    /// The volume's serial number.
    pub serial: u64,
    /// How it was reached: `C:\`, `/`.
    pub root: String,
}

impl DriveRecord {
    /// The volume it is today. Copies of one image have one serial number; which of them it was its number tells, where the
    /// drives are attached in the same order.
    fn volume<'a>(&self, attached: Attached<'a>) -> Option<&'a (DriveId, Arc<dyn Volume>)> {
        let mut same = attached
            .iter()
            .filter(|(_, volume)| volume.info().serial == self.serial);
        let of_number = same.clone().find(|(now, _)| *now == self.drive);
        of_number.or_else(|| same.next())
    }
}

/// What became of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunState {
    /// All steps are done.
    Done,
    /// What was done is taken back.
    TakenBack,
    /// It stopped in the middle.
    Interrupted,
    /// Another process is at it.
    UnderWay,
}

/// A run of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Its number.
    pub id: RunId,
    /// When it began.
    pub started: FileTime,
    /// What was asked for, in the words of the caller.
    pub title: String,
    /// The run that this one takes back.
    pub undoes: Option<RunId>,
    /// Which of its steps make a file again that was gone, and which id that had.
    pub again: Vec<(usize, FileId)>,
    /// Ids that files got when later runs were taken back that had removed them.
    pub aliases: Vec<Again>,
    /// Whether its steps came in parts: then each part counts for itself.
    pub in_parts: bool,
    /// Its drives.
    pub drives: Vec<DriveRecord>,
    /// How many steps the plan has.
    pub count: usize,
    /// What became of it.
    pub state: RunState,
    /// The plan's steps; not read for a list of runs.
    pub steps: Vec<PlannedStep>,
    /// How each step that was begun is taken back.
    pub inverses: Vec<Inverse>,
    /// The object of each step that is known to be done.
    pub ids: Vec<Option<FileId>>,
    /// The step at whose taking back it stopped.
    pub(super) back: Option<usize>,
}

/// What the taking back of a run made again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Again {
    /// The run that removed it.
    pub removed_by: RunId,
    /// The run that took that back.
    pub made_by: RunId,
    /// Ids before the first, and after the second where somebody looked.
    pub ids: HashMap<FileId, Option<FileId>>,
}

/// How a run is taken back.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TakeBack {
    /// The steps.
    pub plan: Plan,
    /// Which of them make a file again that is gone, and which id that had: it gets another one, and
    /// runs before know it by the old one.
    pub again: Vec<(usize, FileId)>,
}

/// Volumes by the drive numbers of today.
pub(super) type Attached<'a> = &'a [(DriveId, Arc<dyn Volume>)];

struct Table {
    previews: HashMap<DriveId, (DriveId, Preview)>,
}

impl Table {
    fn new(run: &Run, attached: Attached<'_>) -> Result<Self, UndoError> {
        let mut previews = HashMap::new();
        for record in &run.drives {
            let Some((now, volume)) = record.volume(attached) else {
                return Err(UndoError::NoVolume {
                    id: run.id,
                    root: record.root.clone(),
                    serial: record.serial,
                });
            };
            previews.insert(record.drive, (*now, Preview::new(Arc::clone(volume))));
        }
        Ok(Self { previews })
    }

    fn get(&self, run: &Run, drive: DriveId) -> Result<&(DriveId, Preview), UndoError> {
        self.previews
            .get(&drive)
            .ok_or_else(|| UndoError::NoVolume {
                id: run.id,
                root: format!("drive number {}", drive.0),
                serial: 0,
            })
    }
}

impl Run {
    /// The plan that takes the run back: each inverse, the last step first. It is worked out on a
    /// preview, so nothing is begun that cannot be ended.
    ///
    /// # Errors
    /// [`UndoError::Changed`] where something was changed since, [`UndoError::Lost`] where something
    /// was not kept, [`UndoError::NoVolume`] where a volume is not attached.
    pub fn take_back(&self, attached: Attached<'_>) -> Result<TakeBack, UndoError> {
        match self.state {
            RunState::TakenBack => return Err(UndoError::Already(self.id)),
            RunState::UnderWay => return Err(UndoError::UnderWay(self.id)),
            RunState::Done | RunState::Interrupted => {}
        }
        let table = Table::new(self, attached)?;
        let mut back = Back {
            run: self,
            table,
            back: TakeBack::default(),
            again: HashMap::new(),
        };
        let begun = match self.back {
            Some(step) => (step + 1).min(self.inverses.len()),
            None => self.done_so_far(attached)?,
        };
        for number in (0..begun).rev() {
            back.step(number, self.back == Some(number))?;
        }
        Ok(back.back)
    }

    /// The id that a file of this run has by now; `None` where nobody looked when it was made again.
    ///
    /// A number that is free may be given to another file, so an id means a file only at a time: the file
    /// is followed from its first removal to the run that made it again, and on from there.
    fn now(&self, mut id: FileId) -> Option<FileId> {
        let mut since = self.id;
        loop {
            let removals = self.aliases.iter().filter(|again| again.removed_by > since);
            let removals = removals.filter_map(|again| Some((again, *again.ids.get(&id)?)));
            let Some((again, new)) = removals.min_by_key(|(again, _)| again.removed_by) else {
                return Some(id);
            };
            id = new?;
            since = again.made_by;
        }
    }

    /// What is left to do of an interrupted run, and how many of its steps are done.
    ///
    /// # Errors
    /// As [`Run::take_back`].
    pub fn rest(&self, attached: Attached<'_>) -> Result<(Plan, usize), UndoError> {
        let done = self.done_so_far(attached)?;
        let table = Table::new(self, attached)?;
        let mut plan = Plan::default();
        for planned in self.steps.iter().skip(done) {
            let (now, _) = table.get(self, planned.drive)?;
            let step = with_source_today(&planned.step, attached);
            plan.push(*now, step, planned.expect.clone());
        }
        Ok((plan, done))
    }

    /// How many steps are done: those known, and the last ones begun if they are in effect.
    ///
    /// The question is whether the state is still the one *before*: then working out the inverses
    /// again gives the same ones. To ask for the state after instead was rejected: the next step of
    /// the same transaction may have changed it again.
    fn done_so_far(&self, attached: Attached<'_>) -> Result<usize, UndoError> {
        let known = self.ids.len();
        let begun = self.inverses.len();
        if known >= begun {
            return Ok(known);
        }
        let table = Table::new(self, attached)?;
        for (planned, recorded) in self.steps.iter().zip(&self.inverses).skip(known) {
            let (_, preview) = table.get(self, planned.drive)?;
            let mut keep = Keep::up_to(u64::MAX).or_lose();
            let as_before = inverse(preview, &planned.step, &mut keep)
                .is_ok_and(|now| now.steps == recorded.steps);
            let step = std::slice::from_ref(&planned.step);
            if !as_before || preview.apply(step).is_err() {
                return Ok(begun);
            }
        }
        Ok(known)
    }
}

/// A copy with the drive that has its source now. Where none has, it fails when it is done.
fn with_source_today(step: &Step, attached: Attached<'_>) -> Step {
    let mut step = step.clone();
    if let Step::CopyFile { from, .. } = &mut step {
        let has = |volume: &Arc<dyn Volume>| volume.entry(&from.at).is_ok_and(|e| from.is(&e));
        let now = attached.iter().find(|(_, volume)| has(volume));
        from.drive = from.drive.map(|old| now.map_or(old, |(now, _)| *now));
    }
    step
}

fn makes_anew(step: &Step) -> bool {
    matches!(
        step,
        Step::MakeDir { .. }
            | Step::MakeDirLike { .. }
            | Step::MakeFile { .. }
            | Step::CopyFile { .. }
            | Step::MakeLink { .. }
    )
}

/// Going back, step by step, on previews.
struct Back<'r> {
    run: &'r Run,
    table: Table,
    back: TakeBack,
    /// Files made again on the way back, by the id they had in the run: what has that number by now may be
    /// another file.
    again: HashMap<FileId, FileId>,
}

impl Back<'_> {
    fn step(&mut self, number: usize, halfway: bool) -> Result<(), UndoError> {
        let (Some(planned), Some(inverse)) =
            (self.run.steps.get(number), self.run.inverses.get(number))
        else {
            return Ok(());
        };
        if let Some(what) = &inverse.lost {
            return Err(UndoError::Lost {
                id: self.run.id,
                what: what.clone(),
            });
        }
        let (now, preview) = self.table.get(self.run, planned.drive)?;
        let id = self.run.ids.get(number).copied().flatten();
        let again = |id: FileId| self.again.get(&id).copied();
        let id = id.and_then(|id| again(id).or_else(|| self.run.now(id)));
        let wrong = mismatch(preview, &planned.step, id)?;
        if let Some(wrong) = wrong.as_ref().filter(|_| !halfway) {
            return Err(UndoError::Changed {
                at: wrong.at.clone(),
                expected: wrong.expected.to_owned(),
                found: wrong.found.clone(),
            });
        }
        for step in &inverse.steps {
            let is_done = wrong.is_some() && mismatch(preview, step, None)?.is_none();
            if is_done && !matches!(step, Step::SetMeta { .. }) {
                continue;
            }
            let expect = expectations(preview, step)?;
            preview
                .apply(std::slice::from_ref(step))
                .map_err(|e| blocked(step.at(), &e.source.cause.to_string()))?;
            if let Some(gone) = inverse.gone.filter(|_| makes_anew(step)) {
                self.back.again.push((self.back.plan.steps.len(), gone));
            }
            self.back.plan.push(*now, step.clone(), expect);
        }
        if let Some(gone) = inverse.gone {
            if let Ok(entry) = preview.entry(planned.step.at()) {
                self.again.insert(gone, entry.id);
            }
        }
        Ok(())
    }
}

fn blocked(at: &EntryPath, found: &str) -> UndoError {
    UndoError::Changed {
        at: at.clone(),
        expected: "what the change left there".to_owned(),
        found: found.to_owned(),
    }
}

/// What a step builds on, as it is now. Objects that only the preview knows have no id to expect.
fn expectations(preview: &Preview, step: &Step) -> Result<Vec<Expect>, UndoError> {
    let there = |at: &EntryPath| -> Result<Vec<Expect>, UndoError> {
        let Ok(entry) = preview.entry(at) else {
            return Ok(Vec::new());
        };
        if Preview::is_made_here(entry.id) {
            return Ok(Vec::new());
        }
        let link = match step {
            Step::SetMeta { .. } => None,
            _ => preview.link_text(at)?,
        };
        Ok(vec![Expect::Entry {
            at: at.clone(),
            id: entry.id,
            link,
        }])
    };
    Ok(match step {
        Step::MakeDir { at }
        | Step::MakeDirLike { at, .. }
        | Step::MakeFile { at, .. }
        | Step::CopyFile { at, .. }
        | Step::MakeLink { at, .. } => vec![Expect::Absent(at.clone())],
        Step::HardLink { existing, new } => {
            let mut expect = there(existing)?;
            expect.push(Expect::Absent(new.clone()));
            expect
        }
        Step::Rename { from, .. } => there(from)?,
        other => there(other.at())?,
    })
}
