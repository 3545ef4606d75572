//! Every link below a folder, for verbs that look at all of them before they answer.

use std::ops::ControlFlow;
use std::sync::{Mutex, PoisonError};

use linksmith::resolve::Located;
use linksmith::scan::{self, Item, Options};
use linksmith::volume::Drives;
use linksmith::{LocateError, Place};

use crate::error::CliError;
use crate::session::{failed, located_on};

/// What `look` makes of each link, in any order, and what could not be read: one bad entry stops nothing.
pub(super) fn every_link<T: Send>(
    drives: &Drives,
    root: &Place,
    look: impl Fn(Located) -> Result<T, LocateError> + Sync,
) -> Result<(Vec<T>, Vec<CliError>), LocateError> {
    let found: Mutex<(Vec<T>, Vec<CliError>)> = Mutex::new((Vec::new(), Vec::new()));
    let lock = || found.lock().unwrap_or_else(PoisonError::into_inner);
    scan::scan(drives, root, Options::default(), &|item| {
        match item {
            Item::Failed { place, error } => lock().1.push(failed(drives, place.drive, &error)),
            Item::Found(hit) => {
                let shown = drives.display(&hit.place);
                match hit.inspect(drives).and_then(&look) {
                    Ok(made) => lock().0.push(made),
                    Err(error) => lock().1.push(located_on(drives, shown.as_ref(), error)),
                }
            }
        }
        ControlFlow::Continue(())
    })?;
    Ok(found.into_inner().unwrap_or_else(PoisonError::into_inner))
}
