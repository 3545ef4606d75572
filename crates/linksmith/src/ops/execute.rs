//! Doing a plan: the one way in for every change.
//!
//! What a step expects is looked at again just before it. A volume that can do all or nothing gets its
//! steps together; on any other they are done one by one, each with its inverse worked out first, so
//! that a failure takes back what was done.

use std::collections::HashSet;
use std::sync::Arc;

use crate::entry::FileId;
use crate::path::EntryPath;
use crate::plan::{self, Expect, Plan, PlannedStep, Source, Step};
use crate::undo::{Inverse, Keep, UndoError, inverse};
use crate::volume::{
    Caps, Cause, DriveId, Drives, Preview, Sources, Take, Volume, VolumeError, same_contents,
};

/// Where the volumes of a plan come from.
pub trait Volumes {
    /// The volume of a drive; `None` where there is no such drive.
    fn volume(&self, drive: DriveId) -> Option<Arc<dyn Volume>>;
}

impl Volumes for Drives {
    fn volume(&self, drive: DriveId) -> Option<Arc<dyn Volume>> {
        Self::volume(self, drive).ok()
    }
}

/// The files that copies are made of, on the volumes of a plan.
pub struct Copied<'v>(pub &'v dyn Volumes);

impl Sources for Copied<'_> {
    fn read(&self, source: &Source, take: Take<'_>) -> Result<(), Cause> {
        let volume = source.drive.and_then(|drive| self.0.volume(drive));
        let unknown = Cause::Unsupported("copies from a drive that is not attached");
        source.read_from(&*volume.ok_or(unknown)?, take)
    }
}

/// Is told what is done, before and after; the journal is one.
///
/// An error before a step stops the plan there, and what was done is taken back.
pub trait Recorder {
    /// Steps of one volume are about to be done together: the number of the first, and how each is
    /// taken back.
    fn intend(&mut self, first: usize, inverses: &[Inverse]) -> Result<(), UndoError>;

    /// They are done: the object that each made or changed.
    fn done(&mut self, first: usize, ids: &[Option<FileId>]) -> Result<(), UndoError>;

    /// A step is about to be taken back.
    fn back(&mut self, step: usize) -> Result<(), UndoError>;

    /// All is done (`true`), or what was done is taken back (`false`).
    fn end(&mut self, done: bool) -> Result<(), UndoError>;
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Executed {
    /// How many steps.
    pub steps: usize,
    /// What could not be kept to take them back, in words.
    pub lost: Vec<String>,
}

/// Why a plan was not done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExecuteError {
    /// The state is not the one the plan was made for. What was done is taken back.
    #[error("'{}' is not as the plan expects: {expected} was expected, {found} found", at.display())]
    Unexpected {
        /// Which step, from 0.
        step: usize,
        /// Where.
        at: EntryPath,
        /// What the plan builds on.
        expected: String,
        /// What is there.
        found: String,
    },
    /// A volume of the plan is not attached.
    #[error("drive number {} of the plan is not attached", .0.0)]
    NoVolume(DriveId),
    /// A step failed.
    #[error("{source}")]
    Step {
        /// Which step, from 0.
        step: usize,
        /// Whether all that was done was taken back.
        undone: bool,
        /// Why.
        #[source]
        source: Box<VolumeError>,
    },
    /// The inverse could not be worked out or recorded. What was done is taken back.
    #[error(transparent)]
    Undo(#[from] UndoError),
}

/// Does a plan.
///
/// # Errors
/// Whatever stops it; see [`ExecuteError`]. Steps done before are taken back.
pub fn execute<'r>(
    plan: &Plan,
    volumes: &'r dyn Volumes,
    keep: Keep,
    recorder: Option<&'r mut dyn Recorder>,
) -> Result<Executed, ExecuteError> {
    let mut run = Run {
        volumes,
        keep,
        recorder,
        done: Vec::new(),
        lost: Vec::new(),
    };
    match run.batches(plan) {
        Ok(()) => {
            run.record(|r| r.end(true))?;
            Ok(Executed {
                steps: plan.steps.len(),
                lost: run.lost,
            })
        }
        Err(error) => Err(run.take_back(error)),
    }
}

struct Run<'r> {
    volumes: &'r dyn Volumes,
    keep: Keep,
    recorder: Option<&'r mut dyn Recorder>,
    /// Drive and inverse of each step done.
    done: Vec<(DriveId, Inverse)>,
    lost: Vec<String>,
}

/// A batch about to be done.
struct Ready {
    inverses: Vec<Inverse>,
    /// The object that each step will have made or changed.
    objects: Vec<Object>,
}

