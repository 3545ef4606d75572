//! Non-resident values: clusters claimed for them, bytes written to them, their mapping stored.

use super::Editor;
use super::build::{self, Id, Sizes};
use super::clusters::write_extents;
use super::error::EditResult;
use crate::attribute::Body;
use crate::device::Device;
use crate::error::{Error, Result};
use crate::file;
use crate::layout::{attribute_flags, attribute_type};
use crate::runs::{self, Run};
use crate::value::{Extents, Value};

/// The bytes of encoded runs that an extent holds at most: the first fits into a base record that has
/// the usual attributes too (that of `$MFT` must), any other into an empty extension record.
fn most_run_bytes(record_size: usize, first: bool) -> usize {
    if first {
        record_size / 4
    } else {
        record_size - 0x100
    }
}

impl<D: Device> Editor<D> {
    /// The value of an attribute of a file, its extents joined.
    pub(crate) fn value(&mut self, base: u64, id: Id<'_>) -> Result<Option<Value>> {
        let places = self.find_all(base, id)?;
        let geometry = self.geometry;
        let mut extents: Option<Extents> = None;
        for place in places {
            let record = self.record(place.record)?;
            let part = record.attribute_at(place.offset)?;
            if let Body::Resident(bytes) = part.body {
                return Ok(Some(Value::Resident(bytes.to_vec())));
            }
            if extents.is_none() {
                extents = Some(file::start(place.record, &part)?);
            }
            if let Some(extents) = &mut extents {
                file::append(extents, &part, &geometry).map_err(|e| e.in_record(place.record))?;
                extents.record = base;
            }
        }
        extents
            .map(|extents| file::finish(extents, &geometry).map(Value::NonResident))
            .transpose()
    }

    /// All bytes of a value; `most` bounds what is read.
    pub(crate) fn value_bytes(
        &mut self,
        base: u64,
        id: Id<'_>,
        most: u64,
    ) -> Result<Option<Vec<u8>>> {
        let Some(value) = self.value(base, id)? else {
            return Ok(None);
        };
        if value.len() > most {
            let expected = format!("at most {most} bytes");
            return Err(Error::damaged("value", 0, expected, value.len()).in_record(base));
        }
        match value {
            Value::Resident(bytes) => Ok(Some(bytes)),
            Value::NonResident(extents) => {
                let mut bytes = vec![0; extents.data_size as usize];
                extents.read_at(&self.change, &self.geometry, 0, &mut bytes)?;
                Ok(Some(bytes))
            }
        }
    }

    /// Claims `clusters` more for the end of a value, next to its last ones where they are free.
    pub(crate) fn claim_for(&mut self, extents: &mut Extents, clusters: u64) -> EditResult<()> {
        let near = extents
            .runs
            .last()
            .and_then(|run| run.lcn.map(|lcn| lcn + run.length));
        self.know_own_clusters()?;
        let claimed = self
            .clusters
            .claim(&self.change, &self.geometry, clusters, near)?;
        for run in claimed {
            let (vcn, length) = (extents.end_vcn(), run.end - run.start);
            match extents.runs.last_mut() {
                Some(last) if last.lcn.is_some_and(|lcn| lcn + last.length == run.start) => {
                    last.length += length;
                }
                _ => extents.runs.push(Run {
                    vcn,
                    lcn: Some(run.start),
                    length,
                }),
            }
        }
        extents.allocated_size = extents.end_vcn() * u64::from(self.geometry.cluster_size);
        Ok(())
    }

    /// Gives all clusters of a value back.
    pub(crate) fn release_all(&mut self, extents: &Extents) -> EditResult<()> {
        for run in extents.runs.iter().filter_map(Run::clusters) {
            self.release_run(extents.record, run)?;
        }
        Ok(())
    }

