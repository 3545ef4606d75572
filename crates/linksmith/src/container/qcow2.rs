//! QCOW2, versions 2 and 3: a table of tables (L1) whose entries lead to tables (L2) of clusters. All numbers are
//! big-endian. Snapshots are left alone: the tables of the header are those of the disk as it is now.
//!
//! Source: "The QCOW2 Image Format" of QEMU's documentation (docs/interop/qcow2).

use std::io;

use super::{
    ContainerError, Files, Format, Layout, Packed, Parts, Piece, Place, disk_length, split,
    table_fits,
};
use crate::bytes::{be32, be64};

/// The header of version 3 with the one field that may follow.
const HEADER: usize = 112;
/// Bytes of a cluster, as powers of 2.
const CLUSTER_BITS: std::ops::RangeInclusive<u32> = 9..=21;
/// Bytes of the name of a backing file, or of its format.
const MAX_NAME: u32 = 1023;
/// Extensions of the header; there are six kinds.
const MAX_EXTENSIONS: usize = 64;
/// A cluster has this many subclusters, where it has any.
const SUBCLUSTERS: u64 = 32;

/// Bits of the header's incompatible features.
mod incompatible {
    pub(super) const DIRTY: u64 = 1;
    pub(super) const CORRUPT: u64 = 1 << 1;
    pub(super) const EXTERNAL_DATA: u64 = 1 << 2;
    pub(super) const COMPRESSION: u64 = 1 << 3;
    pub(super) const EXTENDED_L2: u64 = 1 << 4;
}

/// Where a table or cluster begins: bits 9 to 55 of an entry.
const OFFSET: u64 = 0x00FF_FFFF_FFFF_FE00;
const IS_COMPRESSED: u64 = 1 << 62;
/// Since version 3: the cluster reads as zeros, whatever it has.
const READS_AS_ZEROS: u64 = 1;

pub(super) struct Qcow2 {
    length: u64,
    version: u32,
    cluster_bits: u32,
    /// Where the L1 table begins.
    l1: u64,
    has_subclusters: bool,
}

pub(super) fn open(parts: &mut Parts<'_>) -> Result<Qcow2, ContainerError> {
    let files = &parts.files;
    let mut header = files.structure(0, 0, HEADER.min(files.len(0) as usize))?;
    let version = be32(&header, 4);
    let features = match version {
        2 => 0,
        3 => be64(&header, 72),
        _ => return Err(unsupported(format!("of version {version}"))),
    };
    // What lies behind a shorter header is not the header's.
    let own = match version {
        2 => 72,
        _ => be32(&header, 100) as usize,
    };
    if own < 72 {
        return Err(damaged(format!("a header of {own} bytes")));
    }
    header.truncate(own);
    look_at(features, &header, &mut parts.notes)?;
    let cluster_bits = be32(&header, 20);
    if !CLUSTER_BITS.contains(&cluster_bits) {
        return Err(damaged(format!("clusters of 2^{cluster_bits} bytes")));
    }
    let qcow2 = Qcow2 {
        length: disk_length(Format::Qcow2, be64(&header, 24))?,
        version,
        cluster_bits,
        l1: be64(&header, 40),
        has_subclusters: features & incompatible::EXTENDED_L2 != 0,
    };
    qcow2.check(files, u64::from(be32(&header, 36)))?;
    let (name, length) = (be64(&header, 8), be32(&header, 16));
    if name != 0 {
        let name = files.structure(0, name, length.min(MAX_NAME) as usize)?;
        let format = backing_format(files, own as u64)?;
        lay_over(parts, &String::from_utf8_lossy(&name), &format)?;
    }
    Ok(qcow2)
}

/// The extension of the header that names the backing file's format; empty where there is none.
fn backing_format(files: &Files, mut at: u64) -> Result<String, ContainerError> {
    const END: u32 = 0;
    const BACKING_FORMAT: u32 = 0xE279_2ACA;
    for _ in 0..MAX_EXTENSIONS {
        let head = files.structure(0, at, 8)?;
        let (kind, length) = (be32(&head, 0), be32(&head, 4));
        at += 8;
        match kind {
            BACKING_FORMAT => {
                let name = files.structure(0, at, length.min(MAX_NAME) as usize)?;
                return Ok(String::from_utf8_lossy(&name).into_owned());
            }
            END => break,
            _ => at += u64::from(length).next_multiple_of(8),
        }
    }
    Ok(String::new())
}

/// A backing file is taken for what the header says alone: a raw disk may be made to look like a container.
fn lay_over(parts: &mut Parts<'_>, name: &str, format: &str) -> Result<(), ContainerError> {
    let is_right: fn(Option<Format>) -> bool = match format {
        "raw" => return parts.lay_over_raw(Format::Qcow2, name),
        "qcow2" => |found| found == Some(Format::Qcow2),
        "vpc" => |found| matches!(found, None | Some(Format::Vhd)),
        "vhdx" => |found| found == Some(Format::Vhdx),
        "vdi" => |found| found == Some(Format::Vdi),
        "vmdk" => |found| matches!(found, Some(Format::Vmdk | Format::VmdkDescriptor)),
        other => {
            return Err(unsupported(format!(
                "over the backing file '{name}' of the format '{other}'"
            )));
        }
    };
    parts.lay_over(Format::Qcow2, name, is_right)
}

