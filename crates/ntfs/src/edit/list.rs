//! `$ATTRIBUTE_LIST` in memory: which record has which attribute of a file.

use zerocopy::{FromZeros, IntoBytes};

use crate::attribute::Attribute;
use crate::error::Result;
use crate::file::ListEntries;
use crate::file_ref::FileRef;
use crate::layout::AttributeListEntry;

/// The entries of an attribute list, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct List(Vec<Entry>);

/// Where one attribute is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) type_code: u32,
    pub(crate) name: Vec<u16>,
    pub(crate) lowest_vcn: u64,
    pub(crate) record: FileRef,
    pub(crate) instance: u16,
}

impl Entry {
    /// The entry for an attribute of `record`.
    pub(crate) fn of(attribute: &Attribute<'_>, record: FileRef) -> Self {
        Self {
            type_code: attribute.type_code,
            name: attribute.name.iter().map(|u| u.get()).collect(),
            lowest_vcn: attribute.non_resident().map_or(0, |n| n.lowest_vcn),
            record,
            instance: attribute.instance,
        }
    }

    fn order(&self) -> (u32, Vec<u16>, u64) {
        let upper = |&unit: &u16| {
            if (0x61..=0x7A).contains(&unit) {
                unit - 0x20
            } else {
                unit
            }
        };
        (
            self.type_code,
            self.name.iter().map(upper).collect(),
            self.lowest_vcn,
        )
    }

    fn length(&self) -> usize {
        (size_of::<AttributeListEntry>() + 2 * self.name.len()).next_multiple_of(8)
    }
}

impl List {
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self> {
        let mut entries = Vec::new();
        for entry in ListEntries::new(bytes) {
            let entry = entry?;
            entries.push(Entry {
                type_code: entry.type_code,
                name: entry.name.iter().map(|u| u.get()).collect(),
                lowest_vcn: entry.lowest_vcn,
                record: entry.record,
                instance: entry.instance,
            });
        }
        Ok(Self(entries))
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.length());
        for entry in &self.0 {
            let start = out.len();
            let mut head = AttributeListEntry::new_zeroed();
            head.type_code = entry.type_code.into();
            head.length = (entry.length() as u16).into();
            head.name_length = entry.name.len() as u8;
            head.name_offset = size_of::<AttributeListEntry>() as u8;
            head.lowest_vcn = entry.lowest_vcn.into();
            head.record = entry.record.raw().into();
            head.instance = entry.instance.into();
            out.extend_from_slice(head.as_bytes());
            for unit in &entry.name {
                out.extend_from_slice(&unit.to_le_bytes());
            }
            out.resize(start + entry.length(), 0);
        }
        out
    }

    /// Its bytes.
    pub(crate) fn length(&self) -> usize {
        self.0.iter().map(Entry::length).sum()
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        &self.0
    }

    /// Puts an entry in its place: by type, name, first cluster, and after its equals.
    pub(crate) fn insert(&mut self, entry: Entry) {
        let order = entry.order();
        let at = self.0.partition_point(|there| there.order() <= order);
        self.0.insert(at, entry);
    }

    /// Takes out the entry of this attribute.
    pub(crate) fn remove(&mut self, record: u64, instance: u16, type_code: u32) -> Option<Entry> {
        let at = self
            .0
            .iter()
            .position(|e| e.is(record, instance, type_code))?;
        Some(self.0.remove(at))
    }

    /// The records other than `base` that it names, each once, the one named last first.
    pub(crate) fn extensions(&self, base: u64) -> Vec<u64> {
        let mut out: Vec<u64> = Vec::new();
        for entry in self.0.iter().rev() {
            let number = entry.record.number();
            if number != base && !out.contains(&number) {
                out.push(number);
            }
        }
        out
    }
}

impl Entry {
    fn is(&self, record: u64, instance: u16, type_code: u32) -> bool {
        self.record.number() == record && self.instance == instance && self.type_code == type_code
    }
}
