//! Every kind of damage that a repair mends without guessing, done to a volume that has what they damage.

use linksmith_ntfs::check::Code::{self, *};
use linksmith_ntfs::layout::{attribute_type as kind, well_known};

use crate::damage::Patient;

/// What is done, where the first code is to be found (empty: on the volume), and every code that is found.
pub type Case = (
    &'static str,
    fn(&mut Patient),
    &'static str,
    &'static [Code],
);

/// Changes a number of two bytes.
pub fn put16(bytes: &mut [u8], at: usize, change: impl Fn(u16) -> u16) {
    let old = u16::from_le_bytes([bytes[at], bytes[at + 1]]);
    bytes[at..at + 2].copy_from_slice(&change(old).to_le_bytes());
}

/// Where a resident value begins in its attribute.
pub fn value(attribute: &mut [u8]) -> &mut [u8] {
    let start = usize::from(u16::from_le_bytes([attribute[0x14], attribute[0x15]]));
    &mut attribute[start..]
}

/// Edits the entry of a name.
pub fn edit_name_entry(patient: &mut Patient, directory: &str, name: &str, edit: fn(&mut [u8])) {
    let number = patient.number(directory);
    let place = patient.name_entry(number, name);
    patient.edit_entry(number, "$I30", &place, edit);
}

/// The record of `$Extend\$Reparse`.
pub fn reparse_index(patient: &Patient) -> u64 {
    patient.number("$Extend/$Reparse")
}

/// Edits the key of a file in `$R`.
pub fn edit_reparse_entry(patient: &mut Patient, path: &str, edit: fn(&mut [u8])) {
    let (index, number) = (reparse_index(patient), patient.number(path));
    let place = patient.find_entry(index, "$R", |entry| {
        entry.key[4..8] == (number as u32).to_le_bytes()
    });
    patient.edit_entry(index, "$R", &place, edit);
}

/// A cluster that is free.
fn free_cluster(patient: &Patient) -> u64 {
    let bitmap = patient.extents(well_known::BITMAP, kind::DATA, "");
    let is_free = |cluster: &u64| {
        let byte = patient.bytes[patient.place(&bitmap, cluster / 8)];
        byte >> (cluster % 8) & 1 == 0
    };
    let mut clusters = (0..patient.healthy().geometry().clusters).rev();
    clusters.find(is_free).expect("it is not full")
}

/// A block of the directory `dir` that is a leaf.
fn leaf(patient: &Patient) -> (u64, u64) {
    let number = patient.number("dir");
    let vcn = patient.name_entry(number, "file_with_a_name_10").vcn;
    (number, vcn.expect("its entries are in blocks"))
}

fn tear(patient: &mut Patient, number: u64) {
    let range = patient.record_range(number);
    patient.bytes[range.start + 510] ^= 1;
}

