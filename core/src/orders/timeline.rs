//! When things happened to an order, and when the engine was told.

use bincode::Encode;

use crate::Actor;
use crate::ids::{Seq, SubNo};
use crate::time::Time;

/// One moment of an order.
#[derive(Clone, PartialEq, Eq, Debug, Encode)]
pub struct Moment {
    /// The event.
    pub seq: Seq,
    /// The event's name, or the step's where there is one.
    pub what: &'static str,
    /// The sub-order, if it was about one.
    pub sub: Option<SubNo>,
    /// When it happened.
    pub occurred: Time,
    /// When we heard.
    pub arrived: Time,
    /// Who said so.
    pub actor: Actor,
    /// The reason that was given, if any.
    pub reason: Option<Box<str>>,
}
