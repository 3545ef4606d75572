//! Looking: entries, listings, what links say, contents.

use std::fs::File;
use std::ops::ControlFlow;
use std::os::fd::AsFd;

use rustix::fs::{FileType, Mode, OFlags};
use rustix::io::Errno;

use super::{PosixVolume, cause, raw, stat};
use crate::entry::{Base, Entry, LinkText};
use crate::path::{EntryPath, Name};
use crate::volume::Cause;

impl PosixVolume {
    pub(super) fn look(&self, at: &EntryPath) -> Result<Entry, Cause> {
        let dir = self.open_parent(at)?;
        raw::entry(&dir, at.file_name().as_ref()).map_err(of_look)
    }

    pub(super) fn list(
        &self,
        at: &EntryPath,
        visit: &mut dyn FnMut(Entry) -> ControlFlow<()>,
    ) -> Result<(), Cause> {
        let dir = self
            .open_dir_with(at, OFlags::RDONLY)
            .map_err(|c| match c {
                Cause::ThroughLink(link) if link == *at => Cause::NotADirectory,
                other => other,
            })?;
        let device = stat::device(&dir).map_err(cause::of)?;
        // Reads in batches of a fixed size, whatever the directory holds; by a handle of its own,
        // because opening `.` anew needs the right to look below, which listing does not.
        let own = dir.as_fd().try_clone_to_owned().map_err(Cause::Io)?;
        let listing = rustix::fs::Dir::new(own).map_err(cause::of)?;
        for item in listing {
            let item = item.map_err(cause::of)?;
            let Ok(name) = Name::from_bytes(item.file_name().to_bytes()) else {
                continue; // `.` and `..`
            };
            let entry = match raw::entry(&dir, Some(&name)) {
                Ok(entry) => entry,
                // It went away meanwhile.
                Err(Errno::NOENT) => continue,
                // A directory may be listed whose entries may not be looked at.
                Err(_) => stat::entry_of_listing(name, item.file_type(), item.ino(), device),
            };
            if visit(entry).is_break() {
                break;
            }
        }
        Ok(())
    }

    pub(super) fn link(&self, at: &EntryPath) -> Result<Option<LinkText>, Cause> {
        let Some(name) = at.file_name() else {
            return Ok(None);
        };
        let dir = self.open_parent(at)?;
        if raw::offered(&dir) {
            if let Some(data) = raw::data(&dir, &name)? {
                return Ok(Some(LinkText::Reparse(data)));
            }
        }
        match rustix::fs::readlinkat(&dir, name.as_bytes(), Vec::new()) {
            Ok(text) => Ok(Some(LinkText::Posix(text.into_bytes()))),
            // It is there and is no symbolic link.
            Err(Errno::INVAL) => Ok(None),
            Err(errno) => Err(of_look(errno)),
        }
    }

    /// A file's contents. `O_NONBLOCK` so that a pipe that nobody writes to is refused, not waited for.
    pub(super) fn open_file(&self, at: &EntryPath) -> Result<File, Cause> {
        let Some(name) = at.file_name() else {
            return Err(Cause::IsADirectory);
        };
        let dir = self.open_parent(at)?;
        let entry = raw::entry(&dir, Some(&name)).map_err(of_look)?;
        match entry.base {
            _ if entry.is_link() => return Err(Cause::ThroughLink(at.clone())),
            Base::File => {}
            Base::Dir => return Err(Cause::IsADirectory),
            _ => return Err(Cause::Unsupported("reading a device, socket or pipe")),
        }
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file =
            rustix::fs::openat(&dir, name.as_bytes(), flags, Mode::empty()).map_err(cause::of)?;
        let stat = rustix::fs::fstat(&file).map_err(cause::of)?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Err(Cause::Unsupported("reading what is no longer a file"));
        }
        Ok(File::from(file))
    }
}

/// What cannot be a name here is not there either.
fn of_look(errno: Errno) -> Cause {
    match errno {
        Errno::NAMETOOLONG => Cause::NotFound,
        other => cause::of(other),
    }
}
