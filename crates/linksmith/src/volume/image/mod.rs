//! An NTFS image, a disk with one, or a block device as a volume; nothing is mounted.

mod cause;
mod contents;
mod device;
mod journal;
mod mend;
mod read;
mod sweep;
mod write;

use std::cmp::Ordering;
use std::io::Read;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use linksmith_ntfs::Volume as Ntfs;
use linksmith_ntfs::device::{Device, Window};
use linksmith_ntfs::edit::Editor;
use linksmith_ntfs::journal::{CommitReport, JournalStore, recover};

pub use device::{Access, FileDevice, open_device};
pub use journal::FileJournal;

use super::{
    ApplyError, Caps, CaseRule, Cause, PathStyle, Sources, Space, Visit, Volume, VolumeError,
    VolumeInfo, Wanted,
};
use crate::entry::{Entry, LinkText};
use crate::partition;
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
    info: VolumeInfo,
    writer: Option<Writer>,
    /// The journal of an interrupted change, where it was not completed.
    waiting: Option<PathBuf>,
    guid: Option<Guid>,
}

/// What changing needs: one change at a time, and a journal.
struct Writer {
    journal: Box<dyn JournalStore>,
    state: Mutex<Writing>,
}

#[derive(Default)]
struct Writing {
    /// Kept from change to change: it has the busy directories in memory.
    editor: Option<Editor<Arc<dyn Device>>>,
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
        let device = open_device(path, Access::Read).map_err(|e| opening(cause::of_io(e)))?;
        let window = window(device, partition)?;
        let mut volume = Self::assemble(window.device, None)?;
        volume.waiting = waiting_journal(path, window.start);
        volume.guid = window.guid;
        Ok(volume)
    }

    /// Opens an image for reading and changing; nobody else may have it open. A change that a power cut interrupted is
    /// completed first, from the journal beside the image.
    pub fn open_to_change(path: &Path, partition: Option<u32>) -> Result<Self, VolumeError> {
        let device = open_device(path, Access::Write).map_err(|e| opening(cause::of_io(e)))?;
        let window = window(device, partition)?;
        let journal =
            FileJournal::beside(path, window.start).map_err(|e| opening(cause::of_io(e)))?;
        let mut volume = Self::on_with_journal(window.device, Box::new(journal))?;
        volume.guid = window.guid;
        Ok(volume)
    }

    /// Opens an image to look at it beside others that do. A change that a power cut interrupted is completed first, where
    /// the image may be changed.
    pub fn open_to_look(path: &Path, partition: Option<u32>) -> Result<Self, VolumeError> {
        let device = open_device(path, Access::Read).map_err(|e| opening(cause::of_io(e)))?;
        let window = window(device, partition)?;
        if waiting_journal(path, window.start).is_some() {
            drop(window);
            return Self::open_as_allowed(path, partition);
        }
        let mut volume = Self::assemble(window.device, None)?;
        volume.guid = window.guid;
        Ok(volume)
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
        Self::assemble(window(device, partition)?.device, None)
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
            info,
            writer,
            waiting: None,
            guid: None,
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
        self.ntfs()
            .health()
            .refusals()
            .iter()
            .map(ToString::to_string)
            .collect()
    }
}

/// The volume's part of a device, and where it begins.
struct Found {
    device: Arc<dyn Device>,
    start: u64,
    guid: Option<Guid>,
}

/// The journal beside an image, where it holds anything.
fn waiting_journal(image: &Path, start: u64) -> Option<PathBuf> {
    let journal = FileJournal::beside(image, start).ok()?;
    let holds = journal.len().is_ok_and(|bytes| bytes > 0);
    holds.then(|| journal.path().to_owned())
}

fn window(device: Box<dyn Device>, partition: Option<u32>) -> Result<Found, VolumeError> {
    let found = partition::find(&*device, partition)
        .map_err(|error| opening(cause::of_partition(error)))?;
    let window = Window::new(device, found.start, found.length);
    Ok(Found {
        device: Arc::new(window),
        start: found.start,
        guid: found.guid,
    })
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

    fn apply_with(&self, steps: &[Step], sources: &dyn Sources) -> Result<(), ApplyError> {
        self.apply_steps(steps, sources)
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

    fn compare_names(&self, a: &Name, b: &Name) -> Ordering {
        match (a.to_utf16(), b.to_utf16()) {
            (Ok(a), Ok(b)) => self.ntfs().upcase().compare_ignoring_case(&a, &b),
            _ => a.as_bytes().cmp(b.as_bytes()),
        }
    }
}
