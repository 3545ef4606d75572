//! The switches of `dir`.

use linksmith::{Attributes, Entry};

/// Which time a listing shows and sorts by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum TimeField {
    /// `/T:C`
    Created,
    /// `/T:A`
    Accessed,
    /// `/T:W`
    #[default]
    Written,
}

/// What a listing is sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    /// `N`
    Name,
    /// `E`
    Extension,
    /// `S`
    Size,
    /// `D`
    Date,
    /// `G`: directories first.
    Directories,
}

/// `/A`: flags an entry must have, flags it must not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Filter {
    with: Attributes,
    without: Attributes,
}

impl Default for Filter {
    fn default() -> Self {
        Self {
            with: Attributes::empty(),
            without: Attributes::HIDDEN | Attributes::SYSTEM,
        }
    }
}

impl Filter {
    pub(super) fn takes(self, attributes: Attributes) -> bool {
        attributes.contains(self.with) && !attributes.intersects(self.without)
    }
}

/// The attribute flags `dir` goes by: those of the entry, made whole where a volume leaves some out.
pub(super) fn attributes(entry: &Entry) -> Attributes {
    let mut attributes = entry.attributes;
    if entry.base == linksmith::Base::Dir {
        attributes |= Attributes::DIRECTORY;
    }
    if entry.is_link() {
        attributes |= Attributes::REPARSE_POINT;
    }
    attributes
}

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Options {
    pub filter: Filter,
    pub bare: bool,
    pub recurse: bool,
    pub lower: bool,
    pub order: Vec<(Key, bool)>,
    pub time: TimeField,
    pub short_names: bool,
    pub commas: bool,
    pub pause: bool,
    pub owner: bool,
    pub wide: bool,
    pub by_column: bool,
    pub streams: bool,
    pub help: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            filter: Filter::default(),
            bare: false,
            recurse: false,
            lower: false,
            order: Vec::new(),
            time: TimeField::Written,
            short_names: false,
            commas: true,
            pause: false,
            owner: false,
            wide: false,
            by_column: false,
            streams: false,
            help: false,
        }
    }
}

impl Options {
    /// Takes one switch, such as `/B`, `/-C`, `/A:DH-S`; `false` where it is none.
    pub(super) fn take(&mut self, switch: &str) -> bool {
        let Some(body) = switch.strip_prefix('/') else {
            return false;
        };
        let upper = body.to_ascii_uppercase();
        let (on, upper) = match upper.strip_prefix('-') {
            Some(rest) => (false, rest),
            None => (true, upper.as_str()),
        };
        let mut chars = upper.chars();
        let Some(letter) = chars.next() else {
            return false;
        };
        let value = chars.as_str();
        let value = value.strip_prefix(':').unwrap_or(value);
        match letter {
            'A' => return self.take_attributes(on, value),
            'O' => return self.take_order(on, value),
            'T' => return self.take_time(value),
            _ if !chars.as_str().is_empty() => return false,
            _ => {}
        }
        self.take_plain(letter, on)
    }

    fn take_plain(&mut self, letter: char, on: bool) -> bool {
        match letter {
            'B' => self.bare = on,
            'S' => self.recurse = on,
            'L' => self.lower = on,
            'N' => self.wide &= !on,
            'X' => self.short_names = on,
            'C' => self.commas = on,
            // Years have four digits in the en-US format in any case.
            '4' => {}
            'P' => self.pause = on,
            'Q' => self.owner = on,
            'W' => self.wide = on,
            'D' => (self.wide, self.by_column) = (on, on),
            'R' => self.streams = on,
            '?' => self.help = on,
            _ => return false,
        }
        true
    }

    fn take_attributes(&mut self, on: bool, value: &str) -> bool {
        if !on {
            self.filter = Filter::default();
            return value.is_empty();
        }
        let mut filter = Filter {
            with: Attributes::empty(),
            without: Attributes::empty(),
        };
        let mut want = true;
        for c in value.chars() {
            let flag = match c {
                '-' => {
                    want = false;
                    continue;
                }
                'D' => Attributes::DIRECTORY,
                'H' => Attributes::HIDDEN,
                'S' => Attributes::SYSTEM,
                'L' => Attributes::REPARSE_POINT,
                'R' => Attributes::READONLY,
                'A' => Attributes::ARCHIVE,
                'I' => Attributes::NOT_CONTENT_INDEXED,
                'O' => Attributes::OFFLINE,
                _ => return false,
            };
            let set = if want {
                &mut filter.with
            } else {
                &mut filter.without
            };
            *set |= flag;
            want = true;
        }
        self.filter = filter;
        want
    }

    fn take_order(&mut self, on: bool, value: &str) -> bool {
        if !on {
            self.order.clear();
            return value.is_empty();
        }
        if value.is_empty() {
            self.order = vec![(Key::Directories, true), (Key::Name, true)];
            return true;
        }
        let (mut order, mut ascending) = (Vec::new(), true);
        for c in value.chars() {
            let key = match c {
                '-' => {
                    ascending = false;
                    continue;
                }
                'N' => Key::Name,
                'E' => Key::Extension,
                'S' => Key::Size,
                'D' => Key::Date,
                'G' => Key::Directories,
                _ => return false,
            };
            order.push((key, ascending));
            ascending = true;
        }
        self.order = order;
        ascending
    }

    fn take_time(&mut self, value: &str) -> bool {
        self.time = match value {
            "C" => TimeField::Created,
            "A" => TimeField::Accessed,
            "W" => TimeField::Written,
            _ => return false,
        };
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(switches: &[&str]) -> Option<Options> {
        let mut options = Options::default();
        switches.iter().all(|s| options.take(s)).then_some(options)
    }

    #[test]
    fn switches() {
        let check = |switches: &[&str], change: fn(&mut Options)| {
            let mut want = Options::default();
            change(&mut want);
            assert_eq!(taken(switches), Some(want), "{switches:?}");
        };
        check(&["/b", "/S"], |o| (o.bare, o.recurse) = (true, true));
        check(&["/b", "/-b"], |_| {});
        check(&["/-C"], |o| o.commas = false);
        check(&["/o"], |o| {
            o.order = vec![(Key::Directories, true), (Key::Name, true)];
        });
        check(&["/O:-S"], |o| o.order = vec![(Key::Size, false)]);
        check(&["/tc"], |o| o.time = TimeField::Created);
        check(&["/d"], |o| (o.wide, o.by_column) = (true, true));
        check(&["/AL"], |o| {
            o.filter = Filter {
                with: Attributes::REPARSE_POINT,
                without: Attributes::empty(),
            };
        });
        check(&["/a:d-h"], |o| {
            o.filter = Filter {
                with: Attributes::DIRECTORY,
                without: Attributes::HIDDEN,
            };
        });
    }

    #[test]
    fn what_is_no_switch() {
        for text in [
            "/", "/y", "/bs", "/home", "/A:Z", "/A-", "/T", "/tmp", "/O:Q", "b",
        ] {
            assert_eq!(taken(&[text]), None, "{text}");
        }
    }

    #[test]
    fn hidden_entries_are_left_out_unless_asked_for() {
        let takes = |switch: &str, attributes: Attributes| {
            let mut options = Options::default();
            assert!(switch.is_empty() || options.take(switch));
            options.filter.takes(attributes)
        };
        assert!(takes("", Attributes::ARCHIVE));
        assert!(!takes("", Attributes::HIDDEN));
        assert!(takes("/A", Attributes::HIDDEN | Attributes::SYSTEM));
        assert!(!takes("/AD", Attributes::ARCHIVE));
    }
}
