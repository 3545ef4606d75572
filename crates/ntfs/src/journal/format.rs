//! The journal's bytes.
//!
//! ```text
//! 0x000  header, 512 bytes
//! 0x200  body: items one after another, each a 24-byte head and its bytes
//! ```
//!
//! The body's checksum is in the header, the header's own checksum is its last word: a torn write of
//! either, in any order, is a journal that was never committed.

use zerocopy::little_endian::{U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

pub(super) const MAGIC: [u8; 8] = *b"LSMREDO1";
/// Bytes before the body.
pub(super) const HEADER_LEN: u64 = 512;
/// The longest run of bytes in one item: bounds the buffers of reading and writing.
pub(super) const LONGEST_RUN: u64 = 1 << 20;

/// The header, padded with zeros to [`HEADER_LEN`].
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub(super) struct Header {
    pub(super) magic: [u8; 8],  // 0x00
    pub(super) sector: U32,     // 0x08 bytes to a sector
    pub(super) body_crc: U32,   // 0x0c
    pub(super) device_len: U64, // 0x10
    pub(super) body_len: U64,   // 0x18
    pub(super) header_crc: U32, // 0x20 of the 32 bytes before
}

const _: () = assert!(size_of::<Header>() == 0x24);
/// The bytes of the header that its own checksum covers.
pub(super) const HEADER_SUMMED: usize = 0x20;

/// What an item is.
pub(super) const KIND_MARK: u32 = 1;
pub(super) const KIND_FRAME: u32 = 2;
pub(super) const KIND_FRESH: u32 = 3;

/// The head of an item. What follows it:
/// a mark: the sector with the flag set, then the sector after the commit;
/// a frame: a checksum (u32) of each old sector, then the new bytes;
/// fresh bytes: nothing.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub(super) struct ItemHead {
    pub(super) kind: U32,   // 0x00
    pub(super) crc: U32,    // 0x04 mark: of the old sector; fresh: of the bytes; frame: 0
    pub(super) offset: U64, // 0x08 on the device, in bytes
    pub(super) len: U64,    // 0x10 in bytes
}

const _: () = assert!(size_of::<ItemHead>() == 0x18);
