//! Finding links by a volume's own fast road, where it has one.

use std::borrow::Cow;
use std::fmt;
use std::ops::ControlFlow;

use super::VolumeError;
use crate::entry::{Entry, LinkText};
use crate::path::EntryPath;

bitflags::bitflags! {
    /// What a [`Volume::sweep`](super::Volume::sweep) is asked for.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub struct Wanted: u8 {
        /// Every entry with a reparse tag, and every POSIX symbolic link.
        const LINKS = 1;
        /// Every name of each file that has more than one, 8.3 names not counted.
        const HARD_LINKS = 1 << 1;
        /// What each link says, as [`Volume::link_text`](super::Volume::link_text) gives it.
        const TEXT = 1 << 2;
        /// Sizes, times, attributes and link counts of what is found, as
        /// [`Volume::entry`](super::Volume::entry) gives them. Without it they may be 0, empty and `None`
        /// where finding them costs more; of [`Wanted::HARD_LINKS`] the count is always there.
        const META = 1 << 3;
        /// Nothing of other volumes mounted below.
        const ONE_VOLUME = 1 << 4;
    }
}

/// A road to the links of a volume.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Road {
    /// NTFS's index of all reparse points, `$Extend\\$Reparse`.
    ReparseIndex,
    /// Every file record of an NTFS volume.
    FileTable,
    /// The directories one by one.
    DirectoryWalk,
}

impl Road {
    /// In words: `$Reparse index`, `$MFT`, `directory walk`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ReparseIndex => "$Reparse index",
            Self::FileTable => "$MFT",
            Self::DirectoryWalk => "directory walk",
        }
    }
}

impl fmt::Display for Road {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The road that was taken, and why that one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// The road.
    pub road: Road,
    /// Why, in words.
    pub why: Cow<'static, str>,
}

impl Way {
    /// A road and the reason for it.
    pub fn new(road: Road, why: impl Into<Cow<'static, str>>) -> Self {
        let why = why.into();
        Self { road, why }
    }
}

/// One result of a sweep.
#[derive(Debug)]
pub enum Swept {
    /// An entry that was asked for. One that is asked for on two counts comes once.
    Found(Box<Found>),
    /// Something could not be read; the sweep goes on beside it.
    Failed(VolumeError),
    /// The way that is taken: once, before all finds. Comes also before an answer of `None`, where the
    /// volume knows why it is the plain walk this time.
    Way(Way),
}

/// An entry that was found.
#[derive(Debug)]
pub struct Found {
    /// Where.
    pub at: EntryPath,
    /// The entry itself.
    pub entry: Entry,
    /// What it says, where it is a link and [`Wanted::TEXT`] was asked for.
    pub text: Option<Result<LinkText, VolumeError>>,
}

/// Takes what a sweep finds: in any order, on several threads at once. `Break` ends the sweep.
pub type Visit<'a> = dyn Fn(Swept) -> ControlFlow<()> + Sync + 'a;
