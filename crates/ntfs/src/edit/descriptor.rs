//! Security descriptors: what a new object inherits from its directory (MS-DTYP 2.5.3.4), and the hash under which
//! `$Secure` keeps it.

use crate::error::Result;
use crate::security::descriptor::{
    ACL_HEADER, ADMINISTRATORS, CONTAINER_INHERIT, CREATOR_GROUP, CREATOR_OWNER,
    DACL_AUTO_INHERITED, DACL_PRESENT, Descriptor, EVERYONE, FULL_ACCESS, HEADER, INHERIT_ONLY,
    INHERITED, LOCAL_SYSTEM, NO_PROPAGATE, OBJECT_INHERIT, PROPAGATION, SACL_AUTO_INHERITED,
    SACL_PRESENT, SELF_RELATIVE, specific_rights,
};

/// The hash of `$Secure:$SDH`: each 32-bit word added to what was before, rotated left by 3.
pub(crate) fn hash(descriptor: &[u8]) -> u32 {
    let word = |bytes: &[u8]| {
        bytes
            .iter()
            .rev()
            .fold(0, |word, &byte| word << 8 | u32::from(byte))
    };
    descriptor
        .chunks_exact(4)
        .map(word)
        .fold(0, |hash: u32, word| hash.rotate_left(3).wrapping_add(word))
}

/// The descriptor of a new object in a directory that has `parent`. Owner and group are the directory's: there is
/// no user logged on to whom it could belong.
pub(crate) fn inherit(parent: &[u8], container: bool) -> Result<Vec<u8>> {
    let parent = Descriptor::parse(parent)?;
    let owner = if parent.owner.is_empty() {
        &ADMINISTRATORS
    } else {
        parent.owner
    };
    let group = if parent.group.is_empty() {
        owner
    } else {
        parent.group
    };
    let mut control = SELF_RELATIVE | DACL_PRESENT | DACL_AUTO_INHERITED;
    let mut dacl = inherit_aces(&parent.dacl.unwrap_or_default(), container, owner, group);
    if dacl.is_empty() {
        // Nothing to inherit: Windows takes the default of the creator's token, which gives him and the system everything.
        dacl = vec![
            ace(0, FULL_ACCESS, owner),
            ace(0, FULL_ACCESS, &LOCAL_SYSTEM),
        ];
        control &= !DACL_AUTO_INHERITED;
    }
    let sacl = inherit_aces(&parent.sacl, container, owner, group);
    if !sacl.is_empty() {
        control |= SACL_PRESENT | SACL_AUTO_INHERITED;
    }
    Ok(assemble(control, owner, group, &sacl, &dacl))
}

/// A descriptor that owner, administrators and the system have in full, and that everything below inherits.
pub(crate) fn for_new_root() -> Vec<u8> {
    let flags = OBJECT_INHERIT | CONTAINER_INHERIT;
    let dacl = [ADMINISTRATORS.as_slice(), &LOCAL_SYSTEM, &EVERYONE]
        .map(|sid| ace(flags, FULL_ACCESS, sid));
    assemble(
        SELF_RELATIVE | DACL_PRESENT,
        &ADMINISTRATORS,
        &LOCAL_SYSTEM,
        &[],
        &dacl,
    )
}

/// A descriptor for the volume's own files: administrators and the system may read and write them.
pub(crate) fn for_system_file() -> Vec<u8> {
    let dacl = [LOCAL_SYSTEM.as_slice(), &ADMINISTRATORS].map(|sid| ace(0, 0x0012_019F, sid));
    assemble(
        SELF_RELATIVE | DACL_PRESENT,
        &ADMINISTRATORS,
        &ADMINISTRATORS,
        &[],
        &dacl,
    )
}

fn ace(flags: u8, mask: u32, sid: &[u8]) -> Vec<u8> {
    let mut out = vec![0, flags];
    out.extend_from_slice(&((8 + sid.len()) as u16).to_le_bytes());
    out.extend_from_slice(&mask.to_le_bytes());
    out.extend_from_slice(sid);
    out
}

fn inherit_aces(parent: &[&[u8]], container: bool, owner: &[u8], group: &[u8]) -> Vec<Vec<u8>> {
    parent
        .iter()
        .flat_map(|ace| inherit_ace(ace, container, owner, group))
        .collect()
}

