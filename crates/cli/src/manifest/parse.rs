//! From a manifest's text to the links that are wanted.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;

use super::conditions::When;
use super::expand::expand;

/// The links a machine should have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Manifest {
    /// In the order of the file.
    pub links: Vec<Wanted>,
}

/// One link that should be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// The line of the manifest, from 1.
    pub line: usize,
    /// Where.
    pub path: String,
    /// What it is to say or, for hard links, another name of the file.
    pub target: String,
    /// Which kind.
    pub kind: WantedKind,
    /// How the target is to be spelled.
    pub spelling: Spelling,
    /// For a soft link: file or directory, where the target may be absent.
    pub dir: Option<bool>,
    /// Whether the target may be missing.
    pub dangling: bool,
    /// Why it is not wanted on this machine.
    pub unmet: Option<String>,
}

/// The kinds of links a manifest can ask for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum WantedKind {
    #[default]
    Soft,
    Hard,
    Junction,
    Mount,
}

/// How a target is spelled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Spelling {
    #[default]
    AsIs,
    Relative,
    Absolute,
}

/// What is wrong with a manifest, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub(crate) struct ManifestError {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// What.
    pub message: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    vars: BTreeMap<String, Spanned<String>>,
    #[serde(default)]
    link: Vec<Spanned<Link>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Link {
    path: Spanned<String>,
    target: Spanned<String>,
    #[serde(default)]
    kind: WantedKind,
    #[serde(default)]
    spelling: Spelling,
    dir: Option<bool>,
    #[serde(default)]
    dangling: bool,
    #[serde(default)]
    when: When,
}

/// What a manifest may ask of the machine.
pub(crate) struct Surroundings<'a> {
    /// An environment variable.
    pub env: &'a dyn Fn(&str) -> Option<String>,
    /// Whether a path is there.
    pub there: &'a dyn Fn(&str) -> bool,
}

impl Manifest {
    /// Parses the text; variables come from `[vars]`, then from the environment.
    pub(crate) fn parse(text: &str, around: &Surroundings<'_>) -> Result<Self, ManifestError> {
        let file: File = toml::from_str(text)
            .map_err(|e| error_at(text, e.span().unwrap_or_default(), e.message()))?;
        let vars = variables(text, &file.vars, around)?;
        let look_up = |name: &str| vars.get(name).cloned().or_else(|| (around.env)(name));
        let links = file
            .link
            .into_iter()
            .map(|link| wanted(text, link, &look_up, around))
            .collect::<Result<Vec<_>, _>>()?;
        no_place_twice(&links)?;
        Ok(Self { links })
    }
}

/// The variables; one may use others in any order, but not itself.
fn variables(
    text: &str,
    given: &BTreeMap<String, Spanned<String>>,
    around: &Surroundings<'_>,
) -> Result<BTreeMap<String, String>, ManifestError> {
    let mut known: BTreeMap<String, String> = BTreeMap::new();
    loop {
        let before = known.len();
        let mut last_error = None;
        for (name, value) in given
            .iter()
            .filter(|(name, _)| !known.contains_key(*name))
            .collect::<Vec<_>>()
        {
            let look_up = |other: &str| match given.contains_key(other) {
                true => known.get(other).cloned(),
                false => (around.env)(other),
            };
            match expand(value.get_ref(), look_up) {
                Ok(expanded) => drop(known.insert(name.clone(), expanded)),
                Err(message) => last_error = Some(error_at(text, value.span(), &message)),
            }
        }
        match last_error {
            None => return Ok(known),
            Some(error) if known.len() == before => return Err(error),
            Some(_) => {}
        }
    }
}

fn wanted(
    text: &str,
    link: Spanned<Link>,
    look_up: &dyn Fn(&str) -> Option<String>,
    around: &Surroundings<'_>,
) -> Result<Wanted, ManifestError> {
    let span = link.span();
    let mut link = link.into_inner();
    let expanded = |field: &Spanned<String>| {
        let value = expand(field.get_ref(), look_up)
            .map_err(|message| error_at(text, field.span(), &message))?;
        match value.is_empty() {
            true => Err(error_at(text, field.span(), "it is empty")),
            false => Ok(value),
        }
    };
    for condition in link.when.texts_mut() {
        *condition = expand(condition, look_up).map_err(|m| error_at(text, span.clone(), &m))?;
    }
    if link.dir.is_some() && link.kind != WantedKind::Soft {
        return Err(error_at(
            text,
            span,
            "'dir' is for soft links; the other kinds have one type",
        ));
    }
    Ok(Wanted {
        line: position(text, span.start).0,
        path: expanded(&link.path)?,
        target: expanded(&link.target)?,
        kind: link.kind,
        spelling: link.spelling,
        dir: link.dir,
        dangling: link.dangling,
        unmet: link.when.unmet(around.env, around.there),
    })
}

