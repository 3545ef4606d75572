//! A volume of a live Windows.

use std::borrow::Cow;
use std::fs::OpenOptions;
use std::io::Read;
use std::ops::ControlFlow;
use std::os::windows::fs::OpenOptionsExt;
use std::os::windows::io::{AsHandle, BorrowedHandle, OwnedHandle};
use std::path::Path;

use windows_sys::Wdk::Storage::FileSystem as nt;
use windows_sys::Win32::Storage::FileSystem as fs;

use super::handle::Handle;
use super::info;
use super::list::BestListing;
use super::open::{LOOK, reopen_contents};
use super::sys::{self, Buffer};
use crate::entry::{Entry, LinkText};
use crate::path::{EntryPath, Name};
use crate::plan::Step;
use crate::reparse::ReparsePoint;
use crate::volume::{
    ApplyError, Caps, CaseRule, Cause, PathStyle, Road, Sources, Space, Swept, Visit, Volume,
    VolumeError, VolumeInfo, Wanted, Way,
};
use crate::win32_error::Win32Error;

/// Flags of `FileFsAttributeInformation` (MS-FSCC 2.5.1).
mod flag {
    pub(super) const SUPPORTS_REPARSE_POINTS: u32 = 0x80;
    pub(super) const READ_ONLY_VOLUME: u32 = 0x8_0000;
    pub(super) const SUPPORTS_HARD_LINKS: u32 = 0x40_0000;
}

/// `FILE_REMOTE_DEVICE` of `FileFsDeviceInformation`.
const REMOTE: u32 = 0x10;

/// NTFS allows 1024 names on a file (`CreateHardLinkW`: "the maximum number of hard links is 1023").
const MAX_LINKS: u32 = 1024;

/// A drive, a mounted volume or a share of this Windows.
#[derive(Debug)]
pub struct Win32Volume {
    root: OwnedHandle,
    /// The root's own path below the volume's, `\` at its end; `\` where the two are one.
    below: Vec<u16>,
    pub(super) info: VolumeInfo,
    pub(super) listing: BestListing,
}

impl Win32Volume {
    /// The volume with this root directory: `C:\`, `\\?\Volume{GUID}\`, `\\server\share\`.
    ///
    /// A directory further down serves too: it is then the root, and nothing above it can be reached.
    /// Links in `dir` itself are followed once, here.
    pub fn open(dir: &Path) -> Result<Self, VolumeError> {
        Self::try_open(dir).map_err(|code| {
            let cause = match code {
                Win32Error::FILE_NOT_FOUND | Win32Error::PATH_NOT_FOUND => Cause::NotFound,
                Win32Error::ACCESS_DENIED => Cause::Denied,
                Win32Error(other) => Cause::Win32(other),
            };
            VolumeError::new("open the volume at", &EntryPath::root(), cause)
        })
    }

    fn try_open(dir: &Path) -> sys::Result<Self> {
        let io =
            |e: std::io::Error| Win32Error::from_io(&e).unwrap_or(Win32Error::INVALID_FUNCTION);
        let root: OwnedHandle = OpenOptions::new()
            .access_mode(fs::FILE_LIST_DIRECTORY | fs::FILE_TRAVERSE | LOOK | fs::SYNCHRONIZE)
            .custom_flags(fs::FILE_FLAG_BACKUP_SEMANTICS)
            .open(dir)
            .map_err(io)?
            .into();
        let info = volume_info(root.as_handle())?;
        let mut below = sys::final_path(root.as_handle(), fs::VOLUME_NAME_NONE).unwrap_or_default();
        if below.last() != Some(&u16::from(b'\\')) {
            below.push(u16::from(b'\\'));
        }
        Ok(Self {
            root,
            below,
            info,
            listing: BestListing::new(),
        })
    }

    /// The same volume with other capabilities than it claims: those that a trial found.
    #[must_use]
    pub fn with_caps(mut self, caps: Caps) -> Self {
        self.info.caps = caps;
        self
    }

