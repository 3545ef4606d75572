//! What one run has at hand: the console, the options, the drives.

use std::ffi::{OsStr, OsString};
use std::io::{BufRead as _, IsTerminal as _};
use std::sync::Arc;

use linksmith::resolve::End;
use linksmith::volume::Drives;
use linksmith::volume::image::ImageVolume;
use linksmith::{ApplyError, Cause, DriveId, LocateError, Place, VolumeError};

use crate::args::Globals;
use crate::attach::Images;
use crate::error::{CliError, Exit};
use crate::output::Console;
use crate::{attach, error};

/// How many lines a page has where the terminal does not say.
const PAGE: usize = 24;

/// The low byte of -1.
const MINUS_ONE: u8 = 255;

/// What to do about a path with nothing in it.
pub(crate) const EMPTY_HINT: &str = "A variable that is not set? `.` is the current directory.";

/// One run of the program, or one prompt with all of its commands.
pub(crate) struct Session {
    /// Where output goes.
    pub console: Console,
    /// The options that hold for all of it.
    pub globals: Globals,
    /// Whether the last command was a tool that ended with -1. Windows keeps 32 bits of an exit code, other
    /// systems 8, in which that is 255.
    pub minus_one: bool,
    /// The command under way as it was typed: what the journal calls its changes.
    pub command: String,
    /// Whether the command under way changes no volume: drives that it opens are shared with others.
    pub only_looks: bool,
    drives: Option<Arc<Drives>>,
    images: Images,
}

