//! `find --hard`: files with several names, each group together.

use std::ffi::OsStr;
use std::ops::ControlFlow;
use std::sync::{Mutex, PoisonError};

use linksmith::reparse::Kind;
use linksmith::scan::{self, Item, Options};
use linksmith::volume::Drives;
use linksmith::{FileId, Place};
use serde::Serialize;

use super::{Filter, explain};
use crate::describe::place_bytes;
use crate::error::{self, CliError, Exit};
use crate::output::text::{Role, grouped, paint};
use crate::output::{json, visible};
use crate::session::{Session, failed, located_on};

#[derive(Serialize)]
struct Group {
    v: u32,
    kind: &'static str,
    id: String,
    links: u32,
    size: u64,
    all_inside: bool,
    names: Vec<String>,
}

/// One name of a file that has several.
struct Name {
    file: FileId,
    path: Vec<u8>,
    links: u32,
    size: u64,
}

/// Files with several names, and whether all of them were found.
pub(super) fn print(
    session: &mut Session,
    drives: &Drives,
    roots: &[Place],
    filter: &Filter,
) -> Result<Exit, CliError> {
    let names = Mutex::new(Vec::new());
    let errors = Mutex::new(Vec::new());
    let ways = Mutex::new(Vec::new());
    let options = Options {
        only_hard_links: true,
        ..filter.scan
    };
    let visit = |item| {
        match item {
            Item::Failed { place, error } => {
                let error = failed(drives, place.drive, &error);
                errors
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(error);
            }
            Item::Found(hit) => {
                let several = hit.entry.links.filter(|&links| links > 1);
                if let Some(links) = several.filter(|_| filter.may_want(drives, &hit)) {
                    let name = Name {
                        file: hit.entry.id,
                        path: place_bytes(drives, &hit.place),
                        links,
                        size: hit.entry.size,
                    };
                    names
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push(name);
                }
            }
        }
        ControlFlow::Continue(())
    };
    for root in roots {
        let tell = |way| {
            ways.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push((root, way));
        };
        if let Err(error) = scan::scan_and_tell(drives, root, options, &tell, &visit) {
            let text = drives.display(root);
            let error = located_on(drives, OsStr::new(&text), error);
            errors
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(error);
        }
    }
    for (root, way) in ways.into_inner().unwrap_or_else(PoisonError::into_inner) {
        if filter.explain {
            explain::say(&mut session.console, drives, root, &way)?;
        }
    }
    let errors = errors.into_inner().unwrap_or_else(PoisonError::into_inner);
    for error in &errors {
        error::report(error, &mut session.console);
    }
    let names = names.into_inner().unwrap_or_else(PoisonError::into_inner);
    print_groups(session, names)?;
    Ok(if errors.is_empty() {
        Exit::Done
    } else {
        Exit::Partly
    })
}

/// Groups in the order of their first names.
fn print_groups(session: &mut Session, mut names: Vec<Name>) -> Result<(), CliError> {
    names.sort_unstable_by(|a, b| (a.file, &a.path).cmp(&(b.file, &b.path)));
    // Roots may overlap.
    names.dedup_by(|a, b| a.file == b.file && a.path == b.path);
    let mut groups: Vec<&[Name]> = names.chunk_by(|a, b| a.file == b.file).collect();
    groups.sort_unstable_by_key(|group| group.first().map(|name| &name.path));
    groups
        .into_iter()
        .try_for_each(|group| print_group(session, group))
}

fn print_group(session: &mut Session, names: &[Name]) -> Result<(), CliError> {
    let Some(&Name {
        file, links, size, ..
    }) = names.first()
    else {
        return Ok(());
    };
    let console = &mut session.console;
    if console.json {
        return Ok(console.line(json::to_line(&Group {
            v: 1,
            kind: Kind::Hard.word(),
            id: file.to_string(),
            links,
            size,
            all_inside: names.len() >= links as usize,
            names: names
                .iter()
                .map(|name| String::from_utf8_lossy(&name.path).into_owned())
                .collect(),
        }))?);
    }
    let where_ = match links as usize - names.len().min(links as usize) {
        0 => "all here".to_owned(),
        n => format!("{n} elsewhere"),
    };
    let bytes = grouped(size);
    let heading = format!("{links} names, {where_}, {bytes} bytes, {file}");
    console.line(paint(console.color, Role::Heading, heading).to_string())?;
    for name in names {
        console.line(format!("  {}", visible(&name.path)))?;
    }
    Ok(())
}
