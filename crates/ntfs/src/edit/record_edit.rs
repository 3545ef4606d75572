//! Changing the attributes of one record in memory.

use std::cmp::Ordering;

use zerocopy::FromBytes;

use crate::attribute::Attribute;
use crate::error::{Error, Result};
use crate::layout::{AttributeHeader, RecordHeader};
use crate::record::Record;

/// A record in a buffer of its own.
pub(crate) type OwnRecord = Record<Box<[u8]>>;

/// Changes to a record's attributes. Each leaves the record whole; where there is no room nothing is changed.
pub(crate) trait EditRecord {
    /// Bytes that new attributes may take.
    fn room(&self) -> usize;

    /// Changes the header.
    fn change_header(&mut self, change: impl FnOnce(&mut RecordHeader));

    /// Puts an attribute in its place by type and name, under the next instance number. Gives where it
    /// is, or nothing where there is no room.
    fn insert_attribute(&mut self, attribute: &[u8]) -> Result<Option<usize>>;

    /// Takes the attribute at `offset` out.
    fn remove_attribute(&mut self, offset: usize) -> Result<()>;

    /// Puts `attribute` in the place of the one at `offset`, keeping its instance number. False where there is no room.
    fn replace_attribute(&mut self, offset: usize, attribute: &[u8]) -> Result<bool>;

    /// The bytes of the resident value of the attribute at `offset`.
    fn value_mut(&mut self, offset: usize) -> Result<&mut [u8]>;
}

impl EditRecord for OwnRecord {
    fn room(&self) -> usize {
        self.bytes()
            .len()
            .saturating_sub(self.header().bytes_in_use.get() as usize)
    }

    fn change_header(&mut self, change: impl FnOnce(&mut RecordHeader)) {
        if let Ok((header, _)) = RecordHeader::mut_from_prefix(self.bytes_mut()) {
            change(header);
        }
    }

    fn insert_attribute(&mut self, attribute: &[u8]) -> Result<Option<usize>> {
        if attribute.len() > self.room() {
            return Ok(None);
        }
        let Some(new) = Attribute::parse(attribute, 0)? else {
            return Err(Error::damaged(
                "attribute",
                0,
                "an attribute to insert",
                "the end marker",
            ));
        };
        let at = place_for(self, &new)?;
        let instance = next_instance(self)?;
        let used = self.header().bytes_in_use.get() as usize;
        let bytes = self.bytes_mut();
        bytes.copy_within(at..used, at + attribute.len());
        bytes[at..at + attribute.len()].copy_from_slice(attribute);
        put_instance(&mut bytes[at..], instance);
        self.change_header(|h| h.bytes_in_use = ((used + attribute.len()) as u32).into());
        Ok(Some(at))
    }

    fn remove_attribute(&mut self, offset: usize) -> Result<()> {
        let length = self.attribute_at(offset)?.bytes.len();
        let used = self.header().bytes_in_use.get() as usize;
        let bytes = self.bytes_mut();
        bytes.copy_within(offset + length..used, offset);
        bytes[used - length..used].fill(0);
        self.change_header(|h| h.bytes_in_use = ((used - length) as u32).into());
        Ok(())
    }

    fn replace_attribute(&mut self, offset: usize, attribute: &[u8]) -> Result<bool> {
        let old = self.attribute_at(offset)?;
        let (length, instance) = (old.bytes.len(), old.instance);
        if attribute.len() > length + self.room() {
            return Ok(false);
        }
        let used = self.header().bytes_in_use.get() as usize;
        let new_used = used - length + attribute.len();
        let bytes = self.bytes_mut();
        bytes.copy_within(offset + length..used, offset + attribute.len());
        bytes[offset..offset + attribute.len()].copy_from_slice(attribute);
        put_instance(&mut bytes[offset..], instance);
        if new_used < used {
            bytes[new_used..used].fill(0);
        }
        self.change_header(|h| h.bytes_in_use = (new_used as u32).into());
        Ok(true)
    }

    fn value_mut(&mut self, offset: usize) -> Result<&mut [u8]> {
        let number = self.number();
        let attribute = self.attribute_at(offset)?;
        let value = attribute
            .expect_resident("value")
            .map_err(|e| e.in_record(number))?;
        let length = value.len();
        // The header was checked by parsing it.
        let bytes = self.bytes_mut();
        let at = offset
            + usize::from(u16::from_le_bytes([
                bytes[offset + 0x14],
                bytes[offset + 0x15],
            ]));
        Ok(&mut bytes[at..at + length])
    }
}

