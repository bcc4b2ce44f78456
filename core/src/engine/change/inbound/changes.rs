//! Expected receipts and promises of one cell, changed: promises that lose their receipt move to another one, in order of
//! promise.

use crate::engine::change::stock::terms::{SUPPLIER, push};
use crate::engine::store::Engine;
use crate::engine::transact::body::{Body, Footprint};
use crate::engine::transact::state::{At, Broken, State};
use crate::event::{Arrived, Dated, Event, InboundChanged, InboundReason, Opened, Promised};
use crate::ids::{Code, PoolId, ReceiptNo, SkuId, Ticket, WarehouseId};
use crate::limits::HANDED_MAX;
use crate::orders::{Answer, What};
use crate::stock::{Bucket, ExpectedReceipt, Inbound, Move, Promise};
use crate::time::Day;
use crate::units::Units;

/// What happens to the expected receipts and promises of one cell.
pub(super) struct Changes<'a> {
    pub sku: SkuId,
    warehouse: WarehouseId,
    inbound: &'a Inbound,
    opened: Option<Opened>,
    pub dated: Option<Dated>,
    pub moves: Vec<Move>,
    pub made: Vec<Promised>,
    /// Promises that may still change their receipt here; more of them do in commits of their own.
    pub room: usize,
}

/// Free units of a receipt that promises may move to.
pub struct Home {
    day: Day,
    receipt: ReceiptNo,
    free: Units,
}

impl<'a> Changes<'a> {
    pub fn new(sku: SkuId, warehouse: WarehouseId, inbound: &'a Inbound) -> Changes<'a> {
        Changes {
            sku,
            warehouse,
            inbound,
            opened: None,
            dated: None,
            moves: Vec::new(),
            made: Vec::new(),
            room: HANDED_MAX,
        }
    }

    /// A new receipt comes; what is overdue moves to it.
    pub fn announce(&mut self, day: Day, units: Units, pool: PoolId) {
        let receipt = self.inbound.next_receipt();
        self.opened = Some(Opened { sku: self.sku, receipt, day, pool });
        self.push(SUPPLIER, Bucket::Inbound(receipt), units);
        let mut homes = self.homes(pool, receipt);
        homes.push(Home { day, receipt, free: units });
        self.rehome(pool, Vec::new(), homes);
    }

    /// A receipt brings more or fewer units than it was expected to, or none. When it brings fewer, units that nobody was
    /// promised are the first to go, then those promised last.
    pub fn resize(&mut self, receipt: &ExpectedReceipt, units: Units) {
        let (no, day, pool) = (receipt.no, self.dated.map_or(receipt.day, |dated| dated.day), receipt.pool);
        let more = units.saturating_sub(receipt.units());
        let fewer = receipt.units().saturating_sub(units);
        let unsold = fewer.min(receipt.free);
        self.push(SUPPLIER, Bucket::Inbound(no), more);
        self.push(Bucket::Inbound(no), SUPPLIER, unsold);
        let mut homes = self.homes(pool, no);
        homes.push(Home { day, receipt: no, free: receipt.free.saturating_add(more).saturating_sub(unsold) });
        self.fail(receipt, fewer.saturating_sub(unsold), homes);
    }

    /// A receipt will not bring these promised units: the last ones. They move to other receipts here, when they are few;
    /// else they are only noted as missing, and move in commits of their own.
    pub fn fail(&mut self, receipt: &ExpectedReceipt, units: Units, homes: Vec<Home>) {
        match last(self.inbound.waiting(receipt.no, receipt.pool), units, self.room) {
            Some(displaced) => self.rehome(receipt.pool, displaced, homes),
            None => self.push(Bucket::Missing(receipt.no), SUPPLIER, units),
        }
    }

    /// The other receipts for a pool.
    pub fn homes(&self, pool: PoolId, except: ReceiptNo) -> Vec<Home> {
        let others = self.inbound.receipts().iter().filter(|r| r.pool == pool && r.no != except);
        others.map(|r| Home { day: r.day, receipt: r.no, free: r.free }).collect()
    }

    /// Promises that lost their receipt, and those that had none, move to the earliest receipts with free units, in order
    /// of promise. What finds no room is expected from no receipt.
    pub fn rehome(&mut self, pool: PoolId, displaced: Vec<Promise>, mut homes: Vec<Home>) {
        homes.sort_by_key(|home| (home.day, home.receipt));
        if self.inbound.waiting(ReceiptNo::NONE, pool).nth(self.room - displaced.len()).is_some() {
            // Too many at once: those that were displaced wait with the others, which move in commits of their own.
            homes.clear();
        }
        let overdue = self.inbound.waiting(ReceiptNo::NONE, pool).map(|promise| (*promise, false));
        let mut queue: Vec<(Promise, bool)> =
            displaced.into_iter().map(|promise| (promise, true)).chain(overdue).collect();
        queue.sort_by_key(|(promise, _)| (promise.rank, promise.ticket));
        for (promise, is_displaced) in queue {
            let mut left = promise.units;
            for home in homes.iter_mut().filter(|home| !home.free.is_zero()) {
                let units = home.free.min(left);
                home.free = home.free.saturating_sub(units);
                left = left.saturating_sub(units);
                self.promise_again(promise, home.receipt, units);
            }
            if is_displaced {
                self.promise_again(promise, ReceiptNo::NONE, left);
            }
        }
    }

    /// Units that are here go to an order they were promised to.
    pub fn hand(&mut self, promise: &Promise, from: Bucket, to: Bucket) {
        self.push(from, to, promise.units);
        self.push(Bucket::Promised(promise.ticket), SUPPLIER, promise.units);
    }

    /// Units that are here go on sale.
    pub fn sell(&mut self, from: Bucket, to: Bucket, units: Units) {
        self.push(from, to, units);
    }

    /// Units are expected no longer.
    pub fn forget(&mut self, from: Bucket, units: Units) {
        self.push(from, SUPPLIER, units);
    }

    /// Units that the receipt of a promise will not bring move to no receipt.
    pub fn detach(&mut self, promise: &Promise) {
        self.push(SUPPLIER, Bucket::Missing(promise.receipt), promise.units);
        self.promise_again(*promise, ReceiptNo::NONE, promise.units);
    }

    /// Units of a promise move to a receipt, or to none, and keep their rank.
    pub fn promise_again(&mut self, promise: Promise, receipt: ReceiptNo, units: Units) {
        if units.is_zero() {
            return;
        }
        self.push(Bucket::Promised(promise.ticket), SUPPLIER, units);
        let Promise { rank, pool, order, sub, .. } = promise;
        let ticket: Ticket = self.inbound.ticket_after(self.made.len());
        let (sku, warehouse) = (self.sku, self.warehouse);
        self.made.push(Promised { sku, warehouse, ticket, rank, receipt, pool, order, sub, units });
    }

    pub fn push(&mut self, from: Bucket, to: Bucket, units: Units) {
        push(&mut self.moves, (self.sku, self.warehouse), from, to, units);
    }

    pub fn event(self, reason: InboundReason, reference: Option<Code>, units: Units, arrived: Vec<Arrived>) -> Event {
        let Changes { warehouse, opened, dated, moves, made, .. } = self;
        let changed = InboundChanged { reason, warehouse, reference, units, opened, dated, moves, made, arrived };
        Event::InboundChanged(Box::new(changed))
    }
}

/// The last units of promises in order, cut to size; `None` when they are of more than `most` promises.
fn last<'p>(promises: impl DoubleEndedIterator<Item = &'p Promise>, units: Units, most: usize) -> Option<Vec<Promise>> {
    let mut left = units;
    let mut cut = Vec::new();
    for promise in promises.rev() {
        let units = promise.units.min(left);
        if units.is_zero() {
            break;
        }
        if cut.len() == most {
            return None;
        }
        left = left.saturating_sub(units);
        cut.push(Promise { units, ..*promise });
    }
    Some(cut)
}

