//! Links that do not work or are not written well, and what would mend each.
//!
//! Where a link leads nowhere the thing it meant is looked for by what is known of it: the name at the
//! end of its target, the names before that, how far from there it lies now. Nothing is certain about
//! such a find, so it has a score, and it is for the caller to say which score is enough.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::say::{Manner, SayError, rewrite, say};
use crate::entry::{Base, Entry, FileId, LinkText};
use crate::path::{Component, EntryPath, TargetPath};
use crate::plan::Plan;
use crate::reparse::{ReparsePoint, View};
use crate::resolve::{self, End, Located, Part, Status};
use crate::scan::{self, Item, Options};
use crate::volume::{Drives, LocateError, Place, VolumeError};

/// Longest target, in UTF-16 units, that programs without long paths get along with: `MAX_PATH` less
/// its NUL.
pub const LONGEST: usize = 259;

/// What is wrong with a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// It leads nowhere.
    Dangling,
    /// It leads back to itself.
    Loop,
    /// It leads over more links than the system follows.
    TooDeep,
    /// It is made for files and leads to a directory, or the reverse.
    WrongKind,
    /// Its data are malformed.
    Malformed,
    /// Its print name is empty: containers and some programs see no target.
    NoPrintName,
    /// Its target goes round: `a\.\b\..\c`.
    Messy,
    /// Its target is longer than [`LONGEST`] and could be shorter.
    TooLong,
}

impl Fault {
    /// The word for machines.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Dangling => "dangling",
            Self::Loop => "loop",
            Self::TooDeep => "too-deep",
            Self::WrongKind => "wrong-kind",
            Self::Malformed => "malformed",
            Self::NoPrintName => "no-print-name",
            Self::Messy => "messy",
            Self::TooLong => "too-long",
        }
    }
}

/// One way to mend a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Where it would lead.
    pub to: Option<Place>,
    /// What it would say.
    pub text: LinkText,
    /// Whether a directory would carry it.
    pub dir: bool,
    /// How likely it is what was meant, up to 100.
    pub score: u8,
    /// Why, in words.
    pub why: String,
}

/// A link with a fault.
#[derive(Debug)]
pub struct Repair {
    /// The link.
    pub link: Located,
    /// What is wrong.
    pub fault: Fault,
    /// What would mend it, the likeliest first.
    pub candidates: Vec<Candidate>,
}

/// What a link led to when somebody looked last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// Which file that was. Systems other than NTFS give a number again once its file is gone.
    pub id: FileId,
    /// Its bytes then.
    pub size: u64,
}

/// What links led to, by the links' places.
pub type Identities = HashMap<Place, Identity>;

/// What [`find`] found.
#[derive(Debug, Default)]
pub struct Findings {
    /// Faulty links, in the order of their places.
    pub repairs: Vec<Repair>,
    /// What could not be read.
    pub failed: Vec<(Place, String)>,
}

/// Every faulty link below `roots`. What a link may have meant is looked for there too, by its name and
/// by what is `known` of it from an earlier look.
///
/// # Errors
/// Where a root cannot be read at all.
pub fn find(drives: &Drives, roots: &[Place], known: &Identities) -> Result<Findings, LocateError> {
    let seen = Mutex::new(Seen::default());
    let options = Options {
        everything: true,
        meta: true,
        ..Options::default()
    };
    for root in roots {
        scan::scan(drives, root, options, &|item| {
            let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
            match item {
                Item::Found(hit) if hit.entry.is_link() => {
                    seen.links.extend(hit.inspect(drives));
                }
                Item::Found(hit) => seen.note(hit.place, &hit.entry),
                Item::Failed { place, error } => seen.failed.push((place, error.to_string())),
            }
            std::ops::ControlFlow::Continue(())
        })?;
    }
    let mut seen = seen.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut links = std::mem::take(&mut seen.links);
    links.sort_by(|a, b| a.place.cmp(&b.place));
    links.dedup_by(|a, b| a.place == b.place);
    let repairs = links.into_iter().filter_map(|link| {
        let fault = fault(drives, &link)?;
        let mut candidates = match fault {
            Fault::Dangling => seen.candidates(drives, &link, known.get(&link.place).copied()),
            Fault::Loop | Fault::TooDeep | Fault::Malformed => Vec::new(),
            _ => rewritten(drives, &link, fault).into_iter().collect(),
        };
        candidates.sort_by(|a, b| b.score.cmp(&a.score).then_with(|| a.to.cmp(&b.to)));
        Some(Repair {
            link,
            fault,
            candidates,
        })
    });
    let repairs = repairs.collect();
    let failed = seen.failed;
    Ok(Findings { repairs, failed })
}

