//! `names FILE`.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};

use linksmith::volume::{Caps, Drives, list};
use linksmith::{Base, Entry, Place, Volume};
use serde::Serialize;

use crate::describe::place_bytes;
use crate::error::{CliError, Exit};
use crate::output::json::{hex_unless_unicode, to_line};
use crate::output::visible;
use crate::session::{Session, failed, located, located_on};

/// Show every name of a file, and whether all of them lie under a folder
///
/// On NTFS the file itself knows its names. Where the file system does not say them, the folders given
/// with --in are searched, or the file's own folder.
#[derive(clap::Args)]
pub(crate) struct Names {
    /// Which file; a link to it is followed
    #[arg(value_name = "FILE")]
    file: OsString,
    /// Whether all names lie under this folder; exit code 7 where they do not
    #[arg(long, value_name = "DIR")]
    within: Option<OsString>,
    /// Where to search, on file systems whose files do not know their names
    #[arg(long = "in", value_name = "DIR")]
    search: Vec<OsString>,
}

impl super::Command for Names {
    const NAME: &'static str = "names";
    const EXAMPLES: &'static str = "
  linksmith names hardlink_file.txt
  linksmith names --within node_modules node_modules/a/index.js
  linksmith --drive C=disk.img names C:\\Windows\\notepad.exe";

    fn only_looks(&self) -> bool {
        true
    }

    fn run(self, session: &mut Session) -> Result<Exit, CliError> {
        let drives = session.drives()?;
        let target = drives
            .locate_target(&self.file)
            .map_err(|e| located_on(&drives, &self.file, e))?;
        let volume = drives.volume(target.drive).map_err(located)?;
        let entry = volume
            .entry(&target.path)
            .map_err(|e| failed(&drives, target.drive, &e))?;
        let found = if volume.info().caps.contains(Caps::NAMES) {
            let names = volume.names(&target.path);
            let names = names.map_err(|e| failed(&drives, target.drive, &e))?;
            names
                .into_iter()
                .map(|path| Place {
                    drive: target.drive,
                    path,
                })
                .collect()
        } else if entry.base == Base::Dir {
            vec![target]
        } else {
            self.searched(&drives, &*volume, &target, &entry)?
        };
        let within = match &self.within {
            Some(dir) => Some(
                drives
                    .locate_target(dir)
                    .map_err(|e| located_on(&drives, dir, e))?,
            ),
            None => None,
        };
        let outside = print(session, &drives, &found, within.as_ref())?;
        // POSIX counts the `..` of the directories in one as well.
        let links = match entry.base {
            Base::Dir => 1,
            _ => entry.links.unwrap_or(0) as usize,
        };
        if found.len() < links {
            let missing = links - found.len();
            session.console.warn(
                &format!("{missing} of {links} names were not found in the folders searched"),
                Some(
                    "`--in DIR` searches elsewhere; a file's names all lie on its own file system.",
                ),
            )?;
            return Ok(Exit::Partly);
        }
        Ok(if outside { Exit::Findings } else { Exit::Done })
    }
}

impl Names {
    /// Walks folders for the file's other names, until all are found.
    fn searched(
        &self,
        drives: &Drives,
        volume: &dyn Volume,
        target: &Place,
        entry: &Entry,
    ) -> Result<Vec<Place>, CliError> {
        let locate = |dir: &OsStr| {
            drives
                .locate_target(dir)
                .map_err(|e| located_on(drives, dir, e))
        };
        let mut todo = Vec::new();
        for dir in &self.search {
            todo.push(locate(dir)?);
        }
        if todo.is_empty() {
            todo.extend(target.parent());
        }
        let wanted = entry.links.unwrap_or(1) as usize;
        let mut found = vec![target.clone()];
        while let Some(dir) = todo.pop() {
            if found.len() >= wanted {
                break;
            }
            // A folder that cannot be read has names that cannot be found; the count tells.
            for entry_here in list(volume, &dir.path).unwrap_or_default() {
                let Some(name) = &entry_here.name else {
                    continue;
                };
                let place = dir.join(name);
                if entry_here.is_real_dir() {
                    todo.push(place);
                } else if entry_here.id == entry.id && place != *target {
                    found.push(place);
                }
            }
        }
        found.sort();
        found.dedup();
        Ok(found)
    }
}

#[derive(Serialize)]
struct Line<'a> {
    v: u32,
    path: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path_hex: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    within: Option<bool>,
}

/// Prints the names; whether one lies outside the folder that was asked about.
fn print(
    session: &mut Session,
    drives: &Drives,
    found: &[Place],
    within: Option<&Place>,
) -> Result<bool, CliError> {
    let mut outside = false;
    for name in found {
        let inside = within.map(|dir| name.drive == dir.drive && name.path.starts_with(&dir.path));
        outside |= inside == Some(false);
        let path = place_bytes(drives, name);
        let console = &mut session.console;
        if console.json {
            console.line(to_line(&Line {
                v: 1,
                path: String::from_utf8_lossy(&path),
                path_hex: hex_unless_unicode(&path),
                within: inside,
            }))?;
            continue;
        }
        let mark = if inside == Some(false) {
            "  (outside)"
        } else {
            ""
        };
        console.line(format!("{}{mark}", visible(&path)))?;
    }
    Ok(outside)
}
