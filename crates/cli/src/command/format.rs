//! `format IMAGE`.
// The image is a new file of this machine, which is no volume's business.
#![allow(clippy::disallowed_methods)]

use std::fs::OpenOptions;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::path::{Path, PathBuf};

use linksmith::volume::image::{Access, FileDevice};
use linksmith::{Cause, FileTime};
use linksmith_ntfs::format::{FormatError, FormatOptions, format};
use serde::Serialize;

use crate::error::{CliError, Exit};
use crate::output::json;
use crate::output::text::grouped;
use crate::session::Session;

/// Make a new NTFS volume in a file
///
/// The file must not be there yet: what is there is never formatted over. It is sparse where the file
/// system knows such files.
#[derive(clap::Args)]
pub(crate) struct Format {
    /// The image to make
    #[arg(value_name = "IMAGE")]
    image: PathBuf,
    /// How large: bytes, or with K, M, G, T
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    size: u64,
    /// The volume's label, at most 32 characters
    #[arg(long, value_name = "LABEL", default_value = "")]
    label: String,
    /// Bytes in a cluster: 512 to 2M
    #[arg(long, value_name = "BYTES", value_parser = parse_size)]
    cluster: Option<u64>,
    /// The volume's serial number in hexadecimal [default: random]
    #[arg(long, value_name = "HEX", value_parser = parse_serial)]
    serial: Option<u64>,
}

impl super::Command for Format {
    const NAME: &'static str = "format";
    const EXAMPLES: &'static str = "
  linksmith format disk.img --size 64M
  linksmith format data.img --size 2G --label DATA --cluster 65536";

    fn run(self, session: &mut Session) -> Result<Exit, CliError> {
        let cluster_size = match self.cluster {
            Some(bytes) => Some(u32::try_from(bytes).map_err(|_| {
                CliError::usage(format!("clusters of {bytes} bytes are too large"))
                    .hint("2M is the most.")
            })?),
            None => None,
        };
        let options = FormatOptions {
            cluster_size,
            label: self.label.encode_utf16().collect(),
            serial: self.serial.unwrap_or_else(random),
            now: FileTime::now().0,
        };
        make(&self.image, self.size, &options)?;
        let shown = self.image.display().to_string();
        let console = &mut session.console;
        if console.json {
            let line = Line {
                v: 1,
                image: &shown,
                size: self.size,
                serial: format!("{:016X}", options.serial),
            };
            console.line(json::to_line(&line))?;
        }
        console.note(format!(
            "formatted {shown}: NTFS, {} bytes",
            grouped(self.size)
        ))?;
        Ok(Exit::Done)
    }
}

#[derive(Serialize)]
struct Line<'a> {
    v: u32,
    image: &'a str,
    size: u64,
    serial: String,
}

/// Makes the file and the volume in it; on failure the file is gone again.
pub(super) fn make(image: &Path, size: u64, options: &FormatOptions) -> Result<(), CliError> {
    let cannot =
        |cause: Cause| CliError::cannot("format", image.as_os_str().as_encoded_bytes(), &cause);
    let file = OpenOptions::new().write(true).create_new(true).open(image);
    let file = file.map_err(|e| match e.kind() {
        std::io::ErrorKind::AlreadyExists => cannot(Cause::Exists).hint(
            "What is there is never formatted over; remove it first, or choose another name.",
        ),
        _ => cannot(Cause::Io(e)),
    })?;
    let made = file
        .set_len(size)
        .map_err(|e| cannot(Cause::Io(e)))
        .and_then(|()| {
            drop(file);
            let device =
                FileDevice::open(image, Access::Write).map_err(|e| cannot(Cause::Io(e)))?;
            format(device, options).map_err(|e| not_formatted(image, &e))
        });
    if made.is_err() {
        // The error that matters is the one above.
        let _ = std::fs::remove_file(image);
    }
    made
}

fn not_formatted(image: &Path, error: &FormatError) -> CliError {
    let bytes = image.as_os_str().as_encoded_bytes();
    let shown = crate::output::visible(bytes);
    let message = format!("cannot format '{shown}': {error}");
    match error {
        FormatError::Options(_) => CliError::usage(message)
            .hint("`linksmith format --help` says what a volume may be like."),
        _ => CliError::new(Exit::Partly, message),
    }
    .path(bytes)
}

/// A random number from the keys that the standard library draws for its hash maps.
pub(super) fn random() -> u64 {
    let mut hasher = RandomState::new().build_hasher();
    hasher.write_u64(FileTime::now().0);
    hasher.finish()
}

fn parse_serial(text: &str) -> Result<u64, String> {
    u64::from_str_radix(text, 16).map_err(|_| format!("'{text}' is not hexadecimal"))
}

/// `65536`, `64K`, `64M`, `2G`, `1T`; also with `iB` behind.
pub(super) fn parse_size(text: &str) -> Result<u64, String> {
    let bad = || format!("'{text}' is no size: a number with K, M, G or T");
    let upper = text.to_ascii_uppercase();
    let upper = upper
        .strip_suffix("IB")
        .or_else(|| upper.strip_suffix('B'))
        .unwrap_or(&upper);
    let (number, shift) = match upper.char_indices().last() {
        Some((at, 'K')) => (&upper[..at], 10),
        Some((at, 'M')) => (&upper[..at], 20),
        Some((at, 'G')) => (&upper[..at], 30),
        Some((at, 'T')) => (&upper[..at], 40),
        _ => (upper, 0),
    };
    let number: u64 = number.parse().map_err(|_| bad())?;
    number.checked_mul(1 << shift).ok_or_else(bad)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        let check =
            |text: &str, want: Option<u64>| assert_eq!(parse_size(text).ok(), want, "{text}");
        check("65536", Some(65536));
        check("64M", Some(64 << 20));
        check("2g", Some(2 << 30));
        check("1TiB", Some(1 << 40));
        check("16MB", Some(16 << 20));
        check("", None);
        check("M", None);
        check("-1", None);
        check("99999999999T", None);
    }

    #[test]
    fn serial_numbers_differ() {
        assert_ne!(random(), random());
    }
}
