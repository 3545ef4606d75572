//! Writing and copying files, and setting times and flags.

use std::io::Read;

use linksmith::entry::{Attributes, FileTime, Times};
use linksmith::plan::{Source, Step};
use linksmith::volume::memory::MemoryVolume;
use linksmith::volume::{Caps, Cause, DriveId, Sources, Take, Volume};

use super::Need;
use super::kit::*;

cases! {
    contents_are_replaced;
    contents_are_replaced_through_all_names: Need::Caps(Caps::HARD_LINK);
    a_file_is_copied_with_its_times;
    a_file_of_another_volume_is_copied;
    what_was_made_before_is_copied;
    a_source_that_changed_is_refused;
    a_source_that_cannot_be_read_leaves_nothing;
    only_files_are_written;
    a_link_is_not_written_through: Need::AnyLink;
    times_are_set;
    a_links_own_times_are_set: Need::AnyLink;
    flags_are_set_and_others_stay: Need::Caps(Caps::ATTRIBUTES);
    flags_are_refused_where_there_are_none: Need::Without(Caps::ATTRIBUTES);
}

fn contents_are_replaced(v: &dyn Volume) {
    let long = "long ".repeat(10_000);
    apply(v, &[make_file("f", "first")]);
    let id = entry(v, "f").id;
    for text in ["second and longer", "", long.as_str(), "short"] {
        apply(v, &[write_file("f", text)]);
        assert!(contents(v, "f") == text.as_bytes(), "{} bytes", text.len());
        assert_eq!(entry(v, "f").size, text.len() as u64);
    }
    assert_eq!(entry(v, "f").id, id);
}

fn contents_are_replaced_through_all_names(v: &dyn Volume) {
    apply(
        v,
        &[
            make_file("a", "old"),
            hard_link("a", "b"),
            write_file("b", "new"),
        ],
    );
    assert_eq!(contents(v, "a"), b"new");
    assert_eq!(entry(v, "a").links, Some(2));
}

/// Contents that fit into no record, of a length that is no whole number of clusters.
fn long() -> String {
    "0123456789 and so on\n".repeat(10_001)
}

fn copy(v: &dyn Volume, from: &str, at: &str, drive: Option<DriveId>) -> Step {
    Step::CopyFile {
        at: path(at),
        from: Source::of(drive, path(from), &entry(v, from)),
        times: set_times(at).1,
        attributes: None,
    }
}

fn a_file_is_copied_with_its_times(v: &dyn Volume) {
    for (number, text) in ["", "short", &long()].into_iter().enumerate() {
        let (from, at) = (format!("f{number}"), format!("d{number}/copy"));
        apply(
            v,
            &[make_file(&from, text), make_dir(&format!("d{number}"))],
        );
        apply(v, &[copy(v, &from, &at, None)]);
        assert!(contents(v, &at) == text.as_bytes(), "{} bytes", text.len());
        let made = entry(v, &at);
        assert_eq!(made.size, text.len() as u64);
        assert_eq!(made.times.modified, set_times(&at).1.modified);
        assert_ne!(made.id, entry(v, &from).id);
        // Either is written without the other.
        apply(v, &[write_file(&from, "other")]);
        assert!(contents(v, &at) == text.as_bytes());
    }
}

/// One other volume, asked by its number.
struct Other(MemoryVolume);

impl Sources for Other {
    fn read(&self, source: &Source, take: Take<'_>) -> Result<(), Cause> {
        assert_eq!(source.drive, Some(DriveId(7)));
        source.read_from(&self.0, take)
    }
}

fn a_file_of_another_volume_is_copied(v: &dyn Volume) {
    let other = Other(MemoryVolume::ntfs());
    for (number, text) in ["", "short", &long()].into_iter().enumerate() {
        let (from, at) = (format!("f{number}"), format!("copy{number}"));
        apply(&other.0, &[make_file(&from, text)]);
        let step = copy(&other.0, &from, &at, Some(DriveId(7)));
        v.apply_with(&[&step], &other).expect("a copy");
        assert!(contents(v, &at) == text.as_bytes(), "{} bytes", text.len());
    }
    let step = copy(&other.0, "f1", "none", Some(DriveId(7)));
    assert_is!(refused(v, step), Cause::Unsupported(_));
}

fn what_was_made_before_is_copied(v: &dyn Volume) {
    apply(v, &[make_file("f", "x"), make_file("long", &long())]);
    let steps = [
        rename("f", "g"),
        copy_as(copy(v, "f", "h", None), "g"),
        rename("long", "longer"),
        copy_as(copy(v, "long", "again", None), "longer"),
    ];
    apply(v, &steps);
    assert_eq!(contents(v, "h"), b"x");
    assert!(contents(v, "again") == long().as_bytes());
}

/// The same copy, from where its source will be.
fn copy_as(step: Step, source: &str) -> Step {
    let Step::CopyFile {
        at,
        from,
        times,
        attributes,
    } = step
    else {
        return step;
    };
    let from = Source {
        at: path(source),
        ..from
    };
    Step::CopyFile {
        at,
        from,
        times,
        attributes,
    }
}

