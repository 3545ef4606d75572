//! What there is to say of an entry: one description behind `show`, `list`, `find` and `--json`.

use std::borrow::Cow;

use linksmith::foreign::{Foreign, Form, Means};
use linksmith::reparse::{Kind, View};
use linksmith::resolve::{End, Located, Status, inspect_entry};
use linksmith::volume::{Drives, PathStyle};
use linksmith::{Base, Entry, LinkText, LocateError, Place, ReparsePoint};
use serde::Serialize;

use crate::output::json::hex_unless_unicode;
use crate::output::text::Role;
use crate::output::visible;

/// An entry and all that is said of it. Names and paths are bytes: WTF-8 or a POSIX system's.
pub(crate) struct Description {
    /// Its full path.
    pub path: Vec<u8>,
    /// File, directory or which kind of link.
    pub kind: Kind,
    /// Whether it is a directory, or stands for one.
    pub dir: bool,
    /// What the link says, as people write it.
    pub target: Option<Vec<u8>>,
    /// Where it leads in the end.
    pub resolved: Option<Vec<u8>>,
    /// To whom it is a link, where that is not the system it lies on.
    pub foreign: Option<Form>,
    /// Everything else.
    pub located: Located,
}

/// The two names in a reparse point.
pub(crate) struct Names {
    pub substitute: Vec<u8>,
    pub print: Vec<u8>,
}

impl Description {
    /// Of the entry at a place.
    pub(crate) fn of(drives: &Drives, place: &Place) -> Result<Self, LocateError> {
        let entry = drives.volume(place.drive)?.entry(&place.path)?;
        Self::of_entry(drives, place, entry)
    }

    /// Of an entry that a listing gave.
    pub(crate) fn of_entry(
        drives: &Drives,
        place: &Place,
        entry: Entry,
    ) -> Result<Self, LocateError> {
        let located = inspect_entry(drives, place, entry)?;
        Ok(Self::of_located(drives, located))
    }

    /// Of an entry that was looked at.
    pub(crate) fn of_located(drives: &Drives, located: Located) -> Self {
        let root = drives.root_of(located.place.drive);
        Self::of_located_below(&root, drives, located)
    }

    /// The same where the text of its drive's root is known: it is asked for under a lock, and there may be a million entries.
    pub(crate) fn of_located_below(root: &str, drives: &Drives, located: Located) -> Self {
        let end = located.resolution.as_ref().map(|r| &r.end);
        let target = located.text.as_ref().and_then(said_by);
        Self {
            path: path_below(root, drives.style(), &located.place),
            kind: Kind::of(&located.entry, located.text.as_ref()),
            dir: match (located.entry.base, end) {
                (Base::PosixSymlink, Some(End::Found { entry, .. })) => entry.base == Base::Dir,
                (base, _) => base == Base::Dir,
            },
            target,
            resolved: match end {
                Some(End::Found { place, .. }) => Some(place_bytes(drives, place)),
                _ => None,
            },
            foreign: None,
            located,
        }
    }

