//! What several kinds of events hold: movements, plans, units taken, payments.

use serde_json::{Value, json};
use stockade_core::decision::{CostParts, Decision, Figures, PlannedSub};
use stockade_core::event::Promised;
use stockade_core::ids::{OrderId, ReceiptNo, SkuId, SubNo};
use stockade_core::orders::{Payment, SubTake};
use stockade_core::stock::{Bucket, Move, Outside};
use stockade_core::units::Units;

use super::names::Names;

pub(super) fn order(id: OrderId) -> String {
    id.to_string()
}

pub(super) fn list<T>(items: &[T], one: impl Fn(&T) -> Value) -> Value {
    Value::Array(items.iter().map(one).collect())
}

pub(super) fn moves(names: &Names, moves: &[Move]) -> Value {
    list(moves, |m| {
        json!({
            "sku": names.sku(m.sku),
            "warehouse": names.warehouse(m.warehouse),
            "from": bucket(names, m.from),
            "to": bucket(names, m.to),
            "qty": m.units.0,
        })
    })
}

/// A bucket in one word, with its pool, receipt or promise behind a colon.
fn bucket(names: &Names, bucket: Bucket) -> String {
    let plain = match bucket {
        Bucket::Available(pool) => return format!("available:{}", names.pool(pool)),
        Bucket::Held(pool) => return format!("held:{}", names.pool(pool)),
        Bucket::Inbound(receipt) => return format!("inbound:{receipt}"),
        Bucket::Promised(ticket) => return format!("promised:{ticket}"),
        Bucket::Arrived(receipt) => return format!("arrived:{receipt}"),
        Bucket::Missing(receipt) => return format!("missing:{receipt}"),
        Bucket::Allocated => "allocated",
        Bucket::Picked => "picked",
        Bucket::Shipped => "shipped",
        Bucket::Awaiting => "awaiting",
        Bucket::Inspection => "inspection",
        Bucket::Damaged => "damaged",
        Bucket::InTransit => "in_transit",
        Bucket::Short => "short",
        Bucket::Outside(Outside::Supplier) => "supplier",
        Bucket::Outside(Outside::Customer) => "customer",
        Bucket::Outside(Outside::WriteOff) => "write_off",
        Bucket::Outside(Outside::Transfer) => "transfer",
    };
    plain.to_owned()
}

/// A plan, without the stock and the prices that it saw.
pub(super) fn decision(names: &Names, decision: &Decision) -> Value {
    json!({
        "rules_version": decision.rules_version.0,
        "score": decision.score.to_string(),
        "bound": decision.bound.to_string(),
        "sub_orders": list(&decision.subs, |sub| planned(names, sub)),
    })
}

pub(super) fn decisions(names: &Names, plans: &[Decision]) -> Value {
    list(plans, |plan| decision(names, plan))
}

fn planned(names: &Names, sub: &PlannedSub) -> Value {
    json!({
        "warehouse": names.warehouse(sub.warehouse),
        "carrier": names.carrier(sub.carrier),
        "kind": sub.kind.name(),
        "due": sub.kind.due().map(|day| day.to_string()),
        "hours": sub.hours,
        "weight_g": sub.weight_g,
        "cost": cost(&sub.parts),
        "lines": list(&sub.lines, |line| json!({
            "sku": names.sku(line.sku),
            "pool": names.pool(line.pool),
            "qty": line.units.0,
        })),
    })
}

fn cost(parts: &CostParts) -> String {
    parts.total().to_string()
}

pub(super) fn figures(figures: &Figures) -> Value {
    json!({ "weight_g": figures.weight_g, "cost": cost(&figures.parts) })
}

pub(super) fn figures_of(subs: &[(SubNo, Figures)]) -> Value {
    list(subs, |(sub, new)| {
        let mut body = figures(new);
        body["sub"] = sub.0.into();
        body
    })
}

pub(super) fn takes(names: &Names, takes: &[SubTake]) -> Value {
    list(takes, |taken| take(names, taken))
}

pub(super) fn take(names: &Names, take: &SubTake) -> Value {
    json!({
        "sub": take.sub.0,
        "sku": names.sku(take.sku),
        "pool": names.pool(take.pool),
        "qty": take.units.0,
    })
}

pub(super) fn units(names: &Names, units: &[(SkuId, Units)]) -> Value {
    list(units, |(sku, units)| json!({ "sku": names.sku(*sku), "qty": units.0 }))
}

pub(super) fn payment(payment: &Payment) -> Value {
    json!({
        "reference": payment.reference.as_ref().map(ToString::to_string),
        "amount": payment.amount.map(|amount| amount.to_string()),
    })
}

pub(super) fn promises(names: &Names, made: &[Promised]) -> Value {
    list(made, |made| {
        json!({
            "order_id": order(made.order),
            "sub": made.sub.0,
            "sku": names.sku(made.sku),
            "warehouse": names.warehouse(made.warehouse),
            "pool": names.pool(made.pool),
            "receipt": (made.receipt != ReceiptNo::NONE).then_some(made.receipt.0),
            "ticket": made.ticket.0,
            "rank": made.rank.0,
            "qty": made.units.0,
        })
    })
}
