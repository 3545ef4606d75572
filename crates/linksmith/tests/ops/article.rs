//! The article "Soft links, hard links, junctions, oh my!", a test for each of its sentences that says
//! something of links. Where it is wrong the test shows what is true, and `corrections` says more.

use linksmith::{Kind, Status};

use crate::world::{SOFT, SOFT_DIR, SOFT_FILE, World};
use linksmith::ops::create::{Request, Want};

#[test]
fn there_are_three_kinds_of_symlinks_on_windows() {
    let world = World::article();
    world.link(SOFT, "soft", "real_file.txt");
    world.link(Want::Hard, "hard", "real_file.txt");
    world.link(Want::Junction, "junction", "real_dir");
    assert_eq!(world.kind("soft"), Kind::Symlink);
    assert_eq!(world.kind("hard"), Kind::Hard);
    assert_eq!(world.kind("junction"), Kind::Junction);
}

#[test]
fn junctions_are_a_type_of_soft_link_only_for_directories() {
    let world = World::article();
    world.link(Want::Junction, "junction", "real_dir");
    let refused = world.refused(Want::Junction, "other", "real_file.txt");
    assert_eq!(
        refused,
        (
            "'real_file.txt' is a file, and junctions lead to directories".into(),
            Some(267)
        )
    );
}

#[test]
fn soft_links_can_be_created_for_files_or_directories() {
    let world = World::article();
    world.link(SOFT, "to_file", "real_file.txt");
    world.link(SOFT, "to_dir", "real_dir");
    assert_eq!(world.status("to_file"), Status::Ok);
    assert_eq!(world.status("to_dir"), Status::Ok);
}

#[test]
fn hard_links_can_only_be_created_for_files() {
    let world = World::article();
    world.link(Want::Hard, "to_file", "real_file.txt");
    let refused = world.refused(Want::Hard, "to_dir", "real_dir");
    assert_eq!(
        refused,
        (
            "'real_dir' is a directory, and hard links are names of files".into(),
            Some(5)
        )
    );
}

#[test]
fn hard_links_must_be_created_on_the_same_volume_as_the_target() {
    let world = World::article();
    world.file(r"D:\there.txt", "x");
    let refused = world.refused(Want::Hard, "here.txt", r"D:\there.txt");
    assert_eq!(
        refused,
        (
            r"'D:\there.txt' is on another volume than 'C:\symlink_test\here.txt'".into(),
            Some(17)
        )
    );
}

/// The article's sentence is of soft and hard links; of soft links it is wrong.
#[test]
fn soft_links_can_link_something_on_c_to_something_on_d() {
    let world = World::article();
    world.file(r"D:\there.txt", "there");
    world.dir(r"D:\dir");
    world.link(SOFT, "file", r"D:\there.txt");
    world.link(SOFT, "dir", r"D:\dir");
    assert_eq!(world.read("file").as_deref(), Some("there"));
    assert_eq!(world.end("dir"), r"D:\dir");
}

#[test]
fn deleting_the_target_will_cause_soft_links_to_stop_working() {
    let world = World::article();
    world.link(SOFT, "to_file", "real_file.txt");
    world.link(SOFT, "to_dir", "real_dir");
    world.delete("real_file.txt");
    world.delete("real_dir");
    assert_eq!(world.status("to_file"), Status::Dangling);
    assert_eq!(world.status("to_dir"), Status::Dangling);
    assert_eq!(world.read("to_file"), None);
}

#[test]
fn what_it_points_to_is_gone_and_may_come_back() {
    let world = World::article();
    world.link(SOFT, "to_file", "real_file.txt");
    world.delete("real_file.txt");
    world.file("real_file.txt", "another file");
    assert_eq!(world.read("to_file").as_deref(), Some("another file"));
}

#[test]
fn hard_links_will_keep_right_on_working() {
    let world = World::article();
    world.link(Want::Hard, "hard", "real_file.txt");
    world.delete("real_file.txt");
    assert_eq!(world.read("hard").as_deref(), Some("fifteen bytes.\n"));
    assert_eq!(world.kind("hard"), Kind::File, "one name is left");
}

#[test]
fn until_you_delete_the_hard_link_itself() {
    let world = World::article();
    world.link(Want::Hard, "hard", "real_file.txt");
    world.delete("real_file.txt");
    world.delete("hard");
    assert!(!world.exists("hard"));
    assert_eq!(world.read("hard"), None);
}

#[test]
fn the_hard_link_acts_just_like_the_original_file_because_it_is() {
    let world = World::article();
    world.link(Want::Hard, "hard", "real_file.txt");
    let (hard, real) = (world.look("hard").entry, world.look("real_file.txt").entry);
    assert_eq!(
        (hard.id, hard.size, hard.attributes),
        (real.id, real.size, real.attributes)
    );
    assert_eq!((world.names("hard"), world.names("real_file.txt")), (2, 2));
    world.write("hard", "changed");
    assert_eq!(world.read("real_file.txt").as_deref(), Some("changed"));
}

#[test]
fn junctions_look_and_act_like_soft_links() {
    let world = World::article();
    world.file(r"real_dir\f", "in it");
    world.link(Want::Junction, "junction", "real_dir");
    world.link(SOFT, "soft", "real_dir");
    assert_eq!(world.read(r"junction\f"), world.read(r"soft\f"));
    assert_eq!(world.end(r"junction\f"), r"C:\symlink_test\real_dir\f");
}

