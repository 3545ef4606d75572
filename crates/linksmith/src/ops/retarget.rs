//! Other targets for links that are there: one by one, or all below a root that begin in the same way.

use std::ffi::OsStr;

use super::say::rewrite;
use crate::entry::{Base, Entry, LinkKind, LinkText};
use crate::path::{Component, Root, Spelling, TargetPath};
use crate::plan::Plan;
use crate::reparse::{EncodeError, ReparsePoint, View};
use crate::resolve::{self, End, Located};
use crate::volume::{DriveId, Drives, LocateError, Place, VolumeError};

/// Why a link keeps its target.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RetargetError {
    /// It is none, or says no path.
    #[error("it is no link that says a path")]
    NotALink,
    /// Nothing is where it would lead.
    #[error("the new target is not there: {0}")]
    Missing(String),
    /// A junction leads to a directory of a local volume, nowhere else.
    #[error("a junction leads to directories of local volumes alone, not to {0}")]
    NotForJunctions(&'static str),
    /// The target cannot be stored.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// A place cannot be found.
    #[error(transparent)]
    Locate(#[from] LocateError),
    /// A volume failed.
    #[error(transparent)]
    Volume(#[from] VolumeError),
}

/// Plans another target for one link, its times and security kept.
///
/// The text of a soft link is stored as it is given; a junction's is made absolute, from the current
/// directory. A symbolic link of Windows becomes one for directories or for files as the target is.
///
/// # Errors
/// See [`RetargetError`]; `dangling` allows a target that is not there.
pub fn one(
    drives: &Drives,
    at: &Place,
    target: &OsStr,
    dangling: bool,
) -> Result<Plan, RetargetError> {
    let link = resolve::inspect(drives, at)?;
    let old = link.text.clone().ok_or(RetargetError::NotALink)?;
    let new = said(drives, &link, target.as_encoded_bytes())?;
    let dir = link.entry.base == Base::Dir;
    let end = resolve::resolve_as_if(drives, at, new.clone(), dir).end;
    let dir = match &end {
        End::WrongKind { link_dir, .. } if matches!(link.kind, Some(LinkKind::Symlink { .. })) => {
            !link_dir
        }
        End::WrongKind { .. } => return Err(RetargetError::NotForJunctions("files")),
        End::Missing { .. } | End::NotADirectory { .. } if !dangling => {
            return Err(RetargetError::Missing(end.words(drives)));
        }
        _ => dir,
    };
    let mut plan = Plan::default();
    if matches!(end, End::Unreachable { .. }) {
        let message = format!(
            "'{}' was not looked at: {}",
            target.to_string_lossy(),
            end.words(drives)
        );
        plan.warn(message, None);
    }
    let volume = drives.volume(at.drive)?;
    push(
        &mut plan,
        at.drive,
        rewrite(&*volume, &at.path, &link.entry, &old, &new, dir),
    );
    Ok(plan)
}

fn push(
    plan: &mut Plan,
    drive: DriveId,
    steps: Vec<(crate::plan::Step, Vec<crate::plan::Expect>)>,
) {
    for (step, expect) in steps {
        plan.push(drive, step, expect);
    }
}

/// What a link of the same kind says with this text.
fn said(drives: &Drives, link: &Located, text: &[u8]) -> Result<LinkText, RetargetError> {
    let point = match link.text.as_ref() {
        Some(LinkText::Posix(_)) => return Ok(LinkText::Posix(text.to_vec())),
        Some(LinkText::Reparse(data)) => data.view().map_err(|_| RetargetError::NotALink)?,
        None => return Err(RetargetError::NotALink),
    };
    let target = TargetPath::parse(text);
    Ok(LinkText::Reparse(match point {
        View::Symlink { .. } if matches!(target.root(), Root::DriveRelative(_)) => {
            ReparsePoint::symlink(&full(drives, text)?)?
        }
        View::Symlink { .. } => ReparsePoint::symlink(&target)?,
        View::MountPoint { .. } => {
            let full = full(drives, text)?;
            if full.is_remote() {
                return Err(RetargetError::NotForJunctions("another computer"));
            }
            ReparsePoint::junction(&full)?
        }
        View::Wsl { .. } => ReparsePoint::wsl_symlink(text)?,
        View::AppExec(_) | View::Other => return Err(RetargetError::NotALink),
    }))
}

fn full(drives: &Drives, text: &[u8]) -> Result<TargetPath, RetargetError> {
    let text = String::from_utf8_lossy(text).into_owned();
    Ok(TargetPath::parse(drives.full_path(OsStr::new(&text))?))
}

/// The beginning of targets, and what it becomes.
#[derive(Debug, Clone)]
pub struct Prefix {
    from: TargetPath,
    to: TargetPath,
}

impl Prefix {
    /// From two absolute paths: `D:\old` and `E:\new`, `\\?\Volume{…}\x`, `\\server\share`, `/srv/old`.
    /// `None` where one of them is not absolute.
    pub fn new(from: &OsStr, to: &OsStr) -> Option<Self> {
        let parse = |text: &OsStr| {
            let bytes = text.as_encoded_bytes();
            let path = if bytes.starts_with(b"/") {
                TargetPath::parse_posix(bytes)
            } else {
                let path = TargetPath::parse(bytes);
                // `D:` alone is meant as the drive here: nothing is relative to a target's beginning.
                match path.root() {
                    Root::DriveRelative(letter) if path.components().is_empty() => {
                        TargetPath::parse([*letter, b':', b'\\'])
                    }
                    _ => path,
                }
            };
            path.is_absolute().then(|| path.normalized())
        };
        Some(Self {
            from: parse(from)?,
            to: parse(to)?,
        })
    }

    /// What a target becomes; `None` where it does not begin so.
    pub fn replaced(&self, target: &TargetPath) -> Option<TargetPath> {
        let posix = target.spelling() == Spelling::Posix;
        if posix != (self.from.spelling() == Spelling::Posix) {
            return None;
        }
        let rest = self.rest(target)?;
        if self.to.spelling() == Spelling::Posix {
            let base = self.to.as_bytes().strip_suffix(b"/");
            let base = base.unwrap_or(self.to.as_bytes());
            return Some(TargetPath::parse_posix(join(base, &rest, b'/')));
        }
        let nt = self.to.to_nt()?;
        let base = nt.as_bytes().strip_suffix(b"\\").unwrap_or(nt.as_bytes());
        let text = join(base, &rest, b'\\');
        // A drive's root keeps its separator.
        let text = if rest.is_empty() && nt.components().is_empty() {
            nt.as_bytes().to_vec()
        } else {
            text
        };
        Some(TargetPath::parse_nt(text))
    }

    /// What comes behind the beginning.
    fn rest(&self, target: &TargetPath) -> Option<Vec<Vec<u8>>> {
        let posix = target.spelling() == Spelling::Posix;
        let same = |a: &Component, b: &Component| {
            a.as_bytes() == b.as_bytes() || !posix && folded(a) == folded(b)
        };
        let target = target.normalized();
        let (from, all) = (self.from.components(), target.components());
        let begins = target.root().is_same(self.from.root())
            && target.is_absolute()
            && all.len() >= from.len()
            && from.iter().zip(all).all(|(a, b)| same(a, b));
        let rest = all.iter().skip(from.len());
        begins.then(|| rest.map(|c| c.as_bytes().to_vec()).collect())
    }
}

fn folded(component: &Component) -> String {
    String::from_utf8_lossy(component.as_bytes()).to_uppercase()
}

fn join(base: &[u8], rest: &[Vec<u8>], separator: u8) -> Vec<u8> {
    let mut text = base.to_vec();
    for name in rest {
        text.push(separator);
        text.extend_from_slice(name);
    }
    if text.is_empty() {
        text.push(separator);
    }
    text
}

/// What `link` says with the beginning of its target replaced; `None` where it does not begin so.
///
/// # Errors
/// Where the new target cannot be stored.
pub fn by_prefix(link: &LinkText, prefix: &Prefix) -> Result<Option<LinkText>, EncodeError> {
    let new = match link {
        LinkText::Posix(text) => {
            let new = prefix.replaced(&TargetPath::parse_posix(text));
            return Ok(new.map(|path| LinkText::Posix(path.as_bytes().to_vec())));
        }
        LinkText::Reparse(data) => match data.view() {
            Ok(View::Symlink { relative: true, .. }) | Err(_) => return Ok(None),
            Ok(view) => {
                let Some(new) = view.target().and_then(|t| prefix.replaced(&t)) else {
                    return Ok(None);
                };
                match view {
                    View::Symlink { .. } => ReparsePoint::symlink(&new)?,
                    View::MountPoint { .. } => ReparsePoint::junction(&new)?,
                    View::Wsl { .. } => ReparsePoint::wsl_symlink(new.as_bytes())?,
                    View::AppExec(_) | View::Other => return Ok(None),
                }
            }
        },
    };
    Ok(Some(LinkText::Reparse(new)))
}

/// The steps that make a link say `new`.
///
/// # Errors
/// Where its drive is not there.
pub fn steps(
    drives: &Drives,
    at: &Place,
    entry: &Entry,
    old: &LinkText,
    new: &LinkText,
    plan: &mut Plan,
) -> Result<(), LocateError> {
    let volume = drives.volume(at.drive)?;
    let dir = entry.base == Base::Dir;
    push(
        plan,
        at.drive,
        rewrite(&*volume, &at.path, entry, old, new, dir),
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[allow(
        clippy::needless_pass_by_value,
        reason = "it reads better in the tables"
    )]
    fn check(from: &str, to: &str, target: TargetPath, want: Option<&str>) {
        let prefix = Prefix::new(OsStr::new(from), OsStr::new(to)).expect("absolute paths");
        let new = prefix.replaced(&target).map(|t| t.to_win32());
        let new = new.map(|t| t.display().into_owned());
        assert_eq!(new.as_deref(), want, "{from} to {to}: {target:?}");
    }

    #[test]
    fn beginnings_of_windows_targets() {
        let nt = TargetPath::parse_nt;
        check(r"D:\old", r"E:\new", nt(r"\??\D:\OLD\x"), Some(r"E:\new\x"));
        check(r"D:\old", r"E:\new", nt(r"\??\D:\old"), Some(r"E:\new"));
        check(r"D:\old", r"E:\new", nt(r"\??\D:\older"), None);
        check("D:", "E:", nt(r"\??\D:\"), Some(r"E:\"));
        check(
            r"D:\",
            r"\\srv\sh\d",
            nt(r"\??\D:\x"),
            Some(r"\\srv\sh\d\x"),
        );
        check(
            r"\\srv\sh",
            r"C:\sh",
            nt(r"\??\UNC\SRV\sh\a\b"),
            Some(r"C:\sh\a\b"),
        );
        let guid = r"\\?\Volume{12345678-1234-1234-1234-123456789abc}\";
        let in_guid = r"\??\Volume{12345678-1234-1234-1234-123456789abc}\x\y";
        check(guid, r"C:\", nt(in_guid), Some(r"C:\x\y"));
    }

    #[test]
    fn beginnings_of_posix_targets() {
        let posix = TargetPath::parse_posix;
        check("/srv/old", "/mnt", posix("/srv/old/a"), Some("/mnt/a"));
        check("/srv/old", "/mnt", posix("/srv/OLD/a"), None);
        check("/", "/mnt", posix("/a"), Some("/mnt/a"));
        check("/mnt", "/", posix("/mnt/a"), Some("/a"));
    }
}
