//! One list: orders by the event that placed them.
//!
//! Most entries are appended. The youngest ones are in a chunk of their own, outside the tree, so that an append is one
//! write; the others are in chunks of at most [`CHUNK`] entries, in a tree by their lowest sequence. An entry takes 16
//! bytes; with the tree and the free part of its chunk, 17 bytes in a list that only grows at its end and about 24 in one
//! that is filled in random order.
//!
//! Invariants, which [`List::check`] proves: entries rise within a chunk and from chunk to chunk; a chunk of the tree is
//! not empty, and its key is at most its first entry and greater than the last entry of the chunk before.

use std::collections::BTreeMap;

use crate::heap::tree;
use crate::ids::{OrderId, Seq};

/// An order in a list.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Entry {
    /// The event that placed it: no other order has the same.
    pub placed: Seq,
    /// The order.
    pub order: OrderId,
}

/// Entries a chunk can have.
const CHUNK: usize = 64;
/// A chunk with fewer entries is joined to a neighbour if both together have at most [`JOINED`].
const SPARSE: usize = CHUNK / 4;
const JOINED: usize = CHUNK * 3 / 4;

#[derive(Debug, Default)]
pub(super) struct List {
    /// Chunks by a sequence that is at most that of their first entry.
    old: BTreeMap<Seq, Vec<Entry>>,
    /// The youngest entries, all of them after those in `old`.
    last: Vec<Entry>,
    len: usize,
}

const _: () = assert!(size_of::<List>() <= 56, "with a lock it fits into a cache line");

impl List {
    /// How many entries it has.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Bytes of memory. Chunks of the tree have room for [`CHUNK`] entries: they were full once, or half of one that was.
    pub fn memory(&self) -> usize {
        let old = self.old.len() * CHUNK * size_of::<Entry>() + tree::<Seq, Vec<Entry>>(self.old.len());
        old + self.last.capacity() * size_of::<Entry>()
    }

    /// Adds an entry. `false` if the list already has it.
    pub fn insert(&mut self, entry: Entry) -> bool {
        let at_end = match self.last.last() {
            Some(last) => last.placed < entry.placed,
            None => self.old.last_key_value().is_none_or(|(_, chunk)| chunk.last() < Some(&entry)),
        };
        let is_new = if at_end {
            self.append(entry);
            true
        } else if self.is_old(entry.placed) {
            self.insert_old(entry)
        } else {
            self.insert_last(entry)
        };
        self.len += usize::from(is_new);
        is_new
    }

    /// Removes an entry. `false` if it is not there.
    pub fn remove(&mut self, entry: Entry) -> bool {
        let (key, chunk) = if self.is_old(entry.placed) {
            let Some((key, chunk)) = self.old.range_mut(..=entry.placed).next_back() else { return false };
            (Some(*key), chunk)
        } else {
            (None, &mut self.last)
        };
        let Ok(at) = chunk.binary_search_by_key(&entry.placed, |known| known.placed) else { return false };
        if chunk[at] != entry {
            return false;
        }
        chunk.remove(at);
        let left = chunk.len();
        if let Some(key) = key.filter(|_| left < SPARSE) {
            self.join(key, left);
        }
        self.len -= 1;
        true
    }

    /// Whether an entry is in it.
    pub fn has(&self, entry: Entry) -> bool {
        self.after(Seq(entry.placed.0.saturating_sub(1))).next() == Some(entry)
    }

    /// The entries placed after an event, oldest first.
    pub fn after(&self, after: Seq) -> impl Iterator<Item = Entry> {
        let from = self.key_of(after).unwrap_or_default();
        let chunks = self.old.range(from..).map(|(_, chunk)| chunk).chain([&self.last]);
        chunks.flat_map(move |chunk| chunk[chunk.partition_point(|entry| entry.placed <= after)..].iter().copied())
    }

    /// The entries placed before an event, youngest first.
    pub fn before(&self, before: Seq) -> impl Iterator<Item = Entry> {
        let chunks = self.old.range(..before).map(|(_, chunk)| chunk).chain([&self.last]).rev();
        chunks
            .flat_map(move |chunk| chunk[..chunk.partition_point(|entry| entry.placed < before)].iter().rev().copied())
    }

    /// What is wrong with it, if anything.
    pub fn check(&self) -> Result<(), String> {
        let mut entries = self.after(Seq(0)).peekable();
        let mut seen = 0;
        while let Some(entry) = entries.next() {
            seen += 1;
            if entries.peek().is_some_and(|next| next.placed <= entry.placed) {
                return Err(format!("order {} is out of turn in a list", entry.order));
            }
        }
        let leads = |entry: Option<&Entry>| entry.and_then(|entry| self.key_of(entry.placed));
        let fits = |(key, chunk): (&Seq, &Vec<Entry>)| {
            leads(chunk.first()) == Some(*key) && leads(chunk.last()) == Some(*key) && chunk.len() <= CHUNK
        };
        if seen != self.len || !self.old.iter().all(fits) {
            return Err(format!("a list of {} entries shows {seen}, or a chunk is not under its key", self.len));
        }
        Ok(())
    }

    #[inline]
    fn append(&mut self, entry: Entry) {
        if self.last.len() == CHUNK {
            let full = std::mem::replace(&mut self.last, Vec::with_capacity(CHUNK));
            self.old.insert(full[0].placed, full);
        }
        self.last.push(entry);
    }

    /// Whether an entry with this sequence belongs to the tree.
    fn is_old(&self, placed: Seq) -> bool {
        !self.old.is_empty() && self.last.first().is_none_or(|first| placed < first.placed)
    }

    /// The key of the chunk in the tree that an entry with this sequence belongs to. `None` below the first key.
    fn key_of(&self, placed: Seq) -> Option<Seq> {
        self.old.range(..=placed).next_back().map(|(key, _)| *key)
    }

