//! The redo journal: how a change reaches the device whole or not at all.
//!
//! ```text
//! 1  device: bytes in clusters that were free before ("fresh")      flush
//! 2  journal: marks, frames, fresh checksums, header with checksum  flush   <- commit point
//! 3  device: the marks (the volume's dirty flag) set                flush
//! 4  device: every frame                                            flush
//! 5  device: the marks cleared                                      flush
//! 6  journal: header zeroed, erased
//! ```
//!
//! Step 6 waits for nothing. A journal that a power cut brings back was done: no mark is set, and what its frames changed
//! is nowhere as it was before, which is so at no moment between 2 and 5. Where the marks cannot tell (a volume that stays
//! dirty, a change of nothing but fresh bytes) step 6 is flushed as well.
//!
//! A crash before the commit point leaves the old state: fresh bytes lie where nothing points. A crash
//! after it leaves a whole journal, and [`recover`] does 3 to 6 again. Before it does, every sector must
//! hold what it held before, or what some step gives it: otherwise somebody else wrote to a volume that was
//! half-written, and redoing would destroy that, so it is refused.
//!
//! Rejected: an undo journal (the volume is touched before the commit point), frames for fresh bytes (bulk
//! creation would write everything twice).

mod commit;
mod format;
mod recover;

use std::io;

pub use commit::{CommitReport, commit};
pub use recover::{Recovery, recover};

/// Where a journal is kept: a file beside the image, or bytes in memory. It lives on storage of its own,
/// with its own flushes.
pub trait JournalStore: Send + Sync {
    /// The length in bytes; 0 where there is none.
    fn len(&self) -> io::Result<u64>;

    /// Whether there is no journal at all.
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }

    /// Fills `buf` from `offset`; an end before that is [`io::ErrorKind::UnexpectedEof`].
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()>;

    /// Writes all of `data` at `offset`, growing the store as needed.
    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()>;

    /// Returns once everything written before is durable, the store's own existence (its name in its
    /// directory) included.
    fn flush(&self) -> io::Result<()>;

    /// Makes it empty, and removes it where it is a file of its own. Need not be durable.
    fn erase(&self) -> io::Result<()>;
}

/// A sector that says "work in progress" while a commit is half done: one that holds the volume's dirty flag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Byte offset on the device, a multiple of the sector size.
    pub offset: u64,
    /// The whole sector with the flag set. Written alone, so it is there wholly or not at all.
    pub set: Vec<u8>,
    /// The whole sector as it is to be after the commit.
    pub clear: Vec<u8>,
}

/// Why a journal could not be written, applied or recovered.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Before the commit point: nothing of the change is on the device.
    #[error("{doing}: {source}; the volume is unchanged")]
    NotCommitted {
        /// What was being done.
        doing: &'static str,
        /// Why it failed.
        source: io::Error,
    },
    /// The journal could be neither made durable nor withdrawn: the next open decides which it was.
    #[error(
        "making the journal durable: {source}; withdrawing it: {withdraw}; open the volume again: it is then wholly old or wholly new"
    )]
    Undecided {
        /// Why the journal could not be made durable.
        source: io::Error,
        /// Why it could not be withdrawn.
        withdraw: io::Error,
    },
    /// After the commit point: the change is committed, and the next open completes it.
    #[error(
        "{doing}: {source}; the change is committed in the journal and is completed when the volume is opened again"
    )]
    Unfinished {
        /// What was being done.
        doing: &'static str,
        /// Why it failed.
        source: io::Error,
    },
    /// Reading the journal or the device failed before anything was decided.
    #[error("{doing}: {source}")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// Why it failed.
        source: io::Error,
    },
    /// The journal is whole but belongs to another device.
    #[error(
        "the journal belongs to another volume: it is for {expected} bytes in sectors of {expected_sector}, this device has {actual} in sectors of {actual_sector}"
    )]
    OtherDevice {
        /// Length the journal was written for.
        expected: u64,
        /// Length of the device.
        actual: u64,
        /// Sector size the journal was written for.
        expected_sector: u32,
        /// Sector size of the device.
        actual_sector: u32,
    },
    /// The journal is whole, but a sector holds neither the old nor the new bytes.
    #[error(
        "the volume was changed since the journal was written: the bytes at {offset:#x} are neither the old nor the new ones"
    )]
    VolumeChanged {
        /// Byte offset of the sector, or of the run of fresh bytes.
        offset: u64,
    },
    /// The journal's checksum is right and its contents are not: written by another version.
    #[error(
        "the journal is whole, but {what} at byte {at:#x} of it makes no sense; was it written by another version?"
    )]
    Malformed {
        /// The field.
        what: &'static str,
        /// Byte offset in the journal.
        at: u64,
    },
}

/// A journal in memory: for volumes in memory and for tests.
#[derive(Debug, Default)]
pub struct MemoryJournal(std::sync::Mutex<Vec<u8>>);

impl MemoryJournal {
    fn bytes(&self) -> std::sync::MutexGuard<'_, Vec<u8>> {
        self.0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl JournalStore for MemoryJournal {
    fn len(&self) -> io::Result<u64> {
        Ok(self.bytes().len() as u64)
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        let bytes = self.bytes();
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let from = bytes.get(start..).and_then(|b| b.get(..buf.len()));
        buf.copy_from_slice(from.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut bytes = self.bytes();
        let start = usize::try_from(offset).map_err(|_| io::ErrorKind::FileTooLarge)?;
        let end = start
            .checked_add(data.len())
            .ok_or(io::ErrorKind::FileTooLarge)?;
        if bytes.len() < end {
            bytes.resize(end, 0);
        }
        bytes[start..end].copy_from_slice(data);
        Ok(())
    }

    fn flush(&self) -> io::Result<()> {
        Ok(())
    }

    fn erase(&self) -> io::Result<()> {
        self.bytes().clear();
        Ok(())
    }
}
