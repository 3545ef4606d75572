//! Writing: from a change to the device.

use std::io;
use std::ops::Range;

use zerocopy::IntoBytes;

use super::format::{
    HEADER_LEN, HEADER_SUMMED, Header, ItemHead, KIND_FRAME, KIND_FRESH, KIND_MARK, LONGEST_RUN,
    MAGIC,
};
use super::{JournalError, JournalStore, Mark};
use crate::change::Change;
use crate::device::Device;

/// What a commit cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CommitReport {
    /// Bytes written to clusters that were free before.
    pub fresh_bytes: u64,
    /// Bytes changed in place, through the journal.
    pub framed_bytes: u64,
    /// Flushes of the device.
    pub device_flushes: u32,
    /// Flushes of the journal.
    pub journal_flushes: u32,
}

/// Brings everything in `change` to the device below it, whole or not at all. `marks` are sectors that are
/// set while the device is half written; whatever the change itself writes to them, [`Mark::clear`] counts.
///
/// The change still holds its bytes afterwards; [`Change::clear`] it after success.
///
/// # Errors
/// [`JournalError`] tells on which side of the commit point it failed.
pub fn commit<D: Device>(
    change: &Change<D>,
    store: &dyn JournalStore,
    marks: &[Mark],
) -> Result<CommitReport, JournalError> {
    let mut report = CommitReport::default();
    if change.is_empty() {
        return Ok(report);
    }
    let plan = Plan::new(change, marks);
    let not_committed = |doing| move |source| JournalError::NotCommitted { doing, source };
    plan.write_fresh(change, &mut report)
        .map_err(not_committed("writing to free clusters"))?;
    let tells = match plan.write_journal(change, store, marks) {
        Ok(tells) => tells,
        Err(source) => return Err(withdraw(store, "writing the journal", source)),
    };
    if let Err(source) = store.flush() {
        return Err(withdraw(store, "flushing the journal", source));
    }
    report.journal_flushes += 1;
    // The commit point. From here on the change only goes forward.
    let unfinished = |doing| move |source| JournalError::Unfinished { doing, source };
    let device = change.base();
    write_marks(device, marks, |m| &m.set, &mut report)
        .map_err(unfinished("setting the dirty flag"))?;
    plan.write_frames(change, &mut report)
        .map_err(unfinished("writing the volume"))?;
    write_marks(device, marks, |m| &m.clear, &mut report)
        .map_err(unfinished("clearing the dirty flag"))?;
    if tells {
        // Where it comes back after a power cut, recovery sees that it is done.
        void(store)
    } else {
        report.journal_flushes += 1;
        retire(store)
    }
    .map_err(unfinished("retiring the journal"))?;
    Ok(report)
}

/// Makes the journal void and erases it, neither durably.
fn void(store: &dyn JournalStore) -> io::Result<()> {
    store.write_at(0, &[0; HEADER_LEN as usize])?;
    store.erase()
}

/// Makes the journal void, durably, and erases it.
pub(super) fn retire(store: &dyn JournalStore) -> io::Result<()> {
    store.write_at(0, &[0; HEADER_LEN as usize])?;
    store.flush()?;
    store.erase()
}

/// A failed flush says nothing about what became durable: the journal has to be voided before the caller
/// may be told that nothing happened.
fn withdraw(store: &dyn JournalStore, doing: &'static str, source: io::Error) -> JournalError {
    match retire(store) {
        Ok(()) => JournalError::NotCommitted { doing, source },
        Err(withdraw) => JournalError::Undecided { source, withdraw },
    }
}

/// Writes one side of all marks; an old sector may be torn from a new one only between sectors, so one
/// flush for all of them is enough.
pub(super) fn write_marks<D: Device + ?Sized>(
    device: &D,
    marks: &[Mark],
    side: impl Fn(&Mark) -> &[u8],
    report: &mut CommitReport,
) -> io::Result<()> {
    if marks.is_empty() {
        return Ok(());
    }
    for mark in marks {
        device.write_at(mark.offset, side(mark))?;
    }
    report.device_flushes += 1;
    device.flush()
}

