//! A graph of links as a page, as text for other programs, as JSON.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use linksmith::graph::{Arrow, TargetKind};
use linksmith::resolve::Status;
use serde::Serialize;

/// The page, its data left out.
const PAGE: &str = include_str!("graph.html");
/// Where the page's data go.
const DATA: &str = "@DATA@";

/// The form of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// One self-contained page.
    Html,
    /// Graphviz.
    Dot,
    /// Mermaid.
    Mermaid,
    /// One JSON object.
    Json,
}

#[derive(Serialize)]
struct Document<'a> {
    v: u32,
    root: &'a str,
    sep: &'a str,
    links: Vec<Link<'a>>,
}

#[derive(Serialize)]
struct Link<'a> {
    path: &'a str,
    kind: &'a str,
    status: &'a str,
    says: &'a str,
    to: Option<&'a str>,
    to_is: &'a str,
    chain: usize,
    cycle: Option<usize>,
}

/// Writes the links below `root` in the form that was asked for; `separator` is that of its paths.
pub(crate) fn write(
    out: &mut dyn Write,
    format: Format,
    root: &str,
    separator: char,
    arrows: &[Arrow],
) -> io::Result<()> {
    match format {
        Format::Html => html(out, &json(root, separator, arrows)?),
        Format::Json => writeln!(out, "{}", json(root, separator, arrows)?),
        Format::Dot => dot(out, root, arrows),
        Format::Mermaid => mermaid(out, arrows),
    }
}

fn json(root: &str, separator: char, arrows: &[Arrow]) -> io::Result<String> {
    let links = arrows.iter().map(|arrow| Link {
        path: &arrow.path,
        kind: arrow.kind.word(),
        status: arrow.status.as_str(),
        says: &arrow.says,
        to: arrow.to.as_deref(),
        to_is: arrow.to_is.as_str(),
        chain: arrow.chain,
        cycle: arrow.cycle,
    });
    let document = Document {
        v: 1,
        root,
        sep: &separator.to_string(),
        links: links.collect(),
    };
    Ok(serde_json::to_string(&document)?)
}

fn html(out: &mut dyn Write, json: &str) -> io::Result<()> {
    let (before, after) = PAGE.split_once(DATA).unwrap_or((PAGE, ""));
    // Inside a script element only `</` could end it, and `<!--` change how it is read.
    let safe = json.replace('<', "\\u003c");
    write!(out, "{before}{safe}{after}")
}

/// Numbers the places, so that names never have to be identifiers.
fn number(arrows: &[Arrow]) -> BTreeMap<&str, (usize, Option<&Arrow>)> {
    let mut nodes: BTreeMap<&str, (usize, Option<&Arrow>)> = BTreeMap::new();
    for arrow in arrows {
        for (path, link) in [(Some(&arrow.path), Some(arrow)), (arrow.to.as_ref(), None)] {
            let Some(path) = path else { continue };
            let next = nodes.len();
            let node = nodes.entry(path).or_insert((next, None));
            node.1 = node.1.or(link);
        }
    }
    nodes
}

fn is_bad(arrow: &Arrow) -> bool {
    arrow.status != Status::Ok
}

fn dot(out: &mut dyn Write, root: &str, arrows: &[Arrow]) -> io::Result<()> {
    let quote = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    let nodes = number(arrows);
    let missing = gone(arrows);
    writeln!(out, "digraph links {{")?;
    writeln!(
        out,
        "  label={}; rankdir=LR; node [shape=box, fontname=sans];",
        quote(root)
    )?;
    for (path, (number, link)) in &nodes {
        let look = match link {
            Some(arrow) if is_bad(arrow) => ", style=rounded, color=red",
            Some(_) => ", style=rounded",
            None if missing.contains(path) => ", style=dashed, color=red",
            None => "",
        };
        writeln!(out, "  n{number} [label={}{look}];", quote(path))?;
    }
    for arrow in arrows {
        let Some((from, to)) = ends(arrow, &nodes) else {
            continue;
        };
        let look = if is_bad(arrow) {
            ", style=dashed, color=red"
        } else {
            ""
        };
        writeln!(
            out,
            "  n{from} -> n{to} [label={}{look}];",
            quote(&label(arrow))
        )?;
    }
    writeln!(out, "}}")
}

