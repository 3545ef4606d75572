//! Random trees and random steps on them, the same ones for the same seed on every volume.

use linksmith::entry::{Attributes, Base, FileTime, LinkText, Times};
use linksmith::path::{EntryPath, Name, TargetPath};
use linksmith::plan::Step;
use linksmith::reparse::ReparsePoint;
use linksmith::volume::{Caps, PathStyle, Volume, list};

use crate::rng::Rng;

const NAMES: [&str; 9] = [
    "a",
    "b",
    "c",
    "d",
    "E",
    "File.TXT",
    "\u{c4}\u{f6}",
    "x y",
    "e",
];

/// An entry with its path.
#[derive(Clone, Debug)]
pub struct Spot {
    /// Where.
    pub path: EntryPath,
    /// Whether it is a directory that can be gone into.
    pub real_dir: bool,
    /// File or directory beneath.
    pub base: Base,
    /// Whether it has reparse data or is a POSIX symlink.
    pub link: bool,
}

/// Every entry of a volume but its root, in the order of a walk.
///
/// # Panics
/// Where the volume cannot be read.
pub fn spots(volume: &dyn Volume) -> Vec<Spot> {
    let mut spots = Vec::new();
    let mut waiting = vec![EntryPath::root()];
    while let Some(dir) = waiting.pop() {
        for entry in list(volume, &dir).expect("a directory that was listed before") {
            let path = dir.join(entry.name.as_ref().expect("a listed entry has a name"));
            if entry.is_real_dir() {
                waiting.push(path.clone());
            }
            spots.push(Spot {
                real_dir: entry.is_real_dir(),
                base: entry.base,
                link: entry.tag.is_some() || entry.base == Base::PosixSymlink,
                path,
            });
        }
    }
    spots
}

/// Makes random changes for one volume.
#[derive(Debug)]
pub struct Changes {
    /// Where chance comes from.
    pub rng: Rng,
    /// The letter that absolute Windows targets begin with.
    pub letter: char,
    /// What absolute POSIX targets begin with: the folder that the volume's root is.
    pub root: String,
    /// What links lead to, instead of what is on their own volume.
    pub elsewhere: Option<Vec<Spot>>,
}

impl Changes {
    /// From a seed, with targets on drive `C:`.
    pub fn new(seed: u64) -> Self {
        Self {
            rng: Rng::new(seed),
            letter: 'C',
            root: String::new(),
            elsewhere: None,
        }
    }

    /// Fills a volume with up to `steps` random steps; those it refuses are left out.
    pub fn fill(&mut self, volume: &dyn Volume, steps: usize) {
        for _ in 0..steps {
            let spots = spots(volume);
            let step = self.growing(volume, &spots);
            let _ = volume.apply(&[step]);
        }
    }

    /// A random step of any kind. It may be one that the volume refuses.
    pub fn step(&mut self, volume: &dyn Volume) -> Step {
        let spots = spots(volume);
        if spots.is_empty() || self.rng.percent(35) {
            return self.growing(volume, &spots);
        }
        let at = self.rng.pick(&spots).path.clone();
        match self.rng.below(10) {
            0..=2 => Step::Remove { at },
            3..=5 => Step::Rename {
                from: at,
                to: self.place(&spots),
                replace: self.rng.percent(50),
            },
            6 => Step::WriteFile {
                at,
                contents: self.contents(),
            },
            7 => Step::SetMeta {
                at,
                times: self.times(),
                attributes: volume
                    .info()
                    .caps
                    .contains(Caps::ATTRIBUTES)
                    .then_some(Attributes::HIDDEN | Attributes::ARCHIVE),
            },
            8 => Step::ClearReparse { at },
            _ => match self.link(volume, &spots, &at).0 {
                LinkText::Reparse(data) => Step::SetReparse { at, data },
                LinkText::Posix(_) => Step::Remove { at },
            },
        }
    }

