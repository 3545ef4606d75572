//! Who points here: every link that leads to a place or below it.

use crate::path::EntryPath;
use crate::resolve::{End, Located, Resolution};
use crate::volume::{Drives, Place};

use super::say::is_within;

/// How a link leads to a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reach {
    /// How many links it takes, itself counted.
    pub hops: usize,
    /// The other links on that way.
    pub via: Vec<Place>,
    /// What lies below the place where it leads; empty for the place itself.
    pub below: EntryPath,
}

/// How a link leads to `to` or below it; `None` where it does not.
///
/// A link leads to a place that its way goes through, also where it then ends elsewhere or nowhere:
/// without the place it would end sooner.
pub fn reach(drives: &Drives, to: &Place, link: &Located) -> Option<Reach> {
    way(link.resolution.as_ref()?)
        .into_iter()
        .find_map(|(hops, place)| {
            let below = below(drives, &place, to)?;
            let all = link.resolution.as_ref()?.hops.iter();
            let via = all.take(hops).skip(1).map(|hop| hop.at.clone());
            Some(Reach {
                hops,
                via: via.collect(),
                below,
            })
        })
}

/// The places that a link's way comes to, each with the number of links before it.
pub fn way(resolution: &Resolution) -> Vec<(usize, Place)> {
    let mut places = Vec::new();
    for (number, hop) in resolution.hops.iter().enumerate() {
        if number > 0 {
            places.push((number, hop.at.clone()));
        }
        places.extend(hop.to.clone().map(|to| (number + 1, to)));
    }
    let end = match &resolution.end {
        End::Found { place, .. }
        | End::NotADirectory { place }
        | End::Denied { place }
        | End::Failed { place, .. }
        | End::WrongKind { to: place, .. } => Some(place.clone()),
        End::Missing { place, rest } => {
            let mut place = place.clone();
            for part in rest {
                match part {
                    crate::resolve::Part::Name(name) => place.path.push(name),
                    crate::resolve::Part::Up => drop(place.path.pop()),
                }
            }
            Some(place)
        }
        _ => None,
    };
    places.extend(end.map(|place| (resolution.hops.len(), place)));
    places
}

/// What lies below `dir` at `place`; `None` where the place is not in it.
fn below(drives: &Drives, place: &Place, dir: &Place) -> Option<EntryPath> {
    let volume = drives.volume(dir.drive).ok()?;
    if place.drive != dir.drive || !is_within(&*volume, &place.path, &dir.path) {
        return None;
    }
    let names: Vec<_> = place
        .path
        .names()
        .skip(dir.path.name_bytes().count())
        .collect();
    Some(EntryPath::from_names(&names))
}
