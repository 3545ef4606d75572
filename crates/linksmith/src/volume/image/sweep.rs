//! The fast road to links: the engine's scans, as entries with paths.
//!
//! Reparse points alone come from `$Extend\\$Reparse:$R`; hard links need all of `$MFT`.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use linksmith_ntfs::FileRef;
use linksmith_ntfs::layout::well_known;
use linksmith_ntfs::scan::{Ask, Catalog, Scanned, ScannedName};

use super::read::{FIRST_SHOWN, attributes, times};
use super::{Cause, ImageVolume, cause};
use crate::entry::{Base, Entry, LinkText};
use crate::path::{EntryPath, Name};
use crate::reparse::{ReparsePoint, ReparseTag};
use crate::volume::{Found, Road, Swept, Visit, VolumeError, Wanted, Way};

/// Files that a thread turns into entries at once.
const SHARE: usize = 2048;

impl ImageVolume {
    pub(super) fn sweep_below(
        &self,
        below: &EntryPath,
        wanted: Wanted,
        visit: &Visit<'_>,
    ) -> Result<(), VolumeError> {
        let failed = |cause| VolumeError::new("list", below, cause);
        let start = self.find(below).map_err(failed)?.file;
        if !start.is_directory() || self.is_link(&start) {
            return Err(failed(Cause::NotADirectory));
        }
        let (way, catalog) = self.catalog(wanted);
        if visit(Swept::Way(way)).is_break() {
            return Ok(());
        }
        let mut catalog = catalog.map_err(|e| failed(cause::of(e)))?;
        for error in catalog.take_failures() {
            if visit(Swept::Failed(failed(cause::of(error)))).is_break() {
                return Ok(());
            }
        }
        let sweep = Sweep {
            volume: self,
            catalog: &catalog,
            start: start.reference(),
            below,
            wanted,
            visit,
            next: AtomicUsize::new(0),
            stop: AtomicBool::new(false),
        };
        sweep.run();
        Ok(())
    }

    /// What was asked for, wherever it lies, and the way it was found.
    fn catalog(&self, wanted: Wanted) -> (Way, linksmith_ntfs::Result<Catalog>) {
        let ask = Ask {
            reparse_points: wanted.contains(Wanted::LINKS),
            hard_links: wanted.contains(Wanted::HARD_LINKS),
            threads: 0,
        };
        let why = if ask.hard_links {
            "no index lists hard links".into()
        } else {
            // An index that is stale in one place may lack an entry in another: then `$MFT` has to tell.
            match self.ntfs().scan_reparse_index(ask) {
                Ok(catalog) => match catalog.failures().first() {
                    None => {
                        let why = "it lists every reparse point of the volume";
                        return (Way::new(Road::ReparseIndex, why), Ok(catalog));
                    }
                    Some(error) => format!("the $Reparse index is not to be relied on: {error}"),
                },
                Err(error) => format!("the $Reparse index cannot be read: {error}"),
            }
        };
        (Way::new(Road::FileTable, why), self.ntfs().scan_mft(ask))
    }
}

/// A sweep under way.
struct Sweep<'a> {
    volume: &'a ImageVolume,
    catalog: &'a Catalog,
    /// The directory that it began in, and its path.
    start: FileRef,
    below: &'a EntryPath,
    wanted: Wanted,
    visit: &'a Visit<'a>,
    /// The first file that no thread took yet.
    next: AtomicUsize,
    stop: AtomicBool,
}

