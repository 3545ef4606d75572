//! One file name: UTF-16 on Windows volumes, bytes on POSIX ones, one type here.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::fmt;

use super::is_dos_device;

/// One file name: never empty, never `.` or `..`, without `/` and NUL.
///
/// Held as bytes. On Windows volumes they are WTF-8, that is UTF-8 in which an unpaired surrogate
/// stands as its three-byte form, so that every sequence of UTF-16 units has exactly one spelling and
/// comes back unchanged. On POSIX volumes they are whatever the system gave.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(Box<[u8]>);

/// Why a text is not a file name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// There is nothing in it.
    #[error("a name cannot be empty")]
    Empty,
    /// `.` and `..` are places, not names.
    #[error("'.' and '..' are not names")]
    Dots,
    /// A character that no volume takes in a name.
    #[error("a name cannot hold {0}")]
    Character(&'static str),
    /// NTFS names have at most 255 UTF-16 units, POSIX names 255 bytes.
    #[error("the name is {0} long; 255 is the most")]
    TooLong(usize),
    /// The bytes are no WTF-8, so there is no UTF-16 spelling.
    #[error("the name has bytes that are not Unicode and cannot be spelled on a Windows volume")]
    NotUnicode,
}

impl Name {
    /// A name from WTF-8 or, on POSIX volumes, from any bytes.
    pub fn from_bytes(bytes: impl Into<Vec<u8>>) -> Result<Self, NameError> {
        let bytes = bytes.into();
        match bytes.as_slice() {
            [] => return Err(NameError::Empty),
            b"." | b".." => return Err(NameError::Dots),
            _ => {}
        }
        match bytes.iter().find(|b| matches!(b, 0 | b'/')) {
            Some(0) => Err(NameError::Character("a NUL")),
            Some(_) => Err(NameError::Character("'/'")),
            None => Ok(Self(bytes.into_boxed_slice())),
        }
    }

    /// A name from the UTF-16 units of a Windows volume; unpaired surrogates are kept.
    pub fn from_utf16(units: &[u16]) -> Result<Self, NameError> {
        Self::from_units(units.iter().copied())
    }

    /// The same from units that do not stand in a row.
    pub fn from_units(
        units: impl ExactSizeIterator<Item = u16> + Clone,
    ) -> Result<Self, NameError> {
        Self::from_bytes(wtf8(units))
    }

    /// Whether Win32 leaves the name as it is: it is no device's, and ends with no dot or blank, which are cut off. Others
    /// are reached by paths that begin with `\\\\?\\` alone.
    pub fn is_plain_win32(&self) -> bool {
        !matches!(self.as_bytes().last(), Some(b'.' | b' ')) && !is_dos_device(self.as_bytes())
    }

    /// A name from the system's own form.
    ///
    /// On Windows `OsStr` is WTF-8 inside, on Unix it is bytes: both are our own form.
    pub fn from_os(text: &OsStr) -> Result<Self, NameError> {
        Self::from_bytes(text.as_encoded_bytes())
    }

    /// The bytes: WTF-8, or what a POSIX system gave.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The UTF-16 units, or [`NameError::NotUnicode`] where the bytes are no WTF-8.
    pub fn to_utf16(&self) -> Result<Vec<u16>, NameError> {
        utf16_from_wtf8(&self.0).ok_or(NameError::NotUnicode)
    }

    /// For people: what is not Unicode becomes U+FFFD.
    pub fn display(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.0)
    }

    /// The name as text, where it is Unicode.
    pub fn to_str(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.display())
    }
}

impl TryFrom<&str> for Name {
    type Error = NameError;
    fn try_from(text: &str) -> Result<Self, NameError> {
        Self::from_bytes(text)
    }
}

/// UTF-16 units as WTF-8. Total, and undone by [`utf16_from_wtf8`].
pub fn wtf8_from_utf16(units: &[u16]) -> Vec<u8> {
    wtf8(units.iter().copied())
}

/// [`wtf8_from_utf16`], from where the units come.
pub(crate) fn wtf8(units: impl ExactSizeIterator<Item = u16> + Clone) -> Vec<u8> {
    // Nearly all names are ASCII: a byte for a unit, and room for just so many.
    let ascii = units.clone().all(|unit| unit < 0x80);
    if ascii {
        return units.map(|unit| unit as u8).collect();
    }
    let mut bytes = Vec::with_capacity(units.len());
    for unit in char::decode_utf16(units) {
        match unit {
            Ok(c) => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            Err(lone) => {
                let u = lone.unpaired_surrogate();
                let tail = |shift: u16| 0x80 | ((u >> shift) & 0x3F) as u8;
                bytes.extend_from_slice(&[0xE0 | (u >> 12) as u8, tail(6), tail(0)]);
            }
        }
    }
    bytes
}

/// WTF-8 as UTF-16 units; `None` where the bytes are not WTF-8.
pub fn utf16_from_wtf8(bytes: &[u8]) -> Option<Vec<u16>> {
    let mut units = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while !rest.is_empty() {
        let valid = match std::str::from_utf8(rest) {
            Ok(text) => text,
            Err(e) => std::str::from_utf8(&rest[..e.valid_up_to()]).unwrap_or_default(),
        };
        units.extend(valid.encode_utf16());
        rest = &rest[valid.len()..];
        if let [0xED, b @ 0xA0..=0xBF, c @ 0x80..=0xBF, after @ ..] = rest {
            units.push(0xD000 | (u16::from(b & 0x3F) << 6) | u16::from(c & 0x3F));
            rest = after;
        } else if !rest.is_empty() {
            return None;
        }
    }
    // A surrogate pair spelled as two three-byte forms is not WTF-8: it would have two spellings.
    (wtf8_from_utf16(&units) == bytes).then_some(units)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_utf16_comes_back_unchanged(units in prop::collection::vec(any::<u16>(), 0..40)) {
            prop_assert_eq!(utf16_from_wtf8(&wtf8_from_utf16(&units)), Some(units));
        }

        #[test]
        fn any_bytes_are_wtf8_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            if let Some(units) = utf16_from_wtf8(&bytes) {
                prop_assert_eq!(wtf8_from_utf16(&units), bytes);
            }
        }
    }

    #[test]
    fn a_pair_in_two_three_byte_forms_is_refused() {
        assert_eq!(utf16_from_wtf8(&[0xED, 0xA0, 0xBD, 0xED, 0xB8, 0x80]), None);
        assert_eq!(
            utf16_from_wtf8("\u{1F600}".as_bytes()),
            Some(vec![0xD83D, 0xDE00])
        );
        assert_eq!(utf16_from_wtf8(&[0xED, 0xA0, 0xBD]), Some(vec![0xD83D]));
    }

    #[test]
    fn what_is_no_name() {
        assert_eq!(Name::try_from(""), Err(NameError::Empty));
        assert_eq!(Name::try_from(".."), Err(NameError::Dots));
        assert_eq!(Name::try_from("a/b"), Err(NameError::Character("'/'")));
        assert_eq!(Name::try_from("a\0"), Err(NameError::Character("a NUL")));
    }
}
