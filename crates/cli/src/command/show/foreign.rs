//! What an entry stands for to another system, beside what it is.

use linksmith::Base;
use linksmith::foreign::{Foreign, Means};
use linksmith::reparse::Kind;
use linksmith::resolve::{End, Located, Resolution};
use linksmith::volume::{Drives, LocateError};
use serde::Serialize;

use super::{field, why};
use crate::describe::{said_by, words_of_link};
use crate::error::CliError;
use crate::output::json::hex_unless_unicode;
use crate::output::visible;
use crate::session::Session;

/// What an entry stands for, and where it leads if that is a link.
pub(super) struct Seen {
    foreign: Foreign,
    resolution: Option<Resolution>,
    dir: bool,
}

pub(super) fn look(drives: &Drives, of: &Located) -> Result<Option<Seen>, LocateError> {
    let place = &of.place;
    let volume = drives.volume(place.drive)?;
    let foreign = Foreign::of(&*volume, &place.path, &of.entry)?;
    let dir = of.entry.base == Base::Dir;
    Ok(foreign.map(|foreign| Seen {
        resolution: foreign.resolve(drives, place, dir),
        foreign,
        dir,
    }))
}

#[derive(Serialize)]
pub(super) struct Json {
    form: &'static str,
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
        let (kind, target, device) = match &self.foreign.means {
            Means::Link(text) => (Kind::of_text(text).word(), said_by(text), None),
            Means::CharacterDevice { major, minor } => {
                ("character-device", None, Some([*major, *minor]))
            }
            Means::BlockDevice { major, minor } => ("block-device", None, Some([*major, *minor])),
            _ => ("other", None, None),
        };
        Json {
            form: self.foreign.form.word(),
            kind,
            target_hex: target.as_deref().and_then(hex_unless_unicode),
            target: target.map(|t| String::from_utf8_lossy(&t).into_owned()),
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
        let words = match &self.foreign.means {
            Means::Link(text) => {
                let (kind, target) = words_of_link(text, self.dir);
                format!("{kind} to {target}")
            }
            Means::CharacterDevice { major, minor } => format!("character device {major}:{minor}"),
            Means::BlockDevice { major, minor } => format!("block device {major}:{minor}"),
            _ => "something that is not known".to_owned(),
        };
        field(session, self.foreign.form.name(), &words)?;
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
