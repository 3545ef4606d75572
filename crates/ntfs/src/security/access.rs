//! What a descriptor allows an account, as far as a volume alone can tell.
//!
//! Who is in which group only a running Windows knows. So an account is asked for by its own SID, and is a member of
//! Everyone besides; an entry for any other group says nothing of it.

use std::fmt;

use super::descriptor::{Descriptor, EVERYONE, FULL_ACCESS, INHERIT_ONLY, sid_at, specific_rights};

/// Rights of files and directories (MS-DTYP 2.4.3, MS-FSA).
pub mod right {
    /// FILE_WRITE_DATA of a file; of a directory FILE_ADD_FILE.
    pub const WRITE_DATA: u32 = 0x0002;
    /// FILE_ADD_SUBDIRECTORY of a directory.
    pub const ADD_SUBDIRECTORY: u32 = 0x0004;
    /// FILE_DELETE_CHILD of a directory.
    pub const DELETE_CHILD: u32 = 0x0040;
    /// FILE_WRITE_ATTRIBUTES.
    pub const WRITE_ATTRIBUTES: u32 = 0x0100;
    /// DELETE.
    pub const DELETE: u32 = 0x0001_0000;
    /// READ_CONTROL.
    pub const READ_CONTROL: u32 = 0x0002_0000;
    /// WRITE_DAC.
    pub const WRITE_DAC: u32 = 0x0004_0000;
    /// WRITE_OWNER.
    pub const WRITE_OWNER: u32 = 0x0008_0000;
}

/// S-1-3-4: what the owner may, in the place of what an owner always may.
const OWNER_RIGHTS: [u8; 12] = [1, 1, 0, 0, 0, 0, 0, 3, 4, 0, 0, 0];

/// Types of entries that count here. Those with a GUID of a property are for directory services.
const ALLOWED: u8 = 0;
const DENIED: u8 = 1;
/// With a condition that nobody can judge here: it may hold.
const ALLOWED_CALLBACK: u8 = 9;

/// An account or a group.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sid(Vec<u8>);

impl Sid {
    /// From its bytes; `None` where they are no SID.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        sid_at(bytes, 0).map(|sid| Self(sid.to_vec()))
    }

    /// Everyone, S-1-1-0.
    pub fn everyone() -> Self {
        Self(EVERYONE.to_vec())
    }

    fn authority(&self) -> u64 {
        let bytes = self.0.get(2..8).unwrap_or_default();
        bytes.iter().fold(0, |all, b| all << 8 | u64::from(*b))
    }

    fn parts(&self) -> Vec<u32> {
        let words = self.0.get(8..).unwrap_or_default().chunks_exact(4);
        words
            .filter_map(|word| word.try_into().ok().map(u32::from_le_bytes))
            .collect()
    }

    /// Whether it is the system, its administrators, or stands for nobody of its own: who may write anywhere anyway.
    pub fn is_administrative(&self) -> bool {
        match (self.authority(), &self.parts()[..]) {
            // CREATOR OWNER and the like, which only what inherits them turns into somebody; OWNER RIGHTS.
            (3, _) => true,
            // SYSTEM; Administrators; Backup Operators, who hold the privilege to restore anything.
            (5, [18] | [32, 544 | 551]) => true,
            // TrustedInstaller.
            (
                5,
                [
                    80,
                    956_008_885,
                    3_418_522_649,
                    1_831_038_044,
                    1_853_292_631,
                    2_271_478_464,
                ],
            ) => true,
            // The built-in administrator; the domain's and the enterprise's administrators.
            (5, [21, _, _, _, 500 | 512 | 519]) => true,
            _ => false,
        }
    }

    /// The name that it has everywhere, where it has one.
    pub fn well_known_name(&self) -> Option<&'static str> {
        Some(match (self.authority(), &self.parts()[..]) {
            (1, [0]) => "Everyone",
            (2, [0]) => "LOCAL",
            (2, [1]) => "CONSOLE LOGON",
            (3, [0]) => "CREATOR OWNER",
            (3, [1]) => "CREATOR GROUP",
            (3, [4]) => "OWNER RIGHTS",
            (5, [2]) => "NETWORK",
            (5, [3]) => "BATCH",
            (5, [4]) => "INTERACTIVE",
            (5, [6]) => "SERVICE",
            (5, [7]) => "ANONYMOUS LOGON",
            (5, [11]) => "Authenticated Users",
            (5, [12]) => "RESTRICTED",
            (5, [18]) => "SYSTEM",
            (5, [19]) => "LOCAL SERVICE",
            (5, [20]) => "NETWORK SERVICE",
            (5, [32, 544]) => "Administrators",
            (5, [32, 545]) => "Users",
            (5, [32, 546]) => "Guests",
            (5, [32, 547]) => "Power Users",
            (5, [32, 551]) => "Backup Operators",
            (5, [21, _, _, _, 513]) => "Domain Users",
            (15, [2, 1]) => "ALL APPLICATION PACKAGES",
            (15, [2, 2]) => "ALL RESTRICTED APPLICATION PACKAGES",
            _ => return None,
        })
    }
}

