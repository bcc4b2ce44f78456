//! The verdict on promises, and on orders that stock alone does not serve.

use std::collections::{BTreeMap, BTreeSet};

use stockade_core::decision::{Decision, SubKind};
use stockade_core::event::{Envelope, Event, OrderPlaced, OrderPromised, OrderPromisedLate, Promised};
use stockade_core::ids::{Code, OrderId, PoolId, ReceiptNo, Seq, SkuId, SubNo, WarehouseId};
use stockade_core::orders::{OrderState, Stage};
use stockade_core::reply::Reply;
use stockade_core::stock::{Bucket, Move, Outside};
use stockade_core::time::Day;
use stockade_core::units::Units;

use super::Model;
use super::allowed::{Allowed, Outcome};
use super::cover::{Cover, Wish};
use super::decision::Asked;
use super::money::told_of;
use super::orders::{Order, Sub};
use super::replies::{paid_late, placed};
use super::verdict::{Entry, Verdict};

const SUPPLIER: Bucket = Bucket::Outside(Outside::Supplier);

/// Units of a line in one bucket, and where they go when they are given up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct At {
    /// Where they stand.
    pub at: Bucket,
    /// Where they go.
    pub free: Bucket,
    /// Units that stand there.
    pub units: u64,
}

/// What is on hand of a demand, and what is left of it.
type Shares = (BTreeMap<SkuId, u64>, BTreeMap<SkuId, u64>);

impl Model {
    /// Where a line's units stand: promised ones, the latest first, then those that are here.
    pub(super) fn standing(&self, order: OrderId, no: u16, sub: &Sub, sku: SkuId, pool: PoolId) -> Vec<At> {
        let Some(line) = sub.lines.get(&(sku, pool)) else { return Vec::new() };
        let mut standing = Vec::new();
        let mut left = line.units;
        if sub.stage.is_ahead() {
            for (ticket, receipt, units) in self.tickets(order, no, sub.warehouse, sku, pool) {
                let free = if receipt == ReceiptNo::NONE { SUPPLIER } else { Bucket::Inbound(receipt) };
                standing.push(At { at: Bucket::Promised(ticket), free, units });
                left -= units;
            }
        }
        if let Some(at) = sub.bucket(pool).filter(|_| left > 0) {
            standing.push(At { at, free: sub.free_bucket(pool), units: left });
        }
        standing
    }

    /// Movements of everything that an unpaid order holds and was promised.
    pub(super) fn unpaid_moves(&self, order: &Order, to: impl Fn(&At) -> Bucket) -> Vec<Move> {
        let mut moves = Vec::new();
        for (no, sub) in (1u16..).zip(&order.subs).filter(|(_, s)| matches!(s.stage, Stage::Held | Stage::Promised)) {
            for (sku, pool) in sub.lines.keys() {
                for at in self.standing(order.id, no, sub, *sku, *pool) {
                    let (sku, warehouse) = (*sku, sub.warehouse);
                    moves.push(Move { sku, warehouse, from: at.at, to: to(&at), units: Units(at.units) });
                }
            }
        }
        moves
    }

    fn order_promised(&mut self, seq: Seq, e: &OrderPromised, envelope: &Envelope) -> Result<(), String> {
        let demand = demand_of(std::iter::once(&e.placed.decision).chain(&e.ahead));
        let mut order = self.new_order(seq, &e.placed, demand, envelope)?;
        self.check_parts(&order, &e.placed.decision, &e.ahead, &e.made, false)?;
        order.subs = e.placed.decision.subs.iter().map(|s| Sub::planned(s, Stage::Held)).collect();
        order.subs.extend(e.ahead.iter().flat_map(|d| &d.subs).map(|s| Sub::planned(s, Stage::Promised)));
        self.book_decision(seq, &e.placed.decision, true)?;
        e.made.iter().try_for_each(|made| self.promise(seq, made))?;
        self.orders.insert(order);
        Ok(())
    }

