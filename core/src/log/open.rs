//! The batch that is filling, behind the leaf mutex: nothing here computes, allocates in the steady state or waits.
//!
//! ```text
//!   full batches │ filling batch
//!   ─────────────┴──────────────┬───────────────────►
//!   applied: the journal's      │ from the first event on that is still being applied: nobody's yet
//! ```

use std::collections::VecDeque;

use crate::ids::Seq;
use crate::limits::BATCH_BYTES_SOFT;

use super::format::batch::HEADER_BYTES;

/// Bytes a batch holds for an event besides the event: its length.
pub(super) const EVENT_OVERHEAD: usize = 4;

/// Buffers kept for use again, and the size above which one is not worth keeping.
const SPARE_BUFFERS: usize = 16;
const SPARE_BYTES_MAX: usize = 4 * BATCH_BYTES_SOFT;

/// Events in their final bytes behind room for a header.
#[derive(Debug)]
pub(super) struct RawBatch {
    pub(super) first: Seq,
    pub(super) count: u32,
    pub(super) bytes: Vec<u8>,
}

/// An event that is being applied.
#[derive(Clone, Copy, Debug)]
struct Applying {
    seq: Seq,
    /// Where it begins in its batch.
    at: usize,
}

/// The batch that is filling and those that are full.
#[derive(Debug)]
pub(super) struct Open {
    filling: RawBatch,
    full: VecDeque<RawBatch>,
    spare: Vec<Vec<u8>>,
    /// Events that have their sequence and are still being applied: as many as threads commit at once.
    applying: Vec<Applying>,
    /// The journal thread sleeps, or is about to: the next append must ring.
    asleep: bool,
    interrupted: bool,
    halted: bool,
}

impl RawBatch {
    fn new(first: Seq, mut bytes: Vec<u8>) -> RawBatch {
        bytes.clear();
        bytes.resize(HEADER_BYTES, 0);
        RawBatch { first, count: 0, bytes }
    }

    fn next(&self) -> Seq {
        Seq(self.first.0 + u64::from(self.count))
    }

    /// A batch of one event, whose header and first sequence are written later.
    pub(super) fn lay_out(event: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER_BYTES + EVENT_OVERHEAD + event.len());
        bytes.resize(HEADER_BYTES, 0);
        bytes.extend_from_slice(&(event.len() as u32).to_le_bytes());
        bytes.extend_from_slice(event);
        bytes
    }

    /// What its events were charged.
    pub(super) fn event_bytes(&self) -> usize {
        self.bytes.len() - HEADER_BYTES
    }
}

impl Open {
    pub(super) fn new(after: Seq) -> Open {
        let bytes = Vec::with_capacity(BATCH_BYTES_SOFT);
        Open {
            filling: RawBatch::new(after.next(), bytes),
            full: VecDeque::new(),
            spare: Vec::new(),
            applying: Vec::new(),
            asleep: false,
            interrupted: false,
            halted: false,
        }
    }

    /// Adds an event that is about to be applied, and gives it its sequence. `None` once halted.
    #[inline]
    pub(super) fn push(&mut self, event: &[u8]) -> Option<Seq> {
        if self.halted {
            return None;
        }
        let grown = self.filling.bytes.len() + EVENT_OVERHEAD + event.len();
        if grown > BATCH_BYTES_SOFT && self.filling.count > 0 {
            self.cut();
        }
        let seq = self.filling.next();
        let filling = &mut self.filling;
        self.applying.push(Applying { seq, at: filling.bytes.len() });
        filling.bytes.extend_from_slice(&(event.len() as u32).to_le_bytes());
        filling.bytes.extend_from_slice(event);
        filling.count += 1;
        Some(seq)
    }

    /// The same for an event that was laid out as a batch of its own: copies nothing, however large it is.
    pub(super) fn push_laid_out(&mut self, bytes: Vec<u8>) -> Option<Seq> {
        if self.halted {
            return None;
        }
        if self.filling.count > 0 {
            self.cut();
        }
        let seq = self.filling.next();
        self.applying.push(Applying { seq, at: HEADER_BYTES });
        self.full.push_back(RawBatch { first: seq, count: 1, bytes });
        self.filling.first = seq.next();
        Some(seq)
    }

