//! App execution aliases: the zero-byte programs in `%LOCALAPPDATA%\Microsoft\WindowsApps`.
//!
//! Not documented by Microsoft; the layout is that of public dumps: at byte 8 the number 3 (a version,
//! or the least count of strings), then UTF-16LE strings, each with its NUL.

use super::ReparseError;
use super::names::{Utf16Le, u32_at};

/// What an app execution alias says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AppExec<'a> {
    /// The number at byte 8: 3 in every dump.
    pub version: u32,
    /// The package family: `Microsoft.WindowsTerminal_8wekyb3d8bbwe`.
    pub package: Utf16Le<'a>,
    /// The entry point (application user model id): the package family, `!` and the app's id.
    pub entry: Utf16Le<'a>,
    /// The program that is run, a Win32 path.
    pub exe: Utf16Le<'a>,
    /// The application's type, `0` for desktop and `1` for store apps; older aliases have none.
    pub app_type: Option<Utf16Le<'a>>,
}

/// The strings of an alias.
pub(super) fn view(bytes: &[u8]) -> Result<AppExec<'_>, ReparseError> {
    let version = u32_at(bytes, 8, "Version")?;
    if version < 3 {
        return Err(ReparseError {
            position: 8,
            field: "Version",
            expected: "at least 3".into(),
            actual: version.to_string(),
        });
    }
    let (package, at) = string(bytes, 12, "package")?;
    let (entry, at) = string(bytes, at, "entry point")?;
    let (exe, at) = string(bytes, at, "program")?;
    Ok(AppExec {
        version,
        package,
        entry,
        exe,
        app_type: string(bytes, at, "application type").ok().map(|s| s.0),
    })
}

/// The string at a place, and where the next one is.
fn string<'a>(
    bytes: &'a [u8],
    at: usize,
    field: &'static str,
) -> Result<(Utf16Le<'a>, usize), ReparseError> {
    let rest = bytes.get(at..).unwrap_or_default();
    let units = rest.chunks_exact(2).take_while(|pair| *pair != [0, 0]);
    let length = 2 * units.count();
    match (rest.get(..length), rest.get(length..length + 2)) {
        (Some(text), Some(_)) => Ok((Utf16Le::new(text), at + length + 2)),
        _ => Err(ReparseError {
            position: at,
            field,
            expected: "a string with its NUL".into(),
            actual: format!("{} bytes without one", rest.len()),
        }),
    }
}
