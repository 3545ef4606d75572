//! B-trees of index entries: opened, searched, grown by splits.
//!
//! The root is written through to its attribute with every change; blocks are kept in memory form until the
//! change is sealed, so that a directory that is filled costs one write of each of its blocks.

mod blocks;
mod remove;
mod visit;

use super::Editor;
use super::attributes::Place;
use super::build::{self, Id};
use super::error::EditResult;
use super::node::{Key, Node, with_child};
use crate::change::FastMap;
use crate::device::Device;
use crate::error::{Error, Result};
use crate::layout::{IndexRootHeader, attribute_type as ty, collation};
use crate::value::Extents;
use zerocopy::{FromBytes, FromZeros, IntoBytes};

/// Levels a tree may have; a full one of 5 has more entries than a volume has records.
const MOST_LEVELS: usize = 24;
const ROOT_HEADER: usize = size_of::<IndexRootHeader>();

/// Which index of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub(crate) enum Kind {
    /// `$I30` of a directory.
    Names,
    /// `$R` of `$Extend\$Reparse`.
    Reparse,
    /// `$SII` of `$Secure`.
    SecurityId,
    /// `$SDH` of `$Secure`.
    SecurityHash,
    /// `$O` of `$Extend\$ObjId`.
    ObjectId,
}

impl Kind {
    /// The name of the index's attributes.
    pub(crate) fn name(self) -> &'static [u16] {
        match self {
            Self::Names => &[0x24, 0x49, 0x33, 0x30],
            Self::Reparse => &[0x24, 0x52],
            Self::SecurityId => &[0x24, 0x53, 0x49, 0x49],
            Self::SecurityHash => &[0x24, 0x53, 0x44, 0x48],
            Self::ObjectId => &[0x24, 0x4F],
        }
    }

    pub(crate) fn collation(self) -> u32 {
        match self {
            Self::Names => collation::FILE_NAME,
            Self::Reparse | Self::ObjectId => collation::ULONGS,
            Self::SecurityId => collation::ULONG,
            Self::SecurityHash => collation::SECURITY_HASH,
        }
    }

    pub(crate) fn id(self, type_code: u32) -> Id<'static> {
        Id::new(type_code, self.name())
    }

    pub(crate) fn is_names(self) -> bool {
        self == Self::Names
    }
}

/// An index that is being worked on.
#[derive(Debug)]
pub(crate) struct Index {
    pub(crate) owner: u64,
    pub(crate) kind: Kind,
    head: IndexRootHeader,
    pub(crate) root: Node,
    block_size: u64,
    /// Bytes that one virtual cluster number counts.
    vcn_unit: u64,
    /// `$INDEX_ALLOCATION`, where there is one.
    pub(crate) blocks: Option<Extents>,
    /// Which blocks are in use: the value of `$BITMAP`, whole.
    bitmap: Vec<u8>,
    /// The clusters of `$BITMAP` where it is not resident.
    bitmap_extents: Option<Extents>,
    /// No block before this one is free.
    next_block: u64,
    pub(crate) nodes: FastMap<u64, Node>,
}

/// A node of an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum At {
    Root,
    /// The block at this virtual cluster number.
    Block(u64),
}

/// A step down: a node, and the entry at which the search went on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    pub(crate) at: At,
    pub(crate) entry: usize,
}

/// The way from the root to an entry, or to the place in a leaf where it would be.
pub(crate) type Path = Vec<Step>;

impl Index {
    /// The node, which a search has brought into memory.
    pub(crate) fn node(&self, at: At) -> Result<&Node> {
        match at {
            At::Root => Ok(&self.root),
            At::Block(vcn) => self.nodes.get(&vcn).ok_or_else(|| lost(self.owner, vcn)),
        }
    }

    pub(crate) fn node_mut(&mut self, at: At) -> Result<&mut Node> {
        match at {
            At::Root => Ok(&mut self.root),
            At::Block(vcn) => {
                let node = self.nodes.get_mut(&vcn);
                node.ok_or_else(|| lost(self.owner, vcn))
            }
        }
    }

    /// The value of `$INDEX_ROOT`.
    fn root_value(&self) -> Vec<u8> {
        [self.head.as_bytes(), self.root.bytes()].concat()
    }
}

impl<D: Device> Editor<D> {
    /// Runs `work` on an index, opened if it is not.
    pub(crate) fn with_index<T>(
        &mut self,
        owner: u64,
        kind: Kind,
        work: impl FnOnce(&mut Self, &mut Index) -> EditResult<T>,
    ) -> EditResult<T> {
        let key = (owner, kind);
        let mut index = match self.indexes.remove(&key) {
            Some(index) => index,
            None => Box::new(self.open_index(owner, kind)?),
        };
        let result = work(self, &mut index);
        self.indexes.insert(key, index);
        result
    }

