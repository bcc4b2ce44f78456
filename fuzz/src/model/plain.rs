//! What is expected of one cell, unit by unit: what is promised is a line of single units in order of promise, and goods
//! are handed out one after the other.

use std::collections::{BTreeMap, BTreeSet};

use stockade_core::ids::{OrderId, PoolId, ReceiptNo, SubNo, Ticket};
use stockade_core::stock::{Bucket, HANDED_MAX};
use stockade_core::time::Day;

use super::expected::{Inbound, Promise};
use super::ledger::Cell;

/// One promised unit.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Unit {
    rank: Ticket,
    ticket: Ticket,
    receipt: ReceiptNo,
    pool: PoolId,
    order: OrderId,
    sub: SubNo,
}

/// What is expected and promised in a cell, and what of it is here, in units.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Plain {
    days: BTreeMap<ReceiptNo, (Day, PoolId)>,
    free: BTreeMap<ReceiptNo, u64>,
    /// Here, by receipt, and not handed out yet.
    arrived: BTreeMap<ReceiptNo, u64>,
    /// Promised, by receipt, and not coming: the last of the line lose the receipt, before anything else happens.
    missing: BTreeMap<ReceiptNo, u64>,
    /// Free on the shelf, by pool.
    shelf: BTreeMap<PoolId, u64>,
    /// Of the regular pool, for nobody.
    safety: u64,
    /// On no shelf, though the books say so.
    short: u64,
    line: Vec<Unit>,
}

/// The effect of goods that arrived.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Came {
    /// Units that stand ready for whom they were promised.
    pub kept: u64,
    /// Units that joined a pool, by pool.
    pub shelved: BTreeMap<PoolId, u64>,
}

/// What is visible of a cell from outside: free, arrived and missing units by receipt, those on the shelf by pool, and promised
/// ones by rank, receipt and holder.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Told {
    free: BTreeMap<ReceiptNo, u64>,
    arrived: BTreeMap<ReceiptNo, u64>,
    missing: BTreeMap<ReceiptNo, u64>,
    shelf: BTreeMap<PoolId, u64>,
    promised: BTreeMap<(Ticket, ReceiptNo, OrderId, SubNo), u64>,
}

impl Plain {
    pub(super) fn of(inbound: &Inbound, cell: &Cell) -> Plain {
        let mut plain = Plain { safety: cell.safety, short: cell.short(), ..Plain::default() };
        for (no, receipt) in &inbound.receipts {
            plain.days.insert(*no, (receipt.day, receipt.pool));
            plain.free.insert(*no, cell.units(Bucket::Inbound(*no)));
            plain.arrived.insert(*no, cell.units(Bucket::Arrived(*no)));
            plain.missing.insert(*no, cell.missing(*no));
        }
        for bucket in cell.balance.keys() {
            if let Bucket::Available(pool) = bucket {
                plain.shelf.insert(*pool, cell.units(*bucket));
            }
        }
        for (ticket, promise) in &inbound.promises {
            let Promise { rank, receipt, pool, order, sub } = *promise;
            for _ in 0..cell.units(Bucket::Promised(*ticket)) {
                plain.line.push(Unit { rank, ticket: *ticket, receipt, pool, order, sub });
            }
        }
        plain.line.sort();
        plain
    }

    pub(super) fn told(&self) -> Told {
        let mut promised = BTreeMap::new();
        for unit in &self.line {
            *promised.entry((unit.rank, unit.receipt, unit.order, unit.sub)).or_default() += 1;
        }
        let some =
            |map: &BTreeMap<ReceiptNo, u64>| map.iter().filter(|(_, n)| **n > 0).map(|(k, n)| (*k, *n)).collect();
        let shelf = self.shelf.iter().filter(|(_, n)| **n > 0).map(|(k, n)| (*k, *n)).collect();
        let (free, arrived, missing) = (some(&self.free), some(&self.arrived), some(&self.missing));
        Told { free, arrived, missing, shelf, promised }
    }

