//! Junctions and volume mount points (MS-FSCC 2.1.2.5).
//!
//! | bytes | field |
//! |---|---|
//! | 8, 10 | `SubstituteNameOffset`, `SubstituteNameLength`: from `PathBuffer`, in bytes |
//! | 12, 14 | `PrintNameOffset`, `PrintNameLength` |
//! | 16 | `PathBuffer` |

use super::names::{EncodeError, Utf16Le, encode_name, extents, names, size_field};
use super::{ReparseError, ReparsePoint, ReparseTag};
use crate::path::{Guid, Root, TargetPath};

/// Where `PathBuffer` starts in the whole buffer.
pub(super) const PATH_BUFFER: usize = 16;

/// The names.
pub(super) fn view(bytes: &[u8]) -> Result<(Utf16Le<'_>, Utf16Le<'_>), ReparseError> {
    names(bytes, PATH_BUFFER)
}

/// Whether a mount point's target is a volume's root and not a directory.
pub(super) fn is_volume(substitute: Utf16Le<'_>) -> bool {
    // Every GUID has its braces, hardly a directory has: most targets need no parsing.
    if !substitute.units().any(|unit| unit == u16::from(b'{')) {
        return false;
    }
    let target = TargetPath::parse_nt(substitute.to_wtf8());
    matches!(target.root(), Root::Volume(_)) && target.components().is_empty()
}

/// Windows sets a mount point only in the one layout it writes itself: substitute name first, then
/// print name, each with a NUL, and nothing after (`FsRtlValidateReparsePointBuffer`).
pub(super) fn check_layout(bytes: &[u8]) -> Result<(), ReparseError> {
    let [substitute, print] = extents(bytes)?;
    let check = |position, field, expected: usize, actual: usize| {
        if expected == actual {
            return Ok(());
        }
        Err(ReparseError {
            position,
            field,
            expected: expected.to_string(),
            actual: actual.to_string(),
        })
    };
    let (first, second) = (usize::from(substitute.length), usize::from(print.length));
    check(8, "SubstituteNameOffset", 0, substitute.offset.into())?;
    check(12, "PrintNameOffset", first + 2, print.offset.into())?;
    let length = 8 + first + 2 + second + 2;
    check(4, "ReparseDataLength", length, bytes.len() - 8)?;
    nul(bytes, PATH_BUFFER + first, "NUL of the substitute name")?;
    nul(
        bytes,
        PATH_BUFFER + first + 2 + second,
        "NUL of the print name",
    )
}

fn nul(bytes: &[u8], position: usize, field: &'static str) -> Result<(), ReparseError> {
    match bytes.get(position..position + 2) {
        Some([0, 0]) => Ok(()),
        other => Err(ReparseError {
            position,
            field,
            expected: "[0, 0]".into(),
            actual: format!("{:?}", other.unwrap_or_default()),
        }),
    }
}

impl ReparsePoint {
    /// A junction to an absolute path: its NT spelling for substitute name, its own text for print
    /// name. Whether the path is local is not looked at here.
    pub fn junction(target: &TargetPath) -> Result<Self, EncodeError> {
        let substitute = target
            .to_nt()
            .ok_or_else(|| EncodeError::NotAbsolute(target.display().into_owned()))?;
        Self::mount_point_from_names(&substitute, &target.normalized().to_win32())
    }

    /// A mount point of the volume with this GUID.
    ///
    /// The print name is the volume's name too: `mountvol` leaves it empty, but readers that know only
    /// print names then see nothing.
    pub fn volume_mount_point(volume: Guid) -> Result<Self, EncodeError> {
        Self::mount_point_from_names(
            &TargetPath::parse_nt(format!(r"\??\Volume{volume}\")),
            &TargetPath::parse(format!(r"\\?\Volume{volume}\")),
        )
    }

    /// A mount point with these very names, in the layout Windows insists on: the substitute name
    /// first, each with its NUL.
    pub fn mount_point_from_names(
        substitute: &TargetPath,
        print: &TargetPath,
    ) -> Result<Self, EncodeError> {
        let (substitute, print) = (encode_name(substitute)?, encode_name(print)?);
        if substitute.is_empty() {
            return Err(EncodeError::Empty);
        }
        let mut data = Vec::with_capacity(12 + substitute.len() + print.len());
        data.extend([0, 0]);
        data.extend(size_field(substitute.len())?);
        data.extend(size_field(substitute.len() + 2)?);
        data.extend(size_field(print.len())?);
        for name in [substitute, print] {
            data.extend(name);
            data.extend([0, 0]);
        }
        Self::from_data(ReparseTag::MOUNT_POINT, &data)
    }
}
