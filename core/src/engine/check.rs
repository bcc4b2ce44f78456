//! Every invariant of every structure, and the sums over the whole.

use std::collections::BTreeMap;

use crate::engine::store::{Engine, Reaction};
use crate::ids::{OrderId, PoolId, SkuId, SubNo, WarehouseId};
use crate::orders::lists::Listed;
use crate::orders::{Elsewhere, Order, SubOrder, bucket_of};
use crate::stock::{Bucket, Cell, Inbound, StockShard};
use crate::units::Units;

/// Units that are promised and yet to come.
type Promises = BTreeMap<(OrderId, SubNo, SkuId, WarehouseId, PoolId), Units>;
type Claims = BTreeMap<(SkuId, WarehouseId, Bucket), Units>;

impl Engine {
    /// Checks each shard by itself, then that what cells say is held, allocated, picked, shipped, awaiting confirmation
    /// and in inspection is what orders say, that what is promised is what they wait for, and that every order is in the
    /// lists it belongs in. Locks shard by shard: run it while nothing else runs.
    ///
    /// # Errors
    /// Every broken invariant in a sentence.
    pub fn check(&self) -> Result<(), Vec<String>> {
        let mut broken = Vec::new();
        let mut seen = Claims::new();
        let mut promised = Promises::new();
        for number in 0..self.door.stock_shards() {
            self.door.with_stock(number, |shard| {
                for stock in shard.skus() {
                    broken.extend(stock.check().err());
                    if StockShard::of(stock.id()) != number {
                        broken.push(format!("SKU {} is in stock shard {number}", stock.id()));
                    }
                    if stock.is_awaited() && !self.door.counters().expecting.has(stock.id()) {
                        broken.push(format!("SKU {} expects goods and is not found among those that do", stock.id()));
                    }
                    for cell in stock.cells() {
                        claimed(stock.id(), cell, &mut seen);
                        self.check_due(stock.id(), cell, &mut broken);
                        for promise in cell.inbound().into_iter().flat_map(Inbound::promises) {
                            let key = (promise.order, promise.sub, stock.id(), cell.warehouse(), promise.pool);
                            let sum = promised.entry(key).or_default();
                            *sum = sum.saturating_add(promise.units);
                        }
                    }
                }
            });
        }
        let (mut claims, mut listed) = (Claims::new(), Vec::new());
        let mut refunds = Vec::new();
        for number in 0..self.door.order_shards() {
            self.door.with_orders(number, |shard| {
                broken.extend(shard.check(number).err());
                for (key, account) in shard.accounts() {
                    refunds.extend(account.refunds().map(|(no, refund)| (key.clone(), no, refund.clone())));
                }
                for order in shard.orders() {
                    listed.push(Listed::of(&order));
                    for (no, sub) in order.numbered() {
                        let wanted = claim(order.id, no, sub, &mut promised, &mut claims);
                        claim_elsewhere(&order, (no, sub), &mut claims);
                        if wanted != Units(u64::from(sub.waiting)) {
                            let (id, waits) = (order.id, sub.waiting);
                            broken.push(format!("order {id} sub-order {no} waits for {waits}, {wanted} are promised"));
                        }
                    }
                }
            });
        }
        broken.extend(self.door.counters().lists.check(listed).err());
        let refunds = refunds.iter().map(|(key, no, refund)| (key, *no, refund));
        broken.extend(self.door.counters().refunds.check(refunds).err());
        broken.extend(promised.keys().map(|key| format!("promised to a sub-order that does not wait for it: {key:?}")));
        let keys: std::collections::BTreeSet<_> = claims.keys().chain(seen.keys()).collect();
        for key in keys {
            let (orders, cells) = (claims.get(key), seen.get(key));
            if orders.copied().unwrap_or_default() != cells.copied().unwrap_or_default() {
                let (sku, warehouse, bucket) = key;
                broken.push(format!(
                    "SKU {sku} at warehouse {warehouse}: {} units are {bucket}, orders say {}",
                    cells.copied().unwrap_or_default(),
                    orders.copied().unwrap_or_default()
                ));
            }
        }
        if broken.is_empty() { Ok(()) } else { Err(broken) }
    }

    /// What is due of a cell must be noted.
    fn check_due(&self, sku: SkuId, cell: &Cell, broken: &mut Vec<String>) {
        let warehouse = cell.warehouse();
        let due = [
            (cell.is_due(), Reaction::HandOver { sku, warehouse }, "due to promises"),
            (cell.makes_up(), Reaction::MakeUp { sku, warehouse }, "free while others are short"),
        ];
        for (_, _, what) in due.into_iter().filter(|due| due.0 && !self.door.counters().reactions.has(due.1)) {
            broken.push(format!("SKU {sku} at warehouse {warehouse}: units are {what}, and no reaction is noted"));
        }
    }
}

/// Notes what a sub-order claims; answers what is promised to it, which is struck off.
fn claim(order: OrderId, no: SubNo, sub: &SubOrder, promised: &mut Promises, claims: &mut Claims) -> Units {
    let mut waited = Units::ZERO;
    let mut add = |sku, bucket, units: Units| {
        if !units.is_zero() && !matches!(bucket, Bucket::Outside(_)) {
            let sum = claims.entry((sku, sub.warehouse, bucket)).or_default();
            *sum = sum.saturating_add(units);
        }
    };
    for line in &sub.lines {
        let ahead = promised.remove(&(order, no, line.sku, sub.warehouse, line.pool)).unwrap_or_default();
        waited = waited.saturating_add(ahead);
        if let Some(bucket) = bucket_of(sub.stage, line.pool) {
            add(line.sku, bucket, line.out().saturating_sub(ahead));
        }
        add(line.sku, Bucket::Inspection, line.in_inspection);
    }
    waited
}

/// Moves what waits for inspection at other warehouses from the warehouse that shipped it to where it is.
fn claim_elsewhere(order: &Order, (no, sub): (SubNo, &SubOrder), claims: &mut Claims) {
    for Elsewhere { warehouse, take } in order.later.elsewhere_of(no) {
        let here = claims.entry((take.sku, sub.warehouse, Bucket::Inspection)).or_default();
        *here = here.saturating_sub(take.units);
        let there = claims.entry((take.sku, *warehouse, Bucket::Inspection)).or_default();
        *there = there.saturating_add(take.units);
    }
}

fn claimed(sku: SkuId, cell: &Cell, seen: &mut Claims) {
    let held = cell.pools().iter().map(|p| Bucket::Held(p.pool));
    let stages = [Bucket::Allocated, Bucket::Picked, Bucket::Shipped, Bucket::Awaiting, Bucket::Inspection];
    for bucket in held.chain(stages) {
        let units = cell.units(bucket);
        if !units.is_zero() {
            seen.insert((sku, cell.warehouse(), bucket), units);
        }
    }
}
