//! `fsutil hardlink`, `fsutil reparsepoint`, `fsutil behavior query symlinkevaluation`.
//!
//! Words that rest on common knowledge alone: [`USAGE`] and the usages of the subcommands, the form of
//! errors, the hex dump.

use std::ffi::{OsStr, OsString};

use linksmith::reparse::View;
use linksmith::volume::Drives;
use linksmith::{LinkText, Place, ReparsePoint, ReparseTag, Step};

use super::{Failure, out, out_line};
use crate::describe::place_bytes;
use crate::error::CliError;
use crate::session::Session;

const USAGE: &str = "\
---- Commands Supported ----

behavior        Control file system behavior
hardlink        Hardlink management
reparsepoint    Reparse point management
";

const HARDLINK_USAGE: &str = "\
---- HARDLINK Commands Supported ----

create          Create a hardlink
list            Enumerate hardlinks on a file
";

const HARDLINK_CREATE_USAGE: &str = "\
Usage : fsutil hardlink create <new filename> <existing filename>
   Eg : fsutil hardlink create c:\\foo.txt c:\\bar.txt
";

const HARDLINK_LIST_USAGE: &str = "\
Usage : fsutil hardlink list <filename>
   Eg : fsutil hardlink list c:\\foo.txt
";

const REPARSE_USAGE: &str = "\
---- REPARSEPOINT Commands Supported ----

delete          Delete a reparse point
query           Query a reparse point
";

const REPARSE_QUERY_USAGE: &str = "\
Usage : fsutil reparsepoint query <filename>
   Eg : fsutil reparsepoint query c:\\server
";

const REPARSE_DELETE_USAGE: &str = "\
Usage : fsutil reparsepoint delete <filename>
   Eg : fsutil reparsepoint delete c:\\server
";

const BEHAVIOR_USAGE: &str = "\
Usage : fsutil behavior query symlinkevaluation
";

/// The four lines: this system's settings on Windows, else Windows' own defaults.
fn symlink_evaluation() -> String {
    let kinds = [
        "Local to local",
        "Local to remote",
        "Remote to local",
        "Remote to remote",
    ];
    let lines = kinds
        .iter()
        .zip(linksmith::doctor::symlink_evaluation())
        .map(|(kind, on)| {
            let state = if on { "enabled" } else { "disabled" };
            format!("{kind} symbolic links are {state}.\n")
        });
    lines.collect()
}

/// `query` and `list` change nothing.
pub(super) fn only_looks(words: &[OsString]) -> bool {
    let what = words.get(1).map(|word| word.to_string_lossy());
    what.is_some_and(|what| {
        ["query", "list"]
            .iter()
            .any(|w| what.eq_ignore_ascii_case(w))
    })
}

pub(super) fn run(session: &mut Session, words: &[OsString]) -> Result<u8, CliError> {
    let lower: Vec<String> = words
        .iter()
        .map(|w| w.to_string_lossy().to_lowercase())
        .collect();
    let lower: Vec<&str> = lower.iter().map(String::as_str).collect();
    let usage = match (lower.as_slice(), words) {
        (["hardlink", "create", _, _], [_, _, new, existing]) => {
            return answer(session, |s, d| hardlink_create(s, d, new, existing));
        }
        (["hardlink", "list", _], [_, _, file]) => {
            return answer(session, |s, d| hardlink_list(s, d, file));
        }
        (["reparsepoint", "query", _], [_, _, path]) => {
            return answer(session, |s, d| reparse_query(s, d, path));
        }
        (["reparsepoint", "delete", _], [_, _, path]) => {
            return answer(session, |s, d| reparse_delete(s, d, path));
        }
        (["behavior", "query", "symlinkevaluation"], _) => {
            out(session, &symlink_evaluation())?;
            return Ok(0);
        }
        (["hardlink", "create", ..], _) => HARDLINK_CREATE_USAGE,
        (["hardlink", "list", ..], _) => HARDLINK_LIST_USAGE,
        (["hardlink", ..], _) => HARDLINK_USAGE,
        (["reparsepoint", "query", ..], _) => REPARSE_QUERY_USAGE,
        (["reparsepoint", "delete", ..], _) => REPARSE_DELETE_USAGE,
        (["reparsepoint", ..], _) => REPARSE_USAGE,
        (["behavior", ..], _) => BEHAVIOR_USAGE,
        _ => USAGE,
    };
    out(session, usage)?;
    Ok(session.exit_code(1, 2))
}

fn answer(
    session: &mut Session,
    run: impl FnOnce(&mut Session, &Drives) -> Result<(), Failure>,
) -> Result<u8, CliError> {
    let drives = session.drives()?;
    match run(session, &drives) {
        Ok(()) => Ok(0),
        Err(failure) => {
            // It writes its errors to standard output.
            out_line(session, failure.words.as_bytes())?;
            Ok(session.exit_code(1, failure.fixed))
        }
    }
}

/// `Error 4390: The file or directory is not a reparse point.`
fn numbered(failure: impl Into<Failure>) -> Failure {
    let failure = failure.into();
    let words = match failure.code {
        Some(code) => format!("Error {code}: {}", failure.words),
        None => format!("Error: {}", failure.words),
    };
    Failure { words, ..failure }
}

fn hardlink_create(
    session: &mut Session,
    drives: &Drives,
    new: &OsStr,
    existing: &OsStr,
) -> Result<(), Failure> {
    let file = drives.locate(existing).map_err(numbered)?;
    let volume = drives.volume(file.drive).map_err(numbered)?;
    let entry = volume.entry(&file.path).map_err(numbered)?;
    let link = drives.locate(new).map_err(numbered)?;
    super::hard_link(session, &file, &entry, &link).map_err(numbered)?;
    let (new, existing) = (
        drives.full_path(new).map_err(numbered)?,
        drives.full_path(existing).map_err(numbered)?,
    );
    let line = format!("Hardlink created for {new} <<===>> {existing}");
    Ok(out_line(session, line.as_bytes())?)
}

