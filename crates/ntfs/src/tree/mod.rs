//! The tree of names: directories, paths, the names of a file.

mod contents;
mod views;

use std::ops::ControlFlow;

use zerocopy::FromBytes;

use crate::collate::Case;
use crate::device::Device;
use crate::error::{Error, Result};
use crate::file::File;
use crate::file_name::FileNameView;
use crate::file_ref::FileRef;
use crate::index::Index;
use crate::layout::{FileName, StandardInformation, StandardInformationTail};
use crate::layout::{attribute_type, namespace, well_known};
use crate::volume::Volume;

pub use contents::MAX_REPARSE_DATA;

/// The name of a directory's index.
pub const I30: [u16; 4] = [b'$' as u16, b'I' as u16, b'3' as u16, b'0' as u16];

/// Windows allows paths of 32,767 units: no more than 16,384 names.
pub const MAX_PATH_NAMES: usize = 16_384;

/// An entry of a directory, seen in its index.
#[derive(Debug, Clone, Copy)]
pub struct DirEntry<'a> {
    /// The file.
    pub file: FileRef,
    /// Its name, and the copies of its sizes, times, flags and reparse tag.
    pub key: FileNameView<'a>,
}

/// A name of a file, owned: an entry of a directory that was looked up, or a `$FILE_NAME`.
#[derive(Debug, Clone)]
pub struct NamedEntry {
    /// The file.
    pub file: FileRef,
    /// Everything but the name.
    pub header: FileName,
    /// The name.
    pub name: Vec<u16>,
}

/// A name of a file with the 8.3 name that goes with it.
#[derive(Debug, Clone)]
pub struct FileNames {
    /// The directory.
    pub parent: FileRef,
    /// The name.
    pub name: Vec<u16>,
    /// Its [`namespace`].
    pub namespace: u8,
    /// The 8.3 name beside it, which is no name of its own.
    pub short: Option<Vec<u16>>,
}

/// `$STANDARD_INFORMATION` in either length.
#[derive(Debug, Clone, Copy)]
pub struct Standard {
    /// Times and file attributes.
    pub base: StandardInformation,
    /// Owner, security id and USN, in the 72-byte form.
    pub tail: Option<StandardInformationTail>,
}

impl Standard {
    /// Reads the value of the attribute.
    pub fn parse(value: &[u8]) -> Result<Self> {
        let Ok((base, rest)) = StandardInformation::read_from_prefix(value) else {
            return Err(Error::damaged(
                "$STANDARD_INFORMATION",
                0,
                "48 bytes",
                value.len(),
            ));
        };
        let tail = StandardInformationTail::read_from_prefix(rest)
            .ok()
            .map(|(tail, _)| tail);
        Ok(Self { base, tail })
    }

    /// Of a directory: whether its names differ by case (version 1 of at most 0 versions).
    pub fn case(&self) -> Case {
        if self.base.version.get() & 1 != 0 && self.base.maximum_versions.get() == 0 {
            Case::Sensitive
        } else {
            Case::Insensitive
        }
    }
}

impl File {
    /// Its times, file attributes and security id.
    pub fn standard(&self) -> Result<Standard> {
        let found = self.find(attribute_type::STANDARD_INFORMATION, &[]);
        let value = found
            .as_ref()
            .and_then(|found| found.resident())
            .unwrap_or_default();
        Standard::parse(value).map_err(|error| error.in_record(self.number()))
    }

    /// Every `$FILE_NAME`, 8.3 names as well. What cannot be read is an error.
    pub fn file_names(&self) -> impl Iterator<Item = Result<FileNameView<'_>>> {
        self.located()
            .filter(|(_, found)| found.type_code == attribute_type::FILE_NAME)
            .map(|(record, found)| {
                found
                    .expect_resident("$FILE_NAME")
                    .and_then(FileNameView::parse)
                    .map_err(|error| error.in_record(record.number()))
            })
    }

    /// Its names as people count them: an 8.3 name goes with the long name in the same directory. One without a long
    /// name beside it counts as a name.
    pub fn names(&self) -> Result<Vec<FileNames>> {
        let mut names: Vec<FileNames> = Vec::new();
        let mut short = Vec::new();
        for view in self.file_names() {
            let view = view?;
            let name = FileNames {
                parent: view.parent(),
                name: view.to_vec(),
                namespace: view.header.namespace,
                short: None,
            };
            if view.is_dos() {
                short.push(name);
            } else {
                names.push(name);
            }
        }
        for dos in short {
            let long = names.iter_mut().find(|long| {
                long.parent == dos.parent
                    && long.short.is_none()
                    && long.namespace == namespace::WIN32
            });
            match long {
                Some(long) => long.short = Some(dos.name),
                None => names.push(dos),
            }
        }
        Ok(names)
    }
}

