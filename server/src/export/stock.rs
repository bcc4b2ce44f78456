//! Events of the catalog, of stock and of what is expected.

use serde_json::{Value, json};
use stockade_core::event::{
    InboundChanged, InboundReason, MoveReason, SafetySet, ShelfCounted, SkusDefined, StockCounted, StockMoved,
};

use super::names::Names;
use super::parts::{list, moves, order, promises, units};

pub(super) fn defined(defined: &SkusDefined) -> Value {
    let skus = list(&defined.skus, |sku| {
        json!({
            "sku": sku.code.to_string(),
            "weight_g": sku.weight_g,
            "category": sku.category.as_ref().map(ToString::to_string),
        })
    });
    json!({ "rules_version": defined.rules_version.0, "skus": skus })
}

pub(super) fn moved(names: &Names, moved: &StockMoved) -> Value {
    let reason = match moved.reason {
        MoveReason::Receipt => "receipt",
        MoveReason::Adjustment => "adjustment",
        MoveReason::Transfer => "transfer",
        MoveReason::Arrival => "arrival",
        MoveReason::PoolMove => "pool_move",
        MoveReason::MakingUp => "making_up",
        MoveReason::Damage => "damage",
        MoveReason::Scrap => "scrap",
        MoveReason::TransitLoss => "transit_loss",
        MoveReason::TransitDamage => "transit_damage",
        MoveReason::Recall => "recall",
    };
    json!({ "reason": reason, "note": moved.note, "moves": moves(names, &moved.moves) })
}

pub(super) fn counted(names: &Names, counted: &StockCounted) -> Value {
    json!({
        "warehouse": names.warehouse(counted.warehouse),
        "as_of": counted.as_of.map(|seq| seq.0),
        "except": list(&counted.except, |seq| seq.0.into()),
        "counted": units(names, &counted.counted),
        "moves": moves(names, &counted.moves),
    })
}

pub(super) fn shelf_counted(names: &Names, counted: &ShelfCounted) -> Value {
    json!({
        "warehouse": names.warehouse(counted.warehouse),
        "counted": units(names, &counted.counted),
        "moves": moves(names, &counted.moves),
    })
}

pub(super) fn safety(names: &Names, set: &SafetySet) -> Value {
    json!({ "sku": names.sku(set.sku), "warehouse": names.warehouse(set.warehouse), "qty": set.units.0 })
}

pub(super) fn inbound(names: &Names, changed: &InboundChanged) -> Value {
    let reason = match changed.reason {
        InboundReason::Announced => "announced",
        InboundReason::Changed => "changed",
        InboundReason::Withdrawn => "withdrawn",
        InboundReason::Received => "received",
        InboundReason::Handed => "handed",
    };
    let opened = changed.opened.map(|opened| {
        json!({
            "sku": names.sku(opened.sku),
            "receipt": opened.receipt.0,
            "day": opened.day.to_string(),
            "pool": names.pool(opened.pool),
        })
    });
    let dated = changed
        .dated
        .map(|dated| json!({ "sku": names.sku(dated.sku), "receipt": dated.receipt.0, "day": dated.day.to_string() }));
    let arrived = list(
        &changed.arrived,
        |arrived| json!({ "order_id": order(arrived.order), "sub": arrived.sub.0, "qty": arrived.units.0 }),
    );
    json!({
        "reason": reason,
        "warehouse": names.warehouse(changed.warehouse),
        "reference": changed.reference.as_ref().map(ToString::to_string),
        "qty": changed.units.0,
        "opened": opened,
        "dated": dated,
        "moves": moves(names, &changed.moves),
        "promises": promises(names, &changed.made),
        "arrived": arrived,
    })
}
