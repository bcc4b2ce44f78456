//! The verdict on events of single parcels: steps, short picks, and what is routed a second time.

use std::collections::BTreeMap;

use stockade_core::decision::Decision;
use stockade_core::event::{ParcelShorted, PickShorted, ReviewRouted, ReviewRoutedWithin, SubStepped};
use stockade_core::ids::{OrderId, Seq, SkuId, SubNo};
use stockade_core::orders::{Change, OrderState, Stage, Step, SubTake};
use stockade_core::reply::Reply;
use stockade_core::stock::{Bucket, Outside};
use stockade_core::units::Units;

use super::Model;
use super::allowed::Outcome;
use super::decision::Asked;
use super::lifecycle::{self, Walk};
use super::orders::Sub;
use super::replies::{changed, planned};
use super::verdict::{Entry, Verdict};

const WRITE_OFF: Bucket = Bucket::Outside(Outside::WriteOff);

impl Model {
    fn sub_stepped(&mut self, seq: Seq, e: &SubStepped) -> Result<(), String> {
        let order = self.order(e.order)?;
        order.must_be(OrderState::Paid)?;
        let sub = order.sub(e.sub.0)?;
        let stage = match lifecycle::step(sub.stage, e.step) {
            Walk::To(stage) => stage,
            Walk::Stays => sub.stage,
            Walk::No => return Err(format!("{:?} of a sub-order that is {:?}", e.step, sub.stage)),
        };
        if stage != e.stage {
            return Err(format!("{:?} leads from {:?} to {stage:?}, not {:?}", e.step, sub.stage, e.stage));
        }
        self.steps_done_before(sub, e.step)?;
        if lifecycle::moves_goods(e.step) && sub.out() == 0 {
            return Err(format!("{:?} of a parcel that came back", e.step));
        }
        let moves = match lifecycle::moves_of(sub.stage, e.step) {
            Some((from, to)) => sub.all_moves(from, to),
            None => Vec::new(),
        };
        self.book_same(seq, moves, &e.moves)?;
        let order = self.order_mut(e.order)?;
        let sub = order.sub_mut(e.sub.0)?;
        sub.stage = stage;
        sub.note(e.step);
        if e.waybill.is_some() != (e.step == Step::Label) || e.weight_g.is_some() != (e.step == Step::Weigh) {
            return Err(format!("{:?} with waybill {:?} and weight {:?}", e.step, e.waybill, e.weight_g));
        }
        if let Some(waybill) = &e.waybill {
            sub.waybill = Some(waybill.clone());
        }
        if e.step == Step::Lost {
            for (sku, units) in sub.lose() {
                *order.review.entry(sku).or_default() += units;
            }
        }
        Ok(())
    }

    /// The steps that the rules want before this one.
    pub(super) fn steps_done_before(&self, sub: &Sub, step: Step) -> Result<(), String> {
        let name = lifecycle::name(step);
        let before = self.world.as_ref().map(|w| w.steps_before(name)).unwrap_or_default();
        match before.iter().find(|b| lifecycle::is_warehouse_step(name) && !sub.done.contains(b.as_str())) {
            Some(missing) => Err(format!("{name} before {missing}")),
            None => Ok(()),
        }
    }

    fn pick_shorted(&mut self, seq: Seq, e: &PickShorted, most: Option<u16>) -> Result<(), String> {
        let order = self.order(e.order)?;
        order.must_be(OrderState::Paid)?;
        let sub = order.sub(e.sub.0)?;
        if !matches!(sub.stage, Stage::Allocated | Stage::Picking) || e.missing.is_empty() {
            return Err(format!("of a sub-order that is {:?}", sub.stage));
        }
        let mut missing: BTreeMap<SkuId, u64> = BTreeMap::new();
        let mut moves = Vec::new();
        for take in &e.missing {
            // Unit by unit: one that was known to be missing is missing no more than once.
            let cell = self.ledger.cell(take.sku, sub.warehouse);
            let known = cell.short().saturating_sub(cell.free());
            let sum = missing.entry(take.sku).or_default();
            let from = sub.bucket(take.pool).ok_or("its units are nowhere")?;
            for _ in 0..take.units.0 {
                let one = SubTake { units: Units(1), ..*take };
                let to = match (sub.from_supplier, *sum < known) {
                    (true, _) => sub.free_bucket(take.pool),
                    (false, true) => Bucket::Short,
                    (false, false) => WRITE_OFF,
                };
                moves.push(sub.take_move(&one, from, to));
                *sum += 1;
            }
        }
        let units = e.missing.iter().map(|take| take.units.0).sum();
        let must = order.parcels_for(sub, units);
        if most != must || (most == Some(0) && e.decision.is_some()) {
            return Err(format!("served in {most:?} parcels, should be {must:?}"));
        }
        let excluded = missing.keys().map(|sku| (*sku, sub.warehouse)).collect();
        self.book_same(seq, moves, &e.moves)?;
        let asked = Asked { excluded, ..Asked::of(&missing, most) };
        self.reroute(seq, e.order, e.decision.as_ref(), &asked)?;
        let order = self.order_mut(e.order)?;
        for take in &e.missing {
            order.sub_mut(e.sub.0)?.take(take)?;
        }
        let mut review: BTreeMap<SkuId, u64> = BTreeMap::new();
        for (sku, units) in &e.review {
            *review.entry(*sku).or_default() += units.0;
        }
        if review != if e.decision.is_some() { BTreeMap::new() } else { missing } {
            return Err(format!("puts {review:?} to review"));
        }
        for (sku, units) in review {
            *order.review.entry(sku).or_default() += units;
        }
        order.close_empty();
        Ok(())
    }