/// What one entry of the directory becomes: nothing, an effective one, one that only goes further down, or both.
fn inherit_ace(ace: &[u8], container: bool, owner: &[u8], group: &[u8]) -> Vec<Vec<u8>> {
    let flags = ace[1];
    let audit = flags & !(PROPAGATION | INHERITED);
    let applies = flags
        & if container {
            CONTAINER_INHERIT
        } else {
            OBJECT_INHERIT
        }
        != 0;
    let goes_on =
        container && flags & NO_PROPAGATE == 0 && flags & (OBJECT_INHERIT | CONTAINER_INHERIT) != 0;
    let effective = resolve(ace, owner, group);
    let changed = effective[4..] != ace[4..];
    let below = flags & (OBJECT_INHERIT | CONTAINER_INHERIT);
    let with = |mut ace: Vec<u8>, flags: u8| {
        ace[1] = flags | INHERITED | audit;
        ace
    };
    match (applies, goes_on) {
        (false, false) => vec![],
        (true, false) => vec![with(effective, 0)],
        // Only for files below this directory.
        (false, true) => vec![with(ace.to_vec(), below | INHERIT_ONLY)],
        // Where the effective entry is another one, the original goes on beside it.
        (true, true) if changed => {
            vec![with(effective, 0), with(ace.to_vec(), below | INHERIT_ONLY)]
        }
        (true, true) => vec![with(effective, below)],
    }
}

/// The entry with real rights and a real owner, in the place of generic rights and of whoever creates the object.
fn resolve(ace: &[u8], owner: &[u8], group: &[u8]) -> Vec<u8> {
    // Allow, deny, audit, alarm: type, flags, size, mask, SID. The others keep their own layout.
    if ace[0] > 3 || ace.len() < 16 {
        return ace.to_vec();
    }
    let mask = specific_rights(u32::from_le_bytes([ace[4], ace[5], ace[6], ace[7]]));
    let sid = match &ace[8..] {
        sid if sid.starts_with(&CREATOR_OWNER) => owner,
        sid if sid.starts_with(&CREATOR_GROUP) => group,
        sid => sid,
    };
    let mut out = vec![ace[0], ace[1]];
    out.extend_from_slice(&((8 + sid.len()) as u16).to_le_bytes());
    out.extend_from_slice(&mask.to_le_bytes());
    out.extend_from_slice(sid);
    out
}

/// Header, then SACL, DACL, owner, group, as Windows lays them out.
fn assemble(
    control: u16,
    owner: &[u8],
    group: &[u8],
    sacl: &[Vec<u8>],
    dacl: &[Vec<u8>],
) -> Vec<u8> {
    let mut out = vec![0; HEADER];
    let sacl_at = if sacl.is_empty() {
        0
    } else {
        put_acl(&mut out, sacl)
    };
    let dacl_at = put_acl(&mut out, dacl);
    let owner_at = out.len();
    out.extend_from_slice(owner);
    let group_at = out.len();
    out.extend_from_slice(group);
    out[0] = 1;
    out[2..4].copy_from_slice(&control.to_le_bytes());
    for (at, value) in [(4, owner_at), (8, group_at), (12, sacl_at), (16, dacl_at)] {
        out[at..at + 4].copy_from_slice(&(value as u32).to_le_bytes());
    }
    out
}

