//! One node of an index in memory: its entries found by position, changed in place.

use std::cmp::Ordering;

use zerocopy::{FromBytes, FromZeros, IntoBytes};

use crate::collate::{UpCase, compare_u32s};
use crate::error::{Error, Result};
use crate::layout::{
    FileName, INDX_SIGNATURE, IndexBlockHeader, IndexEntryHeader, IndexHeader,
    UPDATE_SEQUENCE_STRIDE, entry_flags, index_flags,
};
use zerocopy::little_endian::U16;

const STRUCTURE: &str = "index node";
const ENTRY_HEADER: usize = size_of::<IndexEntryHeader>();
const NODE_HEADER: usize = size_of::<IndexHeader>();
/// Where the node's own header is in an INDX block.
const BLOCK_HEADER: usize = size_of::<IndexBlockHeader>();

/// What is looked for in an index.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Key<'a> {
    /// A file name, in `$I30`.
    Name(&'a [u16]),
    /// A row of 32-bit integers, in every view index that is edited here.
    Integers(&'a [u8]),
}

/// The name in a `$FILE_NAME`; empty where it does not fit, which [`Node::parse`] lets no entry be.
pub(crate) fn name_of(file_name: &[u8]) -> &[U16] {
    let at = size_of::<FileName>();
    let length = file_name.get(at - 2).copied().unwrap_or_default();
    let bytes = file_name.get(at..at + 2 * usize::from(length));
    bytes
        .and_then(|bytes| <[U16]>::ref_from_bytes(bytes).ok())
        .unwrap_or_default()
}

/// The entries of an index root or block, the last one included.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// A whole INDX block in memory form; of a root, its value from the node's header on.
    bytes: Vec<u8>,
    /// Where the node's header is in `bytes`.
    header_at: usize,
    /// Where each entry begins in `bytes`.
    entries: Vec<u32>,
    pub(crate) dirty: bool,
}

impl Node {
    /// From the value of an `$INDEX_ROOT` after its own header.
    pub(crate) fn root(bytes: &[u8], names: bool) -> Result<Self> {
        Self::parse(bytes.to_vec(), 0, names)
    }

    /// From an INDX block whose update sequence is undone.
    pub(crate) fn block(bytes: Vec<u8>, names: bool) -> Result<Self> {
        Self::parse(bytes, BLOCK_HEADER, names)
    }

    /// An empty leaf block.
    pub(crate) fn empty_block(size: usize, vcn: u64) -> Self {
        let mut bytes = vec![0; size];
        let mut head = IndexBlockHeader::new_zeroed();
        head.multi_sector.signature = INDX_SIGNATURE;
        let words = size / UPDATE_SEQUENCE_STRIDE + 1;
        head.multi_sector.update_sequence_offset = ((BLOCK_HEADER + NODE_HEADER) as u16).into();
        head.multi_sector.update_sequence_count = (words as u16).into();
        head.vcn = vcn.into();
        bytes[..BLOCK_HEADER].copy_from_slice(head.as_bytes());
        let first = (NODE_HEADER + 2 * words).next_multiple_of(8);
        // The number before the first write: `redo` makes it 1.
        Self::with_end(bytes, BLOCK_HEADER, first, size - BLOCK_HEADER)
    }

    /// Takes the update sequence number over from the form that is written.
    pub(crate) fn keep_sequence(&mut self, disk: &[u8]) {
        let at = self
            .bytes
            .get(4..6)
            .and_then(|b| b.try_into().ok())
            .map_or(0, u16::from_le_bytes) as usize;
        if let (Some(to), Some(from)) = (self.bytes.get_mut(at..at + 2), disk.get(at..at + 2)) {
            to.copy_from_slice(from);
        }
    }

    /// Says where this block is to be.
    pub(crate) fn set_vcn(&mut self, vcn: u64) {
        if let Ok((head, _)) = IndexBlockHeader::mut_from_prefix(&mut self.bytes) {
            head.vcn = vcn.into();
        }
    }

    /// An empty leaf root.
    pub(crate) fn empty_root() -> Self {
        let len = NODE_HEADER + ENTRY_HEADER;
        Self::with_end(vec![0; len], 0, NODE_HEADER, len)
    }