/// The first thing that is wrong, the worst one first.
fn fault(drives: &Drives, link: &Located) -> Option<Fault> {
    match link.status {
        Status::Dangling => return Some(Fault::Dangling),
        Status::Loop => return Some(Fault::Loop),
        Status::TooDeep => return Some(Fault::TooDeep),
        Status::WrongKind => {
            let own = link.resolution.as_ref().map(|r| &r.end);
            // A link behind it may be the one of the wrong kind.
            let is_it = matches!(own, Some(End::WrongKind { at, .. }) if *at == link.place);
            return is_it.then_some(Fault::WrongKind);
        }
        Status::Invalid => return Some(Fault::Malformed),
        Status::Unreachable | Status::Denied => return None,
        Status::Ok => {}
    }
    let text = link.text.as_ref()?;
    if let LinkText::Reparse(data) = text {
        if matches!(data.view(), Ok(View::Symlink { print, .. } | View::MountPoint { print, .. }) if print.is_empty())
        {
            return Some(Fault::NoPrintName);
        }
    }
    let target = target(text)?;
    if is_messy(&target) {
        return rewritten(drives, link, Fault::Messy).map(|_| Fault::Messy);
    }
    let units = target.display().encode_utf16().count();
    if units > LONGEST && rewritten(drives, link, Fault::TooLong).is_some() {
        return Some(Fault::TooLong);
    }
    None
}

fn target(text: &LinkText) -> Option<TargetPath> {
    match text {
        LinkText::Posix(text) => Some(TargetPath::parse_posix(text)),
        LinkText::Reparse(data) => data.view().ok()?.target(),
    }
}

/// `.` anywhere but alone, and `..` behind a name.
fn is_messy(target: &TargetPath) -> bool {
    let parts = target.components();
    let dots = parts.len() > 1 && parts.contains(&Component::Current);
    let mut names = false;
    let back = parts.iter().any(|part| {
        names |= matches!(part, Component::Name(_));
        names && *part == Component::Parent
    });
    dots || back
}

/// The same target written well. It has to lead to the very same.
fn rewritten(drives: &Drives, link: &Located, fault: Fault) -> Option<Candidate> {
    let old = link.text.as_ref()?;
    let resolution = link.resolution.as_ref()?;
    let dir = link.entry.base == Base::Dir;
    let (text, dir, why) = match fault {
        Fault::WrongKind => (old.clone(), !dir, "made for what it leads to"),
        Fault::NoPrintName => (with_print_name(old)?, dir, "the print name written"),
        Fault::TooLong => {
            let End::Found { place, .. } = &resolution.end else {
                return None;
            };
            let text = say(drives, &link.place, old, place, Manner::Relative).ok()?;
            let units = target(&text)?.display().encode_utf16().count();
            if units > LONGEST {
                return None;
            }
            (text, dir, "from its own folder")
        }
        _ => {
            let to = resolution.hops.first()?.to.clone()?;
            (
                say(drives, &link.place, old, &to, Manner::AsNow).ok()?,
                dir,
                "the straight way",
            )
        }
    };
    let there = resolve::resolve_as_if(drives, &link.place, text.clone(), dir).end;
    let same = match (&resolution.end, &there) {
        (End::Found { entry: a, .. }, End::Found { entry: b, .. }) => a.id == b.id,
        (End::WrongKind { .. }, End::Found { .. }) => true,
        _ => false,
    };
    let to = match there {
        End::Found { place, .. } => Some(place),
        _ => None,
    };
    let is_other = text != *old || fault == Fault::WrongKind;
    (same && is_other).then(|| Candidate {
        to,
        text,
        dir,
        score: 100,
        why: why.to_owned(),
    })
}

