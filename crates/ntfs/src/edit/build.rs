//! Bytes of new attributes and records.

use zerocopy::{FromZeros, IntoBytes};

use crate::file_ref::FileRef;
use crate::layout::{
    AttributeHeader, FILE_SIGNATURE, NonResidentHeader, RecordHeader, ResidentHeader,
    UPDATE_SEQUENCE_STRIDE, attribute_flags, attribute_type,
};

/// The sizes of a non-resident value, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sizes {
    pub(crate) allocated: u64,
    pub(crate) data: u64,
    pub(crate) initialized: u64,
}

/// Type and name of an attribute: what tells it from the others of its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Id<'n> {
    pub(crate) type_code: u32,
    pub(crate) name: &'n [u16],
}

impl<'n> Id<'n> {
    pub(crate) const fn new(type_code: u32, name: &'n [u16]) -> Self {
        Self { type_code, name }
    }
}

/// A resident attribute. Its instance number is given when it is put into a record.
pub(crate) fn resident(id: Id<'_>, flags: u16, value: &[u8]) -> Vec<u8> {
    let name_at = size_of::<AttributeHeader>() + size_of::<ResidentHeader>();
    let value_at = (name_at + 2 * id.name.len()).next_multiple_of(8);
    let length = (value_at + value.len()).next_multiple_of(8);
    let mut out = Vec::with_capacity(length);
    out.extend_from_slice(header(id, flags, false, name_at, length).as_bytes());
    let mut head = ResidentHeader::new_zeroed();
    head.value_length = (value.len() as u32).into();
    head.value_offset = (value_at as u16).into();
    head.indexed = u8::from(id.type_code == attribute_type::FILE_NAME);
    out.extend_from_slice(head.as_bytes());
    put_name(&mut out, id.name);
    out.resize(value_at, 0);
    out.extend_from_slice(value);
    out.resize(length, 0);
    out
}

/// One extent of a non-resident attribute: the virtual clusters `vcns` in `runs`, encoded. `sizes` go
/// into the first extent only.
pub(crate) fn non_resident(
    id: Id<'_>,
    flags: u16,
    vcns: std::ops::Range<u64>,
    sizes: Sizes,
    runs: &[u8],
) -> Vec<u8> {
    let extra = if flags & (attribute_flags::SPARSE | attribute_flags::COMPRESSION_MASK) != 0
        && vcns.start == 0
    {
        8
    } else {
        0
    };
    let name_at = size_of::<AttributeHeader>() + size_of::<NonResidentHeader>() + extra;
    let runs_at = (name_at + 2 * id.name.len()).next_multiple_of(8);
    let length = (runs_at + runs.len()).next_multiple_of(8);
    let mut out = Vec::with_capacity(length);
    out.extend_from_slice(header(id, flags, true, name_at, length).as_bytes());
    let mut head = NonResidentHeader::new_zeroed();
    head.lowest_vcn = vcns.start.into();
    head.highest_vcn = vcns.end.wrapping_sub(1).into();
    head.runs_offset = (runs_at as u16).into();
    if vcns.start == 0 {
        head.allocated_size = sizes.allocated.into();
        head.data_size = sizes.data.into();
        head.initialized_size = sizes.initialized.into();
    }
    out.extend_from_slice(head.as_bytes());
    // Of a sparse value, the bytes really allocated: filled in by whoever writes one.
    out.resize(name_at, 0);
    put_name(&mut out, id.name);
    out.resize(runs_at, 0);
    out.extend_from_slice(runs);
    out.resize(length, 0);
    out
}

fn header(
    id: Id<'_>,
    flags: u16,
    non_resident: bool,
    name_at: usize,
    length: usize,
) -> AttributeHeader {
    let mut head = AttributeHeader::new_zeroed();
    head.type_code = id.type_code.into();
    head.length = (length as u32).into();
    head.non_resident = u8::from(non_resident);
    head.name_length = id.name.len() as u8;
    head.flags = flags.into();
    // Windows gives the place where a name would be, too, where there is none.
    head.name_offset = (name_at as u16).into();
    head
}

fn put_name(out: &mut Vec<u8>, name: &[u16]) {
    for unit in name {
        out.extend_from_slice(&unit.to_le_bytes());
    }
}

/// An empty record in use: a header and the end marker.
pub(crate) fn record(
    number: u64,
    sequence: u16,
    size: usize,
    flags: u16,
    base: Option<FileRef>,
) -> Vec<u8> {
    let words = size / UPDATE_SEQUENCE_STRIDE + 1;
    let first = (size_of::<RecordHeader>() + 2 * words).next_multiple_of(8);
    let mut head = RecordHeader::new_zeroed();
    head.multi_sector.signature = FILE_SIGNATURE;
    head.multi_sector.update_sequence_offset = (size_of::<RecordHeader>() as u16).into();
    head.multi_sector.update_sequence_count = (words as u16).into();
    head.sequence = sequence.into();
    head.first_attribute = (first as u16).into();
    head.flags = flags.into();
    head.bytes_in_use = ((first + 8) as u32).into();
    head.bytes_allocated = (size as u32).into();
    head.base = base.map_or(0, FileRef::raw).into();
    head.number = (number as u32).into();
    let mut out = vec![0; size];
    out[..size_of::<RecordHeader>()].copy_from_slice(head.as_bytes());
    out[first..first + 4].copy_from_slice(&attribute_type::END.to_le_bytes());
    out
}
