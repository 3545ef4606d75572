//! Where the article is wrong or dated: a test for each correction.

use linksmith::ops::create::{Request, Spelled, Want};
use linksmith::volume::memory::MemoryVolume;
use linksmith::{
    Base, Caps, Cause, End, EntryPath, ErrorClass, Kind, LinkText, ReparsePoint, ReparseTag,
    Status, Step, TargetPath, View, VolumeError, Win32Error,
};

use crate::world::{SOFT, SOFT_DIR, SOFT_FILE, World};

/// The substitute name and the print name of a link.
fn names(world: &World, path: &str) -> (String, String) {
    let Some(LinkText::Reparse(point)) = world.look(path).text else {
        panic!("no reparse point");
    };
    match point.view().expect("sound") {
        View::Symlink {
            substitute, print, ..
        }
        | View::MountPoint { substitute, print } => (substitute.to_string(), print.to_string()),
        other => panic!("{other:?}"),
    }
}

/// Sets reparse data on what is there, as a driver would.
fn set(world: &World, path: &str, data: ReparsePoint) -> Result<(), Cause> {
    let place = world.drives.locate(path.as_ref()).expect("a place");
    let volume = world.drives.volume(place.drive).expect("a volume");
    let step = Step::SetReparse {
        at: place.path,
        data,
    };
    volume.apply(&[step]).map_err(|e| e.source.cause)
}

#[test]
fn without_d_a_file_link_is_made_that_cannot_be_traversed() {
    let world = World::article();
    world.file(r"real_dir\inside", "x");
    let mut request = Request::new(SOFT_FILE, "symlink_dir", "real_dir");
    let refused = world.plan(&request).expect_err("not by us, unasked");
    assert_eq!(
        refused.to_string(),
        "cannot make the soft link 'symlink_dir': 'real_dir' is a directory, \
         and a link for files does not lead to it"
    );
    request.wrong_kind = true;
    world.create(&request).expect("as mklink does");
    assert_eq!(world.look("symlink_dir").entry.base, Base::File);
    assert_eq!(world.read(r"symlink_dir\inside"), None);
}

#[test]
fn only_hard_links_need_the_targets_volume() {
    let world = World::article();
    world.file(r"D:\f", "there");
    world.link(SOFT, "soft", r"D:\f");
    assert_eq!(world.status("soft"), Status::Ok);
    let (_, code) = world.refused(Want::Hard, "hard", r"D:\f");
    assert_eq!(code, Some(17));
}

#[test]
fn symlinks_reach_the_network() {
    let world = World::article();
    world.link(SOFT_DIR, "share", r"\\srv\sh\x");
    let stored = (r"\??\UNC\srv\sh\x".into(), r"\\srv\sh\x".into());
    assert_eq!(names(&world, "share"), stored);
    assert_eq!(world.status("share"), Status::Unreachable, "never broken");
}

#[test]
fn only_relative_symlinks_stay_on_one_volume() {
    let world = World::article();
    world.file(r"D:\f", "there");
    let relative = Request {
        spelled: Spelled::Relative,
        ..Request::new(SOFT, "link", r"D:\f")
    };
    let error = world.plan(&relative).expect_err("no way there");
    assert_eq!(
        error.cause.to_string(),
        r"there is no relative path from 'C:\symlink_test' to 'D:\f'"
    );
    assert_eq!(
        error.cause.hint(error.want).as_deref(),
        Some("`--absolute` stores the whole path.")
    );
}

#[test]
fn junctions_differ_by_tag_and_stored_path() {
    let world = World::article();
    world.link(Want::Junction, "junction", "real_dir");
    world.link(SOFT, "soft", "real_dir");
    let tag = |path| world.look(path).entry.tag;
    assert_eq!(tag("junction"), Some(ReparseTag(0xA000_0003)));
    assert_eq!(tag("soft"), Some(ReparseTag(0xA000_000C)));
    let absolute = (
        r"\??\C:\symlink_test\real_dir".into(),
        r"C:\symlink_test\real_dir".into(),
    );
    assert_eq!(names(&world, "junction"), absolute);
    assert_eq!(
        names(&world, "soft"),
        ("real_dir".into(), "real_dir".into())
    );
}

