//! Why an edit was not done.

use crate::check::Finding;
use crate::error::Error;
use crate::file_ref::FileRef;
use crate::journal::JournalError;

/// What edits return.
pub type EditResult<T> = Result<T, EditError>;

/// Why an edit was not done. Nothing of it is on the device.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EditError {
    /// The volume could not be read, is damaged, or must not be changed.
    #[error(transparent)]
    Volume(#[from] Error),
    /// The change could not be committed.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The bytes that a file was to hold could not be read.
    #[error("the contents cannot be read: {0}")]
    Contents(#[source] std::io::Error),
    /// The name is taken.
    #[error("{name:?} is there already, as record {file}")]
    Exists {
        /// The name as it is on the volume.
        name: String,
        /// What has it.
        file: FileRef,
    },
    /// There is no such name.
    #[error("there is no {name:?} in the directory of record {directory}")]
    NotFound {
        /// The name.
        name: String,
        /// The directory.
        directory: FileRef,
    },
    /// The record is none of a directory, or it is a link to one.
    #[error("record {file} is not a directory{}", if *.link { ": it is a link" } else { "" })]
    NotADirectory {
        /// The record.
        file: FileRef,
        /// Whether it carries reparse data.
        link: bool,
    },
    /// The record is a directory, and this is for files.
    #[error("record {file} is a directory")]
    IsADirectory {
        /// The record.
        file: FileRef,
    },
    /// The directory has entries; or the file has contents, and reparse data would hide them.
    #[error("record {file} is not empty")]
    NotEmpty {
        /// The record.
        file: FileRef,
    },
    /// The file has as many names as NTFS allows.
    #[error("record {file} has {names} names already, and NTFS allows no more than 1024")]
    TooManyLinks {
        /// The file.
        file: FileRef,
        /// Its names, 8.3 ones not counted.
        names: usize,
    },
    /// The name is empty, too long, or has a unit that NTFS does not allow.
    #[error("{name:?} cannot be a name: {reason}")]
    BadName {
        /// The name.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A directory would come to lie within itself.
    #[error("record {file} cannot be moved into itself")]
    IntoItself {
        /// The directory.
        file: FileRef,
    },
    /// The record has no reparse data.
    #[error("record {file} is not a reparse point")]
    NotAReparsePoint {
        /// The record.
        file: FileRef,
    },
    /// Not a whole reparse buffer: header and length do not agree, or it is too long.
    #[error("reparse data of {length} bytes: {reason}")]
    BadReparseData {
        /// Bytes given.
        length: usize,
        /// What is wrong with them.
        reason: &'static str,
    },
    /// A file has extended attributes or reparse data, never both.
    #[error("record {file} has extended attributes, which exclude reparse data")]
    HasExtendedAttributes {
        /// The record.
        file: FileRef,
    },
    /// One of the files that make the volume what it is.
    #[error("record {file} is a system file of NTFS")]
    SystemFile {
        /// The record.
        file: FileRef,
    },
    /// The volume has not as many free clusters.
    #[error("the volume is full: {clusters} more clusters are needed")]
    Full {
        /// Clusters that were wanted at once.
        clusters: u64,
    },
    /// A structure cannot grow any further.
    #[error("{structure} of record {record} cannot grow: {limit}")]
    Limit {
        /// The structure.
        structure: &'static str,
        /// Its file.
        record: u64,
        /// What it has reached.
        limit: &'static str,
    },
    /// The volume would break a rule after the change: it is damaged where the change touches it, or the change is wrong.
    #[error("the change is not written, since the volume would have: {0}")]
    Unsound(Box<Finding>),
    /// An earlier edit of the same change failed half-way: the change as a whole can only be dropped.
    #[error("an earlier edit failed half-way: nothing of this change can be committed")]
    Spoiled,
}
