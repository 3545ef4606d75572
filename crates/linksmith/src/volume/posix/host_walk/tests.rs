#![allow(
    clippy::disallowed_methods,
    reason = "tests lay out host trees by hand"
)]

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Mutex;

use rustix::fs::{Mode, OFlags};

use super::*;

const LINKS: Ask = Ask {
    links: true,
    hard_links: false,
    one_file_system: false,
    threads: 2,
};
const BOTH: Ask = Ask {
    hard_links: true,
    ..LINKS
};

/// What a walk reports, sorted: `path` for a link, `path x2` for a name, `path: why` for a failure.
fn walked(dir: &Path, ask: Ask) -> Vec<String> {
    let start = rustix::fs::open(dir, OFlags::RDONLY, Mode::empty()).unwrap();
    let found = Mutex::new(BTreeSet::new());
    walk(start, ask, &|item| {
        let text = |path: Vec<u8>| String::from_utf8(path).unwrap();
        let line = match item {
            Item::Link(place) => text(place.path()),
            Item::Name(place, stat) => format!("{} x{}", text(place.path()), stat.links),
            Item::Failed { op, path, cause } => format!("{}: {op}: {:?}", text(path), cause.kind()),
        };
        assert!(found.lock().unwrap().insert(line), "reported once");
        ControlFlow::Continue(())
    })
    .unwrap();
    found.into_inner().unwrap().into_iter().collect()
}

fn check(lay_out: impl FnOnce(&Path), ask: Ask, expected: &[&str]) {
    let dir = tempfile::tempdir().unwrap();
    lay_out(dir.path());
    assert_eq!(walked(dir.path(), ask), expected);
}

fn small(dir: &Path) {
    fs::create_dir_all(dir.join("a/b")).unwrap();
    fs::write(dir.join("a/file"), "").unwrap();
    fs::write(dir.join("alone"), "").unwrap();
    fs::hard_link(dir.join("a/file"), dir.join("other")).unwrap();
    symlink("file", dir.join("a/to_file")).unwrap();
    symlink("../..", dir.join("a/b/to_root")).unwrap();
    symlink("nowhere", dir.join("broken")).unwrap();
}

#[test]
fn links_are_found_and_never_entered() {
    check(small, LINKS, &["a/b/to_root", "a/to_file", "broken"]);
}

#[test]
fn names_of_files_with_several_are_found_when_asked_for() {
    let expected = [
        "a/b/to_root",
        "a/file x2",
        "a/to_file",
        "broken",
        "other x2",
    ];
    check(small, BOTH, &expected);
    check(
        small,
        Ask {
            links: false,
            ..BOTH
        },
        &["a/file x2", "other x2"],
    );
}

#[test]
fn a_tree_deeper_than_the_handles_that_are_kept_is_walked_to_its_end() {
    let depth = Handles::LIMIT * 2 + 7;
    let dir = tempfile::tempdir().unwrap();
    let mut at = rustix::fs::open(dir.path(), OFlags::RDONLY, Mode::empty()).unwrap();
    for _ in 0..depth {
        rustix::fs::mkdirat(&at, "deep", Mode::RWXU).unwrap();
        at = rustix::fs::openat(&at, "deep", OFlags::RDONLY, Mode::empty()).unwrap();
        rustix::fs::symlinkat("x", &at, "link").unwrap();
    }
    let found = walked(dir.path(), LINKS);
    assert_eq!(found.len(), depth);
    let longest = found.iter().map(String::len).max();
    assert_eq!(longest, Some("deep/".len() * depth + "link".len()));
}

#[test]
fn a_directory_with_more_subdirectories_than_may_wait_is_walked_to_its_end() {
    let wide = 3000; // several batches
    let dir = tempfile::tempdir().unwrap();
    for i in 0..wide {
        fs::create_dir(dir.path().join(i.to_string())).unwrap();
        symlink("x", dir.path().join(format!("{i}/link"))).unwrap();
    }
    assert_eq!(walked(dir.path(), LINKS).len(), wide);
}

#[test]
fn a_break_ends_the_walk() {
    let dir = tempfile::tempdir().unwrap();
    for i in 0..100 {
        fs::create_dir(dir.path().join(i.to_string())).unwrap();
        symlink("x", dir.path().join(format!("{i}/link"))).unwrap();
    }
    let start = rustix::fs::open(dir.path(), OFlags::RDONLY, Mode::empty()).unwrap();
    let seen = Mutex::new(0);
    let one_thread = Ask {
        threads: 1,
        ..LINKS
    };
    walk(start, one_thread, &|_| {
        *seen.lock().unwrap() += 1;
        ControlFlow::Break(())
    })
    .unwrap();
    assert_eq!(*seen.lock().unwrap(), 1);
}

// Only Linux has users for single threads.
#[cfg(target_os = "linux")]
#[test]
fn a_directory_that_may_not_be_read_is_reported_and_the_rest_is_walked() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    small(dir.path());
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(dir.path().join("a"), fs::Permissions::from_mode(0o000)).unwrap();
    let as_nobody = || {
        if rustix::process::geteuid().is_root() {
            // Of this thread alone, and of those it starts.
            let nobody = rustix::fs::Uid::from_raw(65534);
            rustix::thread::set_thread_res_uid(nobody, nobody, nobody).unwrap();
        }
        walked(dir.path(), LINKS)
    };
    let found = std::thread::scope(|scope| scope.spawn(as_nobody).join().unwrap());
    assert_eq!(found, ["a: open: PermissionDenied", "broken"]);
}

#[test]
fn a_directory_that_is_its_own_ancestor_is_known() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("below")).unwrap();
    let start = || rustix::fs::open(dir.path(), OFlags::RDONLY, Mode::empty()).unwrap();
    let handles = Handles::new();
    let (root, _) = Node::root(start(), &handles).unwrap();
    let (below, _) = Node::open(&root, c"below", &handles).unwrap();
    assert!(!below.is_own_ancestor());
    let (again, _) = Node::open(&below, c"..", &handles).unwrap();
    assert!(again.is_own_ancestor());
}
