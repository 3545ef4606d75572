//! An open volume: its sizes, where `$MFT` is, its `$UpCase`, its label; records and values of any file.

use crate::attribute::Body;
use crate::boot::{self, Geometry};
use crate::collate::UpCase;
use crate::device::Device;
use crate::error::{Error, Result};
use crate::file::{self, File, ListEntries, ListEntry};
use crate::file_ref::FileRef;
use crate::health::{BootState, Health};
use crate::layout::{VolumeInformation, attribute_type, well_known};
use crate::lznt1;
use crate::record::Record;
use crate::value::{Extents, Value};
use zerocopy::FromBytes;

/// Attributes that are read whole into memory: lists, index roots, reparse data, object ids.
const MAX_WHOLE: u64 = 1 << 20;

/// Records that every `$MFTMirr` has, whatever its size.
const MIRRORED: u64 = 4;

/// A volume, open for reading; over a [`Change`](crate::change::Change) it is the volume as it will be.
#[derive(Debug)]
pub struct Volume<D> {
    device: D,
    geometry: Geometry,
    mft: Extents,
    upcase: UpCase,
    information: Information,
    health: Health,
}

/// What `$Volume` tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Information {
    /// The label: UTF-16.
    pub label: Vec<u16>,
    /// The version of NTFS, `(3, 1)` since Windows XP.
    pub version: (u8, u8),
    /// The [flags](crate::layout::volume_flags).
    pub flags: u16,
}

impl<D: Device> Volume<D> {
    /// Opens the volume that begins at the device's first byte.
    ///
    /// It fails where the boot sector, `$MFT`'s own record, `$Volume` or `$UpCase` cannot be read, nor the copies that
    /// the volume keeps of the first three. Whatever else is wrong stands in [`health`](Self::health).
    pub fn open(device: D) -> Result<Self> {
        let (geometry, mft, boot) = first_steps(&device)?;
        let mut volume = Self {
            device,
            geometry,
            mft,
            upcase: UpCase::none(),
            information: Information::default(),
            health: Health::default(),
        };
        volume.information = volume.read_information()?;
        volume.upcase = volume.read_upcase()?;
        volume.health = Health::judge(&volume, boot);
        Ok(volume)
    }

    /// Over another state of a volume whose tables are known already. Its health is not judged.
    pub(crate) fn beside(device: D, geometry: Geometry, upcase: UpCase) -> Result<Self> {
        let mft = bootstrap(&device, &geometry)?;
        Ok(Self {
            device,
            geometry,
            mft,
            upcase,
            information: Information::default(),
            health: Health::default(),
        })
    }

    /// The same volume, with `$MFT` read again after it grew; the tables that never change are copied.
    pub fn reopened(&self) -> Result<Self>
    where
        D: Clone,
    {
        let device = self.device.clone();
        let mft = bootstrap(&device, &self.geometry)?;
        Ok(Self {
            device,
            geometry: self.geometry,
            mft,
            upcase: self.upcase.clone(),
            information: self.information.clone(),
            health: self.health.clone(),
        })
    }

    /// Reads again where `$MFT` is, after it grew.
    pub fn reload_mft(&mut self) -> Result<()> {
        self.mft = bootstrap(&self.device, &self.geometry)?;
        Ok(())
    }

    /// Judges the state of the volume again.
    pub fn reload_health(&mut self) -> Result<&Health> {
        self.information = self.read_information()?;
        self.health = Health::judge(self, self.health.boot);
        Ok(&self.health)
    }

    /// What it lies on.
    pub fn device(&self) -> &D {
        &self.device
    }

    /// Gives the device back.
    pub fn into_device(self) -> D {
        self.device
    }

    /// Sizes and places from the boot sector.
    pub fn geometry(&self) -> &Geometry {
        &self.geometry
    }

    /// Where the records are.
    pub fn mft(&self) -> &Extents {
        &self.mft
    }

    /// The volume's own table of upper case.
    pub fn upcase(&self) -> &UpCase {
        &self.upcase
    }

    /// Label, version and flags.
    pub fn information(&self) -> &Information {
        &self.information
    }

    /// Whether it is safe to change.
    pub fn health(&self) -> &Health {
        &self.health
    }

    /// The number of file records there is room for, used or not.
    ///
    /// Never more than the device has room for: what is kept for each record is bounded by it.
    pub fn record_count(&self) -> u64 {
        let bytes = self.mft.initialized_size.min(self.device.len());
        bytes / u64::from(self.geometry.record_size)
    }

