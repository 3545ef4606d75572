//! The line editor of a terminal: history, and completion of commands and paths.

use std::ffi::OsStr;
use std::sync::Arc;

use linksmith::Base;
use linksmith::volume::{Drives, PathStyle, list};
use rustyline::completion::{Completer, Pair};
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::DefaultHistory;
use rustyline::validate::Validator;
use rustyline::{CompletionType, Config, Context, Helper};

use super::builtins;
use crate::error::{CliError, Exit};

/// What came of reading a line.
pub(super) enum Read {
    /// A line.
    Line(String),
    /// Ctrl+C: begin anew.
    Again,
    /// The end of input.
    End,
}

pub(super) struct Editor(rustyline::Editor<Paths, DefaultHistory>);

impl Editor {
    pub(super) fn new(drives: Arc<Drives>) -> Result<Self, CliError> {
        let config = Config::builder()
            .auto_add_history(true)
            .completion_type(CompletionType::List)
            .build();
        let mut editor = rustyline::Editor::with_config(config).map_err(|e| failed(&e))?;
        editor.set_helper(Some(Paths { drives }));
        Ok(Self(editor))
    }

    pub(super) fn read(&mut self, prompt: &str) -> Result<Read, CliError> {
        match self.0.readline(prompt) {
            Ok(line) => Ok(Read::Line(line)),
            Err(ReadlineError::Interrupted) => Ok(Read::Again),
            Err(ReadlineError::Eof) => Ok(Read::End),
            Err(error) => Err(failed(&error)),
        }
    }
}

fn failed(error: &ReadlineError) -> CliError {
    CliError::new(
        Exit::Partly,
        format!("cannot read from the terminal: {error}"),
    )
}

struct Paths {
    drives: Arc<Drives>,
}

impl Helper for Paths {}
impl Highlighter for Paths {}
impl Validator for Paths {}
impl Hinter for Paths {
    type Hint = String;
}

impl Completer for Paths {
    type Candidate = Pair;

    fn complete(
        &self,
        line: &str,
        pos: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<Pair>)> {
        let (start, word) = last_word(line.get(..pos).unwrap_or(line));
        let mut found = Vec::new();
        if begins_command(line.get(..start).unwrap_or_default()) {
            found.extend(commands(word));
        }
        found.extend(self.candidates(word));
        Ok((start, found))
    }
}

/// Whether what follows `before` is the name of a command.
fn begins_command(before: &str) -> bool {
    let before = before.trim_end();
    before.is_empty() || before.ends_with(['&', '|', '@'])
}

/// Commands whose names begin so; all of them where nothing is typed would hide the paths.
fn commands(begin: &str) -> Vec<Pair> {
    if begin.is_empty() {
        return Vec::new();
    }
    let begin = begin.to_lowercase();
    let tools = crate::tools::TOOLS.iter().map(|tool| tool.name);
    let mut names: Vec<&str> = builtins::names()
        .chain(tools)
        .chain(crate::command::names())
        .filter(|name| name.starts_with(&begin))
        .collect();
    names.sort_unstable();
    names.dedup();
    let pairs = names.into_iter().map(|name| Pair {
        display: name.to_owned(),
        replacement: format!("{name} "),
    });
    pairs.collect()
}

impl Paths {
    fn candidates(&self, word: &str) -> Vec<Pair> {
        let separators: &[char] = match self.drives.style() {
            PathStyle::Windows => &['\\', '/', ':'],
            PathStyle::Posix => &['/'],
        };
        let (dir, begin) = word.split_at(word.rfind(separators).map_or(0, |i| i + 1));
        let at = if dir.is_empty() { "." } else { dir };
        let Ok(place) = self.drives.locate_target(OsStr::new(at)) else {
            return Vec::new();
        };
        let Ok(volume) = self.drives.volume(place.drive) else {
            return Vec::new();
        };
        let begin = begin.to_lowercase();
        let entries = list(&*volume, &place.path).unwrap_or_default().into_iter();
        let matching = entries.filter_map(|e| {
            let name = e.name.as_ref()?.to_str()?.to_owned();
            name.to_lowercase()
                .starts_with(&begin)
                .then(|| pair(dir, &name, e.base == Base::Dir))
        });
        matching.collect()
    }
}

fn pair(dir: &str, name: &str, is_dir: bool) -> Pair {
    let path = format!("{dir}{name}");
    let quoted = path.contains(|c: char| c.is_whitespace() || "&()[]{}^=;!'+,`~".contains(c));
    Pair {
        display: if is_dir {
            format!("{name}\\")
        } else {
            name.to_owned()
        },
        replacement: if quoted { format!("\"{path}\"") } else { path },
    }
}

/// Where the word that is being typed begins, and the word without its opening quote.
fn last_word(line: &str) -> (usize, &str) {
    let (mut start, mut quoted) = (0, false);
    for (i, c) in line.char_indices() {
        match c {
            '"' => quoted = !quoted,
            c if !quoted && (c.is_whitespace() || "&|<>,;=".contains(c)) => {
                start = i + c.len_utf8();
            }
            _ => {}
        }
    }
    let word = line.get(start..).unwrap_or_default();
    (start, word.strip_prefix('"').unwrap_or(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_being_typed() {
        let check = |line: &str, want: (usize, &str)| assert_eq!(last_word(line), want, "{line}");
        check("dir C:\\a", (4, "C:\\a"));
        check("dir \"C:\\a b", (4, "C:\\a b"));
        check("dir&type x", (9, "x"));
        check("", (0, ""));
    }

    #[test]
    fn commands_where_one_begins() {
        assert!(begins_command("") && begins_command("dir & ") && !begins_command("dir "));
        let names = |begin| {
            commands(begin)
                .into_iter()
                .map(|p| p.display)
                .collect::<Vec<_>>()
        };
        assert_eq!(names("MK"), ["mkdir", "mklink"]);
        assert!(names("").is_empty());
    }

    #[test]
    fn blanks_are_quoted() {
        assert_eq!(pair("C:\\", "a b", true).replacement, "\"C:\\a b\"");
        assert_eq!(pair("", "a", false).replacement, "a");
    }
}
