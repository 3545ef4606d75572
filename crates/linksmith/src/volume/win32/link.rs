//! Making links and changing what they say.

use windows_sys::Win32::Security as security;
use windows_sys::Win32::Storage::FileSystem as fs;

use super::handle::Handle;
use super::open::{LOOK, Make, reopen};
use super::sys;
use super::volume::Win32Volume;
use crate::entry::FileId;
use crate::path::EntryPath;
use crate::reparse::{ReparsePoint, ReparseTag, View};
use crate::volume::{Caps, Cause};
use crate::win32_error::Win32Error;

/// The rights to set reparse data and to take the object away again if that fails.
const MAKE: u32 = LOOK | fs::FILE_WRITE_DATA | fs::FILE_WRITE_ATTRIBUTES | fs::DELETE;

impl Win32Volume {
    /// Makes a file or directory with reparse data: one call makes *and* opens it, the data are set by
    /// that handle, read back by it, and if anything fails it is deleted by it. There is no moment at
    /// which another could slip in, and no stray directory.
    pub(super) fn make_link(
        &self,
        at: &EntryPath,
        point: &ReparsePoint,
        dir: bool,
    ) -> Result<Handle, Cause> {
        check(point, dir)?;
        let handle = match volume_of_mount_point(point) {
            Some(volume) => self.make_for_mount_point(at, &volume)?,
            None => self.make(at, if dir { Make::Dir } else { Make::File }, MAKE)?,
        };
        match self.set_and_read_back(&handle, point, at) {
            Ok(()) => Ok(handle),
            Err(cause) => {
                // The failure counts, not that of taking the rest of it away.
                let _ = handle.delete();
                drop(handle);
                match cause {
                    Cause::Privilege if point.tag() == ReparseTag::SYMLINK => {
                        self.make_unprivileged(at, point, dir)
                    }
                    other => Err(other),
                }
            }
        }
    }

    /// A directory that the mount manager knows as the place of a volume. Only an administrator may tell it;
    /// without that the reparse data, which come next in any case, do the same.
    ///
    /// The manager opens the directory itself and shares no deleting, so it is told while nothing is held
    /// but a look.
    fn make_for_mount_point(&self, at: &EntryPath, volume: &[u16]) -> Result<Handle, Cause> {
        let error = |code| self.cause(code, at);
        let look = self.make(at, Make::Dir, LOOK)?;
        if let Ok(dir) = look.path() {
            let _ = sys::set_volume_mount_point(&with_backslash(dir), volume);
        }
        reopen(&look, MAKE).map_err(|code| {
            // The failure counts, not that of taking the rest of it away.
            let _ = look.id().and_then(|id| self.delete_if(at, id));
            error(code)
        })
    }

    /// Removes an entry if it is still the one with this id.
    fn delete_if(&self, at: &EntryPath, id: FileId) -> sys::Result<()> {
        let handle = self.open_to_delete(at)?;
        if handle.id()? == id {
            return handle.delete();
        }
        Ok(())
    }

    fn set_and_read_back(
        &self,
        handle: &Handle,
        point: &ReparsePoint,
        at: &EntryPath,
    ) -> Result<(), Cause> {
        set(handle, point.as_bytes())
            .map_err(|code| self.reparse_cause(code, at, Some(point.as_bytes())))?;
        self.read_back(handle, point, at)
    }

    /// A volume mount point that goes is told to the mount manager, which keeps a list of its own. Only an
    /// administrator may tell it; the reparse data go with the directory in any case. The manager shares no
    /// deleting, so the handle is let go meanwhile; what comes back is the same object, or an error.
    pub(super) fn forget_mount_point(
        &self,
        at: &EntryPath,
        handle: Handle,
    ) -> Result<Handle, Cause> {
        if !is_volume_mount_point(&handle) {
            return Ok(handle);
        }
        let error = |code| self.cause(code, at);
        let (id, path) = (handle.id().map_err(error)?, handle.path());
        drop(handle);
        if let Ok(path) = path {
            let _ = sys::delete_volume_mount_point(&with_backslash(path));
        }
        let again = self.open_to_delete(at).map_err(error)?;
        if again.id().map_err(error)? != id {
            let why = "another entry has taken its place";
            return Err(Cause::ReadBack(why.to_owned()));
        }
        Ok(again)
    }

