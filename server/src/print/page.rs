//! Lines and aligned tables for people.

use unicode_width::UnicodeWidthStr;

use crate::terminal::Output;

/// What a person reads, line by line.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Page {
    lines: Vec<String>,
}

impl Page {
    /// Adds a line.
    pub fn line(&mut self, text: impl Into<String>) {
        self.lines.push(text.into());
    }

    /// Adds a table, or nothing when it has no rows.
    pub fn table(&mut self, table: &Table) {
        self.lines.extend(table.lines());
    }

    /// The lines so far.
    pub fn lines(&self) -> &[String] {
        &self.lines
    }

    /// Prints the page.
    pub(super) fn print(&self, out: Output) {
        self.lines.iter().for_each(|line| out.line(line));
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
