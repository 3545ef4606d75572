//! `links`: a manifest of links against what is there.
#![allow(clippy::disallowed_methods)] // It changes the tree behind the program's back.

use testkit::env::{Outcome, TestEnv};

use crate::env;

const MANIFEST: &str = "\
[vars]
store = 'store'

[[link]]
path = 'a'
target = '${store}/one'

[[link]]
path = 'b'
target = 'store/two'
kind = 'hard'

[[link]]
path = 'c'
target = 'store'
spelling = 'absolute'
when = { os = 'unix' }

[[link]]
path = 'never'
target = 'store'
when = { env = 'NOT_SET_ANYWHERE' }
";

fn scene() -> TestEnv {
    let env = env();
    env.dir("store")
        .file("store/one", "1")
        .file("store/two", "2");
    env.file("links.toml", MANIFEST);
    env
}

fn links(env: &TestEnv, args: &[&str]) -> Outcome {
    run(env, &[&["links"], args].concat())
}

fn run(env: &TestEnv, args: &[&str]) -> Outcome {
    let mut command = env.command();
    command.env("LINKSMITH_STATE", env.state()).args(args);
    env.finish(&mut command, "")
}

fn tree(env: &TestEnv) -> String {
    env.tree()
        .join("\n")
        .replace(&env.path().display().to_string(), "$DIR")
}