    /// An event is applied. Answers whether the journal thread must be woken.
    #[inline]
    pub(super) fn applied(&mut self, seq: Seq) -> bool {
        if let Some(at) = self.applying.iter().position(|applying| applying.seq == seq) {
            self.applying.swap_remove(at);
        }
        self.asleep && self.has_batch() && std::mem::take(&mut self.asleep)
    }

    /// Refuses all further events. Answers whether the journal thread must be woken.
    pub(super) fn halt(&mut self) -> bool {
        self.halted = true;
        std::mem::take(&mut self.asleep)
    }

    /// Makes the journal thread come back without a batch.
    pub(super) fn interrupt(&mut self) {
        self.interrupted = true;
        self.asleep = false;
    }

    /// Whether the journal thread should sleep; if so, the next append will wake it.
    pub(super) fn nothing_to_do(&mut self) -> bool {
        self.asleep = !self.has_batch() && !self.interrupted && !self.halted;
        self.asleep
    }

    /// Whether the oldest event is applied.
    fn has_batch(&self) -> bool {
        !self.is_empty() && self.first_applying().is_none_or(|applying| self.first() < applying.seq)
    }

    /// The oldest batch, as far as all of it is applied, if any.
    pub(super) fn take(&mut self) -> Option<RawBatch> {
        self.asleep = false;
        self.interrupted = false;
        if !self.has_batch() {
            return None;
        }
        let is_last = self.full.is_empty();
        if is_last {
            self.cut();
        }
        let mut batch = self.full.pop_front()?;
        if let Some(applying) = self.first_applying().filter(|applying| applying.seq < batch.next()) {
            let rest = self.split(&mut batch, applying);
            if is_last {
                let fresh = std::mem::replace(&mut self.filling, rest);
                self.give_back(fresh.bytes);
            } else {
                self.full.push_front(rest);
            }
        }
        Some(batch)
    }

    /// The last event before the oldest that is still being applied.
    pub(super) fn applied_up_to(&self) -> Seq {
        self.first_applying().map_or(self.last(), |applying| Seq(applying.seq.0 - 1))
    }

    /// The oldest event that is still being applied.
    fn first_applying(&self) -> Option<Applying> {
        self.applying.iter().copied().min_by_key(|applying| applying.seq)
    }

    /// The sequence of the oldest event that was not taken.
    fn first(&self) -> Seq {
        self.full.front().unwrap_or(&self.filling).first
    }

    /// Cuts a batch in two before an event in it. Behind that event there are only those that came while it was applied.
    fn split(&mut self, batch: &mut RawBatch, before: Applying) -> RawBatch {
        let mut rest = RawBatch::new(before.seq, self.spare.pop().unwrap_or_default());
        rest.bytes.extend_from_slice(&batch.bytes[before.at..]);
        rest.count = u32::try_from(batch.next().0 - before.seq.0).unwrap_or(u32::MAX);
        for applying in self.applying.iter_mut().filter(|applying| applying.seq < batch.next()) {
            applying.at -= before.at - HEADER_BYTES;
        }
        batch.bytes.truncate(before.at);
        batch.count -= rest.count;
        rest
    }

    /// Takes a buffer back for use again.
    pub(super) fn give_back(&mut self, buffer: Vec<u8>) {
        if self.spare.len() < SPARE_BUFFERS && buffer.capacity() <= SPARE_BYTES_MAX {
            self.spare.push(buffer);
        }
    }

    /// Bytes of memory.
    pub(super) fn memory(&self) -> usize {
        let batches = self.full.iter().chain([&self.filling]).map(|batch| batch.bytes.capacity());
        let buffers = batches.chain(self.spare.iter().map(Vec::capacity)).sum::<usize>();
        let lists = self.full.capacity() * size_of::<RawBatch>() + self.spare.capacity() * size_of::<Vec<u8>>();
        buffers + lists + self.applying.capacity() * size_of::<Applying>()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.full.is_empty() && self.filling.count == 0
    }

    pub(super) fn last(&self) -> Seq {
        Seq(self.filling.next().0 - 1)
    }

    /// Starts over after `after`; `false` when it already holds events.
    pub(super) fn restart(&mut self, after: Seq) -> bool {
        if !self.is_empty() {
            return false;
        }
        self.filling.first = after.next();
        true
    }

    fn cut(&mut self) {
        let fresh = RawBatch::new(self.filling.next(), self.spare.pop().unwrap_or_default());
        self.full.push_back(std::mem::replace(&mut self.filling, fresh));
    }
}
