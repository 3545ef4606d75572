//! What the file system's answers mean: pure parsers of the structures of MS-FSCC 2.4 and 2.5.
//!
//! All fields are little-endian. A buffer shorter than it says is cut, never read past its end: not
//! every server and filter driver that answers is Windows' own.

use crate::entry::FileTime;
use crate::entry::{Attributes, Times};

/// A little-endian field, or 0 past the end.
fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes
        .get(at..at + 4)
        .and_then(|b| b.try_into().ok())
        .map_or(0, u32::from_le_bytes)
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from(u32_at(bytes, at)) | (u64::from(u32_at(bytes, at + 4)) << 32)
}

fn u128_at(bytes: &[u8], at: usize) -> u128 {
    u128::from(u64_at(bytes, at)) | (u128::from(u64_at(bytes, at + 8)) << 64)
}

/// UTF-16 units in `len` bytes from `at`, or as many as there are.
fn units_at(bytes: &[u8], at: usize, len: usize) -> Vec<u16> {
    let from = bytes.get(at..).unwrap_or_default();
    let from = from.get(..len).unwrap_or(from);
    from.chunks_exact(2)
        .map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
        .collect()
}

fn times_at(bytes: &[u8], at: usize) -> Times {
    let time = |n: usize| FileTime(u64_at(bytes, at + 8 * n));
    Times {
        created: time(0),
        accessed: time(1),
        modified: time(2),
        changed: time(3),
    }
}

/// `FileBasicInformation` (MS-FSCC 2.4.7): times at 0, attributes at 32.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Basic {
    pub(super) times: Times,
    pub(super) attributes: Attributes,
}

impl Basic {
    /// Bytes of the structure.
    pub(super) const SIZE: usize = 40;

    pub(super) fn parse(bytes: &[u8]) -> Self {
        Self {
            times: times_at(bytes, 0),
            attributes: Attributes::from_bits_retain(u32_at(bytes, 32)),
        }
    }

    /// For setting: a time of 0 and attributes of 0 are left as they are by the file system.
    pub(super) fn to_bytes(self) -> [u8; Self::SIZE] {
        let mut bytes = [0; Self::SIZE];
        let Times {
            created,
            accessed,
            modified,
            changed,
        } = self.times;
        for (to, time) in bytes
            .chunks_exact_mut(8)
            .zip([created, accessed, modified, changed])
        {
            to.copy_from_slice(&time.0.to_le_bytes());
        }
        bytes[32..36].copy_from_slice(&self.attributes.bits().to_le_bytes());
        bytes
    }
}

/// `FileStandardInformation` (MS-FSCC 2.4.47): size at 8, link count at 16, "directory" at 21.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Standard {
    pub(super) size: u64,
    pub(super) links: u32,
    pub(super) directory: bool,
}

impl Standard {
    pub(super) fn parse(bytes: &[u8]) -> Self {
        Self {
            size: u64_at(bytes, 8),
            links: u32_at(bytes, 16),
            directory: bytes.get(21).is_some_and(|b| *b != 0),
        }
    }
}

/// `FileAttributeTagInformation` (MS-FSCC 2.4.6): the tag at 4, which counts only with the attribute.
pub(super) fn reparse_tag(bytes: &[u8]) -> Option<u32> {
    let attributes = Attributes::from_bits_retain(u32_at(bytes, 0));
    attributes
        .contains(Attributes::REPARSE_POINT)
        .then(|| u32_at(bytes, 4))
}

/// `FileIdInformation` (MS-FSCC 2.4.26): volume serial number and 128-bit id.
pub(super) fn file_id(bytes: &[u8]) -> (u64, u128) {
    (u64_at(bytes, 0), u128_at(bytes, 8))
}

/// `FileAlternateNameInformation`, `FileNormalizedNameInformation`: length in bytes at 0, text at 4.
pub(super) fn counted_name(bytes: &[u8]) -> Vec<u16> {
    units_at(bytes, 4, u32_at(bytes, 0) as usize)
}

/// `FileFsVolumeInformation` (MS-FSCC 2.5.9): the low serial number at 8, the label at 18.
pub(super) fn serial_and_label(bytes: &[u8]) -> (u32, Vec<u16>) {
    (
        u32_at(bytes, 8),
        units_at(bytes, 18, u32_at(bytes, 12) as usize),
    )
}

/// `FileFsAttributeInformation` (MS-FSCC 2.5.1): flags at 0, the file system's name at 12.
pub(super) fn flags_and_system(bytes: &[u8]) -> (u32, Vec<u16>) {
    (
        u32_at(bytes, 0),
        units_at(bytes, 12, u32_at(bytes, 8) as usize),
    )
}

