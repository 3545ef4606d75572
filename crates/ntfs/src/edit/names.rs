//! Names: which are allowed, how they are stored, where they are found.

use zerocopy::{FromBytes, FromZeros, IntoBytes};

use super::Editor;
use super::error::{EditError, EditResult};
use super::index::{At, Index, Kind, Path};
use super::node::{Key, name_of};
use crate::collate::Case;
use crate::device::Device;
use crate::error::{Error, Result};
use crate::file_ref::FileRef;
use crate::layout::{FileName, IndexEntryHeader, attribute_type as ty, file_attributes, namespace};
use crate::tree::Standard;

/// Units a name may have.
const MOST_UNITS: usize = 255;

/// An entry of a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The file.
    pub file: FileRef,
    /// The name as it is on the volume.
    pub name: Vec<u16>,
    /// Its [namespace](crate::layout::namespace).
    pub namespace: u8,
    /// The file attributes that the entry repeats.
    pub attributes: u32,
}

impl Found {
    /// Whether it is a directory, link or not.
    pub fn is_directory(&self) -> bool {
        self.attributes & file_attributes::DIRECTORY != 0
    }

    /// Whether it carries reparse data.
    pub fn is_reparse_point(&self) -> bool {
        self.attributes & file_attributes::REPARSE_POINT != 0
    }
}

/// What index entries repeat of a file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Summary {
    pub(crate) times: [u64; 4],
    pub(crate) allocated: u64,
    pub(crate) size: u64,
    pub(crate) attributes: u32,
    pub(crate) tag: u32,
}

impl Summary {
    /// Puts it into a `$FILE_NAME`, name and parent kept.
    pub(crate) fn fill(&self, file_name: &mut FileName) {
        let [created, modified, record_modified, accessed] = self.times;
        file_name.created = created.into();
        file_name.modified = modified.into();
        file_name.record_modified = record_modified.into();
        file_name.accessed = accessed.into();
        file_name.allocated_size = self.allocated.into();
        file_name.data_size = self.size.into();
        file_name.file_attributes = self.attributes.into();
        file_name.reparse_tag = self.tag.into();
    }

    /// A whole `$FILE_NAME`.
    pub(crate) fn file_name(&self, parent: FileRef, name: &[u16], namespace: u8) -> Vec<u8> {
        let mut head = FileName::new_zeroed();
        head.parent = parent.raw().into();
        self.fill(&mut head);
        head.name_length = name.len() as u8;
        head.namespace = namespace;
        let mut out = Vec::with_capacity(size_of::<FileName>() + 2 * name.len());
        out.extend_from_slice(head.as_bytes());
        for unit in name {
            out.extend_from_slice(&unit.to_le_bytes());
        }
        out
    }
}

/// Refuses what no name may be: the rules of NTFS itself, not those of Win32.
pub(crate) fn check_name(name: &[u16]) -> EditResult<()> {
    let bad = |reason| {
        Err(EditError::BadName {
            name: text(name),
            reason,
        })
    };
    if name.is_empty() {
        return bad("it is empty");
    }
    if name.len() > MOST_UNITS {
        return bad("it has more than 255 units");
    }
    if name.iter().any(|&unit| matches!(unit, 0 | 0x2F | 0x5C)) {
        return bad("it has a NUL, a slash or a backslash in it");
    }
    if matches!(name, [0x2E] | [0x2E, 0x2E]) {
        return bad("it stands for a directory");
    }
    Ok(())
}

/// The namespace of a new name on a volume that makes no 8.3 names: a name that is one serves as both, any
/// other is stored as Windows stores it there.
pub(crate) fn namespace_of(name: &[u16]) -> u8 {
    if is_short(name) {
        namespace::WIN32_AND_DOS
    } else {
        namespace::POSIX
    }
}

/// Whether a name is a valid 8.3 name, in whatever case.
fn is_short(name: &[u16]) -> bool {
    let allowed = |&unit: &u16| match unit {
        0x30..=0x39 | 0x41..=0x5A | 0x61..=0x7A => true,
        _ => char::from_u32(u32::from(unit)).is_some_and(|c| "!#$%&'()-@^_`{}~".contains(c)),
    };
    let mut parts = name.split(|&unit| unit == 0x2E);
    let base = parts.next().unwrap_or_default();
    let extension = parts.next();
    let extension_fits =
        extension.is_none_or(|e| (1..=3).contains(&e.len()) && e.iter().all(allowed));
    (1..=8).contains(&base.len())
        && base.iter().all(allowed)
        && extension_fits
        && parts.next().is_none()
}

