//! A volume's fast road beside the walk through its directories: both must find the same.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};

use linksmith::entry::{Base, Entry, FileTime, LinkText};
use linksmith::path::{EntryPath, Name, TargetPath};
use linksmith::plan::Step;
use linksmith::reparse::ReparsePoint;
use linksmith::volume::image::ImageVolume;
use linksmith::volume::{Swept, Volume, Wanted, list};
use linksmith_ntfs::device::{Device, Memory};
use linksmith_ntfs::journal::MemoryJournal;

use crate::changes::{Changes, Spot, spots};
use crate::empty_image;

/// What is found, by path.
pub type Finds = BTreeMap<EntryPath, (Entry, Option<LinkText>)>;

/// Without the time of the last read, which reading changes.
fn unread(mut entry: Entry) -> Entry {
    entry.times.accessed = FileTime::default();
    entry
}

fn is_link(entry: &Entry) -> bool {
    entry.tag.is_some() || entry.base == Base::PosixSymlink
}

fn has_several_names(entry: &Entry) -> bool {
    entry.base != Base::Dir && entry.links.is_some_and(|n| n > 1)
}

/// Every link by the plain methods of a volume, one directory after the other.
fn walked(volume: &dyn Volume, below: &EntryPath) -> Finds {
    let mut finds = Finds::new();
    let mut waiting = vec![below.clone()];
    while let Some(dir) = waiting.pop() {
        for entry in list(volume, &dir).expect("a directory that was listed") {
            let at = dir.join(entry.name.as_ref().expect("a listed entry has a name"));
            if entry.is_real_dir() {
                waiting.push(at.clone());
            }
            if is_link(&entry) || has_several_names(&entry) {
                let text = is_link(&entry).then(|| {
                    let text = volume.link_text(&at).expect("a link that was listed");
                    text.expect("it says something")
                });
                finds.insert(at, (unread(entry), text));
            }
        }
    }
    finds
}

/// By the fast road.
///
/// # Panics
/// Where the volume has none, or anything cannot be read.
pub fn swept(volume: &dyn Volume, below: &EntryPath, wanted: Wanted) -> Finds {
    let finds = Mutex::new(Finds::new());
    volume
        .sweep(below, wanted, &|swept| {
            match swept {
                Swept::Found(found) => {
                    let text = found.text.map(|text| text.expect("it can be read"));
                    let before = finds
                        .lock()
                        .expect("no thread panicked")
                        .insert(found.at, (unread(found.entry), text));
                    assert!(before.is_none(), "found once: {before:?}");
                }
                Swept::Failed(error) => panic!("{error}"),
                Swept::Way(_) => {}
            }
            ControlFlow::Continue(())
        })
        .expect("it has a fast road")
        .expect("it can be swept");
    finds.into_inner().expect("no thread panicked")
}

/// Holds the two equal for every question below a directory; the number of finds for both kinds.
///
/// # Panics
/// Where they differ.
pub fn check_equal(volume: &dyn Volume, below: &EntryPath) -> usize {
    let all = walked(volume, below);
    for what in [
        Wanted::LINKS,
        Wanted::HARD_LINKS,
        Wanted::LINKS | Wanted::HARD_LINKS,
    ] {
        let mut plain = all.clone();
        plain.retain(|_, (entry, _)| {
            what.contains(Wanted::LINKS) && is_link(entry)
                || what.contains(Wanted::HARD_LINKS) && has_several_names(entry)
        });
        let fast = swept(volume, below, what | Wanted::META | Wanted::TEXT);
        for (at, found) in &plain {
            assert_eq!(fast.get(at), Some(found), "{at:?} of {what:?}");
        }
        assert_eq!(fast.len(), plain.len(), "{what:?}");
    }
    all.len()
}

/// What random volumes held, so that a run can say that it saw something.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tally {
    /// Volumes.
    pub volumes: u64,
    /// Steps that were done.
    pub steps: usize,
    /// Links and names that both roads found.
    pub finds: usize,
    /// The most names of a file: many are spread over extension records.
    pub most_names: u32,
}

