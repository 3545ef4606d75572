//! The article's commands replayed, the whole output compared.

use crate::{ARTICLE_DRIVE, env};

#[test]
fn the_whole_transcript() {
    let env = env();
    env.file("article.cmd", include_str!("article.cmd"));
    let outcome = env.run(&["--drive", ARTICLE_DRIVE, "shell", "article.cmd"]);
    assert_eq!(outcome.code, Some(0), "{outcome}");
    assert_eq!(outcome.stdout, include_str!("article.txt"));
    assert_eq!(outcome.stderr, include_str!("article.err"));
}

/// The same from standard input.
#[test]
fn a_script_on_standard_input_is_the_same() {
    let args = ["--drive", ARTICLE_DRIVE, "shell"];
    let outcome = env().run_with(&args, include_str!("article.cmd"));
    assert_eq!(outcome.stdout, include_str!("article.txt"));
}

/// On a real volume the listings differ in what a fresh one has free, and in nothing else.
#[test]
fn the_same_on_an_image() {
    let env = env();
    let format = [
        "format", "C.img", "--size", "16M", "--label", "OS", "--serial", "768808EC",
    ];
    let _ = env.run(&format).ok();
    let outcome = env.run_with(
        &["--drive", "C=C.img", "shell"],
        include_str!("article.cmd"),
    );
    assert_eq!(outcome.code, Some(0), "{outcome}");
    let told = |text: &str| -> Vec<String> { text.lines().map(without_time_and_space).collect() };
    assert_eq!(told(&outcome.stdout), told(include_str!("article.txt")));
    let _ = env.run(&["check", "C.img"]).ok();
}

/// A listing's line without the time it begins with and without the free bytes it ends with.
fn without_time_and_space(line: &str) -> String {
    let is_entry = line.as_bytes().get(2) == Some(&b'/') && line.as_bytes().get(5) == Some(&b'/');
    let line = if is_entry {
        line.get(20..).unwrap_or_default()
    } else {
        line
    };
    match line.split_once(" Dir(s)") {
        Some((count, _)) => count.to_owned(),
        None => line.to_owned(),
    }
}