fn a_source_that_changed_is_refused(v: &dyn Volume) {
    apply(v, &[make_file("f", "first")]);
    let step = copy(v, "f", "copy", None);
    apply(v, &[write_file("f", "more than before")]);
    assert!(refused(v, step).to_string().contains("changed"));
    assert_is!(
        refused(v, copy_as(copy(v, "f", "c", None), "absent")),
        Cause::NotFound
    );
    apply(v, &[make_dir("d")]);
    assert_is!(
        refused(v, copy(v, "d", "copy", None)),
        Cause::IsADirectory | Cause::Changed
    );
}

/// Gives some bytes, and then an error.
struct Breaking;

impl Sources for Breaking {
    fn read(&self, _: &Source, take: Take<'_>) -> Result<(), Cause> {
        take(&mut std::io::repeat(b'x').take(100_000).chain(Broken))
    }
}

struct Broken;

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
        Err(std::io::Error::other("the source broke"))
    }
}

fn a_source_that_cannot_be_read_leaves_nothing(v: &dyn Volume) {
    apply(v, &[make_file("f", &long())]);
    let before = snapshot(v);
    let step = copy(v, "f", "copy", Some(DriveId(1)));
    let error = v
        .apply_with(&[&step], &Breaking)
        .expect_err("a broken source");
    assert!(error.undone, "{error}");
    assert_eq!(snapshot(v), before);
    apply(v, &[make_file("copy", "the name is free")]);
}

fn only_files_are_written(v: &dyn Volume) {
    apply(v, &[make_dir("d")]);
    assert_is!(refused(v, write_file("d", "x")), Cause::IsADirectory);
    assert_is!(refused(v, write_file("absent", "x")), Cause::NotFound);
}

fn a_link_is_not_written_through(v: &dyn Volume) {
    apply(v, &[make_file("f", "kept"), soft(v, "l", "f", false)]);
    assert_is!(refused(v, write_file("l", "x")), Cause::ThroughLink(_));
    assert_eq!(contents(v, "f"), b"kept");
}

/// 2012-06-07 11:32:00 UTC, and a day later; in steps that every file system keeps.
fn set_times(at: &str) -> (Step, Times) {
    let times = Times {
        modified: FileTime::from_unix(1_339_068_720, 0),
        accessed: FileTime::from_unix(1_339_155_120, 0),
        ..Times::default()
    };
    let step = Step::SetMeta {
        at: path(at),
        times,
        attributes: None,
    };
    (step, times)
}

fn times_are_set(v: &dyn Volume) {
    apply(v, &[make_dir("d"), make_file("f", "x")]);
    for at in ["d", "f"] {
        let created = entry(v, at).times.created;
        let (step, times) = set_times(at);
        apply(v, &[step]);
        let now = entry(v, at).times;
        assert_eq!(
            (now.modified, now.accessed),
            (times.modified, times.accessed)
        );
        assert_eq!(now.created, created);
    }
    assert_is!(refused(v, set_times("absent").0), Cause::NotFound);
}

fn a_links_own_times_are_set(v: &dyn Volume) {
    apply(
        v,
        &[
            make_file("f", "x"),
            soft(v, "l", "f", false),
            soft(v, "gone", "nowhere", false),
        ],
    );
    let before = entry(v, "f").times;
    apply(v, &[set_times("l").0, set_times("gone").0]);
    assert_eq!(entry(v, "l").times.modified, set_times("l").1.modified);
    assert_eq!(entry(v, "f").times.modified, before.modified);
}

fn flags_are_set_and_others_stay(v: &dyn Volume) {
    apply(v, &[make_dir("d"), make_file("f", "x")]);
    let set = |at: &str, flags| Step::SetMeta {
        at: path(at),
        times: Times::default(),
        attributes: Some(flags),
    };
    let flags = Attributes::READONLY | Attributes::HIDDEN | Attributes::SYSTEM;
    apply(v, &[set("f", flags), set("d", Attributes::HIDDEN)]);
    assert_eq!(entry(v, "f").attributes, flags);
    assert_eq!(
        entry(v, "d").attributes,
        Attributes::HIDDEN | Attributes::DIRECTORY
    );
    // What cannot be set this way stays as it is.
    apply(
        v,
        &[set("d", Attributes::REPARSE_POINT | Attributes::COMPRESSED)],
    );
    assert_eq!(entry(v, "d").attributes, Attributes::DIRECTORY);
    apply(v, &[remove("f")]);
}

fn flags_are_refused_where_there_are_none(v: &dyn Volume) {
    apply(v, &[make_file("f", "x")]);
    let step = Step::SetMeta {
        at: path("f"),
        times: Times::default(),
        attributes: Some(Attributes::HIDDEN),
    };
    assert_is!(refused(v, step), Cause::Unsupported(_));
}
