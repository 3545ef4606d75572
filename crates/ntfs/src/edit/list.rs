//! `$ATTRIBUTE_LIST` in memory: which record has which attribute of a file.

use std::cmp::Ordering;

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

    fn order(&self, other: &Self) -> Ordering {
        let upper = |&unit: &u16| match unit {
            0x61..=0x7A => unit - 0x20,
            unit => unit,
        };
        let names = || {
            let name = other.name.iter().map(upper);
            self.name.iter().map(upper).cmp(name)
        };
        (self.type_code.cmp(&other.type_code))
            .then_with(names)
            .then_with(|| self.lowest_vcn.cmp(&other.lowest_vcn))
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
        let at = self.0.partition_point(|there| there.order(&entry).is_le());
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

    /// The records other than `base` that it names, the one named last first. One that is named again after
    /// another comes again: to tell would cost more than to look once more into a record that is full.
    pub(crate) fn extensions(&self, base: u64) -> impl Iterator<Item = u64> {
        let mut before = base;
        let numbers = self.0.iter().rev().map(|entry| entry.record.number());
        numbers.filter(move |&number| {
            number != base && std::mem::replace(&mut before, number) != number
        })
    }

    /// Whether it has the attribute of this type with this number.
    pub(crate) fn has(&self, record: u64, instance: u16, type_code: u32) -> bool {
        (self.0.iter()).any(|entry| entry.is(record, instance, type_code))
    }
}

impl Entry {
    fn is(&self, record: u64, instance: u16, type_code: u32) -> bool {
        self.record.number() == record && self.instance == instance && self.type_code == type_code
    }
}
