//! Deliberate damage, one kind at a time: the check finds each, and says nothing else than what follows from it.

use linksmith_ntfs::check::{Code, Finding, findings};
use linksmith_ntfs::device::Memory;
use linksmith_ntfs::edit::EditError;
use linksmith_ntfs::journal::MemoryJournal;
use linksmith_ntfs::layout::{attribute_type as kind, well_known};
use linksmith_ntfs::repair::Repair;
use linksmith_ntfs::{Error, Volume};
use testkit::damage::Patient;
use testkit::image::{self, NEEDS};
use testkit::listing;
use testkit::mendable::{Case, MENDABLE, edit_name_entry, put16, value};
use testkit::oracle;
use testkit::suite::{Need, Suite};

use Code::*;

/// Damages the small image and compares the codes.
fn check((name, damage, path, expected): Case) {
    let mut patient = Patient::new(image::SMALL.copy());
    damage(&mut patient);
    let volume = patient
        .open()
        .unwrap_or_else(|error| panic!("{name}: {error}"));
    let found = findings(&volume).unwrap_or_else(|error| panic!("{name}: {error}"));
    let mut codes: Vec<Code> = found.iter().map(|finding| finding.code).collect();
    codes.sort_unstable();
    codes.dedup();
    let mut wanted = expected.to_vec();
    wanted.sort_unstable();
    let shown = || {
        found
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("\n  ")
    };
    assert_eq!(codes, wanted, "{name}:\n  {}", shown());
    if !path.is_empty() {
        let number = patient.number(path);
        let there =
            |finding: &&Finding| finding.code == expected[0] && finding.record == Some(number);
        assert!(
            found.iter().any(|f| there(&f)),
            "{name}: not at {path}:\n  {}",
            shown()
        );
    }
}

fn put32(bytes: &mut [u8], at: usize, value: u32) {
    bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
}

const NAMES: &[Case] = &[
    (
        "name differs from its entry",
        |p| {
            p.edit_attribute(p.number("filled_a"), kind::FILE_NAME, |a| {
                value(a)[66] = b'X';
            });
        },
        "filled_a",
        &[NameNotIndexed, EntryName],
    ),
    (
        "name in a directory that is not there",
        |p| {
            p.edit_attribute(p.number("filled_a"), kind::FILE_NAME, |a| {
                value(a)[0..4].fill(0xEE);
            });
        },
        "filled_a",
        &[NameParent, EntryName],
    ),
    (
        "name in an earlier use of its directory",
        |p| {
            p.edit_attribute(p.number("filled_a"), kind::FILE_NAME, |a| value(a)[6] += 1);
        },
        "filled_a",
        &[NameParent, EntryName],
    ),
    (
        "no name left",
        |p| {
            p.remove_attribute(p.number("filled_a"), kind::FILE_NAME);
            p.record(p.number("filled_a"), |r| put16(r, 0x12, |_| 0));
        },
        "filled_a",
        &[NameMissing, EntryName],
    ),
    (
        "name longer than its attribute",
        |p| {
            p.edit_attribute(p.number("filled_a"), kind::FILE_NAME, |a| {
                value(a)[64] = 200;
            });
        },
        "filled_a",
        &[NameBad, EntryName],
    ),
    (
        "long name of a pair made an only name",
        |p| {
            let number = p.number("a long name.txt");
            p.record(number, |record| {
                let at = record
                    .windows(2)
                    .position(|w| w == [15, 1])
                    .expect("15 units, namespace 1");
                record[at + 1] = 0;
            });
            edit_name_entry(p, "", "a long name.txt", |entry| entry[16 + 65] = 0);
        },
        "a long name.txt",
        &[DosNameAlone],
    ),
    (
        "directories in a circle",
        |p| {
            let inner = p
                .file(p.number("outer/middle/inner"))
                .reference()
                .raw()
                .to_le_bytes();
            let outer = p.number("outer");
            p.edit_attribute(outer, kind::FILE_NAME, move |a| {
                value(a)[..8].copy_from_slice(&inner);
            });
        },
        "",
        &[DirectoryLoop, EntryName, NameNotIndexed],
    ),
];

const ENTRIES: &[Case] = &[];

const INDEXES: &[Case] = &[(
    "block of nobody, marked used",
    |p| {
        let number = p.number("dir");
        p.edit_attribute(number, kind::INDEX_ALLOCATION, |_| {});
        p.edit_attribute(number, kind::BITMAP, |a| value(a)[0] ^= 0x80);
        // Room for eight blocks by its size, and the runs hold fewer: nothing reads beyond.
    },
    "",
    &[],
)];

