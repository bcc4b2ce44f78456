//! The state that an event changes, under its locks.

use smallvec::SmallVec;

use crate::engine::store::{EngineLocked, Reaction};
use crate::event::{Cause, Envelope, Promised};
use crate::ids::{OrderId, Seq, SkuId, SubNo, WarehouseId};
use crate::orders::lists::Refunds;
use crate::orders::{Account, Answer, Change, KeyShard, Memo, Moment, Order, OrderKey, TimerKind, What};
use crate::stock::{Cell, Inbound, Move, Overdrawn, SkuStock, StockShard};
use crate::time::Time;
use crate::units::Units;

/// An event that does not fit the state: a bug when it was just decided, a damaged history in recovery.
#[derive(Debug, thiserror::Error)]
pub(in crate::engine) enum Broken {
    #[error("SKU {sku} at warehouse {warehouse}: {error}")]
    Overdrawn { sku: SkuId, warehouse: WarehouseId, error: Overdrawn },
    #[error("SKU {0} was never defined")]
    UnknownSku(SkuId),
    #[error("order {0} does not exist")]
    UnknownOrder(OrderId),
    #[error("order {0} exists already")]
    OrderTaken(OrderId),
    #[error("order {order}: {what}")]
    Order { order: OrderId, what: &'static str },
    #[error("expected receipts: {0}")]
    Inbound(&'static str),
    #[error("refunds: {0}")]
    Refund(&'static str),
    #[error("rules without a world")]
    NoWorld,
    #[error("{0}")]
    File(#[from] crate::rules::FileError),
}

/// An event with its place in the history.
#[derive(Clone, Copy, Debug)]
pub(in crate::engine) struct At<'a> {
    pub seq: Seq,
    pub envelope: &'a Envelope,
}

/// Orders, keys and stock under the locks of an event.
pub(in crate::engine) struct State<'s, 'l> {
    locked: &'s mut EngineLocked<'l>,
    /// Cells that withhold units after a change: some may be due to promises.
    withholding: SmallVec<[(SkuId, WarehouseId); 2]>,
    /// Cells changed and accounts opened so far, one by one.
    pub changes: u64,
}

impl At<'_> {
    /// When the engine was told.
    pub fn arrived(&self) -> Time {
        self.envelope.arrived
    }

    /// Writes into an order that the event changed it, and what that answers to the command that caused it.
    pub fn done(&self, order: &mut Order, sub: Option<SubNo>, change: Change) {
        self.remember(order, change);
        self.note(order, self.envelope.event.what(), sub);
    }

    /// The same with the reason that the caller gave.
    pub fn done_because(&self, order: &mut Order, sub: Option<SubNo>, change: Change, reason: Option<&str>) {
        self.done(order, sub, change);
        self.explain(order, reason);
    }

    /// Adds a reason to the entry that was just written.
    pub fn explain(&self, order: &mut Order, reason: Option<&str>) {
        if reason.is_some() {
            order.explain(reason);
        }
    }

    fn remember(&self, order: &mut Order, change: Change) {
        if let Cause::Key { key, digest } = &self.envelope.cause {
            let memo = Memo { key: key.clone(), digest: *digest, seq: self.seq, answer: change };
            order.remember(&memo);
        }
    }

    /// The same under a name of its own: a step's, or that of another kind of event.
    pub fn done_as(&self, order: &mut Order, what: What, sub: Option<SubNo>, change: Change) {
        self.remember(order, change);
        self.note(order, what, sub);
    }

    /// Writes into an order that the event touched it, under a name of its own.
    pub fn note(&self, order: &mut Order, what: What, sub: Option<SubNo>) {
        order.version = self.seq;
        order.last_time = order.last_time.max(self.arrived());
        order.note(&Moment {
            seq: self.seq,
            what,
            sub,
            occurred: self.envelope.occurred_at(),
            arrived: self.arrived(),
            actor: self.envelope.actor.clone(),
            reason: None,
        });
    }
}

impl<'s, 'l> State<'s, 'l> {
    pub fn new(locked: &'s mut EngineLocked<'l>) -> State<'s, 'l> {
        State { locked, withholding: SmallVec::new(), changes: 0 }
    }

    /// The shard of an order.
    pub fn shard_mut(&mut self, order: OrderId) -> &mut KeyShard {
        self.locked.orders_mut(KeyShard::of_id(order))
    }

    /// The shard of an order number.
    pub fn key_shard_mut(&mut self, key: &OrderKey) -> &mut KeyShard {
        self.locked.orders_mut(KeyShard::of_order(key))
    }

    /// The list of refunds.
    pub fn refunds(&self) -> &Refunds {
        &self.locked.counters().refunds
    }

    pub fn order_mut(&mut self, order: OrderId) -> Result<&mut Order, Broken> {
        self.shard_mut(order).order_mut(order).ok_or(Broken::UnknownOrder(order))
    }

    /// Remembers the answer to a command on stock or configuration under its key, for who sent it.
    pub fn remember(&mut self, at: &At<'_>, answer: Answer) {
        if let Cause::Key { key, digest } = &at.envelope.cause {
            let memo = Memo { key: key.clone(), digest: *digest, seq: at.seq, answer };
            self.locked.orders_mut(KeyShard::of_movement(key)).remember_movement(&at.envelope.actor, memo);
        }
    }

    /// Makes room for a SKU, or notes that it changed.
    pub fn define(&mut self, sku: SkuId, seq: Seq) {
        self.changes += 1;
        let shard = self.locked.stock_mut(StockShard::of(sku));
        if !shard.has(sku) {
            shard.define(sku);
        }
        shard.sku_mut(sku).touch(seq);
    }

    /// The stock of a SKU, to be changed once.
    #[inline]
    pub fn sku_mut(&mut self, sku: SkuId) -> Result<&mut SkuStock, Broken> {
        self.changes += 1;
        let shard = self.locked.stock_mut(StockShard::of(sku));
        if shard.has(sku) { Ok(shard.sku_mut(sku)) } else { Err(Broken::UnknownSku(sku)) }
    }

    /// Moves units.
    #[inline]
    pub fn post(&mut self, m: &Move, seq: Seq) -> Result<(), Broken> {
        let moved = self.sku_mut(m.sku)?.apply(m, seq);
        self.moved(m, moved)
    }

    /// Moves units on the books only: what a count or a short pick misses was missing before, so a count taken earlier
    /// must not be laid under it, or it would be deducted twice.
    pub fn correct(&mut self, m: &Move, seq: Seq) -> Result<(), Broken> {
        if !m.from.is_books() && !m.to.is_books() {
            return self.post(m, seq);
        }
        let moved = self.sku_mut(m.sku)?.correct(m, seq);
        self.moved(m, moved)
    }

    fn moved(&mut self, m: &Move, moved: Result<bool, Overdrawn>) -> Result<(), Broken> {
        let overdrawn = |error| Broken::Overdrawn { sku: m.sku, warehouse: m.warehouse, error };
        if moved.map_err(overdrawn)? {
            self.withholds(m.sku, m.warehouse);
        }
        Ok(())
    }

    /// Opens the accounts of promises, before units are moved to them.
    pub fn promise(&mut self, made: &[Promised]) -> Result<(), Broken> {
        for made in made {
            let inbound = self.inbound_mut(made.sku, made.warehouse)?;
            inbound.register(made.promise()).ok_or(Broken::Inbound("a ticket that was given before"))?;
        }
        Ok(())
    }

    /// Adds a new order, and the timer of its hold.
    pub fn insert(&mut self, mut order: Order) -> Result<(), Broken> {
        let (id, deadline, placed) = (order.id, order.deadline, order.placed);
        let shard = self.shard_mut(id);
        order.refund_due = shard.account_of(&order).is_some_and(Account::is_owed);
        shard.insert(order).ok_or(Broken::OrderTaken(id))?;
        shard.timers.set(TimerKind::Hold, deadline, placed, id);
        Ok(())
    }

    /// Sets the units of a cell's regular pool that orders may not take.
    pub fn set_safety(&mut self, (sku, warehouse): (SkuId, WarehouseId), units: Units, seq: Seq) -> Result<(), Broken> {
        if self.sku_mut(sku)?.set_safety(warehouse, units, seq) {
            self.withholds(sku, warehouse);
        }
        Ok(())
    }

    /// Notes that the event touched a cell.
    pub fn touch_cell(&mut self, sku: SkuId, warehouse: WarehouseId, seq: Seq) -> Result<(), Broken> {
        if self.sku_mut(sku)?.touch_cell(warehouse, seq) {
            self.withholds(sku, warehouse);
        }
        Ok(())
    }

    /// What is expected and promised of a cell.
    pub fn inbound_mut(&mut self, sku: SkuId, warehouse: WarehouseId) -> Result<&mut Inbound, Broken> {
        Ok(self.sku_mut(sku)?.inbound_mut(warehouse))
    }

    /// Notes whether anything of a SKU is still expected or overdue, after what is expected of it changed.
    pub fn note_expected(&self, sku: SkuId) {
        let stock = self.locked.stock(StockShard::of(sku)).sku(sku);
        self.locked.counters().expecting.note(sku, stock.is_awaited());
    }

    /// Notes a cell; an event's movements of one cell mostly follow each other.
    fn withholds(&mut self, sku: SkuId, warehouse: WarehouseId) {
        if self.withholding.last() != Some(&(sku, warehouse)) {
            self.withholding.push((sku, warehouse));
        }
    }

    /// What the event made due: free units of cells that are short make up for it, and units that promises come first to
    /// are handed over.
    pub fn due(&self) -> impl Iterator<Item = Reaction> {
        self.withholding.iter().copied().flat_map(|(sku, warehouse)| {
            let cell = self.locked.stock(StockShard::of(sku)).sku(sku).cell(warehouse);
            let makes_up = cell.is_some_and(Cell::makes_up).then_some(Reaction::MakeUp { sku, warehouse });
            let hands_over = cell.is_some_and(Cell::is_due).then_some(Reaction::HandOver { sku, warehouse });
            makes_up.into_iter().chain(hands_over)
        })
    }
}
