//! copy, mirror and dedupe: trees with their links, in memory, in images, on this machine.

use testkit::env::TestEnv;

use crate::{env, session};

/// A tree with a link of each kind into it and out of it.
const TREE: &str = r"
md a & md a\b & md a\b\c & md out
echo text>a\f.txt
echo outside>out\o.txt
mklink /H a\b\g.txt a\f.txt >nul
mklink /J a\j C:\a\b >nul
mklink /D a\b\rel c >nul
mklink a\b\up ..\f.txt >nul
mklink /D a\abs C:\a\b\c >nul
mklink /J a\jout C:\out >nul
mklink a\fout ..\out\o.txt >nul
mklink /D out\back C:\a >nul
";

/// What the copy of the tree at `C:\a` looks like at `root`, but for its two links outwards.
fn inner(root: &str) -> String {
    format!(
        "\
dir                         b
hard      2 names  6 bytes  f.txt
symlink   ok                abs -> {root}\\b\\c
junction  ok                j -> {root}\\b
dir                        c
hard     2 names  6 bytes  g.txt
symlink  ok                rel -> c
symlink  ok                up -> ..\\f.txt
"
    )
}

fn has(shown: &str, line: &str) {
    let squeezed = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let all: Vec<String> = shown.lines().map(squeezed).collect();
    for line in line.lines().map(squeezed) {
        assert!(all.contains(&line), "no {line:?} in\n{shown}");
    }
}

fn copied(command: &str, list: &str) -> String {
    let script = format!("{TREE}linksmith {command}\nlinksmith ls -R {list}\n");
    session(&script).ok()
}

