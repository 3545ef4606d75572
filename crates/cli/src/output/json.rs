//! The shapes of `--json`. Keys keep their order and meaning; `v` is the version of the shape.

use serde::Serialize;

/// One value as one line, without its newline.
pub(crate) fn to_line<T: Serialize>(value: &T) -> String {
    // The shapes are plain structs with string keys; serialising those cannot fail.
    serde_json::to_string(value).unwrap_or_default()
}

/// `path_hex`: the bytes in hexadecimal, where they are not Unicode.
pub(crate) fn hex_unless_unicode(bytes: &[u8]) -> Option<String> {
    std::str::from_utf8(bytes).is_err().then(|| hex(bytes))
}

/// Bytes in lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digit = |d: u8| char::from_digit(u32::from(d), 16).unwrap_or('0');
    bytes
        .iter()
        .flat_map(|b| [digit(b >> 4), digit(b & 15)])
        .collect()
}

/// The bytes that hexadecimal digits say.
pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.chars().map(|c| c.to_digit(16));
    let digits: Vec<u32> = digits.collect::<Option<_>>()?;
    let pairs = digits.chunks(2).map(|pair| match pair {
        [high, low] => u8::try_from(high * 16 + low).ok(),
        _ => None,
    });
    pairs.collect()
}

#[derive(Serialize)]
struct Warning<'a> {
    v: u32,
    warning: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
}

/// A warning's line.
pub(crate) fn warning(message: &str, hint: Option<&str>) -> String {
    to_line(&Warning {
        v: 1,
        warning: message,
        hint,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_only_where_text_cannot_say_it() {
        assert_eq!(hex_unless_unicode(b"abc"), None);
        assert_eq!(hex_unless_unicode(b"a\xff"), Some("61ff".to_owned()));
    }
}
