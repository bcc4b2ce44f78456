//! The one way to redb. It takes some damage of a file for a bug of its own and panics, and then panics again where it drops
//! what it had in hand. Every call goes through here, to a thread apart, where such a panic is an error like any other, with
//! what was tried.

use std::collections::VecDeque;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use redb::{
    AccessGuard, Database, Range, ReadableDatabase, ReadableTableMetadata, StorageBackend, StorageError,
    TableDefinition,
};
use stockade_core::log::JournalError;

use super::faults::{damaged, refusal, unavailable};
use crate::panics::{NoResult, expected};

/// First sequence to batch.
pub(super) const BATCHES: TableDefinition<u64, &[u8]> = TableDefinition::new("batches");
const CHECKING: &str = "checking its pages";
/// Memory redb may use for pages: what is written is not read again.
const CACHE_BYTES: usize = 16 * 1024 * 1024;
/// Batches that are read at once, at most, and bytes after which no more are.
const AT_ONCE: usize = 256;
const AT_ONCE_BYTES: usize = 1024 * 1024;

/// An open file.
pub(super) struct Store {
    path: PathBuf,
    /// Taken when it is closed, which may panic as well.
    file: Option<Arc<Database>>,
    /// Gives up the locks on the file.
    release: Box<dyn Fn() + Send + Sync>,
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
pub(super) struct Batches {
    /// What was not read yet. Lent to each read: one that fails keeps it.
    range: Option<Rows>,
    from: Side,
    read: VecDeque<(u64, Vec<u8>)>,
    /// Batches that have to come after these, by the number that the file keeps of all.
    left: u64,
    /// Why no more can be read after these.
    failed: Option<StoreError>,
    /// Batches that are read at once the next time: who wants few does not pay for many.
    at_once: usize,
}

/// An end of the batches.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Side {
    /// The oldest batch first.
    First,
    /// The youngest one first.
    Last,
}

type Rows = Range<'static, u64, &'static [u8]>;

impl Store {
    /// Opens a database on this storage; an empty one becomes a new database.
    ///
    /// # Errors
    /// When it is in use, damaged or of another format.
    pub(super) fn open(path: &Path, storage: impl StorageBackend + Clone) -> Result<Store, JournalError> {
        let held = storage.clone();
        // What a stopped thread has in hand is never closed, and the file has to be free for another try.
        let release = move || {
            if let Err(error) = held.close() {
                tracing::debug!(%error, "the locks on a journal file cannot be given up");
            }
        };
        match expected(|| Database::builder().set_cache_size(CACHE_BYTES).create_with_backend(storage)) {
            Ok(Ok(file)) => Ok(Store { path: path.to_owned(), file: Some(Arc::new(file)), release: Box::new(release) }),
            Ok(Err(error)) => Err(refusal(path, error)),
            Err(none @ NoResult::Panicked(_)) => {
                release();
                Err(damaged(path, StoreError::without_result("opening it", none)))
            }
            Err(none @ NoResult::NoThread(_)) => Err(unavailable(path, StoreError::without_result("opening it", none))),
        }
    }

    /// The path of the file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Does something with the database; `tried` says what, as in "while reading the last batch".
    pub(super) fn call<T: Send + 'static>(
        &self,
        tried: &str,
        work: impl FnOnce(&Database) -> Result<T, redb::Error> + Send + 'static,
    ) -> Result<T, StoreError> {
        let file = self.file.clone();
        guarded(tried, move || work(&*file.ok_or_else(closed)?))
    }

    /// All batches, from one end on.
    pub(super) fn batches(&self, from: Side) -> Result<Batches, StoreError> {
        let (range, left) = self.call("looking for batches", |file| {
            let table = file.begin_read()?.open_table(BATCHES)?;
            let count = table.len()?;
            Ok((table.range::<u64>(..)?, count))
        })?;
        Ok(Batches { range: Some(range), from, left, read: VecDeque::new(), failed: None, at_once: 1 })
    }

    /// What is wrong with the pages of the file, by the checksum that each has; `None` when all of them are as they were
    /// written. Reads the whole file.
    ///
    /// # Errors
    /// When that cannot be found out, because the file is closed or something else has it in hand. It is as it was then.
    pub(super) fn damage(&mut self) -> Result<Option<StoreError>, StoreError> {
        let failed = |error| StoreError { tried: CHECKING.to_owned(), cause: Cause::Error(error) };
        let file = self.file.take().ok_or_else(|| failed(closed()))?;
        let mut file = match Arc::try_unwrap(file) {
            Ok(file) => file,
            Err(file) => {
                self.file = Some(file);
                return Err(failed(redb::Error::Io(std::io::Error::other("something else has it in hand"))));
            }
        };
        let checked = guarded(CHECKING, move || {
            let is_whole = file.check_integrity()?;
            Ok((file, is_whole))
        });
        Ok(match checked {
            Ok((file, is_whole)) => {
                self.file = Some(Arc::new(file));
                let what = "a page does not have the checksum that it was written with".to_owned();
                (!is_whole).then(|| failed(redb::Error::Corrupted(what)))
            }
            Err(error) => Some(error),
        })
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        let Some(file) = self.file.take() else { return (self.release)() };
        match expected(move || Arc::into_inner(file).map(drop)) {
            Ok(Some(())) => {}
            // A stopped thread has it in hand.
            Ok(None) => (self.release)(),
            Err(none) => {
                let path = self.path.display();
                tracing::error!(%path, "{}", StoreError::without_result("closing it", none));
                (self.release)();
            }
        }
    }
}

