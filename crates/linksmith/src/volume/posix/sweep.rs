//! The fast road to links: [`host_walk`]'s finds as entries.

use std::ffi::CStr;
use std::ops::ControlFlow;
use std::os::fd::OwnedFd;

use rustix::fs::{FileType, OFlags};
use rustix::io::Errno;

use super::host_walk::{self, Ask, Item, Place};
use super::stat::Stat;
use super::walk::Dir;
use super::{PosixVolume, cause, stat};
use crate::entry::{Entry, LinkText};
use crate::path::{EntryPath, Name};
use crate::volume::{Cause, Found, Road, Swept, Visit, VolumeError, Wanted, Way};

impl PosixVolume {
    pub(super) fn sweep_below(
        &self,
        below: &EntryPath,
        wanted: Wanted,
        visit: &Visit<'_>,
    ) -> Result<(), VolumeError> {
        let failed = |cause| VolumeError::new("list", below, cause);
        let Dir::Opened(start) = self.open_dir_with(below, OFlags::RDONLY).map_err(failed)? else {
            return Err(failed(Cause::NotADirectory)); // opened for reading, it is never the root's handle
        };
        let why = "this file system has no list of its links";
        if visit(Swept::Way(Way::new(Road::DirectoryWalk, why))).is_break() {
            return Ok(());
        }
        let ask = Ask {
            links: wanted.contains(Wanted::LINKS),
            hard_links: wanted.contains(Wanted::HARD_LINKS),
            one_file_system: wanted.contains(Wanted::ONE_VOLUME),
            threads: 0,
        };
        host_walk::walk(start, ask, &|item| match swept(below, wanted, &item) {
            Some(swept) => visit(swept),
            None => ControlFlow::Continue(()),
        })
        .map_err(|e| failed(cause::of(e)))
    }
}

/// What to report of an item; nothing where it went away meanwhile.
fn swept(below: &EntryPath, wanted: Wanted, item: &Item<'_>) -> Option<Swept> {
    let at = |path: &[u8]| {
        let mut at = below.clone();
        // Names of a directory are never empty, `.` or `..`.
        EntryPath::parse(path)
            .unwrap_or_default()
            .names()
            .for_each(|name| at.push(&name));
        at
    };
    let found = match item {
        Item::Failed { op, path, cause } => {
            return Some(Swept::Failed(VolumeError::new(
                op,
                &at(path),
                cause::of(*cause),
            )));
        }
        Item::Link(place) => link(place, wanted),
        Item::Name(place, stat) => name(place, stat),
    };
    match found {
        Ok((entry, text)) => {
            let at = at(&found_path(item));
            let text = text
                .map(|text| text.map_err(|e| VolumeError::new("read the link", &at, cause::of(e))));
            Some(Swept::Found(Box::new(Found { at, entry, text })))
        }
        Err(Errno::NOENT) => None,
        Err(e) => {
            let at = at(&found_path(item));
            Some(Swept::Failed(VolumeError::new(
                "look at",
                &at,
                cause::of(e),
            )))
        }
    }
}

fn found_path(item: &Item<'_>) -> Vec<u8> {
    match item {
        Item::Link(place) | Item::Name(place, _) => place.path(),
        Item::Failed { path, .. } => path.clone(),
    }
}

type Read = (Entry, Option<Result<LinkText, Errno>>);

fn link(place: &Place<'_>, wanted: Wanted) -> Result<Read, Errno> {
    let name = name_of(place)?;
    let entry = if wanted.contains(Wanted::META) {
        stat::entry(place.fd, Some(&name))?
    } else {
        stat::entry_of_listing(name, FileType::Symlink, place.inode, place.device())
    };
    let text = wanted
        .contains(Wanted::TEXT)
        .then(|| text(place.fd, place.name));
    Ok((entry, text))
}

fn text(dir: &OwnedFd, name: &CStr) -> Result<LinkText, Errno> {
    let text = rustix::fs::readlinkat(dir, name, Vec::with_capacity(128))?;
    Ok(LinkText::Posix(text.into_bytes()))
}

fn name(place: &Place<'_>, found: &Stat) -> Result<Read, Errno> {
    let name = name_of(place)?;
    Ok((stat::entry_of(Some(name), found), None))
}

fn name_of(place: &Place<'_>) -> Result<Name, Errno> {
    Name::from_bytes(place.name.to_bytes()).map_err(|_| Errno::INVAL)
}
