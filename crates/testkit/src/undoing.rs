//! Random changes taken back: after each the tree is just what it was before.
//!
//! One case is a tree, a plan of a few random steps, a run of it that is recorded, and a look at the
//! tree after it was taken back. Every third run dies in the middle, as in a crash: nothing is taken
//! back then but by what the journal says.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use linksmith::entry::{Entry, LinkText};
use linksmith::ops::{Recorder, Volumes, execute};
use linksmith::path::{EntryPath, Name};
use linksmith::plan::{Plan, Step};
use linksmith::undo::{DriveRecord, Journal, Keep, Recording, RunState, UndoError};
use linksmith::volume::{
    ApplyError, Cause, DriveId, Preview, Sources, Space, Volume, VolumeError, VolumeInfo,
};

use crate::changes::Changes;
use crate::snapshot::snapshot;

const DRIVE: DriveId = DriveId(0);

/// A volume that dies: after so many steps every change fails, with the step done or not.
struct Dying {
    volume: Arc<dyn Volume>,
    left: AtomicI64,
    /// The step at which it dies is done first.
    does_last: bool,
}

impl Volume for Dying {
    fn info(&self) -> &VolumeInfo {
        self.volume.info()
    }
    fn entry(&self, at: &EntryPath) -> Result<Entry, VolumeError> {
        self.volume.entry(at)
    }
    fn read_dir(
        &self,
        at: &EntryPath,
        visit: &mut dyn FnMut(Entry) -> std::ops::ControlFlow<()>,
    ) -> Result<(), VolumeError> {
        self.volume.read_dir(at, visit)
    }
    fn link_text(&self, at: &EntryPath) -> Result<Option<LinkText>, VolumeError> {
        self.volume.link_text(at)
    }
    fn read(&self, at: &EntryPath) -> Result<Box<dyn std::io::Read + '_>, VolumeError> {
        self.volume.read(at)
    }
    fn apply_with(&self, steps: &[&Step], sources: &dyn Sources) -> Result<(), ApplyError> {
        let before = self.left.fetch_sub(1, Ordering::Relaxed);
        if before > 1 || before == 1 && self.does_last {
            self.volume.apply_with(steps, sources)?;
        }
        if before > 1 {
            return Ok(());
        }
        let died = std::io::Error::other("the volume died");
        Err(ApplyError {
            step: 0,
            undone: false,
            source: Box::new(VolumeError::new(
                "change",
                &EntryPath::root(),
                Cause::Io(died),
            )),
        })
    }
    fn space(&self) -> Result<Space, VolumeError> {
        self.volume.space()
    }
    fn caps_at(&self, at: &EntryPath) -> linksmith::Caps {
        self.volume.caps_at(at)
    }
    fn names(&self, at: &EntryPath) -> Result<Vec<EntryPath>, VolumeError> {
        self.volume.names(at)
    }
    fn compare_names(&self, a: &Name, b: &Name) -> std::cmp::Ordering {
        self.volume.compare_names(a, b)
    }
}

struct One(Arc<dyn Volume>);

impl Volumes for One {
    fn volume(&self, drive: DriveId) -> Option<Arc<dyn Volume>> {
        (drive == DRIVE).then(|| Arc::clone(&self.0))
    }
}

/// The journal's recorder, which dies with the volume.
struct DyingRecorder<'r> {
    recording: Recording,
    volume: &'r Dying,
}

impl DyingRecorder<'_> {
    fn alive(&self) -> bool {
        self.volume.left.load(Ordering::Relaxed) > 0
    }
}

impl Recorder for DyingRecorder<'_> {
    fn intend(
        &mut self,
        first: usize,
        inverses: &[linksmith::undo::Inverse],
    ) -> Result<(), UndoError> {
        self.recording.intend(first, inverses)
    }
    fn done(&mut self, first: usize, ids: &[Option<linksmith::FileId>]) -> Result<(), UndoError> {
        self.recording.done(first, ids)
    }
    fn back(&mut self, step: usize) -> Result<(), UndoError> {
        if self.alive() {
            return self.recording.back(step);
        }
        Err(UndoError::NoRun(self.recording.id()))
    }
    fn end(&mut self, done: bool) -> Result<(), UndoError> {
        if done || self.alive() {
            return self.recording.end(done);
        }
        Err(UndoError::NoRun(self.recording.id()))
    }
}

