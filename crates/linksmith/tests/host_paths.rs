//! From text to places on this machine, and along links to their ends.
#![cfg(unix)]

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::sync::Arc;

use linksmith::path::EntryPath;
use linksmith::resolve::{End, Status, inspect, resolve};
use linksmith::volume::posix::PosixVolume;
use linksmith::volume::{Drives, LocateError};

struct Tree {
    dir: tempfile::TempDir,
    drives: Drives,
}

impl Tree {
    /// A volume whose root holds `real/sub/file`, with `links` as name and text.
    fn new(links: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        std::fs::create_dir_all(dir.path().join("real/sub")).expect("directories");
        std::fs::File::create_new(dir.path().join("real/sub/file")).expect("a file");
        for (name, text) in links {
            symlink(text, dir.path().join(name)).expect("a link");
        }
        let volume = PosixVolume::at(dir.path()).expect("a volume");
        let drives = Drives::posix(Arc::new(volume), &EntryPath::root());
        Self { dir, drives }
    }

    fn locate(&self, text: &str) -> String {
        match self.drives.locate(OsStr::new(text)) {
            Ok(place) => self.drives.display(&place),
            Err(error) => format!("{:?} {error}", error.win32()),
        }
    }

    fn end(&self, text: &str) -> Status {
        let place = self.drives.locate(OsStr::new(text)).expect("a place");
        resolve(&self.drives, &place).end.status()
    }
}

#[test]
fn the_way_is_followed_and_the_last_name_is_not() {
    let tree = Tree::new(&[("link", "real"), ("real/up", ".."), ("abs", "/real/sub")]);
    let check = |text: &str, expected: &str| assert_eq!(tree.locate(text), expected, "{text}");
    check("link", "/link");
    check("link/", "/link");
    check("link/sub", "/real/sub");
    check("link/up/link/sub/file", "/real/sub/file");
    check("abs/file", "/real/sub/file");
    // As the system has it: above what the link leads to.
    check("abs/..", "/real");
    check("abs/../new", "/real/new");
    check("../../x", "/x");
    check("./real//sub/.", "/real/sub");
    check(
        "real/absent/x",
        "Some(3) 'real/absent/x' leads nowhere: 'real/absent' is not there",
    );
    check(
        "real/sub/file/x",
        "Some(3) 'real/sub/file/x' leads nowhere: 'real/sub/file' is not a directory",
    );
    check("", "Some(123) a path cannot be empty");
}

#[test]
fn every_end_of_a_link() {
    let tree = Tree::new(&[
        ("to_dir", "real"),
        ("to_file", "real/sub/file"),
        ("gone", "nowhere"),
        ("through_file", "real/sub/file/x"),
        ("self", "self"),
        ("a", "b"),
        ("b", "a"),
        ("grows", "grows/x"),
        ("here", "."),
    ]);
    let check = |text: &str, status| assert_eq!(tree.end(text), status, "{text}");
    check("to_dir", Status::Ok);
    check("to_file", Status::Ok);
    check("gone", Status::Dangling);
    check("through_file", Status::Dangling);
    check("self", Status::Loop);
    check("a", Status::Loop);
    check("grows", Status::Loop);
    check("here/here/here/to_dir", Status::Ok);
}

#[test]
fn a_link_met_again_is_no_loop_once_it_was_left() {
    let tree = Tree::new(&[("here", "."), ("deep", "here/here/here/real")]);
    let place = tree.drives.locate(OsStr::new("deep")).expect("a place");
    let resolution = resolve(&tree.drives, &place);
    assert_eq!(resolution.hops.len(), 4);
    assert!(matches!(resolution.end, End::Found { .. }));
}

#[test]
fn forty_links_are_followed_and_no_more() {
    let links: Vec<_> = (0..41)
        .map(|n| (format!("l{n}"), format!("l{}", n + 1)))
        .collect();
    let links: Vec<_> = links
        .iter()
        .map(|(a, b)| (a.as_str(), b.as_str()))
        .collect();
    let tree = Tree::new(&links);
    symlink("real", tree.dir.path().join("l41")).expect("a link");
    assert_eq!(tree.end("l2"), Status::Ok);
    assert_eq!(tree.end("l1"), Status::TooDeep);
}

#[test]
fn bytes_that_are_not_unicode_are_kept() {
    let tree = Tree::new(&[]);
    let name = OsStr::from_bytes(b"n\xFFme");
    symlink(name, tree.dir.path().join(name)).expect("a link");
    let place = tree.drives.locate(name).expect("a place");
    assert_eq!(place.path.as_bytes(), b"n\xFFme");
    let located = inspect(&tree.drives, &place).expect("an entry");
    assert_eq!(located.status, Status::Loop);
    assert_eq!(tree.drives.display(&place), "/n\u{FFFD}me");
}

#[test]
fn change_dir_goes_to_where_the_link_leads() {
    let tree = Tree::new(&[("link", "real")]);
    tree.drives
        .change_dir(OsStr::new("link"))
        .expect("a directory");
    assert_eq!(tree.locate("sub"), "/real/sub");
    assert_eq!(tree.locate("../x"), "/x");
    assert_eq!(
        tree.drives.full_path(OsStr::new("x")).ok().as_deref(),
        Some("/real/x")
    );
    let error = tree.drives.change_dir(OsStr::new("sub/file"));
    assert!(matches!(error, Err(LocateError::Volume(_))), "{error:?}");
}

#[test]
fn the_host_starts_where_the_process_stands() {
    let drives = Drives::host().expect("this machine");
    let here = drives.current().expect("a place");
    let shown = drives.display(&here);
    #[allow(clippy::disallowed_methods)] // What it is compared with.
    let expected = std::env::current_dir().expect("a directory");
    assert_eq!(shown, expected.display().to_string());
}