fn put_acl(out: &mut Vec<u8>, aces: &[Vec<u8>]) -> usize {
    let at = out.len();
    let size = ACL_HEADER + aces.iter().map(Vec::len).sum::<usize>();
    // Revision 4 where an entry has object types in it.
    let revision = if aces.iter().any(|ace| matches!(ace[0], 5..=8 | 11 | 12)) {
        4
    } else {
        2
    };
    out.extend_from_slice(&[revision, 0]);
    out.extend_from_slice(&(size as u16).to_le_bytes());
    out.extend_from_slice(&(aces.len() as u16).to_le_bytes());
    out.extend_from_slice(&[0, 0]);
    for ace in aces {
        out.extend_from_slice(ace);
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    const USER: [u8; 12] = [1, 1, 0, 0, 0, 0, 0, 5, 11, 0, 0, 0];

    /// A descriptor as text: the control word, then each entry as `flags:mask:sid`.
    fn show(bytes: &[u8]) -> String {
        let parts = Descriptor::parse(bytes).unwrap();
        let sid = |sid: &[u8]| {
            match sid {
                s if s == USER => "user",
                s if s == CREATOR_OWNER => "creator",
                s if s == ADMINISTRATORS => "admins",
                s if s == LOCAL_SYSTEM => "system",
                _ => "?",
            }
            .to_owned()
        };
        let mut out = format!("{:04x} {}", parts.control, sid(parts.owner));
        for ace in parts.dacl.unwrap_or_default() {
            let mask = u32::from_le_bytes([ace[4], ace[5], ace[6], ace[7]]);
            out += &format!(" {:02x}:{mask:x}:{}", ace[1], sid(&ace[8..]));
        }
        out
    }

    fn check(aces: &[Vec<u8>], container: bool, expected: &str) {
        let parent = assemble(SELF_RELATIVE | DACL_PRESENT, &USER, &USER, &[], aces);
        assert_eq!(show(&inherit(&parent, container).unwrap()), expected);
    }

    #[test]
    fn entries_go_down_as_their_flags_say() {
        let both = OBJECT_INHERIT | CONTAINER_INHERIT;
        let full = [ace(both, FULL_ACCESS, &LOCAL_SYSTEM)];
        check(&full, true, "8404 user 13:1f01ff:system");
        check(&full, false, "8404 user 10:1f01ff:system");
        check(
            &[ace(OBJECT_INHERIT, 1, &USER)],
            true,
            "8404 user 19:1:user",
        );
        check(
            &[ace(OBJECT_INHERIT, 1, &USER)],
            false,
            "8404 user 10:1:user",
        );
        check(
            &[ace(both | NO_PROPAGATE, 1, &USER)],
            true,
            "8404 user 10:1:user",
        );
        check(
            &[ace(both | INHERIT_ONLY, 1, &USER)],
            true,
            "8404 user 13:1:user",
        );
        check(
            &[ace(both | INHERITED, 1, &USER)],
            false,
            "8404 user 10:1:user",
        );
    }

    #[test]
    fn generic_rights_and_the_creator_become_real() {
        let both = OBJECT_INHERIT | CONTAINER_INHERIT;
        let creator = [ace(both | INHERIT_ONLY, 0x1000_0000, &CREATOR_OWNER)];
        check(
            &creator,
            true,
            "8404 user 10:1f01ff:user 1b:10000000:creator",
        );
        check(&creator, false, "8404 user 10:1f01ff:user");
        check(
            &[ace(both, 0xA000_0000, &USER)],
            false,
            "8404 user 10:1200a9:user",
        );
    }

    #[test]
    fn nothing_to_inherit() {
        check(
            &[ace(0, 1, &USER)],
            true,
            "8004 user 00:1f01ff:user 00:1f01ff:system",
        );
        check(&[], false, "8004 user 00:1f01ff:user 00:1f01ff:system");
        check(
            &[ace(CONTAINER_INHERIT, 1, &USER)],
            false,
            "8004 user 00:1f01ff:user 00:1f01ff:system",
        );
    }

    #[test]
    fn inheriting_twice_changes_nothing_more() {
        let root = for_new_root();
        let directory = inherit(&root, true).unwrap();
        assert_eq!(inherit(&directory, true).unwrap(), directory);
        assert_ne!(hash(&root), hash(&directory));
    }

    #[test]
    fn the_hash_rotates_and_adds() {
        assert_eq!(hash(&[]), 0);
        assert_eq!(hash(&[1, 0, 0, 0]), 1);
        assert_eq!(
            hash(&[1, 0, 0, 0x80, 2, 0, 0, 0]),
            0x8000_0001_u32.rotate_left(3) + 2
        );
    }

    #[test]
    fn broken_descriptors_are_damage() {
        let whole = for_new_root();
        for cut in 0..whole.len() {
            assert!(inherit(&whole[..cut], true).is_err(), "{cut}");
        }
        for at in 0..whole.len() {
            let mut broken = whole.clone();
            broken[at] ^= 0xFF;
            let _ = inherit(&broken, at % 2 == 0);
        }
    }
}
