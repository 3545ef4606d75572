//! `find --unfollowed`: what links say, and nothing of where that leads.
//!
//! Lines are made on the threads that find the links and handed on in blocks: one message and one write
//! for some hundred links. The threads share nothing that is written: each has a block of its own.

use std::cell::Cell;
use std::ffi::OsStr;
use std::ops::ControlFlow;
use std::sync::mpsc::{SyncSender, sync_channel};

use linksmith::resolve::{Located, Status};
use linksmith::scan::{self, Hit, Item};
use linksmith::volume::{Drives, Way};
use linksmith::{DriveId, Place};
use thread_local::ThreadLocal;

use super::{Filter, explain, line};
use crate::describe::Description;
use crate::error::{self, CliError, Exit};
use crate::output::json;
use crate::session::{Session, failed, located_on};

/// Bytes of lines that are worth handing on.
const BLOCK: usize = 64 * 1024;
/// Blocks that may wait to be written.
const WAITING: usize = 16;

enum Said {
    Lines(Vec<u8>),
    Failed(Box<CliError>),
    Way(Place, Way),
}

/// Prints everything wanted below the roots as it is found.
pub(super) fn print(
    session: &mut Session,
    drives: &Drives,
    roots: &[Place],
    filter: &Filter,
) -> Result<Exit, CliError> {
    let (json, color) = (session.console.json, session.console.color);
    std::thread::scope(|scope| {
        let (sender, receiver) = sync_channel::<Said>(WAITING);
        scope.spawn(move || {
            let search = Search {
                drives,
                filter,
                json,
                color,
                roots: roots
                    .iter()
                    .map(|root| (root.drive, drives.root_of(root.drive)))
                    .collect(),
                blocks: ThreadLocal::new(),
                sender,
            };
            search.run(roots);
        });
        let mut exit = Exit::Done;
        for said in receiver {
            match said {
                Said::Lines(lines) => session.console.out().write_all(&lines)?,
                Said::Way(root, way) => explain::say(&mut session.console, drives, &root, &way)?,
                Said::Failed(error) => {
                    exit = Exit::Partly;
                    error::report(&error, &mut session.console);
                }
            }
        }
        Ok(exit)
    })
}

struct Search<'a> {
    drives: &'a Drives,
    filter: &'a Filter,
    json: bool,
    color: bool,
    /// The roots of the drives that are searched, as people write them.
    roots: Vec<(DriveId, String)>,
    blocks: ThreadLocal<Cell<Vec<u8>>>,
    sender: SyncSender<Said>,
}

impl Search<'_> {
    fn run(self, roots: &[Place]) {
        for root in roots {
            let visit = |item| self.take(item);
            let tell = |way| {
                if self.filter.explain {
                    let _ = self.send(Said::Way(root.clone(), way));
                }
            };
            let options = self.filter.scan;
            if let Err(error) = scan::scan_and_tell(self.drives, root, options, &tell, &visit) {
                let text = self.drives.display(root);
                let _ = self.fail(located_on(self.drives, OsStr::new(&text), error));
            }
        }
        for rest in self.blocks {
            let _ = self.sender.send(Said::Lines(rest.into_inner()));
        }
    }

    fn take(&self, item: Item) -> ControlFlow<()> {
        let hit = match item {
            Item::Failed { place, error } => {
                return self.fail(failed(self.drives, place.drive, &error));
            }
            Item::Found(hit) => hit,
        };
        if !self.filter.may_want(self.drives, &hit) {
            return ControlFlow::Continue(());
        }
        match self.describe(*hit) {
            Ok(of) if self.filter.wants(self.drives, &of) => self.say(&of),
            Ok(_) => ControlFlow::Continue(()),
            Err(error) => self.fail(error),
        }
    }

    fn describe(&self, hit: Hit) -> Result<Description, CliError> {
        let text = match hit.text {
            None if hit.entry.is_link() => {
                let volume = self.drives.volume(hit.place.drive);
                let read = volume.map(|volume| volume.link_text(&hit.place.path));
                let error = |error| failed(self.drives, hit.place.drive, &error);
                read.ok().transpose().map_err(error)?.flatten()
            }
            text => text,
        };
        let located = Located {
            place: hit.place,
            entry: hit.entry,
            kind: None,
            text,
            resolution: None,
            status: Status::Ok, // not told
        };
        let drive = located.place.drive;
        let root = self.roots.iter().find(|(of, _)| *of == drive);
        Ok(match root {
            Some((_, root)) => Description::of_located_below(root, self.drives, located),
            None => Description::of_located(self.drives, located),
        })
    }

    fn say(&self, of: &Description) -> ControlFlow<()> {
        let mut text = if self.json {
            json::to_line(&of.json_unfollowed())
        } else {
            line(self.color, of)
        };
        text.push('\n');
        let own = self.blocks.get_or_default();
        let mut block = own.take();
        block.extend_from_slice(text.as_bytes());
        if block.len() < BLOCK {
            own.set(block);
            return ControlFlow::Continue(());
        }
        own.set(Vec::with_capacity(BLOCK + 512));
        self.send(Said::Lines(block))
    }

    fn fail(&self, error: CliError) -> ControlFlow<()> {
        self.send(Said::Failed(Box::new(error)))
    }

    /// A reader that went away ends the scan.
    fn send(&self, said: Said) -> ControlFlow<()> {
        match self.sender.send(said) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    }
}
