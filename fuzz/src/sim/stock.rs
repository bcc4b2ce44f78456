//! Commands about stock.

use stockade_core::command::{
    Adjust, Arrive, BookLoss, Command, Count, CountShelf, Expect, Expectation, Fulfils, Line, Loss, MovePool, Recall,
    Receive, Request, SetSafety, Transfer,
};
use stockade_core::ids::{Code, PoolId, Seq, SkuId, WarehouseId};
use stockade_core::stock::Bucket;
use stockade_core::time::Day;
use stockade_core::units::Units;

use super::workload::{Workload, code};
use super::world::POOLS;
use crate::model::Model;

/// Makes a command on a cell, if the state allows one.
type Make = fn(&mut Workload, &Model, SkuId, WarehouseId) -> Option<Command>;

/// Commands on stock, by how often they occur.
const STOCK: [(u64, Make); 11] = [
    (40, Workload::receive),
    (10, Workload::adjust),
    (18, Workload::count),
    (13, Workload::transfer),
    (9, Workload::arrive),
    (7, Workload::book_loss),
    (9, Workload::recall),
    (3, Workload::count_shelf),
    (12, Workload::move_pool),
    (5, Workload::set_safety),
    (29, Workload::expect),
];

impl Workload {
    pub(super) fn stock(&mut self, model: &Model) -> Option<Request> {
        let make = self.rng.weighted(&STOCK)?;
        let sku = SkuId(self.rng.below(model.skus.len() as u64) as u32);
        let warehouse = self.warehouse(model)?;
        let command = make(self, model, sku, warehouse)?;
        Some(self.keyed(command))
    }

    fn set_safety(&mut self, model: &Model, sku: SkuId, warehouse: WarehouseId) -> Option<Command> {
        let (sku, warehouse) = (self.sku_code(model, sku), self.warehouse_code(model, warehouse)?);
        Some(Command::SetSafety(SetSafety { sku, warehouse, units: Units(self.rng.below(5)) }))
    }

    fn receive(&mut self, model: &Model, sku: SkuId, warehouse: WarehouseId) -> Option<Command> {
        let waited_for = self.waited_for(model);
        let (sku, warehouse) = waited_for.unwrap_or((sku, warehouse));
        let most = if waited_for.is_some() { 2 } else { 15 };
        let mut lines = vec![Line { sku: self.sku_code(model, sku), units: Units(self.rng.within(1, most)) }];
        if self.rng.percent(30) {
            let other = SkuId(self.rng.below(model.skus.len() as u64) as u32);
            lines.push(Line { sku: self.sku_code(model, other), units: Units(self.rng.within(1, 9)) });
        }
        let references = references(model, sku, warehouse);
        let reference = if self.rng.percent(70) { self.rng.pick(&references).cloned() } else { None };
        let expected = reference.map(|reference| Fulfils { reference, more: self.rng.percent(30) });
        let pool = if self.rng.percent(40) { Some(self.pool()) } else { None };
        Some(Command::Receive(Receive { warehouse: self.warehouse_code(model, warehouse)?, pool, expected, lines }))
    }

    /// Mostly a cell that orders wait for, when there is one.
    fn waited_for(&mut self, model: &Model) -> Option<(SkuId, WarehouseId)> {
        let promised = model.inbound.iter().filter(|(_, inbound)| !inbound.promises.is_empty());
        let promised: Vec<_> = promised.map(|(key, _)| *key).collect();
        if self.rng.percent(60) { self.rng.pick(&promised).copied() } else { None }
    }

    /// A receipt announced, changed or withdrawn; now and then one that already exists, or does not.
    fn expect(&mut self, model: &Model, sku: SkuId, warehouse: WarehouseId) -> Option<Command> {
        let waited_for = self.waited_for(model);
        let (sku, warehouse) = waited_for.unwrap_or((sku, warehouse));
        let known = references(model, sku, warehouse);
        // Where orders wait, what they wait for changes more often than anything is added to it.
        let announce = known.is_empty() || self.rng.percent(if waited_for.is_some() { 20 } else { 50 });
        let reference = match self.rng.pick(&known).cloned().filter(|_| !announce || self.rng.percent(15)) {
            Some(reference) => reference,
            None => self.fresh("po"),
        };
        let units = Units(self.rng.within(1, if waited_for.is_some() && !announce { 4 } else { 12 }));
        let change = match self.rng.below(10) {
            _ if announce => {
                let pool = self.rng.percent(30).then(|| self.pool());
                Expectation::Announce { day: self.day(), units, pool }
            }
            0..3 => Expectation::Withdraw,
            3..6 => Expectation::Change { day: Some(self.day()), units: None },
            _ => Expectation::Change { day: self.rng.percent(30).then(|| self.day()), units: Some(units) },
        };
        let (sku, warehouse) = (self.sku_code(model, sku), self.warehouse_code(model, warehouse)?);
        Some(Command::Expect(Expect { reference, sku, warehouse, change }))
    }

