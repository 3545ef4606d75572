//! Other tools' commands: their grammar, their words, their exit codes, and nothing else.
//!
//! A tool reads its own words: the argument parser of our verbs never sees them. Warnings of our own go
//! to standard error, what the original prints goes where the original prints it. Where the original's
//! exit code misleads, `--fixed-exit-codes` gives ours instead.
//!
//! Lines end as the original's do on the system this runs on: in CR LF on Windows, in LF elsewhere.

pub(crate) mod dir;
pub(crate) mod wildcard;

use std::ffi::{OsStr, OsString};
use std::fmt::Display;

use linksmith::reparse::View;
use linksmith::volume::Drives;
use linksmith::{DriveId, EntryPath, LinkText, Place, Win32Error};

use crate::args::Globals;
use crate::error::CliError;
use crate::session::{Session, located};

/// The end of a line.
const EOL: &str = if cfg!(windows) { "\r\n" } else { "\n" };

/// One tool.
pub(crate) struct Tool {
    /// What it is called by.
    pub name: &'static str,
    /// Whether it is a verb as it stands; the others are reached by `as`.
    pub verb: bool,
    /// Whether it is a program of its own where it comes from, not one of `cmd`'s commands.
    pub program: bool,
    run: fn(&mut Session, &[OsString]) -> Result<u8, CliError>,
}

/// Every tool.
pub(crate) const TOOLS: &[Tool] = &[Tool {
    name: "dir",
    verb: true,
    program: false,
    run: dir::run,
}];

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
    let out = session.console.out();
    out.write_all(line)?;
    out.write_all(EOL.as_bytes())?;
    Ok(())
}

pub(crate) fn err_line(session: &mut Session, line: &str) -> Result<(), CliError> {
    let err = session.console.err()?;
    err.write_all(line.as_bytes())?;
    err.write_all(EOL.as_bytes())?;
    Ok(())
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
