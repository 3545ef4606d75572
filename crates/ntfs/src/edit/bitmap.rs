//! A bitmap on disk, read page by page as it is needed and changed in memory.

use std::ops::Range;

use crate::change::FastMap;
use crate::error::{Error, Result};

const PAGE: usize = 4096;
const PAGE_BITS: u64 = PAGE as u64 * 8;
const SECTOR: usize = 512;

/// Reads bytes of a bitmap from `offset`; short reads past its end are the reader's to fill with zeros.
pub(crate) type Load<'a> = &'a dyn Fn(u64, &mut [u8]) -> Result<()>;

/// The pages of a bitmap of `bits` bits. Bits past the end are never found clear, and never changed.
#[derive(Debug, Default)]
pub(crate) struct Bitmap {
    pages: FastMap<u64, Page>,
    bits: u64,
    structure: &'static str,
}

#[derive(Debug)]
struct Page {
    bytes: Box<[u8; PAGE]>,
    /// One bit for each 512 bytes that were changed.
    dirty: u8,
    /// No bit before this one is clear.
    full_below: u32,
}

impl Bitmap {
    pub(crate) fn new(bits: u64, structure: &'static str) -> Self {
        Self {
            pages: FastMap::default(),
            bits,
            structure,
        }
    }

    /// Makes room for more bits, all clear.
    pub(crate) fn grow(&mut self, bits: u64) {
        self.bits = self.bits.max(bits);
    }

    #[cfg(test)]
    fn get(&mut self, bit: u64, load: Load<'_>) -> Result<bool> {
        let page = self.page(bit / PAGE_BITS, load)?;
        let at = (bit % PAGE_BITS) as usize;
        Ok(page.bytes[at / 8] >> (at % 8) & 1 == 1)
    }

    /// Sets or clears every bit of `range`. All of them must have been the other way.
    pub(crate) fn put(&mut self, range: Range<u64>, value: bool, load: Load<'_>) -> Result<()> {
        if range.end > self.bits {
            let actual = format!("{}..{}", range.start, range.end);
            return Err(Error::damaged(
                self.structure,
                range.start / 8,
                format!("bits below {}", self.bits),
                actual,
            ));
        }
        let structure = self.structure;
        let mut bit = range.start;
        while bit < range.end {
            let number = bit / PAGE_BITS;
            let end = range.end.min((number + 1) * PAGE_BITS);
            let within = (bit % PAGE_BITS) as usize..(end - number * PAGE_BITS) as usize;
            let page = self.page(number, load)?;
            if let Some(wrong) = page.put(within, value) {
                let at = number * PAGE_BITS + wrong as u64;
                let state = |set| if set { "in use" } else { "free" };
                let expected = format!("bit {at} {}", state(!value));
                return Err(Error::damaged(structure, at / 8, expected, state(value)));
            }
            bit = end;
        }
        Ok(())
    }

    /// The first clear bits in `within`, at most `most` of them in a row.
    pub(crate) fn find_clear(
        &mut self,
        within: Range<u64>,
        most: u64,
        load: Load<'_>,
    ) -> Result<Option<Range<u64>>> {
        let end = within.end.min(self.bits);
        let Some(start) = self.first(within.start, end, false, load)? else {
            return Ok(None);
        };
        let limit = end.min(start.saturating_add(most));
        let stop = self.first(start, limit, true, load)?.unwrap_or(limit);
        Ok(Some(start..stop))
    }

    /// The first bit from `from` on that is `value`.
    fn first(
        &mut self,
        mut from: u64,
        end: u64,
        value: bool,
        load: Load<'_>,
    ) -> Result<Option<u64>> {
        while from < end {
            let number = from / PAGE_BITS;
            let base = number * PAGE_BITS;
            let within = (from - base) as usize..(end - base).min(PAGE_BITS) as usize;
            let page = self.page(number, load)?;
            if let Some(bit) = page.first(within, value) {
                return Ok(Some(base + bit as u64));
            }
            from = base + PAGE_BITS;
        }
        Ok(None)
    }

    fn page(&mut self, number: u64, load: Load<'_>) -> Result<&mut Page> {
        use std::collections::hash_map::Entry;
        match self.pages.entry(number) {
            Entry::Occupied(there) => Ok(there.into_mut()),
            Entry::Vacant(place) => {
                let mut bytes = Box::new([0; PAGE]);
                load(number * PAGE as u64, bytes.as_mut_slice())?;
                Ok(place.insert(Page {
                    bytes,
                    dirty: 0,
                    full_below: 0,
                }))
            }
        }
    }

