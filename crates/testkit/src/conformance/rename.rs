//! Renaming, and what gives way.

use linksmith::volume::{Caps, CaseRule, Cause, Volume};

use super::Need;
use super::kit::*;

cases! {
    a_file_is_renamed;
    a_directory_moves_with_what_is_in_it;
    a_link_moves_and_says_the_same: Need::AnyLink;
    nothing_gives_way_unasked;
    a_file_gives_way_when_asked;
    a_link_gives_way_and_its_target_stays: Need::AnyLink;
    a_real_directory_never_gives_way;
    a_real_directory_never_gives_way_to_a_link: Need::AnyLink;
    a_directory_takes_a_files_place;
    a_directory_does_not_go_below_itself;
    a_name_changes_its_case: Need::Case(CaseRule::Insensitive);
    onto_itself_nothing_changes;
    onto_another_name_of_the_file_one_is_left: Need::Caps(Caps::HARD_LINK);
    nothing_is_renamed_that_is_not_there;
}

fn a_file_is_renamed(v: &dyn Volume) {
    apply(v, &[make_dir("d"), make_file("a", "text")]);
    let id = entry(v, "a").id;
    apply(v, &[rename("a", "b"), rename("b", "d/c")]);
    assert_eq!(
        (contents(v, "d/c"), entry(v, "d/c").id),
        (b"text".to_vec(), id)
    );
    assert_eq!(names(v, ""), ["d"]);
}

fn a_directory_moves_with_what_is_in_it(v: &dyn Volume) {
    apply(
        v,
        &[
            make_dir("a"),
            make_dir("a/b"),
            make_file("a/b/f", "deep"),
            make_dir("c"),
        ],
    );
    apply(v, &[rename("a", "c/d")]);
    assert_eq!(contents(v, "c/d/b/f"), b"deep");
    apply(v, &[rename("c/d/b", "b")]);
    assert_eq!(contents(v, "b/f"), b"deep");
    assert!(names(v, "c/d").is_empty());
}

fn a_link_moves_and_says_the_same(v: &dyn Volume) {
    apply(
        v,
        &[
            make_dir("d"),
            soft(v, "l", "nowhere/x", true),
            rename("l", "d/m"),
        ],
    );
    assert_eq!(text(v, "d/m"), Some(soft_text(v, "nowhere/x")));
}

fn nothing_gives_way_unasked(v: &dyn Volume) {
    apply(
        v,
        &[
            make_file("a", "a"),
            make_file("b", "b"),
            make_dir("d"),
            make_dir("e"),
        ],
    );
    for (from, to) in [("a", "b"), ("a", "d"), ("d", "a"), ("d", "e")] {
        assert_is!(refused(v, rename(from, to)), Cause::Exists);
    }
}

fn a_file_gives_way_when_asked(v: &dyn Volume) {
    apply(
        v,
        &[
            make_file("new", "new"),
            make_file("old", "old"),
            rename_over("new", "old"),
        ],
    );
    assert_eq!(contents(v, "old"), b"new");
    assert_eq!(names(v, ""), ["old"]);
    // And where there is nothing to give way.
    apply(v, &[rename_over("old", "free")]);
    assert_eq!(names(v, ""), ["free"]);
    // In the midst of other steps.
    apply(
        v,
        &[
            make_file("x", "x"),
            rename_over("x", "free"),
            make_file("y", "y"),
        ],
    );
    let mut all = names(v, "");
    all.sort();
    assert_eq!(
        (all, contents(v, "free")),
        (vec!["free".to_owned(), "y".to_owned()], b"x".to_vec())
    );
}

