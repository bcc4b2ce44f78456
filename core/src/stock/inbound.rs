//! What a cell expects from suppliers, and to whom it is promised before it comes.
//!
//! ```text
//!   supplier ──announce──► inbound (by receipt) ──promise──► promised (by ticket) ──receive──► held or allocated
//!                            │        ▲                        │
//!                            │        └──── given up ──────────┤
//!                            └──receive──► available           └── its receipt brought too few: another receipt, or none
//! ```
//!
//! Goods received stand under their receipt as *arrived* until each order they were promised to has got its own: see
//! [`crate::stock::Handover`].
//!
//! Every promise is an account of its own, its ticket; tickets rise in the order of promising. Units whose receipt failed
//! them get a new ticket that keeps the rank of the first, so that they are not pushed back.

use std::collections::{BTreeMap, BTreeSet};

use bincode::Encode;

use crate::heap::{Heap, tree};
use crate::ids::{Code, OrderId, PoolId, ReceiptNo, SubNo, Ticket};
use crate::time::Day;
use crate::units::Units;

/// An expected receipt of one SKU at one warehouse. It is forgotten when nothing of it is expected any more.
#[derive(Clone, PartialEq, Eq, Debug, Encode)]
pub struct ExpectedReceipt {
    /// Its number in the cell.
    pub no: ReceiptNo,
    /// What supplier and warehouse call it: a purchase order or delivery note.
    pub reference: Code,
    /// The day it is due.
    pub day: Day,
    /// The pool its units are for.
    pub pool: PoolId,
    /// Units promised to nobody.
    pub free: Units,
    /// Units promised to orders.
    pub promised: Units,
    /// Units of it that are here, and on their way to whom they were promised.
    pub arrived: Units,
    /// Units promised out of it that it will not bring: these promises are about to move to other receipts, or to none.
    pub missing: Units,
}

impl ExpectedReceipt {
    /// Units expected in all.
    pub fn units(&self) -> Units {
        self.free.saturating_add(self.promised).saturating_sub(self.missing)
    }

    /// Whether nothing stands under it any more.
    fn is_over(&self) -> bool {
        [self.free, self.promised, self.arrived, self.missing].iter().all(|units| units.is_zero())
    }

    /// Units that are here and that nobody waits for any more.
    pub fn left_over(&self) -> Units {
        self.arrived.saturating_sub(self.promised)
    }

    /// Units that are yet to come and can be promised.
    pub fn open(&self) -> Units {
        self.free.saturating_sub(self.left_over()).saturating_sub(self.missing)
    }
}

/// Units promised to a sub-order before they have come.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode)]
pub struct Promise {
    /// Its account.
    pub ticket: Ticket,
    /// The ticket under which the units were promised first: who has the lower rank is served first.
    pub rank: Ticket,
    /// The receipt that is to bring them; [`ReceiptNo::NONE`] when none is expected to.
    pub receipt: ReceiptNo,
    /// The pool they were drawn from.
    pub pool: PoolId,
    /// To this order.
    pub order: OrderId,
    /// To this sub-order of it.
    pub sub: SubNo,
    /// Promised units.
    pub units: Units,
}

/// Expected units that can still be promised.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Promisable {
    /// The day they are due.
    pub day: Day,
    /// The receipt that brings them.
    pub receipt: ReceiptNo,
    /// The pool they are for.
    pub pool: PoolId,
    /// How many. Never none.
    pub units: Units,
}

/// The expected receipts and the promises of a cell.
#[derive(Clone, PartialEq, Eq, Debug, Default, Encode)]
pub struct Inbound {
    receipts: Vec<ExpectedReceipt>,
    promises: BTreeMap<Ticket, Promise>,
    by_order: BTreeSet<(OrderId, Ticket)>,
    /// Who waits for what, in order of promise: receipt, pool, rank, ticket.
    queue: BTreeSet<(ReceiptNo, PoolId, Ticket, Ticket)>,
    /// Units promised that no receipt is expected to bring, by pool.
    overdue: Vec<(PoolId, Units)>,
    last_receipt: ReceiptNo,
    last_ticket: Ticket,
}

impl Heap for Inbound {
    /// Looks at each receipt, and at no promise.
    fn heap(&self) -> usize {
        let receipts = self.receipts.capacity() * size_of::<ExpectedReceipt>();
        let references: usize = self.receipts.iter().map(|receipt| receipt.reference.heap()).sum();
        let overdue = self.overdue.capacity() * size_of::<(PoolId, Units)>();
        let promises = tree::<Ticket, Promise>(self.promises.len());
        let found = tree::<(OrderId, Ticket), ()>(self.by_order.len());
        let queue = tree::<(ReceiptNo, PoolId, Ticket, Ticket), ()>(self.queue.len());
        receipts + references + overdue + promises + found + queue
    }
}

