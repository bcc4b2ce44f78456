//! Reactions: a thread that commits what a commit made due for others, like handing over units that arrived to the orders
//! that wait for them. Nobody's request waits for it.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use stockade_core::engine::Engine;

use super::worker::Worker;
use crate::clock::Clock;

/// How long it waits for a reaction before it looks whether it is to end.
const PATIENCE: Duration = Duration::from_millis(20);
/// How long it leaves the log alone that has no room for a step.
const FULL: Duration = Duration::from_millis(1);
/// How long it rests once the engine has stopped itself: nothing is committed any more.
const HALTED: Duration = Duration::from_secs(1);
/// Steps committed in one call.
const BITE: usize = 64;

/// Starts the thread that commits reactions.
///
/// # Errors
/// When the system gives no thread.
pub fn start_reactions(engine: Arc<Engine>, clock: Arc<Clock>) -> io::Result<Worker> {
    Worker::start("reactions", move || {
        if !engine.await_reaction(PATIENCE) {
            return Duration::ZERO;
        }
        if engine.log().halted().is_some() {
            return HALTED;
        }
        let reacted = engine.react(clock.now(), BITE);
        if reacted.more && reacted.steps == 0 { FULL } else { Duration::ZERO }
    })
}
