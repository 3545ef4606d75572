//! What the copy of a link says.

use std::rc::Rc;

use super::{Chain, Copier, CopyError, Fallback, Outer, SayFailure, Task};
use crate::entry::{Base, Entry, LinkKind, LinkText};
use crate::ops::say::{Manner, is_within, say};
use crate::path::{Component, EntryPath, Root, TargetPath};
use crate::plan::Step;
use crate::reparse::{ReparsePoint, ReparseTag};
use crate::resolve::{self, End, Located};
use crate::volume::{Caps, Place};

/// What becomes of a link.
enum Fate {
    /// A link that says this.
    Says(LinkText),
    /// Nothing.
    Cropped,
    /// A copy of what is at its end.
    Unrolled(Place, Entry),
}

impl Copier<'_> {
    /// Copies a link; the task of copying what it leads to, where that takes its place.
    pub(super) fn link(&mut self, task: Task) -> Result<Option<Task>, CopyError> {
        let found = resolve::inspect_entry(self.drives, &task.from, task.entry.clone())?;
        let Some(text) = found.text.clone() else {
            let volume = self.drives.volume(task.from.drive)?;
            let error = volume.link_text(&task.from.path).err();
            self.failed.extend(error.map(|error| (task.from, error)));
            return Ok(None);
        };
        let fate = self
            .fate(&task, &found, &text)
            .map_err(|e| CopyError::Say {
                at: task.from.clone(),
                source: e.0,
            })?;
        match fate {
            Fate::Says(new) => {
                let dir = task.entry.base == Base::Dir;
                if !self.can_hold(&new) {
                    return self.fall_back(task, &found, &new);
                }
                let links = self.counts.links;
                self.put_link(&task, &new, dir)?;
                if new != text {
                    self.counts.rewritten += self.counts.links - links;
                }
                Ok(None)
            }
            Fate::Cropped => {
                self.counts.cropped += 1;
                Ok(None)
            }
            Fate::Unrolled(place, entry) => Ok(Some(self.unroll(task, place, entry))),
        }
    }

    fn fate(&mut self, task: &Task, found: &Located, text: &LinkText) -> Result<Fate, SayFailure> {
        let hop = found.resolution.as_ref().and_then(|r| r.hops.first());
        let to = hop.and_then(|hop| hop.to.clone());
        let target = hop.and_then(|hop| hop.target.as_ref());
        let (Some(to), Some(target), false) = (to, target, self.request.as_is) else {
            return Ok(Fate::Says(text.clone()));
        };
        let new = self.place(&task.to);
        if let Some(inner) = self.copy_of(&task.chain, &to) {
            if stays_inside(target, task) {
                return Ok(Fate::Says(text.clone()));
            }
            return Ok(Fate::Says(say(
                self.drives,
                &new,
                text,
                &inner,
                Manner::AsNow,
            )?));
        }
        match self.policy(found) {
            Outer::Crop => Ok(Fate::Cropped),
            Outer::Splice => {
                let said = say(self.drives, &new, text, &to, Manner::Absolute)?;
                Ok(Fate::Says(said))
            }
            Outer::Unroll => self.unrolled(task, found, text, &new, &to),
            Outer::Keep => self.kept(text, target, &new, &to),
        }
    }

    /// What a link says that leads where it led: from its new place.
    fn kept(
        &self,
        text: &LinkText,
        target: &TargetPath,
        new: &Place,
        to: &Place,
    ) -> Result<Fate, SayFailure> {
        let same_root = *target.root() == Root::Rooted && new.drive == to.drive;
        if target.is_absolute() || same_root {
            return Ok(Fate::Says(text.clone()));
        }
        Ok(Fate::Says(say(self.drives, new, text, to, Manner::AsNow)?))
    }

    fn unrolled(
        &mut self,
        task: &Task,
        found: &Located,
        text: &LinkText,
        new: &Place,
        to: &Place,
    ) -> Result<Fate, SayFailure> {
        match found.resolution.as_ref().map(|r| &r.end) {
            // Over links outside it comes back into what is copied: a loop, if that were copied again.
            Some(End::Found { place, .. }) if self.copy_of(&task.chain, place).is_some() => {
                let inner = self.copy_of(&task.chain, place);
                let inner = inner.as_ref().unwrap_or(to);
                Ok(Fate::Says(say(
                    self.drives,
                    new,
                    text,
                    inner,
                    Manner::AsNow,
                )?))
            }
            Some(End::Found { place, entry }) => {
                Ok(Fate::Unrolled(place.clone(), (**entry).clone()))
            }
            end => {
                let why = end.map(ToString::to_string).unwrap_or_default();
                let shown = self.drives.display(&task.from);
                let message = format!("'{shown}' stays a link: {why}");
                self.plan.warn(message, None);
                Ok(Fate::Says(say(self.drives, new, text, to, Manner::AsNow)?))
            }
        }
    }

    fn policy(&self, found: &Located) -> Outer {
        match found.kind {
            Some(LinkKind::Junction | LinkKind::VolumeMountPoint) => self.request.junctions,
            _ => self.request.symlinks,
        }
    }

    /// Where the copy of a place is that belongs to a tree under copy.
    fn copy_of(&self, chain: &Rc<Chain>, place: &Place) -> Option<Place> {
        let mut here = Some(chain);
        while let Some(chain) = here {
            let volume = self.drives.volume(chain.from.drive).ok()?;
            if place.drive == chain.from.drive && is_within(&*volume, &place.path, &chain.from.path)
            {
                return Some(crate::ops::say::moved(
                    &*volume,
                    place,
                    &chain.from,
                    &chain.to,
                ));
            }
            here = chain.up.as_ref();
        }
        None
    }

    fn unroll(&mut self, task: Task, from: Place, entry: Entry) -> Task {
        self.counts.unrolled += 1;
        let chain = Rc::new(Chain {
            from: from.clone(),
            to: self.place(&task.to),
            up: Some(Rc::clone(&task.chain)),
        });
        Task {
            from,
            entry,
            to: task.to,
            there: task.there,
            chain,
        }
    }

    /// Makes a link, with its times.
    pub(super) fn put_link(
        &mut self,
        task: &Task,
        link: &LinkText,
        dir: bool,
    ) -> Result<(), CopyError> {
        if self.is_second_name(task, Some(link))? {
            return Ok(());
        }
        let step = Step::MakeLink {
            at: task.to.clone(),
            link: link.clone(),
            dir,
        };
        let kept = self.kept_link(task, &step);
        if kept.is_none() {
            self.counts.links += 1;
            let link = link.clone();
            self.put(task, |at| Step::MakeLink { at, link, dir })?;
            self.set_meta(&task.to, &task.entry);
        }
        self.remember(task, kept, Some(link.clone()));
        Ok(())
    }

    fn can_hold(&self, text: &LinkText) -> bool {
        self.caps.contains(kind_of(text).0)
    }

    /// Another kind of link in the place of one that the volume lacks.
    fn fall_back(
        &mut self,
        task: Task,
        found: &Located,
        text: &LinkText,
    ) -> Result<Option<Task>, CopyError> {
        let at = task.from.clone();
        let (_, what) = kind_of(text);
        for other in &self.request.or {
            let shown = self.drives.display(&at);
            if let Some(done) = self.as_other(&task, found, *other)? {
                let message = format!("'{shown}' becomes {}: there are no {what}", done.1);
                self.plan.warn(message, None);
                return Ok(done.0.map(|(place, entry)| self.unroll(task, place, entry)));
            }
        }
        Err(CopyError::Unsupported { at, what })
    }

    /// The same link as another kind; `None` where it cannot be that either, or what to copy instead.
    #[allow(
        clippy::type_complexity,
        reason = "what is to be copied, and in words what it becomes"
    )]
    fn as_other(
        &mut self,
        task: &Task,
        found: &Located,
        other: Fallback,
    ) -> Result<Option<(Option<(Place, Entry)>, &'static str)>, CopyError> {
        let Some(End::Found { place, entry }) = found.resolution.as_ref().map(|r| &r.end) else {
            return Ok(None);
        };
        let hop = found.resolution.as_ref().and_then(|r| r.hops.first());
        let to = hop.and_then(|hop| hop.to.clone()).unwrap_or(place.clone());
        let to = self.copy_of(&task.chain, &to).unwrap_or(to);
        let dir = entry.base == Base::Dir;
        let model = match other {
            Fallback::Copy if self.copy_of(&task.chain, place).is_some() && dir => {
                return Ok(None);
            }
            Fallback::Copy => {
                return Ok(Some((Some((place.clone(), (**entry).clone())), "a copy")));
            }
            Fallback::Hard => {
                return Ok(self
                    .as_name(task, place, dir)
                    .then_some((None, "a hard link")));
            }
            Fallback::Soft => ReparsePoint::symlink(&TargetPath::parse_nt(r"\??\C:\")),
            Fallback::Junction if dir => ReparsePoint::junction(&TargetPath::parse_nt(r"\??\C:\")),
            Fallback::Junction => return Ok(None),
        };
        let Ok(model) = model.map(LinkText::Reparse) else {
            return Ok(None);
        };
        if !self.can_hold(&model) {
            return Ok(None);
        }
        let new = self.place(&task.to);
        let text = say(self.drives, &new, &model, &to, Manner::Absolute).map_err(|source| {
            CopyError::Say {
                at: task.from.clone(),
                source,
            }
        })?;
        self.put_link(task, &text, dir)?;
        let what = if other == Fallback::Soft {
            "a symbolic link"
        } else {
            "a junction"
        };
        Ok(Some((None, what)))
    }

    /// One more name of the file that a link leads to, or of its copy; that has to be there first.
    fn as_name(&mut self, task: &Task, place: &Place, dir: bool) -> bool {
        let copy = self.copy_of(&task.chain, place);
        let file = copy.unwrap_or_else(|| place.clone());
        let can = self.caps.contains(Caps::HARD_LINK) && task.there.is_none();
        if dir || !can || file.drive != self.request.to.drive {
            return false;
        }
        self.counts.hard_links += 1;
        self.late_links.push((file.path, task.to.clone()));
        true
    }
}

/// What a volume needs to hold a link, and what such links are called.
fn kind_of(text: &LinkText) -> (Caps, &'static str) {
    match text {
        LinkText::Posix(_) => (Caps::POSIX_SYMLINK, "symbolic links of POSIX systems"),
        LinkText::Reparse(data) => match data.tag() {
            ReparseTag::SYMLINK => (Caps::SYMLINK, "symbolic links"),
            ReparseTag::MOUNT_POINT => (Caps::JUNCTION, "junctions"),
            _ => (Caps::REPARSE, "reparse points of any tag"),
        },
    }
}

/// Whether a relative target, from the link it is in, never climbs out of the tree that the link is copied
/// with: then it means the same in the copy to the byte.
fn stays_inside(target: &TargetPath, task: &Task) -> bool {
    if *target.root() != Root::Relative {
        return false;
    }
    let count = |path: &EntryPath| path.name_bytes().count();
    let folder = count(&task.from.path).saturating_sub(1);
    let Some(mut depth) = folder.checked_sub(count(&task.chain.from.path)) else {
        return false;
    };
    for component in target.components() {
        match component {
            Component::Current => {}
            Component::Parent => match depth.checked_sub(1) {
                Some(less) => depth = less,
                None => return false,
            },
            Component::Name(_) | Component::Odd(_) => depth += 1,
        }
    }
    true
}
