//! `copy SRC DST`, `mirror SRC DST`.

use std::ffi::{OsStr, OsString};

use clap::ValueEnum;
use linksmith::ops::copy::{self, CopyError, Copying, Counts, Fallback, Mirror, Outer, Request};
use linksmith::volume::Drives;
use linksmith::{Cause, Place};
use serde::Serialize;

use crate::change::{Carried, ChangeArgs};
use crate::error::{self, CliError, Exit};
use crate::output::progress::Bar;
use crate::output::text::{bytes, counted, grouped};
use crate::output::{json, visible};
use crate::session::{Session, failed, located, located_on};

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum OuterArg {
    /// It leads where it led
    Keep,
    /// It is left out
    Crop,
    /// What it leads to is copied in its place
    Unroll,
    /// It says where it led from a root
    Splice,
}

impl OuterArg {
    fn outer(self) -> Outer {
        match self {
            Self::Keep => Outer::Keep,
            Self::Crop => Outer::Crop,
            Self::Unroll => Outer::Unroll,
            Self::Splice => Outer::Splice,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FallbackArg {
    /// A symbolic link
    Soft,
    /// Another name of the file
    Hard,
    /// A junction
    Junction,
    /// A copy of what it leads to
    Copy,
}

impl FallbackArg {
    fn fallback(self) -> Fallback {
        match self {
            Self::Soft => Fallback::Soft,
            Self::Hard => Fallback::Hard,
            Self::Junction => Fallback::Junction,
            Self::Copy => Fallback::Copy,
        }
    }
}

/// What `copy` and `mirror` have in common.
#[derive(Debug, Clone, clap::Args)]
struct TreeArgs {
    /// What becomes of links that lead out of the tree
    #[arg(long, value_name = "HOW", default_value = "keep")]
    outer: OuterArg,
    /// The same for junctions and mount points alone [default: as --outer]
    #[arg(long, value_name = "HOW", hide_possible_values = true)]
    junctions: Option<OuterArg>,
    /// The same for symbolic links alone [default: as --outer]
    #[arg(long, value_name = "HOW", hide_possible_values = true)]
    symlinks: Option<OuterArg>,
    /// Leave the text of every link as it is, wherever it leads then
    #[arg(long)]
    as_is: bool,
    /// Where the volume cannot hold a kind make this other one, and say so; several are tried in order
    #[arg(long = "or", value_name = "KIND", value_delimiter = ',')]
    or: Vec<FallbackArg>,
    #[command(flatten)]
    change: ChangeArgs,
}

/// Copy a file, a link or a tree with its links
///
/// Names of one file stay names of one file. A link that leads into the tree leads to the same place in the
/// copy: a relative one keeps its text, an absolute one gets the new path. A link that leads out of the tree
/// leads where it led; --outer has other ways. Times and attributes are kept. Nothing is followed but by
/// `--outer unroll`, and what is at DST already is not touched.
#[derive(clap::Args)]
pub(crate) struct Copy {
    /// What
    #[arg(value_name = "SRC")]
    from: OsString,
    /// Where to: a path that is free, or a directory to copy into
    #[arg(value_name = "DST")]
    to: OsString,
    #[command(flatten)]
    tree: TreeArgs,
}

/// Make a tree like another, with its links
///
/// As `copy`, and where DST is there: files of another size or time are replaced in one change each, links
/// and names of one file are put right, what is equal is left alone. What SRC does not have stays, and is
/// removed with --delete: links are detached then, never followed.
#[derive(clap::Args)]
pub(crate) struct MirrorVerb {
    /// The tree
    #[arg(value_name = "SRC")]
    from: OsString,
    /// What is to be like it; it need not be there yet
    #[arg(value_name = "DST")]
    to: OsString,
    /// Remove what SRC does not have
    #[arg(long)]
    delete: bool,
    /// Compare the contents of files of one size, not their times
    #[arg(long)]
    checksum: bool,
    #[command(flatten)]
    tree: TreeArgs,
}

impl super::Command for Copy {
    const NAME: &'static str = "copy";
    const ALIASES: &'static [&'static str] = &["cp"];
    const EXAMPLES: &'static str = "
  linksmith copy C:\\project D:\\project         junctions in it lead to D: then
  linksmith copy -n --outer unroll app backup   what it would do
  linksmith copy --junctions crop src dst";

    fn run(self, session: &mut Session) -> Result<Exit, CliError> {
        let drives = session.drives()?;
        let from = source(&drives, &self.from)?;
        let to = destination(&drives, &from, &self.to)?;
        self.tree.carry_out(session, &drives, from, to, None)
    }
}

impl super::Command for MirrorVerb {
    const NAME: &'static str = "mirror";
    const EXAMPLES: &'static str = "
  linksmith mirror C:\\project D:\\project
  linksmith mirror -n --delete src dst          what would go, and what would come";

    fn run(self, session: &mut Session) -> Result<Exit, CliError> {
        let drives = session.drives()?;
        let from = source(&drives, &self.from)?;
        let to = drives.locate(&self.to);
        let to = to.map_err(|e| located_on(&drives, &self.to, e))?;
        let mirror = Mirror {
            delete: self.delete,
            contents: self.checksum,
        };
        self.tree
            .carry_out(session, &drives, from, to, Some(mirror))
    }
}

fn source(drives: &Drives, text: &OsStr) -> Result<Place, CliError> {
    let place = drives
        .locate(text)
        .map_err(|e| located_on(drives, text, e))?;
    drives
        .canonical(&place)
        .map_err(|e| located_on(drives, text, e))
}

/// A path that is free, or one in a directory that is there.
fn destination(drives: &Drives, from: &Place, text: &OsStr) -> Result<Place, CliError> {
    if let (Ok(dir), Some(name)) = (drives.locate_target(text), from.path.file_name()) {
        let volume = drives.volume(dir.drive).map_err(located)?;
        if volume.entry(&dir.path).is_ok_and(|e| e.is_real_dir()) {
            return Ok(dir.join(&name));
        }
    }
    drives.locate(text).map_err(|e| located_on(drives, text, e))
}

impl TreeArgs {
    fn carry_out(
        &self,
        session: &mut Session,
        drives: &Drives,
        from: Place,
        to: Place,
        mirror: Option<Mirror>,
    ) -> Result<Exit, CliError> {
        let outer = |own: Option<OuterArg>| own.unwrap_or(self.outer).outer();
        let request = Request {
            from,
            to,
            junctions: outer(self.junctions),
            symlinks: outer(self.symlinks),
            as_is: self.as_is,
            or: self.or.iter().map(|kind| kind.fallback()).collect(),
            mirror,
        };
        let planned = {
            let mut bar = Bar::new(&session.console);
            copy::plan(drives, &request, &mut bar)
        };
        let copying = planned.map_err(|e| not_copied(drives, &request, e))?;
        for (place, error) in &copying.failed {
            error::report(&failed(drives, place.drive, error), &mut session.console);
        }
        if self.change.carry_out(session, &copying.plan)? == Carried::Done {
            report(session, &copying, mirror.is_some())?;
        }
        Ok(match copying.failed.is_empty() {
            true => Exit::Done,
            false => Exit::Partly,
        })
    }
}

#[derive(Serialize)]
struct Summary {
    v: u32,
    files: u64,
    bytes: u64,
    directories: u64,
    hard_links: u64,
    links: u64,
    rewritten: u64,
    cropped: u64,
    unrolled: u64,
    equal: u64,
    removed: u64,
    extra: u64,
    failed: usize,
}

fn report(session: &mut Session, copying: &Copying, mirror: bool) -> Result<(), CliError> {
    let counts = copying.counts;
    let console = &mut session.console;
    if console.json {
        return Ok(console.line(json::to_line(&Summary {
            v: 1,
            files: counts.files,
            bytes: counts.bytes,
            directories: counts.directories,
            hard_links: counts.hard_links,
            links: counts.links,
            rewritten: counts.rewritten,
            cropped: counts.cropped,
            unrolled: counts.unrolled,
            equal: counts.equal,
            removed: counts.removed,
            extra: counts.extra,
            failed: copying.failed.len(),
        }))?);
    }
    Ok(console.note(words(&counts, mirror))?)
}

fn words(counts: &Counts, mirror: bool) -> String {
    let mut parts = vec![
        counted(counts.files, "file", "files"),
        counted(counts.directories, "directory", "directories"),
        counted(counts.links, "link", "links"),
    ];
    let mut some = |n: u64, words: String| {
        if n > 0 {
            parts.push(words);
        }
    };
    some(
        counts.hard_links,
        counted(
            counts.hard_links,
            "more name of a file",
            "more names of files",
        ),
    );
    some(
        counts.rewritten,
        counted(
            counts.rewritten,
            "link with a new text",
            "links with a new text",
        ),
    );
    some(
        counts.cropped,
        counted(counts.cropped, "link left out", "links left out"),
    );
    some(
        counts.unrolled,
        counted(counts.unrolled, "link unrolled", "links unrolled"),
    );
    if mirror {
        some(
            counts.equal,
            counted(counts.equal, "entry equal already", "entries equal already"),
        );
        some(
            counts.removed,
            counted(counts.removed, "removed", "removed"),
        );
        some(
            counts.extra,
            format!(
                "{} stay that the other does not have",
                grouped(counts.extra)
            ),
        );
    }
    format!("copied {} ({})", parts.join(", "), bytes(counts.bytes))
}

fn not_copied(drives: &Drives, request: &Request, error: CopyError) -> CliError {
    let shown = |place: &Place| visible(drives.display(place).as_bytes()).into_owned();
    let refusal = |exit: Exit, at: &Place, why: String| {
        let path = shown(at);
        CliError::new(exit, format!("cannot copy to '{path}': {why}")).path(path.as_bytes())
    };
    let why = error.to_string();
    match error {
        CopyError::Volume { drive, source } if matches!(source.cause, Cause::Exists) => failed(
            drives, drive, &source,
        )
        .hint("`linksmith mirror` makes what is there like the source; `copy` overwrites nothing."),
        CopyError::Volume { drive, source } => failed(drives, drive, &source),
        CopyError::Locate(error) => located(error),
        CopyError::Remove(error) => {
            super::remove::not_removed(drives, request.to.path.display().as_ref().as_ref(), error)
        }
        CopyError::IntoItself => refusal(Exit::Unsafe, &request.to, why),
        CopyError::DirectoryInTheWay { at } => {
            refusal(Exit::Unsafe, &at, why).hint("`--delete` removes it with all that is in it.")
        }
        CopyError::Unsupported { at, .. } => {
            let path = shown(&at);
            CliError::new(Exit::Unsupported, format!("cannot copy '{path}': {why}"))
                .path(path.as_bytes())
                .hint("`--or KIND` makes another kind of link or a copy, and says so.")
        }
        CopyError::Say { at, .. } => {
            let path = shown(&at);
            CliError::new(Exit::Unsupported, format!("cannot copy '{path}': {why}"))
                .path(path.as_bytes())
                .hint("`--as-is` keeps what it says.")
        }
        _ => CliError::new(Exit::Partly, why),
    }
}
