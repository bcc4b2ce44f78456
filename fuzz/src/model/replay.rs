//! The verdict on history: what each event must contain, worked out from the state before it.

use std::collections::BTreeMap;

use stockade_core::event::{
    Actor, Cause, Decision, Envelope, Event, HoldExtended, Move, OrderCancelled, OrderExpired, OrderPaid,
    OrderPaidLate, OrderPlaced, PickShorted, PlainStep, RefundDue, ReturnInspected, ReturnReceived, ReviewRouted,
    SubStepped, SubTake,
};
use stockade_core::ids::{Code, OrderId, Seq, SkuId};
use stockade_core::limits::HOLD_TTL_MAX;
use stockade_core::reply::{OrderState, Stage};
use stockade_core::stock::{Bucket, Outside};
use stockade_core::units::Units;

use super::Model;
use super::decision::Asked;
use super::lifecycle::{self, Walk};
use super::orders::{Moment, Order, Sub};

const WRITE_OFF: Bucket = Bucket::Outside(Outside::WriteOff);

impl Model {
    /// Checks the next event of the history against the state, and takes it in.
    pub fn replay(&mut self, seq: Seq, envelope: &Envelope) -> Result<(), String> {
        let wrong = |e: String| format!("event {seq} {}: {e}", envelope.event.name());
        if seq != self.seq.next() {
            return Err(wrong(format!("follows {}", self.seq)));
        }
        self.seq = seq;
        self.note_key(seq, envelope).map_err(wrong)?;
        self.take_in(seq, envelope).map_err(wrong)?;
        if let Some(order) = order_of(&envelope.event) {
            let what = (moment(&envelope.event), sub_of(&envelope.event));
            self.note_moment(seq, order, what, envelope).map_err(wrong)?;
        }
        if let Event::InboundChanged(e) = &envelope.event {
            for arrived in &e.arrived {
                let what = ("goods_arrived", Some(arrived.sub.0));
                self.note_moment(seq, arrived.order, what, envelope).map_err(wrong)?;
            }
        }
        self.ledger.check().map_err(wrong)
    }

    fn take_in(&mut self, seq: Seq, envelope: &Envelope) -> Result<(), String> {
        match &envelope.event {
            Event::WorldApplied(e) => self.world_applied(e),
            Event::RulesApplied(e) => {
                self.rules_follow(e.version)?;
                self.world.as_mut().ok_or("there is no world yet")?.overlay(&e.text)
            }
            Event::SkusDefined(e) => self.skus_defined(e),
            Event::StockMoved(e) => self.stock_moved(seq, e),
            Event::StockCounted(e) => self.stock_counted(seq, e),
            Event::SafetySet(e) => {
                let cell = self.ledger.cells.entry((e.sku, e.warehouse)).or_default();
                cell.safety = e.units.0;
                cell.watermark = seq;
                Ok(())
            }
            Event::OrderPlaced(e) => self.order_placed(seq, e, envelope),
            Event::OrderPromised(e) => self.order_promised(seq, e, envelope),
            Event::OrderPromisedLate(e) => self.order_promised_late(seq, e),
            Event::InboundChanged(e) => self.inbound_changed(seq, e),
            Event::OrderPaid(e) => self.order_paid(seq, e, envelope),
            Event::OrderPaidLate(e) => self.order_paid_late(seq, e),
            Event::RefundDue(e) => self.refund_due(e),
            Event::OrderExpired(e) => self.order_expired(seq, e, envelope),
            Event::HoldExtended(e) => self.hold_extended(e, envelope),
            Event::OrderCancelled(e) => self.order_cancelled(seq, e, envelope),
            Event::SubStepped(e) => self.sub_stepped(seq, e),
            Event::PickShorted(e) => self.pick_shorted(seq, e),
            Event::ReturnReceived(e) => self.return_received(seq, e),
            Event::ReturnInspected(e) => self.return_inspected(seq, e),
            Event::ReviewRouted(e) => self.review_routed(seq, e),
        }
    }

    /// A key names one commit for ever. Keys of commands on an order are the order's own.
    fn note_key(&mut self, seq: Seq, envelope: &Envelope) -> Result<(), String> {
        let Cause::Key { key, digest } = &envelope.cause else { return Ok(()) };
        let keys = match order_of(&envelope.event) {
            Some(order) => &mut self.orders.get_mut(&order).ok_or("of an order there is none of")?.keys,
            None => &mut self.keys,
        };
        match keys.insert(key.clone(), (*digest, seq)) {
            None => Ok(()),
            Some((_, first)) => Err(format!("its key {key} was used by event {first}")),
        }
    }

