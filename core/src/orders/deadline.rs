//! Deadlines of holds: data on the orders, here in the order in which they fall due.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use crate::ids::{OrderId, Seq};
use crate::time::Time;

/// When an order falls due, the event that placed it, and the order.
type Entry = (Time, Seq, OrderId);

/// The deadlines of one shard. An entry is a hint: an order paid or extended since is skipped when it falls due.
#[derive(Debug, Default)]
pub struct Deadlines {
    /// In order. Holds of one length fall due as they were placed, so that nearly all are added at the end.
    line: VecDeque<Entry>,
    /// Those that fell due before the end of the line when they were added.
    #[expect(clippy::box_collection, reason = "a word while there are none: a shard is to fit into two cache lines")]
    strays: Option<Box<BinaryHeap<Reverse<Entry>>>>,
}

impl Deadlines {
    /// Notes when an order falls due; `placed` orders those due at the same instant.
    pub fn add(&mut self, at: Time, placed: Seq, order: OrderId) {
        let entry = (at, placed, order);
        if self.line.back().is_none_or(|last| *last <= entry) {
            self.line.push_back(entry);
        } else {
            self.strays.get_or_insert_default().push(Reverse(entry));
        }
    }

    /// The earliest deadline.
    pub fn next(&self) -> Option<Time> {
        self.first().map(|(at, ..)| at)
    }

    /// Takes the earliest entry if it is due.
    pub fn take_due(&mut self, now: Time) -> Option<(Time, Seq, OrderId)> {
        let first = self.first().filter(|(at, ..)| *at <= now)?;
        if self.line.front() == Some(&first) {
            self.line.pop_front();
        } else if let Some(strays) = &mut self.strays {
            strays.pop();
        }
        Some(first)
    }

    /// Every entry, in no order.
    pub fn entries(&self) -> impl Iterator<Item = (Time, OrderId)> {
        let strays = self.strays.iter().flat_map(|strays| strays.iter().map(|Reverse(entry)| entry));
        self.line.iter().chain(strays).map(|(at, _, order)| (*at, *order))
    }

    fn first(&self) -> Option<Entry> {
        let stray = self.strays.as_ref().and_then(|strays| strays.peek()).map(|Reverse(entry)| *entry);
        match (self.line.front().copied(), stray) {
            (Some(next), Some(stray)) => Some(next.min(stray)),
            (next, stray) => next.or(stray),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Entries come out as if they had been sorted, whatever the order in which they were added.
        #[test]
        fn entries_fall_due_in_order(steps in prop::collection::vec((0u64..50, prop::option::of(0u64..60)), 0..200)) {
            let (mut deadlines, mut model) = (Deadlines::default(), std::collections::BTreeSet::new());
            for (number, (at, now)) in (0u64..).zip(steps) {
                deadlines.add(Time(at), Seq(number), OrderId(number));
                model.insert((Time(at), Seq(number), OrderId(number)));
                while let Some(now) = now {
                    let due = model.first().copied().filter(|(at, ..)| at.0 <= now);
                    prop_assert_eq!(deadlines.take_due(Time(now)), due);
                    let Some(due) = due else { break };
                    model.remove(&due);
                }
                prop_assert_eq!(deadlines.next(), model.first().map(|(at, ..)| *at));
                let mut entries: Vec<_> = deadlines.entries().collect();
                let mut known: Vec<_> = model.iter().map(|(at, _, order)| (*at, *order)).collect();
                entries.sort_unstable();
                known.sort_unstable();
                prop_assert_eq!(entries, known);
            }
        }
    }
}
