//! Payments and refunds, number by number, and the verdict on the events about them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use stockade_core::command::{CloseRefund, OrderRef, Pay};
use stockade_core::event::{RefundClosed, RefundDue, UnplacedPaid};
use stockade_core::ids::{OrderId, RefundNo, Seq, SkuId, SubNo};
use stockade_core::limits::UNPLACED_PAYMENTS_MAX;
use stockade_core::orders::{Change, OrderState, Payment, RefundReason};
use stockade_core::query::{Query, RefundsQuery};
use stockade_core::reply::{ClosedView, RefundView, Refunded, Reply};
use stockade_core::time::Time;
use stockade_core::units::Units;

use super::Model;
use super::allowed::{Allowed, Outcome};
use super::asking::{Asking, same};
use super::orders::Order;
use super::purse::{Number, Owed, Purse};
use super::replay::named;
use super::replies::changed;
use super::verdict::{Entry, Verdict};

/// What a timeline calls a payment.
const PAYMENTS: [&str; 4] = ["order_paid", "order_paid_late", "order_promised_late", "refund_due"];

impl Model {
    /// What was paid for a number.
    pub fn purse(&self, number: &Number) -> Purse {
        self.purses.get(number).map(|purse| (**purse).clone()).unwrap_or_default()
    }

    /// Whether anything of an order is owed back.
    pub fn owes(&self, order: &Order) -> bool {
        self.purses.get(&(order.channel, order.number.clone())).is_some_and(|purse| purse.is_owed())
    }

    fn purse_mut(&mut self, number: &Number) -> &mut Purse {
        if !self.purses.contains_key(number) {
            self.purses.insert(number.clone(), Arc::default());
        }
        Arc::make_mut(self.purses.get_mut(number).expect("it was just put there"))
    }

    /// The allowed outcomes of a payment for an order in this state.
    pub(super) fn judge_pay(&self, order: &Order, state: OrderState, pay: &Pay) -> Allowed {
        let purse = self.purse(&(order.channel, order.number.clone()));
        if purse.has_other_amount(pay) {
            return Allowed::refuse("conflict");
        }
        let reference = pay.payment.as_ref();
        let told = purse.told(reference);
        let is_payable = matches!(state, OrderState::Held | OrderState::Expired);
        if is_payable && (told.is_none() || reference.is_some_and(|reference| purse.unplaced(reference).is_some())) {
            return match state {
                OrderState::Held => Allowed::change(Outcome::Paid),
                _ => self.judge_late(order),
            };
        }
        let first = || order.timeline.iter().find(|moment| PAYMENTS.contains(&moment.what)).map(|moment| moment.seq);
        match told.or_else(|| if reference.is_none() { first() } else { None }) {
            Some(seq) => Allowed::again(seq),
            None => Allowed::change(Outcome::RefundDue),
        }
    }

    /// The allowed outcomes of a payment for a number that no order has.
    pub(super) fn judge_unplaced(&self, pay: &Pay) -> Allowed {
        let (Some(number), Some(reference)) = (self.number_of(&pay.order), &pay.payment) else {
            return Allowed::refuse("unknown_order");
        };
        let purse = self.purse(&number);
        match purse.told(Some(reference)) {
            _ if purse.has_other_amount(pay) => Allowed::refuse("conflict"),
            Some(seq) => Allowed::again(seq),
            None if purse.refunds.len() >= UNPLACED_PAYMENTS_MAX => Allowed::refuse("invalid"),
            None => Allowed::must(),
        }
    }

    /// The allowed outcomes of the closing of a refund.
    pub(super) fn judge_close(&self, close: &CloseRefund) -> Allowed {
        let found = self.find(&close.order);
        let number = match found {
            Ok(order) => (order.channel, order.number.clone()),
            Err("unknown_order") => match self.number_of(&close.order) {
                Some(number) if self.purses.contains_key(&number) => number,
                _ => return Allowed::refuse("unknown_order"),
            },
            Err(code) => return Allowed::refuse(code),
        };
        let purse = self.purse(&number);
        let owed = (close.refund.0 as usize).checked_sub(1).and_then(|at| purse.refunds.get(at));
        match owed.map(|owed| &owed.closed) {
            None => Allowed::refuse("invalid"),
            Some(None) => Allowed::must(),
            Some(Some((reference, seq, ..))) if *reference == close.reference => Allowed::again(*seq),
            Some(Some(_)) => Allowed::refuse("invalid"),
        }
    }

