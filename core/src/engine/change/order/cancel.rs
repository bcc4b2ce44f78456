//! Giving up an order, a sub-order, or units of a line, as long as they have not left the warehouse.

use std::collections::BTreeMap;

use smallvec::SmallVec;

use crate::command::{Cancel, CancelScope, Line};
use crate::engine::change::Execute;
use crate::engine::change::order::figures::refigure;
use crate::engine::change::order::standing::{Standing, standing};
use crate::engine::change::order::{drop_empty, take_review};
use crate::engine::outcome::{Decided, unknown_sub_order};
use crate::engine::store::{Engine, EngineLocked};
use crate::engine::transact::admit::Asked;
use crate::engine::transact::body::{Body, Footprint};
use crate::engine::transact::order::{allowed, illegal};
use crate::engine::transact::state::{At, Broken, State};
use crate::event::{Event, OrderCancelled, SubOrderCancelled, UnitsCancelled};
use crate::ids::{SkuId, SubNo};
use crate::orders::{
    Action, Change, InTheWay, Order, OrderState, Part, RefundReason, SubLine, SubOrder, SubTake, Verdict, cancel_whole,
};
use crate::reject::Reject;
use crate::stock::Move;
use crate::units::Units;

/// Why a part of an order is not cancelled once its hold ran out.
const LAPSED_WHOLE: &str =
    "its hold expired unpaid, and none of it is held; `cancel` it as a whole, or `pay` it again to hold stock anew";

/// What a cancellation takes.
struct Taken<'a, 'l> {
    locked: &'a EngineLocked<'l>,
    order: &'a Order,
    takes: Vec<SubTake>,
    review: Vec<(SkuId, Units)>,
    moves: Vec<Move>,
    /// Units that had yet to come, by sub-order.
    waiting: Vec<(SubNo, Units)>,
}

impl Execute for Cancel {
    /// Gives units back. Races with the outbound scan are decided here: whichever is first in the history wins. An order
    /// whose hold ran out has none to give back; given up, it is not held anew by a late payment.
    fn execute(&self, engine: &Engine, asked: Asked<'_>) -> Decided {
        engine.change_order(&self.order, &(&self.scope, &self.reason), asked, |context| {
            let order = context.order;
            allowed(order, Action::Cancel)?;
            let mut taken = Taken::new(context.locked, order);
            match &self.scope {
                CancelScope::Sub(_) | CancelScope::Units(_) if order.state == OrderState::Expired => {
                    return Err(illegal(Action::Cancel, order, None, LAPSED_WHOLE));
                }
                CancelScope::Order => whole(&mut taken)?,
                CancelScope::Sub(no) => one(&mut taken, *no)?,
                CancelScope::Units(line) => engine.units(&mut taken, line)?,
            }
            let Taken { takes, review, moves, waiting, .. } = taken;
            let reason = self.reason.clone();
            let cancelled = OrderCancelled { order: order.id, takes, review, moves, waiting, reason };
            Ok(match &self.scope {
                CancelScope::Order => Event::OrderCancelled(cancelled),
                CancelScope::Sub(sub) => Event::SubOrderCancelled(SubOrderCancelled { sub: *sub, cancelled }),
                CancelScope::Units(_) => {
                    let figures = engine.figures_without(order, &cancelled.takes, context.config);
                    Event::UnitsCancelled(UnitsCancelled { cancelled, figures })
                }
            })
        })
    }
}

impl Engine {
    fn units(&self, taken: &mut Taken<'_, '_>, line: &Line) -> Result<(), Reject> {
        let order = taken.order;
        let sku = self.known_sku(&line.sku)?;
        let mut left = line.units;
        if let Some((_, waiting)) = order.later.review.iter().find(|(waits, _)| *waits == sku) {
            let units = left.min(*waiting);
            taken.review.push((sku, units));
            left = left.saturating_sub(units);
        }
        left = left.saturating_sub(taken.take_least_done(sku, left));
        if left.is_zero() {
            return Ok(());
        }
        let can = line.units.saturating_sub(left);
        let reason = format!("{} of {} asked for, {can} can still be cancelled", line.units.counted(), line.sku);
        Err(illegal(Action::Cancel, order, None, reason))
    }
}

