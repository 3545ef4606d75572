//! A file or block device as the engine's `Device`: positioned reads and writes, locked while open.
#![allow(
    clippy::disallowed_methods,
    reason = "the image itself is opened here; links on the way to it are the user's"
)]

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::Duration;

use linksmith_ntfs::device::Device;

use crate::container::{self, Format};

#[cfg(windows)]
use crate::win32_error::Win32Error;

/// What is wanted of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// To read it: others may read it too.
    Read,
    /// To change it: nobody else may have it open.
    Write,
}

/// Opens an image file or a device; on Windows also a raw volume or disk (`\\.\D:`).
///
/// # Errors
///
/// As [`FileDevice::open`].
pub fn open_device(path: &Path, access: Access) -> io::Result<Box<dyn Device>> {
    #[cfg(windows)]
    if crate::volume::win32::is_device_path(path) {
        let write = access == Access::Write;
        return Ok(Box::new(crate::volume::win32::RawDevice::open(
            path, write,
        )?));
    }
    Ok(Box::new(FileDevice::open(path, access)?))
}

/// The container that a file is, looked at beside whoever has it locked; `None` where it is none or cannot be read.
pub fn container_of(path: &Path) -> Option<Format> {
    let metadata = std::fs::metadata(path).ok()?;
    if !metadata.is_file() {
        return None;
    }
    let device = FileDevice {
        file: File::open(path).ok()?,
        length: metadata.len(),
        sector_size: 512,
        writable: false,
    };
    container::detect(&device).ok()?
}

/// A path as the system names it, so that two of one file are equal; a device of Windows has the one alone.
pub(super) fn real_path(path: &Path) -> PathBuf {
    std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

/// How long a locked image is waited for: a second in all.
const TRIES: u32 = 40;
const BETWEEN_TRIES: Duration = Duration::from_millis(25);

/// An image file or a block device.
///
/// An advisory lock (share mode on Windows) keeps two of these from changing one image; a block device that is to be
/// changed is opened exclusively, which fails while it is mounted.
#[derive(Debug)]
pub struct FileDevice {
    file: File,
    length: u64,
    sector_size: u32,
    writable: bool,
}

impl FileDevice {
    /// Opens and locks it.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::ResourceBusy`] where another program has it locked or mounted; else the system's own.
    pub fn open(path: &Path, access: Access) -> io::Result<Self> {
        let file = patiently(|| open(path, access))?;
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            return Err(io::Error::new(
                io::ErrorKind::IsADirectory,
                "it is a directory",
            ));
        }
        // The metadata of a block device have no length; its end has.
        let length = if metadata.is_file() {
            metadata.len()
        } else {
            (&file).seek(SeekFrom::End(0))?
        };
        let sector_size = sector_size(&file, metadata.is_file());
        Ok(Self {
            file,
            length,
            sector_size,
            writable: access == Access::Write,
        })
    }

    /// Whether it was opened to be changed.
    pub fn is_writable(&self) -> bool {
        self.writable
    }
}

impl Device for FileDevice {
    fn len(&self) -> u64 {
        self.length
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        positioned::read(&self.file, offset, buf)
    }

    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let end = offset.checked_add(data.len() as u64);
        if end.is_none_or(|end| end > self.length) {
            let what = format!(
                "{} bytes at {offset} lie outside of {}",
                data.len(),
                self.length
            );
            return Err(io::Error::new(io::ErrorKind::InvalidInput, what));
        }
        positioned::write(&self.file, offset, data)
    }

    fn flush(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn sector_size(&self) -> u32 {
        self.sector_size
    }
}

/// Programs in a pipe follow each other closely: what the one before has locked is waited for, a little.
fn patiently(open: impl Fn() -> io::Result<File>) -> io::Result<File> {
    for _ in 0..TRIES {
        match open() {
            Err(error) if is_locked(&error) => std::thread::sleep(BETWEEN_TRIES),
            result => return result,
        }
    }
    open()
}

#[cfg(not(windows))]
fn is_locked(error: &io::Error) -> bool {
    // A mounted device is busy as well, with a code of the system, and stays so.
    error.kind() == io::ErrorKind::ResourceBusy && error.raw_os_error().is_none()
}

