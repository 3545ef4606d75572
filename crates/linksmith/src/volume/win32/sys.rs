//! The calls into Windows: one safe function for each, and the only `unsafe` of the repository.
//!
//! Handles are `OwnedHandle`s, texts UTF-16 without a NUL, results raw Win32 codes. What the bytes that
//! come back mean is not told here: parsing is safe code, in [`super::info`].
//!
//! Opening goes through `NtCreateFile` relative to a directory's handle and not through `CreateFileW`:
//! it can refuse every reparse point on the way (`OBJ_DONT_REPARSE`), needs no `\\?\`, and leaves names
//! as they are (no trailing dot or space is lost). Entries that std can open safely are left to std.
#![allow(unsafe_code)]

use std::ffi::{CStr, c_char, c_void};
use std::mem::{offset_of, size_of};
use std::os::windows::io::{
    AsHandle, AsRawHandle, BorrowedHandle, FromRawHandle, HandleOrInvalid, OwnedHandle,
};
use std::ptr::{null, null_mut};

use windows_sys::Wdk::Foundation::OBJECT_ATTRIBUTES;
use windows_sys::Wdk::Storage::FileSystem as nt;
use windows_sys::Win32::Foundation as foundation;
use windows_sys::Win32::Security as security;
use windows_sys::Win32::Storage::FileSystem as fs;
use windows_sys::Win32::System::IO::{DeviceIoControl, IO_STATUS_BLOCK};
use windows_sys::Win32::System::LibraryLoader::{GetModuleHandleW, GetProcAddress};
use windows_sys::Win32::System::Registry as registry;
use windows_sys::Win32::System::Threading as threading;

use crate::win32_error::Win32Error;

/// What a call gives, or the code it failed with.
pub(super) type Result<T> = std::result::Result<T, Win32Error>;

/// Bytes at an address divisible by 8, as the file system's calls want them.
pub(super) struct Buffer(Vec<u64>);

impl Buffer {
    /// Zeroes; the length in bytes is rounded up to a multiple of 8.
    pub(super) fn new(bytes: usize) -> Self {
        Self(vec![0; bytes.div_ceil(8)])
    }

    /// A copy of `data`, zeroes behind it.
    fn from_bytes(data: &[u8]) -> Self {
        let mut buffer = Self::new(data.len());
        buffer.bytes_mut()[..data.len()].copy_from_slice(data);
        buffer
    }

    /// Its length in bytes.
    pub(super) fn len(&self) -> usize {
        self.0.len() * 8
    }

    /// The first `filled` bytes, or all where there are fewer.
    pub(super) fn bytes(&self, filled: usize) -> &[u8] {
        // SAFETY: the vector's memory is `len` initialised bytes; `u8` has no alignment or invalid value.
        let all = unsafe { std::slice::from_raw_parts(self.0.as_ptr().cast::<u8>(), self.len()) };
        &all[..filled.min(all.len())]
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        let len = self.len();
        // SAFETY: as in `bytes`, and the borrow is exclusive; any byte pattern is a valid `u64`.
        unsafe { std::slice::from_raw_parts_mut(self.0.as_mut_ptr().cast::<u8>(), len) }
    }
}

/// How `nt_create` opens or makes an entry; the fields are the parameters of `NtCreateFile`.
#[derive(Clone, Copy)]
pub(super) struct Open {
    /// `DesiredAccess`; `SYNCHRONIZE` is always added.
    pub(super) access: u32,
    /// `FileAttributes` of an entry that is made.
    pub(super) attributes: u32,
    /// `ShareAccess`.
    pub(super) share: u32,
    /// `CreateDisposition`: `FILE_OPEN`, `FILE_CREATE`, …
    pub(super) disposition: u32,
    /// `CreateOptions`; `FILE_SYNCHRONOUS_IO_NONALERT` is always added.
    pub(super) options: u32,
    /// Whether any reparse point on the way fails the call with 4395.
    pub(super) dont_reparse: bool,
}

/// `GetLastError` of this thread.
fn last_error() -> Win32Error {
    // SAFETY: it takes nothing and reads a value of this thread.
    Win32Error(unsafe { foundation::GetLastError() })
}

fn done(result: i32) -> Result<()> {
    if result == 0 {
        Err(last_error())
    } else {
        Ok(())
    }
}

