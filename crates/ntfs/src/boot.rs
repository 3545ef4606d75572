//! The boot sector: the sizes that everything else is counted in.

use zerocopy::FromBytes;

use crate::device::Device;
use crate::error::{Error, Place, Result};
use crate::layout::BootSector;

const STRUCTURE: &str = "boot sector";

/// The largest cluster, in bytes.
pub const MAX_CLUSTER: u32 = 2 << 20;

/// The sizes and places that the boot sector tells, checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Geometry {
    /// Bytes of a sector: 512 to 4096.
    pub sector_size: u32,
    /// Bytes of a cluster: a sector to 2 MiB.
    pub cluster_size: u32,
    /// Bytes of a file record: 512 to 64 KiB; Windows makes 1024 and 4096.
    pub record_size: u32,
    /// Bytes of an index block of a directory.
    pub index_block_size: u32,
    /// Sectors of the volume, without the backup boot sector.
    pub sectors: u64,
    /// Clusters of the volume.
    pub clusters: u64,
    /// The first cluster of `$MFT`.
    pub mft_lcn: u64,
    /// The first cluster of `$MFTMirr`.
    pub mft_mirror_lcn: u64,
    /// The volume's 64-bit serial number; Windows shows the low half.
    pub serial: u64,
}

impl Geometry {
    /// From the first 512 bytes of a volume.
    pub fn parse(sector: &[u8]) -> Result<Self> {
        parse(sector).map_err(|error| error.placed(Place::Device))
    }

    /// The volume's bytes that lie in clusters.
    pub fn bytes(&self) -> u64 {
        self.clusters * u64::from(self.cluster_size)
    }

    /// Where the backup of the boot sector is: after the volume's last sector.
    pub fn backup_at(&self) -> u64 {
        self.sectors * u64::from(self.sector_size)
    }

    /// Where a cluster begins. `lcn` is at most [`clusters`](Self::clusters).
    pub fn cluster_offset(&self, lcn: u64) -> u64 {
        lcn.saturating_mul(u64::from(self.cluster_size))
    }

    /// The bytes that virtual cluster numbers of index blocks of `block_size` count: clusters, or
    /// 512 bytes where a block is smaller than a cluster.
    pub fn index_vcn_unit(&self, block_size: u32) -> u32 {
        if block_size < self.cluster_size {
            512
        } else {
            self.cluster_size
        }
    }
}

/// What the boot sector at a byte of the device tells.
pub(crate) fn read(device: &dyn Device, at: u64) -> Result<Geometry> {
    let mut sector = [0; 512];
    device
        .read_at(at, &mut sector)
        .map_err(|error| Error::io("read", STRUCTURE, at, error))?;
    Geometry::parse(&sector)
}

/// The backup in the device's last sector, and where that is: it must say itself that the volume ends before it.
pub fn backup(device: &dyn Device) -> Option<(Geometry, u64)> {
    [512u32, 1024, 2048, 4096].into_iter().find_map(|size| {
        let at = device.len().checked_sub(u64::from(size))?;
        let geometry = read(device, at).ok()?;
        let here = geometry.sector_size == size && geometry.backup_at() == at;
        here.then_some((geometry, at))
    })
}

fn parse(sector: &[u8]) -> Result<Geometry> {
    let Ok((boot, _)) = BootSector::read_from_prefix(sector) else {
        return Err(Error::damaged(STRUCTURE, 0, "84 bytes", sector.len()));
    };
    if boot.oem_id != *b"NTFS    " {
        return Err(Error::damaged(
            STRUCTURE,
            3,
            "\"NTFS    \"",
            boot.oem_id.escape_ascii(),
        ));
    }
    let sector_size = u32::from(boot.bytes_per_sector.get());
    if !sector_size.is_power_of_two() || !(512..=4096).contains(&sector_size) {
        return Err(Error::damaged(
            STRUCTURE,
            0x0B,
            "sectors of 512 to 4096 bytes",
            sector_size,
        ));
    }
    let cluster_size = cluster_size(boot.sectors_per_cluster, sector_size)?;
    let sectors = boot.total_sectors.get();
    if sectors == 0 || sectors > i64::MAX as u64 / u64::from(sector_size) {
        return Err(Error::damaged(
            STRUCTURE,
            0x28,
            "1 to 2^63 bytes of sectors",
            sectors,
        ));
    }
    let clusters = sectors / u64::from(cluster_size / sector_size);
    let lcn = |offset: usize, lcn: u64| {
        (lcn < clusters).then_some(lcn).ok_or_else(|| {
            Error::damaged(
                STRUCTURE,
                offset,
                format!("a cluster below {clusters}"),
                lcn,
            )
        })
    };
    Ok(Geometry {
        sector_size,
        cluster_size,
        record_size: block_size(boot.clusters_per_record, cluster_size, 0x40)?,
        index_block_size: block_size(boot.clusters_per_index_block, cluster_size, 0x44)?,
        sectors,
        clusters,
        mft_lcn: lcn(0x30, boot.mft_lcn.get())?,
        mft_mirror_lcn: boot.mft_mirror_lcn.get(),
        serial: boot.serial.get(),
    })
}

