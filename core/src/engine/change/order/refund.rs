//! Money that is owed back: of payments for which an order can do nothing, or that no order stands against.

use crate::command::{CloseRefund, Pay};
use crate::engine::change::Execute;
use crate::engine::outcome::{Decided, Refusal, invalid, overtaken, unknown_order};
use crate::engine::plan::context::OrderContext;
use crate::engine::plan::scratch::with_scratch;
use crate::engine::plan::wish::Undecided;
use crate::engine::store::Engine;
use crate::engine::transact::admit::{Asked, EVENT_BYTES};
use crate::engine::transact::body::{Body, Footprint};
use crate::engine::transact::order::Place;
use crate::engine::transact::recall::changed;
use crate::engine::transact::state::{At, Broken, State};
use crate::event::{Cause, Envelope, Event, RefundClosed, RefundDue, UnplacedPaid};
use crate::ids::{RefundNo, Seq};
use crate::limits::{UNPLACED_OPEN_MAX, UNPLACED_PAYMENTS_MAX};
use crate::log::Admission;
use crate::orders::{
    Account, Change, KeyShard, Order, OrderKey, OrderState, Payment, RefundReason, Told, refund_phrase,
};
use crate::reject::Reject;
use crate::reply::{Refunded, Reply};
use crate::stock::Move;
use crate::time::Time;
use crate::units::counted;

impl Engine {
    /// The answer to a payment that was told before; `None` when this is another one, or pays an order that was placed
    /// after it.
    pub(super) fn told_before(&self, context: &OrderContext<'_, '_>, payment: &Payment) -> Option<Undecided> {
        let order = context.order;
        let account = context.locked.orders(KeyShard::of_id(order.id)).account_of(order);
        let reference = payment.reference.as_ref();
        if let Some(reject) = account.and_then(|account| other_amount(account, payment)) {
            return Some(Undecided::Refused(reject));
        }
        let is_payable = matches!(order.state, OrderState::Held | OrderState::Expired);
        let told = account.and_then(|account| account.told(reference));
        if is_payable && (told.is_none() || account.zip(reference).is_some_and(|(a, r)| a.unplaced(r).is_some())) {
            return None;
        }
        let memo = match (told, reference) {
            (Some(told), _) => order.memo_of(told.seq),
            (None, None) => order.memos().find(|memo| is_payment(&memo.answer)),
            (None, Some(_)) => return None,
        };
        if let Some(memo) = memo {
            return Some(Undecided::Told(changed(order, &memo, true)));
        }
        // It was told before the order was placed.
        let no = told?.refund?;
        Some(Undecided::Told(self.refunded(&key_of(order), (account?, no), Some(order), true)?))
    }

    /// Records a payment for a number that no order has.
    pub(super) fn pay_unplaced(&self, pay: &Pay, asked: Asked<'_>) -> Decided {
        let (number, place) = self.locate(&pay.order)?;
        let Place::Key(key) = place else { return Err(unknown_order(&pay.order)) };
        let Some(reference) = &pay.payment else {
            return Err(Reject::UnknownOrder { order: pay.order.clone(), unnamed: true }.into());
        };
        let room = self.log.reserve(EVENT_BYTES, Admission::Reserved)?;
        with_scratch(self.work, |scratch| {
            let keys = self.door.lock_orders(&self.log, [number]);
            let shard = keys.orders(number);
            if shard.find(&key).is_some() {
                return Err(overtaken().into());
            }
            let payment = Payment { reference: Some(reference.clone()), amount: pay.amount };
            if let Some(account) = shard.account(&key) {
                if let Some(reject) = other_amount(account, &payment) {
                    return Err(Refusal::seen(reject, self.log.applied()));
                }
                if let Some(Told { seq, refund: Some(no), .. }) = account.told(Some(reference))
                    && let Some(reply) = self.refunded(&key, (account, no), None, true)
                {
                    // It shows what closed the refund as well.
                    return Ok((reply, account.refund(no).map_or(seq, |refund| refund.changed().max(seq))));
                }
                if account.refunds().len() >= UNPLACED_PAYMENTS_MAX {
                    let reason = format!("{UNPLACED_PAYMENTS_MAX} payments came for this number, and no order has it");
                    return Err(Refusal::seen(invalid("order", reason), account.changed()));
                }
            }
            self.room_for_unplaced()?;
            let mut locked = keys.lock_stock([]);
            let paid = UnplacedPaid { channel: key.channel, number: key.number.clone(), payment };
            let envelope = by_itself(asked, asked.now, Event::UnplacedPaid(paid));
            let seq = self.commit(&mut locked, room, &envelope, &mut scratch.bytes)?;
            let account = locked.orders(number).account(&key).expect("the event made it");
            let told = account.told(Some(reference)).expect("the event noted it");
            let no = told.refund.expect("no order was there to be paid");
            let reply = self.refunded(&key, (account, no), None, false).expect("the event made it due");
            Ok((reply, seq))
        })
    }

