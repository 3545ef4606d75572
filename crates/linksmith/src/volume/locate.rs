//! From text to a place, and back.

use std::ffi::OsStr;
use std::sync::Arc;

use super::drives::{Drives, Place, root_text};
use super::{DriveId, PathStyle, VolumeError, new_name};
use crate::entry::Base;
use crate::path::{Component, EntryPath, Name, NameError, Root, TargetPath, is_dos_device};
use crate::resolve::{self, End, Part, Resolution};

/// Why a text is no place.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum LocateError {
    /// There is nothing in it.
    #[error("a path cannot be empty")]
    Empty,
    /// A component is no name.
    #[error("'{text}' is no path: {source}")]
    Name {
        /// The whole text.
        text: String,
        /// What is wrong with the name.
        source: NameError,
    },
    /// A device, which lies on no volume.
    #[error("'{text}' is a device, not a file or directory")]
    Device {
        /// The whole text.
        text: String,
    },
    /// No volume is attached there.
    #[error("nothing is attached as '{root}'")]
    Unreachable {
        /// The root: `D:\`, `\\server\share\`.
        root: String,
        /// What the system said, where it was asked.
        source: Option<Arc<VolumeError>>,
    },
    /// The way there, or with [`Drives::locate_target`] the end of it, leads nowhere.
    #[error("'{text}' leads nowhere: {}", resolution.end)]
    Nowhere {
        /// The whole text.
        text: String,
        /// How far it went.
        resolution: Box<Resolution>,
    },
    /// A volume failed.
    #[error(transparent)]
    Volume(Arc<VolumeError>),
    /// What stands for a drive is no letter.
    #[error("'{0}' is no drive letter")]
    NotALetter(char),
    /// Two drives cannot have one letter.
    #[error("the drive letter {0}: is given twice")]
    LetterTwice(char),
    /// A drive table needs a drive.
    #[error("no drive is attached")]
    NoDrive,
    /// The drive is none of this table.
    #[error("there is no drive number {}", .0.0)]
    NoSuchDrive(DriveId),
}

impl From<VolumeError> for LocateError {
    fn from(error: VolumeError) -> Self {
        Self::Volume(Arc::new(error))
    }
}

impl LocateError {
    /// The Win32 error code Windows gives in this case, where there is one.
    pub fn win32(&self) -> Option<u32> {
        Some(match self {
            Self::Empty | Self::Name { .. } | Self::Device { .. } => 123,
            Self::Unreachable { source: None, .. } => 3,
            Self::Unreachable {
                source: Some(error),
                ..
            }
            | Self::Volume(error) => return error.cause.win32(),
            Self::Nowhere { resolution, .. } => return resolution.end.win32(),
            Self::NotALetter(_) | Self::NoSuchDrive(_) | Self::NoDrive => 15,
            Self::LetterTwice(_) => 85,
        })
    }
}

impl Drives {
    /// The place a text names: links on the way are followed, the last name is not, and nothing need
    /// be there. A trailing separator changes nothing.
    ///
    /// On Windows drives the text is worked off as `GetFullPathNameW` does, so `link\..` is the
    /// directory the link is in; on POSIX ones `..` is the parent of what the link leads to.
    pub fn locate(&self, text: &OsStr) -> Result<Place, LocateError> {
        let (drive, mut parts) = self.parts(text)?;
        let last = match parts.pop() {
            Some(Part::Name(name)) => name,
            Some(Part::Up) => {
                parts.push(Part::Up);
                return self.follow(text, drive, parts);
            }
            None => {
                let path = EntryPath::root();
                return Ok(Place { drive, path });
            }
        };
        Ok(self.follow_to_dir(text, drive, parts, &last)?.join(&last))
    }

    /// The place a text leads to in the end, through the last name too; something is there.
    pub fn locate_target(&self, text: &OsStr) -> Result<Place, LocateError> {
        let (drive, parts) = self.parts(text)?;
        self.follow(text, drive, parts)
    }

