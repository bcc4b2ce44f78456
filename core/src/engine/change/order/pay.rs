//! Payment, in time and too late.

use crate::command::Pay;
use crate::engine::change::Execute;
use crate::engine::change::order::advance;
use crate::engine::change::order::standing::standing;
use crate::engine::outcome::{Decided, Refusal};
use crate::engine::plan::ahead::Parts;
use crate::engine::plan::anew::{Served, channel_pools};
use crate::engine::plan::context::OrderContext;
use crate::engine::plan::ready::{Presale, Terms};
use crate::engine::plan::wish::{Undecided, Wish};
use crate::engine::store::{Engine, EngineLocked};
use crate::engine::transact::admit::Asked;
use crate::engine::transact::body::{Body, Decisions, Footprint, Scope};
use crate::engine::transact::state::{At, Broken, State};
use crate::event::{Event, OrderPaid, OrderPaidLate, OrderPromisedLate, Promised, RefundDue};
use crate::ids::{SkuId, SubNo};
use crate::orders::{Change, Order, OrderState, Payment, RefundReason, Stage};
use crate::reject::Reject;
use crate::stock::{Bucket, Move};
use crate::units::Units;

impl Execute for Pay {
    /// Confirms payment. At or past its deadline it is late: the order is held anew from any pool and warehouse, or the
    /// money is owed back, as is money for which the order can do nothing.
    fn execute(&self, engine: &Engine, asked: Asked<'_>) -> Decided {
        let content = (&self.payment, &self.amount);
        let decided = engine.plan_change(&self.order, &content, asked, |mut context| {
            let payment = Payment { reference: self.payment.clone(), amount: self.amount };
            if let Some(told) = engine.told_before(&context, &payment) {
                return Err(told);
            }
            let order = context.order.id;
            let owed = |reason, payment| Ok(Event::RefundDue(RefundDue { order, reason, payment }));
            match context.order.state {
                OrderState::Held => {
                    let moves = paid_moves(context.locked, context.order);
                    Ok(Event::OrderPaid(OrderPaid { order, moves, payment }))
                }
                OrderState::Expired => engine.paid_late(&mut context, payment),
                OrderState::Paid | OrderState::RefundDue => owed(RefundReason::PaidTwice, payment),
                OrderState::Cancelled => owed(RefundReason::Cancelled, payment),
            }
        });
        match decided {
            Err(Refusal { reject: Reject::UnknownOrder { .. }, .. }) => engine.pay_unplaced(self, asked),
            decided => decided,
        }
    }
}

impl Engine {
    /// Holds everything that expired anew, from any pool; what is not on hand is promised anew where the channel does that.
    fn paid_late(&self, context: &mut OrderContext<'_, '_>, payment: Payment) -> Result<Event, Undecided> {
        let (order, config) = (context.order, context.config);
        let expired = order.subs.iter().filter(|sub| sub.stage == Stage::Expired);
        let units: Vec<(SkuId, Units)> = expired.flat_map(|s| s.lines.iter().map(|l| (l.sku, l.units))).collect();
        let mut pools = channel_pools(config, order);
        pools.extend(config.pools.iter().filter(|pool| !pools.contains(pool)).copied().collect::<Vec<_>>());
        let presale = config.rules.channel(order.channel).is_some_and(|channel| channel.presale);
        let presale = presale.then_some(Presale { by_category: false, subs: order.subs.len() });
        let wish = Wish::of(order, units, pools, Terms { without: None, presale }, order.limit());
        let id = order.id;
        Ok(match self.serve_anew(context, wish)? {
            Served::Here(decision) => Event::OrderPaidLate(Box::new(OrderPaidLate { order: id, decision, payment })),
            Served::Ahead(Parts { decision, ahead, made, .. }) => {
                let late = OrderPaidLate { order: id, decision, payment };
                Event::OrderPromisedLate(Box::new(OrderPromisedLate { late, ahead, made }))
            }
            Served::No(_) => Event::RefundDue(RefundDue { order: id, reason: RefundReason::StockGone, payment }),
        })
    }
}

