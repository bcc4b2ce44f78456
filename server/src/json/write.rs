//! Answers into JSON.

use serde_json::{Map, Value, json};
use stockade_core::ids::{Code, OrderId};
use stockade_core::reply::{
    Available, Awaited, CellView, Change, Changed, InboundCell, InboundView, OrderSummary, OrderView, Placed, PlanView,
    Reply, SubOrderNow, SubOrderView, TimelineEntry,
};
use stockade_core::time::Day;
use stockade_core::units::Units;

/// An answer as JSON: an object, or an array of objects for lists.
pub fn reply(reply: &Reply) -> Value {
    match reply {
        Reply::Placed(placed) => self::placed(placed),
        Reply::Changed(changed) => self::changed(changed),
        Reply::Moved(moved) => json!({
            "seq": moved.seq.0,
            "qty": moved.units.0,
            "short": moved.short.0,
            "replayed": moved.replayed,
        }),
        Reply::Configured(configured) => json!({
            "seq": configured.seq.0,
            "rules_version": configured.rules_version.0,
            "replayed": configured.replayed,
        }),
        Reply::Quoted(plan) => Value::Object(self::plan(plan)),
        Reply::Availability(all) => all.iter().map(available).collect(),
        Reply::Stock(cells) => cells.iter().map(cell).collect(),
        Reply::Order(order) => self::order(order),
        Reply::Orders(all) => all.iter().map(summary).collect(),
        Reply::Inbound(cells) => cells.iter().map(inbound_cell).collect(),
        Reply::Routing(report) => super::explained::routing(report),
        Reply::Explained(told) => super::explained::explained(told),
        Reply::Text(text) => json!({ "rules_version": text.rules_version.0, "text": text.text }),
    }
}

fn id(order: OrderId) -> Value {
    Value::String(order.to_string())
}

fn quantity(units: Units) -> Value {
    if units == Units::UNLIMITED { Value::Null } else { units.0.into() }
}

fn plan(plan: &PlanView) -> Map<String, Value> {
    let mut object = Map::new();
    object.insert("rules_version".into(), plan.rules_version.0.into());
    object.insert("cost".into(), plan.cost.to_string().into());
    object.insert("score".into(), plan.score.to_string().into());
    object.insert("bound".into(), plan.bound.to_string().into());
    object.insert("proven".into(), plan.proven.into());
    object.insert("sub_orders".into(), plan.sub_orders.iter().map(|sub| Value::Object(sub_order(sub))).collect());
    object
}

fn sub_order(sub: &SubOrderView) -> Map<String, Value> {
    let lines: Vec<Value> =
        sub.lines.iter().map(|line| json!({ "sku": line.sku, "qty": line.units.0, "pool": line.pool })).collect();
    let mut object = Map::new();
    object.insert("no".into(), sub.no.0.into());
    object.insert("warehouse".into(), sub.warehouse.as_str().into());
    object.insert("carrier".into(), sub.carrier.as_str().into());
    object.insert("kind".into(), sub.kind.name().into());
    if let Some(day) = sub.kind.due() {
        object.insert("due".into(), day.to_string().into());
    }
    object.insert("hours".into(), sub.hours.into());
    object.insert("weight_g".into(), sub.weight_g.into());
    object.insert("cost".into(), sub.cost.to_string().into());
    object.insert(
        "parts".into(),
        json!({
            "parcel": sub.parts.parcel,
            "unit": sub.parts.unit,
            "first_kg": sub.parts.first_kg,
            "further_kg": sub.parts.further_kg,
        }),
    );
    object.insert("lines".into(), lines.into());
    object
}

fn placed(placed: &Placed) -> Value {
    let mut object = Map::new();
    object.insert("order_id".into(), id(placed.order));
    object.insert("seq".into(), placed.seq.0.into());
    object.insert("state".into(), placed.present.name().into());
    object.insert("expires_at".into(), placed.expires_at.to_string().into());
    object.insert("replayed".into(), placed.replayed.into());
    object.extend(plan(&placed.plan));
    Value::Object(object)
}

fn changed(changed: &Changed) -> Value {
    let stages: Vec<&str> = changed.stages.iter().map(|stage| stage.name()).collect();
    json!({
        "order_id": id(changed.order),
        "seq": changed.seq.0,
        "change": change(&changed.change),
        "state": changed.present.name(),
        "stages": stages,
        "replayed": changed.replayed,
    })
}

fn change(change: &Change) -> Value {
    match change {
        Change::Paid => json!({ "what": "paid" }),
        Change::PaidLate { first_sub } => json!({ "what": "paid_late", "first_sub": first_sub.0 }),
        Change::RefundDue => json!({ "what": "refund_due" }),
        Change::Cancelled { units } => json!({ "what": "cancelled", "qty": units.0 }),
        Change::Extended { until } => json!({ "what": "extended", "until": until.to_string() }),
        Change::Stepped { sub, stage } => json!({ "what": "stepped", "sub": sub.0, "stage": stage.name() }),
        Change::Shorted { missing, rerouted, review } => {
            json!({ "what": "shorted", "missing": missing.0, "rerouted": rerouted.0, "review": review.0 })
        }
        Change::Returned { units } => json!({ "what": "returned", "qty": units.0 }),
        Change::Inspected { intact, damaged } => {
            json!({ "what": "inspected", "intact": intact.0, "damaged": damaged.0 })
        }
        Change::Rerouted { units } => json!({ "what": "rerouted", "qty": units.0 }),
    }
}