fn look_at(features: u64, header: &[u8], notes: &mut Vec<String>) -> Result<(), ContainerError> {
    use incompatible::{COMPRESSION, CORRUPT, DIRTY, EXTENDED_L2, EXTERNAL_DATA};

    let compression = header.get(104).copied().unwrap_or(0);
    if features & COMPRESSION != 0 && compression != 0 {
        let name = if compression == 1 {
            "zstd"
        } else {
            "an unknown method"
        };
        return Err(unsupported(format!(
            "whose clusters are compressed by {name}"
        )));
    }
    if be32(header, 32) != 0 {
        return Err(unsupported("that is encrypted"));
    }
    if features & EXTERNAL_DATA != 0 {
        return Err(unsupported("whose data lie in another file"));
    }
    if features & CORRUPT != 0 {
        return Err(damaged("it is marked as corrupt"));
    }
    let known = DIRTY | CORRUPT | EXTERNAL_DATA | COMPRESSION | EXTENDED_L2;
    if features & !known != 0 {
        let unknown = features & !known;
        return Err(unsupported(format!(
            "with features that are not known ({unknown:#x})"
        )));
    }
    if features & DIRTY != 0 {
        notes.push("the QCOW2 image was not closed, or a machine runs on it".to_owned());
    }
    Ok(())
}

fn damaged(what: impl Into<String>) -> ContainerError {
    ContainerError::damaged(Format::Qcow2, what)
}

fn unsupported(what: impl Into<String>) -> ContainerError {
    ContainerError::unsupported(Format::Qcow2, what)
}

impl Qcow2 {
    fn check(&self, files: &Files, entries: u64) -> Result<(), ContainerError> {
        // A subcluster has a sector at least.
        if self.has_subclusters && self.cluster_bits < 14 {
            return Err(damaged(format!(
                "subclusters in clusters of 2^{} bytes",
                self.cluster_bits
            )));
        }
        let needed = self.length.div_ceil(self.span());
        if entries < needed {
            return Err(damaged(format!("{entries} of {needed} tables")));
        }
        table_fits(Format::Qcow2, files, 0, (self.l1, needed, 8))
    }

    fn cluster(&self) -> u64 {
        1 << self.cluster_bits
    }

    fn entry_size(&self) -> u64 {
        if self.has_subclusters { 16 } else { 8 }
    }

    /// Bytes of the disk that one L2 table, which fills a cluster, stands for.
    fn span(&self) -> u64 {
        self.cluster() / self.entry_size() * self.cluster()
    }

    fn compressed(&self, entry: u64, within: u64) -> Place {
        // The bits below this say where it begins, the others how many sectors it touches after the first.
        let offset_bits = 62 - (self.cluster_bits - 8);
        let at = entry & ((1 << offset_bits) - 1);
        let sectors = (entry & (IS_COMPRESSED - 1)) >> offset_bits;
        let unit = Packed {
            file: 0,
            at,
            length: ((sectors + 1) * 512 - at % 512) as usize,
            unpacked: self.cluster() as usize,
            zlib: false,
        };
        Place::Packed {
            unit,
            skip: within as usize,
        }
    }

    fn standard(&self, entry: u64, within: u64) -> Place {
        let at = entry & OFFSET;
        let zeros = self.version >= 3 && entry & READS_AS_ZEROS != 0;
        if zeros {
            Place::Zeros
        } else if at == 0 {
            Place::Below
        } else {
            Place::Stored {
                file: 0,
                at: at + within,
            }
        }
    }

    /// Each subcluster has a bit that it is there, and one that it reads as zeros.
    fn subcluster(&self, entry: u64, bits: u64, within: u64) -> Piece {
        let (number, _, length) = split(within, self.cluster() / SUBCLUSTERS);
        let bit = |bits: u64| bits >> number & 1 != 0;
        let place = if bit(bits >> SUBCLUSTERS) {
            Place::Zeros
        } else if bit(bits) && entry & OFFSET != 0 {
            Place::Stored {
                file: 0,
                at: (entry & OFFSET) + within,
            }
        } else {
            Place::Below
        };
        Piece { place, length }
    }
}

impl Layout for Qcow2 {
    fn len(&self) -> u64 {
        self.length
    }

    fn locate(&self, files: &Files, at: u64) -> io::Result<Piece> {
        let (table, in_table, left) = split(at, self.span());
        let l1 = u64::from_be_bytes(files.entry(0, self.l1 + 8 * table)?) & OFFSET;
        if l1 == 0 {
            return Ok(Piece {
                place: Place::Below,
                length: left,
            });
        }
        let (cluster, within, length) = split(in_table, self.cluster());
        let place = l1 + cluster * self.entry_size();
        let entry = u64::from_be_bytes(files.entry(0, place)?);
        let place = if entry & IS_COMPRESSED != 0 {
            self.compressed(entry, within)
        } else if self.has_subclusters {
            let bits = u64::from_be_bytes(files.entry(0, place + 8)?);
            return Ok(self.subcluster(entry, bits, within));
        } else {
            self.standard(entry, within)
        };
        Ok(Piece { place, length })
    }
}
