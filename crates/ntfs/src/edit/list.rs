//! `$ATTRIBUTE_LIST` in memory: which record has which attribute of a file.

use std::cmp::Ordering;
use std::sync::Arc;

use zerocopy::{FromZeros, IntoBytes};

use crate::attribute::Attribute;
use crate::change::FastMap;
use crate::error::Result;
use crate::file::ListEntries;
use crate::file_ref::FileRef;
use crate::layout::AttributeListEntry;

/// The entries of an attribute list, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct List {
    entries: Vec<Entry>,
    /// The bytes of them all.
    length: usize,
}

/// Where one attribute is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) type_code: u32,
    pub(crate) name: Box<[u16]>,
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
        let mut list = Self::default();
        for entry in ListEntries::new(bytes) {
            let entry = entry?;
            let entry = Entry {
                type_code: entry.type_code,
                name: entry.name.iter().map(|u| u.get()).collect(),
                lowest_vcn: entry.lowest_vcn,
                record: entry.record,
                instance: entry.instance,
            };
            list.length += entry.length();
            list.entries.push(entry);
        }
        Ok(list)
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.length);
        for entry in &self.entries {
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
            for unit in &*entry.name {
                out.extend_from_slice(&unit.to_le_bytes());
            }
            out.resize(start + entry.length(), 0);
        }
        out
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Puts an entry in its place: by type, name, first cluster, and after its equals.
    pub(crate) fn insert(&mut self, entry: Entry) {
        let is_before = |there: &Entry| there.order(&entry).is_le();
        let at = self.entries.partition_point(is_before);
        self.length += entry.length();
        self.entries.insert(at, entry);
    }

    /// Takes out the entry of this attribute.
    pub(crate) fn remove(&mut self, record: u64, instance: u16, type_code: u32) -> Option<Entry> {
        let mut entries = self.entries.iter();
        let at = entries.position(|e| e.is(record, instance, type_code))?;
        let entry = self.entries.remove(at);
        self.length -= entry.length();
        Some(entry)
    }

    /// The records other than `base` that it names, the one named last first. One that is named again after
    /// another comes again: to tell would cost more than to look once more into a record that is full.
    pub(crate) fn extensions(&self, base: u64) -> impl Iterator<Item = u64> {
        let mut before = base;
        let numbers = self.entries.iter().rev().map(|entry| entry.record.number());
        numbers.filter(move |&number| {
            number != base && std::mem::replace(&mut before, number) != number
        })
    }

    /// Whether it has the attribute of this type with this number.
    pub(crate) fn has(&self, record: u64, instance: u16, type_code: u32) -> bool {
        (self.entries.iter()).any(|entry| entry.is(record, instance, type_code))
    }
}

impl Entry {
    fn is(&self, record: u64, instance: u16, type_code: u32) -> bool {
        self.record.number() == record && self.instance == instance && self.type_code == type_code
    }
}

/// The bytes of lists that are kept: those of a thousand files of a thousand names each.
const MOST_KEPT: usize = 32 << 20;

/// Attribute lists as the records have them.
#[derive(Debug, Default)]
pub(crate) struct Lists {
    by_file: FastMap<u64, Arc<List>>,
    /// The bytes of them all; in memory they take as many and a quarter.
    length: usize,
}

impl Lists {
    pub(crate) fn get(&self, base: u64) -> Option<Arc<List>> {
        self.by_file.get(&base).cloned()
    }

    /// Keeps the list of a file; all others go where it gets too much.
    pub(crate) fn keep(&mut self, base: u64, list: Arc<List>) {
        self.forget(base);
        if self.length + list.length > MOST_KEPT {
            *self = Self::default();
        }
        self.length += list.length;
        self.by_file.insert(base, list);
    }

    pub(crate) fn forget(&mut self, base: u64) {
        if let Some(list) = self.by_file.remove(&base) {
            self.length -= list.length;
        }
    }

    pub(crate) fn memory(&self) -> usize {
        self.length / 4 * 5
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list_of(names: u64) -> List {
        let mut list = List::default();
        for n in 0..names {
            list.insert(Entry {
                type_code: 0x30,
                name: Box::default(),
                lowest_vcn: 0,
                record: FileRef::new(64 + n / 9, 1),
                instance: (n % 9) as u16,
            });
        }
        list
    }

    #[test]
    fn the_length_is_that_of_the_bytes() {
        let mut list = list_of(40);
        let name = "$I30".encode_utf16().collect();
        list.insert(Entry {
            name,
            type_code: 0x90,
            ..list.entries()[0].clone()
        });
        assert_eq!(list.length, list.encode().len());
        list.remove(64, 3, 0x30).unwrap();
        list.remove(64, 0, 0x90).unwrap();
        assert_eq!(list.length, list.encode().len());
        assert_eq!(list.length, List::parse(&list.encode()).unwrap().length);
    }

    #[test]
    fn no_more_lists_are_kept_than_may_be() {
        let (mut lists, list) = (Lists::default(), Arc::new(list_of(1000)));
        for file in 0..2000 {
            lists.keep(file, Arc::clone(&list));
            lists.keep(file, Arc::clone(&list));
            assert!(lists.get(file).is_some() && lists.length <= MOST_KEPT);
        }
        for file in 0..2000 {
            lists.forget(file);
        }
        assert_eq!(lists.memory(), 0);
    }
}