    fn note_moment(
        &mut self,
        seq: Seq,
        order: OrderId,
        (what, sub): (&'static str, Option<u16>),
        envelope: &Envelope,
    ) -> Result<(), String> {
        let order = self.orders.get_mut(&order).ok_or("the order is gone")?;
        if envelope.arrived < order.last_time() {
            return Err(format!("arrived at {}, before the order's last event", envelope.arrived));
        }
        order.version = seq;
        order.timeline.push(Moment {
            seq,
            what,
            sub,
            occurred: envelope.occurred_at(),
            arrived: envelope.arrived,
            actor: match &envelope.actor {
                Actor::Named(name) => name.clone(),
                Actor::Timer => Code::new("timer").map_err(|e| e.to_string())?,
                Actor::Engine => Code::new("engine").map_err(|e| e.to_string())?,
            },
        });
        Ok(())
    }

    fn order_placed(&mut self, seq: Seq, e: &OrderPlaced, envelope: &Envelope) -> Result<(), String> {
        let mut demand: BTreeMap<SkuId, u64> = BTreeMap::new();
        for line in e.decision.subs.iter().flat_map(|s| &s.lines) {
            *demand.entry(line.sku).or_default() += line.units.0;
        }
        let mut order = self.new_order(seq, e, demand.clone(), envelope)?;
        self.check_decision(&order, &e.decision, &Asked::whole(&demand))?;
        order.subs = e.decision.subs.iter().map(|s| Sub::planned(s, Stage::Held)).collect();
        self.book_decision(seq, &e.decision, true)?;
        self.orders.insert(e.order, order);
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
        if self.orders.contains_key(&e.order) {
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
            keys: BTreeMap::new(),
        })
    }

    fn order_paid(&mut self, seq: Seq, e: &OrderPaid, envelope: &Envelope) -> Result<(), String> {
        let order = self.order(e.order)?;
        expect_state(order, OrderState::Held)?;
        if envelope.arrived >= order.expires_at {
            return Err(format!("at {}, the hold ended at {}", envelope.arrived, order.expires_at));
        }
        let mut moves = self.unpaid_moves(order, |_| Bucket::Allocated);
        moves.retain(|m| !matches!(m.from, Bucket::Promised(_)));
        self.book_same(seq, moves, &e.moves)?;
        let order = self.order_mut(e.order)?;
        order.state = OrderState::Paid;
        set_stage(order, Stage::Held, Stage::Allocated);
        set_stage(order, Stage::Promised, Stage::Waiting);
        Ok(())
    }

    fn order_paid_late(&mut self, seq: Seq, e: &OrderPaidLate) -> Result<(), String> {
        let order = self.order(e.order)?.clone();
        expect_state(&order, OrderState::Expired)?;
        let demand = expired_demand(&order);
        self.check_decision(&order, &e.decision, &Asked::late(&demand))?;
        self.book_decision(seq, &e.decision, false)?;
        let order = self.order_mut(e.order)?;
        order.state = OrderState::Paid;
        order.rules_version = e.decision.rules_version;
        order.subs.extend(e.decision.subs.iter().map(|s| Sub::planned(s, Stage::Allocated)));
        Ok(())
    }

    fn refund_due(&mut self, e: &RefundDue) -> Result<(), String> {
        expect_state(self.order(e.order)?, OrderState::Expired)?;
        self.order_mut(e.order)?.state = OrderState::RefundDue;
        Ok(())
    }

    fn order_expired(&mut self, seq: Seq, e: &OrderExpired, envelope: &Envelope) -> Result<(), String> {
        let order = self.order(e.order)?;
        expect_state(order, OrderState::Held)?;
        if envelope.arrived < order.expires_at {
            return Err(format!("at {}, the hold ends at {}", envelope.arrived, order.expires_at));
        }
        let moves = self.unpaid_moves(order, |at| at.free);
        self.book_same(seq, moves, &e.moves)?;
        let order = self.order_mut(e.order)?;
        order.state = OrderState::Expired;
        order.subs.iter_mut().filter(|s| s.stage == Stage::Promised).for_each(|s| s.waiting = 0);
        set_stage(order, Stage::Held, Stage::Expired);
        set_stage(order, Stage::Promised, Stage::Expired);
        self.tidy();
        Ok(())
    }

