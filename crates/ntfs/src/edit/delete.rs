//! Removing names; with the last one, the file.

use super::Editor;
use super::build::Id;
use super::error::{EditError, EditResult};
use super::index::Kind;
use super::names::Found;
use super::node::Key;
use crate::device::Device;
use crate::file_ref::FileRef;
use crate::layout::{attribute_type as ty, well_known};

impl<D: Device> Editor<D> {
    /// Removes a name: of a file, whose other names stay; of a link of any kind, never what it leads to; of an
    /// empty directory. With the last name goes the file.
    ///
    /// # Errors
    /// [`NotFound`](EditError::NotFound), [`NotEmpty`](EditError::NotEmpty).
    pub fn remove(&mut self, parent: FileRef, name: &[u16]) -> EditResult<()> {
        let found = self.expect(parent, name)?;
        self.check_removable(&found)?;
        self.mutate(|editor| editor.remove_found(parent, &found))
    }

    /// That a name can go.
    pub(crate) fn check_removable(&mut self, found: &Found) -> EditResult<()> {
        self.check_not_system(found.file)?;
        self.count_names(found.file.number())?;
        let is_link = self.reparse_tag(found.file.number())?.is_some();
        if self.base(found.file)?.is_directory()
            && !is_link
            && !self.is_empty_directory(found.file)?
        {
            return Err(EditError::NotEmpty { file: found.file });
        }
        Ok(())
    }

    /// Whether a directory has no entry.
    pub(crate) fn is_empty_directory(&mut self, directory: FileRef) -> EditResult<bool> {
        self.with_index(directory.number(), Kind::Names, |_, index| {
            Ok(index.root.keys() == 0 && index.root.child(0).is_none())
        })
        .and_then(|empty| {
            if empty {
                Ok(true)
            } else {
                self.has_no_entry_below(directory)
            }
        })
    }

    /// A tree of which only a root over empty blocks is left, as other drivers leave it.
    fn has_no_entry_below(&mut self, directory: FileRef) -> EditResult<bool> {
        self.with_index(directory.number(), Kind::Names, |editor, index| {
            Ok(editor.first_entry(index)?.is_none())
        })
    }

    pub(crate) fn remove_found(&mut self, parent: FileRef, found: &Found) -> EditResult<()> {
        let base = found.file.number();
        let partner = self.partner(base, parent, found.namespace)?;
        for name in [Some(&found.name), partner.as_ref()].into_iter().flatten() {
            self.remove_name_entry(parent, found.file, name)?;
            self.drop_name(base, parent, name)?;
        }
        if self.record(base)?.header().link_count.get() == 0 {
            return self.delete_file(found.file);
        }
        let now = self.now;
        self.change_standard(base, |standard| standard.record_modified = now.into())
    }

    /// Frees a file that has no name any more: clusters, extension records, the record, its entries in other indexes.
    fn delete_file(&mut self, file: FileRef) -> EditResult<()> {
        let base = file.number();
        if let Some(tag) = self.reparse_tag(base)? {
            self.drop_reparse_key(tag, file)?;
        }
        self.drop_object_id(base)?;
        self.indexes.remove(&(base, Kind::Names));
        self.touched.remove(&base);
        self.moved_out.remove(&base);
        let places = self.all_attributes(base)?;
        let mut records = vec![];
        for place in &places {
            self.release_extent(base, place.record, place.offset)?;
            if place.record != base && !records.contains(&place.record) {
                records.push(place.record);
            }
        }
        if let Some(place) = self
            .record(base)?
            .find(ty::ATTRIBUTE_LIST, &[])?
            .map(|list| list.offset)
        {
            self.release_extent(base, base, place)?;
        }
        for number in records {
            self.free_record_number(number)?;
        }
        self.free_record_number(base)
    }

    /// Gives back the clusters that one attribute describes.
    fn release_extent(&mut self, base: u64, number: u64, offset: usize) -> EditResult<()> {
        for run in self.runs_at(number, offset)? {
            self.release_run(base, run)?;
        }
        Ok(())
    }

    /// Takes a file that has an object id out of `$ObjId`.
    fn drop_object_id(&mut self, base: u64) -> EditResult<()> {
        let id = Id::new(ty::OBJECT_ID, &[]);
        let Some(value) = self.value_bytes(base, id, 256)? else {
            return Ok(());
        };
        let Some(key) = value.get(..16) else {
            return Ok(());
        };
        let Some(owner) = self.object_id_index()? else {
            return Ok(());
        };
        self.with_index(owner, Kind::ObjectId, |editor, index| {
            // An id that its index does not have was never found by it either.
            editor.remove_key(index, Key::Integers(key)).map(|_| ())
        })
    }

    fn object_id_index(&mut self) -> EditResult<Option<u64>> {
        if let Some(known) = self.object_ids {
            return Ok(known);
        }
        let found = self.extend_file("$ObjId")?;
        self.object_ids = Some(found);
        Ok(found)
    }

    /// The record of a file in `$Extend`.
    pub(crate) fn extend_file(&mut self, name: &str) -> EditResult<Option<u64>> {
        let extend = self.record(well_known::EXTEND)?.reference();
        let name: Vec<u16> = name.encode_utf16().collect();
        Ok(self.lookup(extend, &name)?.map(|found| found.file.number()))
    }
}
