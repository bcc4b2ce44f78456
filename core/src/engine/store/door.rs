//! The lock door: the only way to lock orders, customers and stock, and only in one order.
//!
//! ```text
//!   gate ──► orders ──► customers ──► stock ──► counters ──► log
//!               └───────────────────────▲
//! ```
//!
//! All commits pass the gate together, except for those that change what the others are decided under: they pass it alone.
//! Each tier is locked from sorted, de-duplicated shard numbers, and each state of the door has only the methods that lock
//! a later tier, so that a wrong order cannot be written. *Counters* are leaf structures with short locks of their own, of
//! which a thread holds one at a time; the log's mutex is taken last, inside [`crate::log::Log::append`]. Nothing that
//! waits happens inside.
//!
//! A panic inside latches the log as halted before any lock opens, so that nobody sees or journals what it left behind.

use crossbeam::utils::CachePadded;
use smallvec::SmallVec;

use crate::engine::store::held::Held;
use crate::log::Log;
use crate::sync::{AloneGuard, Gate, Mutex, MutexGuard, SharedGuard};

/// A shard that is in another form while nobody has it locked.
pub trait Shard {
    /// Brings it into that form: the last that is done under its lock.
    fn put_away(&mut self);
}

/// What stands behind the locks of each tier.
pub trait Tiers {
    /// One shard of orders and keys.
    type Orders: Shard;
    /// One shard of customers.
    type Customers;
    /// One shard of stock.
    type Stock;
    /// All leaf structures.
    type Counters;
}

/// Every shard behind its lock.
#[derive(Debug)]
pub struct Door<T: Tiers> {
    gate: Gate,
    orders: Tier<T::Orders>,
    customers: Tier<T::Customers>,
    stock: Tier<T::Stock>,
    counters: T::Counters,
}

/// The shards of one tier.
#[derive(Debug)]
struct Tier<S>(Box<[CachePadded<Mutex<S>>]>);

/// The gate as it was passed. It is left when this is dropped.
struct Passed<'a> {
    _shared: Option<SharedGuard<'a, ()>>,
    _alone: Option<AloneGuard<'a, ()>>,
    _held: Held,
}

/// Locked shards of one tier, by number.
struct Guards<'a, S, const N: usize>(SmallVec<[(usize, MutexGuard<'a, S>); N]>);

/// Locked order shards. Before their locks open they are put away.
struct OrderGuards<'a, S: Shard>(Guards<'a, S, 1>);

/// Some order shards are locked; nothing else is yet.
#[must_use]
pub struct OrdersLocked<'a, T: Tiers> {
    // Dropped first: the latch must close before the locks open.
    latch: HaltOnPanic<'a>,
    orders: OrderGuards<'a, T::Orders>,
    passed: Passed<'a>,
    door: &'a Door<T>,
}

/// Some order and customer shards are locked; no stock is yet.
#[must_use]
pub struct CustomersLocked<'a, T: Tiers> {
    latch: HaltOnPanic<'a>,
    orders: OrderGuards<'a, T::Orders>,
    customers: Guards<'a, T::Customers, 1>,
    passed: Passed<'a>,
    door: &'a Door<T>,
}

/// Everything that a commit touches is locked: only leaves and the log may follow.
#[must_use]
pub struct Locked<'a, T: Tiers> {
    _latch: HaltOnPanic<'a>,
    stock: Guards<'a, T::Stock, 4>,
    customers: Guards<'a, T::Customers, 1>,
    orders: OrderGuards<'a, T::Orders>,
    _passed: Passed<'a>,
    counters: &'a T::Counters,
}

struct HaltOnPanic<'a>(&'a Log);

impl Drop for HaltOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.halt("a panic under the engine's locks; the process's error output has the message".to_owned());
        }
    }
}

impl<S> Tier<S> {
    fn new(shards: usize, make: impl Fn() -> S) -> Tier<S> {
        Tier((0..shards).map(|_| CachePadded::new(Mutex::new(make()))).collect())
    }

