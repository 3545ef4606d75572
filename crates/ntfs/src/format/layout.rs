//! Where things go on a new volume.

use std::ops::Range;

use zerocopy::{FromZeros, IntoBytes};

use super::{FormatOptions, LEAST_SIZE, MOST_LABEL_UNITS, tables};
use crate::boot::{Geometry, MAX_CLUSTER};
use crate::layout::BootSector;
use crate::runs::Run;
use crate::value::Extents;

/// Records that `$MFT` begins with at least. It fills its first cluster: readers take every record of a cluster to be mirrored.
const LEAST_RECORDS: u64 = 64;
/// `$Boot`: the boot sector and room for the loader.
const BOOT_SIZE: u64 = 8192;
/// Clusters are counted in 32 bits by Windows.
const MOST_CLUSTERS: u64 = (1 << 32) - 1;

/// Sizes and places, in clusters.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) geometry: Geometry,
    /// Records that `$MFT` begins with.
    pub(super) records: u64,
    pub(super) boot: Range<u64>,
    pub(super) mft_bitmap: Range<u64>,
    pub(super) attribute_definitions: Range<u64>,
    pub(super) bitmap: Range<u64>,
    pub(super) log: Range<u64>,
    pub(super) upcase: Range<u64>,
    pub(super) mft: Range<u64>,
    pub(super) mirror: Range<u64>,
}

impl Plan {
    pub(super) fn new(len: u64, sector: u32, options: &FormatOptions) -> Result<Self, String> {
        if len < LEAST_SIZE {
            return Err(format!("{len} bytes are less than the least, {LEAST_SIZE}"));
        }
        if !sector.is_power_of_two() || !(512..=4096).contains(&sector) {
            return Err(format!("sectors of {sector} bytes"));
        }
        if options.label.len() > MOST_LABEL_UNITS {
            return Err(format!(
                "a label of {} units, of at most {MOST_LABEL_UNITS}",
                options.label.len()
            ));
        }
        let by_length = || default_cluster(len).max(sector);
        let cluster = options.cluster_size.unwrap_or_else(by_length);
        if !cluster.is_power_of_two() || !(sector..=MAX_CLUSTER).contains(&cluster) {
            return Err(format!(
                "clusters of {cluster} bytes are no power of two from {sector} to {MAX_CLUSTER}"
            ));
        }
        // The last sector repeats the boot sector and is not part of the volume.
        let sectors = len / u64::from(sector) - 1;
        let clusters = sectors / u64::from(cluster / sector);
        if clusters > MOST_CLUSTERS {
            return Err(format!(
                "{clusters} clusters, of at most {MOST_CLUSTERS}: choose larger ones"
            ));
        }
        Self::place(sector, cluster, sectors, clusters, options.serial)
    }

    /// Everything that never grows comes first, then `$MFT` with the rest of the volume before it.
    fn place(
        sector: u32,
        cluster: u32,
        sectors: u64,
        clusters: u64,
        serial: u64,
    ) -> Result<Self, String> {
        let unit = u64::from(cluster);
        let record = sector.max(1024);
        let records = LEAST_RECORDS.max(unit / u64::from(record));
        let mut next = 0;
        let mut take = |bytes: u64| {
            let start = next;
            next += bytes.div_ceil(unit);
            start..next
        };
        let boot = take(BOOT_SIZE);
        let mft_bitmap = take(4096);
        let attribute_definitions = take(tables::attribute_definitions().len() as u64);
        let bitmap = take(bitmap_size(clusters));
        let log = take(log_size(clusters * unit));
        let upcase = take(0x2_0000);
        let mft = take(records * u64::from(record));
        let mirror_clusters = (4 * u64::from(record)).div_ceil(unit);
        let middle = clusters / 2;
        let at = if mft.end <= middle { middle } else { mft.end };
        let mirror = at..at + mirror_clusters;
        if mirror.end + 8 > clusters {
            return Err(format!(
                "{clusters} clusters of {cluster} bytes do not hold the volume's own files"
            ));
        }
        let geometry = Geometry {
            sector_size: sector,
            cluster_size: cluster,
            record_size: record,
            index_block_size: sector.max(4096),
            sectors,
            clusters,
            mft_lcn: mft.start,
            mft_mirror_lcn: mirror.start,
            serial,
        };
        Ok(Self {
            geometry,
            records,
            boot,
            mft_bitmap,
            attribute_definitions,
            bitmap,
            log,
            upcase,
            mft,
            mirror,
        })
    }

