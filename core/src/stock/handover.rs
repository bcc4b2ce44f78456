//! Pending handovers of a cell: which units go to which promises, step by step.
//!
//! ```text
//!   arrived, by receipt ──in order of promise──► the receipt's own promises ── none is left ──► available
//!   available, by pool  ──in order of promise──► overdue promises of the pool
//!   inbound, by receipt ──in order of promise──► overdue promises of the pool, once nothing here serves them
//!   missing, by receipt ──the last promise first──► no receipt, before anything else
//! ```
//!
//! One step serves [`crate::limits::HANDED_MAX`] promises at most, so that it locks few orders and is a small event. Until the last step
//! nobody else can draw the units: arrived ones stand in a bucket of their own, and of available ones as many are withheld
//! as are overdue.

use crate::ids::{PoolId, ReceiptNo};
use crate::stock::availability::spare;
use crate::stock::{Bucket, Cell, ExpectedReceipt, Inbound, Promise};
use crate::units::Units;

/// Units that are here, and the promise that they keep.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Due {
    /// The promise, with as many units as it gets.
    pub promise: Promise,
    /// Where they stand.
    pub from: Bucket,
}

/// The next step of a cell.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Handover {
    /// Promises that are kept, in the order in which they are.
    pub dues: Vec<Due>,
    /// Receipts with units that nobody waits for any more: they go on sale, and are expected no longer.
    pub left_over: Vec<(ReceiptNo, PoolId, Units)>,
    /// Overdue units that move to a receipt.
    pub attached: Vec<(Promise, ReceiptNo)>,
    /// Units that their receipt will not bring, and that no receipt is expected to bring from now on.
    pub detached: Vec<Promise>,
    /// Receipts with units that nobody waits for any more and that will not come: they are expected no longer.
    pub given_up: Vec<(ReceiptNo, Units)>,
}

/// Units that are here, and whose promises they serve.
#[derive(Clone, Copy)]
struct Supply {
    /// The receipt that was promised; none for overdue promises.
    receipt: ReceiptNo,
    pool: PoolId,
    /// Where the units stand.
    from: Bucket,
    units: Units,
}

impl Cell {
    /// Whether units in it are due to promises: they are handed over in commits of their own.
    #[inline]
    pub fn is_due(&self) -> bool {
        self.withholds() && self.has_next_step()
    }

    fn has_next_step(&self) -> bool {
        let Some(inbound) = self.inbound() else { return false };
        let arrived = |receipt: &ExpectedReceipt| !receipt.arrived.is_zero() || !receipt.missing.is_zero();
        let opens = |pool| inbound.receipts().iter().any(|r| r.pool == pool && !r.open().is_zero());
        let served = |pool| !spare(self, pool, Units::ZERO).is_zero() || opens(pool);
        inbound.receipts().iter().any(arrived) || inbound.overdue_pools().any(|(pool, _)| served(pool))
    }
}

impl Handover {
    /// The next step, of at most `most` promises. Empty when nothing is to be done.
    pub fn of(cell: &Cell, most: usize) -> Handover {
        let mut step = Handover::default();
        let Some(inbound) = cell.inbound().filter(|_| cell.withholds()) else { return step };
        step.detach(inbound, most);
        if !step.is_empty() {
            return step;
        }
        for receipt in inbound.receipts().iter().filter(|receipt| !receipt.arrived.is_zero()) {
            let (from, units) = (Bucket::Arrived(receipt.no), receipt.arrived);
            step.serve(inbound, Supply { receipt: receipt.no, pool: receipt.pool, from, units }, most);
            let left_over = (receipt.no, receipt.pool, receipt.left_over());
            step.left_over.extend((!left_over.2.is_zero()).then_some(left_over));
        }
        let mut used = Units::ZERO;
        for (pool, _) in inbound.overdue_pools() {
            let units = spare(cell, pool, used);
            let supply = Supply { receipt: ReceiptNo::NONE, pool, from: Bucket::Available(pool), units };
            let served = step.serve(inbound, supply, most);
            used = used.saturating_add(served);
        }
        if step.dues.is_empty() && step.left_over.is_empty() {
            inbound.overdue_pools().for_each(|(pool, _)| step.attach(inbound, pool, most));
        }
        step
    }

    /// Whether there is nothing to be done.
    pub fn is_empty(&self) -> bool {
        self.dues.is_empty()
            && self.left_over.is_empty()
            && self.attached.is_empty()
            && self.detached.is_empty()
            && self.given_up.is_empty()
    }

    /// How many promises it changes.
    pub fn promises(&self) -> usize {
        self.dues.len() + self.attached.len() + self.detached.len()
    }

    /// Promises leave receipts that will not keep them, the last ones first; units that nobody waits for any more leave them
    /// before.
    fn detach(&mut self, inbound: &Inbound, most: usize) {
        for receipt in inbound.receipts().iter().filter(|receipt| !receipt.missing.is_zero()) {
            let given_up = receipt.free.min(receipt.missing);
            self.given_up.extend((!given_up.is_zero()).then_some((receipt.no, given_up)));
            let mut left = receipt.missing.saturating_sub(given_up);
            for promise in inbound.waiting(receipt.no, receipt.pool).rev().take(most - self.detached.len()) {
                let units = promise.units.min(left);
                if units.is_zero() {
                    break;
                }
                left = left.saturating_sub(units);
                self.detached.push(Promise { units, ..*promise });
            }
        }
    }

    /// Serves promises in order out of units that stand somewhere; answers how many it served.
    fn serve(&mut self, inbound: &Inbound, supply: Supply, most: usize) -> Units {
        let Supply { receipt, pool, from, units } = supply;
        let mut left = units;
        for promise in inbound.waiting(receipt, pool).take(most.saturating_sub(self.dues.len())) {
            let units = promise.units.min(left);
            if units.is_zero() {
                break;
            }
            left = left.saturating_sub(units);
            self.dues.push(Due { promise: Promise { units, ..*promise }, from });
        }
        units.saturating_sub(left)
    }

    /// Overdue promises of a pool move to the earliest receipts with units that nobody was promised.
    fn attach(&mut self, inbound: &Inbound, pool: PoolId, most: usize) {
        let mut homes: Vec<&ExpectedReceipt> = inbound.receipts().iter().filter(|r| r.pool == pool).collect();
        homes.sort_by_key(|receipt| (receipt.day, receipt.no));
        let mut homes = homes.into_iter().map(|receipt| (receipt.no, receipt.open())).filter(|home| !home.1.is_zero());
        let Some(mut home) = homes.next() else { return };
        for promise in inbound.waiting(ReceiptNo::NONE, pool) {
            let mut left = promise.units;
            while !left.is_zero() {
                if home.1.is_zero() {
                    let Some(next) = homes.next() else { return };
                    home = next;
                }
                if self.attached.len() >= most {
                    return;
                }
                let units = home.1.min(left);
                home.1 = home.1.saturating_sub(units);
                left = left.saturating_sub(units);
                self.attached.push((Promise { units, ..*promise }, home.0));
            }
        }
    }
}
