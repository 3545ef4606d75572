//! What can be read of a volume, damaged or not, and what must still be so after an edit.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ops::ControlFlow;

use linksmith_ntfs::check::{self, Code, Finding, Subject};
use linksmith_ntfs::device::Memory;
use linksmith_ntfs::file::File;
use linksmith_ntfs::layout::{attribute_type as ty, well_known};
use linksmith_ntfs::{FileRef, Result, Volume};

use super::steps::{Done, Touch};
use super::units;

/// The most bytes of a value that are compared: what is larger on volumes this small is damaged or sparse.
const MOST: u64 = 1 << 20;

/// A name as the record has it: the directory, the name, the namespace.
type Name = (u64, Vec<u16>, u8);

/// What can be read of a file.
#[derive(Debug)]
struct Facts {
    reference: FileRef,
    names: BTreeSet<Name>,
    /// Times, flags, security id.
    standard: Option<Vec<u8>>,
    /// Every other value that can be read, by type and name; indexes are [`entries`](Self::entries).
    values: BTreeMap<(u32, Vec<u16>), Vec<u8>>,
    /// Of a directory: names and where they lead.
    entries: BTreeSet<(Vec<u16>, u64)>,
}

/// The state of a volume.
#[derive(Debug)]
pub struct Health {
    files: BTreeMap<u64, Facts>,
    descriptors: BTreeMap<u32, Vec<u8>>,
    findings: Vec<Finding>,
    owners: Owners,
}

impl Health {
    pub(super) fn of(volume: &Volume<&Memory>) -> Result<Self> {
        let findings = check::findings(volume)?;
        let mut files = BTreeMap::new();
        for number in 0..volume.record_count() {
            if let Some(facts) = volume.file(number).ok().and_then(|f| facts(volume, &f)) {
                files.insert(number, facts);
            }
        }
        let descriptors = (0x100..0x110).filter_map(|id| {
            let found = volume.security_descriptor(id).ok().flatten();
            Some((id, found?))
        });
        Ok(Self {
            files,
            descriptors: descriptors.collect(),
            findings,
            owners: Owners::of(volume),
        })
    }

    pub(super) fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// The unnamed stream of a file.
    pub(super) fn contents(&self, file: FileRef) -> Option<&[u8]> {
        let facts = self.files.get(&file.number())?;
        let value = facts.values.get(&(ty::DATA, Vec::new()));
        (facts.reference == file).then(|| value.map(Vec::as_slice))?
    }

    /// Holds the state after an edit against the one before it.
    pub(super) fn compare(
        &self,
        after: &Self,
        volume: &Volume<&Memory>,
        done: &Done,
    ) -> std::result::Result<(), String> {
        for (number, facts) in &self.files {
            if self.is_of_the_volume(*number) {
                self.compare_table(after, *number)?;
            } else {
                self.compare_file(after, facts, done)?;
            }
        }
        for (id, descriptor) in &self.descriptors {
            if after.descriptors.get(id) != Some(descriptor) {
                return Err(format!("security descriptor {id:#x} is not what it was"));
            }
        }
        after.expect(volume, done)?;
        self.compare_findings(after)
    }

    /// Holds the state after a repair against the one before it: what files hold is not a repair's business, and no name
    /// that a record has is taken from it.
    pub(super) fn compare_mended(&self, after: &Self) -> std::result::Result<(), String> {
        for (number, facts) in &self.files {
            if self.is_of_the_volume(*number) || self.owners.is_doubtful(*number) {
                continue;
            }
            let now = after.files.get(number);
            let same = now.is_some_and(|now| {
                now.reference == facts.reference
                    && facts.names.is_subset(&now.names)
                    && facts
                        .values
                        .iter()
                        .all(|(which, value)| now.values.get(which) == Some(value))
            });
            if !same {
                return Err(format!(
                    "record {number} was harmed; before: {:#?}",
                    self.told()
                ));
            }
        }
        Ok(())
    }

    /// Some of what was found, in words.
    fn told(&self) -> Vec<String> {
        self.findings
            .iter()
            .take(12)
            .map(ToString::to_string)
            .collect()
    }

    /// The volume's own files, and those in `$Extend`: edits change them, and a check judges them.
    fn is_of_the_volume(&self, number: u64) -> bool {
        let in_extend = |facts: &Facts| {
            let extend = |name: &Name| FileRef::from_raw(name.0).number() == well_known::EXTEND;
            facts.names.iter().any(extend)
        };
        number != well_known::ROOT
            && (number < well_known::FIRST_USER || self.files.get(&number).is_some_and(in_extend))
    }

    /// Those tables that no edit changes.
    fn compare_table(&self, after: &Self, number: u64) -> std::result::Result<(), String> {
        use well_known as w;
        if ![w::LOG_FILE, w::ATTR_DEF, w::BOOT, w::UPCASE].contains(&number) {
            return Ok(());
        }
        let value = |health: &Self| {
            let data = (ty::DATA, Vec::new());
            health.files.get(&number)?.values.get(&data).cloned()
        };
        match value(self).filter(|_| !self.owners.is_doubtful(number)) {
            Some(old) if value(after).as_ref() != Some(&old) => {
                Err(format!("the data of system record {number} changed"))
            }
            _ => Ok(()),
        }
    }

