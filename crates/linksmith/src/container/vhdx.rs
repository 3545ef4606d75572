//! VHDX: two headers, two tables of regions, and in the regions the metadata and the table of blocks. All numbers are
//! little-endian; structures have a CRC-32C.
//!
//! Source: [MS-VHDX], "Virtual Hard Disk v2 (VHDX) File Format".

use std::io;

use super::{ContainerError, Files, Format, Layout, Piece, Place, disk_length, split, table_fits};
use crate::bytes::{le16, le32, le64};
use crate::path::Guid;

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;

/// Both headers, and both tables of regions.
const HEADERS: [u64; 2] = [64 * KIB, 128 * KIB];
const HEADER: usize = 4096;
const REGION_TABLES: [u64; 2] = [192 * KIB, 256 * KIB];
const REGION_TABLE: usize = 65536;
const METADATA_TABLE: usize = 65536;
/// Entries of the table of regions, and of the metadata.
const MAX_ENTRIES: usize = 2047;

pub(super) const BAT: &str = "{2dc27766-f623-4200-9d64-115e9bfd4a08}";
pub(super) const METADATA: &str = "{8b7ca206-4790-4b9a-b8fe-575f050f886e}";

pub(super) const FILE_PARAMETERS: &str = "{caa16737-fa36-4d43-b3b6-33f0aa44e76b}";
pub(super) const DISK_SIZE: &str = "{2fa54224-cd1b-4876-b211-5dbed83bf4b8}";
pub(super) const LOGICAL_SECTOR: &str = "{8141bf1d-a96f-4709-ba47-f233a8faab5f}";
/// Items that say nothing of where bytes lie: the physical sector and the disk's identity.
const OF_NO_MATTER: [&str; 2] = [
    "{cda348c7-445d-4471-9cc9-e9885251c556}",
    "{beca12ab-b2e6-4523-93ef-c309e000c746}",
];
const PARENT_LOCATOR: &str = "{a8d35f2d-b30b-454d-abf7-d3d84834ab0c}";

const HAS_PARENT: u32 = 2;
/// Of regions and of metadata items: who does not know it has to leave the disk alone.
const REGION_IS_REQUIRED: u32 = 1;
const ITEM_IS_REQUIRED: u32 = 4;

pub(super) struct Vhdx {
    length: u64,
    table: u64,
    block: u64,
    /// After so many entries of blocks stands one of a bitmap, which only disks with a parent use.
    chunk: u64,
}

pub(super) fn open(files: &Files) -> Result<Vhdx, ContainerError> {
    let header = current_header(files)?;
    let version = le16(&header, 66);
    if version != 1 {
        return Err(unsupported(format!("of version {version}")));
    }
    // The log is empty where it has no GUID.
    if header.get(48..64).is_none_or(|log| log != [0; 16]) {
        return Err(ContainerError::LogHoldsWork(Format::Vhdx));
    }
    let regions = regions(files)?;
    let metadata = Metadata::read(files, regions.metadata)?;
    let Metadata {
        length,
        block,
        sector,
    } = metadata;
    if !(MIB..=256 * MIB).contains(&block) || !block.is_power_of_two() {
        return Err(damaged(format!("blocks of {block} bytes")));
    }
    if !matches!(sector, 512 | 4096) || length % sector != 0 {
        return Err(damaged(format!("sectors of {sector} bytes")));
    }
    let chunk = (sector << 23) / block;
    let blocks = length.div_ceil(block);
    let entries = blocks + (blocks - 1) / chunk;
    if entries * 8 > regions.table.length {
        return Err(damaged("its table of blocks is too short for the disk"));
    }
    table_fits(Format::Vhdx, files, 0, (regions.table.at, entries, 8))?;
    Ok(Vhdx {
        length,
        table: regions.table.at,
        block,
        chunk,
    })
}

/// The header that was written last, of those that are whole.
fn current_header(files: &Files) -> Result<Vec<u8>, ContainerError> {
    let mut current: Option<Vec<u8>> = None;
    for at in HEADERS {
        let header = files.structure(0, at, HEADER)?;
        let whole = header.starts_with(b"head") && sums_up(&header);
        let newer = current
            .as_ref()
            .is_none_or(|current| le64(&header, 8) > le64(current, 8));
        if whole && newer {
            current = Some(header);
        }
    }
    current.ok_or_else(|| damaged("neither of its headers is whole"))
}

#[derive(Clone, Copy)]
struct Region {
    at: u64,
    length: u64,
}

struct Regions {
    table: Region,
    metadata: Region,
}

