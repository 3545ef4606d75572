//! From findings to fixes: what is certain enough to be mended.

use std::fmt;

use super::evidence::Evidence;
use super::rebuild::{self, Named};
use crate::check::{Code, Finding, Subject};
use crate::device::Device;
use crate::edit::node::name_of;
use crate::error::Result;
use crate::file_ref::FileRef;
use crate::volume::Volume;

/// One thing that is mended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// The kind of the finding that it mends.
    pub code: Code,
    /// The file record that the finding is about.
    pub record: Option<u64>,
    /// A path of that record, as in [`Finding::path`].
    pub path: Option<Vec<Vec<u16>>>,
    /// What is done, with the new values.
    pub words: String,
    pub(super) action: Action,
}

/// What is done, in the order in which it must be done: what is in use is marked so before anything is claimed, entries
/// go before others of their name come, and entries are refreshed from flags that are right.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Action {
    MarkClusters {
        used: bool,
        start: u64,
        length: u64,
    },
    MarkRecord {
        number: u64,
        used: bool,
    },
    ReparseFlag {
        record: u64,
        set: bool,
    },
    Rebuild {
        directory: FileRef,
        names: Vec<Named>,
    },
    RebuildReparse {
        index: u64,
        keys: Vec<(u32, FileRef)>,
    },
    DropKey {
        tag: u32,
        file: FileRef,
    },
    ChangeKey {
        tag: u32,
        file: FileRef,
    },
    AddKey {
        tag: u32,
        file: FileRef,
    },
    RemoveEntry {
        directory: FileRef,
        file: FileRef,
        name: Vec<u16>,
    },
    RestoreName {
        file: FileRef,
        file_name: Vec<u8>,
    },
    AddEntry {
        directory: FileRef,
        file: FileRef,
        name: Vec<u16>,
    },
    RefreshEntry {
        directory: FileRef,
        file: FileRef,
        name: Vec<u16>,
    },
    Links {
        record: u64,
        names: u16,
    },
    ClearDirty,
    /// Nothing more: a copy was written again before there was an editor.
    Copied,
}

impl Fix {
    pub(super) fn new(finding: &Finding, action: Action) -> Self {
        Self {
            code: finding.code,
            record: finding.record,
            path: finding.path.clone(),
            words: action.to_string(),
            action,
        }
    }

    /// A copy that was written again.
    pub(super) fn of_copy(code: Code, record: Option<u64>, words: String) -> Self {
        Self {
            code,
            record,
            path: None,
            words,
            action: Action::Copied,
        }
    }

    pub(super) fn dirty_flag(finding: &Finding) -> Self {
        Self::new(finding, Action::ClearDirty)
    }
}

impl fmt::Display for Fix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let finding = Finding {
            code: self.code,
            record: self.record,
            path: self.path.clone(),
            words: self.words.clone(),
            subject: Subject::None,
        };
        finding.fmt(f)
    }
}

/// The fixes of findings, in order, each once.
pub(super) fn plan<D: Device>(volume: &Volume<D>, found: &[Finding]) -> Result<Vec<Fix>> {
    let evidence = Evidence::gather(volume, found)?;
    if evidence.unreadable {
        return Ok(Vec::new());
    }
    let fix = |finding| Some(Fix::new(finding, evidence.action(volume, finding)?));
    let mut fixes: Vec<Fix> = found.iter().filter_map(fix).collect();
    fixes.extend(rebuild::plan(volume, found, &evidence)?);
    fixes.sort_by(|a, b| a.action.cmp(&b.action));
    fixes.dedup_by(|a, b| a.action == b.action);
    Ok(fixes)
}

pub(super) fn units(file_name: &[u8]) -> Vec<u16> {
    name_of(file_name).iter().map(|unit| unit.get()).collect()
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = String::from_utf16_lossy;
        let state = |used: &bool| if *used { "used" } else { "free" };
        match self {
            Self::MarkClusters {
                used,
                start,
                length,
            } => {
                let last = start.saturating_add(*length).saturating_sub(1);
                write!(f, "mark clusters {start} to {last} {}", state(used))
            }
            Self::MarkRecord { number, used } => write!(f, "mark record {number} {}", state(used)),
            Self::ReparseFlag { set: true, .. } => f.write_str("set the reparse flag 0x400"),
            Self::ReparseFlag { set: false, .. } => f.write_str("clear the reparse flag 0x400"),
            Self::Rebuild { directory, names } => write!(
                f,
                "build the index of directory {directory} again, from the {} names that say they are in it",
                names.len()
            ),
            Self::RebuildReparse { keys, .. } => {
                write!(
                    f,
                    "build $R again, from the {} reparse points there are",
                    keys.len()
                )
            }
            Self::DropKey { tag, file } => {
                write!(f, "remove 0x{tag:08x} of record {file} from $R")
            }
            Self::ChangeKey { tag, file } => {
                write!(
                    f,
                    "give record {file} its own tag in $R in place of 0x{tag:08x}"
                )
            }
            Self::AddKey { tag, file } => write!(f, "add 0x{tag:08x} of record {file} to $R"),
            Self::RemoveEntry { file, name, .. } => {
                write!(
                    f,
                    "remove the entry {} that leads to record {file}",
                    text(name)
                )
            }
            Self::RestoreName { file, file_name } => {
                let name = text(&units(file_name));
                write!(f, "give record {file} back its name {name}")
            }
            Self::AddEntry {
                directory,
                file,
                name,
            } => {
                let name = text(name);
                write!(
                    f,
                    "add an entry {name} for record {file} to directory {directory}"
                )
            }
            Self::RefreshEntry {
                directory, name, ..
            } => {
                let name = text(name);
                write!(
                    f,
                    "copy what the entry {name} of directory {directory} repeats again"
                )
            }
            Self::Links { names, .. } => write!(f, "set the link count to {names}"),
            Self::ClearDirty => f.write_str("clear the dirty flag"),
            Self::Copied => f.write_str("write a copy again"),
        }
    }
}
