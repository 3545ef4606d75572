//! Running the commands of a line: chains, redirection, and what a name stands for.

use std::ffi::{OsStr, OsString};
use std::io::{self, Write};

use linksmith::volume::PathStyle;
use linksmith::{Cause, Place, Step};

use super::grammar::{Chain, Redirect, Simple, Splitting, words};
use super::{Shell, builtins};
use crate::args::Globals;
use crate::error::{self, CliError};
use crate::output::Buffer;
use crate::{change, command, tools};

/// `cmd`'s `%ERRORLEVEL%` for a name it does not know.
const NOT_RECOGNIZED: i64 = 9009;

/// A file that a stream goes to.
struct Sink {
    /// `None` is `nul`.
    place: Option<Place>,
    append: bool,
    buffer: Buffer,
    /// How lines end in it.
    eol: &'static str,
}

/// Where a stream goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Goes {
    Out,
    Err,
    Sink(usize),
}

impl Shell<'_> {
    /// Runs a line's commands as their chain says.
    pub(super) fn run(&mut self, commands: &[Simple]) -> Result<(), CliError> {
        let mut ok = true;
        for command in commands {
            let runs = match command.chain {
                Chain::Always => true,
                Chain::IfOk => ok,
                Chain::IfFailed => !ok,
            };
            if !runs {
                continue;
            }
            self.redirected(command)?;
            ok = self.last == 0;
            if self.done.is_some() {
                break;
            }
        }
        Ok(())
    }

    fn redirected(&mut self, command: &Simple) -> Result<(), CliError> {
        if command.redirects.is_empty() {
            return self.simple(&command.text);
        }
        let (mut out, mut err, mut sinks) = (Goes::Out, Goes::Err, Vec::new());
        for redirect in &command.redirects {
            let (stream, goes) = match redirect {
                Redirect::Same { stream, to } => (*stream, if *to == 1 { out } else { err }),
                Redirect::File {
                    stream,
                    path,
                    append,
                } => {
                    let Some(place) = self.sink_place(path)? else {
                        return Ok(());
                    };
                    let windows = self.drives.style() == PathStyle::Windows;
                    sinks.push(Sink {
                        place,
                        append: *append,
                        buffer: Buffer::default(),
                        eol: if windows { "\r\n" } else { "\n" },
                    });
                    (*stream, Goes::Sink(sinks.len() - 1))
                }
            };
            if stream == 1 { out = goes } else { err = goes }
        }
        let result = self.with_streams(out, err, &sinks, &command.text);
        for sink in sinks {
            self.pour(sink)?;
        }
        result
    }

    /// The file's place, `Some(None)` for `nul`; `None` where it cannot be one, which is said.
    fn sink_place(&mut self, path: &str) -> Result<Option<Option<Place>>, CliError> {
        if path.eq_ignore_ascii_case("nul") {
            return Ok(Some(None));
        }
        let message = match self.file_place(OsStr::new(path)) {
            Ok(place) => {
                let volume = self
                    .drives
                    .volume(place.drive)
                    .map_err(crate::session::located)?;
                match volume.entry(&place.path) {
                    Ok(entry) if entry.base == linksmith::Base::Dir => {
                        tools::words(Some(5), &"it is a directory")
                    }
                    _ => return Ok(Some(Some(place))),
                }
            }
            Err(e) => tools::words(crate::session::code_of(&e), &e),
        };
        self.err(&message)?;
        self.set_last(1, 1);
        Ok(None)
    }

    fn with_streams(
        &mut self,
        out: Goes,
        err: Goes,
        sinks: &[Sink],
        text: &str,
    ) -> Result<(), CliError> {
        let stream = |goes: Goes| -> Box<dyn Write> {
            match goes {
                Goes::Out => Box::new(io::stdout()),
                Goes::Err => Box::new(io::stderr()),
                Goes::Sink(i) => match sinks.get(i) {
                    Some(sink) => Box::new(sink.buffer.clone()),
                    None => Box::new(io::sink()),
                },
            }
        };
        self.session.console.flush()?;
        let console = &mut self.session.console;
        let (color, eol) = (console.color, console.eol);
        if let Goes::Sink(i) = out {
            console.eol = sinks.get(i).map_or(eol, |sink| sink.eol);
        }
        console.color &= out == Goes::Out;
        let old_out = (out != Goes::Out).then(|| console.swap_out(stream(out)));
        let old_err = (err != Goes::Err).then(|| console.swap_err(stream(err)));
        let result = self.simple(text);
        let console = &mut self.session.console;
        console.flush()?;
        (console.color, console.eol) = (color, eol);
        if let Some(old) = old_out {
            console.swap_out(old);
        }
        if let Some(old) = old_err {
            console.swap_err(old);
        }
        result
    }

    /// Writes what was gathered into its file.
    fn pour(&mut self, sink: Sink) -> Result<(), CliError> {
        let Some(place) = sink.place else {
            return Ok(());
        };
        let new = sink.buffer.take();
        let into = self.drives.display(&place);
        self.session.command = format!("{} > {into}", self.session.command);
        let written = self.write_file(&place, new, sink.append);
        if let Err(error) = written {
            self.err(&tools::words(error.code, &error.message))?;
            self.set_last(1, 1);
        }
        Ok(())
    }

    /// Makes a file, replaces its contents, or adds to them.
    pub(super) fn write_file(
        &mut self,
        place: &Place,
        new: Vec<u8>,
        append: bool,
    ) -> Result<(), CliError> {
        let step = self.writing(place, new, append)?;
        Ok(change::as_tool(self.session, place.drive, step)?)
    }

    /// The step that does it.
    pub(super) fn writing(
        &self,
        place: &Place,
        new: Vec<u8>,
        append: bool,
    ) -> Result<Step, CliError> {
        let volume = self
            .drives
            .volume(place.drive)
            .map_err(crate::session::located)?;
        let at = place.path.clone();
        match volume.entry(&at) {
            Err(e) if matches!(e.cause, Cause::NotFound) => {
                Ok(Step::MakeFile { at, contents: new })
            }
            Err(e) => Err(e.into()),
            Ok(_) => {
                let mut contents = if append {
                    self.read_file(place)?
                } else {
                    Vec::new()
                };
                contents.extend_from_slice(&new);
                Ok(Step::WriteFile { at, contents })
            }
        }
    }

    /// A file's contents.
    pub(super) fn read_file(&self, place: &Place) -> Result<Vec<u8>, CliError> {
        let volume = self
            .drives
            .volume(place.drive)
            .map_err(crate::session::located)?;
        let mut contents = Vec::new();
        let mut reader = volume.read(&place.path)?;
        reader.read_to_end(&mut contents).map_err(|e| {
            CliError::cannot("read", self.drives.display(place).as_bytes(), &Cause::Io(e))
        })?;
        Ok(contents)
    }

    /// One command.
    fn simple(&mut self, text: &str) -> Result<(), CliError> {
        let text = text.trim_start();
        self.session.command = text.to_owned();
        if let Some((builtin, rest)) = builtins::find(text) {
            return builtins::run(self, builtin, rest);
        }
        let all = words(text, Splitting::Program);
        let Some((name, rest)) = all.split_first() else {
            return Ok(());
        };
        if let [letter, b':'] = name.as_bytes() {
            if letter.is_ascii_alphabetic() && rest.is_empty() {
                return self.change_drive(char::from(*letter));
            }
        }
        self.program(name, rest)
    }

    fn change_drive(&mut self, letter: char) -> Result<(), CliError> {
        let changed = self.drives.change_drive(letter);
        let code = i64::from(changed.is_err());
        if changed.is_err() {
            self.err(&tools::words(Some(15), &"there is no such drive"))?;
        }
        self.set_last(code, code as u8);
        Ok(())
    }

    /// `linksmith [OPTIONS] VERB …`
    fn linksmith(&mut self, words: &[OsString]) -> Result<u8, CliError> {
        let (options, rest) = Globals::leading(words)?;
        self.session
            .with_options(options, |session| command::dispatch(session, rest))
    }

    /// A tool, one of our verbs, or `linksmith VERB`.
    fn program(&mut self, name: &str, rest: &[String]) -> Result<(), CliError> {
        let words: Vec<OsString> = rest.iter().map(OsString::from).collect();
        let stem = name.strip_suffix(".exe").unwrap_or(name);
        self.session.minus_one = false;
        let result = if let Some(tool) = tools::find(stem) {
            tools::invoke(tool, self.session, &words)
        } else if stem.eq_ignore_ascii_case("linksmith") {
            self.linksmith(&words)
        } else if let Some(verb) = command::find(&stem.to_ascii_lowercase()) {
            command::invoke(verb, self.session, &words)
        } else {
            self.err(&format!(
                "'{name}' is not recognized as an internal or external command,"
            ))?;
            self.err("operable program or batch file.")?;
            self.set_last(NOT_RECOGNIZED, 1);
            return Ok(());
        };
        let code = match result {
            Ok(code) => code,
            Err(error) => error::report(&error, &mut self.session.console),
        };
        let level = if self.session.minus_one && code != 0 {
            -1
        } else {
            i64::from(code)
        };
        self.set_last(level, code);
        Ok(())
    }
}
