//! Claiming and releasing clusters.

use std::ops::Range;

use super::bitmap::Bitmap;
use super::error::{EditError, EditResult};
use crate::boot::Geometry;
use crate::change::Change;
use crate::device::Device;
use crate::error::{Error, Result};
use crate::layout::well_known;
use crate::ranges::RangeSet;
use crate::value::Extents;

/// `$Bitmap`, and where to look next.
#[derive(Debug)]
pub(crate) struct Clusters {
    extents: Extents,
    bitmap: Bitmap,
    /// Where the last claim ended: no search begins before it until it has gone round once.
    next: u64,
    /// Clusters after `$MFT` that are claimed for others only when the rest is full.
    zone: Range<u64>,
    /// Clusters that the committed state still uses: if they are claimed anew before the commit, they are not fresh.
    freed: RangeSet,
    /// What the volume's own files hold, once that is known.
    pub(super) own: Option<RangeSet>,
}

impl Clusters {
    /// Before `$Bitmap` is known: no cluster at all.
    pub(crate) fn none() -> Self {
        let bitmap = Bitmap::new(0, "$Bitmap");
        Self {
            extents: Extents::default(),
            bitmap,
            next: 0,
            zone: 0..0,
            freed: RangeSet::new(),
            own: None,
        }
    }

    /// Over the data of `$Bitmap`; `mft_end` is the cluster after the last of `$MFT`.
    pub(crate) fn new(extents: Extents, geometry: &Geometry, mft_end: u64) -> Result<Self> {
        if extents.data_size < geometry.clusters.div_ceil(8) {
            let expected = format!("{} bytes", geometry.clusters.div_ceil(8));
            return Err(Error::damaged("$Bitmap", 0, expected, extents.data_size));
        }
        // An eighth of the volume, as Windows keeps it.
        let zone = mft_end..(mft_end + geometry.clusters / 8).min(geometry.clusters);
        let next = if zone.end < geometry.clusters {
            zone.end
        } else {
            0
        };
        let bitmap = Bitmap::new(geometry.clusters, "$Bitmap");
        Ok(Self {
            extents,
            bitmap,
            next,
            zone,
            freed: RangeSet::new(),
            own: None,
        })
    }

    /// Claims `count` clusters: after `near` where that is free, else from where the last claim ended on. In
    /// as few runs as are found on the way. All or none.
    pub(crate) fn claim<D: Device>(
        &mut self,
        change: &Change<D>,
        geometry: &Geometry,
        count: u64,
        near: Option<u64>,
    ) -> EditResult<Vec<Range<u64>>> {
        let mut runs: Vec<Range<u64>> = Vec::new();
        let mut missing = count;
        if let Some(near) = near {
            let extent = near..near.saturating_add(count).min(geometry.clusters);
            if let Some(run) = self
                .find(change, geometry, extent, count)?
                .filter(|run| run.start == near)
            {
                missing -= run.end - run.start;
                self.take(change, geometry, run, &mut runs)?;
            }
        }
        let (all, zone) = (geometry.clusters, self.zone.clone());
        let searches = [
            self.next..all,
            zone.end..self.next,
            0..zone.start,
            zone,
            0..all,
        ];
        for search in searches {
            let mut from = search.start;
            while missing > 0 && from < search.end {
                let Some(run) = self.find(change, geometry, from..search.end, missing)? else {
                    break;
                };
                from = run.end;
                missing -= run.end - run.start;
                if run.end > self.zone.end {
                    self.next = run.end;
                }
                self.take(change, geometry, run, &mut runs)?;
            }
        }
        if missing == 0 {
            return Ok(runs);
        }
        for run in runs {
            self.release(change, geometry, run)?;
        }
        Err(EditError::Full { clusters: count })
    }

    fn take<D: Device>(
        &mut self,
        change: &Change<D>,
        geometry: &Geometry,
        run: Range<u64>,
        runs: &mut Vec<Range<u64>>,
    ) -> Result<()> {
        self.bitmap.put(run.clone(), true, &|at, buf| {
            load(&self.extents, change, geometry, at, buf)
        })?;
        // A run of which the committed state uses a part is journaled as a whole: rare, and never wrong.
        if !self.freed.intersects(run.clone()) {
            change.mark_fresh(geometry.cluster_offset(run.start)..geometry.cluster_offset(run.end));
        }
        match runs.last_mut() {
            Some(last) if last.end == run.start => last.end = run.end,
            _ => runs.push(run),
        }
        Ok(())
    }

