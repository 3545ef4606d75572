//! Commands that say something or set something: `echo`, `set`, `help`, `exit`.

use super::{BUILTINS, Outcome, syntax};
use crate::error::CliError;
use crate::shell::Shell;
use crate::shell::grammar::{Splitting, words};
use crate::{command, tools};

pub(super) fn echo(shell: &mut Shell<'_>, rest: &str) -> Result<Outcome, CliError> {
    match rest.trim().to_ascii_lowercase().as_str() {
        "on" => shell.echo = true,
        "off" => shell.echo = false,
        "" => {
            let state = if shell.echo { "on" } else { "off" };
            shell.out(&format!("ECHO is {state}."))?;
        }
        _ => {
            // The one character behind the name parts it from the text, whatever it is: `echo.`
            let text = rest.get(1..).unwrap_or_default();
            shell.out(text)?;
        }
    }
    Ok(Outcome::Quiet)
}

pub(super) fn rem(_: &mut Shell<'_>, _: &str) -> Result<Outcome, CliError> {
    Ok(Outcome::Nothing)
}

pub(super) fn cls(shell: &mut Shell<'_>, _: &str) -> Result<Outcome, CliError> {
    // Into a file `cmd` writes a form feed.
    let clear: &[u8] = if shell.session.console.terminal {
        b"\x1b[2J\x1b[H"
    } else {
        b"\x0c"
    };
    shell.session.console.out().write_all(clear)?;
    Ok(Outcome::Quiet)
}

/// `set`, `set PREFIX`, `set NAME=VALUE`, `set "NAME=VALUE"`.
pub(super) fn set(shell: &mut Shell<'_>, rest: &str) -> Result<Outcome, CliError> {
    let text = rest.trim();
    let text = text
        .strip_prefix('"')
        .map_or(text, |t| t.rfind('"').map_or(t, |end| &t[..end]));
    if text.starts_with('/') {
        return syntax(shell);
    }
    let Some((name, value)) = text.split_once('=') else {
        return show_variables(shell, &text.to_uppercase());
    };
    let key = name.trim().to_uppercase();
    if key.is_empty() {
        return syntax(shell);
    }
    if value.is_empty() {
        shell.variables.remove(&key);
    } else {
        shell
            .variables
            .insert(key, (name.trim().to_owned(), value.to_owned()));
    }
    Ok(Outcome::Code(0))
}

fn show_variables(shell: &mut Shell<'_>, prefix: &str) -> Result<Outcome, CliError> {
    let matching = shell
        .variables
        .iter()
        .filter(|(key, _)| key.starts_with(prefix));
    let lines: Vec<String> = matching
        .map(|(_, (name, value))| format!("{name}={value}"))
        .collect();
    if lines.is_empty() {
        shell.err(&format!("Environment variable {prefix} not defined"))?;
        return Ok(Outcome::Code(1));
    }
    for line in lines {
        shell.out(&line)?;
    }
    Ok(Outcome::Code(0))
}

pub(super) fn exit(shell: &mut Shell<'_>, rest: &str) -> Result<Outcome, CliError> {
    let words = words(rest, Splitting::Builtin);
    let code = words.iter().find(|w| !w.eq_ignore_ascii_case("/b"));
    let code = code.and_then(|c| c.parse::<i64>().ok());
    let exit = match code {
        None => shell.last,
        Some(code) => {
            shell.session.minus_one = code == -1;
            // One byte is all that every system keeps; what does not fit must not look like success.
            let byte = if code == -1 {
                Ok(255)
            } else {
                u8::try_from(code)
            };
            byte.unwrap_or(1)
        }
    };
    shell.done = Some(exit);
    Ok(Outcome::Nothing)
}

pub(super) fn help(shell: &mut Shell<'_>, _: &str) -> Result<Outcome, CliError> {
    shell.out("Commands of this prompt:")?;
    for builtin in BUILTINS {
        let name = builtin.names.first().copied().unwrap_or_default();
        shell.out(&format!("  {:<8} {}", name.to_uppercase(), builtin.about))?;
    }
    let tools: Vec<&str> = tools::TOOLS.iter().map(|t| t.name).collect();
    shell.out(&format!("Other tools' commands: {}.", tools.join(", ")))?;
    let verbs = command::names().filter(|v| super::find(v).is_none() && tools::find(v).is_none());
    let verbs: Vec<&str> = verbs.collect();
    shell.out(&format!("Verbs of linksmith: {}.", verbs.join(", ")))?;
    shell.out("`linksmith help VERB` tells more of a verb, NAME /? of another command.")?;
    Ok(Outcome::Quiet)
}