/// The code of an `NTSTATUS`. Two have a better one than `RtlNtStatusToDosError` gives: "being deleted"
/// would become 5, and a code without a Win32 name 317.
fn nt_done(status: i32) -> Result<()> {
    match status {
        0.. => Ok(()),
        foundation::STATUS_DELETE_PENDING => Err(Win32Error::DELETE_PENDING),
        foundation::STATUS_REPARSE_POINT_ENCOUNTERED => Err(Win32Error::REPARSE_POINT_ENCOUNTERED),
        // SAFETY: it takes a number and gives one.
        _ => Err(Win32Error(unsafe {
            foundation::RtlNtStatusToDosError(status)
        })),
    }
}

/// A text with its NUL; one inside is error 123.
fn wide(text: &[u16]) -> Result<Vec<u16>> {
    if text.contains(&0) {
        return Err(Win32Error::INVALID_NAME);
    }
    Ok(text.iter().copied().chain([0]).collect())
}

fn until_nul(units: &[u16]) -> Vec<u16> {
    units.iter().copied().take_while(|u| *u != 0).collect()
}

/// `NtCreateFile`: opens or makes `name` (names joined by `\`, empty for `root` itself) below `root`.
pub(super) fn nt_create(root: BorrowedHandle<'_>, name: &[u16], how: Open) -> Result<OwnedHandle> {
    let bytes = u16::try_from(size_of_val(name)).map_err(|_| Win32Error::FILENAME_EXCED_RANGE)?;
    let text = foundation::UNICODE_STRING {
        Length: bytes,
        MaximumLength: bytes,
        Buffer: name.as_ptr().cast_mut(),
    };
    let dont = if how.dont_reparse {
        foundation::OBJ_DONT_REPARSE
    } else {
        0
    };
    let object = OBJECT_ATTRIBUTES {
        Length: size_of::<OBJECT_ATTRIBUTES>() as u32,
        RootDirectory: root.as_raw_handle(),
        ObjectName: &raw const text,
        Attributes: foundation::OBJ_CASE_INSENSITIVE | dont,
        SecurityDescriptor: null(),
        SecurityQualityOfService: null(),
    };
    let mut handle = null_mut();
    let mut io = IO_STATUS_BLOCK::default();
    // SAFETY: every pointer is to a live local (or null where null is allowed); `object` points to
    // `text`, which points to `name`, and the call only reads that text; the call is synchronous.
    nt_done(unsafe {
        nt::NtCreateFile(
            &mut handle,
            how.access | fs::SYNCHRONIZE,
            &object,
            &mut io,
            null(),
            how.attributes,
            how.share,
            how.disposition,
            how.options | nt::FILE_SYNCHRONOUS_IO_NONALERT,
            null(),
            0,
        )
    })?;
    // SAFETY: the call succeeded, so the handle is open and ours alone.
    Ok(unsafe { OwnedHandle::from_raw_handle(handle) })
}

/// `OpenFileById`: by the 64-bit file reference of NTFS, on the volume that `volume` is on.
pub(super) fn open_by_id(volume: BorrowedHandle<'_>, id: u64, access: u32) -> Result<OwnedHandle> {
    let descriptor = fs::FILE_ID_DESCRIPTOR {
        dwSize: size_of::<fs::FILE_ID_DESCRIPTOR>() as u32,
        Type: fs::FileIdType,
        Anonymous: fs::FILE_ID_DESCRIPTOR_0 {
            FileId: i64::from_ne_bytes(id.to_ne_bytes()),
        },
    };
    let share = fs::FILE_SHARE_READ | fs::FILE_SHARE_WRITE | fs::FILE_SHARE_DELETE;
    let flags = fs::FILE_FLAG_BACKUP_SEMANTICS | fs::FILE_FLAG_OPEN_REPARSE_POINT;
    // SAFETY: the descriptor is a live local of the size it names; the security attributes may be null.
    let handle = unsafe {
        fs::OpenFileById(
            volume.as_raw_handle(),
            &descriptor,
            access,
            share,
            null(),
            flags,
        )
    };
    // SAFETY: the handle is open and ours, or INVALID_HANDLE_VALUE, which `try_into` turns away.
    OwnedHandle::try_from(unsafe { HandleOrInvalid::from_raw_handle(handle) })
        .map_err(|_| last_error())
}

/// `NtQueryInformationFile`: fills `into`, gives the number of bytes.
pub(super) fn query_file(file: BorrowedHandle<'_>, class: i32, into: &mut Buffer) -> Result<usize> {
    let mut io = IO_STATUS_BLOCK::default();
    let len = into.len() as u32;
    // SAFETY: the buffer is live, writable, aligned to 8 and as long as said; the handle is synchronous,
    // so nothing is written after the return.
    nt_done(unsafe {
        nt::NtQueryInformationFile(
            file.as_raw_handle(),
            &mut io,
            into.bytes_mut().as_mut_ptr().cast(),
            len,
            class,
        )
    })?;
    Ok(io.Information)
}

