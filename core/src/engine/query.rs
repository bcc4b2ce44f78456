//! Questions. Each answer says the latest event it depends on, so that it can wait until that is durable.

use crate::catalog::Config;
use crate::command::{AvailabilityQuery, InboundQuery, OrderRef, OrdersQuery, StockQuery};
use crate::engine::commit::EngineLocked;
use crate::engine::demand::invalid;
use crate::engine::lookup::known;
use crate::engine::view::{inbound_view, overdue};
use crate::engine::{Decided, Engine, Refusal};
use crate::ids::{Code, OrderId, PoolId, Seq, SkuId, SubNo, WarehouseId};
use crate::limits::COMMAND_LINES_MAX;
use crate::orders::SubOrder;
use crate::reject::{CodeKind, Reject};
use crate::reply::{Available, Awaited, CellView, InboundCell, Reply, VersionedText};
use crate::stock::{Bucket, Cell, Inbound, Promise, SkuStock, StockShard};
use crate::time::Day;
use crate::units::Units;

use std::collections::BTreeMap;

impl Engine {
    /// What a channel may sell of each SKU, exact to the unit at the moment each is looked at.
    pub(super) fn availability(&self, query: &AvailabilityQuery) -> Decided {
        let config = self.config()?;
        let channel = config.codes.channel(&query.channel).and_then(|id| config.rules.channel(id));
        let unknown = || Reject::Unknown { kind: CodeKind::Channel, codes: vec![query.channel.clone()] };
        let channel = channel.ok_or_else(|| Refusal::seen(unknown(), config.seq))?;
        let pools = &channel.pools;
        let skus = self.query_skus(&query.skus)?;
        let mut seen = config.seq;
        let mut answers = Vec::with_capacity(skus.len());
        for (code, sku) in query.skus.iter().zip(skus) {
            let (units, presale, version) = self.door.with_stock(StockShard::of(sku), |shard| {
                let stock = shard.sku(sku);
                let limited = config.unlimited.is_empty();
                let units = if limited { stock.drawable(pools).map(|(_, u)| u).sum() } else { Units::UNLIMITED };
                let presale = if channel.presale { promisable(stock, pools, &config) } else { Vec::new() };
                (units, presale, stock.version())
            });
            seen = seen.max(version);
            answers.push(Available { sku: code.clone(), units, presale });
        }
        Ok((Reply::Availability(answers), seen))
    }

    /// Every bucket of SKUs' cells.
    pub(super) fn stock_view(&self, query: &StockQuery) -> Decided {
        let config = self.config()?;
        let warehouse = query.warehouse.as_ref().map(|code| super::movement::warehouse(&config, code)).transpose()?;
        let limit = usize::try_from(query.limit).unwrap_or(usize::MAX).min(COMMAND_LINES_MAX);
        let skus = self.page_of_skus(&query.skus, query.after.as_ref(), limit)?;
        let mut seen = config.seq;
        let mut views = Vec::new();
        for sku in skus {
            seen = seen.max(self.sku_cells(sku, warehouse, &config, &mut views));
        }
        for view in views.iter_mut().filter(|view| !view.short.is_zero()) {
            view.affected = self.claims(view, &config);
        }
        Ok((Reply::Stock(views), seen))
    }

    /// The SKUs named; when none is, so many of all, from the one after `after` on.
    fn page_of_skus(&self, named: &[Code], after: Option<&Code>, limit: usize) -> Result<Vec<SkuId>, Reject> {
        if !named.is_empty() {
            return self.query_skus(named);
        }
        let first = after.map(|code| self.known_sku(code)).transpose()?.map_or(0, |sku| sku.index() + 1);
        Ok((first..self.skus.count()).take(limit).map(|id| SkuId(u32::try_from(id).unwrap_or(u32::MAX))).collect())
    }

