//! What an emergency file holds that the history does not, and what deposed servers report as missing.

use std::path::{Path, PathBuf};

use super::history::{emergency_file, partition, refused};
use crate::config::{Config, JournalHome};
use crate::failure::Failure;
use crate::journal::{Comparison, EmergencyFile, LocalJournal, RedisJournal, compare as compare_with};

/// An emergency file compared with the history that the settings name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Compared {
    /// The file.
    pub from: PathBuf,
    /// What it holds.
    pub comparison: Comparison,
}

/// Compares an emergency file with the history, and changes nothing. A history in Redis may be served meanwhile. Lists at
/// most `limit` events.
///
/// # Errors
/// When one of the two cannot be read.
pub fn compare(config: &Config, from: Option<&Path>, limit: usize) -> Result<Compared, Failure> {
    let from = from.map_or_else(|| emergency_file(config), Path::to_owned);
    let file = EmergencyFile::read(&from).map_err(Failure::failed)?;
    let compared = match &config.journal {
        JournalHome::Memory => {
            return Err(Failure::usage("the journal is in memory, where there is nothing to compare with"));
        }
        JournalHome::Local(path) => compare_with(&file, limit, |visit| LocalJournal::read(path, visit)),
        JournalHome::Redis { .. } => {
            let redis = partition(config)?;
            compare_with(&file, limit, |visit| RedisJournal::read(&redis, visit).map(drop))
        }
    };
    Ok(Compared { from, comparison: compared.map_err(|error| refused(&error))? })
}

/// Takes back what deposed servers reported as missing in a history in Redis. Returns the reports that were taken back; one
/// that comes meanwhile stays.
///
/// # Errors
/// When the history is not in Redis, or Redis cannot be reached.
pub fn settle(config: &Config) -> Result<Vec<String>, Failure> {
    let redis = partition(config)?;
    let reports = RedisJournal::reported_missing(&redis).map_err(|error| refused(&error))?;
    RedisJournal::settle_missing(&redis, &reports).map_err(|error| refused(&error))?;
    Ok(reports.into_list())
}
