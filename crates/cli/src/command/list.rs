//! `list [DIR]`.

use std::ffi::OsString;

use linksmith::resolve::Status;
use linksmith::volume::list;
use linksmith::{Base, Entry, Place};

use crate::describe::Description;
use crate::error::{CliError, Exit};
use crate::output::json;
use crate::output::text::{Cell, Role, Table, bytes};
use crate::session::{Session, failed, located, located_on};

/// List a directory: kinds, targets, link counts, status
#[derive(clap::Args)]
pub(crate) struct List {
    /// Which directory, or a single entry [default: the current one]
    #[arg(value_name = "DIR")]
    dir: Option<OsString>,
    /// The directories below it too, never through links
    #[arg(short = 'R', long)]
    recursive: bool,
}

impl super::Command for List {
    const NAME: &'static str = "list";
    const ALIASES: &'static [&'static str] = &["ls"];
    const EXAMPLES: &'static str = "
  linksmith list
  linksmith list -R --json ~/project
  linksmith --drive C=disk.img list C:\\Users";

    fn only_looks(&self) -> bool {
        true
    }

    fn run(self, session: &mut Session) -> Result<Exit, CliError> {
        let drives = session.drives()?;
        let text = self.dir.unwrap_or_else(|| ".".into());
        if let Ok(place) = drives.locate_target(&text) {
            let volume = drives.volume(place.drive).map_err(located)?;
            if volume.entry(&place.path).is_ok_and(|e| e.is_real_dir()) {
                return directories(session, &place, self.recursive);
            }
        }
        let place = session.locate(&text)?;
        let description =
            Description::of(&drives, &place).map_err(|e| located_on(&drives, &text, e))?;
        print(session, &[description])?;
        Ok(Exit::Done)
    }
}

/// A directory and, where asked for, those below it. One that cannot be read does not stop the rest.
fn directories(session: &mut Session, root: &Place, recursive: bool) -> Result<Exit, CliError> {
    let mut exit = Exit::Done;
    let mut todo = vec![root.clone()];
    while let Some(dir) = todo.pop() {
        let entries = match entries(session, &dir) {
            Ok(entries) => entries,
            Err(error) if dir == *root => return Err(error),
            Err(error) => {
                crate::error::report(&error, &mut session.console);
                exit = Exit::Partly;
                continue;
            }
        };
        if recursive && !session.console.json {
            heading(session, &dir, dir == *root)?;
        }
        if recursive {
            let below = entries.iter().rev().filter(|e| e.is_real_dir());
            todo.extend(below.filter_map(|e| Some(dir.join(e.name.as_ref()?))));
        }
        if !directory(session, &dir, entries)? {
            exit = Exit::Partly;
        }
    }
    Ok(exit)
}

fn heading(session: &mut Session, dir: &Place, first: bool) -> Result<(), CliError> {
    let shown = session.drives()?.display(dir);
    let painted = crate::output::text::paint(session.console.color, Role::Heading, shown);
    let blank = if first { "" } else { "\n" };
    Ok(session.console.line(format!("{blank}{painted}:"))?)
}

/// In the volume's own order; by name where it has none.
fn entries(session: &mut Session, dir: &Place) -> Result<Vec<Entry>, CliError> {
    let drives = session.drives()?;
    let volume = drives.volume(dir.drive).map_err(located)?;
    let mut entries = list(&*volume, &dir.path).map_err(|e| failed(&drives, dir.drive, &e))?;
    entries.sort_by(|a, b| match (&a.name, &b.name) {
        (Some(a), Some(b)) => volume.compare_names(a, b),
        _ => std::cmp::Ordering::Equal,
    });
    Ok(entries)
}

/// One directory's entries; whether each of them could be looked at.
fn directory(session: &mut Session, dir: &Place, entries: Vec<Entry>) -> Result<bool, CliError> {
    let drives = session.drives()?;
    let volume = drives.volume(dir.drive).map_err(located)?;
    let mut whole = true;
    let mut descriptions = Vec::with_capacity(entries.len());
    for mut entry in entries {
        let Some(name) = entry.name.clone() else {
            continue;
        };
        let place = dir.join(&name);
        if entry.links.is_none() && entry.base == Base::File {
            // A listing of this volume does not tell how many names a file has.
            if let Ok(looked) = volume.entry(&place.path) {
                entry.links = looked.links;
            }
        }
        match Description::of_entry(&drives, &place, entry) {
            Ok(description) => descriptions.push(description),
            Err(error) => {
                let text = drives.display(&place);
                let error = located_on(&drives, text.as_ref(), error);
                crate::error::report(&error, &mut session.console);
                whole = false;
            }
        }
    }
    print(session, &descriptions)?;
    Ok(whole)
}

fn print(session: &mut Session, descriptions: &[Description]) -> Result<(), CliError> {
    let console = &mut session.console;
    if console.json {
        for description in descriptions {
            console.line(json::to_line(&description.json()))?;
        }
        return Ok(());
    }
    let mut table = Table::default();
    for description in descriptions {
        table.row(row(description));
    }
    for line in table.lines(console.color) {
        console.line(line)?;
    }
    Ok(())
}

/// `junction  ok  junction_dir -> C:\real_dir`
fn row(of: &Description) -> Vec<Cell> {
    let entry = &of.located.entry;
    let state = match entry.links {
        _ if of.is_link() || of.located.status != Status::Ok => {
            Cell::new(of.located.status.as_str()).role(of.status_role())
        }
        Some(links) if links > 1 && entry.base == Base::File => Cell::new(format!("{links} names")),
        _ => Cell::new(""),
    };
    let size = match entry.base {
        Base::File if !of.is_link() => bytes(entry.size),
        _ => String::new(),
    };
    let arrow = match &of.target {
        Some(target) if of.is_link() => format!(" -> {}", crate::output::visible(target)),
        _ => String::new(),
    };
    let mut name = Cell::new(of.name()).then(arrow);
    if let Some(role) = of.name_role() {
        name = name.role(role);
    }
    vec![
        Cell::new(of.kind.word()).role(Role::Faint),
        state,
        Cell::new(size).right(),
        name,
    ]
}
