//! Compares the model's whole state with the engine's, through the engine's own queries.

use std::collections::BTreeMap;
use std::fmt::Debug;

use stockade_core::command::OrderRef;
use stockade_core::engine::Engine;
use stockade_core::ids::{Code, OrderId, Seq, WarehouseId};
use stockade_core::query::{AvailabilityQuery, OrdersQuery, Query, StockQuery};
use stockade_core::reply::{Available, CellView, OrderSummary, OrderView, Reply};
use stockade_core::time::{Day, Time};
use stockade_core::units::Units;

use super::Model;
use super::views::plain;

impl Model {
    /// Everything the engine can be asked must be what the model says.
    pub fn compare(&self, engine: &Engine, now: Time) -> Result<(), String> {
        if engine.seq() != self.seq {
            return Err(format!("the engine is at event {}, the model at {}", engine.seq(), self.seq));
        }
        if self.world.is_none() {
            return Ok(());
        }
        self.compare_cells(engine, now)?;
        self.compare_orders(engine, now)?;
        self.compare_lists(engine, now)?;
        self.compare_availability(engine, now)
    }

    fn compare_cells(&self, engine: &Engine, now: Time) -> Result<(), String> {
        let mut found: BTreeMap<(Code, Code), CellView> = BTreeMap::new();
        let mut after: Option<Code> = None;
        for page in self.skus.chunks(7) {
            let query = StockQuery { skus: Vec::new(), warehouse: None, after, limit: 7 };
            let Reply::Stock(cells) = ask(engine, Query::Stock(query), now)? else { return Err("no stock".to_owned()) };
            for mut cell in cells {
                cell.pools.retain(|p| p.available.0 + p.held.0 > 0);
                let key = (cell.sku.clone(), cell.warehouse.clone());
                if found.insert(key.clone(), cell).is_some() {
                    return Err(format!("the stock query shows cell {key:?} twice"));
                }
            }
            after = page.last().map(|sku| sku.code.clone());
        }
        for (sku, warehouse) in self.ledger.cells.keys() {
            let expected = self.cell_view(*sku, *warehouse).ok_or("a cell without a name")?;
            let key = (expected.sku.clone(), expected.warehouse.clone());
            let shown = found.remove(&key).ok_or_else(|| format!("the stock query does not show cell {key:?}"))?;
            same(&format!("cell {key:?}"), &shown, &expected)?;
        }
        match found.values().find(|cell| cell.on_hand.0 > 0 || cell.watermark.0 > 0) {
            Some(cell) => Err(format!("a cell the model has not: {cell:?}")),
            None => Ok(()),
        }
    }

    fn compare_orders(&self, engine: &Engine, now: Time) -> Result<(), String> {
        for order in self.orders.values() {
            let expected = self.order_view(order).ok_or("an order without a name")?;
            for by in [
                OrderRef::Id(order.id),
                OrderRef::Number { channel: expected.channel.clone(), number: order.number.clone() },
            ] {
                let Reply::Order(shown) = ask(engine, Query::Order(by), now)? else {
                    return Err("no order".to_owned());
                };
                same(&format!("order {}", order.id), &normal(*shown), &expected)?;
            }
        }
        Ok(())
    }

    fn compare_lists(&self, engine: &Engine, now: Time) -> Result<(), String> {
        let mut shown: BTreeMap<(OrderId, u16), OrderSummary> = BTreeMap::new();
        let (mut after, mut last) = (None, Seq(0));
        loop {
            let query = OrdersQuery { after, limit: 16, ..OrdersQuery::default() };
            let Reply::Orders(page) = ask(engine, Query::Orders(query), now)? else { return Err("no list".to_owned()) };
            for summary in page.orders {
                let key = (summary.order, summary.sub.0);
                let placed =
                    self.orders.get(&summary.order).ok_or("the list shows an order that is not there")?.placed();
                if placed < last {
                    return Err(format!("the list shows sub-order {key:?} behind one that was placed later"));
                }
                last = placed;
                if shown.insert(key, summary).is_some() {
                    return Err(format!("the list shows sub-order {key:?} twice"));
                }
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        let mut expected = BTreeMap::new();
        for order in self.orders.values() {
            for index in 0..order.subs.len() {
                let summary = self.summary(order, index).ok_or("a sub-order without a name")?;
                expected.insert((order.id, index as u16 + 1), summary);
            }
        }
        same("the list of sub-orders", &shown, &expected)
    }

    /// What a channel may sell of a SKU over all warehouses.
    pub fn sellable(&self, sku: stockade_core::ids::SkuId, channel: stockade_core::ids::ChannelId) -> Units {
        let pools = self.pools_for(channel, false);
        let warehouses = self.world.iter().flat_map(|w| w.warehouses.keys());
        let each = warehouses.map(|w: &WarehouseId| self.drawable(sku, *w, &pools));
        each.fold(Units::ZERO, |sum, n| n.map_or(Units::UNLIMITED, |n| sum.saturating_add(Units(n))))
    }

    /// What a channel may promise of a SKU over all warehouses, by day.
    fn presale(&self, sku: stockade_core::ids::SkuId, channel: stockade_core::ids::ChannelId) -> Vec<(Day, Units)> {
        let pools = self.pools_for(channel, false);
        let mut days: BTreeMap<Day, u64> = BTreeMap::new();
        for warehouse in self.world.iter().flat_map(|w| w.warehouses.keys()) {
            for (day, _, _, units) in self.promisable(sku, *warehouse, &pools) {
                *days.entry(day).or_default() += units;
            }
        }
        days.into_iter().map(|(day, units)| (day, Units(units))).collect()
    }

    fn compare_availability(&self, engine: &Engine, now: Time) -> Result<(), String> {
        let Some(world) = &self.world else { return Ok(()) };
        let skus: Vec<Code> = self.skus.iter().map(|s| s.code.clone()).collect();
        if skus.is_empty() {
            return Ok(());
        }
        for (id, channel) in &world.channels {
            let query = AvailabilityQuery { channel: channel.code.clone(), skus: skus.clone() };
            let Reply::Availability(shown) = ask(engine, Query::Availability(query), now)? else {
                return Err("no availability".to_owned());
            };
            let answer = |n: usize, code: &Code| {
                let sku = stockade_core::ids::SkuId(n as u32);
                let presale = if channel.presale { self.presale(sku, *id) } else { Vec::new() };
                Available { sku: code.clone(), units: self.sellable(sku, *id), presale }
            };
            let expected: Vec<Available> = skus.iter().enumerate().map(|(n, code)| answer(n, code)).collect();
            same(&format!("availability of {}", channel.code), &shown, &expected)?;
        }
        Ok(())
    }
}

fn ask(engine: &Engine, query: Query, now: Time) -> Result<Reply, String> {
    engine.query(&query, now).result.map_err(|reject| format!("{query:?} is refused: {reject}"))
}

fn normal(mut view: OrderView) -> OrderView {
    for sub in &mut view.sub_orders {
        sub.promised = plain(sub.promised.clone());
    }
    view.review.sort();
    view
}

fn same<T: PartialEq + Debug>(what: &str, shown: &T, expected: &T) -> Result<(), String> {
    if shown == expected {
        return Ok(());
    }
    Err(format!("{what} differs\n  engine: {shown:?}\n  model:  {expected:?}"))
}
