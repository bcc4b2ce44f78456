//! Log lines that strangers can cause, limited in rate: a flood of them must not fill the disk or hide the others.

use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// The limit of one kind of line.
#[derive(Debug)]
pub struct Throttle {
    /// Lines that may come at once.
    burst: u32,
    /// After that, one line in this time.
    per_line: Duration,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Lines that may still come.
    left: u32,
    /// When the last one was given back.
    filled: Option<Instant>,
    /// Lines left out since the last one that came.
    hidden: u64,
}

impl Throttle {
    /// A limit of 10 lines at once, and of one a second after that.
    pub const fn new() -> Throttle {
        Throttle::of(10, Duration::from_secs(1))
    }

    /// A limit for a state that lasts and is told again and again: of one line in this time.
    pub const fn slow(per_line: Duration) -> Throttle {
        Throttle::of(1, per_line)
    }

    const fn of(burst: u32, per_line: Duration) -> Throttle {
        Throttle { burst, per_line, state: Mutex::new(State { left: burst, filled: None, hidden: 0 }) }
    }

    /// Whether a line may be written now, and how many were left out since the last one.
    pub fn admit(&self, now: Instant) -> Option<u64> {
        let mut state = self.state.lock();
        let filled = *state.filled.get_or_insert(now);
        let back = now.saturating_duration_since(filled).as_secs() / self.per_line.as_secs().max(1);
        if back > 0 {
            let back = u32::try_from(back).unwrap_or(u32::MAX);
            state.left = state.left.saturating_add(back).min(self.burst);
            state.filled = Some(filled + self.per_line * back);
        }
        if state.left == 0 {
            state.hidden += 1;
            return None;
        }
        state.left -= 1;
        Some(std::mem::take(&mut state.hidden))
    }
}

impl Default for Throttle {
    fn default() -> Throttle {
        Throttle::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_lines_is_cut_to_one_a_second_and_counted() {
        let (throttle, begin) = (Throttle::new(), Instant::now());
        let lines = |from: u64, to: u64| {
            let admitted = (from..to).filter_map(|ms| throttle.admit(begin + Duration::from_millis(ms)));
            admitted.collect::<Vec<u64>>()
        };
        assert_eq!(lines(0, 1_000), [0; 10], "the burst");
        assert_eq!(lines(1_000, 4_000), [990, 999, 999], "one a second, and what was left out");
        assert_eq!(throttle.admit(begin + Duration::from_secs(100)), Some(999));
        assert_eq!(lines(100_001, 101_000), [0; 9], "the burst is back");
        let slow = Throttle::slow(Duration::from_secs(60));
        let admitted: Vec<u64> = (0..180).filter(|s| slow.admit(begin + Duration::from_secs(*s)).is_some()).collect();
        assert_eq!(admitted, [0, 60, 120]);
    }
}
