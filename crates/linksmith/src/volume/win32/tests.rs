//! What only a live Windows (or Wine) can show; the rules all volumes share are the conformance suite's.

use windows_sys::Win32::Storage::FileSystem::DELETE;

use super::Win32Volume;
use super::open::{LOOK, reopen};
use crate::entry::{Attributes, Base, FileTime, Times};
use crate::path::EntryPath;
use crate::plan::Step;
use crate::volume::{Cause, Volume, VolumeError, list};

fn path(text: &str) -> EntryPath {
    EntryPath::parse(text).expect("a path")
}

fn volume() -> (tempfile::TempDir, Win32Volume) {
    let dir = tempfile::tempdir().expect("a folder");
    let volume = Win32Volume::open(dir.path()).expect("a volume");
    (dir, volume)
}

fn file(at: &str, contents: &str) -> Step {
    Step::MakeFile {
        at: path(at),
        contents: contents.as_bytes().to_vec(),
    }
}

fn contents(volume: &Win32Volume, at: &str) -> String {
    let mut text = String::new();
    let mut reader = volume.read(&path(at)).expect("readable");
    reader.read_to_string(&mut text).expect("text");
    text
}

fn names(volume: &Win32Volume, at: &str) -> Vec<String> {
    let entries = list(volume, &path(at)).expect("a listing");
    let mut names: Vec<String> = entries
        .iter()
        .filter_map(|entry| entry.name.as_ref())
        .map(|name| name.display().into_owned())
        .collect();
    names.sort();
    names
}

fn cause<T>(result: Result<T, VolumeError>) -> Cause {
    result.err().expect("an error").cause
}

#[test]
fn the_volume_tells_what_it_is() {
    let (_dir, volume) = volume();
    let info = volume.info();
    assert!(!info.file_system.is_empty());
    let space = volume.space().expect("space");
    assert!(space.total >= space.free && space.free > 0);
    let root = volume.entry(&EntryPath::root()).expect("the root");
    assert_eq!((root.name.clone(), root.base), (None, Base::Dir));
    assert_eq!(root.id.volume, info.serial);
}

#[test]
fn a_listing_and_a_look_agree() {
    let (_dir, volume) = volume();
    let made = [
        Step::MakeDir { at: path("dir") },
        file("dir/File.txt", "fifteen bytes ."),
        Step::HardLink {
            existing: path("dir/File.txt"),
            new: path("dir/b"),
        },
    ];
    volume.apply(&made).expect("made");
    assert_eq!(names(&volume, "dir"), ["File.txt", "b"]);
    for listed in list(&volume, &path("dir")).expect("a listing") {
        let name = listed.name.clone().expect("a name");
        let looked = volume.entry(&path("dir").join(&name)).expect("an entry");
        assert_eq!(
            (looked.id, looked.size, looked.base),
            (listed.id, 15, Base::File)
        );
        assert_eq!(looked.links, Some(2));
        assert_eq!(
            (looked.name, looked.attributes),
            (listed.name, listed.attributes)
        );
    }
}

#[test]
fn an_object_is_opened_once_more_by_its_handle() {
    let (_dir, volume) = volume();
    let made = [Step::MakeDir { at: path("dir") }, file("f", "x")];
    volume.apply(&made).expect("made");
    for name in ["dir", "f"] {
        let look = volume.open_at(&path(name), LOOK).expect("open");
        let again = reopen(&look, LOOK | DELETE).expect("open again");
        assert_eq!(again.id().expect("an id"), look.id().expect("an id"));
        again.delete().expect("deleted");
    }
    assert_eq!(names(&volume, ""), [""; 0]);
}

#[test]
fn a_name_is_told_as_it_is_stored() {
    let (_dir, volume) = volume();
    volume.apply(&[file("MiXed.Txt", "")]).expect("made");
    let entry = volume.entry(&path("mixed.txt")).expect("an entry");
    assert_eq!(
        entry.name.map(|n| n.display().into_owned()).as_deref(),
        Some("MiXed.Txt")
    );
}

