//! Every kind of change is taken back to the very tree there was, also after a crash in the middle.

#![allow(clippy::disallowed_methods)]

use std::sync::Arc;

use linksmith::volume::memory::MemoryVolume;
use linksmith::volume::{Caps, Volume};
use testkit::undoing::many_cases;

fn check(new: &dyn Fn(u64) -> Arc<dyn Volume>, cases: u64) {
    let folder = tempfile::tempdir().expect("a folder");
    let (done, steps) = many_cases(new, folder.path(), 1, cases, 8);
    assert_eq!(done, cases);
    assert!(steps as u64 > cases, "{steps} steps");
}

#[test]
fn in_one_transaction() {
    check(&|_| Arc::new(MemoryVolume::ntfs()), 64);
}

#[test]
fn step_by_step() {
    let caps = |volume: &MemoryVolume| volume.info().caps - Caps::TRANSACTION;
    check(
        &|seed| {
            let volume = match seed % 2 {
                0 => MemoryVolume::ntfs(),
                _ => MemoryVolume::posix(),
            };
            let caps = caps(&volume);
            Arc::new(volume.with_caps(caps))
        },
        64,
    );
}

#[test]
fn where_names_must_be_searched_for() {
    check(
        &|_| {
            let volume = MemoryVolume::posix();
            let caps = volume.info().caps - Caps::TRANSACTION - Caps::NAMES;
            Arc::new(volume.with_caps(caps))
        },
        40,
    );
}

#[cfg(unix)]
#[test]
fn on_this_machine() {
    use linksmith::volume::posix::PosixVolume;
    let trees = tempfile::tempdir().expect("a folder");
    check(
        &|seed| {
            let dir = trees.path().join(seed.to_string());
            std::fs::create_dir(&dir).expect("a folder");
            Arc::new(PosixVolume::at(&dir).expect("a volume"))
        },
        40,
    );
}

/// In one transaction: a folder is moved over a name whose file is made again, and a file is made in it.
/// Which file that is has to be known afterwards too.
#[test]
fn what_a_transaction_makes_in_a_moved_folder_is_known() {
    let folder = tempfile::tempdir().expect("a folder");
    let new = |_| Arc::new(MemoryVolume::ntfs()) as Arc<dyn Volume>;
    many_cases(&new, folder.path(), 1545, 8, 8);
}

/// A name of a file with others is about to go when the process dies: the step is seen as not done.
#[test]
fn a_name_that_was_to_go_from_an_image_is_seen_to_be_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let new = |_| Arc::new(testkit::empty_image::fresh(1)) as Arc<dyn Volume>;
    many_cases(&new, folder.path(), 6825, 8, 8);
}

#[test]
fn on_images() {
    check(&|_| Arc::new(testkit::empty_image::fresh(1)), 32);
}
