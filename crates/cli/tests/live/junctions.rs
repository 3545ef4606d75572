//! Junctions, where there are some; and that none is claimed where there are none.

use testkit::env::TestEnv;
use testkit::suite::Suite;

use crate::env;
use crate::needs::{JUNCTIONS, NO_JUNCTIONS};

pub(crate) fn add(suite: Suite) -> Suite {
    suite
        .case("junctions_are_made_and_shown", &[JUNCTIONS], made_and_shown)
        .case("cmd_follows_our_junctions", &[JUNCTIONS], cmd_follows)
        .case(
            "removing_a_junction_keeps_its_target",
            &[JUNCTIONS],
            removed,
        )
        .case(
            "where_junctions_cannot_be_none_is_claimed",
            &[NO_JUNCTIONS],
            none_is_claimed,
        )
}

fn scene() -> TestEnv {
    let env = env();
    env.dir("dir").file("dir/inner", "inner");
    env
}

fn made_and_shown() {
    let env = scene();
    let _ = env.run(&["-q", "junction", "j", "dir"]).ok();
    let shown = env.run(&["show", "--json", "j"]).ok();
    for part in [
        r#""kind":"junction","dir":true,"tag":"0xA0000003""#,
        r#""substitute":"\\??\\"#,
        r#""status":"ok""#,
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert_eq!(env.run(&["type", "j/inner"]).ok(), "inner");
    let again = env.run(&["as", "junction", "-nobanner", "j"]).ok();
    assert!(again.contains(": JUNCTION"), "{again}");
}

fn cmd_follows() {
    let env = scene();
    let _ = env.run(&["-q", "junction", "j", "dir"]).ok();
    let mut cmd = std::process::Command::new("cmd");
    cmd.current_dir(env.path())
        .args(["/d", "/c", r"type j\inner"]);
    assert_eq!(env.finish(&mut cmd, "").ok(), "inner");
}

fn removed() {
    let env = scene();
    let before = env.tree();
    let _ = env.run(&["-q", "junction", "j", "dir"]).ok();
    let _ = env.run(&["-q", "remove", "j"]).ok();
    assert_eq!(env.tree(), before);
    let script = "@mklink /J k dir >nul & rd k\n";
    assert_eq!(env.run_with(&["shell"], script).code, Some(0));
    assert_eq!(env.tree(), before);
}

fn none_is_claimed() {
    let env = scene();
    let before = env.tree();
    let own = env.run(&["junction", "j", "dir"]);
    assert_eq!(own.code, Some(6), "{own}");
    assert!(own.stderr.contains("hint: "), "{own}");
    let mklink = env.run(&["mklink", "/J", "j", "dir"]);
    assert_eq!((mklink.code, mklink.stdout.as_str()), (Some(1), ""));
    let tool = env.run(&["as", "junction", "-nobanner", "j", "dir"]);
    let minus_one = if cfg!(windows) { -1 } else { 255 };
    assert_eq!(tool.code, Some(minus_one), "{tool}");
    assert_eq!(env.tree(), before);
}
