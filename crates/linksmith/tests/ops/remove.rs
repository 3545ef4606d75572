//! Removal takes links and never what they lead to.

use std::ffi::OsStr;

use linksmith::ops::create::Want;
use linksmith::ops::progress::Progress;
use linksmith::ops::remove::{self, RemoveError};
use linksmith::{Kind, ReparsePoint, ReparseTag, Status, Step, TargetPath};

use crate::world::{SOFT, World};

#[track_caller]
fn refused(world: &World, path: &str) -> String {
    let before = world.tree();
    let error = world.remove(path).expect_err("refused");
    assert!(error.is_refusal(), "{error:?}");
    assert_eq!(world.tree(), before);
    error.to_string()
}

#[test]
fn links_go_and_their_targets_stay() {
    let world = World::article();
    world.file(r"real_dir\in_it", "x");
    world.link(SOFT, "soft", "real_file.txt");
    world.link(SOFT, "soft_dir", "real_dir");
    world.link(Want::Junction, "junction", "real_dir");
    world.link(Want::Hard, "hard", "real_file.txt");
    let before = world.tree();
    world.remove("soft").expect("removed");
    world.remove("soft_dir").expect("removed");
    world
        .remove(r"junction\")
        .expect("removed, with a separator behind it too");
    world.remove("hard").expect("removed");
    for gone in ["soft", "soft_dir", "junction", "hard"] {
        assert!(!world.exists(gone), "{gone}");
    }
    assert_eq!(before.len() - 4, world.tree().len());
    assert_eq!(world.read(r"real_dir\in_it").as_deref(), Some("x"));
    assert_eq!(
        world.read("real_file.txt").as_deref(),
        Some("fifteen bytes.\n")
    );
}

#[test]
fn real_things_are_refused() {
    let world = World::article();
    world.dir("empty");
    assert_eq!(
        refused(&world, "real_dir"),
        "cannot remove 'real_dir': it is a directory, not a link"
    );
    assert_eq!(
        refused(&world, "empty"),
        "cannot remove 'empty': it is a directory, not a link"
    );
    assert_eq!(
        refused(&world, "real_file.txt"),
        "cannot remove 'real_file.txt': it is the file's last name"
    );
    assert_eq!(
        refused(&world, r"C:\"),
        r"cannot remove 'C:\': it is the root of a volume"
    );
}

#[test]
fn the_last_name_goes_only_when_asked() {
    let world = World::article();
    world.link(Want::Hard, "hard", "real_file.txt");
    world.remove("real_file.txt").expect("one name is left");
    refused(&world, "hard");
    let plan = remove::plan(&world.drives, OsStr::new("hard"), true).expect("asked");
    world.run(&plan).expect("done");
    assert!(!world.exists("hard"));
}

#[test]
fn broken_links_of_every_sort_can_be_removed() {
    let world = World::article();
    world.dir("gone");
    world.link(SOFT, "dangling", "gone");
    world.link(Want::Junction, "dangling_junction", "gone");
    world.delete("gone");
    // No NT path in it: Windows stores such a junction and follows it nowhere.
    let name = TargetPath::parse("nonsense");
    let malformed = ReparsePoint::mount_point_from_names(&name, &name);
    world.dir("malformed");
    let place = world
        .drives
        .locate(OsStr::new("malformed"))
        .expect("a place");
    let step = Step::SetReparse {
        at: place.path.clone(),
        data: malformed.expect("encodes"),
    };
    let volume = world.drives.volume(place.drive).expect("a volume");
    volume.apply(&[step]).expect("applies");
    assert_eq!(world.status("malformed"), Status::Invalid);
    for link in ["dangling", "dangling_junction", "malformed"] {
        world.remove(link).expect("removed");
        assert!(!world.exists(link), "{link}");
    }
}

#[test]
fn what_is_a_reparse_point_but_no_link_counts_as_a_file() {
    let world = World::article();
    world.file("cloud", "");
    let place = world.drives.locate(OsStr::new("cloud")).expect("a place");
    let bytes = [&ReparseTag::CLOUD.0.to_le_bytes()[..], &[1, 0, 0, 0, 9]].concat();
    let step = Step::SetReparse {
        at: place.path,
        data: ReparsePoint::from_bytes(bytes).expect("a sound header"),
    };
    let volume = world.drives.volume(place.drive).expect("a volume");
    volume.apply(&[step]).expect("applies");
    assert_eq!(world.kind("cloud"), Kind::Cloud);
    assert_eq!(
        refused(&world, "cloud"),
        "cannot remove 'cloud': it is the file's last name"
    );
}

/// A tree whose every link leads out of it, or up, or in a circle.
fn tree() -> World {
    let world = World::article();
    world.file(r"real_dir\precious", "precious");
    world.dir("tree");
    world.dir(r"tree\sub");
    world.file(r"tree\file", "x");
    world.link(SOFT, r"tree\soft", r"..\real_dir");
    world.link(Want::Junction, r"tree\junction", "real_dir");
    world.link(Want::Junction, r"tree\sub\up", r"C:\");
    world.link(Want::Junction, r"tree\sub\own", r"tree");
    world.link(SOFT, r"tree\sub\out", r"C:\symlink_test\real_file.txt");
    world.link(Want::Hard, r"tree\sub\hard", "real_file.txt");
    world
}

#[test]
fn a_tree_goes_and_nothing_that_its_links_lead_to() {
    let world = tree();
    world.remove_tree("tree").expect("removed");
    assert_eq!(
        world.tree(),
        [
            "0 symlink_test dir Some(1) 0",
            "0 symlink_test/real_dir dir Some(1) 0",
            "0 symlink_test/real_dir/precious file Some(1) 8",
            "0 symlink_test/real_file.txt file Some(1) 15",
        ]
    );
}

#[test]
fn a_tree_that_is_a_link_is_only_detached() {
    let world = tree();
    world.link(Want::Junction, "to_tree", "tree");
    let before = world.tree();
    world.remove_tree("to_tree").expect("removed");
    assert_eq!(world.tree().len(), before.len() - 1);
    assert!(world.exists(r"tree\file"));
}

#[test]
fn a_link_put_there_after_the_plan_was_made_is_not_followed() {
    let world = tree();
    let plan = remove::plan_tree(&world.drives, OsStr::new("tree"), &mut ()).expect("plans");
    world.delete(r"tree\file");
    world.link(Want::Junction, r"tree\file", "real_dir");
    let before = world.tree();
    world.run(&plan).expect_err("not what was planned");
    assert_eq!(world.tree(), before, "all is taken back");
    assert!(world.exists(r"real_dir\precious"));
}

#[test]
fn deep_trees_need_no_deep_stack() {
    let world = World::windows();
    let mut path = String::from("C:");
    for _ in 0..1_000 {
        path.push_str(r"\d");
        world.dir(&path);
    }
    let plan = remove::plan_tree(&world.drives, OsStr::new(r"C:\d"), &mut ()).expect("plans");
    let depths: Vec<usize> = plan
        .steps
        .iter()
        .map(|s| s.step.at().names().count())
        .collect();
    assert!(
        depths.iter().copied().eq((1..=1_000).rev()),
        "the deepest first"
    );
}

#[test]
fn planning_a_tree_can_be_watched_and_given_up() {
    #[derive(Default)]
    struct Watch(u64);
    impl Progress for Watch {
        fn advance(&mut self, parts: u64) {
            self.0 += parts;
        }
        fn is_cancelled(&self) -> bool {
            self.0 == 4
        }
    }
    let world = tree();
    let mut watch = Watch::default();
    let given_up = remove::plan_tree(&world.drives, OsStr::new("tree"), &mut watch);
    assert!(
        matches!(given_up, Err(RemoveError::Cancelled)),
        "{given_up:?}"
    );
    assert_eq!(watch.0, 4);
}
