//! Following links by the rules of the volumes they lie on. The only place that does.

mod jump;
mod walk;

use std::fmt;
use std::sync::Arc;

use crate::entry::{Entry, LinkKind, LinkText};
use crate::path::{Name, NameError, TargetPath};
use crate::reparse::ReparseTag;
use crate::volume::{DriveId, Drives, LocateError, Place, VolumeError};

/// How many reparse points Windows follows on one path, relative targets among them.
///
/// Source: "Symbolic link programming considerations": 63; 31 up to Windows XP and Server 2003.
pub const MAX_HOPS: usize = 63;
/// How many links with fully qualified targets it follows on one path: each sends the whole path
/// through the object manager again, which does so at most 31 times.
pub const MAX_QUALIFIED_HOPS: usize = 31;
/// How many symbolic links a POSIX system follows on one path: Linux's number (path_resolution(7)).
pub const MAX_POSIX_HOPS: usize = 40;

/// One step of a path that is still to be gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// To the directory above. On Windows this is worked off in the text before a path is gone.
    Up,
    /// To the entry of this name.
    Name(Name),
}

/// A path followed to its end.
#[derive(Debug, Clone)]
pub struct Resolution {
    /// The links that redirected it, in the order they were met.
    pub hops: Vec<Hop>,
    /// Where it led.
    pub end: End,
}

/// One redirection.
#[derive(Debug, Clone)]
pub struct Hop {
    /// The link: its last name is the component that redirects.
    pub at: Place,
    /// Of what kind it is.
    pub kind: LinkKind,
    /// What it says, byte for byte.
    pub text: LinkText,
    /// What it puts in the component's place; `None` where the data could not be read or say no path.
    pub target: Option<TargetPath>,
    /// Where that leads, before the links in it are followed; `None` where it leads to no drive here.
    pub to: Option<Place>,
    /// What remained of the path behind the link.
    pub rest: Vec<Part>,
}

/// Where a path led.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum End {
    /// To an entry that is no link.
    Found {
        /// Its place.
        place: Place,
        /// What is there.
        entry: Box<Entry>,
    },
    /// To a name that is not there.
    Missing {
        /// The first name that is not there.
        place: Place,
        /// What would have come behind it.
        rest: Vec<Part>,
    },
    /// Through a file.
    NotADirectory {
        /// The file.
        place: Place,
    },
    /// Back to a link that was being followed.
    Loop {
        /// The link met again.
        at: Place,
    },
    /// Over more links than the system follows.
    TooDeep {
        /// The limit that was reached.
        limit: usize,
    },
    /// From a link for directories to a file, or the reverse.
    WrongKind {
        /// The link.
        at: Place,
        /// Whether the link is for directories.
        link_dir: bool,
        /// Where it leads.
        to: Place,
    },
    /// To where nothing is attached: another drive, another computer.
    Unreachable {
        /// The link that leads there; `None` where the path itself starts there.
        at: Option<Place>,
        /// The root it leads to, as people write it.
        root: String,
    },
    /// To a link that no file system follows by itself: its tag is an application's.
    Unfollowable {
        /// The link.
        at: Place,
        /// Its tag.
        tag: ReparseTag,
    },
    /// To where this account may not look.
    Denied {
        /// Where.
        place: Place,
    },
    /// To a link whose data are malformed or say no path.
    Invalid {
        /// The link.
        at: Place,
        /// What is wrong.
        reason: String,
    },
    /// To an error of a volume.
    Failed {
        /// Where.
        place: Place,
        /// What happened.
        error: Arc<VolumeError>,
    },
}

/// What became of a link, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// It leads to something of the right kind.
    Ok,
    /// What it leads to is not there.
    Dangling,
    /// It leads back to itself.
    Loop,
    /// A link for files leads to a directory, or the reverse.
    WrongKind,
    /// It leads to a drive or computer that is not attached, or can only be followed by an application.
    Unreachable,
    /// This account may not look.
    Denied,
    /// Its data are malformed.
    Invalid,
    /// There are more links on the way than the system follows.
    TooDeep,
}

impl Status {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Ok,
        Self::Dangling,
        Self::Loop,
        Self::WrongKind,
        Self::Unreachable,
        Self::Denied,
        Self::Invalid,
        Self::TooDeep,
    ];

    /// The word for machines: `ok`, `dangling`, `loop`, `wrong-kind`, `unreachable`, `denied`,
    /// `invalid`, `too-deep`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Dangling => "dangling",
            Self::Loop => "loop",
            Self::WrongKind => "wrong-kind",
            Self::Unreachable => "unreachable",
            Self::Denied => "denied",
            Self::Invalid => "invalid",
            Self::TooDeep => "too-deep",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl End {
    /// In a word.
    pub fn status(&self) -> Status {
        match self {
            Self::Found { .. } => Status::Ok,
            Self::Missing { .. } | Self::NotADirectory { .. } => Status::Dangling,
            Self::Loop { .. } => Status::Loop,
            Self::TooDeep { .. } => Status::TooDeep,
            Self::WrongKind { .. } => Status::WrongKind,
            Self::Unreachable { .. } | Self::Unfollowable { .. } | Self::Failed { .. } => {
                Status::Unreachable
            }
            Self::Denied { .. } => Status::Denied,
            Self::Invalid { .. } => Status::Invalid,
        }
    }

    /// The Win32 error code that opening such a path gives, where there is one.
    pub fn win32(&self) -> Option<u32> {
        Some(match self {
            Self::Found { .. } => return None,
            Self::Missing { rest, .. } if rest.is_empty() => 2,
            Self::Missing { .. } | Self::NotADirectory { .. } => 3,
            Self::Unreachable { root, .. } if root.starts_with(r"\\") => 53,
            Self::Unreachable { .. } => 3,
            Self::Loop { .. } | Self::TooDeep { .. } => 1921,
            Self::WrongKind { .. } => 267,
            Self::Unfollowable { .. } => 1920,
            Self::Denied { .. } => 5,
            Self::Invalid { .. } => 4392,
            Self::Failed { error, .. } => return error.cause.win32(),
        })
    }
}

