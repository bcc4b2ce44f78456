//! Prices of stock in the engine: orders feed them, a lesson now and then learns them, planning reads them.
//!
//! ```text
//!   OrderPlaced applied ──► bounded queue ──► lesson (a thread beside, or a replay between two orders) ──► table
//!   goods received      ──► when, by cell ──┘                                                               │
//!   planning: reads the table, no lock ◄────────────────────────────────────────────────────────────────────┘
//! ```
//!
//! Nothing here ever waits for a lesson, and nothing of it is state: a lost sample costs foresight, not correctness. What
//! a decision saw of prices is in the decision.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::{ArcSwapOption, Guard};
use crossbeam::queue::ArrayQueue;

use crate::catalog::Config;
use crate::engine::Engine;
use crate::engine::lesson::{Learned, Learner};
use crate::event::{Envelope, Event, InboundReason, Move, MoveReason, OrderPlaced};
use crate::ids::{Seq, SkuId, WarehouseId};
use crate::prices::{Sampled, Table, Thinning};
use crate::sync::{AtomicBool, AtomicU64, Mutex, OnceLock, Ordering};
use crate::time::{Span, Time};

/// Orders that wait for the next lesson; when more come, the oldest make room.
const FED_MAX: usize = 8_192;

/// The deliveries of each cell.
pub(super) type Receipts = HashMap<(SkuId, WarehouseId), Delivery, foldhash::fast::RandomState>;

/// The latest delivery of a cell, and how long after the one before it came.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Delivery {
    pub at: Time,
    pub after: Option<Span>,
}

impl Delivery {
    /// Goods come. What comes within a quarter of the cover belongs to the same delivery.
    fn note(&mut self, now: Time, cover: Span) {
        let after = now.since(self.at);
        if after.0 > cover.0 / 4 {
            *self = Delivery { at: now, after: Some(after) };
        }
    }

    /// When the next one is to be expected: as long after it as it came after the one before, since what was seen is
    /// truer than what was written; but not more than twice or less than half as long as written.
    pub fn next(&self, cover: Span) -> Time {
        let after = self.after.map_or(cover.0, |after| after.0.clamp(cover.0 / 2, cover.0 * 2));
        self.at + Span(after)
    }
}

/// What the engine keeps of prices. Costs one look at a flag while the rules do not ask for them.
#[derive(Debug)]
pub(super) struct Prices {
    on: AtomicBool,
    /// When the next lesson is due, in microseconds.
    due: AtomicU64,
    thinning: AtomicU64,
    /// The cover of the rules, in microseconds.
    cover: AtomicU64,
    fed: OnceLock<ArrayQueue<Sampled>>,
    /// Orders that made room for later ones since the last lesson.
    displaced: AtomicU64,
    receipts: Mutex<Receipts>,
    table: ArcSwapOption<Table>,
    learner: Mutex<Learner>,
}

impl Prices {
    pub fn new() -> Prices {
        Prices {
            on: AtomicBool::new(false),
            due: AtomicU64::new(0),
            thinning: AtomicU64::new(0),
            cover: AtomicU64::new(0),
            fed: OnceLock::new(),
            displaced: AtomicU64::new(0),
            receipts: Mutex::new(Receipts::default()),
            table: ArcSwapOption::empty(),
            learner: Mutex::new(Learner::default()),
        }
    }

    /// Other rules are in force.
    pub fn follow(&self, config: &Config) {
        let on = config.rules.prices.is_some();
        self.cover.store(config.rules.prices.map_or(0, |rules| rules.cover.0), Ordering::Relaxed);
        self.on.store(on, Ordering::Release);
        self.due.store(0, Ordering::Release);
        if !on {
            self.table.store(None);
        }
    }

    /// Notes what an event tells about demand and receipts. Called under the locks of what the event touched, so it only
    /// takes leaves: a queue without locks, and for receipts one mutex.
    #[inline]
    pub fn note(&self, envelope: &Envelope, seq: Seq) {
        if !self.on.load(Ordering::Relaxed) {
            return;
        }
        match &envelope.event {
            Event::OrderPlaced(order) => self.note_order(order, envelope.arrived, seq),
            // What is promised before it comes takes nothing of the stock that has a price.
            Event::OrderPromised(order) if !order.placed.decision.seen.is_empty() => {
                self.note_order(&order.placed, envelope.arrived, seq);
            }
            Event::StockMoved(e) if matches!(e.reason, MoveReason::Receipt | MoveReason::Arrival) => {
                self.note_delivery(&e.moves, envelope.arrived);
            }
            Event::InboundChanged(e) if e.reason == InboundReason::Received => {
                self.note_delivery(&e.moves, envelope.arrived);
            }
            _ => {}
        }
    }

