//! How a journal stands, and how its thread ended.

use std::path::PathBuf;

use stockade_core::Durability;
use stockade_core::ids::Seq;

/// How the journal stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Health {
    /// It takes batches.
    Working,
    /// It does not answer, or refuses for now; the same batch is retried.
    Retrying,
    /// A sync failed: nothing is acknowledged and memory is kept until everything is in a fresh copy.
    SyncFailed,
    /// It lost acknowledged history: nothing is acknowledged, memory is kept, and a person has to act.
    HistoryLost,
    /// It will never take another batch from this process.
    Ended,
}

/// What `/readyz` and metrics tell about the journal.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct JournalStatus {
    /// `redis`, `local` or `memory`.
    pub kind: &'static str,
    /// How it stands.
    pub health: Health,
    /// The last error, kept after it is over.
    pub last_error: Option<String>,
    /// The last sequence it acknowledged.
    pub journaled: Seq,
    /// Bytes that wait for it, reservations included.
    pub backlog_bytes: usize,
    /// Bytes of journaled batches that it keeps in memory.
    pub kept_bytes: usize,
    /// The highest durability it gives.
    pub best: Durability,
    /// What an accident could lose, in one sentence.
    pub what_could_be_lost: String,
    /// Batches written.
    pub batches: u64,
    /// Bytes written.
    pub bytes: u64,
}

impl JournalStatus {
    /// Whether it takes batches now.
    pub fn is_connected(&self) -> bool {
        self.health == Health::Working
    }
}

/// How a journal thread ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stopped {
    /// The last sequence the journal acknowledged.
    pub journaled: Seq,
    /// Whether everything decided is in the journal.
    pub drained: bool,
    /// Why it ended before it was told to.
    pub reason: Option<String>,
    /// The emergency file, when one was needed and written.
    pub emergency: Option<PathBuf>,
}
