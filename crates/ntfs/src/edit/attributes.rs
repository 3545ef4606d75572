//! The attributes of a file, wherever its records have them; extension records come as needed.

use super::Editor;
use super::build::{self, Id};
use super::error::{EditError, EditResult};
use super::list::{Entry, List};
use super::record_edit::{EditRecord, OwnRecord};
use crate::attribute::Attribute;
use crate::device::Device;
use crate::error::{Error, Result};
use crate::file_ref::FileRef;
use crate::layout::{attribute_type as ty, well_known};
use crate::value::{Extents, Value};

/// Where an attribute is. Good until the next change to the file's attributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) record: u64,
    pub(crate) offset: usize,
}

pub(super) const LIST: Id<'static> = Id::new(ty::ATTRIBUTE_LIST, &[]);
/// A resident value below this stays resident: moving it out would gain next to nothing.
const WORTH_MOVING_OUT: usize = 128;

impl<D: Device> Editor<D> {
    /// The first extent of an attribute.
    pub(crate) fn find(&mut self, base: u64, id: Id<'_>) -> Result<Option<Place>> {
        let record = self.record(base)?;
        let mut has_list = false;
        for attribute in record.attributes() {
            let attribute = attribute?;
            has_list |= attribute.type_code == ty::ATTRIBUTE_LIST;
            if attribute.is(id.type_code, id.name) && lowest_vcn(&attribute) == 0 {
                return Ok(Some(Place {
                    record: base,
                    offset: attribute.offset,
                }));
            }
            if attribute.type_code > id.type_code && !has_list {
                return Ok(None);
            }
        }
        if has_list {
            Ok(self.find_all(base, id)?.first().copied())
        } else {
            Ok(None)
        }
    }

    /// All extents of an attribute, or all attributes of the same type and name.
    pub(crate) fn find_all(&mut self, base: u64, id: Id<'_>) -> Result<Vec<Place>> {
        self.select(base, |type_code, name| {
            type_code == id.type_code && name == id.name
        })
    }

    /// All attributes of a file in order, the list itself left out.
    pub(crate) fn all_attributes(&mut self, base: u64) -> Result<Vec<Place>> {
        self.select(base, |type_code, _| type_code != ty::ATTRIBUTE_LIST)
    }

    fn select(&mut self, base: u64, wanted: impl Fn(u32, &[u16]) -> bool) -> Result<Vec<Place>> {
        let mut places = Vec::new();
        if let Some(list) = self.list(base)? {
            let base_ref = self.record(base)?.reference();
            let wanted = |e: &&Entry| wanted(e.type_code, &e.name);
            for entry in list.entries().iter().filter(wanted) {
                places.push(self.place_of(base_ref, entry)?);
            }
            return Ok(places);
        }
        for attribute in self.record(base)?.attributes() {
            let attribute = attribute?;
            let name: Vec<u16> = attribute.name.iter().map(|u| u.get()).collect();
            if wanted(attribute.type_code, &name) {
                places.push(Place {
                    record: base,
                    offset: attribute.offset,
                });
            }
        }
        Ok(places)
    }

    /// A record of the file with this base record.
    fn part(&mut self, base: FileRef, number: u64) -> Result<&OwnRecord> {
        let record = self.record(number)?;
        if number != base.number() && (record.base() != Some(base) || !record.is_in_use()) {
            let expected = format!("base record {base}");
            let actual = format!("{:?}", record.base());
            return Err(
                Error::damaged("extension record", 0x20, expected, actual).in_record(number)
            );
        }
        Ok(record)
    }

    fn place_of(&mut self, base: FileRef, entry: &Entry) -> Result<Place> {
        let number = entry.record.number();
        for attribute in self.part(base, number)?.attributes() {
            let attribute = attribute?;
            if attribute.instance == entry.instance && attribute.is(entry.type_code, &entry.name) {
                return Ok(Place {
                    record: number,
                    offset: attribute.offset,
                });
            }
        }
        let expected = format!("attribute 0x{:x} #{}", entry.type_code, entry.instance);
        Err(Error::damaged(
            "attribute list",
            0,
            expected,
            format!("none in record {number}"),
        )
        .in_record(base.number()))
    }

