//! All reparse points of a volume without a walk: NTFS keeps an index of them, `$Extend\$Reparse:$R`.
//!
//! Listing it takes an administrator, and a volume's root; everywhere else the caller walks.

use std::ops::ControlFlow;

use windows_sys::Wdk::Storage::FileSystem as nt;
use windows_sys::Win32::Storage::FileSystem as fs;

use super::handle::Handle;
use super::info;
use super::open::LOOK;
use super::sys::{self, Buffer, Result};
use super::volume::Win32Volume;
use crate::entry::{Entry, LinkText};
use crate::path::EntryPath;
use crate::reparse::ReparsePoint;
use crate::volume::{Cause, Found, Swept, Visit, VolumeError, Wanted};
use crate::win32_error::Win32Error;

/// 4096 rows of 16 bytes.
const BATCH: usize = 64 * 1024;

impl Win32Volume {
    /// The references of all files with reparse data.
    pub(super) fn reparse_index(&self) -> Result<Vec<u64>> {
        let name: Vec<u16> = r"$Extend\$Reparse:$R:$INDEX_ALLOCATION"
            .encode_utf16()
            .collect();
        let index = self.open_index(&name)?;
        let mut buffer = Buffer::new(BATCH);
        let mut references = Vec::new();
        let class = nt::FileReparsePointInformation;
        let mut restart = true;
        while let Some(filled) = sys::query_directory(index.borrow(), class, restart, &mut buffer)?
        {
            restart = false;
            references
                .extend(info::reparse_index(buffer.bytes(filled)).map(|(reference, _)| reference));
        }
        // A file has one reparse point; a change while we read may show it twice.
        references.sort_unstable();
        references.dedup();
        Ok(references)
    }

    /// Everything in the index that lies below a directory.
    pub(super) fn sweep_index(
        &self,
        references: &[u64],
        below: &EntryPath,
        wanted: Wanted,
        visit: &Visit<'_>,
    ) {
        for reference in references {
            let flow = match self.find(*reference, wanted) {
                Ok(found) => visit_below(found, below, visit),
                // It went while we read: the walk would not have found it either.
                Err(Win32Error::INVALID_PARAMETER | Win32Error::FILE_NOT_FOUND) => {
                    ControlFlow::Continue(())
                }
                Err(code) => visit(Swept::Failed(VolumeError::new(
                    "look, by its number in the index of reparse points, at an entry of",
                    &EntryPath::root(),
                    Cause::Win32(code.0),
                ))),
            };
            if flow.is_break() {
                return;
            }
        }
    }

    fn find(&self, reference: u64, wanted: Wanted) -> Result<Vec<Found>> {
        let handle = Handle::new(sys::open_by_id(self.root(), reference, LOOK)?);
        let path = sys::final_path(
            handle.borrow(),
            fs::VOLUME_NAME_NONE | fs::FILE_NAME_NORMALIZED,
        )?;
        let Some(at) = self.below_root(&path) else {
            return Ok(Vec::new());
        };
        let entry = handle.entry(at.file_name())?;
        let text = wanted
            .contains(Wanted::TEXT)
            .then(|| text_of(&handle))
            .flatten();
        let mut places = vec![at];
        if entry.links.is_some_and(|links| links > 1) {
            let names = sys::file_names(&handle.path()?)?;
            places = names
                .iter()
                .filter_map(|name| self.below_root(name))
                .collect();
        }
        Ok(places
            .into_iter()
            .map(|at| found(at, &entry, text.as_ref()))
            .collect())
    }
}

type Text = std::result::Result<LinkText, Cause>;

fn text_of(handle: &Handle) -> Option<Text> {
    match handle.reparse_data() {
        Ok(data) => data.map(|data| Ok(LinkText::Reparse(ReparsePoint::from_bytes(data)?))),
        Err(code) => Some(Err(Cause::Win32(code.0))),
    }
}

fn found(at: EntryPath, entry: &Entry, text: Option<&Text>) -> Found {
    let error = |cause: &Cause| {
        let cause = match cause {
            Cause::Reparse(e) => Cause::Reparse(e.clone()),
            other => Cause::Win32(other.win32().unwrap_or(Win32Error::INVALID_REPARSE_DATA.0)),
        };
        VolumeError::new("read the link", &at, cause)
    };
    let text = text.map(|text| match text {
        Ok(text) => Ok(text.clone()),
        Err(cause) => Err(error(cause)),
    });
    let entry = Entry {
        name: at.file_name(),
        ..entry.clone()
    };
    Found { at, entry, text }
}

fn visit_below(found: Vec<Found>, below: &EntryPath, visit: &Visit<'_>) -> ControlFlow<()> {
    let fold = |path: &EntryPath| path.display().to_uppercase();
    let dir = fold(below);
    for found in found {
        let at = fold(&found.at);
        let inside = dir.is_empty()
            || at
                .strip_prefix(&dir)
                .is_some_and(|rest| rest.starts_with('/'));
        if inside {
            visit(Swept::Found(Box::new(found)))?;
        }
    }
    ControlFlow::Continue(())
}
