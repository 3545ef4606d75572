//! Whether a volume may be changed: what its last user left behind.

use zerocopy::FromBytes;

use crate::device::Device;
use crate::error::{Refusal, Result};
use crate::fixup;
use crate::layout::{RestartArea, RestartPage, attribute_type, volume_flags, well_known};
use crate::record::Record;
use crate::value::Value;
use crate::volume::Volume;

/// The most bytes of a restart page.
const MAX_PAGE: u32 = 64 * 1024;

/// The state of a volume.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Health {
    /// The flags of `$VOLUME_INFORMATION`.
    pub flags: u16,
    /// The version of NTFS.
    pub version: (u8, u8),
    /// Whether `$LogFile` holds work.
    pub log: LogState,
    /// Whether Windows is hibernated on it.
    pub hibernated: bool,
    /// Whether `$MFTMirr` repeats `$MFT`.
    pub mirror: MirrorState,
    /// Whether the boot sector was of use.
    pub boot: BootState,
    /// Bytes that the boot sector claims and the device does not have.
    pub missing: u64,
}

/// By what the volume was opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum BootState {
    /// By its boot sector.
    #[default]
    Sound,
    /// By the backup at this byte: the boot sector cannot be read, or does not lead to `$MFT`.
    Backup(u64),
}

/// What `$LogFile` holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LogState {
    /// A restart area that says so: closed, or marked clean.
    Clean,
    /// Nothing: all bytes 0xFF, as after a reset.
    Empty,
    /// Work that was not carried out.
    HoldsWork,
    /// Nothing that could be understood.
    #[default]
    Unreadable,
}

/// How `$MFTMirr` compares with `$MFT`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum MirrorState {
    /// They agree.
    Same,
    /// They differ, first in this record.
    Differs(u64),
    /// `$MFTMirr` cannot be read.
    #[default]
    Unreadable,
}

impl Health {
    /// Judges an open volume.
    pub(crate) fn judge<D: Device>(volume: &Volume<D>, boot: BootState) -> Self {
        let information = volume.information();
        Self {
            flags: information.flags,
            version: information.version,
            log: log_state(volume).unwrap_or_default(),
            hibernated: hibernated(volume).unwrap_or_default(),
            mirror: mirror_state(volume).unwrap_or_default(),
            boot,
            missing: volume
                .geometry()
                .bytes()
                .saturating_sub(volume.device().len()),
        }
    }

    /// Whether the volume is marked dirty.
    pub fn is_dirty(&self) -> bool {
        self.flags & volume_flags::DIRTY != 0
    }

    /// Whether the last system to write to it was done with it: nothing that was read is about to be changed.
    pub fn is_clean(&self) -> bool {
        self.refusals().is_empty()
    }

    /// Every reason not to change the volume, the one that explains others first: what a cut took away cannot be read either,
    /// and mounting the rest in Windows would not bring it back.
    pub fn refusals(&self) -> Vec<Refusal> {
        let mut refusals = Vec::new();
        let cut = self.missing > 0;
        if cut {
            refusals.push(Refusal::Truncated(self.missing));
        }
        let harmless = volume_flags::DIRTY | volume_flags::MOUNTED_ON_NT4 | volume_flags::SETTING;
        let pending = self.flags & !harmless;
        if self.is_dirty() {
            refusals.push(Refusal::Dirty);
        }
        if pending != 0 {
            refusals.push(Refusal::Flags(pending));
        }
        match self.log {
            LogState::Clean | LogState::Empty => {}
            LogState::Unreadable if cut => {}
            LogState::HoldsWork | LogState::Unreadable => refusals.push(Refusal::LogNotClean),
        }
        if self.hibernated {
            refusals.push(Refusal::Hibernated);
        }
        if !matches!(self.version, (3, 0 | 1)) {
            refusals.push(Refusal::Version(self.version.0, self.version.1));
        }
        match self.mirror {
            MirrorState::Same => {}
            MirrorState::Unreadable if cut => {}
            MirrorState::Differs(record) => refusals.push(Refusal::MirrorDiffers(record)),
            MirrorState::Unreadable => refusals.push(Refusal::MirrorUnreadable),
        }
        if let BootState::Backup(at) = self.boot {
            refusals.push(Refusal::BootDamaged(at));
        }
        refusals
    }
}

/// Reads the two restart pages. The one with the higher log sequence number counts; a volume is clean where no
/// client uses the log, or where the area's clean flag (bit 1) is set.
fn log_state<D: Device>(volume: &Volume<D>) -> Result<LogState> {
    let file = volume.file(well_known::LOG_FILE)?;
    let Some(log) = volume.value(&file, attribute_type::DATA, &[])? else {
        return Ok(LogState::Unreadable);
    };
    let mut head = [0; 512];
    volume.read_value(&log, 0, &mut head)?;
    if head.iter().all(|byte| *byte == 0xFF) {
        return Ok(if is_empty(volume, &log)? {
            LogState::Empty
        } else {
            LogState::Unreadable
        });
    }
    let first = restart_page(volume, &log, 0);
    let size = match RestartPage::read_from_prefix(&head) {
        Ok((page, _)) => page.system_page_size.get(),
        Err(_) => 4096,
    };
    let second = restart_page(volume, &log, u64::from(size));
    let newest = first
        .into_iter()
        .chain(second)
        .max_by_key(|area| area.current_lsn.get());
    Ok(match newest {
        None => LogState::Unreadable,
        Some(area) if area.used_client.get() == 0xFFFF || area.flags.get() & 2 != 0 => {
            LogState::Clean
        }
        Some(_) => LogState::HoldsWork,
    })
}

