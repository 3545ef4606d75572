//! Volumes of one disk: the lock is the disk's, and all of them share it.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::{Path, PathBuf};

use linksmith::volume::image::ImageVolume;
use linksmith::{Cause, EntryPath, Step, Volume, VolumeError};
use testkit::{disk, empty_image};

const SIZE: u64 = empty_image::SIZE as u64;
/// Where the second volume of the disk begins.
const SECOND: u64 = disk::FIRST + SIZE;

/// A disk of two volumes in a file.
fn disk_in(dir: &Path) -> PathBuf {
    let path = dir.join("disk.img");
    let volumes = [1, 2].map(empty_image::formatted);
    #[allow(clippy::disallowed_methods, reason = "the disk is put together here")]
    std::fs::write(&path, disk::of(&volumes)).unwrap();
    path
}

#[allow(clippy::disallowed_methods, reason = "the disk is damaged here")]
fn overwrite(image: &Path, at: u64, with: &[u8]) {
    use std::io::{Seek, SeekFrom, Write};
    let mut file = std::fs::OpenOptions::new().write(true).open(image).unwrap();
    file.seek(SeekFrom::Start(at)).unwrap();
    file.write_all(with).unwrap();
}

fn in_use(opened: Result<ImageVolume, VolumeError>) -> bool {
    matches!(opened.map_err(|error| error.cause), Err(Cause::InUse))
}

fn path(text: &str) -> EntryPath {
    EntryPath::parse(text).unwrap()
}

fn make_dir() -> Step {
    Step::MakeDir { at: path("dir") }
}

fn has_dir(volume: &ImageVolume) -> bool {
    volume.entry(&path("dir")).is_ok()
}

#[test]
fn a_volume_that_was_closed_can_be_opened_again() {
    let dir = tempfile::tempdir().unwrap();
    let first = ImageVolume::open_to_change(&disk_in(dir.path()), Some(1)).unwrap();
    for read_only in [false, true] {
        let second = first.open_beside(Some(2), read_only).unwrap();
        assert!(in_use(second.open_beside(Some(1), true)));
        assert!(in_use(first.open_beside(Some(2), true)));
    }
    let second = first.open_beside(Some(2), false).unwrap();
    drop(first);
    let first = second.open_beside(Some(1), false).unwrap();
    first.apply(&[make_dir()]).unwrap();
    assert!(has_dir(&first) && !has_dir(&second));
}

#[test]
fn a_volume_that_did_not_open_is_not_in_use() {
    let dir = tempfile::tempdir().unwrap();
    let image = disk_in(dir.path());
    let all_but_its_boot_sectors = vec![0; empty_image::SIZE - 1024];
    overwrite(&image, SECOND + 512, &all_but_its_boot_sectors);
    let first = ImageVolume::open_to_change(&image, Some(1)).unwrap();
    for _ in 0..2 {
        let opened = first.open_beside(Some(2), false).map_err(|e| e.cause);
        assert!(matches!(opened, Err(Cause::Damaged(_))), "{opened:?}");
    }
}

#[test]
fn an_interrupted_change_waits_beside_a_volume_that_is_changed() {
    let dir = tempfile::tempdir().unwrap();
    let image = disk_in(dir.path());
    disk::interrupt(&image, SECOND..SECOND + SIZE, &[make_dir()]);
    let first = ImageVolume::open_to_change(&image, Some(1)).unwrap();
    let looked_at = first.open_beside(Some(2), true).unwrap();
    assert!(looked_at.waiting_journal().is_some() && !has_dir(&looked_at));
    drop(looked_at);
    assert!(has_dir(&first.open_beside(Some(2), false).unwrap()));
}

#[test]
fn an_interrupted_change_is_completed_before_others_look() {
    let dir = tempfile::tempdir().unwrap();
    let image = disk_in(dir.path());
    disk::interrupt(&image, SECOND..SECOND + SIZE, &[make_dir()]);
    for part in [1, 2] {
        ImageVolume::complete_interrupted(&image, Some(part)).unwrap();
    }
    let both = [1, 2].map(|part| ImageVolume::open_to_look(&image, Some(part)).unwrap());
    assert_eq!(both.each_ref().map(has_dir), [false, true]);
}
