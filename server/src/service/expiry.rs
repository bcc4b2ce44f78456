//! Expiry of unpaid reservation holds: a thread that looks at deadlines every few milliseconds.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::decide::Decide;
use super::worker::Worker;
use crate::clock::Clock;

/// How often deadlines are looked at.
const TICK: Duration = Duration::from_millis(8);
/// Orders expired in one call, so that no command waits long for a lock behind it.
const BITE: usize = 128;
/// Orders expired in one tick; the rest follows in the next, at once.
const TICK_MOST: usize = 4_096;

/// Starts the thread that expires unpaid orders.
///
/// # Errors
/// When the system gives no thread.
pub fn start_expiry(decide: Arc<dyn Decide>, clock: Arc<Clock>) -> io::Result<Worker> {
    Worker::start("expiry", move || if tick(&*decide, &clock) { Duration::ZERO } else { TICK })
}

/// Expires what is due; returns whether more may be due.
fn tick(decide: &dyn Decide, clock: &Clock) -> bool {
    let mut expired = 0;
    while expired < TICK_MOST {
        let now = clock.now();
        if decide.next_deadline().is_none_or(|next| next > now) {
            return false;
        }
        let count = decide.expire_due(now, BITE);
        expired += count;
        if count < BITE {
            return false;
        }
    }
    true
}