impl Inbound {
    /// The expected receipts, in the order of announcement.
    pub fn receipts(&self) -> &[ExpectedReceipt] {
        &self.receipts
    }

    /// An expected receipt.
    pub fn receipt(&self, no: ReceiptNo) -> Option<&ExpectedReceipt> {
        self.receipts.iter().find(|receipt| receipt.no == no)
    }

    /// An expected receipt by its reference.
    pub fn referred(&self, reference: &Code) -> Option<&ExpectedReceipt> {
        self.receipts.iter().find(|receipt| receipt.reference == *reference)
    }

    /// The number the next receipt gets.
    pub fn next_receipt(&self) -> ReceiptNo {
        ReceiptNo(self.last_receipt.0.saturating_add(1))
    }

    /// The ticket that a promise gets after `made` others.
    pub fn ticket_after(&self, made: usize) -> Ticket {
        Ticket(self.last_ticket.0.saturating_add(1).saturating_add(u32::try_from(made).unwrap_or(u32::MAX)))
    }

    /// A promise.
    pub fn promise(&self, ticket: Ticket) -> Option<&Promise> {
        self.promises.get(&ticket)
    }

    /// Every promise, by ticket.
    pub fn promises(&self) -> impl Iterator<Item = &Promise> {
        self.promises.values()
    }

    /// The promises that a receipt is to keep, or those of a pool that no receipt is to keep, in order of promise.
    pub fn waiting(&self, receipt: ReceiptNo, pool: PoolId) -> impl DoubleEndedIterator<Item = &Promise> {
        let (first, last) = (Ticket(0), Ticket(u32::MAX));
        let ours = self.queue.range((receipt, pool, first, first)..=(receipt, pool, last, last));
        ours.map(|(_, _, _, ticket)| &self.promises[ticket])
    }

    /// What is promised to an order, the latest promise first.
    pub fn of_order(&self, order: OrderId) -> impl Iterator<Item = &Promise> {
        let tickets = self.by_order.range((order, Ticket(0))..=(order, Ticket(u32::MAX))).rev();
        tickets.map(|(_, ticket)| &self.promises[ticket])
    }

    /// The pools of which units are overdue, by id.
    pub fn overdue_pools(&self) -> impl Iterator<Item = (PoolId, Units)> {
        self.overdue.iter().copied()
    }

    /// Whether a receipt is expected or promised units are overdue.
    pub fn is_awaited(&self) -> bool {
        !self.receipts.is_empty() || !self.overdue.is_empty()
    }

    /// Whether anything waits to be handed over, or waits for a receipt.
    pub(super) fn is_owed(&self) -> bool {
        let waits = |receipt: &ExpectedReceipt| !receipt.arrived.is_zero() || !receipt.missing.is_zero();
        !self.overdue.is_empty() || self.receipts.iter().any(waits)
    }

    /// Units that are promised out of receipts which will not bring them.
    pub(super) fn missing(&self) -> Units {
        self.receipts.iter().map(|receipt| receipt.missing).sum()
    }

    /// Units that are here and on their way to whom they were promised.
    pub(super) fn arrived(&self) -> Units {
        self.receipts.iter().map(|receipt| receipt.arrived).sum()
    }

    /// Units of a pool that are promised and that no receipt is expected to bring.
    pub fn overdue(&self, pool: PoolId) -> Units {
        let missing: Units = self.receipts.iter().filter(|r| r.pool == pool).map(|r| r.missing).sum();
        self.without(pool).saturating_add(missing)
    }

    /// Units of a pool whose promises stand under no receipt.
    fn without(&self, pool: PoolId) -> Units {
        self.overdue.iter().find(|(known, _)| *known == pool).map_or(Units::ZERO, |(_, units)| *units)
    }

    /// What can be promised out of these pools, the earliest first. As many units as are overdue in a pool are kept back:
    /// who was promised them first comes before new orders.
    pub fn promisable(&self, pools: &[PoolId]) -> Vec<Promisable> {
        let mut free: Vec<Promisable> = self
            .receipts
            .iter()
            .filter(|r| !r.open().is_zero() && pools.contains(&r.pool))
            .map(|r| Promisable { day: r.day, receipt: r.no, pool: r.pool, units: r.open() })
            .collect();
        free.sort_unstable();
        for &pool in pools {
            let mut kept = self.overdue(pool);
            for part in free.iter_mut().filter(|part| part.pool == pool) {
                let back = part.units.min(kept);
                part.units = part.units.saturating_sub(back);
                kept = kept.saturating_sub(back);
            }
        }
        free.retain(|part| !part.units.is_zero());
        free
    }

    /// Expects a new receipt of no units yet.
    pub fn open(&mut self, no: ReceiptNo, reference: Code, day: Day, pool: PoolId) {
        self.last_receipt = self.last_receipt.max(no);
        let none = Units::ZERO;
        self.receipts.push(ExpectedReceipt {
            no,
            reference,
            day,
            pool,
            free: none,
            promised: none,
            arrived: none,
            missing: none,
        });
    }

