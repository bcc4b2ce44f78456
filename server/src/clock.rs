//! The only reader of clocks. Everything else is told what time it is.

use std::fmt;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;
use stockade_core::time::{Span, Time};

/// A forward step of the wall clock beyond this is not followed until a person confirms it: it would expire every
/// unpaid hold at once.
pub const JUMP_LIMIT: Span = Span::from_mins(5);

/// Engine time: never runs backwards, follows the wall clock, and does not believe everything it says.
///
/// A wall clock that is behind (it was set back, or the history was written by a faster clock) is waited for at half
/// speed, so that holds still run out. One that leaps ahead by more than [`JUMP_LIMIT`] is not followed: time goes on
/// steadily until [`Clock::confirm_jump`].
pub struct Clock {
    read: Box<dyn Fn() -> Reading + Send + Sync>,
    state: Mutex<State>,
}

/// What the machine's clocks say.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    /// The wall clock.
    pub wall: Time,
    /// A clock nobody sets.
    pub steady: Instant,
}

#[derive(Debug)]
struct State {
    last: Time,
    at: Instant,
    jump: Option<Span>,
}

impl Clock {
    /// The machine's clock, not earlier than the last event of the history. The difference at the start is an outage,
    /// not a jump.
    pub fn system(last_journaled: Time) -> Clock {
        Clock::reading(last_journaled, || Reading { wall: wall(), steady: Instant::now() })
    }

    /// A clock that goes by what `read` says, for simulations and tests.
    pub fn reading(last_journaled: Time, read: impl Fn() -> Reading + Send + Sync + 'static) -> Clock {
        let first = read();
        let state = State { last: first.wall.max(last_journaled), at: first.steady, jump: None };
        Clock { read: Box::new(read), state: Mutex::new(state) }
    }

    /// Engine time.
    pub fn now(&self) -> Time {
        let Reading { wall, steady } = (self.read)();
        let mut state = self.state.lock();
        // Read before the lock was taken: another thread may have been here later.
        let passed = micros(steady.saturating_duration_since(state.at));
        let expected = state.last + passed;
        state.at = state.at.max(steady);
        state.last = if wall < expected {
            state.jump = None;
            wall.max(state.last + Span(passed.0 / 2))
        } else if wall.since(expected) > JUMP_LIMIT {
            if state.jump.is_none() {
                tracing::error!(
                    ahead = %wall.since(expected),
                    "the wall clock leapt ahead; it is not followed until that is confirmed"
                );
            }
            state.jump = Some(wall.since(expected));
            expected
        } else {
            state.jump = None;
            wall
        };
        state.last
    }

    /// How far the wall clock leapt ahead, while that is neither confirmed nor taken back.
    pub fn jump(&self) -> Option<Span> {
        self.state.lock().jump
    }

    /// A person says that the wall clock is right: engine time follows it at once.
    pub fn confirm_jump(&self) {
        let Reading { wall, steady } = (self.read)();
        let mut state = self.state.lock();
        state.last = state.last.max(wall);
        state.at = state.at.max(steady);
        state.jump = None;
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clock").field("state", &*self.state.lock()).finish_non_exhaustive()
    }
}

fn wall() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    Time(micros(since).0)
}

fn micros(duration: Duration) -> Span {
    Span(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    const START: u64 = 1_000_000_000_000;

    /// A clock whose wall and steady readings are set by hand, in microseconds.
    fn clock(last_journaled: u64) -> (Clock, impl Fn(u64, u64) -> u64) {
        let (wall, steady) = (Arc::new(AtomicU64::new(START)), Arc::new(AtomicU64::new(0)));
        let (w, s, origin) = (Arc::clone(&wall), Arc::clone(&steady), Instant::now());
        let clock = Clock::reading(Time(last_journaled), move || Reading {
            wall: Time(w.load(Ordering::Relaxed)),
            steady: origin + Duration::from_micros(s.load(Ordering::Relaxed)),
        });
        let set = move |at_wall: u64, at_steady: u64| {
            wall.store(START + at_wall, Ordering::Relaxed);
            steady.store(at_steady, Ordering::Relaxed);
            START
        };
        (clock, set)
    }

    #[test]
    fn follows_the_wall_clock_and_small_steps_of_it() {
        let (clock, set) = clock(0);
        set(5_000_000, 5_000_000);
        assert_eq!(clock.now(), Time(START + 5_000_000));
        set(65_000_000, 6_000_000);
        assert_eq!(clock.now(), Time(START + 65_000_000));
        assert_eq!(clock.jump(), None);
    }

    #[test]
    fn waits_for_a_wall_clock_that_is_behind_at_half_speed() {
        let (clock, set) = clock(START + 10_000_000);
        assert_eq!(clock.now(), Time(START + 10_000_000));
        set(4_000_000, 4_000_000);
        assert_eq!(clock.now(), Time(START + 12_000_000));
        set(19_000_000, 19_000_000);
        assert_eq!(clock.now(), Time(START + 19_500_000));
        set(21_000_000, 21_000_000);
        assert_eq!(clock.now(), Time(START + 21_000_000));
    }

    #[test]
    fn a_leap_is_not_followed_until_it_is_confirmed_or_taken_back() {
        let (clock, set) = clock(0);
        let hour = 3_600_000_000;
        set(hour, 1_000_000);
        assert_eq!(clock.now(), Time(START + 1_000_000));
        assert_eq!(clock.jump(), Some(Span(hour - 1_000_000)));
        set(hour + 1_000_000, 2_000_000);
        assert_eq!(clock.now(), Time(START + 2_000_000));
        set(3_000_000, 3_000_000);
        assert_eq!(clock.now(), Time(START + 3_000_000));
        assert_eq!(clock.jump(), None);
        set(hour, 4_000_000);
        clock.now();
        clock.confirm_jump();
        assert_eq!(clock.now(), Time(START + hour));
        assert_eq!(clock.jump(), None);
    }

    #[test]
    fn an_outage_is_not_a_leap() {
        let (clock, set) = clock(START - 86_400_000_000);
        set(1_000, 1_000);
        assert_eq!(clock.now(), Time(START + 1_000));
    }
}
