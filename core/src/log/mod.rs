//! From an applied event to a durable one.
//!
//! ```text
//!  reserve ──► decide ──► append ──► apply ──► applied ──► open batch ──► next_batch ──► Journal::append ──► journaled ──► gate
//!  (before     (under     (gives the          (lets the                  (seals: checksum,                  (gives the room
//!   any lock)   the locks) sequence)           journal have it)           previous hash)                     back, opens the gate)
//! ```
//!
//! Engine threads call [`Log::reserve`], [`Log::append`] and [`Appended::applied`]; one journal thread calls [`Log::next_batch`] and
//! [`Log::journaled`]; the sender of replies waits at the [`Gate`]. The sequence is given by one short leaf mutex, taken
//! last, so that its order agrees with every other lock and what is durable is always a prefix of what happened.

mod format;
mod gate;
mod journal;
#[cfg(all(test, stockade_loom))]
mod loom_tests;
mod open;

use std::collections::VecDeque;
use std::sync::Arc as StdArc;
use std::time::Duration;

use crossbeam::utils::CachePadded;

use crate::ids::Seq;
use crate::limits::{LOG_BACKLOG_BYTES, LOG_RESERVED_BYTES};
use crate::reject::{Reject, RetryAfter};
use crate::sync::{AtomicBool, AtomicUsize, Condvar, Mutex, Ordering};
use crate::time::Span;

pub use format::{
    Batch, BatchError, ChainHash, EVENT_BYTES_MAX, FORMAT, SealedBatch, decode_envelope, encode_envelope,
};
pub use gate::Gate;
pub use journal::{History, Journal, JournalError, MemoryJournal};

use format::batch;
use open::{Open, RawBatch};

/// When to come back after admission was refused: about what a journal needs for a few batches.
const RETRY_AFTER: Span = Span::from_millis(50);

/// The open batch, the batches that wait for the journal, and the gate.
#[derive(Debug)]
pub struct Log {
    open: CachePadded<Mutex<Open>>,
    bell: Condvar,
    /// Bytes promised to rooms or not yet journaled.
    used: CachePadded<AtomicUsize>,
    is_halted: AtomicBool,
    halt_reason: Mutex<Option<String>>,
    sealer: Mutex<Sealer>,
    gate: Gate,
}

/// What only the journal side touches.
#[derive(Debug)]
struct Sealer {
    chain: ChainHash,
    /// Batches given out and not yet journaled: last sequence and bytes charged.
    given: VecDeque<(Seq, usize)>,
}

/// Which share of the room a commit may use.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Admission {
    /// New work: orders, stock commands.
    Ordinary,
    /// What frees room or keeps promises: lifecycle commands and expiry.
    Reserved,
}

/// Room in the log for one event. Dropped unused, it is given back.
#[derive(Debug)]
#[must_use = "room that is dropped is given back"]
pub struct Room<'a> {
    log: &'a Log,
    bytes: usize,
}

/// An event with its sequence, about to be applied. The journal gets it, and everything after it, only once it is:
/// dropped before, it halts the log, so that a commit that breaks in the middle is in no history.
#[derive(Debug)]
#[must_use = "an event that is not applied halts the log"]
pub struct Appended<'a> {
    log: &'a Log,
    seq: Seq,
}

/// An event in the form of a batch of its own.
#[derive(Debug)]
pub(crate) struct LaidOut(Vec<u8>);

impl LaidOut {
    fn len(&self) -> usize {
        self.0.len() - format::batch::HEADER_BYTES - open::EVENT_OVERHEAD
    }
}

/// The log takes no more events; [`Log::halted`] says why.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the log is halted and takes no more events")]
pub struct Halted;

impl Log {
    /// A log whose first event follows `after`, on a history that ends with `chain`.
    pub fn new(after: Seq, chain: ChainHash) -> Log {
        Log {
            open: CachePadded::new(Mutex::new(Open::new(after))),
            bell: Condvar::new(),
            used: CachePadded::new(AtomicUsize::new(0)),
            is_halted: AtomicBool::new(false),
            halt_reason: Mutex::new(None),
            sealer: Mutex::new(Sealer { chain, given: VecDeque::new() }),
            gate: Gate::new(after),
        }
    }

