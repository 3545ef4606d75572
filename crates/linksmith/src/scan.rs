//! Everything below a directory: links reported, never entered unless that is asked for.
//!
//! One function stands before two roads: a volume's own fast one ([`Volume::sweep`]) where it has one for
//! the question, and the plain walk by [`Volume::read_dir`]. One entry that cannot be read never stops
//! either: it is an item of its own.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::entry::{Base, Entry, FileId, LinkKind, LinkText};
use crate::path::EntryPath;
use crate::resolve::{self, End, Located};
use crate::volume::{Drives, LocateError, Place, Road, Swept, Volume, VolumeError, Wanted, Way};

/// What a scan looks for and where it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options {
    /// Every entry, not links alone.
    pub everything: bool,
    /// Files with more than one name too.
    pub hard_links: bool,
    /// Nothing but those.
    pub only_hard_links: bool,
    /// Sizes, times, attributes and link counts are needed.
    pub meta: bool,
    /// Go on where junctions and volume mount points lead.
    pub follow_junctions: bool,
    /// Go on where symbolic links lead.
    pub follow_symlinks: bool,
    /// Do not go on into what is mounted below.
    pub one_volume: bool,
}

impl Options {
    fn follows(&self, kind: LinkKind) -> bool {
        match kind {
            LinkKind::Junction | LinkKind::VolumeMountPoint => self.follow_junctions,
            LinkKind::Symlink { .. } | LinkKind::PosixSymlink | LinkKind::WslSymlink => {
                self.follow_symlinks
            }
            LinkKind::HardLink | LinkKind::Other(_) => false,
        }
    }

    fn follows_any(&self) -> bool {
        self.follow_junctions || self.follow_symlinks
    }

    fn wants(&self, entry: &Entry) -> bool {
        let linked = |e: &Entry| e.base == Base::File && e.links.is_some_and(|links| links > 1);
        let is_link = entry.tag.is_some() || entry.base == Base::PosixSymlink;
        self.everything || is_link && !self.only_hard_links || self.hard_links && linked(entry)
    }

    /// Why the directories have to be walked, whatever the volume.
    fn why_walk(&self) -> Option<&'static str> {
        if self.everything {
            return Some("every entry is asked for");
        }
        self.follows_any()
            .then_some("links are followed, and where they lead is found by walking")
    }

    fn wanted(&self) -> Wanted {
        let mut wanted = Wanted::empty();
        wanted.set(Wanted::LINKS | Wanted::TEXT, !self.only_hard_links);
        wanted.set(Wanted::HARD_LINKS, self.hard_links);
        wanted.set(Wanted::META, self.meta);
        wanted.set(Wanted::ONE_VOLUME, self.one_volume);
        wanted
    }
}

/// An entry that a scan found.
#[derive(Debug)]
pub struct Hit {
    /// Where it really is: no link on the way, also when links are followed.
    pub place: Place,
    /// The entry itself.
    pub entry: Entry,
    /// What it says, where the volume's fast road told.
    pub text: Option<LinkText>,
}

impl Hit {
    /// All there is to say about it, and where it leads.
    pub fn inspect(self, drives: &Drives) -> Result<Located, LocateError> {
        match self.text {
            Some(text) if self.entry.is_link() => {
                let dir = self.entry.base == Base::Dir;
                let resolution = resolve::resolve_as_if(drives, &self.place, text.clone(), dir);
                Ok(Located {
                    kind: resolution.hops.first().map(|hop| hop.kind),
                    status: resolution.end.status(),
                    resolution: Some(resolution),
                    text: Some(text),
                    place: self.place,
                    entry: self.entry,
                })
            }
            _ => resolve::inspect_entry(drives, &self.place, self.entry),
        }
    }
}

/// What a scan reports.
#[derive(Debug)]
pub enum Item {
    /// An entry that was asked for.
    Found(Box<Hit>),
    /// Something could not be read; the scan goes on beside it.
    Failed {
        /// Where.
        place: Place,
        /// Why.
        error: Arc<VolumeError>,
    },
}

/// Takes what a scan finds: in any order, maybe on several threads at once. `Break` ends the scan.
pub type Visitor<'a> = dyn Fn(Item) -> ControlFlow<()> + Sync + 'a;

/// Reports all that is asked for below `root`, and `root` itself where it is no directory.
///
/// # Errors
/// Where `root` cannot be read at all.
pub fn scan(
    drives: &Drives,
    root: &Place,
    options: Options,
    visit: &Visitor<'_>,
) -> Result<(), LocateError> {
    scan_and_tell(drives, root, options, &|_| (), visit)
}

/// The same, and `tell` gets the way that is taken, before the first find.
///
/// # Errors
/// Where `root` cannot be read at all.
pub fn scan_and_tell(
    drives: &Drives,
    root: &Place,
    options: Options,
    tell: &(dyn Fn(Way) + Sync),
    visit: &Visitor<'_>,
) -> Result<(), LocateError> {
    let volume = drives.volume(root.drive)?;
    let entry = volume.entry(&root.path)?;
    if !entry.is_real_dir() {
        tell(Way::new(
            Road::DirectoryWalk,
            "it is one entry, and nothing lies below it",
        ));
        let _ = visit(found(root.clone(), entry));
        return Ok(());
    }
    match options.why_walk() {
        Some(why) => tell(Way::new(Road::DirectoryWalk, why)),
        None => {
            if let Some(done) = sweep(&*volume, root, options, tell, visit) {
                return Ok(done?);
            }
        }
    }
    let mut walk = Walk {
        drives,
        options,
        visit,
        seen: HashSet::from([entry.id]),
        waiting: vec![root.clone()],
    };
    // An error of the root itself is the scan's, not an item.
    volume.read_dir(&root.path, &mut |_| ControlFlow::Break(()))?;
    let _ = walk.run();
    Ok(())
}

