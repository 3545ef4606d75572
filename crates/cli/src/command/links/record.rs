//! Which links a manifest's `apply` made: what `prune` may remove, and nothing else.
//!
//! Kept in the state directory, a file a manifest. A link that says something else by now than when it
//! was made is somebody else's and stays.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use linksmith::ops::remove;
use linksmith::volume::Drives;
use linksmith::{LinkText, Place, Plan};

use crate::change::{Carried, ChangeArgs};
use crate::error::{CliError, Exit};
use crate::output::json::hex;
use crate::output::save::save;
use crate::session::Session;

/// A link's path, and what it said when it was made; the file's id for a hard link.
type Record = BTreeMap<String, String>;

/// Notes links that are as the manifest wants them.
pub(super) fn add(session: &mut Session, manifest: &Path, made: &[String]) -> Result<(), CliError> {
    let drives = session.drives()?;
    let file = file_of(session, manifest)?;
    let mut record = read(&file)?;
    let before = record.clone();
    for path in made {
        if let Some(says) = says(&drives, path) {
            record.insert(path.clone(), says);
        }
    }
    if record == before {
        Ok(())
    } else {
        write(&file, &record)
    }
}

/// Removes links that were made and are no longer wanted.
pub(super) fn prune(
    session: &mut Session,
    manifest: &Path,
    wanted: &[&str],
    change: &ChangeArgs,
) -> Result<Exit, CliError> {
    let drives = session.drives()?;
    let file = file_of(session, manifest)?;
    let mut record = read(&file)?;
    let mut exit = Exit::Done;
    let old: Vec<(String, String)> = record
        .iter()
        .filter(|(path, _)| !wanted.contains(&path.as_str()))
        .map(|(path, said)| (path.clone(), said.clone()))
        .collect();
    let mut plan = Plan::default();
    let mut to_remove = Vec::new();
    for (path, said) in old {
        match says(&drives, &path) {
            None => drop(record.remove(&path)),
            Some(now) if now != said => {
                let message = format!("'{path}' is not what was made there: it stays");
                session.console.warn(&message, None)?;
                record.remove(&path);
            }
            Some(_) => match remove::plan(&drives, OsStr::new(&path), false) {
                Ok(next) => {
                    plan.append(next);
                    to_remove.push(path);
                }
                Err(e) => {
                    let error = crate::command::remove::not_removed(&drives, OsStr::new(&path), e);
                    crate::error::report(&error, &mut session.console);
                    exit = Exit::Partly;
                }
            },
        }
    }
    match change.carry_out(session, &plan).map_err(CliError::from) {
        Ok(Carried::Shown) => return Ok(exit),
        Ok(Carried::Done) => {
            for path in to_remove {
                session.console.note(format!("removed {path}"))?;
                record.remove(&path);
            }
        }
        Err(error) => {
            crate::error::report(&error, &mut session.console);
            exit = Exit::Partly;
        }
    }
    write(&file, &record)?;
    Ok(exit)
}

fn says(drives: &Drives, path: &str) -> Option<String> {
    let Place { drive, path } = drives.locate(OsStr::new(path)).ok()?;
    let volume = drives.volume(drive).ok()?;
    Some(match volume.link_text(&path).ok()? {
        Some(LinkText::Reparse(point)) => format!("reparse:{}", hex(point.as_bytes())),
        Some(LinkText::Posix(text)) => format!("posix:{}", hex(&text)),
        None => format!("file:{}", volume.entry(&path).ok()?.id),
    })
}

/// The record's file: named after the manifest's full path and the drives it was applied to.
fn file_of(session: &mut Session, manifest: &Path) -> Result<PathBuf, CliError> {
    let drives = session.drives()?;
    let full = std::path::absolute(manifest).unwrap_or_else(|_| manifest.to_owned());
    let mut name = full.display().to_string();
    for id in drives.ids() {
        if let Ok(volume) = drives.volume(id) {
            name.push_str(&format!("|{:x}", volume.info().serial));
        }
    }
    let state = crate::state::dir().ok_or_else(|| {
        CliError::new(
            Exit::NotFound,
            "there is no place to remember what was made",
        )
        .hint("LINKSMITH_STATE names the folder it is kept in.")
    })?;
    let folder = state.join("manifests");
    std::fs::create_dir_all(&folder).map_err(|e| failed("make", &folder, e))?;
    Ok(folder.join(format!("{:08x}.json", crc32fast::hash(name.as_bytes()))))
}

fn read(file: &Path) -> Result<Record, CliError> {
    match std::fs::read(file) {
        Ok(bytes) => serde_json::from_slice(&bytes).map_err(|e| {
            failed(
                "read",
                file,
                std::io::Error::new(std::io::ErrorKind::InvalidData, e),
            )
        }),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(Record::new()),
        Err(e) => Err(failed("read", file, e)),
    }
}

fn write(file: &Path, record: &Record) -> Result<(), CliError> {
    save(file.as_os_str(), |out| {
        Ok(serde_json::to_writer(out, record)?)
    })
}

fn failed(what: &'static str, file: &Path, error: std::io::Error) -> CliError {
    let shown = file.as_os_str().as_encoded_bytes();
    CliError::cannot(what, shown, &linksmith::Cause::Io(error))
}
