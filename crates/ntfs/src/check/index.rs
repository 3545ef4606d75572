//! What holds for every index: order, shape, and its bitmap.

use std::cmp::Ordering;
use std::ops::ControlFlow;

use super::columns::{Bits, bit, get};
use super::{Checker, Code, Finding, Flow, GO_ON};
use crate::collate;
use crate::device::Device;
use crate::error::Error;
use crate::file::File;
use crate::file_name::FileNameView;
use crate::index::{Index, IndexEntry, Node, Visit};
use crate::layout::{attribute_type, collation};

/// What a walk keeps from node to node.
pub(super) struct Walk {
    pub(super) record: u64,
    pub(super) collation: u32,
    pub(super) is_reparse: bool,
    before: Vec<u8>,
    leaf_depth: Option<usize>,
    /// The blocks that the tree has.
    seen: Bits,
    damaged: bool,
}

impl Walk {
    /// A walk of nodes one by one, in no order: each begins by itself.
    pub(super) fn new<D: Device>(record: u64, name: &[u16], index: &Index<'_, D>) -> Self {
        Self {
            record,
            collation: index.collation(),
            is_reparse: name == super::reparse::INDEX,
            before: Vec::new(),
            leaf_depth: None,
            seen: Bits::new(0),
            damaged: false,
        }
    }

    pub(super) fn begin_node(&mut self) {
        self.before.clear();
    }
}

