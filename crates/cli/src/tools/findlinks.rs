//! `FindLinks`, the tool of Sysinternals.

use std::ffi::OsString;

use linksmith::{Base, Place};

use super::{Failure, banner, err_line, out, out_line};
use crate::describe::place_bytes;
use crate::error::CliError;
use crate::session::Session;

const USAGE: &str = "\
usage: findlinks [-nobanner] <filename>
";

pub(super) fn run(session: &mut Session, words: &[OsString]) -> Result<u8, CliError> {
    let drives = session.drives()?;
    let is = |word: &OsString, name: &str| {
        let text = word.to_string_lossy();
        text.strip_prefix(['-', '/'])
            .is_some_and(|s| s.eq_ignore_ascii_case(name))
    };
    if !words.iter().any(|w| is(w, "nobanner")) {
        banner(session, "findlinks", "finds the names of a file")?;
    }
    let names: Vec<&OsString> = words
        .iter()
        .filter(|w| !is(w, "nobanner") && !is(w, "accepteula"))
        .collect();
    let [file] = names.as_slice() else {
        out(session, USAGE)?;
        return Ok(session.exit_minus_one(2)); // not confirmed
    };
    let found = drives
        .locate(file)
        .map_err(Failure::from)
        .and_then(|place| {
            let volume = drives.volume(place.drive)?;
            let entry = volume.entry(&place.path)?;
            if entry.base == Base::Dir {
                return Err(Failure::code(5));
            }
            let names = super::names_of(&drives, &place, &entry)?;
            Ok((place, entry, names))
        });
    let (place, entry, names) = match found {
        Ok(found) => found,
        Err(failure) => {
            err_line(
                session,
                &format!("Error opening {}:", file.to_string_lossy()),
            )?;
            err_line(session, &failure.words)?;
            return Ok(session.exit_minus_one(failure.fixed)); // not confirmed
        }
    };
    out_line(session, &place_bytes(&drives, &place))?;
    // The original shows the low half of the file's number.
    out_line(
        session,
        format!("        Index:  0x{:08X}", entry.id.file & 0xFFFF_FFFF).as_bytes(),
    )?;
    out_line(
        session,
        format!("        Links:  {}", entry.links.unwrap_or(1)).as_bytes(),
    )?;
    let others: Vec<Place> = names.into_iter().filter(|n| *n != place).collect();
    if !others.is_empty() {
        out_line(session, b"")?;
        out_line(session, b"Linking files:")?;
    }
    for other in others {
        out_line(session, &place_bytes(&drives, &other))?;
    }
    Ok(0)
}
