//! The steps, done on a preview's state. Each looks at all that can refuse it before it changes anything.

use std::sync::Arc;

use super::state::{Contents, Found, Object, State, View};
use crate::entry::{Attributes, Base, Entry, FileId, LinkText, Times};
use crate::path::{EntryPath, Name};
use crate::plan::{Source, Step};
use crate::reparse::{ReparsePoint, ReparseTag};
use crate::volume::{Caps, Cause, Volume, VolumeError, new_name};

/// One change under way.
pub(super) struct Edit<'e> {
    base: &'e dyn Volume,
    state: &'e mut State,
}

/// A name in a directory.
struct Slot {
    dir: Found,
    dir_path: EntryPath,
    name: Name,
    held: Option<Found>,
}

impl<'e> Edit<'e> {
    pub(super) fn new(base: &'e dyn Volume, state: &'e mut State) -> Self {
        Self { base, state }
    }

    fn view(&self) -> View<'_> {
        View::new(self.base, self.state)
    }

    pub(super) fn step(&mut self, step: &Step) -> Result<(), VolumeError> {
        match step {
            Step::MakeDir { at } | Step::MakeDirLike { at, .. } => {
                self.make(at, step.verb(), Base::Dir, None)
            }
            Step::MakeFile { at, contents } => {
                self.make(at, step.verb(), Base::File, None)?;
                let size = contents.len() as u64;
                self.fill(at, Contents::Bytes(Arc::from(contents.as_slice())), size)
            }
            Step::CopyFile {
                at,
                from,
                times,
                attributes,
            } => {
                let contents = self.copied(from, at, step.verb())?;
                self.make(at, step.verb(), Base::File, None)?;
                self.fill(at, contents, from.size)?;
                self.set_meta(at, times, *attributes)
            }
            Step::MakeLink { at, link, dir } => {
                let base = match (link, dir) {
                    (LinkText::Posix(_), _) => Base::PosixSymlink,
                    (LinkText::Reparse(_), true) => Base::Dir,
                    (LinkText::Reparse(_), false) => Base::File,
                };
                self.make(at, step.verb(), base, Some(link))
            }
            Step::WriteFile { at, contents } => self.write(at, contents),
            Step::SetReparse { at, data } => self.set_reparse(at, data),
            Step::ClearReparse { at } => self.clear_reparse(at),
            Step::HardLink { existing, new } => self.hard_link(existing, new),
            Step::Rename { from, to, replace } => self.rename(from, to, *replace),
            Step::Remove { at } => self.remove(at),
            Step::SetMeta {
                at,
                times,
                attributes,
            } => self.set_meta(at, times, *attributes),
        }
    }

    fn slot(&self, at: &EntryPath, op: &'static str) -> Result<Slot, VolumeError> {
        let (Some(dir_path), Some(name)) = (at.parent(), at.file_name()) else {
            let cause = Cause::Unsupported("a change of its root directory");
            return Err(VolumeError::new(op, at, cause));
        };
        let view = self.view();
        let dir = view
            .find(&dir_path, op)
            .map_err(|e| VolumeError::new(op, at, up_a_level(e.cause, &dir_path)))?;
        if !dir.entry.is_real_dir() {
            let cause = if dir.entry.is_link() {
                Cause::ThroughLink(dir_path)
            } else {
                Cause::NotADirectory
            };
            return Err(VolumeError::new(op, at, cause));
        }
        new_name::check(&name, self.base.info().style)
            .map_err(|e| VolumeError::new(op, at, Cause::Name(e)))?;
        let held = view.child(&dir, &name)?;
        Ok(Slot {
            dir,
            dir_path,
            name,
            held,
        })
    }

    fn free_slot(&self, at: &EntryPath, op: &'static str) -> Result<Slot, VolumeError> {
        if at.is_root() {
            return Err(VolumeError::new(op, at, Cause::Exists));
        }
        let slot = self.slot(at, op)?;
        match slot.held {
            None => Ok(slot),
            Some(_) => Err(VolumeError::new(op, at, Cause::Exists)),
        }
    }

    /// The object, noted as changed; directories too, so that their place is known.
    fn touch(&mut self, found: &Found) -> &mut Object {
        self.state
            .objects
            .entry(found.entry.id)
            .or_insert_with(|| Object {
                entry: Entry {
                    name: None,
                    short_name: None,
                    ..found.entry.clone()
                },
                base: found.base.clone(),
                link: None,
                contents: None,
                places: Vec::new(),
            })
    }

    fn set_name(&mut self, slot: &Slot, id: Option<FileId>) {
        self.touch(&slot.dir);
        let change = self.state.dirs.entry(slot.dir.entry.id).or_default();
        change.set(&slot.name, id, self.base);
        if let Some(object) = id.and_then(|id| self.state.objects.get_mut(&id)) {
            object.places.push((slot.dir.entry.id, slot.name.clone()));
        }
        if let Some(id) = id {
            self.view().note_name(id, slot.dir.entry.id, &slot.name);
        }
    }

    fn make(
        &mut self,
        at: &EntryPath,
        op: &'static str,
        base: Base,
        link: Option<&LinkText>,
    ) -> Result<(), VolumeError> {
        match link {
            Some(LinkText::Reparse(data)) => self.takes(base, data, at, op)?,
            Some(LinkText::Posix(_)) => {
                self.needs(Caps::POSIX_SYMLINK, "POSIX symbolic links", at, op)?;
            }
            None => {}
        }
        let slot = self.free_slot(at, op)?;
        let id = self.state.new_id(slot.dir.entry.id.volume);
        let tag = match link {
            Some(LinkText::Reparse(data)) => Some(data.tag()),
            _ => None,
        };
        let object = Object {
            entry: Entry {
                name: None,
                short_name: None,
                id,
                base,
                tag,
                links: Some(1),
                size: 0,
                attributes: attributes(base, tag.is_some()),
                times: Times::default(),
            },
            base: None,
            link: Some(link.cloned()),
            contents: (base == Base::File).then(|| Contents::Bytes(Arc::from([]))),
            places: Vec::new(),
        };
        self.state.objects.insert(id, object);
        self.set_name(&slot, Some(id));
        Ok(())
    }

    /// Gives a file that was just made its contents.
    fn fill(&mut self, at: &EntryPath, contents: Contents, size: u64) -> Result<(), VolumeError> {
        let found = self.view().find(at, "read")?;
        let object = self.touch(&found);
        object.contents = Some(contents);
        object.entry.size = size;
        Ok(())
    }

    /// What a copy will hold.
    fn copied(
        &self,
        from: &Source,
        at: &EntryPath,
        op: &'static str,
    ) -> Result<Contents, VolumeError> {
        if from.drive.is_some() {
            return Ok(Contents::Elsewhere);
        }
        let found = self.view().find(&from.at, op)?;
        if !from.is(&found.entry) {
            return Err(VolumeError::new(op, at, Cause::Changed));
        }
        let written = self.state.contents_of(found.entry.id);
        let beneath = found.base.map(Contents::Beneath);
        Ok(written.or(beneath).unwrap_or(Contents::Elsewhere))
    }

    fn needs(
        &self,
        caps: Caps,
        what: &'static str,
        at: &EntryPath,
        op: &'static str,
    ) -> Result<(), VolumeError> {
        let dir = at.parent().unwrap_or_default();
        let here = self.view().find(&dir, op).ok().and_then(|found| found.base);
        let has = here.map_or(self.base.info().caps, |dir| self.base.caps_at(&dir));
        if has.contains(caps) {
            return Ok(());
        }
        Err(VolumeError::new(op, at, Cause::Unsupported(what)))
    }

    /// Whether the volume takes these data on such an object.
    fn takes(
        &self,
        base: Base,
        data: &ReparsePoint,
        at: &EntryPath,
        op: &'static str,
    ) -> Result<(), VolumeError> {
        match data.tag() {
            ReparseTag::SYMLINK => self.needs(Caps::SYMLINK, "Windows symbolic links", at, op)?,
            ReparseTag::MOUNT_POINT => self.needs(Caps::JUNCTION, "junctions", at, op)?,
            _ => self.needs(Caps::REPARSE, "reparse points", at, op)?,
        }
        if data.tag() == ReparseTag::MOUNT_POINT && base != Base::Dir {
            return Err(VolumeError::new(op, at, Cause::NotADirectory));
        }
        Ok(())
    }

    fn write(&mut self, at: &EntryPath, contents: &[u8]) -> Result<(), VolumeError> {
        let op = "write";
        let found = self.view().find(at, op)?;
        let cause = match found.entry.base {
            Base::File | Base::Dir if found.entry.is_link() => Cause::ThroughLink(at.clone()),
            Base::File if found.entry.attributes.contains(Attributes::READONLY) => Cause::Denied,
            Base::File => {
                let object = self.touch(&found);
                object.contents = Some(Contents::Bytes(Arc::from(contents)));
                object.entry.size = contents.len() as u64;
                object.entry.attributes |= Attributes::ARCHIVE;
                return Ok(());
            }
            Base::PosixSymlink => Cause::ThroughLink(at.clone()),
            Base::Dir => Cause::IsADirectory,
            Base::Special => Cause::Unsupported("writing to a device, socket or pipe"),
        };
        Err(VolumeError::new(op, at, cause))
    }

    fn set_reparse(&mut self, at: &EntryPath, data: &ReparsePoint) -> Result<(), VolumeError> {
        let op = "set the reparse data of";
        let found = self.view().find(at, op)?;
        self.takes(found.entry.base, data, at, op)?;
        let wrong = match found.entry.tag {
            // ERROR_REPARSE_TAG_MISMATCH: one kind of link does not become another in place.
            Some(tag) if tag != data.tag() => Some(Cause::Win32(4394)),
            Some(_) => None,
            None if found.entry.base == Base::Dir && !self.is_empty(at)? => Some(Cause::NotEmpty),
            None if found.entry.size > 0 => Some(Cause::HasContents),
            None => None,
        };
        if let Some(cause) = wrong {
            return Err(VolumeError::new(op, at, cause));
        }
        let object = self.touch(&found);
        object.entry.tag = Some(data.tag());
        object.entry.attributes |= Attributes::REPARSE_POINT;
        object.link = Some(Some(LinkText::Reparse(data.clone())));
        Ok(())
    }

    fn is_empty(&self, at: &EntryPath) -> Result<bool, VolumeError> {
        let mut empty = true;
        self.view().read_dir(at, &mut |_| {
            empty = false;
            std::ops::ControlFlow::Break(())
        })?;
        Ok(empty)
    }

    fn clear_reparse(&mut self, at: &EntryPath) -> Result<(), VolumeError> {
        let op = "clear the reparse data of";
        let found = self.view().find(at, op)?;
        if found.entry.tag.is_none() {
            return Err(VolumeError::new(op, at, Cause::NotALink));
        }
        let object = self.touch(&found);
        // What a link holds cannot be read by its path; but a link holds nothing.
        if found.entry.is_link() && found.entry.base == Base::File && object.contents.is_none() {
            object.contents = Some(Contents::Bytes(Arc::from([])));
        }
        object.entry.tag = None;
        object.entry.attributes -= Attributes::REPARSE_POINT;
        object.link = Some(None);
        Ok(())
    }

    fn hard_link(&mut self, existing: &EntryPath, new: &EntryPath) -> Result<(), VolumeError> {
        let op = "make the hard link";
        self.needs(Caps::HARD_LINK, "hard links", new, op)?;
        let file = self.view().find(existing, op)?;
        if file.entry.base == Base::Dir {
            return Err(VolumeError::new(op, existing, Cause::IsADirectory));
        }
        let slot = self.free_slot(new, op)?;
        let limit = self.base.info().max_links;
        if file.entry.links.is_some_and(|links| links >= limit) {
            return Err(VolumeError::new(op, new, Cause::TooManyLinks { limit }));
        }
        let object = self.touch(&file);
        object.entry.links = object.entry.links.map(|links| links + 1);
        self.set_name(&slot, Some(file.entry.id));
        Ok(())
    }

    fn rename(
        &mut self,
        from: &EntryPath,
        to: &EntryPath,
        replace: bool,
    ) -> Result<(), VolumeError> {
        let op = "rename";
        let old = self.slot(from, op)?;
        let file = self.view().find(from, op)?;
        let new = self.slot(to, op)?;
        if file.entry.is_real_dir() && self.is_below(&new.dir_path, file.entry.id)? {
            return Err(VolumeError::new(op, to, Cause::BelowItself));
        }
        let same_name = old.dir.entry.id == new.dir.entry.id
            && self.base.compare_names(&old.name, &new.name).is_eq();
        if let Some(held) = new.held.as_ref().filter(|_| !same_name) {
            if !replace {
                return Err(VolumeError::new(op, to, Cause::Exists));
            }
            if held.entry.is_real_dir() {
                return Err(VolumeError::new(op, to, Cause::IsADirectory));
            }
            if held.entry.id == file.entry.id {
                // Two names of one file become one.
                self.drop_name(&file);
                self.set_name(&old, None);
                return Ok(());
            }
        }
        if let Some(held) = new.held.clone().filter(|_| !same_name) {
            self.drop_name(&held);
        }
        self.touch(&file);
        self.set_name(&old, None);
        self.set_name(&new, Some(file.entry.id));
        if file.entry.is_real_dir() {
            self.state.forget_paths();
        }
        Ok(())
    }

    /// Whether `dir` is the directory `id` or lies below it.
    fn is_below(&self, dir: &EntryPath, id: FileId) -> Result<bool, VolumeError> {
        let mut here = Some(dir.clone());
        while let Some(path) = here {
            if self.view().find(&path, "rename")?.entry.id == id {
                return Ok(true);
            }
            here = path.parent();
        }
        Ok(false)
    }

    fn drop_name(&mut self, file: &Found) {
        let object = self.touch(file);
        object.entry.links = object.entry.links.map(|links| links.saturating_sub(1));
    }

    fn remove(&mut self, at: &EntryPath) -> Result<(), VolumeError> {
        let op = "remove";
        let found = self.view().find(at, op)?;
        let slot = self.slot(at, op)?;
        let is_dir = found.entry.base == Base::Dir && !found.entry.is_link();
        if is_dir && !self.is_empty(at)? {
            return Err(VolumeError::new(op, at, Cause::NotEmpty));
        }
        self.drop_name(&found);
        self.set_name(&slot, None);
        if is_dir {
            self.state.removed.insert(found.entry.id);
        }
        Ok(())
    }

    fn set_meta(
        &mut self,
        at: &EntryPath,
        times: &Times,
        attributes: Option<Attributes>,
    ) -> Result<(), VolumeError> {
        let op = "set the times of";
        let found = self.view().find(at, op)?;
        if attributes.is_some() {
            self.needs(Caps::ATTRIBUTES, "attribute flags", at, op)?;
        }
        let object = self.touch(&found);
        let old = &mut object.entry.times;
        for (old, new) in [
            (&mut old.created, times.created),
            (&mut old.modified, times.modified),
            (&mut old.changed, times.changed),
            (&mut old.accessed, times.accessed),
        ] {
            if new.0 != 0 {
                *old = new;
            }
        }
        if let Some(new) = attributes {
            let kept = object.entry.attributes - SETTABLE;
            object.entry.attributes = kept | (new & SETTABLE);
        }
        Ok(())
    }
}

/// The flags that [`Step::SetMeta`] sets.
const SETTABLE: Attributes = Attributes::READONLY
    .union(Attributes::HIDDEN)
    .union(Attributes::SYSTEM)
    .union(Attributes::ARCHIVE)
    .union(Attributes::NOT_CONTENT_INDEXED);

fn attributes(base: Base, reparse: bool) -> Attributes {
    let kind = match base {
        Base::Dir => Attributes::DIRECTORY,
        _ => Attributes::ARCHIVE,
    };
    if reparse {
        kind | Attributes::REPARSE_POINT
    } else {
        kind
    }
}

/// A directory that is not found is, seen from its child, a path that is not found.
fn up_a_level(cause: Cause, dir: &EntryPath) -> Cause {
    match cause {
        Cause::NotFound => Cause::PathNotFound(dir.clone()),
        other => other,
    }
}