    fn compare_file(
        &self,
        after: &Self,
        facts: &Facts,
        done: &Done,
    ) -> std::result::Result<(), String> {
        let number = facts.reference.number();
        let touch = done.touch(facts.reference);
        let wrong = |what: &str| {
            let names = facts
                .names
                .iter()
                .map(|name| String::from_utf16_lossy(&name.1));
            let names: Vec<String> = names.take(3).collect();
            Err(format!(
                "record {number} {names:?}: {what}; before: {:#?}",
                self.told()
            ))
        };
        let same = |now: &&Facts| now.reference == facts.reference;
        let Some(now) = after.files.get(&number).filter(same) else {
            // The last name takes the file along; links counted that came in the same change.
            let last = touch.removed > 0 && touch.removed >= facts.names.len() + touch.added;
            return if last { Ok(()) } else { wrong("it is gone") };
        };
        // Its attribute list may lie there, and then all of it.
        if self.owners.is_doubtful(number) {
            return Ok(());
        }
        if facts.names != now.names && !touch.is_named() {
            return wrong(&format!("its names are {:?}", now.names));
        }
        let listed = done.changed(number);
        if facts.standard != now.standard && !touch.any() && !listed {
            return wrong("its times or flags changed");
        }
        for (which, value) in &facts.values {
            if now.values.get(which) != Some(value) && !touch.may_change(which.0, &which.1) {
                return wrong(&format!("its value {which:x?} is not what it was"));
            }
        }
        let away: Vec<_> = facts.entries.symmetric_difference(&now.entries).collect();
        match away.iter().find(|entry| !done.named(number, &entry.0)) {
            Some(entry) => wrong(&format!("its entry {entry:?} came or went")),
            None => Ok(()),
        }
    }

    fn lists(&self, directory: u64, name: &[u16], file: FileRef) -> bool {
        let entry = (name.to_vec(), file.raw());
        let facts = self.files.get(&directory);
        facts.is_some_and(|facts| facts.entries.contains(&entry))
    }

    /// What was done is there.
    fn expect(&self, volume: &Volume<&Memory>, done: &Done) -> std::result::Result<(), String> {
        for ((directory, name), file) in done.lookups() {
            // What is there under a name that folds to the same is another entry.
            let found = volume.lookup(*directory, name).ok().flatten();
            let found = found
                .filter(|found| found.name == *name)
                .map(|found| found.file);
            // A search goes astray where entries are out of order, and a listing does not.
            if found != file && !file.is_some_and(|file| self.lists(*directory, name, file)) {
                let name = String::from_utf16_lossy(name);
                return Err(format!(
                    "{name:?} of record {directory} should lead to {file:?}; found: {:#?}",
                    self.told()
                ));
            }
        }
        for (file, contents) in done.contents() {
            let there = self.contents(*file);
            // A file without its last name is gone.
            if self
                .files
                .get(&file.number())
                .is_some_and(|f| f.reference == *file)
                && there != Some(contents)
            {
                return Err(format!("record {file} does not hold what was written"));
            }
        }
        Ok(())
    }

    fn compare_findings(&self, after: &Self) -> std::result::Result<(), String> {
        let mut ill: HashSet<u64> = self.findings.iter().flat_map(about).collect();
        ill.extend(self.owners.doubtful.values().flatten());
        let extensions = self.owners.extensions.iter();
        let of_ill: Vec<u64> = extensions
            .filter(|(_, base)| ill.contains(base))
            .map(|(number, _)| *number)
            .collect();
        ill.extend(of_ill);
        let old: HashSet<Code> = self.findings.iter().map(|f| f.code).collect();
        let old_clusters = clusters(&self.findings);
        for finding in &after.findings {
            let known = match finding.subject {
                // Of a row that is shared, the check looks at nothing after the first shared cluster.
                Subject::Clusters { .. } => {
                    clusters(std::slice::from_ref(finding)).iter().all(|found| {
                        old_clusters.contains(found)
                            || self.owners.doubtful.contains_key(&found.1)
                            || found.0 == Code::ClusterBitmapSet
                                && after.owners.held.contains(&found.1)
                    })
                }
                // Two may share what was marked free before, and what was shared.
                _ if finding.code == Code::ClusterTwice => {
                    let twice = |record| after.owners.is_as_doubtful(record, &self.owners);
                    finding.record.is_some_and(twice)
                }
                _ if finding.record.is_none() => old.contains(&finding.code),
                // Where the index is not found, no key is.
                Subject::ReparseKey { .. } if ill.contains(&well_known::EXTEND) => true,
                _ => about(finding).iter().any(|record| ill.contains(record)),
            };
            if !known {
                return Err(format!(
                    "newly wrong: {finding}\nbefore: {:#?}",
                    self.told()
                ));
            }
        }
        Ok(())
    }
}