#[test]
fn for_a_junction_to_the_network_a_soft_link_is_offered() {
    let world = World::article();
    let request = Request {
        or: vec![SOFT_DIR],
        ..Request::new(Want::Junction, "link", r"\\srv\sh")
    };
    let made = world.create(&request).expect("a soft link");
    assert_eq!(world.kind("link"), Kind::Symlink);
    let words = &made.plan.warnings[0].message;
    assert!(
        words.starts_with(r"'\\srv\sh' was not looked at") || words.starts_with("made a soft link"),
        "{words}"
    );
    assert!(
        made.plan
            .warnings
            .iter()
            .any(|w| w.message.starts_with("made a soft link instead"))
    );
}

#[test]
fn a_link_is_what_has_the_name_surrogate_bit() {
    let world = World::article();
    let check = |name: &str, tag: ReparseTag, link: bool| {
        world.file(name, "");
        let bytes = [&tag.0.to_le_bytes()[..], &[5, 0, 0, 0, 2, 0, 0, 0, b'x']].concat();
        let point = ReparsePoint::from_bytes(bytes).expect("a sound header");
        set(&world, name, point).expect("set");
        assert_eq!(world.look(name).entry.is_link(), link, "{tag}");
    };
    check("wsl", ReparseTag::LX_SYMLINK, true);
    check("wci", ReparseTag::WCI_LINK, true);
    check("global", ReparseTag::GLOBAL_REPARSE, true);
    check("cloud", ReparseTag::CLOUD_6, false);
    check("dedup", ReparseTag::DEDUP, false);
    check("compressed", ReparseTag::WOF, false);
    check("socket", ReparseTag::AF_UNIX, false);
    assert_eq!(world.kind("wsl"), Kind::Wsl);
    assert_eq!(world.kind("cloud"), Kind::Cloud);
}

