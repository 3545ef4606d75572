//! `find [ROOT...]`.

mod explain;
mod groups;
mod unfollowed;

use std::ffi::{OsStr, OsString};
use std::ops::ControlFlow;
use std::sync::mpsc::sync_channel;

use clap::builder::PossibleValuesParser;
use linksmith::entry::FileTime;
use linksmith::ops::refs;
use linksmith::reparse::Kind;
use linksmith::resolve::{Located, Status};
use linksmith::scan::{self, Hit, Item, Options};
use linksmith::volume::{CaseRule, Drives, Way};
use linksmith::{EntryPath, LocateError, Place};

use crate::describe::Description;
use crate::error::{self, CliError, Exit};
use crate::output::text::{Role, paint};
use crate::output::{json, visible};
use crate::session::{Session, failed, located, located_on};
use crate::when;

/// Links found that wait to be printed.
const WAITING: usize = 1024;

/// Find every link below a folder, or on every attached drive
///
/// Links are reported, never entered, unless --follow-junctions or --follow-symlinks is given. What
/// cannot be read is said on standard error and stops nothing. Results come as they are found. Exit
/// code 7 with --broken where there is one, 1 where something could not be read.
#[derive(clap::Args)]
pub(crate) struct Find {
    /// Where to look [default: every attached drive, or the current directory]
    #[arg(value_name = "ROOT")]
    roots: Vec<OsString>,
    /// Only of this kind; may be repeated
    #[arg(long, value_name = "KIND", value_delimiter = ',', value_parser = kinds())]
    kind: Vec<String>,
    /// Only with this status; may be repeated
    #[arg(long, value_name = "STATUS", value_delimiter = ',', value_parser = statuses())]
    status: Vec<String>,
    /// Only links that lead nowhere, in a circle, or to what they are not made for
    #[arg(long)]
    broken: bool,
    /// Only links that lead to this place
    #[arg(long, value_name = "PATH")]
    to: Option<OsString>,
    /// Only with a name like this; `*`, `?`, `[a-z]` and `{a,b}` stand for others
    #[arg(long, value_name = "GLOB")]
    name: Vec<String>,
    /// Files with several names, in groups, and whether all names lie below ROOT
    #[arg(long, conflicts_with_all = ["kind", "status", "broken", "to", "null"])]
    hard: bool,
    /// What links say alone: none is followed, so no status is told and nothing waits for what is far away
    #[arg(long, conflicts_with_all = ["status", "broken", "to", "hard", "sort", "null"])]
    unfollowed: bool,
    /// Links of other systems too, which Windows takes for plain files: of Interix, Cygwin, SMB clients, Wine and Samba;
    /// each file that may be one is read
    #[arg(long, conflicts_with_all = ["hard", "unfollowed"])]
    foreign: bool,
    /// Only last changed after this: a date, a time or `3d`, `2 hours`
    #[arg(long, value_name = "WHEN", value_parser = when::parse)]
    newer: Option<FileTime>,
    /// Only last changed before this
    #[arg(long, value_name = "WHEN", value_parser = when::parse)]
    older: Option<FileTime>,
    /// Go on where junctions and mount points lead; each folder is entered once
    #[arg(long)]
    follow_junctions: bool,
    /// Go on where symbolic links lead; each folder is entered once
    #[arg(long)]
    follow_symlinks: bool,
    /// Stay on the file system of ROOT
    #[arg(short = 'x', long)]
    one_volume: bool,
    /// In the order of paths: all is found before the first is printed
    #[arg(long)]
    sort: bool,
    /// Say on standard error which road leads to the links, and why: `$Reparse index`, `$MFT` or `directory walk`
    #[arg(long)]
    explain: bool,
    /// Paths alone, each with a NUL after it
    #[arg(short = '0', long)]
    null: bool,
}

fn kinds() -> PossibleValuesParser {
    PossibleValuesParser::new(Kind::ALL.map(Kind::word))
}

fn statuses() -> PossibleValuesParser {
    PossibleValuesParser::new(Status::ALL.map(Status::as_str))
}

impl super::Command for Find {
    const NAME: &'static str = "find";
    const EXAMPLES: &'static str = "
  linksmith find --broken ~/project             exit code 7 where there is one
  linksmith find --kind junction --json
  linksmith find --to C:\\real_dir C:\\
  linksmith find --hard node_modules            groups of names of one file
  linksmith find --status dangling -0 | xargs -0 linksmith remove";

    fn only_looks(&self) -> bool {
        true
    }

    fn run(self, session: &mut Session) -> Result<Exit, CliError> {
        let drives = session.drives()?;
        let roots = roots(&drives, &self.roots)?;
        let filter = self.filter(&drives)?;
        if self.hard {
            return groups::print(session, &drives, &roots, &filter);
        }
        if self.unfollowed {
            return unfollowed::print(session, &drives, &roots, &filter);
        }
        let mut found = Found {
            options: &self,
            any: false,
            failed: false,
            later: Vec::new(),
        };
        stream_told(&drives, &roots, &filter, &mut |seen| match seen {
            Seen::Link(item) => found.take(session, item),
            Seen::Way(place, way) => explain::say(&mut session.console, &drives, &place, &way),
        })?;
        found.finish(session)
    }
}

