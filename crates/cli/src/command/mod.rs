//! The verbs, one file each.
//!
//! # A new verb
//!
//! 1. `command/NAME.rs` with a struct that derives [`clap::Args`]; its doc comment is the line in
//!    `--help`, its fields' doc comments are the options' lines.
//! 2. [`Command`] for it: the name, examples for `--help`, and `run`, which gets the parsed options and
//!    the [`Session`] and answers with an [`Exit`] or a [`CliError`].
//! 3. A row in [`VERBS`].
//!
//! Output goes through `session.console` only: `line` for results, `note` for what `--quiet` drops,
//! `warn` for warnings. With `console.json` a verb prints one object a line, shaped by a struct that
//! derives `Serialize` and has `v: 1` first.
//!
//! Start-up is kept short: only the verb that was asked for is ever built as a `clap` command. The
//! whole tree exists for `help`, `completions` and `man` alone.

mod apply;
mod audit;
mod check;
mod completions;
mod convert;
mod copy;
mod create;
mod dedupe;
mod doctor;
mod every_link;
mod find;
mod format;
mod graph;
mod impact;
mod links;
mod list;
mod man;
mod names;
mod patterns;
mod refs;
mod remove;
mod repair;
mod retarget;
mod shell;
mod show;
mod tour;
mod transfer;
mod type_;
mod undo;

use std::ffi::{OsStr, OsString};

use clap::error::ErrorKind;
use clap::{ArgMatches, Args, FromArgMatches};

use crate::args::Globals;
use crate::error::{self, CliError, Exit};
use crate::session::Session;
use crate::tools;

/// One verb: its options are the fields of the type.
pub(crate) trait Command: Args + FromArgMatches + 'static {
    /// What it is called by.
    const NAME: &'static str;
    /// What else it is called by.
    const ALIASES: &'static [&'static str] = &[];
    /// Foot of its `--help`: real commands, each with what it does.
    const EXAMPLES: &'static str;

    /// Reads the plainest form of the command line without the parser, whose tree costs as much as
    /// starting the process does. `None` sends the words to the parser.
    fn plain(_words: &[OsString]) -> Option<Self> {
        None
    }

    /// Whether it changes no volume, whatever it finds. Then it shares the attached images with others that
    /// only look, so that `linksmith find -0 | xargs -0 linksmith show` works on them.
    fn only_looks(&self) -> bool {
        false
    }

    /// Does it.
    fn run(self, session: &mut Session) -> Result<Exit, CliError>;
}

/// A verb as the table holds it.
pub(crate) struct Verb {
    name: &'static str,
    aliases: &'static [&'static str],
    examples: &'static str,
    augment: fn(clap::Command) -> clap::Command,
    run: fn(&ArgMatches, &mut Session) -> Result<u8, CliError>,
    plain: Plain,
}

/// Runs the plainest form of a verb; `None` where the words are not of that form.
type Plain = fn(&[OsString], &mut Session) -> Option<Result<u8, CliError>>;

impl Verb {
    const fn of<C: Command>() -> Self {
        Self {
            name: C::NAME,
            aliases: C::ALIASES,
            examples: C::EXAMPLES,
            augment: C::augment_args,
            run: run::<C>,
            plain: plain::<C>,
        }
    }

    fn command(&self) -> clap::Command {
        let command = clap::Command::new(self.name)
            .bin_name(format!("linksmith {}", self.name))
            .visible_aliases(self.aliases.iter().copied())
            .after_help(format!("Examples:\n{}", self.examples.trim_matches('\n')))
            .no_binary_name(true);
        // The verb's own options come last, so that its doc comment is what `--help` begins with.
        (self.augment)(Globals::augment_args(command).next_help_heading(None))
    }
}

fn plain<C: Command>(words: &[OsString], session: &mut Session) -> Option<Result<u8, CliError>> {
    let command = C::plain(words)?;
    Some(carry_out(command, session))
}

fn run<C: Command>(matches: &ArgMatches, session: &mut Session) -> Result<u8, CliError> {
    let command = C::from_arg_matches(matches).map_err(|e| from_clap(&e))?;
    carry_out(command, session)
}

fn carry_out<C: Command>(command: C, session: &mut Session) -> Result<u8, CliError> {
    session.only_looks = command.only_looks();
    command.run(session).map(Exit::code)
}

