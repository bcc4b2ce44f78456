//! Orders: placing, cancelling, holding longer, reading.

use serde::{Deserialize, Serialize};
use stockade_core::command::{Cancel, CancelScope, Command, ExtendHold, Line, OrderRef, Place, Reroute, RerouteApart};
use stockade_core::ids::{Code, SubNo};
use stockade_core::money::Money;
use stockade_core::reply::{Awaited, OrderSummary, OrderView, OrdersPage, Placed, SubOrderNow, TimelineEntry};
use stockade_core::time::Span;
use stockade_core::units::Units;

use super::plan::{PlanBody, SubOrderBody};
use super::quantity::{LineBody, UnitsBody, lines};
use super::refunds::RefundBody;
use crate::times::parse_time;

/// The body of a placement or a quote.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlaceBody {
    /// The channel.
    pub channel: Code,
    /// The channel's order number.
    pub number: Code,
    /// The destination zone.
    pub zone: Option<Code>,
    /// The customer, as the channel knows it.
    pub customer: Option<Code>,
    /// Only this carrier.
    pub carrier: Option<Code>,
    /// All in one parcel or not at all.
    #[serde(default)]
    pub ship_complete: bool,
    /// No more parcels than this.
    pub max_parcels: Option<u16>,
    /// How long stock is held unpaid, like `30m`; as the channel says when not given.
    pub hold: Option<Span>,
    /// What is ordered.
    pub lines: Vec<LineBody>,
}

/// The body of a cancellation: empty for the whole order, or a sub-order, or units of a SKU.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CancelBody {
    /// Only this sub-order.
    pub sub: Option<u16>,
    /// Only units of this SKU.
    pub sku: Option<Code>,
    /// How many units of the SKU.
    pub qty: Option<u64>,
    /// Why, for the timeline.
    pub reason: Option<String>,
}

/// The body of a new attempt to route what stands in review: empty within the order's limit of parcels.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RerouteBody {
    /// In as many parcels as it takes, whatever the order's limit is.
    #[serde(default)]
    pub apart: bool,
}

/// The body of an extension of the reservation hold.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExtendBody {
    /// The new deadline, RFC 3339.
    pub until: String,
}

/// The reply to a placement.
#[derive(Clone, Debug, Serialize)]
pub struct PlacedBody<'a> {
    /// The engine's id of the order.
    pub order_id: String,
    /// The event.
    pub seq: u64,
    /// The state of the order now.
    pub state: &'static str,
    /// Deadline of the reservation hold.
    pub expires_at: String,
    /// Whether the order was placed before and nothing is held twice.
    pub replayed: bool,
    /// How it ships.
    #[serde(flatten)]
    pub plan: PlanBody<'a>,
}

/// An order.
#[derive(Clone, Debug, Serialize)]
pub struct OrderBody<'a> {
    /// The engine's id of the order.
    pub order_id: String,
    /// Its channel.
    pub channel: &'a Code,
    /// Its number in the channel.
    pub number: &'a Code,
    /// The destination zone.
    pub zone: Option<&'a Code>,
    /// The customer, as the channel knows it.
    pub customer: Option<&'a Code>,
    /// Its state.
    pub state: &'static str,
    /// When it was placed.
    pub placed_at: String,
    /// Deadline of the reservation hold.
    pub expires_at: String,
    /// The version of the rules that decided.
    pub rules_version: u32,
    /// Cost of all parcels.
    pub cost: Money,
    /// The sub-orders, by number.
    pub sub_orders: Vec<SubOrderNowBody<'a>>,
    /// Units that wait for a person.
    pub review: Vec<UnitsBody<'a>>,
    /// Money that is owed back or was, by number; absent where there is none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub refunds: Vec<RefundBody<'a>>,
    /// What happened to it, first to last.
    pub timeline: Vec<MomentBody<'a>>,
    /// The last event that changed it.
    pub version: u64,
}

/// A sub-order as it stands.
#[derive(Clone, Debug, Serialize)]
pub struct SubOrderNowBody<'a> {
    /// How it ships, with what is still in it.
    #[serde(flatten)]
    pub promised: SubOrderBody<'a>,
    /// What was first promised; absent unless units were taken out of it since.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<SubOrderBody<'a>>,
    /// How far it is.
    pub stage: &'static str,
    /// The waybill of its parcel.
    pub waybill: Option<&'a Code>,
    /// Units that came back and wait to be inspected.
    pub in_inspection: u64,
    /// Units that came back.
    pub returned: u64,
    /// Units of a presale that have not come; absent where there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub awaits: Vec<AwaitedBody<'a>>,
    /// Those of the units in inspection that came back to other warehouses; absent where there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub elsewhere: Vec<ElsewhereBody<'a>>,
}

