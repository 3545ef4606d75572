//! Opening entries by their place below the root's handle, through no link.

use windows_sys::Wdk::Storage::FileSystem as nt;
use windows_sys::Win32::Storage::FileSystem as fs;

use super::handle::Handle;
use super::sys::{self, Open, Result};
use super::volume::Win32Volume;
use crate::path::{EntryPath, Name, NameError};
use crate::volume::new_name::check_windows_name;
use crate::volume::{Cause, VolumeError};
use crate::win32_error::Win32Error;

/// Units in a path that go through one call. Windows takes 32,767, Wine 4096 bytes in the end.
const LONGEST: usize = 1024;

/// All of reading, writing and deleting: a look must not stand in anyone's way.
const SHARE_ALL: u32 = fs::FILE_SHARE_READ | fs::FILE_SHARE_WRITE | fs::FILE_SHARE_DELETE;

/// The rights that a look takes: none that another's share mode could refuse.
pub(super) const LOOK: u32 = fs::FILE_READ_ATTRIBUTES;

/// What to make where nothing is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Make {
    Dir,
    File,
}

impl Win32Volume {
    /// Opens what is there, a link itself.
    pub(super) fn open_at(&self, at: &EntryPath, access: u32) -> Result<Handle> {
        self.create(at, existing(access))
    }

    /// Makes an entry and gives the handle it was made by: whatever comes next, a junction's reparse
    /// data or the removal after a failure, happens to this very object.
    pub(super) fn make_at(&self, at: &EntryPath, make: Make, access: u32) -> Result<Handle> {
        self.create(at, new(make, access))
    }

    /// The directory that `at` is or would be in, and its name there.
    pub(super) fn parent_and_name(
        &self,
        at: &EntryPath,
    ) -> std::result::Result<(Handle, Vec<u16>), Cause> {
        let (Some(parent), Some(name)) = (at.parent(), at.file_name()) else {
            return Err(Cause::Unsupported("a change of its root directory"));
        };
        let dir = self
            .open_at(&parent, LOOK | fs::FILE_TRAVERSE)
            .map_err(|code| match self.cause(code, &parent) {
                Cause::NotFound => Cause::PathNotFound(parent.clone()),
                other => other,
            })?;
        if !dir
            .standard()
            .map_err(|code| self.cause(code, at))?
            .directory
        {
            return Err(Cause::NotADirectory);
        }
        Ok((dir, new_name(&name)?))
    }

    fn create(&self, at: &EntryPath, how: Open) -> Result<Handle> {
        let name = units_of(at).ok_or(Win32Error::INVALID_NAME)?;
        if name.len() > LONGEST {
            return self.create_by_walking(at, how);
        }
        match sys::nt_create(self.root(), &name, how) {
            // A redirector or a Windows that does not know the flag: name by name, each looked at.
            Err(Win32Error::INVALID_PARAMETER) => self.create_by_walking(at, how),
            other => other.map(Handle::new),
        }
    }

    fn create_by_walking(&self, at: &EntryPath, how: Open) -> Result<Handle> {
        let how = Open {
            dont_reparse: false,
            ..how
        };
        let mut dir = Handle::new(sys::nt_create(
            self.root(),
            &[],
            Open {
                dont_reparse: false,
                ..existing(LOOK)
            },
        )?);
        let mut names = at.name_bytes().peekable();
        while let Some(bytes) = names.next() {
            let name = units(bytes).ok_or(Win32Error::INVALID_NAME)?;
            let last = names.peek().is_none();
            let this = if last {
                how
            } else {
                Open {
                    dont_reparse: false,
                    ..existing(LOOK)
                }
            };
            dir = Handle::new(sys::nt_create(dir.borrow(), &name, this)?);
            if !last && dir.tag()?.is_some_and(|tag| tag.is_name_surrogate()) {
                return Err(Win32Error::REPARSE_POINT_ENCOUNTERED);
            }
        }
        Ok(dir)
    }

    /// An index of the file system's own (`$Extend\\$Reparse:$R:$INDEX_ALLOCATION`), by its whole name.
    pub(super) fn open_index(&self, name: &[u16]) -> Result<Handle> {
        let how = Open {
            dont_reparse: false,
            ..existing(fs::FILE_LIST_DIRECTORY | LOOK)
        };
        sys::nt_create(self.root(), name, how).map(Handle::new)
    }

    /// An error of `op` on `at`.
    pub(super) fn error(&self, op: &'static str, at: &EntryPath, code: Win32Error) -> VolumeError {
        VolumeError::new(op, at, self.cause(code, at))
    }

    /// Why a call on `at` failed with `code`. Where the way there is at fault it is walked once more, to
    /// name the component; only then, so that what works stays fast.
    pub(super) fn cause(&self, code: Win32Error, at: &EntryPath) -> Cause {
        match code {
            Win32Error::PATH_NOT_FOUND
            | Win32Error::FILE_NOT_FOUND
            | Win32Error::INVALID_NAME
            | Win32Error::DIRECTORY
            | Win32Error::REPARSE_POINT_ENCOUNTERED => self
                .fault_on_the_way(at)
                .unwrap_or_else(|| plain_cause(code, self)),
            _ => plain_cause(code, self),
        }
    }

