//! Payments as they were told, and refunds: money that came and is owed back.

use std::fmt;

use bincode::{Decode, Encode};

use crate::Actor;
use crate::heap::{Heap, behind};
use crate::ids::{Code, RefundNo, Seq, SkuId};
use crate::money::Money;
use crate::time::Time;
use crate::units::Units;

/// A payment as it was told. The engine knows no prices: the amount is for people and reports.
#[derive(Clone, PartialEq, Eq, Debug, Default, Encode, Decode)]
pub struct Payment {
    /// What it is called by whoever took it. Two references are two payments.
    pub reference: Option<Code>,
    /// What arrived.
    pub amount: Option<Money>,
}

/// Why money is owed back.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Encode, Decode)]
pub enum RefundReason {
    /// Paid after its hold expired, and the stock was gone.
    StockGone,
    /// The order, or units of it, were given up.
    Cancelled,
    /// The order was paid before, by another payment.
    PaidTwice,
    /// There is no order of this number.
    UnknownOrder,
    /// Units came back and were inspected.
    Returned,
}

/// What a refund is for.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub enum Basis {
    /// A payment that no goods stand against.
    Payment(Payment),
    /// Paid units that the customer does not get or keep, by SKU.
    Units(Vec<(SkuId, Units)>),
}

/// Money that is owed back, or was.
#[derive(Clone, PartialEq, Eq, Debug, Encode)]
pub struct Refund {
    /// Why.
    pub reason: RefundReason,
    /// For what.
    pub basis: Basis,
    /// The event that made it due.
    pub seq: Seq,
    /// When that was.
    pub due: Time,
    /// What closed it.
    pub closed: Option<Closing>,
}

/// What closed a refund.
#[derive(Clone, PartialEq, Eq, Debug, Encode)]
pub struct Closing {
    /// What the money that went back is called; of a payment that paid a later order after all, the payment's reference.
    pub reference: Code,
    /// The event.
    pub seq: Seq,
    /// When that was.
    pub at: Time,
    /// Who closed it.
    pub by: Actor,
}

impl Refund {
    /// The last event that changed it.
    pub fn changed(&self) -> Seq {
        self.closed.as_ref().map_or(self.seq, |closing| closing.seq)
    }
}

behind! {
    Payment { reference }
    Refund { basis, closed }
    Closing { reference, by }
}

impl Heap for Basis {
    fn heap(&self) -> usize {
        match self {
            Basis::Payment(payment) => payment.heap(),
            Basis::Units(units) => units.heap(),
        }
    }
}

impl Payment {
    /// Whether nothing was told of it.
    pub fn is_unnamed(&self) -> bool {
        self.reference.is_none() && self.amount.is_none()
    }
}

/// As timelines say it: `payment R-7, 12.50`.
impl fmt::Display for Payment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reference {
            Some(reference) => write!(f, "payment {reference}")?,
            None => f.write_str("payment")?,
        }
        self.amount.map_or(Ok(()), |amount| write!(f, ", {amount}"))
    }
}

impl RefundReason {
    /// All of them.
    pub const ALL: [RefundReason; 5] = [
        RefundReason::StockGone,
        RefundReason::Cancelled,
        RefundReason::PaidTwice,
        RefundReason::UnknownOrder,
        RefundReason::Returned,
    ];

    /// The name at the border: lower case, words joined by `_`.
    pub const fn name(self) -> &'static str {
        match self {
            RefundReason::StockGone => "stock_gone",
            RefundReason::Cancelled => "cancelled",
            RefundReason::PaidTwice => "paid_twice",
            RefundReason::UnknownOrder => "unknown_order",
            RefundReason::Returned => "returned",
        }
    }
}

/// As timelines say it: `refund 1: paid_twice`.
pub fn refund_phrase(no: RefundNo, reason: RefundReason) -> String {
    format!("refund {no}: {}", reason.name())
}
