//! Expected receipts: announced, changed, withdrawn and received. What was promised out of them follows: kept in order of
//! promise when the goods come, moved to another receipt when they do not.

use crate::catalog::Config;
use crate::command::{Expect, Expectation, Fulfils, Receive};
use crate::engine::commit::EngineLocked;
use crate::engine::demand::invalid;
use crate::engine::movement::{SUPPLIER, bounded, pool, push, warehouse};
use crate::engine::{Asked, Decided, Engine};
use crate::event::{
    Arrived, Dated, Event, InboundChanged, InboundReason, Move, MoveReason, Opened, Promised, StockMoved,
};
use crate::ids::{Code, PoolId, ReceiptNo, SkuId, Ticket, WarehouseId};
use crate::limits::RELOCKS_MAX;
use crate::orders::{KeyShard, bucket_of};
use crate::reject::Reject;
use crate::stock::{Bucket, ExpectedReceipt, Inbound, Promise, StockShard};
use crate::time::Day;
use crate::units::Units;

impl Engine {
    /// Announces, changes or withdraws an expected receipt.
    pub(super) fn expect_receipt(&self, expect: &Expect, asked: Asked<'_>) -> Decided {
        let config = self.config()?;
        let warehouse = warehouse(&config, &expect.warehouse)?;
        let sku = self.known_sku(&expect.sku)?;
        let pool = match &expect.change {
            Expectation::Announce { units, pool: named, .. } => {
                bounded("units", *units)?;
                pool(&config, named.as_ref())?
            }
            Expectation::Change { day: None, units: None } => {
                return Err(invalid("change", "changes nothing: name a day, units or both".to_owned()).into());
            }
            Expectation::Change { units, .. } => {
                units.map_or(Ok(()), |units| bounded("units", units))?;
                PoolId::REGULAR
            }
            Expectation::Withdraw => PoolId::REGULAR,
        };
        self.change_stock(b'e', expect, &[sku], asked, |locked, _| {
            let none = Inbound::default();
            let inbound = inbound(locked, sku, warehouse).unwrap_or(&none);
            let mut changes = Changes::new(sku, warehouse, inbound);
            let known = inbound.referred(&expect.reference);
            let (reason, units) = match (&expect.change, known) {
                (Expectation::Announce { day, units, .. }, None) => {
                    changes.announce(*day, *units, pool);
                    (InboundReason::Announced, *units)
                }
                (Expectation::Announce { .. }, Some(known)) => return Err(twice(expect, known)),
                (_, None) => return Err(unexpected(&expect.reference)),
                (Expectation::Change { day, units }, Some(known)) => {
                    changes.dated = day.map(|day| Dated { sku, receipt: known.no, day });
                    changes.resize(known, units.unwrap_or(known.units()));
                    (InboundReason::Changed, units.unwrap_or(known.units()))
                }
                (Expectation::Withdraw, Some(known)) => {
                    changes.resize(known, Units::ZERO);
                    (InboundReason::Withdrawn, known.units())
                }
            };
            Ok(changes.event(reason, Some(expect.reference.clone()), units))
        })
    }

    /// Units arrive from a supplier. Those of an expected receipt go first to whom they were promised, in order of
    /// promise; then to whom units of their pool were promised that no receipt is expected to bring; then on sale.
    ///
    /// Orders come before stock in the order of locks, but which orders are served is only seen under the lock of the
    /// stock: their shards are locked at the next attempt.
    pub(super) fn receive(&self, receive: &Receive, asked: Asked<'_>) -> Decided {
        let config = self.config()?;
        let warehouse = warehouse(&config, &receive.warehouse)?;
        pool(&config, receive.pool.as_ref())?;
        let lines = self.stock_lines(&receive.lines)?;
        let skus: Vec<SkuId> = lines.iter().map(|(sku, _)| *sku).collect();
        let mut shards: Vec<usize> = Vec::new();
        let mut attempts = 0;
        loop {
            let mut needed = Vec::new();
            let decided = self.change_stock_and(b'r', receive, &skus, &shards, asked, |locked, config| {
                let goods = Goods { receive, warehouse, lines: &lines };
                needed = goods.shards(locked, config)?;
                let is_locked = needed.iter().all(|shard| shards.binary_search(shard).is_ok());
                if is_locked { goods.event(locked, config).map(Some) } else { Ok(None) }
            })?;
            if let Some(done) = decided {
                return Ok(done);
            }
            attempts += 1;
            shards = if attempts < RELOCKS_MAX { needed } else { (0..self.door.key_shards()).collect() };
        }
    }
}

