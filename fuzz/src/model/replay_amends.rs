//! The verdict on orders that change their minds: units that are added, and parcels that are parted.

use std::collections::{BTreeMap, BTreeSet};

use stockade_core::event::{OrderRaised, SubOrderSplit};
use stockade_core::ids::{OrderId, Seq, SkuId, SubNo};
use stockade_core::orders::{Change, OrderState, Stage};
use stockade_core::reply::Reply;
use stockade_core::units::Units;

use super::Model;
use super::decision::Asked;
use super::orders::{Sub, SubLine};
use super::replies::{changed, planned};
use super::verdict::{Entry, Verdict};

impl Model {
    fn order_raised(&mut self, seq: Seq, e: &OrderRaised) -> Result<(), String> {
        let order = self.order(e.order)?.clone();
        order.must_be(OrderState::Held)?;
        let must = order.parcels_for_review();
        if e.most != must || must == Some(0) {
            return Err(format!("held in {:?} parcels, should be {must:?}", e.most));
        }
        let mut demand: BTreeMap<SkuId, u64> = BTreeMap::new();
        for line in e.decision.subs.iter().flat_map(|sub| &sub.lines) {
            *demand.entry(line.sku).or_default() += line.units.0;
        }
        if demand.len() != 1 || !demand.keys().all(|sku| order.skus().contains(sku)) {
            return Err(format!("adds {demand:?} to an order of {:?}", order.skus()));
        }
        self.check_decision(&order, &e.decision, &Asked::of(&demand, must))?;
        self.book_decision(seq, &e.decision, true)?;
        let order = self.order_mut(e.order)?;
        order.rules_version = e.decision.rules_version;
        order.subs.extend(e.decision.subs.iter().map(|sub| Sub::planned(sub, Stage::Held)));
        Ok(())
    }

    fn sub_order_split(&mut self, e: &SubOrderSplit) -> Result<(), String> {
        let order = self.order(e.order)?;
        order.must_be(OrderState::Paid)?;
        let sub = order.sub(e.sub.0)?;
        if !matches!(sub.stage, Stage::Allocated | Stage::Picking) {
            return Err(format!("of a sub-order that is {:?}", sub.stage));
        }
        if order.parcels_for(sub, 0) == Some(0) {
            return Err("past the order's limit of parcels".to_owned());
        }
        // As much of the promise as its load is, while it was still one parcel.
        let mut apart = Sub { lines: BTreeMap::new(), ..sub.clone() };
        let mut share = Sub { lines: sub.lines.clone(), ..apart.clone() };
        share.lines.values_mut().for_each(|line| line.units = 0);
        let mut rest = sub.clone();
        for take in &e.takes {
            rest.take(take)?;
            let units = take.units.0;
            share.lines.get_mut(&(take.sku, take.pool)).ok_or("no such line")?.units += units;
            let line = apart.lines.entry((take.sku, take.pool)).or_default();
            *line = SubLine { promised: line.promised + units, units: line.units + units, ..*line };
        }
        if e.takes.iter().any(|take| take.sub != e.sub) || apart.units() == 0 || rest.units() == 0 {
            return Err(format!("{} units go apart, {} stay", apart.units(), rest.units()));
        }
        let must = (self.figures_of(&rest), self.figures_of(&share));
        if must != (e.left, e.apart) {
            return Err(format!("says {:?} and {:?}, it is {must:?}", e.left, e.apart));
        }
        (rest.weight_g, rest.parts) = (e.left.weight_g, e.left.parts);
        (apart.weight_g, apart.parts) = (e.apart.weight_g, e.apart.parts);
        apart.promise = (apart.weight_g, apart.parts);
        for parted in [&mut rest, &mut apart] {
            let picked = parted.done.contains("pick");
            parted.done = if picked { BTreeSet::from(["pick"]) } else { BTreeSet::new() };
            parted.waybill = None;
        }
        let order = self.order_mut(e.order)?;
        *order.sub_mut(e.sub.0)? = rest;
        order.subs.push(apart);
        Ok(())
    }
}

impl Verdict for OrderRaised {
    fn subject(&self) -> Option<(OrderId, Option<SubNo>)> {
        Some((self.order, None))
    }

    fn take_in(&self, model: &mut Model, entry: &Entry<'_>) -> Result<(), String> {
        let ended = model.order(self.order)?.expires_at;
        if entry.envelope.arrived >= ended {
            return Err(format!("at {}, the hold ended at {ended}", entry.envelope.arrived));
        }
        model.order_raised(entry.seq, self)
    }

    fn reply(&self, after: &Model, seq: Seq) -> Result<Reply, String> {
        let first_sub = after.order(self.order)?.subs.len() + 1 - self.decision.subs.len();
        let units = planned(&self.decision);
        changed(after, seq, self.order, Change::Raised { units, first_sub: SubNo(first_sub as u16) })
    }
}

impl Verdict for SubOrderSplit {
    fn subject(&self) -> Option<(OrderId, Option<SubNo>)> {
        Some((self.order, Some(self.sub)))
    }

    fn take_in(&self, model: &mut Model, _: &Entry<'_>) -> Result<(), String> {
        model.sub_order_split(self)
    }

    fn reply(&self, after: &Model, seq: Seq) -> Result<Reply, String> {
        let sub = SubNo(after.order(self.order)?.subs.len() as u16);
        let units: Units = self.takes.iter().map(|take| take.units).sum();
        changed(after, seq, self.order, Change::Split { sub, units })
    }
}
