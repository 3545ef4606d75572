//! Replacing the contents of small files.

use super::Editor;
use super::error::{EditError, EditResult};
use super::values::DATA;
use crate::device::Device;
use crate::file_ref::FileRef;
use crate::layout::file_attributes;

impl<D: Device> Editor<D> {
    /// Replaces the contents of a file, which all of its names show. The new ones go into clusters of their own: the
    /// old ones are untouched until the commit, whatever happens.
    ///
    /// # Errors
    /// [`IsADirectory`](EditError::IsADirectory), [`Full`](EditError::Full).
    pub fn write_file(&mut self, file: FileRef, contents: &[u8]) -> EditResult<()> {
        if self.base(file)?.is_directory() {
            return Err(EditError::IsADirectory { file });
        }
        self.check_not_system(file)?;
        self.mutate(|editor| {
            let base = file.number();
            editor.drop_attribute(base, DATA)?;
            editor.put_contents(base, contents)?;
            let now = editor.now;
            editor.change_standard(base, |standard| {
                standard.modified = now.into();
                standard.record_modified = now.into();
                let flags = standard.file_attributes.get() | file_attributes::ARCHIVE;
                // New data are plain, whatever the old ones were.
                let plain = flags
                    & !(file_attributes::COMPRESSED
                        | file_attributes::SPARSE_FILE
                        | file_attributes::ENCRYPTED);
                standard.file_attributes = plain.into();
            })?;
            let summary = editor.summary(base)?;
            editor.refresh_entries(base, &summary)
        })
    }
}
