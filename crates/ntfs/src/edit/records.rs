//! File records: read once, kept in memory form, claimed and freed; `$MFT` grows under them.

use std::ops::Range;

use super::Editor;
use super::build::{self, Id};
use super::clusters::{load, write_bitmap, write_extents};
use super::error::{EditError, EditResult};
use super::record_edit::{EditRecord, OwnRecord};
use crate::device::Device;
use crate::error::{Error, Result};
use crate::file_ref::FileRef;
use crate::fixup;
use crate::layout::{attribute_type, record_flags, well_known};
use crate::record::Record;

/// Records below this are for the volume's own files and for extension records of `$MFT`.
pub(crate) const FIRST_FOR_FILES: u64 = 64;
/// Record numbers have 48 bits in a reference, 32 in the record's own header.
const MOST_RECORDS: u64 = u32::MAX as u64;
/// Records by which `$MFT` grows at least and at most.
const GROWTH: Range<u64> = 64..16384;

/// A record in memory.
#[derive(Debug)]
pub(crate) struct Cached {
    pub(crate) record: OwnRecord,
    pub(crate) dirty: bool,
}

impl<D: Device> Editor<D> {
    /// The record, read if it is not in memory.
    pub(crate) fn record(&mut self, number: u64) -> Result<&OwnRecord> {
        self.cached(number).map(|cached| &cached.record)
    }

    /// The record, to be changed.
    pub(crate) fn record_mut(&mut self, number: u64) -> Result<&mut OwnRecord> {
        let cached = self.cached(number)?;
        cached.dirty = true;
        Ok(&mut cached.record)
    }

    fn cached(&mut self, number: u64) -> Result<&mut Cached> {
        // Looked up twice: a reference out of a map cannot be given back on one path only.
        if !self.records.contains_key(&number) {
            let record = self.read_record(number)?;
            self.records.insert(
                number,
                Cached {
                    record,
                    dirty: false,
                },
            );
        }
        self.records
            .get_mut(&number)
            .ok_or_else(|| no_record(number, self.record_count))
    }

    fn read_record(&self, number: u64) -> Result<OwnRecord> {
        let bytes = self.read_record_bytes(number)?;
        Record::from_disk(number, bytes)
    }

    fn read_record_bytes(&self, number: u64) -> Result<Box<[u8]>> {
        if number >= self.record_count {
            return Err(no_record(number, self.record_count));
        }
        let size = self.geometry.record_size as usize;
        let mut bytes = vec![0; size].into_boxed_slice();
        self.mft.read_allocated(
            &self.change,
            &self.geometry,
            number * size as u64,
            &mut bytes,
        )?;
        Ok(bytes)
    }

    /// The base record in use that `file` names.
    pub(crate) fn base(&mut self, file: FileRef) -> Result<&OwnRecord> {
        let record = self.record(file.number())?;
        let actual = record.header().sequence.get();
        if !record.is_in_use() {
            return Err(Error::NotFound {
                what: format!("file record {}", file.number()),
            });
        }
        if actual != file.sequence() {
            return Err(Error::Stale {
                reference: file,
                actual,
            });
        }
        if let Some(base) = record.base() {
            let actual = format!("an extension record of {base}");
            return Err(Error::damaged("file record", 0x20, "a base record", actual)
                .in_record(file.number()));
        }
        Ok(record)
    }

    /// Claims a record and makes it empty: its header, the end marker. `base` is that of an extension record.
    pub(crate) fn claim_record(
        &mut self,
        flags: u16,
        base: Option<FileRef>,
    ) -> EditResult<FileRef> {
        let for_mft = base.is_some_and(|base| base.number() == well_known::MFT);
        let found = if for_mft {
            self.free_record(well_known::FIRST_USER..FIRST_FOR_FILES)?
        } else {
            None
        };
        let number = match found {
            Some(number) => number,
            None => match self.free_record(self.next_record..u64::MAX)? {
                Some(number) => number,
                None => self.append_record()?,
            },
        };
        self.mark_record(number, true)?;
        self.forget_list(number);
        if number >= FIRST_FOR_FILES {
            self.next_record = number + 1;
        }
        let sequence = self.reused_sequence(number)?;
        let size = self.geometry.record_size as usize;
        let bytes = build::record(number, sequence, size, flags | record_flags::IN_USE, base);
        let record = Record::new(number, bytes.into_boxed_slice())?;
        self.records.insert(
            number,
            Cached {
                record,
                dirty: true,
            },
        );
        Ok(FileRef::new(number, sequence))
    }

