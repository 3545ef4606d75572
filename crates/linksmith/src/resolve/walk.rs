//! Going a path, one link at a time.

use std::sync::Arc;

use super::jump::{self, Jump};
use super::{End, Hop, MAX_HOPS, MAX_POSIX_HOPS, MAX_QUALIFIED_HOPS, Part, Resolution};
use crate::entry::{Base, FileId, LinkKind, LinkText};
use crate::path::{EntryPath, Name};
use crate::volume::{Cause, DriveId, Drives, PathStyle, Place, Volume, VolumeError};

/// A path on its way.
///
/// The volumes do the walking: each look asks for as many names as there are before the next `..`,
/// and a volume answers with the first link on that way, if there is one. So a path without links
/// costs one call, and one with `n` links about `n` of them.
pub(super) struct Walk<'a> {
    drives: &'a Drives,
    drive: DriveId,
    /// Where the way has come to: real directories only.
    base: EntryPath,
    /// What is still to be gone, the next part last.
    rest: Vec<Part>,
    hops: Vec<Hop>,
    /// Links whose target is being gone right now.
    active: Vec<Active>,
    qualified: usize,
}

/// A link is followed until no more of the path remains than remained behind it. To meet it again
/// before that is a loop; after that (`d\d\d` with `d -> .`) it is not.
struct Active {
    hop: usize,
    remaining: usize,
    /// Which link it is; `None` for one that is only supposed to stand there.
    id: Option<FileId>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(drives: &'a Drives, drive: DriveId, mut parts: Vec<Part>) -> Self {
        parts.reverse();
        Self {
            drives,
            drive,
            base: EntryPath::root(),
            rest: parts,
            hops: Vec::new(),
            active: Vec::new(),
            qualified: 0,
        }
    }

    pub(super) fn run(mut self) -> Resolution {
        loop {
            if let Err(end) = self.step() {
                let hops = self.hops;
                return Resolution { hops, end: *end };
            }
        }
    }

    pub(super) fn run_as_if(mut self, place: &Place, text: LinkText, dir: bool) -> Resolution {
        let kind = LinkKind::of_text(&text, dir);
        match self.redirect(&place.path, kind, text, 0, None) {
            Ok(()) => self.run(),
            Err(end) => Resolution {
                hops: self.hops,
                end: *end,
            },
        }
    }

    fn place(&self, path: &EntryPath) -> Place {
        Place {
            drive: self.drive,
            path: path.clone(),
        }
    }

    /// Goes on to the next link, the next `..` or the end.
    fn step(&mut self) -> Result<(), Box<End>> {
        let volume = self.volume()?;
        let (at, remaining) = self.next_stretch();
        match volume.entry(&at) {
            Ok(entry) if entry.is_link() => self.follow(&*volume, &at, remaining),
            Ok(entry) => {
                self.arrive(&at, remaining, entry.base)?;
                if remaining == 0 {
                    let place = self.place(&at);
                    let entry = Box::new(entry);
                    return Err(Box::new(End::Found { place, entry }));
                }
                if entry.base != Base::Dir {
                    let place = self.place(&at);
                    return Err(Box::new(End::NotADirectory { place }));
                }
                // The next part is `..`; above the root is the root.
                self.rest.truncate(remaining - 1);
                self.base = at.parent().unwrap_or_default();
                Ok(())
            }
            Err(error) => self.stopped(&*volume, &at, remaining, error),
        }
    }

    fn volume(&self) -> Result<Arc<dyn Volume>, Box<End>> {
        self.drives.volume(self.drive).map_err(|_| {
            Box::new(End::Unreachable {
                at: None,
                root: format!("drive number {}", self.drive.0),
            })
        })
    }

    /// The path of all names before the next `..`, and how many parts remain behind them.
    fn next_stretch(&self) -> (EntryPath, usize) {
        let mut at = self.base.clone();
        let mut remaining = self.rest.len();
        for part in self.rest.iter().rev() {
            let Part::Name(name) = part else { break };
            at.push(name);
            remaining -= 1;
        }
        (at, remaining)
    }

