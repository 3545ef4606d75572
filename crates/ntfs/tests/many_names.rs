//! Files of many names, which come and go: the attribute list and the count of names that the editor keeps
//! are those of the volume.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;

use linksmith_ntfs::check::findings;
use linksmith_ntfs::device::Memory;
use linksmith_ntfs::edit::{EditError, EditOptions, Editor};
use linksmith_ntfs::journal::MemoryJournal;
use linksmith_ntfs::{FileRef, Volume};
use testkit::empty_image::{self, NOW};
use testkit::rng::Rng;

fn units(text: &str) -> Vec<u16> {
    text.encode_utf16().collect()
}

fn open(device: &Memory) -> Editor<&Memory> {
    Editor::open(device, NOW, EditOptions::default()).unwrap()
}

/// A file, and the names that it should have: the directory's number and the name.
struct Expected {
    file: FileRef,
    names: BTreeSet<(u64, Vec<u16>)>,
}

fn compare(device: &Memory, files: &[Expected], seed: u64) {
    let volume = Volume::open(device).unwrap();
    let found = findings(&volume).unwrap();
    assert!(found.is_empty(), "seed {seed}: {found:?}");
    for expected in files {
        let file = volume.file_by_ref(expected.file).unwrap();
        let names = file.names().unwrap().into_iter();
        let names: BTreeSet<_> = names.map(|n| (n.parent.number(), n.name)).collect();
        assert_eq!(names, expected.names, "seed {seed}");
    }
}

fn come_and_go(seed: u64) {
    let mut rng = Rng::new(seed);
    let device = empty_image::of_size(4 << 20);
    let journal = MemoryJournal::default();
    let mut e = open(&device);
    let root = e.root().unwrap();
    let dirs = [root, e.create_dir(root, &units("dir")).unwrap()];
    let mut files: Vec<Expected> = Vec::new();
    for n in 0..3 {
        let name = units(&format!("first {n}"));
        let file = e.create_file(root, &name, &[b'x'; 200]).unwrap();
        let names = BTreeSet::from([(root.number(), name)]);
        files.push(Expected { file, names });
    }
    for round in 0..6 {
        // Some rounds mostly add, some mostly remove, so that lists come, grow, shrink and go.
        let adds = *rng.pick(&[90, 90, 50, 15]);
        for step in 0..120 {
            let at = rng.below(files.len() as u64) as usize;
            let Expected { file, names } = &mut files[at];
            let dir = *rng.pick(&dirs);
            let new = units(&format!("{at} {round} {step} {}", "n".repeat(step % 40)));
            let some = rng.below(names.len() as u64) as usize;
            let (old_dir, old) = names.iter().nth(some).unwrap().clone();
            let old_dir_ref = *dirs.iter().find(|dir| dir.number() == old_dir).unwrap();
            if rng.percent(adds) {
                e.link(*file, dir, &new).unwrap();
                names.insert((dir.number(), new));
            } else if rng.percent(30) {
                e.rename(old_dir_ref, &old, dir, &new, false).unwrap();
                names.remove(&(old_dir, old));
                names.insert((dir.number(), new));
            } else if names.len() > 1 {
                e.remove(old_dir_ref, &old).unwrap();
                names.remove(&(old_dir, old));
            }
        }
        e.commit(&journal).unwrap();
        compare(&device, &files, seed);
        if rng.percent(30) {
            e = open(&device);
        }
    }
}

#[test]
fn names_come_and_go_in_any_order() {
    for seed in 0..3 {
        come_and_go(seed);
    }
}

#[test]
fn a_name_that_goes_makes_room_for_another() {
    let device = empty_image::of_size(4 << 20);
    let mut e = open(&device);
    let root = e.root().unwrap();
    let file = e.create_file(root, &units("name 0"), b"").unwrap();
    let name = |n: usize| units(&format!("name {n}"));
    for n in 1..1024 {
        e.link(file, root, &name(n)).unwrap();
    }
    let is_full = |e: &mut Editor<&Memory>| {
        let refused = e.link(file, root, &units("more"));
        matches!(refused, Err(EditError::TooManyLinks { names: 1024, .. }))
    };
    assert!(is_full(&mut e));
    e.remove(root, &name(500)).unwrap();
    e.link(file, root, &name(500)).unwrap();
    assert!(is_full(&mut e));
    for n in 0..1023 {
        e.remove(root, &name(n)).unwrap();
    }
    e.commit(&MemoryJournal::default()).unwrap();
    let names = BTreeSet::from([(root.number(), name(1023))]);
    compare(&device, &[Expected { file, names }], 0);
    // What was the file's own is free again for another with as many names.
    e.remove(root, &name(1023)).unwrap();
    let file = e.create_file(root, &name(0), b"").unwrap();
    for n in 1..200 {
        e.link(file, root, &name(n)).unwrap();
    }
    e.commit(&MemoryJournal::default()).unwrap();
    let names = (0..200).map(|n| (root.number(), name(n))).collect();
    compare(&device, &[Expected { file, names }], 0);
}
