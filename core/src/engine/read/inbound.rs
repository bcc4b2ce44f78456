//! What is expected of SKUs, and what of it is promised.

use crate::catalog::Config;
use crate::engine::bounds::page;
use crate::engine::codes::warehouse;
use crate::engine::outcome::Decided;
use crate::engine::read::Ask;
use crate::engine::read::view::{inbound_view, overdue};
use crate::engine::store::Engine;
use crate::ids::{Code, SkuId};
use crate::query::InboundQuery;
use crate::reply::{InboundCell, Reply};
use crate::stock::{Cell, StockShard};
use crate::time::Time;
use crate::units::Units;

impl Ask for InboundQuery {
    fn ask(&self, engine: &Engine, _now: Time) -> Decided {
        let config = engine.config()?;
        let warehouse = self.warehouse.as_ref().map(|code| warehouse(&config, code)).transpose()?;
        let limit = page(self.limit);
        // Most SKUs expect nothing, so that the limit counts those that do.
        let skus = engine.page_of_skus(&self.skus, self.after.as_ref(), usize::MAX)?;
        let (mut seen, mut found, mut named) = (config.seq, Vec::new(), 0);
        for sku in skus {
            if named == limit {
                break;
            }
            let before = found.len();
            engine.door.with_stock(StockShard::of(sku), |shard| {
                let stock = shard.sku(sku);
                let cells = stock.cells().iter().filter(|cell| warehouse.is_none_or(|w| w == cell.warehouse()));
                found.extend(cells.filter_map(|cell| engine.inbound_cell(sku, cell, self.reference.as_ref(), &config)));
                seen = seen.max(stock.version());
            });
            named += usize::from(found.len() > before);
        }
        Ok((Reply::Inbound(found), seen))
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
