//! Price training: a thread that checks every second whether prices of stock are to be trained again.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use stockade_core::engine::Engine;

use super::worker::Worker;
use crate::clock::Clock;

/// How often it checks. Rules cannot ask for training more often.
const TICK: Duration = Duration::from_secs(1);

/// Starts the thread of price training.
///
/// # Errors
/// When the system gives no thread.
pub fn start_training(engine: Arc<Engine>, clock: Arc<Clock>) -> io::Result<Worker> {
    Worker::start("prices", move || {
        if let Some(learned) = engine.learn_prices(clock.now()) {
            tracing::debug!(orders = learned.orders, cells = learned.cells, priced = learned.priced, "prices");
        }
        TICK
    })
}
