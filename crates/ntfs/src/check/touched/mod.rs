//! What a change touched, held to the rules before it is committed.
//!
//! The rules are those of a whole check, applied to the records and index nodes that were written and to what they name.
//! It costs what the change costs: no index is read whole, unless it has fewer blocks than names in it are to be looked
//! up, and a file that nothing was done to is not looked at. The state before the change is read beside it, for what only
//! a comparison shows: names that lost their record and kept their entry, and entries of others that a split or merge
//! dropped.

mod entries;
mod names;
mod nodes;

use std::ops::ControlFlow;

use super::columns::{Bits, Columns, bit};
use super::{Checker, Code, Finding, Flow, GO_ON, Severity};
use crate::device::Device;
use crate::error::Result;
use crate::layout::attribute_type;
use crate::record::Record;
use crate::volume::Volume;

/// A change is small where it touches less than this part of the records.
const FEW: u64 = 64;

/// What was written since the last commit.
#[derive(Debug, Default)]
pub(crate) struct Touched {
    /// File records.
    pub(crate) records: Vec<u64>,
    /// Index blocks, those that were given back included: the record, the index's name, the virtual cluster number.
    pub(crate) blocks: Vec<(u64, &'static [u16], u64)>,
}

/// Holds what was touched in `after` to the rules; `before` is the volume without the change.
///
/// Gives the first finding that is [`Severity::Wrong`].
///
/// # Errors
/// Only where nothing can be checked: `$MFT` itself or its bitmap cannot be read.
pub(crate) fn first_wrong<D: Device, E: Device>(
    before: &Volume<E>,
    after: &Volume<D>,
    touched: &Touched,
) -> Result<Option<Finding>> {
    let mut first = None;
    let visit = |finding: Finding| {
        if finding.code.severity() != Severity::Wrong {
            return GO_ON;
        }
        first = Some(finding);
        ControlFlow::Break(())
    };
    let mut checker = Checker::over(after, columns_for(after.record_count(), touched), visit)?;
    let _stopped_early = checker.run_touched(before, touched);
    drop(checker);
    Ok(first)
}

/// A table for all records is quicker, and takes as long to make as a change of a part of them to check.
fn columns_for(records: u64, touched: &Touched) -> Columns {
    let rows = (touched.records.len() + touched.blocks.len()) as u64;
    match usize::try_from(records) {
        Ok(all) if rows.saturating_mul(FEW) >= records => Columns::new(all),
        _ => Columns::of_few(records),
    }
}

impl<D: Device, V: FnMut(Finding) -> Flow> Checker<'_, D, V> {
    fn run_touched<E: Device>(&mut self, before: &Volume<E>, touched: &Touched) -> Flow {
        let mut files = Vec::new();
        for number in &touched.records {
            self.scan_file(before, *number, &mut files)?;
        }
        for (owner, _, _) in &touched.blocks {
            self.scan_file(before, *owner, &mut files)?;
        }
        self.names.sort_unstable();
        self.indexed = Bits::new(self.names.len() as u64);
        for number in &files {
            if self.columns.is_file(*number) {
                self.check_record(*number)?;
            }
        }
        let keys = self.check_nodes(before, touched, &files)?;
        self.check_entries_of_names(before, touched)?;
        self.check_old_names(before, &files)?;
        self.check_keys(&keys, &files)
    }

    /// Fills the columns of a touched record, and of the other records of its file: names are counted over all of them.
    fn scan_file<E: Device>(
        &mut self,
        before: &Volume<E>,
        number: u64,
        files: &mut Vec<u64>,
    ) -> Flow {
        if self.columns.has(number, bit::SCANNED) {
            return GO_ON;
        }
        let base = self.scan_touched(before, number)?;
        if base != number {
            return self.scan_file(before, base, files);
        }
        files.push(number);
        if !self.columns.has(number, bit::HAS_LIST) {
            return GO_ON;
        }
        let file = match self.volume.file(number) {
            Ok(file) => file,
            Err(error) => return self.tell_error(Code::AttributeList, number, &error),
        };
        for record in file.records() {
            if !self.columns.has(record.number(), bit::SCANNED) {
                self.scan_touched(before, record.number())?;
            }
        }
        self.check_list(&file)
    }

    /// Scans one record. Gives the record of which it is a part.
    fn scan_touched<E: Device>(&mut self, before: &Volume<E>, number: u64) -> ControlFlow<(), u64> {
        self.columns.set(number, bit::SCANNED);
        let mut bytes = vec![0; self.volume.geometry().record_size as usize];
        if let Err(error) = self.volume.read_record(number, &mut bytes) {
            self.tell_error(Code::RecordUnreadable, number, &error)?;
            return ControlFlow::Continue(number);
        }
        let clusters = self.summary.clusters;
        self.scan(number, &mut bytes)?;
        let holds_clusters = self.summary.clusters != clusters;
        if !self.columns.has(number, bit::IN_USE) {
            return ControlFlow::Continue(number);
        }
        // The scan left the bytes in memory form.
        let Ok(record) = Record::new(number, bytes) else {
            return ControlFlow::Continue(number);
        };
        if holds_clusters {
            self.check_runs_are_marked(before, &record)?;
        }
        ControlFlow::Continue(record.base().map_or(number, |base| base.number()))
    }

    /// Clusters that a value holds are marked used. Values that are as they were are left out, however large.
    fn check_runs_are_marked<E: Device>(
        &mut self,
        before: &Volume<E>,
        record: &Record<Vec<u8>>,
    ) -> Flow {
        let number = record.number();
        let mut old = None;
        for attribute in record.attributes().flatten() {
            let Some(mapping) = attribute.non_resident() else {
                continue;
            };
            let old = old.get_or_insert_with(|| before.record(number).ok());
            let same = |old: &Record<Vec<u8>>| {
                old.attributes()
                    .flatten()
                    .any(|was| was.bytes == attribute.bytes)
            };
            if old.as_ref().is_some_and(same) {
                continue;
            }
            for run in mapping.runs(self.volume.geometry().clusters).flatten() {
                if let Some(lcn) = run.lcn {
                    self.check_run_is_marked(number, lcn, run.length)?;
                }
            }
        }
        GO_ON
    }

    fn check_run_is_marked(&mut self, number: u64, lcn: u64, length: u64) -> Flow {
        let bitmap = match self.bitmap_value() {
            Ok(bitmap) => bitmap,
            Err(error) => return self.tell_error(Code::SizeBad, number, &error),
        };
        let (mut at, end) = (lcn, lcn.saturating_add(length));
        let mut bytes = [0; 512];
        while at < end {
            let first = at / 8;
            let count = (end.div_ceil(8) - first).min(bytes.len() as u64) as usize;
            let part = bytes.get_mut(..count).unwrap_or_default();
            if let Err(error) = self.volume.read_value(&bitmap, first, part) {
                return self.tell_error(Code::SizeBad, number, &error);
            }
            let stop = end.min((first + count as u64) * 8);
            let marked = |cluster: &u64| {
                let byte = part.get((cluster / 8 - first) as usize);
                byte.is_some_and(|byte| byte >> (cluster % 8) & 1 != 0)
            };
            if let Some(free) = (at..stop).find(|cluster| !marked(cluster)) {
                let words = format!("it holds cluster {free}, which is marked free");
                return self.tell(Code::ClusterBitmapClear, number, words);
            }
            at = stop;
        }
        GO_ON
    }
}

/// The type of what names a file.
const FILE_NAME: u32 = attribute_type::FILE_NAME;