#[cfg(windows)]
fn is_locked(error: &io::Error) -> bool {
    /// ERROR_SHARING_VIOLATION
    const SHARING_VIOLATION: i32 = 32;
    error.raw_os_error() == Some(SHARING_VIOLATION)
}

#[cfg(unix)]
fn open(path: &Path, access: Access) -> io::Result<File> {
    use rustix::fs::FlockOperation;
    use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};

    let mut options = OpenOptions::new();
    options.read(true).write(access == Access::Write);
    let mut file = options.open(path)?;
    if access == Access::Write && file.metadata()?.file_type().is_block_device() {
        // Exclusive opening of a block device fails while it is mounted; on other systems it does no harm.
        drop(file);
        file = options
            .custom_flags(rustix::fs::OFlags::EXCL.bits() as i32)
            .open(path)?;
    }
    let lock = match access {
        Access::Read => FlockOperation::NonBlockingLockShared,
        Access::Write => FlockOperation::NonBlockingLockExclusive,
    };
    locked(rustix::fs::flock(&file, lock))?;
    if access == Access::Write {
        // ntfs-3g and its tools know this other kind of lock alone: it keeps them off. A mount does not hold it, for
        // it was taken before the fork, so mounts are looked for.
        locked(rustix::fs::fcntl_lock(&file, lock))?;
        #[cfg(target_os = "linux")]
        if file.metadata()?.is_file() && attached::is_attached(&real_path(path)) {
            // The code, not the kind alone: it is not waited for.
            return Err(rustix::io::Errno::BUSY.into());
        }
    }
    Ok(file)
}

