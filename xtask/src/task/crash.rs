//! Power cuts in every kind of edit and repair of an image and in random rows of edits, until enough states were tried.

use testkit::crash::Subsets;
use testkit::crash_edits::{Effort, KINDS, Tried, cut, cut_random, fail_each_call};
use testkit::crash_repairs;
use testkit::mendable::MENDABLE;

use super::{Outcome, Task};

/// The task.
pub(crate) const TASK: Task = Task {
    name: "crash",
    args: "[STATES]",
    about: "cut the power in every kind of edit and repair of an image: at least STATES (1,000,000) states, cut recoveries not counted",
    run,
};

const EFFORT: Effort = Effort {
    cuts: Subsets {
        all_up_to: 12,
        random: 200,
        seed: 11,
    },
    inner: 40,
    inner_every: 50,
};

/// What one kind of commit comes to: what was tried, and the calls that were let fail.
type Run = Box<dyn Fn() -> Result<(Tried, u64), String>>;

fn run(args: &[String]) -> Result<Outcome, String> {
    let wanted: u64 = match args.first() {
        Some(text) => text.parse().map_err(|_| format!("'{text}' is no number"))?,
        None => 1_000_000,
    };
    let mut total = Tried::default();
    let edits = KINDS.iter().map(|kind| {
        let run = || Ok((cut(kind, EFFORT)?, fail_each_call(kind)?));
        (kind.name, Box::new(run) as Run)
    });
    let repairs = MENDABLE.iter().map(|case| {
        let run = || {
            let tried = crash_repairs::cut(case, EFFORT)?;
            Ok((tried, crash_repairs::fail_each_call(case)?))
        };
        (case.0, Box::new(run) as Run)
    });
    for (name, run) in edits.chain(repairs) {
        let (tried, calls) = match run() {
            Ok(counts) => counts,
            Err(wrong) => return Ok(found(&wrong)),
        };
        println!(
            "{name:<48} {:>9} states {:>9} in recovery {:>6} distinct {calls:>4} failing calls",
            tried.states, tried.inner, tried.distinct
        );
        add(&mut total, tried);
    }
    let mut seed = 0;
    while total.states < wanted {
        seed += 1;
        match cut_random(seed, 200, EFFORT) {
            Ok(tried) => add(&mut total, tried),
            Err(wrong) => return Ok(found(&wrong)),
        }
        if seed % 10 == 0 {
            println!("{seed:>5} random rows: {} of {wanted} states", total.states);
        }
    }
    println!(
        "{} states, {} in recovery, {} distinct volumes checked, {seed} random rows: all old or new",
        total.states, total.inner, total.distinct
    );
    Ok(Outcome::Done)
}

fn found(wrong: &str) -> Outcome {
    println!("{wrong}");
    Outcome::Findings
}

fn add(total: &mut Tried, tried: Tried) {
    total.states += tried.states;
    total.inner += tried.inner;
    total.distinct += tried.distinct;
}
