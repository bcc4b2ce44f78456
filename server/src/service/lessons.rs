//! Price training: a thread that checks every second whether prices of stock are to be learned again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use stockade_core::engine::Engine;

use crate::clock::Clock;

/// How often it checks. Rules cannot ask for training more often.
const TICK: Duration = Duration::from_secs(1);

/// The thread of price training. Ends when it is dropped.
#[derive(Debug)]
pub struct Lessons {
    ending: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Lessons {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(engine: Arc<Engine>, clock: Arc<Clock>) -> std::io::Result<Lessons> {
        let ending = Arc::new(AtomicBool::new(false));
        let end = Arc::clone(&ending);
        let thread = thread::Builder::new().name("prices".to_owned()).spawn(move || {
            while !end.load(Ordering::Acquire) {
                if let Some(learned) = engine.learn_prices(clock.now()) {
                    tracing::debug!(orders = learned.orders, cells = learned.cells, priced = learned.priced, "prices");
                }
                thread::park_timeout(TICK);
            }
        })?;
        Ok(Lessons { ending, thread: Some(thread) })
    }
}

impl Drop for Lessons {
    fn drop(&mut self) {
        self.ending.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // A panic in it was reported when it happened; orders are decided without its prices.
            let _ = thread.join();
        }
    }
}