/// How the object of a step is known.
enum Object {
    /// It is removed, or nobody looks.
    Unknown,
    /// It is there before the steps.
    Id(FileId),
    /// The steps make it; it will be here when they are done. Worked out before they are: a preview
    /// tells nothing any more once the volume beneath it has changed.
    At(EntryPath),
}

impl Object {
    fn id(&self, volume: &dyn Volume) -> Option<FileId> {
        match self {
            Self::Unknown => None,
            Self::Id(id) => Some(*id),
            Self::At(path) => volume.entry(path).ok().map(|entry| entry.id),
        }
    }
}

impl Run<'_> {
    fn record(
        &mut self,
        tell: impl FnOnce(&mut dyn Recorder) -> Result<(), UndoError>,
    ) -> Result<(), UndoError> {
        match &mut self.recorder {
            Some(recorder) => tell(&mut **recorder),
            None => Ok(()),
        }
    }

    fn volume(&self, drive: DriveId) -> Result<Arc<dyn Volume>, ExecuteError> {
        self.volumes
            .volume(drive)
            .ok_or(ExecuteError::NoVolume(drive))
    }

    fn batches(&mut self, plan: &Plan) -> Result<(), ExecuteError> {
        let mut rest = plan.steps.as_slice();
        while let Some(step) = rest.first() {
            let volume = self.volume(step.drive)?;
            let together = if volume.info().caps.contains(Caps::TRANSACTION) {
                rest.iter().take_while(|s| s.drive == step.drive).count()
            } else {
                1
            };
            let (batch, after) = rest.split_at(together);
            self.batch(&volume, batch)?;
            rest = after;
        }
        Ok(())
    }

    fn batch(
        &mut self,
        volume: &Arc<dyn Volume>,
        batch: &[PlannedStep],
    ) -> Result<(), ExecuteError> {
        let first = self.done.len();
        let ready = match batch {
            [one] => self.prepare_one(volume, one)?,
            many if plan::only_adds(many) => self.prepare_additions(volume, many)?,
            many => self.prepare(volume, many)?,
        };
        self.record(|r| r.intend(first, &ready.inverses))?;
        let steps: Vec<&Step> = batch.iter().map(|planned| &planned.step).collect();
        volume
            .apply_with(&steps, &Copied(self.volumes))
            .map_err(|e| failed(first + e.step, *e.source))?;
        let ids: Vec<_> = ready.objects.iter().map(|o| o.id(&**volume)).collect();
        for (planned, inverse) in batch.iter().zip(ready.inverses) {
            self.lost.extend(inverse.lost.clone());
            self.done.push((planned.drive, inverse));
        }
        Ok(self.record(|r| r.done(first, &ids))?)
    }

    /// One step needs no preview: the volume itself shows what is there before and after.
    fn prepare_one(
        &mut self,
        volume: &Arc<dyn Volume>,
        planned: &PlannedStep,
    ) -> Result<Ready, ExecuteError> {
        for expect in &planned.expect {
            check(&**volume, expect, self.done.len())?;
        }
        Ok(Ready {
            inverses: vec![self.inverse(&**volume, &planned.step, self.done.len())?],
            objects: vec![match &planned.step {
                Step::Remove { .. } => Object::Unknown,
                other => Object::At(other.at().clone()),
            }],
        })
    }

    /// How a step is taken back. What is in the way of looking is in the way of the step.
    fn inverse(
        &mut self,
        volume: &dyn Volume,
        step: &Step,
        number: usize,
    ) -> Result<Inverse, ExecuteError> {
        inverse(volume, step, &mut self.keep).map_err(|error| match error {
            UndoError::Volume(source) => failed(number, *source),
            other => other.into(),
        })
    }

    /// What only adds needs no preview: each thing made goes again, and the volume itself refuses a name
    /// that is taken. The objects are not looked at; taking back tells them by what they hold.
    fn prepare_additions(
        &mut self,
        volume: &Arc<dyn Volume>,
        batch: &[PlannedStep],
    ) -> Result<Ready, ExecuteError> {
        let mut inverses = Vec::with_capacity(batch.len());
        let mut made = HashSet::new();
        let expects = batch.iter().any(|planned| !planned.expect.is_empty());
        for (number, planned) in batch.iter().enumerate() {
            for expect in &planned.expect {
                // A step before this one makes it, so it is not there yet.
                let is_made = |at: &EntryPath| made.contains(at);
                let later = match expect {
                    Expect::Absent(_) => true,
                    Expect::Entry { at, .. } => is_made(at),
                    Expect::SameContents { at, other } => is_made(at) || is_made(other),
                };
                if !later {
                    check(&**volume, expect, self.done.len() + number)?;
                }
            }
            if expects {
                made.insert(planned.step.at());
            }
            inverses.push(match planned.step {
                Step::SetMeta { .. } => Inverse::default(),
                _ => self.inverse(&**volume, &planned.step, self.done.len() + number)?,
            });
        }
        Ok(Ready {
            inverses,
            objects: batch.iter().map(|_| Object::Unknown).collect(),
        })
    }

    fn prepare(
        &mut self,
        volume: &Arc<dyn Volume>,
        batch: &[PlannedStep],
    ) -> Result<Ready, ExecuteError> {
        let preview = Preview::new(Arc::clone(volume));
        let mut inverses = Vec::with_capacity(batch.len());
        let mut seen = Vec::with_capacity(batch.len());
        for (number, planned) in batch.iter().enumerate() {
            let number = self.done.len() + number;
            for expect in &planned.expect {
                check(&preview, expect, number)?;
            }
            inverses.push(self.inverse(&preview, &planned.step, number)?);
            preview
                .apply(std::slice::from_ref(&planned.step))
                .map_err(|e| failed(number, *e.source))?;
            seen.push(object_of(&preview, &planned.step));
        }
        let objects = seen.into_iter().map(|id| object(&preview, id));
        Ok(Ready {
            inverses,
            objects: objects.collect(),
        })
    }

    /// Takes back what was done, the last first.
    fn take_back(mut self, error: ExecuteError) -> ExecuteError {
        let mut undone = true;
        while let Some((drive, inverse)) = self.done.pop() {
            let number = self.done.len();
            let told = self.record(|r| r.back(number)).is_ok();
            let volume = self.volume(drive);
            let applied =
                volume.is_ok_and(|v| inverse.lost.is_none() && v.apply(&inverse.steps).is_ok());
            undone = told && applied;
            if !undone {
                break;
            }
        }
        if undone {
            undone = self.record(|r| r.end(false)).is_ok();
        }
        match error {
            ExecuteError::Step { step, source, .. } => ExecuteError::Step {
                step,
                undone,
                source,
            },
            other => other,
        }
    }
}

