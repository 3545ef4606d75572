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
        for entry in list(volume, &dir).unwrap() {
            let at = dir.join(entry.name.as_ref().unwrap());
            if entry.is_real_dir() {
                waiting.push(at.clone());
            }
            if is_link(&entry) || has_several_names(&entry) {
                let text = is_link(&entry).then(|| volume.link_text(&at).unwrap().unwrap());
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
                Swept::Way(_) => {}
            }
            ControlFlow::Continue(())
        })
        .expect("it has a fast road")
        .unwrap();
    finds.into_inner().unwrap()
}

/// Holds the two equal for every question below a directory; the number of finds for both kinds.
pub(crate) fn check_equal(volume: &dyn Volume, below: &EntryPath) -> usize {
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
