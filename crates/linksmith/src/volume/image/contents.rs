//! A file's contents as a stream of bytes.

use std::io::{self, Read};
use std::sync::Arc;

use linksmith_ntfs::Volume as Ntfs;
use linksmith_ntfs::device::Device;
use linksmith_ntfs::value::Value;

/// Reads a value that is not compressed, from its first byte on.
pub(super) struct Contents {
    pub(super) ntfs: Arc<Ntfs<Arc<dyn Device>>>,
    pub(super) value: Value,
    pub(super) offset: u64,
}

impl Read for Contents {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let left = self.value.len().saturating_sub(self.offset);
        let count = left.min(buf.len() as u64) as usize;
        let part = buf.get_mut(..count).unwrap_or_default();
        self.ntfs
            .read_value(&self.value, self.offset, part)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        self.offset += count as u64;
        Ok(count)
    }
}
