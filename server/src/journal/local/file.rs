//! The tables of a journal file, and how a file is opened, looked at, written and read.

use std::fmt;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use redb::{Database, Durability as Commit, ReadableDatabase, TableDefinition, WriteTransaction};
use stockade_core::ids::Seq;
use stockade_core::log::{Batch, BatchError, ChainHash, JournalError, SealedBatch};

use super::faults::{damaged, other_format, other_journal, refusal, unavailable, unsynced};
use super::storage::{Place, Watched};
use super::store::{BATCHES, Side, Store, StoreError};
use super::untouched::Untouched;

/// Names to numbers: `format`, and the halves of the identity, `id_high` and `id_low`.
const ABOUT: TableDefinition<&str, u64> = TableDefinition::new("about");
/// Layout of the tables above; the batches in them have a format of their own.
const FORMAT: u64 = 1;
/// Bytes of redb's header, before the first page.
const HEADER_BYTES: u64 = 4_096;

/// Identity of a journal, random, given when it is created.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Identity(u128);

impl Identity {
    pub(super) fn random() -> Result<Identity, redb::Error> {
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

impl End {
    /// Where a history ends of which these are the latest batches, oldest first.
    pub(super) fn after(latest: &[SealedBatch]) -> End {
        latest.last().map_or_else(End::default, |batch| End { last: batch.last, chain: batch.chain })
    }
}

/// A file that is open for writing.
pub(super) struct Opened {
    pub(super) file: Store,
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
    let file = Store::open(path, watched.clone())?;
    check_layout(&file)?;
    let identity = known_identity(&file)?;
    watched.settle().map_err(|e| unavailable(path, e))?;
    let end = end_of(&file)?;
    Ok(Opened { file, watched: watched.clone(), identity, end })
}

/// Opens a file without changing a byte of it, and finds out whether this build reads it and whose history it holds.
///
/// # Errors
/// When it is in use, damaged or of another format.
pub(super) fn look_at(path: &Path) -> Result<Store, JournalError> {
    match std::fs::metadata(path).map(|about| about.is_file().then_some(about.len())) {
        Ok(Some(0)) => {
            // Otherwise a file truncated to nothing would silently become a new history.
            let reason = format!(
                "{} is empty, which no journal is: restore it from a backup, or delete it if nothing was ever placed here",
                path.display()
            );
            return Err(JournalError::Corrupt { reason });
        }
        Ok(Some(len)) if len < HEADER_BYTES => {
            return Err(damaged(
                path,
                format!("it is cut short: it has {len} bytes, and its header alone {HEADER_BYTES}"),
            ));
        }
        Ok(_) | Err(_) => {}
    }
    let untouched = Untouched::open(path).map_err(|e| refusal(path, e))?;
    let slots = untouched.slot_formats();
    let mut file = Store::open(path, untouched).map_err(|error| match (&error, slots) {
        (JournalError::OtherFormat { .. }, Some([one, other])) if one != other => {
            damaged(path, format!("its two commit slots say database format {one} and {other}"))
        }
        _ => error,
    })?;
    match check_layout(&file).and_then(|()| known_identity(&file)).and_then(|_| end_of(&file)) {
        Ok(_) => try_commit(&file).map(|()| file).map_err(|e| damaged(path, e)),
        // A damaged number must not send anybody for another build.
        Err(error @ JournalError::OtherFormat { .. }) => match file.damage().map_err(|e| unavailable(path, e))? {
            Some(damage) => Err(damaged(path, damage)),
            None => Err(error),
        },
        Err(error) => Err(error),
    }
}

/// Commits to a file that was looked at, where that changes nothing. What a commit needs is read by nothing else: damage of it
/// would show only when the first order cannot be journaled.
fn try_commit(file: &Store) -> Result<(), StoreError> {
    file.call("trying a commit", |file| {
        let write = begin(file)?;
        write.open_table(ABOUT)?.insert("format", FORMAT)?;
        write.commit()?;
        Ok(())
    })
}

fn check_layout(file: &Store) -> Result<(), JournalError> {
    let found = format_of(file).map_err(|e| damaged(file.path(), e))?;
    match found {
        Some(FORMAT) => Ok(()),
        Some(found) => Err(other_format(file.path(), format!("file layout {found}"), format!("file layout {FORMAT}"))),
        None => Err(damaged(file.path(), "its layout has no number")),
    }
}

fn format_of(file: &Store) -> Result<Option<u64>, StoreError> {
    file.call("reading its format", |file| {
        let about = file.begin_read()?.open_table(ABOUT)?;
        Ok(about.get("format")?.map(|format| format.value()))
    })
}

/// The identity that a file got when it was created. One without is not given another: whoever compares it with the mark or a
/// backup would take it for a history of its own.
fn known_identity(file: &Store) -> Result<Identity, JournalError> {
    let identity = identity_of(file).map_err(|e| damaged(file.path(), e))?;
    identity.ok_or_else(|| damaged(file.path(), "its identity is gone"))
}

/// Makes the tables of a new file and gives it this identity, or a random one.
pub(super) fn begin_history(file: &Store, given: Option<Identity>) -> Result<(), StoreError> {
    file.call("beginning a history", move |file| {
        let identity = given.map_or_else(Identity::random, Ok)?;
        let write = begin(file)?;
        {
            let mut about = write.open_table(ABOUT)?;
            about.insert("format", FORMAT)?;
            about.insert("id_high", (identity.0 >> 64) as u64)?;
            about.insert("id_low", identity.0 as u64)?;
            write.open_table(BATCHES)?;
        }
        write.commit()?;
        Ok(())
    })
}

/// The identity of a file, if it has one.
pub(super) fn identity_of(file: &Store) -> Result<Option<Identity>, StoreError> {
    file.call("reading its identity", |file| {
        let about = file.begin_read()?.open_table(ABOUT)?;
        let half = |name| Ok::<_, redb::Error>(about.get(name)?.map(|half| u128::from(half.value())));
        Ok(half("id_high")?.zip(half("id_low")?).map(|(high, low)| Identity(high << 64 | low)))
    })
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
pub(super) fn write(file: &Store, batch: &SealedBatch) -> Result<(), StoreError> {
    write_all(file, vec![(batch.first, Arc::clone(&batch.bytes))])
}

/// Adds batches by their first sequences, all or none; returns when they are on disk.
pub(super) fn write_all(file: &Store, batches: Vec<(Seq, Arc<[u8]>)>) -> Result<(), StoreError> {
    file.call("adding a batch", move |file| {
        let write = begin(file)?;
        {
            let mut table = write.open_table(BATCHES)?;
            for (first, bytes) in batches {
                table.insert(first.0, &*bytes)?;
            }
        }
        write.commit()?;
        Ok(())
    })
}

/// Shows every batch of a file that was looked at in order, until the visitor breaks off.
///
/// # Errors
/// [`JournalError::Corrupt`] for what cannot be read. A journal is of one format, and its last batch was read before: another
/// format within it is damage.
pub(super) fn each<B>(
    file: &Store,
    mut visit: impl FnMut(&[u8]) -> ControlFlow<B>,
) -> Result<ControlFlow<B>, JournalError> {
    let path = file.path();
    let mut batches = file.batches(Side::First).map_err(|e| damaged(path, e))?;
    while let Some(entry) = batches.next() {
        let (first, bytes) = entry.map_err(|e| damaged(path, e))?;
        let (says, _) = Batch::span(&bytes).map_err(|e| damaged(path, format!("the batch at {first}: {e}")))?;
        if says.0 != first {
            return Err(damaged(path, format!("the batch at {first} says it begins at {says}")));
        }
        if let ControlFlow::Break(with) = visit(&bytes) {
            return Ok(ControlFlow::Break(with));
        }
    }
    Ok(ControlFlow::Continue(()))
}

/// The latest batches, oldest first: at most `bytes`, and at least the last one.
pub(super) fn latest(file: &Store, bytes: usize) -> Result<Vec<SealedBatch>, JournalError> {
    let path = file.path();
    let mut batches = file.batches(Side::Last).map_err(|e| damaged(path, e))?;
    let (mut latest, mut total) = (Vec::new(), 0);
    while let Some(entry) = batches.next() {
        let (first, found) = entry.map_err(|e| damaged(path, e))?;
        total += found.len();
        if total > bytes && !latest.is_empty() {
            break;
        }
        latest.push(match sealed(&found) {
            Ok(batch) => batch,
            Err(BatchError::UnknownFormat(format)) if latest.is_empty() => return Err(other_journal(path, format)),
            Err(error) => return Err(damaged(path, format!("the batch at {first}: {error}"))),
        });
    }
    latest.reverse();
    Ok(latest)
}

fn sealed(bytes: &[u8]) -> Result<SealedBatch, BatchError> {
    let batch = Batch::decode(bytes)?;
    Ok(SealedBatch { first: batch.first, last: batch.last, chain: batch.chain, bytes: bytes.into() })
}

/// Where the history of a file ends.
pub(super) fn end_of(file: &Store) -> Result<End, JournalError> {
    Ok(End::after(&latest(file, 0)?))
}
