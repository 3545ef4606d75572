//! Commands about where one is: `cd`, `pushd`, `vol`, `where`.

use std::ffi::{OsStr, OsString};

use linksmith::volume::{PathStyle, list};

use super::{Outcome, syntax};
use crate::error::CliError;
use crate::session::located;
use crate::shell::Shell;
use crate::shell::grammar::{Splitting, words};
use crate::tools;

/// `cd`, `cd /d D:\x`, `cd D:`. The rest of the line is one path: no quotes are needed for blanks.
pub(super) fn cd(shell: &mut Shell<'_>, rest: &str) -> Result<Outcome, CliError> {
    let mut text = rest.trim();
    let mut switch_drive = shell.drives.style() == PathStyle::Posix;
    if text.get(..2).is_some_and(|s| s.eq_ignore_ascii_case("/d"))
        && !text[2..].starts_with(|c: char| !c.is_whitespace() && c != '"')
    {
        switch_drive = true;
        text = text[2..].trim();
    }
    let text = text.replace('"', "");
    if text.is_empty() {
        let drive = shell.drives.current_drive();
        let shown = shell.drives.display_current(drive).map_err(located)?;
        shell.out(&shown)?;
        return Ok(Outcome::Quiet);
    }
    if let ([letter, b':'], false) = (text.as_bytes(), switch_drive) {
        return show_dir_of(shell, char::from(*letter));
    }
    Ok(Outcome::Code(go(shell, OsStr::new(&text), switch_drive)?))
}

fn show_dir_of(shell: &mut Shell<'_>, letter: char) -> Result<Outcome, CliError> {
    let root = linksmith::path::Root::Drive(letter.to_ascii_uppercase() as u8);
    match shell
        .drives
        .drive(&root)
        .and_then(|id| shell.drives.display_current(id))
    {
        Ok(shown) => {
            shell.out(&shown)?;
            Ok(Outcome::Code(0))
        }
        Err(_) => {
            shell.err(&tools::words(Some(15), &"there is no such drive"))?;
            Ok(Outcome::Code(1))
        }
    }
}

/// Changes the directory; 0 or 1.
fn go(shell: &mut Shell<'_>, dir: &OsStr, switch_drive: bool) -> Result<u8, CliError> {
    let changed = shell.drives.change_dir(dir).and_then(|place| {
        match shell
            .drives
            .letter(place_drive(shell, dir).unwrap_or(place.drive))
        {
            Some(letter) if switch_drive => shell.drives.change_drive(letter),
            _ => Ok(()),
        }
    });
    match changed {
        Ok(()) => Ok(0),
        Err(error) => {
            // `cmd` says "path" even where the last name alone is missing.
            let code = error.win32().map(|c| if c == 2 { 3 } else { c });
            shell.err(&tools::words(code, &error))?;
            Ok(1)
        }
    }
}

/// The drive a path is typed on, whatever drive a link in it leads to.
fn place_drive(shell: &Shell<'_>, dir: &OsStr) -> Option<linksmith::DriveId> {
    let full = shell.drives.full_path(dir).ok()?;
    let letter = *full.as_bytes().first()?;
    shell
        .drives
        .drive(&linksmith::path::Root::Drive(letter))
        .ok()
}

pub(super) fn pushd(shell: &mut Shell<'_>, rest: &str) -> Result<Outcome, CliError> {
    let dir = rest.trim().replace('"', "");
    let here = shell
        .drives
        .display_current(shell.drives.current_drive())
        .map_err(located)?;
    if dir.is_empty() {
        let stack = shell.stack.clone();
        for dir in stack.iter().rev() {
            shell.out(&dir.to_string_lossy())?;
        }
        return Ok(Outcome::Quiet);
    }
    let code = go(shell, OsStr::new(&dir), true)?;
    if code == 0 {
        shell.stack.push(OsString::from(here));
    }
    Ok(Outcome::Code(code))
}

pub(super) fn popd(shell: &mut Shell<'_>, _: &str) -> Result<Outcome, CliError> {
    match shell.stack.pop() {
        Some(dir) => Ok(Outcome::Code(go(shell, &dir, true)?)),
        None => Ok(Outcome::Code(1)),
    }
}

pub(super) fn vol(shell: &mut Shell<'_>, rest: &str) -> Result<Outcome, CliError> {
    let drive = match rest.trim().as_bytes() {
        [] => Some(shell.drives.current_drive()),
        [letter, b':'] | [letter, b':', b'\\'] => {
            let root = linksmith::path::Root::Drive(letter.to_ascii_uppercase());
            shell.drives.drive(&root).ok()
        }
        _ => return syntax(shell),
    };
    let Some(drive) = drive else {
        shell.err(&tools::words(Some(15), &"there is no such drive"))?;
        return Ok(Outcome::Code(1));
    };
    for line in tools::volume_lines(&shell.drives, drive)? {
        shell.out(&line)?;
    }
    Ok(Outcome::Code(0))
}

/// `where NAME`: files of the current directory; tools are parts of this program, and that is where
/// they are.
pub(super) fn where_(shell: &mut Shell<'_>, rest: &str) -> Result<Outcome, CliError> {
    let patterns = words(rest, Splitting::Builtin);
    if patterns.is_empty() {
        return syntax(shell);
    }
    let mut code = 0;
    for pattern in &patterns {
        let found = places(shell, pattern)?;
        if found.is_empty() {
            shell.err("INFO: Could not find files for the given pattern(s).")?;
            code = 1;
        }
        for place in found {
            shell.out(&place)?;
        }
    }
    Ok(Outcome::Code(code))
}

fn places(shell: &Shell<'_>, pattern: &str) -> Result<Vec<String>, CliError> {
    let here = shell.drives.current().map_err(located)?;
    let volume = shell.drives.volume(here.drive).map_err(located)?;
    let names = list(&*volume, &here.path)?
        .into_iter()
        .filter(|e| e.base != linksmith::Base::Dir);
    let mut found: Vec<String> = names
        .filter_map(|e| e.name)
        .filter(|n| tools::wildcard::matches(pattern, &n.display()))
        .map(|n| shell.drives.display(&here.join(&n)))
        .collect();
    let stem = pattern.strip_suffix(".exe").unwrap_or(pattern);
    let program = stem.eq_ignore_ascii_case("linksmith");
    let tool = tools::find(stem).is_some_and(|t| t.program);
    if program || tool {
        found.extend(std::env::current_exe().map(|p| p.display().to_string()));
    }
    Ok(found)
}
