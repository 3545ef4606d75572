//! The rules of each step.

use std::sync::Arc;

use super::tree::{Child, Key, Meta, Node, NodeId, ROOT, Tree};
use super::{MemoryVolume, all};
use crate::entry::{Attributes, Base, FileTime, LinkText, Times};
use crate::path::{EntryPath, Name, NameError};
use crate::plan::{Source, Step};
use crate::reparse::{ReparsePoint, ReparseTag};
use crate::volume::{ApplyError, Caps, Cause, Sources, VolumeError, new_name};

/// Flags that [`Step::SetMeta`] sets.
const SETTABLE: Attributes = Attributes::READONLY
    .union(Attributes::HIDDEN)
    .union(Attributes::SYSTEM)
    .union(Attributes::ARCHIVE)
    .union(Attributes::NOT_CONTENT_INDEXED);

/// A free name: in which directory, under which key.
struct Slot {
    dir: NodeId,
    key: Key,
    name: Name,
}

impl MemoryVolume {
    pub(super) fn apply_steps(
        &self,
        steps: &[&Step],
        sources: &dyn Sources,
    ) -> Result<(), ApplyError> {
        let failed = |number: usize, step: &Step, cause| ApplyError {
            step: number,
            undone: true,
            source: Box::new(VolumeError::new(step.verb(), step.at(), cause)),
        };
        // Before the tree is locked: a source may be looked at through this volume too.
        let mut read = Vec::new();
        for (number, step) in steps.iter().enumerate() {
            let contents = contents_of(step, sources).map_err(|c| failed(number, step, c))?;
            read.extend(contents.map(|contents| (number, contents)));
        }
        let mut read = read.into_iter().peekable();
        let mut tree = self.write();
        for (number, step) in steps.iter().enumerate() {
            let contents = read.next_if(|(of, _)| *of == number).map(|(_, c)| c);
            if let Err(cause) = self.step(&mut tree, step, contents) {
                tree.take_back();
                return Err(failed(number, step, cause));
            }
        }
        tree.keep();
        Ok(())
    }

    fn step(&self, tree: &mut Tree, step: &Step, read: Option<Arc<[u8]>>) -> Result<(), Cause> {
        if self.info.caps.contains(Caps::READ_ONLY) {
            return Err(Cause::ReadOnly);
        }
        match step {
            Step::MakeDir { at } | Step::MakeDirLike { at, .. } => {
                self.make(tree, at, Meta::new(Base::Dir, self.now()))
            }
            Step::MakeFile { at, contents } => {
                let contents = Arc::from(contents.as_slice());
                let meta = Meta::new(Base::File, self.now());
                self.make(tree, at, Meta { contents, ..meta })
            }
            Step::CopyFile {
                at,
                from,
                times,
                attributes,
            } => {
                let contents = match read {
                    Some(contents) => contents,
                    None => self.copied(tree, from)?,
                };
                let meta = Meta::new(Base::File, self.now());
                self.make(tree, at, Meta { contents, ..meta })?;
                self.set_meta(tree, at, times, *attributes)
            }
            Step::WriteFile { at, contents } => self.write_file(tree, at, contents),
            Step::MakeLink { at, link, dir } => self.make_link(tree, at, link, *dir),
            Step::SetReparse { at, data } => self.set_reparse(tree, at, data),
            Step::ClearReparse { at } => self.clear_reparse(tree, at),
            Step::HardLink { existing, new } => self.hard_link(tree, existing, new),
            Step::Rename { from, to, replace } => self.rename(tree, from, to, *replace),
            Step::Remove { at } => self.remove(tree, at),
            Step::SetMeta {
                at,
                times,
                attributes,
            } => self.set_meta(tree, at, times, *attributes),
        }
    }

    fn needs(&self, caps: Caps, what: &'static str) -> Result<(), Cause> {
        if self.info.caps.contains(caps) {
            return Ok(());
        }
        Err(Cause::Unsupported(what))
    }

    fn make(&self, tree: &mut Tree, at: &EntryPath, meta: Meta) -> Result<(), Cause> {
        let slot = self.free_slot(tree, at)?;
        let id = tree.add(meta);
        self.check_space(tree)?;
        self.put(tree, slot, id);
        Ok(())
    }

    /// The contents of a file that this volume has itself.
    fn copied(&self, tree: &Tree, from: &Source) -> Result<Arc<[u8]>, Cause> {
        let id = self.find(tree, &from.at)?;
        let node = existing(tree, id)?;
        match from.is(&self.entry_of(node, id, None)) {
            true => Ok(Arc::clone(&node.meta.contents)),
            false => Err(Cause::Changed),
        }
    }

    fn check_space(&self, tree: &Tree) -> Result<(), Cause> {
        if tree.used() > self.total {
            return Err(Cause::NoSpace);
        }
        Ok(())
    }

