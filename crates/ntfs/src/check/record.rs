//! The pass over `$MFT`: every record by itself.

use zerocopy::FromBytes;

use super::columns::{NameRow, bit};
use super::{Checker, Code, Finding, Flow, GO_ON, Subject};
use crate::attribute::{Attribute, Body, NonResident};
use crate::device::Device;
use crate::file_name::FileNameView;
use crate::file_ref::FileRef;
use crate::layout::{
    RecordHeader, attribute_flags, attribute_type, file_attributes, record_flags, well_known,
};
use crate::record::Record;
use crate::tree::Standard;

/// Bytes of `$MFT` that are read at once.
const BLOCK: usize = 1 << 22;
/// The most names of a file (Windows; error 1142 above).
const MAX_NAMES: u16 = 1024;

impl<D: Device, V: FnMut(Finding) -> Flow> Checker<'_, D, V> {
    /// Reads every record and fills the columns.
    pub(super) fn scan_records(&mut self) -> Flow {
        let size = self.volume.geometry().record_size as usize;
        let (count, step) = (self.columns.len(), (BLOCK / size) as u64);
        let mut block = vec![0; BLOCK / size * size];
        let mut first = 0;
        while first < count {
            let records = step.min(count - first);
            let bytes = block.get_mut(..records as usize * size).unwrap_or_default();
            if let Err(error) = self.volume.read_record(first, bytes) {
                for number in first..first + records {
                    self.columns.set(number, bit::UNREADABLE);
                }
                self.tell_error(Code::RecordUnreadable, first, &error)?;
            } else {
                for (number, bytes) in (first..).zip(bytes.chunks_exact_mut(size)) {
                    self.scan(number, bytes)?;
                }
            }
            first += records;
        }
        GO_ON
    }

    pub(super) fn scan(&mut self, number: u64, bytes: &mut [u8]) -> Flow {
        let marked = match self.marks.get(self.volume, number) {
            Ok(marked) => marked,
            Err(error) => return self.tell_error(Code::RecordUnreadable, number, &error),
        };
        let header = RecordHeader::read_from_prefix(bytes)
            .ok()
            .map(|(header, _)| header);
        let claims = header.is_some_and(|header| {
            header.flags.get() & record_flags::IN_USE != 0
                && header.multi_sector.signature == *b"FILE"
        });
        if !marked && !claims {
            return GO_ON;
        }
        let record = match Record::from_disk(number, bytes) {
            Ok(record) => record,
            Err(error) => {
                self.columns.set(number, bit::UNREADABLE);
                return self.tell_error(Code::RecordUnreadable, number, &error);
            }
        };
        let header = record.header();
        self.columns
            .put(|c| &mut c.sequence, number, |_| header.sequence.get());
        if !record.is_in_use() {
            return self.tell(Code::RecordBitmapSet, number, "marked used, but not in use");
        }
        self.summary.records += 1;
        self.columns.set(number, bit::IN_USE);
        if !marked {
            self.tell(Code::RecordBitmapClear, number, "in use, but marked free")?;
        }
        self.scan_header(&record)?;
        let owner = match record.base() {
            None => number,
            Some(base) => {
                self.columns.set(number, bit::EXTENSION);
                self.extensions.push((number, base.number()));
                base.number()
            }
        };
        self.scan_attributes(&record, owner)
    }

    fn scan_header(&mut self, record: &Record<&mut [u8]>) -> Flow {
        let (number, header) = (record.number(), record.header());
        if record.base().is_none() {
            self.columns
                .put(|c| &mut c.stated, number, |_| header.link_count.get());
            if record.is_directory() {
                self.columns.set(number, bit::DIRECTORY);
                self.summary.directories += 1;
            }
            if header.flags.get() & record_flags::VIEW_INDEX != 0 {
                self.columns.set(number, bit::VIEW);
            }
        }
        // NTFS 3.0 has no number in the header, and its update sequence comes earlier.
        let has_number = header.multi_sector.update_sequence_offset.get() >= 0x30;
        if has_number && u64::from(header.number.get()) != number & 0xFFFF_FFFF {
            let words = format!("it calls itself record {}", header.number.get());
            self.tell(Code::RecordHeader, number, words)?;
        }
        if header.sequence.get() == 0 {
            self.tell(Code::RecordHeader, number, "its sequence number is 0")?;
        }
        GO_ON
    }

    fn scan_attributes(&mut self, record: &Record<&mut [u8]>, owner: u64) -> Flow {
        let number = record.number();
        let (mut before, mut end) = (0, usize::from(record.header().first_attribute.get()));
        let mut instances = Instances::default();
        for attribute in record.attributes() {
            let attribute = match attribute {
                Ok(attribute) => attribute,
                Err(error) => return self.tell_error(Code::AttributeBad, number, &error),
            };
            if attribute.type_code < before {
                let words = format!("type 0x{:x} after 0x{before:x}", attribute.type_code);
                self.tell(Code::AttributeOrder, number, words)?;
            }
            if !instances.insert(attribute.instance) {
                let words = format!("instance {} twice", attribute.instance);
                self.tell(Code::AttributeInstance, number, words)?;
            }
            before = attribute.type_code;
            end = attribute.offset + attribute.bytes.len();
            self.scan_attribute(number, owner, &attribute)?;
        }
        let used = record.header().bytes_in_use.get() as usize;
        if used != end + 8 {
            let words = format!("{used} bytes in use, but its attributes end at {end}");
            self.tell(Code::RecordHeader, number, words)?;
        }
        GO_ON
    }

    fn scan_attribute(&mut self, number: u64, owner: u64, attribute: &Attribute<'_>) -> Flow {
        if let Body::NonResident(mapping) = attribute.body {
            self.scan_runs(number, attribute, &mapping)?;
        }
        let unnamed = attribute.name.is_empty();
        match attribute.type_code {
            attribute_type::STANDARD_INFORMATION => self.scan_standard(owner, attribute),
            attribute_type::FILE_NAME => self.scan_name(number, owner, attribute),
            attribute_type::ATTRIBUTE_LIST => {
                self.columns.set(owner, bit::HAS_LIST);
                GO_ON
            }
            attribute_type::DATA if unnamed => {
                self.scan_data(owner, attribute);
                GO_ON
            }
            attribute_type::REPARSE_POINT if unnamed => self.scan_reparse(owner, attribute),
            _ => GO_ON,
        }
    }

    fn scan_standard(&mut self, owner: u64, attribute: &Attribute<'_>) -> Flow {
        let standard = attribute
            .expect_resident("$STANDARD_INFORMATION")
            .and_then(Standard::parse);
        match standard {
            Ok(standard) => {
                let security = standard.tail.map_or(0, |tail| tail.security_id.get());
                self.columns.set(owner, bit::STANDARD);
                self.columns.put(|c| &mut c.security, owner, |_| security);
                let flags = standard.base.file_attributes.get();
                self.columns.put(|c| &mut c.attributes, owner, |_| flags);
                GO_ON
            }
            Err(error) => self.tell_error(Code::AttributeBad, owner, &error.in_record(owner)),
        }
    }

    fn scan_name(&mut self, number: u64, owner: u64, attribute: &Attribute<'_>) -> Flow {
        self.columns
            .put(|c| &mut c.counted, owner, |count| count.saturating_add(1));
        let value = attribute.expect_resident("$FILE_NAME");
        match value.and_then(FileNameView::parse) {
            Ok(name) => {
                self.names.push(NameRow::new(owner, &name));
                GO_ON
            }
            Err(error) => self.tell_error(Code::NameBad, owner, &error.in_record(number)),
        }
    }

    /// What index entries repeat: the size, and the bytes that are allocated, a resident value's rounded up to 8.
    fn scan_data(&mut self, owner: u64, attribute: &Attribute<'_>) {
        let (size, allocated) = match attribute.body {
            Body::Resident(value) => {
                let length = value.len() as u64;
                (length, length.next_multiple_of(8))
            }
            Body::NonResident(mapping) if mapping.lowest_vcn == 0 => (
                mapping.data_size,
                mapping.total_size.unwrap_or(mapping.allocated_size),
            ),
            Body::NonResident(_) => return,
        };
        self.columns.set(owner, bit::DATA);
        self.columns.put(|c| &mut c.size, owner, |_| size);
        self.columns.put(|c| &mut c.allocated, owner, |_| allocated);
    }

    /// The runs: within the volume, as long as the header says, and of nobody else.
    fn scan_runs(
        &mut self,
        number: u64,
        attribute: &Attribute<'_>,
        mapping: &NonResident<'_>,
    ) -> Flow {
        let (mut end, mut held) = (mapping.lowest_vcn, 0);
        let name = || {
            format!(
                "attribute 0x{:x} #{}",
                attribute.type_code, attribute.instance
            )
        };
        for run in mapping.runs(self.volume.geometry().clusters) {
            let run = match run {
                Ok(run) => run,
                Err(error) => {
                    return self.tell_error(Code::RunsBad, number, &error.in_record(number));
                }
            };
            end = run.end_vcn();
            let Some(lcn) = run.lcn else { continue };
            held += run.length;
            self.summary.clusters += run.length;
            if let Some(taken) = self.clusters.set_row(lcn, run.length) {
                let words = format!("{}: cluster {taken} is another value's too", name());
                self.tell(Code::ClusterTwice, number, words)?;
            }
        }
        if end != mapping.highest_vcn.wrapping_add(1) {
            let words = format!(
                "{}: the runs end at cluster {end}, its header says {}",
                name(),
                mapping.highest_vcn.wrapping_add(1)
            );
            return self.tell(Code::RunsBad, number, words);
        }
        match self.wrong_sizes(attribute, mapping, end, held) {
            None => GO_ON,
            Some(words) => self.tell(Code::SizeBad, number, format!("{}: {words}", name())),
        }
    }

    /// The sizes stand in the first part only; allocated are the clusters of all parts, so that it is
    /// compared where there is one part (it holds them all) and bounded below where not.
    fn wrong_sizes(
        &self,
        attribute: &Attribute<'_>,
        mapping: &NonResident<'_>,
        end: u64,
        held: u64,
    ) -> Option<String> {
        if mapping.lowest_vcn != 0 {
            return None;
        }
        let cluster = u64::from(self.volume.geometry().cluster_size);
        let (data, initialized) = (mapping.data_size, mapping.initialized_size);
        let allocated = mapping.allocated_size;
        if initialized > data || data > allocated {
            return Some(format!(
                "initialized {initialized}, size {data}, allocated {allocated} must not descend"
            ));
        }
        let spanned = end.saturating_mul(cluster);
        if allocated % cluster != 0 || allocated < spanned {
            return Some(format!(
                "allocated {allocated}, but its runs hold {spanned}"
            ));
        }
        let sparse = attribute_flags::COMPRESSION_MASK | attribute_flags::SPARSE;
        let total = mapping.total_size.filter(|_| attribute.flags & sparse != 0);
        total
            .filter(|total| allocated == spanned && *total != held.saturating_mul(cluster))
            .map(|total| format!("total {total}, but it holds {held} clusters of {cluster}"))
    }

    /// What can be said of each record once all are known.
    pub(super) fn check_records(&mut self) -> Flow {
        for number in 0..self.columns.len() {
            if self.columns.is_file(number) {
                self.check_record(number)?;
            }
        }
        GO_ON
    }

    /// What can be said of one file once all its records are known.
    pub(super) fn check_record(&mut self, number: u64) -> Flow {
        self.check_links(number)?;
        let flag =
            self.columns.get(|c| &c.attributes, number) & file_attributes::REPARSE_POINT != 0;
        let has = self.columns.has(number, bit::REPARSE);
        if flag != has {
            let words = match has {
                true => "it has reparse data, and its file attributes lack 0x400",
                false => "its file attributes have 0x400, and it has no reparse data",
            };
            self.tell_about(Code::ReparseFlag, number, words, Subject::HasReparse(has))?;
        }
        // Records 12 to 23 are kept for later versions: what they hold is up to the formatter.
        let reserved = (12..well_known::FIRST_USER).contains(&number);
        if !self.columns.has(number, bit::STANDARD) && !reserved {
            self.tell(
                Code::AttributeMissing,
                number,
                "it has no $STANDARD_INFORMATION",
            )?;
        }
        GO_ON
    }

    fn check_links(&mut self, number: u64) -> Flow {
        let stated = self.columns.get(|c| &c.stated, number);
        let counted = self.columns.get(|c| &c.counted, number);
        if stated != counted {
            let words = format!("it states {stated} names and has {counted}");
            let subject = Subject::Links { stated, counted };
            self.tell_about(Code::LinkCount, number, words, subject)?;
        }
        let reserved = (12..well_known::FIRST_USER).contains(&number);
        if counted == 0 && !reserved {
            self.tell(Code::NameMissing, number, "it has no $FILE_NAME")?;
        }
        if counted > MAX_NAMES {
            let words = format!("it has {counted} names, {MAX_NAMES} are allowed");
            self.tell(Code::NameTooMany, number, words)?;
        }
        GO_ON
    }

    /// A reference as messages show it: whether it is there.
    pub(super) fn describe(&self, file: FileRef) -> String {
        let number = file.number();
        if self.columns.is_current(file) {
            format!("record {file}")
        } else if number >= self.columns.len() {
            format!("record {file}, of {} there are", self.columns.len())
        } else if !self.columns.is_file(number) {
            format!("record {file}, which is no file")
        } else {
            format!(
                "record {file}, which is now {}",
                self.columns.reference(number)
            )
        }
    }
}

/// The instance numbers of one record: a bit for each of the first 1024, which is more than a record holds
/// unless it is 4 KiB and they were used up often; larger ones are compared with nothing.
#[derive(Default)]
struct Instances([u64; 16]);

impl Instances {
    fn insert(&mut self, instance: u16) -> bool {
        let Some(word) = self.0.get_mut(usize::from(instance / 64)) else {
            return true;
        };
        let bit = 1 << (instance % 64);
        let new = *word & bit == 0;
        *word |= bit;
        new
    }
}
