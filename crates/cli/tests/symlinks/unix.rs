//! `as symlinks` beside the original: the same lines in the same order, the same tree afterwards.
#![allow(
    clippy::disallowed_methods,
    reason = "it makes the trees that it looks at"
)]

use std::path::Path;
use std::process::Command;

use testkit::suite::{Need, Suite, find_tool};

pub(crate) fn main() {
    let needs = [Need::Tool("symlinks")];
    Suite::new("symlinks")
        .case("what_it_says", &needs, what_it_says)
        .case("what_it_does", &needs, what_it_does)
        .run();
}

/// Links of every class, and names that are hard to read.
fn make_tree(root: &Path) {
    use std::os::unix::fs::symlink;
    std::fs::create_dir_all(root.join("x/y/z")).expect("folders");
    for file in ["x/y/g", "x/f", "f", "x/y/odd \u{e9} name"] {
        std::fs::write(root.join(file), "text").expect("a file");
    }
    let absolute = |rest: &str| root.join(rest).display().to_string();
    let targets = [
        "g",
        "./g",
        "z/",
        "z//",
        "z/../g",
        "../y/g",
        "../../x/f",
        "../../x/y/z",
        "../z/../y/g",
        "..",
        ".",
        "../.",
        "nowhere",
        "..//y/./g",
        "/proc/version",
        "../../../../../../../proc/version",
        "odd \u{e9} name",
        "/",
        "/etc/../etc/passwd",
        "b/../g",
        "/nowhere",
    ];
    let all = targets.map(str::to_owned).into_iter();
    let all = all.chain([
        absolute("x/f"),
        absolute("x/y"),
        absolute("x/../f"),
        absolute("x/y/z/"),
    ]);
    for (number, target) in all.enumerate() {
        let name = format!("x/y/link {number}");
        symlink(&target, root.join(name)).expect("a link");
    }
    symlink("loop", root.join("x/loop")).expect("a link");
    symlink("x/y", root.join("dir")).expect("a link");
}

fn tool(words: &[&str], at: &Path, original: bool) -> (String, String, Option<i32>) {
    let mut command = match original {
        true => Command::new(find_tool("symlinks").expect("it was looked for")),
        false => {
            let mut command = Command::new(env!("CARGO_BIN_EXE_linksmith"));
            command.args(["as", "symlinks"]);
            command
        }
    };
    let done = command
        .args(words)
        .current_dir(at)
        .output()
        .expect("it runs");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (text(done.stdout), text(done.stderr), done.status.code())
}

fn what_it_says() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path().canonicalize().expect("its path");
    make_tree(&root);
    let words: &[&[&str]] = &[
        &["."],
        &["-v", "x/y"],
        &["-r", "."],
        &["-rv", "."],
        &["-rsv", "."],
        &["-ro", "."],
        &["-rov", "."],
        &["-tc", "x/y"],
        &["-tcr", "."],
        &["-trs", "x//y/.."],
        &["-trsvo", "dir"],
        &["x", "-v", "x/y", "nothing", "f"],
        &["-x", "."],
        &["--help"],
        &[],
        &["-rc"],
    ];
    for words in words {
        assert_eq!(
            tool(words, &root, false),
            tool(words, &root, true),
            "{words:?}"
        );
    }
}

fn what_it_does() {
    let links = |root: &Path| -> Vec<String> {
        let mut find = Command::new("find");
        find.args([".", "-type", "l", "-printf", "%p %l\n"]);
        let all = find.current_dir(root).output().expect("find");
        let mut all: Vec<_> = String::from_utf8_lossy(&all.stdout)
            .lines()
            .map(str::to_owned)
            .collect();
        all.sort();
        all
    };
    for words in [
        &["-c", "x/y"][..],
        &["-rcs", "."],
        &["-rd", "."],
        &["-rtd", "."],
    ] {
        let run = |original| {
            let folder = tempfile::tempdir().expect("a folder");
            let root = folder.path().canonicalize().expect("its path");
            make_tree(&root);
            let (said, _, code) = tool(words, &root, original);
            let at = root.display().to_string();
            let links: Vec<String> = links(&root)
                .iter()
                .map(|l| l.replace(&at, "$DIR"))
                .collect();
            let mut said: Vec<String> = said
                .replace(&at, "$DIR")
                .lines()
                .map(str::to_owned)
                .collect();
            // Each run has a folder of its own, whose order is its own too.
            said.sort();
            (said, code, links)
        };
        assert_eq!(run(false), run(true), "{words:?}");
    }
}
