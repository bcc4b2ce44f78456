//! Deadlines of holds: data on the orders, here in the order in which they fall due.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::ids::{OrderId, Seq};
use crate::time::Time;

/// The deadlines of one shard. An entry is a hint: an order paid or extended since is skipped when it falls due.
#[derive(Debug, Default)]
pub struct Deadlines {
    heap: BinaryHeap<Reverse<(Time, Seq, OrderId)>>,
}

impl Deadlines {
    /// Notes when an order falls due; `placed` orders those due at the same instant.
    pub fn add(&mut self, at: Time, placed: Seq, order: OrderId) {
        self.heap.push(Reverse((at, placed, order)));
    }

    /// The earliest deadline.
    pub fn next(&self) -> Option<Time> {
        self.heap.peek().map(|Reverse((at, ..))| *at)
    }

    /// Takes the earliest entry if it is due.
    pub fn take_due(&mut self, now: Time) -> Option<(Time, Seq, OrderId)> {
        match self.heap.peek() {
            Some(Reverse((at, ..))) if *at <= now => self.heap.pop().map(|Reverse(entry)| entry),
            _ => None,
        }
    }

    /// Every entry, in no order.
    pub fn entries(&self) -> impl Iterator<Item = (Time, OrderId)> {
        self.heap.iter().map(|Reverse((at, _, order))| (*at, *order))
    }
}
