//! `find --explain`: which road leads to the links, and why.

use testkit::damage::Patient;
use testkit::env::TestEnv;

use crate::env;

/// An image with a junction and a file with two names.
fn scene() -> TestEnv {
    let env = env();
    let _ = env.run(&["format", "C.img", "--size", "16M"]).ok();
    let script = "@md dir & mklink /J j dir & echo text>f & mklink /H g f";
    let outcome = env.run_with(&["--drive", "C=C.img", "shell"], script);
    assert_eq!(outcome.code, Some(0), "{outcome}");
    env
}

/// Standard error of a search with these options.
#[track_caller]
fn road(env: &TestEnv, args: &[&str]) -> String {
    let outcome = env.run(&[&["--drive", "C=C.img", "find", "--explain"], args].concat());
    assert_eq!(outcome.code, Some(0), "{outcome}");
    outcome.stderr
}

#[test]
fn the_road_is_the_one_that_the_question_needs() {
    let env = scene();
    let check = |args: &[&str], said: &str| {
        assert_eq!(
            road(&env, args),
            format!("linksmith: C:\\: {said}\n"),
            "{args:?}"
        );
    };
    let index = "$Reparse index: it lists every reparse point of the volume";
    let table = "$MFT: no index lists hard links";
    check(&[], index);
    check(&["--unfollowed"], index);
    check(&["--sort"], index);
    check(&["--kind", "hard"], table);
    check(&["--hard"], table);
    check(
        &["--kind", "dir"],
        "directory walk: every entry is asked for",
    );
    check(
        &["--follow-junctions"],
        "directory walk: links are followed, and where they lead is found by walking",
    );
    let quiet = env.run(&["--drive", "C=C.img", "find"]);
    assert_eq!(quiet.stderr, "", "only where it is asked for");
}

#[test]
fn each_root_has_its_own() {
    let env = scene();
    assert_eq!(
        road(&env, &["C:\\dir", "C:\\f"]),
        "linksmith: C:\\dir: $Reparse index: it lists every reparse point of the volume\n\
         linksmith: C:\\f: directory walk: it is one entry, and nothing lies below it\n"
    );
    let json = road(&env, &["--json"]);
    let line = r#"{"v":1,"path":"C:\\","road":"$Reparse index","why":"it lists every reparse point of the volume"}"#;
    assert_eq!(json, format!("{line}\n"));
}

#[test]
fn an_index_that_is_stale_is_not_relied_on() {
    let env = scene();
    let image = env.join("C.img");
    #[allow(clippy::disallowed_methods, reason = "the damage is made here")]
    let mut patient = Patient::new(std::fs::read(&image).expect("the image"));
    // The junction's record is free again, and $R still has it.
    patient.record(patient.number("j"), |record| record[0x16] &= !1);
    #[allow(clippy::disallowed_methods, reason = "the damage is made here")]
    std::fs::write(&image, &patient.bytes).expect("the image");
    let said = road(&env, &[]);
    assert!(
        said.starts_with("linksmith: C:\\: $MFT: the $Reparse index is not to be relied on: "),
        "{said}"
    );
}

#[test]
fn other_volumes_are_walked() {
    let env = env();
    env.dir("dir");
    let outcome = env.run(&["--drive", "C=memory:", "find", "--explain"]);
    let said = "linksmith: C:\\: directory walk: this volume has no list of its links\n";
    assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), said));
    // This machine's own folder, whatever the system.
    let outcome = env.run(&["find", "--explain", "dir"]);
    assert_eq!(outcome.code, Some(0), "{outcome}");
    assert!(
        outcome.stderr.contains("dir: directory walk: "),
        "{outcome}"
    );
}
