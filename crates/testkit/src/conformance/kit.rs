//! Short words for the cases.

use std::io::Read;

use linksmith::entry::{Base, Entry, FileId, LinkText};
use linksmith::path::{EntryPath, Name};
use linksmith::plan::Step;
use linksmith::volume::{Caps, Cause, Volume, list};

use super::buffers;

pub(super) fn path(text: &str) -> EntryPath {
    EntryPath::parse(text).expect("a path")
}

pub(super) fn name(text: &str) -> Name {
    Name::try_from(text).expect("a name")
}

pub(super) fn make_dir(at: &str) -> Step {
    Step::MakeDir { at: path(at) }
}

pub(super) fn make_file(at: &str, contents: &str) -> Step {
    Step::MakeFile {
        at: path(at),
        contents: contents.into(),
    }
}

pub(super) fn write_file(at: &str, contents: &str) -> Step {
    Step::WriteFile {
        at: path(at),
        contents: contents.into(),
    }
}

pub(super) fn hard_link(existing: &str, new: &str) -> Step {
    Step::HardLink {
        existing: path(existing),
        new: path(new),
    }
}

pub(super) fn remove(at: &str) -> Step {
    Step::Remove { at: path(at) }
}

pub(super) fn rename(from: &str, to: &str) -> Step {
    Step::Rename {
        from: path(from),
        to: path(to),
        replace: false,
    }
}

pub(super) fn rename_over(from: &str, to: &str) -> Step {
    Step::Rename {
        from: path(from),
        to: path(to),
        replace: true,
    }
}

pub(super) fn make_link(at: &str, link: LinkText, dir: bool) -> Step {
    Step::MakeLink {
        at: path(at),
        link,
        dir,
    }
}

/// A symbolic link of the kind that the volume has.
pub(super) fn soft(v: &dyn Volume, at: &str, target: &str, dir: bool) -> Step {
    make_link(at, soft_text(v, target), dir)
}

pub(super) fn soft_text(v: &dyn Volume, target: &str) -> LinkText {
    if v.info().caps.contains(Caps::SYMLINK) {
        let target = target.replace('/', "\\");
        LinkText::Reparse(buffers::symlink(&target, &target, true))
    } else {
        LinkText::Posix(target.into())
    }
}

/// Applies steps that must succeed.
#[track_caller]
pub(super) fn apply(v: &dyn Volume, steps: &[Step]) {
    if let Err(error) = v.apply(steps) {
        panic!("{:?}: {error}", steps.get(error.step));
    }
}

/// Applies a step that must fail and leave everything as it was; its cause.
#[track_caller]
pub(super) fn refused(v: &dyn Volume, step: Step) -> Cause {
    let before = snapshot(v);
    let what = format!("{step:?}");
    let Err(error) = v.apply(&[step]) else {
        panic!("{what} was done");
    };
    assert_eq!(error.step, 0, "{what}");
    assert_eq!(snapshot(v), before, "{what} left something behind");
    error.source.cause
}

/// Asserts that a value has a shape.
macro_rules! assert_is {
    ($value:expr, $pattern:pat $(if $guard:expr)?) => {{
        let value = $value;
        assert!(
            matches!(&value, $pattern $(if $guard)?),
            "{} is {value:?}, expected {}",
            stringify!($value),
            stringify!($pattern $(if $guard)?)
        );
    }};
}
pub(super) use assert_is;

#[track_caller]
pub(super) fn entry(v: &dyn Volume, at: &str) -> Entry {
    match v.entry(&path(at)) {
        Ok(entry) => entry,
        Err(error) => panic!("{error}"),
    }
}

pub(super) fn is_there(v: &dyn Volume, at: &str) -> bool {
    v.entry(&path(at)).is_ok()
}

#[track_caller]
pub(super) fn text(v: &dyn Volume, at: &str) -> Option<LinkText> {
    match v.link_text(&path(at)) {
        Ok(text) => text,
        Err(error) => panic!("{error}"),
    }
}

#[track_caller]
pub(super) fn contents(v: &dyn Volume, at: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    match v.read(&path(at)) {
        Ok(mut reader) => reader.read_to_end(&mut bytes).expect("the contents"),
        Err(error) => panic!("{error}"),
    };
    bytes
}

pub(super) fn names(v: &dyn Volume, at: &str) -> Vec<String> {
    let entries = list(v, &path(at)).expect("a listing");
    let name = |e: &Entry| e.name.as_ref().map(|n| n.display().into_owned());
    entries.iter().filter_map(name).collect()
}

/// Where an entry is, which file, of which kind, what it says, what it holds.
pub type Held = (EntryPath, FileId, Base, Option<LinkText>, Vec<u8>);

/// Everything a volume holds, times left out: to be compared before and after.
pub fn snapshot(v: &dyn Volume) -> Vec<Held> {
    let mut all = Vec::new();
    let mut dirs = vec![EntryPath::root()];
    while let Some(dir) = dirs.pop() {
        for entry in list(v, &dir).expect("a listing") {
            let at = dir.join(&entry.name.clone().expect("a name"));
            let link = v.link_text(&at).expect("what a link says");
            let mut bytes = Vec::new();
            if entry.is_real_dir() {
                dirs.push(at.clone());
            } else if entry.base == Base::File && !entry.is_link() {
                let mut reader = v.read(&at).expect("a file");
                reader.read_to_end(&mut bytes).expect("the contents");
            }
            all.push((at, entry.id, entry.base, link, bytes));
        }
    }
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}
