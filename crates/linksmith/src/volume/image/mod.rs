//! An NTFS image, a disk with one, or a block device as a volume; nothing is mounted.

mod cause;
mod contents;
mod crowd;
mod device;
mod found;
mod journal;
mod mend;
mod place;
mod read;
mod sweep;
mod trail;
mod write;
mod writers;

use std::cmp::Ordering;
use std::io::Read;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use linksmith_ntfs::Volume as Ntfs;
use linksmith_ntfs::device::{Ahead, Device};
use linksmith_ntfs::edit::Editor;
use linksmith_ntfs::journal::{CommitReport, JournalStore, recover};

use crowd::Crowd;
use found::Found;
use place::Place;
use trail::Trail;

pub use device::{Access, FileDevice, container_of, open_device};
pub use journal::FileJournal;

use super::{
    ApplyError, Beside, Caps, CaseRule, Cause, PathStyle, Sources, Space, Visit, Volume,
    VolumeError, VolumeInfo, Wanted,
};
use crate::container::Format;
use crate::entry::{Entry, LinkText};
use crate::path::{EntryPath, Guid, Name};
use crate::plan::Step;

/// The most names of a file on NTFS.
const MAX_LINKS: u32 = 1024;

/// An open volume on a device that its readers and its writer share.
type Shared = Ntfs<Arc<dyn Device>>;

/// An NTFS volume in an image.
pub struct ImageVolume {
    device: Arc<dyn Device>,
    /// Replaced where a commit moved what a reader keeps in memory.
    ntfs: RwLock<Arc<Shared>>,
    /// Where the last path led, as of the last change.
    trail: Mutex<Trail>,
    crowd: Mutex<Crowd>,
    info: VolumeInfo,
    writer: Option<Writer>,
    /// The journal of an interrupted change, where it was not completed.
    waiting: Option<PathBuf>,
    guid: Option<Guid>,
    container: Option<Format>,
    /// What is to be said of the container.
    notes: Vec<String>,
    /// The disk it lies on, where it was opened to be changed.
    disk: Option<Disk>,
}

/// A disk that is open: its lock is held as long as one of its volumes is.
struct Disk {
    path: PathBuf,
    device: Arc<dyn Device>,
    place: Place,
}

/// What changing needs: one change at a time, and a journal.
struct Writer {
    journal: Box<dyn JournalStore>,
    state: Mutex<Writing>,
}

/// Edits read one record after the other; the device is not read through it elsewhere, nor written.
type Edit = Editor<Ahead<Arc<dyn Device>>>;

#[derive(Default)]
struct Writing {
    /// Kept from change to change: it has the busy directories in memory.
    editor: Option<Edit>,
    last: Option<CommitReport>,
}

impl std::fmt::Debug for ImageVolume {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ImageVolume")
            .field("info", &self.info)
            .finish_non_exhaustive()
    }
}

impl ImageVolume {
    /// Opens an image for reading, the partition of this number where it is a disk with several.
    pub fn open(path: &Path, partition: Option<u32>) -> Result<Self, VolumeError> {
        let found = Found::open(path, Access::Read, partition)?;
        let waiting = found.waiting_journal(path);
        let mut volume = Self::of(found, None)?;
        volume.waiting = waiting;
        Ok(volume)
    }

    /// Opens an image for reading and changing; nobody else may have it open. A change that a power cut interrupted is
    /// completed first, from the journal beside the image. A disk in a [container](crate::container) is
    /// [`Cause::ReadOnly`].
    pub fn open_to_change(path: &Path, partition: Option<u32>) -> Result<Self, VolumeError> {
        let found = Found::open(path, Access::Write, partition)?;
        let journal =
            FileJournal::beside(path, found.start).map_err(|e| opening(cause::of_io(e)))?;
        let disk = Disk {
            path: device::real_path(path),
            device: Arc::clone(&found.disk),
            place: Place::first(found.start),
        };
        let mut volume = Self::of(found, Some(Box::new(journal)))?;
        volume.disk = Some(disk);
        Ok(volume)
    }

    /// Opens an image to look at it beside others that do. A change that a power cut interrupted is completed first, where
    /// the image may be changed.
    pub fn open_to_look(path: &Path, partition: Option<u32>) -> Result<Self, VolumeError> {
        let found = Found::open(path, Access::Read, partition)?;
        if found.waiting_journal(path).is_some() {
            drop(found);
            return Self::open_as_allowed(path, partition);
        }
        Self::of(found, None)
    }

