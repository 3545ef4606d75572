//! A file: its base record, the extension records that its attribute list names, and its attributes in order.

use zerocopy::FromBytes;
use zerocopy::little_endian::U16;

use crate::attribute::{Attribute, Body};
use crate::boot::Geometry;
use crate::error::{Error, Result};
use crate::file_ref::FileRef;
use crate::layout::{AttributeListEntry, attribute_type};
use crate::record::Record;
use crate::value::{Extents, Value};

/// The most bytes that an `$ATTRIBUTE_LIST` has on Windows.
pub const MAX_ATTRIBUTE_LIST: u64 = 256 * 1024;

/// A file's records, all of them read.
#[derive(Debug)]
pub struct File {
    records: Vec<Record<Vec<u8>>>,
    /// Where the attributes are: the index of the record, and the offset in it.
    attributes: Vec<(usize, usize)>,
    problems: Vec<Error>,
}

impl File {
    /// A file whose attributes are all in one record.
    pub fn from_base(base: Record<Vec<u8>>) -> Self {
        let mut problems = Vec::new();
        let mut attributes = Vec::new();
        for attribute in base.attributes() {
            match attribute {
                Ok(attribute) => attributes.push((0, attribute.offset)),
                Err(error) => problems.push(error),
            }
        }
        Self {
            records: vec![base],
            attributes,
            problems,
        }
    }

    /// A file with an attribute list, whose value is `list`; `read` gives an extension record.
    ///
    /// What the list names and the records do not have is a [problem](Self::problems), as is an
    /// extension record that cannot be read: the other attributes are there all the same.
    pub fn from_list(
        base: Record<Vec<u8>>,
        list: &[u8],
        mut read: impl FnMut(FileRef) -> Result<Record<Vec<u8>>>,
    ) -> Self {
        let number = base.number();
        let base_ref = base.reference();
        let mut file = Self {
            records: vec![base],
            attributes: Vec::new(),
            problems: Vec::new(),
        };
        // Where each record number is in `records`; `None` for one that could not be read.
        let mut known = std::collections::HashMap::from([(number, Some(0))]);
        for entry in ListEntries::new(list) {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    file.problems.push(error.in_record(number));
                    break;
                }
            };
            let at = *known.entry(entry.record.number()).or_insert_with(|| {
                match read(entry.record).and_then(|record| check_extension(record, base_ref)) {
                    Ok(record) => {
                        file.records.push(record);
                        Some(file.records.len() - 1)
                    }
                    Err(error) => {
                        file.problems.push(error);
                        None
                    }
                }
            });
            if let Some(at) = at {
                file.take(at, &entry);
            }
        }
        file
    }

    /// Finds the attribute that a list entry names.
    fn take(&mut self, at: usize, entry: &ListEntry<'_>) {
        let Some(record) = self.records.get(at) else {
            return;
        };
        let found = record.attributes().flatten().find(|attribute| {
            attribute.instance == entry.instance
                && attribute.type_code == entry.type_code
                && units_eq(attribute.name, entry.name)
        });
        match found {
            Some(attribute) => self.attributes.push((at, attribute.offset)),
            None => self.problems.push(
                Error::damaged(
                    "attribute list entry",
                    entry.offset,
                    format!(
                        "attribute 0x{:x} #{} there",
                        entry.type_code, entry.instance
                    ),
                    format!("none in record {}", record.number()),
                )
                .in_record(self.number()),
            ),
        }
    }

    /// The number of its base record.
    pub fn number(&self) -> u64 {
        self.base().map_or(0, Record::number)
    }

    /// The reference to it.
    pub fn reference(&self) -> FileRef {
        self.base().map_or(FileRef::from_raw(0), Record::reference)
    }

    /// The base record. There always is one.
    pub fn base(&self) -> Option<&Record<Vec<u8>>> {
        self.records.first()
    }

    /// All its records, the base record first.
    pub fn records(&self) -> &[Record<Vec<u8>>] {
        &self.records
    }

    /// Whether it is a directory.
    pub fn is_directory(&self) -> bool {
        self.base().is_some_and(Record::is_directory)
    }

    /// What is wrong with its attribute list and records.
    pub fn problems(&self) -> &[Error] {
        &self.problems
    }

    /// The first of the [`problems`](Self::problems), for who must not go on with one.
    pub fn into_sound(mut self) -> Result<Self> {
        if self.problems.is_empty() {
            Ok(self)
        } else {
            Err(self.problems.swap_remove(0))
        }
    }

    /// Its attributes, in the order of the attribute list where there is one, in that of the record where not.
    pub fn attributes(&self) -> impl Iterator<Item = Attribute<'_>> {
        self.located().map(|(_, attribute)| attribute)
    }

    /// Its attributes with the record in which each is.
    pub fn located(&self) -> impl Iterator<Item = (&Record<Vec<u8>>, Attribute<'_>)> {
        self.attributes.iter().filter_map(|&(at, offset)| {
            let record = self.records.get(at)?;
            Some((record, record.attribute_at(offset).ok()?))
        })
    }

    /// The first attribute of this type and name.
    pub fn find(&self, type_code: u32, name: &[u16]) -> Option<Attribute<'_>> {
        self.attributes()
            .find(|attribute| attribute.is(type_code, name))
    }

    /// The resident values of all attributes of this type, of any name.
    pub fn resident_values(&self, type_code: u32) -> impl Iterator<Item = &[u8]> {
        self.attributes()
            .filter(move |attribute| attribute.type_code == type_code)
            .filter_map(|attribute| attribute.resident())
    }

    /// The value of the attribute of this type and name, its parts joined.
    pub fn value(
        &self,
        geometry: &Geometry,
        type_code: u32,
        name: &[u16],
    ) -> Result<Option<Value>> {
        let mut parts = self.located().filter(|(_, part)| part.is(type_code, name));
        let Some((record, first)) = parts.next() else {
            return Ok(None);
        };
        if let Body::Resident(bytes) = first.body {
            return Ok(Some(Value::Resident(bytes.to_vec())));
        }
        let mut extents = start(record.number(), &first)?;
        append(&mut extents, &first, geometry).map_err(|e| e.in_record(record.number()))?;
        for (record, part) in parts {
            append(&mut extents, &part, geometry).map_err(|e| e.in_record(record.number()))?;
        }
        extents.record = self.number();
        finish(extents, geometry).map(|extents| Some(Value::NonResident(extents)))
    }
}

