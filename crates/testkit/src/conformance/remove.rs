//! Removing: one name, never what it leads to.

use linksmith::entry::LinkText;
use linksmith::path::EntryPath;
use linksmith::plan::Step;
use linksmith::volume::{Caps, Cause, Volume};

use super::Need;
use super::buffers::mount_point;
use super::kit::*;

cases! {
    a_file_is_removed;
    an_empty_directory_is_removed;
    a_directory_with_entries_is_not_removed;
    a_removed_link_leaves_what_it_led_to: Need::AnyLink;
    a_removed_junction_leaves_what_it_led_to: Need::Caps(Caps::JUNCTION);
    nothing_is_removed_that_is_not_there;
    the_root_stays;
    a_name_is_free_once_it_is_removed;
}

fn a_file_is_removed(v: &dyn Volume) {
    apply(v, &[make_file("a", "x"), make_file("b", "y"), remove("a")]);
    assert_eq!(names(v, ""), ["b"]);
}

fn an_empty_directory_is_removed(v: &dyn Volume) {
    apply(
        v,
        &[make_dir("d"), make_dir("d/e"), remove("d/e"), remove("d")],
    );
    assert!(names(v, "").is_empty());
}

fn a_directory_with_entries_is_not_removed(v: &dyn Volume) {
    apply(
        v,
        &[
            make_dir("d"),
            make_file("d/f", "x"),
            make_dir("e"),
            make_dir("e/x"),
        ],
    );
    assert_is!(refused(v, remove("d")), Cause::NotEmpty);
    assert_is!(refused(v, remove("e")), Cause::NotEmpty);
}

fn a_removed_link_leaves_what_it_led_to(v: &dyn Volume) {
    apply(
        v,
        &[
            make_dir("d"),
            make_file("d/f", "precious"),
            soft(v, "to_dir", "d", true),
            soft(v, "to_file", "d/f", false),
            soft(v, "gone", "nowhere", false),
            soft(v, "self", "self", true),
        ],
    );
    apply(
        v,
        &[
            remove("to_dir"),
            remove("to_file"),
            remove("gone"),
            remove("self"),
        ],
    );
    assert_eq!(names(v, ""), ["d"]);
    assert_eq!(contents(v, "d/f"), b"precious");
}

fn a_removed_junction_leaves_what_it_led_to(v: &dyn Volume) {
    let data = LinkText::Reparse(mount_point(r"\??\C:\d", r"C:\d"));
    apply(
        v,
        &[
            make_dir("d"),
            make_file("d/f", "precious"),
            make_link("j", data, true),
        ],
    );
    apply(v, &[remove("j")]);
    assert_eq!(contents(v, "d/f"), b"precious");
    assert!(!is_there(v, "j"));
}

fn nothing_is_removed_that_is_not_there(v: &dyn Volume) {
    apply(v, &[make_file("f", "")]);
    assert_is!(refused(v, remove("x")), Cause::NotFound);
    assert_is!(refused(v, remove("x/y")), Cause::PathNotFound(_));
    assert_is!(refused(v, remove("f/x")), Cause::NotADirectory);
}

fn the_root_stays(v: &dyn Volume) {
    apply(v, &[make_file("f", "kept")]);
    let at = EntryPath::root();
    refused(v, Step::Remove { at: at.clone() });
    refused(
        v,
        Step::Rename {
            from: at.clone(),
            to: path("x"),
            replace: false,
        },
    );
    refused(
        v,
        Step::Rename {
            from: path("f"),
            to: at,
            replace: true,
        },
    );
    assert_eq!(contents(v, "f"), b"kept");
}

fn a_name_is_free_once_it_is_removed(v: &dyn Volume) {
    apply(
        v,
        &[
            make_file("a", "first"),
            remove("a"),
            make_dir("a"),
            remove("a"),
        ],
    );
    apply(v, &[make_file("a", "second")]);
    assert_eq!(contents(v, "a"), b"second");
}
