//! What is foretold of a change, held against what happens.
//!
//! One case: random trees, a random delete, move, rename or new letter; where each link will lead is
//! asked first, then the change is really made and each link is followed again. After a move everything
//! is mended, and every link that led somewhere must lead to the same thing again.

use std::sync::Arc;

#[cfg(unix)]
use linksmith::entry::Base;
use linksmith::ops::execute;
use linksmith::ops::impact::{Change, Effect, Impact, impact};
use linksmith::path::EntryPath;
use linksmith::resolve::{End, Resolution, resolve};
use linksmith::undo::Keep;
use linksmith::volume::{DriveId, Drives, Place, Preview, Volume};

use crate::changes::{Changes, spots};

/// What came of many cases.
#[derive(Debug, Default, Clone, Copy)]
pub struct Tally {
    /// Changes that were foretold and made.
    pub cases: u64,
    /// Links whose fate was compared.
    pub links: u64,
    /// Links that broke or came to mean something else.
    pub hurt: u64,
    /// Of those, links that were mended.
    pub mended: u64,
    /// Links that led somewhere and could not be made to again.
    pub beyond: u64,
}

impl Tally {
    /// Adds another.
    pub fn add(&mut self, other: Self) {
        self.cases += other.cases;
        self.links += other.links;
        self.hurt += other.hurt;
        self.mended += other.mended;
        self.beyond += other.beyond;
    }
}

/// A random change of something on the drives.
pub fn change(changes: &mut Changes, drives: &Drives, below: &Place) -> Option<Change> {
    let ids = drives.ids();
    let pick = |changes: &mut Changes| {
        let drive = *changes.rng.pick(&ids);
        let volume = drives.volume(drive).expect("a drive");
        let spots = spots_below(&*volume, &below.path);
        let spot = (!spots.is_empty()).then(|| changes.rng.pick(&spots).clone());
        (drive, spots, spot)
    };
    let (drive, spots, spot) = pick(changes);
    let at = Place { drive, path: spot? };
    match changes.rng.below(10) {
        0..=2 => Some(Change::Delete { at }),
        3 if drives.letter(drive).is_some() => Some(Change::Reletter { drive, letter: 'Q' }),
        4 if ids.len() > 1 => {
            let (drive, _, _) = pick(changes);
            Some(Change::Move {
                from: at,
                to: Place {
                    drive,
                    path: EntryPath::parse("moved here").expect("a path"),
                },
            })
        }
        _ => {
            let volume = drives.volume(drive).expect("a drive");
            let dirs = spots
                .iter()
                .filter(|path| volume.entry(path).is_ok_and(|entry| entry.is_real_dir()));
            let dirs: Vec<&EntryPath> = dirs.chain([&below.path]).collect();
            let dir = (*changes.rng.pick(&dirs)).clone();
            let name = linksmith::Name::try_from(*changes.rng.pick(&["new", "a", "b", "c"]));
            let path = dir.join(&name.expect("a name"));
            Some(Change::Move {
                from: at,
                to: Place { drive, path },
            })
        }
    }
}

fn spots_below(volume: &dyn Volume, below: &EntryPath) -> Vec<EntryPath> {
    if below.is_root() {
        return spots(volume).into_iter().map(|spot| spot.path).collect();
    }
    let mut all = Vec::new();
    let mut waiting = vec![below.clone()];
    while let Some(dir) = waiting.pop() {
        for entry in linksmith::volume::list(volume, &dir).expect("a directory") {
            let path = dir.join(entry.name.as_ref().expect("a name"));
            if entry.is_real_dir() {
                waiting.push(path.clone());
            }
            all.push(path);
        }
    }
    all
}