    fn reroute(&mut self, seq: Seq, order: OrderId, decision: Option<&Decision>, asked: &Asked) -> Result<(), String> {
        let Some(decision) = decision else { return Ok(()) };
        let order = self.order(order)?.clone();
        self.check_decision(&order, decision, asked)?;
        self.book_decision(seq, decision, false)?;
        let order = self.order_mut(order.id)?;
        order.rules_version = decision.rules_version;
        order.subs.extend(decision.subs.iter().map(|s| Sub::planned(s, Stage::Allocated)));
        Ok(())
    }

    fn review_routed(&mut self, seq: Seq, e: &ReviewRouted, most: Option<u16>) -> Result<(), String> {
        self.order(e.order)?.must_be(OrderState::Paid)?;
        let demand: BTreeMap<SkuId, u64> = e.units.iter().map(|(sku, units)| (*sku, units.0)).collect();
        let order = self.order_mut(e.order)?;
        for (sku, units) in &demand {
            order.take_review(*sku, *units)?;
        }
        let asked = Asked::of(&demand, most);
        self.reroute(seq, e.order, Some(&e.decision), &asked)
    }
}

impl Verdict for SubStepped {
    fn subject(&self) -> Option<(OrderId, Option<SubNo>)> {
        Some((self.order, Some(self.sub)))
    }

    fn take_in(&self, model: &mut Model, entry: &Entry<'_>) -> Result<(), String> {
        model.sub_stepped(entry.seq, self)
    }

    fn reply(&self, after: &Model, seq: Seq) -> Result<Reply, String> {
        changed(after, seq, self.order, Change::Stepped { sub: self.sub, stage: self.stage })
    }

    fn moment(&self) -> Option<&'static str> {
        Some(lifecycle::name(self.step))
    }
}

impl Verdict for PickShorted {
    fn subject(&self) -> Option<(OrderId, Option<SubNo>)> {
        Some((self.order, Some(self.sub)))
    }

    fn take_in(&self, model: &mut Model, entry: &Entry<'_>) -> Result<(), String> {
        if self.decision.is_none() || model.order(self.order)?.sub(self.sub.0)?.units() != units_of(&self.missing) {
            return Err("a rest of the parcel or a review remains".to_owned());
        }
        model.pick_shorted(entry.seq, self, None)
    }

    fn reply(&self, after: &Model, seq: Seq) -> Result<Reply, String> {
        let missing = self.missing.iter().map(|t| t.units).sum();
        let rerouted = self.decision.as_ref().map(planned).unwrap_or_default();
        let review = self.review.iter().map(|(_, n)| *n).sum();
        changed(after, seq, self.order, Change::Shorted { missing, rerouted, review })
    }

    fn outcome(&self) -> Option<Outcome> {
        Some(if self.decision.is_some() { Outcome::Rerouted } else { Outcome::Review })
    }
}

impl Verdict for ReviewRouted {
    fn subject(&self) -> Option<(OrderId, Option<SubNo>)> {
        Some((self.order, None))
    }

    fn take_in(&self, model: &mut Model, entry: &Entry<'_>) -> Result<(), String> {
        model.review_routed(entry.seq, self, None)
    }

    fn reply(&self, after: &Model, seq: Seq) -> Result<Reply, String> {
        changed(after, seq, self.order, Change::Rerouted { units: planned(&self.decision) })
    }
}

fn units_of(takes: &[SubTake]) -> u64 {
    takes.iter().map(|take| take.units.0).sum()
}

impl Verdict for ParcelShorted {
    fn subject(&self) -> Option<(OrderId, Option<SubNo>)> {
        self.shorted.subject()
    }

    fn take_in(&self, model: &mut Model, entry: &Entry<'_>) -> Result<(), String> {
        let PickShorted { order, sub, missing, decision, .. } = &self.shorted;
        if self.why.is_some() != decision.is_none() {
            return Err(format!("says {:?} of a decision that is {decision:?}", self.why));
        }
        let parcel = model.order(*order)?.sub(sub.0)?.units();
        if self.most.is_none() && self.why.is_none() && parcel == units_of(missing) {
            return Err("nothing but the missing units is to be told".to_owned());
        }
        model.pick_shorted(entry.seq, &self.shorted, self.most)?;
        model.refigure(*order, missing.iter().map(|take| take.sub), &self.figures)
    }

    fn reply(&self, after: &Model, seq: Seq) -> Result<Reply, String> {
        self.shorted.reply(after, seq)
    }

    fn outcome(&self) -> Option<Outcome> {
        self.shorted.outcome()
    }

    fn moment(&self) -> Option<&'static str> {
        Some("pick_shorted")
    }

    fn reason(&self) -> Option<&str> {
        self.why.as_deref()
    }
}

impl Verdict for ReviewRoutedWithin {
    fn subject(&self) -> Option<(OrderId, Option<SubNo>)> {
        self.routed.subject()
    }

    fn take_in(&self, model: &mut Model, entry: &Entry<'_>) -> Result<(), String> {
        let must = model.order(self.routed.order)?.parcels_for_review();
        if must != Some(self.most) || self.most == 0 {
            return Err(format!("in {} parcels, should be {must:?}", self.most));
        }
        model.review_routed(entry.seq, &self.routed, must)
    }

    fn reply(&self, after: &Model, seq: Seq) -> Result<Reply, String> {
        self.routed.reply(after, seq)
    }

    fn moment(&self) -> Option<&'static str> {
        Some("review_routed")
    }
}
