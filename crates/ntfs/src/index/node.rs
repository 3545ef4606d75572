//! A node of an index B+ tree: the entries of a root or of a block, seen in place.

use zerocopy::FromBytes;

use crate::error::{Error, Result};
use crate::file_ref::FileRef;
use crate::fixup;
use crate::layout::{
    INDX_SIGNATURE, IndexBlockHeader, IndexEntryHeader, IndexHeader, IndexRootHeader, entry_flags,
    index_flags,
};

/// Where the [`IndexHeader`] is in the value of `$INDEX_ROOT`.
pub const ROOT_HEADER: usize = size_of::<IndexRootHeader>();
/// Where the [`IndexHeader`] is in an index block.
pub const BLOCK_HEADER: usize = size_of::<IndexBlockHeader>();
/// The bytes of an entry before its key.
pub const ENTRY_HEADER: usize = size_of::<IndexEntryHeader>();

/// The entries of a node, its header's bounds checked against the buffer.
#[derive(Debug, Clone, Copy)]
pub struct Node<'a> {
    /// The bytes up to the end of the entries.
    used: &'a [u8],
    /// Where the [`IndexHeader`] is.
    header_at: usize,
    header: IndexHeader,
}

impl<'a> Node<'a> {
    /// The node in the value of an `$INDEX_ROOT`.
    pub fn root(value: &'a [u8]) -> Result<(IndexRootHeader, Self)> {
        let Ok((root, _)) = IndexRootHeader::read_from_prefix(value) else {
            return Err(Error::damaged("$INDEX_ROOT", 0, "16 bytes", value.len()));
        };
        Ok((root, Self::at(value, ROOT_HEADER, "$INDEX_ROOT")?))
    }

    /// The node in an index block whose update sequence is undone.
    pub fn block(bytes: &'a [u8]) -> Result<Self> {
        Self::at(bytes, BLOCK_HEADER, "index block")
    }

    fn at(bytes: &'a [u8], header_at: usize, structure: &'static str) -> Result<Self> {
        let rest = bytes.get(header_at..).unwrap_or_default();
        let Ok((header, _)) = IndexHeader::read_from_prefix(rest) else {
            return Err(Error::damaged(
                structure,
                header_at,
                "a header of 16 bytes",
                rest.len(),
            ));
        };
        let (used, first) = (
            header.used.get() as usize,
            header.entries_offset.get() as usize,
        );
        if used > rest.len() || used < size_of::<IndexHeader>() + ENTRY_HEADER {
            let expected = format!("32 to {} bytes used", rest.len());
            return Err(Error::damaged(structure, header_at + 4, expected, used));
        }
        if first < size_of::<IndexHeader>() || first > used - ENTRY_HEADER || first % 8 != 0 {
            let expected = format!("entries at 16 to {}", used - ENTRY_HEADER);
            return Err(Error::damaged(structure, header_at, expected, first));
        }
        let used = bytes.get(..header_at + used).unwrap_or(bytes);
        Ok(Self {
            used,
            header_at,
            header,
        })
    }

    /// Its header.
    pub fn header(&self) -> &IndexHeader {
        &self.header
    }

    /// Whether its entries have children.
    pub fn has_children(&self) -> bool {
        self.header.flags & index_flags::HAS_CHILDREN != 0
    }

    /// Its entries in order, the last one, which has no key, included. After an error it ends.
    pub fn entries(&self) -> Entries<'a> {
        let first = self.header_at + self.header.entries_offset.get() as usize;
        Entries {
            used: self.used,
            offset: Some(first),
        }
    }

    /// The entry at an offset of the buffer, which an earlier look found there.
    pub fn entry_at(&self, offset: usize) -> Result<IndexEntry<'a>> {
        IndexEntry::parse(self.used, offset)
    }
}

/// The entries of a node.
#[derive(Debug, Clone)]
pub struct Entries<'a> {
    used: &'a [u8],
    offset: Option<usize>,
}

impl<'a> Iterator for Entries<'a> {
    type Item = Result<IndexEntry<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        let entry = IndexEntry::parse(self.used, self.offset?);
        // An entry has at least 16 bytes: there is an end.
        self.offset = match &entry {
            Ok(entry) if !entry.is_last() => Some(entry.offset + entry.bytes.len()),
            _ => None,
        };
        Some(entry)
    }
}

/// An entry of an index, every length in it checked.
#[derive(Debug, Clone, Copy)]
pub struct IndexEntry<'a> {
    /// Where it begins in the buffer of its node.
    pub offset: usize,
    /// All its bytes.
    pub bytes: &'a [u8],
    /// Its key; empty in the last entry of a node.
    pub key: &'a [u8],
    /// Its [flags](entry_flags).
    pub flags: u16,
    /// The virtual cluster number of the block with the lesser keys.
    pub child: Option<u64>,
}

