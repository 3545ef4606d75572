//! The command harness: a fresh folder, a cleared environment, output that reads the same everywhere.

use std::fmt;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A fresh folder in which a program is run with a hermetic environment: no variable but `PATH`, the
/// time zone of New York, no colour.
pub struct TestEnv {
    program: PathBuf,
    dir: tempfile::TempDir,
    /// The folder's path without links in it, as programs print it.
    path: PathBuf,
    /// For what is kept between runs.
    state: tempfile::TempDir,
}

impl TestEnv {
    /// A folder for the program, which is `env!("CARGO_BIN_EXE_linksmith")`.
    pub fn new(program: impl Into<PathBuf>) -> Self {
        let [dir, state] = [(); 2].map(|()| tempfile::tempdir().expect("a folder"));
        #[allow(
            clippy::disallowed_methods,
            reason = "where TMPDIR leads is not what is tested"
        )]
        let path = dir.path().canonicalize().expect("the folder's path");
        let path = plain(path);
        Self {
            program: program.into(),
            dir,
            path,
            state,
        }
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A folder beside it, of this test alone: for `LINKSMITH_STATE`.
    pub fn state(&self) -> &Path {
        self.state.path()
    }

    /// A path in the folder.
    pub fn join(&self, name: impl AsRef<Path>) -> PathBuf {
        self.path.join(name)
    }

    /// Makes a file.
    pub fn file(&self, name: impl AsRef<Path>, contents: &str) -> &Self {
        #[allow(
            clippy::disallowed_methods,
            reason = "tests set the scene by the system's own calls"
        )]
        std::fs::write(self.join(name), contents).expect("a file");
        self
    }

    /// Makes a folder, and those on the way.
    pub fn dir(&self, name: impl AsRef<Path>) -> &Self {
        std::fs::create_dir_all(self.join(name)).expect("a folder");
        self
    }

    /// Makes a symbolic link.
    #[cfg(unix)]
    pub fn symlink(&self, name: impl AsRef<Path>, target: impl AsRef<Path>) -> &Self {
        std::os::unix::fs::symlink(target, self.join(name)).expect("a link");
        self
    }

    /// Every entry below the folder in order, with what links say: `a`, `b/`, `b/c -> a`, on Windows too. To see
    /// that nothing was left behind and nothing lost.
    pub fn tree(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let mut todo = vec![self.path.clone()];
        while let Some(dir) = todo.pop() {
            for entry in std::fs::read_dir(&dir).expect("a folder").flatten() {
                let path = entry.path();
                let shown = path
                    .strip_prefix(&self.path)
                    .unwrap_or(&path)
                    .display()
                    .to_string()
                    .replace(std::path::MAIN_SEPARATOR, "/");
                let kind = entry.file_type().expect("an entry");
                if kind.is_symlink() {
                    let target = std::fs::read_link(&path).expect("a link");
                    lines.push(format!("{shown} -> {}", target.display()));
                } else if kind.is_dir() {
                    lines.push(format!("{shown}/"));
                    todo.push(path);
                } else {
                    lines.push(shown);
                }
            }
        }
        lines.sort();
        lines
    }

    /// The program as a command, to be given arguments, input and whatever else.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command
            .current_dir(&self.path)
            .env_clear()
            .stdin(Stdio::null());
        command
            .env("TZ", "America/New_York")
            .env("NO_COLOR", "1")
            .env("TMPDIR", self.dir.path())
            .env("TMP", self.dir.path());
        for kept in ["PATH", "SYSTEMROOT", "WINDIR"] {
            if let Some(value) = std::env::var_os(kept) {
                command.env(kept, value);
            }
        }
        command
    }

    /// Runs the program.
    pub fn run(&self, args: &[&str]) -> Outcome {
        self.finish(self.command().args(args), "")
    }

    /// Runs the program with this on its standard input.
    pub fn run_with(&self, args: &[&str], input: &str) -> Outcome {
        self.finish(self.command().args(args), input)
    }

    /// Runs a command to its end.
    pub fn finish(&self, command: &mut Command, input: &str) -> Outcome {
        let pipes = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = start(pipes);
        if let Some(mut stdin) = child.stdin.take() {
            // A program that does not read what it is given is in its right.
            let _ = stdin.write_all(input.as_bytes());
        }
        let output = child.wait_with_output().expect("the program ends");
        let outcome = Outcome {
            code: output.status.code(),
            stdout: self.tell(&output.stdout),
            stderr: self.tell(&output.stderr),
        };
        let mut hints = outcome
            .stderr
            .lines()
            .filter_map(|line| line.strip_prefix("hint: "));
        let odd = hints.find(|hint| !reads_as_a_hint(hint));
        assert_eq!(odd, None, "hints are sentences, or commands in backticks");
        outcome
    }

    /// Text in which nothing differs from run to run: the folder is `$DIR`, file ids are `$ID`.
    fn tell(&self, bytes: &[u8]) -> String {
        let text = String::from_utf8_lossy(bytes).replace("\r\n", "\n");
        let dir = self.path.display().to_string();
        let inner = dir.trim_start_matches('/');
        let text = text.replace(&dir, "$DIR").replace(inner, "$DIR");
        without_ids(&text)
    }
}