    fn order_promised_late(&mut self, seq: Seq, e: &OrderPromisedLate) -> Result<(), String> {
        let mut order = self.order(e.late.order)?.clone();
        order.must_be(OrderState::Expired)?;
        if demand_of(std::iter::once(&e.late.decision).chain(&e.ahead)) != order.expired_demand() {
            return Err("serves something else than what expired".to_owned());
        }
        self.check_parts(&order, &e.late.decision, &e.ahead, &e.made, true)?;
        self.book_decision(seq, &e.late.decision, false)?;
        e.made.iter().try_for_each(|made| self.promise(seq, made))?;
        order.state = OrderState::Paid;
        order.rules_version = self.rules_version;
        order.subs.extend(e.late.decision.subs.iter().map(|s| Sub::planned(s, Stage::Allocated)));
        order.subs.extend(e.ahead.iter().flat_map(|d| &d.subs).map(|s| Sub::planned(s, Stage::Waiting)));
        *self.order_mut(e.late.order)? = order;
        Ok(())
    }

    /// What is on hand serves first; the rest is promised, of the earliest receipts, in parcels of its own.
    fn check_parts(
        &self,
        order: &Order,
        here: &Decision,
        ahead: &[Decision],
        made: &[Promised],
        any_pool: bool,
    ) -> Result<(), String> {
        let world = self.world.as_ref().ok_or("there is no world yet")?;
        if ahead.is_empty() || !world.channel(order.channel).is_some_and(|channel| channel.presale) {
            return Err("promises, and nothing is left to promise or the channel may not".to_owned());
        }
        let parcels = here.subs.len() + ahead.iter().map(|decision| decision.subs.len()).sum::<usize>();
        let bound = if order.ship_complete { Some(1) } else { order.max_parcels };
        if bound.is_some_and(|most| parcels > usize::from(most)) {
            return Err(format!("{parcels} parcels, {bound:?} are allowed"));
        }
        let on_hand = demand_of([here]);
        let asked = |demand: &BTreeMap<SkuId, u64>| Asked { any_pool, ..Asked::of(demand, None) };
        if here.subs.is_empty() {
            if (here.score.0, here.bound.0, here.seen.len()) != (0, 0, 0) {
                return Err(format!("a plan of nothing: {here:?}"));
            }
        } else {
            self.check_decision(order, here, &asked(&on_hand))?;
        }
        let pools = self.pools_for(order.channel, any_pool);
        let wish = self.wish(order, &pools, bound);
        let rest = demand_of(ahead);
        let mut whole = on_hand.clone();
        rest.iter().for_each(|(sku, units)| *whole.entry(*sku).or_default() += units);
        if self.shares(&wish, &whole) != (on_hand, rest) {
            return Err("does not take what is on hand first".to_owned());
        }
        let mut no = order.subs.len() + here.subs.len();
        for decision in ahead {
            let demand = demand_of([decision]);
            if decision.subs.iter().any(|sub| sub.from_supplier || sub.kind == SubKind::Regular) {
                return Err("promises what is on hand".to_owned());
            }
            self.check_parcels(order, decision, &asked(&demand))?;
            for sub in &decision.subs {
                no += 1;
                let ours = made.iter().filter(|m| m.order == order.id && usize::from(m.sub.0) == no);
                self.check_promises(sub, &ours.collect::<Vec<_>>())?;
            }
        }
        self.check_earliest(&wish, made, bound)
    }

    /// The promises to a sub-order are what is in it, and it says the day of the last.
    fn check_promises(&self, sub: &stockade_core::decision::PlannedSub, ours: &[&Promised]) -> Result<(), String> {
        let mut wanted: BTreeMap<(SkuId, PoolId), u64> = BTreeMap::new();
        sub.lines.iter().for_each(|line| *wanted.entry((line.sku, line.pool)).or_default() += line.units.0);
        let mut promised: BTreeMap<(SkuId, PoolId), u64> = BTreeMap::new();
        let mut last = Day(0);
        for made in ours {
            *promised.entry((made.sku, made.pool)).or_default() += made.units.0;
            let inbound = self.inbound_of(made.sku, sub.warehouse);
            let receipt = inbound.receipts.get(&made.receipt).ok_or("promises of a receipt there is none of")?;
            last = last.max(receipt.day);
            if made.warehouse != sub.warehouse || made.rank != made.ticket {
                return Err(format!("{made:?} does not belong to {sub:?}"));
            }
        }
        if (promised, sub.kind) != (wanted, SubKind::Presale(last)) {
            return Err(format!("promises {ours:?} for {sub:?}"));
        }
        Ok(())
    }