/// Every verb, in the order of the help.
pub(crate) const VERBS: &[Verb] = &[
    Verb::of::<create::Soft>(),
    Verb::of::<create::Hard>(),
    Verb::of::<create::Junction>(),
    Verb::of::<create::Mount>(),
    Verb::of::<remove::Remove>(),
    Verb::of::<show::Show>(),
    Verb::of::<list::List>(),
    Verb::of::<find::Find>(),
    Verb::of::<names::Names>(),
    Verb::of::<refs::Refs>(),
    Verb::of::<impact::ImpactVerb>(),
    Verb::of::<impact::Move>(),
    Verb::of::<impact::Rename>(),
    Verb::of::<copy::Copy>(),
    Verb::of::<copy::MirrorVerb>(),
    Verb::of::<dedupe::Dedupe>(),
    Verb::of::<retarget::Retarget>(),
    Verb::of::<convert::Convert>(),
    Verb::of::<repair::Repair>(),
    Verb::of::<type_::Type>(),
    Verb::of::<apply::Apply>(),
    Verb::of::<undo::Undo>(),
    Verb::of::<format::Format>(),
    Verb::of::<check::Check>(),
    Verb::of::<transfer::Import>(),
    Verb::of::<transfer::Export>(),
    Verb::of::<shell::Shell>(),
    Verb::of::<tour::Tour>(),
    Verb::of::<doctor::Doctor>(),
    Verb::of::<graph::Draw>(),
    Verb::of::<links::Links>(),
    Verb::of::<audit::Audit>(),
    Verb::of::<completions::Completions>(),
    Verb::of::<man::Man>(),
];

/// The verb of this name.
pub(crate) fn find(name: &str) -> Option<&'static Verb> {
    VERBS
        .iter()
        .find(|v| v.name == name || v.aliases.contains(&name))
}

/// The verbs' names.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    VERBS.iter().map(|v| v.name)
}

/// Does the same with each path, patterns taken apart. One that fails does not stop the others: its error is said at once,
/// and the answer is "some of it failed"; where there is one path alone its error is the answer.
pub(crate) fn each(
    session: &mut Session,
    paths: &[OsString],
    mut run: impl FnMut(&mut Session, bool, &OsStr) -> Result<(), CliError>,
) -> Result<Exit, CliError> {
    let (mut done, mut failed) = (0_usize, Vec::new());
    let paths = patterns::expand(session, paths);
    let alone = paths.len() == 1;
    for path in paths {
        let first = done == 0 && failed.is_empty();
        match path.and_then(|path| run(session, first, &path)) {
            Ok(()) => done += 1,
            Err(error) if error.silent || alone => return Err(error),
            Err(error) => {
                error::report(&error, &mut session.console);
                failed.push(error.exit);
            }
        }
    }
    match failed.as_slice() {
        [] => Ok(Exit::Done),
        // Where nothing was done and all failed for one reason, that reason is the answer.
        [first, rest @ ..] if done == 0 && rest.iter().all(|e| e == first) => Ok(*first),
        _ => Ok(Exit::Partly),
    }
}

/// Runs what the words ask for; the answer is the exit code.
pub(crate) fn dispatch(session: &mut Session, words: &[OsString]) -> Result<u8, CliError> {
    let Some((first, rest)) = words.split_first() else {
        session
            .console
            .err_line(&whole().render_help().to_string())?;
        return Ok(Exit::Usage.code());
    };
    match first.to_string_lossy().as_ref() {
        "-h" | "--help" | "help" => help(session, rest),
        "-V" | "--version" => {
            let version = concat!("linksmith ", env!("CARGO_PKG_VERSION"));
            session.console.line(version)?;
            Ok(0)
        }
        "as" => as_tool(session, rest),
        name => {
            if let Some(tool) = tools::find(name).filter(|t| t.verb) {
                return tools::invoke(tool, session, rest);
            }
            match find(name) {
                Some(verb) => invoke(verb, session, rest),
                None => Err(unknown(words)),
            }
        }
    }
}

/// Foot of the help: what is no verb of ours.
const TOOLS_HELP: &str = "Other tools' commands, as the originals have them:
  mklink, dir, fsutil   verbs as they stand: linksmith mklink /J LINK TARGET
  as TOOL ARGS...       also junction, findlinks, symlinks; a program file of such a name is that tool
  --fixed-exit-codes    exit codes of ours where the originals' mislead";

/// `as TOOL ARGS...`
fn as_tool(session: &mut Session, words: &[OsString]) -> Result<u8, CliError> {
    let Some((name, rest)) = words.split_first() else {
        return Err(
            CliError::usage("no tool is named").hint("`linksmith as mklink /J link target`")
        );
    };
    if matches!(name.to_str(), Some("-h" | "--help" | "/?")) {
        session.console.line(TOOLS_HELP)?;
        return Ok(0);
    }
    match tools::find(&name.to_string_lossy()) {
        Some(tool) => tools::invoke(tool, session, rest),
        None => {
            let names: Vec<&str> = tools::TOOLS.iter().map(|t| t.name).collect();
            let shown = name.to_string_lossy();
            Err(CliError::usage(format!("'{shown}' is none of the tools"))
                .hint(format!("They are {}.", names.join(", "))))
        }
    }
}

/// A command as it was typed: what the journal calls its changes.
pub(crate) fn as_typed(name: &str, words: &[OsString]) -> String {
    words.iter().fold(name.to_owned(), |text, word| {
        text + " " + &crate::output::visible(word.as_encoded_bytes())
    })
}

