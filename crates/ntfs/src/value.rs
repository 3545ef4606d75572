//! The value of an attribute, its parts joined: resident bytes, or the clusters that hold it.

use crate::boot::Geometry;
use crate::device::Device;
use crate::error::{Error, Result};
use crate::layout::attribute_flags as flag;
use crate::runs::Run;

/// The value of an attribute.
#[derive(Debug, Clone)]
pub enum Value {
    /// Held in the record.
    Resident(Vec<u8>),
    /// Held in clusters.
    NonResident(Extents),
}

impl Value {
    /// Its bytes' number.
    pub fn len(&self) -> u64 {
        match self {
            Self::Resident(bytes) => bytes.len() as u64,
            Self::NonResident(extents) => extents.data_size,
        }
    }

    /// Whether it holds no byte.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The clusters, if it is not in the record.
    pub fn extents(&self) -> Option<&Extents> {
        match self {
            Self::Resident(_) => None,
            Self::NonResident(extents) => Some(extents),
        }
    }
}

/// The mapping of a non-resident value, complete from its first virtual cluster on.
#[derive(Debug, Clone, Default)]
pub struct Extents {
    /// The file record whose value it is; for messages.
    pub record: u64,
    /// The runs in order, without gaps.
    pub runs: Vec<Run>,
    /// Bytes allocated (spanned).
    pub allocated_size: u64,
    /// Bytes of the value.
    pub data_size: u64,
    /// Bytes ever written; the rest reads as zeros.
    pub initialized_size: u64,
    /// The power of two of the clusters in a compression unit; 0 if not compressed.
    pub compression_unit: u8,
    /// The [flags](crate::layout::attribute_flags) of the attribute.
    pub flags: u16,
}

impl Extents {
    /// The virtual cluster after the last.
    pub fn end_vcn(&self) -> u64 {
        self.runs.last().map_or(0, Run::end_vcn)
    }

    /// Clusters of the volume that it holds; holes not counted.
    pub fn clusters(&self) -> u64 {
        self.runs
            .iter()
            .filter(|run| run.lcn.is_some())
            .map(|run| run.length)
            .sum()
    }

    /// Whether it is stored in compression units.
    pub fn is_compressed(&self) -> bool {
        self.flags & flag::COMPRESSION_MASK != 0 && self.compression_unit != 0
    }

    /// The index of the run that holds a virtual cluster.
    pub fn run_of(&self, vcn: u64) -> Option<usize> {
        let index = self.runs.partition_point(|run| run.end_vcn() <= vcn);
        self.runs
            .get(index)
            .filter(|run| run.vcn <= vcn)
            .map(|_| index)
    }

    /// The byte of the device where the byte `offset` of the value is, and how many bytes follow it there.
    /// The place is `None` in a hole; nothing at all past the runs.
    pub fn locate(&self, geometry: &Geometry, offset: u64) -> Option<(Option<u64>, u64)> {
        let cluster = u64::from(geometry.cluster_size);
        let run = self.runs.get(self.run_of(offset / cluster)?)?;
        let inside = offset - run.vcn * cluster;
        let place = run.lcn.map(|lcn| geometry.cluster_offset(lcn) + inside);
        Some((place, run.length.checked_mul(cluster)? - inside))
    }

    /// Fills `buf` from `offset` of an uncompressed value. Holes, and what was never written, are zeros.
    pub fn read_at(
        &self,
        device: &dyn Device,
        geometry: &Geometry,
        offset: u64,
        buf: &mut [u8],
    ) -> Result<()> {
        let end = offset
            .checked_add(buf.len() as u64)
            .filter(|&end| end <= self.data_size);
        if end.is_none() {
            let expected = format!("a read within {} bytes", self.data_size);
            let actual = format!("{} bytes at {offset}", buf.len());
            return Err(Error::damaged("value", 0, expected, actual).in_record(self.record));
        }
        let written = self
            .initialized_size
            .saturating_sub(offset)
            .min(buf.len() as u64);
        let (written, zeros) = buf.split_at_mut(written as usize);
        zeros.fill(0);
        self.read_allocated(device, geometry, offset, written)
    }

    /// Fills `buf` from the clusters at `offset`, whatever the sizes of the value say.
    pub fn read_allocated(
        &self,
        device: &dyn Device,
        geometry: &Geometry,
        mut offset: u64,
        mut buf: &mut [u8],
    ) -> Result<()> {
        while !buf.is_empty() {
            let Some((place, there)) = self.locate(geometry, offset) else {
                let expected = format!("a cluster for byte {offset}");
                let actual = format!("runs up to cluster {}", self.end_vcn());
                return Err(Error::damaged("data runs", 0, expected, actual).in_record(self.record));
            };
            let length = there.min(buf.len() as u64) as usize;
            let (part, rest) = buf.split_at_mut(length);
            match place {
                Some(place) => device
                    .read_at(place, part)
                    .map_err(|error| Error::io("read", "clusters", place, error))?,
                None => part.fill(0),
            }
            offset += length as u64;
            buf = rest;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::Memory;

    fn geometry() -> Geometry {
        Geometry {
            sector_size: 512,
            cluster_size: 512,
            record_size: 1024,
            index_block_size: 4096,
            sectors: 64,
            clusters: 64,
            mft_lcn: 4,
            mft_mirror_lcn: 2,
            serial: 0,
        }
    }

    #[test]
    fn reads_cross_runs_and_holes() {
        let device = Memory::new((0..64 * 512).map(|i| (i / 512) as u8 + 1).collect());
        let extents = Extents {
            runs: vec![
                Run {
                    vcn: 0,
                    lcn: Some(10),
                    length: 2,
                },
                Run {
                    vcn: 2,
                    lcn: None,
                    length: 1,
                },
                Run {
                    vcn: 3,
                    lcn: Some(5),
                    length: 2,
                },
            ],
            allocated_size: 5 * 512,
            data_size: 5 * 512 - 100,
            initialized_size: 4 * 512,
            ..Extents::default()
        };
        let mut bytes = vec![0xEE; 5 * 512 - 100];
        extents
            .read_at(&device, &geometry(), 0, &mut bytes)
            .unwrap();
        let clusters: Vec<u8> = bytes.chunks(512).map(|cluster| cluster[0]).collect();
        assert_eq!(clusters, [11, 12, 0, 6, 0]);
        extents
            .read_at(&device, &geometry(), 1023, &mut bytes[..2])
            .unwrap();
        assert_eq!(bytes[..2], [12, 0]);
        let error = extents
            .read_at(&device, &geometry(), 2400, &mut bytes[..100])
            .unwrap_err();
        assert!(
            error
                .to_string()
                .contains("a read within 2460 bytes expected"),
            "{error}"
        );
    }
}