    /// Expects a receipt on another day; `None` when there is no such receipt.
    pub fn date(&mut self, no: ReceiptNo, day: Day) -> Option<()> {
        self.receipts.iter_mut().find(|receipt| receipt.no == no)?.day = day;
        Some(())
    }

    /// Opens the account of a promise of no units yet; `None` when its ticket was given before.
    pub fn register(&mut self, promise: Promise) -> Option<()> {
        if promise.ticket <= self.last_ticket {
            return None;
        }
        self.last_ticket = promise.ticket;
        self.by_order.insert((promise.order, promise.ticket));
        self.queue.insert(place(&promise));
        self.promises.insert(promise.ticket, Promise { units: Units::ZERO, ..promise });
        Some(())
    }

    /// Free units of a receipt.
    pub(super) fn free(&self, no: ReceiptNo) -> Units {
        self.receipt(no).map_or(Units::ZERO, |receipt| receipt.free)
    }

    /// Units under a ticket.
    pub(super) fn promised(&self, ticket: Ticket) -> Units {
        self.promises.get(&ticket).map_or(Units::ZERO, |promise| promise.units)
    }

    /// Every unit expected or promised.
    pub(super) fn units(&self) -> Units {
        let free: Units = self.receipts.iter().map(|receipt| receipt.free).sum();
        free.saturating_add(self.promises.values().map(|promise| promise.units).sum()).saturating_add(self.arrived())
    }

    pub(super) fn set_free(&mut self, no: ReceiptNo, change: impl FnOnce(Units) -> Option<Units>) -> Result<(), Units> {
        let receipt = self.receipts.iter_mut().find(|receipt| receipt.no == no).ok_or(Units::ZERO)?;
        receipt.free = change(receipt.free).ok_or(receipt.free)?;
        Ok(())
    }

    pub(super) fn set_arrived(
        &mut self,
        no: ReceiptNo,
        change: impl FnOnce(Units) -> Option<Units>,
    ) -> Result<(), Units> {
        let receipt = self.receipts.iter_mut().find(|receipt| receipt.no == no).ok_or(Units::ZERO)?;
        receipt.arrived = change(receipt.arrived).ok_or(receipt.arrived)?;
        Ok(())
    }

    pub(super) fn set_missing(
        &mut self,
        no: ReceiptNo,
        change: impl FnOnce(Units) -> Option<Units>,
    ) -> Result<(), Units> {
        let receipt = self.receipts.iter_mut().find(|receipt| receipt.no == no).ok_or(Units::ZERO)?;
        receipt.missing = change(receipt.missing).ok_or(receipt.missing)?;
        Ok(())
    }

    pub(super) fn set_promised(
        &mut self,
        ticket: Ticket,
        change: impl Fn(Units) -> Option<Units>,
    ) -> Result<(), Units> {
        let promise = self.promises.get_mut(&ticket).ok_or(Units::ZERO)?;
        promise.units = change(promise.units).ok_or(promise.units)?;
        let promise = *promise;
        let Promise { receipt, order, pool, units, .. } = promise;
        if units.is_zero() {
            self.promises.remove(&ticket);
            self.by_order.remove(&(order, ticket));
            self.queue.remove(&place(&promise));
        }
        if receipt == ReceiptNo::NONE {
            return self.set_overdue(pool, change);
        }
        let receipt = self.receipts.iter_mut().find(|known| known.no == receipt).ok_or(Units::ZERO)?;
        receipt.promised = change(receipt.promised).ok_or(receipt.promised)?;
        Ok(())
    }

    fn set_overdue(&mut self, pool: PoolId, change: impl Fn(Units) -> Option<Units>) -> Result<(), Units> {
        let before = self.without(pool);
        let after = change(before).ok_or(before)?;
        self.overdue.retain(|(known, _)| *known != pool);
        if !after.is_zero() {
            let at = self.overdue.partition_point(|(known, _)| *known < pool);
            self.overdue.insert(at, (pool, after));
        }
        Ok(())
    }

    /// Forgets receipts of which nothing is expected any more.
    pub(super) fn tidy(&mut self) {
        self.receipts.retain(|receipt| !receipt.is_over());
    }