/// One case. `None` where the change cannot be made, which then really fails too.
///
/// `look` is asked where a link really leads: it gets the link's place and the resolution foretold.
///
/// # Panics
/// Where something was foretold wrongly.
pub fn one_case(
    changes: &mut Changes,
    drives: &Drives,
    below: &Place,
    look: &dyn Fn(&Place, &Resolution) -> Result<(), String>,
    seed: u64,
) -> Option<Tally> {
    let change = change(changes, drives, below)?;
    let roots: Vec<Place> = drives
        .ids()
        .into_iter()
        .map(|drive| Place {
            drive,
            path: below.path.clone(),
        })
        .collect();
    let foretold = impact(drives, &change, &roots).ok()?;
    if let Change::Reletter { drive, letter } = &change {
        drives.reletter(*drive, *letter).expect("a free letter");
    }
    let told = |e| panic!("seed {seed}: {change:?}: {e}");
    execute(&foretold.change, drives, Keep::DEFAULT.or_lose(), None).unwrap_or_else(told);
    let mut tally = Tally {
        cases: 1,
        ..Tally::default()
    };
    for link in &foretold.links {
        let (Some(at), Some(after)) = (&link.now_at, &link.after) else {
            continue;
        };
        tally.links += 1;
        tally.hurt += u64::from(matches!(link.effect, Effect::Breaks | Effect::Changes));
        let really = resolve(drives, at);
        if let Err(why) = same(&really, after).and_then(|()| look(at, after)) {
            panic!("seed {seed}: {change:?}: {:?} at {at:?}: {why}", link.at);
        }
    }
    if !matches!(change, Change::Delete { .. }) {
        execute(&foretold.mending, drives, Keep::DEFAULT.or_lose(), None).unwrap_or_else(told);
        mended(drives, &change, &foretold, look, &mut tally, seed);
    }
    Some(tally)
}

fn same(really: &Resolution, foretold: &Resolution) -> Result<(), String> {
    let wrong = || {
        Err(format!(
            "foretold {}, really {}",
            brief(foretold),
            brief(really)
        ))
    };
    match (&really.end, &foretold.end) {
        (End::Found { place: a, entry: x }, End::Found { place: b, entry: y }) => {
            let is_one = x.id == y.id || Preview::is_made_here(y.id);
            if a == b && is_one { Ok(()) } else { wrong() }
        }
        (a, b) if a.status() == b.status() => Ok(()),
        _ => wrong(),
    }
}

fn brief(resolution: &Resolution) -> String {
    let hops = resolution.hops.iter().map(|hop| {
        let target = hop.target.as_ref().map(|t| t.display().into_owned());
        format!("{}:{:?} says {target:?}; ", hop.at.drive.0, hop.at.path)
    });
    let end = match &resolution.end {
        End::Found { place, entry } => format!("{}:{:?} {}", place.drive.0, place.path, entry.id),
        other => format!("{other:?}"),
    };
    hops.collect::<String>() + &end
}

/// After mending each link leads to what it led to before.
fn mended(
    drives: &Drives,
    change: &Change,
    foretold: &Impact,
    look: &dyn Fn(&Place, &Resolution) -> Result<(), String>,
    tally: &mut Tally,
    seed: u64,
) {
    for (number, link) in foretold.links.iter().enumerate() {
        let (End::Found { place, entry }, Some(at)) = (&link.before.end, &link.now_at) else {
            continue;
        };
        let really = resolve(drives, at);
        let should = change.place(drives, place);
        let is_same = match &really.end {
            End::Found {
                place: now,
                entry: there,
            } => there.id == entry.id || entry.base == there.base && Some(now) == should.as_ref(),
            _ => false,
        };
        if is_same {
            look(at, &really).unwrap_or_else(|why| panic!("seed {seed}: {at:?}: {why}"));
            tally.mended += u64::from(link.effect != Effect::Keeps);
        } else if foretold.beyond.iter().any(|(n, _)| *n == number) {
            tally.beyond += 1;
        } else {
            let chained = really.hops.iter().any(|hop| {
                foretold.beyond.iter().any(|(n, _)| {
                    foretold
                        .links
                        .get(*n)
                        .is_some_and(|l| l.now_at.as_ref() == Some(&hop.at))
                })
            });
            assert!(
                chained,
                "seed {seed}: {change:?}: {:?} is not mended:\nwas {}\nis  {}\nmends {:?}\nbeyond {:?}",
                link.at,
                brief(&link.before),
                brief(&really),
                foretold.mends,
                foretold.beyond
            );
            tally.beyond += 1;
        }
    }
}

