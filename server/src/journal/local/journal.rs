//! The journal over a file that this process owns: append, what to do after a failure, replay.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{MappedRwLockReadGuard, RwLock, RwLockReadGuard};
use redb::ReadableDatabase;
use stockade_core::Durability;
use stockade_core::ids::Seq;
use stockade_core::limits::RING_BYTES;
use stockade_core::log::{Batch, History, Journal, JournalError, SealedBatch};

use super::faults::{damaged, lost, unavailable, unsynced};
use super::file::{self, End, Identity, Opened};
use super::fresh;
use super::newer;
use super::storage::{Layer, Place, Watched};
use super::store::{BATCHES, Store, StoreError};
use crate::journal::ring::Ring;

/// Longest pause between two tries of a fresh copy.
const COPY_PAUSE_MAX: Duration = Duration::from_secs(30);

/// A journal in one file, owned by one process.
pub struct LocalJournal {
    place: Place,
    file: Arc<File>,
    watched: Watched,
    identity: Identity,
    /// Where the file ends.
    end: End,
    /// Where the history ends that was acknowledged.
    acknowledged: End,
    ring: Ring,
    doubt: Option<Doubt>,
}

/// The open file, shared by the writer and the readers. Empty after a failed commit.
type File = RwLock<Option<Store>>;

/// A sync failed: nothing that is read from the file proves that it is on disk.
struct Doubt {
    /// When the next fresh copy is tried.
    retry_at: Instant,
    /// What the last try said.
    error: JournalError,
}

impl LocalJournal {
    /// Opens the file, or creates it when it does not exist. One of which a sync failed is written anew first.
    ///
    /// # Errors
    /// [`JournalError::Refused`] when another process has it open or the path is not usable;
    /// [`JournalError::OtherFormat`] when another build wrote it, [`JournalError::Corrupt`] when it is damaged: the file
    /// is not changed then. [`JournalError::SyncFailed`] when the disk does not take it.
    pub fn open(path: impl Into<PathBuf>) -> Result<LocalJournal, JournalError> {
        LocalJournal::open_on(path, None)
    }

    /// As [`LocalJournal::open`], with a layer between file and disk.
    ///
    /// # Errors
    /// As [`LocalJournal::open`].
    pub fn open_on(path: impl Into<PathBuf>, layer: Option<Layer>) -> Result<LocalJournal, JournalError> {
        let place = Place::new(path.into(), layer);
        if !place.path.exists() {
            fresh::create(&place)?;
        } else if place.is_doubtful() {
            fresh::rewrite_whole(&place)?;
            place.believe().map_err(|e| unsynced(&place.path, e))?;
        }
        let (Opened { file, watched, identity, end }, latest) = newer::open(&place, RING_BYTES)?;
        let mut ring = Ring::new(RING_BYTES);
        latest.into_iter().for_each(|batch| ring.push(batch));
        let file = Arc::new(RwLock::new(Some(file)));
        Ok(LocalJournal { place, file, watched, identity, end, acknowledged: end, ring, doubt: None })
    }

    /// Shows every batch of a file in order, and changes nothing. No other process may have it open.
    ///
    /// # Errors
    /// As [`LocalJournal::open`], and what `visit` returns.
    pub fn read(path: &Path, visit: &mut dyn FnMut(&[u8]) -> Result<(), JournalError>) -> Result<(), JournalError> {
        show(&file::look_at(path)?, visit)
    }

    /// The identity of the journal in a file, and changes nothing. One of an earlier build has none until it is opened.
    ///
    /// # Errors
    /// As [`LocalJournal::read`].
    pub fn read_identity(path: &Path) -> Result<Option<String>, JournalError> {
        let identity = file::identity_of(&file::look_at(path)?).map_err(|e| damaged(path, e))?;
        Ok(identity.map(|identity| identity.to_string()))
    }

    /// The identity of the journal, given when it was created.
    pub fn identity(&self) -> String {
        self.identity.to_string()
    }

    /// The path of the file.
    pub fn path(&self) -> &Path {
        &self.place.path
    }

    /// Makes sure that there is an open file which can be believed.
    fn settle(&mut self) -> Result<(), JournalError> {
        if self.doubt.is_some() {
            self.copy()?;
        }
        if self.file.read().is_some() {
            return self.check_place();
        }
        let (opened, _) = newer::open(&self.place, 0).inspect_err(|error| {
            if matches!(error, JournalError::SyncFailed { .. }) {
                self.doubt = Some(Doubt { retry_at: Instant::now(), error: error.clone() });
            }
        })?;
        if opened.identity != self.identity {
            return Err(lost(self.path(), format!("another journal, {}, was put there", opened.identity)));
        }
        let (ends, all) = (opened.end.last, self.acknowledged.last);
        if ends < all || ends == all && opened.end != self.acknowledged {
            return Err(lost(self.path(), format!("it ends at {ends}, and events up to {all} were acknowledged")));
        }
        self.end = opened.end;
        self.watched = opened.watched;
        *self.file.write() = Some(opened.file);
        Ok(())
    }

    /// Makes sure that what is written is found by the next start.
    fn check_place(&self) -> Result<(), JournalError> {
        if self.watched.is_at(self.path()) {
            return Ok(());
        }
        let what = format!(
            "the file was removed or replaced while this process writes it. Nothing is acknowledged any more; do not stop \
             this process: put the same file back and it goes on, or copy it from /proc/{}/fd and restart",
            std::process::id()
        );
        Err(lost(self.path(), what))
    }

