//! A journal file written from its first batch, which takes the place of another only when it is whole and on disk.

use std::fmt::Display;
use std::ops::ControlFlow;
use std::sync::Arc;

use stockade_core::ids::Seq;
use stockade_core::log::{Batch, JournalError};

use super::faults::{damaged, lost, refusal, unsynced};
use super::file::{self, End, Identity};
use super::storage::{Place, Watched};
use super::store::{Store, StoreError};
use crate::disk;
use crate::journal::ring::Ring;

/// Bytes written in one transaction.
const AT_ONCE: usize = 8 * 1024 * 1024;

/// A file under its temporary name.
pub(super) struct Fresh {
    place: Place,
    file: Store,
    watched: Watched,
    identity: Option<Identity>,
    end: End,
    /// Batches that are not written yet, with their first sequences.
    held: Vec<(Seq, Arc<[u8]>)>,
    held_bytes: usize,
}

/// Why a batch was not added.
pub(super) enum NotAdded {
    /// It is damaged, or not the one that follows.
    NotNext(String),
    Disk(StoreError),
}

/// Creates an empty journal.
///
/// # Errors
/// When the disk refuses; nothing is in the place then.
pub(super) fn create(place: &Place) -> Result<(), JournalError> {
    let fresh = Fresh::begin(place, None)?;
    fresh.finish().map_err(|e| JournalError::Refused { reason: format!("{}: {e}", place.path.display()) })
}

/// Writes anew, before the first append, a file of which an earlier process left the note that a sync failed.
///
/// # Errors
/// [`JournalError::Corrupt`] when the file is not one whole history, [`JournalError::SyncFailed`] when the disk does not
/// take the new file. The old one stays in its place then.
pub(super) fn rewrite_whole(place: &Place) -> Result<(), JournalError> {
    let path = &place.path;
    let old = file::look_at(path)?;
    let identity = file::identity_of(&old).map_err(|e| damaged(path, e))?;
    let mut fresh = Fresh::begin(place, identity).map_err(|e| not_taken(place, &e))?;
    let copied = file::each(&old, |bytes| match fresh.add(bytes) {
        Ok(()) => ControlFlow::Continue(()),
        Err(why) => ControlFlow::Break(why),
    })?;
    match copied {
        ControlFlow::Continue(()) => {}
        ControlFlow::Break(NotAdded::NotNext(what)) => return Err(damaged(path, what)),
        ControlFlow::Break(NotAdded::Disk(error)) => return Err(not_taken(place, &error)),
    }
    drop(old);
    let events = fresh.end.last.0;
    fresh.finish().map_err(|what| not_taken(place, &what))?;
    tracing::warn!(events, path = %path.display(), "the journal was written anew, because a sync of the old file had failed");
    Ok(())
}

/// Writes anew everything that was acknowledged: from the old file as far as it can be read and its chain of hashes
/// holds, and from the ring. Nothing beyond is taken over.
///
/// # Errors
/// [`JournalError::SyncFailed`] when the disk does not take the new file: try again; [`JournalError::HistoryLost`] when
/// file and ring together do not hold everything. The old file stays in its place then.
pub(super) fn rewrite_acknowledged(
    place: &Place,
    identity: Identity,
    acknowledged: End,
    ring: &Ring,
) -> Result<(), JournalError> {
    let mut fresh = Fresh::begin(place, Some(identity)).map_err(|e| not_taken(place, &e))?;
    let unread = fresh.take_from_file(acknowledged.last).map_err(|e| not_taken(place, &e))?;
    for batch in ring.after(fresh.end.last).unwrap_or_default() {
        match fresh.add(&batch.bytes) {
            Ok(()) => {}
            Err(NotAdded::NotNext(_)) => break,
            Err(NotAdded::Disk(error)) => return Err(not_taken(place, &error)),
        }
    }
    if fresh.end != acknowledged {
        let why = unread.unwrap_or_else(|| "it is another history".to_owned());
        let (ends, all) = (fresh.end.last, acknowledged.last);
        let what = format!(
            "a sync failed, and the file can be read up to event {ends} only ({why}); events up to {all} were acknowledged, \
             and memory does not cover the rest: do not stop this process, and put a backup of the file in its place"
        );
        return Err(lost(&place.path, what));
    }
    fresh.finish().map_err(|what| not_taken(place, &what))
}

