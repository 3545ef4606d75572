//! The disk in a container as a device, whatever the format.

use std::io;
use std::sync::Arc;

use linksmith_ntfs::device::Device;
use miniz_oxide::inflate::decompress_slice_iter_to_slice;

use super::cache::Cache;
use super::parts::Parts;
use super::{ContainerError, Format, Layout, Packed, Piece, Place};

/// Tables are read in pages of this many bytes, of which this many are kept: 2 MiB.
const PAGE: u64 = 16 << 10;
const PAGES: usize = 128;
/// Units kept unpacked. A cluster of QCOW2 has at most 2 MiB.
const UNPACKED: usize = 8;

/// The files that make up a container, and their tables.
pub(super) struct Files {
    files: Vec<Box<dyn Device>>,
    pages: Cache,
}

impl Files {
    pub(super) fn new(first: Box<dyn Device>) -> Self {
        Self {
            files: vec![first],
            pages: Cache::new(PAGES),
        }
    }

    /// Adds a file, and gives its number.
    pub(super) fn add(&mut self, file: Box<dyn Device>) -> usize {
        self.files.push(file);
        self.files.len() - 1
    }

    /// The length in bytes; of a file that is not there, 0.
    pub(super) fn len(&self, file: usize) -> u64 {
        self.files.get(file).map_or(0, |file| file.len())
    }

    /// Fills `buf` from the byte `at` of a file. A file that ends before is an error: one that was cut short should
    /// not read as zeros.
    pub(super) fn read(&self, file: usize, at: u64, buf: &mut [u8]) -> io::Result<()> {
        let length = self.len(file);
        let end = at.checked_add(buf.len() as u64);
        match self.files.get(file) {
            Some(device) if end.is_some_and(|end| end <= length) => device.read_at(at, buf),
            _ => Err(past_the_end(at, buf.len(), length)),
        }
    }

    /// So many bytes of a structure. The caller has bounded the number.
    pub(super) fn structure(&self, file: usize, at: u64, length: usize) -> io::Result<Vec<u8>> {
        let end = at.checked_add(length as u64);
        if end.is_none_or(|end| end > self.len(file)) {
            return Err(past_the_end(at, length, self.len(file)));
        }
        let mut bytes = vec![0; length];
        self.read(file, at, &mut bytes)?;
        Ok(bytes)
    }

    /// One entry of a table, kept with its neighbours.
    pub(super) fn entry<const N: usize>(&self, file: usize, at: u64) -> io::Result<[u8; N]> {
        let (page, within) = (at / PAGE, (at % PAGE) as usize);
        let bytes = self.page(file, page)?;
        if let Some(entry) = bytes.get(within..).and_then(|from| from.first_chunk()) {
            return Ok(*entry);
        }
        // It lies across two pages, or the file ends.
        let mut entry = [0; N];
        self.read(file, at, &mut entry)?;
        Ok(entry)
    }

    fn page(&self, file: usize, page: u64) -> io::Result<Arc<[u8]>> {
        let number = page.wrapping_add(file as u64);
        self.pages.get((file, page), number, || {
            let at = page * PAGE;
            let length = self.len(file).saturating_sub(at).min(PAGE);
            self.structure(file, at, length as usize)
        })
    }
}

fn past_the_end(at: u64, length: usize, file: u64) -> io::Error {
    let what = format!("the file ends at {file}, before the {length} bytes at {at}");
    io::Error::new(io::ErrorKind::UnexpectedEof, what)
}

/// The disk that lies in a container. It is only read.
pub struct ContainerDevice {
    format: Format,
    files: Files,
    layout: Box<dyn Layout>,
    unpacked: Cache,
    below: Option<Box<dyn Device>>,
    notes: Vec<String>,
}

impl std::fmt::Debug for ContainerDevice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "a disk of {} bytes in a {}", self.len(), self.format)
    }
}

impl ContainerDevice {
    pub(super) fn new(format: Format, parts: Parts<'_>, layout: Box<dyn Layout>) -> Self {
        Self {
            format,
            files: parts.files,
            layout,
            unpacked: Cache::new(UNPACKED),
            below: parts.below,
            notes: parts.notes,
        }
    }