    /// Room for one event of up to `bytes` bytes, asked for before any lock is taken so that the append cannot fail.
    ///
    /// # Errors
    /// [`Reject::Overloaded`] while the journal is too far behind, [`Reject::Halted`], and [`Reject::Invalid`] for an
    /// event no batch can hold.
    pub fn reserve(&self, bytes: usize, class: Admission) -> Result<Room<'_>, Reject> {
        if self.is_halted.load(Ordering::Acquire) {
            return Err(Reject::Halted { reason: self.halted().unwrap_or_default() });
        }
        if bytes > EVENT_BYTES_MAX {
            let reason = format!("needs an event of {bytes} bytes, at most {EVENT_BYTES_MAX} fit: split it");
            return Err(Reject::Invalid { field: "command".into(), reason });
        }
        let bytes = bytes + open::EVENT_OVERHEAD;
        let limit = match class {
            Admission::Ordinary => LOG_BACKLOG_BYTES,
            Admission::Reserved => LOG_BACKLOG_BYTES + LOG_RESERVED_BYTES,
        };
        let before = self.used.fetch_add(bytes, Ordering::Relaxed);
        if before + bytes > limit {
            self.used.fetch_sub(bytes, Ordering::Relaxed);
            return Err(Reject::Overloaded { retry_after: RetryAfter(RETRY_AFTER) });
        }
        Ok(Room { log: self, bytes })
    }

    /// Adds an event to the open batch and gives it its sequence. Called under the locks of everything it touches, before
    /// it is applied.
    ///
    /// An event larger than its room is taken nevertheless and charged in full; one that no batch can hold halts the log.
    ///
    /// # Errors
    /// Only after a halt.
    pub fn append(&self, room: Room<'_>, event: &[u8]) -> Result<Appended<'_>, Halted> {
        self.append_with(room, event.len(), |open| open.push(event))
    }

    /// Lays out a large event before any lock is taken, so that [`Log::append_laid_out`] takes the same time for every size.
    pub(crate) fn lay_out(event: &[u8]) -> LaidOut {
        LaidOut(RawBatch::lay_out(event))
    }

    /// The same as [`Log::append`] for an event that is laid out. It becomes a batch of its own.
    ///
    /// # Errors
    /// Only after a halt.
    pub(crate) fn append_laid_out(&self, room: Room<'_>, event: LaidOut) -> Result<Appended<'_>, Halted> {
        self.append_with(room, event.len(), |open| open.push_laid_out(event.0))
    }

    #[inline]
    fn append_with(
        &self,
        mut room: Room<'_>,
        bytes: usize,
        push: impl FnOnce(&mut Open) -> Option<Seq>,
    ) -> Result<Appended<'_>, Halted> {
        if bytes > EVENT_BYTES_MAX {
            self.halt(format!("an event of {bytes} bytes came to the log, at most {EVENT_BYTES_MAX} fit"));
            return Err(Halted);
        }
        let seq = push(&mut self.open.lock()).ok_or(Halted)?;
        let charged = bytes + open::EVENT_OVERHEAD;
        if room.bytes < charged {
            self.used.fetch_add(charged - room.bytes, Ordering::Relaxed);
        }
        // What is left of the room goes back when it is dropped; the event's share stays charged until it is journaled.
        room.bytes = room.bytes.saturating_sub(charged);
        Ok(Appended { log: self, seq })
    }

    /// Latches the log: once this returns, no event is appended and the gate does not open any further.
    /// The first reason is kept.
    pub fn halt(&self, reason: String) {
        self.halt_reason.lock().get_or_insert(reason);
        let wake = self.open.lock().halt();
        self.is_halted.store(true, Ordering::Release);
        self.gate.close();
        if wake {
            self.bell.notify_one();
        }
    }

    /// Why the log is halted, if it is.
    pub fn halted(&self) -> Option<String> {
        if !self.is_halted.load(Ordering::Acquire) {
            return None;
        }
        self.halt_reason.lock().clone()
    }

    /// The sequence of the last event appended.
    pub fn last(&self) -> Seq {
        self.open.lock().last()
    }

    /// The last event of which it is certain that it and all before it are applied.
    pub fn applied(&self) -> Seq {
        self.open.lock().applied_up_to()
    }

    /// Bytes that wait to be journaled or are promised to commits under way.
    pub fn backlog_bytes(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    /// Seals what has gathered, oldest first, and waits for something to gather up to `timeout`. What arrives while the
    /// journal writes is the next batch. For one journal thread; it also hands out, after a halt, what came before it.
    ///
    /// `None` when nothing came, or when [`Log::wake`] was called, or at once when the log is halted and empty.
    pub fn next_batch(&self, timeout: Duration) -> Option<SealedBatch> {
        drop(self.bell.wait_while(self.open.lock(), timeout, Open::nothing_to_do));
        // The sealer is held from taking to sealing, so that batches are chained in the order they were cut.
        let mut sealer = self.sealer.lock();
        let raw = self.open.lock().take()?;
        let charged = raw.event_bytes();
        let (batch, buffer) = raw.seal(sealer.chain);
        sealer.chain = batch.chain;
        sealer.given.push_back((batch.last, charged));
        self.open.lock().give_back(buffer);
        Some(batch)
    }

    /// Makes a waiting [`Log::next_batch`] return, so that its thread can look at something else.
    pub fn wake(&self) {
        self.open.lock().interrupt();
        self.bell.notify_one();
    }

    /// Everything up to `last` is in the journal: gives its room back and opens the gate to there.
    pub fn journaled(&self, last: Seq) {
        let mut freed = 0;
        {
            let mut sealer = self.sealer.lock();
            while let Some(&(seq, charged)) = sealer.given.front()
                && seq <= last
            {
                freed += charged;
                sealer.given.pop_front();
            }
        }
        self.used.fetch_sub(freed, Ordering::Relaxed);
        self.gate.journaled(last);
    }

    /// Everything up to `last` is acknowledged by a replica of the journal.
    pub fn replicated(&self, last: Seq) {
        self.gate.replicated(last);
    }

    /// Where replies wait.
    pub fn gate(&self) -> &Gate {
        &self.gate
    }

    /// Sets where the history stands after recovery, before the first append. All of it is journaled.
    ///
    /// Halts the log when something was appended or given out already: two histories would share their numbers.
    pub fn resume(&self, after: Seq, chain: ChainHash) {
        let fresh = {
            let mut sealer = self.sealer.lock();
            sealer.chain = chain;
            sealer.given.is_empty() && self.open.lock().restart(after)
        };
        if fresh {
            self.gate.journaled(after);
        } else {
            self.halt(format!("the log was told to resume after {after} when it held events already"));
        }
    }

    /// Bytes of memory: events that are not sealed yet, and sealed batches that the journal has not acknowledged.
    pub fn memory(&self) -> usize {
        let given = {
            let sealer = self.sealer.lock();
            let batches: usize = sealer.given.iter().map(|(_, charged)| charged + batch::HEADER_BYTES).sum();
            batches + sealer.given.capacity() * size_of::<(Seq, usize)>()
        };
        given + self.open.lock().memory()
    }

    /// Whether nothing waits for the journal: every event appended so far is journaled.
    pub fn is_drained(&self) -> bool {
        let sealer = self.sealer.lock();
        sealer.given.is_empty() && self.open.lock().is_empty()
    }
}

impl Room<'_> {
    /// Bytes of event this room was asked for.
    pub fn bytes(&self) -> usize {
        self.bytes.saturating_sub(open::EVENT_OVERHEAD)
    }
}

