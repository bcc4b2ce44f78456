//! The only reader of the wall clock. Everything else takes the time as an argument.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crossbeam::utils::CachePadded;
use parking_lot::Mutex;
use stockade_core::time::{Span, Time};

use crate::faults;

/// How far the wall clock may run ahead of the steady clock before that has to be confirmed: more would expire every
/// reservation hold at once. It is a budget, not a limit of each step: what is followed is taken from it, and it fills up
/// again by a twelfth of the time that passes, which is five minutes in an hour.
pub const JUMP_LIMIT: Span = Span::from_mins(5);

/// The part of the time that passes by which the budget for leaps fills up.
const REFILL: u64 = 12;
/// A wall clock this close to engine time has taken its leap back.
const TAKEN_BACK: Span = Span::from_secs(1);

/// Engine time: follows the wall clock, never runs backwards, and does not follow leaps.
///
/// While the wall clock is behind (it was set back, or the history was written by a faster clock), engine time runs at
/// half speed until the wall clock has caught up, so that holds still run out. A wall clock that gets ahead by more than
/// the budget of [`JUMP_LIMIT`], in one leap or in several, is not followed: engine time runs steadily until
/// [`Clock::confirm`] or until the wall clock is set right. The same holds for a start whose wall clock is far from
/// the last event of the history ([`Clock::after_outage`]).
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

/// How engine time stands to the wall clock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Standing {
    /// Engine time.
    pub engine: Time,
    /// The wall clock.
    pub wall: Time,
    /// Why the wall clock, which is ahead, is not followed until somebody confirms it; `None` while it is followed.
    pub waiting: Option<Waiting>,
}

/// Why a wall clock that is ahead is not followed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Waiting {
    /// It leapt ahead, at once or in several steps.
    Leap,
    /// At the start it was far from the last event of the history.
    Start,
}

impl Waiting {
    /// The name in JSON and logs.
    pub const fn name(self) -> &'static str {
        match self {
            Waiting::Leap => "leap",
            Waiting::Start => "start",
        }
    }
}

impl Standing {
    /// How far the wall clock is ahead of engine time while it waits for confirmation.
    pub fn ahead(&self) -> Option<Span> {
        self.waiting.map(|_| self.wall.since(self.engine))
    }

    /// How far the wall clock is behind engine time, if it is.
    pub fn behind(&self) -> Option<Span> {
        Some(self.engine.since(self.wall)).filter(|behind| *behind != Span::ZERO)
    }
}

#[derive(Debug)]
struct State {
    last: Time,
    at: Instant,
    waiting: Option<Waiting>,
    /// What is left of the budget for leaps.
    budget: Span,
}

impl Clock {
    /// The machine's clock, not earlier than the last event of the history. The difference at the start is an outage,
    /// not a leap.
    pub fn system(last_journaled: Time) -> Clock {
        Clock::new(last_journaled, Span(u64::MAX), Source::System)
    }

    /// The machine's clock in a server that takes up a history. A wall clock that is ahead of the last event by more than
    /// [`JUMP_LIMIT`] is not followed before [`Clock::confirm`]: engine time goes on from the last event, so that no hold
    /// ends because of the time without a server.
    pub fn after_outage(last_journaled: Time) -> Clock {
        Clock::new(last_journaled, JUMP_LIMIT, Source::System)
    }

    /// A clock that goes by what `read` says, for simulations and tests.
    pub fn reading(last_journaled: Time, read: impl Fn() -> Reading + Send + Sync + 'static) -> Clock {
        Clock::new(last_journaled, Span(u64::MAX), Source::Given(Box::new(read)))
    }

    fn new(last_journaled: Time, longest: Span, source: Source) -> Clock {
        let first = source.read();
        let (last, waiting) = if first.wall.since(last_journaled) > longest {
            (last_journaled, Some(Waiting::Start))
        } else {
            (first.wall.max(last_journaled), None)
        };
        let state = Mutex::new(State { last, at: first.steady, waiting, budget: JUMP_LIMIT });
        Clock { source, latest: CachePadded::new(AtomicU64::new(last.0)), trusted: AtomicU64::new(0), state }
    }

