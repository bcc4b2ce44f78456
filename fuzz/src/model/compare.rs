//! Compares the model's whole state with the engine's, through the engine's own queries. Every kind of query is asked as
//! soon as there are SKUs and an order.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use stockade_core::command::OrderRef;
use stockade_core::engine::Engine;
use stockade_core::ids::{Code, OrderId, Seq, SkuId, WarehouseId};
use stockade_core::limits::SKEW;
use stockade_core::query::{self, AvailabilityQuery, Explain, InboundQuery, Query, StockQuery};
use stockade_core::reply::{Available, CellView, InboundCell, OrderView, Reply, TimesView, VersionedText};
use stockade_core::time::Time;
use stockade_core::units::Units;

use super::Model;
use super::asking::{Asking, same};
use super::claims::Affected;
use super::orders::Order;
use super::views::plain;

/// Orders whose explanations are compared, the latest first: each is planned again.
const EXPLAINED: usize = 3;
/// Orders compared besides those that were touched, at least.
const OTHERS_MIN: usize = 16;

impl Model {
    /// Everything that the engine can be asked without a history must be what the model says.
    ///
    /// # Errors
    /// Says what differs.
    pub fn compare(&self, engine: &Engine, now: Time) -> Result<(), String> {
        self.compare_state(&Asking::new(engine, &[], now), now)
    }

    /// The orders that events after `since` touched, as many of the others, from `next` on by id, and everything else but
    /// lists of orders must be what the model says. `next` moves on, so that repeated calls come to every order.
    ///
    /// # Errors
    /// Says what differs.
    pub fn compare_since(&self, engine: &Engine, (since, next): (Seq, &mut OrderId), now: Time) -> Result<(), String> {
        let asking = Asking::new(engine, &[], now);
        asking.is_at(self.seq)?;
        let touched: Vec<&Order> =
            self.orders.touched_until(self.seq).take_while(|order| order.version > since).collect();
        let others: Vec<&Order> = self.orders.from(*next).take(touched.len().max(OTHERS_MIN)).collect();
        *next = others.last().map_or(OrderId(0), |last| OrderId(last.id.0.saturating_add(1)));
        for order in touched.into_iter().chain(others) {
            self.compare_order(&asking, order)?;
            self.compare_place(&asking, order)?;
        }
        self.compare_stock(&asking, now)
    }

