//! From the hash of an order's key to the place of the order in its shard.
//!
//! An open table of words, half of a hash and a place in each: a new order usually touches one cache line of it, where a
//! map that holds the keys themselves touches several.
//!
//! Invariant: no slot is free between the one a word's hash points at and the one it stands in. A removal therefore closes
//! its gap with what stands behind it; it leaves no mark, and searches stay as short as if it had never been there.

/// A table that grows as it fills. The keys are where the places lead to: the caller compares them.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// Zero, or the upper half of a hash over one more than a place. A word stands at the first free slot from where its
    /// hash points.
    slots: Box<[u64]>,
}

/// Slots of the smallest table.
const SLOTS_MIN: usize = 16;

impl Index {
    /// The first place under this hash that `is_it`.
    pub fn find(&self, hash: u64, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        let mut at = self.start(hash)?;
        // There is always a free slot: at least half of them are.
        while self.slots[at] != 0 {
            let place = place(self.slots[at]);
            if tag(self.slots[at]) == tag(hash) && is_it(place) {
                return Some(place);
            }
            at = self.after(at);
        }
        None
    }

    /// Adds a place, below `u32::MAX`, under this hash; `held` is how many it holds.
    pub fn insert(&mut self, hash: u64, place: u32, held: usize) {
        if 2 * (held + 1) > self.slots.len() {
            self.grow();
        }
        self.put(word(hash, place));
    }

    /// Takes a place out that was added under this hash; `None` when it is not there.
    pub fn remove(&mut self, hash: u64, place: u32) -> Option<()> {
        let mut gap = self.start(hash)?;
        while self.slots[gap] != word(hash, place) {
            if self.slots[gap] == 0 {
                return None;
            }
            gap = self.after(gap);
        }
        let mut at = self.after(gap);
        while self.slots[at] != 0 {
            // A word goes back as far as the slot that its hash points at, not further.
            let start = self.start(self.slots[at])?;
            if self.distance(start, at) >= self.distance(gap, at) {
                self.slots[gap] = self.slots[at];
                gap = at;
            }
            at = self.after(at);
        }
        self.slots[gap] = 0;
        Some(())
    }

    /// Bytes of memory.
    pub fn memory(&self) -> usize {
        size_of_val::<[u64]>(&self.slots)
    }

    /// How many places it holds. Counts them.
    pub fn count(&self) -> usize {
        self.slots.iter().filter(|slot| **slot != 0).count()
    }

    fn put(&mut self, word: u64) {
        let Some(mut at) = self.start(word) else { return };
        while self.slots[at] != 0 {
            at = self.after(at);
        }
        self.slots[at] = word;
    }

    fn grow(&mut self) {
        let slots = vec![0; (2 * self.slots.len()).max(SLOTS_MIN)].into_boxed_slice();
        let before = std::mem::replace(&mut self.slots, slots);
        before.into_iter().filter(|word| *word != 0).for_each(|word| self.put(word));
    }

    #[inline]
    fn start(&self, hash: u64) -> Option<usize> {
        let last = self.slots.len().checked_sub(1)?;
        Some((hash >> 32) as usize & last)
    }

    #[inline]
    fn after(&self, at: usize) -> usize {
        (at + 1) & (self.slots.len() - 1)
    }

    /// Slots from one to another, going forward.
    #[inline]
    fn distance(&self, from: usize, to: usize) -> usize {
        to.wrapping_sub(from) & (self.slots.len() - 1)
    }
}

#[inline]
const fn word(hash: u64, place: u32) -> u64 {
    tag(hash) | (place as u64 + 1)
}

#[inline]
const fn tag(word: u64) -> u64 {
    word & !(u32::MAX as u64)
}

#[inline]
const fn place(word: u64) -> u32 {
    (word & u32::MAX as u64) as u32 - 1
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Few different hashes, so that most of them meet others. Every third step takes a key out.
        #[test]
        fn it_finds_what_a_map_finds(steps in prop::collection::vec((0u64..400, 0u8..3), 0..600)) {
            let hash = |key: u64| (key % 7) << 60 | (key % 50) << 32;
            let (mut index, mut known) = (Index::default(), BTreeMap::<u64, u32>::new());
            let mut keys = Vec::<u64>::new();
            for (key, step) in steps {
                let is_it = |place: u32| keys[place as usize] == key;
                prop_assert_eq!(index.find(hash(key), is_it), known.get(&key).copied());
                let place = u32::try_from(keys.len()).unwrap();
                if step == 0 {
                    let taken = known.remove(&key);
                    prop_assert_eq!(index.remove(hash(key), taken.unwrap_or(place)).is_some(), taken.is_some());
                } else if !known.contains_key(&key) {
                    index.insert(hash(key), place, known.len());
                    known.insert(key, place);
                    keys.push(key);
                }
                prop_assert_eq!(index.count(), known.len());
            }
            for (key, place) in &known {
                prop_assert_eq!(index.find(hash(*key), |at| keys[at as usize] == *key), Some(*place));
            }
        }
    }

    #[test]
    fn a_gap_is_closed_across_the_end_of_the_table() {
        let mut index = Index::default();
        let last = 15u64 << 32;
        // The first stands in the last slot, the others in the first two.
        (0..3).for_each(|place| index.insert(last, place, place as usize));
        assert_eq!(index.remove(last, 0), Some(()));
        assert_eq!(index.slots[15], word(last, 1));
        assert_eq!(index.slots[0], word(last, 2));
        assert_eq!(index.slots[1], 0);
        assert_eq!(index.remove(last, 0), None);
    }
}
