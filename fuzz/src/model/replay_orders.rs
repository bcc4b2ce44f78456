//! The verdict on events of whole orders: placed, paid, lapsed, given up.

use std::collections::{BTreeMap, BTreeSet};

use stockade_core::event::{
    Envelope, HoldExtended, OrderCancelled, OrderExpired, OrderPaid, OrderPaidLate, OrderPlaced, SubOrderCancelled,
    UnitsCancelled,
};
use stockade_core::ids::{OrderId, Seq, SkuId, SubNo};
use stockade_core::limits::HOLD_TTL_MAX;
use stockade_core::orders::{Change, OrderState, RefundReason, Stage, Step};
use stockade_core::reply::Reply;
use stockade_core::stock::{Bucket, Move};
use stockade_core::units::Units;

use super::Model;
use super::allowed::Outcome;
use super::decision::Asked;
use super::given_up::ranks;
use super::money::told_of;
use super::orders::{Order, Sub};
use super::replies::{changed, paid_late, placed};
use super::verdict::{Entry, Verdict};

impl Model {
    fn order_placed(&mut self, seq: Seq, e: &OrderPlaced, envelope: &Envelope) -> Result<(), String> {
        let mut demand: BTreeMap<SkuId, u64> = BTreeMap::new();
        for line in e.decision.subs.iter().flat_map(|s| &s.lines) {
            *demand.entry(line.sku).or_default() += line.units.0;
        }
        let mut order = self.new_order(seq, e, demand.clone(), envelope)?;
        self.check_decision(&order, &e.decision, &Asked::of(&demand, order.limit()))?;
        order.subs = e.decision.subs.iter().map(|s| Sub::planned(s, Stage::Held)).collect();
        self.book_decision(seq, &e.decision, true)?;
        self.orders.insert(order);
        Ok(())
    }

    /// An order without sub-orders, whose id and number were not given before.
    pub(super) fn new_order(
        &mut self,
        seq: Seq,
        e: &OrderPlaced,
        demand: BTreeMap<SkuId, u64>,
        envelope: &Envelope,
    ) -> Result<Order, String> {
        if self.orders.get(e.order).is_some() {
            return Err(format!("order id {} was given before", e.order));
        }
        if self.numbers.insert((e.channel, e.number.clone()), e.order).is_some() {
            return Err(format!("number {} was placed before", e.number));
        }
        if e.hold > HOLD_TTL_MAX {
            return Err(format!("holds for {}", e.hold));
        }
        Ok(Order {
            id: e.order,
            channel: e.channel,
            number: e.number.clone(),
            digest: e.digest,
            zone: e.zone.clone(),
            customer: e.customer.clone(),
            carrier: e.carrier,
            ship_complete: e.ship_complete,
            max_parcels: e.max_parcels,
            state: OrderState::Held,
            placed_at: envelope.arrived,
            expires_at: envelope.arrived + e.hold,
            rules_version: e.decision.rules_version,
            demand,
            subs: Vec::new(),
            review: BTreeMap::new(),
            timeline: Vec::new(),
            version: seq,
            opened: Vec::new(),
            keys: BTreeMap::new(),
        })
    }

    fn order_paid(&mut self, seq: Seq, e: &OrderPaid, envelope: &Envelope) -> Result<(), String> {
        let order = self.order(e.order)?;
        order.must_be(OrderState::Held)?;
        if envelope.arrived >= order.expires_at {
            return Err(format!("at {}, the hold ended at {}", envelope.arrived, order.expires_at));
        }
        let mut moves = self.unpaid_moves(order, |_| Bucket::Allocated);
        moves.retain(|m| !matches!(m.from, Bucket::Promised(_)));
        self.book_same(seq, moves, &e.moves)?;
        let order = self.order_mut(e.order)?;
        order.state = OrderState::Paid;
        order.move_stage(Stage::Held, Stage::Allocated);
        order.move_stage(Stage::Promised, Stage::Waiting);
        Ok(())
    }

    fn order_paid_late(&mut self, seq: Seq, e: &OrderPaidLate) -> Result<(), String> {
        let order = self.order(e.order)?.clone();
        order.must_be(OrderState::Expired)?;
        let demand = order.expired_demand();
        self.check_decision(&order, &e.decision, &Asked::late(&demand, order.limit()))?;
        self.book_decision(seq, &e.decision, false)?;
        let order = self.order_mut(e.order)?;
        order.state = OrderState::Paid;
        order.rules_version = e.decision.rules_version;
        order.subs.extend(e.decision.subs.iter().map(|s| Sub::planned(s, Stage::Allocated)));
        Ok(())
    }

    fn order_expired(&mut self, seq: Seq, e: &OrderExpired, envelope: &Envelope) -> Result<(), String> {
        let order = self.order(e.order)?;
        order.must_be(OrderState::Held)?;
        if envelope.arrived < order.expires_at {
            return Err(format!("at {}, the hold ends at {}", envelope.arrived, order.expires_at));
        }
        let moves = self.unpaid_moves(order, |at| at.free);
        self.book_same(seq, moves, &e.moves)?;
        let order = self.order_mut(e.order)?;
        order.state = OrderState::Expired;
        order.subs.iter_mut().filter(|s| s.stage == Stage::Promised).for_each(|s| s.waiting = 0);
        order.move_stage(Stage::Held, Stage::Expired);
        order.move_stage(Stage::Promised, Stage::Expired);
        self.tidy();
        Ok(())
    }

