//! Each step as system calls on open directories.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;

use rustix::fs::{AtFlags, Gid, Mode, OFlags, Timespec, Timestamps, UTIME_OMIT, Uid};
use rustix::io::Errno;

use super::apply::Undo;
use super::{PosixVolume, cause, last_name, stat};
use crate::entry::{Base, Entry, FileTime, LinkText, Times};
use crate::path::{EntryPath, Name, NameError};
use crate::plan::{Source, Step};
use crate::volume::{Caps, Cause, Sources};

/// What a directory has that `mkdir` does not give it back by itself.
#[derive(Debug)]
pub(super) struct DirMeta {
    mode: Mode,
    owner: (Uid, Gid),
    times: Times,
}

/// The cause of an error about a name that was to be made.
pub(super) fn of_name(errno: Errno, name: &Name) -> Cause {
    match errno {
        Errno::NAMETOOLONG => Cause::Name(NameError::TooLong(name.as_bytes().len())),
        other => cause::of(other),
    }
}

impl PosixVolume {
    /// Does one step and notes how to take it back.
    pub(super) fn step(
        &self,
        step: &Step,
        last: bool,
        sources: &dyn Sources,
        done: &mut Vec<Undo>,
    ) -> Result<(), Cause> {
        match step {
            Step::MakeDir { at } => self.make_dir(at, done),
            Step::MakeDirLike { at, like } => {
                self.make_dir(at, done)?;
                self.open_as_far_as(at, like)
            }
            Step::MakeFile { at, contents } => {
                let write = &mut |file: &mut File| file.write_all(contents).map_err(of_io);
                self.make_file(at, write, done)
            }
            Step::CopyFile {
                attributes: Some(_),
                ..
            } => Err(Cause::Unsupported("attribute flags")),
            Step::CopyFile {
                at, from, times, ..
            } => {
                let write = &mut |file: &mut File| self.copy_into(file, from, sources);
                self.make_file(at, write, done)?;
                self.set_times(at, times)
            }
            Step::WriteFile { at, contents } => self.write_file(at, contents, done),
            Step::MakeLink { at, link, dir } => match link {
                LinkText::Posix(text) => self.make_symlink(at, text, done),
                LinkText::Reparse(data) => self.make_reparse(at, data, *dir, done),
            },
            Step::SetReparse { at, data } => self.set_reparse(at, data, done),
            Step::ClearReparse { at } => self.clear_reparse(at, done),
            Step::HardLink { existing, new } => self.hard_link(existing, new, done),
            Step::Rename { from, to, replace } => self.rename(from, to, *replace, last, done),
            Step::Remove { at } => self.remove(at, last, done),
            Step::SetMeta {
                attributes: Some(_),
                ..
            } => Err(Cause::Unsupported("attribute flags")),
            Step::SetMeta { at, times, .. } => {
                let old = self.look(at)?.times;
                self.set_times(at, times)?;
                done.push(Undo::Times(at.clone(), old));
                Ok(())
            }
        }
    }

    fn make_dir(&self, at: &EntryPath, done: &mut Vec<Undo>) -> Result<(), Cause> {
        let name = at.file_name().ok_or(Cause::Exists)?;
        let dir = self.open_parent(at)?;
        rustix::fs::mkdirat(&dir, name.as_bytes(), Mode::from_raw_mode(0o777))
            .map_err(|e| of_name(e, &name))?;
        done.push(Undo::RemoveDir(at.clone()));
        Ok(())
    }

    /// What nobody else may enter or list stays so. Its owner may write into it all the same: it has to be filled.
    fn open_as_far_as(&self, at: &EntryPath, like: &EntryPath) -> Result<(), Cause> {
        let mode = rustix::fs::fstat(self.open_dir(like)?)
            .map_err(cause::of)?
            .st_mode;
        let mode = Mode::from_raw_mode(mode & 0o777 | 0o700);
        rustix::fs::fchmod(self.open_dir_with(at, OFlags::RDONLY)?, mode).map_err(cause::of)
    }

    fn make_file(
        &self,
        at: &EntryPath,
        write: &mut dyn FnMut(&mut File) -> Result<(), Cause>,
        done: &mut Vec<Undo>,
    ) -> Result<(), Cause> {
        let name = at.file_name().ok_or(Cause::Exists)?;
        let dir = self.open_parent(at)?;
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let file = rustix::fs::openat(&dir, name.as_bytes(), flags, Mode::from_raw_mode(0o666))
            .map_err(|e| of_name(e, &name))?;
        let id = stat::entry(&file, None).map_err(cause::of)?.id;
        done.push(Undo::Unlink(at.clone(), id));
        write(&mut File::from(file)).inspect_err(|_| {
            // The file without its contents is not what was asked for.
            if let Some(Undo::Unlink(at, _)) = done.pop() {
                let _ = self.unlink(&at);
            }
        })
    }

    /// Piece by piece.
    fn copy_into(
        &self,
        file: &mut File,
        from: &Source,
        sources: &dyn Sources,
    ) -> Result<(), Cause> {
        let take = &mut |reader: &mut dyn io::Read| {
            io::copy(reader, file).map_err(of_io)?;
            Ok(())
        };
        match from.drive {
            Some(_) => sources.read(from, take),
            None => {
                from.read_from(self, take)?;
                // A program stays one, and what nobody else may read does too.
                let mode = rustix::fs::fstat(self.open_file(&from.at)?)
                    .map_err(cause::of)?
                    .st_mode;
                let mode = Mode::from_raw_mode(mode & 0o777);
                rustix::fs::fchmod(&*file, mode).map_err(cause::of)
            }
        }
    }

