//! `doctor [PATH]`.

use std::ffi::OsString;
use std::path::Path;

use linksmith::doctor::{self, Finding, State};
use linksmith::volume::Drives;
use linksmith::{Caps, Place, Volume};
use serde::Serialize;

use crate::error::{CliError, Exit};
use crate::output::json;
use crate::output::text::{Cell, Role, Table};
use crate::session::{Session, failed, located, located_on};

/// Show what this volume, account and system allow, and what to do about what they don't
///
/// On this machine's own volumes one link of each kind is made in the folder, looked at and taken away
/// again: neither flags nor return codes are to be trusted. On an attached drive nothing is made unless
/// `--try` asks for it.
#[derive(clap::Args)]
pub(crate) struct Doctor {
    /// The folder (or a file in it) to ask about
    #[arg(value_name = "PATH", default_value = ".")]
    path: OsString,
    /// Make the links on an attached drive too
    #[arg(long = "try")]
    try_it: bool,
}

impl super::Command for Doctor {
    const NAME: &'static str = "doctor";
    const EXAMPLES: &'static str = "
  linksmith doctor                        this folder
  linksmith doctor D:\\data               another one
  linksmith --drive C=disk.img doctor     an image";

    fn run(self, session: &mut Session) -> Result<Exit, CliError> {
        let drives = session.drives()?;
        let place = drives
            .locate_target(&self.path)
            .map_err(|e| located_on(&drives, &self.path, e))?;
        let volume = drives.volume(place.drive).map_err(located)?;
        let entry = volume
            .entry(&place.path)
            .map_err(|e| failed(&drives, place.drive, &e))?;
        let dir = match place.parent() {
            Some(parent) if !entry.is_real_dir() => parent,
            _ => place.clone(),
        };
        let shown = drives.display(&dir);
        let mut findings = Vec::new();
        if drives.is_host() {
            findings.extend(doctor::system(Path::new(&shown)));
        }
        findings.extend(doctor::volume(&*volume, &dir.path));
        findings.extend(self.features(session, &drives, &dir, &*volume)?);
        findings.extend(doctor::names_left(&*volume, &place.path));
        print(session, &shown, &findings)?;
        Ok(Exit::Done)
    }
}

impl Doctor {
    fn features(
        &self,
        session: &mut Session,
        drives: &Drives,
        dir: &Place,
        volume: &dyn Volume,
    ) -> Result<Vec<Finding>, CliError> {
        let writable = !volume.caps_at(&dir.path).contains(Caps::READ_ONLY);
        if !(writable && (self.try_it || drives.is_host())) {
            return Ok(doctor::claimed_features(volume, &dir.path));
        }
        let trial = match doctor::try_features(volume, &dir.path) {
            Ok(trial) => trial,
            Err(error) => {
                let error = failed(drives, dir.drive, &error);
                let finding = Finding::new("writable", "Writing", State::Missing, error.line())
                    .advise("Ask about a folder you may write to: what follows is what the volume says of itself.");
                let claimed = doctor::claimed_features(volume, &dir.path);
                return Ok(std::iter::once(finding).chain(claimed).collect());
            }
        };
        if let Some(path) = trial.left_behind {
            let place = Place {
                drive: dir.drive,
                path,
            };
            let message = format!(
                "the folder of the trial is still there: '{}'",
                drives.display(&place)
            );
            session.console.warn(&message, Some("Remove it by hand."))?;
        }
        Ok(trial.findings)
    }
}

fn role(state: State) -> Role {
    match state {
        State::Good => Role::Good,
        State::Limited | State::Unknown => Role::Doubtful,
        State::Missing => Role::Bad,
        State::Fact => Role::Faint,
    }
}

fn print(session: &mut Session, dir: &str, findings: &[Finding]) -> Result<(), CliError> {
    if session.console.json {
        for finding in findings {
            session
                .console
                .line(json::to_line(&Line::of(dir, finding)))?;
        }
        return Ok(());
    }
    let color = session.console.color;
    let mut table = Table::default();
    for finding in findings {
        table.row(vec![
            Cell::new(finding.state.word()).role(role(finding.state)),
            Cell::new(finding.what),
            Cell::new(finding.found.as_str()),
        ]);
    }
    for (line, finding) in table.lines(color).iter().zip(findings) {
        session.console.line(line)?;
        if let Some(advice) = &finding.advice {
            session.console.line(format!("         {advice}"))?;
        }
    }
    Ok(())
}

#[derive(Serialize)]
struct Line<'a> {
    v: u32,
    path: &'a str,
    finding: &'static str,
    what: &'static str,
    state: &'static str,
    found: &'a str,
    advice: Option<&'a str>,
}

impl<'a> Line<'a> {
    fn of(path: &'a str, finding: &'a Finding) -> Self {
        Self {
            v: 1,
            path,
            finding: finding.key,
            what: finding.what,
            state: finding.state.word(),
            found: &finding.found,
            advice: finding.advice.as_deref(),
        }
    }
}
