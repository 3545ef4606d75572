//! Directories on the way: their names, identities and, while they last, handles.

use std::ffi::CStr;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

/// How many handles a walk holds open.
pub(super) struct Handles {
    open: Arc<AtomicUsize>,
}

impl Handles {
    /// A quarter of the 1024 that systems give a process by default.
    pub(super) const LIMIT: usize = 256;

    pub(super) fn new() -> Self {
        Self {
            open: Arc::default(),
        }
    }

    /// Whether one more may be kept.
    pub(super) fn to_spare(&self) -> bool {
        self.open.load(Ordering::Relaxed) < Self::LIMIT
    }

    fn keep(&self, fd: &Arc<OwnedFd>) -> Option<Kept> {
        self.to_spare().then(|| {
            self.open.fetch_add(1, Ordering::Relaxed);
            Kept {
                fd: Arc::clone(fd),
                open: Arc::clone(&self.open),
            }
        })
    }
}

/// A handle that is kept for what lies below; counted.
struct Kept {
    fd: Arc<OwnedFd>,
    open: Arc<AtomicUsize>,
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A directory and the handle to read it by.
pub(super) type Opened = (Arc<Node>, Arc<OwnedFd>);

/// A directory that was entered, and through its parents the way to it.
pub(super) struct Node {
    parent: Option<Arc<Node>>,
    name: Box<CStr>,
    device: u64,
    inode: u64,
    kept: Option<Kept>,
}

const DIRECTORY: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC)
    .union(OFlags::NONBLOCK);

fn open_below(dir: &OwnedFd, name: &CStr) -> Result<OwnedFd, Errno> {
    rustix::fs::openat(dir, name, DIRECTORY, Mode::empty())
}

impl Node {
    /// The directory that a walk starts from.
    pub(super) fn root(fd: OwnedFd, handles: &Handles) -> Result<Opened, Errno> {
        Self::new(None, c"".into(), fd, handles)
    }

    /// Opens what `parent` lists as `name`.
    pub(super) fn open(
        parent: &Arc<Self>,
        name: &CStr,
        handles: &Handles,
    ) -> Result<Opened, Errno> {
        let fd = open_below(&*parent.handle()?, name)?;
        Self::new(Some(Arc::clone(parent)), name.into(), fd, handles)
    }

    fn new(
        parent: Option<Arc<Self>>,
        name: Box<CStr>,
        fd: OwnedFd,
        handles: &Handles,
    ) -> Result<Opened, Errno> {
        let stat = rustix::fs::fstat(&fd)?;
        let fd = Arc::new(fd);
        let node = Arc::new(Self {
            parent,
            name,
            device: stat.st_dev as u64,
            inode: stat.st_ino as u64,
            kept: handles.keep(&fd),
        });
        Ok((node, fd))
    }

    /// The number of the device it is on.
    pub(super) fn device(&self) -> u64 {
        self.device
    }

    /// Whether a directory above it is the same one.
    pub(super) fn is_own_ancestor(&self) -> bool {
        self.ancestors()
            .skip(1)
            .any(|up| up.device == self.device && up.inode == self.inode)
    }

    /// Its path below the start of the walk.
    pub(super) fn path(&self) -> Vec<u8> {
        self.path_of(c"")
    }

    /// The path of an entry in it.
    pub(super) fn path_of(&self, name: &CStr) -> Vec<u8> {
        let mut names: Vec<&[u8]> = self.ancestors().map(|node| node.name.to_bytes()).collect();
        names.pop(); // the start has no name
        names.reverse();
        names.push(name.to_bytes());
        names.retain(|name| !name.is_empty());
        names.join(&b'/')
    }

    /// It and the directories above it, up to the start.
    fn ancestors(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |node| node.parent.as_deref())
    }

    /// Its handle, opened again where it was not kept.
    fn handle(&self) -> Result<Arc<OwnedFd>, Errno> {
        let mut closed = Vec::new();
        let mut fd = None;
        for node in self.ancestors() {
            if let Some(kept) = &node.kept {
                fd = Some(Arc::clone(&kept.fd));
                break;
            }
            closed.push(node);
        }
        // The start's own handle is always kept, so there is one.
        let mut fd = fd.ok_or(Errno::BADF)?;
        for node in closed.into_iter().rev() {
            fd = Arc::new(open_below(&fd, &node.name)?);
            let stat = rustix::fs::fstat(&*fd)?;
            if (stat.st_dev as u64, stat.st_ino as u64) != (node.device, node.inode) {
                return Err(Errno::NOENT); // moved away meanwhile
            }
        }
        Ok(fd)
    }
}
