//! One attribute of a file record, seen in place.

use zerocopy::FromBytes;
use zerocopy::little_endian::{U16, U64};

use crate::error::{Error, Result};
use crate::layout::{
    AttributeHeader, NonResidentHeader, ResidentHeader, attribute_flags as flag, attribute_type,
};
use crate::runs::Runs;

/// The bytes before the value of a resident attribute without a name.
pub const RESIDENT_HEADER: usize = size_of::<AttributeHeader>() + size_of::<ResidentHeader>();
/// The bytes before the name or the runs of a non-resident attribute that is neither compressed nor sparse.
pub const NON_RESIDENT_HEADER: usize =
    size_of::<AttributeHeader>() + size_of::<NonResidentHeader>();

/// An attribute, every offset and length in it checked against its own length.
#[derive(Debug, Clone, Copy)]
pub struct Attribute<'a> {
    /// Its [`attribute_type`].
    pub type_code: u32,
    /// Its name; empty for most.
    pub name: &'a [U16],
    /// Its [flags](crate::layout::attribute_flags).
    pub flags: u16,
    /// Its instance number in the record.
    pub instance: u16,
    /// Where it begins in the record.
    pub offset: usize,
    /// All of its bytes.
    pub bytes: &'a [u8],
    /// Where its value is.
    pub body: Body<'a>,
}

/// Where the value of an attribute is.
#[derive(Debug, Clone, Copy)]
pub enum Body<'a> {
    /// In the record.
    Resident(&'a [u8]),
    /// In clusters of the volume.
    NonResident(NonResident<'a>),
}

/// The mapping of a non-resident attribute, or of one part of it.
#[derive(Debug, Clone, Copy)]
pub struct NonResident<'a> {
    /// The first virtual cluster that `runs` describes.
    pub lowest_vcn: u64,
    /// The last; [`u64::MAX`] where the value is empty.
    pub highest_vcn: u64,
    /// The power of two of the clusters in a compression unit; 0 if not compressed.
    pub compression_unit: u8,
    /// Bytes allocated; 0 unless `lowest_vcn` is 0, as the next two.
    pub allocated_size: u64,
    /// Bytes of the value.
    pub data_size: u64,
    /// Bytes ever written; the rest reads as zeros.
    pub initialized_size: u64,
    /// Bytes really allocated to a compressed or sparse value, where the header tells them.
    pub total_size: Option<u64>,
    /// The encoded data runs, and what follows up to the end of the attribute.
    pub runs: &'a [u8],
}

impl<'a> Attribute<'a> {
    /// Reads the attribute at `offset` of a record's used bytes. `None` is the end marker.
    pub fn parse(record: &'a [u8], offset: usize) -> Result<Option<Self>> {
        let rest = record.get(offset..).unwrap_or_default();
        let code = rest
            .get(..4)
            .and_then(|code| code.try_into().ok())
            .map(u32::from_le_bytes);
        match code {
            Some(attribute_type::END) => return Ok(None),
            Some(_) => {}
            None => return Err(wrong(offset, "an end marker", "the end of the record")),
        }
        let Ok((header, _)) = AttributeHeader::read_from_prefix(rest) else {
            return Err(wrong(offset, "a header of 16 bytes", rest.len()));
        };
        let length = header.length.get() as usize;
        let bytes = rest
            .get(..length)
            .filter(|_| length % 8 == 0 && length >= RESIDENT_HEADER);
        let Some(bytes) = bytes else {
            let expected = format!("a length of 24 to {}, a multiple of 8", rest.len());
            return Err(wrong(offset + 4, expected, length));
        };
        let name = name(&header, bytes).ok_or_else(|| {
            wrong(
                offset + 9,
                "a name within the attribute",
                header.name_length,
            )
        })?;
        let body = match header.non_resident {
            0 => Body::Resident(resident(bytes, offset)?),
            1 => Body::NonResident(non_resident(&header, bytes, offset)?),
            other => return Err(wrong(offset + 8, "resident (0) or not (1)", other)),
        };
        Ok(Some(Self {
            type_code: header.type_code.get(),
            name,
            flags: header.flags.get(),
            instance: header.instance.get(),
            offset,
            bytes,
            body,
        }))
    }