    /// What is wrong, if anything.
    pub(super) fn check(&self) -> Result<(), String> {
        for receipt in &self.receipts {
            let promised: Units = self.promises.values().filter(|p| p.receipt == receipt.no).map(|p| p.units).sum();
            if promised != receipt.promised {
                return Err(format!(
                    "receipt {} has {} promised, tickets say {promised}",
                    receipt.no, receipt.promised
                ));
            }
            let claimed = receipt.free.saturating_add(receipt.promised);
            if receipt.arrived.saturating_add(receipt.missing) > claimed {
                return Err(format!("receipt {} has more here or missing than it brings", receipt.no));
            }
            if receipt.is_over() || receipt.no > self.last_receipt {
                return Err(format!("receipt {} brings nothing or was never announced", receipt.no));
            }
        }
        for (pool, units) in &self.overdue {
            let without = self.promises.values().filter(|p| p.receipt == ReceiptNo::NONE && p.pool == *pool);
            if *units != without.map(|promise| promise.units).sum() {
                return Err(format!("{units} units of pool {pool} are overdue, tickets say otherwise"));
            }
        }
        for promise in self.promises.values() {
            let known = promise.receipt == ReceiptNo::NONE || self.receipt(promise.receipt).is_some();
            if !known || promise.units.is_zero() || promise.rank > promise.ticket || promise.ticket > self.last_ticket {
                return Err(format!("{promise:?} does not hold together"));
            }
            if !self.by_order.contains(&(promise.order, promise.ticket)) || !self.queue.contains(&place(promise)) {
                return Err(format!("ticket {} is not found by its order or in its place", promise.ticket));
            }
        }
        let counts = [self.promises.len(), self.by_order.len(), self.queue.len()];
        if counts != [self.promises.len(); 3] {
            return Err(format!("promises, those by order and those in line are {counts:?}"));
        }
        Ok(())
    }
}

/// Where a promise stands in line.
fn place(promise: &Promise) -> (ReceiptNo, PoolId, Ticket, Ticket) {
    (promise.receipt, promise.pool, promise.rank, promise.ticket)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn receipt(inbound: &mut Inbound, day: u32, units: u64) -> ReceiptNo {
        let no = inbound.next_receipt();
        inbound.open(no, Code::new(&format!("PO-{no}")).unwrap(), Day(day), PoolId::REGULAR);
        inbound.set_free(no, |free| free.checked_add(Units(units))).unwrap();
        no
    }

    fn promise(inbound: &mut Inbound, rank: Option<Ticket>, receipt: ReceiptNo, order: u64, units: u64) -> Ticket {
        let ticket = inbound.ticket_after(0);
        let (rank, order, sub, units) = (rank.unwrap_or(ticket), OrderId(order), SubNo(1), Units(units));
        let promise = Promise { ticket, rank, receipt, pool: PoolId::REGULAR, order, sub, units };
        inbound.register(promise).unwrap();
        if receipt != ReceiptNo::NONE {
            inbound.set_free(receipt, |free| free.checked_sub(units)).unwrap();
        }
        inbound.set_promised(ticket, |n| n.checked_add(units)).unwrap();
        ticket
    }

    #[test]
    fn the_earliest_receipt_is_promised_first_and_overdue_units_are_kept_back() {
        let mut inbound = Inbound::default();
        let (late, early) = (receipt(&mut inbound, 20, 5), receipt(&mut inbound, 10, 5));
        let parts = |inbound: &Inbound| {
            let parts = inbound.promisable(&[PoolId::REGULAR]);
            parts.into_iter().map(|p| (p.receipt, p.units.0)).collect::<Vec<_>>()
        };
        assert_eq!(parts(&inbound), [(early, 5), (late, 5)]);
        promise(&mut inbound, None, early, 1, 2);
        promise(&mut inbound, None, ReceiptNo::NONE, 2, 4);
        assert_eq!(parts(&inbound), [(late, 4)], "3 early units and 1 late one are for order 2");
        assert!(inbound.promisable(&[PoolId(1)]).is_empty());
        inbound.check().unwrap();
    }

    #[test]
    fn who_was_promised_first_is_served_first_even_under_a_new_ticket() {
        let mut inbound = Inbound::default();
        let no = receipt(&mut inbound, 10, 9);
        let first = promise(&mut inbound, None, no, 1, 2);
        let second = promise(&mut inbound, None, no, 2, 2);
        inbound.set_promised(first, |n| n.checked_sub(Units(2))).unwrap();
        let again = promise(&mut inbound, Some(first), no, 1, 2);
        let order: Vec<Ticket> = inbound.waiting(no, PoolId::REGULAR).map(|p| p.ticket).collect();
        assert_eq!(order, [again, second]);
        assert_eq!(inbound.of_order(OrderId(1)).count(), 1);
        inbound.check().unwrap();
    }

    #[test]
    fn a_receipt_that_is_used_up_is_forgotten_and_its_number_is_not_given_again() {
        let mut inbound = Inbound::default();
        let no = receipt(&mut inbound, 10, 1);
        inbound.set_free(no, |free| free.checked_sub(Units(1))).unwrap();
        inbound.tidy();
        assert!(inbound.receipts().is_empty());
        assert_eq!(inbound.next_receipt(), ReceiptNo(2));
    }
}
