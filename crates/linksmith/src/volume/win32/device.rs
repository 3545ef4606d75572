//! A raw volume or disk of a live Windows (`\\.\D:`, `\\.\PhysicalDrive1`) as a device.
//!
//! Such a handle takes whole sectors only, so what lies between is read and kept. Needs an
//! administrator. Writing first locks the volume (no other handle may be open on it) and dismounts it,
//! so that Windows reads everything anew afterwards; the lock ends with the handle.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::windows::fs::{FileExt, OpenOptionsExt};
use std::os::windows::io::AsHandle;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use linksmith_ntfs::device::Device;
use windows_sys::Win32::Storage::FileSystem as fs;
use windows_sys::Win32::System::Ioctl;

use super::sys::{self, Buffer};
use crate::win32_error::Win32Error;

/// A raw volume or disk.
#[derive(Debug)]
pub struct RawDevice {
    file: File,
    len: u64,
    sector: u32,
    /// A write of less than a sector reads it first; two at once in one sector would lose one.
    partial: Mutex<()>,
}

/// Whether a path names a device and not a file: `\\.\D:`, `\\?\Volume{GUID}`.
#[must_use]
pub fn is_device_path(path: &Path) -> bool {
    let text = path.as_os_str().as_encoded_bytes();
    let prefixes: [&[u8]; 3] = [br"\\.\", br"\\?\Volume", br"\\?\GLOBALROOT\Device\"];
    let name = prefixes.iter().find_map(|prefix| {
        let (start, name) = text.split_at_checked(prefix.len())?;
        start.eq_ignore_ascii_case(prefix).then_some(name)
    });
    name.is_some_and(|name| !name.is_empty() && !name.contains(&b'\\'))
}

/// A name that stands for a device in file names: of a volume its GUID, however it was spelled and whatever its
/// letter is tomorrow. `None` where the path names a file.
#[must_use]
pub fn device_key(path: &Path) -> Option<OsString> {
    let text = path.to_str().filter(|_| is_device_path(path))?;
    let name = text.rsplit('\\').next()?;
    let guid = match name.as_bytes() {
        [_, b':'] => super::volume_guid(&format!(r"{name}\")).map(|guid| format!("Volume{guid}")),
        _ => None,
    };
    let key = guid.unwrap_or_else(|| name.replace(':', ""));
    Some(key.to_ascii_lowercase().into())
}

impl RawDevice {
    /// Opens a device; with `write` the volume is locked and dismounted.
    ///
    /// Errors: `ResourceBusy` where the volume is in use; else the system's own, such as 5 without an
    /// administrator's rights.
    pub fn open(path: &Path, write: bool) -> io::Result<Self> {
        let file = OpenOptions::new()
            .read(true)
            .write(write)
            .share_mode(fs::FILE_SHARE_READ | fs::FILE_SHARE_WRITE)
            .open(path)?;
        if write {
            lock(&file)?;
        }
        // Without it the file system hides the sectors behind its own last cluster. A disk does not know it.
        let _ = control(&file, Ioctl::FSCTL_ALLOW_EXTENDED_DASD_IO, 0);
        let (len, sector) = (length(&file)?, sector(&file)?);
        let partial = Mutex::new(());
        Ok(Self {
            file,
            len,
            sector,
            partial,
        })
    }

    /// The whole sectors around `len` bytes from `offset`: their start, and their bytes.
    fn around(&self, offset: u64, len: usize) -> io::Result<(u64, Vec<u8>)> {
        let sector = u64::from(self.sector);
        let start = offset - offset % sector;
        let end = offset
            .checked_add(len as u64)
            .map(|end| end.next_multiple_of(sector));
        let end = end
            .filter(|end| *end <= self.len)
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        let size = usize::try_from(end - start).map_err(|_| io::ErrorKind::InvalidInput)?;
        let mut bytes = vec![0; size];
        read_exact(&self.file, start, &mut bytes)?;
        Ok((start, bytes))
    }
}

impl Device for RawDevice {
    fn len(&self) -> u64 {
        self.len
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        let sector = u64::from(self.sector);
        if offset % sector == 0 && buf.len() as u64 % sector == 0 {
            return read_exact(&self.file, offset, buf);
        }
        let (start, bytes) = self.around(offset, buf.len())?;
        let at = (offset - start) as usize;
        let part = bytes
            .get(at..at + buf.len())
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        buf.copy_from_slice(part);
        Ok(())
    }

    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let sector = u64::from(self.sector);
        if offset % sector == 0 && data.len() as u64 % sector == 0 {
            return write_all(&self.file, offset, data);
        }
        let _guard = self.partial.lock().unwrap_or_else(PoisonError::into_inner);
        let (start, mut bytes) = self.around(offset, data.len())?;
        let at = (offset - start) as usize;
        let part = bytes
            .get_mut(at..at + data.len())
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        part.copy_from_slice(data);
        write_all(&self.file, start, &bytes)
    }

    fn flush(&self) -> io::Result<()> {
        self.file.sync_all()
    }

    fn sector_size(&self) -> u32 {
        self.sector
    }
}

fn lock(file: &File) -> io::Result<()> {
    control(file, Ioctl::FSCTL_LOCK_VOLUME, 0).map_err(|e| match Win32Error::from_io(&e) {
        // The call says 5; "in use" is what it means.
        Some(Win32Error::ACCESS_DENIED) => {
            io::Error::new(io::ErrorKind::ResourceBusy, Win32Error::DRIVE_LOCKED)
        }
        _ => e,
    })?;
    control(file, Ioctl::FSCTL_DISMOUNT_VOLUME, 0).map(|_| ())
}

/// In bytes. Drivers of disks in memory, and Wine, may not know the call; then it is the file's size.
fn length(file: &File) -> io::Result<u64> {
    match control(file, Ioctl::IOCTL_DISK_GET_LENGTH_INFO, 8) {
        Ok(answer) => Ok(u64::from_le_bytes(fixed(&answer, 0)?)),
        Err(e) if is_unknown(&e) => match file.metadata()?.len() {
            0 => Err(e),
            len => Ok(len),
        },
        Err(e) => Err(e),
    }
}

/// Bytes of a sector, the smallest that there is where the driver does not tell: a device with larger ones then
/// refuses, and nothing is torn.
fn sector(file: &File) -> io::Result<u32> {
    match control(file, Ioctl::IOCTL_DISK_GET_DRIVE_GEOMETRY_EX, 64) {
        Ok(answer) => sector_size(u32::from_le_bytes(fixed(&answer, 20)?)),
        Err(e) if is_unknown(&e) => Ok(512),
        Err(e) => Err(e),
    }
}

fn is_unknown(error: &io::Error) -> bool {
    let code = Win32Error::from_io(error);
    matches!(
        code,
        Some(Win32Error::INVALID_FUNCTION | Win32Error::NOT_SUPPORTED)
    )
}

fn control(file: &File, code: u32, output: usize) -> io::Result<Vec<u8>> {
    let mut buffer = Buffer::new(output);
    let filled = sys::control(file.as_handle(), code, &[], &mut buffer).map_err(os_error)?;
    Ok(buffer.bytes(filled).to_vec())
}

fn os_error(code: Win32Error) -> io::Error {
    io::Error::from_raw_os_error(i32::from_ne_bytes(code.0.to_ne_bytes()))
}

fn fixed<const N: usize>(bytes: &[u8], at: usize) -> io::Result<[u8; N]> {
    bytes
        .get(at..at + N)
        .and_then(|part| part.try_into().ok())
        .ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::InvalidData,
                "the device's answer is too short",
            )
        })
}