/// One name a line, without the drive.
fn hardlink_list(session: &mut Session, drives: &Drives, file: &OsStr) -> Result<(), Failure> {
    let place = drives.locate(file).map_err(numbered)?;
    let volume = drives.volume(place.drive).map_err(numbered)?;
    for path in volume.names(&place.path).map_err(numbered)? {
        let full = place_bytes(
            drives,
            &Place {
                drive: place.drive,
                path,
            },
        );
        let line = match full.as_slice() {
            [_, b':', rest @ ..] => rest,
            whole => whole,
        };
        out_line(session, line)?;
    }
    Ok(())
}

fn reparse_point(drives: &Drives, path: &OsStr) -> Result<(Place, ReparsePoint), Failure> {
    let place = drives.locate(path).map_err(numbered)?;
    let volume = drives.volume(place.drive).map_err(numbered)?;
    match volume.link_text(&place.path).map_err(numbered)? {
        Some(LinkText::Reparse(point)) => Ok((place, point)),
        _ => Err(numbered(Failure::code(4390))),
    }
}

fn reparse_delete(session: &mut Session, drives: &Drives, path: &OsStr) -> Result<(), Failure> {
    let (place, _) = reparse_point(drives, path)?;
    let step = Step::ClearReparse { at: place.path };
    super::apply(session, place.drive, step).map_err(numbered)
}

fn reparse_query(session: &mut Session, drives: &Drives, path: &OsStr) -> Result<(), Failure> {
    let (_, point) = reparse_point(drives, path)?;
    for line in query_lines(&point) {
        out_line(session, &line)?;
    }
    Ok(())
}

/// The lines of `reparsepoint query`; "Substitue" is the original's spelling.
fn query_lines(point: &ReparsePoint) -> Vec<Vec<u8>> {
    let tag = point.tag();
    let mut lines = vec![format!("Reparse Tag Value : 0x{:08x}", tag.0).into_bytes()];
    let mut line = |text: &str| lines.push(text.as_bytes().to_vec());
    if tag.is_microsoft() {
        line("Tag value: Microsoft");
    }
    if tag.is_name_surrogate() {
        line("Tag value: Name Surrogate");
    }
    match tag {
        ReparseTag::MOUNT_POINT => line("Tag value: Mount Point"),
        ReparseTag::SYMLINK => line("Tag value: Symbolic Link"),
        _ => {}
    }
    if let Ok(View::MountPoint { substitute, print }) = point.view() {
        let field = |at: usize| match point.as_bytes().get(at..at + 2) {
            Some([low, high]) => u16::from_le_bytes([*low, *high]),
            _ => 0,
        };
        line(&format!("Substitue Name offset: {}", field(8)));
        line(&format!("Substitue Name length: {}", field(10)));
        line(&format!("Print Name offset:     {}", field(12)));
        line(&format!("Print Name Length:     {}", field(14)));
        let named = |label: &str, name: Vec<u8>| [label.as_bytes(), &name].concat();
        lines.push(named("Substitute Name:       ", substitute.to_wtf8()));
        if !print.is_empty() {
            lines.push(named("Print Name:            ", print.to_wtf8()));
        }
    }
    lines.push(Vec::new());
    lines.push(format!("Reparse Data Length: 0x{:08x}", point.data().len()).into_bytes());
    lines.push(b"Reparse Data:".to_vec());
    let dump = point
        .data()
        .chunks(16)
        .enumerate()
        .map(|(i, row)| hex_row(i * 16, row));
    lines.extend(dump.map(String::into_bytes));
    lines
}

/// `0000:  00 00 22 00 24 00 1a 00  5c 00 3f 00 3f 00 5c 00  ..".$...\.?.?.\.`
fn hex_row(at: usize, row: &[u8]) -> String {
    let mut hex = String::new();
    for i in 0..16 {
        if i == 8 {
            hex.push(' ');
        }
        match row.get(i) {
            Some(byte) => hex.push_str(&format!("{byte:02x} ")),
            None => hex.push_str("   "),
        }
    }
    let text: String = row
        .iter()
        .map(|b| {
            if b.is_ascii_graphic() || *b == b' ' {
                char::from(*b)
            } else {
                '.'
            }
        })
        .collect();
    format!("{at:04x}:  {hex} {text}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use linksmith::path::TargetPath;

    #[test]
    fn a_junction_queried() {
        let point = ReparsePoint::junction(&TargetPath::parse(r"C:\a")).expect("a junction");
        let lines: Vec<String> = query_lines(&point)
            .into_iter()
            .map(|l| String::from_utf8(l).expect("ASCII"))
            .collect();
        assert_eq!(
            lines,
            [
                "Reparse Tag Value : 0xa0000003",
                "Tag value: Microsoft",
                "Tag value: Name Surrogate",
                "Tag value: Mount Point",
                "Substitue Name offset: 0",
                "Substitue Name length: 16",
                "Print Name offset:     18",
                "Print Name Length:     8",
                r"Substitute Name:       \??\C:\a",
                r"Print Name:            C:\a",
                "",
                "Reparse Data Length: 0x00000024",
                "Reparse Data:",
                r"0000:  00 00 10 00 12 00 08 00  5c 00 3f 00 3f 00 5c 00  ........\.?.?.\.",
                r"0010:  43 00 3a 00 5c 00 61 00  00 00 43 00 3a 00 5c 00  C.:.\.a...C.:.\.",
                "0020:  61 00 00 00                                       a...",
            ]
        );
    }
}
