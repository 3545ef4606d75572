//! Symbolic links of the Windows Subsystem for Linux: WSL's own tag, and the older Interix files.

use super::names::{EncodeError, u32_at};
use super::{ReparseError, ReparsePoint, ReparseTag};
use crate::path::{TargetPath, utf16_from_wtf8, wtf8_from_utf16};

/// The only version of an LX symlink's data.
const VERSION: u32 = 2;

/// The target's bytes: from byte 12 to the end, UTF-8 without NUL. Version at byte 8, 4 bytes.
///
/// A writer other than WSL may pad with NULs, which no POSIX path can hold, so they end the target.
pub(super) fn view(bytes: &[u8]) -> Result<&[u8], ReparseError> {
    let version = u32_at(bytes, 8, "Version")?;
    if version != VERSION {
        return Err(ReparseError {
            position: 8,
            field: "Version",
            expected: VERSION.to_string(),
            actual: version.to_string(),
        });
    }
    let rest = bytes.get(12..).unwrap_or_default();
    let target = rest.split(|b| *b == 0).next().unwrap_or_default();
    if target.is_empty() {
        return Err(ReparseError {
            position: 12,
            field: "Target",
            expected: "at least 1 byte".into(),
            actual: "0".into(),
        });
    }
    Ok(target)
}

impl ReparsePoint {
    /// A WSL symbolic link; the target is a POSIX path, its bytes UTF-8.
    pub fn wsl_symlink(target: &[u8]) -> Result<Self, EncodeError> {
        if target.is_empty() {
            return Err(EncodeError::Empty);
        }
        if target.contains(&0) {
            return Err(EncodeError::Nul);
        }
        let data = [&VERSION.to_le_bytes()[..], target].concat();
        Self::from_data(ReparseTag::LX_SYMLINK, &data)
    }
}

/// What an Interix symlink's contents begin with.
const INTERIX: &[u8; 8] = b"IntxLNK\x01";

/// The target of an Interix symbolic link, from the contents of the file that is one.
///
/// Services for Unix, and ntfs-3g by default, store a symlink as a system file: `IntxLNK`, a byte 1,
/// then the POSIX path in UTF-16LE. `None` where the contents are anything else.
pub fn interix_target(contents: &[u8]) -> Option<TargetPath> {
    let text = contents.strip_prefix(INTERIX)?;
    if text.is_empty() || text.len() % 2 != 0 {
        return None;
    }
    let units: Vec<u16> = super::Utf16Le::new(text)
        .units()
        .take_while(|unit| *unit != 0)
        .collect();
    Some(TargetPath::parse_posix(wtf8_from_utf16(&units)))
}

/// The contents of an Interix symbolic link to a POSIX path.
pub fn interix_contents(target: &[u8]) -> Result<Vec<u8>, EncodeError> {
    let units = utf16_from_wtf8(target).ok_or(EncodeError::NotUnicode)?;
    if units.is_empty() {
        return Err(EncodeError::Empty);
    }
    let text = units.into_iter().flat_map(u16::to_le_bytes);
    Ok(INTERIX.iter().copied().chain(text).collect())
}