/// `NtSetInformationFile` with a structure that holds no pointer and no handle.
pub(super) fn set_file(file: BorrowedHandle<'_>, class: i32, data: &[u8]) -> Result<()> {
    let data = Buffer::from_bytes(data);
    set_file_exact(file, class, &data, data.len())
}

fn set_file_exact(file: BorrowedHandle<'_>, class: i32, data: &Buffer, len: usize) -> Result<()> {
    let mut io = IO_STATUS_BLOCK::default();
    let bytes = data.bytes(len);
    // SAFETY: the buffer is live, aligned to 8 and at least as long as said; the call only reads it.
    nt_done(unsafe {
        nt::NtSetInformationFile(
            file.as_raw_handle(),
            &mut io,
            bytes.as_ptr().cast(),
            bytes.len() as u32,
            class,
        )
    })
}

/// `NtSetInformationFile` with `FILE_RENAME_INFORMATION` or `FILE_LINK_INFORMATION` (they are laid out
/// alike): gives `file` the name `name` in the directory `dir`. `flags` is `ReplaceIfExists`, or the
/// flags of the `Ex` classes.
pub(super) fn set_name(
    file: BorrowedHandle<'_>,
    class: i32,
    flags: u32,
    dir: BorrowedHandle<'_>,
    name: &[u16],
) -> Result<()> {
    let at = offset_of!(nt::FILE_RENAME_INFORMATION, FileName);
    let root = offset_of!(nt::FILE_RENAME_INFORMATION, RootDirectory);
    let length = offset_of!(nt::FILE_RENAME_INFORMATION, FileNameLength);
    let mut data =
        Buffer::new(size_of::<nt::FILE_RENAME_INFORMATION>().max(at + size_of_val(name)));
    let bytes = data.bytes_mut();
    bytes[..4].copy_from_slice(&flags.to_ne_bytes());
    bytes[root..root + size_of::<usize>()]
        .copy_from_slice(&dir.as_raw_handle().addr().to_ne_bytes());
    bytes[length..length + 4].copy_from_slice(&(size_of_val(name) as u32).to_ne_bytes());
    for (to, unit) in bytes[at..].chunks_exact_mut(2).zip(name) {
        to.copy_from_slice(&unit.to_ne_bytes());
    }
    let len = data.len();
    set_file_exact(file, class, &data, len)
}

/// `NtQueryDirectoryFile`: the next batch of a directory's entries, or of an index's; `None` at the end.
pub(super) fn query_directory(
    dir: BorrowedHandle<'_>,
    class: i32,
    restart: bool,
    into: &mut Buffer,
) -> Result<Option<usize>> {
    let mut io = IO_STATUS_BLOCK::default();
    let len = into.len() as u32;
    // SAFETY: the buffer is live, writable, aligned to 8 and as long as said; event, APC and pattern may
    // be null; the handle is synchronous, so nothing is written after the return.
    let status = unsafe {
        nt::NtQueryDirectoryFile(
            dir.as_raw_handle(),
            null_mut(),
            None,
            null(),
            &mut io,
            into.bytes_mut().as_mut_ptr().cast(),
            len,
            class,
            false,
            null(),
            restart,
        )
    };
    match status {
        foundation::STATUS_NO_MORE_FILES | foundation::STATUS_NO_SUCH_FILE => Ok(None),
        other => nt_done(other).map(|()| Some(io.Information)),
    }
}

/// `NtQueryVolumeInformationFile` of the volume that `file` is on.
pub(super) fn query_volume(
    file: BorrowedHandle<'_>,
    class: i32,
    into: &mut Buffer,
) -> Result<usize> {
    let mut io = IO_STATUS_BLOCK::default();
    let len = into.len() as u32;
    // SAFETY: as in `query_file`.
    nt_done(unsafe {
        nt::NtQueryVolumeInformationFile(
            file.as_raw_handle(),
            &mut io,
            into.bytes_mut().as_mut_ptr().cast(),
            len,
            class,
        )
    })?;
    Ok(io.Information)
}

