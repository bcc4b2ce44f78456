//! Orders by number. Numbers count the orders of a shard from 0 and are never used twice, whereas the memory of a removed
//! order is free again.
//!
//! Orders are in chunks of [`CHUNK`] numbers. The youngest chunk is open: an insertion writes its next slot and touches no
//! other. Older chunks are closed and are in a ring; a closed chunk is dropped with its last order. An order takes one word
//! in addition to itself. A removed order takes an eighth of a byte for as long as an older one is left.
//!
//! Invariants, which [`Slots::check`] proves:
//! - the order with number `n` stands in slot `n % CHUNK` of chunk `n / CHUNK`;
//! - the open chunk is the one of the number given last;
//! - a closed chunk has an order, is less than a ring's length older than the open one, and stands in slot
//!   `chunk % length` of the ring, so that no two of them meet.

use crate::ids::OrderId;
use crate::limits::KEY_SHARDS;
use crate::orders::Order;

/// Numbers of one chunk.
const CHUNK: u32 = 64;
/// Chunks of the smallest ring.
const RING_MIN: usize = 4;

/// Boxed orders, so that nothing moves them.
type Chunk = Box<[Option<Box<Order>>; CHUNK as usize]>;

/// The orders of one shard.
#[derive(Debug, Default)]
pub(super) struct Slots {
    open: Option<Chunk>,
    /// A power of two of slots, or none.
    closed: Box<[Option<Chunk>]>,
    next: u32,
    live: u32,
}

impl Slots {
    /// The number the next order gets.
    pub fn next(&self) -> u32 {
        self.next
    }

    /// How many orders there are.
    pub fn len(&self) -> usize {
        self.live as usize
    }

    /// The order with a number.
    #[inline]
    pub fn at(&self, number: u32) -> Option<&Order> {
        let chunk = number / CHUNK;
        let slots = if chunk == self.open_chunk() { &self.open } else { self.closed.get(self.ring_slot(chunk)?)? };
        slots.as_ref()?[slot(number)].as_deref()
    }

    /// The order with an id.
    #[inline]
    pub fn get(&self, id: OrderId) -> Option<&Order> {
        // A slot of the ring may hold another chunk than that of a number long removed.
        self.at(number(id)?).filter(|order| order.id == id)
    }

    /// The order with an id.
    #[inline]
    pub fn get_mut(&mut self, id: OrderId) -> Option<&mut Order> {
        let number = number(id)?;
        let slots = self.chunk_mut(number / CHUNK)?;
        slots.as_mut()?[slot(number)].as_deref_mut().filter(|order| order.id == id)
    }

    /// Adds an order. `None` if its id does not have the next number, or if no number is left.
    pub fn push(&mut self, order: Box<Order>) -> Option<()> {
        let at = self.next;
        if number(order.id)? != at || at == u32::MAX {
            return None;
        }
        if at.is_multiple_of(CHUNK) {
            self.close();
        }
        let open = self.open.get_or_insert_with(|| Box::new([const { None }; CHUNK as usize]));
        open[slot(at)] = Some(order);
        self.next += 1;
        self.live += 1;
        Some(())
    }

    /// Removes an order. Its number stays used.
    pub fn remove(&mut self, id: OrderId) -> Option<Box<Order>> {
        let number = number(id)?;
        let is_open = number / CHUNK == self.open_chunk();
        let place = self.chunk_mut(number / CHUNK)?;
        let chunk = place.as_mut()?;
        let order = chunk[slot(number)].take_if(|order| order.id == id)?;
        // From the end: the oldest orders usually go first.
        if !is_open && chunk.iter().rev().all(Option::is_none) {
            *place = None;
        }
        self.live -= 1;
        Some(order)
    }

    /// Every order, in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = &Order> {
        let (young, old) = self.closed.split_at(self.ring_slot(self.open_chunk()).unwrap_or(0));
        let chunks = old.iter().chain(young).chain([&self.open]).flatten();
        chunks.flat_map(|chunk| chunk.iter().flatten().map(Box::as_ref))
    }

    /// How many chunks take memory.
    #[cfg(test)]
    pub fn chunks(&self) -> usize {
        self.closed.iter().flatten().count() + usize::from(self.open.is_some())
    }

    /// What is wrong with the slots, if anything.
    pub fn check(&self) -> Result<(), String> {
        let mut seen = 0;
        let mut last = None;
        for order in self.iter() {
            let number = number(order.id);
            if number <= last || number.is_none_or(|number| number >= self.next) {
                return Err(format!("order {} is out of turn: {} numbers are given", order.id, self.next));
            }
            if self.get(order.id).is_none() {
                return Err(format!("order {} is not in the slot of its number", order.id));
            }
            (seen, last) = (seen + 1, number);
        }
        if seen != self.len() {
            return Err(format!("{seen} orders stand in slots, {} are counted", self.len()));
        }
        if self.closed.iter().flatten().any(|chunk| chunk.iter().all(Option::is_none)) {
            return Err("a closed chunk of slots is empty".to_owned());
        }
        Ok(())
    }

    /// Puts the open chunk, whose numbers are all given, into the ring. The ring grows until the slot is free, even if
    /// the chunk is empty: then no chunk of the ring is older than the ring is long.
    fn close(&mut self) {
        let Some(open) = self.open.take() else { return };
        let chunk = self.open_chunk();
        let at = loop {
            match self.ring_slot(chunk) {
                Some(at) if self.closed[at].is_none() => break at,
                _ => self.grow(chunk),
            }
        };
        if open.iter().any(Option::is_some) {
            self.closed[at] = Some(open);
        }
    }

    /// Doubles the ring; `next` is the chunk that follows those in it.
    fn grow(&mut self, next: u32) {
        let oldest = self.ring_slot(next).unwrap_or(0);
        let mut chunks = std::mem::take(&mut self.closed).into_vec();
        chunks.rotate_left(oldest);
        let first = next.wrapping_sub(chunks.len() as u32);
        self.closed = (0..(2 * chunks.len()).max(RING_MIN)).map(|_| None).collect();
        for (chunk, age) in chunks.into_iter().zip(0u32..) {
            let Some(at) = self.ring_slot(first.wrapping_add(age)) else { continue };
            if chunk.is_some() {
                self.closed[at] = chunk;
            }
        }
    }

    #[inline]
    fn chunk_mut(&mut self, chunk: u32) -> Option<&mut Option<Chunk>> {
        if chunk == self.open_chunk() {
            return Some(&mut self.open);
        }
        let at = self.ring_slot(chunk)?;
        self.closed.get_mut(at)
    }

    #[inline]
    fn open_chunk(&self) -> u32 {
        self.next.saturating_sub(1) / CHUNK
    }

    #[inline]
    fn ring_slot(&self, chunk: u32) -> Option<usize> {
        Some(chunk as usize & self.closed.len().checked_sub(1)?)
    }
}

#[inline]
fn slot(number: u32) -> usize {
    (number % CHUNK) as usize
}

/// The number in an id.
#[inline]
fn number(id: OrderId) -> Option<u32> {
    u32::try_from(id.0 / KEY_SHARDS as u64).ok()
}
