//! When to let events gather although the journal could take the next one immediately.
//!
//! A journal that takes microseconds would be handed every event by itself, and every event would have to wake its
//! thread. While events follow so fast, a short pause costs them little and the processor far less.

use std::time::Duration;

use stockade_core::Durability;

/// How long events gather. Systems sleep a little longer than they are asked to.
const PAUSE: Duration = Duration::from_micros(100);
/// How long they gather for a journal that no reply waits for, because it gives no more than memory durability.
const UNWAITED_PAUSE: Duration = Duration::from_millis(1);
/// A journal that takes this long for a batch lets events gather by that alone.
const SLOW: Duration = Duration::from_micros(50);
/// The next batch follows fast when it comes within this of the one before.
const FAST: Duration = Duration::from_micros(50);
/// Excess of fast batches over slow ones after which a pause is tried.
const ROW: u32 = 16;
/// After pauses that were not worth it, up to so many. A lone caller that waits for each of its answers pays for one in
/// as many.
const ROW_MAX: u32 = 1_024;
/// A pause that gathered fewer events than this was not worth it: waking the thread for each would have cost no more.
const WORTH: u64 = 3;

/// Watches the batches and decides when to pause.
#[derive(Debug)]
pub(super) struct Linger {
    pause: Duration,
    row: u32,
    /// The row that a pause takes.
    long: u32,
    pausing: bool,
}

impl Linger {
    /// For a journal that gives at most this.
    pub(super) fn new(best: Durability) -> Linger {
        let pause = if best == Durability::Memory { UNWAITED_PAUSE } else { PAUSE };
        Linger { pause, row: 0, long: ROW, pausing: false }
    }

    /// How long to let events gather now, after a batch of so many `events` that came so long after the one before
    /// (`gap`) and took the journal so long. Not at all when it was `full`: more of them wait already.
    pub(super) fn after(&mut self, events: u64, full: bool, gap: Duration, took: Duration) -> Option<Duration> {
        if took >= SLOW {
            (self.row, self.pausing) = (0, false);
        } else if self.pausing {
            self.pausing = events >= WORTH;
            self.row = 0;
            self.long = if self.pausing { ROW } else { (self.long * 2).min(ROW_MAX) };
        } else {
            // A processor that others use too makes even the fastest row stumble.
            self.row = if gap <= FAST { self.row + 1 } else { self.row / 2 };
            self.pausing = self.row >= self.long;
        }
        (self.pausing && !full).then_some(self.pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_micros(3);
    const LATER: Duration = Duration::from_micros(200);

    /// Sees so many batches of one event each, none of which makes it pause.
    fn row(linger: &mut Linger, count: u32) {
        (0..count).for_each(|_| assert_eq!(linger.after(1, false, SOON, SOON), None));
    }

    #[test]
    fn it_pauses_for_a_fast_row_and_as_long_as_that_gathers_something() {
        let mut linger = Linger::new(Durability::Journaled);
        row(&mut linger, ROW - 1);
        assert_eq!(linger.after(1, false, SOON, SOON), Some(PAUSE));
        assert_eq!(linger.after(WORTH, false, LATER, SOON), Some(PAUSE));
        assert_eq!(linger.after(WORTH - 1, false, LATER, SOON), None);
        // From there on the row is counted anew, and it must be longer.
        row(&mut linger, 2 * ROW - 1);
        assert_eq!(linger.after(1, false, SOON, SOON), Some(PAUSE));
        assert_eq!(linger.after(WORTH, false, LATER, SOON), Some(PAUSE));
        assert_eq!(linger.after(1, false, LATER, SOON), None);
        row(&mut linger, 2 * ROW - 1);
        assert_eq!(linger.after(1, false, SOON, SOON), Some(PAUSE), "what was worth it once is tried again soon");
    }

    #[test]
    fn a_lone_request_now_and_then_is_never_kept() {
        let mut linger = Linger::new(Durability::Journaled);
        (0..10 * ROW).for_each(|_| assert_eq!(linger.after(1, false, LATER, SOON), None));
        row(&mut linger, ROW - 1);
        assert_eq!(linger.after(1, false, LATER, SOON), None);
        row(&mut linger, ROW / 2);
    }

    #[test]
    fn a_lone_caller_is_kept_ever_more_rarely() {
        let mut linger = Linger::new(Durability::Journaled);
        let kept = (0..10_000).filter(|_| linger.after(1, false, SOON, SOON).is_some()).count();
        assert!(kept < 20, "{kept} of 10,000");
    }

    #[test]
    fn what_nobody_waits_for_gathers_longer() {
        let mut linger = Linger::new(Durability::Memory);
        row(&mut linger, ROW - 1);
        assert_eq!(linger.after(1, false, SOON, SOON), Some(UNWAITED_PAUSE));
        assert_eq!(linger.after(1_000, true, LATER, SOON), None, "what is full is followed by more");
        assert_eq!(linger.after(WORTH, false, LATER, SOON), Some(UNWAITED_PAUSE));
        assert_eq!(linger.after(WORTH - 1, false, LATER, SOON), None);
    }

    #[test]
    fn a_slow_journal_is_never_slowed_further() {
        let mut linger = Linger::new(Durability::Journaled);
        row(&mut linger, ROW - 1);
        assert_eq!(linger.after(1, false, SOON, LATER), None);
        assert_eq!(linger.after(100, false, SOON, LATER), None);
        row(&mut linger, ROW - 1);
        assert_eq!(linger.after(1, false, SOON, SOON), Some(PAUSE));
        assert_eq!(linger.after(100, false, SOON, LATER), None);
    }
}
