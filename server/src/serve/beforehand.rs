//! What a start finds out about a history in Redis before it takes it from the server that owns it: one that would be
//! refused afterwards must not end that server.

use super::history::{Allowed, emergency_file, mark_file, partition, refused};
use crate::config::{Config, JournalHome};
use crate::failure::Failure;
use crate::journal::{Apart, Mark, RedisJournal, preview};

/// Compares the history with the emergency file, and with the mark when it is to be taken from a living server.
///
/// # Errors
/// When the start would be refused. Whether Redis can be reached and has the partition is left to the opening.
pub(super) fn check(config: &Config, allowed: Allowed) -> Result<(), Failure> {
    let emergency = emergency_file(config);
    let is_file = emergency.exists();
    if !matches!(config.journal, JournalHome::Redis { .. }) || !is_file && !allowed.take_over {
        return Ok(());
    }
    let redis = partition(config)?;
    if !matches!(RedisJournal::exists(&redis), Ok(true)) {
        return Ok(());
    }
    let path = mark_file(config);
    let mark = Mark::read(&path).map_err(|error| refused(&error))?;
    let apart = Apart { emergency: Some(&emergency), marked: mark.as_ref().map(|mark| mark.event) };
    let seen = preview(apart, |visit| RedisJournal::read(&redis, visit)).map_err(|error| refused(&error))?;
    // A file that continues the history may reach up to the mark.
    if let Some(mark) = mark.filter(|_| !is_file) {
        mark.check(&path, &seen, allowed.lost_events).map_err(|error| refused(&error))?;
    }
    Ok(())
}
