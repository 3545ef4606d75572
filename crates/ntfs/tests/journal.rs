//! The commit protocol under power cuts: every prefix of writes, every subset of unflushed sectors.
#![allow(clippy::unwrap_used, reason = "tests")]

use linksmith_ntfs::change::Change;
use linksmith_ntfs::device::Device;
use linksmith_ntfs::journal::{
    JournalError, JournalStore, Mark, MemoryJournal, Recovery, commit, recover,
};
use testkit::crash::{Content, CrashState, Failure, Recorder, SECTOR, Subsets};
use testkit::rng::Rng;

const LEN: usize = 32 * SECTOR;
/// Sectors 24 to 31 are free before the change.
const FRESH: std::ops::Range<usize> = 24 * SECTOR..LEN;
/// The first byte of this sector is the dirty flag.
const MARK: usize = 4 * SECTOR;
const IMAGE: usize = 0;
const JOURNAL: usize = 1;

struct Case {
    old: Vec<u8>,
    new: Vec<u8>,
    mark: Mark,
}

fn random_bytes(rng: &mut Rng, len: usize) -> Vec<u8> {
    (0..len).map(|_| rng.next_u64() as u8).collect()
}

impl Case {
    /// A change of `writes` writes in place and `fresh` to free sectors.
    fn new(seed: u64, writes: usize, fresh: usize) -> (Self, Vec<(usize, Vec<u8>)>) {
        let mut rng = Rng::new(seed);
        let mut old = random_bytes(&mut rng, LEN);
        old[MARK] = 0;
        let mut list = Vec::new();
        for i in 0..writes + fresh {
            let area = if i < writes { 0..FRESH.start } else { FRESH };
            let len = 1 + rng.below(2 * SECTOR as u64) as usize;
            let at = area.start + rng.below((area.len() - len) as u64) as usize;
            list.push((at, random_bytes(&mut rng, len)));
        }
        let mut new = old.clone();
        for (at, bytes) in &list {
            new[*at..at + bytes.len()].copy_from_slice(bytes);
        }
        new[MARK] = 0;
        let clear = new[MARK..MARK + SECTOR].to_vec();
        let mut set = clear.clone();
        set[0] = 1;
        (
            Self {
                old,
                new,
                mark: Mark {
                    offset: MARK as u64,
                    set,
                    clear,
                },
            },
            list,
        )
    }

    fn run(
        &self,
        writes: &[(usize, Vec<u8>)],
        device: impl Device,
        store: &dyn JournalStore,
    ) -> Result<(), JournalError> {
        let change = Change::new(device);
        for (at, bytes) in writes {
            change.write_at(*at as u64, bytes).unwrap();
        }
        change.mark_fresh(FRESH.start as u64..FRESH.end as u64);
        commit(&change, store, std::slice::from_ref(&self.mark)).map(|_| ())
    }

    /// Old, outside the sectors nobody misses; or new.
    fn side(&self, bytes: &[u8]) -> Option<bool> {
        if bytes == self.new {
            return Some(true);
        }
        (bytes[..FRESH.start] == self.old[..FRESH.start]).then_some(false)
    }

    /// A half-written image has its flag set, whatever else.
    fn check_marked(&self, bytes: &[u8]) -> Result<(), String> {
        let mut clean = bytes.to_vec();
        clean[MARK..MARK + SECTOR].copy_from_slice(&self.new[MARK..MARK + SECTOR]);
        let mut old = self.old.clone();
        old[MARK..MARK + SECTOR].copy_from_slice(&self.new[MARK..MARK + SECTOR]);
        let whole = clean == self.new || clean[..FRESH.start] == old[..FRESH.start];
        if whole || bytes[MARK] == 1 {
            Ok(())
        } else {
            Err("half written and not marked".into())
        }
    }

    /// Recovers what a cut left; every cut inside the recovery too where `again`.
    fn check_state(&self, state: CrashState, committed: bool, again: bool) -> Result<u64, String> {
        self.check_marked(&state.disks[IMAGE].to_vec())?;
        let at = state.calls;
        let recorder = Recorder::new(state.disks);
        recover(&recorder.disk(IMAGE), &recorder.disk(JOURNAL))
            .map_err(|e| format!("after {at} calls: {e}"))?;
        let side = self
            .side(&recorder.now()[IMAGE].to_vec())
            .ok_or(format!("after {at} calls: neither old nor new"))?;
        if committed && !side {
            return Err(format!("after {at} calls: a committed change came undone"));
        }
        if !again {
            return Ok(1);
        }
        let few = Subsets {
            all_up_to: 3,
            random: 4,
            seed: at,
        };
        recorder.crash_states(few, |inner| {
            self.check_state(inner, committed || side, false)
                .map(|_| ())
        })
    }
}

