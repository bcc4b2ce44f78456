//! One order with its sub-orders and timeline.

use crate::command::OrderRef;
use crate::engine::outcome::{Decided, unknown_order};
use crate::engine::read::Ask;
use crate::engine::store::{Engine, EngineLocked};
use crate::ids::{OrderId, SkuId, SubNo};
use crate::orders::SubOrder;
use crate::reply::{Awaited, Reply};
use crate::stock::{Promise, StockShard};
use crate::time::Time;

impl Ask for OrderRef {
    fn ask(&self, engine: &Engine, _now: Time) -> Decided {
        let (number, place) = engine.locate(self)?;
        let config = engine.config()?;
        let keys = engine.door.lock_orders(&engine.log, [number]);
        let order = place.find(keys.orders(number)).ok_or_else(|| unknown_order(self))?;
        let (id, version) = (order.id, order.version);
        let ahead = order.subs.iter().filter(|sub| sub.stage.is_ahead());
        let skus: Vec<SkuId> = ahead.flat_map(|sub| sub.lines.iter().map(|line| line.sku)).collect();
        let locked = keys.lock_stock(skus.iter().map(|sku| StockShard::of(*sku)));
        let awaits = |no, sub: &SubOrder| engine.awaited(&locked, id, no, sub);
        let now = locked.known(id);
        let account = locked.orders(number).account_of(now);
        let view = engine.order_now(now, &config, account, awaits);
        Ok((Reply::Order(Box::new(view)), locked.seen(skus.iter().copied()).max(version)))
    }
}

impl Engine {
    /// What a sub-order waits for, in the order of promise.
    fn awaited(&self, locked: &EngineLocked<'_>, order: OrderId, no: SubNo, sub: &SubOrder) -> Vec<Awaited> {
        let mut awaits = Vec::new();
        let lines = if sub.stage.is_ahead() { &sub.lines[..] } else { &[] };
        let mut skus: Vec<SkuId> = lines.iter().map(|line| line.sku).collect();
        skus.dedup();
        for sku in skus {
            let Some(inbound) = locked.inbound(sku, sub.warehouse) else { continue };
            let mut ours: Vec<&Promise> = inbound.of_order(order).filter(|promise| promise.sub == no).collect();
            ours.sort_by_key(|promise| (promise.rank, promise.ticket));
            awaits.extend(ours.into_iter().map(|promise| Awaited {
                sku: self.sku_code(sku),
                units: promise.units,
                receipt: inbound.receipt(promise.receipt).map(|receipt| (receipt.reference.clone(), receipt.day)),
            }));
        }
        awaits
    }
}
