//! VHD: a footer in the last sector (with a copy in the first one where the disk is dynamic), a header, a table with one
//! entry for each block, blocks with a bitmap of their sectors before them. All numbers are big-endian.
//!
//! Source: Microsoft, "Virtual Hard Disk Image Format Specification", version 1.0 (2006).

use std::io;

use linksmith_ntfs::device::Device;

use super::{
    ContainerError, Files, Format, Layout, MAX_BLOCK, Parts, Piece, Place, disk_length, split,
    table_fits,
};
use crate::bytes::{be32, be64};

/// How the footer begins.
pub(super) const COOKIE: &[u8] = b"conectix";

const FOOTER: u64 = 512;
const DYNAMIC_HEADER: usize = 1024;
const SECTOR: u64 = 512;

const FIXED: u32 = 2;
const DYNAMIC: u32 = 3;
const DIFFERENCING: u32 = 4;

/// An entry of the table whose block was never written.
const UNUSED: u32 = u32::MAX;

/// The footer in the last sector, where there is one.
pub(super) fn footer(device: &dyn Device) -> io::Result<Option<[u8; FOOTER as usize]>> {
    let Some(at) = device.len().checked_sub(FOOTER) else {
        return Ok(None);
    };
    let mut footer = [0; FOOTER as usize];
    device.read_at(at, &mut footer)?;
    Ok(footer.starts_with(COOKIE).then_some(footer))
}

/// Whether a footer is that of a fixed disk, which is the plain disk before it.
pub(super) fn is_fixed(footer: &[u8]) -> bool {
    be32(footer, 60) == FIXED
}

/// The bytes of the disk itself on a device that is no container: a fixed VHD is the disk and a footer.
pub(crate) fn plain_length(device: &dyn Device) -> io::Result<u64> {
    let footer = footer(device)?;
    let footer = footer.map_or(0, |_| FOOTER);
    Ok(device.len() - footer)
}

pub(super) struct Vhd {
    length: u64,
    /// Where the table begins.
    table: u64,
    block: u64,
    /// Bytes of the bitmap before each block.
    bitmap: u64,
    /// Whether sectors that the bitmap does not have are those of the disk below.
    differs: bool,
}

pub(super) fn open(parts: &mut Parts<'_>) -> Result<Vhd, ContainerError> {
    let files = &parts.files;
    let footer = sound_footer(files)?;
    let kind = be32(&footer, 60);
    if !matches!(kind, DYNAMIC | DIFFERENCING) {
        let what = format!("of kind {kind}, which is not known");
        return Err(ContainerError::unsupported(Format::Vhd, what));
    }
    let length = disk_length(Format::Vhd, be64(&footer, 48))?;
    let header = files.structure(0, be64(&footer, 16), DYNAMIC_HEADER)?;
    if !header.starts_with(b"cxsparse") || !sums_up(&header, 36) {
        return Err(damaged("its dynamic header is none"));
    }
    let (table, entries) = (be64(&header, 16), u64::from(be32(&header, 28)));
    let block = u64::from(be32(&header, 32));
    if !block.is_power_of_two() || !(SECTOR..=MAX_BLOCK).contains(&block) {
        return Err(damaged(format!("blocks of {block} bytes")));
    }
    if length.div_ceil(block) > entries {
        return Err(damaged(format!(
            "{entries} blocks for a disk of {length} bytes"
        )));
    }
    table_fits(Format::Vhd, files, 0, (table, length.div_ceil(block), 4))?;
    if kind == DIFFERENCING {
        lay_over_parent(parts, &header)?;
    }
    Ok(Vhd {
        differs: kind == DIFFERENCING,
        length,
        table,
        block,
        bitmap: (block / SECTOR).div_ceil(8).next_multiple_of(SECTOR),
    })
}

/// The footer, or its copy where that in the last sector is damaged or was cut off.
fn sound_footer(files: &Files) -> Result<Vec<u8>, ContainerError> {
    let last = files.len(0).saturating_sub(FOOTER);
    for at in [last, 0] {
        let footer = files.structure(0, at, FOOTER as usize)?;
        if footer.starts_with(COOKIE) && sums_up(&footer, 64) {
            return Ok(footer);
        }
    }
    Err(damaged(
        "neither its footer nor the copy has the right checksum",
    ))
}

/// The checksum is the complement of the sum of all other bytes.
fn sums_up(bytes: &[u8], at: usize) -> bool {
    let sum = |bytes: &[u8]| bytes.iter().map(|byte| u32::from(*byte)).sum::<u32>();
    let own = bytes.get(at..at + 4).unwrap_or_default();
    be32(bytes, at) == !(sum(bytes) - sum(own))
}

/// The parent is known by its unique id; its name may be a path of another machine, of which the last part counts.
fn lay_over_parent(parts: &mut Parts<'_>, header: &[u8]) -> Result<(), ContainerError> {
    let name = parent_name(header);
    let name = name.rsplit(['\\', '/']).next().unwrap_or_default();
    let parent = Files::new(parts.sibling(Format::Vhd, name)?);
    let footer = sound_footer(&parent)?;
    if footer.get(68..84) != header.get(40..56) {
        return Err(damaged(format!(
            "'{name}' is not the parent that it was made over"
        )));
    }
    let is_vhd = |format| matches!(format, None | Some(Format::Vhd));
    parts.lay_over(Format::Vhd, name, is_vhd)
}

/// The parent's file name: UTF-16, big-endian, to the first 0.
fn parent_name(header: &[u8]) -> String {
    let field = header.get(64..576).unwrap_or_default();
    let pairs = field.chunks_exact(2).map(|pair| match pair {
        [high, low] => u16::from_be_bytes([*high, *low]),
        _ => 0,
    });
    let units: Vec<u16> = pairs.take_while(|unit| *unit != 0).collect();
    String::from_utf16_lossy(&units)
}

fn damaged(what: impl Into<String>) -> ContainerError {
    ContainerError::damaged(Format::Vhd, what)
}

impl Vhd {
    /// How the sectors from `within` of a block that begins at `bitmap` lie: the bitmap has a bit for each, the highest
    /// of a byte first. As far as one byte of it tells.
    fn differing(&self, files: &Files, bitmap: u64, within: u64) -> io::Result<Piece> {
        let sector = within / SECTOR;
        let [bits] = files.entry(0, bitmap + sector / 8)?;
        let bits: u8 = bits << (sector % 8);
        let is_own = bits & 0x80 != 0;
        let alike = if is_own {
            bits.leading_ones()
        } else {
            bits.leading_zeros()
        };
        let sectors = u64::from(alike).min(8 - sector % 8);
        let place = if is_own {
            Place::Stored {
                file: 0,
                at: bitmap + self.bitmap + within,
            }
        } else {
            Place::Below
        };
        let length = (sectors * SECTOR - within % SECTOR).min(self.block - within);
        Ok(Piece { place, length })
    }
}

impl Layout for Vhd {
    fn len(&self) -> u64 {
        self.length
    }

    fn locate(&self, files: &Files, at: u64) -> io::Result<Piece> {
        let (block, within, length) = split(at, self.block);
        let sector = u32::from_be_bytes(files.entry(0, self.table + 4 * block)?);
        let place = match sector {
            UNUSED => Place::Below,
            sector if self.differs => {
                return self.differing(files, u64::from(sector) * SECTOR, within);
            }
            // The bitmap tells which sectors were written; the others of a block that is there hold zeros.
            sector => Place::Stored {
                file: 0,
                at: u64::from(sector) * SECTOR + self.bitmap + within,
            },
        };
        Ok(Piece { place, length })
    }
}
