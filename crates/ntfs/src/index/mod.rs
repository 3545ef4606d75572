//! Indexes: the B+ trees of directories (`$I30`) and of `$Extend`'s and `$Secure`'s views.
//!
//! An entry with a child points to the block whose keys are all less than its own; the last entry of a node has no key,
//! and its child holds what is greater than all others.

pub mod node;

use std::cmp::Ordering;
use std::ops::ControlFlow;

use crate::device::Device;
use crate::error::{Error, Result};
use crate::file::File;
use crate::layout::attribute_type;
use crate::value::{Extents, Value};
use crate::volume::Volume;

pub use node::{Entries, IndexEntry, Node};

/// A tree of 4 KiB blocks with the longest names holds 6 entries to a block: 40 levels are more than 2^48 files.
pub const MAX_DEPTH: usize = 40;

/// An index of a file, open for reading.
#[derive(Debug)]
pub struct Index<'v, D> {
    volume: &'v Volume<D>,
    record: u64,
    root: Vec<u8>,
    allocation: Option<Extents>,
    block_size: u32,
    collation: u32,
}

/// An entry, owned.
#[derive(Debug, Clone)]
pub struct OwnedEntry(Vec<u8>);

impl OwnedEntry {
    /// The entry.
    pub fn view(&self) -> Result<IndexEntry<'_>> {
        IndexEntry::parse(&self.0, 0)
    }
}

/// What [`Index::walk`] comes by, in order.
#[derive(Debug)]
pub enum Visit<'a> {
    /// A node, before its entries. The root has no `vcn`.
    Node {
        /// The block's virtual cluster number.
        vcn: Option<u64>,
        /// How many nodes are above it.
        depth: usize,
        /// The node.
        node: Node<'a>,
    },
    /// An entry with a key, after everything that is below it.
    Entry {
        /// The block it is in.
        vcn: Option<u64>,
        /// The entry.
        entry: IndexEntry<'a>,
    },
    /// A block, or the rest of one, that cannot be read. The walk goes on behind it.
    Damaged(Error),
}

impl<'v, D: Device> Index<'v, D> {
    /// Opens the index of this name: `$I30` of a directory, `$R` of `$Reparse`. `None` if the file has none.
    pub fn open(volume: &'v Volume<D>, file: &File, name: &[u16]) -> Result<Option<Self>> {
        let record = file.number();
        let Some(root) = volume.whole(file, attribute_type::INDEX_ROOT, name)? else {
            return Ok(None);
        };
        let (header, _) = Node::root(&root).map_err(|error| error.in_record(record))?;
        let block_size = header.block_size.get();
        if !block_size.is_power_of_two() || !(512..=0x10000).contains(&block_size) {
            let expected = "index blocks of 512 to 65536 bytes";
            return Err(Error::damaged("$INDEX_ROOT", 8, expected, block_size).in_record(record));
        }
        let allocation = match volume.value(file, attribute_type::INDEX_ALLOCATION, name)? {
            Some(Value::NonResident(extents)) => Some(extents),
            _ => None,
        };
        let collation = header.collation.get();
        Ok(Some(Self {
            volume,
            record,
            root,
            allocation,
            block_size,
            collation,
        }))
    }

    /// The record of the file whose index it is.
    pub fn record(&self) -> u64 {
        self.record
    }

    /// Its [collation rule](crate::layout::collation).
    pub fn collation(&self) -> u32 {
        self.collation
    }

    /// Bytes of a block.
    pub fn block_size(&self) -> u32 {
        self.block_size
    }

    /// Blocks there is room for.
    pub fn block_count(&self) -> u64 {
        self.allocation
            .as_ref()
            .map_or(0, |blocks| blocks.data_size / u64::from(self.block_size))
    }

    /// The number of a block in the index's bitmap, for its virtual cluster number.
    pub fn block_number(&self, vcn: u64) -> u64 {
        let unit = self.volume.geometry().index_vcn_unit(self.block_size);
        vcn.saturating_mul(u64::from(unit)) / u64::from(self.block_size)
    }

    /// The root's value.
    pub fn root(&self) -> &[u8] {
        &self.root
    }

