//! What the engine keeps of prices: the orders that feed the next training, the last receipt of each cell, and the table in force.

use std::sync::Arc;

use arc_swap::{ArcSwapOption, Guard};
use crossbeam::queue::ArrayQueue;

use crate::catalog::Config;
use crate::engine::store::{LastReceipt, Receipts, Trainer};
use crate::event::OrderPlaced;
use crate::heap::{Heap, hash_table};
use crate::ids::{Seq, SkuId, WarehouseId};
use crate::prices::{Sampled, Table, Thinning};
use crate::stock::Move;
use crate::sync::{AtomicBool, AtomicU64, AtomicUsize, Mutex, OnceLock, Ordering};
use crate::time::{Span, Time};

/// Orders that wait for the next training; when more come, the oldest make room.
const FED_MAX: usize = 8_192;

/// What the engine keeps of prices. Costs one look at a flag while the rules do not ask for them.
#[derive(Debug)]
pub(in crate::engine) struct Prices {
    pub on: AtomicBool,
    /// When the next training is due, in microseconds.
    pub due: AtomicU64,
    pub thinning: AtomicU64,
    /// The cover of the rules, in microseconds.
    cover: AtomicU64,
    pub fed: OnceLock<ArrayQueue<Sampled>>,
    /// Orders that made room for later ones since the last training.
    pub displaced: AtomicU64,
    pub receipts: Mutex<Receipts>,
    pub table: ArcSwapOption<Table>,
    pub trainer: Mutex<Trainer>,
    /// Bytes of memory of the sample, as it was after the latest training.
    pub sampled: AtomicUsize,
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
            trainer: Mutex::new(Trainer::default()),
            sampled: AtomicUsize::new(0),
        }
    }

    /// Bytes of memory. Of the orders that wait for a training, only the queue is counted.
    pub fn memory(&self) -> usize {
        // Each slot of the queue has a stamp.
        let slot = size_of::<Sampled>() + size_of::<usize>();
        let fed = self.fed.get().map_or(0, |fed| fed.capacity() * slot);
        let receipts = hash_table::<((SkuId, WarehouseId), LastReceipt)>(self.receipts.lock().capacity());
        let table = self.table.load().as_ref().map_or(0, |table| table.heap());
        fed + receipts + table + self.sampled.load(Ordering::Relaxed)
    }

    /// The prices that planning counts, without a lock; looked at only when the rules ask for prices.
    #[inline]
    pub fn in_force(&self) -> PriceGuard {
        PriceGuard(self.on.load(Ordering::Relaxed).then(|| self.table.load()))
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

    /// Notes goods that came. Called under the locks of what the event touched: takes one leaf mutex.
    pub fn note_receipt(&self, moves: &[Move], now: Time) {
        if !self.on.load(Ordering::Relaxed) {
            return;
        }
        let mut receipts = self.receipts.lock();
        let cover = Span(self.cover.load(Ordering::Relaxed));
        for m in moves {
            let last = receipts.entry((m.sku, m.warehouse));
            last.and_modify(|last| last.note(now, cover)).or_insert(LastReceipt { at: now, after: None });
        }
    }

    /// Notes an order for the next training. Called under the locks of what the event touched: takes a queue without locks.
    #[inline]
    pub fn note_order(&self, order: &OrderPlaced, arrived: Time, seq: Seq) {
        if self.on.load(Ordering::Relaxed) {
            self.feed(order, arrived, seq);
        }
    }

    fn feed(&self, order: &OrderPlaced, arrived: Time, seq: Seq) {
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
pub(in crate::engine) struct PriceGuard(Option<Guard<Option<Arc<Table>>>>);

impl PriceGuard {
    /// The table, if there is one.
    #[inline]
    pub fn as_deref(&self) -> Option<&Table> {
        self.0.as_ref().and_then(|guard| guard.as_deref())
    }
}
