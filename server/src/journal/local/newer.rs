//! A commit that is in a file and that the file does not point to.
//!
//! ```text
//!   byte 9, bit 0: which slot counts ──┐
//!   slot 0  transaction 11  ◄──────────┘     slot 1  transaction 12     newer: what is in it is taken over
//! ```
//!
//! A commit writes its slot, syncs, and then points to it by one bit that no checksum covers. So a newer slot means that the
//! process was killed between the two, or that the bit is damaged and acknowledged batches are behind the other slot. Either
//! way its batches are taken over if they are whole: nobody was told that they are not there.

use std::path::Path;
use std::sync::Arc;

use redb::StorageBackend;
use stockade_core::log::{Batch, JournalError, SealedBatch};

use super::faults::{unavailable, unsynced};
use super::file::{self, End, Opened};
use super::storage::Place;
use super::store::{Side, Store};
use super::untouched::{SLOTS_AT, Untouched};

/// Where redb keeps the byte of which bit 0 says which slot counts.
const POINTER_AT: u64 = 9;
/// Where the transaction id is in each slot.
const TRANSACTION_AT: u64 = 104;

/// Opens an existing file, with what is in it and it does not point to. Also returns its latest batches, oldest first: at most
/// `latest` bytes, and at least the last one. They are read before anything is written to the file.
///
/// # Errors
/// As [`file::open`].
pub(super) fn open(place: &Place, latest: usize) -> Result<(Opened, Vec<SealedBatch>), JournalError> {
    let path = &place.path;
    let before = file::latest(&file::look_at(path)?, latest)?;
    let end = End::after(&before);
    let newer = batches(path, end);
    let mut opened = file::open(place)?;
    if let Some(last) = newer.last().filter(|last| opened.end.last < last.last) {
        let after = opened.end;
        let rest = newer.iter().filter(|batch| batch.first > after.last);
        let written =
            file::write_all(&opened.file, rest.map(|batch| (batch.first, Arc::clone(&batch.bytes))).collect());
        written.map_err(|e| match opened.watched.sync_failed() {
            true => unsynced(path, format!("a sync failed while it was opened ({e}): it has to be written anew")),
            false => unavailable(path, e),
        })?;
        opened.end = End { last: last.last, chain: last.chain };
        tracing::warn!(
            path = %path.display(),
            after = after.last.0,
            to = last.last.0,
            "the file held a whole commit that it did not point to, and it is taken over: the process was killed within that \
             commit, or the header of the file is damaged"
        );
    }
    let before = if opened.end == end { before } else { file::latest(&opened.file, latest)? };
    Ok((opened, before))
}

/// The batches after `end` of a commit that the file holds and does not point to. Empty when there is no such commit or
/// when it is not whole, as after a power cut in the middle of it.
fn batches(path: &Path, end: End) -> Vec<SealedBatch> {
    let Ok(Some(pointer)) = newer_slot(path) else { return Vec::new() };
    behind(path, pointer, end).unwrap_or_default()
}

/// The byte that points to the other slot, if that is newer.
fn newer_slot(path: &Path) -> Result<Option<u8>, redb::Error> {
    let file = Untouched::open(path)?;
    let mut pointer = [0];
    file.read(POINTER_AT, &mut pointer)?;
    let transaction = |slot: u64| {
        let mut id = [0; 8];
        file.read(slot + TRANSACTION_AT, &mut id).map(|()| u64::from_le_bytes(id))
    };
    let ids = [transaction(SLOTS_AT[0])?, transaction(SLOTS_AT[1])?];
    let counts = usize::from(pointer[0] & 1);
    Ok((ids[1 - counts] > ids[counts]).then_some(pointer[0] ^ 1))
}

/// The batches after `end`, read as if the file pointed to the other slot. `None` when they are not whole.
fn behind(path: &Path, pointer: u8, end: End) -> Option<Vec<SealedBatch>> {
    let layer = Untouched::open(path).ok()?;
    layer.write(POINTER_AT, &[pointer]).ok()?;
    let file = Store::open(path, layer).ok()?;
    let mut batches = file.batches(Side::Last).ok()?;
    let mut found: Vec<SealedBatch> = Vec::new();
    // From the last one back, so that the time does not grow with the history.
    while let Some(entry) = batches.next() {
        let (_, bytes) = entry.ok()?;
        let batch = Batch::decode(&bytes).ok()?;
        if batch.last <= end.last {
            return (batch.last == end.last && batch.chain == end.chain).then_some(()).and(in_order(found, end));
        }
        let (first, last, chain) = (batch.first, batch.last, batch.chain);
        found.push(SealedBatch { first, last, chain, bytes: bytes.into() });
    }
    (end == End::default()).then_some(()).and(in_order(found, end))
}

/// The batches from the first on, if each follows the one before it and the first follows `end`.
fn in_order(mut found: Vec<SealedBatch>, end: End) -> Option<Vec<SealedBatch>> {
    found.reverse();
    let mut reached = end;
    for sealed in &found {
        let batch = Batch::decode(&sealed.bytes).ok()?;
        if batch.first != reached.last.next() || batch.previous != reached.chain {
            return None;
        }
        reached = End { last: batch.last, chain: batch.chain };
    }
    Some(found)
}
