//! From text to root and components.

use super::{Component, Guid, Name, Root, Spelling, TargetPath};

/// What separates names, and whether `.` and `..` are places, in a spelling.
#[derive(Clone, Copy)]
struct Rules {
    spelling: Spelling,
    separators: &'static [u8],
    dots: bool,
}

impl Rules {
    const fn of(spelling: Spelling) -> Self {
        let (separators, dots): (&'static [u8], bool) = match spelling {
            Spelling::Win32 | Spelling::Device => (b"\\/", true),
            Spelling::Verbatim | Spelling::Nt => (b"\\", false),
            Spelling::Relative => (b"\\", true),
            Spelling::Posix => (b"/", true),
        };
        Self {
            spelling,
            separators,
            dots,
        }
    }

    fn is_separator(self, byte: u8) -> bool {
        self.separators.contains(&byte)
    }

    /// The bytes before the next separator from `start`, and where what follows it begins.
    ///
    /// Where separators are collapsed, all that follow each other are one.
    fn next(self, text: &[u8], start: usize) -> (&[u8], usize) {
        let rest = text.get(start..).unwrap_or_default();
        let len = rest
            .iter()
            .position(|b| self.is_separator(*b))
            .unwrap_or(rest.len());
        let (name, after) = rest.split_at(len);
        let run = after.iter().take_while(|b| self.is_separator(**b)).count();
        (name, start + len + if self.dots { run } else { run.min(1) })
    }

    /// A path whose components start at `root_len`.
    fn path(self, text: &[u8], root: Root, root_len: usize) -> TargetPath {
        let root_len = root_len.min(text.len());
        let (_, rest) = text.split_at(root_len);
        TargetPath {
            text: text.into(),
            spelling: self.spelling,
            root,
            root_len,
            components: self.components(rest),
            trailing: text.last().is_some_and(|b| self.is_separator(*b)),
        }
    }

    fn components(self, rest: &[u8]) -> Vec<Component> {
        let separators = rest.iter().filter(|b| self.is_separator(**b)).count();
        let mut components = Vec::with_capacity(separators + 1);
        let mut parts = rest.split(|b| self.is_separator(*b)).peekable();
        while let Some(part) = parts.next() {
            // Separators that follow each other are one, or else have an empty name between them; what follows the
            // last one is never a name.
            let none = part.is_empty() && (self.dots || parts.peek().is_none());
            if !none {
                components.push(self.component(part));
            }
        }
        components
    }

    fn component(self, part: &[u8]) -> Component {
        match part {
            b"." if self.dots => Component::Current,
            b".." if self.dots => Component::Parent,
            _ => {
                Name::from_bytes(part).map_or_else(|_| Component::Odd(part.into()), Component::Name)
            }
        }
    }

    fn other(self, text: &[u8]) -> TargetPath {
        self.path(text, Root::Other(text.into()), text.len())
    }

    /// A path in the name space of DOS devices, whose names begin at `start`.
    fn dos_devices(self, text: &[u8], start: usize) -> TargetPath {
        let (first, next) = self.next(text, start);
        match first {
            [] => self.other(text),
            [letter, b':'] if letter.is_ascii_alphabetic() => {
                self.path(text, Root::Drive(letter.to_ascii_uppercase()), next)
            }
            _ if first.eq_ignore_ascii_case(b"UNC") => self.unc(text, next),
            _ if first.eq_ignore_ascii_case(b"GLOBALROOT") => self.global_root(text, next),
            _ => {
                let root =
                    volume_guid(first).map_or_else(|| Root::DosDevice(first.into()), Root::Volume);
                self.path(text, root, next)
            }
        }
    }

    /// A path whose server and share begin at `start`.
    fn unc(self, text: &[u8], start: usize) -> TargetPath {
        let (server, next) = self.next(text, start);
        let (share, next) = self.next(text, next);
        if server.is_empty() {
            return self.other(text);
        }
        let root = Root::Unc {
            server: server.into(),
            share: share.into(),
        };
        self.path(text, root, next)
    }