/// Which bytes go which way.
struct Plan {
    fresh: Vec<Range<u64>>,
    frames: Vec<Range<u64>>,
}

impl Plan {
    fn new<D: Device>(change: &Change<D>, marks: &[Mark]) -> Self {
        let sector = u64::from(change.sector_size());
        let (mut fresh, mut frames) = (Vec::new(), Vec::new());
        for range in change.touched(sector, LONGEST_RUN - LONGEST_RUN % sector) {
            let mut at = range.start;
            while at < range.end {
                let (is_fresh, until) = fresh_sectors(change, at, sector);
                let piece = at..until.min(range.end);
                at = piece.end;
                if is_fresh { &mut fresh } else { &mut frames }.push(piece);
            }
        }
        let marked: Vec<Range<u64>> = marks
            .iter()
            .map(|m| m.offset..m.offset + m.clear.len() as u64)
            .collect();
        Self {
            fresh,
            frames: without(frames, &marked),
        }
    }

    fn write_fresh<D: Device>(
        &self,
        change: &Change<D>,
        report: &mut CommitReport,
    ) -> io::Result<()> {
        if self.fresh.is_empty() && !change.wrote_beneath() {
            return Ok(());
        }
        copy_runs(change, &self.fresh, &mut report.fresh_bytes)?;
        report.device_flushes += 1;
        change.base().flush()
    }

    fn write_frames<D: Device>(
        &self,
        change: &Change<D>,
        report: &mut CommitReport,
    ) -> io::Result<()> {
        if self.frames.is_empty() {
            return Ok(());
        }
        copy_runs(change, &self.frames, &mut report.framed_bytes)?;
        report.device_flushes += 1;
        change.base().flush()
    }

    /// Gives whether the device will tell, once all is done, that it is: see [`super::recover`].
    fn write_journal<D: Device>(
        &self,
        change: &Change<D>,
        store: &dyn JournalStore,
        marks: &[Mark],
    ) -> io::Result<bool> {
        let mut body = Body::new(store);
        for mark in marks {
            body.mark(change.base(), mark)?;
        }
        for range in &self.frames {
            body.frame(change, range, u64::from(change.sector_size()))?;
        }
        for range in &self.fresh {
            body.fresh(change, range)?;
        }
        let told_by_marks = !marks.is_empty() && marks.iter().all(|mark| mark.set != mark.clear);
        let tells = body.tells && told_by_marks;
        body.finish(change.len(), change.sector_size())?;
        Ok(tells)
    }
}

/// Whether the whole sector at `at` is fresh, and up to where that holds.
fn fresh_sectors<D: Device>(change: &Change<D>, at: u64, sector: u64) -> (bool, u64) {
    let (is_fresh, until) = change.fresh_run(at);
    let whole = if is_fresh {
        until - until % sector
    } else {
        until.checked_next_multiple_of(sector).unwrap_or(u64::MAX)
    };
    if is_fresh && whole <= at {
        (false, at + sector)
    } else {
        (is_fresh, whole)
    }
}

/// `ranges` without the bytes of `taken`.
fn without(ranges: Vec<Range<u64>>, taken: &[Range<u64>]) -> Vec<Range<u64>> {
    let mut out = Vec::with_capacity(ranges.len());
    for range in ranges {
        let mut pieces = vec![range];
        for t in taken {
            pieces = pieces
                .into_iter()
                .flat_map(|p| [p.start..p.end.min(t.start), p.start.max(t.end)..p.end])
                .filter(|p| !p.is_empty())
                .collect();
        }
        out.append(&mut pieces);
    }
    out
}

