//! What happened to orders.

use bincode::{Decode, Encode};

use crate::decision::{Decision, Figures};
use crate::ids::{CarrierId, ChannelId, Code, OrderId, RefundNo, SkuId, SubNo, WarehouseId};
use crate::orders::{Elsewhere, Payment, RefundReason, Stage, Step, SubTake};
use crate::stock::Move;
use crate::time::{Span, Time};
use crate::units::Units;

/// See [`crate::event::Event::OrderPlaced`].
#[derive(Clone, PartialEq, Eq, Debug, Decode)]
pub struct OrderPlaced {
    /// The id.
    pub order: OrderId,
    /// The channel.
    pub channel: ChannelId,
    /// The channel's number.
    pub number: Code,
    /// Digest of the request's content.
    pub digest: u128,
    /// The destination zone.
    pub zone: Option<Code>,
    /// The customer.
    pub customer: Option<Code>,
    /// The carrier the order insists on.
    pub carrier: Option<CarrierId>,
    /// All in one parcel.
    pub ship_complete: bool,
    /// No more parcels than this.
    pub max_parcels: Option<u16>,
    /// How long it holds unpaid, from arrival.
    pub hold: Span,
    /// The plan.
    pub decision: Decision,
}

/// See [`crate::event::Event::OrderPaid`].
#[derive(Clone, PartialEq, Eq, Debug, Decode)]
pub struct OrderPaid {
    /// The order.
    pub order: OrderId,
    /// Held units become allocated.
    pub moves: Vec<Move>,
    /// The payment.
    pub payment: Payment,
}

/// See [`crate::event::Event::OrderPaidLate`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct OrderPaidLate {
    /// The order.
    pub order: OrderId,
    /// The new plan; its sub-orders are numbered on after the expired ones and are allocated at once.
    pub decision: Decision,
    /// The payment.
    pub payment: Payment,
}

/// See [`crate::event::Event::RefundDue`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct RefundDue {
    /// The order.
    pub order: OrderId,
    /// Why.
    pub reason: RefundReason,
    /// The payment.
    pub payment: Payment,
}

/// See [`crate::event::Event::UnplacedPaid`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct UnplacedPaid {
    /// The channel.
    pub channel: ChannelId,
    /// The number that no order of the channel has.
    pub number: Code,
    /// The payment; it has a reference.
    pub payment: Payment,
}

/// See [`crate::event::Event::RefundClosed`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct RefundClosed {
    /// The channel.
    pub channel: ChannelId,
    /// The order number.
    pub number: Code,
    /// The order, if there is one of this number.
    pub order: Option<OrderId>,
    /// The refund.
    pub refund: RefundNo,
    /// What the money that went back is called.
    pub reference: Code,
}

/// See [`crate::event::Event::OrderExpired`].
#[derive(Clone, PartialEq, Eq, Debug, Decode)]
pub struct OrderExpired {
    /// The order.
    pub order: OrderId,
    /// Held units become free.
    pub moves: Vec<Move>,
}

/// See [`crate::event::Event::HoldExtended`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct HoldExtended {
    /// The order.
    pub order: OrderId,
    /// The new deadline.
    pub until: Time,
}

/// See [`crate::event::Event::OrderCancelled`].
#[derive(Clone, PartialEq, Eq, Debug, Decode)]
pub struct OrderCancelled {
    /// The order.
    pub order: OrderId,
    /// Units that leave sub-orders.
    pub takes: Vec<SubTake>,
    /// Units that leave review.
    pub review: Vec<(SkuId, Units)>,
    /// The units become free again.
    pub moves: Vec<Move>,
    /// How many of the taken units had yet to come, by sub-order.
    pub waiting: Vec<(SubNo, Units)>,
    /// The reason that the caller gave.
    pub reason: Option<String>,
}

impl OrderCancelled {
    /// Whether no units leave the order, as when its hold ran out before.
    pub fn is_empty(&self) -> bool {
        self.takes.is_empty() && self.review.is_empty()
    }
}

/// See [`crate::event::Event::SubOrderCancelled`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct SubOrderCancelled {
    /// The sub-order.
    pub sub: SubNo,
    /// What leaves it: all that is in it, and nothing of any other.
    pub cancelled: OrderCancelled,
}

/// See [`crate::event::Event::UnitsCancelled`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct UnitsCancelled {
    /// What leaves the order.
    pub cancelled: OrderCancelled,
    /// What the parcels that keep units weigh and cost from now on.
    pub figures: Vec<(SubNo, Figures)>,
}