    fn hold_extended(&mut self, e: &HoldExtended, envelope: &Envelope) -> Result<(), String> {
        let order = self.order_mut(e.order)?;
        order.must_be(OrderState::Held)?;
        if envelope.arrived >= order.expires_at || e.until <= order.expires_at {
            return Err(format!("from {} to {} at {}", order.expires_at, e.until, envelope.arrived));
        }
        order.expires_at = e.until;
        Ok(())
    }

    fn order_cancelled(&mut self, seq: Seq, e: &OrderCancelled, envelope: &Envelope) -> Result<(), String> {
        let order = self.order(e.order)?;
        let is_lapsed = order.state == OrderState::Expired && e.is_empty();
        if !is_lapsed && !matches!(order.state, OrderState::Held | OrderState::Paid) {
            return Err(format!("the order is {:?}", order.state));
        }
        if order.state == OrderState::Held && envelope.arrived >= order.expires_at {
            return Err(format!("at {}, the hold ended at {}", envelope.arrived, order.expires_at));
        }
        let mut moves = Vec::new();
        let mut waiting: BTreeMap<u16, u64> = BTreeMap::new();
        for take in &e.takes {
            let sub = order.sub(take.sub.0)?;
            if !sub.is_inside() {
                return Err(format!("sub-order {} is {:?}", take.sub, sub.stage));
            }
            let mut left = take.units.0;
            for at in self.standing(order.id, take.sub.0, sub, take.sku, take.pool) {
                let units = left.min(at.units);
                left -= units;
                moves.push(Move { units: Units(units), ..sub.take_move(take, at.at, at.free) });
                if matches!(at.at, Bucket::Promised(_)) && units > 0 {
                    *waiting.entry(take.sub.0).or_default() += units;
                }
            }
        }
        if waiting != e.waiting.iter().map(|(no, units)| (no.0, units.0)).collect() {
            return Err(format!("says {:?} were yet to come, it was {waiting:?}", e.waiting));
        }
        self.book_same(seq, moves, &e.moves)?;
        if self.order(e.order)?.state == OrderState::Paid {
            let taken = e.takes.iter().map(|take| (take.sku, take.units)).chain(e.review.iter().copied());
            self.owe_units(e.order, RefundReason::Cancelled, taken, (seq, envelope.arrived))?;
        }
        let order = self.order_mut(e.order)?;
        for take in &e.takes {
            order.sub_mut(take.sub.0)?.take(take)?;
        }
        for (no, units) in waiting {
            order.sub_mut(no)?.waiting -= units;
        }
        for (sku, units) in &e.review {
            order.take_review(*sku, units.0)?;
        }
        order.close_empty();
        order.subs.iter_mut().for_each(Sub::settle);
        if order.subs.iter().all(Sub::is_over) && order.review.is_empty() {
            order.state = OrderState::Cancelled;
        }
        self.tidy();
        Ok(())
    }
}

impl Verdict for OrderPlaced {
    fn subject(&self) -> Option<(OrderId, Option<SubNo>)> {
        Some((self.order, None))
    }

    fn take_in(&self, model: &mut Model, entry: &Entry<'_>) -> Result<(), String> {
        model.order_placed(entry.seq, self, entry.envelope)
    }

    fn reply(&self, after: &Model, seq: Seq) -> Result<Reply, String> {
        placed(after, seq, self, &self.decision)
    }
}

impl Verdict for OrderPaid {
    fn subject(&self) -> Option<(OrderId, Option<SubNo>)> {
        Some((self.order, None))
    }

    fn take_in(&self, model: &mut Model, entry: &Entry<'_>) -> Result<(), String> {
        model.order_paid(entry.seq, self, entry.envelope)?;
        model.pays(self.order, &self.payment, entry)
    }

    fn reason_in(&self, _after: &Model) -> Option<String> {
        told_of(&self.payment)
    }

    fn reply(&self, after: &Model, seq: Seq) -> Result<Reply, String> {
        changed(after, seq, self.order, Change::Paid)
    }

    fn outcome(&self) -> Option<Outcome> {
        Some(Outcome::Paid)
    }
}

impl Verdict for OrderPaidLate {
    fn subject(&self) -> Option<(OrderId, Option<SubNo>)> {
        Some((self.order, None))
    }

    fn take_in(&self, model: &mut Model, entry: &Entry<'_>) -> Result<(), String> {
        model.order_paid_late(entry.seq, self)?;
        model.pays(self.order, &self.payment, entry)
    }

    fn reason_in(&self, _after: &Model) -> Option<String> {
        told_of(&self.payment)
    }

    fn reply(&self, after: &Model, seq: Seq) -> Result<Reply, String> {
        paid_late(after, seq, self.order, self.decision.subs.len())
    }

