//! The clusters of the volume's own files: never given to another, never freed for one.
//!
//! A damaged bitmap may call them free, and damaged runs of a user's file may lead into them. Either would let one
//! harmless edit overwrite `$MFT`. The clusters of users' files are known from reading all of `$MFT` alone, which
//! `check` does and an edit does not; but a bitmap that lies on other clusters than its own, or was torn, hardly has all
//! of the volume's own marked.

use std::ops::Range;

use super::Editor;
use super::error::EditResult;
use crate::device::Device;
use crate::error::{Error, Result};
use crate::layout::well_known;
use crate::ranges::RangeSet;
use crate::value::Extents;

impl<D: Device> Editor<D> {
    /// Finds out what is the volume's own, before the first cluster is claimed or released.
    pub(super) fn know_own_clusters(&mut self) -> EditResult<()> {
        if self.clusters.own.is_some() {
            return Ok(());
        }
        let mut own = RangeSet::new();
        for run in self.mft.runs.iter().chain(&self.mirror.runs) {
            own.insert(run.clusters().unwrap_or_default());
        }
        for base in well_known::MFT..=well_known::EXTEND {
            for place in self.all_attributes(base)? {
                for run in self.runs_at(place.record, place.offset)? {
                    own.insert(run);
                }
            }
        }
        for run in own.iter() {
            let (change, geometry) = (&self.change, &self.geometry);
            self.clusters.expect_used(change, geometry, &run)?;
        }
        self.clusters.own = Some(own);
        Ok(())
    }

    /// The clusters that one attribute describes.
    pub(super) fn runs_at(&mut self, record: u64, offset: usize) -> Result<Vec<Range<u64>>> {
        let clusters = self.geometry.clusters;
        let attribute = self.record(record)?.attribute_at(offset)?;
        let Some(mapping) = attribute.non_resident() else {
            return Ok(Vec::new());
        };
        let runs = mapping.runs(clusters);
        let held = runs.filter_map(|run| run.map(|run| run.clusters()).transpose());
        held.collect::<Result<_>>().map_err(|e| e.in_record(record))
    }

    /// Gives clusters of a file back.
    pub(super) fn release_run(&mut self, base: u64, run: Range<u64>) -> EditResult<()> {
        self.know_own_clusters()?;
        if base < well_known::FIRST_USER {
            if let Some(own) = &mut self.clusters.own {
                own.remove(run.clone());
            }
        } else {
            self.expect_not_own(base, &run)?;
        }
        Ok(self.clusters.release(&self.change, &self.geometry, run)?)
    }

    /// For a value of a user's file that is about to be written where it lies.
    pub(super) fn expect_own_value(&mut self, base: u64, extents: &Extents) -> EditResult<()> {
        if base < well_known::FIRST_USER {
            return Ok(());
        }
        self.know_own_clusters()?;
        let runs = extents.runs.iter().filter_map(crate::runs::Run::clusters);
        for run in runs {
            self.expect_not_own(base, &run)?;
        }
        Ok(())
    }

    fn expect_not_own(&self, base: u64, run: &Range<u64>) -> Result<()> {
        let own = self.clusters.own.as_ref();
        if !own.is_some_and(|own| own.intersects(run.clone())) {
            return Ok(());
        }
        let expected = "clusters that are not the volume's own";
        let actual = format!("{}..{}", run.start, run.end);
        Err(Error::damaged("data runs", 0, expected, actual).in_record(base))
    }
}
