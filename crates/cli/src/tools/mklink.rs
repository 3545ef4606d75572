//! `mklink`, the command of `cmd`.

use std::ffi::{OsStr, OsString};

use linksmith::path::{Root, TargetPath};
use linksmith::reparse::EncodeError;
use linksmith::resolve::{End, resolve_as_if};
use linksmith::volume::{Caps, Drives, PathStyle};
use linksmith::{Base, LinkText, Place, ReparsePoint, Step};

use super::{Failure, err_line, out, out_line};
use crate::error::CliError;
use crate::session::Session;

const USAGE: &str = "\
Creates a symbolic link.

MKLINK [[/D] | [/H] | [/J]] Link Target

        /D      Creates a directory symbolic link.  Default is a file
                symbolic link.
        /H      Creates a hard link instead of a symbolic link.
        /J      Creates a Directory Junction.
        Link    Specifies the new symbolic link name.
        Target  Specifies the path (relative or absolute) that the new link
                refers to.
";

/// Exit codes that rest on common knowledge alone.
const EXIT_HELP: u8 = 0;
const EXIT_BARE: u8 = 1;
const EXIT_FAILED: u8 = 1;

/// Words that no error code stands for.
const SYNTAX: &str = "The syntax of the command is incorrect.";
const NOT_NTFS: &str = "Local NTFS volumes are required to complete the operation.";
const NOT_LOCAL: &str = "Local volumes are required to complete the operation.";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Make {
    FileLink,
    DirLink,
    HardLink,
    Junction,
}

#[derive(Debug, PartialEq, Eq)]
enum Request {
    Help,
    Bare,
    BadSwitch(String),
    BadSyntax,
    /// `/D /H`: the original finds out that directories have no hard links.
    HardDir,
    Make(Make, OsString, OsString),
}

/// Switches stand anywhere, in any case. On a POSIX volume a word that is none is a path.
fn parse(words: &[OsString], style: PathStyle) -> Request {
    let (mut dir, mut hard, mut junction) = (false, false, false);
    let mut names = Vec::new();
    for word in words {
        let upper = word.to_string_lossy().to_ascii_uppercase();
        match upper.as_str() {
            "/?" => return Request::Help,
            "/D" => dir = true,
            "/H" => hard = true,
            "/J" => junction = true,
            _ if upper.starts_with('/') && style == PathStyle::Windows => {
                let shown = word.to_string_lossy();
                return Request::BadSwitch(shown.trim_start_matches('/').to_owned());
            }
            _ => names.push(word.clone()),
        }
    }
    let make = match (hard, junction, dir) {
        (true, false, false) => Make::HardLink,
        (true, _, true) => return Request::HardDir,
        (true, true, false) => return Request::BadSyntax,
        (false, true, _) => Make::Junction,
        (false, false, true) => Make::DirLink,
        (false, false, false) => Make::FileLink,
    };
    match <[OsString; 2]>::try_from(names) {
        Ok([link, target]) => Request::Make(make, link, target),
        Err(names) if names.is_empty() && words.is_empty() => Request::Bare,
        Err(_) => Request::BadSyntax,
    }
}

pub(super) fn run(session: &mut Session, words: &[OsString]) -> Result<u8, CliError> {
    let drives = session.drives()?;
    let (make, link, target) = match parse(words, drives.style()) {
        Request::Make(make, link, target) => (make, link, target),
        Request::Help => {
            out(session, USAGE)?;
            return Ok(EXIT_HELP);
        }
        Request::Bare => {
            out(session, USAGE)?;
            return Ok(session.exit_code(EXIT_BARE, 2));
        }
        Request::BadSyntax => return refuse(session, &Failure::words(SYNTAX, 2)),
        Request::BadSwitch(switch) => {
            return refuse(
                session,
                &Failure::words(format!("Invalid switch - \"{switch}\"."), 2),
            );
        }
        Request::HardDir => return refuse(session, &Failure::code(5)),
    };
    let made = match make {
        Make::FileLink => symbolic(session, &drives, &link, &target, false),
        Make::DirLink => symbolic(session, &drives, &link, &target, true),
        Make::HardLink => hard(session, &drives, &link, &target),
        Make::Junction => junction(session, &drives, &link, &target),
    };
    match made {
        Ok(()) => {
            out_line(session, &success(make, &link, &target))?;
            Ok(0)
        }
        Err(failure) => refuse(session, &failure),
    }
}

/// The names as they were typed.
fn success(make: Make, link: &OsStr, target: &OsStr) -> Vec<u8> {
    let what: &[u8] = match make {
        Make::FileLink | Make::DirLink => b"symbolic link",
        Make::HardLink => b"Hardlink",
        Make::Junction => b"Junction",
    };
    let parts = [
        what,
        b" created for ",
        link.as_encoded_bytes(),
        b" <<===>> ",
        target.as_encoded_bytes(),
    ];
    parts.concat()
}

fn refuse(session: &mut Session, failure: &Failure) -> Result<u8, CliError> {
    err_line(session, &failure.words)?;
    Ok(session.exit_code(EXIT_FAILED, failure.fixed))
}