impl<'a> IndexEntry<'a> {
    /// Reads the entry at `offset` of `used`, the bytes up to the end of the node.
    pub fn parse(used: &'a [u8], offset: usize) -> Result<Self> {
        let rest = used.get(offset..).unwrap_or_default();
        let wrong = |at: usize, expected: String, actual: usize| {
            Error::damaged("index entry", offset + at, expected, actual)
        };
        let Ok((header, _)) = IndexEntryHeader::read_from_prefix(rest) else {
            return Err(wrong(0, "an entry of 16 bytes".to_owned(), rest.len()));
        };
        let (length, flags) = (usize::from(header.length.get()), header.flags.get());
        let child_size = if flags & entry_flags::HAS_CHILD != 0 {
            8
        } else {
            0
        };
        let bytes = rest.get(..length);
        let bytes = bytes.filter(|_| length % 8 == 0 && length >= ENTRY_HEADER + child_size);
        let Some(bytes) = bytes else {
            let expected = format!(
                "a length of {} to {}",
                ENTRY_HEADER + child_size,
                rest.len()
            );
            return Err(wrong(8, expected, length));
        };
        let last = flags & entry_flags::LAST != 0;
        let key_length = if last {
            0
        } else {
            usize::from(header.key_length.get())
        };
        let body = bytes
            .get(ENTRY_HEADER..length - child_size)
            .unwrap_or_default();
        let Some(key) = body.get(..key_length).filter(|key| last || !key.is_empty()) else {
            return Err(wrong(
                10,
                format!("a key of 1 to {} bytes", body.len()),
                key_length,
            ));
        };
        let child = bytes.last_chunk().filter(|_| child_size != 0).copied();
        let child = child.map(u64::from_le_bytes);
        Ok(Self {
            offset,
            bytes,
            key,
            flags,
            child,
        })
    }

    /// Whether it is the last of its node, without a key.
    pub fn is_last(&self) -> bool {
        self.flags & entry_flags::LAST != 0
    }

    /// Of a directory's index: the file.
    pub fn file(&self) -> FileRef {
        let raw = self
            .bytes
            .first_chunk()
            .copied()
            .map_or(0, u64::from_le_bytes);
        FileRef::from_raw(raw)
    }

    /// Of a view index: the data that go with the key.
    pub fn data(&self) -> Result<&'a [u8]> {
        let half = |at: usize| {
            let pair = self
                .bytes
                .get(at..at + 2)
                .and_then(|pair| pair.try_into().ok());
            usize::from(pair.map_or(0, u16::from_le_bytes))
        };
        let (start, length) = (half(0), half(2));
        if length == 0 {
            return Ok(&[]);
        }
        self.bytes
            .get(start..start + length)
            .filter(|_| start >= ENTRY_HEADER)
            .ok_or_else(|| {
                let expected = format!("data within {} bytes", self.bytes.len());
                let actual = format!("{start}..{}", start + length);
                Error::damaged("index entry", self.offset, expected, actual)
            })
    }
}

/// Checks an index block as it is on disk, undoes its update sequence, and checks that it is the one that a child
/// pointer names.
pub fn undo_block(bytes: &mut [u8], vcn: u64) -> Result<()> {
    fixup::undo(bytes, INDX_SIGNATURE, "index block")?;
    let header = IndexBlockHeader::read_from_prefix(bytes).map(|(header, _)| header.vcn.get());
    match header {
        Ok(own) if own == vcn => Ok(()),
        Ok(own) => Err(Error::damaged(
            "index block",
            16,
            format!("its own number {vcn}"),
            own,
        )),
        Err(_) => Err(Error::damaged(
            "index block",
            0,
            "a header of 24 bytes",
            bytes.len(),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(key: &[u8], flags: u16, child: Option<u64>) -> Vec<u8> {
        let child: Vec<u8> = child.into_iter().flat_map(u64::to_le_bytes).collect();
        let padded = key.len().next_multiple_of(8);
        let mut bytes = vec![0; ENTRY_HEADER + padded];
        bytes[16..16 + key.len()].copy_from_slice(key);
        bytes.extend(child);
        let length = bytes.len() as u16;
        bytes[8..10].copy_from_slice(&length.to_le_bytes());
        bytes[10..12].copy_from_slice(&(key.len() as u16).to_le_bytes());
        bytes[12..14].copy_from_slice(&flags.to_le_bytes());
        bytes
    }

    fn root(entries: &[Vec<u8>]) -> Vec<u8> {
        let body = entries.concat();
        let mut bytes = vec![0; 32];
        bytes[16] = 16;
        bytes[20..24].copy_from_slice(&(16 + body.len() as u32).to_le_bytes());
        bytes.extend(body);
        bytes
    }

    #[test]
    fn entries_end_with_the_last() {
        let bytes = root(&[
            entry(b"abc", 0, None),
            entry(b"d", 1, Some(7)),
            entry(b"", 3, Some(8)),
        ]);
        let (_, node) = Node::root(&bytes).unwrap();
        let entries: Vec<_> = node.entries().map(Result::unwrap).collect();
        let keys: Vec<_> = entries.iter().map(|entry| entry.key).collect();
        assert_eq!(keys, [b"abc".as_slice(), b"d", b""]);
        let children: Vec<_> = entries.iter().map(|entry| entry.child).collect();
        assert_eq!(children, [None, Some(7), Some(8)]);
    }

    #[test]
    fn lengths_out_of_bounds_are_damage() {
        let check = |at: usize, value: u8, expected: &str| {
            let mut bytes = root(&[entry(b"abc", 0, None), entry(b"", 2, None)]);
            bytes[at] = value;
            let error = match Node::root(&bytes) {
                Ok((_, node)) => node.entries().find_map(Result::err).unwrap(),
                Err(error) => error,
            };
            assert!(error.to_string().contains(expected), "{error}");
        };
        check(20, 200, "32 to 56 bytes used expected, 200 found");
        check(16, 80, "entries at 16 to 40 expected, 80 found");
        check(32 + 8, 0, "a length of 16 to 40 expected, 0 found");
        check(32 + 10, 9, "a key of 1 to 8 bytes expected, 9 found");
        check(32 + 10, 0, "a key of 1 to 8 bytes expected, 0 found");
        check(32 + 24 + 12, 0, "a key of 1 to 0 bytes expected, 0 found");
        check(32 + 24 + 12, 3, "a length of 24 to 16 expected, 16 found");
    }
}
