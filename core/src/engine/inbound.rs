//! Expected receipts: announced, changed, withdrawn and received. What was promised out of them follows: kept in order of
//! promise when the goods come, moved to another receipt when they do not.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use crate::catalog::Config;
use crate::command::{Expect, Expectation, Receive};
use crate::engine::commit::EngineLocked;
use crate::engine::demand::invalid;
use crate::engine::movement::{SUPPLIER, bounded, pool, push, warehouse};
use crate::engine::{Asked, Decided, Engine};
use crate::event::{
    Arrived, Dated, Event, InboundChanged, InboundReason, Move, MoveReason, Opened, Promised, StockMoved,
};
use crate::ids::{Code, PoolId, ReceiptNo, SkuId, Ticket, WarehouseId};
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
        self.change_expected(b'e', expect, &[sku], warehouse, asked, |locked, _| {
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
            Ok(changes.event(reason, Some(expect.reference.clone()), units, Vec::new()))
        })
    }

    /// Units arrive from a supplier. Those of an expected receipt are for whom they were promised, in order of promise;
    /// then for whom units of their pool were promised that no receipt is expected to bring; then for sale. Here they are
    /// only taken in; the handover follows at once, in commits of its own.
    pub(super) fn receive(&self, receive: &Receive, asked: Asked<'_>) -> Decided {
        let config = self.config()?;
        let warehouse = warehouse(&config, &receive.warehouse)?;
        pool(&config, receive.pool.as_ref())?;
        let lines = self.stock_lines(&receive.lines)?;
        let skus: Vec<SkuId> = lines.iter().map(|(sku, _)| *sku).collect();
        self.change_expected(b'r', receive, &skus, warehouse, asked, |locked, config| {
            Goods { receive, warehouse, lines: &lines }.event(locked, config)
        })
    }
}

/// What is expected and promised of a cell, if anything ever was.
pub(super) fn inbound<'a>(locked: &'a EngineLocked<'_>, sku: SkuId, warehouse: WarehouseId) -> Option<&'a Inbound> {
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
pub(super) struct Changes<'a> {
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
    pub fn new(sku: SkuId, warehouse: WarehouseId, inbound: &'a Inbound) -> Changes<'a> {
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

    /// Units of a promise go over to a receipt, or to none, and keep their rank.
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

    fn push(&mut self, from: Bucket, to: Bucket, units: Units) {
        push(&mut self.moves, self.sku, self.warehouse, from, to, units);
    }

    pub fn event(self, reason: InboundReason, reference: Option<Code>, units: Units, arrived: Vec<Arrived>) -> Event {
        let Changes { warehouse, opened, dated, moves, made, .. } = self;
        let changed = InboundChanged { reason, warehouse, reference, units, opened, dated, moves, made, arrived };
        Event::InboundChanged(Box::new(changed))
    }
}

/// The last units of promises in order, cut to size.
fn last<'p>(promises: impl DoubleEndedIterator<Item = &'p Promise>, units: Units) -> Vec<Promise> {
    let mut left = units;
    let mut cut = Vec::new();
    for promise in promises.rev() {
        let units = promise.units.min(left);
        if units.is_zero() {
            break;
        }
        left = left.saturating_sub(units);
        cut.push(Promise { units, ..*promise });
    }
    cut
}

/// Goods at the door.
struct Goods<'a> {
    receive: &'a Receive,
    warehouse: WarehouseId,
    lines: &'a [(SkuId, Units)],
}

/// What came of one SKU.
struct Arrival<'a> {
    sku: SkuId,
    units: Units,
    inbound: &'a Inbound,
    /// The receipt they fulfil, if they are expected.
    receipt: Option<&'a ExpectedReceipt>,
    /// The pool that those join that are promised to nobody.
    pool: PoolId,
}

