//! `cargo xtask instructions`: what the hot loops cost, in instructions an item as callgrind counts them. They are
//! the same on every load of the machine, so that a change in them is a change of ours.
//!
//! Each loop is run by this program under callgrind on data made before, so many rounds and then more: what the
//! additional rounds cost is the loop's alone. `xtask/instructions.txt` holds what each may cost.
#![allow(
    clippy::disallowed_methods,
    reason = "an image and a tree of its own in a temporary folder"
)]

mod loops;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::bench::peers::build_linksmith;
use super::bench::shell::find_tool;
use super::{Outcome, Task};
use loops::{LOOPS, Loop};

pub(super) const TASK: Task = Task {
    name: "instructions",
    args: "[--record] [--only LOOP]...",
    about: "count the instructions of the hot loops by callgrind, and hold them to their budgets",
    run,
};

/// Above its budget by more than this part is a finding.
const TOLERANCE: f64 = 0.10;

fn run(args: &[String]) -> Result<Outcome, String> {
    if let [name, rounds, folder] = args {
        if let (Some(of), Ok(rounds)) = (loops::find(name), rounds.parse()) {
            loops::run(of, rounds, folder.as_ref());
            return Ok(Outcome::Done);
        }
    }
    let (record, only) = wish(args)?;
    let Some(valgrind) = find_tool("valgrind") else {
        println!("skipped: valgrind is not on this machine");
        return Ok(Outcome::Done);
    };
    let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
    loops::make_data(folder.path()).map_err(|e| format!("{}: {e}", folder.path().display()))?;
    let before = std::fs::read_to_string(budgets()).unwrap_or_default();
    let (mut text, mut outcome) = (String::new(), Outcome::Done);
    let wanted = |name: &str| only.is_empty() || only.iter().any(|only| only == name);
    for (name, cost) in costs(&valgrind, folder.path(), &wanted) {
        let cost = cost?;
        let _ = writeln!(text, "{name} {cost}");
        let change = recorded(&before, name).map(|budget| cost as f64 / budget as f64 - 1.0);
        let said = change.map_or("no budget".to_owned(), |change| {
            format!("{:+.1} % of the budget", change * 100.0)
        });
        println!("{name:<16} {cost:>8} instructions, {said}");
        if change.is_none_or(|change| change > TOLERANCE) {
            outcome = Outcome::Findings;
        }
    }
    if record {
        std::fs::write(budgets(), text).map_err(|e| format!("{}: {e}", budgets().display()))?;
        return Ok(Outcome::Done);
    }
    Ok(outcome)
}

fn wish(args: &[String]) -> Result<(bool, Vec<String>), String> {
    let (mut record, mut only) = (false, Vec::new());
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--record" => record = true,
            "--only" => only.push(args.next().ok_or("--only needs a loop")?.clone()),
            other => return Err(format!("there is no option '{other}'")),
        }
    }
    if record && !only.is_empty() {
        return Err("--record writes the budgets of all".to_owned());
    }
    Ok((record, only))
}

fn budgets() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("instructions.txt")
}

fn recorded(text: &str, name: &str) -> Option<u64> {
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))?;
    line.parse().ok()
}

/// The cost of each loop's item, and of starting the program.
fn costs<'a>(
    valgrind: &'a Path,
    folder: &'a Path,
    wanted: &'a dyn Fn(&str) -> bool,
) -> impl Iterator<Item = (&'static str, Result<u64, String>)> + 'a {
    let start = std::iter::once("start")
        .filter(|name| wanted(name))
        .map(|name| (name, start(valgrind)));
    let loops = LOOPS
        .iter()
        .filter(|of| wanted(of.name))
        .map(|of| (of.name, item(valgrind, folder, of)));
    start.chain(loops)
}

/// The whole of `linksmith --version`.
fn start(valgrind: &Path) -> Result<u64, String> {
    let mut command = callgrind(valgrind);
    command.arg(build_linksmith()?).arg("--version");
    count(command)
}

/// One item of a loop: what the additional rounds cost.
fn item(valgrind: &Path, folder: &Path, of: &Loop) -> Result<u64, String> {
    let this = std::env::current_exe().map_err(|e| e.to_string())?;
    let rounds = |rounds: u64| {
        let mut command = callgrind(valgrind);
        command.arg(&this).args(["instructions", of.name]);
        command.arg(rounds.to_string()).arg(folder);
        count(command)
    };
    let more = rounds(1 + of.rounds)?.saturating_sub(rounds(1)?);
    Ok(more / (of.rounds * of.items))
}

/// On one processor, so that walks take one thread: what threads do to divide their work differs from run to run.
fn callgrind(valgrind: &Path) -> Command {
    let mut command = Command::new("taskset");
    command
        .args(["-c", "0"])
        .arg(valgrind)
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .stdin(Stdio::null());
    command
}

fn count(mut command: Command) -> Result<u64, String> {
    let output = command.output().map_err(|e| format!("{command:?}: {e}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    said.lines()
        .find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok())
        .ok_or_else(|| format!("{command:?} counted nothing: {said}"))
}