    fn note_delivery(&self, moves: &[Move], now: Time) {
        let mut receipts = self.receipts.lock();
        let cover = Span(self.cover.load(Ordering::Relaxed));
        for m in moves {
            let delivery = receipts.entry((m.sku, m.warehouse));
            delivery.and_modify(|d| d.note(now, cover)).or_insert(Delivery { at: now, after: None });
        }
    }

    fn note_order(&self, order: &OrderPlaced, arrived: Time, seq: Seq) {
        if !Thinning(self.thinning.load(Ordering::Relaxed) as u32).keeps(seq) {
            return;
        }
        let sampled = Sampled {
            seq,
            arrived,
            channel: order.channel,
            zone: order.zone.clone(),
            carrier: order.carrier,
            max_parcels: if order.ship_complete { Some(1) } else { order.max_parcels },
            lines: order.decision.seen.iter().map(|line| (line.sku, line.wanted.0)).collect(),
        };
        if self.fed.get_or_init(|| ArrayQueue::new(FED_MAX)).force_push(sampled).is_some() {
            self.displaced.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// The prices as they were when they were looked at.
pub(super) struct PriceGuard(Option<Guard<Option<Arc<Table>>>>);

impl PriceGuard {
    /// The table, if there is one.
    #[inline]
    pub fn as_deref(&self) -> Option<&Table> {
        self.0.as_ref().and_then(|guard| guard.as_deref())
    }
}

impl Engine {
    /// The prices that planning counts, without a lock; looked at only when the rules ask for prices.
    #[inline]
    pub(super) fn price_table(&self) -> PriceGuard {
        PriceGuard(self.prices.on.load(Ordering::Relaxed).then(|| self.prices.table.load()))
    }

    /// The prices of stock in force; `None` when the rules ask for none or none were learned yet.
    pub fn prices(&self) -> Option<Arc<Table>> {
        self.prices.table.load_full()
    }

    /// Whether [`Engine::learn_prices`] would learn now. Costs nothing.
    pub fn prices_due(&self, now: Time) -> bool {
        self.prices.on.load(Ordering::Relaxed) && now.0 >= self.prices.due.load(Ordering::Relaxed)
    }

    /// Learns the prices of stock anew, if they are due: from the orders placed lately and the stock as it is. Takes
    /// milliseconds, holds no lock that an order needs for longer than a look, and journals nothing.
    ///
    /// Call it from a thread of its own every second or so; or, where every run must decide the same, between orders.
    pub fn learn_prices(&self, now: Time) -> Option<Learned> {
        if !self.prices_due(now) {
            return None;
        }
        let mut learner = self.prices.learner.lock();
        let config = self.config.load_full()?;
        let rules = config.rules.prices?;
        let next = now + rules.recompute_every;
        self.prices.due.store(next.0, Ordering::Release);
        let waiting = self.prices.fed.get().map_or(0, ArrayQueue::len);
        let displaced = self.prices.displaced.swap(0, Ordering::Relaxed);
        learner.begin(&rules, displaced as f64 / waiting.max(1) as f64);
        let fed = self.prices.fed.get().into_iter().flat_map(|queue| std::iter::from_fn(|| queue.pop()));
        fed.take(waiting).for_each(|order| learner.take(order));
        let (table, learned) = learner.learn(self, &config, &rules, now, &self.prices.receipts)?;
        self.prices.thinning.store(u64::from(learner.thinning().0), Ordering::Relaxed);
        // Rules that came meanwhile may have switched prices off: their stamp comes first or clears what is stored here.
        self.prices.table.store(Some(Arc::new(table)));
        if !self.prices.on.load(Ordering::Acquire) {
            self.prices.table.store(None);
        }
        Some(learned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_delivery_is_expected_as_the_last_ones_came() {
        let cover = Span(100);
        let mut cell = Delivery { at: Time(1_000), after: None };
        assert_eq!(cell.next(cover), Time(1_100), "as written, until two were seen");
        cell.note(Time(1_020), cover);
        assert_eq!(cell.next(cover), Time(1_100), "the rest of the same delivery");
        cell.note(Time(1_080), cover);
        assert_eq!(cell.next(cover), Time(1_160));
        cell.note(Time(1_900), cover);
        assert_eq!(cell.next(cover), Time(2_100), "a gap is not taken for the rule");
    }
}
