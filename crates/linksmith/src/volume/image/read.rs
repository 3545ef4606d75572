//! Entries, links and names of an image.

use std::io::{Cursor, Read};
use std::ops::ControlFlow;
use std::sync::{MutexGuard, PoisonError};

use linksmith_ntfs::FileRef;
use linksmith_ntfs::Result as NtfsResult;
use linksmith_ntfs::file::File;
use linksmith_ntfs::layout::{
    StandardInformation, attribute_type as ty, file_attributes, well_known,
};
use linksmith_ntfs::tree::{DirEntry, FileNames, NamedEntry};

use super::contents::Contents;
use super::crowd::{Crowd, Known};
use super::trail::{Start, Stop, Trail};
use super::{Beside, Cause, ImageVolume, cause};
use crate::entry::{Attributes, Base, Entry, FileId, FileTime, LinkText, Times};
use crate::path::{EntryPath, Name};
use crate::reparse::{ReparsePoint, ReparseTag};

/// Compressed files are expanded whole; above this they would not fit.
const MAX_COMPRESSED: u64 = 1 << 30;
/// Of the root directory, Windows shows no file below this record: they are the volume's own.
pub(super) const FIRST_SHOWN: u64 = 16;

/// A file that a path leads to.
pub(super) struct Found {
    pub(super) file: File,
    /// Its name as the directory has it; `None` for the root.
    name: Option<Vec<u16>>,
}

/// What a path leads to, not read yet.
enum Way {
    Root(File),
    Entry(NamedEntry),
}

impl ImageVolume {
    pub(super) fn look(&self, at: &EntryPath) -> Result<Entry, Cause> {
        let epoch = self.crowd().epoch();
        let entry = match self.way(at)? {
            Way::Root(root) => return Ok(self.describe(&root, None, None)),
            Way::Entry(entry) => entry,
        };
        let name = Name::from_utf16(&entry.name)?;
        self.seen(entry.file, name, &entry.name, epoch)
            .map_err(damaged)
    }

    /// A file under one of its names. What is kept of it since `epoch` serves.
    fn seen(&self, file: FileRef, name: Name, units: &[u16], epoch: u64) -> NtfsResult<Entry> {
        if let Some(known) = self.crowd().get(file) {
            return Ok(Entry {
                name: Some(name),
                short_name: short_name(&known.shortened, units),
                ..known.entry.clone()
            });
        }
        let file = self.ntfs().file_by_ref(file)?;
        let seen = self.describe(&file, Some(name), Some(units));
        if file.records().len() > 1 {
            self.crowd().keep(known(&file, &seen), epoch);
        }
        Ok(seen)
    }

    pub(super) fn list(
        &self,
        at: &EntryPath,
        visit: &mut dyn FnMut(Entry) -> ControlFlow<()>,
    ) -> Result<(), Cause> {
        let directory = self.find(at)?.file;
        if !directory.is_directory() || self.is_link(&directory) {
            return Err(Cause::NotADirectory);
        }
        let root = at.is_root();
        let epoch = self.crowd().epoch();
        let mut failed = None;
        let walked = self.ntfs().read_dir(&directory, |entry| match entry {
            Ok(entry) => match self.listed(root, &entry, epoch) {
                Some(entry) => visit(entry),
                None => ControlFlow::Continue(()),
            },
            Err(error) => {
                failed.get_or_insert(error);
                ControlFlow::Continue(())
            }
        });
        // What can be read was visited; that it was not all is an error all the same.
        walked.map_err(cause::of)?;
        failed.map_or(Ok(()), |error| Err(cause::of(error)))
    }

    pub(super) fn link(&self, at: &EntryPath) -> Result<Option<LinkText>, Cause> {
        let data = self
            .ntfs()
            .reparse_data(&self.find(at)?.file)
            .map_err(cause::of)?;
        Ok(data
            .map(ReparsePoint::from_bytes)
            .transpose()?
            .map(LinkText::Reparse))
    }

    pub(super) fn open_file(&self, at: &EntryPath) -> Result<Box<dyn Read>, Cause> {
        let file = self.find(at)?.file;
        if self.is_link(&file) {
            return Err(Cause::ThroughLink(at.clone()));
        }
        if file.is_directory() {
            return Err(Cause::IsADirectory);
        }
        let value = self.ntfs().stream(&file, &[]).map_err(unreadable)?;
        let Some(value) = value else {
            return Ok(Box::new(Cursor::new(Vec::new())));
        };
        if value
            .extents()
            .is_some_and(|extents| extents.is_compressed())
        {
            let bytes = self
                .ntfs()
                .read_whole(&value, MAX_COMPRESSED)
                .map_err(cause::of)?;
            return Ok(Box::new(Cursor::new(bytes)));
        }
        Ok(Box::new(Contents {
            ntfs: self.ntfs(),
            value,
            offset: 0,
        }))
    }