impl Session {
    pub(crate) fn new(console: Console) -> Self {
        Self {
            console,
            globals: Globals::default(),
            minus_one: false,
            command: String::new(),
            only_looks: false,
            drives: None,
            images: Images::new(),
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
        run: impl FnOnce(&mut Self) -> Result<u8, CliError>,
    ) -> Result<u8, CliError> {
        let console = &self.console;
        let before = (console.json, console.quiet, console.color);
        options.set_up(&mut self.console);
        self.globals.merge(options);
        let exit = run(self)?;
        let console = &mut self.console;
        (console.json, console.quiet, console.color) = before;
        Ok(exit)
    }

    /// The drives: attached ones, or those of this machine. Opened when they are first asked for.
    pub(crate) fn drives(&mut self) -> Result<Arc<Drives>, CliError> {
        if let Some(drives) = &self.drives {
            return Ok(Arc::clone(drives));
        }
        let (drives, images) = attach::drives(&self.globals, self.only_looks, &mut self.console)?;
        let drives = Arc::new(drives);
        if let Some(dir) = &self.globals.cwd {
            change_dir(&drives, dir).map_err(|e| located_on(&drives, dir, e))?;
        }
        self.console.letterless = cfg!(unix) && drives.is_host();
        self.drives = Some(Arc::clone(&drives));
        self.images = images;
        Ok(drives)
    }

    /// The image under a letter, where it is open already, as it is at a prompt.
    pub(crate) fn open_image(&self, letter: u8) -> Option<Arc<ImageVolume>> {
        let found = self.images.iter().find(|(l, _)| *l == letter);
        found.map(|(_, image)| Arc::clone(image))
    }

    /// Puts other drives in place of those that the options ask for.
    pub(crate) fn set_drives(&mut self, drives: Arc<Drives>) {
        self.drives = Some(drives);
    }

    /// The place a path of the command line names: links on the way followed, the last name not.
    pub(crate) fn locate(&mut self, text: &OsStr) -> Result<Place, CliError> {
        {
            let drives = self.drives()?;
            drives
                .locate(text)
                .map_err(|e| located_on(&drives, text, e))
        }
    }

    /// A tool's exit code: the original's, or ours where `--fixed-exit-codes` wants it.
    pub(crate) fn exit_code(&self, original: u8, fixed: u8) -> u8 {
        if self.globals.fixed_exit_codes {
            fixed
        } else {
            original
        }
    }

    /// A tool's exit code where the original's is -1.
    pub(crate) fn exit_minus_one(&mut self, fixed: u8) -> u8 {
        self.minus_one = !self.globals.fixed_exit_codes;
        self.exit_code(MINUS_ONE, fixed)
    }

    /// Asks a person for a yes; no where there is no terminal to ask at.
    pub(crate) fn ask(&mut self, question: &str) -> Result<bool, CliError> {
        if !std::io::stdin().is_terminal() {
            return Ok(false);
        }
        self.console.out().write_all(question.as_bytes())?;
        self.console.flush()?;
        let mut answer = String::new();
        std::io::stdin().lock().read_line(&mut answer)?;
        Ok(answer.trim_start().starts_with(['y', 'Y']))
    }

    /// After a page of lines on a terminal: waits for a key, and says that it did.
    pub(crate) fn pause_after(&mut self, lines: usize) -> Result<bool, CliError> {
        if lines < PAGE || !self.console.terminal || !std::io::stdin().is_terminal() {
            return Ok(false);
        }
        self.console
            .out()
            .write_all(b"Press Enter to continue . . . ")?;
        self.console.flush()?;
        std::io::stdin().lock().read_line(&mut String::new())?;
        Ok(true)
    }
}

/// Changes the directory, and the drive with it.
fn change_dir(drives: &Drives, dir: &OsStr) -> Result<(), LocateError> {
    let full = drives.full_path(dir)?;
    drives.change_dir(dir)?;
    match full.as_bytes() {
        [letter, b':', ..] => drives.change_drive(char::from(*letter)),
        _ => Ok(()),
    }
}

/// An error of a volume, with the path as people write it.
pub(crate) fn failed(drives: &Drives, drive: DriveId, error: &VolumeError) -> CliError {
    let place = Place {
        drive,
        path: error.path.clone(),
    };
    CliError::cannot(error.op, drives.display(&place).as_bytes(), &error.cause)
}

/// Steps that were not all done.
pub(crate) fn not_applied(drives: &Drives, drive: DriveId, error: &ApplyError) -> CliError {
    let undone = error.undone;
    let error = failed(drives, drive, &error.source);
    if undone {
        return error;
    }
    error.hint("What was done before it could not all be taken back; look with `linksmith list`.")
}

/// An error of finding a place.
pub(crate) fn located(error: LocateError) -> CliError {
    let text = match &error {
        LocateError::Nowhere { text, .. }
        | LocateError::Device { text }
        | LocateError::Name { text, .. } => OsString::from(text),
        LocateError::Volume(error) => {
            let path = error.path.display();
            return CliError::cannot(error.op, path.as_bytes(), &error.cause);
        }
        _ => OsString::new(),
    };
    not_located(None, &text, error)
}

/// An error of finding the place of `text` on these drives.
pub(crate) fn located_on(drives: &Drives, text: &OsStr, error: LocateError) -> CliError {
    not_located(Some(drives), text, error)
}

fn not_located(drives: Option<&Drives>, text: &OsStr, error: LocateError) -> CliError {
    let bytes = text.as_encoded_bytes();
    let shown = crate::output::visible(bytes);
    let with_path = |error: CliError| error.path(bytes);
    match error {
        LocateError::Empty => CliError::usage("a path cannot be empty").hint(EMPTY_HINT),
        LocateError::Name { source, .. } => CliError::cannot("use", bytes, &Cause::Name(source)),
        LocateError::Volume(error) => CliError::cannot(error.op, bytes, &error.cause),
        LocateError::Nowhere { resolution, .. } => {
            let end = &resolution.end;
            let itself = drives.is_some_and(|drives| is_missing_itself(drives, text, end));
            if itself {
                return CliError::cannot("follow", bytes, &Cause::NotFound);
            }
            let code = way_code(end.win32());
            let exit = code.map_or(Exit::NotFound, error::exit_of_code);
            let why = drives.map_or_else(|| end.to_string(), |drives| end.words(drives));
            let why = crate::output::visible(why.as_bytes()).into_owned();
            let mut error = CliError::new(exit, format!("cannot follow '{shown}': {why}"));
            error.code = code;
            error.hint = error::hint_of_code(code);
            with_path(error)
        }
        LocateError::Unreachable { ref root, .. } => {
            let hint = match root.as_bytes() {
                [letter, b':', ..] => {
                    format!("Attach it with `--drive {}=IMAGE`.", char::from(*letter))
                }
                _ if root.starts_with(r"\\?\Volume{") => {
                    "`--drive LETTER=IMAGE,guid=GUID` attaches an image by that GUID.".to_owned()
                }
                _ => "Shares are reached on Windows alone.".to_owned(),
            };
            let message = format!("cannot reach '{shown}': {error}");
            let code = error.win32();
            let mut error = CliError::new(Exit::NotFound, message).hint(hint);
            error.code = code;
            with_path(error)
        }
        LocateError::Device { .. } => {
            with_path(CliError::new(Exit::Unsupported, error.to_string()))
                .hint("Devices can be linked to by their full path alone, `\\\\.\\NAME`.")
        }
        other => CliError::usage(other.to_string()),
    }
}

/// The code of an error of finding a place. What leads nowhere is a folder on the way, or is used as one:
/// Windows then says "path" where it says "file" of a last name.
pub(crate) fn code_of(error: &LocateError) -> Option<u32> {
    match error {
        LocateError::Nowhere { .. } => way_code(error.win32()),
        other => other.win32(),
    }
}

/// Whether what is missing is the last name of the path, not a folder on the way to it.
fn is_missing_itself(drives: &Drives, text: &OsStr, end: &End) -> bool {
    match end {
        End::Missing { place, rest } if rest.is_empty() => {
            drives.place(text).is_ok_and(|named| named == *place)
        }
        _ => false,
    }
}

fn way_code(code: Option<u32>) -> Option<u32> {
    if code == Some(2) { Some(3) } else { code }
}
