//! `junction`, the tool of Sysinternals.
//!
//! Three flaws of the original are not kept: `-d` takes links away and no real directory, `-s` follows
//! no link, and both names are written.

use std::ffi::{OsStr, OsString};

use linksmith::path::TargetPath;
use linksmith::reparse::View;
use linksmith::volume::{Caps, Drives, list};
use linksmith::{Entry, LinkText, Place, ReparsePoint, Step};

use super::{Failure, banner, err_line, out, out_line, wildcard};
use crate::describe::place_bytes;
use crate::error::CliError;
use crate::session::Session;

const USAGE: &str = "\
usage: junction [-s] [-q] [-nobanner] <directory or file>
       -q     No errors while searching.
       -s     Directories below it too.
usage: junction -d <junction directory>
usage: junction <junction directory> <junction target>
";

const NONE_FOUND: &str = "No reparse points found.";
const NO_MATCH: &str = "No matching files were found.";
const NOT_NTFS: &str = "Junctions are only supported on NTFS volumes.";

#[derive(Debug, Default, PartialEq, Eq)]
struct Options {
    recurse: bool,
    quiet: bool,
    no_banner: bool,
    delete: bool,
    bad: bool,
    names: Vec<OsString>,
}

fn parse(words: &[OsString], posix: bool) -> Options {
    let mut options = Options::default();
    for word in words {
        let text = word.to_string_lossy().to_ascii_lowercase();
        let switch = match text.strip_prefix('-') {
            Some(switch) => Some(switch),
            None if posix => None,
            None => text.strip_prefix('/'),
        };
        match switch {
            None => options.names.push(word.clone()),
            Some("s") => options.recurse = true,
            Some("q") => options.quiet = true,
            Some("d") => options.delete = true,
            Some("nobanner") => options.no_banner = true,
            Some("accepteula" | "v") => {}
            Some(_) => options.bad = true,
        }
    }
    options
}

pub(super) fn run(session: &mut Session, words: &[OsString]) -> Result<u8, CliError> {
    let drives = session.drives()?;
    let options = parse(words, drives.style() == linksmith::volume::PathStyle::Posix);
    if !options.no_banner {
        banner(session, "junction", "creates, shows and deletes junctions")?;
    }
    match options.names.as_slice() {
        [link] if options.delete && !options.bad => delete(session, &drives, link),
        [path] if !options.bad => query(session, &drives, path, &options),
        [] if options.recurse && !options.bad => query(session, &drives, OsStr::new("."), &options),
        [link, target] if !options.delete && !options.bad => create(session, &drives, link, target),
        _ => {
            out(session, USAGE)?;
            Ok(session.exit_minus_one(2)) // not confirmed
        }
    }
}

fn create(
    session: &mut Session,
    drives: &Drives,
    link: &OsStr,
    target: &OsStr,
) -> Result<u8, CliError> {
    let (shown, shown_target) = match (drives.full_path(link), drives.full_path(target)) {
        (Ok(link), Ok(target)) => (link, target),
        (Err(e), _) | (_, Err(e)) => {
            return not_created(session, "creating", link, &Failure::from(e));
        }
    };
    match make(session, drives, link, &shown_target) {
        Ok(()) => {
            out_line(session, format!("Created: {shown}").as_bytes())?;
            out_line(session, format!("Targetted at: {shown_target}").as_bytes())?;
            Ok(0)
        }
        Err((what, failure)) => not_created(session, what, shown.as_ref(), &failure),
    }
}

/// `Error creating X:`, and the reason in a line of its own.
fn not_created(
    session: &mut Session,
    what: &str,
    link: &OsStr,
    failure: &Failure,
) -> Result<u8, CliError> {
    err_line(
        session,
        &format!("Error {what} {}:", link.to_string_lossy()),
    )?;
    err_line(session, &failure.words)?;
    Ok(session.exit_minus_one(failure.fixed))
}