    /// The changed bytes, sector by sector; they count as written afterwards.
    pub(crate) fn take_dirty(&mut self) -> Vec<(u64, Vec<u8>)> {
        let mut out = Vec::new();
        for (number, page) in &mut self.pages {
            for sector in (0..PAGE / SECTOR).filter(|&s| page.dirty >> s & 1 == 1) {
                let at = sector * SECTOR;
                out.push((
                    number * PAGE as u64 + at as u64,
                    page.bytes[at..at + SECTOR].to_vec(),
                ));
            }
            page.dirty = 0;
        }
        out.sort_unstable_by_key(|(at, _)| *at);
        out
    }
}

impl Page {
    /// Changes the bits; or tells which one was not the other way, with none changed.
    fn put(&mut self, range: Range<usize>, value: bool) -> Option<usize> {
        if let Some(wrong) = self.first(range.clone(), value) {
            return Some(wrong);
        }
        for bit in range.clone() {
            if bit % 8 == 0 && bit + 8 <= range.end {
                self.bytes[bit / 8] = if value { 0xFF } else { 0 };
            } else if bit / 8 * 8 < range.start || bit / 8 * 8 + 8 > range.end {
                let mask = 1 << (bit % 8);
                self.bytes[bit / 8] = if value {
                    self.bytes[bit / 8] | mask
                } else {
                    self.bytes[bit / 8] & !mask
                };
            }
        }
        if !value {
            self.full_below = self.full_below.min(range.start as u32);
        }
        for sector in range.start / 8 / SECTOR..=(range.end - 1) / 8 / SECTOR {
            self.dirty |= 1 << sector;
        }
        None
    }

    fn first(&mut self, range: Range<usize>, value: bool) -> Option<usize> {
        let looks_from_full = !value && range.start <= self.full_below as usize;
        let mut bit = if looks_from_full {
            range.start.max(self.full_below as usize)
        } else {
            range.start
        };
        while bit < range.end {
            let at = bit / 64 * 8;
            let word = self.bytes[at..]
                .first_chunk::<8>()
                .map_or(0, |b| u64::from_le_bytes(*b));
            let wanted = if value { word } else { !word } & (u64::MAX << (bit % 64));
            if wanted != 0 {
                bit = bit / 64 * 64 + wanted.trailing_zeros() as usize;
                break;
            }
            bit = bit / 64 * 64 + 64;
        }
        let found = bit.min(range.end);
        if looks_from_full {
            self.full_below = self.full_below.max(found as u32);
        }
        (bit < range.end).then_some(bit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn behaves_as_a_row_of_bits(
            ops in proptest::collection::vec((0u8..3, 0u64..70_000, 1u64..200), 1..60),
            bits in 60_000u64..70_000,
        ) {
            let load: Load<'_> = &|_, buf| { buf.fill(0); Ok(()) };
            let mut bitmap = Bitmap::new(bits, "bitmap");
            let mut model = vec![false; bits as usize];
            for (op, start, len) in ops {
                let range = start..(start + len).min(bits);
                if range.is_empty() { continue; }
                let slice = range.start as usize..range.end as usize;
                match op {
                    2 => {
                        let found = bitmap.find_clear(range.start..bits, len, load).unwrap();
                        let first = (range.start..bits).find(|&b| !model[b as usize]);
                        prop_assert_eq!(found.as_ref().map(|r| r.start), first);
                        if let Some(found) = found {
                            let mut end = found.start;
                            while end < bits && end - found.start < len && !model[end as usize] { end += 1; }
                            prop_assert_eq!(found.end, end);
                        }
                    }
                    value => {
                        let value = value == 1;
                        let before = model[slice.clone()].iter().all(|&b| b != value);
                        let spans_pages = range.start / PAGE_BITS != (range.end - 1) / PAGE_BITS;
                        if !before && spans_pages { continue; }
                        prop_assert_eq!(bitmap.put(range, value, load).is_ok(), before);
                        if before { model[slice].fill(value); }
                    }
                }
            }
            for bit in 0..bits {
                prop_assert_eq!(bitmap.get(bit, load).unwrap(), model[bit as usize]);
            }
            let dirty = bitmap.take_dirty();
            for (bit, _) in model.iter().enumerate().filter(|(_, set)| **set) {
                let part = dirty.iter().find(|(at, bytes)| (*at..*at + bytes.len() as u64).contains(&(bit as u64 / 8)));
                let (at, bytes) = part.expect("a set bit was changed");
                prop_assert_eq!(bytes[bit / 8 - *at as usize] >> (bit % 8) & 1, 1);
            }
            prop_assert!(bitmap.take_dirty().is_empty());
            prop_assert!(bitmap.put(bits - 1..bits + 1, true, load).is_err());
        }
    }
}