    /// What is expected of SKUs, and what of it is promised.
    pub(super) fn inbound_view(&self, query: &InboundQuery) -> Decided {
        let config = self.config()?;
        let warehouse = query.warehouse.as_ref().map(|code| super::movement::warehouse(&config, code)).transpose()?;
        let limit = usize::try_from(query.limit).unwrap_or(usize::MAX).min(COMMAND_LINES_MAX);
        // Most SKUs expect nothing, so that the limit counts those that do.
        let skus = self.page_of_skus(&query.skus, query.after.as_ref(), usize::MAX)?;
        let (mut seen, mut found, mut named) = (config.seq, Vec::new(), 0);
        for sku in skus {
            if named == limit {
                break;
            }
            let before = found.len();
            self.door.with_stock(StockShard::of(sku), |shard| {
                let stock = shard.sku(sku);
                let cells = stock.cells().iter().filter(|cell| warehouse.is_none_or(|w| w == cell.warehouse()));
                found.extend(cells.filter_map(|cell| self.inbound_cell(sku, cell, query.reference.as_ref(), &config)));
                seen = seen.max(stock.version());
            });
            named += usize::from(found.len() > before);
        }
        Ok((Reply::Inbound(found), seen))
    }

    /// What is expected of a cell, if anything is, or overdue.
    fn inbound_cell(&self, sku: SkuId, cell: &Cell, reference: Option<&Code>, config: &Config) -> Option<InboundCell> {
        cell.inbound()?;
        let mut receipts = inbound_view(cell, config);
        receipts.retain(|receipt| reference.is_none_or(|reference| *reference == receipt.reference));
        let overdue = if reference.is_none() { overdue(cell, config) } else { Units::ZERO };
        let (sku, warehouse) = (self.sku_code(sku), config.codes.of_warehouse(cell.warehouse()));
        (!receipts.is_empty() || !overdue.is_zero()).then_some(InboundCell { sku, warehouse, receipts, overdue })
    }

    /// One order with its sub-orders and timeline.
    pub(super) fn order_view(&self, reference: &OrderRef) -> Decided {
        let (number, place) = self.locate(reference)?;
        let config = self.config()?;
        let keys = self.door.lock_keys(&self.log, [number]);
        let order = place.find(keys.key(number)).ok_or_else(|| Reject::UnknownOrder { order: reference.clone() })?;
        let (id, mut seen) = (order.id, order.version);
        let ahead = order.subs.iter().filter(|sub| sub.stage.is_ahead());
        let skus: Vec<SkuId> = ahead.flat_map(|sub| sub.lines.iter().map(|line| line.sku)).collect();
        let locked = keys.lock_stock(skus.iter().map(|sku| StockShard::of(*sku)));
        seen = skus.iter().map(|sku| locked.stock(StockShard::of(*sku)).sku(*sku).version()).fold(seen, Seq::max);
        let awaits = |no, sub: &SubOrder| self.awaited(&locked, id, no, sub);
        let view = self.order_now(known(&locked, id), &config, awaits);
        Ok((Reply::Order(Box::new(view)), seen))
    }

