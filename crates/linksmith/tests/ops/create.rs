//! The options of making a link, and every way in which it is refused.

use linksmith::ops::create::{Request, Spelled, Want};
use linksmith::volume::memory::MemoryVolume;
use linksmith::{Caps, ErrorClass, Kind, LinkKind, LinkText, Status, Step, View};

use crate::world::{SOFT, SOFT_DIR, SOFT_FILE, World};

fn forced(want: Want, link: &str, target: &str) -> Request {
    Request {
        force: true,
        ..Request::new(want, link, target)
    }
}

/// The print name of a link about to be made.
fn stored(world: &World, request: &Request) -> String {
    let made = world.plan(request).expect("a plan");
    let Some(LinkText::Reparse(point)) = &made.text else {
        panic!("no reparse point");
    };
    let view = point.view().expect("sound");
    view.print().expect("a print name").display().into_owned()
}

#[test]
fn planning_changes_nothing() {
    let world = World::article();
    let before = world.tree();
    world
        .plan(&Request::new(SOFT, "soft", "real_dir"))
        .expect("a plan");
    world
        .plan(&Request::new(Want::Hard, "hard", "real_file.txt"))
        .expect("a plan");
    world
        .plan(&Request::new(Want::Junction, "junction", "real_dir"))
        .expect("a plan");
    assert_eq!(world.tree(), before);
}

#[test]
fn the_kind_is_seen_from_the_links_own_folder() {
    let world = World::article();
    world.dir("sub");
    world.dir(r"sub\x");
    world.file("x", "a file of that name where we stand");
    let made = world.link(SOFT, r"sub\link", "x");
    assert_eq!(made.kind, LinkKind::Symlink { dir: true });
    assert_eq!(world.status(r"sub\link"), Status::Ok);
}

#[test]
fn the_kind_is_seen_through_other_links() {
    let world = World::article();
    world.link(Want::Junction, "junction", "real_dir");
    world.link(SOFT, "soft", "real_file.txt");
    assert_eq!(
        world.link(SOFT, "a", "junction").kind,
        LinkKind::Symlink { dir: true }
    );
    assert_eq!(
        world.link(SOFT, "b", "soft").kind,
        LinkKind::Symlink { dir: false }
    );
}

#[test]
fn absent_targets() {
    let world = World::article();
    let check = |want, dangling, expected: Result<LinkKind, &str>| {
        let request = Request {
            dangling,
            ..Request::new(want, "link", "absent")
        };
        let made = world.plan(&request).map(|c| c.kind);
        let made = made.map_err(|e| e.cause.to_string());
        assert_eq!(made, expected.map_err(str::to_owned), "{want:?} {dangling}");
    };
    let missing = Err("the target 'absent' is not there");
    let which = Err("it cannot be seen whether 'absent' is a file or a directory");
    check(SOFT, false, missing);
    check(SOFT_FILE, false, missing);
    check(SOFT, true, which);
    check(SOFT_FILE, true, Ok(LinkKind::Symlink { dir: false }));
    check(SOFT_DIR, true, Ok(LinkKind::Symlink { dir: true }));
    check(Want::Junction, false, missing);
    check(Want::Junction, true, Ok(LinkKind::Junction));
    check(Want::Hard, true, missing);
}

