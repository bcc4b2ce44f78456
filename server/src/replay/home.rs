//! Where the history of a replay is kept.

use std::fs;
use std::path::{Path, PathBuf};

use stockade_core::log::{Journal, JournalError, MemoryJournal};

use super::args::JournalChoice;
use crate::failure::Failure;
use crate::journal::{LocalJournal, RedisConfig, RedisJournal, new_partition_id};

/// Name of the local journal's file in its folder.
const FILE: &str = "history.redb";

/// A home for one history, empty at first.
pub(super) struct Home {
    choice: JournalChoice,
    /// A folder that is ours to remove.
    own: Option<PathBuf>,
}

impl Home {
    /// Makes room for the chosen journal.
    pub(super) fn new(choice: &JournalChoice) -> Result<Home, Failure> {
        let own = match choice {
            JournalChoice::Local(None) => Some(own_folder()?),
            JournalChoice::Local(Some(dir)) => {
                make_empty(dir)?;
                None
            }
            JournalChoice::Memory | JournalChoice::Redis(_) => None,
        };
        Ok(Home { choice: choice.clone(), own })
    }

    /// Opens the journal.
    pub(super) fn open(&self) -> Result<Box<dyn Journal>, Failure> {
        let refused = |e: JournalError| match e.is_transient() {
            true => Failure::unavailable(e),
            false => Failure::failed(e),
        };
        match (&self.choice, &self.own) {
            (JournalChoice::Memory, _) => Ok(Box::new(MemoryJournal::forgetful())),
            (JournalChoice::Local(Some(dir)), _) | (JournalChoice::Local(None), Some(dir)) => {
                Ok(Box::new(LocalJournal::open(dir.join(FILE)).map_err(refused)?))
            }
            (JournalChoice::Local(None), None) => Err(Failure::failed("the journal's folder is gone")),
            (JournalChoice::Redis(url), _) => {
                let id = new_partition_id().map_err(refused)?;
                let mut config = RedisConfig::new(url, format!("replay-{id}"), "replay");
                config.create = true;
                Ok(Box::new(RedisJournal::open(config).map_err(refused)?))
            }
        }
    }

    /// Removes what is ours alone.
    pub(super) fn remove(&self) -> Result<(), Failure> {
        match &self.own {
            Some(dir) => fs::remove_dir_all(dir)
                .map_err(|e| Failure::failed(format!("{}: cannot be removed: {e}", dir.display()))),
            None => Ok(()),
        }
    }
}

fn own_folder() -> Result<PathBuf, Failure> {
    let id = new_partition_id().map_err(Failure::failed)?;
    let dir = std::env::temp_dir().join(format!("stockade-replay-{id}"));
    fs::create_dir(&dir).map_err(|e| Failure::failed(format!("{}: cannot be made: {e}", dir.display())))?;
    Ok(dir)
}

fn make_empty(dir: &Path) -> Result<(), Failure> {
    fs::create_dir_all(dir).map_err(|e| Failure::failed(format!("{}: cannot be made: {e}", dir.display())))?;
    if dir.join(FILE).exists() {
        let reason = "a history is there already, and a replay begins with an empty one: name another folder";
        return Err(Failure::usage(format!("{}: {reason}", dir.display())));
    }
    Ok(())
}
