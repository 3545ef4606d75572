//! What every volume must do, whatever stands behind it: one suite for all of them.
//!
//! A case says which capabilities it needs and is reported as skipped where a volume lacks one; no case
//! asks which system it runs on.

/// The cases of a file: functions by their names, and what each needs.
macro_rules! cases {
    ($($name:ident $(: $($need:expr),+)?;)*) => {
        pub(super) const CASES: &[super::Case] = &[$(super::Case {
            name: stringify!($name),
            needs: &[$($($need),+)?],
            run: $name,
        }),*];
    };
}

mod agreement;
mod buffers;
mod dirs;
mod files;
mod hard_links;
mod kit;
mod posix_links;
mod reading;
mod remove;
mod rename;
mod reparse;
mod undo;

use std::any::Any;
use std::sync::Arc;

use linksmith::volume::{Caps, CaseRule, PathStyle, Volume, VolumeInfo};

use crate::suite::Suite;

pub use agreement::agree;
pub use buffers::{mount_point, other, symlink};
pub use kit::{Held, snapshot};

/// An empty volume that a case may do with as it likes.
pub struct Fresh {
    /// The volume.
    pub volume: Arc<dyn Volume>,
    /// What has to live as long as it: a temporary directory.
    pub guard: Box<dyn Any + Send>,
}

/// One thing that every volume that can must do.
struct Case {
    name: &'static str,
    needs: &'static [Need],
    run: fn(&dyn Volume),
}

/// What a case needs of a volume.
#[derive(Debug, Clone, Copy)]
enum Need {
    /// All of these capabilities.
    Caps(Caps),
    /// A symbolic link of one kind or another.
    AnyLink,
    /// That it lacks this.
    Without(Caps),
    Style(PathStyle),
    Case(CaseRule),
    /// A limit of names per file that a test can reach.
    SmallMaxLinks,
}

impl Need {
    /// Why a volume does not meet it.
    fn missing(self, info: &VolumeInfo) -> Option<String> {
        let (met, what) = match self {
            Self::Caps(caps) => (info.caps.contains(caps), format!("it lacks {caps:?}")),
            Self::AnyLink => (
                info.caps.intersects(Caps::SYMLINK | Caps::POSIX_SYMLINK),
                "it has no symbolic links".to_owned(),
            ),
            Self::Without(caps) => (!info.caps.intersects(caps), format!("it has {caps:?}")),
            Self::Style(style) => (info.style == style, format!("its paths are not {style:?}")),
            Self::Case(case) => (info.case == case, format!("its names are not {case:?}")),
            Self::SmallMaxLinks => (
                info.max_links <= 2000,
                "its limit of names per file is too high to reach".to_owned(),
            ),
        };
        (!met).then_some(what)
    }
}

fn all_cases() -> impl Iterator<Item = &'static Case> {
    [
        reading::CASES,
        dirs::CASES,
        files::CASES,
        hard_links::CASES,
        posix_links::CASES,
        reparse::CASES,
        remove::CASES,
        rename::CASES,
        undo::CASES,
    ]
    .into_iter()
    .flatten()
}

/// Adds every case for the volumes that `make` makes. `make` is called once for each case.
#[must_use]
pub fn add(suite: Suite, volume: &str, make: impl Fn() -> Fresh + Clone + Send + 'static) -> Suite {
    add_but(suite, volume, make, |_| None)
}

/// As [`add`], on a system with faults of its own: `fault` says why a case cannot pass there, found out
/// by trying the same without the volume.
#[must_use]
pub fn add_but(
    suite: Suite,
    volume: &str,
    make: impl Fn() -> Fresh + Clone + Send + 'static,
    fault: impl Fn(&str) -> Option<String>,
) -> Suite {
    let info = make().volume.info().clone();
    all_cases().fold(suite, |suite, case| {
        let missing = case.needs.iter().find_map(|need| need.missing(&info));
        let missing = missing.or_else(|| fault(case.name));
        let make = make.clone();
        suite.case_unless(&format!("{volume}::{}", case.name), missing, move || {
            let fresh = make();
            (case.run)(&*fresh.volume);
        })
    })
}
