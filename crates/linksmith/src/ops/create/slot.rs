//! The place of a new link: free, or taken by a link that gives way.

use super::{CreateCause, Request};
use crate::entry::{Base, Entry, FileId, LinkText};
use crate::path::{EntryPath, Name};
use crate::plan::{Expect, Plan, Step};
use crate::reparse::ReparsePoint;
use crate::volume::{Caps, Cause, DriveId, PathStyle, Place, Volume};

/// What stands where the link is to be.
pub(super) enum Slot {
    /// Nothing.
    Free,
    /// A link, or one of several names of a file.
    Taken {
        entry: Box<Entry>,
        text: Option<LinkText>,
        backup: bool,
    },
}

/// How many names are tried for what is set aside.
const TRIES: u32 = 10_000;

impl Slot {
    /// Looks at a link's place; what may not give way is an error.
    pub(super) fn look(
        volume: &dyn Volume,
        link: &Place,
        request: &Request,
    ) -> Result<Self, CreateCause> {
        let entry = match volume.entry(&link.path) {
            Ok(entry) => entry,
            Err(e) if matches!(e.cause, Cause::NotFound) => return Ok(Self::Free),
            Err(e) => return Err(CreateCause::Volume(e)),
        };
        let is_link = entry.is_link();
        // Of a file with more names than one only this name goes; nothing is lost.
        let is_name = entry.base == Base::File && entry.links.is_some_and(|n| n > 1);
        if !(is_link || is_name) || !(request.force || request.backup) {
            return Err(CreateCause::Exists {
                what: what(&entry),
                replaceable: is_link || is_name,
            });
        }
        Ok(Self::Taken {
            // Data that cannot be read are replaced all the same; the id alone is expected then.
            text: volume.link_text(&link.path).ok().flatten(),
            entry: Box::new(entry),
            backup: request.backup,
        })
    }

    pub(super) fn id(&self) -> Option<FileId> {
        match self {
            Self::Free => None,
            Self::Taken { entry, .. } => Some(entry.id),
        }
    }

    pub(super) fn expect(&self, at: &EntryPath) -> Expect {
        match self {
            Self::Free => Expect::Absent(at.clone()),
            Self::Taken { entry, text, .. } => Expect::Entry {
                at: at.clone(),
                id: entry.id,
                link: text.clone(),
            },
        }
    }

    /// The data to set where the link that is there can become the new one without going away: the same
    /// tag on the same sort of object, and no other name through which the old link is still seen.
    pub(super) fn in_place(&self, text: &LinkText, dir: bool, caps: Caps) -> Option<ReparsePoint> {
        match (self, text) {
            (Self::Taken { entry, .. }, LinkText::Reparse(data))
                if caps.contains(Caps::REPARSE)
                    && entry.tag == Some(data.tag())
                    && (entry.base == Base::Dir) == dir
                    && entry.links.is_none_or(|n| n <= 1) =>
            {
                Some(data.clone())
            }
            _ => None,
        }
    }

    /// The steps that put a new link here.
    pub(super) fn put(
        &self,
        volume: &dyn Volume,
        plan: &mut Plan,
        drive: DriveId,
        at: &EntryPath,
        make: &dyn Fn(EntryPath) -> Step,
    ) -> Result<(), CreateCause> {
        let here = self.expect(at);
        let Self::Taken { entry, backup, .. } = self else {
            plan.push(drive, make(at.clone()), vec![here]);
            return Ok(());
        };
        if *backup {
            let kept = free_name(volume, at, backup_name)?;
            plan.push(drive, rename(at, &kept, false), vec![here, absent(&kept)]);
            plan.push(drive, make(at.clone()), vec![absent(at)]);
            return Ok(());
        }
        let beside = free_name(volume, at, |_, n| {
            format!(".linksmith-{n}.tmp").into_bytes()
        })?;
        // Windows replaces no directory by a rename, not even one that is a link. Where all steps are
        // one change that does not matter; elsewhere the old link stands aside until the new one is.
        let info = volume.info();
        let aside = info.style == PathStyle::Windows && !info.caps.contains(Caps::TRANSACTION);
        if aside && (entry.base == Base::Dir || makes_dir(&make(beside.clone()))) {
            plan.push(
                drive,
                rename(at, &beside, false),
                vec![here, absent(&beside)],
            );
            plan.push(drive, make(at.clone()), vec![absent(at)]);
            plan.push(
                drive,
                Step::Remove { at: beside.clone() },
                vec![self.expect(&beside)],
            );
        } else {
            plan.push(
                drive,
                make(beside.clone()),
                vec![absent(&beside), here.clone()],
            );
            plan.push(drive, rename(&beside, at, true), vec![here]);
        }
        Ok(())
    }
}

fn makes_dir(step: &Step) -> bool {
    matches!(step, Step::MakeLink { dir: true, .. })
}

fn absent(at: &EntryPath) -> Expect {
    Expect::Absent(at.clone())
}

fn rename(from: &EntryPath, to: &EntryPath, replace: bool) -> Step {
    Step::Rename {
        from: from.clone(),
        to: to.clone(),
        replace,
    }
}

/// `NAME~`, then `NAME~2` and so on.
fn backup_name(name: &Name, n: u32) -> Vec<u8> {
    let mut bytes = name.as_bytes().to_vec();
    bytes.push(b'~');
    if n > 1 {
        bytes.extend(n.to_string().into_bytes());
    }
    bytes
}

/// The first name beside `at` that is free.
fn free_name(
    volume: &dyn Volume,
    at: &EntryPath,
    name: impl Fn(&Name, u32) -> Vec<u8>,
) -> Result<EntryPath, CreateCause> {
    let (Some(dir), Some(own)) = (at.parent(), at.file_name()) else {
        return Err(CreateCause::NoFreeName);
    };
    for n in 1..=TRIES {
        let Ok(candidate) = Name::from_bytes(name(&own, n)) else {
            break;
        };
        let candidate = dir.join(&candidate);
        match volume.entry(&candidate) {
            Ok(_) => {}
            Err(e) if matches!(e.cause, Cause::NotFound) => return Ok(candidate),
            Err(e) => return Err(CreateCause::Volume(e)),
        }
    }
    Err(CreateCause::NoFreeName)
}

fn what(entry: &Entry) -> &'static str {
    match (entry.is_link(), entry.base) {
        (true, _) => "a link",
        (false, Base::Dir) => "a directory",
        (false, Base::File) if entry.links.is_some_and(|n| n > 1) => "a hard link",
        (false, _) => "a file",
    }
}
