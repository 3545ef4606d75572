//! The blocks of an index: read, claimed, released, sealed.

use zerocopy::FromBytes;

use super::Index;
use crate::device::Device;
use crate::edit::Editor;
use crate::edit::attributes::sizes_of;
use crate::edit::build;
use crate::edit::clusters::write_extents;
use crate::edit::error::EditResult;
use crate::edit::node::Node;
use crate::error::{Error, Result};
use crate::fixup;
use crate::layout::{INDX_SIGNATURE, IndexBlockHeader, attribute_type as ty};
use crate::value::{Extents, Value};

/// Bounds the bitmap of an index: this many bytes stand for more blocks than any directory has.
const MOST_BITMAP: u64 = 16 << 20;
/// A resident bitmap grows to this many bytes before it moves into clusters.
const MOST_RESIDENT_BITMAP: usize = 64;
/// A growing index claims clusters for up to this many blocks ahead.
const MOST_AHEAD: u64 = 256;

impl<D: Device> Editor<D> {
    pub(super) fn open_blocks(&mut self, index: &mut Index) -> Result<()> {
        let (owner, kind) = (index.owner, index.kind);
        let Some(value) = self.value(owner, kind.id(ty::INDEX_ALLOCATION))? else {
            return Ok(());
        };
        let Value::NonResident(blocks) = value else {
            return Err(
                Error::damaged("$INDEX_ALLOCATION", 8, "not resident (1)", 0).in_record(owner),
            );
        };
        index.blocks = Some(blocks);
        let id = kind.id(ty::BITMAP);
        if let Some(Value::NonResident(extents)) = self.value(owner, id)? {
            index.bitmap_extents = Some(extents);
        }
        let bitmap = self.value_bytes(owner, id, MOST_BITMAP)?;
        let missing =
            || Error::damaged("file record", 0, "an index bitmap", "none").in_record(owner);
        index.bitmap = bitmap.ok_or_else(missing)?;
        Ok(())
    }

    /// Brings a block into memory.
    pub(super) fn read_block(&mut self, index: &mut Index, vcn: u64) -> Result<()> {
        let (owner, size) = (index.owner, index.block_size);
        let wrong = |expected: String, actual: String| {
            Error::damaged("index block", 0, expected, actual).in_index_block(owner, vcn)
        };
        let offset = vcn
            .checked_mul(index.vcn_unit)
            .filter(|offset| offset % size == 0);
        let (Some(blocks), Some(offset)) = (&index.blocks, offset) else {
            return Err(wrong(
                "a block of the index".into(),
                format!("virtual cluster {vcn}"),
            ));
        };
        if !is_used(&index.bitmap, offset / size) {
            return Err(wrong(
                "a block in use".into(),
                "one that the index's bitmap has free".into(),
            ));
        }
        let mut bytes = vec![0; size as usize];
        blocks.read_at(&self.change, &self.geometry, offset, &mut bytes)?;
        let at = |e: Error| e.in_index_block(owner, vcn);
        fixup::undo(&mut bytes, INDX_SIGNATURE, "index block").map_err(at)?;
        let own =
            IndexBlockHeader::read_from_prefix(&bytes).map_or(u64::MAX, |(head, _)| head.vcn.get());
        if own != vcn {
            return Err(wrong(
                format!("its own virtual cluster {vcn}"),
                own.to_string(),
            ));
        }
        let node = Node::block(bytes, index.kind.is_names()).map_err(at)?;
        index.nodes.insert(vcn, node);
        Ok(())
    }

    /// A block for the index: a free one, else one more. Its bytes are the caller's to make.
    pub(super) fn claim_block(&mut self, index: &mut Index) -> EditResult<u64> {
        let size = index.block_size;
        let blocks = index
            .blocks
            .as_ref()
            .map_or(0, |extents| extents.data_size / size);
        let found = (index.next_block..blocks).find(|&block| !is_used(&index.bitmap, block));
        let block = match found {
            Some(block) => {
                self.expect_own_blocks(index)?;
                block
            }
            None => {
                self.append_block(index, blocks)?;
                blocks
            }
        };
        index.next_block = block + 1;
        self.mark_block(index, block, true)?;
        Ok(block * size / index.vcn_unit)
    }

    /// A block in use was read and is one; a free one may be anything.
    fn expect_own_blocks(&mut self, index: &Index) -> EditResult<()> {
        match &index.blocks {
            Some(extents) => self.expect_own_value(index.owner, extents),
            None => Ok(()),
        }
    }

    /// Gives a block back.
    pub(super) fn release_block(&mut self, index: &mut Index, vcn: u64) -> EditResult<()> {
        let block = vcn * index.vcn_unit / index.block_size;
        self.sealed
            .blocks
            .push((index.owner, index.kind.name(), vcn));
        index.nodes.remove(&vcn);
        index.next_block = index.next_block.min(block);
        self.mark_block(index, block, false)
    }

    fn append_block(&mut self, index: &mut Index, blocks: u64) -> EditResult<()> {
        let (owner, size) = (index.owner, index.block_size);
        let is_new = index.blocks.is_none();
        let empty = Extents {
            record: owner,
            ..Extents::default()
        };
        let mut extents = index.blocks.take().unwrap_or(empty);
        let end = (blocks + 1) * size;
        let grown = self.claim_for_blocks(&mut extents, blocks, size);
        if grown.is_ok() {
            extents.data_size = end;
            extents.initialized_size = end;
        }
        let stored = extents.clone();
        index.blocks = (grown.is_ok() || !is_new).then_some(extents);
        grown?;
        self.store_extents(owner, index.kind.id(ty::INDEX_ALLOCATION), &stored)
    }

