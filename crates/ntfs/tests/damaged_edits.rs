//! Edits of images that are damaged at random; `cargo xtask fuzz-edits` does the same a hundred thousand times.

use testkit::damaged_edits::{Tally, run_seed};

/// Seeds from here on are tried.
const FIRST: u64 = 1;
const SEEDS: u64 = 60;

#[test]
fn an_edit_of_a_damaged_image_is_refused_or_done_and_harms_nothing_else() {
    let mut all = Tally::default();
    for seed in FIRST..FIRST + SEEDS {
        match run_seed(seed) {
            Ok(tally) => all.add(tally),
            Err(wrong) => panic!("seed {seed}: {wrong}"),
        }
    }
    // The damage must leave something to edit, and must be in the way now and then.
    assert!(all.damaged > SEEDS / 2, "{all:?}");
    assert!(all.commits > SEEDS && all.withheld > 0, "{all:?}");
}

/// Damage that once led to harm.
#[test]
fn what_once_did_harm() {
    let check = |seed: u64, what: &str| {
        if let Err(wrong) = run_seed(seed) {
            panic!("{what}, seed {seed}: {wrong}");
        }
    };
    check(91, "clusters of $LogFile marked free were given to a file");
    check(149, "clusters of $UpCase marked free were given to a file");
    check(185, "a refused copy had overwritten $Secure already");
    check(
        110,
        "a new file got a security id that $Secure does not have",
    );
    check(732, "a plain file was left of a refused reparse point");
    check(
        6408,
        "a record used twice in a change kept its sequence number",
    );
}
