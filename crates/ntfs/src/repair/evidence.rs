//! Which findings bear on each other: where two places disagree, what the others say.

use std::collections::{HashMap, HashSet};

use super::plan::{Action, units};
use super::rebuild::OF_AN_INDEX;
use crate::check::{Code, Finding, Subject};
use crate::device::Device;
use crate::error::Result;
use crate::file_name::FileNameView;
use crate::file_ref::FileRef;
use crate::layout::attribute_type;
use crate::tree::I30;
use crate::volume::Volume;

/// Records about which one of these is told are left alone, whatever else is told about them.
const UNSOUND: &[Code] = &[
    Code::NameBad,
    Code::NameParent,
    Code::NameTooMany,
    Code::DosNameAlone,
    Code::DirectoryLoop,
    Code::DirectoryNames,
    Code::IndexMissing,
    Code::IndexDamaged,
    Code::IndexOrder,
    Code::IndexShape,
    Code::IndexBitmap,
    Code::EntryDuplicate,
    Code::ReparseData,
    Code::ViewBad,
];

/// The same; and clusters that seem to be of nobody may be of one of these.
const UNSOUND_VALUES: &[Code] = &[
    Code::RecordUnreadable,
    Code::RecordHeader,
    Code::AttributeBad,
    Code::AttributeOrder,
    Code::AttributeInstance,
    Code::AttributeList,
    Code::AttributeMissing,
    Code::ExtensionOrphan,
    Code::RunsBad,
    Code::SizeBad,
    Code::ClusterTwice,
];

/// What all findings together say of each record.
#[derive(Default)]
pub(super) struct Evidence {
    /// The device failed: nothing is certain.
    pub(super) unreadable: bool,
    unsound: HashSet<u64>,
    unsound_values: bool,
    /// Entries that lead to a file that has no such name, by file.
    nameless: HashMap<u64, u16>,
    /// `(code, record)` of every finding; entries that lead nowhere under the record to which they lead.
    told: HashSet<(Code, u64)>,
    /// Link counts that are wrong: stated and counted.
    links: HashMap<u64, (u16, u16)>,
    /// Files that have the reparse flag and no reparse data.
    flag_alone: HashSet<u64>,
    reparse_index: Option<u64>,
}

impl Evidence {
    pub(super) fn gather<D: Device>(volume: &Volume<D>, found: &[Finding]) -> Result<Self> {
        let index = volume.extend_file("$Reparse").ok().flatten();
        let mut evidence = Self {
            reparse_index: index.map(|file| file.number()),
            ..Self::default()
        };
        for finding in found {
            evidence.take(volume, finding);
        }
        // A record that its bitmap and an entry call used is likelier to have lost its flag than to be free.
        let marked = |(code, record): &(Code, u64)| {
            *code == Code::RecordBitmapSet && evidence.told(Code::EntryStale, *record)
        };
        let doubtful: Vec<u64> = evidence
            .told
            .iter()
            .filter(|t| marked(t))
            .map(|t| t.1)
            .collect();
        evidence.unsound_values |= !doubtful.is_empty();
        evidence.unsound.extend(doubtful);
        Ok(evidence)
    }

    fn take<D: Device>(&mut self, volume: &Volume<D>, finding: &Finding) {
        let code = finding.code;
        self.unreadable |= code == Code::IoFailed;
        self.unsound_values |= UNSOUND_VALUES.contains(&code);
        if let Some(record) = finding.record {
            self.told.insert((code, record));
            if UNSOUND.contains(&code) || UNSOUND_VALUES.contains(&code) {
                self.unsound.insert(record);
                let base = volume.record(record).ok().and_then(|record| record.base());
                self.unsound.extend(base.map(FileRef::number));
            }
        }
        match (&finding.subject, finding.record) {
            (Subject::Links { stated, counted }, Some(record)) => {
                self.links.insert(record, (*stated, *counted));
            }
            (Subject::HasReparse(false), Some(record)) => {
                self.flag_alone.insert(record);
            }
            (Subject::Name { file, .. }, _) if code == Code::EntryName => {
                *self.nameless.entry(file.number()).or_default() += 1;
            }
            (Subject::Name { file, .. }, _) if code == Code::EntryStale => {
                self.told.insert((code, file.number()));
            }
            _ => {}
        }
    }

    /// A record or a name somewhere cannot be read: an index may be all that knows of it.
    pub(super) fn names_are_lost(&self) -> bool {
        self.unsound_values || self.told.iter().any(|(code, _)| *code == Code::NameBad)
    }

    /// Whether nothing is wrong with a file that keeps its index from being built again.
    pub(super) fn only_its_index_is_wrong(&self, record: u64) -> bool {
        let other = |told: &&(Code, u64)| {
            told.1 == record && UNSOUND.contains(&told.0) && !OF_AN_INDEX.contains(&told.0)
        };
        !self.told.iter().any(|told| other(&told))
    }

    pub(super) fn is_reparse_index(&self, record: u64) -> bool {
        self.reparse_index == Some(record)
    }

    /// Whether a file counts more names than it has.
    pub(super) fn lost_a_name(&self, file: FileRef) -> bool {
        self.links.contains_key(&file.number())
    }

    fn told(&self, code: Code, record: u64) -> bool {
        self.told.contains(&(code, record))
    }

    fn sound(&self, record: u64) -> bool {
        !self.unsound.contains(&record)
    }

