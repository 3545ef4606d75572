//! Contents that pass through in pieces: from a reader, or from another file of the volume.

use std::io::Read;

use super::Editor;
use super::error::{EditError, EditResult};
use super::values::DATA;
use crate::device::Device;
use crate::error::Error;
use crate::file_ref::FileRef;
use crate::layout::attribute_flags;
use crate::value::{Extents, Value};

/// Bytes that are held at once; a multiple of every cluster size.
const PIECE: usize = 2 << 20;

/// Where bytes come from.
pub(crate) enum Feed<'f> {
    /// A reader.
    Reader(&'f mut dyn Read),
    /// Another value of the volume, which nothing changes meanwhile: making a file leaves other files' clusters alone.
    Clusters(Extents),
}

impl<D: Device> Editor<D> {
    /// Makes a file with the contents that `source` has in this change; they have to be `size` bytes. `None`, and
    /// nothing is made, where they are compressed or encrypted, which only reading unpacks.
    ///
    /// # Errors
    /// As [`create_file_from`](Self::create_file_from).
    pub fn copy_file(
        &mut self,
        source: FileRef,
        size: u64,
        parent: FileRef,
        name: &[u16],
    ) -> EditResult<Option<FileRef>> {
        if self.base(source)?.is_directory() {
            return Err(EditError::IsADirectory { file: source });
        }
        let value = self
            .value(source.number(), DATA)?
            .unwrap_or(Value::Resident(Vec::new()));
        if value.len() != size {
            let ended = std::io::ErrorKind::UnexpectedEof.into();
            return Err(EditError::Contents(ended));
        }
        let extents = match value {
            Value::Resident(bytes) => return self.create_file(parent, name, &bytes).map(Some),
            Value::NonResident(extents) => extents,
        };
        if extents.is_compressed() || extents.flags & attribute_flags::ENCRYPTED != 0 {
            return Ok(None);
        }
        self.create_streamed(parent, name, size, Feed::Clusters(extents))
            .map(Some)
    }

    /// Gives a new file `size` bytes as its unnamed data. Gives the bytes allocated.
    ///
    /// Clusters that nobody used before are written on the device at once, beside the change: nobody misses what they
    /// held, and until the commit nothing leads to them.
    pub(crate) fn put_streamed(
        &mut self,
        number: u64,
        size: u64,
        feed: &mut Feed<'_>,
    ) -> EditResult<u64> {
        let mut extents = Extents {
            record: number,
            data_size: size,
            initialized_size: size,
            ..Extents::default()
        };
        let cluster = u64::from(self.geometry.cluster_size);
        self.claim_for(&mut extents, size.div_ceil(cluster))?;
        let mut piece = vec![0; PIECE];
        let mut at = 0;
        while at < size {
            let count = (size - at).min(PIECE as u64) as usize;
            let padded = count.next_multiple_of(cluster as usize);
            let (bytes, padding) = piece[..padded].split_at_mut(count);
            match feed {
                Feed::Reader(reader) => reader.read_exact(bytes).map_err(EditError::Contents)?,
                Feed::Clusters(from) => from.read_at(&self.change, &self.geometry, at, bytes)?,
            }
            padding.fill(0);
            self.write_through(&extents, at, &piece[..padded])?;
            at += count as u64;
        }
        self.put_extents(number, &extents)?;
        Ok(extents.allocated_size)
    }

    /// Writes whole clusters of a value: fresh ones to the device, others into the change.
    fn write_through(
        &mut self,
        extents: &Extents,
        mut at: u64,
        mut bytes: &[u8],
    ) -> EditResult<()> {
        while !bytes.is_empty() {
            let Some((Some(place), there)) = extents.locate(&self.geometry, at) else {
                let expected = format!("a cluster for byte {at}");
                return Err(Error::damaged("data runs", 0, expected, "none")
                    .in_record(extents.record)
                    .into());
            };
            let (fresh, until) = self.change.fresh_run(place);
            let run = there.min(until - place).min(bytes.len() as u64) as usize;
            let (part, rest) = bytes.split_at(run);
            let written = match fresh {
                true => self.change.write_beneath(place, part),
                false => self.change.write_at(place, part),
            };
            written.map_err(|e| Error::io("write", "clusters", place, e))?;
            at += run as u64;
            bytes = rest;
        }
        Ok(())
    }
}