/// What is expected and promised of a cell, if anything ever was.
fn inbound<'a>(locked: &'a EngineLocked<'_>, sku: SkuId, warehouse: WarehouseId) -> Option<&'a Inbound> {
    locked.stock(StockShard::of(sku)).sku(sku).cell(warehouse).and_then(|cell| cell.inbound())
}

fn twice(expect: &Expect, known: &ExpectedReceipt) -> Reject {
    let (units, day) = (known.units(), known.day);
    let reason = format!("{} is expected already, {units} units on {day}: change it instead", expect.reference);
    invalid("reference", reason)
}

fn unexpected(reference: &Code) -> Reject {
    invalid(
        "reference",
        format!("nothing of it is expected under {reference}: announce it, or look at what is expected"),
    )
}

/// What happens to the expected receipts and promises of one cell.
struct Changes<'a> {
    sku: SkuId,
    warehouse: WarehouseId,
    inbound: &'a Inbound,
    opened: Option<Opened>,
    dated: Option<Dated>,
    moves: Vec<Move>,
    made: Vec<Promised>,
}

/// Free units of a receipt that promises may go over to.
struct Home {
    day: Day,
    receipt: ReceiptNo,
    free: Units,
}

impl<'a> Changes<'a> {
    fn new(sku: SkuId, warehouse: WarehouseId, inbound: &'a Inbound) -> Changes<'a> {
        Changes { sku, warehouse, inbound, opened: None, dated: None, moves: Vec::new(), made: Vec::new() }
    }

    /// A new receipt comes; what is overdue goes over to it.
    fn announce(&mut self, day: Day, units: Units, pool: PoolId) {
        let receipt = self.inbound.next_receipt();
        self.opened = Some(Opened { sku: self.sku, receipt, day, pool });
        self.push(SUPPLIER, Bucket::Inbound(receipt), units);
        let mut homes = self.homes(pool, receipt);
        homes.push(Home { day, receipt, free: units });
        self.rehome(pool, Vec::new(), homes);
    }

    /// A receipt brings more or fewer units than it was expected to, or none. When it brings fewer, units that nobody was
    /// promised are the first to go, then those promised last.
    fn resize(&mut self, receipt: &ExpectedReceipt, units: Units) {
        let (no, day, pool) = (receipt.no, self.dated.map_or(receipt.day, |dated| dated.day), receipt.pool);
        let more = units.saturating_sub(receipt.units());
        let fewer = receipt.units().saturating_sub(units);
        let unsold = fewer.min(receipt.free);
        self.push(SUPPLIER, Bucket::Inbound(no), more);
        self.push(Bucket::Inbound(no), SUPPLIER, unsold);
        let displaced = last(self.inbound.waiting(no, pool), fewer.saturating_sub(unsold));
        let mut homes = self.homes(pool, no);
        homes.push(Home { day, receipt: no, free: receipt.free.saturating_add(more).saturating_sub(unsold) });
        self.rehome(pool, displaced, homes);
    }

    /// The other receipts for a pool.
    fn homes(&self, pool: PoolId, except: ReceiptNo) -> Vec<Home> {
        let others = self.inbound.receipts().iter().filter(|r| r.pool == pool && r.no != except);
        others.map(|r| Home { day: r.day, receipt: r.no, free: r.free }).collect()
    }

    /// Promises that lost their receipt, and those that had none, go over to the earliest receipts with free units, in order
    /// of promise. What finds no room is expected from no receipt.
    fn rehome(&mut self, pool: PoolId, displaced: Vec<Promise>, mut homes: Vec<Home>) {
        homes.sort_by_key(|home| (home.day, home.receipt));
        let overdue = self.inbound.waiting(ReceiptNo::NONE, pool).into_iter().map(|promise| (promise, false));
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

    /// Units of a promise go over to a receipt, or to none, and keep their rank.
    fn promise_again(&mut self, promise: Promise, receipt: ReceiptNo, units: Units) {
        if units.is_zero() {
            return;
        }
        self.push(Bucket::Promised(promise.ticket), SUPPLIER, units);
        let Promise { rank, pool, order, sub, .. } = promise;
        let ticket: Ticket = self.inbound.ticket_after(self.made.len());
        let (sku, warehouse) = (self.sku, self.warehouse);
        self.made.push(Promised { sku, warehouse, ticket, rank, receipt, pool, order, sub, units });
    }

    fn push(&mut self, from: Bucket, to: Bucket, units: Units) {
        push(&mut self.moves, self.sku, self.warehouse, from, to, units);
    }

    fn event(self, reason: InboundReason, reference: Option<Code>, units: Units) -> Event {
        let Changes { warehouse, opened, dated, moves, made, .. } = self;
        let arrived = Vec::new();
        let changed = InboundChanged { reason, warehouse, reference, units, opened, dated, moves, made, arrived };
        Event::InboundChanged(Box::new(changed))
    }
}

/// The last units of promises in order, cut to size.
fn last(promises: Vec<Promise>, units: Units) -> Vec<Promise> {
    let mut left = units;
    let mut cut = Vec::new();
    for promise in promises.into_iter().rev() {
        let units = promise.units.min(left);
        if units.is_zero() {
            break;
        }
        left = left.saturating_sub(units);
        cut.push(Promise { units, ..promise });
    }
    cut
}

/// The first units of promises in order, cut to size, and what is left of them.
fn split(promises: Vec<Promise>, units: Units) -> (Vec<Promise>, Vec<Promise>) {
    let total: Units = promises.iter().map(|promise| promise.units).sum();
    let rest = last(promises.clone(), total.saturating_sub(units));
    let mut left = units;
    let mut first = promises;
    for promise in &mut first {
        promise.units = promise.units.min(left);
        left = left.saturating_sub(promise.units);
    }
    first.retain(|promise| !promise.units.is_zero());
    (first, rest)
}

/// Goods at the door.
struct Goods<'a> {
    receive: &'a Receive,
    warehouse: WarehouseId,
    lines: &'a [(SkuId, Units)],
}

/// What came of one SKU, and for whom it is.
struct Arrival<'a> {
    sku: SkuId,
    units: Units,
    /// The receipt they fulfil, if they are expected.
    receipt: Option<&'a ExpectedReceipt>,
    /// The pool that the rest joins.
    pool: PoolId,
    /// Promises that are kept.
    kept: Vec<Promise>,
    /// Promises of the receipt that are not.
    failed: Vec<Promise>,
}

