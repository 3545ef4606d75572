//! Times and attribute flags; which files are the volume's own.

use zerocopy::FromBytes;

use super::Editor;
use super::error::{EditError, EditResult};
use super::record_edit::EditRecord;
use crate::device::Device;
use crate::error::{Error, Result};
use crate::file_ref::FileRef;
use crate::layout::{StandardInformation, attribute_type as ty, record_flags, well_known};

/// The attribute flags that a user sets: read-only, hidden, system, archive, temporary, offline, not indexed.
const SETTABLE: u32 = 0x0001 | 0x0002 | 0x0004 | 0x0020 | 0x0100 | 0x1000 | 0x2000;

/// Times to set, in units of 100 ns since 1601; `None` leaves one as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NewTimes {
    /// Made.
    pub created: Option<u64>,
    /// Contents changed.
    pub modified: Option<u64>,
    /// Record changed.
    pub record_modified: Option<u64>,
    /// Last read.
    pub accessed: Option<u64>,
}

impl<D: Device> Editor<D> {
    /// Sets times and, where given, the attribute flags that users set; the others stay.
    ///
    /// # Errors
    /// [`SystemFile`](EditError::SystemFile).
    pub fn set_metadata(
        &mut self,
        file: FileRef,
        times: NewTimes,
        attributes: Option<u32>,
    ) -> EditResult<()> {
        self.base(file)?;
        if file.number() != well_known::ROOT {
            self.check_not_system(file)?;
        }
        self.mutate(|editor| {
            let now = editor.now;
            editor.change_standard(file.number(), |standard| {
                standard.record_modified = times.record_modified.unwrap_or(now).into();
                if let Some(time) = times.created {
                    standard.created = time.into();
                }
                if let Some(time) = times.modified {
                    standard.modified = time.into();
                }
                if let Some(time) = times.accessed {
                    standard.accessed = time.into();
                }
                if let Some(flags) = attributes {
                    let kept = standard.file_attributes.get() & !SETTABLE;
                    standard.file_attributes = (kept | flags & SETTABLE).into();
                }
            })?;
            // What was set is what stays: a directory's own times do not follow its entries any more.
            editor.touched.remove(&file.number());
            let summary = editor.summary(file.number())?;
            editor.refresh_entries(file.number(), &summary)
        })
    }

    /// Changes `$STANDARD_INFORMATION` in place.
    pub(crate) fn change_standard(
        &mut self,
        base: u64,
        change: impl FnOnce(&mut StandardInformation),
    ) -> EditResult<()> {
        let missing =
            || Error::damaged("file record", 0, "standard information", "none").in_record(base);
        let record = self.record_mut(base)?;
        let offset = record
            .find(ty::STANDARD_INFORMATION, &[])?
            .ok_or_else(missing)?
            .offset;
        let value = record.value_mut(offset)?;
        let (standard, _) = StandardInformation::mut_from_prefix(value).map_err(|_| missing())?;
        change(standard);
        Ok(())
    }

    /// Refuses the files that make the volume what it is: those of fixed number, and all of `$Extend`.
    pub(crate) fn check_not_system(&mut self, file: FileRef) -> EditResult<()> {
        if file.number() < well_known::FIRST_USER || self.is_in_extend(file.number())? {
            return Err(EditError::SystemFile { file });
        }
        Ok(())
    }

    /// Refuses to make names in `$Extend` and below.
    pub(crate) fn check_not_system_directory(&mut self, directory: FileRef) -> EditResult<()> {
        if directory.number() == well_known::ROOT {
            return Ok(());
        }
        self.check_not_system(directory)
    }

    fn is_in_extend(&mut self, base: u64) -> Result<bool> {
        let record = self.record(base)?;
        let flags = record.header().flags.get();
        if flags & (record_flags::EXTEND | record_flags::VIEW_INDEX) != 0 {
            return Ok(true);
        }
        if base >= super::records::FIRST_FOR_FILES {
            return Ok(false);
        }
        // Low numbers only: looking at a name of every file would cost as much as the edit.
        Ok(self
            .names_of(base)?
            .iter()
            .any(|(parent, _)| parent.number() == well_known::EXTEND))
    }
}
