//! Paths made from paths by their text alone, as `GetFullPathName` does.

use super::{Component, Root, Spelling, TargetPath, is_dos_device, same_name};

/// The names of a path while it is put together.
struct Names<'t> {
    list: Vec<&'t [u8]>,
    /// `..` stops at the root instead of being kept.
    anchored: bool,
    /// Dots and spaces at ends of names go, as Win32 has it.
    strips: bool,
}

impl<'t> Names<'t> {
    fn push(&mut self, component: &'t Component) {
        match component {
            Component::Current => {}
            Component::Parent => match self.list.last() {
                Some(last) if *last != b".." => {
                    self.list.pop();
                }
                _ if self.anchored => {}
                _ => self.list.push(b".."),
            },
            Component::Name(_) | Component::Odd(_) => {
                let name = component.as_bytes();
                self.list.push(self.without_one_dot(name));
            }
        }
    }

    /// Win32 takes one dot off the end of each name, but leaves `a..`.
    fn without_one_dot<'a>(&self, name: &'a [u8]) -> &'a [u8] {
        match name {
            [rest @ .., b'.'] if self.strips && rest.last().is_some_and(|b| *b != b'.') => rest,
            _ => name,
        }
    }

    /// Win32 takes every dot and space off the end of a path that has no separator there.
    fn strip_last(&mut self) {
        while let Some(last) = self.list.last_mut() {
            if !self.strips || *last == b".." {
                return;
            }
            while let [rest @ .., b'.' | b' '] = *last {
                *last = rest;
            }
            if !last.is_empty() {
                return;
            }
            self.list.pop();
        }
    }
}

impl TargetPath {
    /// Without `.`, `..`, doubled separators, and the dots and spaces that Win32 drops.
    ///
    /// `..` goes with the name before it by the text alone, so the result may lead elsewhere when that
    /// name is a link. `..` does not climb over a root; at the start of a relative path it stays.
    /// Verbatim and NT paths mean what they say and come back unchanged.
    pub fn normalized(&self) -> Self {
        if self.is_verbatim() || matches!(self.root, Root::Other(_)) {
            return self.clone();
        }
        self.compose(&[], self)
    }

    /// This path from the directory `base`, as `GetFullPathName` makes it.
    ///
    /// A rooted path takes the root of `base`; a drive-relative one takes the names of `base` where
    /// that is the same drive, and else starts at its own drive's root. A relative substitute name
    /// becomes an NT path, since only there its names keep their meaning. A bare device name such as
    /// `NUL` becomes `\\.\NUL`. Where `base` is not absolute, neither is the result.
    pub fn absolute(&self, base: &Self) -> Self {
        if self.spelling == Spelling::Relative {
            let nt = base.to_nt();
            return self.on(nt.as_ref().unwrap_or(base));
        }
        if self.spelling == Spelling::Win32 && self.root == Root::Relative {
            if let [Component::Name(name)] = &self.components[..] {
                if is_dos_device(name.as_bytes()) && !name.as_bytes().contains(&b'.') {
                    return Self::parse([b"\\\\.\\", name.as_bytes()].concat());
                }
            }
        }
        self.on(base)
    }

    fn on(&self, base: &Self) -> Self {
        match self.root {
            Root::Relative => base.compose(&base.components, self),
            Root::Rooted if self.spelling != Spelling::Posix => base.compose(&[], self),
            Root::DriveRelative(letter) if base.root == Root::Drive(letter) => {
                base.compose(&base.components, self)
            }
            Root::DriveRelative(letter) => Self::parse([letter, b':', b'\\']).compose(&[], self),
            _ => self.normalized(),
        }
    }

    /// `other` seen from the directory `self`, with no more change than that.
    ///
    /// An absolute `other` is the result itself. On a verbatim or NT path, where they would be literal,
    /// `.` and `..` are worked out.
    pub fn join(&self, other: &Self) -> Self {
        let rest = other.text.get(other.root_len..).unwrap_or_default();
        match other.root {
            Root::Relative => {}
            Root::DriveRelative(letter) if self.root == Root::Drive(letter) => {}
            Root::Rooted if other.spelling != Spelling::Posix => return self.compose(&[], other),
            _ => return other.clone(),
        }
        if self.is_verbatim() {
            return self.compose(&self.components, other);
        }
        let mut text = self.text.to_vec();
        let open = matches!(self.root, Root::DriveRelative(_)) && self.components.is_empty();
        if !text.is_empty() && !self.trailing && !open {
            text.push(self.separator());
        }
        text.extend_from_slice(rest);
        self.reparse(text)
    }