/// Returned units at another warehouse than the one that shipped them.
#[derive(Clone, Debug, Serialize)]
pub struct ElsewhereBody<'a> {
    /// The warehouse.
    pub warehouse: &'a Code,
    /// How many units wait there for inspection.
    pub qty: u64,
}

/// Units that a sub-order waits for.
#[derive(Clone, Debug, Serialize)]
pub struct AwaitedBody<'a> {
    /// The SKU.
    pub sku: &'a Code,
    /// How many units.
    pub qty: u64,
    /// The expected receipt that brings them; `null` when none is expected to.
    pub reference: Option<&'a Code>,
    /// The day it is due.
    pub due: Option<String>,
}

/// Something that happened to an order.
#[derive(Clone, Debug, Serialize)]
pub struct MomentBody<'a> {
    /// The event.
    pub seq: u64,
    /// The event's name.
    pub what: &'a str,
    /// The sub-order it happened to; `null` for the order.
    pub sub: Option<u16>,
    /// When it happened.
    pub occurred: String,
    /// When the engine was told.
    pub arrived: String,
    /// The name of the caller.
    pub actor: &'a Code,
    /// The reason that was given; absent without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'a str>,
}

/// A page of a list of sub-orders, oldest order first.
#[derive(Clone, Debug, Serialize)]
pub struct OrdersPageBody<'a> {
    /// The sub-orders.
    pub orders: Vec<SummaryBody<'a>>,
    /// What to give as `after` for the next page; null at the end.
    pub next: Option<u64>,
}

impl<'a> From<&'a OrdersPage> for OrdersPageBody<'a> {
    fn from(page: &'a OrdersPage) -> OrdersPageBody<'a> {
        OrdersPageBody {
            orders: page.orders.iter().map(SummaryBody::from).collect(),
            next: page.next.map(|next| next.0),
        }
    }
}

/// A sub-order in a list.
#[derive(Clone, Debug, Serialize)]
pub struct SummaryBody<'a> {
    /// The engine's id of the order.
    pub order_id: String,
    /// Its channel.
    pub channel: &'a Code,
    /// Its number in the channel.
    pub number: &'a Code,
    /// The number of the sub-order.
    pub sub: u16,
    /// The warehouse that sends it.
    pub warehouse: &'a Code,
    /// The carrier that takes it.
    pub carrier: &'a Code,
    /// The state of the order.
    pub state: &'static str,
    /// How far the sub-order is.
    pub stage: &'static str,
    /// When the order was placed.
    pub placed_at: String,
    /// Units in it.
    pub qty: u64,
}

impl From<PlaceBody> for Place {
    fn from(body: PlaceBody) -> Place {
        Place {
            channel: body.channel,
            number: body.number,
            zone: body.zone,
            customer: body.customer,
            carrier: body.carrier,
            ship_complete: body.ship_complete,
            max_parcels: body.max_parcels,
            hold: body.hold,
            lines: lines(body.lines),
        }
    }
}

impl CancelBody {
    /// The command for this order.
    ///
    /// # Errors
    /// A sentence, when the fields do not fit together.
    pub fn command(self, order: OrderRef) -> Result<Cancel, String> {
        let scope = match (self.sub, self.sku, self.qty) {
            (None, None, None) => CancelScope::Order,
            (Some(sub), None, None) => CancelScope::Sub(SubNo(sub)),
            (None, Some(sku), Some(qty)) => CancelScope::Units(Line { sku, units: Units(qty) }),
            _ => return Err("name a `sub`, or a `sku` with its `qty`, or nothing for the whole order".into()),
        };
        Ok(Cancel { order, scope, reason: self.reason })
    }
}

impl RerouteBody {
    /// The command for this order.
    pub fn command(self, order: OrderRef) -> Command {
        match self.apart {
            true => Command::RerouteApart(RerouteApart { order }),
            false => Command::Reroute(Reroute { order }),
        }
    }
}

