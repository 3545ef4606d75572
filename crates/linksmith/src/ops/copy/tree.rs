//! The walk, and what is made for directories and files.

use std::rc::Rc;

use super::{Chain, Copier, CopyError, Fallback, Made, Task};
use crate::entry::{Attributes, Base, Entry, LinkText, Times};
use crate::ops::progress::Progress;
use crate::path::EntryPath;
use crate::plan::{Expect, Source, Step};
use crate::volume::{Caps, Cause, VolumeError, list};

impl Copier<'_> {
    pub(super) fn all(
        &mut self,
        top: Entry,
        there: Option<Entry>,
        progress: &mut dyn Progress,
    ) -> Result<(), CopyError> {
        progress.begin(None);
        let (from, to) = (self.request.from.clone(), self.request.to.clone());
        let chain = Rc::new(Chain {
            from: from.clone(),
            to: to.clone(),
            up: None,
        });
        let mut stack = vec![Task {
            from,
            entry: top,
            to: to.path,
            there,
            chain,
        }];
        while let Some(task) = stack.pop() {
            if progress.is_cancelled() {
                return Err(CopyError::Cancelled);
            }
            progress.advance(1);
            if task.entry.is_link() {
                stack.extend(self.link(task)?);
            } else {
                match task.entry.base {
                    Base::Dir => self.directory(task, &mut stack)?,
                    Base::File => self.file(&task)?,
                    Base::PosixSymlink | Base::Special => self.leave_out(&task),
                }
            }
        }
        self.finish()
    }

    fn leave_out(&mut self, task: &Task) {
        let cause = Cause::Unsupported("copying a device, socket or pipe");
        let error = VolumeError::new("copy", &task.from.path, cause);
        self.failed.push((task.from.clone(), error));
    }

    fn directory(&mut self, task: Task, stack: &mut Vec<Task>) -> Result<(), CopyError> {
        let source = self.drives.volume(task.from.drive)?;
        let is_there = task.there.as_ref().is_some_and(Entry::is_real_dir);
        let children = match list(&*source, &task.from.path) {
            Ok(children) => children,
            Err(error) => {
                self.failed.push((task.from, error));
                return Ok(());
            }
        };
        if let Some(there) = task.there.as_ref().filter(|_| !is_there) {
            let expect = self.expect_there(&task.to, there);
            let at = task.to.clone();
            self.push(Step::Remove { at }, vec![expect]);
        }
        if is_there {
            self.counts.equal += 1;
        } else {
            self.counts.directories += 1;
            let at = task.to.clone();
            let expect = match task.there {
                None => vec![Expect::Absent(at.clone())],
                Some(_) => Vec::new(),
            };
            let step = match task.from.drive == self.request.to.drive {
                true => Step::MakeDirLike {
                    at,
                    like: task.from.path.clone(),
                },
                false => Step::MakeDir { at },
            };
            self.push(step, expect);
        }
        let mut found = self.found(&task.to, is_there)?;
        let first = stack.len();
        for child in children {
            let Some(name) = &child.name else { continue };
            let there = found.take(&*self.target, name);
            let from = task.from.join(name);
            let to = task.to.join(name);
            // The listing may repeat older sizes and times than the entry has, and not its names.
            match source.entry(&from.path) {
                Ok(entry) => stack.push(Task {
                    from,
                    entry,
                    to,
                    there,
                    chain: Rc::clone(&task.chain),
                }),
                Err(error) => self.failed.push((from, error)),
            }
        }
        if let Some(pushed) = stack.get_mut(first..) {
            pushed.reverse();
        }
        self.extras(&task.to, found)?;
        self.late_dirs.push((task.entry, task.to, task.there));
        Ok(())
    }

    fn file(&mut self, task: &Task) -> Result<(), CopyError> {
        if task.entry.tag.is_some() && task.entry.size == 0 {
            return self.reparse_point(task);
        }
        if self.is_second_name(task, None)? {
            return Ok(());
        }
        let source = self.drives.volume(task.from.drive)?;
        // What cannot be opened now would cost all of the plan later.
        if let Err(error) = source.read(&task.from.path) {
            self.failed.push((task.from.clone(), error));
            return Ok(());
        }
        let kept = self.kept_file(task)?;
        if kept.is_none() {
            self.copy(task)?;
        }
        self.remember(task, kept, None);
        Ok(())
    }

    /// Notes where the copy of a file with several names is.
    pub(super) fn remember(&mut self, task: &Task, kept: Option<Entry>, link: Option<LinkText>) {
        if task.entry.links == Some(1) {
            return;
        }
        let made = Made {
            at: task.to.clone(),
            names: kept.as_ref().and_then(|e| e.links).unwrap_or(1),
            id: kept.map(|e| e.id),
            link,
        };
        self.made.insert(task.entry.id, made);
    }

    /// Makes the name one more of a file that is copied already; `false` where it is not, or has as many
    /// names as it may. Links go together only where they say the same.
    pub(super) fn is_second_name(
        &mut self,
        task: &Task,
        link: Option<&LinkText>,
    ) -> Result<bool, CopyError> {
        let most = self.target.info().max_links;
        let Some(made) = self.made.get_mut(&task.entry.id) else {
            return Ok(false);
        };
        if made.link.as_ref() != link {
            return Ok(false);
        }
        let is_there = |there: &Entry| made.id == Some(there.id);
        if task.there.as_ref().is_some_and(is_there) {
            self.counts.equal += 1;
            return Ok(true);
        }
        if made.names >= most {
            let shown = self.drives.display(&task.from);
            let message = format!("'{shown}' begins a file of its own: {most} names are the most");
            self.plan.warn(message, None);
            return Ok(false);
        }
        if !self.caps.contains(Caps::HARD_LINK) {
            return self.without_hard_links(task).map(|()| false);
        }
        made.names += 1;
        let existing = made.at.clone();
        self.counts.hard_links += 1;
        self.put(task, |new| Step::HardLink { existing, new })?;
        Ok(true)
    }

    fn without_hard_links(&mut self, task: &Task) -> Result<(), CopyError> {
        if self.request.or.contains(&Fallback::Copy) {
            let shown = self.drives.display(&task.from);
            let message = format!("'{shown}' becomes a file of its own: there are no hard links");
            self.plan.warn(message, None);
            return Ok(());
        }
        Err(CopyError::Unsupported {
            at: task.from.clone(),
            what: "hard links",
        })
    }

    fn copy(&mut self, task: &Task) -> Result<(), CopyError> {
        let drive = (task.from.drive != self.request.to.drive).then_some(task.from.drive);
        let from = Source::of(drive, task.from.path.clone(), &task.entry);
        self.counts.files += 1;
        self.counts.bytes += task.entry.size;
        let (times, attributes) = (times(&task.entry), self.attributes(&task.entry));
        self.put(task, |at| Step::CopyFile {
            at,
            from,
            times,
            attributes,
        })
    }

    /// Makes an entry at its place, or beside it and then in the place of what a mirror found there.
    pub(super) fn put(
        &mut self,
        task: &Task,
        step: impl FnOnce(EntryPath) -> Step,
    ) -> Result<(), CopyError> {
        let at = task.to.clone();
        let Some(there) = &task.there else {
            let expect = vec![Expect::Absent(at.clone())];
            self.push(step(at), expect);
            return Ok(());
        };
        if there.is_real_dir() {
            self.make_way(&at, there)?;
            self.push(step(at), Vec::new());
            return Ok(());
        }
        let beside = crate::ops::say::free_name(&*self.target, &at);
        let expect = self.expect_there(&at, there);
        self.push(step(beside.clone()), vec![Expect::Absent(beside.clone())]);
        let rename = Step::Rename {
            from: beside,
            to: at,
            replace: true,
        };
        self.push(rename, vec![expect]);
        Ok(())
    }

    /// The flags of an entry, where the volume has such.
    pub(super) fn attributes(&self, entry: &Entry) -> Option<Attributes> {
        self.caps
            .contains(Caps::ATTRIBUTES)
            .then_some(entry.attributes)
    }

    /// Times and flags of what a step just made, or of what is there and has others.
    pub(super) fn set_meta(&mut self, at: &EntryPath, entry: &Entry) {
        let step = Step::SetMeta {
            at: at.clone(),
            times: times(entry),
            attributes: self.attributes(entry),
        };
        self.push(step, Vec::new());
    }

    fn finish(&mut self) -> Result<(), CopyError> {
        for (existing, new) in std::mem::take(&mut self.late_links) {
            let expect = vec![Expect::Absent(new.clone())];
            self.push(Step::HardLink { existing, new }, expect);
        }
        for (entry, at, there) in std::mem::take(&mut self.late_dirs).into_iter().rev() {
            let same = there.is_some_and(|there| self.same_meta(&entry, &there));
            if !same || self.dirty.contains(&at) {
                self.set_meta(&at, &entry);
            }
        }
        Ok(())
    }

    /// A reparse point that is no link: its bytes as they are.
    fn reparse_point(&mut self, task: &Task) -> Result<(), CopyError> {
        let source = self.drives.volume(task.from.drive)?;
        match source.link_text(&task.from.path) {
            Ok(Some(text)) => self.put_link(task, &text, task.entry.base == Base::Dir),
            Ok(None) => self.copy(task),
            Err(error) => {
                self.failed.push((task.from.clone(), error));
                Ok(())
            }
        }
    }
}

/// All times but that of the record, which the copy gets of itself.
pub(super) fn times(entry: &Entry) -> Times {
    Times {
        changed: Default::default(),
        ..entry.times
    }
}