fn whole(taken: &mut Taken<'_, '_>) -> Result<(), Reject> {
    let order = taken.order;
    let part = |(no, sub): (SubNo, &SubOrder)| Part { no, stage: sub.stage, is_back: sub.is_back() };
    let parts: SmallVec<[Part; 8]> = order.numbered().map(part).collect();
    cancel_whole(order.state, &parts, !order.later.review.is_empty())
        .map_err(|InTheWay { stage, reason }| illegal(Action::Cancel, order, stage, reason))?;
    taken.review.clone_from(&order.later.review);
    let live = || order.numbered().zip(&parts).filter(|(_, part)| part.is_live()).map(|(sub, _)| sub);
    let lines = live().map(|(_, sub)| sub.lines.len()).sum();
    (taken.takes, taken.moves) = (Vec::with_capacity(lines), Vec::with_capacity(lines));
    for (no, sub) in live() {
        taken.take_all(no, sub);
    }
    Ok(())
}

fn one(taken: &mut Taken<'_, '_>, no: SubNo) -> Result<(), Reject> {
    let order = taken.order;
    let sub = order.sub(no).ok_or_else(|| unknown_sub_order(order, no))?;
    match sub.verdict(Action::Cancel) {
        Verdict::No(reason) => Err(illegal(Action::Cancel, order, Some(sub.stage), reason)),
        Verdict::To(_) => {
            taken.take_all(no, sub);
            Ok(())
        }
    }
}

impl<'a, 'l> Taken<'a, 'l> {
    fn new(locked: &'a EngineLocked<'l>, order: &'a Order) -> Taken<'a, 'l> {
        let (takes, review, moves, waiting) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Taken { locked, order, takes, review, moves, waiting }
    }

    /// Takes all units out of a sub-order.
    fn take_all(&mut self, no: SubNo, sub: &SubOrder) {
        let mut waiting = Units::ZERO;
        for line in &sub.lines {
            let mut units = Units::ZERO;
            for part in standing(self.locked, self.order.id, no, sub, line) {
                units = units.saturating_add(part.units);
                if part.is_ahead() {
                    waiting = waiting.saturating_add(part.units);
                }
                self.moves.push(movement(sub, line, &part, part.units));
            }
            if !units.is_zero() {
                self.takes.push(SubTake { sub: no, sku: line.sku, pool: line.pool, units });
            }
        }
        if !waiting.is_zero() {
            self.waiting.push((no, waiting));
        }
    }

    /// Takes up to `most` units of a SKU out of the order; answers how many. Those that are yet to come are given up first,
    /// then those on which the least work was done, and of equal ones those of the last sub-order.
    fn take_least_done(&mut self, sku: SkuId, most: Units) -> Units {
        let (order, locked) = (self.order, self.locked);
        let open = order.numbered().rev().filter(|(_, sub)| matches!(sub.verdict(Action::Cancel), Verdict::To(_)));
        let lines = open.flat_map(|(no, sub)| {
            let ours = sub.lines.iter().enumerate().filter(move |(_, line)| line.sku == sku);
            ours.map(move |(at, line)| (no, sub, at, line))
        });
        let mut parts: Vec<_> = lines
            .flat_map(|(no, sub, at, line)| {
                standing(locked, order.id, no, sub, line).into_iter().map(move |part| ((no, at), sub, line, part))
            })
            .collect();
        parts.sort_by_key(|(_, sub, _, part)| (!part.is_ahead(), sub.work_done()));
        let mut left = most;
        let mut takes: BTreeMap<(SubNo, usize), SubTake> = BTreeMap::new();
        let mut waiting: BTreeMap<SubNo, Units> = BTreeMap::new();
        for ((no, at), sub, line, part) in parts {
            let units = part.units.min(left);
            if units.is_zero() {
                break;
            }
            left = left.saturating_sub(units);
            let none = SubTake { sub: no, sku, pool: line.pool, units: Units::ZERO };
            let take = takes.entry((no, at)).or_insert(none);
            take.units = take.units.saturating_add(units);
            if part.is_ahead() {
                let ahead = waiting.entry(no).or_default();
                *ahead = ahead.saturating_add(units);
            }
            self.moves.push(movement(sub, line, &part, units));
        }
        self.takes.extend(takes.into_values());
        self.waiting.extend(waiting);
        most.saturating_sub(left)
    }
}

/// Units of a line become free.
fn movement(sub: &SubOrder, line: &SubLine, part: &Standing, units: Units) -> Move {
    Move { sku: line.sku, warehouse: sub.warehouse, from: part.at, to: part.free, units }
}

impl OrderCancelled {
    fn give_up(&self, order: &mut Order) -> Option<()> {
        self.takes.iter().try_for_each(|take| order.remove(take))?;
        take_review(order, &self.review)?;
        drop_empty(order);
        for (no, units) in &self.waiting {
            order.sub_mut(*no)?.wait_less(*units)?;
        }
        if order.later.review.is_empty() && order.subs.iter().all(SubOrder::is_closed) {
            order.state = OrderState::Cancelled;
        }
        Some(())
    }

