//! Where the contents of copies come from, and their passing through in pieces.

use std::io::{self, Read};

use super::{Cause, Volume, VolumeError};
use crate::path::EntryPath;
use crate::plan::Source;

/// Bytes that are read at once.
const PIECE: usize = 256 << 10;

/// Takes the bytes of a source, to their end.
pub type Take<'t> = &'t mut dyn FnMut(&mut dyn Read) -> Result<(), Cause>;

/// Opens the files that copies are made of, on volumes other than the one a copy is made on.
pub trait Sources {
    /// Hands the bytes of a source to `take`, once; an error where the source is not, or no longer, as
    /// it says.
    fn read(&self, source: &Source, take: Take<'_>) -> Result<(), Cause>;
}

/// There is no other volume.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoSources;

impl Sources for NoSources {
    fn read(&self, _: &Source, _: Take<'_>) -> Result<(), Cause> {
        Err(Cause::Unsupported("copies from volumes that are not known"))
    }
}

impl Source {
    /// Hands the bytes of this file of `volume` to `take`, and looks before and after whether it is as
    /// it was.
    ///
    /// # Errors
    /// [`Cause::Changed`] where it is not; what the volume or `take` says.
    pub fn read_from(&self, volume: &dyn Volume, take: Take<'_>) -> Result<(), Cause> {
        let is_as_it_was = || match volume.entry(&self.at) {
            Ok(entry) if self.is(&entry) => Ok(()),
            Ok(_) => Err(Cause::Changed),
            Err(e) => Err(e.cause),
        };
        is_as_it_was()?;
        let mut reader = volume.read(&self.at).map_err(|e| e.cause)?;
        let mut counted = Counted {
            reader: &mut *reader,
            left: self.size,
        };
        take(&mut counted)?;
        match counted.left {
            0 => is_as_it_was(),
            _ => Err(Cause::Changed),
        }
    }
}

/// So many bytes of a reader: fewer are an error, more are not looked at.
struct Counted<'r> {
    reader: &'r mut dyn Read,
    left: u64,
}

impl Read for Counted<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).map_or(buf.len(), |left| left.min(buf.len()));
        let part = buf.get_mut(..most).unwrap_or_default();
        if part.is_empty() {
            return Ok(0);
        }
        match self.reader.read(part)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            n => {
                self.left -= n as u64;
                Ok(n)
            }
        }
    }
}

/// Whether two files hold the same bytes; all of them are compared.
pub(crate) fn same_contents(
    (volume, a): (&dyn Volume, &EntryPath),
    (other, b): (&dyn Volume, &EntryPath),
) -> Result<bool, VolumeError> {
    let (mut left, mut right) = (volume.read(a)?, other.read(b)?);
    let (mut one, mut two) = (vec![0; PIECE], vec![0; PIECE]);
    loop {
        let n =
            fill(&mut *left, &mut one).map_err(|e| VolumeError::new("read", a, Cause::Io(e)))?;
        let m =
            fill(&mut *right, &mut two).map_err(|e| VolumeError::new("read", b, Cause::Io(e)))?;
        if n != m || one.get(..n) != two.get(..m) {
            return Ok(false);
        }
        if n < PIECE {
            return Ok(true);
        }
    }
}

/// Reads until the buffer is full or the end is reached; the count.
fn fill(reader: &mut dyn Read, buf: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buf.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match reader.read(rest) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(filled)
}
