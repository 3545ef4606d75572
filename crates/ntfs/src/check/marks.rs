//! `$MFT`'s bitmap, a bit for each record: read in pages, as far as it is asked.

use crate::change::FastMap;
use crate::device::Device;
use crate::error::{Error, Result};
use crate::layout::{attribute_type, well_known};
use crate::value::Value;
use crate::volume::Volume;

const PAGE: u64 = 4096;

/// Which records are marked used.
#[derive(Debug)]
pub(super) struct Marks {
    value: Value,
    bytes: u64,
    pages: FastMap<u64, Vec<u8>>,
}

impl Marks {
    pub(super) fn open<D: Device>(volume: &Volume<D>) -> Result<Self> {
        let mft = volume.file(well_known::MFT)?;
        let missing = || Error::NotFound {
            what: "the bitmap of $MFT".to_owned(),
        };
        let value = volume
            .value(&mft, attribute_type::BITMAP, &[])?
            .ok_or_else(missing)?;
        let bytes = value.len().min(volume.record_count().div_ceil(8));
        Ok(Self {
            value,
            bytes,
            pages: FastMap::default(),
        })
    }

    /// Reads every page, so that [`get`](Self::get) has nothing left to fail of.
    pub(super) fn read_all<D: Device>(&mut self, volume: &Volume<D>) -> Result<()> {
        for page in 0..self.bytes.div_ceil(PAGE) {
            self.page(volume, page)?;
        }
        Ok(())
    }

    /// Whether a record is marked used; none past the end is.
    pub(super) fn get<D: Device>(&mut self, volume: &Volume<D>, record: u64) -> Result<bool> {
        let byte = record / 8;
        if byte >= self.bytes {
            return Ok(false);
        }
        let page = self.page(volume, byte / PAGE)?;
        let byte = page.get((byte % PAGE) as usize).copied().unwrap_or(0);
        Ok(byte >> (record % 8) & 1 != 0)
    }

    fn page<D: Device>(&mut self, volume: &Volume<D>, page: u64) -> Result<&[u8]> {
        use std::collections::hash_map::Entry;
        match self.pages.entry(page) {
            Entry::Occupied(there) => Ok(there.into_mut()),
            Entry::Vacant(place) => {
                let start = page * PAGE;
                let mut bytes = vec![0; (self.bytes - start).min(PAGE) as usize];
                volume.read_value(&self.value, start, &mut bytes)?;
                Ok(place.insert(bytes))
            }
        }
    }
}
