//! Commands that remove: `rd` and `del`. A link goes itself; what it leads to stays.

use linksmith::volume::list;
use linksmith::{Base, End, Entry, Place, Plan, Step};

use super::{Arguments, Outcome, syntax};
use crate::change;
use crate::error::CliError;
use crate::session::located;
use crate::shell::Shell;
use crate::tools;

/// `rd [/S] [/Q] DIR...`
pub(super) fn rd(shell: &mut Shell<'_>, rest: &str) -> Result<Outcome, CliError> {
    let Some(arguments) = Arguments::parse(shell, rest, &["S", "Q"])? else {
        return Ok(Outcome::Code(1));
    };
    if arguments.names.is_empty() {
        return syntax(shell);
    }
    let mut code = 0;
    for name in &arguments.names {
        let (place, entry) = match shell.entry(name) {
            Ok(found) => found,
            Err(error) => {
                shell.say_located(&error)?;
                code = 1;
                continue;
            }
        };
        code = code.max(rd_one(shell, &arguments, name, &place, &entry)?);
    }
    Ok(Outcome::Code(code))
}

fn rd_one(
    shell: &mut Shell<'_>,
    arguments: &Arguments,
    name: &str,
    place: &Place,
    entry: &Entry,
) -> Result<u8, CliError> {
    if !is_dir_like(shell, place, entry) {
        shell.err(&tools::words(Some(267), &"it is not a directory"))?;
        return Ok(1);
    }
    if here_or_above(shell, place) {
        shell.err(
            "The process cannot access the file because it is being used by another process.",
        )?;
        return Ok(1);
    }
    let mut plan = Plan::default();
    if arguments.has("S") && entry.is_real_dir() {
        if !arguments.has("Q") && !shell.sure(name)? {
            return Ok(1);
        }
        tree(shell, place, &mut plan)?;
    }
    let at = place.path.clone();
    plan.push(place.drive, Step::Remove { at }, Vec::new());
    match change::as_tool_whole(shell.session, &plan) {
        Ok(()) => Ok(0),
        Err(failed) => {
            shell.say_failed(&failed.into())?;
            Ok(1)
        }
    }
}

/// A directory, or a link that stands for one.
fn is_dir_like(shell: &Shell<'_>, place: &Place, entry: &Entry) -> bool {
    match entry.base {
        Base::Dir => true,
        Base::PosixSymlink => leads_to_dir(shell, place),
        _ => false,
    }
}

fn leads_to_dir(shell: &Shell<'_>, place: &Place) -> bool {
    let end = linksmith::resolve::resolve(&shell.drives, place).end;
    matches!(end, End::Found { entry, .. } if entry.base == Base::Dir)
}

/// Whether one stands in it.
fn here_or_above(shell: &Shell<'_>, place: &Place) -> bool {
    shell
        .drives
        .current()
        .is_ok_and(|here| here.drive == place.drive && here.path.starts_with(&place.path))
}

/// What takes a tree away, from the leaves up: each link in it is removed, none is followed.
fn tree(shell: &Shell<'_>, root: &Place, plan: &mut Plan) -> Result<(), CliError> {
    let volume = shell.drives.volume(root.drive).map_err(located)?;
    let mut dirs = vec![root.path.clone()];
    let mut seen = 0;
    let mut order = Vec::new();
    while let Some(dir) = dirs.get(seen).cloned() {
        seen += 1;
        for entry in list(&*volume, &dir)? {
            let Some(name) = &entry.name else { continue };
            let at = dir.join(name);
            if entry.is_real_dir() {
                dirs.push(at.clone());
            }
            order.push(at);
        }
    }
    // Parents were met before their children, so the reverse order empties each before it goes.
    for at in order.into_iter().rev() {
        plan.push(root.drive, Step::Remove { at }, Vec::new());
    }
    Ok(())
}

impl Shell<'_> {
    /// Asks a person; where nobody can be asked the answer is no, and that is said.
    fn sure(&mut self, what: &str) -> Result<bool, CliError> {
        if self.script {
            self.err(&format!(
                "{what}: nobody can be asked here; /Q removes without asking."
            ))?;
            return Ok(false);
        }
        self.session.ask(&format!("{what}, Are you sure (Y/N)? "))
    }
}