fn sector_size(bytes: u32) -> io::Result<u32> {
    if bytes.is_power_of_two() && (512..=65536).contains(&bytes) {
        return Ok(bytes);
    }
    let message = format!("the device says its sectors have {bytes} bytes");
    Err(io::Error::new(io::ErrorKind::InvalidData, message))
}

fn read_exact(file: &File, mut offset: u64, mut buf: &mut [u8]) -> io::Result<()> {
    while !buf.is_empty() {
        match file.seek_read(buf, offset)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            n => {
                buf = buf.get_mut(n..).unwrap_or_default();
                offset += n as u64;
            }
        }
    }
    Ok(())
}

fn write_all(file: &File, mut offset: u64, mut data: &[u8]) -> io::Result<()> {
    while !data.is_empty() {
        match file.seek_write(data, offset)? {
            0 => return Err(io::ErrorKind::WriteZero.into()),
            n => {
                data = data.get(n..).unwrap_or_default();
                offset += n as u64;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(
    clippy::disallowed_methods,
    reason = "files of its own in a temporary folder"
)]
mod tests {
    use super::*;

    #[test]
    fn devices_and_files_are_told_apart() {
        for device in [
            r"\\.\D:",
            r"\\.\PhysicalDrive0",
            r"\\?\Volume{0}",
            r"\\?\GLOBALROOT\Device\HarddiskVolume1",
        ] {
            assert!(is_device_path(Path::new(device)), "{device}");
        }
        for file in [
            r"D:\disk.img",
            r"\\.\D:\disk.img",
            r"\\?\Volume{0}\disk.img",
            "disk.img",
            r"\\srv\sh\disk.img",
        ] {
            assert!(!is_device_path(Path::new(file)), "{file}");
        }
    }

    #[test]
    fn a_device_has_one_key_however_it_is_spelled() {
        let key =
            |path: &str| device_key(Path::new(path)).map(|key| key.into_string().expect("text"));
        assert_eq!(
            key(r"\\.\PhysicalDrive1").as_deref(),
            Some("physicaldrive1")
        );
        let guid = "volume{01234567-89ab-cdef-0123-456789abcdef}";
        assert_eq!(key(&format!(r"\\?\{guid}")).as_deref(), Some(guid));
        assert_eq!(key(r"\\.\c:"), key(r"\\.\C:"));
        assert_eq!(key("disk.img"), None);
    }

    /// Whole sectors alone go to the device, and what stands beside the bytes in them stays.
    #[test]
    fn what_is_no_whole_sector_is_read_first() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("disk");
        std::fs::write(&path, [7; 4096]).expect("a file");
        let file = File::options()
            .read(true)
            .write(true)
            .open(&path)
            .expect("the file");
        let device = RawDevice {
            file,
            len: 4096,
            sector: 512,
            partial: Mutex::new(()),
        };
        device
            .write_at(510, &[1, 2, 3, 4])
            .expect("across two sectors");
        device.write_at(1024, &[9; 512]).expect("a whole one");
        device.flush().expect("flushed");
        let mut bytes = [0; 6];
        device.read_at(509, &mut bytes).expect("across two sectors");
        assert_eq!(bytes, [7, 1, 2, 3, 4, 7]);
        let mut wanted = vec![7; 4096];
        wanted[510..514].copy_from_slice(&[1, 2, 3, 4]);
        wanted[1024..1536].fill(9);
        assert!(std::fs::read(&path).expect("the file") == wanted);
        assert!(device.write_at(4094, &[0; 4]).is_err(), "beyond the end");
        assert!(
            device.read_at(4000, &mut [0; 200]).is_err(),
            "beyond the end"
        );
    }

    #[test]
    fn a_device_that_is_not_there_is_an_error() {
        assert!(RawDevice::open(Path::new(r"\\.\PhysicalDrive99"), false).is_err());
    }
}
