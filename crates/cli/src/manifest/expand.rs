//! `${NAME}` in a manifest's texts.

/// The text with every `${NAME}` replaced; `$${` stands for `${`.
///
/// `look_up` is asked for each name; what it does not know is the error, which is the name.
pub(super) fn expand(
    text: &str,
    look_up: impl Fn(&str) -> Option<String>,
) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let (before, from) = rest.split_at(at);
        if let Some(before) = before.strip_suffix('$') {
            out.push_str(before);
            out.push_str("${");
            rest = &from[2..];
            continue;
        }
        let Some(end) = from.find('}') else {
            return Err(format!("'{from}' has no closing '}}'"));
        };
        let name = &from[2..end];
        let value = look_up(name).ok_or_else(|| format!("the variable '{name}' is not set"))?;
        out.push_str(before);
        out.push_str(&value);
        rest = &from[end + 1..];
    }
    out.push_str(rest);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, want: Result<&str, &str>) {
        let got = expand(text, |name| (name == "A").then(|| "x".to_owned()));
        assert_eq!(got.as_deref().map_err(String::as_str), want, "{text}");
    }

    #[test]
    fn variables() {
        check("plain $ text", Ok("plain $ text"));
        check("${A}/b${A}", Ok("x/bx"));
        check("$${A}", Ok("${A}"));
        check("${B}", Err("the variable 'B' is not set"));
        check("${A", Err("'${A' has no closing '}'"));
    }
}
