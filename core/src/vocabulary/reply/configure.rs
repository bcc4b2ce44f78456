//! Answers about the world and the rules.

use bincode::{Decode, Encode};

use crate::ids::{RulesVersion, Seq};

/// The answer to a configuration command.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Configured {
    /// The sequence of the event.
    pub seq: Seq,
    /// The rules in force after it.
    pub rules_version: RulesVersion,
    /// Whether this repeats an earlier answer.
    pub replayed: bool,
}

/// A file in force.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct VersionedText {
    /// The version of the rules in force.
    pub rules_version: RulesVersion,
    /// The file as it was applied.
    pub text: String,
}
