//! Who points here: every link that leads to a place or below it.

use crate::path::EntryPath;
use crate::resolve::{End, Located, Part, Resolution};
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

/// The way of a link: enough to say later what it leads to, without following it again.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Way {
    /// The links on it, itself first.
    pub links: Vec<Place>,
    /// The places it comes to, each with the number of links before it.
    pub stops: Vec<(usize, Place)>,
}

impl Way {
    /// The way that was gone.
    pub fn of(resolution: &Resolution) -> Self {
        let mut stops = Vec::new();
        for (number, hop) in resolution.hops.iter().enumerate() {
            if number > 0 {
                stops.push((number, with(hop.at.clone(), &hop.rest)));
            }
            stops.extend(hop.to.clone().map(|to| (number + 1, with(to, &hop.rest))));
        }
        stops.extend(end(&resolution.end).map(|place| (resolution.hops.len(), place)));
        stops.dedup();
        Self {
            links: resolution.hops.iter().map(|hop| hop.at.clone()).collect(),
            stops,
        }
    }

    /// How it leads to `to` or below it; `None` where it does not.
    ///
    /// A link leads to a place that its way goes through, also where it then ends elsewhere or nowhere:
    /// without the place it would end sooner.
    pub fn reach(&self, drives: &Drives, to: &Place) -> Option<Reach> {
        self.stops.iter().find_map(|(hops, place)| {
            let below = below(drives, place, to)?;
            let via = self.links.iter().take(*hops).skip(1).cloned().collect();
            let hops = *hops;
            Some(Reach { hops, via, below })
        })
    }
}

/// How a link leads to `to` or below it; `None` where it does not.
pub fn reach(drives: &Drives, to: &Place, link: &Located) -> Option<Reach> {
    Way::of(link.resolution.as_ref()?).reach(drives, to)
}

/// Where a way ends, whether something is there or not.
fn end(end: &End) -> Option<Place> {
    match end {
        End::Found { place, .. }
        | End::NotADirectory { place }
        | End::Denied { place }
        | End::Failed { place, .. }
        | End::WrongKind { to: place, .. } => Some(place.clone()),
        End::Missing { place, rest } => Some(with(place.clone(), rest)),
        _ => None,
    }
}

/// A place and what remained of the path behind it.
fn with(mut place: Place, rest: &[Part]) -> Place {
    for part in rest {
        match part {
            Part::Name(name) => place.path.push(name),
            Part::Up => drop(place.path.pop()),
        }
    }
    place
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
