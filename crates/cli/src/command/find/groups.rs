//! `find --hard`: files with several names, each group together.
//!
//! Names are sorted and written down by several threads, for which they are dealt out by their files as they
//! are found; what is left for one thread is to put the groups in order.

use std::ffi::OsStr;
use std::io::Write as _;
use std::ops::{ControlFlow, Range};
use std::sync::{Mutex, PoisonError};

use linksmith::reparse::Kind;
use linksmith::scan::{self, Item, Options};
use linksmith::volume::Drives;
use linksmith::{Entry, FileId, Place};
use serde::Serialize;

use super::{Filter, explain};
use crate::describe::place_bytes;
use crate::error::{self, CliError, Exit};
use crate::output::text::{Role, bytes, paint};
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
    /// Its path's stretch of the list's paths.
    path: Range<usize>,
    links: u32,
    size: u64,
}

/// Names, with no memory of their own for each.
#[derive(Default)]
struct List {
    names: Vec<Name>,
    paths: Vec<u8>,
}

/// Names that are worth a thread.
const SHARE: usize = 4096;

/// The names found so far, all of one file in one list; two lists for each thread, so that none waits long for
/// the last.
struct Names(Vec<Mutex<List>>);

impl Names {
    fn new() -> Self {
        let lists = 2 * processors();
        Self((0..lists).map(|_| Mutex::default()).collect())
    }

    fn push(&self, entry: &Entry, links: u32, path: &[u8]) {
        // Numbers of files come in steps: mixed, they go to all lists.
        let mixed = (entry.id.file as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
        if let Some(list) = self.0.get(mixed as usize % self.0.len().max(1)) {
            let mut list = lock(list);
            let start = list.paths.len();
            list.paths.extend_from_slice(path);
            list.names.push(Name {
                file: entry.id,
                path: start..start + path.len(),
                links,
                size: entry.size,
            });
        }
    }

    /// The lists in text.
    fn write(self, form: Form) -> Vec<Written> {
        let lists = self.0.into_iter();
        let lists: Vec<_> = lists
            .map(|list| list.into_inner().unwrap_or_else(PoisonError::into_inner))
            .collect();
        let all: usize = lists.iter().map(|list| list.names.len()).sum();
        let left = Mutex::new(lists);
        let done = Mutex::new(Vec::new());
        let work = || {
            while let Some(list) = { lock(&left).pop() } {
                let written = Written::of(list, form);
                lock(&done).push(written);
            }
        };
        std::thread::scope(|scope| {
            for _ in 1..processors().min(all / SHARE) {
                let _ = std::thread::Builder::new().spawn_scoped(scope, work);
            }
            work();
        });
        done.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How groups are written.
#[derive(Clone, Copy)]
struct Form {
    json: bool,
    color: bool,
}

/// Files with several names, and whether all of them were found.
pub(super) fn print(
    session: &mut Session,
    drives: &Drives,
    roots: &[Place],
    filter: &Filter,
) -> Result<Exit, CliError> {
    let names = Names::new();
    let errors = Mutex::new(Vec::new());
    let ways = Mutex::new(Vec::new());
    let options = Options {
        only_hard_links: true,
        ..filter.scan
    };
    let visit = |item| {
        match item {
            Item::Failed { place, error } => {
                lock(&errors).push(failed(drives, place.drive, &error));
            }
            Item::Found(hit) => {
                let several = hit.entry.links.filter(|&links| links > 1);
                if let Some(links) = several.filter(|_| filter.may_want(drives, &hit)) {
                    names.push(&hit.entry, links, &place_bytes(drives, &hit.place));
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
            lock(&errors).push(located_on(drives, OsStr::new(&text), error));
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
    let (json, color) = (session.console.json, session.console.color);
    print_groups(session, &names.write(Form { json, color }))?;
    Ok(if errors.is_empty() {
        Exit::Done
    } else {
        Exit::Partly
    })
}

/// Groups in the order of their first names.
fn print_groups(session: &mut Session, lists: &[Written]) -> Result<(), CliError> {
    let mut groups: Vec<(&[u8], &[u8])> = lists.iter().flat_map(Written::groups).collect();
    // Each list is in order: a stable sort finds that, and merges.
    groups.sort_by(|a, b| a.0.cmp(b.0));
    let out = session.console.out();
    for (_, text) in groups {
        out.write_all(text)?;
    }
    Ok(())
}

/// The groups of one list, as they are printed.
struct Written {
    list: List,
    text: Vec<u8>,
    /// The first name of each group, and its stretch of the text; in the order of these names.
    groups: Vec<(Range<usize>, Range<usize>)>,
}

impl Written {
    fn of(mut list: List, form: Form) -> Self {
        let List { names, paths } = &mut list;
        let path = |range: &Range<usize>| paths.get(range.clone()).unwrap_or_default();
        let key = |name: &Name| (name.file, path(&name.path));
        names.sort_unstable_by(|a, b| key(a).cmp(&key(b)));
        // Roots may overlap.
        names.dedup_by(|a, b| key(a) == key(b));
        let mut text = Vec::new();
        let mut groups = Vec::new();
        for group in names.chunk_by(|a, b| a.file == b.file) {
            let start = text.len();
            let first = group.first().map_or(0..0, |name| name.path.clone());
            write_group(group, paths, form, &mut text);
            groups.push((first, start..text.len()));
        }
        groups.sort_unstable_by(|a, b| path(&a.0).cmp(path(&b.0)));
        Self { list, text, groups }
    }

    /// The first name of each group, and its text.
    fn groups(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.groups.iter().filter_map(|(first, text)| {
            let first = self.list.paths.get(first.clone())?;
            Some((first, self.text.get(text.clone())?))
        })
    }
}

/// One group at the end of a text.
fn write_group(names: &[Name], paths: &[u8], form: Form, text: &mut Vec<u8>) {
    let Some(&Name {
        file, links, size, ..
    }) = names.first()
    else {
        return;
    };
    let path = |name: &Name| paths.get(name.path.clone()).unwrap_or_default();
    // Writing to memory cannot fail.
    if form.json {
        let shown = names
            .iter()
            .map(|name| String::from_utf8_lossy(path(name)).into_owned());
        let line = json::to_line(&Group {
            v: 1,
            kind: Kind::Hard.word(),
            id: file.to_string(),
            links,
            size,
            all_inside: names.len() >= links as usize,
            names: shown.collect(),
        });
        let _ = writeln!(text, "{line}");
        return;
    }
    let where_ = match links as usize - names.len().min(links as usize) {
        0 => "all here".to_owned(),
        n => format!("{n} elsewhere"),
    };
    let bytes = bytes(size);
    let heading = format!("{links} names, {where_}, {bytes}, {file}");
    let _ = writeln!(text, "{}", paint(form.color, Role::Heading, heading));
    for name in names {
        text.extend_from_slice(b"  ");
        text.extend_from_slice(visible(path(name)).as_bytes());
        text.push(b'\n');
    }
}