const REPARSE: &[Case] = &[
    (
        "reparse data gone",
        |p| {
            p.remove_attribute(p.number("junction"), kind::REPARSE_POINT);
        },
        "junction",
        &[ReparseFlag, EntryReparseFlag, ReparseIndexStale],
    ),
    (
        "reparse data shorter than they say",
        |p| {
            p.edit_attribute(p.number("junction"), kind::REPARSE_POINT, |a| {
                value(a)[4] += 2;
            });
        },
        "junction",
        &[ReparseData],
    ),
    (
        "substitute name outside of the data",
        |p| {
            p.edit_attribute(p.number("junction"), kind::REPARSE_POINT, |a| {
                value(a)[10] = 0xFE;
            });
        },
        "junction",
        &[ReparseData],
    ),
    (
        "print name at an odd byte",
        |p| {
            p.edit_attribute(p.number("symlink"), kind::REPARSE_POINT, |a| {
                value(a)[12] |= 1;
            });
        },
        "symlink",
        &[ReparseData],
    ),
];

const RECORDS: &[Case] = &[
    (
        "torn record",
        |p| {
            let range = p.record_range(p.number("filled_a"));
            p.bytes[range.start + 1022] ^= 1;
        },
        "filled_a",
        &[RecordUnreadable, EntryStale, ClusterBitmapSet],
    ),
    (
        "record with more bytes in use than it has",
        |p| {
            p.record(p.number("filled_a"), |r| put32(r, 0x18, 2048));
        },
        "filled_a",
        &[RecordUnreadable, EntryStale, ClusterBitmapSet],
    ),
    (
        "record with more bytes in use than its attributes",
        |p| {
            p.record(p.number("filled_a"), |r| put16(r, 0x18, |used| used + 8));
        },
        "filled_a",
        &[RecordHeader],
    ),
    (
        "record of another number",
        |p| {
            p.record(p.number("filled_a"), |r| r[0x2C] ^= 1);
        },
        "filled_a",
        &[RecordHeader],
    ),
    (
        "attribute longer than its record",
        |p| {
            p.edit_attribute(p.number("filled_a"), kind::DATA, |a| put32(a, 4, 0x7000));
        },
        "filled_a",
        &[AttributeBad, EntrySize, ClusterBitmapSet],
    ),
    (
        "attributes out of order",
        |p| {
            p.edit_attribute(p.number("file.txt"), kind::DATA, |a| put32(a, 0, 0x10));
        },
        "file.txt",
        &[AttributeOrder, AttributeBad, EntrySize],
    ),
    (
        "one instance number twice",
        |p| {
            p.edit_attribute(p.number("file.txt"), kind::DATA, |a| put16(a, 14, |_| 0));
        },
        "file.txt",
        &[AttributeInstance],
    ),
    (
        "no $STANDARD_INFORMATION",
        |p| {
            p.remove_attribute(p.number("file.txt"), kind::STANDARD_INFORMATION);
        },
        "file.txt",
        &[AttributeMissing, EntryFlags],
    ),
    (
        "security id of nobody",
        |p| {
            p.edit_attribute(p.number("$Extend"), kind::STANDARD_INFORMATION, |a| {
                put32(value(a), 0x34, 0x7777);
            });
        },
        "$Extend",
        &[SecurityId],
    ),
    (
        "attribute list that names what is not there",
        |p| {
            let base = p.healthy().record(p.number("many")).expect("it is healthy");
            let list = base
                .find(kind::ATTRIBUTE_LIST, &[])
                .expect("healthy")
                .expect("a list");
            let mut runs = list
                .non_resident()
                .expect("not resident")
                .runs(u64::MAX >> 1);
            let first = runs
                .next()
                .expect("a run")
                .expect("healthy")
                .lcn
                .expect("no hole");
            p.bytes[first as usize * 4096 + 0x18] ^= 0x77;
        },
        "many",
        &[AttributeList],
    ),
    (
        "extension record of another file",
        |p| {
            let extension = p.file(p.number("many")).records()[1].number();
            p.record(extension, |r| r[0x26] += 1);
        },
        "many",
        &[AttributeList, ExtensionOrphan],
    ),
];