/// Held units become allocated: all of them, but for those that are yet to come.
fn paid_moves(locked: &EngineLocked<'_>, order: &Order) -> Vec<Move> {
    let mut moves = Vec::with_capacity(order.subs.iter().map(|sub| sub.lines.len()).sum());
    for (no, sub) in order.numbered().filter(|(_, sub)| matches!(sub.stage, Stage::Held | Stage::Promised)) {
        for line in &sub.lines {
            let here = standing(locked, order.id, no, sub, line).into_iter().filter(|part| !part.is_ahead());
            moves.extend(here.map(|part| Move {
                sku: line.sku,
                warehouse: sub.warehouse,
                from: part.at,
                to: Bucket::Allocated,
                units: part.units,
            }));
        }
    }
    moves
}

/// Writes what was told of a payment on the timeline.
fn explain(order: &mut Order, payment: &Payment, at: &At<'_>) {
    if !payment.is_unnamed() {
        at.explain(order, Some(&payment.to_string()));
    }
}

/// The number of the first sub-order that a late payment adds after those there were.
fn first_new(order: &Order, before: usize) -> Change {
    debug_assert!(before < order.subs.len(), "a late payment adds sub-orders");
    Change::PaidLate { first_sub: SubNo(u16::try_from(before + 1).unwrap_or(u16::MAX)) }
}

impl Body for OrderPaid {
    fn touches(&self, footprint: &mut Footprint) {
        footprint.orders.push(self.order);
    }

    fn each_move(&self, f: &mut impl FnMut(Move)) {
        self.moves.iter().copied().for_each(f);
    }

    fn apply(&self, state: &mut State<'_, '_>, at: &At<'_>) -> Result<(), Broken> {
        self.post(state, at)?;
        state.paid(self.order, &self.payment, at)?;
        let order = state.order_mut(self.order)?;
        order.state = OrderState::Paid;
        advance(order, Stage::Held, Stage::Allocated);
        advance(order, Stage::Promised, Stage::Waiting);
        at.done(order, None, Change::Paid);
        explain(order, &self.payment, at);
        Ok(())
    }

    fn publish(&self, _engine: &Engine, _at: &At<'_>) -> Result<(), Broken> {
        Ok(())
    }
}

impl Body for OrderPaidLate {
    const DECIDES: bool = true;

    fn touches(&self, footprint: &mut Footprint) {
        footprint.orders.push(self.order);
    }

    fn each_move(&self, f: &mut impl FnMut(Move)) {
        self.decision.each_move(|_| Bucket::Allocated, f);
    }

    fn apply(&self, state: &mut State<'_, '_>, at: &At<'_>) -> Result<(), Broken> {
        self.post(state, at)?;
        state.paid(self.order, &self.payment, at)?;
        let order = state.order_mut(self.order)?;
        let before = order.subs.len();
        order.state = OrderState::Paid;
        order.append(&self.decision, Stage::Allocated);
        let change = first_new(order, before);
        at.done(order, None, change);
        explain(order, &self.payment, at);
        Ok(())
    }

    fn publish(&self, _engine: &Engine, _at: &At<'_>) -> Result<(), Broken> {
        Ok(())
    }

    fn decisions(&self) -> Decisions<'_> {
        Decisions::one(&self.decision, Scope::Whole)
    }
}

impl Body for OrderPromisedLate {
    const DECIDES: bool = true;

    fn touches(&self, footprint: &mut Footprint) {
        footprint.orders.push(self.late.order);
    }

    fn each_move(&self, f: &mut impl FnMut(Move)) {
        self.late.decision.each_move(|_| Bucket::Allocated, f);
        self.made.iter().map(Promised::movement).for_each(f);
    }

    fn apply(&self, state: &mut State<'_, '_>, at: &At<'_>) -> Result<(), Broken> {
        state.promise(&self.made)?;
        self.post(state, at)?;
        state.paid(self.late.order, &self.late.payment, at)?;
        let order = state.order_mut(self.late.order)?;
        let before = order.subs.len();
        order.state = OrderState::Paid;
        order.append(&self.late.decision, Stage::Allocated);
        for decision in &self.ahead {
            order.append(decision, Stage::Waiting);
        }
        let change = first_new(order, before);
        at.done(order, None, change);
        explain(order, &self.late.payment, at);
        Ok(())
    }

    fn publish(&self, _engine: &Engine, _at: &At<'_>) -> Result<(), Broken> {
        Ok(())
    }

    fn decisions(&self) -> Decisions<'_> {
        Decisions {
            here: Some(&self.late.decision),
            ahead: &self.ahead,
            scope: Scope::Whole,
            most: None,
            without: None,
        }
    }
}
