//! The tables of a journal file, and how a file is opened, looked at, written and read.

use std::fmt;
use std::ops::ControlFlow;
use std::path::Path;

use redb::{Database, Durability as Commit, ReadableDatabase, ReadableTable, TableDefinition, WriteTransaction};
use stockade_core::ids::Seq;
use stockade_core::log::{Batch, ChainHash, JournalError, SealedBatch};

use super::faults::{damaged, other_format, refusal, unavailable, unreadable, unsynced};
use super::storage::{Place, Watched};
use super::untouched::Untouched;
use crate::panics::expected;

/// First sequence to batch.
pub(super) const BATCHES: TableDefinition<u64, &[u8]> = TableDefinition::new("batches");
/// Names to numbers: `format`, and the halves of the identity, `id_high` and `id_low`.
const ABOUT: TableDefinition<&str, u64> = TableDefinition::new("about");
/// Layout of the tables above; the batches in them have a format of their own.
const FORMAT: u64 = 1;
/// Memory redb may use for pages: what is written is not read again.
pub(super) const CACHE_BYTES: usize = 16 * 1024 * 1024;

/// Identity of a journal, random, given when it is created.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Identity(u128);

impl Identity {
    fn random() -> Result<Identity, redb::Error> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(|e| redb::Error::Io(std::io::Error::other(e.to_string())))?;
        Ok(Identity(u128::from_le_bytes(bytes)))
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// Where a history ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct End {
    /// The last event.
    pub(super) last: Seq,
    /// The hash of the history up to it.
    pub(super) chain: ChainHash,
}

/// A file that is open for writing.
pub(super) struct Opened {
    pub(super) file: Database,
    pub(super) watched: Watched,
    pub(super) identity: Identity,
    pub(super) end: End,
}

/// Opens an existing file that was looked at. Everything in it is on disk afterwards: a process that was killed may have
/// left it half synced.
///
/// # Errors
/// When it is in use, damaged or of another format; [`JournalError::SyncFailed`].
pub(super) fn open(place: &Place) -> Result<Opened, JournalError> {
    let path = &place.path;
    let watched = place.open().map_err(|e| refusal(path, e))?;
    open_watched(path, &watched).map_err(|error| match watched.sync_failed() {
        true => unsynced(path, format!("a sync failed while it was opened ({error}): it has to be written anew")),
        false => error,
    })
}

fn open_watched(path: &Path, watched: &Watched) -> Result<Opened, JournalError> {
    let opened = Database::builder().set_cache_size(CACHE_BYTES).create_with_backend(watched.clone());
    let file = opened.map_err(|e| refusal(path, e))?;
    check_layout(&file, path)?;
    let identity = identify(&file, None).map_err(|e| damaged(path, e))?;
    watched.settle().map_err(|e| unavailable(path, e))?;
    let end = end_of(&file, path)?;
    Ok(Opened { file, watched: watched.clone(), identity, end })
}

/// Opens a file without changing a byte of it, and finds out whether this build reads it.
///
/// # Errors
/// When it is in use, damaged or of another format.
pub(super) fn look_at(path: &Path) -> Result<Database, JournalError> {
    if std::fs::metadata(path).is_ok_and(|about| about.is_file() && about.len() == 0) {
        // Otherwise a file truncated to nothing would silently become a new history.
        let reason = format!(
            "{} is empty, which no journal is: restore it from a backup, or delete it if nothing was ever placed here",
            path.display()
        );
        return Err(JournalError::Corrupt { reason });
    }
    let untouched = Untouched::open(path).map_err(|e| refusal(path, e))?;
    let looked = expected(|| {
        let opened = Database::builder().set_cache_size(CACHE_BYTES).create_with_backend(untouched);
        let file = opened.map_err(|e| refusal(path, e))?;
        check_layout(&file, path)?;
        end_of(&file, path)?;
        Ok(file)
    });
    looked.unwrap_or_else(|words| Err(damaged(path, words)))
}

fn check_layout(file: &Database, path: &Path) -> Result<(), JournalError> {
    let found = format_of(file).map_err(|e| damaged(path, e))?;
    if found == FORMAT {
        return Ok(());
    }
    Err(other_format(path, format!("file layout {found}"), format!("file layout {FORMAT}")))
}

/// The format of the file; an empty file gets the current one.
pub(super) fn format_of(file: &Database) -> Result<u64, redb::Error> {
    let write = begin(file)?;
    let format = {
        let mut about = write.open_table(ABOUT)?;
        let found = about.get("format")?.map(|format| format.value());
        match found {
            Some(format) => return Ok(format),
            None => about.insert("format", FORMAT)?,
        };
        write.open_table(BATCHES)?;
        FORMAT
    };
    write.commit()?;
    Ok(format)
}

