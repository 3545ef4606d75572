//! Renaming and moving.

use super::Editor;
use super::error::{EditError, EditResult};
use super::names::{Found, check_name, namespace_of, text};
use crate::device::Device;
use crate::error::{Error, Result};
use crate::file_ref::FileRef;
use crate::layout::well_known;

/// Directories above one another that are looked at; no path has as many.
const MOST_ABOVE: usize = 40_000;

impl<D: Device> Editor<D> {
    /// Renames or moves one name. With `replace`, a file or link that has the new name gives way in the same change;
    /// a directory that is no link never does.
    ///
    /// # Errors
    /// [`NotFound`](EditError::NotFound), [`Exists`](EditError::Exists), [`IsADirectory`](EditError::IsADirectory),
    /// [`IntoItself`](EditError::IntoItself), and as [`create_dir`](Self::create_dir).
    pub fn rename(
        &mut self,
        from: FileRef,
        name: &[u16],
        to: FileRef,
        new_name: &[u16],
        replace: bool,
    ) -> EditResult<()> {
        check_name(new_name)?;
        let found = self.expect(from, name)?;
        self.check_not_system(found.file)?;
        self.check_not_system_directory(to)?;
        self.count_names(found.file.number())?;
        if found.is_directory() {
            self.check_not_within(found.file, to)?;
        }
        let target = self.lookup(to, new_name)?;
        if from == to && found.name == new_name {
            return Ok(());
        }
        let is_other_name = match &target {
            Some(there) => there.file == found.file && !self.is_own_name(from, to, &found, there),
            None => false,
        };
        if replace && is_other_name {
            // Two names of one file become one.
            return self.remove(from, name);
        }
        let in_the_way = self.in_the_way(from, to, &found, target, replace)?;
        self.mutate(|editor| {
            if let Some(target) = in_the_way {
                editor.remove_found(to, &target)?;
            }
            editor.move_name(from, &found, to, new_name)
        })
    }

    /// What has the new name and has to give way.
    fn in_the_way(
        &mut self,
        from: FileRef,
        to: FileRef,
        found: &Found,
        target: Option<Found>,
        replace: bool,
    ) -> EditResult<Option<Found>> {
        let Some(target) = target else {
            return Ok(None);
        };
        if self.is_own_name(from, to, found, &target) {
            return Ok(None);
        }
        if !replace {
            return Err(EditError::Exists {
                name: text(&target.name),
                file: target.file,
            });
        }
        if target.is_directory() && !target.is_reparse_point() {
            return Err(EditError::IsADirectory { file: target.file });
        }
        self.check_removable(&target)?;
        Ok(Some(target))
    }

    /// Whether the new name is the old one in another case, or its own short name, which goes with it.
    fn is_own_name(&mut self, from: FileRef, to: FileRef, found: &Found, target: &Found) -> bool {
        let partner = self
            .partner(found.file.number(), from, found.namespace)
            .ok()
            .flatten();
        let same =
            target.name == found.name || partner.is_some_and(|partner| partner == target.name);
        target.file == found.file && from == to && same
    }

    fn move_name(
        &mut self,
        from: FileRef,
        found: &Found,
        to: FileRef,
        new_name: &[u16],
    ) -> EditResult<()> {
        let base = found.file.number();
        let partner = self.partner(base, from, found.namespace)?;
        for name in [Some(&found.name), partner.as_ref()].into_iter().flatten() {
            self.remove_name_entry(from, found.file, name)?;
            self.drop_name(base, from, name)?;
        }
        let now = self.now;
        self.change_standard(base, |standard| standard.record_modified = now.into())?;
        let file_name = self
            .summary(base)?
            .file_name(to, new_name, namespace_of(new_name));
        self.add_name(base, &file_name)?;
        self.add_entry(to, found.file, &file_name)
    }

    /// Refuses to move a directory to where it is above.
    fn check_not_within(&mut self, directory: FileRef, to: FileRef) -> EditResult<()> {
        let mut at = to.number();
        for _ in 0..MOST_ABOVE {
            if at == directory.number() {
                return Err(EditError::IntoItself { file: directory });
            }
            if at == well_known::ROOT {
                return Ok(());
            }
            at = self.parent_of(at)?.number();
        }
        let actual = "a circle of directories";
        Err(
            Error::damaged("file record", 0, "a way up to the root", actual)
                .in_record(to.number())
                .into(),
        )
    }

    pub(crate) fn parent_of(&mut self, directory: u64) -> Result<FileRef> {
        let names = self.names_of(directory)?;
        let missing = || Error::damaged("file record", 0, "a name", "none").in_record(directory);
        names.first().map(|(parent, _)| *parent).ok_or_else(missing)
    }
}
