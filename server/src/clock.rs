//! The only reader of the wall clock. Everything else takes the time as an argument.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crossbeam::utils::CachePadded;
use parking_lot::Mutex;
use stockade_core::time::{Span, Time};

/// Largest forward step of the wall clock that is followed without confirmation: a larger one would expire every
/// reservation hold at once.
pub const JUMP_LIMIT: Span = Span::from_mins(5);

/// Engine time: follows the wall clock, never runs backwards, and does not follow leaps.
///
/// While the wall clock is behind (it was set back, or the history was written by a faster clock), engine time runs at
/// half speed until the wall clock has caught up, so that holds still run out. A leap ahead by more than [`JUMP_LIMIT`]
/// is not followed: engine time runs steadily until [`Clock::confirm_jump`].
///
/// Every request asks it, so it is judged against the steady clock once a second or when it is behind; between that,
/// looking at it takes no lock.
pub struct Clock {
    source: Source,
    /// The latest time returned.
    latest: CachePadded<AtomicU64>,
    /// A wall clock between the latest time and this needs no judging; 0 while it does.
    trusted: AtomicU64,
    state: Mutex<State>,
}

/// How long a reading of the wall clock is trusted.
const TRUST: Span = Span::from_secs(1);

enum Source {
    System,
    Given(Box<dyn Fn() -> Reading + Send + Sync>),
}

impl Source {
    fn wall(&self) -> Time {
        match self {
            Source::System => wall(),
            Source::Given(read) => read().wall,
        }
    }

    fn read(&self) -> Reading {
        match self {
            Source::System => Reading { wall: wall(), steady: Instant::now() },
            Source::Given(read) => read(),
        }
    }
}

/// What the machine's clocks say.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    /// The wall clock.
    pub wall: Time,
    /// The steady clock, which is never set.
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
        Clock::new(last_journaled, Source::System)
    }

    /// A clock that goes by what `read` says, for simulations and tests.
    pub fn reading(last_journaled: Time, read: impl Fn() -> Reading + Send + Sync + 'static) -> Clock {
        Clock::new(last_journaled, Source::Given(Box::new(read)))
    }

    fn new(last_journaled: Time, source: Source) -> Clock {
        let first = source.read();
        let last = first.wall.max(last_journaled);
        let state = Mutex::new(State { last, at: first.steady, jump: None });
        Clock { source, latest: CachePadded::new(AtomicU64::new(last.0)), trusted: AtomicU64::new(0), state }
    }

    /// Engine time.
    pub fn now(&self) -> Time {
        let wall = self.source.wall().0;
        if self.latest.load(Ordering::Relaxed) <= wall && wall < self.trusted.load(Ordering::Relaxed) {
            return Time(self.latest.fetch_max(wall, Ordering::Relaxed).max(wall));
        }
        self.judge()
    }

    fn judge(&self) -> Time {
        let Reading { wall, steady } = self.source.read();
        let mut state = self.state.lock();
        // Read before the lock was taken: another thread may have been here later.
        let passed = micros(steady.saturating_duration_since(state.at));
        let expected = state.last + passed;
        state.at = state.at.max(steady);
        let time = if wall < expected {
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
        let latest = Time(self.latest.fetch_max(time.0, Ordering::Relaxed));
        state.last = time.max(latest);
        self.trusted.store(if state.jump.is_some() { 0 } else { (state.last + TRUST).0 }, Ordering::Relaxed);
        state.last
    }

    /// How far the wall clock leapt ahead; `None` once that is confirmed or undone.
    pub fn jump(&self) -> Option<Span> {
        self.state.lock().jump
    }

    /// Confirms that the wall clock is right: engine time follows it at once.
    pub fn confirm_jump(&self) {
        let Reading { wall, steady } = self.source.read();
        let mut state = self.state.lock();
        state.last = Time(self.latest.fetch_max(wall.0, Ordering::Relaxed)).max(wall);
        state.at = state.at.max(steady);
        state.jump = None;
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clock").field("state", &*self.state.lock()).finish_non_exhaustive()
    }
}

/// The machine's wall clock, as it is. Decisions take [`Clock::now`] instead.
pub fn wall() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    Time(micros(since).0)
}

/// The wall clock as files show it: RFC 3339 in UTC, to the second.
pub fn timestamp() -> String {
    let now = jiff::Timestamp::from_microsecond(i64::try_from(wall().0).unwrap_or(i64::MAX)).unwrap_or_default();
    now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
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
    fn time_given_while_the_wall_clock_was_trusted_is_never_taken_back() {
        let (clock, set) = clock(0);
        clock.now();
        for at in [200_000, 900_000] {
            set(at, at);
            assert_eq!(clock.now(), Time(START + at));
        }
        set(300_000, 910_000);
        assert_eq!(clock.now(), Time(START + 900_000), "set back, and waited for");
        set(320_000, 930_000);
        assert_eq!(clock.now(), Time(START + 910_000), "at half speed");
    }

    #[test]
    fn a_wall_clock_that_runs_fast_is_followed_for_ever() {
        let (clock, set) = clock(0);
        for second in 1..1_000 {
            set(second * 2_000_000, second * 1_000_000);
            assert_eq!(clock.now(), Time(START + second * 2_000_000));
        }
        assert_eq!(clock.jump(), None);
    }

    #[test]
    fn an_outage_is_not_a_leap() {
        let (clock, set) = clock(START - 86_400_000_000);
        set(1_000, 1_000);
        assert_eq!(clock.now(), Time(START + 1_000));
    }
}
