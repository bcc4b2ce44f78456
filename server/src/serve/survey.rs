//! A history looked over: what it is, whether it is whole, and every event of it as a line of JSON.

use std::path::Path;

use stockade_core::engine::Engine;
use stockade_core::event::Envelope;
use stockade_core::ids::Seq;
use stockade_core::log::{Batch, ChainHash, JournalError, decode_envelope};
use stockade_core::time::Time;

use super::marked::Marked;
use super::source::Source;
use crate::export::{Exporter, Line};
use crate::failure::Failure;

/// How closely a history is looked at.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Depth {
    /// Every batch: its bytes, its sequence, its place in the chain of hashes.
    Batches,
    /// Every event in them as well.
    Events,
    /// And every event is carried out on an engine, which is then checked.
    Replay,
}

/// What a history is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Survey {
    /// Where it is.
    pub place: String,
    /// Its identity; a file of an earlier build may have none yet.
    pub identity: Option<String>,
    /// Batches.
    pub batches: u64,
    /// Events.
    pub events: u64,
    /// Bytes of the batches.
    pub bytes: u64,
    /// The last event; 0 when there is none.
    pub last: Seq,
    /// The hash of the history up to it.
    pub chain: ChainHash,
    /// When the first event was decided, and the latest: engine time.
    pub decided: Option<(Time, Time)>,
    /// The digest of the state it leads to, once it was carried out.
    pub digest: Option<u128>,
}

/// A survey under way.
#[derive(Default)]
struct Looking {
    batches: u64,
    events: u64,
    bytes: u64,
    decided: Option<(Time, Time)>,
}

/// Looks a history over, and changes nothing. Beyond its batches it is compared with its mark as well, if that is named.
///
/// # Errors
/// When it cannot be read, or something in it is not as it has to be: which event, and why.
pub fn survey(source: &Source, depth: Depth, mark: Option<&Path>) -> Result<Survey, Failure> {
    let mut looking = Looking::default();
    let mut marked = Marked::read(mark.filter(|_| depth > Depth::Batches))?;
    let engine = (depth == Depth::Replay).then(Engine::new);
    let seen = source.read(&mut |bytes, batch| {
        marked.pass(batch);
        looking.add(bytes, batch, depth, engine.as_ref())
    })?;
    marked.hold(seen.identity.as_deref(), seen.trail.last)?;
    let digest = match engine {
        Some(engine) => {
            Some(checked(&engine).map_err(|broken| Failure::failed(format!("{}: {broken}", source.place())))?)
        }
        None => None,
    };
    let Looking { batches, events, bytes, decided } = looking;
    let (last, chain) = (seen.trail.last, seen.trail.chain);
    Ok(Survey { place: source.place(), identity: seen.identity, batches, events, bytes, last, chain, decided, digest })
}

/// Shows every event as a line of JSON, in order.
///
/// # Errors
/// When the history cannot be read.
pub fn export(source: &Source, line: &mut dyn FnMut(&Line)) -> Result<(), Failure> {
    let mut exporter = Exporter::default();
    source.read(&mut |_, batch| {
        for (seq, event) in batch.events() {
            line(&exporter.line(seq, &read(seq, event)?));
        }
        Ok(())
    })?;
    Ok(())
}

/// The digest of the state of an engine, if every check holds.
pub(super) fn checked(engine: &Engine) -> Result<u128, String> {
    engine.check().map_err(|broken| broken.join("; "))?;
    Ok(engine.digest())
}

/// Reads an event.
pub(super) fn read(seq: Seq, event: &[u8]) -> Result<Envelope, JournalError> {
    decode_envelope(event).map_err(|e| JournalError::Corrupt { reason: format!("event {seq}: {e}") })
}

/// Carries an event out.
pub(super) fn carry_out(engine: &Engine, seq: Seq, envelope: &Envelope) -> Result<(), JournalError> {
    let refused = |why| JournalError::Corrupt { reason: format!("event {seq} is refused: {why}") };
    engine.recover(seq, envelope).map_err(|error| refused(error.to_string()))
}

impl Looking {
    fn add(
        &mut self,
        bytes: &[u8],
        batch: &Batch<'_>,
        depth: Depth,
        engine: Option<&Engine>,
    ) -> Result<(), JournalError> {
        self.batches += 1;
        self.events += batch.count();
        self.bytes += bytes.len() as u64;
        for (seq, event) in batch.events() {
            if depth == Depth::Batches && seq != batch.first && seq != batch.last {
                continue;
            }
            let envelope = read(seq, event)?;
            let (first, latest) = self.decided.unwrap_or((envelope.arrived, envelope.arrived));
            self.decided = Some((first, latest.max(envelope.arrived)));
            if let Some(engine) = engine {
                carry_out(engine, seq, &envelope)?;
            }
        }
        Ok(())
    }
}
