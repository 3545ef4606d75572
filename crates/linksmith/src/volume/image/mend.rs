//! Repairs of an image.

use std::sync::{Arc, PoisonError};

use linksmith_ntfs::Volume as Ntfs;
use linksmith_ntfs::device::Device;
use linksmith_ntfs::edit::EditError;
use linksmith_ntfs::repair::Repair;

use super::{Cause, ImageVolume, VolumeError, cause};
use crate::entry::FileTime;
use crate::path::EntryPath;

impl ImageVolume {
    /// Works out in memory what can be mended without guessing; nothing is written.
    ///
    /// # Errors
    /// [`Cause::Unsafe`] where the volume must not be changed: hibernated, or its log holds work. A dirty flag alone is no
    /// reason.
    pub fn prepare_repair(&self) -> Result<Repair<Arc<dyn Device>>, VolumeError> {
        Repair::prepare(Arc::clone(&self.device), FileTime::now().0).map_err(mending)
    }

    /// Writes a repair, whole or not at all.
    ///
    /// # Errors
    /// [`Cause::ReadOnly`] where the volume was opened for reading.
    pub fn commit_repair(&self, repair: Repair<Arc<dyn Device>>) -> Result<(), VolumeError> {
        let read_only = || VolumeError::new("repair", &EntryPath::root(), Cause::ReadOnly);
        let writer = self.writer.as_ref().ok_or_else(read_only)?;
        let mut writing = writer.lock();
        // An editor from before has what was wrong in memory.
        writing.editor = None;
        if let Some(report) = repair.commit(&*writer.journal).map_err(mending)? {
            writing.last = Some(report);
        }
        // Its state is another than when it was opened: the dirty flag may be gone.
        let fresh = Ntfs::open(Arc::clone(&self.device)).map_err(|e| mending(e.into()))?;
        *self.ntfs.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(fresh);
        self.forget();
        Ok(())
    }
}

fn mending(error: EditError) -> VolumeError {
    VolumeError::new("repair", &EntryPath::root(), cause::of_edit(error))
}
