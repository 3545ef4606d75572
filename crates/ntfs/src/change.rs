//! A change that is not there yet: copy-on-write blocks over a device.
//!
//! Everything an edit writes gathers here. A [`Change`] is itself a [`Device`] that reads as if the edit
//! were done, so all reading code, the checker included, sees the new state before a byte of the volume
//! has moved. `journal::commit` is the only way from here to the device.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::io;
use std::ops::Range;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::device::Device;
use crate::ranges::RangeSet;

/// Bytes to a block: one file record of the usual size, so that a hundred thousand touched records cost
/// no more than themselves. Larger blocks were weighed; they are quicker for index blocks and cost four
/// times the memory for scattered records.
const BLOCK: usize = 1024;
/// The smallest unit that is known or unknown within a block: no disk has smaller sectors.
const PART: usize = 512;
/// A block of which every part is known.
const ALL_PARTS: u8 = (1 << (BLOCK / PART)) - 1;
/// Blocks to an arena chunk.
const CHUNK: usize = 256;
/// Chunks that are kept for the next change: 128 MiB. One batch of edits is as large as the next, and memory that was given
/// back would have to be found and zeroed again.
const KEPT: usize = 512;

/// Copy-on-write blocks over `D`.
///
/// Shared freely: writing takes `&self`, as with every [`Device`].
#[derive(Debug)]
pub struct Change<D> {
    base: D,
    state: RwLock<State>,
}

#[derive(Debug, Default)]
struct State {
    /// block number -> place in the arena and which 512-byte parts of it are ours
    blocks: FastMap<u64, Slot>,
    arena: Vec<Box<[u8]>>,
    used: usize,
    /// Bytes of clusters that were free in the committed state: nobody misses what they held.
    fresh: RangeSet,
    /// Whether fresh bytes were written on the device already.
    beneath: bool,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    index: u32,
    parts: u8,
}

impl<D: Device> Change<D> {
    /// An empty change over `base`.
    pub fn new(base: D) -> Self {
        Self {
            base,
            state: RwLock::default(),
        }
    }

    /// The device below, as it is without the change.
    pub fn base(&self) -> &D {
        &self.base
    }

    /// Says that the bytes of `range` lay in clusters that were free before: they may be written before
    /// the commit point and need no journal frame.
    pub fn mark_fresh(&self, range: Range<u64>) {
        self.write_state().fresh.insert(range);
    }

    /// Takes back [`mark_fresh`](Self::mark_fresh).
    pub fn unmark_fresh(&self, range: Range<u64>) {
        self.write_state().fresh.remove(range);
    }

    /// Whether the byte at `offset` is fresh, and up to where that answer holds.
    pub fn fresh_run(&self, offset: u64) -> (bool, u64) {
        self.read_state().fresh.run_at(offset)
    }

    /// Writes bytes that are [fresh](Self::mark_fresh) on the device below at once; for what is too much to gather.
    /// The change reads them there, unless it gathered others for the same place before: then these are gathered too.
    pub fn write_beneath(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.check_bounds(offset, data.len())?;
        let blocks = offset / BLOCK as u64..(offset + data.len() as u64).div_ceil(BLOCK as u64);
        let mut state = self.write_state();
        if blocks
            .into_iter()
            .any(|block| state.blocks.contains_key(&block))
        {
            drop(state);
            return self.write_at(offset, data);
        }
        state.beneath = true;
        drop(state);
        self.base.write_at(offset, data)
    }

    /// Whether [`write_beneath`](Self::write_beneath) wrote something that has to be flushed before a commit.
    pub fn wrote_beneath(&self) -> bool {
        self.read_state().beneath
    }

    /// Whether nothing was written.
    pub fn is_empty(&self) -> bool {
        self.read_state().blocks.is_empty()
    }

    /// How much memory the gathered bytes take.
    pub fn memory(&self) -> usize {
        let state = self.read_state();
        state.used.next_multiple_of(CHUNK) * BLOCK + state.blocks.capacity() * 24
    }

    /// Forgets everything written. The memory is kept for what is written next.
    pub fn clear(&self) {
        let mut state = self.write_state();
        state.blocks.clear();
        state.arena.truncate(KEPT);
        state.used = 0;
        state.fresh = RangeSet::default();
        state.beneath = false;
    }

    /// The written bytes as ranges of whole sectors of `sector` bytes, ascending, none longer than `longest`.
    /// Sectors the change knows in part only are to be filled by reading through the change.
    pub fn touched(&self, sector: u64, longest: u64) -> Vec<Range<u64>> {
        let state = self.read_state();
        let mut blocks: Vec<_> = state
            .blocks
            .iter()
            .map(|(&number, slot)| (number, slot.parts))
            .collect();
        blocks.sort_unstable();
        let mut out: Vec<Range<u64>> = Vec::new();
        for (number, parts) in blocks {
            for part in (0..BLOCK / PART).filter(|&p| parts & part_bit(p) != 0) {
                let at = number * BLOCK as u64 + (part * PART) as u64;
                let start = at - at % sector;
                let end = (at + PART as u64)
                    .next_multiple_of(sector)
                    .min(self.base.len());
                match out.last_mut() {
                    Some(last) if start < last.end => {}
                    Some(last) if start == last.end && end - last.start <= longest => {
                        last.end = end;
                    }
                    _ => out.push(start..end),
                }
            }
        }
        out
    }

