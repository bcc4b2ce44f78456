//! From the hash of an order's key to the place of the order in its shard.
//!
//! An open table of words, half of a hash and a place in each: a new order usually touches one cache line of it, where a
//! map that holds the keys themselves touches several. Nothing is ever taken out.

/// A table that grows as it fills. The keys are where the places lead to: whoever looks compares them.
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

    /// Adds the next place under this hash: places are added in order, from 0. `None` when no more fit.
    pub fn push(&mut self, hash: u64, next: usize) -> Option<()> {
        let place = u32::try_from(next).ok().filter(|place| *place < u32::MAX)?;
        if 2 * (next + 1) > self.slots.len() {
            self.grow();
        }
        self.put(tag(hash) | u64::from(place + 1));
        Some(())
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
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Few different hashes, so that most of them meet others.
        #[test]
        fn it_finds_what_a_map_finds(keys in prop::collection::vec(0u64..400, 0..300)) {
            let hash = |key: u64| (key % 7) << 60 | (key % 50) << 32;
            let (mut index, mut known) = (Index::default(), Vec::<u64>::new());
            for key in keys {
                let at = known.iter().position(|other| *other == key);
                let found = index.find(hash(key), |place| known[place as usize] == key);
                prop_assert_eq!(found.map(|place| place as usize), at);
                if at.is_none() {
                    prop_assert_eq!(index.push(hash(key), known.len()), Some(()));
                    known.push(key);
                }
                prop_assert_eq!(index.count(), known.len());
            }
            for (place, key) in (0u32..).zip(&known) {
                prop_assert_eq!(index.find(hash(*key), |at| known[at as usize] == *key), Some(place));
            }
        }
    }
}
