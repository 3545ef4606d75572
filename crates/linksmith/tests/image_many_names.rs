//! A file of many names on an image: to look at each of them does not read the whole file each time, and
//! what is remembered of the file is never wrong.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use linksmith::volume::image::ImageVolume;
use linksmith::volume::list;
use linksmith::{EntryPath, Step, Volume};
use testkit::empty_image;

fn name(n: u32) -> EntryPath {
    EntryPath::parse(format!("a rather long name of a file {n:04}")).unwrap()
}

/// A volume with one file of so many names.
fn volume(names: u32) -> (ImageVolume, Arc<AtomicU64>) {
    let (made, memory) = empty_image::on_device(7);
    let mut steps = vec![Step::MakeFile {
        at: name(0),
        contents: b"x".to_vec(),
    }];
    steps.extend((1..names).map(|n| Step::HardLink {
        existing: name(0),
        new: name(n),
    }));
    made.apply(&steps).unwrap();
    drop(made);
    empty_image::counted(memory)
}

/// Reads that looking at every name takes.
fn cost(names: u32) -> u64 {
    let (volume, reads) = volume(names);
    for n in 0..names {
        let entry = volume.entry(&name(n)).unwrap();
        assert_eq!(entry.name, name(n).file_name());
        assert_eq!((entry.links, entry.size), (Some(names), 1));
    }
    reads.load(Ordering::Relaxed)
}

#[test]
fn twice_as_many_names_cost_about_twice_as_much() {
    let (once, twice) = (cost(250), cost(500));
    assert!(twice < 3 * once, "{once} reads, then {twice}");
}

/// Reads that listing the names takes.
fn listing_cost(names: u32) -> u64 {
    let (volume, reads) = volume(names);
    let listed = list(&volume, &EntryPath::root()).unwrap();
    assert_eq!(listed.len() as u32, names);
    for (n, entry) in listed.iter().enumerate() {
        assert_eq!(entry.name, name(n as u32).file_name());
        assert_eq!((entry.links, entry.size), (Some(names), 1));
    }
    reads.load(Ordering::Relaxed)
}

#[test]
fn a_listing_reads_the_file_once() {
    let (once, twice) = (listing_cost(250), listing_cost(500));
    assert!(twice < 3 * once, "{once} reads, then {twice}");
}

/// Reads that one more name takes, the check of what was touched included.
fn adding_cost(names: u32) -> u64 {
    let (volume, reads) = volume(names);
    let step = Step::HardLink {
        existing: name(0),
        new: name(names),
    };
    volume.apply(&[step]).unwrap();
    reads.load(Ordering::Relaxed)
}

#[test]
fn one_more_name_costs_no_reading_of_the_file_for_each_that_is_there() {
    let (once, twice) = (adding_cost(250), adding_cost(500));
    assert!(twice < 3 * once, "{once} reads, then {twice}");
}

#[test]
fn a_change_is_seen() {
    let (volume, _) = volume(100);
    assert_eq!(volume.entry(&name(7)).unwrap().links, Some(100));
    volume.apply(&[Step::Remove { at: name(3) }]).unwrap();
    assert_eq!(volume.entry(&name(7)).unwrap().links, Some(99));
    let write = Step::WriteFile {
        at: name(5),
        contents: b"more".to_vec(),
    };
    volume.apply(&[write]).unwrap();
    let seen = volume.entry(&name(7)).unwrap();
    assert_eq!((seen.links, seen.size), (Some(99), 4));
    assert!(volume.entry(&name(3)).is_err());
}
