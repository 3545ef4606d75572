//! Names against directories, and directories against each other.

use super::columns::{NameRow, bit, get, put};
use super::{Checker, Code, Finding, Flow, GO_ON, Subject};
use crate::device::Device;
use crate::file_name::FileNameView;
use crate::layout::{attribute_type, namespace, well_known};

/// How far a directory's way to the root is known.
mod way {
    pub(crate) const UNKNOWN: u8 = 0;
    pub(crate) const ON_IT: u8 = 1;
    pub(crate) const DONE: u8 = 2;
}

impl<D: Device, V: FnMut(Finding) -> Flow> Checker<'_, D, V> {
    /// Every name that no index entry was found for, and names that do not go together.
    pub(super) fn check_names(&mut self) -> Flow {
        let mut at = 0;
        while let Some(row) = self.names.get(at).copied() {
            let same = |other: &&NameRow| (other.parent, other.record) == (row.parent, row.record);
            let rest = self.names.get(at..).unwrap_or_default();
            let group: Vec<_> = rest.iter().take_while(same).copied().collect();
            for (index, row) in group.iter().enumerate() {
                if !self.indexed.get((at + index) as u64) {
                    self.tell_not_indexed(row)?;
                }
            }
            self.check_group(&group)?;
            at += group.len();
        }
        GO_ON
    }

    fn tell_not_indexed(&mut self, row: &NameRow) -> Flow {
        let parent = row.parent();
        let directory = self.columns.has(parent.number(), bit::DIRECTORY);
        if !self.columns.is_current(parent) || !directory {
            let actual = self.describe(parent);
            let words = format!("a name of it is in {actual}, which is no directory");
            return self.tell(Code::NameParent, row.record, words);
        }
        // Where a part of the index cannot be read, each name in it may be there: that part was told.
        if self.columns.has(parent.number(), bit::INDEX_DAMAGED) {
            return GO_ON;
        }
        let words = format!("a name of it is missing in the index of directory {parent}");
        let subject = self.name_of_row(row);
        self.tell_about(Code::NameNotIndexed, row.record, words, subject)
    }

    /// The name that a row stands for, read again: rows keep a hash only.
    fn name_of_row(&self, row: &NameRow) -> Subject {
        let Ok(file) = self.volume.file(row.record) else {
            return Subject::None;
        };
        let names = file.attributes().filter_map(|attribute| {
            let value = attribute.resident()?;
            let is_name = attribute.type_code == attribute_type::FILE_NAME;
            let name = FileNameView::parse(value).ok().filter(|_| is_name)?;
            (NameRow::new(row.record, &name) == *row).then(|| value.to_vec())
        });
        let mut names: Vec<_> = names.collect();
        match (names.pop(), names.is_empty()) {
            (Some(file_name), true) => Subject::Name {
                directory: row.parent(),
                file: self.columns.reference(row.record),
                file_name,
            },
            _ => Subject::None,
        }
    }

    /// The names of one file in one directory.
    fn check_group(&mut self, group: &[NameRow]) -> Flow {
        let Some(record) = group.first().map(|row| row.record) else {
            return GO_ON;
        };
        let count = |space| group.iter().filter(|row| row.namespace() == space).count();
        if count(namespace::DOS) > count(namespace::WIN32) {
            let words = "it has an 8.3 name (namespace 2) with no long name (1) beside it";
            self.tell(Code::DosNameAlone, record, words)?;
        }
        let names = group.len() - count(namespace::DOS);
        if !self.columns.has(record, bit::DIRECTORY) || names == 0 {
            return GO_ON;
        }
        if names > 1 || self.columns.has(record, bit::NAME_HERE) {
            self.tell(
                Code::DirectoryNames,
                record,
                "a directory must have one name",
            )?;
        }
        self.columns.set(record, bit::NAME_HERE);
        GO_ON
    }

    /// Climbs from each directory until it comes to the root or to one whose way is known.
    pub(super) fn check_loops(&mut self) -> Flow {
        let mut parents = vec![u64::MAX; self.columns.bits.len()];
        for row in &self.names {
            if row.namespace() != namespace::DOS && self.columns.has(row.record, bit::DIRECTORY) {
                put(&mut parents, row.record, |_| row.parent().number());
            }
        }
        let mut ways = vec![way::UNKNOWN; parents.len()];
        put(&mut ways, well_known::ROOT, |_| way::DONE);
        for number in 0..parents.len() as u64 {
            let mut climbed = Vec::new();
            let mut at = number;
            while at < parents.len() as u64 && get(&ways, at) == way::UNKNOWN {
                put(&mut ways, at, |_| way::ON_IT);
                climbed.push(at);
                at = get(&parents, at);
            }
            if at < parents.len() as u64 && get(&ways, at) == way::ON_IT {
                self.tell(Code::DirectoryLoop, at, "going up from it comes back to it")?;
            }
            for done in climbed {
                put(&mut ways, done, |_| way::DONE);
            }
        }
        GO_ON
    }
}
