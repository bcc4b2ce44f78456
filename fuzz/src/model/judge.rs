//! The allowed outcomes of a command, given the state before it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use stockade_core::command::{CancelScope, Command, Line, OrderRef, Place, Request, StepAction, TakeStep};
use stockade_core::ids::{OrderId, SkuId};
use stockade_core::limits::{HOLD_TTL_MAX, PAST_MAX, SKEW};
use stockade_core::orders::{OrderState, Stage};
use stockade_core::time::Time;
use stockade_core::units::Units;

use super::allowed::{Allowed, Outcome};
use super::cover::{Cover, Wish};
use super::judge_losses::judge_count_shelf;
use super::judge_stock::{judge_safety, judge_skus};
use super::lifecycle::{self, Walk};
use super::orders::{Order, Sub};
use super::{Model, bounds};

impl Model {
    /// The allowed outcomes of a command that was never sent before, given the state and the time.
    pub fn judge(&self, request: &Request, now: Time) -> Allowed {
        if request.key.is_none() && !matches!(request.command, Command::Place(_) | Command::CloseRefund(_)) {
            return Allowed::refuse("invalid");
        }
        if bounds::exceeded(request) {
            return Allowed::refuse("invalid");
        }
        if request.occurred.is_some_and(|occurred| occurred > now + SKEW || occurred < now - PAST_MAX) {
            return Allowed::refuse("invalid");
        }
        let early = |order: &Order| request.occurred.is_some_and(|at| order.timeline[0].occurred > at + SKEW);
        let on = |named: &OrderRef, verdict: &dyn Fn(&Order, OrderState) -> Allowed| match self.find(named) {
            Ok(order) if early(order) => Allowed::refuse("invalid"),
            Ok(order) => verdict(order, state_at(order, now)),
            Err(code) => Allowed::refuse(code),
        };
        match &request.command {
            Command::Place(c) => self.judge_place(c),
            Command::Pay(c) if matches!(self.find(&c.order), Err("unknown_order")) => self.judge_unplaced(c),
            Command::Pay(c) => on(&c.order, &|order, state| self.judge_pay(order, state, c)),
            Command::CloseRefund(c) => self.judge_close(c),
            Command::Cancel(c) => on(&c.order, &|order, state| self.judge_cancel(order, state, &c.scope)),
            Command::ExtendHold(c) => on(&c.order, &|order, state| judge_extend(order, state, c.until, now)),
            Command::Step(c) => on(&c.order, &|order, state| self.judge_step(order, state, c)),
            Command::Reroute(c) => {
                on(&c.order, &|order, state| self.judge_reroute(order, state, order.parcels_for_review()))
            }
            Command::Raise(c) => on(&c.order, &|order, state| self.judge_raise(order, state, c)),
            Command::Split(c) => on(&c.order, &|order, state| self.judge_split(order, state, c)),
            Command::RerouteApart(c) => on(&c.order, &|order, state| self.judge_reroute(order, state, None)),
            Command::ApplyWorld(c) => self.judge_world(c),
            Command::ApplyRules(c) => self.judge_named(|_| self.judge_rules(c)),
            Command::DefineSkus(c) => judge_skus(c),
            Command::ClearSkus(c) => self.judge_clear(c),
            Command::Receive(c) => self.judge_named(|names| self.judge_receive(c, names)),
            Command::Adjust(c) => self.judge_named(|names| self.judge_adjust(c, names)),
            Command::Count(c) => self.judge_named(|names| self.judge_count(c, names)),
            Command::Transfer(c) => self.judge_named(|names| self.judge_transfer(c, names)),
            Command::Arrive(c) => self.judge_named(|names| self.judge_arrive(c, names)),
            Command::BookLoss(c) => self.judge_named(|names| self.judge_loss(c, names)),
            Command::Recall(c) => self.judge_named(|names| self.judge_recall(c, names)),
            Command::CountShelf(c) => self.judge_named(|names| judge_count_shelf(c, names)),
            Command::MovePool(c) => self.judge_named(|names| self.judge_move_pool(c, names)),
            Command::SetSafety(c) => self.judge_named(|names| judge_safety(c, names)),
            Command::Expect(c) => self.judge_named(|names| self.judge_expect(c, now, names)),
        }
    }

