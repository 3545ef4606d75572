//! Reparse tags (MS-FSCC 2.1.2.1).

use std::fmt;

/// A reparse tag: which kind of reparse point it is, and in its upper bits what that means.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReparseTag(pub u32);

impl ReparseTag {
    /// Junctions and volume mount points.
    pub const MOUNT_POINT: Self = Self(0xA000_0003);
    /// Symbolic links.
    pub const SYMLINK: Self = Self(0xA000_000C);
    /// Symbolic links of the Windows Subsystem for Linux.
    pub const LX_SYMLINK: Self = Self(0xA000_001D);
    /// App execution aliases.
    pub const APP_EXEC_LINK: Self = Self(0x8000_001B);

    /// Bit 31: the tag is Microsoft's, and no GUID follows the header.
    pub const fn is_microsoft(self) -> bool {
        self.0 & 0x8000_0000 != 0
    }

    /// Bit 29: it stands for another named entity, that is, it is a link.
    pub const fn is_name_surrogate(self) -> bool {
        self.0 & 0x2000_0000 != 0
    }

    /// Bit 28: a directory with this tag may have children.
    pub const fn is_directory(self) -> bool {
        self.0 & 0x1000_0000 != 0
    }
}

impl fmt::Debug for ReparseTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{:08X}", self.0)
    }
}

impl fmt::Display for ReparseTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{:08X}", self.0)
    }
}