const CLUSTERS: &[Case] = &[
    (
        "cluster of two files",
        |p| {
            let other = p.attribute(p.number("filled_b"), kind::DATA);
            let range = p.record_range(p.number("filled_b"));
            let runs = p.bytes[range.start + other.start + 64..][..8].to_vec();
            p.edit_attribute(p.number("filled_a"), kind::DATA, move |a| {
                a[64..72].copy_from_slice(&runs);
            });
        },
        "",
        &[ClusterTwice, ClusterBitmapSet],
    ),
    (
        "runs out of the volume",
        |p| {
            p.edit_attribute(p.number("filled_a"), kind::DATA, |a| a[66..68].fill(0x7F));
        },
        "filled_a",
        &[RunsBad, ClusterBitmapSet],
    ),
    (
        "runs shorter than their header says",
        |p| {
            p.edit_attribute(p.number("filled_a"), kind::DATA, |a| a[65] -= 1);
        },
        "filled_a",
        &[RunsBad, ClusterBitmapSet],
    ),
    (
        "value longer than what is allocated",
        |p| {
            p.edit_attribute(p.number("filled_a"), kind::DATA, |a| {
                put32(a, 0x30, 0x7FFF_0000);
            });
        },
        "filled_a",
        &[SizeBad, EntrySize],
    ),
];

const VOLUME: &[Case] = &[
    (
        "version of the future",
        |p| {
            p.edit_attribute(well_known::VOLUME, kind::VOLUME_INFORMATION, |a| {
                value(a)[8] = 4;
            });
        },
        "",
        &[VersionUnknown],
    ),
    (
        "log that holds work",
        |p| {
            let log = p.extents(well_known::LOG_FILE, kind::DATA, "");
            let place = p.place(&log, 0);
            p.bytes[place..place + 4096].copy_from_slice(&restart_page());
        },
        "",
        &[LogHoldsWork],
    ),
    (
        "log of rubbish",
        |p| {
            let log = p.extents(well_known::LOG_FILE, kind::DATA, "");
            let place = p.place(&log, 0);
            p.bytes[place..place + 4096].fill(0x5A);
        },
        "",
        &[LogHoldsWork],
    ),
    (
        "Windows asleep",
        |p| {
            let data = p.extents(p.number("hiberfil.sys"), kind::DATA, "");
            let place = p.place(&data, 0);
            p.bytes[place..place + 4].copy_from_slice(b"HIBR");
        },
        "",
        &[Hibernated],
    ),
    (
        "end of the volume missing",
        |p| {
            let length = p.bytes.len();
            p.bytes.truncate(length - 8192);
        },
        "",
        &[VolumeTruncated],
    ),
];

/// A restart page as Windows leaves it while a volume is mounted: a client uses the log, and it is not clean.
fn restart_page() -> Vec<u8> {
    let mut page = vec![0; 4096];
    page[..8].copy_from_slice(&[b'R', b'S', b'T', b'R', 0x1E, 0, 9, 0]);
    put32(&mut page, 0x10, 4096);
    put32(&mut page, 0x14, 4096);
    put16(&mut page, 0x18, |_| 0x30);
    put16(&mut page, 0x1C, |_| 1);
    put16(&mut page, 0x30 + 0x0A, |_| 0xFFFF);
    put16(&mut page, 0x30 + 0x0C, |_| 0);
    linksmith_ntfs::fixup::redo(&mut page, "restart page").expect("it is well made");
    page
}

fn healthy_images_have_no_findings() {
    let patient = Patient::new(image::SMALL.copy());
    let found = findings(&patient.open().expect("it opens")).expect("it can be checked");
    assert_eq!(found, []);
}

/// What ntfs-3g lets be made, and Windows does not: each is found.
fn defects_of_another_writer() {
    let patient = Patient::new(image::DEFECTS.copy());
    let found = findings(&patient.open().expect("it opens")).expect("it can be checked");
    let check = |code: Code, path: &str| {
        let number = patient.number(path);
        let there = found
            .iter()
            .any(|f| f.code == code && f.record == Some(number));
        assert!(there, "{code} at {path} in {found:#?}");
    };
    check(EntryReparseTag, "tag");
    check(ReparseNotEmpty, "not_empty");
    check(DirectoryNames, "twice");
    check(ReparseData, "half");
    check(NameTooMany, "many");
}

/// Damage for which a repair is refused: the volume is another system's, or parts of it are not there.
const REFUSED: &[&str] = &[
    "version of the future",
    "log that holds work",
    "log of rubbish",
    "Windows asleep",
    "end of the volume missing",
];