/// Promised units of a sub-order come.
fn arrive(state: &mut State<'_, '_>, arrived: &Arrived, at: &At<'_>) -> Result<(), Broken> {
    let order = state.order_mut(arrived.order)?;
    let waited = order.sub_mut(arrived.sub).and_then(|sub| sub.wait_less(arrived.units));
    waited.ok_or(Broken::Order { order: arrived.order, what: "it does not wait for the units that came" })?;
    at.note(order, What::Arrival, Some(arrived.sub));
    Ok(())
}

impl Body for InboundChanged {
    fn touches(&self, footprint: &mut Footprint) {
        footprint.orders.extend(self.arrived.iter().map(|arrived| arrived.order));
        // Several sub-orders of one order may get their goods at once.
        footprint.orders.sort_unstable();
        footprint.orders.dedup();
        footprint.skus.extend(self.opened.iter().map(|opened| opened.sku));
        footprint.skus.extend(self.dated.iter().map(|dated| dated.sku));
    }

    fn each_move(&self, f: &mut impl FnMut(Move)) {
        self.moves.iter().copied().for_each(&mut *f);
        self.made.iter().map(Promised::movement).for_each(f);
    }

    fn apply(&self, state: &mut State<'_, '_>, at: &At<'_>) -> Result<(), Broken> {
        if let Some(opened) = &self.opened {
            let reference = self.reference.clone().ok_or(Broken::Inbound("a receipt without a reference"))?;
            let inbound = state.inbound_mut(opened.sku, self.warehouse)?;
            inbound.open(opened.receipt, reference, opened.day, opened.pool);
        }
        if let Some(dated) = &self.dated {
            let inbound = state.inbound_mut(dated.sku, self.warehouse)?;
            inbound.date(dated.receipt, dated.day).ok_or(Broken::Inbound("no such receipt to be dated"))?;
        }
        state.promise(&self.made)?;
        self.post(state, at)?;
        if let Some(dated) = &self.dated {
            state.touch_cell(dated.sku, self.warehouse, at.seq)?;
        }
        let mut skus: Vec<SkuId> = self.opened.iter().map(|opened| opened.sku).collect();
        skus.extend(self.moves.iter().map(|m| m.sku));
        skus.sort_unstable();
        skus.dedup();
        skus.into_iter().for_each(|sku| state.note_expected(sku));
        state.remember(at, Answer::Moved { units: self.units, short: self.overdue() });
        self.arrived.iter().try_for_each(|arrived| arrive(state, arrived, at))
    }

    fn publish(&self, engine: &Engine, at: &At<'_>) -> Result<(), Broken> {
        if self.reason == InboundReason::Received {
            engine.prices.note_receipt(&self.moves, at.arrived());
        }
        Ok(())
    }
}