/// Its well-known name, or `S-1-…`.
impl fmt::Display for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(name) = self.well_known_name() {
            return f.write_str(name);
        }
        write!(f, "S-{}", self.0.first().unwrap_or(&1))?;
        match self.authority() {
            large if large > u64::from(u32::MAX) => write!(f, "-{large:#x}")?,
            small => write!(f, "-{small}")?,
        }
        self.parts()
            .iter()
            .try_for_each(|part| write!(f, "-{part}"))
    }
}

/// An entry that says something of the object itself.
struct Entry<'a> {
    allows: bool,
    mask: u32,
    sid: &'a [u8],
}

impl<'a> Descriptor<'a> {
    /// The entries that are for the object itself, and not only for what inherits them.
    fn entries(&self) -> impl Iterator<Item = Entry<'a>> {
        let entries = self.dacl.iter().flatten();
        entries.filter_map(|ace| {
            let head = ace.first_chunk::<8>()?;
            let allows = match head[0] {
                ALLOWED | ALLOWED_CALLBACK => true,
                DENIED => false,
                _ => return None,
            };
            let mask = u32::from_le_bytes([head[4], head[5], head[6], head[7]]);
            (head[1] & INHERIT_ONLY == 0).then_some(())?;
            Some(Entry {
                allows,
                mask: specific_rights(mask),
                sid: sid_at(ace, 8)?,
            })
        })
    }

    /// Everybody whom it allows anything by name, and the owner.
    pub fn accounts(&self) -> Vec<Sid> {
        if self.dacl.is_none() {
            return vec![Sid::everyone()];
        }
        let allowed = self.entries().filter(|entry| entry.allows);
        let named = allowed.map(|entry| entry.sid).chain([self.owner]);
        let mut accounts: Vec<Sid> = named.filter_map(Sid::from_bytes).collect();
        accounts.sort();
        accounts.dedup();
        accounts
    }

    /// What an account may do: of each right the first entry decides that is for the account.
    pub fn rights_of(&self, account: &Sid) -> u32 {
        if self.dacl.is_none() {
            return FULL_ACCESS;
        }
        let is_owner = account.0 == self.owner;
        let is_for =
            |sid: &[u8]| account.0 == sid || sid == EVERYONE || (is_owner && sid == OWNER_RIGHTS);
        let (mut granted, mut decided) = (0, 0);
        for entry in self.entries().filter(|entry| is_for(entry.sid)) {
            if entry.allows {
                granted |= entry.mask & !decided;
            }
            decided |= entry.mask;
        }
        // An owner may always read and change the list, whatever it says, unless it says what owners may.
        let limited = self.entries().any(|entry| entry.sid == OWNER_RIGHTS);
        if is_owner && !limited {
            granted |= right::READ_CONTROL | right::WRITE_DAC;
        }
        granted
    }
}

/// Who besides administrators may put something else in the place of an entry: change it as it is, or take it out of
/// its directory and add another.
pub fn replacers(entry: &Descriptor<'_>, directory: &Descriptor<'_>) -> Vec<Sid> {
    let mut accounts = [entry.accounts(), directory.accounts()].concat();
    accounts.sort();
    accounts.dedup();
    accounts.retain(|sid| {
        !sid.is_administrative() && can_replace(entry.rights_of(sid), directory.rights_of(sid))
    });
    // Whoever else it is, is one of them.
    match accounts.contains(&Sid::everyone()) {
        true => vec![Sid::everyone()],
        false => accounts,
    }
}

