//! Cygwin's symbolic links: a cookie, then the text.
//!
//! The text ends at a NUL or with the file. Since Cygwin 1.7 it is UTF-16LE behind a byte order mark; before it was in the
//! bytes of whatever code page there was. Source: Cygwin's documentation, "Symbolic links", and its `check_sysfile`.

use super::Means;
use crate::entry::LinkText;
use crate::path::wtf8_from_utf16;
use crate::reparse::{ReparsePoint, Utf16Le};

const COOKIE: &[u8] = b"!<symlink>";
const BYTE_ORDER_MARK: &[u8] = &[0xFF, 0xFE];
/// Where Cygwin shows Windows' drives, unless `/etc/fstab` says otherwise.
const DRIVES: &[u8] = b"/cygdrive/";

pub(super) fn parse(contents: &[u8]) -> Option<Means> {
    let said = contents.strip_prefix(COOKIE)?;
    let text = match said.strip_prefix(BYTE_ORDER_MARK) {
        Some(units) => {
            let units = Utf16Le::new(units).units().take_while(|unit| *unit != 0);
            wtf8_from_utf16(&units.collect::<Vec<u16>>())
        }
        None => said.split(|b| *b == 0).next().unwrap_or_default().to_vec(),
    };
    (!text.is_empty()).then(|| Means::posix_link(text))
}

/// The same link as WSL would have it: `/` is the root of an installation that no volume tells, but the drives below it
/// are known.
pub(super) fn on_windows(text: &[u8]) -> LinkText {
    let same = || LinkText::Posix(text.to_vec());
    if !text.starts_with(b"/") {
        return same();
    }
    let text = match text.strip_prefix(DRIVES) {
        Some(rest) => [b"/mnt/", rest].concat(),
        None => text.to_vec(),
    };
    ReparsePoint::wsl_symlink(&text).map_or_else(|_| same(), LinkText::Reparse)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(contents: &[u8], expected: Option<&str>) {
        let expected = expected.map(|text| Means::posix_link(text.into()));
        assert_eq!(parse(contents), expected, "{contents:x?}");
    }

    #[test]
    fn texts_in_utf_16() {
        check(b"!<symlink>\xff\xfe.\0.\0/\0\xfc\0\0\0", Some("../\u{fc}"));
        check(b"!<symlink>\xff\xfea\0", Some("a"));
        // Half a unit at the end, and none at all.
        check(b"!<symlink>\xff\xfea\0b", Some("a"));
        check(b"!<symlink>\xff\xfe\0\0", None);
        check(b"!<symlink>\xff\xfe", None);
    }

    #[test]
    fn texts_in_bytes() {
        check(b"!<symlink>/usr/bin/sh\0", Some("/usr/bin/sh"));
        check(b"!<symlink>a b", Some("a b"));
        check(b"!<symlink>\0", None);
        check(b"!<symlink>", None);
        check(b"!<socket >1234 s 0-0-0-0", None);
        check(b"!<symlink", None);
    }

    #[test]
    fn drives_are_where_wsl_has_them() {
        let wsl = |text: &str| {
            LinkText::Reparse(ReparsePoint::wsl_symlink(text.as_bytes()).expect("a text"))
        };
        assert_eq!(on_windows(b"/cygdrive/c/a"), wsl("/mnt/c/a"));
        assert_eq!(on_windows(b"/usr/bin"), wsl("/usr/bin"));
        assert_eq!(on_windows(b"../a"), LinkText::Posix(b"../a".to_vec()));
    }
}
