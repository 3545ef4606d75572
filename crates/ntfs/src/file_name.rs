//! `$FILE_NAME`: a name of a file, in its record and as the key of its directory's index.

use zerocopy::FromBytes;
use zerocopy::little_endian::U16;

use crate::error::{Error, Result};
use crate::file_ref::FileRef;
use crate::layout::{FileName, namespace};

/// A `$FILE_NAME`, seen in place.
#[derive(Debug, Clone, Copy)]
pub struct FileNameView<'a> {
    /// Everything but the name.
    pub header: &'a FileName,
    /// The name.
    pub name: &'a [U16],
    /// All bytes up to the end of the name.
    pub bytes: &'a [u8],
}

impl<'a> FileNameView<'a> {
    /// Reads an attribute's value or an index key; bytes after the name are allowed.
    pub fn parse(bytes: &'a [u8]) -> Result<Self> {
        let Ok((header, rest)) = FileName::ref_from_prefix(bytes) else {
            return Err(Error::damaged("$FILE_NAME", 0, "66 bytes", bytes.len()));
        };
        let length = usize::from(header.name_length);
        let name = <[U16]>::ref_from_prefix_with_elems(rest, length)
            .ok()
            .filter(|_| length > 0);
        let Some((name, _)) = name else {
            let expected = format!("a name of 1 to {} units", rest.len() / 2);
            return Err(Error::damaged("$FILE_NAME", 0x40, expected, length));
        };
        let bytes = bytes
            .get(..size_of::<FileName>() + 2 * length)
            .unwrap_or(bytes);
        Ok(Self {
            header,
            name,
            bytes,
        })
    }

    /// The directory.
    pub fn parent(&self) -> FileRef {
        FileRef::from_raw(self.header.parent.get())
    }

    /// Whether it is an 8.3 name that goes with a long one.
    pub fn is_dos(&self) -> bool {
        self.header.namespace == namespace::DOS
    }

    /// The units of the name.
    pub fn units(&self) -> impl Iterator<Item = u16> + 'a {
        self.name.iter().map(|unit| unit.get())
    }

    /// The name, owned.
    pub fn to_vec(&self) -> Vec<u16> {
        self.units().collect()
    }
}
