//! Units that come back: into inspection, and from there on sale again or not.

use crate::command::{Inspected, Line};
use crate::engine::change::order::elsewhere::{inspected_elsewhere, received_elsewhere, room_elsewhere};
use crate::engine::change::order::spread::{Spread, at_home, in_inspection, totals};
use crate::engine::codes::warehouse;
use crate::engine::outcome::invalid;
use crate::engine::plan::context::OrderContext;
use crate::engine::store::Engine;
use crate::engine::transact::body::{Body, Footprint};
use crate::engine::transact::state::{At, Broken, State};
use crate::event::{Event, ReturnInspected, ReturnReceived};
use crate::ids::{Code, SkuId, SubNo};
use crate::orders::{Change, Order, RefundReason, SubLine, SubTake, bucket_of};
use crate::reject::Reject;
use crate::stock::{Bucket, Move};
use crate::units::Units;

impl Engine {
    /// Decides a return, to the warehouse that shipped it when none is named: the units go into inspection, where nobody
    /// can be promised them.
    pub(super) fn take_back(
        &self,
        context: &OrderContext<'_, '_>,
        no: SubNo,
        lines: &[Line],
        to: Option<&Code>,
    ) -> Result<Event, Reject> {
        let order = context.order;
        let sub = order.sub(no).expect("permitted has found it");
        let to = to.map_or(Ok(sub.warehouse), |to| warehouse(context.config, to))?;
        if to != sub.warehouse && context.config.is_unlimited(to) {
            let (to, from) = (context.config.codes.of_warehouse(to), context.config.codes.of_warehouse(sub.warehouse));
            let reason =
                format!("{to} keeps no stock of its own: name a warehouse that does, or {from}, which shipped it");
            return Err(invalid("to", reason));
        }
        let out = at_home((no, sub), SubLine::out);
        let wanted = if lines.is_empty() {
            totals(&out)
        } else {
            lines.iter().map(|line| Ok((self.known_sku(&line.sku)?, line.units))).collect::<Result<_, Reject>>()?
        };
        let mut spread = Spread::new(self, &out, "are out");
        for (sku, units) in wanted {
            spread.over(sku, units)?;
        }
        let takes = spread.sub_takes();
        non_empty(&takes, "nothing of it is out")?;
        if to != sub.warehouse {
            room_elsewhere(order, no, &takes, (to, &context.config.codes.of_warehouse(sub.warehouse)))?;
            let place = format!("it came back to {}", context.config.codes.of_warehouse(to));
            return Ok(received_elsewhere(order, sub, takes, (to, place)));
        }
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

    /// Decides an inspection, of what waits at one warehouse when one is named: intact units go back on sale where they
    /// are, in the pool they were drawn from; damaged ones never do.
    pub(super) fn inspect(
        &self,
        context: &OrderContext<'_, '_>,
        no: SubNo,
        lines: &[Inspected],
        at: Option<&Code>,
    ) -> Result<Event, Reject> {
        let order = context.order;
        let sub = order.sub(no).expect("permitted has found it");
        let at = at.map(|at| warehouse(context.config, at)).transpose()?;
        let mut piles = in_inspection(order, (no, sub));
        piles.retain(|pile| at.is_none_or(|at| pile.warehouse == at));
        let mut spread = Spread::new(self, &piles, "wait for inspection");
        let results: Vec<(SkuId, Units, Units)> = if lines.is_empty() {
            totals(&piles).into_iter().map(|(sku, units)| (sku, units, Units::ZERO)).collect()
        } else {
            let given = lines.iter().map(|line| Ok((self.known_sku(&line.sku)?, line.intact, line.damaged)));
            given.collect::<Result<_, Reject>>()?
        };
        let mut moves = Vec::new();
        let (mut intact, mut damaged) = (Units::ZERO, Units::ZERO);
        for (sku, good, bad) in results {
            if !lines.is_empty() {
                self.in_one_place(context, &spread, sku)?;
            }
            let first = spread.takes.len();
            spread.over(sku, good.saturating_add(bad))?;
            let mut good_left = good;
            for taken in &spread.takes[first..] {
                let fine = taken.take.units.min(good_left);
                good_left = good_left.saturating_sub(fine);
                let (warehouse, from) = (taken.warehouse, Bucket::Inspection);
                let at_supplier = sub.from_supplier && warehouse == sub.warehouse;
                let parts = [
                    (Bucket::free(at_supplier, taken.take.pool), fine),
                    (Bucket::Damaged, taken.take.units.saturating_sub(fine)),
                ];
                let moved = parts.into_iter().filter(|(_, units)| !units.is_zero());
                moves.extend(moved.map(|(to, units)| Move { sku, warehouse, from, to, units }));
            }
            intact = intact.saturating_add(good);
            damaged = damaged.saturating_add(bad);
        }
        let takes = spread.sub_takes();
        non_empty(&takes, "nothing of it waits for inspection")?;
        let inspected = ReturnInspected { order: order.id, takes, intact, damaged, moves };
        Ok(inspected_elsewhere(inspected, sub, &spread.takes, context.config))
    }

    /// Refuses results of units that wait at several warehouses: which of them are damaged would not be clear.
    fn in_one_place(&self, context: &OrderContext<'_, '_>, spread: &Spread<'_>, sku: SkuId) -> Result<(), Reject> {
        let places = spread.places(sku);
        if places.len() < 2 {
            return Ok(());
        }
        let places: Vec<String> =
            places.into_iter().map(|place| context.config.codes.of_warehouse(place).to_string()).collect();
        let reason = format!("units of {} wait at {}: say at which it was", self.sku_code(sku), places.join(" and "));
        Err(invalid("at", reason))
    }
}

fn non_empty(takes: &[SubTake], reason: &str) -> Result<(), Reject> {
    if takes.is_empty() { Err(invalid("lines", reason.to_owned())) } else { Ok(()) }
}

impl ReturnReceived {
    /// The change to the order and its stock; answers what it did, and to which sub-order.
    pub(super) fn apply_to<'o>(
        &self,
        state: &'o mut State<'_, '_>,
        at: &At<'_>,
    ) -> Result<(&'o mut Order, Option<SubNo>, Change), Broken> {
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
        Ok((order, self.takes.first().map(|take| take.sub), Change::Returned { units }))
    }
}

