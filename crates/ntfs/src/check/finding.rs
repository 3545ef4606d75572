//! What a check finds: a stable code, where, and words.

use std::fmt;

use crate::file_ref::FileRef;

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// A copy that is refreshed lazily and that nothing relies on; Windows leaves such ones behind.
    Stale,
    /// A state of the volume that is allowed, and that a writer must know of.
    State,
    /// NTFS does not allow it.
    Wrong,
}

macro_rules! codes {
    ($($variant:ident $text:literal $severity:ident $doc:literal,)*) => {
        /// The kind of a finding.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $(#[doc = $doc] $variant,)*
        }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The stable text of the code.
            pub const fn text(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// How much it weighs.
            pub const fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity,)* }
            }

            /// What it means, in a sentence.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $doc,)* }
            }
        }
    };
}

codes! {
    VolumeDirty "volume-dirty" State "The volume is marked dirty, or Windows is to see to it.",
    LogHoldsWork "log-holds-work" State "`$LogFile` holds work that was not carried out.",
    Hibernated "hibernated" State "Windows is hibernated on the volume.",
    VersionUnknown "version-unknown" State "The version is not 3.0 or 3.1.",
    VolumeTruncated "volume-truncated" Wrong "The device ends before the volume.",
    MirrorDiffers "mirror-differs" Wrong "`$MFTMirr` does not repeat the first records of `$MFT`.",
    BootDamaged "boot-damaged" Wrong "The boot sector cannot be read or does not lead to `$MFT`; its backup does.",
    BootBackupDiffers "boot-backup-differs" Wrong "The sector after the volume does not repeat the boot sector.",

    RecordUnreadable "record-unreadable" Wrong "A file record in use cannot be read: torn, or of another signature.",
    RecordHeader "record-header" Wrong "The header of a file record contradicts itself or its place.",
    RecordBitmapClear "record-bitmap-clear" Wrong "A file record in use is marked free in `$MFT`'s bitmap.",
    RecordBitmapSet "record-bitmap-set" Wrong "A file record not in use is marked used in `$MFT`'s bitmap.",
    AttributeBad "attribute-bad" Wrong "An attribute of a record cannot be read.",
    AttributeOrder "attribute-order" Wrong "Attributes of a record are not in the order of their types.",
    AttributeInstance "attribute-instance" Wrong "Two attributes of a record have the same instance number.",
    AttributeList "attribute-list" Wrong "An attribute list and the records it names disagree.",
    AttributeMissing "attribute-missing" Wrong "A file lacks an attribute that every file has.",
    ExtensionOrphan "extension-orphan" Wrong "No base record names this extension record.",

    RunsBad "runs-bad" Wrong "Data runs cannot be decoded, or lead out of the volume.",
    SizeBad "size-bad" Wrong "The sizes of a value contradict each other or its runs.",
    ClusterTwice "cluster-twice" Wrong "A cluster belongs to two values.",
    ClusterBitmapClear "cluster-bitmap-clear" Wrong "Clusters in use are marked free in `$Bitmap`.",
    ClusterBitmapSet "cluster-bitmap-set" Wrong "Clusters of nothing are marked used in `$Bitmap`.",

    LinkCount "link-count" Wrong "The link count is not the number of names.",
    NameBad "name-bad" Wrong "A `$FILE_NAME` cannot be read.",
    NameMissing "name-missing" Wrong "A file has no name.",
    NameParent "name-parent" Wrong "A name is in a directory that does not exist (any more): an orphan.",
    NameNotIndexed "name-not-indexed" Wrong "A name does not stand in its directory's index.",
    NameTooMany "name-too-many" Wrong "A file has more than 1024 names.",
    DirectoryNames "directory-names" Wrong "A directory has more than one name.",
    DirectoryLoop "directory-loop" Wrong "Directories contain each other, away from the root.",
    DosNameAlone "dos-name-alone" Wrong "An 8.3 name has no long name beside it.",

    IndexMissing "index-missing" Wrong "A directory has no index.",
    IndexDamaged "index-damaged" Wrong "A node of an index cannot be read.",
    IndexOrder "index-order" Wrong "Entries of an index are out of order.",
    IndexShape "index-shape" Wrong "An index is not a B+ tree: leaves at different depths, children where there are none.",
    IndexBitmap "index-bitmap" Wrong "An index's bitmap and its blocks disagree.",

    EntryDuplicate "entry-duplicate" Wrong "Two entries of a directory have the same name.",
    EntryStale "entry-stale" Wrong "An index entry leads to a record that is free, or in use by another file.",
    EntryParent "entry-parent" Wrong "An index entry says that it is in another directory.",
    EntryName "entry-name" Wrong "The file of an index entry has no such name.",
    EntryNamespace "entry-namespace" Wrong "An index entry has another namespace than the file's name.",
    EntryDirectory "entry-directory" Wrong "An index entry calls a directory a file, or a file a directory.",
    EntrySize "entry-size" Stale "An index entry's copy of the sizes is old.",
    EntryFlags "entry-flags" Stale "An index entry's copy of the file attributes is old.",
    EntryReparseFlag "entry-reparse-flag" Wrong "An index entry calls a reparse point none, or the reverse.",
    EntryReparseTag "entry-reparse-tag" Wrong "An index entry has another reparse tag than the file.",

    ReparseFlag "reparse-flag" Wrong "The file attributes call a reparse point none, or the reverse.",
    ReparseData "reparse-data" Wrong "Reparse data are of the wrong length, or lead out of themselves.",
    ReparseNotEmpty "reparse-not-empty" Wrong "A directory that is a junction or symbolic link has entries.",
    ReparseIndexMissing "reparse-index-missing" Wrong "`$Extend\\$Reparse:$R` lacks a reparse point.",
    ReparseIndexStale "reparse-index-stale" Wrong "`$Extend\\$Reparse:$R` names a file that has no reparse data.",
    ReparseIndexTag "reparse-index-tag" Wrong "`$Extend\\$Reparse:$R` has another tag than the file.",

    SecurityId "security-id" Wrong "A file's security id is not in `$Secure`.",
    ViewBad "view-bad" Wrong "An entry of a view index cannot be read.",
    IoFailed "io-failed" Wrong "The device could not be read.",
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.text())
    }
}