/// An extension record must name the base record that names it.
fn check_extension(record: Record<Vec<u8>>, base: FileRef) -> Result<Record<Vec<u8>>> {
    if record.base() == Some(base) && record.is_in_use() {
        return Ok(record);
    }
    let expected = format!("base record {base}");
    let actual = record
        .base()
        .map_or("none".to_owned(), |base| base.to_string());
    Err(Error::damaged("extension record", 0x20, expected, actual).in_record(record.number()))
}

fn units_eq(a: &[U16], b: &[U16]) -> bool {
    a.iter().map(|u| u.get()).eq(b.iter().map(|u| u.get()))
}

/// The sizes of a non-resident value, from its first part.
pub(crate) fn start(record: u64, first: &Attribute<'_>) -> Result<Extents> {
    let Some(mapping) = first.non_resident() else {
        return Err(
            Error::damaged("attribute", first.offset + 8, "not resident (1)", 0).in_record(record),
        );
    };
    if mapping.data_size > i64::MAX as u64 || mapping.initialized_size > mapping.data_size {
        let expected = "initialized size <= data size < 2^63";
        let actual = format!("{}, {}", mapping.initialized_size, mapping.data_size);
        let at = first.offset + 0x30;
        return Err(Error::damaged("attribute", at, expected, actual).in_record(record));
    }
    Ok(Extents {
        record,
        runs: Vec::new(),
        allocated_size: mapping.allocated_size,
        data_size: mapping.data_size,
        initialized_size: mapping.initialized_size,
        compression_unit: mapping.compression_unit,
        flags: first.flags,
    })
}

