//! Where output goes: standard output and error, colours, redirection.

pub(crate) mod graph;
pub(crate) mod json;
pub(crate) mod progress;
pub(crate) mod save;
pub(crate) mod text;

use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt::Write as _;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::rc::Rc;

/// When output is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Color {
    /// On a terminal that wants it.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The two output streams and what they are like. Nothing else in the program writes to them.
pub(crate) struct Console {
    out: Box<dyn Write>,
    err: Box<dyn Write>,
    /// Whether standard output is coloured.
    pub color: bool,
    /// Whether results and errors are JSON Lines.
    pub json: bool,
    /// Whether success is silent.
    pub quiet: bool,
    /// Whether standard output is a terminal.
    pub terminal: bool,
    /// Whether commands are typed at the prompt of `shell`.
    pub at_prompt: bool,
    /// How lines of other tools' commands end.
    pub eol: &'static str,
    /// Whether paths are those of this machine and it knows no drive letters.
    pub letterless: bool,
    /// The hints for who wants to change what is attached under a letter and is only read.
    pub read_only: Vec<(u8, String)>,
}

/// Output that is kept instead of shown: redirected, or looked at.
#[derive(Clone, Default)]
pub(crate) struct Buffer(Rc<RefCell<Vec<u8>>>);

impl Buffer {
    /// What was written so far; nothing is left.
    pub(crate) fn take(&self) -> Vec<u8> {
        std::mem::take(&mut self.0.borrow_mut())
    }
}

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The end of a line on this system.
pub(crate) const EOL: &str = if cfg!(windows) { "\r\n" } else { "\n" };

impl Console {
    /// The process's own streams.
    pub(crate) fn of_process() -> Self {
        let terminal = io::stdout().is_terminal();
        Self {
            out: Box::new(BufWriter::with_capacity(16 * 1024, io::stdout())),
            err: Box::new(io::stderr()),
            color: terminal && wants_color(),
            json: false,
            quiet: false,
            terminal,
            at_prompt: false,
            eol: EOL,
            letterless: false,
            read_only: Vec::new(),
        }
    }

    /// Follows `--color`.
    pub(crate) fn set_color(&mut self, when: Color) {
        self.color = match when {
            Color::Auto => self.color,
            Color::Always => true,
            Color::Never => false,
        };
    }

    /// Standard output.
    pub(crate) fn out(&mut self) -> &mut dyn Write {
        &mut *self.out
    }

    /// Standard error, after what is already said on standard output.
    pub(crate) fn err(&mut self) -> io::Result<&mut dyn Write> {
        self.out.flush()?;
        Ok(&mut *self.err)
    }

    /// A line on standard output.
    pub(crate) fn line(&mut self, text: impl AsRef<[u8]>) -> io::Result<()> {
        self.out.write_all(text.as_ref())?;
        self.out.write_all(b"\n")
    }

    /// A line on standard error where standard output takes nothing any more.
    pub(crate) fn past_output(&mut self, text: &str) -> io::Result<()> {
        self.err.write_all(text.as_bytes())?;
        self.err.write_all(b"\n")
    }

    /// A line on standard error.
    pub(crate) fn err_line(&mut self, text: &str) -> io::Result<()> {
        let err = self.err()?;
        err.write_all(text.as_bytes())?;
        err.write_all(b"\n")
    }

    /// A line for people about success: not with `--quiet`, not with `--json`.
    pub(crate) fn note(&mut self, text: impl AsRef<[u8]>) -> io::Result<()> {
        if self.quiet || self.json {
            return Ok(());
        }
        self.line(text)
    }

    /// What was done: a line that `--quiet` drops, or the object of `--json`.
    pub(crate) fn done(&mut self, text: &str, object: &impl serde::Serialize) -> io::Result<()> {
        if self.json {
            return self.line(json::to_line(object));
        }
        self.note(text)
    }

    /// A warning: one line on standard error, and a hint where there is one.
    pub(crate) fn warn(&mut self, message: &str, hint: Option<&str>) -> io::Result<()> {
        if self.json {
            return self.err_line(&json::warning(message, hint));
        }
        self.err_line(&format!("linksmith: warning: {message}"))?;
        match hint {
            Some(hint) => self.err_line(&format!("hint: {hint}")),
            None => Ok(()),
        }
    }

    /// Puts other streams in place of these and gives them back: redirection in the shell.
    pub(crate) fn swap_out(&mut self, out: Box<dyn Write>) -> Box<dyn Write> {
        std::mem::replace(&mut self.out, out)
    }

    /// As [`swap_out`](Self::swap_out), for standard error.
    pub(crate) fn swap_err(&mut self, err: Box<dyn Write>) -> Box<dyn Write> {
        std::mem::replace(&mut self.err, err)
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()?;
        self.err.flush()
    }
}

/// `NO_COLOR`, `CLICOLOR`, `TERM=dumb` and what the console of Windows can do.
fn wants_color() -> bool {
    anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never
}

/// Bytes of a name or path as text on a terminal: what is not Unicode becomes U+FFFD, and control
/// characters are spelled out, so that a name cannot steer the terminal.
pub(crate) fn visible(bytes: &[u8]) -> Cow<'_, str> {
    // What nearly all names are is told quickest.
    if let (true, Ok(text)) = (
        bytes.iter().all(|b| matches!(b, b' '..=b'~')),
        std::str::from_utf8(bytes),
    ) {
        return Cow::Borrowed(text);
    }
    let text = String::from_utf8_lossy(bytes);
    if !text.contains(char::is_control) {
        return text;
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if c.is_control() {
            let _ = write!(shown, "{}", c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_steer_the_terminal() {
        assert_eq!(visible(b"plain"), "plain");
        assert_eq!(visible(b"a\x1b[2Jb\n"), "a\\u{1b}[2Jb\\u{a}");
        assert_eq!(visible(b"\xff"), "\u{fffd}");
    }
}
