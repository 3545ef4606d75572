//! What a volume can do, found out by making one of each kind, looking at it, and taking it away.

use std::fmt;

use super::{Finding, State};
use crate::entry::LinkText;
use crate::path::{EntryPath, Name, TargetPath};
use crate::plan::Step;
use crate::reparse::ReparsePoint;
use crate::volume::{Caps, Cause, PathStyle, Volume, VolumeError};
use crate::win32_error::Win32Error;

/// What came of a trial.
#[derive(Debug)]
pub struct Trial {
    /// What works here, as far as it was tried: the bits of links, and nothing else.
    pub caps: Caps,
    /// The same for people, with the reasons of what does not.
    pub findings: Vec<Finding>,
    /// The folder of the trial where it could not be taken away again.
    pub left_behind: Option<EntryPath>,
}

#[derive(Clone, Copy)]
struct Kind {
    key: &'static str,
    what: &'static str,
    caps: Caps,
    make: fn(&Site) -> Option<Step>,
    advice: &'static str,
}

/// Where the trial is made.
struct Site {
    dir: EntryPath,
    style: PathStyle,
}

impl Site {
    fn at(&self, name: &str) -> EntryPath {
        // Every name here is a literal that is one.
        Name::try_from(name).map_or_else(|_| self.dir.clone(), |name| self.dir.join(&name))
    }

    fn reparse(&self, name: &str, point: Option<ReparsePoint>, dir: bool) -> Option<Step> {
        (self.style == PathStyle::Windows).then_some(())?;
        Some(Step::MakeLink {
            at: self.at(name),
            link: LinkText::Reparse(point?),
            dir,
        })
    }
}

fn symlink(text: &str) -> Option<ReparsePoint> {
    ReparsePoint::symlink(&TargetPath::parse(text)).ok()
}