    /// Forgets what is in memory of an index that is about to be taken away.
    pub(crate) fn forget_index(&mut self, owner: u64, kind: Kind) {
        self.indexes.remove(&(owner, kind));
    }

    fn open_index(&mut self, owner: u64, kind: Kind) -> Result<Index> {
        let record = self.record(owner)?;
        if !record.is_in_use() || record.base().is_some() {
            let expected = "a base record in use";
            return Err(Error::damaged("file record", 0x16, expected, "another").in_record(owner));
        }
        let Some(place) = self.find(owner, kind.id(ty::INDEX_ROOT))? else {
            let actual = "none";
            return Err(Error::damaged("file record", 0, "an index root", actual).in_record(owner));
        };
        let value = self
            .record(place.record)?
            .attribute_at(place.offset)?
            .expect_resident("$INDEX_ROOT")?
            .to_vec();
        let (head, root) = parse_root(&value, kind).map_err(|e| e.in_record(owner))?;
        let block_size = u64::from(head.block_size.get());
        let vcn_unit = u64::from(self.geometry.index_vcn_unit(head.block_size.get()));
        let mut index = Index {
            owner,
            kind,
            head,
            root,
            block_size,
            vcn_unit,
            blocks: None,
            bitmap: Vec::new(),
            bitmap_extents: None,
            next_block: 0,
            nodes: FastMap::default(),
        };
        self.open_blocks(&mut index)?;
        Ok(index)
    }

    /// Looks a key up. The path leads to it, or to the place in a leaf where it belongs.
    pub(crate) fn search(&mut self, index: &mut Index, key: Key<'_>) -> Result<(Path, bool)> {
        let mut path = Path::with_capacity(4);
        let mut at = At::Root;
        loop {
            let node = index.node(at)?;
            let (entry, found) = node.search(key, &self.upcase);
            path.push(Step { at, entry });
            let Some(child) = node.child(entry).filter(|_| !found) else {
                return Ok((path, found));
            };
            self.descend(index, &path, child)?;
            at = At::Block(child);
        }
    }

    /// Reads the block that a path leads down to.
    fn descend(&mut self, index: &mut Index, path: &Path, child: u64) -> Result<()> {
        if path.len() > MOST_LEVELS {
            let expected = format!("at most {MOST_LEVELS} levels");
            return Err(
                Error::damaged("index", 0, expected, "more").in_index_block(index.owner, child)
            );
        }
        if index.nodes.contains_key(&child) {
            Ok(())
        } else {
            self.read_block(index, child)
        }
    }

    /// Adds an entry whose key `path` did not find.
    pub(crate) fn insert_entry(
        &mut self,
        index: &mut Index,
        path: Path,
        entry: Vec<u8>,
    ) -> EditResult<()> {
        self.insert_at(index, path, entry)
    }

    /// Puts an entry where the path ends; what does not fit splits the node and goes on one level up.
    fn insert_at(
        &mut self,
        index: &mut Index,
        mut path: Path,
        mut entry: Vec<u8>,
    ) -> EditResult<()> {
        loop {
            let Some(step) = path.pop() else {
                return Ok(());
            };
            match step.at {
                At::Root => {
                    if self.insert_into_root(index, step.entry, &entry)? {
                        return Ok(());
                    }
                    let below = self.push_root_down(index)?;
                    path.push(Step {
                        at: At::Root,
                        entry: index.root.keys(),
                    });
                    path.push(Step {
                        at: At::Block(below),
                        entry: step.entry,
                    });
                }
                At::Block(vcn) => {
                    let node = index.node_mut(step.at)?;
                    if node.fits(entry.len()) {
                        node.insert(step.entry, &entry);
                        return Ok(());
                    }
                    entry = self.split(index, vcn, step.entry, &entry, path.last().copied())?;
                }
            }
        }
    }

    /// Splits a full block around a new entry. What comes back goes into the parent, where the entry that led
    /// here now leads to the new, right-hand block.
    fn split(
        &mut self,
        index: &mut Index,
        vcn: u64,
        entry_at: usize,
        entry: &[u8],
        parent: Option<Step>,
    ) -> EditResult<Vec<u8>> {
        let Some(parent) = parent else {
            return Err(
                Error::damaged("index", 0, "a root above every block", "none")
                    .in_record(index.owner)
                    .into(),
            );
        };
        let right_vcn = self.claim_block(index)?;
        let mut right = Node::empty_block(index.block_size as usize, right_vcn);
        let left = index.node_mut(At::Block(vcn))?;
        // Names that come in order, as most do, leave full blocks behind, not half full ones.
        let appending = entry_at == left.keys();
        let median = if appending {
            left.keys() - 1
        } else {
            median_of(left)
        };
        left.move_tail(median + 1, &mut right);
        let up = left.remove(median);
        let up_child = entry_child(&up);
        left.set_last_child(up_child);
        if entry_at <= median {
            left.insert(entry_at, entry);
        } else {
            right.insert(entry_at - median - 1, entry);
        }
        index.nodes.insert(right_vcn, right);
        index
            .node_mut(parent.at)?
            .set_child(parent.entry, right_vcn);
        if parent.at == At::Root {
            self.write_root(index)?;
        }
        Ok(with_child(up, Some(vcn)))
    }

