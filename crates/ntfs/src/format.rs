//! A new, empty volume.
//!
//! The records of the volume's own files are laid out here; index entries and descriptors are then added by the same
//! code that edits any volume. The boot sector is written last: until then the device holds no volume at all.

mod layout;
mod records;
mod tables;

use crate::change::Change;
use crate::collate::UpCase;
use crate::device::Device;
use crate::edit::{EditError, EditResult, Editor};
use crate::error::{Error, Result};
use crate::file_ref::FileRef;
use crate::fixup;
use crate::journal::MemoryJournal;
use crate::layout::well_known;

use layout::Plan;

/// The smallest volume, in bytes.
pub const LEAST_SIZE: u64 = 1 << 20;
/// Units a label may have.
pub const MOST_LABEL_UNITS: usize = 32;
/// Bytes written at once.
const CHUNK: usize = 1 << 20;

/// What a new volume is to be like.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FormatOptions {
    /// Bytes to a cluster: a power of two, a sector to 2 MiB. `None` takes 4096, more where the volume is too large for that, less on a tiny one.
    pub cluster_size: Option<u32>,
    /// The label in UTF-16, at most 32 units.
    pub label: Vec<u16>,
    /// The 64-bit serial number, of which Windows shows the low half.
    pub serial: u64,
    /// The time of everything on it, in units of 100 ns since 1601.
    pub now: u64,
}

/// Why a device could not be formatted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// The device is too small, or the wishes do not go together.
    #[error("cannot make an NTFS volume: {0}")]
    Options(String),
    /// The device failed.
    #[error(transparent)]
    Volume(#[from] Error),
    /// The new volume could not be filled.
    #[error(transparent)]
    Edit(#[from] EditError),
}

/// Makes an empty volume of the whole device. Whatever was on it is gone.
///
/// # Errors
/// [`FormatError::Options`] where nothing was written; any other leaves a device that holds no volume.
pub fn format<D: Device>(device: D, options: &FormatOptions) -> Result<(), FormatError> {
    let plan =
        Plan::new(device.len(), device.sector_size(), options).map_err(FormatError::Options)?;
    // No volume from here on, until the boot sector is there.
    let sector = vec![0; plan.geometry.sector_size as usize];
    let backup = plan.geometry.sectors * u64::from(plan.geometry.sector_size);
    write(&device, 0, &sector)?;
    write(&device, backup, &sector)?;
    write_tables(&device, &plan)?;
    let records = records::system_records(&plan, options)?;
    write_records(&device, &plan, &records)?;
    fill(&device, &plan, options.now)?;
    let boot = plan.boot_sector();
    write(&device, backup, &boot)?;
    write(&device, 0, &boot)?;
    device
        .flush()
        .map_err(|e| Error::io("flush", "volume", 0, e))?;
    Ok(())
}

/// Index entries and descriptors, through the editor.
fn fill<D: Device>(device: &D, plan: &Plan, now: u64) -> EditResult<()> {
    let mut editor = Editor::over(
        Change::new(device),
        plan.geometry,
        UpCase::from_bytes(&tables::upcase())?,
        plan.mft(),
        now,
    )?;
    for (descriptor, expected) in records::descriptors() {
        let id = editor.security_id(&descriptor)?;
        if id != expected {
            let expected = format!("security id {expected}");
            return Err(Error::damaged("$Secure", 0, expected, id)
                .in_record(well_known::SECURE)
                .into());
        }
    }
    for (number, parent, name) in records::names() {
        let file = FileRef::new(number, records::sequence(number));
        let parent = FileRef::new(parent, records::sequence(parent));
        let file_name = editor.summary(number)?.file_name(
            parent,
            &name,
            crate::layout::namespace::WIN32_AND_DOS,
        );
        editor.add_entry(parent, file, &file_name)?;
    }
    // There was no volume before, with which a check of what was touched could compare.
    editor.seal()?;
    editor.commit_sealed(&MemoryJournal::default())?;
    Ok(())
}

fn write_tables<D: Device>(device: &D, plan: &Plan) -> Result<()> {
    let at = |lcn: u64| plan.geometry.cluster_offset(lcn);
    write_padded(
        device,
        at(plan.attribute_definitions.start),
        &tables::attribute_definitions(),
        plan,
    )?;
    write_padded(device, at(plan.upcase.start), &tables::upcase(), plan)?;
    write_padded(
        device,
        at(plan.mft_bitmap.start),
        &records::mft_bitmap(plan.records),
        plan,
    )?;
    // An empty log: all ones. Windows makes its own of it when it first mounts the volume.
    let (mut offset, end) = (at(plan.log.start), at(plan.log.end));
    let ones = vec![0xFF; CHUNK];
    while offset < end {
        let n = (end - offset).min(CHUNK as u64);
        write(device, offset, &ones[..n as usize])?;
        offset += n;
    }
    write_bitmap(device, plan)
}

/// `$Bitmap`, in pieces: of a large volume it has hundreds of megabytes, nearly all of them zeros that a sparse
/// file has already.
fn write_bitmap<D: Device>(device: &D, plan: &Plan) -> Result<()> {
    let start = plan.geometry.cluster_offset(plan.bitmap.start);
    let end = plan.geometry.cluster_offset(plan.bitmap.end);
    let (mut piece, mut there) = (vec![0; CHUNK], vec![0; CHUNK]);
    let mut offset = 0;
    while start + offset < end {
        let n = (end - start - offset).min(CHUNK as u64) as usize;
        plan.fill_bitmap(offset, &mut piece[..n]);
        let is_zero = piece[..n].iter().all(|byte| *byte == 0);
        if is_zero {
            device
                .read_at(start + offset, &mut there[..n])
                .map_err(|e| Error::io("read", "$Bitmap", start + offset, e))?;
        }
        if !is_zero || there[..n].iter().any(|byte| *byte != 0) {
            write(device, start + offset, &piece[..n])?;
        }
        offset += n as u64;
    }
    Ok(())
}

/// The records, on the disk and in the mirror.
fn write_records<D: Device>(device: &D, plan: &Plan, records: &[Vec<u8>]) -> Result<()> {
    let mut disk = Vec::new();
    for (number, record) in records.iter().enumerate() {
        let mut record = record.clone();
        fixup::redo(&mut record, "file record").map_err(|e| e.in_record(number as u64))?;
        disk.extend_from_slice(&record);
    }
    write_padded(
        device,
        plan.geometry.cluster_offset(plan.mft.start),
        &disk,
        plan,
    )?;
    let mirror = plan.geometry.cluster_offset(plan.mirror.start);
    write_padded(
        device,
        mirror,
        &disk[..(plan.mirror_size() as usize).min(disk.len())],
        plan,
    )
}

fn write_padded<D: Device>(device: &D, offset: u64, bytes: &[u8], plan: &Plan) -> Result<()> {
    let mut whole = bytes.to_vec();
    whole.resize(
        bytes
            .len()
            .next_multiple_of(plan.geometry.cluster_size as usize),
        0,
    );
    write(device, offset, &whole)
}

fn write<D: Device>(device: &D, offset: u64, bytes: &[u8]) -> Result<()> {
    device
        .write_at(offset, bytes)
        .map_err(|e| Error::io("write", "new volume", offset, e))
}