    fn memory(&self) -> usize {
        size_of_val::<[CachePadded<Mutex<S>>]>(&self.0)
    }

    /// Locks shards in order, each once.
    fn lock<const N: usize>(&self, wanted: impl IntoIterator<Item = usize>) -> Guards<'_, S, N> {
        let mut sorted: SmallVec<[usize; 8]> = wanted.into_iter().collect();
        if sorted.len() > 1 {
            sorted.sort_unstable();
            sorted.dedup();
        }
        Guards(sorted.into_iter().map(|shard| (shard, self.0[shard].lock())).collect())
    }
}

impl<S, const N: usize> Guards<'_, S, N> {
    #[inline]
    fn get(&self, shard: usize) -> &S {
        &self.0[self.position(shard)].1
    }

    #[inline]
    fn get_mut(&mut self, shard: usize) -> &mut S {
        let at = self.position(shard);
        &mut self.0[at].1
    }

    fn has(&self, shard: usize) -> bool {
        self.0.binary_search_by_key(&shard, |(locked, _)| *locked).is_ok()
    }

    /// Where a shard's guard is. Touching a shard that was not locked is a broken invariant.
    #[inline]
    fn position(&self, shard: usize) -> usize {
        let found = if self.0.len() <= 8 {
            self.0.iter().position(|(locked, _)| *locked == shard)
        } else {
            self.0.binary_search_by_key(&shard, |(locked, _)| *locked).ok()
        };
        found.unwrap_or_else(|| panic!("shard {shard} was touched without its lock"))
    }
}

impl<S: Shard> Drop for OrderGuards<'_, S> {
    fn drop(&mut self) {
        // After a panic nothing is in a form that anybody will look at.
        if !std::thread::panicking() {
            self.0.0.iter_mut().for_each(|(_, shard)| shard.put_away());
        }
    }
}

/// How many shards each tier has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Shards {
    /// Shards of orders.
    pub orders: usize,
    /// Shards of customers.
    pub customers: usize,
    /// Shards of stock.
    pub stock: usize,
}

impl<T: Tiers> Door<T> {
    /// A door over these numbers of shards, each shard made by the function of its tier.
    pub fn new(
        shards: Shards,
        order: impl Fn() -> T::Orders,
        customer: impl Fn() -> T::Customers,
        stock: impl Fn() -> T::Stock,
        counters: T::Counters,
    ) -> Door<T> {
        Door {
            gate: Gate::new(),
            orders: Tier::new(shards.orders, order),
            customers: Tier::new(shards.customers, customer),
            stock: Tier::new(shards.stock, stock),
            counters,
        }
    }

    /// How many order shards there are.
    pub fn order_shards(&self) -> usize {
        self.orders.0.len()
    }

    /// How many stock shards there are.
    pub fn stock_shards(&self) -> usize {
        self.stock.0.len()
    }

    /// Locks order shards, in order, each once.
    pub fn lock_orders<'a>(&'a self, log: &'a Log, shards: impl IntoIterator<Item = usize>) -> OrdersLocked<'a, T> {
        let passed = Passed { _shared: Some(self.gate.shared()), _alone: None, _held: Held::new() };
        OrdersLocked { latch: HaltOnPanic(log), orders: OrderGuards(self.orders.lock(shards)), passed, door: self }
    }

    /// The same, while nobody else has anything locked through this door.
    pub fn lock_alone<'a>(&'a self, log: &'a Log, shards: impl IntoIterator<Item = usize>) -> OrdersLocked<'a, T> {
        let passed = Passed { _shared: None, _alone: Some(self.gate.alone()), _held: Held::new() };
        OrdersLocked { latch: HaltOnPanic(log), orders: OrderGuards(self.orders.lock(shards)), passed, door: self }
    }

    /// Looks at one order shard.
    pub fn with_orders<R>(&self, shard: usize, f: impl FnOnce(&T::Orders) -> R) -> R {
        let _held = Held::new();
        f(OrderGuards(self.orders.lock([shard])).0.get(shard))
    }