    /// Engine time.
    pub fn now(&self) -> Time {
        let wall = self.source.wall().0;
        if self.latest.load(Ordering::Relaxed) <= wall && wall < self.trusted.load(Ordering::Relaxed) {
            return Time(self.latest.fetch_max(wall, Ordering::Relaxed).max(wall));
        }
        self.judge().engine
    }

    /// How engine time stands to the wall clock.
    pub fn standing(&self) -> Standing {
        self.judge()
    }

    fn judge(&self) -> Standing {
        let Reading { wall, steady } = self.source.read();
        let mut state = self.state.lock();
        // Read before the lock was taken: another thread may have been here later.
        let passed = micros(steady.saturating_duration_since(state.at));
        let expected = state.last + passed;
        state.at = state.at.max(steady);
        let budget = JUMP_LIMIT.min(Span(state.budget.0.saturating_add(passed.0 / REFILL)));
        let ahead = wall.since(expected);
        let time = if wall < expected {
            state.waiting = None;
            wall.max(state.last + Span(passed.0 / 2))
        } else if state.waiting.is_some() && ahead > TAKEN_BACK {
            expected
        } else if ahead > budget {
            tracing::error!(
                %ahead,
                "the wall clock leapt ahead; it is not followed until that is confirmed (`stockade clock confirm`)"
            );
            state.waiting = Some(Waiting::Leap);
            expected
        } else {
            state.waiting = None;
            wall
        };
        let latest = Time(self.latest.fetch_max(time.0, Ordering::Relaxed));
        state.last = time.max(latest);
        state.budget = Span(budget.0.saturating_sub(state.last.since(expected).0));
        self.trusted.store(if state.waiting.is_some() { 0 } else { (state.last + TRUST).0 }, Ordering::Relaxed);
        Standing { engine: state.last, wall, waiting: state.waiting }
    }

    /// Confirms that the wall clock is right: engine time follows it at once, and the budget for leaps is full again.
    /// Returns how far engine time went forward.
    pub fn confirm(&self) -> Span {
        let before = self.judge().engine;
        let Reading { wall, steady } = self.source.read();
        let mut state = self.state.lock();
        state.last = Time(self.latest.fetch_max(wall.0, Ordering::Relaxed)).max(wall);
        state.at = state.at.max(steady);
        state.waiting = None;
        state.budget = JUMP_LIMIT;
        state.last.since(before)
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
    Time(micros(since).0.saturating_add_signed(faults::wall_offset()))
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
        clock_after(last_journaled, Span(u64::MAX))
    }