/// Adds the runs of the next part, which must begin where the part before ended.
pub(crate) fn append(
    extents: &mut Extents,
    part: &Attribute<'_>,
    geometry: &Geometry,
) -> Result<()> {
    let Some(mapping) = part.non_resident() else {
        return Err(Error::damaged(
            "attribute",
            part.offset + 8,
            "not resident (1)",
            0,
        ));
    };
    if mapping.lowest_vcn != extents.end_vcn() {
        let expected = format!("virtual cluster {}", extents.end_vcn());
        return Err(Error::damaged(
            "attribute",
            part.offset + 16,
            expected,
            mapping.lowest_vcn,
        ));
    }
    for run in mapping.runs(geometry.clusters) {
        extents.runs.push(run.map_err(|error| {
            error.placed(|offset| crate::Place::Buffer(part.offset as u64 + offset))
        })?);
    }
    Ok(())
}

/// The runs must hold what the sizes claim.
pub(crate) fn finish(extents: Extents, geometry: &Geometry) -> Result<Extents> {
    let cluster = u128::from(geometry.cluster_size);
    let held = u128::from(extents.end_vcn()) * cluster;
    let needed = if extents.is_compressed() {
        0
    } else {
        u128::from(extents.data_size)
    };
    if held < needed || held > i64::MAX as u128 {
        let expected = format!("runs of {needed} bytes");
        return Err(Error::damaged("data runs", 0, expected, held).in_record(extents.record));
    }
    Ok(extents)
}

/// An entry of `$ATTRIBUTE_LIST`.
#[derive(Debug, Clone, Copy)]
pub struct ListEntry<'a> {
    /// Where it begins in the list.
    pub offset: usize,
    /// The type of the attribute.
    pub type_code: u32,
    /// Its name.
    pub name: &'a [U16],
    /// The first virtual cluster of its runs.
    pub lowest_vcn: u64,
    /// The record that has it.
    pub record: FileRef,
    /// Its instance number there.
    pub instance: u16,
}

/// The entries of an attribute list. After an error it ends.
#[derive(Debug, Clone)]
pub struct ListEntries<'a> {
    list: &'a [u8],
    offset: usize,
}

impl<'a> ListEntries<'a> {
    /// Over the value of an `$ATTRIBUTE_LIST`.
    pub fn new(list: &'a [u8]) -> Self {
        Self { list, offset: 0 }
    }

    fn parse(&self) -> Result<Option<(ListEntry<'a>, usize)>> {
        let rest = self.list.get(self.offset..).unwrap_or_default();
        if rest.is_empty() {
            return Ok(None);
        }
        let wrong = |at: usize, expected: String, actual: usize| {
            Error::damaged("attribute list", self.offset + at, expected, actual)
        };
        let Ok((entry, _)) = AttributeListEntry::read_from_prefix(rest) else {
            return Err(wrong(0, "an entry of 26 bytes".to_owned(), rest.len()));
        };
        let length = usize::from(entry.length.get());
        let name_end = usize::from(entry.name_offset) + 2 * usize::from(entry.name_length);
        let bytes = rest
            .get(..length)
            .filter(|_| length % 8 == 0 && length >= 0x20);
        let Some(bytes) = bytes else {
            let expected = format!("a length of 32 to {}, a multiple of 8", rest.len());
            return Err(wrong(4, expected, length));
        };
        let name = match entry.name_length {
            0 => Some(&[][..]),
            _ => bytes
                .get(usize::from(entry.name_offset)..name_end)
                .and_then(|name| <[U16]>::ref_from_bytes(name).ok()),
        };
        let Some(name) = name else {
            return Err(wrong(6, format!("a name within {length} bytes"), name_end));
        };
        let entry = ListEntry {
            offset: self.offset,
            type_code: entry.type_code.get(),
            name,
            lowest_vcn: entry.lowest_vcn.get(),
            record: FileRef::from_raw(entry.record.get()),
            instance: entry.instance.get(),
        };
        Ok(Some((entry, length)))
    }
}

impl<'a> Iterator for ListEntries<'a> {
    type Item = Result<ListEntry<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.parse() {
            Ok(Some((entry, length))) => {
                self.offset += length;
                Some(Ok(entry))
            }
            Ok(None) => None,
            Err(error) => {
                self.list = &[];
                Some(Err(error))
            }
        }
    }
}

/// Whether a file with this base record has its attributes elsewhere too.
pub(crate) fn attribute_list<'a>(base: &'a Record<Vec<u8>>) -> Result<Option<Attribute<'a>>> {
    base.find(attribute_type::ATTRIBUTE_LIST, &[])
}