    /// The file record of a number, used or not.
    pub fn record(&self, number: u64) -> Result<Record<Vec<u8>>> {
        let mut bytes = vec![0; self.geometry.record_size as usize];
        self.read_record(number, &mut bytes)?;
        let record = Record::from_disk(number, bytes);
        match record {
            Err(error) if number < MIRRORED => {
                mirrored(&self.device, &self.geometry, number).ok_or(error)
            }
            record => record,
        }
    }

    /// The bytes of a file record as they are on disk. `buf` has the size of a record, or of several.
    pub fn read_record(&self, number: u64, buf: &mut [u8]) -> Result<()> {
        let count = self.record_count();
        if number >= count {
            let what = format!("file record {number} (there are {count})");
            return Err(Error::NotFound { what });
        }
        let offset = number * u64::from(self.geometry.record_size);
        self.read_extents(&self.mft, offset, buf)
    }

    /// A file by the number of its base record. The record may be unused.
    pub fn file(&self, number: u64) -> Result<File> {
        let base = self.record(number)?;
        let Some(list) = file::attribute_list(&base)? else {
            return Ok(File::from_base(base));
        };
        let list = match list.body {
            Body::Resident(list) => list.to_vec(),
            Body::NonResident(_) => {
                let mut extents = file::start(number, &list)?;
                file::append(&mut extents, &list, &self.geometry)
                    .map_err(|error| error.in_record(number))?;
                let extents = file::finish(extents, &self.geometry)?;
                self.read_whole(&Value::NonResident(extents), file::MAX_ATTRIBUTE_LIST)?
            }
        };
        Ok(File::from_list(base, &list, |reference| {
            self.record_of(reference)
        }))
    }

    /// A file by reference: the record must be in use, under this sequence number, and a base record.
    pub fn file_by_ref(&self, reference: FileRef) -> Result<File> {
        let file = self.file(reference.number())?;
        let base = file
            .base()
            .filter(|base| base.is_in_use() && base.base().is_none());
        match base.map(|base| base.header().sequence.get()) {
            Some(sequence) if sequence == reference.sequence() => Ok(file),
            Some(actual) => Err(Error::Stale { reference, actual }),
            None => Err(Error::NotFound {
                what: format!("a file at record {reference}"),
            }),
        }
    }

    /// A record by reference, of any kind, under this sequence number.
    pub fn record_of(&self, reference: FileRef) -> Result<Record<Vec<u8>>> {
        let record = self.record(reference.number())?;
        let actual = record.header().sequence.get();
        if actual == reference.sequence() {
            Ok(record)
        } else {
            Err(Error::Stale { reference, actual })
        }
    }

    /// The value of an attribute of a file; `None` if the file has none of this type and name.
    pub fn value(&self, file: &File, type_code: u32, name: &[u16]) -> Result<Option<Value>> {
        file.value(&self.geometry, type_code, name)
    }

    /// Fills `buf` from `offset` of a value that is neither compressed nor encrypted.
    pub fn read_value(&self, value: &Value, offset: u64, buf: &mut [u8]) -> Result<()> {
        match value {
            Value::NonResident(extents) => self.read_extents(extents, offset, buf),
            Value::Resident(bytes) => {
                let start = usize::try_from(offset).unwrap_or(usize::MAX);
                let part = start
                    .checked_add(buf.len())
                    .and_then(|end| bytes.get(start..end));
                let part = part.ok_or_else(|| {
                    let expected = format!("a read within {} bytes", bytes.len());
                    Error::damaged("value", 0, expected, format!("{} at {offset}", buf.len()))
                })?;
                buf.copy_from_slice(part);
                Ok(())
            }
        }
    }

    /// Fills `buf` from `offset` of a non-resident value.
    pub fn read_extents(&self, extents: &Extents, offset: u64, buf: &mut [u8]) -> Result<()> {
        extents.read_at(&self.device, &self.geometry, offset, buf)
    }

    /// All of a value, if it is at most `limit` bytes. Decompresses LZNT1; names what it cannot read.
    pub fn read_whole(&self, value: &Value, limit: u64) -> Result<Vec<u8>> {
        if let Value::Resident(bytes) = value {
            return Ok(bytes.clone());
        }
        let length = value.len();
        let too_long = || Error::damaged("value", 0, format!("at most {limit} bytes"), length);
        let size = usize::try_from(length).ok().filter(|_| length <= limit);
        let size = size.ok_or_else(too_long)?;
        let Some(extents) = value.extents() else {
            return Ok(Vec::new());
        };
        let mut bytes = vec![0; size];
        if extents.is_compressed() {
            lznt1::read(&self.device, &self.geometry, extents, &mut bytes)?;
        } else {
            self.read_extents(extents, 0, &mut bytes)?;
        }
        Ok(bytes)
    }

