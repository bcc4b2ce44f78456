//! Log lines that strangers can cause, limited in rate: a flood of them must not fill the disk or hide the others.

use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// Lines that may come at once.
const BURST: u32 = 10;
/// After that, one line in this time.
const PER_LINE: Duration = Duration::from_secs(1);

/// The limit of one kind of line.
#[derive(Debug)]
pub struct Throttle(Mutex<State>);

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
        Throttle(Mutex::new(State { left: BURST, filled: None, hidden: 0 }))
    }

    /// Whether a line may be written now, and how many were left out since the last one.
    pub fn admit(&self, now: Instant) -> Option<u64> {
        let mut state = self.0.lock();
        let filled = *state.filled.get_or_insert(now);
        let back = now.saturating_duration_since(filled).as_secs() / PER_LINE.as_secs();
        if back > 0 {
            let back = u32::try_from(back).unwrap_or(u32::MAX);
            state.left = state.left.saturating_add(back).min(BURST);
            state.filled = Some(filled + PER_LINE * back);
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
    }
}
