//! Changes to orders.

mod cancel;
pub(in crate::engine) mod expire;
mod extend;
mod figures;
pub(in crate::engine) mod grace;
mod limit;
mod pay;
pub(in crate::engine) mod place;
mod promise;
mod reroute;
mod returns;
mod short;
pub(in crate::engine) mod standing;
mod step;

use std::collections::BTreeMap;

use crate::ids::SkuId;
use crate::orders::{Order, Stage};
use crate::units::Units;

/// A sub-order without units has nothing left to ship.
fn drop_empty(order: &mut Order) {
    for sub in &mut order.subs {
        if !sub.is_gone() && sub.units().is_zero() {
            sub.stage = Stage::Cancelled;
        }
    }
}

/// Takes sub-orders of one stage to another.
fn advance(order: &mut Order, from: Stage, to: Stage) {
    for sub in order.subs.iter_mut().filter(|sub| sub.stage == from) {
        sub.stage = to;
    }
}

/// Where each SKU stands in an order's review.
fn review_places(order: &Order) -> BTreeMap<SkuId, usize> {
    order.later.review.iter().enumerate().map(|(at, (sku, _))| (*sku, at)).collect()
}

/// Takes units out of an order's review, when it has them.
fn take_review(order: &mut Order, units: &[(SkuId, Units)]) -> Option<()> {
    if units.is_empty() {
        return Some(());
    }
    let places = review_places(order);
    for (sku, taken) in units {
        let (_, waiting) = &mut order.later.review[*places.get(sku)?];
        *waiting = waiting.checked_sub(*taken)?;
    }
    order.later.review.retain(|(_, waiting)| !waiting.is_zero());
    Some(())
}