/// A new directory with the junction on it, or the junction on an empty one that is there.
fn make(
    session: &mut Session,
    drives: &Drives,
    link: &OsStr,
    target: &str,
) -> Result<(), (&'static str, Failure)> {
    let creating = |f: Failure| ("creating", f);
    let place = drives.locate(link).map_err(|e| creating(e.into()))?;
    let volume = drives.volume(place.drive).map_err(|e| creating(e.into()))?;
    if !volume.caps_at(&place.path).contains(Caps::JUNCTION) {
        return Err(("setting junction for", Failure::words(NOT_NTFS, 6)));
    }
    let path = TargetPath::parse(target);
    if !path.is_local() {
        let words = "Local volumes are required to complete the operation.";
        return Err(("setting junction for", Failure::words(words, 6)));
    }
    let point = ReparsePoint::junction(&path)
        .map_err(|e| ("setting junction for", Failure::words(format!("{e}."), 6)))?;
    let at = place.path.clone();
    if volume.entry(&at).is_ok_and(|e| e.is_real_dir()) {
        let step = Step::SetReparse { at, data: point };
        return super::apply(session, place.drive, step).map_err(|f| ("setting junction for", f));
    }
    let step = Step::MakeLink {
        at,
        link: LinkText::Reparse(point),
        dir: true,
    };
    super::apply(session, place.drive, step).map_err(creating)
}

fn delete(session: &mut Session, drives: &Drives, link: &OsStr) -> Result<u8, CliError> {
    let shown = drives
        .full_path(link)
        .unwrap_or_else(|_| link.to_string_lossy().into_owned());
    match detach(session, drives, link) {
        Ok(()) => {
            out_line(session, format!("Deleted {shown}.").as_bytes())?;
            Ok(0)
        }
        Err(failure) => {
            err_line(
                session,
                &format!("Error deleting {shown}: {}", failure.words),
            )?;
            // The original answers 0 here.
            Ok(session.exit_code(0, failure.fixed))
        }
    }
}

fn detach(session: &mut Session, drives: &Drives, link: &OsStr) -> Result<(), Failure> {
    let place = drives.locate(link)?;
    let entry = drives.volume(place.drive)?.entry(&place.path)?;
    if !entry.is_link() {
        // The original would remove an empty directory here.
        return Err(Failure {
            fixed: 8,
            ..Failure::code(4390)
        });
    }
    super::apply(session, place.drive, Step::Remove { at: place.path })
}

/// One path, or with a wildcard each that matches, and with `-s` everything below.
fn query(
    session: &mut Session,
    drives: &Drives,
    path: &OsStr,
    options: &Options,
) -> Result<u8, CliError> {
    let mut todo = match start(drives, path) {
        Ok(found) if found.is_empty() => {
            out_line(session, NO_MATCH.as_bytes())?;
            return Ok(session.exit_code(0, 3));
        }
        Ok(found) => found,
        Err(failure) => {
            err_line(session, &failure.words)?;
            return Ok(session.exit_code(0, failure.fixed));
        }
    };
    todo.reverse();
    let mut any = false;
    while let Some((place, entry)) = todo.pop() {
        any |= report(session, drives, &place, &entry)?;
        if options.recurse && entry.is_real_dir() {
            let below = drives
                .volume(place.drive)
                .map_err(crate::session::located)?;
            match list(&*below, &place.path) {
                Ok(entries) => {
                    let below = entries.into_iter().rev();
                    todo.extend(below.filter_map(|e| Some((place.join(e.name.as_ref()?), e))));
                }
                Err(error) if !options.quiet => {
                    err_line(session, &Failure::from(error).words)?;
                }
                Err(_) => {}
            }
        }
    }
    if !any {
        out_line(session, NONE_FOUND.as_bytes())?;
    }
    Ok(0)
}