/// Up to 0x80 the byte counts sectors; above, its two's complement is a power of two of them: 0xF4 is
/// 4096 sectors, which a byte could not count.
fn cluster_size(code: u8, sector_size: u32) -> Result<u32> {
    let sectors = match code {
        0..=0x80 => Some(u32::from(code)),
        _ => 1u32.checked_shl(u32::from(code.wrapping_neg())),
    };
    sectors
        .filter(|sectors| sectors.is_power_of_two())
        .and_then(|sectors| sectors.checked_mul(sector_size))
        .filter(|&size| size <= MAX_CLUSTER)
        .ok_or_else(|| {
            Error::damaged(
                STRUCTURE,
                0x0D,
                "clusters up to 2 MiB",
                format_args!("0x{code:02x}"),
            )
        })
}

/// Above 0 the byte counts clusters; below, its negative is a power of two of bytes.
fn block_size(code: i8, cluster_size: u32, offset: usize) -> Result<u32> {
    let size = match u32::try_from(code) {
        Ok(clusters) => cluster_size.checked_mul(clusters),
        Err(_) => 1u32.checked_shl(u32::from(code.unsigned_abs())),
    };
    size.filter(|size| size.is_power_of_two() && (512..=0x10000).contains(size))
        .ok_or_else(|| Error::damaged(STRUCTURE, offset, "a size of 512 to 65536 bytes", code))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sector(edit: impl FnOnce(&mut [u8])) -> Vec<u8> {
        let mut bytes = vec![0; 512];
        bytes[3..11].copy_from_slice(b"NTFS    ");
        bytes[0x0B..0x0D].copy_from_slice(&512u16.to_le_bytes());
        bytes[0x0D] = 8;
        bytes[0x28..0x30].copy_from_slice(&0x10_0000u64.to_le_bytes());
        bytes[0x30] = 4;
        bytes[0x38] = 2;
        bytes[0x40] = 0xF6;
        bytes[0x44] = 1;
        edit(&mut bytes);
        bytes
    }

    #[test]
    fn both_encodings_of_the_cluster_size() {
        let check = |sector_size: u16, code: u8, expected: Option<u32>| {
            let bytes = sector(|bytes| {
                bytes[0x0B..0x0D].copy_from_slice(&sector_size.to_le_bytes());
                bytes[0x0D] = code;
                bytes[0x44] = 0xF4;
            });
            let found = Geometry::parse(&bytes)
                .ok()
                .map(|geometry| geometry.cluster_size);
            assert_eq!(found, expected, "0x{code:02x}");
        };
        check(512, 1, Some(512));
        check(512, 8, Some(4096));
        check(512, 0x80, Some(65536));
        check(512, 0xF8, Some(1 << 17));
        check(512, 0xF4, Some(2 << 20));
        check(4096, 1, Some(4096));
        check(4096, 0xF7, Some(2 << 20));
        check(512, 0xF3, None);
        check(512, 0, None);
        check(512, 3, None);
        check(512, 0x81, None);
        check(0, 8, None);
        check(8192, 8, None);
    }

    #[test]
    fn record_and_index_block_sizes() {
        let found = |record: i8, block: i8| {
            let bytes = sector(|bytes| {
                bytes[0x40] = record as u8;
                bytes[0x44] = block as u8;
            });
            Geometry::parse(&bytes)
                .map(|g| (g.record_size, g.index_block_size))
                .ok()
        };
        assert_eq!(found(-10, 1), Some((1024, 4096)));
        assert_eq!(found(1, -12), Some((4096, 4096)));
        assert_eq!(found(-8, 1), None);
        assert_eq!(found(-10, 0), None);
        assert_eq!(found(-128, 127), None);
    }

    #[test]
    fn errors_name_the_byte() {
        let check = |edit: fn(&mut [u8]), expected: &str| {
            let error = Geometry::parse(&sector(edit)).unwrap_err();
            assert_eq!(error.to_string(), expected);
        };
        check(
            |b| b[3] = b'X',
            "boot sector at byte 3 of the volume: \"NTFS    \" expected, XTFS     found",
        );
        check(
            |b| b[0x2F] = 0x10,
            "boot sector at byte 40 of the volume: 1 to 2^63 bytes of sectors expected, 1152921504607895552 found",
        );
        check(
            |b| b[0x35] = 1,
            "boot sector at byte 48 of the volume: a cluster below 131072 expected, 1099511627780 found",
        );
    }
}
