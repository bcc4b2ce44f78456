//! What is expected of SKUs, and what of it is promised.

use crate::catalog::Config;
use crate::engine::bounds::page;
use crate::engine::codes::warehouse;
use crate::engine::outcome::Decided;
use crate::engine::read::Ask;
use crate::engine::read::view::{inbound_view, overdue};
use crate::engine::store::Engine;
use crate::ids::{Code, Seq, SkuId, WarehouseId};
use crate::query::InboundQuery;
use crate::reply::{InboundCell, Reply};
use crate::stock::{Cell, StockShard};
use crate::time::Time;
use crate::units::Units;

impl Ask for InboundQuery {
    fn ask(&self, engine: &Engine, _now: Time) -> Decided {
        let config = engine.config()?;
        let warehouse = self.warehouse.as_ref().map(|code| warehouse(&config, code)).transpose()?;
        let mut found = Found { query: self, warehouse, config: &config, cells: Vec::new(), skus: 0, seen: config.seq };
        if !self.skus.is_empty() {
            engine.known_skus(self.skus.iter())?.into_iter().all(|sku| found.add(engine, sku));
            return Ok((Reply::Inbound(found.cells), found.seen));
        }
        let after = self.after.as_ref().map(|code| engine.known_sku(code)).transpose()?;
        let mut from = after.map_or(SkuId(0), |sku| SkuId(sku.0.saturating_add(1)));
        loop {
            let skus = engine.door.counters().expecting.page(from, SKUS_AT_ONCE);
            let Some(last) = skus.last().copied() else { break };
            from = SkuId(last.0.saturating_add(1));
            if !skus.into_iter().all(|sku| found.add(engine, sku)) {
                break;
            }
        }
        // What is no longer expected may have come or been given up in an event that is not durable yet: the answer waits
        // for all of them.
        Ok((Reply::Inbound(found.cells), engine.log.last()))
    }
}

/// SKUs that expect goods, looked up at once.
const SKUS_AT_ONCE: usize = 1_024;

/// What was found so far.
struct Found<'a> {
    query: &'a InboundQuery,
    warehouse: Option<WarehouseId>,
    config: &'a Config,
    cells: Vec<InboundCell>,
    /// SKUs with such cells: most expect nothing there, so that the limit counts those that do.
    skus: usize,
    seen: Seq,
}

impl Found<'_> {
    /// Adds the cells of a SKU; answers whether there is room for another one's.
    fn add(&mut self, engine: &Engine, sku: SkuId) -> bool {
        let limit = page(self.query.limit);
        if self.skus == limit {
            return false;
        }
        let before = self.cells.len();
        engine.door.with_stock(StockShard::of(sku), |shard| {
            let stock = shard.sku(sku);
            let there = stock.cells().iter().filter(|cell| self.warehouse.is_none_or(|w| w == cell.warehouse()));
            let reference = self.query.reference.as_ref();
            self.cells.extend(there.filter_map(|cell| engine.inbound_cell(sku, cell, reference, self.config)));
            self.seen = self.seen.max(stock.version());
        });
        self.skus += usize::from(self.cells.len() > before);
        true
    }
}

impl Engine {
    /// What is expected of a cell, if anything is, or overdue.
    fn inbound_cell(&self, sku: SkuId, cell: &Cell, reference: Option<&Code>, config: &Config) -> Option<InboundCell> {
        cell.inbound()?;
        let mut receipts = inbound_view(cell, config);
        receipts.retain(|receipt| reference.is_none_or(|reference| *reference == receipt.reference));
        let overdue = if reference.is_none() { overdue(cell, config) } else { Units::ZERO };
        let (sku, warehouse) = (self.sku_code(sku), config.codes.of_warehouse(cell.warehouse()));
        (!receipts.is_empty() || !overdue.is_zero()).then_some(InboundCell { sku, warehouse, receipts, overdue })
    }
}
