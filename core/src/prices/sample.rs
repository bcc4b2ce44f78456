//! A bounded sample of recent orders: what customers ask for, and how often.

use std::collections::VecDeque;

use smallvec::SmallVec;

use crate::heap::{Heap, behind, spilled};
use crate::ids::{CarrierId, ChannelId, Code, Seq, SkuId};
use crate::time::{Span, Time};

/// An order as it was requested.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sampled {
    /// Sequence of its event.
    pub seq: Seq,
    /// Time of its arrival.
    pub arrived: Time,
    /// The channel, whose weights apply.
    pub channel: ChannelId,
    /// Destination zone.
    pub zone: Option<Code>,
    /// The carrier it requires.
    pub carrier: Option<CarrierId>,
    /// Most parcels it may have.
    pub max_parcels: Option<u16>,
    /// Pairs of SKU and units, ordered by SKU.
    pub lines: SmallVec<[(SkuId, u64); 4]>,
}

behind! {
    Sample { orders }
}

impl Heap for Sampled {
    fn heap(&self) -> usize {
        self.zone.heap() + spilled(&self.lines)
    }
}

impl Sampled {
    /// Whether two orders have the same content.
    pub fn same(&self, other: &Sampled) -> bool {
        (self.channel, self.carrier, self.max_parcels) == (other.channel, other.carrier, other.max_parcels)
            && self.zone == other.zone
            && self.lines == other.lines
    }
}

/// Selection of the orders that are kept when there are too many: one in 2ⁿ, chosen by sequence, so that the choice
/// is cheap and the same after recovery.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Thinning(pub u32);

impl Thinning {
    /// Whether the order of this event is kept.
    #[inline]
    pub fn keeps(self, seq: Seq) -> bool {
        // Multiplication scatters neighbours: orders often have every second or third sequence.
        let spread = seq.0.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        spread.leading_zeros() >= self.0
    }

    fn stands_for(self) -> f64 {
        f64::from(self.0).exp2()
    }
}

/// The orders of a time window that ends now, up to a capacity; each also stands for orders that were left out.
#[derive(Debug)]
pub struct Sample {
    orders: VecDeque<(Sampled, f64)>,
    capacity: usize,
    window: Span,
    thinning: Thinning,
    since: Option<Time>,
}

impl Sample {
    /// An empty sample of at most `capacity` orders that arrived within `window`.
    pub fn new(capacity: usize, window: Span) -> Sample {
        let orders = VecDeque::new();
        Sample { orders, capacity: capacity.max(1), window, thinning: Thinning::default(), since: None }
    }

    /// Changes the bounds.
    pub fn resize(&mut self, capacity: usize, window: Span) {
        (self.capacity, self.window) = (capacity.max(1), window);
    }

    /// The current selection of orders.
    pub fn thinning(&self) -> Thinning {
        self.thinning
    }

    /// Adds an order, unless thinning leaves it out. `lost` is the number of similar orders per order told that never
    /// reached the sample.
    pub fn add(&mut self, order: Sampled, lost: f64) {
        self.since.get_or_insert(order.arrived);
        if !self.thinning.keeps(order.seq) {
            return;
        }
        if self.orders.len() >= self.capacity {
            self.forget_before(order.arrived - self.window);
        }
        if self.orders.len() >= self.capacity {
            self.thin();
        }
        if self.thinning.keeps(order.seq) {
            let weight = self.thinning.stands_for() * (1.0 + lost);
            self.orders.push_back((order, weight));
        }
    }

    /// Drops orders older than the window; thins less when few are left.
    pub fn advance(&mut self, now: Time) {
        self.forget_before(now - self.window);
        if self.orders.len() < self.capacity / 4 {
            self.thinning.0 = self.thinning.0.saturating_sub(1);
        }
    }

    /// The orders, oldest first, each with the number of orders it stands for.
    pub fn orders(&self) -> impl ExactSizeIterator<Item = (&Sampled, f64)> {
        self.orders.iter().map(|(order, weight)| (order, *weight))
    }

    /// Arrival of the first order ever added.
    pub fn since(&self) -> Option<Time> {
        self.since
    }

    /// The span of time over which the orders arrived.
    pub fn span(&self, now: Time) -> Span {
        let since = self.since.unwrap_or(now).max(now - self.window);
        now.since(since)
    }

    /// Halves the selection until there is room.
    fn thin(&mut self) {
        while self.orders.len() >= self.capacity && self.thinning.0 < 63 {
            self.thinning.0 += 1;
            let thinning = self.thinning;
            self.orders.retain_mut(|(order, weight)| {
                *weight *= 2.0;
                thinning.keeps(order.seq)
            });
        }
    }

    fn forget_before(&mut self, time: Time) {
        while self.orders.front().is_some_and(|(order, _)| order.arrived < time) {
            self.orders.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(seq: u64, at: u64) -> Sampled {
        Sampled {
            seq: Seq(seq),
            arrived: Time(at),
            channel: ChannelId(0),
            zone: None,
            carrier: None,
            max_parcels: None,
            lines: SmallVec::from_slice(&[(SkuId(0), 1)]),
        }
    }

    #[test]
    fn a_sample_keeps_its_bound_and_still_knows_how_many_came() {
        for step in [1, 2, 3] {
            let mut sample = Sample::new(500, Span(1_000_000));
            for n in 1..=20_000u64 {
                sample.add(order(n * step, n), 0.0);
            }
            assert!((200..=500).contains(&sample.orders().len()), "{}", sample.orders().len());
            let stood: f64 = sample.orders().map(|(_, weight)| weight).sum();
            assert!((stood / 20_000.0 - 1.0).abs() < 0.15, "every {step}th sequence: {stood} of 20,000");
            assert_eq!(sample.span(Time(20_000)), Span(19_999));
        }
    }

    #[test]
    fn old_orders_are_forgotten() {
        let mut sample = Sample::new(100, Span(50));
        for n in 1..=1_000 {
            sample.add(order(n, n), 0.0);
        }
        sample.advance(Time(1_000));
        assert!(sample.orders().all(|(order, _)| order.arrived >= Time(950)));
        assert_eq!((sample.span(Time(1_000)), sample.since()), (Span(50), Some(Time(1))));
    }
}
