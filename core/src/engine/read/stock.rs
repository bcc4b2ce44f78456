//! Every bucket of SKUs' cells.

use crate::catalog::Config;
use crate::engine::bounds::page;
use crate::engine::codes::warehouse;
use crate::engine::outcome::Decided;
use crate::engine::read::Ask;
use crate::engine::store::Engine;
use crate::ids::{OrderId, PoolId, Seq, SkuId, WarehouseId};
use crate::limits::AFFECTED_LOOKS_MAX;
use crate::orders::{KeyShard, Order, Stage, bucket_of};
use crate::query::StockQuery;
use crate::reply::{CellView, Reply};
use crate::stock::{Bucket, StockShard};
use crate::time::Time;
use crate::units::Units;

impl Ask for StockQuery {
    fn ask(&self, engine: &Engine, _now: Time) -> Decided {
        let config = engine.config()?;
        let warehouse = self.warehouse.as_ref().map(|code| warehouse(&config, code)).transpose()?;
        let limit = page(self.limit);
        let skus = engine.page_of_skus(&self.skus, self.after.as_ref(), limit)?;
        let mut seen = config.seq;
        let mut views = Vec::new();
        for sku in skus {
            seen = seen.max(engine.sku_cells(sku, warehouse, &config, &mut views));
        }
        let mut looks = AFFECTED_LOOKS_MAX;
        for view in views.iter_mut().filter(|view| !view.short.is_zero()) {
            (view.affected, view.affected_more) = engine.claims(view, &config, &mut looks);
            // Which orders claim units may have changed since the cell did: the answer waits for all of it.
            seen = engine.log.last();
        }
        Ok((Reply::Stock(views), seen))
    }
}

impl Engine {
    fn sku_cells(&self, sku: SkuId, warehouse: Option<WarehouseId>, config: &Config, views: &mut Vec<CellView>) -> Seq {
        let code = self.sku_code(sku);
        self.door.with_stock(StockShard::of(sku), |shard| {
            let stock = shard.sku(sku);
            let cells = stock.cells().iter().filter(|cell| warehouse.is_none_or(|w| w == cell.warehouse()));
            views.extend(cells.map(|cell| self.cell_view(&code, cell, config)));
            stock.version()
        })
    }

    /// Orders that claim units of a short cell and have not left it, the latest first, as many as the short units reach;
    /// and whether the search ended before them, since `looks` orders were looked at.
    fn claims(&self, view: &CellView, config: &Config, looks: &mut usize) -> (Vec<OrderId>, bool) {
        let (Some(sku), Some(warehouse)) = (self.skus.find(&view.sku), config.codes.warehouse(&view.warehouse)) else {
            return (Vec::new(), false);
        };
        // What is promised there and yet to come is no claim to what is there.
        let ahead = |order: OrderId| {
            self.door.with_stock(StockShard::of(sku.id), |shard| {
                let inbound = shard.sku(sku.id).cell(warehouse).and_then(|cell| cell.inbound());
                inbound.map_or(Units::ZERO, |inbound| inbound.of_order(order).map(|promise| promise.units).sum())
            })
        };
        let stages: Vec<Stage> = Stage::ALL.into_iter().filter(|stage| is_here(*stage)).collect();
        let (mut left, mut before) = (view.short, Seq(u64::MAX));
        let mut affected = Vec::new();
        while !left.is_zero() {
            let most = CLAIMS_PAGE.min(*looks);
            let page = self.door.counters().lists.latest(warehouse, &stages, before, most);
            let Some(last) = page.last() else { return (affected, most == 0) };
            before = last.placed;
            for entry in page {
                *looks -= 1;
                let claimed = self.door.with_orders(KeyShard::of_id(entry.order), |shard| {
                    shard.order(entry.order).map_or(Units::ZERO, |order| claimed(order, sku.id, warehouse))
                });
                let units = if claimed.is_zero() { claimed } else { claimed.saturating_sub(ahead(entry.order)) };
                if !units.is_zero() {
                    affected.push(entry.order);
                    left = left.saturating_sub(units);
                }
                if left.is_zero() {
                    break;
                }
            }
        }
        (affected, false)
    }
}

/// Orders fetched in one go to be looked at for those that claim units.
const CLAIMS_PAGE: usize = 256;

/// Whether units of a sub-order in this stage are in the warehouse.
fn is_here(stage: Stage) -> bool {
    bucket_of(stage, PoolId::REGULAR).is_some_and(Bucket::is_on_hand)
}

/// Units of a SKU that an order's sub-orders claim at a warehouse.
fn claimed(order: &Order, sku: SkuId, warehouse: WarehouseId) -> Units {
    let here = order.subs.iter().filter(|sub| sub.warehouse == warehouse && is_here(sub.stage));
    here.flat_map(|sub| &sub.lines).filter(|line| line.sku == sku).map(|line| line.units).sum()
}
