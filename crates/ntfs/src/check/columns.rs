//! What a check keeps of each record: 36 bytes in columns, and 24 for each name.

use crate::change::FastMap;
use crate::file_name::FileNameView;
use crate::file_ref::FileRef;

/// Facts of a record, a bit each.
pub(super) mod bit {
    pub(crate) const IN_USE: u16 = 1;
    pub(crate) const DIRECTORY: u16 = 1 << 1;
    pub(crate) const EXTENSION: u16 = 1 << 2;
    pub(crate) const HAS_LIST: u16 = 1 << 3;
    pub(crate) const REPARSE: u16 = 1 << 4;
    pub(crate) const UNREADABLE: u16 = 1 << 5;
    pub(crate) const STANDARD: u16 = 1 << 6;
    pub(crate) const DATA: u16 = 1 << 7;
    pub(crate) const NAME_HERE: u16 = 1 << 8;
    pub(crate) const INDEX_DAMAGED: u16 = 1 << 9;
    pub(crate) const VIEW: u16 = 1 << 10;
    pub(crate) const SCANNED: u16 = 1 << 11;
}

/// One column for each fact. A row for each record of the volume, or for those alone that something was noted of.
#[derive(Debug, Default)]
pub(super) struct Columns {
    /// The records of the volume.
    records: u64,
    /// The rows of the records that have one; `None` where each has its own.
    rows: Option<FastMap<u64, u32>>,
    pub(super) sequence: Vec<u16>,
    pub(super) bits: Vec<u16>,
    /// The link count that the record states.
    pub(super) stated: Vec<u16>,
    /// The names that were found.
    pub(super) counted: Vec<u16>,
    pub(super) attributes: Vec<u32>,
    pub(super) security: Vec<u32>,
    pub(super) tag: Vec<u32>,
    pub(super) size: Vec<u64>,
    pub(super) allocated: Vec<u64>,
}

impl Columns {
    /// With a row for each of so many records.
    pub(super) fn new(records: usize) -> Self {
        let mut columns = Self {
            records: records as u64,
            ..Self::default()
        };
        columns.grow(records);
        columns
    }

    /// With rows for those of so many records that something is noted of: a table as large as `$MFT` would cost more
    /// than what a small change touches.
    pub(super) fn of_few(records: u64) -> Self {
        Self {
            records,
            rows: Some(FastMap::default()),
            ..Self::default()
        }
    }

    fn grow(&mut self, rows: usize) {
        self.sequence.resize(rows, 0);
        self.bits.resize(rows, 0);
        self.stated.resize(rows, 0);
        self.counted.resize(rows, 0);
        self.attributes.resize(rows, 0);
        self.security.resize(rows, 0);
        self.tag.resize(rows, 0);
        self.size.resize(rows, 0);
        self.allocated.resize(rows, 0);
    }

    /// The records of the volume, whether they have rows or not.
    pub(super) fn len(&self) -> u64 {
        self.records
    }

    /// The number of rows there are.
    pub(super) fn rows(&self) -> u64 {
        self.bits.len() as u64
    }

    /// The row of a record; one past the end where it has none.
    pub(super) fn row(&self, record: u64) -> u64 {
        match &self.rows {
            None => record,
            Some(rows) => rows.get(&record).map_or(u64::MAX, |row| u64::from(*row)),
        }
    }

    fn row_mut(&mut self, record: u64) -> u64 {
        let (there, next) = (record < self.records, self.bits.len());
        let Some(rows) = self.rows.as_mut().filter(|_| there) else {
            return self.row(record);
        };
        let row = *rows.entry(record).or_insert(next as u32);
        if row as usize == next {
            self.grow(next + 1);
        }
        u64::from(row)
    }

    /// A fact of a record; the default where nothing was noted of it.
    pub(super) fn get<T: Copy + Default>(
        &self,
        column: impl FnOnce(&Self) -> &Vec<T>,
        record: u64,
    ) -> T {
        get(column(self), self.row(record))
    }

    /// Changes a fact of a record; nothing past the last one.
    pub(super) fn put<T: Copy>(
        &mut self,
        column: impl FnOnce(&mut Self) -> &mut Vec<T>,
        record: u64,
        change: impl FnOnce(T) -> T,
    ) {
        let row = self.row_mut(record);
        put(column(self), row, change);
    }

    pub(super) fn has(&self, record: u64, bits: u16) -> bool {
        self.get(|c| &c.bits, record) & bits == bits
    }

    pub(super) fn set(&mut self, record: u64, bits: u16) {
        self.put(|c| &mut c.bits, record, |old| old | bits);
    }

    /// Whether a reference leads to the base record of a file that is there.
    pub(super) fn is_current(&self, file: FileRef) -> bool {
        self.is_file(file.number()) && self.get(|c| &c.sequence, file.number()) == file.sequence()
    }