/// Makes `cases` volumes of so many random steps, from an image or from an empty volume, and holds the roads of each equal:
/// from the root and from some directory, at some times while it grows old.
///
/// # Panics
/// Where the roads differ; the message has the seed.
pub fn many_cases(image: Option<&[u8]>, seed: u64, cases: u64, steps: usize) -> Tally {
    let mut tally = Tally::default();
    for seed in seed..seed + cases {
        let case = || one_case(image, seed, steps, &mut tally);
        let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(case));
        assert!(
            done.is_ok(),
            "the roads differ on the volume of seed {seed}"
        );
    }
    tally
}

/// How many looks there are while the steps of a volume are done.
const LOOKS: usize = 3;

fn one_case(image: Option<&[u8]>, seed: u64, steps: usize, tally: &mut Tally) {
    let bytes = image.map_or_else(empty_volume, <[u8]>::to_vec);
    let device: Arc<dyn Device> = Arc::new(Memory::new(bytes));
    let journal = Box::new(MemoryJournal::default());
    let volume = ImageVolume::on_with_journal(device, journal).expect("a sound volume");
    let mut changes = Changes::new(seed);
    for _ in 0..LOOKS {
        for _ in 0..steps / LOOKS {
            for step in random_steps(&mut changes, &volume) {
                tally.steps += usize::from(volume.apply(&[step]).is_ok());
            }
        }
        tally.finds += check_equal(&volume, &EntryPath::root());
        let spots = spots(&volume);
        let dirs: Vec<_> = spots.iter().filter(|spot| spot.real_dir).collect();
        if !dirs.is_empty() {
            check_equal(&volume, &changes.rng.pick(&dirs).path);
        }
        let names = spots
            .iter()
            .filter_map(|spot| volume.entry(&spot.path).ok()?.links);
        tally.most_names = tally.most_names.max(names.max().unwrap_or(0));
    }
    tally.volumes += 1;
}

/// Mostly one step of those that all volumes take; now and then what images alone have: every kind of reparse data,
/// long names, so many names that they need extension records.
fn random_steps(changes: &mut Changes, volume: &ImageVolume) -> Vec<Step> {
    let seen = spots(volume);
    match changes.rng.below(20) {
        0..=2 => {
            let link = LinkText::Reparse(any_reparse_point(changes));
            let dir = changes.rng.percent(50);
            let at = new_place(changes, &seen);
            vec![Step::MakeLink { at, link, dir }]
        }
        3 => {
            let files: Vec<_> = seen.iter().filter(|spot| spot.base == Base::File).collect();
            if files.is_empty() {
                return Vec::new();
            }
            let existing = changes.rng.pick(&files).path.clone();
            let names = 0..=changes.rng.below(40);
            let link = |_| Step::HardLink {
                existing: existing.clone(),
                new: new_place(changes, &seen),
            };
            names.map(link).collect()
        }
        _ => vec![changes.step(volume)],
    }
}

/// A place with a name of its own, of up to 120 characters.
fn new_place(changes: &mut Changes, seen: &[Spot]) -> EntryPath {
    let parent = changes.place(seen).parent().unwrap_or_default();
    let number = changes.rng.next_u64();
    let tail = "n".repeat(changes.rng.below(100) as usize);
    parent.join(&Name::try_from(format!("{number:x}{tail}").as_str()).expect("a name"))
}

/// Reparse data of any kind, some so long that they lie outside of the file's record.
fn any_reparse_point(changes: &mut Changes) -> ReparsePoint {
    let rng = &mut changes.rng;
    match rng.below(5) {
        0 => ReparsePoint::wsl_symlink(b"../some/where").expect("it can be stored"),
        1 => ReparsePoint::junction(&TargetPath::parse("C:\\nowhere")).expect("it can be stored"),
        kind => {
            // Of links, of what is no link, of directories that stay directories, of others than Microsoft.
            let tag = *rng.pick(&[0xA000_0010_u32, 0x8000_001B, 0x9000_701A, 0x0000_0042]);
            let header = if tag >> 31 == 1 { 8 } else { 24 };
            let length = rng.below(if kind == 2 { 5000 } else { 60 }) as usize;
            let mut bytes = tag.to_le_bytes().to_vec();
            bytes.extend((length as u16).to_le_bytes());
            bytes.resize(header + length, 7);
            ReparsePoint::from_bytes(bytes).expect("a sound header")
        }
    }
}

/// A small volume with nothing in it.
fn empty_volume() -> Vec<u8> {
    empty_image::of_size(6 << 20).into_bytes()
}
