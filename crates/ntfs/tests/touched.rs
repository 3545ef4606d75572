//! What a change touched is checked before it is committed: a change that went wrong is refused, and nothing is written.
#![allow(clippy::unwrap_used, reason = "tests")]

use linksmith_ntfs::check::Code;
use linksmith_ntfs::device::{Device, Memory};
use linksmith_ntfs::edit::{EditError, EditOptions, Editor, NewTimes};
use linksmith_ntfs::journal::MemoryJournal;
use linksmith_ntfs::{FileRef, Volume, fixup};
use testkit::empty_image::{self, NOW};

fn units(text: &str) -> Vec<u16> {
    text.encode_utf16().collect()
}

fn junction() -> Vec<u8> {
    let text: Vec<u8> = units("\\??\\C:\\x")
        .iter()
        .flat_map(|u| u.to_le_bytes())
        .collect();
    let n = text.len() as u16;
    let mut out = 0xA000_0003u32.to_le_bytes().to_vec();
    for word in [12 + n, 0, 0, n, n + 2, 0] {
        out.extend_from_slice(&word.to_le_bytes());
    }
    out.extend_from_slice(&text);
    out.extend_from_slice(&[0; 4]);
    out
}

/// A volume with a file of two names, a large file, a junction, a directory with blocks, and one with a file's many names.
fn volume() -> Memory {
    let device = empty_image::of_size(4 << 20);
    let mut e = Editor::open(&device, NOW, EditOptions::default()).unwrap();
    let root = e.root().unwrap();
    let file = e.create_file(root, &units("file"), b"contents").unwrap();
    e.link(file, root, &units("second")).unwrap();
    e.create_file(root, &units("large"), &[7; 9000]).unwrap();
    e.create_reparse_point(root, &units("junction"), true, &junction())
        .unwrap();
    let full = e.create_dir(root, &units("full")).unwrap();
    for i in 0..100 {
        e.create_file(
            full,
            &units(&format!("entry number {i:03} of a directory")),
            b"",
        )
        .unwrap();
    }
    let named = e.create_dir(root, &units("named")).unwrap();
    let many = e.create_file(root, &units("many"), b"").unwrap();
    for i in 0..100 {
        let name = format!("name number {i:03} of a file");
        e.link(many, named, &units(&name)).unwrap();
    }
    e.commit(&MemoryJournal::default()).unwrap();
    drop(e);
    device
}

fn bytes_of(device: &Memory) -> Vec<u8> {
    let mut bytes = vec![0; device.len() as usize];
    device.read_at(0, &mut bytes).unwrap();
    bytes
}

type Edit = fn(&mut Editor<&Memory>);

fn lookup(e: &mut Editor<&Memory>, name: &str) -> FileRef {
    let root = e.root().unwrap();
    e.lookup(root, &units(name)).unwrap().unwrap().file
}

fn link(e: &mut Editor<&Memory>) {
    let (root, file) = (e.root().unwrap(), lookup(e, "file"));
    e.link(file, root, &units("third")).unwrap();
}

fn create_in_full(e: &mut Editor<&Memory>) {
    let full = lookup(e, "full");
    e.create_file(full, &units("entry number 050 and a half"), b"")
        .unwrap();
}

fn link_many(e: &mut Editor<&Memory>) {
    let (many, named) = (lookup(e, "many"), lookup(e, "named"));
    e.link(many, named, &units("name number 099 and a half"))
        .unwrap();
}

fn remove_in_full(e: &mut Editor<&Memory>) {
    let full = lookup(e, "full");
    e.remove(full, &units("entry number 050 of a directory"))
        .unwrap();
}

fn set_reparse(e: &mut Editor<&Memory>) {
    let root = e.root().unwrap();
    let dir = e.create_dir(root, &units("new link")).unwrap();
    e.set_reparse(dir, &junction()).unwrap();
}

fn write_large(e: &mut Editor<&Memory>) {
    let file = lookup(e, "large");
    e.write_file(file, &[9; 30_000]).unwrap();
}

/// Where a record lies on the device, and its bytes in memory form.
fn record(e: &Editor<&Memory>, number: u64) -> (u64, Vec<u8>) {
    let volume = Volume::open(e.change()).unwrap();
    let size = u64::from(volume.geometry().record_size);
    let (place, _) = volume
        .mft()
        .locate(volume.geometry(), number * size)
        .unwrap();
    (place.unwrap(), volume.record(number).unwrap().into_bytes())
}

/// Alters a sealed record as a wrong edit could have left it.
fn alter_record(e: &Editor<&Memory>, number: u64, alter: impl FnOnce(&mut [u8])) {
    let (place, mut bytes) = record(e, number);
    alter(&mut bytes);
    fixup::redo(&mut bytes, "file record").unwrap();
    e.change().write_at(place, &bytes).unwrap();
}

