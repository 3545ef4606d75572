//! What a new link says.

use std::ffi::OsStr;

use super::{CreateCause, Request, Spelled};
use crate::entry::LinkText;
use crate::path::{EntryPath, Guid, Name, Root, TargetPath};
use crate::reparse::{EncodeError, ReparsePoint};
use crate::volume::{Caps, Drives, PathStyle, Place, Volume};

/// The text of a soft link at `link`.
pub(super) fn soft_text(
    drives: &Drives,
    request: &Request,
    link: &Place,
    volume: &dyn Volume,
) -> Result<LinkText, CreateCause> {
    let caps = volume.info().caps;
    let posix = caps.contains(Caps::POSIX_SYMLINK)
        && (drives.style() == PathStyle::Posix || !caps.contains(Caps::SYMLINK));
    if posix {
        return posix_text(drives, request, link).map(LinkText::Posix);
    }
    let target = match request.spelled {
        Spelled::AsIs => as_is(drives, &request.target)?,
        Spelled::Absolute => absolute(drives, &request.target)?,
        Spelled::Relative => relative(drives, request, link)?,
    };
    Ok(LinkText::Reparse(ReparsePoint::symlink(&target)?))
}

/// A target as it was given, save that a drive-relative one has no meaning in a link.
fn as_is(drives: &Drives, text: &OsStr) -> Result<TargetPath, CreateCause> {
    let target = TargetPath::parse(text.as_encoded_bytes());
    match target.root() {
        Root::DriveRelative(_) => absolute(drives, text),
        _ => Ok(target),
    }
}

/// A target from a root. On a machine whose own paths are POSIX only Windows paths that are absolute
/// already can be had.
pub(super) fn absolute(drives: &Drives, text: &OsStr) -> Result<TargetPath, CreateCause> {
    if drives.style() == PathStyle::Windows {
        return drives.absolute(text).map_err(CreateCause::Target);
    }
    let target = TargetPath::parse(text.as_encoded_bytes());
    if target.is_absolute() {
        return Ok(target);
    }
    Err(CreateCause::NoWindowsPath {
        target: text.to_string_lossy().into_owned(),
    })
}

/// The volume to mount: `\\?\Volume{GUID}\`, `Volume{GUID}`, `{GUID}`, or a drive's root.
pub(super) fn volume_guid(drives: &Drives, text: &OsStr) -> Result<Guid, CreateCause> {
    let no_volume = || CreateCause::NoVolume {
        target: text.to_string_lossy().into_owned(),
    };
    let text = text.as_encoded_bytes();
    let bare = text.strip_prefix(b"Volume").unwrap_or(text);
    if let Some(guid) = Guid::parse(bare.strip_suffix(b"\\").unwrap_or(bare)) {
        return Ok(guid);
    }
    let target = TargetPath::parse(text);
    let root = match target.root() {
        _ if !target.components().is_empty() => return Err(no_volume()),
        Root::Volume(guid) => return Ok(*guid),
        Root::Drive(letter) | Root::DriveRelative(letter) => Root::Drive(*letter),
        _ => return Err(no_volume()),
    };
    let drive = drives.drive(&root).map_err(CreateCause::Target)?;
    drives.volume_guid(drive).ok_or_else(no_volume)
}

fn relative(drives: &Drives, request: &Request, link: &Place) -> Result<TargetPath, CreateCause> {
    let full = absolute(drives, &request.target)?;
    let dir = link.parent().unwrap_or_else(|| link.clone());
    let base = match drives.letter(dir.drive).and_then(|l| u8::try_from(l).ok()) {
        Some(letter) => TargetPath::on_drive(letter, &dir.path),
        None => TargetPath::parse(drives.display(&dir)),
    };
    full.relative_from(&base)
        .ok_or_else(|| CreateCause::NoRelative {
            target: full.display().into_owned(),
            link: base.display().into_owned(),
        })
}

fn posix_text(drives: &Drives, request: &Request, link: &Place) -> Result<Vec<u8>, CreateCause> {
    let text = request.target.as_encoded_bytes();
    if text.contains(&0) {
        return Err(EncodeError::Nul.into());
    }
    if drives.style() == PathStyle::Windows {
        return windows_as_posix(drives, request, link);
    }
    if request.spelled == Spelled::AsIs {
        return Ok(text.to_vec());
    }
    // Where the target is not there its text has to do; `..` behind a link then counts by the text.
    let target = match drives.locate(&request.target) {
        Ok(place) => place.path,
        Err(_) => {
            let full = drives
                .full_path(&request.target)
                .map_err(CreateCause::Target)?;
            EntryPath::parse(full).map_err(|_| EncodeError::Nul)?
        }
    };
    Ok(match request.spelled {
        Spelled::Relative => between(&target, link),
        _ => [b"/", target.as_bytes()].concat(),
    })
}

/// From a link's folder to a target on the same volume.
fn between(target: &EntryPath, link: &Place) -> Vec<u8> {
    let dir = link.path.parent().unwrap_or_default();
    let target: Vec<Name> = target.names().collect();
    let dir: Vec<Name> = dir.names().collect();
    let shared = target.iter().zip(&dir).take_while(|(a, b)| a == b).count();
    let up = dir.iter().skip(shared).map(|_| &b".."[..]);
    let down = target.iter().skip(shared).map(Name::as_bytes);
    let parts: Vec<&[u8]> = up.chain(down).collect();
    if parts.is_empty() {
        return b".".to_vec();
    }
    parts.join(&b'/')
}

/// A Windows text on a drive whose volume has POSIX links: only its own root can be meant by `/`.
fn windows_as_posix(
    drives: &Drives,
    request: &Request,
    link: &Place,
) -> Result<Vec<u8>, CreateCause> {
    let target = TargetPath::parse(request.target.as_encoded_bytes());
    if request.spelled == Spelled::AsIs && *target.root() == Root::Relative {
        let parts: Vec<&[u8]> = target.components().iter().map(|c| c.as_bytes()).collect();
        return Ok(parts.join(&b'/'));
    }
    let full = absolute(drives, &request.target)?;
    let cannot = || CreateCause::NoRelative {
        target: full.display().into_owned(),
        link: drives.display(link),
    };
    let drive = drives.drive(full.root()).map_err(CreateCause::Target)?;
    let path = full
        .to_entry_path()
        .filter(|_| drive == link.drive)
        .ok_or_else(cannot)?;
    Ok(match request.spelled {
        Spelled::Relative => between(&path, link),
        _ => [b"/", path.as_bytes()].concat(),
    })
}
