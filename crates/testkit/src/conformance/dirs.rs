//! Making directories, and what no entry can be called.

use linksmith::entry::{Base, LinkText};
use linksmith::path::{EntryPath, Name, NameError};
use linksmith::plan::Step;
use linksmith::volume::{Cause, PathStyle, Volume};

use super::Need;
use super::kit::*;

const WINDOWS: Need = Need::Style(PathStyle::Windows);
const POSIX: Need = Need::Style(PathStyle::Posix);

cases! {
    a_directory_is_made_empty;
    directories_in_one_go;
    nothing_is_made_where_something_is;
    no_link_is_made_where_something_is: Need::AnyLink;
    nothing_is_made_where_no_directory_is;
    the_root_is_there_already;
    the_longest_name;
    a_name_too_long;
    a_path_longer_than_any_call_takes;
    names_from_all_of_unicode;
    unpaired_surrogates_are_kept: WINDOWS;
    bytes_that_are_not_unicode_are_refused: WINDOWS;
    bytes_that_are_not_unicode_are_kept: POSIX;
    characters_windows_does_not_take: WINDOWS;
    characters_posix_takes: POSIX;
    names_of_devices_and_trailing_dots_are_names;
}

fn a_directory_is_made_empty(v: &dyn Volume) {
    apply(v, &[make_dir("d")]);
    let dir = entry(v, "d");
    assert_eq!((dir.base, dir.tag, dir.size), (Base::Dir, None, 0));
    assert!(names(v, "d").is_empty());
    assert_eq!(names(v, ""), ["d"]);
}

fn directories_in_one_go(v: &dyn Volume) {
    apply(
        v,
        &[
            make_dir("a"),
            make_dir("a/b"),
            make_dir("a/b/c"),
            make_file("a/b/c/f", "deep"),
        ],
    );
    assert_eq!(contents(v, "a/b/c/f"), b"deep");
}

fn nothing_is_made_where_something_is(v: &dyn Volume) {
    apply(v, &[make_dir("d"), make_file("f", "text")]);
    for at in ["d", "f"] {
        assert_is!(refused(v, make_dir(at)), Cause::Exists);
        assert_is!(refused(v, make_file(at, "x")), Cause::Exists);
    }
    assert_is!(refused(v, rename("f", "d")), Cause::Exists);
    assert_is!(refused(v, rename("d", "f")), Cause::Exists);
}

fn no_link_is_made_where_something_is(v: &dyn Volume) {
    apply(
        v,
        &[
            make_dir("d"),
            make_file("f", ""),
            soft(v, "l", "nowhere", false),
        ],
    );
    for at in ["d", "f", "l"] {
        assert_is!(refused(v, soft(v, at, "x", false)), Cause::Exists);
        assert_is!(refused(v, soft(v, at, "x", true)), Cause::Exists);
    }
    // A dangling link takes its name too.
    assert_is!(refused(v, make_file("l", "x")), Cause::Exists);
    assert_is!(refused(v, make_dir("l")), Cause::Exists);
    assert!(!is_there(v, "nowhere"));
}

fn nothing_is_made_where_no_directory_is(v: &dyn Volume) {
    apply(v, &[make_file("f", "")]);
    assert_is!(refused(v, make_dir("x/y")), Cause::PathNotFound(at) if *at == path("x"));
    assert_is!(refused(v, make_file("x/y/z", "")), Cause::PathNotFound(at) if *at == path("x"));
    assert_is!(refused(v, make_file("f/x", "")), Cause::NotADirectory);
}

fn the_root_is_there_already(v: &dyn Volume) {
    let at = EntryPath::root();
    assert_is!(refused(v, Step::MakeDir { at: at.clone() }), Cause::Exists);
    assert_is!(
        refused(
            v,
            Step::MakeFile {
                at,
                contents: Vec::new()
            }
        ),
        Cause::Exists
    );
}

fn the_longest_name(v: &dyn Volume) {
    let long = "n".repeat(255);
    apply(
        v,
        &[make_dir(&long), make_file(&format!("{long}/{long}"), "x")],
    );
    assert_eq!(names(v, &long).concat(), long);
}

