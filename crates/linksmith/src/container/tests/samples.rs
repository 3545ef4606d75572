//! One container of each format, made by hand from the documents.

use super::super::vhdx;

pub(super) const KIB: usize = 1 << 10;
pub(super) const MIB: usize = 1 << 20;

/// A unit of the disk that is stored.
pub(super) fn stored(unit: u8) -> Vec<u8> {
    (0..4096_u32).map(|at| (at / 16) as u8 ^ unit).collect()
}

/// The disk of all samples: two units that are stored, in the file the other way round, and one between that is not.
pub(super) fn disk() -> Vec<u8> {
    [stored(1), vec![0; 4096], stored(2)].concat()
}

#[derive(Clone)]
pub(super) struct Sample(pub(super) Vec<u8>);

impl Sample {
    pub(super) fn new(length: usize) -> Self {
        Self(vec![0; length])
    }

    pub(super) fn put(mut self, at: usize, bytes: &[u8]) -> Self {
        let end = at + bytes.len();
        if self.0.len() < end {
            self.0.resize(end, 0);
        }
        self.0[at..end].copy_from_slice(bytes);
        self
    }

    pub(super) fn le32(self, at: usize, number: u32) -> Self {
        self.put(at, &number.to_le_bytes())
    }

    pub(super) fn le64(self, at: usize, number: u64) -> Self {
        self.put(at, &number.to_le_bytes())
    }

    pub(super) fn be32(self, at: usize, number: u32) -> Self {
        self.put(at, &number.to_be_bytes())
    }

    pub(super) fn be64(self, at: usize, number: u64) -> Self {
        self.put(at, &number.to_be_bytes())
    }

    /// Puts right the checksum of a VHD's structure.
    pub(super) fn sum_up(self, at: usize, length: usize, field: usize) -> Self {
        let sample = self.be32(at + field, 0);
        let sum: u32 = sample.0[at..at + length]
            .iter()
            .map(|b| u32::from(*b))
            .sum();
        sample.be32(at + field, !sum)
    }

    /// Puts right the checksum of a VHDX's structure.
    pub(super) fn crc(self, at: usize, length: usize) -> Self {
        let sample = self.le32(at + 4, 0);
        let sum = !vhdx::crc32c(u32::MAX, &sample.0[at..at + length]);
        sample.le32(at + 4, sum)
    }
}

pub(super) fn vhd_footer(kind: u32) -> Vec<u8> {
    let footer = Sample::new(512).put(0, b"conectix").be64(16, 512);
    footer
        .be64(48, 3 * 4096)
        .be32(60, kind)
        .sum_up(0, 512, 64)
        .0
}

pub(super) fn vhd() -> Sample {
    let header = Sample::new(1024).put(0, b"cxsparse").be64(16, 1536);
    let header = header.be32(28, 3).be32(32, 4096).sum_up(0, 1024, 36).0;
    Sample::new(0)
        .put(0, &vhd_footer(3))
        .put(512, &header)
        .be32(1536, 13)
        .be32(1540, u32::MAX)
        .be32(1544, 4)
        .put(5 * 512, &stored(2))
        .put(14 * 512, &stored(1))
        .put(22 * 512, &vhd_footer(3))
}

pub(super) fn vdi() -> Sample {
    Sample::new(0x400)
        .le32(0x40, 0xBEDA_107F)
        .le32(0x44, 0x1_0001)
        .le32(0x4C, 1)
        .le32(0x154, 0x200)
        .le32(0x158, 0x400)
        .le64(0x170, 3 * 4096)
        .le32(0x178, 4096)
        .le32(0x180, 3)
        .le32(0x200, 1)
        .le32(0x204, u32::MAX)
        .le32(0x208, 0)
        .put(0x400, &stored(2))
        .put(0x1400, &stored(1))
}

pub(super) fn qcow2() -> Sample {
    // Deflate: the last block, which is stored as it is.
    let packed = [&[1, 0, 0x10, 0xFF, 0xEF][..], &stored(2)].concat();
    let sectors = (packed.len() / 512) as u64;
    Sample::new(0)
        .put(0, b"QFI\xfb")
        .be32(4, 3)
        .be32(20, 12)
        .be64(24, 3 * 4096)
        .be32(36, 1)
        .be64(40, 4096)
        .be32(100, 104)
        .be64(4096, (2 * 4096) | (1 << 63))
        .be64(2 * 4096, (3 * 4096) | (1 << 63))
        .be64(2 * 4096 + 8, 1)
        .be64(2 * 4096 + 16, 1 << 62 | sectors << 58 | (4 * 4096))
        .put(3 * 4096, &stored(1))
        .put(4 * 4096, &packed)
}

pub(super) fn vmdk() -> Sample {
    Sample::new(1024)
        .put(0, b"KDMV")
        .le32(4, 1)
        .le32(8, 5)
        .le64(12, 24)
        .le64(20, 8)
        .le32(44, 2)
        .le64(56, 1)
        .le32(512, 2)
        .le32(516, 3)
        .le32(1024, 12)
        .le32(1028, 1)
        .le32(1536, 4)
        .put(4 * 512, &stored(2))
        .put(12 * 512, &stored(1))
}

pub(super) fn vhdx() -> Sample {
    let guid = |text: &str| {
        crate::path::Guid::parse(text.as_bytes())
            .expect("a GUID")
            .to_disk()
    };
    let (table, metadata) = (2 * MIB, MIB);
    let mut sample = Sample::new(3 * MIB).put(0, b"vhdxfile");
    for (at, sequence) in [(64 * KIB, 7), (128 * KIB, 6)] {
        sample = sample.put(at, b"head").le64(at + 8, sequence);
        sample = sample.put(at + 66, &[1, 0]).crc(at, 4096);
    }
    for at in [192 * KIB, 256 * KIB] {
        sample = sample.put(at, b"regi").le32(at + 8, 2);
        for (entry, id, place) in [(16, vhdx::BAT, table), (48, vhdx::METADATA, metadata)] {
            sample = sample
                .put(at + entry, &guid(id))
                .le64(at + entry + 16, place as u64);
            sample = sample
                .le32(at + entry + 24, MIB as u32)
                .le32(at + entry + 28, 1);
        }
        sample = sample.crc(at, 64 * KIB);
    }
    sample = sample
        .put(metadata, b"metadata")
        .put(metadata + 10, &[3, 0]);
    let items = [vhdx::FILE_PARAMETERS, vhdx::DISK_SIZE, vhdx::LOGICAL_SECTOR];
    for (number, id) in items.into_iter().enumerate() {
        let entry = metadata + 32 * (number + 1);
        let offset = (64 * KIB + 8 * number) as u32;
        sample = sample.put(entry, &guid(id)).le32(entry + 16, offset);
    }
    sample
        .le32(metadata + 64 * KIB, MIB as u32)
        .le64(metadata + 64 * KIB + 8, 3 * 4096)
        .le32(metadata + 64 * KIB + 16, 512)
        .le64(table, 3 << 20 | 6)
        .put(3 * MIB, &disk())
}
