//! One open entry: what it is, its reparse data, its names. Everything by its handle.

use std::fs::File;
use std::os::windows::io::{AsHandle, BorrowedHandle, OwnedHandle};

use windows_sys::Wdk::Storage::FileSystem as nt;
use windows_sys::Win32::Storage::FileSystem as fs;
use windows_sys::Win32::System::Ioctl;

use super::info::{self, Basic, Standard};
use super::sys::{self, Buffer, Result};
use crate::entry::{Attributes, Base, Entry, FileId, Times};
use crate::path::Name;
use crate::reparse::{MAXIMUM_SIZE, ReparseTag};
use crate::win32_error::Win32Error;

/// An open file, directory or link; closed when dropped.
pub(super) struct Handle(File);

impl Handle {
    pub(super) fn new(handle: OwnedHandle) -> Self {
        Self(handle.into())
    }

    pub(super) fn borrow(&self) -> BorrowedHandle<'_> {
        self.0.as_handle()
    }

    /// For reading and writing contents through std.
    pub(super) fn file(&self) -> &File {
        &self.0
    }

    /// The same, to keep.
    pub(super) fn into_file(self) -> File {
        self.0
    }

    fn query<T>(&self, class: i32, bytes: usize, parse: impl Fn(&[u8]) -> T) -> Result<T> {
        let mut buffer = Buffer::new(bytes);
        let filled = sys::query_file(self.borrow(), class, &mut buffer)?;
        Ok(parse(buffer.bytes(filled)))
    }

    /// Times and attributes.
    pub(super) fn basic(&self) -> Result<Basic> {
        self.query(nt::FileBasicInformation, Basic::SIZE, Basic::parse)
    }

    /// Size and link count.
    pub(super) fn standard(&self) -> Result<Standard> {
        self.query(nt::FileStandardInformation, 24, Standard::parse)
    }

    /// The reparse tag, where it has one.
    pub(super) fn tag(&self) -> Result<Option<ReparseTag>> {
        let tag = self.query(nt::FileAttributeTagInformation, 8, info::reparse_tag)?;
        Ok(tag.map(ReparseTag))
    }

    /// Volume serial number and file id; the 64-bit id where the file system has no other.
    pub(super) fn id(&self) -> Result<FileId> {
        let long = self.query(nt::FileIdInformation, 24, info::file_id);
        let (volume, file) = long.or_else(|_| {
            let file = self.query(nt::FileInternalInformation, 8, |b| {
                u64::from_le_bytes(b.try_into().unwrap_or_default())
            })?;
            Ok((u64::from(volume_serial(self.borrow())?), u128::from(file)))
        })?;
        Ok(FileId { volume, file })
    }

    /// The last name as the directory has it: real case, and the long name where a short one was asked
    /// for. `None` where the file system does not tell.
    fn stored_name(&self) -> Option<Name> {
        let path = sys::final_path(
            self.borrow(),
            fs::VOLUME_NAME_NONE | fs::FILE_NAME_NORMALIZED,
        )
        .ok()?;
        let name = path.rsplit(|u| *u == u16::from(b'\\')).next()?;
        Name::from_utf16(name).ok()
    }

    fn short_name(&self) -> Option<Name> {
        let name = self
            .query(nt::FileAlternateNameInformation, 64, info::counted_name)
            .ok()?;
        Name::from_utf16(&name).ok()
    }

    /// The whole entry; `asked` is its name where the file system does not tell the stored one.
    pub(super) fn entry(&self, asked: Option<Name>) -> Result<Entry> {
        let (basic, standard, tag) = (self.basic()?, self.standard()?, self.tag()?);
        let short_name = self.short_name();
        let name = asked.map(|asked| {
            let stored = self.stored_name();
            stored
                .filter(|stored| {
                    same(stored, &asked)
                        || short_name.as_ref().is_some_and(|short| same(short, &asked))
                })
                .unwrap_or(asked)
        });
        Ok(Entry {
            short_name: short_name.filter(|short| Some(short) != name.as_ref()),
            name,
            id: self.id()?,
            base: if standard.directory {
                Base::Dir
            } else {
                Base::File
            },
            tag,
            links: Some(standard.links),
            size: if standard.directory || tag.is_some_and(ReparseTag::is_name_surrogate) {
                0
            } else {
                standard.size
            },
            attributes: basic.attributes,
            times: basic.times,
        })
    }

    /// The whole reparse buffer; `None` where it has none.
    pub(super) fn reparse_data(&self) -> Result<Option<Vec<u8>>> {
        let mut buffer = Buffer::new(MAXIMUM_SIZE);
        match sys::control(
            self.borrow(),
            Ioctl::FSCTL_GET_REPARSE_POINT,
            &[],
            &mut buffer,
        ) {
            Ok(filled) => Ok(Some(buffer.bytes(filled).to_vec())),
            Err(Win32Error::NOT_A_REPARSE_POINT) => Ok(None),
            // A file system that does not know the request has no reparse points.
            Err(Win32Error::INVALID_FUNCTION | Win32Error::NOT_SUPPORTED) => Ok(None),
            Err(other) => Err(other),
        }
    }

    /// Sets or, where the tag stays, replaces reparse data.
    pub(super) fn set_reparse_data(&self, data: &[u8]) -> Result<()> {
        let code = Ioctl::FSCTL_SET_REPARSE_POINT;
        sys::control(self.borrow(), code, data, &mut Buffer::new(0)).map(|_| ())
    }

    /// Takes reparse data off. `data` is what is there now: the call wants its header, tag and GUID.
    pub(super) fn delete_reparse_data(&self, data: &[u8]) -> Result<()> {
        let tag = data.get(..4).unwrap_or_default();
        let microsoft = tag.last().is_some_and(|byte| byte & 0x80 != 0);
        let mut header = data
            .get(..if microsoft { 8 } else { 24 })
            .unwrap_or_default()
            .to_vec();
        if let Some(length) = header.get_mut(4..8) {
            length.fill(0);
        }
        let code = Ioctl::FSCTL_DELETE_REPARSE_POINT;
        sys::control(self.borrow(), code, &header, &mut Buffer::new(0)).map(|_| ())
    }

    /// Removes this name at once, read-only or not, even while others have the file open. Needs `DELETE`,
    /// and `FILE_WRITE_ATTRIBUTES` for the older way.
    pub(super) fn delete(&self) -> Result<()> {
        let flags = nt::FILE_DISPOSITION_DELETE
            | nt::FILE_DISPOSITION_POSIX_SEMANTICS
            | nt::FILE_DISPOSITION_IGNORE_READONLY_ATTRIBUTE;
        match sys::set_file(
            self.borrow(),
            nt::FileDispositionInformationEx,
            &flags.to_le_bytes(),
        ) {
            Err(code) if is_unknown_class(code) => self.delete_when_closed(),
            other => other,
        }
    }

    /// The older way: gone with the last handle, and only without the read-only attribute.
    fn delete_when_closed(&self) -> Result<()> {
        let before = self.basic()?;
        if before.attributes.contains(Attributes::READONLY) {
            let without = before.attributes.difference(Attributes::READONLY);
            self.set_attributes(if without.is_empty() {
                Attributes::NORMAL
            } else {
                without
            })?;
        }
        let result = sys::set_file(self.borrow(), nt::FileDispositionInformation, &[1]);
        if result.is_err() && before.attributes.contains(Attributes::READONLY) {
            // The failure counts, not that of putting the attribute back.
            let _ = self.set_attributes(before.attributes);
        }
        result
    }

    /// Sets the times that are not 0 and, where given, the attributes.
    pub(super) fn set_basic(&self, times: Times, attributes: Option<Attributes>) -> Result<()> {
        let attributes = attributes.unwrap_or_default();
        let basic = Basic { times, attributes };
        sys::set_file(self.borrow(), nt::FileBasicInformation, &basic.to_bytes())
    }

    fn set_attributes(&self, attributes: Attributes) -> Result<()> {
        self.set_basic(Times::default(), Some(attributes))
    }

    /// Gives the file one more name. Needs `FILE_WRITE_ATTRIBUTES`.
    pub(super) fn link_into(&self, dir: &Self, name: &[u16]) -> Result<()> {
        sys::set_name(
            self.borrow(),
            nt::FileLinkInformation,
            0,
            dir.borrow(),
            name,
        )
    }

    /// Renames or moves. Replacing is one change; a directory is never replaced, not even by POSIX rules.
    /// Needs `DELETE`.
    pub(super) fn rename_into(&self, dir: &Self, name: &[u16], replace: bool) -> Result<()> {
        let posix = nt::FILE_RENAME_POSIX_SEMANTICS | nt::FILE_RENAME_IGNORE_READONLY_ATTRIBUTE;
        let flags = posix
            | if replace {
                nt::FILE_RENAME_REPLACE_IF_EXISTS
            } else {
                0
            };
        match sys::set_name(
            self.borrow(),
            nt::FileRenameInformationEx,
            flags,
            dir.borrow(),
            name,
        ) {
            Err(code) if is_unknown_class(code) => {
                let class = nt::FileRenameInformation;
                sys::set_name(self.borrow(), class, u32::from(replace), dir.borrow(), name)
            }
            other => other,
        }
    }

    /// Its path as Win32 takes it, `\\?\` and drive or volume first.
    pub(super) fn path(&self) -> Result<Vec<u16>> {
        sys::final_path(self.borrow(), fs::VOLUME_NAME_DOS)
            .or_else(|_| sys::final_path(self.borrow(), fs::VOLUME_NAME_GUID))
    }
}

fn same(a: &Name, b: &Name) -> bool {
    a.display().to_uppercase() == b.display().to_uppercase()
}

/// A file system, or a Windows, that does not know a newer class says so in one of these ways.
pub(super) fn is_unknown_class(code: Win32Error) -> bool {
    matches!(
        code,
        Win32Error::INVALID_PARAMETER
            | Win32Error::INVALID_FUNCTION
            | Win32Error::NOT_SUPPORTED
            | Win32Error::CALL_NOT_IMPLEMENTED
    )
}

/// The 32-bit serial number of the volume that a file is on.
fn volume_serial(file: BorrowedHandle<'_>) -> Result<u32> {
    let mut buffer = Buffer::new(600);
    let filled = sys::query_volume(file, nt::FileFsVolumeInformation, &mut buffer)?;
    Ok(info::serial_and_label(buffer.bytes(filled)).0)
}
