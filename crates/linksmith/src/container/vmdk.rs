//! VMDK: extents, plain or sparse, in one file or in several that a text names. A sparse extent has a header, a directory
//! of tables, tables of grains, and grains, which may be compressed. All numbers are little-endian.
//!
//! Source: VMware, "Virtual Disk Format 5.0" (technical note, 2011).

mod descriptor;

use std::io;

use descriptor::{Descriptor, Kind, MAX_TEXT};

use super::{
    ContainerError, Files, Format, Layout, Packed, Parts, Piece, Place, disk_length, split,
    table_fits,
};
use crate::bytes::{le16, le32, le64};

const SECTOR: u64 = 512;
const HEADER: usize = 512;
const MAGIC: &[u8] = b"KDMV";
/// The grains of VMware have 64 KiB.
const MAX_GRAIN: u64 = 2 << 20;
/// The tables of VMware have 512 entries.
const MAX_PER_TABLE: u64 = 1 << 16;
/// In place of the directory's sector: it is in the copy of the header that ends the file.
const DIRECTORY_AT_END: u64 = u64::MAX;

/// Bits of the header's flags.
mod flag {
    pub(super) const ZEROED_GRAINS: u32 = 1 << 2;
    pub(super) const COMPRESSED: u32 = 1 << 16;
    pub(super) const MARKERS: u32 = 1 << 17;
}

pub(super) struct Vmdk {
    length: u64,
    /// One after the other, none of them empty.
    extents: Vec<Extent>,
}

struct Extent {
    start: u64,
    length: u64,
    source: Source,
}

enum Source {
    Zeros,
    Flat { file: usize, at: u64 },
    Sparse(Grains),
}

/// A disk that is one sparse extent, described within itself.
pub(super) fn open(parts: &mut Parts<'_>) -> Result<Vmdk, ContainerError> {
    let (grains, length) = Grains::open(parts, 0)?;
    if let Some(text) = text_within(&parts.files)? {
        lay_over_parent(parts, &text)?;
    }
    let extent = Extent {
        start: 0,
        length,
        source: Source::Sparse(grains),
    };
    Ok(Vmdk {
        length: disk_length(Format::Vmdk, length)?,
        extents: vec![extent],
    })
}

/// A disk that a text describes.
pub(super) fn open_described(parts: &mut Parts<'_>) -> Result<Vmdk, ContainerError> {
    let descriptor = text_alone(&parts.files)?;
    lay_over_parent(parts, &descriptor)?;
    let (mut start, mut extents) = (0, Vec::new());
    for described in descriptor.extents()? {
        let length = described.sectors.saturating_mul(SECTOR);
        let source = match described.kind {
            Kind::Zero => Source::Zeros,
            Kind::Flat { name, sector } => {
                let file = add(parts, &name)?;
                let at = sector.saturating_mul(SECTOR);
                let end = at.checked_add(length);
                if end.is_none_or(|end| end > parts.files.len(file)) {
                    return Err(damaged(format!("'{name}' is shorter than described")));
                }
                Source::Flat { file, at }
            }
            Kind::Sparse { name } => {
                let file = add(parts, &name)?;
                let (grains, capacity) = Grains::open(parts, file)?;
                if capacity < length {
                    return Err(damaged(format!("'{name}' is shorter than described")));
                }
                Source::Sparse(grains)
            }
        };
        if length > 0 {
            extents.push(Extent {
                start,
                length,
                source,
            });
        }
        start = disk_length(Format::Vmdk, length.saturating_add(start))?;
    }
    Ok(Vmdk {
        length: disk_length(Format::Vmdk, start)?,
        extents,
    })
}

fn add(parts: &mut Parts<'_>, name: &str) -> Result<usize, ContainerError> {
    let file = parts.sibling(Format::Vmdk, name)?;
    Ok(parts.files.add(file))
}

/// The text that is a file of its own.
fn text_alone(files: &Files) -> Result<Descriptor, ContainerError> {
    let size = files.len(0).min(MAX_TEXT as u64) as usize;
    Ok(Descriptor::parse(&files.structure(0, 0, size)?))
}

/// The text within a sparse extent, where there is one.
fn text_within(files: &Files) -> Result<Option<Descriptor>, ContainerError> {
    let header = sparse_header(files, 0)?;
    let at = le64(&header, 28).saturating_mul(SECTOR);
    if at == 0 {
        return Ok(None);
    }
    let size = le64(&header, 36)
        .saturating_mul(SECTOR)
        .min(MAX_TEXT as u64) as usize;
    Ok(Some(Descriptor::parse(&files.structure(0, at, size)?)))
}

/// A snapshot lies over its parent, which is known by its content id.
fn lay_over_parent(parts: &mut Parts<'_>, text: &Descriptor) -> Result<(), ContainerError> {
    let Some((name, id)) = text.parent() else {
        return Ok(());
    };
    let parent = Files::new(parts.sibling(Format::Vmdk, name)?);
    let text = match parent.structure(0, 0, MAGIC.len())?.as_slice() {
        MAGIC => text_within(&parent)?,
        _ => Some(text_alone(&parent)?),
    };
    if text.is_none_or(|text| !text.has_id(id)) {
        return Err(damaged(format!(
            "'{name}' is not the parent that it was made over, or was changed since"
        )));
    }
    let is_vmdk = |format| matches!(format, Some(Format::Vmdk | Format::VmdkDescriptor));
    parts.lay_over(Format::Vmdk, name, is_vmdk)
}

fn damaged(what: impl Into<String>) -> ContainerError {
    ContainerError::damaged(Format::Vmdk, what)
}

fn unsupported(what: impl Into<String>) -> ContainerError {
    ContainerError::unsupported(Format::Vmdk, what)
}

