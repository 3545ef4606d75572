//! What symbolic links and mount points share: a substitute name and a print name in one buffer.

use std::fmt;

use super::ReparseError;
use crate::path::{TargetPath, wtf8};

/// UTF-16 text as it lies in a reparse point: little-endian, any units, no NUL at its end.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Utf16Le<'a>(&'a [u8]);

impl<'a> Utf16Le<'a> {
    /// Over whole units; a single byte at the end would not be seen.
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub const fn as_bytes(self) -> &'a [u8] {
        self.0
    }

    /// Whether there is nothing.
    pub const fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// The units.
    pub fn units(self) -> impl ExactSizeIterator<Item = u16> + Clone + 'a {
        self.0.chunks_exact(2).map(|pair| match pair {
            [low, high] => u16::from_le_bytes([*low, *high]),
            _ => 0,
        })
    }

    /// As WTF-8; nothing is lost.
    pub fn to_wtf8(self) -> Vec<u8> {
        wtf8(self.units())
    }
}

/// For people: unpaired surrogates become U+FFFD.
impl fmt::Display for Utf16Le<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.to_wtf8()))
    }
}

impl fmt::Debug for Utf16Le<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_string())
    }
}

/// The little-endian number at a place; an error where the buffer ends before it.
pub(super) fn u16_at(bytes: &[u8], at: usize, field: &'static str) -> Result<u16, ReparseError> {
    match bytes.get(at..at + 2) {
        Some(&[low, high]) => Ok(u16::from_le_bytes([low, high])),
        _ => Err(ends_before(bytes, at, field)),
    }
}

/// As [`u16_at`].
pub(super) fn u32_at(bytes: &[u8], at: usize, field: &'static str) -> Result<u32, ReparseError> {
    match bytes.get(at..at + 4) {
        Some(&[a, b, c, d]) => Ok(u32::from_le_bytes([a, b, c, d])),
        _ => Err(ends_before(bytes, at, field)),
    }
}

fn ends_before(bytes: &[u8], at: usize, field: &'static str) -> ReparseError {
    ReparseError {
        position: at,
        field,
        expected: "there".into(),
        actual: format!("beyond the end at byte {}", bytes.len()),
    }
}

/// The four fields that say where a buffer's two names are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Extent {
    pub(super) offset: u16,
    pub(super) length: u16,
}

/// Places of the fields, from the start of the whole buffer (MS-FSCC 2.1.2.4 and 2.1.2.5).
pub(super) const SUBSTITUTE_OFFSET: usize = 8;
pub(super) const PRINT_OFFSET: usize = 12;

/// Field names of one of the two names.
struct Fields {
    at: usize,
    offset: &'static str,
    length: &'static str,
}

const SUBSTITUTE: Fields = Fields {
    at: SUBSTITUTE_OFFSET,
    offset: "SubstituteNameOffset",
    length: "SubstituteNameLength",
};

const PRINT: Fields = Fields {
    at: PRINT_OFFSET,
    offset: "PrintNameOffset",
    length: "PrintNameLength",
};

/// Where the substitute name and the print name say they are.
pub(super) fn extents(bytes: &[u8]) -> Result<[Extent; 2], ReparseError> {
    let extent = |f: &Fields| {
        Ok(Extent {
            offset: u16_at(bytes, f.at, f.offset)?,
            length: u16_at(bytes, f.at + 2, f.length)?,
        })
    };
    Ok([extent(&SUBSTITUTE)?, extent(&PRINT)?])
}

/// The substitute name and the print name of a buffer whose `PathBuffer` starts at `path_buffer`.
///
/// Either may stand first, they may overlap or be one (`mklink` never does that, but nothing in the
/// format forbids it and Windows follows such links), and NULs are not looked for.
pub(super) fn names(
    bytes: &[u8],
    path_buffer: usize,
) -> Result<(Utf16Le<'_>, Utf16Le<'_>), ReparseError> {
    let [substitute, print] = extents(bytes)?;
    if substitute.length == 0 {
        return Err(ReparseError {
            position: SUBSTITUTE.at + 2,
            field: SUBSTITUTE.length,
            expected: "more than 0".into(),
            actual: "0".into(),
        });
    }
    Ok((
        name(bytes, path_buffer, &SUBSTITUTE, substitute)?,
        name(bytes, path_buffer, &PRINT, print)?,
    ))
}

fn name<'a>(
    bytes: &'a [u8],
    path_buffer: usize,
    fields: &Fields,
    extent: Extent,
) -> Result<Utf16Le<'a>, ReparseError> {
    let err = |position, field, expected: String, actual: u16| {
        Err(ReparseError {
            position,
            field,
            expected,
            actual: actual.to_string(),
        })
    };
    let size = bytes.len().saturating_sub(path_buffer);
    let (offset, length) = (usize::from(extent.offset), usize::from(extent.length));
    if offset % 2 != 0 {
        return err(fields.at, fields.offset, "even".into(), extent.offset);
    }
    if length % 2 != 0 {
        return err(fields.at + 2, fields.length, "even".into(), extent.length);
    }
    if offset > size {
        let expected = format!("at most {size}");
        return err(fields.at, fields.offset, expected, extent.offset);
    }
    let start = path_buffer + offset;
    match bytes.get(start..start + length) {
        Some(text) => Ok(Utf16Le::new(text)),
        None => {
            let expected = format!("at most {}", size - offset);
            err(fields.at + 2, fields.length, expected, extent.length)
        }
    }
}

/// Why a target cannot be put into a reparse point.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// There is nothing to lead to.
    #[error("the target is empty")]
    Empty,
    /// The text has no UTF-16 form.
    #[error("the target has bytes that are not Unicode")]
    NotUnicode,
    /// A NUL ends names in every API.
    #[error("the target has a NUL in it")]
    Nul,
    /// An absolute path is needed.
    #[error("the target '{0}' is not absolute")]
    NotAbsolute(String),
    /// Not a path a relative or absolute link can hold.
    #[error("'{0}' is a path on another drive's working directory, or no path at all")]
    NoTarget(String),
    /// Reparse data have at most 16 KiB.
    #[error("the link would take {size} bytes; {max} is the most", max = super::MAXIMUM_SIZE)]
    TooLong {
        /// Bytes of the whole buffer.
        size: usize,
    },
}

/// The UTF-16 bytes of a path for a buffer.
pub(super) fn encode_name(path: &TargetPath) -> Result<Vec<u8>, EncodeError> {
    let units = path.to_utf16().map_err(|_| EncodeError::NotUnicode)?;
    if units.contains(&0) {
        return Err(EncodeError::Nul);
    }
    Ok(units.into_iter().flat_map(u16::to_le_bytes).collect())
}

/// A number of a size field; what does not fit is too long for the format anyway.
pub(super) fn size_field(size: usize) -> Result<[u8; 2], EncodeError> {
    u16::try_from(size)
        .map(u16::to_le_bytes)
        .map_err(|_| EncodeError::TooLong { size })
}
