//! `show PATH...`.

mod foreign;

use std::ffi::{OsStr, OsString};

use linksmith::resolve::{End, Resolution};
use linksmith::volume::Drives;
use linksmith::{Base, LinkKind, Place};
use serde::Serialize;

use crate::describe::{Description, Json, place_bytes};
use crate::error::{CliError, Exit};
use crate::output::text::{Role, paint};
use crate::output::{json, visible};
use crate::session::{Session, located_on};

/// How many names of a file are shown; `names` shows them all.
const NAMES_SHOWN: usize = 8;

/// Show what paths are: kind, stored names, where they lead and by which way
#[derive(clap::Args)]
pub(crate) struct Show {
    /// Which paths
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<OsString>,
}

impl super::Command for Show {
    const NAME: &'static str = "show";
    const EXAMPLES: &'static str = "
  linksmith show junction_dir
  linksmith show a/b/c/file.txt                 which component redirects where
  linksmith --drive C=disk.img show --json C:\\link";

    fn only_looks(&self) -> bool {
        true
    }

    fn run(self, session: &mut Session) -> Result<Exit, CliError> {
        super::each(session, &self.paths, |session, first, path| {
            if !first && !session.console.json {
                session.console.line("")?;
            }
            show(session, path)
        })
    }
}

fn show(session: &mut Session, text: &OsStr) -> Result<(), CliError> {
    let drives = session.drives()?;
    let way = drives
        .walk(text)
        .map_err(|e| located_on(&drives, text, e))?;
    let seen = drives
        .locate(text)
        .and_then(|place| Description::of(&drives, &place));
    match seen {
        Ok(description) => {
            let foreign = foreign::look(&drives, &description.located)
                .map_err(|e| located_on(&drives, text, e))?;
            if session.console.json {
                let line = json::to_line(&WithWay {
                    entry: description.json(),
                    foreign: foreign.as_ref().map(|f| f.json(&drives)),
                    way: hops(&drives, &way),
                });
                return Ok(session.console.line(line)?);
            }
            entry(session, &drives, &description, &way)?;
            match foreign {
                Some(foreign) => foreign.tell(session, &drives),
                None => Ok(()),
            }
        }
        Err(error) => {
            if !session.console.json && !way.hops.is_empty() {
                heading(session, text.as_encoded_bytes())?;
                steps(session, &drives, &way, None)?;
            }
            Err(located_on(&drives, text, error))
        }
    }
}

#[derive(Serialize)]
struct WithWay<'a> {
    #[serde(flatten)]
    entry: Json<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    foreign: Option<foreign::Json>,
    way: Vec<HopJson>,
}

#[derive(Serialize)]
struct HopJson {
    at: String,
    kind: &'static str,
    target: Option<String>,
    to: Option<String>,
}

fn hops(drives: &Drives, way: &Resolution) -> Vec<HopJson> {
    let hops = way.hops.iter().map(|hop| HopJson {
        at: drives.display(&hop.at),
        kind: kind_word(hop.kind),
        target: hop
            .target
            .as_ref()
            .map(|t| t.to_win32().display().into_owned()),
        to: hop.to.as_ref().map(|p| drives.display(p)),
    });
    hops.collect()
}

fn kind_word(kind: LinkKind) -> &'static str {
    match kind {
        LinkKind::HardLink => "hard",
        LinkKind::Symlink { .. } | LinkKind::PosixSymlink => "symlink",
        LinkKind::Junction => "junction",
        LinkKind::VolumeMountPoint => "mount",
        LinkKind::WslSymlink => "wsl",
        LinkKind::Other(_) => "other",
    }
}

/// The block about one entry: its path, then a line for each thing there is to say.
fn entry(
    session: &mut Session,
    drives: &Drives,
    of: &Description,
    way: &Resolution,
) -> Result<(), CliError> {
    let color = session.console.color;
    heading(session, &of.path)?;
    field(session, "kind", &kind_words(of))?;
    let located = &of.located;
    if of.is_link() {
        let status = paint(color, of.status_role(), located.status.as_str()).to_string();
        let why = located
            .resolution
            .as_ref()
            .map(|r| why(drives, &r.end))
            .unwrap_or_default();
        field(session, "status", &format!("{status}{why}"))?;
    }
    if let Some(target) = &of.target {
        field(session, "target", &visible(target))?;
    }
    if let Some(tag) = located.entry.tag {
        let name = tag.name().map(|n| format!(" {n}")).unwrap_or_default();
        field(session, "tag", &format!("{tag}{name}"))?;
    }
    if let Some(names) = of.names() {
        field(session, "substitute", &visible(&names.substitute))?;
        let print = if names.print.is_empty() {
            "(none)".into()
        } else {
            visible(&names.print)
        };
        field(session, "print", &print)?;
    }
    steps(session, drives, way, Some(&located.place))?;
    if let Some(resolved) = &of.resolved {
        field(session, "leads to", &visible(resolved))?;
    }
    field(session, "id", &located.entry.id.to_string())?;
    names(session, drives, of)
}

