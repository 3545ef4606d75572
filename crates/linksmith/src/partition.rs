//! Where the NTFS volumes of a disk are: MBR, GPT, or no partitions at all. Disks in containers are
//! [opened](crate::container) before.
//!
//! Written for reading only; crates exist for GPT alone, and none for the four together, which are less than
//! what would have to be wrapped.

use std::io;

use linksmith_ntfs::boot::backup;
use linksmith_ntfs::device::{Device, Window};

use crate::bytes::{le32, le64};
use crate::container::{self, ContainerError};
use crate::path::Guid;

/// A part of a disk that begins with an NTFS boot sector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Partition {
    /// Its number, from 1, as the table counts; 0 where the volume is all there is.
    pub number: u32,
    /// Its first byte.
    pub start: u64,
    /// Its bytes.
    pub length: u64,
    /// What Windows calls the volume, `\\?\Volume{GUID}\`, where the table tells.
    ///
    /// GPT: the partition's unique GUID. MBR, since Windows 10: the disk's signature (4 bytes at 0x1B8), two fields of 0,
    /// and the partition's first byte as 8 little-endian bytes. Older systems, and removable disks, have a GUID that only
    /// their registry knows.
    pub guid: Option<Guid>,
}

/// Why there is no volume to open.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PartitionError {
    /// The disk could not be read.
    #[error("cannot read the partition table at byte {position}: {source}")]
    Io {
        /// Where.
        position: u64,
        /// The device's words.
        source: io::Error,
    },
    /// Neither a volume nor a table.
    #[error(
        "there is no NTFS volume: neither its boot sector nor a partition table begins at byte 0"
    )]
    NoTable,
    /// The table has no NTFS volume.
    #[error("none of its {0} partitions holds NTFS")]
    NoNtfs(usize),
    /// There are several, and none was chosen.
    #[error("it has {} NTFS partitions ({}): say which", .0.len(), numbers(.0))]
    Ambiguous(Vec<Partition>),
    /// One was chosen, and there is no table: the volume fills the disk.
    #[error("it has no partitions: the volume fills it")]
    Whole,
    /// The chosen one is none of them.
    #[error("partition {wanted} holds no NTFS; there are: {}", numbers(.there))]
    NotThere {
        /// The number that was asked for.
        wanted: u32,
        /// Those that hold NTFS.
        there: Vec<Partition>,
    },
    /// A disk in a container that cannot be read, or has not been [opened](crate::container::open).
    #[error(transparent)]
    Container(#[from] ContainerError),
}

fn numbers(partitions: &[Partition]) -> String {
    let numbers: Vec<_> = partitions.iter().map(|p| p.number.to_string()).collect();
    numbers.join(", ")
}

/// Bytes of a sector of tables; 4096 on disks that say so, which is tried second.
const SECTORS: [u64; 2] = [512, 4096];
/// Where the MBR has the disk's signature.
const SIGNATURE: usize = 0x1B8;
/// A disk with more logical partitions than this is damaged: Windows has letters for 24.
const MAX_LOGICAL: usize = 128;
/// GPT has 128 entries; the standard allows more.
const MAX_ENTRIES: u32 = 1024;

/// The NTFS volume to open: the only one, or that of the wanted number.
pub fn find(device: &dyn Device, wanted: Option<u32>) -> Result<Partition, PartitionError> {
    let found = list(device)?;
    let mut ntfs = Vec::new();
    for partition in &found {
        if holds_ntfs(device, partition)? {
            ntfs.push(*partition);
        }
    }
    match (wanted, ntfs.as_slice()) {
        (None, [only]) => Ok(*only),
        (None, []) if found.is_empty() => Err(PartitionError::NoTable),
        (None, []) => Err(PartitionError::NoNtfs(found.len())),
        (None, _) => Err(PartitionError::Ambiguous(ntfs)),
        (Some(_), []) if found.is_empty() => Err(PartitionError::NoTable),
        (Some(_), []) => Err(PartitionError::NoNtfs(found.len())),
        (Some(number), _) => {
            let chosen = ntfs
                .iter()
                .find(|partition| partition.number == number)
                .copied();
            chosen.ok_or(match ntfs.as_slice() {
                [Partition { number: 0, .. }] => PartitionError::Whole,
                _ => PartitionError::NotThere {
                    wanted: number,
                    there: ntfs,
                },
            })
        }
    }
}

