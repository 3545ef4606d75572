//! The journal of an image as a file beside it.
#![allow(
    clippy::disallowed_methods,
    reason = "the journal is the image's own; it is no entry of a volume"
)]

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use linksmith_ntfs::journal::JournalStore;

use super::device::positioned;

/// A journal file, made when the first change is committed and gone when that is done.
///
/// Of an image `disk.img` it is `disk.img.linksmith-journal`; of a partition of a disk its first byte is in the name, and
/// that of a device lies in the user's state directory, for `/dev` is no place to keep anything.
#[derive(Debug)]
pub struct FileJournal {
    path: PathBuf,
    open: Mutex<Option<Open>>,
}

#[derive(Debug)]
struct Open {
    file: File,
    /// Whether its name in its directory may not be on the disk.
    unnamed: bool,
}

impl FileJournal {
    /// The journal of the volume that begins at byte `start` of what `image` names.
    pub fn beside(image: &Path, start: u64) -> io::Result<Self> {
        #[cfg(windows)]
        if let Some(device) = crate::volume::win32::device_key(image) {
            let name = journal_name(device, start);
            return Ok(Self::at(state_directory()?.join(name)));
        }
        let image = resolved(image)?;
        let is_file = std::fs::symlink_metadata(&image)?.is_file();
        let name = journal_name(image.file_name().unwrap_or_default().to_owned(), start);
        let directory = match image.parent().filter(|_| is_file) {
            Some(parent) => parent.to_owned(),
            None => state_directory()?,
        };
        Ok(Self::at(directory.join(name)))
    }

    /// The journal in this very file.
    pub fn at(path: PathBuf) -> Self {
        Self {
            path,
            open: Mutex::new(None),
        }
    }

    /// Where it is, or would be.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn lock(&self) -> MutexGuard<'_, Option<Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The open file; `None` where there is none and none is to be made.
    fn file(&self, make: bool) -> io::Result<MutexGuard<'_, Option<Open>>> {
        let mut open = self.lock();
        if open.is_none() {
            match OpenOptions::new()
                .read(true)
                .write(true)
                .create(make)
                .truncate(false)
                .open(&self.path)
            {
                Ok(file) => {
                    *open = Some(Open {
                        file,
                        unnamed: make,
                    });
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound && !make => {}
                Err(error) => return Err(error),
            }
        }
        Ok(open)
    }

    fn with<T>(
        &self,
        make: bool,
        absent: T,
        work: impl FnOnce(&mut Open) -> io::Result<T>,
    ) -> io::Result<T> {
        match &mut *self.file(make)? {
            Some(open) => work(open),
            None => Ok(absent),
        }
    }
}

impl JournalStore for FileJournal {
    fn len(&self) -> io::Result<u64> {
        self.with(false, 0, |open| Ok(open.file.metadata()?.len()))
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        self.with(true, (), |open| positioned::read(&open.file, offset, buf))
    }

    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.with(true, (), |open| positioned::write(&open.file, offset, data))
    }

    fn flush(&self) -> io::Result<()> {
        self.with(false, (), |open| {
            open.file.sync_data()?;
            // After the file: where a file system writes names and contents down together, this has little left to do.
            if std::mem::take(&mut open.unnamed) {
                sync_directory(&self.path).inspect_err(|_| open.unnamed = true)?;
            }
            Ok(())
        })
    }

    fn erase(&self) -> io::Result<()> {
        *self.lock() = None;
        match std::fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

fn journal_name(mut name: OsString, start: u64) -> OsString {
    if start > 0 {
        name.push(format!(".{start:x}"));
    }
    name.push(".linksmith-journal");
    name
}

/// Two ways to one image must lead to one journal.
fn resolved(image: &Path) -> io::Result<PathBuf> {
    std::fs::canonicalize(image)
}

/// That a new file has its name after a power cut is a matter of its directory.
#[cfg(unix)]
fn sync_directory(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => File::open(parent)?.sync_all(),
        _ => File::open(".")?.sync_all(),
    }
}

#[cfg(not(unix))]
fn sync_directory(_path: &Path) -> io::Result<()> {
    Ok(())
}

fn state_directory() -> io::Result<PathBuf> {
    let variable = |name| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let base = variable("XDG_STATE_HOME")
        .or_else(|| variable("LOCALAPPDATA"))
        .or_else(|| variable("HOME").map(|home| home.join(".local/state")));
    let directory = base
        .ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::NotFound,
                "no state directory: neither XDG_STATE_HOME nor HOME is set",
            )
        })?
        .join("linksmith/journals");
    std::fs::create_dir_all(&directory)?;
    Ok(directory)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_comes_and_goes() {
        let folder = tempfile::tempdir().unwrap();
        let image = folder.path().join("disk.img");
        std::fs::write(&image, [0; 10]).unwrap();
        let journal = FileJournal::beside(&image, 0).unwrap();
        assert!(journal.path().ends_with("disk.img.linksmith-journal"));
        assert_eq!(journal.len().unwrap(), 0);
        assert!(!journal.path().exists(), "looking makes nothing");
        journal.write_at(3, b"bytes").unwrap();
        journal.flush().unwrap();
        let mut bytes = [0; 5];
        FileJournal::at(journal.path().to_owned())
            .read_at(3, &mut bytes)
            .unwrap();
        assert_eq!((&bytes, journal.len().unwrap()), (b"bytes", 8));
        journal.erase().unwrap();
        assert!(!journal.path().exists());
        journal.erase().unwrap();
        let part = FileJournal::beside(&image, 0x10_0000).unwrap();
        assert!(part.path().ends_with("disk.img.100000.linksmith-journal"));
    }
}
