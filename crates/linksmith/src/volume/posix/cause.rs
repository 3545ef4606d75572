//! From `errno` to causes.

use rustix::io::Errno;

use crate::path::NameError;
use crate::volume::Cause;

/// The cause that an error number stands for.
///
/// The numbers for links on the way (`ELOOP`, `ENOTDIR`) say too little to be named here: the walk
/// finds out which entry it was.
pub(super) fn of(errno: Errno) -> Cause {
    match errno {
        Errno::NOENT => Cause::NotFound,
        Errno::EXIST => Cause::Exists,
        Errno::NOTDIR => Cause::NotADirectory,
        Errno::ISDIR => Cause::IsADirectory,
        Errno::NOTEMPTY => Cause::NotEmpty,
        Errno::XDEV => Cause::CrossVolume,
        Errno::ACCESS | Errno::PERM => Cause::Denied,
        Errno::NOSPC | Errno::DQUOT => Cause::NoSpace,
        Errno::ROFS => Cause::ReadOnly,
        Errno::BUSY | Errno::TXTBSY => Cause::InUse,
        Errno::ILSEQ => Cause::Name(NameError::NotUnicode),
        Errno::NAMETOOLONG => Cause::Name(NameError::TooLong(0)),
        Errno::NOTSUP => Cause::Unsupported("this"),
        other => Cause::Io(other.into()),
    }
}
