//! Removing entries: another takes an inner entry's place, empty nodes are merged away at any depth.

use super::{At, Index, Path, Step, entry_child};
use crate::device::Device;
use crate::edit::Editor;
use crate::edit::error::EditResult;
use crate::edit::node::{Key, entry_key, name_of, with_child};
use crate::error::Result;

impl<D: Device> Editor<D> {
    /// Removes the entry with this key. False where there is none.
    pub(crate) fn remove_key(&mut self, index: &mut Index, key: Key<'_>) -> EditResult<bool> {
        let (path, found) = self.search(index, key)?;
        if found {
            self.remove_entry(index, path)?;
        }
        Ok(found)
    }

    /// Removes the entry to which a path leads.
    pub(crate) fn remove_entry(&mut self, index: &mut Index, path: Path) -> EditResult<()> {
        let Some(&step) = path.last() else {
            return Ok(());
        };
        let Some(child) = index.node(step.at)?.child(step.entry) else {
            index.node_mut(step.at)?.remove(step.entry);
            self.note_change(index, step.at)?;
            return self.prune(index, path);
        };
        // An inner entry separates two subtrees: the last entry before it, which lies in a leaf, can do
        // so as well.
        let leaf = self.last_below(index, path.clone(), child)?;
        if leaf.entry == 0 {
            // A leaf without entries, as only a damaged tree has: nothing could stand in.
            let actual = "an empty leaf below it";
            return Err(
                crate::Error::damaged("index", 0, "entries before an inner one", actual)
                    .in_record(index.owner)
                    .into(),
            );
        }
        let stand_in = index.node_mut(leaf.at)?.remove(leaf.entry - 1);
        self.replace_inner(index, path, leaf.at, with_child(stand_in, Some(child)))
    }

    /// The last node of the subtree at `child`, with its number of keys.
    fn last_below(&mut self, index: &mut Index, mut path: Path, child: u64) -> Result<Step> {
        let mut vcn = child;
        loop {
            self.descend(index, &path, vcn)?;
            let node = index.node(At::Block(vcn))?;
            let step = Step {
                at: At::Block(vcn),
                entry: node.keys(),
            };
            match node.child(step.entry) {
                Some(next) => vcn = next,
                None => return Ok(step),
            }
            path.push(step);
        }
    }

    /// Puts the stand-in into the inner entry's place, where it may be too long to fit.
    fn replace_inner(
        &mut self,
        index: &mut Index,
        path: Path,
        leaf: At,
        entry: Vec<u8>,
    ) -> EditResult<()> {
        let Some(&step) = path.last() else {
            return Ok(());
        };
        let key = entry_key(&entry).to_vec();
        index.node_mut(step.at)?.remove(step.entry);
        self.insert_at(index, path, entry)?;
        if index.node(leaf)?.keys() > 0 {
            return Ok(());
        }
        // Splits on the way up may have moved entries about: the leaf is found anew from the stand-in.
        let path = self.path_before(index, &key)?;
        self.prune(index, path)
    }

    /// The path to the leaf that ends just before the inner entry with this key.
    fn path_before(&mut self, index: &mut Index, key: &[u8]) -> EditResult<Path> {
        let name: Vec<u16> = name_of(key).iter().map(|u| u.get()).collect();
        let wanted = if index.kind.is_names() {
            Key::Name(&name)
        } else {
            Key::Integers(key)
        };
        let (mut path, _) = self.search(index, wanted)?;
        let mut next = match path.last() {
            Some(&step) => index.node(step.at)?.child(step.entry),
            None => None,
        };
        while let Some(vcn) = next {
            self.descend(index, &path, vcn)?;
            let node = index.node(At::Block(vcn))?;
            path.push(Step {
                at: At::Block(vcn),
                entry: node.keys(),
            });
            next = node.child(node.keys());
        }
        Ok(path)
    }

    /// Merges the node at the end of the path into a neighbour if it has no key left, and so on upwards.
    fn prune(&mut self, index: &mut Index, mut path: Path) -> EditResult<()> {
        while let Some(step) = path.pop() {
            let node = index.node(step.at)?;
            if node.keys() > 0 {
                return Ok(());
            }
            let (At::Block(vcn), Some(&parent)) = (step.at, path.last()) else {
                return self.prune_root(index);
            };
            let only_child = node.child(0);
            if index.node(parent.at)?.keys() == 0 {
                // One node less on the way: this leaves a root without blocks, or a tree one level lower.
                index.node_mut(parent.at)?.set_last_child(only_child);
                self.release_block(index, vcn)?;
                self.note_change(index, parent.at)?;
                continue;
            }
            self.merge(index, &path, parent, vcn, only_child)?;
            // Where the merge has split the neighbour again, keys went up and entries have moved about.
            if index.node(parent.at)?.keys() > 0 {
                return Ok(());
            }
        }
        Ok(())
    }

    /// A root without keys and children needs no blocks. One that leads to a single block stays so.
    fn prune_root(&mut self, index: &mut Index) -> EditResult<()> {
        if index.root.keys() == 0 && index.root.child(0).is_none() && index.blocks.is_some() {
            self.drop_blocks(index)?;
        }
        Ok(())
    }

    /// Takes the empty block `vcn` away: the parent's key beside it goes into its neighbour, `child` below it.
    fn merge(
        &mut self,
        index: &mut Index,
        above: &Path,
        parent: Step,
        vcn: u64,
        child: Option<u64>,
    ) -> EditResult<()> {
        let node = index.node_mut(parent.at)?;
        let is_last = parent.entry == node.keys();
        let at_entry = parent.entry - usize::from(is_last);
        let separator = node.remove(at_entry);
        // Where the last child goes, the one before it becomes the last.
        let neighbour = if is_last {
            entry_child(&separator)
        } else {
            node.child(at_entry)
        };
        let Some(neighbour) = neighbour else {
            return Ok(());
        };
        node.set_child(at_entry, neighbour);
        self.note_change(index, parent.at)?;
        self.release_block(index, vcn)?;
        let mut path = above.clone();
        if let Some(step) = path.last_mut() {
            step.entry = at_entry;
        }
        self.descend(index, &path, neighbour)?;
        let at = At::Block(neighbour);
        let target = index.node_mut(at)?;
        if !is_last {
            path.push(Step { at, entry: 0 });
            return self.insert_at(index, path, with_child(separator, child));
        }
        let old_last = target.child(target.keys());
        if child.is_some() {
            target.set_last_child(child);
        }
        path.push(Step {
            at,
            entry: target.keys(),
        });
        self.insert_at(index, path, with_child(separator, old_last))
    }

    /// A root is written through; a block knows itself that it was changed.
    fn note_change(&mut self, index: &mut Index, at: At) -> EditResult<()> {
        if at == At::Root {
            self.write_root(index)
        } else {
            Ok(())
        }
    }
}
