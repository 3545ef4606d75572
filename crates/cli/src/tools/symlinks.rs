//! `symlinks`, the tool of Mark Lord that Debian carries (version 1.4).
//!
//! Its words, its order and its way of reading paths were found out by running it. It reads paths by
//! their text alone: `name/..` goes before anything is looked at, save where `name` begins the text.

use std::ffi::{OsStr, OsString};
use std::ops::ControlFlow;

use linksmith::ops::retarget;
use linksmith::volume::{Drives, PathStyle};
use linksmith::{Cause, End, Entry, LinkText, LocateError, Place, Plan, Step};

use super::{Failure, err_line, out_line};
use crate::args::os_string;
use crate::change::{self, Stopped};
use crate::error::CliError;
use crate::session::{Session, located};

const USAGE: &str = "\
symlinks: scan/change symbolic links - v1.3 - by Mark Lord

Usage:	symlinks [-cdorstv] dirlist

Flags:	-c == change absolute/messy links to relative
	-d == delete dangling links
	-o == warn about links across file systems
	-r == recurse into subdirs
	-s == shorten lengthy links (displayed in output only when -c not specified)
	-t == show what would be done by -c
	-v == verbose (show all symlinks)

";

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Flags {
    change: bool,
    delete: bool,
    other_fs_too: bool,
    recurse: bool,
    shorten: bool,
    test: bool,
    verbose: bool,
}

impl Flags {
    /// Takes a word of switches; `false` where one is unknown.
    fn take(&mut self, word: &str) -> bool {
        !word.is_empty()
            && word.chars().all(|letter| {
                let flag = match letter {
                    'c' => &mut self.change,
                    'd' => &mut self.delete,
                    'o' => &mut self.other_fs_too,
                    'r' => &mut self.recurse,
                    's' => &mut self.shorten,
                    't' => &mut self.test,
                    'v' => &mut self.verbose,
                    _ => return false,
                };
                *flag = true;
                true
            })
    }
}

pub(super) fn run(session: &mut Session, words: &[OsString]) -> Result<u8, CliError> {
    let drives = session.drives()?;
    if drives.style() == PathStyle::Windows {
        return Err(
            CliError::usage("`symlinks` reads POSIX paths, and these drives have none")
                .hint("`linksmith find --broken`, `linksmith convert LINK --relative`"),
        );
    }
    let mut flags = Flags::default();
    let (mut any, mut fixed) = (false, 0);
    // As in the original a switch holds for the directories that come after it.
    for word in words {
        match word.to_str().and_then(|w| w.strip_prefix('-')) {
            Some(switches) if flags.take(switches) => {}
            Some(_) => return usage(session),
            None => {
                any = true;
                fixed = fixed.max(directory(session, &drives, word, flags)?);
            }
        }
    }
    if !any {
        return usage(session);
    }
    Ok(session.exit_code(0, fixed))
}

fn usage(session: &mut Session) -> Result<u8, CliError> {
    for line in USAGE.lines() {
        err_line(session, line)?;
    }
    Ok(session.exit_code(1, 2))
}

/// Says why a directory is passed over, as the system's C library would; the exit code of ours.
fn passed_over(session: &mut Session, path: &[u8], cause: &Cause) -> Result<u8, CliError> {
    let failure = match cause {
        Cause::NotFound | Cause::PathNotFound(_) => ("No such file or directory", 3),
        Cause::Denied => ("Permission denied", 5),
        _ => ("Not a directory", 3),
    };
    let shown = String::from_utf8_lossy(path);
    err_line(session, &format!("{shown}: {}", failure.0))?;
    Ok(failure.1)
}