/// Copies runs of the change to the device below, neighbours in one write.
fn copy_runs<D: Device>(
    change: &Change<D>,
    runs: &[Range<u64>],
    bytes: &mut u64,
) -> io::Result<()> {
    let mut buf = Vec::new();
    for run in runs {
        buf.resize((run.end - run.start) as usize, 0);
        change.read_at(run.start, &mut buf)?;
        change.base().write_at(run.start, &buf)?;
        *bytes += run.end - run.start;
    }
    Ok(())
}

/// The body as it is written: buffered, summed.
struct Body<'s> {
    store: &'s dyn JournalStore,
    buffer: Vec<u8>,
    written: u64,
    crc: crc32fast::Hasher,
    /// Whether a frame has other bytes than the device.
    tells: bool,
}

impl<'s> Body<'s> {
    fn new(store: &'s dyn JournalStore) -> Self {
        Self {
            store,
            buffer: Vec::new(),
            written: 0,
            crc: crc32fast::Hasher::new(),
            tells: false,
        }
    }

    fn head(&mut self, kind: u32, crc: u32, range: &Range<u64>) {
        let len = range.end - range.start;
        let head = ItemHead {
            kind: kind.into(),
            crc: crc.into(),
            offset: range.start.into(),
            len: len.into(),
        };
        self.buffer.extend_from_slice(head.as_bytes());
    }

    fn mark<D: Device>(&mut self, device: &D, mark: &Mark) -> io::Result<()> {
        let mut old = vec![0; mark.set.len()];
        device.read_at(mark.offset, &mut old)?;
        let range = mark.offset..mark.offset + mark.set.len() as u64;
        self.head(KIND_MARK, crc32fast::hash(&old), &range);
        self.buffer.extend_from_slice(&mark.set);
        self.buffer.extend_from_slice(&mark.clear);
        self.spill(LONGEST_RUN)
    }

    fn frame<D: Device>(
        &mut self,
        change: &Change<D>,
        range: &Range<u64>,
        sector: u64,
    ) -> io::Result<()> {
        let len = (range.end - range.start) as usize;
        self.head(KIND_FRAME, 0, range);
        let mut old = vec![0; len];
        change.base().read_at(range.start, &mut old)?;
        for sector in old.chunks(sector as usize) {
            self.buffer
                .extend_from_slice(&crc32fast::hash(sector).to_le_bytes());
        }
        let start = self.buffer.len();
        self.buffer.resize(start + len, 0);
        let new = &mut self.buffer[start..];
        change.read_at(range.start, new)?;
        self.tells |= *new != *old;
        self.spill(LONGEST_RUN)
    }

    fn fresh<D: Device>(&mut self, change: &Change<D>, range: &Range<u64>) -> io::Result<()> {
        let mut bytes = vec![0; (range.end - range.start) as usize];
        change.read_at(range.start, &mut bytes)?;
        self.head(KIND_FRESH, crc32fast::hash(&bytes), range);
        self.spill(LONGEST_RUN)
    }

    fn spill(&mut self, at_least: u64) -> io::Result<()> {
        if (self.buffer.len() as u64) < at_least {
            return Ok(());
        }
        self.crc.update(&self.buffer);
        self.store
            .write_at(HEADER_LEN + self.written, &self.buffer)?;
        self.written += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }

    /// The rest of the body and the header.
    fn finish(mut self, device_len: u64, sector: u32) -> io::Result<()> {
        self.spill(1)?;
        let mut header = Header {
            magic: MAGIC,
            sector: sector.into(),
            body_crc: self.crc.finalize().into(),
            device_len: device_len.into(),
            body_len: self.written.into(),
            header_crc: 0.into(),
        };
        header.header_crc = crc32fast::hash(&header.as_bytes()[..HEADER_SUMMED]).into();
        let mut bytes = vec![0; HEADER_LEN as usize];
        bytes[..size_of::<Header>()].copy_from_slice(header.as_bytes());
        self.store.write_at(0, &bytes)
    }
}
