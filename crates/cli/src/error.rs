//! What went wrong, in one line with a hint, and the exit code it means.

use std::borrow::Cow;
use std::io;

use linksmith::container::ContainerError;
use linksmith::partition::PartitionError;
use linksmith::{Cause, ErrorClass, NameError, VolumeError, Win32Error};
use serde::Serialize;

use crate::output::Console;

/// The exit codes of our own verbs. Other tools' commands have theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done.
    Done,
    /// Some of it failed; the rest is done.
    Partly,
    /// The command line is not well-formed.
    Usage,
    /// Not there.
    NotFound,
    /// There already.
    Exists,
    /// A privilege or permission is missing.
    Denied,
    /// The volume cannot hold this, or a limit is reached.
    Unsupported,
    /// Findings.
    Findings,
    /// Refused as unsafe.
    Unsafe,
    /// The volume is damaged, dirty, hibernated or locked.
    Damaged,
    /// Another program's: a tool's or a script's.
    Other(u8),
}

impl Exit {
    /// The process's exit code.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Partly => 1,
            Self::Usage => 2,
            Self::NotFound => 3,
            Self::Exists => 4,
            Self::Denied => 5,
            Self::Unsupported => 6,
            Self::Findings => 7,
            Self::Unsafe => 8,
            Self::Damaged => 10,
            Self::Other(code) => code,
        }
    }
}

/// A failure as a person and a script see it.
#[derive(Debug)]
pub(crate) struct CliError {
    /// What it means for the exit code.
    pub exit: Exit,
    /// What was tried, where and why not, without the code: `cannot read 'x': it is a directory`.
    pub message: String,
    /// The Win32 error code, where there is one.
    pub code: Option<u32>,
    /// The path it is about, as bytes.
    pub path: Option<Vec<u8>>,
    /// The next step.
    pub hint: Option<Cow<'static, str>>,
    /// Nothing is to be said: the reader went away, or all was said already.
    pub silent: bool,
}

impl CliError {
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            exit,
            message: message.into(),
            code: None,
            path: None,
            hint: None,
            silent: false,
        }
    }

    /// A command line that is not well-formed.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// Ends with this code and without a word more: what there was to say has been said.
    pub(crate) fn said(exit: Exit) -> Self {
        Self {
            silent: true,
            ..Self::new(exit, "")
        }
    }

    /// `cannot OP 'PATH': CAUSE`, with the code, the exit and the hint that belong to the cause.
    pub(crate) fn cannot(op: &str, path: &[u8], cause: &Cause) -> Self {
        let shown = crate::output::visible(path);
        let cause = known(cause);
        Self {
            path: Some(path.to_vec()),
            code: code_of(cause),
            hint: hint(cause),
            ..Self::new(
                exit_of(cause),
                format!("cannot {op} '{shown}': {}", words(cause)),
            )
        }
    }

    pub(crate) fn hint(mut self, hint: impl Into<Cow<'static, str>>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(crate) fn code(mut self, code: u32) -> Self {
        self.code = Some(code);
        self
    }

    pub(crate) fn path(mut self, path: impl Into<Vec<u8>>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// The line without `linksmith: `.
    pub(crate) fn line(&self) -> String {
        match self.code {
            Some(code) => format!("{} (Win32 error {code})", self.message),
            None => self.message.clone(),
        }
    }
}

impl From<io::Error> for CliError {
    /// An error of our own output.
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::said(Exit::Done);
        }
        Self::new(Exit::Partly, format!("cannot write the output: {error}"))
    }
}

/// The exit code a Win32 error code means.
pub(crate) fn exit_of_code(code: u32) -> Exit {
    exit_of_class(Win32Error(code).class())
}

/// The next step that the table of codes knows.
pub(crate) fn hint_of_code(code: Option<u32>) -> Option<Cow<'static, str>> {
    own_hint(code.map(Win32Error))
}

impl From<VolumeError> for CliError {
    fn from(error: VolumeError) -> Self {
        Self::cannot(error.op, error.path.as_bytes(), &error.cause)
    }
}

