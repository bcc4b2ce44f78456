//! What is checked before any lock is taken: who asks, under which key, with which content, and room in the log.

use bincode::Encode;
use xxhash_rust::xxh3::xxh3_128;

use crate::Actor;
use crate::engine::outcome::invalid;
use crate::event::{Cause, Envelope, Event};
use crate::ids::Code;
use crate::log::{EVENT_BYTES_MAX, encode_envelope};
use crate::orders::MovementKey;
use crate::reject::Reject;
use crate::time::Time;

/// Bytes a later event of an order or a stock command is expected to take. A larger one is charged in full.
pub(in crate::engine) const EVENT_BYTES: usize = 1_024;
/// Bytes of one line of a stock command.
pub(in crate::engine) const MOVE_BYTES: usize = 48;

/// Who asks, when and under which key.
#[derive(Clone, Copy, Debug)]
pub(in crate::engine) struct Asked<'a> {
    pub actor: &'a Actor,
    pub now: Time,
    pub occurred: Option<Time>,
    pub key: Option<&'a Code>,
    /// The number of the kind of command.
    pub kind: u16,
}

impl<'a> Asked<'a> {
    /// The command's key, which it must have.
    pub fn key(&self) -> Result<&'a Code, Reject> {
        self.key
            .ok_or_else(|| invalid("key", "choose a key for this command, so that a retry is recognised".to_owned()))
    }

    /// The command's key among those of who asks.
    pub fn movement(&self, key: &Code) -> MovementKey {
        MovementKey { actor: self.actor.clone(), key: key.clone() }
    }

    /// Digest of a command's content: its kind's number tells kinds of commands apart.
    pub fn digest<C: Encode>(&self, content: &C, bytes: &mut Vec<u8>) -> u128 {
        bytes.clear();
        bytes.extend_from_slice(&self.kind.to_le_bytes());
        bincode::encode_into_std_write(content, bytes, bincode::config::standard()).expect("a vector takes every byte");
        xxh3_128(bytes)
    }

    /// An event that the command causes under its key. Its time is never earlier than `after`.
    pub fn envelope(&self, key: &Code, digest: u128, after: Time, event: Event) -> Envelope {
        Envelope {
            actor: self.actor.clone(),
            arrived: self.now.max(after),
            occurred: self.occurred,
            cause: Cause::Key { key: key.clone(), digest },
            event,
        }
    }
}

/// An event in the journal's form, when a batch can hold it.
pub(in crate::engine) fn encoded(envelope: &Envelope, bytes: &mut Vec<u8>) -> Result<(), Reject> {
    bytes.clear();
    encode_envelope(envelope, bytes).map_err(|e| invalid("command", e.to_string()))?;
    if bytes.len() > EVENT_BYTES_MAX {
        let reason = format!("makes an event of {} bytes, at most {EVENT_BYTES_MAX} fit: split it", bytes.len());
        return Err(invalid("command", reason));
    }
    Ok(())
}

/// An event caused by the passing of time or by another commit.
pub(in crate::engine) fn uncalled(actor: Actor, cause: Cause, arrived: Time, event: Event) -> Envelope {
    Envelope { actor, arrived, occurred: None, cause, event }
}
