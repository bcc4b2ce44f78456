//! Estimate of the server's time.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use stockade_core::time::Time;

/// The server's time, behind by the travel time of an answer, since an answer carries the time of its sending.
/// Not-after times are therefore slightly early, never late.
#[derive(Debug)]
pub(crate) struct ServerClock {
    started: Instant,
    /// Server time less time since the start, in µs.
    ahead: AtomicI64,
}

impl ServerClock {
    pub(crate) fn new() -> ServerClock {
        ServerClock { started: Instant::now(), ahead: AtomicI64::new(i64::MIN) }
    }

    /// Records that a server reported `time`. With `anew` the old estimate is dropped: another server, or one whose
    /// clock was set.
    pub(crate) fn saw(&self, time: Time, anew: bool) {
        let local = i64::try_from(self.started.elapsed().as_micros()).unwrap_or(i64::MAX);
        let ahead = i64::try_from(time.0).unwrap_or(i64::MAX).saturating_sub(local);
        if anew {
            self.ahead.store(ahead, Ordering::Relaxed);
        } else if ahead > self.ahead.load(Ordering::Relaxed) {
            self.ahead.fetch_max(ahead, Ordering::Relaxed);
        }
    }

    /// The not-after time for a caller that waits until `until`. It is a little earlier, so that the server's refusal
    /// still arrives in time.
    pub(crate) fn not_after(&self, now: Instant, until: Instant) -> Time {
        let left = until.saturating_duration_since(now);
        let left = left - (left / 10).min(MARGIN);
        let local = now.saturating_duration_since(self.started) + left;
        let local = i64::try_from(local.as_micros()).unwrap_or(i64::MAX);
        let time = local.saturating_add(self.ahead.load(Ordering::Relaxed));
        // Zero would mean "no limit".
        Time(u64::try_from(time).unwrap_or(0).max(1))
    }
}

const MARGIN: Duration = Duration::from_millis(50);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn not_after_follows_the_latest_and_soonest_answer() {
        let clock = ServerClock::new();
        clock.saw(Time(5_000_000_000), true);
        let now = Instant::now();
        let not_after = clock.not_after(now, now + Duration::from_secs(1));
        assert!((5_000_900_000..5_001_000_000).contains(&not_after.0), "{not_after:?}");
        clock.saw(Time(4_000_000_000), false);
        assert!(clock.not_after(now, now) >= Time(5_000_000_000));
        clock.saw(Time(4_000_000_000), true);
        assert!(clock.not_after(now, now) < Time(4_001_000_000));
        assert!(clock.not_after(now, now - Duration::from_secs(1)).0 > 0);
    }
}