/// `FileFsFullSizeInformation` (MS-FSCC 2.5.4) in bytes: in all, and free for the caller.
pub(super) fn total_and_free(bytes: &[u8]) -> (u64, u64) {
    let unit = u64::from(u32_at(bytes, 24)).saturating_mul(u64::from(u32_at(bytes, 28)));
    (
        u64_at(bytes, 0).saturating_mul(unit),
        u64_at(bytes, 8).saturating_mul(unit),
    )
}

/// `FileFsDeviceInformation` (MS-FSCC 2.5.10): the characteristics at 4.
pub(super) fn device_characteristics(bytes: &[u8]) -> u32 {
    u32_at(bytes, 4)
}

/// The three classes of directory listing used, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Listing {
    /// `FileIdExtdBothDirectoryInformation` (63): tag, 128-bit id and 8.3 name.
    ExtdBoth,
    /// `FileIdExtdDirectoryInformation` (60): tag and 128-bit id.
    Extd,
    /// `FileIdBothDirectoryInformation` (37): the tag in the place of the EA size, 64-bit id, 8.3 name.
    Both,
}

impl Listing {
    /// The number of the class.
    pub(super) fn class(self) -> i32 {
        match self {
            Self::ExtdBoth => 63,
            Self::Extd => 60,
            Self::Both => 37,
        }
    }

    /// The one to try where a file system does not know this one.
    pub(super) fn fallback(self) -> Option<Self> {
        match self {
            Self::ExtdBoth => Some(Self::Extd),
            Self::Extd => Some(Self::Both),
            Self::Both => None,
        }
    }

    /// Offsets of tag, id, 8.3 name's length (the name is 2 further on), name.
    fn offsets(self) -> (usize, usize, Option<usize>, usize) {
        match self {
            Self::ExtdBoth => (68, 72, Some(88), 114),
            Self::Extd => (68, 72, None, 88),
            Self::Both => (64, 96, Some(68), 104),
        }
    }
}

/// One entry of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) name: Vec<u16>,
    pub(super) short_name: Vec<u16>,
    pub(super) id: u128,
    pub(super) attributes: Attributes,
    pub(super) tag: Option<u32>,
    pub(super) size: u64,
    pub(super) times: Times,
}

/// The entries of one batch, `.` and `..` included.
pub(super) fn rows(listing: Listing, batch: &[u8]) -> impl Iterator<Item = Row> + '_ {
    let mut rest = Some(batch);
    std::iter::from_fn(move || {
        let here = rest.filter(|bytes| bytes.len() >= 64)?;
        let next = u32_at(here, 0) as usize;
        rest = (next != 0).then(|| here.get(next..)).flatten();
        Some(row(listing, here))
    })
}

fn row(listing: Listing, bytes: &[u8]) -> Row {
    let (tag_at, id_at, short_at, name_at) = listing.offsets();
    let attributes = Attributes::from_bits_retain(u32_at(bytes, 56));
    let short_name = short_at.map_or_else(Vec::new, |at| {
        let len = bytes.get(at).copied().unwrap_or(0).min(24);
        units_at(bytes, at + 2, usize::from(len))
    });
    Row {
        name: units_at(bytes, name_at, u32_at(bytes, 60) as usize),
        short_name,
        id: match listing {
            Listing::Both => u128::from(u64_at(bytes, id_at)),
            _ => u128_at(bytes, id_at),
        },
        attributes,
        tag: attributes
            .contains(Attributes::REPARSE_POINT)
            .then(|| u32_at(bytes, tag_at)),
        size: u64_at(bytes, 40),
        times: times_at(bytes, 8),
    }
}

/// `FileReparsePointInformation` (MS-FSCC 2.4.44), 16 bytes each: file reference, tag.
pub(super) fn reparse_index(batch: &[u8]) -> impl Iterator<Item = (u64, u32)> + '_ {
    batch
        .chunks_exact(16)
        .map(|row| (u64_at(row, 0), u32_at(row, 8)))
}

