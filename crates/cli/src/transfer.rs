//! Trees between this machine and an attached drive, their links translated.
//!
//! Directories, files, hard links and times go over as they are. A relative link keeps its text with the
//! other side's separators; one that leads into the tree from a root leads to the same place in the copy;
//! what leads out of the tree keeps its text as well as the other side can hold it, and that is said.

use std::collections::HashMap;
use std::sync::Arc;

use linksmith::ops::{LeftBehind, Volumes};
use linksmith::path::Root;
use linksmith::resolve::{Hop, Located, inspect_entry};
use linksmith::volume::{Drives, PathStyle, list};
use linksmith::{
    Base, DriveId, End, Entry, EntryPath, FileId, Kind, LinkText, Place, ReparsePoint, Source,
    Step, TargetPath, Volume, VolumeError,
};

use crate::error::CliError;
use crate::session::{failed, located};

/// Steps that are done together.
const BATCH_STEPS: usize = 4096;

/// The drives of the side that is copied from have numbers of their own, behind those of the other.
const BEHIND: u16 = 1 << 15;

/// The volumes of both sides: steps are done on the one, their sources are on the other.
pub(crate) struct Both<'a> {
    /// Where it is copied from.
    pub from: &'a Drives,
    /// Where to.
    pub to: &'a Drives,
}

impl Both<'_> {
    /// The number that a source has in a step.
    fn number(drive: DriveId) -> DriveId {
        DriveId(drive.0 | BEHIND)
    }

    /// The drive of a source.
    pub(crate) fn source(drive: DriveId) -> DriveId {
        DriveId(drive.0 & !BEHIND)
    }
}

impl Volumes for Both<'_> {
    fn volume(&self, drive: DriveId) -> Option<Arc<dyn Volume>> {
        match drive.0 & BEHIND {
            0 => self.to.volume(drive).ok(),
            _ => self.from.volume(Self::source(drive)).ok(),
        }
    }
}

/// One side of a transfer.
pub(crate) struct Side<'a> {
    /// Its drives.
    pub drives: &'a Drives,
    /// The directory there.
    pub root: Place,
}

/// Is told what happens.
pub(crate) trait Watch {
    /// Steps are about to be done on the other side.
    fn steps(&mut self, drive: DriveId, steps: &[Step]) -> Result<(), CliError>;
    /// Something could not be taken over as it is.
    fn warn(&mut self, message: String) -> Result<(), CliError>;
    /// Something could not be taken over at all; the rest goes on.
    fn error(&mut self, error: CliError);
}

/// How much went over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub directories: u64,
    pub files: u64,
    pub links: u64,
}

/// Takes the tree below `from.root` over to `to.root`, which need not be there yet.
pub(crate) fn run(
    from: &Side<'_>,
    to: &Side<'_>,
    watch: &mut dyn Watch,
) -> Result<Counts, CliError> {
    let mut transfer = Transfer {
        from,
        to,
        watch,
        batch: Vec::new(),
        seen: HashMap::new(),
        counts: Counts::default(),
        late: Vec::new(),
        lost: HashMap::new(),
        instead: HashMap::new(),
        left: LeftBehind::default(),
    };
    transfer.all()?;
    if let Some(message) = transfer.left.warning(from.drives) {
        transfer.watch.warn(message)?;
    }
    Ok(transfer.counts)
}

struct Transfer<'a> {
    from: &'a Side<'a>,
    to: &'a Side<'a>,
    watch: &'a mut dyn Watch,
    batch: Vec<Step>,
    /// Where files with several names went first.
    seen: HashMap<FileId, EntryPath>,
    counts: Counts,
    /// Times of directories: set last, because what is made in one changes them.
    late: Vec<Step>,
    /// What could not be made.
    lost: HashMap<EntryPath, Step>,
    /// Under which name a file was made whose first one was taken.
    instead: HashMap<EntryPath, EntryPath>,
    /// What hangs on the files beside their contents.
    left: LeftBehind,
}

