//! What a volume keeps twice so that it can be found at all: the boot sector, and the first records of `$MFT`.
//!
//! These are mended before anything else is looked at, beneath the editor: an editor needs them sound. Of two boot
//! sectors that differ the first is right, unless the volume agrees with the backup alone; of two records `$MFT`'s is,
//! unless a check finds something about it, or it cannot be read.

use super::plan::Fix;
use crate::boot::{self, Geometry};
use crate::change::Change;
use crate::check::volume::first_difference;
use crate::check::{Code, Finding, Severity};
use crate::device::Device;
use crate::error::{Error, Result};
use crate::health::{BootState, mirrored_records, same_record};
use crate::index::Index;
use crate::layout::{attribute_type as ty, well_known};
use crate::record::Record;
use crate::tree::I30;
use crate::value::Value;
use crate::volume::Volume;

/// Writes what is plain into the change, and tells what that was. `found` is what a check finds without it.
pub(super) fn mend<D: Device>(change: &Change<D>, found: &[Finding]) -> Result<Vec<Fix>> {
    let mut fixes = Vec::new();
    fixes.extend(mend_boot(change)?);
    mend_records(change, found, &mut fixes)?;
    Ok(fixes)
}

fn mend_boot<D: Device>(change: &Change<D>) -> Result<Option<Fix>> {
    let volume = Volume::open(change)?;
    let geometry = *volume.geometry();
    let at = geometry.backup_at();
    let from_backup = |code| {
        copy_sector(change, &geometry, at, 0)?;
        let words = format!("write the boot sector again from its backup at byte {at}");
        Ok(Some(Fix::of_copy(code, None, words)))
    };
    if volume.health().boot != BootState::Sound {
        return from_backup(Code::BootDamaged);
    }
    let mut first = vec![0; geometry.sector_size as usize];
    let mut backup = first.clone();
    let read = change
        .read_at(0, &mut first)
        .and_then(|()| change.read_at(at, &mut backup));
    let is_backup = read.is_ok() && backup.get(3..7) == Some(b"NTFS".as_slice());
    if !is_backup || first_difference(&first, &backup).is_none() {
        return Ok(None);
    }
    if !agrees(&volume) && by_backup(change, &volume, &backup) {
        return from_backup(Code::BootBackupDiffers);
    }
    copy_sector(change, &geometry, 0, at)?;
    let words = format!("repeat the boot sector at byte {at}");
    Ok(Some(Fix::of_copy(Code::BootBackupDiffers, None, words)))
}

/// Whether what the boot sector says of the volume's tables is what they say themselves.
fn agrees<D: Device>(volume: &Volume<D>) -> bool {
    let geometry = volume.geometry();
    let value = |number: u64| {
        let file = volume.file(number).ok()?;
        volume.value(&file, ty::DATA, &[]).ok().flatten()
    };
    let mirror = value(well_known::MFT_MIRROR);
    let mirror = mirror.as_ref().and_then(Value::extents);
    let mirror = mirror.and_then(|extents| extents.runs.first()?.lcn);
    let bitmap = value(well_known::BITMAP).map_or(0, |bitmap| bitmap.len());
    let root = volume.file(well_known::ROOT).ok();
    let index = root.and_then(|root| {
        let index = Index::open(volume, &root, &I30).ok()??;
        Some(index.block_size())
    });
    mirror == Some(geometry.mft_mirror_lcn)
        && bitmap >= geometry.clusters.div_ceil(8)
        && bitmap <= geometry.clusters.div_ceil(8).next_multiple_of(8)
        && index == Some(geometry.index_block_size)
}

/// Whether the volume agrees with its backup.
fn by_backup<D: Device>(change: &Change<D>, volume: &Volume<&Change<D>>, backup: &[u8]) -> bool {
    let geometry = Geometry::parse(backup);
    let beside = geometry.and_then(|g| Volume::beside(change, g, volume.upcase().clone()));
    beside.is_ok_and(|volume| agrees(&volume))
}

fn copy_sector<D: Device>(
    change: &Change<D>,
    geometry: &Geometry,
    from: u64,
    to: u64,
) -> Result<()> {
    let mut sector = vec![0; geometry.sector_size as usize];
    change
        .read_at(from, &mut sector)
        .map_err(|e| Error::io("read", "boot sector", from, e))?;
    change
        .write_at(to, &sector)
        .map_err(|e| Error::io("write", "boot sector", to, e))?;
    boot::read(change, to).map(|_| ())
}

fn mend_records<D: Device>(
    change: &Change<D>,
    found: &[Finding],
    fixes: &mut Vec<Fix>,
) -> Result<()> {
    let volume = Volume::open(change)?;
    let file = volume.file(well_known::MFT_MIRROR)?;
    let Some(mirror) = volume.value(&file, ty::DATA, &[])? else {
        return Ok(());
    };
    let size = u64::from(volume.geometry().record_size);
    let mut original = vec![0; size as usize];
    let mut copy = original.clone();
    for number in 0..mirrored_records(&volume, &mirror) {
        volume.read_record(number, &mut original)?;
        volume.read_value(&mirror, number * size, &mut copy)?;
        if same_record(number, &original, &copy) {
            continue;
        }
        let ill = |finding: &Finding| {
            finding.record == Some(number) && finding.code.severity() == Severity::Wrong
        };
        let (bytes, into, words) = if is_sound(number, &original) && !found.iter().any(ill) {
            let words = format!("repeat record {number} of $MFT in $MFTMirr");
            (&original, mirror.extents(), words)
        } else if is_sound(number, &copy) {
            let words = format!("write record {number} of $MFT again from $MFTMirr");
            (&copy, Some(volume.mft()), words)
        } else {
            continue;
        };
        let place = into.and_then(|into| into.locate(volume.geometry(), number * size)?.0);
        let Some(place) = place else { continue };
        change
            .write_at(place, bytes)
            .map_err(|e| Error::io("write", "file record", place, e))?;
        fixes.push(Fix::of_copy(Code::MirrorDiffers, Some(number), words));
    }
    Ok(())
}

/// Whether a record can be read and has what this one must have.
fn is_sound(number: u64, bytes: &[u8]) -> bool {
    let Ok(record) = Record::from_disk(number, bytes.to_vec()) else {
        return false;
    };
    let needed = match number {
        well_known::VOLUME => ty::VOLUME_INFORMATION,
        well_known::MFT | well_known::MFT_MIRROR | well_known::LOG_FILE => ty::DATA,
        _ => ty::STANDARD_INFORMATION,
    };
    let has = |code: u32| {
        let mut attributes = record.attributes().flatten();
        attributes.any(|attribute| attribute.type_code == code)
    };
    let readable = record.attributes().all(|attribute| attribute.is_ok());
    record.is_in_use() && record.base().is_none() && readable && has(needed)
}
