//! Free units make up for short ones of the same cell, in a commit of their own.
//!
//! Whatever frees units of a cell that is short (a receipt, a cancellation, an expiry, an arrival) makes this due. Until it is
//! done, as many free units as are short can be neither drawn nor moved.

use crate::Actor;
use crate::engine::change::stock::moved::moved;
use crate::engine::change::stock::terms::push;
use crate::engine::plan::scratch::with_scratch;
use crate::engine::store::Engine;
use crate::engine::transact::admit::{EVENT_BYTES, MOVE_BYTES, uncalled};
use crate::engine::transact::react::Progress;
use crate::event::{Cause, MoveReason};
use crate::ids::{SkuId, WarehouseId};
use crate::log::Admission;
use crate::reject::Reject;
use crate::stock::{Bucket, Cell, StockShard, made_up};
use crate::time::Time;

impl Engine {
    /// Sets free units of a cell against its short ones: those of the regular pool first, then by id of the pool.
    ///
    /// # Errors
    /// When the log has no room.
    pub(in crate::engine) fn make_up(&self, sku: SkuId, warehouse: WarehouseId, now: Time) -> Result<Progress, Reject> {
        let stock = StockShard::of(sku);
        let is_due = self
            .door
            .with_stock(stock, |shard| shard.has(sku) && shard.sku(sku).cell(warehouse).is_some_and(Cell::makes_up));
        if !is_due {
            return Ok(Progress::Done);
        }
        let room = self.log.reserve(EVENT_BYTES + MOVE_BYTES, Admission::Reserved)?;
        let keys = self.door.lock_orders(&self.log, []);
        with_scratch(self.work, |scratch| {
            let mut locked = keys.lock_stock([stock]);
            let mut moves = Vec::new();
            for (pool, units) in locked.sku(sku).cell(warehouse).map(made_up).unwrap_or_default() {
                push(&mut moves, (sku, warehouse), Bucket::Available(pool), Bucket::Short, units);
            }
            // None when others were faster: look again.
            if moves.is_empty() {
                return Ok(Progress::More);
            }
            let event = moved(MoveReason::MakingUp, None, moves);
            let envelope = uncalled(Actor::Engine, Cause::Promise, now, event);
            self.commit(&mut locked, room, &envelope, &mut scratch.bytes).map_err(|refusal| refusal.reject)?;
            Ok(Progress::More)
        })
    }
}
