//! `audit [ROOT]`.

use std::ffi::OsString;

use linksmith::audit::{Finding, Rule, audit};
use linksmith::volume::Drives;
use serde::Serialize;

use super::every_link::every_link;
use crate::error::{CliError, Exit};
use crate::output::json::{hex_unless_unicode, to_line};
use crate::output::text::{Cell, Role, Table};
use crate::output::visible;
use crate::session::{Session, located_on};

/// Links that a careful administrator would want to know of
///
/// Rules: user-writable (ordinary accounts may replace a link under a privileged folder, or in the root
/// of a Windows volume), leaves-root, into-temp, too-deep (chains beyond 63 links, 31 with full targets), in-onedrive, no-print-name.
#[derive(clap::Args)]
pub(crate) struct Audit {
    /// Below which folder [default: the current one]
    #[arg(value_name = "ROOT")]
    root: Option<OsString>,
    /// Only these rules; may be repeated
    #[arg(long = "rule", value_name = "RULE", value_parser = parse_rule)]
    rules: Vec<Rule>,
}

fn parse_rule(text: &str) -> Result<Rule, String> {
    Rule::ALL
        .into_iter()
        .find(|rule| rule.code() == text)
        .ok_or_else(|| {
            let codes = Rule::ALL.map(Rule::code).join(", ");
            format!("'{text}' is not one of {codes}")
        })
}

#[derive(Serialize)]
struct Json<'a> {
    v: u32,
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    path_hex: Option<String>,
    rule: &'a str,
    message: &'a str,
    hint: &'a str,
}

impl super::Command for Audit {
    const NAME: &'static str = "audit";
    const EXAMPLES: &'static str = "
  linksmith audit /usr
  linksmith --drive C=disk.img audit C:\\
  linksmith audit --rule leaves-root --json ./unpacked";

    fn only_looks(&self) -> bool {
        true
    }

    fn run(self, session: &mut Session) -> Result<Exit, CliError> {
        let drives = session.drives()?;
        let text = self.root.unwrap_or_else(|| ".".into());
        let root = drives
            .locate_target(&text)
            .map_err(|e| located_on(&drives, &text, e))?;
        let judge = |link| audit(&drives, &root, &link);
        let (findings, errors) =
            every_link(&drives, &root, judge).map_err(|e| located_on(&drives, &text, e))?;
        let mut findings: Vec<Finding> = findings.into_iter().flatten().collect();
        findings.retain(|f| self.rules.is_empty() || self.rules.contains(&f.rule));
        findings.sort_by(|a, b| (a.rule, &a.place).cmp(&(b.rule, &b.place)));
        print(session, &drives, &findings)?;
        for error in &errors {
            crate::error::report(error, &mut session.console);
        }
        Ok(match (findings.is_empty(), errors.is_empty()) {
            (false, _) => Exit::Findings,
            (true, false) => Exit::Partly,
            (true, true) => Exit::Done,
        })
    }
}

fn print(session: &mut Session, drives: &Drives, findings: &[Finding]) -> Result<(), CliError> {
    let console = &mut session.console;
    if console.json {
        for finding in findings {
            let bytes = crate::describe::place_bytes(drives, &finding.place);
            console.line(to_line(&Json {
                v: 1,
                path: String::from_utf8_lossy(&bytes).into_owned(),
                path_hex: hex_unless_unicode(&bytes),
                rule: finding.rule.code(),
                message: &finding.message,
                hint: finding.rule.hint(),
            }))?;
        }
        return Ok(());
    }
    let mut table = Table::default();
    for finding in findings {
        let bytes = crate::describe::place_bytes(drives, &finding.place);
        table.row(vec![
            Cell::new(finding.rule.code()).role(Role::Bad),
            Cell::new(format!("{}: {}", visible(&bytes), finding.message)),
        ]);
    }
    for line in table.lines(console.color) {
        console.line(line)?;
    }
    let mut told: Vec<Rule> = findings.iter().map(|f| f.rule).collect();
    told.dedup();
    for rule in told {
        console.note(format!("hint: `{}`: {}", rule.code(), rule.hint()))?;
    }
    Ok(())
}