/// Many cases on two Windows drives that `new` makes; the number is the seed and 0 or 1.
pub fn on_drives(new: &dyn Fn(u64, u64) -> Arc<dyn Volume>, seed: u64, cases: u64) -> Tally {
    let mut tally = Tally::default();
    let mut seed = seed;
    let below = Place {
        drive: DriveId(0),
        path: EntryPath::root(),
    };
    while tally.cases < cases {
        let (c, d) = (new(seed, 0), new(seed, 1));
        let mut changes = Changes::new(seed);
        changes.fill(&*c, 26);
        changes.letter = 'D';
        changes.fill(&*d, 10);
        changes.elsewhere = Some(spots(&*d));
        changes.fill(&*c, 8);
        changes.letter = 'C';
        changes.elsewhere = Some(spots(&*c));
        changes.fill(&*d, 8);
        changes.elsewhere = None;
        let drives = Drives::attached([('C', c), ('D', d)]).expect("drives");
        for _ in 0..4 {
            tally.add(
                one_case(&mut changes, &drives, &below, &|_, _| Ok(()), seed).unwrap_or_default(),
            );
        }
        seed += 1;
    }
    tally
}

/// Many cases in folders of this machine, held against what the system itself says.
///
/// # Panics
/// Where something was foretold wrongly.
#[cfg(unix)]
pub fn on_host(folder: &std::path::Path, seed: u64, cases: u64) -> Tally {
    use linksmith::volume::posix::PosixVolume;
    use std::os::unix::ffi::OsStrExt;
    let mut tally = Tally::default();
    let mut seed = seed;
    while tally.cases < cases {
        let dir = folder.join(seed.to_string());
        std::fs::create_dir(&dir).expect("a folder");
        let tree = PosixVolume::at(&dir).expect("a volume");
        let mut changes = Changes::new(seed);
        changes.root = dir.to_str().expect("a plain path").to_owned();
        changes.fill(&tree, 26);
        let drives = Drives::host().expect("the machine");
        let below = Place {
            drive: DriveId(0),
            path: EntryPath::parse(dir.as_os_str().as_bytes()).expect("a path"),
        };
        for _ in 0..4 {
            tally.add(
                one_case(&mut changes, &drives, &below, &ask_system, seed).unwrap_or_default(),
            );
        }
        #[allow(clippy::disallowed_methods, reason = "a folder of the test itself")]
        std::fs::remove_dir_all(&dir).expect("the folder");
        seed += 1;
    }
    tally
}

/// The system follows the link itself.
#[cfg(unix)]
#[allow(
    clippy::disallowed_methods,
    reason = "to follow links is the question here"
)]
fn ask_system(at: &Place, foretold: &Resolution) -> Result<(), String> {
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::MetadataExt;
    let path = [b"/", at.path.as_bytes()].concat();
    let path = std::path::Path::new(std::ffi::OsStr::from_bytes(&path));
    match (std::fs::metadata(path), &foretold.end) {
        (Ok(found), End::Found { entry, .. }) => {
            let is_dir = entry.base == Base::Dir;
            let same = Preview::is_made_here(entry.id) || u128::from(found.ino()) == entry.id.file;
            if same && found.is_dir() == is_dir {
                return Ok(());
            }
            Err(format!("the system finds {found:?}, not {entry:?}"))
        }
        (Err(_), end) if !matches!(end, End::Found { .. }) => Ok(()),
        (found, end) => Err(format!("the system says {found:?}, not {end:?}")),
    }
}