/// A sentence, which may begin with a command or with JSON; or nothing but commands.
fn reads_as_a_hint(hint: &str) -> bool {
    let begins = hint.starts_with(|c: char| matches!(c, '`' | '"') || c.is_uppercase());
    begins && (hint.ends_with(['.', '?']) || hint.starts_with('`') && hint.ends_with('`'))
}

/// A path without the `\\?\` that Windows begins a canonical one with: people and programs write it without.
fn plain(path: PathBuf) -> PathBuf {
    let text = path.to_str().and_then(|text| text.strip_prefix(r"\\?\"));
    let drive = text.filter(|text| text.as_bytes().get(1) == Some(&b':'));
    drive.map(PathBuf::from).unwrap_or(path)
}

/// Starts a program. One that was just copied may still be open for writing in a process that another
/// test is about to start; that passes.
fn start(command: &mut Command) -> Child {
    loop {
        match command.spawn() {
            Err(e) if e.kind() == ErrorKind::ExecutableFileBusy => std::thread::yield_now(),
            started => return started.expect("the program starts"),
        }
    }
}

/// Sixteen hexadecimal digits behind `0x` are a file's id.
fn without_ids(text: &str) -> String {
    let mut parts = text.split("0x");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = part.chars().take_while(char::is_ascii_hexdigit).count();
        match part.get(16..) {
            Some(rest) if digits == 16 => {
                out.push_str("$ID");
                out.push_str(rest);
            }
            _ => {
                out.push_str("0x");
                out.push_str(part);
            }
        }
    }
    out
}

/// How a program went.
#[must_use = "look at the output or at the exit code"]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The exit code; `None` where a signal ended it.
    pub code: Option<i32>,
    /// Standard output, told by [`TestEnv`].
    pub stdout: String,
    /// Standard error, told by [`TestEnv`].
    pub stderr: String,
}

impl Outcome {
    /// Standard output of a run that went well and complained of nothing.
    pub fn ok(self) -> String {
        assert_eq!((self.code, self.stderr.as_str()), (Some(0), ""), "{self}");
        self.stdout
    }

    /// Standard error of a run that ended with this code and printed nothing else.
    pub fn fails(self, code: i32) -> String {
        assert_eq!(
            (self.code, self.stdout.as_str()),
            (Some(code), ""),
            "{self}"
        );
        self.stderr
    }
}

/// For snapshots: the exit code where it is not 0, then both streams.
impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            Some(0) => {}
            Some(code) => writeln!(f, "exit {code}")?,
            None => writeln!(f, "ended by a signal")?,
        }
        f.write_str(&self.stdout)?;
        if !self.stderr.is_empty() {
            write!(f, "--- stderr\n{}", self.stderr)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::without_ids;

    #[test]
    fn ids_are_told_from_tags() {
        let text = "tag 0xA0000003, id 0x0001000000000028.";
        assert_eq!(without_ids(text), "tag 0xA0000003, id $ID.");
    }
}