    pub(super) fn all_names(&self, at: &EntryPath) -> Result<Vec<EntryPath>, Cause> {
        let found = self.find(at)?;
        if found.name.is_none() {
            return Ok(vec![EntryPath::root()]);
        }
        let paths = self.ntfs().paths(&found.file).map_err(cause::of)?;
        paths.iter().map(|names| Ok(path(names)?)).collect()
    }

    /// The file at a path; never through a link.
    pub(super) fn find(&self, at: &EntryPath) -> Result<Found, Cause> {
        match self.way(at)? {
            Way::Root(file) => Ok(Found { file, name: None }),
            Way::Entry(entry) => Ok(Found {
                file: self.ntfs().file_by_ref(entry.file).map_err(damaged)?,
                name: Some(entry.name),
            }),
        }
    }

    fn way(&self, at: &EntryPath) -> Result<Way, Cause> {
        let start = self.trail().start(at);
        let mut passed = Vec::new();
        let way = self.walk(at, start, &mut passed);
        self.trail().extend(at, start, &passed);
        way
    }

    /// Goes from a directory above down to `at`, and notes the directories it comes through.
    fn walk(&self, at: &EntryPath, start: Start, passed: &mut Vec<Stop>) -> Result<Way, Cause> {
        let (mut dir, mut end) = match start.stop {
            Some(stop) => (
                self.ntfs().file_by_ref(stop.file).map_err(damaged)?,
                stop.end,
            ),
            None => (self.ntfs().file(well_known::ROOT).map_err(cause::of)?, 0),
        };
        for (name, name_end) in at.names_after(end) {
            if self.is_link(&dir) {
                return Err(Cause::ThroughLink(at.up_to(end)));
            }
            if !dir.is_directory() {
                return Err(Cause::NotADirectory);
            }
            if end > start.stop.map_or(0, |stop| stop.end) {
                let file = dir.reference();
                passed.push(Stop { end, file });
            }
            // What cannot be a name here is not there either.
            let entry = match name.to_utf16() {
                Ok(units) => self.ntfs().lookup_in(&dir, &units).map_err(cause::of)?,
                Err(_) => None,
            };
            end = name_end;
            let is_last = end == at.as_bytes().len();
            match entry {
                Some(entry) if is_last => return Ok(Way::Entry(entry)),
                Some(entry) => dir = self.ntfs().file_by_ref(entry.file).map_err(damaged)?,
                None if is_last => return Err(Cause::NotFound),
                None => return Err(Cause::PathNotFound(at.up_to(end))),
            }
        }
        Ok(Way::Root(dir))
    }

    pub(super) fn crowd(&self) -> MutexGuard<'_, Crowd> {
        self.crowd.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The volume was changed: what was found before need not be so any more.
    pub(super) fn forget(&self) {
        self.trail().forget();
        self.crowd().forget();
    }

    pub(super) fn trail(&self) -> MutexGuard<'_, Trail> {
        self.trail.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_link(&self, file: &File) -> bool {
        self.tag(file).is_some_and(ReparseTag::is_name_surrogate)
    }

    fn tag(&self, file: &File) -> Option<ReparseTag> {
        let data = self.ntfs().reparse_data(file).ok().flatten()?;
        data.first_chunk()
            .map(|tag| ReparseTag(u32::from_le_bytes(*tag)))
    }

    /// An entry of a listing; `None` for what is not shown. Where the file cannot be read, what the index repeats of
    /// it serves.
    fn listed(&self, root: bool, entry: &DirEntry<'_>, epoch: u64) -> Option<Entry> {
        let hidden = root && entry.file.number() < FIRST_SHOWN;
        if hidden || entry.key.is_dos() {
            return None;
        }
        let units = entry.key.to_vec();
        let name = Name::from_utf16(&units).ok()?;
        let seen = self.seen(entry.file, name.clone(), &units, epoch);
        Some(seen.unwrap_or_else(|_| self.copied(entry, name)))
    }

    /// The number that stands for the security descriptor. A file with a descriptor of its own, alternate
    /// streams or extended attributes is like no other.
    pub(super) fn security_of(&self, at: &EntryPath) -> Result<Vec<u8>, Cause> {
        let file = self.find(at)?.file;
        let usual = |code: u32, named: bool| match code {
            ty::STANDARD_INFORMATION | ty::ATTRIBUTE_LIST | ty::FILE_NAME => true,
            ty::DATA => !named,
            _ => false,
        };
        if file
            .attributes()
            .any(|a| !usual(a.type_code, !a.name.is_empty()))
        {
            return Ok(file.reference().raw().to_le_bytes().to_vec());
        }
        let tail = file.standard().map_err(cause::of)?.tail;
        let shared = tail
            .map(|tail| tail.security_id.get())
            .filter(|id| *id != 0);
        Ok(match shared {
            Some(id) => id.to_le_bytes().to_vec(),
            None => file.reference().raw().to_le_bytes().to_vec(),
        })
    }

