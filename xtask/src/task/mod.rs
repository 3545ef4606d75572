//! The table of tasks. A new one is a file beside this one and a line in [`TASKS`].

mod bench;
mod crash;
mod differential;
mod dist;
mod fuzz_edits;
mod instructions;
mod random;
mod scale;

/// What came of a run that could be made.
pub(crate) enum Outcome {
    /// All is well.
    Done,
    /// Something is wrong with linksmith; it was printed.
    #[allow(dead_code, reason = "not every set of tasks finds faults")]
    Findings,
}

/// One task.
pub(crate) struct Task {
    /// As it is called.
    pub(crate) name: &'static str,
    /// Its arguments, as `--help` shows them.
    pub(crate) args: &'static str,
    /// What it does, in one line.
    pub(crate) about: &'static str,
    /// Runs it on the arguments after its name.
    pub(crate) run: fn(&[String]) -> Result<Outcome, String>,
}

/// All of them.
pub(crate) const TASKS: &[Task] = &[
    bench::TASK,
    crash::TASK,
    differential::TASK,
    dist::TASK,
    fuzz_edits::TASK,
    instructions::TASK,
    random::FORETELL,
    random::SWEEP,
    random::TAKE_BACK,
    scale::TASK,
];
