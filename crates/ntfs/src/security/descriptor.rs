//! A security descriptor taken apart.
//!
//! Layouts: MS-DTYP 2.4.4 (ACEs), 2.4.5 (ACLs), 2.4.6 (self-relative descriptors).

use crate::error::{Error, Result};

const STRUCTURE: &str = "security descriptor";
pub(crate) const HEADER: usize = 20;
pub(crate) const ACL_HEADER: usize = 8;

/// Control bits.
pub(crate) const DACL_PRESENT: u16 = 0x0004;
pub(crate) const SACL_PRESENT: u16 = 0x0010;
pub(crate) const DACL_AUTO_INHERITED: u16 = 0x0400;
pub(crate) const SACL_AUTO_INHERITED: u16 = 0x0800;
pub(crate) const SELF_RELATIVE: u16 = 0x8000;

/// ACE flags.
pub(crate) const OBJECT_INHERIT: u8 = 0x01;
pub(crate) const CONTAINER_INHERIT: u8 = 0x02;
pub(crate) const NO_PROPAGATE: u8 = 0x04;
pub(crate) const INHERIT_ONLY: u8 = 0x08;
pub(crate) const INHERITED: u8 = 0x10;
pub(crate) const PROPAGATION: u8 = OBJECT_INHERIT | CONTAINER_INHERIT | NO_PROPAGATE | INHERIT_ONLY;

/// S-1-3-0 and S-1-3-1: stand for whoever creates the object.
pub(crate) const CREATOR_OWNER: [u8; 12] = [1, 1, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0];
pub(crate) const CREATOR_GROUP: [u8; 12] = [1, 1, 0, 0, 0, 0, 0, 3, 1, 0, 0, 0];
/// S-1-1-0.
pub(crate) const EVERYONE: [u8; 12] = [1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0];
/// S-1-5-18.
pub(crate) const LOCAL_SYSTEM: [u8; 12] = [1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0];
/// S-1-5-32-544.
pub(crate) const ADMINISTRATORS: [u8; 16] = [1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x20, 2, 0, 0];

pub(crate) const FULL_ACCESS: u32 = 0x001F_01FF;
/// What the generic rights mean for files (MS-DTYP 2.4.3): all, execute, write, read.
const GENERIC: [(u32, u32); 4] = [
    (0x1000_0000, FULL_ACCESS),
    (0x2000_0000, 0x0012_00A0),
    (0x4000_0000, 0x0012_0116),
    (0x8000_0000, 0x0012_0089),
];

/// A descriptor taken apart. Each entry of its lists has its header, and is as long as that says.
#[derive(Debug, Clone, Default)]
pub struct Descriptor<'a> {
    /// The control bits.
    pub control: u16,
    /// Whose it is, as a SID; empty where it does not say.
    pub owner: &'a [u8],
    /// The owner's group.
    pub group: &'a [u8],
    /// What is to be audited.
    pub sacl: Vec<&'a [u8]>,
    /// Who may do what, in order. `None`: there is no such list, and everybody may do everything.
    pub dacl: Option<Vec<&'a [u8]>>,
}

/// Rights with those for files in the place of the generic ones.
pub(crate) fn specific_rights(mut mask: u32) -> u32 {
    for (generic, specific) in GENERIC {
        if mask & generic != 0 {
            mask = mask & !generic | specific;
        }
    }
    mask
}

impl<'a> Descriptor<'a> {
    /// Takes a descriptor apart.
    ///
    /// # Errors
    /// Where a part does not lie within it.
    pub fn parse(bytes: &'a [u8]) -> Result<Self> {
        let wrong = |at: usize, expected: &'static str| {
            Error::damaged(STRUCTURE, at, expected, format!("{} bytes", bytes.len()))
        };
        let head = bytes
            .get(..HEADER)
            .ok_or_else(|| wrong(0, "a header of 20 bytes"))?;
        let offset = |at: usize| {
            u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]) as usize
        };
        let control = u16::from_le_bytes([head[2], head[3]]);
        let sid = |at: usize| match offset(at) {
            0 => Ok(&[][..]),
            start => sid_at(bytes, start).ok_or_else(|| wrong(at, "a SID within the descriptor")),
        };
        let acl = |at: usize, bit: u16| match offset(at) {
            start if start != 0 && control & bit != 0 => aces_at(bytes, start)
                .map(Some)
                .ok_or_else(|| wrong(at, "an ACL within the descriptor")),
            _ => Ok(None),
        };
        Ok(Self {
            control,
            owner: sid(4)?,
            group: sid(8)?,
            sacl: acl(12, SACL_PRESENT)?.unwrap_or_default(),
            dacl: acl(16, DACL_PRESENT)?,
        })
    }
}

pub(crate) fn sid_at(bytes: &[u8], start: usize) -> Option<&[u8]> {
    let length = 8 + 4 * usize::from(*bytes.get(start + 1)?);
    bytes.get(start..start.checked_add(length)?)
}

fn aces_at(bytes: &[u8], start: usize) -> Option<Vec<&[u8]>> {
    let head = bytes.get(start..start.checked_add(ACL_HEADER)?)?;
    let size = usize::from(u16::from_le_bytes([head[2], head[3]]));
    let count = usize::from(u16::from_le_bytes([head[4], head[5]]));
    let mut rest = bytes
        .get(start..start.checked_add(size)?)?
        .get(ACL_HEADER..)?;
    let mut aces = Vec::new();
    for _ in 0..count {
        let length = usize::from(u16::from_le_bytes([*rest.get(2)?, *rest.get(3)?]));
        if length < 8 || length > rest.len() {
            return None;
        }
        let (ace, after) = rest.split_at(length);
        aces.push(ace);
        rest = after;
    }
    Some(aces)
}