    /// Looks at one stock shard.
    pub fn with_stock<R>(&self, shard: usize, f: impl FnOnce(&T::Stock) -> R) -> R {
        let _held = Held::new();
        f(&self.stock.0[shard].lock())
    }

    /// Bytes of memory of the shards of orders and of those of stock, without what is behind them.
    pub fn memory(&self) -> (usize, usize) {
        (self.orders.memory(), self.stock.memory())
    }

    /// The leaf structures, for reading with no lock held.
    pub fn counters(&self) -> &T::Counters {
        &self.counters
    }
}

impl<'a, T: Tiers> OrdersLocked<'a, T> {
    /// A locked order shard.
    pub fn orders(&self, shard: usize) -> &T::Orders {
        self.orders.0.get(shard)
    }

    /// A locked order shard.
    pub fn orders_mut(&mut self, shard: usize) -> &mut T::Orders {
        self.orders.0.get_mut(shard)
    }

    /// Locks customer shards as well, in order, each once.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "no customers are kept yet; loom and the tests hold their place in the order")
    )]
    pub fn lock_customers(self, shards: impl IntoIterator<Item = usize>) -> CustomersLocked<'a, T> {
        let customers = self.door.customers.lock(shards);
        CustomersLocked { latch: self.latch, orders: self.orders, customers, passed: self.passed, door: self.door }
    }

    /// Locks stock shards as well, in order, each once. No customer can be locked any more.
    pub fn lock_stock(self, shards: impl IntoIterator<Item = usize>) -> Locked<'a, T> {
        let stock = self.door.stock.lock(shards);
        let customers = Guards(SmallVec::new());
        let (orders, counters) = (self.orders, &self.door.counters);
        Locked { _latch: self.latch, stock, customers, orders, _passed: self.passed, counters }
    }
}

#[cfg_attr(
    not(test),
    expect(dead_code, reason = "no customers are kept yet; loom and the tests hold their place in the order")
)]
impl<'a, T: Tiers> CustomersLocked<'a, T> {
    /// A locked customer shard.
    pub fn customers(&self, shard: usize) -> &T::Customers {
        self.customers.get(shard)
    }

    /// Locks stock shards as well, in order, each once.
    pub fn lock_stock(self, shards: impl IntoIterator<Item = usize>) -> Locked<'a, T> {
        let stock = self.door.stock.lock(shards);
        let (customers, counters) = (self.customers, &self.door.counters);
        Locked { _latch: self.latch, stock, customers, orders: self.orders, _passed: self.passed, counters }
    }
}

impl<T: Tiers> Locked<'_, T> {
    /// A locked order shard.
    pub fn orders(&self, shard: usize) -> &T::Orders {
        self.orders.0.get(shard)
    }

    /// A locked order shard.
    pub fn orders_mut(&mut self, shard: usize) -> &mut T::Orders {
        self.orders.0.get_mut(shard)
    }

    /// Whether an order shard is locked.
    pub fn has_orders(&self, shard: usize) -> bool {
        self.orders.0.has(shard)
    }

    /// A locked customer shard.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "no customers are kept yet; loom and the tests hold their place in the order")
    )]
    pub fn customers_mut(&mut self, shard: usize) -> &mut T::Customers {
        self.customers.get_mut(shard)
    }

    /// A locked stock shard.
    pub fn stock(&self, shard: usize) -> &T::Stock {
        self.stock.get(shard)
    }

    /// A locked stock shard.
    pub fn stock_mut(&mut self, shard: usize) -> &mut T::Stock {
        self.stock.get_mut(shard)
    }

    /// Whether a stock shard is locked.
    pub fn has_stock(&self, shard: usize) -> bool {
        self.stock.has(shard)
    }

    /// The leaf structures: each has a lock of its own, and none is held while another is asked for.
    pub fn counters(&self) -> &T::Counters {
        self.counters
    }
}