    fn find<D: Device>(
        &mut self,
        change: &Change<D>,
        geometry: &Geometry,
        within: Range<u64>,
        most: u64,
    ) -> Result<Option<Range<u64>>> {
        self.bitmap.find_clear(within, most, &|at, buf| {
            load(&self.extents, change, geometry, at, buf)
        })
    }

    /// Clusters that are in use for certain must be marked so: a bitmap that is wrong there is not to be trusted.
    pub(super) fn expect_used<D: Device>(
        &mut self,
        change: &Change<D>,
        geometry: &Geometry,
        run: &Range<u64>,
    ) -> Result<()> {
        match self.find(change, geometry, run.clone(), 1)? {
            None => Ok(()),
            Some(free) => {
                let expected = format!("cluster {} of the volume's own files in use", free.start);
                let damaged = Error::damaged("$Bitmap", free.start / 8, expected, "free");
                Err(damaged.in_record(well_known::BITMAP))
            }
        }
    }

    /// Gives clusters back.
    pub(crate) fn release<D: Device>(
        &mut self,
        change: &Change<D>,
        geometry: &Geometry,
        run: Range<u64>,
    ) -> Result<()> {
        self.bitmap.put(run.clone(), false, &|at, buf| {
            load(&self.extents, change, geometry, at, buf)
        })?;
        let mut at = run.start;
        while at < run.end {
            let (fresh, until) = change.fresh_run(geometry.cluster_offset(at));
            let end = (until / u64::from(geometry.cluster_size)).clamp(at + 1, run.end);
            if !fresh {
                self.freed.insert(at..end);
            }
            at = end;
        }
        Ok(())
    }

    /// Marks clusters used, or free, that the bitmap has the other way.
    pub(crate) fn mark<D: Device>(
        &mut self,
        change: &Change<D>,
        geometry: &Geometry,
        run: Range<u64>,
        used: bool,
    ) -> Result<()> {
        self.bitmap.put(run, used, &|at, buf| {
            load(&self.extents, change, geometry, at, buf)
        })
    }

    /// Writes what changed into the change.
    pub(crate) fn seal<D: Device>(
        &mut self,
        change: &Change<D>,
        geometry: &Geometry,
    ) -> Result<()> {
        for (at, bytes) in self.bitmap.take_dirty() {
            write_bitmap(&self.extents, change, geometry, at, &bytes)?;
        }
        Ok(())
    }

    /// The change is committed: what was freed is free.
    pub(crate) fn committed(&mut self) {
        self.freed = RangeSet::new();
    }
}

/// Reads a page of a bitmap; zeros past its end, which nobody looks at.
pub(crate) fn load<D: Device>(
    extents: &Extents,
    change: &Change<D>,
    geometry: &Geometry,
    at: u64,
    buf: &mut [u8],
) -> Result<()> {
    let there = extents
        .initialized_size
        .saturating_sub(at)
        .min(buf.len() as u64) as usize;
    let (written, rest) = buf.split_at_mut(there);
    rest.fill(0);
    extents.read_allocated(change, geometry, at, written)
}

/// Writes a changed piece of a bitmap, cut off at its end.
pub(crate) fn write_bitmap<D: Device>(
    extents: &Extents,
    change: &Change<D>,
    geometry: &Geometry,
    at: u64,
    bytes: &[u8],
) -> Result<()> {
    let there = extents.data_size.saturating_sub(at).min(bytes.len() as u64) as usize;
    write_extents(extents, change, geometry, at, &bytes[..there])
}

/// Writes bytes of a value into its clusters.
pub(crate) fn write_extents<D: Device>(
    extents: &Extents,
    change: &Change<D>,
    geometry: &Geometry,
    mut at: u64,
    mut bytes: &[u8],
) -> Result<()> {
    while !bytes.is_empty() {
        let Some((Some(place), there)) = extents.locate(geometry, at) else {
            let expected = format!("a cluster for byte {at}");
            let actual = format!("a hole, or runs up to cluster {}", extents.end_vcn());
            return Err(Error::damaged("data runs", 0, expected, actual).in_record(extents.record));
        };
        let (part, rest) = bytes.split_at(there.min(bytes.len() as u64) as usize);
        change
            .write_at(place, part)
            .map_err(|e| Error::io("write", "clusters", place, e))?;
        at += part.len() as u64;
        bytes = rest;
    }
    Ok(())
}