    /// Each cell gives its earliest units, never more than can be promised; and where nothing stands against it each SKU
    /// comes by the earliest day it can.
    fn check_earliest(&self, wish: &Wish<'_>, made: &[Promised], bound: Option<u16>) -> Result<(), String> {
        let mut cells: BTreeMap<(SkuId, WarehouseId), BTreeMap<(ReceiptNo, PoolId), u64>> = BTreeMap::new();
        for m in made {
            *cells.entry((m.sku, m.warehouse)).or_default().entry((m.receipt, m.pool)).or_default() += m.units.0;
        }
        let mut latest: BTreeMap<SkuId, (Day, u64)> = BTreeMap::new();
        for ((sku, warehouse), taken) in &cells {
            let mut left: u64 = taken.values().sum();
            let sum = latest.entry(*sku).or_default();
            sum.1 += left;
            let mut must = BTreeMap::new();
            for (day, receipt, pool, units) in self.promisable(*sku, *warehouse, wish.pools) {
                let units = units.min(left);
                left -= units;
                if units > 0 {
                    must.insert((receipt, pool), units);
                    sum.0 = sum.0.max(day);
                }
            }
            if left > 0 || *taken != must {
                return Err(format!("SKU {sku} at {warehouse} promised of {taken:?}, should be {must:?}"));
            }
        }
        if bound.is_some() || self.has_ceilings(wish) {
            return Ok(());
        }
        for (sku, (last, units)) in latest {
            if self.window(wish, sku, units) != Some(last) {
                return Err(format!(
                    "SKU {sku} is promised by {last}, {:?} was possible",
                    self.window(wish, sku, units)
                ));
            }
        }
        Ok(())
    }

