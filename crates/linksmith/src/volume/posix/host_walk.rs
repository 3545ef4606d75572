//! Every link below a directory of this machine: one kernel call for many names, work shared by threads.
//!
//! What it costs is what it asks the kernel for, so it asks for little. A directory is opened from its
//! parent's handle, never by a path, so nothing on the way can be swapped for a link. Names come in
//! batches that carry their types; no entry is looked at by itself unless link counts are wanted or the
//! file system does not say types. Directories are visited in the order that threads get to them.
//!
//! Memory is bounded: a directory whose subdirectories are many is laid aside, half read, until those
//! found so far are done. So are open handles: beyond [`Handles::LIMIT`] a directory's is closed, and
//! what lies below is reached step by step from the nearest ancestor that has one.

mod list;
mod node;

use std::ffi::CStr;
use std::ops::ControlFlow;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rayon::{Scope, ThreadPool, ThreadPoolBuilder};
use rustix::fs::FileType;
use rustix::io::Errno;

use list::Listing;
use node::{Handles, Node};

use super::stat::{self, Stat};

/// What is asked of a walk.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Ask {
    /// Report symbolic links.
    pub(crate) links: bool,
    /// Report files with more than one name; costs one `stat` a file.
    pub(crate) hard_links: bool,
    /// Stay on the file system that the walk starts on.
    pub(crate) one_file_system: bool,
    /// At most so many threads; 0 is one for each processor, and at least two.
    pub(crate) threads: usize,
}

/// What a walk reports.
pub(crate) enum Item<'a> {
    /// A symbolic link.
    Link(Place<'a>),
    /// One name of a file that has more, and what the system says of it.
    Name(Place<'a>, Stat),
    /// Something that could not be read; the walk goes on beside it.
    Failed {
        /// What was tried, as a verb.
        op: &'static str,
        /// Where, below the start.
        path: Vec<u8>,
        /// The system's answer.
        cause: Errno,
    },
}

/// Where an entry is: by handle and name for the system, by path for people.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    dir: &'a Node,
    /// The directory's handle.
    pub(crate) fd: &'a OwnedFd,
    /// The name in it.
    pub(crate) name: &'a CStr,
    /// The inode number that the listing gave.
    pub(crate) inode: u64,
}

impl Place<'_> {
    /// The path below the walk's start.
    pub(crate) fn path(&self) -> Vec<u8> {
        self.dir.path_of(self.name)
    }

    /// The device of the directory, which is the entry's own unless it is mounted on.
    pub(crate) fn device(&self) -> u64 {
        self.dir.device()
    }
}

/// Takes what is found, on any thread; `Break` ends the walk.
pub(crate) type Visit<'a> = dyn Fn(Item<'_>) -> ControlFlow<()> + Sync + 'a;

/// How many names of subdirectories may wait while their directory is being read.
const WAITING: usize = if cfg!(test) { 64 } else { 4096 };

/// Walks everything below `start`, which is not reported itself.
///
/// Links are reported, never entered. Directories of other mounts are entered, unless
/// [`Ask::one_file_system`]; one that is its own ancestor (some network and user-space file systems make
/// such) is not. Only a `start` that cannot be looked at is an error.
pub(crate) fn walk(start: OwnedFd, ask: Ask, visit: &Visit<'_>) -> Result<(), Errno> {
    let handles = Handles::new();
    let (root, fd) = Node::root(start, &handles)?;
    let walk = Walk {
        ask,
        visit,
        handles: &handles,
        stop: AtomicBool::new(false),
    };
    let run = || rayon::scope(|scope| walk.read(&root, Listing::new(fd), scope));
    match pool(ask.threads) {
        Some(pool) => pool.install(run),
        None => run(),
    }
    Ok(())
}

/// Threads of our own: the global pool is the embedding program's to size. Without one, if the system
/// gives no threads, the caller's pool has to do.
fn pool(threads: usize) -> Option<ThreadPool> {
    let threads = match threads {
        0 => std::thread::available_parallelism().map_or(2, |n| n.get().max(2)),
        n => n,
    };
    ThreadPoolBuilder::new().num_threads(threads).build().ok()
}

struct Walk<'a> {
    ask: Ask,
    visit: &'a Visit<'a>,
    handles: &'a Handles,
    stop: AtomicBool,
}

impl<'a> Walk<'a> {
    fn tell(&self, item: Item<'_>) {
        if (self.visit)(item).is_break() {
            self.stop.store(true, Ordering::Relaxed);
        }
    }

    fn failed(&self, op: &'static str, path: Vec<u8>, cause: Errno) {
        // What went away between the listing and the look is not there; that is no failure.
        if cause != Errno::NOENT {
            self.tell(Item::Failed { op, path, cause });
        }
    }

    /// Opens a directory that its parent listed, and reads it.
    fn open<'s>(&'s self, parent: &Arc<Node>, name: &CStr, scope: &Scope<'s>) {
        if self.stop.load(Ordering::Relaxed) {
            return;
        }
        match Node::open(parent, name, self.handles) {
            Ok((node, _)) if self.ask.one_file_system && node.device() != parent.device() => {}
            Ok((node, _)) if node.is_own_ancestor() => {}
            Ok((node, fd)) => self.read(&node, Listing::new(fd), scope),
            Err(cause) => self.failed("open", parent.path_of(name), cause),
        }
    }

    /// Reads a directory on, until its end or until too many subdirectories wait.
    fn read<'s>(&'s self, node: &Arc<Node>, mut listing: Listing, scope: &Scope<'s>) {
        let mut below: Vec<Box<CStr>> = Vec::new();
        let more = loop {
            let fd = listing.fd();
            let batch = listing.batch(|name, kind, inode| {
                let place = Place {
                    dir: node,
                    fd: &fd,
                    name,
                    inode,
                };
                if self.look(&place, kind) {
                    below.push(name.into());
                }
            });
            match batch {
                _ if self.stop.load(Ordering::Relaxed) => return,
                Ok(true) if below.len() >= WAITING && self.handles.to_spare() => break true,
                Ok(true) => {}
                Ok(false) => break false,
                Err(cause) => {
                    self.failed("list", node.path(), cause);
                    break false;
                }
            }
        };
        // A thread takes its own newest job first: the rest of this directory, laid down before its
        // subdirectories, is taken up when those are done.
        if more {
            let node = Arc::clone(node);
            scope.spawn(move |scope| self.read(&node, listing, scope));
        }
        for name in below {
            let node = Arc::clone(node);
            scope.spawn(move |scope| self.open(&node, &name, scope));
        }
    }

    /// Reports an entry if it is wanted; `true` where it is a directory to be entered.
    fn look(&self, place: &Place<'_>, kind: FileType) -> bool {
        match kind {
            FileType::Directory => return true,
            FileType::Symlink if self.ask.links => {
                self.tell(Item::Link(*place));
                return false;
            }
            FileType::Unknown => {}
            _ if self.ask.hard_links => {}
            _ => return false,
        }
        match stat::stat(place.fd, Some(place.name)) {
            Ok(stat) => self.judge(place, stat),
            Err(cause) => {
                self.failed("look at", place.path(), cause);
                false
            }
        }
    }

    /// The same for an entry that had to be looked at.
    fn judge(&self, place: &Place<'_>, stat: Stat) -> bool {
        match FileType::from_raw_mode(stat.mode) {
            FileType::Directory => return true,
            FileType::Symlink if self.ask.links => self.tell(Item::Link(*place)),
            _ if self.ask.hard_links && stat.links > 1 => {
                self.tell(Item::Name(*place, stat));
            }
            _ => {}
        }
        false
    }
}

#[cfg(test)]
mod tests;