/// A name for a message.
pub(crate) fn text(name: &[u16]) -> String {
    String::from_utf16_lossy(name)
}

impl<D: Device> Editor<D> {
    /// Looks a name up in a directory, in its own rule of case; a name that is exactly the same goes first.
    ///
    /// # Errors
    /// [`EditError::NotADirectory`] where the record is none, or is a link to one.
    pub fn lookup(&mut self, directory: FileRef, name: &[u16]) -> EditResult<Option<Found>> {
        let case = self.check_directory(directory)?;
        self.with_index(directory.number(), Kind::Names, |editor, index| {
            Ok(editor.find_name(index, name, case)?.map(|(_, found)| found))
        })
    }

    /// The same, where the name must be there.
    pub(crate) fn expect(&mut self, directory: FileRef, name: &[u16]) -> EditResult<Found> {
        let missing = || EditError::NotFound {
            name: text(name),
            directory,
        };
        self.lookup(directory, name)?.ok_or_else(missing)
    }

    /// The same, where the name must be free.
    pub(crate) fn expect_free(&mut self, directory: FileRef, name: &[u16]) -> EditResult<()> {
        check_name(name)?;
        match self.lookup(directory, name)? {
            Some(found) => Err(EditError::Exists {
                name: text(&found.name),
                file: found.file,
            }),
            None => Ok(()),
        }
    }

    /// That the record is a directory in which names can be looked up; gives its rule of case.
    pub(crate) fn check_directory(&mut self, directory: FileRef) -> EditResult<Case> {
        let record = self.base(directory)?;
        if !record.is_directory() {
            return Err(EditError::NotADirectory {
                file: directory,
                link: false,
            });
        }
        let standard = self.standard(directory.number())?;
        if standard.base.file_attributes.get() & file_attributes::REPARSE_POINT != 0 {
            return Err(EditError::NotADirectory {
                file: directory,
                link: true,
            });
        }
        Ok(standard.case())
    }

    /// `$STANDARD_INFORMATION` of a file.
    pub(crate) fn standard(&mut self, base: u64) -> Result<Standard> {
        let record = self.record(base)?;
        let found = record.find(ty::STANDARD_INFORMATION, &[])?;
        let value = found
            .map(|a| a.expect_resident("$STANDARD_INFORMATION"))
            .transpose()?;
        Standard::parse(value.unwrap_or_default()).map_err(|e| e.in_record(base))
    }

    /// Finds a name: the very same, or by the rule of case one that differs in case only.
    pub(crate) fn find_name(
        &mut self,
        index: &mut Index,
        name: &[u16],
        case: Case,
    ) -> Result<Option<(Path, Found)>> {
        let (path, found) = self.search(index, Key::Name(name))?;
        if found {
            let entry = found_at(index, &path)?;
            return Ok(Some((path, entry)));
        }
        if case == Case::Sensitive {
            return Ok(None);
        }
        // Names that differ only in case stand next to each other in the order of all names: the neighbours of
        // the place where this one would be are on the way to it.
        for depth in (0..path.len()).rev() {
            let step = path[depth];
            let node = index.node(step.at)?;
            for entry in [Some(step.entry), step.entry.checked_sub(1)]
                .into_iter()
                .flatten()
            {
                if entry < node.keys()
                    && self
                        .upcase
                        .same(name_of(node.key(entry)), name, Case::Insensitive)
                {
                    let mut path = path[..=depth].to_vec();
                    path[depth].entry = entry;
                    let entry = found_at(index, &path)?;
                    return Ok(Some((path, entry)));
                }
            }
        }
        Ok(None)
    }

    /// Adds an entry for a name to a directory.
    pub(crate) fn add_entry(
        &mut self,
        directory: FileRef,
        file: FileRef,
        file_name: &[u8],
    ) -> EditResult<()> {
        let name: Vec<u16> = name_of(file_name).iter().map(|u| u.get()).collect();
        self.touched.insert(directory.number(), ());
        self.with_index(directory.number(), Kind::Names, |editor, index| {
            let (path, found) = editor.search(index, Key::Name(&name))?;
            if found {
                let there = found_at(index, &path)?.file;
                return Err(EditError::Exists {
                    name: text(&name),
                    file: there,
                });
            }
            editor.insert_entry(index, path, super::node::name_entry(file.raw(), file_name))
        })
    }

