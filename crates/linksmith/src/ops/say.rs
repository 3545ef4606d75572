//! Making a link say another place, in the manner in which it says its present one.

use crate::entry::{Base, Entry, LinkText, Times};
use crate::path::{EntryPath, Name, Root, TargetPath};
use crate::plan::{Expect, Step};
use crate::reparse::{EncodeError, ReparsePoint, ReparseTag, View};
use crate::volume::{Drives, LocateError, Place, Volume};

/// Why a link cannot be made to say a place.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SayError {
    /// Links of this kind say no path.
    #[error("a reparse point with tag {0} says no path")]
    NoPath(ReparseTag),
    /// The data of the link are malformed.
    #[error("its data are malformed: {0}")]
    Malformed(String),
    /// The place has no path that such a link can say.
    #[error("no path leads from the link to '{to}'")]
    OutOfReach {
        /// The place.
        to: String,
    },
    /// The path cannot be stored.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// A drive is not there.
    #[error(transparent)]
    Locate(#[from] LocateError),
}

/// How a link spells its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// As it does now.
    AsNow,
    /// From the link's own folder.
    Relative,
    /// From a root.
    Absolute,
}

/// What the link at `at`, which says `old`, says to lead to `to`.
///
/// A relative link stays relative while both are on one volume, a link by volume GUID keeps to GUIDs
/// where the drive has one, and both names are written always.
///
/// # Errors
/// See [`SayError`].
pub fn say(
    drives: &Drives,
    at: &Place,
    old: &LinkText,
    to: &Place,
    manner: Manner,
) -> Result<LinkText, SayError> {
    match old {
        LinkText::Posix(text) => {
            let absolute = match manner {
                Manner::AsNow => text.starts_with(b"/"),
                Manner::Relative => false,
                Manner::Absolute => true,
            };
            posix(at, to, absolute).map(LinkText::Posix)
        }
        LinkText::Reparse(data) => reparse(drives, at, data, to, manner).map(LinkText::Reparse),
    }
}

fn reparse(
    drives: &Drives,
    at: &Place,
    data: &ReparsePoint,
    to: &Place,
    manner: Manner,
) -> Result<ReparsePoint, SayError> {
    let view = data
        .view()
        .map_err(|e| SayError::Malformed(e.to_string()))?;
    let old = view.target();
    let rooted = old.as_ref().is_some_and(|t| *t.root() == Root::Rooted);
    match view {
        View::Symlink { relative, .. } => {
            let relative = match manner {
                Manner::AsNow => relative,
                Manner::Relative => true,
                Manner::Absolute => false,
            };
            if relative && at.drive == to.drive {
                let rooted = rooted && manner == Manner::AsNow;
                return Ok(ReparsePoint::symlink(&relative_target(at, to, rooted))?);
            }
            Ok(ReparsePoint::symlink(&absolute(drives, to, old.as_ref())?)?)
        }
        View::MountPoint { .. } => Ok(ReparsePoint::junction(&absolute(
            drives,
            to,
            old.as_ref(),
        )?)?),
        View::Wsl { target } => {
            let absolute = match manner {
                Manner::AsNow => target.starts_with(b"/"),
                Manner::Relative => false,
                Manner::Absolute => true,
            };
            let text = wsl(drives, at, to, absolute)?;
            Ok(ReparsePoint::wsl_symlink(&text)?)
        }
        View::AppExec(_) | View::Other => Err(SayError::NoPath(data.tag())),
    }
}

fn posix(at: &Place, to: &Place, absolute: bool) -> Result<Vec<u8>, SayError> {
    if absolute {
        return Ok([b"/", to.path.as_bytes()].concat());
    }
    if at.drive != to.drive {
        return Err(SayError::OutOfReach {
            to: to.path.display().into_owned(),
        });
    }
    Ok(between(at, to, b"/"))
}

/// A distribution sees Windows' drives as `/mnt/c`.
fn wsl(drives: &Drives, at: &Place, to: &Place, absolute: bool) -> Result<Vec<u8>, SayError> {
    if !absolute && at.drive == to.drive {
        return Ok(between(at, to, b"/"));
    }
    let out_of_reach = || SayError::OutOfReach {
        to: drives.display(to),
    };
    let letter = drives.letter(to.drive).ok_or_else(out_of_reach)?;
    let root = format!("/mnt/{}/", letter.to_ascii_lowercase());
    Ok([root.as_bytes(), to.path.as_bytes()].concat())
}

fn relative_target(at: &Place, to: &Place, rooted: bool) -> TargetPath {
    if rooted {
        let names: Vec<&[u8]> = to.path.name_bytes().collect();
        return TargetPath::parse_relative([b"\\", &*names.join(&b'\\')].concat());
    }
    TargetPath::parse_relative(between(at, to, b"\\"))
}

