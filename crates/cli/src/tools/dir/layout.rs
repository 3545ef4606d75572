//! The layout of `dir`, to the byte.
//!
//! Rows that rest on common knowledge alone, not on output seen: [`SHORT_NAME_WIDTH`],
//! [`OWNER_WIDTH`], [`WIDE_SCREEN`], [`WIDE_GAP`].

use crate::output::text::grouped;

/// Column of 8.3 names (`/X`), a blank behind it not counted.
const SHORT_NAME_WIDTH: usize = 12;
/// Column of owners (`/Q`).
const OWNER_WIDTH: usize = 23;
/// What `dir` prints for an owner it cannot find out.
const OWNER_UNKNOWN: &str = "...";
/// Columns of the screen that `/W` fills.
const WIDE_SCREEN: usize = 80;
/// Blanks between the longest name and the next column with `/W`.
const WIDE_GAP: usize = 2;

/// What stands in the column of tags and sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// `<DIR>`
    Dir,
    /// `<SYMLINKD>`
    SymlinkDir,
    /// `<SYMLINK>`
    Symlink,
    /// `<JUNCTION>`; `dir` says whether it counts as a directory.
    Junction { dir: bool },
    /// A file of so many bytes.
    Size(u64),
}

impl Mark {
    /// Whether it counts among the `Dir(s)`.
    pub(super) fn is_dir(self) -> bool {
        matches!(
            self,
            Self::Dir | Self::SymlinkDir | Self::Junction { dir: true }
        )
    }

    /// The bytes it counts with.
    pub(super) fn size(self) -> u64 {
        match self {
            Self::Size(bytes) => bytes,
            _ => 0,
        }
    }
}

/// One entry of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    /// `06/14/2018  10:36 AM`, 20 columns.
    pub time: String,
    pub mark: Mark,
    pub short_name: Vec<u8>,
    pub name: Vec<u8>,
    /// What a link says.
    pub bracket: Option<Vec<u8>>,
}

/// What of a row is shown.
#[derive(Debug, Clone, Copy)]
pub(super) struct Columns {
    pub short_names: bool,
    pub owner: bool,
    pub commas: bool,
    pub lower: bool,
}

pub(super) fn number(value: u64, commas: bool) -> String {
    if commas {
        grouped(value)
    } else {
        value.to_string()
    }
}

/// One line of a listing.
pub(super) fn line(row: &Row, columns: Columns) -> Vec<u8> {
    let mut line = row.time.clone().into_bytes();
    let mark = match row.mark {
        Mark::Dir => tag("<DIR>"),
        Mark::SymlinkDir => tag("<SYMLINKD>"),
        Mark::Symlink => tag("<SYMLINK>"),
        Mark::Junction { .. } => tag("<JUNCTION>"),
        Mark::Size(bytes) => format!("{:>18} ", number(bytes, columns.commas)),
    };
    line.extend_from_slice(mark.as_bytes());
    if columns.short_names {
        padded(&mut line, &row.short_name, SHORT_NAME_WIDTH + 1);
    }
    if columns.owner {
        padded(&mut line, OWNER_UNKNOWN.as_bytes(), OWNER_WIDTH);
    }
    line.extend_from_slice(&cased(&row.name, columns.lower));
    if let Some(bracket) = &row.bracket {
        line.extend_from_slice(b" [");
        line.extend_from_slice(bracket);
        line.push(b']');
    }
    line
}

fn tag(text: &str) -> String {
    format!("    {text:<15}")
}

fn padded(line: &mut Vec<u8>, text: &[u8], width: usize) {
    line.extend_from_slice(text);
    line.extend(std::iter::repeat_n(
        b' ',
        width.saturating_sub(length(text)),
    ));
}

fn length(name: &[u8]) -> usize {
    String::from_utf8_lossy(name).chars().count()
}

/// The name, in lower case with `/L`; what is not Unicode stays as it is.
pub(super) fn cased(name: &[u8], lower: bool) -> Vec<u8> {
    match std::str::from_utf8(name) {
        Ok(text) if lower => text.to_lowercase().into_bytes(),
        _ => name.to_vec(),
    }
}

/// `/W` and `/D`: names in as many columns as the screen has room for, directories in brackets.
pub(super) fn wide(rows: &[Row], by_column: bool, lower: bool) -> Vec<Vec<u8>> {
    let cells: Vec<Vec<u8>> = rows
        .iter()
        .map(|row| {
            let name = cased(&row.name, lower);
            if row.mark.is_dir() {
                [b"[", &name[..], b"]"].concat()
            } else {
                name
            }
        })
        .collect();
    let width = cells.iter().map(|c| length(c)).max().unwrap_or(0) + WIDE_GAP;
    let across = (WIDE_SCREEN / width).max(1);
    let down = cells.len().div_ceil(across);
    let at = |line: usize, column: usize| {
        let index = if by_column {
            column * down + line
        } else {
            line * across + column
        };
        cells.get(index)
    };
    (0..down)
        .map(|line| {
            let mut text = Vec::new();
            for column in 0..across {
                let Some(cell) = at(line, column) else { break };
                let last = column + 1 == across || at(line, column + 1).is_none();
                padded(&mut text, cell, if last { 0 } else { width });
            }
            text
        })
        .collect()
}

