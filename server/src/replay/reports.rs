//! Rows that could not be applied as written, listed by line.

use std::fmt::Display;
use std::path::{Path, PathBuf};

/// Lines listed in full; the rest is counted.
const TOLD_MAX: usize = 20;

/// What was wrong with rows, in file order.
#[derive(Debug)]
pub(super) struct Reports {
    file: PathBuf,
    told: Vec<String>,
    count: u64,
}

impl Reports {
    pub(super) fn new(file: &Path) -> Reports {
        Reports { file: file.to_owned(), told: Vec::new(), count: 0 }
    }

    /// Notes what is wrong with a line.
    pub(super) fn add(&mut self, line: u64, what: impl Display) {
        self.count += 1;
        if self.told.len() < TOLD_MAX {
            self.told.push(format!("{}, line {line}: {what}", self.file.display()));
        }
    }

    /// How many there were.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// The first of them, and how many more.
    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines = self.told.clone();
        let more = self.count - self.told.len() as u64;
        if more > 0 {
            lines.push(format!("{}: {more} more lines like these", self.file.display()));
        }
        lines
    }
}
