//! Reparse points of every kind.

use linksmith::entry::{Attributes, Base, LinkText};
use linksmith::plan::Step;
use linksmith::reparse::{ReparsePoint, ReparseTag};
use linksmith::volume::{Caps, Cause, Volume};

use super::Need;
use super::buffers::{mount_point, other, symlink};
use super::kit::*;

const SYMLINK: Need = Need::Caps(Caps::SYMLINK);
const JUNCTION: Need = Need::Caps(Caps::JUNCTION);
const REPARSE: Need = Need::Caps(Caps::REPARSE);

cases! {
    a_symlink_is_kept_byte_for_byte: SYMLINK;
    a_junction_is_kept_byte_for_byte: JUNCTION;
    a_junction_is_a_directory: JUNCTION;
    a_junctions_directory_is_not_entered: JUNCTION;
    data_of_any_tag_are_kept_byte_for_byte: REPARSE;
    the_most_data_there_can_be: REPARSE;
    data_are_replaced_and_the_object_stays: SYMLINK, REPARSE;
    one_kind_does_not_become_another_in_place: SYMLINK, JUNCTION, REPARSE;
    data_need_an_empty_object: JUNCTION, SYMLINK, REPARSE;
    data_are_taken_off_and_the_object_stays: JUNCTION, SYMLINK, REPARSE;
    only_reparse_points_are_cleared: REPARSE;
    a_hard_link_to_a_symlink_carries_its_data: SYMLINK, REPARSE, Need::Caps(Caps::HARD_LINK);
    no_junctions_where_there_are_none: Need::Without(Caps::JUNCTION);
    no_symlinks_where_there_are_none: Need::Without(Caps::SYMLINK);
    no_reparse_points_where_there_are_none: Need::Without(Caps::REPARSE);
}

fn link(at: &str, data: &ReparsePoint, dir: bool) -> Step {
    make_link(at, LinkText::Reparse(data.clone()), dir)
}

fn set(at: &str, data: &ReparsePoint) -> Step {
    Step::SetReparse {
        at: path(at),
        data: data.clone(),
    }
}

fn clear(at: &str) -> Step {
    Step::ClearReparse { at: path(at) }
}

#[track_caller]
fn says(v: &dyn Volume, at: &str, data: &ReparsePoint) {
    assert_eq!(text(v, at), Some(LinkText::Reparse(data.clone())), "{at}");
    let entry = entry(v, at);
    assert_eq!(entry.tag, Some(data.tag()));
    assert!(entry.attributes.contains(Attributes::REPARSE_POINT));
}

fn a_symlink_is_kept_byte_for_byte(v: &dyn Volume) {
    let absolute = symlink(r"\??\C:\real_dir", r"C:\real_dir", false);
    let relative = symlink(r"..\x", r"..\x", true);
    let no_print = symlink(r"x", "", true);
    apply(
        v,
        &[
            link("a", &absolute, true),
            link("r", &relative, false),
            link("n", &no_print, false),
        ],
    );
    says(v, "a", &absolute);
    says(v, "r", &relative);
    says(v, "n", &no_print);
    assert_eq!(
        (entry(v, "a").base, entry(v, "r").base),
        (Base::Dir, Base::File)
    );
    assert!(entry(v, "a").is_link() && entry(v, "r").is_link());
    assert_eq!(entry(v, "r").size, 0);
}