#[test]
fn links_into_the_tree_lead_into_the_copy() {
    let shown = copied(r"copy C:\a D:\", r"D:\a");
    has(&shown, &inner(r"D:\a"));
    has(&shown, r"junction ok jout -> C:\out");
    has(&shown, r"symlink ok fout -> C:\out\o.txt");
    has(
        &shown,
        "copied 1 file, 3 directories, 6 links, 1 more name of a file, 3 links with a new text (6 bytes)",
    );
    // On the same volume a relative link outwards stays one, from its new place.
    let shown = copied(r"copy C:\a C:\out\z", r"C:\out\z");
    has(&shown, &inner(r"C:\out\z"));
    has(&shown, r"symlink ok fout -> ..\o.txt");
}

#[test]
fn links_out_of_the_tree_go_as_they_are_asked_to() {
    let shown = copied(r"copy --outer crop C:\a D:\z", r"D:\z");
    has(&shown, &inner(r"D:\z"));
    assert!(
        !shown.contains("jout") && !shown.contains("fout"),
        "{shown}"
    );
    let shown = copied(r"copy --outer splice C:\a C:\z", r"C:\z");
    has(&shown, r"symlink ok fout -> C:\out\o.txt");
    let shown = copied(r"copy --symlinks unroll C:\a D:\z", r"D:\z");
    has(&shown, r"junction ok jout -> C:\out");
    has(&shown, "file 9 bytes fout");
    // What is unrolled leads back into the tree: a link into the copy, and no second copy.
    let shown = copied(r"copy --outer unroll C:\a D:\z", r"D:\z");
    has(&shown, "dir jout");
    has(&shown, r"symlink ok back -> D:\z");
    has(&shown, "file 9 bytes o.txt");
    let shown = copied(r"copy --as-is C:\a D:\z", r"D:\z");
    has(&shown, r"junction ok j -> C:\a\b");
    has(&shown, r"symlink dangling fout -> ..\out\o.txt");
}

#[test]
fn nothing_is_copied_over_or_into_itself() {
    let check = |command: &str, code: i32| {
        let outcome = session(&format!("{TREE}linksmith {command}\n"));
        assert_eq!(outcome.code, Some(code), "{command}: {outcome}");
    };
    check(r"copy C:\a C:\out\..\a\b\new", 8);
    check(r"copy C:\a C:\a", 8);
    check(r"mirror C:\a\b C:\a", 8);
    check(r"copy C:\a\f.txt C:\out\o.txt", 4);
    check(r"copy C:\nothing D:\x", 3);
    check(r"copy C:\a E:\x", 3);
}

#[test]
fn a_link_is_copied_itself() {
    let shown = copied(r"copy C:\a\j D:\j", r"D:\");
    has(&shown, r"junction ok j -> C:\a\b");
    let shown = copied(r"copy C:\a\fout C:\out\b", r"C:\out");
    has(&shown, r"symlink ok b -> o.txt");
}

#[test]
fn a_mirror_is_made_like_the_other_and_then_left_alone() {
    let script = format!(
        r"{TREE}linksmith mirror C:\a D:\m
echo more>>C:\a\f.txt
del C:\a\abs 2>nul
rd C:\a\abs
rd C:\a\j
mklink /J C:\a\j C:\a >nul
echo extra>D:\m\extra
md D:\m\b\gone
mklink /J D:\m\b\gone\away C:\out >nul
linksmith mirror C:\a D:\m
linksmith mirror --delete C:\a D:\m
linksmith mirror --delete C:\a D:\m
linksmith ls -R D:\m
linksmith ls C:\out
"
    );
    let shown = session(&script).ok();
    has(
        &shown,
        "copied 1 file, 0 directories, 1 link, 1 more name of a file, 1 link with a new text, 7 entries equal already, 3 stay that the other does not have (12 bytes)",
    );
    has(
        &shown,
        "copied 0 files, 0 directories, 0 links, 10 entries equal already, 4 removed (0 bytes)",
    );
    has(
        &shown,
        "copied 0 files, 0 directories, 0 links, 10 entries equal already (0 bytes)",
    );
    has(&shown, r"junction ok j -> D:\m");
    has(&shown, "hard 2 names 12 bytes g.txt");
    // A junction in what was removed was detached, not followed.
    has(&shown, "file 9 bytes o.txt");
}

#[test]
fn a_directory_gives_way_to_a_file_only_where_removing_is_wanted() {
    let scene = format!("{TREE}md D:\\m & md D:\\m\\f.txt & echo x>D:\\m\\f.txt\\in\n");
    let outcome = session(&format!("{scene}linksmith mirror C:\\a D:\\m\n"));
    assert_eq!(outcome.code, Some(8), "{outcome}");
    let script = format!("{scene}linksmith mirror --delete C:\\a D:\\m\nlinksmith ls D:\\m\n");
    has(&session(&script).ok(), "hard 2 names 6 bytes f.txt");
}

/// Images with the tree on the first, and a journal elsewhere.
fn images() -> (TestEnv, tempfile::TempDir) {
    let env = env();
    for image in ["c.img", "d.img"] {
        env.run(&["format", image, "--size", "16M"]).ok();
    }
    let state = tempfile::tempdir().expect("a folder");
    let script = format!("@echo off\n{TREE}");
    on_images(&env, &state, &["shell"], &script).ok();
    (env, state)
}

fn on_images(
    env: &TestEnv,
    state: &tempfile::TempDir,
    args: &[&str],
    input: &str,
) -> testkit::env::Outcome {
    let mut command = env.command();
    command.env("LINKSMITH_STATE", state.path());
    command.args(["--drive", "C=c.img", "--drive", "D=d.img"]);
    env.finish(command.args(args), input)
}

#[test]
fn images_are_copied_between_and_the_copy_is_taken_back() {
    let (env, state) = images();
    let run = |args: &[&str]| on_images(&env, &state, args, "");
    let planned = run(&["copy", "C:\\a", "D:\\", "--plan", "p.json"]).ok();
    assert!(planned.contains("steps saved"), "{planned}");
    run(&["apply", "p.json"]).ok();
    has(&run(&["ls", "-R", "D:\\a"]).ok(), &inner(r"D:\a"));
    for image in ["c.img", "d.img"] {
        let checked = env.run(&["check", image]).ok();
        assert!(checked.contains("no findings"), "{checked}");
    }
    // Written since, by somebody with another journal: it stays.
    let elsewhere = tempfile::tempdir().expect("a folder");
    on_images(
        &env,
        &elsewhere,
        &["shell"],
        "@echo off\necho new>D:\\a\\f.txt\n",
    )
    .ok();
    assert_eq!(run(&["undo"]).code, Some(8));
    run(&["rm", "-r", "D:\\a"]).ok();
    run(&["copy", "C:\\a", "D:\\"]).ok();
    run(&["undo"]).ok();
    assert_eq!(run(&["ls", "D:\\"]).ok(), "");
}

/// Copies of one image have one serial number, by which a run knows its volumes.
#[test]
fn a_change_of_a_copied_image_is_taken_back_there_and_not_on_the_other() {
    let (env, state) = images();
    #[allow(
        clippy::disallowed_methods,
        reason = "images are files of this machine"
    )]
    std::fs::copy(env.join("c.img"), env.join("d.img")).expect("a copy");
    let run = |args: &[&str]| on_images(&env, &state, args, "");
    for drive in ["C:", "D:"] {
        run(&["soft", &format!("{drive}\\link"), "a", "--kind", "dir"]).ok();
    }
    run(&["undo"]).ok();
    let there = |link: &str| run(&["show", link]).code == Some(0);
    assert!(there("C:\\link") && !there("D:\\link"));
}