    fn adjust(&mut self, model: &Model, sku: SkuId, warehouse: WarehouseId) -> Option<Command> {
        let pool = self.pool();
        let id = pool_id(model, &pool);
        let there = model.ledger.units(sku, warehouse, Bucket::Available(id)) as i64;
        let delta = match self.rng.below(10) {
            0 => -there - 1,
            1 if self.rng.percent(20) => 0,
            1..6 => -(self.rng.within(1, there.max(1) as u64) as i64),
            _ => self.rng.within(1, 4) as i64,
        };
        let pool = if pool.as_str() == "regular" && self.rng.percent(50) { None } else { Some(pool) };
        let reason = "found on the wrong shelf".to_owned();
        Some(Command::Adjust(Adjust {
            sku: self.sku_code(model, sku),
            warehouse: self.warehouse_code(model, warehouse)?,
            pool,
            delta,
            reason,
        }))
    }

    /// A count that is right, a little off, or far off; now, as of an earlier event, or with events it had not seen.
    fn count(&mut self, model: &Model, _sku: SkuId, warehouse: WarehouseId) -> Option<Command> {
        let mut lines = Vec::new();
        for n in 0..model.skus.len() as u32 {
            if self.rng.percent(40) {
                let there = u64::try_from(model.ledger.cell(SkuId(n), warehouse).on_hand()).unwrap_or(0);
                let units = match self.rng.below(10) {
                    0..4 => there,
                    4..7 => there.saturating_sub(self.rng.within(1, 4)),
                    7 | 8 => there + self.rng.within(1, 4),
                    _ => there / 2,
                };
                lines.push(Line { sku: self.sku_code(model, SkuId(n)), units: Units(units) });
            }
        }
        if lines.is_empty() {
            lines.push(Line { sku: self.sku_code(model, SkuId(0)), units: Units(3) });
        }
        let seq = model.seq.0;
        let as_of = self.rng.percent(60).then(|| Seq(seq - self.rng.below(40.min(seq))));
        let mut except = Vec::new();
        if let Some(as_of) = as_of
            && self.rng.percent(40)
        {
            except.push(Seq(self.rng.within(as_of.0.saturating_sub(9).max(1), as_of.0)));
        }
        Some(Command::Count(Count { warehouse: self.warehouse_code(model, warehouse)?, as_of, except, lines }))
    }

    fn transfer(&mut self, model: &Model, sku: SkuId, from: WarehouseId) -> Option<Command> {
        let to = self.warehouse(model)?;
        let pool = self.pool();
        let bucket = Bucket::Available(pool_id(model, &pool));
        let (sku, from) = self.holding(model, bucket).unwrap_or((sku, from));
        let there = model.ledger.units(sku, from, bucket);
        let units = Units(self.some_of(there));
        let lines = vec![Line { sku: self.sku_code(model, sku), units }];
        Some(Command::Transfer(Transfer {
            from: self.warehouse_code(model, from)?,
            to: self.warehouse_code(model, to)?,
            pool: Some(pool),
            lines,
        }))
    }

    fn arrive(&mut self, model: &Model, sku: SkuId, warehouse: WarehouseId) -> Option<Command> {
        let (sku, warehouse) = self.holding(model, Bucket::InTransit).unwrap_or((sku, warehouse));
        let there = model.ledger.units(sku, warehouse, Bucket::InTransit);
        let lines = vec![Line { sku: self.sku_code(model, sku), units: Units(self.some_of(there)) }];
        let pool = self.rng.percent(30).then(|| self.pool());
        Some(Command::Arrive(Arrive { warehouse: self.warehouse_code(model, warehouse)?, pool, lines }))
    }

    /// A cell that has units in a bucket, if any has.
    fn holding(&mut self, model: &Model, bucket: Bucket) -> Option<(SkuId, WarehouseId)> {
        let holding = model.ledger.cells.iter().filter(|(_, cell)| cell.units(bucket) > 0);
        let holding: Vec<_> = holding.map(|(key, _)| *key).collect();
        self.rng.pick(&holding).copied()
    }

