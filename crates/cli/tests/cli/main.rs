//! The command line from the outside: what is typed, what is printed, which exit code.

mod article;
mod bad_input;
mod bulk;
mod foreign;
#[cfg(unix)]
mod host;
mod images;
#[cfg(unix)]
mod links;
#[cfg(unix)]
mod mending;
mod prompt;
#[cfg(unix)]
mod readme;
mod roads;
mod tools;
mod tools_undone;
mod tour;
mod trees;
mod verbs;

use testkit::env::TestEnv;

/// A volume in memory with the article's label, serial number and day.
const ARTICLE_DRIVE: &str = "C=memory:label=OS;serial=768808EC;clock=1339079520";

/// -1 as a process can say it: Windows keeps 32 bits of an exit code, other systems 8.
const MINUS_ONE: i32 = if cfg!(windows) { -1 } else { 255 };

fn env() -> TestEnv {
    TestEnv::new(env!("CARGO_BIN_EXE_linksmith"))
}

/// A session at the prompt on a fresh volume in memory, without the echo of its lines; the exit code is
/// the last command's.
fn session(script: &str) -> testkit::env::Outcome {
    let script = format!("@echo off\n{script}");
    env().run_with(
        &["--drive", ARTICLE_DRIVE, "--drive", "D=memory:", "shell"],
        &script,
    )
}
