//! Going down by names, never through a symbolic link.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::{AtFlags, FileType, Mode, OFlags};
use rustix::io::Errno;

use super::{PosixVolume, cause};
use crate::path::EntryPath;
use crate::volume::Cause;

/// Enough to look below a directory; Linux needs no right to list it for that.
#[cfg(any(target_os = "linux", target_os = "android"))]
const SEARCH: OFlags = OFlags::PATH;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const SEARCH: OFlags = OFlags::RDONLY;

/// The longest text the system takes in one call, its NUL included.
pub(super) const PATH_MAX: usize = 4096;

/// A directory that is open: the volume's own root or one opened for the occasion.
pub(super) enum Dir<'a> {
    Root(BorrowedFd<'a>),
    Opened(OwnedFd),
}

impl AsFd for Dir<'_> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Root(fd) => *fd,
            Self::Opened(fd) => fd.as_fd(),
        }
    }
}

pub(super) fn open_root(dir: &Path) -> rustix::io::Result<OwnedFd> {
    rustix::fs::open(
        dir,
        SEARCH | OFlags::DIRECTORY | OFlags::CLOEXEC,
        Mode::empty(),
    )
}

impl PosixVolume {
    /// The directory at a path, to look below it.
    pub(super) fn open_dir(&self, at: &EntryPath) -> Result<Dir<'_>, Cause> {
        self.open_dir_with(at, SEARCH)
    }

    /// The directory that a path's last name is in; the root's is the root.
    pub(super) fn open_parent(&self, at: &EntryPath) -> Result<Dir<'_>, Cause> {
        self.open_dir(&at.parent().unwrap_or_default())
            .map_err(|c| match c {
                // What is missing is a directory on the way, not the entry that is asked for.
                Cause::NotFound => Cause::PathNotFound(at.parent().unwrap_or_default()),
                other => other,
            })
    }

    /// The directory at a path, opened with these flags.
    ///
    /// One `openat2` where there is one. Where it fails the path is gone name by name, which finds the
    /// entry that stands in the way, or succeeds on a system without `openat2`.
    pub(super) fn open_dir_with(&self, at: &EntryPath, flags: OFlags) -> Result<Dir<'_>, Cause> {
        if at.is_root() && flags == SEARCH {
            return Ok(Dir::Root(self.root.as_fd()));
        }
        let flags = flags | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        if at.is_root() {
            return rustix::fs::openat(&self.root, ".", flags, Mode::empty())
                .map(Dir::Opened)
                .map_err(cause::of);
        }
        match open_at_once(self.root.as_fd(), at, flags) {
            Ok(dir) => Ok(Dir::Opened(dir)),
            Err(_) => self.open_by_names(at, flags).map(Dir::Opened),
        }
    }

    fn open_by_names(&self, at: &EntryPath, flags: OFlags) -> Result<OwnedFd, Cause> {
        let steps = SEARCH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mut names = at.names().peekable();
        let mut path = EntryPath::root();
        let mut dir: Option<OwnedFd> = None;
        while let Some(name) = names.next() {
            path.push(&name);
            let flags = if names.peek().is_some() { steps } else { flags };
            let parent = dir.as_ref().map_or(self.root.as_fd(), AsFd::as_fd);
            let opened = rustix::fs::openat(parent, name.as_bytes(), flags, Mode::empty());
            let next = opened.map_err(|e| in_the_way(parent, &path, at, e))?;
            dir = Some(next);
        }
        dir.ok_or(Cause::NotFound)
    }
}

/// Why the directory `path` (whose parent is open) could not be opened on the way to `at`.
fn in_the_way(parent: BorrowedFd<'_>, path: &EntryPath, at: &EntryPath, errno: Errno) -> Cause {
    let name = path.name_bytes().next_back().unwrap_or_default();
    match rustix::fs::statat(parent, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) if FileType::from_raw_mode(stat.st_mode) == FileType::Symlink => {
            Cause::ThroughLink(path.clone())
        }
        Ok(stat) if FileType::from_raw_mode(stat.st_mode) != FileType::Directory => {
            Cause::NotADirectory
        }
        Err(Errno::NOENT) if path != at => Cause::PathNotFound(path.clone()),
        Err(errno) => cause::of(errno),
        Ok(_) => cause::of(errno),
    }
}

