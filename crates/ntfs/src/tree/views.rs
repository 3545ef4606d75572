//! The views of the whole volume: reparse points and object ids.

use std::ops::ControlFlow;

use zerocopy::FromBytes;

use crate::device::Device;
use crate::error::{Error, Result};
use crate::file::File;
use crate::file_ref::FileRef;
use crate::index::Index;
use crate::layout::{ObjectIdData, ReparseKey, well_known};
use crate::volume::Volume;

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
}
