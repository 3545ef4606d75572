//! Making directories and files.

use zerocopy::{FromZeros, IntoBytes};

use super::Editor;
use super::attributes::sizes_of;
use super::build::{self, Id};
use super::copy::Feed;
use super::error::EditResult;
use super::index::Kind;
use super::names::{Summary, namespace_of};
use super::record_edit::EditRecord;
use super::values::DATA;
use crate::device::Device;
use crate::file_ref::FileRef;
use crate::layout::{
    StandardInformation, StandardInformationTail, attribute_type as ty, file_attributes,
    record_flags,
};
use crate::value::Extents;

/// Contents of up to so many bytes are gathered like any other edit.
const SMALL: u64 = 64 << 10;

/// What is made.
enum What<'a> {
    Directory,
    File(&'a [u8]),
    /// So many bytes of a reader.
    Streamed(u64, Feed<'a>),
}

impl<D: Device> Editor<D> {
    /// Makes an empty directory.
    ///
    /// # Errors
    /// [`Exists`](super::EditError::Exists), [`NotADirectory`](super::EditError::NotADirectory),
    /// [`BadName`](super::EditError::BadName), [`Full`](super::EditError::Full).
    pub fn create_dir(&mut self, parent: FileRef, name: &[u16]) -> EditResult<FileRef> {
        self.create(parent, name, &mut What::Directory)
    }

    /// Makes a file with these contents: in its record where they fit, else in clusters.
    ///
    /// # Errors
    /// As [`create_dir`](Self::create_dir).
    pub fn create_file(
        &mut self,
        parent: FileRef,
        name: &[u16],
        contents: &[u8],
    ) -> EditResult<FileRef> {
        self.create(parent, name, &mut What::File(contents))
    }

    /// Makes a file with `size` bytes of `reader`. What does not fit into the record goes to its clusters piece by
    /// piece: little of it is ever in memory.
    ///
    /// # Errors
    /// As [`create_dir`](Self::create_dir), and [`Contents`](super::EditError::Contents) where the reader fails or
    /// ends early.
    pub fn create_file_from(
        &mut self,
        parent: FileRef,
        name: &[u16],
        size: u64,
        reader: &mut dyn std::io::Read,
    ) -> EditResult<FileRef> {
        if size > SMALL {
            return self.create_streamed(parent, name, size, Feed::Reader(reader));
        }
        let mut contents = vec![0; size as usize];
        reader
            .read_exact(&mut contents)
            .map_err(super::EditError::Contents)?;
        self.create_file(parent, name, &contents)
    }

    /// Makes a file or a directory that carries reparse data from its first moment.
    ///
    /// # Errors
    /// As [`create_dir`](Self::create_dir), and [`BadReparseData`](super::EditError::BadReparseData).
    pub fn create_reparse_point(
        &mut self,
        parent: FileRef,
        name: &[u16],
        directory: bool,
        data: &[u8],
    ) -> EditResult<FileRef> {
        super::reparse::check_data(data)?;
        let mut what = if directory {
            What::Directory
        } else {
            What::File(&[])
        };
        // Where there is no index of reparse points, not even a plain file is to be left.
        self.reparse_owner()?;
        let file = self.create(parent, name, &mut what)?;
        let set = self.set_reparse(file, data);
        self.spoiled |= set.is_err();
        set.map(|()| file)
    }

    pub(super) fn create_streamed(
        &mut self,
        parent: FileRef,
        name: &[u16],
        size: u64,
        feed: Feed<'_>,
    ) -> EditResult<FileRef> {
        self.create(parent, name, &mut What::Streamed(size, feed))
    }

    fn create(
        &mut self,
        parent: FileRef,
        name: &[u16],
        what: &mut What<'_>,
    ) -> EditResult<FileRef> {
        self.expect_free(parent, name)?;
        self.check_not_system_directory(parent)?;
        let is_directory = matches!(what, What::Directory);
        self.mutate(|editor| {
            let security = editor.inherited_security(parent.number(), is_directory)?;
            let flags = if is_directory {
                record_flags::DIRECTORY
            } else {
                0
            };
            let file = editor.claim_record(flags, None)?;
            let summary = editor.fill_new(file, parent, name, what, security)?;
            let file_name = summary.file_name(parent, name, namespace_of(name));
            editor.add_entry(parent, file, &file_name)?;
            Ok(file)
        })
    }

    /// Gives a new record its attributes.
    fn fill_new(
        &mut self,
        file: FileRef,
        parent: FileRef,
        name: &[u16],
        what: &mut What<'_>,
        security: u32,
    ) -> EditResult<Summary> {
        let is_directory = matches!(what, What::Directory);
        let attributes = if is_directory {
            0
        } else {
            file_attributes::ARCHIVE
        };
        let mut summary = Summary {
            times: [self.now; 4],
            allocated: 0,
            size: 0,
            attributes: attributes
                | if is_directory {
                    file_attributes::DIRECTORY
                } else {
                    0
                },
            tag: 0,
        };
        let number = file.number();
        let standard = standard_information(self.now, attributes, security);
        self.insert_attribute(
            number,
            &build::resident(Id::new(ty::STANDARD_INFORMATION, &[]), 0, &standard),
        )?;
        // The sizes in a record's own copy are those of the moment when the name was made: none yet.
        let file_name = summary.file_name(parent, name, namespace_of(name));
        self.insert_attribute(
            number,
            &build::resident(Id::new(ty::FILE_NAME, &[]), 0, &file_name),
        )?;
        match what {
            What::Directory => {
                let root = self.empty_index_root(Kind::Names);
                self.insert_attribute(
                    number,
                    &build::resident(Kind::Names.id(ty::INDEX_ROOT), 0, &root),
                )?;
            }
            What::File(contents) => {
                let (allocated, size) = self.put_contents(number, contents)?;
                (summary.allocated, summary.size) = (allocated, size);
            }
            What::Streamed(size, feed) => {
                let allocated = self.put_streamed(number, *size, feed)?;
                (summary.allocated, summary.size) = (allocated, *size);
            }
        }
        self.record_mut(number)?
            .change_header(|header| header.link_count = 1.into());
        Ok(summary)
    }

    /// Gives a file without data its unnamed data. Gives the sizes that its entries repeat.
    pub(crate) fn put_contents(&mut self, number: u64, contents: &[u8]) -> EditResult<(u64, u64)> {
        let size = contents.len() as u64;
        let resident_len = build::resident(DATA, 0, &[]).len() + contents.len().next_multiple_of(8);
        if resident_len <= self.record(number)?.room() {
            self.insert_attribute(number, &build::resident(DATA, 0, contents))?;
            return Ok((size.next_multiple_of(8), size));
        }
        let extents = self.new_extents(number, contents)?;
        self.put_extents(number, &extents)?;
        Ok((extents.allocated_size, size))
    }

    /// Gives a file without data these clusters as its unnamed data.
    pub(crate) fn put_extents(&mut self, number: u64, extents: &Extents) -> EditResult<()> {
        if extents.runs.len() > 1 {
            return self.store_extents(number, DATA, extents);
        }
        let mut runs = Vec::new();
        crate::runs::encode(&extents.runs, &mut runs);
        let attribute =
            build::non_resident(DATA, 0, 0..extents.end_vcn(), sizes_of(extents), &runs);
        self.insert_attribute(number, &attribute)?;
        Ok(())
    }
}

fn standard_information(now: u64, attributes: u32, security: u32) -> Vec<u8> {
    let mut base = StandardInformation::new_zeroed();
    base.created = now.into();
    base.modified = now.into();
    base.record_modified = now.into();
    base.accessed = now.into();
    base.file_attributes = attributes.into();
    let mut tail = StandardInformationTail::new_zeroed();
    tail.security_id = security.into();
    [base.as_bytes(), tail.as_bytes()].concat()
}