#[cfg(all(test, not(stockade_loom)))]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
    use std::thread;

    use super::*;
    use crate::ids::Seq;
    use crate::log::{Admission, ChainHash};
    use crate::sync::{AtomicUsize, Ordering};

    #[derive(Debug)]
    struct Flags;

    impl Shard for u32 {
        fn put_away(&mut self) {
            *self += 1;
        }
    }

    impl Tiers for Flags {
        type Orders = u32;
        type Customers = u64;
        type Stock = bool;
        type Counters = ();
    }

    fn door(stock: usize) -> Door<Flags> {
        Door::new(Shards { orders: 1, customers: 2, stock }, || 0, || 0, || false, ())
    }

    #[test]
    fn a_panic_halts_the_log_before_its_locks_open() {
        for _ in 0..200 {
            let (log, door) = (Log::new(Seq(0), ChainHash::GENESIS), door(1));
            thread::scope(|scope| {
                let waiting = scope.spawn(|| {
                    loop {
                        let Ok(room) = log.reserve(1, Admission::Ordinary) else { return };
                        let locked = door.lock_orders(&log, []).lock_stock([0]);
                        if *locked.stock(0) {
                            assert!(log.append(room, b"e").is_err(), "an event was built on what a panic left behind");
                            return;
                        }
                        drop(locked);
                        thread::yield_now();
                    }
                });
                let broken = catch_unwind(AssertUnwindSafe(|| {
                    let mut locked = door.lock_orders(&log, [0]).lock_stock([0]);
                    *locked.stock_mut(0) = true;
                    thread::yield_now();
                    // Not `panic!`: the test's output is no place for a message that is meant to be.
                    resume_unwind(Box::new("an invariant broke"));
                }));
                assert!(broken.is_err());
                waiting.join().expect("the waiting thread saw the halt in time");
            });
            assert!(log.halted().is_some_and(|reason| reason.contains("panic")));
        }
    }

    #[test]
    #[should_panic(expected = "was touched without its lock")]
    fn a_shard_that_is_not_locked_cannot_be_touched() {
        let (log, door) = (Log::new(Seq(0), ChainHash::GENESIS), door(2));
        let mut locked = door.lock_orders(&log, [0]).lock_stock([0]);
        *locked.stock_mut(1) = true;
    }

    #[test]
    fn who_is_alone_waits_for_all_others_and_they_for_it() {
        let (log, door) = (Log::new(Seq(0), ChainHash::GENESIS), door(2));
        let inside = AtomicUsize::new(0);
        thread::scope(|scope| {
            for thread in 0..4 {
                let (log, door, inside) = (&log, &door, &inside);
                scope.spawn(move || {
                    for _ in 0..500 {
                        let locked = door.lock_orders(log, []).lock_stock([thread % 2]);
                        inside.fetch_add(1, Ordering::SeqCst);
                        thread::yield_now();
                        inside.fetch_sub(1, Ordering::SeqCst);
                        drop(locked);
                    }
                });
            }
            for _ in 0..500 {
                let locked = door.lock_alone(&log, [0]).lock_stock([]);
                assert_eq!(inside.load(Ordering::SeqCst), 0);
                thread::yield_now();
                assert_eq!(inside.load(Ordering::SeqCst), 0);
                drop(locked);
            }
        });
    }

    #[test]
    fn a_shard_is_put_away_each_time_before_its_lock_opens() {
        let (log, door) = (Log::new(Seq(0), ChainHash::GENESIS), door(1));
        for before in [0, 2] {
            assert_eq!(door.with_orders(0, |away| *away), before);
            let locked = door.lock_orders(&log, [0]).lock_customers([0]).lock_stock([0]);
            assert_eq!(*locked.orders(0), before + 1);
        }
    }

    #[test]
    fn customers_are_locked_between_orders_and_stock() {
        let (log, door) = (Log::new(Seq(0), ChainHash::GENESIS), door(1));
        let customers = door.lock_orders(&log, [0]).lock_customers([1, 0, 1]);
        assert_eq!(*customers.customers(1), 0);
        let mut locked = customers.lock_stock([0]);
        *locked.customers_mut(1) += 7;
        assert!(locked.has_orders(0) && locked.has_stock(0) && !locked.has_stock(1));
    }
}
