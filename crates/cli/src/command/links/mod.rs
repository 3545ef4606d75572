//! `links status|apply|prune|export|adopt`: the links a machine should have, as a file.

mod drift;
mod export;
mod record;

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use linksmith::Plan;

use crate::change::{Carried, ChangeArgs};
use crate::error::{CliError, Exit};
use crate::manifest::{Manifest, Surroundings};
use crate::output::text::{Cell, Role, Table};
use crate::session::Session;

use self::drift::{Drift, Looked};

/// The links this machine should have, as a file: see what differs, make it so
///
/// The manifest is TOML: `[[link]]` with path, target, kind (soft, hard, junction, mount), spelling
/// (as-is, relative, absolute), dir, dangling and when = { os, arch, env, exists }. ${NAME} takes a
/// variable of `[vars]` or of the environment; relative paths start at the manifest's folder.
#[derive(clap::Args)]
pub(crate) struct Links {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Show which links are as wanted and which are not; exit code 7 where some are not
    Status(OfManifest),
    /// Make the links that are missing, with the folders on the way, lead those elsewhere that lead wrong; never replaces what
    /// is no link. It is one change, which `undo` takes back as one
    Apply(OfManifest),
    /// Remove links that an earlier apply made and the manifest no longer wants, as one change
    Prune(OfManifest),
    /// Print a manifest of the links below a folder
    Export {
        /// Below which folder
        #[arg(value_name = "ROOT")]
        root: OsString,
    },
    /// Write links that are there into the manifest
    Adopt {
        /// Which links
        #[arg(value_name = "LINK", required = true)]
        links: Vec<OsString>,
        /// The manifest; made where it is not there
        #[arg(short, long, value_name = "FILE", default_value = "links.toml")]
        manifest: PathBuf,
        /// Print what would be added and stop
        #[arg(short = 'n', long)]
        dry_run: bool,
    },
}

#[derive(clap::Args)]
struct OfManifest {
    /// The manifest, a file of this machine
    #[arg(value_name = "FILE", default_value = "links.toml")]
    manifest: PathBuf,
    #[command(flatten)]
    change: ChangeArgs,
}

impl super::Command for Links {
    const NAME: &'static str = "links";
    const EXAMPLES: &'static str = "
  linksmith links export ~/project > links.toml
  linksmith links status links.toml
  linksmith links apply -n links.toml
  linksmith links apply links.toml
  linksmith links adopt ~/.vimrc --manifest dotfiles/links.toml";

    fn only_looks(&self) -> bool {
        matches!(self.what, What::Export { .. })
    }

    fn run(self, session: &mut Session) -> Result<Exit, CliError> {
        match self.what {
            What::Status(of) => status(session, &of),
            What::Apply(of) => apply(session, &of),
            What::Prune(of) => prune(session, &of),
            What::Export { root } => export::print(session, &root),
            What::Adopt {
                links,
                manifest,
                dry_run,
            } => export::adopt(session, &links, &manifest, dry_run),
        }
    }
}

/// A manifest and where its relative paths start.
struct Opened {
    manifest: Manifest,
    base: OsString,
}

fn open(session: &mut Session, file: &Path) -> Result<Opened, CliError> {
    let text = read(file)?;
    let drives = session.drives()?;
    let base = base_of(session, file)?;
    let there = |path: &str| {
        let place = drives.locate(&drift::below(&drives, &base, OsStr::new(path)));
        place.is_ok_and(|p| {
            drives
                .volume(p.drive)
                .is_ok_and(|v| v.entry(&p.path).is_ok())
        })
    };
    let env = |name: &str| std::env::var(name).ok();
    let manifest = Manifest::parse(
        &text,
        &Surroundings {
            env: &env,
            there: &there,
        },
    );
    let manifest = manifest.map_err(|e| {
        CliError::usage(format!(
            "the manifest '{}' is not well-formed: {e}",
            file.display()
        ))
        .path(file.as_os_str().as_encoded_bytes())
        .hint("`linksmith links --help` tells what it may hold.")
    })?;
    Ok(Opened { manifest, base })
}

