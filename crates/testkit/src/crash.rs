//! Power cuts: disks that record every write and flush, and all the states a cut can leave behind.
//!
//! A cut after any prefix of the recorded operations leaves, on each disk, everything written before its
//! last flush, and *any subset* of the sectors written after it. Sectors are whole; writes of several
//! sectors tear. Several disks share one record, so the order of writes across an image and its journal
//! counts, while a flush of one says nothing about the other.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use linksmith_ntfs::device::Device;
use linksmith_ntfs::journal::JournalStore;

use crate::rng::Rng;

/// Bytes that a cut leaves wholly old or wholly new.
pub const SECTOR: usize = 512;

type Sectors = HashMap<u64, Arc<[u8; SECTOR]>>;

/// The bytes of one disk: a shared base and the sectors that differ from it. Cheap to copy.
#[derive(Clone, Debug)]
pub struct Content {
    base: Arc<Vec<u8>>,
    sectors: Sectors,
    len: u64,
}

impl Content {
    /// A disk holding `bytes`.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Self {
        let len = bytes.len() as u64;
        Self {
            base: Arc::new(bytes),
            sectors: HashMap::new(),
            len,
        }
    }

    /// All bytes.
    #[must_use]
    pub fn to_vec(&self) -> Vec<u8> {
        let mut out = vec![0; self.len as usize];
        self.read(0, &mut out).unwrap_or_default();
        out
    }

    /// The sectors that may differ from the bytes the disk was made of, ascending.
    #[must_use]
    pub fn changed_sectors(&self) -> Vec<(u64, Arc<[u8; SECTOR]>)> {
        let mut all: Vec<_> = self
            .sectors
            .iter()
            .map(|(&n, s)| (n, Arc::clone(s)))
            .collect();
        all.sort_unstable_by_key(|(n, _)| *n);
        all
    }

    fn sector(&self, number: u64) -> [u8; SECTOR] {
        if let Some(sector) = self.sectors.get(&number) {
            return **sector;
        }
        let mut out = [0; SECTOR];
        let at = (number as usize).saturating_mul(SECTOR);
        if let Some(rest) = self.base.get(at..) {
            let n = rest.len().min(SECTOR);
            out[..n].copy_from_slice(&rest[..n]);
        }
        out
    }

    fn read(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        let end = offset
            .checked_add(buf.len() as u64)
            .filter(|&end| end <= self.len);
        end.ok_or(io::ErrorKind::UnexpectedEof)?;
        let mut done = 0;
        while done < buf.len() {
            let at = offset + done as u64;
            let within = (at % SECTOR as u64) as usize;
            let n = (SECTOR - within).min(buf.len() - done);
            let number = at / SECTOR as u64;
            let from = number as usize * SECTOR + within;
            match (self.sectors.get(&number), self.base.get(from..from + n)) {
                (None, Some(bytes)) => buf[done..done + n].copy_from_slice(bytes),
                _ => buf[done..done + n].copy_from_slice(&self.sector(number)[within..within + n]),
            }
            done += n;
        }
        Ok(())
    }

    /// The sectors that a write touches, as they are after it.
    fn split(&self, offset: u64, data: &[u8]) -> Vec<(u64, Arc<[u8; SECTOR]>)> {
        let mut out = Vec::new();
        let mut done = 0;
        while done < data.len() {
            let at = offset + done as u64;
            let within = (at % SECTOR as u64) as usize;
            let n = (SECTOR - within).min(data.len() - done);
            let mut sector = self.sector(at / SECTOR as u64);
            sector[within..within + n].copy_from_slice(&data[done..done + n]);
            out.push((at / SECTOR as u64, Arc::new(sector)));
            done += n;
        }
        out
    }

    fn resize(&mut self, len: u64) {
        if len == 0 {
            self.sectors.clear();
            self.base = Arc::default();
        }
        self.len = len;
    }
}

/// What reached a disk.
#[derive(Clone, Debug)]
enum Event {
    /// One sector of a write; the length the disk has after it.
    Sector {
        disk: usize,
        number: u64,
        bytes: Arc<[u8; SECTOR]>,
        len: u64,
    },
    Erase {
        disk: usize,
    },
    Flush {
        disk: usize,
    },
    /// The end of one call: cuts fall between calls, tearing is the subsets' part.
    Call,
}

#[derive(Debug)]
struct Record {
    initial: Vec<Content>,
    now: Vec<Content>,
    events: Vec<Event>,
    calls: u64,
    fail: Option<Failure>,
}

