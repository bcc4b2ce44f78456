//! Which units of an order are given up when its sub-orders are not named: those in review, those that are yet to come, and
//! then those on which the least work was done.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use stockade_core::event::OrderCancelled;
use stockade_core::ids::SkuId;
use stockade_core::orders::Stage;
use stockade_core::stock::Bucket;

use super::Model;
use super::orders::{Order, Sub};

/// By what the sub-orders of an order are chosen: those of the least rank are given up first.
pub(super) type Ranks = BTreeMap<u16, (u8, usize, Reverse<u16>)>;

/// The ranks of all sub-orders that units may be taken out of.
pub(super) fn ranks(order: &Order) -> Ranks {
    let inside = (1..).zip(&order.subs).filter(|(_, sub)| sub.is_inside());
    let by_stage = |sub: &Sub| match sub.stage {
        Stage::Picking => 1,
        Stage::Packed => 2,
        _ => 0,
    };
    inside.map(|(no, sub)| (no, (by_stage(sub), sub.done.len(), Reverse(no)))).collect()
}

impl Model {
    /// Checks that none was spared that is given up before one that was taken. `ranks` are those before the event.
    pub(super) fn check_given_up(&self, e: &OrderCancelled, ranks: &Ranks) -> Result<(), String> {
        let order = self.order(e.order)?;
        let Some(sku) = e.takes.first().map(|take| take.sku) else { return Ok(()) };
        if e.takes.iter().any(|take| take.sku != sku) {
            return Err("units of several SKUs are given up".to_owned());
        }
        if order.review.contains_key(&sku) {
            return Err("units in review are spared".to_owned());
        }
        let mut here: BTreeMap<u16, u64> = BTreeMap::new();
        e.takes.iter().for_each(|take| *here.entry(take.sub.0).or_default() += take.units.0);
        e.waiting.iter().for_each(|(no, units)| *here.entry(no.0).or_default() -= units.0);
        here.retain(|_, units| *units > 0);
        let Some(worst) = here.keys().map(|no| ranks[no]).max() else { return Ok(()) };
        for (no, sub) in (1..).zip(&order.subs).filter(|(_, sub)| sub.is_inside()) {
            let (ahead, left) = self.left_of(order, (no, sub), sku);
            if ahead > 0 {
                return Err(format!("{ahead} units of sub-order {no} that are yet to come are spared"));
            }
            if left > 0 && ranks[&no] < worst {
                return Err(format!("{left} units of sub-order {no} are spared"));
            }
        }
        Ok(())
    }

    /// Units of a SKU in a sub-order: those that are yet to come, and those that are here.
    fn left_of(&self, order: &Order, (no, sub): (u16, &Sub), sku: SkuId) -> (u64, u64) {
        let lines = sub.lines.keys().filter(|(ours, _)| *ours == sku);
        let standing = lines.flat_map(|(sku, pool)| self.standing(order.id, no, sub, *sku, *pool));
        standing.fold((0, 0), |(ahead, left), at| match at.at {
            Bucket::Promised(_) => (ahead + at.units, left),
            _ => (ahead, left + at.units),
        })
    }
}