fn found(place: Place, entry: Entry) -> Item {
    Item::Found(Box::new(Hit {
        place,
        entry,
        text: None,
    }))
}

fn sweep(
    volume: &dyn Volume,
    root: &Place,
    options: Options,
    tell: &(dyn Fn(Way) + Sync),
    visit: &Visitor<'_>,
) -> Option<Result<(), VolumeError>> {
    let place = |path: EntryPath| Place {
        drive: root.drive,
        path,
    };
    let told = AtomicBool::new(false);
    let done = volume.sweep(&root.path, options.wanted(), &|swept| {
        visit(match swept {
            Swept::Way(way) => {
                told.store(true, Ordering::Relaxed);
                tell(way);
                return ControlFlow::Continue(());
            }
            Swept::Found(found) => Item::Found(Box::new(Hit {
                place: place(found.at),
                entry: found.entry,
                text: found.text.and_then(Result::ok),
            })),
            Swept::Failed(error) => Item::Failed {
                place: place(error.path.clone()),
                error: Arc::new(error),
            },
        })
    });
    if done.is_none() && !told.into_inner() {
        let why = "this volume has no list of its links";
        tell(Way::new(Road::DirectoryWalk, why));
    }
    done
}

/// The plain walk, deepest directories of a branch first.
struct Walk<'w> {
    drives: &'w Drives,
    options: Options,
    visit: &'w Visitor<'w>,
    /// Directories that were entered: links may lead to one again, and so may mounts.
    seen: HashSet<FileId>,
    waiting: Vec<Place>,
}

impl Walk<'_> {
    fn run(&mut self) -> ControlFlow<()> {
        while let Some(dir) = self.waiting.pop() {
            self.directory(&dir)?;
        }
        ControlFlow::Continue(())
    }

    fn directory(&mut self, dir: &Place) -> ControlFlow<()> {
        let Ok(volume) = self.drives.volume(dir.drive) else {
            return ControlFlow::Continue(());
        };
        // The listing is ended before anything else is asked of the volume, and plain files that
        // nobody wants are dropped at once: a directory may hold a million of them.
        let options = self.options;
        let mut entries = Vec::new();
        let listed = volume.read_dir(&dir.path, &mut |entry| {
            let unknown = options.hard_links && entry.base == Base::File && entry.links.is_none();
            if entry.base == Base::Dir || unknown || options.wants(&entry) {
                entries.push(entry);
            }
            ControlFlow::Continue(())
        });
        let below = self.waiting.len();
        for entry in entries {
            self.entry(&*volume, dir, entry)?;
        }
        // The last one put in is the first to come out: turned round, a listing's order stays.
        if let Some(new) = self.waiting.get_mut(below..) {
            new.reverse();
        }
        match listed {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => self.failed(dir.clone(), error),
        }
    }

    fn failed(&self, place: Place, error: VolumeError) -> ControlFlow<()> {
        let error = Arc::new(error);
        (self.visit)(Item::Failed { place, error })
    }

    fn entry(&mut self, volume: &dyn Volume, dir: &Place, entry: Entry) -> ControlFlow<()> {
        let Some(name) = &entry.name else {
            return ControlFlow::Continue(());
        };
        let place = dir.join(name);
        let entry = if self.options.hard_links && entry.base == Base::File && entry.links.is_none()
        {
            match volume.entry(&place.path) {
                Ok(full) => full,
                Err(error) => return self.failed(place, error),
            }
        } else {
            entry
        };
        if entry.is_real_dir() && self.may_enter(dir, &entry) {
            self.waiting.push(place.clone());
        }
        if entry.is_link() && self.options.follows_any() {
            self.follow(&place);
        }
        if self.options.wants(&entry) {
            return (self.visit)(found(place, entry));
        }
        ControlFlow::Continue(())
    }

    /// Notes a directory as entered; `false` where it was already, or lies beyond a mount.
    fn may_enter(&mut self, dir: &Place, entry: &Entry) -> bool {
        if self.options.one_volume {
            let volume = self.drives.volume(dir.drive);
            let parent = volume.ok().and_then(|v| v.entry(&dir.path).ok());
            if parent.is_some_and(|parent| parent.id.volume != entry.id.volume) {
                return false;
            }
        }
        self.seen.insert(entry.id)
    }

    /// Goes on where a link leads, if it is of a kind that is followed and leads to a directory.
    fn follow(&mut self, link: &Place) {
        let resolution = resolve::resolve(self.drives, link);
        let all_followed = resolution
            .hops
            .iter()
            .all(|hop| self.options.follows(hop.kind));
        if let (true, End::Found { place, entry }) = (all_followed, resolution.end) {
            if entry.is_real_dir() && self.seen.insert(entry.id) {
                self.waiting.push(place);
            }
        }
    }
}