fn a_link_gives_way_and_its_target_stays(v: &dyn Volume) {
    apply(
        v,
        &[
            make_dir("d"),
            make_file("d/f", "precious"),
            make_file("g", "precious too"),
            soft(v, "to_dir", "d", true),
            soft(v, "to_file", "g", false),
            soft(v, "new", "x", true),
            make_file("file", "file"),
        ],
    );
    apply(v, &[rename_over("new", "to_dir")]);
    apply(v, &[rename_over("file", "to_file")]);
    assert_eq!(text(v, "to_dir"), Some(soft_text(v, "x")));
    assert_eq!(
        (contents(v, "to_file"), text(v, "to_file")),
        (b"file".to_vec(), None)
    );
    assert_eq!(
        (contents(v, "d/f"), contents(v, "g")),
        (b"precious".to_vec(), b"precious too".to_vec())
    );
    assert!(!is_there(v, "new") && !is_there(v, "file"));
}

fn a_real_directory_never_gives_way(v: &dyn Volume) {
    apply(
        v,
        &[
            make_dir("empty"),
            make_dir("full"),
            make_file("full/f", ""),
            make_file("a", ""),
            make_dir("d"),
        ],
    );
    for from in ["a", "d"] {
        for to in ["empty", "full"] {
            assert_is!(refused(v, rename_over(from, to)), Cause::IsADirectory);
        }
    }
}

fn a_real_directory_never_gives_way_to_a_link(v: &dyn Volume) {
    apply(
        v,
        &[
            make_dir("empty"),
            make_dir("full"),
            make_file("full/f", ""),
            soft(v, "l", "x", true),
        ],
    );
    assert_is!(refused(v, rename_over("l", "empty")), Cause::IsADirectory);
    assert_is!(refused(v, rename_over("l", "full")), Cause::IsADirectory);
}

fn a_directory_takes_a_files_place(v: &dyn Volume) {
    apply(
        v,
        &[
            make_dir("d"),
            make_file("d/f", "kept"),
            make_file("old", "old"),
        ],
    );
    apply(v, &[rename_over("d", "old")]);
    assert_eq!(contents(v, "old/f"), b"kept");
    assert_eq!(names(v, ""), ["old"]);
}

fn a_directory_does_not_go_below_itself(v: &dyn Volume) {
    apply(v, &[make_dir("a"), make_dir("a/b")]);
    assert_is!(refused(v, rename("a", "a/x")), Cause::BelowItself);
    assert_is!(refused(v, rename("a", "a/b/x")), Cause::BelowItself);
}

fn a_name_changes_its_case(v: &dyn Volume) {
    apply(
        v,
        &[
            make_file("name", "text"),
            make_dir("dir"),
            make_file("dir/f", ""),
        ],
    );
    apply(v, &[rename("name", "Name"), rename_over("dir", "DIR")]);
    let mut all = names(v, "");
    all.sort();
    assert_eq!(all, ["DIR", "Name"]);
    assert_eq!(
        (contents(v, "name"), names(v, "dir")),
        (b"text".to_vec(), vec!["f".to_owned()])
    );
}

fn onto_itself_nothing_changes(v: &dyn Volume) {
    apply(v, &[make_file("a", "text"), make_dir("d")]);
    let before = snapshot(v);
    apply(
        v,
        &[rename("a", "a"), rename_over("a", "a"), rename("d", "d")],
    );
    assert_eq!(snapshot(v), before);
}

fn onto_another_name_of_the_file_one_is_left(v: &dyn Volume) {
    apply(v, &[make_file("a", "text"), hard_link("a", "b")]);
    assert_is!(refused(v, rename("a", "b")), Cause::Exists);
    apply(v, &[rename_over("a", "b")]);
    assert_eq!(names(v, ""), ["b"]);
    assert_eq!(
        (contents(v, "b"), entry(v, "b").links),
        (b"text".to_vec(), Some(1))
    );
}

fn nothing_is_renamed_that_is_not_there(v: &dyn Volume) {
    apply(v, &[make_file("f", "")]);
    assert_is!(refused(v, rename("x", "y")), Cause::NotFound);
    assert_is!(refused(v, rename_over("x", "f")), Cause::NotFound);
    assert_is!(refused(v, rename("f", "no/way")), Cause::PathNotFound(_));
}