    pub(super) fn root(&self) -> BorrowedHandle<'_> {
        self.root.as_handle()
    }

    fn try_entry(&self, at: &EntryPath) -> sys::Result<Entry> {
        self.open_at(at, LOOK)?.entry(at.file_name())
    }

    fn contents(&self, at: &EntryPath, op: &'static str) -> Result<Handle, VolumeError> {
        let error = |code| self.error(op, at, code);
        let access = LOOK | fs::FILE_READ_DATA;
        let handle = self.open_at(at, access).map_err(error)?;
        if handle.standard().map_err(error)?.directory {
            return Err(VolumeError::new(op, at, Cause::IsADirectory));
        }
        match handle.tag().map_err(error)? {
            None => Ok(handle),
            Some(tag) if tag.is_name_surrogate() => {
                Err(VolumeError::new(op, at, Cause::ThroughLink(at.clone())))
            }
            Some(_) => reopen_contents(&handle).map_err(error),
        }
    }

    /// The references of all files with reparse data, or why it has to be the walk.
    fn references(&self, wanted: Wanted) -> Result<Vec<u64>, Cow<'static, str>> {
        if wanted.contains(Wanted::HARD_LINKS) {
            return Err("no index lists hard links".into());
        }
        if self.below != [u16::from(b'\\')] {
            return Err("only a whole volume has a $Reparse index".into());
        }
        self.reparse_index().map_err(|code| {
            let may = match code {
                Win32Error::ACCESS_DENIED => "only an administrator may read the $Reparse index",
                _ => "the $Reparse index cannot be read",
            };
            let words = code.message().trim_end_matches('.');
            format!("{may}: {words} (Win32 error {})", code.0).into()
        })
    }

    /// A name from the volume's root (`\dir\name`) as a path from ours; `None` where it lies above.
    pub(super) fn below_root(&self, name: &[u16]) -> Option<EntryPath> {
        let rest = name.strip_prefix(self.below.as_slice())?;
        let names = rest.split(|u| *u == u16::from(b'\\')).map(Name::from_utf16);
        let names: Vec<Name> = names.collect::<Result<_, _>>().ok()?;
        Some(EntryPath::from_names(&names))
    }
}

impl Volume for Win32Volume {
    fn info(&self) -> &VolumeInfo {
        &self.info
    }

    fn entry(&self, at: &EntryPath) -> Result<Entry, VolumeError> {
        match self.try_entry(at) {
            Err(code @ (Win32Error::ACCESS_DENIED | Win32Error::SHARING_VIOLATION)) => self
                .listed_entry(at)
                .ok_or_else(|| self.error("look at", at, code)),
            other => other.map_err(|code| self.error("look at", at, code)),
        }
    }

    fn read_dir(
        &self,
        at: &EntryPath,
        visit: &mut dyn FnMut(Entry) -> ControlFlow<()>,
    ) -> Result<(), VolumeError> {
        self.list(at, visit)
    }

    fn link_text(&self, at: &EntryPath) -> Result<Option<LinkText>, VolumeError> {
        let op = "read the link";
        let data = self
            .open_at(at, LOOK)
            .and_then(|handle| handle.reparse_data())
            .map_err(|code| self.error(op, at, code))?;
        data.map(ReparsePoint::from_bytes)
            .transpose()
            .map(|point| point.map(LinkText::Reparse))
            .map_err(|e| VolumeError::new(op, at, e.into()))
    }

