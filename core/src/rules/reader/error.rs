//! Why a file is refused.

use std::fmt;

use crate::ids::Code;

/// A file is refused whole: the first fault found, where it stands and what would be right.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FileError {
    /// The line, from 1; 0 when the fault concerns the file as a whole.
    pub line: u32,
    /// What is wrong and what would be right, for people.
    pub reason: String,
    /// What is wrong, for programs.
    pub fault: Fault,
}

/// What is wrong with a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fault {
    /// The file has more bytes than a world or rules file may have.
    TooLarge,
    /// The text is not TOML.
    Syntax,
    /// A table has a key that it may not have.
    UnknownKey {
        /// The table; `None` for the file itself.
        table: Option<&'static str>,
        /// The key as written.
        key: String,
    },
    /// A rules file has a key that belongs into the world file.
    Misplaced {
        /// The key.
        key: &'static str,
    },
    /// A table lacks a key that it needs.
    MissingKey {
        /// The key.
        key: &'static str,
    },
    /// The world lacks a table that it needs.
    MissingTable {
        /// The table.
        table: &'static str,
    },
    /// A value is of another TOML type than its key takes.
    WrongType {
        /// The key.
        key: &'static str,
    },
    /// A text does not have the form that its key takes: a code, an amount, a length of time.
    Malformed {
        /// The key.
        key: &'static str,
    },
    /// A number, a length of time or the length of a list is outside its bounds.
    OutOfBounds {
        /// The key.
        key: &'static str,
    },
    /// A word is none of those its key knows.
    UnknownWord {
        /// The key.
        key: &'static str,
        /// The word as written.
        word: String,
    },
    /// `"*"`, which means every one, stands where one has to be named.
    Reserved,
    /// A code that the world does not define.
    UnknownCode {
        /// The code as written.
        code: Code,
    },
    /// An entry names no condition, so that it would apply to everything.
    Unconditional,
    /// Something that may be there once is there twice.
    Duplicate,
    /// The world defines more of a kind than it may.
    TooMany,
    /// A step would have to come after itself.
    Circle,
    /// A code of the world is not among the assigned ids.
    NoId {
        /// The code.
        code: Code,
    },
    /// Codes that were given ids are no longer in the world file.
    Vanished(Vec<Code>),
}

impl FileError {
    /// A fault at a line.
    pub(crate) fn at(line: u32, fault: Fault, reason: impl Into<String>) -> FileError {
        FileError { line, reason: reason.into(), fault }
    }

    /// A fault of the file as a whole.
    pub(crate) fn whole(fault: Fault, reason: impl Into<String>) -> FileError {
        FileError::at(0, fault, reason)
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