fn not_taken(place: &Place, why: &dyn Display) -> JournalError {
    let what = format!(
        "a sync failed, so nothing more is written to this file, and a fresh copy cannot be made: {why}. Check the disk; the \
         copy needs as much room as the journal has, and is tried again"
    );
    unsynced(&place.path, what)
}

impl Fresh {
    pub(super) fn begin(place: &Place, identity: Option<Identity>) -> Result<Fresh, JournalError> {
        let path = place.fresh();
        let watched = place.create_fresh().map_err(|e| refusal(&path, e))?;
        let file = Store::open(&path, watched.clone())?;
        let place = place.clone();
        Ok(Fresh { place, file, watched, identity, end: End::default(), held: Vec::new(), held_bytes: 0 })
    }

    /// Takes batches of the file in the place up to `until`. Returns why it ended before, if it did.
    fn take_from_file(&mut self, until: Seq) -> Result<Option<String>, StoreError> {
        let path = &self.place.path;
        let old = match file::look_at(path) {
            Ok(old) => old,
            Err(error) => return Ok(Some(error.to_string())),
        };
        let taken = file::each(&old, |bytes| {
            if Batch::span(bytes).is_ok_and(|(_, last)| last > until) {
                return ControlFlow::Break(None);
            }
            match self.add(bytes) {
                Ok(()) => ControlFlow::Continue(()),
                Err(why) => ControlFlow::Break(Some(why)),
            }
        });
        match taken {
            Ok(ControlFlow::Continue(()) | ControlFlow::Break(None)) => Ok(None),
            Ok(ControlFlow::Break(Some(NotAdded::NotNext(what)))) => Ok(Some(what)),
            Ok(ControlFlow::Break(Some(NotAdded::Disk(error)))) => Err(error),
            Err(error) => Ok(Some(error.to_string())),
        }
    }

    pub(super) fn add(&mut self, bytes: &[u8]) -> Result<(), NotAdded> {
        let batch =
            Batch::decode(bytes).map_err(|e| NotAdded::NotNext(format!("after event {}: {e}", self.end.last)))?;
        if batch.first != self.end.last.next() || batch.previous != self.end.chain {
            let what = format!("the batch from {} does not follow event {}", batch.first, self.end.last);
            return Err(NotAdded::NotNext(what));
        }
        self.held.push((batch.first, bytes.into()));
        self.held_bytes += bytes.len();
        self.end = End { last: batch.last, chain: batch.chain };
        if self.held_bytes >= AT_ONCE { self.write().map_err(NotAdded::Disk) } else { Ok(()) }
    }

    fn write(&mut self) -> Result<(), StoreError> {
        file::write_all(&self.file, std::mem::take(&mut self.held))?;
        self.held_bytes = 0;
        Ok(())
    }

    /// Closes the file, checks all of it, and puts it in the place of the one that may be there.
    pub(super) fn finish(self) -> Result<(), String> {
        let place = self.whole()?;
        disk::rename(&place.fresh(), &place.path).map_err(|e| e.to_string())
    }

    /// Closes the file, checks all of it, and puts it in its place, where nothing may be.
    pub(super) fn finish_new(self) -> Result<(), String> {
        let place = self.whole()?;
        disk::rename_new(&place.fresh(), &place.path).map_err(|e| e.to_string())
    }

    /// Closes the file and checks all of it.
    fn whole(mut self) -> Result<Place, String> {
        file::begin_history(&self.file, self.identity).map_err(|e| e.to_string())?;
        self.write().map_err(|e| e.to_string())?;
        let Fresh { place, file, watched, end, .. } = self;
        drop(file);
        watched.settle().map_err(|e| e.to_string())?;
        check(&place, end)?;
        Ok(place)
    }
}

/// Reads the fresh file back and compares where it ends.
fn check(place: &Place, expected: End) -> Result<(), String> {
    let path = place.fresh();
    let written = file::look_at(&path).map_err(|e| e.to_string())?;
    let mut end = End::default();
    let mut next = |bytes: &[u8]| match Batch::decode(bytes) {
        Ok(batch) if batch.first == end.last.next() && batch.previous == end.chain => {
            end = End { last: batch.last, chain: batch.chain };
            ControlFlow::Continue(())
        }
        Ok(_) | Err(_) => ControlFlow::Break(()),
    };
    let whole = file::each(&written, &mut next).map_err(|e| e.to_string())?.is_continue();
    if whole && end == expected {
        return Ok(());
    }
    Err(format!("{} does not hold what was written to it", path.display()))
}
