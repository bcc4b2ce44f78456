//! The list of refunds: open ones by the event that made them due, closed ones by the event that closed them. An event
//! makes one refund due or closes one, so that the sequence is a cursor that means the same on every page: what is added
//! comes after all there is.

use std::collections::{BTreeMap, BTreeSet};

use crate::heap::{Heap, tree};
use crate::ids::{ChannelId, RefundNo, Seq};
use crate::orders::{OrderKey, Refund, RefundReason};
use crate::sync::Mutex;

/// Refunds looked up under one lock.
const FETCH: usize = 1_024;

/// A refund in the list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RefundAt {
    /// The event by which it is listed.
    pub seq: Seq,
    /// The order number it belongs to.
    pub key: OrderKey,
    /// Its number there.
    pub no: RefundNo,
}

/// How many refunds became due and were closed, by reason in the order of [`RefundReason::ALL`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct RefundCounts {
    /// Ever due.
    pub due: [u64; RefundReason::ALL.len()],
    /// Ever closed.
    pub closed: [u64; RefundReason::ALL.len()],
}

/// All refunds, behind a lock of their own, which is a leaf.
#[derive(Debug, Default)]
pub struct Refunds(Mutex<Both>);

#[derive(Debug, Default)]
struct Both {
    open: Side,
    closed: Side,
    counts: RefundCounts,
}

#[derive(Debug, Default)]
struct Side {
    all: BTreeMap<Seq, (OrderKey, RefundNo)>,
    by_channel: BTreeSet<(ChannelId, Seq)>,
    /// Bytes of memory behind the keys.
    behind: usize,
}

impl Side {
    /// `false` if the event is there already.
    fn insert(&mut self, seq: Seq, key: &OrderKey, no: RefundNo) -> bool {
        let key = key.clone();
        let (channel, bytes) = (key.channel, key.heap());
        let before = self.all.insert(seq, (key, no));
        self.behind = self.behind + bytes - before.as_ref().map_or(0, |(key, _)| key.heap());
        self.by_channel.insert((channel, seq)) & before.is_none()
    }

    /// `false` if it is not there.
    fn remove(&mut self, seq: Seq) -> bool {
        let Some((key, _)) = self.all.remove(&seq) else { return false };
        self.behind -= key.heap();
        self.by_channel.remove(&(key.channel, seq))
    }

    fn memory(&self) -> usize {
        let by_channel = tree::<(ChannelId, Seq), ()>(self.by_channel.len());
        tree::<Seq, (OrderKey, RefundNo)>(self.all.len()) + by_channel + self.behind
    }

    fn after(&self, channel: Option<ChannelId>, after: Seq, most: usize) -> Vec<RefundAt> {
        let from = after.next();
        let at = |seq: Seq| self.all.get(&seq).map(|(key, no)| RefundAt { seq, key: key.clone(), no: *no });
        match channel {
            Some(channel) => {
                let listed = self.by_channel.range((channel, from)..=(channel, Seq(u64::MAX)));
                listed.take(most).filter_map(|(_, seq)| at(*seq)).collect()
            }
            None => self.all.range(from..).take(most).filter_map(|(seq, _)| at(*seq)).collect(),
        }
    }
}

impl Refunds {
    /// Adds a refund that became due. `false` if its event is in the list already, which is a bug of the caller.
    pub fn due(&self, key: &OrderKey, no: RefundNo, refund: &Refund) -> bool {
        let mut both = self.0.lock();
        both.counts.due[refund.reason as usize] += 1;
        both.open.insert(refund.seq, key, no)
    }

    /// Moves a refund that was closed by an event. `false` if it was not open, which is a bug of the caller.
    pub fn close(&self, key: &OrderKey, no: RefundNo, refund: &Refund, closed: Seq) -> bool {
        let mut both = self.0.lock();
        both.counts.closed[refund.reason as usize] += 1;
        both.open.remove(refund.seq) & both.closed.insert(closed, key, no)
    }

    /// Refunds open or closed, of one channel or all, after an event: at most `most` of them, and at most a thousand.
    pub fn after(&self, closed: bool, channel: Option<ChannelId>, after: Seq, most: usize) -> Vec<RefundAt> {
        let both = self.0.lock();
        let side = if closed { &both.closed } else { &both.open };
        side.after(channel, after, most.min(FETCH))
    }

    /// How many refunds for this reason are open.
    pub fn open(&self, reason: RefundReason) -> u64 {
        let RefundCounts { due, closed } = self.counts();
        due[reason as usize] - closed[reason as usize]
    }

    /// Bytes of memory.
    pub fn memory(&self) -> usize {
        let both = self.0.lock();
        both.open.memory() + both.closed.memory()
    }

    /// How many refunds became due and were closed.
    pub fn counts(&self) -> RefundCounts {
        self.0.lock().counts
    }

    /// Checks that the list holds these refunds, which are all there are, and nothing else.
    ///
    /// # Errors
    /// What differs, in a sentence.
    pub fn check<'a>(
        &self,
        refunds: impl IntoIterator<Item = (&'a OrderKey, RefundNo, &'a Refund)>,
    ) -> Result<(), String> {
        let both = self.0.lock();
        let (mut open, mut closed) = (0, 0);
        for (key, no, refund) in refunds {
            let (side, seq, count) = match &refund.closed {
                None => (&both.open, refund.seq, &mut open),
                Some(closing) => (&both.closed, closing.seq, &mut closed),
            };
            *count += 1;
            let is_it = side.all.get(&seq).is_some_and(|(at, number)| at == key && *number == no);
            if !is_it || !side.by_channel.contains(&(key.channel, seq)) {
                return Err(format!("refund {no} of number {} is not in its list", key.number));
            }
        }
        let lens = [&both.open, &both.closed].map(|side| (side.all.len(), side.by_channel.len()));
        if lens != [(open, open), (closed, closed)] {
            return Err(format!("the lists of refunds hold {lens:?}, there are {open} open and {closed} closed"));
        }
        Ok(())
    }
}
