//! Options that every verb takes, read by hand where they stand before the verb.
//!
//! Reading them by hand is what keeps start-up short: the one verb that is asked for is all that the
//! argument parser ever builds, and other tools' commands never meet it.

use std::env;
use std::ffi::{OsStr, OsString};

use linksmith::path::Guid;

use crate::error::CliError;
use crate::output::{Color, Console};

/// Options that every verb takes.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Options of every verb")]
pub(crate) struct Globals {
    /// Attach a volume under a drive letter: a raw NTFS volume, a disk image (MBR, GPT, fixed VHD), a
    /// block device, or, to be read only, a disk in a VHD, VHDX, QCOW2, VDI or VMDK. May be repeated;
    /// LINKSMITH_DRIVES="C=a.img;D=b.img" does the same. GUID: by what mount points know the volume, where
    /// no partition table tells
    #[arg(
        long = "drive",
        global = true,
        value_name = "LETTER=PATH[,part=N][,guid=GUID][,ro]"
    )]
    pub drives: Vec<OsString>,
    /// Where relative paths start [default: the first drive's root]
    #[arg(long, global = true, value_name = "DIR")]
    pub cwd: Option<OsString>,
    /// Print JSON Lines
    #[arg(long, global = true)]
    pub json: bool,
    /// Say nothing on success
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Colour the output: auto, always or never
    #[arg(long, global = true, value_name = "WHEN", value_parser = parse_color)]
    pub color: Option<Color>,
    /// In other tools' commands: our exit codes in place of the original's misleading ones
    #[arg(long, global = true, hide = true)]
    pub fixed_exit_codes: bool,
}

impl Globals {
    /// Reads the options that stand before the first word that is none, and gives the rest.
    pub(crate) fn leading(words: &[OsString]) -> Result<(Self, &[OsString]), CliError> {
        let mut globals = Self::default();
        let mut rest = words;
        while let [word, after @ ..] = rest {
            let Some(used) = globals.take(word, after)? else {
                break;
            };
            rest = &rest[used..];
        }
        Ok((globals, rest))
    }

    /// Takes one option; how many words it was, or `None` where it is not one of ours.
    fn take(&mut self, word: &OsStr, after: &[OsString]) -> Result<Option<usize>, CliError> {
        let Some(text) = word.to_str() else {
            return self.take_joined(word);
        };
        match text {
            "--json" => self.json = true,
            "-q" | "--quiet" => self.quiet = true,
            "--fixed-exit-codes" => self.fixed_exit_codes = true,
            "--drive" | "--cwd" | "--color" => {
                let value = after.first().ok_or_else(|| missing(text))?;
                self.set(text, value)?;
                return Ok(Some(2));
            }
            _ => return self.take_joined(word),
        }
        Ok(Some(1))
    }

    /// `--drive=C=disk.img`.
    fn take_joined(&mut self, word: &OsStr) -> Result<Option<usize>, CliError> {
        let bytes = word.as_encoded_bytes();
        for name in ["--drive", "--cwd", "--color"] {
            let value = bytes.strip_prefix(name.as_bytes());
            if let Some(value) = value.and_then(|rest| rest.strip_prefix(b"=")) {
                self.set(name, &os_string(value))?;
                return Ok(Some(1));
            }
        }
        Ok(None)
    }

    fn set(&mut self, name: &str, value: &OsStr) -> Result<(), CliError> {
        match name {
            "--drive" => self.drives.push(value.to_owned()),
            "--cwd" => self.cwd = Some(value.to_owned()),
            _ => {
                let color = parse_color(&value.to_string_lossy());
                self.color = Some(color.map_err(CliError::usage)?);
            }
        }
        Ok(())
    }

    /// Adds what was said after the verb.
    pub(crate) fn merge(&mut self, later: Self) {
        self.drives.extend(later.drives);
        self.cwd = later.cwd.or(self.cwd.take());
        self.json |= later.json;
        self.quiet |= later.quiet;
        self.color = later.color.or(self.color);
        self.fixed_exit_codes |= later.fixed_exit_codes;
    }

    /// Adds what the environment says.
    pub(crate) fn merge_environment(&mut self) {
        if let Some(fixed) = env::var_os("LINKSMITH_FIXED_EXIT_CODES") {
            self.fixed_exit_codes |= !matches!(fixed.as_encoded_bytes(), b"" | b"0");
        }
        let Some(drives) = env::var_os("LINKSMITH_DRIVES") else {
            return;
        };
        let given = drives.as_encoded_bytes().split(|b| *b == b';');
        let given = given.filter(|d| !d.is_empty()).map(os_string);
        // The command line comes last and so shadows the environment, letter by letter.
        self.drives = given.chain(self.drives.drain(..)).collect();
    }

    /// Makes the console as these options want it.
    pub(crate) fn set_up(&self, console: &mut Console) {
        console.json |= self.json;
        console.quiet |= self.quiet;
        console.set_color(self.color.unwrap_or_default());
    }
}

fn missing(option: &str) -> CliError {
    CliError::usage(format!("a value is required for '{option}'"))
        .hint("`linksmith --help` lists the options.")
}

