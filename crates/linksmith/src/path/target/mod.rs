//! What a link says: a Windows path in any of its spellings, kept as it was written.

mod guid;
mod lexical;
mod parse;
mod spell;

use std::borrow::Cow;
use std::fmt;

pub use guid::Guid;

use super::{EntryPath, Name, NameError, utf16_from_wtf8, wtf8_from_utf16};

/// A path as a link holds it or a person types it. Every text is one: parsing never fails.
///
/// The text is kept to the byte (WTF-8 for Windows paths, any bytes for POSIX ones); the root and the
/// components are read from it once. How a text is read depends on where it stands, so there are four
/// ways in: [`parse`](Self::parse) for what people type and for print names,
/// [`parse_nt`](Self::parse_nt) for absolute substitute names,
/// [`parse_relative`](Self::parse_relative) for relative substitute names, and
/// [`parse_posix`](Self::parse_posix) for POSIX symlinks and WSL targets.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct TargetPath {
    text: Box<[u8]>,
    spelling: Spelling,
    root: Root,
    /// Bytes of `text` before the first component, the root's separator included.
    root_len: usize,
    components: Vec<Component>,
    trailing: bool,
}

/// In which way a path is written, which decides what separates names and whether dots are special.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Spelling {
    /// `C:\x`, `\\server\share\x`, `\x`, `x`: both slashes separate, `.` and `..` are places.
    Win32,
    /// `\\?\…`: only `\` separates, nothing is special.
    Verbatim,
    /// `\\.\…`, and `//?/…` with any other slashes than `\\?\`: as [`Win32`](Self::Win32).
    Device,
    /// `\??\…`, `\DosDevices\…`, `\GLOBAL??\…`, `\Device\…`: as [`Verbatim`](Self::Verbatim).
    Nt,
    /// A relative symlink's substitute name: only `\` separates, `.` and `..` are places.
    ///
    /// The I/O manager takes `/` for a character of a name, so `a/b` is one name that no volume has.
    Relative,
    /// `/x`, `x`: only `/` separates, `.` and `..` are places.
    Posix,
}

/// Where a path starts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Root {
    /// `x`: the folder the path is in, or the working directory.
    Relative,
    /// `C:x`: the working directory of a drive, its letter upper-case here.
    DriveRelative(u8),
    /// `\x`: the root of the volume the path is on; with [`Spelling::Posix`] the root of everything.
    Rooted,
    /// `C:\`: a drive, its letter upper-case here.
    Drive(u8),
    /// `\\server\share`; the share is empty in `\\server`.
    Unc {
        /// The server's name, WTF-8.
        server: Box<[u8]>,
        /// The share's name, WTF-8.
        share: Box<[u8]>,
    },
    /// `\\?\Volume{GUID}`.
    Volume(Guid),
    /// `\Device\NAME`, also behind `\\?\GLOBALROOT`.
    Device(Box<[u8]>),
    /// Any other name in `\??\`: `PhysicalDrive0`, `pipe`, `HarddiskVolume3`.
    DosDevice(Box<[u8]>),
    /// Nothing Windows would find; the whole text is here and there are no components.
    Other(Box<[u8]>),
}

/// One part of a path.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Component {
    /// `.` where dots are special.
    Current,
    /// `..` where dots are special.
    Parent,
    /// A name.
    Name(Name),
    /// What no volume takes for a name: `..` in a verbatim path, an empty name, one with a NUL or `/`.
    Odd(Box<[u8]>),
}

impl Component {
    /// The bytes as they stand in the text.
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Current => b".",
            Self::Parent => b"..",
            Self::Name(name) => name.as_bytes(),
            Self::Odd(bytes) => bytes,
        }
    }
}

impl TargetPath {
    /// Reads a Win32 path: what a person types, a print name, another tool's argument.
    ///
    /// `text` is WTF-8 (a `str` is); other bytes are kept and end up in [`Component::Odd`] or in names
    /// that have no UTF-16 spelling. `\??\` is known here too, because Win32 itself lets it through.
    pub fn parse(text: impl AsRef<[u8]>) -> Self {
        parse::win32(text.as_ref())
    }

    /// [`parse`](Self::parse) from UTF-16 units; unpaired surrogates are kept.
    pub fn parse_utf16(text: &[u16]) -> Self {
        Self::parse(wtf8_from_utf16(text))
    }

    /// Reads an NT path: the substitute name of a junction or of an absolute symlink.
    pub fn parse_nt(text: impl AsRef<[u8]>) -> Self {
        parse::nt(text.as_ref())
    }

    /// Reads the substitute name of a relative symlink, as the I/O manager does.
    pub fn parse_relative(text: impl AsRef<[u8]>) -> Self {
        parse::relative(text.as_ref())
    }

    /// Reads a POSIX path: a POSIX symlink's text, a WSL link's target.
    pub fn parse_posix(text: impl AsRef<[u8]>) -> Self {
        parse::posix(text.as_ref())
    }

    /// The Win32 path of an entry of a drive: `C:\` and its names.
    pub fn on_drive(letter: u8, at: &EntryPath) -> Self {
        let mut text = vec![letter.to_ascii_uppercase(), b':', b'\\'];
        text.extend(
            at.as_bytes()
                .iter()
                .map(|b| if *b == b'/' { b'\\' } else { *b }),
        );
        Self::parse(text)
    }

