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
    Redis {
        /// The id of the partition that is served.
        identity: String,
        /// Where it is.
        redis: RedisConfig,
    },
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
    /// When the history cannot be read that far, is another one by now, or `out` does not take it. What was written is no
    /// whole backup then.
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
            Live::Redis { identity, redis } => copy_redis((redis, identity), &mut out, until)?,
        };
        out.flush()?;
        Ok(trail)
    }
}

/// Redis may have lost what was acknowledged, or hold another history by now: the end is written only to the one that is
/// served, and only when all of it is there.
fn copy_redis((redis, identity): (&RedisConfig, &str), out: &mut impl Write, until: Seq) -> Result<Trail, NotCopied> {
    let mut backup = BackupWriter::begin(out, identity)?;
    let (mut last, mut not_taken) = (Seq(0), None);
    let read = RedisJournal::read(redis, &mut |bytes| match backup.add(bytes) {
        Ok(trail) => {
            last = trail.last;
            Ok(())
        }
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
    let found = read?;
    if found != identity {
        let reason = format!("Redis holds the history {found} in the place of {identity}, which is served");
        return Err(JournalError::HistoryLost { reason }.into());
    }
    if last < until {
        let reason = format!("Redis holds events up to {last}, and events up to {until} were acknowledged");
        return Err(JournalError::HistoryLost { reason }.into());
    }
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
