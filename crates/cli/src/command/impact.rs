//! `impact delete|move|rename|reletter PATH [TO]`, and `move` and `rename`, which do it and mend.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};

use clap::builder::PossibleValuesParser;
use linksmith::ops::impact::{Affected, Change, Effect, Impact, ImpactError, LastName, impact};
use linksmith::resolve::End;
use linksmith::volume::{Drives, PathStyle};
use linksmith::{Cause, LinkText, Place, Resolution};
use serde::Serialize;

use crate::change::{Carried, ChangeArgs};
use crate::command::find;
use crate::describe::{place_bytes, words_of_link};
use crate::error::{CliError, Exit};
use crate::output::text::{Role, bytes, counted, paint};
use crate::output::{json, visible};
use crate::session::{Session, failed, located, located_on, not_applied};

/// Files that are listed by name where they go for good; of more only the number is said.
const LISTED: usize = 20;

/// Show what a delete, a move or another drive letter would do to links
///
/// The change is made on a copy in memory and every link is followed before and after. What breaks and
/// what comes to mean something else is listed with the command that mends it, and so are files of which
/// no name would be left. Nothing is changed.
#[derive(clap::Args)]
pub(crate) struct ImpactVerb {
    /// What is thought of
    #[arg(value_name = "CHANGE", value_parser = PossibleValuesParser::new(["delete", "move", "rename", "reletter"]))]
    change: String,
    /// What would be changed; a drive for `reletter`
    #[arg(value_name = "PATH")]
    path: OsString,
    /// Its new path, name or letter
    #[arg(value_name = "TO", required_if_eq_any([("change", "move"), ("change", "rename"), ("change", "reletter")]))]
    to: Option<OsString>,
    /// Where links are looked for; may be repeated [default: every attached drive, or the current directory]
    #[arg(long = "in", value_name = "ROOT")]
    roots: Vec<OsString>,
    /// Links that are not affected too
    #[arg(long)]
    all: bool,
}

impl super::Command for ImpactVerb {
    const NAME: &'static str = "impact";
    const EXAMPLES: &'static str = "
  linksmith impact delete C:\\real_dir
  linksmith impact move --in / /srv/data /mnt/data
  linksmith --drive C=disk.img impact reletter C: E:";

    fn only_looks(&self) -> bool {
        true
    }

    fn run(self, session: &mut Session) -> Result<Exit, CliError> {
        let drives = session.drives()?;
        let change = self.change(&drives)?;
        let roots = find::roots(&drives, &self.roots)?;
        let foretold = ask(&drives, &change, &roots)?;
        report(session, &drives, &foretold, self.all)?;
        Ok(if foretold.failed.is_empty() {
            Exit::Done
        } else {
            Exit::Partly
        })
    }
}

impl ImpactVerb {
    fn change(&self, drives: &Drives) -> Result<Change, CliError> {
        let to = self.to.as_deref().unwrap_or_default();
        match self.change.as_str() {
            "delete" => Ok(Change::Delete {
                at: locate(drives, &self.path)?,
            }),
            "move" => moving(drives, &self.path, to),
            "rename" => renaming(drives, &self.path, to),
            _ => {
                let drive = letter(&self.path)?;
                let root = format!("{drive}:\\");
                let place = locate(drives, OsStr::new(&root))?;
                let letter = letter(to)?;
                Ok(Change::Reletter {
                    drive: place.drive,
                    letter,
                })
            }
        }
    }
}

fn locate(drives: &Drives, text: &OsStr) -> Result<Place, CliError> {
    let place = drives
        .locate(text)
        .map_err(|e| located_on(drives, text, e))?;
    drives
        .canonical(&place)
        .map_err(|e| located_on(drives, text, e))
}

fn letter(text: &OsStr) -> Result<char, CliError> {
    match text.as_encoded_bytes() {
        [letter] | [letter, b':'] | [letter, b':', b'\\' | b'/']
            if letter.is_ascii_alphabetic() =>
        {
            Ok(char::from(letter.to_ascii_uppercase()))
        }
        other => Err(CliError::usage(format!(
            "'{}' is no drive letter",
            visible(other)
        ))),
    }
}