/// Words without places: the text that was followed stands beside them, and a place is shown by
/// [`Drives::display`].
impl End {
    /// It in words, with places as people write them on these drives.
    pub fn words(&self, drives: &Drives) -> String {
        self.in_words(&|place| drives.display(place))
    }

    fn in_words(&self, name: &dyn Fn(&Place) -> String) -> String {
        match self {
            Self::Found { .. } => "it is there".to_owned(),
            Self::Missing { place, .. } => format!("'{}' is not there", name(place)),
            Self::NotADirectory { place } => format!("'{}' is not a directory", name(place)),
            Self::Loop { at } => format!("the link '{}' leads back to itself", name(at)),
            Self::TooDeep { limit } => format!("there are more than {limit} links on the way"),
            Self::WrongKind { at, link_dir, to } => {
                let (link, target) = if *link_dir {
                    ("directories", "file")
                } else {
                    ("files", "directory")
                };
                let (at, to) = (name(at), name(to));
                format!("'{at}' is a link for {link} and leads to the {target} '{to}'")
            }
            Self::Unreachable { root, .. } => format!("nothing is attached as '{root}'"),
            Self::Unfollowable { at, tag } => {
                format!("no file system follows '{}' (tag {tag})", name(at))
            }
            Self::Denied { place } => format!("access to '{}' is denied", name(place)),
            Self::Invalid { at, reason } => format!("the link '{}' is invalid: {reason}", name(at)),
            Self::Failed { error, .. } => error.to_string(),
        }
    }
}

/// Places by their paths on their drives alone; [`End::words`] names the drives too.
impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.in_words(&|place| place.path.display().into_owned()))
    }
}

/// Follows a path to its end: every link in it, the last name too.
pub fn resolve(drives: &Drives, place: &Place) -> Resolution {
    let parts = place.path.names().map(Part::Name).collect();
    resolve_parts(drives, place.drive, parts)
}

/// Follows components from a drive's root to their end.
pub fn resolve_parts(drives: &Drives, drive: DriveId, parts: Vec<Part>) -> Resolution {
    walk::Walk::new(drives, drive, parts).run()
}

/// Where a link that says `text` would lead if it stood at `place`, whatever stands there now.
///
/// `dir`: whether a directory would carry it.
pub fn resolve_as_if(drives: &Drives, place: &Place, text: LinkText, dir: bool) -> Resolution {
    walk::Walk::new(drives, place.drive, Vec::new()).run_as_if(place, text, dir)
}

/// The components of POSIX text: `.` and empty ones are left out.
pub fn posix_parts(text: &[u8]) -> Result<Vec<Part>, NameError> {
    text.split(|b| *b == b'/')
        .filter(|part| !matches!(*part, b"" | b"."))
        .map(|part| match part {
            b".." => Ok(Part::Up),
            _ => Name::from_bytes(part).map(Part::Name),
        })
        .collect()
}

/// An entry and everything there is to say about it.
#[derive(Debug, Clone)]
pub struct Located {
    /// Where.
    pub place: Place,
    /// What is there; the link itself.
    pub entry: Entry,
    /// Its kind as a link; [`LinkKind::HardLink`] is a file with more than one name.
    pub kind: Option<LinkKind>,
    /// What the link says; `None` where it is none or its data cannot be read.
    pub text: Option<LinkText>,
    /// Where it leads; `None` where it is no link.
    pub resolution: Option<Resolution>,
    /// What became of it; [`Status::Ok`] where it is no link.
    pub status: Status,
}

/// Looks at one entry: itself, and where it leads.
pub fn inspect(drives: &Drives, place: &Place) -> Result<Located, LocateError> {
    let entry = drives.volume(place.drive)?.entry(&place.path)?;
    inspect_entry(drives, place, entry)
}

/// As [`inspect`], of an entry that a listing gave.
pub fn inspect_entry(drives: &Drives, place: &Place, entry: Entry) -> Result<Located, LocateError> {
    let resolution = entry.is_link().then(|| resolve(drives, place));
    let first = resolution.as_ref().and_then(|r| r.hops.first());
    let text = match first.filter(|hop| hop.at == *place) {
        Some(hop) => Some(hop.text.clone()),
        None if entry.tag.is_some() => {
            // A reparse point that is no link, or one whose data are malformed.
            drives
                .volume(place.drive)?
                .link_text(&place.path)
                .ok()
                .flatten()
        }
        None => None,
    };
    let kind = LinkKind::of(&entry, text.as_ref());
    Ok(Located {
        place: place.clone(),
        kind,
        text,
        status: resolution.as_ref().map_or(Status::Ok, |r| r.end.status()),
        resolution,
        entry,
    })
}