/// All 0xFF at its beginning and at each place twice as far: a log is either reset whole or not at all, and what was
/// written since begins with its restart pages. Reading all of it costs more than a link does.
fn is_empty<D: Device>(volume: &Volume<D>, log: &Value) -> Result<bool> {
    let mut bytes = [0; 512];
    let mut at = bytes.len() as u64;
    while at + bytes.len() as u64 <= log.len() {
        volume.read_value(log, at, &mut bytes)?;
        if bytes.iter().any(|byte| *byte != 0xFF) {
            return Ok(false);
        }
        at *= 2;
    }
    Ok(true)
}

fn restart_page<D: Device>(volume: &Volume<D>, log: &Value, offset: u64) -> Option<RestartArea> {
    let mut head = [0; 512];
    volume.read_value(log, offset, &mut head).ok()?;
    let (page, _) = RestartPage::read_from_prefix(&head).ok()?;
    let size = page.system_page_size.get();
    if !size.is_power_of_two() || !(512..=MAX_PAGE).contains(&size) {
        return None;
    }
    let mut bytes = vec![0; size as usize];
    volume.read_value(log, offset, &mut bytes).ok()?;
    let signature = page.multi_sector.signature;
    if signature != *b"RSTR" && signature != *b"CHKD" {
        return None;
    }
    fixup::undo(&mut bytes, signature, "restart page").ok()?;
    let area = bytes.get(usize::from(page.restart_offset.get())..)?;
    RestartArea::read_from_prefix(area)
        .ok()
        .map(|(area, _)| area)
}

/// The first sector of `hiberfil.sys` says whether a memory image waits in it.
fn hibernated<D: Device>(volume: &Volume<D>) -> Result<bool> {
    let name: Vec<u16> = "hiberfil.sys".encode_utf16().collect();
    let Some(entry) = volume.lookup(well_known::ROOT, &name)? else {
        return Ok(false);
    };
    let file = volume.file_by_ref(entry.file)?;
    let Some(value) = volume.value(&file, attribute_type::DATA, &[])? else {
        return Ok(false);
    };
    let mut signature = [0; 4];
    if value.len() < 4 {
        return Ok(false);
    }
    volume.read_value(&value, 0, &mut signature)?;
    Ok(signature.eq_ignore_ascii_case(b"HIBR"))
}

fn mirror_state<D: Device>(volume: &Volume<D>) -> Result<MirrorState> {
    let file = volume.file(well_known::MFT_MIRROR)?;
    let Some(mirror) = volume.value(&file, attribute_type::DATA, &[])? else {
        return Ok(MirrorState::Unreadable);
    };
    let size = u64::from(volume.geometry().record_size);
    let mut original = vec![0; size as usize];
    let mut copy = original.clone();
    let count = mirrored_records(volume, &mirror);
    for number in 0..count {
        volume.read_record(number, &mut original)?;
        volume.read_value(&mirror, number * size, &mut copy)?;
        if !same_record(number, &original, &copy) {
            return Ok(MirrorState::Differs(number));
        }
    }
    Ok(if count == 0 {
        MirrorState::Unreadable
    } else {
        MirrorState::Same
    })
}

/// How many records the mirror repeats: four, or a cluster of them; a longer mirror is no mirror.
pub(crate) fn mirrored_records<D: Device>(volume: &Volume<D>, mirror: &Value) -> u64 {
    let count = mirror.len() / u64::from(volume.geometry().record_size);
    count.min(volume.record_count()).min(4096)
}

/// Compares the bytes in use, and not the update sequence: the two are written one after the other, and
/// need not have gone through the same numbers.
pub(crate) fn same_record(number: u64, original: &[u8], copy: &[u8]) -> bool {
    if original == copy {
        return true;
    }
    let plain = |bytes: &[u8]| {
        let record = Record::from_disk(number, bytes.to_vec()).ok()?;
        let header = record.header();
        let start = usize::from(header.multi_sector.update_sequence_offset.get());
        let end = start + 2 * usize::from(header.multi_sector.update_sequence_count.get());
        let mut used = record.into_bytes();
        used.truncate(header.bytes_in_use.get() as usize);
        used.get_mut(start..end)?.fill(0);
        Some(used)
    };
    matches!((plain(original), plain(copy)), (Some(a), Some(b)) if a == b)
}