    /// The order a reference means.
    pub fn find(&self, reference: &OrderRef) -> Result<&Order, &'static str> {
        let id: OrderId = match reference {
            OrderRef::Id(id) => *id,
            OrderRef::Number { channel, number } => {
                let world = self.world.as_ref().ok_or("unavailable")?;
                let channel = world.channel_id(channel).ok_or("unknown_channel")?;
                *self.numbers.get(&(channel, number.clone())).ok_or("unknown_order")?
            }
        };
        self.orders.get(id).ok_or("unknown_order")
    }

    fn judge_place(&self, place: &Place) -> Allowed {
        let Some(world) = &self.world else { return Allowed::refuse("unavailable") };
        let mut wrong = Allowed::default();
        let Some(channel) = world.channel_id(&place.channel) else { return Allowed::refuse("unknown_channel") };
        let rules = &world.channels[&channel];
        let carrier = place.carrier.as_ref().map(|c| world.carrier_id(c));
        if carrier == Some(None) {
            wrong.refused.insert("unknown_carrier");
        }
        if place.lines.iter().any(|l| self.sku(&l.sku).is_none()) {
            wrong.refused.insert("unknown_sku");
        }
        if !wrong.refused.is_empty() {
            return wrong;
        }
        let wish = Wish {
            demand: &self.merged(&place.lines),
            zone: place.zone.as_ref().map(|z| z.as_str()),
            carrier: carrier.flatten(),
            pools: &rules.pools,
            max_parcels: world.most_parcels(rules, place.ship_complete, place.max_parcels),
            without: None,
        };
        if rules.presale { self.judge_presale(&wish, self.cover(&wish)) } else { self.serve(&wish) }
    }

    /// Served if it can be; the refusal otherwise.
    pub(super) fn serve(&self, wish: &Wish<'_>) -> Allowed {
        match self.cover(wish) {
            Cover::Yes => Allowed::must(),
            Cover::NotEligible => Allowed::refuse("carrier_not_eligible"),
            Cover::No => Allowed::refuse("unroutable"),
            Cover::Open => Allowed::must().or_refuse("unroutable"),
            Cover::Short(short) => {
                let code = |sku: SkuId| self.skus[sku.index()].code.clone();
                let short = short.into_iter().map(|(sku, w, there)| (code(sku), Units(w), Units(there)));
                Allowed { short: short.collect(), ..Allowed::refuse("insufficient_stock") }
            }
        }
    }

    /// Lines with each SKU once.
    pub fn merged(&self, lines: &[Line]) -> BTreeMap<SkuId, u64> {
        let mut demand = BTreeMap::new();
        for line in lines {
            if let Some(sku) = self.sku(&line.sku) {
                *demand.entry(sku).or_default() += line.units.0;
            }
        }
        demand
    }

    fn judge_reroute(&self, order: &Order, state: OrderState, max_parcels: Option<u16>) -> Allowed {
        if state != OrderState::Paid || order.review.is_empty() {
            return Allowed::refuse("illegal_step");
        }
        if max_parcels == Some(0) {
            return Allowed::refuse("unroutable");
        }
        let pools = self.pools_for(order.channel, false);
        self.serve(&Wish { max_parcels, ..self.again(order, &order.review, &pools) })
    }

    /// A payment that comes too late is served from any pool if it can be; else the money is owed back.
    pub(super) fn judge_late(&self, order: &Order) -> Allowed {
        let mut after = Cow::Borrowed(self);
        if order.state == OrderState::Held {
            after.to_mut().release(order.id);
        }
        let Some(expired) = after.orders.get(order.id) else { return Allowed::default() };
        let pools = after.pools_for(order.channel, true);
        let demand = expired.expired_demand();
        let wish = Wish { max_parcels: order.limit(), ..after.again(order, &demand, &pools) };
        let presale = self.world.as_ref().and_then(|w| w.channel(order.channel)).is_some_and(|c| c.presale);
        match after.cover(&wish) {
            Cover::Yes => Allowed::change(Outcome::PaidLate),
            Cover::Open => Allowed::must(),
            Cover::Short(_) | Cover::NotEligible | Cover::No if presale => match after.promisable_at_all(&wish) {
                Some(true) => Allowed::change(Outcome::PaidLate),
                Some(false) => Allowed::change(Outcome::RefundDue),
                None => Allowed::must(),
            },
            Cover::Short(_) | Cover::NotEligible | Cover::No => Allowed::change(Outcome::RefundDue),
        }
    }

    pub(super) fn again<'a>(
        &self,
        order: &'a Order,
        demand: &'a BTreeMap<SkuId, u64>,
        pools: &'a [stockade_core::ids::PoolId],
    ) -> Wish<'a> {
        let zone = order.zone.as_ref().map(|z| z.as_str());
        Wish { demand, zone, carrier: order.carrier, pools, max_parcels: None, without: None }
    }

    fn judge_cancel(&self, order: &Order, state: OrderState, scope: &CancelScope) -> Allowed {
        if !matches!(state, OrderState::Held | OrderState::Paid) {
            return match scope {
                CancelScope::Order if state == OrderState::Expired => Allowed::change(Outcome::Lapsed),
                CancelScope::Units(line) if self.sku(&line.sku).is_none() => {
                    Allowed::refuse("illegal_step").or_refuse("unknown_sku")
                }
                CancelScope::Units(_) | CancelScope::Order | CancelScope::Sub(_) => Allowed::refuse("illegal_step"),
            };
        }
        match scope {
            CancelScope::Order => {
                let mut left = order.subs.iter().filter(|s| !s.is_gone() && s.stage != Stage::Lost).peekable();
                let is_some_left = left.peek().is_some() || !order.review.is_empty();
                match is_some_left && left.all(Sub::is_inside) {
                    true => Allowed::must(),
                    false => Allowed::refuse("illegal_step"),
                }
            }
            CancelScope::Sub(no) => match order.sub(no.0) {
                Err(_) => Allowed::refuse("unknown_sub_order"),
                Ok(sub) if sub.is_inside() => Allowed::must(),
                Ok(_) => Allowed::refuse("illegal_step"),
            },
            CancelScope::Units(line) => {
                let Some(sku) = self.sku(&line.sku) else { return Allowed::refuse("unknown_sku") };
                let inside: u64 = order.subs.iter().filter(|s| s.is_inside()).map(|s| s.units_of(sku)).sum();
                let waiting = order.review.get(&sku).copied().unwrap_or(0);
                match line.units.0 {
                    0 => Allowed::refuse("invalid"),
                    units if units <= inside + waiting => Allowed::must(),
                    _ => Allowed::refuse("illegal_step"),
                }
            }
        }
    }

    fn judge_step(&self, order: &Order, state: OrderState, step: &TakeStep) -> Allowed {
        let Ok(sub) = order.sub(step.sub.0) else { return Allowed::refuse("unknown_sub_order") };
        if state != OrderState::Paid {
            return Allowed::refuse("illegal_step");
        }
        match &step.action {
            StepAction::Short(found) => return self.judge_short(order, sub, found),
            StepAction::Return(lines) => return self.judge_return(sub, lines, None),
            StepAction::ReturnTo(back) => return self.judge_return(sub, &back.lines, Some(&back.warehouse)),
            StepAction::Inspect(results) => return self.judge_inspect(sub, results, None),
            StepAction::InspectAt(there) => return self.judge_inspect(sub, &there.lines, Some(&there.warehouse)),
            StepAction::Scan(Some(scanned)) if sub.waybill.as_ref().is_some_and(|w| w != scanned) => {
                return Allowed::refuse("illegal_step");
            }
            StepAction::Pick
            | StepAction::Pack
            | StepAction::Weigh(_)
            | StepAction::Label(_)
            | StepAction::Scan(_)
            | StepAction::Pickup
            | StepAction::Deliver
            | StepAction::Confirm
            | StepAction::Unpack
            | StepAction::Unscan
            | StepAction::Undelivered
            | StepAction::Refused
            | StepAction::Lost => {}
        }
        let plain = step.action.step();
        if lifecycle::moves_goods(plain) && sub.out() == 0 {
            return Allowed::refuse("illegal_step");
        }
        match lifecycle::step(sub.stage, plain) {
            Walk::To(_) | Walk::Stays if self.steps_done_before(sub, plain).is_ok() => Allowed::must(),
            Walk::To(_) | Walk::Stays | Walk::No => Allowed::refuse("illegal_step"),
        }
    }

    fn judge_short(&self, order: &Order, sub: &Sub, found: &[Line]) -> Allowed {
        if !matches!(sub.stage, Stage::Allocated | Stage::Picking) {
            return Allowed::refuse("illegal_step");
        }
        let mut missing: BTreeMap<SkuId, u64> = BTreeMap::new();
        for line in found {
            let Some(sku) = self.sku(&line.sku) else { return Allowed::refuse("invalid").or_refuse("unknown_sku") };
            match sub.units_of(sku).checked_sub(line.units.0) {
                None | Some(0) => return Allowed::refuse("invalid"),
                Some(units) if missing.insert(sku, units).is_some() => return Allowed::refuse("invalid"),
                Some(_) => {}
            }
        }
        if missing.is_empty() {
            return Allowed::refuse("invalid");
        }
        let pools = self.pools_for(order.channel, false);
        let max_parcels = order.parcels_for(sub, missing.values().sum());
        let wish = Wish { without: Some(sub.warehouse), max_parcels, ..self.again(order, &missing, &pools) };
        match self.cover(&wish) {
            Cover::Yes => Allowed::change(Outcome::Rerouted),
            Cover::Open => Allowed::must(),
            Cover::Short(_) | Cover::NotEligible | Cover::No => Allowed::change(Outcome::Review),
        }
    }
}

/// Where an order stands at an instant: a hold that has ended counts as expired, whether or not the timer fired.
fn state_at(order: &Order, now: Time) -> OrderState {
    if order.state == OrderState::Held && now >= order.expires_at { OrderState::Expired } else { order.state }
}

fn judge_extend(order: &Order, state: OrderState, until: Time, now: Time) -> Allowed {
    if state != OrderState::Held {
        return Allowed::refuse("illegal_step");
    }
    let now = now.max(order.last_time());
    match until > order.expires_at && until <= now + HOLD_TTL_MAX {
        true => Allowed::must(),
        false => Allowed::refuse("invalid"),
    }
}
