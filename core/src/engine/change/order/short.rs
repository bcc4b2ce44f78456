//! Short picks: what was not found is served from elsewhere or put up for review, in the same commit.

use std::collections::{BTreeMap, BTreeSet};

use crate::command::Line;
use crate::decision::Decision;
use crate::engine::change::order::figures::refigure;
use crate::engine::change::order::limit::{no_parcel_left, parcels_left, shortened};
use crate::engine::change::order::{drop_empty, put_review};
use crate::engine::change::stock::terms::{SUPPLIER, WRITE_OFF, push};
use crate::engine::outcome::invalid;
use crate::engine::plan::anew::{Served, channel_pools};
use crate::engine::plan::context::OrderContext;
use crate::engine::plan::ready::Terms;
use crate::engine::plan::wish::{Undecided, Wish};
use crate::engine::store::{Engine, EngineLocked};
use crate::engine::transact::body::{Body, Decisions, Footprint, Scope};
use crate::engine::transact::state::{At, Broken, State};
use crate::event::{Event, ParcelShorted, PickShorted};
use crate::ids::{SkuId, SubNo, WarehouseId};
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
        let figures = self.figures_without(order, &missing, context.config);
        let most = parcels_left(order, usize::from(figures.is_empty()));
        let (decision, review, why) = match self.elsewhere(&mut context, sub.warehouse, units.clone(), most)? {
            Ok(decision) => (Some(decision), Vec::new(), None),
            Err(why) => (None, units, Some(why)),
        };
        let shorted = PickShorted { order: order.id, sub: no, missing, moves, decision, review };
        if figures.is_empty() && most.is_none() && why.is_none() {
            return Ok(Event::PickShorted(Box::new(shorted)));
        }
        Ok(Event::ParcelShorted(Box::new(ParcelShorted { shorted, figures, most, why })))
    }

    /// Serves missing units from other warehouses within the order's limit of parcels, or says why a person has to decide.
    fn elsewhere(
        &self,
        context: &mut OrderContext<'_, '_>,
        without: WarehouseId,
        units: Vec<(SkuId, Units)>,
        most: Option<u16>,
    ) -> Result<Result<Decision, String>, Undecided> {
        if most == Some(0) {
            return Ok(Err(no_parcel_left(context.order)));
        }
        let pools = channel_pools(context.config, context.order);
        let terms = Terms { without: Some(without), presale: None };
        let wish = Wish::of(context.order, units, pools, terms, most);
        Ok(match self.serve_anew(context, wish)? {
            Served::Here(decision) => Ok(decision),
            Served::Ahead(_) => unreachable!("what is yet to come was not asked for"),
            Served::No(reject) => Err(shortened(reject.to_string())),
        })
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
    /// The change to the order and its stock; answers what it did.
    fn apply_to<'o>(&self, state: &'o mut State<'_, '_>, at: &At<'_>) -> Result<(&'o mut Order, Change), Broken> {
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
        Ok((order, change))
    }

    fn take_missing(&self, order: &mut Order) -> Option<()> {
        self.missing.iter().try_for_each(|take| order.remove(take))?;
        drop_empty(order);
        if let Some(decision) = &self.decision {
            order.append(decision, Stage::Allocated);
        }
        put_review(order, &self.review);
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
        let (order, change) = self.apply_to(state, at)?;
        let broken = order.broken_limit();
        at.done_because(order, Some(self.sub), change, broken.as_deref());
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
            most: None,
            without: self.moves.first().map(|m| m.warehouse),
        }
    }
}

impl Body for ParcelShorted {
    const DECIDES: bool = true;

    fn touches(&self, footprint: &mut Footprint) {
        self.shorted.touches(footprint);
    }

    fn each_move(&self, f: &mut impl FnMut(Move)) {
        self.shorted.each_move(f);
    }

    fn apply(&self, state: &mut State<'_, '_>, at: &At<'_>) -> Result<(), Broken> {
        let (order, change) = self.shorted.apply_to(state, at)?;
        let wrong = Broken::Order { order: order.id, what: "it has no such sub-order" };
        refigure(order, &self.figures).ok_or(wrong)?;
        let what = Event::what_of::<Box<PickShorted>>();
        at.done_as(order, what, Some(self.shorted.sub), change);
        at.explain(order, self.why.as_deref());
        Ok(())
    }

    fn publish(&self, _engine: &Engine, _at: &At<'_>) -> Result<(), Broken> {
        Ok(())
    }

    fn decisions(&self) -> Decisions<'_> {
        Decisions { most: self.most, ..self.shorted.decisions() }
    }
}