#[test]
fn apply_makes_what_status_misses_and_says_so_once() {
    let env = scene();
    insta::assert_snapshot!(links(&env, &["status"]).to_string(), @r"
    exit 7
    missing   $DIR/a -> store/one
    missing   $DIR/b -> store/two
    missing   $DIR/c -> store
    not-here  $DIR/never -> store (the environment does not have NOT_SET_ANYWHERE)
    ");
    insta::assert_snapshot!(links(&env, &["apply"]).to_string(), @r"
    made $DIR/a
    made $DIR/b
    made $DIR/c
    ");
    insta::assert_snapshot!(links(&env, &["apply"]).to_string(), @"");
    insta::assert_snapshot!(tree(&env), @r"
    a -> store/one
    b
    c -> $DIR/store
    links.toml
    store/
    store/one
    store/two
    ");
}

#[test]
fn what_apply_made_is_taken_back_as_one() {
    let env = scene();
    links(&env, &["apply", "-q"]).ok();
    assert_eq!(links(&env, &["status"]).code, Some(0));
    run(&env, &["undo", "-q"]).ok();
    insta::assert_snapshot!(tree(&env), @r"
    links.toml
    store/
    store/one
    store/two
    ");
}

#[test]
fn a_real_file_in_the_way_stays() {
    let env = scene();
    env.file("a", "mine");
    insta::assert_snapshot!(links(&env, &["apply"]).to_string(), @r"
    exit 1
    made $DIR/b
    made $DIR/c
    --- stderr
    linksmith: cannot make the soft link '$DIR/a': a file with that name is there already (Win32 error 183)
    hint: Only links are replaced; move it away or choose another name.
    ");
    assert_eq!(
        std::fs::read_to_string(env.join("a")).ok().as_deref(),
        Some("mine")
    );
}

#[test]
fn a_link_that_leads_elsewhere_is_led_right() {
    let env = scene();
    env.symlink("a", "elsewhere");
    insta::assert_snapshot!(links(&env, &["status", "--json"]).stdout, @r#"
    {"v":1,"path":"$DIR/a","target":"store/one","drift":"differs","line":4}
    {"v":1,"path":"$DIR/b","target":"store/two","drift":"missing","line":8}
    {"v":1,"path":"$DIR/c","target":"store","drift":"missing","line":13}
    {"v":1,"path":"$DIR/never","target":"store","drift":"not-here","why":"the environment does not have NOT_SET_ANYWHERE","line":19}
    "#);
    insta::assert_snapshot!(links(&env, &["apply", "-q"]).to_string(), @"");
    assert_eq!(links(&env, &["status"]).code, Some(0));
}

#[test]
fn prune_removes_what_was_made_and_nothing_else() {
    let env = scene();
    env.symlink("own", "store");
    links(&env, &["apply"]).ok();
    env.file(
        "links.toml",
        "[[link]]\npath = 'b'\ntarget = 'store/two'\nkind = 'hard'\n",
    );
    insta::assert_snapshot!(links(&env, &["prune", "-n"]).to_string(), @r"
    would remove $DIR/a
    would remove $DIR/c
    ");
    // One of the links is somebody else's by now.
    std::fs::remove_file(env.join("c")).expect("it is there");
    env.symlink("c", "elsewhere");
    insta::assert_snapshot!(links(&env, &["prune"]).to_string(), @r"
    removed $DIR/a
    --- stderr
    linksmith: warning: '$DIR/c' is not what was made there: it stays
    ");
    insta::assert_snapshot!(tree(&env), @r"
    b
    c -> elsewhere
    links.toml
    own -> store
    store/
    store/one
    store/two
    ");
}

#[test]
fn what_is_exported_is_as_wanted() {
    let env = scene();
    links(&env, &["apply"]).ok();
    env.symlink("it's", "store/one").symlink("gone", "nowhere");
    let exported = links(&env, &["export", "."]).ok();
    insta::assert_snapshot!(exported, @r#"
    [[link]]
    path = '$DIR/a'
    target = 'store/one'

    [[link]]
    path = '$DIR/c'
    target = '$DIR/store'

    [[link]]
    path = '$DIR/gone'
    target = 'nowhere'
    dangling = true

    [[link]]
    path = "$DIR/it's"
    target = 'store/one'
    "#);
    let here = env.path().display().to_string();
    env.file("again.toml", &exported.replace("$DIR", &here));
    assert_eq!(links(&env, &["status", "again.toml"]).code, Some(0));
}

#[test]
fn adopt_adds_a_link_once() {
    let env = scene();
    env.symlink("new", "store/one");
    links(&env, &["adopt", "new"]).ok();
    insta::assert_snapshot!(links(&env, &["adopt", "new"]).to_string(), @"$DIR/new is in the manifest already");
    let text = std::fs::read_to_string(env.join("links.toml")).expect("it is there");
    assert!(text.starts_with(MANIFEST), "{text}");
    assert_eq!(text.matches("[[link]]").count(), 5);
    insta::assert_snapshot!(links(&env, &["adopt", "store"]).to_string(), @r"
    exit 8
    --- stderr
    linksmith: cannot adopt '$DIR/store': it is no link that a manifest can want
    hint: Soft links, junctions and volume mount points can be adopted.
    ");
}

#[test]
fn errors_of_a_manifest_have_line_and_column() {
    let env = scene();
    env.file(
        "bad.toml",
        "[[link]]\npath = 'a'\ntarget = 'b'\nknid = 'hard'\n",
    );
    insta::assert_snapshot!(links(&env, &["apply", "bad.toml"]).to_string(), @r"
    exit 2
    --- stderr
    linksmith: the manifest 'bad.toml' is not well-formed: line 4, column 1: unknown field `knid`, expected one of `path`, `target`, `kind`, `spelling`, `dir`, `dangling`, `when`
    hint: `linksmith links --help` tells what it may hold.
    ");
    insta::assert_snapshot!(links(&env, &["status", "none.toml"]).to_string(), @r"
    exit 3
    --- stderr
    linksmith: cannot read the manifest 'none.toml': there is no such file or directory (Win32 error 2)
    hint: `linksmith links export ROOT` prints one of the links that are there.
    ");
}

#[test]
fn folders_and_links_before_a_link_are_counted_on() {
    let env = env();
    env.dir("real");
    env.file(
        "links.toml",
        "[[link]]\npath = 'new/deep/to_real'\ntarget = 'real'\nspelling = 'relative'\n\
         [[link]]\npath = 'new/deep/to_real/inner'\ntarget = 'x'\ndangling = true\ndir = false\n",
    );
    let status = links(&env, &["status"]);
    insta::assert_snapshot!(status, @r"
    exit 7
    missing  $DIR/new/deep/to_real -> real
    missing  $DIR/new/deep/to_real/inner -> x
    ");
    let _ = links(&env, &["apply"]).ok();
    insta::assert_snapshot!(links(&env, &["status"]), @r"
    ok  $DIR/new/deep/to_real -> real
    ok  $DIR/new/deep/to_real/inner -> x
    ");
}
