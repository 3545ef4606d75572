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
