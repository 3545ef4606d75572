//! The rules that hold on POSIX file systems too, and what those file systems do not have.

use std::sync::Arc;

use linksmith::ops::create::{Request, Spelled, Want};
use linksmith::volume::memory::MemoryVolume;
use linksmith::{Drives, ErrorClass, Kind, LinkText, Status};

use crate::world::{SOFT, SOFT_FILE, World};

/// As the article begins, on each.
fn article() -> Vec<World> {
    let worlds = World::posix();
    for world in &worlds {
        world.dir("/real_dir");
        world.file("/real_file.txt", "fifteen bytes.\n");
    }
    worlds
}

#[test]
fn soft_links_can_be_created_for_files_or_directories() {
    for world in article() {
        world.link(SOFT, "/to_file", "real_file.txt");
        world.link(SOFT, "/to_dir", "real_dir");
        assert_eq!(world.kind("/to_dir"), Kind::Symlink);
        assert_eq!(world.read("/to_file").as_deref(), Some("fifteen bytes.\n"));
        assert_eq!(world.end("/to_dir"), "/real_dir");
    }
}

#[test]
fn a_link_for_files_leads_to_a_directory_as_well() {
    for world in article() {
        world.link(SOFT_FILE, "/link", "real_dir");
        assert_eq!(world.status("/link"), Status::Ok);
    }
}

#[test]
fn hard_links_can_only_be_created_for_files() {
    for world in article() {
        world.link(Want::Hard, "/hard", "/real_file.txt");
        assert_eq!(world.names("/real_file.txt"), 2);
        let (words, code) = world.refused(Want::Hard, "/other", "/real_dir");
        assert_eq!(
            words,
            "'/real_dir' is a directory, and hard links are names of files"
        );
        assert_eq!(code, Some(5));
    }
}

#[test]
fn deleting_the_target_will_cause_soft_links_to_stop_working_and_hard_links_not() {
    for world in article() {
        world.link(SOFT, "/soft", "real_file.txt");
        world.link(Want::Hard, "/hard", "/real_file.txt");
        world.delete("/real_file.txt");
        assert_eq!(world.status("/soft"), Status::Dangling);
        assert_eq!(world.read("/hard").as_deref(), Some("fifteen bytes.\n"));
        world.delete("/hard");
        assert_eq!(world.read("/hard"), None);
    }
}

#[test]
fn renaming_the_target_breaks_soft_links_but_not_hard_links() {
    for world in article() {
        world.link(SOFT, "/soft", "real_file.txt");
        world.link(Want::Hard, "/hard", "/real_file.txt");
        world.rename("/real_file.txt", "/renamed");
        assert_eq!(world.status("/soft"), Status::Dangling);
        assert_eq!(world.read("/hard").as_deref(), Some("fifteen bytes.\n"));
    }
}

#[test]
fn there_are_no_junctions_and_a_soft_link_is_the_way_out() {
    for world in article() {
        let volume = world
            .drives
            .volume(world.drives.current_drive())
            .expect("a volume");
        let system = &volume.info().file_system;
        let request = Request::new(Want::Junction, "/junction", "/real_dir");
        let error = world.plan(&request).expect_err("no junctions");
        assert_eq!(
            error.to_string(),
            format!("cannot make the junction '/junction': {system} has no junctions")
        );
        assert_eq!(error.cause.class(), ErrorClass::Unsupported);
        assert_eq!(
            error.cause.hint(error.want).as_deref(),
            Some("Make a soft link, or give `--or soft`.")
        );
        let made = world
            .create(&Request {
                or: vec![SOFT],
                ..request
            })
            .expect("a soft link");
        assert_eq!(
            made.plan.warnings[0].message,
            format!("made a soft link instead: {system} has no junctions")
        );
        assert_eq!(world.end("/junction"), "/real_dir");
    }
}

#[test]
fn any_bytes_are_a_target() {
    for world in article() {
        let request = Request {
            dangling: true,
            ..Request::new(SOFT, "/link", r"C:\not\a\path of this system")
        };
        let made = world.create(&request).expect("a link");
        let text = br"C:\not\a\path of this system".to_vec();
        assert_eq!(made.text, Some(LinkText::Posix(text)));
    }
}

