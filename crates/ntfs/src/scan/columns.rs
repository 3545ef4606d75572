//! What a scan keeps, in rows of fixed size beside two stores of bytes: no allocation for a record.

use zerocopy::FromBytes;
use zerocopy::little_endian::U16;

use crate::error::Error;
use crate::file_name::FileNameView;
use crate::file_ref::FileRef;
use crate::layout::{StandardInformation, namespace};

/// A stretch of a store.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) length: u32,
}

impl Span {
    pub(super) fn of<T>(self, store: &[T]) -> &[T] {
        store
            .get(self.start..self.start + self.length as usize)
            .unwrap_or_default()
    }

    fn moved(mut self, by: usize) -> Self {
        self.start += by;
        self
    }
}

/// A `$FILE_NAME`.
#[derive(Debug, Clone, Copy)]
pub(super) struct NameRow {
    pub(super) parent: FileRef,
    start: usize,
    /// In UTF-16 units.
    length: u8,
    pub(super) namespace: u8,
}

impl NameRow {
    /// The name, in `text`.
    pub(super) fn units<'a>(&self, text: &'a [u8]) -> &'a [U16] {
        let bytes = text.get(self.start..self.start + 2 * usize::from(self.length));
        <[U16]>::ref_from_bytes(bytes.unwrap_or_default()).unwrap_or_default()
    }
}

/// A directory that others may lie below.
#[derive(Debug, Clone, Copy)]
pub(super) struct DirectoryRow {
    pub(super) reference: FileRef,
    pub(super) name: NameRow,
    /// Its reparse tag; 0 if it has none.
    pub(super) tag: u32,
}

/// A file or directory that was asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct FileRow {
    pub(super) reference: FileRef,
    pub(super) is_directory: bool,
    pub(super) standard: StandardInformation,
    /// Bytes of the unnamed `$DATA`.
    pub(super) size: u64,
    /// In `names`.
    pub(super) names: Span,
    /// In `reparse`; `None` if it has no reparse data.
    pub(super) reparse: Option<Span>,
}

/// The rows.
#[derive(Debug, Default)]
pub(super) struct Columns {
    pub(super) files: Vec<FileRow>,
    pub(super) names: Vec<NameRow>,
    pub(super) directories: Vec<DirectoryRow>,
    /// Names, UTF-16LE.
    pub(super) text: Vec<u8>,
    /// Reparse data.
    pub(super) reparse: Vec<u8>,
    /// What could not be read.
    pub(super) failures: Vec<Error>,
}

/// How far the columns were filled at some time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    names: usize,
    text: usize,
    reparse: usize,
}

impl Columns {
    pub(super) fn mark(&self) -> Mark {
        Mark {
            names: self.names.len(),
            text: self.text.len(),
            reparse: self.reparse.len(),
        }
    }

    /// Forgets what came after a mark.
    pub(super) fn reset(&mut self, mark: Mark) {
        self.names.truncate(mark.names);
        self.text.truncate(mark.text);
        self.reparse.truncate(mark.reparse);
    }

    /// The same, but the text of names stays.
    pub(super) fn reset_but_text(&mut self, mark: Mark) {
        self.names.truncate(mark.names);
        self.reparse.truncate(mark.reparse);
    }

    /// The names since a mark.
    pub(super) fn names_since(&self, mark: Mark) -> &[NameRow] {
        self.names.get(mark.names..).unwrap_or_default()
    }

    /// The same as a stretch of `names`.
    pub(super) fn span_since(&self, mark: Mark) -> Span {
        Span {
            start: mark.names,
            length: (self.names.len() - mark.names) as u32,
        }
    }

    pub(super) fn push_name(&mut self, view: &FileNameView<'_>) {
        let row = NameRow {
            parent: view.parent(),
            start: self.text.len(),
            length: view.name.len() as u8,
            namespace: view.header.namespace,
        };
        let name = size_of::<crate::layout::FileName>();
        self.text
            .extend_from_slice(view.bytes.get(name..).unwrap_or_default());
        self.names.push(row);
    }

    pub(super) fn push_reparse(&mut self, data: &[u8]) -> Span {
        let start = self.reparse.len();
        self.reparse.extend_from_slice(data);
        Span {
            start,
            length: data.len() as u32,
        }
    }

    /// Keeps a directory under the first of the names since `mark`, long ones before 8.3 ones.
    pub(super) fn push_directory(&mut self, reference: FileRef, tag: u32, mark: Mark) {
        let names = self.names_since(mark);
        let long = names.iter().find(|name| name.namespace != namespace::DOS);
        if let Some(&name) = long.or(names.first()) {
            self.directories.push(DirectoryRow {
                reference,
                name,
                tag,
            });
        }
    }

    /// Adds the rows of another.
    pub(super) fn append(&mut self, mut other: Self) {
        let (text, names, reparse) = (self.text.len(), self.names.len(), self.reparse.len());
        self.text.append(&mut other.text);
        self.reparse.append(&mut other.reparse);
        self.failures.append(&mut other.failures);
        let moved = |mut row: NameRow| {
            row.start += text;
            row
        };
        self.names.extend(other.names.into_iter().map(moved));
        self.directories
            .extend(other.directories.into_iter().map(|mut row| {
                row.name = moved(row.name);
                row
            }));
        self.files.extend(other.files.into_iter().map(|mut row| {
            row.names = row.names.moved(names);
            row.reparse = row.reparse.map(|span| span.moved(reparse));
            row
        }));
    }
}