/// Alters the index block that holds `needle`.
fn alter_block(e: &Editor<&Memory>, needle: &str, alter: impl Fn(&mut [u8], usize)) {
    let text: Vec<u8> = units(needle).iter().flat_map(|u| u.to_le_bytes()).collect();
    let mut bytes = vec![0; 4096];
    for place in (0..e.change().len()).step_by(4096) {
        e.change().read_at(place, &mut bytes).unwrap();
        if bytes.starts_with(b"INDX") && fixup::undo(&mut bytes, *b"INDX", "index block").is_ok() {
            if let Some(at) = bytes.windows(text.len()).position(|window| window == text) {
                alter(&mut bytes, at);
                fixup::redo(&mut bytes, "index block").unwrap();
                e.change().write_at(place, &bytes).unwrap();
                return;
            }
        }
    }
    panic!("no block has {needle}");
}

/// Where the entry begins whose name is at `name`.
fn entry_of(name: usize) -> usize {
    name - 0x42 - 0x10
}

fn take_entry_out(bytes: &mut [u8], name: usize) {
    let at = entry_of(name);
    let length = usize::from(u16::from_le_bytes([bytes[at + 8], bytes[at + 9]]));
    let used = u32::from_le_bytes(bytes[0x1C..0x20].try_into().unwrap()) as usize;
    bytes.copy_within(at + length..0x18 + used, at);
    let used = (used - length) as u32;
    bytes[0x1C..0x20].copy_from_slice(&used.to_le_bytes());
}

/// Does `edit`, alters what was sealed, and expects the commit to be refused for one of `codes`, the device as it was.
fn refused(edit: Edit, alter: impl FnOnce(&mut Editor<&Memory>), codes: &[Code]) {
    let device = volume();
    let before = bytes_of(&device);
    let mut editor = Editor::open(&device, NOW + 1, EditOptions::default()).unwrap();
    edit(&mut editor);
    editor.seal().unwrap();
    alter(&mut editor);
    let journal = MemoryJournal::default();
    match editor.commit(&journal) {
        Err(EditError::Unsound(finding)) => {
            assert!(codes.contains(&finding.code), "{finding}, not {codes:?}");
        }
        other => panic!("{other:?}, not one of {codes:?}"),
    }
    // And for good: the same editor commits nothing of it later.
    assert!(matches!(editor.commit(&journal), Err(EditError::Spoiled)));
    drop(editor);
    assert!(device.into_bytes() == before, "something was written");
}

#[test]
fn a_link_count_that_is_one_off() {
    let alter = |e: &mut Editor<&Memory>| {
        let file = lookup(e, "file");
        alter_record(e, file.number(), |bytes| bytes[0x12] += 1);
    };
    refused(link, alter, &[Code::LinkCount]);
}

#[test]
fn a_record_that_is_torn() {
    let alter = |e: &mut Editor<&Memory>| {
        let file = lookup(e, "file");
        let (place, _) = record(e, file.number());
        e.change().write_at(place + 510, &[0xEE, 0xEE]).unwrap();
    };
    refused(link, alter, &[Code::RecordUnreadable]);
}

#[test]
fn attributes_out_of_order() {
    let alter = |e: &mut Editor<&Memory>| {
        let file = lookup(e, "file");
        alter_record(e, file.number(), |bytes| {
            let first = usize::from(bytes[0x14]);
            bytes[first] = 0x70;
        });
    };
    refused(link, alter, &[Code::AttributeOrder]);
}

#[test]
fn a_new_file_whose_entry_was_forgotten() {
    let alter = |e: &mut Editor<&Memory>| {
        alter_block(e, "entry number 050 and a half", take_entry_out);
    };
    refused(create_in_full, alter, &[Code::NameNotIndexed]);
}

#[test]
fn an_entry_of_a_name_that_the_file_had_lost_from_a_block_far_away() {
    let alter = |e: &mut Editor<&Memory>| {
        alter_block(e, "name number 005 of a file", take_entry_out);
    };
    refused(link_many, alter, &[Code::NameNotIndexed]);
}

#[test]
fn a_block_far_away_that_leads_a_file_s_names_to_another() {
    let alter = |e: &mut Editor<&Memory>| {
        alter_block(e, "name number 005 of a file", |bytes, name| {
            bytes[entry_of(name)] ^= 1;
        });
    };
    refused(link_many, alter, &[Code::NameNotIndexed]);
}

#[test]
fn another_files_entry_that_was_lost_on_the_way() {
    let alter = |e: &mut Editor<&Memory>| {
        alter_block(e, "entry number 050 and a half", |bytes, name| {
            let at = entry_of(name);
            let length = usize::from(u16::from_le_bytes([bytes[at + 8], bytes[at + 9]]));
            take_entry_out(bytes, at + length + 0x52);
        });
    };
    refused(create_in_full, alter, &[Code::IndexDamaged]);
}

