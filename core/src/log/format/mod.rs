//! What journals hold: batches of events. Versioned, and frozen by golden bytes; apart from what goes over the wire.

pub(super) mod batch;
mod envelope;

pub use batch::{Batch, BatchError, ChainHash, EVENT_BYTES_MAX, FORMAT, SealedBatch};
pub use envelope::{decode_envelope, encode_envelope};
