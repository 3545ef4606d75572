//! Files of many names that were looked at.
//!
//! To tell what such a file is, all its records are read: a hundred for a thousand names. Who works on its
//! names asks once or more for each of them, and not always for those of one file after the other.

use std::collections::HashMap;

use linksmith_ntfs::FileRef;
use linksmith_ntfs::tree::FileNames;

use crate::entry::Entry;

/// Files that are kept, and 8.3 names of all of them together: some megabytes. Where there are more all are forgotten: to
/// keep those that were looked at last would help nobody who goes through more of them in turn.
const MOST: usize = 16 * 1024;
const MOST_SHORTENED: usize = 64 * 1024;

/// What is known of files whose attributes are in more than one record.
#[derive(Debug, Default)]
pub(super) struct Crowd {
    files: HashMap<FileRef, Known>,
    /// 8.3 names of all of them.
    shortened: usize,
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
    pub(super) fn get(&self, file: FileRef) -> Option<&Known> {
        self.files.get(&file)
    }

    pub(super) fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Keeps what was read since `epoch`.
    pub(super) fn keep(&mut self, known: Known, epoch: u64) {
        if self.epoch != epoch || self.files.contains_key(&known.file) {
            return;
        }
        if self.files.len() >= MOST || self.shortened + known.shortened.len() > MOST_SHORTENED {
            self.files.clear();
            self.shortened = 0;
        }
        self.shortened += known.shortened.len();
        self.files.insert(known.file, known);
    }

    /// The volume was changed.
    pub(super) fn forget(&mut self) {
        self.files.clear();
        self.shortened = 0;
        self.epoch += 1;
    }
}