    /// Refuses a payment for a number without an order while too many of them wait for their refund.
    fn room_for_unplaced(&self) -> Result<(), Refusal> {
        if self.door.counters().refunds.open(RefundReason::UnknownOrder) < UNPLACED_OPEN_MAX {
            return Ok(());
        }
        let reason = format!(
            "{UNPLACED_OPEN_MAX} payments came for numbers that no order has, and their refunds are open: this one is not \
             recorded. Place its order first, or close some of those refunds (`stockade refunds` lists them), and tell it again"
        );
        Err(Refusal::seen(Reject::Unavailable { reason }, self.log.last()))
    }

    /// A refund as an answer; `None` when there is none of this number.
    fn refunded(
        &self,
        key: &OrderKey,
        (account, no): (&Account, RefundNo),
        order: Option<&Order>,
        replayed: bool,
    ) -> Option<Reply> {
        let config = self.config().ok()?;
        let refund = self.refund_view(&config, key, (no, account.refund(no)?), order.map(|order| order.id));
        Some(Reply::Refunded(Box::new(Refunded { refund, replayed })))
    }
}

impl Execute for CloseRefund {
    /// Closes a refund once. The same reference again changes nothing; another one is refused.
    fn execute(&self, engine: &Engine, asked: Asked<'_>) -> Decided {
        let (number, place) = engine.locate(&self.order)?;
        let room = engine.log.reserve(EVENT_BYTES, Admission::Reserved)?;
        with_scratch(engine.work, |scratch| {
            let keys = engine.door.lock_orders(&engine.log, [number]);
            let shard = keys.orders(number);
            let order = place.find(shard);
            let key = match (place.key(), order) {
                (Some(key), _) => key.clone(),
                (None, Some(order)) => key_of(order),
                (None, None) => return Err(unknown_order(&self.order)),
            };
            let account = shard.account(&key);
            if account.is_none() && order.is_none() {
                return Err(unknown_order(&self.order));
            }
            let (version, last) = order.map_or((Seq(0), Time(0)), |order| (order.version, order.last_time));
            let known = account.and_then(|account| account.refund(self.refund).map(|refund| (account, refund)));
            let Some((account, refund)) = known else {
                let there = account.map_or(0, |account| account.refunds().len());
                let reason = format!("is {}, and there {} ever due here", self.refund, were(there));
                let seen = account.map_or(version, |account| account.changed().max(version));
                return Err(Refusal::seen(invalid("refund", reason), seen));
            };
            if let Some(closing) = &refund.closed {
                if closing.reference != self.reference {
                    let reason = format!("refund {} was closed with {} before", self.refund, closing.reference);
                    return Err(Refusal::seen(invalid("reference", reason), closing.seq));
                }
                let reply = engine.refunded(&key, (account, self.refund), order, true);
                return Ok((reply.expect("it was found"), closing.seq.max(version)));
            }
            let id = order.map(|order| order.id);
            let closed = RefundClosed {
                channel: key.channel,
                number: key.number.clone(),
                order: id,
                refund: self.refund,
                reference: self.reference.clone(),
            };
            let mut locked = keys.lock_stock([]);
            let envelope = by_itself(asked, asked.now.max(last), Event::RefundClosed(closed));
            let seq = engine.commit(&mut locked, room, &envelope, &mut scratch.bytes)?;
            let shard = locked.orders(number);
            let account = shard.account(&key).expect("it was found under this lock");
            let order = id.and_then(|id| shard.order(id));
            Ok((engine.refunded(&key, (account, self.refund), order, false).expect("it was found"), seq))
        })
    }
}

