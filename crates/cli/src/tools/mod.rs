//! Other tools' commands: their grammar, their words, their exit codes, and nothing else.
//!
//! A tool reads its own words: the argument parser of our verbs never sees them. Warnings of our own go
//! to standard error, what the original prints goes where the original prints it. Where the original's
//! exit code misleads, `--fixed-exit-codes` gives ours instead.
//!
//! Lines end as the original's do on the system this runs on: in CR LF on Windows, in LF elsewhere;
//! what the prompt writes into a file on a Windows volume ends its lines in CR LF on any system.

pub(crate) mod dir;
mod findlinks;
mod fsutil;
mod junction;
mod mklink;
mod symlinks;
pub(crate) mod wildcard;

use std::ffi::{OsStr, OsString};
use std::fmt::Display;

use linksmith::reparse::View;
use linksmith::volume::{Caps, Drives, list};
use linksmith::{
    Base, DriveId, Entry, EntryPath, LinkText, LocateError, Place, Step, VolumeError, Win32Error,
};

use crate::args::Globals;
use crate::change::{self, Stopped};
use crate::command;
use crate::error::{self, CliError, Exit};
use crate::session::{Session, located};

/// One tool.
pub(crate) struct Tool {
    /// What it is called by.
    pub name: &'static str,
    /// Whether it is a verb as it stands; the others are reached by `as`.
    pub verb: bool,
    /// Whether it is a program of its own where it comes from, not one of `cmd`'s commands.
    pub program: bool,
    /// Whether these words change no volume; see `Command::only_looks`.
    only_looks: fn(&[OsString]) -> bool,
    run: fn(&mut Session, &[OsString]) -> Result<u8, CliError>,
}

/// Every tool.
pub(crate) const TOOLS: &[Tool] = &[
    tool("mklink", true, false, |_| false, mklink::run),
    tool("dir", true, false, |_| true, dir::run),
    tool("fsutil", true, true, fsutil::only_looks, fsutil::run),
    tool("junction", false, true, |_| false, junction::run),
    tool("findlinks", false, true, |_| true, findlinks::run),
    tool("symlinks", false, true, |_| false, symlinks::run),
];

const fn tool(
    name: &'static str,
    verb: bool,
    program: bool,
    only_looks: fn(&[OsString]) -> bool,
    run: fn(&mut Session, &[OsString]) -> Result<u8, CliError>,
) -> Tool {
    Tool {
        name,
        verb,
        program,
        only_looks,
        run,
    }
}

/// The tool of this name, in any case.
pub(crate) fn find(name: &str) -> Option<&'static Tool> {
    TOOLS.iter().find(|t| t.name.eq_ignore_ascii_case(name))
}

/// The tool that a program of this path stands for: `/usr/bin/mklink`, `JUNCTION64.EXE`.
pub(crate) fn of_program(path: &OsStr) -> Option<&'static Tool> {
    let name = std::path::Path::new(path)
        .file_name()?
        .to_str()?
        .to_ascii_lowercase();
    let stem = name.strip_suffix(".exe").unwrap_or(&name);
    find(stem).or_else(|| find(stem.strip_suffix("64").unwrap_or(stem)))
}

/// Runs a tool. Options of ours are taken where they stand before all of the tool's own words.
pub(crate) fn invoke(
    tool: &Tool,
    session: &mut Session,
    words: &[OsString],
) -> Result<u8, CliError> {
    let (options, words) = Globals::leading(words)?;
    session.only_looks = (tool.only_looks)(words);
    session.command = command::as_typed(tool.name, words);
    session.with_options(options, |session| (tool.run)(session, words))
}

/// Standard output, to the byte, line ends apart.
pub(crate) fn out(session: &mut Session, text: &str) -> Result<(), CliError> {
    for line in text.lines() {
        out_line(session, line.as_bytes())?;
    }
    Ok(())
}

pub(crate) fn out_line(session: &mut Session, line: &[u8]) -> Result<(), CliError> {
    let eol = session.console.eol;
    let out = session.console.out();
    out.write_all(line)?;
    out.write_all(eol.as_bytes())?;
    Ok(())
}

pub(crate) fn err_line(session: &mut Session, line: &str) -> Result<(), CliError> {
    let eol = session.console.eol;
    let err = session.console.err()?;
    err.write_all(line.as_bytes())?;
    err.write_all(eol.as_bytes())?;
    Ok(())
}

/// Three lines and a blank one in place of the original's banner: scripts skip those by number.
fn banner(session: &mut Session, name: &str, does: &str) -> Result<(), CliError> {
    let version = env!("CARGO_PKG_VERSION");
    out_line(
        session,
        format!("linksmith {version} as {name} - {does}").as_bytes(),
    )?;
    out_line(session, b"Free software: MIT or Apache-2.0")?;
    out_line(session, b"`linksmith help` tells what else it does")?;
    out_line(session, b"")
}

/// Why a tool could not: its words, and the exit code of ours for it.
#[derive(Debug)]
struct Failure {
    words: String,
    fixed: u8,
    code: Option<u32>,
}

impl Failure {
    /// A Win32 error.
    fn code(code: u32) -> Self {
        Self {
            words: words(Some(code), &"it failed"),
            fixed: error::exit_of_code(code).code(),
            code: Some(code),
        }
    }

