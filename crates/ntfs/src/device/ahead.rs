//! Small reads that follow each other, out of larger ones.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Device;

/// The longest read that is small: an index block of the usual size.
const SMALL: usize = 4096;
/// How far behind the end of the last read one may begin that follows it.
const NEAR: u64 = 16 * 1024;
/// Bytes that are read at once where reads begin to follow each other, and where they go on.
const FIRST: u64 = 16 * 1024;
const NEXT: u64 = 64 * 1024;
/// Places that are read from by turns: records and index blocks, of both halves of the volume.
const STREAMS: usize = 4;

/// A device over `D` that reads ahead of small reads in ascending order, such as those of one file record after the other.
///
/// What it read is good as long as all writes go through it.
#[derive(Debug)]
pub struct Ahead<D> {
    base: D,
    streams: Mutex<Streams>,
}

#[derive(Debug, Default)]
struct Streams {
    all: [Stream; STREAMS],
    /// Counts reads: the stream that was used longest ago makes room for a new one.
    clock: u64,
}

#[derive(Debug, Default)]
struct Stream {
    /// What was read ahead, and where it begins.
    start: u64,
    bytes: Vec<u8>,
    /// Where the last read ended.
    next: u64,
    used: u64,
}

impl Stream {
    fn holds(&self, offset: u64, len: usize) -> bool {
        let end = self.start + self.bytes.len() as u64;
        offset >= self.start && offset + len as u64 <= end
    }

    fn is_followed_by(&self, offset: u64) -> bool {
        self.used > 0 && (self.next..=self.next + NEAR).contains(&offset)
    }

    /// How much to read where a read follows.
    fn step(&self) -> u64 {
        if self.bytes.is_empty() { FIRST } else { NEXT }
    }

    fn forget(&mut self) {
        self.bytes.clear();
    }
}

impl<D> Ahead<D> {
    /// Over `base`.
    pub fn new(base: D) -> Self {
        Self {
            base,
            streams: Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Streams> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<D: Device> Ahead<D> {
    fn read_small(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        let mut streams = self.lock();
        streams.clock += 1;
        let clock = streams.clock;
        let len = buf.len();
        let all = &mut streams.all;
        let held = all.iter().position(|s| s.holds(offset, len));
        let at = held.or_else(|| all.iter().position(|s| s.is_followed_by(offset)));
        let Some(stream) = at.and_then(|at| all.get_mut(at)) else {
            if let Some(oldest) = all.iter_mut().min_by_key(|s| s.used) {
                oldest.forget();
                (oldest.next, oldest.used) = (offset + len as u64, clock);
            }
            drop(streams);
            return self.base.read_at(offset, buf);
        };
        if held.is_none() {
            let end = (offset + stream.step()).min(self.base.len());
            let whole = end.saturating_sub(offset).max(len as u64) as usize;
            stream.bytes.resize(whole, 0);
            stream.start = offset;
            if self.base.read_at(offset, &mut stream.bytes).is_err() {
                // What lies ahead may be bad where this is not.
                stream.forget();
                drop(streams);
                return self.base.read_at(offset, buf);
            }
        }
        let from = (offset - stream.start) as usize;
        let bytes = stream.bytes.get(from..from + len);
        buf.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
        (stream.next, stream.used) = (offset + len as u64, clock);
        Ok(())
    }
}

impl<D: Device> Device for Ahead<D> {
    fn len(&self) -> u64 {
        self.base.len()
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        let inside = offset
            .checked_add(buf.len() as u64)
            .is_some_and(|end| end <= self.base.len());
        if buf.len() > SMALL || !inside {
            return self.base.read_at(offset, buf);
        }
        self.read_small(offset, buf)
    }

    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let end = offset.saturating_add(data.len() as u64);
        // Held until it is written: what is read meanwhile could be either.
        let mut streams = self.lock();
        for stream in &mut streams.all {
            if stream.start < end && offset < stream.start + stream.bytes.len() as u64 {
                stream.forget();
            }
        }
        self.base.write_at(offset, data)
    }

    fn flush(&self) -> io::Result<()> {
        self.base.flush()
    }

    fn sector_size(&self) -> u32 {
        self.base.sector_size()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::Memory;
    use proptest::prelude::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    struct Counted(Memory, AtomicUsize);

    impl Device for Counted {
        fn len(&self) -> u64 {
            self.0.len()
        }
        fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
            self.1.fetch_add(1, Ordering::Relaxed);
            self.0.read_at(offset, buf)
        }
        fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()> {
            self.0.write_at(offset, data)
        }
        fn flush(&self) -> io::Result<()> {
            self.0.flush()
        }
    }

    fn bytes(len: usize) -> Vec<u8> {
        (0..len).map(|i| (i / 7 % 251) as u8).collect()
    }

    fn over(len: usize) -> Ahead<Counted> {
        Ahead::new(Counted(Memory::new(bytes(len)), AtomicUsize::new(0)))
    }

    fn reads(device: &Ahead<Counted>) -> usize {
        device.base.1.load(Ordering::Relaxed)
    }

    #[test]
    fn records_by_turns_with_blocks_are_read_in_large_pieces() {
        let device = over(8 << 20);
        let (mut record, mut block) = ([0; 1024], [0; 4096]);
        for i in 0..1000 {
            device.read_at(i * 1024, &mut record).unwrap();
            device.read_at((4 << 20) + i * 4096, &mut block).unwrap();
        }
        assert!(reads(&device) < 100, "{}", reads(&device));
    }

    #[test]
    fn scattered_reads_cost_no_more_than_themselves() {
        let device = over(8 << 20);
        let mut record = [0; 1024];
        for i in 0..200u64 {
            device
                .read_at(i * 7919 % 200 * 40_000, &mut record)
                .unwrap();
        }
        assert_eq!(reads(&device), 200);
    }

    #[test]
    fn past_the_end_is_an_error_of_the_device() {
        let device = over(10_000);
        let mut record = [0; 1024];
        device.read_at(7000, &mut record).unwrap();
        device.read_at(8024, &mut record).unwrap();
        assert!(device.read_at(9500, &mut record).is_err());
        assert!(device.read_at(u64::MAX, &mut record).is_err());
    }

    proptest! {
        /// Whatever is read and written, it reads as the device does.
        #[test]
        fn reads_as_the_device(steps in proptest::collection::vec((any::<bool>(), 0u64..380, 1usize..6000), 1..80)) {
            let len = 200_000;
            let mut model = bytes(len);
            let device = over(len);
            for (write, at, n) in steps {
                let at = (at * 512) as usize;
                let n = n.min(len.saturating_sub(at));
                if write {
                    model[at..at + n].fill(n as u8);
                    device.write_at(at as u64, &model[at..at + n]).unwrap();
                } else {
                    let mut got = vec![0; n];
                    device.read_at(at as u64, &mut got).unwrap();
                    prop_assert_eq!(&got, &model[at..at + n]);
                }
            }
        }
    }
}