#[test]
fn spellings() {
    let world = World::article();
    world.dir("sub");
    let check = |link: &str, target: &str, spelled, text: &str| {
        let request = Request {
            spelled,
            dangling: true,
            wrong_kind: true,
            ..Request::new(SOFT_FILE, link, target)
        };
        assert_eq!(stored(&world, &request), text, "{link} {target}");
    };
    check("link", "real_file.txt", Spelled::AsIs, "real_file.txt");
    check("link", "sub/x", Spelled::AsIs, r"sub\x");
    check("link", r"\x\y", Spelled::AsIs, r"\x\y");
    check("link", "C:x", Spelled::AsIs, r"C:\symlink_test\x");
    check(
        r"sub\link",
        "real_file.txt",
        Spelled::Relative,
        r"..\real_file.txt",
    );
    check(r"sub\link", r"C:\", Spelled::Relative, r"..\..");
    check(
        r"C:\link",
        "real_file.txt",
        Spelled::Relative,
        r"symlink_test\real_file.txt",
    );
    check(
        r"sub\link",
        r".\a\..\b",
        Spelled::Absolute,
        r"C:\symlink_test\b",
    );
    check(r"sub\link", r"D:\x", Spelled::Absolute, r"D:\x");
}

#[test]
fn a_place_that_is_taken() {
    let world = World::article();
    world.link(SOFT, "link", "real_file.txt");
    world.link(Want::Hard, "hard", "real_file.txt");
    let check = |place: &str, words: &str| {
        for want in [SOFT_FILE, Want::Junction, Want::Hard] {
            let target = if want == Want::Junction {
                "real_dir"
            } else {
                "real_file.txt"
            };
            assert_eq!(
                world.refused(want, place, target),
                (words.to_owned(), Some(183))
            );
        }
    };
    check("link", "a link with that name is there already");
    check("LINK", "a link with that name is there already");
    check("hard", "a hard link with that name is there already");
    check("real_dir", "a directory with that name is there already");
}

#[test]
fn force_never_replaces_a_real_file_or_directory() {
    let world = World::article();
    world.file("single", "one name");
    world.dir("empty");
    let before = world.tree();
    for place in ["single", "real_dir", "empty"] {
        for (want, target) in [
            (SOFT, "real_file.txt"),
            (Want::Junction, "real_dir"),
            (Want::Hard, "real_file.txt"),
        ] {
            let both = Request {
                backup: true,
                ..forced(want, place, target)
            };
            for request in [forced(want, place, target), both] {
                let error = world.create(&request).expect_err("refused");
                assert_eq!(error.cause.class(), ErrorClass::Exists, "{error}");
            }
        }
    }
    assert_eq!(world.tree(), before);
}

#[test]
fn force_replaces_in_place_where_the_link_stays_of_its_kind() {
    let world = World::article();
    world.dir("other");
    world.link(Want::Junction, "junction", "real_dir");
    let before = world.look("junction").entry;
    let made = world
        .create(&forced(Want::Junction, "junction", "other"))
        .expect("replaced");
    assert!(matches!(made.plan.steps[0].step, Step::SetReparse { .. }));
    assert_eq!(made.plan.steps.len(), 1);
    let after = world.look("junction").entry;
    assert_eq!(
        (after.id, after.times.created),
        (before.id, before.times.created)
    );
    assert_eq!(world.end("junction"), r"C:\symlink_test\other");
}

#[test]
fn force_replaces_by_one_rename_where_the_kind_changes() {
    let world = World::article();
    for (old, target) in [
        (SOFT, "real_file.txt"),
        (SOFT, "real_dir"),
        (Want::Hard, "real_file.txt"),
    ] {
        world.link(old, "link", target);
        let made = world
            .create(&forced(Want::Junction, "link", "real_dir"))
            .expect("replaced");
        let steps: Vec<_> = made.plan.steps.iter().map(|s| &s.step).collect();
        assert!(
            matches!(
                steps[..],
                [Step::MakeLink { .. }, Step::Rename { replace: true, .. }]
            ),
            "{steps:?}"
        );
        assert_eq!(world.kind("link"), Kind::Junction);
        world.delete("link");
    }
    assert!(world.tree().iter().all(|line| !line.contains(".tmp")));
}

#[test]
fn without_transactions_a_directory_link_stands_aside() {
    let caps = MemoryVolume::ntfs();
    let caps = linksmith::Volume::info(&caps).caps - Caps::TRANSACTION;
    let world = World::of([('C', MemoryVolume::ntfs().with_caps(caps))]);
    world.dir(r"C:\dir");
    world.link(SOFT, r"C:\link", "dir");
    let made = world
        .create(&forced(Want::Junction, r"C:\link", r"C:\dir"))
        .expect("replaced");
    assert_eq!(made.plan.steps.len(), 3);
    assert_eq!(world.kind(r"C:\link"), Kind::Junction);
    assert_eq!(world.tree().len(), 2);
}

#[test]
fn a_hard_link_takes_the_place_of_a_link_or_of_another_name() {
    let world = World::article();
    world.file("other", "other");
    world.link(Want::Hard, "other_name", "other");
    world.link(SOFT, "soft", "other");
    for place in ["other_name", "soft"] {
        world
            .create(&forced(Want::Hard, place, "real_file.txt"))
            .expect("replaced");
        assert_eq!(world.read(place).as_deref(), Some("fifteen bytes.\n"));
    }
    assert_eq!(world.read("other").as_deref(), Some("other"));
    assert_eq!(world.names("real_file.txt"), 3);
}

#[test]
fn a_hard_link_that_is_there_already_is_left() {
    let world = World::article();
    world.link(Want::Hard, "hard", "real_file.txt");
    let made = world
        .create(&forced(Want::Hard, "hard", "real_file.txt"))
        .expect("nothing to do");
    assert_eq!(made.plan.steps.len(), 0);
    assert_eq!(made.plan.warnings.len(), 1);
    assert_eq!(world.names("hard"), 2);
}

#[test]
fn a_hard_link_to_a_link_is_another_name_of_the_link() {
    let world = World::article();
    world.link(SOFT, "soft", "real_file.txt");
    world.link(Want::Hard, "hard", "soft");
    assert_eq!(world.look("hard").entry.id, world.look("soft").entry.id);
    assert_eq!(world.names("real_file.txt"), 1);
}

#[test]
fn in_place_is_not_for_links_with_several_names() {
    let world = World::article();
    world.file("other", "other");
    world.link(SOFT, "soft", "real_file.txt");
    world.link(Want::Hard, "twin", "soft");
    world
        .create(&forced(SOFT, "soft", "other"))
        .expect("replaced");
    assert_eq!(world.read("soft").as_deref(), Some("other"));
    assert_eq!(world.read("twin").as_deref(), Some("fifteen bytes.\n"));
}

#[test]
fn backup_keeps_the_old_link_beside() {
    let world = World::article();
    world.link(SOFT, "link", "real_file.txt");
    for name in ["link~", "link~2", "link~3"] {
        let request = Request {
            backup: true,
            ..Request::new(SOFT, "link", "real_dir")
        };
        world.create(&request).expect("replaced");
        assert!(world.exists(name), "{name}");
    }
    assert_eq!(world.read("link~").as_deref(), Some("fifteen bytes.\n"));
    assert_eq!(world.end("link~3"), r"C:\symlink_test\real_dir");
}

#[test]
fn fall_backs_are_tried_in_order_and_the_first_refusal_counts() {
    let world = World::article();
    world.file(r"D:\f", "x");
    let request = |or| Request {
        or,
        ..Request::new(Want::Hard, "link", r"D:\f")
    };
    let made = world
        .create(&request(vec![Want::Junction, SOFT]))
        .expect("a soft link");
    assert_eq!(made.kind, LinkKind::Symlink { dir: false });
    assert_eq!(
        made.plan.warnings[0].message,
        r"made a soft link instead: 'D:\f' is on another volume than 'C:\symlink_test\link'"
    );
    world.delete("link");
    let error = world
        .plan(&request(vec![Want::Junction]))
        .expect_err("neither");
    assert_eq!((error.want, error.cause.win32()), (Want::Hard, Some(17)));
}

#[test]
fn a_plan_made_for_another_state_is_refused() {
    let world = World::article();
    let soft = world
        .plan(&Request::new(SOFT, "link", "real_dir"))
        .expect("a plan");
    let hard = world
        .plan(&Request::new(Want::Hard, "hard", "real_file.txt"))
        .expect("a plan");
    world.file("link", "came in between");
    world.delete("real_file.txt");
    world.file("real_file.txt", "another");
    world.run(&soft.plan).expect_err("the place is taken");
    world.run(&hard.plan).expect_err("it is another file");
    assert_eq!(world.read("link").as_deref(), Some("came in between"));
    assert!(!world.exists("hard"));
}

#[test]
fn a_failure_on_the_way_leaves_the_old_link() {
    let world = World::article();
    world.link(SOFT, "link", "real_file.txt");
    let plan = world
        .plan(&forced(Want::Junction, "link", "real_dir"))
        .expect("a plan")
        .plan;
    let before = world.tree();
    let mut broken = plan.clone();
    if let Some(step) = broken.steps.last_mut() {
        let nowhere = linksmith::EntryPath::parse("no/such/place").expect("a path");
        if let Step::Rename { to, .. } = &mut step.step {
            *to = nowhere;
        }
        step.expect.clear();
    }
    world.run(&broken).expect_err("fails");
    assert_eq!(world.tree(), before);
}

#[test]
fn places_and_targets_that_cannot_be() {
    let world = World::article();
    world.file("file", "x");
    world.link(SOFT, "loop_a", "real_file.txt");
    let long = "n".repeat(256);
    let check = |link: &str, target: &str, class| {
        let before = world.tree();
        let error = world
            .create(&Request::new(SOFT_FILE, link, target))
            .expect_err("refused");
        assert_eq!(error.cause.class(), class, "{link} {target}: {error}");
        assert_eq!(world.tree(), before);
    };
    check("", "real_file.txt", ErrorClass::Invalid);
    check("link", "", ErrorClass::Invalid);
    check("a\0b", "real_file.txt", ErrorClass::Invalid);
    check("link", "a\0b", ErrorClass::Invalid);
    check("a*b", "real_file.txt", ErrorClass::Invalid);
    check("nul", "real_file.txt", ErrorClass::Invalid);
    check(
        "C:\\symlink_test\\con.txt",
        "real_file.txt",
        ErrorClass::Invalid,
    );
    check(&long, "real_file.txt", ErrorClass::Invalid);
    check(r"no\such\link", "real_file.txt", ErrorClass::NotFound);
    check(r"file\link", "real_file.txt", ErrorClass::NotFound);
    check(r"E:\link", "real_file.txt", ErrorClass::NotFound);
    check(r"C:\", "real_file.txt", ErrorClass::Exists);
    check("link", r"\\\x", ErrorClass::Unsupported);
}

#[test]
fn a_path_through_a_loop() {
    let world = World::article();
    let own = Request {
        dangling: true,
        ..Request::new(SOFT_DIR, "own", "own")
    };
    world.create(&own).expect("a loop");
    let error = world
        .plan(&Request::new(SOFT, r"own\link", "x"))
        .expect_err("refused");
    assert_eq!(error.cause.win32(), Some(1921));
}

#[test]
fn a_volume_that_cannot_be_written() {
    let caps = Caps::SYMLINK | Caps::HARD_LINK | Caps::JUNCTION | Caps::READ_ONLY;
    let world = World::of([
        ('C', MemoryVolume::ntfs()),
        ('R', MemoryVolume::ntfs().with_caps(caps)),
    ]);
    world.dir(r"C:\dir");
    let error = world
        .plan(&Request::new(Want::Junction, r"R:\x", r"C:\dir"))
        .expect_err("refused");
    assert_eq!(
        (error.cause.win32(), error.cause.class()),
        (Some(19), ErrorClass::Unsupported)
    );
}

#[test]
fn both_names_are_always_there() {
    let world = World::article();
    for (want, name) in [(SOFT, "soft"), (Want::Junction, "junction")] {
        let made = world.link(want, name, "real_dir");
        let Some(LinkText::Reparse(point)) = made.text else {
            panic!("no reparse point");
        };
        let (View::Symlink {
            print, substitute, ..
        }
        | View::MountPoint { print, substitute }) = point.view().expect("sound")
        else {
            panic!("no names");
        };
        assert!(!print.is_empty() && !substitute.is_empty());
    }
}

#[test]
fn folders_on_the_way_are_made_where_asked() {
    let world = World::article();
    let request = |link: &str| Request {
        parents: true,
        ..Request::new(SOFT_DIR, link, r"..\..\real_dir")
    };
    let made = world.create(&request(r"a\b\link")).expect("a link");
    assert_eq!(made.plan.steps.len(), 3, "two folders and the link");
    assert_eq!(world.status(r"a\b\link"), Status::Ok);
    let again = world.plan(&request(r"a\b\other")).expect("a plan");
    assert_eq!(again.plan.steps.len(), 1, "the folders are there");

    // Where the way leads is not for us to make.
    let gone = Request {
        dangling: true,
        ..Request::new(SOFT_DIR, "gone", "nowhere")
    };
    world.create(&gone).expect("a link");
    let error = world.create(&request(r"gone\b\link")).expect_err("refused");
    assert_eq!(error.cause.win32(), Some(3));
    let error = world.create(&request(r"real_file.txt\b\link"));
    assert!(error.is_err(), "a file is no folder");
    assert!(!world.exists("nowhere"));
}
