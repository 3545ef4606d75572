//! Looking and listing.

use std::ops::ControlFlow;

use linksmith::entry::Base;
use linksmith::path::EntryPath;
use linksmith::volume::{Caps, CaseRule, Cause, PathStyle, Volume};

use super::Need;
use super::kit::*;

cases! {
    the_root_is_a_directory_without_a_name;
    what_is_missing_and_where;
    a_file_is_no_way;
    a_link_is_no_way_and_is_named: Need::AnyLink;
    a_loop_is_looked_at_like_any_link: Need::AnyLink;
    contents_of_every_size;
    only_files_are_read;
    a_link_is_not_read_through: Need::AnyLink;
    a_listing_is_complete;
    a_listing_stops_when_told;
    a_listing_is_in_upcase_order:
        Need::Style(PathStyle::Windows), Need::Case(CaseRule::Insensitive);
    only_directories_are_listed;
    a_link_to_a_directory_is_not_listed: Need::AnyLink;
    a_listing_agrees_with_a_look;
    only_links_say_something;
    an_entry_has_the_name_it_was_made_with: Need::Case(CaseRule::Insensitive);
    every_name_of_a_file_is_found: Need::Caps(Caps::NAMES.union(Caps::HARD_LINK));
    names_differ_by_more_than_case: Need::Case(CaseRule::Insensitive);
    names_that_differ_in_case_are_two: Need::Case(CaseRule::Sensitive);
    the_volume_has_room;
}

fn the_root_is_a_directory_without_a_name(v: &dyn Volume) {
    let root = entry(v, "");
    assert_eq!(
        (root.name.clone(), root.base, root.tag),
        (None, Base::Dir, None)
    );
    assert!(root.is_real_dir());
    assert!(text(v, "").is_none());
    names(v, "");
}

fn what_is_missing_and_where(v: &dyn Volume) {
    apply(v, &[make_dir("d")]);
    let cause = |at: &str| v.entry(&path(at)).expect_err("nothing there").cause;
    assert_is!(cause("x"), Cause::NotFound);
    assert_is!(cause("d/x"), Cause::NotFound);
    assert_is!(cause("d/x/y/z"), Cause::PathNotFound(at) if *at == path("d/x"));
    assert_is!(
        v.link_text(&path("x")).expect_err("nothing there").cause,
        Cause::NotFound
    );
    assert_is!(
        v.read(&path("x")).err().map(|e| e.cause),
        Some(Cause::NotFound)
    );
    let listed = v.read_dir(&path("x"), &mut |_| ControlFlow::Continue(()));
    assert_is!(listed.expect_err("nothing there").cause, Cause::NotFound);
}

fn a_file_is_no_way(v: &dyn Volume) {
    apply(v, &[make_file("f", "text")]);
    let cause = |at: &str| v.entry(&path(at)).expect_err("no way").cause;
    assert_is!(cause("f/x"), Cause::NotADirectory);
    assert_is!(cause("f/x/y"), Cause::NotADirectory);
}

fn a_link_is_no_way_and_is_named(v: &dyn Volume) {
    apply(
        v,
        &[
            make_dir("d"),
            make_dir("d/e"),
            make_file("d/e/f", ""),
            soft(v, "l", "d", true),
        ],
    );
    let through = |cause: &Cause| matches!(cause, Cause::ThroughLink(at) if *at == path("l"));
    for at in ["l/e", "l/e/f", "l/absent", "l/absent/x"] {
        let cause = v.entry(&path(at)).expect_err("no way").cause;
        assert!(through(&cause), "{at}: {cause:?}");
    }
    assert!(through(
        &v.link_text(&path("l/e/f")).expect_err("no way").cause
    ));
    assert!(v.read(&path("l/e/f")).is_err_and(|e| through(&e.cause)));
    let listed = v.read_dir(&path("l/e"), &mut |_| ControlFlow::Continue(()));
    assert!(through(&listed.expect_err("no way").cause));
    for step in [
        make_dir("l/new"),
        make_file("l/new", ""),
        soft(v, "l/new", "x", false),
        remove("l/e/f"),
        rename("l/e/f", "g"),
        rename("d/e/f", "l/g"),
        hard_link("l/e/f", "g"),
        write_file("l/e/f", "x"),
    ] {
        let what = format!("{step:?}");
        let cause = refused(v, step);
        assert!(through(&cause), "{what}: {cause:?}");
    }
}

fn a_loop_is_looked_at_like_any_link(v: &dyn Volume) {
    apply(
        v,
        &[
            soft(v, "self", "self", true),
            soft(v, "a", "b", true),
            soft(v, "b", "a", true),
        ],
    );
    assert!(entry(v, "self").is_link());
    assert_eq!(text(v, "a"), Some(soft_text(v, "b")));
    assert_is!(
        v.entry(&path("self/self/x")).expect_err("no way").cause,
        Cause::ThroughLink(_)
    );
    let mut all = names(v, "");
    all.sort();
    assert_eq!(all, ["a", "b", "self"]);
}

fn contents_of_every_size(v: &dyn Volume) {
    for size in [0, 1, 15, 700, 4096, 5000, 1 << 20] {
        let text: String = "0123456789abcdef ".chars().cycle().take(size).collect();
        let at = format!("f{size}");
        apply(v, &[make_file(&at, &text)]);
        assert!(contents(v, &at) == text.as_bytes(), "{size} bytes");
        assert_eq!(entry(v, &at).size, size as u64);
    }
}