    /// What it lies in.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Every reason not to trust that the disk is in its last state, in words.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    fn read(&self, mut at: u64, mut rest: &mut [u8]) -> io::Result<()> {
        while !rest.is_empty() {
            let piece = self.stretch(at, rest.len() as u64)?;
            let (now, later) = rest.split_at_mut((piece.length as usize).min(rest.len()));
            self.fill(at, piece.place, now)?;
            (at, rest) = (at + piece.length, later);
        }
        Ok(())
    }

    /// Where at most `wanted` bytes from `at` lie: neighbours that follow each other are read as one.
    fn stretch(&self, at: u64, wanted: u64) -> io::Result<Piece> {
        let mut piece = self.layout.locate(&self.files, at)?;
        while piece.length < wanted {
            let follows = match piece.place {
                Place::Stored { file, at } => Place::Stored {
                    file,
                    at: at.saturating_add(piece.length),
                },
                Place::Zeros | Place::Below => piece.place,
                Place::Packed { .. } => break,
            };
            let next = self.layout.locate(&self.files, at + piece.length)?;
            if next.place != follows {
                break;
            }
            piece.length += next.length;
        }
        piece.length = piece.length.clamp(1, wanted);
        Ok(piece)
    }

    /// The disk below may be shorter than this one.
    fn fill_from_below(&self, at: u64, buf: &mut [u8]) -> io::Result<()> {
        let Some(below) = &self.below else {
            buf.fill(0);
            return Ok(());
        };
        let there = below.len().saturating_sub(at).min(buf.len() as u64);
        let (there, beyond) = buf.split_at_mut(there as usize);
        beyond.fill(0);
        if there.is_empty() {
            return Ok(());
        }
        below.read_at(at, there)
    }

    /// Fills `buf` with the bytes from `at` of the disk, which lie in one place.
    fn fill(&self, at: u64, place: Place, buf: &mut [u8]) -> io::Result<()> {
        match place {
            Place::Zeros => buf.fill(0),
            Place::Below => self.fill_from_below(at, buf)?,
            Place::Stored { file, at } => self.files.read(file, at, buf)?,
            Place::Packed { unit, skip } => {
                let number = unit.at / 512;
                let kept = self
                    .unpacked
                    .get((unit.file, unit.at), number, || self.unpack(unit))?;
                let there = kept.get(skip..).and_then(|from| from.get(..buf.len()));
                buf.copy_from_slice(there.ok_or_else(|| self.not_unpacked(unit))?);
            }
        }
        Ok(())
    }

    fn unpack(&self, unit: Packed) -> io::Result<Vec<u8>> {
        let left = self.files.len(unit.file).saturating_sub(unit.at);
        let length = unit.length.min(usize::try_from(left).unwrap_or(usize::MAX));
        let packed = self.files.structure(unit.file, unit.at, length)?;
        let mut bytes = vec![0; unit.unpacked];
        let pieces = std::iter::once(packed.as_slice());
        match decompress_slice_iter_to_slice(&mut bytes, pieces, unit.zlib, false) {
            // The last one of a disk may be short.
            Ok(length) => {
                bytes.truncate(length);
                Ok(bytes)
            }
            _ => Err(self.not_unpacked(unit)),
        }
    }

    fn not_unpacked(&self, unit: Packed) -> io::Error {
        let what = format!("what is compressed at {} cannot be unpacked", unit.at);
        ContainerError::damaged(self.format, what).into()
    }
}

impl Device for ContainerDevice {
    fn len(&self) -> u64 {
        self.layout.len()
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        let end = offset.checked_add(buf.len() as u64);
        if end.is_none_or(|end| end > self.len()) {
            return Err(past_the_end(offset, buf.len(), self.len()));
        }
        self.read(offset, buf).map_err(|error| match error.kind() {
            // Of a file that was cut short: the disk itself does not end here.
            io::ErrorKind::UnexpectedEof => {
                ContainerError::damaged(self.format, error.to_string()).into()
            }
            _ => error,
        })
    }

    fn write_at(&self, _offset: u64, _data: &[u8]) -> io::Result<()> {
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }

    fn flush(&self) -> io::Result<()> {
        Ok(())
    }
}
