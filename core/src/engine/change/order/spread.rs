//! Units of SKUs, as a command names them, spread over the lines of a sub-order and the warehouses where they are.

use std::collections::{HashMap, VecDeque};

use foldhash::fast::FixedState;

use crate::engine::outcome::invalid;
use crate::engine::store::Engine;
use crate::ids::{PoolId, SkuId, SubNo, WarehouseId};
use crate::orders::{Elsewhere, Order, SubLine, SubOrder, SubTake};
use crate::reject::Reject;
use crate::units::Units;

/// Units spread in one pass over the lines, however many SKUs are named.
pub(super) struct Spread<'a> {
    engine: &'a Engine,
    /// Units that each line still has besides those taken, by SKU, in the order of the lines.
    left: HashMap<SkuId, VecDeque<Elsewhere>, FixedState>,
    /// What those units do, for the refusal.
    what: &'static str,
    /// What was taken, and where it is.
    pub takes: Vec<Elsewhere>,
}

impl<'a> Spread<'a> {
    /// Nothing taken yet, of these units.
    pub fn new(engine: &'a Engine, piles: &[Elsewhere], what: &'static str) -> Spread<'a> {
        let mut left: HashMap<SkuId, VecDeque<Elsewhere>, FixedState> = HashMap::default();
        for pile in piles.iter().filter(|pile| !pile.take.units.is_zero()) {
            left.entry(pile.take.sku).or_default().push_back(*pile);
        }
        Spread { engine, left, what, takes: Vec::new() }
    }

    /// Spreads units of a SKU as far as each line still has some.
    pub fn over(&mut self, sku: SkuId, units: Units) -> Result<(), Reject> {
        let mut left = units;
        let mut none = VecDeque::new();
        let piles = self.left.get_mut(&sku).unwrap_or(&mut none);
        while let Some(pile) = piles.front_mut().filter(|_| !left.is_zero()) {
            let take = left.min(pile.take.units);
            left = left.saturating_sub(take);
            pile.take.units = pile.take.units.saturating_sub(take);
            self.takes.push(Elsewhere { take: SubTake { units: take, ..pile.take }, ..*pile });
            if pile.take.units.is_zero() {
                piles.pop_front();
            }
        }
        if left.is_zero() {
            return Ok(());
        }
        let code = self.engine.skus.code(sku).map(|code| code.to_string()).unwrap_or_default();
        let there = units.saturating_sub(left);
        Err(invalid("lines", format!("{} of {code} named, {there} {}", units.counted(), self.what)))
    }

    /// The warehouses where units of a SKU are that were not taken, in the order in which they are.
    pub fn places(&self, sku: SkuId) -> Vec<WarehouseId> {
        let mut places: Vec<WarehouseId> =
            self.left.get(&sku).into_iter().flatten().map(|pile| pile.warehouse).collect();
        places.sort_unstable();
        places.dedup();
        places
    }

    /// What was taken, wherever it is.
    pub fn sub_takes(&self) -> Vec<SubTake> {
        self.takes.iter().map(|taken| taken.take).collect()
    }
}

/// Units of a sub-order's lines at the warehouse that ships it. `has` says how many of a line.
pub(super) fn at_home((no, sub): (SubNo, &SubOrder), has: impl Fn(&SubLine) -> Units) -> Vec<Elsewhere> {
    let pile = |line: &SubLine| {
        let take = SubTake { sub: no, sku: line.sku, pool: line.pool, units: has(line) };
        Elsewhere { warehouse: sub.warehouse, take }
    };
    sub.lines.iter().map(pile).collect()
}

/// Units of a sub-order that came back and were not inspected: those at the warehouse that shipped them first.
pub(super) fn in_inspection(order: &Order, (no, sub): (SubNo, &SubOrder)) -> Vec<Elsewhere> {
    let mut elsewhere: HashMap<(SkuId, PoolId), Units, FixedState> = HashMap::default();
    for there in order.later.elsewhere_of(no) {
        let sum = elsewhere.entry((there.take.sku, there.take.pool)).or_default();
        *sum = sum.saturating_add(there.take.units);
    }
    let here = |line: &SubLine| {
        let away = elsewhere.get(&(line.sku, line.pool)).copied().unwrap_or_default();
        line.in_inspection.saturating_sub(away)
    };
    let mut piles = at_home((no, sub), here);
    piles.extend(order.later.elsewhere_of(no));
    piles
}

/// Units by SKU, in the order in which they are first named.
pub(super) fn totals(piles: &[Elsewhere]) -> Vec<(SkuId, Units)> {
    let mut totals: Vec<(SkuId, Units)> = Vec::with_capacity(piles.len());
    let mut places: HashMap<SkuId, usize, FixedState> = HashMap::default();
    for Elsewhere { take, .. } in piles {
        let at = *places.entry(take.sku).or_insert(totals.len());
        match totals.get_mut(at) {
            Some((_, total)) => *total = total.saturating_add(take.units),
            None => totals.push((take.sku, take.units)),
        }
    }
    totals
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decision::{CostParts, PlannedLine, PlannedSub, SubKind};
    use crate::ids::CarrierId;
    use crate::orders::Stage;

    fn sub(lines: Vec<(u32, u16, u64)>) -> SubOrder {
        let line = |(sku, pool, units)| PlannedLine { sku: SkuId(sku), pool: PoolId(pool), units: Units(units) };
        let (warehouse, carrier, kind, parts) = (WarehouseId(0), CarrierId(0), SubKind::Regular, CostParts::default());
        let lines = lines.into_iter().map(line).collect();
        let planned =
            PlannedSub { warehouse, carrier, kind, hours: 1, weight_g: 1, parts, from_supplier: false, lines };
        SubOrder::new(&planned, Stage::Confirmed)
    }

    #[test]
    fn units_are_spread_over_the_lines_of_their_sku_in_order_and_never_twice() {
        let (engine, sub) = (Engine::new(), sub(vec![(1, 0, 3), (2, 0, 5), (1, 4, 2)]));
        let piles = at_home((SubNo(7), &sub), SubLine::out);
        let mut spread = Spread::new(&engine, &piles, "are out");
        spread.over(SkuId(1), Units(1)).unwrap();
        spread.over(SkuId(2), Units(5)).unwrap();
        spread.over(SkuId(1), Units(3)).unwrap();
        let refused = spread.over(SkuId(1), Units(2)).unwrap_err();
        assert!(refused.to_string().contains("2 units of  named, 1 are out"), "{refused}");
        let takes: Vec<_> = spread.sub_takes().iter().map(|take| (take.sku.0, take.pool.0, take.units.0)).collect();
        assert_eq!(takes, [(1, 0, 1), (2, 0, 5), (1, 0, 2), (1, 4, 1), (1, 4, 1)]);
        assert_eq!(totals(&piles), [(SkuId(1), Units(5)), (SkuId(2), Units(5))]);
    }

    /// A look at every line for every SKU would be ten billion looks.
    #[test]
    fn a_return_of_a_hundred_thousand_lines_takes_one_pass_over_them() {
        let (engine, sub) = (Engine::new(), sub((0..100_000).map(|n| (n, 0, 2)).collect()));
        let piles = at_home((SubNo(1), &sub), SubLine::out);
        let wanted = totals(&piles);
        let mut spread = Spread::new(&engine, &piles, "are out");
        wanted.iter().for_each(|(sku, units)| spread.over(*sku, *units).unwrap());
        assert_eq!(spread.takes.len(), 100_000);
    }
}