    /// Whether a record is in use as a base record.
    pub(super) fn is_file(&self, record: u64) -> bool {
        self.get(|c| &c.bits, record) & (bit::IN_USE | bit::EXTENSION) == bit::IN_USE
    }

    pub(super) fn reference(&self, record: u64) -> FileRef {
        FileRef::new(record, self.get(|c| &c.sequence, record))
    }
}

/// The value of a column; the default past its end.
pub(super) fn get<T: Copy + Default>(column: &[T], record: u64) -> T {
    usize::try_from(record)
        .ok()
        .and_then(|at| column.get(at))
        .copied()
        .unwrap_or_default()
}

/// Changes the value of a column; nothing past its end.
pub(super) fn put<T: Copy>(column: &mut [T], record: u64, change: impl FnOnce(T) -> T) {
    if let Some(value) = usize::try_from(record)
        .ok()
        .and_then(|at| column.get_mut(at))
    {
        *value = change(*value);
    }
}

/// A name of a file, as its record states it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct NameRow {
    /// The directory, its record number in the high bits: names of one directory stand together.
    pub(super) parent: u64,
    /// The file's record number.
    pub(super) record: u64,
    /// [`hash`] of the name with the namespace in the low 2 bits.
    pub(super) hash: u64,
}

impl NameRow {
    pub(super) fn new(record: u64, name: &FileNameView<'_>) -> Self {
        let namespace = u64::from(name.header.namespace & 3);
        Self {
            parent: parent_key(name.parent()),
            record,
            hash: hash(name) & !3 | namespace,
        }
    }

    pub(super) fn namespace(&self) -> u8 {
        (self.hash & 3) as u8
    }

    pub(super) fn parent(&self) -> FileRef {
        FileRef::from_raw(self.parent.rotate_right(16))
    }
}

/// A reference with the number in the high bits.
pub(super) fn parent_key(reference: FileRef) -> u64 {
    reference.raw().rotate_left(16)
}

/// 64 bits of a name: a hash, since a million names themselves would be half a gigabyte. FNV-1a's mixing over units,
/// finished as in splitmix64; what it must be is quick, and equal only for equal names.
pub(super) fn hash(name: &FileNameView<'_>) -> u64 {
    let mut state = 0xCBF2_9CE4_8422_2325u64 ^ u64::from(name.header.name_length);
    for unit in name.units() {
        state = (state ^ u64::from(unit)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        state ^= state >> 29;
    }
    state = (state ^ state >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    state ^ state >> 31
}

/// One bit for each of many.
#[derive(Debug, Default, Clone)]
pub(super) struct Bits(Vec<u64>);

impl Bits {
    pub(super) fn new(count: u64) -> Self {
        Self(vec![0; usize::try_from(count.div_ceil(64)).unwrap_or(0)])
    }

    pub(super) fn get(&self, at: u64) -> bool {
        get(&self.0, at / 64) >> (at % 64) & 1 != 0
    }

    pub(super) fn set(&mut self, at: u64) {
        put(&mut self.0, at / 64, |word| word | 1 << (at % 64));
    }

    /// Sets a row of bits up to the first that is set already, which is returned. 64 at a time.
    pub(super) fn set_row(&mut self, start: u64, length: u64) -> Option<u64> {
        let (mut at, end) = (start, start.saturating_add(length));
        while at < end {
            let count = (64 - at % 64).min(end - at);
            let mask = (u64::MAX >> (64 - count)) << (at % 64);
            let taken = get(&self.0, at / 64) & mask;
            if taken != 0 {
                let first = at - at % 64 + u64::from(taken.trailing_zeros());
                let free = mask & ((1 << (first % 64)) - 1);
                put(&mut self.0, at / 64, |word| word | free);
                return Some(first);
            }
            put(&mut self.0, at / 64, |word| word | mask);
            at += count;
        }
        None
    }

    /// 64 bits from a multiple of 64.
    pub(super) fn word(&self, index: u64) -> u64 {
        get(&self.0, index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn rows_are_set_up_to_the_first_that_is_taken(
            rows in prop::collection::vec((0u64..300, 0u64..200), 0..12)
        ) {
            let mut bits = Bits::new(512);
            let mut plain = vec![false; 512];
            for (start, length) in rows {
                let first = (start..start + length).find(|at| plain[*at as usize]);
                prop_assert_eq!(bits.set_row(start, length), first);
                for at in start..first.unwrap_or(start + length) {
                    plain[at as usize] = true;
                }
                for (at, set) in plain.iter().enumerate() {
                    prop_assert_eq!(bits.get(at as u64), *set, "{}", at);
                }
            }
        }
    }
}
