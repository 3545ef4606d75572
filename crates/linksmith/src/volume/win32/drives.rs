//! The drives of a live Windows: which letters there are and what is behind each.
#![allow(
    clippy::disallowed_methods,
    reason = "the current directory comes in here"
)]

use std::ffi::OsString;
use std::os::windows::ffi::OsStringExt;
use std::path::PathBuf;
use std::sync::Arc;

use windows_sys::Win32::System::WindowsProgramming as programming;

use super::Win32Volume;
use super::device_name::{Meaning, meaning};
use super::sys;
use crate::path::{Guid, Root, utf16_from_wtf8};
use crate::volume::{DriveSource, Volume, VolumeError, root_text};

/// What is behind a drive letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DriveKind {
    /// A disk of this machine; only there a junction may lead.
    Fixed,
    /// A disk that can be taken out.
    Removable,
    /// A CD or DVD.
    CdRom,
    /// A disk in memory.
    RamDisk,
    /// A share: `\\server\share`.
    Mapped(String),
    /// A folder under a letter of its own (`SUBST`): `C:\dir`. The letter is this session's alone, so a
    /// link should rather name the folder.
    Subst(String),
    /// No one knows.
    Unknown,
}

impl DriveKind {
    /// What is behind a letter now; `None` where it is free.
    #[must_use]
    pub fn of(letter: char) -> Option<Self> {
        let device = sys::dos_device(&wide(&format!("{letter}:"))).ok()?;
        let kind = match meaning(&String::from_utf16_lossy(&device)) {
            Meaning::Subst(path) => Self::Subst(path),
            Meaning::Mapped(share) => Self::Mapped(share),
            Meaning::Device => match sys::drive_type(&wide(&format!("{letter}:\\"))).ok()? {
                programming::DRIVE_FIXED => Self::Fixed,
                programming::DRIVE_REMOVABLE => Self::Removable,
                programming::DRIVE_CDROM => Self::CdRom,
                programming::DRIVE_RAMDISK => Self::RamDisk,
                programming::DRIVE_REMOTE => Self::Mapped(String::new()),
                programming::DRIVE_NO_ROOT_DIR => return None,
                _ => Self::Unknown,
            },
        };
        Some(kind)
    }
}

/// The GUID of the volume that `path` (`C:\`, or a mount point) leads to.
#[must_use]
pub fn volume_guid(path: &str) -> Option<Guid> {
    let mount = sys::volume_path(&wide(path)).ok()?;
    let name = String::from_utf16_lossy(&sys::volume_name(&mount).ok()?);
    Guid::parse(
        name.strip_prefix(r"\\?\Volume")?
            .strip_suffix('\\')?
            .as_bytes(),
    )
}

/// The drives of this Windows, for the drive table.
#[derive(Debug, Clone, Copy, Default)]
pub struct Win32Drives;

impl DriveSource for Win32Drives {
    fn letters(&self) -> Vec<char> {
        let drives = sys::logical_drives();
        ('A'..='Z')
            .zip(0..26)
            .filter(|(_, bit)| drives >> bit & 1 != 0)
            .map(|(letter, _)| letter)
            .collect()
    }

    fn open(&self, root: &Root) -> Result<Arc<dyn Volume>, VolumeError> {
        Ok(Arc::new(Win32Volume::open(&root_dir(root))?))
    }

    fn current_dir(&self) -> OsString {
        // Where it is gone, the system's own drive is the next best place to stand.
        std::env::current_dir().map_or_else(|_| system_drive(), PathBuf::into_os_string)
    }
}

fn system_drive() -> OsString {
    let mut drive = std::env::var_os("SystemDrive").unwrap_or_else(|| "C:".into());
    drive.push("\\");
    drive
}

/// The root directory as `CreateFileW` takes it.
fn root_dir(root: &Root) -> PathBuf {
    match root {
        Root::Device(name) => verbatim(&[b"GLOBALROOT\\Device\\", name.as_ref(), b"\\"]),
        Root::DosDevice(name) => verbatim(&[name.as_ref(), b"\\"]),
        Root::Unc { server, share } => {
            verbatim(&[b"UNC\\", server.as_ref(), b"\\", share.as_ref(), b"\\"])
        }
        other => PathBuf::from(root_text(other)),
    }
}

fn verbatim(parts: &[&[u8]]) -> PathBuf {
    let rest = parts.concat();
    let mut units = wide(r"\\?\");
    // What is no WTF-8 names nothing; the open then fails with "not found".
    units.extend(utf16_from_wtf8(&rest).unwrap_or_default());
    OsString::from_wide(&units).into()
}

fn wide(text: &str) -> Vec<u16> {
    text.encode_utf16().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_systems_drive_is_there_and_local() {
        let letters = Win32Drives.letters();
        assert!(letters.contains(&'C'), "{letters:?}");
        assert_eq!(DriveKind::of('C'), Some(DriveKind::Fixed));
        let volume = Win32Drives.open(&Root::Drive(b'C')).expect("C: opens");
        assert!(volume.info().serial != 0);
    }

    #[test]
    fn a_drive_that_is_not_there_is_not_found() {
        let free = ('D'..='Y')
            .find(|letter| DriveKind::of(*letter).is_none())
            .expect("a free letter");
        assert!(Win32Drives.open(&Root::Drive(free as u8)).is_err());
    }
}
