//! `convert LINK --to KIND`.

use std::ffi::{OsStr, OsString};

use clap::builder::PossibleValuesParser;
use linksmith::ops::convert::{self, ConvertError, Into};
use linksmith::ops::say::Manner;
use linksmith::volume::Drives;

use crate::change::{Carried, ChangeArgs, tell_link};
use crate::error::{CliError, Exit};
use crate::output::visible;
use crate::session::{Session, located_on};

/// Make a link another kind of link, or a copy of what it leads to
///
/// Between soft links, hard links, junctions and copies, and between relative and absolute targets. The
/// new thing is made beside the old one and takes its place when it is whole. A link of
/// Interix, Cygwin or an SMB client (`find --foreign`) becomes a real one.
#[derive(clap::Args)]
pub(crate) struct Convert {
    /// Which links
    #[arg(value_name = "LINK", required = true)]
    links: Vec<OsString>,
    /// What they become [default: the same kind]
    #[arg(long, value_name = "KIND", required_unless_present_any = ["relative", "absolute"],
          value_parser = PossibleValuesParser::new(["soft", "hard", "junction", "copy"]))]
    to: Option<String>,
    /// With a target from the link's own folder
    #[arg(long, conflicts_with = "absolute")]
    relative: bool,
    /// With a target from a root
    #[arg(long)]
    absolute: bool,
    #[command(flatten)]
    change: ChangeArgs,
}

impl super::Command for Convert {
    const NAME: &'static str = "convert";
    const EXAMPLES: &'static str = "
  linksmith convert junction_dir --to soft --relative
  linksmith convert symlink_file.txt --to hard
  linksmith convert link --relative
  linksmith convert current --to copy           a tree of its own";

    fn run(self, session: &mut Session) -> Result<Exit, CliError> {
        super::each(session, &self.links, |session, _, link| {
            let drives = session.drives()?;
            let at = drives
                .locate(link)
                .map_err(|e| located_on(&drives, link, e))?;
            let plan = convert::plan(&drives, &at, self.kind(), self.manner())
                .map_err(|e| refused(&drives, link, e))?;
            let none = plan.steps.is_empty();
            if self.change.carry_out(session, &plan)? == Carried::Done {
                let shown = visible(link.as_encoded_bytes());
                let line = match (none, &self.to) {
                    (true, _) => format!("{shown} is so already"),
                    (false, Some(kind)) => format!("{shown} is now: {kind}"),
                    (false, None) => format!("{shown} is spelled otherwise now"),
                };
                tell_link(session, &at, &line)?;
            }
            Ok(())
        })
    }
}

impl Convert {
    fn kind(&self) -> Into {
        match self.to.as_deref() {
            Some("soft") => Into::Soft,
            Some("hard") => Into::Hard,
            Some("junction") => Into::Junction,
            Some(_) => Into::Copy,
            None => Into::Same,
        }
    }

    fn manner(&self) -> Manner {
        match (self.relative, self.absolute) {
            (true, _) => Manner::Relative,
            (_, true) => Manner::Absolute,
            _ => Manner::AsNow,
        }
    }
}

fn refused(drives: &Drives, link: &OsStr, error: ConvertError) -> CliError {
    let bytes = link.as_encoded_bytes();
    let message = format!("cannot convert '{}': {error}", visible(bytes));
    let said = |exit| CliError::new(exit, message.clone()).path(bytes);
    match error {
        ConvertError::Locate(e) => located_on(drives, link, e),
        ConvertError::Volume(e) => CliError::cannot("convert", bytes, &e.cause),
        ConvertError::NotALink => said(Exit::Unsafe).hint("`linksmith show` says what it is."),
        ConvertError::Broken(_) => {
            said(Exit::NotFound).hint("`linksmith repair` looks for what it meant.")
        }
        ConvertError::Impossible(_) => said(Exit::Unsupported),
        _ => said(Exit::Unsupported),
    }
}