fn heading(session: &mut Session, path: &[u8]) -> Result<(), CliError> {
    let painted = paint(session.console.color, Role::Heading, visible(path)).to_string();
    Ok(session.console.line(painted)?)
}

/// Why a link leads nowhere, behind its status.
fn why(drives: &Drives, end: &End) -> String {
    match end {
        End::Found { .. } => String::new(),
        end => format!(": {}", visible(end.words(drives).as_bytes())),
    }
}

/// Each redirection on the way, save the entry itself where nothing but its own target is meant.
fn steps(
    session: &mut Session,
    drives: &Drives,
    way: &Resolution,
    entry: Option<&Place>,
) -> Result<(), CliError> {
    let only_itself = matches!(way.hops.as_slice(), [hop] if Some(&hop.at) == entry);
    if only_itself {
        return Ok(());
    }
    for hop in &way.hops {
        let target = hop.target.as_ref().map(|t| t.to_win32());
        let target = target
            .map(|t| visible(t.as_bytes()).into_owned())
            .unwrap_or_default();
        let at = place_bytes(drives, &hop.at);
        let line = format!("{} -> {target} ({})", visible(&at), kind_word(hop.kind));
        field(session, "way", &line)?;
    }
    Ok(())
}

fn names(session: &mut Session, drives: &Drives, of: &Description) -> Result<(), CliError> {
    let entry = &of.located.entry;
    let Some(links) = entry.links.filter(|n| *n > 1 && entry.base == Base::File) else {
        return Ok(());
    };
    let place = &of.located.place;
    let volume = drives
        .volume(place.drive)
        .map_err(crate::session::located)?;
    let Ok(found) = volume.names(&place.path) else {
        return field(
            session,
            "names",
            &format!("{links}; `linksmith names` looks for them"),
        );
    };
    for path in found.iter().take(NAMES_SHOWN) {
        let name = Place {
            drive: place.drive,
            path: path.clone(),
        };
        field(session, "name", &visible(&place_bytes(drives, &name)))?;
    }
    if found.len() > NAMES_SHOWN {
        let more = found.len() - NAMES_SHOWN;
        field(
            session,
            "names",
            &format!("{more} more; `linksmith names` shows all"),
        )?;
    }
    Ok(())
}

fn field(session: &mut Session, name: &str, value: &str) -> Result<(), CliError> {
    let label = paint(session.console.color, Role::Faint, format!("{name:<10}"));
    Ok(session.console.line(format!("  {label}  {value}"))?)
}

/// The kind in words.
fn kind_words(of: &Description) -> String {
    use linksmith::reparse::Kind;
    let entry = &of.located.entry;
    let links = entry.links.unwrap_or(1);
    let bytes = crate::output::text::bytes(entry.size);
    match (of.kind, entry.base) {
        (Kind::File, _) => format!("file, {bytes}"),
        (Kind::Hard, _) => format!("file with {links} names, {bytes}"),
        (Kind::Dir, _) => "directory".to_owned(),
        (Kind::Symlink, Base::PosixSymlink) => "symbolic link".to_owned(),
        (Kind::Symlink, Base::Dir) => "symbolic link for directories".to_owned(),
        (Kind::Symlink, _) => "symbolic link for files".to_owned(),
        (Kind::Junction, _) => "junction".to_owned(),
        (Kind::Mount, _) => "volume mount point".to_owned(),
        (Kind::Wsl, _) => "symbolic link of WSL".to_owned(),
        (Kind::AppExec, _) => "app execution alias".to_owned(),
        (Kind::Cloud, _) => "cloud file".to_owned(),
        (Kind::Other, Base::Special) => "device, pipe or socket".to_owned(),
        (Kind::Other, _) => entry.tag.map_or_else(String::new, |t| t.words().to_owned()),
    }
}
