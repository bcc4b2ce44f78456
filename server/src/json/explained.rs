//! Explanations and the report on routing into JSON.

use serde_json::{Value, json};
use stockade_core::ids::Code;
use stockade_core::reply::{
    Candidate, CandidateParcel, DecisionRef, Explanation, OutReason, PriceView, RoutingReport, ShipsSeen, WarehouseSeen,
};
use stockade_core::units::Units;

/// An explanation as JSON.
pub(super) fn explained(told: &Explanation) -> Value {
    let ships = |ships: &ShipsSeen| {
        let due = ships.due.map(|day| day.to_string());
        json!({ "warehouse": ships.warehouse, "carrier": ships.carrier, "due": due, "lines": lines(&ships.lines) })
    };
    let decision = |decision: &DecisionRef| {
        let ships: Vec<Value> = decision.ships.iter().map(ships).collect();
        json!({ "seq": decision.seq.0, "what": decision.what, "at": decision.at.to_string(), "ships": ships })
    };
    json!({
        "order_id": told.order.to_string(),
        "channel": told.channel,
        "number": told.number,
        "asked": {
            "zone": told.asked.zone,
            "carrier": told.asked.carrier,
            "ship_complete": told.asked.ship_complete,
            "max_parcels": told.asked.max_parcels,
            "split": told.asked.split.map(|rules| {
                json!({ "saving": rules.saving, "sent": rules.sent.0, "left": rules.left.0 })
            }),
            "lines": lines(&told.asked.lines),
        },
        "decisions": told.decisions.iter().map(decision).collect::<Vec<Value>>(),
        "decision": told.no,
        "rules_version": told.rules_version.0,
        "weights": {
            "money": told.weights.money,
            "time": told.weights.time,
            "balance": told.weights.balance,
        },
        "score": told.score,
        "bound": told.bound,
        "proven": told.proven,
        "differs": told.differs,
        "prices": told.prices.iter().map(price).collect::<Vec<Value>>(),
        "candidates": told.candidates.iter().map(candidate).collect::<Vec<Value>>(),
        "warehouses": told.warehouses.iter().map(warehouse).collect::<Vec<Value>>(),
        "empty": told.empty,
    })
}

/// The report on routing as JSON.
pub(super) fn routing(report: &RoutingReport) -> Value {
    json!({
        "orders": report.orders,
        "parcels": report.parcels,
        "split_orders": report.split,
        "proven_orders": report.proven,
        "cost": report.cost,
        "gap": {
            "sampled_ppm": report.sampled_ppm,
            "measured": report.measured,
            "optimal": report.optimal,
            "exact": report.exact,
            "mean_ppm": report.gap_mean_ppm,
            "worst_ppm": report.gap_worst_ppm,
            "waiting": report.waiting,
            "dropped": report.dropped,
        },
    })
}

fn lines(lines: &[(Code, Units)]) -> Vec<Value> {
    lines.iter().map(|(sku, units)| json!({ "sku": sku, "qty": units.0 })).collect()
}

fn price(seen: &PriceView) -> Value {
    json!({ "sku": seen.sku, "warehouse": seen.warehouse, "price": seen.price })
}

fn candidate(plan: &Candidate) -> Value {
    json!({
        "roles": plan.roles.iter().map(|role| role.name()).collect::<Vec<_>>(),
        "score": plan.score,
        "distance": plan.distance,
        "proven": plan.proven,
        "parts": {
            "money": plan.parts.money,
            "time": plan.parts.time,
            "balance": plan.parts.balance,
            "prices": plan.parts.prices,
            "preference": plan.parts.preference,
        },
        "cost": plan.cost,
        "costs": {
            "parcel": plan.costs.parcel,
            "unit": plan.costs.unit,
            "first_kg": plan.costs.first_kg,
            "further_kg": plan.costs.further_kg,
        },
        "hours": plan.hours,
        "parcels": plan.parcels.iter().map(parcel).collect::<Vec<Value>>(),
    })
}

fn parcel(parcel: &CandidateParcel) -> Value {
    json!({
        "warehouse": parcel.warehouse,
        "carrier": parcel.carrier,
        "hours": parcel.hours,
        "weight_g": parcel.weight_g,
        "cost": parcel.cost,
        "lines": lines(&parcel.lines),
    })
}

fn warehouse(seen: &WarehouseSeen) -> Value {
    json!({
        "warehouse": seen.warehouse,
        "chosen": seen.chosen,
        "stock": seen.stock.iter().map(|units| units.0).collect::<Vec<u64>>(),
        "alone": seen.alone,
        "out": seen.out.iter().map(reason).collect::<Vec<Value>>(),
    })
}

fn reason(reason: &OutReason) -> Value {
    match reason {
        OutReason::Lacks { short } => {
            let row = |(sku, wanted, here): &(Code, Units, Units)| json!({ "sku": sku, "wanted": wanted.0, "available": here.0 });
            json!({ "why": "lacks", "short": short.iter().map(row).collect::<Vec<Value>>() })
        }
        OutReason::Banned { carrier } => json!({ "why": "banned", "carrier": carrier }),
        OutReason::NoRate => json!({ "why": "no_rate" }),
        OutReason::OtherCarrier { wanted } => json!({ "why": "other_carrier", "wanted": wanted }),
        OutReason::Ceiling { carrier, cost, ceiling } => {
            json!({ "why": "ceiling", "carrier": carrier, "cost": cost, "ceiling": ceiling })
        }
        OutReason::ParcelLimit { most } => json!({ "why": "parcel_limit", "most": most }),
        OutReason::PickedShort => json!({ "why": "picked_short" }),
        OutReason::NoBetter { by } => json!({ "why": "no_better", "by": by }),
        OutReason::OwnFirst { by } => json!({ "why": "own_first", "by": by }),
    }
}