fn only_files_are_read(v: &dyn Volume) {
    apply(v, &[make_dir("d")]);
    assert_is!(
        v.read(&path("d")).err().map(|e| e.cause),
        Some(Cause::IsADirectory)
    );
}

fn a_link_is_not_read_through(v: &dyn Volume) {
    apply(v, &[make_file("f", "secret"), soft(v, "l", "f", false)]);
    assert_is!(
        v.read(&path("l")).err().map(|e| e.cause),
        Some(Cause::ThroughLink(_))
    );
    assert_eq!(entry(v, "l").size, 0);
}

fn a_listing_is_complete(v: &dyn Volume) {
    let mut expected: Vec<String> = (0..1000).map(|n| format!("entry {n:04}")).collect();
    let steps: Vec<_> = expected.iter().map(|at| make_file(at, "")).collect();
    apply(v, &steps);
    let mut listed = names(v, "");
    listed.sort();
    expected.sort();
    assert_eq!(listed, expected);
}

fn a_listing_stops_when_told(v: &dyn Volume) {
    apply(
        v,
        &[make_file("a", ""), make_file("b", ""), make_file("c", "")],
    );
    let mut seen = 0;
    let done = v.read_dir(&EntryPath::root(), &mut |_| {
        seen += 1;
        if seen == 2 {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    assert!(done.is_ok());
    assert_eq!(seen, 2);
}

fn a_listing_is_in_upcase_order(v: &dyn Volume) {
    for at in ["b", "_x", "A", "ä", "a1", "Z", "é", "É2", "0"] {
        apply(v, &[make_file(at, "")]);
    }
    assert_eq!(
        names(v, ""),
        ["0", "A", "a1", "b", "Z", "_x", "ä", "é", "É2"]
    );
}

fn only_directories_are_listed(v: &dyn Volume) {
    apply(v, &[make_file("f", "")]);
    let listed = v.read_dir(&path("f"), &mut |_| ControlFlow::Continue(()));
    assert_is!(
        listed.expect_err("no directory").cause,
        Cause::NotADirectory
    );
}

fn a_link_to_a_directory_is_not_listed(v: &dyn Volume) {
    apply(
        v,
        &[make_dir("d"), make_file("d/f", ""), soft(v, "l", "d", true)],
    );
    let mut seen = 0;
    let listed = v.read_dir(&path("l"), &mut |_| {
        seen += 1;
        ControlFlow::Continue(())
    });
    assert_is!(listed.expect_err("a link").cause, Cause::NotADirectory);
    assert_eq!(seen, 0);
}

fn a_listing_agrees_with_a_look(v: &dyn Volume) {
    apply(
        v,
        &[make_dir("d"), make_file("f", "text"), make_file("d/g", "")],
    );
    for listed in linksmith::volume::list(v, &EntryPath::root()).expect("a listing") {
        let at = EntryPath::root().join(listed.name.as_ref().expect("a name"));
        let looked = v.entry(&at).expect("an entry");
        assert_eq!((&looked.name, looked.id), (&listed.name, listed.id));
        assert_eq!((looked.base, looked.size), (listed.base, listed.size));
        assert_eq!(looked.attributes, listed.attributes);
        // A listing may leave the number of names open.
        assert!(listed.links.is_none() || listed.links == looked.links);
    }
}

fn only_links_say_something(v: &dyn Volume) {
    apply(v, &[make_dir("d"), make_file("f", "text")]);
    assert_eq!((text(v, "d"), text(v, "f")), (None, None));
    assert!(!entry(v, "d").is_link() && !entry(v, "f").is_link());
}

fn an_entry_has_the_name_it_was_made_with(v: &dyn Volume) {
    apply(v, &[make_dir("Dir"), make_file("Dir/File.TXT", "")]);
    assert_eq!(entry(v, "dIR/fILE.txt").name, Some(name("File.TXT")));
    assert_eq!(names(v, "DIR"), ["File.TXT"]);
}

fn every_name_of_a_file_is_found(v: &dyn Volume) {
    apply(
        v,
        &[
            make_dir("d"),
            make_file("a", ""),
            hard_link("a", "d/b"),
            hard_link("d/b", "c"),
            make_file("other", ""),
        ],
    );
    let mut all = v.names(&path("d/b")).expect("names");
    all.sort();
    assert_eq!(all, [path("a"), path("c"), path("d/b")]);
    apply(v, &[remove("c"), rename("d", "e")]);
    let mut all = v.names(&path("a")).expect("names");
    all.sort();
    assert_eq!(all, [path("a"), path("e/b")]);
}

fn names_differ_by_more_than_case(v: &dyn Volume) {
    apply(v, &[make_file("straße é", "")]);
    assert!(is_there(v, "STRAßE É"));
    assert!(!is_there(v, "STRASSE É"));
    assert_is!(refused(v, make_file("Straße É", "")), Cause::Exists);
    assert!(v.compare_names(&name("a"), &name("A")).is_eq());
    assert!(v.compare_names(&name("ß"), &name("SS")).is_ne());
}

fn names_that_differ_in_case_are_two(v: &dyn Volume) {
    apply(v, &[make_file("a", "small"), make_file("A", "big")]);
    assert_eq!(
        (contents(v, "a"), contents(v, "A")),
        (b"small".to_vec(), b"big".to_vec())
    );
    assert!(v.compare_names(&name("a"), &name("A")).is_ne());
}

fn the_volume_has_room(v: &dyn Volume) {
    let space = v.space().expect("space");
    assert!(space.free > 0 && space.free <= space.total);
}
