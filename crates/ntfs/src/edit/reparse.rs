//! Reparse data: set, replaced, cleared; `$Extend\$Reparse:$R` and every index entry follow.

use zerocopy::{FromBytes, IntoBytes};

use super::attributes::sizes_of;
use super::build::{self, Id};
use super::error::{EditError, EditResult};
use super::index::Kind;
use super::node::{Key, view_entry};
use super::record_edit::EditRecord;
use super::values::DATA;
use super::{Editor, MOST_REPARSE_DATA};
use crate::device::Device;
use crate::error::{Error, Result};
use crate::file_ref::FileRef;
use crate::layout::{ReparseHeader, ReparseKey, attribute_type as ty, file_attributes};

const REPARSE_POINT: Id<'static> = Id::new(ty::REPARSE_POINT, &[]);
/// The tag is one of Microsoft's: no GUID follows the header.
const MICROSOFT: u32 = 0x8000_0000;
/// The object stands for another one (MS-FSCC 2.1.2.1).
const NAME_SURROGATE: u32 = 0x2000_0000;
/// A directory with this tag may have entries (MS-FSCC 2.1.2.1).
const DIRECTORY_WITH_ENTRIES: u32 = 0x1000_0000;

/// Refuses what is no whole reparse buffer. Gives the tag.
pub(crate) fn check_data(data: &[u8]) -> EditResult<u32> {
    let bad = |reason| EditError::BadReparseData {
        length: data.len(),
        reason,
    };
    let (head, _) = ReparseHeader::read_from_prefix(data)
        .map_err(|_| bad("shorter than its header of 8 bytes"))?;
    if data.len() > MOST_REPARSE_DATA {
        return Err(bad("more than 16384"));
    }
    let tag = head.tag.get();
    if matches!(tag, 0..=2) {
        return Err(bad("the tag is a reserved one"));
    }
    let header = if tag & MICROSOFT != 0 { 8 } else { 24 };
    if header + usize::from(head.data_length.get()) != data.len() {
        return Err(bad("the length in the header is another"));
    }
    Ok(tag)
}

impl<D: Device> Editor<D> {
    /// Gives a file or directory reparse data, in place of those it has. Times of creation and last write,
    /// security and names stay.
    ///
    /// # Errors
    /// [`BadReparseData`](EditError::BadReparseData); [`NotEmpty`](EditError::NotEmpty) where the data would hide
    /// entries or contents; [`HasExtendedAttributes`](EditError::HasExtendedAttributes).
    pub fn set_reparse(&mut self, file: FileRef, data: &[u8]) -> EditResult<()> {
        let tag = check_data(data)?;
        self.base(file)?;
        self.check_not_system(file)?;
        let old = self.reparse_tag(file.number())?;
        if old.is_none() {
            self.check_may_carry(file, tag)?;
        }
        self.reparse_owner()?;
        self.mutate(|editor| {
            editor.store_reparse(file.number(), data)?;
            if old != Some(tag) {
                if let Some(old) = old {
                    editor.drop_reparse_key(old, file)?;
                }
                editor.add_reparse_key(tag, file)?;
            }
            editor.mark_reparse(file.number(), true)
        })
    }

    /// Takes reparse data off and keeps the object.
    ///
    /// # Errors
    /// [`NotAReparsePoint`](EditError::NotAReparsePoint).
    pub fn clear_reparse(&mut self, file: FileRef) -> EditResult<()> {
        self.base(file)?;
        self.check_not_system(file)?;
        let Some(tag) = self.reparse_tag(file.number())? else {
            return Err(EditError::NotAReparsePoint { file });
        };
        self.mutate(|editor| {
            editor.drop_attribute(file.number(), REPARSE_POINT)?;
            editor.drop_reparse_key(tag, file)?;
            editor.mark_reparse(file.number(), false)
        })
    }

    /// The tag of a file's reparse data, if it has any.
    pub(crate) fn reparse_tag(&mut self, base: u64) -> Result<Option<u32>> {
        let Some(place) = self.find(base, REPARSE_POINT)? else {
            return Ok(None);
        };
        let is_resident = self
            .record(place.record)?
            .attribute_at(place.offset)?
            .resident()
            .is_some();
        let bytes = if is_resident {
            let attribute = self.record(place.record)?.attribute_at(place.offset)?;
            attribute.resident().unwrap_or_default().to_vec()
        } else {
            self.value_bytes(base, REPARSE_POINT, 2 * MOST_REPARSE_DATA as u64)?
                .unwrap_or_default()
        };
        let head = ReparseHeader::read_from_prefix(&bytes);
        let (head, _) = head.map_err(|_| {
            Error::damaged("$REPARSE_POINT", 0, "a header of 8 bytes", bytes.len()).in_record(base)
        })?;
        Ok(Some(head.tag.get()))
    }