    /// The system's word is not enough: Wine before 10.20 says that it made a symbolic link and makes
    /// none, and a filter driver may put its own data there.
    fn read_back(
        &self,
        handle: &Handle,
        point: &ReparsePoint,
        at: &EntryPath,
    ) -> Result<(), Cause> {
        match handle
            .reparse_data()
            .map_err(|code| self.reparse_cause(code, at, Some(point.as_bytes())))?
        {
            Some(data) if data == point.as_bytes() => Ok(()),
            Some(data) => Err(Cause::ReadBack(format!(
                "{} other bytes are there",
                data.len()
            ))),
            None => Err(Cause::ReadBack(
                "the system made no reparse point".to_owned(),
            )),
        }
    }

    /// `CreateSymbolicLinkW` with the flag that Developer Mode honours: the ioctl knows no such leave.
    /// It takes the target as Win32 spells it and writes the buffer itself, so names are compared after
    /// it and not bytes.
    fn make_unprivileged(
        &self,
        at: &EntryPath,
        point: &ReparsePoint,
        dir: bool,
    ) -> Result<Handle, Cause> {
        let target = symlink_target(point).ok_or(Cause::Privilege)?;
        // The directory's handle stays open: its path cannot change before the call has used it.
        let (parent, name) = self.parent_and_name(at)?;
        let mut link = with_backslash(parent.path().map_err(|code| self.cause(code, at))?);
        link.extend(name);
        let kind = if dir {
            fs::SYMBOLIC_LINK_FLAG_DIRECTORY
        } else {
            0
        };
        let unprivileged = fs::SYMBOLIC_LINK_FLAG_ALLOW_UNPRIVILEGED_CREATE;
        match sys::create_symbolic_link(&link, &target, kind | unprivileged) {
            // Windows before 1703 does not know the flag.
            Err(Win32Error::INVALID_PARAMETER) => sys::create_symbolic_link(&link, &target, kind),
            other => other,
        }
        .map_err(|code| self.reparse_cause(code, at, Some(point.as_bytes())))?;
        self.check_unprivileged(at, point)
    }

    fn check_unprivileged(&self, at: &EntryPath, point: &ReparsePoint) -> Result<Handle, Cause> {
        let handle = self.open_to_delete(at).map_err(|code| match code {
            Win32Error::FILE_NOT_FOUND => Cause::ReadBack("the system made nothing".to_owned()),
            other => self.cause(other, at),
        })?;
        let data = handle
            .reparse_data()
            .map_err(|code| self.reparse_cause(code, at, Some(point.as_bytes())))?;
        let made = data.and_then(|data| ReparsePoint::from_bytes(data).ok());
        let made = made.filter(|made| made.tag() == ReparseTag::SYMLINK);
        if made.as_ref().and_then(|made| made.view().ok()) == point.view().ok() {
            return Ok(handle);
        }
        if made.is_some() {
            // Only what is a symbolic link is taken away: anything else was not made here.
            let _ = handle.delete();
        }
        Err(Cause::ReadBack(
            "the system made another link than was asked for".to_owned(),
        ))
    }

    /// Sets, replaces or takes off reparse data in place; the object keeps its times, attributes and
    /// security. Gives what was there before.
    pub(super) fn put_reparse(
        &self,
        at: &EntryPath,
        data: Option<&[u8]>,
    ) -> Result<Option<Vec<u8>>, Cause> {
        let error = |code| self.reparse_cause(code, at, data);
        let handle = self
            .open_at(at, LOOK | fs::FILE_WRITE_ATTRIBUTES)
            .map_err(|code| self.cause(code, at))?;
        let basic = handle.basic().map_err(error)?;
        let before = handle.reparse_data().map_err(error)?;
        let standard = handle.standard().map_err(error)?;
        if before.is_none() && !standard.directory && standard.size > 0 {
            return Err(Cause::HasContents);
        }
        let Some(data) = data else {
            let held = self
                .info
                .caps
                .intersects(Caps::REPARSE | Caps::SYMLINK | Caps::JUNCTION);
            let none = if held {
                Cause::NotALink
            } else {
                unsupported(None)
            };
            let old = before.as_deref().ok_or(none)?;
            handle.delete_reparse_data(old).map_err(error)?;
            handle.set_basic(basic.times, None).map_err(error)?;
            return Ok(before);
        };
        check(&ReparsePoint::from_bytes(data)?, standard.directory)?;
        set(&handle, data).map_err(error)?;
        let now = handle.reparse_data().map_err(error)?;
        if now.as_deref() != Some(data) {
            return Err(Cause::ReadBack("other reparse data are there".to_owned()));
        }
        handle.set_basic(basic.times, None).map_err(error)?;
        Ok(before)
    }