    fn insert_last(&mut self, entry: Entry) -> bool {
        let Err(at) = self.last.binary_search_by_key(&entry.placed, |known| known.placed) else { return false };
        if self.last.len() < CHUNK {
            self.last.insert(at, entry);
        } else {
            let upper = split(&mut self.last, at, entry);
            let lower = std::mem::replace(&mut self.last, upper);
            self.old.insert(lower[0].placed, lower);
        }
        true
    }

    fn insert_old(&mut self, entry: Entry) -> bool {
        let Some((key, chunk)) = self.old.range_mut(..=entry.placed).next_back() else {
            // Below the first key: the entry's sequence becomes that key.
            let Some((_, mut first)) = self.old.pop_first() else { return false };
            let upper = (first.len() >= CHUNK).then(|| split(&mut first, 0, entry));
            if upper.is_none() {
                first.insert(0, entry);
            }
            self.old.insert(entry.placed, first);
            self.old.extend(upper.map(|upper| (upper[0].placed, upper)));
            return true;
        };
        let Err(at) = chunk.binary_search_by_key(&entry.placed, |known| known.placed) else { return false };
        if chunk.len() < CHUNK {
            chunk.insert(at, entry);
            return true;
        }
        let key = *key;
        if at == CHUNK && self.last.len() < CHUNK && self.old.keys().next_back() == Some(&key) {
            self.last.insert(0, entry);
            return true;
        }
        let upper = self.old.get_mut(&key).map(|chunk| split(chunk, at, entry));
        self.old.extend(upper.map(|upper| (upper[0].placed, upper)));
        true
    }

    /// Joins a chunk of the tree that has `left` entries to a neighbour that has room for them, if there is one.
    fn join(&mut self, key: Seq, left: usize) {
        let fits = |(_, chunk): &(&Seq, &Vec<Entry>)| chunk.len() + left <= JOINED;
        let before = self.old.range(..key).next_back().filter(fits).map(|(key, _)| *key);
        let after = || self.old.range(key..).nth(1).filter(fits).map(|(key, _)| *key);
        let (lower, upper) = match before {
            Some(before) => (before, key),
            None if left == 0 => {
                self.old.remove(&key);
                return;
            }
            None => match after() {
                Some(after) => (key, after),
                None => return,
            },
        };
        let Some(upper) = self.old.remove(&upper) else { return };
        if let Some(lower) = self.old.get_mut(&lower) {
            lower.extend(upper);
        }
    }
}

/// Inserts an entry into a full chunk and splits it there, or at the nearest place between the middle and seven eighths. A
/// list that grows near its end therefore leaves chunks that are almost full.
fn split(chunk: &mut Vec<Entry>, at: usize, entry: Entry) -> Vec<Entry> {
    let cut = at.clamp(CHUNK / 2, CHUNK * 7 / 8);
    let mut upper = Vec::with_capacity(CHUNK);
    upper.extend(chunk.drain(cut..));
    match at.checked_sub(cut) {
        Some(at) => upper.insert(at, entry),
        None => chunk.insert(at, entry),
    }
    upper
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn entry(placed: u64) -> Entry {
        Entry { placed: Seq(placed), order: OrderId(placed * 7) }
    }

    /// Runs of appends, inserts anywhere and removals, long enough for several chunks.
    fn steps() -> impl Strategy<Value = Vec<(u8, u64)>> {
        prop::collection::vec((0u8..7, 1u64..1_500), 0..1_500)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(96))]

        #[test]
        fn it_holds_what_a_sorted_set_holds(steps in steps(), cursors in prop::collection::vec(0u64..3_000, 8)) {
            let (mut list, mut model) = (List::default(), BTreeSet::new());
            for (step, placed) in steps {
                match step {
                    0..=2 => {
                        let next = entry(model.last().map_or(1, |last: &Entry| last.placed.0 + 1));
                        prop_assert!(list.insert(next) && model.insert(next));
                    }
                    3..=4 => prop_assert_eq!(list.insert(entry(placed)), model.insert(entry(placed))),
                    _ => prop_assert_eq!(list.remove(entry(placed)), model.remove(&entry(placed))),
                }
                prop_assert_eq!(list.len(), model.len());
                prop_assert_eq!(list.has(entry(placed)), model.contains(&entry(placed)));
            }
            prop_assert_eq!(list.check(), Ok(()));
            for cursor in cursors {
                let after = model.iter().copied().filter(|entry| entry.placed.0 > cursor);
                prop_assert!(list.after(Seq(cursor)).eq(after));
            }
        }

        /// Removals in any order leave few chunks that are almost empty.
        #[test]
        fn what_thins_out_is_joined(mut order in Just((1u64..=1_000).collect::<Vec<_>>()).prop_shuffle(), kept in 0usize..60) {
            let mut list = List::default();
            (1..=1_000).for_each(|placed| assert!(list.insert(entry(placed))));
            let kept = order.split_off(1_000 - kept);
            order.iter().for_each(|placed| assert!(list.remove(entry(*placed))));
            prop_assert_eq!(list.check(), Ok(()));
            prop_assert_eq!(list.len(), kept.len());
            prop_assert!(list.old.len() <= 2 + kept.len() / 8, "{} chunks for {}", list.old.len(), kept.len());
        }
    }

    #[test]
    fn a_list_that_grows_near_its_end_fills_its_chunks() {
        let mut list = List::default();
        // Each two change places.
        (1..=10_000u64).for_each(|at| assert!(list.insert(entry(((at - 1) ^ 1) + 1))));
        assert_eq!(list.check(), Ok(()));
        assert!(list.old.len() <= 10_000 / 60, "{} chunks", list.old.len());
    }
}
