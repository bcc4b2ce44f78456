//! Changes to orders.

mod cancel;
mod elsewhere;
pub(in crate::engine) mod expire;
mod extend;
mod figures;
pub(in crate::engine) mod grace;
mod limit;
mod pay;
pub(in crate::engine) mod place;
mod promise;
mod raise;
mod refund;
mod reroute;
mod returns;
mod short;
mod split;
mod spread;
pub(in crate::engine) mod standing;
mod step;

use std::collections::BTreeMap;

use crate::decision::Figures;
use crate::ids::SkuId;
use crate::orders::{Order, Stage};
use crate::units::Units;

/// A sub-order without units has nothing left to ship: it weighs and costs nothing.
fn drop_empty(order: &mut Order) {
    for sub in &mut order.subs {
        if !sub.is_closed() && sub.units().is_zero() {
            sub.stage = Stage::Cancelled;
            sub.refigure(Figures::default());
        }
    }
}

/// Takes sub-orders of one stage to another.
fn advance(order: &mut Order, from: Stage, to: Stage) {
    for sub in order.subs.iter_mut().filter(|sub| sub.stage == from) {
        sub.stage = to;
    }
}

/// Puts units up for review.
fn put_review(order: &mut Order, units: &[(SkuId, Units)]) {
    let mut places = review_places(order);
    for (sku, units) in units {
        let at = *places.entry(*sku).or_insert(order.later.review.len());
        match order.later.review.get_mut(at) {
            Some((_, waiting)) => *waiting = waiting.saturating_add(*units),
            None => order.later.review.push((*sku, *units)),
        }
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