    /// The text as it was given.
    pub fn as_bytes(&self) -> &[u8] {
        &self.text
    }

    /// The text in UTF-16; [`NameError::NotUnicode`] where the bytes are no WTF-8.
    pub fn to_utf16(&self) -> Result<Vec<u16>, NameError> {
        utf16_from_wtf8(&self.text).ok_or(NameError::NotUnicode)
    }

    /// For people: what is not Unicode becomes U+FFFD.
    pub fn display(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.text)
    }

    /// In which way it is written.
    pub fn spelling(&self) -> Spelling {
        self.spelling
    }

    /// Where it starts.
    pub fn root(&self) -> &Root {
        &self.root
    }

    /// The parts after the root.
    pub fn components(&self) -> &[Component] {
        &self.components
    }

    /// Whether it ends in a separator, the root's own counted.
    pub fn has_trailing_separator(&self) -> bool {
        self.trailing
    }

    /// Whether dots and `/` are literal in it: `\\?\…` and NT paths.
    pub fn is_verbatim(&self) -> bool {
        matches!(self.spelling, Spelling::Verbatim | Spelling::Nt)
    }

    /// Whether it means the same from everywhere.
    pub fn is_absolute(&self) -> bool {
        match self.root {
            Root::Relative | Root::DriveRelative(_) | Root::Other(_) => false,
            Root::Rooted => self.spelling == Spelling::Posix,
            _ => true,
        }
    }

    /// Whether it says a local volume: a drive letter, a volume GUID or a disk device.
    ///
    /// A letter may be mapped to a network share, which no text tells; ask the drive table.
    pub fn is_local(&self) -> bool {
        match &self.root {
            Root::Drive(_) | Root::Volume(_) => true,
            Root::Device(_) => !self.is_remote(),
            _ => false,
        }
    }

    /// Whether it says another computer: a UNC path, or a network redirector's device.
    pub fn is_remote(&self) -> bool {
        match &self.root {
            Root::Unc { .. } => true,
            Root::Device(name) => REDIRECTORS.iter().any(|r| name.eq_ignore_ascii_case(r)),
            _ => false,
        }
    }

    /// The names after the root, if there is nothing but names: where in its volume it leads.
    pub fn to_entry_path(&self) -> Option<EntryPath> {
        let mut path = EntryPath::root();
        for component in &self.components {
            let Component::Name(name) = component else {
                return None;
            };
            path.push(name);
        }
        Some(path)
    }

    fn separator(&self) -> u8 {
        if self.spelling == Spelling::Posix {
            b'/'
        } else {
            b'\\'
        }
    }
}

/// Devices below `\Device\` that stand for the network.
const REDIRECTORS: [&[u8]; 5] = [
    b"Mup",
    b"LanmanRedirector",
    b"WebDavRedirector",
    b"RdpDr",
    b"NetWareRedirector",
];

/// Names that Win32 takes for devices wherever a program asks for them by a bare name.
const DEVICES: [&[u8]; 6] = [b"CON", b"PRN", b"AUX", b"NUL", b"CONIN$", b"CONOUT$"];

/// Whether a name, or what stands before its first `.` or `:`, is one of the DOS devices.
///
/// Older Windows takes `C:\dir\nul.txt` for the device too, so such a name is never put into a plain
/// Win32 path. Superscript digits count (they are ISO 8859-1 digits to the check in ntdll).
pub fn is_dos_device(name: &[u8]) -> bool {
    let stem = name
        .split(|b| matches!(b, b'.' | b':'))
        .next()
        .unwrap_or_default();
    let stem = stem.trim_ascii_end();
    if DEVICES.iter().any(|d| d.eq_ignore_ascii_case(stem)) {
        return true;
    }
    let port = |p: &[u8]| matches!(p, [b'1'..=b'9'] | [0xC2, 0xB9 | 0xB2 | 0xB3]);
    match stem {
        [a, b, c, digit @ ..] => {
            let kind = [a, b, c].map(u8::to_ascii_uppercase);
            (kind == *b"COM" || kind == *b"LPT") && port(digit)
        }
        _ => false,
    }
}

/// Whether two names are one to a case-insensitive volume, as far as a text alone can tell.
fn same_name(a: &[u8], b: &[u8]) -> bool {
    a.eq_ignore_ascii_case(b)
        || match (std::str::from_utf8(a), std::str::from_utf8(b)) {
            (Ok(a), Ok(b)) => a.to_uppercase() == b.to_uppercase(),
            _ => false,
        }
}

impl Root {
    /// Whether two roots are one; names compared without case.
    pub fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Self::Unc { server, share },
                Self::Unc {
                    server: other_server,
                    share: other_share,
                },
            ) => same_name(server, other_server) && same_name(share, other_share),
            (Self::Device(a), Self::Device(b)) | (Self::DosDevice(a), Self::DosDevice(b)) => {
                same_name(a, b)
            }
            (a, b) => a == b,
        }
    }
}

impl fmt::Debug for TargetPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} ({:?})", self.display(), self.spelling)
    }
}

#[cfg(test)]
mod tests;
