//! Commands that make and copy files and directories: `md`, `copy`, `ren`, `type`.

use std::ffi::OsStr;

use linksmith::volume::list;
use linksmith::{Base, Entry, LocateError, Name, Place, Step};

use super::{Arguments, Outcome, syntax};
use crate::change;
use crate::error::CliError;
use crate::session::located;
use crate::shell::Shell;
use crate::tools::{self, wildcard};

impl Shell<'_> {
    /// Says why a path is no place, in the system's words.
    pub(super) fn say_located(&mut self, error: &LocateError) -> Result<Outcome, CliError> {
        self.err(&tools::words(crate::session::code_of(error), error))?;
        Ok(Outcome::Code(1))
    }

    /// Says why a change was not made.
    pub(super) fn say_failed(&mut self, error: &CliError) -> Result<Outcome, CliError> {
        self.err(&tools::words(error.code, &error.message))?;
        Ok(Outcome::Code(1))
    }

    /// Where writing to `text` writes: through links to a file that is there, else to a free name.
    pub(in crate::shell) fn file_place(&self, text: &OsStr) -> Result<Place, LocateError> {
        let target = self.drives.locate_target(text);
        let Err(error) = target else { return target };
        let place = self.drives.locate(text)?;
        // A link that leads nowhere is not written through and not replaced.
        match self.drives.volume(place.drive)?.entry(&place.path) {
            Ok(_) => Err(error),
            Err(_) => Ok(place),
        }
    }

    /// The entry a path names, links themselves.
    pub(super) fn entry(&self, text: &str) -> Result<(Place, Entry), LocateError> {
        let place = self.drives.locate(OsStr::new(text))?;
        let entry = self.drives.volume(place.drive)?.entry(&place.path)?;
        Ok((place, entry))
    }

    /// The entries that a path with or without wildcards names, links themselves.
    pub(super) fn matching(&self, text: &str) -> Result<Vec<(Place, Entry)>, LocateError> {
        if !wildcard::has_any(text) {
            return Ok(vec![self.entry(text)?]);
        }
        let cut = text.rfind(['\\', '/', ':']).map_or(0, |i| i + 1);
        let (dir, pattern) = text.split_at(cut);
        let dir = self
            .drives
            .locate_target(OsStr::new(if dir.is_empty() { "." } else { dir }))?;
        let volume = self.drives.volume(dir.drive)?;
        let entries = list(&*volume, &dir.path)?.into_iter();
        let matching = entries.filter_map(|e| {
            let name = e.name.clone()?;
            let names = [Some(&name), e.short_name.as_ref()];
            let hit = names
                .into_iter()
                .flatten()
                .any(|n| wildcard::matches(pattern, &n.display()));
            hit.then(|| (dir.join(&name), e))
        });
        Ok(matching.collect())
    }
}

/// `md`: with the directories on the way.
pub(super) fn md(shell: &mut Shell<'_>, rest: &str) -> Result<Outcome, CliError> {
    let Some(arguments) = Arguments::parse(shell, rest, &[])? else {
        return Ok(Outcome::Code(1));
    };
    if arguments.names.is_empty() {
        return syntax(shell);
    }
    let mut code = 0;
    for name in &arguments.names {
        code = code.max(make_dir(shell, name)?);
    }
    Ok(Outcome::Code(code))
}

fn make_dir(shell: &mut Shell<'_>, text: &str) -> Result<u8, CliError> {
    let full = match shell.drives.full_path(OsStr::new(text)) {
        Ok(full) => full,
        Err(error) => {
            shell.say_located(&error)?;
            return Ok(1);
        }
    };
    // From the path itself upwards to what is there, then down again, a directory each.
    let mut missing: Vec<String> = Vec::new();
    let mut at = full.trim_end_matches(['\\', '/']).to_owned();
    while shell.drives.locate(OsStr::new(&at)).is_err() {
        let Some(cut) = at.rfind(['\\', '/']) else {
            break;
        };
        missing.push(at.clone());
        at.truncate(cut);
    }
    missing.push(at);
    for dir in missing.iter().rev() {
        let place = match shell.drives.locate(OsStr::new(dir)) {
            Ok(place) => place,
            Err(error) => {
                shell.say_located(&error)?;
                return Ok(1);
            }
        };
        let step = Step::MakeDir { at: place.path };
        if let Err(stopped) = change::as_tool(shell.session, place.drive, step) {
            let error = CliError::from(stopped);
            if error.exit == crate::error::Exit::Exists {
                shell.err(&format!("A subdirectory or file {text} already exists."))?;
            } else {
                shell.say_failed(&error)?;
            }
            return Ok(1);
        }
    }
    Ok(0)
}

