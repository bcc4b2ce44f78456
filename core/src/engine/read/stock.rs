//! Every bucket of SKUs' cells.

use std::collections::BTreeSet;

use crate::catalog::Config;
use crate::engine::bounds::page;
use crate::engine::codes::warehouse;
use crate::engine::outcome::Decided;
use crate::engine::read::Ask;
use crate::engine::store::Engine;
use crate::ids::{OrderId, PoolId, Seq, SkuId, WarehouseId};
use crate::orders::lists::{Entry, ListFilter, Range};
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
        for view in views.iter_mut().filter(|view| !view.short.is_zero()) {
            view.affected = engine.claims(view, &config);
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
            views.extend(cells.map(|cell| self.cell_view(&code, cell, config, Vec::new())));
            stock.version()
        })
    }

    /// Orders that claim units of a short cell and have not left it, the latest first, as many as the short units reach.
    fn claims(&self, view: &CellView, config: &Config) -> Vec<OrderId> {
        let (Some(sku), Some(warehouse)) = (self.skus.find(&view.sku), config.codes.warehouse(&view.warehouse)) else {
            return Vec::new();
        };
        // What is promised there and yet to come is no claim to what is there.
        let ahead = |order: OrderId| {
            self.door.with_stock(StockShard::of(sku.id), |shard| {
                let inbound = shard.sku(sku.id).cell(warehouse).and_then(|cell| cell.inbound());
                inbound.map_or(Units::ZERO, |inbound| inbound.of_order(order).map(|promise| promise.units).sum())
            })
        };
        let mut claims: Vec<(Seq, OrderId, Units)> = Vec::new();
        // An order with sub-orders in several stages is in several lists.
        let here: BTreeSet<Entry> = Stage::ALL
            .into_iter()
            .filter(|stage| is_here(*stage))
            .flat_map(|stage| self.of_stage(warehouse, stage))
            .collect();
        for Entry { placed, order } in here {
            let units = self.door.with_orders(KeyShard::of_id(order), |shard| {
                shard.order(order).map_or(Units::ZERO, |order| claimed(order, sku.id, warehouse))
            });
            if units.is_zero() {
                continue;
            }
            let units = units.saturating_sub(ahead(order));
            if !units.is_zero() {
                claims.push((placed, order, units));
            }
        }
        claims.sort_unstable_by(|a, b| b.cmp(a));
        let mut left = view.short;
        let mut affected = Vec::new();
        for (_, id, units) in claims {
            if left.is_zero() {
                break;
            }
            affected.push(id);
            left = left.saturating_sub(units);
        }
        affected
    }

    /// All orders with a sub-order in a stage at a warehouse.
    fn of_stage(&self, warehouse: WarehouseId, stage: Stage) -> Vec<Entry> {
        let filter = ListFilter { warehouse: Some(warehouse), stage: Some(stage), ..ListFilter::default() };
        let (mut entries, mut after) = (Vec::new(), None);
        loop {
            let range = Range { after, settled: Seq(u64::MAX), most: CLAIMS_PAGE };
            let page = self.door.counters().lists.page(&filter, range, |_| true);
            entries.extend(page.entries);
            after = page.next;
            if after.is_none() {
                return entries;
            }
        }
    }
}

/// Orders looked at in one go for those that claim units.
const CLAIMS_PAGE: usize = 1_024;

/// Whether units of a sub-order in this stage are in the warehouse.
fn is_here(stage: Stage) -> bool {
    bucket_of(stage, PoolId::REGULAR).is_some_and(Bucket::is_on_hand)
}

/// Units of a SKU that an order's sub-orders claim at a warehouse.
fn claimed(order: &Order, sku: SkuId, warehouse: WarehouseId) -> Units {
    let here = order.subs.iter().filter(|sub| sub.warehouse == warehouse && is_here(sub.stage));
    here.flat_map(|sub| &sub.lines).filter(|line| line.sku == sku).map(|line| line.units).sum()
}