/// Two wishes for one place cannot both come true.
fn no_place_twice(links: &[Wanted]) -> Result<(), ManifestError> {
    let mut lines: BTreeMap<&str, usize> = BTreeMap::new();
    for link in links.iter().filter(|l| l.unmet.is_none()) {
        if let Some(first) = lines.insert(&link.path, link.line) {
            let message = format!("'{}' is wanted on line {first} already", link.path);
            return Err(ManifestError {
                line: link.line,
                column: 1,
                message,
            });
        }
    }
    Ok(())
}

fn error_at(text: &str, span: Range<usize>, message: &str) -> ManifestError {
    let (line, column) = position(text, span.start);
    ManifestError {
        line,
        column,
        message: message.trim().replace('\n', "; "),
    }
}

/// Line and column, both from 1, of a byte of the text.
fn position(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before
        .rsplit('\n')
        .next()
        .unwrap_or_default()
        .chars()
        .count()
        + 1;
    (line, column)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Manifest, ManifestError> {
        let env = |name: &str| (name == "HOME").then(|| "/home/me".to_owned());
        Manifest::parse(
            text,
            &Surroundings {
                env: &env,
                there: &|_| false,
            },
        )
    }

    fn refused(text: &str, line: usize, column: usize, words: &str) {
        let error = parse(text).expect_err(text);
        assert_eq!((error.line, error.column), (line, column), "{error}");
        assert!(error.message.contains(words), "{error}");
    }

    #[test]
    fn a_link_with_variables_and_defaults() {
        let text = "[vars]\nb = '${a}/b'\na = '${HOME}/a'\n\n[[link]]\npath = '${HOME}/l'\ntarget = '${b}'\n";
        let manifest = parse(text).expect("well-formed");
        let [link] = &manifest.links[..] else {
            panic!("one link")
        };
        assert_eq!(
            (link.path.as_str(), link.target.as_str()),
            ("/home/me/l", "/home/me/a/b")
        );
        assert_eq!(
            (link.line, link.kind, link.spelling),
            (5, WantedKind::Soft, Spelling::AsIs)
        );
        assert_eq!(link.unmet, None);
    }

    #[test]
    fn what_is_wrong_is_found_at_line_and_column() {
        refused("[[link]]\npath = 'a'\n", 1, 1, "target");
        refused(
            "[[link]]\npath = 'a'\ntarget = 'b'\nkind = 'firm'\n",
            4,
            8,
            "firm",
        );
        refused(
            "[[link]]\npath = 'a'\ntarget = 'b'\ncolour = 1\n",
            4,
            1,
            "colour",
        );
        refused(
            "[[link]]\npath = '${NO}'\ntarget = 'b'\n",
            2,
            8,
            "'NO' is not set",
        );
        refused("[vars]\na = '${b}'\nb = '${a}'\n", 3, 5, "'a' is not set");
        refused("[[link]]\npath = ''\ntarget = 'b'\n", 2, 8, "empty");
        refused("[[link\n", 1, 7, "");
        refused(
            "[[link]]\npath='a'\ntarget='b'\nkind='hard'\ndir=true\n",
            1,
            1,
            "soft links",
        );
        refused(
            "[[link]]\npath='a'\ntarget='b'\n[[link]]\npath='a'\ntarget='c'\n",
            4,
            1,
            "line 1",
        );
    }

    #[test]
    fn a_condition_that_does_not_hold_says_why() {
        let manifest = parse("[[link]]\npath='a'\ntarget='b'\nwhen={exists='${HOME}/x'}\n");
        let links = manifest.expect("well-formed").links;
        assert_eq!(links[0].unmet.as_deref(), Some("'/home/me/x' is not there"));
    }
}
