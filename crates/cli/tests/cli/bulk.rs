//! `apply -`: steps as JSON Lines.

use testkit::env::{Outcome, TestEnv};

use crate::env;

/// An image, and a journal elsewhere.
struct Scene {
    env: TestEnv,
    state: tempfile::TempDir,
}

impl Scene {
    fn new() -> Self {
        let env = env();
        env.run(&["format", "disk.img", "--size", "16M"]).ok();
        let state = tempfile::tempdir().expect("a folder");
        Self { env, state }
    }

    fn run(&self, args: &[&str], input: &str) -> Outcome {
        let mut command = self.env.command();
        command.env("LINKSMITH_STATE", self.state.path());
        command.args(["--drive", "C=disk.img"]).args(args);
        self.env.finish(&mut command, input)
    }

    fn list(&self) -> Vec<String> {
        let shown = self.run(&["ls", "-R", "C:\\"], "").ok();
        let squeezed = |l: &str| l.split_whitespace().collect::<Vec<_>>().join(" ");
        shown
            .lines()
            .map(squeezed)
            .filter(|l| !l.is_empty())
            .collect()
    }
}

const EVERY_KIND: &str = r#"
{"do":"mkdir","path":"C:\\a"}
{"do":"mkdir","path":"C:\\a\\b"}
{"do":"write","path":"C:\\a\\f.txt","text":"some text"}
{"do":"write","path":"C:\\a\\g.bin","hex":"00ff"}

{"do":"soft","link":"C:\\a\\to_dir","target":"b"}
{"do":"soft","link":"C:\\a\\to_file","target":"C:\\a\\f.txt"}
{"do":"soft","link":"C:\\a\\lost","target":"..\\nowhere","kind":"dir"}
{"do":"hard","link":"C:\\a\\b\\h","target":"C:\\a\\f.txt"}
{"do":"junction","link":"C:\\j","target":"C:\\a\\b"}
{"do":"mount","link":"C:\\m","volume":"\\\\?\\Volume{12345678-1234-1234-1234-123456789abc}\\"}
"#;

#[test]
fn every_kind_of_line_and_back() {
    let scene = Scene::new();
    assert_eq!(
        scene.run(&["apply", "-"], EVERY_KIND).ok(),
        "10 steps done\n"
    );
    let made = scene.list();
    for line in [
        "hard 2 names 9 bytes f.txt",
        "file 2 bytes g.bin",
        "symlink ok to_dir -> b",
        "symlink ok to_file -> C:\\a\\f.txt",
        "symlink dangling lost -> ..\\nowhere",
        "junction ok j -> C:\\a\\b",
    ] {
        assert!(made.contains(&line.to_owned()), "no {line} in {made:#?}");
    }
    let change = r#"{"do":"write","path":"C:\\a\\f.txt","text":"x","replace":true}
{"do":"remove","path":"C:\\a\\b\\h"}
{"do":"rename","from":"C:\\a\\g.bin","to":"C:\\a\\k.bin"}
{"do":"retarget","link":"C:\\j","target":"C:\\a"}
{"do":"retarget","link":"C:\\j","target":"C:\\a\\b"}
{"do":"mkdir","path":"C:\\n"}
{"do":"rename","from":"C:\\n","to":"C:\\o"}
{"do":"remove","path":"C:\\o"}
"#;
    scene.run(&["apply", "-"], change).ok();
    let changed = scene.list();
    assert!(
        changed.contains(&"file 1 byte f.txt".to_owned()),
        "{changed:#?}"
    );
    assert!(
        changed.contains(&"file 2 bytes k.bin".to_owned()),
        "{changed:#?}"
    );
    scene.run(&["undo"], "").ok();
    assert_eq!(scene.list(), made);
    scene.run(&["undo"], "").ok();
    assert_eq!(scene.list(), ["C:\\:"]);
    let checked = scene.env.run(&["check", "disk.img"]).ok();
    assert!(checked.contains("no findings"), "{checked}");
}

