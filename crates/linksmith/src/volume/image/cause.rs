//! The engine's errors as a volume's causes.

use std::io;

use linksmith_ntfs::Error;

use super::Cause;
use crate::partition::PartitionError;

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
        _ => Cause::Io(error),
    }
}

pub(super) fn of_partition(error: PartitionError) -> Cause {
    match error {
        PartitionError::Io { source, .. } => of_io(source),
        other => Cause::NoVolume(other),
    }
}
