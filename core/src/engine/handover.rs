//! Units that are here go to whom they were promised, in commits of their own.
//!
//! ```text
//!   a commit leaves a cell with units that promises come first to
//!      │ it notes the cell, under the cell's lock                      (Dues; recovery notes the same)
//!      ▼ unlock
//!   execute, expire_due: for each cell noted, until nothing of it is due
//!      │ look whom the next units are for                              (stock::Handover)
//!      │ lock the shards of these orders, then the stock, look again
//!      │ commit: the promises whose orders are locked, from the first one on
//!      ▼ unlock
//! ```
//!
//! Goods received may be for a hundred thousand orders, and none of them is known before their stock is locked. So they are
//! taken in first, where nobody else can draw them, and handed over a few hundred promises at a time. A crash in between
//! leaves a cell that is due; recovery notes it as the commit did, and the next call goes on.

use std::collections::BTreeSet;

use crate::engine::Engine;
use crate::engine::commit::EngineLocked;
use crate::engine::inbound::{Changes, inbound};
use crate::engine::lookup::{EVENT_BYTES, known};
use crate::engine::planning::with_scratch;
use crate::event::{Actor, Arrived, Cause, Envelope, Event, InboundReason};
use crate::ids::{SkuId, WarehouseId};
use crate::log::Admission;
use crate::orders::{KeyShard, bucket_of};
use crate::reject::Reject;
use crate::stock::{Bucket, HANDED_MAX, Handover, StockShard};
use crate::sync::{AtomicBool, Mutex, Ordering};
use crate::time::Time;
use crate::units::Units;

/// Bytes that one promise takes in the event that hands it over.
const DUE_BYTES: usize = 48;

/// Cells with units that promises come first to.
#[derive(Debug, Default)]
pub(super) struct Dues {
    any: AtomicBool,
    cells: Mutex<BTreeSet<(SkuId, WarehouseId)>>,
}

impl Dues {
    /// Notes a cell, whose lock the caller holds: whoever takes the note waits for that lock before it looks.
    pub fn note(&self, sku: SkuId, warehouse: WarehouseId) {
        let mut cells = self.cells.lock();
        cells.insert((sku, warehouse));
        self.any.store(true, Ordering::Release);
    }

    /// Whether any cell is noted. Costs a look.
    #[inline]
    pub fn any(&self) -> bool {
        self.any.load(Ordering::Acquire)
    }

    /// Whether this cell is noted.
    pub fn has(&self, sku: SkuId, warehouse: WarehouseId) -> bool {
        self.cells.lock().contains(&(sku, warehouse))
    }

    fn take(&self) -> Option<(SkuId, WarehouseId)> {
        let mut cells = self.cells.lock();
        let first = cells.pop_first();
        self.any.store(!cells.is_empty(), Ordering::Release);
        first
    }
}

impl Engine {
    /// Hands over everything that is due. What the log has no room for stays noted.
    pub(super) fn hand_over_all(&self, now: Time) {
        while let Some((sku, warehouse)) = self.dues.take() {
            if self.hand_over(sku, warehouse, now).is_err() {
                self.dues.note(sku, warehouse);
                return;
            }
        }
    }

    /// Hands over everything that is due of a cell.
    ///
    /// # Errors
    /// When the log has no room.
    pub(super) fn hand_over(&self, sku: SkuId, warehouse: WarehouseId, now: Time) -> Result<(), Reject> {
        let stock = StockShard::of(sku);
        loop {
            let step = self.door.with_stock(stock, |shard| {
                let cell = if shard.has(sku) { shard.sku(sku).cell(warehouse) } else { None };
                cell.map(|cell| Handover::of(cell, HANDED_MAX)).unwrap_or_default()
            });
            if step.is_empty() {
                return Ok(());
            }
            let promises = step.dues.len() + step.attached.len();
            let room = self.log.reserve(EVENT_BYTES + DUE_BYTES * promises, Admission::Reserved)?;
            let mut keys: Vec<usize> = step.dues.iter().map(|due| KeyShard::of_id(due.promise.order)).collect();
            // Rules change under every key shard's lock, so that a commit holds at least one.
            keys.push(stock);
            keys.sort_unstable();
            keys.dedup();
            with_scratch(self.work, |scratch| {
                let mut locked = self.door.lock_keys(&self.log, keys.iter().copied()).lock_stock([stock]);
                let Some(event) = handed(&locked, &keys, sku, warehouse) else { return Ok(()) };
                let mut arrived = now;
                event.each_order(|order| arrived = arrived.max(known(&locked, order).last_time));
                let (actor, cause) = (Actor::Engine, Cause::Promise);
                let envelope = Envelope { actor, arrived, occurred: None, cause, event };
                self.commit(&mut locked, room, &envelope, &mut scratch.bytes).map(|_| ())
            })?;
        }
    }
}

/// The next step of a cell as far as its orders are locked. `None` when there is none: others were faster.
fn handed(locked: &EngineLocked<'_>, keys: &[usize], sku: SkuId, warehouse: WarehouseId) -> Option<Event> {
    let cell = locked.stock(StockShard::of(sku)).sku(sku).cell(warehouse)?;
    let mut step = Handover::of(cell, HANDED_MAX);
    let is_locked = |order| keys.binary_search(&KeyShard::of_id(order)).is_ok();
    let first = step.dues.iter().position(|due| !is_locked(due.promise.order)).unwrap_or(step.dues.len());
    step.dues.truncate(first);
    if step.is_empty() {
        return None;
    }
    let mut changes = Changes::new(sku, warehouse, inbound(locked, sku, warehouse)?);
    let (mut units, mut arrived) = (Units::ZERO, Vec::with_capacity(step.dues.len()));
    for due in &step.dues {
        let promise = &due.promise;
        let sub = known(locked, promise.order).sub(promise.sub).expect("promises are made to sub-orders");
        let to = bucket_of(sub.stage, promise.pool).expect("a sub-order that waits stands in a bucket");
        changes.hand(promise, due.from, to);
        units = units.saturating_add(promise.units);
        arrived.push(Arrived { order: promise.order, sub: promise.sub, units: promise.units });
    }
    for &(receipt, pool, units) in &step.left_over {
        changes.sell(Bucket::Arrived(receipt), Bucket::Available(pool), units);
        changes.forget(Bucket::Inbound(receipt), units);
    }
    for (promise, receipt) in &step.attached {
        changes.promise_again(*promise, *receipt, promise.units);
    }
    merge(&mut arrived);
    Some(changes.event(InboundReason::Handed, None, units, arrived))
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