impl Goods<'_> {
    /// The shards of the orders that are served.
    fn shards(&self, locked: &EngineLocked<'_>, config: &Config) -> Result<Vec<usize>, Reject> {
        let arrivals = self.arrivals(locked, config)?;
        let kept = arrivals.iter().flat_map(|arrival| &arrival.kept);
        let mut shards: Vec<usize> = kept.map(|promise| KeyShard::of_id(promise.order)).collect();
        shards.sort_unstable();
        shards.dedup();
        Ok(shards)
    }

    /// The event, decided under the locks of stock and orders.
    fn event(&self, locked: &EngineLocked<'_>, config: &Config) -> Result<Event, Reject> {
        let arrivals = self.arrivals(locked, config)?;
        let fulfils = self.receive.expected.as_ref();
        if let Some(Fulfils { reference, .. }) = fulfils.filter(|_| arrivals.iter().all(|a| a.receipt.is_none())) {
            return Err(unexpected(reference));
        }
        if fulfils.is_none() && arrivals.iter().all(|arrival| arrival.kept.is_empty()) {
            let free = |a: &Arrival<'_>| (a.sku, a.pool, a.units);
            let mut moves = Vec::with_capacity(arrivals.len());
            for (sku, pool, units) in arrivals.iter().map(free) {
                push(&mut moves, sku, self.warehouse, SUPPLIER, Bucket::Available(pool), units);
            }
            return Ok(Event::StockMoved(StockMoved { reason: MoveReason::Receipt, note: None, moves }));
        }
        let mut changed = InboundChanged {
            reason: InboundReason::Received,
            warehouse: self.warehouse,
            reference: fulfils.map(|fulfils| fulfils.reference.clone()),
            units: arrivals.iter().map(|arrival| arrival.units).sum(),
            opened: None,
            dated: None,
            moves: Vec::new(),
            made: Vec::new(),
            arrived: Vec::new(),
        };
        let more = fulfils.is_some_and(|fulfils| fulfils.more);
        for arrival in arrivals {
            self.take_in(locked, arrival, more, &mut changed);
        }
        merge(&mut changed.arrived);
        Ok(Event::InboundChanged(Box::new(changed)))
    }

    /// What came, SKU by SKU.
    fn arrivals<'l>(&self, locked: &'l EngineLocked<'_>, config: &Config) -> Result<Vec<Arrival<'l>>, Reject> {
        let mut arrivals: Vec<Arrival<'l>> = Vec::with_capacity(self.lines.len());
        for &(sku, units) in self.lines {
            if let Some(known) = arrivals.iter_mut().find(|arrival| arrival.sku == sku) {
                known.units = known.units.saturating_add(units);
                continue;
            }
            let expected = inbound(locked, sku, self.warehouse).zip(self.receive.expected.as_ref());
            let receipt = expected.and_then(|(inbound, fulfils)| inbound.referred(&fulfils.reference));
            let pool = match (&self.receive.pool, receipt) {
                (None, Some(receipt)) => receipt.pool,
                (named, _) => pool(config, named.as_ref())?,
            };
            arrivals.push(Arrival { sku, units, receipt, pool, kept: Vec::new(), failed: Vec::new() });
        }
        for arrival in &mut arrivals {
            if let Some(inbound) = inbound(locked, arrival.sku, self.warehouse) {
                arrival.keep_promises(inbound);
            }
        }
        Ok(arrivals)
    }

    /// Units of one SKU go where they belong.
    fn take_in(&self, locked: &EngineLocked<'_>, arrival: Arrival<'_>, more: bool, changed: &mut InboundChanged) {
        let Arrival { sku, units, receipt, pool, kept, failed } = arrival;
        let none = Inbound::default();
        let inbound = inbound(locked, sku, self.warehouse).unwrap_or(&none);
        let mut changes = Changes::new(sku, self.warehouse, inbound);
        for promise in &kept {
            let order = locked.key(KeyShard::of_id(promise.order)).order(promise.order);
            let sub = order.and_then(|order| order.sub(promise.sub)).expect("promises are made to sub-orders");
            let to = bucket_of(sub.stage, promise.pool).expect("a sub-order that waits stands in a bucket");
            changes.push(Bucket::Promised(promise.ticket), to, promise.units);
            let Promise { order, sub, units, .. } = *promise;
            changed.arrived.push(Arrived { order, sub, units });
        }
        let of = |ours: bool| {
            let same = kept.iter().filter(move |p| receipt.is_some_and(|r| r.no == p.receipt) == ours);
            same.map(|promise| promise.units).sum::<Units>()
        };
        // What serves the receipt's own promises was promised units; all else uses up its free ones, as far as they go.
        let rest = units.saturating_sub(of(true)).saturating_sub(of(false));
        let mut free = receipt.map_or(Units::ZERO, |receipt| receipt.free);
        let mut use_up = |units: Units| {
            let used = free.min(units);
            free = free.saturating_sub(used);
            used
        };
        let to = Bucket::Available(pool);
        let (for_overdue, for_sale) = (use_up(of(false)), use_up(rest));
        if let Some(receipt) = receipt {
            let from = Bucket::Inbound(receipt.no);
            changes.push(from, SUPPLIER, for_overdue);
            changes.push(from, to, for_sale);
        }
        changes.push(SUPPLIER, to, rest.saturating_sub(for_sale));
        if let Some(receipt) = receipt.filter(|_| !more) {
            changes.push(Bucket::Inbound(receipt.no), SUPPLIER, free);
            if !failed.is_empty() {
                let homes = changes.homes(receipt.pool, receipt.no);
                changes.rehome(receipt.pool, failed, homes);
            }
        }
        changed.moves.append(&mut changes.moves);
        changed.made.append(&mut changes.made);
    }
}

impl Arrival<'_> {
    /// Finds the promises that the units keep: the receipt's own in order of promise, then those of the pool that are
    /// overdue.
    fn keep_promises(&mut self, inbound: &Inbound) {
        let mut left = self.units;
        if let Some(receipt) = self.receipt {
            (self.kept, self.failed) = split(inbound.waiting(receipt.no, receipt.pool), left);
            left = left.saturating_sub(self.kept.iter().map(|promise| promise.units).sum());
        }
        let pool = self.receipt.map_or(self.pool, |receipt| receipt.pool);
        if !left.is_zero() && !inbound.overdue(pool).is_zero() {
            self.kept.extend(split(inbound.waiting(ReceiptNo::NONE, pool), left).0);
        }
    }
}

/// Adds up what came for each sub-order.
fn merge(arrived: &mut Vec<Arrived>) {
    arrived.sort_unstable_by_key(|arrived| (arrived.order, arrived.sub));
    arrived.dedup_by(|later, first| {
        let same = (later.order, later.sub) == (first.order, first.sub);
        if same {
            first.units = first.units.saturating_add(later.units);
        }
        same
    });
}