    /// A new value in clusters of its own.
    pub(crate) fn new_extents(&mut self, base: u64, bytes: &[u8]) -> EditResult<Extents> {
        let size = bytes.len() as u64;
        let mut extents = Extents {
            record: base,
            data_size: size,
            initialized_size: size,
            ..Extents::default()
        };
        let cluster = u64::from(self.geometry.cluster_size);
        if size > 0 {
            self.claim_for(&mut extents, size.div_ceil(cluster))?;
        }
        self.write_padded(&extents, 0, bytes)?;
        Ok(extents)
    }

    /// Writes bytes and zeros up to the end of the cluster: what was there before is nobody's business.
    pub(crate) fn write_padded(&mut self, extents: &Extents, at: u64, bytes: &[u8]) -> Result<()> {
        write_extents(extents, &self.change, &self.geometry, at, bytes)?;
        let end = at + bytes.len() as u64;
        let cluster = u64::from(self.geometry.cluster_size);
        let padding = end
            .next_multiple_of(cluster)
            .min(extents.end_vcn() * cluster)
            - end;
        write_extents(
            extents,
            &self.change,
            &self.geometry,
            end,
            &vec![0; padding as usize],
        )
    }

    /// Stores the mapping and the sizes of a value: in one attribute where it fits, else in several over
    /// extension records.
    pub(crate) fn store_extents(
        &mut self,
        base: u64,
        id: Id<'_>,
        extents: &Extents,
    ) -> EditResult<()> {
        let parts = encode_parts(id, extents, self.geometry.record_size as usize);
        let places = self.find_all(base, id)?;
        // Extents go from the last on: what remains is always a whole value up to there.
        for place in places.iter().skip(parts.len()).rev() {
            self.remove_attribute(base, *place)?;
        }
        for (i, part) in parts.iter().enumerate() {
            // An attribute that had to move may have moved others.
            let there = self.find_all(base, id)?;
            match there.get(i) {
                Some(&place) if self.attribute_bytes_equal(place, part)? => {}
                Some(&place) => {
                    self.replace_attribute(base, place, part)?;
                }
                None => {
                    self.insert_attribute(base, part)?;
                }
            }
        }
        Ok(())
    }

    fn attribute_bytes_equal(
        &mut self,
        place: super::attributes::Place,
        part: &[u8],
    ) -> Result<bool> {
        let there = self.record(place.record)?.attribute_at(place.offset)?.bytes;
        // All but the instance number, which the record gives.
        Ok(there.len() == part.len() && there[..14] == part[..14] && there[16..] == part[16..])
    }
}

/// The attributes that describe a value, in order.
fn encode_parts(id: Id<'_>, extents: &Extents, record_size: usize) -> Vec<Vec<u8>> {
    let sizes = Sizes {
        allocated: extents.allocated_size,
        data: extents.data_size,
        initialized: extents.initialized_size,
    };
    let flags = extents.flags & !(attribute_flags::SPARSE | attribute_flags::COMPRESSION_MASK);
    let mut parts = Vec::new();
    let mut rest = extents.runs.as_slice();
    loop {
        let taken = runs_that_fit(rest, most_run_bytes(record_size, parts.is_empty()));
        let (now, later) = rest.split_at(taken);
        let mut encoded = Vec::new();
        runs::encode(now, &mut encoded);
        let start = now.first().map_or(0, |run| run.vcn);
        let end = now.last().map_or(0, Run::end_vcn);
        parts.push(build::non_resident(id, flags, start..end, sizes, &encoded));
        rest = later;
        if rest.is_empty() {
            return parts;
        }
    }
}

/// How many of `runs` encode to `most` bytes; a run takes 17 bytes at most, so at least one.
fn runs_that_fit(runs: &[Run], most: usize) -> usize {
    if runs::encoded_size(runs) <= most {
        return runs.len();
    }
    let (mut low, mut high) = (1, runs.len());
    while low + 1 < high {
        let middle = low.midpoint(high);
        if runs::encoded_size(&runs[..middle]) <= most {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}

/// The unnamed data of a file.
pub(crate) const DATA: Id<'static> = Id::new(attribute_type::DATA, &[]);