/// `DeviceIoControl`, synchronous; gives the number of bytes put into `output`.
pub(super) fn control(
    file: BorrowedHandle<'_>,
    code: u32,
    input: &[u8],
    output: &mut Buffer,
) -> Result<usize> {
    let input = (!input.is_empty()).then(|| (Buffer::from_bytes(input), input.len() as u32));
    let (from, from_len) = input.as_ref().map_or((null(), 0), |(data, len)| {
        (data.bytes(usize::MAX).as_ptr(), *len)
    });
    let (to, to_len) = match output.len() as u32 {
        0 => (null_mut(), 0),
        len => (output.bytes_mut().as_mut_ptr(), len),
    };
    let mut filled = 0;
    // SAFETY: both buffers are live and as long as said, or null with length 0; none of the codes used
    // takes pointers inside its data; no OVERLAPPED, so nothing is written after the return.
    done(unsafe {
        DeviceIoControl(
            file.as_raw_handle(),
            code,
            from.cast::<c_void>(),
            from_len,
            to.cast::<c_void>(),
            to_len,
            &mut filled,
            null_mut(),
        )
    })?;
    Ok(filled as usize)
}

/// `CreateSymbolicLinkW`.
pub(super) fn create_symbolic_link(link: &[u16], target: &[u16], flags: u32) -> Result<()> {
    let (link, target) = (wide(link)?, wide(target)?);
    // SAFETY: both texts are live and end with NUL.
    let made = unsafe { fs::CreateSymbolicLinkW(link.as_ptr(), target.as_ptr(), flags) };
    if made { Ok(()) } else { Err(last_error()) }
}

/// `GetFinalPathNameByHandleW`; `flags` are `FILE_NAME_*` and `VOLUME_NAME_*`.
pub(super) fn final_path(file: BorrowedHandle<'_>, flags: u32) -> Result<Vec<u16>> {
    // SAFETY: the buffer that `fill_text` hands in is live and as long as said.
    fill_text(|to, len| unsafe {
        fs::GetFinalPathNameByHandleW(file.as_raw_handle(), to, len, flags)
    })
}

/// Calls that give the length of a text, or the length they need where the buffer is too small.
fn fill_text(call: impl Fn(*mut u16, u32) -> u32) -> Result<Vec<u16>> {
    let mut units = vec![0u16; 512];
    loop {
        let len = call(units.as_mut_ptr(), units.len() as u32) as usize;
        match len {
            0 => return Err(last_error()),
            _ if len < units.len() => {
                units.truncate(len);
                return Ok(units);
            }
            _ if len > 0x1_0000 => return Err(Win32Error::FILENAME_EXCED_RANGE),
            _ => units.resize(len + 1, 0),
        }
    }
}

/// `FindFirstFileNameW` and its successors: every name of the file at `path`, each from the volume's
/// root (`\dir\name`).
pub(super) fn file_names(path: &[u16]) -> Result<Vec<Vec<u16>>> {
    let path = wide(path)?;
    let mut name = vec![0u16; 0x8000];
    let mut len = name.len() as u32;
    // SAFETY: the path ends with NUL; the buffer is live and `len` units long.
    let search = unsafe { fs::FindFirstFileNameW(path.as_ptr(), 0, &mut len, name.as_mut_ptr()) };
    if search == foundation::INVALID_HANDLE_VALUE {
        return Err(last_error());
    }
    let mut names = vec![until_nul(&name)];
    let end = loop {
        len = name.len() as u32;
        // SAFETY: the search is open until `FindClose` below; the buffer is as above.
        if unsafe { fs::FindNextFileNameW(search, &mut len, name.as_mut_ptr()) } == 0 {
            break last_error();
        }
        names.push(until_nul(&name));
    };
    // SAFETY: the search is open and is not used after this.
    unsafe { fs::FindClose(search) };
    match end {
        Win32Error::HANDLE_EOF => Ok(names),
        other => Err(other),
    }
}

/// `SetVolumeMountPointW`: `volume` is `\\?\Volume{GUID}\`, `dir` ends with `\`.
pub(super) fn set_volume_mount_point(dir: &[u16], volume: &[u16]) -> Result<()> {
    let (dir, volume) = (wide(dir)?, wide(volume)?);
    // SAFETY: both texts are live and end with NUL.
    done(unsafe { fs::SetVolumeMountPointW(dir.as_ptr(), volume.as_ptr()) })
}

/// `DeleteVolumeMountPointW`: `dir` ends with `\`; the directory stays.
pub(super) fn delete_volume_mount_point(dir: &[u16]) -> Result<()> {
    let dir = wide(dir)?;
    // SAFETY: the text is live and ends with NUL.
    done(unsafe { fs::DeleteVolumeMountPointW(dir.as_ptr()) })
}

