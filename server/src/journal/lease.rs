//! How long this process may speak for the history.
//!
//! A journal that several servers can reach belongs to one of them for a while at a time. Past that time another one may
//! own it and have sold what this one still sees, so an answer that claims to be durable must not leave. The time is counted
//! from the sending of the last call that the journal acknowledged, on this machine's monotonic clock, less a margin: the
//! journal cannot have begun to count earlier.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// A lease that nobody else can take over.
const UNLIMITED: u64 = u64::MAX;
/// The share of the time that is kept back, since no two clocks run at the same rate.
const MARGIN: u32 = 10;

/// The time for which this process may answer from what it has in memory. Shared by the journal, which extends it, and the
/// service, which asks.
pub struct Lease {
    begun: Instant,
    /// Microseconds after `begun`.
    until: AtomicU64,
    is_lost: AtomicBool,
    listeners: Mutex<Vec<Box<dyn Fn() + Send + Sync>>>,
}

impl Default for Lease {
    /// A lease that begins with the first acknowledged call.
    fn default() -> Lease {
        Lease {
            begun: Instant::now(),
            until: AtomicU64::new(0),
            is_lost: AtomicBool::new(false),
            listeners: Mutex::default(),
        }
    }
}

impl Lease {
    /// The lease of a journal that no other process can have open.
    pub fn unlimited() -> Lease {
        Lease { until: AtomicU64::new(UNLIMITED), ..Lease::default() }
    }

    /// The journal acknowledged a call that was sent at this time, and that keeps the ownership for `hold`.
    pub fn extend(&self, sent: Instant, hold: Duration) {
        let until = sent.duration_since(self.begun) + (hold - hold / MARGIN);
        let until = u64::try_from(until.as_micros()).unwrap_or(UNLIMITED - 1);
        let was_current = self.is_current();
        self.until.fetch_max(until, Ordering::AcqRel);
        let was_lost = self.is_lost.swap(false, Ordering::AcqRel);
        if !was_current || was_lost {
            self.listeners.lock().iter().for_each(|listener| listener());
        }
    }

    /// The journal lost history that it had acknowledged.
    pub fn lose(&self) {
        self.is_lost.store(true, Ordering::Release);
    }

    /// Whether history that was acknowledged is lost. Nothing new may be acknowledged then, at any level.
    pub fn is_lost(&self) -> bool {
        self.is_lost.load(Ordering::Acquire)
    }

    /// Whether nobody else can own the history now.
    #[inline]
    pub fn is_current(&self) -> bool {
        let until = self.until.load(Ordering::Acquire);
        until == UNLIMITED || self.begun.elapsed().as_micros() < u128::from(until)
    }

    /// Calls `f` whenever the lease becomes current again, on the thread of the journal: it should only wake somebody.
    pub fn on_return(&self, f: Box<dyn Fn() + Send + Sync>) {
        self.listeners.lock().push(f);
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (is_current, is_lost) = (self.is_current(), self.is_lost());
        f.debug_struct("Lease").field("is_current", &is_current).field("is_lost", &is_lost).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[test]
    fn a_lease_ends_a_margin_before_the_ownership_counted_from_the_sending() {
        let lease = Lease::default();
        assert!(!lease.is_current(), "nothing was acknowledged yet");
        let sent = Instant::now();
        lease.extend(sent, Duration::from_secs(100));
        let until = Duration::from_micros(lease.until.load(Ordering::Relaxed));
        assert_eq!((lease.begun + until).duration_since(sent).as_millis().div_ceil(1_000), 90);
        assert!(lease.is_current());
        // An acknowledgement that comes late does not shorten it.
        lease.extend(sent, Duration::from_millis(1));
        assert!(lease.is_current());
        let short = Lease::default();
        short.extend(Instant::now(), Duration::from_millis(20));
        std::thread::sleep(Duration::from_millis(19));
        assert!(!short.is_current());
        assert!(Lease::unlimited().is_current());
    }

    #[test]
    fn whoever_waits_is_told_when_it_is_current_again() {
        let (lease, told) = (Lease::default(), Arc::new(AtomicUsize::new(0)));
        let ring = Arc::clone(&told);
        lease.on_return(Box::new(move || {
            ring.fetch_add(1, Ordering::Relaxed);
        }));
        let extend = || lease.extend(Instant::now(), Duration::from_secs(100));
        extend();
        extend();
        assert_eq!(told.load(Ordering::Relaxed), 1, "it was current all the time");
        lease.lose();
        assert!(lease.is_lost());
        extend();
        assert!(!lease.is_lost());
        assert_eq!(told.load(Ordering::Relaxed), 2);
    }
}