    fn hold_extended(&mut self, e: &HoldExtended, envelope: &Envelope) -> Result<(), String> {
        let order = self.order_mut(e.order)?;
        expect_state(order, OrderState::Held)?;
        if envelope.arrived >= order.expires_at || e.until <= order.expires_at {
            return Err(format!("from {} to {} at {}", order.expires_at, e.until, envelope.arrived));
        }
        order.expires_at = e.until;
        Ok(())
    }

    fn order_cancelled(&mut self, seq: Seq, e: &OrderCancelled, envelope: &Envelope) -> Result<(), String> {
        let order = self.order(e.order)?;
        if !matches!(order.state, OrderState::Held | OrderState::Paid) {
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
                moves.push(Move { units: Units(units), ..take_move(sub, take, at.at, at.free) });
                if matches!(at.at, Bucket::Promised(_)) && units > 0 {
                    *waiting.entry(take.sub.0).or_default() += units;
                }
            }
        }
        if waiting != e.waiting.iter().map(|(no, units)| (no.0, units.0)).collect() {
            return Err(format!("says {:?} were yet to come, it was {waiting:?}", e.waiting));
        }
        self.book_same(seq, moves, &e.moves)?;
        let order = self.order_mut(e.order)?;
        for take in &e.takes {
            order.sub_mut(take.sub.0)?.take(take)?;
        }
        for (no, units) in waiting {
            order.sub_mut(no)?.waiting -= units;
        }
        for (sku, units) in &e.review {
            take_review(order, *sku, units.0)?;
        }
        close_empty(order);
        order.subs.iter_mut().for_each(Sub::settle);
        if order.subs.iter().all(|s| matches!(s.stage, Stage::Cancelled | Stage::Expired)) && order.review.is_empty() {
            order.state = OrderState::Cancelled;
        }
        self.tidy();
        Ok(())
    }

    fn sub_stepped(&mut self, seq: Seq, e: &SubStepped) -> Result<(), String> {
        let order = self.order(e.order)?;
        expect_state(order, OrderState::Paid)?;
        let sub = order.sub(e.sub.0)?;
        let stage = match lifecycle::step(sub.stage, &e.step) {
            Walk::To(stage) => stage,
            Walk::Stays => sub.stage,
            Walk::No => return Err(format!("{:?} of a sub-order that is {:?}", e.step, sub.stage)),
        };
        if stage != e.stage {
            return Err(format!("{:?} leads from {:?} to {stage:?}, not {:?}", e.step, sub.stage, e.stage));
        }
        self.steps_done_before(sub, &e.step)?;
        let moves = match lifecycle::moves_of(&e.step) {
            Some((from, to)) => sub_moves(sub, |_| (from, to)).collect(),
            None => Vec::new(),
        };
        self.book_same(seq, moves, &e.moves)?;
        let sub = self.order_mut(e.order)?.sub_mut(e.sub.0)?;
        sub.stage = stage;
        sub.done.insert(lifecycle::name(&e.step));
        if let PlainStep::Label(waybill) = &e.step {
            sub.waybill = Some(waybill.clone());
        }
        Ok(())
    }

    /// The steps that the rules want before this one.
    pub(super) fn steps_done_before(&self, sub: &Sub, step: &PlainStep) -> Result<(), String> {
        let name = lifecycle::name(step);
        let before = self.world.as_ref().map(|w| w.steps_before(name)).unwrap_or_default();
        match before.iter().find(|b| lifecycle::is_warehouse_step(name) && !sub.done.contains(b.as_str())) {
            Some(missing) => Err(format!("{name} before {missing}")),
            None => Ok(()),
        }
    }

    fn pick_shorted(&mut self, seq: Seq, e: &PickShorted) -> Result<(), String> {
        let order = self.order(e.order)?;
        expect_state(order, OrderState::Paid)?;
        let sub = order.sub(e.sub.0)?;
        if !matches!(sub.stage, Stage::Allocated | Stage::Picking) || e.missing.is_empty() {
            return Err(format!("of a sub-order that is {:?}", sub.stage));
        }
        let mut missing: BTreeMap<SkuId, u64> = BTreeMap::new();
        let mut moves = Vec::new();
        for take in &e.missing {
            *missing.entry(take.sku).or_default() += take.units.0;
            let from = sub.bucket(take.pool).ok_or("its units are nowhere")?;
            moves.push(take_move(sub, take, from, sub.free_bucket(take.pool)));
            if !sub.from_supplier {
                moves.push(take_move(sub, take, Bucket::Short, WRITE_OFF));
            }
        }
        let excluded = missing.keys().map(|sku| (*sku, sub.warehouse)).collect();
        self.book_same(seq, moves, &e.moves)?;
        let asked = Asked { excluded, ..Asked::again(&missing) };
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
        close_empty(order);
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

    fn return_received(&mut self, seq: Seq, e: &ReturnReceived) -> Result<(), String> {
        let order = self.order(e.order)?;
        let mut moves = Vec::new();
        for take in &e.takes {
            let sub = order.sub(take.sub.0)?;
            if !matches!(sub.stage, Stage::PickedUp | Stage::Delivered | Stage::Confirmed) {
                return Err(format!("from a sub-order that is {:?}", sub.stage));
            }
            let from = sub.bucket(take.pool).ok_or("its units are nowhere")?;
            moves.push(take_move(sub, take, from, Bucket::Inspection));
        }
        self.book_same(seq, moves, &e.moves)?;
        let order = self.order_mut(e.order)?;
        for take in &e.takes {
            let line = order.sub_mut(take.sub.0)?.lines.get_mut(&(take.sku, take.pool)).ok_or("no such line")?;
            if take.units.0 > line.out() {
                return Err(format!("{} units came back, {} are out", take.units, line.out()));
            }
            line.inspection += take.units.0;
            line.returned += take.units.0;
        }
        Ok(())
    }

    fn return_inspected(&mut self, seq: Seq, e: &ReturnInspected) -> Result<(), String> {
        let taken: u64 = e.takes.iter().map(|t| t.units.0).sum();
        if e.intact.0 + e.damaged.0 != taken {
            return Err(format!("{} intact and {} damaged of {taken}", e.intact, e.damaged));
        }
        let order = self.order(e.order)?;
        let mut allowed: BTreeMap<_, u64> = BTreeMap::new();
        for take in &e.takes {
            let sub = order.sub(take.sub.0)?;
            *allowed.entry((take.sku, sub.warehouse, sub.free_bucket(take.pool))).or_default() += take.units.0;
        }
        let (mut intact, mut damaged) = (0, 0);
        for m in &e.moves {
            match (m.from, m.to) {
                (Bucket::Inspection, Bucket::Damaged) => damaged += m.units.0,
                (Bucket::Inspection, to) => {
                    let left = allowed.get_mut(&(m.sku, m.warehouse, to)).ok_or("goes back to where it never was")?;
                    *left = left.checked_sub(m.units.0).ok_or("more goes back to a pool than came from it")?;
                    intact += m.units.0;
                }
                (from, to) => return Err(format!("moves units from {from} to {to}")),
            }
        }
        if (intact, damaged) != (e.intact.0, e.damaged.0) {
            return Err(format!("moves {intact} intact and {damaged} damaged units"));
        }
        self.book_all(seq, &e.moves, false)?;
        let order = self.order_mut(e.order)?;
        for take in &e.takes {
            let line = order.sub_mut(take.sub.0)?.lines.get_mut(&(take.sku, take.pool)).ok_or("no such line")?;
            line.inspection = line.inspection.checked_sub(take.units.0).ok_or("more than is in inspection")?;
        }
        Ok(())
    }

    fn review_routed(&mut self, seq: Seq, e: &ReviewRouted) -> Result<(), String> {
        expect_state(self.order(e.order)?, OrderState::Paid)?;
        let demand: BTreeMap<SkuId, u64> = e.units.iter().map(|(sku, units)| (*sku, units.0)).collect();
        let order = self.order_mut(e.order)?;
        for (sku, units) in &demand {
            take_review(order, *sku, *units)?;
        }
        let asked = Asked::again(&demand);
        self.reroute(seq, e.order, Some(&e.decision), &asked)
    }

    pub(super) fn order(&self, id: OrderId) -> Result<&Order, String> {
        self.orders.get(&id).ok_or_else(|| format!("there is no order {id}"))
    }

    pub(super) fn order_mut(&mut self, id: OrderId) -> Result<&mut Order, String> {
        self.orders.get_mut(&id).ok_or_else(|| format!("there is no order {id}"))
    }

    /// Books the movements that must be, after comparing them with those the event lists.
    fn book_same(&mut self, seq: Seq, mut must: Vec<Move>, listed: &[Move]) -> Result<(), String> {
        must.retain(|m| m.units.0 > 0);
        let (wanted, found) = (summed(&must), summed(listed));
        if wanted != found {
            return Err(format!("it moves {found:?}, it should move {wanted:?}"));
        }
        self.book_all(seq, listed, false)
    }

    pub(super) fn book_all(&mut self, seq: Seq, moves: &[Move], adjusted: bool) -> Result<(), String> {
        moves.iter().try_for_each(|m| self.ledger.book(seq, *m, adjusted))
    }
}

