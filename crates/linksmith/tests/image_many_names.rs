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

/// Reads that looking at every name of forty files takes, in an order of files and names.
fn cost_of_files(order: impl Iterator<Item = (u32, u32)>, names: u32) -> u64 {
    let at = |file: u32, name: u32| {
        EntryPath::parse(format!("name {name:02} of file {file:02} of many")).unwrap()
    };
    let (made, memory) = empty_image::on_device(7);
    let mut steps = Vec::new();
    for file in 0..40 {
        steps.push(Step::MakeFile {
            at: at(file, 0),
            contents: Vec::new(),
        });
        steps.extend((1..names).map(|name| Step::HardLink {
            existing: at(file, 0),
            new: at(file, name),
        }));
    }
    made.apply(&steps).unwrap();
    drop(made);
    let (volume, reads) = empty_image::counted(memory);
    for (file, name) in order {
        let entry = volume.entry(&at(file, name)).unwrap();
        assert_eq!(entry.links, Some(names));
    }
    reads.load(Ordering::Relaxed)
}

#[test]
fn names_of_many_files_in_turn_cost_no_more_than_those_of_one_after_the_other() {
    const NAMES: u32 = 60;
    let one_by_one = (0..40).flat_map(|file| (0..NAMES).map(move |name| (file, name)));
    let in_turn = (0..NAMES).flat_map(|name| (0..40).map(move |file| (file, name)));
    let once = cost_of_files(one_by_one, NAMES);
    let turns = cost_of_files(in_turn, NAMES);
    assert!(turns <= once, "{once} reads, then {turns}");
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
