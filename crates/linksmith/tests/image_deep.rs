//! Trees that are hundreds of levels deep on an image: the work for an entry does not grow with its depth,
//! and what is remembered of the way there is never wrong.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use linksmith::volume::image::ImageVolume;
use linksmith::volume::list;
use linksmith::{Cause, EntryPath, LinkText, Name, ReparsePoint, Step, TargetPath, Volume};
use testkit::empty_image;

fn path(text: &str) -> EntryPath {
    EntryPath::parse(text).unwrap()
}

fn make_dir(at: &str) -> Step {
    Step::MakeDir { at: path(at) }
}

fn make_file(at: &str) -> Step {
    Step::MakeFile {
        at: path(at),
        contents: b"x".to_vec(),
    }
}

fn junction() -> ReparsePoint {
    ReparsePoint::junction(&TargetPath::parse(r"C:\elsewhere")).unwrap()
}

/// Directories in each other, a file in each; the paths from the top down.
fn tree(levels: usize) -> (ImageVolume, Arc<AtomicU64>, Vec<EntryPath>) {
    let (made, memory) = empty_image::on_device(7);
    let mut at = EntryPath::root();
    let (mut dirs, mut steps) = (Vec::new(), Vec::new());
    for _ in 0..levels {
        at.push(&Name::try_from("dir").unwrap());
        steps.push(Step::MakeDir { at: at.clone() });
        let file = at.join(&Name::try_from("file").unwrap());
        steps.push(Step::MakeFile {
            at: file,
            contents: Vec::new(),
        });
        dirs.push(at.clone());
    }
    made.apply(&steps).unwrap();
    drop(made);
    let (volume, reads) = empty_image::counted(memory);
    (volume, reads, dirs)
}

/// Reads that looking at and removing such a tree takes.
fn cost(levels: usize) -> u64 {
    let (volume, reads, dirs) = tree(levels);
    let mut steps = Vec::new();
    for dir in dirs.iter().rev() {
        for entry in list(&volume, dir).unwrap() {
            let at = dir.join(&entry.name.unwrap());
            assert_eq!(volume.entry(&at).unwrap().id, entry.id);
            if !dirs.contains(&at) {
                steps.push(Step::Remove { at });
            }
        }
        steps.push(Step::Remove { at: dir.clone() });
    }
    volume.apply(&steps).unwrap();
    assert!(list(&volume, &EntryPath::root()).unwrap().is_empty());
    empty_image::assert_sound(&volume, 0);
    reads.load(Ordering::Relaxed)
}

#[test]
fn twice_as_deep_costs_about_twice_as_much() {
    let (once, twice) = (cost(100), cost(200));
    assert!(twice < 3 * once, "{once} reads, then {twice}");
}

fn refused_at(volume: &ImageVolume, steps: &[Step]) -> (usize, Cause) {
    let error = volume.apply(steps).unwrap_err();
    (error.step, error.source.cause)
}

#[test]
fn a_directory_that_became_a_link_in_the_same_change_is_not_entered() {
    let volume = empty_image::fresh(8);
    // Spelled otherwise than where it was looked up.
    let link = Step::SetReparse {
        at: path("TOP/Inner"),
        data: junction(),
    };
    let steps = [
        make_dir("top"),
        make_dir("top/inner"),
        make_file("top/inner/file"),
        Step::Remove {
            at: path("top/inner/file"),
        },
        link.clone(),
        make_file("top/inner/file"),
    ];
    let (step, cause) = refused_at(&volume, &steps);
    assert_eq!(step, 5);
    assert!(matches!(cause, Cause::ThroughLink(_)), "{cause:?}");

    let replaced = [
        make_dir("top"),
        make_dir("top/inner"),
        make_dir("top/inner/deep"),
        Step::Remove {
            at: path("Top/INNER/deep"),
        },
        Step::Remove {
            at: path("Top/INNER"),
        },
        Step::MakeLink {
            at: path("top/inner"),
            link: LinkText::Reparse(junction()),
            dir: true,
        },
        make_file("top/inner/file"),
    ];
    let (step, cause) = refused_at(&volume, &replaced);
    assert_eq!(step, 6);
    assert!(matches!(cause, Cause::ThroughLink(_)), "{cause:?}");
}

#[test]
fn a_directory_that_was_moved_in_the_same_change_is_found_where_it_is() {
    let volume = empty_image::fresh(9);
    let steps = [
        make_dir("a"),
        make_dir("a/b"),
        make_file("a/b/one"),
        Step::Rename {
            from: path("A"),
            to: path("c"),
            replace: false,
        },
        make_file("c/b/two"),
        make_file("a/b/three"),
    ];
    let (step, cause) = refused_at(&volume, &steps);
    assert_eq!(step, 5);
    assert!(matches!(cause, Cause::PathNotFound(_)), "{cause:?}");
    volume.apply(&steps[..5]).unwrap();
    let names: Vec<_> = list(&volume, &path("c/b")).unwrap();
    assert_eq!(names.len(), 2);
}

#[test]
fn what_a_change_left_is_seen_by_the_next_look() {
    let volume = empty_image::fresh(10);
    volume
        .apply(&[make_dir("a"), make_dir("a/b"), make_file("a/b/file")])
        .unwrap();
    assert!(volume.entry(&path("a/b/file")).is_ok());
    let rename = |from: &str, to: &str| Step::Rename {
        from: path(from),
        to: path(to),
        replace: false,
    };
    volume
        .apply(&[rename("a/b", "a/c"), make_dir("a/b")])
        .unwrap();
    let gone = volume.entry(&path("a/b/file")).unwrap_err();
    assert!(matches!(gone.cause, Cause::NotFound), "{gone:?}");
    assert!(volume.entry(&path("a/c/file")).is_ok());
    volume
        .apply(&[Step::SetReparse {
            at: path("a/b"),
            data: junction(),
        }])
        .unwrap();
    let through = volume.entry(&path("a/b/file")).unwrap_err();
    assert!(
        matches!(through.cause, Cause::ThroughLink(_)),
        "{through:?}"
    );
}
