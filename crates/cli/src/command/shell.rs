//! `shell [SCRIPT]`.

use std::io::{BufReader, IsTerminal as _};
use std::path::PathBuf;

use linksmith::Cause;

use crate::error::{CliError, Exit};
use crate::session::Session;
use crate::shell::Shell as Prompt;

/// A prompt like that of cmd, on the attached drives or this machine
///
/// Commands: cd dir md rd del ren copy type echo vol where cls rem exit help pushd popd set, mklink,
/// fsutil, junction, findlinks, `linksmith VERB` and every verb whose name is free. Text goes into a
/// file with > and >>; %NAME% and %ERRORLEVEL% expand; &, && and || chain. A script is read from a
/// file or from standard input, each line echoed after the prompt; the exit status is the last
/// command's.
#[derive(clap::Args)]
pub(crate) struct Shell {
    /// A script of this machine; `-` is standard input [default: standard input]
    #[arg(value_name = "SCRIPT")]
    script: Option<PathBuf>,
}

impl super::Command for Shell {
    const NAME: &'static str = "shell";
    const EXAMPLES: &'static str = "
  linksmith --drive C=disk.img shell
  linksmith --drive C=disk.img shell setup.cmd
  echo 'mklink /J junction_dir real_dir' | linksmith --drive C=disk.img shell";

    fn run(self, session: &mut Session) -> Result<Exit, CliError> {
        let Some(path) = self.script.filter(|path| path.as_os_str() != "-") else {
            let stdin = std::io::stdin();
            let prompt = Prompt::new(session)?;
            let code = if stdin.is_terminal() {
                prompt.prompt()
            } else {
                prompt.script(&mut stdin.lock())
            };
            return code.map(Exit::Other);
        };
        let cannot = |cause| {
            let shown = path.as_os_str().as_encoded_bytes();
            CliError::cannot("read the script", shown, &cause)
        };
        let file = std::fs::File::open(&path).map_err(|e| cannot(Cause::Io(e)))?;
        // A folder opens on POSIX, and only its reading fails.
        if file.metadata().is_ok_and(|m| m.is_dir()) {
            return Err(cannot(Cause::IsADirectory));
        }
        let code = Prompt::new(session)?.script(&mut BufReader::new(file))?;
        Ok(Exit::Other(code))
    }
}
