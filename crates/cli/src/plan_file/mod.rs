//! A plan as JSON: what `--plan FILE` saves and what `--dry-run --json` prints.
//!
//! The shape is ours and has a version, so that library types may change: `v` is 1, drives are named by
//! their root and serial number, steps and what they expect follow in order. Paths, names and contents
//! are text where they are Unicode and `{"hex": …}` where they are not.

#[cfg(test)]
mod tests;
mod words;

use linksmith::volume::Drives;
use linksmith::{
    Attributes, DriveId, EntryPath, Expect, FileId, FileTime, LinkText, Place, Plan, PlannedStep,
    ReparsePoint, Source, Step, Times, Warning,
};
use serde::{Deserialize, Serialize};

use crate::output::json::{hex, unhex};

pub(crate) use words::words;

/// The version of the shape.
const VERSION: u32 = 1;

/// A whole plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PlanFile {
    v: u32,
    drives: Vec<DriveOf>,
    steps: Vec<StepOf>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<WarningOf>,
}

/// A drive of a plan: found again by its root, and by its serial number that it is the same volume.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DriveOf {
    /// Its number in the steps.
    pub id: u16,
    /// `C:\`, `/`.
    pub root: String,
    /// The volume's serial number in hexadecimal.
    pub serial: String,
}

/// Bytes that are text more often than not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Bytes {
    Text(String),
    Hex { hex: String },
}

impl Bytes {
    fn of(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::Text(text.to_owned()),
            Err(_) => Self::Hex { hex: hex(bytes) },
        }
    }

    fn path(path: &EntryPath) -> Self {
        Self::of(path.as_bytes())
    }

    pub(crate) fn to_bytes(&self) -> Result<Vec<u8>, String> {
        match self {
            Self::Text(text) => Ok(text.clone().into_bytes()),
            Self::Hex { hex } => unhex(hex).ok_or_else(|| format!("'{hex}' is not hexadecimal")),
        }
    }

    fn to_path(&self) -> Result<EntryPath, String> {
        EntryPath::parse(self.to_bytes()?).map_err(|e| e.to_string())
    }
}

/// What a link says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum TextOf {
    /// A reparse point's bytes, header included, in hexadecimal.
    Reparse(String),
    /// A POSIX symbolic link's text.
    Posix(Bytes),
}

impl TextOf {
    fn of(text: &LinkText) -> Self {
        match text {
            LinkText::Reparse(point) => Self::Reparse(hex(point.as_bytes())),
            LinkText::Posix(text) => Self::Posix(Bytes::of(text)),
        }
    }

    fn to_text(&self) -> Result<LinkText, String> {
        match self {
            Self::Reparse(hex) => point(hex).map(LinkText::Reparse),
            Self::Posix(text) => text.to_bytes().map(LinkText::Posix),
        }
    }
}