    fn read_state(&self) -> RwLockReadGuard<'_, State> {
        // A panic while the lock was held can leave a block half copied; the panic itself already ended the edit.
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_state(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn check_bounds(&self, offset: u64, len: usize) -> io::Result<()> {
        match offset.checked_add(len as u64) {
            Some(end) if end <= self.base.len() => Ok(()),
            _ => Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                format!(
                    "{len} bytes at {offset:#x} lie past the end of the device at {:#x}",
                    self.base.len()
                ),
            )),
        }
    }
}

impl<D: Device> Device for Change<D> {
    fn len(&self) -> u64 {
        self.base.len()
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        self.check_bounds(offset, buf.len())?;
        let state = self.read_state();
        if state.blocks.is_empty() {
            return self.base.read_at(offset, buf);
        }
        read_merged(&state, &self.base, offset, buf)
    }

    /// Gathers `data`; the device below is read where a part is written in part, and never written.
    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.check_bounds(offset, data.len())?;
        let mut state = self.write_state();
        let mut done = 0;
        while done < data.len() {
            let (number, within) = split(offset + done as u64);
            let n = (BLOCK - within).min(data.len() - done);
            state.load_edges(&self.base, number, within..within + n)?;
            state
                .block_mut(number, within..within + n)
                .copy_from_slice(&data[done..done + n]);
            done += n;
        }
        Ok(())
    }

    /// Nothing here is durable before it is committed; flushing a change does nothing.
    fn flush(&self) -> io::Result<()> {
        Ok(())
    }

    fn sector_size(&self) -> u32 {
        self.base.sector_size()
    }
}

/// Fills `buf` from the blocks, and from `base` in one read for each stretch the change knows nothing of.
fn read_merged<D: Device>(state: &State, base: &D, offset: u64, buf: &mut [u8]) -> io::Result<()> {
    let (mut done, mut unknown) = (0, 0..0);
    while done < buf.len() {
        let (number, within) = split(offset + done as u64);
        let (n, known) = state.stretch(number, within, (BLOCK - within).min(buf.len() - done));
        match known {
            Some(bytes) => {
                buf[done..done + n].copy_from_slice(bytes);
                read_unknown(base, offset, buf, &unknown)?;
                unknown = done + n..done + n;
            }
            None => unknown.end = done + n,
        }
        done += n;
    }
    read_unknown(base, offset, buf, &unknown)
}

fn read_unknown<D: Device>(
    base: &D,
    offset: u64,
    buf: &mut [u8],
    range: &Range<usize>,
) -> io::Result<()> {
    if range.is_empty() {
        return Ok(());
    }
    base.read_at(offset + range.start as u64, &mut buf[range.clone()])
}

impl State {
    fn slice(&self, index: u32) -> &[u8] {
        let index = index as usize;
        let start = index % CHUNK * BLOCK;
        &self.arena[index / CHUNK][start..start + BLOCK]
    }

    /// How many of the next bytes of a block, at most `most`, are all ours or all not, and those that are ours. Whole
    /// blocks are usual, and are looked up once.
    fn stretch(&self, number: u64, within: usize, most: usize) -> (usize, Option<&[u8]>) {
        let Some(slot) = self.blocks.get(&number) else {
            return (most, None);
        };
        let n = match slot.parts {
            ALL_PARTS => most,
            _ => (PART - within % PART).min(most),
        };
        let known = slot.parts & part_bit(within / PART) != 0;
        let bytes = known.then(|| &self.slice(slot.index)[within..within + n]);
        (n, bytes)
    }

    fn part(&self, number: u64, part: usize) -> Option<&[u8]> {
        let slot = self.blocks.get(&number)?;
        let known = slot.parts & part_bit(part) != 0;
        known.then(|| &self.slice(slot.index)[part * PART..(part + 1) * PART])
    }

    /// The bytes `range` of block `number`, now ours: the caller fills all of them.
    fn block_mut(&mut self, number: u64, range: Range<usize>) -> &mut [u8] {
        let fresh = self.used as u32;
        let slot = self.blocks.entry(number).or_insert(Slot {
            index: fresh,
            parts: 0,
        });
        if slot.index == fresh {
            self.used += 1;
            if self.arena.len() * CHUNK < self.used {
                self.arena.push(vec![0; CHUNK * BLOCK].into_boxed_slice());
            }
        }
        for part in range.start / PART..range.end.div_ceil(PART) {
            slot.parts |= part_bit(part);
        }
        let index = slot.index as usize;
        let start = index % CHUNK * BLOCK;
        &mut self.arena[index / CHUNK][start + range.start..start + range.end]
    }

