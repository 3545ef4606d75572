//! Links of other systems: what Windows takes for a plain file or directory, and Interix, Cygwin, an SMB client, Wine or
//! Samba for a link.
//!
//! To every verb that changes something such an entry is the file that it is: what is removed, copied or taken back are
//! its contents. The file systems themselves do not follow it, so neither does [`resolve`](crate::resolve).

mod cygwin;
mod interix;
mod mf;

use std::fmt;
use std::io::Read;

use crate::entry::{Attributes, Base, Entry, LinkText};
use crate::path::EntryPath;
use crate::reparse::ReparsePoint;
use crate::resolve::{Resolution, resolve_as_if};
use crate::volume::{Cause, Drives, PathStyle, Place, Volume, VolumeError};

/// Who takes it for a link, and how it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Form {
    /// Services for Unix, and ntfs-3g after it: a system file that begins with `IntxLNK`.
    Interix,
    /// Cygwin, and MSYS and Git for Windows with it: a system file that begins with `!<symlink>`.
    Cygwin,
    /// Clients of SMB shares ("Minshall and French"): a file of 1067 bytes that begins with `XSym`.
    Mf,
    /// Wine since 10.20: a directory or file with a name that ends in `?`; the reparse data are its extended attribute.
    Wine,
    /// Samba: a file; the reparse data are its extended attribute.
    Samba,
}

impl Form {
    /// The word for machines.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Interix => "interix",
            Self::Cygwin => "cygwin",
            Self::Mf => "xsym",
            Self::Wine => "wine",
            Self::Samba => "samba",
        }
    }

    /// As people write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Interix => "Interix",
            Self::Cygwin => "Cygwin",
            Self::Mf => "XSym",
            Self::Wine => "Wine",
            Self::Samba => "Samba",
        }
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// An entry that another system takes for something else than it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foreign {
    /// To whom.
    pub form: Form,
    /// What.
    pub means: Means,
}

/// What an entry stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Means {
    /// A link that says this.
    Link(LinkText),
    /// A character device.
    CharacterDevice {
        /// The driver's number.
        major: u64,
        /// The device's number.
        minor: u64,
    },
    /// A block device.
    BlockDevice {
        /// The driver's number.
        major: u64,
        /// The device's number.
        minor: u64,
    },
}

impl Means {
    fn posix_link(text: Vec<u8>) -> Self {
        Self::Link(LinkText::Posix(text))
    }
}

impl Foreign {
    /// What the entry at a path stands for; `None` where it is what it looks like. Only what can be one is read.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn of(
        volume: &dyn Volume,
        at: &EntryPath,
        entry: &Entry,
    ) -> Result<Option<Self>, VolumeError> {
        if entry.is_link() || !matches!(entry.base, Base::File | Base::Dir) {
            return Ok(None);
        }
        if let Some((form, data)) = volume.kept_reparse_data(at)? {
            // Data that say nothing make no link of it.
            let point = ReparsePoint::from_bytes(data).ok();
            let means = point.map(|point| Means::Link(LinkText::Reparse(point)));
            return Ok(means.map(|means| Self { form, means }));
        }
        if entry.base != Base::File || !can_be(volume, entry) {
            return Ok(None);
        }
        let mut contents = Vec::new();
        // It may have grown since it was looked at.
        let mut reader = volume.read(at)?.take(LONGEST + 1);
        reader
            .read_to_end(&mut contents)
            .map_err(|e| VolumeError::new("read", at, Cause::Io(e)))?;
        Ok(Self::parse(&contents))
    }

    /// What contents say; `None` where they say nothing of the kind.
    pub fn parse(contents: &[u8]) -> Option<Self> {
        let of = |form| move |means| Self { form, means };
        None.or_else(|| interix::parse(contents).map(of(Form::Interix)))
            .or_else(|| cygwin::parse(contents).map(of(Form::Cygwin)))
            .or_else(|| mf::parse(contents).map(of(Form::Mf)))
    }

    /// Where it leads to those who take it for a link; `None` where it stands for something else.
    ///
    /// `dir`: whether the entry is a directory.
    pub fn resolve(&self, drives: &Drives, at: &Place, dir: bool) -> Option<Resolution> {
        let Means::Link(text) = &self.means else {
            return None;
        };
        let windows = drives
            .volume(at.drive)
            .is_ok_and(|volume| volume.info().style == PathStyle::Windows);
        let text = match text {
            LinkText::Posix(text) if windows && self.form == Form::Cygwin => {
                cygwin::on_windows(text)
            }
            text => text.clone(),
        };
        Some(resolve_as_if(drives, at, text, dir))
    }
}

/// The most bytes that any of them has.
const LONGEST: u64 = 16 + 2 * 4096;
/// The least.
const SHORTEST: u64 = 9;

/// Whether its contents are worth a look: what Windows' programs mark as system files, and what is of XSym's size. File
/// systems without such marks may hold any of them as plain files.
fn can_be(volume: &dyn Volume, entry: &Entry) -> bool {
    let unmarked = volume.info().style == PathStyle::Posix;
    let marked = entry.attributes.contains(Attributes::SYSTEM);
    entry.size == mf::SIZE || (unmarked || marked) && (SHORTEST..=LONGEST).contains(&entry.size)
}