/// The identity of a file that is open for writing. One that has none, because it is new or from an earlier build, gets
/// `given` or a random one.
pub(super) fn identify(file: &Database, given: Option<Identity>) -> Result<Identity, redb::Error> {
    if let Some(identity) = identity_of(file)? {
        return Ok(identity);
    }
    let identity = given.map_or_else(Identity::random, Ok)?;
    let write = begin(file)?;
    {
        let mut about = write.open_table(ABOUT)?;
        about.insert("id_high", (identity.0 >> 64) as u64)?;
        about.insert("id_low", identity.0 as u64)?;
    }
    write.commit()?;
    Ok(identity)
}

/// The identity of a file, if it has one.
pub(super) fn identity_of(file: &Database) -> Result<Option<Identity>, redb::Error> {
    let about = file.begin_read()?.open_table(ABOUT)?;
    let half = |name| Ok::<_, redb::Error>(about.get(name)?.map(|half| u128::from(half.value())));
    Ok(half("id_high")?.zip(half("id_low")?).map(|(high, low)| Identity(high << 64 | low)))
}

/// A transaction that is on disk when it is committed, in two phases: the commit slot before stays whole until the pages
/// of the new one are synced, so that a torn or damaged slot is noticed and not taken for an older history. It also
/// records which pages are in use, so that the file is not read as a whole after a kill.
fn begin(file: &Database) -> Result<WriteTransaction, redb::Error> {
    let mut write = file.begin_write()?;
    write.set_durability(Commit::Immediate)?;
    write.set_two_phase_commit(true);
    write.set_quick_repair(true);
    Ok(write)
}

/// Adds a batch; returns when it is on disk.
pub(super) fn write(file: &Database, batch: &SealedBatch) -> Result<(), redb::Error> {
    write_all(file, [(batch.first, &*batch.bytes)])
}

/// Adds batches by their first sequences, all or none; returns when they are on disk.
pub(super) fn write_all<'b>(
    file: &Database,
    batches: impl IntoIterator<Item = (Seq, &'b [u8])>,
) -> Result<(), redb::Error> {
    let write = begin(file)?;
    {
        let mut table = write.open_table(BATCHES)?;
        for (first, bytes) in batches {
            table.insert(first.0, bytes)?;
        }
    }
    write.commit()?;
    Ok(())
}

/// Shows every batch in order, until the visitor breaks off.
///
/// # Errors
/// [`JournalError::Corrupt`] and [`JournalError::OtherFormat`] for what cannot be read.
pub(super) fn each<B>(
    file: &Database,
    path: &Path,
    mut visit: impl FnMut(&[u8]) -> ControlFlow<B>,
) -> Result<ControlFlow<B>, JournalError> {
    let read = file.begin_read().map_err(|e| damaged(path, e))?;
    let batches = read.open_table(BATCHES).map_err(|e| damaged(path, e))?;
    for entry in batches.iter().map_err(|e| damaged(path, e))? {
        let (first, bytes) = entry.map_err(|e| damaged(path, e))?;
        let (says, _) = Batch::span(bytes.value()).map_err(|e| unreadable(path, e))?;
        if says.0 != first.value() {
            return Err(damaged(path, format!("the batch at {} says it begins at {says}", first.value())));
        }
        if let ControlFlow::Break(with) = visit(bytes.value()) {
            return Ok(ControlFlow::Break(with));
        }
    }
    Ok(ControlFlow::Continue(()))
}

/// The latest batches, oldest first: at most `bytes`, and at least the last one.
pub(super) fn latest(file: &Database, path: &Path, bytes: usize) -> Result<Vec<SealedBatch>, JournalError> {
    let read = file.begin_read().map_err(|e| damaged(path, e))?;
    let batches = read.open_table(BATCHES).map_err(|e| damaged(path, e))?;
    let (mut latest, mut total) = (Vec::new(), 0);
    for entry in batches.iter().map_err(|e| damaged(path, e))?.rev() {
        let (_, found) = entry.map_err(|e| damaged(path, e))?;
        total += found.value().len();
        if total > bytes && !latest.is_empty() {
            break;
        }
        latest.push(sealed(found.value(), path)?);
    }
    latest.reverse();
    Ok(latest)
}

fn sealed(bytes: &[u8], path: &Path) -> Result<SealedBatch, JournalError> {
    let batch = Batch::decode(bytes).map_err(|e| unreadable(path, e))?;
    Ok(SealedBatch { first: batch.first, last: batch.last, chain: batch.chain, bytes: bytes.into() })
}

/// Where the history of a file ends.
pub(super) fn end_of(file: &Database, path: &Path) -> Result<End, JournalError> {
    let last = latest(file, path, 0)?.pop();
    Ok(last.map_or_else(End::default, |batch| End { last: batch.last, chain: batch.chain }))
}