/// Which calls fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Call number `n` (from 0) and no other.
    Only(u64),
    /// Call number `n` and all that follow.
    From(u64),
}

/// Some disks under one record.
#[derive(Clone, Debug)]
pub struct Recorder(Arc<Mutex<Record>>);

/// One disk of a [`Recorder`]: a [`Device`] and a [`JournalStore`].
#[derive(Clone, Debug)]
pub struct RecordedDisk {
    record: Recorder,
    index: usize,
}

/// How many subsets of unflushed sectors are tried.
#[derive(Clone, Copy, Debug)]
pub struct Subsets {
    /// All of them where at most this many sectors are in flight.
    pub all_up_to: u32,
    /// This many random ones where there are more.
    pub random: u32,
    /// Where the random ones start.
    pub seed: u64,
}

/// What one cut left.
#[derive(Clone, Debug)]
pub struct CrashState {
    /// How many calls had returned.
    pub calls: u64,
    /// Each disk.
    pub disks: Vec<Content>,
}

impl Recorder {
    /// Starts with these disks.
    #[must_use]
    pub fn new(disks: Vec<Content>) -> Self {
        let record = Record {
            initial: disks.clone(),
            now: disks,
            events: Vec::new(),
            calls: 0,
            fail: None,
        };
        Self(Arc::new(Mutex::new(record)))
    }

    /// Disk number `index`.
    #[must_use]
    pub fn disk(&self, index: usize) -> RecordedDisk {
        RecordedDisk {
            record: self.clone(),
            index,
        }
    }

    /// Lets calls that write or flush fail from now on; they are counted from the start of the record.
    pub fn fail(&self, failure: Option<Failure>) {
        self.lock().fail = failure;
    }

    /// How many calls wrote or flushed.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.lock().calls
    }

    /// How many flushes there were.
    #[must_use]
    pub fn flushes(&self) -> usize {
        self.lock()
            .events
            .iter()
            .filter(|e| matches!(e, Event::Flush { .. }))
            .count()
    }

    /// The disks as they are, everything written counted.
    #[must_use]
    pub fn now(&self) -> Vec<Content> {
        self.lock().now.clone()
    }

    /// The same record as if flush number `n` had not been called: what a forgotten barrier would allow.
    #[must_use]
    pub fn without_flush(&self, n: usize) -> Self {
        let record = self.lock();
        let mut seen = 0;
        let mut events = record.events.clone();
        events.retain(|e| {
            let flush = matches!(e, Event::Flush { .. });
            seen += usize::from(flush);
            !flush || seen != n + 1
        });
        let (initial, now) = (record.initial.clone(), record.now.clone());
        Self(Arc::new(Mutex::new(Record {
            initial,
            now,
            events,
            calls: record.calls,
            fail: None,
        })))
    }

    /// Visits every state that a power cut can leave; gives how many there were. Stops at the first error.
    ///
    /// # Errors
    /// The visitor's.
    pub fn crash_states<E>(
        &self,
        subsets: Subsets,
        mut visit: impl FnMut(CrashState) -> Result<(), E>,
    ) -> Result<u64, E> {
        let record = self.lock();
        let mut rng = Rng::new(subsets.seed);
        let mut durable = record.initial.clone();
        let mut pending: Vec<Event> = Vec::new();
        let (mut calls, mut states) = (0, 0);
        let mut new_since_visit = true;
        for event in &record.events {
            match event {
                Event::Flush { disk } => {
                    settle(&mut durable, &mut pending, *disk);
                    new_since_visit = true;
                }
                Event::Call => {
                    if std::mem::take(&mut new_since_visit) {
                        states += visit_subsets(
                            &durable, &pending, calls, subsets, &mut rng, &mut visit,
                        )?;
                    }
                    calls += 1;
                }
                other => {
                    pending.push(other.clone());
                    new_since_visit = true;
                }
            }
        }
        // And once more when the last call has returned.
        states += visit_subsets(&durable, &pending, calls, subsets, &mut rng, &mut visit)?;
        Ok(states)
    }

    fn lock(&self) -> MutexGuard<'_, Record> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes what is pending on `disk` durable.
fn settle(durable: &mut [Content], pending: &mut Vec<Event>, disk: usize) {
    pending.retain(|event| {
        let here = event_disk(event) == Some(disk);
        if here {
            apply(durable, event);
        }
        !here
    });
}