    /// Brings in, from `base`, the parts that a write of `range` covers only partly.
    fn load_edges<D: Device>(
        &mut self,
        base: &D,
        number: u64,
        range: Range<usize>,
    ) -> io::Result<()> {
        let first = range.start / PART;
        let last = (range.end - 1) / PART;
        let cut = [
            (
                first,
                range.start % PART != 0 || (first == last && range.end % PART != 0),
            ),
            (last, range.end % PART != 0),
        ];
        for (part, partly) in cut {
            if !partly || self.part(number, part).is_some() {
                continue;
            }
            let at = number * BLOCK as u64 + (part * PART) as u64;
            let mut old = [0; PART];
            // The device may end within a part; what lies past its end stays zero and is never written.
            let there = base.len().saturating_sub(at).min(PART as u64) as usize;
            base.read_at(at, &mut old[..there])?;
            self.block_mut(number, part * PART..(part + 1) * PART)
                .copy_from_slice(&old);
        }
        Ok(())
    }
}

fn split(offset: u64) -> (u64, usize) {
    (offset / BLOCK as u64, (offset % BLOCK as u64) as usize)
}

fn part_bit(part: usize) -> u8 {
    1 << part
}

/// A map whose keys are numbers of our own making.
pub(crate) type FastMap<K, V> = HashMap<K, V, BuildHasherDefault<BlockHasher>>;

/// Numbers are spread by one multiplication: who could make them collide would only slow himself down.
#[derive(Default)]
pub(crate) struct BlockHasher(u64);

impl std::hash::Hasher for BlockHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(u64::from(byte));
        }
    }

    fn write_u8(&mut self, value: u8) {
        self.write_u64(u64::from(value));
    }

    fn write_usize(&mut self, value: usize) {
        self.write_u64(value as u64);
    }

    fn write_u32(&mut self, value: u32) {
        self.write_u64(u64::from(value));
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = (self.0.rotate_left(5) ^ value).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        self.0 ^= self.0 >> 32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::sync::Mutex;

    /// A device of bytes that counts writes.
    struct Bytes(Mutex<Vec<u8>>);

    impl Device for Bytes {
        fn len(&self) -> u64 {
            self.0.lock().unwrap().len() as u64
        }
        fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
            let bytes = self.0.lock().unwrap();
            buf.copy_from_slice(&bytes[offset as usize..offset as usize + buf.len()]);
            Ok(())
        }
        fn write_at(&self, _: u64, _: &[u8]) -> io::Result<()> {
            panic!("a change must never write to its base");
        }
        fn flush(&self) -> io::Result<()> {
            Ok(())
        }
    }

    fn bytes(len: usize) -> Vec<u8> {
        (0..len).map(|i| (i * 7 % 251) as u8).collect()
    }

    proptest! {
        /// Reads as if written, whatever the offsets, up to a ragged end; the base never changes.
        #[test]
        fn reads_as_if_written(
            len in 5000usize..9000,
            writes in proptest::collection::vec((0usize..9000, 1usize..3000, any::<u8>()), 1..12),
            reads in proptest::collection::vec((0usize..9000, 0usize..5000), 1..12),
        ) {
            let mut model = bytes(len);
            let change = Change::new(Bytes(Mutex::new(bytes(len))));
            for (at, n, value) in writes {
                let n = n.min(len.saturating_sub(at));
                if n == 0 { continue; }
                model[at..at + n].fill(value);
                change.write_at(at as u64, &vec![value; n]).unwrap();
            }
            for (at, n) in reads {
                let n = n.min(len.saturating_sub(at));
                if n == 0 { continue; }
                let mut got = vec![0; n];
                change.read_at(at as u64, &mut got).unwrap();
                prop_assert_eq!(&got, &model[at..at + n]);
            }
            // All that differs from the base lies in the touched ranges, which are whole sectors.
            let base = bytes(len);
            let touched = change.touched(512, 2048);
            for i in (0..len).filter(|&i| base[i] != model[i]) {
                prop_assert!(touched.iter().any(|r| r.contains(&(i as u64))));
            }
            prop_assert!(touched.iter().all(|r| r.start % 512 == 0 && (r.end % 512 == 0 || r.end == len as u64) && r.end - r.start <= 2048));
            prop_assert!(touched.windows(2).all(|w| w[0].end <= w[1].start));
        }
    }

    #[test]
    fn touched_sectors_of_4096_are_whole() {
        let change = Change::new(Bytes(Mutex::new(bytes(20_000))));
        change.write_at(5000, &[1; 10]).unwrap();
        change.write_at(19_999, &[1]).unwrap();
        assert_eq!(change.touched(4096, 1 << 20), [4096..8192, 16384..20000]);
    }

    #[test]
    fn past_the_end_is_an_error() {
        let change = Change::new(Bytes(Mutex::new(bytes(1000))));
        assert!(change.write_at(999, &[0; 2]).is_err());
        assert!(change.read_at(u64::MAX, &mut [0; 2]).is_err());
        change.clear();
        assert!(change.is_empty());
    }
}