fn put_instance(attribute: &mut [u8], instance: u16) {
    if let Ok((header, _)) = AttributeHeader::mut_from_prefix(attribute) {
        header.instance = instance.into();
    }
}

/// Where an attribute belongs: after the last that is not above it.
fn place_for(record: &OwnRecord, new: &Attribute<'_>) -> Result<usize> {
    for attribute in record.attributes() {
        let attribute = attribute?;
        if order(&attribute, new).is_gt() {
            return Ok(attribute.offset);
        }
    }
    Ok(record.header().bytes_in_use.get() as usize - 8)
}

/// By type, name, first cluster. Names of attributes are ASCII as good as always; both cases of a letter are one, as in `$UpCase`.
pub(crate) fn order(a: &Attribute<'_>, b: &Attribute<'_>) -> Ordering {
    let upper = |unit: &zerocopy::little_endian::U16| match unit.get() {
        u @ 0x61..=0x7A => u - 0x20,
        u => u,
    };
    let vcn = |x: &Attribute<'_>| x.non_resident().map_or(0, |n| n.lowest_vcn);
    (a.type_code.cmp(&b.type_code))
        .then_with(|| a.name.iter().map(upper).cmp(b.name.iter().map(upper)))
        .then_with(|| vcn(a).cmp(&vcn(b)))
}

/// The next instance number; after 65535 attributes have come and gone, one that is free.
fn next_instance(record: &mut OwnRecord) -> Result<u16> {
    let next = record.header().next_instance.get();
    if next < u16::MAX {
        record.change_header(|h| h.next_instance = (next + 1).into());
        return Ok(next);
    }
    let mut taken = Vec::new();
    for attribute in record.attributes() {
        taken.push(attribute?.instance);
    }
    (0..u16::MAX).find(|n| !taken.contains(n)).ok_or_else(|| {
        Error::damaged("file record", 0x28, "a free instance number", "none")
            .in_record(record.number())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edit::build::{self, Id};
    use proptest::prelude::*;

    proptest! {
        /// Inserts, replacements and removals leave what a list of attributes in order would hold.
        #[test]
        fn behaves_as_a_list_in_order(
            ops in proptest::collection::vec((0u8..3, 0usize..6, 0usize..200), 1..60),
            size in prop_oneof![Just(1024usize), Just(4096)],
        ) {
            let types = [0x10, 0x30, 0x30, 0x80, 0x90, 0xC0];
            let bytes = build::record(77, 3, size, 1, None);
            let mut record = Record::new(77, bytes.into_boxed_slice()).unwrap();
            let mut model: Vec<(u32, u16, Vec<u8>)> = Vec::new();
            let mut next = 0u16;
            for (i, (op, which, len)) in ops.into_iter().enumerate() {
                let value = vec![i as u8; len];
                let attribute = |code| build::resident(Id::new(code, &[]), 0, &value);
                match op {
                    0 => {
                        let bytes = attribute(types[which]);
                        let room = record.room();
                        let put = record.insert_attribute(&bytes).unwrap();
                        prop_assert_eq!(put.is_some(), bytes.len() <= room);
                        if put.is_some() {
                            let at = model.iter().position(|m| m.0 > types[which]).unwrap_or(model.len());
                            model.insert(at, (types[which], next, value));
                            next += 1;
                        }
                    }
                    _ if model.is_empty() => {}
                    1 => {
                        let i = which % model.len();
                        let at = record.attributes().nth(i).unwrap().unwrap().offset;
                        record.remove_attribute(at).unwrap();
                        model.remove(i);
                    }
                    _ => {
                        let i = which % model.len();
                        let at = record.attributes().nth(i).unwrap().unwrap().offset;
                        if record.replace_attribute(at, &attribute(model[i].0)).unwrap() {
                            model[i].2 = value;
                        }
                    }
                }
                let found: Vec<_> = record.attributes().map(|a| {
                    let a = a.unwrap();
                    (a.type_code, a.instance, a.resident().unwrap().to_vec())
                }).collect();
                prop_assert_eq!(&found, &model);
                let used = record.header().bytes_in_use.get() as usize;
                prop_assert!(record.bytes()[used..].iter().all(|&b| b == 0), "nothing of the old lingers");
            }
        }
    }
}