fn cell(cell: &CellView) -> Value {
    let pool = |p: &stockade_core::reply::PoolView| json!({ "pool": p.pool, "available": quantity(p.available), "held": p.held.0 });
    let pools: Vec<Value> = cell.pools.iter().map(pool).collect();
    let inbound: Vec<Value> = cell.inbound.iter().map(inbound).collect();
    let affected: Vec<Value> = cell.affected.iter().map(|order| id(*order)).collect();
    let mut object = json!({
        "sku": cell.sku,
        "warehouse": cell.warehouse,
        "on_hand": quantity(cell.on_hand),
        "pools": pools,
        "allocated": cell.allocated.0,
        "picked": cell.picked.0,
        "shipped": cell.shipped.0,
        "awaiting": cell.awaiting.0,
        "inspection": cell.inspection.0,
        "damaged": cell.damaged.0,
        "in_transit": cell.in_transit.0,
        "inbound": inbound,
        "short": cell.short.0,
        "affected": affected,
        "safety": cell.safety.0,
        "watermark": cell.watermark.0,
    });
    if let (Value::Object(object), false) = (&mut object, cell.overdue.is_zero()) {
        object.insert("overdue".into(), cell.overdue.0.into());
    }
    object
}

fn inbound(receipt: &InboundView) -> Value {
    json!({
        "reference": receipt.reference,
        "day": receipt.day.to_string(),
        "pool": receipt.pool,
        "free": receipt.free.0,
        "promised": receipt.promised.0,
    })
}

fn inbound_cell(cell: &InboundCell) -> Value {
    json!({
        "sku": cell.sku,
        "warehouse": cell.warehouse,
        "receipts": cell.receipts.iter().map(inbound).collect::<Vec<Value>>(),
        "overdue": cell.overdue.0,
    })
}

fn available(available: &Available) -> Value {
    let mut object = Map::new();
    object.insert("sku".into(), available.sku.as_str().into());
    object.insert("available".into(), quantity(available.units));
    if !available.presale.is_empty() {
        let day = |(day, units): &(Day, Units)| json!({ "due": day.to_string(), "qty": units.0 });
        object.insert("presale".into(), available.presale.iter().map(day).collect());
    }
    Value::Object(object)
}

fn awaited(awaited: &Awaited) -> Value {
    let (reference, due) = match &awaited.receipt {
        Some((reference, day)) => (Some(reference.as_str()), Some(day.to_string())),
        None => (None, None),
    };
    json!({ "sku": awaited.sku, "qty": awaited.units.0, "reference": reference, "due": due })
}

fn order(order: &OrderView) -> Value {
    let review = |(sku, units): &(Code, Units)| json!({ "sku": sku, "qty": units.0 });
    json!({
        "order_id": id(order.order),
        "channel": order.channel,
        "number": order.number,
        "zone": order.zone,
        "customer": order.customer,
        "state": order.state.name(),
        "placed_at": order.placed_at.to_string(),
        "expires_at": order.expires_at.to_string(),
        "rules_version": order.rules_version.0,
        "cost": order.cost,
        "sub_orders": order.sub_orders.iter().map(sub_order_now).collect::<Vec<Value>>(),
        "review": order.review.iter().map(review).collect::<Vec<Value>>(),
        "timeline": order.timeline.iter().map(moment).collect::<Vec<Value>>(),
        "version": order.version.0,
    })
}

fn sub_order_now(now: &SubOrderNow) -> Value {
    let mut object = sub_order(&now.promised);
    object.insert("stage".into(), now.stage.name().into());
    object.insert("waybill".into(), now.waybill.as_ref().map(Code::as_str).into());
    object.insert("in_inspection".into(), now.in_inspection.0.into());
    object.insert("returned".into(), now.returned.0.into());
    if !now.awaits.is_empty() {
        object.insert("awaits".into(), now.awaits.iter().map(awaited).collect());
    }
    Value::Object(object)
}

fn moment(entry: &TimelineEntry) -> Value {
    json!({
        "seq": entry.seq.0,
        "what": entry.what,
        "sub": entry.sub.map(|sub| sub.0),
        "occurred": entry.occurred.to_string(),
        "arrived": entry.arrived.to_string(),
        "actor": entry.actor,
    })
}

fn summary(order: &OrderSummary) -> Value {
    json!({
        "order_id": id(order.order),
        "channel": order.channel,
        "number": order.number,
        "sub": order.sub.0,
        "warehouse": order.warehouse,
        "carrier": order.carrier,
        "state": order.state.name(),
        "stage": order.stage.name(),
        "placed_at": order.placed_at.to_string(),
        "qty": order.units.0,
    })
}