    /// The way a text goes, every link on it and at its end followed: each redirection and the end.
    pub fn walk(&self, text: &OsStr) -> Result<Resolution, LocateError> {
        let (drive, parts) = self.parts(text)?;
        Ok(resolve::resolve_parts(self, drive, parts))
    }

    fn follow_to_dir(
        &self,
        text: &OsStr,
        drive: DriveId,
        parts: Vec<Part>,
        last: &Name,
    ) -> Result<Place, LocateError> {
        let mut resolution = resolve::resolve_parts(self, drive, parts);
        match resolution.end {
            End::Found { place, entry } if entry.base == Base::Dir => return Ok(place),
            End::Found { place, .. } => resolution.end = End::NotADirectory { place },
            End::Missing { ref mut rest, .. } => rest.push(Part::Name(last.clone())),
            _ => {}
        }
        Err(nowhere(text, resolution))
    }

    fn follow(&self, text: &OsStr, drive: DriveId, parts: Vec<Part>) -> Result<Place, LocateError> {
        let resolution = resolve::resolve_parts(self, drive, parts);
        match resolution.end {
            End::Found { place, .. } => Ok(place),
            _ => Err(nowhere(text, resolution)),
        }
    }

    /// The place that a text names by itself: nothing is looked at, and a link on the way is not followed.
    /// A volume refuses such a place where there is one.
    pub fn place(&self, text: &OsStr) -> Result<Place, LocateError> {
        let (drive, names) = self.lexical(text)?;
        let path = EntryPath::from_names(&names);
        Ok(Place { drive, path })
    }

    /// The text's drive, and its components from that drive's root.
    fn parts(&self, text: &OsStr) -> Result<(DriveId, Vec<Part>), LocateError> {
        if self.style() == PathStyle::Windows {
            let (drive, names) = self.lexical(text)?;
            return Ok((drive, names.into_iter().map(Part::Name).collect()));
        }
        let bytes = text.as_encoded_bytes();
        if bytes.is_empty() {
            return Err(LocateError::Empty);
        }
        let drive = self.current_drive();
        let mut parts: Vec<Part> = Vec::new();
        if !bytes.starts_with(b"/") {
            parts.extend(self.cwd(drive)?.into_iter().map(Part::Name));
        }
        parts.extend(
            resolve::posix_parts(bytes).map_err(|source| LocateError::Name {
                text: text.to_string_lossy().into_owned(),
                source,
            })?,
        );
        Ok((drive, parts))
    }

    /// The drive and the names of a text, by the text alone: `.` and `..` worked off.
    pub(super) fn lexical(&self, text: &OsStr) -> Result<(DriveId, Vec<Name>), LocateError> {
        if text.is_empty() {
            return Err(LocateError::Empty);
        }
        if self.style() == PathStyle::Posix {
            return self.lexical_posix(text);
        }
        let full = self.absolute(text)?;
        let names = names_of(text, &full)?;
        match full.root() {
            root @ (Root::Drive(_) | Root::Unc { .. } | Root::Volume(_)) => {
                Ok((self.drive(root)?, names))
            }
            _ => Err(LocateError::Device {
                text: text.to_string_lossy().into_owned(),
            }),
        }
    }

    /// A Windows text from its root, as `GetFullPathNameW` makes it.
    pub(crate) fn absolute(&self, text: &OsStr) -> Result<TargetPath, LocateError> {
        let path = TargetPath::parse(text.as_encoded_bytes());
        let drive = match path.root() {
            // A drive that is not attached has no current directory: its root it is.
            Root::DriveRelative(letter) => self.drive(&Root::Drive(*letter)).ok(),
            // No current directory has a say in it; most paths of bulk work are such.
            Root::Drive(_) => None,
            _ => Some(self.current_drive()),
        };
        let Some(drive) = drive else {
            return Ok(path.absolute(&TargetPath::parse("")));
        };
        let mut base = root_text(&self.root(drive)?).into_bytes();
        let names = self.cwd(drive)?;
        let names: Vec<&[u8]> = names.iter().map(Name::as_bytes).collect();
        base.extend(names.join(&b'\\'));
        Ok(path.absolute(&TargetPath::parse(base)))
    }

