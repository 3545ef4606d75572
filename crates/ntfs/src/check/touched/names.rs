//! Names of touched files: each has its entry, and those that are gone have none.

use std::cmp::Ordering;

use super::super::columns::{Bits, NameRow, bit, hash, parent_key};
use super::super::directory::text;
use super::super::{Checker, Code, Finding, Flow, GO_ON, reparse};
use super::{FILE_NAME, Touched};
use crate::device::Device;
use crate::error::Result;
use crate::file::File;
use crate::file_name::FileNameView;
use crate::file_ref::FileRef;
use crate::index::{Index, OwnedEntry};
use crate::layout::{ReparseKey, attribute_type};
use crate::tree::I30;
use crate::volume::Volume;
use zerocopy::IntoBytes;

impl<D: Device, V: FnMut(Finding) -> Flow> Checker<'_, D, V> {
    /// Names whose entry was in no touched node: it is looked up, unless nothing was done to name, entry and directory.
    pub(super) fn check_entries_of_names<E: Device>(
        &mut self,
        before: &Volume<E>,
        touched: &Touched,
    ) -> Flow {
        let mut directories: Vec<u64> = touched.blocks.iter().map(|block| block.0).collect();
        directories.sort_unstable();
        for at in 0..self.names.len() {
            if self.indexed.get(at as u64) {
                continue;
            }
            let Some(row) = self.names.get(at).copied() else {
                break;
            };
            let parent = row.parent().number();
            let apart = !self.columns.has(parent, bit::SCANNED)
                && directories.binary_search(&parent).is_err();
            if apart && self.had_name(before, &row) {
                continue;
            }
            let file = match self.volume.file(row.record) {
                Ok(file) => file,
                Err(error) => return self.tell_error(Code::AttributeList, row.record, &error),
            };
            for value in file.resident_values(FILE_NAME) {
                if let Ok(name) = FileNameView::parse(value)
                    && NameRow::new(row.record, &name) == row
                {
                    self.check_entry_of(&row, &name)?;
                }
            }
        }
        GO_ON
    }

    /// Whether a file that is no reparse point, and was none, had this name.
    fn had_name<E: Device>(&self, before: &Volume<E>, row: &NameRow) -> bool {
        let plain = !self.columns.has(row.record, bit::REPARSE);
        let reference = self.columns.reference(row.record);
        let old = before.file_by_ref(reference).ok().filter(|_| plain);
        old.is_some_and(|old| {
            let mut names = old.resident_values(FILE_NAME).map(FileNameView::parse);
            old.find(attribute_type::REPARSE_POINT, &[]).is_none()
                && names.any(|name| name.is_ok_and(|name| NameRow::new(row.record, &name) == *row))
        })
    }

    fn check_entry_of(&mut self, row: &NameRow, name: &FileNameView<'_>) -> Flow {
        let parent = row.parent();
        let file = self.columns.reference(row.record);
        let entry = match self.look_up(parent, name) {
            Ok(entry) => entry,
            Err(error) => return self.tell_error(Code::NameParent, row.record, &error),
        };
        let entry = entry.as_ref().and_then(|entry| entry.view().ok());
        let Some(entry) = entry.filter(|entry| entry.file() == file) else {
            let words = format!("its name {} is missing in directory {parent}", text(name));
            return self.tell(Code::NameNotIndexed, row.record, words);
        };
        match FileNameView::parse(entry.key) {
            Ok(copy) => self.check_copies(row.record, &copy, &Default::default),
            Err(error) => self.entry_error(Code::NameBad, parent.number(), error),
        }
    }

    /// The entry of exactly this name.
    fn look_up(&self, parent: FileRef, name: &FileNameView<'_>) -> Result<Option<OwnedEntry>> {
        let directory = self.volume.file_by_ref(parent)?;
        let Some(index) = Index::open(self.volume, &directory, &I30)? else {
            return Ok(None);
        };
        index.find(|key| match FileNameView::parse(key) {
            Ok(there) => self.volume.upcase().compare(there.name, name.name),
            Err(_) => Ordering::Less,
        })
    }

    /// Names that touched files had: no entry may lead to the file by them any more.
    pub(super) fn check_old_names<E: Device>(&mut self, before: &Volume<E>, files: &[u64]) -> Flow {
        let there = |number: &&u64| **number < before.record_count();
        for number in files.iter().filter(there) {
            // What was free or cannot be read had no names.
            let Ok(old) = before.file(*number) else {
                continue;
            };
            let in_use = old
                .base()
                .is_some_and(|base| base.is_in_use() && base.base().is_none());
            if in_use {
                self.check_old_names_of(&old)?;
            }
        }
        GO_ON
    }

    fn check_old_names_of(&mut self, old: &File) -> Flow {
        let file = old.reference();
        let stays = self.columns.is_current(file);
        for value in old.resident_values(FILE_NAME) {
            let Ok(name) = FileNameView::parse(value) else {
                continue;
            };
            if stays && self.has_name(file.number(), &name) {
                continue;
            }
            // A directory that is gone as well has no entries.
            let Ok(Some(entry)) = self.look_up(name.parent(), &name) else {
                continue;
            };
            if entry.view().is_ok_and(|entry| entry.file() == file) {
                let words = format!("its entry {} is left, its name is gone", text(&name));
                return self.tell(Code::EntryStale, file.number(), words);
            }
        }
        GO_ON
    }

    /// Whether a touched file has this name in this directory, whatever its namespace.
    fn has_name(&self, record: u64, name: &FileNameView<'_>) -> bool {
        let wanted = (parent_key(name.parent()), record, hash(name) & !3);
        let key = |row: &NameRow| (row.parent, row.record, row.hash & !3);
        let first = self.names.partition_point(|row| key(row) < wanted);
        self.names.get(first).is_some_and(|row| key(row) == wanted)
    }

    /// Reparse points whose key was in no touched node of `$R`: it is looked up.
    pub(super) fn check_keys(&mut self, seen: &Bits, files: &[u64]) -> Flow {
        let missing = |number: &&u64| {
            self.columns.is_file(**number)
                && self.columns.has(**number, bit::REPARSE)
                && !seen.get(self.columns.row(**number))
        };
        let missing: Vec<u64> = files.iter().filter(missing).copied().collect();
        if missing.is_empty() {
            return GO_ON;
        }
        let opened = self.volume.extend_file("$Reparse").and_then(|file| {
            file.map_or(Ok(None), |file| {
                Index::open(self.volume, &file, &reparse::INDEX)
            })
        });
        let index = match opened {
            Ok(Some(index)) => index,
            // A volume without `$R` can have reparse points; it cannot be told which.
            Ok(None) => return GO_ON,
            Err(error) => return self.tell_volume(Code::IndexDamaged, error.to_string()),
        };
        for number in missing {
            let key = ReparseKey {
                tag: self.columns.get(|c| &c.tag, number).into(),
                file: self.columns.reference(number).raw().into(),
            };
            let found = index.find(|there| crate::collate::compare_u32s(there, key.as_bytes()));
            match found {
                Ok(Some(_)) => {}
                Ok(None) => {
                    let words = "no entry of $R has its tag and reference";
                    self.tell(Code::ReparseIndexMissing, number, words)?;
                }
                Err(error) => return self.tell_error(Code::IndexDamaged, number, &error),
            }
        }
        GO_ON
    }
}
