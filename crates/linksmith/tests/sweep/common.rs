use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Mutex;

use linksmith::entry::{Base, Entry, FileTime, LinkText};
use linksmith::path::EntryPath;
use linksmith::volume::{Swept, Volume, Wanted, list};

/// What is found, by path.
pub(crate) type Finds = BTreeMap<EntryPath, (Entry, Option<LinkText>)>;

/// Without the time of the last read, which reading changes.
fn unread(mut entry: Entry) -> Entry {
    entry.times.accessed = FileTime::default();
    entry
}

/// By the plain methods of a volume, one directory after the other.
pub(crate) fn walked(volume: &dyn Volume, below: &EntryPath, wanted: Wanted) -> Finds {
    let mut finds = Finds::new();
    let mut waiting = vec![below.clone()];
    while let Some(dir) = waiting.pop() {
        for entry in list(volume, &dir).unwrap() {
            let at = dir.join(entry.name.as_ref().unwrap());
            if entry.is_real_dir() {
                waiting.push(at.clone());
            }
            let link = entry.tag.is_some() || entry.base == Base::PosixSymlink;
            let several = entry.base != Base::Dir && entry.links.is_some_and(|n| n > 1);
            let is_wanted = wanted.contains(Wanted::LINKS) && link
                || wanted.contains(Wanted::HARD_LINKS) && several;
            if is_wanted {
                let text = link.then(|| volume.link_text(&at).unwrap().unwrap());
                let text = text.filter(|_| wanted.contains(Wanted::TEXT));
                finds.insert(at, (unread(entry), text));
            }
        }
    }
    finds
}

/// By the fast road.
pub(crate) fn swept(volume: &dyn Volume, below: &EntryPath, wanted: Wanted) -> Finds {
    let finds = Mutex::new(Finds::new());
    volume
        .sweep(below, wanted, &|swept| {
            match swept {
                Swept::Found(found) => {
                    let text = found.text.map(Result::unwrap);
                    let before = finds
                        .lock()
                        .unwrap()
                        .insert(found.at, (unread(found.entry), text));
                    assert!(before.is_none(), "found once: {before:?}");
                }
                Swept::Failed(error) => panic!("{error}"),
            }
            ControlFlow::Continue(())
        })
        .expect("it has a fast road")
        .unwrap();
    finds.into_inner().unwrap()
}

/// Holds the two equal for every question below a directory; the number of finds for both kinds.
pub(crate) fn check_equal(volume: &dyn Volume, below: &EntryPath) -> usize {
    for what in [
        Wanted::LINKS,
        Wanted::HARD_LINKS,
        Wanted::LINKS | Wanted::HARD_LINKS,
    ] {
        let wanted = what
            | Wanted::META
            | if what.contains(Wanted::LINKS) {
                Wanted::TEXT
            } else {
                Wanted::empty()
            };
        assert_eq!(
            swept(volume, below, wanted),
            walked(volume, below, wanted),
            "{wanted:?}"
        );
    }
    walked(volume, below, Wanted::LINKS | Wanted::HARD_LINKS).len()
}
