//! The prompt: `cmd`'s grammar and everyday commands on any volume, attached drives or this machine.
//!
//! A line is read, variables are put in, it is cut into commands, and each is looked for among the
//! builtins, then the tools, then our verbs. A script's lines are echoed behind the prompt as `cmd`
//! echoes those of a batch file: an empty line before each, none for labels and empty lines, none
//! behind `@` or after `echo off`.

mod builtins;
mod editor;
mod execute;
mod grammar;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::BufRead;
use std::sync::Arc;

use linksmith::volume::Drives;

use crate::error::CliError;
use crate::output::Console;
use crate::session::Session;

/// What a person at a terminal reads first.
const GREETING: &str = concat!(
    "linksmith ",
    env!("CARGO_PKG_VERSION"),
    " - `help` lists the commands, `exit` leaves"
);

/// Whether the prompt has a command of this name.
pub(crate) fn is_command(name: &str) -> bool {
    builtins::names().any(|known| known.eq_ignore_ascii_case(name))
}

/// The state of one prompt.
pub(crate) struct Shell<'s> {
    session: &'s mut Session,
    drives: Arc<Drives>,
    /// Whether lines of a script are echoed.
    echo: bool,
    /// Whether lines come from a script.
    script: bool,
    /// `%ERRORLEVEL%`.
    error_level: i64,
    /// How the last command went: the exit status of the whole.
    last: u8,
    /// `pushd`.
    stack: Vec<OsString>,
    /// Variables by their names in upper case, with the name as it was set.
    variables: BTreeMap<String, (String, String)>,
    /// Set by `exit`.
    done: Option<u8>,
}

impl<'s> Shell<'s> {
    pub(crate) fn new(session: &'s mut Session) -> Result<Self, CliError> {
        let drives = session.drives()?;
        session.console.at_prompt = true;
        let variables = std::env::vars_os().filter_map(|(name, value)| {
            let (name, value) = (name.into_string().ok()?, value.into_string().ok()?);
            Some((name.to_uppercase(), (name, value)))
        });
        Ok(Self {
            session,
            drives,
            echo: true,
            script: false,
            error_level: 0,
            last: 0,
            stack: Vec::new(),
            variables: variables.collect(),
            done: None,
        })
    }

    /// A prompt whose lines come from this program: shown as those of a script are.
    pub(crate) fn scripted(mut self) -> Self {
        self.script = true;
        self
    }

    /// Where output goes.
    pub(crate) fn console(&mut self) -> &mut Console {
        &mut self.session.console
    }

    /// The exit code of the last command.
    pub(crate) fn last(&self) -> u8 {
        self.last
    }

    /// Runs a script; the answer is the last command's exit code.
    pub(crate) fn script(mut self, input: &mut dyn BufRead) -> Result<u8, CliError> {
        self.script = true;
        let mut whole = String::new();
        let mut bytes = Vec::new();
        while self.done.is_none() {
            bytes.clear();
            let read = input.read_until(b'\n', &mut bytes);
            let read = read.map_err(|e| {
                CliError::new(
                    crate::error::Exit::Partly,
                    format!("cannot read the script: {e}"),
                )
            })?;
            if read == 0 && whole.is_empty() {
                break;
            }
            let line = String::from_utf8_lossy(&bytes);
            // Some editors begin a file with a byte order mark.
            whole.push_str(
                line.trim_end_matches(['\n', '\r'])
                    .trim_start_matches('\u{feff}'),
            );
            if read > 0 && grammar::continues(&whole) {
                whole.pop();
                continue;
            }
            self.line(&std::mem::take(&mut whole))?;
        }
        Ok(self.done.unwrap_or(self.last))
    }

    /// Talks with a person at a terminal until `exit` or the end of input.
    pub(crate) fn prompt(mut self) -> Result<u8, CliError> {
        let mut editor = editor::Editor::new(Arc::clone(&self.drives))?;
        self.out(GREETING)?;
        while self.done.is_none() {
            self.out("")?;
            self.session.console.flush()?;
            match editor.read(&self.prompt_text())? {
                editor::Read::Line(line) => self.line(&line)?,
                editor::Read::Again => {}
                editor::Read::End => break,
            }
        }
        Ok(self.done.unwrap_or(self.last))
    }

    /// `C:\symlink_test>`
    fn prompt_text(&self) -> String {
        let drive = self.drives.current_drive();
        let dir = self.drives.display_current(drive).unwrap_or_default();
        format!("{dir}>")
    }

    /// One line of input.
    pub(crate) fn line(&mut self, line: &str) -> Result<(), CliError> {
        let text = line.trim();
        // A label: `cmd` jumps to those and never runs them.
        if text.is_empty() || text.starts_with(':') {
            return Ok(());
        }
        let expanded = grammar::expand(line, self.script, &|name| self.variable(name));
        let parsed = grammar::parse(&expanded);
        let silent = parsed.as_ref().is_ok_and(|l| l.silent);
        if self.script && self.echo && !silent {
            let echoed = format!("{}{}", self.prompt_text(), expanded.trim_start());
            self.out("")?;
            self.out(&echoed)?;
        }
        match parsed {
            Ok(parsed) => self.run(&parsed.commands),
            Err(error) => {
                self.err(&format!("{} was unexpected at this time.", error.near))?;
                self.set_last(255, 1);
                Ok(())
            }
        }
    }

    /// A variable's value; `ERRORLEVEL` and `CD` are always there.
    fn variable(&self, name: &str) -> Option<String> {
        let upper = name.to_uppercase();
        if let Some((_, value)) = self.variables.get(&upper) {
            return Some(value.clone());
        }
        match upper.as_str() {
            "ERRORLEVEL" => Some(self.error_level.to_string()),
            "CD" => self
                .drives
                .display_current(self.drives.current_drive())
                .ok(),
            _ => None,
        }
    }

    fn set_last(&mut self, error_level: i64, exit: u8) {
        self.error_level = error_level;
        self.session.minus_one = error_level == -1;
        self.last = exit;
    }

    /// A line of the current command's output.
    fn out(&mut self, line: &str) -> Result<(), CliError> {
        crate::tools::out_line(self.session, line.as_bytes())
    }

    /// A line of the current command's errors.
    fn err(&mut self, line: &str) -> Result<(), CliError> {
        crate::tools::err_line(self.session, line)
    }
}