fn with_print_name(old: &LinkText) -> Option<LinkText> {
    let LinkText::Reparse(data) = old else {
        return None;
    };
    let view = data.view().ok()?;
    let target = view.target()?;
    let print = target.to_win32();
    let point = match view {
        View::Symlink { flags, .. } => ReparsePoint::symlink_from_names(&target, &print, flags),
        View::MountPoint { .. } => ReparsePoint::mount_point_from_names(&target, &print),
        _ => return None,
    };
    point.ok().map(LinkText::Reparse)
}

/// Something that a link may have meant.
#[derive(Clone)]
struct Thing {
    place: Place,
    base: Base,
    size: u64,
    id: FileId,
}

#[derive(Default)]
struct Seen {
    links: Vec<Located>,
    /// What there is, by its name without case.
    by_name: HashMap<String, Vec<Thing>>,
    by_id: HashMap<FileId, Vec<Thing>>,
    failed: Vec<(Place, String)>,
}

impl Seen {
    fn note(&mut self, place: Place, entry: &Entry) {
        if let Some(name) = &entry.name {
            let here = self
                .by_name
                .entry(name.display().to_uppercase())
                .or_default();
            let thing = Thing {
                place,
                base: entry.base,
                size: entry.size,
                id: entry.id,
            };
            self.by_id.entry(entry.id).or_default().push(thing.clone());
            here.push(thing);
        }
    }

    fn candidates(
        &self,
        drives: &Drives,
        link: &Located,
        known: Option<Identity>,
    ) -> Vec<Candidate> {
        let (Some(lost), Some(old)) = (lost(link), link.text.as_ref()) else {
            return Vec::new();
        };
        let Some(name) = lost.path.file_name() else {
            return Vec::new();
        };
        let carrier = link.entry.tag.map(|_| link.entry.base);
        let fits = |thing: &&Thing| carrier.is_none_or(|carrier| carrier == thing.base);
        let found = self.by_name.get(&name.display().to_uppercase());
        let named: Vec<&Thing> = found.into_iter().flatten().filter(fits).collect();
        let alike = all_alike(drives, &named);
        let same_file = known.and_then(|known| self.by_id.get(&known.id));
        let same_file = same_file.into_iter().flatten().filter(fits);
        let renamed = same_file.filter(|thing| !named.iter().any(|n| n.place == thing.place));
        let candidate = |thing: &Thing, (score, why): (u8, String)| {
            let to = &thing.place;
            let text = say(drives, &link.place, old, to, Manner::AsNow).ok()?;
            let dir = thing.base == Base::Dir && matches!(text, LinkText::Reparse(_));
            Some(Candidate {
                to: Some(to.clone()),
                text,
                dir,
                score,
                why,
            })
        };
        let by_id = renamed.filter_map(|thing| candidate(thing, score_of_same(thing, known)));
        let by_name = named.iter().filter_map(|thing| {
            let by_name = score(&lost.path, &thing.place.path, named.len(), alike);
            candidate(thing, with_identity(thing, known, by_name))
        });
        by_id.chain(by_name).collect()
    }
}

/// Where the link would have ended.
fn lost(link: &Located) -> Option<Place> {
    match &link.resolution.as_ref()?.end {
        End::Missing { place, rest } => {
            let mut place = place.clone();
            for part in rest {
                match part {
                    Part::Name(name) => place.path.push(name),
                    Part::Up => drop(place.path.pop()),
                }
            }
            Some(place)
        }
        _ => None,
    }
}

