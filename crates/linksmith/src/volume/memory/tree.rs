//! What a memory volume holds, and every change of it with its inverse.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::entry::{Attributes, Base, Times};
use crate::path::{EntryPath, Name};
use crate::reparse::ReparsePoint;

/// Which file or directory: its record's number and use, as NTFS counts.
pub(super) type NodeId = u64;

/// A name as directories sort and compare it.
pub(super) type Key = Vec<u16>;

/// The root's file reference on every NTFS volume.
pub(super) const ROOT: NodeId = 0x0005_0000_0000_0005;
/// Where file references of what is made begin: record 40, used once.
const FIRST: NodeId = 0x0001_0000_0000_0028;

/// What a file or directory is, apart from its names and children.
#[derive(Debug, Clone)]
pub(super) struct Meta {
    pub(super) base: Base,
    pub(super) times: Times,
    pub(super) attributes: Attributes,
    pub(super) reparse: Option<ReparsePoint>,
    /// A POSIX symbolic link's text.
    pub(super) posix: Option<Vec<u8>>,
    pub(super) contents: Arc<[u8]>,
}

#[derive(Debug)]
pub(super) struct Node {
    pub(super) meta: Meta,
    /// In which directories it is, and under which keys. A directory has one; the root has none.
    pub(super) names: Vec<(NodeId, Key)>,
    pub(super) children: BTreeMap<Key, Child>,
}

#[derive(Debug, Clone)]
pub(super) struct Child {
    pub(super) name: Name,
    pub(super) id: NodeId,
}

/// How one change is taken back.
#[derive(Debug)]
enum Undo {
    Drop(NodeId),
    Put(NodeId, Node),
    Erase(NodeId, Key),
    Insert(NodeId, Key, Child),
    Meta(NodeId, Meta),
}

/// The nodes, and how to take back what was done since the last [`Tree::keep`].
#[derive(Debug)]
pub(super) struct Tree {
    nodes: HashMap<NodeId, Node>,
    next: NodeId,
    used: u64,
    log: Vec<Undo>,
}

impl Tree {
    pub(super) fn new(root: Meta) -> Self {
        let used = cost(&root);
        let root = Node {
            meta: root,
            names: Vec::new(),
            children: BTreeMap::new(),
        };
        Self {
            nodes: HashMap::from([(ROOT, root)]),
            next: FIRST,
            used,
            log: Vec::new(),
        }
    }

    pub(super) fn node(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(&id)
    }

    /// Bytes that all nodes take.
    pub(super) fn used(&self) -> u64 {
        self.used
    }

    /// Adds a node that has no name yet.
    pub(super) fn add(&mut self, meta: Meta) -> NodeId {
        let id = self.next;
        self.next += 1;
        self.used += cost(&meta);
        self.nodes.insert(
            id,
            Node {
                meta,
                names: Vec::new(),
                children: BTreeMap::new(),
            },
        );
        self.log.push(Undo::Drop(id));
        id
    }

    /// Gives a node a name in a directory; the key must be free.
    pub(super) fn insert(&mut self, dir: NodeId, key: Key, child: Child) {
        self.log.push(Undo::Erase(dir, key.clone()));
        self.put_name(dir, key, child);
    }

    /// Takes a name; with its last one the node goes.
    pub(super) fn erase(&mut self, dir: NodeId, key: &Key) {
        let Some(child) = self.take_name(dir, key) else {
            return;
        };
        let id = child.id;
        self.log.push(Undo::Insert(dir, key.clone(), child));
        if self.nodes.get(&id).is_some_and(|n| n.names.is_empty()) {
            if let Some(node) = self.nodes.remove(&id) {
                self.used -= cost(&node.meta);
                self.log.push(Undo::Put(id, node));
            }
        }
    }

    /// Changes what a node is.
    pub(super) fn change(&mut self, id: NodeId, change: impl FnOnce(&mut Meta)) {
        if let Some(node) = self.nodes.get_mut(&id) {
            self.log.push(Undo::Meta(id, node.meta.clone()));
            self.used -= cost(&node.meta);
            change(&mut node.meta);
            self.used += cost(&node.meta);
        }
    }

    /// Another spelling of the same name.
    pub(super) fn rename_in_place(&mut self, dir: NodeId, key: &Key, name: Name) {
        if let Some(child) = self.take_name(dir, key) {
            let id = child.id;
            self.log.push(Undo::Insert(dir, key.clone(), child));
            self.insert(dir, key.clone(), Child { name, id });
        }
    }

    /// Everything up to here stays.
    pub(super) fn keep(&mut self) {
        self.log.clear();
    }

    /// Back to how it was at the last [`Tree::keep`].
    pub(super) fn take_back(&mut self) {
        while let Some(undo) = self.log.pop() {
            match undo {
                Undo::Drop(id) => {
                    if let Some(node) = self.nodes.remove(&id) {
                        self.used -= cost(&node.meta);
                    }
                }
                Undo::Put(id, node) => {
                    self.used += cost(&node.meta);
                    self.nodes.insert(id, node);
                }
                Undo::Erase(dir, key) => drop(self.take_name(dir, &key)),
                Undo::Insert(dir, key, child) => self.put_name(dir, key, child),
                Undo::Meta(id, meta) => {
                    if let Some(node) = self.nodes.get_mut(&id) {
                        self.used -= cost(&node.meta);
                        self.used += cost(&meta);
                        node.meta = meta;
                    }
                }
            }
        }
    }

    fn put_name(&mut self, dir: NodeId, key: Key, child: Child) {
        if let Some(node) = self.nodes.get_mut(&child.id) {
            node.names.push((dir, key.clone()));
        }
        if let Some(node) = self.nodes.get_mut(&dir) {
            node.children.insert(key, child);
        }
    }

    fn take_name(&mut self, dir: NodeId, key: &Key) -> Option<Child> {
        let child = self.nodes.get_mut(&dir)?.children.remove(key)?;
        if let Some(node) = self.nodes.get_mut(&child.id) {
            node.names.retain(|(d, k)| *d != dir || k != key);
        }
        Some(child)
    }

    /// The path of one name of a node.
    pub(super) fn path(&self, name: &(NodeId, Key)) -> EntryPath {
        let mut names = Vec::new();
        let mut next = Some(name);
        while let Some((dir, key)) = next {
            let Some(node) = self.nodes.get(dir) else {
                break;
            };
            names.extend(node.children.get(key).map(|child| &child.name));
            next = node.names.first();
        }
        EntryPath::from_names(names.into_iter().rev())
    }

    /// Whether `id` is `dir` or a directory above it.
    pub(super) fn is_above(&self, id: NodeId, dir: NodeId) -> bool {
        let mut at = Some(dir);
        while let Some(here) = at {
            if here == id {
                return true;
            }
            at = self
                .node(here)
                .and_then(|n| n.names.first())
                .map(|(d, _)| *d);
        }
        false
    }
}

/// Bytes a node takes as NTFS would count them: a record, and clusters for what does not fit in it.
fn cost(meta: &Meta) -> u64 {
    let data = meta.contents.len() as u64;
    let clusters = if data > 700 {
        data.next_multiple_of(4096)
    } else {
        0
    };
    1024 + clusters
}
