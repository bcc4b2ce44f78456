//! How a caller takes what is sent to it.

use std::time::Duration;

use tokio::time::Instant;

/// Bytes a second that a caller takes at least on average, once its patience is used up.
pub const READ_PER_SECOND: u64 = 16 * 1024;

/// Follows an answer on its way. A slow caller that goes on taking some of it is waited for; one that takes nothing for a
/// while, or less than [`READ_PER_SECOND`], is not.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    begun: Instant,
    last: Instant,
    bytes: u64,
}

impl Reading {
    /// The first byte is offered.
    pub fn begin(now: Instant) -> Reading {
        Reading { begun: now, last: now, bytes: 0 }
    }

    /// The caller took some.
    pub fn took(&mut self, bytes: usize, now: Instant) {
        self.bytes += bytes as u64;
        self.last = now;
    }

    /// Until when the caller has to take more, when it may pause for `patience`.
    pub fn until(&self, patience: Duration) -> Instant {
        let earned = Duration::from_micros(self.bytes.saturating_mul(1_000_000) / READ_PER_SECOND);
        (self.last + patience).min(self.begun + patience + earned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_waited_for_and_a_trickle_is_not() {
        let patience = Duration::from_secs(30);
        let begun = Instant::now();
        let at = |seconds: u64| begun + Duration::from_secs(seconds);
        let is_cut_at = |bytes: usize, every: u64| {
            let mut reading = Reading::begin(begun);
            (1..10_000).map(|n| n * every).find(|now| {
                let late = at(*now) > reading.until(patience);
                reading.took(bytes, at(*now));
                late
            })
        };
        assert_eq!(is_cut_at(20 * 1024, 1), None, "20 KiB a second is slow and goes on");
        assert_eq!(is_cut_at(20 * 29 * 1024, 29), None, "in pieces, too");
        assert_eq!(is_cut_at(20 * 31 * 1024, 31), Some(31), "a pause has a bound");
        let cut = is_cut_at(1, 29).unwrap();
        assert!((30..=58).contains(&cut), "a byte now and then is no progress: {cut}");
        let cut = is_cut_at(8 * 1024, 1).unwrap();
        assert!((55..=65).contains(&cut), "half the least speed lasts twice the patience: {cut}");
        let mut all_at_once = Reading::begin(begun);
        all_at_once.took(1 << 30, at(1));
        assert_eq!(all_at_once.until(patience), at(31), "much at once is no leave for a long pause");
    }
}
