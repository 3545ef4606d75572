//! What this system, account and volume allow when it comes to links, and what to do about the rest.
//!
//! Findings are plain data. What a volume can do is found out by trying it in the folder that is asked
//! about, because neither flags nor return codes are to be trusted: see [`try_features`].

#[cfg(target_os = "linux")]
mod linux;
#[cfg(any(target_os = "linux", test))]
mod mounts;
mod trial;
#[cfg(windows)]
mod windows;

pub use trial::{Trial, claimed_features, try_features};

use std::path::Path;

use crate::entry::Base;
use crate::path::EntryPath;
use crate::volume::{Caps, CaseRule, Volume};

/// How good a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// As one would have it.
    Good,
    /// It works in part, or with a condition.
    Limited,
    /// It does not work or is not there.
    Missing,
    /// A fact, neither good nor bad.
    Fact,
    /// It could not be found out.
    Unknown,
}

impl State {
    /// In one word: `good`, `limited`, `missing`, `fact`, `unknown`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Limited => "limited",
            Self::Missing => "missing",
            Self::Fact => "fact",
            Self::Unknown => "unknown",
        }
    }
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// A stable word for programs: `developer-mode`, `hard-link`.
    pub key: &'static str,
    /// What was looked at, for people: `Developer Mode`.
    pub what: &'static str,
    /// How good it is.
    pub state: State,
    /// What was found, in words.
    pub found: String,
    /// What to do about it, where there is something.
    pub advice: Option<String>,
}

impl Finding {
    /// A finding without advice.
    pub fn new(
        key: &'static str,
        what: &'static str,
        state: State,
        found: impl Into<String>,
    ) -> Self {
        Self {
            key,
            what,
            state,
            found: found.into(),
            advice: None,
        }
    }

    /// The same with what to do about it.
    #[must_use]
    pub fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }
}

/// Whether symbolic links are followed: local to local, local to remote, remote to local, remote to
/// remote, as `fsutil behavior query symlinkevaluation` prints them. Windows' defaults on other systems.
#[must_use]
pub fn symlink_evaluation() -> [bool; 4] {
    #[cfg(windows)]
    return windows::symlink_evaluation();
    #[cfg(not(windows))]
    [true, true, false, false]
}

/// What holds for the system and the account, whatever the volume. `dir` is the folder that is asked
/// about as the system spells it: where it lies matters too (a synced folder, a mounted NTFS volume).
pub fn system(dir: &Path) -> Vec<Finding> {
    #[cfg(windows)]
    return windows::system(dir);
    #[cfg(target_os = "linux")]
    return linux::system(dir);
    #[cfg(not(any(windows, target_os = "linux")))]
    {
        let _ = dir;
        vec![Finding::new(
            "system",
            "System",
            State::Fact,
            format!("{} on {}", std::env::consts::OS, std::env::consts::ARCH),
        )]
    }
}

/// What the volume is, and what it says that it can do.
pub fn volume(volume: &dyn Volume, dir: &EntryPath) -> Vec<Finding> {
    let info = volume.info();
    let caps = volume.caps_at(dir);
    let label = info
        .label
        .as_ref()
        .map_or_else(String::new, |label| format!(" \"{label}\""));
    let mut findings = vec![Finding::new(
        "file-system",
        "File system",
        State::Fact,
        format!(
            "{}{label}, serial number {:X}",
            info.file_system, info.serial
        ),
    )];
    findings.push(Finding::new(
        "case",
        "Upper and lower case",
        State::Fact,
        match info.case {
            CaseRule::Insensitive => "names that differ only in case are one",
            CaseRule::Sensitive => "names that differ only in case are two",
        },
    ));
    if caps.contains(Caps::READ_ONLY) {
        let finding = Finding::new(
            "writable",
            "Writing",
            State::Missing,
            "the volume is read-only",
        );
        findings.push(finding.advise("Attach it without `,ro`, or mount it for writing; of a disk in a VHDX or another container make a raw copy."));
    }
    findings.extend(cloud(volume, dir));
    findings.push(transaction(caps));
    findings.push(names(caps));
    findings
}

/// A folder that a cloud service keeps in step carries its tag, and so do those below it.
fn cloud(volume: &dyn Volume, dir: &EntryPath) -> Option<Finding> {
    let above = std::iter::successors(Some(dir.clone()), EntryPath::parent);
    let tag = above
        .filter_map(|at| volume.entry(&at).ok()?.tag)
        .find(|tag| tag.is_cloud())?;
    let found = format!("a cloud service keeps this folder in step (tag {tag})");
    let finding = Finding::new("cloud", "Cloud service", State::Limited, found);
    Some(finding.advise(CLOUD_ADVICE))
}

/// What links do in a folder that is kept in step with a cloud.
const CLOUD_ADVICE: &str = "Junctions stop the sync, and hard links to names outside fail with error 396: keep links and linked files out of it.";

fn transaction(caps: Caps) -> Finding {
    let (state, found) = if caps.contains(Caps::TRANSACTION) {
        (
            State::Good,
            "a change of many steps is made whole or not at all, whatever fails",
        )
    } else {
        (
            State::Limited,
            "steps are done one by one; if one fails the earlier ones are taken back",
        )
    };
    Finding::new("transaction", "All or nothing", state, found)
}

fn names(caps: Caps) -> Finding {
    if caps.contains(Caps::NAMES) {
        return Finding::new(
            "names",
            "Names of a file",
            State::Good,
            "all hard links of a file are listed at once",
        );
    }
    Finding::new(
        "names",
        "Names of a file",
        State::Limited,
        "finding a file's other names takes a walk through the volume",
    )
}

/// How many more names a file may get; of a directory, how many each file in it may have.
pub fn names_left(volume: &dyn Volume, at: &EntryPath) -> Option<Finding> {
    let entry = volume.entry(at).ok()?;
    let most = volume.info().max_links;
    let fact = |found: String| Some(Finding::new("names-left", "Names left", State::Fact, found));
    if entry.base == Base::Dir {
        return match most {
            u32::MAX => fact("the volume tells no limit of names for a file".to_owned()),
            most => fact(format!(
                "a file here may have {most} names; name one to see what it has left"
            )),
        };
    }
    let used = entry.links.filter(|_| entry.base == Base::File)?;
    if most == u32::MAX {
        return fact(format!("the file has {used}; the volume tells no limit"));
    }
    let left = most.saturating_sub(used);
    let found = format!("the file has {used} of {most} names, {left} more can be made");
    let finding = |state| Finding::new("names-left", "Names left", state, found.clone());
    Some(match left {
        0 => finding(State::Missing).advise("Copy the file and link the copy from here on."),
        1..=64 => {
            finding(State::Limited).advise("Copy the file soon and link the copy from then on.")
        }
        _ => finding(State::Good),
    })
}

#[cfg(test)]
mod tests;