fn mermaid(out: &mut dyn Write, arrows: &[Arrow]) -> io::Result<()> {
    // In a quoted text Mermaid knows HTML entities; these are the characters that it would read as its own.
    let quote = |text: &str| {
        let safe = text
            .replace('#', "#35;")
            .replace('"', "#quot;")
            .replace('<', "#lt;");
        format!("\"{}\"", safe.replace('>', "#gt;").replace('\\', "#92;"))
    };
    let nodes = number(arrows);
    let missing = gone(arrows);
    writeln!(out, "flowchart LR")?;
    for (path, (number, link)) in &nodes {
        let (open, close) = if link.is_some() {
            ("([", "])")
        } else {
            ("[", "]")
        };
        let class = match link {
            Some(arrow) if is_bad(arrow) => ":::bad",
            None if missing.contains(path) => ":::bad",
            _ => "",
        };
        writeln!(out, "  n{number}{open}{}{close}{class}", quote(path))?;
    }
    for arrow in arrows {
        let Some((from, to)) = ends(arrow, &nodes) else {
            continue;
        };
        let line = if is_bad(arrow) { "-.->" } else { "-->" };
        writeln!(out, "  n{from} {line}|{}| n{to}", quote(&label(arrow)))?;
    }
    writeln!(out, "  classDef bad stroke:#d32f2f,color:#d32f2f")
}

/// What arrows lead to and is not there.
fn gone(arrows: &[Arrow]) -> BTreeSet<&str> {
    let lost = |a: &&Arrow| matches!(a.to_is, TargetKind::Missing | TargetKind::Unreachable);
    arrows
        .iter()
        .filter(lost)
        .filter_map(|a| a.to.as_deref())
        .collect()
}

fn ends(arrow: &Arrow, nodes: &BTreeMap<&str, (usize, Option<&Arrow>)>) -> Option<(usize, usize)> {
    let from = nodes.get(arrow.path.as_str())?.0;
    let to = nodes.get(arrow.to.as_deref()?)?.0;
    Some((from, to))
}

fn label(arrow: &Arrow) -> String {
    let mut label = arrow.kind.word().to_owned();
    if is_bad(arrow) {
        label = format!("{label}, {}", arrow.status);
    }
    if let Some(cycle) = arrow.cycle {
        label = format!("{label}, cycle {cycle}");
    }
    label
}

#[cfg(test)]
mod tests {
    use linksmith::reparse::Kind;

    use super::*;

    fn arrow(path: &str, to: &str, status: Status, to_is: TargetKind) -> Arrow {
        Arrow {
            path: path.into(),
            kind: Kind::Junction,
            status,
            says: to.into(),
            to: Some(to.into()),
            to_is,
            chain: 1,
            cycle: None,
        }
    }

    fn written(format: Format) -> String {
        let arrows = [
            arrow("C:\\a\"</script>", "C:\\b", Status::Ok, TargetKind::Dir),
            arrow("C:\\c", "C:\\gone", Status::Dangling, TargetKind::Missing),
        ];
        let mut out = Vec::new();
        write(&mut out, format, "C:\\", '\\', &arrows).expect("memory takes it");
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn dot_quotes_names_and_marks_what_is_broken() {
        assert_eq!(
            written(Format::Dot),
            r#"digraph links {
  label="C:\\"; rankdir=LR; node [shape=box, fontname=sans];
  n0 [label="C:\\a\"</script>", style=rounded];
  n1 [label="C:\\b"];
  n2 [label="C:\\c", style=rounded, color=red];
  n3 [label="C:\\gone", style=dashed, color=red];
  n0 -> n1 [label="junction"];
  n2 -> n3 [label="junction, dangling", style=dashed, color=red];
}
"#
        );
    }

    #[test]
    fn mermaid_escapes_what_it_would_read_as_its_own() {
        assert_eq!(
            written(Format::Mermaid),
            "flowchart LR
  n0([\"C:#92;a#quot;#lt;/script#gt;\"])
  n1[\"C:#92;b\"]
  n2([\"C:#92;c\"]):::bad
  n3[\"C:#92;gone\"]:::bad
  n0 -->|\"junction\"| n1
  n2 -.->|\"junction, dangling\"| n3
  classDef bad stroke:#d32f2f,color:#d32f2f
"
        );
    }

    #[test]
    fn no_name_can_end_the_pages_script() {
        let page = written(Format::Html);
        assert_eq!(
            page.matches("</script>").count(),
            PAGE.matches("</script>").count()
        );
        assert!(!page.contains(DATA));
    }
}