    fn hard_link(
        &self,
        existing: &EntryPath,
        new: &EntryPath,
        done: &mut Vec<Undo>,
    ) -> Result<(), Cause> {
        let file = self.look(existing)?;
        if file.base == Base::Dir {
            return Err(Cause::IsADirectory);
        }
        self.link_name(existing, new).map_err(|c| match c {
            Cause::Io(e) if e.raw_os_error() == Some(Errno::MLINK.raw_os_error()) => {
                let limit = file.links.unwrap_or(u32::MAX);
                Cause::TooManyLinks { limit }
            }
            other => other,
        })?;
        done.push(Undo::Unlink(new.clone(), file.id));
        Ok(())
    }

    /// Another name for a file; a symbolic link itself, never what it leads to.
    pub(super) fn link_name(&self, existing: &EntryPath, new: &EntryPath) -> Result<(), Cause> {
        let from = last_name(existing)?;
        let to = new.file_name().ok_or(Cause::Exists)?;
        let from_dir = self.open_parent(existing)?;
        let to_dir = self.open_parent(new)?;
        let (from, name) = (from.as_bytes(), to.as_bytes());
        rustix::fs::linkat(&from_dir, from, &to_dir, name, AtFlags::empty()).map_err(|e| match e {
            Errno::PERM if lacks(&to_dir, Caps::HARD_LINK) => Cause::Unsupported("hard links"),
            _ => of_name(e, &to),
        })
    }

    fn remove(&self, at: &EntryPath, last: bool, done: &mut Vec<Undo>) -> Result<(), Cause> {
        last_name(at)?;
        let entry = self.look(at)?;
        // The system knows a directory with reparse data as a symbolic link.
        if entry.is_real_dir() && entry.tag.is_none() {
            let meta = self.dir_meta(at, &entry)?;
            self.remove_dir_with_asides(at, done)?;
            done.push(Undo::MakeDir(at.clone(), meta));
            return Ok(());
        }
        if last {
            return self.unlink(at);
        }
        let aside = self.set_aside(at)?;
        let at = at.clone();
        done.push(Undo::Restore { aside, at });
        Ok(())
    }

    pub(super) fn remove_dir(&self, at: &EntryPath) -> Result<(), Cause> {
        let name = last_name(at)?;
        let dir = self.open_parent(at)?;
        rustix::fs::unlinkat(&dir, name.as_bytes(), AtFlags::REMOVEDIR).map_err(|e| match e {
            // POSIX allows either.
            Errno::EXIST => Cause::NotEmpty,
            other => cause::of(other),
        })
    }

    fn dir_meta(&self, at: &EntryPath, entry: &Entry) -> Result<DirMeta, Cause> {
        let dir = self.open_dir(at)?;
        let stat = rustix::fs::fstat(&dir).map_err(cause::of)?;
        Ok(DirMeta {
            mode: Mode::from_raw_mode(stat.st_mode),
            owner: (Uid::from_raw(stat.st_uid), Gid::from_raw(stat.st_gid)),
            times: entry.times,
        })
    }

    pub(super) fn make_dir_again(&self, at: &EntryPath, meta: &DirMeta) -> Result<(), Cause> {
        self.make_dir(at, &mut Vec::new())?;
        let dir = self.open_dir_with(at, OFlags::RDONLY)?;
        let (user, group) = meta.owner;
        // Only where it differs is a right needed for this.
        let _ = rustix::fs::fchown(&dir, Some(user), Some(group));
        rustix::fs::fchmod(&dir, meta.mode).map_err(cause::of)?;
        self.set_times(at, &meta.times)
    }

    /// Sets the times that are not 0. When an entry was made no POSIX call can set.
    pub(super) fn set_times(&self, at: &EntryPath, times: &Times) -> Result<(), Cause> {
        let spec = |time: FileTime| {
            let (tv_sec, nanos) = time.to_unix();
            let tv_nsec = if time.0 == 0 {
                UTIME_OMIT
            } else {
                nanos.into()
            };
            Timespec { tv_sec, tv_nsec }
        };
        let times = Timestamps {
            last_access: spec(times.accessed),
            last_modification: spec(times.modified),
        };
        let dir = self.open_parent(at)?;
        let name = at.file_name();
        let name = name.as_ref().map_or(b".".as_slice(), Name::as_bytes);
        rustix::fs::utimensat(&dir, name, &times, AtFlags::SYMLINK_NOFOLLOW).map_err(cause::of)
    }
}

/// Whether a file system is known to have no such links: its `EPERM` speaks of that, not of rights.
pub(super) fn lacks(dir: impl AsFd, caps: Caps) -> bool {
    stat::caps(dir).is_ok_and(|there| !there.contains(caps))
}

/// An `io::Error` of a write, by the number in it.
pub(super) fn of_io(error: io::Error) -> Cause {
    Errno::from_io_error(&error).map_or(Cause::Io(error), cause::of)
}