    /// Alternate data streams by their names, and extended attributes.
    pub(super) fn hanging_on(&self, at: &EntryPath) -> Result<Vec<Beside>, Cause> {
        let file = self.find(at)?.file;
        let beside = file.attributes().filter_map(|a| match a.type_code {
            ty::DATA if !a.name.is_empty() => {
                let name: Vec<u16> = a.name.iter().map(|unit| unit.get()).collect();
                Some(Beside::Stream(String::from_utf16_lossy(&name)))
            }
            ty::EA => Some(Beside::ExtendedAttributes),
            _ => None,
        });
        // A stream whose clusters take several attributes has its name on each.
        let mut beside: Vec<Beside> = beside.collect();
        beside.dedup();
        Ok(beside)
    }

    fn describe(&self, file: &File, name: Option<Name>, units: Option<&[u16]>) -> Entry {
        let names = file.names().unwrap_or_default();
        let tag = self.tag(file);
        let directory = file.is_directory();
        let standard = file.standard().ok().map(|standard| standard.base);
        let link = tag.is_some_and(ReparseTag::is_name_surrogate);
        Entry {
            name,
            short_name: units.and_then(|units| short_name(&names, units)),
            id: self.id(file.reference()),
            base: if directory { Base::Dir } else { Base::File },
            tag,
            links: Some(names.len().max(1) as u32),
            size: if directory || link {
                0
            } else {
                self.size(file).unwrap_or(0)
            },
            attributes: attributes(standard.as_ref(), directory),
            times: standard.as_ref().map(times).unwrap_or_default(),
        }
    }

    fn size(&self, file: &File) -> NtfsResult<u64> {
        let data = linksmith_ntfs::layout::attribute_type::DATA;
        let value = self.ntfs().value(file, data, &[])?;
        Ok(value.map_or(0, |value| value.len()))
    }

    fn copied(&self, entry: &DirEntry<'_>, name: Name) -> Entry {
        let header = entry.key.header;
        let flags = header.file_attributes.get();
        let directory = flags & file_attributes::DIRECTORY != 0;
        let reparse = flags & file_attributes::REPARSE_POINT != 0;
        let mut shown = Attributes(flags & 0xFFFF);
        shown.set(Attributes::DIRECTORY, directory);
        Entry {
            name: Some(name),
            short_name: None,
            id: self.id(entry.file),
            base: if directory { Base::Dir } else { Base::File },
            tag: reparse.then(|| ReparseTag(header.reparse_tag.get())),
            links: None,
            size: if directory { 0 } else { header.data_size.get() },
            attributes: shown,
            times: Times {
                created: FileTime(header.created.get()),
                modified: FileTime(header.modified.get()),
                changed: FileTime(header.record_modified.get()),
                accessed: FileTime(header.accessed.get()),
            },
        }
    }

    pub(super) fn id(&self, file: FileRef) -> FileId {
        FileId {
            volume: self.info.serial,
            file: u128::from(file.raw()),
        }
    }
}

/// What is kept of a file of many names.
fn known(file: &File, seen: &Entry) -> Known {
    let mut shortened = file.names().unwrap_or_default();
    shortened.retain(|name| name.short.is_some());
    Known {
        file: file.reference(),
        entry: Entry {
            name: None,
            short_name: None,
            ..seen.clone()
        },
        shortened,
    }
}

/// The 8.3 name that goes with a long one.
fn short_name(names: &[FileNames], long: &[u16]) -> Option<Name> {
    let found = names
        .iter()
        .find(|name| name.name == long && name.short.is_some())?;
    Name::from_utf16(found.short.as_deref()?).ok()
}

pub(super) fn attributes(standard: Option<&StandardInformation>, directory: bool) -> Attributes {
    let flags = standard.map_or(0, |standard| standard.file_attributes.get());
    let mut attributes = Attributes(flags);
    attributes.set(Attributes::DIRECTORY, directory);
    attributes
}

pub(super) fn times(base: &StandardInformation) -> Times {
    Times {
        created: FileTime(base.created.get()),
        modified: FileTime(base.modified.get()),
        changed: FileTime(base.record_modified.get()),
        accessed: FileTime(base.accessed.get()),
    }
}

fn path(names: &[Vec<u16>]) -> Result<EntryPath, crate::path::NameError> {
    let names: Result<Vec<Name>, _> = names.iter().map(|name| Name::from_utf16(name)).collect();
    Ok(EntryPath::from_names(names?.iter()))
}

/// An entry is there, and what it leads to is not: that is damage, not absence.
fn damaged(error: linksmith_ntfs::Error) -> Cause {
    match error {
        linksmith_ntfs::Error::Io { .. } => cause::of(error),
        other => Cause::Damaged(other.to_string()),
    }
}

/// Contents of a kind that only Windows reads are named as such; they are no damage.
fn unreadable(error: linksmith_ntfs::Error) -> Cause {
    match error {
        linksmith_ntfs::Error::Unsupported { .. } => {
            Cause::Io(std::io::Error::new(std::io::ErrorKind::Unsupported, error))
        }
        other => cause::of(other),
    }
}
