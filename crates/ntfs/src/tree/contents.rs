//! What files hold: data, reparse data.

use crate::device::Device;
use crate::error::{Error, Place, Result};
use crate::file::File;
use crate::layout::{attribute_flags, attribute_type};
use crate::value::Value;
use crate::volume::Volume;

/// The most bytes of reparse data, header included (MS-FSCC 2.1.2: `MAXIMUM_REPARSE_DATA_BUFFER_SIZE`).
pub const MAX_REPARSE_DATA: u64 = 16 * 1024;

/// The tag of a file whose data are compressed by the Windows overlay filter, in a stream of its own.
const WOF_TAG: [u8; 4] = 0x8000_0017u32.to_le_bytes();

impl<D: Device> Volume<D> {
    /// The reparse data of a file, header included, byte for byte. `None` if it has none.
    ///
    /// Up to 64 KiB are read, so that data which are too long can be looked at.
    pub fn reparse_data(&self, file: &File) -> Result<Option<Vec<u8>>> {
        let value = self.value(file, attribute_type::REPARSE_POINT, &[])?;
        value
            .map(|value| self.read_whole(&value, 4 * MAX_REPARSE_DATA))
            .transpose()
            .map_err(|error| error.in_record(file.number()))
    }

    /// The 16-byte object id of a file.
    pub fn object_id(&self, file: &File) -> Option<[u8; 16]> {
        let found = file.find(attribute_type::OBJECT_ID, &[])?;
        found.resident()?.first_chunk().copied()
    }

    /// A stream of a file that can be read: the unnamed one for an empty `stream`.
    ///
    /// # Errors
    ///
    /// [`Error::Unsupported`] for an encrypted stream, and for the unnamed one of a file compressed by the overlay
    /// filter: its bytes are zeros that nobody wrote.
    pub fn stream(&self, file: &File, stream: &[u16]) -> Result<Option<Value>> {
        let number = file.number();
        let unsupported = |reason: &'static str| Error::Unsupported {
            structure: "$DATA",
            place: Place::Record { number, offset: 0 },
            reason: reason.into(),
        };
        let Some(found) = file.find(attribute_type::DATA, stream) else {
            return Ok(None);
        };
        if found.flags & attribute_flags::ENCRYPTED != 0 {
            return Err(unsupported(
                "it is encrypted (EFS), and its key is not on the volume",
            ));
        }
        if !matches!(found.flags & attribute_flags::COMPRESSION_MASK, 0 | 1) {
            return Err(unsupported("its compression method is not LZNT1"));
        }
        if stream.is_empty() && self.is_overlay_compressed(file)? {
            return Err(unsupported(
                "it is compressed by the overlay filter (WOF, CompactOS)",
            ));
        }
        self.value(file, attribute_type::DATA, stream)
    }

    fn is_overlay_compressed(&self, file: &File) -> Result<bool> {
        let value = self.value(file, attribute_type::REPARSE_POINT, &[])?;
        let Some(value) = value.filter(|value| value.len() >= 4) else {
            return Ok(false);
        };
        let mut tag = [0; 4];
        self.read_value(&value, 0, &mut tag)?;
        Ok(tag == WOF_TAG)
    }

    /// All bytes of a stream of at most `limit` bytes; `None` if there is no such stream.
    pub fn contents(&self, file: &File, stream: &[u16], limit: u64) -> Result<Option<Vec<u8>>> {
        let value = self.stream(file, stream)?;
        value
            .map(|value| self.read_whole(&value, limit))
            .transpose()
            .map_err(|error| error.in_record(file.number()))
    }
}