    /// Opens the boxes that units were taken out of and others are left in; answers those that were packed.
    fn open_boxes(&self, order: &mut Order) -> Vec<SubNo> {
        let mut subs: Vec<SubNo> = self.takes.iter().map(|take| take.sub).collect();
        subs.dedup();
        let mut was_packed = |no: &SubNo| order.sub_mut(*no).is_some_and(|sub| !sub.is_closed() && sub.reopen());
        subs.retain(|no| was_packed(no));
        subs
    }
}

impl OrderCancelled {
    /// The change to the order and its stock; answers what it did.
    fn apply_to<'o>(&self, state: &'o mut State<'_, '_>, at: &At<'_>) -> Result<(&'o mut Order, Change), Broken> {
        self.post(state, at)?;
        let order = state.order_mut(self.order)?;
        let is_paid = order.state == OrderState::Paid;
        let wrong = Broken::Order { order: self.order, what: "it has not the units that are cancelled" };
        self.give_up(order).ok_or(wrong)?;
        if is_paid {
            let taken = self.takes.iter().map(|take| (take.sku, take.units)).chain(self.review.iter().copied());
            state.owe_units(self.order, RefundReason::Cancelled, taken, at)?;
        }
        let order = state.order_mut(self.order)?;
        let review = self.review.iter().map(|(_, units)| *units);
        let units = self.takes.iter().map(|take| take.units).chain(review).sum();
        Ok((order, Change::Cancelled { units }))
    }

    /// The sub-order that all of it was taken out of, if it was one.
    fn only_sub(&self) -> Option<SubNo> {
        let sub = self.takes.first()?.sub;
        (self.review.is_empty() && self.takes.iter().all(|take| take.sub == sub)).then_some(sub)
    }
}

impl Body for OrderCancelled {
    fn touches(&self, footprint: &mut Footprint) {
        footprint.orders.push(self.order);
    }

    fn each_move(&self, f: &mut impl FnMut(Move)) {
        self.moves.iter().copied().for_each(f);
    }

    fn apply(&self, state: &mut State<'_, '_>, at: &At<'_>) -> Result<(), Broken> {
        let (order, change) = self.apply_to(state, at)?;
        at.done_because(order, None, change, self.reason.as_deref());
        Ok(())
    }

    fn publish(&self, _engine: &Engine, _at: &At<'_>) -> Result<(), Broken> {
        Ok(())
    }
}

impl Body for SubOrderCancelled {
    fn touches(&self, footprint: &mut Footprint) {
        self.cancelled.touches(footprint);
    }

    fn each_move(&self, f: &mut impl FnMut(Move)) {
        self.cancelled.each_move(f);
    }

    fn apply(&self, state: &mut State<'_, '_>, at: &At<'_>) -> Result<(), Broken> {
        let (order, change) = self.cancelled.apply_to(state, at)?;
        at.done_because(order, Some(self.sub), change, self.cancelled.reason.as_deref());
        Ok(())
    }

    fn publish(&self, _engine: &Engine, _at: &At<'_>) -> Result<(), Broken> {
        Ok(())
    }
}

/// The reason of a cancellation, and which parcels have to be opened for it.
fn why(reason: Option<&str>, opened: &[SubNo]) -> Option<String> {
    let opened: Vec<String> =
        opened.iter().map(|no| format!("sub-order {no} was packed: open it and pack it again")).collect();
    let said: Vec<&str> = reason.into_iter().chain(opened.iter().map(String::as_str)).collect();
    (!said.is_empty()).then(|| said.join("; "))
}

impl Body for UnitsCancelled {
    fn touches(&self, footprint: &mut Footprint) {
        self.cancelled.touches(footprint);
    }

    fn each_move(&self, f: &mut impl FnMut(Move)) {
        self.cancelled.each_move(f);
    }

    fn apply(&self, state: &mut State<'_, '_>, at: &At<'_>) -> Result<(), Broken> {
        let (order, change) = self.cancelled.apply_to(state, at)?;
        let wrong = Broken::Order { order: order.id, what: "it has no such sub-order" };
        refigure(order, &self.figures).ok_or(wrong)?;
        let opened = self.cancelled.open_boxes(order);
        let reason = why(self.cancelled.reason.as_deref(), &opened);
        at.done_because(order, self.cancelled.only_sub(), change, reason.as_deref());
        Ok(())
    }

    fn publish(&self, _engine: &Engine, _at: &At<'_>) -> Result<(), Broken> {
        Ok(())
    }
}
