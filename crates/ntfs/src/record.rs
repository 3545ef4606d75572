//! One file record in a buffer.

use zerocopy::{FromBytes, FromZeros};

use crate::attribute::Attribute;
use crate::error::{Error, Result};
use crate::file_ref::FileRef;
use crate::fixup;
use crate::layout::{
    FILE_SIGNATURE, RecordHeader, UPDATE_SEQUENCE_STRIDE, attribute_type, record_flags,
};

const STRUCTURE: &str = "file record";

/// A file record in memory form (the update sequence undone), in a buffer of any kind: borrowed from a
/// large block of `$MFT` for a scan, owned for an edit.
///
/// What is looked at is looked up in the bytes each time; an edit of the bytes is seen at once.
#[derive(Debug, Clone)]
pub struct Record<B> {
    number: u64,
    bytes: B,
}

impl<B: AsRef<[u8]> + AsMut<[u8]>> Record<B> {
    /// From the bytes as they are on disk: checks and undoes the update sequence in place.
    pub fn from_disk(number: u64, mut bytes: B) -> Result<Self> {
        fixup::undo(bytes.as_mut(), FILE_SIGNATURE, STRUCTURE)
            .map_err(|error| error.in_record(number))?;
        Self::new(number, bytes)
    }

    /// The bytes, to be edited in place.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        self.bytes.as_mut()
    }
}

impl<B: AsRef<[u8]>> Record<B> {
    /// From bytes whose update sequence is undone. The header's lengths are checked, attributes are
    /// checked when they are looked at.
    pub fn new(number: u64, bytes: B) -> Result<Self> {
        let record = Self { number, bytes };
        record
            .check_header()
            .map_err(|error| error.in_record(number))?;
        Ok(record)
    }

    fn check_header(&self) -> Result<()> {
        let (bytes, header) = (self.bytes(), self.header());
        let (size, used) = (bytes.len(), header.bytes_in_use.get() as usize);
        if size < UPDATE_SEQUENCE_STRIDE || header.multi_sector.signature != FILE_SIGNATURE {
            let actual = header.multi_sector.signature.escape_ascii();
            return Err(Error::damaged(STRUCTURE, 0, "signature FILE", actual));
        }
        if used > size || used % 8 != 0 {
            let expected = format!("at most {size} bytes in use, a multiple of 8");
            return Err(Error::damaged(STRUCTURE, 0x18, expected, used));
        }
        let allocated = header.bytes_allocated.get() as usize;
        if allocated != size {
            return Err(Error::damaged(
                STRUCTURE,
                0x1C,
                format!("{size} bytes"),
                allocated,
            ));
        }
        let first = usize::from(header.first_attribute.get());
        if first < 0x2A || first % 8 != 0 || first + 8 > used {
            let expected = format!("the first attribute at 48 to {}", used.saturating_sub(8));
            return Err(Error::damaged(STRUCTURE, 0x14, expected, first));
        }
        Ok(())
    }

    /// Its number.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// All its bytes.
    pub fn bytes(&self) -> &[u8] {
        self.bytes.as_ref()
    }

    /// The buffer.
    pub fn into_bytes(self) -> B {
        self.bytes
    }

    /// A copy of the header.
    pub fn header(&self) -> RecordHeader {
        // Zeros where the buffer is shorter: `new` lets no such buffer pass.
        RecordHeader::read_from_prefix(self.bytes())
            .map_or_else(|_| RecordHeader::new_zeroed(), |(header, _)| header)
    }

    /// The reference that entries have to this record as it is now.
    pub fn reference(&self) -> FileRef {
        FileRef::new(self.number, self.header().sequence.get())
    }

    /// Of an extension record, its base record.
    pub fn base(&self) -> Option<FileRef> {
        match self.header().base.get() {
            0 => None,
            raw => Some(FileRef::from_raw(raw)),
        }
    }

    /// Whether it is in use.
    pub fn is_in_use(&self) -> bool {
        self.header().flags.get() & record_flags::IN_USE != 0
    }

    /// Whether it says that it is a directory.
    pub fn is_directory(&self) -> bool {
        self.header().flags.get() & record_flags::DIRECTORY != 0
    }

