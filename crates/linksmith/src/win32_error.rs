//! Win32 error codes: names, words, hints. The one table of them.
//!
//! Every volume reports with these codes: the live Windows one as the system gave them, memory, image
//! and POSIX volumes with the code Windows would have given. The words are the system's own English
//! ones (`FormatMessage`, as `cmd` prints them), so that a message reads the same on any host.

use std::{fmt, io};

/// A Win32 error code, kept raw.
///
/// `Display` writes the words and the code: `Access is denied. (Win32 error 5)`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Win32Error(pub u32);

/// What sort of failure a code is; the command line makes exit codes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorClass {
    /// The entry, or a folder on the way to it, is not there.
    NotFound,
    /// An entry of that name is there already.
    Exists,
    /// A right, a privilege or a policy is missing, or another process holds the file.
    Denied,
    /// The volume cannot hold this, or one of its limits is reached.
    Unsupported,
    /// The volume or the device is damaged or not usable.
    Damaged,
    /// The name or the data given are not well-formed.
    Invalid,
    /// Anything else.
    Other,
}

struct Row {
    code: u32,
    name: &'static str,
    class: ErrorClass,
    message: &'static str,
    hint: Option<&'static str>,
}

impl Win32Error {
    /// The words of the system for this code, with their full stop; `Unknown error.` for a code that is
    /// not in the table.
    #[must_use]
    pub fn message(self) -> &'static str {
        self.row().map_or("Unknown error.", |row| row.message)
    }

    /// The words `cmd` uses in `mklink`: the system's, save for the privilege, where `cmd` has its own.
    #[must_use]
    pub fn cmd_message(self) -> &'static str {
        match self {
            Self::PRIVILEGE_NOT_HELD => {
                "You do not have sufficient privilege to perform this operation."
            }
            other => other.message(),
        }
    }

    /// The next step for a person, where there is one.
    #[must_use]
    pub fn hint(self) -> Option<&'static str> {
        self.row().and_then(|row| row.hint)
    }

    /// The name in `winerror.h`, such as `ERROR_ACCESS_DENIED`.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        self.row().map(|row| row.name)
    }

    /// What sort of failure it is.
    #[must_use]
    pub fn class(self) -> ErrorClass {
        self.row().map_or(ErrorClass::Other, |row| row.class)
    }

    /// The code of an `io::Error`: its own on Windows; elsewhere the code Windows gives for the same
    /// cause, where there is one.
    #[must_use]
    pub fn from_io(error: &io::Error) -> Option<Self> {
        #[cfg(windows)]
        if let Some(code) = error.raw_os_error() {
            return Some(Self(code.cast_unsigned_compat()));
        }
        Self::from_kind(error.kind())
    }

    fn from_kind(kind: io::ErrorKind) -> Option<Self> {
        use io::ErrorKind as Kind;
        Some(match kind {
            Kind::NotFound => Self::FILE_NOT_FOUND,
            Kind::PermissionDenied => Self::ACCESS_DENIED,
            Kind::AlreadyExists => Self::ALREADY_EXISTS,
            Kind::CrossesDevices => Self::NOT_SAME_DEVICE,
            Kind::TooManyLinks => Self::TOO_MANY_LINKS,
            Kind::DirectoryNotEmpty => Self::DIR_NOT_EMPTY,
            Kind::NotADirectory => Self::DIRECTORY,
            Kind::IsADirectory => Self::ACCESS_DENIED,
            Kind::StorageFull => Self::DISK_FULL,
            Kind::FileTooLarge => Self::FILE_TOO_LARGE,
            Kind::QuotaExceeded => Self::DISK_QUOTA_EXCEEDED,
            Kind::ReadOnlyFilesystem => Self::WRITE_PROTECT,
            Kind::ResourceBusy | Kind::ExecutableFileBusy => Self::SHARING_VIOLATION,
            Kind::InvalidInput => Self::INVALID_PARAMETER,
            Kind::Unsupported => Self::NOT_SUPPORTED,
            Kind::UnexpectedEof => Self::HANDLE_EOF,
            Kind::OutOfMemory => Self::NOT_ENOUGH_MEMORY,
            _ => return None,
        })
    }

    fn row(self) -> Option<&'static Row> {
        TABLE
            .binary_search_by_key(&self.0, |row| row.code)
            .ok()
            .and_then(|at| TABLE.get(at))
    }
}

#[cfg(windows)]
trait CastUnsigned {
    fn cast_unsigned_compat(self) -> u32;
}

