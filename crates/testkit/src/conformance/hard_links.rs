//! Several names of one file.

use linksmith::plan::Step;
use linksmith::volume::{Caps, Cause, Volume};

use super::Need;
use super::kit::*;

const HARD: Need = Need::Caps(Caps::HARD_LINK);

cases! {
    a_second_name_is_the_same_file: HARD;
    a_name_in_another_directory: HARD;
    the_file_lives_until_its_last_name_goes: HARD;
    a_directory_has_one_name: HARD;
    a_hard_link_to_nothing: HARD;
    a_hard_link_onto_something: HARD;
    a_hard_link_to_a_link_is_to_the_link: HARD, Need::AnyLink;
    as_many_names_as_the_volume_allows: HARD, Need::SmallMaxLinks;
    no_hard_links_where_there_are_none: Need::Without(Caps::HARD_LINK);
}

fn a_second_name_is_the_same_file(v: &dyn Volume) {
    apply(v, &[make_file("a", "text"), hard_link("a", "b")]);
    let (a, b) = (entry(v, "a"), entry(v, "b"));
    assert_eq!((a.id, a.links), (b.id, Some(2)));
    assert_eq!(b.links, Some(2));
    assert_eq!(contents(v, "b"), b"text");
    assert!(!b.is_link());
}

fn a_name_in_another_directory(v: &dyn Volume) {
    apply(
        v,
        &[
            make_dir("d"),
            make_file("a", "x"),
            hard_link("a", "d/b"),
            hard_link("d/b", "d/c"),
        ],
    );
    assert_eq!(entry(v, "d/c").id, entry(v, "a").id);
    assert_eq!(entry(v, "a").links, Some(3));
    apply(v, &[rename("d", "e")]);
    assert_eq!(entry(v, "e/b").id, entry(v, "a").id);
}

fn the_file_lives_until_its_last_name_goes(v: &dyn Volume) {
    apply(
        v,
        &[make_file("a", "text"), hard_link("a", "b"), remove("a")],
    );
    assert!(!is_there(v, "a"));
    assert_eq!(
        (contents(v, "b"), entry(v, "b").links),
        (b"text".to_vec(), Some(1))
    );
    apply(v, &[hard_link("b", "a"), remove("b"), remove("a")]);
    assert!(names(v, "").is_empty());
}

fn a_directory_has_one_name(v: &dyn Volume) {
    apply(v, &[make_dir("d")]);
    assert_is!(refused(v, hard_link("d", "e")), Cause::IsADirectory);
}

fn a_hard_link_to_nothing(v: &dyn Volume) {
    apply(v, &[make_file("f", "")]);
    assert_is!(refused(v, hard_link("absent", "x")), Cause::NotFound);
    assert_is!(refused(v, hard_link("no/way", "x")), Cause::PathNotFound(_));
    assert_is!(refused(v, hard_link("f", "no/way")), Cause::PathNotFound(_));
}

fn a_hard_link_onto_something(v: &dyn Volume) {
    apply(
        v,
        &[make_file("a", "a"), make_file("b", "b"), make_dir("d")],
    );
    assert_is!(refused(v, hard_link("a", "b")), Cause::Exists);
    assert_is!(refused(v, hard_link("a", "d")), Cause::Exists);
    assert_is!(refused(v, hard_link("a", "a")), Cause::Exists);
}

fn a_hard_link_to_a_link_is_to_the_link(v: &dyn Volume) {
    apply(
        v,
        &[
            make_file("f", "x"),
            soft(v, "l", "f", false),
            hard_link("l", "m"),
        ],
    );
    assert_eq!(entry(v, "m").id, entry(v, "l").id);
    assert_eq!(text(v, "m"), Some(soft_text(v, "f")));
    assert_eq!(entry(v, "f").links, Some(1));
}

fn as_many_names_as_the_volume_allows(v: &dyn Volume) {
    let limit = v.info().max_links;
    apply(v, &[make_dir("d"), make_file("f", "x")]);
    let links: Vec<Step> = (1..limit)
        .map(|n| hard_link("f", &format!("d/n{n}")))
        .collect();
    apply(v, &links);
    assert_eq!(entry(v, "f").links, Some(limit));
    assert_is!(refused(v, hard_link("f", "g")), Cause::TooManyLinks { limit: l } if *l == limit);
    assert_is!(
        refused(v, hard_link("d/n1", "g")),
        Cause::TooManyLinks { .. }
    );
    // One goes, one may come.
    apply(v, &[remove("d/n1"), hard_link("f", "g")]);
    assert_eq!(entry(v, "g").links, Some(limit));
}

fn no_hard_links_where_there_are_none(v: &dyn Volume) {
    apply(v, &[make_file("a", "")]);
    assert_is!(refused(v, hard_link("a", "b")), Cause::Unsupported(_));
}