fn directory(
    session: &mut Session,
    drives: &Drives,
    word: &OsStr,
    flags: Flags,
) -> Result<u8, CliError> {
    let mut path = drives
        .display_current(drives.current_drive())
        .map_err(located)?
        .into_bytes();
    if word.as_encoded_bytes().starts_with(b"/") {
        path.clear();
    } else {
        path.push(b'/');
    }
    path.extend_from_slice(word.as_encoded_bytes());
    let path = tidy(&path).0;
    let found = drives.locate_target(&os_string(&path)).and_then(|place| {
        let entry = drives.volume(place.drive)?.entry(&place.path)?;
        Ok((place, entry))
    });
    let (place, entry) = match found {
        Ok(found) => found,
        Err(LocateError::Volume(e)) => return passed_over(session, &path, &e.cause),
        Err(e) if e.win32() == Some(5) => return passed_over(session, &path, &Cause::Denied),
        Err(_) => return passed_over(session, &path, &Cause::NotFound),
    };
    let mut walk = Walk {
        session,
        drives,
        flags,
        device: entry.id.volume,
        worst: 0,
    };
    walk.directory(&path, &place)?;
    Ok(walk.worst)
}

struct Walk<'w> {
    session: &'w mut Session,
    drives: &'w Drives,
    flags: Flags,
    /// The file system it began on.
    device: u64,
    worst: u8,
}

impl Walk<'_> {
    /// In the order in which the system lists; a directory in a directory is gone through where it is met.
    fn directory(&mut self, path: &[u8], place: &Place) -> Result<(), CliError> {
        let volume = self.drives.volume(place.drive).map_err(located)?;
        let entries = |place: &Place| {
            let mut entries = Vec::new();
            volume.read_dir(&place.path, &mut |entry| {
                entries.push(entry);
                ControlFlow::Continue(())
            })?;
            entries.reverse();
            Ok::<_, linksmith::VolumeError>(entries)
        };
        // A stack of our own: trees are deeper than ours may get.
        let mut stack = Vec::new();
        match entries(place) {
            Ok(found) => stack.push((path.to_vec(), place.clone(), found)),
            Err(e) => self.worst = self.worst.max(passed_over(self.session, path, &e.cause)?),
        }
        while let Some((path, place, left)) = stack.last_mut() {
            let Some(entry) = left.pop() else {
                stack.pop();
                continue;
            };
            let Some(name) = entry.name.clone() else {
                continue;
            };
            let mut below = path.clone();
            if !below.ends_with(b"/") {
                below.push(b'/');
            }
            below.extend_from_slice(name.as_bytes());
            let place = place.join(&name);
            if entry.is_link() {
                self.link(&below, &place, &entry)?;
            } else if self.flags.recurse && entry.is_real_dir() && entry.id.volume == self.device {
                match entries(&place) {
                    Ok(found) => stack.push((below, place, found)),
                    Err(e) => {
                        self.worst = self.worst.max(passed_over(self.session, &below, &e.cause)?);
                    }
                }
            }
        }
        Ok(())
    }

    fn line(&mut self, class: &str, path: &[u8], text: &[u8]) -> Result<(), CliError> {
        let head = format!("{class:<10}").into_bytes();
        out_line(self.session, &[&head, path, b" -> ", text].concat())
    }

    fn link(&mut self, path: &[u8], place: &Place, entry: &Entry) -> Result<(), CliError> {
        let volume = self.drives.volume(place.drive).map_err(located)?;
        let Ok(Some(LinkText::Posix(text))) = volume.link_text(&place.path) else {
            return Ok(());
        };
        let folder = folder(path);
        let Some(device) = self.device_of(folder, &text) else {
            self.line("dangling:", path, &text)?;
            // The original does so with -t too.
            return match self.flags.delete {
                true => self.delete(path, place, &text),
                false => Ok(()),
            };
        };
        if device != self.device && !self.flags.other_fs_too {
            return self.line("other_fs:", path, &text);
        }
        let (class, new) = classify(&text, folder, self.flags.shorten);
        if class != "relative:" || self.flags.verbose {
            self.line(class, path, &text)?;
        }
        if class == "relative:" || !(self.flags.change || self.flags.test) {
            return Ok(());
        }
        if !self.flags.test {
            let (old, new) = (LinkText::Posix(text), LinkText::Posix(new.clone()));
            let mut plan = Plan::default();
            retarget::steps(self.drives, place, entry, &old, &new, &mut plan).map_err(located)?;
            if !self.done(path, &plan)? {
                return Ok(());
            }
        }
        self.line("changed:", path, &new)
    }

    /// The file system of what a link leads to; `None` where that is not there.
    fn device_of(&self, folder: &[u8], text: &[u8]) -> Option<u64> {
        let whole = match text.starts_with(b"/") {
            true => tidy(text).0,
            false => tidy(&[folder, b"/", text].concat()).0,
        };
        match self.drives.walk(&os_string(&whole)).ok()?.end {
            End::Found { entry, .. } => Some(entry.id.volume),
            _ => None,
        }
    }

    fn delete(&mut self, path: &[u8], place: &Place, text: &[u8]) -> Result<(), CliError> {
        let at = place.path.clone();
        let mut plan = Plan::default();
        plan.push(place.drive, Step::Remove { at }, Vec::new());
        if self.done(path, &plan)? {
            self.line("deleted:", path, text)?;
        }
        Ok(())
    }

    /// Does steps; where they cannot be done, that is said and the rest goes on.
    fn done(&mut self, path: &[u8], plan: &Plan) -> Result<bool, CliError> {
        let done = change::as_tool_whole(self.session, plan);
        match done.map_err(|failed| Failure::from(Stopped::from(failed))) {
            Ok(()) => Ok(true),
            Err(Failure { words, fixed, .. }) => {
                let shown = String::from_utf8_lossy(path);
                err_line(
                    self.session,
                    &format!("{shown}: {}", words.trim_end_matches('.')),
                )?;
                self.worst = self.worst.max(fixed);
                Ok(false)
            }
        }
    }
}

