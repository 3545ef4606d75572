//! The volume on an image's disk: out of its container, and out of its partition.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use linksmith_ntfs::device::{Device, Window};
use linksmith_ntfs::journal::JournalStore as _;

use super::device::{Access, container_of, open_device};
use super::{Cause, FileJournal, VolumeError, cause, opening};
use crate::container::{self, Format, Opened, Siblings};
use crate::partition;
use crate::path::Guid;

/// The volume's part of a disk, and what the disk tells of it.
pub(super) struct Found {
    /// All of the disk, which its other volumes lie on too.
    pub(super) disk: Arc<dyn Device>,
    pub(super) device: Arc<dyn Device>,
    pub(super) start: u64,
    pub(super) guid: Option<Guid>,
    pub(super) container: Option<Format>,
    /// Why not to trust that the container holds the disk's last state.
    pub(super) notes: Vec<String>,
}

impl Found {
    /// On the disk of an image file or device.
    pub(super) fn open(
        image: &Path,
        access: Access,
        partition: Option<u32>,
    ) -> Result<Self, VolumeError> {
        let refused = |error| opening(cause::of_io(error));
        // Containers are only read: whoever reads one as well is no reason to wait.
        if access == Access::Write && container_of(image).is_some() {
            return Err(opening(Cause::ReadOnly));
        }
        let device = open_device(image, access).map_err(refused)?;
        let found = Self::on(device, partition, &|name| {
            open_device(&image.with_file_name(name), Access::Read)
        })?;
        match found.container {
            // One on a block device.
            Some(_) if access == Access::Write => Err(opening(Cause::ReadOnly)),
            _ => Ok(found),
        }
    }

    /// On a disk that no file stands for: nothing lies beside it.
    pub(super) fn on_device(
        device: Box<dyn Device>,
        partition: Option<u32>,
    ) -> Result<Self, VolumeError> {
        Self::on(device, partition, &|_| Err(io::ErrorKind::NotFound.into()))
    }

    fn on(
        device: Box<dyn Device>,
        partition: Option<u32>,
        siblings: Siblings<'_>,
    ) -> Result<Self, VolumeError> {
        let refused = |error| opening(cause::of_partition(error));
        let opened = container::open(device, siblings).map_err(|error| refused(error.into()))?;
        let (device, container, notes): (Box<dyn Device>, _, _) = match opened {
            Opened::Plain(device) => (device, None, Vec::new()),
            Opened::Container(disk) => {
                let (format, notes) = (disk.format(), disk.notes().to_vec());
                (Box::new(disk), Some(format), notes)
            }
        };
        let found = Self::on_disk(Arc::from(device), partition)?;
        Ok(Self {
            container,
            notes,
            ..found
        })
    }

    /// On a disk that is open already.
    pub(super) fn on_disk(
        disk: Arc<dyn Device>,
        partition: Option<u32>,
    ) -> Result<Self, VolumeError> {
        let found = partition::find(&*disk, partition)
            .map_err(|error| opening(cause::of_partition(error)))?;
        let device = Window::new(Arc::clone(&disk), found.start, found.length);
        Ok(Self {
            disk,
            device: Arc::new(device),
            start: found.start,
            guid: found.guid,
            container: None,
            notes: Vec::new(),
        })
    }

    /// The journal beside an image, where it holds anything.
    pub(super) fn waiting_journal(&self, image: &Path) -> Option<PathBuf> {
        let journal = FileJournal::beside(image, self.start).ok()?;
        let holds = journal.len().is_ok_and(|bytes| bytes > 0);
        holds.then(|| journal.path().to_owned())
    }
}
