//! The steps of a change, made on previews.

use std::collections::HashMap;

use super::{Change, Impact, ImpactError};
use crate::entry::{Base, Entry, FileId};
use crate::ops::left_behind;
use crate::path::EntryPath;
use crate::plan::{Expect, Plan, Source, Step};
use crate::volume::{Cause, DriveId, Drives, Place, Volume, VolumeError, list};

/// A file of which no name is left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastName {
    /// One of its names.
    pub at: Place,
    /// How many it has now.
    pub names: u32,
    /// Bytes of contents.
    pub size: u64,
}

/// Makes the change on the previews and notes its steps.
pub(super) fn make(
    drives: &Drives,
    after: &Drives,
    change: &Change,
    impact: &mut Impact,
) -> Result<(), ImpactError> {
    match change {
        Change::Delete { at } => delete(drives, at, impact)?,
        Change::Move { from, to } if from.drive == to.drive => rename(drives, from, to, impact)?,
        Change::Move { from, to } => transfer(drives, from, to, impact)?,
        Change::Reletter { drive, letter } => {
            after.reletter(*drive, *letter)?;
        }
    }
    for planned in &impact.change.steps {
        let volume = after.volume(planned.drive)?;
        volume.apply(std::slice::from_ref(&planned.step))?;
    }
    Ok(())
}

fn rename(
    drives: &Drives,
    from: &Place,
    to: &Place,
    impact: &mut Impact,
) -> Result<(), ImpactError> {
    let entry = drives.volume(from.drive)?.entry(&from.path)?;
    let step = Step::Rename {
        from: from.path.clone(),
        to: to.path.clone(),
        replace: false,
    };
    impact.change.push(from.drive, step, expect(from, &entry));
    Ok(())
}

fn expect(at: &Place, entry: &Entry) -> Vec<Expect> {
    vec![Expect::Entry {
        at: at.path.clone(),
        id: entry.id,
        link: None,
    }]
}

/// A tree's entries, a directory before what is in it.
pub(in crate::ops) fn tree(
    volume: &dyn Volume,
    at: &EntryPath,
) -> Result<Vec<(EntryPath, Entry)>, VolumeError> {
    let mut all = Vec::new();
    let mut waiting = vec![(at.clone(), volume.entry(at)?)];
    while let Some((path, entry)) = waiting.pop() {
        if entry.is_real_dir() {
            for child in list(volume, &path)? {
                if let Some(name) = &child.name {
                    waiting.push((path.join(name), child));
                }
            }
        }
        all.push((path, entry));
    }
    Ok(all)
}

/// How many names of each file are in a tree, and how many it has.
struct Names {
    at: EntryPath,
    here: u32,
    all: u32,
    size: u64,
}

fn names(volume: &dyn Volume, tree: &[(EntryPath, Entry)]) -> Result<Vec<Names>, VolumeError> {
    let mut files: HashMap<FileId, Names> = HashMap::new();
    for (path, entry) in tree {
        if entry.base == Base::Dir {
            continue;
        }
        if let Some(names) = files.get_mut(&entry.id) {
            names.here += 1;
            continue;
        }
        let all = match entry.links {
            Some(links) => links,
            None => volume.entry(path)?.links.unwrap_or(1),
        };
        files.insert(
            entry.id,
            Names {
                at: path.clone(),
                here: 1,
                all,
                size: entry.size,
            },
        );
    }
    let mut files: Vec<Names> = files.into_values().collect();
    files.sort_by(|a, b| a.at.cmp(&b.at));
    Ok(files)
}

fn place(drive: DriveId, path: EntryPath) -> Place {
    Place { drive, path }
}

fn delete(drives: &Drives, at: &Place, impact: &mut Impact) -> Result<(), ImpactError> {
    let volume = drives.volume(at.drive)?;
    let tree = tree(&*volume, &at.path)?;
    for file in names(&*volume, &tree)? {
        if file.here >= file.all {
            impact.last_names.push(LastName {
                at: place(at.drive, file.at),
                names: file.all,
                size: file.size,
            });
        }
    }
    remove(&tree, at, &mut impact.change);
    Ok(())
}

/// Removes a tree from below.
fn remove(tree: &[(EntryPath, Entry)], at: &Place, plan: &mut Plan) {
    for (path, entry) in tree.iter().rev() {
        let step = Step::Remove { at: path.clone() };
        let here = place(at.drive, path.clone());
        plan.push(at.drive, step, expect(&here, entry));
    }
}

/// Copies a tree to another volume and removes it here: links as they are, names of one file as names
/// of one file.
fn transfer(
    drives: &Drives,
    from: &Place,
    to: &Place,
    impact: &mut Impact,
) -> Result<(), ImpactError> {
    let volume = drives.volume(from.drive)?;
    let tree = tree(&*volume, &from.path)?;
    for file in names(&*volume, &tree)? {
        if file.here < file.all {
            impact.split.push(place(from.drive, file.at));
        }
    }
    let mut made: HashMap<FileId, EntryPath> = HashMap::new();
    for (path, entry) in &tree {
        let here = place(from.drive, path.clone());
        let new = super::moved(&*volume, &here, from, to).path;
        let existing = made.get(&entry.id).filter(|_| entry.base != Base::Dir);
        let step = match existing {
            Some(existing) => Step::HardLink {
                existing: existing.clone(),
                new,
            },
            None => {
                made.insert(entry.id, new.clone());
                copy_step(&*volume, (Some(from.drive), path), entry, new)?
            }
        };
        impact.change.push(to.drive, step, Vec::new());
    }
    // Directories last: what is made in them sets their times.
    for (path, entry) in tree.iter().rev() {
        let here = place(from.drive, path.clone());
        let step = Step::SetMeta {
            at: super::moved(&*volume, &here, from, to).path,
            times: entry.times,
            attributes: None,
        };
        impact.change.push(to.drive, step, Vec::new());
    }
    left_behind::warn(drives, &mut impact.change);
    remove(&tree, from, &mut impact.change);
    Ok(())
}

/// The step that makes an entry of a drive again at another place; no drive is that place's own.
pub(in crate::ops) fn copy_step(
    volume: &dyn Volume,
    (drive, path): (Option<DriveId>, &EntryPath),
    entry: &Entry,
    at: EntryPath,
) -> Result<Step, VolumeError> {
    if let Some(link) = volume.link_text(path)? {
        let dir = entry.base == Base::Dir;
        return Ok(Step::MakeLink { at, link, dir });
    }
    match entry.base {
        Base::Dir => Ok(Step::MakeDir { at }),
        Base::File | Base::PosixSymlink => Ok(Step::CopyFile {
            at,
            // The listing may repeat an older size and time than the file has.
            from: Source::of(drive, path.clone(), &volume.entry(path)?),
            times: entry.times,
            attributes: None,
        }),
        Base::Special => {
            let cause = Cause::Unsupported("copying a device, socket or pipe");
            Err(VolumeError::new("copy", path, cause))
        }
    }
}
