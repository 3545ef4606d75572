//! `type FILE...`.

use std::ffi::OsString;
use std::io::Read as _;

use linksmith::Cause;

use crate::error::{CliError, Exit};
use crate::session::{Session, failed, located, located_on};

/// Print the contents of files; links are followed
#[derive(clap::Args)]
pub(crate) struct Type {
    /// Which files
    #[arg(value_name = "FILE", required = true)]
    files: Vec<OsString>,
}

impl super::Command for Type {
    const NAME: &'static str = "type";
    const EXAMPLES: &'static str = "
  linksmith --drive C=disk.img type C:\\symlink_test\\real_file.txt";

    fn only_looks(&self) -> bool {
        true
    }

    fn run(self, session: &mut Session) -> Result<Exit, CliError> {
        super::each(session, &self.files, |session, _, text| {
            let drives = session.drives()?;
            let place = drives
                .locate_target(text)
                .map_err(|e| located_on(&drives, text, e))?;
            let volume = drives.volume(place.drive).map_err(located)?;
            let reader = volume.read(&place.path);
            let mut reader = reader.map_err(|e| failed(&drives, place.drive, &e))?;
            let mut buffer = vec![0; 64 * 1024];
            loop {
                let read = reader.read(&mut buffer);
                let read = read.map_err(|e| {
                    CliError::cannot("read", text.as_encoded_bytes(), &Cause::Io(e))
                })?;
                match buffer.get(..read) {
                    None | Some([]) => return Ok(()),
                    Some(bytes) => session.console.out().write_all(bytes)?,
                }
            }
        })
    }
}
