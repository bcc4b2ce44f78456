//! Every bucket of SKUs' cells.

use std::collections::BTreeSet;

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

    /// Orders that claim units of a short cell and have not left it, the latest first, as many as the short units that no
    /// free ones make up for reach; and whether the search ended before them, since `looks` orders were looked at. What is
    /// packed is there: its orders come after all others.
    fn claims(&self, view: &CellView, config: &Config, looks: &mut usize) -> (Vec<OrderId>, bool) {
        let (Some(sku), Some(warehouse)) = (self.skus.find(&view.sku), config.codes.warehouse(&view.warehouse)) else {
            return (Vec::new(), false);
        };
        let free: Units = view.pools.iter().map(|pool| pool.available).sum();
        let mut claims = Claims { left: view.short.saturating_sub(free), affected: Vec::new(), named: BTreeSet::new() };
        let packed = |stage: &Stage| *stage == Stage::Packed;
        let (last, first): (Vec<Stage>, Vec<Stage>) = Stage::ALL.into_iter().filter(|s| is_here(*s)).partition(packed);
        let more = [first, last].iter().any(|stages| self.claimed_in((sku.id, warehouse), stages, &mut claims, looks));
        (claims.affected, more)
    }

    /// Goes through the orders with sub-orders in these stages, the latest first, until the short units are claimed;
    /// answers whether it ended before, since it has looked often enough.
    fn claimed_in(
        &self,
        (sku, warehouse): (SkuId, WarehouseId),
        stages: &[Stage],
        claims: &mut Claims,
        looks: &mut usize,
    ) -> bool {
        // What is promised there and yet to come is no claim to what is there.
        let ahead = |order: OrderId| {
            if !stages.iter().any(|stage| stage.is_ahead()) {
                return Units::ZERO;
            }
            self.door.with_stock(StockShard::of(sku), |shard| {
                let inbound = shard.sku(sku).cell(warehouse).and_then(|cell| cell.inbound());
                inbound.map_or(Units::ZERO, |inbound| inbound.of_order(order).map(|promise| promise.units).sum())
            })
        };
        let mut before = Seq(u64::MAX);
        while !claims.left.is_zero() {
            let most = CLAIMS_PAGE.min(*looks).max(1);
            let page = self.door.counters().lists.latest(warehouse, stages, before, most);
            let Some(last) = page.last() else { return false };
            if *looks == 0 {
                return true;
            }
            before = last.placed;
            for entry in page {
                *looks -= 1;
                let claimed = self.door.with_orders(KeyShard::of_id(entry.order), |shard| {
                    let order = shard.order(entry.order);
                    order.map_or(Units::ZERO, |order| claimed(order, (sku, warehouse), stages))
                });
                let units = if claimed.is_zero() { claimed } else { claimed.saturating_sub(ahead(entry.order)) };
                claims.note(entry.order, units);
                if claims.left.is_zero() {
                    break;
                }
            }
        }
        false
    }
}

/// Orders that claim units which are not there.
struct Claims {
    /// Short units that none of them claims yet.
    left: Units,
    affected: Vec<OrderId>,
    named: BTreeSet<OrderId>,
}

impl Claims {
    fn note(&mut self, order: OrderId, units: Units) {
        if !units.is_zero() {
            self.affected.extend(self.named.insert(order).then_some(order));
            self.left = self.left.saturating_sub(units);
        }
    }
}

/// Orders fetched in one go to be looked at for those that claim units.
const CLAIMS_PAGE: usize = 256;

/// Whether units of a sub-order in this stage are in the warehouse.
fn is_here(stage: Stage) -> bool {
    bucket_of(stage, PoolId::REGULAR).is_some_and(Bucket::is_on_hand)
}

/// Units of a SKU that an order's sub-orders in these stages claim at a warehouse.
fn claimed(order: &Order, (sku, warehouse): (SkuId, WarehouseId), stages: &[Stage]) -> Units {
    let here = order.subs.iter().filter(|sub| sub.warehouse == warehouse && stages.contains(&sub.stage));
    here.flat_map(|sub| &sub.lines).filter(|line| line.sku == sku).map(|line| line.units).sum()
}
