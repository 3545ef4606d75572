//! The engine's errors as a volume's causes.

use std::io;

use linksmith_ntfs::Error;
use linksmith_ntfs::edit::{EditError, MOST_NAMES};
use linksmith_ntfs::journal::JournalError;

use super::Cause;
use crate::container::ContainerError;
use crate::partition::PartitionError;
use crate::path::NameError;

pub(super) fn of(error: Error) -> Cause {
    match error {
        Error::Io { source, .. } if source.kind() != io::ErrorKind::UnexpectedEof => of_io(source),
        Error::NotFound { .. } => Cause::NotFound,
        Error::NotADirectory { .. } => Cause::NotADirectory,
        Error::Refused(refusal) => Cause::Unsafe(refusal.to_string()),
        // A file that ends before the volume does is damage of the volume, as is everything else here.
        other => Cause::Damaged(other.to_string()),
    }
}

pub(super) fn of_io(error: io::Error) -> Cause {
    match error.kind() {
        io::ErrorKind::NotFound => Cause::NotFound,
        io::ErrorKind::PermissionDenied => Cause::Denied,
        io::ErrorKind::ResourceBusy => Cause::InUse,
        io::ErrorKind::ReadOnlyFilesystem => Cause::ReadOnly,
        io::ErrorKind::StorageFull => Cause::NoSpace,
        io::ErrorKind::IsADirectory => Cause::IsADirectory,
        // Of a container.
        io::ErrorKind::InvalidData => Cause::Damaged(error.to_string()),
        _ => of_code(error),
    }
}

/// A code of Windows' has words and a hint of its own.
#[cfg(windows)]
fn of_code(error: io::Error) -> Cause {
    match crate::win32_error::Win32Error::from_io(&error) {
        Some(code) => Cause::Win32(code.0),
        None => Cause::Io(error),
    }
}

#[cfg(not(windows))]
fn of_code(error: io::Error) -> Cause {
    Cause::Io(error)
}

pub(super) fn of_partition(error: PartitionError) -> Cause {
    match error {
        PartitionError::Io { source, .. }
        | PartitionError::Container(ContainerError::Io(source)) => of_io(source),
        other => Cause::NoVolume(other),
    }
}

/// What an edit found in its way.
pub(super) fn of_edit(error: EditError) -> Cause {
    match error {
        EditError::Volume(error) => of(error),
        EditError::Journal(error) => of_journal(error),
        EditError::Exists { .. } => Cause::Exists,
        EditError::NotFound { .. } => Cause::NotFound,
        EditError::NotADirectory { .. } => Cause::NotADirectory,
        EditError::IsADirectory { .. } => Cause::IsADirectory,
        EditError::NotEmpty { .. } => Cause::NotEmpty,
        EditError::TooManyLinks { .. } => Cause::TooManyLinks {
            limit: MOST_NAMES as u32,
        },
        EditError::IntoItself { .. } => Cause::BelowItself,
        EditError::NotAReparsePoint { .. } => Cause::NotALink,
        EditError::Full { .. } => Cause::NoSpace,
        EditError::SystemFile { .. } => Cause::Denied,
        EditError::HasExtendedAttributes { .. } => {
            Cause::Unsupported("reparse data on a file with extended attributes")
        }
        EditError::Contents(error) => of_io(error),
        EditError::BadName { .. } => Cause::Name(NameError::Empty),
        other => Cause::Damaged(other.to_string()),
    }
}

/// Why a journal could not be written or recovered.
pub(super) fn of_journal(error: JournalError) -> Cause {
    match error {
        JournalError::NotCommitted { source, .. } | JournalError::Io { source, .. } => {
            of_io(source)
        }
        // Somebody else wrote to the volume since, or the journal is another volume's.
        other => Cause::Unsafe(other.to_string()),
    }
}