    fn free_record(&mut self, within: Range<u64>) -> Result<Option<u64>> {
        let within = within.start..within.end.min(self.record_count);
        let (extents, change, geometry) = (&self.mft_bitmap_extents, &self.change, &self.geometry);
        let found = self.mft_bitmap.find_clear(within, 1, &|at, buf| {
            load(extents, change, geometry, at, buf)
        })?;
        Ok(found.map(|run| run.start))
    }

    /// The sequence number that a free record has kept for its next use; 1 in one that was never used.
    fn reused_sequence(&mut self, number: u64) -> Result<u16> {
        let cached = self
            .records
            .get(&number)
            .map(|c| c.record.header().sequence.get());
        let sequence = match cached {
            Some(sequence) => sequence,
            None if number >= self.formatted_records => 1,
            None => match Record::from_disk(number, self.read_record_bytes(number)?) {
                // The bitmap says free and the record says in use: one of the two is wrong, and using it could lose a file.
                Ok(record) if record.is_in_use() => {
                    return Err(Error::damaged(
                        "$MFT bitmap",
                        number / 8,
                        format!("record {number} in use"),
                        "free",
                    ));
                }
                Ok(record) => record.header().sequence.get(),
                Err(_) => 1,
            },
        };
        Ok(sequence.max(1))
    }

    /// Frees a record: out of use, its sequence number one up, so that old references to it are stale.
    pub(crate) fn free_record_number(&mut self, number: u64) -> EditResult<()> {
        self.record_mut(number)?.change_header(|header| {
            header.flags = (header.flags.get() & !record_flags::IN_USE).into();
            let next = header.sequence.get().wrapping_add(1);
            header.sequence = next.max(1).into();
        });
        self.mark_record(number, false)?;
        self.forget_list(number);
        self.next_record = self.next_record.min(number.max(FIRST_FOR_FILES));
        Ok(())
    }

    fn forget_list(&mut self, number: u64) {
        self.lists.forget(number);
        self.counted.remove(&number);
    }

    pub(crate) fn mark_record(&mut self, number: u64, used: bool) -> Result<()> {
        let (extents, change, geometry) = (&self.mft_bitmap_extents, &self.change, &self.geometry);
        self.mft_bitmap.put(number..number + 1, used, &|at, buf| {
            load(extents, change, geometry, at, buf)
        })
    }

    /// One more record at the end of `$MFT`, which grows where it has to.
    fn append_record(&mut self) -> EditResult<u64> {
        let number = self.record_count;
        if number >= MOST_RECORDS {
            return Err(EditError::Limit {
                structure: "$MFT",
                record: 0,
                limit: "2^32 records",
            });
        }
        let size = u64::from(self.geometry.record_size);
        if (number + 1) * size > self.mft.end_vcn() * u64::from(self.geometry.cluster_size) {
            self.grow_mft()?;
        }
        if (number + 1).div_ceil(8) > self.mft_bitmap_extents.data_size {
            self.grow_mft_bitmap()?;
        }
        self.record_count = number + 1;
        self.mft_bitmap.grow(self.record_count);
        Ok(number)
    }

    /// More clusters for `$MFT`: an eighth of what it has.
    fn grow_mft(&mut self) -> EditResult<()> {
        let cluster = u64::from(self.geometry.cluster_size);
        let per_record = u64::from(self.geometry.record_size);
        let wanted = (self.record_count / 8).clamp(GROWTH.start, GROWTH.end) * per_record;
        let clusters = wanted.div_ceil(cluster).max(1);
        let least = per_record.div_ceil(cluster).max(1);
        let id = Id::new(attribute_type::DATA, &[]);
        // Needs records, and there are none while the extents are taken out.
        self.know_own_clusters()?;
        let mut extents = std::mem::take(&mut self.mft);
        let grown = match self.claim_for(&mut extents, clusters) {
            // The last clusters of a volume are worth as much as the first.
            Err(EditError::Full { .. }) => self.claim_for(&mut extents, least),
            other => other,
        };
        self.mft = extents;
        grown?;
        // The sizes are stored when the change is sealed; the runs at once, so that room is found for them.
        let stored = self.mft.clone();
        self.store_extents(well_known::MFT, id, &stored)
    }

