//! Every lock and atomic of the engine: parking_lot in production, loom in proofs.

#[cfg(not(stockade_loom))]
pub(crate) use real::*;

#[cfg(stockade_loom)]
pub(crate) use model::*;

#[cfg(not(stockade_loom))]
mod real {
    use std::sync::{PoisonError, TryLockError};
    use std::time::Duration;

    use crossbeam::sync::ShardedLock;
    pub(crate) use crossbeam::sync::{ShardedLockReadGuard as SharedGuard, ShardedLockWriteGuard as AloneGuard};
    pub(crate) use parking_lot::{Mutex, MutexGuard};
    pub(crate) use std::sync::OnceLock;
    pub(crate) use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

    /// A gate that any number of threads pass together, each at its own part of it, or one alone, which closes all parts.
    #[derive(Debug)]
    pub(crate) struct Gate(ShardedLock<()>);

    /// Looks at a closed gate before a thread goes to sleep there: some ten microseconds.
    const SPINS: usize = 1_000;

    impl Gate {
        pub(crate) fn new() -> Self {
            Gate(ShardedLock::new(()))
        }

        /// Passes with others. Who is alone is soon done: waits for that without giving up the processor, for a while.
        #[inline]
        pub(crate) fn shared(&self) -> SharedGuard<'_, ()> {
            for _ in 0..SPINS {
                match self.0.try_read() {
                    Ok(guard) => return guard,
                    Err(TryLockError::Poisoned(poisoned)) => return poisoned.into_inner(),
                    Err(TryLockError::WouldBlock) => std::hint::spin_loop(),
                }
            }
            self.0.read().unwrap_or_else(PoisonError::into_inner)
        }

        /// Waits until nobody is inside, and lets nobody in.
        pub(crate) fn alone(&self) -> AloneGuard<'_, ()> {
            self.0.write().unwrap_or_else(PoisonError::into_inner)
        }
    }

    /// A condition variable whose guards travel by value, as loom's do.
    #[derive(Debug, Default)]
    pub(crate) struct Condvar(parking_lot::Condvar);

    impl Condvar {
        pub(crate) fn new() -> Self {
            Condvar(parking_lot::Condvar::new())
        }

        pub(crate) fn notify_all(&self) {
            self.0.notify_all();
        }

        pub(crate) fn notify_one(&self) {
            self.0.notify_one();
        }

        /// Waits while `waiting` holds, but no longer than `timeout`.
        pub(crate) fn wait_while<'a, T>(
            &self,
            mut guard: MutexGuard<'a, T>,
            timeout: Duration,
            waiting: impl FnMut(&mut T) -> bool,
        ) -> MutexGuard<'a, T> {
            self.0.wait_while_for(&mut guard, waiting, timeout);
            guard
        }
    }
}

#[cfg(stockade_loom)]
mod model {
    use std::time::Duration;

    pub(crate) use loom::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
    /// loom has none. Used only to keep what is computed from immutable data, so no interleaving changes its value.
    pub(crate) use std::sync::OnceLock;

    pub(crate) use loom::sync::{MutexGuard, RwLockReadGuard as SharedGuard, RwLockWriteGuard as AloneGuard};

    /// loom's mutex in parking_lot's clothes.
    #[derive(Debug, Default)]
    pub(crate) struct Mutex<T>(loom::sync::Mutex<T>);

    impl<T> Mutex<T> {
        pub(crate) fn new(value: T) -> Self {
            Mutex(loom::sync::Mutex::new(value))
        }

        pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
            self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
        }
    }

    /// loom's lock for readers and writers as a gate.
    #[derive(Debug)]
    pub(crate) struct Gate(loom::sync::RwLock<()>);

    impl Gate {
        pub(crate) fn new() -> Self {
            Gate(loom::sync::RwLock::new(()))
        }

        pub(crate) fn shared(&self) -> SharedGuard<'_, ()> {
            self.0.read().unwrap_or_else(|poisoned| poisoned.into_inner())
        }

        pub(crate) fn alone(&self) -> AloneGuard<'_, ()> {
            self.0.write().unwrap_or_else(|poisoned| poisoned.into_inner())
        }
    }

    /// loom's condition variable in parking_lot's clothes. loom has no time, so a timed wait is a wait.
    #[derive(Debug, Default)]
    pub(crate) struct Condvar(loom::sync::Condvar);

    impl Condvar {
        pub(crate) fn new() -> Self {
            Condvar(loom::sync::Condvar::new())
        }

        pub(crate) fn notify_all(&self) {
            self.0.notify_all();
        }

        pub(crate) fn notify_one(&self) {
            self.0.notify_one();
        }

        pub(crate) fn wait_while<'a, T>(
            &self,
            mut guard: MutexGuard<'a, T>,
            _timeout: Duration,
            mut waiting: impl FnMut(&mut T) -> bool,
        ) -> MutexGuard<'a, T> {
            while waiting(&mut guard) {
                guard = self.0.wait(guard).unwrap_or_else(|poisoned| poisoned.into_inner());
            }
            guard
        }
    }
}