/// The folders to look in: those given, else every attached drive, else the current directory.
pub(super) fn roots(drives: &Drives, texts: &[OsString]) -> Result<Vec<Place>, CliError> {
    let given = texts.iter().map(|text| {
        drives
            .locate_target(text)
            .map_err(|e| located_on(drives, text, e))
    });
    let roots: Vec<Place> = given.collect::<Result<_, _>>()?;
    if !roots.is_empty() {
        return Ok(roots);
    }
    if drives.is_host() {
        return Ok(vec![drives.current().map_err(located)?]);
    }
    let root = |drive| Place {
        drive,
        path: EntryPath::root(),
    };
    Ok(drives.ids().into_iter().map(root).collect())
}

/// What is wanted, ready to be asked of each entry on any thread.
#[derive(Default)]
pub(super) struct Filter {
    scan: Options,
    /// Whether the ways taken are told.
    explain: bool,
    /// Whether links of other systems are looked for.
    foreign: bool,
    kinds: Vec<Kind>,
    statuses: Vec<Status>,
    to: Option<Place>,
    names: Vec<String>,
    newer: Option<FileTime>,
    older: Option<FileTime>,
}

impl Find {
    fn filter(&self, drives: &Drives) -> Result<Filter, CliError> {
        let to = self.to.as_deref().map(|text| {
            let place = drives.locate(text).map_err(|e| located_on(drives, text, e));
            place.and_then(|p| drives.canonical(&p).or(Ok(p)))
        });
        for glob in &self.name {
            fast_glob::validate(glob)
                .map_err(|_| {
                    CliError::usage(format!("'{glob}' is no pattern")).hint(
                        "`*`, `?`, `[a-z]` and `{a,b}` stand for others; a backslash before one takes it as it is.",
                    )
                })?;
        }
        let kinds: Vec<Kind> = self
            .kind
            .iter()
            .filter_map(|w| Kind::from_word(w))
            .collect();
        let statuses = Status::ALL.into_iter();
        let broken = [
            Status::Dangling,
            Status::Loop,
            Status::WrongKind,
            Status::Invalid,
            Status::TooDeep,
        ];
        let wanted = |s: &Status| {
            self.status.iter().any(|w| w == s.as_str()) || self.broken && broken.contains(s)
        };
        let everything = kinds.iter().any(|k| matches!(k, Kind::File | Kind::Dir));
        Ok(Filter {
            scan: Options {
                everything: everything || self.foreign,
                hard_links: self.hard || kinds.contains(&Kind::Hard),
                meta: self.newer.is_some()
                    || self.older.is_some()
                    || !(self.null || self.unfollowed),
                follow_junctions: self.follow_junctions,
                follow_symlinks: self.follow_symlinks,
                one_volume: self.one_volume,
                only_hard_links: false,
            },
            explain: self.explain,
            foreign: self.foreign,
            statuses: statuses.filter(wanted).collect(),
            kinds,
            to: to.transpose()?,
            names: self.name.clone(),
            newer: self.newer,
            older: self.older,
        })
    }
}

impl Filter {
    /// All that a scan finds.
    pub(super) fn of(scan: Options) -> Self {
        Self {
            scan,
            ..Self::default()
        }
    }

    /// What is cheap to ask comes before the link is followed.
    fn may_want(&self, drives: &Drives, hit: &Hit) -> bool {
        let modified = hit.entry.times.modified;
        let after = self.newer.is_none_or(|t| modified > t);
        let before = self.older.is_none_or(|t| modified < t);
        after && before && (self.names.is_empty() || self.is_named(drives, hit))
    }

    fn is_named(&self, drives: &Drives, hit: &Hit) -> bool {
        let Some(name) = &hit.entry.name else {
            return false;
        };
        let fold = drives
            .volume(hit.place.drive)
            .is_ok_and(|v| v.info().case == CaseRule::Insensitive);
        self.names.iter().any(|glob| {
            if fold {
                let name = name.display().to_uppercase();
                fast_glob::glob_match(glob.to_uppercase(), name)
            } else {
                fast_glob::glob_match(glob, name.as_bytes())
            }
        })
    }

    fn describe(&self, drives: &Drives, located: Located) -> Result<Description, LocateError> {
        if self.foreign {
            if let Some(of) = Description::of_foreign(drives, &located)? {
                return Ok(of);
            }
        }
        Ok(Description::of_located(drives, located))
    }

    fn wants(&self, drives: &Drives, of: &Description) -> bool {
        let located = &of.located;
        let leads = |to: &Place| {
            refs::reach(drives, to, located).is_some_and(|reach| reach.below.is_root())
        };
        let kind = match self.kinds.as_slice() {
            [] if self.foreign => of.is_link(),
            [] => self.scan.hard_links || of.kind != Kind::Hard,
            kinds => kinds.contains(&of.kind),
        };
        kind && (self.statuses.is_empty()
            || of.is_link() && self.statuses.contains(&located.status))
            && self.to.as_ref().is_none_or(leads)
    }
}

