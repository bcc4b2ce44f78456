//! The last journaled batches, kept in memory so that they can be written again to a journal that forgot them.

use std::collections::VecDeque;

use stockade_core::ids::Seq;
use stockade_core::log::SealedBatch;

/// Consecutive journaled batches, oldest first, up to a limit in bytes.
#[derive(Debug)]
pub struct Ring {
    batches: VecDeque<SealedBatch>,
    bytes: usize,
    limit: usize,
}

impl Ring {
    /// An empty ring that keeps up to `limit` bytes, and always the last batch.
    pub fn new(limit: usize) -> Ring {
        Ring { batches: VecDeque::new(), bytes: 0, limit }
    }

    /// Adds the batch that follows the last one.
    pub fn push(&mut self, batch: SealedBatch) {
        debug_assert!(self.batches.back().is_none_or(|last| last.last.next() == batch.first));
        self.bytes += batch.bytes.len();
        self.batches.push_back(batch);
        while self.bytes > self.limit && self.batches.len() > 1 {
            let oldest = self.batches.pop_front();
            self.bytes -= oldest.map_or(0, |batch| batch.bytes.len());
        }
    }

    /// The batches that follow `seq`; `None` when the ring does not reach back to there.
    pub fn after(&self, seq: Seq) -> Option<Vec<SealedBatch>> {
        let newest = self.batches.back()?.last;
        if seq == newest {
            return Some(Vec::new());
        }
        let from = self.batches.iter().position(|batch| batch.first == seq.next())?;
        Some(self.batches.range(from..).cloned().collect())
    }

    /// Everything kept, oldest first.
    pub fn all(&self) -> Vec<SealedBatch> {
        self.batches.iter().cloned().collect()
    }

    /// The first sequence kept, if any.
    pub fn first(&self) -> Option<Seq> {
        self.batches.front().map(|batch| batch.first)
    }

    /// The last sequence kept, if any.
    pub fn last(&self) -> Option<Seq> {
        self.batches.back().map(|batch| batch.last)
    }

    /// Bytes kept.
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use stockade_core::log::{Admission, ChainHash, Log};

    fn batches(count: u64) -> Vec<SealedBatch> {
        let log = Log::new(Seq(0), ChainHash::GENESIS);
        (0..count)
            .map(|_| {
                for _ in 0..3 {
                    log.append(log.reserve(40, Admission::Ordinary).unwrap(), &[7; 40]).unwrap().applied();
                }
                log.next_batch(Duration::ZERO).unwrap()
            })
            .collect()
    }

    #[test]
    fn the_ring_answers_from_any_batch_it_keeps_and_from_no_other_place() {
        let all = batches(10);
        let size = all[0].bytes.len();
        let mut ring = Ring::new(4 * size);
        assert_eq!(ring.after(Seq(0)), None);
        for batch in &all {
            ring.push(batch.clone());
        }
        assert_eq!((ring.first(), ring.bytes()), (Some(Seq(19)), 4 * size));
        assert_eq!(ring.after(Seq(30)).unwrap(), []);
        assert_eq!(ring.after(Seq(24)).unwrap(), all[8..]);
        assert_eq!(ring.after(Seq(18)).unwrap(), all[6..]);
        assert_eq!(ring.after(Seq(15)), None);
        assert_eq!(ring.after(Seq(25)), None);
        assert_eq!(ring.after(Seq(31)), None);
        assert_eq!(ring.all(), all[6..]);
    }

    #[test]
    fn the_last_batch_is_kept_even_if_it_is_larger_than_the_ring() {
        let mut ring = Ring::new(1);
        for batch in batches(3) {
            ring.push(batch);
        }
        assert_eq!(ring.first(), Some(Seq(7)));
    }
}
