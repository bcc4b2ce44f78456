//! Batches of the stream read back one by one, on a connection of their own.

use std::sync::Arc;

use parking_lot::Mutex;
use stockade_core::ids::Seq;
use stockade_core::log::{Batch, History, JournalError};

use super::config::RedisConfig;
use super::link::Link;
use super::stream::{Entry, parse_id, unreadable};

/// Finds batches by their sequence. Entries are numbered epoch first, so each epoch is asked in turn, the latest first:
/// one question for each start of the server since.
pub(super) struct RedisHistory(Mutex<Link>);

impl RedisHistory {
    /// A reader of a partition. Connects when it is first asked.
    pub(super) fn new(config: &RedisConfig) -> Result<RedisHistory, JournalError> {
        Ok(RedisHistory(Mutex::new(Link::new(&config.url, &config.partition, config.timeout)?)))
    }
}

impl History for RedisHistory {
    fn batch(&self, seq: Seq) -> Result<Arc<[u8]>, JournalError> {
        let mut link = self.0.lock();
        let (stream, hash) = (link.stream().to_owned(), link.hash().to_owned());
        let newest: Option<u64> = link.query(redis::cmd("HGET").arg(hash).arg("e"))?;
        for epoch in (1..=newest.unwrap_or(0)).rev() {
            let mut range = redis::cmd("XRANGE");
            range.arg(&stream).arg(format!("{epoch}-{seq}")).arg("+").arg("COUNT").arg(1);
            let found: Vec<Entry> = link.query(&range)?;
            let Some((id, fields)) = found.into_iter().next() else { continue };
            let Some((_, bytes)) = fields.into_iter().find(|(name, _)| name == "d") else { continue };
            let (first, last) = Batch::span(&bytes).map_err(|e| unreadable(&link.place(), &id, &e))?;
            if parse_id(&id).is_some_and(|(of, _)| of == epoch) && first <= seq && seq <= last {
                return Ok(bytes.into());
            }
        }
        Err(JournalError::Unavailable { reason: format!("event {seq} is not in the stream {stream}") })
    }
}
