//! VDI: a header, a table with one entry for each block, blocks in the order in which they were first written. All
//! numbers are little-endian.
//!
//! Source: the header as the VirtualBox community documents it ("All about VDIs", forums.virtualbox.org) and as the
//! comments of QEMU's block/vdi.c list its fields.

use std::io;

use super::{
    ContainerError, Files, Format, Layout, MAX_BLOCK, Piece, Place, disk_length, split, table_fits,
};
use crate::bytes::{le32, le64};

const HEADER: usize = 0x200;
/// Major and minor: 1.1 is what all versions since 2005 write.
const VERSION: u32 = 0x0001_0001;

/// Entries from here on are blocks that were never written, or were discarded.
const FIRST_WITHOUT_DATA: u32 = 0xFFFF_FFFE;

pub(super) struct Vdi {
    length: u64,
    table: u64,
    /// Where the first block begins.
    blocks: u64,
    block: u64,
    /// How many blocks the file holds.
    held: u32,
}

pub(super) fn open(files: &Files) -> Result<Vdi, ContainerError> {
    let damaged = |what| ContainerError::damaged(Format::Vdi, what);
    let unsupported = |what| ContainerError::unsupported(Format::Vdi, what);
    let header = files.structure(0, 0, HEADER)?;
    let version = le32(&header, 0x44);
    if version != VERSION {
        return Err(unsupported(format!(
            "of version {}.{}, where 1.1 is read",
            version >> 16,
            version & 0xFFFF
        )));
    }
    match le32(&header, 0x4C) {
        1 | 2 => {}
        3 | 4 => return Err(unsupported("that differs from another one".to_owned())),
        kind => return Err(unsupported(format!("of kind {kind}, which is not known"))),
    }
    let length = disk_length(Format::Vdi, le64(&header, 0x170))?;
    let block = u64::from(le32(&header, 0x178));
    if !block.is_power_of_two() || !(512..=MAX_BLOCK).contains(&block) {
        return Err(damaged(format!("blocks of {block} bytes")));
    }
    if le32(&header, 0x17C) != 0 {
        return Err(unsupported("with extra data before each block".to_owned()));
    }
    let table = u64::from(le32(&header, 0x154));
    table_fits(Format::Vdi, files, 0, (table, length.div_ceil(block), 4))?;
    Ok(Vdi {
        length,
        table,
        blocks: u64::from(le32(&header, 0x158)),
        block,
        held: le32(&header, 0x180),
    })
}

impl Layout for Vdi {
    fn len(&self) -> u64 {
        self.length
    }

    fn locate(&self, files: &Files, at: u64) -> io::Result<Piece> {
        let (block, within, length) = split(at, self.block);
        let entry = u32::from_le_bytes(files.entry(0, self.table + 4 * block)?);
        let place = match entry {
            FIRST_WITHOUT_DATA.. => Place::Zeros,
            entry if entry >= self.held => {
                let what = format!("block {block} is the {entry}th of {}", self.held);
                return Err(ContainerError::damaged(Format::Vdi, what).into());
            }
            entry => Place::Stored {
                file: 0,
                at: self.blocks + u64::from(entry) * self.block + within,
            },
        };
        Ok(Piece { place, length })
    }
}
