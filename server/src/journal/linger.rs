//! When to let events gather although the journal could take the next one at once.
//!
//! A journal that takes microseconds would be handed every event by itself, and every event would have to wake its
//! thread. While events follow so fast, a short pause costs them little and the processor far less.

use std::time::Duration;

/// How long events gather. Systems sleep a little longer than they are asked to.
const PAUSE: Duration = Duration::from_micros(100);
/// A journal that takes this long for a batch lets events gather by that alone.
const SLOW: Duration = Duration::from_micros(50);
/// The next batch follows fast when it comes within this of the one before.
const FAST: Duration = Duration::from_micros(20);
/// So many fast ones in a row, and a pause is tried. A lone caller that waits for each of its answers pays for one in as
/// many.
const ROW: u32 = 64;
/// A pause that gathered fewer events than this was not worth it, and is the last.
const WORTH: u64 = 3;

/// Watches the batches go by and says when to pause.
#[derive(Debug, Default)]
pub(super) struct Linger {
    row: u32,
    pausing: bool,
}

impl Linger {
    /// How long to let events gather now, after a batch of so many `events` that came so long after the one before
    /// (`gap`) and took the journal so long.
    pub(super) fn after(&mut self, events: u64, gap: Duration, took: Duration) -> Option<Duration> {
        if took >= SLOW {
            *self = Linger::default();
        } else if self.pausing {
            self.pausing = events >= WORTH;
            self.row = 0;
        } else {
            self.row = if gap <= FAST { self.row + 1 } else { 0 };
            self.pausing = self.row >= ROW;
        }
        self.pausing.then_some(PAUSE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_micros(3);
    const LATER: Duration = Duration::from_micros(100);

    /// After so many batches of one event each, none of which made it pause.
    fn in_a_row(count: u32) -> Linger {
        let mut linger = Linger::default();
        (0..count).for_each(|_| assert_eq!(linger.after(1, SOON, SOON), None));
        linger
    }

    #[test]
    fn it_pauses_for_a_fast_row_and_as_long_as_that_gathers_something() {
        let mut linger = in_a_row(ROW - 1);
        assert_eq!(linger.after(1, SOON, SOON), Some(PAUSE));
        assert_eq!(linger.after(WORTH, LATER, SOON), Some(PAUSE));
        assert_eq!(linger.after(WORTH - 1, LATER, SOON), None);
        // From there on the row is counted anew.
        (1..ROW).for_each(|_| assert_eq!(linger.after(1, SOON, SOON), None));
        assert_eq!(linger.after(1, SOON, SOON), Some(PAUSE));
    }

    #[test]
    fn a_lone_request_now_and_then_is_never_kept() {
        let mut linger = in_a_row(ROW - 1);
        assert_eq!(linger.after(1, LATER, SOON), None);
        (1..ROW).for_each(|_| assert_eq!(linger.after(1, SOON, SOON), None));
    }

    #[test]
    fn a_slow_journal_is_never_slowed_further() {
        let mut linger = in_a_row(ROW - 1);
        assert_eq!(linger.after(1, SOON, LATER), None);
        assert_eq!(linger.after(100, SOON, LATER), None);
        let mut linger = in_a_row(ROW - 1);
        assert_eq!(linger.after(1, SOON, SOON), Some(PAUSE));
        assert_eq!(linger.after(100, SOON, LATER), None);
    }
}
