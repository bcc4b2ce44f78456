//! The batch that is filling, behind the leaf mutex: nothing here computes, allocates in the steady state or waits.

use std::collections::VecDeque;

use crate::ids::Seq;
use crate::limits::BATCH_BYTES_SOFT;

use super::batch::HEADER_BYTES;

/// Bytes a batch holds for an event beside the event: its length.
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

/// The batch that is filling and those that are full.
#[derive(Debug)]
pub(super) struct Open {
    filling: RawBatch,
    full: VecDeque<RawBatch>,
    spare: Vec<Vec<u8>>,
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
            asleep: false,
            interrupted: false,
            halted: false,
        }
    }

    /// Adds an event: its sequence and whether the journal thread must be woken. `None` once halted.
    #[inline]
    pub(super) fn push(&mut self, event: &[u8]) -> Option<(Seq, bool)> {
        if self.halted {
            return None;
        }
        let grown = self.filling.bytes.len() + EVENT_OVERHEAD + event.len();
        if grown > BATCH_BYTES_SOFT && self.filling.count > 0 {
            self.cut();
        }
        let seq = self.filling.next();
        let filling = &mut self.filling;
        filling.bytes.extend_from_slice(&(event.len() as u32).to_le_bytes());
        filling.bytes.extend_from_slice(event);
        filling.count += 1;
        Some((seq, std::mem::take(&mut self.asleep)))
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
        self.asleep = self.is_empty() && !self.interrupted && !self.halted;
        self.asleep
    }

    /// The oldest batch, if any.
    pub(super) fn take(&mut self) -> Option<RawBatch> {
        self.asleep = false;
        self.interrupted = false;
        if self.full.is_empty() && self.filling.count > 0 {
            self.cut();
        }
        self.full.pop_front()
    }

    /// Takes a buffer back for use again.
    pub(super) fn give_back(&mut self, buffer: Vec<u8>) {
        if self.spare.len() < SPARE_BUFFERS && buffer.capacity() <= SPARE_BYTES_MAX {
            self.spare.push(buffer);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.full.is_empty() && self.filling.count == 0
    }

    pub(super) fn last(&self) -> Seq {
        Seq(self.filling.next().0 - 1)
    }

    /// Starts over after `after`; `false` when events are there already.
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