/// `type`: names stand between the contents of several files.
pub(super) fn type_(shell: &mut Shell<'_>, rest: &str) -> Result<Outcome, CliError> {
    let Some(arguments) = Arguments::parse(shell, rest, &[])? else {
        return Ok(Outcome::Code(1));
    };
    if arguments.names.is_empty() {
        return syntax(shell);
    }
    let mut code = 0;
    let several = arguments.names.len() > 1;
    for name in &arguments.names {
        let matching = match shell.matching(name) {
            Ok(matching) => matching,
            Err(error) => {
                shell.say_located(&error)?;
                code = 1;
                continue;
            }
        };
        let several = several || wildcard::has_any(name);
        for (place, entry) in matching {
            if several && entry.base == Base::Dir {
                continue;
            }
            if several {
                let shown = entry
                    .name
                    .map(|n| n.display().into_owned())
                    .unwrap_or_default();
                shell.err(&format!("\n{shown}\n\n"))?;
            }
            code = code.max(type_one(shell, &place)?);
        }
    }
    Ok(Outcome::Code(code))
}

fn type_one(shell: &mut Shell<'_>, place: &Place) -> Result<u8, CliError> {
    let end = linksmith::resolve::resolve(&shell.drives, place).end;
    let linksmith::End::Found { place, .. } = end else {
        shell.err(&tools::words(end.win32(), &end))?;
        return Ok(1);
    };
    match shell.read_file(&place) {
        Ok(contents) => {
            shell.session.console.out().write_all(&contents)?;
            Ok(0)
        }
        Err(error) => {
            shell.say_failed(&error)?;
            Ok(1)
        }
    }
}

/// `copy A+B TARGET`: files only, contents only; links in the source are followed.
pub(super) fn copy(shell: &mut Shell<'_>, rest: &str) -> Result<Outcome, CliError> {
    let known = ["Y", "-Y", "V", "B", "A", "Z", "D", "N"];
    let Some(arguments) = Arguments::parse(shell, rest, &known)? else {
        return Ok(Outcome::Code(1));
    };
    let (from, to) = match arguments.names.as_slice() {
        [from] => (from, "."),
        [from, to] => (from, to.as_str()),
        _ => return syntax(shell),
    };
    let mut sources = Vec::new();
    for part in from.split('+') {
        match shell.matching(part) {
            Ok(found) => sources.extend(found.into_iter().filter(|(_, e)| e.base != Base::Dir)),
            Err(error) => return shell.say_located(&error),
        }
    }
    if sources.is_empty() {
        shell.err(&tools::words(Some(2), &"there is no such file"))?;
        return Ok(Outcome::Code(1));
    }
    let joined = from.contains('+');
    match copy_to(
        shell,
        &sources,
        OsStr::new(to),
        joined,
        wildcard::has_any(from),
    )? {
        Ok(copied) => {
            shell.out(&format!("{copied:>9} file(s) copied."))?;
            Ok(Outcome::Code(0))
        }
        Err(message) => {
            shell.err(&message)?;
            shell.out(&format!("{:>9} file(s) copied.", 0))?;
            Ok(Outcome::Code(1))
        }
    }
}

/// Copies; how many files came of it, or the words for why none did.
fn copy_to(
    shell: &mut Shell<'_>,
    sources: &[(Place, Entry)],
    to: &OsStr,
    joined: bool,
    named: bool,
) -> Result<Result<usize, String>, CliError> {
    let place = match shell.file_place(to) {
        Ok(place) => place,
        Err(error) => return Ok(Err(tools::words(error.win32(), &error))),
    };
    let volume = shell.drives.volume(place.drive).map_err(located)?;
    let into = volume.entry(&place.path).is_ok_and(|e| e.base == Base::Dir);
    if into && !joined {
        return copy_into(shell, sources, &place, named);
    }
    let mut whole = Vec::new();
    for (source, entry) in sources {
        let contents = match read_through(shell, source) {
            Ok((_, contents)) => contents,
            Err(message) => return Ok(Err(message)),
        };
        if named || joined {
            shell.out(&entry.name.as_ref().map(Name::display).unwrap_or_default())?;
        }
        whole.extend_from_slice(&contents);
    }
    let target = match (into, sources.first().and_then(|(_, e)| e.name.as_ref())) {
        (true, Some(name)) => place.join(name),
        _ => place,
    };
    if !joined && sources.iter().any(|(source, _)| *source == target) {
        return Ok(Err("The file cannot be copied onto itself.".to_owned()));
    }
    let written = shell.write_file(&target, whole, false);
    Ok(written
        .map(|()| 1)
        .map_err(|error| tools::words(error.code, &error.message)))
}

/// What a file holds, links to it followed, and where it is; or the words for why not.
fn read_through(shell: &Shell<'_>, source: &Place) -> Result<(Place, Vec<u8>), String> {
    let end = linksmith::resolve::resolve(&shell.drives, source).end;
    let linksmith::End::Found { place, .. } = end else {
        return Err(tools::words(end.win32(), &end));
    };
    match shell.read_file(&place) {
        Ok(contents) => Ok((place, contents)),
        Err(error) => Err(tools::words(error.code, &error.message)),
    }
}

