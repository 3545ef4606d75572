//! What an Interix file stands for, beside what it is to Windows.

use linksmith::LinkText;
use linksmith::interix::Interix;
use linksmith::resolve::{End, Located, Resolution, resolve_as_if};
use linksmith::volume::{Drives, LocateError};
use serde::Serialize;

use super::{field, why};
use crate::error::CliError;
use crate::output::json::hex_unless_unicode;
use crate::output::visible;
use crate::session::Session;

/// An Interix file, and where it leads if it is a link.
pub(super) struct Seen {
    interix: Interix,
    resolution: Option<Resolution>,
}

pub(super) fn look(drives: &Drives, of: &Located) -> Result<Option<Seen>, LocateError> {
    let place = &of.place;
    let volume = drives.volume(place.drive)?;
    let Some(interix) = Interix::of(&*volume, &place.path, &of.entry)? else {
        return Ok(None);
    };
    let resolution = match &interix {
        Interix::Symlink(text) => {
            let text = LinkText::Posix(text.clone());
            Some(resolve_as_if(drives, place, text, false))
        }
        _ => None,
    };
    Ok(Some(Seen {
        interix,
        resolution,
    }))
}

#[derive(Serialize)]
pub(super) struct Json {
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target_hex: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resolved: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    device: Option<[u64; 2]>,
}

impl Seen {
    pub(super) fn json(&self, drives: &Drives) -> Json {
        let (kind, target, device) = match &self.interix {
            Interix::Symlink(text) => ("symlink", Some(text), None),
            Interix::CharacterDevice { major, minor } => {
                ("character-device", None, Some([*major, *minor]))
            }
            Interix::BlockDevice { major, minor } => ("block-device", None, Some([*major, *minor])),
        };
        Json {
            kind,
            target: target.map(|t| String::from_utf8_lossy(t).into_owned()),
            target_hex: target.and_then(|t| hex_unless_unicode(t)),
            status: self.resolution.as_ref().map(|r| r.end.status().as_str()),
            resolved: self.resolved(drives),
            device,
        }
    }

    fn resolved(&self, drives: &Drives) -> Option<String> {
        match &self.resolution.as_ref()?.end {
            End::Found { place, .. } => Some(drives.display(place)),
            _ => None,
        }
    }

    pub(super) fn tell(&self, session: &mut Session, drives: &Drives) -> Result<(), CliError> {
        let words = match &self.interix {
            Interix::Symlink(text) => format!("symbolic link to {}", visible(text)),
            Interix::CharacterDevice { major, minor } => {
                format!("character device {major}:{minor}")
            }
            Interix::BlockDevice { major, minor } => format!("block device {major}:{minor}"),
        };
        field(session, "Interix", &words)?;
        if let Some(resolution) = &self.resolution {
            let status = resolution.end.status().as_str();
            let why = why(drives, &resolution.end);
            field(session, "status", &format!("{status}{why}"))?;
        }
        match self.resolved(drives) {
            Some(to) => field(session, "leads to", &visible(to.as_bytes())),
            None => Ok(()),
        }
    }
}
