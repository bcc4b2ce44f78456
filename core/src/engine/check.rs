//! Every invariant of every structure, and the sums over the whole.

use std::collections::BTreeMap;

use crate::engine::Engine;
use crate::ids::{SkuId, WarehouseId};
use crate::orders::bucket_of;
use crate::stock::{Bucket, StockShard};
use crate::units::Units;

type Claims = BTreeMap<(SkuId, WarehouseId, Bucket), Units>;

impl Engine {
    /// Checks each shard by itself, then that what cells say is held, allocated, picked, shipped, awaiting confirmation
    /// and in inspection is what orders say. Locks shard by shard: run it while nothing else runs.
    ///
    /// # Errors
    /// Every broken invariant in a sentence.
    pub fn check(&self) -> Result<(), Vec<String>> {
        let mut broken = Vec::new();
        let mut claims = Claims::new();
        for number in 0..self.door.key_shards() {
            self.door.with_key(number, |shard| {
                broken.extend(shard.check(number).err());
                for order in shard.orders() {
                    order.subs.iter().for_each(|sub| claim(sub, &mut claims));
                }
            });
        }
        let mut seen = Claims::new();
        for number in 0..self.door.stock_shards() {
            self.door.with_stock(number, |shard| {
                for stock in shard.skus() {
                    broken.extend(stock.check().err());
                    if StockShard::of(stock.id()) != number {
                        broken.push(format!("SKU {} is in stock shard {number}", stock.id()));
                    }
                    for cell in stock.cells() {
                        claimed(stock.id(), cell, &mut seen);
                    }
                }
            });
        }
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
}

fn claim(sub: &crate::orders::SubOrder, claims: &mut Claims) {
    let mut add = |sku, bucket, units: Units| {
        if !units.is_zero() && !matches!(bucket, Bucket::Outside(_)) {
            let sum = claims.entry((sku, sub.warehouse, bucket)).or_default();
            *sum = sum.saturating_add(units);
        }
    };
    for line in &sub.lines {
        if let Some(bucket) = bucket_of(sub.stage, line.pool) {
            add(line.sku, bucket, line.out());
        }
        add(line.sku, Bucket::Inspection, line.in_inspection);
    }
}

fn claimed(sku: SkuId, cell: &crate::stock::Cell, seen: &mut Claims) {
    let held = cell.pools().iter().map(|p| Bucket::Held(p.pool));
    let stages = [Bucket::Allocated, Bucket::Picked, Bucket::Shipped, Bucket::Awaiting, Bucket::Inspection];
    for bucket in held.chain(stages) {
        let units = cell.units(bucket);
        if !units.is_zero() {
            seen.insert((sku, cell.warehouse(), bucket), units);
        }
    }
}
