//! Where batches are kept: what every journal promises, and the journal that keeps them in memory.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::Durability;
use crate::ids::Seq;
use crate::sync::Mutex;

use super::{Batch, SealedBatch};

/// A home for the history. Used by one thread.
pub trait Journal: Send {
    /// Shows every batch from the first, in order, before anything is appended. The visitor's error ends it.
    ///
    /// # Errors
    /// When the history cannot be read, or as the visitor says.
    fn replay(&mut self, visit: &mut dyn FnMut(&[u8]) -> Result<(), JournalError>) -> Result<(), JournalError>;

    /// Writes the next batch and returns once it is durable. The same batch may be given again after
    /// [`JournalError::Unavailable`], and no other may be given before it has been taken.
    ///
    /// # Errors
    /// The variant says what to do: see [`JournalError`].
    fn append(&mut self, batch: &SealedBatch) -> Result<(), JournalError>;

    /// Called when there has been nothing to append for a while: keeps ownership and notices its loss.
    ///
    /// # Errors
    /// As [`Journal::append`].
    fn idle(&mut self) -> Result<(), JournalError> {
        Ok(())
    }

    /// Gives the history up, so that the next owner need not wait. Nothing is appended afterwards.
    ///
    /// # Errors
    /// As [`Journal::append`]; the history is not in danger.
    fn close(&mut self) -> Result<(), JournalError> {
        Ok(())
    }

    /// Journaled batches that are still in memory, oldest first, because the journal may turn out to have forgotten them.
    fn kept(&self) -> Vec<SealedBatch> {
        Vec::new()
    }

    /// Bytes of memory of the journaled batches that it keeps.
    fn kept_bytes(&self) -> usize {
        self.kept().iter().map(|batch| batch.bytes.len()).sum()
    }

    /// A way to read single batches back while this goes on writing; `None` when it forgets them at once.
    fn history(&self) -> Option<Arc<dyn History>> {
        None
    }

    /// What it is, in one word for people and metrics.
    fn kind(&self) -> &'static str;

    /// The highest level it can give.
    fn best(&self) -> Durability;

    /// What an accident could take of what was acknowledged, in a sentence or two for a person.
    fn what_could_be_lost(&self) -> String;
}

/// Journaled batches, read back one by one while another thread writes.
pub trait History: Send + Sync {
    /// The bytes of the batch that holds an event.
    ///
    /// # Errors
    /// [`JournalError::Unavailable`] when it is not there yet, not there any more, or cannot be read now.
    fn batch(&self, seq: Seq) -> Result<Arc<[u8]>, JournalError>;
}

/// Why a journal did not do as told. Each says what the one who holds the state has to do.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum JournalError {
    /// Away, full or busy: try the same again, later. Whether it was applied may be unknown; trying again finds out.
    #[error("the journal is not available: {reason}")]
    Unavailable {
        /// What happened.
        reason: String,
    },
    /// Somebody else owns the history now: stop at once.
    #[error("another engine owns the journal now: {reason}")]
    Deposed {
        /// Who, as far as is known.
        reason: String,
    },
    /// The journal forgot what it had acknowledged and could not be repaired: acknowledge nothing and keep the memory,
    /// which may be the last copy.
    #[error("the journal lost acknowledged history: {reason}")]
    HistoryLost {
        /// What is missing and what a person can do.
        reason: String,
    },
    /// The disk did not confirm what was written last: it may be there or not, and reading it back proves nothing.
    /// Acknowledge nothing, save the memory elsewhere, and try the same again: the journal goes on only after everything
    /// acknowledged is written anew and confirmed.
    #[error("the disk under the journal failed: {reason}")]
    SyncFailed {
        /// What happened, and what is done about it.
        reason: String,
    },
    /// Whole, but written in another format, by another build of Stockade. It was left as it is.
    #[error(
        "{place} is written in {found}, and this build reads {reads}: it was written by another build of Stockade. It is \
         unharmed, and nothing was changed in it. Start the build that wrote it; or begin a new journal with this one: \
         {anew}. Journals are not converted"
    )]
    OtherFormat {
        /// The file, or the address of the journal.
        place: String,
        /// The format it has, in words: `journal format 2`.
        found: String,
        /// The format this build reads, in words.
        reads: String,
        /// How to begin a new journal, as an instruction.
        anew: String,
    },
    /// What was read is damaged, or does not follow from what came before it.
    #[error("the journal is damaged: {reason}")]
    Corrupt {
        /// Where and what.
        reason: String,
    },
    /// It will not be opened like this; an operator has to change something first.
    #[error("the journal cannot be opened: {reason}")]
    Refused {
        /// What and how to change it.
        reason: String,
    },
}