fn disks(case: &Case) -> Recorder {
    Recorder::new(vec![
        Content::new(case.old.clone()),
        Content::new(Vec::new()),
    ])
}

const ALL: Subsets = Subsets {
    all_up_to: 10,
    random: 100,
    seed: 7,
};

#[test]
fn any_cut_leaves_old_or_new_and_so_does_any_cut_of_the_recovery() {
    let (mut states, mut inner) = (0, 0);
    for (seed, writes, fresh) in [(1, 1, 0), (2, 3, 2), (3, 0, 2), (4, 6, 0)] {
        let (case, list) = Case::new(seed, writes, fresh);
        let recorder = disks(&case);
        case.run(&list, recorder.disk(IMAGE), &recorder.disk(JOURNAL))
            .unwrap();
        let calls = recorder.calls();
        let visited = recorder.crash_states(ALL, |state| {
            let committed = state.calls >= calls;
            inner += case.check_state(state, committed, true)?;
            Ok::<_, String>(())
        });
        states += visited.unwrap_or_else(|e| panic!("seed {seed}: {e}"));
    }
    assert!(
        states > 1000 && inner > 10_000,
        "only {states} states and {inner} inside recovery"
    );
}

/// Each flush is needed: without it some cut breaks a promise.
#[test]
fn a_missing_flush_is_noticed() {
    let (case, list) = Case::new(2, 4, 2);
    let recorder = disks(&case);
    case.run(&list, recorder.disk(IMAGE), &recorder.disk(JOURNAL))
        .unwrap();
    assert_eq!(recorder.flushes(), 5);
    for (flush, what) in [
        "fresh bytes",
        "journal",
        "mark set",
        "frames",
        "mark cleared",
    ]
    .into_iter()
    .enumerate()
    {
        let broken = recorder.without_flush(flush).crash_states(ALL, |state| {
            case.check_state(state, false, false).map(|_| ())
        });
        assert!(
            broken.is_err(),
            "the flush of {what} can go missing and no test notices"
        );
    }
}

/// The end of a journal is not flushed: one that comes back is known to be done, whatever was written since.
#[test]
fn a_journal_that_comes_back_is_known_to_be_done() {
    let (case, list) = Case::new(5, 2, 1);
    let recorder = disks(&case);
    case.run(&list, recorder.disk(IMAGE), &recorder.disk(JOURNAL))
        .unwrap();
    let calls = recorder.calls();
    let mut came_back = 0;
    let visited = recorder.crash_states(ALL, |state| {
        if state.calls < calls {
            return Ok(());
        }
        let there = Recorder::new(state.disks);
        let (image, journal) = (there.disk(IMAGE), there.disk(JOURNAL));
        came_back += u32::from(has_journal(&there));
        // Somebody writes to the volume, into one of the sectors that were changed and into one of the fresh ones.
        for place in [list[0].0, list.last().unwrap().0] {
            Device::write_at(&image, place as u64, &[0x11; 3]).unwrap();
        }
        let before = there.now()[IMAGE].to_vec();
        match recover(&image, &journal) {
            Ok(Recovery::Nothing | Recovery::Discarded) => {}
            other => return Err(format!("{other:?}")),
        }
        if there.now()[IMAGE].to_vec() != before {
            return Err("it wrote to a volume that was done".to_owned());
        }
        Ok(())
    });
    visited.unwrap();
    assert!(came_back > 0, "no cut brought the journal back");
}

/// Whether a cut left a journal that is not void.
fn has_journal(disks: &Recorder) -> bool {
    let mut head = [0; 8];
    let journal = disks.disk(JOURNAL);
    Device::len(&journal) >= 512
        && Device::read_at(&journal, 0, &mut head).is_ok()
        && head != [0; 8]
}

