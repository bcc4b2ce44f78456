//! Where the history of a replay is kept.

use std::fs;
use std::os::unix::fs::DirBuilderExt;
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
    /// The folder to remove at the end.
    own: Option<PrivateFolder>,
    /// The partition of Redis to delete at the end.
    partition: String,
}

/// A new folder that only this user may open, removed when it is dropped.
pub(super) struct PrivateFolder(PathBuf);

impl Home {
    /// Creates the place of the chosen journal.
    pub(super) fn new(choice: &JournalChoice) -> Result<Home, Failure> {
        let own = match choice {
            JournalChoice::Local(None) => Some(PrivateFolder::new()?),
            JournalChoice::Local(Some(dir)) => {
                make_empty(dir)?;
                None
            }
            JournalChoice::Memory | JournalChoice::Redis(_) => None,
        };
        let partition = format!("replay-{}", new_partition_id().map_err(Failure::failed)?);
        Ok(Home { choice: choice.clone(), own, partition })
    }

    /// Opens the journal.
    pub(super) fn open(&self) -> Result<Box<dyn Journal>, Failure> {
        let refused = |e: JournalError| match e.is_transient() {
            true => Failure::unavailable(e),
            false => Failure::failed(e),
        };
        match (&self.choice, &self.own) {
            (JournalChoice::Memory, _) => Ok(Box::new(MemoryJournal::forgetful())),
            (JournalChoice::Local(Some(dir)), _) => Ok(Box::new(LocalJournal::open(dir.join(FILE)).map_err(refused)?)),
            (JournalChoice::Local(None), own) => {
                let own = own.as_ref().ok_or_else(|| Failure::failed("the journal has no folder"))?;
                Ok(Box::new(LocalJournal::open(own.path().join(FILE)).map_err(refused)?))
            }
            (JournalChoice::Redis(url), _) => {
                let config = RedisConfig { create: true, ..self.redis(url) };
                Ok(Box::new(RedisJournal::open(config).map_err(refused)?))
            }
        }
    }

    /// Deletes what belongs to this replay alone. The journal must be closed.
    pub(super) fn remove(self) -> Result<(), Failure> {
        match &self.choice {
            JournalChoice::Redis(url) => RedisJournal::delete_partition(&self.redis(url)).map_err(Failure::failed),
            JournalChoice::Memory | JournalChoice::Local(_) => Ok(()),
        }
    }

    fn redis(&self, url: &str) -> RedisConfig {
        RedisConfig::new(url, &self.partition, "replay")
    }
}

impl PrivateFolder {
    pub(super) fn new() -> Result<PrivateFolder, Failure> {
        let id = new_partition_id().map_err(Failure::failed)?;
        let dir = std::env::temp_dir().join(format!("stockade-replay-{id}"));
        let made = fs::DirBuilder::new().mode(0o700).create(&dir);
        made.map_err(|e| Failure::failed(format!("{}: cannot be made: {e}", dir.display())))?;
        Ok(PrivateFolder(dir))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for PrivateFolder {
    fn drop(&mut self) {
        // If it cannot be removed, it stays in the system's temporary folder.
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn make_empty(dir: &Path) -> Result<(), Failure> {
    fs::create_dir_all(dir).map_err(|e| Failure::failed(format!("{}: cannot be made: {e}", dir.display())))?;
    if dir.join(FILE).exists() {
        let reason = "a history exists already, and a replay begins with an empty one: name another folder";
        return Err(Failure::usage(format!("{}: {reason}", dir.display())));
    }
    Ok(())
}
