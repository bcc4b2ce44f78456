//! The text of a file and its lines.

use super::error::{Fault, FileError};
use crate::heap::Heap;
use crate::limits::RULES_BYTES_MAX;

/// The text of a file with the offsets at which its lines begin.
pub(crate) struct Source<'i> {
    text: &'i str,
    line_starts: Vec<usize>,
}

/// A value and the line it stands at, from 1.
#[derive(Clone, Debug)]
pub(crate) struct At<T> {
    pub(crate) value: T,
    pub(crate) line: u32,
}

impl<'i> Source<'i> {
    /// Takes a text of at most [`RULES_BYTES_MAX`] bytes.
    pub(crate) fn new(text: &'i str) -> Result<Source<'i>, FileError> {
        if text.len() > RULES_BYTES_MAX {
            let reason = format!("the file has {} bytes, at most {RULES_BYTES_MAX} are allowed", text.len());
            return Err(FileError::whole(Fault::TooLarge, reason));
        }
        let line_starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Ok(Source { text, line_starts })
    }

    pub(super) fn text(&self) -> &'i str {
        self.text
    }

    /// The line, from 1, of a byte offset.
    pub(super) fn line(&self, offset: usize) -> u32 {
        let line = self.line_starts.partition_point(|start| *start <= offset);
        u32::try_from(line).unwrap_or(u32::MAX)
    }
}

impl<T: Heap> Heap for At<T> {
    fn heap(&self) -> usize {
        self.value.heap()
    }
}