/// `GetVolumePathNameW`: the mount point or drive that `path` is on, with a `\` at its end.
pub(super) fn volume_path(path: &[u16]) -> Result<Vec<u16>> {
    let path = wide(path)?;
    let mut to = vec![0u16; 0x8000];
    // SAFETY: the path ends with NUL; the buffer is live and as long as said.
    done(unsafe { fs::GetVolumePathNameW(path.as_ptr(), to.as_mut_ptr(), to.len() as u32) })?;
    Ok(until_nul(&to))
}

/// `GetVolumeNameForVolumeMountPointW`: `\\?\Volume{GUID}\` of a drive (`C:\`) or mount point.
pub(super) fn volume_name(mount: &[u16]) -> Result<Vec<u16>> {
    let mount = wide(mount)?;
    let mut to = vec![0u16; 64];
    // SAFETY: the path ends with NUL; the buffer is live and as long as said.
    done(unsafe {
        fs::GetVolumeNameForVolumeMountPointW(mount.as_ptr(), to.as_mut_ptr(), to.len() as u32)
    })?;
    Ok(until_nul(&to))
}

/// `GetDriveTypeW` of a root such as `C:\`: `DRIVE_FIXED`, `DRIVE_REMOTE`, …
pub(super) fn drive_type(root: &[u16]) -> Result<u32> {
    let root = wide(root)?;
    // SAFETY: the text is live and ends with NUL.
    Ok(unsafe { fs::GetDriveTypeW(root.as_ptr()) })
}

/// `GetLogicalDrives`: bit 0 is `A:`.
pub(super) fn logical_drives() -> u32 {
    // SAFETY: it takes nothing and gives a number.
    unsafe { fs::GetLogicalDrives() }
}

/// `QueryDosDeviceW`: what a device name such as `C:` stands for now.
pub(super) fn dos_device(name: &[u16]) -> Result<Vec<u16>> {
    let name = wide(name)?;
    let mut to = vec![0u16; 0x8000];
    // SAFETY: the name ends with NUL; the buffer is live and as long as said.
    match unsafe { fs::QueryDosDeviceW(name.as_ptr(), to.as_mut_ptr(), to.len() as u32) } {
        0 => Err(last_error()),
        _ => Ok(until_nul(&to)),
    }
}

/// `RegGetValueW`: a `REG_DWORD` below `HKEY_LOCAL_MACHINE`.
pub(super) fn machine_dword(key: &[u16], value: &[u16]) -> Result<u32> {
    let (key, value) = (wide(key)?, wide(value)?);
    let mut data = 0u32;
    let mut len = size_of::<u32>() as u32;
    // SAFETY: both texts end with NUL; `data` is live and `len` bytes long; the type may be null.
    let code = unsafe {
        registry::RegGetValueW(
            registry::HKEY_LOCAL_MACHINE,
            key.as_ptr(),
            value.as_ptr(),
            registry::RRF_RT_REG_DWORD,
            null_mut(),
            (&raw mut data).cast(),
            &mut len,
        )
    };
    if code == 0 {
        Ok(data)
    } else {
        Err(Win32Error(code))
    }
}

/// `OpenProcessToken` of this process.
pub(super) fn process_token(access: u32) -> Result<OwnedHandle> {
    let mut token = null_mut();
    // SAFETY: the process's pseudo handle needs no closing; `token` is a live local.
    done(unsafe {
        threading::OpenProcessToken(threading::GetCurrentProcess(), access, &mut token)
    })?;
    // SAFETY: the call succeeded, so the handle is open and ours alone.
    Ok(unsafe { OwnedHandle::from_raw_handle(token) })
}

/// `GetTokenInformation`: fills `into`, gives the number of bytes.
pub(super) fn token_info(
    token: BorrowedHandle<'_>,
    class: i32,
    into: &mut Buffer,
) -> Result<usize> {
    let mut filled = 0;
    let len = into.len() as u32;
    let to = into.bytes_mut().as_mut_ptr().cast();
    // SAFETY: the buffer is live, writable and as long as said; what is put in is plain data as far as
    // the classes used go.
    done(unsafe {
        security::GetTokenInformation(token.as_raw_handle(), class, to, len, &mut filled)
    })?;
    Ok(filled as usize)
}