    /// A volume did not come to the end of a stretch.
    fn stopped(
        &mut self,
        volume: &dyn Volume,
        at: &EntryPath,
        remaining: usize,
        error: VolumeError,
    ) -> Result<(), Box<End>> {
        let behind = |stop: &EntryPath| {
            let gone = at.name_bytes().count() - stop.name_bytes().count();
            remaining + gone
        };
        match &error.cause {
            Cause::ThroughLink(link) if at.starts_with(link) && at != link => {
                let remaining = behind(link);
                self.follow(volume, link, remaining)
            }
            Cause::NotFound => self.missing(at, remaining),
            Cause::PathNotFound(dir) if at.starts_with(dir) => {
                let remaining = behind(dir);
                self.missing(dir, remaining)
            }
            Cause::NotADirectory => {
                let file = first_non_directory(volume, at);
                let remaining = behind(&file);
                self.arrive(&file, remaining, Base::File)?;
                Err(Box::new(End::NotADirectory {
                    place: self.place(&file),
                }))
            }
            Cause::Denied => Err(Box::new(End::Denied {
                place: self.place(at),
            })),
            _ => Err(Box::new(End::Failed {
                place: self.place(at),
                error: Arc::new(error),
            })),
        }
    }

    fn missing(&mut self, at: &EntryPath, remaining: usize) -> Result<(), Box<End>> {
        // The directory that does not have the name is there: links that led to it are done.
        self.leave(remaining + 1, Base::Dir, at)?;
        self.not_the_start(at)?;
        let rest = self.remaining(remaining);
        let place = self.place(at);
        Err(Box::new(End::Missing { place, rest }))
    }

    /// The last `count` parts, in order.
    fn remaining(&self, count: usize) -> Vec<Part> {
        let rest = self.rest.get(..count).unwrap_or_default();
        rest.iter().rev().cloned().collect()
    }

    /// Something that is no link: the links that led to just here must be for its kind.
    fn arrive(&mut self, at: &EntryPath, remaining: usize, base: Base) -> Result<(), Box<End>> {
        self.leave(remaining + 1, Base::Dir, at)?;
        self.not_the_start(at)?;
        self.leave(remaining, base, at)
    }

    /// A link that is only supposed to stand somewhere leads to itself there, whatever there is now.
    fn not_the_start(&self, at: &EntryPath) -> Result<(), Box<End>> {
        let at = self.place(at);
        if self.is_active(&at, None) {
            return Err(Box::new(End::Loop { at }));
        }
        Ok(())
    }

    /// Ends the links that lead to a `base` with `remaining` or more parts still to go.
    fn leave(&mut self, remaining: usize, base: Base, at: &EntryPath) -> Result<(), Box<End>> {
        while let Some(link) = self.active.last().filter(|l| l.remaining >= remaining) {
            let hop = self.hops.get(link.hop);
            if let Some((hop, dir)) = hop.and_then(|h| for_directories(h.kind).map(|d| (h, d))) {
                if dir != (base == Base::Dir) {
                    return Err(Box::new(End::WrongKind {
                        at: hop.at.clone(),
                        link_dir: dir,
                        to: self.place(at),
                    }));
                }
            }
            self.active.pop();
        }
        Ok(())
    }

    /// Follows the link at `at`.
    fn follow(
        &mut self,
        volume: &dyn Volume,
        at: &EntryPath,
        remaining: usize,
    ) -> Result<(), Box<End>> {
        self.leave(remaining + 1, Base::Dir, at)?;
        let place = self.place(at);
        let failed = |error: VolumeError| {
            Box::new(match error.cause {
                Cause::Denied => End::Denied {
                    place: place.clone(),
                },
                Cause::Reparse(reason) => End::Invalid {
                    at: place.clone(),
                    reason: reason.to_string(),
                },
                _ => End::Failed {
                    place: place.clone(),
                    error: Arc::new(error),
                },
            })
        };
        let entry = volume.entry(at).map_err(&failed)?;
        let text = volume.link_text(at).map_err(&failed)?.ok_or_else(|| {
            // It was one a moment ago.
            failed(VolumeError::new("follow", at, Cause::NotALink))
        })?;
        let kind = LinkKind::of_text(&text, entry.base == Base::Dir);
        self.redirect(at, kind, text, remaining, Some(entry.id))
    }

