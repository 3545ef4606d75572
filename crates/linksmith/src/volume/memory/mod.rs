//! The reference volume: the rules, executable. It lives in memory and does what NTFS would.

mod steps;
mod tree;

use std::cmp::Ordering;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering as Atomic};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use self::tree::{Key, Meta, Node, NodeId, ROOT, Tree};
use super::{
    ApplyError, Caps, CaseRule, Cause, PathStyle, Sources, Space, Volume, VolumeError, VolumeInfo,
    fold,
};
use crate::entry::{Attributes, Base, Entry, FileId, FileTime, LinkText, Times};
use crate::path::{EntryPath, Name, NameError};
use crate::plan::Step;

type UpCase = Box<dyn Fn(u16) -> u16 + Send + Sync>;

/// A volume in memory.
pub struct MemoryVolume {
    info: VolumeInfo,
    total: u64,
    /// What the clock shows; 0 for the machine's own.
    clock: AtomicU64,
    upcase: UpCase,
    tree: RwLock<Tree>,
}

impl std::fmt::Debug for MemoryVolume {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MemoryVolume")
            .field("info", &self.info)
            .finish_non_exhaustive()
    }
}

impl MemoryVolume {
    /// An empty volume with the rules of NTFS: 1 GiB, no label, serial number 1234-ABCD.
    pub fn ntfs() -> Self {
        Self::new(
            PathStyle::Windows,
            Caps::SYMLINK
                | Caps::JUNCTION
                | Caps::HARD_LINK
                | Caps::REPARSE
                | Caps::TRANSACTION
                | Caps::NAMES
                | Caps::ATTRIBUTES,
        )
    }

    /// An empty volume with the rules of a POSIX file system.
    pub fn posix() -> Self {
        let caps = Caps::POSIX_SYMLINK | Caps::HARD_LINK | Caps::TRANSACTION | Caps::NAMES;
        Self::new(PathStyle::Posix, caps)
    }

    fn new(style: PathStyle, caps: Caps) -> Self {
        let (case, max_links) = match style {
            PathStyle::Windows => (CaseRule::Insensitive, 1024),
            PathStyle::Posix => (CaseRule::Sensitive, 65_000),
        };
        Self {
            info: VolumeInfo {
                file_system: "memory".to_owned(),
                label: None,
                serial: 0x5678_9ABC_1234_ABCD,
                caps,
                style,
                case,
                max_links,
            },
            total: 1 << 30,
            clock: AtomicU64::new(0),
            upcase: Box::new(fold::upcase),
            tree: RwLock::new(Tree::new(Meta::new(Base::Dir, FileTime::now()))),
        }
    }

    /// With this label.
    #[must_use]
    pub fn with_label(mut self, label: &str) -> Self {
        self.info.label = Some(label.to_owned());
        self
    }

    /// With this serial number; `dir` shows its low 32 bits.
    #[must_use]
    pub fn with_serial(mut self, serial: u64) -> Self {
        self.info.serial = serial;
        self
    }

    /// With these capabilities: to be a volume that has no links, or that is read-only.
    #[must_use]
    pub fn with_caps(mut self, caps: Caps) -> Self {
        self.info.caps = caps;
        self
    }

    /// With this many bytes.
    #[must_use]
    pub fn with_space(mut self, total: u64) -> Self {
        self.total = total;
        self
    }

    /// With this many names allowed to a file.
    #[must_use]
    pub fn with_max_links(mut self, max_links: u32) -> Self {
        self.info.max_links = max_links;
        self
    }

    /// With another table of upper-case units, such as an image's own.
    #[must_use]
    pub fn with_upcase(mut self, upcase: impl Fn(u16) -> u16 + Send + Sync + 'static) -> Self {
        self.upcase = Box::new(upcase);
        self
    }

    /// With a clock that stands at this time, the root's times included.
    #[must_use]
    pub fn with_clock(self, time: FileTime) -> Self {
        self.set_clock(time);
        self.write().change(ROOT, |meta| meta.times = all(time));
        self.write().keep();
        self
    }

    /// Sets the clock, which then stands still; 0 lets it run with the machine's.
    pub fn set_clock(&self, time: FileTime) {
        self.clock.store(time.0, Atomic::Relaxed);
    }

    fn now(&self) -> FileTime {
        match self.clock.load(Atomic::Relaxed) {
            0 => FileTime::now(),
            time => FileTime(time),
        }
    }

