//! The lock door: the only way to lock orders and stock, and only in one order.
//!
//! Key shards ascending, then stock shards ascending, then the log's leaf mutex inside [`crate::log::Log::append`].
//! [`Door::lock_keys`] takes the first kind, [`KeysLocked::lock_stock`] consumes what it gave and takes the second, both
//! from sorted, de-duplicated shard numbers: a wrong order cannot be written. Nothing that waits happens inside.
//!
//! A panic inside latches the log as halted before any lock opens, so that nobody sees or journals what it left behind.

use crossbeam::utils::CachePadded;
use smallvec::SmallVec;

use crate::log::Log;
use crate::sync::{Mutex, MutexGuard};

/// Every key shard and every stock shard behind their locks.
#[derive(Debug)]
pub struct Door<K, S> {
    keys: Box<[CachePadded<Mutex<K>>]>,
    stock: Box<[CachePadded<Mutex<S>>]>,
}

type Guards<'a, T, const N: usize> = SmallVec<[(usize, MutexGuard<'a, T>); N]>;

/// Some key shards are locked; no stock is yet.
#[must_use]
pub struct KeysLocked<'a, K, S> {
    // Dropped first: the latch must close before the locks open.
    latch: HaltOnPanic<'a>,
    keys: Guards<'a, K, 1>,
    door: &'a Door<K, S>,
}

/// Some key shards and some stock shards are locked.
#[must_use]
pub struct Locked<'a, K, S> {
    _latch: HaltOnPanic<'a>,
    stock: Guards<'a, S, 4>,
    keys: Guards<'a, K, 1>,
}

struct HaltOnPanic<'a>(&'a Log);

impl Drop for HaltOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.halt("a panic under the engine's locks; the process's error output has the message".to_owned());
        }
    }
}

impl<K, S> Door<K, S> {
    /// A door over `keys` and `stock` shards, each made by its function.
    pub fn new(keys: usize, stock: usize, key: impl Fn() -> K, shard: impl Fn() -> S) -> Door<K, S> {
        Door {
            keys: (0..keys).map(|_| CachePadded::new(Mutex::new(key()))).collect(),
            stock: (0..stock).map(|_| CachePadded::new(Mutex::new(shard()))).collect(),
        }
    }

    /// How many key shards there are.
    pub fn key_shards(&self) -> usize {
        self.keys.len()
    }

    /// How many stock shards there are.
    pub fn stock_shards(&self) -> usize {
        self.stock.len()
    }

    /// Locks key shards, in order, each once.
    pub fn lock_keys<'a>(&'a self, log: &'a Log, shards: impl IntoIterator<Item = usize>) -> KeysLocked<'a, K, S> {
        let latch = HaltOnPanic(log);
        KeysLocked { latch, keys: lock_sorted(&self.keys, shards), door: self }
    }

    /// Looks at one key shard.
    pub fn with_key<T>(&self, shard: usize, f: impl FnOnce(&K) -> T) -> T {
        f(&self.keys[shard].lock())
    }

    /// Looks at one stock shard.
    pub fn with_stock<T>(&self, shard: usize, f: impl FnOnce(&S) -> T) -> T {
        f(&self.stock[shard].lock())
    }
}

impl<'a, K, S> KeysLocked<'a, K, S> {
    /// A locked key shard.
    pub fn key(&self, shard: usize) -> &K {
        &self.keys[position(&self.keys, shard)].1
    }

    /// A locked key shard.
    pub fn key_mut(&mut self, shard: usize) -> &mut K {
        let at = position(&self.keys, shard);
        &mut self.keys[at].1
    }

    /// Locks stock shards as well, in order, each once.
    pub fn lock_stock(self, shards: impl IntoIterator<Item = usize>) -> Locked<'a, K, S> {
        let stock = lock_sorted(&self.door.stock, shards);
        Locked { _latch: self.latch, stock, keys: self.keys }
    }
}

impl<K, S> Locked<'_, K, S> {
    /// A locked key shard.
    pub fn key(&self, shard: usize) -> &K {
        &self.keys[position(&self.keys, shard)].1
    }

    /// A locked key shard.
    pub fn key_mut(&mut self, shard: usize) -> &mut K {
        let at = position(&self.keys, shard);
        &mut self.keys[at].1
    }

    /// A locked stock shard.
    pub fn stock(&self, shard: usize) -> &S {
        &self.stock[position(&self.stock, shard)].1
    }

    /// A locked stock shard.
    pub fn stock_mut(&mut self, shard: usize) -> &mut S {
        let at = position(&self.stock, shard);
        &mut self.stock[at].1
    }
}

fn lock_sorted<'a, T, const N: usize>(
    shards: &'a [CachePadded<Mutex<T>>],
    wanted: impl IntoIterator<Item = usize>,
) -> Guards<'a, T, N>
where
    [(usize, MutexGuard<'a, T>); N]: smallvec::Array<Item = (usize, MutexGuard<'a, T>)>,
{
    let mut sorted: SmallVec<[usize; 8]> = wanted.into_iter().collect();
    sorted.sort_unstable();
    sorted.dedup();
    sorted.into_iter().map(|shard| (shard, shards[shard].lock())).collect()
}

/// Where a shard's guard is. Touching a shard that was not locked is a broken invariant.
#[inline]
fn position<T>(guards: &[(usize, T)], shard: usize) -> usize {
    let found = if guards.len() <= 8 {
        guards.iter().position(|(locked, _)| *locked == shard)
    } else {
        guards.binary_search_by_key(&shard, |(locked, _)| *locked).ok()
    };
    found.unwrap_or_else(|| panic!("shard {shard} was touched without its lock"))
}

#[cfg(all(test, not(stockade_loom)))]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
    use std::thread;

    use super::*;
    use crate::ids::Seq;
    use crate::log::{Admission, ChainHash};

    #[test]
    fn a_panic_halts_the_log_before_its_locks_open() {
        for _ in 0..200 {
            let log = Log::new(Seq(0), ChainHash::GENESIS);
            let door: Door<(), bool> = Door::new(1, 1, || (), || false);
            thread::scope(|scope| {
                let waiting = scope.spawn(|| {
                    loop {
                        let Ok(room) = log.reserve(1, Admission::Ordinary) else { return };
                        let locked = door.lock_keys(&log, []).lock_stock([0]);
                        if *locked.stock(0) {
                            assert!(log.append(room, b"e").is_err(), "an event was built on what a panic left behind");
                            return;
                        }
                        drop(locked);
                        thread::yield_now();
                    }
                });
                let broken = catch_unwind(AssertUnwindSafe(|| {
                    let mut locked = door.lock_keys(&log, [0]).lock_stock([0]);
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
        let log = Log::new(Seq(0), ChainHash::GENESIS);
        let door: Door<(), u64> = Door::new(1, 2, || (), || 0);
        let mut locked = door.lock_keys(&log, [0]).lock_stock([0]);
        *locked.stock_mut(1) = 1;
    }
}
