//! The one way to redb. It takes some damage of a file for a bug of its own and panics; every call goes through here,
//! where such a panic is an error like any other, with what was tried.

use std::fmt;
use std::path::{Path, PathBuf};

use redb::{AccessGuard, Database, Range, ReadableDatabase, StorageBackend, StorageError, TableDefinition};
use stockade_core::log::JournalError;

use super::faults::{damaged, refusal};
use crate::panics::expected;

/// First sequence to batch.
pub(super) const BATCHES: TableDefinition<u64, &[u8]> = TableDefinition::new("batches");
/// Memory redb may use for pages: what is written is not read again.
const CACHE_BYTES: usize = 16 * 1024 * 1024;

/// An open file.
pub(super) struct Store {
    path: PathBuf,
    /// Taken when it is closed, which may panic as well.
    file: Option<Database>,
}

/// Why a call failed.
#[derive(Debug)]
pub(super) struct StoreError {
    tried: String,
    cause: Cause,
}

#[derive(Debug)]
enum Cause {
    Error(redb::Error),
    Panic(String),
}

/// Batches in order, from either end, with their first sequences.
pub(super) struct Batches(Range<'static, u64, &'static [u8]>);

impl Store {
    /// Opens a database on this storage; an empty one becomes a new database.
    ///
    /// # Errors
    /// When it is in use, damaged or of another format.
    pub(super) fn open(path: &Path, storage: impl StorageBackend) -> Result<Store, JournalError> {
        match expected(|| Database::builder().set_cache_size(CACHE_BYTES).create_with_backend(storage)) {
            Ok(Ok(file)) => Ok(Store { path: path.to_owned(), file: Some(file) }),
            Ok(Err(error)) => Err(refusal(path, error)),
            Err(words) => Err(damaged(path, StoreError::panicked("opening it", words))),
        }
    }

    /// The path of the file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Does something with the database; `tried` says what, as in "while reading the last batch".
    pub(super) fn call<T>(
        &self,
        tried: &str,
        work: impl FnOnce(&Database) -> Result<T, redb::Error>,
    ) -> Result<T, StoreError> {
        guarded(tried, || {
            let closed = || redb::Error::Io(std::io::Error::other("the file is closed"));
            work(self.file.as_ref().ok_or_else(closed)?)
        })
    }

    /// All batches.
    pub(super) fn batches(&self) -> Result<Batches, StoreError> {
        self.call("looking for batches", |file| Ok(Batches(file.begin_read()?.open_table(BATCHES)?.range::<u64>(..)?)))
    }

    /// What is wrong with the pages of the file, by the checksum that each has; `None` when all of them are as they were
    /// written. Reads the whole file.
    pub(super) fn damage(&mut self) -> Option<StoreError> {
        let file = self.file.as_mut()?;
        let damage = || redb::Error::Corrupted("a page does not have the checksum that it was written with".to_owned());
        guarded("checking its pages", || file.check_integrity()?.then_some(()).ok_or_else(damage)).err()
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        if let Some(file) = self.file.take()
            && let Err(words) = expected(|| drop(file))
        {
            let path = self.path.display();
            tracing::error!(%path, "{}", StoreError::panicked("closing it", words));
        }
    }
}

impl Batches {
    /// The next batch from the front.
    pub(super) fn first(&mut self) -> Option<Result<(u64, Vec<u8>), StoreError>> {
        self.take(|range| range.next())
    }

    /// The next batch from the back.
    pub(super) fn last(&mut self) -> Option<Result<(u64, Vec<u8>), StoreError>> {
        self.take(|range| range.next_back())
    }

    fn take(
        &mut self,
        end: impl FnOnce(&mut Range<'static, u64, &'static [u8]>) -> Option<Entry>,
    ) -> Option<Result<(u64, Vec<u8>), StoreError>> {
        guarded("reading a batch", || {
            let entry = end(&mut self.0).transpose()?;
            Ok(entry.map(|(first, bytes)| (first.value(), bytes.value().to_vec())))
        })
        .transpose()
    }
}

/// A row as redb gives it.
type Entry = Result<(AccessGuard<'static, u64>, AccessGuard<'static, &'static [u8]>), StorageError>;

impl StoreError {
    fn panicked(tried: &str, words: String) -> StoreError {
        StoreError { tried: tried.to_owned(), cause: Cause::Panic(words) }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let StoreError { tried, cause } = self;
        match cause {
            Cause::Error(error) => write!(f, "while {tried}: {error}"),
            Cause::Panic(words) => write!(f, "while {tried}: its structure is broken ({words})"),
        }
    }
}

fn guarded<T>(tried: &str, work: impl FnOnce() -> Result<T, redb::Error>) -> Result<T, StoreError> {
    let failed = |cause| StoreError { tried: tried.to_owned(), cause };
    match expected(work) {
        Ok(done) => done.map_err(|error| failed(Cause::Error(error))),
        Err(words) => Err(failed(Cause::Panic(words))),
    }
}
