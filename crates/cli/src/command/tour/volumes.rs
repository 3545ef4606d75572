//! The two volumes of the tour.

use std::path::Path;
use std::sync::Arc;

use linksmith::volume::Drives;
use linksmith::volume::memory::MemoryVolume;

use crate::error::CliError;
use crate::session::{Session, located};

/// `C:` and `D:`.
pub(super) struct Pair {
    c: Arc<MemoryVolume>,
    d: Arc<MemoryVolume>,
}

impl Pair {
    pub(super) fn make(_: Option<&Path>) -> Result<Self, CliError> {
        Ok(Self {
            c: Arc::new(MemoryVolume::ntfs().with_label("OS")),
            d: Arc::new(MemoryVolume::ntfs().with_label("DATA")),
        })
    }

    pub(super) fn drives(&self) -> Result<Arc<Drives>, CliError> {
        let drives = Drives::attached([('C', self.c.clone() as _), ('D', self.d.clone() as _)]);
        Ok(Arc::new(drives.map_err(located)?))
    }

    pub(super) fn words() -> String {
        "on two volumes in memory, C: and D:, with the rules of NTFS".to_owned()
    }

    pub(super) fn check(_: &mut Session) -> Result<usize, CliError> {
        Ok(0)
    }
}
