//! The touched nodes of indexes: their order and shape, their entries of touched files, and that no other entry was lost.

use super::super::columns::{Bits, bit, hash, parent_key};
use super::super::directory::Rows;
use super::super::index::Walk;
use super::super::{Checker, Code, Finding, Flow, GO_ON, reparse};
use super::Touched;
use crate::device::Device;
use crate::error::Result;
use crate::file_name::FileNameView;
use crate::file_ref::FileRef;
use crate::index::{Index, IndexEntry, Node};
use crate::layout::{ReparseKey, attribute_type, collation};
use crate::tree::I30;
use crate::volume::Volume;
use std::ops::ControlFlow;
use zerocopy::FromBytes;

/// What one index is to `check_index_nodes`.
struct Sheet<'t> {
    owner: u64,
    name: &'t [u16],
    blocks: &'t [(u64, &'static [u16], u64)],
}

/// The sum over all entries of files that were not touched: the same before and after, wherever they went.
type Sum = u64;

impl<D: Device, V: FnMut(Finding) -> Flow> Checker<'_, D, V> {
    /// Every touched node. Gives the rows of the touched files that have a key in `$R` among them.
    pub(super) fn check_nodes<E: Device>(
        &mut self,
        before: &Volume<E>,
        touched: &Touched,
        files: &[u64],
    ) -> ControlFlow<(), Bits> {
        let mut blocks = touched.blocks.clone();
        blocks.sort_unstable();
        blocks.dedup();
        let mut keys = Bits::new(self.columns.rows());
        let same = |a: &(u64, &[u16], u64), b: &(u64, &[u16], u64)| (a.0, a.1) == (b.0, b.1);
        for group in blocks.chunk_by(same) {
            if let Some((owner, name, _)) = group.first() {
                self.check_index_nodes(
                    before,
                    &Sheet {
                        owner: *owner,
                        name,
                        blocks: group,
                    },
                    &mut keys,
                )?;
            }
        }
        // Those of which the root alone was touched: it lies in the record.
        for owner in files {
            let has_blocks = blocks.binary_search_by(|block| block.0.cmp(owner)).is_ok();
            if has_blocks || !self.columns.is_file(*owner) {
                continue;
            }
            let name: &[u16] = if self.columns.has(*owner, bit::DIRECTORY) {
                &I30
            } else if self.columns.has(*owner, bit::VIEW) {
                &reparse::INDEX
            } else {
                continue;
            };
            let sheet = Sheet {
                owner: *owner,
                name,
                blocks: &[],
            };
            self.check_index_nodes(before, &sheet, &mut keys)?;
        }
        ControlFlow::Continue(keys)
    }

    fn check_index_nodes<E: Device>(
        &mut self,
        before: &Volume<E>,
        sheet: &Sheet<'_>,
        keys: &mut Bits,
    ) -> Flow {
        let owner = sheet.owner;
        if !self.columns.is_file(owner) {
            return GO_ON;
        }
        let volume = self.volume;
        let opened = volume
            .file(owner)
            .and_then(|file| Ok((Index::open(volume, &file, sheet.name)?, file)));
        let (index, file) = match opened {
            Ok((Some(index), file)) => (index, file),
            Ok((None, _)) if self.columns.has(owner, bit::DIRECTORY) => {
                return self.tell(Code::IndexMissing, owner, "it has no index $I30");
            }
            // A view of another name.
            Ok((None, _)) => return GO_ON,
            Err(error) => return self.tell_error(Code::IndexDamaged, owner, &error),
        };
        let marked = match volume.whole(&file, attribute_type::BITMAP, sheet.name) {
            Ok(marked) => marked.unwrap_or_default(),
            Err(error) => return self.tell_error(Code::IndexBitmap, owner, &error),
        };
        let mut walk = Walk::new(owner, sheet.name, &index);
        let mut sum = match Node::root(index.root()) {
            Ok((_, root)) => self.check_node(&mut walk, None, root, keys)?,
            Err(error) => return self.tell_error(Code::IndexDamaged, owner, &error),
        };
        let mut block = Vec::new();
        for (_, _, vcn) in sheet.blocks {
            if !is_marked(&marked, index.block_number(*vcn)) {
                continue;
            }
            let read = index.read_block(*vcn, &mut block);
            match read.and_then(|()| Node::block(&block)) {
                Ok(node) => {
                    sum = sum.wrapping_add(self.check_node(&mut walk, Some(*vcn), node, keys)?);
                }
                Err(error) => return self.tell_error(Code::IndexDamaged, owner, &error),
            }
            self.check_is_reached(&index, &block, *vcn)?;
        }
        self.compare_sums(before, sheet, sum)
    }

    /// One node: shape, order, its entries of touched files. Gives the sum of the others.
    fn check_node(
        &mut self,
        walk: &mut Walk,
        vcn: Option<u64>,
        node: Node<'_>,
        keys: &mut Bits,
    ) -> ControlFlow<(), Sum> {
        self.check_shape(walk, vcn, 0, node)?;
        walk.begin_node();
        let mut sum: Sum = 0;
        let directory = self.columns.reference(walk.record);
        let rows = self.rows_of(directory);
        for entry in node.entries() {
            let entry = match entry {
                Ok(entry) if entry.is_last() => break,
                Ok(entry) => entry,
                Err(error) => {
                    self.tell_error(Code::IndexDamaged, walk.record, &error)?;
                    break;
                }
            };
            self.check_order(walk, entry.key)?;
            let Some((file, print)) = print_of(walk.collation, walk.is_reparse, &entry) else {
                continue;
            };
            if !self.columns.has(file.number(), bit::SCANNED) {
                sum = sum.wrapping_add(print);
            } else if walk.is_reparse {
                self.check_reparse_key(walk.record, entry.key, keys)?;
            } else {
                self.check_entry(directory, rows, &entry)?;
            }
        }
        ControlFlow::Continue(sum)
    }

    /// Where the names of a directory stand.
    pub(super) fn rows_of(&self, directory: FileRef) -> Rows {
        let key = parent_key(directory);
        Rows {
            start: self.names.partition_point(|row| row.parent < key),
            end: self.names.partition_point(|row| row.parent <= key),
        }
    }

    /// The way from the root to the first and to the last key of a block leads to them.
    fn check_is_reached(&mut self, index: &Index<'_, D>, block: &[u8], vcn: u64) -> Flow {
        let Ok(node) = Node::block(block) else {
            return GO_ON;
        };
        let mut ends: [Option<&[u8]>; 2] = [None, None];
        for entry in node.entries().flatten().filter(|entry| !entry.is_last()) {
            ends[0].get_or_insert(entry.key);
            ends[1] = Some(entry.key);
        }
        for key in ends.into_iter().flatten() {
            match index.find(|there| self.compare(index.collation(), there, key)) {
                Ok(Some(_)) => {}
                Ok(None) => {
                    let words = format!("nothing leads to an entry of block {vcn}");
                    return self.tell(Code::IndexOrder, index.record(), words);
                }
                Err(error) => return self.tell_error(Code::IndexDamaged, index.record(), &error),
            }
        }
        GO_ON
    }

    fn compare_sums<E: Device>(
        &mut self,
        before: &Volume<E>,
        sheet: &Sheet<'_>,
        after: Sum,
    ) -> Flow {
        // What could not be read before the change, the change did not spoil; what it then dropped, other rules see.
        let Ok(was) = self.sum_before(before, sheet) else {
            return GO_ON;
        };
        if was == after {
            return GO_ON;
        }
        let words = "entries of files that nothing was done to are not those that were there";
        self.tell(Code::IndexDamaged, sheet.owner, words)
    }

    /// The sum over the same nodes as they were.
    fn sum_before<E: Device>(&self, before: &Volume<E>, sheet: &Sheet<'_>) -> Result<Sum> {
        let reference = self.columns.reference(sheet.owner);
        // It was not there.
        let Ok(file) = before.file_by_ref(reference) else {
            return Ok(0);
        };
        let Some(index) = Index::open(before, &file, sheet.name)? else {
            return Ok(0);
        };
        let marked = before
            .whole(&file, attribute_type::BITMAP, sheet.name)?
            .unwrap_or_default();
        let is_reparse = sheet.name == reparse::INDEX;
        let mut sum: Sum = 0;
        let mut add = |node: Node<'_>| -> Result<()> {
            for entry in node.entries() {
                let entry = entry?;
                let print = print_of(index.collation(), is_reparse, &entry);
                let print = print.filter(|_| !entry.is_last());
                if let Some((file, print)) = print
                    && !self.columns.has(file.number(), bit::SCANNED)
                {
                    sum = sum.wrapping_add(print);
                }
            }
            Ok(())
        };
        add(Node::root(index.root())?.1)?;
        let mut block = Vec::new();
        for (_, _, vcn) in sheet.blocks {
            if is_marked(&marked, index.block_number(*vcn)) {
                index.read_block(*vcn, &mut block)?;
                add(Node::block(&block)?)?;
            }
        }
        Ok(sum)
    }
}

/// The file of an entry and a number for the entry; nothing for the entries of other views than `$R`.
fn print_of(rule: u32, is_reparse: bool, entry: &IndexEntry<'_>) -> Option<(FileRef, u64)> {
    if is_reparse {
        let key = ReparseKey::read_from_bytes(entry.key).ok()?;
        let file = FileRef::from_raw(key.file.get());
        return Some((file, mix(file.raw() ^ u64::from(key.tag.get()) << 20)));
    }
    if rule != collation::FILE_NAME {
        return None;
    }
    let name = FileNameView::parse(entry.key).ok()?;
    let file = entry.file();
    Some((file, mix(hash(&name) ^ file.raw())))
}

/// As splitmix64 ends: sums of these tell sets apart.
fn mix(value: u64) -> u64 {
    let value = (value ^ value >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ value >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ value >> 31
}

fn is_marked(bitmap: &[u8], block: u64) -> bool {
    let byte = usize::try_from(block / 8)
        .ok()
        .and_then(|at| bitmap.get(at));
    byte.is_some_and(|byte| byte >> (block % 8) & 1 != 0)
}