    // Steps either finish or are taken back before a lock is let go, so a poisoned one is whole.
    fn tree(&self) -> RwLockReadGuard<'_, Tree> {
        self.tree.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, Tree> {
        self.tree.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The key of a name in a directory, or why it has none.
    fn key(&self, name: &Name) -> Result<Key, NameError> {
        match self.info.style {
            PathStyle::Posix => Ok(name.as_bytes().iter().copied().map(u16::from).collect()),
            PathStyle::Windows => {
                let units = name.to_utf16()?;
                Ok(units.into_iter().map(|u| (self.upcase)(u)).collect())
            }
        }
    }

    /// The node at a path. Never through a link.
    fn find(&self, tree: &Tree, at: &EntryPath) -> Result<NodeId, Cause> {
        let mut id = ROOT;
        let mut path = EntryPath::root();
        let mut names = at.names().peekable();
        while let Some(name) = names.next() {
            let node = tree.node(id).ok_or(Cause::NotFound)?;
            match node.meta.base {
                _ if node.meta.is_link() => return Err(Cause::ThroughLink(path)),
                Base::Dir => {}
                _ => return Err(Cause::NotADirectory),
            }
            path.push(&name);
            // What cannot be a name here is not there either.
            let child = self.key(&name).ok().and_then(|key| node.children.get(&key));
            id = match child {
                Some(child) => child.id,
                None if names.peek().is_some() => return Err(Cause::PathNotFound(path)),
                None => return Err(Cause::NotFound),
            };
        }
        Ok(id)
    }

    fn entry_of(&self, node: &Node, id: NodeId, name: Option<&Name>) -> Entry {
        let meta = &node.meta;
        let plain = meta.base == Base::File && !meta.is_link();
        Entry {
            name: name.cloned(),
            short_name: None,
            id: FileId {
                volume: self.info.serial,
                file: u128::from(id),
            },
            base: meta.base,
            tag: meta.reparse.as_ref().map(|data| data.tag()),
            links: Some(node.names.len().max(1) as u32),
            size: if plain { meta.contents.len() as u64 } else { 0 },
            attributes: meta.attributes,
            times: meta.times,
        }
    }

    /// Runs `f` on the node at a path.
    fn at<T>(
        &self,
        op: &'static str,
        at: &EntryPath,
        f: impl FnOnce(&Tree, NodeId, &Node) -> Result<T, Cause>,
    ) -> Result<T, VolumeError> {
        let tree = self.tree();
        let found = self.find(&tree, at).and_then(|id| {
            let node = tree.node(id).ok_or(Cause::NotFound)?;
            f(&tree, id, node)
        });
        found.map_err(|cause| VolumeError::new(op, at, cause))
    }
}

impl Meta {
    fn new(base: Base, now: FileTime) -> Self {
        Self {
            base,
            times: all(now),
            attributes: match base {
                Base::Dir => Attributes::DIRECTORY,
                _ => Attributes::ARCHIVE,
            },
            reparse: None,
            posix: None,
            contents: Arc::from([]),
        }
    }

    fn is_link(&self) -> bool {
        let surrogate = |data: &crate::reparse::ReparsePoint| data.tag().is_name_surrogate();
        self.posix.is_some() || self.reparse.as_ref().is_some_and(surrogate)
    }
}

fn all(time: FileTime) -> Times {
    Times {
        created: time,
        modified: time,
        changed: time,
        accessed: time,
    }
}

impl Volume for MemoryVolume {
    fn info(&self) -> &VolumeInfo {
        &self.info
    }

    fn entry(&self, at: &EntryPath) -> Result<Entry, VolumeError> {
        self.at("look at", at, |tree, id, node| {
            // The name as it was made, which may differ in case from the one that was asked for.
            let key = at.file_name().map(|name| self.key(&name)).transpose()?;
            let parent = at.parent().and_then(|dir| self.find(tree, &dir).ok());
            let child = key
                .zip(parent)
                .and_then(|(key, parent)| tree.node(parent).and_then(|dir| dir.children.get(&key)));
            Ok(self.entry_of(node, id, child.map(|child| &child.name)))
        })
    }

    fn read_dir(
        &self,
        at: &EntryPath,
        visit: &mut dyn FnMut(Entry) -> ControlFlow<()>,
    ) -> Result<(), VolumeError> {
        // The lock is not held while the visitor runs: it may look at the volume itself.
        let entries = self.at("list", at, |tree, _, node| {
            if node.meta.base != Base::Dir || node.meta.is_link() {
                return Err(Cause::NotADirectory);
            }
            let entry = |child: &tree::Child| {
                let node = tree.node(child.id)?;
                Some(self.entry_of(node, child.id, Some(&child.name)))
            };
            Ok(node.children.values().filter_map(entry).collect::<Vec<_>>())
        })?;
        for entry in entries {
            if visit(entry).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn link_text(&self, at: &EntryPath) -> Result<Option<LinkText>, VolumeError> {
        self.at("read the link", at, |_, _, node| {
            let reparse = node.meta.reparse.clone().map(LinkText::Reparse);
            Ok(reparse.or_else(|| node.meta.posix.clone().map(LinkText::Posix)))
        })
    }

    fn read(&self, at: &EntryPath) -> Result<Box<dyn Read + '_>, VolumeError> {
        let contents = self.at("read", at, |_, _, node| match node.meta.base {
            _ if node.meta.is_link() => Err(Cause::ThroughLink(at.clone())),
            Base::Dir => Err(Cause::IsADirectory),
            _ => Ok(Arc::clone(&node.meta.contents)),
        })?;
        Ok(Box::new(io::Cursor::new(contents)))
    }

    fn apply_with(&self, steps: &[&Step], sources: &dyn Sources) -> Result<(), ApplyError> {
        self.apply_steps(steps, sources)
    }

    fn space(&self) -> Result<Space, VolumeError> {
        Ok(Space {
            total: self.total,
            free: self.total.saturating_sub(self.tree().used()),
        })
    }

    fn names(&self, at: &EntryPath) -> Result<Vec<EntryPath>, VolumeError> {
        self.at("list the names of", at, |tree, _, node| {
            let mut names: Vec<_> = node.names.iter().map(|name| tree.path(name)).collect();
            names.sort();
            Ok(names)
        })
    }

    fn compare_names(&self, a: &Name, b: &Name) -> Ordering {
        match (self.key(a), self.key(b)) {
            (Ok(a), Ok(b)) => a.cmp(&b),
            // Not names of this volume, and so no two are one.
            _ => a.as_bytes().cmp(b.as_bytes()),
        }
    }
}