    /// The value, if it is in the record.
    pub fn resident(&self) -> Option<&'a [u8]> {
        match self.body {
            Body::Resident(value) => Some(value),
            Body::NonResident(_) => None,
        }
    }

    /// The mapping, if it is not in the record.
    pub fn non_resident(&self) -> Option<NonResident<'a>> {
        match self.body {
            Body::Resident(_) => None,
            Body::NonResident(mapping) => Some(mapping),
        }
    }

    /// The value of an attribute that NTFS always keeps in the record.
    pub fn expect_resident(&self, structure: &'static str) -> Result<&'a [u8]> {
        self.resident()
            .ok_or_else(|| Error::damaged(structure, self.offset + 8, "resident (0)", "1"))
    }

    /// Whether type and name are these.
    pub fn is(&self, type_code: u32, name: &[u16]) -> bool {
        self.type_code == type_code && name_is(self.name, name)
    }
}

impl<'a> NonResident<'a> {
    /// Decodes the runs, bounded by the `clusters` of the volume.
    pub fn runs(&self, clusters: u64) -> Runs<'a> {
        Runs::new(self.runs, self.lowest_vcn, clusters)
    }
}

/// Whether a name on disk is this one, unit by unit.
pub fn name_is(on_disk: &[U16], name: &[u16]) -> bool {
    on_disk.len() == name.len() && on_disk.iter().zip(name).all(|(a, b)| a.get() == *b)
}

fn name<'a>(header: &AttributeHeader, bytes: &'a [u8]) -> Option<&'a [U16]> {
    let length = 2 * usize::from(header.name_length);
    if length == 0 {
        return Some(&[]);
    }
    let start = usize::from(header.name_offset.get());
    if start < RESIDENT_HEADER {
        return None;
    }
    <[U16]>::ref_from_bytes(bytes.get(start..start + length)?).ok()
}

fn resident(bytes: &[u8], offset: usize) -> Result<&[u8]> {
    let header = bytes
        .get(size_of::<AttributeHeader>()..)
        .unwrap_or_default();
    let Ok((header, _)) = ResidentHeader::read_from_prefix(header) else {
        return Err(wrong(offset, "a resident header", "less"));
    };
    let start = usize::from(header.value_offset.get());
    let end = start.saturating_add(header.value_length.get() as usize);
    // An empty value's offset is not used by anybody, and may be 0.
    if header.value_length.get() == 0 {
        return Ok(&[]);
    }
    bytes
        .get(start..end)
        .filter(|_| start >= RESIDENT_HEADER)
        .ok_or_else(|| {
            let expected = format!("a value within {} bytes", bytes.len());
            wrong(offset + 0x10, expected, format!("{start}..{end}"))
        })
}

fn non_resident<'a>(
    attribute: &AttributeHeader,
    bytes: &'a [u8],
    offset: usize,
) -> Result<NonResident<'a>> {
    let rest = bytes
        .get(size_of::<AttributeHeader>()..)
        .unwrap_or_default();
    let Ok((header, rest)) = NonResidentHeader::read_from_prefix(rest) else {
        return Err(wrong(
            offset,
            "a non-resident header of 64 bytes",
            bytes.len(),
        ));
    };
    let start = usize::from(header.runs_offset.get());
    let runs = bytes.get(start..).filter(|_| start >= NON_RESIDENT_HEADER);
    let Some(runs) = runs else {
        return Err(wrong(offset + 0x20, "runs within the attribute", start));
    };
    // Windows makes 4 (16 clusters); the bound keeps one unit's buffer small.
    if header.compression_unit > 6 {
        return Err(wrong(
            offset + 0x22,
            "a compression unit up to 6",
            header.compression_unit,
        ));
    }
    let has_total = attribute.flags.get() & (flag::COMPRESSION_MASK | flag::SPARSE) != 0
        && header.lowest_vcn.get() == 0
        && start >= NON_RESIDENT_HEADER + 8;
    let total = U64::read_from_prefix(rest).ok().filter(|_| has_total);
    Ok(NonResident {
        lowest_vcn: header.lowest_vcn.get(),
        highest_vcn: header.highest_vcn.get(),
        compression_unit: header.compression_unit,
        allocated_size: header.allocated_size.get(),
        data_size: header.data_size.get(),
        initialized_size: header.initialized_size.get(),
        total_size: total.map(|(total, _)| total.get()),
        runs,
    })
}

fn wrong(
    offset: usize,
    expected: impl Into<std::borrow::Cow<'static, str>>,
    actual: impl std::fmt::Display,
) -> Error {
    Error::damaged("attribute", offset, expected, actual)
}