/// The order an event is about.
pub fn order_of(event: &Event) -> Option<OrderId> {
    match event {
        Event::WorldApplied(_)
        | Event::RulesApplied(_)
        | Event::SkusDefined(_)
        | Event::StockMoved(_)
        | Event::StockCounted(_)
        | Event::SafetySet(_)
        | Event::InboundChanged(_) => None,
        Event::OrderPromised(e) => Some(e.placed.order),
        Event::OrderPromisedLate(e) => Some(e.late.order),
        Event::OrderPlaced(e) => Some(e.order),
        Event::OrderPaid(e) => Some(e.order),
        Event::OrderPaidLate(e) => Some(e.order),
        Event::RefundDue(e) => Some(e.order),
        Event::OrderExpired(e) => Some(e.order),
        Event::HoldExtended(e) => Some(e.order),
        Event::OrderCancelled(e) => Some(e.order),
        Event::SubStepped(e) => Some(e.order),
        Event::PickShorted(e) => Some(e.order),
        Event::ReturnReceived(e) => Some(e.order),
        Event::ReturnInspected(e) => Some(e.order),
        Event::ReviewRouted(e) => Some(e.order),
    }
}

/// What a timeline calls the event.
fn moment(event: &Event) -> &'static str {
    match event {
        Event::SubStepped(e) => lifecycle::name(&e.step),
        // What a customer did is the same, whether the goods are here or not.
        Event::OrderPromised(_) => "order_placed",
        other => other.name(),
    }
}

