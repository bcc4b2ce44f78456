//! Answers about refunds.

use bincode::{Decode, Encode};

use crate::ids::{Code, OrderId, RefundNo, Seq};
use crate::orders::{Payment, RefundReason};
use crate::time::Time;
use crate::units::Units;

/// Money that is owed back, or was.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct RefundView {
    /// The channel.
    pub channel: Code,
    /// The order number.
    pub number: Code,
    /// The order; `None` when none has this number.
    pub order: Option<OrderId>,
    /// The refund's number within its order number.
    pub refund: RefundNo,
    /// Why it is due.
    pub reason: RefundReason,
    /// The payment that it is for, when it is for one.
    pub payment: Option<Payment>,
    /// The units that it is for, by SKU, when it is for units.
    pub lines: Vec<(Code, Units)>,
    /// The event that made it due.
    pub seq: Seq,
    /// When it became due.
    pub due: Time,
    /// What closed it; `None` while it is open.
    pub closed: Option<ClosedView>,
}

/// What closed a refund.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct ClosedView {
    /// What the money that went back is called.
    pub reference: Code,
    /// The event.
    pub seq: Seq,
    /// When it was closed.
    pub at: Time,
    /// Who closed it.
    pub by: Code,
}

/// A refund as a command made it due, or closed it.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Refunded {
    /// The refund as it stands.
    pub refund: RefundView,
    /// Whether this repeats an earlier answer.
    pub replayed: bool,
}

/// A page of refunds.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct RefundsPage {
    /// The refunds.
    pub refunds: Vec<RefundView>,
    /// The cursor of the next page; `None` at the end.
    pub next: Option<Seq>,
}