/// A symbolic link that says what was typed; what it leads to is not checked, only warned about.
fn symbolic(
    session: &mut Session,
    drives: &Drives,
    link: &OsStr,
    target: &OsStr,
    dir: bool,
) -> Result<(), Failure> {
    let place = drives.locate(link)?;
    let volume = drives.volume(place.drive)?;
    let text = match volume.info().style {
        PathStyle::Posix => LinkText::Posix(target.as_encoded_bytes().to_vec()),
        PathStyle::Windows => LinkText::Reparse(symlink(drives, target)?),
    };
    let end = resolve_as_if(drives, &place, text.clone(), dir).end;
    let step = Step::MakeLink {
        at: place.path.clone(),
        link: text,
        dir,
    };
    super::apply(session, place.drive, step)?;
    if let End::WrongKind { link_dir, .. } = end {
        let shown = target.to_string_lossy();
        let (is, way_out) = if link_dir {
            (
                "a file, and a directory link cannot lead to one",
                "Leave out /D.",
            )
        } else {
            (
                "a directory, and a file link to one cannot be entered",
                "Give /D, or use /J.",
            )
        };
        // The link is made all the same, as the original makes it.
        let _ = session
            .console
            .warn(&format!("'{shown}' is {is}"), Some(way_out));
    }
    Ok(())
}

fn symlink(drives: &Drives, target: &OsStr) -> Result<ReparsePoint, Failure> {
    let mut path = TargetPath::parse(target.as_encoded_bytes());
    if matches!(path.root(), Root::DriveRelative(_)) {
        // It means the working directory of this moment, which no link can say.
        path = TargetPath::parse(drives.full_path(target)?);
    }
    ReparsePoint::symlink(&path).map_err(unencodable)
}

fn unencodable(error: EncodeError) -> Failure {
    match error {
        EncodeError::TooLong { .. } => Failure::code(206),
        other => Failure::words(format!("{other}."), 6),
    }
}

fn hard(
    session: &mut Session,
    drives: &Drives,
    link: &OsStr,
    target: &OsStr,
) -> Result<(), Failure> {
    let existing = drives.locate(target)?;
    let entry = drives.volume(existing.drive)?.entry(&existing.path)?;
    let new = drives.locate(link)?;
    super::hard_link(session, &existing, &entry, &new)
}

fn junction(
    session: &mut Session,
    drives: &Drives,
    link: &OsStr,
    target: &OsStr,
) -> Result<(), Failure> {
    let place = drives.locate(link)?;
    let volume = drives.volume(place.drive)?;
    if !volume.caps_at(&place.path).contains(Caps::JUNCTION) {
        return Err(Failure::words(NOT_NTFS, 6));
    }
    let full = drives.full_path(target)?;
    let path = TargetPath::parse(&full);
    if !path.is_local() {
        return Err(Failure::words(NOT_LOCAL, 6));
    }
    let point = ReparsePoint::junction(&path).map_err(unencodable)?;
    let at = place.path.clone();
    let step = Step::MakeLink {
        at,
        link: LinkText::Reparse(point),
        dir: true,
    };
    super::apply(session, place.drive, step)?;
    warn_of_target(session, drives, target);
    Ok(())
}

/// A junction to a file is made, and so is one to nothing.
fn warn_of_target(session: &mut Session, drives: &Drives, target: &OsStr) {
    let shown = target.to_string_lossy();
    let (message, hint) = match drives
        .locate_target(target)
        .ok()
        .and_then(|p| base_of(drives, &p))
    {
        Some(Base::Dir) => return,
        Some(_) => (
            "is a file, and a junction cannot lead to one",
            "Use mklink without /J, or /H.",
        ),
        None => (
            "is not there: the junction leads nowhere until it is",
            "`linksmith show` says where it leads.",
        ),
    };
    let _ = session
        .console
        .warn(&format!("'{shown}' {message}"), Some(hint));
}

fn base_of(drives: &Drives, place: &Place) -> Option<Base> {
    Some(
        drives
            .volume(place.drive)
            .ok()?
            .entry(&place.path)
            .ok()?
            .base,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<OsString> {
        text.split_whitespace().map(OsString::from).collect()
    }

    #[test]
    fn grammar() {
        let check = |text: &str, want: Request| {
            assert_eq!(parse(&words(text), PathStyle::Windows), want, "{text}");
        };
        let make = |make, link: &str, target: &str| Request::Make(make, link.into(), target.into());
        check("a b", make(Make::FileLink, "a", "b"));
        check("/d a b", make(Make::DirLink, "a", "b"));
        check("a b /J", make(Make::Junction, "a", "b"));
        check("a /h b", make(Make::HardLink, "a", "b"));
        check("/D /J a b", make(Make::Junction, "a", "b"));
        check("/D /H a b", Request::HardDir);
        check("/J /H a b", Request::BadSyntax);
        check("", Request::Bare);
        check("a", Request::BadSyntax);
        check("/J", Request::BadSyntax);
        check("a b c", Request::BadSyntax);
        check("/x a b", Request::BadSwitch("x".into()));
        check("/?", Request::Help);
    }

    #[test]
    fn paths_of_posix_are_no_switches() {
        let parsed = parse(&words("/J /mnt/a /mnt/b"), PathStyle::Posix);
        assert_eq!(
            parsed,
            Request::Make(Make::Junction, "/mnt/a".into(), "/mnt/b".into())
        );
    }
}