    /// Everything that the engine can be asked must be what the model says. `history` holds the engine's events.
    ///
    /// # Errors
    /// Says what differs. Otherwise the result is the kinds of queries that were asked, by name.
    pub fn compare_all(
        &self,
        engine: &Engine,
        history: &[Arc<[u8]>],
        now: Time,
    ) -> Result<BTreeSet<&'static str>, String> {
        let asking = Asking::new(engine, history, now);
        self.compare_state(&asking, now)?;
        self.compare_explanations(&asking)?;
        Ok(asking.kinds())
    }

    fn compare_state(&self, asking: &Asking<'_>, now: Time) -> Result<(), String> {
        asking.is_at(self.seq)?;
        asking.refused(&Query::Routing(query::Routing))?;
        if self.world.is_none() {
            return Ok(());
        }
        self.compare_texts(asking)?;
        self.compare_times(asking, now)?;
        self.orders.check()?;
        self.orders.all().try_for_each(|order| self.compare_order(asking, order))?;
        self.compare_lists(asking)?;
        self.compare_refunds(asking)?;
        self.compare_stock(asking, now)
    }

    /// All but orders.
    fn compare_stock(&self, asking: &Asking<'_>, now: Time) -> Result<(), String> {
        let Some(world) = self.world.as_ref().filter(|_| !self.skus.is_empty()) else { return Ok(()) };
        for warehouse in world.warehouses.keys().copied().map(Some).chain([None]) {
            self.compare_cells(asking, warehouse)?;
            self.compare_inbound(asking, warehouse)?;
        }
        self.compare_references(asking)?;
        self.compare_availability(asking)?;
        self.compare_quotes(asking, now)
    }

    /// Engine time, and the skew that nothing in a run changes.
    fn compare_times(&self, asking: &Asking<'_>, now: Time) -> Result<(), String> {
        let channels = self.world.iter().flat_map(|world| world.channels.values());
        for channel in channels.map(|channel| channel.code.clone()) {
            let expected = Reply::Times(TimesView { now, skew: SKEW });
            same("the times that are taken", &asking.ask(&Query::Times(query::Times { channel }))?, &expected)?;
        }
        Ok(())
    }

    fn compare_texts(&self, asking: &Asking<'_>) -> Result<(), String> {
        let files = [
            ("world", Query::World(query::World), &self.world_text),
            ("rules", Query::Rules(query::Rules), &self.rules_text),
        ];
        for (what, query, text) in files {
            let expected = VersionedText { rules_version: self.rules_version, text: (**text).to_owned() };
            same(what, &asking.ask(&query)?, &Reply::Text(expected))?;
        }
        Ok(())
    }

    /// The cells of a warehouse, page by page; of all when none is named, by naming the SKUs.
    fn compare_cells(&self, asking: &Asking<'_>, only: Option<WarehouseId>) -> Result<(), String> {
        let warehouse = only.and_then(|id| self.warehouse_code(id));
        let mut found: BTreeMap<(Code, Code), CellView> = BTreeMap::new();
        let mut cut: BTreeMap<(SkuId, WarehouseId), Affected> = BTreeMap::new();
        let mut after: Option<Code> = None;
        for page in self.skus.chunks(7) {
            let codes: Vec<Code> = page.iter().map(|sku| sku.code.clone()).collect();
            let last = codes.last().cloned();
            let skus = if only.is_none() { codes } else { Vec::new() };
            let query = StockQuery { skus, warehouse: warehouse.clone(), after, limit: 7 };
            let Reply::Stock(cells) = asking.ask(&Query::Stock(query))? else { return Err("no stock".to_owned()) };
            cut.extend(self.cut_short(&cells)?);
            for mut cell in cells {
                cell.pools.retain(|p| p.available.0 + p.held.0 > 0);
                let key = (cell.sku.clone(), cell.warehouse.clone());
                if found.insert(key.clone(), cell).is_some() {
                    return Err(format!("the stock query shows cell {key:?} twice"));
                }
            }
            after = last;
        }
        for (sku, id) in self.ledger.cells.keys().filter(|(_, id)| only.is_none_or(|only| only == *id)) {
            let mut expected = self.cell_view(*sku, *id).ok_or("a cell without a name")?;
            let key = (expected.sku.clone(), expected.warehouse.clone());
            let shown = found.remove(&key).ok_or_else(|| format!("the stock query does not show cell {key:?}"))?;
            if let Some(within) = cut.remove(&(*sku, *id)) {
                (expected.affected, expected.affected_more) = (within.orders, within.more);
            }
            same(&format!("cell {key:?}"), &shown, &expected)?;
        }
        match found.values().find(|cell| cell.on_hand.units() != 0 || cell.watermark.0 > 0) {
            Some(cell) => Err(format!("a cell the model has not: {cell:?}")),
            None => Ok(()),
        }
    }

    /// What the short cells of one answer say of affected orders when the search for them ended early: nothing otherwise.
    fn cut_short(&self, cells: &[CellView]) -> Result<BTreeMap<(SkuId, WarehouseId), Affected>, String> {
        if !cells.iter().any(|cell| cell.affected_more) {
            return Ok(BTreeMap::new());
        }
        let world = self.world.as_ref().ok_or("stock without a world")?;
        let ids = |cell: &CellView| self.sku(&cell.sku).zip(world.warehouse_id(&cell.warehouse));
        let short: Option<Vec<_>> = cells.iter().filter(|cell| cell.short.0 > 0).map(ids).collect();
        let short = short.ok_or("a cell without a name")?;
        let within = self.claimants_within(&short);
        Ok(short.into_iter().zip(within).collect())
    }

    /// What a warehouse expects, page by page; what all expect when none is named, by naming the SKUs.
    fn compare_inbound(&self, asking: &Asking<'_>, only: Option<WarehouseId>) -> Result<(), String> {
        let warehouse = only.and_then(|id| self.warehouse_code(id));
        let named = only.is_none().then(|| self.skus.iter().map(|sku| sku.code.clone()).collect());
        let mut shown = Vec::new();
        let mut after: Option<Code> = None;
        let pages = if named.is_some() { 1 } else { self.skus.len() };
        for _ in 0..pages {
            let limit = if named.is_some() { 1_000 } else { 2 };
            let (skus, warehouse) = (named.clone().unwrap_or_default(), warehouse.clone());
            let query = InboundQuery { skus, warehouse, reference: None, after: after.clone(), limit };
            let cells = expected_receipts(asking, query)?;
            let Some(last) = cells.last() else { break };
            after = Some(last.sku.clone());
            shown.extend(cells);
        }
        let mut expected = self.inbound_cells(None)?;
        expected.retain(|cell| warehouse.as_ref().is_none_or(|code| *code == cell.warehouse));
        same(&format!("what {warehouse:?} expects"), &by_cell(shown), &by_cell(expected))
    }

    /// What is expected under each reference.
    fn compare_references(&self, asking: &Asking<'_>) -> Result<(), String> {
        let references = self.inbound.values().flat_map(|inbound| inbound.receipts.values()).map(|r| &r.reference);
        for reference in references.collect::<BTreeSet<_>>() {
            let (skus, warehouse, after) = (Vec::new(), None, None);
            let query = InboundQuery { skus, warehouse, reference: Some(reference.clone()), after, limit: 1_000 };
            let shown = expected_receipts(asking, query)?;
            let expected = self.inbound_cells(Some(reference))?;
            same(&format!("what is expected as {reference}"), &by_cell(shown), &by_cell(expected))?;
        }
        Ok(())
    }

    /// Every cell that expects something, or has promises that no receipt is expected to bring.
    fn inbound_cells(&self, reference: Option<&Code>) -> Result<Vec<InboundCell>, String> {
        let mut cells = Vec::new();
        for (sku, id) in self.inbound.keys() {
            let mut receipts = self.inbound_views(*sku, *id).ok_or("a receipt without a name")?;
            receipts.retain(|receipt| reference.is_none_or(|reference| *reference == receipt.reference));
            let overdue = if reference.is_none() { self.overdue(*sku, *id) } else { Units::ZERO };
            if !receipts.is_empty() || !overdue.is_zero() {
                let warehouse = self.warehouse_code(*id).ok_or("a warehouse without a name")?;
                cells.push(InboundCell { sku: self.skus[sku.index()].code.clone(), warehouse, receipts, overdue });
            }
        }
        Ok(cells)
    }

    fn warehouse_code(&self, id: WarehouseId) -> Option<Code> {
        self.world.as_ref()?.warehouse(id).map(|warehouse| warehouse.code.clone())
    }

    fn compare_order(&self, asking: &Asking<'_>, order: &Order) -> Result<(), String> {
        let expected = self.order_view(order).ok_or("an order without a name")?;
        for by in [
            OrderRef::Id(order.id),
            OrderRef::Number { channel: expected.channel.clone(), number: order.number.clone() },
        ] {
            let Reply::Order(shown) = asking.ask(&Query::Order(by))? else {
                return Err("no order".to_owned());
            };
            same(&format!("order {}", order.id), &normal(*shown), &expected)?;
        }
        Ok(())
    }

    /// The latest orders were decided as they would be today, and the decision that placed them serves all of them.
    fn compare_explanations(&self, asking: &Asking<'_>) -> Result<(), String> {
        let mut latest: Vec<_> = self.orders.all().collect();
        latest.sort_by_key(|order| std::cmp::Reverse(order.placed()));
        for order in latest.into_iter().take(EXPLAINED) {
            let query = Explain { order: OrderRef::Id(order.id), decision: Some(1) };
            let Reply::Explained(explained) = asking.explain(query)? else {
                return Err("no explanation".to_owned());
            };
            let what = format!("the explanation of order {}", order.id);
            same(&what, &(explained.order, &explained.number), &(order.id, &order.number))?;
            same(&what, &explained.differs, &None)?;
            let placing = explained.decisions.iter().filter(|decision| decision.seq == order.placed());
            let mut served: BTreeMap<Code, u64> = BTreeMap::new();
            for (sku, units) in placing.flat_map(|decision| &decision.ships).flat_map(|parcel| &parcel.lines) {
                *served.entry(sku.clone()).or_default() += units.0;
            }
            let demand = order.demand.iter().map(|(sku, units)| (self.skus[sku.index()].code.clone(), *units));
            same(&what, &served, &demand.collect())?;
        }
        Ok(())
    }

    fn compare_availability(&self, asking: &Asking<'_>) -> Result<(), String> {
        let Some(world) = &self.world else { return Ok(()) };
        let skus: Vec<Code> = self.skus.iter().map(|s| s.code.clone()).collect();
        for (id, channel) in &world.channels {
            let query = AvailabilityQuery { channel: channel.code.clone(), skus: skus.clone() };
            let Reply::Availability(shown) = asking.ask(&Query::Availability(query))? else {
                return Err("no availability".to_owned());
            };
            let answer = |n: usize, code: &Code| {
                let sku = SkuId(n as u32);
                let presale = if channel.presale { self.presale(sku, *id) } else { Vec::new() };
                Available { sku: code.clone(), units: self.sellable(sku, *id), presale }
            };
            let expected: Vec<Available> = skus.iter().enumerate().map(|(n, code)| answer(n, code)).collect();
            same(&format!("availability of {}", channel.code), &shown, &expected)?;
        }
        Ok(())
    }
}

fn expected_receipts(asking: &Asking<'_>, query: InboundQuery) -> Result<Vec<InboundCell>, String> {
    let Reply::Inbound(cells) = asking.ask(&Query::Inbound(query))? else {
        return Err("no expected receipts".to_owned());
    };
    Ok(cells)
}

fn by_cell(mut cells: Vec<InboundCell>) -> Vec<InboundCell> {
    cells.sort_by(|a, b| (&a.sku, &a.warehouse).cmp(&(&b.sku, &b.warehouse)));
    cells
}

fn normal(mut view: OrderView) -> OrderView {
    for sub in &mut view.sub_orders {
        sub.promised = plain(sub.promised.clone());
        sub.first = sub.first.take().map(plain);
    }
    view.review.sort();
    view
}
