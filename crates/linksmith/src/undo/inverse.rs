//! The steps that take a step back, worked out from the state just before it.

use std::io::Read;

use super::UndoError;
use crate::entry::{Attributes, Base, Entry, FileId, LinkText, Times};
use crate::path::EntryPath;
use crate::plan::{Source, Step};
use crate::volume::{Beside, Caps, Cause, Volume, VolumeError, leads_to, list, same_contents};

/// What may be kept to take changes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// Bytes of contents that are kept for one plan, all files together.
    pub limit: u64,
    /// Whether what cannot be kept may be lost; else it is refused.
    pub lose: bool,
    used: u64,
}

impl Keep {
    /// 256 MiB of contents, and what does not fit is refused.
    pub const DEFAULT: Self = Self::up_to(256 << 20);

    /// So many bytes of contents; what does not fit is refused.
    pub const fn up_to(limit: u64) -> Self {
        Self {
            limit,
            lose: false,
            used: 0,
        }
    }

    /// The same, but what cannot be kept is lost.
    pub const fn or_lose(self) -> Self {
        Self { lose: true, ..self }
    }
}

/// How a step is taken back.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Inverse {
    /// The steps, in the order in which they are done.
    pub steps: Vec<Step>,
    /// What they do not bring back, in words.
    pub lost: Option<String>,
    /// The file whose name the step takes away; made again, it may get another id.
    pub gone: Option<FileId>,
}

impl Inverse {
    fn of(steps: Vec<Step>) -> Self {
        Self {
            steps,
            lost: None,
            gone: None,
        }
    }
}

/// The inverse of `step` on `volume` as it is now, before the step.
///
/// # Errors
/// Where the volume cannot be read, and [`UndoError::Irreversible`] where something would be lost that
/// `keep` does not allow to be lost.
pub fn inverse(volume: &dyn Volume, step: &Step, keep: &mut Keep) -> Result<Inverse, UndoError> {
    match step {
        Step::MakeDir { at }
        | Step::MakeDirLike { at, .. }
        | Step::MakeFile { at, .. }
        | Step::CopyFile { at, .. }
        | Step::MakeLink { at, .. } => Ok(Inverse::of(vec![remove(at)])),
        Step::HardLink { new, .. } => Ok(Inverse::of(vec![remove(new)])),
        Step::Remove { at } => remake(volume, at, keep),
        Step::Rename { from, to, replace } => unrename(volume, from, to, *replace, keep),
        Step::WriteFile { at, .. } => rewrite(volume, at, keep),
        Step::SetReparse { at, .. } | Step::ClearReparse { at } => reset(volume, at),
        Step::SetMeta { at, attributes, .. } => {
            let entry = volume.entry(at)?;
            let old = attributes.map(|_| entry.attributes);
            Ok(Inverse::of(vec![meta(at, &entry, old)]))
        }
    }
}

fn remove(at: &EntryPath) -> Step {
    Step::Remove { at: at.clone() }
}

/// The times as they are now. The time of the last read is left out: looking is not a change, and the
/// work of taking something back looks a lot.
fn meta(at: &EntryPath, entry: &Entry, attributes: Option<Attributes>) -> Step {
    Step::SetMeta {
        at: at.clone(),
        times: Times {
            accessed: Default::default(),
            ..entry.times
        },
        attributes,
    }
}

fn full_meta(volume: &dyn Volume, at: &EntryPath, entry: &Entry) -> Step {
    let settable = volume.info().caps.contains(Caps::ATTRIBUTES);
    meta(at, entry, settable.then_some(entry.attributes))
}

fn unrename(
    volume: &dyn Volume,
    from: &EntryPath,
    to: &EntryPath,
    replace: bool,
    keep: &mut Keep,
) -> Result<Inverse, UndoError> {
    let back = Step::Rename {
        from: to.clone(),
        to: as_stored(from, &volume.entry(from)?),
        replace: false,
    };
    let mut inverse = Inverse::of(vec![back]);
    if replace && !is_same_name(volume, from, to) {
        if let Some(held) = optional(volume.entry(to))? {
            // A sibling under the name that moves is at `from` again once the rename is taken back.
            let mut again = match copy_again(volume, from, to, &held)? {
                Some(copy) => copy,
                None => remake_entry(volume, to, &held, Some(from), keep)?,
            };
            inverse.steps.append(&mut again.steps);
            inverse.lost = again.lost;
            inverse.gone = again.gone;
        }
    }
    Ok(inverse)
}