/// A second change into what the first one freed: the first one's journal, where it comes back, does not undo it.
#[test]
fn a_journal_that_comes_back_leaves_the_next_change_alone() {
    let (case, list) = Case::new(12, 3, 0);
    let recorder = disks(&case);
    case.run(&list, recorder.disk(IMAGE), &recorder.disk(JOURNAL))
        .unwrap();
    let first = recorder.now()[IMAGE].to_vec();
    let first_calls = recorder.calls();
    // The first write's last sector counts as freed by it: the second change takes it for fresh.
    let freed = (list[0].0 + list[0].1.len() - 1) / SECTOR * SECTOR;
    let other = if freed == 0 { SECTOR } else { 0 };
    let image = recorder.disk(IMAGE);
    let change = Change::new(&image);
    change.write_at(freed as u64, &[0x77; SECTOR]).unwrap();
    change.write_at(other as u64, &[0x66; SECTOR]).unwrap();
    change.mark_fresh(freed as u64..(freed + SECTOR) as u64);
    let mark = std::slice::from_ref(&case.mark);
    commit(&change, &recorder.disk(JOURNAL), mark).unwrap();
    let second = recorder.now()[IMAGE].to_vec();
    let without_freed = |bytes: &[u8]| {
        let mut bytes = bytes.to_vec();
        bytes[freed..freed + SECTOR].fill(0);
        bytes
    };
    let visited = recorder.crash_states(ALL, |state| {
        let calls = state.calls;
        if calls < first_calls {
            return Ok(());
        }
        let there = Recorder::new(state.disks);
        recover(&there.disk(IMAGE), &there.disk(JOURNAL)).map_err(|e| format!("{calls}: {e}"))?;
        let now = there.now()[IMAGE].to_vec();
        if now == second || without_freed(&now) == without_freed(&first) {
            Ok(())
        } else {
            Err(format!(
                "after {calls} calls: neither the first nor the second"
            ))
        }
    });
    assert!(visited.unwrap() > 100);
}

/// Whichever call fails, the error tells the truth, and the next open finds old or new.
#[test]
fn the_nth_call_failing() {
    let (case, list) = Case::new(6, 4, 2);
    let whole = disks(&case);
    case.run(&list, whole.disk(IMAGE), &whole.disk(JOURNAL))
        .unwrap();
    for n in 0..whole.calls() {
        for failure in [Failure::Only(n), Failure::From(n)] {
            let recorder = disks(&case);
            recorder.fail(Some(failure));
            let error = case
                .run(&list, recorder.disk(IMAGE), &recorder.disk(JOURNAL))
                .expect_err("a call failed");
            recorder.fail(None);
            recover(&recorder.disk(IMAGE), &recorder.disk(JOURNAL)).unwrap();
            let is_new = case
                .side(&recorder.now()[IMAGE].to_vec())
                .expect("old or new");
            match error {
                JournalError::NotCommitted { .. } => assert!(!is_new, "{failure:?}"),
                JournalError::Unfinished { .. } => assert!(is_new, "{failure:?}"),
                JournalError::Undecided { .. } => {}
                other => panic!("{failure:?}: {other}"),
            }
        }
    }
}

/// Somebody else wrote between the cut and the recovery: nothing is touched.
#[test]
fn a_journal_of_another_state_is_refused() {
    let (case, list) = Case::new(8, 3, 1);
    let whole = disks(&case);
    case.run(&list, whole.disk(IMAGE), &whole.disk(JOURNAL))
        .unwrap();
    for place in [list[0].0, list.last().unwrap().0] {
        let recorder = disks(&case);
        // The journal is durable, the image has its fresh bytes and nothing else.
        recorder.fail(Some(Failure::From(whole.calls() - 7)));
        case.run(&list, recorder.disk(IMAGE), &recorder.disk(JOURNAL))
            .expect_err("cut off");
        recorder.fail(None);
        let image = recorder.disk(IMAGE);
        let mut byte = [0];
        Device::read_at(&image, place as u64, &mut byte).unwrap();
        Device::write_at(&image, place as u64, &[byte[0] ^ 0x55]).unwrap();
        let before = recorder.calls();
        let found = recover(&image, &recorder.disk(JOURNAL));
        assert!(
            matches!(found, Err(JournalError::VolumeChanged { .. })),
            "{found:?}"
        );
        assert_eq!(
            recorder.calls(),
            before,
            "a refused journal leaves everything as it is"
        );
    }
}

#[test]
fn a_journal_of_another_device_is_refused() {
    let (case, list) = Case::new(9, 3, 1);
    let recorder = disks(&case);
    recorder.fail(Some(Failure::From(8)));
    case.run(&list, recorder.disk(IMAGE), &recorder.disk(JOURNAL))
        .expect_err("cut off");
    recorder.fail(None);
    let other = Recorder::new(vec![Content::new(vec![0; LEN / 2])]);
    let found = recover(&other.disk(0), &recorder.disk(JOURNAL));
    assert!(
        matches!(found, Err(JournalError::OtherDevice { .. })),
        "{found:?}"
    );
}

#[test]
fn garbage_is_no_journal() {
    let mut rng = Rng::new(3);
    for len in [1, 36, 511, 512, 5000] {
        let store = MemoryJournal::default();
        store.write_at(0, &random_bytes(&mut rng, len)).unwrap();
        let image = Recorder::new(vec![Content::new(vec![0; LEN])]);
        assert_eq!(
            recover(&image.disk(0), &store).unwrap(),
            Recovery::Discarded
        );
        assert_eq!(image.calls(), 0);
        assert!(store.is_empty().unwrap());
    }
}