    /// How to reach this path from the directory `base`: `..\..\x`; `.` where they are the same.
    ///
    /// Both are made normal first, by their text alone. `None` where one of them is not absolute or
    /// they have different roots.
    pub fn relative_from(&self, base: &Self) -> Option<Self> {
        let (to, from) = (self.normalized(), base.normalized());
        if !to.is_absolute() || !from.is_absolute() || !to.root.is_same(&from.root) {
            return None;
        }
        let posix = to.spelling == Spelling::Posix;
        let same = |(a, b): &(&Component, &Component)| {
            a == b || !posix && same_name(a.as_bytes(), b.as_bytes())
        };
        let shared = to
            .components
            .iter()
            .zip(&from.components)
            .take_while(same)
            .count();
        let up = from.components.iter().skip(shared).map(|_| &b".."[..]);
        let down = to.components.iter().skip(shared).map(Component::as_bytes);
        let parts: Vec<&[u8]> = up.chain(down).collect();
        let separator = [to.separator()];
        if parts.is_empty() {
            return Some(to.relative_text(b".".to_vec()));
        }
        Some(to.relative_text(parts.join(&separator[..])))
    }

    fn relative_text(&self, text: Vec<u8>) -> Self {
        match self.spelling {
            Spelling::Posix => Self::parse_posix(text),
            _ => Self::parse(text),
        }
    }

    /// The names of `head` (of this very path), then those of `tail`, on the root of this path.
    fn compose(&self, head: &[Component], tail: &Self) -> Self {
        let strips = matches!(self.spelling, Spelling::Win32 | Spelling::Device);
        let mut names = Names {
            list: Vec::new(),
            anchored: !matches!(self.root, Root::Relative | Root::DriveRelative(_)),
            strips,
        };
        for component in head.iter().chain(&tail.components) {
            names.push(component);
        }
        let from_head = tail.components.is_empty() && !head.is_empty();
        let trailing = if from_head {
            self.trailing
        } else {
            tail.trailing
        };
        if !trailing {
            names.strip_last();
        }
        self.reparse(self.text_of(&names.list, trailing && !names.list.is_empty()))
    }

    /// The root of this path with these names after it.
    fn text_of(&self, names: &[&[u8]], trailing: bool) -> Vec<u8> {
        let separator = self.separator();
        let mut text = self.root_text();
        let open = text.is_empty() || matches!(self.root, Root::DriveRelative(_));
        if !names.is_empty() && !open && text.last() != Some(&separator) {
            text.push(separator);
        }
        text.extend(names.join(&[separator][..]));
        if trailing {
            text.push(separator);
        } else if text.is_empty() {
            text.push(b'.');
        }
        text
    }

    /// The root as it stands in the text, with plain separators.
    fn root_text(&self) -> Vec<u8> {
        let mut text = self.text.get(..self.root_len).unwrap_or_default().to_vec();
        if matches!(self.spelling, Spelling::Win32 | Spelling::Device) {
            for byte in &mut text {
                if *byte == b'/' {
                    *byte = b'\\';
                }
            }
        }
        if let (Spelling::Win32, Root::Unc { server, share }) = (self.spelling, &self.root) {
            let end: &[u8] = if self.components.is_empty() && self.trailing {
                b"\\"
            } else {
                b""
            };
            let names: &[&[u8]] = if share.is_empty() {
                &[server]
            } else {
                &[server, share]
            };
            return [b"\\\\", &*names.join(&b'\\'), end].concat();
        }
        text
    }

    /// A text read as this path's own was.
    fn reparse(&self, text: Vec<u8>) -> Self {
        match self.spelling {
            Spelling::Win32 | Spelling::Verbatim | Spelling::Device => Self::parse(text),
            Spelling::Nt => Self::parse_nt(text),
            Spelling::Relative => Self::parse_relative(text),
            Spelling::Posix => Self::parse_posix(text),
        }
    }
}