impl<D: Device> Volume<D> {
    /// The index of a directory.
    pub fn directory(&self, file: &File) -> Result<Index<'_, D>> {
        let index = if file.is_directory() {
            Index::open(self, file, &I30)?
        } else {
            None
        };
        index.ok_or(Error::NotADirectory {
            record: file.number(),
        })
    }

    /// Looks a name up in a directory, in either case unless the directory tells names apart by case.
    ///
    /// Where several names differ by case alone, the one with exactly these units is found, or else any of them.
    pub fn lookup(&self, directory: u64, name: &[u16]) -> Result<Option<NamedEntry>> {
        let file = self.file(directory)?;
        self.lookup_in(&file, name)
    }

    /// The same in a directory that was read.
    pub fn lookup_in(&self, directory: &File, name: &[u16]) -> Result<Option<NamedEntry>> {
        let index = self.directory(directory)?;
        let case = directory
            .standard()
            .map(|standard| standard.case())
            .unwrap_or_default();
        let upcase = self.upcase();
        let loose = |key: &[u8]| match FileNameView::parse(key) {
            Ok(view) => upcase.compare_ignoring_case(view.name, name),
            Err(_) => std::cmp::Ordering::Less,
        };
        let exact = |key: &[u8]| match FileNameView::parse(key) {
            Ok(view) => upcase.compare(view.name, name),
            Err(_) => std::cmp::Ordering::Less,
        };
        if case == Case::Sensitive {
            return index.find(exact)?.map(|entry| named(&entry)).transpose();
        }
        let Some(found) = index.find(loose)?.map(|entry| named(&entry)).transpose()? else {
            return Ok(None);
        };
        if found.name == name {
            return Ok(Some(found));
        }
        let better = index.find(exact)?.map(|entry| named(&entry)).transpose()?;
        Ok(Some(better.unwrap_or(found)))
    }

    /// Follows names from the root directory. No names are the root itself.
    pub fn find_path<N: AsRef<[u16]>>(&self, names: &[N]) -> Result<FileRef> {
        let mut at = self.record(well_known::ROOT)?.reference();
        for name in names {
            let directory = self.file_by_ref(at)?;
            let found =
                self.lookup_in(&directory, name.as_ref())?
                    .ok_or_else(|| Error::NotFound {
                        what: String::from_utf16_lossy(name.as_ref()),
                    })?;
            at = found.file;
        }
        Ok(at)
    }

    /// Comes by every entry of a directory in the order of its index, 8.3 names as well. An entry or a block that
    /// cannot be read is an error, and the rest follows.
    pub fn read_dir(
        &self,
        directory: &File,
        mut visit: impl FnMut(Result<DirEntry<'_>>) -> ControlFlow<()>,
    ) -> Result<()> {
        let record = directory.number();
        self.directory(directory)?.for_each(|entry| {
            visit(entry.and_then(|entry| {
                let key = FileNameView::parse(entry.key).map_err(|e| e.in_record(record))?;
                Ok(DirEntry {
                    file: entry.file(),
                    key,
                })
            }))
        })
    }

    /// The names from the root down to a directory, by its own `$FILE_NAME`s.
    pub fn path_of_directory(&self, directory: FileRef) -> Result<Vec<Vec<u16>>> {
        let mut names = Vec::new();
        let mut at = directory;
        while at.number() != well_known::ROOT {
            if names.len() >= MAX_PATH_NAMES {
                let expected = format!("at most {MAX_PATH_NAMES} directories above");
                let what = Error::damaged("directory", 0, expected, "more, or a loop");
                return Err(what.in_record(directory.number()));
            }
            let file = self.file_by_ref(at)?;
            let name = file.names()?.into_iter().next().ok_or_else(|| {
                Error::damaged("directory", 0, "a $FILE_NAME", "none").in_record(at.number())
            })?;
            at = name.parent;
            names.push(name.name);
        }
        names.reverse();
        Ok(names)
    }

    /// Every path of a file: for each of its names, the names from the root down.
    pub fn paths(&self, file: &File) -> Result<Vec<Vec<Vec<u16>>>> {
        let mut paths = Vec::new();
        for name in file.names()? {
            let mut path = self.path_of_directory(name.parent)?;
            path.push(name.name);
            paths.push(path);
        }
        Ok(paths)
    }
}

fn named(entry: &crate::index::OwnedEntry) -> Result<NamedEntry> {
    let entry = entry.view()?;
    let key = FileNameView::parse(entry.key)?;
    Ok(NamedEntry {
        file: entry.file(),
        header: *key.header,
        name: key.to_vec(),
    })
}