    /// Clusters for one more block, and for some to come where the index is large already.
    fn claim_for_blocks(
        &mut self,
        extents: &mut Extents,
        blocks: u64,
        size: u64,
    ) -> EditResult<()> {
        let cluster = u64::from(self.geometry.cluster_size);
        let there = extents.end_vcn();
        let least = ((blocks + 1) * size)
            .div_ceil(cluster)
            .saturating_sub(there);
        if least == 0 {
            return Ok(());
        }
        let ahead = (blocks / 4).clamp(1, MOST_AHEAD);
        let wanted = ((blocks + ahead) * size)
            .div_ceil(cluster)
            .saturating_sub(there);
        // The last clusters of a volume are worth as much as the first.
        self.claim_for(extents, wanted.max(least))
            .or_else(|_| self.claim_for(extents, least))
    }

    fn mark_block(&mut self, index: &mut Index, block: u64, used: bool) -> EditResult<()> {
        let (byte, mask) = ((block / 8) as usize, 1u8 << (block % 8));
        let grow = index.bitmap.len() <= byte;
        if grow {
            index.bitmap.resize((byte + 1).next_multiple_of(8), 0);
        }
        if used {
            index.bitmap[byte] |= mask;
        } else {
            index.bitmap[byte] &= !mask;
        }
        self.store_bitmap(index, byte, grow)
    }

    /// Writes the bitmap of an index: the byte that changed, or the attribute where it grew.
    fn store_bitmap(&mut self, index: &mut Index, byte: usize, grew: bool) -> EditResult<()> {
        let id = index.kind.id(ty::BITMAP);
        let owner = index.owner;
        if let Some(mut extents) = index.bitmap_extents.take() {
            let result = self.store_bitmap_clusters(index, &mut extents, byte, grew);
            index.bitmap_extents = Some(extents);
            return result;
        }
        if index.bitmap.len() > MOST_RESIDENT_BITMAP {
            return self.move_bitmap_out(index);
        }
        let attribute = build::resident(id, 0, &index.bitmap);
        match self.find(owner, id)? {
            Some(place) => self.replace_attribute(owner, place, &attribute)?,
            None => self.insert_attribute(owner, &attribute)?,
        };
        Ok(())
    }

    fn move_bitmap_out(&mut self, index: &mut Index) -> EditResult<()> {
        let id = index.kind.id(ty::BITMAP);
        let extents = self.new_extents(index.owner, &index.bitmap)?;
        let mut runs = Vec::new();
        crate::runs::encode(&extents.runs, &mut runs);
        let vcns = 0..extents.end_vcn();
        let attribute = build::non_resident(id, 0, vcns, sizes_of(&extents), &runs);
        match self.find(index.owner, id)? {
            Some(place) => self.replace_attribute(index.owner, place, &attribute)?,
            None => self.insert_attribute(index.owner, &attribute)?,
        };
        index.bitmap_extents = Some(extents);
        Ok(())
    }

    fn store_bitmap_clusters(
        &mut self,
        index: &Index,
        extents: &mut Extents,
        byte: usize,
        grew: bool,
    ) -> EditResult<()> {
        self.expect_own_value(index.owner, extents)?;
        if !grew {
            let changed = &index.bitmap[byte..=byte];
            write_extents(extents, &self.change, &self.geometry, byte as u64, changed)?;
            return Ok(());
        }
        let size = index.bitmap.len() as u64;
        let at = extents.data_size;
        if size > extents.end_vcn() * u64::from(self.geometry.cluster_size) {
            self.claim_for(extents, 1)?;
        }
        extents.data_size = size;
        extents.initialized_size = size;
        write_extents(
            extents,
            &self.change,
            &self.geometry,
            at,
            &index.bitmap[at as usize..],
        )?;
        self.store_extents(index.owner, index.kind.id(ty::BITMAP), extents)
    }

    /// Takes away the blocks of an index whose root holds everything.
    pub(super) fn drop_blocks(&mut self, index: &mut Index) -> EditResult<()> {
        let (owner, name) = (index.owner, index.kind.name());
        let vcns = index.nodes.keys().map(|vcn| (owner, name, *vcn));
        self.sealed.blocks.extend(vcns);
        index.blocks = None;
        index.bitmap = Vec::new();
        index.bitmap_extents = None;
        index.next_block = 0;
        index.nodes.clear();
        self.drop_attribute(index.owner, index.kind.id(ty::INDEX_ALLOCATION))?;
        self.drop_attribute(index.owner, index.kind.id(ty::BITMAP))?;
        Ok(())
    }

    /// Writes every changed block into the change.
    pub(crate) fn seal_indexes(&mut self) -> Result<()> {
        let mut disk = Vec::new();
        let sealed = &mut self.sealed.blocks;
        for (key, index) in &mut self.indexes {
            let Some(extents) = &index.blocks else {
                continue;
            };
            for (vcn, node) in index.nodes.iter_mut().filter(|(_, node)| node.dirty) {
                node.dirty = false;
                sealed.push((key.0, key.1.name(), *vcn));
                disk.clear();
                disk.extend_from_slice(node.bytes());
                fixup::redo(&mut disk, "index block").map_err(|e| e.in_index_block(key.0, *vcn))?;
                node.keep_sequence(&disk);
                write_extents(
                    extents,
                    &self.change,
                    &self.geometry,
                    vcn * index.vcn_unit,
                    &disk,
                )?;
            }
        }
        Ok(())
    }
}

fn is_used(bitmap: &[u8], block: u64) -> bool {
    let byte = usize::try_from(block / 8)
        .ok()
        .and_then(|at| bitmap.get(at));
    byte.is_some_and(|byte| byte >> (block % 8) & 1 == 1)
}

/// Blocks smaller than this could not hold enough names to be split.
pub(super) const LEAST_BLOCK: u32 = 4096;
