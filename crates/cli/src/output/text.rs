//! Text for people: styles and columns.

use std::fmt;

use anstyle::{AnsiColor, Style};

/// What a piece of text is about; colours follow from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// A link's name.
    Link,
    /// A directory's name.
    Dir,
    /// All is well.
    Good,
    /// Broken.
    Bad,
    /// Neither: unreachable, denied.
    Doubtful,
    /// Of less weight than what stands beside it.
    Faint,
    /// A heading.
    Heading,
}

impl Role {
    fn style(self) -> Style {
        let color = |c: AnsiColor| c.on_default();
        match self {
            Self::Link => color(AnsiColor::Cyan),
            Self::Dir => color(AnsiColor::Blue).bold(),
            Self::Good => color(AnsiColor::Green),
            Self::Bad => color(AnsiColor::Red).bold(),
            Self::Doubtful => color(AnsiColor::Yellow),
            Self::Faint => Style::new().dimmed(),
            Self::Heading => Style::new().bold(),
        }
    }
}

/// Text in the style of its role, or plain.
pub(crate) struct Painted<T>(Option<Style>, T);

/// Paints `text` where `color` says so.
pub(crate) fn paint<T>(color: bool, role: Role, text: T) -> Painted<T> {
    Painted(color.then(|| role.style()), text)
}

impl<T: fmt::Display> fmt::Display for Painted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(style) => write!(f, "{style}{}{style:#}", self.1),
            None => self.1.fmt(f),
        }
    }
}

/// One cell of a table.
pub(crate) struct Cell {
    text: String,
    after: String,
    role: Option<Role>,
    right: bool,
}

impl Cell {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            after: String::new(),
            role: None,
            right: false,
        }
    }

    pub(crate) fn role(mut self, role: Role) -> Self {
        self.role = Some(role);
        self
    }

    /// Plain text behind the cell's own; it does not count for the width, so the cell has to be the last.
    pub(crate) fn then(mut self, after: String) -> Self {
        self.after = after;
        self
    }

    pub(crate) fn right(mut self) -> Self {
        self.right = true;
        self
    }

    fn write(&self, color: bool, width: usize, last: bool, line: &mut String) {
        let pad = width.saturating_sub(columns(&self.text));
        if self.right {
            line.extend(std::iter::repeat_n(' ', pad));
        }
        match self.role {
            Some(role) => line.push_str(&paint(color, role, &self.text).to_string()),
            None => line.push_str(&self.text),
        }
        line.push_str(&self.after);
        if !self.right && !last {
            line.extend(std::iter::repeat_n(' ', pad));
        }
    }
}

/// Rows in columns as wide as their widest cell, two spaces apart.
#[derive(Default)]
pub(crate) struct Table {
    rows: Vec<Vec<Cell>>,
}

impl Table {
    pub(crate) fn row(&mut self, cells: Vec<Cell>) {
        self.rows.push(cells);
    }

    /// The lines.
    pub(crate) fn lines(&self, color: bool) -> Vec<String> {
        let mut widths: Vec<usize> = Vec::new();
        for row in &self.rows {
            widths.resize(widths.len().max(row.len()), 0);
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(columns(&cell.text));
            }
        }
        self.rows
            .iter()
            .map(|row| line(row, &widths, color))
            .collect()
    }
}

fn line(row: &[Cell], widths: &[usize], color: bool) -> String {
    let mut line = String::new();
    let used = row
        .iter()
        .rposition(|c| !c.text.is_empty())
        .map_or(0, |i| i + 1);
    for (i, (cell, width)) in row.iter().zip(widths).take(used).enumerate() {
        if i > 0 {
            line.push_str("  ");
        }
        cell.write(color, *width, i + 1 == used, &mut line);
    }
    line
}

/// How many columns of a terminal the text takes, near enough: one a character.
fn columns(text: &str) -> usize {
    text.chars().count()
}

/// A number with commas between groups of three.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 byte`, `1,234 bytes`.
pub(crate) fn bytes(number: u64) -> String {
    counted(number, "byte", "bytes")
}

/// A number of things: `1 file`, `1,024 files`.
pub(crate) fn counted(number: u64, one: &str, more: &str) -> String {
    let word = if number == 1 { one } else { more };
    format!("{} {word}", grouped(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_between_threes() {
        let check = |n: u64, text: &str| assert_eq!(grouped(n), text);
        check(0, "0");
        check(999, "999");
        check(1_000, "1,000");
        check(145_497_268_224, "145,497,268,224");
    }

    #[test]
    fn columns_line_up_without_trailing_blanks() {
        let mut table = Table::default();
        table.row(vec![Cell::new("a"), Cell::new("1").right(), Cell::new("")]);
        table.row(vec![
            Cell::new("long"),
            Cell::new("22").right(),
            Cell::new("x"),
        ]);
        assert_eq!(table.lines(false), ["a      1", "long  22  x"]);
    }
}
