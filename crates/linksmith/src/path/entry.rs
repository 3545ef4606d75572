//! Where an entry is in a volume.

use std::borrow::Cow;
use std::fmt;

use super::{Name, NameError};

/// Where an entry is in a volume: names from the root joined by `/`; the root itself is empty.
///
/// No volume of any kind takes `/` in a name, so the form is unambiguous on all of them. There is no
/// `.`, no `..`, no drive letter, and by contract no link on the way: a path that leads through a link
/// was resolved before it became an `EntryPath`, and volumes refuse one that does.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct EntryPath(Vec<u8>);

impl EntryPath {
    /// The volume's root directory.
    pub const fn root() -> Self {
        Self(Vec::new())
    }

    /// A path from its names, the root's child first.
    pub fn from_names<'a>(names: impl IntoIterator<Item = &'a Name>) -> Self {
        let mut path = Self::root();
        for name in names {
            path.push(name);
        }
        path
    }

    /// Parses `a/b/c`. Empty components are skipped; `.`, `..` and NUL are errors.
    pub fn parse(text: impl AsRef<[u8]>) -> Result<Self, NameError> {
        let parts = text
            .as_ref()
            .split(|b| *b == b'/')
            .filter(|p| !p.is_empty());
        let mut path = Self::root();
        for part in parts {
            path.push(&Name::from_bytes(part)?);
        }
        Ok(path)
    }

    /// Whether this is the root directory.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The bytes: names joined by `/`.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Goes one name down.
    pub fn push(&mut self, name: &Name) {
        if !self.0.is_empty() {
            self.0.push(b'/');
        }
        self.0.extend_from_slice(name.as_bytes());
    }

    /// Goes one name up; `false` at the root.
    pub fn pop(&mut self) -> bool {
        let end = self.0.iter().rposition(|b| *b == b'/').unwrap_or(0);
        let moved = !self.0.is_empty();
        self.0.truncate(end);
        moved
    }

    /// The entry called `name` in this directory.
    pub fn join(&self, name: &Name) -> Self {
        let mut path = Self(Vec::with_capacity(self.0.len() + 1 + name.as_bytes().len()));
        path.0.extend_from_slice(&self.0);
        path.push(name);
        path
    }

    /// The directory this entry is in; `None` at the root.
    pub fn parent(&self) -> Option<Self> {
        let mut up = self.clone();
        up.pop().then_some(up)
    }

    /// The last name; `None` at the root.
    pub fn file_name(&self) -> Option<Name> {
        self.name_bytes()
            .next_back()
            .and_then(|b| Name::from_bytes(b).ok())
    }

    /// Each name's bytes, the root's child first.
    pub fn name_bytes(&self) -> impl DoubleEndedIterator<Item = &[u8]> {
        self.0.split(|b| *b == b'/').filter(|p| !p.is_empty())
    }

    /// Each name, the root's child first.
    pub fn names(&self) -> impl DoubleEndedIterator<Item = Name> + '_ {
        self.name_bytes().filter_map(|b| Name::from_bytes(b).ok())
    }

    /// Each name after the first `end` bytes of the path, and where its own path ends. `end` is such an
    /// end itself, or 0 for all names.
    pub fn names_after(&self, end: usize) -> impl Iterator<Item = (Name, usize)> + '_ {
        let rest = self.0.get(end..).unwrap_or_default();
        let mut at = end;
        rest.split(|b| *b == b'/').filter_map(move |name| {
            let begin = at;
            at = begin + name.len() + 1;
            let is_name = !name.is_empty();
            let name = is_name.then(|| Name::from_bytes(name).ok()).flatten()?;
            Some((name, at - 1))
        })
    }

    /// The path of which the first `end` bytes are the whole; `end` as [`names_after`](Self::names_after)
    /// gives it.
    pub fn up_to(&self, end: usize) -> Self {
        Self(self.0.get(..end).unwrap_or(&self.0).to_vec())
    }

    /// Whether this is `dir` or lies below it, compared byte for byte.
    pub fn starts_with(&self, dir: &Self) -> bool {
        dir.is_root()
            || self
                .0
                .strip_prefix(dir.0.as_slice())
                .is_some_and(|rest| matches!(rest, [] | [b'/', ..]))
    }

    /// For people: what is not Unicode becomes U+FFFD.
    pub fn display(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.0)
    }
}

impl fmt::Debug for EntryPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.display())
    }
}

impl TryFrom<&str> for EntryPath {
    type Error = NameError;
    fn try_from(text: &str) -> Result<Self, NameError> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> EntryPath {
        EntryPath::parse(text).expect("a path")
    }

    #[test]
    fn up_and_down() {
        let mut p = path("a/b");
        assert_eq!(p.file_name(), Name::try_from("b").ok());
        assert_eq!(p.parent(), Some(path("a")));
        assert!(p.pop() && p.pop() && !p.pop());
        assert!(p.is_root());
        assert_eq!(p.parent(), None);
    }

    #[test]
    fn names_and_where_they_end() {
        let p = path("ab/c/de");
        let names = |end| -> Vec<(String, String)> {
            p.names_after(end)
                .map(|(name, end)| {
                    let name = String::from_utf8_lossy(name.as_bytes()).into_owned();
                    (name, p.up_to(end).display().into_owned())
                })
                .collect()
        };
        let pair = |name: &str, path: &str| (name.to_owned(), path.to_owned());
        let all = [pair("ab", "ab"), pair("c", "ab/c"), pair("de", "ab/c/de")];
        assert_eq!(names(0), all);
        assert_eq!(names(2), all[1..]);
        assert_eq!(names(4), all[2..]);
        assert_eq!(names(7), []);
        assert_eq!(EntryPath::root().names_after(0).count(), 0);
    }

    #[test]
    fn below_is_by_whole_names() {
        assert!(path("a/b").starts_with(&path("a")));
        assert!(path("a").starts_with(&path("a")));
        assert!(path("a").starts_with(&EntryPath::root()));
        assert!(!path("ab").starts_with(&path("a")));
    }

    #[test]
    fn dots_are_refused() {
        assert_eq!(EntryPath::parse("a/../b"), Err(NameError::Dots));
    }
}
