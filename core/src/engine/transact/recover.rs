//! Recovery: the journal's events through the same `apply`, before any caller is served.

use crate::engine::store::Engine;
use crate::engine::transact::state::At;
use crate::event::{Cause, Envelope};
use crate::ids::Seq;
use crate::orders::KeyShard;

/// An event of the journal does not fit what came before it: the history is damaged, or of another engine.
#[derive(Debug, thiserror::Error)]
#[error("event {seq} ({name}) does not fit the history before it: {reason}")]
pub struct RecoveryError {
    /// Its sequence.
    pub seq: Seq,
    /// Its kind.
    pub name: &'static str,
    /// What does not fit.
    pub reason: String,
}

impl Engine {
    /// Applies one journaled event. For one thread, in history order, before anything else is asked of the engine; then
    /// [`crate::log::Log::resume`] sets where the history goes on.
    ///
    /// # Errors
    /// When the event does not apply. The engine is then half-changed and must be thrown away.
    pub fn recover(&self, seq: Seq, envelope: &Envelope) -> Result<(), RecoveryError> {
        let footprint = envelope.event.footprint();
        let movement = match &envelope.cause {
            Cause::Key { key, .. } => Some(KeyShard::of_movement(key)),
            Cause::Order | Cause::Deadline | Cause::Promise => None,
        };
        let keys = self.door.lock_orders(&self.log, footprint.order_shards().chain(movement));
        let mut locked = keys.lock_stock(footprint.stock_shards());
        self.apply(&mut locked, &At { seq, envelope }).map(|_| ()).map_err(|broken| RecoveryError {
            seq,
            name: envelope.event.name(),
            reason: broken.to_string(),
        })
    }
}
