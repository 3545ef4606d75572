//! What a mirror does with what it finds.

use super::tree::times;
use super::{Copier, CopyError, Task};
use crate::entry::{Attributes, Base, Entry};
use crate::ops::remove;
use crate::path::{EntryPath, Name};
use crate::plan::{Expect, Step};
use crate::volume::{Volume, list, same_contents};

/// Entries of a directory of the mirror, in the order of their names; those are taken out that an entry
/// of the source has met.
pub(super) struct Found(Vec<(Name, Option<Entry>)>);

impl Found {
    /// The entry of this name.
    pub(super) fn take(&mut self, volume: &dyn Volume, name: &Name) -> Option<Entry> {
        let order = |slot: &(Name, Option<Entry>)| volume.compare_names(&slot.0, name);
        let at = self.0.binary_search_by(order).ok()?;
        self.0.get_mut(at).and_then(|slot| slot.1.take())
    }
}

/// The flags that are compared: those that a step can set.
const SETTABLE: Attributes = Attributes::READONLY
    .union(Attributes::HIDDEN)
    .union(Attributes::SYSTEM)
    .union(Attributes::NOT_CONTENT_INDEXED);

impl Copier<'_> {
    pub(super) fn found(&self, at: &EntryPath, is_there: bool) -> Result<Found, CopyError> {
        if !is_there {
            return Ok(Found(Vec::new()));
        }
        let names = list(&*self.target, at).map_err(|e| self.failed_there(e))?;
        let mut found = Vec::with_capacity(names.len());
        for name in names.into_iter().filter_map(|e| e.name) {
            let path = at.join(&name);
            let entry = self.target.entry(&path);
            found.push((name, Some(entry.map_err(|e| self.failed_there(e))?)));
        }
        found.sort_by(|a, b| self.target.compare_names(&a.0, &b.0));
        Ok(Found(found))
    }

    /// What the source does not have: removed, or counted.
    pub(super) fn extras(&mut self, dir: &EntryPath, found: Found) -> Result<(), CopyError> {
        for (name, entry) in found.0 {
            let Some(entry) = entry else { continue };
            if self.request.mirror.is_some_and(|m| m.delete) {
                self.remove(&dir.join(&name), &entry)?;
            } else {
                self.counts.extra += 1;
            }
        }
        Ok(())
    }

    fn remove(&mut self, at: &EntryPath, entry: &Entry) -> Result<(), CopyError> {
        let before = self.plan.steps.len();
        let place = (self.request.to.drive, at.clone());
        remove::tree(&mut self.plan, &*self.target, place, entry.clone(), &mut ())?;
        self.counts.removed += (self.plan.steps.len() - before) as u64;
        self.dirty.extend(at.parent());
        Ok(())
    }

    /// Takes a directory away that stands where a file or link is to be; only where removing is wanted.
    pub(super) fn make_way(&mut self, at: &EntryPath, there: &Entry) -> Result<(), CopyError> {
        if self.request.mirror.is_some_and(|m| m.delete) {
            return self.remove(at, there);
        }
        Err(CopyError::DirectoryInTheWay { at: self.place(at) })
    }

    pub(super) fn expect_there(&self, at: &EntryPath, there: &Entry) -> Expect {
        let link = match there.is_link() {
            true => self.target.link_text(at).ok().flatten(),
            false => None,
        };
        Expect::Entry {
            at: at.clone(),
            id: there.id,
            link,
        }
    }

    /// The file of a mirror that stays as the copy: equal, and the copy of no other file.
    pub(super) fn kept_file(&mut self, task: &Task) -> Result<Option<Entry>, CopyError> {
        let (Some(mirror), Some(there)) = (self.request.mirror, &task.there) else {
            return Ok(None);
        };
        let entry = &task.entry;
        let is_plain = there.base == Base::File && there.tag.is_none();
        if !is_plain || there.size != entry.size || !self.is_free(there, entry) {
            return Ok(None);
        }
        let same_time = there.times.modified == entry.times.modified;
        let same = match mirror.contents {
            true => {
                let source = self.drives.volume(task.from.drive)?;
                let one = (&*source, &task.from.path);
                same_contents(one, (&*self.target, &task.to)).map_err(|e| self.failed_there(e))?
            }
            false => same_time,
        };
        if !same {
            return Ok(None);
        }
        let there = there.clone();
        self.keep(task, &there);
        Ok(Some(there))
    }

    /// Whether a file found is the copy of this file already, or of none.
    pub(super) fn is_free(&self, there: &Entry, entry: &Entry) -> bool {
        let of = self.claimed.get(&there.id);
        of.is_none_or(|of| *of == entry.id)
    }

    /// Lets an entry found stay, with the times and flags it should have.
    pub(super) fn keep(&mut self, task: &Task, there: &Entry) {
        self.claimed.insert(there.id, task.entry.id);
        self.counts.equal += 1;
        if !self.same_meta(&task.entry, there) {
            self.set_meta(&task.to, &task.entry);
        }
    }

    pub(super) fn same_meta(&self, entry: &Entry, there: &Entry) -> bool {
        let flags = |e: &Entry| self.attributes(e).map(|flags| flags & SETTABLE);
        times(entry).modified == there.times.modified && flags(entry) == flags(there)
    }

    /// A link found that says what the copy is to say.
    pub(super) fn kept_link(&mut self, task: &Task, step: &Step) -> Option<Entry> {
        let there = task.there.clone()?;
        let Step::MakeLink { link, dir, .. } = step else {
            return None;
        };
        let says = self.target.link_text(&task.to).ok().flatten();
        let posix = there.base == Base::PosixSymlink;
        let same_kind = posix || (there.base == Base::Dir) == *dir;
        if says.as_ref() != Some(link) || !same_kind || !self.is_free(&there, &task.entry) {
            return None;
        }
        self.keep(task, &there);
        Some(there)
    }
}
