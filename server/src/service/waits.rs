//! Waiting for events to become durable. An advance of the gate wakes each waiter once, however many answers it frees.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering, fence};

use parking_lot::RwLock;
use stockade_core::Durability;
use stockade_core::ids::Seq;
use tokio::sync::Notify;

use super::decide::Decide;
use crate::journal::Lease;

/// The waiters at a gate.
pub struct Waits {
    decide: Arc<dyn Decide>,
    lease: Arc<Lease>,
    bells: RwLock<Vec<Arc<Bell>>>,
}

/// A place to wait. Left when dropped.
#[derive(Debug)]
pub struct Wait {
    waits: Arc<Waits>,
    bell: Arc<Bell>,
}

/// The last events on which answers may depend that leave now, by level; `None` if none may leave at that level.
#[derive(Clone, Copy, Debug)]
pub struct Marks([Option<Seq>; 3]);

impl Marks {
    /// Whether an answer that depends on this event may leave at this level.
    #[inline]
    pub fn cover(&self, seen: Seq, level: Durability) -> bool {
        self.0[level as usize].is_some_and(|mark| seen <= mark)
    }
}

#[derive(Debug, Default)]
struct Bell {
    /// The event wanted, 0 for none; the highest bit set means replicated, otherwise journaled.
    wanted: AtomicU64,
    notify: Notify,
}

const REPLICATED: u64 = 1 << 63;

impl Waits {
    pub(super) fn new(decide: Arc<dyn Decide>, lease: Arc<Lease>) -> Arc<Waits> {
        let waits = Arc::new(Waits { decide, lease, bells: RwLock::default() });
        let ringing = Arc::downgrade(&waits);
        let ring = move || {
            if let Some(waits) = ringing.upgrade() {
                waits.ring();
            }
        };
        waits.decide.gate().on_advance(Box::new(ring.clone()));
        waits.lease.on_return(Box::new(ring));
        waits
    }

    /// Whether an answer that depends on this event may leave at this level. What claims to be durable must be so in the
    /// history that is in force: while another server may own that, it stays.
    pub fn is_due(&self, seen: Seq, level: Durability) -> bool {
        self.decide.gate().watermark(level) >= seen && (level == Durability::Memory || self.lease.is_current())
    }

    /// What may leave now, for many answers at once.
    pub fn marks(&self) -> Marks {
        let is_current = self.lease.is_current();
        let mark = |level| (level == Durability::Memory || is_current).then(|| self.watermark(level));
        Marks([Durability::Memory, Durability::Journaled, Durability::Replicated].map(mark))
    }

    /// The last event that is this durable.
    pub fn watermark(&self, level: Durability) -> Seq {
        self.decide.gate().watermark(level)
    }

    /// A place to wait.
    pub fn enter(self: &Arc<Waits>) -> Wait {
        let bell = Arc::new(Bell::default());
        self.bells.write().push(Arc::clone(&bell));
        Wait { waits: Arc::clone(self), bell }
    }

    fn ring(&self) {
        // The gate moved before this, and a waiter looks at it after it said what it wants: one of the two sees the
        // other.
        fence(Ordering::SeqCst);
        let journaled = self.watermark(Durability::Journaled);
        let replicated = self.watermark(Durability::Replicated);
        for bell in self.bells.read().iter() {
            let wanted = bell.wanted.load(Ordering::Acquire);
            let mark = if wanted & REPLICATED == 0 { journaled } else { replicated };
            let due = wanted != 0 && wanted & !REPLICATED <= mark.0;
            if due && bell.wanted.compare_exchange(wanted, 0, Ordering::AcqRel, Ordering::Relaxed).is_ok() {
                bell.notify.notify_one();
            }
        }
    }
}

impl Wait {
    /// Asks to be rung when this event is this durable. Look at [`Waits::is_due`] again after this: the gate may have
    /// advanced before.
    pub fn want(&self, seen: Seq, level: Durability) {
        let wanted = match level {
            Durability::Memory => 0,
            Durability::Journaled => seen.0,
            Durability::Replicated => seen.0 | REPLICATED,
        };
        self.bell.wanted.store(wanted, Ordering::Release);
        fence(Ordering::SeqCst);
    }

    /// Waits to be rung. A ring before this is not lost.
    pub async fn rung(&self) {
        self.bell.notify.notified().await;
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        let mut bells = self.waits.bells.write();
        if let Some(at) = bells.iter().position(|bell| Arc::ptr_eq(bell, &self.bell)) {
            bells.swap_remove(at);
        }
    }
}

impl fmt::Debug for Waits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waits").field("waiters", &self.bells.read().len()).finish_non_exhaustive()
    }
}