    fn number_of(&self, order: &OrderRef) -> Option<Number> {
        match order {
            OrderRef::Id(_) => None,
            OrderRef::Number { channel, number } => Some((self.world.as_ref()?.channel_id(channel)?, number.clone())),
        }
    }

    /// The answer to what was told before, by the event that it made then.
    pub(super) fn told_again(&self, seq: Seq) -> Option<Reply> {
        let all = self.purses.iter().flat_map(|(number, purse)| (1..).zip(&purse.refunds).map(move |at| (number, at)));
        let mut ours = all.filter(|(_, (_, owed))| {
            owed.due.0 == seq || owed.closed.as_ref().is_some_and(|(_, closed, ..)| *closed == seq)
        });
        let (number, (no, _)) = ours.next()?;
        let refund = self.refund_view(number, no)?;
        Some(Reply::Refunded(Box::new(Refunded { refund, replayed: true })))
    }

    /// A payment pays an order; one that came before the order is no longer owed back.
    pub(super) fn pays(&mut self, order: OrderId, payment: &Payment, entry: &Entry<'_>) -> Result<(), String> {
        let Some(reference) = &payment.reference else { return Ok(()) };
        let order = self.order(order)?;
        let number = (order.channel, order.number.clone());
        let by = named(&entry.envelope.actor)?;
        let purse = self.purse_mut(&number);
        match purse.unplaced(reference) {
            Some(no) => {
                let closed = (reference.clone(), entry.seq, entry.envelope.arrived, by);
                purse.refunds[no as usize - 1].closed = Some(closed);
            }
            None if purse.named.contains_key(reference) => return Err(format!("payment {reference} came before")),
            None => {}
        }
        purse.named.insert(reference.clone(), (entry.seq, None));
        purse.note_amount(payment);
        Ok(())
    }

    /// Paid units are owed back.
    pub(super) fn owe_units(
        &mut self,
        order: OrderId,
        reason: RefundReason,
        units: impl Iterator<Item = (SkuId, Units)>,
        (seq, at): (Seq, Time),
    ) -> Result<(), String> {
        let order = self.order(order)?;
        let number = (order.channel, order.number.clone());
        let mut sums = BTreeMap::new();
        units.for_each(|(sku, units)| *sums.entry(sku).or_insert(0) += units.0);
        if !sums.is_empty() {
            let owed = Owed { reason, payment: None, units: sums, due: (seq, at), closed: None };
            self.purse_mut(&number).refunds.push(owed);
        }
        Ok(())
    }

    /// A payment is owed back.
    fn owe(&mut self, number: &Number, owed: Owed) -> Result<(), String> {
        let purse = self.purse_mut(number);
        let (seq, reference) = (owed.due.0, owed.reference().cloned());
        let unplaced = reference.as_ref().and_then(|reference| purse.unplaced(reference));
        if unplaced.is_none() && purse.told(reference.as_ref()).is_some() {
            return Err(format!("payment {reference:?} came before"));
        }
        let no = unplaced.unwrap_or(purse.refunds.len() as u32 + 1);
        if let Some(payment) = &owed.payment {
            purse.note_amount(payment);
        }
        if unplaced.is_none() {
            purse.refunds.push(owed);
        }
        match reference {
            Some(reference) => drop(purse.named.insert(reference, (seq, Some(no)))),
            None => purse.unnamed = Some(seq),
        }
        Ok(())
    }

    /// A refund as replies show it.
    fn refund_view(&self, number: &Number, no: u32) -> Option<RefundView> {
        let purse = self.purses.get(number)?;
        let owed = purse.refunds.get(no as usize - 1)?;
        Some(RefundView {
            channel: self.world.as_ref()?.channel(number.0)?.code.clone(),
            number: number.1.clone(),
            order: self.numbers.get(number).copied(),
            refund: RefundNo(no),
            reason: owed.reason,
            payment: owed.payment.clone(),
            lines: owed.units.iter().map(|(sku, units)| (self.skus[sku.index()].code.clone(), Units(*units))).collect(),
            seq: owed.due.0,
            due: owed.due.1,
            closed: owed.closed.as_ref().map(|(reference, seq, at, by)| ClosedView {
                reference: reference.clone(),
                seq: *seq,
                at: *at,
                by: by.clone(),
            }),
        })
    }

