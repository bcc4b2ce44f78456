//! World and rules.

use serde::Serialize;
use stockade_core::reply::{Configured, VersionedText};

/// The reply to a change of world, rules or SKUs.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct ConfiguredBody {
    /// The event.
    pub seq: u64,
    /// The version of the rules in force afterwards.
    pub rules_version: u32,
    /// Whether this is the first answer to the key, given again.
    pub replayed: bool,
}

/// A text in force.
#[derive(Clone, Debug, Serialize)]
pub struct TextBody<'a> {
    /// The version of the rules in force.
    pub rules_version: u32,
    /// The file's text.
    pub text: &'a str,
}

impl From<Configured> for ConfiguredBody {
    fn from(configured: Configured) -> ConfiguredBody {
        let Configured { seq, rules_version, replayed } = configured;
        ConfiguredBody { seq: seq.0, rules_version: rules_version.0, replayed }
    }
}

impl<'a> From<&'a VersionedText> for TextBody<'a> {
    fn from(text: &'a VersionedText) -> TextBody<'a> {
        TextBody { rules_version: text.rules_version.0, text: &text.text }
    }
}
