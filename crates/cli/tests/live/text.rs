//! Names, paths and command lines as the system has them.

use testkit::suite::Suite;

use crate::env;
use crate::needs::{HARD, WINDOWS};

pub(crate) fn add(suite: Suite) -> Suite {
    suite
        .case("names_of_all_languages", &[HARD], languages)
        .case("paths_far_beyond_260", &[HARD], long_paths)
        .case("patterns_are_taken_apart", &[WINDOWS, HARD], patterns)
        .case("verbatim_paths", &[WINDOWS], verbatim)
        .case("lines_end_as_the_originals_do", &[WINDOWS], line_ends)
        .case("quotes_as_cmd_takes_them", &[WINDOWS, HARD], quotes)
        .case("called_by_a_tools_name", &[HARD], by_name)
}

const NAME: &str = "naïve — ファイル 🙂.txt";

fn languages() {
    let env = env();
    env.file(NAME, "text");
    let link = "связь";
    let made = env.run(&["hard", link, NAME]).ok();
    assert_eq!(made, format!("hard link {link} = {NAME}\n"));
    assert!(env.run(&["dir", "/b"]).ok().contains(NAME));
    assert!(
        env.run(&["list", "--json"])
            .ok()
            .contains(&format!(r#"{NAME}","kind":"hard""#))
    );
    let script = format!("@type \"{link}\"\n");
    assert_eq!(env.run_with(&["shell"], &script).ok(), "text");
}

fn long_paths() {
    let env = env();
    let mut deep = env.path().to_owned();
    if cfg!(windows) {
        // Of std alone: the program itself is to take the path as it stands.
        deep = format!(r"\\?\{}", deep.display()).into();
    }
    let mut told = env.path().to_owned();
    for _ in 0..4 {
        deep.push("n".repeat(100));
        told.push("n".repeat(100));
    }
    #[allow(
        clippy::disallowed_methods,
        reason = "the scene is set by the system's own calls"
    )]
    {
        std::fs::create_dir_all(&deep).expect("folders");
        std::fs::write(deep.join("f"), "deep").expect("a file");
    }
    let (file, link) = (told.join("f"), told.join("h"));
    let (file, link) = (file.to_str().expect("text"), link.to_str().expect("text"));
    assert!(file.len() > 400);
    let _ = env.run(&["-q", "hard", link, file]).ok();
    assert_eq!(env.run(&["type", link]).ok(), "deep");
    let found = env.run(&["find", "--hard", "--json"]).ok();
    assert!(found.contains(r#""all_inside":true"#), "{found}");
    let tree = env.run(&["-q", "remove", "-r", "--last-name", &"n".repeat(100)]);
    assert_eq!(tree.code, Some(0), "{tree}");
    assert_eq!(env.tree(), [""; 0]);
}

fn patterns() {
    let env = env();
    env.file("a.txt", "a")
        .file("b.txt", "b")
        .file("c.log", "c")
        .dir("sub");
    assert_eq!(env.run(&["type", "*.txt"]).ok(), "ab");
    assert_eq!(env.run(&["type", r".\?.log"]).ok(), "c");
    let made = env.run(&["hard", "-t", "sub", "*.txt"]);
    assert_eq!(made.code, Some(0), "{made}");
    assert_eq!(env.run(&["dir", "/b", "sub"]).ok(), "a.txt\nb.txt\n");
    let _ = env.run(&["-q", "remove", r"sub\*"]).ok();
    assert_eq!(env.run(&["type", "*.none"]).code, Some(3));
    assert_eq!(env.tree(), ["a.txt", "b.txt", "c.log", "sub/"]);
}

fn verbatim() {
    let env = env();
    env.dir("dir").file("dir/f", "text");
    let at = format!(r"\\?\{}\dir", env.path().display());
    let listed = env.run(&["list", &at]).ok();
    assert_eq!(listed, "file    4 bytes  f\n");
    // `..` is a name like any other there.
    let up = env.run(&["list", &format!(r"{at}\..")]);
    assert!(up.code > Some(0), "{up}");
}

fn line_ends() {
    let env = env();
    env.file("f", "x");
    let output = |args: &[&str]| {
        let output = env.command().args(args).output().expect("it starts");
        String::from_utf8(output.stdout).expect("text")
    };
    assert_eq!(output(&["dir", "/b"]), "f\r\n");
    assert!(output(&["list"]).ends_with("f\n") && !output(&["list"]).contains('\r'));
}

#[cfg(not(windows))]
fn quotes() {}

/// A command line as `cmd` hands it on, not as std would quote it.
#[cfg(windows)]
fn quotes() {
    use std::os::windows::process::CommandExt as _;
    let env = env();
    env.dir("my dir").file("my dir/my file", "text");
    let run = |line: &str| {
        let mut command = env.command();
        command.raw_arg(line);
        env.finish(&mut command, "")
    };
    assert_eq!(
        run(r#"mklink /H "my link" "my dir\my file""#).ok(),
        "Hardlink created for my link <<===>> my dir\\my file\n"
    );
    // The runtime would take `\"` for a quote; `cmd` does not.
    assert_eq!(run(r#"dir /b "my dir\""#).ok(), "my file\n");
    let own = run(r#"hard "my dir\other link" "my dir\my file""#);
    assert_eq!(own.code, Some(0), "{own}");
    assert!(run(r#"list "my dir""#).ok().contains("3 names"));
}

fn by_name() {
    let env = env();
    env.file("f", "text");
    let name = format!("mklink{}", std::env::consts::EXE_SUFFIX);
    #[allow(
        clippy::disallowed_methods,
        reason = "the scene is set by the system's own calls"
    )]
    std::fs::copy(env!("CARGO_BIN_EXE_linksmith"), env.join(&name)).expect("a copy");
    let mut command = std::process::Command::new(env.join(&name));
    command.current_dir(env.path()).args(["/h", "g", "f"]);
    let outcome = env.finish(&mut command, "");
    assert_eq!(outcome.ok(), "Hardlink created for g <<===>> f\n");
}
