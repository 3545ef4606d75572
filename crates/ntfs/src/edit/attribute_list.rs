//! The attribute list of a file: read once and kept while the file is edited, made, stored, dropped.

use std::sync::Arc;

use super::Editor;
use super::attributes::{LIST, sizes_of};
use super::build;
use super::error::{EditError, EditResult};
use super::list::{Entry, List};
use super::record_edit::EditRecord;
use crate::attribute::{Attribute, Body};
use crate::device::Device;
use crate::error::{Error, Result};
use crate::file::MAX_ATTRIBUTE_LIST;
use crate::layout::attribute_type as ty;
use crate::value::Extents;

impl<D: Device> Editor<D> {
    /// The attribute list of a file, if it has one.
    pub(crate) fn list(&mut self, base: u64) -> Result<Option<Arc<List>>> {
        if let Some(known) = self.lists.get(base) {
            return Ok(Some(known));
        }
        let geometry = self.geometry;
        let record = self.record(base)?;
        let Some(attribute) = record.find(ty::ATTRIBUTE_LIST, &[])? else {
            return Ok(None);
        };
        let list = match attribute.body {
            Body::Resident(bytes) => List::parse(bytes),
            Body::NonResident(_) => {
                let extents = list_extents(base, &attribute, &geometry)?;
                let mut bytes = vec![0; extents.data_size as usize];
                extents.read_at(&self.change, &self.geometry, 0, &mut bytes)?;
                List::parse(&bytes)
            }
        };
        let list = Arc::new(list.map_err(|e| e.in_record(base))?);
        self.lists.keep(base, Arc::clone(&list));
        Ok(Some(list))
    }

    /// The attribute list of a file, to be changed and stored.
    pub(super) fn take_list(&mut self, base: u64) -> Result<Option<List>> {
        let list = self.list(base)?;
        self.lists.forget(base);
        Ok(list.map(Arc::unwrap_or_clone))
    }

    /// Gives a file without an attribute list one. Attributes move to extension records until it fits.
    pub(super) fn create_list(&mut self, base: u64) -> EditResult<()> {
        let record = self.record(base)?;
        let base_ref = record.reference();
        let mut list = List::default();
        for attribute in record.attributes() {
            list.insert(Entry::of(&attribute?, base_ref));
        }
        loop {
            let attribute = build::resident(LIST, 0, &list.encode());
            if self
                .record_mut(base)?
                .insert_attribute(&attribute)?
                .is_some()
            {
                return Ok(());
            }
            let Some(place) = self.next_to_move(base)? else {
                return Err(EditError::Limit {
                    structure: "$ATTRIBUTE_LIST",
                    record: base,
                    limit: "the size of a file record",
                });
            };
            self.move_out(base, base_ref, place, &mut list)?;
        }
    }

    /// Writes the attribute list of a file that has one. Where its mapping no longer fits, attributes leave the base record.
    pub(super) fn store_list(&mut self, base: u64, mut list: List) -> EditResult<()> {
        let limit = |limit| EditError::Limit {
            structure: "$ATTRIBUTE_LIST",
            record: base,
            limit,
        };
        self.lists.forget(base);
        while !self.list_fits(base, &list)? {
            let base_ref = self.record(base)?.reference();
            let Some(place) = self.next_to_move(base)? else {
                return Err(limit("the size of a file record"));
            };
            self.move_out(base, base_ref, place, &mut list)?;
        }
        self.lists.keep(base, Arc::new(list));
        Ok(())
    }

    /// Writes the attribute list, unless it does not fit: then nothing is changed.
    fn list_fits(&mut self, base: u64, list: &List) -> EditResult<bool> {
        let bytes = list.encode();
        let size = bytes.len() as u64;
        if size > MAX_ATTRIBUTE_LIST {
            let limit = "256 KiB";
            return Err(EditError::Limit {
                structure: "$ATTRIBUTE_LIST",
                record: base,
                limit,
            });
        }
        let geometry = self.geometry;
        let record = self.record_mut(base)?;
        let missing =
            || Error::damaged("file record", 0, "an attribute list", "none").in_record(base);
        let there = record.find(ty::ATTRIBUTE_LIST, &[])?.ok_or_else(missing)?;
        let offset = there.offset;
        let (mut extents, is_resident) = match there.body {
            Body::Resident(_) => (
                Extents {
                    record: base,
                    ..Extents::default()
                },
                true,
            ),
            Body::NonResident(_) => (list_extents(base, &there, &geometry)?, false),
        };
        if is_resident && record.replace_attribute(offset, &build::resident(LIST, 0, &bytes))? {
            return Ok(true);
        }
        let old_end = extents.end_vcn();
        let cluster = u64::from(geometry.cluster_size);
        if size > extents.allocated_size {
            // Twice as much each time: the runs stay few however small the clusters are.
            let wanted = (2 * size)
                .min(MAX_ATTRIBUTE_LIST)
                .max(size)
                .div_ceil(cluster)
                .saturating_sub(old_end);
            self.claim_for(&mut extents, wanted)?;
        }
        (extents.data_size, extents.initialized_size) = (size, size);
        let mut runs = Vec::new();
        crate::runs::encode(&extents.runs, &mut runs);
        let attribute =
            build::non_resident(LIST, 0, 0..extents.end_vcn(), sizes_of(&extents), &runs);
        if !self
            .record_mut(base)?
            .replace_attribute(offset, &attribute)?
        {
            self.release_from(&extents, old_end)?;
            return Ok(false);
        }
        self.expect_own_value(base, &extents)?;
        self.write_padded(&extents, 0, &bytes)?;
        Ok(true)
    }

    /// Gives back the clusters of a value from a virtual cluster on.
    fn release_from(&mut self, extents: &Extents, vcn: u64) -> EditResult<()> {
        for run in extents.runs.iter().filter(|run| run.end_vcn() > vcn) {
            if let Some(lcn) = run.lcn {
                let skipped = vcn.saturating_sub(run.vcn);
                self.release_run(extents.record, lcn + skipped..lcn + run.length)?;
            }
        }
        Ok(())
    }

    /// Takes the list away from a file whose attributes are all in its base record.
    pub(super) fn remove_list(&mut self, base: u64) -> EditResult<()> {
        let geometry = self.geometry;
        let Some(there) = self.record(base)?.find(ty::ATTRIBUTE_LIST, &[])? else {
            return Ok(());
        };
        let offset = there.offset;
        if there.non_resident().is_some() {
            let extents = list_extents(base, &there, &geometry)?;
            self.release_all(&extents)?;
        }
        self.record_mut(base)?.remove_attribute(offset)?;
        self.lists.forget(base);
        Ok(())
    }
}

fn list_extents(
    base: u64,
    attribute: &Attribute<'_>,
    geometry: &crate::boot::Geometry,
) -> Result<Extents> {
    let mut extents = crate::file::start(base, attribute)?;
    if extents.data_size > MAX_ATTRIBUTE_LIST {
        let expected = format!("at most {MAX_ATTRIBUTE_LIST} bytes");
        return Err(Error::damaged(
            "attribute list",
            attribute.offset + 0x30,
            expected,
            extents.data_size,
        )
        .in_record(base));
    }
    crate::file::append(&mut extents, attribute, geometry).map_err(|e| e.in_record(base))?;
    crate::file::finish(extents, geometry)
}