fn read(file: &Path) -> Result<String, CliError> {
    std::fs::read_to_string(file).map_err(|e| {
        let cause = match e.kind() {
            std::io::ErrorKind::NotFound => linksmith::Cause::NotFound,
            _ => linksmith::Cause::Io(e),
        };
        CliError::cannot(
            "read the manifest",
            file.as_os_str().as_encoded_bytes(),
            &cause,
        )
        .hint("`linksmith links export ROOT` prints one of the links that are there.")
    })
}

/// The manifest's folder; on attached drives, which the file does not lie on, the current directory.
fn base_of(session: &mut Session, file: &Path) -> Result<OsString, CliError> {
    let drives = session.drives()?;
    if !drives.is_host() {
        return Ok(OsString::new());
    }
    let folder = file.parent().filter(|p| !p.as_os_str().is_empty());
    let folder = folder.map_or_else(|| ".".into(), |p| p.as_os_str().to_owned());
    let full = drives.full_path(&folder);
    full.map(OsString::from)
        .map_err(|e| crate::session::located_on(&drives, &folder, e))
}

fn status(session: &mut Session, of: &OfManifest) -> Result<Exit, CliError> {
    let opened = open(session, &of.manifest)?;
    let looked: Vec<Looked> = opened.look(session)?;
    let drifted = looked.iter().any(|l| l.drift.is_drift());
    if session.console.json {
        for one in &looked {
            session.console.line(one.json())?;
        }
    } else {
        let mut table = Table::default();
        for one in &looked {
            let role = match one.drift {
                Drift::AsWanted => Role::Good,
                Drift::NotHere => Role::Faint,
                _ => Role::Bad,
            };
            table.row(vec![
                Cell::new(one.drift.word()).role(role),
                Cell::new(one.words()),
            ]);
        }
        for line in table.lines(session.console.color) {
            session.console.line(line)?;
        }
    }
    Ok(if drifted { Exit::Findings } else { Exit::Done })
}

/// All links that can be made are one change: done, recorded and taken back together.
fn apply(session: &mut Session, of: &OfManifest) -> Result<Exit, CliError> {
    let opened = open(session, &of.manifest)?;
    let mut exit = Exit::Done;
    let mut as_wanted = Vec::new();
    let mut plan = Plan::default();
    let mut to_do = Vec::new();
    for one in opened.look(session)? {
        match (one.drift, one.plan) {
            (Drift::NotHere, _) => {}
            (Drift::AsWanted, _) => as_wanted.push(one.path),
            (drift, Ok(next)) => {
                plan.append(next);
                to_do.push((drift, one.path));
            }
            (_, Err(error)) => {
                crate::error::report(&error, &mut session.console);
                exit = Exit::Partly;
            }
        }
    }
    match of.change.carry_out(session, &plan).map_err(CliError::from) {
        Ok(Carried::Shown) => return Ok(exit),
        Ok(Carried::Done) => {
            for (drift, path) in to_do {
                session.console.note(format!("{} {path}", drift.done()))?;
                as_wanted.push(path);
            }
        }
        Err(error) => {
            crate::error::report(&error, &mut session.console);
            exit = Exit::Partly;
        }
    }
    record::add(session, &of.manifest, &as_wanted)?;
    Ok(exit)
}

fn prune(session: &mut Session, of: &OfManifest) -> Result<Exit, CliError> {
    let opened = open(session, &of.manifest)?;
    let looked = opened.look(session)?;
    let wanted: Vec<&str> = looked
        .iter()
        .filter(|l| l.drift != Drift::NotHere)
        .map(|l| l.path.as_str())
        .collect();
    record::prune(session, &of.manifest, &wanted, &of.change)
}
