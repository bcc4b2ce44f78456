//! Expected receipts and promises, unit by unit: what is promised is a line of single units in order of promise, and goods
//! are handed out one after the other.

use std::collections::BTreeMap;

use stockade_core::event::{InboundChanged, InboundReason, Move, Promised};
use stockade_core::ids::{Code, OrderId, PoolId, ReceiptNo, Seq, SkuId, SubNo, Ticket, WarehouseId};
use stockade_core::reply::{Awaited, InboundView, Stage};
use stockade_core::stock::{Bucket, Outside};
use stockade_core::time::Day;
use stockade_core::units::Units;

use super::Model;
use super::ledger::Cell;

const SUPPLIER: Bucket = Bucket::Outside(Outside::Supplier);

/// A receipt that is expected. How many units it brings, the ledger knows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Receipt {
    /// What supplier and warehouse call it.
    pub reference: Code,
    /// The day it is due.
    pub day: Day,
    /// The pool its units are for.
    pub pool: PoolId,
}

/// A promise. How many units, the ledger knows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Promise {
    /// Its place in the order of promise.
    pub rank: Ticket,
    /// The receipt that is to bring them.
    pub receipt: ReceiptNo,
    /// The pool they were drawn from.
    pub pool: PoolId,
    /// To this order.
    pub order: OrderId,
    /// To this sub-order.
    pub sub: SubNo,
}

/// What is expected of one SKU at one warehouse.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Inbound {
    /// By number.
    pub receipts: BTreeMap<ReceiptNo, Receipt>,
    /// By ticket.
    pub promises: BTreeMap<Ticket, Promise>,
    /// The last number that was given.
    pub last_receipt: u32,
    /// The last ticket that was given.
    pub last_ticket: u32,
}

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

/// What is expected and promised in a cell, in units.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Plain {
    days: BTreeMap<ReceiptNo, (Day, PoolId)>,
    free: BTreeMap<ReceiptNo, u64>,
    line: Vec<Unit>,
}

/// What goods that came did.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Came {
    /// Promised units that came, by sub-order.
    pub arrived: BTreeMap<(OrderId, SubNo), u64>,
    /// Units that went on sale.
    pub on_sale: u64,
}

/// What can be told of a cell from outside: free units by receipt, and promised ones by rank, receipt and holder.
pub type Told = (BTreeMap<ReceiptNo, u64>, BTreeMap<(Ticket, ReceiptNo, OrderId, SubNo), u64>);