impl Goods<'_> {
    /// The event, decided under the locks of the stock.
    fn event(&self, locked: &EngineLocked<'_>, config: &Config) -> Result<Event, Reject> {
        let none = Inbound::default();
        let arrivals = self.arrivals(locked, config, &none)?;
        let Some(fulfils) = &self.receive.expected else {
            let mut moves = Vec::with_capacity(arrivals.len());
            for Arrival { sku, units, pool, .. } in arrivals {
                push(&mut moves, sku, self.warehouse, SUPPLIER, Bucket::Available(pool), units);
            }
            return Ok(Event::StockMoved(StockMoved { reason: MoveReason::Receipt, note: None, moves }));
        };
        if arrivals.iter().all(|arrival| arrival.receipt.is_none()) {
            return Err(unexpected(&fulfils.reference));
        }
        let mut changed = InboundChanged {
            reason: InboundReason::Received,
            warehouse: self.warehouse,
            reference: Some(fulfils.reference.clone()),
            units: arrivals.iter().map(|arrival| arrival.units).sum(),
            opened: None,
            dated: None,
            moves: Vec::new(),
            made: Vec::new(),
            arrived: Vec::new(),
        };
        for arrival in arrivals {
            let mut changes = Changes::new(arrival.sku, self.warehouse, arrival.inbound);
            changes.take_in(&arrival, fulfils.more);
            changed.moves.append(&mut changes.moves);
            changed.made.append(&mut changes.made);
        }
        Ok(Event::InboundChanged(Box::new(changed)))
    }

    /// What came, SKU by SKU.
    fn arrivals<'l>(
        &self,
        locked: &'l EngineLocked<'_>,
        config: &Config,
        none: &'l Inbound,
    ) -> Result<Vec<Arrival<'l>>, Reject> {
        let mut arrivals: Vec<Arrival<'l>> = Vec::with_capacity(self.lines.len());
        let mut known: HashMap<SkuId, usize, FixedState> = HashMap::default();
        for &(sku, units) in self.lines {
            let at = *known.entry(sku).or_insert(arrivals.len());
            if let Some(arrival) = arrivals.get_mut(at) {
                arrival.units = arrival.units.saturating_add(units);
                continue;
            }
            let inbound = inbound(locked, sku, self.warehouse).unwrap_or(none);
            let reference = self.receive.expected.as_ref().map(|fulfils| &fulfils.reference);
            let receipt = reference.and_then(|reference| inbound.referred(reference));
            let pool = match (&self.receive.pool, receipt) {
                (None, Some(receipt)) => receipt.pool,
                (named, _) => pool(config, named.as_ref())?,
            };
            arrivals.push(Arrival { sku, units, inbound, receipt, pool });
        }
        Ok(arrivals)
    }
}

impl Changes<'_> {
    /// Units of one SKU come in: those that its receipt's promises wait for stand ready for them; those that overdue
    /// promises wait for join their pool, where nobody else can draw them; all else goes on sale.
    fn take_in(&mut self, arrival: &Arrival<'_>, more: bool) {
        let Arrival { units, inbound, receipt, pool, .. } = *arrival;
        let Some(receipt) = receipt else { return self.push(SUPPLIER, Bucket::Available(pool), units) };
        let kept = units.min(receipt.promised);
        let rest = units.saturating_sub(kept);
        let for_overdue = rest.min(inbound.overdue(receipt.pool));
        let for_sale = rest.saturating_sub(for_overdue);
        // What was promised was announced as promised; all else uses up the free units of the receipt, as far as they go.
        let announced = receipt.free.min(for_overdue);
        let sold = receipt.free.saturating_sub(announced).min(for_sale);
        let left = receipt.free.saturating_sub(announced).saturating_sub(sold);
        self.push(SUPPLIER, Bucket::Arrived(receipt.no), kept);
        self.push(SUPPLIER, Bucket::Available(receipt.pool), for_overdue);
        self.push(Bucket::Inbound(receipt.no), SUPPLIER, announced);
        self.push(Bucket::Inbound(receipt.no), Bucket::Available(pool), sold);
        self.push(SUPPLIER, Bucket::Available(pool), for_sale.saturating_sub(sold));
        if more {
            return;
        }
        self.push(Bucket::Inbound(receipt.no), SUPPLIER, left);
        let waiting = inbound.waiting(receipt.no, receipt.pool);
        let failed = last(waiting, receipt.promised.saturating_sub(kept));
        if !failed.is_empty() {
            let homes = self.homes(receipt.pool, receipt.no);
            self.rehome(receipt.pool, failed, homes);
        }
    }
}
