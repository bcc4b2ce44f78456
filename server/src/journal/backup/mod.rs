//! A backup: a history from its first event in one file, which is read and written from its beginning to its end.
//!
//! ```text
//!   "STKBACKU" │ format, 4 bytes │ journal format, 4 │ length of the identity, 4 │ identity │ crc32 of all before, 4
//!   { length of the batch, 4 │ batch }…
//!   0, 4 bytes │ batches, 8 │ last event, 8 │ hash of the history, 32 │ SHA-256 of all before, 32
//! ```
//!
//! Numbers are little-endian. The batches are those of the journal, byte for byte; the identity is that of the journal they
//! come from. Whoever reads holds one batch at a time.

mod live;
mod read;
mod write;

pub use live::{Live, NotCopied};
pub use read::{BackupError, BackupReader};
pub use write::{BackupWriter, NotAdded};

const MAGIC: &[u8; 8] = b"STKBACKU";
/// The format of the file; the batches in it have one of their own.
const FORMAT: u32 = 1;
/// Bytes of an identity at most.
const IDENTITY_BYTES_MAX: usize = 256;

/// Whether these bytes may be the beginning of a backup, or of a part of one.
pub fn may_be_backup(begins: &[u8]) -> bool {
    MAGIC.starts_with(&begins[..begins.len().min(MAGIC.len())])
}
