//! Faults in files, with their place.

use std::fmt;
use std::path::Path;

use crate::failure::Failure;

/// Why a file cannot be used.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FileFault {
    /// The file.
    pub file: String,
    /// The line, from 1; `None` for the whole file.
    pub line: Option<u64>,
    /// The header of the column.
    pub column: Option<String>,
    /// What is wrong and what would be right.
    pub reason: String,
}

impl FileFault {
    /// A fault of the whole file.
    pub fn whole(file: &Path, reason: impl fmt::Display) -> FileFault {
        let (line, column) = (None, None);
        FileFault { file: file.display().to_string(), line, column, reason: reason.to_string() }
    }

    /// A fault of a line.
    pub fn at(file: &Path, line: u64, reason: impl fmt::Display) -> FileFault {
        FileFault { line: Some(line), ..FileFault::whole(file, reason) }
    }

    /// A fault of a line, or of the whole file when the line is 0.
    pub fn at_line_or_whole(file: &Path, line: u32, reason: impl fmt::Display) -> FileFault {
        FileFault { line: (line > 0).then_some(u64::from(line)), ..FileFault::whole(file, reason) }
    }

    /// Reads a whole text file in UTF-8.
    pub fn read_text(file: &Path) -> Result<String, FileFault> {
        std::fs::read_to_string(file).map_err(|e| FileFault::whole(file, format!("cannot be read: {e}")))
    }
}

impl fmt::Display for FileFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        if let Some(column) = &self.column {
            write!(f, ", column `{column}`")?;
        }
        write!(f, ": {}", self.reason)
    }
}

impl std::error::Error for FileFault {}

impl From<FileFault> for Failure {
    fn from(fault: FileFault) -> Failure {
        Failure::usage(fault)
    }
}
