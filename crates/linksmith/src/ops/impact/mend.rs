//! Making links say where things are after a change.
//!
//! A link that leads elsewhere is not always at fault: the one behind it in a chain may be. So each is
//! asked what its *own* text names, with the links on the way to that name followed and the name itself
//! not. Where that is not what it named before, its text is changed; a link whose way goes through
//! another one at fault waits until that one is mended, and is asked again.

use super::{Affected, Change, Effect, Impact, ImpactError};
use crate::entry::{Base, LinkText};
use crate::path::Name;
use crate::plan::{Expect, Plan};
use crate::resolve::{self, End, Resolution};
use crate::volume::{Drives, Place, Preview};

use crate::ops::say::{Manner, is_within, rewrite, say};

/// A link's new text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mend {
    /// Which of the links it is, as a number in [`Impact::links`](super::Impact::links).
    pub link: usize,
    /// Where it is after the change.
    pub at: Place,
    /// What it is to say.
    pub text: LinkText,
    /// What that names.
    pub to: Place,
}

/// More rounds than links on one path are of no use.
const MOST_ROUNDS: usize = 64;

pub(super) fn mend(
    drives: &Drives,
    after: &Drives,
    change: &Change,
    impact: &mut Impact,
) -> Result<(), ImpactError> {
    for _ in 0..MOST_ROUNDS {
        let faults = faults(drives, after, change, impact);
        if faults.is_empty() {
            break;
        }
        let mut mended = 0;
        for (link, to) in first_ones(drives, impact, &faults) {
            mended += usize::from(mend_one(after, impact, link, to)?);
        }
        if mended == 0 {
            break;
        }
    }
    Ok(())
}

/// Whether two places are one, names compared as the volume does.
pub(super) fn is_one(drives: &Drives, a: &Place, b: &Place) -> bool {
    a.drive == b.drive
        && drives.volume(a.drive).is_ok_and(|volume| {
            is_within(&*volume, &a.path, &b.path) && is_within(&*volume, &b.path, &a.path)
        })
}

/// The links whose own text does not name what it named, and what it should name now.
fn faults(
    drives: &Drives,
    after: &Drives,
    change: &Change,
    impact: &Impact,
) -> Vec<(usize, Place)> {
    let given_up = |number: &usize| impact.beyond.iter().any(|(n, _)| n == number);
    let affected = |link: &Affected| matches!(link.effect, Effect::Breaks | Effect::Changes);
    let links = impact.links.iter().enumerate();
    links
        .filter(|(number, link)| affected(link) && !given_up(number))
        .filter_map(|(number, link)| {
            let should = change.place(drives, &named(drives, &link.at)?)?;
            let now = named(after, link.now_at.as_ref()?);
            let is_right = now.is_some_and(|now| is_one(drives, &now, &should));
            (!is_right).then_some((number, should))
        })
        .collect()
}

/// What a link's own text names: links on the way are followed, the last name is not.
fn named(drives: &Drives, at: &Place) -> Option<Place> {
    let resolution = resolve::resolve(drives, at);
    let hop = resolution.hops.first().filter(|hop| hop.at == *at)?;
    if let LinkText::Posix(text) = &hop.text {
        return named_posix(drives, at, text);
    }
    let to = hop.to.clone()?;
    let (Some(dir), Some(name)) = (to.parent(), to.path.file_name()) else {
        return Some(to);
    };
    found(resolve::resolve(drives, &dir)).map(|dir| dir.join(&name))
}