    fn clock_after(last_journaled: u64, longest: Span) -> (Clock, impl Fn(u64, u64) -> u64) {
        let (wall, steady) = (Arc::new(AtomicU64::new(START)), Arc::new(AtomicU64::new(0)));
        let (w, s, origin) = (Arc::clone(&wall), Arc::clone(&steady), Instant::now());
        let read = move || Reading {
            wall: Time(w.load(Ordering::Relaxed)),
            steady: origin + Duration::from_micros(s.load(Ordering::Relaxed)),
        };
        let clock = Clock::new(Time(last_journaled), longest, Source::Given(Box::new(read)));
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
        assert_eq!(clock.standing().ahead(), None);
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
        assert_eq!(clock.standing().ahead(), Some(Span(hour - 1_000_000)));
        set(hour + 1_000_000, 2_000_000);
        assert_eq!(clock.now(), Time(START + 2_000_000));
        set(3_000_000, 3_000_000);
        assert_eq!(clock.now(), Time(START + 3_000_000));
        assert_eq!(clock.standing().waiting, None);
        set(hour, 4_000_000);
        clock.now();
        assert_eq!(clock.standing().waiting, Some(Waiting::Leap));
        assert_eq!(clock.confirm(), Span(hour - 4_000_000));
        assert_eq!(clock.now(), Time(START + hour));
        assert_eq!(clock.standing().waiting, None);
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
    fn a_wall_clock_that_runs_a_little_fast_is_followed_for_ever() {
        let (clock, set) = clock(0);
        for second in 1..100_000 {
            set(second * 1_050_000, second * 1_000_000);
            assert_eq!(clock.now(), Time(START + second * 1_050_000));
        }
        assert_eq!(clock.standing().waiting, None);
    }

    #[test]
    fn a_wall_clock_that_runs_twice_as_fast_is_not_followed_for_ever() {
        let (clock, set) = clock(0);
        for second in 1..1_000 {
            set(second * 2_000_000, second * 1_000_000);
            clock.now();
        }
        assert_eq!(clock.standing().waiting, Some(Waiting::Leap));
        assert!(clock.now() < Time(START + 1_400_000_000));
    }

    #[test]
    fn ten_leaps_below_the_limit_are_not_all_followed() {
        let (clock, set) = clock(0);
        let leap = 270_000_000;
        for leaps in 1..=10 {
            let steady = leaps * 60_000_000;
            set(leaps * leap + steady, steady);
            clock.now();
        }
        let followed = clock.now().since(Time(START + 600_000_000));
        assert_eq!(followed, Span(leap), "the first one only");
        let left = Span(9 * leap);
        assert_eq!(clock.standing().ahead(), Some(left));
        assert_eq!(clock.confirm(), left);
        set(10 * leap + 601_000_000 + leap, 601_000_000);
        assert_eq!(clock.now(), Time(START + 11 * leap + 601_000_000), "the budget is full after a confirmation");
    }

    #[test]
    fn a_leap_that_waits_is_not_followed_when_the_budget_has_filled_up() {
        let (clock, set) = clock(0);
        let leap = 290_000_000;
        set(leap, 0);
        clock.now();
        set(2 * leap, 0);
        assert_eq!(clock.now(), Time(START + leap));
        for minute in 1..=300 {
            let passed = minute * 60_000_000;
            set(2 * leap + passed, passed);
            assert_eq!(clock.now(), Time(START + leap + passed));
        }
        assert_eq!(clock.standing().ahead(), Some(Span(leap)));
    }

    #[test]
    fn a_step_forward_and_back_gains_no_time_beyond_the_budget() {
        let (clock, set) = clock(0);
        for turn in 1..=4_000 {
            let steady = turn * 1_100_000;
            set(steady + 900_000, steady - 50_000);
            clock.now();
            set(steady, steady);
            clock.now();
        }
        let passed = 4_000 * 1_100_000;
        let gained = clock.now().since(Time(START + passed));
        assert!(gained <= JUMP_LIMIT, "{gained}");
    }

    #[test]
    fn an_outage_is_not_a_leap() {
        let (clock, set) = clock(START - 86_400_000_000);
        set(1_000, 1_000);
        assert_eq!(clock.now(), Time(START + 1_000));
    }

    #[test]
    fn a_start_far_from_the_last_event_waits_for_confirmation() {
        let day = 86_400_000_000;
        let (clock, set) = clock_after(START - day, Span(day));
        assert_eq!((clock.now(), clock.standing().waiting), (Time(START), None), "as long as allowed");
        set(0, 0);
        let (clock, set) = clock_after(START - day - 1, Span(day));
        assert_eq!(clock.now(), Time(START - day - 1));
        set(10_000_000, 10_000_000);
        assert_eq!(clock.now(), Time(START - day - 1 + 10_000_000), "engine time goes on");
        assert_eq!(clock.standing().waiting, Some(Waiting::Start));
        assert_eq!(clock.confirm(), Span(day + 1));
        assert_eq!(clock.now(), Time(START + 10_000_000));
        assert_eq!(clock.standing().waiting, None);
    }

    #[test]
    fn how_far_the_wall_clock_is_behind_is_known() {
        let (clock, set) = clock(START + 10_000_000);
        set(1_000_000, 1_000_000);
        assert_eq!(clock.standing().behind(), Some(Span(9_500_000)));
        set(30_000_000, 30_000_000);
        assert_eq!(clock.standing().behind(), None);
    }
}
