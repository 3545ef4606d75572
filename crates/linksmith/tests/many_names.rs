//! A file of many names: what a change of them looks at grows with the names that go, not with those there are.

#![allow(clippy::disallowed_methods)]

use std::cmp::Ordering;
use std::io::Read;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use linksmith::entry::{Entry, LinkText};
use linksmith::ops::{Volumes, execute};
use linksmith::path::{EntryPath, Name};
use linksmith::plan::{Plan, Step};
use linksmith::undo::{Keep, inverse};
use linksmith::volume::memory::MemoryVolume;
use linksmith::volume::{
    ApplyError, Caps, DriveId, Sources, Space, Volume, VolumeError, VolumeInfo,
};

const DRIVE: DriveId = DriveId(0);

/// Counts what it is asked for.
struct Counting {
    volume: MemoryVolume,
    entries: AtomicUsize,
    names: AtomicUsize,
}

impl Volume for Counting {
    fn info(&self) -> &VolumeInfo {
        self.volume.info()
    }
    fn entry(&self, at: &EntryPath) -> Result<Entry, VolumeError> {
        self.entries.fetch_add(1, Relaxed);
        self.volume.entry(at)
    }
    fn read_dir(
        &self,
        at: &EntryPath,
        visit: &mut dyn FnMut(Entry) -> ControlFlow<()>,
    ) -> Result<(), VolumeError> {
        self.volume.read_dir(at, visit)
    }
    fn link_text(&self, at: &EntryPath) -> Result<Option<LinkText>, VolumeError> {
        self.volume.link_text(at)
    }
    fn read(&self, at: &EntryPath) -> Result<Box<dyn Read + '_>, VolumeError> {
        self.volume.read(at)
    }
    fn apply_with(&self, steps: &[&Step], sources: &dyn Sources) -> Result<(), ApplyError> {
        self.volume.apply_with(steps, sources)
    }
    fn space(&self) -> Result<Space, VolumeError> {
        self.volume.space()
    }
    fn names(&self, at: &EntryPath) -> Result<Vec<EntryPath>, VolumeError> {
        self.names.fetch_add(1, Relaxed);
        self.volume.names(at)
    }
    fn compare_names(&self, a: &Name, b: &Name) -> Ordering {
        self.volume.compare_names(a, b)
    }
}

struct One(Arc<Counting>);

impl Volumes for One {
    fn volume(&self, drive: DriveId) -> Option<Arc<dyn Volume>> {
        (drive == DRIVE).then(|| Arc::clone(&self.0) as _)
    }
}

fn path(text: &str) -> EntryPath {
    let names: Result<Vec<Name>, _> = text.split('/').map(Name::from_bytes).collect();
    EntryPath::from_names(names.expect("names").iter())
}

fn name(n: usize) -> EntryPath {
    path(&format!("d/name{n:04}"))
}

fn counting(names: usize) -> Arc<Counting> {
    let volume = MemoryVolume::ntfs();
    let mut steps = vec![
        Step::MakeDir { at: path("d") },
        Step::MakeFile {
            at: name(0),
            contents: Vec::new(),
        },
    ];
    steps.extend((1..names).map(|n| Step::HardLink {
        existing: name(0),
        new: name(n),
    }));
    volume.apply(&steps).expect("names are made");
    counted(volume)
}

fn counted(volume: MemoryVolume) -> Arc<Counting> {
    Arc::new(Counting {
        volume,
        entries: AtomicUsize::new(0),
        names: AtomicUsize::new(0),
    })
}

/// Removes all but the last name in one transaction, in some order.
fn remove_all_but_one(names: usize, order: impl Fn(usize) -> usize) -> (usize, usize) {
    let volume = counting(names);
    assert!(volume.info().caps.contains(Caps::TRANSACTION | Caps::NAMES));
    let mut plan = Plan::default();
    for n in 0..names - 1 {
        plan.push(DRIVE, Step::Remove { at: name(order(n)) }, Vec::new());
    }
    execute(&plan, &One(Arc::clone(&volume)), Keep::DEFAULT, None).expect("they go");
    let left = volume.volume.names(&name(names - 1)).expect("a file");
    assert_eq!(left, [name(names - 1)]);
    (volume.entries.load(Relaxed), volume.names.load(Relaxed))
}

#[test]
fn removing_names_looks_at_each_a_few_times() {
    const NAMES: usize = 600;
    for order in [|n| n, |n| NAMES - 2 - n, |n| n * 7 % (NAMES - 1)] {
        let (entries, names) = remove_all_but_one(NAMES, order);
        assert!(entries <= 4 * NAMES, "{entries} entries looked up");
        assert!(names <= 2, "all names listed {names} times");
    }
}

/// Two names of each of many files go, in turn: more names than can be remembered.
#[test]
fn removing_names_in_turn_lists_the_names_of_each_file_once() {
    const FILES: usize = 150;
    const NAMES: usize = 900;
    let at = |file: usize, name: usize| path(&format!("d/f{file:03}n{name:03}"));
    let volume = MemoryVolume::ntfs();
    let mut steps = vec![Step::MakeDir { at: path("d") }];
    for file in 0..FILES {
        let contents = Vec::new();
        let first = at(file, 0);
        steps.push(Step::MakeFile {
            at: first.clone(),
            contents,
        });
        steps.extend((1..NAMES).map(|name| Step::HardLink {
            existing: first.clone(),
            new: at(file, name),
        }));
    }
    volume.apply(&steps).expect("names are made");
    let volume = counted(volume);
    let mut plan = Plan::default();
    for name in 0..2 {
        for file in 0..FILES {
            let at = at(file, name);
            plan.push(DRIVE, Step::Remove { at }, Vec::new());
        }
    }
    execute(&plan, &One(Arc::clone(&volume)), Keep::DEFAULT, None).expect("they go");
    assert_eq!(volume.names.load(Relaxed), FILES);
}

/// The name that goes is no other name, however the way to it is spelled.
#[test]
fn a_directory_in_other_letters_is_no_other_name() {
    let volume = counting(2);
    let at = path("D/NAME0000");
    let mut keep = Keep::DEFAULT;
    let back = inverse(&*volume, &Step::Remove { at }, &mut keep).expect("it can be taken back");
    let again = Step::HardLink {
        existing: name(1),
        new: path("D/name0000"),
    };
    assert_eq!(back.steps, [again]);
}

/// Nor is a name replaced by itself.
#[test]
fn a_directory_in_other_letters_has_the_same_name() {
    let volume = counting(1);
    let step = Step::Rename {
        from: path("D/name0000"),
        to: path("d/NAME0000"),
        replace: true,
    };
    let mut keep = Keep::DEFAULT;
    let back = inverse(&*volume, &step, &mut keep).expect("it can be taken back");
    let again = Step::Rename {
        from: path("d/NAME0000"),
        to: path("D/name0000"),
        replace: false,
    };
    assert_eq!(back.steps, [again]);
}
