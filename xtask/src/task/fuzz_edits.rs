//! `cargo xtask fuzz-edits`: random edits of images that are damaged at random, at length.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use testkit::damaged_edits::{Tally, run_seed};

use super::{Outcome, Task};

pub(super) const TASK: Task = Task {
    name: "fuzz-edits",
    args: "[--cases N] [--seconds N] [--seed N]",
    about: "edit images that are damaged at random: refused or done, and nothing that was sound is harmed",
    run,
};

/// After as many faults, more of them tell nothing.
const MOST_FAULTS: u32 = 10;

/// How long it goes on: to whichever end comes first.
struct Wishes {
    cases: u64,
    time: Option<Duration>,
    seed: u64,
}

fn wishes(args: &[String]) -> Result<Wishes, String> {
    let mut wishes = Wishes {
        cases: 100_000,
        time: None,
        seed: 1,
    };
    for pair in args.chunks(2) {
        let [option, number] = pair else {
            return Err(format!("'{}' wants a number", pair.concat()));
        };
        let number: u64 = number
            .parse()
            .map_err(|_| format!("'{number}' is no number"))?;
        match option.as_str() {
            "--cases" => wishes.cases = number,
            "--seconds" => {
                wishes.time = Some(Duration::from_secs(number));
                wishes.cases = u64::MAX;
            }
            "--seed" => wishes.seed = number,
            other => return Err(format!("there is no '{other}'")),
        }
    }
    Ok(wishes)
}

fn run(args: &[String]) -> Result<Outcome, String> {
    let wishes = wishes(args)?;
    let began = Instant::now();
    let (mut all, mut faults) = (Tally::default(), 0);
    let end = wishes.seed.saturating_add(wishes.cases);
    for seed in wishes.seed..end {
        if wishes.time.is_some_and(|time| began.elapsed() > time) {
            break;
        }
        // What it was doing is lost with it: nothing is used again.
        match catch_unwind(AssertUnwindSafe(|| run_seed(seed))) {
            Ok(Ok(tally)) => all.add(tally),
            Ok(Err(wrong)) => {
                faults += 1;
                println!("seed {seed}: {wrong}\n");
            }
            Err(_panicked) => {
                faults += 1;
                println!("seed {seed}: it panicked\n");
            }
        }
        if faults >= MOST_FAULTS {
            break;
        }
    }
    println!("{all:?} in {:.1} s", began.elapsed().as_secs_f64());
    if faults > 0 {
        println!("{faults} faults");
        return Ok(Outcome::Findings);
    }
    println!("every edit was refused or done, and harmed nothing that was sound");
    Ok(Outcome::Done)
}
