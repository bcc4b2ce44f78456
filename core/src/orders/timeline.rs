//! When things happened to an order, and when the engine was told.

use bincode::Encode;

use crate::Actor;
use crate::heap::behind;
use crate::ids::{Seq, SubNo};
use crate::orders::Step;
use crate::time::Time;

/// What happened at a moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode)]
pub enum What {
    /// An event of this kind, by its number in journals.
    Event(u16),
    /// A step.
    Step(Step),
    /// Goods that a sub-order waited for came.
    Arrival,
}

/// One moment of an order.
#[derive(Clone, PartialEq, Eq, Debug, Encode)]
pub struct Moment {
    /// The event.
    pub seq: Seq,
    /// What happened: the step where there is one, else the event.
    pub what: What,
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

behind! {
    Moment { actor, reason }
}
