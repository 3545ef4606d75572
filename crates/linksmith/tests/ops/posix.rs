//! The rules that hold on POSIX file systems too, and what those file systems do not have.

use std::sync::Arc;

use linksmith::ops::create::{Request, Spelled, Want};
use linksmith::volume::memory::MemoryVolume;
use linksmith::{Drives, ErrorClass, Kind, LinkText, Status};

use crate::world::{SOFT, SOFT_FILE, World};

fn article() -> World {
    let world = World::posix();
    world.dir("/real_dir");
    world.file("/real_file.txt", "fifteen bytes.\n");
    world
}

#[test]
fn soft_links_can_be_created_for_files_or_directories() {
    let world = article();
    world.link(SOFT, "/to_file", "real_file.txt");
    world.link(SOFT, "/to_dir", "real_dir");
    assert_eq!(world.kind("/to_dir"), Kind::Symlink);
    assert_eq!(world.read("/to_file").as_deref(), Some("fifteen bytes.\n"));
    assert_eq!(world.end("/to_dir"), "/real_dir");
}

#[test]
fn a_link_for_files_leads_to_a_directory_as_well() {
    let world = article();
    world.link(SOFT_FILE, "/link", "real_dir");
    assert_eq!(world.status("/link"), Status::Ok);
}

#[test]
fn hard_links_can_only_be_created_for_files() {
    let world = article();
    world.link(Want::Hard, "/hard", "/real_file.txt");
    assert_eq!(world.names("/real_file.txt"), 2);
    let (words, code) = world.refused(Want::Hard, "/other", "/real_dir");
    assert_eq!(
        words,
        "'/real_dir' is a directory, and hard links are names of files"
    );
    assert_eq!(code, Some(5));
}

#[test]
fn deleting_the_target_will_cause_soft_links_to_stop_working_and_hard_links_not() {
    let world = article();
    world.link(SOFT, "/soft", "real_file.txt");
    world.link(Want::Hard, "/hard", "/real_file.txt");
    world.delete("/real_file.txt");
    assert_eq!(world.status("/soft"), Status::Dangling);
    assert_eq!(world.read("/hard").as_deref(), Some("fifteen bytes.\n"));
    world.delete("/hard");
    assert_eq!(world.read("/hard"), None);
}

#[test]
fn renaming_the_target_breaks_soft_links_but_not_hard_links() {
    let world = article();
    world.link(SOFT, "/soft", "real_file.txt");
    world.link(Want::Hard, "/hard", "/real_file.txt");
    world.rename("/real_file.txt", "/renamed");
    assert_eq!(world.status("/soft"), Status::Dangling);
    assert_eq!(world.read("/hard").as_deref(), Some("fifteen bytes.\n"));
}

#[test]
fn there_are_no_junctions_and_a_soft_link_is_the_way_out() {
    let world = article();
    let request = Request::new(Want::Junction, "/junction", "/real_dir");
    let error = world.plan(&request).expect_err("no junctions");
    assert_eq!(
        error.to_string(),
        "cannot make the junction '/junction': memory has no junctions"
    );
    assert_eq!(error.cause.class(), ErrorClass::Unsupported);
    assert_eq!(
        error.cause.hint().as_deref(),
        Some("make a soft link, or give `--or soft`")
    );
    let made = world
        .create(&Request {
            or: vec![SOFT],
            ..request
        })
        .expect("a soft link");
    assert_eq!(
        made.plan.warnings[0].message,
        "made a soft link instead: memory has no junctions"
    );
    assert_eq!(world.end("/junction"), "/real_dir");
}

#[test]
fn any_bytes_are_a_target() {
    let world = article();
    let request = Request {
        dangling: true,
        ..Request::new(SOFT, "/link", r"C:\not\a\path of this system")
    };
    let made = world.create(&request).expect("a link");
    let text = br"C:\not\a\path of this system".to_vec();
    assert_eq!(made.text, Some(LinkText::Posix(text)));
}

#[test]
fn relative_and_absolute_spellings() {
    let check = |link: &str, target: &str, spelled, text: &str| {
        let world = article();
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
    let world = World {
        drives: Drives::attached([('P', volume as _)]).expect("a drive"),
    };
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
