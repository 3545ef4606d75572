//! Disks in containers: files in which the bytes of a disk do not lie in their order, read as that disk.
//!
//! Each format is a `Layout`: it says where a range of the disk lies, and reads nothing of the disk itself.
//! [`ContainerDevice`] does the reading for all of them. Nothing is written: a container has tables, logs and counts of
//! its own to be kept in step, which would want a journal over several formats for what `qemu-img convert` does in one
//! call. Tables are read where they are needed, through a cache of fixed size, so that a disk of any size takes the same
//! memory.

mod cache;
mod detect;
mod device;
mod error;
mod parts;
mod qcow2;
#[cfg(test)]
mod tests;
mod vdi;
mod vhd;
mod vhdx;
mod vmdk;

use std::io;

use linksmith_ntfs::device::Device;

pub use detect::{Format, detect};
pub use device::ContainerDevice;
pub use error::ContainerError;
pub(crate) use vhd::plain_length;

use device::Files;
use parts::Parts;

/// Opens a file that lies beside the container, by its name, for reading.
pub type Siblings<'a> = &'a dyn Fn(&str) -> io::Result<Box<dyn Device>>;

/// A device, looked at.
#[derive(Debug)]
pub enum Opened {
    /// It is the disk.
    Plain(Box<dyn Device>),
    /// It holds the disk.
    Container(ContainerDevice),
}

/// Opens the disk in a container; a device that is no container is given back.
///
/// # Errors
///
/// [`ContainerError`], where it is a container that cannot be read.
pub fn open(device: Box<dyn Device>, siblings: Siblings<'_>) -> Result<Opened, ContainerError> {
    open_at(device, siblings, 0)
}

/// The same, for the disk that lies below so many others.
fn open_at(
    device: Box<dyn Device>,
    siblings: Siblings<'_>,
    depth: u32,
) -> Result<Opened, ContainerError> {
    let Some(format) = detect(&*device)? else {
        return Ok(Opened::Plain(device));
    };
    let mut parts = Parts::new(device, siblings, depth);
    let layout = layout(format, &mut parts).map_err(|error| match error {
        // Structures that the file is too short for: what was cut off.
        ContainerError::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            ContainerError::damaged(format, error.to_string())
        }
        other => other,
    })?;
    Ok(Opened::Container(ContainerDevice::new(
        format, parts, layout,
    )))
}

fn layout(format: Format, parts: &mut Parts<'_>) -> Result<Box<dyn Layout>, ContainerError> {
    Ok(match format {
        Format::Vhd => Box::new(vhd::open(parts)?),
        Format::Vhdx => Box::new(vhdx::open(&parts.files)?),
        Format::Qcow2 => Box::new(qcow2::open(parts)?),
        Format::Vdi => Box::new(vdi::open(&parts.files)?),
        Format::Vmdk => Box::new(vmdk::open(parts)?),
        Format::VmdkDescriptor => Box::new(vmdk::open_described(parts)?),
        Format::Ewf | Format::Wim => return Err(ContainerError::Closed(format)),
    })
}

/// Where the bytes of a disk lie.
trait Layout: Send + Sync {
    /// The length of the disk in bytes.
    fn len(&self) -> u64;

    /// Where the byte at `at`, which is below [`len`](Self::len), lies, and how many after it follow it there.
    fn locate(&self, files: &Files, at: u64) -> io::Result<Piece>;
}

/// A range of the disk that lies in one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Piece {
    place: Place,
    /// Its bytes, at least 1; it may reach past the end of the disk.
    length: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In this file, at this byte.
    Stored { file: usize, at: u64 },
    /// Nowhere: zeros.
    Zeros,
    /// At the same byte of the disk that this one lies over, where it lies over one; else zeros.
    Below,
    /// In a unit that is compressed, `skip` bytes after its begin.
    Packed { unit: Packed, skip: usize },
}

/// A compressed unit of a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Packed {
    file: usize,
    /// Where it begins in the file.
    at: u64,
    /// Its bytes in the file, at most: more may follow that are not its own.
    length: usize,
    /// Its bytes, unpacked.
    unpacked: usize,
    /// Whether zlib's header stands before the deflated data.
    zlib: bool,
}

/// The unit in which the byte at `at` lies, its place in it, and the bytes from there to the unit's end.
fn split(at: u64, unit: u64) -> (u64, u64, u64) {
    let within = at % unit;
    (at / unit, within, unit - within)
}

/// The most bytes of one unit (block, cluster, grain): what the formats allow, and no more than a cache can hold.
const MAX_BLOCK: u64 = 256 << 20;
/// The longest disk: what every offset within it can be counted in, also as a signed number.
const MAX_DISK: u64 = 1 << 62;

/// The length of a disk, where it is one of some bytes.
fn disk_length(format: Format, length: u64) -> Result<u64, ContainerError> {
    if (1..=MAX_DISK).contains(&length) {
        return Ok(length);
    }
    Err(ContainerError::damaged(
        format,
        format!("a disk of {length} bytes"),
    ))
}

/// A table of `(begin, entries, size of each)` has to lie within its file.
fn table_fits(
    format: Format,
    files: &Files,
    file: usize,
    (at, entries, size): (u64, u64, u64),
) -> Result<(), ContainerError> {
    let end = entries
        .checked_mul(size)
        .and_then(|length| length.checked_add(at));
    let length = files.len(file);
    if end.is_some_and(|end| end <= length) {
        return Ok(());
    }
    let what =
        format!("its table of {entries} entries at {at} ends past the file's {length} bytes");
    Err(ContainerError::damaged(format, what))
}
