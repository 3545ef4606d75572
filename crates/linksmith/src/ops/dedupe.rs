//! Files with the same contents become names of one.
//!
//! Sizes are compared first, then the beginnings, then every byte; and every byte once more just before a
//! file gives way. A name is replaced in one change, by a new name of the file that stays.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hasher};
use std::io::Read;
use std::sync::Arc;

use super::progress::Progress;
use super::say::free_name;
use crate::entry::{Attributes, Base, Entry, FileId};
use crate::path::EntryPath;
use crate::plan::{Expect, Plan, Step};
use crate::volume::{
    Caps, Cause, Drives, LocateError, Place, Volume, VolumeError, list, same_contents,
};

/// Bytes at the beginning of a file by which most others are told from it.
const BEGINNING: u64 = 64 << 10;

/// Flags in which files that become one must not differ.
const KEPT_APART: Attributes = Attributes::READONLY
    .union(Attributes::HIDDEN)
    .union(Attributes::SYSTEM)
    .union(Attributes::COMPRESSED)
    .union(Attributes::ENCRYPTED);

/// Which files may become one.
#[derive(Debug, Clone)]
pub struct Request {
    /// The directory below which they are; links in it are not followed.
    pub root: Place,
    /// Smaller ones are left alone; empty ones always.
    pub min_size: u64,
    /// Read-only and system files too.
    pub all: bool,
}

/// Names that become names of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Same {
    /// The name of the file that stays: the one written longest ago.
    pub kept: EntryPath,
    /// The others.
    pub names: Vec<EntryPath>,
    /// Bytes in each.
    pub size: u64,
}

/// What is to be done.
#[derive(Debug, Default)]
pub struct Deduping {
    /// How.
    pub plan: Plan,
    /// Which become one.
    pub same: Vec<Same>,
    /// Bytes that are free then: of files all of whose names are below the root.
    pub won: u64,
    /// Files that were looked at.
    pub files: u64,
    /// Read-only and system files left alone.
    pub skipped: u64,
    /// What cannot be read.
    pub failed: Vec<VolumeError>,
}

/// Why nothing is done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DedupeError {
    /// The drive is not there.
    #[error(transparent)]
    Locate(#[from] LocateError),
    /// The volume failed, or has no hard links.
    #[error(transparent)]
    Volume(#[from] VolumeError),
    /// The observer gave up.
    #[error("cancelled")]
    Cancelled,
}

/// One file, by all of its names below the root.
struct File {
    names: Vec<EntryPath>,
    entry: Entry,
}

/// Plans to make files with the same contents names of one. Nothing is changed.
///
/// Files of other owners, rights or attribute flags stay apart, and so do those on another volume that is
/// mounted below the root. A file with as many names as it may have is followed by the next one.
///
/// # Errors
/// See [`DedupeError`]; files that cannot be read are in [`Deduping::failed`].
pub fn plan(
    drives: &Drives,
    request: &Request,
    progress: &mut dyn Progress,
) -> Result<Deduping, DedupeError> {
    let volume = drives.volume(request.root.drive)?;
    let at = &request.root.path;
    if !volume.caps_at(at).contains(Caps::HARD_LINK) {
        let cause = Cause::Unsupported("hard links");
        return Err(VolumeError::new("make names of one file in", at, cause).into());
    }
    let mut job = Job {
        volume,
        request,
        done: Deduping::default(),
    };
    progress.begin(None);
    let by_size = job.walk(progress)?;
    for files in by_size.into_values() {
        if files.len() > 1 {
            job.one_size(files, progress)?;
        }
    }
    Ok(job.done)
}

struct Job<'j> {
    volume: Arc<dyn Volume>,
    request: &'j Request,
    done: Deduping,
}