fn plan(changes: &mut Changes, volume: &Arc<dyn Volume>) -> Plan {
    let preview = Preview::new(Arc::clone(volume));
    let mut plan = Plan::default();
    let wanted = 1 + changes.rng.below(6) as usize;
    for _ in 0..60 {
        let step = changes.step(&preview);
        if preview.apply(std::slice::from_ref(&step)).is_ok() {
            plan.push(DRIVE, step, Vec::new());
        }
        if plan.steps.len() == wanted {
            break;
        }
    }
    plan
}

fn records(volume: &Arc<dyn Volume>) -> Vec<DriveRecord> {
    vec![DriveRecord {
        drive: DRIVE,
        serial: volume.info().serial,
        root: "C:\\".to_owned(),
    }]
}

/// One case on a volume that holds what earlier cases left. Returns how many steps were taken back.
///
/// # Panics
/// Where a tree is not what it was.
pub fn one_case(
    changes: &mut Changes,
    volume: &Arc<dyn Volume>,
    journal: &Path,
    seed: u64,
) -> usize {
    let journal = Journal::open(journal).expect("a journal folder");
    let plan = plan(changes, volume);
    let before = snapshot(&**volume);
    let crash = changes.rng.percent(34);
    if crash {
        crashed(changes, volume, &journal, &plan, seed);
    } else {
        let mut recording = begin(&journal, &plan, volume, None);
        execute(
            &plan,
            &One(Arc::clone(volume)),
            Keep::DEFAULT,
            Some(&mut recording),
        )
        .unwrap_or_else(|e| panic!("seed {seed}: {e}: {plan:#?}"));
        drop(recording);
        let after = snapshot(&**volume);
        let run = journal.last().expect("the journal").expect("a run");
        take_back(&journal, volume, &run, seed);
        // Taking back is a change like any other: it can be taken back too. Times of its own aside.
        if changes.rng.percent(30) {
            let runs = journal.runs().expect("the journal");
            let undo = runs.into_iter().flatten().next_back().expect("a run");
            let undo = journal.run(undo.id).expect("the run");
            same(&snapshot(&**volume), &before, seed, &plan);
            take_back(&journal, volume, &undo, seed);
            assert_eq!(snapshot(&**volume).len(), after.len(), "seed {seed}");
            let run = journal.run(run.id).expect("the run");
            assert_eq!(run.state, RunState::Done, "seed {seed}");
            let runs = journal.runs().expect("the journal");
            let redo = runs.into_iter().flatten().next_back().expect("a run");
            let redo = journal.run(redo.id).expect("the run");
            take_back(&journal, volume, &redo, seed);
        }
    }
    same(&snapshot(&**volume), &before, seed, &plan);
    let stopped = journal.interrupted().expect("the journal");
    assert!(stopped.is_empty(), "seed {seed}: {stopped:?}");
    plan.steps.len()
}

fn same(now: &[String], before: &[String], seed: u64, plan: &Plan) {
    let new: Vec<_> = now.iter().filter(|line| !before.contains(line)).collect();
    let gone: Vec<_> = before.iter().filter(|line| !now.contains(line)).collect();
    assert!(
        new.is_empty() && gone.is_empty(),
        "seed {seed}: there is {new:#?}, there was {gone:#?} before {plan:#?}"
    );
}

fn begin(
    journal: &Journal,
    plan: &Plan,
    volume: &Arc<dyn Volume>,
    undoes: Option<(linksmith::undo::RunId, &[(usize, linksmith::FileId)])>,
) -> Recording {
    journal
        .begin("a random change", plan, &records(volume), undoes)
        .expect("a recording")
}

fn take_back(journal: &Journal, volume: &Arc<dyn Volume>, run: &linksmith::undo::Run, seed: u64) {
    let back = run
        .take_back(&[(DRIVE, Arc::clone(volume))])
        .unwrap_or_else(|e| panic!("seed {seed}: {e}: {run:#?}"));
    let undoes = Some((run.id, back.again.as_slice()));
    let back = &back.plan;
    let mut recording = begin(journal, back, volume, undoes);
    execute(
        back,
        &One(Arc::clone(volume)),
        Keep::DEFAULT,
        Some(&mut recording),
    )
    .unwrap_or_else(|e| panic!("seed {seed}: {e}: {run:#?} {back:#?}"));
}

