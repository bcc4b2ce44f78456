//! Connections of the HTTP side: how many there may be, and what one of them knows of its caller.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use stockade_core::reject::{Reject, RetryAfter};
use stockade_core::time::Span;
use tokio::sync::Notify;

use crate::service::{Memory, Stranger, Strangers};

/// Bounds of the HTTP side.
#[derive(Clone, Debug)]
pub struct HttpLimits {
    /// Connections at one time whose caller has shown a token that is known.
    pub known: usize,
    /// Connections at one time whose caller has not, probes among them; beyond that the oldest of them has to go.
    pub strangers: usize,
    /// From the opening of a connection, or its last answer, to the end of the next request's head.
    pub head: Duration,
    /// From the end of a request's head to the end of its body.
    pub body: Duration,
    /// How long a caller may leave what is sent to it unread.
    pub unread: Duration,
    /// Bytes that the bodies and answers of one connection may take.
    pub memory: usize,
}

impl Default for HttpLimits {
    /// Ordinary bounds, and no more connections than the process has descriptors for beyond [`RESERVE`].
    fn default() -> HttpLimits {
        let free = descriptors().saturating_sub(RESERVE);
        HttpLimits {
            known: (free / 4 * 3).clamp(16, 1_024),
            strangers: (free / 4).clamp(16, 256),
            head: Duration::from_secs(30),
            body: Duration::from_secs(30),
            unread: Duration::from_secs(30),
            memory: 32 * 1024 * 1024,
        }
    }
}

/// Descriptors that HTTP connections leave to the journal, the file of tokens and everything else.
const RESERVE: usize = 128;
/// What is assumed where the system does not say how many descriptors a process may have.
const DESCRIPTORS: usize = 512;

/// How many descriptors this process may have.
fn descriptors() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    soft_limit(&limits).unwrap_or(DESCRIPTORS)
}

fn soft_limit(limits: &str) -> Option<usize> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    match line.split_whitespace().next()? {
        "unlimited" => Some(usize::MAX),
        number => number.parse().ok(),
    }
}

/// The places of a listener.
#[derive(Debug)]
pub(super) struct Places {
    strangers: Arc<Strangers>,
    known: AtomicUsize,
    known_max: usize,
}

/// What a connection knows of its caller, for the requests on it.
#[derive(Debug)]
pub(super) struct Visit {
    places: Arc<Places>,
    met: AtomicBool,
    meeting: Notify,
    odd: AtomicBool,
    /// What the bodies and answers of the connection take.
    pub(super) memory: Memory,
}

impl Places {
    pub(super) fn new(limits: &HttpLimits) -> Arc<Places> {
        let strangers = Strangers::new(limits.strangers);
        Arc::new(Places { strangers, known: AtomicUsize::new(0), known_max: limits.known })
    }

    /// Lets a connection in, as a stranger.
    pub(super) fn enter(self: &Arc<Places>, memory: Memory) -> (Arc<Visit>, Stranger) {
        let (met, odd, meeting) = (AtomicBool::new(false), AtomicBool::new(false), Notify::new());
        (Arc::new(Visit { places: Arc::clone(self), met, meeting, odd, memory }), self.strangers.enter())
    }
}

impl Visit {
    /// The caller has shown a token that is known: the connection takes a place among those.
    pub(super) fn meet(&self) -> Result<(), Reject> {
        if self.met.load(Ordering::Relaxed) {
            return Ok(());
        }
        let take = |known: usize| (known < self.places.known_max).then_some(known + 1);
        if self.places.known.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_err() {
            return Err(Reject::Overloaded { retry_after: RetryAfter(RETRY_AFTER) });
        }
        self.met.store(true, Ordering::Relaxed);
        self.meeting.notify_one();
        Ok(())
    }

    /// A request's head was not as it should be.
    pub(super) fn write_down_odd(&self) {
        self.odd.store(true, Ordering::Relaxed);
    }

    /// Whether a request's head was not as it should be.
    pub(super) fn is_odd(&self) -> bool {
        self.odd.load(Ordering::Relaxed)
    }

    /// Waits until the caller is known.
    pub(super) async fn is_met(&self) {
        self.meeting.notified().await;
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        if self.met.load(Ordering::Relaxed) {
            self.places.known.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

const RETRY_AFTER: Span = Span::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_of_descriptors_is_read() {
        let limits = "Max processes   1  2  processes\nMax open files            1024                 524288               files\n";
        assert_eq!(soft_limit(limits), Some(1_024));
        assert_eq!(soft_limit("Max open files   unlimited unlimited files"), Some(usize::MAX));
        assert_eq!(soft_limit(""), None);
        let limits = HttpLimits::default();
        assert!(limits.known + limits.strangers + RESERVE / 2 < descriptors(), "{limits:?}");
    }
}