fn parse_color(text: &str) -> Result<Color, String> {
    match text {
        "auto" => Ok(Color::Auto),
        "always" => Ok(Color::Always),
        "never" => Ok(Color::Never),
        _ => Err(format!("'{text}' is not one of auto, always, never")),
    }
}

/// Bytes of an `OsStr`, cut at ASCII, as an `OsString` again.
#[cfg(unix)]
pub(crate) fn os_string(bytes: &[u8]) -> OsString {
    use std::os::unix::ffi::OsStringExt as _;
    OsString::from_vec(bytes.to_vec())
}

/// Bytes of an `OsStr`, cut at ASCII, as an `OsString` again.
#[cfg(windows)]
pub(crate) fn os_string(bytes: &[u8]) -> OsString {
    use std::os::windows::ffi::OsStringExt as _;
    linksmith::path::utf16_from_wtf8(bytes).map_or_else(
        || String::from_utf8_lossy(bytes).into_owned().into(),
        |units| OsString::from_wide(&units),
    )
}

/// One attached volume as it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DriveSpec {
    /// `A` to `Z`.
    pub letter: u8,
    /// The image, device or, for tests and demonstrations, `memory:`.
    pub path: OsString,
    /// Which partition.
    pub part: Option<u32>,
    /// By what `\\?\Volume{GUID}\` it is known, where its disk does not tell.
    pub guid: Option<Guid>,
    /// Whether nothing may be changed.
    pub read_only: bool,
}

impl DriveSpec {
    /// Parses `LETTER=PATH[,part=N][,guid=GUID][,ro]`. Options are read from the end, so that a path may hold commas.
    pub(crate) fn parse(text: &OsStr) -> Result<Self, CliError> {
        let bytes = text.as_encoded_bytes();
        let bad = || {
            let shown = text.to_string_lossy();
            CliError::usage(format!(
                "'{shown}' is not LETTER=PATH[,part=N][,guid=GUID][,ro]"
            ))
            .hint("Example: `--drive C=disk.img`.")
        };
        let (letter, mut path) = match bytes {
            [letter, b'=', path @ ..] | [letter, b':', b'=', path @ ..]
                if letter.is_ascii_alphabetic() =>
            {
                (letter.to_ascii_uppercase(), path)
            }
            _ => return Err(bad()),
        };
        let (mut part, mut guid, mut read_only) = (None, None, false);
        while let Some(comma) = path.iter().rposition(|b| *b == b',') {
            match &path[comma + 1..] {
                b"ro" => read_only = true,
                [b'p', b'a', b'r', b't', b'=', number @ ..] => {
                    let number = std::str::from_utf8(number).ok();
                    part = Some(number.and_then(|n| n.parse().ok()).ok_or_else(bad)?);
                }
                [b'g', b'u', b'i', b'd', b'=', text @ ..] => {
                    guid = Some(volume_guid(text).ok_or_else(bad)?);
                }
                _ => break,
            }
            path = &path[..comma];
        }
        if path.is_empty() {
            return Err(bad());
        }
        Ok(Self {
            letter,
            path: os_string(path),
            part,
            guid,
            read_only,
        })
    }
}

/// A volume's GUID, with braces or without them.
fn volume_guid(text: &[u8]) -> Option<Guid> {
    Guid::parse(text).or_else(|| Guid::parse(&[b"{", text, b"}"].concat()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<OsString> {
        text.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn options_before_the_verb() {
        let words = words("--drive C=a.img --json --drive=D=b.img -q list --json");
        let (globals, rest) = Globals::leading(&words).expect("well-formed");
        assert_eq!(globals.drives, ["C=a.img", "D=b.img"]);
        assert!(globals.json && globals.quiet);
        assert_eq!(rest, ["list", "--json"]);
        assert!(Globals::leading(&[OsString::from("--cwd")]).is_err());
    }

    #[test]
    fn drives() {
        let check = |text: &str, want: Option<(u8, &str, Option<u32>, bool)>| {
            let got = DriveSpec::parse(OsStr::new(text)).ok();
            let want = want.map(|(letter, path, part, read_only)| DriveSpec {
                letter,
                path: path.into(),
                part,
                guid: None,
                read_only,
            });
            assert_eq!(got, want, "{text}");
        };
        check("c=disk.img", Some((b'C', "disk.img", None, false)));
        check("C:=disk.img", Some((b'C', "disk.img", None, false)));
        check(
            "D=a,b.img,part=2,ro",
            Some((b'D', "a,b.img", Some(2), true)),
        );
        check("D=a,ro,b.img", Some((b'D', "a,ro,b.img", None, false)));
        check("D=", None);
        check("D=,ro", None);
        check("D=x,part=two", None);
        check("1=x", None);
        check("disk.img", None);
        check("D=x,guid=1", None);
    }

    #[test]
    fn the_guid_of_a_drive() {
        let text = "0a1b2c3d-0000-0000-0000-100000000000";
        for spelling in [text.to_owned(), format!("{{{text}}}")] {
            let spec = DriveSpec::parse(OsStr::new(&format!("D=x.img,guid={spelling},ro")));
            let spec = spec.expect("well-formed");
            let guid = spec.guid.expect("a GUID").to_string();
            assert_eq!((guid, spec.read_only), (format!("{{{text}}}"), true));
        }
    }
}
