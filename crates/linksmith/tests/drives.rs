//! Windows text on attached drives: where it is, how it is written in full, where one stands.

use std::ffi::OsStr;
use std::sync::Arc;

use linksmith::entry::LinkText;
use linksmith::path::{EntryPath, Guid, TargetPath};
use linksmith::plan::Step;
use linksmith::reparse::ReparsePoint;
use linksmith::volume::memory::MemoryVolume;
use linksmith::volume::{Drives, LocateError, PathStyle, Volume};

const GUID: &str = "{01234567-89ab-cdef-0123-456789abcdef}";

/// C and D, each with `Dir\Sub`, `file` and a junction `j` to `C:\Dir`.
fn drives() -> Drives {
    let volume = |_| -> Arc<dyn Volume> {
        let volume = MemoryVolume::ntfs();
        let at = |text: &str| EntryPath::parse(text).expect("a path");
        let data = ReparsePoint::junction(&TargetPath::parse(r"C:\Dir")).expect("link data");
        let link = LinkText::Reparse(data);
        volume
            .apply(&[
                Step::MakeDir { at: at("Dir") },
                Step::MakeDir { at: at("Dir/Sub") },
                Step::MakeFile {
                    at: at("file"),
                    contents: Vec::new(),
                },
                Step::MakeLink {
                    at: at("j"),
                    link,
                    dir: true,
                },
            ])
            .expect("a tree");
        Arc::new(volume)
    };
    Drives::attached(['C', 'd'].map(|letter| (letter, volume(letter)))).expect("drives")
}

fn locate(drives: &Drives, text: &str) -> String {
    match drives.locate(OsStr::new(text)) {
        Ok(place) => drives.display(&place),
        Err(error) => error.to_string(),
    }
}

fn full(drives: &Drives, text: &str) -> String {
    match drives.full_path(OsStr::new(text)) {
        Ok(text) => text,
        Err(error) => error.to_string(),
    }
}

