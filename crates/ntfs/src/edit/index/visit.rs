//! Looking through an index: its first and last entry, the entries from a key on; changing an entry in place.

use super::{At, Index, Path, Step};
use crate::device::Device;
use crate::edit::Editor;
use crate::edit::error::EditResult;
use crate::edit::node::{Key, Node};
use crate::error::Result;

impl Index {
    /// Bytes its nodes take.
    pub(crate) fn memory(&self) -> usize {
        let node = self.block_size as usize + 256 + size_of::<Node>();
        self.nodes.len() * node + self.bitmap.len() + size_of::<Self>()
    }
}

impl<D: Device> Editor<D> {
    /// The entry with the least key.
    pub(crate) fn first_entry(&mut self, index: &mut Index) -> Result<Option<Vec<u8>>> {
        let mut first = None;
        self.entries_from(index, At::Root, &[], &mut |entry| {
            first = Some(entry.to_vec());
            Ok(false)
        })?;
        Ok(first)
    }

    /// The entry with the greatest key.
    pub(crate) fn last_entry(&mut self, index: &mut Index) -> EditResult<Option<Vec<u8>>> {
        let mut path = Path::new();
        let (mut at, mut last) = (At::Root, None);
        loop {
            let node = index.node(at)?;
            let keys = node.keys();
            if keys > 0 {
                last = Some(node.entry(keys - 1).to_vec());
            }
            let Some(child) = node.child(keys) else {
                return Ok(last);
            };
            path.push(Step { at, entry: keys });
            self.descend(index, &path, child)?;
            at = At::Block(child);
        }
    }

    /// Visits the entries whose keys are not below `low` (a view's key; of names, all) in order, until `visit` says no.
    pub(crate) fn entries_from(
        &mut self,
        index: &mut Index,
        at: At,
        low: &[u8],
        visit: &mut dyn FnMut(&[u8]) -> Result<bool>,
    ) -> Result<bool> {
        self.entries_below(index, &mut Path::new(), at, low, visit)
    }

    fn entries_below(
        &mut self,
        index: &mut Index,
        path: &mut Path,
        at: At,
        low: &[u8],
        visit: &mut dyn FnMut(&[u8]) -> Result<bool>,
    ) -> Result<bool> {
        let node = index.node(at)?;
        let from = if low.is_empty() {
            0
        } else {
            node.search(Key::Integers(low), &self.upcase).0
        };
        for entry in from..=node.keys() {
            let node = index.node(at)?;
            let keys = node.keys();
            if let Some(child) = node.child(entry) {
                path.push(Step { at, entry });
                self.descend(index, path, child)?;
                let goes_on = self.entries_below(index, path, At::Block(child), low, visit)?;
                path.pop();
                if !goes_on {
                    return Ok(false);
                }
            }
            if entry < keys && !visit(index.node(at)?.entry(entry))? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Changes the key to which a path leads, without a change of its order.
    pub(crate) fn change_key(
        &mut self,
        index: &mut Index,
        path: &Path,
        change: impl FnOnce(&mut [u8]),
    ) -> EditResult<()> {
        let Some(step) = path.last() else {
            return Ok(());
        };
        change(index.node_mut(step.at)?.key_mut(step.entry));
        if step.at == At::Root {
            self.write_root(index)
        } else {
            Ok(())
        }
    }
}