/// See [`crate::event::Event::SubStepped`].
#[derive(Clone, PartialEq, Eq, Debug, Decode)]
pub struct SubStepped {
    /// The order.
    pub order: OrderId,
    /// The sub-order.
    pub sub: SubNo,
    /// The step.
    pub step: Step,
    /// What the scale said, in grams, where the step is weighing.
    pub weight_g: Option<u32>,
    /// What it was labelled with, where the step is labelling.
    pub waybill: Option<Code>,
    /// The stage it reaches.
    pub stage: Stage,
    /// Stock that follows.
    pub moves: Vec<Move>,
}

/// See [`crate::event::Event::PickShorted`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct PickShorted {
    /// The order.
    pub order: OrderId,
    /// The sub-order.
    pub sub: SubNo,
    /// Units not found, by line.
    pub missing: Vec<SubTake>,
    /// The units go back to their pools, and as many stand in `short`, so that nobody else is promised them.
    pub moves: Vec<Move>,
    /// How the missing units are served instead, when they can be.
    pub decision: Option<Decision>,
    /// The units that wait for a person.
    pub review: Vec<(SkuId, Units)>,
}

/// See [`crate::event::Event::ReturnReceived`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct ReturnReceived {
    /// The order.
    pub order: OrderId,
    /// What came back.
    pub takes: Vec<SubTake>,
    /// Into inspection.
    pub moves: Vec<Move>,
}

/// See [`crate::event::Event::ReturnInspected`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct ReturnInspected {
    /// The order.
    pub order: OrderId,
    /// What was inspected, intact and damaged together.
    pub takes: Vec<SubTake>,
    /// Units back on sale.
    pub intact: Units,
    /// Units that are not.
    pub damaged: Units,
    /// Out of inspection.
    pub moves: Vec<Move>,
}

/// See [`crate::event::Event::ReviewRouted`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct ReviewRouted {
    /// The order.
    pub order: OrderId,
    /// The units that leave review.
    pub units: Vec<(SkuId, Units)>,
    /// The plan for them; allocated at once.
    pub decision: Decision,
}

/// See [`crate::event::Event::ParcelShorted`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct ParcelShorted {
    /// What was missing, and how it is served instead.
    pub shorted: PickShorted,
    /// What the parcel weighs and costs from now on, unless nothing is left of it.
    pub figures: Vec<(SubNo, Figures)>,
    /// The parcels in which the missing units may be served under the order's limit, if it has one.
    pub most: Option<u16>,
    /// Why the units wait for a person, if they do; at most [`crate::limits::REASON_BYTES_MAX`] bytes.
    pub why: Option<String>,
}

/// See [`crate::event::Event::ReviewRoutedWithin`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct ReviewRoutedWithin {
    /// What was routed.
    pub routed: ReviewRouted,
    /// The parcels that the order's limit left for it.
    pub most: u16,
}

/// See [`crate::event::Event::ReturnReceivedElsewhere`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct ReturnReceivedElsewhere {
    /// Out of the warehouse that shipped it, and into inspection where it came back to.
    pub received: ReturnReceived,
    /// Where it came back to.
    pub warehouse: WarehouseId,
    /// The same for the timeline, in words.
    pub place: String,
}

/// See [`crate::event::Event::ReturnInspectedElsewhere`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct ReturnInspectedElsewhere {
    /// What was inspected.
    pub inspected: ReturnInspected,
    /// Those of the units that waited at other warehouses than the one that shipped them.
    pub elsewhere: Vec<Elsewhere>,
    /// Where it was inspected, for the timeline, in words.
    pub place: String,
}

/// See [`crate::event::Event::OrderRaised`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct OrderRaised {
    /// The order.
    pub order: OrderId,
    /// The plan for the units that were added; held at once.
    pub decision: Decision,
    /// The parcels that the order's limit left for them, if it has one.
    pub most: Option<u16>,
}

/// See [`crate::event::Event::SubOrderSplit`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct SubOrderSplit {
    /// The order.
    pub order: OrderId,
    /// The sub-order that units leave.
    pub sub: SubNo,
    /// The units.
    pub takes: Vec<SubTake>,
    /// What the sub-order weighs and costs from now on.
    pub left: Figures,
    /// What the new one weighs and costs.
    pub apart: Figures,
}