/// Every partition, of whatever kind.
pub fn list(device: &dyn Device) -> Result<Vec<Partition>, PartitionError> {
    let at_begin = |source| PartitionError::Io {
        position: 0,
        source,
    };
    if let Some(format) = container::detect(device).map_err(at_begin)? {
        return Err(ContainerError::Closed(format).into());
    }
    let disk = container::plain_length(device).map_err(at_begin)?;
    if is_ntfs(device, 0)? {
        return Ok(vec![Partition {
            number: 0,
            start: 0,
            length: disk,
            guid: None,
        }]);
    }
    for sector in SECTORS {
        if let Some(partitions) = gpt(device, disk, sector)? {
            return Ok(partitions);
        }
    }
    let partitions = mbr(device, disk)?;
    // Neither its boot sector nor a table; the sector that a volume of the whole disk would end with may tell.
    let whole = Partition {
        number: 0,
        start: 0,
        length: disk,
        guid: None,
    };
    if partitions.is_empty() && holds_ntfs(device, &whole)? {
        return Ok(vec![whole]);
    }
    Ok(partitions)
}

/// By its boot sector, or by the backup of that in the last sector: a volume whose boot sector is lost can be read.
fn holds_ntfs(device: &dyn Device, partition: &Partition) -> Result<bool, PartitionError> {
    let window = Window::new(device, partition.start, partition.length);
    Ok(is_ntfs(device, partition.start)? || backup(&window).is_some())
}

fn is_ntfs(device: &dyn Device, start: u64) -> Result<bool, PartitionError> {
    if start.checked_add(512).is_none_or(|end| end > device.len()) {
        return Ok(false);
    }
    Ok(read(device, start, 512)?.get(3..11) == Some(b"NTFS    "))
}

/// GPT: a header in the second sector, with the place of its entries; an entry of type 0 is free.
fn gpt(
    device: &dyn Device,
    disk: u64,
    sector: u64,
) -> Result<Option<Vec<Partition>>, PartitionError> {
    if disk < 2 * sector {
        return Ok(None);
    }
    let header = read(device, sector, 512)?;
    let size = le32(&header, 84) as usize;
    let sizes_fit = (128..=4096).contains(&size) && size % 128 == 0;
    if !header.starts_with(b"EFI PART") || !sizes_fit {
        return Ok(None);
    }
    let count = le32(&header, 80).min(MAX_ENTRIES);
    let at = le64(&header, 72).checked_mul(sector);
    let Some(at) = at.filter(|at| at.saturating_add(u64::from(count) * size as u64) <= disk) else {
        return Ok(None);
    };
    let mut partitions = Vec::new();
    for (number, entry) in (1..).zip(read(device, at, count as usize * size)?.chunks_exact(size)) {
        if entry.iter().take(16).all(|byte| *byte == 0) {
            continue;
        }
        let (first, last) = (le64(entry, 32), le64(entry, 40));
        let sectors = last
            .checked_sub(first)
            .and_then(|count| count.checked_add(1));
        let partition = clip(number, first, sectors.unwrap_or(0), sector, disk);
        let unique = entry.get(16..).and_then(|from| from.first_chunk());
        let guid = unique.map(|bytes| Guid::from_disk(*bytes));
        partitions.extend(partition.map(|partition| Partition { guid, ..partition }));
    }
    Ok(Some(partitions))
}

/// MBR: four entries of 16 bytes; an extended one holds a chain of tables, each with one logical partition and the
/// next table. The partitions' own boot sectors tell what they hold, whatever type the entry claims.
fn mbr(device: &dyn Device, disk: u64) -> Result<Vec<Partition>, PartitionError> {
    let mut partitions = Vec::new();
    let Some(entries) = table(device, 0, disk)? else {
        return Ok(partitions);
    };
    for (number, entry) in (1..).zip(entries) {
        if entry.is_extended() {
            logical(device, disk, entry.first, &mut partitions)?;
        } else {
            partitions.extend(clip(number, entry.first, entry.sectors, 512, disk));
        }
    }
    partitions.sort_by_key(|partition| partition.number);
    let signature = le32(&read(device, 0, 512)?, SIGNATURE);
    for partition in &mut partitions {
        partition.guid = (signature != 0).then(|| mbr_guid(signature, partition.start));
    }
    Ok(partitions)
}

/// See [`Partition::guid`].
fn mbr_guid(signature: u32, start: u64) -> Guid {
    let mut bytes = [0; 16];
    bytes[..4].copy_from_slice(&signature.to_le_bytes());
    bytes[8..].copy_from_slice(&start.to_le_bytes());
    Guid::from_disk(bytes)
}

#[derive(Clone, Copy)]
struct Entry {
    kind: u8,
    first: u64,
    sectors: u64,
}

impl Entry {
    fn is_extended(self) -> bool {
        matches!(self.kind, 0x05 | 0x0F | 0x85)
    }
}