/// Whether several finds hold the same, so that it does not matter which one is taken.
fn all_alike(drives: &Drives, found: &[&Thing]) -> bool {
    let [first, rest @ ..] = found else {
        return false;
    };
    let small = first.base == Base::File && first.size <= 1 << 20;
    let same_size = |thing: &&Thing| thing.base == Base::File && thing.size == first.size;
    small
        && !rest.is_empty()
        && rest.iter().all(same_size)
        && read(drives, &first.place).is_some_and(|bytes| {
            rest.iter()
                .all(|thing| read(drives, &thing.place).as_ref() == Some(&bytes))
        })
}

/// The very file under another name. Where its size is another too it may be a new file that got the
/// number of the old one: that is not certain enough by itself.
fn score_of_same(thing: &Thing, known: Option<Identity>) -> (u8, String) {
    if known.is_some_and(|known| known.size == thing.size) {
        (95, "the same file under another name".to_owned())
    } else {
        (
            50,
            "a file of the same number, but of another name and size".to_owned(),
        )
    }
}

/// A find by its name, and whether it is the very file, or as large.
fn with_identity(
    thing: &Thing,
    known: Option<Identity>,
    (score, why): (u8, String),
) -> (u8, String) {
    match known {
        Some(known) if known.id == thing.id => (99, "the same file".to_owned()),
        Some(known) if known.size == thing.size && thing.base == Base::File => {
            ((score + 10).min(94), why + ", of the same size")
        }
        _ => (score.min(94), why),
    }
}

fn read(drives: &Drives, place: &Place) -> Option<Vec<u8>> {
    let volume = drives.volume(place.drive).ok()?;
    let mut bytes = Vec::new();
    let mut reader = volume.read(&place.path).ok()?;
    std::io::Read::read_to_end(&mut reader, &mut bytes).ok()?;
    Some(bytes)
}

/// How likely a find is what was lost: the only one of its name, the same folders above it, near.
fn score(lost: &EntryPath, found: &EntryPath, finds: usize, alike: bool) -> (u8, String) {
    let names = |path: &EntryPath| -> Vec<String> {
        path.names().map(|n| n.display().to_uppercase()).collect()
    };
    let (lost_names, found_names) = (names(lost), names(found));
    let backwards = lost_names.iter().rev().zip(found_names.iter().rev());
    let tail = backwards.take_while(|(a, b)| a == b).count();
    let forwards = lost_names.iter().zip(&found_names);
    let head = forwards.take_while(|(a, b)| a == b).count();
    let (mut score, mut why) = match finds {
        1 => (60, "the only one of this name".to_owned()),
        n if alike => (
            55,
            format!("one of {n} of this name with the same contents"),
        ),
        n => (30, format!("one of {n} of this name")),
    };
    if tail > 1 {
        score += 20;
        why.push_str(", in a folder of the same name");
    }
    let near = head.min(5) * 2;
    score += near;
    let exact = lost.file_name() == found.file_name();
    if !exact {
        score -= 5;
        why.push_str(", but in other case");
    }
    (u8::try_from(score.min(99)).unwrap_or(99), why)
}

/// Why a repair cannot be planned.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RepairError {
    /// A drive is not there.
    #[error(transparent)]
    Locate(#[from] LocateError),
    /// A volume failed.
    #[error(transparent)]
    Volume(#[from] VolumeError),
    /// A text cannot be made.
    #[error(transparent)]
    Say(#[from] SayError),
}

/// Adds the steps of one repair.
///
/// # Errors
/// Where the link cannot be looked at again.
pub fn plan(
    drives: &Drives,
    repair: &Repair,
    candidate: &Candidate,
    plan: &mut Plan,
) -> Result<(), RepairError> {
    let place = &repair.link.place;
    let volume = drives.volume(place.drive)?;
    let entry = volume.entry(&place.path)?;
    let Some(old) = &repair.link.text else {
        return Ok(());
    };
    let steps = rewrite(
        &*volume,
        &place.path,
        &entry,
        old,
        &candidate.text,
        candidate.dir,
    );
    for (step, expect) in steps {
        plan.push(place.drive, step, expect);
    }
    Ok(())
}
