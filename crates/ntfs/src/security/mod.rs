//! Who may do what: security descriptors, read from files and from `$Secure`, and what they allow.

pub mod access;
pub mod descriptor;

use zerocopy::FromBytes;

use crate::collate;
use crate::device::Device;
use crate::error::{Error, Result};
use crate::file::File;
use crate::index::Index;
use crate::layout::{SecurityDescriptorHeader, attribute_type, well_known};
use crate::volume::Volume;

pub use access::Sid;
pub use descriptor::Descriptor;

/// A descriptor's bytes at most; Windows keeps them below 64 KiB.
const MAX_DESCRIPTOR: u64 = 1 << 17;

impl<D: Device> Volume<D> {
    /// The security descriptor of a file: the one that its security id has in `$Secure`, or its own. `None` where it
    /// has neither: then anybody may do anything.
    ///
    /// # Errors
    /// Where `$Secure` does not have the id, or something cannot be read.
    pub fn file_security(&self, file: &File) -> Result<Option<Vec<u8>>> {
        let tail = file.standard()?.tail;
        let id = tail.map_or(0, |tail| tail.security_id.get());
        if id == 0 {
            let own = self.value(file, attribute_type::SECURITY_DESCRIPTOR, &[])?;
            let own = own.map(|value| self.read_whole(&value, MAX_DESCRIPTOR));
            return own.transpose();
        }
        let missing = || {
            let expected = format!("security id {id}");
            Error::damaged("$Secure:$SII", 0, expected, "none").in_record(well_known::SECURE)
        };
        self.security_descriptor(id)?.ok_or_else(missing).map(Some)
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