#[test]
fn a_plan_for_a_source_that_changed_is_refused() {
    let (env, state) = images();
    let run = |args: &[&str]| on_images(&env, &state, args, "");
    run(&["copy", "C:\\a", "D:\\", "--plan", "p.json"]).ok();
    on_images(
        &env,
        &state,
        &["shell"],
        "@echo off\necho longer text>C:\\a\\f.txt\n",
    )
    .ok();
    let refused = run(&["apply", "p.json"]);
    assert_ne!(refused.code, Some(0));
    assert!(refused.stderr.contains("changed meanwhile"), "{refused}");
    assert_eq!(run(&["ls", "D:\\"]).ok(), "");
}

#[cfg(unix)]
#[test]
fn this_machines_trees() {
    let env = env();
    env.dir("src/a/b")
        .dir("out")
        .file("src/a/f", "one\n")
        .file("out/o", "o");
    env.symlink("src/a/b/rel", "../f")
        .symlink("src/outrel", "../out");
    env.symlink("src/abs", env.join("src/a/f"))
        .symlink("src/lost", "nowhere");
    env.run(&["hard", "src/a/g", "src/a/f"]).ok();
    env.dir("there");
    env.run(&["copy", "src", "there"]).ok();
    let copy = env.join("there/src/a/f");
    let tree: Vec<String> = env.tree();
    for line in [
        "there/src/a/b/rel -> ../f".to_owned(),
        "there/src/outrel -> ../../out".to_owned(),
        format!("there/src/abs -> {}", copy.display()),
        "there/src/lost -> nowhere".to_owned(),
    ] {
        assert!(tree.contains(&line), "no {line} in {tree:#?}");
    }
    has(
        &env.run(&["names", "there/src/a/f"]).ok(),
        "$DIR/there/src/a/f",
    );
    assert_eq!(env.run(&["names", "there/src/a/f"]).ok().lines().count(), 2);
    let json = env.run(&["mirror", "--json", "src", "there/src"]).ok();
    assert!(json.starts_with(r#"{"v":1,"files":0,"bytes":0,"#), "{json}");
    assert!(
        json.contains(r#""equal":9,"removed":0,"extra":0,"failed":0}"#),
        "{json}"
    );
    // A link that leads nowhere stays one, and that is said.
    env.symlink("src/gone", "../nowhere");
    let unrolled = env.run(&["copy", "--outer", "unroll", "src", "whole"]);
    assert!(unrolled.stderr.contains("gone' stays a link"), "{unrolled}");
    assert!(
        env.tree().contains(&"whole/outrel/o".to_owned()),
        "{:#?}",
        env.tree()
    );
}

#[test]
fn equal_files_become_names_of_the_oldest() {
    let script = r"@echo off
md a & md a\b
echo same>a\one & echo same>a\b\two & echo same>a\three & echo diff>a\four & echo other length>a\five
mklink /H a\again a\three >nul
mklink a\link three >nul
linksmith dedupe -n C:\a
linksmith dedupe C:\a
linksmith ls -R C:\a
linksmith dedupe C:\a
";
    let shown = session(script).ok();
    has(
        &shown,
        r"would name the file C:\a\again also C:\a\b\.linksmith-0",
    );
    has(&shown, "6 files, 2 names replaced, 14 bytes won");
    has(&shown, "hard 4 names 7 bytes two");
    has(&shown, "file 7 bytes four");
    has(&shown, "6 files, 0 names replaced, 0 bytes won");
}

#[test]
fn what_was_deduped_is_taken_back() {
    let (env, state) = images();
    let run = |args: &[&str]| on_images(&env, &state, args, "");
    let long = "0123456789".repeat(20_000);
    env.dir("in");
    env.file("in/a", &long)
        .file("in/b", &long)
        .file("in/c", "short");
    run(&["import", "in", "D:\\in"]).ok();
    let json = run(&["dedupe", "--json", "D:\\in"]).ok();
    assert!(json.contains(r#""replaced":1,"won":200000,"#), "{json}");
    has(&run(&["ls", "D:\\in"]).ok(), "hard 2 names 200,000 bytes b");
    run(&["undo"]).ok();
    has(
        &run(&["ls", "D:\\in"]).ok(),
        "file 200,000 bytes a\nfile 200,000 bytes b",
    );
    let read = run(&["type", "D:\\in\\b"]).ok();
    assert!(read.trim_end() == long, "the copy reads otherwise");
    let checked = env.run(&["check", "d.img"]).ok();
    assert!(checked.contains("no findings"), "{checked}");
}

#[cfg(unix)]
#[test]
fn an_import_and_an_export_are_taken_back() {
    let (env, state) = images();
    let run = |args: &[&str]| on_images(&env, &state, args, "");
    env.dir("in/dir")
        .file("in/dir/f", "text")
        .file("in/taken", "x");
    env.symlink("in/link", "dir/f");
    let listed = |dir: &str| run(&["ls", "-R", dir]).ok();
    run(&["soft", "C:\\in", "a", "--kind", "dir"]).ok();
    run(&["rm", "C:\\in"]).ok();
    let before = listed("C:\\");
    has(
        &run(&["import", "in", "C:\\in"]).ok(),
        "copied 2 files, 1 directory, 1 link",
    );
    assert!(run(&["undo"]).ok().contains("import in C:\\in"));
    assert_eq!(listed("C:\\"), before);

    run(&["import", "in", "C:\\in"]).ok();
    env.dir("out").file("out/taken", "not ours");
    let exported = run(&["export", "C:\\in", "out"]);
    assert_eq!(exported.code, Some(1), "{exported}");
    assert!(env.tree().contains(&"out/dir/f".to_owned()));
    // Its run is of this machine's volumes.
    let mut undo = env.command();
    undo.env("LINKSMITH_STATE", state.path()).arg("undo");
    assert!(env.finish(&mut undo, "").ok().contains("export C:\\in out"));
    let left: Vec<_> = env
        .tree()
        .into_iter()
        .filter(|e| e.starts_with("out"))
        .collect();
    assert_eq!(left, ["out/", "out/taken"]);

    run(&["import", "--no-undo", "in", "D:\\in"]).ok();
    assert!(run(&["undo"]).ok().contains("import in C:\\in"));
    has(&listed("D:\\in"), "file 1 byte taken");
}

/// Other systems make names that Windows programs do not find.
#[cfg(unix)]
#[test]
fn a_name_that_is_a_device_goes_over_with_a_warning() {
    let (env, state) = images();
    let run = |args: &[&str]| on_images(&env, &state, args, "");
    env.dir("in").file("in/aux.c", "x").file("in/a.", "x");
    let imported = run(&["import", "in", "C:\\in"]);
    assert_eq!(imported.code, Some(0), "{imported}");
    assert_eq!(
        imported
            .stderr
            .matches("Windows programs will not find it")
            .count(),
        2
    );
    let renamed = run(&["rename", "C:\\a", "con"]);
    assert_eq!(renamed.code, Some(2), "{renamed}");
}

/// What would fail is no part of what is shown.
#[cfg(unix)]
#[test]
fn an_import_that_is_only_shown_tells_what_would_fail() {
    let (env, state) = images();
    let run = |args: &[&str]| on_images(&env, &state, args, "");
    env.dir("in")
        .file("in/a", "x")
        .file("in/A", "x")
        .file("in/b:c", "x");
    let shown = run(&["import", "-n", "in", "C:\\in"]);
    let done = run(&["import", "in", "C:\\in"]);
    assert_eq!((shown.code, &shown.stderr), (Some(1), &done.stderr));
    assert_eq!(
        shown.stderr.matches("cannot make the copy").count(),
        2,
        "{shown}"
    );
    assert_eq!(shown.stdout.matches("would copy").count(), 1, "{shown}");
}

#[cfg(unix)]
#[test]
fn files_with_other_rights_stay_apart() {
    use std::os::unix::fs::PermissionsExt;
    let env = env();
    env.dir("d");
    env.file("d/a", "same")
        .file("d/b", "same")
        .file("d/c", "same")
        .file("d/e", "");
    env.file("d/f", "");
    let mode = std::fs::Permissions::from_mode(0o600);
    #[allow(clippy::disallowed_methods, reason = "to have another mode")]
    std::fs::set_permissions(env.join("d/b"), mode).expect("a mode");
    let shown = env.run(&["dedupe", "d"]).ok();
    has(&shown, "5 files, 1 name replaced, 4 bytes won");
    assert!(shown.contains("d/c = $DIR/d/a"), "{shown}");
}

#[cfg(unix)]
#[test]
#[allow(clippy::disallowed_methods, reason = "modes are the system's own")]
fn what_nobody_else_may_enter_stays_so() {
    use std::os::unix::fs::PermissionsExt as _;

    let env = env();
    env.dir("private/read_only")
        .file("private/read_only/secret", "x");
    let mode = |name: &str| {
        let metadata = std::fs::metadata(env.join(name)).expect("it is there");
        metadata.permissions().mode() & 0o777
    };
    let set = |name: &str, mode| {
        let mode = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(env.join(name), mode).expect("its mode");
    };
    set("private/read_only", 0o550);
    set("private", 0o700);
    let _ = env.run(&["copy", "private", "copied"]).ok();
    assert_eq!(mode("copied"), 0o700);
    assert_eq!(mode("copied/read_only"), 0o750, "its owner fills it");
}