    fn lexical_posix(&self, text: &OsStr) -> Result<(DriveId, Vec<Name>), LocateError> {
        let (drive, parts) = self.parts(text)?;
        let mut names = Vec::new();
        for part in parts {
            match part {
                Part::Name(name) => names.push(name),
                Part::Up => drop(names.pop()),
            }
        }
        Ok((drive, names))
    }

    /// The full path of a text by the text alone, as `GetFullPathNameW` gives it and as `mklink`,
    /// `junction` and `fsutil` print it. Nothing is looked at; a trailing separator stays.
    ///
    /// A drive that is not attached is no error here: the text is only put together.
    pub fn full_path(&self, text: &OsStr) -> Result<String, LocateError> {
        if text.is_empty() {
            return Err(LocateError::Empty);
        }
        if self.style() == PathStyle::Posix {
            let (_, names) = self.lexical_posix(text)?;
            return Ok(join(&Root::Rooted, &names));
        }
        let full = self.absolute(text)?;
        // What no volume takes in a name is wrong here too, before it is printed as if it were there.
        names_of(text, &full)?;
        Ok(full.display().into_owned())
    }

    /// A drive's root as people write it: `C:\`, `/`.
    pub fn root_of(&self, drive: DriveId) -> String {
        self.with_root(drive, root_text)
    }

    /// A place as people write it on its drive. What is not Unicode becomes U+FFFD.
    pub fn display(&self, place: &Place) -> String {
        let names: Vec<Name> = place.path.names().collect();
        match self.root(place.drive) {
            Ok(root) => join(&root, &names),
            Err(_) => join(&Root::Rooted, &names),
        }
    }

    /// A drive's current directory as its prompt shows it.
    pub fn display_current(&self, drive: DriveId) -> Result<String, LocateError> {
        Ok(join(&self.root(drive)?, &self.cwd(drive)?))
    }

    /// The current directory of the current drive, links on its way followed.
    pub fn current(&self) -> Result<Place, LocateError> {
        let drive = self.current_drive();
        let text = self.display_current(drive)?;
        let parts = self.cwd(drive)?.into_iter().map(Part::Name).collect();
        self.follow(OsStr::new(&text), drive, parts)
    }
}

fn nowhere(text: &OsStr, resolution: Resolution) -> LocateError {
    LocateError::Nowhere {
        text: text.to_string_lossy().into_owned(),
        resolution: Box::new(resolution),
    }
}

fn join(root: &Root, names: &[Name]) -> String {
    let separator = if *root == Root::Rooted { "/" } else { "\\" };
    let names: Vec<_> = names.iter().map(Name::display).collect();
    root_text(root) + &names.join(separator)
}

/// The names of a full Windows path; the text is for the error.
pub(super) fn names_of(text: &OsStr, path: &TargetPath) -> Result<Vec<Name>, LocateError> {
    let bad = |source| LocateError::Name {
        text: text.to_string_lossy().into_owned(),
        source,
    };
    let mut names = Vec::with_capacity(path.components().len());
    for component in path.components() {
        let name = Name::from_bytes(component.as_bytes()).map_err(bad)?;
        // A verbatim path may name what other systems put on the volume.
        if !path.is_verbatim() {
            new_name::check_characters(name.as_bytes()).map_err(bad)?;
        }
        names.push(name);
    }
    let last = path.components().last().map(Component::as_bytes);
    if last.is_some_and(|name| !path.is_verbatim() && is_dos_device(name)) {
        return Err(LocateError::Device {
            text: text.to_string_lossy().into_owned(),
        });
    }
    Ok(names)
}
