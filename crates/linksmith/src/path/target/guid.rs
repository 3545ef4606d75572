//! GUIDs, in a volume's name and after the header of a reparse point whose tag is not Microsoft's.

use std::fmt;

/// A GUID; shown as `{xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx}`, the way Windows writes volume names.
///
/// The number is the one its text reads as, first digit highest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Guid(pub u128);

/// Places of the hyphens in the 36 characters between the braces.
const HYPHENS: [usize; 4] = [8, 13, 18, 23];

impl Guid {
    /// Reads `{xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx}`; digits in either case.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let inner = text.strip_prefix(b"{")?.strip_suffix(b"}")?;
        if inner.len() != 36 {
            return None;
        }
        let mut value = 0;
        for (i, byte) in inner.iter().enumerate() {
            if HYPHENS.contains(&i) {
                if *byte != b'-' {
                    return None;
                }
            } else {
                value = value << 4 | u128::from(char::from(*byte).to_digit(16)?);
            }
        }
        Some(Self(value))
    }

    /// From its 16 bytes on disk: the first three fields little-endian (MS-DTYP 2.3.4.2).
    pub const fn from_disk(b: [u8; 16]) -> Self {
        Self(u128::from_be_bytes(swap(b)))
    }

    /// Its 16 bytes on disk.
    pub const fn to_disk(self) -> [u8; 16] {
        swap(self.0.to_be_bytes())
    }
}

/// Between the order of the text and the order on disk; its own inverse.
const fn swap(b: [u8; 16]) -> [u8; 16] {
    [
        b[3], b[2], b[1], b[0], b[5], b[4], b[7], b[6], b[8], b[9], b[10], b[11], b[12], b[13],
        b[14], b[15],
    ]
}

impl fmt::Display for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n = self.0;
        write!(
            f,
            "{{{:08x}-{:04x}-{:04x}-{:04x}-{:012x}}}",
            n >> 96,
            n >> 80 & 0xFFFF,
            n >> 64 & 0xFFFF,
            n >> 48 & 0xFFFF,
            n & 0xFFFF_FFFF_FFFF
        )
    }
}

impl fmt::Debug for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
