//! The whole `REPARSE_DATA_BUFFER`, checked once and kept byte for byte.

use super::{EncodeError, ReparseTag};
use crate::path::Guid;

/// The most bytes a reparse point may have, its header included (MS-FSCC 2.1.2).
pub const MAXIMUM_SIZE: usize = 16 * 1024;

/// A reparse point's bytes: `REPARSE_DATA_BUFFER`, or `REPARSE_GUID_DATA_BUFFER` where the tag is not
/// Microsoft's. The header was checked; what the data mean is told by a view.
///
/// Bytes are kept, never made anew from fields: writers differ in the order of names and in padding,
/// and a copy has to be equal.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ReparsePoint(Box<[u8]>);

/// What is wrong with a reparse point's bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("reparse data at byte {position}: {field} is {actual}, expected {expected}")]
pub struct ReparseError {
    /// Byte offset of the field from the start of the buffer; past its end where the field is missing.
    pub position: usize,
    /// The field's name in MS-FSCC.
    pub field: &'static str,
    /// What would be right.
    pub expected: String,
    /// What stands there.
    pub actual: String,
}

impl ReparsePoint {
    /// Checks the header: 8 bytes (24 with a GUID), a length that agrees, at most [`MAXIMUM_SIZE`].
    pub fn from_bytes(bytes: impl Into<Vec<u8>>) -> Result<Self, ReparseError> {
        let bytes = bytes.into();
        let err = |position, field, expected: String, actual: usize| {
            Err(ReparseError {
                position,
                field,
                expected,
                actual: actual.to_string(),
            })
        };
        let [t0, t1, t2, t3, l0, l1, _, _, ..] = bytes[..] else {
            return err(0, "size of the buffer", "at least 8".into(), bytes.len());
        };
        let tag = ReparseTag(u32::from_le_bytes([t0, t1, t2, t3]));
        if tag.0 == 0 {
            return err(0, "ReparseTag", "not 0".into(), 0);
        }
        let header = if tag.is_microsoft() { 8 } else { 24 };
        let length = usize::from(u16::from_le_bytes([l0, l1]));
        if bytes.len() > MAXIMUM_SIZE {
            return err(
                0,
                "size of the buffer",
                format!("at most {MAXIMUM_SIZE}"),
                bytes.len(),
            );
        }
        if header + length != bytes.len() {
            let expected = format!("{}", bytes.len().saturating_sub(header));
            return err(4, "ReparseDataLength", expected, length);
        }
        Ok(Self(bytes.into_boxed_slice()))
    }

    /// A reparse point of a Microsoft tag from the data after its header.
    pub(super) fn from_data(tag: ReparseTag, data: &[u8]) -> Result<Self, EncodeError> {
        let size = 8 + data.len();
        let length = u16::try_from(data.len()).map_err(|_| EncodeError::TooLong { size })?;
        if size > MAXIMUM_SIZE {
            return Err(EncodeError::TooLong { size });
        }
        let mut bytes = Vec::with_capacity(size);
        bytes.extend(tag.0.to_le_bytes());
        bytes.extend(length.to_le_bytes());
        bytes.extend([0, 0]);
        bytes.extend(data);
        Ok(Self(bytes.into_boxed_slice()))
    }

    /// The GUID at byte 8 that says whose it is, where the tag is not Microsoft's.
    pub fn guid(&self) -> Option<Guid> {
        let bytes = self.0.get(8..24)?.try_into().ok()?;
        (!self.tag().is_microsoft()).then(|| Guid::from_disk(bytes))
    }

    /// The data after the header.
    pub fn data(&self) -> &[u8] {
        let header = if self.tag().is_microsoft() { 8 } else { 24 };
        self.0.get(header..).unwrap_or_default()
    }

    /// The whole buffer, header included.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The tag, bytes 0 to 3.
    pub fn tag(&self) -> ReparseTag {
        match self.0[..] {
            [a, b, c, d, ..] => ReparseTag(u32::from_le_bytes([a, b, c, d])),
            _ => ReparseTag(0),
        }
    }
}

impl std::fmt::Debug for ReparsePoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ReparsePoint({}, {} bytes)", self.tag(), self.0.len())
    }
}
