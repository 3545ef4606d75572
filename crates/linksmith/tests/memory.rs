//! What only a memory volume has: a clock that stands, all or nothing, a table of its own.

use linksmith::entry::FileTime;
use linksmith::path::EntryPath;
use linksmith::plan::Step;
use linksmith::volume::memory::MemoryVolume;
use linksmith::volume::{Volume, list};

fn path(text: &str) -> EntryPath {
    EntryPath::parse(text).expect("a path")
}

fn make_file(at: &str, contents: &str) -> Step {
    Step::MakeFile {
        at: path(at),
        contents: contents.into(),
    }
}

#[test]
fn a_failed_step_leaves_the_volume_as_it_was() {
    let volume = MemoryVolume::ntfs().with_clock(FileTime::from_unix(1_000_000_000, 0));
    volume.apply(&[make_file("kept", "old")]).expect("a file");
    volume.set_clock(FileTime::from_unix(1_100_000_000, 0));
    let before = (list(&volume, &path("")).ok(), volume.space().ok());
    let root = volume.entry(&path("")).expect("the root");
    let error = volume
        .apply(&[
            make_file("new", "x"),
            Step::WriteFile {
                at: path("kept"),
                contents: b"new".to_vec(),
            },
            Step::HardLink {
                existing: path("kept"),
                new: path("second"),
            },
            Step::Rename {
                from: path("kept"),
                to: path("moved"),
                replace: false,
            },
            Step::Remove { at: path("moved") },
            Step::Remove { at: path("second") },
            Step::Remove { at: path("absent") },
        ])
        .expect_err("the last step fails");
    assert_eq!((error.step, error.undone), (6, true));
    assert_eq!((list(&volume, &path("")).ok(), volume.space().ok()), before);
    assert_eq!(volume.entry(&path("")).expect("the root"), root);
}

#[test]
fn the_clock_stands_where_it_was_set() {
    let time = FileTime::from_unix(1_339_065_120, 0);
    let volume = MemoryVolume::ntfs().with_clock(time);
    volume.apply(&[make_file("a", "")]).expect("a file");
    let entry = volume.entry(&path("A")).expect("an entry");
    assert_eq!(entry.times.created, time);
    assert_eq!(entry.id.to_string(), "0x0001000000000028");
    assert_eq!(entry.name, path("a").file_name());
}

#[test]
fn a_volume_takes_another_table_of_upper_case() {
    let volume = MemoryVolume::ntfs().with_upcase(|unit| unit);
    volume
        .apply(&[make_file("a", ""), make_file("A", "")])
        .expect("two names");
    assert_eq!(list(&volume, &path("")).expect("a listing").len(), 2);
}

#[test]
fn threads_see_whole_states_only() {
    let volume = MemoryVolume::ntfs();
    let pair = |n: usize| {
        [
            make_file(&format!("{n}a"), "x"),
            make_file(&format!("{n}b"), "x"),
        ]
    };
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let volume = &volume;
            scope.spawn(move || {
                for n in 0..100 {
                    volume.apply(&pair(thread * 100 + n)).expect("two files");
                }
            });
        }
        for _ in 0..200 {
            // Both files of a pair, or neither.
            assert_eq!(list(&volume, &path("")).expect("a listing").len() % 2, 0);
        }
    });
    assert_eq!(list(&volume, &path("")).expect("a listing").len(), 800);
}