impl Sweep<'_> {
    fn run(&self) {
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let threads = processors.min(self.catalog.len().div_ceil(SHARE)).max(1);
        std::thread::scope(|scope| {
            for _ in 1..threads {
                let _ = std::thread::Builder::new().spawn_scoped(scope, || self.work());
            }
            self.work();
        });
    }

    fn work(&self) {
        let mut paths = Paths::new(self);
        while !self.stop.load(Ordering::Relaxed) {
            let from = self.next.fetch_add(SHARE, Ordering::Relaxed);
            if from >= self.catalog.len() {
                return;
            }
            for file in self.catalog.files(from, SHARE) {
                if self.file(&file, &mut paths).is_break() {
                    self.stop.store(true, Ordering::Relaxed);
                    return;
                }
            }
        }
    }

    fn file(&self, file: &Scanned<'_>, paths: &mut Paths<'_>) -> ControlFlow<()> {
        for name in file.names() {
            let hidden =
                name.parent.number() == well_known::ROOT && file.reference().number() < FIRST_SHOWN;
            if hidden || name.is_dos {
                continue; // as in listings
            }
            let Some(parent) = paths.of(name.parent) else {
                continue; // elsewhere, or nowhere
            };
            // A name that cannot be one is not listed either.
            if let Ok(own) = own_name(name.name.iter().map(|unit| unit.get())) {
                let at = parent.join(&own);
                (self.visit)(self.found(file, &name, own, at))?;
            }
        }
        ControlFlow::Continue(())
    }

    fn found(&self, file: &Scanned<'_>, name: &ScannedName<'_>, own: Name, at: EntryPath) -> Swept {
        let tag = file.tag().map(ReparseTag);
        let link = tag.is_some_and(ReparseTag::is_name_surrogate);
        let directory = file.is_directory();
        let short = name.short.filter(|_| self.wanted.contains(Wanted::META));
        let entry = Entry {
            name: Some(own),
            short_name: short.and_then(|short| own_name(short.iter().map(|unit| unit.get())).ok()),
            id: self.volume.id(file.reference()),
            base: if directory { Base::Dir } else { Base::File },
            tag,
            links: Some(file.name_count() as u32),
            size: if directory || link { 0 } else { file.size() },
            attributes: attributes(Some(file.standard()), directory),
            times: times(file.standard()),
        };
        let data = file.reparse_data();
        let data = data.filter(|_| self.wanted.contains(Wanted::TEXT));
        let text = data.map(|data| {
            ReparsePoint::from_bytes(data.to_vec())
                .map(LinkText::Reparse)
                .map_err(|e| VolumeError::new("read the link", &at, Cause::Reparse(e)))
        });
        Swept::Found(Box::new(Found { at, entry, text }))
    }
}

/// What a thread knows of a directory.
#[derive(Clone)]
enum Known {
    /// Nothing yet.
    No,
    /// Its path.
    At(EntryPath),
    /// That no walk from the start comes to it.
    Elsewhere,
}

/// Paths of directories, each made once by a thread.
struct Paths<'a> {
    sweep: &'a Sweep<'a>,
    /// By the directory's place in the catalog.
    known: Vec<Known>,
}

impl<'a> Paths<'a> {
    fn new(sweep: &'a Sweep<'a>) -> Self {
        Self {
            sweep,
            known: vec![Known::No; sweep.catalog.directory_count()],
        }
    }

    /// The path of a directory; `None` for one that no walk from the start comes to.
    fn of(&mut self, directory: FileRef) -> Option<&EntryPath> {
        // The start need not be in the catalog: it may be the root, or have nothing below it.
        if directory == self.sweep.start {
            return Some(self.sweep.below);
        }
        let place = self.sweep.catalog.directory_place(directory)?;
        if matches!(self.known.get(place), Some(Known::No)) {
            self.learn(directory);
        }
        match self.known.get(place)? {
            Known::At(path) => Some(path),
            Known::No | Known::Elsewhere => None,
        }
    }

    /// Climbs until a directory is known, and makes the paths from there down.
    fn learn(&mut self, directory: FileRef) {
        let catalog = self.sweep.catalog;
        let mut steps = Vec::new();
        let mut path = None;
        for above in catalog.climb(directory) {
            let Ok(above) = above else { break };
            let place = catalog.directory_place(above.reference).unwrap_or_default();
            match self.known.get(place) {
                _ if above.reference == self.sweep.start => {
                    path = Some(self.sweep.below.clone());
                    break;
                }
                Some(Known::At(known)) => {
                    path = Some(known.clone());
                    break;
                }
                Some(Known::Elsewhere) => break,
                _ => {}
            }
            steps.push((place, above));
            if above.parent == self.sweep.start {
                path = Some(self.sweep.below.clone());
                break;
            }
        }
        for (place, step) in steps.into_iter().rev() {
            let link = step.tag != 0 && ReparseTag(step.tag).is_name_surrogate();
            let own = step.reference.number() < FIRST_SHOWN;
            let name = own_name(step.name.iter().map(|unit| unit.get()))
                .ok()
                .filter(|_| !link && !own);
            path = path.zip(name).map(|(path, name)| path.join(&name));
            if let Some(known) = self.known.get_mut(place) {
                *known = path.clone().map_or(Known::Elsewhere, Known::At);
            }
        }
    }
}

fn own_name(
    units: impl ExactSizeIterator<Item = u16> + Clone,
) -> Result<Name, crate::path::NameError> {
    Name::from_units(units)
}
