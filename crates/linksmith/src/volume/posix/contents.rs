//! Replacing a file's contents in place, so that all of its names see them.

use std::fs::File;
use std::io::{self, Write};

use rustix::fs::{Mode, OFlags};
#[cfg(any(target_os = "linux", target_os = "android"))]
use rustix::io::Errno;

use super::apply::Undo;
use super::steps::of_io;
use super::{PosixVolume, cause, last_name};
use crate::entry::Base;
use crate::path::EntryPath;
use crate::volume::Cause;

impl PosixVolume {
    /// Keeps the old contents in a file without a name until all steps are done.
    pub(super) fn write_file(
        &self,
        at: &EntryPath,
        contents: &[u8],
        done: &mut Vec<Undo>,
    ) -> Result<(), Cause> {
        let mut old = self.open_file(at)?;
        let mut kept = self.nameless_file(at)?;
        let old_len = io::copy(&mut old, &mut kept).map_err(of_io)?;
        let mut file = self.open_to_write(at)?;
        let new_len = contents.len() as u64;
        reserve(&file, old_len, new_len)?;
        done.push(Undo::Contents(at.clone(), kept));
        file.write_all(contents).map_err(of_io)?;
        file.set_len(new_len).map_err(of_io)
    }

    pub(super) fn open_to_write(&self, at: &EntryPath) -> Result<File, Cause> {
        let name = last_name(at)?;
        let entry = self.look(at)?;
        match entry.base {
            _ if entry.is_link() => return Err(Cause::ThroughLink(at.clone())),
            Base::File => {}
            Base::Dir => return Err(Cause::IsADirectory),
            _ => return Err(Cause::Unsupported("writing a device, socket or pipe")),
        }
        let dir = self.open_parent(at)?;
        let flags = OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file =
            rustix::fs::openat(&dir, name.as_bytes(), flags, Mode::empty()).map_err(cause::of)?;
        Ok(File::from(file))
    }

    /// A file beside `at` that goes when it is closed.
    fn nameless_file(&self, at: &EntryPath) -> Result<File, Cause> {
        let dir = self.open_parent(at)?;
        #[cfg(any(target_os = "linux", target_os = "android"))]
        {
            let flags = OFlags::RDWR | OFlags::TMPFILE | OFlags::CLOEXEC;
            match rustix::fs::openat(&dir, ".", flags, Mode::from_raw_mode(0o600)) {
                Ok(file) => return Ok(File::from(file)),
                // The file system has no such files.
                Err(Errno::NOTSUP | Errno::ISDIR | Errno::INVAL) => {}
                Err(errno) => return Err(cause::of(errno)),
            }
        }
        let name = format!(
            ".linksmith-{}-old",
            rustix::process::getpid().as_raw_nonzero()
        );
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let file = rustix::fs::openat(&dir, name.as_bytes(), flags, Mode::from_raw_mode(0o600))
            .map_err(cause::of)?;
        rustix::fs::unlinkat(&dir, name.as_bytes(), rustix::fs::AtFlags::empty())
            .map_err(cause::of)?;
        Ok(File::from(file))
    }
}

/// Takes the room that a longer text needs before any of the old one is overwritten, so that a full
/// disk costs nothing.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn reserve(file: &File, old: u64, new: u64) -> Result<(), Cause> {
    if new <= old {
        return Ok(());
    }
    let room = rustix::fs::FallocateFlags::KEEP_SIZE;
    match rustix::fs::fallocate(file, room, old, new - old) {
        Ok(()) | Err(Errno::NOTSUP | Errno::NOSYS) => Ok(()),
        Err(errno) => {
            // What was had of it goes back.
            let _ = file.set_len(old);
            Err(cause::of(errno))
        }
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn reserve(_: &File, _: u64, _: u64) -> Result<(), Cause> {
    Ok(())
}