    /// The first attribute of a type without a name that is as wanted. Each record is gone through once for
    /// all that it has, not for each that the list names there: a thousand names are in a hundred records.
    pub(crate) fn find_where(
        &mut self,
        base: u64,
        type_code: u32,
        mut wanted: impl FnMut(&Attribute<'_>) -> Result<bool>,
    ) -> Result<Option<Place>> {
        let base_ref = self.record(base)?.reference();
        let list = self.list(base)?;
        let entries = list.as_ref().map_or(&[][..], |list| list.entries());
        let of_type = entries.iter().filter(|entry| entry.type_code == type_code);
        let listed = of_type.map(|entry| entry.record.number());
        let mut before = None;
        for number in listed.chain(list.is_none().then_some(base)) {
            if before.replace(number) == Some(number) {
                continue;
            }
            for attribute in self.part(base_ref, number)?.attributes() {
                let attribute = attribute?;
                let is_listed = |list: &List| list.has(number, attribute.instance, type_code);
                if attribute.is(type_code, &[])
                    && wanted(&attribute)?
                    && list.as_deref().is_none_or(is_listed)
                {
                    return Ok(Some(Place {
                        record: number,
                        offset: attribute.offset,
                    }));
                }
            }
        }
        Ok(None)
    }

    /// Adds an attribute to a file: to its base record, or where that is full to an extension record.
    pub(crate) fn insert_attribute(&mut self, base: u64, attribute: &[u8]) -> EditResult<()> {
        if !self.record(base)?.has_attribute_list()? {
            if self
                .record_mut(base)?
                .insert_attribute(attribute)?
                .is_some()
            {
                return Ok(());
            }
            if self.make_room(base, attribute.len())?
                && self
                    .record_mut(base)?
                    .insert_attribute(attribute)?
                    .is_some()
            {
                return Ok(());
            }
            if !self.record(base)?.has_attribute_list()? {
                self.create_list(base)?;
            }
        }
        let mut list = self.take_list(base)?.unwrap_or_default();
        let place = self.insert_somewhere(base, &list, attribute)?;
        let record = self.record(place.record)?;
        list.insert(Entry::of(
            &record.attribute_at(place.offset)?,
            record.reference(),
        ));
        self.store_list(base, list)
    }

    fn find_instance(&mut self, number: u64, instance: u16) -> Result<Place> {
        for attribute in self.record(number)?.attributes() {
            let attribute = attribute?;
            if attribute.instance == instance {
                return Ok(Place {
                    record: number,
                    offset: attribute.offset,
                });
            }
        }
        Err(
            Error::damaged("file record", 0, format!("attribute #{instance}"), "none")
                .in_record(number),
        )
    }

    /// Into the base record, an extension record with room, or a new one.
    fn insert_somewhere(&mut self, base: u64, list: &List, attribute: &[u8]) -> EditResult<Place> {
        let candidates = std::iter::once(base).chain(list.extensions(base));
        for number in candidates {
            if self.record(number)?.room() < attribute.len() {
                continue;
            }
            if let Some(offset) = self.record_mut(number)?.insert_attribute(attribute)? {
                return Ok(Place {
                    record: number,
                    offset,
                });
            }
        }
        self.insert_into_new(base, attribute)
    }

    fn insert_into_new(&mut self, base: u64, attribute: &[u8]) -> EditResult<Place> {
        let base_ref = self.record(base)?.reference();
        let new = self.claim_record(0, Some(base_ref))?;
        match self.record_mut(new.number())?.insert_attribute(attribute)? {
            Some(offset) => Ok(Place {
                record: new.number(),
                offset,
            }),
            None => Err(EditError::Limit {
                structure: "attribute",
                record: base,
                limit: "the size of a file record",
            }),
        }
    }

    /// Takes an attribute away, its clusters not counted; an extension record that it leaves empty is freed.
    pub(crate) fn remove_attribute(&mut self, base: u64, place: Place) -> EditResult<()> {
        let record = self.record_mut(place.record)?;
        let (instance, type_code) = {
            let attribute = record.attribute_at(place.offset)?;
            (attribute.instance, attribute.type_code)
        };
        record.remove_attribute(place.offset)?;
        let Some(mut list) = self.take_list(base)? else {
            return Ok(());
        };
        list.remove(place.record, instance, type_code);
        if place.record != base && self.record(place.record)?.attributes().next().is_none() {
            self.free_record_number(place.record)?;
        }
        if list.extensions(base).next().is_none() {
            return self.remove_list(base);
        }
        self.store_list(base, list)
    }

    /// Puts other bytes in the place of an attribute of the same type and name; it may have to move.
    pub(crate) fn replace_attribute(
        &mut self,
        base: u64,
        place: Place,
        attribute: &[u8],
    ) -> EditResult<()> {
        let record = self.record_mut(place.record)?;
        let (instance, old_vcn) = {
            let old = record.attribute_at(place.offset)?;
            (old.instance, lowest_vcn(&old))
        };
        let new_vcn = Attribute::parse(attribute, 0)?.map_or(0, |a| lowest_vcn(&a));
        let in_place = new_vcn == old_vcn;
        if in_place && record.replace_attribute(place.offset, attribute)? {
            return Ok(());
        }
        let had_list = self.record(base)?.has_attribute_list()?;
        if in_place && place.record == base && !had_list && self.make_room(base, attribute.len())? {
            let place = self.find_instance(base, instance)?;
            if self
                .record_mut(base)?
                .replace_attribute(place.offset, attribute)?
            {
                return Ok(());
            }
        }
        let place = self.find_instance(place.record, instance)?;
        self.remove_attribute(base, place)?;
        self.insert_attribute(base, attribute)
    }

    /// Moves large resident values of a base record into clusters, until there is room for `need` bytes.
    /// False where nothing was moved.
    fn make_room(&mut self, base: u64, need: usize) -> EditResult<bool> {
        let mut moved = false;
        while self.record(base)?.room() < need {
            let Some(place) = largest_resident(self.record(base)?)? else {
                break;
            };
            self.make_non_resident(base, place)?;
            moved = true;
        }
        Ok(moved)
    }

    /// Moves a resident value into clusters.
    pub(crate) fn make_non_resident(&mut self, base: u64, place: Place) -> EditResult<()> {
        let attribute = self.record(place.record)?.attribute_at(place.offset)?;
        let value = attribute.expect_resident("value")?.to_vec();
        let (type_code, flags) = (attribute.type_code, attribute.flags);
        let name: Vec<u16> = attribute.name.iter().map(|u| u.get()).collect();
        if type_code == ty::DATA {
            self.moved_out.insert(base, ());
        }
        let mut extents = self.new_extents(base, &value)?;
        extents.flags = flags;
        let mut runs = Vec::new();
        crate::runs::encode(&extents.runs, &mut runs);
        let sizes = sizes_of(&extents);
        let bytes = build::non_resident(
            Id::new(type_code, &name),
            flags,
            0..extents.end_vcn(),
            sizes,
            &runs,
        );
        self.replace_attribute(base, place, &bytes)?;
        Ok(())
    }

    /// The largest attribute of a base record that may be elsewhere; the index root only where nothing else is left.
    pub(super) fn next_to_move(&mut self, base: u64) -> Result<Option<Place>> {
        let mut best: Option<(bool, usize, usize)> = None;
        for attribute in self.record(base)?.attributes() {
            let attribute = attribute?;
            let bootstraps = base == well_known::MFT
                && attribute.type_code == ty::DATA
                && lowest_vcn(&attribute) == 0;
            if bootstraps
                || matches!(
                    attribute.type_code,
                    ty::STANDARD_INFORMATION | ty::ATTRIBUTE_LIST
                )
            {
                continue;
            }
            let rank = (
                attribute.type_code != ty::INDEX_ROOT,
                attribute.bytes.len(),
                attribute.offset,
            );
            best = best.max(Some(rank));
        }
        Ok(best.map(|(_, _, offset)| Place {
            record: base,
            offset,
        }))
    }

    pub(super) fn move_out(
        &mut self,
        base: u64,
        base_ref: FileRef,
        place: Place,
        list: &mut List,
    ) -> EditResult<()> {
        let attribute = self.record(base)?.attribute_at(place.offset)?;
        let (bytes, mut entry) = (attribute.bytes.to_vec(), Entry::of(&attribute, base_ref));
        self.record_mut(base)?.remove_attribute(place.offset)?;
        list.remove(base, entry.instance, entry.type_code);
        let mut new = None;
        for number in list.extensions(base) {
            if let Some(offset) = self.record_mut(number)?.insert_attribute(&bytes)? {
                new = Some(Place {
                    record: number,
                    offset,
                });
                break;
            }
        }
        let new = match new {
            Some(place) => place,
            None => self.insert_into_new(base, &bytes)?,
        };
        let record = self.record(new.record)?;
        entry.record = record.reference();
        entry.instance = record.attribute_at(new.offset)?.instance;
        list.insert(entry);
        Ok(())
    }

    /// Takes an attribute of any length away, clusters and all.
    pub(crate) fn drop_attribute(&mut self, base: u64, id: Id<'_>) -> EditResult<bool> {
        let Some(value) = self.value(base, id)? else {
            return Ok(false);
        };
        if let Value::NonResident(extents) = value {
            self.release_all(&extents)?;
        }
        while let Some(place) = self.find_all(base, id)?.last().copied() {
            self.remove_attribute(base, place)?;
        }
        Ok(true)
    }
}

fn lowest_vcn(attribute: &Attribute<'_>) -> u64 {
    attribute.non_resident().map_or(0, |n| n.lowest_vcn)
}

pub(crate) fn sizes_of(extents: &Extents) -> build::Sizes {
    build::Sizes {
        allocated: extents.allocated_size,
        data: extents.data_size,
        initialized: extents.initialized_size,
    }
}

/// The resident value that gains most by moving into clusters.
fn largest_resident(record: &OwnRecord) -> Result<Option<Place>> {
    let mut best: Option<(usize, usize)> = None;
    for attribute in record.attributes() {
        let attribute = attribute?;
        let movable = matches!(
            attribute.type_code,
            ty::SECURITY_DESCRIPTOR
                | ty::DATA
                | ty::REPARSE_POINT
                | ty::EA
                | ty::LOGGED_UTILITY_STREAM
        );
        let length = attribute.resident().map_or(0, <[u8]>::len);
        if movable && length >= WORTH_MOVING_OUT {
            best = best.max(Some((length, attribute.offset)));
        }
    }
    Ok(best.map(|(_, offset)| Place {
        record: record.number(),
        offset,
    }))
}
