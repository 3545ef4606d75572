//! Reparse tags (MS-FSCC 2.1.2.1).

use std::fmt;

/// A reparse tag: which kind of reparse point it is, and in its upper bits what that means.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReparseTag(pub u32);

impl ReparseTag {
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

    /// One of the sixteen tags of the cloud files filter: `0x9000_n01A`.
    pub const fn is_cloud(self) -> bool {
        self.0 & 0xFFFF_0FFF == Self::CLOUD.0
    }

    /// Whether Windows takes the tag: none of the three reserved ones, no bit set that means nothing.
    pub const fn is_valid(self) -> bool {
        self.0 > Self::RESERVED_TWO.0 && self.0 & 0x0FFF_0000 == 0
    }

    /// The tag's constant in `ntifs.h` and MS-FSCC: `IO_REPARSE_TAG_SYMLINK`.
    pub fn name(self) -> Option<&'static str> {
        self.row().map(|row| row.1)
    }

    /// What it is, in words: `symbolic link`.
    pub fn words(self) -> &'static str {
        match self.row() {
            Some(row) => row.2,
            None if self.is_microsoft() => "reparse point of an unknown Microsoft tag",
            None => "reparse point of a third party",
        }
    }

    fn row(self) -> Option<&'static Row> {
        TABLE.iter().find(|row| row.0 == self)
    }
}

/// A tag, its constant, and what it is.
type Row = (ReparseTag, &'static str, &'static str);

macro_rules! table {
    ($($id:ident $value:literal $name:literal $words:literal;)*) => {
        /// The tags of MS-FSCC 2.1.2.1, and two that only `ntifs.h` has (0x9000_0027, 0xA000_0028).
        impl ReparseTag {
            $(#[doc = concat!("`", $name, "`: ", $words, ".")]
            pub const $id: Self = Self($value);)*
        }

        const TABLE: &[Row] = &[$((ReparseTag::$id, $name, $words),)*];
    };
}

