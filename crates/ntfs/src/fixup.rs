//! The update sequence of FILE records and INDX blocks.
//!
//! On disk the last two bytes of every 512 are replaced by the update sequence number, and the bytes
//! that were there stand in an array in the header: a block of which only some sectors were written shows it.
//! [`undo`] puts the bytes back after a read, [`redo`] takes them out again, under the next number, before a write.

use zerocopy::FromBytes;

use crate::error::{Error, Result};
use crate::layout::{MultiSectorHeader, UPDATE_SEQUENCE_STRIDE as STRIDE};

/// Checks the signature and the update sequence of a block as it is on disk.
pub fn check(block: &[u8], signature: [u8; 4], structure: &'static str) -> Result<()> {
    let header = header(block, structure)?;
    if header.signature != signature {
        return Err(Error::damaged(
            structure,
            0,
            format!("signature {}", signature.escape_ascii()),
            header.signature.escape_ascii(),
        ));
    }
    let array = array_range(&header, block.len(), structure)?;
    let sequence = block.get(array).unwrap_or_default();
    let number = sequence.get(..2).unwrap_or_default();
    for (index, sector) in block.chunks_exact(STRIDE).enumerate() {
        let found = sector.get(STRIDE - 2..).unwrap_or_default();
        if found != number {
            return Err(torn(structure, index, number, found));
        }
    }
    Ok(())
}

/// Puts the bytes of the update sequence array back in place: disk form to memory form.
///
/// Nothing is changed where the signature is another or a sector carries another number.
pub fn undo(block: &mut [u8], signature: [u8; 4], structure: &'static str) -> Result<()> {
    check(block, signature, structure)?;
    let array = array_range(&header(block, structure)?, block.len(), structure)?.start + 2;
    for index in 0..block.len() / STRIDE {
        copy_pair(block, array + 2 * index, (index + 1) * STRIDE - 2);
    }
    Ok(())
}

/// Takes the bytes out again under the next update sequence number: memory form to disk form.
///
/// The number goes up by one; 0 and 0xFFFF are left out, as Windows does.
pub fn redo(block: &mut [u8], structure: &'static str) -> Result<()> {
    let start = array_range(&header(block, structure)?, block.len(), structure)?.start;
    let pair = block.get(start..start + 2).unwrap_or_default();
    let number = match u16::from_le_bytes(pair.try_into().unwrap_or_default()).wrapping_add(1) {
        0 | 0xFFFF => 1,
        number => number,
    };
    for index in 0..block.len() / STRIDE {
        let tail = (index + 1) * STRIDE - 2;
        copy_pair(block, tail, start + 2 + 2 * index);
        put_pair(block, tail, number);
    }
    put_pair(block, start, number);
    Ok(())
}

fn header(block: &[u8], structure: &'static str) -> Result<MultiSectorHeader> {
    let (header, _) = MultiSectorHeader::read_from_prefix(block)
        .map_err(|_| Error::damaged(structure, 0, "a header of 8 bytes", block.len()))?;
    Ok(header)
}

/// The bytes of the array with the number before it. It lies in the first sector, before its last two
/// bytes: otherwise it would be overwritten by itself.
fn array_range(
    header: &MultiSectorHeader,
    length: usize,
    structure: &'static str,
) -> Result<std::ops::Range<usize>> {
    let start = usize::from(header.update_sequence_offset.get());
    let count = usize::from(header.update_sequence_count.get());
    if length == 0 || length % STRIDE != 0 || count != length / STRIDE + 1 {
        let expected = format!("an update sequence of {} words", length / STRIDE + 1);
        return Err(Error::damaged(structure, 6, expected, count));
    }
    let end = start + 2 * count;
    // Large index blocks (64 KiB) have an array of 258 bytes; all of it must precede the first tail.
    if start < size_of::<MultiSectorHeader>() || start % 2 != 0 || end > STRIDE - 2 {
        let expected = "an update sequence within the first 510 bytes";
        return Err(Error::damaged(
            structure,
            4,
            expected,
            format!("{start}..{end}"),
        ));
    }
    Ok(start..end)
}

fn torn(structure: &'static str, sector: usize, number: &[u8], found: &[u8]) -> Error {
    Error::damaged(
        structure,
        (sector + 1) * STRIDE - 2,
        format!("update sequence number {number:02x?}"),
        format!("{found:02x?}"),
    )
}

fn copy_pair(block: &mut [u8], from: usize, to: usize) {
    if from + 2 <= block.len() && to + 2 <= block.len() {
        block.copy_within(from..from + 2, to);
    }
}

fn put_pair(block: &mut [u8], at: usize, value: u16) {
    if let Some(pair) = block.get_mut(at..at + 2) {
        pair.copy_from_slice(&value.to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::FILE_SIGNATURE;

    fn block(sectors: usize) -> Vec<u8> {
        let mut block: Vec<u8> = (0..sectors * STRIDE).map(|i| (i % 251) as u8).collect();
        block[..4].copy_from_slice(b"FILE");
        block[4..6].copy_from_slice(&0x30u16.to_le_bytes());
        block[6..8].copy_from_slice(&(sectors as u16 + 1).to_le_bytes());
        block[0x30..0x32].copy_from_slice(&0xFFFEu16.to_le_bytes());
        block
    }

    #[test]
    fn undo_reverses_redo() {
        for sectors in [1, 2, 8, 128] {
            let plain = block(sectors);
            let mut disk = plain.clone();
            redo(&mut disk, "record").unwrap();
            assert_eq!(disk[0x30..0x32], [1, 0], "0xFFFF and 0 are left out");
            assert_eq!(disk[STRIDE - 2..STRIDE], [1, 0]);
            undo(&mut disk, FILE_SIGNATURE, "record").unwrap();
            let array = 0x30..0x32 + 2 * sectors;
            assert_eq!(disk[..array.start], plain[..array.start]);
            assert_eq!(disk[array.end..], plain[array.end..]);
        }
    }

    #[test]
    fn a_torn_sector_is_told_and_nothing_changed() {
        let mut disk = block(2);
        redo(&mut disk, "record").unwrap();
        disk[1023] ^= 1;
        let before = disk.clone();
        let error = undo(&mut disk, FILE_SIGNATURE, "record").unwrap_err();
        assert_eq!(
            error.to_string(),
            "record at offset 1022: update sequence number [01, 00] expected, [01, 01] found"
        );
        assert_eq!(disk, before);
    }

    #[test]
    fn arrays_outside_the_first_sector_are_damage() {
        let damaged = |offset: u16, count: u16| {
            let mut disk = block(2);
            disk[4..6].copy_from_slice(&offset.to_le_bytes());
            disk[6..8].copy_from_slice(&count.to_le_bytes());
            check(&disk, FILE_SIGNATURE, "record")
                .unwrap_err()
                .damage()
                .is_some()
        };
        for (offset, count) in [
            (0, 3),
            (506, 3),
            (0xFFFF, 3),
            (0x31, 3),
            (0x30, 0),
            (0x30, 0xFFFF),
        ] {
            assert!(damaged(offset, count), "{offset} {count}");
        }
    }
}
