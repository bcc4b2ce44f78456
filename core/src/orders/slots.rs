//! The orders of a shard by number, packed but for those that somebody looks at.
//!
//! Whoever looks at an order opens it. It stays open until [`Slots::put_away`], before the shard's lock opens, packs those
//! that were changed and drops the others. An order to which very much happened, or that has very many lines, stays as it
//! is: each of its changes would read and write all of it.
//!
//! Invariants, which [`Slots::check`] proves: an order's id is its number times the shards of keys, and the shard; the bytes
//! of all records are counted; what [`Chunks::check`] says.

use crate::heap::COMPARED;
use crate::ids::{ChannelId, OrderId};
use crate::limits::KEY_SHARDS;
use crate::orders::chunks::Chunks;
use crate::orders::large::Large;
use crate::orders::opened::Opened;
use crate::orders::record::Record;
use crate::orders::{Order, OrderState};
use crate::time::Time;

/// Lines, moments and memos of an order that is still packed.
const PACKED_PARTS: usize = 128;

/// Orders that are changed under one lock before all of them are packed: each look goes through those that are open.
const OPENED_MAX: usize = 16;

/// The orders of one shard.
#[derive(Debug, Default)]
pub(super) struct Slots {
    chunks: Chunks,
    opened: Opened,
    /// Orders that stay as they are, once there are any. Their records are pending.
    large: Option<Box<Large>>,
    /// The shard, once it has an order.
    shard: u32,
    /// Bytes of all records. They are far fewer than fit: a machine has not as much memory for each shard.
    bytes: u32,
}

impl Slots {
    /// The number the next order gets.
    pub fn next(&self) -> u32 {
        self.chunks.next()
    }

    /// How many orders there are.
    pub fn len(&self) -> usize {
        self.chunks.len()
    }

    /// The order with a number.
    #[inline]
    pub fn at(&self, number: u32) -> Option<&Order> {
        let record = self.chunks.get(number)?;
        if record.is_pending()
            && let Some(large) = self.large(number)
        {
            return Some(large);
        }
        Some(self.opened.get_or_open(number, || record.open(self.id(number))))
    }

    /// The order with an id.
    #[inline]
    pub fn get(&self, id: OrderId) -> Option<&Order> {
        self.at(self.number(id)?)
    }

    /// The order with an id, to be changed.
    #[inline]
    pub fn get_mut(&mut self, id: OrderId) -> Option<&mut Order> {
        if self.opened.is_longer_than(OPENED_MAX) {
            self.put_away();
        }
        let number = self.number(id)?;
        let record = self.chunks.get(number)?;
        if record.is_pending()
            && let Some(large) = self.large.as_mut().and_then(|large| large.get_mut(number))
        {
            return Some(large);
        }
        Some(self.opened.get_mut_or_open(number, || record.open(id)))
    }

    /// Where an order stands, and its deadline. Opens nothing, so that many can be looked at under one lock.
    pub fn hold(&self, id: OrderId) -> Option<(OrderState, Time)> {
        let number = self.number(id)?;
        let record = self.chunks.get(number)?;
        let whole = self.opened.find(number).or_else(|| self.large(number));
        Some(whole.map_or_else(|| record.hold(), |order| (order.state, order.deadline)))
    }

    /// Whether the order at a place is a channel's order with this number. Opens nothing.
    #[inline]
    pub fn is_of(&self, at: u32, channel: ChannelId, number: &str) -> bool {
        match self.opened.find(at).or_else(|| self.large(at)) {
            Some(order) => order.channel == channel && order.number.as_str() == number,
            None => self.chunks.get(at).is_some_and(|record| record.is_of(channel, number)),
        }
    }

    /// Adds an order. `None` if its id does not have the next number, or if no number is left.
    pub fn push(&mut self, order: Order) -> Option<()> {
        let at = self.next();
        if at == 0 {
            self.shard = shard(order.id);
        }
        if self.number(order.id)? != at {
            return None;
        }
        self.chunks.push(Record::pending())?;
        self.opened.add(at, order);
        Some(())
    }

    /// Removes an order. Its number stays used.
    pub fn remove(&mut self, id: OrderId) -> Option<Order> {
        self.put_away();
        let number = self.number(id)?;
        let large = self.large.as_mut().and_then(|large| large.remove(number));
        let record = self.chunks.remove(number)?;
        self.bytes = self.bytes.wrapping_sub(record.memory());
        Some(large.unwrap_or_else(|| record.open(id)))
    }

    /// Packs the orders that were changed, and closes all.
    pub fn put_away(&mut self) {
        for one in self.opened.take().filter(|one| one.is_changed) {
            let record = self.chunks.get_mut(one.number).expect("an order that is open has a record");
            let before = record.memory();
            match one.order.parts() {
                0..=PACKED_PARTS => *record = Record::pack(&one.order),
                _ => {
                    *record = Record::pending();
                    self.large.get_or_insert_default().insert(one.number, one.order);
                }
            }
            self.bytes = self.bytes.wrapping_sub(before).wrapping_add(record.memory());
        }
        if let Some(large) = &mut self.large {
            large.measure_changed();
        }
    }

    /// Bytes of memory. Looks at no order.
    pub fn memory(&self) -> usize {
        self.chunks.memory() + self.bytes as usize + self.large.as_ref().map_or(0, |large| large.memory())
    }

    /// Every order, in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = Order> {
        self.chunks.iter().map(|(number, record)| {
            let whole = self.opened.find(number).or_else(|| self.large(number));
            whole.cloned().unwrap_or_else(|| record.open(self.id(number)))
        })
    }

    /// How many orders are open.
    #[cfg(test)]
    pub fn opened(&self) -> usize {
        (0..).find(|orders| !self.opened.is_longer_than(*orders)).unwrap_or_default()
    }

    /// How many chunks take memory.
    #[cfg(test)]
    pub fn chunks(&self) -> usize {
        self.chunks.chunks()
    }

    /// What is wrong with the slots, if anything.
    pub fn check(&self) -> Result<(), String> {
        let bytes: usize = self.chunks.iter().map(|(_, record)| record.memory() as usize).sum();
        if COMPARED && bytes as u32 != self.bytes {
            return Err(format!("records have {bytes} bytes, {} are counted", self.bytes));
        }
        self.chunks.check()
    }

    #[inline]
    fn large(&self, number: u32) -> Option<&Order> {
        self.large.as_ref()?.get(number)
    }

    /// The id of the order with a number.
    #[inline]
    pub fn id(&self, number: u32) -> OrderId {
        OrderId(u64::from(number) * KEY_SHARDS as u64 + u64::from(self.shard))
    }

    /// The number in an id of this shard.
    #[inline]
    fn number(&self, id: OrderId) -> Option<u32> {
        u32::try_from(id.0 / KEY_SHARDS as u64).ok().filter(|_| shard(id) == self.shard)
    }
}

#[inline]
fn shard(id: OrderId) -> u32 {
    (id.0 % KEY_SHARDS as u64) as u32
}
