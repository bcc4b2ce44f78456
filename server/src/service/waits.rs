//! Waiting for events to become durable. An advance of the gate wakes each waiter once, however many answers it frees.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering, fence};

use parking_lot::RwLock;
use stockade_core::Durability;
use stockade_core::ids::Seq;
use tokio::sync::Notify;

use super::decide::Decide;

/// The waiters at a gate.
pub struct Waits {
    decide: Arc<dyn Decide>,
    bells: RwLock<Vec<Arc<Bell>>>,
}

/// A place to wait. Left when dropped.
#[derive(Debug)]
pub struct Wait {
    waits: Arc<Waits>,
    bell: Arc<Bell>,
}

#[derive(Debug, Default)]
struct Bell {
    /// The event wanted, 0 for none; the highest bit set means replicated, otherwise journaled.
    wanted: AtomicU64,
    notify: Notify,
}

const REPLICATED: u64 = 1 << 63;

impl Waits {
    pub(super) fn new(decide: Arc<dyn Decide>) -> Arc<Waits> {
        let waits = Arc::new(Waits { decide, bells: RwLock::default() });
        let ringing = Arc::downgrade(&waits);
        waits.decide.gate().on_advance(Box::new(move || {
            if let Some(waits) = ringing.upgrade() {
                waits.ring();
            }
        }));
        waits
    }

    /// Whether an answer that depends on this event may leave at this level.
    pub fn is_due(&self, seen: Seq, level: Durability) -> bool {
        self.decide.gate().watermark(level) >= seen
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
