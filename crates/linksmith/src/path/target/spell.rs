//! Between the spellings of Win32 and of NT.

use std::borrow::Cow;

use super::{Component, Name, Root, Spelling, TargetPath, parse};

impl TargetPath {
    /// The NT spelling of an absolute path, as a substitute name needs it; `None` for other paths.
    ///
    /// | Win32 | NT |
    /// |---|---|
    /// | `C:\x` | `\??\C:\x` |
    /// | `\\server\share\x` | `\??\UNC\server\share\x` |
    /// | `\\?\REST` | `\??\REST`, to the byte |
    /// | `\\.\REST` | `\??\REST`, normalized |
    ///
    /// Plain paths are normalized first, as `RtlDosPathNameToNtPathName_U` does. An NT path is its own
    /// NT spelling, whatever it says.
    pub fn to_nt(&self) -> Option<Self> {
        if !self.is_absolute() {
            return None;
        }
        let nt = |begin: &[u8], rest: &[u8]| Some(Self::parse_nt([begin, rest].concat()));
        let after = |path: &Self, n: usize| path.text.get(n..).unwrap_or_default().to_vec();
        match self.spelling {
            Spelling::Nt => Some(self.clone()),
            Spelling::Verbatim => nt(b"\\??\\", &after(self, 4)),
            Spelling::Device => nt(b"\\??\\", &after(&self.normalized(), 4)),
            Spelling::Win32 => match self.root {
                Root::Unc { .. } => nt(b"\\??\\UNC\\", &after(&self.normalized(), 2)),
                _ => nt(b"\\??\\", &self.normalized().text),
            },
            Spelling::Relative | Spelling::Posix => None,
        }
    }

    /// The Win32 spelling of an NT path, and the plain one of a `\\?\` path where that means the same.
    ///
    /// A path keeps (or gets) `\\?\` where Win32 would read the plain text otherwise: dots or spaces at
    /// a name's end, `..` as a name, device names such as `NUL`, a drive without its root. What is no
    /// Windows path at all, and every other spelling, comes back as it is.
    pub fn to_win32(&self) -> Self {
        match self.win32_text() {
            Cow::Borrowed(_) => self.clone(),
            Cow::Owned(text) => Self::parse(text),
        }
    }

    /// The text of [`to_win32`](Self::to_win32), for who only shows it.
    pub fn win32_text(&self) -> Cow<'_, [u8]> {
        if !self.is_verbatim() || matches!(self.root, Root::Other(_)) {
            return Cow::Borrowed(&self.text);
        }
        if let Some(plain) = self.plain() {
            return Cow::Owned(plain);
        }
        let (begin, start): (&[u8], usize) = match parse::dos_devices_prefix(&self.text) {
            Some(prefix) => (b"\\\\?\\", prefix),
            None if self.spelling == Spelling::Verbatim => return Cow::Borrowed(&self.text),
            None => (b"\\\\?\\GLOBALROOT", 0),
        };
        let rest = self.text.get(start..).unwrap_or_default();
        Cow::Owned([begin, rest].concat())
    }

    /// The text without `\\?\` or `\??\`, where it means the same without.
    fn plain(&self) -> Option<Vec<u8>> {
        let plain = |c: &Component| matches!(c, Component::Name(name) if name.is_plain_win32());
        if !self.components.iter().all(plain) {
            return None;
        }
        let rest = self.text.get(self.root_len..)?;
        match &self.root {
            Root::Drive(_) => {
                let root = self
                    .text
                    .get(self.root_len.checked_sub(3)?..self.root_len)?;
                (root.last() == Some(&b'\\')).then(|| [root, rest].concat())
            }
            Root::Unc { server, share } => {
                let names = [server, share].map(|n| Name::from_bytes(n.to_vec()).ok());
                if !names.iter().flatten().all(|name| name.is_plain_win32())
                    || names.contains(&None)
                    || **server == *b"?"
                {
                    return None;
                }
                let end: &[u8] = if rest.is_empty() && !self.trailing {
                    b""
                } else {
                    b"\\"
                };
                Some([b"\\\\", &**server, b"\\", share, end, rest].concat())
            }
            _ => None,
        }
    }
}