/// The records that a finding is about.
fn about(finding: &Finding) -> Vec<u64> {
    let mut records = Vec::from_iter(finding.record);
    match &finding.subject {
        Subject::Name {
            directory, file, ..
        } => records.extend([directory.number(), file.number()]),
        Subject::ReparseKey { file, .. } => records.push(file.number()),
        _ => {}
    }
    records
}

fn clusters(findings: &[Finding]) -> BTreeSet<(Code, u64)> {
    let rows = findings.iter().filter_map(|finding| match finding.subject {
        Subject::Clusters { start, length } => {
            Some((start..start + length).map(|c| (finding.code, c)))
        }
        _ => None,
    });
    rows.flatten().collect()
}

fn facts(volume: &Volume<&Memory>, file: &File) -> Option<Facts> {
    let base = file.base()?;
    if !base.is_in_use() || base.base().is_some() {
        return None;
    }
    let names = file.file_names().flatten();
    let names = names.map(|name| (name.parent().raw(), name.to_vec(), name.header.namespace));
    let standard = file.find(ty::STANDARD_INFORMATION, &[]);
    let mut entries = BTreeSet::new();
    if file.is_directory() {
        let _as_far_as_it_goes = volume.read_dir(file, |entry| {
            if let Ok(entry) = entry {
                entries.insert((entry.key.to_vec(), entry.file.raw()));
            }
            ControlFlow::Continue(())
        });
    }
    Some(Facts {
        reference: file.reference(),
        names: names.collect(),
        standard: standard.and_then(|found| found.resident().map(<[u8]>::to_vec)),
        values: values(volume, file),
        entries,
    })
}

fn values(volume: &Volume<&Memory>, file: &File) -> BTreeMap<(u32, Vec<u16>), Vec<u8>> {
    let mut values = BTreeMap::new();
    for attribute in file.attributes() {
        match attribute.type_code {
            ty::STANDARD_INFORMATION | ty::ATTRIBUTE_LIST | ty::FILE_NAME => continue,
            ty::INDEX_ROOT | ty::INDEX_ALLOCATION | ty::BITMAP => continue,
            _ => {}
        }
        let name: Vec<u16> = attribute.name.iter().map(|unit| unit.get()).collect();
        let value = volume
            .value(file, attribute.type_code, &name)
            .ok()
            .flatten();
        if let Some(bytes) = value.and_then(|value| volume.read_whole(&value, MOST).ok()) {
            values.insert((attribute.type_code, name), bytes);
        }
    }
    values
}

/// Who holds clusters that are not his alone: shared ones, and those that are marked free.
#[derive(Debug, Default)]
pub struct Owners {
    doubtful: BTreeMap<u64, Vec<u64>>,
    held: BTreeSet<u64>,
    /// Extension records, and whose they are.
    extensions: Vec<(u64, u64)>,
}

impl Owners {
    /// By every record in use.
    pub fn of(volume: &Volume<&Memory>) -> Self {
        let mut owners: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
        let mut extensions = Vec::new();
        for number in 0..volume.record_count() {
            let Ok(record) = volume.record(number) else {
                continue;
            };
            if !record.is_in_use() {
                continue;
            }
            let owner = record.base().map_or(number, FileRef::number);
            if owner != number {
                extensions.push((number, owner));
            }
            let mappings = record.attributes().flatten();
            for mapping in mappings.filter_map(|a| a.non_resident()) {
                for run in mapping.runs(volume.geometry().clusters).flatten() {
                    for cluster in run.lcn.into_iter().flat_map(|lcn| lcn..lcn + run.length) {
                        owners.entry(cluster).or_default().push(owner);
                    }
                }
            }
        }
        let bitmap = volume.file(well_known::BITMAP).ok();
        let bitmap = bitmap.and_then(|file| volume.contents(&file, &units(""), MOST).ok()?);
        let bitmap = bitmap.unwrap_or_default();
        let marked = |cluster: u64| {
            let byte = bitmap.get((cluster / 8) as usize).copied();
            byte.unwrap_or_default() >> (cluster % 8) & 1 == 1
        };
        let held = owners.keys().copied().collect();
        owners.retain(|cluster, owners| owners.len() > 1 || !marked(*cluster));
        Self {
            doubtful: owners,
            held,
            extensions,
        }
    }

    /// Whether a file shares clusters with another, or holds some that are marked free.
    pub fn is_doubtful(&self, number: u64) -> bool {
        self.doubtful
            .values()
            .any(|owners| owners.contains(&number))
    }

    /// Whether all the doubtful clusters of a file are so in `others` as well.
    fn is_as_doubtful(&self, number: u64, others: &Self) -> bool {
        let of_it = self
            .doubtful
            .iter()
            .filter(|(_, owners)| owners.contains(&number));
        of_it
            .into_iter()
            .all(|(cluster, _)| others.doubtful.contains_key(cluster))
    }
}

impl Touch {
    fn may_change(&self, type_code: u32, name: &[u16]) -> bool {
        match type_code {
            ty::DATA => self.written && name.is_empty(),
            ty::REPARSE_POINT => self.relinked,
            _ => false,
        }
    }
}