/// A sparse extent's tables.
struct Grains {
    file: usize,
    /// Where the directory begins.
    directory: u64,
    grain: u64,
    /// Entries of a table.
    per_table: u64,
    /// Whether an entry of 1 is a grain of zeros.
    has_zeroed: bool,
    is_compressed: bool,
}

impl Grains {
    /// The tables, and the extent's length.
    fn open(parts: &mut Parts<'_>, file: usize) -> Result<(Self, u64), ContainerError> {
        let (files, notes) = (&parts.files, &mut parts.notes);
        let header = sparse_header(files, file)?;
        let flags = le32(&header, 8);
        let length = disk_length(Format::Vmdk, le64(&header, 12).saturating_mul(SECTOR))?;
        let grain = le64(&header, 20).saturating_mul(SECTOR);
        let per_table = u64::from(le32(&header, 44));
        if !grain.is_power_of_two() || grain > MAX_GRAIN {
            return Err(damaged(format!("grains of {grain} bytes")));
        }
        if !(1..=MAX_PER_TABLE).contains(&per_table) {
            return Err(damaged(format!("tables of {per_table} grains")));
        }
        if header.get(72) == Some(&1) {
            notes.push("the VMDK image was not closed, or a machine runs on it".to_owned());
        }
        let directory = le64(&header, 56).saturating_mul(SECTOR);
        let tables = length.div_ceil(grain).div_ceil(per_table);
        table_fits(Format::Vmdk, files, file, (directory, tables, 4))?;
        let grains = Self {
            file,
            directory,
            grain,
            per_table,
            has_zeroed: flags & flag::ZEROED_GRAINS != 0,
            is_compressed: flags & flag::COMPRESSED != 0,
        };
        Ok((grains, length))
    }

    fn locate(&self, files: &Files, at: u64) -> io::Result<Piece> {
        let (table, in_table, left) = split(at, self.grain * self.per_table);
        let place = self.directory + 4 * table;
        let table = u32::from_le_bytes(files.entry(self.file, place)?);
        if table == 0 {
            return Ok(Piece {
                place: Place::Below,
                length: left,
            });
        }
        let (grain, within, length) = split(in_table, self.grain);
        let place = u64::from(table) * SECTOR + 4 * grain;
        let place = match u32::from_le_bytes(files.entry(self.file, place)?) {
            0 => Place::Below,
            1 if self.has_zeroed => Place::Zeros,
            sector if self.is_compressed => {
                self.compressed(files, u64::from(sector) * SECTOR, within)?
            }
            sector => Place::Stored {
                file: self.file,
                at: u64::from(sector) * SECTOR + within,
            },
        };
        Ok(Piece { place, length })
    }

    /// Before a compressed grain stand its first sector on the disk (8 bytes) and its bytes in the file (4).
    fn compressed(&self, files: &Files, at: u64, within: u64) -> io::Result<Place> {
        let marker: [u8; 12] = files.entry(self.file, at)?;
        let length = le32(&marker, 8);
        // What does not shrink grows by a few bytes; a damaged one may say anything.
        if u64::from(length) > 2 * self.grain {
            return Err(damaged(format!("a grain of {length} compressed bytes at {at}")).into());
        }
        let unit = Packed {
            file: self.file,
            at: at + 12,
            length: length as usize,
            unpacked: self.grain as usize,
            zlib: true,
        };
        Ok(Place::Packed {
            unit,
            skip: within as usize,
        })
    }
}

/// The header, or its copy at the end where the first does not know the directory yet: the file was written in one go.
fn sparse_header(files: &Files, file: usize) -> Result<Vec<u8>, ContainerError> {
    let mut header = files.structure(file, 0, HEADER)?;
    if le64(&header, 56) == DIRECTORY_AT_END {
        // The copy is followed by the marker that ends the stream.
        let at = files.len(file).saturating_sub(2 * SECTOR);
        header = files.structure(file, at, HEADER)?;
    }
    if !header.starts_with(MAGIC) {
        return Err(match header.first_chunk() {
            Some(b"COWD") => unsupported("of the sparse kind of ESX hosts"),
            Some([0xBE, 0xBA, 0xFE, 0xCA]) => unsupported("of the space-efficient kind of ESXi"),
            _ => damaged("its header is none"),
        });
    }
    let version = le32(&header, 4);
    if !(1..=3).contains(&version) {
        return Err(unsupported(format!("of version {version}")));
    }
    let flags = le32(&header, 8);
    if flags & flag::COMPRESSED != 0 && (flags & flag::MARKERS == 0 || le16(&header, 77) != 1) {
        return Err(unsupported("that is compressed in a way that is not known"));
    }
    Ok(header)
}

impl Layout for Vmdk {
    fn len(&self) -> u64 {
        self.length
    }

    fn locate(&self, files: &Files, at: u64) -> io::Result<Piece> {
        let after = self.extents.partition_point(|extent| extent.start <= at);
        let extent = after.checked_sub(1).and_then(|last| self.extents.get(last));
        let Some(extent) = extent else {
            return Err(io::ErrorKind::UnexpectedEof.into());
        };
        let within = at - extent.start;
        let left = extent.length.saturating_sub(within);
        let piece = match &extent.source {
            Source::Zeros => Piece {
                place: Place::Zeros,
                length: left,
            },
            Source::Flat { file, at } => Piece {
                place: Place::Stored {
                    file: *file,
                    at: at + within,
                },
                length: left,
            },
            Source::Sparse(grains) => grains.locate(files, within)?,
        };
        Ok(Piece {
            length: piece.length.min(left),
            ..piece
        })
    }
}