/// To a path, or into a directory that is there.
fn moving(drives: &Drives, from: &OsStr, to: &OsStr) -> Result<Change, CliError> {
    let from = locate(drives, from)?;
    if let Ok(dir) = drives.locate_target(to) {
        let volume = drives.volume(dir.drive).map_err(located)?;
        if volume.entry(&dir.path).is_ok_and(|e| e.is_real_dir()) {
            let name = from.path.file_name().ok_or_else(root_stays)?;
            let to = dir.join(&name);
            return Ok(Change::Move { from, to });
        }
    }
    let to = drives.locate(to).map_err(|e| located_on(drives, to, e))?;
    Ok(Change::Move { from, to })
}

fn root_stays() -> CliError {
    CliError::new(Exit::Unsafe, "the root of a volume cannot be moved")
}

/// To another name in the same directory.
fn renaming(drives: &Drives, from: &OsStr, to: &OsStr) -> Result<Change, CliError> {
    let from = locate(drives, from)?;
    let name = linksmith::Name::from_os(to).map_err(|e| {
        let shown = visible(to.as_encoded_bytes());
        CliError::usage(format!("'{shown}' is no name: {e}")).hint("`linksmith move` takes a path.")
    })?;
    if drives.style() == PathStyle::Windows && !name.is_plain_win32() {
        let shown = visible(to.as_encoded_bytes());
        return Err(CliError::usage(format!(
            "'{shown}' is a device's name, or ends with a dot or a blank: Windows programs would not find it"
        )));
    }
    let dir = from.parent().ok_or_else(root_stays)?;
    let to = dir.join(&name);
    Ok(Change::Move { from, to })
}

fn ask(drives: &Drives, change: &Change, roots: &[Place]) -> Result<Impact, CliError> {
    let drive = match change {
        Change::Delete { at } => at.drive,
        Change::Move { to, .. } => to.drive,
        Change::Reletter { drive, .. } => *drive,
    };
    impact(drives, change, roots).map_err(|error| match error {
        ImpactError::Locate(e) => located(e),
        ImpactError::Volume(e) => failed(drives, drive, &e),
        ImpactError::Refused(e) => not_applied(drives, drive, &e),
        other => CliError::new(Exit::Unsupported, other.to_string()),
    })
}

fn effect_word(effect: Effect) -> (&'static str, Role) {
    match effect {
        Effect::Breaks => ("breaks", Role::Bad),
        Effect::Changes => ("changes", Role::Bad),
        Effect::Keeps => ("keeps", Role::Good),
        Effect::Heals => ("heals", Role::Good),
        Effect::StaysBroken => ("stays-broken", Role::Faint),
        Effect::Goes => ("goes", Role::Faint),
    }
}

#[derive(Serialize)]
struct LinkJson {
    v: u32,
    path: String,
    effect: &'static str,
    target: String,
    was: Option<String>,
    becomes: Option<String>,
    status: Option<&'static str>,
    now_at: Option<String>,
    mend: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    beyond: Option<String>,
}

#[derive(Serialize)]
struct LastNameJson {
    v: u32,
    last_name: String,
    names: u32,
    size: u64,
}

fn found(drives: &Drives, resolution: &Resolution) -> Option<String> {
    match &resolution.end {
        End::Found { place, .. } => Some(visible(&place_bytes(drives, place)).into_owned()),
        _ => None,
    }
}

fn target(text: &LinkText, dir: bool) -> String {
    words_of_link(text, dir).1
}

/// The command that mends a link after the change.
fn mend(drives: &Drives, impact: &Impact, number: usize, link: &Affected) -> Option<Vec<String>> {
    let words = |verb: &str, at: &Place, more: Option<String>| {
        let path = visible(&place_bytes(drives, at)).into_owned();
        let mut words = vec!["linksmith".to_owned(), verb.to_owned(), path];
        words.extend(more);
        words
    };
    if let Some(mend) = impact.mends.iter().find(|m| m.link == number) {
        let text = target(&mend.text, link.entry.base == linksmith::Base::Dir);
        return Some(words("retarget", &mend.at, Some(text)));
    }
    let is_delete = impact.mends.is_empty() && impact.mending.steps.is_empty();
    let at = link.now_at.as_ref()?;
    (is_delete && link.effect == Effect::Breaks).then(|| words("remove", at, None))
}

/// Words of a command as they are typed where this one was: quoted where they have to be. A shell of POSIX takes backslashes
/// and braces for its own; `cmd` and the prompt know double quotes alone.
fn typed(words: &[String], posix: bool) -> String {
    let signs = if posix { "/:._-+=@," } else { "/\\:._-+=@,{}" };
    let plain = |c: char| c.is_ascii_alphanumeric() || signs.contains(c) || !c.is_ascii();
    let quoted = words.iter().map(|word| match posix {
        _ if !word.is_empty() && word.chars().all(plain) => word.clone(),
        true => format!("'{}'", word.replace('\'', r"'\''")),
        false => format!("\"{word}\""),
    });
    quoted.collect::<Vec<_>>().join(" ")
}

