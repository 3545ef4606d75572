//! A directory of this machine as a volume; `/` is the whole machine.
//!
//! All paths are gone from an open root by names, and no call here follows a symbolic link.

mod apply;
mod aside;
mod cause;
mod contents;
mod host_walk;
mod links;
#[cfg(any(target_os = "linux", target_os = "android"))]
mod raw;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
#[path = "raw_none.rs"]
mod raw;
mod read;
mod rename;
mod stat;
mod steps;
mod sweep;
mod walk;

use std::ops::ControlFlow;
use std::os::fd::OwnedFd;
use std::path::Path;

use super::{
    ApplyError, Caps, CaseRule, Cause, PathStyle, Road, Sources, Space, Swept, Visit, Volume,
    VolumeError, VolumeInfo, Wanted, Way,
};
use crate::entry::{Entry, LinkText};
use crate::foreign::Form;
use crate::path::{EntryPath, Name};
use crate::plan::Step;

/// A directory tree of a POSIX system.
///
/// With `/` as its root it spans every mounted file system; what one of them can do is asked for with
/// [`Volume::caps_at`].
#[derive(Debug)]
pub struct PosixVolume {
    root: OwnedFd,
    info: VolumeInfo,
}

impl PosixVolume {
    /// The whole machine: `/`.
    pub fn root() -> Result<Self, VolumeError> {
        Self::at(Path::new("/"))
    }

    /// The tree below a directory, which is then the volume's root. Links in `dir` itself are followed
    /// once, here.
    pub fn at(dir: &Path) -> Result<Self, VolumeError> {
        let error = |e| VolumeError::new("open", &EntryPath::root(), cause::of(e));
        let root = walk::open_root(dir).map_err(error)?;
        let info = VolumeInfo {
            file_system: stat::file_system(&root).map_err(error)?,
            label: None,
            serial: stat::device(&root).map_err(error)?,
            caps: stat::caps(&root).map_err(error)?,
            style: PathStyle::Posix,
            case: CaseRule::Sensitive,
            max_links: u32::MAX,
        };
        Ok(Self { root, info })
    }
}

impl Volume for PosixVolume {
    fn info(&self) -> &VolumeInfo {
        &self.info
    }

    fn entry(&self, at: &EntryPath) -> Result<Entry, VolumeError> {
        self.look(at)
            .map_err(|c| VolumeError::new("look at", at, c))
    }

    fn read_dir(
        &self,
        at: &EntryPath,
        visit: &mut dyn FnMut(Entry) -> ControlFlow<()>,
    ) -> Result<(), VolumeError> {
        self.list(at, visit)
            .map_err(|c| VolumeError::new("list", at, c))
    }

    fn link_text(&self, at: &EntryPath) -> Result<Option<LinkText>, VolumeError> {
        self.link(at)
            .map_err(|c| VolumeError::new("read the link", at, c))
    }

    fn kept_reparse_data(&self, at: &EntryPath) -> Result<Option<(Form, Vec<u8>)>, VolumeError> {
        let Some(name) = at.file_name() else {
            return Ok(None);
        };
        self.open_parent(at)
            .and_then(|dir| raw::kept(&dir, &name).map_err(cause::of))
            .map_err(|c| VolumeError::new("look at", at, c))
    }

    fn read(&self, at: &EntryPath) -> Result<Box<dyn std::io::Read + '_>, VolumeError> {
        let file = self
            .open_file(at)
            .map_err(|c| VolumeError::new("read", at, c))?;
        Ok(Box::new(file))
    }

    fn sweep(
        &self,
        below: &EntryPath,
        wanted: Wanted,
        visit: &Visit<'_>,
    ) -> Option<Result<(), VolumeError>> {
        // The walker takes links at the kernel's word, which is not what they are there.
        if self.open_dir(below).is_ok_and(|dir| raw::offered(&dir)) {
            let why = "the driver shows reparse points one by one";
            let _ = visit(Swept::Way(Way::new(Road::DirectoryWalk, why)));
            return None;
        }
        Some(self.sweep_below(below, wanted, visit))
    }

    fn writers(&self, at: &EntryPath) -> Result<Option<Vec<String>>, VolumeError> {
        let names = last_name(at).and_then(|name| {
            let dir = self.open_parent(at)?;
            stat::writers(&dir, &name).map_err(cause::of)
        });
        names
            .map(Some)
            .map_err(|c| VolumeError::new("see who may replace", at, c))
    }

    fn apply_with(&self, steps: &[&Step], sources: &dyn Sources) -> Result<(), ApplyError> {
        self.apply_steps(steps, sources)
    }

    fn security(&self, at: &EntryPath) -> Result<Vec<u8>, VolumeError> {
        let seen = self.open_parent(at).and_then(|dir| {
            let name = last_name(at)?;
            let flags = rustix::fs::AtFlags::SYMLINK_NOFOLLOW;
            rustix::fs::statat(&dir, name.as_bytes(), flags).map_err(cause::of)
        });
        let error = |c| VolumeError::new("look at", at, c);
        let stat = seen.map_err(error)?;
        let mut told = format!("{:o} {} {}", stat.st_mode, stat.st_uid, stat.st_gid).into_bytes();
        let file = self.open_file(at).map_err(error)?;
        told.extend(
            stat::extended_attributes(&file, stat.st_ino).map_err(|e| error(cause::of(e)))?,
        );
        Ok(told)
    }

    fn space(&self) -> Result<Space, VolumeError> {
        stat::space(&self.root)
            .map_err(|e| VolumeError::new("measure", &EntryPath::root(), cause::of(e)))
    }

    fn caps_at(&self, at: &EntryPath) -> Caps {
        let dir = self.open_dir(at).ok();
        dir.and_then(|dir| stat::caps(dir).ok())
            .unwrap_or(self.info.caps)
    }

    fn root_of(&self, at: &EntryPath) -> EntryPath {
        let device = |dir: &EntryPath| stat::device(self.open_dir(dir).ok()?).ok();
        let mut root = at.parent().unwrap_or_default();
        let Some(own) = device(&root) else {
            return EntryPath::root();
        };
        while let Some(up) = root.parent().filter(|up| device(up) == Some(own)) {
            root = up;
        }
        root
    }

    fn space_at(&self, at: &EntryPath) -> Result<Space, VolumeError> {
        let error = |cause| VolumeError::new("measure", at, cause);
        let dir = self.open_dir(at).map_err(error)?;
        stat::space(dir).map_err(|e| error(cause::of(e)))
    }
}

/// The process's current directory, its names as the system has them.
pub(super) fn current_dir() -> Result<EntryPath, VolumeError> {
    let error =
        |cause| VolumeError::new("find the current directory in", &EntryPath::root(), cause);
    let dir = rustix::process::getcwd(Vec::new()).map_err(|e| error(cause::of(e)))?;
    EntryPath::parse(dir.to_bytes()).map_err(|e| error(Cause::Name(e)))
}

/// The last name of a path, or the cause that a root gives where a name is needed.
fn last_name(at: &EntryPath) -> Result<Name, Cause> {
    at.file_name()
        .ok_or(Cause::Unsupported("changing a volume's root"))
}
