//! `tour [DIR]`.

mod article;
mod stage;
mod volumes;

use std::path::PathBuf;

use crate::error::{CliError, Exit};
use crate::session::Session;
use stage::Stage;

/// The article that explains Windows links, step by step on two fresh NTFS volumes
///
/// "Soft links, hard links, junctions, oh my!": its own commands and listings, each claim tried and shown
/// true or corrected. At the end the volumes are checked, and it says where they lie. The exit code is 1
/// where a claim did not hold.
#[derive(clap::Args)]
pub(crate) struct Tour {
    /// Where the two images go, made where it is not there; C.img and D.img must not be there yet [default: a new temporary folder]
    #[arg(value_name = "DIR")]
    dir: Option<PathBuf>,
}

impl super::Command for Tour {
    const NAME: &'static str = "tour";
    const EXAMPLES: &'static str = "
  linksmith tour
  linksmith tour /tmp/links && linksmith --drive C=/tmp/links/C.img shell";

    fn run(self, session: &mut Session) -> Result<Exit, CliError> {
        let pair = volumes::Pair::make(self.dir.as_deref())?;
        session.set_drives(pair.drives()?);
        let mut stage = Stage::new(session)?;
        stage.title(&pair.words())?;
        article::play(&mut stage)?;
        let failed = stage.close()?;
        let wrong = pair.check(session)?;
        Ok(if failed + wrong > 0 {
            Exit::Partly
        } else {
            Exit::Done
        })
    }
}
