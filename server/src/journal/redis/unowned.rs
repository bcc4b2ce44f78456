//! What is done with a partition without owning it: creating it, reading it while its owner writes, taking notes back.

use stockade_core::log::JournalError;

use super::check;
use super::config::RedisConfig;
use super::journal::RedisJournal;
use super::link::Link;
use super::partition::{self, read_state};
use super::successor::{self, Notes};
use super::walk::Walk;
use crate::journal::compare::VisitBatch;

impl RedisJournal {
    /// Creates the partition; with the same id again, nothing changes. Returns the id.
    ///
    /// # Errors
    /// When the partition exists with another id, or Redis cannot be reached or is unfit to hold history.
    pub fn init(config: &RedisConfig) -> Result<String, JournalError> {
        let mut link = Link::new(&config.url, &config.partition, config.timeout)?;
        check::check(&mut link)?;
        partition::same_layout(&mut link)?;
        partition::create(&mut link, config)
    }

    /// Whether there is such a partition.
    ///
    /// # Errors
    /// When Redis cannot be reached, or another build wrote the partition, or it lacks fields.
    pub fn exists(config: &RedisConfig) -> Result<bool, JournalError> {
        Ok(RedisJournal::read_identity(config)?.is_some())
    }

    /// Deletes a partition with its whole history, for tests and trials. A server that has it open finds its history
    /// lost.
    ///
    /// # Errors
    /// When Redis cannot be reached or refuses.
    pub fn delete_partition(config: &RedisConfig) -> Result<(), JournalError> {
        let mut link = Link::new(&config.url, &config.partition, config.timeout)?;
        let mut unlink = redis::cmd("UNLINK");
        unlink.arg(link.stream()).arg(link.hash()).arg(link.missing());
        link.query::<()>(&unlink)?;
        Ok(())
    }

    /// Shows every batch that the partition has now, in order, without owning it: its owner may go on writing. Returns the
    /// id of the partition.
    ///
    /// # Errors
    /// When Redis cannot be reached, has no such partition, or what it has cannot be read; and what `visit` returns.
    /// [`JournalError::OtherFormat`] when another build wrote it.
    pub fn read(config: &RedisConfig, visit: &mut VisitBatch<'_>) -> Result<String, JournalError> {
        let mut link = Link::new(&config.url, &config.partition, config.timeout)?;
        partition::same_layout(&mut link)?;
        let state = read_state(&mut link)?.ok_or_else(|| partition::missing(&link, config))?;
        Walk::new(link.place()).go_to(&mut link, state.seq, visit)?;
        Ok(state.id)
    }

    /// The id of the partition, if there is one.
    ///
    /// # Errors
    /// As [`RedisJournal::exists`].
    pub fn read_identity(config: &RedisConfig) -> Result<Option<String>, JournalError> {
        let mut link = Link::new(&config.url, &config.partition, config.timeout)?;
        partition::same_layout(&mut link)?;
        Ok(read_state(&mut link)?.map(|state| state.id))
    }

    /// What deposed owners noted that the history lacks.
    ///
    /// # Errors
    /// When Redis cannot be reached or refuses.
    pub fn reported_missing(config: &RedisConfig) -> Result<Notes, JournalError> {
        let mut link = Link::new(&config.url, &config.partition, config.timeout)?;
        Ok(successor::reported(&mut link)?)
    }

    /// Takes those notes back as they were read. A note that was left or changed since stays.
    ///
    /// # Errors
    /// When Redis cannot be reached or refuses.
    pub fn settle_missing(config: &RedisConfig, seen: &Notes) -> Result<(), JournalError> {
        let mut link = Link::new(&config.url, &config.partition, config.timeout)?;
        Ok(successor::settle(&mut link, seen)?)
    }
}