    /// Of an entry that another system takes for a link; `None` where none does.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub(crate) fn of_foreign(
        drives: &Drives,
        located: &Located,
    ) -> Result<Option<Self>, LocateError> {
        let place = &located.place;
        let volume = drives.volume(place.drive)?;
        let Some(foreign) = Foreign::of(&*volume, &place.path, &located.entry)? else {
            return Ok(None);
        };
        let resolution = foreign.resolve(drives, place, located.entry.base == Base::Dir);
        let Means::Link(text) = foreign.means else {
            return Ok(None);
        };
        let kind = Kind::of_text(&text);
        let located = Located {
            kind: None,
            status: resolution.as_ref().map_or(Status::Ok, |r| r.end.status()),
            text: Some(text),
            resolution,
            ..located.clone()
        };
        Ok(Some(Self {
            kind,
            foreign: Some(foreign.form),
            ..Self::of_located(drives, located)
        }))
    }

    /// The stored names, of a reparse point that has them.
    pub(crate) fn names(&self) -> Option<Names> {
        let Some(LinkText::Reparse(point)) = &self.located.text else {
            return None;
        };
        match point.view().ok()? {
            View::Symlink {
                substitute, print, ..
            }
            | View::MountPoint { substitute, print } => Some(Names {
                substitute: substitute.to_wtf8(),
                print: print.to_wtf8(),
            }),
            _ => None,
        }
    }

    /// Whether it is a link, be it to another system; a file with several names is none of those that lead somewhere.
    pub(crate) fn is_link(&self) -> bool {
        self.located.entry.is_link() || self.foreign.is_some()
    }

    /// The last name, or the path of a root.
    pub(crate) fn name(&self) -> Cow<'_, str> {
        match &self.located.entry.name {
            Some(name) => Cow::Owned(visible(name.as_bytes()).into_owned()),
            None => visible(&self.path),
        }
    }

    /// In which colour its status is shown.
    pub(crate) fn status_role(&self) -> Role {
        role(self.located.status)
    }

    /// In which colour its name is shown.
    pub(crate) fn name_role(&self) -> Option<Role> {
        match () {
            () if self.is_link() => Some(Role::Link),
            () if self.located.entry.base == Base::Dir => Some(Role::Dir),
            () => None,
        }
    }

    /// The same without what following the link would tell.
    pub(crate) fn json_unfollowed(&self) -> Json<'_> {
        Json {
            status: None,
            ..self.json()
        }
    }

    /// The object of `--json`.
    pub(crate) fn json(&self) -> Json<'_> {
        let lossy = |bytes: &'_ Vec<u8>| String::from_utf8_lossy(bytes).into_owned();
        let entry = &self.located.entry;
        let names = self.names();
        Json {
            v: 1,
            path: String::from_utf8_lossy(&self.path),
            path_hex: hex_unless_unicode(&self.path),
            kind: self.kind.word(),
            dir: self.dir,
            tag: entry.tag.map(|t| t.to_string()),
            target: self.target.as_ref().map(lossy),
            target_hex: self.target.as_deref().and_then(hex_unless_unicode),
            substitute: names.as_ref().map(|n| lossy(&n.substitute)),
            print: names.as_ref().map(|n| lossy(&n.print)),
            resolved: self.resolved.as_ref().map(lossy),
            resolved_hex: self.resolved.as_deref().and_then(hex_unless_unicode),
            status: Some(self.located.status.as_str()),
            // What POSIX systems count on directories is not names.
            links: if entry.base == Base::Dir {
                Some(1)
            } else {
                entry.links
            },
            id: entry.id.to_string(),
            size: entry.size,
            foreign: self.foreign.map(Form::word),
        }
    }
}

/// A status in colour.
pub(crate) fn role(status: Status) -> Role {
    match status {
        Status::Ok => Role::Good,
        Status::Dangling | Status::Loop | Status::WrongKind | Status::Invalid => Role::Bad,
        Status::Unreachable | Status::Denied | Status::TooDeep => Role::Doubtful,
    }
}

/// What a link says, as people write it.
pub(crate) fn said_by(text: &LinkText) -> Option<Vec<u8>> {
    match text {
        LinkText::Posix(text) => Some(text.clone()),
        LinkText::Reparse(point) => said(point),
    }
}

/// Where a reparse point leads, as people write it.
fn said(point: &ReparsePoint) -> Option<Vec<u8>> {
    let target = point.view().ok()?.target()?;
    Some(target.win32_text().into_owned())
}

/// A place's full path to the byte: what [`Drives::display`] shows, without replacement characters.
pub(crate) fn place_bytes(drives: &Drives, place: &Place) -> Vec<u8> {
    path_below(&drives.root_of(place.drive), drives.style(), place)
}

fn path_below(root: &str, style: PathStyle, place: &Place) -> Vec<u8> {
    let names = place.path.as_bytes();
    let mut path = Vec::with_capacity(root.len() + names.len());
    path.extend_from_slice(root.as_bytes());
    match style {
        PathStyle::Posix => path.extend_from_slice(names),
        PathStyle::Windows => {
            path.extend(names.iter().map(|b| if *b == b'/' { b'\\' } else { *b }));
        }
    }
    path
}

/// An entry as machines read it. Keys keep their order; what does not apply is null, and the `_hex` keys
/// stand only where the text beside them is not Unicode.
#[derive(Serialize)]
pub(crate) struct Json<'a> {
    v: u32,
    path: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path_hex: Option<String>,
    kind: &'static str,
    dir: bool,
    tag: Option<String>,
    target: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target_hex: Option<String>,
    substitute: Option<String>,
    print: Option<String>,
    resolved: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resolved_hex: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'static str>,
    links: Option<u32>,
    id: String,
    size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    foreign: Option<&'static str>,
}

/// What a link would be, in words: its kind, and where it leads as people write it.
pub(crate) fn words_of_link(text: &LinkText, dir: bool) -> (&'static str, String) {
    let point = match text {
        LinkText::Posix(target) => return ("soft link", visible(target).into_owned()),
        LinkText::Reparse(point) => point,
    };
    let target = said(point).unwrap_or_default();
    let kind = match point.view() {
        Ok(View::Symlink { .. }) if dir => "soft link (directory)",
        Ok(View::Symlink { .. }) => "soft link (file)",
        Ok(view) if view.is_volume_mount_point() => "volume mount point",
        Ok(View::MountPoint { .. }) => "junction",
        Ok(View::Wsl { .. }) => "WSL link",
        _ => "reparse point",
    };
    (kind, visible(&target).into_owned())
}
