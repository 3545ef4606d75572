//! References from one file record to another.

use std::fmt;

/// A file reference: the 48-bit number of a file record and the 16-bit sequence number of its use.
///
/// On disk it is a little-endian 64-bit integer with the number in the low 48 bits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileRef(u64);

impl FileRef {
    /// The bits of the record number.
    pub const NUMBER_MASK: u64 = (1 << 48) - 1;

    /// Puts the two together; bits of `number` above the 48th are dropped.
    pub const fn new(number: u64, sequence: u16) -> Self {
        Self((number & Self::NUMBER_MASK) | ((sequence as u64) << 48))
    }

    /// From the integer on disk.
    pub const fn from_raw(raw: u64) -> Self {
        Self(raw)
    }

    /// The integer on disk.
    pub const fn raw(self) -> u64 {
        self.0
    }

    /// The number of the file record.
    pub const fn number(self) -> u64 {
        self.0 & Self::NUMBER_MASK
    }

    /// The sequence number that the record had when the reference was made.
    pub const fn sequence(self) -> u16 {
        (self.0 >> 48) as u16
    }

    /// A key that orders by number, then by sequence number: as the records lie in `$MFT`. The order of references
    /// themselves is that of the integers on disk.
    pub const fn place(self) -> u64 {
        self.0.rotate_left(16)
    }
}

impl fmt::Debug for FileRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FileRef({self})")
    }
}

impl fmt::Display for FileRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number(), self.sequence())
    }
}
