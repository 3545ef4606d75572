#![allow(
    clippy::disallowed_methods,
    reason = "tests lay out host trees by hand"
)]

use std::fs;
use std::os::unix::fs::symlink;

use linksmith::path::EntryPath;
use linksmith::volume::posix::PosixVolume;
use linksmith::volume::{Volume, Wanted};

use testkit::sweeping::{check_equal, swept};

#[test]
fn the_host_walker_finds_what_a_walk_finds() {
    let dir = tempfile::tempdir().unwrap();
    for i in 0..40 {
        let sub = dir.path().join(format!("{}/{i}", i % 7));
        fs::create_dir_all(&sub).unwrap();
        fs::write(sub.join("file"), "text").unwrap();
        fs::hard_link(sub.join("file"), dir.path().join(format!("name{i}"))).unwrap();
        symlink("file", sub.join("link")).unwrap();
        symlink("..", sub.join("up")).unwrap();
    }
    let volume = PosixVolume::at(dir.path()).unwrap();
    assert_eq!(check_equal(&volume, &EntryPath::root()), 40 * 4);
    assert_eq!(check_equal(&volume, &EntryPath::parse("3").unwrap()), 6 * 3);
}

#[test]
fn without_more_wanted_only_the_names_are_given() {
    let dir = tempfile::tempdir().unwrap();
    symlink("x", dir.path().join("link")).unwrap();
    let volume = PosixVolume::at(dir.path()).unwrap();
    let finds = swept(&volume, &EntryPath::root(), Wanted::LINKS);
    let (entry, text) = finds.values().next().unwrap();
    assert_eq!((entry.links, text), (None, &None));
    assert!(entry.is_link());
}

#[test]
fn a_start_that_is_not_there_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let volume = PosixVolume::at(dir.path()).unwrap();
    let nowhere = EntryPath::parse("nowhere").unwrap();
    let found = volume.sweep(&nowhere, Wanted::LINKS, &|_| panic!("nothing is there"));
    assert!(found.unwrap().is_err());
}