    fn make_link(
        &self,
        tree: &mut Tree,
        at: &EntryPath,
        link: &LinkText,
        dir: bool,
    ) -> Result<(), Cause> {
        let now = self.now();
        let meta = match link {
            LinkText::Posix(text) => {
                self.needs(Caps::POSIX_SYMLINK, "POSIX symbolic links")?;
                check_posix_text(text)?;
                Meta {
                    posix: Some(text.clone()),
                    attributes: Attributes::NORMAL,
                    ..Meta::new(Base::PosixSymlink, now)
                }
            }
            LinkText::Reparse(data) => {
                let base = if dir { Base::Dir } else { Base::File };
                self.check_tag(base, data)?;
                let mut meta = Meta::new(base, now);
                meta.attributes |= Attributes::REPARSE_POINT;
                meta.reparse = Some(data.clone());
                meta
            }
        };
        self.make(tree, at, meta)
    }

    /// Whether this volume takes these data on such an object.
    fn check_tag(&self, base: Base, data: &ReparsePoint) -> Result<(), Cause> {
        match data.tag() {
            ReparseTag::SYMLINK => self.needs(Caps::SYMLINK, "Windows symbolic links")?,
            ReparseTag::MOUNT_POINT => self.needs(Caps::JUNCTION, "junctions")?,
            _ => self.needs(Caps::REPARSE, "reparse points")?,
        }
        if data.tag() == ReparseTag::MOUNT_POINT && base != Base::Dir {
            return Err(Cause::NotADirectory);
        }
        Ok(data.check_settable()?)
    }

    fn set_reparse(
        &self,
        tree: &mut Tree,
        at: &EntryPath,
        data: &ReparsePoint,
    ) -> Result<(), Cause> {
        let id = self.find(tree, at)?;
        let node = existing(tree, id)?;
        self.check_tag(node.meta.base, data)?;
        match &node.meta.reparse {
            // ERROR_REPARSE_TAG_MISMATCH: one kind of link does not become another in place.
            Some(old) if old.tag() != data.tag() => return Err(Cause::Win32(4394)),
            Some(_) => {}
            None if !node.children.is_empty() => return Err(Cause::NotEmpty),
            None if !node.meta.contents.is_empty() => return Err(Cause::HasContents),
            None => {}
        }
        let now = self.now();
        tree.change(id, |meta| {
            meta.reparse = Some(data.clone());
            meta.attributes |= Attributes::REPARSE_POINT;
            meta.times.changed = now;
        });
        Ok(())
    }

    fn clear_reparse(&self, tree: &mut Tree, at: &EntryPath) -> Result<(), Cause> {
        if !self
            .info
            .caps
            .intersects(Caps::REPARSE | Caps::SYMLINK | Caps::JUNCTION)
        {
            return Err(Cause::Unsupported("reparse points"));
        }
        let id = self.find(tree, at)?;
        if existing(tree, id)?.meta.reparse.is_none() {
            return Err(Cause::NotALink);
        }
        let now = self.now();
        tree.change(id, |meta| {
            meta.reparse = None;
            meta.attributes -= Attributes::REPARSE_POINT;
            meta.times.changed = now;
        });
        Ok(())
    }

    fn write_file(&self, tree: &mut Tree, at: &EntryPath, contents: &[u8]) -> Result<(), Cause> {
        let id = self.find(tree, at)?;
        let meta = &existing(tree, id)?.meta;
        match meta.base {
            _ if meta.is_link() => return Err(Cause::ThroughLink(at.clone())),
            Base::Dir => return Err(Cause::IsADirectory),
            _ if meta.attributes.contains(Attributes::READONLY) => return Err(Cause::Denied),
            _ => {}
        }
        let now = self.now();
        tree.change(id, |meta| {
            meta.contents = Arc::from(contents);
            meta.attributes |= Attributes::ARCHIVE;
            meta.times.modified = now;
            meta.times.changed = now;
        });
        self.check_space(tree)
    }

    fn hard_link(
        &self,
        tree: &mut Tree,
        existing_at: &EntryPath,
        new: &EntryPath,
    ) -> Result<(), Cause> {
        self.needs(Caps::HARD_LINK, "hard links")?;
        let id = self.find(tree, existing_at)?;
        let node = existing(tree, id)?;
        if node.meta.base == Base::Dir {
            return Err(Cause::IsADirectory);
        }
        let limit = self.info.max_links;
        let full = node.names.len() >= limit as usize;
        let slot = self.free_slot(tree, new)?;
        if full {
            return Err(Cause::TooManyLinks { limit });
        }
        self.put(tree, slot, id);
        Ok(())
    }

    fn rename(
        &self,
        tree: &mut Tree,
        from: &EntryPath,
        to: &EntryPath,
        replace: bool,
    ) -> Result<(), Cause> {
        let id = self.find(tree, from)?;
        let old = self.slot(tree, from)?;
        let new = self.slot(tree, to)?;
        if tree.is_above(id, new.dir) {
            return Err(Cause::BelowItself);
        }
        let same_name = (old.dir, &old.key) == (new.dir, &new.key);
        let there = existing(tree, new.dir)?.children.get(&new.key);
        if let Some(there) = there.map(|child| child.id).filter(|_| !same_name) {
            if !replace {
                return Err(Cause::Exists);
            }
            let meta = &existing(tree, there)?.meta;
            if meta.base == Base::Dir && !meta.is_link() {
                return Err(Cause::IsADirectory);
            }
            if there == id {
                // Two names of one file become one.
                self.take(tree, &old);
                return Ok(());
            }
            self.take(tree, &new);
        }
        // The name goes first so that a change of case alone finds its place free; the node must not
        // go with it, and so gets its new name before where the two differ.
        if same_name {
            tree.rename_in_place(old.dir, &old.key, new.name);
            self.touch(tree, old.dir, id);
        } else {
            self.put(tree, new, id);
            self.take(tree, &old);
        }
        Ok(())
    }

