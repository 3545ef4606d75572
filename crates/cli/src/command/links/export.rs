//! From links that are there to a manifest.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use linksmith::reparse::Kind;
use linksmith::resolve::{Located, inspect};
use linksmith::volume::Drives;
use linksmith::{Base, LinkText, Place, Status};

use crate::command::every_link::every_link;
use crate::error::{CliError, Exit};
use crate::manifest::entry;
use crate::output::save::save;
use crate::session::{Session, located_on};

/// Prints a manifest of every soft link, junction and mount point below a folder.
pub(super) fn print(session: &mut Session, root: &OsStr) -> Result<Exit, CliError> {
    let drives = session.drives()?;
    let at = drives
        .locate_target(root)
        .map_err(|e| located_on(&drives, root, e))?;
    let (mut links, errors) =
        every_link(&drives, &at, Ok).map_err(|e| located_on(&drives, root, e))?;
    links.sort_by(|a, b| a.place.cmp(&b.place));
    let entries: Vec<String> = links.iter().filter_map(|l| text_of(&drives, l)).collect();
    session.console.line(entries.join("\n").trim_end())?;
    for error in &errors {
        crate::error::report(error, &mut session.console);
    }
    Ok(if errors.is_empty() {
        Exit::Done
    } else {
        Exit::Partly
    })
}

/// Adds links to a manifest's end; what is in it stays as it is written.
pub(super) fn adopt(
    session: &mut Session,
    links: &[OsString],
    manifest: &Path,
    dry_run: bool,
) -> Result<Exit, CliError> {
    let drives = session.drives()?;
    let before = match super::read(manifest) {
        Ok(text) => text,
        Err(error) if error.exit == Exit::NotFound => String::new(),
        Err(error) => return Err(error),
    };
    let known = match before.is_empty() {
        true => Vec::new(),
        false => super::open(session, manifest)?.look(session)?,
    };
    let mut added = String::new();
    for link in links {
        let place = session.locate(link)?;
        let located = inspect(&drives, &place).map_err(|e| located_on(&drives, link, e))?;
        let shown = drives.display(&place);
        if known.iter().any(|l| l.path == shown) {
            session
                .console
                .note(format!("{shown} is in the manifest already"))?;
            continue;
        }
        let entry = text_of(&drives, &located).ok_or_else(|| {
            CliError::new(
                Exit::Unsafe,
                format!("cannot adopt '{shown}': it is no link that a manifest can want"),
            )
            .path(shown.as_bytes())
            .hint("Soft links, junctions and volume mount points can be adopted.")
        })?;
        added.push('\n');
        added.push_str(&entry);
    }
    if dry_run {
        session.console.line(added.trim())?;
        return Ok(Exit::Done);
    }
    let text = format!("{before}{added}");
    save(manifest.as_os_str(), |out| {
        out.write_all(text.trim_start().as_bytes())
    })?;
    Ok(Exit::Done)
}

fn text_of(drives: &Drives, link: &Located) -> Option<String> {
    let kind = match Kind::of(&link.entry, link.text.as_ref()) {
        Kind::Symlink => "soft",
        Kind::Junction => "junction",
        Kind::Mount => "mount",
        _ => return None,
    };
    let target = match link.text.as_ref()? {
        LinkText::Posix(text) => String::from_utf8(text.clone()).ok()?,
        LinkText::Reparse(point) => {
            let target = point.view().ok()?.target()?;
            target.to_win32().display().into_owned()
        }
    };
    let end = link.resolution.as_ref().map(|r| r.end.status());
    let dangling = end == Some(Status::Dangling);
    let dir = match link.entry.base {
        Base::Dir => Some(true),
        // The target, which is not there, does not tell.
        Base::File if dangling => Some(false),
        _ => None,
    };
    let path = display(drives, &link.place)?;
    Some(entry(&path, &target, kind, dir, dangling))
}

/// The path, where text can hold it.
fn display(drives: &Drives, place: &Place) -> Option<String> {
    std::str::from_utf8(place.path.as_bytes()).ok()?;
    Some(drives.display(place))
}