    fn read(&self, at: &EntryPath) -> Result<Box<dyn Read + '_>, VolumeError> {
        Ok(Box::new(self.contents(at, "read")?.into_file()))
    }

    fn apply_with(&self, steps: &[&Step], sources: &dyn Sources) -> Result<(), ApplyError> {
        self.apply_steps(steps, sources)
    }

    fn space(&self) -> Result<Space, VolumeError> {
        let mut buffer = Buffer::new(32);
        let class = nt::FileFsFullSizeInformation;
        let filled = sys::query_volume(self.root(), class, &mut buffer)
            .map_err(|code| self.error("measure", &EntryPath::root(), code))?;
        let (total, free) = info::total_and_free(buffer.bytes(filled));
        Ok(Space { total, free })
    }

    fn sweep(
        &self,
        below: &EntryPath,
        wanted: Wanted,
        visit: &Visit<'_>,
    ) -> Option<Result<(), VolumeError>> {
        let references = match self.references(wanted) {
            Ok(references) => references,
            Err(why) => {
                let _ = visit(Swept::Way(Way::new(Road::DirectoryWalk, why)));
                return None;
            }
        };
        if let Err(e) = self.entry(below) {
            return Some(Err(e));
        }
        let why = "it lists every reparse point of the volume";
        if visit(Swept::Way(Way::new(Road::ReparseIndex, why))).is_break() {
            return Some(Ok(()));
        }
        self.sweep_index(&references, below, wanted, visit);
        Some(Ok(()))
    }

    fn names(&self, at: &EntryPath) -> Result<Vec<EntryPath>, VolumeError> {
        let op = "list the names of";
        let error = |code| self.error(op, at, code);
        let handle = self.open_at(at, LOOK).map_err(error)?;
        if handle.standard().map_err(error)?.directory {
            return Ok(vec![at.clone()]);
        }
        // The call wants a path; the handle, open meanwhile, gives it, and its directory cannot go.
        let path = handle.path().map_err(error)?;
        let names = sys::file_names(&path).map_err(error)?;
        Ok(names
            .iter()
            .filter_map(|name| self.below_root(name))
            .collect())
    }
}

fn volume_info(root: BorrowedHandle<'_>) -> sys::Result<VolumeInfo> {
    let mut buffer = Buffer::new(1024);
    let filled = sys::query_volume(root, nt::FileFsVolumeInformation, &mut buffer)?;
    let (serial, label) = info::serial_and_label(buffer.bytes(filled));
    let filled = sys::query_volume(root, nt::FileFsAttributeInformation, &mut buffer)?;
    let (flags, file_system) = info::flags_and_system(buffer.bytes(filled));
    let filled = sys::query_volume(root, nt::FileFsDeviceInformation, &mut buffer)?;
    let remote = info::device_characteristics(buffer.bytes(filled)) & REMOTE != 0;
    let mut id = Buffer::new(24);
    let serial = sys::query_file(root, nt::FileIdInformation, &mut id)
        .map_or(u64::from(serial), |filled| {
            info::file_id(id.bytes(filled)).0
        });
    let label = String::from_utf16_lossy(&label);
    let file_system = String::from_utf16_lossy(&file_system);
    let ntfs = file_system == "NTFS";
    Ok(VolumeInfo {
        file_system,
        label: (!label.is_empty()).then_some(label),
        serial,
        caps: caps(flags, remote),
        style: PathStyle::Windows,
        case: CaseRule::Insensitive,
        max_links: if ntfs { MAX_LINKS } else { u32::MAX },
    })
}

/// What the volume says it can. Each link made is read back all the same, and
/// [`try_features`](crate::doctor::try_features) finds out by trying.
fn caps(flags: u32, remote: bool) -> Caps {
    let mut caps = Caps::ATTRIBUTES;
    let mut reparse = flags & flag::SUPPORTS_REPARSE_POINTS != 0;
    let mut hard_links = flags & flag::SUPPORTS_HARD_LINKS != 0;
    if let Some(wine) = sys::wine_version() {
        // Wine says what NTFS says, not what it does: it makes hard links and denies them, and has
        // reparse points from 10.20 on only.
        hard_links = true;
        reparse = reparse && wine_has_reparse_points(&wine);
    } else if hard_links {
        caps |= Caps::NAMES;
    }
    caps.set(Caps::HARD_LINK, hard_links);
    caps.set(Caps::SYMLINK | Caps::REPARSE, reparse);
    // A junction on a share is followed by the server, to the server's own drives.
    caps.set(Caps::JUNCTION, reparse && !remote);
    caps.set(Caps::READ_ONLY, flags & flag::READ_ONLY_VOLUME != 0);
    caps
}

fn wine_has_reparse_points(version: &str) -> bool {
    let mut parts = version
        .split(|c: char| !c.is_ascii_digit())
        .map(|part| part.parse::<u32>().unwrap_or(0));
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0)) >= (10, 20)
}
