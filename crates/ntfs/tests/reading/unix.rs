//! Images that mkntfs and ntfs-3g made, read.

use linksmith_ntfs::Volume;
use linksmith_ntfs::check::{Code, findings};
use linksmith_ntfs::device::Memory;
use linksmith_ntfs::health::{LogState, MirrorState};
use testkit::image::{self, NEEDS, Script};
use testkit::listing::{Listing, list};
use testkit::suite::Suite;

fn open(script: &Script) -> Volume<Memory> {
    Volume::open(Memory::new(script.copy())).expect("the image opens")
}

fn names(path: &str) -> Vec<Vec<u16>> {
    path.split('/')
        .map(|name| name.encode_utf16().collect())
        .collect()
}

fn contents(volume: &Volume<Memory>, path: &str, stream: &str) -> Vec<u8> {
    let file = volume.find_path(&names(path)).expect("it is there");
    let file = volume.file_by_ref(file).expect("it can be read");
    let stream: Vec<u16> = stream.encode_utf16().collect();
    volume
        .contents(&file, &stream, 1 << 24)
        .expect("it can be read")
        .expect("the stream is there")
}

fn a_clean_volume_is_said_to_be_clean() {
    let volume = open(&image::LINKS);
    let health = volume.health();
    assert_eq!(health.log, LogState::Empty, "as ntfs-3g leaves it");
    assert_eq!(health.mirror, MirrorState::Same);
    assert_eq!(health.refusals(), []);
    assert_eq!(
        volume.information().label,
        "Links".encode_utf16().collect::<Vec<_>>()
    );
    assert_eq!(volume.information().version, (3, 1));
    assert_eq!(volume.geometry().cluster_size, 4096);
    assert_ne!(volume.geometry().serial, 0);
}

fn names_are_counted_as_people_do() {
    let listing = list(&open(&image::LINKS)).expect("it lists");
    let check = |path: &str, names: u32, link_count: u32| {
        let seen = listing
            .get(path)
            .unwrap_or_else(|| panic!("{path} is missing"));
        assert_eq!(
            (seen.names, seen.link_count),
            (Some(names), Some(link_count)),
            "{path}"
        );
    };
    check("/real_file.txt", 2, 2);
    check("/many.txt", 41, 41);
    check("/names/name_number_1000", 1001, 1001);
    check("/a long name.txt", 2, 3);
    check("/another long name", 1, 2);
    assert!(!listing.contains_key("/ALONGN~1.TXT"));
    assert_eq!(
        listing
            .keys()
            .filter(|path| path.starts_with("/big/"))
            .count(),
        3000
    );
    assert_eq!(
        listing
            .keys()
            .filter(|path| path.starts_with("/was_big/"))
            .count(),
        56
    );
}

fn names_are_looked_up_in_either_case() {
    let volume = open(&image::LINKS);
    let check = |path: &str, found: &str| {
        let [one, other] = [path, found].map(|path| volume.find_path(&names(path)).ok());
        assert!(
            one.is_some() && one == other,
            "{path}: {one:?}, {found}: {other:?}"
        );
    };
    check("REAL_FILE.TXT", "real_file.txt");
    check(
        "BIG/FILE_with_a_long_name_1234",
        "big/file_with_a_long_name_1234",
    );
    check("ÜNÏCODE/ärger 漢字 😀.TXT", "ünïcode/Ärger 漢字 😀.txt");
    check("ALONGN~1.TXT", "a long name.txt");
    for missing in [
        "real_file.tx",
        "big/file_with_a_long_name_0",
        "real_file.txt/x",
        "big/x/y",
    ] {
        assert!(volume.find_path(&names(missing)).is_err(), "{missing}");
    }
}

fn contents_of_every_kind_of_storage() {
    let volume = open(&image::LINKS);
    assert_eq!(
        contents(&volume, "real_file.txt", ""),
        b"a real file.....\n"
    );
    assert_eq!(contents(&volume, "real_file.txt", "stream"), b"in a stream");
    assert_eq!(contents(&volume, "filled", ""), [b'x'; 300_000]);
    let sparse = contents(&volume, "sparse", "");
    assert_eq!(sparse.len(), 5 << 20);
    assert_eq!(&sparse[3_000_000..3_000_006], b"middle");
    assert_eq!(sparse.iter().filter(|byte| **byte != 0).count(), 6);
    let lines = (1..=20_000).map(|i| format!("line {i} of a file that packs well\n"));
    assert!(contents(&volume, "packed/text", "") == lines.collect::<String>().into_bytes());
    assert_eq!(contents(&volume, "packed/noise", "").len(), 100_000);
}

fn compression_is_met_and_undone() {
    let volume = open(&image::LINKS);
    let file = volume
        .find_path(&names("packed/text"))
        .expect("it is there");
    let file = volume.file_by_ref(file).expect("it can be read");
    let value = volume
        .stream(&file, &[])
        .expect("it can be read")
        .expect("it has data");
    let extents = value.extents().expect("it is not resident");
    assert!(extents.is_compressed() && extents.clusters() * 4096 < extents.data_size / 2);
}

