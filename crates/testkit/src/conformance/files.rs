//! Writing files, and setting times and flags.

use linksmith::entry::{Attributes, FileTime, Times};
use linksmith::plan::Step;
use linksmith::volume::{Caps, Cause, Volume};

use super::Need;
use super::kit::*;

cases! {
    contents_are_replaced;
    contents_are_replaced_through_all_names: Need::Caps(Caps::HARD_LINK);
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