table! {
    RESERVED_ZERO 0x0000_0000 "IO_REPARSE_TAG_RESERVED_ZERO" "reserved";
    RESERVED_ONE 0x0000_0001 "IO_REPARSE_TAG_RESERVED_ONE" "reserved";
    RESERVED_TWO 0x0000_0002 "IO_REPARSE_TAG_RESERVED_TWO" "reserved";
    MOUNT_POINT 0xA000_0003 "IO_REPARSE_TAG_MOUNT_POINT" "junction or volume mount point";
    HSM 0xC000_0004 "IO_REPARSE_TAG_HSM" "file moved to slower storage (Hierarchical Storage Manager, obsolete)";
    DRIVE_EXTENDER 0x8000_0005 "IO_REPARSE_TAG_DRIVE_EXTENDER" "Home Server drive extender";
    HSM2 0x8000_0006 "IO_REPARSE_TAG_HSM2" "file moved to slower storage (Hierarchical Storage Manager 2, obsolete)";
    SIS 0x8000_0007 "IO_REPARSE_TAG_SIS" "single-instance storage";
    WIM 0x8000_0008 "IO_REPARSE_TAG_WIM" "file in a mounted WIM image";
    CSV 0x8000_0009 "IO_REPARSE_TAG_CSV" "cluster shared volume";
    DFS 0x8000_000A "IO_REPARSE_TAG_DFS" "DFS link";
    FILTER_MANAGER 0x8000_000B "IO_REPARSE_TAG_FILTER_MANAGER" "filter manager's test tag";
    SYMLINK 0xA000_000C "IO_REPARSE_TAG_SYMLINK" "symbolic link";
    IIS_CACHE 0xA000_0010 "IO_REPARSE_TAG_IIS_CACHE" "IIS cache";
    DFSR 0x8000_0012 "IO_REPARSE_TAG_DFSR" "DFS replication";
    DEDUP 0x8000_0013 "IO_REPARSE_TAG_DEDUP" "deduplicated file";
    APPXSTRM 0xC000_0014 "IO_REPARSE_TAG_APPXSTRM" "app package stream";
    NFS 0x8000_0014 "IO_REPARSE_TAG_NFS" "special file of an NFS server";
    FILE_PLACEHOLDER 0x8000_0015 "IO_REPARSE_TAG_FILE_PLACEHOLDER" "Windows 8.1 OneDrive placeholder (obsolete)";
    DFM 0x8000_0016 "IO_REPARSE_TAG_DFM" "dynamic file filter";
    WOF 0x8000_0017 "IO_REPARSE_TAG_WOF" "file compressed by the system (WOF)";
    WCI 0x8000_0018 "IO_REPARSE_TAG_WCI" "file of a container layer";
    WCI_1 0x9000_1018 "IO_REPARSE_TAG_WCI_1" "file of a container layer";
    GLOBAL_REPARSE 0xA000_0019 "IO_REPARSE_TAG_GLOBAL_REPARSE" "global reparse point of a container (a silo's symbolic link)";
    CLOUD 0x9000_001A "IO_REPARSE_TAG_CLOUD" "cloud file";
    CLOUD_1 0x9000_101A "IO_REPARSE_TAG_CLOUD_1" "cloud file";
    CLOUD_2 0x9000_201A "IO_REPARSE_TAG_CLOUD_2" "cloud file";
    CLOUD_3 0x9000_301A "IO_REPARSE_TAG_CLOUD_3" "cloud file";
    CLOUD_4 0x9000_401A "IO_REPARSE_TAG_CLOUD_4" "cloud file";
    CLOUD_5 0x9000_501A "IO_REPARSE_TAG_CLOUD_5" "cloud file";
    CLOUD_6 0x9000_601A "IO_REPARSE_TAG_CLOUD_6" "cloud file";
    CLOUD_7 0x9000_701A "IO_REPARSE_TAG_CLOUD_7" "cloud file";
    CLOUD_8 0x9000_801A "IO_REPARSE_TAG_CLOUD_8" "cloud file";
    CLOUD_9 0x9000_901A "IO_REPARSE_TAG_CLOUD_9" "cloud file";
    CLOUD_A 0x9000_A01A "IO_REPARSE_TAG_CLOUD_A" "cloud file";
    CLOUD_B 0x9000_B01A "IO_REPARSE_TAG_CLOUD_B" "cloud file";
    CLOUD_C 0x9000_C01A "IO_REPARSE_TAG_CLOUD_C" "cloud file";
    CLOUD_D 0x9000_D01A "IO_REPARSE_TAG_CLOUD_D" "cloud file";
    CLOUD_E 0x9000_E01A "IO_REPARSE_TAG_CLOUD_E" "cloud file";
    CLOUD_F 0x9000_F01A "IO_REPARSE_TAG_CLOUD_F" "cloud file";
    APP_EXEC_LINK 0x8000_001B "IO_REPARSE_TAG_APPEXECLINK" "app execution alias";
    PROJFS 0x9000_001C "IO_REPARSE_TAG_PROJFS" "projected file (ProjFS)";
    LX_SYMLINK 0xA000_001D "IO_REPARSE_TAG_LX_SYMLINK" "WSL symbolic link";
    STORAGE_SYNC 0x8000_001E "IO_REPARSE_TAG_STORAGE_SYNC" "file tiered by Azure File Sync";
    WCI_TOMBSTONE 0xA000_001F "IO_REPARSE_TAG_WCI_TOMBSTONE" "deleted file of a container layer";
    UNHANDLED 0x8000_0020 "IO_REPARSE_TAG_UNHANDLED" "reparse point that nothing handles";
    ONEDRIVE 0x8000_0021 "IO_REPARSE_TAG_ONEDRIVE" "OneDrive file (unused)";
    PROJFS_TOMBSTONE 0xA000_0022 "IO_REPARSE_TAG_PROJFS_TOMBSTONE" "deleted projected file (ProjFS)";
    AF_UNIX 0x8000_0023 "IO_REPARSE_TAG_AF_UNIX" "Unix socket";
    LX_FIFO 0x8000_0024 "IO_REPARSE_TAG_LX_FIFO" "WSL named pipe";
    LX_CHR 0x8000_0025 "IO_REPARSE_TAG_LX_CHR" "WSL character device";
    LX_BLK 0x8000_0026 "IO_REPARSE_TAG_LX_BLK" "WSL block device";
    STORAGE_SYNC_FOLDER 0x9000_0027 "IO_REPARSE_TAG_STORAGE_SYNC_FOLDER" "folder of Azure File Sync";
    WCI_LINK 0xA000_0027 "IO_REPARSE_TAG_WCI_LINK" "link of a container layer";
    WCI_LINK_1 0xA000_1027 "IO_REPARSE_TAG_WCI_LINK_1" "link of a container layer";
    DATALESS_CIM 0xA000_0028 "IO_REPARSE_TAG_DATALESS_CIM" "file of a composite image without its data";
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_tag_stands_once() {
        for (i, a) in TABLE.iter().enumerate() {
            for b in &TABLE[i + 1..] {
                assert!(a.0 != b.0 && a.1 != b.1, "{} and {}", a.1, b.1);
            }
            assert_eq!(a.0.is_valid(), a.0.0 > 2, "{}", a.1);
        }
        assert_eq!(TABLE.len(), 56);
    }

    #[test]
    fn what_the_bits_say() {
        let links: Vec<_> = TABLE
            .iter()
            .filter(|r| r.0.is_name_surrogate())
            .map(|r| r.1)
            .collect();
        assert_eq!(
            links,
            [
                "IO_REPARSE_TAG_MOUNT_POINT",
                "IO_REPARSE_TAG_SYMLINK",
                "IO_REPARSE_TAG_IIS_CACHE",
                "IO_REPARSE_TAG_GLOBAL_REPARSE",
                "IO_REPARSE_TAG_LX_SYMLINK",
                "IO_REPARSE_TAG_WCI_TOMBSTONE",
                "IO_REPARSE_TAG_PROJFS_TOMBSTONE",
                "IO_REPARSE_TAG_WCI_LINK",
                "IO_REPARSE_TAG_WCI_LINK_1",
                "IO_REPARSE_TAG_DATALESS_CIM",
            ]
        );
        assert_eq!(TABLE.iter().filter(|r| r.0.is_cloud()).count(), 16);
        assert!(!ReparseTag(0xA010_000C).is_valid());
        assert!(ReparseTag(0x0000_0017).is_valid());
    }

    #[test]
    fn words_for_every_tag() {
        let check = |tag: u32, name, words: &str| {
            assert_eq!(
                (ReparseTag(tag).name(), ReparseTag(tag).words()),
                (name, words)
            );
        };
        check(0xA000_000C, Some("IO_REPARSE_TAG_SYMLINK"), "symbolic link");
        check(
            0x8000_FFFF,
            None,
            "reparse point of an unknown Microsoft tag",
        );
        check(0x0000_0017, None, "reparse point of a third party");
    }
}
