//! A journal file that is made whole before it is in its place: a history that is restored.

use std::path::{Path, PathBuf};

use stockade_core::log::JournalError;

use super::faults::{damaged, refusal, unavailable};
use super::file::Identity;
use super::fresh::{Fresh, NotAdded};
use super::storage::Place;
use crate::disk;
use crate::journal::made::Made;

/// A file under its temporary name. Dropped before it is finished, it is removed.
pub struct LocalMade {
    path: PathBuf,
    temporary: PathBuf,
    identity: Identity,
    fresh: Option<Fresh>,
}

impl LocalMade {
    /// Begins a journal file with an identity of its own.
    ///
    /// # Errors
    /// [`JournalError::Refused`] when there is a file in the place, or a note about the one that was there; and when the
    /// disk refuses.
    pub fn begin(path: &Path) -> Result<LocalMade, JournalError> {
        let place = Place::new(path.to_owned(), None);
        free(&place)?;
        let identity = Identity::random().map_err(|e| refusal(path, redb_error(e)))?;
        let (path, temporary) = (place.path.clone(), place.fresh());
        let fresh = Some(Fresh::begin(&place, Some(identity))?);
        Ok(LocalMade { path, temporary, identity, fresh })
    }
}

/// Refuses a place where a journal is, or was and left its note.
fn free(place: &Place) -> Result<(), JournalError> {
    let path = place.path.display();
    if std::fs::symlink_metadata(&place.path).is_ok() {
        return Err(JournalError::Refused {
            reason: format!("there is {path} already, which stays as it is: move it away, or set another place"),
        });
    }
    if place.is_doubtful() {
        return Err(JournalError::Refused {
            reason: format!("next to {path} is the note `.unsynced` about the journal that was there: move it away"),
        });
    }
    Ok(())
}

fn redb_error(error: redb::Error) -> redb::DatabaseError {
    redb::DatabaseError::Storage(redb::StorageError::Io(std::io::Error::other(error.to_string())))
}

impl Made for LocalMade {
    fn add(&mut self, bytes: &[u8]) -> Result<(), JournalError> {
        let Some(fresh) = &mut self.fresh else { return Err(unavailable(&self.path, "it is finished")) };
        fresh.add(bytes).map_err(|error| match error {
            NotAdded::NotNext(what) => damaged(&self.path, what),
            NotAdded::Disk(error) => unavailable(&self.path, error),
        })
    }

    fn finish(&mut self) -> Result<String, JournalError> {
        let Some(fresh) = self.fresh.take() else { return Err(unavailable(&self.path, "it is finished")) };
        if let Err(what) = fresh.finish_new() {
            disk::remove_left_over(&self.temporary);
            return Err(JournalError::Refused { reason: format!("{}: {what}", self.path.display()) });
        }
        Ok(self.identity.to_string())
    }
}

impl Drop for LocalMade {
    fn drop(&mut self) {
        if self.fresh.take().is_some() {
            disk::remove_left_over(&self.temporary);
        }
    }
}