fn report(
    session: &mut Session,
    drives: &Drives,
    impact: &Impact,
    all: bool,
) -> Result<(), CliError> {
    let hidden = |effect| matches!(effect, Effect::Keeps | Effect::StaysBroken | Effect::Goes);
    for (number, link) in impact.links.iter().enumerate() {
        if all || !hidden(link.effect) {
            one(session, drives, impact, number, link)?;
        }
    }
    last_names(session, drives, &impact.last_names)?;
    for place in &impact.split {
        let message = format!(
            "{} has names elsewhere: they stay with the old file",
            drives.display(place)
        );
        session.console.warn(&message, None)?;
    }
    for (place, why) in &impact.failed {
        let message = format!("cannot look at '{}': {why}", drives.display(place));
        session.console.warn(&message, None)?;
    }
    let count = |effect| impact.count(effect);
    session.console.note(format!(
        "{}: {} break, {} change their meaning, {} heal, {} keep working, {} stay broken, {} go",
        counted(impact.links.len() as u64, "link", "links"),
        count(Effect::Breaks),
        count(Effect::Changes),
        count(Effect::Heals),
        count(Effect::Keeps),
        count(Effect::StaysBroken),
        count(Effect::Goes),
    ))?;
    Ok(())
}

fn one(
    session: &mut Session,
    drives: &Drives,
    impact: &Impact,
    number: usize,
    link: &Affected,
) -> Result<(), CliError> {
    let (word, role) = effect_word(link.effect);
    let said = target(&link.text, link.entry.base == linksmith::Base::Dir);
    let mend = mend(drives, impact, number, link);
    let beyond = impact.beyond.iter().find(|(n, _)| *n == number);
    let beyond = beyond.map(|(_, why)| why.clone());
    let becomes = link.after.as_ref().and_then(|r| found(drives, r));
    let path = visible(&place_bytes(drives, &link.at)).into_owned();
    let console = &mut session.console;
    if console.json {
        return Ok(console.line(json::to_line(&LinkJson {
            v: 1,
            path,
            effect: word,
            target: said,
            was: found(drives, &link.before),
            becomes,
            status: link.after.as_ref().map(|r| r.end.status().as_str()),
            now_at: link.now_at.as_ref().map(|p| drives.display(p)),
            mend,
            beyond,
        }))?);
    }
    let word = paint(console.color, role, format!("{word:<9}")).to_string();
    let then = match (&link.effect, becomes) {
        (Effect::Changes | Effect::Heals, Some(place)) => format!("  (then {place})"),
        _ => String::new(),
    };
    console.line(format!("{word}{path} -> {said}{then}"))?;
    if let Some(mend) = mend {
        let mend = typed(&mend, cfg!(unix) && !console.at_prompt);
        console.line(format!("         mend: {mend}"))?;
    }
    if let Some(why) = beyond {
        console.line(format!("         cannot be mended: {why}"))?;
    }
    Ok(())
}

fn last_names(session: &mut Session, drives: &Drives, files: &[LastName]) -> Result<(), CliError> {
    let console = &mut session.console;
    for file in files {
        let path = visible(&place_bytes(drives, &file.at)).into_owned();
        if console.json {
            console.line(json::to_line(&LastNameJson {
                v: 1,
                last_name: path,
                names: file.names,
                size: file.size,
            }))?;
        } else if file.names > 1 || files.len() <= LISTED {
            let names = match file.names {
                1 => "its only name".to_owned(),
                n => format!("all {n} names"),
            };
            let bytes = bytes(file.size);
            let word = paint(console.color, Role::Bad, "lost     ").to_string();
            console.line(format!("{word}{path} ({names}, {bytes})"))?;
        }
    }
    if files.len() > LISTED && !console.json {
        console.note(format!("{} files go for good", files.len()))?;
    }
    Ok(())
}

/// Move a file, directory or link, and mend the links that it would break
///
/// Move and mending are one plan: on an image one transaction. Links are looked for below --in, and in
/// what is moved itself.
#[derive(clap::Args)]
pub(crate) struct Move {
    /// What
    #[arg(value_name = "SRC")]
    from: OsString,
    /// Where to: a path that is free, or a directory
    #[arg(value_name = "DST")]
    to: OsString,
    #[command(flatten)]
    mending: Mending,
}

