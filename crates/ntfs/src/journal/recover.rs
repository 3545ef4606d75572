//! Recovery: from a journal that was left behind to the device.

use std::io;

use zerocopy::FromBytes;

use super::commit::{CommitReport, retire, write_marks};
use super::format::{
    HEADER_LEN, HEADER_SUMMED, Header, ItemHead, KIND_FRAME, KIND_FRESH, KIND_MARK, LONGEST_RUN,
    MAGIC,
};
use super::{JournalError, JournalStore, Mark};
use crate::device::Device;

/// What [`recover`] found and did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recovery {
    /// There was no journal.
    Nothing,
    /// There was one that never reached its commit point, or one of which all was done long ago; it was thrown away. The
    /// device was not touched.
    Discarded,
    /// A committed change was completed.
    Completed {
        /// Bytes written again.
        bytes: u64,
    },
}

/// Completes what a journal holds, or throws it away where it was never committed.
///
/// May itself be cut off at any moment and started again. A journal that was done and came back, because a power cut
/// followed before its end was durable, is known by what the volume holds and thrown away.
///
/// # Errors
/// [`JournalError::VolumeChanged`] and [`JournalError::OtherDevice`] where redoing would destroy what
/// somebody else wrote since; the journal is then left where it is.
pub fn recover(device: &dyn Device, store: &dyn JournalStore) -> Result<Recovery, JournalError> {
    let reading = |source| JournalError::Io {
        doing: "reading the journal",
        source,
    };
    if store.is_empty().map_err(reading)? {
        return Ok(Recovery::Nothing);
    }
    let Some(header) = read_header(store).map_err(reading)? else {
        return discard(store);
    };
    if !body_is_whole(store, &header).map_err(reading)? {
        return discard(store);
    }
    check_device(device, &header)?;
    let journal = Journal {
        store,
        sector: u64::from(header.sector),
        end: HEADER_LEN + header.body_len.get(),
    };
    let Some(marks) = journal.verify(device)? else {
        return discard(store);
    };
    let unfinished = |doing| move |source| JournalError::Unfinished { doing, source };
    let mut report = CommitReport::default();
    write_marks(device, &marks, |m| &m.set, &mut report)
        .map_err(unfinished("setting the dirty flag"))?;
    let bytes = journal.redo(device)?;
    device.flush().map_err(unfinished("flushing the volume"))?;
    write_marks(device, &marks, |m| &m.clear, &mut report)
        .map_err(unfinished("clearing the dirty flag"))?;
    retire(store).map_err(unfinished("retiring the journal"))?;
    Ok(Recovery::Completed { bytes })
}

/// A torn journal is voided before it is erased: erasing need not be durable.
fn discard(store: &dyn JournalStore) -> Result<Recovery, JournalError> {
    retire(store).map_err(|source| JournalError::Io {
        doing: "discarding a journal that was not committed",
        source,
    })?;
    Ok(Recovery::Discarded)
}

/// The header, if its checksum says that it was written whole.
fn read_header(store: &dyn JournalStore) -> io::Result<Option<Header>> {
    if store.len()? < HEADER_LEN {
        return Ok(None);
    }
    let mut bytes = [0; size_of::<Header>()];
    store.read_at(0, &mut bytes)?;
    let Ok(header) = Header::read_from_bytes(&bytes) else {
        return Ok(None);
    };
    let whole = header.magic == MAGIC
        && crc32fast::hash(&bytes[..HEADER_SUMMED]) == header.header_crc.get();
    let sector = header.sector.get();
    Ok((whole && sector.is_power_of_two() && (512..=65536).contains(&sector)).then_some(header))
}

fn body_is_whole(store: &dyn JournalStore, header: &Header) -> io::Result<bool> {
    let len = header.body_len.get();
    if store
        .len()?
        .checked_sub(HEADER_LEN)
        .is_none_or(|there| there < len)
    {
        return Ok(false);
    }
    let mut crc = crc32fast::Hasher::new();
    let mut buf = vec![0; LONGEST_RUN.min(len) as usize];
    let mut at = 0;
    while at < len {
        let n = (len - at).min(LONGEST_RUN) as usize;
        store.read_at(HEADER_LEN + at, &mut buf[..n])?;
        crc.update(&buf[..n]);
        at += n as u64;
    }
    Ok(crc.finalize() == header.body_crc.get())
}

fn check_device(device: &dyn Device, header: &Header) -> Result<(), JournalError> {
    if device.len() == header.device_len.get() && device.sector_size() == header.sector.get() {
        return Ok(());
    }
    Err(JournalError::OtherDevice {
        expected: header.device_len.get(),
        actual: device.len(),
        expected_sector: header.sector.get(),
        actual_sector: device.sector_size(),
    })
}

/// One item, its bytes read.
struct Item {
    kind: u32,
    crc: u32,
    offset: u64,
    len: usize,
    payload: Vec<u8>,
}

/// A journal whose checksum was right.
struct Journal<'s> {
    store: &'s dyn JournalStore,
    sector: u64,
    end: u64,
}

fn look_at_mark(item: &Item, there: &[u8], seen: &mut Seen) -> Mark {
    let (set, clear) = item.payload.split_at(item.len);
    let flag = |((there, set), clear): ((&u8, &u8), &u8)| there & set & !clear != 0;
    seen.marked |= set == clear || there.iter().zip(set).zip(clear).any(flag);
    if crc32fast::hash(there) != item.crc && there != set && there != clear {
        seen.foreign(item.offset);
    }
    Mark {
        offset: item.offset,
        set: set.to_vec(),
        clear: clear.to_vec(),
    }
}