impl Job<'_> {
    /// The files below the root by their sizes.
    fn walk(
        &mut self,
        progress: &mut dyn Progress,
    ) -> Result<BTreeMap<u64, HashMap<FileId, File>>, DedupeError> {
        let root = &self.request.root.path;
        let home = self.volume.entry(root)?.id.volume;
        let mut by_size: BTreeMap<u64, HashMap<FileId, File>> = BTreeMap::new();
        let mut waiting = vec![root.clone()];
        while let Some(dir) = waiting.pop() {
            if progress.is_cancelled() {
                return Err(DedupeError::Cancelled);
            }
            let entries = match list(&*self.volume, &dir) {
                Ok(entries) => entries,
                Err(error) if dir == *root => return Err(error.into()),
                Err(error) => {
                    self.done.failed.push(error);
                    continue;
                }
            };
            for entry in entries {
                let Some(name) = &entry.name else { continue };
                let at = dir.join(name);
                if entry.is_real_dir() && entry.id.volume == home {
                    waiting.push(at);
                } else if entry.base == Base::File && entry.tag.is_none() {
                    progress.advance(1);
                    self.file(at, &mut by_size);
                }
            }
        }
        Ok(by_size)
    }

    fn file(&mut self, at: EntryPath, by_size: &mut BTreeMap<u64, HashMap<FileId, File>>) {
        // The listing may repeat an older size than the file has.
        let entry = match self.volume.entry(&at) {
            Ok(entry) => entry,
            Err(error) => return self.done.failed.push(error),
        };
        self.done.files += 1;
        if entry.size < self.request.min_size.max(1) {
            return;
        }
        let guarded = Attributes::READONLY | Attributes::SYSTEM;
        if entry.attributes.intersects(guarded) && !self.request.all {
            self.done.skipped += 1;
            return;
        }
        let files = by_size.entry(entry.size).or_default();
        let file = files.entry(entry.id).or_insert_with(|| File {
            names: Vec::new(),
            entry,
        });
        file.names.push(at);
    }

    /// Files of one size: those with the same beginning, flags and security are compared whole.
    fn one_size(
        &mut self,
        files: HashMap<FileId, File>,
        progress: &mut dyn Progress,
    ) -> Result<(), DedupeError> {
        let mut alike: HashMap<(u64, u32, Vec<u8>), Vec<File>> = HashMap::new();
        for mut file in files.into_values() {
            file.names.sort();
            let Some(at) = file.names.first() else {
                continue;
            };
            let seen = self
                .beginning(at)
                .and_then(|hash| Ok((hash, self.volume.security(at)?)));
            match seen {
                Ok((hash, security)) => {
                    let flags = (file.entry.attributes & KEPT_APART).bits();
                    alike.entry((hash, flags, security)).or_default().push(file);
                }
                Err(error) => self.done.failed.push(error),
            }
        }
        for mut files in alike.into_values() {
            files.sort_by(|a, b| {
                let key = |f: &File| (f.entry.times.modified, f.names.first().cloned());
                key(a).cmp(&key(b))
            });
            self.compare(files, progress)?;
        }
        Ok(())
    }

    fn beginning(&self, at: &EntryPath) -> Result<u64, VolumeError> {
        let mut bytes = Vec::new();
        let mut reader = self.volume.read(at)?.take(BEGINNING);
        reader
            .read_to_end(&mut bytes)
            .map_err(|e| VolumeError::new("read", at, Cause::Io(e)))?;
        let mut hasher = DefaultHasher::new();
        hasher.write(&bytes);
        Ok(hasher.finish())
    }

    /// Each file against those that stay, the oldest first.
    fn compare(
        &mut self,
        files: Vec<File>,
        progress: &mut dyn Progress,
    ) -> Result<(), DedupeError> {
        let most = self.volume.info().max_links as usize;
        let mut staying: Vec<(File, Same, usize)> = Vec::new();
        for file in files {
            if progress.is_cancelled() {
                return Err(DedupeError::Cancelled);
            }
            let mut found = None;
            for (number, (kept, _, names)) in staying.iter().enumerate() {
                if names + file.names.len() <= most && self.is_same(kept, &file) {
                    found = Some(number);
                    break;
                }
            }
            match found.and_then(|number| staying.get_mut(number)) {
                Some((kept, same, names)) => {
                    *names += file.names.len();
                    self.replace(kept, &file);
                    same.names.extend(file.names);
                }
                None => {
                    let names = file.entry.links.unwrap_or(1) as usize;
                    let same = Same {
                        kept: file.names.first().cloned().unwrap_or_default(),
                        names: Vec::new(),
                        size: file.entry.size,
                    };
                    staying.push((file, same, names));
                }
            }
        }
        let same = staying.into_iter().map(|(_, same, _)| same);
        self.done.same.extend(same.filter(|s| !s.names.is_empty()));
        Ok(())
    }

    fn is_same(&mut self, a: &File, b: &File) -> bool {
        let (Some(one), Some(other)) = (a.names.first(), b.names.first()) else {
            return false;
        };
        match same_contents((&*self.volume, one), (&*self.volume, other)) {
            Ok(same) => same,
            Err(error) => {
                self.done.failed.push(error);
                false
            }
        }
    }

    /// Each name of a file becomes one of the file that stays.
    fn replace(&mut self, kept: &File, file: &File) {
        let Some(existing) = kept.names.first() else {
            return;
        };
        if file
            .entry
            .links
            .is_none_or(|links| links as usize == file.names.len())
        {
            self.done.won += file.entry.size;
        }
        let entry = |at: &EntryPath, id| Expect::Entry {
            at: at.clone(),
            id,
            link: None,
        };
        for (number, at) in file.names.iter().enumerate() {
            let beside = free_name(&*self.volume, at);
            let mut expect = vec![
                entry(existing, kept.entry.id),
                Expect::Absent(beside.clone()),
            ];
            if number == 0 {
                expect.push(Expect::SameContents {
                    at: at.clone(),
                    other: existing.clone(),
                });
            }
            let link = Step::HardLink {
                existing: existing.clone(),
                new: beside.clone(),
            };
            let rename = Step::Rename {
                from: beside,
                to: at.clone(),
                replace: true,
            };
            let drive = self.request.root.drive;
            self.done.plan.push(drive, link, expect);
            self.done
                .plan
                .push(drive, rename, vec![entry(at, file.entry.id)]);
        }
    }
}
