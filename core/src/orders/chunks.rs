//! Records by number. Numbers count the orders of a shard from 0 and are never used twice, whereas the memory of a removed
//! record is free again.
//!
//! Records are in chunks of [`CHUNK`] numbers. The youngest chunk is open: an insertion writes its next slot and touches no
//! other. Older chunks are closed and are in a ring; a closed chunk is dropped with its last record. A record takes two
//! words in addition to its bytes. A removed one takes a quarter of a byte for as long as an older one is left.
//!
//! Invariants, which [`Chunks::check`] proves:
//! - the record with number `n` stands in slot `n % CHUNK` of chunk `n / CHUNK`;
//! - the open chunk is the one of the number given last;
//! - a closed chunk has a record, is at most a ring's length older than the open one, and stands in slot
//!   `chunk % length` of the ring, so that no two of them meet.

use crate::orders::record::Record;

/// Numbers of one chunk.
pub(super) const CHUNK: u32 = 64;
/// Chunks of the smallest ring.
const RING_MIN: usize = 4;

type Chunk = Box<[Option<Record>; CHUNK as usize]>;

/// The records of one shard.
#[derive(Debug, Default)]
pub(super) struct Chunks {
    open: Option<Chunk>,
    /// A power of two of slots, or none.
    closed: Box<[Option<Chunk>]>,
    next: u32,
    live: u32,
}

impl Chunks {
    /// The number the next record gets.
    pub fn next(&self) -> u32 {
        self.next
    }

    /// How many records there are.
    pub fn len(&self) -> usize {
        self.live as usize
    }

    /// The record with a number.
    #[inline]
    pub fn get(&self, number: u32) -> Option<&Record> {
        let chunk = number / CHUNK;
        let place = if chunk == self.open_chunk() { &self.open } else { &self.closed[self.ring_place(chunk)?] };
        place.as_ref()?[slot(number)].as_ref()
    }

    /// The record with a number.
    #[inline]
    pub fn get_mut(&mut self, number: u32) -> Option<&mut Record> {
        self.chunk_mut(number / CHUNK)?.as_mut()?[slot(number)].as_mut()
    }

    /// Adds a record under the next number. `None` if no number is left.
    pub fn push(&mut self, record: Record) -> Option<()> {
        let at = self.next;
        if at == u32::MAX {
            return None;
        }
        if at.is_multiple_of(CHUNK) {
            self.close();
        }
        let open = self.open.get_or_insert_with(|| Box::new([const { None }; CHUNK as usize]));
        open[slot(at)] = Some(record);
        self.next += 1;
        self.live += 1;
        Some(())
    }

    /// Removes a record. Its number stays used.
    pub fn remove(&mut self, number: u32) -> Option<Record> {
        let is_open = number / CHUNK == self.open_chunk();
        let place = self.chunk_mut(number / CHUNK)?;
        let chunk = place.as_mut()?;
        let record = chunk[slot(number)].take()?;
        // From the end: the oldest orders usually go first.
        if !is_open && chunk.iter().rev().all(Option::is_none) {
            *place = None;
        }
        self.live -= 1;
        Some(record)
    }

    /// Every record with its number, in the order of numbers.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &Record)> {
        let oldest = self.open_chunk().saturating_sub(self.closed.len() as u32);
        let numbers = u64::from(oldest * CHUNK)..u64::from(self.next);
        numbers.filter_map(|number| {
            let number = number as u32;
            Some((number, self.get(number)?))
        })
    }

    /// Bytes of memory of the chunks, records not included. Looks at the ring.
    pub fn memory(&self) -> usize {
        self.chunks() * size_of::<[Option<Record>; CHUNK as usize]>() + self.closed.len() * size_of::<Option<Chunk>>()
    }

    /// How many chunks take memory.
    pub fn chunks(&self) -> usize {
        self.closed.iter().flatten().count() + usize::from(self.open.is_some())
    }

    /// What is wrong with the chunks, if anything.
    pub fn check(&self) -> Result<(), String> {
        let chunks = self.closed.iter().chain([&self.open]).flatten();
        let held: usize = chunks.map(|chunk| chunk.iter().flatten().count()).sum();
        let seen = self.iter().count();
        if seen != self.len() || held != self.len() {
            return Err(format!("orders: {seen} are found by number, {held} are there, {} are counted", self.len()));
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
        let at = self.ring_place(chunk)?;
        self.closed.get_mut(at)
    }

    #[inline]
    fn open_chunk(&self) -> u32 {
        self.next.saturating_sub(1) / CHUNK
    }

    /// The slot of a closed chunk that no younger one can have taken.
    #[inline]
    fn ring_place(&self, chunk: u32) -> Option<usize> {
        let age = self.open_chunk().checked_sub(chunk)?;
        self.ring_slot(chunk).filter(|_| age as usize <= self.closed.len())
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
