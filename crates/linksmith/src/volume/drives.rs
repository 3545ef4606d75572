//! The drive table: which volumes there are, by which roots they are reached, and where one stands.
//!
//! Nothing else knows drive letters.

use std::ffi::OsStr;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::locate::LocateError;
use super::{Cause, DriveId, PathStyle, Volume, VolumeError};
use crate::path::{EntryPath, Guid, Name, Root, TargetPath};

/// An entry's place: on which drive, and where there. No link on the way, save the last name itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// On which drive.
    pub drive: DriveId,
    /// Where on it.
    pub path: EntryPath,
}

impl Place {
    /// The entry called `name` in this directory.
    #[must_use]
    pub fn join(&self, name: &Name) -> Self {
        Self {
            drive: self.drive,
            path: self.path.join(name),
        }
    }

    /// The directory this is in; `None` at a volume's root.
    pub fn parent(&self) -> Option<Self> {
        let path = self.path.parent()?;
        Some(Self {
            drive: self.drive,
            path,
        })
    }
}

/// A volume's root as people write it, its separator included.
pub(crate) fn root_text(root: &Root) -> String {
    let lossy = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match root {
        Root::Drive(letter) | Root::DriveRelative(letter) => {
            String::from_iter([char::from(*letter), ':', '\\'])
        }
        Root::Unc { server, share } => format!(r"\\{}\{}\", lossy(server), lossy(share)),
        Root::Volume(guid) => format!(r"\\?\Volume{guid}\"),
        Root::Device(name) => format!(r"\Device\{}", lossy(name)),
        Root::DosDevice(name) => format!(r"\\.\{}", lossy(name)),
        Root::Other(text) => lossy(text),
        Root::Rooted | Root::Relative => "/".to_owned(),
    }
}

/// Where the volumes of a Windows system come from: opened when a path first names them.
pub trait DriveSource: Send + Sync {
    /// The letters in use.
    fn letters(&self) -> Vec<char>;

    /// Opens the volume behind a root.
    fn open(&self, root: &Root) -> Result<Arc<dyn Volume>, VolumeError>;

    /// The process's current directory, absolute.
    fn current_dir(&self) -> std::ffi::OsString;
}

struct Drive {
    /// The first is the one shown.
    roots: Vec<Root>,
    volume: Arc<dyn Volume>,
    /// The current directory by names as they were given: on Windows a link may be among them.
    cwd: Vec<Name>,
}

struct State {
    drives: Vec<Drive>,
    current: DriveId,
}

/// The drive table.
pub struct Drives {
    style: PathStyle,
    source: Option<Box<dyn DriveSource>>,
    state: RwLock<State>,
}

impl fmt::Debug for Drives {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.read();
        f.debug_list()
            .entries(state.drives.iter().map(|drive| &drive.roots))
            .finish()
    }
}

impl Drives {
    /// Volumes attached as drives; paths are Windows text. The first is the current drive.
    ///
    /// Errors: no drive at all, what is no letter, the same letter twice.
    pub fn attached(
        drives: impl IntoIterator<Item = (char, Arc<dyn Volume>)>,
    ) -> Result<Self, LocateError> {
        let mut table: Vec<Drive> = Vec::new();
        for (letter, volume) in drives {
            if !letter.is_ascii_alphabetic() {
                return Err(LocateError::NotALetter(letter));
            }
            let root = letter_root(letter);
            if table.iter().any(|drive| drive.roots.contains(&root)) {
                return Err(LocateError::LetterTwice(letter));
            }
            table.push(Drive::new(root, volume));
        }
        if table.is_empty() {
            return Err(LocateError::NoDrive);
        }
        Ok(Self::new(PathStyle::Windows, None, table))
    }

    /// One volume whose root is `/`; paths are POSIX text. `cwd` is the current directory.
    pub fn posix(volume: Arc<dyn Volume>, cwd: &EntryPath) -> Self {
        let mut drive = Drive::new(Root::Rooted, volume);
        drive.cwd = cwd.names().collect();
        Self::new(PathStyle::Posix, None, vec![drive])
    }

    /// The volumes of a Windows system, opened as paths name them.
    pub fn with_source(source: Box<dyn DriveSource>) -> Result<Self, LocateError> {
        let cwd = source.current_dir();
        let drives = Self::new(PathStyle::Windows, Some(source), Vec::new());
        let path = TargetPath::parse(cwd.as_encoded_bytes());
        let names = super::locate::names_of(&cwd, &path)?;
        let id = drives.drive(path.root())?;
        let mut state = drives.write();
        state.current = id;
        if let Some(drive) = state.drives.get_mut(usize::from(id.0)) {
            drive.cwd = names;
        }
        drop(state);
        Ok(drives)
    }

    fn new(style: PathStyle, source: Option<Box<dyn DriveSource>>, drives: Vec<Drive>) -> Self {
        Self {
            style,
            source,
            state: RwLock::new(State {
                drives,
                current: DriveId(0),
            }),
        }
    }

    // A panic elsewhere cannot leave the table half-changed: every change is one assignment.
    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// How paths are written.
    pub fn style(&self) -> PathStyle {
        self.style
    }

    /// Whether the drives are those of this machine rather than attached ones.
    pub fn is_host(&self) -> bool {
        self.source.is_some() || self.style == PathStyle::Posix
    }

    /// The drives known so far.
    pub fn ids(&self) -> Vec<DriveId> {
        (0..self.read().drives.len())
            .filter_map(|at| u16::try_from(at).ok().map(DriveId))
            .collect()
    }

    /// The letters that lead somewhere, in order.
    pub fn letters(&self) -> Vec<char> {
        let mut letters = self.source.as_ref().map_or_else(Vec::new, |s| s.letters());
        for drive in &self.read().drives {
            letters.extend(drive.roots.iter().filter_map(|root| match root {
                Root::Drive(letter) => Some(char::from(*letter)),
                _ => None,
            }));
        }
        letters.sort_unstable();
        letters.dedup();
        letters
    }

    /// A drive's letter, where it has one.
    pub fn letter(&self, id: DriveId) -> Option<char> {
        self.with_drive(id, |drive| {
            drive.roots.iter().find_map(|root| match root {
                Root::Drive(letter) => Some(char::from(*letter)),
                _ => None,
            })
        })
        .ok()
        .flatten()
    }

    /// The same drives as they would be after changes that are not made: each volume behind a
    /// [`Preview`](super::Preview), whose `apply` changes nothing beneath.
    ///
    /// Volumes that the system has but that no path has named yet are not in it.
    #[must_use]
    pub fn preview(&self) -> Self {
        let state = self.read();
        let drives = state.drives.iter().map(|drive| Drive {
            roots: drive.roots.clone(),
            volume: Arc::new(super::Preview::new(Arc::clone(&drive.volume))),
            cwd: drive.cwd.clone(),
        });
        Self {
            style: self.style,
            source: None,
            state: RwLock::new(State {
                drives: drives.collect(),
                current: state.current,
            }),
        }
    }

    /// Gives a drive another letter, which no other may have.
    pub fn reletter(&self, id: DriveId, letter: char) -> Result<(), LocateError> {
        if !letter.is_ascii_alphabetic() {
            return Err(LocateError::NotALetter(letter));
        }
        let root = letter_root(letter);
        let mut state = self.write();
        if state.known(&root).is_some_and(|other| other != id) {
            return Err(LocateError::LetterTwice(letter));
        }
        let drive = state.drives.get_mut(usize::from(id.0));
        let drive = drive.ok_or(LocateError::NoSuchDrive(id))?;
        let old = drive.roots.iter().position(|r| matches!(r, Root::Drive(_)));
        match old.and_then(|at| drive.roots.get_mut(at)) {
            Some(old) => *old = root,
            None => drive.roots.push(root),
        }
        Ok(())
    }

    /// A drive's volume GUID, where it is known.
    pub fn volume_guid(&self, id: DriveId) -> Option<Guid> {
        self.with_drive(id, |drive| {
            drive.roots.iter().find_map(|root| match root {
                Root::Volume(guid) => Some(*guid),
                _ => None,
            })
        })
        .ok()
        .flatten()
    }

    /// Says that a drive's volume is also reached as `\\?\Volume{guid}\`.
    pub fn set_volume_guid(&self, id: DriveId, guid: Guid) {
        let root = Root::Volume(guid);
        if let Some(drive) = self.write().drives.get_mut(usize::from(id.0)) {
            drive.roots.push(root);
        }
    }

    /// A drive's volume.
    pub fn volume(&self, id: DriveId) -> Result<Arc<dyn Volume>, LocateError> {
        self.with_drive(id, |drive| Arc::clone(&drive.volume))
    }

    /// The drive behind a root, opened if the system has it.
    ///
    /// Errors: [`LocateError::Unreachable`] where nothing is attached there.
    pub fn drive(&self, root: &Root) -> Result<DriveId, LocateError> {
        if let Some(id) = self.known(root) {
            return Ok(id);
        }
        let unreachable = |source| LocateError::Unreachable {
            root: root_text(root),
            source,
        };
        let source = self.source.as_ref().ok_or_else(|| unreachable(None))?;
        let volume = source
            .open(root)
            .map_err(|e| unreachable(Some(Arc::new(e))))?;
        // Another thread may have opened it meanwhile: the first one stays.
        let mut state = self.write();
        if let Some(id) = state.known(root) {
            return Ok(id);
        }
        let id = u16::try_from(state.drives.len()).map_err(|_| unreachable(None))?;
        state.drives.push(Drive::new(root.clone(), volume));
        Ok(DriveId(id))
    }

    fn known(&self, root: &Root) -> Option<DriveId> {
        self.read().known(root)
    }

    fn with_drive<T>(&self, id: DriveId, f: impl FnOnce(&Drive) -> T) -> Result<T, LocateError> {
        let state = self.read();
        let drive = state.drives.get(usize::from(id.0));
        drive.map(f).ok_or(LocateError::NoSuchDrive(id))
    }

    /// The current drive.
    pub fn current_drive(&self) -> DriveId {
        self.read().current
    }

    /// A drive's current directory, as it was given.
    pub(super) fn cwd(&self, id: DriveId) -> Result<Vec<Name>, LocateError> {
        self.with_drive(id, |drive| drive.cwd.clone())
    }

    /// What `f` makes of the root by which a drive is shown.
    pub(super) fn with_root<T>(&self, id: DriveId, f: impl Fn(&Root) -> T) -> T {
        let first = self.with_drive(id, |drive| drive.roots.first().map(&f));
        first.ok().flatten().unwrap_or_else(|| f(&Root::Rooted))
    }

    /// The root by which a drive is shown.
    pub(super) fn root(&self, id: DriveId) -> Result<Root, LocateError> {
        self.with_drive(id, |drive| drive.roots.first().cloned())
            .map(|root| root.unwrap_or(Root::Rooted))
    }

    /// Makes a drive the current one, as `D:` does.
    pub fn change_drive(&self, letter: char) -> Result<(), LocateError> {
        let id = self.drive(&letter_root(letter))?;
        self.write().current = id;
        Ok(())
    }

    /// Changes the current directory of the drive that `text` names, as `cd` does; the current drive
    /// stays. On Windows drives a link stays in the path (`..` leads back from it); on POSIX ones the
    /// path is that of the directory reached.
    pub fn change_dir(&self, text: &OsStr) -> Result<Place, LocateError> {
        let place = self.locate_target(text)?;
        let volume = self.volume(place.drive)?;
        let entry = volume.entry(&place.path)?;
        if !entry.is_real_dir() {
            let error = VolumeError::new("change to", &place.path, Cause::NotADirectory);
            return Err(error.into());
        }
        let (drive, names) = match self.style {
            PathStyle::Windows => self.lexical(text)?,
            PathStyle::Posix => (place.drive, place.path.names().collect()),
        };
        let names = self.as_stored(drive, names);
        if let Some(drive) = self.write().drives.get_mut(usize::from(drive.0)) {
            drive.cwd = names;
        }
        Ok(place)
    }

    /// The names as the volume has them, where it tells: `cd` shows them so.
    fn as_stored(&self, drive: DriveId, names: Vec<Name>) -> Vec<Name> {
        let place = Place {
            drive,
            path: EntryPath::from_names(&names),
        };
        // A path through a link is left as it was typed.
        self.canonical(&place)
            .map_or(names, |place| place.path.names().collect())
    }

    /// The same place in the spelling that the volume has: each name's case as it was made.
    pub fn canonical(&self, place: &Place) -> Result<Place, LocateError> {
        let volume = self.volume(place.drive)?;
        let mut path = EntryPath::root();
        for name in place.path.names() {
            let stored = volume.entry(&path.join(&name))?.name;
            path.push(&stored.unwrap_or(name));
        }
        Ok(Place {
            drive: place.drive,
            path,
        })
    }
}

#[cfg(unix)]
impl Drives {
    /// The machine this runs on: one drive whose root is `/`.
    pub fn host() -> Result<Self, LocateError> {
        let volume = super::posix::PosixVolume::root()?;
        let cwd = super::posix::current_dir()?;
        Ok(Self::posix(Arc::new(volume), &cwd))
    }
}

#[cfg(windows)]
impl Drives {
    /// The machine this runs on: its drives, volumes and shares, opened as paths name them.
    pub fn host() -> Result<Self, LocateError> {
        Self::with_source(Box::new(super::win32::Win32Drives))
    }
}

fn letter_root(letter: char) -> Root {
    // Callers have seen to it that it is an ASCII letter.
    Root::Drive(u8::try_from(letter.to_ascii_uppercase()).unwrap_or(b'?'))
}

impl State {
    fn known(&self, root: &Root) -> Option<DriveId> {
        let has = |drive: &Drive| drive.roots.iter().any(|known| known.is_same(root));
        let at = self.drives.iter().position(has)?;
        u16::try_from(at).ok().map(DriveId)
    }
}

impl Drive {
    fn new(root: Root, volume: Arc<dyn Volume>) -> Self {
        Self {
            roots: vec![root],
            volume,
            cwd: Vec::new(),
        }
    }
}