impl ReturnInspected {
    /// The change to the order and its stock; answers what it did, and to which sub-order.
    pub(super) fn apply_to<'o>(
        &self,
        state: &'o mut State<'_, '_>,
        at: &At<'_>,
    ) -> Result<(&'o mut Order, Option<SubNo>, Change), Broken> {
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
        Ok((order, self.takes.first().map(|take| take.sub), Change::Inspected { intact, damaged }))
    }
}

impl Body for ReturnReceived {
    fn touches(&self, footprint: &mut Footprint) {
        footprint.orders.push(self.order);
    }

    fn each_move(&self, f: &mut impl FnMut(Move)) {
        self.moves.iter().copied().for_each(f);
    }

    fn apply(&self, state: &mut State<'_, '_>, at: &At<'_>) -> Result<(), Broken> {
        let (order, sub, change) = self.apply_to(state, at)?;
        at.done(order, sub, change);
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
        let (order, sub, change) = self.apply_to(state, at)?;
        at.done(order, sub, change);
        Ok(())
    }

    fn publish(&self, _engine: &Engine, _at: &At<'_>) -> Result<(), Broken> {
        Ok(())
    }
}

fn each_line(order: &mut Order, takes: &[SubTake], f: impl Fn(&mut SubLine, Units) -> Option<()>) -> Option<()> {
    takes.iter().try_for_each(|take| f(order.sub_mut(take.sub)?.line_mut(take.sku, take.pool)?, take.units))
}