    /// `$MFTMirr`: four records, or a cluster of them.
    pub(super) fn mirror_size(&self) -> u64 {
        let unit = u64::from(self.geometry.cluster_size);
        (self.mirror.end - self.mirror.start) * unit
    }

    pub(super) fn bitmap_size(&self) -> u64 {
        bitmap_size(self.geometry.clusters)
    }

    /// The mapping of `$MFT`.
    pub(super) fn mft(&self) -> Extents {
        let size = self.records * u64::from(self.geometry.record_size);
        let length = self.mft.end - self.mft.start;
        Extents {
            record: 0,
            runs: vec![Run {
                vcn: 0,
                lcn: Some(self.mft.start),
                length,
            }],
            allocated_size: length * u64::from(self.geometry.cluster_size),
            data_size: size,
            initialized_size: size,
            ..Extents::default()
        }
    }

    /// The bytes of `$Bitmap` from `offset` on: what is taken, and everything after the last cluster.
    pub(super) fn fill_bitmap(&self, offset: u64, piece: &mut [u8]) {
        piece.fill(0);
        let first = offset * 8;
        let end = first + piece.len() as u64 * 8;
        let valid_end = self.bitmap_size() * 8;
        let taken = [
            &self.boot,
            &self.mft_bitmap,
            &self.attribute_definitions,
            &self.bitmap,
            &self.log,
            &self.upcase,
            &self.mft,
            &self.mirror,
        ];
        let beyond = self.geometry.clusters..valid_end;
        for range in taken.into_iter().chain([&beyond]) {
            for bit in range.start.max(first)..range.end.min(end) {
                piece[((bit - first) / 8) as usize] |= 1 << (bit % 8);
            }
        }
    }

    pub(super) fn boot_sector(&self) -> Vec<u8> {
        let geometry = &self.geometry;
        let mut boot = BootSector::new_zeroed();
        boot.jump = [0xEB, 0x52, 0x90];
        boot.oem_id = *b"NTFS    ";
        boot.bytes_per_sector = (geometry.sector_size as u16).into();
        let per_cluster = geometry.cluster_size / geometry.sector_size;
        // Above 128 the byte counts the power of two, negated.
        boot.sectors_per_cluster = match u8::try_from(per_cluster) {
            Ok(count) if count <= 128 => count,
            _ => (per_cluster.trailing_zeros() as u8).wrapping_neg(),
        };
        boot.media = 0xF8;
        boot.sectors_per_track = 63.into();
        boot.heads = 255.into();
        boot.unused_20 = [0, 0, 0, 0, 0x80, 0, 0x80, 0];
        boot.total_sectors = geometry.sectors.into();
        boot.mft_lcn = geometry.mft_lcn.into();
        boot.mft_mirror_lcn = geometry.mft_mirror_lcn.into();
        boot.clusters_per_record = size_code(geometry.record_size, geometry.cluster_size);
        boot.clusters_per_index_block = size_code(geometry.index_block_size, geometry.cluster_size);
        boot.serial = geometry.serial.into();
        let mut sector = vec![0; geometry.sector_size as usize];
        sector[..size_of::<BootSector>()].copy_from_slice(boot.as_bytes());
        // No loader: a machine that boots from it stops at once, in an endless jump.
        sector[0x54..0x56].copy_from_slice(&[0xEB, 0xFE]);
        sector[510..512].copy_from_slice(&[0x55, 0xAA]);
        sector
    }
}

/// Clusters, or the power of two of the bytes, negated, where a cluster is larger.
fn size_code(size: u32, cluster: u32) -> i8 {
    if size >= cluster {
        (size / cluster) as i8
    } else {
        -(size.trailing_zeros() as i8)
    }
}

/// As Windows chooses, and less for volumes that it would not make.
fn default_cluster(len: u64) -> u32 {
    match len {
        0..0x40_0000 => 512,
        0x40_0000..=0x1000_0000_0000 => 4096,
        _ => u32::try_from((len >> 32).next_power_of_two())
            .unwrap_or(MAX_CLUSTER)
            .min(MAX_CLUSTER),
    }
}

/// A bit for each cluster, in whole 64-bit words.
fn bitmap_size(clusters: u64) -> u64 {
    clusters.div_ceil(64) * 8
}

/// A two-hundredth of the volume within 2 and 64 MiB; less on volumes that are hardly larger than that.
fn log_size(bytes: u64) -> u64 {
    let usual = (bytes / 200).clamp(2 << 20, 64 << 20);
    usual.min(bytes / 8).max(256 << 10).min(bytes / 4) / 4096 * 4096
}
