//! Why a file is refused.

use std::fmt;

use crate::reject::Reject;

/// A file is refused whole.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FileError {
    /// The line, from 1; 0 when it is about the whole.
    pub line: u32,
    /// What is wrong and what would be right.
    pub reason: String,
}

impl FileError {
    /// An error at a line.
    pub fn at(line: u32, reason: impl Into<String>) -> FileError {
        FileError { line, reason: reason.into() }
    }

    /// An error about the whole file.
    pub fn whole(reason: impl Into<String>) -> FileError {
        FileError::at(0, reason)
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str(&self.reason),
            line => write!(f, "line {line}: {}", self.reason),
        }
    }
}

impl std::error::Error for FileError {}

impl From<FileError> for Reject {
    fn from(error: FileError) -> Reject {
        Reject::BadFile { line: error.line, reason: error.reason }
    }
}