    /// Reads a block in memory form. `buf` becomes its size.
    pub fn read_block(&self, vcn: u64, buf: &mut Vec<u8>) -> Result<()> {
        let wrong = |expected: String| {
            Err(
                Error::damaged("index entry", 0, expected, format!("child {vcn}"))
                    .in_record(self.record),
            )
        };
        let Some(allocation) = &self.allocation else {
            return wrong("an $INDEX_ALLOCATION".to_owned());
        };
        let unit = u64::from(self.volume.geometry().index_vcn_unit(self.block_size));
        let offset = vcn
            .checked_mul(unit)
            .filter(|at| at % u64::from(self.block_size) == 0);
        let end = offset.and_then(|at| at.checked_add(u64::from(self.block_size)));
        let (Some(offset), true) = (offset, end.is_some_and(|end| end <= allocation.data_size))
        else {
            return wrong(format!("a block within {} bytes", allocation.data_size));
        };
        buf.resize(self.block_size as usize, 0);
        self.volume.read_extents(allocation, offset, buf)?;
        node::undo_block(buf, vcn).map_err(|error| error.in_index_block(self.record, vcn))
    }

    /// Descends to a key. `compare` gives the order of an entry's key against the one looked for.
    pub fn find(&self, compare: impl Fn(&[u8]) -> Ordering) -> Result<Option<OwnedEntry>> {
        self.find_along(&mut Way::of_one_key(), compare)
    }

    /// The same, where the way to the key before may go along with the way to this one. It must be of this index.
    pub(crate) fn find_along(
        &self,
        way: &mut Way,
        compare: impl Fn(&[u8]) -> Ordering,
    ) -> Result<Option<OwnedEntry>> {
        let mut next = match descend(Node::root(&self.root)?.1, &compare)
            .map_err(|error| error.in_record(self.record))?
        {
            Descent::Found(entry) => return Ok(Some(entry)),
            Descent::Child(child) => child,
        };
        for depth in 0..MAX_DEPTH {
            let Some(vcn) = next else { return Ok(None) };
            let block = way.block(depth, vcn, |buf| self.read_block(vcn, buf))?;
            let found = Node::block(block).and_then(|node| descend(node, &compare));
            match found.map_err(|error| error.in_index_block(self.record, vcn))? {
                Descent::Found(entry) => return Ok(Some(entry)),
                Descent::Child(child) => next = child,
            }
        }
        Err(self.too_deep())
    }

    fn too_deep(&self) -> Error {
        Error::damaged("index", 0, format!("at most {MAX_DEPTH} levels"), "more")
            .in_record(self.record)
    }