impl Transfer<'_> {
    fn all(&mut self) -> Result<(), CliError> {
        let target = self.to.drives.volume(self.to.root.drive).map_err(located)?;
        if target.entry(&self.to.root.path).is_err() {
            self.put(Step::MakeDir {
                at: self.to.root.path.clone(),
            })?;
        }
        let volume = self
            .from
            .drives
            .volume(self.from.root.drive)
            .map_err(located)?;
        let mut todo = vec![EntryPath::root()];
        while let Some(dir) = todo.pop() {
            let source = inside(&self.from.root.path, &dir);
            let entries = match list(&*volume, &source) {
                Ok(entries) => entries,
                Err(error) => {
                    self.fail(&error);
                    continue;
                }
            };
            for entry in entries {
                let Some(name) = entry.name.clone() else {
                    continue;
                };
                let at = dir.join(&name);
                if entry.is_real_dir() {
                    todo.push(at.clone());
                }
                self.entry(&at, entry)?;
            }
        }
        self.flush()?;
        self.batch = std::mem::take(&mut self.late);
        self.batch.reverse();
        self.flush()
    }

    fn fail(&mut self, error: &VolumeError) {
        self.watch
            .error(failed(self.from.drives, self.from.root.drive, error));
    }

    /// One entry, `at` below both roots.
    fn entry(&mut self, at: &EntryPath, entry: Entry) -> Result<(), CliError> {
        let new = inside(&self.to.root.path, at);
        self.warn_of_name(at)?;
        let meta = Step::SetMeta {
            at: new.clone(),
            times: entry.times,
            attributes: None,
        };
        if entry.is_link() {
            return self.link(at, new, entry);
        }
        match entry.base {
            Base::Dir => {
                self.counts.directories += 1;
                self.late.push(meta);
                let there = self.to.drives.volume(self.to.root.drive).map_err(located)?;
                if there.entry(&new).is_ok_and(|e| e.is_real_dir()) {
                    return Ok(());
                }
                self.put(Step::MakeDir { at: new })
            }
            Base::File => self.file(at, new, &entry),
            Base::PosixSymlink | Base::Special => {
                let shown = at.display().into_owned();
                self.watch
                    .warn(format!("'{shown}' is a device, pipe or socket: left out"))
            }
        }
    }

    /// Windows volumes take names that other systems make and Windows programs do not find.
    fn warn_of_name(&mut self, at: &EntryPath) -> Result<(), CliError> {
        let name = at.file_name().filter(|name| !name.is_plain_win32());
        if name.is_none() || self.to.drives.style() != PathStyle::Windows {
            return Ok(());
        }
        let shown = at.display().into_owned();
        self.watch.warn(format!(
            "'{shown}' is a device's name, or ends with a dot or a blank: Windows programs will not find it"
        ))
    }

    fn file(&mut self, at: &EntryPath, new: EntryPath, entry: &Entry) -> Result<(), CliError> {
        if let Some(existing) = self.seen.get(&entry.id) {
            self.counts.links += 1;
            let existing = existing.clone();
            return self.put(Step::HardLink { existing, new });
        }
        let drive = self.from.root.drive;
        let source = inside(&self.from.root.path, at);
        let volume = self.from.drives.volume(drive).map_err(located)?;
        // What cannot be opened now would cost the steps that are done with it. The listing may repeat an
        // older size and time than the file has.
        let opened = volume.read(&source).and_then(|_| volume.entry(&source));
        let now = match opened {
            Ok(now) => now,
            Err(error) => {
                self.fail(&error);
                return Ok(());
            }
        };
        // Listings of some volumes do not say how many names a file has.
        if entry.links != Some(1) {
            self.seen.insert(entry.id, new.clone());
        }
        self.counts.files += 1;
        let from = Source::of(Some(Both::number(drive)), source, &now);
        self.left.add(self.from.drives, drive, &from.at);
        self.put(Step::CopyFile {
            at: new,
            from,
            times: entry.times,
            attributes: None,
        })
    }

    fn link(&mut self, at: &EntryPath, new: EntryPath, entry: Entry) -> Result<(), CliError> {
        let place = Place {
            drive: self.from.root.drive,
            path: inside(&self.from.root.path, at),
        };
        let shown = self.from.drives.display(&place);
        let times = entry.times;
        let found = inspect_entry(self.from.drives, &place, entry).map_err(located)?;
        match translate(self.from, self.to, at, &found) {
            Ok(Translated { link, dir, kept }) => {
                if let Some(why) = kept {
                    self.watch.warn(format!("'{shown}' {why}"))?;
                }
                self.counts.links += 1;
                self.put(Step::MakeLink {
                    at: new.clone(),
                    link,
                    dir,
                })?;
                self.put(Step::SetMeta {
                    at: new,
                    times,
                    attributes: None,
                })
            }
            Err(why) => self.watch.warn(format!("'{shown}' {why}: left out")),
        }
    }

    fn put(&mut self, step: Step) -> Result<(), CliError> {
        self.batch.push(step);
        if self.batch.len() >= BATCH_STEPS {
            self.flush()?;
        }
        Ok(())
    }

    /// Does what is gathered; where that fails as a whole, one by one, so that one bad name costs itself.
    fn flush(&mut self) -> Result<(), CliError> {
        let steps = std::mem::take(&mut self.batch);
        let whole = self.lost.is_empty();
        if steps.is_empty() || whole && self.watch.steps(self.to.root.drive, &steps).is_ok() {
            return Ok(());
        }
        for step in steps {
            self.alone(step);
        }
        Ok(())
    }

    /// One step. What could not be made is not counted, and what stands in its place is somebody else's: it gets no more names
    /// and keeps its times.
    fn alone(&mut self, step: Step) {
        let step = match step {
            Step::SetMeta { ref at, .. } if self.lost.contains_key(at) => return,
            Step::HardLink { existing, new } => self.name_of_copy(existing, new),
            step => step,
        };
        let done = self
            .watch
            .steps(self.to.root.drive, std::slice::from_ref(&step));
        let Err(error) = done else { return };
        self.watch.error(error);
        let count = match step {
            Step::MakeDir { .. } => &mut self.counts.directories,
            Step::CopyFile { .. } => &mut self.counts.files,
            _ => &mut self.counts.links,
        };
        *count = count.saturating_sub(1);
        self.lost.insert(step.at().clone(), step);
    }

    /// Another name of a file that was copied. Where the copy could not be made under its first name, the first that is free
    /// takes it, and the names after that are names of that one.
    fn name_of_copy(&mut self, mut existing: EntryPath, new: EntryPath) -> Step {
        while let Some(instead) = self.instead.get(&existing) {
            existing = instead.clone();
        }
        match self.lost.get(&existing) {
            Some(Step::CopyFile {
                from,
                times,
                attributes,
                ..
            }) => {
                let copy = Step::CopyFile {
                    at: new.clone(),
                    from: from.clone(),
                    times: *times,
                    attributes: *attributes,
                };
                self.counts.links = self.counts.links.saturating_sub(1);
                self.counts.files += 1;
                self.instead.insert(existing, new);
                copy
            }
            _ => Step::HardLink { existing, new },
        }
    }
}