impl<D: Device, V: FnMut(Finding) -> Flow> Checker<'_, D, V> {
    /// Walks an index and hands each entry on. `false` where a part of it could not be read.
    pub(super) fn walk_index(
        &mut self,
        file: &File,
        name: &[u16],
        mut entry: impl FnMut(&mut Self, &IndexEntry<'_>) -> Flow,
    ) -> ControlFlow<(), bool> {
        let volume = self.volume;
        let record = file.number();
        let index = match Index::open(volume, file, name) {
            Ok(Some(index)) => index,
            Ok(None) => {
                let words = format!("it has no index {}", String::from_utf16_lossy(name));
                self.tell(Code::IndexMissing, record, words)?;
                return ControlFlow::Continue(false);
            }
            Err(error) => {
                self.tell_error(Code::IndexDamaged, record, &error)?;
                return ControlFlow::Continue(false);
            }
        };
        let mut walk = Walk::new(record, name, &index);
        walk.seen = Bits::new(index.block_count());
        let mut flow = GO_ON;
        let walked = index.walk(|visit| {
            flow = self.visit_index(&index, &mut walk, visit, &mut entry);
            if walk.damaged && self.blocks_left == 0 {
                ControlFlow::Break(())
            } else {
                flow
            }
        });
        flow?;
        if let Err(error) = walked {
            walk.damaged = true;
            self.tell_error(Code::IndexDamaged, record, &error)?;
        }
        if !walk.damaged && index.block_count() > 0 {
            self.check_index_bitmap(file, name, index.block_count(), &walk.seen)?;
        }
        ControlFlow::Continue(!walk.damaged)
    }

    fn visit_index(
        &mut self,
        index: &Index<'_, D>,
        walk: &mut Walk,
        visit: Visit<'_>,
        entry: &mut impl FnMut(&mut Self, &IndexEntry<'_>) -> Flow,
    ) -> Flow {
        match visit {
            Visit::Node { vcn, depth, node } => {
                if let Some(vcn) = vcn {
                    walk.seen.set(index.block_number(vcn));
                    self.take_block(walk)?;
                }
                self.check_shape(walk, vcn, depth, node)
            }
            Visit::Entry { entry: found, .. } => {
                self.check_order(walk, found.key)?;
                entry(self, &found)
            }
            Visit::Damaged(error) => {
                walk.damaged = true;
                self.tell_error(Code::IndexDamaged, walk.record, &error)
            }
        }
    }

    fn take_block(&mut self, walk: &mut Walk) -> Flow {
        self.blocks_left = self.blocks_left.saturating_sub(1);
        if self.blocks_left > 0 {
            return GO_ON;
        }
        walk.damaged = true;
        let words = "the indexes of the volume have more blocks than it has room for";
        self.tell(Code::IndexDamaged, walk.record, words)
    }

    pub(super) fn check_shape(
        &mut self,
        walk: &mut Walk,
        vcn: Option<u64>,
        depth: usize,
        node: Node<'_>,
    ) -> Flow {
        let inner = node.has_children();
        let place = vcn.map_or("the root".to_owned(), |vcn| format!("block {vcn}"));
        for entry in node.entries().flatten() {
            if entry.child.is_some() != inner {
                let words = match inner {
                    true => format!("an entry of {place}, an inner node, has no child"),
                    false => format!("an entry of {place}, a leaf, has a child"),
                };
                return self.tell(Code::IndexShape, walk.record, words);
            }
        }
        if inner {
            return GO_ON;
        }
        let other = *walk.leaf_depth.get_or_insert(depth);
        if other != depth {
            let words = format!("{place} is a leaf at depth {depth}, others are at {other}");
            return self.tell(Code::IndexShape, walk.record, words);
        }
        GO_ON
    }

    pub(super) fn check_order(&mut self, walk: &mut Walk, key: &[u8]) -> Flow {
        let before = std::mem::take(&mut walk.before);
        let order = match before.is_empty() {
            true => Ordering::Less,
            false => self.compare(walk.collation, &before, key),
        };
        walk.before = before;
        let told = match order {
            Ordering::Less => GO_ON,
            Ordering::Equal if walk.collation == collation::FILE_NAME => {
                let words = format!("two entries are called {}", key_text(key));
                self.tell(Code::EntryDuplicate, walk.record, words)
            }
            Ordering::Equal | Ordering::Greater => {
                let (was, is) = (key_words(walk, &walk.before), key_words(walk, key));
                self.tell(
                    Code::IndexOrder,
                    walk.record,
                    format!("{is} stands after {was}"),
                )
            }
        };
        walk.before.clear();
        walk.before.extend_from_slice(key);
        told
    }

    pub(super) fn compare(&self, rule: u32, a: &[u8], b: &[u8]) -> Ordering {
        match rule {
            collation::FILE_NAME => match (FileNameView::parse(a), FileNameView::parse(b)) {
                (Ok(a), Ok(b)) => self.volume.upcase().compare(a.name, b.name),
                _ => Ordering::Less,
            },
            collation::ULONG | collation::SECURITY_HASH | collation::ULONGS => {
                collate::compare_u32s(a, b)
            }
            // No rule is known for the others that a volume could be held to.
            _ => Ordering::Less,
        }
    }

    fn check_index_bitmap(&mut self, file: &File, name: &[u16], blocks: u64, seen: &Bits) -> Flow {
        let record = file.number();
        let bitmap = match self.volume.whole(file, attribute_type::BITMAP, name) {
            Ok(Some(bitmap)) => bitmap,
            Ok(None) => {
                return self.tell(Code::IndexBitmap, record, "it has blocks and no bitmap");
            }
            Err(error) => return self.tell_error(Code::IndexBitmap, record, &error),
        };
        for block in 0..blocks {
            let marked = get(&bitmap, block / 8) >> (block % 8) & 1 != 0;
            let words = match (marked, seen.get(block)) {
                (true, false) => format!("block {block} is marked used, and nothing leads to it"),
                (false, true) => format!("block {block} is in use, and marked free"),
                _ => continue,
            };
            self.tell(Code::IndexBitmap, record, words)?;
        }
        GO_ON
    }

    /// Every view index: `$Secure`'s and those of the files of `$Extend`. What `$SII` names is kept for the files.
    pub(super) fn check_security(&mut self) -> Flow {
        let mut ids = Vec::new();
        for number in 0..self.columns.len() {
            if !self.columns.is_file(number) || !self.columns.has(number, bit::VIEW) {
                continue;
            }
            let Ok(file) = self.volume.file(number) else {
                continue;
            };
            let mut names: Vec<Vec<u16>> = Vec::new();
            for root in file.attributes() {
                let name = root.name.iter().map(|unit| unit.get());
                if root.type_code == attribute_type::INDEX_ROOT && !root.name.is_empty() {
                    names.push(name.collect());
                }
            }
            for name in names.iter().filter(|name| **name != super::reparse::INDEX) {
                let is_sii = *name == [0x24, 0x53, 0x49, 0x49];
                self.walk_index(&file, name, |checker, entry| {
                    if let (true, Some(id)) = (is_sii, entry.key.first_chunk()) {
                        ids.push(u32::from_le_bytes(*id));
                    }
                    match entry.data() {
                        Ok(_) => GO_ON,
                        Err(error) => checker.tell_error(Code::ViewBad, number, &error),
                    }
                })?;
            }
        }
        ids.sort_unstable();
        self.check_security_ids(&ids)
    }

    fn check_security_ids(&mut self, ids: &[u32]) -> Flow {
        for number in 0..self.columns.len() {
            let id = self.columns.get(|c| &c.security, number);
            if id != 0 && self.columns.is_file(number) && ids.binary_search(&id).is_err() {
                self.tell(Code::SecurityId, number, format!("$Secure has no id {id}"))?;
            }
        }
        GO_ON
    }

    /// An error whose place in the index is known only as an entry of a record.
    pub(super) fn entry_error(&mut self, code: Code, record: u64, error: Error) -> Flow {
        self.tell_error(code, record, &error.in_record(record))
    }
}

fn key_words(walk: &Walk, key: &[u8]) -> String {
    match walk.collation {
        collation::FILE_NAME => key_text(key),
        _ => format!("key {key:02x?}"),
    }
}

fn key_text(key: &[u8]) -> String {
    FileNameView::parse(key).map_or_else(
        |_| format!("{key:02x?}"),
        |name| String::from_utf16_lossy(&name.to_vec()),
    )
}
