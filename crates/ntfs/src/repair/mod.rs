//! Mends what can be mended without guessing: as a plan that can be read first, applied as one change.
//!
//! A volume tells most things twice. Where the places disagree and it is plain which one is right, the other is brought
//! in line: records are right against what indexes and bitmaps repeat of them; of a record's names, its link count and
//! the entries of directories, two outvote the third. An index that is damaged or misordered is built again from the
//! records, where all of them can be read; the boot sector and the first records of `$MFT` come back from their copies.
//! Everything else stays a finding. Choosing between two owners of a cluster was left out: it can lose what a person could
//! still save.

mod apply;
mod copies;
mod evidence;
mod plan;
mod rebuild;

use std::collections::HashSet;

use crate::change::Change;
use crate::check::{self, Code, Finding, Severity};
use crate::device::Device;
use crate::edit::{EditOptions, EditResult, Editor};
use crate::error::Error;
use crate::journal::{CommitReport, JournalStore};
use crate::layout::well_known;
use crate::volume::Volume;

pub use plan::Fix;

/// A repair that was worked out in memory: what it does, and what it leaves.
#[derive(Debug)]
pub struct Repair<D> {
    editor: Editor<D>,
    fixes: Vec<Fix>,
    remaining: Vec<Finding>,
}

impl<D: Device> Repair<D> {
    /// Checks the volume, mends it in memory, and checks that again. `now` is in units of 100 ns since 1601.
    ///
    /// # Errors
    /// [`Error::Refused`] where the volume must not be changed; a dirty flag alone is no reason. An error as well where
    /// the mended volume has a finding that the volume has not.
    pub fn prepare(device: D, now: u64) -> EditResult<Self> {
        let change = Change::new(device);
        let found = check::findings(&Volume::open(&change)?)?;
        let mut fixes = copies::mend(&change, &found)?;
        let allow_dirty = true;
        let mut editor = Editor::of_change(change, now, EditOptions { allow_dirty })?;
        let planned = {
            let volume = Volume::open(editor.change())?;
            // Through other copies it may look another way.
            let again = match fixes.is_empty() {
                true => None,
                false => Some(check::findings(&volume)?),
            };
            plan::plan(&volume, again.as_ref().unwrap_or(&found))?
        };
        editor.apply_fixes(&planned)?;
        fixes.extend(planned);
        let remaining = check::findings(&Volume::open(editor.change())?)?;
        expect_no_new(&found, &remaining)?;
        let mut repair = Self {
            editor,
            fixes,
            remaining,
        };
        repair.settle_dirty_flag()?;
        Ok(repair)
    }

    /// The dirty flag has told what it is there to tell once nothing else is left.
    fn settle_dirty_flag(&mut self) -> EditResult<()> {
        let is_flag = |finding: &&Finding| finding.code == Code::VolumeDirty;
        let Some(flag) = self.remaining.iter().find(is_flag).cloned() else {
            return Ok(());
        };
        if self.left().any(|finding| finding.code != Code::VolumeDirty) {
            return Ok(());
        }
        self.editor.clear_dirty_flag()?;
        self.remaining.retain(|f| f.code != Code::VolumeDirty);
        self.fixes.push(Fix::dirty_flag(&flag));
        Ok(())
    }

    /// What is done, in the order in which it is done.
    pub fn fixes(&self) -> &[Fix] {
        &self.fixes
    }

    /// What a check finds once all is done.
    pub fn remaining(&self) -> &[Finding] {
        &self.remaining
    }

    /// What remains of weight: copies that Windows itself leaves stale are not counted.
    pub fn left(&self) -> impl Iterator<Item = &Finding> {
        let weighs = |f: &&Finding| f.code.severity() != Severity::Stale;
        self.remaining.iter().filter(weighs)
    }

    /// Brings the repair to the device, whole or not at all; nothing is written where there is nothing to mend.
    ///
    /// # Errors
    /// As [`Editor::commit`].
    pub fn commit(mut self, store: &dyn JournalStore) -> EditResult<Option<CommitReport>> {
        if self.fixes.is_empty() {
            return Ok(None);
        }
        // The whole volume was checked as it will be, with damage that stays.
        self.editor.commit_sealed(store).map(Some)
    }
}

/// A repair that brings up what was not found before has gone wrong: nothing of it is to be written.
fn expect_no_new(before: &[Finding], after: &[Finding]) -> EditResult<()> {
    let key = |finding: &Finding| (finding.code, finding.record);
    let known: HashSet<_> = before.iter().map(key).collect();
    match after.iter().find(|finding| !known.contains(&key(finding))) {
        None => Ok(()),
        Some(new) => {
            let record = new.record.unwrap_or(well_known::VOLUME);
            let expected = "no finding that was not there before the repair";
            Err(Error::damaged("volume", 0, expected, new)
                .in_record(record)
                .into())
        }
    }
}
