//! Names of touched files whose entry was in no touched node: it is looked up.

use std::cmp::Ordering;
use std::ops::ControlFlow;

use super::super::columns::{NameRow, bit};
use super::super::directory::{Rows, text};
use super::super::{Checker, Code, Finding, Flow, GO_ON};
use super::{FILE_NAME, Touched};
use crate::device::Device;
use crate::error::Result;
use crate::file::File;
use crate::file_name::FileNameView;
use crate::file_ref::FileRef;
use crate::index::{Index, IndexEntry, OwnedEntry, Visit, Way};
use crate::layout::attribute_type;
use crate::tree::I30;
use crate::volume::Volume;

impl<D: Device, V: FnMut(Finding) -> Flow> Checker<'_, D, V> {
    /// Each file is read once for all its names: a thousand names of a file of a thousand would read it whole each time.
    pub(super) fn check_entries_of_names<E: Device>(
        &mut self,
        before: &Volume<E>,
        touched: &Touched,
    ) -> Flow {
        let mut changed: Vec<u64> = touched.blocks.iter().map(|block| block.0).collect();
        changed.sort_unstable();
        let mut directories = Directories::of(self.volume);
        for rows in self.missing().chunk_by(|a, b| a.parent == b.parent) {
            if let Some(first) = rows.first().filter(|row| !self.is_apart(row, &changed)) {
                self.walk_for(&mut directories, first.parent(), rows.len() as u64)?;
            }
        }
        let mut missing = self.missing();
        missing.sort_unstable_by_key(|row| (row.record, *row));
        for rows in missing.chunk_by(|a, b| a.record == b.record) {
            let left = self.not_as_they_were(before, rows, &changed);
            if let Some(first) = left.first() {
                self.check_entries_of(&mut directories, first.record, &left)?;
            }
        }
        GO_ON
    }

    /// The names for which no entry was found so far.
    fn missing(&self) -> Vec<NameRow> {
        let rows = self.names.iter().zip(0..);
        let missing = rows.filter(|(_, at)| !self.indexed.get(*at));
        missing.map(|(row, _)| *row).collect()
    }

    /// Whether nothing was done to the directory that a name is in.
    fn is_apart(&self, row: &NameRow, changed: &[u64]) -> bool {
        let parent = row.parent().number();
        !self.columns.has(parent, bit::SCANNED) && changed.binary_search(&parent).is_err()
    }

    /// Where a directory has fewer blocks than names to look up, each block is read once, and no entry looked for.
    /// What a damaged block hides, or stands behind an entry out of order, is left to be looked up.
    fn walk_for(
        &mut self,
        directories: &mut Directories<'_, D>,
        directory: FileRef,
        names: u64,
    ) -> Flow {
        let opened = directories.open(directory);
        let Some(index) = opened.ok().and_then(|opened| opened.index.as_ref()) else {
            return GO_ON;
        };
        if names < index.block_count() {
            return GO_ON;
        }
        let (mut last, mut flow) = (Vec::new(), GO_ON);
        let rows = self.rows_of(directory);
        let walked = index.walk(|visit| {
            let Visit::Entry { entry, .. } = visit else {
                return GO_ON;
            };
            if !last.is_empty() && self.compare(index.collation(), &last, entry.key).is_ge() {
                return ControlFlow::Break(());
            }
            last.clear();
            last.extend_from_slice(entry.key);
            flow = self.check_met(rows, &entry);
            flow
        });
        // Where it cannot go on, neither can a search.
        walked.map_or(GO_ON, |()| flow)
    }

    /// An entry that the walk came by, if it is of a name that is looked for.
    fn check_met(&mut self, rows: Rows, entry: &IndexEntry<'_>) -> Flow {
        let file = entry.file();
        let name = FileNameView::parse(entry.key);
        match name.ok().filter(|_| self.columns.is_current(file)) {
            Some(name) if self.find_name(rows, file.number(), &name).is_some() => {
                self.check_copies(file.number(), &name, &Default::default)
            }
            _ => GO_ON,
        }
    }

    /// The names of a file without those to which, as to entry and directory, nothing was done.
    fn not_as_they_were<E: Device>(
        &self,
        before: &Volume<E>,
        rows: &[NameRow],
        changed: &[u64],
    ) -> Vec<NameRow> {
        let mut had = None;
        let mut was_there = |row: &NameRow| {
            let had = had.get_or_insert_with(|| self.names_before(before, row.record));
            had.binary_search(row).is_ok()
        };
        let mut rows = rows.to_vec();
        rows.retain(|row| !self.is_apart(row, changed) || !was_there(row));
        rows
    }

    /// The names that a file had, in order; none of a file that is or was a reparse point: its entries repeat the tag.
    fn names_before<E: Device>(&self, before: &Volume<E>, record: u64) -> Vec<NameRow> {
        let plain = !self.columns.has(record, bit::REPARSE);
        let old = before.file_by_ref(self.columns.reference(record));
        let plain = |old: &File| plain && old.find(attribute_type::REPARSE_POINT, &[]).is_none();
        let Some(old) = old.ok().filter(plain) else {
            return Vec::new();
        };
        let names = old.resident_values(FILE_NAME).map(FileNameView::parse);
        let mut rows: Vec<NameRow> = names
            .flatten()
            .map(|name| NameRow::new(record, &name))
            .collect();
        rows.sort_unstable();
        rows
    }

    /// The entries of these names, which are in order, of one file.
    fn check_entries_of(
        &mut self,
        directories: &mut Directories<'_, D>,
        record: u64,
        rows: &[NameRow],
    ) -> Flow {
        let file = match self.volume.file(record) {
            Ok(file) => file,
            Err(error) => return self.tell_error(Code::AttributeList, record, &error),
        };
        let names = file.resident_values(FILE_NAME).map(FileNameView::parse);
        let wanted =
            |name: &FileNameView<'_>| rows.binary_search(&NameRow::new(record, name)).is_ok();
        let mut names: Vec<FileNameView<'_>> = names.flatten().filter(wanted).collect();
        // Those of one directory together; among them as they came, which mostly is their order.
        names.sort_by_key(|name| name.parent().number());
        for name in &names {
            self.check_entry_of(directories, record, name)?;
        }
        GO_ON
    }

    fn check_entry_of(
        &mut self,
        directories: &mut Directories<'_, D>,
        record: u64,
        name: &FileNameView<'_>,
    ) -> Flow {
        let file = self.columns.reference(record);
        let entry = match directories.find(name) {
            Ok(entry) => entry,
            Err(error) => return self.tell_error(Code::NameParent, record, &error),
        };
        let entry = entry.as_ref().and_then(|entry| entry.view().ok());
        let Some(entry) = entry.filter(|entry| entry.file() == file) else {
            let (name, parent) = (text(name), name.parent());
            let words = format!("its name {name} is missing in directory {parent}");
            return self.tell(Code::NameNotIndexed, record, words);
        };
        match FileNameView::parse(entry.key) {
            Ok(copy) => self.check_copies(record, &copy, &Default::default),
            Err(error) => self.entry_error(Code::NameBad, name.parent().number(), error),
        }
    }
}