#[test]
fn what_is_missing_is_named() {
    let (_dir, volume) = volume();
    volume
        .apply(&[Step::MakeDir { at: path("dir") }])
        .expect("made");
    assert!(matches!(
        cause(volume.entry(&path("dir/absent"))),
        Cause::NotFound
    ));
    match cause(volume.entry(&path("dir/absent/below"))) {
        Cause::PathNotFound(at) => assert_eq!(at, path("dir/absent")),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_failed_step_takes_the_earlier_ones_back() {
    let (_dir, volume) = volume();
    let old = [
        Step::MakeDir { at: path("empty") },
        file("kept", "kept"),
        file("removed", "removed"),
        file("replaced", "old"),
        file("moved", "new"),
    ];
    volume.apply(&old).expect("made");
    let before = names(&volume, "");
    let error = volume
        .apply(&[
            Step::WriteFile {
                at: path("kept"),
                contents: b"changed".to_vec(),
            },
            Step::Remove {
                at: path("removed"),
            },
            Step::Remove { at: path("empty") },
            Step::Rename {
                from: path("moved"),
                to: path("replaced"),
                replace: true,
            },
            Step::MakeDir { at: path("fresh") },
            Step::HardLink {
                existing: path("kept"),
                new: path("second"),
            },
            Step::MakeDir { at: path("kept") },
        ])
        .expect_err("the last step cannot be");
    assert!(error.undone && error.step == 6, "{error:?}");
    assert_eq!(names(&volume, ""), before);
    for (at, text) in [
        ("kept", "kept"),
        ("removed", "removed"),
        ("replaced", "old"),
        ("moved", "new"),
    ] {
        assert_eq!(contents(&volume, at), text);
    }
}

#[test]
fn nothing_set_aside_is_left() {
    let (_dir, volume) = volume();
    volume
        .apply(&[file("a", "1"), file("b", "2"), file("c", "3")])
        .expect("made");
    let steps = [
        Step::Rename {
            from: path("a"),
            to: path("b"),
            replace: true,
        },
        Step::Remove { at: path("c") },
        Step::MakeDir { at: path("d") },
    ];
    volume.apply(&steps).expect("done");
    assert_eq!(names(&volume, ""), ["b", "d"]);
    assert_eq!(contents(&volume, "b"), "1");
}

#[test]
fn times_and_attributes_are_set_on_the_entry() {
    let (_dir, volume) = volume();
    let when = FileTime::from_unix(1_500_000_000, 0);
    let times = Times {
        modified: when,
        ..Times::default()
    };
    let attributes = Some(Attributes::READONLY | Attributes::HIDDEN);
    volume
        .apply(&[
            file("f", "x"),
            Step::SetMeta {
                at: path("f"),
                times,
                attributes,
            },
        ])
        .expect("done");
    let entry = volume.entry(&path("f")).expect("an entry");
    assert_eq!(entry.times.modified, when);
    assert!(
        entry.attributes.contains(Attributes::READONLY),
        "{:?}",
        entry.attributes
    );
    volume
        .apply(&[Step::Remove { at: path("f") }])
        .expect("removed, read-only or not");
    assert_eq!(names(&volume, ""), [""; 0]);
}

#[test]
fn a_path_far_beyond_260() {
    let (_dir, volume) = volume();
    let mut at = EntryPath::root();
    let mut steps = Vec::new();
    for _ in 0..6 {
        at = at.join(&"n".repeat(200).as_str().try_into().expect("a name"));
        steps.push(Step::MakeDir { at: at.clone() });
    }
    volume.apply(&steps).expect("made");
    assert!(volume.entry(&at).expect("the deepest").is_real_dir());
    for step in steps.iter().rev() {
        volume
            .apply(&[Step::Remove {
                at: step.at().clone(),
            }])
            .expect("removed");
    }
}
