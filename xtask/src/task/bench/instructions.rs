//! Instructions of whole runs, counted by callgrind: the same on every load of the machine, so that a change
//! in them is a change of ours. `xtask/instructions.txt` holds what they were when they were last recorded.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::Command;

use super::super::Outcome;
use super::Wish;
use super::data::Data;
use super::peers::Peers;

/// Above the record by more than this part is a finding; scheduling of threads alone moves it by less.
const TOLERANCE: f64 = 0.05;
/// Files of the image that the runs read.
const FILES: usize = 20_000;

fn budgets() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("instructions.txt")
}

/// Counts, compares with the record and, where `record` says so, writes a new one.
pub(super) fn run(wish: &Wish, peers: &Peers, record: bool) -> Result<Outcome, String> {
    let image = Data::new(wish, peers).image(FILES)?.display().to_string();
    let drive = format!("C={image},ro");
    let find = ["--drive", &drive, "find", "--unfollowed"];
    let hard = ["--drive", &drive, "find", "--hard"];
    let check = ["check", &image];
    let runs: [(&str, &[&str]); 4] = [
        ("start", &["--version"]),
        ("scan-reparse-index", &find),
        ("scan-mft", &hard),
        ("check", &check),
    ];
    let before = std::fs::read_to_string(budgets()).unwrap_or_default();
    let (mut text, mut outcome) = (String::new(), Outcome::Done);
    for (name, words) in runs {
        let now = count(peers, words)?;
        let _ = writeln!(text, "{name} {now}");
        let budget = recorded(&before, name);
        let change = budget.map(|budget| now as f64 / budget as f64 - 1.0);
        match change {
            Some(change) => println!("{name}: {now} instructions, {:+.2} %", change * 100.0),
            None => println!("{name}: {now} instructions, none recorded"),
        }
        if change.is_some_and(|change| change > TOLERANCE) {
            outcome = Outcome::Findings;
        }
    }
    if record {
        std::fs::write(budgets(), text).map_err(|e| format!("{}: {e}", budgets().display()))?;
        return Ok(Outcome::Done);
    }
    Ok(outcome)
}

fn recorded(text: &str, name: &str) -> Option<u64> {
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))?;
    line.parse().ok()
}

fn count(peers: &Peers, words: &[&str]) -> Result<u64, String> {
    let valgrind = peers
        .get("valgrind")
        .ok_or("valgrind is not on this machine")?;
    let mut command = Command::new(valgrind);
    command
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(&peers.linksmith)
        .args(words)
        .stdin(std::process::Stdio::null());
    let output = command.output().map_err(|e| format!("{command:?}: {e}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    said.lines()
        .find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok())
        .ok_or_else(|| format!("{command:?} counted nothing: {said}"))
}
