//! A first-in, first-out queue of small things, in 24 bytes where `VecDeque` takes 32.

/// A ring of a power of two of slots, or none. It holds fewer than 2^32.
#[derive(Debug)]
pub(super) struct Line<T> {
    slots: Box<[T]>,
    head: u32,
    len: u32,
}

/// Slots of the smallest ring.
const SLOTS_MIN: usize = 4;

impl<T> Default for Line<T> {
    fn default() -> Self {
        Line { slots: Box::default(), head: 0, len: 0 }
    }
}

impl<T: Copy + Default> Line<T> {
    /// The first one.
    #[inline]
    pub fn front(&self) -> Option<T> {
        (self.len > 0).then(|| self.slots[self.slot(0)])
    }

    /// The last one.
    #[inline]
    pub fn back(&self) -> Option<T> {
        self.len.checked_sub(1).map(|last| self.slots[self.slot(last)])
    }

    /// Adds one at the end.
    pub fn push(&mut self, item: T) {
        if self.len as usize == self.slots.len() {
            let mut slots = vec![T::default(); (2 * self.slots.len()).max(SLOTS_MIN)].into_boxed_slice();
            slots.iter_mut().zip(self.iter()).for_each(|(slot, item)| *slot = item);
            (self.slots, self.head) = (slots, 0);
        }
        let at = self.slot(self.len);
        self.slots[at] = item;
        self.len += 1;
    }

    /// Takes the first one.
    pub fn pop(&mut self) -> Option<T> {
        let first = self.front()?;
        self.head = self.slot(1) as u32;
        self.len -= 1;
        Some(first)
    }

    /// Bytes of memory.
    pub fn memory(&self) -> usize {
        size_of_val::<[T]>(&self.slots)
    }

    /// All of them, from the first on.
    pub fn iter(&self) -> impl Iterator<Item = T> {
        (0..self.len).map(|at| self.slots[self.slot(at)])
    }

    /// The slot at this place in the line. There is at least one.
    #[inline]
    fn slot(&self, at: u32) -> usize {
        self.head.wrapping_add(at) as usize & (self.slots.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_a_queue(steps in prop::collection::vec(prop::option::weighted(0.6, 0u32..100), 0..200)) {
            let (mut line, mut model) = (Line::default(), VecDeque::new());
            for step in steps {
                match step {
                    Some(item) => {
                        line.push(item);
                        model.push_back(item);
                    }
                    None => prop_assert_eq!(line.pop(), model.pop_front()),
                }
                prop_assert_eq!(line.front(), model.front().copied());
                prop_assert_eq!(line.back(), model.back().copied());
                prop_assert!(line.iter().eq(model.iter().copied()));
            }
        }
    }
}
