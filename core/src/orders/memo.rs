//! Idempotency: what was answered under a key, so that a repeat gets the same answer and holds nothing twice.

use std::collections::BTreeMap;

use bincode::Encode;
use bincode::enc::Encoder;
use bincode::error::EncodeError;

use crate::heap::{Heap, behind, tree};
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

/// The memos of one order, in the order of its events.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Memory<A> {
    memos: Vec<Memo<A>>,
    /// Places of memos by key, once there are more than [`SCANNED`]: a command that is repeated on and on, each time under
    /// a new key, must not make every later command slower.
    places: BTreeMap<Code, usize>,
}

/// Memos that are looked through one by one.
const SCANNED: usize = 16;
/// Memos there is room for at first.
const FIRST: usize = 4;

impl<A: Encode> Encode for Memory<A> {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        self.memos.encode(encoder)
    }
}

/// What memory says of a request.
#[derive(Debug)]
pub enum Recalled<'a, A> {
    /// Never heard of.
    New,
    /// Asked before: this was the answer.
    Repeat(&'a Memo<A>),
    /// The key was used for something else.
    Conflict(Seq),
}

impl<A> Default for Memory<A> {
    fn default() -> Self {
        Memory::new()
    }
}

impl<A> Memory<A> {
    /// A memory of nothing.
    pub const fn new() -> Memory<A> {
        Memory { memos: Vec::new(), places: BTreeMap::new() }
    }

    /// How many answers are remembered.
    pub fn len(&self) -> usize {
        self.memos.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.memos.is_empty()
    }

    /// Every memo, in the order of events.
    pub fn memos(&self) -> &[Memo<A>] {
        &self.memos
    }

    /// What is known of a key.
    pub fn recall(&self, key: &Code, digest: u128) -> Recalled<'_, A> {
        match self.memo(key) {
            Some(memo) => memo.compare(digest),
            None => Recalled::New,
        }
    }

    /// The memo of an event.
    pub fn of(&self, seq: Seq) -> Option<&Memo<A>> {
        self.memos.binary_search_by_key(&seq, |memo| memo.seq).ok().map(|at| &self.memos[at])
    }

    /// The first memo whose answer is of some kind.
    pub fn first(&self, is_it: impl Fn(&A) -> bool) -> Option<&Memo<A>> {
        self.memos.iter().find(|memo| is_it(&memo.answer))
    }

    /// The memo under a key.
    pub fn memo(&self, key: &Code) -> Option<&Memo<A>> {
        if self.memos.len() <= SCANNED {
            return self.memos.iter().find(|memo| memo.key == *key);
        }
        self.places.get(key).map(|at| &self.memos[*at])
    }

    /// Remembers an answer.
    pub fn remember(&mut self, memo: Memo<A>) {
        // The first memo that is one too many brings the places of all before it.
        let from = if self.memos.len() == SCANNED { 0 } else { self.memos.len() };
        if self.memos.capacity() == 0 {
            self.memos = Vec::with_capacity(FIRST);
        }
        self.memos.push(memo);
        if self.memos.len() > SCANNED {
            for (at, memo) in self.memos.iter().enumerate().skip(from) {
                self.places.entry(memo.key.clone()).or_insert(at);
            }
        }
    }
}

behind! {
    Answer {}
}

impl<A: Heap> Heap for Memo<A> {
    fn heap(&self) -> usize {
        self.key.heap() + self.answer.heap()
    }
}

impl<A: Heap> Heap for Memory<A> {
    fn heap(&self) -> usize {
        let keys: usize = self.places.keys().map(Code::heap).sum();
        self.memos.heap() + tree::<Code, usize>(self.places.len()) + keys
    }
}

impl<A> FromIterator<Memo<A>> for Memory<A> {
    fn from_iter<I: IntoIterator<Item = Memo<A>>>(memos: I) -> Memory<A> {
        let mut memory = Memory::new();
        memos.into_iter().for_each(|memo| memory.remember(memo));
        memory
    }
}

impl<A> Memo<A> {
    /// Whether a request with this digest repeats the remembered one.
    pub fn compare(&self, digest: u128) -> Recalled<'_, A> {
        if self.digest == digest { Recalled::Repeat(self) } else { Recalled::Conflict(self.seq) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_memos_are_found_by_key_as_few_are() {
        let mut memory = Memory::new();
        let key = |at: u64| Code::new(&format!("k{at}")).expect("a code");
        for at in 0..3 * SCANNED as u64 {
            assert!(matches!(memory.recall(&key(at), 7), Recalled::New));
            memory.remember(Memo { key: key(at), digest: 7, seq: Seq(at), answer: at });
            assert_eq!(memory.places.len() as u64, if at < SCANNED as u64 { 0 } else { at + 1 });
            for earlier in 0..=at {
                assert!(matches!(memory.recall(&key(earlier), 7), Recalled::Repeat(memo) if memo.answer == earlier));
                assert!(matches!(memory.recall(&key(earlier), 8), Recalled::Conflict(Seq(seq)) if seq == earlier));
            }
        }
    }
}
