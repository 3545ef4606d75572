//! Symbolic links (MS-FSCC 2.1.2.4).
//!
//! | bytes | field |
//! |---|---|
//! | 8, 10 | `SubstituteNameOffset`, `SubstituteNameLength`: from `PathBuffer`, in bytes |
//! | 12, 14 | `PrintNameOffset`, `PrintNameLength` |
//! | 16 | `Flags`, 4 bytes: bit 0 is `SYMLINK_FLAG_RELATIVE` |
//! | 20 | `PathBuffer` |

use super::names::{EncodeError, Utf16Le, encode_name, names, size_field, u32_at};
use super::{ReparseError, ReparsePoint, ReparseTag};
use crate::path::{Root, Spelling, TargetPath};

/// Where `PathBuffer` starts in the whole buffer.
pub(super) const PATH_BUFFER: usize = 20;

/// `SYMLINK_FLAG_RELATIVE`: the substitute name starts at the link's folder or at its volume's root.
pub const SYMLINK_FLAG_RELATIVE: u32 = 1;

/// The names and the flags.
pub(super) fn view(bytes: &[u8]) -> Result<(Utf16Le<'_>, Utf16Le<'_>, u32), ReparseError> {
    let flags = u32_at(bytes, 16, "Flags")?;
    let (substitute, print) = names(bytes, PATH_BUFFER)?;
    Ok((substitute, print, flags))
}

impl ReparsePoint {
    /// A symbolic link to `target`, in the bytes that `mklink` writes for it.
    ///
    /// A relative or rooted target is stored as it is written, `/` as `\` (the kernel knows only that
    /// one), with the relative flag. An absolute one gets its NT spelling for substitute name and its
    /// own text for print name. A drive-relative one means the working directory of the moment: make
    /// it absolute first.
    ///
    /// The print name stands first and neither has a NUL: so do the buffers of the real `mklink`
    /// (`CreateSymbolicLinkW`), and MS-FSCC counts names without one.
    pub fn symlink(target: &TargetPath) -> Result<Self, EncodeError> {
        let shown = || target.display().into_owned();
        if target.as_bytes().is_empty() {
            return Err(EncodeError::Empty);
        }
        let print = if target.spelling() == Spelling::Nt {
            target.to_win32()
        } else {
            target.clone()
        };
        match target.root() {
            Root::DriveRelative(_) | Root::Other(_) => Err(EncodeError::NoTarget(shown())),
            Root::Relative | Root::Rooted => {
                let text = with_backslashes(target);
                Self::symlink_from_names(&text, &text, SYMLINK_FLAG_RELATIVE)
            }
            _ => {
                let substitute = target
                    .to_nt()
                    .ok_or_else(|| EncodeError::NotAbsolute(shown()))?;
                Self::symlink_from_names(&substitute, &print, 0)
            }
        }
    }

    /// A symbolic link with these very names.
    pub fn symlink_from_names(
        substitute: &TargetPath,
        print: &TargetPath,
        flags: u32,
    ) -> Result<Self, EncodeError> {
        let (substitute, print) = (encode_name(substitute)?, encode_name(print)?);
        let mut data = Vec::with_capacity(12 + substitute.len() + print.len());
        data.extend(size_field(print.len())?);
        data.extend(size_field(substitute.len())?);
        data.extend([0, 0]);
        data.extend(size_field(print.len())?);
        data.extend(flags.to_le_bytes());
        data.extend(print);
        data.extend(substitute);
        Self::from_data(ReparseTag::SYMLINK, &data)
    }
}

fn with_backslashes(target: &TargetPath) -> TargetPath {
    let text: Vec<u8> = target
        .as_bytes()
        .iter()
        .map(|b| if *b == b'/' { b'\\' } else { *b })
        .collect();
    TargetPath::parse_relative(text)
}
