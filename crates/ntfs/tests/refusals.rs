//! Every refusal of the editor: what is said, and that nothing was written.
#![allow(clippy::unwrap_used, reason = "tests")]

use linksmith_ntfs::change::Change;
use linksmith_ntfs::check::findings;
use linksmith_ntfs::device::{Device, Memory};
use linksmith_ntfs::edit::{EditError as E, EditOptions, Editor};
use linksmith_ntfs::journal::MemoryJournal;
use linksmith_ntfs::{Error, FileRef, Refusal, Volume};
use testkit::empty_image::{self, NOW};

const JUNCTION: [u8; 24] = [
    3, 0, 0, 0xA0, 16, 0, 0, 0, 0, 0, 2, 0, 4, 0, 0, 0, b'x', 0, 0, 0, 0, 0, 0, 0,
];

fn units(text: &str) -> Vec<u16> {
    text.encode_utf16().collect()
}

fn bytes(device: &Memory) -> Vec<u8> {
    let mut bytes = vec![0; device.len() as usize];
    device.read_at(0, &mut bytes).unwrap();
    bytes
}

fn editor(device: &Memory) -> Editor<&Memory> {
    Editor::open(device, NOW, EditOptions::default()).unwrap()
}

#[test]
fn what_cannot_be_done_is_refused_and_costs_nothing() {
    let device = empty_image::of_size(1 << 20);
    let mut e = editor(&device);
    let root = e.root().unwrap();
    let dir = e.create_dir(root, &units("dir")).unwrap();
    let inside = e.create_dir(dir, &units("inside")).unwrap();
    let file = e.create_file(root, &units("file"), b"contents").unwrap();
    let link = e
        .create_reparse_point(root, &units("link"), true, &JUNCTION)
        .unwrap();
    e.commit(&MemoryJournal::default()).unwrap();
    let before = bytes(&device);
    let stale = FileRef::new(file.number(), file.sequence() + 1);
    let x = units("x");
    assert!(matches!(
        e.create_dir(root, &units("FILE")),
        Err(E::Exists { .. })
    ));
    assert!(matches!(
        e.create_dir(file, &x),
        Err(E::NotADirectory { link: false, .. })
    ));
    assert!(matches!(
        e.create_dir(link, &x),
        Err(E::NotADirectory { link: true, .. })
    ));
    assert!(matches!(
        e.create_dir(root, &units("a/b")),
        Err(E::BadName { .. })
    ));
    assert!(matches!(e.link(dir, root, &x), Err(E::IsADirectory { .. })));
    assert!(matches!(
        e.link(stale, root, &x),
        Err(E::Volume(Error::Stale { .. }))
    ));
    assert!(matches!(e.remove(root, &x), Err(E::NotFound { .. })));
    assert!(matches!(
        e.remove(root, &units("dir")),
        Err(E::NotEmpty { .. })
    ));
    assert!(matches!(
        e.remove(root, &units("$MFT")),
        Err(E::SystemFile { .. })
    ));
    assert!(matches!(
        e.rename(root, &units("dir"), inside, &x, false),
        Err(E::IntoItself { .. })
    ));
    assert!(matches!(
        e.rename(root, &units("file"), root, &units("link"), false),
        Err(E::Exists { .. })
    ));
    assert!(matches!(
        e.rename(root, &units("file"), root, &units("dir"), true),
        Err(E::IsADirectory { .. })
    ));
    assert!(matches!(
        e.set_reparse(dir, &JUNCTION),
        Err(E::NotEmpty { .. })
    ));
    assert!(matches!(
        e.set_reparse(file, &JUNCTION),
        Err(E::NotEmpty { .. })
    ));
    assert!(matches!(
        e.set_reparse(inside, &JUNCTION[..20]),
        Err(E::BadReparseData { .. })
    ));
    assert!(matches!(
        e.set_reparse(inside, &[0; 8]),
        Err(E::BadReparseData { .. })
    ));
    assert!(matches!(
        e.set_reparse(inside, &[3; 20_000]),
        Err(E::BadReparseData { .. })
    ));
    assert!(matches!(
        e.clear_reparse(file),
        Err(E::NotAReparsePoint { .. })
    ));
    assert!(matches!(
        e.write_file(dir, b""),
        Err(E::IsADirectory { .. })
    ));
    e.commit(&MemoryJournal::default()).unwrap();
    assert!(bytes(&device) == before, "a refused edit leaves no trace");
}

