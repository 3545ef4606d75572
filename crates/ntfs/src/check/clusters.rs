//! `$Bitmap` against the clusters that values hold.

use super::{Checker, Code, Finding, Flow, GO_ON, Subject};
use crate::device::Device;
use crate::error::{Error, Result};
use crate::layout::{attribute_type, well_known};
use crate::value::Value;

/// Bytes of `$Bitmap` that are read at once; a multiple of 8.
const BLOCK: u64 = 1 << 16;

/// A row of clusters that differ in the same way.
#[derive(Default)]
struct Row {
    start: u64,
    length: u64,
    marked: bool,
}

impl<D: Device, V: FnMut(Finding) -> Flow> Checker<'_, D, V> {
    pub(super) fn check_clusters(&mut self) -> Flow {
        let bitmap = match self.bitmap_value() {
            Ok(bitmap) => bitmap,
            Err(error) => return self.tell_error(Code::SizeBad, well_known::BITMAP, &error),
        };
        let geometry = *self.volume.geometry();
        if bitmap.len() < geometry.clusters.div_ceil(8) {
            let words = format!("{} bytes for {} clusters", bitmap.len(), geometry.clusters);
            self.tell(Code::SizeBad, well_known::BITMAP, words)?;
        }
        let there = self.volume.device().len() / u64::from(geometry.cluster_size);
        let clusters = geometry
            .clusters
            .min(there)
            .min(bitmap.len().saturating_mul(8));
        let mut row = Row::default();
        let mut bytes = vec![0; BLOCK as usize];
        for offset in (0..clusters.div_ceil(8)).step_by(BLOCK as usize) {
            let length = BLOCK.min(clusters.div_ceil(8) - offset) as usize;
            bytes.fill(0);
            let part = bytes.get_mut(..length).unwrap_or_default();
            if let Err(error) = self.volume.read_value(&bitmap, offset, part) {
                return self.tell_error(Code::SizeBad, well_known::BITMAP, &error);
            }
            for (index, word) in (offset / 8..).zip(bytes.chunks_exact(8)) {
                if index * 64 >= clusters {
                    break;
                }
                let word = word.try_into().map_or(0, u64::from_le_bytes);
                self.compare_word(index, word, clusters, &mut row)?;
            }
        }
        self.tell_row(&row)
    }

    pub(super) fn bitmap_value(&self) -> Result<Value> {
        let file = self.volume.file(well_known::BITMAP)?;
        let missing = || Error::NotFound {
            what: "the $DATA of $Bitmap".to_owned(),
        };
        self.volume
            .value(&file, attribute_type::DATA, &[])?
            .ok_or_else(missing)
    }

    fn compare_word(&mut self, index: u64, word: u64, clusters: u64, row: &mut Row) -> Flow {
        let valid = match clusters - index * 64 {
            64.. => u64::MAX,
            count => (1 << count) - 1,
        };
        let mut differing = (word ^ self.clusters.word(index)) & valid;
        while differing != 0 {
            let at = u64::from(differing.trailing_zeros());
            differing &= differing - 1;
            let (cluster, marked) = (index * 64 + at, word >> at & 1 != 0);
            if row.length > 0 && row.marked == marked && row.start + row.length == cluster {
                row.length += 1;
                continue;
            }
            self.tell_row(row)?;
            *row = Row {
                start: cluster,
                length: 1,
                marked,
            };
        }
        GO_ON
    }

    fn tell_row(&mut self, row: &Row) -> Flow {
        if row.length == 0 {
            return GO_ON;
        }
        let (code, state) = match row.marked {
            true => (
                Code::ClusterBitmapSet,
                "marked used, and no value holds them",
            ),
            false => (Code::ClusterBitmapClear, "in use, and marked free"),
        };
        let words = format!(
            "clusters {} to {}: {state}",
            row.start,
            row.start + row.length - 1
        );
        self.emit(Finding {
            code,
            record: None,
            path: None,
            words,
            subject: Subject::Clusters {
                start: row.start,
                length: row.length,
            },
        })
    }
}
