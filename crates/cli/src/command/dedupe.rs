//! `dedupe ROOT`.

use std::ffi::OsString;

use linksmith::EntryPath;
use linksmith::ops::dedupe::{self, DedupeError, Deduping, Request};
use serde::Serialize;

use crate::change::{Carried, ChangeArgs};
use crate::error::{self, CliError, Exit};
use crate::output::progress::Bar;
use crate::output::text::{counted, grouped};
use crate::output::{json, visible};
use crate::session::{Session, failed, located, located_on};

/// Make files with the same contents names of one file
///
/// Every byte is compared, and once more before a file gives way to a name of the other, in one change. The
/// file written longest ago stays, with its times. Files with other owners, rights or attributes stay apart,
/// links are not followed, and a file with all the names it may have is followed by the next one. From then on
/// a write through one name shows under all of them.
#[derive(clap::Args)]
pub(crate) struct Dedupe {
    /// The directory below which files are compared
    #[arg(value_name = "ROOT")]
    root: OsString,
    /// Leave smaller files alone
    #[arg(long, value_name = "SIZE", default_value = "1", value_parser = super::format::parse_size)]
    min_size: u64,
    /// Read-only and system files too
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    change: ChangeArgs,
}

impl super::Command for Dedupe {
    const NAME: &'static str = "dedupe";
    const EXAMPLES: &'static str = "
  linksmith dedupe -n packages                  what would become one
  linksmith dedupe --min-size 4K packages
  linksmith --drive C=disk.img dedupe C:\\store";

    fn run(self, session: &mut Session) -> Result<Exit, CliError> {
        let drives = session.drives()?;
        let root = drives.locate_target(&self.root);
        let request = Request {
            root: root.map_err(|e| located_on(&drives, &self.root, e))?,
            min_size: self.min_size,
            all: self.all,
        };
        let planned = {
            let mut bar = Bar::new(&session.console);
            dedupe::plan(&drives, &request, &mut bar)
        };
        let drive = request.root.drive;
        let found = planned.map_err(|error| match error {
            DedupeError::Locate(e) => located(e),
            DedupeError::Volume(e) => failed(&drives, drive, &e),
            other => CliError::new(Exit::Partly, other.to_string()),
        })?;
        for error in &found.failed {
            error::report(&failed(&drives, drive, error), &mut session.console);
        }
        if self.change.carry_out(session, &found.plan)? == Carried::Done {
            let shown = |path: &EntryPath| {
                let path = path.clone();
                let place = linksmith::Place { drive, path };
                visible(&crate::describe::place_bytes(&drives, &place)).into_owned()
            };
            report(session, &found, &shown)?;
        }
        Ok(match found.failed.is_empty() {
            true => Exit::Done,
            false => Exit::Partly,
        })
    }
}

#[derive(Serialize)]
struct SameJson {
    v: u32,
    kept: String,
    names: Vec<String>,
    size: u64,
}

#[derive(Serialize)]
struct Summary {
    v: u32,
    files: u64,
    replaced: usize,
    won: u64,
    skipped: u64,
    failed: usize,
}

fn report(
    session: &mut Session,
    found: &Deduping,
    shown: &dyn Fn(&EntryPath) -> String,
) -> Result<(), CliError> {
    let console = &mut session.console;
    for same in &found.same {
        let names: Vec<String> = same.names.iter().map(shown).collect();
        let kept = shown(&same.kept);
        if console.json {
            let (v, size) = (1, same.size);
            console.line(json::to_line(&SameJson {
                v,
                kept,
                names,
                size,
            }))?;
        } else {
            for name in names {
                console.line(format!("{name} = {kept}"))?;
            }
        }
    }
    let replaced = found.same.iter().map(|same| same.names.len()).sum();
    if console.json {
        return Ok(console.line(json::to_line(&Summary {
            v: 1,
            files: found.files,
            replaced,
            won: found.won,
            skipped: found.skipped,
            failed: found.failed.len(),
        }))?);
    }
    console.note(format!(
        "{}, {} replaced, {} won",
        counted(found.files, "file", "files"),
        counted(replaced as u64, "name", "names"),
        counted(found.won, "byte", "bytes")
    ))?;
    if found.skipped > 0 {
        let skipped = grouped(found.skipped);
        console.note(format!(
            "{skipped} read-only or system files left alone; `--all` takes them too"
        ))?;
    }
    Ok(())
}