#[test]
fn entries_out_of_order() {
    let alter = |e: &mut Editor<&Memory>| {
        alter_block(e, "entry number 050 and a half", |bytes, name| {
            let at = entry_of(name);
            let length = usize::from(u16::from_le_bytes([bytes[at + 8], bytes[at + 9]]));
            // The first letter of the next name.
            bytes[at + length + 0x52] = b'a';
        });
    };
    refused(create_in_full, alter, &[Code::IndexOrder]);
}

#[test]
fn an_entry_that_leads_to_another_use_of_the_record() {
    let alter = |e: &mut Editor<&Memory>| {
        alter_block(e, "entry number 050 and a half", |bytes, name| {
            bytes[entry_of(name) + 6] ^= 4;
        });
    };
    refused(create_in_full, alter, &[Code::EntryStale]);
}

#[test]
fn a_removed_file_whose_entry_stayed() {
    let device = volume();
    let mut blocks = Vec::new();
    let mut bytes = vec![0; 4096];
    for place in (0..device.len()).step_by(4096) {
        device.read_at(place, &mut bytes).unwrap();
        if bytes.starts_with(b"INDX") {
            blocks.push((place, bytes.clone()));
        }
    }
    let alter = |e: &mut Editor<&Memory>| {
        for (place, bytes) in &blocks {
            e.change().write_at(*place, bytes).unwrap();
        }
    };
    refused(remove_in_full, alter, &[Code::EntryStale]);
}

#[test]
fn a_reparse_point_without_its_key() {
    let alter = |e: &mut Editor<&Memory>| {
        let file = lookup(e, "new link").number();
        // `$R` is small: it lies in the record that has its root, where the file's key is.
        let index = Volume::open(e.change())
            .unwrap()
            .extend_file("$Reparse")
            .unwrap()
            .unwrap()
            .number();
        alter_record(e, index, |bytes| {
            let key = [0x03, 0, 0, 0xA0, file as u8];
            let at = bytes.windows(5).position(|window| window == key).unwrap();
            bytes[at] = 0x04;
        });
    };
    refused(set_reparse, alter, &[Code::ReparseIndexTag]);
}

#[test]
fn clusters_that_are_still_marked_free() {
    let alter = |e: &mut Editor<&Memory>| {
        let volume = Volume::open(e.change()).unwrap();
        let bitmap = volume.file(6).unwrap();
        let value = volume.value(&bitmap, 0x80, &[]).unwrap().unwrap();
        let mut bytes = vec![0; value.len() as usize];
        volume.read_value(&value, 0, &mut bytes).unwrap();
        let old = Volume::open(*e.change().base()).unwrap();
        let mut before = bytes.clone();
        old.read_value(&value, 0, &mut before).unwrap();
        let linksmith_ntfs::value::Value::NonResident(extents) = value else {
            panic!()
        };
        let (place, _) = extents.locate(volume.geometry(), 0).unwrap();
        assert_ne!(bytes, before);
        e.change().write_at(place.unwrap(), &before).unwrap();
    };
    refused(write_large, alter, &[Code::ClusterBitmapClear]);
}

#[test]
fn a_record_in_use_that_is_marked_free() {
    let alter = |e: &mut Editor<&Memory>| {
        let number = lookup(e, "new link").number();
        let volume = Volume::open(e.change()).unwrap();
        let mft = volume.file(0).unwrap();
        let value = volume.value(&mft, 0xB0, &[]).unwrap().unwrap();
        let linksmith_ntfs::value::Value::NonResident(extents) = value else {
            panic!()
        };
        let (place, _) = extents.locate(volume.geometry(), number / 8).unwrap();
        let mut byte = [0];
        e.change().read_at(place.unwrap(), &mut byte).unwrap();
        byte[0] &= !(1 << (number % 8));
        e.change().write_at(place.unwrap(), &byte).unwrap();
    };
    refused(set_reparse, alter, &[Code::RecordBitmapClear]);
}

#[test]
fn damage_elsewhere_is_no_reason() {
    let device = volume();
    {
        let e = Editor::open(&device, NOW, EditOptions::default()).unwrap();
        let mut e = e;
        let large = lookup(&mut e, "large").number();
        let (place, mut bytes) = record(&e, large);
        bytes[0x12] += 3;
        fixup::redo(&mut bytes, "file record").unwrap();
        device.write_at(place, &bytes).unwrap();
    }
    let mut e = Editor::open(&device, NOW + 1, EditOptions::default()).unwrap();
    link(&mut e);
    create_in_full(&mut e);
    e.commit(&MemoryJournal::default()).unwrap();
    // The damaged file itself is refused, in words.
    let large = lookup(&mut e, "large");
    e.set_metadata(
        large,
        NewTimes {
            modified: Some(7),
            ..NewTimes::default()
        },
        None,
    )
    .unwrap();
    let error = e.commit(&MemoryJournal::default()).unwrap_err();
    assert!(error.to_string().contains("link-count"), "{error}");
}