fn table(device: &dyn Device, at: u64, disk: u64) -> Result<Option<[Entry; 4]>, PartitionError> {
    if at.checked_add(512).is_none_or(|end| end > disk) {
        return Ok(None);
    }
    let sector = read(device, at, 512)?;
    if sector.get(510..512) != Some(&[0x55, 0xAA]) {
        return Ok(None);
    }
    Ok(Some([0, 1, 2, 3].map(|index| {
        let at = 446 + 16 * index;
        Entry {
            kind: sector.get(at + 4).copied().unwrap_or(0),
            first: le32(&sector, at + 8).into(),
            sectors: le32(&sector, at + 12).into(),
        }
    })))
}

fn logical(
    device: &dyn Device,
    disk: u64,
    base: u64,
    partitions: &mut Vec<Partition>,
) -> Result<(), PartitionError> {
    let mut at = base;
    for number in (5..).take(MAX_LOGICAL) {
        let Some([volume, next, ..]) = table(device, at.saturating_mul(512), disk)? else {
            break;
        };
        partitions.extend(clip(
            number,
            at.saturating_add(volume.first),
            volume.sectors,
            512,
            disk,
        ));
        if !next.is_extended() || next.first == 0 {
            break;
        }
        // The chain counts from the extended partition's begin; it only goes forward.
        let following = base.saturating_add(next.first);
        if following <= at {
            break;
        }
        at = following;
    }
    Ok(())
}

/// A partition cut to the disk; none where nothing of it is there.
fn clip(number: u32, first: u64, sectors: u64, sector: u64, disk: u64) -> Option<Partition> {
    let start = first
        .checked_mul(sector)
        .filter(|start| first > 0 && *start < disk)?;
    let length = sectors.saturating_mul(sector).min(disk - start);
    (length > 0).then_some(Partition {
        number,
        start,
        length,
        guid: None,
    })
}

