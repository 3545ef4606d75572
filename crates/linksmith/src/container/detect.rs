//! Which format a file has, by its first bytes and its last sector.

use std::fmt;
use std::io;

use linksmith_ntfs::device::Device;

use super::vhd;

/// What holds a disk, or files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// A dynamic or differencing VHD. A fixed one is the plain disk with a sector after it.
    Vhd,
    /// VHDX.
    Vhdx,
    /// QCOW2, and QCOW before it.
    Qcow2,
    /// VirtualBox's VDI.
    Vdi,
    /// A sparse extent of VMware's VMDK.
    Vmdk,
    /// The text that says which files make up a disk of VMware.
    VmdkDescriptor,
    /// Expert Witness Format, E01.
    Ewf,
    /// An archive of files, not of a disk.
    Wim,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Vhd => "VHD image",
            Self::Vhdx => "VHDX image",
            Self::Qcow2 => "QCOW2 image",
            Self::Vdi => "VDI image",
            Self::Vmdk => "VMDK image",
            Self::VmdkDescriptor => "VMDK description",
            Self::Ewf => "forensic EWF (E01) image",
            Self::Wim => "WIM archive",
        })
    }
}

/// The container's format; `None` where the device is the plain disk.
pub fn detect(device: &dyn Device) -> io::Result<Option<Format>> {
    let mut head = [0; 80];
    let Some(length) = device.len().min(80).try_into().ok() else {
        return Ok(None);
    };
    if let Some(there) = head.get_mut(..length) {
        device.read_at(0, there)?;
    }
    let kinds: [(usize, &[u8], Format); 10] = [
        (0, vhd::COOKIE, Format::Vhd),
        (0, b"vhdxfile", Format::Vhdx),
        (0, b"QFI\xfb", Format::Qcow2),
        (0, b"KDMV", Format::Vmdk),
        // Of ESX hosts: named, and refused with the other sparse kinds.
        (0, b"COWD", Format::Vmdk),
        (0, &[0xBE, 0xBA, 0xFE, 0xCA, 0, 0, 0, 0], Format::Vmdk),
        (0, b"# Disk Desc", Format::VmdkDescriptor),
        (64, &[0x7F, 0x10, 0xDA, 0xBE], Format::Vdi),
        (0, b"EVF\x09", Format::Ewf),
        (0, b"MSWIM\0\0\0", Format::Wim),
    ];
    let found = kinds
        .iter()
        .find(|(at, magic, _)| head.get(*at..).is_some_and(|from| from.starts_with(magic)));
    if let Some((_, _, format)) = found {
        return Ok(Some(*format));
    }
    let footer = vhd::footer(device)?;
    let is_plain = footer.is_none_or(|footer| vhd::is_fixed(&footer));
    Ok((!is_plain).then_some(Format::Vhd))
}