    /// Comes by every entry in order, and by every node. A damaged block is told and left out.
    ///
    /// It ends whatever the blocks point to: no more blocks are read than there are.
    pub fn walk(&self, mut visit: impl FnMut(Visit<'_>) -> ControlFlow<()>) -> Result<()> {
        let mut left = self.block_count();
        let mut stack = vec![Frame::default()];
        let mut spare: Vec<Vec<u8>> = Vec::new();
        while let Some(depth) = stack.len().checked_sub(1) {
            let Some(frame) = stack.last_mut() else { break };
            let step = frame.step(&self.root, depth, &mut visit);
            match step.map_err(|error| self.place(error, frame.vcn)) {
                Ok(Step::Go) => {}
                Ok(Step::Stop) => return Ok(()),
                Ok(Step::Up) => spare.extend(stack.pop().map(|frame| frame.block)),
                Ok(Step::Down(vcn)) => {
                    let mut block = spare.pop().unwrap_or_default();
                    let read = self.enter(vcn, depth, &mut left, &mut block);
                    match read {
                        Ok(()) => stack.push(Frame {
                            vcn: Some(vcn),
                            block,
                            ..Frame::default()
                        }),
                        Err(error) => {
                            spare.push(block);
                            if visit(Visit::Damaged(error)).is_break() {
                                return Ok(());
                            }
                        }
                    }
                }
                Err(error) => {
                    spare.extend(stack.pop().map(|frame| frame.block));
                    if visit(Visit::Damaged(error)).is_break() {
                        return Ok(());
                    }
                }
            }
        }
        Ok(())
    }

    fn enter(&self, vcn: u64, depth: usize, left: &mut u64, block: &mut Vec<u8>) -> Result<()> {
        if depth >= MAX_DEPTH {
            return Err(self.too_deep());
        }
        if *left == 0 {
            let expected = format!("at most {} blocks", self.block_count());
            return Err(
                Error::damaged("index", 0, expected, format!("child {vcn} again"))
                    .in_record(self.record),
            );
        }
        *left -= 1;
        self.read_block(vcn, block)
    }

    fn place(&self, error: Error, vcn: Option<u64>) -> Error {
        match vcn {
            Some(vcn) => error.in_index_block(self.record, vcn),
            None => error.in_record(self.record),
        }
    }

    /// Every entry in order, damaged blocks as errors.
    pub fn for_each(
        &self,
        mut visit: impl FnMut(Result<IndexEntry<'_>>) -> ControlFlow<()>,
    ) -> Result<()> {
        self.walk(|step| match step {
            Visit::Node { .. } => ControlFlow::Continue(()),
            Visit::Entry { entry, .. } => visit(Ok(entry)),
            Visit::Damaged(error) => visit(Err(error)),
        })
    }
}

/// The blocks on the way to the key that was looked up last: of many keys that are looked up in their order, hardly one
/// reads a block of its own.
#[derive(Debug, Default)]
pub(crate) struct Way {
    blocks: Vec<(u64, Vec<u8>)>,
    /// Keeps the block that it is at and none above it.
    of_one_key: bool,
}

impl Way {
    /// The way to one key alone: all blocks are read into the same memory.
    fn of_one_key() -> Self {
        Self {
            of_one_key: true,
            ..Self::default()
        }
    }

    /// The block so many levels below the root, read where another was there.
    fn block(
        &mut self,
        depth: usize,
        vcn: u64,
        read: impl FnOnce(&mut Vec<u8>) -> Result<()>,
    ) -> Result<&[u8]> {
        let depth = if self.of_one_key { 0 } else { depth };
        if self
            .blocks
            .get(depth)
            .is_none_or(|(there, _)| *there != vcn)
        {
            // What cannot be read is not kept, nor what was below the other.
            let mut spare = self.blocks.drain(depth.min(self.blocks.len())..);
            let mut block = spare.next().map(|(_, block)| block).unwrap_or_default();
            drop(spare);
            read(&mut block)?;
            self.blocks.push((vcn, block));
        }
        let block = self.blocks.get(depth);
        Ok(block.map_or(&[], |(_, block)| block.as_slice()))
    }
}

enum Descent {
    Found(OwnedEntry),
    Child(Option<u64>),
}

fn descend(node: Node<'_>, compare: &impl Fn(&[u8]) -> Ordering) -> Result<Descent> {
    for entry in node.entries() {
        let entry = entry?;
        let order = if entry.is_last() {
            Ordering::Greater
        } else {
            compare(entry.key)
        };
        match order {
            Ordering::Less => {}
            Ordering::Equal => return Ok(Descent::Found(OwnedEntry(entry.bytes.to_vec()))),
            Ordering::Greater => return Ok(Descent::Child(entry.child)),
        }
    }
    Ok(Descent::Child(None))
}

/// A node on the way down: where the walk is in it.
#[derive(Debug, Default)]
struct Frame {
    vcn: Option<u64>,
    block: Vec<u8>,
    /// The entry that comes next; 0 before the first.
    offset: usize,
    /// Whether its child was visited.
    child_done: bool,
}

enum Step {
    Go,
    Down(u64),
    Up,
    Stop,
}

impl Frame {
    fn step(
        &mut self,
        root: &[u8],
        depth: usize,
        visit: &mut impl FnMut(Visit<'_>) -> ControlFlow<()>,
    ) -> Result<Step> {
        let node = match self.vcn {
            None => Node::root(root)?.1,
            Some(_) => Node::block(&self.block)?,
        };
        if self.offset == 0 {
            if visit(Visit::Node {
                vcn: self.vcn,
                depth,
                node,
            })
            .is_break()
            {
                return Ok(Step::Stop);
            }
            match node.entries().next() {
                Some(first) => self.offset = first?.offset,
                None => return Ok(Step::Up),
            }
        }
        let entry = node.entry_at(self.offset)?;
        if let (Some(child), false) = (entry.child, self.child_done) {
            self.child_done = true;
            return Ok(Step::Down(child));
        }
        if entry.is_last() {
            return Ok(Step::Up);
        }
        self.offset += entry.bytes.len();
        self.child_done = false;
        match visit(Visit::Entry {
            vcn: self.vcn,
            entry,
        }) {
            ControlFlow::Continue(()) => Ok(Step::Go),
            ControlFlow::Break(()) => Ok(Step::Stop),
        }
    }
}