    /// The value of a small attribute, whole.
    pub(crate) fn whole(
        &self,
        file: &File,
        type_code: u32,
        name: &[u16],
    ) -> Result<Option<Vec<u8>>> {
        self.value(file, type_code, name)?
            .map(|value| self.read_whole(&value, MAX_WHOLE))
            .transpose()
            .map_err(|error| error.in_record(file.number()))
    }

    /// The number of clusters that are free by `$Bitmap`.
    pub fn free_clusters(&self) -> Result<u64> {
        let file = self.file(well_known::BITMAP)?;
        let bitmap = self
            .value(&file, attribute_type::DATA, &[])?
            .ok_or_else(|| Error::NotFound {
                what: "the $DATA of $Bitmap".to_owned(),
            })?;
        let clusters = self.geometry.clusters.min(bitmap.len().saturating_mul(8));
        let mut buf = vec![0; 1 << 16];
        let (mut free, mut offset) = (0, 0);
        while offset * 8 < clusters {
            let bytes = (clusters - offset * 8).div_ceil(8).min(buf.len() as u64);
            let part = buf.get_mut(..bytes as usize).unwrap_or_default();
            self.read_value(&bitmap, offset, part)?;
            free += part
                .iter()
                .map(|byte| u64::from(byte.count_zeros()))
                .sum::<u64>();
            offset += bytes;
        }
        // Bits after the last cluster are not free whatever they say.
        let tail = buf.get(((clusters.div_ceil(8)).saturating_sub(1) % (1 << 16)) as usize);
        let beyond = match (clusters % 8, tail) {
            (0, _) | (_, None) => 0,
            (used, Some(byte)) => u64::from((byte | (0xFF >> (8 - used))).count_zeros()),
        };
        Ok(free - beyond)
    }

    fn read_information(&self) -> Result<Information> {
        let file = self.file(well_known::VOLUME)?;
        let wrong = |at: usize, expected, actual: usize| {
            Error::damaged("$VOLUME_INFORMATION", at, expected, actual)
                .in_record(well_known::VOLUME)
        };
        let found = file.find(attribute_type::VOLUME_INFORMATION, &[]);
        let value = found
            .as_ref()
            .and_then(|found| found.resident())
            .unwrap_or_default();
        let (information, _) = VolumeInformation::read_from_prefix(value)
            .map_err(|_| wrong(0, "a resident value of 12 bytes", value.len()))?;
        let label = file.find(attribute_type::VOLUME_NAME, &[]);
        let label = label
            .as_ref()
            .and_then(|label| label.resident())
            .unwrap_or_default();
        Ok(Information {
            label: label.chunks_exact(2).map(unit).collect(),
            version: (information.major, information.minor),
            flags: information.flags.get(),
        })
    }

    fn read_upcase(&self) -> Result<UpCase> {
        let file = self.file(well_known::UPCASE)?;
        let table = self
            .whole(&file, attribute_type::DATA, &[])?
            .unwrap_or_default();
        UpCase::from_bytes(&table).map_err(|error| error.in_record(well_known::UPCASE))
    }
}

fn unit(pair: &[u8]) -> u16 {
    pair.iter()
        .rev()
        .fold(0, |unit, byte| unit << 8 | u16::from(*byte))
}

/// By the boot sector; where that leads nowhere, by its backup.
fn first_steps(device: &dyn Device) -> Result<(Geometry, Extents, BootState)> {
    let by_its_own = boot::read(device, 0).and_then(|own| Ok((own, bootstrap(device, &own)?)));
    let error = match by_its_own {
        Ok((geometry, mft)) => return Ok((geometry, mft, BootState::Sound)),
        Err(error) => error,
    };
    let by_backup = boot::backup(device).and_then(|(geometry, at)| {
        let mft = bootstrap(device, &geometry).ok()?;
        Some((geometry, mft, BootState::Backup(at)))
    });
    by_backup.ok_or(error)
}