/// Adding to a directory alone replaces nothing that is there, and taking away alone puts nothing in its place.
fn can_replace(entry: u32, directory: u32) -> bool {
    // Reparse data are set with either of the first two.
    let rewrites =
        right::WRITE_DATA | right::WRITE_ATTRIBUTES | right::WRITE_DAC | right::WRITE_OWNER;
    let takes_over = right::WRITE_DAC | right::WRITE_OWNER;
    let removes = entry & right::DELETE != 0 || directory & right::DELETE_CHILD != 0;
    let adds = directory & (right::WRITE_DATA | right::ADD_SUBDIRECTORY) != 0;
    entry & rewrites != 0 || directory & takes_over != 0 || (removes && adds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::security::descriptor::{
        ADMINISTRATORS, CREATOR_GROUP, CREATOR_OWNER, DACL_PRESENT, LOCAL_SYSTEM, SELF_RELATIVE,
    };

    const USERS: [u8; 16] = [1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x21, 2, 0, 0];
    const AUTHENTICATED: [u8; 12] = [1, 1, 0, 0, 0, 0, 0, 5, 11, 0, 0, 0];

    fn ace(kind: u8, flags: u8, mask: u32, sid: &[u8]) -> Vec<u8> {
        let size = 8 + sid.len() as u8;
        let head = [kind, flags, size, 0];
        [&head[..], &mask.to_le_bytes(), sid].concat()
    }

    /// A descriptor's bytes, with no SACL and no group.
    fn bytes(owner: &[u8], aces: &[Vec<u8>]) -> Vec<u8> {
        let acl = aces.concat();
        let control = SELF_RELATIVE | DACL_PRESENT;
        let mut out = vec![1, 0];
        out.extend_from_slice(&control.to_le_bytes());
        for at in [28 + acl.len() as u32, 0, 0, 20] {
            out.extend_from_slice(&at.to_le_bytes());
        }
        out.extend_from_slice(&[2, 0]);
        out.extend_from_slice(&(8 + acl.len() as u16).to_le_bytes());
        out.extend_from_slice(&(aces.len() as u16).to_le_bytes());
        out.extend_from_slice(&[0, 0]);
        out.extend_from_slice(&acl);
        out.extend_from_slice(owner);
        out
    }

    fn names(entry: &[u8], directory: &[u8]) -> Vec<String> {
        let entry = Descriptor::parse(entry).unwrap();
        let directory = Descriptor::parse(directory).unwrap();
        let found = replacers(&entry, &directory);
        found.iter().map(Sid::to_string).collect()
    }

    /// With a directory that only the system may write.
    fn of_entry(aces: &[Vec<u8>]) -> Vec<String> {
        let safe = bytes(&ADMINISTRATORS, &[ace(0, 0, FULL_ACCESS, &LOCAL_SYSTEM)]);
        names(&bytes(&ADMINISTRATORS, aces), &safe)
    }

    /// With an entry that others may at most delete.
    fn of_directory(delete: bool, aces: &[Vec<u8>]) -> Vec<String> {
        let mask = if delete { right::DELETE } else { 0 };
        let entry = bytes(&ADMINISTRATORS, &[ace(0, 0, mask, &EVERYONE)]);
        names(&entry, &bytes(&ADMINISTRATORS, aces))
    }

    #[test]
    fn rights_that_change_the_entry() {
        for mask in [
            right::WRITE_DATA,
            right::WRITE_ATTRIBUTES,
            right::WRITE_DAC,
            right::WRITE_OWNER,
            0x4000_0000,
            0x1000_0000,
        ] {
            assert_eq!(of_entry(&[ace(0, 0, mask, &USERS)]), ["Users"], "{mask:x}");
        }
        for mask in [right::DELETE, right::READ_CONTROL, 0xA000_0000, 1] {
            let found = of_entry(&[ace(0, 0, mask, &USERS)]);
            assert!(found.is_empty(), "{mask:x} {found:?}");
        }
    }

    #[test]
    fn taking_out_and_adding_replaces_and_one_alone_does_not() {
        let adding = ace(0, 0, right::WRITE_DATA, &AUTHENTICATED);
        let deleting = ace(0, 0, right::DELETE_CHILD, &AUTHENTICATED);
        let both = [adding.clone(), deleting.clone()];
        assert_eq!(of_directory(false, &both), ["Authenticated Users"]);
        assert!(of_directory(false, std::slice::from_ref(&adding)).is_empty());
        assert!(of_directory(false, &[deleting]).is_empty());
        // Everyone may delete the entry, so these may too.
        assert_eq!(of_directory(true, &[adding]), ["Authenticated Users"]);
        let subdirectory = ace(0, 0, right::ADD_SUBDIRECTORY, &USERS);
        assert_eq!(of_directory(true, &[subdirectory]), ["Users"]);
        let control = ace(0, 0, right::WRITE_DAC, &USERS);
        assert_eq!(of_directory(false, &[control]), ["Users"]);
    }

    #[test]
    fn of_each_right_the_first_entry_decides() {
        let allow = |mask, sid: &[u8]| ace(0, 0, mask, sid);
        let deny = |mask, sid: &[u8]| ace(1, 0, mask, sid);
        let write = right::WRITE_DATA;
        assert!(of_entry(&[deny(write, &USERS), allow(write, &USERS)]).is_empty());
        assert_eq!(
            of_entry(&[allow(write, &USERS), deny(write, &USERS)]),
            ["Users"]
        );
        // What is denied to everyone is denied to each; what is denied to another group, not.
        assert!(of_entry(&[deny(write, &EVERYONE), allow(write, &USERS)]).is_empty());
        assert_eq!(
            of_entry(&[deny(write, &AUTHENTICATED), allow(write, &USERS)]),
            ["Users"]
        );
        // Of several rights only the denied one goes.
        let some = write | right::WRITE_DAC;
        assert_eq!(
            of_entry(&[deny(write, &USERS), allow(some, &USERS)]),
            ["Users"]
        );
        // Generic rights are denied as those that they stand for.
        assert!(of_entry(&[deny(0x1000_0000, &USERS), allow(some, &USERS)]).is_empty());
    }

    #[test]
    fn entries_that_only_others_inherit_do_not_count() {
        assert!(of_entry(&[ace(0, 0x0B, FULL_ACCESS, &USERS)]).is_empty());
        assert_eq!(of_entry(&[ace(0, 0x03, FULL_ACCESS, &USERS)]), ["Users"]);
        // Nor those of properties; one with a condition may hold.
        assert!(of_entry(&[ace(5, 0, FULL_ACCESS, &USERS)]).is_empty());
        assert_eq!(of_entry(&[ace(9, 0, FULL_ACCESS, &USERS)]), ["Users"]);
    }

    #[test]
    fn administrators_are_not_told_of() {
        let installer = [
            &[1_u8, 6, 0, 0, 0, 0, 0, 5, 80, 0, 0, 0][..],
            &956_008_885_u32.to_le_bytes(),
            &3_418_522_649_u32.to_le_bytes(),
            &1_831_038_044_u32.to_le_bytes(),
            &1_853_292_631_u32.to_le_bytes(),
            &2_271_478_464_u32.to_le_bytes(),
        ]
        .concat();
        let all = [
            &ADMINISTRATORS[..],
            &LOCAL_SYSTEM,
            &installer,
            &CREATOR_OWNER,
            &CREATOR_GROUP,
        ];
        let aces = all.map(|sid| ace(0, 0, FULL_ACCESS, sid));
        assert!(of_entry(&aces).is_empty());
    }

    #[test]
    fn no_list_is_everyone_and_an_empty_one_nobody() {
        let mut open = bytes(&ADMINISTRATORS, &[]);
        assert!(of_entry(&[]).is_empty());
        open[16..20].fill(0);
        let safe = bytes(&ADMINISTRATORS, &[]);
        assert_eq!(names(&open, &safe), ["Everyone"]);
        assert_eq!(names(&safe, &open), ["Everyone"]);
        // The bit that says there is one is not set.
        let mut without = bytes(&ADMINISTRATORS, &[]);
        without[2..4].copy_from_slice(&SELF_RELATIVE.to_le_bytes());
        assert_eq!(names(&without, &safe), ["Everyone"]);
    }

    #[test]
    fn an_owner_may_change_the_list_unless_it_says_what_owners_may() {
        let user = [
            &[1_u8, 5, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0][..],
            &[1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 0xE9, 3, 0, 0],
        ]
        .concat();
        let safe = bytes(&ADMINISTRATORS, &[]);
        assert_eq!(names(&bytes(&user, &[]), &safe), ["S-1-5-21-1-2-3-1001"]);
        let limited = bytes(&user, &[ace(0, 0, right::READ_CONTROL, &OWNER_RIGHTS)]);
        assert!(names(&limited, &safe).is_empty());
        let wide = bytes(&user, &[ace(0, 0, right::WRITE_DATA, &OWNER_RIGHTS)]);
        assert_eq!(names(&wide, &safe), ["S-1-5-21-1-2-3-1001"]);
    }

    #[test]
    fn broken_descriptors_are_errors_or_answers() {
        let whole = bytes(&USERS, &[ace(0, 0, FULL_ACCESS, &USERS)]);
        for at in 0..whole.len() {
            for byte in [0, 1, 0x7F, 0xFF] {
                let mut broken = whole.clone();
                broken[at] = byte;
                if let Ok(one) = Descriptor::parse(&broken) {
                    replacers(&one, &one);
                }
            }
        }
    }
}
