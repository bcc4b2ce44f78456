//! The threads that work next to the service: expiry of holds, reactions, price training.

use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use parking_lot::Mutex;

use crate::faults;
use crate::panics::words;

/// A thread that does one kind of work again and again. Ends when it is dropped, after the work at hand.
#[derive(Debug)]
pub struct Worker {
    ending: Arc<AtomicBool>,
    pulse: Pulse,
    thread: Option<JoinHandle<()>>,
}

/// Whether a [`Worker`] still works, for those who outlive its handle.
#[derive(Clone)]
pub struct Pulse {
    name: &'static str,
    death: Arc<Death>,
}

#[derive(Default)]
struct Death {
    /// Why it ended by itself.
    reason: OnceLock<String>,
    /// What is to happen then.
    then: Mutex<Option<Act>>,
}

/// What is to happen when a thread ended by itself, given the reason.
type Act = Box<dyn FnOnce(&str) + Send>;

impl Worker {
    /// Starts a thread that calls `work`; it pauses as long as that says.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(crate) fn start(name: &'static str, mut work: impl FnMut() -> Duration + Send + 'static) -> io::Result<Worker> {
        let ending = Arc::new(AtomicBool::new(false));
        let pulse = Pulse { name, death: Arc::default() };
        let (end, beating) = (Arc::clone(&ending), pulse.clone());
        let thread = thread::Builder::new().name(name.to_owned()).spawn(move || {
            let worked = catch_unwind(AssertUnwindSafe(|| {
                while !end.load(Ordering::Acquire) {
                    faults::strike(name);
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
        self.death.reason.get().map(String::as_str)
    }

    /// Calls `act` with the reason when the thread ends by a panic; at once if it has. A later act replaces an earlier
    /// one.
    pub fn on_death(&self, act: impl FnOnce(&str) + Send + 'static) {
        *self.death.then.lock() = Some(Box::new(act));
        self.mourn();
    }

    fn stop(&self, reason: String) {
        let reason = self.death.reason.get_or_init(|| reason);
        tracing::error!(
            thread = self.name,
            reason,
            "a thread of the server ended by a panic; its work is not done any more"
        );
        self.mourn();
    }

    /// Does what is to happen after the death, once: whichever comes last, the death or the wish, does it.
    fn mourn(&self) {
        let Some(reason) = self.died() else { return };
        let act = self.death.then.lock().take();
        if let Some(act) = act {
            act(reason);
        }
    }
}

impl fmt::Debug for Pulse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pulse").field("name", &self.name).field("died", &self.died()).finish_non_exhaustive()
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
        let (tell, told) = std::sync::mpsc::channel();
        pulse.on_death(move |reason| tell.send(reason.to_owned()).unwrap());
        assert_eq!(told.recv().unwrap(), "shelf 7 fell down", "told at once, as it is dead already");
        let orderly = Worker::start("orderly", || Duration::from_millis(1)).unwrap();
        let pulse = orderly.pulse();
        pulse.on_death(|reason| panic!("an orderly end is no death: {reason}"));
        drop(orderly);
        assert_eq!(pulse.died(), None);
    }

    #[test]
    fn a_death_is_told_to_whoever_asked_before() {
        let (go, gone) = std::sync::mpsc::channel::<()>();
        let broken = Worker::start("broken", move || panic!("{:?}: out of shelves", gone.recv())).unwrap();
        let (tell, told) = std::sync::mpsc::channel();
        broken.pulse().on_death(move |reason| tell.send(reason.to_owned()).unwrap());
        drop(go);
        assert!(told.recv_timeout(Duration::from_secs(10)).is_ok());
    }
}