fn regions(files: &Files) -> Result<Regions, ContainerError> {
    let mut table = None;
    for at in REGION_TABLES {
        let bytes = files.structure(0, at, REGION_TABLE)?;
        if table.is_none() && bytes.starts_with(b"regi") && sums_up(&bytes) {
            table = Some(bytes);
        }
    }
    let table = table.ok_or_else(|| damaged("neither of its tables of regions is whole"))?;
    let count = (le32(&table, 8) as usize).min(MAX_ENTRIES);
    let (mut bat, mut metadata) = (None, None);
    for entry in table
        .get(16..)
        .unwrap_or_default()
        .chunks_exact(32)
        .take(count)
    {
        let region = Region {
            at: le64(entry, 16),
            length: le32(entry, 24).into(),
        };
        match guid(entry).as_str() {
            BAT => bat = Some(region),
            METADATA => metadata = Some(region),
            other if le32(entry, 28) & REGION_IS_REQUIRED != 0 => {
                return Err(unsupported(format!(
                    "with a region that is not known ({other})"
                )));
            }
            _ => {}
        }
    }
    match (bat, metadata) {
        (Some(table), Some(metadata)) => Ok(Regions { table, metadata }),
        _ => Err(damaged("it has no table of blocks, or no metadata")),
    }
}

struct Metadata {
    length: u64,
    block: u64,
    sector: u64,
}

impl Metadata {
    fn read(files: &Files, region: Region) -> Result<Self, ContainerError> {
        let table = files.structure(0, region.at, METADATA_TABLE)?;
        if !table.starts_with(b"metadata") {
            return Err(damaged("its metadata are none"));
        }
        let count = usize::from(le16(&table, 10)).min(MAX_ENTRIES);
        let (mut length, mut block, mut sector) = (0, 0, 0);
        for entry in table
            .get(32..)
            .unwrap_or_default()
            .chunks_exact(32)
            .take(count)
        {
            let at = region.at.saturating_add(le32(entry, 16).into());
            let item = |size| files.structure(0, at, size);
            match guid(entry).as_str() {
                FILE_PARAMETERS => {
                    let item = item(8)?;
                    block = u64::from(le32(&item, 0));
                    if le32(&item, 4) & HAS_PARENT != 0 {
                        return Err(differencing());
                    }
                }
                DISK_SIZE => length = disk_length(Format::Vhdx, le64(&item(8)?, 0))?,
                LOGICAL_SECTOR => sector = u64::from(le32(&item(4)?, 0)),
                PARENT_LOCATOR => return Err(differencing()),
                other if OF_NO_MATTER.contains(&other) => {}
                other if le32(entry, 24) & ITEM_IS_REQUIRED != 0 => {
                    let what = format!("with metadata that are not known ({other})");
                    return Err(unsupported(what));
                }
                _ => {}
            }
        }
        if length == 0 {
            return Err(damaged("its metadata have no size of the disk"));
        }
        Ok(Self {
            length,
            block,
            sector,
        })
    }
}

fn guid(entry: &[u8]) -> String {
    let bytes = entry.first_chunk().copied().unwrap_or_default();
    Guid::from_disk(bytes).to_string()
}

/// Structures have their checksum after a signature of 4 bytes, and count it as 0.
fn sums_up(structure: &[u8]) -> bool {
    let (before, after) = structure.split_at_checked(8).unwrap_or_default();
    let signature = before.get(..4).unwrap_or_default();
    let sum = [signature, &[0; 4], after]
        .iter()
        .fold(u32::MAX, |sum, part| crc32c(sum, part));
    le32(structure, 4) == !sum
}

/// The steps of CRC-32C (Castagnoli) for each value of a byte. The crate at hand has the other CRC-32 alone.
static CRC32C: [u32; 256] = {
    const POLYNOMIAL: u32 = 0x82F6_3B78;
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut sum = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            sum = sum >> 1 ^ if sum & 1 == 0 { 0 } else { POLYNOMIAL };
            bit += 1;
        }
        table[byte] = sum;
        byte += 1;
    }
    table
};

pub(super) fn crc32c(sum: u32, bytes: &[u8]) -> u32 {
    bytes.iter().fold(sum, |sum, byte| {
        let step = CRC32C.get((sum as u8 ^ byte) as usize).copied();
        sum >> 8 ^ step.unwrap_or_default()
    })
}

fn damaged(what: impl Into<String>) -> ContainerError {
    ContainerError::damaged(Format::Vhdx, what)
}

fn unsupported(what: impl Into<String>) -> ContainerError {
    ContainerError::unsupported(Format::Vhdx, what)
}

fn differencing() -> ContainerError {
    unsupported("that holds only what differs from its parent")
}

impl Layout for Vhdx {
    fn len(&self) -> u64 {
        self.length
    }

    fn locate(&self, files: &Files, at: u64) -> io::Result<Piece> {
        let (block, within, length) = split(at, self.block);
        let entry = self.table + 8 * (block + block / self.chunk);
        let entry = u64::from_le_bytes(files.entry(0, entry)?);
        let place = match entry & 7 {
            // Not there, undefined, zero, unmapped.
            0..=3 => Place::Zeros,
            // Bits 20 and above are the offset, which is whole MiB.
            6 => Place::Stored {
                file: 0,
                at: (entry & !(MIB - 1)).saturating_add(within),
            },
            state => return Err(damaged(format!("block {block} has state {state}")).into()),
        };
        Ok(Piece { place, length })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_of_the_standard() {
        // The check value of CRC-32C (RFC 3720, appendix B.4, has others of the same polynomial).
        assert_eq!(!crc32c(u32::MAX, b"123456789"), 0xE306_9283);
    }
}
