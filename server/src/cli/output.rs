//! What the command line prints: plain words and aligned tables for people, one JSON object a line for programs.

use std::io::{self, Write};

use serde_json::Value;
use unicode_width::UnicodeWidthStr;

/// Where results go. Everything a verb has to say for itself goes to standard output through here; failures go to
/// standard error.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    /// One JSON object a line instead of text.
    pub json: bool,
}

impl Output {
    /// Prints one line of text.
    pub fn line(&self, text: impl AsRef<str>) {
        write_out(text.as_ref());
    }

    /// Prints one JSON object on a line of its own.
    pub fn object(&self, value: &Value) {
        write_out(&value.to_string());
    }

    /// Prints a table, or nothing when it has no rows.
    pub fn table(&self, table: &Table) {
        for line in table.lines() {
            write_out(&line);
        }
    }
}

/// A reader that goes away (`stockade orders | head`) ends the command, as it does for other tools.
fn write_out(line: &str) {
    if let Err(error) = writeln!(io::stdout().lock(), "{line}") {
        std::process::exit(if error.kind() == io::ErrorKind::BrokenPipe { 0 } else { 5 });
    }
}

/// Rows under headings, aligned: columns of numbers to the right, others to the left.
#[derive(Clone, Debug)]
pub struct Table {
    headings: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table without rows. The headings fix the number of columns.
    pub fn new(headings: impl IntoIterator<Item = &'static str>) -> Table {
        Table { headings: headings.into_iter().collect(), rows: Vec::new() }
    }

    /// Adds a row; it has as many cells as there are headings.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        let cells: Vec<String> = cells.into_iter().collect();
        debug_assert_eq!(cells.len(), self.headings.len());
        self.rows.push(cells);
    }

    /// Whether it has no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The headings and rows as aligned lines; none when there are no rows.
    pub fn lines(&self) -> Vec<String> {
        if self.rows.is_empty() {
            return Vec::new();
        }
        let width = |column: usize| {
            let cells = self.rows.iter().map(|row| row[column].width());
            cells.chain([self.headings[column].width()]).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.headings.len()).map(width).collect();
        let right: Vec<bool> = (0..self.headings.len()).map(|n| self.rows.iter().all(|r| is_number(&r[n]))).collect();
        let headings: Vec<String> = self.headings.iter().map(|h| (*h).to_owned()).collect();
        std::iter::once(&headings).chain(&self.rows).map(|cells| aligned(cells, &widths, &right)).collect()
    }
}

fn aligned(cells: &[String], widths: &[usize], right: &[bool]) -> String {
    let mut line = String::new();
    for (n, cell) in cells.iter().enumerate() {
        if n > 0 {
            line.push_str("  ");
        }
        let gap = " ".repeat(widths[n].saturating_sub(cell.width()));
        if right[n] {
            line.push_str(&gap);
            line.push_str(cell);
        } else {
            line.push_str(cell);
            line.push_str(&gap);
        }
    }
    line.truncate(line.trim_end().len());
    line
}

fn is_number(cell: &str) -> bool {
    !cell.is_empty() && cell.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+' | b'%'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_align_by_width_on_screen() {
        let mut table = Table::new(["SKU", "units", "where"]);
        assert!(table.lines().is_empty());
        table.row(["上海".to_owned(), "7".to_owned(), "HGH".to_owned()]);
        table.row(["TEE".to_owned(), "1200".to_owned(), "BJS".to_owned()]);
        assert_eq!(table.lines(), ["SKU   units  where", "上海      7  HGH", "TEE    1200  BJS"]);
    }
}