/// Parses a verb's words and runs it.
pub(crate) fn invoke(
    verb: &Verb,
    session: &mut Session,
    words: &[OsString],
) -> Result<u8, CliError> {
    session.command = as_typed(verb.name, words);
    if let Some(result) = (verb.plain)(words, session) {
        return result;
    }
    let matches = match verb.command().try_get_matches_from(words) {
        Ok(matches) => matches,
        Err(e) if !e.use_stderr() => return show_help(session, &e),
        Err(e) => {
            // Its value was never parsed, and yet the error has to have the form that was asked for.
            session.console.json |= words.iter().any(|w| w == "--json");
            return Err(from_clap(&e));
        }
    };
    let options = Globals::from_arg_matches(&matches).map_err(|e| from_clap(&e))?;
    session.with_options(options, |session| (verb.run)(&matches, session))
}

/// `help [VERB]`.
fn help(session: &mut Session, words: &[OsString]) -> Result<u8, CliError> {
    let verb = words
        .first()
        .and_then(|w| w.to_str())
        .map(|name| (name, find(name)));
    let help = match verb {
        Some((_, Some(verb))) => verb.command().render_long_help(),
        Some((_, None)) => return Err(unknown(words)),
        None => whole().render_long_help(),
    };
    print_help(session, &help)
}

fn show_help(session: &mut Session, error: &clap::Error) -> Result<u8, CliError> {
    print_help(session, &error.render())
}

fn print_help(session: &mut Session, help: &clap::builder::StyledStr) -> Result<u8, CliError> {
    let console = &mut session.console;
    if console.color {
        write!(console.out(), "{}", help.ansi())?;
    } else {
        write!(console.out(), "{help}")?;
    }
    Ok(0)
}

/// The tree of all verbs: for help, completions and man pages.
pub(crate) fn whole() -> clap::Command {
    // Set after the options, whose doc comment would otherwise stand in its place.
    Globals::augment_args(clap::Command::new("linksmith"))
        .next_help_heading(None)
        .version(env!("CARGO_PKG_VERSION"))
        .about(
            "The one tool for Windows links: soft links, hard links and junctions, on this machine \
             and inside NTFS images",
        )
        .after_help(TOOLS_HELP)
        .subcommand_required(true)
        .disable_help_subcommand(true)
        .subcommands(VERBS.iter().map(|v| v.command().no_binary_name(false)))
}

fn unknown(words: &[OsString]) -> CliError {
    let name = words.first().and_then(|word| word.to_str());
    if let Some(name) = name.filter(|name| crate::shell::is_command(name)) {
        return CliError::usage(format!("'{name}' is a command of the prompt and no verb"))
            .hint("`linksmith shell` opens the prompt.");
    }
    let program = OsString::from("linksmith");
    match whole().try_get_matches_from(std::iter::once(&program).chain(words)) {
        Err(e) if e.use_stderr() => from_clap(&e),
        _ => CliError::usage("there is no such verb").hint("`linksmith help` lists them."),
    }
}

/// An error of the argument parser as one line and a hint.
fn from_clap(error: &clap::Error) -> CliError {
    let text = error.to_string();
    let mut paragraphs = text.split("\n\n").map(|p| {
        let words: Vec<&str> = p.split_whitespace().collect();
        words.join(" ")
    });
    let message = paragraphs.next().unwrap_or_default();
    let message = message.strip_prefix("error: ").unwrap_or(&message);
    let tips = paragraphs.filter_map(|p| match p.strip_prefix("tip: ") {
        Some(tip) => Some(format!("{}.", capitalized(tip))),
        None => p
            .strip_prefix("Usage: ")
            .map(|usage| format!("Usage: `{usage}`.")),
    });
    let hint: Vec<String> = tips.collect();
    let error = match error.kind() {
        ErrorKind::Io => CliError::new(Exit::Partly, message),
        _ => CliError::usage(message),
    };
    if hint.is_empty() {
        error
    } else {
        error.hint(hint.join(" "))
    }
}

fn capitalized(text: &str) -> String {
    let (first, rest) = text.split_at(text.chars().next().map_or(0, char::len_utf8));
    first.to_uppercase() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verb_is_well_formed() {
        whole().debug_assert();
    }

    #[test]
    fn every_verb_has_words_and_examples() {
        for verb in VERBS {
            let command = verb.command();
            let about = command
                .get_about()
                .map(ToString::to_string)
                .unwrap_or_default();
            assert!(!about.is_empty(), "{} says nothing of itself", verb.name);
            assert!(
                verb.examples.contains("linksmith "),
                "{} has no example",
                verb.name
            );
            assert_ne!(about, "Options that every verb takes", "{}", verb.name);
        }
    }

    #[test]
    fn names_are_unique() {
        let mut names: Vec<&str> = Vec::new();
        for verb in VERBS {
            names.push(verb.name);
            names.extend(verb.aliases);
        }
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
