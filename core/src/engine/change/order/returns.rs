//! Units that come back: into inspection, and from there on sale again or not.

use crate::command::{Inspected, Line};
use crate::engine::outcome::invalid;
use crate::engine::store::Engine;
use crate::engine::transact::body::{Body, Footprint};
use crate::engine::transact::state::{At, Broken, State};
use crate::event::{Event, ReturnInspected, ReturnReceived};
use crate::ids::{SkuId, SubNo};
use crate::orders::{Change, Order, SubLine, SubOrder, SubTake, bucket_of};
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
        let mut spread = Spread { engine: self, no, sub, has: SubLine::out, what: "are out", takes: Vec::new() };
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
        let mut spread = Spread { engine: self, no, sub, has: waiting, what: "wait for inspection", takes: Vec::new() };
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

/// Units of SKUs, spread over a sub-order's lines of them.
struct Spread<'a> {
    engine: &'a Engine,
    no: SubNo,
    sub: &'a SubOrder,
    /// Units of a line that can be taken.
    has: fn(&SubLine) -> Units,
    /// What those units do, for the refusal.
    what: &'static str,
    takes: Vec<SubTake>,
}

impl Spread<'_> {
    /// Spreads units of a SKU as far as each line still has some besides those taken.
    fn over(&mut self, sku: SkuId, units: Units) -> Result<(), Reject> {
        let mut left = units;
        for line in self.sub.lines.iter().filter(|line| line.sku == sku) {
            let same = self.takes.iter().filter(|t| t.sku == sku && t.pool == line.pool);
            let used: Units = same.map(|t| t.units).sum();
            let take = (self.has)(line).saturating_sub(used).min(left);
            if !take.is_zero() {
                left = left.saturating_sub(take);
                self.takes.push(SubTake { sub: self.no, sku, pool: line.pool, units: take });
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

fn totals(sub: &SubOrder, units: impl Fn(&SubLine) -> Units) -> Vec<(SkuId, Units)> {
    let mut totals: Vec<(SkuId, Units)> = Vec::new();
    for line in &sub.lines {
        match totals.iter_mut().find(|(sku, _)| *sku == line.sku) {
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
