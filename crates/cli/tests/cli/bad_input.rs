//! Input that cannot work: the exit code, one clear line, a hint, and nothing left behind.

use crate::session;

/// What stands before each command: a directory with a file in it, links, a loop.
const SCENE: &str = "md a & cd a & md dir & echo keep>dir\\keep.txt & echo text>file.txt\n\
    soft -q s file.txt & linksmith junction -q j dir\n\
    soft -q --dangling --kind dir loop loop\n";

/// Runs a command on the scene: the exit code, one line that begins as all do and holds `words`, and the
/// listing of the whole tree unchanged. Most have a hint too.
fn refused(command: &str, code: i32, words: &str) {
    let list = "@linksmith list -R C:\\a";
    let before = session(&format!("{SCENE}{list}")).ok();
    let outcome = session(&format!("{SCENE}{command}"));
    assert_eq!(outcome.code, Some(code), "{command}: {outcome}");
    assert_eq!(outcome.stdout, "", "{command}");
    let mut lines = outcome.stderr.lines();
    let line = lines.next().unwrap_or_default();
    assert!(line.starts_with("linksmith: "), "{command}: {line}");
    assert!(line.contains(words), "{command}: {line}");
    let hint = lines.next().unwrap_or_default();
    assert!(
        hint.starts_with("hint: "),
        "{command}: a hint, not '{hint}' behind '{line}'"
    );
    assert_eq!(lines.next(), None, "{command}: {outcome}");
    let after = session(&format!("{SCENE}{command} 2>nul\n{list}")).stdout;
    assert_eq!(
        after, before,
        "{command} left something behind, or took something away"
    );
}

#[test]
fn a_missing_target() {
    refused("soft n nope", 3, "'nope' is not there");
    refused("hard n nope", 3, "not there");
    refused("linksmith junction n nope", 3, "'nope' is not there");
    refused("show nope", 3, "nope");
    refused("list nope", 3, "nope");
    refused("names nope", 3, "nope");
    refused("linksmith type nope", 3, "nope");
    refused("remove nope", 3, "nope");
    refused("remove -r nope", 3, "nope");
}

#[test]
fn a_missing_folder_on_the_way() {
    refused("soft nope\\n file.txt", 3, "nope");
    refused("hard nope\\n file.txt", 3, "nope");
    refused("linksmith junction nope\\n dir", 3, "nope");
    refused("show nope\\n", 3, "nope");
}

#[test]
fn an_existing_link() {
    refused("soft s dir", 4, "a link with that name is there already");
    refused(
        "hard s file.txt",
        4,
        "a link with that name is there already",
    );
    refused(
        "linksmith junction j dir",
        4,
        "a link with that name is there already",
    );
}

#[test]
fn a_real_directory_or_file_where_a_link_is_meant() {
    for force in ["", " --force", " --backup"] {
        refused(
            &format!("soft dir file.txt{force}"),
            4,
            "a directory with that name",
        );
        refused(
            &format!("hard dir file.txt{force}"),
            4,
            "a directory with that name",
        );
        refused(
            &format!("linksmith junction dir dir{force}"),
            4,
            "a directory with that name",
        );
        refused(
            &format!("soft file.txt dir{force}"),
            4,
            "a file with that name",
        );
    }
    refused("remove dir", 8, "it is a directory, not a link");
    refused("remove file.txt", 8, "the file's last name");
}

#[test]
fn a_file_where_a_directory_is_meant() {
    refused("linksmith junction n file.txt", 6, "is a file");
    refused("soft file.txt\\n dir", 3, "not a directory");
    refused("show file.txt\\x", 3, "not a directory");
    refused("hard n dir", 6, "is a directory");
}

#[test]
fn the_wrong_kind() {
    refused("soft --kind file n dir", 8, "is a directory");
    refused("soft --kind dir n file.txt", 8, "is a file");
}

#[test]
fn an_empty_name() {
    refused("soft \"\" file.txt", 2, "a path cannot be empty");
    refused("soft n \"\"", 2, "the target is empty");
    refused("show \"\"", 2, "a path cannot be empty");
    refused("list \"\"", 2, "a path cannot be empty");
    refused("remove \"\"", 2, "a path cannot be empty");
}

#[test]
fn names_no_volume_takes() {
    refused("soft a*b file.txt", 6, "name");
    refused("hard a?b file.txt", 6, "name");
    let long = "x".repeat(256);
    refused(&format!("soft {long} file.txt"), 6, "255 is the most");
    refused(&format!("hard {long} file.txt"), 6, "255 is the most");
    refused(
        &format!("linksmith junction {long} dir"),
        6,
        "255 is the most",
    );
}

#[test]
fn a_path_through_a_loop() {
    refused("soft loop\\n file.txt", 6, "leads back to itself");
    refused("list loop\\n", 6, "leads back to itself");
    refused("remove loop\\n", 6, "leads back to itself");
    refused("linksmith type loop", 6, "leads back to itself");
}

#[test]
fn a_drive_that_is_not_attached() {
    refused("soft Z:\\n file.txt", 3, "Z:");
    refused("show Z:\\x", 3, "Z:");
    refused("hard n Z:\\x", 3, "Z:");
}

#[test]
fn across_volumes_and_computers() {
    refused("hard D:\\n file.txt", 6, "on another volume");
    refused(
        "linksmith junction n \\\\server\\share",
        6,
        "on another computer",
    );
}

#[test]
fn a_full_disk() {
    let env = crate::env();
    let args = ["--drive", "C=memory:size=65536", "shell"];
    let script = "@echo off\n\
        echo 0123456789012345678901234567890123456789>big\n\
        :fill\n"
        .to_owned()
        + &"copy big+big+big+big big2 >nul & copy big2 big >nul 2>nul\n".repeat(12)
        + "linksmith junction j C:\\ --json\n";
    let outcome = env.run_with(&args, &script);
    // Whether the last link still fits depends on what the copies left.
    assert!(matches!(outcome.code, Some(0 | 6)), "{outcome}");
}