    fn grow_mft_bitmap(&mut self) -> EditResult<()> {
        let mut extents = std::mem::take(&mut self.mft_bitmap_extents);
        let size = extents.data_size + 8;
        let cluster = u64::from(self.geometry.cluster_size);
        let grown = if size > extents.end_vcn() * cluster {
            self.claim_for(&mut extents, 1)
        } else {
            Ok(())
        };
        let old = extents.data_size;
        if grown.is_ok() {
            extents.data_size = size;
            extents.initialized_size = size;
        }
        self.mft_bitmap_extents = extents;
        grown?;
        write_bitmap(
            &self.mft_bitmap_extents,
            &self.change,
            &self.geometry,
            old,
            &[0; 8],
        )?;
        let stored = self.mft_bitmap_extents.clone();
        self.store_extents(
            well_known::MFT,
            Id::new(attribute_type::BITMAP, &[]),
            &stored,
        )
    }

    /// Writes every changed record into the change, with the free ones that `$MFT` grew by.
    pub(crate) fn seal_records(&mut self) -> EditResult<()> {
        self.settle_mft_size()?;
        let mut dirty: Vec<u64> = self
            .records
            .iter()
            .filter(|(_, c)| c.dirty)
            .map(|(&n, _)| n)
            .collect();
        dirty.sort_unstable();
        let size = u64::from(self.geometry.record_size);
        let mut disk = Vec::new();
        for number in dirty {
            let Some(cached) = self.records.get_mut(&number) else {
                continue;
            };
            cached.dirty = false;
            self.sealed.records.push(number);
            disk.clear();
            disk.extend_from_slice(cached.record.bytes());
            fixup::redo(&mut disk, "file record").map_err(|e| e.in_record(number))?;
            // The update sequence number counts writes: the copy in memory counts along.
            let at = usize::from(
                cached
                    .record
                    .header()
                    .multi_sector
                    .update_sequence_offset
                    .get(),
            );
            if let (Some(to), Some(from)) = (
                cached.record.bytes_mut().get_mut(at..at + 2),
                disk.get(at..at + 2),
            ) {
                to.copy_from_slice(from);
            }
            write_extents(
                &self.mft,
                &self.change,
                &self.geometry,
                number * size,
                &disk,
            )?;
            self.seal_mirror(number, &disk)?;
        }
        for (at, bytes) in self.mft_bitmap.take_dirty() {
            write_bitmap(
                &self.mft_bitmap_extents,
                &self.change,
                &self.geometry,
                at,
                &bytes,
            )?;
        }
        Ok(())
    }

    /// `$MFTMirr` repeats the first records.
    fn seal_mirror(&mut self, number: u64, disk: &[u8]) -> Result<()> {
        let size = u64::from(self.geometry.record_size);
        if (number + 1) * size > self.mirror.data_size {
            return Ok(());
        }
        write_extents(
            &self.mirror,
            &self.change,
            &self.geometry,
            number * size,
            disk,
        )
    }

    /// Brings the sizes of `$MFT` up to its records: whole clusters of them, the unused ones formatted.
    fn settle_mft_size(&mut self) -> EditResult<()> {
        if self.record_count == self.formatted_records {
            return Ok(());
        }
        let size = u64::from(self.geometry.record_size);
        let cluster = u64::from(self.geometry.cluster_size);
        let bytes = (self.record_count * size).next_multiple_of(cluster.max(size * 8));
        let allocated = self.mft.end_vcn() * cluster;
        let records = bytes.min(allocated) / size;
        while records.div_ceil(8) > self.mft_bitmap_extents.data_size {
            self.grow_mft_bitmap()?;
        }
        for number in self.record_count..records {
            let bytes = build::record(number, 1, size as usize, 0, None);
            let record = Record::new(number, bytes.into_boxed_slice())?;
            self.records.insert(
                number,
                Cached {
                    record,
                    dirty: true,
                },
            );
        }
        self.record_count = records;
        self.mft_bitmap.grow(records);
        self.formatted_records = records;
        self.mft.data_size = records * size;
        self.mft.initialized_size = records * size;
        self.mft.allocated_size = allocated;
        let stored = self.mft.clone();
        self.store_extents(well_known::MFT, Id::new(attribute_type::DATA, &[]), &stored)
    }
}

fn no_record(number: u64, count: u64) -> Error {
    Error::NotFound {
        what: format!("file record {number} of {count}"),
    }
}