fn point(hex: &str) -> Result<ReparsePoint, String> {
    let bytes = unhex(hex).ok_or_else(|| format!("'{hex}' is not hexadecimal"))?;
    ReparsePoint::from_bytes(bytes).map_err(|e| e.to_string())
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StepOf {
    drive: u16,
    #[serde(flatten)]
    does: Does,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    expect: Vec<ExpectOf>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
enum Does {
    MakeDir {
        at: Bytes,
    },
    MakeDirLike {
        at: Bytes,
        like: Bytes,
    },
    MakeFile {
        at: Bytes,
        contents: Bytes,
    },
    CopyFile {
        at: Bytes,
        from: SourceOf,
        times: [u64; 4],
        attributes: Option<u32>,
    },
    WriteFile {
        at: Bytes,
        contents: Bytes,
    },
    MakeLink {
        at: Bytes,
        link: TextOf,
        dir: bool,
    },
    SetReparse {
        at: Bytes,
        data: String,
    },
    ClearReparse {
        at: Bytes,
    },
    HardLink {
        at: Bytes,
        existing: Bytes,
    },
    Rename {
        from: Bytes,
        to: Bytes,
        replace: bool,
    },
    Remove {
        at: Bytes,
    },
    SetMeta {
        at: Bytes,
        times: [u64; 4],
        attributes: Option<u32>,
    },
}

/// Whose contents a copy takes; without a drive it is the step's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct SourceOf {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    drive: Option<u16>,
    at: Bytes,
    volume: String,
    file: String,
    size: u64,
    modified: u64,
}

impl SourceOf {
    fn of(source: &Source) -> Self {
        Self {
            drive: source.drive.map(|d| d.0),
            at: Bytes::path(&source.at),
            volume: format!("{:016x}", source.id.volume),
            file: format!("{:032x}", source.id.file),
            size: source.size,
            modified: source.modified.0,
        }
    }

    fn to_source(&self) -> Result<Source, String> {
        Ok(Source {
            drive: self.drive.map(DriveId),
            at: self.at.to_path()?,
            id: file_id(&self.volume, &self.file)?,
            size: self.size,
            modified: FileTime(self.modified),
        })
    }
}

fn file_id(volume: &str, file: &str) -> Result<FileId, String> {
    Ok(FileId {
        volume: u64::from_str_radix(volume, 16).map_err(|e| e.to_string())?,
        file: u128::from_str_radix(file, 16).map_err(|e| e.to_string())?,
    })
}

fn times_of(times: &Times) -> [u64; 4] {
    [
        times.created.0,
        times.modified.0,
        times.changed.0,
        times.accessed.0,
    ]
}

fn to_times([created, modified, changed, accessed]: [u64; 4]) -> Times {
    Times {
        created: FileTime(created),
        modified: FileTime(modified),
        changed: FileTime(changed),
        accessed: FileTime(accessed),
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
enum ExpectOf {
    Absent {
        at: Bytes,
    },
    Entry {
        at: Bytes,
        volume: String,
        file: String,
        link: Option<TextOf>,
    },
    SameContents {
        at: Bytes,
        other: Bytes,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct WarningOf {
    message: String,
    hint: Option<String>,
}

impl Does {
    fn of(step: &Step) -> Self {
        let path = Bytes::path;
        match step {
            Step::MakeDir { at } => Self::MakeDir { at: path(at) },
            Step::MakeDirLike { at, like } => Self::MakeDirLike {
                at: path(at),
                like: path(like),
            },
            Step::MakeFile { at, contents } => Self::MakeFile {
                at: path(at),
                contents: Bytes::of(contents),
            },
            Step::CopyFile {
                at,
                from,
                times,
                attributes,
            } => Self::CopyFile {
                at: path(at),
                from: SourceOf::of(from),
                times: times_of(times),
                attributes: attributes.map(|a| a.bits()),
            },
            Step::WriteFile { at, contents } => Self::WriteFile {
                at: path(at),
                contents: Bytes::of(contents),
            },
            Step::MakeLink { at, link, dir } => Self::MakeLink {
                at: path(at),
                link: TextOf::of(link),
                dir: *dir,
            },
            Step::SetReparse { at, data } => Self::SetReparse {
                at: path(at),
                data: hex(data.as_bytes()),
            },
            Step::ClearReparse { at } => Self::ClearReparse { at: path(at) },
            Step::HardLink { existing, new } => Self::HardLink {
                at: path(new),
                existing: path(existing),
            },
            Step::Rename { from, to, replace } => Self::Rename {
                from: path(from),
                to: path(to),
                replace: *replace,
            },
            Step::Remove { at } => Self::Remove { at: path(at) },
            Step::SetMeta {
                at,
                times,
                attributes,
            } => Self::SetMeta {
                at: path(at),
                times: times_of(times),
                attributes: attributes.map(|a| a.bits()),
            },
        }
    }

    fn to_step(&self) -> Result<Step, String> {
        Ok(match self {
            Self::MakeDir { at } => Step::MakeDir { at: at.to_path()? },
            Self::MakeDirLike { at, like } => Step::MakeDirLike {
                at: at.to_path()?,
                like: like.to_path()?,
            },
            Self::MakeFile { at, contents } => Step::MakeFile {
                at: at.to_path()?,
                contents: contents.to_bytes()?,
            },
            Self::CopyFile {
                at,
                from,
                times,
                attributes,
            } => Step::CopyFile {
                at: at.to_path()?,
                from: from.to_source()?,
                times: to_times(*times),
                attributes: attributes.map(Attributes::from_bits_retain),
            },
            Self::WriteFile { at, contents } => Step::WriteFile {
                at: at.to_path()?,
                contents: contents.to_bytes()?,
            },
            Self::MakeLink { at, link, dir } => Step::MakeLink {
                at: at.to_path()?,
                link: link.to_text()?,
                dir: *dir,
            },
            Self::SetReparse { at, data } => Step::SetReparse {
                at: at.to_path()?,
                data: point(data)?,
            },
            Self::ClearReparse { at } => Step::ClearReparse { at: at.to_path()? },
            Self::HardLink { at, existing } => Step::HardLink {
                existing: existing.to_path()?,
                new: at.to_path()?,
            },
            Self::Rename { from, to, replace } => Step::Rename {
                from: from.to_path()?,
                to: to.to_path()?,
                replace: *replace,
            },
            Self::Remove { at } => Step::Remove { at: at.to_path()? },
            Self::SetMeta {
                at,
                times,
                attributes,
            } => Step::SetMeta {
                at: at.to_path()?,
                times: to_times(*times),
                attributes: attributes.map(Attributes::from_bits_retain),
            },
        })
    }
}

impl ExpectOf {
    fn of(expect: &Expect) -> Self {
        match expect {
            Expect::Absent(at) => Self::Absent {
                at: Bytes::path(at),
            },
            Expect::Entry { at, id, link } => Self::Entry {
                at: Bytes::path(at),
                volume: format!("{:016x}", id.volume),
                file: format!("{:032x}", id.file),
                link: link.as_ref().map(TextOf::of),
            },
            Expect::SameContents { at, other } => Self::SameContents {
                at: Bytes::path(at),
                other: Bytes::path(other),
            },
        }
    }

    fn to_expect(&self) -> Result<Expect, String> {
        match self {
            Self::Absent { at } => Ok(Expect::Absent(at.to_path()?)),
            Self::Entry {
                at,
                volume,
                file,
                link,
            } => Ok(Expect::Entry {
                at: at.to_path()?,
                id: file_id(volume, file)?,
                link: link.as_ref().map(TextOf::to_text).transpose()?,
            }),
            Self::SameContents { at, other } => Ok(Expect::SameContents {
                at: at.to_path()?,
                other: other.to_path()?,
            }),
        }
    }
}

impl StepOf {
    /// One step's shape.
    pub(crate) fn of(planned: &PlannedStep) -> Self {
        Self {
            drive: planned.drive.0,
            does: Does::of(&planned.step),
            expect: planned.expect.iter().map(ExpectOf::of).collect(),
        }
    }

    fn to_planned(&self) -> Result<PlannedStep, String> {
        Ok(PlannedStep {
            drive: DriveId(self.drive),
            step: self.does.to_step()?,
            expect: self
                .expect
                .iter()
                .map(ExpectOf::to_expect)
                .collect::<Result<_, _>>()?,
        })
    }
}

impl PlanFile {
    /// A plan's shape.
    pub(crate) fn of(plan: &Plan, drives: &Drives) -> Self {
        let of_step = |s: &PlannedStep| std::iter::once(s.drive).chain(s.step.source_drive());
        let mut ids: Vec<DriveId> = plan.steps.iter().flat_map(of_step).collect();
        ids.sort_unstable();
        ids.dedup();
        let drive = |id: DriveId| {
            let serial = drives
                .volume(id)
                .map(|v| v.info().serial)
                .unwrap_or_default();
            DriveOf {
                id: id.0,
                root: drives.display(&Place {
                    drive: id,
                    path: EntryPath::root(),
                }),
                serial: format!("{serial:016X}"),
            }
        };
        let warning = |w: &Warning| WarningOf {
            message: w.message.clone(),
            hint: w.hint.clone(),
        };
        Self {
            v: VERSION,
            drives: ids.into_iter().map(drive).collect(),
            steps: plan.steps.iter().map(StepOf::of).collect(),
            warnings: plan.warnings.iter().map(warning).collect(),
        }
    }

    /// The drives it is for.
    pub(crate) fn drives(&self) -> &[DriveOf] {
        &self.drives
    }

    /// The plan; drives keep the numbers of the file, to be put right by [`drives`](Self::drives).
    pub(crate) fn to_plan(&self) -> Result<Plan, String> {
        if self.v != VERSION {
            return Err(format!("version {} is not known, {VERSION} is", self.v));
        }
        let warning = |w: &WarningOf| Warning {
            message: w.message.clone(),
            hint: w.hint.clone(),
        };
        Ok(Plan {
            steps: self
                .steps
                .iter()
                .map(StepOf::to_planned)
                .collect::<Result<_, _>>()?,
            warnings: self.warnings.iter().map(warning).collect(),
        })
    }
}
