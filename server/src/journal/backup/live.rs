//! The journal of a running server, as a backup reads it: next to the thread that writes.

use std::io::{self, Write};
use std::sync::Arc;

use stockade_core::ids::Seq;
use stockade_core::log::{History, JournalError};

use super::write::{BackupWriter, NotAdded};
use crate::journal::redis::{RedisConfig, RedisJournal};
use crate::journal::trail::Trail;

/// Where the batches of a running journal are read.
#[derive(Clone)]
pub enum Live {
    /// Nowhere: it is in memory, and forgets them.
    Memory,
    /// One by one, between two that are written.
    Local {
        /// The identity of the journal.
        identity: String,
        /// Reads a batch by its sequence.
        history: Arc<dyn History>,
    },
    /// On a connection of its own.
    Redis(RedisConfig),
}

/// Why a backup was not written to its end.
#[derive(Debug, thiserror::Error)]
pub enum NotCopied {
    /// The journal cannot be read.
    #[error("{0}")]
    Journal(#[from] JournalError),
    /// Nobody takes it any more.
    #[error("{0}")]
    Out(#[from] io::Error),
}

impl Live {
    /// Writes a backup of the history up to the batch that holds an event, or to a later one.
    ///
    /// # Errors
    /// When the history cannot be read or `out` does not take it.
    pub fn copy(&self, mut out: impl Write, until: Seq) -> Result<Trail, NotCopied> {
        let trail = match self {
            Live::Memory => return Err(in_memory().into()),
            Live::Local { identity, history } => {
                let mut backup = BackupWriter::begin(&mut out, identity)?;
                let mut last = Seq(0);
                while last < until {
                    last = backup.add(&history.batch(last.next())?)?.last;
                }
                backup.end()?
            }
            Live::Redis(redis) => copy_redis(redis, &mut out)?,
        };
        out.flush()?;
        Ok(trail)
    }
}

fn copy_redis(redis: &RedisConfig, out: &mut impl Write) -> Result<Trail, NotCopied> {
    let identity = RedisJournal::read_identity(redis)?
        .ok_or_else(|| JournalError::HistoryLost { reason: "the partition is gone".to_owned() })?;
    let mut backup = BackupWriter::begin(out, &identity)?;
    let mut not_taken = None;
    let read = RedisJournal::read(redis, &mut |bytes| match backup.add(bytes) {
        Ok(_) => Ok(()),
        Err(NotAdded::Batch(error)) => Err(error),
        Err(NotAdded::Out(error)) => {
            let reason = error.to_string();
            not_taken = Some(error);
            Err(JournalError::Unavailable { reason })
        }
    });
    if let Some(error) = not_taken {
        return Err(error.into());
    }
    read?;
    Ok(backup.end()?)
}

fn in_memory() -> JournalError {
    JournalError::Refused { reason: "it is in memory, and keeps the latest batches only".to_owned() }
}

impl From<NotAdded> for NotCopied {
    fn from(error: NotAdded) -> NotCopied {
        match error {
            NotAdded::Batch(error) => NotCopied::Journal(error),
            NotAdded::Out(error) => NotCopied::Out(error),
        }
    }
}