    fn outcome(&self) -> Option<Outcome> {
        Some(Outcome::PaidLate)
    }
}

impl Verdict for OrderExpired {
    fn subject(&self) -> Option<(OrderId, Option<SubNo>)> {
        Some((self.order, None))
    }

    fn take_in(&self, model: &mut Model, entry: &Entry<'_>) -> Result<(), String> {
        model.order_expired(entry.seq, self, entry.envelope)
    }

    fn reply(&self, _after: &Model, _seq: Seq) -> Result<Reply, String> {
        Err("an expiry answers no command".to_owned())
    }
}

impl Verdict for HoldExtended {
    fn subject(&self) -> Option<(OrderId, Option<SubNo>)> {
        Some((self.order, None))
    }

    fn take_in(&self, model: &mut Model, entry: &Entry<'_>) -> Result<(), String> {
        model.hold_extended(self, entry.envelope)
    }

    fn reply(&self, after: &Model, seq: Seq) -> Result<Reply, String> {
        changed(after, seq, self.order, Change::Extended { until: self.until })
    }
}

impl Verdict for OrderCancelled {
    fn subject(&self) -> Option<(OrderId, Option<SubNo>)> {
        Some((self.order, None))
    }

    fn take_in(&self, model: &mut Model, entry: &Entry<'_>) -> Result<(), String> {
        let left = |(no, sub): (u16, &Sub)| sub.is_inside() && !self.takes.iter().any(|take| take.sub.0 == no);
        if let Some(no) = (1..).zip(&model.order(self.order)?.subs).find_map(|at| left(at).then_some(at.0)) {
            return Err(format!("it leaves sub-order {no}"));
        }
        model.order_cancelled(entry.seq, self, entry.envelope)
    }

    fn reply(&self, after: &Model, seq: Seq) -> Result<Reply, String> {
        let units = self.takes.iter().map(|t| t.units).chain(self.review.iter().map(|(_, n)| *n)).sum();
        changed(after, seq, self.order, Change::Cancelled { units })
    }

    fn outcome(&self) -> Option<Outcome> {
        self.is_empty().then_some(Outcome::Lapsed)
    }

    fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }
}

impl Verdict for SubOrderCancelled {
    fn subject(&self) -> Option<(OrderId, Option<SubNo>)> {
        Some((self.cancelled.order, Some(self.sub)))
    }

    fn take_in(&self, model: &mut Model, entry: &Entry<'_>) -> Result<(), String> {
        let units = model.order(self.cancelled.order)?.sub(self.sub.0)?.units();
        let taken: u64 = self.cancelled.takes.iter().map(|take| take.units.0).sum();
        let strange = self.cancelled.takes.iter().any(|take| take.sub != self.sub) || !self.cancelled.review.is_empty();
        if strange || taken != units {
            return Err(format!("takes {taken} of {units} units of sub-order {}", self.sub));
        }
        model.order_cancelled(entry.seq, &self.cancelled, entry.envelope)
    }

    fn reply(&self, after: &Model, seq: Seq) -> Result<Reply, String> {
        self.cancelled.reply(after, seq)
    }

    fn reason(&self) -> Option<&str> {
        self.cancelled.reason()
    }
}

impl Verdict for UnitsCancelled {
    fn subject(&self) -> Option<(OrderId, Option<SubNo>)> {
        let OrderCancelled { order, takes, review, .. } = &self.cancelled;
        let subs: BTreeSet<SubNo> = takes.iter().map(|take| take.sub).collect();
        let only = subs.first().filter(|_| subs.len() == 1 && review.is_empty());
        Some((*order, only.copied()))
    }

    fn take_in(&self, model: &mut Model, entry: &Entry<'_>) -> Result<(), String> {
        let ranks = ranks(model.order(self.cancelled.order)?);
        model.order_cancelled(entry.seq, &self.cancelled, entry.envelope)?;
        model.check_given_up(&self.cancelled, &ranks)?;
        let order = model.order_mut(self.cancelled.order)?;
        order.opened.clear();
        let subs: BTreeSet<u16> = self.cancelled.takes.iter().map(|take| take.sub.0).collect();
        for no in subs {
            let sub = order.sub_mut(no)?;
            if sub.units() == 0 {
                continue;
            }
            sub.note(Step::Unpack);
            if sub.stage == Stage::Packed {
                sub.stage = Stage::Picking;
                order.opened.push(no);
            }
        }
        let touched = self.cancelled.takes.iter().map(|take| take.sub);
        model.refigure(self.cancelled.order, touched, &self.figures)
    }

    fn reply(&self, after: &Model, seq: Seq) -> Result<Reply, String> {
        self.cancelled.reply(after, seq)
    }

    fn reason_in(&self, after: &Model) -> Option<String> {
        let opened = after.order(self.cancelled.order).map(|order| order.opened.clone()).unwrap_or_default();
        let opened = opened.iter().map(|no| format!("sub-order {no} was packed: open it and pack it again"));
        let said: Vec<String> = self.cancelled.reason.iter().cloned().chain(opened).collect();
        (!said.is_empty()).then(|| said.join("; "))
    }
}
