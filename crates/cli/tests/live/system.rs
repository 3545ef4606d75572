//! What is asked of the system, and what goes over to images and back.

use testkit::suite::Suite;

use crate::env;
use crate::needs::{HARD, WINDOWS};

pub(crate) fn add(suite: Suite) -> Suite {
    suite
        .case("doctor_says_what_to_do", &[], doctor)
        .case("find_says_its_road", &[], road)
        .case("a_tree_goes_to_an_image_and_back", &[HARD], there_and_back)
        .case("drives_come_from_the_environment", &[], environment)
        .case("the_tour", &[], tour)
        .case(
            "a_raw_volume_that_cannot_be_attached",
            &[WINDOWS],
            raw_volume,
        )
}

fn doctor() {
    let env = env();
    env.file("f", "x");
    let outcome = env.run(&["doctor", "--json", "f"]).ok();
    for line in outcome.lines() {
        assert!(line.starts_with(r#"{"v":1,"path":"#), "{line}");
        let wanting = [r#""state":"missing""#, r#""state":"limited""#]
            .iter()
            .any(|state| line.contains(state));
        // What lies in the volume's nature needs no advice.
        let nature = ["transaction", "names"]
            .iter()
            .any(|key| line.contains(&format!(r#""finding":"{key}""#)));
        assert!(
            !wanting || nature || !line.contains(r#""advice":null"#),
            "{line}"
        );
    }
    for key in ["system", "file-system", "hard-link", "names-left"] {
        assert!(
            outcome.contains(&format!(r#""finding":"{key}""#)),
            "{key}: {outcome}"
        );
    }
    assert_eq!(env.tree(), ["f"], "the trial is taken away");
}

fn road() {
    let env = env();
    env.dir("dir");
    for args in [
        &["find", "--explain", "dir"][..],
        &["find", "--explain", "--hard", "dir"],
    ] {
        let outcome = env.run(args);
        assert_eq!(outcome.code, Some(0), "{outcome}");
        assert_eq!(outcome.stderr.lines().count(), 1, "{outcome}");
        let told = ["directory walk: ", "$Reparse index: "];
        assert!(
            told.iter().any(|road| outcome.stderr.contains(road)),
            "{outcome}"
        );
    }
}

fn there_and_back() {
    let env = env();
    env.dir("tree/deep")
        .file("tree/file.txt", "text")
        .file("tree/deep/naïve ファイル.txt", "inner");
    let _ = env
        .run(&["-q", "hard", "tree/deep/h", "tree/file.txt"])
        .ok();
    let _ = env.run(&["-q", "format", "C.img", "--size", "16M"]).ok();
    let drive = ["--drive", "C=C.img"];
    let run = |args: &[&str]| env.run(&[&drive, args].concat());
    let _ = run(&["import", "tree", "C:\\copy"]).ok();
    let listed = run(&["find", "--hard", "--json"]).ok();
    assert!(listed.contains(r#""links":2,"size":4"#), "{listed}");
    let _ = run(&["export", "C:\\copy", "back"]).ok();
    let _ = env.run(&["check", "C.img"]).ok();
    let part = |root: &str| -> Vec<String> {
        let tree = env.tree();
        tree.iter()
            .filter_map(|l| l.strip_prefix(root))
            .map(str::to_owned)
            .collect()
    };
    assert_eq!(part("back/"), part("tree/"));
    assert_eq!(env.run(&["type", "back/deep/h"]).ok(), "text");
}

fn environment() {
    let env = env();
    let mut command = env.command();
    command
        .env("LINKSMITH_DRIVES", "C=memory:label=OS;D=memory:")
        .args(["dir", "D:\\"]);
    let outcome = env.finish(&mut command, "");
    assert!(outcome.stdout.contains("Directory of D:\\"), "{outcome}");
}

fn tour() {
    let outcome = env().run(&["tour"]);
    assert_eq!(outcome.code, Some(0), "{outcome}");
    assert!(
        outcome
            .stdout
            .contains("\n19 claims tried: 13 true, 6 corrected\n"),
        "{outcome}"
    );
}

fn raw_volume() {
    let env = env();
    let outcome = env.run(&["--drive", r"X=\\.\PhysicalDrive99", "list"]);
    assert_eq!(outcome.stdout, "");
    assert!(outcome.code > Some(0), "{outcome}");
    assert!(
        outcome
            .stderr
            .starts_with(r"linksmith: cannot attach '\\.\PhysicalDrive99': "),
        "{outcome}"
    );
}