fn a_junction_is_kept_byte_for_byte(v: &dyn Volume) {
    let both = mount_point(r"\??\C:\real_dir", r"C:\real_dir");
    let no_print = mount_point(r"\??\C:\real_dir", "");
    let volume = mount_point(r"\??\Volume{01234567-89ab-cdef-0123-456789abcdef}\", "");
    for (at, data) in [("j", &both), ("n", &no_print), ("m", &volume)] {
        apply(v, &[link(at, data, true)]);
        says(v, at, data);
        assert_eq!(entry(v, at).base, Base::Dir);
    }
}

fn a_junction_is_a_directory(v: &dyn Volume) {
    let data = mount_point(r"\??\C:\d", r"C:\d");
    assert_is!(refused(v, link("j", &data, false)), Cause::NotADirectory);
}

fn a_junctions_directory_is_not_entered(v: &dyn Volume) {
    let data = mount_point(r"\??\C:\d", r"C:\d");
    apply(
        v,
        &[make_dir("d"), make_file("d/f", ""), link("j", &data, true)],
    );
    assert_is!(v.entry(&path("j/f")).expect_err("no way").cause, Cause::ThroughLink(at) if *at == path("j"));
    assert_is!(refused(v, make_file("j/g", "")), Cause::ThroughLink(_));
    apply(v, &[remove("j")]);
    assert_eq!(names(v, "d"), ["f"]);
}

fn data_of_any_tag_are_kept_byte_for_byte(v: &dyn Volume) {
    // Microsoft's and unknown, another maker's with a GUID, WSL's.
    let unknown = other(0x8000_7FF1, b"anything at all");
    let surrogate = other(0xA000_7FF2, b"\x00\x01\x02");
    let third = other(0x0000_5A5A, b"theirs");
    let wsl = other(ReparseTag::LX_SYMLINK.0, b"\x02\0\0\0target");
    for (at, data) in [
        ("u", &unknown),
        ("s", &surrogate),
        ("t", &third),
        ("w", &wsl),
    ] {
        apply(v, &[make_file(at, ""), set(at, data)]);
        says(v, at, data);
    }
    assert!(!entry(v, "u").is_link() && entry(v, "s").is_link());
    apply(v, &[rename("t", "moved")]);
    says(v, "moved", &third);
}

fn the_most_data_there_can_be(v: &dyn Volume) {
    let data = other(0x8000_7FF1, &[0x5A; 16 * 1024 - 8]);
    apply(
        v,
        &[
            make_file("f", ""),
            set("f", &data),
            make_dir("d"),
            set("d", &data),
        ],
    );
    says(v, "f", &data);
    says(v, "d", &data);
    apply(v, &[clear("f"), remove("d")]);
    assert!(text(v, "f").is_none());
}

fn data_are_replaced_and_the_object_stays(v: &dyn Volume) {
    let (old, new) = (symlink("old", "old", true), symlink(r"..\new", "", true));
    apply(v, &[link("l", &old, true)]);
    let before = entry(v, "l");
    apply(v, &[set("l", &new)]);
    says(v, "l", &new);
    let after = entry(v, "l");
    assert_eq!(
        (after.id, after.times.created),
        (before.id, before.times.created)
    );
}

fn one_kind_does_not_become_another_in_place(v: &dyn Volume) {
    let junction = mount_point(r"\??\C:\d", r"C:\d");
    let soft = symlink("d", "d", true);
    apply(v, &[link("j", &junction, true)]);
    let cause = refused(v, set("j", &soft));
    assert_eq!(cause.win32(), Some(4394), "{cause:?}");
    says(v, "j", &junction);
}

fn data_need_an_empty_object(v: &dyn Volume) {
    let junction = mount_point(r"\??\C:\x", r"C:\x");
    let soft = symlink("x", "x", true);
    apply(
        v,
        &[
            make_dir("d"),
            make_file("d/f", "text"),
            make_dir("e"),
            make_file("g", ""),
        ],
    );
    assert_is!(refused(v, set("d", &junction)), Cause::NotEmpty);
    assert_is!(refused(v, set("d/f", &soft)), Cause::HasContents);
    assert_is!(refused(v, set("g", &junction)), Cause::NotADirectory);
    assert_is!(refused(v, set("absent", &soft)), Cause::NotFound);
    apply(v, &[set("e", &junction), set("g", &soft)]);
    says(v, "e", &junction);
    says(v, "g", &soft);
}

fn data_are_taken_off_and_the_object_stays(v: &dyn Volume) {
    let junction = mount_point(r"\??\C:\x", r"C:\x");
    let soft = symlink("x", "x", true);
    apply(v, &[link("j", &junction, true), link("l", &soft, false)]);
    let ids = (entry(v, "j").id, entry(v, "l").id);
    apply(v, &[clear("j"), clear("l")]);
    assert_eq!((text(v, "j"), text(v, "l")), (None, None));
    assert_eq!((entry(v, "j").id, entry(v, "l").id), ids);
    assert!(entry(v, "j").is_real_dir());
    assert!(!entry(v, "l").attributes.contains(Attributes::REPARSE_POINT));
    apply(v, &[make_file("j/f", ""), write_file("l", "text")]);
    assert_eq!(contents(v, "l"), b"text");
}

fn only_reparse_points_are_cleared(v: &dyn Volume) {
    apply(v, &[make_dir("d"), make_file("f", "")]);
    assert_is!(refused(v, clear("d")), Cause::NotALink);
    assert_is!(refused(v, clear("f")), Cause::NotALink);
    assert_is!(refused(v, clear("absent")), Cause::NotFound);
}

fn a_hard_link_to_a_symlink_carries_its_data(v: &dyn Volume) {
    let (old, new) = (symlink("old", "old", true), symlink("new", "new", true));
    apply(
        v,
        &[link("l", &old, false), hard_link("l", "m"), set("m", &new)],
    );
    says(v, "l", &new);
    apply(v, &[remove("l")]);
    says(v, "m", &new);
}

fn no_junctions_where_there_are_none(v: &dyn Volume) {
    let data = mount_point(r"\??\C:\d", r"C:\d");
    assert_is!(
        refused(v, link("j", &data, true)),
        Cause::Unsupported("junctions")
    );
}

fn no_symlinks_where_there_are_none(v: &dyn Volume) {
    let data = symlink("d", "d", true);
    assert_is!(refused(v, link("l", &data, true)), Cause::Unsupported(_));
}

fn no_reparse_points_where_there_are_none(v: &dyn Volume) {
    apply(v, &[make_file("f", "")]);
    let data = other(0x8000_7FF1, b"data");
    assert_is!(refused(v, link("l", &data, true)), Cause::Unsupported(_));
    assert_is!(refused(v, set("f", &data)), Cause::Unsupported(_));
    assert_is!(refused(v, clear("f")), Cause::Unsupported(_));
}