    fn with_end(bytes: Vec<u8>, header_at: usize, first: usize, allocated: usize) -> Self {
        let entries = vec![(header_at + first) as u32];
        let mut node = Self {
            bytes,
            header_at,
            entries,
            dirty: true,
        };
        let mut header = IndexHeader::new_zeroed();
        header.entries_offset = (first as u32).into();
        header.used = ((first + ENTRY_HEADER) as u32).into();
        header.allocated = (allocated as u32).into();
        node.put_header(&header);
        let mut end = IndexEntryHeader::new_zeroed();
        end.length = (ENTRY_HEADER as u16).into();
        end.flags = entry_flags::LAST.into();
        let at = header_at + first;
        node.bytes[at..at + ENTRY_HEADER].copy_from_slice(end.as_bytes());
        node
    }

    fn parse(bytes: Vec<u8>, header_at: usize, names: bool) -> Result<Self> {
        let mut node = Self {
            bytes,
            header_at,
            entries: Vec::new(),
            dirty: false,
        };
        let header = node.checked_header()?;
        let end = header_at + header.used.get() as usize;
        let has_children = header.flags & index_flags::HAS_CHILDREN != 0;
        let mut at = header_at + header.entries_offset.get() as usize;
        loop {
            let (length, last) = check_entry(&node.bytes[..end], at, has_children, names)?;
            node.entries.push(at as u32);
            at += length;
            if last {
                break;
            }
        }
        if at != end {
            let actual = format!("the last entry ends at {at}");
            return Err(Error::damaged(
                STRUCTURE,
                header_at + 4,
                format!("{end}"),
                actual,
            ));
        }
        Ok(node)
    }

    fn checked_header(&self) -> Result<IndexHeader> {
        let rest = self.bytes.get(self.header_at..).unwrap_or_default();
        let Ok((header, _)) = IndexHeader::read_from_prefix(rest) else {
            return Err(Error::damaged(
                STRUCTURE,
                self.header_at,
                "a header of 16 bytes",
                rest.len(),
            ));
        };
        let (first, used) = (
            header.entries_offset.get() as usize,
            header.used.get() as usize,
        );
        if first < NODE_HEADER || first % 8 != 0 || used > rest.len() || first > used {
            let expected = format!("entries within {} bytes", rest.len());
            return Err(Error::damaged(
                STRUCTURE,
                self.header_at,
                expected,
                format!("{first}..{used}"),
            ));
        }
        // An index block is full when `allocated` says so, whatever its size.
        if self.header_at > 0 && header.allocated.get() as usize != rest.len() {
            let actual = header.allocated.get();
            return Err(Error::damaged(
                STRUCTURE,
                self.header_at + 8,
                format!("{} bytes", rest.len()),
                actual,
            ));
        }
        Ok(header)
    }

