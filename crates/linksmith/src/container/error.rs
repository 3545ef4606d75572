//! Why a container cannot be read.

use std::io;

use super::Format;

/// Why the disk in a container cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ContainerError {
    /// The file cannot be read.
    #[error("cannot read the container: {0}")]
    Io(#[from] io::Error),
    /// A container of this format is not read.
    #[error("it is a {0}, in which the disk's bytes do not lie in their order")]
    Closed(Format),
    /// This format is read, a disk of this kind is not.
    #[error("it is a {format} {what}")]
    Unsupported {
        /// The format.
        format: Format,
        /// What is not read: `that is encrypted`.
        what: String,
    },
    /// A file that is a part of it cannot be opened.
    #[error("the {format} has its data in '{name}', which cannot be opened: {source}")]
    Sibling {
        /// The format.
        format: Format,
        /// The file's name.
        name: String,
        /// The system's words.
        source: io::Error,
    },
    /// What the log holds has to be brought into the tables first.
    #[error("it is a {0} that was not closed: its log holds work")]
    LogHoldsWork(Format),
    /// The container's structures are wrong.
    #[error("the {format} is damaged: {what}")]
    Damaged {
        /// The format.
        format: Format,
        /// What is wrong.
        what: String,
    },
}

impl ContainerError {
    pub(super) fn damaged(format: Format, what: impl Into<String>) -> Self {
        let what = what.into();
        Self::Damaged { format, what }
    }

    pub(super) fn unsupported(format: Format, what: impl Into<String>) -> Self {
        let what = what.into();
        Self::Unsupported { format, what }
    }
}

/// While the disk is read.
impl From<ContainerError> for io::Error {
    fn from(error: ContainerError) -> Self {
        match error {
            ContainerError::Io(error) => error,
            ContainerError::Damaged { format, what } => Self::new(
                io::ErrorKind::InvalidData,
                format!("in the {format}, {what}"),
            ),
            other => Self::new(io::ErrorKind::InvalidData, other.to_string()),
        }
    }
}
