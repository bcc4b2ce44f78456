//! Recovery: the journal's events through the same `apply`, before anybody is served.

use crate::engine::Engine;
use crate::engine::apply::apply;
use crate::event::{Cause, Envelope, Event};
use crate::ids::Seq;
use crate::orders::KeyShard;
use crate::stock::StockShard;

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
        let error = |reason: String| RecoveryError { seq, name: envelope.event.name(), reason };
        let everything = matches!(envelope.event, Event::SkusDefined(_));
        let mut keys = Vec::new();
        envelope.event.each_order(|order| keys.push(KeyShard::of_id(order)));
        if let Cause::Key { key, .. } = &envelope.cause
            && envelope.event.order().is_none()
        {
            keys.push(KeyShard::of_movement(key));
        }
        let mut stock = Vec::new();
        envelope.event.each_move(|m| stock.push(StockShard::of(m.sku)));
        match &envelope.event {
            Event::SafetySet(e) => stock.push(StockShard::of(e.sku)),
            Event::InboundChanged(e) => stock.extend(e.dated.iter().map(|dated| StockShard::of(dated.sku))),
            Event::StockCounted(e) => stock.extend(e.counted.iter().map(|(sku, _)| StockShard::of(*sku))),
            _ => {}
        }
        if everything {
            stock = (0..self.door.stock_shards()).collect();
        }
        let mut locked = self.door.lock_keys(&self.log, keys).lock_stock(stock);
        apply(&mut locked, &envelope.event, envelope).map_err(|broken| error(broken.to_string()))?;
        self.stamp(&mut locked, envelope, seq).map_err(|e| error(e.to_string()))
    }
}
