//! One kind of link into another, or into what it leads to.
//!
//! The new thing is made beside the old one and takes its place when it is whole: nothing is lost when
//! it cannot be made.

use std::collections::HashMap;

use super::impact::{copy_step, tree};
use super::say::{Manner, SayError, free_name, rewrite, say};
use crate::entry::{Base, Entry, FileId, LinkText, Times};
use crate::foreign::Foreign;
use crate::path::EntryPath;
use crate::plan::{Expect, Plan, Step};
use crate::reparse::{EncodeError, ReparsePoint};
use crate::resolve::{self, End, Located};
use crate::volume::{Caps, Drives, LocateError, PathStyle, Place, Volume, VolumeError};

/// What a link becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Into {
    /// A symbolic link.
    Soft,
    /// Another name of the file it leads to.
    Hard,
    /// A junction.
    Junction,
    /// A file or tree of its own with the same contents.
    Copy,
    /// The same kind, spelled otherwise.
    Same,
}

/// Why a link stays what it is.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConvertError {
    /// It is no link and no file with several names.
    #[error("it is neither a link nor a file with several names")]
    NotALink,
    /// It leads nowhere.
    #[error("it leads nowhere: {0}")]
    Broken(String),
    /// What it leads to cannot have such a link.
    #[error("{0}")]
    Impossible(&'static str),
    /// Its text cannot be made.
    #[error(transparent)]
    Say(#[from] SayError),
    /// Its text cannot be stored.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// A place cannot be found.
    #[error(transparent)]
    Locate(#[from] LocateError),
    /// A volume failed.
    #[error(transparent)]
    Volume(#[from] VolumeError),
}

/// Plans to make the link at `at` another kind of link.
///
/// # Errors
/// See [`ConvertError`].
pub fn plan(drives: &Drives, at: &Place, into: Into, manner: Manner) -> Result<Plan, ConvertError> {
    let mut link = resolve::inspect(drives, at)?;
    let volume = drives.volume(at.drive)?;
    // A file by all that the volume says, but its contents say where it leads.
    if let Some(foreign) = Foreign::of(&*volume, &at.path, &link.entry)? {
        link.resolution = foreign.resolve(drives, at, link.entry.base == Base::Dir);
    }
    let mut job = Job {
        drives,
        volume: &*volume,
        at,
        link: &link,
        plan: Plan::default(),
    };
    match into {
        Into::Soft => job.soft(manner)?,
        Into::Junction => job.junction()?,
        Into::Same => job.same(manner)?,
        Into::Hard => job.hard()?,
        Into::Copy => job.copy()?,
    }
    super::left_behind::warn(drives, &mut job.plan);
    Ok(job.plan)
}

struct Job<'j> {
    drives: &'j Drives,
    volume: &'j dyn Volume,
    at: &'j Place,
    link: &'j Located,
    plan: Plan,
}

impl Job<'_> {
    fn push(&mut self, step: Step, expect: Vec<Expect>) {
        self.plan.push(self.at.drive, step, expect);
    }

    fn expect(&self) -> Vec<Expect> {
        vec![Expect::Entry {
            at: self.at.path.clone(),
            id: self.link.entry.id,
            link: self.link.text.clone(),
        }]
    }

    /// What is at the end of the link, or the file itself where it is one of several names.
    fn end(&self) -> Result<(Place, Entry), ConvertError> {
        let entry = &self.link.entry;
        let Some(resolution) = &self.link.resolution else {
            let several = entry.base == Base::File && entry.links.is_some_and(|n| n > 1);
            return match several {
                true => Ok((self.at.clone(), entry.clone())),
                false => Err(ConvertError::NotALink),
            };
        };
        match &resolution.end {
            End::Found { place, entry } => Ok((place.clone(), (**entry).clone())),
            // The kind is about to change.
            End::WrongKind { to, .. } => {
                let entry = self.drives.volume(to.drive)?.entry(&to.path)?;
                Ok((to.clone(), entry))
            }
            other => Err(ConvertError::Broken(other.words(self.drives))),
        }
    }

    /// What a link names by its own text; where that is not known, where it ends.
    fn named(&self) -> Result<Place, ConvertError> {
        let first = self.link.resolution.as_ref().and_then(|r| r.hops.first());
        match first.and_then(|hop| hop.to.clone()) {
            Some(place) if !matches!(self.link.text, Some(LinkText::Posix(_))) => Ok(place),
            _ => Ok(self.end()?.0),
        }
    }

    /// Another name of the file, for links that are to lead to it.
    fn other_name(&self) -> Result<Place, ConvertError> {
        let only = ConvertError::Impossible("no other name of the file was found to lead to");
        if !self.volume.info().caps.contains(Caps::NAMES) {
            return Err(only);
        }
        let names = self.volume.names(&self.at.path)?;
        let other = names.into_iter().find(|path| *path != self.at.path);
        let path = other.ok_or(only)?;
        Ok(Place {
            drive: self.at.drive,
            path,
        })
    }

    fn soft(&mut self, manner: Manner) -> Result<(), ConvertError> {
        let (to, is_link) = match self.link.resolution {
            Some(_) => (self.named()?, true),
            None => {
                self.end()?;
                (self.other_name()?, false)
            }
        };
        let dir = match self.end() {
            Ok((_, entry)) => entry.base == Base::Dir,
            Err(_) => self.link.entry.base == Base::Dir,
        };
        let was_absolute = self.link.entry.tag == Some(crate::reparse::ReparseTag::MOUNT_POINT);
        let manner = match manner {
            Manner::AsNow if was_absolute => Manner::Absolute,
            Manner::AsNow if !is_link => Manner::Relative,
            other => other,
        };
        let model = self.model(manner)?;
        let text = say(self.drives, self.at, &model, &to, manner)?;
        self.replace(&text, dir)
    }

    /// A symbolic link of this volume's sort, for its spelling alone.
    fn model(&self, manner: Manner) -> Result<LinkText, ConvertError> {
        if self.volume.info().style == PathStyle::Posix {
            return Ok(match &self.link.text {
                Some(text @ LinkText::Posix(_)) => text.clone(),
                _ => LinkText::Posix(b".".to_vec()),
            });
        }
        match &self.link.text {
            Some(text @ LinkText::Reparse(data))
                if data.tag() == crate::reparse::ReparseTag::SYMLINK =>
            {
                Ok(text.clone())
            }
            _ => {
                let text = if manner == Manner::Absolute {
                    r"C:\"
                } else {
                    "."
                };
                let target = crate::path::TargetPath::parse(text);
                Ok(LinkText::Reparse(ReparsePoint::symlink(&target)?))
            }
        }
    }

    fn junction(&mut self) -> Result<(), ConvertError> {
        let (_, entry) = self.end()?;
        if entry.base != Base::Dir {
            return Err(ConvertError::Impossible(
                "a junction leads to a directory, this is a file",
            ));
        }
        let model = crate::path::TargetPath::parse_nt(r"\??\C:\");
        let model = LinkText::Reparse(ReparsePoint::junction(&model)?);
        let to = self.named()?;
        let text = say(self.drives, self.at, &model, &to, Manner::Absolute)?;
        self.replace(&text, true)
    }

    fn same(&mut self, manner: Manner) -> Result<(), ConvertError> {
        let text = self.link.text.clone().ok_or(ConvertError::NotALink)?;
        let to = self.named()?;
        let new = say(self.drives, self.at, &text, &to, manner)?;
        let dir = self.link.entry.base == Base::Dir;
        if new != text {
            self.replace(&new, dir)?;
        }
        Ok(())
    }

    /// A link with this text in the place of what is there.
    fn replace(&mut self, text: &LinkText, dir: bool) -> Result<(), ConvertError> {
        if let Some(old) = &self.link.text {
            let entry = &self.link.entry;
            for (step, expect) in rewrite(self.volume, &self.at.path, entry, old, text, dir) {
                self.push(step, expect);
            }
            return Ok(());
        }
        let beside = free_name(self.volume, &self.at.path);
        let make = Step::MakeLink {
            at: beside.clone(),
            link: text.clone(),
            dir,
        };
        self.push(make, vec![Expect::Absent(beside.clone())]);
        self.take_place(beside);
        Ok(())
    }

    fn take_place(&mut self, beside: EntryPath) {
        let rename = Step::Rename {
            from: beside,
            to: self.at.path.clone(),
            replace: true,
        };
        let expect = self.expect();
        self.push(rename, expect);
    }

    fn hard(&mut self) -> Result<(), ConvertError> {
        let (to, entry) = self.end()?;
        if to == *self.at {
            return Ok(());
        }
        if entry.base == Base::Dir {
            return Err(ConvertError::Impossible(
                "a directory cannot have hard links",
            ));
        }
        if to.drive != self.at.drive || entry.id.volume != self.link.entry.id.volume {
            return Err(ConvertError::Impossible(
                "a hard link lives on the volume of its file",
            ));
        }
        let beside = free_name(self.volume, &self.at.path);
        let there = Expect::Entry {
            at: to.path.clone(),
            id: entry.id,
            link: None,
        };
        let make = Step::HardLink {
            existing: to.path,
            new: beside.clone(),
        };
        self.push(make, vec![there, Expect::Absent(beside.clone())]);
        self.take_place(beside);
        Ok(())
    }

    /// What the link leads to, made again beside it. A file is read back by its volume before it takes
    /// the link's place. A directory cannot replace anything in one change, so the link goes first.
    fn copy(&mut self) -> Result<(), ConvertError> {
        let (from, entry) = self.end()?;
        let beside = free_name(self.volume, &self.at.path);
        let source = self.drives.volume(from.drive)?;
        let drive = (from.drive != self.at.drive).then_some(from.drive);
        let is_within = from.drive == self.at.drive
            && super::say::is_within(&*source, &self.at.path, &from.path);
        if entry.is_real_dir() && is_within {
            return Err(ConvertError::Impossible(
                "the link lies in the directory it leads to",
            ));
        }
        let all = tree(&*source, &from.path)?;
        let mut made: HashMap<FileId, EntryPath> = HashMap::new();
        let target = |path: &EntryPath| {
            let mut new = beside.clone();
            for name in path.names().skip(from.path.name_bytes().count()) {
                new.push(&name);
            }
            new
        };
        for (path, entry) in &all {
            let new = target(path);
            let known = made.get(&entry.id).filter(|_| entry.base != Base::Dir);
            let step = match known {
                Some(existing) => Step::HardLink {
                    existing: existing.clone(),
                    new,
                },
                None => {
                    made.insert(entry.id, new.clone());
                    copy_step(&*source, (drive, path), entry, new)?
                }
            };
            self.push(step, Vec::new());
        }
        for (path, entry) in all.iter().rev() {
            let times = Times {
                changed: Default::default(),
                accessed: Default::default(),
                ..entry.times
            };
            let at = target(path);
            let attributes = None;
            self.push(
                Step::SetMeta {
                    at,
                    times,
                    attributes,
                },
                Vec::new(),
            );
        }
        if !entry.is_real_dir() {
            self.take_place(beside);
            return Ok(());
        }
        let at = self.at.path.clone();
        let expect = self.expect();
        self.push(Step::Remove { at: at.clone() }, expect);
        let rename = Step::Rename {
            from: beside,
            to: at,
            replace: false,
        };
        self.push(rename, Vec::new());
        Ok(())
    }
}