/// The sub-order an event is about.
fn sub_of(event: &Event) -> Option<u16> {
    match event {
        Event::SubStepped(e) => Some(e.sub.0),
        Event::PickShorted(e) => Some(e.sub.0),
        Event::ReturnReceived(e) => e.takes.first().map(|t| t.sub.0),
        Event::ReturnInspected(e) => e.takes.first().map(|t| t.sub.0),
        _ => None,
    }
}

/// What an expired order would need to be held anew.
pub fn expired_demand(order: &Order) -> BTreeMap<SkuId, u64> {
    let mut demand = BTreeMap::new();
    for sub in order.subs.iter().filter(|s| s.stage == Stage::Expired) {
        for ((sku, _), line) in sub.lines.iter().filter(|(_, l)| l.units > 0) {
            *demand.entry(*sku).or_default() += line.units;
        }
    }
    demand
}

pub(super) fn expect_state(order: &Order, state: OrderState) -> Result<(), String> {
    if order.state == state { Ok(()) } else { Err(format!("the order is {:?}, not {state:?}", order.state)) }
}

fn set_stage(order: &mut Order, from: Stage, to: Stage) {
    order.subs.iter_mut().filter(|s| s.stage == from).for_each(|s| s.stage = to);
}

/// A sub-order that lost its last unit before it left is given up.
fn close_empty(order: &mut Order) {
    order.subs.iter_mut().filter(|s| s.is_inside() && s.units() == 0).for_each(|s| s.stage = Stage::Cancelled);
}

fn take_review(order: &mut Order, sku: SkuId, units: u64) -> Result<(), String> {
    let left = order.review.get(&sku).copied().unwrap_or(0);
    match left.checked_sub(units) {
        None => return Err(format!("takes {units} of SKU {sku} out of review, {left} are in it")),
        Some(0) => order.review.remove(&sku),
        Some(left) => order.review.insert(sku, left),
    };
    Ok(())
}

fn sub_moves(
    sub: &Sub,
    buckets: impl Fn(stockade_core::ids::PoolId) -> (Bucket, Bucket),
) -> impl Iterator<Item = Move> {
    sub.lines.iter().map(move |((sku, pool), line)| {
        let (from, to) = buckets(*pool);
        Move { sku: *sku, warehouse: sub.warehouse, from, to, units: Units(line.out()) }
    })
}

fn take_move(sub: &Sub, take: &SubTake, from: Bucket, to: Bucket) -> Move {
    Move { sku: take.sku, warehouse: sub.warehouse, from, to, units: take.units }
}

type Summed = BTreeMap<(SkuId, stockade_core::ids::WarehouseId, Bucket, Bucket), u64>;

fn summed(moves: &[Move]) -> Summed {
    let mut sums = Summed::new();
    for m in moves {
        *sums.entry((m.sku, m.warehouse, m.from, m.to)).or_default() += m.units.0;
    }
    sums
}
