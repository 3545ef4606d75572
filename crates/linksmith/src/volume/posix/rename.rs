//! Renaming that never replaces a real directory, and never anything unasked.

use rustix::io::Errno;

use super::apply::Undo;
use super::steps::of_name;
use super::{PosixVolume, last_name};
use crate::entry::Entry;
use crate::path::EntryPath;
use crate::volume::Cause;

impl PosixVolume {
    pub(super) fn rename(
        &self,
        from: &EntryPath,
        to: &EntryPath,
        replace: bool,
        last: bool,
        done: &mut Vec<Undo>,
    ) -> Result<(), Cause> {
        let entry = self.look(from)?;
        if from == to {
            return Ok(());
        }
        if entry.is_real_dir() && to.starts_with(from) {
            return Err(Cause::BelowItself);
        }
        let taken = match self.look(to) {
            Ok(_) if !replace => return Err(Cause::Exists),
            Ok(there) if there.is_real_dir() => return Err(Cause::IsADirectory),
            Ok(there) => Some(there),
            Err(Cause::NotFound) => None,
            Err(cause) => return Err(cause),
        };
        match taken {
            Some(there) => self.rename_over(from, &entry, to, &there, last, done),
            None => {
                self.rename_to_free(from, to)?;
                done.push(Undo::Rename {
                    from: to.clone(),
                    to: from.clone(),
                });
                Ok(())
            }
        }
    }

    /// Renames onto a file or link that gives way.
    fn rename_over(
        &self,
        from: &EntryPath,
        entry: &Entry,
        to: &EntryPath,
        there: &Entry,
        last: bool,
        done: &mut Vec<Undo>,
    ) -> Result<(), Cause> {
        if entry.id == there.id {
            // Two names of one file: rename(2) would do nothing and say it had.
            self.unlink(from)?;
            done.push(Undo::Link {
                existing: to.clone(),
                new: from.clone(),
            });
            return Ok(());
        }
        if last && !entry.is_real_dir() {
            return self.rename_replacing(from, to);
        }
        // So that it can be put back, and because a directory cannot take a file's place in one call.
        let aside = self.set_aside(to)?;
        done.push(Undo::Restore {
            aside,
            at: to.clone(),
        });
        let renamed = self.rename_to_free(from, to);
        if renamed.is_ok() {
            done.push(Undo::Rename {
                from: to.clone(),
                to: from.clone(),
            });
        }
        renamed
    }

    /// `rename(2)` of what is no directory: the system itself refuses to replace one then.
    fn rename_replacing(&self, from: &EntryPath, to: &EntryPath) -> Result<(), Cause> {
        let (name, new) = (last_name(from)?, last_name(to)?);
        let (dir, new_dir) = (self.open_parent(from)?, self.open_parent(to)?);
        rustix::fs::renameat(&dir, name.as_bytes(), &new_dir, new.as_bytes())
            .map_err(|e| of_name(e, &new))
    }

    /// Renames to a name that is free, and fails with [`Cause::Exists`] where it is not.
    pub(super) fn rename_to_free(&self, from: &EntryPath, to: &EntryPath) -> Result<(), Cause> {
        let (name, new) = (last_name(from)?, last_name(to)?);
        let (dir, new_dir) = (self.open_parent(from)?, self.open_parent(to)?);
        match rename_no_replace(&dir, name.as_bytes(), &new_dir, new.as_bytes()) {
            // The file system does not know the flag, or the flag says that the move is into itself.
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => self.rename_checked(from, to),
            done => done.map_err(|e| of_name(e, &new)),
        }
    }

    /// Where the system cannot rename only to a free name: by a second name for what is no directory,
    /// else after a look, which another program can come in between with no more than an empty
    /// directory to lose.
    fn rename_checked(&self, from: &EntryPath, to: &EntryPath) -> Result<(), Cause> {
        if to != from && to.starts_with(from) {
            return Err(Cause::BelowItself);
        }
        let entry = self.look(from)?;
        if !entry.is_real_dir() && self.link_name(from, to).is_ok() {
            return self.unlink(from);
        }
        match self.look(to) {
            Ok(_) => Err(Cause::Exists),
            Err(Cause::NotFound) => {
                let (name, new) = (last_name(from)?, last_name(to)?);
                let (dir, new_dir) = (self.open_parent(from)?, self.open_parent(to)?);
                rustix::fs::renameat(&dir, name.as_bytes(), &new_dir, new.as_bytes())
                    .map_err(|e| of_name(e, &new))
            }
            Err(cause) => Err(cause),
        }
    }
}

#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
fn rename_no_replace(
    dir: impl std::os::fd::AsFd,
    name: &[u8],
    new_dir: impl std::os::fd::AsFd,
    new: &[u8],
) -> rustix::io::Result<()> {
    rustix::fs::renameat_with(dir, name, new_dir, new, rustix::fs::RenameFlags::NOREPLACE)
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
fn rename_no_replace(
    _: impl std::os::fd::AsFd,
    _: &[u8],
    _: impl std::os::fd::AsFd,
    _: &[u8],
) -> rustix::io::Result<()> {
    Err(Errno::NOSYS)
}
