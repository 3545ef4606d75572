//! Whether a step is in effect: the question before it is taken back, and after a crash.

use std::io::Read;

use crate::entry::{Entry, FileId, Times};
use crate::path::EntryPath;
use crate::plan::Step;
use crate::volume::{Cause, Volume, VolumeError};

/// What is wrong where a step is not in effect any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mismatch {
    pub(super) at: EntryPath,
    pub(super) expected: &'static str,
    pub(super) found: String,
}

/// `None` where the state is as the step left it. `id` is the object that the step made or changed,
/// where it is known.
pub(super) fn mismatch(
    volume: &dyn Volume,
    step: &Step,
    id: Option<FileId>,
) -> Result<Option<Mismatch>, VolumeError> {
    let at = step.at();
    if let Step::Remove { at } = step {
        let there = look(volume, at)?;
        return Ok(there.map(|e| wrong(at, "nothing", describe(&e))));
    }
    let Some(entry) = look(volume, at)? else {
        return Ok(Some(wrong(at, "what the change left there", "nothing")));
    };
    if id.is_some_and(|id| id != entry.id) {
        return Ok(Some(wrong(at, "the same file", describe(&entry))));
    }
    let is_as_left = match step {
        Step::MakeDir { .. } | Step::MakeDirLike { .. } => entry.is_real_dir(),
        Step::MakeFile { contents, .. } | Step::WriteFile { contents, .. } => {
            holds(volume, at, &entry, contents)?
        }
        Step::CopyFile { from, times, .. } => {
            is_copy(&entry) && entry.size == from.size && untouched(&entry, times)
        }
        Step::MakeLink { link, .. } => volume.link_text(at)?.as_ref() == Some(link),
        Step::SetReparse { data, .. } => matches!(
            volume.link_text(at)?,
            Some(crate::entry::LinkText::Reparse(now)) if now == *data
        ),
        Step::ClearReparse { .. } => entry.tag.is_none(),
        Step::HardLink { existing, .. } if id.is_none() => {
            look(volume, existing)?.is_some_and(|file| file.id == entry.id)
        }
        Step::HardLink { .. } | Step::Rename { .. } | Step::SetMeta { .. } => true,
        Step::Remove { .. } => false,
    };
    Ok((!is_as_left).then(|| wrong(at, "what the change left there", describe(&entry))))
}

fn is_copy(entry: &Entry) -> bool {
    entry.base == crate::entry::Base::File && !entry.is_link()
}

/// Whether a copy was not written since it got the time of its source. Some file systems keep two
/// seconds apart at best.
fn untouched(entry: &Entry, times: &Times) -> bool {
    const COARSE: u64 = 2 * 10_000_000;
    times.modified.0 == 0 || entry.times.modified.0.abs_diff(times.modified.0) <= COARSE
}

fn wrong(at: &EntryPath, expected: &'static str, found: impl Into<String>) -> Mismatch {
    Mismatch {
        at: at.clone(),
        expected,
        found: found.into(),
    }
}

fn describe(entry: &Entry) -> String {
    let what = match entry.base {
        _ if entry.is_link() => "another link",
        crate::entry::Base::Dir => "another directory",
        _ => "another file, or other contents",
    };
    format!("{what} ({})", entry.id)
}

fn look(volume: &dyn Volume, at: &EntryPath) -> Result<Option<Entry>, VolumeError> {
    match volume.entry(at) {
        Ok(entry) => Ok(Some(entry)),
        Err(e) => match e.cause {
            Cause::NotFound | Cause::PathNotFound(_) | Cause::ThroughLink(_) => Ok(None),
            _ => Err(e),
        },
    }
}

/// Whether a file holds just these bytes, read piece by piece.
fn holds(
    volume: &dyn Volume,
    at: &EntryPath,
    entry: &Entry,
    bytes: &[u8],
) -> Result<bool, VolumeError> {
    if entry.is_link() || entry.base != crate::entry::Base::File {
        return Ok(false);
    }
    let mut reader = volume.read(at)?;
    let mut rest = bytes;
    let mut piece = vec![0; 64 * 1024];
    loop {
        let n = reader
            .read(&mut piece)
            .map_err(|e| VolumeError::new("read", at, Cause::Io(e)))?;
        if n == 0 {
            return Ok(rest.is_empty());
        }
        match piece.get(..n).and_then(|read| rest.strip_prefix(read)) {
            Some(after) => rest = after,
            None => return Ok(false),
        }
    }
}