/// Something a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Its kind.
    pub code: Code,
    /// The file record that it is about.
    pub record: Option<u64>,
    /// A path of that record: the names from the root down; `None` where it has none, or for the volume.
    pub path: Option<Vec<Vec<u16>>>,
    /// What is wrong, with expected and actual values.
    pub words: String,
    /// The same for programs: what a repair needs to know.
    pub subject: Subject,
}

/// What a finding is about, besides its record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Subject {
    /// Nothing that a repair could use.
    #[default]
    None,
    /// The names that a record states and those that it has.
    Links {
        /// As the header says.
        stated: u16,
        /// `$FILE_NAME`s there are.
        counted: u16,
    },
    /// An entry of a directory, or the name of a file that should have one there.
    Name {
        /// The directory.
        directory: FileRef,
        /// The file.
        file: FileRef,
        /// The whole `$FILE_NAME`: the entry's key, or the attribute's value where there is no entry.
        file_name: Vec<u8>,
    },
    /// Whether a file has reparse data.
    HasReparse(bool),
    /// A key of `$R`, there or missing.
    ReparseKey {
        /// The key's tag.
        tag: u32,
        /// The key's file.
        file: FileRef,
    },
    /// A row of clusters.
    Clusters {
        /// The first.
        start: u64,
        /// How many.
        length: u64,
    },
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        if let Some(record) = self.record {
            write!(f, ": record {record}")?;
        }
        if let Some(path) = &self.path {
            f.write_str(" (")?;
            for name in path {
                write!(f, "\\{}", String::from_utf16_lossy(name))?;
            }
            f.write_str(if path.is_empty() { "\\)" } else { ")" })?;
        }
        write!(f, ": {}", self.words)
    }
}
