//! Listing a directory: name, attributes, tag and 128-bit id of many entries with one call.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU8, Ordering};

use windows_sys::Win32::Storage::FileSystem as fs;

use super::handle::{Handle, is_unknown_class};
use super::info::{self, Listing, Row};
use super::open::LOOK;
use super::sys::{self, Buffer, Result};
use super::volume::Win32Volume;
use crate::entry::Attributes;
use crate::entry::{Base, Entry, FileId};
use crate::path::{EntryPath, Name};
use crate::reparse::ReparseTag;
use crate::volume::{Cause, VolumeError};

/// Enough for some hundred entries a call; more gains nothing measurable and costs each thread memory.
const BATCH: usize = 64 * 1024;

/// The best class of listing that this volume knows, found by the first listing.
#[derive(Debug)]
pub(super) struct BestListing(AtomicU8);

impl BestListing {
    const ALL: [Listing; 3] = [Listing::ExtdBoth, Listing::Extd, Listing::Both];

    pub(super) fn new() -> Self {
        Self(AtomicU8::new(0))
    }

    fn get(&self) -> Listing {
        let at = usize::from(self.0.load(Ordering::Relaxed));
        Self::ALL.get(at).copied().unwrap_or(Listing::Both)
    }

    fn set(&self, listing: Listing) {
        let at = Self::ALL.iter().position(|l| *l == listing).unwrap_or(0);
        // Only ever 0, 1 or 2, and any of them is right: another thread sees the old one and finds out too.
        self.0.store(at as u8, Ordering::Relaxed);
    }
}

impl Win32Volume {
    pub(super) fn list(
        &self,
        at: &EntryPath,
        visit: &mut dyn FnMut(Entry) -> ControlFlow<()>,
    ) -> std::result::Result<(), VolumeError> {
        let op = "list";
        let error = |code| self.error(op, at, code);
        let dir = self
            .open_at(at, LOOK | fs::FILE_LIST_DIRECTORY)
            .map_err(error)?;
        let link = dir
            .tag()
            .map_err(error)?
            .is_some_and(ReparseTag::is_name_surrogate);
        if link || !dir.standard().map_err(error)?.directory {
            return Err(VolumeError::new(op, at, Cause::NotADirectory));
        }
        self.batches(&dir, &mut |row| match self.entry_of(&row) {
            Some(entry) => visit(entry),
            None => ControlFlow::Continue(()),
        })
        .map_err(error)
    }

    fn batches(&self, dir: &Handle, visit: &mut dyn FnMut(Row) -> ControlFlow<()>) -> Result<()> {
        let mut buffer = Buffer::new(BATCH);
        let mut listing = self.listing.get();
        let mut restart = true;
        loop {
            let filled =
                match sys::query_directory(dir.borrow(), listing.class(), restart, &mut buffer) {
                    Ok(Some(filled)) => filled,
                    Ok(None) => return Ok(()),
                    Err(code) if restart && is_unknown_class(code) => {
                        listing = listing.fallback().ok_or(code)?;
                        self.listing.set(listing);
                        continue;
                    }
                    Err(code) => return Err(code),
                };
            restart = false;
            for row in info::rows(listing, buffer.bytes(filled)) {
                if visit(row).is_break() {
                    return Ok(());
                }
            }
        }
    }

    /// `None` for `.` and `..`, and for what is no name at all.
    fn entry_of(&self, row: &Row) -> Option<Entry> {
        let name = Name::from_utf16(&row.name).ok()?;
        let dir = row.attributes.contains(Attributes::DIRECTORY);
        let tag = row.tag.map(ReparseTag);
        Some(Entry {
            short_name: Name::from_utf16(&row.short_name)
                .ok()
                .filter(|short| *short != name),
            name: Some(name),
            id: FileId {
                volume: self.info.serial,
                file: row.id,
            },
            base: if dir { Base::Dir } else { Base::File },
            tag,
            links: None,
            size: if dir || tag.is_some_and(ReparseTag::is_name_surrogate) {
                0
            } else {
                row.size
            },
            attributes: row.attributes,
            times: row.times,
        })
    }

    /// An entry as its directory lists it: for what may be seen but not opened (`pagefile.sys`).
    pub(super) fn listed_entry(&self, at: &EntryPath) -> Option<Entry> {
        let (parent, name) = (at.parent()?, at.file_name()?);
        let mut found = None;
        let wanted = name.display().to_uppercase();
        self.list(&parent, &mut |entry| {
            let same = entry
                .name
                .as_ref()
                .is_some_and(|n| n.display().to_uppercase() == wanted);
            if same {
                found = Some(entry);
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        })
        .ok()?;
        found
    }
}
