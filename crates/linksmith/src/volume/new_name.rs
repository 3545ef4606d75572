//! What an entry that is made can be called.

use super::PathStyle;
use crate::path::{Name, NameError};

/// The most units of a name: UTF-16 on Windows volumes, bytes on POSIX ones.
const MAXIMUM: usize = 255;

/// Whether a volume of this style takes the name for a new entry.
pub(super) fn check(name: &Name, style: PathStyle) -> Result<(), NameError> {
    match style {
        PathStyle::Windows => check_windows_name(name),
        PathStyle::Posix => check_length(name.as_bytes().len()),
    }
}

/// Whether Windows takes the name for a new entry, whatever path it comes by.
pub(super) fn check_windows_name(name: &Name) -> Result<(), NameError> {
    check_characters(name.as_bytes())?;
    check_length(name.to_utf16()?.len())
}

fn check_length(length: usize) -> Result<(), NameError> {
    if length > MAXIMUM {
        return Err(NameError::TooLong(length));
    }
    Ok(())
}

/// The characters that Windows takes in no name. A stream (`a:b`) is no entry of a directory either.
pub(super) fn check_characters(name: &[u8]) -> Result<(), NameError> {
    let bad = name.iter().find_map(|b| match b {
        b'\\' => Some("'\\'"),
        b':' => Some("':'"),
        b'*' => Some("'*'"),
        b'?' => Some("'?'"),
        b'"' => Some("'\"'"),
        b'<' => Some("'<'"),
        b'>' => Some("'>'"),
        b'|' => Some("'|'"),
        0..=31 => Some("a control character"),
        _ => None,
    });
    bad.map_or(Ok(()), |what| Err(NameError::Character(what)))
}
