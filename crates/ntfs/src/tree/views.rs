//! The views of the whole volume: reparse points, object ids, security descriptors.

use std::ops::ControlFlow;

use zerocopy::FromBytes;

use crate::collate;
use crate::device::Device;
use crate::error::{Error, Result};
use crate::file::File;
use crate::file_ref::FileRef;
use crate::index::Index;
use crate::layout::{
    ObjectIdData, ReparseKey, SecurityDescriptorHeader, attribute_type, well_known,
};
use crate::volume::Volume;

/// A descriptor's bytes at most; Windows keeps them below 64 KiB.
const MAX_DESCRIPTOR: u64 = 1 << 17;

impl<D: Device> Volume<D> {
    /// A file of `$Extend`: `$Reparse`, `$ObjId`, `$Quota`, `$UsnJrnl`. NTFS 3.0 and later make them when they
    /// are first needed.
    pub fn extend_file(&self, name: &str) -> Result<Option<File>> {
        let name: Vec<u16> = name.encode_utf16().collect();
        let found = self.lookup(well_known::EXTEND, &name)?;
        found.map(|found| self.file_by_ref(found.file)).transpose()
    }

    /// Comes by every entry of `$Extend\$Reparse:$R`: reparse tag and file, by tag.
    pub fn reparse_points(
        &self,
        mut visit: impl FnMut(Result<(u32, FileRef)>) -> ControlFlow<()>,
    ) -> Result<()> {
        self.view("$Reparse", "$R", |entry| {
            visit(entry.and_then(|(key, _)| {
                ReparseKey::read_from_bytes(key)
                    .map(|key| (key.tag.get(), FileRef::from_raw(key.file.get())))
                    .map_err(|_| Error::damaged("$R key", 0, "12 bytes", key.len()))
            }))
        })
    }

    /// Comes by every entry of `$Extend\$ObjId:$O`: object id and file.
    pub fn object_ids(
        &self,
        mut visit: impl FnMut(Result<([u8; 16], FileRef)>) -> ControlFlow<()>,
    ) -> Result<()> {
        self.view("$ObjId", "$O", |entry| {
            visit(entry.and_then(|(key, data)| {
                let id = key
                    .try_into()
                    .map_err(|_| Error::damaged("$O key", 0, "16 bytes", key.len()))?;
                let (data, _) = ObjectIdData::read_from_prefix(data)
                    .map_err(|_| Error::damaged("$O data", 0, "56 bytes", data.len()))?;
                Ok((id, FileRef::from_raw(data.file.get())))
            }))
        })
    }

    fn view(
        &self,
        file: &str,
        index: &str,
        mut visit: impl FnMut(Result<(&[u8], &[u8])>) -> ControlFlow<()>,
    ) -> Result<()> {
        let Some(file) = self.extend_file(file)? else {
            return Ok(());
        };
        let name: Vec<u16> = index.encode_utf16().collect();
        let Some(index) = Index::open(self, &file, &name)? else {
            return Ok(());
        };
        index.for_each(|entry| visit(entry.and_then(|entry| Ok((entry.key, entry.data()?)))))
    }

    /// The security descriptor of an id: found in `$Secure:$SII`, read from `$SDS`.
    pub fn security_descriptor(&self, id: u32) -> Result<Option<Vec<u8>>> {
        let secure = self.file(well_known::SECURE)?;
        let [sii, sds] = ["$SII", "$SDS"].map(|name| name.encode_utf16().collect::<Vec<_>>());
        let Some(index) = Index::open(self, &secure, &sii)? else {
            return Ok(None);
        };
        let key = id.to_le_bytes();
        let Some(entry) = index.find(|other| collate::compare_u32(other, &key))? else {
            return Ok(None);
        };
        let entry = entry.view()?;
        let data = entry.data()?;
        let wrong = |at: usize, expected: String, actual: u64| {
            Error::damaged("$Secure", at, expected, actual).in_record(well_known::SECURE)
        };
        let (place, _) = SecurityDescriptorHeader::read_from_prefix(data)
            .map_err(|_| wrong(0, "an $SII entry of 20 bytes".to_owned(), data.len() as u64))?;
        let header = size_of::<SecurityDescriptorHeader>() as u64;
        let length = u64::from(place.length.get());
        if !(header..=MAX_DESCRIPTOR).contains(&length) {
            return Err(wrong(
                16,
                format!("{header} to {MAX_DESCRIPTOR} bytes"),
                length,
            ));
        }
        let Some(stream) = self.value(&secure, attribute_type::DATA, &sds)? else {
            return Ok(None);
        };
        let mut bytes = vec![0; length as usize];
        self.read_value(&stream, place.offset.get(), &mut bytes)?;
        let (own, _) = SecurityDescriptorHeader::read_from_prefix(&bytes)
            .map_err(|_| wrong(0, "a header in $SDS".to_owned(), length))?;
        if own.security_id.get() != id || own.length != place.length {
            return Err(wrong(
                4,
                format!("id {id} in $SDS"),
                own.security_id.get().into(),
            ));
        }
        Ok(Some(bytes.split_off(header as usize)))
    }
}