/// A cause by its own name where it came as an error of this machine's system, so that one failure has one wording. Windows' own
/// codes say more than their kinds.
fn known(cause: &Cause) -> &Cause {
    use io::ErrorKind as Kind;
    match cause {
        Cause::Io(error) if !cfg!(windows) => match error.kind() {
            Kind::NotFound => &Cause::NotFound,
            Kind::PermissionDenied => &Cause::Denied,
            Kind::AlreadyExists => &Cause::Exists,
            Kind::NotADirectory => &Cause::NotADirectory,
            Kind::IsADirectory => &Cause::IsADirectory,
            Kind::ReadOnlyFilesystem => &Cause::ReadOnly,
            Kind::StorageFull => &Cause::NoSpace,
            _ => cause,
        },
        _ => cause,
    }
}

/// The code of a cause; that of the same cause in Windows where this machine has its own numbers.
fn code_of(cause: &Cause) -> Option<u32> {
    match cause {
        Cause::Io(error) => Win32Error::from_io(error).map(|code| code.0),
        other => other.win32(),
    }
}

/// The cause in words, the code left to the end of the line.
fn words(cause: &Cause) -> String {
    let sentence = |code: Win32Error| code.message().trim_end_matches('.').to_owned();
    match cause {
        Cause::Win32(code) => sentence(Win32Error(*code)),
        Cause::Io(error) => match Win32Error::from_io(error) {
            Some(code) => sentence(code),
            None => error.to_string(),
        },
        other => other.to_string(),
    }
}

/// The exit code a cause means.
pub(crate) fn exit_of(cause: &Cause) -> Exit {
    match cause {
        Cause::NotFound | Cause::PathNotFound(_) | Cause::NotADirectory => Exit::NotFound,
        Cause::Exists => Exit::Exists,
        Cause::Denied | Cause::Privilege | Cause::ReadOnly | Cause::InUse => Exit::Denied,
        Cause::NoVolume(PartitionError::Container(
            ContainerError::Damaged { .. } | ContainerError::LogHoldsWork(_),
        )) => Exit::Damaged,
        Cause::Unsupported(_)
        | Cause::TooManyLinks { .. }
        | Cause::CrossVolume
        | Cause::NoSpace
        | Cause::NoVolume(_)
        | Cause::Reparse(_) => Exit::Unsupported,
        Cause::Name(NameError::Empty | NameError::Dots) => Exit::Usage,
        Cause::Name(_) => Exit::Unsupported,
        Cause::IsADirectory
        | Cause::NotEmpty
        | Cause::NotALink
        | Cause::HasContents
        | Cause::ThroughLink(_)
        | Cause::BelowItself => Exit::Unsafe,
        Cause::Damaged(_) | Cause::Unsafe(_) | Cause::ReadBack(_) => Exit::Damaged,
        Cause::Win32(code) => exit_of_class(Win32Error(*code).class()),
        Cause::Io(e) => Win32Error::from_io(e).map_or(Exit::Partly, |c| exit_of_class(c.class())),
        _ => Exit::Partly,
    }
}

fn exit_of_class(class: ErrorClass) -> Exit {
    match class {
        ErrorClass::NotFound => Exit::NotFound,
        ErrorClass::Exists => Exit::Exists,
        ErrorClass::Denied => Exit::Denied,
        ErrorClass::Unsupported | ErrorClass::Invalid => Exit::Unsupported,
        ErrorClass::Damaged => Exit::Damaged,
        ErrorClass::Other => Exit::Partly,
    }
}

/// The next step for a cause: a better one than the code's own where the cause says more.
fn hint(cause: &Cause) -> Option<Cow<'static, str>> {
    let hint = match cause {
        Cause::NotFound => "`linksmith list` on the folder shows what is there.",
        Cause::Exists => {
            "`linksmith show` says what is there; choose another name, or move it away first."
        }
        Cause::IsADirectory => "`linksmith list` shows what is in a directory.",
        Cause::NotADirectory => "A directory is needed here; `linksmith show` says what it is.",
        Cause::NotALink => "`linksmith show` says what it is; only links are touched here.",
        Cause::ThroughLink(_) => "Name the real path; `linksmith show` gives it.",
        Cause::Unsupported(_) => "`linksmith doctor PATH` shows what this volume can do.",
        Cause::NoSpace => "Nothing was changed; free some space and try again.",
        Cause::Name(NameError::TooLong(_)) => {
            "One name has at most 255 UTF-16 units on NTFS, 255 bytes on POSIX file systems."
        }
        Cause::Damaged(_) | Cause::Unsafe(_) => "`linksmith check IMAGE` lists what is wrong.",
        Cause::Io(e) => return own_hint(Win32Error::from_io(e)),
        other => return own_hint(other.win32().map(Win32Error)),
    };
    Some(Cow::Borrowed(hint))
}