    /// What follows `\\?\GLOBALROOT\`: a path from the root of the NT name space.
    fn global_root(self, text: &[u8], start: usize) -> TargetPath {
        let (directory, next) = self.next(text, start);
        if directory.eq_ignore_ascii_case(b"Device") {
            self.device(text, next)
        } else {
            self.other(text)
        }
    }

    /// A path below `\Device\`, whose device's name begins at `start`.
    fn device(self, text: &[u8], start: usize) -> TargetPath {
        let (device, next) = self.next(text, start);
        if device.is_empty() {
            return self.other(text);
        }
        self.path(text, Root::Device(device.into()), next)
    }
}

/// The GUID of `Volume{GUID}`.
fn volume_guid(name: &[u8]) -> Option<Guid> {
    let (word, guid) = name.split_at_checked(6)?;
    if word.eq_ignore_ascii_case(b"Volume") {
        Guid::parse(guid)
    } else {
        None
    }
}

/// A Win32 path.
pub(super) fn win32(text: &[u8]) -> TargetPath {
    let rules = Rules::of(Spelling::Win32);
    match text {
        // Only these very characters switch normalising off; `//?/` is a device path like `\\.\`.
        [b'\\', b'\\', b'?', b'\\', ..] => Rules::of(Spelling::Verbatim).dos_devices(text, 4),
        [b'\\', b'?', b'?', b'\\', ..] => Rules::of(Spelling::Nt).dos_devices(text, 4),
        [b'\\' | b'/', b'\\' | b'/', b'?' | b'.', b'\\' | b'/', ..] => {
            Rules::of(Spelling::Device).dos_devices(text, 4)
        }
        [b'\\' | b'/', b'\\' | b'/', b'?' | b'.'] => rules.other(text),
        [b'\\' | b'/', b'\\' | b'/', ..] => rules.unc(text, 2),
        [b'\\' | b'/', ..] => rules.path(text, Root::Rooted, 1),
        [letter, b':', rest @ ..] if letter.is_ascii_alphabetic() => {
            let letter = letter.to_ascii_uppercase();
            match rest {
                [b'\\' | b'/', ..] => rules.path(text, Root::Drive(letter), 3),
                _ => rules.path(text, Root::DriveRelative(letter), 2),
            }
        }
        _ => rules.path(text, Root::Relative, 0),
    }
}

/// Object directories that hold the DOS devices, as they begin an NT path.
const DOS_DEVICES: [&[u8]; 3] = [b"\\??\\", b"\\DosDevices\\", b"\\GLOBAL??\\"];

/// How long the object directory of DOS devices is that a text begins with.
pub(super) fn dos_devices_prefix(text: &[u8]) -> Option<usize> {
    let prefix = DOS_DEVICES.iter().find(|p| begins(text, p))?;
    Some(prefix.len())
}

fn begins(text: &[u8], prefix: &[u8]) -> bool {
    text.get(..prefix.len())
        .is_some_and(|t| t.eq_ignore_ascii_case(prefix))
}

/// An NT path.
pub(super) fn nt(text: &[u8]) -> TargetPath {
    let rules = Rules::of(Spelling::Nt);
    if let Some(start) = dos_devices_prefix(text) {
        rules.dos_devices(text, start)
    } else if begins(text, b"\\Device\\") {
        rules.device(text, 8)
    } else {
        rules.other(text)
    }
}

/// A relative substitute name.
pub(super) fn relative(text: &[u8]) -> TargetPath {
    let rules = Rules::of(Spelling::Relative);
    match text {
        [b'\\', b'\\', ..] => rules.other(text),
        [b'\\', b'?', b'?', b'\\', ..] => nt(text),
        [b'\\', ..] => rules.path(text, Root::Rooted, 1),
        [letter, b':', ..] if letter.is_ascii_alphabetic() => rules.other(text),
        _ => rules.path(text, Root::Relative, 0),
    }
}

/// A POSIX path.
pub(super) fn posix(text: &[u8]) -> TargetPath {
    let rules = Rules::of(Spelling::Posix);
    match text {
        [b'/', ..] => rules.path(text, Root::Rooted, 1),
        _ => rules.path(text, Root::Relative, 0),
    }
}