    /// The bytes: a whole block, or a root from its node header on.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn header(&self) -> IndexHeader {
        let rest = self.bytes.get(self.header_at..).unwrap_or_default();
        IndexHeader::read_from_prefix(rest).map_or_else(|_| IndexHeader::new_zeroed(), |(h, _)| h)
    }

    fn put_header(&mut self, header: &IndexHeader) {
        self.bytes[self.header_at..self.header_at + NODE_HEADER].copy_from_slice(header.as_bytes());
    }

    /// Entries with keys: all but the last.
    pub(crate) fn keys(&self) -> usize {
        self.entries.len() - 1
    }

    /// The bytes of entry `i`, 0 to [`keys`](Self::keys) inclusive.
    pub(crate) fn entry(&self, i: usize) -> &[u8] {
        let start = self.entries[i] as usize;
        &self.bytes[start..start + self.length_at(start)]
    }

    fn length_at(&self, at: usize) -> usize {
        usize::from(u16::from_le_bytes([self.bytes[at + 8], self.bytes[at + 9]]))
    }

    /// The key of entry `i`, below [`keys`](Self::keys).
    pub(crate) fn key(&self, i: usize) -> &[u8] {
        entry_key(self.entry(i))
    }

    /// The key of entry `i`, to be changed without a change of its order or length.
    pub(crate) fn key_mut(&mut self, i: usize) -> &mut [u8] {
        self.dirty = true;
        let start = self.entries[i] as usize;
        let length = entry_key(self.entry(i)).len();
        &mut self.bytes[start + ENTRY_HEADER..start + ENTRY_HEADER + length]
    }

    /// Where entry `i` leads down.
    pub(crate) fn child(&self, i: usize) -> Option<u64> {
        let entry = self.entry(i);
        let has_child = entry[0x0C] & entry_flags::HAS_CHILD as u8 != 0;
        let tail = entry.last_chunk::<8>().filter(|_| has_child)?;
        Some(u64::from_le_bytes(*tail))
    }

    /// Makes entry `i`, which leads down, lead elsewhere.
    pub(crate) fn set_child(&mut self, i: usize, vcn: u64) {
        let end = self.entries[i] as usize + self.entry(i).len();
        self.bytes[end - 8..end].copy_from_slice(&vcn.to_le_bytes());
        self.dirty = true;
    }

    /// The first entry whose key is not below `key` (perhaps the last entry), and whether it is equal.
    pub(crate) fn search(&self, key: Key<'_>, upcase: &UpCase) -> (usize, bool) {
        match key {
            Key::Name(name) => self.search_by(|i| upcase.compare(name, self.name(i))),
            Key::Integers(key) => self.search_by(|i| compare_u32s(key, self.key(i))),
        }
    }

    fn search_by(&self, compare: impl Fn(usize) -> Ordering) -> (usize, bool) {
        let (mut low, mut high) = (0, self.keys());
        while low < high {
            let middle = low.midpoint(high);
            match compare(middle) {
                Ordering::Greater => low = middle + 1,
                Ordering::Less => high = middle,
                Ordering::Equal => return (middle, true),
            }
        }
        (low, false)
    }

    /// The name of entry `i`, without a look at the entry's header: that is another cache line, and where each directory is
    /// another one the waiting for it is most of a search.
    fn name(&self, i: usize) -> &[U16] {
        name_of(
            self.bytes
                .get(self.entries[i] as usize + ENTRY_HEADER..)
                .unwrap_or_default(),
        )
    }

    /// Bytes the entries take, the node's header included.
    pub(crate) fn used(&self) -> usize {
        self.header().used.get() as usize
    }

    /// Whether an entry of `length` bytes fits into this block.
    pub(crate) fn fits(&self, length: usize) -> bool {
        self.used() + length <= self.bytes.len() - self.header_at
    }

    /// Puts an entry before entry `i`. A block must have room; a root grows.
    pub(crate) fn insert(&mut self, i: usize, entry: &[u8]) {
        let at = self.entries[i] as usize;
        let end = self.header_at + self.used();
        if self.header_at == 0 {
            self.bytes.resize(end + entry.len(), 0);
        }
        self.bytes.copy_within(at..end, at + entry.len());
        self.bytes[at..at + entry.len()].copy_from_slice(entry);
        for later in &mut self.entries[i..] {
            *later += entry.len() as u32;
        }
        self.entries.insert(i, at as u32);
        self.resized(end + entry.len());
    }

    /// Takes entry `i` out.
    pub(crate) fn remove(&mut self, i: usize) -> Vec<u8> {
        let entry = self.entry(i).to_vec();
        let at = self.entries[i] as usize;
        let end = self.header_at + self.used();
        self.bytes.copy_within(at + entry.len()..end, at);
        // What is no longer used is zeroed: removed names do not linger.
        self.bytes[end - entry.len()..end].fill(0);
        self.entries.remove(i);
        for later in &mut self.entries[i..] {
            *later -= entry.len() as u32;
        }
        self.resized(end - entry.len());
        entry
    }

    /// Records that the entries end at `end` of the bytes.
    fn resized(&mut self, end: usize) {
        let mut header = self.header();
        header.used = ((end - self.header_at) as u32).into();
        if self.header_at == 0 {
            self.bytes.truncate(end);
            header.allocated = header.used;
        }
        self.put_header(&header);
        self.dirty = true;
    }

    /// Makes the last entry, and with it the node, lead down to `vcn`; or makes the node a leaf.
    pub(crate) fn set_last_child(&mut self, vcn: Option<u64>) {
        let last = self.keys();
        let mut end = IndexEntryHeader::new_zeroed();
        let mut tail = Vec::new();
        if let Some(vcn) = vcn {
            tail.extend_from_slice(&vcn.to_le_bytes());
        }
        end.length = ((ENTRY_HEADER + tail.len()) as u16).into();
        end.flags = (entry_flags::LAST
            | if vcn.is_some() {
                entry_flags::HAS_CHILD
            } else {
                0
            })
        .into();
        let at = self.entries[last] as usize;
        let stop = at + ENTRY_HEADER + tail.len();
        if self.header_at == 0 {
            self.bytes.resize(stop, 0);
        }
        self.bytes[at..at + ENTRY_HEADER].copy_from_slice(end.as_bytes());
        self.bytes[at + ENTRY_HEADER..stop].copy_from_slice(&tail);
        let mut header = self.header();
        header.flags = if vcn.is_some() {
            index_flags::HAS_CHILDREN
        } else {
            0
        };
        self.put_header(&header);
        self.resized(stop);
    }

    /// Moves entries `from..` with keys into `to`, an empty node, and the last entry's child with them. This
    /// node's own last entry becomes childless: the caller sets it.
    pub(crate) fn move_tail(&mut self, from: usize, to: &mut Self) {
        if let Some(child) = self.child(self.keys()) {
            to.set_last_child(Some(child));
        }
        for i in from..self.keys() {
            let entry = self.entry(i).to_vec();
            to.insert(i - from, &entry);
        }
        while self.keys() > from {
            self.remove(self.keys() - 1);
        }
    }
}

