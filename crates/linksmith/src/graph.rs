//! Links as a graph: where each leads, which chains and which cycles they form.

use std::collections::BTreeMap;

use crate::entry::Base;
use crate::reparse::Kind;
use crate::resolve::{End, Hop, Located, Resolution, Status};
use crate::volume::{Drives, Place};

/// A link and where it leads, in the words of people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrow {
    /// The link's path.
    pub path: String,
    /// Its kind.
    pub kind: Kind,
    /// What became of it.
    pub status: Status,
    /// What it says, as Win32 text; empty where its data cannot be read.
    pub says: String,
    /// Where its own text leads, links on the way not followed; `None` where it says no path.
    pub to: Option<String>,
    /// What is there.
    pub to_is: TargetKind,
    /// Over how many links the path goes, this one among them.
    pub chain: usize,
    /// The number of the cycle it runs into, from 1.
    pub cycle: Option<usize>,
}

/// What a link's own text leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetKind {
    /// A directory.
    Dir,
    /// A file.
    File,
    /// Another link.
    Link,
    /// Nothing.
    Missing,
    /// A drive or computer that is not attached.
    Unreachable,
    /// It could not be looked at.
    Unknown,
}

impl TargetKind {
    /// The word for machines.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dir => "dir",
            Self::File => "file",
            Self::Link => "link",
            Self::Missing => "missing",
            Self::Unreachable => "unreachable",
            Self::Unknown => "unknown",
        }
    }
}

/// Gathers links as they are found, and numbers the cycles among them.
#[derive(Debug, Default)]
pub struct Graph {
    arrows: Vec<Arrow>,
    /// A cycle is known by the least of its places, whichever of its links was found first.
    cycles: BTreeMap<Place, usize>,
}

impl Graph {
    /// Adds a link; what is no link is left out.
    pub fn add(&mut self, drives: &Drives, located: &Located) {
        let Some(resolution) = &located.resolution else {
            return;
        };
        let first = resolution.hops.first();
        let cycle = cycle_of(resolution).map(|least| {
            let next = self.cycles.len() + 1;
            *self.cycles.entry(least).or_insert(next)
        });
        let (to, to_is) = first.map_or((None, TargetKind::Unknown), |hop| {
            leads_to(drives, hop, resolution)
        });
        let said = first.and_then(|hop| hop.target.as_ref());
        self.arrows.push(Arrow {
            path: drives.display(&located.place),
            kind: Kind::of(&located.entry, located.text.as_ref()),
            status: located.status,
            says: said.map_or_else(String::new, |t| t.to_win32().display().into_owned()),
            to,
            to_is,
            chain: resolution.hops.len().max(1),
            cycle,
        });
    }

    /// The links in the order they were added.
    pub fn arrows(&self) -> &[Arrow] {
        &self.arrows
    }

    /// The same, by path.
    pub fn sort(&mut self) {
        self.arrows.sort_by(|a, b| a.path.cmp(&b.path));
    }
}

/// The least place of the cycle that the path runs into.
fn cycle_of(resolution: &Resolution) -> Option<Place> {
    let End::Loop { at } = &resolution.end else {
        return None;
    };
    let from = resolution.hops.iter().position(|hop| hop.at == *at)?;
    resolution.hops[from..]
        .iter()
        .map(|hop| hop.at.clone())
        .min()
}

/// Where the first hop leads by itself, and what is there.
fn leads_to(drives: &Drives, hop: &Hop, resolution: &Resolution) -> (Option<String>, TargetKind) {
    let Some(to) = &hop.to else {
        let said = hop
            .target
            .as_ref()
            .map(|t| t.to_win32().display().into_owned());
        let kind = match resolution.end {
            End::Unreachable { .. } => TargetKind::Unreachable,
            _ => TargetKind::Unknown,
        };
        return (said, kind);
    };
    let there = drives.volume(to.drive).map(|volume| volume.entry(&to.path));
    let kind = match there {
        Ok(Ok(entry)) if entry.is_link() => TargetKind::Link,
        Ok(Ok(entry)) if entry.base == Base::Dir => TargetKind::Dir,
        Ok(Ok(_)) => TargetKind::File,
        // The text itself may lead through links, which only following it all tells.
        _ => match &resolution.end {
            End::Found { entry, .. } if entry.base == Base::Dir => TargetKind::Dir,
            End::Found { .. } | End::WrongKind { .. } => TargetKind::File,
            End::Missing { .. } | End::NotADirectory { .. } => TargetKind::Missing,
            End::Unreachable { .. } => TargetKind::Unreachable,
            End::Loop { .. } | End::TooDeep { .. } => TargetKind::Link,
            _ => TargetKind::Unknown,
        },
    };
    (Some(drives.display(to)), kind)
}