/// Repairs the damaged image: a clean one with the listing that it had, or the same bytes and the same findings.
fn mend((name, damage, _, expected): Case) {
    let mut patient = Patient::new(image::SMALL.copy());
    damage(&mut patient);
    let device = Memory::new(patient.bytes.clone());
    let repair = match Repair::prepare(&device, 1 << 57) {
        Ok(repair) => repair,
        Err(EditError::Volume(Error::Refused(why))) => {
            return assert!(REFUSED.contains(&name), "{name}: {why}");
        }
        Err(error) => panic!("{name}: {error}"),
    };
    assert!(!REFUSED.contains(&name), "{name} is to be refused");
    let mended = MENDABLE.iter().any(|case| case.0 == name);
    let plan = format!("{:#?}\nleaves {:#?}", repair.fixes(), repair.remaining());
    assert_eq!(!repair.fixes().is_empty(), mended, "{name}: {plan}");
    let left = repair.remaining().to_vec();
    repair.commit(&MemoryJournal::default()).expect(name);
    let after = Volume::open(&device).expect(name);
    assert_eq!(findings(&after).expect(name), left, "{name}");
    if mended {
        assert_eq!(left, [], "{name}: {plan}");
        let healthy = listing::list(patient.healthy()).expect("it is healthy");
        assert_eq!(listing::list(&after).expect(name), healthy, "{name}");
    } else {
        assert_eq!(left.is_empty(), expected.is_empty(), "{name}");
        assert!(device.into_bytes() == patient.bytes, "{name}: {plan}");
    }
}

/// Other checkers have nothing against what was mended.
fn other_checkers_are_content() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, damage, ..) in MENDABLE {
        let mut patient = Patient::new(image::SMALL.copy());
        damage(&mut patient);
        let device = Memory::new(patient.bytes);
        let repair = Repair::prepare(&device, 1 << 57).expect(name);
        repair.commit(&MemoryJournal::default()).expect(name);
        let image = folder.path().join("mended.img");
        #[allow(clippy::disallowed_methods, reason = "a file of the test's own")]
        std::fs::write(&image, device.into_bytes()).expect("it is written");
        let image = image.to_str().expect("a plain path");
        for (program, args) in CHECKERS {
            let (fine, said) = oracle::run(program, &[*args, &[image][..]].concat());
            assert!(fine, "{program} on a mended image ({name}):\n{said}");
        }
    }
}

/// Programs that judge a volume by their exit code.
const CHECKERS: &[(&str, &[&str])] = &[("ntfsfix", &["-n"]), ("ntfsck", &["-n", "-q"])];

/// The dirty flag stays while anything else is wrong, and goes with the last of it.
fn the_dirty_flag_goes_last() {
    let check = |other: fn(&mut Patient), cleared: bool| {
        let mut patient = Patient::new(image::SMALL.copy());
        patient.edit_attribute(well_known::VOLUME, kind::VOLUME_INFORMATION, |a| {
            value(a)[10] |= 1;
        });
        patient.record(patient.number("file.txt"), |r| put16(r, 0x12, |n| n + 1));
        other(&mut patient);
        let device = Memory::new(patient.bytes.clone());
        let repair = Repair::prepare(&device, 1 << 57).expect("dirty is no reason");
        assert_eq!(repair.left().next().is_none(), cleared);
        repair.commit(&MemoryJournal::default()).expect("committed");
        let after = Volume::open(&device).expect("it opens");
        assert_eq!(after.health().is_dirty(), !cleared);
        let found = findings(&after).expect("it can be checked");
        assert!(found.iter().all(|f| f.code != LinkCount), "{found:#?}");
    };
    check(|_| {}, true);
    check(
        |p| {
            p.record(p.number("filled_a"), |r| r[0x2C] ^= 1);
        },
        false,
    );
}

pub(crate) fn main() {
    let tools = CHECKERS.iter().map(|checker| Need::Tool(checker.0));
    let checkers: Vec<Need> = NEEDS.iter().copied().chain(tools).collect();
    let mut suite = Suite::new("damage")
        .case("healthy", NEEDS, healthy_images_have_no_findings)
        .case("repair::dirty_flag_last", NEEDS, the_dirty_flag_goes_last)
        .case(
            "repair::other_checkers",
            &checkers,
            other_checkers_are_content,
        )
        .case("ntfs_3g", NEEDS, defects_of_another_writer);
    let all = [
        MENDABLE, NAMES, ENTRIES, INDEXES, REPARSE, RECORDS, CLUSTERS, VOLUME,
    ];
    for case in all.concat() {
        let name = case.0.replace(' ', "_");
        suite = suite.case(&name, NEEDS, move || check(case));
        suite = suite.case(&format!("repair::{name}"), NEEDS, move || mend(case));
    }
    suite.run();
}
