//! What a delete, a move or another drive letter would do to links, and how to mend them.
//!
//! The answer is not guessed from paths: the change is made on previews of the drives, and every link is
//! followed before and after. What holds then holds for chains, for names behind other links, for links
//! that move themselves, by the very rules by which links are followed.

mod change;
mod mend;

use std::collections::HashMap;

use crate::entry::{Entry, FileId, LinkText};
use crate::plan::Plan;
use crate::resolve::{self, End, Resolution};
use crate::scan::{self, Item};
use crate::volume::{ApplyError, DriveId, Drives, LocateError, Place, VolumeError};

pub use change::LastName;
pub(super) use change::{copy_step, tree};
pub use mend::Mend;

use super::say::{SayError, moved};

/// A change that is thought of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// An entry goes, a directory with all below it. Links below are detached, never followed.
    Delete {
        /// Which.
        at: Place,
    },
    /// An entry gets another path, on its volume or another one.
    Move {
        /// Where it is.
        from: Place,
        /// Where it will be; nothing is there now.
        to: Place,
    },
    /// A drive gets another letter.
    Reletter {
        /// Which drive.
        drive: DriveId,
        /// Its new letter.
        letter: char,
    },
}

impl Change {
    /// Where a place is after the change; `None` where it is gone.
    pub fn place(&self, drives: &Drives, place: &Place) -> Option<Place> {
        let volume = |drive| drives.volume(drive).ok();
        match self {
            Self::Delete { at } => {
                let volume = volume(at.drive)?;
                let gone = place.drive == at.drive
                    && super::say::is_within(&*volume, &place.path, &at.path);
                (!gone).then(|| place.clone())
            }
            Self::Move { from, to } => Some(moved(&*volume(from.drive)?, place, from, to)),
            Self::Reletter { .. } => Some(place.clone()),
        }
    }
}

/// What a change does to a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// It led to something and leads nowhere then.
    Breaks,
    /// It leads to something else then.
    Changes,
    /// It leads to the same as before.
    Keeps,
    /// It led nowhere and leads to something then.
    Heals,
    /// It led nowhere and does so still.
    StaysBroken,
    /// It is gone itself.
    Goes,
}

/// A link and what becomes of it.
#[derive(Debug, Clone)]
pub struct Affected {
    /// Where it is before the change.
    pub at: Place,
    /// The link itself.
    pub entry: Entry,
    /// What it says.
    pub text: LinkText,
    /// Where it led.
    pub before: Resolution,
    /// Where it is then; `None` where it is gone.
    pub now_at: Option<Place>,
    /// Where it leads then, before anything is mended.
    pub after: Option<Resolution>,
    /// In a word.
    pub effect: Effect,
}

/// All that a change does.
#[derive(Debug, Default)]
pub struct Impact {
    /// Every link that was looked at.
    pub links: Vec<Affected>,
    /// Files of which no name is left.
    pub last_names: Vec<LastName>,
    /// Files that have names outside of a tree that moves to another volume: those names stay with the
    /// old file, the tree gets a copy.
    pub split: Vec<Place>,
    /// The change itself.
    pub change: Plan,
    /// What mends the links that break or change, in the order in which it is done.
    pub mends: Vec<Mend>,
    /// The same as steps, to be done after the change.
    pub mending: Plan,
    /// Links that cannot be mended, as numbers in `links`, and why.
    pub beyond: Vec<(usize, String)>,
    /// What could not be looked at.
    pub failed: Vec<(Place, String)>,
}

impl Impact {
    /// How many links the change affects in this way.
    pub fn count(&self, effect: Effect) -> usize {
        self.links.iter().filter(|l| l.effect == effect).count()
    }
}

/// Why no answer can be given.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImpactError {
    /// A place cannot be looked at.
    #[error(transparent)]
    Locate(#[from] LocateError),
    /// A volume cannot be read.
    #[error(transparent)]
    Volume(#[from] VolumeError),
    /// The change cannot be made.
    #[error(transparent)]
    Refused(#[from] ApplyError),
    /// A link cannot be made to say its new target.
    #[error(transparent)]
    Say(#[from] SayError),
}

/// What `change` does to the links below `roots` and to files.
///
/// # Errors
/// Where the change could not be made, or its place cannot be read.
pub fn impact(drives: &Drives, change: &Change, roots: &[Place]) -> Result<Impact, ImpactError> {
    let after = drives.preview();
    let mut impact = Impact::default();
    gather(drives, roots, &mut impact)?;
    change::make(drives, &after, change, &mut impact)?;
    for link in &mut impact.links {
        link.now_at = change.place(drives, &link.at);
        link.after = link.now_at.as_ref().map(|at| resolve::resolve(&after, at));
        link.effect = effect(drives, change, link);
    }
    if !matches!(change, Change::Delete { .. }) {
        mend::mend(drives, &after, change, &mut impact)?;
    }
    Ok(impact)
}

/// Every link below the roots; one that lies below two of them is taken once.
fn gather(drives: &Drives, roots: &[Place], impact: &mut Impact) -> Result<(), LocateError> {
    let found = std::sync::Mutex::new((HashMap::new(), Vec::new()));
    let options = scan::Options {
        meta: true,
        ..scan::Options::default()
    };
    for root in roots {
        scan::scan(drives, root, options, &|item| {
            let mut found = found.lock().unwrap_or_else(|e| e.into_inner());
            match item {
                Item::Found(hit) if hit.entry.is_link() => {
                    found.0.insert(hit.place.clone(), hit);
                }
                Item::Found(_) => {}
                Item::Failed { place, error } => found.1.push((place, error.to_string())),
            }
            std::ops::ControlFlow::Continue(())
        })?;
    }
    let (hits, failed) = found.into_inner().unwrap_or_else(|e| e.into_inner());
    impact.failed = failed;
    for (_, hit) in hits {
        let Ok(located) = hit.inspect(drives) else {
            continue;
        };
        if let (Some(text), Some(before)) = (located.text, located.resolution) {
            impact.links.push(Affected {
                at: located.place,
                entry: located.entry,
                text,
                before,
                now_at: None,
                after: None,
                effect: Effect::Keeps,
            });
        }
    }
    impact.links.sort_by(|a, b| a.at.cmp(&b.at));
    Ok(())
}

fn effect(drives: &Drives, change: &Change, link: &Affected) -> Effect {
    let Some(after) = &link.after else {
        return Effect::Goes;
    };
    match (end(&link.before), end(after)) {
        (None, None) => Effect::StaysBroken,
        (None, Some(_)) => Effect::Heals,
        (Some(_), None) => Effect::Breaks,
        (Some(was), Some(now)) if is_same(drives, change, was, now) => Effect::Keeps,
        (Some(_), Some(_)) => Effect::Changes,
    }
}

fn end(resolution: &Resolution) -> Option<(&Place, FileId)> {
    match &resolution.end {
        End::Found { place, entry } => Some((place, entry.id)),
        _ => None,
    }
}

/// Whether two ends are one thing. What moves to another volume gets another id there, but is known by
/// its place.
fn is_same(
    drives: &Drives,
    change: &Change,
    (was, id): (&Place, FileId),
    (now, now_id): (&Place, FileId),
) -> bool {
    id == now_id
        || crate::volume::Preview::is_made_here(now_id)
            && change
                .place(drives, was)
                .is_some_and(|place| mend::is_one(drives, &place, now))
}