    /// Writes what was acknowledged to a fresh file and puts that in the place of the doubtful one.
    fn copy(&mut self) -> Result<(), JournalError> {
        let Some(doubt) = &self.doubt else { return Ok(()) };
        if Instant::now() < doubt.retry_at {
            return Err(doubt.error.clone());
        }
        let begun = Instant::now();
        let path = &self.place.path;
        let copied = fresh::rewrite_acknowledged(&self.place, self.identity, self.acknowledged, &self.ring)
            .and_then(|()| self.place.believe().map_err(|e| unsynced(path, e)));
        if let Err(error) = copied {
            // A long copy to a disk that fails is not repeated without a rest.
            let pause = (begun.elapsed() * 4).min(COPY_PAUSE_MAX);
            self.doubt = Some(Doubt { retry_at: Instant::now() + pause, error: error.clone() });
            return Err(error);
        }
        tracing::warn!(path = %path.display(), events = self.acknowledged.last.0, "a sync failed: the journal goes on in a fresh copy");
        self.doubt = None;
        Ok(())
    }

    /// Closes the file after a failed commit, and finds out whether it may be opened again.
    fn failed(&mut self, error: &StoreError) -> JournalError {
        // Without a failed sync the system still has every page that was written. Once they are on disk, the end of the
        // file tells how the commit ended.
        let settled = self.watched.settle();
        *self.file.write() = None;
        if settled.is_ok() {
            return unavailable(self.path(), error);
        }
        let what = format!(
            "a sync failed ({error}): what was written last may not be on disk, although it can be read. Nothing more is \
             acknowledged until everything is in a fresh copy"
        );
        let error = unsynced(self.path(), what);
        self.doubt = Some(Doubt { retry_at: Instant::now(), error: error.clone() });
        error
    }
}

fn opened<'f>(file: &'f File, path: &Path) -> Result<MappedRwLockReadGuard<'f, Store>, JournalError> {
    RwLockReadGuard::try_map(file.read(), Option::as_ref).map_err(|_| unavailable(path, "the file is closed"))
}

fn show(file: &Store, visit: &mut dyn FnMut(&[u8]) -> Result<(), JournalError>) -> Result<(), JournalError> {
    let shown = file::each(file, |bytes| match visit(bytes) {
        Ok(()) => ControlFlow::Continue(()),
        Err(error) => ControlFlow::Break(error),
    })?;
    match shown {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(error) => Err(error),
    }
}

/// Reads batches of the file by their first sequence.
struct LocalHistory {
    path: PathBuf,
    file: Arc<File>,
}

impl History for LocalHistory {
    fn batch(&self, seq: Seq) -> Result<Arc<[u8]>, JournalError> {
        let path = &self.path;
        let file = opened(&self.file, path)?;
        let read = file.call(&format!("looking for event {seq}"), move |file| {
            let before = file.begin_read()?.open_table(BATCHES)?.range(..=seq.0)?.next_back();
            Ok(before.transpose()?.map(|(_, bytes)| Arc::from(bytes.value())))
        });
        let bytes: Option<Arc<[u8]>> = read.map_err(|e| unavailable(path, e))?;
        let holds = |bytes: &Arc<[u8]>| Batch::span(bytes).is_ok_and(|(_, last)| seq <= last);
        bytes.filter(holds).ok_or_else(|| unavailable(path, format!("event {seq} is not in it yet")))
    }
}

impl Journal for LocalJournal {
    fn replay(&mut self, visit: &mut dyn FnMut(&[u8]) -> Result<(), JournalError>) -> Result<(), JournalError> {
        self.settle()?;
        let file = opened(&self.file, &self.place.path)?;
        show(&file, visit)
    }

    fn append(&mut self, batch: &SealedBatch) -> Result<(), JournalError> {
        self.settle()?;
        let given = End { last: batch.last, chain: batch.chain };
        if self.acknowledged == given {
            return Ok(());
        }
        if self.end != given {
            if batch.first != self.end.last.next() {
                let (ends, first, last) = (self.end.last, batch.first, batch.last);
                let what = format!("it ends at {ends} and events {first} to {last} do not follow");
                return Err(lost(self.path(), what));
            }
            let written = file::write(&*opened(&self.file, &self.place.path)?, batch);
            written.map_err(|error| self.failed(&error))?;
            self.end = given;
        }
        // Otherwise the commit that reported a failure had succeeded.
        self.check_place()?;
        self.acknowledged = given;
        self.ring.push(batch.clone());
        Ok(())
    }

    fn idle(&mut self) -> Result<(), JournalError> {
        self.settle()
    }

    fn kept(&self) -> Vec<SealedBatch> {
        self.ring.all()
    }

    fn kept_bytes(&self) -> usize {
        self.ring.bytes()
    }

    fn history(&self) -> Option<Arc<dyn History>> {
        Some(Arc::new(LocalHistory { path: self.place.path.clone(), file: Arc::clone(&self.file) }))
    }

    fn kind(&self) -> &'static str {
        "local"
    }

    fn best(&self) -> Durability {
        Durability::Journaled
    }

    fn what_could_be_lost(&self) -> String {
        format!(
            "nothing acknowledged, as long as the disk under {} survives; a lost disk is lost history",
            self.place.path.display()
        )
    }
}
