//! Reading a journaled history back from its bytes.

use std::sync::Arc;

use stockade_core::engine::Engine;
use stockade_core::event::Envelope;
use stockade_core::ids::Seq;
use stockade_core::log::Batch;
use stockade_core::log::decode_envelope;

/// An engine recovered from batches.
///
/// # Errors
/// When it refuses an event.
pub fn recovered(history: &[Arc<[u8]>]) -> Result<Engine, String> {
    let engine = Engine::new();
    let mut end = None;
    for bytes in history {
        for (seq, envelope) in read(bytes)? {
            engine.recover(seq, &envelope).map_err(|e| format!("recovery of event {seq}: {e}"))?;
        }
        let batch = Batch::decode(bytes).map_err(|e| e.to_string())?;
        end = Some((batch.last, batch.chain));
    }
    if let Some((last, chain)) = end {
        engine.log().resume(last, chain);
    }
    Ok(engine)
}

/// The events in a batch.
pub fn read(bytes: &[u8]) -> Result<Vec<(Seq, Envelope)>, String> {
    let batch = Batch::decode(bytes).map_err(|e| format!("a batch does not decode: {e}"))?;
    let each = batch.events().map(|(seq, bytes)| Ok((seq, decode_envelope(bytes).map_err(|e| e.to_string())?)));
    each.collect()
}
