//! An image's fast roads find just what a walk finds.
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

use linksmith::path::EntryPath;
use linksmith::volume::image::ImageVolume;
use linksmith::volume::{Volume, Wanted};
use testkit::image::{self, NEEDS};
use testkit::suite::Suite;
use testkit::sweeping::{check_equal, many_cases, swept};

fn open() -> ImageVolume {
    ImageVolume::open(&image::LINKS.image(), None).unwrap()
}

fn path(text: &str) -> EntryPath {
    EntryPath::parse(text).unwrap()
}

fn all_of_the_volume() {
    let found = check_equal(&open(), &EntryPath::root());
    assert!(found > 1000, "{found}");
}

fn a_part_of_the_volume() {
    let volume = open();
    for (dir, least) in [("real", 42), ("deep", 1), ("empty", 0)] {
        let found = check_equal(&volume, &path(dir));
        assert!(found >= least, "{dir}: {found}");
    }
    // The path is the one that was asked for, whatever the directory's own case.
    let finds = swept(&volume, &path("DEEP"), Wanted::LINKS);
    assert!(finds.keys().eq([&path("DEEP/a/junction")]));
}

fn a_start_that_is_no_directory() {
    let volume = open();
    for wrong in ["real_file.txt", "junction_dir", "nowhere"] {
        let found = volume.sweep(&path(wrong), Wanted::LINKS, &|_| panic!("nothing is there"));
        assert!(found.unwrap().is_err(), "{wrong}");
    }
}

/// 8.3 names and what else only other drivers make, and then grown old.
fn a_volume_of_others_grown_old() {
    let tally = many_cases(Some(&image::SMALL.copy()), 1, 1, 30);
    assert!(tally.finds > 100, "{tally:?}");
}

fn random_volumes() {
    let tally = many_cases(None, 1, 3, 120);
    assert!(tally.finds > 100 && tally.most_names > 8, "{tally:?}");
}

pub(crate) fn main() {
    Suite::new("sweep_image")
        .case("all_of_the_volume", NEEDS, all_of_the_volume)
        .case("a_part_of_the_volume", NEEDS, a_part_of_the_volume)
        .case(
            "a_start_that_is_no_directory",
            NEEDS,
            a_start_that_is_no_directory,
        )
        .case(
            "a_volume_of_others_grown_old",
            NEEDS,
            a_volume_of_others_grown_old,
        )
        .case("random_volumes", &[], random_volumes)
        .run();
}