#[cfg(unix)]
fn locked(result: rustix::io::Result<()>) -> io::Result<()> {
    use rustix::io::Errno;
    match result {
        Ok(()) => Ok(()),
        Err(Errno::WOULDBLOCK | Errno::ACCESS) => Err(io::Error::new(
            io::ErrorKind::ResourceBusy,
            "another program has it locked",
        )),
        // Network file systems without locks are read and written all the same.
        Err(Errno::NOTSUP | Errno::NOLCK) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Whether the system has an image file open as a file system or as a device, which both have caches of their own that would
/// not see what is written to the file.
#[cfg(target_os = "linux")]
mod attached {
    use std::os::unix::ffi::OsStrExt;
    use std::path::Path;

    pub(super) fn is_attached(image: &Path) -> bool {
        is_mounted(image) || is_behind_a_loop_device(image)
    }

    /// FUSE file systems name their image as the source of the mount.
    fn is_mounted(image: &Path) -> bool {
        let mounts = std::fs::read("/proc/self/mounts").unwrap_or_default();
        let mut sources = mounts
            .split(|byte| *byte == b'\n')
            .filter_map(|line| line.split(|byte| *byte == b' ').next());
        sources.any(|source| unescaped(source) == image.as_os_str().as_bytes())
    }

    /// Blanks, tabs, line ends and backslashes are written as three octal digits (proc_pid_mounts(5)).
    pub(super) fn unescaped(field: &[u8]) -> Vec<u8> {
        let mut plain = Vec::with_capacity(field.len());
        let mut rest = field;
        while let Some((first, after)) = rest.split_first() {
            let (byte, next) = match rest {
                [
                    b'\\',
                    a @ b'0'..=b'3',
                    b @ b'0'..=b'7',
                    c @ b'0'..=b'7',
                    next @ ..,
                ] => ((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'), next),
                _ => (*first, after),
            };
            plain.push(byte);
            rest = next;
        }
        plain
    }

    fn is_behind_a_loop_device(image: &Path) -> bool {
        let devices = std::fs::read_dir("/sys/block").into_iter().flatten();
        devices.flatten().any(|device| {
            std::fs::read(device.path().join("loop/backing_file"))
                .is_ok_and(|backing| backing.trim_ascii_end() == image.as_os_str().as_bytes())
        })
    }
}

#[cfg(windows)]
fn open(path: &Path, access: Access) -> io::Result<File> {
    use std::os::windows::fs::OpenOptionsExt;

    /// Windows: others may open the file to read it.
    const FILE_SHARE_READ: u32 = 1;
    let share = if access == Access::Write {
        0
    } else {
        FILE_SHARE_READ
    };
    OpenOptions::new()
        .read(true)
        .write(access == Access::Write)
        .share_mode(share)
        .open(path)
        .map_err(busy)
}

/// Says of a sharing or lock violation what it means, as the locks of other systems do.
#[cfg(windows)]
fn busy(error: io::Error) -> io::Error {
    match Win32Error::from_io(&error) {
        Some(Win32Error::SHARING_VIOLATION | Win32Error::LOCK_VIOLATION) => {
            io::Error::new(io::ErrorKind::ResourceBusy, error)
        }
        _ => error,
    }
}

#[cfg(not(any(unix, windows)))]
fn open(path: &Path, access: Access) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(access == Access::Write)
        .open(path)
}

#[cfg(target_os = "linux")]
fn sector_size(file: &File, regular: bool) -> u32 {
    // A power cut tears a file at the sectors of the disk below, of which 512 is the smallest.
    if regular {
        512
    } else {
        rustix::fs::ioctl_blksszget(file).unwrap_or(512)
    }
}

#[cfg(not(target_os = "linux"))]
fn sector_size(_file: &File, _regular: bool) -> u32 {
    512
}

#[cfg(unix)]
pub(super) mod positioned {
    use std::fs::File;
    use std::io;
    use std::os::unix::fs::FileExt;

    pub(in super::super) fn read(file: &File, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        file.read_exact_at(buf, offset)
    }

    pub(in super::super) fn write(file: &File, offset: u64, data: &[u8]) -> io::Result<()> {
        file.write_all_at(data, offset)
    }
}

#[cfg(windows)]
pub(super) mod positioned {
    use std::fs::File;
    use std::io;
    use std::os::windows::fs::FileExt;

    pub(in super::super) fn read(
        file: &File,
        mut offset: u64,
        mut buf: &mut [u8],
    ) -> io::Result<()> {
        while !buf.is_empty() {
            match file.seek_read(buf, offset)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                count => {
                    buf = buf.get_mut(count..).unwrap_or_default();
                    offset += count as u64;
                }
            }
        }
        Ok(())
    }

    pub(in super::super) fn write(file: &File, mut offset: u64, mut data: &[u8]) -> io::Result<()> {
        while !data.is_empty() {
            match file.seek_write(data, offset)? {
                0 => return Err(io::ErrorKind::WriteZero.into()),
                count => {
                    data = data.get(count..).unwrap_or_default();
                    offset += count as u64;
                }
            }
        }
        Ok(())
    }
}

#[cfg(all(test, any(unix, windows)))]
mod tests {
    use super::*;

    #[test]
    fn a_writer_is_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("image");
        std::fs::write(&path, [0; 4096]).unwrap();
        let reader = FileDevice::open(&path, Access::Read).unwrap();
        assert!(FileDevice::open(&path, Access::Read).is_ok());
        let busy = |access| FileDevice::open(&path, access).unwrap_err().kind();
        assert_eq!(busy(Access::Write), io::ErrorKind::ResourceBusy);
        drop(reader);
        let writer = FileDevice::open(&path, Access::Write).unwrap();
        assert_eq!(busy(Access::Read), io::ErrorKind::ResourceBusy);
        writer.write_at(4094, &[1, 2]).unwrap();
        assert!(writer.write_at(4095, &[1, 2]).is_err(), "it never grows");
        let mut two = [0; 2];
        writer.read_at(4094, &mut two).unwrap();
        assert_eq!((two, writer.len()), ([1, 2], 4096));
        assert!(writer.read_at(4095, &mut two).is_err());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn names_in_the_table_of_mounts() {
        assert_eq!(
            attached::unescaped(br"/tmp/b\040x\134.img"),
            br"/tmp/b x\.img"
        );
        assert_eq!(attached::unescaped(br"\04 \9"), br"\04 \9");
    }
}
