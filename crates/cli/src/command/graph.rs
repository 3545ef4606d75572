//! `graph ROOT`.

use std::ffi::OsString;

use linksmith::graph::Graph;
use linksmith::volume::PathStyle;

use super::every_link::every_link;
use crate::error::{CliError, Exit};
use crate::output::graph::{Format, write};
use crate::output::save::save;
use crate::session::{Session, located_on};

/// The links below a folder as a picture: a page, or text for other programs
#[derive(clap::Args)]
pub(crate) struct Draw {
    /// Below which folder [default: the current one]
    #[arg(value_name = "ROOT")]
    root: Option<OsString>,
    /// As what: html (one page that needs nothing else), dot (Graphviz), mermaid, json
    #[arg(long = "as", value_name = "FORM", default_value = "html", value_parser = parse_format)]
    form: Format,
    /// Into this file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<OsString>,
}

fn parse_format(text: &str) -> Result<Format, String> {
    match text {
        "html" => Ok(Format::Html),
        "dot" => Ok(Format::Dot),
        "mermaid" => Ok(Format::Mermaid),
        "json" => Ok(Format::Json),
        _ => Err(format!("'{text}' is not one of html, dot, mermaid, json")),
    }
}

impl super::Command for Draw {
    const NAME: &'static str = "graph";
    const EXAMPLES: &'static str = "
  linksmith graph ~/project --output links.html
  linksmith graph --as dot . | dot -Tsvg > links.svg
  linksmith --drive C=disk.img graph C:\\ --as mermaid";

    fn only_looks(&self) -> bool {
        true
    }

    fn run(self, session: &mut Session) -> Result<Exit, CliError> {
        let drives = session.drives()?;
        let text = self.root.unwrap_or_else(|| ".".into());
        let root = drives
            .locate_target(&text)
            .map_err(|e| located_on(&drives, &text, e))?;
        let (links, errors) =
            every_link(&drives, &root, Ok).map_err(|e| located_on(&drives, &text, e))?;
        let mut graph = Graph::default();
        for link in &links {
            graph.add(&drives, link);
        }
        graph.sort();
        let separator = match drives.style() {
            PathStyle::Windows => '\\',
            PathStyle::Posix => '/',
        };
        // `--json` is what every verb takes; here it is one of the forms.
        let form = if session.console.json {
            Format::Json
        } else {
            self.form
        };
        let shown = drives.display(&root);
        let put =
            |out: &mut dyn std::io::Write| write(out, form, &shown, separator, graph.arrows());
        match &self.output {
            None => put(session.console.out())?,
            Some(file) => save(file, put)?,
        }
        for error in &errors {
            crate::error::report(error, &mut session.console);
        }
        Ok(if errors.is_empty() {
            Exit::Done
        } else {
            Exit::Partly
        })
    }
}
