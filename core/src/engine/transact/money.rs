//! Payments and refunds under the locks of an event.

use std::collections::BTreeMap;

use crate::engine::transact::state::{At, Broken, State};
use crate::ids::{Code, OrderId, RefundNo, SkuId};
use crate::orders::{Basis, Closing, OrderKey, Payment, Refund, RefundReason, Told};
use crate::units::Units;

impl State<'_, '_> {
    /// What an order is called outside.
    pub fn key_of(&mut self, order: OrderId) -> Result<OrderKey, Broken> {
        let order = self.order_mut(order)?;
        Ok(OrderKey { channel: order.channel, number: order.number.clone() })
    }

    /// Notes a payment that pays an order. One that came before the order was placed is no longer owed back.
    pub fn paid(&mut self, order: OrderId, payment: &Payment, at: &At<'_>) -> Result<(), Broken> {
        let Some(reference) = &payment.reference else { return Ok(()) };
        let key = self.key_of(order)?;
        let unplaced = self.key_shard_mut(&key).account(&key).and_then(|account| account.unplaced(reference));
        if let Some(no) = unplaced {
            self.settle(&key, no, reference, at)?;
        }
        let told = Told { seq: at.seq, refund: None, amount: payment.amount };
        self.key_shard_mut(&key).change_account(&key, |account| account.tell(Some(reference), told));
        self.mark_refunds(order)
    }

    /// Notes a payment that is owed back; answers the refund. One that is owed back already, since it came before the
    /// order was placed, makes no second refund.
    pub fn owe_payment(
        &mut self,
        key: &OrderKey,
        reason: RefundReason,
        payment: &Payment,
        at: &At<'_>,
    ) -> Result<(RefundNo, RefundReason), Broken> {
        let reference = payment.reference.as_ref();
        let account = self.key_shard_mut(key).account(key);
        let unplaced = account.and_then(|account| account.unplaced(reference?));
        let owed = match unplaced {
            Some(no) => (no, RefundReason::UnknownOrder),
            None => (self.owe(key, reason, Basis::Payment(payment.clone()), at)?, reason),
        };
        let told = Told { seq: at.seq, refund: Some(owed.0), amount: payment.amount };
        self.key_shard_mut(key).change_account(key, |account| account.tell(reference, told));
        Ok(owed)
    }

    /// Notes that paid units are owed back, since the customer does not get or keep them.
    pub fn owe_units(
        &mut self,
        order: OrderId,
        reason: RefundReason,
        units: impl Iterator<Item = (SkuId, Units)>,
        at: &At<'_>,
    ) -> Result<(), Broken> {
        let mut by_sku: BTreeMap<SkuId, Units> = BTreeMap::new();
        for (sku, units) in units {
            let sum = by_sku.entry(sku).or_default();
            *sum = sum.saturating_add(units);
        }
        if by_sku.is_empty() {
            return Ok(());
        }
        let key = self.key_of(order)?;
        self.owe(&key, reason, Basis::Units(by_sku.into_iter().collect()), at)?;
        self.mark_refunds(order)
    }

    /// Adds a refund that is due.
    pub fn owe(&mut self, key: &OrderKey, reason: RefundReason, basis: Basis, at: &At<'_>) -> Result<RefundNo, Broken> {
        let refund = Refund { reason, basis, seq: at.seq, due: at.arrived(), closed: None };
        let no = self.key_shard_mut(key).change_account(key, |account| account.owe(refund.clone()));
        if self.refunds().due(key, no, &refund) {
            Ok(no)
        } else {
            Err(Broken::Refund("an event makes two of them due"))
        }
    }

    /// Closes a refund.
    pub fn settle(&mut self, key: &OrderKey, no: RefundNo, reference: &Code, at: &At<'_>) -> Result<(), Broken> {
        let (by, reference) = (at.envelope.actor.clone(), reference.clone());
        let closing = Closing { reference, seq: at.seq, at: at.arrived(), by };
        let closed = self.key_shard_mut(key).change_account(key, |account| account.close(no, closing).cloned());
        let refund = closed.ok_or(Broken::Refund("one is closed that is not open"))?;
        if self.refunds().close(key, no, &refund, at.seq) { Ok(()) } else { Err(Broken::Refund("one is in no list")) }
    }

    /// Notes in an order whether anything of it is owed back.
    pub fn mark_refunds(&mut self, order: OrderId) -> Result<(), Broken> {
        let shard = self.shard_mut(order);
        let found = shard.order(order).ok_or(Broken::UnknownOrder(order))?;
        let is_owed = shard.account_of(found).is_some_and(crate::orders::Account::is_owed);
        self.order_mut(order)?.refund_due = is_owed;
        Ok(())
    }
}