/// `               3 File(s)             30 bytes`
pub(super) fn files_footer(count: u64, bytes: u64, commas: bool) -> String {
    format!("{count:>16} File(s) {:>14} bytes", number(bytes, commas))
}

/// `               5 Dir(s)  145,497,268,224 bytes free`
pub(super) fn dirs_footer(count: u64, free: u64, commas: bool) -> String {
    format!(
        "{count:>16} Dir(s)  {:>14} bytes free",
        number(free, commas)
    )
}

/// ` Volume in drive C is OS` and ` Volume Serial Number is 7688-08EC`.
pub(crate) fn volume_header(drive: &str, label: Option<&str>, serial: u64) -> [String; 2] {
    let first = match label {
        Some(label) => format!(" Volume in drive {drive} is {label}"),
        None => format!(" Volume in drive {drive} has no label."),
    };
    let (high, low) = ((serial >> 16) & 0xFFFF, serial & 0xFFFF);
    [
        first,
        format!(" Volume Serial Number is {high:04X}-{low:04X}"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Columns = Columns {
        short_names: false,
        owner: false,
        commas: true,
        lower: false,
    };

    fn row(mark: Mark, name: &str, bracket: Option<&str>) -> Row {
        Row {
            time: "06/14/2018  10:36 AM".to_owned(),
            mark,
            short_name: Vec::new(),
            name: name.into(),
            bracket: bracket.map(Into::into),
        }
    }

    #[test]
    fn lines_as_real_listings_have_them() {
        let check = |mark, name, bracket, want: &str| {
            let line = line(&row(mark, name, bracket), PLAIN);
            assert_eq!(String::from_utf8_lossy(&line), want);
        };
        check(
            Mark::Dir,
            "dir1",
            None,
            "06/14/2018  10:36 AM    <DIR>          dir1",
        );
        check(
            Mark::SymlinkDir,
            "dir2",
            Some("dir1"),
            "06/14/2018  10:36 AM    <SYMLINKD>     dir2 [dir1]",
        );
        check(
            Mark::Junction { dir: true },
            "junc",
            Some(r"C:\full\path"),
            r"06/14/2018  10:36 AM    <JUNCTION>     junc [C:\full\path]",
        );
        check(
            Mark::Symlink,
            "symtmp.txt",
            Some(r"c:\test\test.txt"),
            r"06/14/2018  10:36 AM    <SYMLINK>      symtmp.txt [c:\test\test.txt]",
        );
        check(
            Mark::Size(39),
            "origfile.txt",
            None,
            "06/14/2018  10:36 AM                39 origfile.txt",
        );
    }

    #[test]
    fn footers_as_real_listings_have_them() {
        assert_eq!(
            files_footer(2, 17, true),
            "               2 File(s)             17 bytes"
        );
        assert_eq!(
            dirs_footer(2, 73_364_338_112, true),
            "               2 Dir(s)  73,364,338,112 bytes free"
        );
        assert_eq!(
            dirs_footer(5, 145_497_268_224, true),
            "               5 Dir(s)  145,497,268,224 bytes free"
        );
        assert_eq!(
            files_footer(1, 1234, false),
            "               1 File(s)           1234 bytes"
        );
    }

    #[test]
    fn headers() {
        assert_eq!(
            volume_header("C", Some("OS"), 0x7688_08EC),
            [
                " Volume in drive C is OS",
                " Volume Serial Number is 7688-08EC"
            ]
        );
        assert_eq!(
            volume_header("C", None, 0xFFFF_0000_1234_ABCD),
            [
                " Volume in drive C has no label.",
                " Volume Serial Number is 1234-ABCD"
            ]
        );
    }

    #[test]
    fn wide_lines() {
        let rows: Vec<Row> = (0..5)
            .map(|i| row(Mark::Size(0), &format!("a-file-with-a-long-name-{i}"), None))
            .chain([row(Mark::Dir, "d", None)])
            .collect();
        let text = |by_column| {
            let lines = wide(&rows, by_column, false);
            lines
                .iter()
                .map(|l| String::from_utf8_lossy(l).into_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(
            text(false).last().map(String::as_str),
            Some("a-file-with-a-long-name-4  [d]")
        );
        assert_eq!(
            text(true).first().map(String::as_str),
            Some("a-file-with-a-long-name-0  a-file-with-a-long-name-3")
        );
    }
}
