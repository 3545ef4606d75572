//! Which drives there are: those of the command line, or this machine's.

use std::sync::Arc;

use linksmith::Volume;
use linksmith::volume::Drives;

use crate::args::{DriveSpec, Globals};
use crate::error::{CliError, Exit};
use crate::output::Console;
use crate::session::located;

/// Opens what the options ask for. Where no drive is attached it is this machine.
pub(crate) fn drives(globals: &Globals, console: &mut Console) -> Result<Drives, CliError> {
    if globals.drives.is_empty() {
        return host();
    }
    let mut specs: Vec<DriveSpec> = Vec::new();
    for text in &globals.drives {
        let spec = DriveSpec::parse(text)?;
        // The later one counts: the command line shadows the environment.
        specs.retain(|s| s.letter != spec.letter);
        specs.push(spec);
    }
    let mut attached = Vec::with_capacity(specs.len());
    for spec in &specs {
        attached.push((char::from(spec.letter), open(spec, console)?));
    }
    Drives::attached(attached).map_err(located)
}

#[cfg(unix)]
fn host() -> Result<Drives, CliError> {
    Drives::host().map_err(located)
}

fn open(spec: &DriveSpec, _: &mut Console) -> Result<Arc<dyn Volume>, CliError> {
    let shown = spec.path.to_string_lossy();
    Err(CliError::new(
        Exit::Unsupported,
        format!("cannot attach '{shown}': not yet"),
    ))
}
