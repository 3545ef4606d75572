//! `refs PATH`.

use std::ffi::OsString;
use std::path::PathBuf;

use linksmith::ops::refs::Reach;
use linksmith::scan::Options;
use linksmith::volume::{Caps, Drives};
use linksmith::{Base, Place};
use serde::Serialize;

use crate::command::find::{self, Filter};
use crate::describe::{Json, place_bytes};
use crate::error::{self, CliError, Exit};
use crate::link_index::{self, Indexed};
use crate::output::text::{Role, paint};
use crate::output::{json, visible};
use crate::session::{Session, located, located_on};

/// Find every link that leads to a place or below it
///
/// Through chains of links, relative and absolute, by drive letter and by volume GUID. All attached
/// drives are looked through, or what --in gives. With --save all links are written to a file by the way,
/// and --index answers from there without looking again.
#[derive(clap::Args)]
pub(crate) struct Refs {
    /// Which place; it need not be there any more
    #[arg(value_name = "PATH")]
    path: OsString,
    /// Where to look for links; may be repeated [default: every attached drive, or the current directory]
    #[arg(long = "in", value_name = "ROOT")]
    roots: Vec<OsString>,
    /// Only links whose own target it is, not those that come there by other links
    #[arg(long)]
    direct: bool,
    /// Write an index of all links that were seen
    #[arg(long, value_name = "FILE", conflicts_with = "index")]
    save: Option<PathBuf>,
    /// Answer from an index of these very volumes
    #[arg(long, value_name = "FILE", conflicts_with = "roots")]
    index: Option<PathBuf>,
}

impl super::Command for Refs {
    const NAME: &'static str = "refs";
    const EXAMPLES: &'static str = "
  linksmith refs C:\\real_dir
  linksmith refs --in / --save links.idx /srv/data
  linksmith refs --index links.idx /srv/other   costs nothing";

    fn only_looks(&self) -> bool {
        true
    }

    fn run(self, session: &mut Session) -> Result<Exit, CliError> {
        let drives = session.drives()?;
        let path = &self.path;
        let to = drives
            .locate(path)
            .map_err(|e| located_on(&drives, path, e))?;
        let to = drives.canonical(&to).unwrap_or(to);
        if let Some(file) = &self.index {
            for link in link_index::read(file, &drives)? {
                if let Some(reach) = self.wanted(link.way.reach(&drives, &to)) {
                    print_indexed(session, &drives, &link, &reach)?;
                }
            }
            return Ok(Exit::Done);
        }
        names(session, &drives, &to)?;
        self.look(session, &drives, &to)
    }
}

impl Refs {
    fn wanted(&self, reach: Option<Reach>) -> Option<Reach> {
        reach.filter(|reach| !self.direct || reach.hops == 1)
    }

    fn look(&self, session: &mut Session, drives: &Drives, to: &Place) -> Result<Exit, CliError> {
        let roots = find::roots(drives, &self.roots)?;
        let mut index = match &self.save {
            Some(file) => Some(link_index::Writer::new(file, drives)?),
            None => None,
        };
        let mut exit = Exit::Done;
        let filter = Filter::of(Options::default());
        find::stream(drives, &roots, &filter, &mut |item| {
            let of = match item {
                Ok(of) => of,
                Err(error) => {
                    exit = Exit::Partly;
                    error::report(&error, &mut session.console);
                    return Ok(());
                }
            };
            if let Some(index) = &mut index {
                index.add(&of)?;
            }
            let reach = linksmith::ops::refs::reach(drives, to, &of.located);
            let Some(reach) = self.wanted(reach) else {
                return Ok(());
            };
            let line = if session.console.json {
                json::to_line(&WithReach {
                    entry: of.json(),
                    reach: ReachJson::of(drives, &reach),
                })
            } else {
                find::line(session.console.color, &of) + &words(drives, &reach)
            };
            Ok(session.console.line(line)?)
        })?;
        if let Some(index) = index {
            index.finish()?;
        }
        Ok(exit)
    }
}

#[derive(Serialize)]
struct WithReach<'a> {
    #[serde(flatten)]
    entry: Json<'a>,
    #[serde(flatten)]
    reach: ReachJson,
}

#[derive(Serialize)]
struct ReachJson {
    hops: usize,
    via: Vec<String>,
    below: String,
}

impl ReachJson {
    fn of(drives: &Drives, reach: &Reach) -> Self {
        Self {
            hops: reach.hops,
            via: reach.via.iter().map(|p| drives.display(p)).collect(),
            below: reach.below.display().into_owned(),
        }
    }
}

/// What is unusual about the way: that it goes over other links, that it ends below.
fn words(drives: &Drives, reach: &Reach) -> String {
    let mut words = String::new();
    if !reach.via.is_empty() {
        let via: Vec<_> = reach
            .via
            .iter()
            .map(|p| visible(&place_bytes(drives, p)).into_owned())
            .collect();
        words.push_str(&format!("  via {}", via.join(", ")));
    }
    if !reach.below.is_root() {
        words.push_str(&format!("  below: {}", visible(reach.below.as_bytes())));
    }
    words
}

#[derive(Serialize)]
struct IndexedJson<'a> {
    v: u32,
    path: String,
    kind: &'a str,
    target: Option<&'a str>,
    status: &'a str,
    #[serde(flatten)]
    reach: ReachJson,
}

fn print_indexed(
    session: &mut Session,
    drives: &Drives,
    link: &Indexed,
    reach: &Reach,
) -> Result<(), CliError> {
    let console = &mut session.console;
    if console.json {
        return Ok(console.line(json::to_line(&IndexedJson {
            v: 1,
            path: drives.display(&link.place),
            kind: &link.kind,
            target: link.target.as_deref(),
            status: &link.status,
            reach: ReachJson::of(drives, reach),
        }))?);
    }
    let kind = paint(console.color, Role::Faint, format!("{:<9}", link.kind)).to_string();
    let path = visible(&place_bytes(drives, &link.place)).into_owned();
    let target = link
        .target
        .as_ref()
        .map(|t| format!(" -> {}", visible(t.as_bytes())));
    let status = match link.status.as_str() {
        "ok" => String::new(),
        word => format!("  ({word})"),
    };
    let target = target.unwrap_or_default();
    Ok(console.line(format!(
        "{kind}{path}{target}{status}{}",
        words(drives, reach)
    ))?)
}

#[derive(Serialize)]
struct NameJson {
    v: u32,
    path: String,
    kind: &'static str,
    hops: usize,
}

/// The other names of a file lead to it too.
fn names(session: &mut Session, drives: &Drives, to: &Place) -> Result<(), CliError> {
    let volume = drives.volume(to.drive).map_err(located)?;
    let Ok(entry) = volume.entry(&to.path) else {
        return Ok(());
    };
    let several = entry.base == Base::File && entry.links.is_some_and(|n| n > 1);
    if !several || !volume.info().caps.contains(Caps::NAMES) {
        return Ok(());
    }
    for path in volume.names(&to.path).unwrap_or_default() {
        let place = Place {
            drive: to.drive,
            path,
        };
        if place == *to {
            continue;
        }
        let line = if session.console.json {
            json::to_line(&NameJson {
                v: 1,
                path: drives.display(&place),
                kind: "hard",
                hops: 0,
            })
        } else {
            format!("hard     {}", visible(&place_bytes(drives, &place)))
        };
        session.console.line(line)?;
    }
    Ok(())
}
