//! What was paid for a number, and what of it is owed back, as plain records.

use std::collections::BTreeMap;

use stockade_core::command::Pay;
use stockade_core::ids::{ChannelId, Code, Seq, SkuId};
use stockade_core::money::Money;
use stockade_core::orders::{Payment, RefundReason};
use stockade_core::time::Time;

/// What an order is called outside.
pub type Number = (ChannelId, Code);

/// All that was paid for one number, and what of it is owed back.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Purse {
    /// The event of each payment that has a reference, and the refund it is.
    pub named: BTreeMap<Code, (Seq, Option<u32>)>,
    /// The amounts of those of which one was told.
    pub amounts: BTreeMap<Code, Money>,
    /// The event of a payment without a reference that is owed back.
    pub unnamed: Option<Seq>,
    /// Refunds by number, from 1.
    pub refunds: Vec<Owed>,
}

/// Money that is owed back, or was.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Owed {
    /// Why.
    pub reason: RefundReason,
    /// The payment that it is for, when it is for one.
    pub payment: Option<Payment>,
    /// The units that it is for, when it is for units.
    pub units: BTreeMap<SkuId, u64>,
    /// The event that made it due, and when.
    pub due: (Seq, Time),
    /// What closed it: reference, event, when, who.
    pub closed: Option<(Code, Seq, Time, Code)>,
}

impl Owed {
    /// What its payment is called.
    pub fn reference(&self) -> Option<&Code> {
        self.payment.as_ref()?.reference.as_ref()
    }
}

impl Purse {
    /// The number of the open refund of a payment that came before its order.
    pub fn unplaced(&self, reference: &Code) -> Option<u32> {
        let no = self.named.get(reference)?.1?;
        let owed = self.refunds.get(no as usize - 1)?;
        (owed.reason == RefundReason::UnknownOrder && owed.closed.is_none()).then_some(no)
    }

    /// The event that told of a payment before.
    pub fn told(&self, reference: Option<&Code>) -> Option<Seq> {
        match reference {
            Some(reference) => self.named.get(reference).map(|(seq, _)| *seq),
            None => self.unnamed,
        }
    }

    /// Whether a payment was told before with another amount.
    pub fn has_other_amount(&self, pay: &Pay) -> bool {
        let before = pay.payment.as_ref().and_then(|reference| self.amounts.get(reference));
        before.zip(pay.amount).is_some_and(|(before, now)| *before != now)
    }

    /// Notes what arrived by a payment, if that was told.
    pub fn note_amount(&mut self, payment: &Payment) {
        if let (Some(reference), Some(amount)) = (&payment.reference, payment.amount) {
            self.amounts.insert(reference.clone(), amount);
        }
    }

    /// Whether anything is owed back.
    pub fn is_owed(&self) -> bool {
        self.refunds.iter().any(|owed| owed.closed.is_none())
    }
}