impl Batches {
    /// The next batch. Those before one that cannot be read come all the same.
    pub(super) fn next(&mut self) -> Option<Result<(u64, Vec<u8>), StoreError>> {
        if self.read.is_empty() && self.failed.is_none() {
            self.read_on();
        }
        let read = self.read.pop_front().map(Ok);
        read.or_else(|| self.failed.take().map(Err))
    }

    fn read_on(&mut self) {
        let Some(mut range) = self.range.take() else { return };
        let (from, at_once) = (self.from, self.at_once);
        let read = Arc::new(Mutex::new(VecDeque::new()));
        let taken = Arc::clone(&read);
        let done = guarded("reading a batch", move || {
            take(&mut range, from, at_once, |batch| taken.lock().push_back(batch))?;
            Ok(range)
        });
        self.read = std::mem::take(&mut read.lock());
        let count = self.read.len() as u64;
        match done {
            Ok(_) if count > self.left || count == 0 && self.left > 0 => self.failed = Some(miscounted()),
            Ok(range) => self.range = Some(range),
            Err(error) => self.failed = Some(error),
        }
        self.left = self.left.saturating_sub(count);
        self.at_once = (at_once * 2).min(AT_ONCE);
    }
}

impl Drop for Batches {
    fn drop(&mut self) {
        let range = self.range.take();
        // It may panic as well, and there is nothing to be told of what was read.
        let _ = expected(move || drop(range));
    }
}

/// Takes the next batches from an end.
fn take(range: &mut Rows, from: Side, at_once: usize, mut to: impl FnMut((u64, Vec<u8>))) -> Result<(), redb::Error> {
    let mut bytes = 0;
    for _ in 0..at_once {
        let entry: Option<Entry> = match from {
            Side::First => range.next(),
            Side::Last => range.next_back(),
        };
        let Some((first, batch)) = entry.transpose()? else { break };
        bytes += batch.value().len();
        to((first.value(), batch.value().to_vec()));
        if bytes >= AT_ONCE_BYTES {
            break;
        }
    }
    Ok(())
}

/// A page that says that less is in it than there is hides what is behind.
fn miscounted() -> StoreError {
    let cause = redb::Error::Corrupted("it holds another number of batches than it says".to_owned());
    StoreError { tried: "reading a batch".to_owned(), cause: Cause::Error(cause) }
}

fn closed() -> redb::Error {
    redb::Error::Io(std::io::Error::other("the file is closed"))
}

/// A row as redb gives it.
type Entry = Result<(AccessGuard<'static, u64>, AccessGuard<'static, &'static [u8]>), StorageError>;

impl StoreError {
    fn without_result(tried: &str, none: NoResult) -> StoreError {
        let cause = match none {
            NoResult::Panicked(words) => Cause::Panic(words),
            NoResult::NoThread(error) => Cause::Error(redb::Error::Io(error)),
        };
        StoreError { tried: tried.to_owned(), cause }
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

fn guarded<T: Send + 'static>(
    tried: &str,
    work: impl FnOnce() -> Result<T, redb::Error> + Send + 'static,
) -> Result<T, StoreError> {
    match expected(work) {
        Ok(done) => done.map_err(|error| StoreError { tried: tried.to_owned(), cause: Cause::Error(error) }),
        Err(none) => Err(StoreError::without_result(tried, none)),
    }
}

#[cfg(test)]
mod tests {
    use redb::backends::InMemoryBackend;

    use super::*;

    /// A storage in memory, shared like that of a file.
    #[derive(Clone, Debug)]
    struct Shared(Arc<InMemoryBackend>);

    impl StorageBackend for Shared {
        fn len(&self) -> std::io::Result<u64> {
            self.0.len()
        }

        fn read(&self, offset: u64, out: &mut [u8]) -> std::io::Result<()> {
            self.0.read(offset, out)
        }

        fn set_len(&self, len: u64) -> std::io::Result<()> {
            self.0.set_len(len)
        }

        fn sync_data(&self) -> std::io::Result<()> {
            self.0.sync_data()
        }

        fn write(&self, offset: u64, data: &[u8]) -> std::io::Result<()> {
            self.0.write(offset, data)
        }
    }

    #[test]
    fn a_file_that_something_else_has_in_hand_is_not_taken_for_a_whole_one() {
        let storage = Shared(Arc::new(InMemoryBackend::new()));
        let mut store = Store::open(Path::new("journal"), storage).unwrap();
        let held = store.file.clone();
        let error = store.damage().unwrap_err().to_string();
        assert!(error.contains("while checking its pages") && error.contains("has it in hand"), "{error}");
        // It is still open.
        store.call("looking", |file| file.begin_read().map(drop).map_err(redb::Error::from)).unwrap();
        drop(held);
        assert!(store.damage().unwrap().is_none());
        store.file = None;
        assert!(store.damage().is_err(), "a closed file is not whole either");
    }
}