#[test]
fn every_way_to_write_a_path() {
    let drives = drives();
    let check = |text: &str, expected: &str| assert_eq!(locate(&drives, text), expected, "{text}");
    check(r"C:\Dir", r"C:\Dir");
    check("c:/dir/", r"C:\dir");
    check(r"\file", r"C:\file");
    check("file", r"C:\file");
    check(r"D:\file", r"D:\file");
    check("D:file", r"D:\file");
    check(r"D:\", r"D:\");
    check(r"\\?\D:\file", r"D:\file");
    check(r"\??\D:\file", r"D:\file");
    check(r"\\.\D:\file", r"D:\file");
    check(r"Dir\..\file", r"C:\file");
    check(r"..\..\file", r"C:\file");
    check(r"Dir\.\Sub\\", r"C:\Dir\Sub");
    check(r"file. .", r"C:\file");
    check(r"\\?\C:\new. .", r"C:\new. .");
    check(r"C:\new", r"C:\new");
}

#[test]
fn links_on_the_way_are_followed_the_last_is_not() {
    let drives = drives();
    let check = |text: &str, expected: &str| assert_eq!(locate(&drives, text), expected, "{text}");
    check(r"D:\j", r"D:\j");
    check(r"D:\j\", r"D:\j");
    check(r"D:\j\new", r"C:\Dir\new");
    check(r"D:\J\sub\new", r"C:\Dir\sub\new");
    // Win32 works `..` off in the text, before any link is seen.
    check(r"D:\j\..\new", r"D:\new");
    let end = drives.locate_target(OsStr::new(r"D:\j")).expect("a place");
    assert_eq!(drives.display(&end), r"C:\Dir");
}

#[test]
fn what_is_no_place() {
    let drives = drives();
    let check = |text: &str, expected: &str| assert_eq!(locate(&drives, text), expected, "{text}");
    check("", "a path cannot be empty");
    check(r"E:\x", r"nothing is attached as 'E:\'");
    check("E:x", r"nothing is attached as 'E:\'");
    check(
        r"\\server\share\x",
        r"nothing is attached as '\\server\share\'",
    );
    check(
        r"C:\absent\x",
        r"'C:\absent\x' leads nowhere: 'absent' is not there",
    );
    check(
        r"C:\file\x",
        r"'C:\file\x' leads nowhere: 'file' is not a directory",
    );
    check("NUL", "'NUL' is a device, not a file or directory");
    check(
        r"C:\Dir\com1.txt",
        r"'C:\Dir\com1.txt' is a device, not a file or directory",
    );
    check(r"\\?\C:\Dir\com1.txt", r"C:\Dir\com1.txt");
    check(
        "file:stream",
        "'file:stream' is no path: a name cannot hold ':'",
    );
    check("a*", "'a*' is no path: a name cannot hold '*'");
    check(
        r"\\?\C:\a\..\b",
        r"'\\?\C:\a\..\b' is no path: '.' and '..' are not names",
    );
    check("a\0b", "'a\0b' is no path: a name cannot hold a NUL");
    let code = |text: &str| {
        drives
            .locate(OsStr::new(text))
            .expect_err("no place")
            .win32()
    };
    assert_eq!(code(r"C:\absent\x"), Some(3));
    assert_eq!(code(r"C:\absent\x\y"), Some(3));
    assert_eq!(code("a*"), Some(123));
}

#[test]
fn full_paths_are_put_together_from_text_alone() {
    let drives = drives();
    drives.change_dir(OsStr::new("dir")).expect("a directory");
    let check = |text: &str, expected: &str| assert_eq!(full(&drives, text), expected, "{text}");
    check("x", r"C:\Dir\x");
    check(r"x\", r"C:\Dir\x\");
    check(r"\x", r"C:\x");
    check("..", r"C:\");
    check(r"absent\..\x", r"C:\Dir\x");
    check("d:x", r"D:\x");
    check("E:x", r"E:\x");
    check(r"E:\a/b", r"E:\a\b");
    check(r"\\server\share\a\..\b", r"\\server\share\b");
    check(".", r"C:\Dir");
}

#[test]
fn every_drive_has_a_current_directory() {
    let drives = drives();
    let prompt = || {
        drives
            .display_current(drives.current_drive())
            .expect("a text")
    };
    assert_eq!(prompt(), r"C:\");
    // `cd` changes the directory of the drive it names and stays on the current one.
    drives
        .change_dir(OsStr::new(r"d:\dir\SUB"))
        .expect("a directory");
    assert_eq!(prompt(), r"C:\");
    assert_eq!(locate(&drives, "D:x"), r"D:\Dir\Sub\x");
    drives.change_drive('d').expect("a drive");
    assert_eq!(prompt(), r"D:\Dir\Sub");
    assert_eq!(locate(&drives, "x"), r"D:\Dir\Sub\x");
    assert_eq!(locate(&drives, r"\x"), r"D:\x");
    assert!(drives.change_drive('e').is_err());
    drives.change_dir(OsStr::new("..")).expect("a directory");
    assert_eq!(prompt(), r"D:\Dir");
}

#[test]
fn a_link_stays_in_the_current_directory() {
    let drives = drives();
    drives
        .change_dir(OsStr::new(r"j\Sub"))
        .expect("a directory");
    let prompt = || {
        drives
            .display_current(drives.current_drive())
            .expect("a text")
    };
    assert_eq!(prompt(), r"C:\j\Sub");
    assert_eq!(locate(&drives, "x"), r"C:\Dir\Sub\x");
    assert_eq!(full(&drives, "x"), r"C:\j\Sub\x");
    assert_eq!(
        drives.display(&drives.current().expect("a place")),
        r"C:\Dir\Sub"
    );
    drives
        .change_dir(OsStr::new(r"..\.."))
        .expect("a directory");
    assert_eq!(prompt(), r"C:\");
    for text in ["file", "absent", "j:"] {
        assert!(drives.change_dir(OsStr::new(text)).is_err(), "{text}");
    }
}

#[test]
fn a_volume_is_reached_by_its_guid_too() {
    let drives = drives();
    let id = drives.locate(OsStr::new("D:")).expect("a drive").drive;
    drives.set_volume_guid(id, Guid::parse(GUID.as_bytes()).expect("a GUID"));
    assert_eq!(
        locate(&drives, &format!(r"\\?\volume{}\file", GUID.to_uppercase())),
        r"D:\file"
    );
    assert_eq!(
        drives
            .volume_guid(id)
            .map(|guid| guid.to_string())
            .as_deref(),
        Some(GUID)
    );
}

#[test]
fn which_drives_there_are() {
    let drives = drives();
    assert_eq!(drives.letters(), ['C', 'D']);
    assert_eq!(drives.style(), PathStyle::Windows);
    assert!(!drives.is_host());
    let volume = || -> Arc<dyn Volume> { Arc::new(MemoryVolume::ntfs()) };
    let error = |list| Drives::attached(list).expect_err("no table");
    assert!(matches!(error(vec![]), LocateError::NoDrive));
    assert!(matches!(
        error(vec![('1', volume())]),
        LocateError::NotALetter('1')
    ));
    let twice = vec![('c', volume()), ('C', volume())];
    assert!(matches!(error(twice), LocateError::LetterTwice('C')));
}