    /// Puts what a link says in its place.
    fn redirect(
        &mut self,
        at: &EntryPath,
        kind: LinkKind,
        text: LinkText,
        remaining: usize,
        id: Option<FileId>,
    ) -> Result<(), Box<End>> {
        let place = self.place(at);
        let rest = self.remaining(remaining);
        let looping = self.is_active(&place, id);
        let jump = jump::of(self.drives, &place, &text);
        self.hops.push(Hop {
            at: place.clone(),
            kind,
            text,
            target: jump.target,
            to: jump.to.as_ref().ok().map(Jump::place),
            rest,
        });
        if looping {
            return Err(Box::new(End::Loop { at: place }));
        }
        self.qualified += usize::from(jump.qualified);
        self.check_limits()?;
        let jump = jump.to?;
        self.active.push(Active {
            hop: self.hops.len() - 1,
            remaining,
            id,
        });
        self.rest.truncate(remaining);
        self.rest.extend(jump.parts.into_iter().rev());
        self.drive = jump.drive;
        self.base = jump.base;
        Ok(())
    }

    fn check_limits(&self) -> Result<(), Box<End>> {
        let too_deep = |limit| Err(Box::new(End::TooDeep { limit }));
        match self.drives.style() {
            PathStyle::Posix if self.hops.len() > MAX_POSIX_HOPS => too_deep(MAX_POSIX_HOPS),
            PathStyle::Windows if self.hops.len() > MAX_HOPS => too_deep(MAX_HOPS),
            PathStyle::Windows if self.qualified > MAX_QUALIFIED_HOPS => {
                too_deep(MAX_QUALIFIED_HOPS)
            }
            _ => Ok(()),
        }
    }

    /// Whether the link at a place is being followed. Ids are compared first: paths by the volume's rule
    /// for names cost much more, and a way of 63 links asks 2,000 times. They decide all the same, since
    /// a link may have several names and a relative text says another thing under each.
    fn is_active(&self, place: &Place, id: Option<FileId>) -> bool {
        let Ok(volume) = self.drives.volume(place.drive) else {
            return false;
        };
        self.active
            .iter()
            .filter(|active| active.id.is_none() || active.id == id)
            .filter_map(|active| self.hops.get(active.hop))
            .any(|hop| {
                hop.at.drive == place.drive && same_path(&*volume, &hop.at.path, &place.path)
            })
    }
}

/// Whether two paths are one by the volume's rule for names.
fn same_path(volume: &dyn Volume, a: &EntryPath, b: &EntryPath) -> bool {
    let same = |(a, b): (Name, Name)| volume.compare_names(&a, &b).is_eq();
    a.name_bytes().count() == b.name_bytes().count() && a.names().zip(b.names()).all(same)
}

/// Whether a link is made for directories only (`true`) or for files only; `None` where it is for both.
fn for_directories(kind: LinkKind) -> Option<bool> {
    match kind {
        LinkKind::Symlink { dir } => Some(dir),
        LinkKind::Junction | LinkKind::VolumeMountPoint => Some(true),
        _ => None,
    }
}

/// The first file on a way that a volume found to lead through one.
fn first_non_directory(volume: &dyn Volume, at: &EntryPath) -> EntryPath {
    let mut path = EntryPath::root();
    for name in at.names() {
        path.push(&name);
        if !volume.entry(&path).is_ok_and(|entry| entry.is_real_dir()) {
            break;
        }
    }
    path
}