pub(super) type Streamed = Result<Box<Description>, CliError>;

/// What a search comes upon.
enum Seen {
    Link(Streamed),
    /// The way that is taken below a root.
    Way(Place, Way),
}

/// Hands everything wanted below the roots to `take`, in the order in which it is found.
pub(super) fn stream(
    drives: &Drives,
    roots: &[Place],
    filter: &Filter,
    take: &mut dyn FnMut(Streamed) -> Result<(), CliError>,
) -> Result<(), CliError> {
    stream_told(drives, roots, filter, &mut |seen| match seen {
        Seen::Link(item) => take(item),
        Seen::Way(..) => Ok(()),
    })
}

fn stream_told(
    drives: &Drives,
    roots: &[Place],
    filter: &Filter,
    take: &mut dyn FnMut(Seen) -> Result<(), CliError>,
) -> Result<(), CliError> {
    std::thread::scope(|scope| {
        let (sender, receiver) = sync_channel::<Seen>(WAITING);
        scope.spawn(move || {
            for root in roots {
                let tell = |way| {
                    if filter.explain {
                        let _ = sender.send(Seen::Way(root.clone(), way));
                    }
                };
                let visit = |item| match answer(drives, filter, item)
                    .map(|item| sender.send(Seen::Link(item)))
                {
                    Some(Err(_)) => ControlFlow::Break(()),
                    Some(Ok(())) | None => ControlFlow::Continue(()),
                };
                if let Err(error) = scan::scan_and_tell(drives, root, filter.scan, &tell, &visit) {
                    let text = drives.display(root);
                    let error = located_on(drives, OsStr::new(&text), error);
                    let _ = sender.send(Seen::Link(Err(error)));
                }
            }
        });
        // A reader that goes away drops the receiver, and that ends the scan.
        receiver.into_iter().try_for_each(take)
    })
}

fn answer(drives: &Drives, filter: &Filter, item: Item) -> Option<Streamed> {
    let hit = match item {
        Item::Failed { place, error } => return Some(Err(failed(drives, place.drive, &error))),
        Item::Found(hit) => hit,
    };
    if !filter.may_want(drives, &hit) {
        return None;
    }
    let place = hit.place.clone();
    match hit.inspect(drives) {
        Err(error) => {
            let text = drives.display(&place);
            Some(Err(located_on(drives, OsStr::new(&text), error)))
        }
        Ok(located) => match filter.describe(drives, located) {
            Ok(of) => filter.wants(drives, &of).then(|| Ok(Box::new(of))),
            Err(error) => Some(Err(located_on(
                drives,
                OsStr::new(&drives.display(&place)),
                error,
            ))),
        },
    }
}

/// What was found so far.
struct Found<'f> {
    options: &'f Find,
    any: bool,
    failed: bool,
    later: Vec<Description>,
}

impl Found<'_> {
    fn take(&mut self, session: &mut Session, item: Streamed) -> Result<(), CliError> {
        match item {
            Err(error) => {
                self.failed = true;
                error::report(&error, &mut session.console);
                Ok(())
            }
            Ok(of) => {
                self.any = true;
                if self.options.sort {
                    self.later.push(*of);
                    return Ok(());
                }
                self.print(session, &of)
            }
        }
    }

    fn print(&self, session: &mut Session, of: &Description) -> Result<(), CliError> {
        let console = &mut session.console;
        if self.options.null {
            console.out().write_all(&of.path)?;
            return Ok(console.out().write_all(b"\0")?);
        }
        if console.json {
            return Ok(console.line(json::to_line(&of.json()))?);
        }
        let line = line(console.color, of);
        Ok(console.line(line)?)
    }

    fn finish(mut self, session: &mut Session) -> Result<Exit, CliError> {
        let mut later = std::mem::take(&mut self.later);
        later.sort_by(|a, b| a.path.cmp(&b.path));
        for of in &later {
            self.print(session, of)?;
        }
        Ok(match (self.options.broken && self.any, self.failed) {
            (true, _) => Exit::Findings,
            (false, true) => Exit::Partly,
            (false, false) => Exit::Done,
        })
    }
}

/// `junction  C:\j -> C:\t  (dangling)`.
pub(super) fn line(color: bool, of: &Description) -> String {
    let mut line = String::with_capacity(of.path.len() + 64);
    let mut push = |role: Option<Role>, text: &str| match role.filter(|_| color) {
        Some(role) => line.push_str(&paint(true, role, text).to_string()),
        None => line.push_str(text),
    };
    let kind = of.kind.word();
    push(Some(Role::Faint), kind);
    push(None, KIND.get(kind.len()..).unwrap_or_default());
    push(of.name_role(), &visible(&of.path));
    if let Some(target) = &of.target {
        push(None, " -> ");
        push(None, &visible(target));
    }
    if of.located.status != Status::Ok {
        let word = format!("  ({})", of.located.status);
        push(Some(of.status_role()), &word);
    }
    if let Some(form) = of.foreign {
        push(Some(Role::Faint), &format!("  [{}]", form.name()));
    }
    line
}

/// The room that the kind takes in a line.
const KIND: &str = "         ";
