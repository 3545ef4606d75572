//! Links as a manifest's text.

/// One `[[link]]`; `dir` where its kind has to be said.
pub(crate) fn entry(
    path: &str,
    target: &str,
    kind: &str,
    dir: Option<bool>,
    dangling: bool,
) -> String {
    let mut text = format!(
        "[[link]]\npath = {}\ntarget = {}\n",
        quoted(path),
        quoted(target)
    );
    if kind != "soft" {
        text.push_str(&format!("kind = {}\n", quoted(kind)));
    } else if let Some(dir) = dir {
        text.push_str(&format!("dir = {dir}\n"));
    }
    if dangling {
        text.push_str("dangling = true\n");
    }
    text
}

/// A TOML string: literal where that can hold the text, so that Windows paths stay readable. `${` is
/// doubled, for it is no variable here.
fn quoted(text: &str) -> String {
    let text = text.replace("${", "$${");
    if !text.contains('\'') && !text.contains(char::is_control) {
        return format!("'{text}'");
    }
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => out.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::super::{Manifest, Surroundings};
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        for path in [
            r"C:\a\b",
            "it's",
            "a\"b",
            "tab\there",
            "${x}",
            "ünï",
            "a\\'b",
            "\u{7f}",
        ] {
            let text = entry(path, "target", "junction", None, false);
            let around = Surroundings {
                env: &|_| None,
                there: &|_| false,
            };
            let manifest = Manifest::parse(&text, &around).expect("well-formed");
            assert_eq!(manifest.links[0].path, path, "{text}");
        }
    }
}
