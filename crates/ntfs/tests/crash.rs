//! Power cuts in every kind of edit; `cargo xtask crash` does the same a million times.
#![allow(clippy::unwrap_used, reason = "tests")]

use testkit::crash::Subsets;
use testkit::crash_edits::{Effort, KINDS, cut, cut_random, fail_each_call, flushes};
use testkit::crash_repairs;
use testkit::mendable::MENDABLE;

const SHORT: Effort = Effort {
    cuts: Subsets {
        all_up_to: 6,
        random: 12,
        seed: 1,
    },
    inner: 6,
    inner_every: 7,
};

/// The journal; the dirty flag on; the sectors; the dirty flag off. What lies in clusters that were free costs one more.
#[test]
fn one_link_waits_four_times_for_the_disk() {
    for (name, expected) in [("add a name", 4), ("create a large file", 5)] {
        let kind = KINDS.iter().find(|kind| kind.name == name).unwrap();
        assert_eq!(flushes(kind).unwrap(), expected, "{name}");
    }
}

#[test]
fn every_kind_of_edit_is_whole_or_not_at_all() {
    for kind in KINDS {
        let tried = cut(kind, SHORT).unwrap();
        assert!(
            tried.states > 20 && tried.inner > 20,
            "{}: only {tried:?}",
            kind.name
        );
    }
}

#[test]
fn a_row_of_random_edits_is_whole_or_not_at_all() {
    cut_random(1, 60, SHORT).unwrap();
}

#[test]
fn whichever_call_fails_the_volume_is_old_or_new() {
    for kind in KINDS.iter().step_by(4) {
        assert!(fail_each_call(kind).unwrap() > 5);
    }
}

/// There are many kinds of repair, and each commits in one way.
const SHORTER: Effort = Effort {
    cuts: Subsets {
        all_up_to: 4,
        random: 6,
        seed: 2,
    },
    ..SHORT
};

#[test]
fn every_kind_of_repair_is_whole_or_not_at_all() {
    for case in MENDABLE {
        let tried = crash_repairs::cut(case, SHORTER).unwrap();
        assert!(
            tried.states > 20 && tried.inner > 10,
            "{}: only {tried:?}",
            case.0
        );
    }
}

#[test]
fn whichever_call_of_a_repair_fails_the_volume_is_as_it_was_or_mended() {
    for case in MENDABLE.iter().step_by(4) {
        let calls = crash_repairs::fail_each_call(case).unwrap();
        assert!(calls > 3, "{}: {calls} calls", case.0);
    }
}