/// So many refunds, with their verb.
fn were(refunds: usize) -> String {
    let verb = if refunds == 1 { "was" } else { "were" };
    format!("{verb} {}", counted(refunds, "refund"))
}

/// The refusal of a payment that was told before with another amount.
fn other_amount(account: &Account, payment: &Payment) -> Option<Reject> {
    let (before, reference, now) = (account.other_amount(payment)?, payment.reference.as_ref()?, payment.amount?);
    let reason = format!(
        "payment {reference} was told with the amount {before}, and now with {now}: another payment has another reference"
    );
    Some(Reject::Conflict { reason })
}

/// What answers a payment.
fn is_payment(change: &Change) -> bool {
    matches!(change, Change::Paid | Change::PaidLate { .. } | Change::RefundDue { .. })
}

fn key_of(order: &Order) -> OrderKey {
    OrderKey { channel: order.channel, number: order.number.clone() }
}

/// An event of a command that is its own key.
fn by_itself(asked: Asked<'_>, arrived: Time, event: Event) -> Envelope {
    Envelope { actor: asked.actor.clone(), arrived, occurred: asked.occurred, cause: Cause::Order, event }
}

impl Body for RefundDue {
    fn touches(&self, footprint: &mut Footprint) {
        footprint.orders.push(self.order);
    }

    fn each_move(&self, _f: &mut impl FnMut(Move)) {}

    fn apply(&self, state: &mut State<'_, '_>, at: &At<'_>) -> Result<(), Broken> {
        let key = state.key_of(self.order)?;
        let (refund, reason) = state.owe_payment(&key, self.reason, &self.payment, at)?;
        state.mark_refunds(self.order)?;
        let order = state.order_mut(self.order)?;
        if self.reason == RefundReason::StockGone {
            order.state = OrderState::RefundDue;
        }
        let phrase = format!("{}, {}", refund_phrase(refund, reason), self.payment);
        at.done_because(order, None, Change::RefundDue { refund, reason }, Some(&phrase));
        Ok(())
    }

    fn publish(&self, _engine: &Engine, _at: &At<'_>) -> Result<(), Broken> {
        Ok(())
    }
}

impl Body for UnplacedPaid {
    fn touches(&self, footprint: &mut Footprint) {
        footprint.number = Some(KeyShard::of_order(&self.key()));
    }

    fn each_move(&self, _f: &mut impl FnMut(Move)) {}

    fn apply(&self, state: &mut State<'_, '_>, at: &At<'_>) -> Result<(), Broken> {
        state.owe_payment(&self.key(), RefundReason::UnknownOrder, &self.payment, at)?;
        Ok(())
    }

    fn publish(&self, _engine: &Engine, _at: &At<'_>) -> Result<(), Broken> {
        Ok(())
    }
}

impl Body for RefundClosed {
    fn touches(&self, footprint: &mut Footprint) {
        match self.order {
            Some(order) => footprint.orders.push(order),
            None => footprint.number = Some(KeyShard::of_order(&self.key())),
        }
    }

    fn each_move(&self, _f: &mut impl FnMut(Move)) {}

    fn apply(&self, state: &mut State<'_, '_>, at: &At<'_>) -> Result<(), Broken> {
        state.settle(&self.key(), self.refund, &self.reference, at)?;
        let Some(id) = self.order else { return Ok(()) };
        state.mark_refunds(id)?;
        let order = state.order_mut(id)?;
        if order.state == OrderState::RefundDue && !order.refund_due {
            order.state = OrderState::Cancelled;
        }
        at.note(order, at.envelope.event.what(), None);
        at.explain(order, Some(&format!("refund {}, {}", self.refund, self.reference)));
        Ok(())
    }

    fn publish(&self, _engine: &Engine, _at: &At<'_>) -> Result<(), Broken> {
        Ok(())
    }
}

impl UnplacedPaid {
    fn key(&self) -> OrderKey {
        OrderKey { channel: self.channel, number: self.number.clone() }
    }
}

impl RefundClosed {
    fn key(&self) -> OrderKey {
        OrderKey { channel: self.channel, number: self.number.clone() }
    }
}