fn event_disk(event: &Event) -> Option<usize> {
    match event {
        Event::Sector { disk, .. } | Event::Erase { disk } | Event::Flush { disk } => Some(*disk),
        Event::Call => None,
    }
}

fn apply(disks: &mut [Content], event: &Event) {
    match event {
        Event::Sector {
            disk,
            number,
            bytes,
            len,
        } => {
            let content = &mut disks[*disk];
            content.sectors.insert(*number, Arc::clone(bytes));
            content.len = content.len.max(((number + 1) * SECTOR as u64).min(*len));
        }
        Event::Erase { disk } => disks[*disk].resize(0),
        Event::Flush { .. } | Event::Call => {}
    }
}

fn visit_subsets<E>(
    durable: &[Content],
    pending: &[Event],
    calls: u64,
    subsets: Subsets,
    rng: &mut Rng,
    visit: &mut impl FnMut(CrashState) -> Result<(), E>,
) -> Result<u64, E> {
    let mut one = |chosen: &mut dyn FnMut(usize) -> bool| {
        let mut disks = durable.to_vec();
        for (_, event) in pending.iter().enumerate().filter(|(i, _)| chosen(*i)) {
            apply(&mut disks, event);
        }
        visit(CrashState { calls, disks })
    };
    let n = pending.len() as u32;
    if n <= subsets.all_up_to {
        for mask in 0..1u64 << n {
            one(&mut |i| mask >> i & 1 == 1)?;
        }
        return Ok(1 << n);
    }
    // None, all, all but one, and random ones of every density.
    one(&mut |_| false)?;
    one(&mut |_| true)?;
    for _ in 2..subsets.random.max(2) {
        match rng.below(4) {
            0 => {
                let missing = rng.below(u64::from(n)) as usize;
                one(&mut |i| i != missing)?;
            }
            1 => {
                let upto = rng.below(u64::from(n)) as usize;
                one(&mut |i| i < upto)?;
            }
            _ => {
                let density = rng.below(256);
                one(&mut |_| rng.below(256) < density)?;
            }
        }
    }
    Ok(u64::from(subsets.random.max(2)))
}

impl Record {
    /// Counts a call and lets it fail if it has to.
    fn call(&mut self) -> io::Result<()> {
        let number = self.calls;
        self.calls += 1;
        let fails = match self.fail {
            Some(Failure::Only(n)) => number == n,
            Some(Failure::From(n)) => number >= n,
            None => false,
        };
        if fails {
            Err(io::Error::other("the test lets this call fail"))
        } else {
            Ok(())
        }
    }
}

impl RecordedDisk {
    fn write(&self, offset: u64, data: &[u8], may_grow: bool) -> io::Result<()> {
        let mut record = self.record.lock();
        record.call()?;
        let content = &record.now[self.index];
        let end = offset + data.len() as u64;
        if end > content.len && !may_grow {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let len = content.len.max(end);
        let split = content.split(offset, data);
        let content = &mut record.now[self.index];
        content.len = len;
        for (number, bytes) in &split {
            content.sectors.insert(*number, Arc::clone(bytes));
        }
        let disk = self.index;
        record
            .events
            .extend(split.into_iter().map(|(number, bytes)| Event::Sector {
                disk,
                number,
                bytes,
                len,
            }));
        record.events.push(Event::Call);
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        let mut record = self.record.lock();
        record.call()?;
        record
            .events
            .extend([Event::Flush { disk: self.index }, Event::Call]);
        Ok(())
    }
}

impl Device for RecordedDisk {
    fn len(&self) -> u64 {
        self.record.lock().now[self.index].len
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        self.record.lock().now[self.index].read(offset, buf)
    }

    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.write(offset, data, false)
    }

    fn flush(&self) -> io::Result<()> {
        self.sync()
    }
}

impl JournalStore for RecordedDisk {
    fn len(&self) -> io::Result<u64> {
        Ok(Device::len(self))
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        Device::read_at(self, offset, buf)
    }

    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.write(offset, data, true)
    }

    fn flush(&self) -> io::Result<()> {
        self.sync()
    }

    fn erase(&self) -> io::Result<()> {
        let mut record = self.record.lock();
        record.call()?;
        record.now[self.index].resize(0);
        record
            .events
            .extend([Event::Erase { disk: self.index }, Event::Call]);
        Ok(())
    }
}
