//! `completions SHELL`.

use clap::builder::PossibleValuesParser;
use clap::{Arg, Command, ValueHint};
use clap_complete::{Shell, generate};

use crate::error::{CliError, Exit};
use crate::session::Session;
use crate::tools::TOOLS;

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
        generate(self.shell, &mut with_tools(), "linksmith", &mut text);
        session.console.out().write_all(&text)?;
        Ok(Exit::Done)
    }
}

/// The verbs, and other tools' commands, whose words are paths as far as a shell can tell.
fn with_tools() -> Command {
    let words = || {
        Arg::new("words")
            .num_args(..)
            .value_hint(ValueHint::AnyPath)
    };
    let verbs = TOOLS.iter().filter(|tool| tool.verb).map(|tool| {
        Command::new(tool.name)
            .about("As the tool of that name")
            .arg(words())
    });
    let names = PossibleValuesParser::new(TOOLS.iter().map(|tool| tool.name));
    let any = Command::new("as")
        .about("Another tool's command")
        .arg(Arg::new("tool").required(true).value_parser(names))
        .arg(words());
    super::whole().subcommands(verbs).subcommand(any)
}