    /// All refunds of a number.
    pub(super) fn refund_views(&self, number: &Number) -> Option<Vec<RefundView>> {
        (1..=self.purse(number).refunds.len() as u32).map(|no| self.refund_view(number, no)).collect()
    }

    /// Refunds, open and closed, of each channel and of all; and every payment with a reference pays or is owed back.
    pub(super) fn compare_refunds(&self, asking: &Asking<'_>) -> Result<(), String> {
        let mut all = Vec::new();
        for (number, purse) in self.purses.iter() {
            all.extend(self.refund_views(number).ok_or("a refund without a name")?);
            let owed: BTreeSet<u32> = purse.named.values().filter_map(|(_, no)| *no).collect();
            let named: Vec<&Owed> = purse.refunds.iter().filter(|owed| owed.reference().is_some()).collect();
            let taken = named.iter().filter(|owed| owed.closed.as_ref().map(|c| &c.0) == owed.reference());
            if owed.len() + taken.count() < named.len() {
                return Err(format!("refunds of {number:?} are of no payment"));
            }
        }
        for (number, _) in self.purses.iter() {
            let channel = self.world.as_ref().and_then(|world| world.channel(number.0)).map(|found| found.code.clone());
            let mut shown = Vec::new();
            for closed in [false, true] {
                let (channel, after, number) = (channel.clone(), None, Some(number.1.clone()));
                let query = RefundsQuery { channel, number, closed, after, limit: 2_000 };
                let Reply::Refunds(page) = asking.ask(&Query::Refunds(query))? else {
                    return Err("no refunds".to_owned());
                };
                shown.extend(page.refunds);
            }
            shown.sort_by_key(|refund| refund.refund);
            same("the refunds of a number", &shown, &self.refund_views(number).ok_or("a refund without a name")?)?;
        }
        let channels = self.world.iter().flat_map(|world| world.channels.values()).map(|channel| Some(&channel.code));
        for channel in channels.chain([None]) {
            for closed in [false, true] {
                let mut expected: Vec<RefundView> = all.clone();
                expected.retain(|r| r.closed.is_some() == closed && channel.is_none_or(|code| *code == r.channel));
                expected.sort_by_key(|refund| refund.closed.as_ref().map_or(refund.seq, |closed| closed.seq));
                let (mut shown, mut after) = (Vec::new(), None);
                loop {
                    let query = RefundsQuery { channel: channel.cloned(), number: None, closed, after, limit: 5 };
                    let Reply::Refunds(page) = asking.ask(&Query::Refunds(query))? else {
                        return Err("no refunds".to_owned());
                    };
                    shown.extend(page.refunds);
                    after = page.next;
                    if after.is_none() {
                        break;
                    }
                }
                same(&format!("the refunds of {channel:?}, closed: {closed}"), &shown, &expected)?;
            }
        }
        Ok(())
    }
}

/// A payment that is owed back by an event.
fn owed_of(reason: RefundReason, payment: &Payment, entry: &Entry<'_>) -> Owed {
    let due = (entry.seq, entry.envelope.arrived);
    Owed { reason, payment: Some(payment.clone()), units: BTreeMap::new(), due, closed: None }
}

/// What a timeline says of a refund.
fn phrase(no: u32, reason: RefundReason, payment: &Payment) -> String {
    let amount = payment.amount.map(|amount| format!(", {amount}")).unwrap_or_default();
    let reference = payment.reference.as_ref().map(|reference| format!(" {reference}")).unwrap_or_default();
    format!("refund {no}: {}, payment{reference}{amount}", reason.name())
}

/// What a timeline says of a payment, when anything was told of it.
pub(super) fn told_of(payment: &Payment) -> Option<String> {
    let amount = payment.amount.map(|amount| format!(", {amount}"));
    let reference = payment.reference.as_ref().map(|reference| format!(" {reference}"));
    let is_told = amount.is_some() || reference.is_some();
    is_told.then(|| format!("payment{}{}", reference.unwrap_or_default(), amount.unwrap_or_default()))
}