    /// True where the root, grown by the entry, fits into its record.
    fn insert_into_root(&mut self, index: &mut Index, at: usize, entry: &[u8]) -> EditResult<bool> {
        let place = self.root_place(index)?;
        let record = self.record(place.record)?;
        let room = super::record_edit::EditRecord::room(record)
            + record.attribute_at(place.offset)?.bytes.len();
        let header = build::resident(index.kind.id(ty::INDEX_ROOT), 0, &[]).len();
        let grown =
            header + (ROOT_HEADER + index.root.bytes().len() + entry.len()).next_multiple_of(8);
        if grown > room {
            return Ok(false);
        }
        index.root.insert(at, entry);
        self.write_root(index)?;
        Ok(true)
    }

    fn root_place(&mut self, index: &Index) -> Result<Place> {
        self.find(index.owner, index.kind.id(ty::INDEX_ROOT))?
            .ok_or_else(|| {
                Error::damaged("file record", 0, "an index root", "none").in_record(index.owner)
            })
    }

    /// Stores the root in its attribute.
    fn write_root(&mut self, index: &mut Index) -> EditResult<()> {
        let place = self.root_place(index)?;
        let bytes = build::resident(index.kind.id(ty::INDEX_ROOT), 0, &index.root_value());
        self.replace_attribute(index.owner, place, &bytes)?;
        index.root.dirty = false;
        Ok(())
    }

    /// Moves all entries of the root into a new block, to which the root then leads.
    pub(crate) fn push_root_down(&mut self, index: &mut Index) -> EditResult<u64> {
        // The root shrinks first: the attributes of the first block need its room.
        let mut below = Node::empty_block(index.block_size as usize, 0);
        index.root.move_tail(0, &mut below);
        index.root.set_last_child(None);
        self.write_root(index)?;
        let vcn = self.claim_block(index)?;
        below.set_vcn(vcn);
        index.nodes.insert(vcn, below);
        index.root.set_last_child(Some(vcn));
        self.write_root(index)?;
        Ok(vcn)
    }

    /// The value of a new `$INDEX_ROOT` without entries.
    pub(crate) fn empty_index_root(&self, kind: Kind) -> Vec<u8> {
        let mut head = IndexRootHeader::new_zeroed();
        head.indexed_type = if kind.is_names() { ty::FILE_NAME } else { 0 }.into();
        head.collation = kind.collation().into();
        let block = self.geometry.index_block_size;
        head.block_size = block.into();
        head.clusters_per_block = (block / self.geometry.index_vcn_unit(block)) as u8;
        [head.as_bytes(), Node::empty_root().bytes()].concat()
    }
}

fn lost(owner: u64, vcn: u64) -> Error {
    let actual = "a block that was not read";
    Error::damaged("index", 0, format!("block {vcn}"), actual).in_index_block(owner, vcn)
}

fn parse_root(value: &[u8], kind: Kind) -> Result<(IndexRootHeader, Node)> {
    let Ok((head, rest)) = IndexRootHeader::read_from_prefix(value) else {
        return Err(Error::damaged(
            "$INDEX_ROOT",
            0,
            "a header of 16 bytes",
            value.len(),
        ));
    };
    if head.collation.get() != kind.collation() {
        let expected = format!("collation 0x{:x}", kind.collation());
        return Err(Error::damaged(
            "$INDEX_ROOT",
            4,
            expected,
            head.collation.get(),
        ));
    }
    let size = head.block_size.get();
    if !size.is_power_of_two() || !(blocks::LEAST_BLOCK..=0x10000).contains(&size) {
        return Err(Error::damaged(
            "$INDEX_ROOT",
            8,
            "blocks of 4096 to 65536 bytes",
            size,
        ));
    }
    Ok((head, Node::root(rest, kind.is_names())?))
}

/// The entry at which half of the bytes lie before it, never the first or the last.
fn median_of(node: &Node) -> usize {
    let total: usize = (0..node.keys()).map(|i| node.entry(i).len()).sum();
    let mut before = 0;
    let at = (0..node.keys()).find(|&i| {
        before += node.entry(i).len();
        before * 2 >= total
    });
    at.unwrap_or(0).min(node.keys().saturating_sub(2)).max(1)
}

fn entry_child(entry: &[u8]) -> Option<u64> {
    let has_child = entry.get(0x0C).is_some_and(|flags| flags & 1 != 0);
    entry
        .last_chunk::<8>()
        .filter(|_| has_child)
        .map(|tail| u64::from_le_bytes(*tail))
}