#[test]
fn volume_mount_points_are_a_kind_of_their_own() {
    let world = World::article();
    let guid = r"\\?\Volume{01234567-89ab-cdef-0123-456789abcdef}\";
    let d = world.drives.locate(r"D:\".as_ref()).expect("a place").drive;
    let parsed = TargetPath::parse(guid);
    let linksmith::path::Root::Volume(id) = parsed.root() else {
        panic!("{parsed:?}");
    };
    world.drives.set_volume_guid(d, *id);
    world.file(r"D:\there", "there");
    world.link(Want::Mount, "by_guid", guid);
    world.link(Want::Mount, "by_letter", "D:");
    assert_eq!(world.kind("by_guid"), Kind::Mount);
    assert_eq!(world.read(r"by_guid\there").as_deref(), Some("there"));
    assert_eq!(names(&world, "by_guid"), names(&world, "by_letter"));
    let (words, _) = world.refused(Want::Mount, "no", r"C:\symlink_test");
    assert_eq!(words, r"'C:\symlink_test' is no volume whose GUID is known");
}

#[test]
fn symlinks_need_a_privilege_and_junctions_none() {
    let refused = VolumeError::new("make", &EntryPath::root(), Cause::Privilege);
    assert_eq!(refused.cause.win32(), Some(1314));
    let hint = Win32Error(1314).hint().expect("a hint");
    assert!(
        hint.contains("Developer Mode") && hint.contains("junction"),
        "{hint}"
    );
    let request = Request {
        or: vec![Want::Junction],
        ..Request::new(SOFT, "link", "real_dir")
    };
    let instead = request.fall_back(&refused).expect("another kind");
    assert_eq!((instead.want, instead.or), (Want::Junction, vec![]));
    let other = VolumeError::new("make", &EntryPath::root(), Cause::NoSpace);
    assert_eq!(request.fall_back(&other), None);
}

#[test]
fn a_file_has_at_most_1024_names() {
    let world = World::article();
    for n in 1..1024 {
        world.link(Want::Hard, &format!("name{n}"), "real_file.txt");
    }
    assert_eq!(world.names("real_file.txt"), 1024);
    let (words, code) = world.refused(Want::Hard, "one_more", "real_file.txt");
    assert_eq!(
        words,
        "the file has 1024 names already, the most that this volume allows"
    );
    assert_eq!(code, Some(1142));
}

/// A chain of `n` links, each to the one before; the first leads to the file.
fn chain(n: usize, root: &str) -> World {
    let world = World::article();
    let mut last = String::from("real_file.txt");
    for at in 0..n {
        let name = format!("link{at}");
        let target = format!("{root}{last}");
        let request = Request {
            dangling: true,
            ..Request::new(SOFT_FILE, &name, target)
        };
        world.create(&request).expect("a link");
        last = name;
    }
    world
}

#[test]
fn sixty_three_reparse_points_on_one_path_and_no_more() {
    let world = chain(64, "");
    assert_eq!(world.status("link62"), Status::Ok);
    assert_eq!(world.status("link63"), Status::TooDeep);
}

#[test]
fn thirty_one_when_targets_are_fully_qualified() {
    let world = chain(32, r"C:\symlink_test\");
    assert_eq!(world.status("link30"), Status::Ok);
    assert_eq!(world.status("link31"), Status::TooDeep);
}

#[test]
fn links_that_lead_to_themselves_are_not_made_unasked() {
    let world = World::article();
    let (words, code) = world.refused(SOFT, "own", "own");
    assert_eq!(
        words,
        "'own' leads nowhere from there: the link 'C:\\symlink_test\\own' leads back to itself"
    );
    assert_eq!(code, Some(1921));
    let asked = Request {
        dangling: true,
        ..Request::new(SOFT_FILE, "own", "own")
    };
    world.create(&asked).expect("asked");
    assert_eq!(world.status("own"), Status::Loop);
}

#[test]
fn reparse_data_have_at_most_16_kib() {
    let world = World::article();
    let long = |units: usize| Request {
        dangling: true,
        ..Request::new(SOFT_FILE, "link", "x".repeat(units))
    };
    let error = world.plan(&long(4092)).expect_err("too long");
    assert_eq!(
        error.cause.to_string(),
        "the link would take 16388 bytes; 16384 is the most"
    );
    assert_eq!(error.cause.class(), ErrorClass::Unsupported);
    world.create(&long(4091)).expect("just fits");
}

#[test]
fn a_junctions_directory_must_be_empty() {
    let world = World::article();
    world.dir("full");
    world.file(r"full\f", "x");
    let junction = ReparsePoint::junction(&TargetPath::parse(r"C:\symlink_test\real_dir"));
    let refused = set(&world, "full", junction.expect("encodes")).expect_err("not empty");
    assert_eq!(refused.win32(), Some(145));
}

#[test]
fn there_are_no_links_on_fat() {
    let world = World::of([
        ('C', MemoryVolume::ntfs()),
        ('F', MemoryVolume::ntfs().with_caps(Caps::empty())),
    ]);
    world.file(r"F:\file", "x");
    world.dir(r"F:\dir");
    for (want, target) in [
        (SOFT, "file"),
        (Want::Hard, r"F:\file"),
        (Want::Junction, r"F:\dir"),
    ] {
        let error = world
            .plan(&Request::new(want, r"F:\link", target))
            .expect_err("no links");
        assert_eq!(error.cause.class(), ErrorClass::Unsupported, "{error}");
        assert_eq!(error.cause.win32(), Some(50));
    }
}

#[test]
fn force_detaches_the_link_and_never_empties_the_target() {
    let world = World::article();
    world.file(r"real_dir\precious", "precious");
    world.dir("other");
    for (want, old) in [
        (Want::Junction, Want::Junction),
        (SOFT, Want::Junction),
        (Want::Junction, SOFT),
    ] {
        world.link(old, "link", "real_dir");
        let request = Request {
            force: true,
            ..Request::new(want, "link", "other")
        };
        world.create(&request).expect("replaced");
        assert_eq!(world.end("link"), r"C:\symlink_test\other");
        assert_eq!(
            world.read(r"real_dir\precious").as_deref(),
            Some("precious")
        );
        world.delete("link");
    }
}

#[test]
fn the_end_of_a_link_to_a_drive_that_is_not_attached_is_said() {
    let world = World::article();
    let made = world.link(SOFT_FILE, "link", r"E:\x");
    assert_eq!(made.plan.warnings.len(), 1);
    let end = world.look("link").resolution.expect("a link").end;
    assert!(matches!(end, End::Unreachable { .. }), "{end:?}");
}