    /// What mends a finding; nothing where that is a guess.
    pub(super) fn action<D: Device>(
        &self,
        volume: &Volume<D>,
        finding: &Finding,
    ) -> Option<Action> {
        let code = finding.code;
        match (&finding.subject, finding.record) {
            (Subject::Clusters { start, length }, _) => self.clusters(code, *start, *length),
            (Subject::Links { counted, .. }, Some(record)) => self.links(record, *counted),
            (Subject::HasReparse(has), Some(record)) => self.reparse_flag(record, *has),
            (Subject::ReparseKey { tag, file }, _) => self.reparse_key(code, *tag, *file),
            (
                Subject::Name {
                    directory,
                    file,
                    file_name,
                },
                _,
            ) => self.name(volume, code, *directory, *file, file_name),
            (_, Some(number)) if self.sound(number) => match code {
                Code::RecordBitmapClear => Some(Action::MarkRecord { number, used: true }),
                Code::RecordBitmapSet => Some(Action::MarkRecord {
                    number,
                    used: false,
                }),
                _ => None,
            },
            _ => None,
        }
    }

    fn clusters(&self, code: Code, start: u64, length: u64) -> Option<Action> {
        let used = code == Code::ClusterBitmapClear;
        (used || !self.unsound_values).then_some(Action::MarkClusters {
            used,
            start,
            length,
        })
    }

    /// Names and entries agree, and the count does not.
    fn links(&self, record: u64, names: u16) -> Option<Action> {
        let agree = !self.nameless.contains_key(&record)
            && !self.told(Code::NameNotIndexed, record)
            && !self.told(Code::NameMissing, record);
        (agree && self.sound(record)).then_some(Action::Links { record, names })
    }

    /// Data are right against flags. Data that are gone are not: `$R` or an entry knows of them.
    fn reparse_flag(&self, record: u64, has: bool) -> Option<Action> {
        let gone = !has
            && (self.told(Code::EntryReparseFlag, record)
                || self.told(Code::ReparseIndexStale, record));
        (!gone && self.sound(record)).then_some(Action::ReparseFlag { record, set: has })
    }

    fn reparse_key(&self, code: Code, tag: u32, file: FileRef) -> Option<Action> {
        let record = file.number();
        if !self.sound(record) || self.reparse_index.is_none_or(|index| !self.sound(index)) {
            return None;
        }
        let reparse_gone =
            self.told(Code::ReparseFlag, record) || self.told(Code::EntryReparseFlag, record);
        match code {
            Code::ReparseIndexMissing => Some(Action::AddKey { tag, file }),
            Code::ReparseIndexStale if !reparse_gone => Some(Action::DropKey { tag, file }),
            // Where the entry of the file does not believe its data either, it may be the data.
            Code::ReparseIndexTag if !self.told(Code::EntryReparseTag, record) => {
                Some(Action::ChangeKey { tag, file })
            }
            _ => None,
        }
    }

    fn name<D: Device>(
        &self,
        volume: &Volume<D>,
        code: Code,
        directory: FileRef,
        file: FileRef,
        file_name: &[u8],
    ) -> Option<Action> {
        if !self.sound(directory.number()) || !self.sound(file.number()) {
            return None;
        }
        let name = units(file_name);
        match code {
            Code::EntryStale => Some(Action::RemoveEntry {
                directory,
                file,
                name,
            }),
            Code::EntryName => self.entry_without_name(directory, file, file_name),
            Code::NameNotIndexed => self.name_without_entry(file).then_some(Action::AddEntry {
                directory,
                file,
                name,
            }),
            _ => {
                self.record_is_right(volume, code, file.number())
                    .then_some(Action::RefreshEntry {
                        directory,
                        file,
                        name,
                    })
            }
        }
    }

    /// The count tells whether the entry is one too many or the name was lost. A file that has a name without an entry
    /// as well may have been renamed by half: either name could be meant.
    fn entry_without_name(
        &self,
        directory: FileRef,
        file: FileRef,
        file_name: &[u8],
    ) -> Option<Action> {
        let record = file.number();
        if self.told(Code::NameNotIndexed, record) {
            return None;
        }
        let entries = self.nameless.get(&record).copied().unwrap_or_default();
        match self.links.get(&record) {
            Some((stated, counted)) => {
                let parent = FileNameView::parse(file_name).ok()?.parent();
                let lost = *stated == counted.saturating_add(entries) && parent == directory;
                lost.then(|| Action::RestoreName {
                    file,
                    file_name: file_name.to_vec(),
                })
            }
            None if self.told(Code::NameMissing, record) => None,
            None => Some(Action::RemoveEntry {
                directory,
                file,
                name: units(file_name),
            }),
        }
    }

    /// The record is in use for certain, counts the name, and no entry has another name for it.
    fn name_without_entry(&self, file: FileRef) -> bool {
        let record = file.number();
        !self.links.contains_key(&record)
            && !self.nameless.contains_key(&record)
            && !self.told(Code::RecordBitmapClear, record)
    }

    /// Whether what an entry repeats can be taken from the record: not where `$R` and the entry agree on reparse data that
    /// the file does not have.
    fn record_is_right<D: Device>(&self, volume: &Volume<D>, code: Code, record: u64) -> bool {
        let told = |code| self.told(code, record);
        let called = told(Code::EntryReparseFlag) || told(Code::ReparseFlag);
        let gone = called && told(Code::ReparseIndexStale)
            || told(Code::EntryReparseFlag) && self.flag_alone.contains(&record);
        let other_tag = told(Code::EntryReparseTag) && told(Code::ReparseIndexTag);
        if gone || other_tag {
            return false;
        }
        code != Code::EntryDirectory
            || volume.file(record).is_ok_and(|file| {
                let index = file.find(attribute_type::INDEX_ROOT, &I30);
                index.is_some() == file.is_directory()
            })
    }
}