/// Where a file gives way to one with the same contents, those need not be kept: the other has them.
fn copy_again(
    volume: &dyn Volume,
    from: &EntryPath,
    to: &EntryPath,
    held: &Entry,
) -> Result<Option<Inverse>, UndoError> {
    let file = volume.entry(from)?;
    let is_plain = |e: &Entry| e.base == Base::File && e.tag.is_none() && e.size > 0;
    let alone = held.links == Some(1) && held.id != file.id;
    if !alone || !is_plain(held) || !is_plain(&file) || held.size != file.size {
        return Ok(None);
    }
    if !same_contents((volume, from), (volume, to))? {
        return Ok(None);
    }
    let at = as_stored(to, held);
    let Step::SetMeta {
        at,
        times,
        attributes,
    } = full_meta(volume, &at, held)
    else {
        return Ok(None);
    };
    let copy = Step::CopyFile {
        at,
        from: Source::of(None, as_stored(from, &file), &file),
        times,
        attributes,
    };
    Ok(Some(Inverse {
        gone: Some(held.id),
        ..Inverse::of(vec![copy])
    }))
}

/// The path with its last name as the volume has it: a step may spell it otherwise.
fn as_stored(at: &EntryPath, entry: &Entry) -> EntryPath {
    match (at.parent(), &entry.name) {
        (Some(dir), Some(name)) => dir.join(name),
        _ => at.clone(),
    }
}

/// Whether two paths are one name, as in a change of case; the way to it may be spelled otherwise as well.
fn is_same_name(volume: &dyn Volume, a: &EntryPath, b: &EntryPath) -> bool {
    let (Some(name), Some(other)) = (a.file_name(), b.file_name()) else {
        return false;
    };
    let above = |path: &EntryPath| volume.entry(&path.parent()?).ok().map(|dir| dir.id);
    volume.compare_names(&name, &other).is_eq()
        && (a.parent() == b.parent() || above(a).is_some_and(|dir| above(b) == Some(dir)))
}

fn optional(entry: Result<Entry, VolumeError>) -> Result<Option<Entry>, VolumeError> {
    match entry {
        Ok(entry) => Ok(Some(entry)),
        Err(e) if matches!(e.cause, Cause::NotFound | Cause::PathNotFound(_)) => Ok(None),
        Err(e) => Err(e),
    }
}

fn remake(volume: &dyn Volume, at: &EntryPath, keep: &mut Keep) -> Result<Inverse, UndoError> {
    let entry = volume.entry(at)?;
    remake_entry(volume, at, &entry, None, keep)
}

/// Steps that make an entry again once it is gone. `prefer` is a name that may serve as a sibling.
fn remake_entry(
    volume: &dyn Volume,
    at: &EntryPath,
    entry: &Entry,
    prefer: Option<&EntryPath>,
    keep: &mut Keep,
) -> Result<Inverse, UndoError> {
    let at = &as_stored(at, entry);
    let inverse = remake_any(volume, at, entry, prefer, keep)?;
    Ok(Inverse {
        gone: Some(entry.id),
        ..inverse
    })
}

fn remake_any(
    volume: &dyn Volume,
    at: &EntryPath,
    entry: &Entry,
    prefer: Option<&EntryPath>,
    keep: &mut Keep,
) -> Result<Inverse, UndoError> {
    if entry.base != Base::Dir && entry.links != Some(1) {
        if let Some(existing) = sibling(volume, at, entry, prefer)? {
            let new = at.clone();
            return Ok(Inverse::of(vec![Step::HardLink { existing, new }]));
        }
        if entry.links.is_some_and(|links| links > 1) {
            return give_up(keep, at, "its other names were not found");
        }
    }
    if let Some(stream) = stream_of(volume, at)? {
        return give_up(keep, at, &format!("{stream} is not kept"));
    }
    let text = match volume.link_text(at) {
        Ok(text) => text,
        Err(e) if matches!(e.cause, Cause::Reparse(_)) => {
            return give_up(keep, at, "its reparse data are malformed");
        }
        Err(e) => return Err(e.into()),
    };
    let made = match (entry.base, text) {
        (Base::Special, _) => return give_up(keep, at, "it is a device, socket or pipe"),
        (Base::File, Some(LinkText::Reparse(_))) if entry.size > 0 => {
            return give_up(keep, at, "it has contents beside its reparse data");
        }
        (_, Some(link)) => Step::MakeLink {
            at: at.clone(),
            link,
            dir: entry.base == Base::Dir,
        },
        (Base::Dir, None) => Step::MakeDir { at: at.clone() },
        (Base::File | Base::PosixSymlink, None) => match contents(volume, at, entry, keep)? {
            Some(contents) => Step::MakeFile {
                at: at.clone(),
                contents,
            },
            None => return give_up(keep, at, "its contents are larger than what is kept"),
        },
    };
    Ok(Inverse::of(vec![made, full_meta(volume, at, entry)]))
}