    /// The allowed outcomes of an order that stock alone does not serve. `plain` is its cover without presale.
    pub(super) fn judge_presale(&self, wish: &Wish<'_>, plain: Cover) -> Allowed {
        let refused =
            |codes: &[&'static str]| Allowed { refused: codes.iter().copied().collect(), ..Allowed::default() };
        if plain == Cover::Yes {
            return Allowed::must();
        }
        let mut short = Vec::new();
        for (sku, wanted) in wish.demand {
            let total = self.everywhere(wish, *sku, |_| true);
            if total.is_some_and(|total| total < *wanted) {
                let code: Code = self.skus[sku.index()].code.clone();
                short.push((code, Units(*wanted), Units(total.unwrap_or(0))));
            }
        }
        if !short.is_empty() {
            return Allowed { short, ..Allowed::refuse("insufficient_stock") };
        }
        let unserved = refused(&["unroutable", "carrier_not_eligible"]);
        match self.promisable_at_all(wish) {
            Some(true) => Allowed::must(),
            Some(false) if plain != Cover::Open => unserved,
            _ => Allowed { done: true, ..unserved },
        }
    }

    /// Whether promises serve what is not on hand: `None` when it depends on the cost or the number of parcels.
    pub(super) fn promisable_at_all(&self, wish: &Wish<'_>) -> Option<bool> {
        let (_, rest) = self.shares(wish, wish.demand);
        if !rest.iter().all(|(sku, units)| self.window(wish, *sku, *units).is_some()) {
            return Some(false);
        }
        // Without a rest there is a way for all that is on hand, and yet it was refused.
        if rest.is_empty() || wish.max_parcels.is_some() || self.has_ceilings(wish) { None } else { Some(true) }
    }

    /// What an order wants, without its demand.
    pub(super) fn wish<'a>(&self, order: &'a Order, pools: &'a [PoolId], bound: Option<u16>) -> Wish<'a> {
        let zone = order.zone.as_ref().map(|z| z.as_str());
        Wish { demand: &order.demand, zone, carrier: order.carrier, pools, max_parcels: bound, without: None }
    }

    /// A demand in what is on hand where it can be shipped from, and the rest; all of it is the rest when it must go in one
    /// parcel.
    fn shares(&self, wish: &Wish<'_>, demand: &BTreeMap<SkuId, u64>) -> Shares {
        let (mut here, mut rest) = (BTreeMap::new(), BTreeMap::new());
        let reached = self.reached(wish);
        for (sku, wanted) in demand {
            let each = reached.iter().map(|w| self.drawable(*sku, *w, wish.pools));
            let there = each.fold(0u64, |sum, n| n.map_or(u64::MAX, |n| sum.saturating_add(n)));
            let there = if wish.max_parcels == Some(1) { 0 } else { there.min(*wanted) };
            for (part, units) in [(&mut here, there), (&mut rest, wanted - there)] {
                if units > 0 {
                    part.insert(*sku, units);
                }
            }
        }
        (here, rest)
    }

    fn reached(&self, wish: &Wish<'_>) -> BTreeSet<WarehouseId> {
        let lanes = self.world.iter().flat_map(|world| world.lanes(wish.zone));
        lanes.filter(|lane| wish.carrier.is_none_or(|c| c == lane.carrier)).map(|lane| lane.warehouse).collect()
    }

    fn has_ceilings(&self, wish: &Wish<'_>) -> bool {
        let mut lanes = self.world.iter().flat_map(|world| world.lanes(wish.zone));
        lanes.any(|lane| lane.ceiling.is_some() || lane.penalty.is_none())
    }

    /// The earliest day by which that many units are due where they can be shipped from.
    fn window(&self, wish: &Wish<'_>, sku: SkuId, units: u64) -> Option<Day> {
        let mut parts: Vec<(Day, u64)> = Vec::new();
        for warehouse in self.reached(wish) {
            parts.extend(self.promisable(sku, warehouse, wish.pools).into_iter().map(|part| (part.0, part.3)));
        }
        parts.sort_unstable();
        let mut left = units;
        parts.into_iter().find_map(|(day, units)| {
            left = left.saturating_sub(units);
            (left == 0).then_some(day)
        })
    }

    /// Units on hand and to be promised at some warehouses; `None` when there is no end to them.
    fn everywhere(&self, wish: &Wish<'_>, sku: SkuId, at: impl Fn(&WarehouseId) -> bool) -> Option<u64> {
        let mut total = 0u64;
        for warehouse in self.world.as_ref()?.warehouses.keys().filter(|w| at(w)) {
            let ahead: u64 = self.promisable(sku, *warehouse, wish.pools).iter().map(|part| part.3).sum();
            total = total.saturating_add(self.drawable(sku, *warehouse, wish.pools)?).saturating_add(ahead);
        }
        Some(total)
    }
}

/// Units by SKU that decisions serve.
fn demand_of<'a>(decisions: impl IntoIterator<Item = &'a Decision>) -> BTreeMap<SkuId, u64> {
    let mut demand: BTreeMap<SkuId, u64> = BTreeMap::new();
    for line in decisions.into_iter().flat_map(|d| &d.subs).flat_map(|s| &s.lines) {
        *demand.entry(line.sku).or_default() += line.units.0;
    }
    demand
}

impl Verdict for OrderPromised {
    fn subject(&self) -> Option<(OrderId, Option<SubNo>)> {
        Some((self.placed.order, None))
    }

    fn take_in(&self, model: &mut Model, entry: &Entry<'_>) -> Result<(), String> {
        model.order_promised(entry.seq, self, entry.envelope)
    }

    fn reply(&self, after: &Model, seq: Seq) -> Result<Reply, String> {
        placed(after, seq, &self.placed, &self.placed.decision.joined(&self.ahead))
    }

    /// A customer does the same, whether the goods are here or not.
    fn moment(&self) -> Option<&'static str> {
        Some(Event::name_of::<Box<OrderPlaced>>())
    }
}

impl Verdict for OrderPromisedLate {
    fn subject(&self) -> Option<(OrderId, Option<SubNo>)> {
        Some((self.late.order, None))
    }

    fn take_in(&self, model: &mut Model, entry: &Entry<'_>) -> Result<(), String> {
        model.order_promised_late(entry.seq, self)?;
        model.pays(self.late.order, &self.late.payment, entry)
    }

    fn reason_in(&self, _after: &Model) -> Option<String> {
        told_of(&self.late.payment)
    }

    fn reply(&self, after: &Model, seq: Seq) -> Result<Reply, String> {
        let late = self.late.decision.subs.len() + self.ahead.iter().map(|d| d.subs.len()).sum::<usize>();
        paid_late(after, seq, self.late.order, late)
    }

    fn outcome(&self) -> Option<Outcome> {
        Some(Outcome::PaidLate)
    }
}