#[test]
fn the_1025th_name_is_refused() {
    let device = empty_image::of_size(4 << 20);
    let mut e = editor(&device);
    let root = e.root().unwrap();
    let file = e.create_file(root, &units("0"), b"").unwrap();
    for i in 1..1024 {
        e.link(file, root, &units(&i.to_string())).unwrap();
    }
    assert!(matches!(
        e.link(file, root, &units("1024")),
        Err(E::TooManyLinks { names: 1024, .. })
    ));
    e.commit(&MemoryJournal::default()).unwrap();
    drop(e);
    assert!(
        findings(&Volume::open(&device).unwrap())
            .unwrap()
            .is_empty()
    );
}

#[test]
fn a_full_volume_stays_as_it_was() {
    let device = empty_image::of_size(1 << 20);
    let before = bytes(&device);
    let mut e = editor(&device);
    let root = e.root().unwrap();
    e.create_dir(root, &units("first")).unwrap();
    assert!(matches!(
        e.create_file(root, &units("large"), &vec![1; 1 << 20]),
        Err(E::Full { .. })
    ));
    assert!(matches!(
        e.create_dir(root, &units("second")),
        Err(E::Spoiled)
    ));
    assert!(matches!(
        e.commit(&MemoryJournal::default()),
        Err(E::Spoiled)
    ));
    drop(e);
    assert!(bytes(&device) == before);
}

/// The dirty flag, as a commit that was cut off leaves it.
#[test]
fn a_dirty_volume_is_refused() {
    let device = empty_image::of_size(1 << 20);
    let volume = Volume::open(&device).unwrap();
    let record = volume.record(3).unwrap();
    let found = record.find(0x70, &[]).unwrap().unwrap();
    let size = u64::from(volume.geometry().record_size);
    let at = volume.geometry().cluster_offset(volume.geometry().mft_lcn) + 3 * size;
    let mirror = volume
        .geometry()
        .cluster_offset(volume.geometry().mft_mirror_lcn)
        + 3 * size;
    let flags = found.offset as u64 + 24 + 10;
    for place in [at, mirror] {
        device.write_at(place + flags, &[1]).unwrap();
    }
    let refused = Editor::open(&device, NOW, EditOptions::default())
        .err()
        .unwrap();
    assert!(
        matches!(refused, E::Volume(Error::Refused(Refusal::Dirty))),
        "{refused}"
    );
    // Whoever insists may, and the flag stays.
    let mut e = Editor::open(&device, NOW, EditOptions { allow_dirty: true }).unwrap();
    let root = e.root().unwrap();
    e.create_dir(root, &units("dir")).unwrap();
    e.commit(&MemoryJournal::default()).unwrap();
    drop(e);
    assert!(Volume::open(&device).unwrap().health().is_dirty());
}

#[test]
fn a_mirror_that_differs_is_refused() {
    let device = empty_image::of_size(1 << 20);
    let volume = Volume::open(&device).unwrap();
    let at = volume
        .geometry()
        .cluster_offset(volume.geometry().mft_mirror_lcn);
    device.write_at(at + 0x12, &[9]).unwrap();
    let refused = Editor::open(&device, NOW, EditOptions::default())
        .err()
        .unwrap();
    assert!(
        matches!(
            refused,
            E::Volume(Error::Refused(Refusal::MirrorDiffers(0)))
        ),
        "{refused}"
    );
}

#[test]
fn what_is_not_committed_is_not_there() {
    let device = empty_image::of_size(1 << 20);
    let before = bytes(&device);
    let mut e = editor(&device);
    let root = e.root().unwrap();
    e.create_dir(root, &units("dir")).unwrap();
    e.seal().unwrap();
    let change: &Change<&Memory> = e.change();
    let seen = Volume::open(change).unwrap();
    assert!(
        seen.lookup(5, &units("dir")).unwrap().is_some(),
        "the change reads as if done"
    );
    assert!(findings(&seen).unwrap().is_empty());
    assert!(bytes(&device) == before);
}
