//! What one run has at hand: the console, the options, the drives.

use crate::args::Globals;
use crate::error::{CliError, Exit};
use crate::output::Console;

/// One run of the program, or one shell with all of its commands.
pub(crate) struct Session {
    /// Where output goes.
    pub console: Console,
    /// The options that hold for all of it.
    pub globals: Globals,
}

impl Session {
    pub(crate) fn new(console: Console) -> Self {
        Self {
            console,
            globals: Globals::default(),
        }
    }

    /// Takes the options of the whole run.
    pub(crate) fn set_globals(&mut self, globals: Globals) {
        globals.set_up(&mut self.console);
        self.globals = globals;
    }

    /// Runs one verb with the options that stand after it, and puts those before back afterwards.
    ///
    /// Errors are reported by the caller in the same form, so `--json` stays as it is after one.
    pub(crate) fn with_options(
        &mut self,
        options: Globals,
        run: impl FnOnce(&mut Self) -> Result<Exit, CliError>,
    ) -> Result<u8, CliError> {
        let console = &self.console;
        let before = (console.json, console.quiet, console.color);
        options.set_up(&mut self.console);
        self.globals.merge(options);
        let exit = run(self)?;
        let console = &mut self.console;
        (console.json, console.quiet, console.color) = before;
        Ok(exit as u8)
    }
}
