//! `import HOST_DIR DIR`, `export DIR HOST_DIR`.

use std::ffi::{OsStr, OsString};
use std::sync::Arc;

use linksmith::ops::{Copied, Progress as _};
use linksmith::volume::Drives;
use linksmith::{Caps, DriveId, EntryPath, Place, PlannedStep, Step};

use serde::Serialize;

use crate::change::print_step;
use crate::error::{self, CliError, Exit};
use crate::output::progress::Bar;
use crate::output::text::{bytes, counted};
use crate::output::{Console, visible};
use crate::session::{Session, located, located_on, not_applied};
use crate::transfer::{self, Counts, Side, Watch};

/// Copy a directory of this machine onto an attached drive, with its links
///
/// Relative links keep their text, absolute ones that lead into the tree lead to the same place in the
/// copy, hard links stay one file. What leads out of the tree is kept as a link of WSL, and named.
#[derive(clap::Args)]
pub(crate) struct Import {
    /// A directory of this machine
    #[arg(value_name = "HOST_DIR")]
    from: OsString,
    /// The directory on the drive; it need not be there yet
    #[arg(value_name = "DIR")]
    to: OsString,
    /// Print what would be made and stop
    #[arg(short = 'n', long)]
    dry_run: bool,
}

impl super::Command for Import {
    const NAME: &'static str = "import";
    const EXAMPLES: &'static str = "
  linksmith --drive C=disk.img import ~/project C:\\project";

    fn run(self, session: &mut Session) -> Result<Exit, CliError> {
        let drive = attached(session)?;
        refuse_read_only(&drive, &self.to)?;
        let host = host()?;
        carry(
            session,
            (&host, &self.from),
            (&drive, &self.to),
            self.dry_run,
        )
    }
}

/// Copy a directory of an attached drive onto this machine, with its links
///
/// Links become the links of this machine: relative ones keep their text, junctions and absolute links
/// into the tree become relative ones, hard links stay one file.
#[derive(clap::Args)]
pub(crate) struct Export {
    /// The directory on the drive
    #[arg(value_name = "DIR")]
    from: OsString,
    /// A directory of this machine; it need not be there yet
    #[arg(value_name = "HOST_DIR")]
    to: OsString,
    /// Print what would be made and stop
    #[arg(short = 'n', long)]
    dry_run: bool,
}

impl super::Command for Export {
    const NAME: &'static str = "export";
    const EXAMPLES: &'static str = "
  linksmith --drive C=disk.img,ro export C:\\Users\\me rescued";

    fn only_looks(&self) -> bool {
        true
    }

    fn run(self, session: &mut Session) -> Result<Exit, CliError> {
        let drive = attached(session)?;
        let host = host()?;
        carry(
            session,
            (&drive, &self.from),
            (&host, &self.to),
            self.dry_run,
        )
    }
}

fn host() -> Result<Drives, CliError> {
    Drives::host().map_err(located)
}

fn attached(session: &mut Session) -> Result<Arc<Drives>, CliError> {
    if session.globals.drives.is_empty() {
        return Err(CliError::usage("no drive is attached to copy to or from")
            .hint("`linksmith --drive C=disk.img import HOST_DIR C:\\DIR`"));
    }
    session.drives()
}

/// Said once, and not of every entry.
fn refuse_read_only(drives: &Drives, to: &OsStr) -> Result<(), CliError> {
    let place = match drives.locate_target(to) {
        Ok(place) => place,
        Err(_) => drives.locate(to).map_err(|e| located_on(drives, to, e))?,
    };
    let volume = drives.volume(place.drive).map_err(located)?;
    if volume.caps_at(&place.path).contains(Caps::READ_ONLY) {
        let cause = linksmith::Cause::ReadOnly;
        return Err(CliError::cannot("copy to", to.as_encoded_bytes(), &cause));
    }
    Ok(())
}

fn carry(
    session: &mut Session,
    (from, from_text): (&Drives, &OsStr),
    (to, to_text): (&Drives, &OsStr),
    dry_run: bool,
) -> Result<Exit, CliError> {
    let source = from
        .locate_target(from_text)
        .map_err(|e| located_on(from, from_text, e))?;
    let target = match to.locate_target(to_text) {
        Ok(place) => place,
        Err(_) => to.locate(to_text).map_err(|e| located_on(to, to_text, e))?,
    };
    let volume = from.volume(source.drive).map_err(located)?;
    let entry = volume.entry(&source.path);
    if !entry.is_ok_and(|e| e.is_real_dir()) {
        let cause = linksmith::Cause::NotADirectory;
        return Err(CliError::cannot(
            "copy",
            from_text.as_encoded_bytes(),
            &cause,
        ));
    }
    let mut bar = Bar::new(&session.console);
    bar.begin(None);
    let mut told = Told {
        from,
        drives: to,
        console: &mut session.console,
        bar,
        dry_run,
        errors: 0,
    };
    let from = Side {
        drives: from,
        root: source,
    };
    let to = Side {
        drives: to,
        root: target,
    };
    let counts = transfer::run(&from, &to, &mut told)?;
    let errors = told.errors;
    if !dry_run {
        report(session, counts)?;
    }
    Ok(if errors > 0 { Exit::Partly } else { Exit::Done })
}

fn report(session: &mut Session, counts: Counts) -> Result<(), CliError> {
    let Counts {
        directories,
        files,
        links,
    } = counts;
    let line = format!(
        "copied {}, {}, {}",
        counted(files, "file", "files"),
        counted(directories, "directory", "directories"),
        counted(links, "link", "links")
    );
    Ok(session.console.done(
        &line,
        &Done {
            v: 1,
            files,
            directories,
            links,
        },
    )?)
}

#[derive(Serialize)]
struct Done {
    v: u32,
    files: u64,
    directories: u64,
    links: u64,
}

struct Told<'a> {
    from: &'a Drives,
    drives: &'a Drives,
    console: &'a mut Console,
    bar: Bar,
    /// Steps are printed instead of done.
    dry_run: bool,
    errors: usize,
}

impl Told<'_> {
    fn show(&mut self, drive: DriveId, step: &Step) -> Result<(), CliError> {
        if let (Step::CopyFile { at, from, .. }, false) = (step, self.console.json) {
            // The source is on the other side, whose drives have numbers of their own.
            let place = |drive, path: &EntryPath| Place {
                drive,
                path: path.clone(),
            };
            let from_drive = from.drive.unwrap_or(drive);
            let copied = self.from.display(&place(from_drive, &from.at));
            let to = self.drives.display(&place(drive, at));
            let line = format!("would copy {copied} to {to} ({})", bytes(from.size));
            return Ok(self.console.line(visible(line.as_bytes()).as_bytes())?);
        }
        let step = PlannedStep {
            drive,
            step: step.clone(),
            expect: Vec::new(),
        };
        print_step(self.console, self.drives, &step)
    }
}

impl Watch for Told<'_> {
    fn steps(&mut self, drive: DriveId, steps: &[Step]) -> Result<(), CliError> {
        if self.dry_run {
            return steps.iter().try_for_each(|step| self.show(drive, step));
        }
        let volume = self.drives.volume(drive).map_err(located)?;
        volume
            .apply_with(&steps.iter().collect::<Vec<_>>(), &Copied(self.from))
            .map_err(|e| not_applied(self.drives, drive, &e))?;
        self.bar.advance(steps.len() as u64);
        Ok(())
    }

    fn warn(&mut self, message: String) -> Result<(), CliError> {
        Ok(self.console.warn(&message, None)?)
    }

    fn error(&mut self, error: CliError) {
        self.errors += 1;
        error::report(&error, self.console);
    }
}
