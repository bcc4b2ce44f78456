//! The batches of a history followed from the first: each is whole, and continues the one before it.

use stockade_core::ids::Seq;
use stockade_core::log::{Batch, BatchError, ChainHash, FORMAT, JournalError};

/// How far a history was followed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Trail {
    /// The last event.
    pub last: Seq,
    /// The hash of the history up to it.
    pub chain: ChainHash,
}

impl Trail {
    /// Reads the next batch and checks all of it.
    ///
    /// # Errors
    /// [`JournalError::Corrupt`] when it is damaged or does not follow, [`JournalError::OtherFormat`] when another build
    /// wrote it. Nothing was followed then.
    pub fn follow<'b>(&mut self, bytes: &'b [u8]) -> Result<Batch<'b>, JournalError> {
        let batch = Batch::decode(bytes).map_err(|e| unreadable(self.last, &e))?;
        if batch.first != self.last.next() {
            let what = format!("the next batch begins at {}: events are missing or twice there", batch.first);
            return Err(after(self.last, &what));
        }
        if batch.previous != self.chain {
            let what =
                format!("the batch from {} belongs to another history: its chain hash does not follow", batch.first);
            return Err(after(self.last, &what));
        }
        (self.last, self.chain) = (batch.last, batch.chain);
        Ok(batch)
    }
}

/// Why a batch cannot be used. The homes of the history look at the format themselves, and can name their place.
fn unreadable(so_far: Seq, error: &BatchError) -> JournalError {
    let BatchError::UnknownFormat(found) = error else { return after(so_far, &error.to_string()) };
    JournalError::OtherFormat {
        place: format!("what follows event {so_far} in the journal"),
        found: format!("journal format {found}"),
        reads: format!("journal format {FORMAT}"),
        anew: "set another place for it".to_owned(),
    }
}

fn after(seq: Seq, what: &str) -> JournalError {
    JournalError::Corrupt { reason: format!("after event {seq}: {what}") }
}