const KINDS: &[Kind] = &[
    Kind {
        key: "hard-link",
        what: "Hard links",
        caps: Caps::HARD_LINK,
        make: |site| {
            Some(Step::HardLink {
                existing: site.at("file"),
                new: site.at("hard"),
            })
        },
        advice: "FAT and exFAT have none, and a share may forbid them: keep the files on NTFS, or copy.",
    },
    Kind {
        key: "symlink-file",
        what: "Symbolic links to files",
        caps: Caps::SYMLINK,
        make: |site| site.reparse("symlink", symlink("file"), false),
        advice: "They need NTFS or ReFS; `--or hard` makes a hard link where the target is on the same volume.",
    },
    Kind {
        key: "symlink-dir",
        what: "Symbolic links to folders",
        caps: Caps::SYMLINK,
        make: |site| site.reparse("symlinkd", symlink("dir"), true),
        advice: "They need NTFS or ReFS; on another file system no link to a folder can be made.",
    },
    Kind {
        key: "junction",
        what: "Junctions",
        caps: Caps::JUNCTION,
        make: |site| {
            site.reparse(
                "junction",
                ReparsePoint::junction(&TargetPath::parse(r"C:\")).ok(),
                true,
            )
        },
        advice: "They need a local NTFS or ReFS volume; on a share `soft` may do.",
    },
    Kind {
        key: "reparse",
        what: "Other reparse points",
        caps: Caps::REPARSE,
        make: |site| site.reparse("wsl", ReparsePoint::wsl_symlink(b"file").ok(), false),
        advice: "Copying such links here would lose them; keep them on NTFS.",
    },
    Kind {
        key: "posix-symlink",
        what: "Symbolic links",
        caps: Caps::POSIX_SYMLINK,
        make: |site| {
            (site.style == PathStyle::Posix).then(|| Step::MakeLink {
                at: site.at("posix"),
                link: LinkText::Posix(b"file".to_vec()),
                dir: false,
            })
        },
        advice: "The file system of this folder holds no symbolic links; `hard` may do.",
    },
];

/// What the volume says that it can do in `dir`, without trying.
pub fn claimed_features(volume: &dyn Volume, dir: &EntryPath) -> Vec<Finding> {
    let caps = volume.caps_at(dir);
    let style = volume.info().style;
    let site = Site {
        dir: dir.clone(),
        style,
    };
    let kinds = KINDS.iter().filter(|kind| (kind.make)(&site).is_some());
    let finding = |kind: &Kind| {
        if caps.contains(kind.caps) {
            return Finding::new(kind.key, kind.what, State::Good, "the volume holds them");
        }
        Finding::new(
            kind.key,
            kind.what,
            State::Missing,
            "the volume does not hold them",
        )
        .advise(kind.advice)
    };
    kinds.map(finding).collect()
}

/// Makes a folder below `dir`, tries every kind of link in it, and removes all of it.
///
/// Each link is read back by the volume before it counts. Fails only where not even a folder can be
/// made, or a file in it.
pub fn try_features(volume: &dyn Volume, dir: &EntryPath) -> Result<Trial, VolumeError> {
    let name = format!(".linksmith-doctor-{}", std::process::id());
    let name = Name::try_from(name.as_str())
        .map_err(|e| VolumeError::new("name the trial's folder in", dir, e.into()))?;
    let site = Site {
        dir: dir.join(&name),
        style: volume.info().style,
    };
    let prepare = [
        Step::MakeDir {
            at: site.dir.clone(),
        },
        Step::MakeDir { at: site.at("dir") },
        Step::MakeFile {
            at: site.at("file"),
            contents: b"trial".to_vec(),
        },
    ];
    volume.apply(&prepare).map_err(|e| *e.source)?;
    let mut trial = Trial {
        caps: Caps::empty(),
        findings: Vec::new(),
        left_behind: None,
    };
    let mut made = vec![site.at("file"), site.at("dir")];
    for kind in KINDS {
        if let Some(step) = (kind.make)(&site) {
            try_one(volume, *kind, &step, &mut trial, &mut made);
        }
    }
    // Of the two types of symbolic links both have to work.
    if trial
        .findings
        .iter()
        .any(|f| f.key.starts_with("symlink-") && f.state == State::Missing)
    {
        trial.caps.remove(Caps::SYMLINK);
    }
    made.reverse();
    made.push(site.dir.clone());
    let removed = made
        .into_iter()
        .filter(|at| volume.apply(&[Step::Remove { at: at.clone() }]).is_err());
    trial.left_behind = (removed.count() > 0).then_some(site.dir);
    Ok(trial)
}

fn try_one(
    volume: &dyn Volume,
    kind: Kind,
    step: &Step,
    trial: &mut Trial,
    made: &mut Vec<EntryPath>,
) {
    let result = volume
        .apply(std::slice::from_ref(step))
        .map_err(|e| e.source.cause);
    let finding = match result.and_then(|()| look(volume, step)) {
        Ok(()) => {
            trial.caps |= kind.caps;
            made.push(step.at().clone());
            Finding::new(
                kind.key,
                kind.what,
                State::Good,
                "made one and looked at it",
            )
        }
        Err(cause) => {
            let hint = cause.win32().and_then(|code| Win32Error(code).hint());
            let advice = match cause {
                Cause::Privilege => hint.unwrap_or(kind.advice),
                _ => kind.advice,
            };
            Finding::new(
                kind.key,
                kind.what,
                State::Missing,
                Words(&cause).to_string(),
            )
            .advise(advice)
        }
    };
    trial.findings.push(finding);
}

/// A link that was made has to be there as one.
fn look(volume: &dyn Volume, step: &Step) -> Result<(), Cause> {
    let entry = volume.entry(step.at()).map_err(|e| e.cause)?;
    let gone = |what: &str| Err(Cause::ReadBack(what.to_owned()));
    match step {
        Step::HardLink { existing, .. } => {
            let other = volume.entry(existing).map_err(|e| e.cause)?;
            if other.id == entry.id && other.links.is_none_or(|links| links >= 2) {
                return Ok(());
            }
            gone("the second name is another file")
        }
        Step::MakeLink { link, .. } => match volume.link_text(step.at()).map_err(|e| e.cause)? {
            Some(text) if text == *link || matches!(text, LinkText::Reparse(_)) => Ok(()),
            _ => gone("no link is there"),
        },
        _ => Ok(()),
    }
}

/// A cause with its Win32 code.
struct Words<'a>(&'a Cause);

impl fmt::Display for Words<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Cause::Win32(code) => Win32Error(*code).fmt(f),
            cause => match cause.win32() {
                Some(code) => write!(f, "{cause} (Win32 error {code})"),
                None => cause.fmt(f),
            },
        }
    }
}
