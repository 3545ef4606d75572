//! What contestants say, in forms that can be compared.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};

/// What one contestant said: how many things of which sum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    /// How many.
    pub(crate) count: usize,
    /// A hash over them in order; `None` where the contestant tells their number alone.
    pub(crate) hash: Option<u64>,
}

impl Answer {
    pub(crate) fn of(lines: impl IntoIterator<Item = String>) -> Self {
        let lines: BTreeSet<String> = lines.into_iter().collect();
        let mut hasher = DefaultHasher::new();
        lines.hash(&mut hasher);
        Self {
            count: lines.len(),
            hash: Some(hasher.finish()),
        }
    }

    pub(crate) fn number(count: usize) -> Self {
        Self { count, hash: None }
    }

    /// Whether two say the same, as far as both say it.
    pub(crate) fn agrees(&self, other: &Self) -> bool {
        let same = |(a, b)| a == b;
        self.count == other.count && self.hash.zip(other.hash).is_none_or(same)
    }
}

fn lines(output: &[u8]) -> impl Iterator<Item = &str> {
    output
        .split(|byte| *byte == b'\n')
        .filter_map(|line| std::str::from_utf8(line).ok())
        .filter(|line| !line.is_empty())
}

/// The text of a key in a line of JSON, its escapes left as they are.
fn json<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    let (_, rest) = line.split_once(&format!("\"{key}\":\""))?;
    let mut escaped = false;
    let end = rest.find(|c| {
        let end = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        end
    })?;
    rest.get(..end)
}

/// Paths of an attached drive as a POSIX path below its root.
fn below_root(path: &str) -> String {
    let path = path.replace("\\\\", "/").replace('\\', "/");
    let path = path
        .get(2..)
        .filter(|_| path.get(1..2) == Some(":"))
        .unwrap_or(&path);
    path.trim_start_matches('/').to_owned()
}

/// Paths of `find --json`.
pub(crate) fn ours_paths(output: &[u8]) -> Answer {
    Answer::of(
        lines(output)
            .filter_map(|line| json(line, "path"))
            .map(below_root),
    )
}

/// Paths that stand one to a line, below the folder given as `%P`.
pub(crate) fn plain_paths(output: &[u8]) -> Answer {
    Answer::of(lines(output).map(below_root))
}

/// Paths of links in `7zz l -slt`.
pub(crate) fn sevenzip_links(output: &[u8]) -> Answer {
    let mut found = Vec::new();
    let mut path = "";
    for line in lines(output) {
        if let Some(value) = line.strip_prefix("Path = ") {
            path = value;
        } else if line
            .strip_prefix("Link = ")
            .is_some_and(|link| !link.is_empty())
        {
            found.push(path.to_owned());
        }
    }
    Answer::of(found)
}

/// The first number of the output.
pub(crate) fn first_number(output: &[u8]) -> Answer {
    let number = lines(output)
        .next()
        .and_then(|line| line.split(' ').next()?.parse().ok());
    Answer::number(number.unwrap_or(0))
}

/// The number of lines of ours that are no names of files with several.
pub(crate) fn unless_hard(output: &[u8]) -> Answer {
    Answer::number(
        lines(output)
            .filter(|line| !line.starts_with("hard"))
            .count(),
    )
}

/// The number of lines.
pub(crate) fn line_count(output: &[u8]) -> Answer {
    Answer::number(lines(output).count())
}
