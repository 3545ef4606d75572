//! `retarget LINK TARGET`, `retarget --from OLD --to NEW ROOT...`.

use std::ffi::{OsStr, OsString};

use linksmith::Plan;
use linksmith::ops::retarget::{self, Prefix, RetargetError};
use linksmith::scan::Options;
use linksmith::volume::Drives;

use serde::Serialize;

use crate::change::{Carried, ChangeArgs, tell_link};
use crate::command::find::{self, Filter};
use crate::error::{self, CliError, Exit};
use crate::output::visible;
use crate::session::{Session, failed, located, located_on};

/// Change where links lead, their times and security kept
///
/// One link gets a new target, written as it is given. With --from and --to every link below the roots
/// whose target begins so gets another beginning: drive letters, volume GUIDs, shares and Unix paths.
/// Relative links are left as they are then.
#[derive(clap::Args)]
pub(crate) struct Retarget {
    /// The link and its new target; with --from the folders to look in
    #[arg(value_name = "LINK TARGET")]
    words: Vec<OsString>,
    /// The beginning of targets that is replaced
    #[arg(long, value_name = "OLD", requires = "to")]
    from: Option<OsString>,
    /// What it is replaced by
    #[arg(long, value_name = "NEW", requires = "from")]
    to: Option<OsString>,
    /// Allow a target that is not there
    #[arg(long)]
    dangling: bool,
    #[command(flatten)]
    change: ChangeArgs,
}

impl super::Command for Retarget {
    const NAME: &'static str = "retarget";
    const EXAMPLES: &'static str = "
  linksmith retarget link ../other/target
  linksmith retarget --from D:\\old --to E:\\new C:\\
  linksmith retarget -n --from /mnt/a --to /mnt/b .";

    fn run(self, session: &mut Session) -> Result<Exit, CliError> {
        match (&self.from, &self.to, self.words.as_slice()) {
            (Some(from), Some(to), roots) => self.bulk(session, from, to, roots),
            (_, _, [link, target]) => self.one(session, link, target),
            _ => Err(CliError::usage("a link and its new target are needed")
                .hint("`linksmith retarget LINK TARGET`")),
        }
    }
}

impl Retarget {
    fn one(&self, session: &mut Session, link: &OsStr, target: &OsStr) -> Result<Exit, CliError> {
        let drives = session.drives()?;
        let at = drives
            .locate(link)
            .map_err(|e| located_on(&drives, link, e))?;
        let plan = retarget::one(&drives, &at, target, self.dangling)
            .map_err(|e| refused(&drives, link, e))?;
        if self.change.carry_out(session, &plan)? == Carried::Done {
            let link = visible(link.as_encoded_bytes());
            let target = visible(target.as_encoded_bytes());
            tell_link(session, &at, &format!("{link} -> {target}"))?;
        }
        Ok(Exit::Done)
    }

    fn bulk(
        &self,
        session: &mut Session,
        from: &OsStr,
        to: &OsStr,
        roots: &[OsString],
    ) -> Result<Exit, CliError> {
        let prefix = Prefix::new(from, to).ok_or_else(|| {
            CliError::usage("--from and --to are beginnings of absolute targets")
                .hint("Examples: `D:\\old`, `\\\\server\\share`, `/srv/old`.")
        })?;
        let drives = session.drives()?;
        let roots = find::roots(&drives, roots)?;
        let mut exit = Exit::Done;
        let mut links = 0_usize;
        let mut plan = Plan::default();
        let filter = Filter::of(Options {
            meta: true,
            ..Options::default()
        });
        find::stream(&drives, &roots, &filter, &mut |item| {
            let changed = item.and_then(|of| {
                let located_link = &of.located;
                let Some(old) = &located_link.text else {
                    return Ok(false);
                };
                let place = &located_link.place;
                let new = retarget::by_prefix(old, &prefix)
                    .map_err(|e| unstorable(&drives.display(place), &e.to_string()))?;
                let Some(new) = new else { return Ok(false) };
                let volume = drives.volume(place.drive).map_err(located)?;
                // The fast road may leave out what is kept: the times.
                let entry = volume.entry(&place.path);
                let entry = entry.map_err(|e| failed(&drives, place.drive, &e))?;
                retarget::steps(&drives, place, &entry, old, &new, &mut plan).map_err(located)?;
                Ok(true)
            });
            match changed {
                Ok(changed) => links += usize::from(changed),
                Err(error) => {
                    exit = Exit::Partly;
                    error::report(&error, &mut session.console);
                }
            }
            Ok(())
        })?;
        if self.change.carry_out(session, &plan)? == Carried::Done {
            let word = if links == 1 {
                "link leads"
            } else {
                "links lead"
            };
            let line = format!("{links} {word} elsewhere");
            session.console.done(&line, &Led { v: 1, links })?;
        }
        Ok(exit)
    }
}

fn unstorable(path: &str, why: &str) -> CliError {
    CliError::new(
        Exit::Unsupported,
        format!("cannot retarget '{path}': {why}"),
    )
}

fn refused(drives: &Drives, link: &OsStr, error: RetargetError) -> CliError {
    let bytes = link.as_encoded_bytes();
    let shown = visible(bytes);
    let message = format!("cannot retarget '{shown}': {error}");
    let said = |exit| CliError::new(exit, message.clone()).path(bytes);
    match error {
        RetargetError::Locate(e) => located_on(drives, link, e),
        RetargetError::Volume(e) => CliError::cannot("retarget", bytes, &e.cause),
        RetargetError::NotALink => said(Exit::Unsafe)
            .hint("`linksmith show` says what it is; only links are touched here."),
        RetargetError::Missing(_) => said(Exit::NotFound)
            .code(2)
            .hint("`--dangling` allows a target that is not there."),
        RetargetError::NotForJunctions(_) => {
            said(Exit::Unsupported).hint("`linksmith convert LINK --to soft` makes it a soft link.")
        }
        _ => said(Exit::Unsupported),
    }
}

#[derive(Serialize)]
struct Led {
    v: u32,
    /// How many lead elsewhere now.
    links: usize,
}
