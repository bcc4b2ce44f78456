//! How durable an answer is.

use bincode::{Decode, Encode};

/// How durable an answer is asked to be, or was when it left.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Encode, Decode)]
pub enum Durability {
    /// Applied in this process.
    Memory,
    /// Written to the journal.
    #[default]
    Journaled,
    /// Written to the journal and acknowledged by a replica.
    Replicated,
}

impl Durability {
    /// All levels, from the least to the most durable.
    pub const ALL: [Durability; 3] = [Durability::Memory, Durability::Journaled, Durability::Replicated];

    /// The level's name in headers, flags, bodies and messages.
    pub const fn name(self) -> &'static str {
        match self {
            Durability::Memory => "memory",
            Durability::Journaled => "journaled",
            Durability::Replicated => "replicated",
        }
    }

    /// What an answer is asked to be when the caller says nothing and `self` is the most the server gives: journaled, or less.
    pub fn ordinary(self) -> Durability {
        self.min(Durability::default())
    }
}