    fn remove(&self, tree: &mut Tree, at: &EntryPath) -> Result<(), Cause> {
        let id = self.find(tree, at)?;
        if id == ROOT {
            return Err(Cause::Unsupported("removing its root directory"));
        }
        if !existing(tree, id)?.children.is_empty() {
            return Err(Cause::NotEmpty);
        }
        let slot = self.slot(tree, at)?;
        self.take(tree, &slot);
        Ok(())
    }

    fn set_meta(
        &self,
        tree: &mut Tree,
        at: &EntryPath,
        times: &Times,
        attributes: Option<Attributes>,
    ) -> Result<(), Cause> {
        if attributes.is_some() {
            self.needs(Caps::ATTRIBUTES, "attribute flags")?;
        }
        let id = self.find(tree, at)?;
        let now = self.now();
        tree.change(id, |meta| {
            let set = |time: &mut FileTime, to: FileTime| {
                if to.0 != 0 {
                    *time = to;
                }
            };
            meta.times.changed = now;
            set(&mut meta.times.created, times.created);
            set(&mut meta.times.modified, times.modified);
            set(&mut meta.times.changed, times.changed);
            set(&mut meta.times.accessed, times.accessed);
            if let Some(flags) = attributes {
                meta.attributes = meta.attributes.difference(SETTABLE) | (flags & SETTABLE);
            }
        });
        Ok(())
    }

    /// The directory and the key that a path means.
    fn slot(&self, tree: &Tree, at: &EntryPath) -> Result<Slot, Cause> {
        let (Some(name), Some(parent)) = (at.file_name(), at.parent()) else {
            return Err(Cause::Unsupported("a change of its root directory"));
        };
        let dir = self.find(tree, &parent).map_err(|cause| match cause {
            Cause::NotFound => Cause::PathNotFound(parent.clone()),
            other => other,
        })?;
        let meta = &existing(tree, dir)?.meta;
        match meta.base {
            _ if meta.is_link() => return Err(Cause::ThroughLink(parent)),
            Base::Dir => {}
            _ => return Err(Cause::NotADirectory),
        }
        new_name::check(&name, self.info.style)?;
        let key = self.key(&name)?;
        Ok(Slot { dir, key, name })
    }

    fn free_slot(&self, tree: &Tree, at: &EntryPath) -> Result<Slot, Cause> {
        if at.is_root() {
            return Err(Cause::Exists);
        }
        let slot = self.slot(tree, at)?;
        if existing(tree, slot.dir)?.children.contains_key(&slot.key) {
            return Err(Cause::Exists);
        }
        Ok(slot)
    }

    fn put(&self, tree: &mut Tree, slot: Slot, id: NodeId) {
        let Slot { dir, key, name } = slot;
        tree.insert(dir, key, Child { name, id });
        self.touch(tree, dir, id);
    }

    fn take(&self, tree: &mut Tree, slot: &Slot) {
        let child = tree
            .node(slot.dir)
            .and_then(|dir| dir.children.get(&slot.key));
        let id = child.map_or(ROOT, |child| child.id);
        tree.erase(slot.dir, &slot.key);
        self.touch(tree, slot.dir, id);
    }

    /// A name came or went: the directory was written, the file's record changed.
    fn touch(&self, tree: &mut Tree, dir: NodeId, id: NodeId) {
        let now = self.now();
        tree.change(dir, |meta| {
            let created = meta.times.created;
            meta.times = Times {
                created,
                ..all(now)
            };
        });
        tree.change(id, |meta| meta.times.changed = now);
    }
}

/// The bytes that a copy takes from another volume.
fn contents_of(step: &Step, sources: &dyn Sources) -> Result<Option<Arc<[u8]>>, Cause> {
    let Step::CopyFile { from, .. } = step else {
        return Ok(None);
    };
    if from.drive.is_none() {
        return Ok(None);
    }
    let mut contents = Vec::new();
    sources.read(from, &mut |reader| {
        reader.read_to_end(&mut contents).map_err(Cause::Io)?;
        Ok(())
    })?;
    Ok(Some(Arc::from(contents)))
}

fn existing(tree: &Tree, id: NodeId) -> Result<&Node, Cause> {
    tree.node(id).ok_or(Cause::NotFound)
}

fn check_posix_text(text: &[u8]) -> Result<(), Cause> {
    match text {
        [] => Err(Cause::Name(NameError::Empty)),
        _ if text.contains(&0) => Err(Cause::Name(NameError::Character("a NUL"))),
        _ if text.len() > 4095 => Err(Cause::Name(NameError::TooLong(text.len()))),
        _ => Ok(()),
    }
}
