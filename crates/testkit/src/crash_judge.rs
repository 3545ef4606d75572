//! Cuts the power at every moment of whatever commits to a recorded disk, and judges what comes back.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use linksmith_ntfs::Volume;
use linksmith_ntfs::check::{Finding, findings};
use linksmith_ntfs::device::Memory;
use linksmith_ntfs::edit::EditResult;
use linksmith_ntfs::journal::recover;

use crate::crash::{Content, CrashState, Failure, Recorder, Subsets};
use crate::listing::{Listing, list};

/// The disk of a recorder that holds the volume.
pub(crate) const IMAGE: usize = 0;
/// The one that holds the journal.
pub(crate) const JOURNAL: usize = 1;

/// How far a run goes.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Cuts of the commit.
    pub cuts: Subsets,
    /// Cuts of each recovery; none where 0.
    pub inner: u32,
    /// Every how many states the recovery is cut, too.
    pub inner_every: u64,
}

/// What was tried.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tried {
    /// States after a cut of the commit.
    pub states: u64,
    /// States after a cut of a recovery.
    pub inner: u64,
    /// Volumes that were checked and listed: the others were equal to one of these, byte for byte.
    pub distinct: u64,
}

/// All that can be told of a volume: what a check finds, and what it lists as far as that goes.
#[derive(Debug, PartialEq, Eq)]
pub struct State {
    /// What is wrong.
    pub findings: Vec<Finding>,
    /// What is there.
    pub listing: Result<Listing, String>,
}

/// The state of any volume that opens.
///
/// # Errors
/// Where it does not.
pub fn any(content: &Content) -> Result<State, String> {
    let volume = Volume::open(Memory::new(content.to_vec())).map_err(|e| e.to_string())?;
    Ok(State {
        findings: findings(&volume).map_err(|e| e.to_string())?,
        listing: list(&volume).map_err(|e| e.to_string()),
    })
}

/// The state of a volume with which nothing is wrong.
///
/// # Errors
/// What is wrong with it.
pub fn clean(content: &Content) -> Result<State, String> {
    let state = any(content)?;
    if let Some(first) = state.findings.first() {
        return Err(format!(
            "{} findings, first {first:?}",
            state.findings.len()
        ));
    }
    state.listing.as_ref().map_err(String::clone)?;
    Ok(state)
}

/// Tells the state of a volume, or why it must not be.
pub type Tell<'t> = &'t dyn Fn(&Content) -> Result<State, String>;

fn key(content: &Content) -> u64 {
    let mut hasher = DefaultHasher::new();
    for (number, bytes) in content.changed_sectors() {
        (number, &bytes[..]).hash(&mut hasher);
    }
    hasher.finish()
}

/// The two sides of a commit, and what was found out so far.
struct Judge<'t> {
    tell: Tell<'t>,
    old: State,
    new: State,
    known: HashMap<u64, bool>,
    tried: Tried,
    effort: Effort,
}

impl Judge<'_> {
    /// Whether a recovered volume is the new one; an error where it is neither.
    fn side(&mut self, content: &Content) -> Result<bool, String> {
        let key = key(content);
        if let Some(&side) = self.known.get(&key) {
            return Ok(side);
        }
        let found = (self.tell)(content)?;
        let side = found == self.new;
        if !side && found != self.old {
            return Err("neither the old state nor the new one".to_owned());
        }
        self.tried.distinct += 1;
        self.known.insert(key, side);
        Ok(side)
    }

    fn state(&mut self, state: CrashState, committed: bool) -> Result<(), String> {
        self.tried.states += 1;
        let at = state.calls;
        let recorder = Recorder::new(state.disks);
        recover(&recorder.disk(IMAGE), &recorder.disk(JOURNAL))
            .map_err(|e| format!("after {at} calls: {e}"))?;
        let side = self
            .side(&recorder.now()[IMAGE])
            .map_err(|e| format!("after {at} calls: {e}"))?;
        if committed && !side && self.old != self.new {
            return Err(format!("after {at} calls: a committed change came undone"));
        }
        if self.effort.inner == 0 || self.tried.states % self.effort.inner_every != 0 {
            return Ok(());
        }
        let few = Subsets {
            all_up_to: 4,
            random: self.effort.inner,
            seed: at,
        };
        let mut inner = 0;
        recorder.crash_states(few, |cut| {
            inner += 1;
            let again = Recorder::new(cut.disks);
            recover(&again.disk(IMAGE), &again.disk(JOURNAL))
                .map_err(|e| format!("recovering again: {e}"))?;
            let now = self.side(&again.now()[IMAGE])?;
            if side && !now && self.old != self.new {
                Err("a recovered change came undone".to_owned())
            } else {
                Ok(())
            }
        })?;
        self.tried.inner += inner;
        Ok(())
    }
}

fn disks(bytes: Vec<u8>) -> Vec<Content> {
    vec![Content::new(bytes), Content::new(Vec::new())]
}

/// Cuts the power at every moment of `run`, which commits to a volume of these bytes.
///
/// # Errors
/// What is wrong with the volume that came back.
pub fn cut(
    bytes: Vec<u8>,
    run: impl FnOnce(&Recorder) -> EditResult<()>,
    tell: Tell<'_>,
    effort: Effort,
) -> Result<Tried, String> {
    let recorder = Recorder::new(disks(bytes));
    let old = tell(&recorder.now()[IMAGE])?;
    run(&recorder).map_err(|e| format!("the edit: {e}"))?;
    let new = tell(&recorder.now()[IMAGE])?;
    let calls = recorder.calls();
    let mut judge = Judge {
        tell,
        old,
        new,
        known: HashMap::new(),
        tried: Tried::default(),
        effort,
    };
    recorder.crash_states(effort.cuts, |state| {
        let committed = state.calls >= calls;
        judge.state(state, committed)
    })?;
    Ok(judge.tried)
}

/// Lets each call of `run` fail in turn. Gives how many there are.
///
/// # Errors
/// What is wrong with the volume afterwards.
pub fn fail_each_call(
    bytes: &[u8],
    run: impl Fn(&Recorder) -> EditResult<()>,
    tell: Tell<'_>,
) -> Result<u64, String> {
    let whole = Recorder::new(disks(bytes.to_vec()));
    let old = tell(&whole.now()[IMAGE])?;
    run(&whole).map_err(|e| e.to_string())?;
    let new = tell(&whole.now()[IMAGE])?;
    for n in 0..whole.calls() {
        for failure in [Failure::Only(n), Failure::From(n)] {
            let recorder = Recorder::new(disks(bytes.to_vec()));
            recorder.fail(Some(failure));
            if run(&recorder).is_ok() {
                return Err(format!("{failure:?} went unnoticed"));
            }
            recorder.fail(None);
            let wrong = |e: String| format!("{failure:?}: {e}");
            recover(&recorder.disk(IMAGE), &recorder.disk(JOURNAL))
                .map_err(|e| wrong(e.to_string()))?;
            let found = tell(&recorder.now()[IMAGE]).map_err(wrong)?;
            if found != old && found != new {
                return Err(wrong("neither the old state nor the new one".to_owned()));
            }
        }
    }
    Ok(whole.calls())
}