/// Copies each under its own name into a directory, up to the first that cannot be. All of it is one
/// change, so that `undo` takes back the command.
fn copy_into(
    shell: &mut Shell<'_>,
    sources: &[(Place, Entry)],
    dir: &Place,
    named: bool,
) -> Result<Result<usize, String>, CliError> {
    let (mut names, mut steps, mut failure) = (Vec::new(), Vec::new(), None);
    for (source, entry) in sources {
        let Some(name) = &entry.name else { continue };
        let step = read_through(shell, source).and_then(|(found, contents)| {
            names.push(name.display());
            let target = dir.join(name);
            if target == found {
                return Err("The file cannot be copied onto itself.".to_owned());
            }
            let step = shell.writing(&target, contents, false);
            step.map_err(|error| tools::words(error.code, &error.message))
        });
        match step {
            Ok(step) => steps.push((dir.drive, step)),
            Err(message) => {
                failure = Some(message);
                break;
            }
        }
    }
    if let Err((number, stopped)) = change::as_tool_each(shell.session, steps) {
        let error = CliError::from(stopped);
        failure = Some(tools::words(error.code, &error.message));
        names.truncate(number + 1);
    }
    for name in names.iter().filter(|_| named) {
        shell.out(name)?;
    }
    Ok(failure.map_or(Ok(sources.len()), Err))
}

/// `ren FROM NAME`: within one directory, a link itself, never what it leads to.
pub(super) fn ren(shell: &mut Shell<'_>, rest: &str) -> Result<Outcome, CliError> {
    let Some(arguments) = Arguments::parse(shell, rest, &[])? else {
        return Ok(Outcome::Code(1));
    };
    let [from, to] = arguments.names.as_slice() else {
        return syntax(shell);
    };
    if to.contains(['\\', '/', ':']) {
        return syntax(shell);
    }
    let sources = match shell.matching(from) {
        Ok(sources) if !sources.is_empty() => sources,
        Ok(_) => {
            shell.err(&tools::words(Some(2), &"there is no such file"))?;
            return Ok(Outcome::Code(1));
        }
        Err(error) => return shell.say_located(&error),
    };
    let mut steps = Vec::new();
    let mut bad = false;
    for (from, entry) in sources {
        let old = entry.name.as_ref().map(Name::display).unwrap_or_default();
        let new = Name::from_bytes(wildcard_name(&old, to));
        let (Ok(new), Some(dir)) = (new, from.path.parent()) else {
            bad = true;
            break;
        };
        let rename = Step::Rename {
            from: from.path,
            to: dir.join(&new),
            replace: false,
        };
        steps.push((from.drive, rename));
    }
    match change::as_tool_each(shell.session, steps) {
        Ok(()) if bad => syntax(shell),
        Ok(()) => Ok(Outcome::Code(0)),
        Err((_, stopped)) => not_renamed(shell, &stopped.into()),
    }
}

fn not_renamed(shell: &mut Shell<'_>, error: &CliError) -> Result<Outcome, CliError> {
    if error.exit == crate::error::Exit::Exists {
        shell.err("A duplicate file name exists, or the file")?;
        shell.err("cannot be found.")?;
        return Ok(Outcome::Code(1));
    }
    shell.say_failed(error)
}

/// A new name from an old one and a mask: `*.bak` keeps the stem.
fn wildcard_name(old: &str, mask: &str) -> String {
    if !wildcard::has_any(mask) {
        return mask.to_owned();
    }
    let split = |text: &str| match text.rsplit_once('.') {
        Some((stem, extension)) => (stem.to_owned(), Some(extension.to_owned())),
        None => (text.to_owned(), None),
    };
    let ((stem, extension), (mask_stem, mask_extension)) = (split(old), split(mask));
    let stem = masked(&stem, &mask_stem);
    let extension = match (mask_extension, extension) {
        (Some(mask), extension) => masked(&extension.unwrap_or_default(), &mask),
        (None, extension) => extension.unwrap_or_default(),
    };
    if extension.is_empty() {
        stem
    } else {
        format!("{stem}.{extension}")
    }
}

/// `?` takes a character of the old part, `*` the rest of it, anything else stands for itself.
fn masked(old: &str, mask: &str) -> String {
    let old: Vec<char> = old.chars().collect();
    let mut new = String::new();
    for (i, c) in mask.chars().enumerate() {
        match c {
            '*' => {
                new.extend(old.iter().skip(i));
                break;
            }
            '?' => new.extend(old.get(i)),
            c => new.push(c),
        }
    }
    new
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_from_masks() {
        let check = |old: &str, mask: &str, want: &str| {
            assert_eq!(wildcard_name(old, mask), want, "{old} by {mask}");
        };
        check("a.txt", "b.txt", "b.txt");
        check("a.txt", "*.bak", "a.bak");
        check("report.txt", "new*.*", "newort.txt");
        check("a.txt", "*", "a.txt");
        check("noext", "*.bak", "noext.bak");
        check("abc.d", "x?z.*", "xbz.d");
    }
}
