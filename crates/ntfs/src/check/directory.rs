//! Directories: every entry against the file it leads to.

use super::columns::{bit, hash, parent_key};
use super::{Checker, Code, Finding, Flow, GO_ON, Subject};
use crate::device::Device;
use crate::file_name::FileNameView;
use crate::file_ref::FileRef;
use crate::index::IndexEntry;
use crate::layout::{file_attributes, well_known};
use crate::tree::I30;

/// File attributes that an entry repeats, but for those that are checked by themselves.
const REPEATED: u32 = 0x7FFF & !file_attributes::REPARSE_POINT;
/// The bit of a tag that says that the entry stands for another: it has no entries of its own.
const NAME_SURROGATE: u32 = 0x2000_0000;

/// Where the names of one directory stand in the sorted rows.
#[derive(Clone, Copy)]
pub(super) struct Rows {
    pub(super) start: usize,
    pub(super) end: usize,
}

impl<D: Device, V: FnMut(Finding) -> Flow> Checker<'_, D, V> {
    pub(super) fn check_directories(&mut self) -> Flow {
        for number in 0..self.columns.len() {
            if self.columns.is_file(number) && self.columns.has(number, bit::DIRECTORY) {
                self.check_directory(number)?;
            }
        }
        GO_ON
    }

    fn check_directory(&mut self, number: u64) -> Flow {
        let file = match self.volume.file(number) {
            Ok(file) => file,
            Err(error) => return self.tell_error(Code::IndexDamaged, number, &error),
        };
        let reference = self.columns.reference(number);
        let key = parent_key(reference);
        let rows = Rows {
            start: self.names.partition_point(|row| row.parent < key),
            end: self.names.partition_point(|row| row.parent <= key),
        };
        let mut entries = 0u64;
        let whole = self.walk_index(&file, &I30, |checker, entry| {
            entries += 1;
            checker.check_entry(reference, rows, entry)
        })?;
        if !whole {
            self.columns.set(number, bit::INDEX_DAMAGED);
        }
        let surrogate = self.columns.get(|c| &c.tag, number) & NAME_SURROGATE != 0;
        if entries > 0 && surrogate && self.columns.has(number, bit::REPARSE) {
            let words = format!("{entries} entries lie hidden behind it");
            self.tell(Code::ReparseNotEmpty, number, words)?;
        }
        GO_ON
    }

    pub(super) fn check_entry(
        &mut self,
        directory: FileRef,
        rows: Rows,
        entry: &IndexEntry<'_>,
    ) -> Flow {
        let name = match FileNameView::parse(entry.key) {
            Ok(name) => name,
            Err(error) => return self.entry_error(Code::NameBad, directory.number(), error),
        };
        let file = entry.file();
        let subject = || Subject::Name {
            directory,
            file,
            file_name: entry.key.to_vec(),
        };
        if name.parent() != directory {
            let actual = self.describe(name.parent());
            let words = format!("the entry {} says that it is in {actual}", text(&name));
            self.tell_about(Code::EntryParent, directory.number(), words, subject())?;
        }
        if !self.columns.is_current(file) {
            let actual = self.describe(file);
            let words = format!("the entry {} leads to {actual}", text(&name));
            // What cannot be read may be the file.
            let subject = match self.columns.has(file.number(), bit::UNREADABLE) {
                true => Subject::None,
                false => subject(),
            };
            return self.tell_about(Code::EntryStale, directory.number(), words, subject);
        }
        match self.find_name(rows, file.number(), &name) {
            None => {
                let words = format!("record {file} has no name {} here", text(&name));
                return self.tell_about(Code::EntryName, directory.number(), words, subject());
            }
            Some(namespace) if namespace != name.header.namespace => {
                let entry = name.header.namespace;
                let words = format!(
                    "the entry {} is of namespace {entry}, the name of {namespace}",
                    text(&name)
                );
                self.tell_about(Code::EntryNamespace, file.number(), words, subject())?;
            }
            Some(_) => {}
        }
        self.check_copies(file.number(), &name, &subject)
    }

    /// The namespace of the file's name that an entry repeats. It counts as indexed from now on.
    pub(super) fn find_name(
        &mut self,
        rows: Rows,
        record: u64,
        name: &FileNameView<'_>,
    ) -> Option<u8> {
        let wanted = (record, hash(name) & !3);
        let slice = self.names.get(rows.start..rows.end)?;
        let first = slice.partition_point(|row| (row.record, row.hash & !3) < wanted);
        let same = slice
            .get(first..)?
            .iter()
            .take_while(|r| (r.record, r.hash & !3) == wanted);
        let namespaces: Vec<u8> = same.map(super::columns::NameRow::namespace).collect();
        // The same name may stand there twice; each entry takes one that was not taken.
        let exact = namespaces
            .iter()
            .position(|space| *space == name.header.namespace);
        let taken = exact.or(if namespaces.is_empty() { None } else { Some(0) })?;
        self.indexed.set((rows.start + first + taken) as u64);
        namespaces.get(taken).copied()
    }

    /// What an entry repeats of the file.
    pub(super) fn check_copies(
        &mut self,
        record: u64,
        name: &FileNameView<'_>,
        subject: &dyn Fn() -> Subject,
    ) -> Flow {
        let header = name.header;
        let (flags, tag) = (header.file_attributes.get(), header.reparse_tag.get());
        let directory = self.columns.has(record, bit::DIRECTORY);
        if (flags & file_attributes::DIRECTORY != 0) != directory {
            let words = format!("the entry {} has flags 0x{flags:x}", text(name));
            self.tell_about(Code::EntryDirectory, record, words, subject())?;
        }
        let reparse = self.columns.has(record, bit::REPARSE);
        if (flags & file_attributes::REPARSE_POINT != 0) != reparse {
            let words = format!("the entry {} has flags 0x{flags:x}", text(name));
            self.tell_about(Code::EntryReparseFlag, record, words, subject())?;
        }
        let own = self.columns.get(|c| &c.tag, record);
        if reparse && tag != own {
            let words = format!(
                "the entry {} has 0x{tag:08x}, the file 0x{own:08x}",
                text(name)
            );
            self.tell_about(Code::EntryReparseTag, record, words, subject())?;
        }
        // The system's own files are not opened by name: nobody refreshes what their entries repeat.
        if record < well_known::FIRST_USER {
            return GO_ON;
        }
        let stated = self.columns.get(|c| &c.attributes, record);
        if (flags ^ stated) & REPEATED != 0 {
            let words = format!(
                "the entry {} has 0x{flags:x}, the file 0x{stated:x}",
                text(name)
            );
            self.tell_about(Code::EntryFlags, record, words, subject())?;
        }
        self.check_sizes(record, name, directory, subject)
    }

    fn check_sizes(
        &mut self,
        record: u64,
        name: &FileNameView<'_>,
        directory: bool,
        subject: &dyn Fn() -> Subject,
    ) -> Flow {
        let entry = (
            name.header.data_size.get(),
            name.header.allocated_size.get(),
        );
        let file = (
            self.columns.get(|c| &c.size, record),
            self.columns.get(|c| &c.allocated, record),
        );
        if directory || entry == file {
            return GO_ON;
        }
        let words = format!(
            "the entry {} has {} of {} bytes, the file {} of {}",
            text(name),
            entry.0,
            entry.1,
            file.0,
            file.1
        );
        self.tell_about(Code::EntrySize, record, words, subject())
    }
}

pub(super) fn text(name: &FileNameView<'_>) -> String {
    String::from_utf16_lossy(&name.to_vec())
}
