//! How far long work has come: numbers for whoever draws them, never text.

use super::execute::Recorder;
use crate::entry::FileId;
use crate::undo::{Inverse, UndoError};

/// Is told how far work has come. All methods do nothing unless written.
pub trait Progress {
    /// Work of this many parts begins; `None` where nobody knows how many.
    fn begin(&mut self, total: Option<u64>) {
        let _ = total;
    }

    /// This many more parts are done.
    fn advance(&mut self, parts: u64) {
        let _ = parts;
    }

    /// Whether the work is no longer wanted. Asked between parts; what was planned is given up, what was
    /// done of a plan is taken back.
    fn is_cancelled(&self) -> bool {
        false
    }
}

/// Nobody looks.
impl Progress for () {}

/// A recorder that also tells how many steps of a plan are done.
///
/// It is one so that doing a plan has a single observer: hand it to
/// [`execute`](super::execute::execute) in the place of the journal that it wraps.
pub struct Watched<'a> {
    recorder: Option<&'a mut dyn Recorder>,
    progress: &'a mut dyn Progress,
}

impl<'a> Watched<'a> {
    /// Begins to watch a plan of this many steps.
    pub fn new(
        recorder: Option<&'a mut dyn Recorder>,
        progress: &'a mut dyn Progress,
        steps: usize,
    ) -> Self {
        progress.begin(Some(steps as u64));
        Self { recorder, progress }
    }
}

impl Recorder for Watched<'_> {
    fn intend(&mut self, first: usize, inverses: &[Inverse]) -> Result<(), UndoError> {
        match &mut self.recorder {
            Some(recorder) => recorder.intend(first, inverses),
            None => Ok(()),
        }
    }

    fn done(&mut self, first: usize, ids: &[Option<FileId>]) -> Result<(), UndoError> {
        self.progress.advance(ids.len() as u64);
        match &mut self.recorder {
            Some(recorder) => recorder.done(first, ids),
            None => Ok(()),
        }
    }

    fn back(&mut self, step: usize) -> Result<(), UndoError> {
        match &mut self.recorder {
            Some(recorder) => recorder.back(step),
            None => Ok(()),
        }
    }

    fn end(&mut self, done: bool) -> Result<(), UndoError> {
        match &mut self.recorder {
            Some(recorder) => recorder.end(done),
            None => Ok(()),
        }
    }
}
