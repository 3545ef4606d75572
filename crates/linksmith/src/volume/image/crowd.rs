//! Files of many names that were looked at last.
//!
//! To tell what such a file is, all its records are read: a hundred for a thousand names. Who works on its
//! names asks once or more for each of them.

use linksmith_ntfs::FileRef;
use linksmith_ntfs::tree::FileNames;

use crate::entry::Entry;

/// Files that are kept.
const MOST: usize = 32;

/// What is known of files whose attributes are in more than one record.
#[derive(Debug, Default)]
pub(super) struct Crowd {
    /// The one looked at last at the end.
    files: Vec<Known>,
    /// How often all was forgotten: what a reader saw before has nothing to add.
    epoch: u64,
}

/// A file as any of its names shows it.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) file: FileRef,
    /// Without a name.
    pub(super) entry: Entry,
    /// Its long names that have an 8.3 name beside them.
    pub(super) shortened: Vec<FileNames>,
}

impl Crowd {
    pub(super) fn get(&mut self, file: FileRef) -> Option<&Known> {
        let at = self.files.iter().rposition(|known| known.file == file)?;
        if at + 1 < self.files.len() {
            let known = self.files.remove(at);
            self.files.push(known);
        }
        self.files.last()
    }

    pub(super) fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Keeps what was read since `epoch`.
    pub(super) fn keep(&mut self, known: Known, epoch: u64) {
        if self.epoch != epoch || self.files.iter().any(|there| there.file == known.file) {
            return;
        }
        if self.files.len() >= MOST {
            self.files.remove(0);
        }
        self.files.push(known);
    }

    /// The volume was changed.
    pub(super) fn forget(&mut self) {
        self.files.clear();
        self.epoch += 1;
    }
}
