//! The fast roads find what going through the directories finds.

use std::collections::{BTreeMap, BTreeSet};

use linksmith_ntfs::Volume;
use linksmith_ntfs::device::{Device, Memory};
use linksmith_ntfs::scan::{Ask, Catalog};
use testkit::image::{self, NEEDS, Script};
use testkit::listing::{Listing, list};
use testkit::suite::Suite;

/// Paths, each with the record, the number of names and the reparse data.
type Finds = BTreeMap<String, (u64, usize, Option<Vec<u8>>)>;

fn finds(catalog: &Catalog) -> Finds {
    let mut finds = Finds::new();
    let text = |name: &[_]| {
        let units = name
            .iter()
            .map(|unit: &zerocopy::little_endian::U16| unit.get());
        String::from_utf16_lossy(&units.collect::<Vec<_>>())
    };
    for file in catalog.files(0, usize::MAX) {
        for name in file.names() {
            let mut path = text(name.name);
            for directory in catalog.climb(name.parent) {
                let directory = directory.expect("every directory above is there");
                path = format!("{}/{path}", text(directory.name));
            }
            let reparse = file.reparse_data().map(<[u8]>::to_vec);
            let find = (file.reference().number(), file.name_count(), reparse);
            assert!(
                finds.insert(format!("/{path}"), find).is_none(),
                "{path} is found once"
            );
        }
    }
    finds
}

fn expected(listing: &Listing, reparse_points: bool, hard_links: bool) -> Finds {
    let mut finds = Finds::new();
    for (path, seen) in listing {
        let (record, names) = (
            seen.record.unwrap_or_default(),
            seen.names.unwrap_or_default(),
        );
        let reparse = seen.reparse.clone().flatten();
        let wanted = reparse_points && reparse.is_some()
            || hard_links && seen.directory == Some(false) && names > 1;
        if wanted {
            finds.insert(path.clone(), (record, names as usize, reparse));
        }
    }
    finds
}

fn check<D: Device>(volume: &Volume<D>) {
    let listing = list(volume).expect("it lists");
    for threads in [1, 3] {
        for (reparse_points, hard_links) in [(true, true), (true, false), (false, true)] {
            let ask = Ask {
                reparse_points,
                hard_links,
                threads,
            };
            let catalog = volume.scan_mft(ask).expect("it scans");
            assert!(catalog.failures().is_empty(), "{:?}", catalog.failures());
            assert_eq!(
                finds(&catalog),
                expected(&listing, reparse_points, hard_links),
                "{ask:?}"
            );
        }
        let ask = Ask {
            threads,
            ..Ask::default()
        };
        let catalog = volume.scan_reparse_index(ask).expect("it scans");
        assert!(catalog.failures().is_empty(), "{:?}", catalog.failures());
        assert_eq!(finds(&catalog), expected(&listing, true, false));
    }
}

fn open(script: &Script) -> Volume<Memory> {
    Volume::open(Memory::new(script.copy())).expect("the image opens")
}

fn every_kind_of_link_is_found() {
    let volume = open(&image::LINKS);
    check(&volume);
    let ask = Ask {
        hard_links: true,
        ..Ask::default()
    };
    let found = finds(&volume.scan_mft(ask).expect("it scans"));
    let many: BTreeSet<usize> = found.values().map(|(_, names, _)| *names).collect();
    // An 8.3 name is no second name; the names of one file spread over extension records.
    assert!(
        many.contains(&1001) && many.contains(&41) && !found.contains_key("/another long name")
    );
}

fn a_table_in_pieces_is_read_whole() {
    check(&open(&image::SCATTERED));
}

fn records_and_clusters_of_every_size() {
    for script in image::SIZES {
        check(&open(script));
    }
}

fn what_is_damaged_is_told_and_the_rest_is_found() {
    let whole = finds(&scan(&image::LINKS.copy()).0);
    let mut bytes = image::LINKS.copy();
    let volume = Volume::open(Memory::new(bytes.clone())).expect("the image opens");
    let victim = whole["/symlink_file"].0;
    let (place, _) = volume
        .mft()
        .locate(
            volume.geometry(),
            victim * u64::from(volume.geometry().record_size),
        )
        .expect("the record is there");
    let torn = place.expect("it is no hole") as usize + 510;
    bytes[torn] ^= 0xFF;
    let (catalog, failures) = scan(&bytes);
    assert_eq!(failures, 1);
    let left = finds(&catalog);
    assert!(!left.contains_key("/symlink_file"));
    assert_eq!(
        left.len(),
        whole.values().filter(|find| find.0 != victim).count()
    );
}

fn scan(bytes: &[u8]) -> (Catalog, usize) {
    let volume = Volume::open(Memory::new(bytes.to_vec())).expect("the image opens");
    let ask = Ask {
        reparse_points: true,
        hard_links: true,
        threads: 2,
    };
    let mut catalog = volume.scan_mft(ask).expect("it scans");
    let failures = catalog.take_failures().len();
    (catalog, failures)
}

pub(crate) fn main() {
    Suite::new("scan")
        .case(
            "every_kind_of_link_is_found",
            NEEDS,
            every_kind_of_link_is_found,
        )
        .case(
            "a_table_in_pieces_is_read_whole",
            NEEDS,
            a_table_in_pieces_is_read_whole,
        )
        .case(
            "records_and_clusters_of_every_size",
            NEEDS,
            records_and_clusters_of_every_size,
        )
        .case(
            "what_is_damaged_is_told_and_the_rest_is_found",
            NEEDS,
            what_is_damaged_is_told_and_the_rest_is_found,
        )
        .run();
}