    /// Units of a receipt that nobody was promised.
    pub fn free(&self, no: ReceiptNo) -> u64 {
        self.free.get(&no).copied().unwrap_or(0)
    }

    /// Units promised out of a receipt, or out of none.
    pub fn promised(&self, no: ReceiptNo) -> u64 {
        self.line.iter().filter(|unit| unit.receipt == no).count() as u64
    }

    /// The pool a receipt is for.
    pub fn pool(&self, no: ReceiptNo) -> PoolId {
        self.days[&no].1
    }

    /// A receipt comes on another day.
    pub fn date(&mut self, no: ReceiptNo, day: Day) {
        let pool = self.pool(no);
        self.days.insert(no, (day, pool));
    }

    fn total(&self, no: ReceiptNo) -> u64 {
        self.free[&no] + self.promised(no) - self.missing(no)
    }

    fn missing(&self, no: ReceiptNo) -> u64 {
        self.missing.get(&no).copied().unwrap_or(0)
    }

    /// Promised units that no receipt is to bring, or that theirs will not.
    pub fn overdue(&self) -> u64 {
        self.promised(ReceiptNo::NONE) + self.missing.values().sum::<u64>()
    }

    fn overdue_of(&self, pool: PoolId) -> u64 {
        let without = self.line.iter().filter(|unit| unit.receipt == ReceiptNo::NONE && unit.pool == pool).count();
        let missing = self.missing.iter().filter(|(no, _)| self.days.get(no).is_some_and(|(_, p)| *p == pool));
        without as u64 + missing.map(|(_, units)| units).sum::<u64>()
    }

    /// Units here that nobody waits for.
    fn left_over(&self, no: ReceiptNo) -> u64 {
        self.arrived.get(&no).copied().unwrap_or(0).saturating_sub(self.promised(no))
    }

    /// Units yet to come that nobody was promised.
    fn open(&self, no: ReceiptNo) -> u64 {
        self.free[&no].saturating_sub(self.left_over(no)).saturating_sub(self.missing(no))
    }

    /// Another receipt.
    pub fn announce(&mut self, no: ReceiptNo, day: Day, pool: PoolId, units: u64) {
        self.days.insert(no, (day, pool));
        self.free.insert(no, units);
        self.fail(no, 0, HANDED_MAX);
    }

    /// A receipt brings another number of units.
    pub fn resize(&mut self, no: ReceiptNo, units: u64) {
        let total = self.total(no);
        let free = self.free.entry(no).or_default();
        *free += units.saturating_sub(total);
        let unsold = total.saturating_sub(units).min(*free);
        *free -= unsold;
        self.fail(no, total.saturating_sub(units) - unsold, HANDED_MAX);
    }

    /// The last units promised out of a receipt will not come. They lose it here, and go over to others, when they are of
    /// few promises; else they are missing until they lose it in steps.
    fn fail(&mut self, no: ReceiptNo, units: u64, room: usize) {
        let last = self.line.iter().rev().filter(|unit| unit.receipt == no).take(units as usize);
        let promises = last.map(|unit| unit.ticket).collect::<BTreeSet<_>>().len();
        if promises > room {
            *self.missing.entry(no).or_default() += units;
            return;
        }
        let pool = self.pool(no);
        let overdue = self.line.iter().filter(|unit| unit.receipt == ReceiptNo::NONE && unit.pool == pool);
        let overdue = overdue.map(|unit| unit.ticket).collect::<BTreeSet<_>>().len();
        (0..units).for_each(|_| self.displace_last(no));
        self.attach(pool, promises + overdue, room);
    }

    fn displace_last(&mut self, no: ReceiptNo) {
        if let Some(unit) = self.line.iter_mut().rev().find(|unit| unit.receipt == no) {
            unit.receipt = ReceiptNo::NONE;
        }
    }

