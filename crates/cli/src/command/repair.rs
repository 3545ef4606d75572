//! `repair ROOT`.

use std::ffi::OsString;
use std::path::PathBuf;

use linksmith::ops::repair::{self as ops, Candidate, Identities};
use linksmith::volume::Drives;
use linksmith::{Base, Plan};
use serde::Serialize;

use crate::change::{Carried, ChangeArgs};
use crate::command::find;
use crate::describe::{place_bytes, words_of_link};
use crate::error::{CliError, Exit};
use crate::link_index;
use crate::output::text::{Role, paint};
use crate::output::{json, visible};
use crate::session::{Session, located};

/// How many ways to mend a link are shown.
const SHOWN: usize = 5;

/// Find links that are broken or written badly, and what would mend them
///
/// Broken, of the wrong kind, without a print name, with targets that go round (`a\.\b\..\c`) or are
/// longer than 259 characters. For a broken link what it meant is looked for below ROOT, by name and
/// place, and each find has a score up to 100. With --index, an index that `refs --save` made while the
/// links still worked, also by which file it was and how large. Nothing is changed without --apply, and then only where
/// one find is alone at the top and its score is enough. Exit code 7 where there are findings and no
/// --apply.
#[derive(clap::Args)]
pub(crate) struct Repair {
    /// Where to look [default: every attached drive, or the current directory]
    #[arg(value_name = "ROOT")]
    roots: Vec<OsString>,
    /// Mend what is certain enough
    #[arg(long)]
    apply: bool,
    /// What the links led to before: an index that `refs --save` made
    #[arg(long, value_name = "FILE")]
    index: Option<PathBuf>,
    /// How certain that is
    #[arg(long, value_name = "SCORE", default_value_t = 60, value_parser = clap::value_parser!(u8).range(..=100))]
    threshold: u8,
    #[command(flatten)]
    change: ChangeArgs,
}

impl super::Command for Repair {
    const NAME: &'static str = "repair";
    const EXAMPLES: &'static str = "
  linksmith repair ~/project
  linksmith repair --apply --threshold 80 .
  linksmith repair --index links.idx ~/project    an index of `refs --save`
  linksmith --drive C=disk.img repair --json C:\\";

    fn run(self, session: &mut Session) -> Result<Exit, CliError> {
        let drives = session.drives()?;
        let roots = find::roots(&drives, &self.roots)?;
        let known = match &self.index {
            Some(file) => known(file, &drives)?,
            None => Identities::new(),
        };
        let findings = ops::find(&drives, &roots, &known).map_err(located)?;
        for (place, why) in &findings.failed {
            let message = format!("cannot look at '{}': {why}", drives.display(place));
            session.console.warn(&message, None)?;
        }
        let acts = self.apply || self.change.dry_run || self.change.plan.is_some();
        let mut plan = Plan::default();
        let mut mended = 0_usize;
        for repair in &findings.repairs {
            let chosen = self.chosen(&repair.candidates);
            print(session, &drives, repair, chosen.filter(|_| acts))?;
            if let Some(candidate) = chosen {
                mended += 1;
                ops::plan(&drives, repair, candidate, &mut plan)
                    .map_err(|e| CliError::new(Exit::Partly, e.to_string()))?;
            }
        }
        let left = findings.repairs.len() - mended;
        if acts && self.change.carry_out(session, &plan)? == Carried::Done {
            let line = format!("{mended} mended, {left} left as they are");
            session.console.note(line)?;
        }
        Ok(match (findings.repairs.is_empty(), self.apply) {
            (true, _) if findings.failed.is_empty() => Exit::Done,
            (false, false) => Exit::Findings,
            (_, true) if left == 0 && findings.failed.is_empty() => Exit::Done,
            _ => Exit::Partly,
        })
    }
}

fn known(index: &std::path::Path, drives: &Drives) -> Result<Identities, CliError> {
    let links = link_index::read(index, drives)?.into_iter();
    Ok(links.filter_map(|l| Some((l.place, l.found?))).collect())
}

impl Repair {
    /// The first one, where it is certain enough and no other is as likely.
    fn chosen<'c>(&self, candidates: &'c [Candidate]) -> Option<&'c Candidate> {
        match candidates {
            [first, second, ..] if second.score >= first.score => None,
            [first, ..] => Some(first).filter(|first| first.score >= self.threshold),
            [] => None,
        }
    }
}

#[derive(Serialize)]
struct Line {
    v: u32,
    path: String,
    fault: &'static str,
    kind: &'static str,
    target: Option<String>,
    status: &'static str,
    candidates: Vec<CandidateJson>,
    chosen: Option<usize>,
}

#[derive(Serialize)]
struct CandidateJson {
    target: String,
    resolved: Option<String>,
    score: u8,
    why: String,
}

fn print(
    session: &mut Session,
    drives: &Drives,
    repair: &ops::Repair,
    chosen: Option<&Candidate>,
) -> Result<(), CliError> {
    let link = &repair.link;
    let path = visible(&place_bytes(drives, &link.place)).into_owned();
    let dir = link.entry.base == Base::Dir;
    let target = link.text.as_ref().map(|t| words_of_link(t, dir).1);
    let said = |c: &Candidate| words_of_link(&c.text, c.dir).1;
    let console = &mut session.console;
    if console.json {
        let candidates = repair.candidates.iter().map(|c| CandidateJson {
            target: said(c),
            resolved: c.to.as_ref().map(|p| drives.display(p)),
            score: c.score,
            why: c.why.clone(),
        });
        return Ok(console.line(json::to_line(&Line {
            v: 1,
            path,
            fault: repair.fault.word(),
            kind: linksmith::reparse::Kind::of(&link.entry, link.text.as_ref()).word(),
            target,
            status: link.status.as_str(),
            candidates: candidates.collect(),
            chosen: chosen.and_then(|c| repair.candidates.iter().position(|o| o == c)),
        }))?);
    }
    let fault = format!("{:<14}", repair.fault.word());
    let fault = paint(console.color, Role::Bad, fault).to_string();
    console.line(format!("{fault}{path} -> {}", target.unwrap_or_default()))?;
    for candidate in repair.candidates.iter().take(SHOWN) {
        let mark = if chosen == Some(candidate) { "*" } else { " " };
        let (score, why) = (candidate.score, &candidate.why);
        console.line(format!("  {mark} {score:>3}  {}  ({why})", said(candidate)))?;
    }
    let more = repair.candidates.len().saturating_sub(SHOWN);
    if more > 0 {
        console.line(format!("         and {more} more"))?;
    }
    Ok(())
}
