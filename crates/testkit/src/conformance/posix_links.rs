//! Symbolic links of POSIX file systems.

use linksmith::entry::{Base, LinkText};
use linksmith::path::NameError;
use linksmith::plan::Step;
use linksmith::volume::{Caps, Cause, Volume};

use super::Need;
use super::kit::*;

const POSIX: Need = Need::Caps(Caps::POSIX_SYMLINK);

cases! {
    a_posix_link_keeps_its_text: POSIX;
    a_posix_link_of_the_longest_text: POSIX;
    a_posix_link_needs_a_text: POSIX;
    no_posix_links_where_there_are_none: Need::Without(Caps::POSIX_SYMLINK);
}

fn posix(at: &str, text: impl Into<Vec<u8>>) -> Step {
    make_link(at, LinkText::Posix(text.into()), false)
}

fn a_posix_link_keeps_its_text(v: &dyn Volume) {
    for (n, target) in ["x", "../x", "/", "a//b/./", " ", "C:\\x"]
        .into_iter()
        .enumerate()
    {
        let at = format!("l{n}");
        apply(v, &[posix(&at, target)]);
        assert_eq!(text(v, &at), Some(LinkText::Posix(target.into())));
        let link = entry(v, &at);
        assert_eq!(
            (link.base, link.tag, link.size),
            (Base::PosixSymlink, None, 0)
        );
        assert!(link.is_link());
    }
}

fn a_posix_link_of_the_longest_text(v: &dyn Volume) {
    let long = vec![b'x'; 4095];
    apply(v, &[posix("l", long.clone())]);
    assert_eq!(text(v, "l"), Some(LinkText::Posix(long)));
}

fn a_posix_link_needs_a_text(v: &dyn Volume) {
    assert_is!(refused(v, posix("l", "")), Cause::Name(NameError::Empty));
    assert_is!(
        refused(v, posix("l", "a\0b")),
        Cause::Name(NameError::Character(_))
    );
    assert_is!(
        refused(v, posix("l", vec![b'x'; 4096])),
        Cause::Name(NameError::TooLong(4096))
    );
}

fn no_posix_links_where_there_are_none(v: &dyn Volume) {
    assert_is!(refused(v, posix("l", "x")), Cause::Unsupported(_));
}