    /// All that is overdue of a pool goes over to receipts, if it is of few promises.
    fn attach(&mut self, pool: PoolId, promises: usize, room: usize) {
        while promises <= room && self.attach_one(pool) {}
    }

    /// The first promised unit without a receipt goes over to the earliest that has an open one.
    fn attach_one(&mut self, pool: PoolId) -> bool {
        let Some(at) = self.next(ReceiptNo::NONE, pool) else { return false };
        let open = self.days.iter().filter(|(no, (_, p))| *p == pool && self.open(**no) > 0);
        let Some(no) = open.min_by_key(|(no, (day, _))| (*day, **no)).map(|(no, _)| *no) else { return false };
        *self.free.entry(no).or_default() -= 1;
        self.line[at].receipt = no;
        true
    }

    fn next(&self, no: ReceiptNo, pool: PoolId) -> Option<usize> {
        self.line.iter().position(|unit| unit.receipt == no && unit.pool == pool)
    }

    /// Units of a receipt came. What nobody waits for goes into `pool`. Unless more is to come, promises that got none
    /// lose the receipt at once if they are no more than `room`.
    pub fn fulfil(&mut self, no: ReceiptNo, (pool, units): (PoolId, u64), more: bool, room: usize) -> Came {
        let mut came = Came::default();
        let mut overdue = self.overdue_of(self.pool(no));
        for _ in 0..units {
            if self.arrived[&no] < self.promised(no) {
                *self.arrived.entry(no).or_default() += 1;
                came.kept += 1;
                continue;
            }
            let pool = if overdue > 0 { self.pool(no) } else { pool };
            overdue = overdue.saturating_sub(1);
            self.shelve(pool, 1, &mut came);
            if let Some(free) = self.free.get_mut(&no) {
                *free = free.saturating_sub(1);
            }
        }
        if !more {
            self.free.insert(no, 0);
            let failed = self.promised(no) - self.arrived[&no].min(self.promised(no));
            if failed > 0 {
                self.fail(no, failed, room);
            }
        }
        came
    }

    /// Units came that nobody had announced.
    pub fn come(&mut self, pool: PoolId, units: u64) -> Came {
        let mut came = Came::default();
        self.shelve(pool, units, &mut came);
        came
    }

    fn shelve(&mut self, pool: PoolId, units: u64, came: &mut Came) {
        *self.shelf.entry(pool).or_default() += units;
        *came.shelved.entry(pool).or_default() += units;
    }

    /// Whether promises can be served by units that are here, or moved to receipts that have open units.
    pub fn is_due(&self) -> bool {
        let mut after = self.clone();
        self.loses()
            || after.hand_out().is_some()
            || after.sell()
            || after.pools().into_iter().any(|pool| after.attach_one(pool))
    }

    /// Whether promises are about to lose their receipt.
    pub fn loses(&self) -> bool {
        self.missing.values().any(|units| *units > 0)
    }

    /// The last units promised out of receipts that will not bring them lose these, one after the other. Missing units that
    /// nobody waits for any more are expected no longer.
    ///
    /// # Errors
    /// When fewer are missing, or nothing changes.
    pub fn lose(&mut self, units: u64) -> Result<(), String> {
        let mut changed = units > 0;
        for (no, missing) in &mut self.missing {
            let free = self.free.entry(*no).or_default();
            let given_up = *missing.min(free);
            changed |= given_up > 0;
            *missing -= given_up;
            *free -= given_up;
        }
        for _ in 0..units {
            let next = self.missing.iter_mut().find(|(_, missing)| **missing > 0);
            let (no, missing) = next.ok_or("more promises lose their receipt than it fails")?;
            *missing -= 1;
            let no = *no;
            self.displace_last(no);
        }
        if changed { Ok(()) } else { Err("a step that changes nothing".to_owned()) }
    }

