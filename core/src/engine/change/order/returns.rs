//! Units that come back: into inspection, and from there on sale again or not.

use std::collections::{HashMap, VecDeque};

use foldhash::fast::FixedState;

use crate::command::{Inspected, Line};
use crate::engine::outcome::invalid;
use crate::engine::store::Engine;
use crate::engine::transact::body::{Body, Footprint};
use crate::engine::transact::state::{At, Broken, State};
use crate::event::{Event, ReturnInspected, ReturnReceived};
use crate::ids::{PoolId, SkuId, SubNo};
use crate::orders::{Change, Order, RefundReason, SubLine, SubOrder, SubTake, bucket_of};
use crate::reject::Reject;
use crate::stock::{Bucket, Move};
use crate::units::Units;

impl Engine {
    /// Decides a return: the units go into inspection, where nobody can be promised them.
    pub(super) fn take_back(&self, order: &Order, no: SubNo, lines: &[Line]) -> Result<Event, Reject> {
        let sub = order.sub(no).expect("permitted has found it");
        let wanted = if lines.is_empty() {
            totals(sub, SubLine::out)
        } else {
            lines.iter().map(|line| Ok((self.known_sku(&line.sku)?, line.units))).collect::<Result<_, Reject>>()?
        };
        let mut spread = Spread::new(self, (no, sub), SubLine::out, "are out");
        for (sku, units) in wanted {
            spread.over(sku, units)?;
        }
        let takes = spread.takes;
        non_empty(&takes, "nothing of it is out")?;
        let into = |take: &SubTake| Move {
            sku: take.sku,
            warehouse: sub.warehouse,
            from: bucket_of(sub.stage, take.pool).expect("what went out stands in a bucket"),
            to: Bucket::Inspection,
            units: take.units,
        };
        let moves = takes.iter().map(into).collect();
        Ok(Event::ReturnReceived(ReturnReceived { order: order.id, takes, moves }))
    }

    /// Decides an inspection: intact units go back on sale in the pool they were drawn from, damaged ones never do.
    pub(super) fn inspect(&self, order: &Order, no: SubNo, lines: &[Inspected]) -> Result<Event, Reject> {
        let sub = order.sub(no).expect("permitted has found it");
        let waiting = |line: &SubLine| line.in_inspection;
        let all = totals(sub, waiting).into_iter().map(|(sku, units)| Ok((sku, units, Units::ZERO)));
        let given = lines.iter().map(|line| Ok((self.known_sku(&line.sku)?, line.intact, line.damaged)));
        let results: Vec<(SkuId, Units, Units)> = if lines.is_empty() {
            all.collect::<Result<_, Reject>>()?
        } else {
            given.collect::<Result<_, Reject>>()?
        };
        let mut moves = Vec::new();
        let mut spread = Spread::new(self, (no, sub), waiting, "wait for inspection");
        let (mut intact, mut damaged) = (Units::ZERO, Units::ZERO);
        for (sku, good, bad) in results {
            let first = spread.takes.len();
            spread.over(sku, good.saturating_add(bad))?;
            let mut good_left = good;
            for take in &spread.takes[first..] {
                let fine = take.units.min(good_left);
                good_left = good_left.saturating_sub(fine);
                let (warehouse, from) = (sub.warehouse, Bucket::Inspection);
                let parts = [
                    (Bucket::free(sub.from_supplier, take.pool), fine),
                    (Bucket::Damaged, take.units.saturating_sub(fine)),
                ];
                let moved = parts.into_iter().filter(|(_, units)| !units.is_zero());
                moves.extend(moved.map(|(to, units)| Move { sku, warehouse, from, to, units }));
            }
            intact = intact.saturating_add(good);
            damaged = damaged.saturating_add(bad);
        }
        let takes = spread.takes;
        non_empty(&takes, "nothing of it waits for inspection")?;
        Ok(Event::ReturnInspected(ReturnInspected { order: order.id, takes, intact, damaged, moves }))
    }
}

/// Units of SKUs, spread over a sub-order's lines of them: in one pass over the lines, however many SKUs are named.
struct Spread<'a> {
    engine: &'a Engine,
    no: SubNo,
    /// Units that each line still has besides those taken, by SKU, in the order of the lines.
    left: HashMap<SkuId, VecDeque<(PoolId, Units)>, FixedState>,
    /// What those units do, for the refusal.
    what: &'static str,
    takes: Vec<SubTake>,
}

impl<'a> Spread<'a> {
    /// Nothing taken yet. `has` says how many units of a line can be.
    fn new(
        engine: &'a Engine,
        (no, sub): (SubNo, &SubOrder),
        has: fn(&SubLine) -> Units,
        what: &'static str,
    ) -> Spread<'a> {
        let mut left: HashMap<SkuId, VecDeque<(PoolId, Units)>, FixedState> = HashMap::default();
        for line in sub.lines.iter().filter(|line| !has(line).is_zero()) {
            left.entry(line.sku).or_default().push_back((line.pool, has(line)));
        }
        Spread { engine, no, left, what, takes: Vec::new() }
    }

    /// Spreads units of a SKU as far as each line still has some.
    fn over(&mut self, sku: SkuId, units: Units) -> Result<(), Reject> {
        let mut left = units;
        let mut none = VecDeque::new();
        let lines = self.left.get_mut(&sku).unwrap_or(&mut none);
        while let Some((pool, has)) = lines.front_mut().filter(|_| !left.is_zero()) {
            let take = left.min(*has);
            left = left.saturating_sub(take);
            *has = has.saturating_sub(take);
            self.takes.push(SubTake { sub: self.no, sku, pool: *pool, units: take });
            if has.is_zero() {
                lines.pop_front();
            }
        }
        if left.is_zero() {
            return Ok(());
        }
        let code = self.engine.skus.code(sku).map(|code| code.to_string()).unwrap_or_default();
        let there = units.saturating_sub(left);
        Err(invalid("lines", format!("{units} units of {code} named, {there} {}", self.what)))
    }
}