fn the_reparse_index_lists_every_reparse_point() {
    let volume = open(&image::LINKS);
    let mut tags = Vec::new();
    let listing = list(&volume).expect("it lists");
    volume
        .reparse_points(|found| {
            tags.push(found.expect("an entry").0);
            std::ops::ControlFlow::Continue(())
        })
        .expect("the index");
    assert!(tags.is_sorted(), "{tags:x?}");
    let points = listing
        .values()
        .filter(|seen| matches!(seen.reparse, Some(Some(_))));
    let mut records: Vec<_> = points.map(|seen| seen.record).collect();
    records.sort_unstable();
    records.dedup();
    assert_eq!(tags.len(), records.len());
    assert_eq!(tags.len(), 13);
}

fn object_ids_and_security_descriptors() {
    let volume = open(&image::LINKS);
    let file = volume
        .find_path(&names("real_file.txt"))
        .expect("it is there");
    let file = volume.file_by_ref(file).expect("it can be read");
    let id = volume.object_id(&file).expect("it has an object id");
    assert_eq!(id[..4], [0, 0x11, 0x22, 0x33]);
    let mut listed = Vec::new();
    volume
        .object_ids(|found| {
            listed.push(found.expect("an entry"));
            std::ops::ControlFlow::Continue(())
        })
        .expect("the index");
    assert!(listed.contains(&(id, file.reference())), "{listed:?}");
    let descriptor = volume
        .security_descriptor(0x100)
        .expect("$Secure")
        .expect("id 0x100");
    assert_eq!(descriptor[0], 1, "the revision of a descriptor");
    assert!(
        volume
            .security_descriptor(0xFFFF)
            .expect("$Secure")
            .is_none()
    );
}

fn mft_in_pieces_over_extension_records() {
    let volume = open(&image::SCATTERED);
    let runs = volume.mft().runs.len();
    assert!(runs > 300, "{runs} runs");
    assert!(
        volume.file(0).expect("$MFT").records().len() > 1,
        "it has extension records"
    );
    let listing = list(&volume).expect("it lists");
    assert_eq!(files_in(&listing, "/files/"), 5000);
}

fn files_in(listing: &Listing, folder: &str) -> usize {
    listing
        .keys()
        .filter(|path| path.starts_with(folder))
        .count()
}

fn every_size_of_sector_cluster_record_and_block() {
    for script in image::SIZES {
        let volume = open(script);
        let listing = list(&volume).expect("it lists");
        assert_eq!(files_in(&listing, "/dir/"), 300, "{}", script.name);
        assert_eq!(listing["/real/seven"].names, Some(2), "{}", script.name);
        assert!(
            matches!(listing["/junction"].reparse, Some(Some(_))),
            "{}",
            script.name
        );
        assert_eq!(
            contents(&volume, "data", ""),
            [b'y'; 100_000],
            "{}",
            script.name
        );
        assert_eq!(
            contents(&volume, "dir/a_name_that_fills_the_index_42", ""),
            b"42\n"
        );
    }
}

fn free_clusters_are_those_that_ntfs_3g_counts() {
    for script in [image::LINKS].iter().chain(image::SIZES) {
        let volume = open(script);
        let said = testkit::oracle::ntfs_3g_free_clusters(&script.image());
        assert_eq!(
            volume.free_clusters().expect("$Bitmap"),
            said,
            "{}",
            script.name
        );
    }
}

/// ntfs-3g writes the type of the attribute, 0xC0, into the index where reparse data are not resident.
/// Everything else that it and mkntfs make passes.
fn check_finds_nothing_but_a_defect_of_ntfs_3g() {
    let all = [image::LINKS, image::SCATTERED]
        .into_iter()
        .chain(image::SIZES.iter().copied());
    for script in all {
        let found = findings(&open(&script)).expect("it can be checked");
        let found: Vec<_> = found
            .iter()
            .map(|finding| (finding.code, &finding.words))
            .collect();
        let defect = "the entry junction_long has 0x000000c0, the file 0xa0000003".to_owned();
        if script.name == "links" {
            assert_eq!(found, [(Code::EntryReparseTag, &defect)]);
        } else {
            assert_eq!(found, [], "{}", script.name);
        }
    }
}

pub(crate) fn main() {
    Suite::new("reading")
        .case("clean", NEEDS, a_clean_volume_is_said_to_be_clean)
        .case("names", NEEDS, names_are_counted_as_people_do)
        .case("lookup", NEEDS, names_are_looked_up_in_either_case)
        .case("contents", NEEDS, contents_of_every_kind_of_storage)
        .case("compression", NEEDS, compression_is_met_and_undone)
        .case(
            "reparse_index",
            NEEDS,
            the_reparse_index_lists_every_reparse_point,
        )
        .case("ids", NEEDS, object_ids_and_security_descriptors)
        .case("scattered_mft", NEEDS, mft_in_pieces_over_extension_records)
        .case(
            "sizes",
            NEEDS,
            every_size_of_sector_cluster_record_and_block,
        )
        .case(
            "free_clusters",
            NEEDS,
            free_clusters_are_those_that_ntfs_3g_counts,
        )
        .case("check", NEEDS, check_finds_nothing_but_a_defect_of_ntfs_3g)
        .run();
}
