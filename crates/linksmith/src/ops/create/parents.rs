//! The folders on the way to a link that are not there yet.

use crate::plan::{Expect, Plan, Step};
use crate::resolve::{End, Resolution};
use crate::volume::{Drives, LocateError};

/// A path has no more names than this: a Windows path of 32,767 units, each other one a separator.
const MOST_FOLDERS: usize = 16 * 1024;

/// Drives on which the folders are there, and the plan that makes them; `None` where none is missing.
///
/// Where a link on the way leads to nothing no folder is made in the place it names: what it meant is not
/// known, and planning the link tells of it.
pub(super) fn missing(
    drives: &Drives,
    link: &std::ffi::OsStr,
) -> Result<Option<(Drives, Plan)>, LocateError> {
    let Some(mut at) = first_missing(drives.locate(link)) else {
        return Ok(None);
    };
    let after = drives.preview();
    let mut plan = Plan::default();
    for _ in 0..MOST_FOLDERS {
        let step = Step::MakeDir {
            at: at.path.clone(),
        };
        let made = after.volume(at.drive)?.apply(std::slice::from_ref(&step));
        if made.is_err() {
            // Planning the link says why, with the path.
            break;
        }
        plan.push(at.drive, step, vec![Expect::Absent(at.path)]);
        match first_missing(after.locate(link)) {
            Some(next) => at = next,
            None => break,
        }
    }
    Ok(Some((after, plan)))
}

fn first_missing(
    located: Result<crate::volume::Place, LocateError>,
) -> Option<crate::volume::Place> {
    let Err(LocateError::Nowhere { resolution, .. }) = located else {
        return None;
    };
    let Resolution { end, hops, .. } = *resolution;
    match end {
        End::Missing { place, .. } if hops.is_empty() => Some(place),
        _ => None,
    }
}
