//! Reparse buffers put together by hand from MS-FSCC 2.1.2, so that no code of ours is its own judge.

use linksmith::reparse::{ReparsePoint, ReparseTag};

fn buffer(tag: u32, data: &[u8]) -> ReparsePoint {
    let mut bytes = tag.to_le_bytes().to_vec();
    bytes.extend((data.len() as u16).to_le_bytes());
    bytes.extend([0, 0]);
    bytes.extend(data);
    ReparsePoint::from_bytes(bytes).expect("a reparse point")
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// Offsets and lengths of the two names, the fields `extra`, and the names, each with its NUL.
fn names(substitute: &str, print: &str, extra: &[u8]) -> Vec<u8> {
    let (substitute, print) = (utf16(substitute), utf16(print));
    let fields = [0, substitute.len(), substitute.len() + 2, print.len()];
    let mut data: Vec<u8> = fields
        .iter()
        .flat_map(|f| (*f as u16).to_le_bytes())
        .collect();
    data.extend(extra);
    data.extend(substitute);
    data.extend([0, 0]);
    data.extend(print);
    data.extend([0, 0]);
    data
}

/// A junction or volume mount point (2.1.2.5).
pub fn mount_point(substitute: &str, print: &str) -> ReparsePoint {
    buffer(ReparseTag::MOUNT_POINT.0, &names(substitute, print, &[]))
}

/// A symbolic link (2.1.2.4).
pub fn symlink(substitute: &str, print: &str, relative: bool) -> ReparsePoint {
    let flags = u32::from(relative).to_le_bytes();
    buffer(ReparseTag::SYMLINK.0, &names(substitute, print, &flags))
}

/// Any data under a tag: with a GUID where the tag is not Microsoft's (2.1.2.3).
pub fn other(tag: u32, data: &[u8]) -> ReparsePoint {
    let mut bytes = tag.to_le_bytes().to_vec();
    bytes.extend((data.len() as u16).to_le_bytes());
    bytes.extend([0, 0]);
    if tag & 0x8000_0000 == 0 {
        bytes.extend(*b"sixteen bytes it");
    }
    bytes.extend(data);
    ReparsePoint::from_bytes(bytes).expect("a reparse point")
}