/// `at`, which is relative, below `root`.
fn inside(root: &EntryPath, at: &EntryPath) -> EntryPath {
    let mut path = root.clone();
    for name in at.names() {
        path.push(&name);
    }
    path
}

/// What follows `root` in `path`; `None` where it is elsewhere.
fn below(root: &Place, place: &Place) -> Option<EntryPath> {
    if root.drive != place.drive || !place.path.starts_with(&root.path) {
        return None;
    }
    let skip = root.path.name_bytes().count();
    let names: Vec<_> = place.path.names().skip(skip).collect();
    Some(EntryPath::from_names(&names))
}

/// A link as the other side says it.
struct Translated {
    link: LinkText,
    dir: bool,
    /// Why it may not lead where it did, in words behind the link's path.
    kept: Option<String>,
}

fn translate(
    from: &Side<'_>,
    to: &Side<'_>,
    at: &EntryPath,
    found: &Located,
) -> Result<Translated, String> {
    let text = found.text.as_ref().ok_or("cannot be read")?;
    let hop = found.resolution.as_ref().and_then(|r| r.hops.first());
    let target = hop.and_then(|h| h.target.clone()).ok_or("says no path")?;
    let dir = match (found.entry.base, found.resolution.as_ref().map(|r| &r.end)) {
        (Base::Dir, _) => true,
        (Base::PosixSymlink, Some(End::Found { entry, .. })) => entry.base == Base::Dir,
        (Base::PosixSymlink, Some(End::WrongKind { .. })) => true,
        _ => false,
    };
    let relative = *target.root() == Root::Relative;
    let within = hop
        .and_then(|h: &Hop| h.to.as_ref())
        .and_then(|place| below(&from.root, place));
    let (link, kept) = match to.drives.style() {
        PathStyle::Windows => to_windows(to, text, &target, relative, within, found)?,
        PathStyle::Posix => to_posix(at, text, &target, relative, within),
    };
    Ok(Translated { link, dir, kept })
}

