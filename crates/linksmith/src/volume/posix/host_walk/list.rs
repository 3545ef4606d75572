//! A directory's names in batches, with what the kernel says of each beside its name.

use std::ffi::CStr;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use rustix::fs::FileType;
use rustix::io::Errno;

/// A directory being read; holds its place between batches.
pub(super) struct Listing {
    fd: Arc<OwnedFd>,
}

/// The bytes of one batch: about a thousand names, and what fits a processor's nearer caches.
#[cfg(target_os = "linux")]
const BATCH: usize = 32 * 1024;

impl Listing {
    pub(super) fn new(fd: Arc<OwnedFd>) -> Self {
        Self { fd }
    }

    /// The directory's handle.
    pub(super) fn fd(&self) -> Arc<OwnedFd> {
        Arc::clone(&self.fd)
    }

    /// Hands on the next batch, `.` and `..` left out: name, type, inode. `false` at the end.
    #[cfg(target_os = "linux")]
    pub(super) fn batch(
        &mut self,
        mut each: impl FnMut(&CStr, FileType, u64),
    ) -> Result<bool, Errno> {
        let mut buffer = Vec::with_capacity(BATCH);
        let mut batch = rustix::fs::RawDir::new(&*self.fd, buffer.spare_capacity_mut());
        while let Some(entry) = batch.next() {
            let entry = entry?;
            if !is_dots(entry.file_name()) {
                each(entry.file_name(), entry.file_type(), entry.ino());
            }
            if batch.is_buffer_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The same where the system's library does the batching: all of it is one batch.
    #[cfg(not(target_os = "linux"))]
    pub(super) fn batch(
        &mut self,
        mut each: impl FnMut(&CStr, FileType, u64),
    ) -> Result<bool, Errno> {
        for entry in rustix::fs::Dir::read_from(&*self.fd)? {
            let entry = entry?;
            if !is_dots(entry.file_name()) {
                each(entry.file_name(), entry.file_type(), entry.ino());
            }
        }
        Ok(false)
    }
}

fn is_dots(name: &CStr) -> bool {
    matches!(name.to_bytes(), b"." | b"..")
}