#[cfg(windows)]
impl CastUnsigned for i32 {
    // `i32::cast_unsigned` is newer than the oldest compiler we promise.
    fn cast_unsigned_compat(self) -> u32 {
        u32::from_ne_bytes(self.to_ne_bytes())
    }
}

impl fmt::Display for Win32Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (Win32 error {})", self.message(), self.0)
    }
}

impl fmt::Debug for Win32Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "Win32Error({} {name})", self.0),
            None => write!(f, "Win32Error({})", self.0),
        }
    }
}

impl std::error::Error for Win32Error {}

macro_rules! table {
    ($($code:literal $name:ident $class:ident $message:literal $(=> $hint:literal)?;)*) => {
        /// The codes by their names in `winerror.h`, without `ERROR_`.
        #[allow(missing_docs)]
        impl Win32Error {
            $(pub const $name: Self = Self($code);)*
        }

        /// In order of code: it is searched by halves.
        const TABLE: &[Row] = &[
            $(Row {
                code: $code,
                name: concat!("ERROR_", stringify!($name)),
                class: ErrorClass::$class,
                message: $message,
                hint: table!(@hint $($hint)?),
            },)*
        ];
    };
    (@hint) => { None };
    (@hint $hint:literal) => { Some($hint) };
}

table! {
    1 INVALID_FUNCTION Unsupported "Incorrect function."
        => "The file system of this volume does not know the request; FAT and exFAT hold no links. `linksmith doctor PATH` shows what this volume can do.";
    2 FILE_NOT_FOUND NotFound "The system cannot find the file specified.";
    3 PATH_NOT_FOUND NotFound "The system cannot find the path specified."
        => "A folder on the way is missing, or a link on the way leads nowhere; `linksmith show PATH` names the component.";
    4 TOO_MANY_OPEN_FILES Other "The system cannot open the file.";
    5 ACCESS_DENIED Denied "Access is denied."
        => "Check the entry's permissions and its read-only attribute; a hard link needs the right to write attributes of the file, and directories cannot have hard links.";
    6 INVALID_HANDLE Other "The handle is invalid.";
    8 NOT_ENOUGH_MEMORY Other "Not enough memory resources are available to process this command.";
    13 INVALID_DATA Invalid "The data is invalid.";
    15 INVALID_DRIVE NotFound "The system cannot find the drive specified."
        => "Attach a volume under this letter with `--drive LETTER=PATH`.";
    16 CURRENT_DIRECTORY Denied "The directory cannot be removed.";
    17 NOT_SAME_DEVICE Unsupported "The system cannot move the file to a different disk drive."
        => "A hard link lives on its file's volume; make a soft link, or give `--or soft`.";
    18 NO_MORE_FILES Other "There are no more files.";
    19 WRITE_PROTECT Denied "The media is write protected."
        => "The volume is read-only or was attached with `,ro`.";
    20 BAD_UNIT NotFound "The system cannot find the device specified.";
    21 NOT_READY Damaged "The device is not ready.";
    23 CRC Damaged "Data error (cyclic redundancy check)."
        => "The medium cannot be read here; copy what can be read before anything else.";
    32 SHARING_VIOLATION Denied "The process cannot access the file because it is being used by another process."
        => "Close the program that has it open, then try again.";
    33 LOCK_VIOLATION Denied "The process cannot access the file because another process has locked a portion of the file.";
    38 HANDLE_EOF Damaged "Reached the end of the file.";
    50 NOT_SUPPORTED Unsupported "The request is not supported."
        => "This file system has no such links. `linksmith doctor PATH` shows what this volume can do.";
    53 BAD_NETPATH NotFound "The network path was not found.";
    55 DEV_NOT_EXIST NotFound "The specified network resource or device is no longer available.";
    65 NETWORK_ACCESS_DENIED Denied "Network access is denied.";
    67 BAD_NET_NAME NotFound "The network name cannot be found.";
    80 FILE_EXISTS Exists "The file exists."
        => "`linksmith show` says what is there; choose another name, or move it away first.";
    82 CANNOT_MAKE Unsupported "The directory or file cannot be created.";
    87 INVALID_PARAMETER Invalid "The parameter is incorrect.";
    108 DRIVE_LOCKED Denied "The disk is in use or locked by another process."
        => "Close the programs that use the volume, or attach it with `,ro`.";
    111 BUFFER_OVERFLOW Invalid "The file name is too long.";
    112 DISK_FULL Unsupported "There is not enough space on the disk.";
    120 CALL_NOT_IMPLEMENTED Unsupported "This function is not supported on this system.";
    122 INSUFFICIENT_BUFFER Other "The data area passed to a system call is too small.";
    123 INVALID_NAME Invalid "The filename, directory name, or volume label syntax is incorrect."
        => "A Windows name may not hold < > : \" / \\ | ? * or control characters.";
    131 NEGATIVE_SEEK Other "An attempt was made to move the file pointer before the beginning of the file.";
    144 DIR_NOT_ROOT Invalid "The directory is not a subdirectory of the root directory.";
    145 DIR_NOT_EMPTY Denied "The directory is not empty."
        => "A junction needs an empty directory; links are detached one by one, never with what they lead to.";
    148 PATH_BUSY Denied "The path specified cannot be used at this time.";
    161 BAD_PATHNAME Invalid "The specified path is invalid.";
    183 ALREADY_EXISTS Exists "Cannot create a file when that file already exists."
        => "`linksmith show` says what is there; choose another name, or move it away first.";
    206 FILENAME_EXCED_RANGE Invalid "The filename or extension is too long."
        => "One name has at most 255 UTF-16 units, a path 32,767; turn on LongPathsEnabled for programs that stop at 260.";
    223 FILE_TOO_LARGE Unsupported "The file size exceeds the limit allowed and cannot be saved."
        => "The file system sets the limit; a smaller one fits, or another file system.";
    234 MORE_DATA Other "More data is available.";
    259 NO_MORE_ITEMS Other "No more data is available.";
    267 DIRECTORY Invalid "The directory name is invalid."
        => "A directory is needed here. A file link that leads to a directory is of the wrong kind: `linksmith repair` mends it.";
    282 EAS_NOT_SUPPORTED Unsupported "The mounted file system does not support extended attributes.";
    303 DELETE_PENDING Denied "The file cannot be opened because it is in the process of being deleted."
        => "Another process still holds it open; it goes when that one closes it.";
    362 CLOUD_FILE_PROVIDER_NOT_RUNNING Denied "The cloud file provider is not running."
        => "Start OneDrive (or the provider this folder belongs to), then try again.";
    389 CLOUD_FILE_READ_ONLY_VOLUME Denied "The cloud operation is not supported on a read-only volume.";
    395 CLOUD_FILE_ACCESS_DENIED Denied "Access to the cloud file is denied.";
    396 CLOUD_FILE_INCOMPATIBLE_HARDLINKS Unsupported "The cloud operation cannot be performed on a file with incompatible hardlinks."
        => "Files in a OneDrive folder cannot share their data with names outside it; keep the linked files outside the synced folder, or copy them.";
    433 NO_SUCH_DEVICE NotFound "A device which does not exist was specified.";
    448 UNTRUSTED_MOUNT_POINT Denied "The path cannot be traversed because it contains an untrusted mount point."
        => "Redirection Guard: this process may not follow a link that a non-administrator made (services, installers, SSH sessions and sandboxed tools are guarded so). Make the link again as administrator, name the real path, or run from an ordinary prompt. `linksmith doctor` shows whether the guard is on.";
    1005 UNRECOGNIZED_VOLUME Damaged "The volume does not contain a recognized file system. Please make sure that all required file system drivers are loaded and that the volume is not corrupted.";
    1117 IO_DEVICE Damaged "The request could not be performed because of an I/O device error.";
    1142 TOO_MANY_LINKS Unsupported "An attempt was made to create more links on a file than the file system supports."
        => "A file on NTFS has at most 1024 names. Copy the file and link the copy from here on.";
    1224 USER_MAPPED_FILE Denied "The requested operation cannot be performed on a file with a user-mapped section open.";
    1295 DISK_QUOTA_EXCEEDED Unsupported "The requested file operation failed because the storage quota was exceeded.";
    1300 NOT_ALL_ASSIGNED Denied "Not all privileges or groups referenced are assigned to the caller.";
    1314 PRIVILEGE_NOT_HELD Denied "A required privilege is not held by the client."
        => "Symbolic links need Developer Mode (Settings, System, For developers), or the right `Create symbolic links`, or an elevated prompt. A junction needs none of them: `--or junction`.";
    1392 FILE_CORRUPT Damaged "The file or directory is corrupted and unreadable."
        => "Run `chkdsk` on the volume, or `linksmith check` on the image.";
    1393 DISK_CORRUPT Damaged "The disk structure is corrupted and unreadable."
        => "Run `chkdsk` on the volume, or `linksmith check` on the image.";
    1463 SYMLINK_CLASS_DISABLED Denied "The symbolic link cannot be followed because its type is disabled."
        => "`fsutil behavior query symlinkevaluation` shows which of local and remote links are followed; `fsutil behavior set symlinkevaluation R2L:1` (as administrator) turns one on.";
    1464 SYMLINK_NOT_SUPPORTED Unsupported "This application does not support the current operation on symbolic links.";
    1816 NOT_ENOUGH_QUOTA Other "Not enough quota is available to process this command.";
    1920 CANT_ACCESS_FILE Denied "The file cannot be accessed by the system."
        => "No driver here handles this reparse point; `linksmith show PATH` decodes it (WSL links open only in WSL, app execution links only by being run).";
    1921 CANT_RESOLVE_FILENAME Unsupported "The name of the file cannot be resolved by the system."
        => "The links on this path form a loop, or there are more than 63; `linksmith show PATH` lists the hops.";
    4390 NOT_A_REPARSE_POINT Invalid "The file or directory is not a reparse point.";
    4391 REPARSE_ATTRIBUTE_CONFLICT Unsupported "The reparse point attribute cannot be set because it conflicts with an existing attribute."
        => "A file has either reparse data or extended attributes, and a link cannot take over another kind of reparse point: make the link anew.";
    4392 INVALID_REPARSE_DATA Invalid "The data present in the reparse point buffer is invalid.";
    4393 REPARSE_TAG_INVALID Invalid "The tag present in the reparse point buffer is invalid.";
    4394 REPARSE_TAG_MISMATCH Invalid "There is a mismatch between the tag specified in the request and the tag present in the reparse point."
        => "Another program changed the link meanwhile; look again with `linksmith show`.";
    4395 REPARSE_POINT_ENCOUNTERED Denied "The object manager encountered a reparse point while retrieving an object.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_stand_in_order_without_doubles() {
        for pair in TABLE.windows(2) {
            assert!(
                pair[0].code < pair[1].code,
                "{} before {}",
                pair[0].code,
                pair[1].code
            );
        }
    }

    #[test]
    fn messages_are_sentences_and_hints_too() {
        for row in TABLE {
            assert!(row.message.ends_with('.'), "{}", row.name);
            assert!(
                row.hint
                    .is_none_or(|hint| hint.ends_with('.') || hint.ends_with('`')),
                "{}",
                row.name
            );
        }
    }

    #[test]
    fn mklink_words() {
        let check = |code: Win32Error, words: &str| assert_eq!(code.cmd_message(), words);
        check(
            Win32Error::ALREADY_EXISTS,
            "Cannot create a file when that file already exists.",
        );
        check(
            Win32Error::PRIVILEGE_NOT_HELD,
            "You do not have sufficient privilege to perform this operation.",
        );
        check(Win32Error::ACCESS_DENIED, "Access is denied.");
        check(
            Win32Error::TOO_MANY_LINKS,
            "An attempt was made to create more links on a file than the file system supports.",
        );
        check(Win32Error(0xDEAD), "Unknown error.");
    }

    #[test]
    fn shown_with_code_and_name() {
        assert_eq!(
            Win32Error(5).to_string(),
            "Access is denied. (Win32 error 5)"
        );
        assert_eq!(
            format!("{:?}", Win32Error(448)),
            "Win32Error(448 ERROR_UNTRUSTED_MOUNT_POINT)"
        );
        assert_eq!(
            Win32Error(60000).to_string(),
            "Unknown error. (Win32 error 60000)"
        );
    }

    #[test]
    fn io_errors_find_their_code() {
        let code = |kind: io::ErrorKind| Win32Error::from_io(&io::Error::from(kind));
        assert_eq!(code(io::ErrorKind::CrossesDevices), Some(Win32Error(17)));
        assert_eq!(code(io::ErrorKind::AlreadyExists), Some(Win32Error(183)));
        assert_eq!(code(io::ErrorKind::BrokenPipe), None);
    }

    #[cfg(windows)]
    #[test]
    fn names_agree_with_the_systems_codes() {
        let error = io::Error::from_raw_os_error(4390);
        assert_eq!(
            Win32Error::from_io(&error),
            Some(Win32Error::NOT_A_REPARSE_POINT)
        );
    }
}
