//! Payments, and refunds: closing, reading.

use serde::{Deserialize, Serialize};
use stockade_core::command::{CloseRefund, OrderRef, Pay};
use stockade_core::ids::{Code, RefundNo};
use stockade_core::money::Money;
use stockade_core::orders::Payment;
use stockade_core::reply::{ClosedView, RefundView, Refunded, RefundsPage};

use super::quantity::UnitsBody;

/// The body of a payment: empty, or what it is called and what arrived.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PayBody {
    /// What the payment is called by whoever took it.
    pub payment: Option<Code>,
    /// What arrived.
    pub amount: Option<Money>,
}

/// The body of the closing of a refund.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CloseBody {
    /// What the money that went back is called.
    pub reference: Code,
}

/// Money that is owed back, or was.
#[derive(Clone, Debug, Serialize)]
pub struct RefundBody<'a> {
    /// Its channel.
    pub channel: &'a Code,
    /// The order number.
    pub number: &'a Code,
    /// The engine's id of the order; `null` when no order has the number.
    pub order_id: Option<String>,
    /// The number of the refund within the order number.
    pub refund: u32,
    /// Why it is due.
    pub reason: &'static str,
    /// The payment that it is for; absent when it is for units.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment: Option<PaymentBody<'a>>,
    /// The units that it is for; absent when it is for a payment.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<UnitsBody<'a>>,
    /// The event that made it due.
    pub seq: u64,
    /// When it became due.
    pub due: String,
    /// What closed it; `null` while it is open.
    pub closed: Option<ClosedBody<'a>>,
}

/// A payment as it was told.
#[derive(Clone, Debug, Serialize)]
pub struct PaymentBody<'a> {
    /// What it is called by whoever took it.
    pub reference: Option<&'a Code>,
    /// What arrived.
    pub amount: Option<Money>,
}

/// What closed a refund.
#[derive(Clone, Debug, Serialize)]
pub struct ClosedBody<'a> {
    /// What the money that went back is called.
    pub reference: &'a Code,
    /// The event.
    pub seq: u64,
    /// When it was closed.
    pub at: String,
    /// The name of the caller who closed it.
    pub by: &'a Code,
}

/// The reply to the closing of a refund, and to a payment for a number that no order has.
#[derive(Clone, Debug, Serialize)]
pub struct RefundedBody<'a> {
    /// The refund as it stands.
    #[serde(flatten)]
    pub refund: RefundBody<'a>,
    /// Whether this was told before, and nothing changed.
    pub replayed: bool,
}

/// A page of refunds, the earliest first.
#[derive(Clone, Debug, Serialize)]
pub struct RefundsPageBody<'a> {
    /// The refunds.
    pub refunds: Vec<RefundBody<'a>>,
    /// What to give as `after` for the next page; null at the end.
    pub next: Option<u64>,
}

impl PayBody {
    /// The command for this order.
    pub fn command(self, order: OrderRef) -> Pay {
        Pay { order, payment: self.payment, amount: self.amount }
    }
}

impl CloseBody {
    /// The command for a refund of this order.
    pub fn command(self, order: OrderRef, refund: u32) -> CloseRefund {
        CloseRefund { order, refund: RefundNo(refund), reference: self.reference }
    }
}

impl<'a> RefundBody<'a> {
    /// All of an order.
    pub(super) fn all(refunds: &'a [RefundView]) -> Vec<RefundBody<'a>> {
        refunds.iter().map(RefundBody::from).collect()
    }
}

impl<'a> From<&'a RefundView> for RefundBody<'a> {
    fn from(refund: &'a RefundView) -> RefundBody<'a> {
        RefundBody {
            channel: &refund.channel,
            number: &refund.number,
            order_id: refund.order.map(|order| order.to_string()),
            refund: refund.refund.0,
            reason: refund.reason.name(),
            payment: refund.payment.as_ref().map(PaymentBody::from),
            lines: UnitsBody::all(&refund.lines),
            seq: refund.seq.0,
            due: refund.due.to_string(),
            closed: refund.closed.as_ref().map(ClosedBody::from),
        }
    }
}

impl<'a> From<&'a Payment> for PaymentBody<'a> {
    fn from(payment: &'a Payment) -> PaymentBody<'a> {
        PaymentBody { reference: payment.reference.as_ref(), amount: payment.amount }
    }
}

impl<'a> From<&'a ClosedView> for ClosedBody<'a> {
    fn from(closed: &'a ClosedView) -> ClosedBody<'a> {
        ClosedBody { reference: &closed.reference, seq: closed.seq.0, at: closed.at.to_string(), by: &closed.by }
    }
}

impl<'a> From<&'a Refunded> for RefundedBody<'a> {
    fn from(told: &'a Refunded) -> RefundedBody<'a> {
        RefundedBody { refund: (&told.refund).into(), replayed: told.replayed }
    }
}

impl<'a> From<&'a RefundsPage> for RefundsPageBody<'a> {
    fn from(page: &'a RefundsPage) -> RefundsPageBody<'a> {
        RefundsPageBody { refunds: RefundBody::all(&page.refunds), next: page.next.map(|next| next.0) }
    }
}
