//! What a scan found.

use zerocopy::little_endian::U16;

use super::columns::{Columns, DirectoryRow, FileRow, NameRow};
use super::decode::tag;
use crate::error::{Error, Result};
use crate::file_ref::FileRef;
use crate::layout::{StandardInformation, namespace, well_known};
use crate::tree::MAX_PATH_NAMES;

/// Files that were asked for, and the directories above them.
#[derive(Debug, Default)]
pub struct Catalog {
    /// What each thread found, as it left it: to copy it together takes a tenth of the scan, on one thread.
    parts: Vec<Part>,
    /// For each record number one more than its place among all directories; 0 for what is none.
    rows: Vec<u32>,
    /// What could not be read.
    failures: Vec<Error>,
}

#[derive(Debug)]
struct Part {
    columns: Columns,
    /// How many directories the parts before it have.
    before: usize,
}

/// A file or directory that was found.
#[derive(Debug, Clone, Copy)]
pub struct Scanned<'a> {
    columns: &'a Columns,
    row: &'a FileRow,
}

/// A name of a file, with the 8.3 name that goes with it.
#[derive(Debug, Clone, Copy)]
pub struct ScannedName<'a> {
    /// The directory.
    pub parent: FileRef,
    /// The name.
    pub name: &'a [U16],
    /// The 8.3 name beside it, which is no name of its own.
    pub short: Option<&'a [U16]>,
    /// Whether the name itself is an 8.3 one, with no long one beside it.
    pub is_dos: bool,
}

/// A directory on the way to a file.
#[derive(Debug, Clone, Copy)]
pub struct Directory<'a> {
    /// The directory itself.
    pub reference: FileRef,
    /// The directory it is in.
    pub parent: FileRef,
    /// Its name there.
    pub name: &'a [U16],
    /// Its reparse tag; 0 if it has no reparse data.
    pub tag: u32,
}

impl Catalog {
    pub(super) fn new(found: impl IntoIterator<Item = Columns>, records: usize) -> Self {
        let mut catalog = Self {
            rows: vec![0; records],
            ..Self::default()
        };
        for mut columns in found {
            catalog.failures.append(&mut columns.failures);
            let before = catalog.directory_count();
            for (place, row) in (before + 1..).zip(&columns.directories) {
                let number = usize::try_from(row.reference.number()).ok();
                if let Some(at) = number.and_then(|number| catalog.rows.get_mut(number)) {
                    *at = place as u32;
                }
            }
            catalog.parts.push(Part { columns, before });
        }
        catalog
    }

    /// How many files were found.
    pub fn len(&self) -> usize {
        let files = self.parts.iter().map(|part| part.columns.files.len());
        files.sum()
    }

    /// Whether none was found.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The files from the `from`th, at most `count`, in no order. Threads share the work out by this.
    pub fn files(&self, from: usize, count: usize) -> impl Iterator<Item = Scanned<'_>> {
        let (mut skip, mut left) = (from, count);
        self.parts.iter().flat_map(move |part| {
            let columns = &part.columns;
            let start = skip.min(columns.files.len());
            let taken = left.min(columns.files.len() - start);
            (skip, left) = (skip - start, left - taken);
            let rows = columns.files.get(start..start + taken).unwrap_or_default();
            rows.iter().map(move |row| Scanned { columns, row })
        })
    }

    /// What could not be read.
    pub fn failures(&self) -> &[Error] {
        &self.failures
    }

    /// The same, taken out.
    pub fn take_failures(&mut self) -> Vec<Error> {
        std::mem::take(&mut self.failures)
    }

    fn row(&self, reference: FileRef) -> Option<(usize, &Columns, &DirectoryRow)> {
        let number = usize::try_from(reference.number()).ok()?;
        let place = self.rows.get(number)?.checked_sub(1)? as usize;
        let after = self.parts.partition_point(|part| part.before <= place);
        let part = self.parts.get(after.checked_sub(1)?)?;
        let row = part.columns.directories.get(place - part.before)?;
        (row.reference == reference).then_some((place, &part.columns, row))
    }

    /// How many directories there are.
    pub fn directory_count(&self) -> usize {
        let last = self.parts.last();
        last.map_or(0, |part| part.before + part.columns.directories.len())
    }

    /// Which of the directories this is, counted from 0: where to keep what is known of each.
    pub fn directory_place(&self, reference: FileRef) -> Option<usize> {
        self.row(reference).map(|(place, _, _)| place)
    }

    /// The directory of this reference, the root's included; `None` if there is none now.
    pub fn directory(&self, reference: FileRef) -> Option<Directory<'_>> {
        let (_, columns, row) = self.row(reference)?;
        Some(Directory {
            reference,
            parent: row.name.parent,
            name: row.name.units(&columns.text),
            tag: row.tag,
        })
    }

    /// A directory and those above it, the root left out.
    ///
    /// # Errors
    ///
    /// Where one of them is not there, or they form a loop: then no path leads there.
    pub fn climb(&self, from: FileRef) -> impl Iterator<Item = Result<Directory<'_>>> {
        let mut left = MAX_PATH_NAMES;
        let mut next = Some(from);
        std::iter::from_fn(move || {
            let at = next.filter(|at| at.number() != well_known::ROOT)?;
            next = None;
            let Some(found) = self.directory(at).filter(|_| left > 0) else {
                let what = format!("the directory {at}");
                return Some(Err(Error::NotFound { what }));
            };
            left -= 1;
            next = Some(found.parent);
            Some(Ok(found))
        })
    }
}