    /// Links hide what they are put on: an object with entries or contents must not become one.
    fn check_may_carry(&mut self, file: FileRef, tag: u32) -> EditResult<()> {
        let base = file.number();
        for type_code in [ty::EA, ty::EA_INFORMATION] {
            if self.find(base, Id::new(type_code, &[]))?.is_some() {
                return Err(EditError::HasExtendedAttributes { file });
            }
        }
        let hides = if self.base(file)?.is_directory() {
            tag & DIRECTORY_WITH_ENTRIES == 0 && !self.is_empty_directory(file)?
        } else {
            tag & NAME_SURROGATE != 0
                && self.value(base, DATA)?.is_some_and(|data| !data.is_empty())
        };
        if hides {
            Err(EditError::NotEmpty { file })
        } else {
            Ok(())
        }
    }

    /// Stores the data: in the record where they fit, else in clusters.
    fn store_reparse(&mut self, base: u64, data: &[u8]) -> EditResult<()> {
        self.drop_attribute(base, REPARSE_POINT)?;
        let attribute = build::resident(REPARSE_POINT, 0, data);
        if attribute.len() <= self.record(base)?.room() {
            self.insert_attribute(base, &attribute)?;
            return Ok(());
        }
        let extents = self.new_extents(base, data)?;
        if extents.runs.len() > 1 {
            return self.store_extents(base, REPARSE_POINT, &extents);
        }
        let mut runs = Vec::new();
        crate::runs::encode(&extents.runs, &mut runs);
        let attribute = build::non_resident(
            REPARSE_POINT,
            0,
            0..extents.end_vcn(),
            sizes_of(&extents),
            &runs,
        );
        self.insert_attribute(base, &attribute)?;
        Ok(())
    }

    /// Sets or clears the flag in the file's own information, and what every entry repeats of it.
    fn mark_reparse(&mut self, base: u64, is_reparse_point: bool) -> EditResult<()> {
        let now = self.now;
        self.change_standard(base, |standard| {
            let flags = standard.file_attributes.get() & !file_attributes::REPARSE_POINT;
            let flag = if is_reparse_point {
                file_attributes::REPARSE_POINT
            } else {
                0
            };
            standard.file_attributes = (flags | flag).into();
            standard.record_modified = now.into();
        })?;
        let summary = self.summary(base)?;
        self.refresh_entries(base, &summary)
    }

    pub(crate) fn reparse_owner(&mut self) -> EditResult<u64> {
        if let Some(owner) = self.reparse_index {
            return Ok(owner);
        }
        let found = self.extend_file("$Reparse")?;
        let owner = found.ok_or_else(|| Error::NotFound {
            what: "$Extend\\$Reparse".to_owned(),
        })?;
        self.reparse_index = Some(owner);
        Ok(owner)
    }

    pub(crate) fn add_reparse_key(&mut self, tag: u32, file: FileRef) -> EditResult<()> {
        let owner = self.reparse_owner()?;
        let key = ReparseKey {
            tag: tag.into(),
            file: file.raw().into(),
        };
        self.with_index(owner, Kind::Reparse, |editor, index| {
            let (path, found) = editor.search(index, Key::Integers(key.as_bytes()))?;
            if found {
                // Left behind by another driver; it says what is true from now on.
                return Ok(());
            }
            editor.insert_entry(index, path, view_entry(key.as_bytes(), &[], &[]))
        })
    }

    pub(crate) fn drop_reparse_key(&mut self, tag: u32, file: FileRef) -> EditResult<()> {
        let owner = self.reparse_owner()?;
        let key = ReparseKey {
            tag: tag.into(),
            file: file.raw().into(),
        };
        let found = self.with_index(owner, Kind::Reparse, |editor, index| {
            editor.remove_key(index, Key::Integers(key.as_bytes()))
        })?;
        if found {
            return Ok(());
        }
        let expected = format!("tag 0x{tag:08x} of record {file}");
        Err(Error::damaged("$Reparse:$R", 0, expected, "none")
            .in_record(owner)
            .into())
    }
}
