//! Numbers and texts in as few bytes as they need, for orders that nobody looks at.
//!
//! Numbers are in bytes of seven bits each, all of whose marks stand in the first byte, so that no loop looks for the last
//! one; signed ones are in zigzag, and most of them are the difference to something beside them. The form is of this process
//! alone and may change with any version.

mod reader;
mod writer;

pub(super) use reader::Reader;
pub(super) use writer::Writer;

/// Why what this process packed can always be read.
pub(super) const READABLE: &str = "bytes are what was packed";
