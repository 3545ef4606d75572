//! The way to the directory that was looked up last.
//!
//! Most paths are near the one before: a sibling, a child, the directory above. Without this each would be
//! walked from the root, which makes the removal of a tree a thousand levels deep a million walks. A map
//! of paths was rejected: it needs a bound, and what is thrown out when it is full is just what a deep
//! tree asks for next. The way is as long as the tree is deep and no longer.

use linksmith_ntfs::FileRef;

use crate::path::EntryPath;

/// Real directories, no links, from below the root down to the last one that was looked up.
#[derive(Debug, Default)]
pub(super) struct Trail {
    /// The path of the last of them.
    path: Vec<u8>,
    dirs: Vec<Stop>,
    /// How often all was forgotten: a reader that was on its way meanwhile has nothing to add.
    epoch: u64,
}

/// A directory on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stop {
    /// Where its path ends in that of what lies below it.
    pub(super) end: usize,
    pub(super) file: FileRef,
}

/// Where a walk begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Start {
    /// The nearest directory above that is known; `None`: the root.
    pub(super) stop: Option<Stop>,
    epoch: u64,
}

impl Trail {
    /// The directory nearest above `at` that is on the way.
    pub(super) fn start(&self, at: &EntryPath) -> Start {
        let at = at.as_bytes();
        let same = in_common(&self.path, at);
        let within = self.dirs.partition_point(|stop| stop.end <= same);
        let known = self.dirs.get(..within).unwrap_or_default();
        // The last may end in the middle of a name: `a/b` is no way to `a/bc`. The one before ends at the
        // separator that both paths have.
        let mut known = known.iter().rev();
        let stop = known.find(|stop| at.get(stop.end) == Some(&b'/'));
        Start {
            stop: stop.copied(),
            epoch: self.epoch,
        }
    }

    /// Goes on from where a walk to `at` began, over directories that were found to be real ones.
    pub(super) fn extend(&mut self, at: &EntryPath, start: Start, dirs: &[Stop]) {
        if dirs.is_empty() || self.start(at) != start {
            return;
        }
        let kept = match start.stop {
            Some(stop) => self.dirs.partition_point(|there| there.end <= stop.end),
            None => 0,
        };
        self.dirs.truncate(kept);
        self.dirs.extend_from_slice(dirs);
        let end = self.dirs.last().map_or(0, |stop| stop.end);
        self.path.clear();
        self.path
            .extend_from_slice(at.as_bytes().get(..end).unwrap_or_default());
    }

    /// A file is no directory any more, or another path leads to it. By the file and not by its path, of
    /// which there may be several spellings.
    pub(super) fn leave(&mut self, file: FileRef) {
        if let Some(at) = self.dirs.iter().rposition(|stop| stop.file == file) {
            self.dirs.truncate(at);
            let end = self.dirs.last().map_or(0, |stop| stop.end);
            self.path.truncate(end);
        }
    }

    /// The volume was changed.
    pub(super) fn forget(&mut self) {
        self.dirs.clear();
        self.path.clear();
        self.epoch += 1;
    }
}

/// How many bytes two paths begin with alike.
fn in_common(a: &[u8], b: &[u8]) -> usize {
    // In pieces first: paths of deep trees have kilobytes in common.
    const PIECE: usize = 64;
    let pieces = a.chunks_exact(PIECE).zip(b.chunks_exact(PIECE));
    let same = PIECE * pieces.take_while(|(a, b)| a == b).count();
    let rest = a.iter().zip(b).skip(same);
    same + rest.take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> EntryPath {
        EntryPath::parse(text).unwrap()
    }

    fn stop(end: usize, number: u64) -> Stop {
        Stop {
            end,
            file: FileRef::new(number, 1),
        }
    }

    /// A trail to `ab/c/de`.
    fn trail() -> Trail {
        let mut trail = Trail::default();
        let at = path("ab/c/de/file");
        let start = trail.start(&at);
        assert_eq!(start.stop, None);
        trail.extend(&at, start, &[stop(2, 20), stop(4, 21), stop(7, 22)]);
        trail
    }

    #[test]
    fn the_nearest_above_is_where_a_walk_begins() {
        let trail = trail();
        let check = |at: &str, want: Option<Stop>| {
            assert_eq!(trail.start(&path(at)).stop, want, "{at}");
        };
        check("ab/c/de/file", Some(stop(7, 22)));
        check("ab/c/de/x/y/z", Some(stop(7, 22)));
        check("ab/c/de", Some(stop(4, 21)));
        check("ab/c/d", Some(stop(4, 21)));
        check("ab/c/dex/y", Some(stop(4, 21)));
        check("ab/cc/de", Some(stop(2, 20)));
        check("ab", None);
        check("a/c", None);
        check("abc/c", None);
        check("AB/c/de/file", None);
        check("", None);
    }

    #[test]
    fn what_paths_have_in_common() {
        let long = [b'x'; 200];
        for (end, other) in [(0, 0), (1, 63), (64, 64), (65, 100), (130, 199)] {
            let mut b = long;
            b[end] = b'y';
            assert_eq!(in_common(&long, &b), end);
            assert_eq!(in_common(&long[..other], &long), other);
        }
    }

    #[test]
    fn it_goes_on_from_where_a_walk_began() {
        let mut trail = trail();
        let at = path("ab/x/file");
        let start = trail.start(&at);
        trail.extend(&at, start, &[stop(4, 30)]);
        assert_eq!(trail.start(&path("ab/x/y")).stop, Some(stop(4, 30)));
        assert_eq!(trail.start(&path("ab/c/de/file")).stop, Some(stop(2, 20)));
    }

    #[test]
    fn what_was_left_is_not_passed_again() {
        let mut trail = trail();
        trail.leave(FileRef::new(21, 1));
        assert_eq!(trail.start(&path("ab/c/de/file")).stop, Some(stop(2, 20)));
        trail.leave(FileRef::new(99, 1));
        assert_eq!(trail.start(&path("ab/c")).stop, Some(stop(2, 20)));
        trail.leave(FileRef::new(20, 1));
        assert_eq!(trail.start(&path("ab/c")).stop, None);
    }

    #[test]
    fn a_walk_from_before_a_change_adds_nothing() {
        let mut trail = trail();
        let at = path("ab/c/x/file");
        let start = trail.start(&at);
        trail.forget();
        trail.extend(&at, start, &[stop(6, 40)]);
        assert_eq!(trail.start(&at).stop, None);
        // One from the root neither: its end is that of a state that is gone.
        let mut trail = Trail::default();
        let start = trail.start(&at);
        trail.forget();
        trail.extend(&at, start, &[stop(2, 20)]);
        assert_eq!(trail.start(&at).stop, None);
    }
}