    /// What a sub-order waits for, in the order of promise.
    fn awaited(&self, locked: &EngineLocked<'_>, order: OrderId, no: SubNo, sub: &SubOrder) -> Vec<Awaited> {
        let mut awaits = Vec::new();
        let lines = if sub.stage.is_ahead() { &sub.lines[..] } else { &[] };
        let mut skus: Vec<SkuId> = lines.iter().map(|line| line.sku).collect();
        skus.dedup();
        for sku in skus {
            let cell = locked.stock(StockShard::of(sku)).sku(sku).cell(sub.warehouse);
            let Some(inbound) = cell.and_then(|cell| cell.inbound()) else { continue };
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

    /// Sub-orders by warehouse and stage, by the id of their order.
    pub(super) fn orders_view(&self, query: &OrdersQuery) -> Decided {
        let config = self.config()?;
        if let Some(code) = &query.warehouse {
            super::movement::warehouse(&config, code)?;
        }
        let limit = usize::try_from(query.limit).unwrap_or(usize::MAX).min(COMMAND_LINES_MAX);
        let (mut seen, mut found) = (config.seq, Vec::new());
        for number in 0..self.door.key_shards() {
            self.door.with_key(number, |shard| {
                for order in shard.orders().filter(|order| query.after.is_none_or(|after| order.id > after)) {
                    let rows = self.summaries(order, &config).filter(|row| {
                        query.warehouse.as_ref().is_none_or(|w| *w == row.warehouse)
                            && query.channel.as_ref().is_none_or(|c| *c == row.channel)
                            && query.stage.is_none_or(|s| s == row.stage)
                    });
                    let before = found.len();
                    found.extend(rows);
                    if found.len() > before {
                        seen = seen.max(order.version);
                    }
                }
            });
        }
        found.sort_unstable_by_key(|row| (row.order, row.sub));
        cut_whole_orders(&mut found, limit);
        Ok((Reply::Orders(found), seen))
    }

    /// The rules file in force, or the world file when none was applied since.
    pub(super) fn rules_view(&self) -> Decided {
        let config = self.config()?;
        let text = config.rules_text.as_ref().unwrap_or(&config.world_text).clone();
        Ok((Reply::Text(VersionedText { rules_version: config.version(), text }), config.seq))
    }

    /// The world file in force.
    pub(super) fn world_view(&self) -> Decided {
        let config = self.config()?;
        let text = config.world_text.clone();
        Ok((Reply::Text(VersionedText { rules_version: config.version(), text }), config.seq))
    }

    fn query_skus(&self, codes: &[Code]) -> Result<Vec<SkuId>, Reject> {
        if codes.is_empty() || codes.len() > COMMAND_LINES_MAX {
            let reason = format!("name 1 to {COMMAND_LINES_MAX} SKUs, not {}", codes.len());
            return Err(invalid("skus", reason));
        }
        let mut skus = Vec::with_capacity(codes.len());
        let mut unknown = Vec::new();
        for code in codes {
            match self.skus.find(code) {
                Some(sku) => skus.push(sku.id),
                None => unknown.push(code.clone()),
            }
        }
        if unknown.is_empty() { Ok(skus) } else { Err(Reject::Unknown { kind: CodeKind::Sku, codes: unknown }) }
    }

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
        let ahead: BTreeMap<OrderId, Units> = self.door.with_stock(StockShard::of(sku.id), |shard| {
            let mut ahead = BTreeMap::new();
            let cell = shard.sku(sku.id).cell(warehouse);
            for promise in cell.and_then(|cell| cell.inbound()).into_iter().flat_map(Inbound::promises) {
                let units: &mut Units = ahead.entry(promise.order).or_default();
                *units = units.saturating_add(promise.units);
            }
            ahead
        });
        let mut claims: Vec<(Seq, OrderId, Units)> = Vec::new();
        for number in 0..self.door.key_shards() {
            self.door.with_key(number, |shard| {
                for order in shard.orders() {
                    let here = order.subs.iter().filter(|sub| sub.warehouse == warehouse);
                    let units: Units = here
                        .flat_map(|sub| sub.lines.iter().map(move |line| (sub.stage, line)))
                        .filter(|(stage, line)| {
                            let bucket = crate::orders::bucket_of(*stage, line.pool);
                            line.sku == sku.id && bucket.is_some_and(Bucket::is_on_hand)
                        })
                        .map(|(_, line)| line.units)
                        .sum();
                    let units = units.saturating_sub(ahead.get(&order.id).copied().unwrap_or_default());
                    if !units.is_zero() {
                        claims.push((order.placed, order.id, units));
                    }
                }
            });
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
}

/// What is yet to come and can be promised out of these pools, by day.
fn promisable(stock: &SkuStock, pools: &[PoolId], config: &Config) -> Vec<(Day, Units)> {
    let mut days: BTreeMap<Day, Units> = BTreeMap::new();
    for cell in stock.cells().iter().filter(|cell| !config.is_unlimited(cell.warehouse())) {
        for part in cell.inbound().map(|inbound| inbound.promisable(pools)).unwrap_or_default() {
            let units = days.entry(part.day).or_default();
            *units = units.saturating_add(part.units);
        }
    }
    days.into_iter().collect()
}

/// Keeps at most `limit` orders, each with all its rows, so that a caller can go on after the last one.
fn cut_whole_orders(rows: &mut Vec<crate::reply::OrderSummary>, limit: usize) {
    let mut orders = 0;
    let mut last = None;
    let end = rows.iter().position(|row| {
        if last != Some(row.order) {
            last = Some(row.order);
            orders += 1;
        }
        orders > limit
    });
    if let Some(end) = end {
        rows.truncate(end);
    }
}