#[test]
fn junctions_link_directories_on_different_local_volumes() {
    let world = World::article();
    world.dir(r"D:\there");
    world.file(r"D:\there\f", "there");
    world.link(Want::Junction, "junction", r"D:\there");
    assert_eq!(world.status("junction"), Status::Ok);
    assert_eq!(world.read(r"junction\f").as_deref(), Some("there"));
}

#[test]
fn you_cant_create_a_junction_to_a_network_location() {
    let world = World::article();
    for target in [
        r"\\server\share",
        r"\\server\share\dir",
        r"\\?\UNC\server\share\dir",
    ] {
        let (words, _) = world.refused(Want::Junction, "junction", target);
        assert_eq!(
            words,
            format!("'{target}' is on another computer, and junctions lead to local volumes only")
        );
    }
}

/// `mklink symlink_dir real_dir`, as the article has it, makes a link for *files*; inferring the kind,
/// or `/D`, makes the one that was meant.
#[test]
fn create_a_soft_link_to_a_directory() {
    let world = World::article();
    world.link(SOFT, "symlink_dir", "real_dir");
    world.link(SOFT_DIR, "with_d", "real_dir");
    let literal = Request {
        wrong_kind: true,
        ..Request::new(SOFT_FILE, "as_the_article", "real_dir")
    };
    let made = world.create(&literal).expect("made with a warning");
    assert_eq!(made.plan.warnings.len(), 1);
    assert_eq!(world.status("symlink_dir"), Status::Ok);
    assert_eq!(world.status("with_d"), Status::Ok);
    assert_eq!(world.status("as_the_article"), Status::WrongKind);
}

#[test]
fn create_junction_link_to_a_directory() {
    let world = World::article();
    world.link(Want::Junction, "junction_dir", "real_dir");
    assert_eq!(world.status("junction_dir"), Status::Ok);
    assert_eq!(world.end("junction_dir"), r"C:\symlink_test\real_dir");
}

#[test]
fn create_a_soft_link_to_a_file() {
    let world = World::article();
    world.link(SOFT, "symlink_file.txt", "real_file.txt");
    assert_eq!(
        world.read("symlink_file.txt").as_deref(),
        Some("fifteen bytes.\n")
    );
}

#[test]
fn create_a_hard_link_to_a_file() {
    let world = World::article();
    world.link(Want::Hard, "hardlink_file.txt", "real_file.txt");
    assert_eq!(
        world.read("hardlink_file.txt").as_deref(),
        Some("fifteen bytes.\n")
    );
}

/// Its listing: three entries that are files, of which the link has no bytes, and five directories
/// with `.` and `..`.
#[test]
fn what_they_look_like() {
    let world = World::article();
    world.link(SOFT, "symlink_dir", "real_dir");
    world.link(Want::Junction, "junction_dir", "real_dir");
    world.link(SOFT, "symlink_file.txt", "real_file.txt");
    world.link(Want::Hard, "hardlink_file.txt", "real_file.txt");
    assert_eq!(
        world.tree(),
        [
            "0 symlink_test dir Some(1) 0",
            "0 symlink_test/hardlink_file.txt hard Some(2) 15",
            "0 symlink_test/junction_dir junction Some(1) 0",
            "0 symlink_test/real_dir dir Some(1) 0",
            "0 symlink_test/real_file.txt hard Some(2) 15",
            "0 symlink_test/symlink_dir symlink Some(1) 0",
            "0 symlink_test/symlink_file.txt symlink Some(1) 0",
        ]
    );
}

#[test]
fn renaming_the_target_breaks_soft_links_and_junctions_but_not_hard_links() {
    let world = World::article();
    world.link(SOFT, "soft", "real_file.txt");
    world.link(Want::Junction, "junction", "real_dir");
    world.link(Want::Hard, "hard", "real_file.txt");
    world.rename("real_file.txt", "renamed.txt");
    world.rename("real_dir", "renamed_dir");
    assert_eq!(world.status("soft"), Status::Dangling);
    assert_eq!(world.status("junction"), Status::Dangling);
    assert_eq!(world.read("hard").as_deref(), Some("fifteen bytes.\n"));
}

#[test]
fn moving_a_link_changes_where_a_relative_one_leads_and_nothing_else() {
    let world = World::article();
    world.dir("sub");
    world.link(SOFT, "relative", "real_file.txt");
    world.link(SOFT, "absolute", r"C:\symlink_test\real_file.txt");
    world.link(Want::Junction, "junction", "real_dir");
    world.link(Want::Hard, "hard", "real_file.txt");
    for name in ["relative", "absolute", "junction", "hard"] {
        world.rename(name, &format!(r"sub\{name}"));
    }
    assert_eq!(world.status(r"sub\relative"), Status::Dangling);
    assert_eq!(world.status(r"sub\absolute"), Status::Ok);
    assert_eq!(world.status(r"sub\junction"), Status::Ok);
    assert_eq!(world.names(r"sub\hard"), 2);
}

#[test]
fn moving_the_folder_of_both_keeps_relative_links_and_breaks_junctions() {
    let world = World::windows();
    world.dir(r"C:\a");
    world.dir(r"C:\a\dir");
    world.link(SOFT, r"C:\a\relative", "dir");
    world.link(Want::Junction, r"C:\a\junction", r"C:\a\dir");
    world.rename(r"C:\a", r"C:\b");
    assert_eq!(world.status(r"C:\b\relative"), Status::Ok);
    assert_eq!(world.status(r"C:\b\junction"), Status::Dangling);
}