fn a_name_too_long(v: &dyn Volume) {
    let long = "n".repeat(256);
    assert_is!(
        refused(v, make_dir(&long)),
        Cause::Name(NameError::TooLong(256))
    );
    assert_is!(
        refused(v, make_file(&long, "")),
        Cause::Name(NameError::TooLong(256))
    );
    apply(v, &[make_file("f", "")]);
    assert_is!(
        refused(v, rename("f", &long)),
        Cause::Name(NameError::TooLong(256))
    );
}

fn a_path_longer_than_any_call_takes(v: &dyn Volume) {
    let mut at = String::new();
    let mut steps = Vec::new();
    for n in 0..40 {
        at = format!("{at}{}{n:03}", if n == 0 { "" } else { "/" }) + &"d".repeat(197);
        steps.push(make_dir(&at));
    }
    apply(v, &steps);
    let file = format!("{at}/file");
    apply(v, &[make_file(&file, "deep down")]);
    assert_eq!(contents(v, &file), b"deep down");
    assert_eq!(names(v, &at), ["file"]);
    assert_is!(
        refused(v, make_dir(&format!("{at}/x/y"))),
        Cause::PathNotFound(_)
    );
}

fn names_from_all_of_unicode(v: &dyn Volume) {
    let all = [
        "ä",
        "日本語",
        "\u{1F600}",
        "e\u{301}",
        " leading",
        "a b",
        "~$x",
        "#%&'()+,;=@[]^`{}!",
    ];
    for at in all {
        apply(v, &[make_file(at, at)]);
        assert_eq!(contents(v, at), at.as_bytes());
        assert_eq!(entry(v, at).name, Some(name(at)));
    }
    assert_eq!(names(v, "").len(), all.len());
}

fn unpaired_surrogates_are_kept(v: &dyn Volume) {
    for units in [vec![0xD800], vec![0xDC00, 0xD800], vec![0x61, 0xDFFF, 0x62]] {
        let name = Name::from_utf16(&units).expect("a name");
        let at = EntryPath::root().join(&name);
        apply(
            v,
            &[Step::MakeFile {
                at: at.clone(),
                contents: b"x".to_vec(),
            }],
        );
        assert_eq!(v.entry(&at).expect("an entry").name, Some(name));
    }
    assert_eq!(names(v, "").len(), 3);
}

fn not_unicode() -> EntryPath {
    EntryPath::parse(b"n\xFFme").expect("a path")
}

fn bytes_that_are_not_unicode_are_refused(v: &dyn Volume) {
    let at = not_unicode();
    let step = Step::MakeFile {
        at: at.clone(),
        contents: Vec::new(),
    };
    assert_is!(refused(v, step), Cause::Name(NameError::NotUnicode));
    assert!(v.entry(&at).is_err());
}

fn bytes_that_are_not_unicode_are_kept(v: &dyn Volume) {
    let at = not_unicode();
    apply(v, &[Step::MakeDir { at: at.clone() }]);
    assert_eq!(v.entry(&at).expect("an entry").name, at.file_name());
    let link = LinkText::Posix(b"t\xFEo".to_vec());
    let step = Step::MakeLink {
        at: path("l"),
        link: link.clone(),
        dir: false,
    };
    apply(v, &[step]);
    assert_eq!(text(v, "l"), Some(link));
}

fn characters_windows_does_not_take(v: &dyn Volume) {
    for bad in [
        "a\\b", "a:b", "a*", "a?", "a\"", "a<", "a>", "a|", "a\u{1}b", "\u{1F}",
    ] {
        assert_is!(refused(v, make_file(bad, "")), Cause::Name(_));
        assert_is!(refused(v, make_dir(bad)), Cause::Name(_));
    }
}

fn characters_posix_takes(v: &dyn Volume) {
    for at in ["a\\b", "a:b", "a*?\"<>|", "\u{1}", "a\nb"] {
        apply(v, &[make_file(at, at)]);
        assert_eq!(contents(v, at), at.as_bytes());
    }
}

/// Win32 paths cannot say them, but volumes hold them.
fn names_of_devices_and_trailing_dots_are_names(v: &dyn Volume) {
    for at in ["CON", "nul.txt", "COM1", "dot.", "dots...", "space "] {
        apply(v, &[make_file(at, at)]);
        assert_eq!(contents(v, at), at.as_bytes());
        assert_eq!(entry(v, at).name, Some(name(at)));
    }
    assert_eq!(names(v, "").len(), 6);
    assert!(!is_there(v, "dot"));
}
