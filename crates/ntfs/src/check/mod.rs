//! Whether a volume keeps the rules of NTFS, links above all.
//!
//! One pass over `$MFT` in large blocks keeps a few columns of each record and a row of each name; then each index is walked
//! once and held against them, then the bitmaps. A million records need about 60 MB, whatever the files hold.

mod clusters;
mod columns;
mod directory;
mod finding;
mod index;
mod lists;
mod marks;
mod names;
mod record;
mod reparse;
pub(crate) mod touched;
pub(crate) mod volume;

use std::ops::ControlFlow;

pub use finding::{Code, Finding, Severity, Subject};

use crate::device::Device;
use crate::error::{Error, Result};
use crate::layout::well_known;
use crate::volume::Volume;
use columns::{Bits, Columns, NameRow};
use marks::Marks;

/// Checks the whole volume. Each finding goes to `visit`, which may end the check.
///
/// # Errors
///
/// Only where nothing can be checked: `$MFT` itself or its bitmap cannot be read. Everything else is a finding.
pub fn check<D: Device>(
    volume: &Volume<D>,
    visit: impl FnMut(Finding) -> ControlFlow<()>,
) -> Result<Summary> {
    let mut checker = Checker::new(volume, visit)?;
    let _stopped_early = checker.run();
    Ok(checker.summary)
}

/// All findings of the whole volume.
pub fn findings<D: Device>(volume: &Volume<D>) -> Result<Vec<Finding>> {
    let mut found = Vec::new();
    check(volume, |finding| {
        found.push(finding);
        ControlFlow::Continue(())
    })?;
    Ok(found)
}

/// What a check looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    /// File records in use, extension records counted.
    pub records: u64,
    /// Directories.
    pub directories: u64,
    /// Names, 8.3 names counted.
    pub names: u64,
    /// Reparse points.
    pub reparse_points: u64,
    /// Clusters that files hold.
    pub clusters: u64,
    /// Findings that are [`Severity::Wrong`].
    pub wrong: u64,
    /// Findings of other severities.
    pub notes: u64,
}

/// `Break` when the visitor wants no more.
type Flow = ControlFlow<()>;
const GO_ON: Flow = ControlFlow::Continue(());

/// The state of a check.
struct Checker<'v, D, V> {
    volume: &'v Volume<D>,
    visit: V,
    summary: Summary,
    columns: Columns,
    names: Vec<NameRow>,
    /// Which of `names` an index entry was found for.
    indexed: Bits,
    /// The clusters that values hold.
    clusters: Bits,
    marks: Marks,
    /// Extension records: their number and the base record they state.
    extensions: Vec<(u64, u64)>,
    /// Index blocks that may still be read, over all indexes: what overlapping runs cannot exceed.
    blocks_left: u64,
}

impl<'v, D: Device, V: FnMut(Finding) -> Flow> Checker<'v, D, V> {
    /// For the whole volume.
    fn new(volume: &'v Volume<D>, visit: V) -> Result<Self> {
        let records = usize::try_from(volume.record_count()).unwrap_or(0);
        let mut checker = Self::over(volume, Columns::new(records), visit)?;
        checker.marks.read_all(volume)?;
        Ok(checker)
    }

    /// With the tables for as much of it as is wanted.
    fn over(volume: &'v Volume<D>, columns: Columns, visit: V) -> Result<Self> {
        let clusters = volume.geometry().clusters;
        let there = volume.device().len() / u64::from(volume.geometry().cluster_size);
        Ok(Self {
            volume,
            visit,
            summary: Summary::default(),
            columns,
            names: Vec::new(),
            indexed: Bits::default(),
            clusters: Bits::new(clusters.min(there)),
            marks: Marks::open(volume)?,
            extensions: Vec::new(),
            blocks_left: volume.device().len() / 512,
        })
    }

    fn run(&mut self) -> Flow {
        self.check_volume()?;
        self.scan_records()?;
        self.names.sort_unstable();
        self.indexed = Bits::new(self.names.len() as u64);
        self.summary.names = self.names.len() as u64;
        self.check_lists()?;
        self.check_records()?;
        self.check_directories()?;
        self.check_names()?;
        self.check_loops()?;
        self.check_reparse_index()?;
        self.check_security()?;
        self.check_clusters()
    }

    /// Tells a finding about a record, with the path of the record where it has one.
    fn tell(&mut self, code: Code, record: u64, words: impl Into<String>) -> Flow {
        self.tell_about(code, record, words, Subject::None)
    }

    /// The same, with what a repair needs to know.
    fn tell_about(
        &mut self,
        code: Code,
        record: u64,
        words: impl Into<String>,
        subject: Subject,
    ) -> Flow {
        let path = self.path(record);
        self.emit(Finding {
            code,
            record: Some(record),
            path,
            words: words.into(),
            subject,
        })
    }

    /// Tells a finding about the volume.
    fn tell_volume(&mut self, code: Code, words: impl Into<String>) -> Flow {
        self.emit(Finding {
            code,
            record: None,
            path: None,
            words: words.into(),
            subject: Subject::None,
        })
    }

    /// Tells an error as a finding; a device's failure is told as that.
    fn tell_error(&mut self, code: Code, record: u64, error: &Error) -> Flow {
        let code = if matches!(error, Error::Io { .. }) {
            Code::IoFailed
        } else {
            code
        };
        self.tell(code, record, error.to_string())
    }

    fn emit(&mut self, finding: Finding) -> Flow {
        match finding.code.severity() {
            Severity::Wrong => self.summary.wrong += 1,
            Severity::Stale | Severity::State => self.summary.notes += 1,
        }
        (self.visit)(finding)
    }

    fn path(&self, record: u64) -> Option<Vec<Vec<u16>>> {
        if record == well_known::ROOT {
            return Some(Vec::new());
        }
        let file = self.volume.file(record).ok()?;
        let name = file.names().ok()?.into_iter().next()?;
        let mut path = self.volume.path_of_directory(name.parent).ok()?;
        path.push(name.name);
        Some(path)
    }
}