/// `LookupPrivilegeValueW`: the LUID of a privilege on this machine, low part first.
pub(super) fn privilege_luid(name: &[u16]) -> Result<u64> {
    let name = wide(name)?;
    let mut luid = foundation::LUID::default();
    // SAFETY: the name ends with NUL; `luid` is a live local; no system name means this machine.
    done(unsafe { security::LookupPrivilegeValueW(null(), name.as_ptr(), &mut luid) })?;
    Ok(u64::from(luid.LowPart) | (u64::from(luid.HighPart.unsigned_abs()) << 32))
}

/// `AdjustTokenPrivileges`: turns one privilege on; 1300 where the token does not have it.
pub(super) fn enable_privilege(token: BorrowedHandle<'_>, luid: u64) -> Result<()> {
    let state = security::TOKEN_PRIVILEGES {
        PrivilegeCount: 1,
        Privileges: [security::LUID_AND_ATTRIBUTES {
            Luid: foundation::LUID {
                LowPart: luid as u32,
                HighPart: (luid >> 32) as i32,
            },
            Attributes: security::SE_PRIVILEGE_ENABLED,
        }],
    };
    // SAFETY: `state` is a live local with as many privileges as it says; the rest may be null.
    done(unsafe {
        security::AdjustTokenPrivileges(
            token.as_handle().as_raw_handle(),
            0,
            &state,
            0,
            null_mut(),
            null_mut(),
        )
    })?;
    // It succeeds even where nothing was assigned; only the error code tells.
    match last_error() {
        Win32Error(0) => Ok(()),
        other => Err(other),
    }
}

/// `GetProcessMitigationPolicy` of this process for Redirection Guard: bit 0 enforced, bit 1 audited.
pub(super) fn redirection_trust_policy() -> Result<u32> {
    let mut flags = 0u32;
    // SAFETY: the policy's structure is one `u32` of flags; `flags` is a live local of that size.
    done(unsafe {
        threading::GetProcessMitigationPolicy(
            threading::GetCurrentProcess(),
            threading::ProcessRedirectionTrustPolicy,
            (&raw mut flags).cast(),
            size_of::<u32>(),
        )
    })?;
    Ok(flags)
}

/// `RtlGetVersion`: major, minor, build; it knows no compatibility mode, unlike `GetVersionExW`.
pub(super) fn version() -> Result<(u32, u32, u32)> {
    let mut info = windows_sys::Win32::System::SystemInformation::OSVERSIONINFOW {
        dwOSVersionInfoSize: size_of::<windows_sys::Win32::System::SystemInformation::OSVERSIONINFOW>(
        ) as u32,
        ..Default::default()
    };
    // SAFETY: the structure is a live local whose size field is set.
    nt_done(unsafe { windows_sys::Wdk::System::SystemServices::RtlGetVersion(&mut info) })?;
    Ok((info.dwMajorVersion, info.dwMinorVersion, info.dwBuildNumber))
}

/// Wine's version where this is Wine: it alone has `wine_get_version` in its ntdll.
pub(super) fn wine_version() -> Option<String> {
    let ntdll = wide(&"ntdll.dll".encode_utf16().collect::<Vec<_>>()).ok()?;
    // SAFETY: the name ends with NUL; ntdll is never unloaded.
    let module = unsafe { GetModuleHandleW(ntdll.as_ptr()) };
    // SAFETY: the module is loaded (or null, which finds nothing); the name ends with NUL.
    let found = unsafe { GetProcAddress(module, c"wine_get_version".as_ptr().cast()) }?;
    // SAFETY: Wine declares it as `const char *CDECL wine_get_version(void)`.
    let call: extern "C" fn() -> *const c_char = unsafe { std::mem::transmute(found) };
    let text = call();
    if text.is_null() {
        return None;
    }
    // SAFETY: Wine gives a static text that ends with NUL.
    Some(
        unsafe { CStr::from_ptr(text) }
            .to_string_lossy()
            .into_owned(),
    )
}

/// `GetCommandLineW`: the process's command line as it was given, quotes and all.
pub(super) fn command_line() -> Vec<u16> {
    // SAFETY: it takes nothing; the text lives as long as the process and ends with NUL.
    let mut at = unsafe { windows_sys::Win32::System::Environment::GetCommandLineW() };
    let mut line = Vec::new();
    if at.is_null() {
        return line;
    }
    loop {
        // SAFETY: `at` has not gone past the NUL.
        match unsafe { *at } {
            0 => return line,
            unit => line.push(unit),
        }
        // SAFETY: what was read was not the NUL, so there is a unit behind it.
        at = unsafe { at.add(1) };
    }
}
