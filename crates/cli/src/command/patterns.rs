//! `*` and `?` in the last name of a path, taken apart by the program itself, as Windows' own tools do: no
//! shell there does it for them. On drives with POSIX names nothing is done: the shell has done it
//! already, and those characters may be in a name.

use std::ffi::{OsStr, OsString};

use linksmith::volume::{Drives, PathStyle, list};
use linksmith::{Cause, LocateError, Name};

use crate::args::os_string;
use crate::error::CliError;
use crate::session::Session;
use crate::tools::wildcard;

/// Each path, or what its pattern stands for in the folder's order; a pattern that stands for nothing is
/// an error in its place.
pub(super) fn expand(session: &mut Session, paths: &[OsString]) -> Vec<Result<OsString, CliError>> {
    let patterns = paths.iter().any(|path| pattern_at(path).is_some());
    // Where there is none, nothing is opened for it.
    let drives = match patterns.then(|| session.drives()).transpose() {
        Ok(drives) => drives.filter(|drives| drives.style() == PathStyle::Windows),
        Err(error) => return vec![Err(error)],
    };
    let one = |path: &OsString| match drives.as_deref().zip(pattern_at(path)) {
        None => vec![Ok(path.clone())],
        Some((drives, at)) => match matching(drives, path, at) {
            Ok(found) if !found.is_empty() => found.into_iter().map(Ok).collect(),
            _ => vec![Err(nothing(path))],
        },
    };
    paths.iter().flat_map(one).collect()
}

fn nothing(path: &OsStr) -> CliError {
    CliError::cannot("find", path.as_encoded_bytes(), &Cause::NotFound)
}

/// Where the last name begins, if it is a pattern. In `\\?\C:\a` it is none.
fn pattern_at(path: &OsStr) -> Option<usize> {
    let bytes = path.as_encoded_bytes();
    let ends = |byte: &u8| matches!(byte, b'\\' | b'/' | b':');
    let at = bytes.iter().rposition(ends).map_or(0, |at| at + 1);
    let pattern = bytes
        .get(at..)?
        .iter()
        .any(|byte| matches!(byte, b'*' | b'?'));
    pattern.then_some(at)
}

fn matching(drives: &Drives, path: &OsStr, at: usize) -> Result<Vec<OsString>, LocateError> {
    let (dir, pattern) = path.as_encoded_bytes().split_at(at);
    let pattern = String::from_utf8_lossy(pattern);
    let place = match dir {
        [] => drives.locate_target(OsStr::new("."))?,
        dir => drives.locate_target(&os_string(dir))?,
    };
    let volume = drives.volume(place.drive)?;
    let matches = |name: &Name| wildcard::matches(&pattern, &name.display());
    let mut names: Vec<Name> = list(&*volume, &place.path)?
        .into_iter()
        .filter_map(|entry| entry.name)
        .filter(matches)
        .collect();
    names.sort_by(|a, b| volume.compare_names(a, b));
    let full = |name: Name| os_string(&[dir, name.as_bytes()].concat());
    Ok(names.into_iter().map(full).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_last_name_is_a_pattern() {
        let check =
            |path: &str, at: Option<usize>| assert_eq!(pattern_at(path.as_ref()), at, "{path}");
        check("*.txt", Some(0));
        check(r"C:\dir\a?", Some(7));
        check("C:*", Some(2));
        check("a/b*", Some(2));
        check(r"\\?\C:\dir", None);
        check(r"C:\*\file", None);
        check("", None);
    }
}
