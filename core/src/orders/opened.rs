//! Orders of a shard that were opened under its lock: they are kept packed, and are whole until the lock opens again.
//!
//! Whoever holds the lock may look at several of them at once, so that nothing is moved or dropped before all of them are
//! taken. There are few: one commit rarely touches two orders of a shard, and whoever looks at many of them either opens
//! none or lets [`Slots`](super::slots::Slots) pack them in between.

use std::cell::OnceCell;

use crate::orders::Order;

/// Opened orders by number, in a chain that grows at its end.
#[derive(Debug, Default)]
pub(super) struct Opened(OnceCell<Box<Link>>);

#[derive(Debug)]
struct Link {
    order: One,
    next: Opened,
}

/// An opened order.
#[derive(Debug)]
pub(super) struct One {
    /// Its number.
    pub number: u32,
    /// The order.
    pub order: Order,
    /// Whether it may be another than the one that was packed.
    pub is_changed: bool,
}

impl Opened {
    /// Whether more than so many orders are open.
    pub fn is_longer_than(&self, orders: usize) -> bool {
        let mut chain = self;
        for _ in 0..=orders {
            let Some(link) = chain.0.get() else { return false };
            chain = &link.next;
        }
        true
    }

    /// The order with a number, if it is open.
    #[inline]
    pub fn find(&self, number: u32) -> Option<&Order> {
        let mut chain = self;
        while let Some(link) = chain.0.get() {
            if link.order.number == number {
                return Some(&link.order.order);
            }
            chain = &link.next;
        }
        None
    }

    /// The order with a number; `open` opens it unless it is open.
    pub fn get_or_open(&self, number: u32, open: impl FnOnce() -> Order) -> &Order {
        let mut chain = self;
        loop {
            match chain.0.get() {
                Some(link) if link.order.number == number => return &link.order.order,
                Some(link) => chain = &link.next,
                None => break,
            }
        }
        &chain.0.get_or_init(|| link(One { number, order: open(), is_changed: false })).order.order
    }

    /// The same, to be changed.
    pub fn get_mut_or_open(&mut self, number: u32, open: impl FnOnce() -> Order) -> &mut Order {
        self.get_or_open(number, open);
        let mut chain = self;
        loop {
            let link = chain.0.get_mut().expect("it was opened");
            if link.order.number == number {
                link.order.is_changed = true;
                return &mut link.order.order;
            }
            chain = &mut link.next;
        }
    }

    /// Adds an order that was never packed.
    pub fn add(&mut self, number: u32, order: Order) {
        self.get_mut_or_open(number, || order);
    }

    /// Takes all of them out.
    pub fn take(&mut self) -> impl Iterator<Item = One> {
        let mut chain = std::mem::take(self);
        std::iter::from_fn(move || {
            let link = *chain.0.take()?;
            chain = link.next;
            Some(link.order)
        })
    }
}

fn link(order: One) -> Box<Link> {
    Box::new(Link { order, next: Opened::default() })
}
