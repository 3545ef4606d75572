//! Making links, and setting and clearing reparse data where a mount offers them.

use rustix::fs::{Mode, OFlags};

use super::apply::Undo;
use super::steps::{lacks, of_name};
use super::{PosixVolume, cause, last_name, raw, stat};
use crate::entry::Base;
use crate::path::{EntryPath, Name, NameError};
use crate::reparse::{ReparsePoint, ReparseTag};
use crate::volume::{Caps, Cause};

/// What cannot be held here, by name.
fn unsupported(tag: ReparseTag) -> Cause {
    Cause::Unsupported(match tag {
        ReparseTag::MOUNT_POINT => "junctions",
        ReparseTag::SYMLINK => "Windows symbolic links",
        _ => "reparse points",
    })
}

impl PosixVolume {
    pub(super) fn make_symlink(
        &self,
        at: &EntryPath,
        text: &[u8],
        done: &mut Vec<Undo>,
    ) -> Result<(), Cause> {
        let name = at.file_name().ok_or(Cause::Exists)?;
        check_text(text)?;
        let dir = self.open_parent(at)?;
        rustix::fs::symlinkat(text, &dir, name.as_bytes()).map_err(|e| match e {
            rustix::io::Errno::PERM if lacks(&dir, Caps::POSIX_SYMLINK) => {
                Cause::Unsupported("symbolic links")
            }
            _ => of_name(e, &name),
        })?;
        let id = stat::entry(&dir, Some(&name)).map_err(cause::of)?.id;
        done.push(Undo::Unlink(at.clone(), id));
        let back = rustix::fs::readlinkat(&dir, name.as_bytes(), Vec::new()).map_err(cause::of)?;
        if back.as_bytes() != text {
            return Err(Cause::ReadBack(back.to_string_lossy().into_owned()));
        }
        Ok(())
    }

    /// The object first, then its data; whoever looks in between sees an empty file or directory.
    pub(super) fn make_reparse(
        &self,
        at: &EntryPath,
        data: &ReparsePoint,
        dir: bool,
        done: &mut Vec<Undo>,
    ) -> Result<(), Cause> {
        let name = at.file_name().ok_or(Cause::Exists)?;
        let parent = self.open_parent(at)?;
        if !raw::offered(&parent) {
            return Err(unsupported(data.tag()));
        }
        let base = if dir { Base::Dir } else { Base::File };
        check_data(data, base)?;
        if dir {
            rustix::fs::mkdirat(&parent, name.as_bytes(), Mode::from_raw_mode(0o777))
                .map_err(|e| of_name(e, &name))?;
        } else {
            let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
            let mode = Mode::from_raw_mode(0o666);
            rustix::fs::openat(&parent, name.as_bytes(), flags, mode)
                .map_err(|e| of_name(e, &name))?;
        }
        let made = stat::entry(&parent, Some(&name)).map_err(cause::of)?;
        let set = raw::set(&parent, &name, data);
        // How it goes again depends on whether it became a link.
        let is_link = matches!(raw::data(&parent, &name), Ok(Some(_)));
        done.push(if dir && !is_link {
            Undo::RemoveDir(at.clone())
        } else {
            Undo::Unlink(at.clone(), made.id)
        });
        set
    }

    pub(super) fn set_reparse(
        &self,
        at: &EntryPath,
        data: &ReparsePoint,
        done: &mut Vec<Undo>,
    ) -> Result<(), Cause> {
        let (dir, name) = self.offering(at).map_err(|c| match c {
            Cause::Unsupported(_) => unsupported(data.tag()),
            other => other,
        })?;
        let entry = self.look(at)?;
        check_data(data, entry.base)?;
        let old = raw::data(&dir, &name)?;
        match &old {
            // ERROR_REPARSE_TAG_MISMATCH: one kind of link does not become another in place.
            Some(old) if old.tag() != data.tag() => return Err(Cause::Win32(4394)),
            Some(_) => {}
            None if entry.size > 0 => return Err(Cause::HasContents),
            None if entry.base == Base::Dir && self.has_entries(at)? => {
                return Err(Cause::NotEmpty);
            }
            None => {}
        }
        done.push(Undo::Reparse(at.clone(), old));
        raw::set(&dir, &name, data)
    }

    pub(super) fn clear_reparse(&self, at: &EntryPath, done: &mut Vec<Undo>) -> Result<(), Cause> {
        let (dir, name) = self.offering(at)?;
        self.look(at)?;
        let old = raw::data(&dir, &name)?.ok_or(Cause::NotALink)?;
        done.push(Undo::Reparse(at.clone(), Some(old)));
        raw::clear(&dir, &name)
    }

    /// Sets data back as they were.
    pub(super) fn put_reparse_back(
        &self,
        at: &EntryPath,
        old: Option<&ReparsePoint>,
    ) -> Result<(), Cause> {
        let (dir, name) = self.offering(at)?;
        match old {
            Some(old) => raw::set(&dir, &name, old)?,
            None if raw::data(&dir, &name)?.is_some() => raw::clear(&dir, &name)?,
            None => {}
        }
        raw::settle(&dir, &name);
        Ok(())
    }

    fn offering(&self, at: &EntryPath) -> Result<(super::walk::Dir<'_>, Name), Cause> {
        let name = last_name(at)?;
        let dir = self.open_parent(at)?;
        if !raw::offered(&dir) {
            return Err(Cause::Unsupported("reparse points"));
        }
        Ok((dir, name))
    }

    fn has_entries(&self, at: &EntryPath) -> Result<bool, Cause> {
        let mut any = false;
        self.list(at, &mut |_| {
            any = true;
            std::ops::ControlFlow::Break(())
        })?;
        Ok(any)
    }
}

fn check_text(text: &[u8]) -> Result<(), NameError> {
    match text {
        [] => Err(NameError::Empty),
        _ if text.contains(&0) => Err(NameError::Character("a NUL")),
        _ if text.len() >= super::walk::PATH_MAX => Err(NameError::TooLong(text.len())),
        _ => Ok(()),
    }
}

fn check_data(data: &ReparsePoint, base: Base) -> Result<(), Cause> {
    if data.tag() == ReparseTag::MOUNT_POINT && base != Base::Dir {
        return Err(Cause::NotADirectory);
    }
    Ok(data.check_settable()?)
}