#[test]
fn a_bad_line_is_named_and_those_before_it_are_done() {
    let scene = Scene::new();
    let lines = |bad: &str| {
        format!(
            "{{\"do\":\"mkdir\",\"path\":\"C:\\\\a\"}}\n{{\"do\":\"mkdir\",\"path\":\"C:\\\\b\"}}\n{bad}\n{{\"do\":\"mkdir\",\"path\":\"C:\\\\c\"}}\n"
        )
    };
    for (bad, why) in [
        (r#"{"do":"fly"}"#, "this is no step"),
        (r#"{"do":"mkdir","path":"C:\\a"}"#, "there already"),
        (r#"{"do":"mkdir","path":"C:\\a","mode":1}"#, "unknown field"),
        (
            r#"{"do":"soft","link":"C:\\l","target":"nowhere"}"#,
            "cannot be seen",
        ),
        (r#"{"do":"remove","path":"C:\\none"}"#, "no such file"),
        ("not json", "this is no step"),
    ] {
        let outcome = scene.run(&["apply", "-"], &lines(bad));
        assert_eq!(outcome.code, Some(1), "{bad}: {outcome}");
        assert!(
            outcome.stderr.contains("line 3: ") && outcome.stderr.contains(why),
            "{bad}: {outcome}"
        );
        assert_eq!(
            scene.list(),
            ["C:\\:", "dir a", "dir b", "C:\\a:", "C:\\b:"],
            "{bad}"
        );
        scene.run(&["undo"], "").ok();
    }
    let outcome = scene.run(&["apply", "--one-transaction", "-"], &lines("{}"));
    assert!(outcome.stderr.contains("line 3: "), "{outcome}");
    assert_eq!(scene.list(), ["C:\\:"]);
}

#[test]
fn the_last_name_of_a_file_stays_unless_it_is_meant() {
    let scene = Scene::new();
    scene.run(&["apply", "-"], EVERY_KIND).ok();
    let both = r#"{"do":"remove","path":"C:\\a\\b\\h"}
{"do":"remove","path":"C:\\a\\f.txt"}
"#;
    let outcome = scene.run(&["apply", "-"], both);
    assert!(
        outcome.stderr.contains("line 2: ") && outcome.stderr.contains("last name"),
        "{outcome}"
    );
    assert_eq!(scene.run(&["type", "C:\\a\\f.txt"], "").ok(), "some text");
    let meant = r#"{"do":"remove","path":"C:\\a\\f.txt","last_name":true}"#;
    scene.run(&["apply", "-"], meant).ok();
    scene.run(&["undo"], "").ok();
    assert_eq!(scene.run(&["type", "C:\\a\\f.txt"], "").ok(), "some text");
}

#[test]
fn many_lines_come_in_batches_and_are_one_change() {
    let scene = Scene::new();
    let lines: String = (0..700)
        .map(|i| format!("{{\"do\":\"mkdir\",\"path\":\"C:\\\\d{i}\"}}\n"))
        .collect();
    scene.run(&["apply", "--batch", "100", "-"], &lines).ok();
    assert_eq!(scene.list().len(), 1401);
    let listed = scene.run(&["undo", "--list"], "").ok();
    assert!(listed.contains("  700  "), "{listed}");
    scene.run(&["undo"], "").ok();
    assert_eq!(scene.list(), ["C:\\:"]);
    let shown = scene.run(&["apply", "-n", "-"], &lines).ok();
    assert_eq!(shown.lines().count(), 700);
    assert_eq!(scene.list(), ["C:\\:"]);
    scene
        .run(&["apply", "--no-undo", "--one-transaction", "-"], &lines)
        .ok();
    assert_eq!(scene.list().len(), 1401);
}

/// Batches of two lines, of which one is done while the next are read.
#[test]
fn a_batch_that_fails_ends_it_whatever_was_read_by_then() {
    let scene = Scene::new();
    let dirs = |names: &[&str]| -> String {
        let line = |name: &&str| format!("{{\"do\":\"mkdir\",\"path\":\"C:\\\\{name}\"}}\n");
        names.iter().map(line).collect()
    };
    let args = ["apply", "--batch", "2", "-"];
    for (after, why) in [
        (dirs(&["d", "e", "f", "g"]), "more batches"),
        (dirs(&["d"]), "lines that fill no batch"),
        ("not json\n".to_owned(), "a line that is none"),
        (
            "{\"do\":\"remove\",\"path\":\"C:\\\\a\"}\n".to_owned(),
            "a line that waits",
        ),
    ] {
        let outcome = scene.run(&args, &(dirs(&["a", "b", "c", "a"]) + &after));
        assert_eq!(outcome.code, Some(1), "{why}: {outcome}");
        assert!(
            outcome.stderr.starts_with("linksmith: line 4: ")
                && outcome.stderr.contains("there already"),
            "{why}: {outcome}"
        );
        let there = [
            "C:\\:", "dir a", "dir b", "dir c", "C:\\a:", "C:\\b:", "C:\\c:",
        ];
        assert_eq!(scene.list(), there, "{why}");
        scene.run(&["undo"], "").ok();
        assert_eq!(scene.list(), ["C:\\:"], "{why}");
    }
}

#[test]
fn a_line_sees_what_those_before_it_did() {
    let scene = Scene::new();
    let lines: String = (0..5)
        .map(|_| "{\"do\":\"write\",\"path\":\"C:\\\\f\",\"text\":\"x\"}\n{\"do\":\"remove\",\"path\":\"C:\\\\f\",\"last_name\":true}\n")
        .collect();
    for batch in ["1", "2", "3", "100"] {
        let done = scene.run(&["apply", "--batch", batch, "-"], &lines).ok();
        assert_eq!(done, "10 steps done\n", "{batch}");
        assert_eq!(scene.list(), ["C:\\:"], "{batch}");
    }
}

#[cfg(unix)]
#[test]
fn on_this_machine() {
    let env = env();
    let lines = r#"{"do":"mkdir","path":"a"}
{"do":"write","path":"a/f","text":"x"}
{"do":"soft","link":"a/l","target":"f"}
{"do":"hard","link":"a/h","target":"a/f"}
"#;
    env.run_with(&["apply", "-"], lines).ok();
    assert_eq!(env.tree(), ["a/", "a/f", "a/h", "a/l -> f"]);
    let through = r#"{"do":"mkdir","path":"a/l/x"}"#;
    assert_eq!(env.run_with(&["apply", "-"], through).code, Some(8));
}