/// Give a file, directory or link another name, and mend the links that it would break
#[derive(clap::Args)]
pub(crate) struct Rename {
    /// What
    #[arg(value_name = "PATH")]
    from: OsString,
    /// Its new name
    #[arg(value_name = "NAME")]
    to: OsString,
    #[command(flatten)]
    mending: Mending,
}

#[derive(clap::Args)]
struct Mending {
    /// Where links are looked for; may be repeated [default: every attached drive, or the current directory]
    #[arg(long = "in", value_name = "ROOT")]
    roots: Vec<OsString>,
    /// Leave links as they are
    #[arg(long)]
    no_mend: bool,
    #[command(flatten)]
    change: ChangeArgs,
}

impl super::Command for Move {
    const NAME: &'static str = "move";
    const EXAMPLES: &'static str = "
  linksmith move --in . real_dir data/real_dir
  linksmith move -n C:\\tools D:\\               shows every step
  linksmith --drive C=disk.img move C:\\a C:\\b";

    fn run(self, session: &mut Session) -> Result<Exit, CliError> {
        let drives = session.drives()?;
        let change = moving(&drives, &self.from, &self.to)?;
        self.mending.carry_out(session, &drives, &change)
    }
}

impl super::Command for Rename {
    const NAME: &'static str = "rename";
    const EXAMPLES: &'static str = "
  linksmith rename real_dir renamed_dir
  linksmith rename --in /srv /srv/data archive";

    fn run(self, session: &mut Session) -> Result<Exit, CliError> {
        let drives = session.drives()?;
        let change = renaming(&drives, &self.from, &self.to)?;
        self.mending.carry_out(session, &drives, &change)
    }
}

impl Mending {
    fn carry_out(
        &self,
        session: &mut Session,
        drives: &Drives,
        change: &Change,
    ) -> Result<Exit, CliError> {
        if let Change::Move { from, to } = change {
            if from == to {
                let shown = place_bytes(drives, to);
                return Err(CliError::cannot("move", &shown, &Cause::Exists)
                    .hint("It is there already, under this name."));
            }
        }
        let mut roots = Vec::new();
        if !self.no_mend {
            roots = find::roots(drives, &self.roots)?;
            if let Change::Move { from, .. } = change {
                roots.push(from.clone());
            }
        }
        let foretold = ask(drives, change, &roots)?;
        let mut plan = foretold.change;
        plan.steps.extend(foretold.mending.steps);
        for (number, why) in &foretold.beyond {
            if let Some(link) = foretold.links.get(*number) {
                let message = format!("'{}' cannot be mended: {why}", drives.display(&link.at));
                plan.warn(message, None);
            }
        }
        if self.change.carry_out(session, &plan)? == Carried::Done {
            let mended = foretold.mends.len();
            let links = if mended == 1 { "link" } else { "links" };
            if let Change::Move { from, to } = change {
                let (was, is) = (place_bytes(drives, from), place_bytes(drives, to));
                let moved = Moved {
                    v: 1,
                    path: String::from_utf8_lossy(&is),
                    path_hex: json::hex_unless_unicode(&is),
                    was: String::from_utf8_lossy(&was),
                    was_hex: json::hex_unless_unicode(&was),
                    mended,
                    not_mended: foretold.beyond.len(),
                };
                let (from, to) = (drives.display(from), drives.display(to));
                let line = format!("moved {from} to {to}, {mended} {links} mended");
                session.console.done(&line, &moved)?;
            }
        }
        Ok(if foretold.beyond.is_empty() {
            Exit::Done
        } else {
            Exit::Partly
        })
    }
}

#[derive(Serialize)]
struct Moved<'a> {
    v: u32,
    path: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path_hex: Option<String>,
    was: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    was_hex: Option<String>,
    mended: usize,
    not_mended: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_can_be_typed() {
        let words = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
        assert_eq!(
            typed(&words(&["linksmith", "remove", r"C:\a b", ""]), false),
            "linksmith remove \"C:\\a b\" \"\""
        );
        assert_eq!(
            typed(&words(&["remove", r"C:\a", "it's", "/a/b.txt", ""]), true),
            r"remove 'C:\a' 'it'\''s' /a/b.txt ''"
        );
    }
}
