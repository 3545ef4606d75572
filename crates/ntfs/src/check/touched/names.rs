//! What touched files are no longer called, and what they are called in `$R`.

use super::super::columns::{Bits, NameRow, bit, hash, parent_key};
use super::super::directory::text;
use super::super::{Checker, Code, Finding, Flow, GO_ON, reparse};
use super::FILE_NAME;
use super::entries::Directories;
use crate::device::Device;
use crate::file::File;
use crate::file_name::FileNameView;
use crate::index::Index;
use crate::layout::ReparseKey;
use crate::volume::Volume;
use zerocopy::IntoBytes;

impl<D: Device, V: FnMut(Finding) -> Flow> Checker<'_, D, V> {
    /// Names that touched files had: no entry may lead to the file by them any more.
    pub(super) fn check_old_names<E: Device>(&mut self, before: &Volume<E>, files: &[u64]) -> Flow {
        let there = |number: &&u64| **number < before.record_count();
        let mut directories = Directories::of(self.volume);
        for number in files.iter().filter(there) {
            // What was free or cannot be read had no names.
            let Ok(old) = before.file(*number) else {
                continue;
            };
            let in_use = old
                .base()
                .is_some_and(|base| base.is_in_use() && base.base().is_none());
            if in_use {
                self.check_old_names_of(&mut directories, &old)?;
            }
        }
        GO_ON
    }

    fn check_old_names_of(&mut self, directories: &mut Directories<'_, D>, old: &File) -> Flow {
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
            let Ok(Some(entry)) = directories.find(&name) else {
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
