//! Symbolic links, where there are some; and that none is claimed where there are none.

use testkit::env::TestEnv;
use testkit::suite::Suite;

use crate::env;
use crate::needs::{HARD, NO_SOFT, SOFT};

pub(crate) fn add(suite: Suite) -> Suite {
    suite
        .case("soft_links_are_made_and_shown", &[SOFT], made_and_shown)
        .case("a_broken_soft_link_is_found", &[SOFT], broken)
        .case("a_soft_link_is_led_elsewhere", &[SOFT], led_elsewhere)
        .case("removing_a_soft_link_keeps_its_target", &[SOFT], removed)
        .case("a_soft_link_becomes_a_hard_one", &[SOFT, HARD], converted)
        .case(
            "where_soft_links_cannot_be_none_is_claimed",
            &[NO_SOFT],
            none_is_claimed,
        )
        .case("a_hard_link_serves_instead", &[NO_SOFT, HARD], hard_instead)
}

fn scene() -> TestEnv {
    let env = env();
    env.dir("dir")
        .file("dir/inner", "inner")
        .file("file.txt", "text");
    env
}

fn soft(env: &TestEnv, link: &str, target: &str) {
    let outcome = env.run(&["-q", "soft", link, target]);
    assert_eq!(outcome.code, Some(0), "{outcome}");
}

fn made_and_shown() {
    let env = scene();
    soft(&env, "f", "file.txt");
    soft(&env, "d", "dir");
    assert_eq!(env.run(&["type", "f"]).ok(), "text");
    assert_eq!(env.run(&["type", "d/inner"]).ok(), "inner");
    let shown = env.run(&["show", "--json", "f", "d"]).ok();
    for part in [
        r#""kind":"symlink","dir":false"#,
        r#""target":"file.txt""#,
        r#""target":"dir""#,
        r#""status":"ok""#,
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert!(
        env.tree().contains(&"d -> dir".to_owned()),
        "{:?}",
        env.tree()
    );
}

fn broken() {
    let env = scene();
    let dangling = [
        "-q",
        "soft",
        "--dangling",
        "--kind",
        "file",
        "gone",
        "nowhere",
    ];
    assert_eq!(env.run(&dangling).code, Some(0));
    soft(&env, "f", "file.txt");
    let found = env.run(&["find", "--broken"]);
    assert_eq!(found.code, Some(7), "{found}");
    assert!(
        found.stdout.contains("gone -> nowhere") && found.stdout.lines().count() == 1,
        "{found}"
    );
}

fn led_elsewhere() {
    let env = scene();
    env.file("other.txt", "other");
    soft(&env, "f", "file.txt");
    let outcome = env.run(&["-q", "retarget", "f", "other.txt"]);
    assert_eq!(outcome.code, Some(0), "{outcome}");
    assert_eq!(env.run(&["type", "f"]).ok(), "other");
}

fn removed() {
    let env = scene();
    let before = env.tree();
    soft(&env, "d", "dir");
    soft(&env, "dir/up", "../file.txt");
    let _ = env.run(&["-q", "remove", "d", "dir/up"]).ok();
    assert_eq!(env.tree(), before);
}

fn converted() {
    let env = scene();
    soft(&env, "f", "file.txt");
    let outcome = env.run(&["-q", "convert", "f", "--to", "hard"]);
    assert_eq!(outcome.code, Some(0), "{outcome}");
    assert!(env.run(&["list"]).ok().contains("hard"), "{outcome}");
}

fn none_is_claimed() {
    let env = scene();
    let before = env.tree();
    let checks: [&[&str]; 4] = [
        &["soft", "l", "file.txt"],
        &["soft", "l", "dir"],
        &["soft", "--dangling", "--kind", "file", "l", "nowhere"],
        &["mklink", "/D", "l", "dir"],
    ];
    for args in checks {
        let outcome = env.run(args);
        assert!(outcome.code > Some(0), "{args:?}: {outcome}");
        assert_eq!(outcome.stdout, "", "{args:?}");
        assert_ne!(outcome.stderr, "", "{args:?}");
        assert_eq!(env.tree(), before, "{args:?}");
    }
    let doctor = env.run(&["doctor", "--json"]).ok();
    let line = doctor
        .lines()
        .find(|l| l.contains(r#""finding":"symlink-file""#));
    assert!(
        line.is_none_or(|line| line.contains(r#""state":"missing""#)),
        "{doctor}"
    );
}

fn hard_instead() {
    let env = scene();
    let outcome = env.run(&["soft", "--or", "hard", "l", "file.txt"]);
    assert_eq!(outcome.code, Some(0), "{outcome}");
    assert!(outcome.stderr.contains("hard link instead"), "{outcome}");
    assert!(env.run(&["list"]).ok().contains("2 names"), "{outcome}");
}
