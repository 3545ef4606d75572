//! `man [DIR]`.
// The pages go into a directory of this machine, which is no volume's business.
#![allow(clippy::disallowed_methods)]

use std::path::PathBuf;

use clap_mangen::Man as Page;

use crate::error::{CliError, Exit};
use crate::session::Session;

/// Print the manual page, or write all of them into a directory
#[derive(clap::Args)]
pub(crate) struct Man {
    /// Where `linksmith.1` and a page for each verb go
    #[arg(value_name = "DIR")]
    dir: Option<PathBuf>,
}

impl super::Command for Man {
    const NAME: &'static str = "man";
    const EXAMPLES: &'static str = "
  linksmith man | man -l -
  linksmith man ~/.local/share/man/man1";

    fn run(self, session: &mut Session) -> Result<Exit, CliError> {
        let whole = super::whole();
        let Some(dir) = self.dir else {
            session.console.out().write_all(&page(whole)?)?;
            return Ok(Exit::Done);
        };
        let verbs: Vec<clap::Command> = whole.get_subcommands().cloned().collect();
        let failed = |e: std::io::Error| {
            CliError::new(
                Exit::Partly,
                format!("cannot write the manual pages to '{}': {e}", dir.display()),
            )
        };
        std::fs::create_dir_all(&dir).map_err(failed)?;
        std::fs::write(dir.join("linksmith.1"), page(whole)?).map_err(failed)?;
        for verb in verbs {
            let name = format!("linksmith-{}", verb.get_name());
            let verb = verb.display_name(name.clone());
            std::fs::write(dir.join(format!("{name}.1")), page(verb)?).map_err(failed)?;
        }
        Ok(Exit::Done)
    }
}

fn page(command: clap::Command) -> Result<Vec<u8>, CliError> {
    let mut text = Vec::new();
    Page::new(command).render(&mut text)?;
    Ok(text)
}
