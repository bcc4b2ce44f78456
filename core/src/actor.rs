//! Who causes what happens.

use bincode::{Decode, Encode};

use crate::ids::Code;

/// Who caused an event.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Encode, Decode)]
pub enum Actor {
    /// A deadline.
    Timer,
    /// A token's or a person's name.
    Named(Code),
    /// The engine itself: promised units were there.
    Engine,
}