    fn book_loss(&mut self, model: &Model, sku: SkuId, warehouse: WarehouseId) -> Option<Command> {
        let pool = self.rng.percent(40).then(|| self.pool());
        let id = pool.as_ref().map_or(PoolId::REGULAR, |pool| pool_id(model, pool));
        let (loss, bucket) = match self.rng.below(4) {
            0 => (Loss::Scrapped, Bucket::Damaged),
            1 => (Loss::LostInTransit, Bucket::InTransit),
            2 => (Loss::DamagedInTransit, Bucket::InTransit),
            _ => (Loss::Damaged, Bucket::Available(id)),
        };
        let at = self.holding(model, bucket);
        let pool = pool.filter(|_| loss == Loss::Damaged || self.rng.percent(5));
        let (sku, warehouse) = at.unwrap_or((sku, warehouse));
        let units = Units(self.some_of(model.ledger.units(sku, warehouse, bucket)));
        let lines = vec![Line { sku: self.sku_code(model, sku), units }];
        let (warehouse, reason) = (self.warehouse_code(model, warehouse)?, "fell off a pallet".to_owned());
        Some(Command::BookLoss(BookLoss { warehouse, pool, loss, reason, lines }))
    }

    fn recall(&mut self, model: &Model, sku: SkuId, warehouse: WarehouseId) -> Option<Command> {
        let (sku, to) = self.holding(model, Bucket::InTransit).unwrap_or((sku, warehouse));
        let from = self.warehouse(model)?;
        let units = Units(self.some_of(model.ledger.units(sku, to, Bucket::InTransit)));
        let lines = vec![Line { sku: self.sku_code(model, sku), units }];
        let pool = self.rng.percent(30).then(|| self.pool());
        let (from, to) = (self.warehouse_code(model, from)?, self.warehouse_code(model, to)?);
        Some(Command::Recall(Recall { from, to, pool, lines }))
    }

    /// A count of shelves that is right or a little off.
    fn count_shelf(&mut self, model: &Model, sku: SkuId, warehouse: WarehouseId) -> Option<Command> {
        let cell = model.ledger.cell(sku, warehouse);
        let elsewhere = [Bucket::Picked, Bucket::Inspection, Bucket::Damaged].map(|bucket| cell.units(bucket));
        let there = u64::try_from(cell.on_hand()).unwrap_or(0).saturating_sub(elsewhere.iter().sum());
        let units = Units((there + self.rng.below(4)).saturating_sub(self.rng.below(4)));
        let lines = vec![Line { sku: self.sku_code(model, sku), units }];
        Some(Command::CountShelf(CountShelf { warehouse: self.warehouse_code(model, warehouse)?, lines }))
    }

    fn move_pool(&mut self, model: &Model, sku: SkuId, warehouse: WarehouseId) -> Option<Command> {
        let from = self.pool();
        let there = model.ledger.units(sku, warehouse, Bucket::Available(pool_id(model, &from)));
        let units = Units(self.some_of(there));
        Some(Command::MovePool(MovePool {
            sku: self.sku_code(model, sku),
            warehouse: self.warehouse_code(model, warehouse)?,
            from,
            to: self.pool(),
            units,
        }))
    }

    /// Some of what is there, all of it, one too many, or nothing.
    fn some_of(&mut self, there: u64) -> u64 {
        match self.rng.below(10) {
            0 if self.rng.percent(20) => 0,
            0 => there + 1,
            1 | 2 => there.max(1),
            _ => self.rng.within(1, there.max(1)),
        }
    }

    fn warehouse(&mut self, model: &Model) -> Option<WarehouseId> {
        let ids: Vec<WarehouseId> = model.world.as_ref()?.warehouses.keys().copied().collect();
        self.rng.pick(&ids).copied()
    }

    fn pool(&mut self) -> Code {
        if self.rng.percent(1) {
            return code("nothing");
        }
        let pool = if self.rng.percent(50) { POOLS.first() } else { self.rng.pick(&POOLS) };
        code(pool.copied().unwrap_or("regular"))
    }

    /// The code of a SKU; now and then one that does not exist.
    fn sku_code(&mut self, model: &Model, sku: SkuId) -> Code {
        if self.rng.percent(1) { code("nothing") } else { model.skus[sku.index()].code.clone() }
    }

    /// The code of a warehouse; now and then one that does not exist.
    fn warehouse_code(&mut self, model: &Model, id: WarehouseId) -> Option<Code> {
        if self.rng.percent(1) {
            return Some(code("nowhere"));
        }
        model.world.as_ref()?.warehouse(id).map(|w| w.code.clone())
    }

    fn day(&mut self) -> Day {
        let today = (self.now.0 / 86_400_000_000) as u32;
        // Now and then it is over.
        Day(if self.rng.percent(4) { today - 1 } else { today + self.rng.below(4) as u32 })
    }
}

/// What receipts of a cell are called.
fn references(model: &Model, sku: SkuId, warehouse: WarehouseId) -> Vec<Code> {
    model.inbound_of(sku, warehouse).receipts.into_values().map(|receipt| receipt.reference).collect()
}

fn pool_id(model: &Model, pool: &Code) -> PoolId {
    model.world.as_ref().and_then(|w| w.pool_id(pool)).unwrap_or(PoolId::REGULAR)
}