/// The flags of a mount point's or a `CreateSymbolicLinkW`'s privilege list: `TOKEN_PRIVILEGES`, a count
/// and 12 bytes each of LUID and attributes.
pub(super) fn privilege_attributes(bytes: &[u8], luid: u64) -> Option<u32> {
    let count = u32_at(bytes, 0) as usize;
    let rows = bytes.get(4..).unwrap_or_default().chunks_exact(12);
    rows.take(count)
        .find(|row| u64_at(row, 0) == luid)
        .map(|row| u32_at(row, 8))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One `FILE_ID_EXTD_BOTH_DIR_INFORMATION`, with `next` as the offset of the one behind it.
    fn extd_both(next: u32, name: &str, attributes: u32, tag: u32, id: u128) -> Vec<u8> {
        let name: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let mut bytes = vec![0; 114];
        bytes[0..4].copy_from_slice(&next.to_le_bytes());
        bytes[8..16].copy_from_slice(&1u64.to_le_bytes());
        bytes[24..32].copy_from_slice(&3u64.to_le_bytes());
        bytes[40..48].copy_from_slice(&15u64.to_le_bytes());
        bytes[56..60].copy_from_slice(&attributes.to_le_bytes());
        bytes[60..64].copy_from_slice(&(name.len() as u32).to_le_bytes());
        bytes[68..72].copy_from_slice(&tag.to_le_bytes());
        bytes[72..88].copy_from_slice(&id.to_le_bytes());
        bytes[88] = 8;
        bytes[90..98].copy_from_slice(&[b'A', 0, b'~', 0, b'1', 0, b'.', 0]);
        bytes.extend_from_slice(&name);
        bytes
    }

    #[test]
    fn a_batch_is_read_row_by_row() {
        let mut batch = extd_both(128, "junk", 0x410, 0xA000_0003, 7);
        batch.resize(128, 0);
        batch.extend(extd_both(0, "f.txt", 0x20, 0xDEAD, 1 << 100));
        let rows: Vec<Row> = rows(Listing::ExtdBoth, &batch).collect();
        assert_eq!(rows.len(), 2);
        assert_eq!(String::from_utf16_lossy(&rows[0].name), "junk");
        assert_eq!(rows[0].tag, Some(0xA000_0003));
        assert_eq!(String::from_utf16_lossy(&rows[0].short_name), "A~1.");
        assert_eq!(
            (rows[1].tag, rows[1].id, rows[1].size),
            (None, 1 << 100, 15)
        );
        assert_eq!(rows[1].times.modified, FileTime(3));
    }

    #[test]
    fn the_tag_of_the_oldest_class_stands_in_the_place_of_the_ea_size() {
        let mut bytes = vec![0; 104];
        bytes[56..60].copy_from_slice(&0x400u32.to_le_bytes());
        bytes[60..64].copy_from_slice(&2u32.to_le_bytes());
        bytes[64..68].copy_from_slice(&0xA000_000Cu32.to_le_bytes());
        bytes[96..104].copy_from_slice(&42u64.to_le_bytes());
        bytes.extend_from_slice(&[b'x', 0]);
        let row = rows(Listing::Both, &bytes).next().expect("a row");
        assert_eq!(
            (row.tag, row.id, row.name),
            (Some(0xA000_000C), 42, vec![u16::from(b'x')])
        );
    }

    #[test]
    fn lengths_that_lie_are_cut() {
        let mut batch = extd_both(0xFFFF_FFF0, "name", 0x20, 0, 1);
        batch[60..64].copy_from_slice(&u32::MAX.to_le_bytes());
        batch[88] = 0xFF;
        let rows: Vec<Row> = rows(Listing::ExtdBoth, &batch).collect();
        assert_eq!(rows.len(), 1);
        assert_eq!(String::from_utf16_lossy(&rows[0].name), "name");
        assert_eq!(rows[0].short_name.len(), 12);
        assert_eq!(
            counted_name(&[0xFF, 0xFF, 0xFF, 0xFF, b'a', 0]),
            [u16::from(b'a')]
        );
        assert_eq!(
            Standard::parse(&[]),
            Standard {
                size: 0,
                links: 0,
                directory: false
            }
        );
    }

    #[test]
    fn times_and_attributes_go_both_ways() {
        let basic = Basic {
            times: Times {
                created: FileTime(1),
                modified: FileTime(2),
                changed: FileTime(3),
                accessed: FileTime(4),
            },
            attributes: Attributes::HIDDEN,
        };
        assert_eq!(Basic::parse(&basic.to_bytes()), basic);
    }

    #[test]
    fn privileges_are_found_by_luid() {
        let mut bytes = 2u32.to_le_bytes().to_vec();
        for (luid, attributes) in [(19u64, 0u32), (35, 2)] {
            bytes.extend_from_slice(&luid.to_le_bytes());
            bytes.extend_from_slice(&attributes.to_le_bytes());
        }
        assert_eq!(privilege_attributes(&bytes, 35), Some(2));
        assert_eq!(privilege_attributes(&bytes, 19), Some(0));
        assert_eq!(privilege_attributes(&bytes, 36), None);
    }
}