impl Plain {
    fn of(inbound: &Inbound, cell: &Cell) -> Plain {
        let mut plain = Plain::default();
        for (no, receipt) in &inbound.receipts {
            plain.days.insert(*no, (receipt.day, receipt.pool));
            plain.free.insert(*no, cell.units(Bucket::Inbound(*no)));
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

    fn told(&self) -> Told {
        let mut promised = BTreeMap::new();
        for unit in &self.line {
            *promised.entry((unit.rank, unit.receipt, unit.order, unit.sub)).or_default() += 1;
        }
        (self.free.iter().filter(|(_, n)| **n > 0).map(|(no, n)| (*no, *n)).collect(), promised)
    }

    fn total(&self, no: ReceiptNo) -> u64 {
        self.free[&no] + self.line.iter().filter(|unit| unit.receipt == no).count() as u64
    }

    /// Another receipt.
    pub fn announce(&mut self, no: ReceiptNo, day: Day, pool: PoolId, units: u64) {
        self.days.insert(no, (day, pool));
        self.free.insert(no, units);
        self.attach(pool);
    }

    /// A receipt brings another number of units.
    pub fn resize(&mut self, no: ReceiptNo, units: u64) {
        while self.total(no) < units {
            *self.free.get_mut(&no).unwrap_or(&mut 0) += 1;
        }
        while self.total(no) > units {
            match self.free.get_mut(&no) {
                Some(free) if *free > 0 => *free -= 1,
                _ => self.displace_last(no),
            }
        }
        self.attach(self.days[&no].1);
    }

    fn displace_last(&mut self, no: ReceiptNo) {
        if let Some(unit) = self.line.iter_mut().rev().find(|unit| unit.receipt == no) {
            unit.receipt = ReceiptNo::NONE;
        }
    }

    /// Promised units without a receipt go over to the earliest that has free ones.
    fn attach(&mut self, pool: PoolId) {
        for at in 0..self.line.len() {
            if self.line[at].receipt != ReceiptNo::NONE || self.line[at].pool != pool {
                continue;
            }
            let free = self.days.iter().filter(|(no, (_, p))| *p == pool && self.free[*no] > 0);
            let Some(no) = free.min_by_key(|(no, (day, _))| (*day, **no)).map(|(no, _)| *no) else { break };
            *self.free.entry(no).or_default() -= 1;
            self.line[at].receipt = no;
        }
    }

    /// Units of a receipt came.
    pub fn fulfil(&mut self, no: ReceiptNo, units: u64, more: bool) -> Came {
        let pool = self.days[&no].1;
        let mut came = Came::default();
        for _ in 0..units {
            if !self.hand_out(no, pool, &mut came) {
                let overdue = self.hand_out(ReceiptNo::NONE, pool, &mut came);
                came.on_sale += u64::from(!overdue);
                if let Some(free) = self.free.get_mut(&no) {
                    *free = free.saturating_sub(1);
                }
            }
        }
        if !more {
            self.free.insert(no, 0);
            let failed = self.line.iter().any(|unit| unit.receipt == no);
            self.line.iter_mut().filter(|unit| unit.receipt == no).for_each(|unit| unit.receipt = ReceiptNo::NONE);
            if failed {
                self.attach(pool);
            }
        }
        came
    }

    /// Units came that nobody had announced.
    pub fn come(&mut self, pool: PoolId, units: u64) -> Came {
        let mut came = Came::default();
        for _ in 0..units {
            let overdue = self.hand_out(ReceiptNo::NONE, pool, &mut came);
            came.on_sale += u64::from(!overdue);
        }
        came
    }

    fn hand_out(&mut self, no: ReceiptNo, pool: PoolId, came: &mut Came) -> bool {
        let Some(at) = self.line.iter().position(|unit| unit.receipt == no && unit.pool == pool) else { return false };
        let unit = self.line.remove(at);
        *came.arrived.entry((unit.order, unit.sub)).or_default() += 1;
        true
    }

    /// What can be promised out of pools: the earliest first, with what is overdue kept back.
    pub fn promisable(&self, pools: &[PoolId]) -> Vec<(Day, ReceiptNo, PoolId, u64)> {
        let mut parts = Vec::new();
        for pool in pools {
            let mut kept = self.line.iter().filter(|u| u.receipt == ReceiptNo::NONE && u.pool == *pool).count() as u64;
            let mut ours: Vec<_> = self.days.iter().filter(|(_, (_, p))| p == pool).collect();
            ours.sort_by_key(|(no, (day, _))| (*day, **no));
            for (no, (day, pool)) in ours {
                let back = kept.min(self.free[no]);
                kept -= back;
                parts.push((*day, *no, *pool, self.free[no] - back));
            }
        }
        parts.retain(|part| part.3 > 0);
        parts.sort();
        parts
    }
}

impl Model {
    /// What is expected of a cell.
    pub fn inbound_of(&self, sku: SkuId, warehouse: WarehouseId) -> Inbound {
        self.inbound.get(&(sku, warehouse)).cloned().unwrap_or_default()
    }

    /// The same in units.
    pub fn plain_of(&self, sku: SkuId, warehouse: WarehouseId) -> Plain {
        Plain::of(&self.inbound_of(sku, warehouse), &self.ledger.cell(sku, warehouse))
    }

    /// What a cell can promise out of pools; nothing where units never run short.
    pub fn promisable(
        &self,
        sku: SkuId,
        warehouse: WarehouseId,
        pools: &[PoolId],
    ) -> Vec<(Day, ReceiptNo, PoolId, u64)> {
        match self.world.as_ref().and_then(|world| world.warehouse(warehouse)) {
            Some(place) if !place.unlimited => self.plain_of(sku, warehouse).promisable(pools),
            _ => Vec::new(),
        }
    }

    /// The tickets of a line that waits, the latest first, with their units.
    pub fn tickets(
        &self,
        order: OrderId,
        sub: u16,
        warehouse: WarehouseId,
        sku: SkuId,
        pool: PoolId,
    ) -> Vec<(Ticket, ReceiptNo, u64)> {
        let Some(inbound) = self.inbound.get(&(sku, warehouse)) else { return Vec::new() };
        let ours = inbound.promises.iter().rev().filter(|(_, p)| (p.order, p.sub.0, p.pool) == (order, sub, pool));
        let units = |ticket: &Ticket| self.ledger.units(sku, warehouse, Bucket::Promised(*ticket));
        ours.map(|(ticket, promise)| (*ticket, promise.receipt, units(ticket))).collect()
    }

    /// Takes a new promise in; its units come from its receipt, or from nowhere.
    pub(super) fn promise(&mut self, seq: Seq, made: &Promised) -> Result<(), String> {
        let inbound = self.inbound.entry((made.sku, made.warehouse)).or_default();
        let Promised { ticket, rank, receipt, pool, order, sub, .. } = *made;
        if ticket.0 != inbound.last_ticket + 1 || rank > ticket {
            return Err(format!("ticket {ticket} of rank {rank} follows {}", inbound.last_ticket));
        }
        if receipt != ReceiptNo::NONE && inbound.receipts.get(&receipt).is_none_or(|r| r.pool != pool) {
            return Err(format!("receipt {receipt} is not expected, or for another pool than {pool}"));
        }
        inbound.last_ticket = ticket.0;
        inbound.promises.insert(ticket, Promise { rank, receipt, pool, order, sub });
        self.ledger.book(seq, made.movement(), false)
    }

    /// Forgets promises without units and receipts that bring nothing.
    pub(super) fn tidy(&mut self) {
        for ((sku, warehouse), inbound) in &mut self.inbound {
            let units = |bucket| self.ledger.units(*sku, *warehouse, bucket);
            inbound.promises.retain(|ticket, _| units(Bucket::Promised(*ticket)) > 0);
            let promised = |no| inbound.promises.values().any(|p| p.receipt == no);
            inbound.receipts.retain(|no, _| units(Bucket::Inbound(*no)) > 0 || promised(*no));
        }
    }

    /// Checks a change of what is expected, and takes it in.
    pub(super) fn inbound_changed(&mut self, seq: Seq, e: &InboundChanged) -> Result<(), String> {
        let before = self.clone();
        self.open_and_date(seq, e)?;
        let known = |model: &Model, sku| model.inbound_of(sku, e.warehouse);
        for m in &e.moves {
            if m.warehouse != e.warehouse {
                return Err(format!("moves units at warehouse {}", m.warehouse));
            }
            self.check_move(m)?;
            self.ledger.book(seq, *m, true)?;
        }
        for made in &e.made {
            let old = known(&before, made.sku).promises.into_values();
            let mut old =
                old.filter(|p| (p.rank, p.order, p.sub, p.pool) == (made.rank, made.order, made.sub, made.pool));
            if made.warehouse != e.warehouse || old.next().is_none() {
                return Err(format!("{made:?} is promised anew and was never promised"));
            }
            self.promise(seq, made)?;
        }
        for arrived in &e.arrived {
            let order = self.orders.get_mut(&arrived.order).ok_or("goods for an order there is none of")?;
            let sub = order.sub_mut(arrived.sub.0)?;
            sub.waiting = sub.waiting.checked_sub(arrived.units.0).ok_or("more came than it waits for")?;
            sub.settle();
        }
        self.tidy();
        self.same_outcome(&before, e)
    }

    fn open_and_date(&mut self, seq: Seq, e: &InboundChanged) -> Result<(), String> {
        if let Some(opened) = &e.opened {
            let reference = e.reference.clone().ok_or("a receipt without a reference")?;
            let inbound = self.inbound.entry((opened.sku, e.warehouse)).or_default();
            let taken = inbound.receipts.values().any(|receipt| receipt.reference == reference);
            if taken || opened.receipt.0 != inbound.last_receipt + 1 || e.reason != InboundReason::Announced {
                return Err(format!("{opened:?} after {inbound:?}"));
            }
            inbound.last_receipt += 1;
            inbound.receipts.insert(opened.receipt, Receipt { reference, day: opened.day, pool: opened.pool });
        }
        if let Some(dated) = &e.dated {
            let inbound = self.inbound.entry((dated.sku, e.warehouse)).or_default();
            inbound.receipts.get_mut(&dated.receipt).ok_or("a day for no receipt")?.day = dated.day;
            self.ledger.cells.entry((dated.sku, e.warehouse)).or_default().watermark = seq;
        }
        Ok(())
    }

    fn check_move(&self, m: &Move) -> Result<(), String> {
        let fits = match (m.from, m.to) {
            (SUPPLIER, Bucket::Inbound(_) | Bucket::Available(_)) => true,
            (Bucket::Inbound(_), SUPPLIER | Bucket::Available(_)) | (Bucket::Promised(_), SUPPLIER) => true,
            (Bucket::Promised(ticket), to) => {
                let inbound = self.inbound_of(m.sku, m.warehouse);
                let promise = inbound.promises.get(&ticket).ok_or("a promise there is none of")?;
                let sub = self.order(promise.order)?.sub(promise.sub.0)?;
                sub.stage.is_ahead() && sub.bucket(promise.pool) == Some(to)
            }
            _ => false,
        };
        if fits { Ok(()) } else { Err(format!("moves units from {} to {}", m.from, m.to)) }
    }

    /// What the event made of its cells must be what the plain rules make of them.
    fn same_outcome(&self, before: &Model, e: &InboundChanged) -> Result<(), String> {
        let mut skus: Vec<SkuId> = e.moves.iter().map(|m| m.sku).chain(e.dated.iter().map(|d| d.sku)).collect();
        skus.sort_unstable();
        skus.dedup();
        let mut came_in = 0;
        for sku in skus {
            let mut plain = before.plain_of(sku, e.warehouse);
            let now = self.plain_of(sku, e.warehouse).told();
            let here = before.inbound_of(sku, e.warehouse);
            let known =
                here.receipts.iter().find(|(_, r)| Some(&r.reference) == e.reference.as_ref()).map(|(no, _)| *no);
            match (e.reason, known) {
                (InboundReason::Announced, _) => {
                    let opened = e.opened.as_ref().ok_or("announces no receipt")?;
                    plain.announce(opened.receipt, opened.day, opened.pool, e.units.0);
                }
                (InboundReason::Changed, Some(no)) => {
                    if let Some(dated) = &e.dated {
                        let pool = plain.days[&no].1;
                        plain.days.insert(dated.receipt, (dated.day, pool));
                    }
                    plain.resize(no, e.units.0);
                }
                (InboundReason::Withdrawn, Some(no)) => plain.resize(no, 0),
                (InboundReason::Received, known) => {
                    let (units, pool) = received(e, sku);
                    came_in += units;
                    let ways: Vec<Told> = match known {
                        Some(no) => {
                            [false, true].map(|more| told_after(&plain, |p| p.fulfil(no, units, more))).to_vec()
                        }
                        None => pool.into_iter().map(|pool| told_after(&plain, |p| p.come(pool, units))).collect(),
                    };
                    if !ways.is_empty() && !ways.contains(&now) {
                        return Err(format!("leaves {now:?}, one of {ways:?} is right"));
                    }
                    continue;
                }
                _ => return Err("of a receipt that is not expected".to_owned()),
            }
            if plain.told() != now {
                return Err(format!("leaves {now:?}, {:?} is right", plain.told()));
            }
        }
        if e.reason == InboundReason::Received && came_in != e.units.0 {
            return Err(format!("{came_in} units came in, it says {}", e.units));
        }
        Ok(())
    }

    /// The receipts of a cell as a query shows them.
    pub(super) fn inbound_views(&self, sku: SkuId, warehouse: WarehouseId) -> Option<Vec<InboundView>> {
        let world = self.world.as_ref()?;
        let (inbound, plain) = (self.inbound_of(sku, warehouse), self.plain_of(sku, warehouse));
        let mut receipts: Vec<_> = inbound.receipts.iter().collect();
        receipts.sort_by_key(|(no, receipt)| (receipt.day, **no));
        let view = |(no, receipt): (&ReceiptNo, &Receipt)| {
            Some(InboundView {
                reference: receipt.reference.clone(),
                day: receipt.day,
                pool: world.pools.get(&receipt.pool)?.clone(),
                free: Units(plain.free[no]),
                promised: Units(plain.line.iter().filter(|unit| unit.receipt == *no).count() as u64),
            })
        };
        receipts.into_iter().map(view).collect()
    }

    /// Promised units of a cell that no receipt is to bring.
    pub(super) fn overdue(&self, sku: SkuId, warehouse: WarehouseId) -> Units {
        let line = self.plain_of(sku, warehouse).line;
        Units(line.iter().filter(|unit| unit.receipt == ReceiptNo::NONE).count() as u64)
    }

    /// What a sub-order waits for, as a query shows it.
    pub(super) fn awaits(&self, order: OrderId, no: u16, sub: &super::orders::Sub) -> Vec<Awaited> {
        let mut awaits = Vec::new();
        let mut skus: Vec<SkuId> = sub.lines.keys().map(|(sku, _)| *sku).collect();
        skus.dedup();
        for sku in skus.into_iter().filter(|_| matches!(sub.stage, Stage::Promised | Stage::Waiting)) {
            let inbound = self.inbound_of(sku, sub.warehouse);
            let mut ours: Vec<_> = inbound.promises.iter().filter(|(_, p)| (p.order, p.sub.0) == (order, no)).collect();
            ours.sort_by_key(|(ticket, promise)| (promise.rank, **ticket));
            awaits.extend(ours.into_iter().map(|(ticket, promise)| Awaited {
                sku: self.skus[sku.index()].code.clone(),
                units: Units(self.ledger.units(sku, sub.warehouse, Bucket::Promised(*ticket))),
                receipt: inbound.receipts.get(&promise.receipt).map(|r| (r.reference.clone(), r.day)),
            }));
        }
        awaits
    }
}

fn told_after(plain: &Plain, change: impl FnOnce(&mut Plain) -> Came) -> Told {
    let mut plain = plain.clone();
    change(&mut plain);
    plain.told()
}

/// Units of a SKU that came in, and the pool of those that went on sale, if any did.
fn received(e: &InboundChanged, sku: SkuId) -> (u64, Option<PoolId>) {
    let here = e.moves.iter().filter(|m| m.sku == sku && m.to.is_on_hand());
    let pool = here.clone().find_map(|m| if let Bucket::Available(pool) = m.to { Some(pool) } else { None });
    (here.map(|m| m.units.0).sum(), pool)
}
