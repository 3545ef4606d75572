//! find, refs, impact, move, retarget, convert, repair, plans and undo, on this machine's file system.

use std::process::Command;

use insta::assert_snapshot;
use testkit::env::{Outcome, TestEnv};

use crate::env;

/// A folder with links, and a journal elsewhere.
struct Scene {
    env: TestEnv,
    state: tempfile::TempDir,
}

impl Scene {
    fn new() -> Self {
        let env = env();
        env.dir("real_dir/sub").dir("other");
        env.file("real_dir/f.txt", "text\n").file("plain.txt", "");
        env.symlink("to_dir", "real_dir");
        env.symlink("to_file", "to_dir/f.txt");
        env.symlink("lost", "nowhere/f.txt");
        Self {
            env,
            state: tempfile::tempdir().expect("a folder"),
        }
    }

    fn command(&self) -> Command {
        let mut command = self.env.command();
        command.env("LINKSMITH_STATE", self.state.path());
        command
    }

    fn run(&self, args: &[&str]) -> Outcome {
        self.env.finish(self.command().args(args), "")
    }
}

#[test]
fn find_by_status_name_and_target() {
    let scene = Scene::new();
    assert_snapshot!(scene.run(&["find", "--sort"]), @r"
symlink  $DIR/lost -> nowhere/f.txt  (dangling)
symlink  $DIR/to_dir -> real_dir
symlink  $DIR/to_file -> to_dir/f.txt
");
    let broken = scene.run(&["find", "--broken"]);
    assert_eq!(broken.code, Some(7), "{broken}");
    assert_snapshot!(scene.run(&["find", "--to", "real_dir/f.txt", "--name", "to_*"]), @"symlink  $DIR/to_file -> to_dir/f.txt");
    assert_snapshot!(scene.run(&["find", "--kind", "dir", "--sort", "real_dir"]), @"dir      $DIR/real_dir/sub");
    assert_eq!(
        scene
            .run(&["find", "--newer", "1h", "-0"])
            .stdout
            .matches('\0')
            .count(),
        3
    );
    assert_eq!(scene.run(&["find", "--older", "1h"]).ok(), "");
    assert_eq!(scene.run(&["find", "--name", "{a"]).code, Some(2));
    assert_eq!(scene.run(&["find", "--status", "fine"]).code, Some(2));
    assert_eq!(scene.run(&["find", "nowhere"]).code, Some(3));
}

#[test]
fn groups_of_names() {
    let scene = Scene::new();
    scene.run(&["hard", "second.txt", "real_dir/f.txt"]).ok();
    let all = scene.run(&["find", "--hard", "--json"]);
    assert!(all.stdout.contains(r#""all_inside":true"#), "{all}");
    let part = scene.run(&["find", "--hard", "--json", "real_dir"]);
    assert!(
        part.stdout
            .contains(r#""links":2,"size":5,"all_inside":false"#),
        "{part}"
    );
}

#[test]
fn who_points_here_and_from_an_index() {
    let scene = Scene::new();
    let index = scene.state.path().join("links.idx");
    let index = index.to_str().expect("a plain path");
    let seen = scene.run(&["refs", "real_dir", "--save", index]);
    let line = "symlink  $DIR/to_file -> to_dir/f.txt  via $DIR/to_dir  below: f.txt\n";
    assert!(seen.stdout.contains(line), "{seen}");
    assert!(
        seen.stdout.contains("symlink  $DIR/to_dir -> real_dir\n"),
        "{seen}"
    );
    let again = scene.run(&["refs", "real_dir/f.txt", "--index", index]);
    assert!(again.ok().contains("symlink  $DIR/to_file"));
    let other = scene.run(&["--drive", "C=memory:", "refs", "--index", index, "C:\\"]);
    assert_eq!(other.code, Some(8), "{other}");
    scene.env.file("bad.idx", "{\"v\":1}\n");
    assert_eq!(
        scene.run(&["refs", "--index", "bad.idx", "."]).code,
        Some(8)
    );
}

#[test]
fn what_a_delete_breaks() {
    let scene = Scene::new();
    assert_snapshot!(scene.run(&["impact", "delete", "real_dir"]), @r"
breaks   $DIR/to_dir -> real_dir
         mend: linksmith remove $DIR/to_dir
breaks   $DIR/to_file -> to_dir/f.txt
         mend: linksmith remove $DIR/to_file
lost     $DIR/real_dir/f.txt (its only name, 5 bytes)
3 links: 2 break, 0 change their meaning, 0 heal, 0 keep working, 1 stay broken, 0 go
");
    assert_eq!(scene.run(&["impact", "move", "real_dir"]).code, Some(2));
    assert_eq!(scene.run(&["impact", "move", "nowhere", "x"]).code, Some(3));
    assert_eq!(
        scene
            .run(&["impact", "move", "other", "real_dir/sub/../sub"])
            .code,
        Some(0)
    );
    assert_eq!(
        scene.run(&["impact", "rename", "other", "a/b"]).code,
        Some(2)
    );
}

#[test]
fn a_move_mends_and_is_taken_back() {
    let scene = Scene::new();
    let before = scene.env.tree();
    assert_snapshot!(scene.run(&["move", "real_dir", "."]), @r"
exit 4
--- stderr
linksmith: cannot move '$DIR/real_dir': something with that name is there already (Win32 error 183)
hint: It is there already, under this name.
");
    assert_snapshot!(scene.run(&["move", "real_dir", "other"]), @"moved $DIR/real_dir to $DIR/other/real_dir, 1 link mended");
    assert!(
        scene
            .env
            .tree()
            .contains(&"to_dir -> other/real_dir".to_owned())
    );
    assert_snapshot!(scene.run(&["undo"]), @"took back 1: move real_dir other");
    assert_eq!(scene.env.tree(), before);
    let nothing = scene.run(&["undo"]);
    assert_eq!(nothing.code, Some(3), "{nothing}");
    // Taken back itself, it is done again.
    scene.run(&["undo", "2"]).ok();
    assert!(
        scene
            .env
            .tree()
            .contains(&"to_dir -> other/real_dir".to_owned())
    );
}

#[test]
fn a_change_since_is_not_undone() {
    let scene = Scene::new();
    scene.run(&["soft", "new", "plain.txt"]).ok();
    scene
        .run(&["soft", "--force", "new", "real_dir/f.txt"])
        .ok();
    let first = scene.run(&["undo", "1"]);
    assert_eq!(first.code, Some(8), "{first}");
    scene.run(&["undo"]).ok();
    scene.run(&["undo"]).ok();
    assert!(!scene.env.tree().iter().any(|line| line.starts_with("new")));
    assert_eq!(scene.run(&["undo", "99"]).code, Some(3));
    let list = scene.run(&["undo", "--list", "--json"]);
    assert_eq!(list.ok().matches(r#""state":"taken-back""#).count(), 2);
}

#[test]
fn plans_are_saved_checked_and_done() {
    let scene = Scene::new();
    let save = ["remove", "-r", "real_dir", "--plan", "plan.json"];
    assert_snapshot!(scene.run(&save), @"3 steps saved in plan.json");
    assert_snapshot!(scene.run(&["apply", "-n", "plan.json"]), @r"
would remove $DIR/real_dir/f.txt
would remove $DIR/real_dir/sub
would remove $DIR/real_dir
");
    let text = std::fs::read_to_string(scene.env.join("plan.json")).expect("the plan");
    let refused = |text: &str, why: &str| {
        scene.env.file("edited.json", text);
        let outcome = scene.run(&["apply", "edited.json"]);
        assert_eq!(outcome.code, Some(8), "{outcome}");
        assert!(outcome.stderr.contains(why), "{why}: {outcome}");
    };
    refused(&text.replace("remove", "fly"), "column");
    refused(
        &text.replacen("\"is\":\"entry\"", "\"is\":\"absent\"", 1),
        "does not say",
    );
    refused(
        &text.replacen("\"serial\":\"", "\"serial\":\"F", 1),
        "not attached",
    );
    refused(&text[..text.len() / 2], "column");
    scene.env.file("real_dir/f2", "since");
    let since = scene.run(&["apply", "plan.json"]);
    assert_ne!(since.code, Some(0), "{since}");
    assert!(
        scene.env.tree().contains(&"real_dir/f.txt".to_owned()),
        "{since}"
    );
}

#[test]
fn retarget_one_and_many() {
    let scene = Scene::new();
    assert_snapshot!(scene.run(&["retarget", "to_dir", "other"]), @"to_dir -> other");
    let absent = scene.run(&["retarget", "to_dir", "absent"]);
    assert_eq!(absent.code, Some(3), "{absent}");
    assert_eq!(scene.run(&["retarget", "plain.txt", "other"]).code, Some(8));
    scene.env.symlink("abs", "/old/place/x");
    assert_snapshot!(scene.run(&["retarget", "--from", "/old/place", "--to", "/new"]), @"1 link leads elsewhere");
    assert!(scene.env.tree().contains(&"abs -> /new/x".to_owned()));
    assert_eq!(
        scene
            .run(&["retarget", "--from", "old", "--to", "/new"])
            .code,
        Some(2)
    );
}

#[test]
fn convert_and_repair() {
    let scene = Scene::new();
    assert_snapshot!(scene.run(&["convert", "to_file", "--to", "copy"]), @"to_file is now: copy");
    assert!(scene.env.tree().contains(&"to_file".to_owned()));
    let junction = scene.run(&["convert", "to_dir", "--to", "junction"]);
    assert_eq!(junction.code, Some(6), "{junction}");
    assert_eq!(
        scene.run(&["convert", "plain.txt", "--to", "soft"]).code,
        Some(8)
    );
    let found = scene.run(&["repair"]);
    assert_eq!(found.code, Some(7), "{found}");
    assert!(
        found
            .stdout
            .contains("real_dir/f.txt  (the only one of this name)"),
        "{found}"
    );
    let certain = scene.run(&["repair", "--apply", "--threshold", "95"]);
    assert_eq!(certain.code, Some(1), "{certain}");
    let mended = scene.run(&["-q", "repair", "--apply"]);
    assert_eq!(mended.code, Some(0), "{mended}");
    assert!(
        scene
            .env
            .tree()
            .contains(&"lost -> real_dir/f.txt".to_owned())
    );
    assert_eq!(scene.run(&["repair"]).code, Some(0));
}

/// A find by name is a guess; a file that an index knows is not.
#[test]
fn repair_knows_a_file_again_that_an_index_has() {
    let scene = Scene::new();
    let index = scene.state.path().join("links.idx");
    let index = index.to_str().expect("a plain path");
    scene.run(&["refs", "--save", index, "real_dir/f.txt"]).ok();
    scene.env.dir("old").file("old/f.txt", "others\n");
    scene
        .run(&["move", "--no-mend", "real_dir/f.txt", "other/renamed.txt"])
        .ok();
    let guessed = scene.run(&["repair"]);
    assert!(!guessed.stdout.contains("renamed.txt"), "{guessed}");
    let known = scene.run(&["repair", "--index", index]);
    assert!(
        known
            .stdout
            .contains("95  other/renamed.txt  (the same file under another name)"),
        "{known}"
    );
}
