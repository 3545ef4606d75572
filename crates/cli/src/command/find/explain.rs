//! `find --explain`: which road leads to the links, and why that one.

use linksmith::Place;
use linksmith::volume::{Drives, Way};
use serde::Serialize;

use crate::error::CliError;
use crate::output::{Console, json};

#[derive(Serialize)]
struct Line<'a> {
    v: u32,
    path: &'a str,
    road: &'static str,
    why: &'a str,
}

/// Says it on standard error.
pub(super) fn say(
    console: &mut Console,
    drives: &Drives,
    root: &Place,
    way: &Way,
) -> Result<(), CliError> {
    let path = drives.display(root);
    let line = if console.json {
        json::to_line(&Line {
            v: 1,
            path: &path,
            road: way.road.as_str(),
            why: &way.why,
        })
    } else {
        format!("linksmith: {path}: {}: {}", way.road, way.why)
    };
    Ok(console.err_line(&line)?)
}
