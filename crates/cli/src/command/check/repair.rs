//! `check IMAGE --repair`.

use std::ffi::OsStr;

use linksmith::volume::image::ImageVolume;
use linksmith_ntfs::check::Severity;
use linksmith_ntfs::repair::Fix;
use serde::Serialize;

use super::{print, shown};
use crate::error::{CliError, Exit};
use crate::output::text::{Role, paint};
use crate::output::{Console, json};

#[derive(Serialize)]
struct Line<'a> {
    v: u32,
    fix: &'a str,
    record: Option<u64>,
    path: Option<String>,
    words: &'a str,
    done: bool,
}

/// Mends what can be mended, or shows it; then tells what remains.
pub(super) fn repair(
    volume: &ImageVolume,
    name: &OsStr,
    dry_run: bool,
    console: &mut Console,
) -> Result<Exit, CliError> {
    let cannot = |error: linksmith::volume::VolumeError| {
        CliError::cannot("repair", name.as_encoded_bytes(), &error.cause)
    };
    let repair = volume.prepare_repair().map_err(cannot)?;
    let (fixes, remaining) = (repair.fixes().to_vec(), repair.remaining().to_vec());
    if !dry_run {
        volume.commit_repair(repair).map_err(cannot)?;
    }
    for fix in &fixes {
        print_fix(fix, !dry_run, console)?;
    }
    for finding in &remaining {
        print(finding, console)?;
    }
    let weighs = |severity| severity != Severity::Stale;
    let left = remaining
        .iter()
        .filter(|f| weighs(f.code.severity()))
        .count();
    if !console.json {
        let done = if dry_run { "would be mended" } else { "mended" };
        console.note(format!("{} {done}, {left} remain", fixes.len()))?;
    }
    Ok(if left > 0 { Exit::Findings } else { Exit::Done })
}

fn print_fix(fix: &Fix, done: bool, console: &mut Console) -> Result<(), CliError> {
    let path = fix.path.as_deref().map(shown);
    if console.json {
        return Ok(console.line(json::to_line(&Line {
            v: 1,
            fix: fix.code.text(),
            record: fix.record,
            path,
            words: &fix.words,
            done,
        }))?);
    }
    let record = fix
        .record
        .map(|r| format!(" record {r}"))
        .unwrap_or_default();
    let path = path.map(|p| format!(" {p}")).unwrap_or_default();
    let code = paint(console.color, Role::Doubtful, fix.code.text());
    Ok(console.line(format!("mend {code}{record}{path}: {}", fix.words))?)
}