impl JournalError {
    /// Whether trying the same again can help.
    pub const fn is_transient(&self) -> bool {
        match self {
            JournalError::Unavailable { .. } | JournalError::SyncFailed { .. } => true,
            JournalError::Deposed { .. }
            | JournalError::HistoryLost { .. }
            | JournalError::OtherFormat { .. }
            | JournalError::Corrupt { .. }
            | JournalError::Refused { .. } => false,
        }
    }
}

/// A history that ends with the process: for tests, benches and replays.
#[derive(Debug)]
pub struct MemoryJournal {
    /// Bytes of batches to keep, the latest ones.
    limit: usize,
    kept: Arc<Mutex<Kept>>,
}

#[derive(Debug, Default)]
struct Kept {
    batches: VecDeque<Arc<[u8]>>,
    bytes: usize,
}

impl Default for MemoryJournal {
    fn default() -> MemoryJournal {
        MemoryJournal::forgetful()
    }
}

impl MemoryJournal {
    /// A journal that forgets at once: nothing to replay, no memory used.
    pub fn forgetful() -> MemoryJournal {
        MemoryJournal::recent(0)
    }

    /// A journal that keeps every batch and can replay them.
    pub fn keeping() -> MemoryJournal {
        MemoryJournal::recent(usize::MAX)
    }

    /// A journal that keeps the latest batches, up to a number of bytes, to be read back one by one.
    pub fn recent(bytes: usize) -> MemoryJournal {
        MemoryJournal { limit: bytes, kept: Arc::default() }
    }

    /// Every batch kept so far.
    pub fn batches(&self) -> Vec<Arc<[u8]>> {
        self.kept.lock().batches.iter().map(Arc::clone).collect()
    }
}

impl Journal for MemoryJournal {
    fn replay(&mut self, visit: &mut dyn FnMut(&[u8]) -> Result<(), JournalError>) -> Result<(), JournalError> {
        self.batches().iter().try_for_each(|batch| visit(batch))
    }

    fn append(&mut self, batch: &SealedBatch) -> Result<(), JournalError> {
        if self.limit == 0 {
            return Ok(());
        }
        let mut kept = self.kept.lock();
        kept.bytes += batch.bytes.len();
        kept.batches.push_back(Arc::clone(&batch.bytes));
        while kept.bytes > self.limit
            && let Some(oldest) = kept.batches.pop_front()
        {
            kept.bytes -= oldest.len();
        }
        Ok(())
    }

    fn kept_bytes(&self) -> usize {
        let kept = self.kept.lock();
        // Each batch has two counts in front of it, of those who hold it.
        let place = size_of::<Arc<[u8]>>() + 2 * size_of::<usize>();
        kept.bytes + kept.batches.capacity() * place
    }

    fn history(&self) -> Option<Arc<dyn History>> {
        (self.limit > 0).then(|| Arc::new(MemoryHistory(Arc::clone(&self.kept))) as Arc<dyn History>)
    }

    fn kind(&self) -> &'static str {
        "memory"
    }

    fn best(&self) -> Durability {
        Durability::Memory
    }

    fn what_could_be_lost(&self) -> String {
        "everything, as soon as this process ends: the journal is in memory only".into()
    }
}

/// What a [`MemoryJournal`] keeps.
struct MemoryHistory(Arc<Mutex<Kept>>);

impl History for MemoryHistory {
    fn batch(&self, seq: Seq) -> Result<Arc<[u8]>, JournalError> {
        let kept = self.0.lock();
        let first = |bytes: &Arc<[u8]>| Batch::span(bytes).map_or(Seq(u64::MAX), |(first, _)| first);
        let after = kept.batches.partition_point(|bytes| first(bytes) <= seq);
        let batch = after.checked_sub(1).map(|at| &kept.batches[at]);
        let holds = |bytes: &&Arc<[u8]>| Batch::span(bytes).is_ok_and(|(_, last)| seq <= last);
        batch.filter(holds).map(Arc::clone).ok_or_else(|| JournalError::Unavailable {
            reason: format!("event {seq} is not among the batches that memory keeps"),
        })
    }
}
