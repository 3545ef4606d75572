//! Carries fixes out, in memory.

use super::plan::{Action, Fix};
use crate::device::Device;
use crate::edit::index::Kind;
use crate::edit::link::FILE_NAME;
use crate::edit::node::{Key, name_of};
use crate::edit::record_edit::EditRecord;
use crate::edit::{EditResult, Editor};
use crate::error::{Error, Result};
use crate::file_name::FileNameView;
use crate::file_ref::FileRef;
use crate::layout::file_attributes;

impl<D: Device> Editor<D> {
    /// Carries all fixes out and seals them. Directories keep their times: nobody changed them.
    pub(super) fn apply_fixes(&mut self, fixes: &[Fix]) -> EditResult<()> {
        self.mutate(|editor| {
            for fix in fixes {
                editor.apply_fix(&fix.action)?;
            }
            editor.touched.clear();
            Ok(())
        })?;
        self.seal()
    }

    /// Clears the dirty flag with the next commit.
    pub(super) fn clear_dirty_flag(&mut self) -> EditResult<()> {
        self.mutate(|editor| editor.set_dirty_flag(false))?;
        self.seal()
    }

    fn apply_fix(&mut self, action: &Action) -> EditResult<()> {
        match action {
            Action::MarkClusters {
                start,
                length,
                used,
            } => {
                let run = *start..start.saturating_add(*length);
                let (change, geometry) = (&self.change, &self.geometry);
                Ok(self.clusters.mark(change, geometry, run, *used)?)
            }
            Action::MarkRecord { number, used } => Ok(self.mark_record(*number, *used)?),
            Action::ReparseFlag { record, set } => self.put_reparse_flag(*record, *set),
            Action::Rebuild { directory, names } => self.rebuild_names(*directory, names),
            Action::RebuildReparse { index, keys } => self.rebuild_reparse(*index, keys),
            Action::DropKey { tag, file } => self.drop_reparse_key(*tag, *file),
            Action::AddKey { tag, file } => self.add_reparse_key(*tag, *file),
            Action::ChangeKey { tag, file } => self.change_reparse_key(*tag, *file),
            Action::RemoveEntry {
                directory,
                file,
                name,
            } => self.remove_name_entry(*directory, *file, name),
            Action::RestoreName { file, file_name } => self.restore_name(*file, file_name),
            Action::AddEntry {
                directory,
                file,
                name,
            } => {
                let key = self.key_of(*directory, *file, name)?;
                self.add_entry(*directory, *file, &key)
            }
            Action::RefreshEntry {
                directory,
                file,
                name,
            } => self.refresh_entry(*directory, *file, name),
            Action::Links { record, names } => {
                let record = self.record_mut(*record)?;
                record.change_header(|header| header.link_count = (*names).into());
                Ok(())
            }
            Action::ClearDirty => self.set_dirty_flag(false),
            Action::Copied => Ok(()),
        }
    }

    fn put_reparse_flag(&mut self, record: u64, set: bool) -> EditResult<()> {
        self.change_standard(record, |standard| {
            let others = standard.file_attributes.get() & !file_attributes::REPARSE_POINT;
            let flag = if set {
                file_attributes::REPARSE_POINT
            } else {
                0
            };
            standard.file_attributes = (others | flag).into();
        })
    }

    fn change_reparse_key(&mut self, wrong: u32, file: FileRef) -> EditResult<()> {
        self.drop_reparse_key(wrong, file)?;
        match self.reparse_tag(file.number())? {
            Some(tag) => self.add_reparse_key(tag, file),
            None => Ok(()),
        }
    }

    /// The link count stays: it counted the name all the time.
    fn restore_name(&mut self, file: FileRef, file_name: &[u8]) -> EditResult<()> {
        let stated = self.record(file.number())?.header().link_count;
        self.add_name(file.number(), file_name)?;
        self.record_mut(file.number())?
            .change_header(|header| header.link_count = stated);
        Ok(())
    }

    fn refresh_entry(&mut self, directory: FileRef, file: FileRef, name: &[u16]) -> EditResult<()> {
        let fresh = self.key_of(directory, file, name)?;
        self.with_index(directory.number(), Kind::Names, |editor, index| {
            let (path, found) = editor.search(index, Key::Name(name))?;
            if !found {
                return Err(no_name(directory, file).into());
            }
            editor.change_key(index, &path, |key| {
                if key.len() == fresh.len() {
                    key.copy_from_slice(&fresh);
                }
            })
        })
    }

    /// The key that the entry of a name should have.
    pub(super) fn key_of(
        &mut self,
        directory: FileRef,
        file: FileRef,
        name: &[u16],
    ) -> Result<Vec<u8>> {
        let summary = self.summary(file.number())?;
        for place in self.find_all(file.number(), FILE_NAME)? {
            let attribute = self.record(place.record)?.attribute_at(place.offset)?;
            let value = attribute.expect_resident("$FILE_NAME")?;
            let view = FileNameView::parse(value)?;
            if view.parent() == directory
                && name_of(value)
                    .iter()
                    .map(|u| u.get())
                    .eq(name.iter().copied())
            {
                return Ok(summary.file_name(directory, name, view.header.namespace));
            }
        }
        Err(no_name(directory, file))
    }
}

fn no_name(directory: FileRef, file: FileRef) -> Error {
    let expected = format!("the name of record {file}");
    Error::damaged("directory", 0, expected, "none").in_record(directory.number())
}