fn start(drives: &Drives, path: &OsStr) -> Result<Vec<(Place, Entry)>, Failure> {
    let text = path.to_string_lossy();
    if !wildcard::has_any(&text) {
        let place = drives.locate(path)?;
        let entry = drives.volume(place.drive)?.entry(&place.path);
        return Ok(entry.map(|e| vec![(place, e)])?);
    }
    let cut = text.rfind(['\\', '/', ':']).map_or(0, |i| i + 1);
    let (dir, pattern) = text.split_at(cut);
    let dir = drives.locate_target(OsStr::new(if dir.is_empty() { "." } else { dir }))?;
    let entries = list(&*drives.volume(dir.drive)?, &dir.path)?.into_iter();
    let matching = entries.filter_map(|e| {
        let name = e.name.as_ref()?;
        wildcard::matches(pattern, &name.display()).then(|| (dir.join(name), e.clone()))
    });
    Ok(matching.collect())
}

/// The block about one reparse point; `false` where it is none.
fn report(
    session: &mut Session,
    drives: &Drives,
    place: &Place,
    entry: &Entry,
) -> Result<bool, CliError> {
    let volume = drives
        .volume(place.drive)
        .map_err(crate::session::located)?;
    let text = match entry.is_link() || entry.tag.is_some() {
        true => volume.link_text(&place.path).ok().flatten(),
        false => None,
    };
    let Some(text) = text else {
        return Ok(false);
    };
    let head = |what: &str| {
        [
            &place_bytes(drives, place),
            b": ".as_slice(),
            what.as_bytes(),
        ]
        .concat()
    };
    match &text {
        LinkText::Posix(target) => {
            out_line(session, &head("SYMBOLIC LINK"))?;
            names(session, target, target)?;
        }
        LinkText::Reparse(point) => match point.view() {
            Ok(View::Symlink {
                substitute, print, ..
            }) => {
                out_line(session, &head("SYMBOLIC LINK"))?;
                names(session, &print.to_wtf8(), &substitute.to_wtf8())?;
            }
            Ok(view @ View::MountPoint { substitute, print }) => {
                let what = if view.is_volume_mount_point() {
                    "MOUNT POINT"
                } else {
                    "JUNCTION"
                };
                out_line(session, &head(what))?;
                names(session, &print.to_wtf8(), &substitute.to_wtf8())?;
            }
            _ if point.tag().is_microsoft() => {
                out_line(session, &head("UNKNOWN MICROSOFT REPARSE POINT"))?;
            }
            _ => {
                out_line(session, &head("THIRD-PARTY REPARSE POINT"))?;
                third_party(session, point)?;
            }
        },
    }
    out_line(session, b"")?;
    Ok(true)
}

fn names(session: &mut Session, print: &[u8], substitute: &[u8]) -> Result<(), CliError> {
    out_line(session, &[b"   Print Name     : ", print].concat())?;
    out_line(session, &[b"   Substitute Name: ", substitute].concat())
}

fn third_party(session: &mut Session, point: &ReparsePoint) -> Result<(), CliError> {
    let tag = point.tag();
    let surrogate = if tag.is_name_surrogate() {
        "TRUE"
    } else {
        "FALSE"
    };
    out_line(
        session,
        format!("   Tag         : 0x{:08X}", tag.0).as_bytes(),
    )?;
    out_line(session, format!("   Surrogate   : {surrogate}").as_bytes())?;
    out_line(
        session,
        format!("   Size of data: {} bytes", point.data().len()).as_bytes(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Options {
        let words: Vec<OsString> = text.split_whitespace().map(OsString::from).collect();
        parse(&words, false)
    }

    #[test]
    fn switches() {
        let options = parsed("-S /q -nobanner -accepteula dir");
        assert!(options.recurse && options.quiet && options.no_banner && !options.bad);
        assert_eq!(options.names, ["dir"]);
        assert!(parsed("-d x").delete);
        assert!(parsed("-x").bad);
    }
}
