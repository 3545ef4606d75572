//! The `$MFT` road.

use std::sync::atomic::{AtomicU64, Ordering};

use super::columns::Columns;
use super::decode::Taken;
use super::{Ask, Catalog, batch};
use crate::device::Device;
use crate::error::{Error, Result};
use crate::volume::Volume;

/// The bytes of one read: large enough that a disk streams, small enough that the bytes are still in the
/// processor's second cache when they are decoded. 512 KiB took twice as long where that cache has no more.
const BLOCK: usize = 128 * 1024;

impl<D: Device> Volume<D> {
    /// Finds files by reading all of `$MFT`.
    ///
    /// A record or a file that cannot be read is among the [`Catalog::failures`], and the rest is found.
    /// Of a record that is torn or damaged nothing is kept.
    ///
    /// # Errors
    ///
    /// Where `$MFT` claims more records than the device has room for.
    pub fn scan_mft(&self, ask: Ask) -> Result<Catalog> {
        let records = batch::record_count(self)?;
        let next = AtomicU64::new(0);
        let work = || {
            let mut worker = Worker {
                volume: self,
                ask,
                columns: Columns::default(),
                elsewhere: Vec::new(),
            };
            worker.run(records, &next);
            worker
        };
        let workers = batch::on_threads(ask.threads(), work);
        let (mut found, mut elsewhere) = (Vec::new(), Vec::new());
        for worker in workers {
            found.push(worker.columns);
            elsewhere.extend(worker.elsewhere);
        }
        elsewhere.sort_unstable();
        found.push(batch::take_files(self, &elsewhere, ask));
        Ok(Catalog::new(found, records as usize))
    }
}

struct Worker<'v, D> {
    volume: &'v Volume<D>,
    ask: Ask,
    columns: Columns,
    /// Records that are not all there is of a file.
    elsewhere: Vec<u64>,
}

impl<D: Device> Worker<'_, D> {
    /// Takes blocks of `$MFT` as long as there are any; `next` is the first record of the next.
    fn run(&mut self, records: u64, next: &AtomicU64) {
        let size = self.volume.geometry().record_size as usize;
        let in_block = (BLOCK / size).max(1) as u64;
        let mut buffer = vec![0; in_block as usize * size];
        loop {
            let first = next.fetch_add(in_block, Ordering::Relaxed);
            if first >= records {
                return;
            }
            let count = in_block.min(records - first) as usize;
            let block = buffer.get_mut(..count * size).unwrap_or_default();
            match self.volume.read_record(first, block) {
                Ok(()) => self.decode(first, block, size),
                Err(_) => self.one_by_one(first, count as u64, size),
            }
        }
    }

    fn decode(&mut self, first: u64, block: &mut [u8], size: usize) {
        for (number, bytes) in (first..).zip(block.chunks_exact_mut(size)) {
            if batch::is_plain(bytes) {
                continue;
            }
            match batch::base_record(number, bytes) {
                Ok(Some(record)) => {
                    if self.columns.take(&record, self.ask) == Taken::Elsewhere {
                        self.elsewhere.push(number);
                    }
                }
                Ok(None) => {}
                Err(error) => self.columns.failures.push(error),
            }
        }
    }

    /// Where a block cannot be read: one bad sector costs one record, not a block of them.
    fn one_by_one(&mut self, first: u64, count: u64, size: usize) {
        let mut bytes = vec![0; size];
        for number in first..first + count {
            match self.volume.read_record(number, &mut bytes) {
                Ok(()) => self.decode(number, &mut bytes, size),
                Err(error) => self.columns.failures.push(error),
            }
        }
    }
}

impl Error {
    /// Of a volume whose `$MFT` cannot be as long as it says.
    pub(super) fn too_many_records(claimed: u64, room: u64) -> Self {
        let expected = format!("at most {room} records");
        Self::damaged("$MFT", 0, expected, claimed).in_record(crate::layout::well_known::MFT)
    }
}
