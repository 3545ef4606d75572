//! `*` and `?` in file names, as Windows matches them.

/// Whether `name` matches `pattern`, in any case.
///
/// `*` is any run of characters and `?` any one; `*.*` is every name, with a dot or without, and a
/// pattern that ends with a dot is a name without one.
pub(crate) fn matches(pattern: &str, name: &str) -> bool {
    let pattern: Vec<char> = pattern.to_uppercase().chars().collect();
    let name: Vec<char> = name.to_uppercase().chars().collect();
    match pattern.as_slice() {
        ['*'] | ['*', '.', '*'] => true,
        [rest @ .., '.'] if !rest.is_empty() => !name.contains(&'.') && glob(rest, &name),
        // `x.*` is `x` too.
        [rest @ .., '.', '*'] => glob(&pattern, &name) || glob(rest, &name),
        _ => glob(&pattern, &name),
    }
}

/// Whether the text has a wildcard in it.
pub(crate) fn has_any(text: &str) -> bool {
    text.contains(['*', '?'])
}

/// The usual two-pointer match: on a mismatch the last `*` takes one more character.
fn glob(pattern: &[char], name: &[char]) -> bool {
    let (mut p, mut n) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while n < name.len() {
        match pattern.get(p) {
            Some('*') => {
                retry = Some((p + 1, n));
                p += 1;
            }
            Some(c) if *c == '?' || name.get(n) == Some(c) => {
                p += 1;
                n += 1;
            }
            _ => match retry {
                Some((after, from)) => {
                    (p, n) = (after, from + 1);
                    retry = Some((after, from + 1));
                }
                None => return false,
            },
        }
    }
    // A `?` at the end may stand for nothing.
    pattern[p..].iter().all(|c| matches!(c, '*' | '?'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        let check = |pattern: &str, name: &str, want: bool| {
            assert_eq!(matches(pattern, name), want, "{pattern} on {name}");
        };
        check("*", "a.b", true);
        check("*.*", "noext", true);
        check("*.TXT", "real_file.txt", true);
        check("*.txt", "real_file.txt.bak", false);
        check("*.", "noext", true);
        check("*.", "a.b", false);
        check("a?c", "abc", true);
        check("a?c", "ac", false);
        check("abc?", "abc", true);
        check("real*", "REAL_DIR", true);
        check("*a*b*", "xxaxxbxx", true);
        check("*a*b*", "xxbxxaxx", false);
        check("x.*", "x", true);
        check("dir", "dirs", false);
    }
}
