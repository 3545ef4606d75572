//! Names of files: more of them.

use super::build::{self, Id};
use super::error::{EditError, EditResult};
use super::names::{Summary, namespace_of};
use super::record_edit::EditRecord;
use super::values::DATA;
use super::{Editor, MOST_NAMES};
use crate::attribute::Body;
use crate::device::Device;
use crate::error::{Error, Result};
use crate::file_name::FileNameView;
use crate::file_ref::FileRef;
use crate::layout::{attribute_type as ty, file_attributes, namespace, record_flags};

pub(crate) const FILE_NAME: Id<'static> = Id::new(ty::FILE_NAME, &[]);

/// How many names a file has that were counted. Good while its link count says the same.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counted {
    all: u16,
    long: usize,
}

impl<D: Device> Editor<D> {
    /// Gives a file one more name.
    ///
    /// # Errors
    /// [`TooManyLinks`](EditError::TooManyLinks) at 1024 names, [`IsADirectory`](EditError::IsADirectory),
    /// and as [`create_dir`](Self::create_dir).
    pub fn link(&mut self, file: FileRef, parent: FileRef, name: &[u16]) -> EditResult<()> {
        if self.base(file)?.is_directory() {
            return Err(EditError::IsADirectory { file });
        }
        self.check_not_system(file)?;
        self.check_not_system_directory(parent)?;
        self.expect_free(parent, name)?;
        let names = self.count_names(file.number())?;
        if names >= MOST_NAMES {
            return Err(EditError::TooManyLinks { file, names });
        }
        self.mutate(|editor| {
            let now = editor.now;
            editor.change_standard(file.number(), |standard| {
                standard.record_modified = now.into();
            })?;
            let summary = editor.summary(file.number())?;
            let file_name = summary.file_name(parent, name, namespace_of(name));
            editor.add_name(file.number(), &file_name)?;
            editor.add_entry(parent, file, &file_name)
        })
    }

    /// The names of a file, 8.3 names left out. Refuses a file whose link count is another: one of the two
    /// is wrong, and going on could lose the file. Those of a file that was counted are counted along.
    pub(crate) fn count_names(&mut self, base: u64) -> Result<usize> {
        let stored = self.record(base)?.header().link_count.get();
        if let Some(counted) = self.counted.get(&base) {
            if counted.all == stored {
                return Ok(counted.long);
            }
        }
        let places = self.find_all(base, FILE_NAME)?;
        if places.len() != usize::from(stored) {
            let expected = format!("a link count of {}", places.len());
            return Err(Error::damaged("file record", 0x12, expected, stored).in_record(base));
        }
        let mut long = 0;
        for place in places {
            let attribute = self.record(place.record)?.attribute_at(place.offset)?;
            let view = attribute
                .expect_resident("$FILE_NAME")
                .and_then(FileNameView::parse);
            long += usize::from(!view.map_err(|e| e.in_record(place.record))?.is_dos());
        }
        if self.record(base)?.has_attribute_list()? {
            self.counted.insert(base, Counted { all: stored, long });
        }
        Ok(long)
    }

    /// Adds a `$FILE_NAME` to a file's records.
    pub(crate) fn add_name(&mut self, base: u64, file_name: &[u8]) -> EditResult<()> {
        let attribute = build::resident(FILE_NAME, 0, file_name);
        self.insert_attribute(base, &attribute)?;
        self.record_mut(base)?.change_header(|header| {
            header.link_count = (header.link_count.get() + 1).into();
        });
        let is_long = !FileNameView::parse(file_name)?.is_dos();
        if let Some(counted) = self.counted.get_mut(&base) {
            counted.all += 1;
            counted.long += usize::from(is_long);
        }
        Ok(())
    }

    /// Takes a `$FILE_NAME` away from a file's records.
    pub(crate) fn drop_name(&mut self, base: u64, parent: FileRef, name: &[u16]) -> EditResult<()> {
        let mut is_long = false;
        let found = self.find_where(base, ty::FILE_NAME, |attribute| {
            let view = FileNameView::parse(attribute.expect_resident("$FILE_NAME")?)?;
            is_long = !view.is_dos();
            Ok(view.parent() == parent && view.units().eq(name.iter().copied()))
        })?;
        let Some(place) = found else {
            let expected = format!("the name {:?} in {parent}", super::names::text(name));
            let missing = Error::damaged("file record", 0, expected, "none");
            return Err(missing.in_record(base).into());
        };
        self.remove_attribute(base, place)?;
        self.record_mut(base)?.change_header(|header| {
            header.link_count = header.link_count.get().saturating_sub(1).into();
        });
        if let Some(counted) = self.counted.get_mut(&base) {
            counted.all = counted.all.saturating_sub(1);
            counted.long = counted.long.saturating_sub(usize::from(is_long));
        }
        Ok(())
    }

    /// The other half of a long and short pair of names in one directory.
    pub(crate) fn partner(
        &mut self,
        base: u64,
        parent: FileRef,
        of: u8,
    ) -> Result<Option<Vec<u16>>> {
        let wanted = match of {
            namespace::WIN32 => namespace::DOS,
            namespace::DOS => namespace::WIN32,
            _ => return Ok(None),
        };
        for place in self.find_all(base, FILE_NAME)? {
            let attribute = self.record(place.record)?.attribute_at(place.offset)?;
            let view = FileNameView::parse(attribute.expect_resident("$FILE_NAME")?)?;
            if view.parent() == parent && view.header.namespace == wanted {
                return Ok(Some(view.to_vec()));
            }
        }
        Ok(None)
    }

    /// What entries repeat of a file, from its records.
    pub(crate) fn summary(&mut self, base: u64) -> Result<Summary> {
        let standard = self.standard(base)?.base;
        let is_directory = self.record(base)?.is_directory();
        let (allocated, size) = if is_directory {
            (0, 0)
        } else {
            self.data_sizes(base)?
        };
        let mut attributes = standard.file_attributes.get();
        if is_directory {
            attributes |= file_attributes::DIRECTORY;
        }
        if self.record(base)?.header().flags.get() & record_flags::VIEW_INDEX != 0 {
            attributes |= file_attributes::VIEW_INDEX;
        }
        let is_reparse_point = attributes & file_attributes::REPARSE_POINT != 0;
        let tag = if is_reparse_point {
            self.reparse_tag(base)?.unwrap_or(0)
        } else {
            0
        };
        let times = [
            standard.created,
            standard.modified,
            standard.record_modified,
            standard.accessed,
        ];
        Ok(Summary {
            times: times.map(|t| t.get()),
            allocated,
            size,
            attributes,
            tag,
        })
    }

    fn data_sizes(&mut self, base: u64) -> Result<(u64, u64)> {
        let Some(place) = self.find(base, DATA)? else {
            return Ok((0, 0));
        };
        let attribute = self.record(place.record)?.attribute_at(place.offset)?;
        Ok(match attribute.body {
            Body::Resident(value) => ((value.len() as u64).next_multiple_of(8), value.len() as u64),
            Body::NonResident(mapping) => (
                mapping.total_size.unwrap_or(mapping.allocated_size),
                mapping.data_size,
            ),
        })
    }
}
