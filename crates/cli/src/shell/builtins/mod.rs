//! The prompt's own commands.
//!
//! Their words and exit codes are `cmd`'s as they are commonly known; none of them has been compared
//! with output of the original.

mod files;
mod links;
mod navigate;
mod say;

use super::Shell;
use super::grammar::{Splitting, words};
use crate::error::CliError;

/// One command of the prompt.
pub(super) struct Builtin {
    pub(super) names: &'static [&'static str],
    /// One line for `help`.
    about: &'static str,
    run: fn(&mut Shell<'_>, &str) -> Result<Outcome, CliError>,
}

/// How a command went.
pub(super) enum Outcome {
    /// `%ERRORLEVEL%` becomes this, and the exit status too.
    Code(u8),
    /// It went well and leaves `%ERRORLEVEL%` as it is: `echo` and its like.
    Quiet,
    /// It is no command: what went before still counts.
    Nothing,
}

/// Every builtin, by name.
const BUILTINS: &[Builtin] = &[
    builtin(
        &["cd", "chdir"],
        "Shows or changes the current directory.",
        navigate::cd,
    ),
    builtin(&["cls"], "Clears the screen.", say::cls),
    builtin(&["copy"], "Copies files.", files::copy),
    builtin(
        &["del", "erase"],
        "Deletes files; a link itself, never what it leads to.",
        links::del,
    ),
    builtin(
        &["echo"],
        "Shows text, or turns the echo of a script's lines on or off.",
        say::echo,
    ),
    builtin(&["exit"], "Ends the prompt: EXIT [/B] [code].", say::exit),
    builtin(&["help"], "Lists the commands.", say::help),
    builtin(&["md", "mkdir"], "Makes directories.", files::md),
    builtin(
        &["popd"],
        "Goes back to where PUSHD was called.",
        navigate::popd,
    ),
    builtin(
        &["pushd"],
        "Goes to a directory and remembers this one.",
        navigate::pushd,
    ),
    builtin(
        &["rd", "rmdir"],
        "Removes directories and links; /S detaches links, never follows.",
        links::rd,
    ),
    builtin(&["rem"], "A comment.", say::rem),
    builtin(
        &["ren", "rename"],
        "Renames files and directories.",
        files::ren,
    ),
    builtin(&["set"], "Shows or sets variables.", say::set),
    builtin(&["type"], "Shows the contents of files.", files::type_),
    builtin(
        &["vol"],
        "Shows a volume's label and serial number.",
        navigate::vol,
    ),
    builtin(
        &["where"],
        "Shows where a file or a command is.",
        navigate::where_,
    ),
];

const fn builtin(
    names: &'static [&'static str],
    about: &'static str,
    run: fn(&mut Shell<'_>, &str) -> Result<Outcome, CliError>,
) -> Builtin {
    Builtin { names, about, run }
}

/// What commands are called by.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    BUILTINS
        .iter()
        .flat_map(|builtin| builtin.names.iter().copied())
}

/// The builtin that a command's text begins with, and the text behind its name.
///
/// As in `cmd` the name may be glued to what follows: `cd..`, `echo.`, `rd/s`.
pub(super) fn find(text: &str) -> Option<(&'static Builtin, &str)> {
    let end = text
        .find(|c: char| !c.is_ascii_alphabetic())
        .unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let glued = rest
        .chars()
        .next()
        .is_none_or(|c| c.is_whitespace() || "/\\.:,;=+([\"".contains(c));
    let known = |b: &&Builtin| b.names.iter().any(|n| n.eq_ignore_ascii_case(name));
    BUILTINS
        .iter()
        .find(known)
        .filter(|_| glued)
        .map(|b| (b, rest))
}

/// Runs one, and its `/?`.
pub(super) fn run(shell: &mut Shell<'_>, builtin: &Builtin, rest: &str) -> Result<(), CliError> {
    let asks = words(rest, Splitting::Builtin).iter().any(|w| w == "/?");
    let outcome = if asks && !builtin.names.contains(&"echo") {
        shell.out(builtin.about)?;
        Outcome::Quiet
    } else {
        (builtin.run)(shell, rest)?
    };
    match outcome {
        Outcome::Code(code) => shell.set_last(i64::from(code), code),
        Outcome::Quiet => shell.last = 0,
        Outcome::Nothing => {}
    }
    Ok(())
}

/// A builtin's switches and its other words.
struct Arguments {
    /// Upper case, without the slash.
    switches: Vec<String>,
    names: Vec<String>,
}

impl Arguments {
    /// Parses `rest`. A word of switches glued together, `/s/q`, is each of them; a word that is none of
    /// `known` is a name on a POSIX drive and an error on a Windows one.
    fn parse(shell: &mut Shell<'_>, rest: &str, known: &[&str]) -> Result<Option<Self>, CliError> {
        let posix = shell.drives.style() == linksmith::volume::PathStyle::Posix;
        let (mut switches, mut names) = (Vec::new(), Vec::new());
        for word in words(rest, Splitting::Builtin) {
            let Some(body) = word.strip_prefix('/') else {
                names.push(word);
                continue;
            };
            let found: Vec<String> = body.split('/').map(str::to_ascii_uppercase).collect();
            if found.iter().all(|s| known.contains(&s.as_str())) {
                switches.extend(found);
            } else if posix {
                names.push(word);
            } else {
                shell.err(&format!("Invalid switch - \"{body}\"."))?;
                return Ok(None);
            }
        }
        Ok(Some(Self { switches, names }))
    }

    fn has(&self, switch: &str) -> bool {
        self.switches.iter().any(|s| s == switch)
    }
}

/// `cmd`'s words for a command line that is not well-formed.
fn syntax(shell: &mut Shell<'_>) -> Result<Outcome, CliError> {
    shell.err("The syntax of the command is incorrect.")?;
    Ok(Outcome::Code(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_may_be_glued() {
        let check = |text: &str, want: Option<(&str, &str)>| {
            let found = find(text).map(|(b, rest)| (b.names.first().copied().unwrap_or(""), rest));
            assert_eq!(found, want, "{text}");
        };
        check("cd..", Some(("cd", "..")));
        check("CD\\", Some(("cd", "\\")));
        check("echo.", Some(("echo", ".")));
        check("rd/s x", Some(("rd", "/s x")));
        check("mkdir a", Some(("md", " a")));
        check("cdrom", None);
        check("dir", None);
        check("", None);
    }

    #[test]
    fn each_says_what_it_does() {
        for builtin in BUILTINS {
            assert!(builtin.about.ends_with('.'), "{:?}", builtin.names);
        }
    }
}