impl<'a> Scanned<'a> {
    /// The file.
    pub fn reference(&self) -> FileRef {
        self.row.reference
    }

    /// Whether it is a directory.
    pub fn is_directory(&self) -> bool {
        self.row.is_directory
    }

    /// Its times and file attributes.
    pub fn standard(&self) -> &'a StandardInformation {
        &self.row.standard
    }

    /// Bytes of its unnamed data.
    pub fn size(&self) -> u64 {
        self.row.size
    }

    /// Its reparse data, header included, if it has any.
    pub fn reparse_data(&self) -> Option<&'a [u8]> {
        self.row.reparse.map(|span| span.of(&self.columns.reparse))
    }

    /// Its reparse tag, if it has reparse data of at least 4 bytes.
    pub fn tag(&self) -> Option<u32> {
        self.reparse_data().filter(|data| data.len() >= 4).map(tag)
    }

    /// How many names it has, counted as [`names`](Self::names) gives them.
    pub fn name_count(&self) -> usize {
        name_count(self.rows())
    }

    fn rows(&self) -> &'a [NameRow] {
        self.row.names.of(&self.columns.names)
    }

    /// Its names: an 8.3 name goes with the long name in the same directory, and is a name only without one.
    pub fn names(&self) -> impl Iterator<Item = ScannedName<'a>> {
        let (rows, text) = (self.rows(), &self.columns.text);
        let name = move |row: &NameRow, short: Option<&NameRow>| ScannedName {
            parent: row.parent,
            name: row.units(text),
            short: short.map(|row| row.units(text)),
            is_dos: row.namespace == namespace::DOS,
        };
        let long = rows
            .iter()
            .enumerate()
            .filter(|(_, row)| row.namespace != namespace::DOS);
        let alone = rows
            .iter()
            .enumerate()
            .filter(|(at, _)| is_alone(rows, *at));
        long.map(move |(at, row)| name(row, short_of(rows, at)))
            .chain(alone.map(move |(_, row)| name(row, None)))
    }
}

/// The names of a file as people count them.
pub(super) fn name_count(rows: &[NameRow]) -> usize {
    let dos = rows
        .iter()
        .filter(|row| row.namespace == namespace::DOS)
        .count();
    match dos {
        0 => rows.len(),
        _ => rows.len() - dos + (0..rows.len()).filter(|at| is_alone(rows, *at)).count(),
    }
}

/// Of the rows before `at`, how many have this parent and namespace: which of several partners goes with which.
fn rank(rows: &[NameRow], at: usize, parent: FileRef, space: u8) -> usize {
    let before = rows.get(..at).unwrap_or_default().iter();
    before
        .filter(|row| row.parent == parent && row.namespace == space)
        .count()
}

fn nth(rows: &[NameRow], n: usize, parent: FileRef, space: u8) -> Option<&NameRow> {
    let mut partners = rows
        .iter()
        .filter(|row| row.parent == parent && row.namespace == space);
    partners.nth(n)
}

/// The 8.3 name that goes with a long one: the n-th with the n-th of the directory.
fn short_of(rows: &[NameRow], at: usize) -> Option<&NameRow> {
    let row = rows
        .get(at)
        .filter(|row| row.namespace == namespace::WIN32)?;
    nth(
        rows,
        rank(rows, at, row.parent, namespace::WIN32),
        row.parent,
        namespace::DOS,
    )
}

/// Whether a name is an 8.3 one that goes with no long one.
fn is_alone(rows: &[NameRow], at: usize) -> bool {
    rows.get(at).is_some_and(|row| {
        row.namespace == namespace::DOS
            && nth(
                rows,
                rank(rows, at, row.parent, namespace::DOS),
                row.parent,
                namespace::WIN32,
            )
            .is_none()
    })
}
