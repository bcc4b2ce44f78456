//! Expiry of unpaid reservation holds: a thread that looks at deadlines every few milliseconds.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::decide::Decide;
use crate::clock::Clock;

/// How often deadlines are looked at.
const TICK: Duration = Duration::from_millis(8);
/// Orders expired in one call, so that no command waits long for a lock behind it.
const BITE: usize = 128;
/// Orders expired in one tick; the rest follows in the next, at once.
const TICK_MOST: usize = 4_096;

/// The thread that expires unpaid orders. Ends when it is dropped.
#[derive(Debug)]
pub struct Expiry {
    ending: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Expiry {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(decide: Arc<dyn Decide>, clock: Arc<Clock>) -> std::io::Result<Expiry> {
        let ending = Arc::new(AtomicBool::new(false));
        let end = Arc::clone(&ending);
        let thread = thread::Builder::new().name("expiry".to_owned()).spawn(move || {
            while !end.load(Ordering::Acquire) {
                if !tick(&*decide, &clock) {
                    thread::park_timeout(TICK);
                }
            }
        })?;
        Ok(Expiry { ending, thread: Some(thread) })
    }
}

impl Drop for Expiry {
    fn drop(&mut self) {
        self.ending.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // A panic in it was reported when it happened, and halted the engine.
            let _ = thread.join();
        }
    }
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