    fn growing(&mut self, volume: &dyn Volume, spots: &[Spot]) -> Step {
        let at = self.place(spots);
        match self.rng.below(8) {
            0 | 1 => Step::MakeDir { at },
            2 | 3 => Step::MakeFile {
                at,
                contents: self.contents(),
            },
            4 if !spots.is_empty() => Step::HardLink {
                existing: self.rng.pick(spots).path.clone(),
                new: at,
            },
            _ => {
                let (link, dir) = self.link(volume, spots, &at);
                Step::MakeLink { at, link, dir }
            }
        }
    }

    fn times(&mut self) -> Times {
        let seconds = 1_000_000_000 + self.rng.below(500_000_000) as i64;
        Times {
            modified: FileTime::from_unix(seconds, 0),
            ..Times::default()
        }
    }

    fn contents(&mut self) -> Vec<u8> {
        let length = self.rng.below(40) * self.rng.below(2);
        (0..length).map(|_| self.rng.next_u64() as u8).collect()
    }

    fn name(&mut self) -> Name {
        Name::try_from(*self.rng.pick(&NAMES)).expect("a name")
    }

    /// A place in a directory that is there, free or not.
    pub fn place(&mut self, spots: &[Spot]) -> EntryPath {
        let dirs: Vec<&Spot> = spots.iter().filter(|spot| spot.real_dir).collect();
        let dir = if dirs.is_empty() || self.rng.percent(35) {
            EntryPath::root()
        } else {
            self.rng.pick(&dirs).path.clone()
        };
        let name = self.name();
        dir.join(&name)
    }

    /// What some random link at `at` says, and whether a directory carries it.
    pub fn link(
        &mut self,
        volume: &dyn Volume,
        spots: &[Spot],
        at: &EntryPath,
    ) -> (LinkText, bool) {
        let elsewhere = self.elsewhere.clone();
        let spots = elsewhere.as_deref().unwrap_or(spots);
        let to = self.target(spots);
        let is_dir = spots.iter().any(|s| s.path == to && s.base == Base::Dir);
        let dir = is_dir != self.rng.percent(8);
        let style = volume.info().style;
        let relative = elsewhere.is_none() && self.rng.percent(60);
        let text = if relative {
            relative_text(at, &to, style)
        } else {
            self.absolute_text(&to, style)
        };
        if style == PathStyle::Posix {
            return (LinkText::Posix(text.into_bytes()), false);
        }
        let target = TargetPath::parse(&text);
        let junction = !relative && self.rng.percent(50);
        let point = if junction {
            ReparsePoint::junction(&target)
        } else {
            ReparsePoint::symlink(&target)
        };
        let point = point.expect("a target that can be stored");
        (LinkText::Reparse(point), dir || junction)
    }

    /// Something that is there, below it through a link, or nothing.
    fn target(&mut self, spots: &[Spot]) -> EntryPath {
        let mut to = if spots.is_empty() || self.rng.percent(8) {
            self.place(spots)
        } else {
            self.rng.pick(spots).path.clone()
        };
        if self.rng.percent(12) {
            to.push(&self.name());
        }
        to
    }

    fn absolute_text(&self, to: &EntryPath, style: PathStyle) -> String {
        match style {
            PathStyle::Windows => {
                format!("{}:\\{}", self.letter, to.display().replace('/', "\\"))
            }
            PathStyle::Posix => format!("{}/{}", self.root, to.display()),
        }
    }
}

fn relative_text(at: &EntryPath, to: &EntryPath, style: PathStyle) -> String {
    let parent = at.parent().unwrap_or_default();
    let from: Vec<Name> = parent.names().collect();
    let names: Vec<Name> = to.names().collect();
    let shared = from.iter().zip(&names).take_while(|(a, b)| a == b).count();
    let up = from.iter().skip(shared).map(|_| "..".to_owned());
    let down = names.iter().skip(shared).map(|n| n.display().into_owned());
    let parts: Vec<String> = up.chain(down).collect();
    let separator = match style {
        PathStyle::Windows => "\\",
        PathStyle::Posix => "/",
    };
    match parts.join(separator) {
        empty if empty.is_empty() => ".".to_owned(),
        text => text,
    }
}
