//! An NTFS image, a disk with one, or a block device as a volume; nothing is mounted.

mod cause;
mod contents;
mod device;
mod read;
mod sweep;

use std::cmp::Ordering;
use std::io::Read;
use std::ops::ControlFlow;
use std::path::Path;

use linksmith_ntfs::Volume as Ntfs;
use linksmith_ntfs::device::{Device, Window};

pub use device::{Access, FileDevice, open_device};

use super::{
    ApplyError, Caps, CaseRule, Cause, PathStyle, Space, Visit, Volume, VolumeError, VolumeInfo,
    Wanted,
};
use crate::entry::{Entry, LinkText};
use crate::partition;
use crate::path::{EntryPath, Name};
use crate::plan::Step;

/// The most names of a file on NTFS.
const MAX_LINKS: u32 = 1024;

/// An NTFS volume in an image.
#[derive(Debug)]
pub struct ImageVolume {
    ntfs: Ntfs<Box<dyn Device>>,
    info: VolumeInfo,
}

impl ImageVolume {
    /// Opens an image, the partition of this number where it is a disk with several.
    pub fn open(path: &Path, partition: Option<u32>) -> Result<Self, VolumeError> {
        let device = open_device(path, Access::Read).map_err(|e| opening(cause::of_io(e)))?;
        Self::on(device, partition)
    }

    /// Opens the volume on a device.
    pub fn on(device: Box<dyn Device>, partition: Option<u32>) -> Result<Self, VolumeError> {
        let found = partition::find(&*device, partition)
            .map_err(|error| opening(cause::of_partition(error)))?;
        let window = Window::new(device, found.start, found.length);
        let ntfs = Ntfs::open(Box::new(window) as Box<dyn Device>)
            .map_err(|error| opening(cause::of(error)))?;
        let label = &ntfs.information().label;
        let info = VolumeInfo {
            file_system: "NTFS".to_owned(),
            label: (!label.is_empty()).then(|| String::from_utf16_lossy(label)),
            serial: ntfs.geometry().serial,
            caps: Caps::SYMLINK
                | Caps::JUNCTION
                | Caps::HARD_LINK
                | Caps::REPARSE
                | Caps::NAMES
                | Caps::READ_ONLY,
            style: PathStyle::Windows,
            case: CaseRule::Insensitive,
            max_links: MAX_LINKS,
        };
        Ok(Self { ntfs, info })
    }

    /// The engine's view of it.
    pub fn ntfs(&self) -> &Ntfs<Box<dyn Device>> {
        &self.ntfs
    }

    /// What a reader should be told before the rest: in words, every reason not to trust that the volume is in its
    /// last state. Empty for a clean one.
    pub fn warnings(&self) -> Vec<String> {
        self.ntfs
            .health()
            .refusals()
            .iter()
            .map(ToString::to_string)
            .collect()
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

    fn apply(&self, steps: &[Step]) -> Result<(), ApplyError> {
        if steps.is_empty() {
            return Ok(());
        }
        let source = Box::new(VolumeError::new(
            "change",
            &EntryPath::root(),
            Cause::ReadOnly,
        ));
        Err(ApplyError {
            step: 0,
            undone: true,
            source,
        })
    }

    fn space(&self) -> Result<Space, VolumeError> {
        let cluster = u64::from(self.ntfs.geometry().cluster_size);
        let free = self
            .ntfs
            .free_clusters()
            .map_err(|error| VolumeError::new("measure", &EntryPath::root(), cause::of(error)))?;
        Ok(Space {
            total: self.ntfs.geometry().bytes(),
            free: free.saturating_mul(cluster),
        })
    }

    fn names(&self, at: &EntryPath) -> Result<Vec<EntryPath>, VolumeError> {
        self.all_names(at)
            .map_err(|cause| VolumeError::new("list the names of", at, cause))
    }

    fn compare_names(&self, a: &Name, b: &Name) -> Ordering {
        match (a.to_utf16(), b.to_utf16()) {
            (Ok(a), Ok(b)) => self.ntfs.upcase().compare_ignoring_case(&a, &b),
            _ => a.as_bytes().cmp(b.as_bytes()),
        }
    }
}