/// `..` behind a link leads to where the link led from, so no text can be worked off here.
fn named_posix(drives: &Drives, at: &Place, text: &[u8]) -> Option<Place> {
    let end = text
        .iter()
        .rposition(|b| *b != b'/')
        .map_or(0, |last| last + 1);
    let text = text.get(..end)?;
    let start = text
        .iter()
        .rposition(|b| *b == b'/')
        .map_or(0, |slash| slash + 1);
    let (dir, name) = text.split_at(start);
    let as_if = |text: &[u8]| {
        let text = LinkText::Posix(text.to_vec());
        found(resolve::resolve_as_if(drives, at, text, false))
    };
    if matches!(name, b"" | b"." | b"..") {
        return as_if(if text.is_empty() { b"/" } else { text });
    }
    let name = Name::from_bytes(name).ok()?;
    let dir = match dir {
        [] => at.parent()?,
        dir => as_if(dir)?,
    };
    Some(dir.join(&name))
}

fn found(resolution: Resolution) -> Option<Place> {
    match resolution.end {
        End::Found { place, .. } => Some(place),
        _ => None,
    }
}

/// Those whose way does not go through another one at fault; all, where each waits for another.
fn first_ones(drives: &Drives, impact: &Impact, faults: &[(usize, Place)]) -> Vec<(usize, Place)> {
    let at_fault: std::collections::HashSet<&Place> = faults
        .iter()
        .filter_map(|(number, _)| impact.links.get(*number))
        .map(|link| &link.at)
        .collect();
    let waits = |number: usize| {
        let Some(link) = impact.links.get(number) else {
            return false;
        };
        let way = link.before.hops.iter().skip(1);
        let named = named(drives, &link.at);
        // A link that is the very thing named is not on the way to it.
        way.filter(|hop| Some(&hop.at) != named.as_ref())
            .any(|hop| at_fault.contains(&hop.at) && is_before(link, &hop.at, named.as_ref()))
    };
    let (later, now): (Vec<_>, Vec<_>) = faults.iter().cloned().partition(|(n, _)| waits(*n));
    if now.is_empty() { later } else { now }
}

/// Whether a link's way meets the link `hop` before it comes to what its text names.
fn is_before(link: &Affected, hop: &Place, named: Option<&Place>) -> bool {
    let position = |place: &Place| link.before.hops.iter().position(|h| h.at == *place);
    match named.and_then(position) {
        Some(end) => position(hop).is_some_and(|at| at < end),
        None => true,
    }
}

fn mend_one(
    after: &Drives,
    impact: &mut Impact,
    number: usize,
    to: Place,
) -> Result<bool, ImpactError> {
    let Some(link) = impact.links.get(number) else {
        return Ok(false);
    };
    let Some(at) = link.now_at.clone() else {
        return Ok(false);
    };
    let text = match say(after, &at, &link.text, &to, Manner::AsNow) {
        Ok(text) => text,
        Err(why) => {
            impact.beyond.push((number, why.to_string()));
            return Ok(true);
        }
    };
    let volume = after.volume(at.drive)?;
    let entry = volume.entry(&at.path)?;
    let old = volume.link_text(&at.path)?.unwrap_or(link.text.clone());
    if old == text {
        let why = "no text of its kind leads there".to_owned();
        impact.beyond.push((number, why));
        return Ok(true);
    }
    let dir = entry.base == Base::Dir;
    for (step, expect) in rewrite(&*volume, &at.path, &entry, &old, &text, dir) {
        if let Err(error) = volume.apply(std::slice::from_ref(&step)) {
            impact.beyond.push((number, error.to_string()));
            return Ok(true);
        }
        push(&mut impact.mending, at.drive, step, expect);
    }
    impact.mends.push(Mend {
        link: number,
        at,
        text,
        to,
    });
    Ok(true)
}

/// What only the preview made has no id that could be expected.
fn push(
    plan: &mut Plan,
    drive: crate::volume::DriveId,
    step: crate::plan::Step,
    expect: Vec<Expect>,
) {
    let is_real = |expect: &Expect| match expect {
        Expect::Entry { id, .. } => !Preview::is_made_here(*id),
        Expect::Absent(_) | Expect::SameContents { .. } => true,
    };
    plan.push(drive, step, expect.into_iter().filter(is_real).collect());
}