/// A record of `$MFTMirr`, by the boot sector's word alone: whoever asks for it cannot read `$MFT`'s.
fn mirrored(device: &dyn Device, geometry: &Geometry, number: u64) -> Option<Record<Vec<u8>>> {
    let size = u64::from(geometry.record_size);
    let start = Some(geometry.mft_mirror_lcn).filter(|lcn| *lcn < geometry.clusters)?;
    let mut bytes = vec![0; size as usize];
    let at = geometry.cluster_offset(start) + number * size;
    device.read_at(at, &mut bytes).ok()?;
    let record = Record::from_disk(number, bytes).ok()?;
    (record.is_in_use() && record.base().is_none()).then_some(record)
}

/// `$MFT`'s own record; its copy where it cannot be read, and the copy leads to where the record should be.
fn mft_record(device: &dyn Device, geometry: &Geometry) -> Result<Record<Vec<u8>>> {
    let at = geometry.cluster_offset(geometry.mft_lcn);
    let mut bytes = vec![0; geometry.record_size as usize];
    device
        .read_at(at, &mut bytes)
        .map_err(|error| Error::io("read", "$MFT", at, error))?;
    let error = match Record::from_disk(well_known::MFT, bytes) {
        Ok(record) => return Ok(record),
        Err(error) => error,
    };
    let starts_here = |copy: &Record<Vec<u8>>| {
        let data = copy.find(attribute_type::DATA, &[]).ok().flatten();
        let first = data.and_then(|data| data.non_resident()?.runs(geometry.clusters).next());
        matches!(first, Some(Ok(run)) if run.lcn == Some(geometry.mft_lcn))
    };
    mirrored(device, geometry, well_known::MFT)
        .filter(starts_here)
        .ok_or(error)
}

/// Finds `$MFT` by its own first record. Where its runs are spread over extension records, each of them lies in
/// what the parts before it describe: parts are taken in order, and the next record is read through them.
fn bootstrap(device: &dyn Device, geometry: &Geometry) -> Result<Extents> {
    let base = mft_record(device, geometry)?;
    let missing = || Error::NotFound {
        what: "the $DATA of $MFT".to_owned(),
    };
    let first = base.find(attribute_type::DATA, &[])?.ok_or_else(missing)?;
    let mut extents = file::start(well_known::MFT, &first)?;
    file::append(&mut extents, &first, geometry).map_err(|e| e.in_record(well_known::MFT))?;
    if let Some(list) = mft_list(device, geometry, &base)? {
        for entry in ListEntries::new(&list) {
            let entry = entry.map_err(|error| error.in_record(well_known::MFT))?;
            if entry.type_code == attribute_type::DATA
                && entry.name.is_empty()
                && entry.record.number() != well_known::MFT
            {
                append_mft_part(device, geometry, &mut extents, &entry)?;
            }
        }
    }
    file::finish(extents, geometry)
}

fn mft_list(
    device: &dyn Device,
    geometry: &Geometry,
    base: &Record<Vec<u8>>,
) -> Result<Option<Vec<u8>>> {
    let Some(list) = file::attribute_list(base)? else {
        return Ok(None);
    };
    if let Body::Resident(bytes) = list.body {
        return Ok(Some(bytes.to_vec()));
    }
    let mut extents = file::start(well_known::MFT, &list)?;
    file::append(&mut extents, &list, geometry).map_err(|e| e.in_record(well_known::MFT))?;
    let extents = file::finish(extents, geometry)?;
    if extents.data_size > file::MAX_ATTRIBUTE_LIST {
        let expected = format!("at most {} bytes", file::MAX_ATTRIBUTE_LIST);
        return Err(
            Error::damaged("attribute list", 0, expected, extents.data_size)
                .in_record(well_known::MFT),
        );
    }
    let mut bytes = vec![0; extents.data_size as usize];
    extents.read_at(device, geometry, 0, &mut bytes)?;
    Ok(Some(bytes))
}

fn append_mft_part(
    device: &dyn Device,
    geometry: &Geometry,
    extents: &mut Extents,
    entry: &ListEntry<'_>,
) -> Result<()> {
    let number = entry.record.number();
    let size = u64::from(geometry.record_size);
    let offset = number.saturating_mul(size);
    let mut bytes = vec![0; geometry.record_size as usize];
    extents.read_allocated(device, geometry, offset, &mut bytes)?;
    let record = Record::from_disk(number, bytes)?;
    for part in record.attributes() {
        let part = part?;
        if part.is(attribute_type::DATA, &[]) && part.instance == entry.instance {
            return file::append(extents, &part, geometry).map_err(|e| e.in_record(number));
        }
    }
    let expected = format!("part of $DATA #{}", entry.instance);
    Err(Error::damaged("extension record of $MFT", 0, expected, "none").in_record(number))
}