    /// Removes the entry of exactly this name, which must be of this file.
    pub(crate) fn remove_name_entry(
        &mut self,
        directory: FileRef,
        file: FileRef,
        name: &[u16],
    ) -> EditResult<()> {
        self.touched.insert(directory.number(), ());
        self.with_index(directory.number(), Kind::Names, |editor, index| {
            let (path, found) = editor.search(index, Key::Name(name))?;
            if !found || found_at(index, &path)?.file != file {
                return Err(lost_entry(directory, file, name).into());
            }
            editor.remove_entry(index, path)
        })
    }

    /// Brings what the entries of a file repeat up to date, in every directory that has a name of it.
    pub(crate) fn refresh_entries(&mut self, base: u64, summary: &Summary) -> EditResult<()> {
        let file = self.record(base)?.reference();
        for (directory, name) in self.names_of(base)? {
            self.with_index(directory.number(), Kind::Names, |editor, index| {
                let (path, found) = editor.search(index, Key::Name(&name))?;
                if !found || found_at(index, &path)?.file != file {
                    return Err(lost_entry(directory, file, &name).into());
                }
                editor.change_key(index, &path, |key| {
                    if let Ok((head, _)) = FileName::mut_from_prefix(key) {
                        summary.fill(head);
                    }
                })
            })?;
        }
        Ok(())
    }

    /// Every `$FILE_NAME` of a file: its directory and the name, 8.3 names as well.
    pub(crate) fn names_of(&mut self, base: u64) -> Result<Vec<(FileRef, Vec<u16>)>> {
        let mut names = Vec::new();
        for place in self.find_all(base, super::build::Id::new(ty::FILE_NAME, &[]))? {
            let attribute = self.record(place.record)?.attribute_at(place.offset)?;
            let view = attribute
                .expect_resident("$FILE_NAME")
                .and_then(crate::file_name::FileNameView::parse);
            let view = view.map_err(|e| e.in_record(place.record))?;
            names.push((view.parent(), view.to_vec()));
        }
        Ok(names)
    }
}

/// The entry to which a path leads.
pub(crate) fn found_at(index: &Index, path: &Path) -> Result<Found> {
    let Some(step) = path.last() else {
        return Err(Error::damaged("index", 0, "a path", "none").in_record(index.owner));
    };
    let node = index.node(step.at)?;
    let entry = node.entry(step.entry);
    let head = IndexEntryHeader::read_from_prefix(entry).map_or(0, |(head, _)| head.file.get());
    let key = node.key(step.entry);
    let Ok((name, _)) = FileName::read_from_prefix(key) else {
        let vcn = match step.at {
            At::Root => 0,
            At::Block(vcn) => vcn,
        };
        return Err(Error::damaged("index entry", 0, "a file name", key.len())
            .in_index_block(index.owner, vcn));
    };
    Ok(Found {
        file: FileRef::from_raw(head),
        name: name_of(key).iter().map(|u| u.get()).collect(),
        namespace: name.namespace,
        attributes: name.file_attributes.get(),
    })
}

fn lost_entry(directory: FileRef, file: FileRef, name: &[u16]) -> Error {
    let expected = format!("an entry {:?} for record {file}", text(name));
    Error::damaged("index", 0, expected, "none").in_record(directory.number())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn units(text: &str) -> Vec<u16> {
        text.encode_utf16().collect()
    }

    #[test]
    fn short_names() {
        for name in [
            "A",
            "real.txt",
            "README~1.TXT",
            "a-b_c!",
            "12345678.123",
            "{x}",
        ] {
            assert!(is_short(&units(name)), "{name}");
        }
        for name in [
            "",
            ".a",
            "a.",
            "123456789",
            "a.b.c",
            "a.html",
            "a b",
            "a+b",
            "ä",
            "a:b",
            "x,y",
        ] {
            assert!(!is_short(&units(name)), "{name}");
        }
    }

    #[test]
    fn names_that_ntfs_refuses() {
        for name in ["", ".", "..", "a/b", "a\\b", "a\0"] {
            assert!(check_name(&units(name)).is_err(), "{name}");
        }
        assert!(check_name(&vec![0x61; 256]).is_err());
        for name in ["...", "a:b", " ", "con", &"x".repeat(255)] {
            assert!(check_name(&units(name)).is_ok(), "{name}");
        }
    }
}
