//! Steps that fail in the middle leave everything as it was.

use linksmith::entry::{FileTime, LinkText, Times};
use linksmith::plan::Step;
use linksmith::volume::{Caps, Volume};

use super::Need;
use super::buffers::{mount_point, symlink};
use super::kit::*;

cases! {
    what_was_made_goes_again;
    what_was_removed_comes_back;
    what_was_written_is_as_before;
    what_was_renamed_goes_back;
    what_gave_way_comes_back: Need::AnyLink;
    names_come_and_go_back: Need::Caps(Caps::HARD_LINK);
    reparse_data_are_as_before:
        Need::Caps(Caps::SYMLINK.union(Caps::JUNCTION).union(Caps::REPARSE));
    times_are_as_before;
    no_steps_are_done_at_once;
    the_step_that_failed_is_named;
}

/// Applies `steps` and one that fails; all must be as it was, and say so.
#[track_caller]
fn fails_behind(v: &dyn Volume, steps: &[Step]) {
    let before = snapshot(v);
    let mut all = steps.to_vec();
    all.push(remove("nothing is here"));
    let error = v.apply(&all).expect_err("the last step fails");
    assert_eq!(error.step, steps.len(), "{error}");
    assert!(error.undone, "{error}");
    assert_eq!(snapshot(v), before);
}

fn what_was_made_goes_again(v: &dyn Volume) {
    apply(v, &[make_dir("d")]);
    fails_behind(
        v,
        &[
            make_dir("a"),
            make_dir("a/b"),
            make_file("a/b/f", "x"),
            make_file("d/g", ""),
        ],
    );
}

fn what_was_removed_comes_back(v: &dyn Volume) {
    apply(v, &[make_dir("d"), make_dir("d/e"), make_file("d/f", "x")]);
    // A directory that is made again is another one: only what is in it counts here.
    let before = names(v, "d");
    let error = v.apply(&[remove("d/e"), remove("d/f"), remove("nothing is here")]);
    assert!(error.is_err_and(|e| e.undone && e.step == 2));
    let (mut after, mut before) = (names(v, "d"), before);
    after.sort();
    before.sort();
    assert_eq!(after, before);
    assert_eq!(contents(v, "d/f"), b"x");
    assert!(entry(v, "d/e").is_real_dir());
}

fn what_was_written_is_as_before(v: &dyn Volume) {
    let long = "long ".repeat(3000);
    apply(v, &[make_file("short", "short"), make_file("long", &long)]);
    fails_behind(
        v,
        &[
            write_file("short", &long),
            write_file("long", "x"),
            write_file("long", "y"),
        ],
    );
}

fn what_was_renamed_goes_back(v: &dyn Volume) {
    apply(
        v,
        &[
            make_dir("d"),
            make_file("d/f", "x"),
            make_file("g", "y"),
            make_dir("e"),
        ],
    );
    fails_behind(
        v,
        &[
            rename("d/f", "h"),
            rename("d", "e/d"),
            rename("g", "e/d/g"),
            rename("h", "d"),
        ],
    );
}

fn what_gave_way_comes_back(v: &dyn Volume) {
    apply(
        v,
        &[
            make_file("a", "a"),
            make_file("b", "b"),
            soft(v, "l", "b", false),
            soft(v, "m", "x", false),
        ],
    );
    fails_behind(
        v,
        &[
            rename_over("a", "b"),
            rename_over("m", "l"),
            rename_over("b", "l"),
        ],
    );
}

fn names_come_and_go_back(v: &dyn Volume) {
    apply(
        v,
        &[
            make_file("a", "a"),
            hard_link("a", "b"),
            make_file("c", "c"),
        ],
    );
    fails_behind(
        v,
        &[
            hard_link("c", "d"),
            remove("c"),
            remove("a"),
            rename_over("b", "d"),
            hard_link("d", "a"),
        ],
    );
    fails_behind(v, &[rename_over("a", "b")]);
    assert_eq!(
        (entry(v, "a").links, entry(v, "c").links),
        (Some(2), Some(1))
    );
}

fn reparse_data_are_as_before(v: &dyn Volume) {
    let junction = mount_point(r"\??\C:\d", r"C:\d");
    let (old, new) = (symlink("old", "old", true), symlink("new", "new", true));
    let set = |at: &str, data: &_| Step::SetReparse {
        at: path(at),
        data: Clone::clone(data),
    };
    let clear = |at: &str| Step::ClearReparse { at: path(at) };
    apply(
        v,
        &[
            make_dir("d"),
            make_file("f", ""),
            make_link("j", LinkText::Reparse(junction.clone()), true),
            make_link("l", LinkText::Reparse(old), false),
        ],
    );
    fails_behind(
        v,
        &[
            set("d", &junction),
            set("f", &new),
            set("l", &new),
            clear("j"),
            make_file("j/inside", "x"),
            make_link("n", LinkText::Reparse(junction.clone()), true),
        ],
    );
    fails_behind(v, &[remove("j"), remove("l")]);
}

fn times_are_as_before(v: &dyn Volume) {
    apply(v, &[make_file("f", "x")]);
    let before = entry(v, "f").times;
    let times = Times {
        modified: FileTime::from_unix(1_000_000_000, 0),
        ..Times::default()
    };
    fails_behind(
        v,
        &[Step::SetMeta {
            at: path("f"),
            times,
            attributes: None,
        }],
    );
    assert_eq!(entry(v, "f").times.modified, before.modified);
}

fn no_steps_are_done_at_once(v: &dyn Volume) {
    let before = snapshot(v);
    apply(v, &[]);
    assert_eq!(snapshot(v), before);
}

fn the_step_that_failed_is_named(v: &dyn Volume) {
    let error = v.apply(&[make_dir("a"), make_dir("b"), make_dir("a"), make_dir("c")]);
    let error = error.expect_err("it is there already");
    assert_eq!((error.step, error.undone), (2, true));
    assert_eq!(error.source.path, path("a"));
    assert_eq!(
        error.to_string(),
        "cannot make the directory 'a': something with that name is there already"
    );
    assert!(names(v, "").is_empty());
}
