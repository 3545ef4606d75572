//! Contestants, and how they are timed.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::answers::Answer;
use super::shell;

/// A program with its arguments that does the work of a race.
pub(crate) struct Contestant {
    /// As the table calls it.
    pub(crate) name: String,
    /// Whether it is linksmith.
    pub(crate) ours: bool,
    /// Program and arguments.
    pub(crate) command: Vec<String>,
    /// What it reads on standard input.
    pub(crate) input: Option<PathBuf>,
    /// A shell script to run before each run, untimed: fresh data.
    pub(crate) before: Option<String>,
    /// What its output says, for comparison with the others'.
    pub(crate) answer: Option<fn(&[u8]) -> Answer>,
    /// At most so many runs: for what takes minutes.
    pub(crate) at_most: usize,
    /// Exit codes that are fine.
    pub(crate) codes: &'static [i32],
    /// What the table says of it besides.
    pub(crate) note: String,
}

impl Contestant {
    pub(crate) fn new(name: &str, command: &[&str]) -> Self {
        Self {
            name: name.to_owned(),
            ours: false,
            command: command.iter().map(|&word| word.to_owned()).collect(),
            input: None,
            before: None,
            answer: None,
            at_most: usize::MAX,
            codes: &[0],
            note: String::new(),
        }
    }

    pub(crate) fn ours(mut self) -> Self {
        self.ours = true;
        self
    }

    pub(crate) fn answer(mut self, answer: fn(&[u8]) -> Answer) -> Self {
        self.answer = Some(answer);
        self
    }

    pub(crate) fn before(mut self, script: String) -> Self {
        self.before = Some(script);
        self
    }

    pub(crate) fn input(mut self, file: &Path) -> Self {
        self.input = Some(file.to_owned());
        self
    }

    pub(crate) fn at_most(mut self, runs: usize) -> Self {
        self.at_most = runs;
        self
    }

    pub(crate) fn codes(mut self, codes: &'static [i32]) -> Self {
        self.codes = codes;
        self
    }

    pub(crate) fn note(mut self, note: &str) -> Self {
        self.note = note.to_owned();
        self
    }

    fn prepare(&self) -> Result<(), String> {
        match &self.before {
            Some(script) => shell::sh(script, &[]).map(drop),
            None => Ok(()),
        }
    }

    fn command(&self, cores: &str) -> Result<Command, String> {
        let mut command = Command::new("taskset");
        command.args(["-c", cores]).args(&self.command);
        command.stdin(self.stdin()?);
        Ok(command)
    }

    fn stdin(&self) -> Result<Stdio, String> {
        let Some(path) = &self.input else {
            return Ok(Stdio::null());
        };
        let file = File::open(path).map_err(|e| format!("{}: {e}", path.display()))?;
        Ok(file.into())
    }

    fn check(&self, status: std::process::ExitStatus) -> Result<(), String> {
        match status.code() {
            Some(code) if self.codes.contains(&code) => Ok(()),
            _ => Err(format!("{}: {status}", self.name)),
        }
    }

    /// One timed run, its output thrown away.
    pub(crate) fn time(&self, cores: &str, cold: bool) -> Result<Duration, String> {
        self.prepare()?;
        if cold {
            drop_caches()?;
        }
        let mut command = self.command(cores)?;
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let start = Instant::now();
        let status = command
            .status()
            .map_err(|e| format!("{}: {e}", self.name))?;
        let took = start.elapsed();
        self.check(status)?;
        Ok(took)
    }

    /// One run for what it says, and how long that took: of those that take minutes it is the only one.
    pub(crate) fn say(&self, cores: &str) -> Result<Option<(Answer, Duration)>, String> {
        let Some(answer) = self.answer else {
            return Ok(None);
        };
        self.prepare()?;
        let start = Instant::now();
        let output = self
            .command(cores)?
            .stderr(Stdio::null())
            .output()
            .map_err(|e| format!("{}: {e}", self.name))?;
        let took = start.elapsed();
        self.check(output.status)?;
        Ok(Some((answer(&output.stdout), took)))
    }

    /// What a run takes of the machine.
    pub(crate) fn use_of(&self, cores: &str) -> Option<Use> {
        let time = shell::find_tool("time")?;
        self.prepare().ok()?;
        let output = Command::new("taskset")
            .args(["-c", cores])
            .arg(time)
            .args(["-f", "%M %U %S"])
            .args(&self.command)
            .stdin(self.stdin().ok()?)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .output()
            .ok()?;
        let said = String::from_utf8_lossy(&output.stderr);
        let mut numbers = said.lines().last()?.split(' ');
        Some(Use {
            memory: numbers.next()?.parse().ok()?,
            user: numbers.next()?.parse().ok()?,
            system: numbers.next()?.parse().ok()?,
        })
    }
}

/// What a run takes of the machine.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Use {
    /// The most memory that it had resident, in KiB.
    pub(crate) memory: u64,
    /// Seconds of processors in the program, of all threads together.
    pub(crate) user: f64,
    /// The same in the kernel.
    pub(crate) system: f64,
}

/// Makes the next reads come from the disk.
fn drop_caches() -> Result<(), String> {
    shell::sh("sync; echo 3 > /proc/sys/vm/drop_caches", &[]).map(drop)
}

/// How long a contestant took, over all its runs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Times {
    pub(crate) median: Duration,
    pub(crate) least: Duration,
    pub(crate) most: Duration,
    pub(crate) runs: usize,
}

impl Times {
    /// Of at least one run.
    pub(crate) fn of(mut runs: Vec<Duration>) -> Option<Self> {
        runs.sort_unstable();
        Some(Self {
            median: *runs.get(runs.len() / 2)?,
            least: *runs.first()?,
            most: *runs.last()?,
            runs: runs.len(),
        })
    }
}