type Said = (LinkText, Option<String>);

fn to_windows(
    to: &Side<'_>,
    text: &LinkText,
    target: &TargetPath,
    relative: bool,
    within: Option<EntryPath>,
    found: &Located,
) -> Result<Said, String> {
    let encoded = |point: Result<ReparsePoint, linksmith::reparse::EncodeError>| {
        point
            .map(LinkText::Reparse)
            .map_err(|e| format!("cannot be said on a Windows volume: {e}"))
    };
    if let (LinkText::Reparse(_), true) = (text, relative || within.is_none()) {
        return Ok((text.clone(), None));
    }
    let odd = target.as_bytes().iter().any(|b| matches!(b, b'\\' | b':'));
    if relative && !odd {
        let bytes = target
            .as_bytes()
            .iter()
            .map(|b| if *b == b'/' { b'\\' } else { *b });
        let path = TargetPath::parse(bytes.collect::<Vec<u8>>());
        return Ok((encoded(ReparsePoint::symlink(&path))?, None));
    }
    if let Some(within) = within.filter(|_| !relative) {
        let place = Place {
            drive: to.root.drive,
            path: inside(&to.root.path, &within),
        };
        let path = TargetPath::parse(to.drives.display(&place));
        let junction = Kind::of(&found.entry, Some(text)) == Kind::Junction;
        let point = if junction {
            ReparsePoint::junction(&path)
        } else {
            ReparsePoint::symlink(&path)
        };
        return Ok((encoded(point)?, None));
    }
    let why = format!(
        "leads to '{}', which is no Windows path: kept as a link of WSL",
        target.display()
    );
    Ok((
        encoded(ReparsePoint::wsl_symlink(target.as_bytes()))?,
        Some(why),
    ))
}

fn to_posix(
    at: &EntryPath,
    text: &LinkText,
    target: &TargetPath,
    relative: bool,
    within: Option<EntryPath>,
) -> Said {
    let verbatim = match text {
        LinkText::Posix(text) => Some(text.clone()),
        LinkText::Reparse(point) if point.tag() == linksmith::ReparseTag::LX_SYMLINK => {
            Some(target.as_bytes().to_vec())
        }
        LinkText::Reparse(_) => None,
    };
    if let Some(text) = verbatim {
        return (LinkText::Posix(text), None);
    }
    if relative {
        let text = target
            .as_bytes()
            .iter()
            .map(|b| if *b == b'\\' { b'/' } else { *b });
        return (LinkText::Posix(text.collect()), None);
    }
    if let Some(within) = within {
        return (LinkText::Posix(relative_path(at, &within)), None);
    }
    let win32 = target.to_win32();
    let why = format!(
        "leads out of the tree to '{}': its text was kept",
        win32.display()
    );
    (LinkText::Posix(win32.as_bytes().to_vec()), Some(why))
}

/// From the folder of the link `at` to `target`, both below one root: `../b/c`.
fn relative_path(at: &EntryPath, target: &EntryPath) -> Vec<u8> {
    let dir: Vec<Vec<u8>> = at
        .parent()
        .map(|p| p.name_bytes().map(<[u8]>::to_vec).collect())
        .unwrap_or_default();
    let to: Vec<Vec<u8>> = target.name_bytes().map(<[u8]>::to_vec).collect();
    let same = dir.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let up = std::iter::repeat_n(b"..".to_vec(), dir.len() - same);
    let parts: Vec<Vec<u8>> = up.chain(to.into_iter().skip(same)).collect();
    if parts.is_empty() {
        b".".to_vec()
    } else {
        parts.join(&b'/')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_paths_within_a_tree() {
        let check = |at: &str, target: &str, want: &str| {
            let path = |text: &str| EntryPath::parse(text).expect("a path");
            let got = relative_path(&path(at), &path(target));
            assert_eq!(String::from_utf8_lossy(&got), want, "{at} to {target}");
        };
        check("link", "dir/file", "dir/file");
        check("a/link", "b", "../b");
        check("a/b/link", "a/c/d", "../c/d");
        check("a/link", "a", ".");
        check("a/b/link", "", "../..");
    }
}
