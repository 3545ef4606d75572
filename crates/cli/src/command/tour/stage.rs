//! What the tour plays on: a prompt whose lines are shown, and claims that are counted.

use std::ffi::OsStr;
use std::sync::Arc;

use linksmith::volume::Drives;
use linksmith::{Kind, Located, Status, Step, inspect};
use serde::Serialize;

use crate::error::CliError;
use crate::output::text::{Role, paint};
use crate::output::{Buffer, json};
use crate::session::{Session, located};
use crate::shell::Shell;

/// What became of a claim of the article.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is so.
    True,
    /// It is otherwise, as is said beside it.
    Corrected,
}

pub(super) struct Stage<'s> {
    shell: Shell<'s>,
    drives: Arc<Drives>,
    claims: usize,
    corrected: usize,
    failed: usize,
}

#[derive(Serialize)]
struct Line<'a> {
    v: u32,
    claim: &'a str,
    verdict: &'a str,
    tried: &'a str,
}

impl<'s> Stage<'s> {
    pub(super) fn new(session: &'s mut Session) -> Result<Self, CliError> {
        let drives = session.drives()?;
        // Refusals are part of the play: they stand where they happen, also in a file.
        session.console.swap_err(Box::new(std::io::stdout()));
        Ok(Self {
            shell: Shell::new(session)?.scripted(),
            drives,
            claims: 0,
            corrected: 0,
            failed: 0,
        })
    }

    /// Text for people; with `--json` claims alone are printed, with `--quiet` nothing.
    fn note(&mut self, text: &str) -> Result<(), CliError> {
        Ok(self.shell.console().note(text)?)
    }

    pub(super) fn title(&mut self, volumes: &str) -> Result<(), CliError> {
        self.note("\"Soft links, hard links, junctions, oh my!\", step by step")?;
        self.note(volumes)
    }

    /// The heading of a part.
    pub(super) fn part(&mut self, text: &str) -> Result<(), CliError> {
        let color = self.shell.console().color;
        self.note(&format!(
            "\n{}",
            paint(color, Role::Heading, format!("== {text}"))
        ))
    }

    /// A line at the prompt, shown with its output; its exit code.
    pub(super) fn run(&mut self, line: &str) -> Result<u8, CliError> {
        if self.shell.console().json || self.shell.console().quiet {
            return Ok(self.aside(line)?.0);
        }
        self.shell.line(line)?;
        Ok(self.shell.last())
    }

    /// A line at the prompt that is not shown: its exit code, and what it printed on both streams.
    pub(super) fn aside(&mut self, line: &str) -> Result<(u8, String), CliError> {
        let buffer = Buffer::default();
        let console = self.shell.console();
        console.flush()?;
        let out = console.swap_out(Box::new(buffer.clone()));
        let err = console.swap_err(Box::new(buffer.clone()));
        let ran = self.shell.line(&format!("@{line}"));
        let console = self.shell.console();
        console.flush()?;
        console.swap_out(out);
        console.swap_err(err);
        ran?;
        Ok((
            self.shell.last(),
            String::from_utf8_lossy(&buffer.take()).into_owned(),
        ))
    }

    /// A claim of the article, what was tried for it, and whether that went as it must.
    pub(super) fn claim(
        &mut self,
        said: &str,
        verdict: Verdict,
        tried: &str,
        holds: bool,
    ) -> Result<(), CliError> {
        self.claims += 1;
        let (word, role) = match (holds, verdict) {
            (true, Verdict::True) => ("true", Role::Good),
            (true, Verdict::Corrected) => ("corrected", Role::Doubtful),
            (false, _) => ("FAILED", Role::Bad),
        };
        self.corrected += usize::from(holds && verdict == Verdict::Corrected);
        self.failed += usize::from(!holds);
        let console = self.shell.console();
        if console.json {
            let line = Line {
                v: 1,
                claim: said,
                verdict: &word.to_lowercase(),
                tried,
            };
            return Ok(console.line(json::to_line(&line))?);
        }
        let word = paint(console.color, role, format!("{word:>9}"));
        self.note(&format!("\n{word}  {said}\n           {tried}"))
    }

    /// The numbers; how many claims failed.
    pub(super) fn close(mut self) -> Result<usize, CliError> {
        let (claims, corrected, failed) = (self.claims, self.corrected, self.failed);
        let held = claims - corrected - failed;
        let failures = if failed > 0 {
            format!(", {failed} FAILED")
        } else {
            String::new()
        };
        self.note(&format!(
            "\n{claims} claims tried: {held} true, {corrected} corrected{failures}"
        ))?;
        Ok(failed)
    }

    /// What is at a path: the entry itself, and where it leads.
    pub(super) fn look(&self, path: &str) -> Option<Located> {
        let place = self.drives.locate(OsStr::new(path)).ok()?;
        inspect(&self.drives, &place).ok()
    }

    /// The kind and status of what is at a path.
    pub(super) fn is(&self, path: &str, kind: Kind, status: Status) -> bool {
        self.look(path).is_some_and(|found| {
            Kind::of(&found.entry, found.text.as_ref()) == kind && found.status == status
        })
    }

    /// Whether nothing is at a path.
    pub(super) fn is_gone(&self, path: &str) -> bool {
        self.look(path).is_none()
    }

    /// Steps done together on the drive of a path.
    pub(super) fn apply(&self, path: &str, steps: &[Step]) -> Result<bool, CliError> {
        let place = self.drives.locate(OsStr::new(path)).map_err(located)?;
        let volume = self.drives.volume(place.drive).map_err(located)?;
        Ok(volume.apply(steps).is_ok())
    }
}
