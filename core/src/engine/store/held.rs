//! Whether this thread holds locks of the engine. Known in debug builds only, where planning asserts it.

#[cfg(debug_assertions)]
use std::cell::Cell;

#[cfg(debug_assertions)]
thread_local! {
    static HELD: Cell<usize> = const { Cell::new(0) };
}

/// Locks that this thread holds as long as this lives.
pub(super) struct Held(());

impl Held {
    #[inline]
    pub fn new() -> Held {
        #[cfg(debug_assertions)]
        HELD.set(HELD.get() + 1);
        Held(())
    }
}

impl Drop for Held {
    #[inline]
    fn drop(&mut self) {
        #[cfg(debug_assertions)]
        HELD.set(HELD.get() - 1);
    }
}

/// Panics in debug builds when this thread holds locks of an engine.
#[inline]
pub(in crate::engine) fn assert_no_locks_held() {
    // loom runs its threads as one.
    #[cfg(all(debug_assertions, not(stockade_loom)))]
    assert_eq!(HELD.get(), 0, "unbounded work while locks are held");
}