    fn fault_on_the_way(&self, at: &EntryPath) -> Option<Cause> {
        let mut way = EntryPath::root();
        let names: Vec<Name> = at.names().collect();
        let (_, dirs) = names.split_last()?;
        for name in dirs {
            way.push(name);
            let Ok(handle) = self.open_at(&way, LOOK) else {
                return Some(Cause::PathNotFound(way));
            };
            if handle
                .tag()
                .ok()?
                .is_some_and(|tag| tag.is_name_surrogate())
            {
                return Some(Cause::ThroughLink(way));
            }
            if !handle.standard().ok()?.directory {
                return Some(Cause::NotADirectory);
            }
        }
        None
    }
}

/// The same file once more by its handle, with what its reparse data stand for as contents: for tags
/// that are no links (cloud files, compressed ones).
pub(super) fn reopen_contents(handle: &Handle) -> Result<Handle> {
    let how = Open {
        options: CONTENTS,
        dont_reparse: false,
        ..existing(fs::FILE_READ_DATA | LOOK)
    };
    sys::nt_create(handle.borrow(), &[], how).map(Handle::new)
}

/// The same object once more by its handle, a link itself, with other rights.
pub(super) fn reopen(handle: &Handle, access: u32) -> Result<Handle> {
    let how = Open {
        dont_reparse: false,
        ..existing(access)
    };
    sys::nt_create(handle.borrow(), &[], how).map(Handle::new)
}

/// `FILE_OPEN_FOR_BACKUP_INTENT` lets an administrator read what the lists do not let him.
const OPTIONS: u32 = nt::FILE_OPEN_REPARSE_POINT | nt::FILE_OPEN_FOR_BACKUP_INTENT;
const CONTENTS: u32 = nt::FILE_NON_DIRECTORY_FILE | nt::FILE_OPEN_FOR_BACKUP_INTENT;

fn existing(access: u32) -> Open {
    Open {
        access,
        attributes: 0,
        share: SHARE_ALL,
        disposition: nt::FILE_OPEN,
        options: OPTIONS,
        dont_reparse: true,
    }
}

fn new(make: Make, access: u32) -> Open {
    let (attributes, kind) = match make {
        Make::Dir => (fs::FILE_ATTRIBUTE_DIRECTORY, nt::FILE_DIRECTORY_FILE),
        Make::File => (fs::FILE_ATTRIBUTE_NORMAL, nt::FILE_NON_DIRECTORY_FILE),
    };
    Open {
        attributes,
        disposition: nt::FILE_CREATE,
        options: OPTIONS | kind,
        ..existing(access)
    }
}

/// A name that is to be made, as units.
pub(super) fn new_name(name: &Name) -> std::result::Result<Vec<u16>, NameError> {
    check_windows_name(name)?;
    name.to_utf16()
}

fn units(bytes: &[u8]) -> Option<Vec<u16>> {
    crate::path::utf16_from_wtf8(bytes)
}

/// Names joined by `\`, as `NtCreateFile` takes them. A `\` inside a name is no name of Windows'.
fn units_of(at: &EntryPath) -> Option<Vec<u16>> {
    let backslash = u16::from(b'\\');
    let mut path = Vec::new();
    for bytes in at.name_bytes() {
        let name = units(bytes).filter(|name| !name.contains(&backslash))?;
        if !path.is_empty() {
            path.push(backslash);
        }
        path.extend(name);
    }
    Some(path)
}

fn plain_cause(code: Win32Error, volume: &Win32Volume) -> Cause {
    match code {
        // What cannot be a name here is not there either; new names are checked before.
        Win32Error::FILE_NOT_FOUND | Win32Error::PATH_NOT_FOUND | Win32Error::INVALID_NAME => {
            Cause::NotFound
        }
        Win32Error::ACCESS_DENIED => Cause::Denied,
        Win32Error::NOT_SAME_DEVICE => Cause::CrossVolume,
        Win32Error::WRITE_PROTECT => Cause::ReadOnly,
        Win32Error::SHARING_VIOLATION | Win32Error::LOCK_VIOLATION => Cause::InUse,
        Win32Error::FILE_EXISTS | Win32Error::ALREADY_EXISTS => Cause::Exists,
        Win32Error::DISK_FULL => Cause::NoSpace,
        Win32Error::DIR_NOT_EMPTY => Cause::NotEmpty,
        Win32Error::DIRECTORY => Cause::NotADirectory,
        Win32Error::TOO_MANY_LINKS => Cause::TooManyLinks {
            limit: volume.info.max_links,
        },
        Win32Error::PRIVILEGE_NOT_HELD => Cause::Privilege,
        Win32Error::NOT_A_REPARSE_POINT => Cause::NotALink,
        Win32Error::FILE_CORRUPT | Win32Error::DISK_CORRUPT => {
            Cause::Damaged(code.message().to_owned())
        }
        Win32Error(other) => Cause::Win32(other),
    }
}