#[test]
fn relative_and_absolute_spellings() {
    let check = |link: &str, target: &str, spelled, text: &str| {
        for world in article() {
            world.dir("/sub");
            world.dir("/sub/deep");
            let request = Request {
                spelled,
                ..Request::new(SOFT, link, target)
            };
            let made = world.create(&request).expect("a link");
            assert_eq!(
                made.text,
                Some(LinkText::Posix(text.into())),
                "{link} {target}"
            );
            assert_eq!(world.status(link), Status::Ok, "{link} {target}");
        }
    };
    check("/sub/l", "/real_dir", Spelled::Relative, "../real_dir");
    check(
        "/sub/deep/l",
        "real_file.txt",
        Spelled::Relative,
        "../../real_file.txt",
    );
    check("/sub/l", "sub/deep", Spelled::Relative, "deep");
    check("/sub/l", "real_dir", Spelled::Absolute, "/real_dir");
    check("/sub/l", "../real_dir", Spelled::AsIs, "../real_dir");
}

/// A volume with POSIX links that is attached as a Windows drive.
#[test]
fn windows_text_becomes_posix_text_where_the_volume_needs_it() {
    let volume = Arc::new(MemoryVolume::posix());
    let world = World::from(Drives::attached([('P', volume as _)]).expect("a drive"));
    world.dir(r"P:\dir");
    world.file(r"P:\dir\file", "x");
    let check = |link: &str, target: &str, text: &str| {
        let made = world.link(SOFT, link, target);
        assert_eq!(made.text, Some(LinkText::Posix(text.into())));
    };
    check(r"P:\a", r"dir\file", "dir/file");
    check(r"P:\b", r"P:\dir\file", "/dir/file");
    check(r"P:\dir\c", r"..\dir", "../dir");
}

/// A tree whose every link leads out of it, up, in a circle or nowhere.
#[test]
fn a_tree_goes_and_nothing_that_its_links_lead_to() {
    for world in article() {
        world.file("/real_dir/precious", "precious");
        world.dir("/tree");
        world.dir("/tree/sub");
        world.file("/tree/file", "x");
        world.link(SOFT, "/tree/out", "../real_dir");
        world.link(SOFT, "/tree/sub/root", "/");
        world.link(SOFT, "/tree/sub/up", "..");
        world.link(Want::Hard, "/tree/sub/hard", "/real_file.txt");
        let nowhere = Request {
            dangling: true,
            ..Request::new(SOFT, "/tree/own", "own")
        };
        world.create(&nowhere).expect("a loop");
        world.remove_tree("/tree").expect("removed");
        assert!(!world.exists("/tree"));
        assert_eq!(
            world.read("/real_dir/precious").as_deref(),
            Some("precious")
        );
        assert_eq!(world.names("/real_file.txt"), 1);
    }
}

#[test]
fn force_replaces_links_and_never_a_real_file_or_directory() {
    for world in article() {
        world.file("/real_dir/precious", "precious");
        world.link(SOFT, "/link", "real_dir");
        let forced = |place: &str, target: &str| Request {
            force: true,
            ..Request::new(SOFT, place, target)
        };
        world
            .create(&forced("/link", "real_file.txt"))
            .expect("replaced");
        assert_eq!(world.end("/link"), "/real_file.txt");
        let before = world.tree();
        for place in ["/real_dir", "/real_file.txt"] {
            let error = world
                .create(&forced(place, "/real_dir"))
                .expect_err("refused");
            assert_eq!(error.cause.class(), ErrorClass::Exists, "{error}");
        }
        assert_eq!(world.tree(), before);
    }
}

#[test]
fn a_hard_link_replaces_by_one_rename() {
    for world in article() {
        world.file("/other", "other");
        world.link(Want::Hard, "/name", "/other");
        for target in ["/real_file.txt", "/real_file.txt", "/other"] {
            let request = Request {
                force: true,
                ..Request::new(Want::Hard, "/name", target)
            };
            world.create(&request).expect("replaced, or there already");
            assert_eq!(world.read("/name"), world.read(target));
        }
        assert_eq!(
            world.tree().len(),
            4,
            "nothing is left beside: {:?}",
            world.tree()
        );
    }
}
