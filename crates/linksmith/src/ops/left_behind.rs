//! What copies of files do not have: copying takes the contents over, and not what hangs on a file beside them.

use crate::path::EntryPath;
use crate::plan::{Plan, Step};
use crate::volume::{Beside, DriveId, Drives, Place};

/// Files that have more than their copies will; the first is told whole.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LeftBehind {
    first: Option<(Place, Vec<Beside>)>,
    more: u64,
}

impl LeftBehind {
    /// Of all files that a plan copies.
    pub fn by(drives: &Drives, plan: &Plan) -> Self {
        let mut left = Self::default();
        for planned in &plan.steps {
            if let Step::CopyFile { from, .. } = &planned.step {
                left.add(drives, from.drive.unwrap_or(planned.drive), &from.at);
            }
        }
        left
    }

    /// Looks at the source of a copy. One that cannot be looked at is told where it is read.
    pub fn add(&mut self, drives: &Drives, drive: DriveId, from: &EntryPath) {
        let place = Place {
            drive,
            path: from.clone(),
        };
        let volume = drives.volume(place.drive).ok();
        let beside = volume.and_then(|volume| volume.beside_contents(&place.path).ok());
        let Some(beside) = beside.filter(|beside| !beside.is_empty()) else {
            return;
        };
        match self.first {
            Some(_) => self.more += 1,
            None => self.first = Some((place, beside)),
        }
    }

    /// The warning; `None` where every copy has all.
    pub fn warning(&self, drives: &Drives) -> Option<String> {
        let (place, beside) = self.first.as_ref()?;
        let shown = drives.display(place);
        let mut message = format!(
            "of '{shown}' the contents alone are copied, not {}",
            beside
                .iter()
                .map(Beside::to_string)
                .collect::<Vec<_>>()
                .join(" nor ")
        );
        match self.more {
            0 => {}
            1 => message.push_str("; so it is with 1 file more"),
            more => message.push_str(&format!("; so it is with {more} files more")),
        }
        Some(message)
    }
}

/// Warns of what the plan's copies leave behind.
pub(super) fn warn(drives: &Drives, plan: &mut Plan) {
    if let Some(message) = LeftBehind::by(drives, plan).warning(drives) {
        plan.warn(message, None);
    }
}
