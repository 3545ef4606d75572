//! Indexes built again: a directory's from the names of the records that say they are in it, `$R` from the files that
//! have reparse data.
//!
//! Only where every record of the volume can be read: an index that is damaged in one place may still know of a file
//! whose record is lost, and that is not thrown away.

use std::collections::{BTreeMap, BTreeSet};

use super::evidence::Evidence;
use super::plan::{Action, Fix};
use crate::attribute::Body;
use crate::check::{Code, Finding, Subject};
use crate::device::Device;
use crate::edit::build;
use crate::edit::index::Kind;
use crate::edit::{EditResult, Editor};
use crate::error::Result;
use crate::file::File;
use crate::file_ref::FileRef;
use crate::layout::attribute_type as ty;
use crate::volume::Volume;

/// What is wrong with an index as a whole.
pub(super) const OF_AN_INDEX: &[Code] = &[
    Code::IndexMissing,
    Code::IndexDamaged,
    Code::IndexOrder,
    Code::IndexShape,
    Code::IndexBitmap,
    Code::EntryDuplicate,
];

/// A name that stands in a directory: whose it is.
pub(super) type Named = (FileRef, Vec<u16>);

/// The indexes that are built again, one fix for each.
pub(super) fn plan<D: Device>(
    volume: &Volume<D>,
    found: &[Finding],
    evidence: &Evidence,
) -> Result<Vec<Fix>> {
    let mut wanted: BTreeMap<u64, &Finding> = BTreeMap::new();
    for finding in found.iter().filter(|f| OF_AN_INDEX.contains(&f.code)) {
        if let Some(record) = finding.record {
            wanted.entry(record).or_insert(finding);
        }
    }
    if wanted.is_empty() || evidence.names_are_lost() {
        return Ok(Vec::new());
    }
    let mut contents = Contents::default();
    contents.gather(volume, &wanted)?;
    let mut fixes = Vec::new();
    for (record, finding) in wanted {
        if !evidence.only_its_index_is_wrong(record) {
            continue;
        }
        let action = match evidence.is_reparse_index(record) {
            true => Some(Action::RebuildReparse {
                index: record,
                keys: contents.keys.clone(),
            }),
            false => contents.names_of(volume, record, found, evidence),
        };
        fixes.extend(action.map(|action| Fix::new(finding, action)));
    }
    Ok(fixes)
}

/// What all records say.
#[derive(Default)]
struct Contents {
    names: BTreeMap<FileRef, Vec<Named>>,
    keys: Vec<(u32, FileRef)>,
}

impl Contents {
    /// Names in the directories that are wanted, and all reparse points.
    fn gather<D: Device>(
        &mut self,
        volume: &Volume<D>,
        wanted: &BTreeMap<u64, &Finding>,
    ) -> Result<()> {
        for number in 0..volume.record_count() {
            let Ok(file) = volume.file(number) else {
                continue;
            };
            let base = file.base();
            if !base.is_some_and(|base| base.is_in_use() && base.base().is_none()) {
                continue;
            }
            for name in file.file_names() {
                let name = name?;
                if wanted.contains_key(&name.parent().number()) {
                    let here = self.names.entry(name.parent()).or_default();
                    here.push((file.reference(), name.to_vec()));
                }
            }
            if let Some(tag) = tag(volume, &file)? {
                self.keys.push((tag, file.reference()));
            }
        }
        Ok(())
    }

    /// The directory with these names; nothing where two files say that they have one name, or an entry knows of a name
    /// that its file has lost.
    fn names_of<D: Device>(
        &mut self,
        volume: &Volume<D>,
        record: u64,
        found: &[Finding],
        evidence: &Evidence,
    ) -> Option<Action> {
        let file = volume.file(record).ok()?;
        let directory = file.reference();
        let lost = |finding: &Finding| match &finding.subject {
            Subject::Name {
                directory: of,
                file,
                ..
            } => finding.code == Code::EntryName && *of == directory && evidence.lost_a_name(*file),
            _ => false,
        };
        if !file.is_directory() || found.iter().any(lost) {
            return None;
        }
        let names = self.names.remove(&directory).unwrap_or_default();
        let distinct: BTreeSet<&[u16]> = names.iter().map(|name| &name.1[..]).collect();
        (distinct.len() == names.len()).then_some(Action::Rebuild { directory, names })
    }
}

fn tag<D: Device>(volume: &Volume<D>, file: &File) -> Result<Option<u32>> {
    let Some(found) = file.find(ty::REPARSE_POINT, &[]) else {
        return Ok(None);
    };
    let bytes = match found.body {
        Body::Resident(bytes) => bytes.to_vec(),
        Body::NonResident(_) => volume.reparse_data(file)?.unwrap_or_default(),
    };
    Ok(bytes.first_chunk().map(|tag| u32::from_le_bytes(*tag)))
}

impl<D: Device> Editor<D> {
    /// Builds the index of a directory again.
    pub(super) fn rebuild_names(&mut self, directory: FileRef, names: &[Named]) -> EditResult<()> {
        self.empty_index(directory.number(), Kind::Names)?;
        for (file, name) in names {
            let key = self.key_of(directory, *file, name)?;
            self.add_entry(directory, *file, &key)?;
        }
        Ok(())
    }

    /// Builds `$R` again.
    pub(super) fn rebuild_reparse(
        &mut self,
        index: u64,
        keys: &[(u32, FileRef)],
    ) -> EditResult<()> {
        self.empty_index(index, Kind::Reparse)?;
        keys.iter()
            .try_for_each(|(tag, file)| self.add_reparse_key(*tag, *file))
    }

    /// Takes an index away, whatever is in it, and leaves an empty one.
    fn empty_index(&mut self, owner: u64, kind: Kind) -> EditResult<()> {
        self.forget_index(owner, kind);
        for type_code in [ty::INDEX_ROOT, ty::INDEX_ALLOCATION, ty::BITMAP] {
            self.drop_attribute(owner, kind.id(type_code))?;
        }
        let root = self.empty_index_root(kind);
        let attribute = build::resident(kind.id(ty::INDEX_ROOT), 0, &root);
        self.insert_attribute(owner, &attribute)?;
        Ok(())
    }
}