fn folder(path: &[u8]) -> &[u8] {
    let end = path.iter().rposition(|b| *b == b'/').unwrap_or(0);
    path.get(..end).unwrap_or_default()
}

/// What the original calls a link whose target is there, and what it would make of its text.
fn classify(text: &[u8], folder: &[u8], lengthy: bool) -> (&'static str, Vec<u8>) {
    if text.starts_with(b"/") {
        return ("absolute:", relative(&tidy(text).0, folder));
    }
    let (tidied, messy) = tidy(text);
    let (new, shortened) = shorten(&tidied, folder);
    match (messy, lengthy && shortened) {
        (true, _) => ("messy:", new),
        (false, true) => ("lengthy:", new),
        (false, false) => ("relative:", new),
    }
}

/// Where `part` first is.
fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

/// A path without `.`, doubled slashes and `name/..`, and whether there was any of that. A slash at the end
/// goes without counting.
fn tidy(text: &[u8]) -> (Vec<u8>, bool) {
    let mut path = text.to_vec();
    if !path.ends_with(b"/") {
        path.push(b'/');
    }
    let mut messy = false;
    for odd in [&b"/./"[..], b"//"] {
        while let Some(at) = find(&path, odd) {
            path.drain(at..at + odd.len() - 1);
            messy = true;
        }
    }
    while let Some(up) = find(&path, b"/../") {
        let before = path.get(..up).unwrap_or_default();
        let Some(name) = before.iter().rposition(|b| *b == b'/') else {
            break;
        };
        path.drain(name..up + 3);
        messy = true;
    }
    if path.len() > 1 {
        path.pop();
    }
    while path.starts_with(b"./") {
        path.drain(..2);
        messy = true;
    }
    (path, messy)
}

fn names(path: &[u8]) -> Vec<&[u8]> {
    path.split(|b| *b == b'/')
        .filter(|name| !name.is_empty())
        .collect()
}

