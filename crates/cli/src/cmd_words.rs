//! Arguments of `cmd`'s own commands, as `cmd` would take them.
//!
//! A program's arguments are split by the rules of the C runtime: in `"C:\dir\" target` the backslash
//! keeps the quote, and all of it is one word. `cmd` knows no such rule: for `mklink` and `dir` it is two
//! words. So on Windows the words of those two are read from the command line itself. `fsutil`,
//! `junction` and `findlinks` are programs and keep the runtime's rules.

use std::ffi::{OsStr, OsString};

/// The words, split again where they are a built-in command's and this is Windows.
#[cfg(windows)]
pub(crate) fn as_cmd_gives_them(program: &OsStr, words: Vec<OsString>) -> Vec<OsString> {
    let Some(before) = words_before_builtin(program, &words) else {
        return words;
    };
    let line = linksmith::volume::win32::command_line();
    let again = split(line.as_encoded_bytes());
    let own = again
        .into_iter()
        .skip(1 + before)
        .map(|word| crate::args::os_string(&word));
    words.iter().take(before).cloned().chain(own).collect()
}

/// The words as they are: elsewhere the shell has split them already.
#[cfg(not(windows))]
pub(crate) fn as_cmd_gives_them(_: &OsStr, words: Vec<OsString>) -> Vec<OsString> {
    words
}

/// How many words stand before those of a built-in command; `None` where none is called.
#[cfg_attr(
    not(windows),
    allow(dead_code, reason = "for Windows, tested everywhere")
)]
fn words_before_builtin(program: &OsStr, words: &[OsString]) -> Option<usize> {
    let builtin = |name: &OsStr| crate::tools::of_program(name).is_some_and(|tool| !tool.program);
    let (_, rest) = crate::args::Globals::leading(words).ok()?;
    let before = words.len() - rest.len();
    match rest {
        _ if builtin(program) => Some(before),
        [first, name, ..] if first == "as" && builtin(name) => Some(before + 2),
        [name, ..] if builtin(name) => Some(before + 1),
        _ => None,
    }
}

/// Words between blanks; a quote only shields blanks and goes.
#[cfg_attr(
    not(windows),
    allow(dead_code, reason = "for Windows, tested everywhere")
)]
fn split(line: &[u8]) -> Vec<Vec<u8>> {
    let mut words = Vec::new();
    let mut word: Option<Vec<u8>> = None;
    let mut quoted = false;
    for byte in line {
        match byte {
            b'"' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            b' ' | b'\t' if !quoted => words.extend(word.take()),
            other => word.get_or_insert_default().push(*other),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_shield_blanks_and_nothing_else() {
        let check = |line: &str, words: &[&str]| {
            let split = split(line.as_bytes());
            let split: Vec<_> = split
                .iter()
                .map(|word| String::from_utf8_lossy(word))
                .collect();
            assert_eq!(split, words, "{line}");
        };
        check(
            r#"mklink /D "C:\my dir\" C:\x"#,
            &["mklink", "/D", r"C:\my dir\", r"C:\x"],
        );
        check(
            r#""C:\Program Files\l.exe" dir a"b c"d  "" "#,
            &[r"C:\Program Files\l.exe", "dir", "ab cd", ""],
        );
        check(r#"dir "unfinished x"#, &["dir", "unfinished x"]);
    }

    #[test]
    fn only_built_in_commands_are_split_again() {
        let check = |line: &str, before: Option<usize>| {
            let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            let (program, words) = words.split_first().expect("a program");
            assert_eq!(words_before_builtin(program, words), before, "{line}");
        };
        check("linksmith mklink /D a b", Some(1));
        check("linksmith --drive C=x.img dir", Some(3));
        check("linksmith as MKLINK a b", Some(2));
        check("mklink.exe a b", Some(0));
        check("linksmith fsutil hardlink list a", None);
        check("linksmith soft a mklink", None);
    }
}