/// All of them. What is done, where the first code is found, and every code that is found.
pub const MENDABLE: &[Case] = &[
    (
        "link count one too high",
        |p| {
            p.record(p.number("file.txt"), |r| put16(r, 0x12, |n| n + 1));
        },
        "file.txt",
        &[LinkCount],
    ),
    (
        "link count one too low",
        |p| {
            p.record(p.number("file.txt"), |r| put16(r, 0x12, |n| n - 1));
        },
        "file.txt",
        &[LinkCount],
    ),
    (
        "hard link missing in its index",
        |p| {
            let number = p.number("dir");
            let place = p.name_entry(number, "second_name");
            p.remove_entry(number, "$I30", &place);
        },
        "file.txt",
        &[NameNotIndexed],
    ),
    (
        "hard link missing in its record",
        |p| {
            p.remove_attribute(p.number("file.txt"), kind::FILE_NAME);
        },
        "",
        &[EntryName, LinkCount],
    ),
    (
        "entry of an earlier use of its record",
        |p| {
            edit_name_entry(p, "", "filled_a", |entry| entry[6] += 1);
        },
        "",
        &[EntryStale, NameNotIndexed],
    ),
    (
        "entry of a record that is free",
        |p| {
            edit_name_entry(p, "", "filled_a", |entry| {
                entry[..4].copy_from_slice(&[0xF0, 0, 0, 0]);
            });
        },
        "",
        &[EntryStale, NameNotIndexed],
    ),
    (
        "entry of another directory",
        |p| {
            edit_name_entry(p, "", "filled_a", |entry| entry[16] = 0x42);
        },
        "",
        &[EntryParent],
    ),
    (
        "entry of another namespace",
        |p| {
            edit_name_entry(p, "", "filled_a", |entry| entry[16 + 65] ^= 1);
        },
        "filled_a",
        &[EntryNamespace],
    ),
    (
        "entry that calls a file a directory",
        |p| {
            edit_name_entry(p, "", "filled_a", |entry| entry[16 + 0x3B] |= 0x10);
        },
        "filled_a",
        &[EntryDirectory],
    ),
    (
        "entry with an old size",
        |p| {
            edit_name_entry(p, "", "filled_a", |entry| entry[16 + 0x30] ^= 1);
        },
        "filled_a",
        &[EntrySize],
    ),
    (
        "entry with old file attributes",
        |p| {
            edit_name_entry(p, "", "filled_a", |entry| entry[16 + 0x38] ^= 2);
        },
        "filled_a",
        &[EntryFlags],
    ),
    (
        "entry without the reparse flag",
        |p| {
            edit_name_entry(p, "", "junction", |entry| entry[16 + 0x39] &= !4);
        },
        "junction",
        &[EntryReparseFlag],
    ),
    (
        "entry with another reparse tag",
        |p| {
            edit_name_entry(p, "", "junction", |entry| entry[16 + 0x3C] ^= 0x0F);
        },
        "junction",
        &[EntryReparseTag],
    ),
    (
        "entry of $R missing",
        |p| {
            let (index, number) = (reparse_index(p), p.number("junction"));
            let place = p.find_entry(index, "$R", |e| {
                e.key[4..8] == (number as u32).to_le_bytes()
            });
            p.remove_entry(index, "$R", &place);
        },
        "junction",
        &[ReparseIndexMissing],
    ),
    (
        "entry of $R with another tag",
        |p| {
            edit_reparse_entry(p, "junction", |entry| entry[16] = 0x04);
        },
        "junction",
        &[ReparseIndexTag],
    ),
    (
        "entry of $R of an earlier use",
        |p| {
            edit_reparse_entry(p, "junction", |entry| entry[16 + 4 + 6] += 1);
        },
        "junction",
        &[ReparseIndexStale, ReparseIndexMissing],
    ),
    (
        "entry of $R of a plain file",
        |p| {
            let plain = p.file(p.number("filled_a")).reference().raw().to_le_bytes();
            let (index, number) = (reparse_index(p), p.number("symlink"));
            let place = p.find_entry(index, "$R", |e| {
                e.key[4..8] == (number as u32).to_le_bytes()
            });
            p.edit_entry(index, "$R", &place, move |e| {
                e[20..28].copy_from_slice(&plain);
            });
        },
        "filled_a",
        &[ReparseIndexStale, ReparseIndexMissing],
    ),
    (
        "file attributes without the reparse flag",
        |p| {
            p.edit_attribute(p.number("junction"), kind::STANDARD_INFORMATION, |a| {
                value(a)[0x21] &= !4;
            });
        },
        "junction",
        &[ReparseFlag],
    ),
    (
        "reparse flag on a plain file",
        |p| {
            p.edit_attribute(p.number("filled_a"), kind::STANDARD_INFORMATION, |a| {
                value(a)[0x21] |= 4;
            });
        },
        "filled_a",
        &[ReparseFlag],
    ),
    (
        "record in use, marked free",
        |p| {
            let bitmap = p.extents(well_known::MFT, kind::BITMAP, "");
            p.flip(&bitmap, p.number("filled_a"));
        },
        "filled_a",
        &[RecordBitmapClear],
    ),
    (
        "record not in use, marked used",
        |p| {
            let bitmap = p.extents(well_known::MFT, kind::BITMAP, "");
            p.flip(&bitmap, 40);
        },
        "",
        &[RecordBitmapSet],
    ),
    (
        "cluster in use, marked free",
        |p| {
            let bitmap = p.extents(well_known::BITMAP, kind::DATA, "");
            let data = p.extents(p.number("filled_a"), kind::DATA, "");
            p.flip(&bitmap, data.runs[0].lcn.expect("no hole"));
        },
        "",
        &[ClusterBitmapClear],
    ),
    (
        "cluster of nobody, marked used",
        |p| {
            let bitmap = p.extents(well_known::BITMAP, kind::DATA, "");
            p.flip(&bitmap, free_cluster(p));
        },
        "",
        &[ClusterBitmapSet],
    ),
    (
        "dirty flag",
        |p| {
            p.edit_attribute(well_known::VOLUME, kind::VOLUME_INFORMATION, |a| {
                value(a)[10] |= 1;
            });
        },
        "",
        &[VolumeDirty],
    ),
    (
        "torn index block",
        |p| {
            let (number, vcn) = leaf(p);
            let range = p.block_range(number, "$I30", vcn);
            p.bytes[range.start + 510] ^= 1;
        },
        "dir",
        &[IndexDamaged],
    ),
    (
        "index block of another place",
        |p| {
            let (number, vcn) = leaf(p);
            p.node(number, "$I30", Some(vcn), |block| block[16] ^= 1);
        },
        "dir",
        &[IndexDamaged],
    ),
    (
        "index entry longer than its node",
        |p| {
            let (number, _) = leaf(p);
            let place = p.name_entry(number, "file_with_a_name_12");
            p.edit_entry(number, "$I30", &place, |entry| put16(entry, 8, |_| 0xFFF8));
        },
        "dir",
        &[IndexDamaged],
    ),
    (
        "child that is not there",
        |p| {
            let root = p.number("dir");
            p.node(root, "$I30", None, |root| {
                let end =
                    16 + u32::from_le_bytes(root[20..24].try_into().expect("4 bytes")) as usize;
                root[end - 8] = 0x77;
            });
        },
        "dir",
        &[IndexDamaged],
    ),
    (
        "children in a circle",
        |p| {
            let number = p.number("dir");
            let root = p.attribute(number, kind::INDEX_ROOT);
            let end = p.record_range(number).start + root.end;
            let inner = p.bytes[end - 8..end].to_vec();
            let vcn = u64::from_le_bytes(inner[..].try_into().expect("8 bytes"));
            p.node(number, "$I30", Some(vcn), move |block| {
                let end = 24 + u32::from_le_bytes(block[28..32].try_into().expect("4 bytes"));
                block[end as usize - 8..end as usize].copy_from_slice(&inner);
            });
        },
        "dir",
        &[IndexDamaged, IndexOrder],
    ),
    (
        "subtree cut off",
        |p| {
            let (number, vcn) = leaf(p);
            p.node(number, "$I30", None, move |root| {
                let end = 16 + u32::from_le_bytes(root[20..24].try_into().expect("4 bytes"));
                root[end as usize - 8..end as usize].copy_from_slice(&vcn.to_le_bytes());
            });
        },
        "dir",
        &[IndexBitmap, NameNotIndexed],
    ),
    (
        "leaf that claims children",
        |p| {
            let (number, vcn) = leaf(p);
            p.node(number, "$I30", Some(vcn), |block| block[24 + 12] |= 1);
        },
        "dir",
        &[IndexShape],
    ),
    (
        "block in use, marked free",
        |p| {
            let number = p.number("dir");
            p.edit_attribute(number, kind::BITMAP, |a| value(a)[0] ^= 1);
        },
        "dir",
        &[IndexBitmap],
    ),
    (
        "directory without an index",
        |p| {
            p.remove_attribute(p.number("other"), kind::INDEX_ROOT);
        },
        "other",
        &[IndexMissing],
    ),
    (
        "entries of one name",
        |p| {
            edit_name_entry(p, "dir", "file_with_a_name_21", |entry| {
                let last = 16 + 66 + 2 * ("file_with_a_name_21".len() - 1);
                entry[last] = b'0';
            });
        },
        "dir",
        &[EntryDuplicate, EntryName, NameNotIndexed],
    ),
    (
        "entries out of order",
        |p| {
            edit_name_entry(p, "dir", "file_with_a_name_21", |entry| {
                entry[16 + 66] = b'z';
            });
        },
        "dir",
        &[IndexOrder, EntryName, NameNotIndexed],
    ),
    (
        "entries of $R out of order",
        |p| {
            edit_reparse_entry(p, "junction", |entry| entry[16] = 0x1D);
        },
        "junction",
        &[ReparseIndexTag, IndexOrder],
    ),
    (
        "mirror of $MFT differs",
        |p| {
            let mirror = p.extents(well_known::MFT_MIRROR, kind::DATA, "");
            let place = p.place(&mirror, 1024 + 0x60);
            p.bytes[place] ^= 1;
        },
        "",
        &[MirrorDiffers],
    ),
    (
        "backup of the boot sector differs",
        |p| {
            let at = p.bytes.len() - 512;
            p.bytes[at + 0x48] ^= 1;
        },
        "",
        &[BootBackupDiffers],
    ),
    (
        "boot sector overwritten",
        |p| p.bytes[..512].fill(0x5A),
        "",
        &[BootDamaged],
    ),
    (
        "boot sector that looks for $MFT elsewhere",
        |p| p.bytes[0x30] ^= 3,
        "",
        &[BootDamaged],
    ),
    (
        "boot sector that looks for $MFTMirr elsewhere",
        |p| p.bytes[0x38] ^= 3,
        "",
        &[BootBackupDiffers],
    ),
    (
        "record of $MFT torn",
        |p| tear(p, well_known::MFT),
        "",
        &[
            MirrorDiffers,
            RecordUnreadable,
            ClusterBitmapSet,
            EntryStale,
        ],
    ),
    (
        "record of $MFTMirr overwritten",
        |p| {
            let range = p.record_range(well_known::MFT_MIRROR);
            p.bytes[range].fill(0);
        },
        "",
        &[
            MirrorDiffers,
            RecordUnreadable,
            ClusterBitmapSet,
            EntryStale,
        ],
    ),
    (
        "record of $Volume torn",
        |p| tear(p, well_known::VOLUME),
        "",
        &[MirrorDiffers, RecordUnreadable, EntryStale],
    ),
    (
        "all four records of $MFT that are kept twice torn",
        |p| (0..4).for_each(|number| tear(p, number)),
        "",
        &[
            MirrorDiffers,
            RecordUnreadable,
            ClusterBitmapSet,
            EntryStale,
        ],
    ),
];
