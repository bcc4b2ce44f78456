//! Where the units of a sub-order's line stand, and where they go when they are given up.

use smallvec::SmallVec;

use crate::engine::store::EngineLocked;
use crate::ids::{OrderId, SubNo};
use crate::orders::{SubLine, SubOrder, bucket_of};
use crate::stock::Bucket;
use crate::units::Units;

/// Units of a line that stand in one bucket.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::engine) struct Standing {
    /// Where they stand.
    pub at: Bucket,
    /// Where they go when they are given up before they leave.
    pub free: Bucket,
    /// How many. Never none.
    pub units: Units,
}

impl Standing {
    /// Whether they are yet to come.
    pub fn is_ahead(&self) -> bool {
        matches!(self.at, Bucket::Promised(_))
    }
}

/// The units of a line that has not left: those that are yet to come, the latest promise first, then those that are here.
/// None when the sub-order was given up.
#[inline]
pub(in crate::engine) fn standing(
    locked: &EngineLocked<'_>,
    order: OrderId,
    no: SubNo,
    sub: &SubOrder,
    line: &SubLine,
) -> SmallVec<[Standing; 1]> {
    let Some(here) = bucket_of(sub.stage, line.pool) else { return SmallVec::new() };
    let here = Standing { at: here, free: Bucket::free(sub.from_supplier, line.pool), units: line.units };
    if !sub.stage.is_ahead() {
        return if here.units.is_zero() { SmallVec::new() } else { SmallVec::from_buf([here]) };
    }
    standing_ahead(locked, (order, no), (sub, line), here)
}

/// The same for units of which some may be yet to come.
fn standing_ahead(
    locked: &EngineLocked<'_>,
    (order, no): (OrderId, SubNo),
    (sub, line): (&SubOrder, &SubLine),
    here: Standing,
) -> SmallVec<[Standing; 1]> {
    let promises = locked.inbound(line.sku, sub.warehouse).into_iter().flat_map(|inbound| inbound.of_order(order));
    let ours = promises.filter(|promise| promise.sub == no && promise.pool == line.pool);
    let mut parts: SmallVec<[Standing; 1]> = ours
        .map(|promise| Standing {
            at: Bucket::Promised(promise.ticket),
            free: Bucket::unpromised(promise.receipt),
            units: promise.units,
        })
        .collect();
    let ahead: Units = parts.iter().map(|part| part.units).sum();
    let arrived = line.units.saturating_sub(ahead);
    if !arrived.is_zero() {
        parts.push(Standing { units: arrived, ..here });
    }
    parts
}
