//! Answers about orders.

use bincode::{Decode, Encode};

use super::inbound::Awaited;
use super::plan::{PlanView, SubOrderView};
use super::refund::RefundView;
use crate::ids::{Code, OrderId, RulesVersion, Seq, SubNo};
use crate::money::Money;
use crate::orders::{Change, OrderState, Stage};
use crate::time::Time;
use crate::units::Units;

/// The first answer to an order, and where the order stands now.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Placed {
    /// The engine's id.
    pub order: OrderId,
    /// The sequence of the event that placed it.
    pub seq: Seq,
    /// When its stock comes free unless it is paid.
    pub expires_at: Time,
    /// What was promised.
    pub plan: PlanView,
    /// Where the order stands now; differs from `Held` only when replayed.
    pub present: OrderState,
    /// Whether this repeats an earlier answer.
    pub replayed: bool,
}

/// The first answer to a command on an order, and the order now.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Changed {
    /// The order.
    pub order: OrderId,
    /// The sequence of the event.
    pub seq: Seq,
    /// What the command did.
    pub change: Change,
    /// Where the order stands now.
    pub present: OrderState,
    /// Where its sub-orders stand now, by number from 1.
    pub stages: Vec<Stage>,
    /// Whether this repeats an earlier answer.
    pub replayed: bool,
}

/// An order as it stands.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct OrderView {
    /// The engine's id.
    pub order: OrderId,
    /// The channel.
    pub channel: Code,
    /// The channel's number.
    pub number: Code,
    /// The destination zone.
    pub zone: Option<Code>,
    /// The customer.
    pub customer: Option<Code>,
    /// Where it stands.
    pub state: OrderState,
    /// When it was placed.
    pub placed_at: Time,
    /// When its stock comes free unless paid; meaningless once paid.
    pub expires_at: Time,
    /// Rules of the latest plan.
    pub rules_version: RulesVersion,
    /// Money of the sub-orders that are not given up.
    pub cost: Money,
    /// All sub-orders there ever were, by number.
    pub sub_orders: Vec<SubOrderNow>,
    /// Units no warehouse could serve after a short pick.
    pub review: Vec<(Code, Units)>,
    /// Money that is owed back or was, by number.
    pub refunds: Vec<RefundView>,
    /// What happened, in history order.
    pub timeline: Vec<TimelineEntry>,
    /// The last event that touched the order.
    pub version: Seq,
}

/// A sub-order as it stands.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct SubOrderNow {
    /// The parcel with the units still in it, and what these weigh and cost.
    pub promised: SubOrderView,
    /// What was first promised, when units were taken out of it since.
    pub first: Option<SubOrderView>,
    /// Where it stands.
    pub stage: Stage,
    /// The waybill, once labelled.
    pub waybill: Option<Code>,
    /// Returned units, not inspected.
    pub in_inspection: Units,
    /// Returned units in all.
    pub returned: Units,
    /// What it waits for, in the order of promise.
    pub awaits: Vec<Awaited>,
    /// Those of the units in inspection that came back to other warehouses than the one that shipped them, by warehouse.
    pub elsewhere: Vec<(Code, Units)>,
}

/// One moment of an order.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct TimelineEntry {
    /// The event.
    pub seq: Seq,
    /// Its name, as in the documentation of events.
    pub what: String,
    /// The sub-order, if it was about one.
    pub sub: Option<SubNo>,
    /// When it happened.
    pub occurred: Time,
    /// When we heard.
    pub arrived: Time,
    /// Who said so.
    pub actor: Code,
    /// The reason that was given, if any.
    pub reason: Option<String>,
}

/// A page of a list of sub-orders, oldest order first.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct OrdersPage {
    /// The sub-orders; all that fit of an order stand on one page.
    pub orders: Vec<OrderSummary>,
    /// The cursor of the next page. More may follow although this page holds fewer than asked for; `None` at the end.
    pub next: Option<Seq>,
}

/// A sub-order in a list.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct OrderSummary {
    /// The order.
    pub order: OrderId,
    /// The channel.
    pub channel: Code,
    /// The channel's number.
    pub number: Code,
    /// The sub-order.
    pub sub: SubNo,
    /// Ships from here.
    pub warehouse: Code,
    /// Ships with this carrier.
    pub carrier: Code,
    /// Where the order stands.
    pub state: OrderState,
    /// Where the sub-order stands.
    pub stage: Stage,
    /// When the order was placed.
    pub placed_at: Time,
    /// Its units.
    pub units: Units,
}
