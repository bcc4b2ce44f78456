//! What was paid for an order number, and what of it is owed back. Only numbers whose payments have references, or of which
//! something was ever owed back, have an account; it also stands for a number that no order has.

use std::collections::BTreeMap;

use bincode::Encode;
use bincode::enc::Encoder;
use bincode::error::EncodeError;

use crate::heap::{COMPARED, Heap, tree};
use crate::ids::{Code, RefundNo, Seq};
use crate::money::Money;
use crate::orders::{Closing, OrderKey, Payment, Refund, RefundReason};

/// What a payment came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode)]
pub struct Told {
    /// The event.
    pub seq: Seq,
    /// The refund that it made due; `None` when it pays the order.
    pub refund: Option<RefundNo>,
    /// What arrived, if that was told.
    pub amount: Option<Money>,
}

/// Payments and refunds of one order number.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Account {
    /// By the payment's reference.
    payments: BTreeMap<Code, Told>,
    /// A payment without a reference that made a refund due.
    unnamed: Option<Told>,
    /// By number, from 1.
    refunds: Vec<Refund>,
    /// How many of them are open.
    open: u32,
    /// Bytes of memory behind references and refunds.
    behind: usize,
}

impl Encode for Account {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        (&self.payments, &self.unnamed, &self.refunds, &self.open).encode(encoder)
    }
}

impl Heap for Account {
    /// Looks at no payment and no refund.
    fn heap(&self) -> usize {
        let refunds = self.refunds.capacity() * size_of::<Refund>();
        tree::<Code, Told>(self.payments.len()) + refunds + self.behind
    }
}

impl Account {
    /// What a payment came to that was told before.
    pub fn told(&self, reference: Option<&Code>) -> Option<Told> {
        match reference {
            Some(reference) => self.payments.get(reference).copied(),
            None => self.unnamed,
        }
    }

    /// The amount with which a payment of this reference was told before, when it is told with another one now.
    pub fn other_amount(&self, payment: &Payment) -> Option<Money> {
        let before = self.told(Some(payment.reference.as_ref()?))?.amount?;
        payment.amount.is_some_and(|now| now != before).then_some(before)
    }

    /// Remembers what a payment came to; its amount stays known when it is told again without.
    pub fn tell(&mut self, reference: Option<&Code>, told: Told) {
        match reference {
            Some(reference) => {
                let before = self.payments.get(reference).and_then(|told| told.amount);
                let told = Told { amount: told.amount.or(before), ..told };
                let reference = reference.clone();
                let bytes = reference.heap();
                if self.payments.insert(reference, told).is_none() {
                    self.behind += bytes;
                }
            }
            None => self.unnamed = Some(told),
        }
    }

    /// A refund by number.
    pub fn refund(&self, no: RefundNo) -> Option<&Refund> {
        no.index().checked_sub(1).and_then(|at| self.refunds.get(at))
    }

    /// The refunds with their numbers.
    pub fn refunds(&self) -> impl ExactSizeIterator<Item = (RefundNo, &Refund)> {
        self.refunds
            .iter()
            .enumerate()
            .map(|(at, refund)| (RefundNo(u32::try_from(at + 1).unwrap_or(u32::MAX)), refund))
    }

    /// The last event that changed it.
    pub fn changed(&self) -> Seq {
        let told = self.payments.values().chain(&self.unnamed).map(|told| told.seq);
        told.chain(self.refunds.iter().map(Refund::changed)).max().unwrap_or_default()
    }

    /// Whether anything is owed back.
    pub fn is_owed(&self) -> bool {
        self.open > 0
    }

    /// The refund, still open, of a payment that came before there was an order: it may pay the order instead.
    pub fn unplaced(&self, reference: &Code) -> Option<RefundNo> {
        let no = self.payments.get(reference)?.refund?;
        let refund = self.refund(no)?;
        (refund.reason == RefundReason::UnknownOrder && refund.closed.is_none()).then_some(no)
    }

    /// Adds a refund; answers its number.
    pub fn owe(&mut self, refund: Refund) -> RefundNo {
        self.open += u32::from(refund.closed.is_none());
        self.behind += refund.heap();
        self.refunds.push(refund);
        RefundNo(u32::try_from(self.refunds.len()).unwrap_or(u32::MAX))
    }

    /// Closes a refund; answers it as it was. `None` when there is no such refund, or it is closed.
    pub fn close(&mut self, no: RefundNo, closing: Closing) -> Option<&Refund> {
        let at = no.index().checked_sub(1)?;
        let refund = self.refunds.get_mut(at).filter(|refund| refund.closed.is_none())?;
        self.behind += closing.heap();
        refund.closed = Some(closing);
        self.open -= 1;
        Some(refund)
    }

    /// What is wrong with it, if anything.
    pub fn check(&self, key: &OrderKey) -> Result<(), String> {
        let wrong = |what: &str| Err(format!("the account of number {}: {what}", key.number));
        let open = self.refunds.iter().filter(|refund| refund.closed.is_none()).count();
        if open != self.open as usize {
            return wrong("counts other open refunds than it has");
        }
        let references: usize = self.payments.keys().map(Code::heap).sum();
        let refunds: usize = self.refunds.iter().map(Refund::heap).sum();
        if COMPARED && references + refunds != self.behind {
            return wrong("counts other bytes than it has");
        }
        let named = self.payments.values().chain(&self.unnamed).filter_map(|told| told.refund);
        if named.into_iter().any(|no| self.refund(no).is_none()) {
            return wrong("a payment names a refund that is not there");
        }
        Ok(())
    }
}
