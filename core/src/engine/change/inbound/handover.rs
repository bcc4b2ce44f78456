//! Handovers: units on hand go to the orders they were promised to, in commits of their own.
//!
//! ```text
//!   a commit leaves a cell with units that promises come first to
//!      │ it notes the cell, under the cell's lock                      (Reactions; recovery notes the same)
//!      ▼ unlock
//!   react: for each cell noted, step by step
//!      │ look whom the next units are for                              (stock::Handover)
//!      │ lock the shards of these orders, then the stock, look again
//!      │ commit: the promises whose orders are locked, from the first one on
//!      ▼ unlock
//! ```
//!
//! Goods received may be for a hundred thousand orders, and none of them is known before their stock is locked. So they are
//! taken in first, where nobody else can draw them, and handed over a few hundred promises at a time. A crash in between
//! leaves a cell that is due; recovery notes it as the commit did, and the next call goes on.

use crate::Actor;
use crate::engine::change::inbound::changes::Changes;
use crate::engine::plan::scratch::with_scratch;
use crate::engine::store::{Engine, EngineLocked};
use crate::engine::transact::admit::{EVENT_BYTES, uncalled};
use crate::engine::transact::react::Progress;
use crate::event::{Arrived, Cause, Event, InboundReason};
use crate::ids::{SkuId, WarehouseId};
use crate::log::Admission;
use crate::orders::{KeyShard, bucket_of};
use crate::reject::Reject;
use crate::stock::{Bucket, HANDED_MAX, Handover, StockShard};
use crate::time::Time;
use crate::units::Units;

/// Bytes that one promise takes in the event that hands it over.
const DUE_BYTES: usize = 48;

impl Engine {
    /// Hands over the next of what is due of a cell: a step of bounded size.
    ///
    /// # Errors
    /// When the log has no room.
    pub(in crate::engine) fn hand_over(
        &self,
        sku: SkuId,
        warehouse: WarehouseId,
        now: Time,
    ) -> Result<Progress, Reject> {
        let stock = StockShard::of(sku);
        let step = self.door.with_stock(stock, |shard| {
            let cell = if shard.has(sku) { shard.sku(sku).cell(warehouse) } else { None };
            cell.map(|cell| Handover::of(cell, HANDED_MAX)).unwrap_or_default()
        });
        if step.is_empty() {
            return Ok(Progress::Done);
        }
        let promises = step.promises();
        let room = self.log.reserve(EVENT_BYTES + DUE_BYTES * promises, Admission::Reserved)?;
        let orders = step.dues.iter().map(|due| KeyShard::of_id(due.promise.order));
        let keys = self.door.lock_orders(&self.log, orders);
        with_scratch(self.work, |scratch| {
            let mut locked = keys.lock_stock([stock]);
            // None when others were faster: look again.
            let Some(event) = handed(&locked, sku, warehouse) else { return Ok(Progress::More) };
            let orders = event.footprint().orders;
            let arrived = orders.iter().map(|order| locked.known(*order).last_time).fold(now, Time::max);
            let envelope = uncalled(Actor::Engine, Cause::Promise, arrived, event);
            self.commit(&mut locked, room, &envelope, &mut scratch.bytes).map_err(|refusal| refusal.reject)?;
            Ok(Progress::More)
        })
    }
}

/// The next step of a cell as far as its orders are locked. `None` when there is none: others were faster.
fn handed(locked: &EngineLocked<'_>, sku: SkuId, warehouse: WarehouseId) -> Option<Event> {
    let cell = locked.sku(sku).cell(warehouse)?;
    let mut step = Handover::of(cell, HANDED_MAX);
    let is_locked = |order| locked.has_orders(KeyShard::of_id(order));
    let first = step.dues.iter().position(|due| !is_locked(due.promise.order)).unwrap_or(step.dues.len());
    step.dues.truncate(first);
    if step.is_empty() {
        return None;
    }
    let mut changes = Changes::new(sku, warehouse, locked.inbound(sku, warehouse)?);
    let (mut units, mut arrived) = (Units::ZERO, Vec::with_capacity(step.dues.len()));
    for due in &step.dues {
        let promise = &due.promise;
        let sub = locked.known(promise.order).sub(promise.sub).expect("promises are made to sub-orders");
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
    for promise in &step.detached {
        changes.detach(promise);
    }
    for &(receipt, units) in &step.given_up {
        changes.push(Bucket::Inbound(receipt), Bucket::Missing(receipt), units);
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
