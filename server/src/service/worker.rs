//! The threads that work next to the service: expiry of holds, reactions, price training.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::panics::words;

/// A thread that does one kind of work again and again. Ends when it is dropped, after the work at hand.
#[derive(Debug)]
pub struct Worker {
    ending: Arc<AtomicBool>,
    pulse: Pulse,
    thread: Option<JoinHandle<()>>,
}

/// Whether a [`Worker`] still works, for those who outlive its handle.
#[derive(Clone, Debug)]
pub struct Pulse {
    name: &'static str,
    /// Why it ended by itself.
    died: Arc<OnceLock<String>>,
}

impl Worker {
    /// Starts a thread that calls `work`; it pauses as long as that says.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(super) fn start(name: &'static str, mut work: impl FnMut() -> Duration + Send + 'static) -> io::Result<Worker> {
        let ending = Arc::new(AtomicBool::new(false));
        let pulse = Pulse { name, died: Arc::default() };
        let (end, beating) = (Arc::clone(&ending), pulse.clone());
        let thread = thread::Builder::new().name(name.to_owned()).spawn(move || {
            let worked = catch_unwind(AssertUnwindSafe(|| {
                while !end.load(Ordering::Acquire) {
                    let pause = work();
                    if !pause.is_zero() {
                        thread::park_timeout(pause);
                    }
                }
            }));
            if let Err(panic) = worked {
                beating.stop(words(&*panic));
            }
        })?;
        Ok(Worker { ending, pulse, thread: Some(thread) })
    }

    /// Whether it still works, for those who outlive this handle.
    pub fn pulse(&self) -> Pulse {
        self.pulse.clone()
    }
}

impl Pulse {
    /// What the thread is called.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Why the thread ended by itself; `None` while it works and after an orderly end.
    pub fn died(&self) -> Option<&str> {
        self.died.get().map(String::as_str)
    }

    fn stop(&self, reason: String) {
        let reason = self.died.get_or_init(|| reason);
        tracing::error!(
            thread = self.name,
            reason,
            "a thread of the server ended by a panic; its work is not done any more"
        );
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.ending.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // A panic in it was reported when it happened. One that left a commit half made halted the engine.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    #[test]
    fn a_thread_that_panics_is_known_to_be_dead_and_one_that_is_ended_is_not() {
        let broken = Worker::start("broken", || panic!("shelf {} fell down", 7)).unwrap();
        let pulse = broken.pulse();
        let begun = Instant::now();
        while pulse.died().is_none() && begun.elapsed() < Duration::from_secs(10) {
            thread::yield_now();
        }
        assert_eq!((pulse.name(), pulse.died()), ("broken", Some("shelf 7 fell down")));
        let orderly = Worker::start("orderly", || Duration::from_millis(1)).unwrap();
        let pulse = orderly.pulse();
        drop(orderly);
        assert_eq!(pulse.died(), None);
    }
}
