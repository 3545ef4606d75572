//! What can go wrong: the device, the data on it, or the wish.

use std::borrow::Cow;
use std::fmt;
use std::io;

/// Everything that this crate returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why an operation on a volume failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The device could not be read, written or flushed.
    #[error("cannot {action} {structure} at byte {position}: {source}")]
    Io {
        /// `read`, `write` or `flush`.
        action: &'static str,
        /// What lies there.
        structure: &'static str,
        /// The byte of the device.
        position: u64,
        /// The device's own words.
        source: io::Error,
    },
    /// The bytes on the volume are not what NTFS allows.
    #[error(transparent)]
    Damaged(Box<Damage>),
    /// The bytes are sound, but of a kind this crate does not read or write.
    #[error("{structure} at {place}: {reason}")]
    Unsupported {
        /// The structure that carries it.
        structure: &'static str,
        /// Where it is.
        place: Place,
        /// What is not supported.
        reason: Cow<'static, str>,
    },
    /// The volume is in a state in which it must not be changed.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// There is no such entry.
    #[error("{what} was not found")]
    NotFound {
        /// The path, name or number that was looked for.
        what: String,
    },
    /// An entry on the way is no directory.
    #[error("record {record} is not a directory")]
    NotADirectory {
        /// Its file record number.
        record: u64,
    },
    /// The file reference is of an earlier use of the record.
    #[error("{reference} is stale: the record's sequence number is now {actual}")]
    Stale {
        /// The reference as it was found.
        reference: crate::FileRef,
        /// The sequence number in the record.
        actual: u16,
    },
}

/// Bytes that NTFS does not allow: where, what was expected, what was found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{structure} at {place}: {expected} expected, {actual} found")]
pub struct Damage {
    /// The structure or the field, in the words of the field.
    pub structure: &'static str,
    /// Where it is.
    pub place: Place,
    /// What NTFS allows there.
    pub expected: Cow<'static, str>,
    /// What is there.
    pub actual: String,
}

/// Where a structure is, as precisely as the code that looked at it could know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Place {
    /// The byte of the buffer that was parsed; a caller turns it into one of the others.
    Buffer(u64),
    /// The byte of the device.
    Device(u64),
    /// A byte of a file record.
    Record {
        /// The number of the file record.
        number: u64,
        /// The byte within it.
        offset: u64,
    },
    /// A byte of an index block of a file record's index.
    IndexBlock {
        /// The number of the file record.
        record: u64,
        /// The block's virtual cluster number, as child pointers give it.
        vcn: u64,
        /// The byte within the block.
        offset: u64,
    },
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Buffer(offset) => write!(f, "offset {offset}"),
            Self::Device(position) => write!(f, "byte {position} of the volume"),
            Self::Record { number, offset } => write!(f, "record {number}, offset {offset}"),
            Self::IndexBlock {
                record,
                vcn,
                offset,
            } => {
                write!(f, "record {record}, index block {vcn}, offset {offset}")
            }
        }
    }
}

impl Error {
    /// An error over bytes at `offset` of the buffer being parsed.
    pub fn damaged(
        structure: &'static str,
        offset: impl TryInto<u64>,
        expected: impl Into<Cow<'static, str>>,
        actual: impl fmt::Display,
    ) -> Self {
        let place = Place::Buffer(offset.try_into().unwrap_or(u64::MAX));
        Self::damaged_at(structure, place, expected, actual)
    }

    /// An error over bytes at a known place.
    pub fn damaged_at(
        structure: &'static str,
        place: Place,
        expected: impl Into<Cow<'static, str>>,
        actual: impl fmt::Display,
    ) -> Self {
        let (expected, actual) = (expected.into(), actual.to_string());
        Self::Damaged(Box::new(Damage {
            structure,
            place,
            expected,
            actual,
        }))
    }

    /// A failed transfer.
    pub fn io(
        action: &'static str,
        structure: &'static str,
        position: u64,
        source: io::Error,
    ) -> Self {
        Self::Io {
            action,
            structure,
            position,
            source,
        }
    }

    /// Gives a place to damage whose code knew only the offset within its buffer.
    #[must_use]
    pub fn placed(mut self, place: impl FnOnce(u64) -> Place) -> Self {
        if let Self::Damaged(damage) = &mut self {
            if let Place::Buffer(offset) = damage.place {
                damage.place = place(offset);
            }
        }
        self
    }

    /// The same, for a buffer that is the file record `number`.
    #[must_use]
    pub fn in_record(self, number: u64) -> Self {
        self.placed(|offset| Place::Record { number, offset })
    }

    /// The same, for a buffer that is an index block.
    #[must_use]
    pub fn in_index_block(self, record: u64, vcn: u64) -> Self {
        self.placed(|offset| Place::IndexBlock {
            record,
            vcn,
            offset,
        })
    }

    /// The damage, if it is that.
    pub fn damage(&self) -> Option<&Damage> {
        match self {
            Self::Damaged(damage) => Some(damage),
            _ => None,
        }
    }
}

/// A state of the volume in which a change could destroy something.
///
/// Reading is possible in each of them; what is read may be older than what the last system meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// `VOLUME_IS_DIRTY` is set in `$Volume`.
    #[error("the volume is marked dirty: it was not unmounted, or waits for chkdsk")]
    Dirty,
    /// `$Volume` asks Windows to do something before the volume is used (flags 0x4000, 0x8000 and others).
    #[error("the volume has flags 0x{0:04x} set, which Windows must see to first")]
    Flags(u16),
    /// `$LogFile` holds work that was not carried out.
    #[error("$LogFile holds work that was not carried out: mount the volume in Windows once")]
    LogNotClean,
    /// Windows is hibernated, or was shut down by "fast startup".
    #[error("Windows is hibernated on this volume: its memory holds a newer state")]
    Hibernated,
    /// Not NTFS 3.0 or 3.1.
    #[error("NTFS version {0}.{1}: only 3.0 and 3.1 can be changed")]
    Version(u8, u8),
    /// `$MFTMirr` does not repeat the first records of `$MFT`.
    #[error("$MFTMirr differs from $MFT in record {0}")]
    MirrorDiffers(u64),
    /// The boot sector leads nowhere; the backup at this byte does.
    #[error(
        "the boot sector is damaged; its backup at byte {0} is sound, and `check --repair` writes it back"
    )]
    BootDamaged(u64),
    /// The device ends before the volume does, by so many bytes.
    #[error("the last {0} bytes of the volume are missing")]
    Truncated(u64),
    /// `$MFTMirr` could not be read.
    #[error("$MFTMirr cannot be read")]
    MirrorUnreadable,
}