/// Units by SKU, in the order in which the lines name them.
fn totals(sub: &SubOrder, units: impl Fn(&SubLine) -> Units) -> Vec<(SkuId, Units)> {
    let mut totals: Vec<(SkuId, Units)> = Vec::with_capacity(sub.lines.len());
    let mut places: HashMap<SkuId, usize, FixedState> = HashMap::default();
    for line in &sub.lines {
        let at = *places.entry(line.sku).or_insert(totals.len());
        match totals.get_mut(at) {
            Some((_, total)) => *total = total.saturating_add(units(line)),
            None => totals.push((line.sku, units(line))),
        }
    }
    totals
}

fn non_empty(takes: &[SubTake], reason: &str) -> Result<(), Reject> {
    if takes.is_empty() { Err(invalid("lines", reason.to_owned())) } else { Ok(()) }
}

impl Body for ReturnReceived {
    fn touches(&self, footprint: &mut Footprint) {
        footprint.orders.push(self.order);
    }

    fn each_move(&self, f: &mut impl FnMut(Move)) {
        self.moves.iter().copied().for_each(f);
    }

    fn apply(&self, state: &mut State<'_, '_>, at: &At<'_>) -> Result<(), Broken> {
        self.post(state, at)?;
        let order = state.order_mut(self.order)?;
        let wrong = Broken::Order { order: self.order, what: "more came back than went out" };
        let take = |line: &mut SubLine, units: Units| {
            line.returned = line.returned.saturating_add(units);
            line.in_inspection = line.in_inspection.saturating_add(units);
            (line.returned <= line.units).then_some(())
        };
        each_line(order, &self.takes, take).ok_or(wrong)?;
        let units = self.takes.iter().map(|take| take.units).sum();
        at.done(order, self.takes.first().map(|take| take.sub), Change::Returned { units });
        Ok(())
    }

    fn publish(&self, _engine: &Engine, _at: &At<'_>) -> Result<(), Broken> {
        Ok(())
    }
}

impl Body for ReturnInspected {
    fn touches(&self, footprint: &mut Footprint) {
        footprint.orders.push(self.order);
    }

    fn each_move(&self, f: &mut impl FnMut(Move)) {
        self.moves.iter().copied().for_each(f);
    }

    fn apply(&self, state: &mut State<'_, '_>, at: &At<'_>) -> Result<(), Broken> {
        self.post(state, at)?;
        let order = state.order_mut(self.order)?;
        let wrong = Broken::Order { order: self.order, what: "more was inspected than came back" };
        let take = |line: &mut SubLine, units: Units| {
            line.in_inspection = line.in_inspection.checked_sub(units)?;
            Some(())
        };
        each_line(order, &self.takes, take).ok_or(wrong)?;
        let back = self.takes.iter().map(|take| (take.sku, take.units));
        state.owe_units(self.order, RefundReason::Returned, back, at)?;
        let order = state.order_mut(self.order)?;
        let (intact, damaged) = (self.intact, self.damaged);
        at.done(order, self.takes.first().map(|take| take.sub), Change::Inspected { intact, damaged });
        Ok(())
    }

    fn publish(&self, _engine: &Engine, _at: &At<'_>) -> Result<(), Broken> {
        Ok(())
    }
}

fn each_line(order: &mut Order, takes: &[SubTake], f: impl Fn(&mut SubLine, Units) -> Option<()>) -> Option<()> {
    takes.iter().try_for_each(|take| f(order.sub_mut(take.sub)?.line_mut(take.sku, take.pool)?, take.units))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decision::{CostParts, PlannedLine, PlannedSub, SubKind};
    use crate::ids::{CarrierId, WarehouseId};
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
        let mut spread = Spread::new(&engine, (SubNo(7), &sub), SubLine::out, "are out");
        spread.over(SkuId(1), Units(1)).unwrap();
        spread.over(SkuId(2), Units(5)).unwrap();
        spread.over(SkuId(1), Units(3)).unwrap();
        let refused = spread.over(SkuId(1), Units(2)).unwrap_err();
        assert!(refused.to_string().contains("2 units of  named, 1 are out"), "{refused}");
        let takes: Vec<_> = spread.takes.iter().map(|take| (take.sku.0, take.pool.0, take.units.0)).collect();
        assert_eq!(takes, [(1, 0, 1), (2, 0, 5), (1, 0, 2), (1, 4, 1), (1, 4, 1)]);
        assert_eq!(totals(&sub, SubLine::out), [(SkuId(1), Units(5)), (SkuId(2), Units(5))]);
    }

    /// A look at every line for every SKU would be ten billion looks.
    #[test]
    fn a_return_of_a_hundred_thousand_lines_takes_one_pass_over_them() {
        let (engine, sub) = (Engine::new(), sub((0..100_000).map(|n| (n, 0, 2)).collect()));
        let wanted = totals(&sub, SubLine::out);
        let mut spread = Spread::new(&engine, (SubNo(1), &sub), SubLine::out, "are out");
        wanted.iter().for_each(|(sku, units)| spread.over(*sku, *units).unwrap());
        assert_eq!(spread.takes.len(), 100_000);
    }
}