/// Opens in one call, or in as many as the length of the path needs.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn open_at_once(
    root: BorrowedFd<'_>,
    at: &EntryPath,
    flags: OFlags,
) -> rustix::io::Result<OwnedFd> {
    use rustix::fs::ResolveFlags;
    // Mounts may be crossed; links of any kind may not, and nothing leads above the root.
    let resolve = ResolveFlags::NO_SYMLINKS | ResolveFlags::BENEATH;
    let mut rest = at.as_bytes();
    let mut dir: Option<OwnedFd> = None;
    loop {
        let (head, tail) = split_for_one_call(rest);
        let parent = dir.as_ref().map_or(root, AsFd::as_fd);
        let flags = if tail.is_empty() {
            flags
        } else {
            SEARCH | OFlags::DIRECTORY | OFlags::CLOEXEC
        };
        let next = rustix::fs::openat2(parent, head, flags, Mode::empty(), resolve)?;
        if tail.is_empty() {
            return Ok(next);
        }
        (dir, rest) = (Some(next), tail);
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn open_at_once(_: BorrowedFd<'_>, _: &EntryPath, _: OFlags) -> rustix::io::Result<OwnedFd> {
    Err(Errno::NOSYS)
}

/// As many whole names as one call takes, and the names behind them.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn split_for_one_call(path: &[u8]) -> (&[u8], &[u8]) {
    if path.len() < PATH_MAX {
        return (path, &[]);
    }
    let window = path.get(..PATH_MAX).unwrap_or(path);
    let cut = window
        .iter()
        .rposition(|b| *b == b'/')
        .unwrap_or(path.len());
    let (head, tail) = path.split_at(cut);
    (head, tail.get(1..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Opens as on a system without `openat2`, and says what came of it.
    fn by_names(volume: &PosixVolume, at: &str) -> String {
        let at = EntryPath::parse(at).expect("a path");
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        match volume.open_by_names(&at, flags) {
            Ok(dir) => format!("inode {}", rustix::fs::fstat(&dir).expect("a look").st_ino),
            Err(cause) => format!("{cause:?}"),
        }
    }

    fn at_once(volume: &PosixVolume, at: &str) -> String {
        let at = EntryPath::parse(at).expect("a path");
        match volume.open_dir_with(&at, OFlags::RDONLY) {
            Ok(dir) => format!("inode {}", rustix::fs::fstat(&dir).expect("a look").st_ino),
            Err(cause) => format!("{cause:?}"),
        }
    }

    #[test]
    fn name_by_name_leads_where_one_call_does() {
        let top = tempfile::tempdir().expect("a directory");
        std::fs::create_dir_all(top.path().join("a/b/c")).expect("directories");
        std::fs::File::create_new(top.path().join("a/file")).expect("a file");
        std::os::unix::fs::symlink("b", top.path().join("a/link")).expect("a link");
        let volume = PosixVolume::at(top.path()).expect("a volume");
        let check = |at: &str, expected: &str| {
            let (one, many) = (at_once(&volume, at), by_names(&volume, at));
            assert_eq!(one, many, "{at}");
            assert!(one.starts_with(expected), "{at}: {one}");
        };
        check("a", "inode");
        check("a/b/c", "inode");
        check("a/link", r#"ThroughLink("a/link")"#);
        check("a/link/c", r#"ThroughLink("a/link")"#);
        check("a/file", "NotADirectory");
        check("a/file/x", "NotADirectory");
        check("a/x", "NotFound");
        check("x/y", r#"PathNotFound("x")"#);
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    #[test]
    fn a_long_path_is_cut_at_names() {
        let path = [b"name".as_slice(); 2000].join(&b'/');
        let (head, tail) = split_for_one_call(&path);
        assert!(head.len() < PATH_MAX && head.ends_with(b"name") && tail.starts_with(b"name"));
        assert_eq!([head, tail].join(&b'/'), path);
        assert_eq!(
            split_for_one_call(b"a/b"),
            (b"a/b".as_slice(), b"".as_slice())
        );
    }
}
