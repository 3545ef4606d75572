//! What a reparse point's bytes mean.

use super::{AppExec, ReparseError, ReparsePoint, ReparseTag, Utf16Le};
use super::{app_exec, mount_point, symlink, wsl};
use crate::path::TargetPath;

/// A reparse point, understood. Borrowed: the bytes stay what they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum View<'a> {
    /// A symbolic link.
    Symlink {
        /// Where it leads: an NT path, or a relative one with `relative`.
        substitute: Utf16Le<'a>,
        /// What people are shown; may be empty.
        print: Utf16Le<'a>,
        /// Bit 0 of `flags`: it starts at the link's folder, or with `\` at the root of its volume.
        relative: bool,
        /// `Flags`, whole.
        flags: u32,
    },
    /// A junction or a volume mount point.
    MountPoint {
        /// Where it leads: an NT path.
        substitute: Utf16Le<'a>,
        /// What people are shown; may be empty.
        print: Utf16Le<'a>,
    },
    /// A symbolic link of WSL.
    Wsl {
        /// A POSIX path.
        target: &'a [u8],
    },
    /// An app execution alias.
    AppExec(AppExec<'a>),
    /// Any other tag; the bytes are opaque.
    Other,
}

impl View<'_> {
    /// Where it leads, in the spelling the link itself is followed by.
    pub fn target(&self) -> Option<TargetPath> {
        match self {
            Self::Symlink {
                substitute,
                relative: true,
                ..
            } => Some(TargetPath::parse_relative(substitute.to_wtf8())),
            Self::Symlink { substitute, .. } | Self::MountPoint { substitute, .. } => {
                Some(TargetPath::parse_nt(substitute.to_wtf8()))
            }
            Self::Wsl { target } => Some(TargetPath::parse_posix(target)),
            Self::AppExec(alias) => Some(TargetPath::parse(alias.exe.to_wtf8())),
            Self::Other => None,
        }
    }

    /// The print name where there is one: what `dir` shows in brackets.
    pub fn print(&self) -> Option<TargetPath> {
        match self {
            Self::Symlink { print, .. } | Self::MountPoint { print, .. } if !print.is_empty() => {
                Some(TargetPath::parse(print.to_wtf8()))
            }
            _ => None,
        }
    }

    /// Whether it is a mount point of a whole volume.
    pub fn is_volume_mount_point(&self) -> bool {
        matches!(self, Self::MountPoint { substitute, .. } if mount_point::is_volume(*substitute))
    }
}

impl ReparsePoint {
    /// What the bytes mean, every length and offset checked against the buffer.
    ///
    /// Taken as Windows takes them on following a link: names in any order, also overlapping, with or
    /// without NULs. What it could not follow is an error. [`check_settable`](Self::check_settable) is
    /// the stricter check that Windows makes before it stores a reparse point.
    pub fn view(&self) -> Result<View<'_>, ReparseError> {
        let bytes = self.as_bytes();
        Ok(match self.tag() {
            ReparseTag::SYMLINK => {
                let (substitute, print, flags) = symlink::view(bytes)?;
                View::Symlink {
                    substitute,
                    print,
                    relative: flags & symlink::SYMLINK_FLAG_RELATIVE != 0,
                    flags,
                }
            }
            ReparseTag::MOUNT_POINT => {
                let (substitute, print) = mount_point::view(bytes)?;
                View::MountPoint { substitute, print }
            }
            ReparseTag::LX_SYMLINK => View::Wsl {
                target: wsl::view(bytes)?,
            },
            ReparseTag::APP_EXEC_LINK => View::AppExec(app_exec::view(bytes)?),
            _ => View::Other,
        })
    }

    /// Whether Windows would store these bytes (`FsRtlValidateReparsePointBuffer`): a tag that is valid,
    /// a GUID where the tag is a third party's, a mount point in the one layout Windows writes.
    pub fn check_settable(&self) -> Result<(), ReparseError> {
        let err = |position, field, expected: &str, actual: String| {
            Err(ReparseError {
                position,
                field,
                expected: expected.into(),
                actual,
            })
        };
        let tag = self.tag();
        if !tag.is_valid() {
            let expected = "a tag that is not reserved, bits 16 to 27 clear";
            return err(0, "ReparseTag", expected, tag.to_string());
        }
        if let Some(guid) = self.guid().filter(|guid| guid.0 == 0) {
            return err(8, "ReparseGuid", "not null", guid.to_string());
        }
        self.view()?;
        if tag == ReparseTag::MOUNT_POINT {
            mount_point::check_layout(self.as_bytes())?;
        }
        Ok(())
    }
}
