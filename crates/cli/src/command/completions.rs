//! `completions SHELL`.

use clap_complete::{Shell, generate};

use crate::error::{CliError, Exit};
use crate::session::Session;

/// Print the completions for a shell
#[derive(clap::Args)]
pub(crate) struct Completions {
    /// Which shell
    #[arg(value_name = "SHELL", value_enum)]
    shell: Shell,
}

impl super::Command for Completions {
    const NAME: &'static str = "completions";
    const EXAMPLES: &'static str = "
  linksmith completions bash > ~/.local/share/bash-completion/completions/linksmith
  linksmith completions powershell >> $PROFILE";

    fn run(self, session: &mut Session) -> Result<Exit, CliError> {
        let mut text = Vec::new();
        generate(self.shell, &mut super::whole(), "linksmith", &mut text);
        session.console.out().write_all(&text)?;
        Ok(Exit::Done)
    }
}
