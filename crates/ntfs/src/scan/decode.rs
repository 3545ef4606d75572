//! From file records to rows.

use zerocopy::FromBytes;
use zerocopy::FromZeros;

use super::Ask;
use super::catalog::name_count;
use super::columns::{Columns, FileRow, NameRow, Span};
use crate::attribute::{Attribute, Body};
use crate::error::Result;
use crate::file::File;
use crate::file_name::FileNameView;
use crate::layout::{StandardInformation, attribute_type, file_attributes, namespace};
use crate::record::Record;

/// What came of a record.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// All there is to know of it is in the columns, or was not asked for.
    Done,
    /// What was asked for may lie outside of the record: in extension records or in clusters.
    Elsewhere,
}

/// What the attributes of one file told.
struct Draft {
    standard: StandardInformation,
    size: u64,
    reparse: Option<Span>,
    has_list: bool,
    elsewhere: bool,
}

impl Draft {
    fn new() -> Self {
        Self {
            standard: StandardInformation::new_zeroed(),
            size: 0,
            reparse: None,
            has_list: false,
            elsewhere: false,
        }
    }

    /// Whether the file attributes tell of reparse data.
    fn is_flagged(&self) -> bool {
        self.standard.file_attributes.get() & file_attributes::REPARSE_POINT != 0
    }

    /// Whether what comes after the names is of use: a size or reparse data. Mostly it is not.
    fn needs_more(&self, record: &Record<&[u8]>, names: &[NameRow], ask: Ask) -> bool {
        self.is_flagged() || ask.hard_links && names.len() > 1 && !record.is_directory()
    }

    fn take(&mut self, attribute: &Attribute<'_>, columns: &mut Columns) -> Result<()> {
        match attribute.type_code {
            attribute_type::STANDARD_INFORMATION => {
                let value = attribute.resident().unwrap_or_default();
                if let Ok((standard, _)) = StandardInformation::read_from_prefix(value) {
                    self.standard = standard;
                }
            }
            attribute_type::ATTRIBUTE_LIST => self.has_list = true,
            attribute_type::FILE_NAME => {
                let value = attribute.expect_resident("$FILE_NAME")?;
                columns.push_name(&FileNameView::parse(value)?);
            }
            attribute_type::DATA if attribute.name.is_empty() => match attribute.body {
                Body::Resident(value) => self.size = value.len() as u64,
                Body::NonResident(mapping) if mapping.lowest_vcn == 0 => {
                    self.size = mapping.data_size;
                }
                Body::NonResident(_) => {}
            },
            attribute_type::REPARSE_POINT => match attribute.body {
                Body::Resident(data) => self.reparse = Some(columns.push_reparse(data)),
                Body::NonResident(_) => self.elsewhere = true,
            },
            _ => {}
        }
        Ok(())
    }
}

impl Columns {
    /// Takes a record that is in use and that is no extension record.
    pub(super) fn take(&mut self, record: &Record<&[u8]>, ask: Ask) -> Taken {
        let mark = self.mark();
        let mut draft = Draft::new();
        for attribute in record.attributes() {
            let taken = attribute.and_then(|attribute| {
                let behind = attribute.type_code > attribute_type::REPARSE_POINT
                    || attribute.type_code > attribute_type::FILE_NAME
                        && !draft.needs_more(record, self.names_since(mark), ask);
                if !behind {
                    draft.take(&attribute, self)?;
                }
                Ok(behind)
            });
            match taken {
                Ok(false) => {}
                Ok(true) => break,
                Err(error) => {
                    self.failures.push(error.in_record(record.number()));
                    break;
                }
            }
        }
        let several = record.header().link_count.get() > 1;
        let flagged = draft.is_flagged();
        let long = |row: &NameRow| row.namespace != namespace::DOS;
        let nameless = record.is_directory() && !self.names_since(mark).iter().any(long);
        if draft.elsewhere || draft.has_list && (several || flagged || nameless) {
            self.reset(mark);
            return Taken::Elsewhere;
        }
        self.keep(record, &draft, mark, ask);
        Taken::Done
    }

    /// Takes a file with all of its records.
    pub(super) fn take_file(
        &mut self,
        file: &File,
        reparse: Option<&[u8]>,
        ask: Ask,
    ) -> Result<()> {
        let mark = self.mark();
        let mut draft = Draft::new();
        for (_, attribute) in file.located() {
            if attribute.type_code < attribute_type::REPARSE_POINT {
                draft.take(&attribute, self)?;
            }
        }
        draft.reparse = reparse.map(|data| self.push_reparse(data));
        if let Some(base) = file.base() {
            let base = Record::new(base.number(), base.bytes())?;
            self.keep(&base, &draft, mark, ask);
        }
        Ok(())
    }

    /// Makes rows of what was asked for, and forgets the rest.
    fn keep(
        &mut self,
        record: &Record<&[u8]>,
        draft: &Draft,
        mark: super::columns::Mark,
        ask: Ask,
    ) {
        let names = self.names_since(mark);
        let is_directory = record.is_directory();
        let wanted = ask.reparse_points && draft.reparse.is_some()
            || ask.hard_links && !is_directory && names.len() > 1 && name_count(names) > 1;
        if is_directory {
            let tag = draft.reparse.map_or(0, |span| tag(span.of(&self.reparse)));
            self.push_directory(record.reference(), tag, mark);
        }
        if wanted {
            self.files.push(FileRow {
                reference: record.reference(),
                is_directory,
                standard: draft.standard,
                size: draft.size,
                names: self.span_since(mark),
                reparse: draft.reparse,
            });
        } else if is_directory {
            self.reset_but_text(mark); // the directory's row has its name there
        } else {
            self.reset(mark);
        }
    }
}

/// The reparse tag that reparse data begin with; 0, which is no tag, where they are too short.
pub(super) fn tag(data: &[u8]) -> u32 {
    data.first_chunk().map_or(0, |tag| u32::from_le_bytes(*tag))
}