fn read(device: &dyn Device, position: u64, length: usize) -> Result<Vec<u8>, PartitionError> {
    let mut bytes = vec![0; length];
    match device.read_at(position, &mut bytes) {
        Ok(()) => Ok(bytes),
        Err(source) if source.kind() == io::ErrorKind::UnexpectedEof && position == 0 => {
            Err(PartitionError::NoTable)
        }
        Err(source) => Err(PartitionError::Io { position, source }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use linksmith_ntfs::device::Memory;
    use proptest::prelude::*;

    const DISK: usize = 1 << 20;

    fn ntfs_at(disk: &mut [u8], sector: usize) {
        disk[sector * 512 + 3..sector * 512 + 11].copy_from_slice(b"NTFS    ");
    }

    fn mbr_entry(disk: &mut [u8], sector: usize, index: usize, kind: u8, first: u32, count: u32) {
        let at = sector * 512 + 446 + 16 * index;
        disk[at + 4] = kind;
        disk[at + 8..at + 12].copy_from_slice(&first.to_le_bytes());
        disk[at + 12..at + 16].copy_from_slice(&count.to_le_bytes());
        disk[sector * 512 + 510..sector * 512 + 512].copy_from_slice(&[0x55, 0xAA]);
    }

    fn check(disk: &[u8], wanted: Option<u32>, expected: Result<(u32, u64, u64), &str>) {
        let found = find(&Memory::new(disk.to_vec()), wanted);
        match (found, expected) {
            (Ok(found), Ok((number, start, length))) => {
                let Partition { guid, .. } = found;
                assert_eq!(
                    found,
                    Partition {
                        number,
                        start: start * 512,
                        length: length * 512,
                        guid,
                    }
                );
            }
            (Err(error), Err(words)) => assert!(error.to_string().contains(words), "{error}"),
            (found, expected) => panic!("{found:?}, expected {expected:?}"),
        }
    }

    #[test]
    fn a_volume_whose_boot_sector_is_lost() {
        let device = Memory::new(vec![0; 1 << 20]);
        let options = linksmith_ntfs::format::FormatOptions::default();
        linksmith_ntfs::format::format(&device, &options).expect("it is formatted");
        let mut disk = device.into_bytes();
        disk[..512].fill(0x5A);
        check(&disk, None, Ok((0, 0, 2048)));
        // Its backup lies where the volume ends, and says so.
        disk.extend_from_slice(&[0; 4096]);
        check(&disk, None, Err("no NTFS volume"));
    }

    #[test]
    fn a_volume_without_a_table() {
        let mut disk = vec![0; DISK];
        check(&disk, None, Err("no NTFS volume"));
        ntfs_at(&mut disk, 0);
        check(&disk, None, Ok((0, 0, 2048)));
        check(&[0; 100], None, Err("no NTFS volume"));
    }

    #[test]
    fn containers_are_named() {
        for (at, magic, name) in [
            (0, &b"vhdxfile"[..], "VHDX"),
            (0, b"QFI\xfb", "QCOW2"),
            (0, b"KDMV", "VMDK"),
            (64, &[0x7F, 0x10, 0xDA, 0xBE], "VDI"),
        ] {
            let mut disk = vec![0; DISK];
            disk[at..at + magic.len()].copy_from_slice(magic);
            check(&disk, None, Err(name));
        }
    }

    #[test]
    fn mbr_with_logical_partitions() {
        let mut disk = vec![0; DISK];
        mbr_entry(&mut disk, 0, 0, 0x83, 10, 50);
        mbr_entry(&mut disk, 0, 1, 0x0F, 100, 1000);
        mbr_entry(&mut disk, 0, 2, 0x07, 1200, 9999);
        mbr_entry(&mut disk, 100, 0, 0x07, 2, 98);
        mbr_entry(&mut disk, 100, 1, 0x05, 200, 100);
        mbr_entry(&mut disk, 300, 0, 0x07, 1, 50);
        mbr_entry(&mut disk, 300, 1, 0x05, 200, 100);
        check(&disk, None, Err("none of its 4 partitions"));
        ntfs_at(&mut disk, 301);
        check(&disk, None, Ok((6, 301, 50)));
        ntfs_at(&mut disk, 1200);
        check(&disk, None, Err("2 NTFS partitions (3, 6)"));
        check(&disk, Some(3), Ok((3, 1200, 848)));
        check(
            &disk,
            Some(1),
            Err("partition 1 holds no NTFS; there are: 3, 6"),
        );
    }

    #[test]
    fn gpt_with_sectors_of_both_sizes() {
        for sector in [512usize, 4096] {
            let mut disk = vec![0; DISK];
            mbr_entry(&mut disk, 0, 0, 0xEE, 1, u32::MAX);
            disk[sector..sector + 8].copy_from_slice(b"EFI PART");
            disk[sector + 72] = 2;
            disk[sector + 80] = 128;
            disk[sector + 84] = 128;
            let entry = 2 * sector + 128;
            disk[entry] = 0xA2;
            disk[entry + 32] = 40;
            disk[entry + 40] = 49;
            let first = 40 * sector / 512;
            ntfs_at(&mut disk, first);
            check(&disk, None, Ok((2, first as u64, 10 * sector as u64 / 512)));
        }
    }

    fn guid(disk: &[u8]) -> Option<String> {
        let found = find(&Memory::new(disk.to_vec()), None).expect("one volume");
        found.guid.map(|guid| guid.to_string())
    }

    #[test]
    fn volume_guids_as_windows_makes_them() {
        let mut disk = vec![0; 3 << 20];
        ntfs_at(&mut disk, 0);
        assert_eq!(guid(&disk), None);
        disk[..512].fill(0);
        // The first partition of most disks begins at 1 MiB.
        mbr_entry(&mut disk, 0, 0, 0x07, 2048, 2048);
        ntfs_at(&mut disk, 2048);
        assert_eq!(guid(&disk), None, "no signature");
        disk[0x1B8..0x1BC].copy_from_slice(&0x0A1B_2C3D_u32.to_le_bytes());
        let by_offset = "{0a1b2c3d-0000-0000-0000-100000000000}";
        assert_eq!(guid(&disk).as_deref(), Some(by_offset));

        disk[512..520].copy_from_slice(b"EFI PART");
        (disk[512 + 72], disk[512 + 80], disk[512 + 84]) = (2, 1, 128);
        let entry = &mut disk[1024..1152];
        entry[0] = 0xA2;
        entry[16..32].copy_from_slice(&(1..=16).collect::<Vec<u8>>());
        entry[32..40].copy_from_slice(&2048_u64.to_le_bytes());
        entry[40..48].copy_from_slice(&4095_u64.to_le_bytes());
        let unique = "{04030201-0605-0807-090a-0b0c0d0e0f10}";
        assert_eq!(guid(&disk).as_deref(), Some(unique));
    }

    #[test]
    fn vhd_is_a_disk_with_a_footer() {
        let mut disk = vec![0; DISK];
        ntfs_at(&mut disk, 0);
        disk[DISK - 512..DISK - 504].copy_from_slice(b"conectix");
        disk[DISK - 512 + 63] = 2;
        check(&disk, None, Ok((0, 0, 2047)));
        disk[DISK - 512 + 63] = 3;
        check(&disk, None, Err("VHD"));
    }

    proptest! {
        #[test]
        fn no_table_leads_out_of_the_disk(
            edits in prop::collection::vec((0usize..4096, any::<u8>()), 0..64), gpt in any::<bool>()
        ) {
            let mut disk = vec![0; 1 << 16];
            for (at, byte) in edits {
                disk[at] = byte;
            }
            disk[510..512].copy_from_slice(&[0x55, 0xAA]);
            if gpt {
                disk[512..520].copy_from_slice(b"EFI PART");
            }
            for partition in list(&Memory::new(disk)).unwrap_or_default() {
                prop_assert!(partition.length > 0);
                prop_assert!(partition.start + partition.length <= 1 << 16);
            }
        }
    }
}
