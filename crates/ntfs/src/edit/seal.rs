//! From structures in memory to sectors in the change; the marks for the commit.

use super::Editor;
use super::error::{EditError, EditResult};
use crate::device::Device;
use crate::error::{Error, Result};
use crate::journal::Mark;
use crate::layout::{attribute_type as ty, volume_flags, well_known};

impl<D: Device> Editor<D> {
    /// Writes everything that was edited into the change, which then reads as the volume will be.
    ///
    /// # Errors
    /// [`EditError::Spoiled`] where an edit failed half-way.
    pub fn seal(&mut self) -> EditResult<()> {
        if self.spoiled {
            return Err(EditError::Spoiled);
        }
        self.mutate(|editor| {
            editor.seal_touched()?;
            editor.seal_indexes()?;
            editor.seal_records()?;
            editor.clusters.seal(&editor.change, &editor.geometry)?;
            Ok(())
        })
    }

    /// The times of directories whose entries changed, in their records and in what is above them.
    fn seal_touched(&mut self) -> EditResult<()> {
        let now = self.now;
        let mut moved_out: Vec<u64> = self.moved_out.drain().map(|(number, ())| number).collect();
        moved_out.sort_unstable();
        for number in moved_out {
            let summary = self.summary(number)?;
            self.refresh_entries(number, &summary)?;
        }
        let mut touched: Vec<u64> = self.touched.drain().map(|(number, ())| number).collect();
        touched.sort_unstable();
        for number in touched {
            self.change_standard(number, |standard| {
                standard.modified = now.into();
                standard.record_modified = now.into();
                standard.accessed = now.into();
            })?;
            let summary = self.summary(number)?;
            self.refresh_entries(number, &summary)?;
        }
        Ok(())
    }

    /// The sectors that hold the dirty flag, in `$Volume` and in its copy in `$MFTMirr`: set while the volume is half
    /// written. The rest of the record does not change between the two states, its update sequence included, so that
    /// one sector is all that is written.
    pub(crate) fn dirty_marks(&mut self) -> Result<Vec<Mark>> {
        let flags_at = self.flags_offset()?;
        let size = u64::from(self.geometry.record_size);
        let at = well_known::VOLUME * size + flags_at as u64;
        let mut marks = Vec::new();
        for (extents, wanted) in [
            (&self.mft, true),
            (&self.mirror, at < self.mirror.data_size),
        ] {
            let place = extents
                .locate(&self.geometry, at)
                .and_then(|(place, _)| place);
            if let Some(place) = place.filter(|_| wanted) {
                marks.push(self.mark_at(place)?);
            }
        }
        Ok(marks)
    }

    fn mark_at(&self, flags: u64) -> Result<Mark> {
        let sector = u64::from(self.change.sector_size());
        let offset = flags - flags % sector;
        let mut clear = vec![0; sector as usize];
        self.change
            .read_at(offset, &mut clear)
            .map_err(|e| Error::io("read", "$Volume", offset, e))?;
        let mut set = clear.clone();
        set[(flags - offset) as usize] |= volume_flags::DIRTY as u8;
        Ok(Mark { offset, set, clear })
    }

    /// Where the flags are in the record of `$Volume`.
    fn flags_offset(&mut self) -> Result<usize> {
        let record = self.record(well_known::VOLUME)?;
        let wrong = || {
            Error::damaged("file record", 0, "volume information", "none")
                .in_record(well_known::VOLUME)
        };
        let found = record
            .find(ty::VOLUME_INFORMATION, &[])?
            .ok_or_else(wrong)?;
        found
            .resident()
            .filter(|value| value.len() >= 12)
            .ok_or_else(wrong)?;
        // The header of a resident attribute has the place of its value at byte 0x14.
        let value_at = found
            .bytes
            .get(0x14..0x16)
            .and_then(|b| b.try_into().ok())
            .map_or(0, u16::from_le_bytes);
        let at = found.offset + usize::from(value_at) + 10;
        // The last two bytes of a sector are not in their place on the device.
        if at % 512 >= 510 {
            Err(wrong())
        } else {
            Ok(at)
        }
    }

    /// Sets or clears the dirty flag for good: for repairs, and for volumes that are to be checked.
    pub(crate) fn set_dirty_flag(&mut self, dirty: bool) -> EditResult<()> {
        let at = self.flags_offset()?;
        let record = self.record_mut(well_known::VOLUME)?;
        if let Some(byte) = record.bytes_mut().get_mut(at) {
            *byte = *byte & !(volume_flags::DIRTY as u8)
                | if dirty { volume_flags::DIRTY as u8 } else { 0 };
        }
        Ok(())
    }
}