    /// `data` are those that were to be set.
    fn reparse_cause(&self, code: Win32Error, at: &EntryPath, data: Option<&[u8]>) -> Cause {
        match code {
            Win32Error::INVALID_FUNCTION | Win32Error::NOT_SUPPORTED => unsupported(data),
            other => self.cause(other, at),
        }
    }
}

/// Sets reparse data. Those of another tag are not replaced: the file system says 4394, and a link does not
/// become one of another kind in place.
fn set(handle: &Handle, data: &[u8]) -> sys::Result<()> {
    match handle.set_reparse_data(data) {
        Err(Win32Error::PRIVILEGE_NOT_HELD) if enable_symlink_privilege().is_ok() => {
            handle.set_reparse_data(data)
        }
        other => other,
    }
}

/// What Windows would not store, or not there: found out before anything is made.
fn check(point: &ReparsePoint, dir: bool) -> Result<(), Cause> {
    if point.tag() == ReparseTag::MOUNT_POINT && !dir {
        return Err(Cause::NotADirectory);
    }
    Ok(point.check_settable()?)
}

/// What a file system that knows no such data lacks.
fn unsupported(data: Option<&[u8]>) -> Cause {
    let tag = data
        .and_then(|data| data.first_chunk().copied())
        .map(u32::from_le_bytes);
    Cause::Unsupported(match tag.map(ReparseTag) {
        Some(ReparseTag::SYMLINK) => "Windows symbolic links",
        Some(ReparseTag::MOUNT_POINT) => "junctions",
        _ => "reparse points",
    })
}

fn is_volume_mount_point(handle: &Handle) -> bool {
    let data = handle.reparse_data().ok().flatten();
    let point = data.and_then(|data| ReparsePoint::from_bytes(data).ok());
    point.as_ref().and_then(volume_of_mount_point).is_some()
}

/// Turns on `SeCreateSymbolicLinkPrivilege`: an administrator has it, but not enabled.
fn enable_symlink_privilege() -> sys::Result<()> {
    use std::os::windows::io::AsHandle;
    let name: Vec<u16> = "SeCreateSymbolicLinkPrivilege".encode_utf16().collect();
    let token = sys::process_token(security::TOKEN_QUERY | security::TOKEN_ADJUST_PRIVILEGES)?;
    sys::enable_privilege(token.as_handle(), sys::privilege_luid(&name)?)
}

fn with_backslash(mut path: Vec<u16>) -> Vec<u16> {
    if path.last() != Some(&u16::from(b'\\')) {
        path.push(u16::from(b'\\'));
    }
    path
}

/// The target as `CreateSymbolicLinkW` takes it: what people are shown, else where it leads in Win32's
/// spelling.
fn symlink_target(point: &ReparsePoint) -> Option<Vec<u16>> {
    let view = point
        .view()
        .ok()
        .filter(|view| matches!(view, View::Symlink { .. }))?;
    let target = view.print().or_else(|| Some(view.target()?.to_win32()))?;
    target.to_utf16().ok()
}

/// `\\?\Volume{GUID}\` of a volume mount point's data, as `SetVolumeMountPointW` takes it.
fn volume_of_mount_point(point: &ReparsePoint) -> Option<Vec<u16>> {
    let view = point.view().ok().filter(View::is_volume_mount_point)?;
    view.target()?.to_win32().to_utf16().ok()
}