/// An entry's key.
pub(crate) fn entry_key(entry: &[u8]) -> &[u8] {
    let length = entry
        .get(0x0A..0x0C)
        .and_then(|b| b.try_into().ok())
        .map_or(0, u16::from_le_bytes);
    entry
        .get(ENTRY_HEADER..ENTRY_HEADER + usize::from(length))
        .unwrap_or_default()
}

/// An `$I30` entry without a child.
pub(crate) fn name_entry(file: u64, file_name: &[u8]) -> Vec<u8> {
    entry_bytes(file, file_name, &[])
}

/// An entry of a view index: key, then data, each at an 8-byte boundary's allowance as Windows lays them out.
pub(crate) fn view_entry(key: &[u8], data: &[u8], padding: &[u8]) -> Vec<u8> {
    let data_at = (ENTRY_HEADER + key.len()) as u64;
    let place = data_at | (data.len() as u64) << 16;
    entry_bytes(place, key, &[data, padding].concat())
}

fn entry_bytes(file: u64, key: &[u8], data: &[u8]) -> Vec<u8> {
    let length = (ENTRY_HEADER + key.len() + data.len()).next_multiple_of(8);
    let mut head = IndexEntryHeader::new_zeroed();
    head.file = file.into();
    head.length = (length as u16).into();
    head.key_length = (key.len() as u16).into();
    let mut out = Vec::with_capacity(length + 8);
    out.extend_from_slice(head.as_bytes());
    out.extend_from_slice(key);
    out.extend_from_slice(data);
    out.resize(length, 0);
    out
}

/// The same entry leading down to `child`, or nowhere.
pub(crate) fn with_child(mut entry: Vec<u8>, child: Option<u64>) -> Vec<u8> {
    let had = entry[0x0C] & entry_flags::HAS_CHILD as u8 != 0;
    let plain = entry.len() - if had { 8 } else { 0 };
    entry.truncate(plain);
    entry[0x0C] &= !(entry_flags::HAS_CHILD as u8);
    if let Some(vcn) = child {
        entry.extend_from_slice(&vcn.to_le_bytes());
        entry[0x0C] |= entry_flags::HAS_CHILD as u8;
    }
    let length = entry.len() as u16;
    entry[8..10].copy_from_slice(&length.to_le_bytes());
    entry
}

/// Checks the entry at `at` of a node's used bytes; gives its length and whether it is the last.
fn check_entry(bytes: &[u8], at: usize, has_children: bool, names: bool) -> Result<(usize, bool)> {
    let rest = bytes.get(at..).unwrap_or_default();
    let Ok((head, _)) = IndexEntryHeader::read_from_prefix(rest) else {
        return Err(Error::damaged(
            "index entry",
            at,
            "a header of 16 bytes",
            rest.len(),
        ));
    };
    let (length, flags) = (usize::from(head.length.get()), head.flags.get());
    let child = if flags & entry_flags::HAS_CHILD != 0 {
        8
    } else {
        0
    };
    if length % 8 != 0 || length < ENTRY_HEADER + child || length > rest.len() {
        let expected = format!("a length of {} to {}", ENTRY_HEADER + child, rest.len());
        return Err(Error::damaged("index entry", at + 8, expected, length));
    }
    if (child != 0) != has_children {
        let expected = if has_children {
            "a child, as the node has"
        } else {
            "no child, as in a leaf"
        };
        return Err(Error::damaged("index entry", at + 0x0C, expected, flags));
    }
    let last = flags & entry_flags::LAST != 0;
    let key = usize::from(head.key_length.get());
    let room = length - ENTRY_HEADER - child;
    let name_fits = |key: &[u8]| {
        let name = size_of::<FileName>();
        key.get(name - 2)
            .is_some_and(|&n| key.len() == name + 2 * usize::from(n))
    };
    let whole = key <= room && (!names || name_fits(&rest[ENTRY_HEADER..ENTRY_HEADER + key]));
    if !last && !whole {
        return Err(Error::damaged(
            "index entry",
            at + 0x0A,
            format!("a key within {room} bytes"),
            key,
        ));
    }
    Ok((length, last))
}