fn own_hint(code: Option<Win32Error>) -> Option<Cow<'static, str>> {
    code.and_then(Win32Error::hint).map(Cow::Borrowed)
}

#[derive(Serialize)]
struct JsonError<'a> {
    v: u32,
    error: &'a str,
    code: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path_hex: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
    exit: u8,
}

/// Says the error on standard error and gives the exit code.
pub(crate) fn report(error: &CliError, console: &mut Console) -> u8 {
    if !error.silent {
        // Where standard error is gone there is nobody left to tell.
        let _ = say(error, console);
    }
    error.exit.code()
}

/// Says that standard output took not all of it. There is no other way left to say it but past that.
pub(crate) fn report_lost_output(error: io::Error, console: &mut Console) {
    let error = CliError::from(error);
    let _ = console.past_output(&format!("linksmith: {}", error.line()));
}

/// What to do about a path with a drive letter where there are no letters.
const ATTACH_HINT: &str =
    "Drive letters are attached: `--drive C=disk.img`, or LINKSMITH_DRIVES=\"C=disk.img\".";

/// What to do about a drive that is only read: the one of the path, where it names one.
fn read_only_hint<'a>(path: Option<&[u8]>, console: &'a Console) -> Option<&'a str> {
    let of_path = match path {
        Some([letter, b':', ..]) => Some(letter.to_ascii_uppercase()),
        _ => None,
    };
    let mut hints = console.read_only.iter();
    let hint = hints.find(|(letter, _)| of_path.is_none_or(|of_path| of_path == *letter));
    hint.map(|(_, hint)| hint.as_str())
}

fn say(error: &CliError, console: &mut Console) -> io::Result<()> {
    let path = error.path.as_deref();
    let hint = match path {
        Some([letter, b':', b'\\' | b'/', ..])
            if console.letterless
                && error.exit == Exit::NotFound
                && letter.is_ascii_alphabetic() =>
        {
            Some(ATTACH_HINT)
        }
        _ if error.code == Some(Win32Error::WRITE_PROTECT.0) => {
            read_only_hint(path, console).or(error.hint.as_deref())
        }
        _ => error.hint.as_deref(),
    };
    // Borrowed from the console, which is written to below.
    let hint = hint.map(str::to_owned);
    let hint = hint.as_deref();
    if console.json {
        return console.err_line(&crate::output::json::to_line(&JsonError {
            v: 1,
            error: &error.message,
            code: error.code,
            path: path.map(String::from_utf8_lossy),
            path_hex: path.and_then(crate::output::json::hex_unless_unicode),
            hint,
            exit: error.exit.code(),
        }));
    }
    console.err_line(&format!("linksmith: {}", error.line()))?;
    match hint {
        Some(hint) => console.err_line(&format!("hint: {hint}")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_with_the_code() {
        let error = CliError::cannot("read", b"a\x1b", &Cause::Denied);
        assert_eq!(
            error.line(),
            "cannot read 'a\\u{1b}': access is denied (Win32 error 5)"
        );
        assert_eq!(error.exit, Exit::Denied);
        let raw = CliError::cannot("read", b"a", &Cause::Win32(448));
        assert_eq!(
            raw.line(),
            "cannot read 'a': The path cannot be traversed because it contains an untrusted mount point (Win32 error 448)"
        );
        assert!(raw.hint.is_some_and(|h| h.starts_with("Redirection Guard")));
    }

    #[test]
    fn a_reader_that_went_away_is_no_failure() {
        let error = CliError::from(io::Error::from(io::ErrorKind::BrokenPipe));
        assert!(error.silent);
        assert_eq!(error.exit, Exit::Done);
    }
}