/// The refund that an event about an order made due: number and reason.
fn made_due(model: &Model, order: OrderId, payment: &Payment) -> Option<(u32, RefundReason)> {
    let order = model.order(order).ok()?;
    let purse = model.purse(&(order.channel, order.number.clone()));
    let no = match &payment.reference {
        Some(reference) => purse.named.get(reference)?.1?,
        None => {
            let is_it = |owed: &Owed| Some(owed.due.0) == purse.unnamed;
            purse.refunds.iter().position(is_it)? as u32 + 1
        }
    };
    Some((no, purse.refunds.get(no as usize - 1)?.reason))
}

impl Verdict for RefundDue {
    fn subject(&self) -> Option<(OrderId, Option<SubNo>)> {
        Some((self.order, None))
    }

    fn take_in(&self, model: &mut Model, entry: &Entry<'_>) -> Result<(), String> {
        let order = model.order(self.order)?;
        let reason = match order.state {
            OrderState::Expired => RefundReason::StockGone,
            OrderState::Paid | OrderState::RefundDue => RefundReason::PaidTwice,
            OrderState::Cancelled => RefundReason::Cancelled,
            OrderState::Held => return Err("the order is not paid yet".to_owned()),
        };
        if reason != self.reason {
            return Err(format!("the reason is {reason:?}"));
        }
        let number = (order.channel, order.number.clone());
        if reason == RefundReason::StockGone {
            model.order_mut(self.order)?.state = OrderState::RefundDue;
        }
        model.owe(&number, owed_of(reason, &self.payment, entry))
    }

    fn reply(&self, after: &Model, seq: Seq) -> Result<Reply, String> {
        let (no, reason) = made_due(after, self.order, &self.payment).ok_or("no refund")?;
        changed(after, seq, self.order, Change::RefundDue { refund: RefundNo(no), reason })
    }

    fn outcome(&self) -> Option<Outcome> {
        Some(Outcome::RefundDue)
    }

    fn reason_in(&self, after: &Model) -> Option<String> {
        made_due(after, self.order, &self.payment).map(|(no, reason)| phrase(no, reason, &self.payment))
    }
}

impl Verdict for UnplacedPaid {
    fn subject(&self) -> Option<(OrderId, Option<SubNo>)> {
        None
    }

    fn take_in(&self, model: &mut Model, entry: &Entry<'_>) -> Result<(), String> {
        let number = (self.channel, self.number.clone());
        if model.numbers.contains_key(&number) || self.payment.reference.is_none() {
            return Err("an order has the number, or the payment has no name".to_owned());
        }
        model.owe(&number, owed_of(RefundReason::UnknownOrder, &self.payment, entry))
    }

    fn reply(&self, after: &Model, _seq: Seq) -> Result<Reply, String> {
        let number = (self.channel, self.number.clone());
        let no = after.purse(&number).refunds.len() as u32;
        let refund = after.refund_view(&number, no).ok_or("a refund without a name")?;
        Ok(Reply::Refunded(Box::new(Refunded { refund, replayed: false })))
    }
}

impl Verdict for RefundClosed {
    fn subject(&self) -> Option<(OrderId, Option<SubNo>)> {
        self.order.map(|order| (order, None))
    }

    fn take_in(&self, model: &mut Model, entry: &Entry<'_>) -> Result<(), String> {
        let number = (self.channel, self.number.clone());
        if model.numbers.get(&number).copied() != self.order {
            return Err("the number is that of another order".to_owned());
        }
        let by = named(&entry.envelope.actor)?;
        let purse = model.purse_mut(&number);
        let owed = (self.refund.0 as usize).checked_sub(1).and_then(|at| purse.refunds.get_mut(at));
        match owed.filter(|owed| owed.closed.is_none()) {
            Some(owed) => owed.closed = Some((self.reference.clone(), entry.seq, entry.envelope.arrived, by)),
            None => return Err("no such refund is open".to_owned()),
        }
        let is_owed = purse.is_owed();
        if let Some(order) = self.order {
            let order = model.order_mut(order)?;
            if order.state == OrderState::RefundDue && !is_owed {
                order.state = OrderState::Cancelled;
            }
        }
        Ok(())
    }

    fn reply(&self, after: &Model, _seq: Seq) -> Result<Reply, String> {
        let number = (self.channel, self.number.clone());
        let refund = after.refund_view(&number, self.refund.0).ok_or("a refund without a name")?;
        Ok(Reply::Refunded(Box::new(Refunded { refund, replayed: false })))
    }

    fn reason_in(&self, _after: &Model) -> Option<String> {
        Some(format!("refund {}, {}", self.refund, self.reference))
    }
}