fn failed(step: usize, source: VolumeError) -> ExecuteError {
    ExecuteError::Step {
        step,
        undone: true,
        source: Box::new(source),
    }
}

/// The object that a step made or changed; what it removed is no more.
fn object_of(volume: &dyn Volume, step: &Step) -> Option<FileId> {
    match step {
        Step::Remove { .. } => None,
        other => volume.entry(other.at()).ok().map(|entry| entry.id),
    }
}

/// Where an object that the preview made will be; one that is gone again is nowhere.
fn object(preview: &Preview, id: Option<FileId>) -> Object {
    match id {
        None => Object::Unknown,
        Some(id) if !Preview::is_made_here(id) => Object::Id(id),
        Some(id) => match preview.path_of(id) {
            Ok(Some(path)) => Object::At(path),
            _ => Object::Unknown,
        },
    }
}

/// Looks whether what a step builds on is so.
///
/// # Errors
/// [`ExecuteError::Unexpected`] where it is not, [`ExecuteError::Step`] where one cannot look.
pub fn check(volume: &dyn Volume, expect: &Expect, step: usize) -> Result<(), ExecuteError> {
    let unexpected = |at: &EntryPath, expected: String, found: String| {
        Err(ExecuteError::Unexpected {
            step,
            at: at.clone(),
            expected,
            found,
        })
    };
    let look = |at: &EntryPath| match volume.entry(at) {
        Ok(entry) => Ok(Some(entry)),
        Err(e) => match e.cause {
            Cause::NotFound | Cause::PathNotFound(_) | Cause::NotADirectory => Ok(None),
            Cause::ThroughLink(_) => Ok(None),
            _ => Err(failed(step, e)),
        },
    };
    match expect {
        Expect::Absent(at) => match look(at)? {
            None => Ok(()),
            Some(entry) => unexpected(at, "nothing".into(), format!("file {}", entry.id)),
        },
        Expect::SameContents { at, other } => {
            let same = same_contents((volume, at), (volume, other)).map_err(|e| failed(step, e))?;
            match same {
                true => Ok(()),
                false => unexpected(at, "the same contents".into(), "others".into()),
            }
        }
        Expect::Entry { at, id, link } => {
            let expected = format!("file {id}");
            let Some(entry) = look(at)? else {
                return unexpected(at, expected, "nothing".into());
            };
            if entry.id != *id {
                return unexpected(at, expected, format!("file {}", entry.id));
            }
            let Some(link) = link else { return Ok(()) };
            let now = volume.link_text(at).map_err(|e| failed(step, e))?;
            if now.as_ref() != Some(link) {
                return unexpected(at, "what the link said".into(), "something else".into());
            }
            Ok(())
        }
    }
}
