//! `check IMAGE`.

mod repair;

use std::ffi::OsString;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use linksmith::path::wtf8_from_utf16;
use linksmith::volume::image::ImageVolume;
use linksmith_ntfs::check::{self, Finding, Severity, Summary};
use serde::Serialize;

use crate::attach;
use crate::error::{CliError, Exit};
use crate::output::text::{Role, counted, paint};
use crate::output::{Console, json, visible};
use crate::session::Session;

/// Check an NTFS image: names, indexes, link counts, reparse points, bitmaps
///
/// Nothing is written without `--repair`. Each finding has a code that stays the same, the file record and a path. The exit
/// code is 7 where there are findings; copies that Windows itself leaves stale are noted and are none.
#[derive(clap::Args)]
pub(crate) struct Check {
    /// An image, a disk or a block device, or the letter of an attached drive (`C:`)
    #[arg(value_name = "IMAGE")]
    image: OsString,
    /// Which partition, where more than one holds NTFS
    #[arg(long, value_name = "N")]
    part: Option<u32>,
    /// Mend what can be mended without guessing, as one change; tell what remains (exit code 7)
    #[arg(long)]
    repair: bool,
    /// Show what would be mended, and write nothing
    #[arg(short = 'n', long, requires = "repair")]
    dry_run: bool,
}

impl super::Command for Check {
    const NAME: &'static str = "check";
    const EXAMPLES: &'static str = "
  linksmith check disk.img
  linksmith check --json --part 2 /dev/sda
  linksmith check --repair -n disk.img
  linksmith --drive C=disk.img check C:";

    fn run(self, session: &mut Session) -> Result<Exit, CliError> {
        let volume = self.open(session)?;
        if let Some(journal) = volume.waiting_journal() {
            let message = format!(
                "a change that was interrupted waits in '{}'",
                visible(journal.as_os_str().as_encoded_bytes())
            );
            let hint = "Any other verb that opens the image completes it first; then check again.";
            session.console.warn(&message, Some(hint))?;
        }
        if self.repair {
            return repair::repair(&volume, &self.image, self.dry_run, &mut session.console);
        }
        let summary = check(&volume, &mut session.console)?;
        summarise(&summary, &mut session.console)?;
        Ok(if summary.wrong > 0 {
            Exit::Findings
        } else {
            Exit::Done
        })
    }
}

impl Check {
    /// The image: the one that is open under a letter, as at a prompt, or a file.
    fn open(&self, session: &Session) -> Result<Arc<ImageVolume>, CliError> {
        let letter = attach::letter_of(&self.image);
        if let Some(open) = letter.and_then(|letter| session.open_image(letter)) {
            return Ok(open);
        }
        let attached = letter.map(|letter| attach::attached(&session.globals, letter));
        let (path, part) = match attached.transpose()?.flatten() {
            Some(spec) => (spec.path, spec.part),
            None => (self.image.clone(), self.part),
        };
        let changes = self.repair && !self.dry_run;
        attach::open_image(Path::new(&path), part, changes).map(Arc::new)
    }
}

/// Checks a volume and prints each finding as it comes.
pub(super) fn check(volume: &ImageVolume, console: &mut Console) -> Result<Summary, CliError> {
    let mut said = Ok(());
    let ntfs = volume.ntfs();
    let checked = check::check(&ntfs, |finding| {
        said = print(&finding, console);
        if said.is_ok() {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    });
    said?;
    checked.map_err(|e| CliError::new(Exit::Damaged, format!("cannot check the volume: {e}")))
}

#[derive(Serialize)]
struct Line<'a> {
    v: u32,
    code: &'a str,
    severity: &'a str,
    record: Option<u64>,
    path: Option<String>,
    words: &'a str,
}

/// The last line of `--json`.
#[derive(Serialize)]
struct SummaryLine {
    v: u32,
    records: u64,
    directories: u64,
    names: u64,
    reparse_points: u64,
    clusters: u64,
    wrong: u64,
    notes: u64,
}

impl SummaryLine {
    fn of(summary: &Summary) -> Self {
        Self {
            v: 1,
            records: summary.records,
            directories: summary.directories,
            names: summary.names,
            reparse_points: summary.reparse_points,
            clusters: summary.clusters,
            wrong: summary.wrong,
            notes: summary.notes,
        }
    }
}

fn severity(finding: &Finding) -> (&'static str, Role) {
    match finding.code.severity() {
        Severity::Wrong => ("wrong", Role::Bad),
        Severity::State => ("state", Role::Doubtful),
        Severity::Stale => ("stale", Role::Faint),
    }
}

fn path(finding: &Finding) -> Option<String> {
    finding.path.as_deref().map(shown)
}

fn shown(names: &[Vec<u16>]) -> String {
    let parts = names
        .iter()
        .map(|n| visible(&wtf8_from_utf16(n)).into_owned());
    format!("\\{}", parts.collect::<Vec<_>>().join("\\"))
}

fn print(finding: &Finding, console: &mut Console) -> Result<(), CliError> {
    let (word, role) = severity(finding);
    if console.json {
        return Ok(console.line(json::to_line(&Line {
            v: 1,
            code: finding.code.text(),
            severity: word,
            record: finding.record,
            path: path(finding),
            words: &finding.words,
        }))?);
    }
    let record = finding
        .record
        .map(|r| format!(" record {r}"))
        .unwrap_or_default();
    let path = path(finding).map(|p| format!(" {p}")).unwrap_or_default();
    let code = paint(console.color, role, finding.code.text());
    Ok(console.line(format!("{code}{record}{path}: {}", finding.words))?)
}

/// `8,123 records, 900 directories, 9,000 names, 12 reparse points: no findings`
pub(super) fn summarise(summary: &Summary, console: &mut Console) -> Result<(), CliError> {
    if console.json {
        return Ok(console.line(json::to_line(&SummaryLine::of(summary)))?);
    }
    let Summary {
        records,
        directories,
        names,
        reparse_points,
        wrong,
        notes,
        ..
    } = *summary;
    let found = |number| counted(number, "finding", "findings");
    let noted = |number| counted(number, "note", "notes");
    let findings = match (wrong, notes) {
        (0, 0) => "no findings".to_owned(),
        (0, notes) => format!("nothing wrong, {}", noted(notes)),
        (wrong, 0) => found(wrong),
        (wrong, notes) => format!("{}, {}", found(wrong), noted(notes)),
    };
    let line = format!(
        "{}, {}, {}, {}: {findings}",
        counted(records, "record", "records"),
        counted(directories, "directory", "directories"),
        counted(names, "name", "names"),
        counted(reparse_points, "reparse point", "reparse points"),
    );
    Ok(console.note(line)?)
}
