//! The engine: everything it holds.

use std::ops::Deref;
use std::sync::Arc;

use arc_swap::{ArcSwapOption, Guard};

use crate::catalog::{Config, Prepared, Skus};
use crate::engine::outcome::{Refusal, no_world};
use crate::engine::store::past::Past;
use crate::engine::store::prices::{PriceGuard, Prices};
use crate::engine::store::tiers::{Counters, EngineTiers};
use crate::engine::store::{Door, Shards};
use crate::ids::Seq;
#[cfg(doc)]
use crate::limits::LOCKED_WORK_MAX;
use crate::limits::{APPLY_WORK, KEY_SHARDS, SKEW, SKEW_MAX, STOCK_SHARDS};
use crate::log::{ChainHash, Log};
use crate::orders::KeyShard;
use crate::orders::lists::RefundCounts;
use crate::routing::WORK_DEFAULT;
use crate::stock::StockShard;
use crate::sync::{AtomicU64, Mutex, Ordering};
use crate::time::{Span, Time};

/// The stock and routing engine. Share it by reference or `Arc`; every method may be called from any thread.
#[derive(Debug)]
pub struct Engine {
    pub(in crate::engine) door: Door<EngineTiers>,
    /// The earliest deadline of each order shard: a hint, never later than the truth.
    pub(in crate::engine) due: Box<[AtomicU64]>,
    pub(in crate::engine) skus: Skus,
    pub(in crate::engine) config: ArcSwapOption<Config>,
    /// Held while a configuration is made ready and committed: one after the other, so that none is made for nothing.
    pub(in crate::engine) configuring: Mutex<()>,
    /// A configuration made ready for the commit under way, which is alone.
    pub(in crate::engine) staged: Mutex<Option<Prepared>>,
    pub(in crate::engine) past: Past,
    pub(in crate::engine) prices: Prices,
    pub(in crate::engine) log: Log,
    /// The budget of work of each plan.
    pub(in crate::engine) work: u64,
    /// How far clocks of other systems may differ from engine time, in microseconds.
    skew: AtomicU64,
    /// The most planning work done at once while locks were held.
    locked_work: AtomicU64,
    applied_changes: AtomicU64,
}

impl Default for Engine {
    fn default() -> Engine {
        Engine::new()
    }
}

impl Engine {
    /// An engine without a world. Its first event gets sequence 1.
    pub fn new() -> Engine {
        Engine {
            door: Door::new(
                Shards { orders: KEY_SHARDS, customers: 0, stock: STOCK_SHARDS },
                KeyShard::default,
                || (),
                StockShard::default,
                Counters::default(),
            ),
            due: (0..KEY_SHARDS).map(|_| AtomicU64::new(Time::NEVER.0)).collect(),
            skus: Skus::default(),
            config: ArcSwapOption::empty(),
            configuring: Mutex::new(()),
            staged: Mutex::new(None),
            past: Past::default(),
            prices: Prices::new(),
            log: Log::new(Seq(0), ChainHash::default()),
            work: WORK_DEFAULT,
            skew: AtomicU64::new(SKEW.0),
            locked_work: AtomicU64::new(0),
            applied_changes: AtomicU64::new(0),
        }
    }

    /// An engine that searches for every plan to the end, however long that takes: each order is planned as well as it can
    /// be, and proven. An order may take hours, so it is not for serving.
    pub fn exact() -> Engine {
        Engine { work: u64::MAX, ..Engine::new() }
    }

    /// Takes times of other systems that differ from engine time by this much, at most [`SKEW_MAX`].
    pub fn allow_skew(&self, skew: Span) {
        self.skew.store(skew.min(SKEW_MAX).0, Ordering::Relaxed);
    }

    /// How far times of other systems may differ from engine time.
    pub(in crate::engine) fn skew(&self) -> Span {
        Span(self.skew.load(Ordering::Relaxed))
    }

    /// How many refunds became due and were closed since the history began.
    pub fn refund_counts(&self) -> RefundCounts {
        self.door.counters().refunds.counts()
    }

    /// The log that the engine's events go to.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// The sequence of the last event.
    pub fn seq(&self) -> Seq {
        self.log.last()
    }

    /// The most planning work that one command or query ever did at once while it held locks, in units of about two
    /// nanoseconds: cells and lines looked at, and steps of the search. At most [`LOCKED_WORK_MAX`] for orders that are
    /// planned under their locks; an order that was planned before counts the lines and takes that are compared.
    ///
    /// Work is counted rather than time: a time would also show how often the operating system takes the processor away,
    /// and the engine reads no clock.
    pub fn locked_work(&self) -> u64 {
        self.locked_work.load(Ordering::Relaxed)
    }

    /// The most work that it ever took to decide, write down and apply one event under its locks, in the units of
    /// [`Engine::locked_work`], planning excluded: [`APPLY_WORK`] for each movement and promise of it. Events that were
    /// recovered are not counted. No lock was ever held for more than this and the planning work together.
    pub fn applied_work(&self) -> u64 {
        self.applied_changes.load(Ordering::Relaxed).saturating_mul(APPLY_WORK)
    }

    /// Notes how many changes one event made under its locks.
    #[inline]
    pub(in crate::engine) fn note_applied(&self, changes: u64) {
        if changes > self.applied_changes.load(Ordering::Relaxed) {
            self.applied_changes.fetch_max(changes, Ordering::Relaxed);
        }
    }

    /// Notes planning work done under locks.
    #[inline]
    pub(in crate::engine) fn note_locked_work(&self, work: u64) {
        if work > self.locked_work.load(Ordering::Relaxed) {
            self.locked_work.fetch_max(work, Ordering::Relaxed);
        }
    }

    /// The world and rules in force, without a lock.
    pub(in crate::engine) fn config(&self) -> Result<InForce, Refusal> {
        let config = self.config.load();
        if config.is_some() {
            return Ok(InForce(config));
        }
        Err(no_world())
    }

    /// The prices that planning counts, without a lock; looked at only when the rules ask for prices.
    #[inline]
    pub(in crate::engine) fn price_table(&self) -> PriceGuard {
        self.prices.in_force()
    }
}

/// The world and rules as they were in force when they were looked at.
pub(in crate::engine) struct InForce(Guard<Option<Arc<Config>>>);

impl Deref for InForce {
    type Target = Config;

    fn deref(&self) -> &Config {
        self.0.as_deref().expect("made only when there is one")
    }
}