/// An alternate data stream of an entry: contents that no step makes again. Extended attributes are no contents, and are
/// given up as owners and rights are.
fn stream_of(volume: &dyn Volume, at: &EntryPath) -> Result<Option<Beside>, UndoError> {
    let beside = volume.beside_contents(at)?.into_iter();
    let mut streams = beside.filter(|beside| matches!(beside, Beside::Stream(_)));
    Ok(streams.next())
}

fn give_up(keep: &Keep, at: &EntryPath, why: &str) -> Result<Inverse, UndoError> {
    if keep.lose {
        return Ok(Inverse {
            lost: Some(format!("'{}': {why}", at.display())),
            ..Inverse::default()
        });
    }
    Err(UndoError::Irreversible {
        at: at.clone(),
        why: why.to_owned(),
    })
}

/// A file's bytes; `None` where they are more than may be kept. The size is not believed: what is read
/// is counted.
fn contents(
    volume: &dyn Volume,
    at: &EntryPath,
    entry: &Entry,
    keep: &mut Keep,
) -> Result<Option<Vec<u8>>, UndoError> {
    let room = keep.limit.saturating_sub(keep.used);
    if entry.size > room {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    volume
        .read(at)?
        .take(room.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|e| VolumeError::new("read", at, Cause::Io(e)))?;
    let length = bytes.len() as u64;
    if length > room {
        return Ok(None);
    }
    keep.used += length;
    Ok(Some(bytes))
}

fn rewrite(volume: &dyn Volume, at: &EntryPath, keep: &mut Keep) -> Result<Inverse, UndoError> {
    let entry = volume.entry(at)?;
    match contents(volume, at, &entry, keep)? {
        Some(contents) => Ok(Inverse::of(vec![
            Step::WriteFile {
                at: at.clone(),
                contents,
            },
            full_meta(volume, at, &entry),
        ])),
        None => give_up(keep, at, "its contents are larger than what is kept"),
    }
}

fn reset(volume: &dyn Volume, at: &EntryPath) -> Result<Inverse, UndoError> {
    let entry = volume.entry(at)?;
    let back = match volume.link_text(at)? {
        Some(LinkText::Reparse(data)) => Step::SetReparse {
            at: at.clone(),
            data,
        },
        _ => Step::ClearReparse { at: at.clone() },
    };
    Ok(Inverse::of(vec![back, full_meta(volume, at, &entry)]))
}

/// Directories that are looked through for another name of a file, where the volume cannot tell.
const MOST_DIRECTORIES: usize = 20_000;

/// Another name of the file at `at`.
fn sibling(
    volume: &dyn Volume,
    at: &EntryPath,
    entry: &Entry,
    prefer: Option<&EntryPath>,
) -> Result<Option<EntryPath>, UndoError> {
    let is_it = |path: &&EntryPath| *path != at && leads_to(volume, path, entry.id);
    if let Some(path) = prefer.filter(is_it) {
        return Ok(Some(path.clone()));
    }
    if volume.info().caps.contains(Caps::NAMES) {
        // The first in order, whoever is asked: after a crash the question is whether the inverse is still
        // the recorded one, and a preview lists names in another order than the volume beneath.
        return Ok(volume.other_name(at, entry.id)?);
    }
    Ok(search(volume, at, entry))
}

/// Looks in the file's own directory, then below the one above it, and so on up: other names are most
/// often near. Directories that cannot be read are passed over.
fn search(volume: &dyn Volume, at: &EntryPath, entry: &Entry) -> Option<EntryPath> {
    let mut left = MOST_DIRECTORIES;
    let mut done: Option<EntryPath> = None;
    let mut top = at.parent();
    while let Some(dir) = top {
        let mut waiting = vec![dir.clone()];
        while let Some(here) = waiting.pop() {
            left = left.checked_sub(1)?;
            for found in list(volume, &here).unwrap_or_default() {
                let Some(name) = &found.name else { continue };
                let path = here.join(name);
                if found.id == entry.id && path != *at {
                    return Some(path);
                }
                let is_new = done.as_ref() != Some(&path);
                if found.is_real_dir() && is_new && found.id.volume == entry.id.volume {
                    waiting.push(path);
                }
            }
        }
        top = dir.parent();
        done = Some(dir);
    }
    None
}
