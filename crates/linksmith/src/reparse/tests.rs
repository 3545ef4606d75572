mod golden;
mod malformed;

use proptest::prelude::*;

use super::*;
use crate::entry::{Attributes, Base, Entry, FileId, LinkKind, LinkText, Times};
use crate::path::{Guid, TargetPath};

/// UTF-16LE bytes of a text.
fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// A buffer from its tag and the data after its header.
fn buffer(tag: ReparseTag, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len()).expect("short");
    [
        &tag.0.to_le_bytes()[..],
        &length.to_le_bytes(),
        &[0, 0],
        data,
    ]
    .concat()
}

fn point(bytes: Vec<u8>) -> ReparsePoint {
    ReparsePoint::from_bytes(bytes).expect("a sound header")
}

fn target(point: &ReparsePoint) -> String {
    let view = point.view().expect("a sound buffer");
    view.target().expect("a target").display().into_owned()
}

#[test]
fn links_from_targets() {
    #[track_caller]
    fn check(text: &str, substitute: &str, print: &str, relative: bool) {
        let point = ReparsePoint::symlink(&TargetPath::parse(text)).expect("encodes");
        let View::Symlink {
            substitute: s,
            print: p,
            relative: r,
            ..
        } = point.view().expect("reads back")
        else {
            panic!("no symlink");
        };
        assert_eq!(
            (s.to_string(), p.to_string(), r),
            (substitute.into(), print.into(), relative)
        );
        point.check_settable().expect("Windows takes it");
    }
    check("real_dir", "real_dir", "real_dir", true);
    check("../a/b", r"..\a\b", r"..\a\b", true);
    check(r"\dir", r"\dir", r"\dir", true);
    check(r"C:\a\..\b", r"\??\C:\b", r"C:\a\..\b", false);
    check(r"c:\test", r"\??\c:\test", r"c:\test", false);
    check(r"\\srv\sh\x", r"\??\UNC\srv\sh\x", r"\\srv\sh\x", false);
    check(
        r"\\?\UNC\srv\sh",
        r"\??\UNC\srv\sh",
        r"\\?\UNC\srv\sh",
        false,
    );
    check(r"\??\C:\x", r"\??\C:\x", r"C:\x", false);
}