impl Appended<'_> {
    /// The event's sequence.
    pub fn seq(&self) -> Seq {
        self.seq
    }

    /// The event is applied: the journal may have it.
    pub fn applied(self) -> Seq {
        let (log, seq) = (self.log, self.seq);
        std::mem::forget(self);
        if log.open.lock().applied(seq) {
            log.bell.notify_one();
        }
        seq
    }
}

impl Drop for Appended<'_> {
    fn drop(&mut self) {
        self.log.halt(format!("event {} was not applied to the end", self.seq));
    }
}

impl Drop for Room<'_> {
    fn drop(&mut self) {
        if self.bytes > 0 {
            self.log.used.fetch_sub(self.bytes, Ordering::Relaxed);
        }
    }
}

impl RawBatch {
    /// Seals and returns the buffer for use again.
    fn seal(mut self, previous: ChainHash) -> (SealedBatch, Vec<u8>) {
        let last = Seq(self.first.0 + u64::from(self.count) - 1);
        batch::write_header(&mut self.bytes, self.count, self.first, previous);
        let bytes: StdArc<[u8]> = StdArc::from(&self.bytes[..]);
        let chain = ChainHash::of(&bytes);
        (SealedBatch { first: self.first, last, chain, bytes }, self.bytes)
    }
}

#[cfg(all(test, not(stockade_loom)))]
mod tests;