    /// Words that no code stands for.
    fn words(words: impl Into<String>, fixed: u8) -> Self {
        Self {
            words: words.into(),
            fixed,
            code: None,
        }
    }
}

impl From<LocateError> for Failure {
    fn from(e: LocateError) -> Self {
        let code = crate::session::code_of(&e);
        let fixed = code.map_or(Exit::Partly, error::exit_of_code).code();
        Self {
            words: words(code, &e),
            fixed,
            code,
        }
    }
}

impl From<VolumeError> for Failure {
    fn from(e: VolumeError) -> Self {
        let code = e.cause.win32();
        Self {
            words: words(code, &e.cause),
            fixed: error::exit_of(&e.cause).code(),
            code,
        }
    }
}

impl From<CliError> for Failure {
    fn from(e: CliError) -> Self {
        Self {
            words: e.message,
            fixed: e.exit.code(),
            code: e.code,
        }
    }
}

impl From<Stopped> for Failure {
    fn from(stopped: Stopped) -> Self {
        match stopped {
            Stopped::Volume(source, _) => (*source).into(),
            Stopped::Other(error) => error.into(),
        }
    }
}

/// Does one step, as [`change::as_tool`] does.
fn apply(session: &mut Session, drive: DriveId, step: Step) -> Result<(), Failure> {
    Ok(change::as_tool(session, drive, step)?)
}

/// One more name of a file; a directory has none, and another volume's names are not its own.
fn hard_link(
    session: &mut Session,
    existing: &Place,
    entry: &Entry,
    new: &Place,
) -> Result<(), Failure> {
    if entry.base == Base::Dir {
        return Err(Failure::code(5));
    }
    if existing.drive != new.drive {
        return Err(Failure::code(17));
    }
    let step = Step::HardLink {
        existing: existing.path.clone(),
        new: new.path.clone(),
    };
    apply(session, new.drive, step)
}

/// Every name of a file; where the volume does not know them, those in the file's own folder.
fn names_of(drives: &Drives, place: &Place, entry: &Entry) -> Result<Vec<Place>, Failure> {
    let volume = drives.volume(place.drive)?;
    let on_drive = |path| Place {
        drive: place.drive,
        path,
    };
    if volume.info().caps.contains(Caps::NAMES) {
        return Ok(volume
            .names(&place.path)?
            .into_iter()
            .map(on_drive)
            .collect());
    }
    let dir = place.parent().unwrap_or_else(|| place.clone());
    let entries = list(&*volume, &dir.path)?.into_iter();
    let same = entries.filter(|e| e.id == entry.id);
    Ok(same
        .filter_map(|e| Some(dir.join(e.name.as_ref()?)))
        .collect())
}

/// The system's words for a code; where there is none, our own.
pub(crate) fn words(code: Option<u32>, otherwise: &dyn Display) -> String {
    match code.map(Win32Error) {
        Some(code) if code.name().is_some() => code.cmd_message().to_owned(),
        _ => format!("{otherwise}."),
    }
}

/// What `dir` puts in brackets: the print name, the substitute name where that is empty, a POSIX link's
/// text; for other tags, and data that cannot be read, three dots.
fn bracket(text: &LinkText) -> Vec<u8> {
    match text {
        LinkText::Posix(text) => text.clone(),
        LinkText::Reparse(point) => match point.view() {
            Ok(
                View::Symlink {
                    substitute, print, ..
                }
                | View::MountPoint { substitute, print },
            ) => {
                if print.is_empty() {
                    substitute.to_wtf8()
                } else {
                    print.to_wtf8()
                }
            }
            _ => b"...".to_vec(),
        },
    }
}

/// A drive as `dir` and `vol` name it: `C`, or `/`.
fn drive_name(drives: &Drives, drive: DriveId) -> String {
    match drives.letter(drive) {
        Some(letter) => letter.to_string(),
        None => {
            let root = drives.display(&Place {
                drive,
                path: EntryPath::root(),
            });
            match root.strip_suffix('\\') {
                Some(share) => share.to_owned(),
                None => root,
            }
        }
    }
}

/// The two lines about a volume that `dir` and `vol` begin with.
pub(crate) fn volume_lines(drives: &Drives, drive: DriveId) -> Result<[String; 2], CliError> {
    let volume = drives.volume(drive).map_err(located)?;
    let info = volume.info();
    Ok(dir::volume_header(
        &drive_name(drives, drive),
        info.label.as_deref(),
        info.serial,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_named_after_tools() {
        assert_eq!(
            of_program(OsStr::new("JUNCTION64.exe")).map(|t| t.name),
            Some("junction")
        );
        let name = |path: &str| of_program(OsStr::new(path)).map(|t| t.name);
        assert_eq!(name("/usr/local/bin/dir"), Some("dir"));
        assert_eq!(name("Dir.EXE"), Some("dir"));
        assert_eq!(name("dir64.exe"), Some("dir"));
        assert_eq!(name("/usr/bin/linksmith"), None);
    }

    #[test]
    fn words_of_the_system_or_ours() {
        assert_eq!(words(Some(5), &"x"), "Access is denied.");
        assert_eq!(words(None, &"it is odd"), "it is odd.");
        assert_eq!(words(Some(0xFFFF_FFFF), &"it is odd"), "it is odd.");
    }
}