/// `del [/S] [/Q] [/F] [/P] FILE...`
///
/// The original, given a link to a directory, deletes the files *behind* it. Here that takes `/Q`,
/// whose meaning is that one knows; without it the link is named and `rd` recommended.
pub(super) fn del(shell: &mut Shell<'_>, rest: &str) -> Result<Outcome, CliError> {
    let Some(arguments) = Arguments::parse(shell, rest, &["S", "Q", "F", "P"])? else {
        return Ok(Outcome::Code(1));
    };
    if arguments.names.is_empty() {
        return syntax(shell);
    }
    let mut code = 0;
    for name in &arguments.names {
        code = code.max(del_one(shell, &arguments, name)?);
    }
    Ok(Outcome::Code(code))
}

fn del_one(shell: &mut Shell<'_>, arguments: &Arguments, name: &str) -> Result<u8, CliError> {
    let found = match shell.matching(name) {
        Ok(found) => found,
        Err(error) if error.win32() == Some(2) => Vec::new(),
        Err(error) => {
            shell.say_located(&error)?;
            return Ok(1);
        }
    };
    let wild = tools::wildcard::has_any(name);
    if let [(place, entry)] = found.as_slice() {
        if !wild && is_dir_like(shell, place, entry) {
            return del_dir(shell, arguments, name, place, entry);
        }
    }
    let files: Vec<Place> = found
        .into_iter()
        .filter(|(place, entry)| !wild || !is_dir_like(shell, place, entry))
        .map(|(place, _)| place)
        .collect();
    if files.is_empty() {
        let full = shell
            .drives
            .full_path(name.as_ref())
            .unwrap_or_else(|_| name.to_owned());
        shell.err(&format!("Could Not Find {full}"))?;
        // `cmd` answers 0 here; ours says that nothing was there to delete.
        return Ok(u8::from(shell.session.globals.fixed_exit_codes));
    }
    del_files(shell, arguments, &files)
}

fn del_files(
    shell: &mut Shell<'_>,
    arguments: &Arguments,
    files: &[Place],
) -> Result<u8, CliError> {
    let mut doomed = Vec::new();
    for place in files {
        if arguments.has("P") {
            let shown = shell.drives.display(place);
            if shell.script || !shell.session.ask(&format!("{shown}, Delete (Y/N)? "))? {
                continue;
            }
        }
        doomed.push(place);
    }
    let step = |place: &&Place| {
        let at = place.path.clone();
        (place.drive, Step::Remove { at })
    };
    let steps = doomed.iter().map(step).collect();
    let Err((number, stopped)) = change::as_tool_each(shell.session, steps) else {
        return Ok(0);
    };
    if let Some(place) = doomed.get(number) {
        let shown = shell.drives.display(place);
        shell.err(&shown)?;
    }
    shell.say_failed(&stopped.into())?;
    Ok(1)
}

/// `del DIR`: the files in it.
fn del_dir(
    shell: &mut Shell<'_>,
    arguments: &Arguments,
    name: &str,
    place: &Place,
    entry: &Entry,
) -> Result<u8, CliError> {
    let link = entry.is_link();
    if link && !arguments.has("Q") {
        shell.err(&format!(
            "del would delete the files that '{name}' leads to, not the link: refused. \
             `rd {name}` removes the link; `del /q {name}` deletes the files all the same."
        ))?;
        return Ok(1);
    }
    if !arguments.has("Q") && !shell.sure(&format!("{}\\*", shell.drives.display(place)))? {
        return Ok(1);
    }
    let end = linksmith::resolve::resolve(&shell.drives, place).end;
    let End::Found { place: dir, .. } = end else {
        shell.err(&tools::words(end.win32(), &end))?;
        return Ok(1);
    };
    if link {
        let shown = shell.drives.display(&dir);
        shell
            .session
            .console
            .warn(&format!("these are the files of '{shown}'"), None)?;
    }
    let volume = shell.drives.volume(dir.drive).map_err(located)?;
    let entries = list(&*volume, &dir.path)?.into_iter();
    let files = entries.filter(|e| e.base == Base::File && !e.is_real_dir());
    let files: Vec<Place> = files
        .filter_map(|e| Some(dir.join(e.name.as_ref()?)))
        .collect();
    del_files(shell, arguments, &files)
}
