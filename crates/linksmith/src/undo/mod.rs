//! Taking changes back: the inverse of every step, and the journal of what was done.
//!
//! A plan is written to the journal before its first step, and how each step is taken back before that
//! step. So after a crash at any point the journal says what was begun, and looking at the volume says
//! how far it came.

mod codec;
mod effect;
mod file;
mod inverse;
mod journal;
mod run;

use std::io;
use std::path::PathBuf;

pub use inverse::{Inverse, Keep, inverse};
pub use journal::{Journal, Part, Recording};
pub use run::{Again, DriveRecord, Run, RunId, RunState, TakeBack};

use crate::path::EntryPath;
use crate::volume::VolumeError;

/// Why something cannot be recorded or taken back.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UndoError {
    /// A volume could not be read.
    #[error(transparent)]
    Volume(Box<VolumeError>),
    /// It could not be taken back, and that was not allowed.
    #[error("'{}' could not be taken back: {why}", at.display())]
    Irreversible {
        /// What would be lost.
        at: EntryPath,
        /// Why it cannot be kept.
        why: String,
    },
    /// Something changed since.
    #[error("'{}' was changed since: {expected} was expected, {found} found", at.display())]
    Changed {
        /// Where.
        at: EntryPath,
        /// What was left there.
        expected: String,
        /// What is there.
        found: String,
    },
    /// What the run lost cannot be brought back.
    #[error("run {id} cannot be taken back whole: {what}")]
    Lost {
        /// Which run.
        id: RunId,
        /// What was not kept.
        what: String,
    },
    /// There is no such run.
    #[error("there is no run {0} in the journal")]
    NoRun(RunId),
    /// The run was taken back already.
    #[error("run {0} is taken back already")]
    Already(RunId),
    /// A volume of the run is not attached.
    #[error("the volume '{root}' (serial {serial:016X}) of run {id} is not attached")]
    NoVolume {
        /// Which run.
        id: RunId,
        /// How the volume was reached.
        root: String,
        /// Its serial number.
        serial: u64,
    },
    /// Another process is at it.
    #[error("run {0} is still under way in another process")]
    UnderWay(RunId),
    /// The journal could not be read or written.
    #[error("cannot {op} the journal '{}': {source}", path.display())]
    Io {
        /// What was tried.
        op: &'static str,
        /// Where.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The journal's bytes are wrong.
    #[error("the journal '{}' is damaged at byte {position}: {expected} was expected", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// Where in it.
        position: u64,
        /// What should stand there.
        expected: String,
    },
}

impl From<VolumeError> for UndoError {
    fn from(error: VolumeError) -> Self {
        Self::Volume(Box::new(error))
    }
}