/// Runs a plan on a volume that dies on the way, then takes back or ends and takes back what is left.
fn crashed(
    changes: &mut Changes,
    volume: &Arc<dyn Volume>,
    journal: &Journal,
    plan: &Plan,
    seed: u64,
) {
    let dying = Arc::new(Dying {
        volume: Arc::clone(volume),
        left: AtomicI64::new(1 + changes.rng.below(plan.steps.len().max(1) as u64) as i64),
        does_last: changes.rng.percent(50),
    });
    let recording = begin(journal, plan, volume, None);
    let mut recorder = DyingRecorder {
        recording,
        volume: &dying,
    };
    let one = One(Arc::clone(&dying) as Arc<dyn Volume>);
    let died = execute(plan, &one, Keep::DEFAULT, Some(&mut recorder)).is_err();
    drop(recorder);
    let run = if died {
        let stopped = journal.interrupted().expect("the journal");
        stopped.into_iter().next().expect("an interrupted run")
    } else {
        journal.last().expect("the journal").expect("a run")
    };
    if died && changes.rng.percent(50) {
        let attached = [(DRIVE, Arc::clone(volume))];
        let (rest, done) = run.rest(&attached).expect("the rest");
        let mut recording = journal.resume(&run, done).expect("the recording again");
        execute(
            &rest,
            &One(Arc::clone(volume)),
            Keep::DEFAULT,
            Some(&mut recording),
        )
        .unwrap_or_else(|e| panic!("seed {seed}: {e}: {run:#?}"));
        drop(recording);
        let whole = journal.run(run.id).expect("the run");
        assert_eq!(whole.state, RunState::Done, "seed {seed}");
        take_back(journal, volume, &whole, seed);
    } else {
        take_back(journal, volume, &run, seed);
    }
}

/// Several runs, each on what the one before left, taken back one after the other, the last first: files
/// that are made again on the way have other ids than the runs before know.
///
/// # Panics
/// Where a tree is not what it was.
pub fn in_sequence(
    changes: &mut Changes,
    volume: &Arc<dyn Volume>,
    journal: &Path,
    seed: u64,
) -> usize {
    let journal = Journal::open(journal).expect("a journal folder");
    let mut steps = 0;
    let mut runs = Vec::new();
    for _ in 0..4 {
        let plan = plan(changes, volume);
        let before = snapshot(&**volume);
        let mut recording = begin(&journal, &plan, volume, None);
        let one = One(Arc::clone(volume));
        execute(&plan, &one, Keep::DEFAULT, Some(&mut recording))
            .unwrap_or_else(|e| panic!("seed {seed}: {e}: {plan:#?}"));
        steps += plan.steps.len();
        runs.push((recording.id(), before, plan));
    }
    for (id, before, plan) in runs.into_iter().rev() {
        let run = journal.run(id).expect("a run");
        take_back(&journal, volume, &run, seed);
        same(&snapshot(&**volume), &before, seed, &plan);
    }
    steps
}

/// Many cases on volumes made by `new`, `per_volume` on each tree. The journal is made in `folder`.
/// Returns how many cases and steps there were.
///
/// # Panics
/// At the first tree that is not what it was.
pub fn many_cases(
    new: &dyn Fn(u64) -> Arc<dyn Volume>,
    folder: &Path,
    seed: u64,
    cases: u64,
    per_volume: u64,
) -> (u64, usize) {
    let (mut done, mut steps) = (0, 0);
    while done < cases {
        let seed = seed + done;
        let volume = new(seed);
        let mut changes = Changes::new(seed);
        changes.fill(&*volume, 25);
        let journal = folder.join(format!("{seed}"));
        for _ in 0..per_volume.min(cases - done) {
            steps += one_case(&mut changes, &volume, &journal, seed);
            done += 1;
        }
        steps += in_sequence(&mut changes, &volume, &journal, seed);
        #[allow(clippy::disallowed_methods, reason = "a folder of the test itself")]
        std::fs::remove_dir_all(&journal).expect("the journal's folder");
    }
    (done, steps)
}
