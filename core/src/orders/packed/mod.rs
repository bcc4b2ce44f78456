//! Numbers and texts in as few bytes as they need, for orders that nobody looks at.
//!
//! Numbers are in LEB128 (DWARF 5, section 7.6), signed ones in zigzag, and most of them as the difference to something
//! beside them. The form is of this process alone and may change with any version.

mod reader;
mod writer;

pub(super) use reader::Reader;
pub(super) use writer::Writer;

/// Why what this process packed can always be read.
pub(super) const READABLE: &str = "bytes are what was packed";