    /// Completes a change that a power cut interrupted, where there is one and the image may be changed. Several volumes of
    /// one disk [are looked at](Self::open_to_look) after it alone: it wants the lock that each of them holds a part of.
    pub fn complete_interrupted(path: &Path, partition: Option<u32>) -> Result<(), VolumeError> {
        let found = Found::open(path, Access::Read, partition)?;
        if found.waiting_journal(path).is_some() {
            drop(found);
            Self::open_as_allowed(path, partition)?;
        }
        Ok(())
    }

    /// Opens an image to change it where that is allowed, else for reading.
    pub fn open_as_allowed(path: &Path, partition: Option<u32>) -> Result<Self, VolumeError> {
        match Self::open_to_change(path, partition) {
            Err(error) if matches!(error.cause, Cause::Denied | Cause::ReadOnly) => {
                Self::open(path, partition)
            }
            opened => opened,
        }
    }

    /// Opens the volume on a device for reading.
    pub fn on(device: Box<dyn Device>, partition: Option<u32>) -> Result<Self, VolumeError> {
        Self::of(Found::on_device(device, partition)?, None)
    }

    /// The volume that was found, with its journal where it may be changed.
    fn of(found: Found, journal: Option<Box<dyn JournalStore>>) -> Result<Self, VolumeError> {
        let mut volume = match journal {
            Some(journal) => Self::on_with_journal(found.device, journal)?,
            None => Self::assemble(found.device, None)?,
        };
        volume.guid = found.guid;
        volume.container = found.container;
        volume.notes = found.notes;
        Ok(volume)
    }

    /// Whether it was opened from the disk at `path` to be changed.
    pub fn changes_disk(&self, path: &Path) -> bool {
        let same = |disk: &Disk| disk.path == device::real_path(path);
        self.writer.is_some() && self.disk.as_ref().is_some_and(same)
    }

    /// Whether it is the volume that the disk it [was opened from](Self::changes_disk) has under this number.
    pub fn is_partition(&self, partition: Option<u32>) -> bool {
        self.disk.as_ref().is_some_and(|disk| {
            let found = Found::on_disk(Arc::clone(&disk.device), partition);
            found.is_ok_and(|found| found.start == disk.place.start())
        })
    }

    /// Opens another volume of the disk that this one [was opened from](Self::changes_disk). Both share the lock, which would
    /// keep a second [`open_to_change`](Self::open_to_change) out; a volume that is open already is [`Cause::InUse`].
    pub fn open_beside(
        &self,
        partition: Option<u32>,
        read_only: bool,
    ) -> Result<Self, VolumeError> {
        let disk = self.disk.as_ref().ok_or_else(|| opening(Cause::InUse))?;
        let found = Found::on_disk(Arc::clone(&disk.device), partition)?;
        let place = disk.place.beside(found.start);
        let place = place.ok_or_else(|| opening(Cause::InUse))?;
        let mut volume = if read_only {
            let waiting = found.waiting_journal(&disk.path);
            Self {
                waiting,
                ..Self::of(found, None)?
            }
        } else {
            let journal = FileJournal::beside(&disk.path, found.start)
                .map_err(|e| opening(cause::of_io(e)))?;
            Self::of(found, Some(Box::new(journal)))?
        };
        volume.disk = Some(Disk {
            path: disk.path.clone(),
            device: Arc::clone(&disk.device),
            place,
        });
        Ok(volume)
    }

    /// Opens the volume that fills a device for reading and changing, with the journal in `store`, which is recovered first.
    pub fn on_with_journal(
        device: Arc<dyn Device>,
        store: Box<dyn JournalStore>,
    ) -> Result<Self, VolumeError> {
        recover(&*device, &*store).map_err(|e| opening(cause::of_journal(e)))?;
        let state = Mutex::default();
        Self::assemble(
            device,
            Some(Writer {
                journal: store,
                state,
            }),
        )
    }

    fn assemble(device: Arc<dyn Device>, writer: Option<Writer>) -> Result<Self, VolumeError> {
        let ntfs = Ntfs::open(Arc::clone(&device)).map_err(|error| opening(cause::of(error)))?;
        let label = &ntfs.information().label;
        let can = Caps::SYMLINK | Caps::JUNCTION | Caps::HARD_LINK | Caps::REPARSE | Caps::NAMES;
        let changes = match writer {
            Some(_) => Caps::TRANSACTION | Caps::ATTRIBUTES,
            None => Caps::READ_ONLY,
        };
        let info = VolumeInfo {
            file_system: "NTFS".to_owned(),
            label: (!label.is_empty()).then(|| String::from_utf16_lossy(label)),
            serial: ntfs.geometry().serial,
            caps: can | changes,
            style: PathStyle::Windows,
            case: CaseRule::Insensitive,
            max_links: MAX_LINKS,
        };
        let ntfs = RwLock::new(Arc::new(ntfs));
        Ok(Self {
            device,
            ntfs,
            trail: Mutex::default(),
            crowd: Mutex::default(),
            info,
            writer,
            waiting: None,
            guid: None,
            container: None,
            notes: Vec::new(),
            disk: None,
        })
    }