/// Looks names up in their directories; the one before stays open.
pub(super) struct Directories<'v, D> {
    volume: &'v Volume<D>,
    open: Option<Opened<'v, D>>,
}

struct Opened<'v, D> {
    directory: FileRef,
    /// None where it is no directory.
    index: Option<Index<'v, D>>,
    way: Way,
}

impl<'v, D: Device> Directories<'v, D> {
    pub(super) fn of(volume: &'v Volume<D>) -> Self {
        Self { volume, open: None }
    }

    /// The entry of exactly this name.
    pub(super) fn find(&mut self, name: &FileNameView<'_>) -> Result<Option<OwnedEntry>> {
        let upcase = self.volume.upcase();
        let opened = self.open(name.parent())?;
        let Some(index) = &opened.index else {
            return Ok(None);
        };
        index.find_along(&mut opened.way, |key| match FileNameView::parse(key) {
            Ok(there) => upcase.compare(there.name, name.name),
            Err(_) => Ordering::Less,
        })
    }

    fn open(&mut self, directory: FileRef) -> Result<&mut Opened<'v, D>> {
        let kept = self.open.take().filter(|open| open.directory == directory);
        let opened = match kept {
            Some(opened) => opened,
            None => {
                let file = self.volume.file_by_ref(directory)?;
                Opened {
                    directory,
                    index: Index::open(self.volume, &file, &I30)?,
                    way: Way::default(),
                }
            }
        };
        Ok(self.open.insert(opened))
    }
}
