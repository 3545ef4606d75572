//! `remove LINK...`.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ffi::{OsStr, OsString};

use linksmith::ops::remove::{self, RemoveError};
use linksmith::volume::Drives;
use linksmith::{Expect, FileId, Place, Plan};
use serde::Serialize;

use crate::change::{Carried, ChangeArgs};
use crate::describe::place_bytes;
use crate::error::{self, CliError, Exit};
use crate::output::json::hex_unless_unicode;
use crate::output::progress::Bar;
use crate::output::text::counted;
use crate::output::visible;
use crate::session::{Session, failed, located_on};

/// Remove links; what they lead to stays
///
/// A real file or directory is refused, and so is the last name of a file. With -r a tree is removed,
/// and each link in it detached, never followed.
#[derive(clap::Args)]
pub(crate) struct Remove {
    /// Which links
    #[arg(value_name = "LINK", required = true)]
    links: Vec<OsString>,
    /// Remove directories with all that is in them, detaching the links there
    #[arg(short, long)]
    recursive: bool,
    /// Remove a file's last name too, and with it the file
    #[arg(long)]
    last_name: bool,
    #[command(flatten)]
    change: ChangeArgs,
}

impl super::Command for Remove {
    const NAME: &'static str = "remove";
    const ALIASES: &'static [&'static str] = &["rm"];
    const EXAMPLES: &'static str = "
  linksmith remove junction_dir symlink_file.txt
  linksmith remove -r node_modules              detaches the links in it
  linksmith remove -n -r old                    shows what would go";

    fn run(self, session: &mut Session) -> Result<Exit, CliError> {
        if self.change.dry_run || self.change.plan.is_some() {
            return self.show(session);
        }
        super::each(session, &self.links, |session, _, path| {
            let plan = self.plan(session, path)?;
            self.change.carry_out(session, &plan)?;
            let shown = visible(path.as_encoded_bytes());
            let line = match plan.steps.len() {
                1 => format!("removed {shown}"),
                more => {
                    let more = counted(more as u64 - 1, "entry", "entries");
                    format!("removed {shown} and {more} in it")
                }
            };
            // The folder of a tree goes last.
            let last = plan.steps.last().map(|step| Place {
                drive: step.drive,
                path: step.step.at().clone(),
            });
            let drives = session.drives()?;
            let gone = last.map_or_else(Vec::new, |place| place_bytes(&drives, &place));
            let removed = Removed {
                v: 1,
                path: String::from_utf8_lossy(&gone),
                path_hex: hex_unless_unicode(&gone),
                removed: plan.steps.len(),
            };
            Ok(session.console.done(&line, &removed)?)
        })
    }
}

impl Remove {
    fn plan(&self, session: &mut Session, path: &OsStr) -> Result<Plan, CliError> {
        let drives = session.drives()?;
        let plan = if self.recursive {
            let mut bar = Bar::new(&session.console);
            remove::plan_tree(&drives, path, &mut bar)
        } else {
            remove::plan(&drives, path, self.last_name)
        };
        plan.map_err(|e| not_removed(&drives, path, e))
    }

    /// All of it as one plan. Each path was looked at as if the others stayed, so names of one file are
    /// counted together here.
    fn show(&self, session: &mut Session) -> Result<Exit, CliError> {
        let mut whole = Plan::default();
        let mut gone: HashMap<FileId, u32> = HashMap::new();
        let exit = super::each(session, &self.links, |session, _, path| {
            let plan = self.plan(session, path)?;
            if !self.recursive && !self.last_name {
                last_name_of(session, &plan, path, &mut gone)?;
            }
            whole.steps.extend(plan.steps);
            whole.warnings.extend(plan.warnings);
            Ok(())
        })?;
        match self.change.carry_out(session, &whole)? {
            Carried::Done | Carried::Shown => Ok(exit),
        }
    }
}

#[derive(Serialize)]
struct Removed<'a> {
    v: u32,
    path: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path_hex: Option<String>,
    /// Entries, itself among them.
    removed: usize,
}

/// Refuses a name that would be a file's last one when the names before it are gone.
fn last_name_of(
    session: &mut Session,
    plan: &Plan,
    path: &OsStr,
    gone: &mut HashMap<FileId, u32>,
) -> Result<(), CliError> {
    let drives = session.drives()?;
    for step in &plan.steps {
        let Some(Expect::Entry { at, id, .. }) = step.expect.first() else {
            continue;
        };
        let volume = drives.volume(step.drive).map_err(crate::session::located)?;
        let entry = volume
            .entry(at)
            .map_err(|e| failed(&drives, step.drive, &e))?;
        let before = gone.entry(*id).or_default();
        if !entry.is_link() && entry.links.is_some_and(|links| *before + 1 >= links) {
            let path = path.to_string_lossy().into_owned();
            return Err(not_removed(
                &drives,
                path.as_ref(),
                RemoveError::LastName { path: path.clone() },
            ));
        }
        *before += 1;
    }
    Ok(())
}

pub(super) fn not_removed(drives: &Drives, path: &OsStr, error: RemoveError) -> CliError {
    match error {
        RemoveError::Locate { source, .. } => located_on(drives, path, source),
        RemoveError::Volume(e) => CliError::cannot("remove", path.as_encoded_bytes(), &e.cause),
        other => {
            let exit = match other.is_refusal() {
                true => Exit::Unsafe,
                false => other.win32().map_or(Exit::Partly, error::exit_of_code),
            };
            let mut shown = CliError::new(exit, other.to_string()).path(path.as_encoded_bytes());
            shown.code = other.win32();
            shown.hint = other.hint().map(Into::into);
            shown
        }
    }
}