    /// The journal of an interrupted change, where the volume was opened for reading and the change is not completed.
    pub fn waiting_journal(&self) -> Option<&Path> {
        self.waiting.as_deref()
    }

    /// The GUID of `\\?\Volume{GUID}\` by which Windows knows it, where the disk's partition table tells.
    pub fn volume_guid(&self) -> Option<Guid> {
        self.guid
    }

    /// The container that its disk lies in, which is only read; `None` where the image is the disk.
    pub fn container(&self) -> Option<Format> {
        self.container
    }

    /// The engine's view of it, as of the last change.
    pub fn ntfs(&self) -> Arc<Ntfs<Arc<dyn Device>>> {
        Arc::clone(&self.ntfs.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// What the last change cost: bytes and flushes.
    pub fn last_commit(&self) -> Option<CommitReport> {
        self.writer.as_ref()?.lock().last
    }

    /// What a reader should be told before the rest: in words, every reason not to trust that the volume is in its
    /// last state. Empty for a clean one.
    pub fn warnings(&self) -> Vec<String> {
        let refusals = self.ntfs().health().refusals();
        let of_volume = refusals.iter().map(ToString::to_string);
        self.notes.iter().cloned().chain(of_volume).collect()
    }
}

fn opening(cause: Cause) -> VolumeError {
    VolumeError::new("open", &EntryPath::root(), cause)
}

impl Volume for ImageVolume {
    fn info(&self) -> &VolumeInfo {
        &self.info
    }

    fn entry(&self, at: &EntryPath) -> Result<Entry, VolumeError> {
        self.look(at)
            .map_err(|cause| VolumeError::new("look at", at, cause))
    }

    fn read_dir(
        &self,
        at: &EntryPath,
        visit: &mut dyn FnMut(Entry) -> ControlFlow<()>,
    ) -> Result<(), VolumeError> {
        self.list(at, visit)
            .map_err(|cause| VolumeError::new("list", at, cause))
    }

    fn link_text(&self, at: &EntryPath) -> Result<Option<LinkText>, VolumeError> {
        self.link(at)
            .map_err(|cause| VolumeError::new("read the link", at, cause))
    }

    fn read(&self, at: &EntryPath) -> Result<Box<dyn Read + '_>, VolumeError> {
        self.open_file(at)
            .map(|read| read as Box<dyn Read>)
            .map_err(|cause| VolumeError::new("read", at, cause))
    }

    fn sweep(
        &self,
        below: &EntryPath,
        wanted: Wanted,
        visit: &Visit<'_>,
    ) -> Option<Result<(), VolumeError>> {
        Some(self.sweep_below(below, wanted, visit))
    }

    fn apply_with(&self, steps: &[&Step], sources: &dyn Sources) -> Result<(), ApplyError> {
        self.apply_steps(steps, sources)
    }

    fn security(&self, at: &EntryPath) -> Result<Vec<u8>, VolumeError> {
        self.security_of(at)
            .map_err(|cause| VolumeError::new("look at", at, cause))
    }

    fn beside_contents(&self, at: &EntryPath) -> Result<Vec<Beside>, VolumeError> {
        self.hanging_on(at)
            .map_err(|cause| VolumeError::new("look at", at, cause))
    }

    fn space(&self) -> Result<Space, VolumeError> {
        let cluster = u64::from(self.ntfs().geometry().cluster_size);
        let free = self
            .ntfs()
            .free_clusters()
            .map_err(|error| VolumeError::new("measure", &EntryPath::root(), cause::of(error)))?;
        Ok(Space {
            total: self.ntfs().geometry().bytes(),
            free: free.saturating_mul(cluster),
        })
    }

    fn names(&self, at: &EntryPath) -> Result<Vec<EntryPath>, VolumeError> {
        self.all_names(at)
            .map_err(|cause| VolumeError::new("list the names of", at, cause))
    }

    fn writers(&self, at: &EntryPath) -> Result<Option<Vec<String>>, VolumeError> {
        self.writers_of(at)
            .map(Some)
            .map_err(|cause| VolumeError::new("look at the rights of", at, cause))
    }

    fn compare_names(&self, a: &Name, b: &Name) -> Ordering {
        match (a.to_utf16(), b.to_utf16()) {
            (Ok(a), Ok(b)) => self.ntfs().upcase().compare_ignoring_case(&a, &b),
            _ => a.as_bytes().cmp(b.as_bytes()),
        }
    }
}