/// The way from the link's folder: `..` and names. Names are compared to the byte: one that differs in
/// case costs a detour, never a wrong way.
fn between(at: &Place, to: &Place, separator: &[u8]) -> Vec<u8> {
    let folder = at.path.parent().unwrap_or_default();
    let from: Vec<&[u8]> = folder.name_bytes().collect();
    let names: Vec<&[u8]> = to.path.name_bytes().collect();
    let shared = from.iter().zip(&names).take_while(|(a, b)| a == b).count();
    let up = from.iter().skip(shared).map(|_| &b".."[..]);
    let parts: Vec<&[u8]> = up.chain(names.iter().skip(shared).copied()).collect();
    if parts.is_empty() {
        return b".".to_vec();
    }
    parts.join(separator)
}

/// The NT path of a place: by GUID where the link says its volume so now, else by letter.
fn absolute(drives: &Drives, to: &Place, old: Option<&TargetPath>) -> Result<TargetPath, SayError> {
    let by_guid = old.is_some_and(|t| matches!(t.root(), Root::Volume(_)));
    let guid = drives.volume_guid(to.drive);
    let root = match (drives.letter(to.drive), guid) {
        (_, Some(guid)) if by_guid => format!(r"\??\Volume{guid}\"),
        (Some(letter), _) => format!(r"\??\{letter}:\"),
        (None, Some(guid)) => format!(r"\??\Volume{guid}\"),
        (None, None) => {
            return Err(SayError::OutOfReach {
                to: drives.display(to),
            });
        }
    };
    let names: Vec<&[u8]> = to.path.name_bytes().collect();
    let text = [root.as_bytes(), &names.join(&b'\\')].concat();
    Ok(TargetPath::parse_nt(text))
}

/// The steps that make the link at `at` say `new`: in place where the volume can, else by a new link
/// that takes the old one's place in one change. Times stay.
///
/// `dir`: whether a directory is to carry it.
pub fn rewrite(
    volume: &dyn Volume,
    at: &EntryPath,
    entry: &Entry,
    old: &LinkText,
    new: &LinkText,
    dir: bool,
) -> Vec<(Step, Vec<Expect>)> {
    let expect = vec![Expect::Entry {
        at: at.clone(),
        id: entry.id,
        link: Some(old.clone()),
    }];
    let meta = |at: &EntryPath| {
        let times = Times {
            changed: Default::default(),
            accessed: Default::default(),
            ..entry.times
        };
        let attributes = None;
        let at = at.clone();
        (
            Step::SetMeta {
                at,
                times,
                attributes,
            },
            Vec::new(),
        )
    };
    if let (LinkText::Reparse(was), LinkText::Reparse(data)) = (old, new) {
        // A relative text means another place under each name that a link file has, so the one name
        // gets a link of its own.
        let is_shared = entry.links.is_some_and(|links| links > 1) && is_relative(data);
        if was.tag() == data.tag() && dir == (entry.base == Base::Dir) && !is_shared {
            let step = Step::SetReparse {
                at: at.clone(),
                data: data.clone(),
            };
            return vec![(step, expect), meta(at)];
        }
    }
    let beside = free_name(volume, at);
    let make = Step::MakeLink {
        at: beside.clone(),
        link: new.clone(),
        dir,
    };
    let rename = Step::Rename {
        from: beside.clone(),
        to: at.clone(),
        replace: true,
    };
    vec![
        (make, vec![Expect::Absent(beside.clone())]),
        meta(&beside),
        (rename, expect),
    ]
}

fn is_relative(data: &ReparsePoint) -> bool {
    match data.view() {
        Ok(View::Symlink { relative, .. }) => relative,
        Ok(View::Wsl { target }) => !target.starts_with(b"/"),
        _ => false,
    }
}

/// A name beside `at` that nothing has.
pub fn free_name(volume: &dyn Volume, at: &EntryPath) -> EntryPath {
    let dir = at.parent().unwrap_or_default();
    let names = (0u32..).filter_map(|n| Name::try_from(&*format!(".linksmith-{n}")).ok());
    names
        .map(|name| dir.join(&name))
        .find(|path| volume.entry(path).is_err())
        .unwrap_or(dir)
}

/// Whether `path` is `dir` or lies below it, names compared as the volume does.
pub fn is_within(volume: &dyn Volume, path: &EntryPath, dir: &EntryPath) -> bool {
    let same = |(a, b): (Name, Name)| volume.compare_names(&a, &b).is_eq();
    path.name_bytes().count() >= dir.name_bytes().count() && path.names().zip(dir.names()).all(same)
}

/// Where a place is once `from` is at `to`.
pub fn moved(volume: &dyn Volume, place: &Place, from: &Place, to: &Place) -> Place {
    if place.drive != from.drive || !is_within(volume, &place.path, &from.path) {
        return place.clone();
    }
    let mut new = to.clone();
    for name in place.path.names().skip(from.path.name_bytes().count()) {
        new.path.push(&name);
    }
    new
}
