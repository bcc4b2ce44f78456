//! The threads that work beside the service: expiry of holds, reactions, price training.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// A thread that does one kind of work again and again. Ends when it is dropped, after the work at hand.
#[derive(Debug)]
pub struct Worker {
    ending: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    /// Starts a thread that calls `work`; it pauses as long as that says.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(super) fn start(name: &str, mut work: impl FnMut() -> Duration + Send + 'static) -> io::Result<Worker> {
        let ending = Arc::new(AtomicBool::new(false));
        let end = Arc::clone(&ending);
        let thread = thread::Builder::new().name(name.to_owned()).spawn(move || {
            while !end.load(Ordering::Acquire) {
                let pause = work();
                if !pause.is_zero() {
                    thread::park_timeout(pause);
                }
            }
        })?;
        Ok(Worker { ending, thread: Some(thread) })
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