impl ExtendBody {
    /// The command for this order.
    ///
    /// # Errors
    /// A sentence, when the deadline is not a time.
    pub fn command(self, order: OrderRef) -> Result<ExtendHold, String> {
        Ok(ExtendHold { order, until: parse_time(&self.until)? })
    }
}

impl<'a> From<&'a Placed> for PlacedBody<'a> {
    fn from(placed: &'a Placed) -> PlacedBody<'a> {
        PlacedBody {
            order_id: placed.order.to_string(),
            seq: placed.seq.0,
            state: placed.present.name(),
            expires_at: placed.expires_at.to_string(),
            replayed: placed.replayed,
            plan: (&placed.plan).into(),
        }
    }
}

impl<'a> From<&'a OrderView> for OrderBody<'a> {
    fn from(order: &'a OrderView) -> OrderBody<'a> {
        OrderBody {
            order_id: order.order.to_string(),
            channel: &order.channel,
            number: &order.number,
            zone: order.zone.as_ref(),
            customer: order.customer.as_ref(),
            state: order.state.name(),
            placed_at: order.placed_at.to_string(),
            expires_at: order.expires_at.to_string(),
            rules_version: order.rules_version.0,
            cost: order.cost,
            sub_orders: order.sub_orders.iter().map(SubOrderNowBody::from).collect(),
            review: UnitsBody::all(&order.review),
            refunds: RefundBody::all(&order.refunds),
            timeline: order.timeline.iter().map(MomentBody::from).collect(),
            version: order.version.0,
        }
    }
}

impl<'a> From<&'a SubOrderNow> for SubOrderNowBody<'a> {
    fn from(now: &'a SubOrderNow) -> SubOrderNowBody<'a> {
        SubOrderNowBody {
            promised: (&now.promised).into(),
            first: now.first.as_ref().map(SubOrderBody::from),
            stage: now.stage.name(),
            waybill: now.waybill.as_ref(),
            in_inspection: now.in_inspection.0,
            returned: now.returned.0,
            awaits: now.awaits.iter().map(AwaitedBody::from).collect(),
            elsewhere: now
                .elsewhere
                .iter()
                .map(|(warehouse, units)| ElsewhereBody { warehouse, qty: units.0 })
                .collect(),
        }
    }
}

impl<'a> From<&'a Awaited> for AwaitedBody<'a> {
    fn from(awaited: &'a Awaited) -> AwaitedBody<'a> {
        let (reference, day) = awaited.receipt.as_ref().map(|(reference, day)| (reference, day)).unzip();
        let due = day.map(|day| day.to_string());
        AwaitedBody { sku: &awaited.sku, qty: awaited.units.0, reference, due }
    }
}

impl<'a> From<&'a TimelineEntry> for MomentBody<'a> {
    fn from(entry: &'a TimelineEntry) -> MomentBody<'a> {
        MomentBody {
            seq: entry.seq.0,
            what: &entry.what,
            sub: entry.sub.map(|sub| sub.0),
            occurred: entry.occurred.to_string(),
            arrived: entry.arrived.to_string(),
            actor: &entry.actor,
            reason: entry.reason.as_deref(),
        }
    }
}

impl<'a> From<&'a OrderSummary> for SummaryBody<'a> {
    fn from(order: &'a OrderSummary) -> SummaryBody<'a> {
        SummaryBody {
            order_id: order.order.to_string(),
            channel: &order.channel,
            number: &order.number,
            sub: order.sub.0,
            warehouse: &order.warehouse,
            carrier: &order.carrier,
            state: order.state.name(),
            stage: order.stage.name(),
            placed_at: order.placed_at.to_string(),
            qty: order.units.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use stockade_core::ids::OrderId;

    #[test]
    fn cancellations_are_of_one_scope() {
        let order = OrderRef::Id(OrderId(1));
        let scope = |body: serde_json::Value| {
            serde_json::from_value::<CancelBody>(body).unwrap().command(order.clone()).map(|cancel| cancel.scope)
        };
        assert_eq!(scope(json!({})), Ok(CancelScope::Order));
        assert_eq!(scope(json!({"sub": 2})), Ok(CancelScope::Sub(SubNo(2))));
        assert!(scope(json!({"sub": 2, "sku": "A", "qty": 1})).is_err());
        assert!(scope(json!({"sku": "A"})).is_err());
    }
}