#[test]
fn junctions_from_targets() {
    #[track_caller]
    fn check(text: &str, substitute: &str, print: &str) {
        let point = ReparsePoint::junction(&TargetPath::parse(text)).expect("encodes");
        let View::MountPoint {
            substitute: s,
            print: p,
        } = point.view().expect("reads back")
        else {
            panic!("no mount point");
        };
        assert_eq!(
            (s.to_string(), p.to_string()),
            (substitute.into(), print.into())
        );
        point.check_settable().expect("Windows takes it");
    }
    check(
        r"C:\symlink_test\real_dir",
        r"\??\C:\symlink_test\real_dir",
        r"C:\symlink_test\real_dir",
    );
    check(r"\\?\C:\x\", r"\??\C:\x\", r"C:\x\");
    let volume = r"Volume{01234567-89ab-cdef-0123-456789abcdef}\foo\";
    check(
        &format!(r"\\?\{volume}"),
        &format!(r"\??\{volume}"),
        &format!(r"\\?\{volume}"),
    );
}

#[test]
fn what_cannot_be_encoded() {
    let symlink = |text: &str| ReparsePoint::symlink(&TargetPath::parse(text));
    assert_eq!(symlink(""), Err(EncodeError::Empty));
    assert_eq!(symlink("a\0b"), Err(EncodeError::Nul));
    assert_eq!(symlink("C:x"), Err(EncodeError::NoTarget("C:x".into())));
    assert_eq!(symlink(r"\\\x"), Err(EncodeError::NoTarget(r"\\\x".into())));
    let bytes = ReparsePoint::symlink(&TargetPath::parse(b"a\xFF"));
    assert_eq!(bytes, Err(EncodeError::NotUnicode));
    let junction = ReparsePoint::junction(&TargetPath::parse("x"));
    assert_eq!(junction, Err(EncodeError::NotAbsolute("x".into())));
}

#[test]
fn the_longest_targets() {
    // 20 bytes of header and fields, then twice the same name of n UTF-16 units.
    let most = (MAXIMUM_SIZE - 20) / 4;
    let longest = ReparsePoint::symlink(&TargetPath::parse("x".repeat(most)));
    assert_eq!(longest.map(|p| p.as_bytes().len()), Ok(MAXIMUM_SIZE));
    let longer = ReparsePoint::symlink(&TargetPath::parse("x".repeat(most + 1)));
    assert_eq!(
        longer,
        Err(EncodeError::TooLong {
            size: MAXIMUM_SIZE + 4
        })
    );
    let absurd = ReparsePoint::symlink(&TargetPath::parse("x".repeat(40_000)));
    assert!(
        matches!(absurd, Err(EncodeError::TooLong { .. })),
        "{absurd:?}"
    );
}

#[test]
fn volume_mount_points() {
    let guid = Guid(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef);
    let mount = ReparsePoint::volume_mount_point(guid).expect("encodes");
    assert_eq!(
        target(&mount),
        r"\??\Volume{01234567-89ab-cdef-0123-456789abcdef}\"
    );
    assert!(mount.view().expect("reads").is_volume_mount_point());
    mount.check_settable().expect("Windows takes it");
    let below = TargetPath::parse(format!(r"\\?\Volume{guid}\dir"));
    let junction = ReparsePoint::junction(&below).expect("encodes");
    assert!(!junction.view().expect("reads").is_volume_mount_point());
}

#[test]
fn interix_files() {
    let contents = interix_contents("../a/ü".as_bytes()).expect("encodes");
    assert_eq!(contents[..10], *b"IntxLNK\x01.\0");
    let target = interix_target(&contents).expect("a link");
    assert_eq!(target.display(), "../a/ü");
    for none in [
        &b""[..],
        b"IntxLNK\x01",
        b"IntxLNK\x01a",
        b"IntxCHR\0a\0",
        b"IntxLNK\x02a\0",
    ] {
        assert_eq!(interix_target(none), None, "{none:?}");
    }
}

fn entry(base: Base, tag: Option<ReparseTag>, links: u32) -> Entry {
    Entry {
        name: None,
        short_name: None,
        id: FileId { volume: 1, file: 1 },
        base,
        tag,
        links: Some(links),
        size: 0,
        attributes: Attributes::empty(),
        times: Times::default(),
    }
}

#[test]
fn kinds_of_entries() {
    let check = |base, tag: Option<u32>, links, word| {
        let entry = entry(base, tag.map(ReparseTag), links);
        assert_eq!(
            Kind::of(&entry, None).word(),
            word,
            "{base:?} {tag:?} {links}"
        );
    };
    check(Base::File, None, 1, "file");
    check(Base::File, None, 2, "hard");
    check(Base::Dir, None, 5, "dir");
    check(Base::PosixSymlink, None, 1, "symlink");
    check(Base::Special, None, 1, "other");
    check(Base::Dir, Some(0xA000_000C), 1, "symlink");
    check(Base::File, Some(0xA000_000C), 2, "symlink");
    check(Base::Dir, Some(0xA000_0003), 1, "junction");
    check(Base::File, Some(0xA000_001D), 1, "wsl");
    check(Base::File, Some(0x8000_001B), 1, "app-exec");
    check(Base::Dir, Some(0x9000_601A), 1, "cloud");
    check(Base::File, Some(0x8000_0017), 1, "other");
    check(Base::File, Some(0x0000_0017), 1, "other");
    for kind in Kind::ALL {
        assert_eq!(Kind::from_word(kind.word()), Some(kind));
    }
}

#[test]
fn a_mount_points_text_tells_junctions_from_volumes() {
    let dir = entry(Base::Dir, Some(ReparseTag::MOUNT_POINT), 1);
    let mount = ReparsePoint::volume_mount_point(Guid(7)).map(LinkText::Reparse);
    let junction = ReparsePoint::junction(&TargetPath::parse(r"C:\x")).map(LinkText::Reparse);
    assert_eq!(Kind::of(&dir, mount.as_ref().ok()), Kind::Mount);
    assert_eq!(Kind::of(&dir, junction.as_ref().ok()), Kind::Junction);
    assert_eq!(
        LinkKind::of(&dir, mount.as_ref().ok()),
        Some(LinkKind::VolumeMountPoint)
    );
}

/// Bytes with a header that passes, so that the views are reached.
fn plausible() -> impl Strategy<Value = Vec<u8>> {
    let tag = prop::sample::select(vec![
        ReparseTag::SYMLINK,
        ReparseTag::MOUNT_POINT,
        ReparseTag::LX_SYMLINK,
        ReparseTag::APP_EXEC_LINK,
        ReparseTag::CLOUD,
    ]);
    let small = prop_oneof![0u8..24, any::<u8>()];
    (tag, prop::collection::vec(small, 0..80)).prop_map(|(tag, data)| buffer(tag, &data))
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(
        bytes in prop_oneof![plausible(), prop::collection::vec(any::<u8>(), 0..80)]
    ) {
        if let Ok(point) = ReparsePoint::from_bytes(bytes.clone()) {
            prop_assert_eq!(point.as_bytes(), &bytes[..]);
            if let Ok(view) = point.view() {
                let _ = (view.target(), view.print(), view.is_volume_mount_point());
            } else {
                prop_assert!(point.check_settable().is_err(), "settable, not readable");
            }
        }
        let _ = interix_target(&bytes);
    }

    #[test]
    fn any_relative_target_comes_back(units in prop::collection::vec(1u16.., 1..40)) {
        let target = TargetPath::parse_utf16(&units);
        if let Ok(point) = ReparsePoint::symlink(&target) {
            let view = point.view().expect("our own");
            let shown = view.print().expect("a print name").to_utf16().expect("UTF-16");
            let slashes: Vec<u16> = units.iter().map(|u| if *u == 0x2F { 0x5C } else { *u }).collect();
            prop_assert!(shown == units || shown == slashes);
            prop_assert_eq!(view.target().expect("a target").is_absolute(), target.is_absolute());
        }
    }

    #[test]
    fn any_wsl_target_comes_back(target in prop::collection::vec(1u8.., 1..60)) {
        let point = ReparsePoint::wsl_symlink(&target).expect("encodes");
        prop_assert_eq!(point.view(), Ok(View::Wsl { target: &target }));
    }
}
