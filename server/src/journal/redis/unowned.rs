//! What is done with a partition without owning it: creating it, reading it while its owner writes, taking notes back.

use stockade_core::ids::Seq;
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
    /// id of the partition, which is the same before and after.
    ///
    /// # Errors
    /// When Redis cannot be reached, has no such partition, or what it has cannot be read; and what `visit` returns.
    /// [`JournalError::OtherFormat`] when another build wrote it; [`JournalError::HistoryLost`] when its stream ends before
    /// the last event that its hash tells of, or another partition took its place meanwhile.
    pub fn read(config: &RedisConfig, visit: &mut VisitBatch<'_>) -> Result<String, JournalError> {
        let mut link = Link::new(&config.url, &config.partition, config.timeout)?;
        partition::same_layout(&mut link)?;
        let state = read_state(&mut link)?.ok_or_else(|| partition::missing(&link, config))?;
        let mut walk = Walk::new(link.place());
        walk.go_to(&mut link, state.seq, visit)?;
        if walk.last() < state.seq {
            return Err(cut_short(&link, walk.last(), state.seq));
        }
        let after = read_state(&mut link)?.map(|state| state.id);
        if after.as_ref() == Some(&state.id) { Ok(state.id) } else { Err(replaced(&link, &state.id, after)) }
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

/// The refusal of a stream that ends before its hash does.
fn cut_short(link: &Link, last: Seq, told: Seq) -> JournalError {
    JournalError::HistoryLost {
        reason: format!(
            "{}: the stream {} ends with event {last}, and the hash {} tells of events up to {told}: restore Redis from its \
             backup",
            link.place(),
            link.stream(),
            link.hash()
        ),
    }
}

/// The refusal of a partition that another one took the place of while it was read.
fn replaced(link: &Link, id: &str, after: Option<String>) -> JournalError {
    let now = after.map_or_else(|| "it is gone".to_owned(), |after| format!("the one with id {after} is in its place"));
    JournalError::HistoryLost { reason: format!("{}: its id was {id}, and while it was read, {now}", link.place()) }
}
