//! Hard links.

use testkit::env::TestEnv;
use testkit::suite::Suite;

use crate::env;
use crate::needs::HARD;

pub(crate) fn add(suite: Suite) -> Suite {
    suite
        .case(
            "hard_links_are_made_listed_and_removed",
            &[HARD],
            whole_life,
        )
        .case("names_of_a_file_make_a_group", &[HARD], groups)
        .case("a_directory_gets_no_hard_link", &[], no_directories)
        .case(
            "what_is_there_is_not_replaced",
            &[HARD],
            nothing_is_replaced,
        )
        .case("a_saved_plan_is_applied_and_taken_back", &[HARD], plans)
        .case("a_manifest_of_hard_links", &[HARD], manifest)
        .case("mklink_and_fsutil_make_hard_links", &[HARD], tools)
        .case("the_prompt_on_this_machine", &[HARD], prompt)
}

fn scene() -> TestEnv {
    let env = env();
    env.dir("dir").file("file.txt", "text\n");
    env
}

fn whole_life() {
    let env = scene();
    assert_eq!(
        env.run(&["hard", "h", "file.txt"]).ok(),
        "hard link h = file.txt\n"
    );
    assert_eq!(
        env.run(&["list"]).ok(),
        "dir                     dir\n\
         hard  2 names  5 bytes  file.txt\n\
         hard  2 names  5 bytes  h\n"
    );
    assert_eq!(env.run(&["type", "h"]).ok(), "text\n");
    assert_eq!(env.run(&["remove", "h"]).ok(), "removed h\n");
    assert_eq!(env.run(&["remove", "file.txt"]).code, Some(8));
    assert_eq!(env.tree(), ["dir/", "file.txt"]);
    assert_eq!(
        env.run(&["-q", "remove", "--last-name", "file.txt"]).ok(),
        ""
    );
    assert_eq!(env.tree(), ["dir/"]);
}

fn groups() {
    let env = scene();
    let _ = env.run(&["hard", "dir/h", "file.txt"]).ok();
    let all = env.run(&["find", "--hard", "--json"]).ok();
    assert!(
        all.contains(r#""links":2,"size":5,"all_inside":true"#),
        "{all}"
    );
    let part = env.run(&["find", "--hard", "--json", "dir"]).ok();
    assert!(part.contains(r#""all_inside":false"#), "{part}");
    let names = env.run(&["names", "--in", ".", "file.txt"]).ok();
    assert_eq!(names.lines().count(), 2, "{names}");
    let within = env.run(&["names", "--in", ".", "--within", "dir", "file.txt"]);
    assert_eq!(within.code, Some(7), "{within}");
}

fn no_directories() {
    let env = scene();
    for target in ["dir", "nowhere"] {
        let outcome = env.run(&["hard", "h", target]);
        assert!(outcome.code > Some(0), "{outcome}");
    }
    assert_eq!(env.tree(), ["dir/", "file.txt"]);
}

fn nothing_is_replaced() {
    let env = scene();
    env.file("other.txt", "other").file("dir/keep", "");
    let before = env.tree();
    for name in ["dir", "other.txt"] {
        let outcome = env.run(&["hard", name, "file.txt"]);
        assert_eq!(outcome.code, Some(4), "{outcome}");
        let forced = env.run(&["hard", "--force", name, "file.txt"]);
        assert_ne!(forced.code, Some(0), "{forced}");
    }
    assert_eq!(env.tree(), before);
    assert_eq!(env.run(&["type", "other.txt"]).ok(), "other");
}

fn plans() {
    let env = scene();
    let state = tempfile::tempdir().expect("a folder");
    let run = |args: &[&str]| {
        let mut command = env.command();
        command.env("LINKSMITH_STATE", state.path()).args(args);
        env.finish(&mut command, "")
    };
    let _ = run(&["hard", "h", "file.txt", "-n", "--plan", "plan"]).ok();
    assert_eq!(env.tree(), ["dir/", "file.txt", "plan"]);
    let _ = run(&["apply", "plan"]).ok();
    assert_eq!(env.tree(), ["dir/", "file.txt", "h", "plan"]);
    let undone = run(&["undo"]);
    assert_eq!(undone.code, Some(0), "{undone}");
    assert_eq!(env.tree(), ["dir/", "file.txt", "plan"]);
}

fn manifest() {
    let env = scene();
    env.file(
        "links.toml",
        "[[link]]\npath = 'dir/h'\ntarget = 'file.txt'\nkind = 'hard'\n",
    );
    let state = tempfile::tempdir().expect("a folder");
    let run = |args: &[&str]| {
        let mut command = env.command();
        command.env("LINKSMITH_STATE", state.path()).args(args);
        env.finish(&mut command, "")
    };
    assert_eq!(run(&["links", "status"]).code, Some(7));
    let _ = run(&["links", "apply"]).ok();
    assert_eq!(run(&["links", "status"]).code, Some(0));
    assert_eq!(env.run(&["type", "dir/h"]).ok(), "text\n");
}

fn tools() {
    let env = scene();
    assert_eq!(
        env.run(&["mklink", "/H", "h", "file.txt"]).ok(),
        "Hardlink created for h <<===>> file.txt\n"
    );
    let again = env.run(&["mklink", "/H", "h", "file.txt"]);
    assert_eq!(
        again.fails(1),
        "Cannot create a file when that file already exists.\n"
    );
    let created = env.run(&["fsutil", "hardlink", "create", "g", "file.txt"]);
    assert_eq!(created.code, Some(0), "{created}");
    let listed = env.run(&["dir", "/b"]).ok();
    assert_eq!(listed, "dir\nfile.txt\ng\nh\n");
    assert!(env.run(&["list"]).ok().contains("3 names"));
}

fn prompt() {
    let env = scene();
    let script = "@echo off\r\nmd d\r\necho line>d\\f.txt\r\ncd d\r\nmklink /H g f.txt\r\ntype g\r\ncopy f.txt copied >nul\r\n\
                  ren copied renamed\r\ndel f.txt\r\ncd ..\r\ndir /b /s d\r\nrd /s /q d\r\n";
    let script = if cfg!(windows) {
        script.to_owned()
    } else {
        script.replace('\\', "/")
    };
    let outcome = env.run_with(&["shell"], &script);
    let told = outcome.ok().replace('\\', "/");
    assert_eq!(
        told,
        "Hardlink created for g <<===>> f.txt\nline\n$DIR/d/g\n$DIR/d/renamed\n"
    );
    assert_eq!(env.tree(), ["dir/", "file.txt"]);
}