    /// Hands out a number of units, each to the first who waits for one; then what nobody waits for goes on sale.
    ///
    /// # Errors
    /// When fewer are due.
    pub fn hand_over(&mut self, units: u64) -> Result<BTreeMap<(OrderId, SubNo), u64>, String> {
        let mut arrived = BTreeMap::new();
        for _ in 0..units {
            let to = self.hand_out().ok_or("hands over more than is due")?;
            *arrived.entry(to).or_default() += 1;
        }
        self.sell();
        Ok(arrived)
    }

    /// Overdue units go over to receipts, one after the other; only once nothing that is here serves them.
    ///
    /// # Errors
    /// When something here does, or nothing is open.
    pub fn attach_some(&mut self, units: u64) -> Result<(), String> {
        if self.clone().hand_out().is_some() {
            return Err("goes over to a receipt while units are here".to_owned());
        }
        for _ in 0..units {
            if !self.pools().into_iter().any(|pool| self.attach_one(pool)) {
                return Err("goes over to a receipt that has nothing open".to_owned());
            }
        }
        Ok(())
    }

    fn pools(&self) -> Vec<PoolId> {
        let mut pools: Vec<PoolId> = self.line.iter().map(|unit| unit.pool).collect();
        pools.sort_unstable();
        pools.dedup();
        pools
    }

    fn hand_out(&mut self) -> Option<(OrderId, SubNo)> {
        let nos: Vec<ReceiptNo> = self.arrived.keys().copied().collect();
        for no in nos {
            let pool = self.pool(no);
            if let Some(at) = self.next(no, pool)
                && self.arrived[&no] > 0
            {
                *self.arrived.get_mut(&no)? -= 1;
                let unit = self.line.remove(at);
                return Some((unit.order, unit.sub));
            }
        }
        for pool in self.pools() {
            if let Some(at) = self.next(ReceiptNo::NONE, pool)
                && self.takeable(pool).min(self.loose()) > 0
            {
                *self.shelf.get_mut(&pool)? -= 1;
                let unit = self.line.remove(at);
                return Some((unit.order, unit.sub));
            }
        }
        None
    }

    /// What is here and nobody waits for goes on sale, and is expected no longer.
    fn sell(&mut self) -> bool {
        let nos: Vec<ReceiptNo> = self.arrived.keys().copied().collect();
        let mut sold = false;
        for no in nos {
            let units = self.left_over(no);
            *self.arrived.entry(no).or_default() -= units;
            *self.free.entry(no).or_default() -= units;
            *self.shelf.entry(self.days[&no].1).or_default() += units;
            sold |= units > 0;
        }
        sold
    }

    /// Units on the shelf that are there.
    fn loose(&self) -> u64 {
        self.shelf.values().sum::<u64>().saturating_sub(self.short)
    }

    fn takeable(&self, pool: PoolId) -> u64 {
        let safe = if pool == PoolId::REGULAR { self.safety } else { 0 };
        self.shelf.get(&pool).copied().unwrap_or(0).saturating_sub(safe)
    }

    /// Units on the shelf that overdue promises come first to, by pool.
    pub fn owed(&self) -> BTreeMap<PoolId, u64> {
        let owed = self.pools().into_iter().map(|pool| (pool, self.overdue_of(pool).min(self.takeable(pool))));
        owed.filter(|(_, units)| *units > 0).collect()
    }

    /// What can be promised out of pools: the earliest first, with what is overdue kept back.
    pub fn promisable(&self, pools: &[PoolId]) -> Vec<(Day, ReceiptNo, PoolId, u64)> {
        let mut parts = Vec::new();
        for pool in pools {
            let mut kept = self.overdue_of(*pool);
            let mut ours: Vec<_> = self.days.iter().filter(|(_, (_, p))| p == pool).collect();
            ours.sort_by_key(|(no, (day, _))| (*day, **no));
            for (no, (day, pool)) in ours {
                let back = kept.min(self.open(*no));
                kept -= back;
                parts.push((*day, *no, *pool, self.open(*no) - back));
            }
        }
        parts.retain(|part| part.3 > 0);
        parts.sort();
        parts
    }
}