    /// Its attributes in order. After an error it ends.
    pub fn attributes(&self) -> Attributes<'_> {
        let header = self.header();
        let used = header.bytes_in_use.get() as usize;
        Attributes {
            number: self.number,
            used: self.bytes().get(..used).unwrap_or_default(),
            offset: Some(usize::from(header.first_attribute.get())),
        }
    }

    /// The first attribute of this type and name.
    pub fn find(&self, type_code: u32, name: &[u16]) -> Result<Option<Attribute<'_>>> {
        for attribute in self.attributes() {
            let attribute = attribute?;
            if attribute.is(type_code, name) {
                return Ok(Some(attribute));
            }
        }
        Ok(None)
    }

    /// The attribute at `offset`, which an earlier look found there.
    pub fn attribute_at(&self, offset: usize) -> Result<Attribute<'_>> {
        let used = self.header().bytes_in_use.get() as usize;
        let used = self.bytes().get(..used).unwrap_or_default();
        Attribute::parse(used, offset)
            .and_then(|found| {
                found.ok_or_else(|| {
                    Error::damaged("attribute", offset, "an attribute", "the end marker")
                })
            })
            .map_err(|error| error.in_record(self.number))
    }

    /// Whether it has an `$ATTRIBUTE_LIST`: then its attributes are spread over extension records.
    pub fn has_attribute_list(&self) -> Result<bool> {
        Ok(self.find(attribute_type::ATTRIBUTE_LIST, &[])?.is_some())
    }
}

/// The attributes of one record, in order.
#[derive(Debug, Clone)]
pub struct Attributes<'a> {
    number: u64,
    used: &'a [u8],
    offset: Option<usize>,
}

impl<'a> Iterator for Attributes<'a> {
    type Item = Result<Attribute<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        let parsed = Attribute::parse(self.used, self.offset?);
        // A length of at least 24 is certain, so that the end comes after size / 24 steps at most.
        self.offset = match &parsed {
            Ok(Some(attribute)) => Some(attribute.offset + attribute.bytes.len()),
            _ => None,
        };
        parsed
            .map_err(|error| error.in_record(self.number))
            .transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixup::redo;

    /// A record with one resident attribute of `value` for each type.
    fn record(types: &[u32], value: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; 1024];
        bytes[..4].copy_from_slice(b"FILE");
        bytes[4..8].copy_from_slice(&[0x30, 0, 3, 0]);
        bytes[0x10] = 7;
        bytes[0x14] = 0x38;
        bytes[0x16] = 1;
        bytes[0x1C..0x20].copy_from_slice(&1024u32.to_le_bytes());
        let mut at = 0x38;
        for code in types {
            let length = (24 + value.len()).next_multiple_of(8);
            bytes[at..at + 4].copy_from_slice(&code.to_le_bytes());
            bytes[at + 4..at + 8].copy_from_slice(&(length as u32).to_le_bytes());
            bytes[at + 16..at + 20].copy_from_slice(&(value.len() as u32).to_le_bytes());
            bytes[at + 20] = 24;
            bytes[at + 24..at + 24 + value.len()].copy_from_slice(value);
            at += length;
        }
        bytes[at..at + 4].fill(0xFF);
        bytes[0x18..0x1C].copy_from_slice(&(at as u32 + 8).to_le_bytes());
        bytes
    }

    #[test]
    fn attributes_are_found_by_type() {
        let mut bytes = record(&[0x10, 0x30, 0x80], b"value");
        redo(&mut bytes, STRUCTURE).unwrap();
        let record = Record::from_disk(42, bytes).unwrap();
        assert_eq!(record.reference(), FileRef::new(42, 7));
        assert_eq!(record.attributes().count(), 3);
        let found = record.find(0x30, &[]).unwrap().unwrap();
        assert_eq!(found.resident(), Some(b"value".as_slice()));
        assert!(record.find(0x30, &[36]).unwrap().is_none());
        assert!(record.is_in_use() && !record.is_directory());
    }

    #[test]
    fn lengths_out_of_bounds_are_damage_with_their_place() {
        let check = |at: usize, value: u8, message: &str| {
            let mut bytes = record(&[0x10, 0x30], b"value");
            bytes[at] = value;
            let error = match Record::new(9, bytes) {
                Ok(record) => record.attributes().find_map(Result::err).unwrap(),
                Err(error) => error,
            };
            assert_eq!(error.to_string(), message);
        };
        check(
            0,
            b'B',
            "file record at record 9, offset 0: signature FILE expected, BILE found",
        );
        check(
            0x19,
            0xFF,
            "file record at record 9, offset 24: at most 1024 bytes in use, a multiple of 8 expected, 65408 found",
        );
        check(
            0x14,
            0xF8,
            "file record at record 9, offset 20: the first attribute at 48 to 120 expected, 248 found",
        );
        check(
            0x3C,
            4,
            "attribute at record 9, offset 60: a length of 24 to 72, a multiple of 8 expected, 4 found",
        );
        check(
            0x48,
            0x50,
            "attribute at record 9, offset 72: a value within 32 bytes expected, 24..104 found",
        );
        check(
            0x40,
            9,
            "attribute at record 9, offset 64: resident (0) or not (1) expected, 9 found",
        );
        check(
            0x41,
            9,
            "attribute at record 9, offset 65: a name within the attribute expected, 9 found",
        );
    }
}
