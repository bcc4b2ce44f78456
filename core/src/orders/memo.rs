//! Idempotency: what was answered under a key, so that a repeat gets the same answer and holds nothing twice.

use bincode::Encode;
use bincode::enc::Encoder;
use bincode::error::EncodeError;

use crate::heap::{Heap, behind};
use crate::ids::{Code, RulesVersion, Seq};
use crate::units::Units;

/// A digest of 128 bits that asks no more of its place in memory than its halves do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Digest([u64; 2]);

impl From<u128> for Digest {
    fn from(digest: u128) -> Digest {
        Digest([(digest >> 64) as u64, digest as u64])
    }
}

impl From<Digest> for u128 {
    fn from(Digest([high, low]): Digest) -> u128 {
        u128::from(high) << 64 | u128::from(low)
    }
}

impl Encode for Digest {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        u128::from(*self).encode(encoder)
    }
}

/// An answer remembered under a key.
#[derive(Clone, PartialEq, Eq, Debug, Encode)]
pub struct Memo<A> {
    /// The caller's key.
    pub key: Code,
    /// Digest of the request's content.
    pub digest: u128,
    /// The event that answered it.
    pub seq: Seq,
    /// The first answer.
    pub answer: A,
}

/// What was answered to a command on stock or configuration.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode)]
pub enum Answer {
    /// Units moved.
    Moved {
        /// Units over all lines.
        units: Units,
        /// Units found missing beyond what was free, or promised units that no receipt is expected to bring any more.
        short: Units,
    },
    /// These rules are in force.
    Configured(RulesVersion),
}

behind! {
    Answer {}
}

impl<A: Heap> Heap for Memo<A> {
    fn heap(&self) -> usize {
        self.key.heap() + self.answer.heap()
    }
}