/// A path without `../name` where `name` is what the link lies in; a last name stays. Whether there was any.
///
/// Where a `..` comes behind a name the original may go wrong, so such a path stays as it is here.
fn shorten(path: &[u8], folder: &[u8]) -> (Vec<u8>, bool) {
    let (mut parts, folders) = (names(path), names(folder));
    let mut shortened = false;
    loop {
        let ups = parts.iter().take_while(|part| **part == b"..").count();
        let again = parts.iter().skip(ups).any(|part| *part == b"..");
        let within = folders
            .len()
            .checked_sub(ups)
            .and_then(|at| folders.get(at));
        let next = parts.get(ups).filter(|_| ups + 1 < parts.len());
        if ups == 0 || again || next.is_none() || within != next {
            break;
        }
        parts.drain(ups - 1..=ups);
        shortened = true;
    }
    match shortened {
        true => (parts.join(&b'/'), true),
        false => (path.to_vec(), false),
    }
}

/// An absolute path from a folder; its last name is never taken for a folder they share.
fn relative(path: &[u8], folder: &[u8]) -> Vec<u8> {
    let (parts, folders) = (names(path), names(folder));
    let dirs = parts.len().saturating_sub(1);
    let same = parts.iter().take(dirs).zip(&folders);
    let shared = same.take_while(|(a, b)| a == b).count();
    let up = folders.iter().skip(shared).map(|_| &b".."[..]);
    let way: Vec<&[u8]> = up.chain(parts.into_iter().skip(shared)).collect();
    way.join(&b'/')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What symlinks 1.4 printed with -tsv for these links in `/tmp/trees/q/x/y`.
    #[test]
    fn links_are_classed_as_the_original_does() {
        let check = |text: &str, class: &str, new: &str| {
            let (found, made) = classify(text.as_bytes(), b"/tmp/trees/q/x/y", true);
            let made = String::from_utf8_lossy(&made).into_owned();
            assert_eq!(found, class, "{text}");
            if class != "relative:" {
                assert_eq!(made, new, "{text}");
            }
        };
        for same in [
            "b/../g",
            "z/../g",
            ".",
            "..",
            "../",
            "./",
            "z/",
            "z/..",
            "z/../",
            "../y",
            "../y/",
            "../../x/../x/y/g",
            "z/../../f",
            "z/../../y/g",
            "y/../g",
            "../../x/y/../y/g",
            "../../../../../../../../../../tmp/trees/q/x/f",
            "../foo../g",
        ] {
            check(same, "relative:", "");
        }
        for (text, new) in [
            ("./g", "g"),
            ("./.", "."),
            ("../.", ".."),
            ("./..", ".."),
            ("z//", "z"),
            ("z//.", "z"),
            ("z/.", "z"),
            ("z/./", "z"),
            ("..//y/g", "g"),
            ("../y//g", "g"),
            ("../y/./g", "g"),
            (".//g", "g"),
            ("././g", "g"),
            ("..//..//x/y/g", "g"),
            ("../z/../y/g", "g"),
            ("z/.././g", "z/../g"),
            ("z/../../y/./g", "z/../../y/g"),
            ("../../y/../x/./y", "../../y/../x/y"),
        ] {
            check(text, "messy:", new);
        }
        for (text, new) in [
            ("../y/g", "g"),
            ("../../x/y/g", "g"),
            ("../../x/f", "../f"),
            ("../../x/f/", "../f"),
            ("../../../q/x/y", "../y"),
            ("../../../q/x/y/", "../y"),
            ("../../x/y/z/", "z"),
        ] {
            check(text, "lengthy:", new);
        }
        for (text, new) in [
            ("/tmp/trees/q/x/y/g", "g"),
            ("/tmp/trees/q/x/y", "../y"),
            ("/tmp/trees/q/x", "../../x"),
            ("/tmp/trees/q/x/y/", "../y"),
            ("/tmp//trees/q/x/f", "../f"),
            ("/", "../../../../.."),
            ("//", "../../../../.."),
            ("/..", "../../../../../.."),
            ("/../tmp/trees/q/f", "../../../../../../tmp/trees/q/f"),
            ("/tmp/trees/q/x/y/z/../g", "g"),
        ] {
            check(text, "absolute:", new);
        }
    }

    #[test]
    fn switches() {
        let mut flags = Flags::default();
        assert!(flags.take("rv") && flags.take("s") && flags.recurse && flags.shorten);
        assert!(!flags.take("x") && !flags.take(""));
    }
}
