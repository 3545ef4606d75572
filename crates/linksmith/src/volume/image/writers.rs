//! Who may replace an entry, by the security descriptors of it and of its directory.

use linksmith_ntfs::file::File;
use linksmith_ntfs::security::access::replacers;
use linksmith_ntfs::security::{Descriptor, Sid};

use super::{Cause, ImageVolume, cause};
use crate::path::EntryPath;

impl ImageVolume {
    pub(super) fn writers_of(&self, at: &EntryPath) -> Result<Vec<String>, Cause> {
        // The root is in no directory, and nothing takes its place.
        let Some(above) = at.parent() else {
            return Ok(Vec::new());
        };
        let directory = self.descriptor(&self.find(&above)?.file)?;
        let entry = self.descriptor(&self.find(at)?.file)?;
        let who = replacers(&parsed(&entry)?, &parsed(&directory)?);
        Ok(who.iter().map(Sid::to_string).collect())
    }

    fn descriptor(&self, file: &File) -> Result<Option<Vec<u8>>, Cause> {
        self.ntfs().file_security(file).map_err(cause::of)
    }
}

/// No descriptor at all is one without a list: anybody may do anything.
fn parsed(bytes: &Option<Vec<u8>>) -> Result<Descriptor<'_>, Cause> {
    match bytes {
        Some(bytes) => Descriptor::parse(bytes).map_err(cause::of),
        None => Ok(Descriptor::default()),
    }
}
