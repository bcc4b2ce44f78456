//! Short picks: what was not found is served from elsewhere or put up for review, in the same commit.

use std::collections::{BTreeMap, BTreeSet};

use crate::command::Line;
use crate::decision::Decision;
use crate::engine::change::order::{drop_empty, review_places};
use crate::engine::change::stock::terms::{SUPPLIER, WRITE_OFF, push};
use crate::engine::outcome::invalid;
use crate::engine::plan::anew::{Served, channel_pools};
use crate::engine::plan::context::OrderContext;
use crate::engine::plan::ready::Terms;
use crate::engine::plan::wish::{Undecided, Wish};
use crate::engine::store::{Engine, EngineLocked};
use crate::engine::transact::body::{Body, Decisions, Footprint, Scope};
use crate::engine::transact::state::{At, Broken, State};
use crate::event::{Event, PickShorted};
use crate::ids::{SkuId, SubNo};
use crate::orders::{Change, Order, Stage, SubLine, SubOrder, SubTake, bucket_of};
use crate::reject::Reject;
use crate::stock::{Bucket, Cell, Move};
use crate::units::Units;

impl Engine {
    /// Decides a short pick. The missing units are those that stand as short already, as far as there are such; the rest is
    /// written off. This warehouse is left out when they are routed anew.
    pub(super) fn short(
        &self,
        mut context: OrderContext<'_, '_>,
        no: SubNo,
        found: &[Line],
    ) -> Result<Event, Undecided> {
        let order = context.order;
        let sub = order.sub(no).expect("permitted has found it");
        let missing = self.missing(no, sub, found)?;
        let moves = booked(context.locked, sub, &missing);
        let units: Vec<(SkuId, Units)> = missing.iter().map(|take| (take.sku, take.units)).collect();
        let pools = channel_pools(context.config, order);
        let terms = Terms { without: Some(sub.warehouse), presale: None };
        let wish = Wish::of(order, units.clone(), pools, terms);
        let (decision, review) = match self.serve_anew(&mut context, wish)? {
            Served::Here(decision) => (Some(decision), Vec::new()),
            Served::Ahead(_) => unreachable!("what is yet to come was not asked for"),
            Served::No(_) => (None, units),
        };
        Ok(Event::PickShorted(Box::new(PickShorted { order: order.id, sub: no, missing, moves, decision, review })))
    }

    /// Units not found, by line, the last line first.
    fn missing(&self, no: SubNo, sub: &SubOrder, found: &[Line]) -> Result<Vec<SubTake>, Reject> {
        let mut lines: BTreeMap<SkuId, Vec<&SubLine>> = BTreeMap::new();
        for line in &sub.lines {
            lines.entry(line.sku).or_default().push(line);
        }
        let mut missing = Vec::new();
        let mut named = BTreeSet::new();
        for (at, line) in found.iter().enumerate() {
            let field = format!("found[{at}]");
            let sku = self.skus.find(&line.sku).map(|sku| sku.id);
            let ours = sku.and_then(|sku| lines.get(&sku)).map(Vec::as_slice).unwrap_or_default();
            let asked: Units = ours.iter().map(|l| l.units).sum();
            if named.contains(&sku) {
                return Err(invalid(&field, format!("{} is named twice", line.sku)));
            }
            let Some(mut left) = asked.checked_sub(line.units).filter(|left| !left.is_zero()) else {
                let reason = format!("{} of {} found, {asked} asked: name only what is short", line.units, line.sku);
                return Err(invalid(&field, reason));
            };
            named.insert(sku);
            for sub_line in ours.iter().rev() {
                let units = sub_line.units.min(left);
                if !units.is_zero() {
                    left = left.saturating_sub(units);
                    missing.push(SubTake { sub: no, sku: sub_line.sku, pool: sub_line.pool, units });
                }
            }
        }
        if missing.is_empty() {
            return Err(invalid("found", "name each short SKU with the units that were found".to_owned()));
        }
        Ok(missing)
    }
}

/// The movements of missing units. What a count missed before is what the picker misses now, and is not lost twice.
fn booked(locked: &EngineLocked<'_>, sub: &SubOrder, missing: &[SubTake]) -> Vec<Move> {
    let mut known: BTreeMap<SkuId, Units> = BTreeMap::new();
    let mut moves = Vec::with_capacity(missing.len());
    for take in missing {
        let from = bucket_of(sub.stage, take.pool).expect("a sub-order that is picked stands in a bucket");
        let cell = (take.sku, sub.warehouse);
        if sub.from_supplier {
            push(&mut moves, cell, from, SUPPLIER, take.units);
            continue;
        }
        let known = known.entry(take.sku).or_insert_with(|| {
            let cell = locked.sku(take.sku).cell(sub.warehouse);
            cell.map_or(Units::ZERO, Cell::lacking)
        });
        let short = take.units.min(*known);
        *known = known.saturating_sub(short);
        push(&mut moves, cell, from, Bucket::Short, short);
        push(&mut moves, cell, from, WRITE_OFF, take.units.saturating_sub(short));
    }
    moves
}

impl PickShorted {
    fn take_missing(&self, order: &mut Order) -> Option<()> {
        self.missing.iter().try_for_each(|take| order.remove(take))?;
        drop_empty(order);
        if let Some(decision) = &self.decision {
            order.append(decision, Stage::Allocated);
        }
        let mut places = review_places(order);
        for (sku, units) in &self.review {
            let at = *places.entry(*sku).or_insert(order.later.review.len());
            match order.later.review.get_mut(at) {
                Some((_, waiting)) => *waiting = waiting.saturating_add(*units),
                None => order.later.review.push((*sku, *units)),
            }
        }
        Some(())
    }
}

impl Body for PickShorted {
    const DECIDES: bool = true;

    fn touches(&self, footprint: &mut Footprint) {
        footprint.orders.push(self.order);
    }

    fn each_move(&self, f: &mut impl FnMut(Move)) {
        self.moves.iter().copied().for_each(&mut *f);
        if let Some(decision) = &self.decision {
            decision.each_move(|_| Bucket::Allocated, f);
        }
    }

    fn apply(&self, state: &mut State<'_, '_>, at: &At<'_>) -> Result<(), Broken> {
        let mut moved = Ok(());
        self.each_move(&mut |m| {
            if moved.is_ok() {
                moved = state.correct(&m, at.seq);
            }
        });
        moved?;
        let order = state.order_mut(self.order)?;
        let wrong = Broken::Order { order: self.order, what: "it has not the units that are missing" };
        self.take_missing(order).ok_or(wrong)?;
        let change = Change::Shorted {
            missing: self.missing.iter().map(|take| take.units).sum(),
            rerouted: self.decision.as_ref().map(Decision::units).unwrap_or_default(),
            review: self.review.iter().map(|(_, units)| *units).sum(),
        };
        at.done(order, Some(self.sub), change);
        Ok(())
    }

    fn publish(&self, _engine: &Engine, _at: &At<'_>) -> Result<(), Broken> {
        Ok(())
    }

    fn decisions(&self) -> Decisions<'_> {
        Decisions {
            here: self.decision.as_ref(),
            ahead: &[],
            scope: Scope::Part,
            without: self.moves.first().map(|m| m.warehouse),
        }
    }
}