/// What the device holds of what a journal says.
#[derive(Default)]
struct Seen {
    /// A mark is set.
    marked: bool,
    /// Sectors that a frame changes, as they were before and as they are to be.
    old: bool,
    new: bool,
    /// The first that is neither.
    foreign: Option<u64>,
}

impl Seen {
    fn foreign(&mut self, offset: u64) {
        self.foreign.get_or_insert(offset);
    }

    /// All was done: frames are written while the marks are set, and the marks cleared once every frame is there. Who
    /// wrote to the volume since, or found it old in places and cleared the marks himself, is told apart by the old.
    fn is_done(&self) -> bool {
        self.new && !self.old && !self.marked
    }
}

impl Journal<'_> {
    /// Every sector must hold its old bytes or some step's. Gives the marks; `None` where all is done already.
    fn verify(&self, device: &dyn Device) -> Result<Option<Vec<Mark>>, JournalError> {
        let mut marks = Vec::new();
        let mut seen = Seen::default();
        let mut buf = Vec::new();
        self.each(device, |item| {
            buf.resize(item.len, 0);
            device
                .read_at(item.offset, &mut buf)
                .map_err(|source| JournalError::Io {
                    doing: "reading the volume",
                    source,
                })?;
            match item.kind {
                KIND_MARK => marks.push(look_at_mark(&item, &buf, &mut seen)),
                KIND_FRAME => self.look_at_frame(&item, &buf, &mut seen),
                _ if crc32fast::hash(&buf) == item.crc => {}
                _ => seen.foreign(item.offset),
            }
            Ok(())
        })?;
        match seen.foreign {
            _ if seen.is_done() => Ok(None),
            Some(offset) => Err(JournalError::VolumeChanged { offset }),
            None => Ok(Some(marks)),
        }
    }

    fn look_at_frame(&self, item: &Item, there: &[u8], seen: &mut Seen) {
        let sector = self.sector as usize;
        let (old, new) = item.payload.split_at(item.len.div_ceil(sector) * 4);
        let sectors = there
            .chunks(sector)
            .zip(new.chunks(sector))
            .zip(old.chunks(4));
        for (i, ((there, new), old)) in sectors.enumerate() {
            let is_old = crc32fast::hash(there).to_le_bytes() == *old;
            match (is_old, there == new) {
                // The frame leaves this sector as it was.
                (true, true) => {}
                (true, false) => seen.old = true,
                (false, true) => seen.new = true,
                (false, false) => seen.foreign(item.offset + (i * sector) as u64),
            }
        }
    }

    /// Writes every frame.
    fn redo(&self, device: &dyn Device) -> Result<u64, JournalError> {
        let mut bytes = 0;
        self.each(device, |item| {
            if item.kind != KIND_FRAME {
                return Ok(());
            }
            let new = &item.payload[item.len.div_ceil(self.sector as usize) * 4..];
            bytes += new.len() as u64;
            device
                .write_at(item.offset, new)
                .map_err(|source| JournalError::Unfinished {
                    doing: "writing the volume",
                    source,
                })
        })?;
        Ok(bytes)
    }

    fn each(
        &self,
        device: &dyn Device,
        mut visit: impl FnMut(Item) -> Result<(), JournalError>,
    ) -> Result<(), JournalError> {
        let mut at = HEADER_LEN;
        while at < self.end {
            let (item, next) = self.item(device, at)?;
            visit(item)?;
            at = next;
        }
        Ok(())
    }

    /// The item at `at`, bounded by the journal, the device and the longest run.
    fn item(&self, device: &dyn Device, at: u64) -> Result<(Item, u64), JournalError> {
        let malformed = |what| JournalError::Malformed { what, at };
        let reading = |source| JournalError::Io {
            doing: "reading the journal",
            source,
        };
        let mut bytes = [0; size_of::<ItemHead>()];
        if self.end - at < bytes.len() as u64 {
            return Err(malformed("the head of an item"));
        }
        self.store.read_at(at, &mut bytes).map_err(reading)?;
        let head =
            ItemHead::read_from_bytes(&bytes).map_err(|_| malformed("the head of an item"))?;
        let (kind, offset, len) = (head.kind.get(), head.offset.get(), head.len.get());
        if len == 0 || len > LONGEST_RUN || offset % self.sector != 0 {
            return Err(malformed("the length or offset of an item"));
        }
        if offset.checked_add(len).is_none_or(|end| end > device.len()) {
            return Err(malformed("the place of an item"));
        }
        let payload_len = match kind {
            KIND_MARK => 2 * len,
            KIND_FRAME => len + len.div_ceil(self.sector) * 4,
            KIND_FRESH => 0,
            _ => return Err(malformed("the kind of an item")),
        };
        let start = at + bytes.len() as u64;
        if self.end - start < payload_len {
            return Err(malformed("the bytes of an item"));
        }
        let mut payload = vec![0; payload_len as usize];
        self.store.read_at(start, &mut payload).map_err(reading)?;
        Ok((
            Item {
                kind,
                crc: head.crc.get(),
                offset,
                len: len as usize,
                payload,
            },
            start + payload_len,
        ))
    }
}
